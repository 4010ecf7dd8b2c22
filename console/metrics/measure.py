"""From the store's moments, percentiles and outcomes to the numbers of one metric.

`Reading` asks the store; what each kind of source makes of the answers stands in a file of its own: series of samples
and counters in `sampled`, what reads rows in `scanned`, columns that stand still in `still`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from console.jobs import Job
from console.metrics import scanned, still
from console.metrics.catalogue import CATALOGUE, Metric, Source
from console.metrics.counted import Counters
from console.metrics.parts import Measured, Sum, divided
from console.metrics.sampled import Sampled, Series
from console.metrics.tasks import TASKS, Task
from console.metrics.view import Floats
from console.roles import INPUT_ROLES, ColumnType, Role, StreamKind
from console.store.derived import SHADOWS, WAITED_S, named
from console.store.grid import OTHER as OTHER
from console.store.names import FAILED
from console.store.rollups import SECONDS_FOR_S
from console.window import Window

if TYPE_CHECKING:
    from console.store import ColumnInfo, Moments, PercentileSeries, StreamInfo, Workspace
    from console.store.scans import Distribution
    from console.store.splits import Split

QUANTILES = tuple(sorted({metric.quantile for metric in CATALOGUE if metric.source is Source.PERCENTILE}))
MEANS = (Source.RESOURCE, Source.MEAN, Source.SPEED)
BY_COUNTERS = ("latency",)
"""Charts of percentiles that a histogram of a server can stand in for."""

COST = re.compile(r"(?:(?:response|request|total|llm|usage)_)?(?:cost|spend)(?:_(?:usd|eur|gbp|dollars))?")
"""A column that says what a request cost; heeded where requests tell their tokens too."""

PER_HOUR, PER_MILLION = 3600.0, 1e-6


class Reading:
    """All numbers of one window in one set of buckets; each question to the store is asked once."""

    def __init__(self, store: Workspace, window: Window, bucket_s: int, *, by: Role | str | None = None,
                 metrics: Sequence[Metric] = CATALOGUE, job: Job | None = None, whole: bool = False,
                 like: Reading | None = None) -> None:
        """metrics: those that will be measured; the store is asked for their columns and no others.

        whole  no bucket is shortened because samples begin or end within it: what a bucket's number is must not depend
               on where the reading ends
        like  another one of the same log and moment: what both would ask of all of the log is asked once
        by   a role, or the name of a column: that is read from the rows, and `job` can stop it
        Raises BadSettings for a column that there is none of.
        """
        self._metrics = tuple(metrics)
        self.store = store
        self.job = job
        self.by: Role | Split | None = (by if isinstance(by, Role) or by is None
                                        else store.split_by(by, window, job))
        self._moments: dict[int, list[Moments]] = {}
        self._percentiles: dict[tuple[int, str], list[PercentileSeries]] = {}
        self._outcomes: list[Moments] | None = None
        self._task: Task | None = None
        self._like = like
        self._columns: dict[Metric, tuple[tuple[StreamInfo, tuple[ColumnInfo, ...]], ...]] = {}
        self._made: dict[Metric, list[tuple[StreamInfo, tuple[str, ...]]]] = {}
        self._costs: list[tuple[StreamInfo, str, float]] | None = None
        self._waits: PercentileSeries | None = None
        self.window = window
        self.bucket_s = bucket_s
        self.relative = store.relative
        first = round(window.start_s / bucket_s)
        self.times: Floats = (np.arange(first, round(window.end_s / bucket_s)) * bucket_s).astype(np.float64)
        self.streams = store.streams()
        # A stream whose rows all complete those of another has no events of its own to measure.
        self.requests = tuple(stream for stream in self.streams if stream.kind is StreamKind.REQUESTS
                              and (stream.rows or not stream.half_of))
        self.samples = tuple(stream for stream in self.streams if stream.kind is StreamKind.SAMPLES)
        self._sampled = Sampled(store, self.samples, window, bucket_s, self.times, has_requests=bool(self.requests),
                                whole=whole)

    # ---- what there is -------------------------------------------------------------------------------------

    def has(self, metric: Metric) -> bool:
        """Whether the log has what the metric is made from, in this window or any other."""
        match metric.source:
            case Source.ROWS:
                return bool(self.requests or self.counters.answered)
            case Source.COUNTED:
                return bool(self.counters.total)
            case Source.PERCENTILE if self._by_buckets(metric):
                return True
            case Source.FAILED if self.counters.tells_failures:
                return True
            case Source.OUTCOME | Source.QUALITY:
                return self._has_outcome(metric)
            case Source.SAMPLED:
                return metric.title in self.series
            case Source.SHADOW:
                return any(named(stream, SHADOWS[metric.name]) for stream in self.requests)
            case Source.QUEUE:
                return self._sampled.queue is not None
            case Source.WAIT:
                return any(named(stream, WAITED_S) for stream in self.requests) or (
                    bool(self.requests) and any(stream.column(Role.OUTCOME_TIME) for stream in self.streams
                                                if stream.kind is StreamKind.OUTCOMES))
            case Source.COST:
                return bool(self.costs())
            case Source.OWN:
                return any(own.name == metric.name for own in self.store.own.metrics)
            case _:
                return bool(self.columns(metric))

    def _has_outcome(self, metric: Metric) -> bool:
        told = [stream for stream in self.streams if stream.kind in (StreamKind.REQUESTS, StreamKind.OUTCOMES)]
        columns = [column for stream in told for role in metric.roles if (column := stream.column(role)) is not None]
        if not self.requests or not columns:
            return False
        if metric.name in TASKS:
            return self.task in TASKS[metric.name]
        return any(column.type is not ColumnType.TEXT for column in columns)

    def joins(self, chart: str) -> bool:
        """Whether a chart shows outcomes of another stream than the requests, which rollups have from FINEST_S on."""
        span = self.store.span()
        if span is None or span.seconds < SECONDS_FOR_S or not self.requests:
            return False
        told = [stream for stream in self.streams if stream.kind is StreamKind.OUTCOMES and stream.rows]
        return any(stream.column(role) is not None for metric in self._metrics if metric.chart == chart
                   and metric.source in (Source.OUTCOME, Source.QUALITY) for role in metric.roles for stream in told)

    @property
    def task(self) -> Task:
        """What the log's answers are, told from all outcomes there are: numbers that are 0 and 1 alone have a sum that
        is the sum of their squares."""
        if self._like is not None:
            return self._like.task
        if self._task is None:
            self._task = Task.NONE
            span = self.store.span()
            if span is not None:
                length = 3600 * max(1, math.ceil(span.seconds / 3600))
                found = self.store.outcome_moments(span, length)
                cells = [part.columns for part in found]
                if any("abs_error" in one and one["abs_error"].n.any() for one in cells):
                    told = any("log_loss" in one and one["log_loss"].n.sum() == one["abs_error"].n.sum()
                               for one in cells)
                    self._task = Task.CHANCE if told else Task.VALUE
                elif any("correct" in one and one["correct"].n.any() for one in cells):
                    self._task = Task.CLASSES
        return self._task

    def columns(self, metric: Metric) -> tuple[tuple[StreamInfo, tuple[ColumnInfo, ...]], ...]:
        """The columns that the metric is made from, stream by stream."""
        if metric not in self._columns:
            self._columns[metric] = tuple(self._every_column(metric))
        return self._columns[metric]

    def _every_column(self, metric: Metric) -> Iterator[tuple[StreamInfo, tuple[ColumnInfo, ...]]]:
        sampled = metric.source is Source.RESOURCE and any(s.column(metric.roles[0]) for s in self.samples)
        for stream in self.samples if sampled else self.requests:
            columns = self._columns_of(stream, metric)
            if metric.source not in (Source.UNSEEN, Source.UNCHANGED, Source.CLASSES, Source.CHURN):
                columns = tuple(column for column in columns if column.rolled)
            if columns:
                yield stream, columns

    def _columns_of(self, stream: StreamInfo, metric: Metric) -> tuple[ColumnInfo, ...]:
        numeric = (ColumnType.NUMBER, ColumnType.FLAG)
        if metric.column:
            columns = tuple(column for column in stream.columns if column.stored == metric.column)
        elif metric.source is Source.MISSING_INPUT:
            return tuple(stream.columns_of(*INPUT_ROLES))
        elif metric.source in (Source.RESOURCE, Source.CHANGES, Source.OUTSIDE, Source.UNSEEN):
            columns = tuple(stream.columns_of(*metric.roles))
        else:
            columns = tuple(column for role in metric.roles if (column := stream.column(role)))[:1]
        match metric.source:
            case Source.CHANGES | Source.OUTSIDE | Source.HEAT | Source.PERCENTILE:
                return tuple(column for column in columns if column.type in numeric and column.kept in numeric)
            case Source.UNSEEN:
                return tuple(column for column in columns if column.type is ColumnType.TEXT)
            case Source.CLASSES:
                return tuple(column for column in columns if column.type in (ColumnType.TEXT, ColumnType.FLAG))
            case source if source in MEANS:
                return tuple(column for column in columns if column.type in numeric)
            case _:
                return columns

    # ---- numbers -------------------------------------------------------------------------------------------

    def measure(self, metric: Metric) -> tuple[Measured, ...]:
        """The metric's numbers, one for each value of the split. Raises BadSettings for one of the user's own that
        cannot be computed or may not be, JobStopped."""
        match metric.source:
            case Source.PERCENTILE if self._by_buckets(metric):
                return self._sampled.percentile_of_buckets(metric)
            case Source.PERCENTILE:
                return self._percentile(metric)
            case Source.OUTCOME | Source.QUALITY:
                return self._outcome(metric)
            case Source.SAMPLED:
                return self._sampled.measure(metric)
            case Source.COUNTED:
                counted = self.counters
                return self._sampled.quotient((counted.total,), (counted.count,), counted.scale)
            case Source.FAILED if self.counters.tells_failures:
                return self._sampled.quotient(self.counters.failed, self.counters.answered)
            case Source.ROWS if self.counters.answered:
                found = self._sampled.rate(self.counters.answered)
                return tuple(Measured(part.by, part.values, part.n) for part in found)
            case Source.ROWS:
                return self._rows()
            case Source.QUEUE:
                return self._sampled.mean(self._sampled.queue)
            case Source.SPEED:
                return tuple(Measured(part.by, np.where(part.n > 0, part.values * part.n / self.bucket_s, np.nan),
                                      part.n) for part in self._ratio(metric))
            case Source.COST:
                return self._cost()
            case Source.WAIT:
                return self._wait(metric)
            case Source.CHANGES:
                return still.changes(self, metric)
            case Source.UNCHANGED:
                return still.unchanged(self, metric)
            case Source.OUTSIDE:
                return scanned.outside(self, metric)
            case Source.UNSEEN:
                return scanned.unseen(self, metric)
            case Source.CHURN:
                return scanned.churn(self, metric)
            case Source.CLASSES:
                return scanned.classes(self, metric)
            case Source.OWN:
                return scanned.own(self, metric)
            case Source.HEAT:
                return ()
            case _:
                return self._ratio(metric)

    def spread(self, metric: Metric) -> Distribution | None:
        """Counts by value of a HEAT metric: of the stream with most rows. Raises JobStopped."""
        found = max(self.columns(metric), key=lambda item: item[0].rows, default=None)
        if found is None:
            return None
        stream, (column, *_) = found
        return self.store.scan(stream.stream_id, self.window, self.bucket_s, self.job).distribution(column.stored)

    def rows(self) -> Floats:
        """Requests of each bucket."""
        total = np.zeros(len(self.times))
        for part in self._rows():
            total += part.n
        return total

    def outcomes_until(self) -> float | None:
        """Up to when (seconds since 1970) outcomes are known to have been told; None where no log says so."""
        return max((stream.last.timestamp() for stream in self.streams
                    if stream.kind is StreamKind.OUTCOMES and stream.last is not None), default=None)

    def outcome_wait_s(self, q: float) -> float | None:
        """Within how many seconds a share q of them came."""
        return self.store.outcome_wait(q)

    @property
    def series(self) -> dict[str, Series]:
        """All series of samples, by their titles."""
        return self._sampled.series

    @property
    def counters(self) -> Counters:
        """What counts requests, where the log has no requests of its own; else nothing."""
        return self._sampled.counters

    @property
    def queue(self) -> Series | None:
        """The series of samples that `queue` is made from."""
        return self._sampled.queue

    def described(self, metric: Metric) -> Metric:
        """A sampled metric with the unit and the words that its kind has in this log; any other as it is."""
        return self._sampled.described(metric)

    def _by_buckets(self, metric: Metric) -> bool:
        return bool(metric.chart in BY_COUNTERS and self.counters.buckets)

    def _rows(self) -> tuple[Measured, ...]:
        totals: dict[str, Floats] = {}
        for stream in self.requests:
            for moments in self._moments_of(stream):
                totals[moments.series] = totals.get(moments.series, 0.0) + moments.rows
        return tuple(Measured(by, rows / self.bucket_s, rows) for by, rows in totals.items())

    def _ratio(self, metric: Metric) -> tuple[Measured, ...]:
        """A mean or a share: sums over streams and columns of the bucket, divided once."""
        sums: dict[str, Sum] = {}
        for stream, names in self._made_from(metric):
            for moments in self._moments_of(stream):
                total = sums.setdefault(moments.series, Sum(np.zeros(len(self.times)), np.zeros(len(self.times))))
                for name in names:
                    cells = moments.columns[name]
                    if metric.source in (Source.MISSING, Source.MISSING_INPUT):
                        total.top += cells.n_missing
                        total.below += cells.n + cells.n_missing
                    else:
                        total.top += cells.sum
                        total.below += cells.n
        return tuple(Measured(by, divided(total.top, total.below), total.below) for by, total in sums.items())

    def _made_from(self, metric: Metric) -> list[tuple[StreamInfo, tuple[str, ...]]]:
        """Stored names of the columns, or of what is derived from them, stream by stream."""
        if metric not in self._made:
            self._made[metric] = self._make(metric)
        return self._made[metric]

    def _make(self, metric: Metric) -> list[tuple[StreamInfo, tuple[str, ...]]]:
        if metric.source is Source.SHADOW:
            name = SHADOWS[metric.name]
            return [(stream, (name,)) for stream in self.requests if named(stream, name) is not None]
        if metric.source is Source.FAILED:
            return [(stream, (FAILED,)) for stream, _ in self.columns(metric)]
        return [(stream, tuple(column.stored for column in columns)) for stream, columns in self.columns(metric)]

    def _outcome(self, metric: Metric) -> tuple[Measured, ...]:
        if self._outcomes is None:
            self._outcomes = self.store.outcome_moments(self.window, self.bucket_s, by=self.by)
        name = metric.outcome or str(metric.roles[0])
        found = []
        for moments in self._outcomes:
            cells = moments.columns.get(name)
            if cells is None:
                continue
            squared = divided(cells.sumsq, cells.n) if metric.name in ("brier", "rmse") else None
            values = divided(cells.sum, cells.n) if squared is None else (
                np.sqrt(squared) if metric.name == "rmse" else squared)
            found.append(Measured(moments.series, values, cells.n))
        return tuple(found)

    def _percentile(self, metric: Metric) -> tuple[Measured, ...]:
        """Of the stream with most rows: percentiles of several streams do not add up."""
        found = max(self.columns(metric), key=lambda item: item[0].rows, default=None)
        if found is None:
            return ()
        stream, (column, *_) = found
        return self._ranked(stream, column.stored, metric.quantile)

    def _ranked(self, stream: StreamInfo, stored: str, quantile: float) -> tuple[Measured, ...]:
        key = (stream.stream_id, stored)
        if key not in self._percentiles:
            self._percentiles[key] = self.store.percentiles(stream.stream_id, stored, self.window, self.bucket_s,
                                                            QUANTILES, by=self.by, job=self.job)
        return tuple(Measured(part.series, np.where(part.n > 0, part.values[quantile], np.nan), part.n)
                     for part in self._percentiles[key])

    def _wait(self, metric: Metric) -> tuple[Measured, ...]:
        """Of outcomes in the rows of their requests, else of joined ones: those are not split."""
        inline = max((stream for stream in self.requests if named(stream, WAITED_S)), key=lambda one: one.rows,
                     default=None)
        if inline is not None:
            return self._ranked(inline, WAITED_S, metric.quantile)
        if self._waits is None:
            self._waits = self.store.outcome_waits(self.window, self.bucket_s, QUANTILES)
        part = self._waits
        return (Measured("", np.where(part.n > 0, part.values[metric.quantile], np.nan), part.n),)

    def costs(self) -> list[tuple[StreamInfo, str, float]]:
        """Columns whose sum, each by a factor, is the cost: (stream, stored name, factor)."""
        if self._costs is None:
            self._costs = self._every_cost()
        return self._costs

    def _every_cost(self) -> list[tuple[StreamInfo, str, float]]:
        found: list[tuple[StreamInfo, str, float]] = []
        for stream in self.requests:
            tokens = [(column, price) for role, price in ((Role.INPUT_TOKENS, self.store.own.input_price),
                                                          (Role.OUTPUT_TOKENS, self.store.own.output_price))
                      if (column := stream.column(role)) is not None and column.rolled]
            said = next((column for column in stream.columns if column.rolled and column.type is ColumnType.NUMBER
                         and COST.fullmatch(re.sub(r"[^a-z]+", "_", column.stored.lower()))), None)
            if said is not None and tokens:
                found.append((stream, said.stored, 1.0))
            else:
                found += [(stream, column.stored, price * PER_MILLION) for column, price in tokens if price is not None]
        return found

    def _cost(self) -> tuple[Measured, ...]:
        totals: dict[str, Sum] = {}
        for stream, stored, factor in self.costs():
            for moments in self._moments_of(stream):
                total = totals.setdefault(moments.series, Sum(np.zeros(len(self.times)), np.zeros(len(self.times))))
                total.top += moments.columns[stored].sum * factor
                total.below = np.maximum(total.below, moments.columns[stored].n)
        return tuple(Measured(by, np.where(total.below > 0, total.top / self.bucket_s * PER_HOUR, np.nan), total.below)
                     for by, total in totals.items())

    def _moments_of(self, stream: StreamInfo) -> list[Moments]:
        if stream.stream_id not in self._moments:
            by = self.by if not isinstance(self.by, Role) or stream.column(self.by) else None
            self._moments[stream.stream_id] = self.store.moments(stream.stream_id, self._wanted(stream), self.window,
                                                                 self.bucket_s, by=by, job=self.job)
        return self._moments[stream.stream_id]

    def _wanted(self, stream: StreamInfo) -> list[str]:
        """Every column of the stream that one of the metrics is made from, and what is derived."""
        names: dict[str, None] = {}
        for metric in self._metrics:
            if metric.source is Source.COST:
                names |= {stored: None for one, stored, _ in self.costs() if one.stream_id == stream.stream_id}
            elif metric.source not in ASKED_ELSEWHERE:
                names |= {name: None for one, stored in self._made_from(metric) for name in stored
                          if one.stream_id == stream.stream_id}
        return list(names)


ASKED_ELSEWHERE = (Source.ROWS, Source.PERCENTILE, Source.OUTCOME, Source.QUALITY, Source.COUNTED, Source.SAMPLED,
                   Source.QUEUE, Source.CHANGES, Source.UNCHANGED, Source.WAIT, Source.OUTSIDE, Source.UNSEEN,
                   Source.CHURN, Source.CLASSES, Source.HEAT, Source.OWN)

