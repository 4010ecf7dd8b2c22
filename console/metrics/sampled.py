"""Numbers of series of samples: gauges by their mean, counters by what was added."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from console.metrics.catalogue import MEAN_OF_COUNTERS, SAMPLED_PREFIX, Metric, Source, sampled_metric
from console.metrics.counted import Counters, counters_of, means_of, percentile
from console.metrics.parts import Measured, Sum, divided
from console.metrics.view import Floats
from console.roles import Role
from console.store.grid import OTHER
from console.window import Window

if TYPE_CHECKING:
    from console.store import Moments, StreamInfo, Workspace

MB = 1 / 1024**2

QUEUES = tuple(re.compile(pattern, re.IGNORECASE) for pattern in (
    r"^nv_inference_pending_request_count$", r"^vllm:num_requests_waiting$", r"^tgi_queue_size$",
    r"num_requests_waiting$|pending_requests?(_count)?$|queued_(requests|queries)$",
    r"(^|[._: ])queued?([._](size|length|len|depth|count|requests))?$"))
"""Names of gauges that count waiting requests, in the order in which they win."""


@dataclass(frozen=True, slots=True)
class Series:
    """One series of samples of the log, over all streams and labels.

    kind     gauge, counter, delta, or MEAN_OF_COUNTERS
    step_s   typical distance of its samples; 0 where none has a neighbour
    parts    the streams that have it, each with the column of its values
    named    whether a column names it; else it is a column of its own
    """

    title: str
    kind: str
    step_s: float
    parts: tuple[tuple[StreamInfo, str], ...]
    named: bool = True
    total: str = ""
    count: str = ""

    @property
    def counted(self) -> bool:
        """Whether its numbers are increases."""
        return self.kind != "gauge"


class Sampled:
    """All series of samples over one window; each question to the store is asked once."""

    def __init__(self, store: Workspace, streams: Sequence[StreamInfo], window: Window, bucket_s: int, times: Floats, *,
                 has_requests: bool, whole: bool = False) -> None:
        """has_requests: requests are the truth, and counters stand in for nothing; whole: see Reading."""
        self._whole = whole
        self._store, self.samples, self.window, self.bucket_s, self.times = store, streams, window, bucket_s, times
        self._counts = has_requests
        self._sampled: dict[int, dict[str, Moments]] = {}
        self._series: dict[str, Series] | None = None
        self._counters: Counters | None = None

    @property
    def series(self) -> dict[str, Series]:
        """All series of samples, by their titles. A column of the same name in two streams has both names."""
        if self._series is None:
            found: dict[str, Series] = {}
            columns = Counter(column.stored for stream in self.samples if not stream.column(Role.METRIC_NAME)
                              for column in stream.columns_of(Role.METRIC_VALUE))
            for stream in self.samples:
                named = stream.column(Role.METRIC_NAME) is not None
                for one in self._store.sampled(stream.stream_id):
                    if not stream.named(one.stored).rolled:
                        continue
                    title = one.name if named or columns[one.name] < 2 else f"{stream.name}: {one.name}"
                    had = found.get(title)
                    parts = (*(had.parts if had else ()), (stream, one.stored))
                    found[title] = Series(title, had.kind if had else one.kind, max(one.step_s, had.step_s if had
                                                                                    else 0.0), parts, named)
            counters = [title for title, one in found.items() if one.kind == "counter"]
            for base, (total, count) in means_of(counters).items():
                if base not in found:
                    step = found[total].step_s
                    found[base] = Series(base, MEAN_OF_COUNTERS, step, found[total].parts, True, total, count)
            self._series = found
        return self._series

    @property
    def counters(self) -> Counters:
        """What counts requests, where the log has no requests of its own; else nothing."""
        if self._counters is None:
            names = ([] if self._counts else
                     [title for title, one in self.series.items() if one.kind in ("counter", "delta")])
            self._counters = counters_of(names)
        return self._counters

    def described(self, metric: Metric) -> Metric:
        """A sampled metric with the unit and the words that its kind has in this log; any other as it is."""
        one = self.series.get(metric.title) if metric.source is Source.SAMPLED else None
        return metric if one is None else sampled_metric(metric.name.removeprefix(SAMPLED_PREFIX), one.kind)

    @property
    def queue(self) -> Series | None:
        """The first series that says how many requests wait: by the names of known tools, then by its own."""
        gauges = [one for title, one in sorted(self.series.items()) if one.kind == "gauge" and title != OTHER]
        return next((one for pattern in QUEUES for one in gauges if pattern.search(one.title)), None)

    def measure(self, metric: Metric) -> tuple[Measured, ...]:
        """One series of samples, by the title of its metric."""
        one = self.series.get(metric.title)
        if one is None:
            return ()
        if one.kind == MEAN_OF_COUNTERS:
            scale = MB if self.described(metric).unit == "MB" else 1.0
            return self.quotient((one.total,), (one.count,), scale)
        if one.kind == "delta":
            return self._added(one)
        if one.counted:
            return self.rate((one.title,))
        (found,) = self.mean(one)
        return (found if self.described(metric).unit != "MB" else Measured("", found.values * MB, found.n),)

    def mean(self, one: Series | None) -> tuple[Measured, ...]:
        """Of the samples of each bucket, all labels alike."""
        if one is None:
            return ()
        total = Sum(np.zeros(len(self.times)), np.zeros(len(self.times)))
        for stream, stored in one.parts:
            moments = self._samples_of(stream).get(one.title if one.named else "")
            if moments is not None:
                total.top += moments.columns[stored].sum
                total.below += moments.columns[stored].n
        values = divided(total.top, total.below)
        return (Measured("", values, total.below),)

    def _increase(self, titles: Sequence[str]) -> tuple[Floats, Floats, Floats]:
        """What counters added in each bucket together, by how many samples, and how many samples there were."""
        size = len(self.times)
        added, by, seen = np.zeros(size), np.zeros(size), np.zeros(size)
        for title in titles:
            for stream, stored in self.series[title].parts:
                increase = stream.column(Role.METRIC_INCREASE)
                moments = self._samples_of(stream).get(title)
                if moments is None or increase is None or increase.stored not in moments.columns:
                    continue
                added += moments.columns[increase.stored].sum
                by += moments.columns[increase.stored].n
                seen += moments.columns[stored].n
        return added, by, seen

    def rate(self, titles: Sequence[str]) -> tuple[Measured, ...]:
        """Increase a second. What came after buckets without a sample was added in them too; and the first and the last
        bucket, which the samples may begin or end within, last as long as their share of samples."""
        added, by, seen = self._increase(titles)
        seconds = np.full(len(self.times), float(self.bucket_s))
        known = np.flatnonzero(seen > 0)
        seconds[known[1:]] *= np.diff(known)
        counted = np.flatnonzero(by > 0)
        if len(counted) > 2 and not self._whole:
            usual = float(np.median(by[counted[1:-1]]))
            for edge in (counted[0], counted[-1]):
                seconds[edge] *= min(1.0, by[edge] / usual)
        return (Measured("", np.where(by > 0, added / seconds, np.nan), by),)

    def _added(self, one: Series) -> tuple[Measured, ...]:
        """Of a series that says what was added: nothing was where its stream goes on and the series is silent."""
        added, by, _ = self._increase((one.title,))
        there = np.zeros(len(self.times))
        for stream, _ in one.parts:
            for moments in self._samples_of(stream).values():
                there += moments.rows
        return (Measured("", np.where(there > 0, added / self.bucket_s, np.nan), by),)

    def quotient(self, top: Sequence[str], below: Sequence[str], scale: float = 1.0) -> tuple[Measured, ...]:
        """Increase by increase: nothing where the one below did not grow."""
        added = self._increase(top)[0]
        count = self._increase(below)[0]
        return (Measured("", divided(added * scale, count), count),)

    def percentile_of_buckets(self, metric: Metric) -> tuple[Measured, ...]:
        """From the buckets of the server's histogram."""
        counts: dict[float, Floats] = {}
        for end, name in self.counters.buckets:
            counts[end] = counts.get(end, 0.0) + self._increase((name,))[0]
        return (Measured("", percentile(counts, metric.quantile), counts[max(counts)]),)

    def _samples_of(self, stream: StreamInfo) -> dict[str, Moments]:
        """The numbers of a stream by the names of its series; by "" where a column each is a series."""
        if stream.stream_id not in self._sampled:
            named = stream.column(Role.METRIC_NAME) is not None
            wanted = [column.stored for column in stream.columns_of(Role.METRIC_VALUE, Role.METRIC_INCREASE)
                      if column.rolled]
            if named:
                value, increase = stream.column(Role.METRIC_VALUE), stream.column(Role.METRIC_INCREASE)
                wanted = [column.stored for column in (value, increase) if column is not None and column.rolled]
            self._sampled[stream.stream_id] = {
                moments.series: moments for moments in self._store.moments(
                    stream.stream_id, wanted, self.window, self.bucket_s, by=Role.METRIC_NAME if named else None)}
        return self._sampled[stream.stream_id]
