"""From the store's moments, percentiles and outcomes to the numbers of one metric."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from console.metrics.catalogue import CATALOGUE, MEAN_OF_COUNTERS, SAMPLED_PREFIX, Metric, Source, sampled_metric
from console.metrics.counted import Counters, counters_of, means_of, percentile
from console.metrics.view import Floats
from console.roles import INPUT_ROLES, ColumnType, Role, StreamKind
from console.window import Window

if TYPE_CHECKING:
    from console.store import ColumnInfo, Moments, PercentileSeries, StreamInfo, Workspace

QUANTILES = tuple(sorted({metric.quantile for metric in CATALOGUE if metric.source is Source.PERCENTILE}))
FAILED = "_failed"
MEANS = (Source.RESOURCE, Source.MEAN)
OTHER = "(other)"
"""The name of all series beyond those that are kept apart: no series of its own."""
MB = 1 / 1024**2
RESOURCE_ROLES = tuple(role for metric in CATALOGUE if metric.source is Source.RESOURCE for role in metric.roles)


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """One metric over the grid, for one value of the split (`by` is "" without a split)."""

    by: str
    values: Floats      # NaN where there is nothing to say
    n: Floats           # rows, cells or outcomes behind each value


@dataclass(slots=True)
class _Sum:
    """A ratio in the making: numerator and denominator add up over streams."""

    top: Floats
    below: Floats


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


class Reading:
    """All numbers of one window in one set of buckets; each question to the store is asked once."""

    def __init__(self, store: Workspace, window: Window, bucket_s: int, *, by: Role | None = None,
                 metrics: Sequence[Metric] = CATALOGUE) -> None:
        """metrics: those that will be measured; the store is asked for their columns and no others."""
        self._metrics = tuple(metrics)
        self._store = store
        self._by = by
        self._moments: dict[int, list[Moments]] = {}
        self._percentiles: dict[int, list[PercentileSeries]] = {}
        self._outcomes: list[Moments] | None = None
        self._sampled: dict[int, dict[str, Moments]] = {}
        self._series: dict[str, Series] | None = None
        self._counters: Counters | None = None
        self.window = window
        self.bucket_s = bucket_s
        self.relative = store.relative
        first = round(window.start_s / bucket_s)
        self.times: Floats = (np.arange(first, round(window.end_s / bucket_s)) * bucket_s).astype(np.float64)
        streams = store.streams()
        # A stream whose rows all complete those of another has no events of its own to measure.
        self.requests = tuple(stream for stream in streams if stream.kind is StreamKind.REQUESTS
                              and (stream.rows or not stream.half_of))
        self.samples = tuple(stream for stream in streams if stream.kind is StreamKind.SAMPLES)

    def has(self, metric: Metric) -> bool:
        """Whether the log has what the metric is made from, in this window or any other."""
        match metric.source:
            case Source.ROWS:
                return bool(self.requests or self.counters.answered)
            case Source.COUNTED:
                return bool(self.counters.total)
            case Source.PERCENTILE if self.counters.buckets:
                return True
            case Source.FAILED if self.counters.tells_failures:
                return True
            case Source.OUTCOME:
                return any(stream.column(metric.roles[0]) is not None for stream in self._store.streams()
                           if stream.kind in (StreamKind.REQUESTS, StreamKind.OUTCOMES)) and bool(self.requests)
            case Source.SAMPLED:
                return metric.title in self.series
            case _:
                return bool(self.columns(metric))

    def columns(self, metric: Metric) -> tuple[tuple[StreamInfo, tuple[ColumnInfo, ...]], ...]:
        """The columns that the metric is made from, stream by stream."""
        found = []
        sampled = metric.source is Source.RESOURCE and any(s.column(metric.roles[0]) for s in self.samples)
        for stream in self.samples if sampled else self.requests:
            if metric.source is Source.MISSING_INPUT:
                columns = tuple(stream.columns_of(*INPUT_ROLES))
            elif metric.source is Source.RESOURCE:
                columns = tuple(stream.columns_of(*metric.roles))
            else:
                columns = tuple(column for role in metric.roles if (column := stream.column(role)))[:1]
            if metric.source in (*MEANS, Source.PERCENTILE):
                columns = tuple(column for column in columns if column.type in (ColumnType.NUMBER, ColumnType.FLAG))
            columns = tuple(column for column in columns if column.rolled)
            if columns:
                found.append((stream, columns))
        return tuple(found)

    def measure(self, metric: Metric) -> tuple[Measured, ...]:
        """The metric's numbers, one for each value of the split."""
        match metric.source:
            case Source.PERCENTILE if self.counters.buckets:
                return self._percentile_of_buckets(metric)
            case Source.PERCENTILE:
                return self._percentile(metric)
            case Source.OUTCOME:
                return self._outcome(metric)
            case Source.SAMPLED:
                return self._of_series(metric)
            case Source.COUNTED:
                counted = self.counters
                return self._quotient((counted.total,), (counted.count,), counted.scale)
            case Source.FAILED if self.counters.tells_failures:
                return self._quotient(self.counters.failed, self.counters.answered)
            case Source.ROWS if self.counters.answered:
                found = self._rate(self.counters.answered)
                return tuple(Measured(part.by, part.values, part.n) for part in found)
            case Source.ROWS:
                return self._rows()
            case _:
                return self._ratio(metric)

    def rows(self) -> Floats:
        """Requests of each bucket."""
        total = np.zeros(len(self.times))
        for part in self._rows():
            total += part.n
        return total

    def outcomes_until(self) -> float | None:
        """Up to when (seconds since 1970) outcomes are known to have been told; None where no log says so."""
        return max((stream.last.timestamp() for stream in self._store.streams()
                    if stream.kind is StreamKind.OUTCOMES and stream.last is not None), default=None)

    def outcome_wait_s(self, q: float) -> float | None:
        """Within how many seconds a share q of them came."""
        return self._store.outcome_wait(q)

    def _rows(self) -> tuple[Measured, ...]:
        totals: dict[str, Floats] = {}
        for stream in self.requests:
            for moments in self._moments_of(stream):
                totals[moments.series] = totals.get(moments.series, 0.0) + moments.rows
        return tuple(Measured(by, rows / self.bucket_s, rows) for by, rows in totals.items())

    def _ratio(self, metric: Metric) -> tuple[Measured, ...]:
        """A mean or a share: sums over streams and columns of the bucket, divided once."""
        sums: dict[str, _Sum] = {}
        for stream, columns in self.columns(metric):
            names = (FAILED,) if metric.source is Source.FAILED else tuple(column.stored for column in columns)
            for moments in self._moments_of(stream):
                total = sums.setdefault(moments.series, _Sum(np.zeros(len(self.times)), np.zeros(len(self.times))))
                for name in names:
                    cells = moments.columns[name]
                    if metric.source in (Source.MISSING, Source.MISSING_INPUT):
                        total.top += cells.n_missing
                        total.below += cells.n + cells.n_missing
                    else:
                        total.top += cells.sum
                        total.below += cells.n
        return tuple(Measured(by, _divided(total.top, total.below), total.below) for by, total in sums.items())

    def _outcome(self, metric: Metric) -> tuple[Measured, ...]:
        if self._outcomes is None:
            self._outcomes = self._store.outcome_moments(self.window, self.bucket_s, by=self._by)
        name = str(metric.roles[0])
        return tuple(Measured(moments.series, _divided(cells.sum, cells.n), cells.n)
                     for moments in self._outcomes if (cells := moments.columns.get(name)) is not None)

    def _percentile(self, metric: Metric) -> tuple[Measured, ...]:
        """Of the stream with most rows: percentiles of several streams do not add up."""
        found = max(self.columns(metric), key=lambda item: item[0].rows, default=None)
        if found is None:
            return ()
        stream, (column, *_) = found
        if stream.stream_id not in self._percentiles:
            self._percentiles[stream.stream_id] = self._store.percentiles(
                stream.stream_id, column.stored, self.window, self.bucket_s, QUANTILES, by=self._by)
        return tuple(Measured(part.series, np.where(part.n > 0, part.values[metric.quantile], np.nan), part.n)
                     for part in self._percentiles[stream.stream_id])

    # ---- series of samples ---------------------------------------------------------------------------------

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
            names = ([] if self.requests else
                     [title for title, one in self.series.items() if one.kind in ("counter", "delta")])
            self._counters = counters_of(names)
        return self._counters

    def described(self, metric: Metric) -> Metric:
        """A sampled metric with the unit and the words that its kind has in this log; any other as it is."""
        one = self.series.get(metric.title) if metric.source is Source.SAMPLED else None
        return metric if one is None else sampled_metric(metric.name.removeprefix(SAMPLED_PREFIX), one.kind)

    def _of_series(self, metric: Metric) -> tuple[Measured, ...]:
        one = self.series.get(metric.title)
        if one is None:
            return ()
        if one.kind == MEAN_OF_COUNTERS:
            scale = MB if self.described(metric).unit == "MB" else 1.0
            return self._quotient((one.total,), (one.count,), scale)
        if one.kind == "delta":
            return self._added(one)
        if one.counted:
            return self._rate((one.title,))
        total = _Sum(np.zeros(len(self.times)), np.zeros(len(self.times)))
        for stream, stored in one.parts:
            moments = self._samples_of(stream).get(one.title if one.named else "")
            if moments is not None:
                total.top += moments.columns[stored].sum
                total.below += moments.columns[stored].n
        values = _divided(total.top, total.below)
        return (Measured("", values * MB if self.described(metric).unit == "MB" else values, total.below),)

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

    def _rate(self, titles: Sequence[str]) -> tuple[Measured, ...]:
        """Increase a second. What came after buckets without a sample was added in them too; and the first and the last
        bucket, which the samples may begin or end within, last as long as their share of samples."""
        added, by, seen = self._increase(titles)
        seconds = np.full(len(self.times), float(self.bucket_s))
        known = np.flatnonzero(seen > 0)
        seconds[known[1:]] *= np.diff(known)
        counted = np.flatnonzero(by > 0)
        if len(counted) > 2:
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

    def _quotient(self, top: Sequence[str], below: Sequence[str], scale: float = 1.0) -> tuple[Measured, ...]:
        """Increase by increase: nothing where the one below did not grow."""
        added = self._increase(top)[0]
        count = self._increase(below)[0]
        return (Measured("", _divided(added * scale, count), count),)

    def _percentile_of_buckets(self, metric: Metric) -> tuple[Measured, ...]:
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

    def _moments_of(self, stream: StreamInfo) -> list[Moments]:
        if stream.stream_id not in self._moments:
            wanted = _wanted(stream, self._metrics)
            by = self._by if self._by is None or stream.column(self._by) else None
            self._moments[stream.stream_id] = self._store.moments(stream.stream_id, wanted, self.window,
                                                                  self.bucket_s, by=by)
        return self._moments[stream.stream_id]


def _wanted(stream: StreamInfo, metrics: Sequence[Metric]) -> Sequence[str]:
    """Every column of the stream that one of the metrics is made from."""
    roles = {role for metric in metrics for role in metric.roles
             if metric.source not in (Source.PERCENTILE, Source.OUTCOME, Source.FAILED)}
    names = [column.stored for column in stream.columns if column.role in roles and column.rolled]
    failed = any(metric.source is Source.FAILED for metric in metrics) and stream.column(Role.STATUS)
    return [*names, FAILED] if failed else names


def _divided(top: Floats, below: Floats) -> Floats:
    """top / below; NaN where there is nothing below."""
    result = np.full(len(top), np.nan)
    np.divide(top, below, out=result, where=below > 0)
    return result
