"""From the store's moments, percentiles and outcomes to the numbers of one metric."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from console.metrics.catalogue import CATALOGUE, Metric, Source
from console.metrics.view import Floats
from console.roles import INPUT_ROLES, ColumnType, Role, StreamKind
from console.window import Window

if TYPE_CHECKING:
    from console.store import ColumnInfo, Moments, PercentileSeries, StreamInfo, Workspace

QUANTILES = tuple(sorted({metric.quantile for metric in CATALOGUE if metric.source is Source.PERCENTILE}))
FAILED = "_failed"
MEANS = (Source.RESOURCE, Source.MEAN)
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
        self.window = window
        self.bucket_s = bucket_s
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
                return bool(self.requests)
            case Source.OUTCOME:
                return any(stream.column(metric.roles[0]) is not None for stream in self._store.streams()
                           if stream.kind in (StreamKind.REQUESTS, StreamKind.OUTCOMES)) and bool(self.requests)
            case Source.SAMPLED:
                return any(stream.column(Role.METRIC_NAME) for stream in self.samples)
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
            case Source.PERCENTILE:
                return self._percentile(metric)
            case Source.OUTCOME:
                return self._outcome(metric)
            case Source.SAMPLED:
                return self._sampled(metric)
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

    def _sampled(self, metric: Metric) -> tuple[Measured, ...]:
        found = self.sampled_series().get(metric.title)
        return () if found is None else (Measured("", _divided(found.top, found.below), found.below),)

    def sampled_series(self) -> dict[str, _Sum]:
        """Sums and counts of each long series, by its name in the log."""
        sums: dict[str, _Sum] = {}
        for stream in self.samples:
            value = stream.column(Role.METRIC_VALUE)
            if value is None or not stream.column(Role.METRIC_NAME) or not value.rolled:
                continue
            for moments in self._store.moments(stream.stream_id, [value.stored], self.window, self.bucket_s,
                                               by=Role.METRIC_NAME):
                cells = moments.columns[value.stored]
                total = sums.setdefault(moments.series, _Sum(np.zeros(len(self.times)), np.zeros(len(self.times))))
                total.top += cells.sum
                total.below += cells.n
        return sums

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
