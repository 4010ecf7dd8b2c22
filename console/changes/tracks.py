"""The numbers that may have moved, each over the same buckets: metrics, columns, values of columns, versions, traffic.

From rollups, but for the values of columns: those are counted from the rows, and from every k-th row of a large log.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from console.changes.usual import Floats
from console.changes.view import ChangeKind
from console.jobs import Job
from console.metrics.catalogue import CATALOGUE, Metric, Source, sampled_metric
from console.metrics.charts import shown_series
from console.metrics.maturity import mature
from console.metrics.measure import Reading
from console.roles import INPUT_ROLES, ColumnType, Role, StreamKind
from console.store.every_kth import rows_in, value_buckets
from console.window import Window

if TYPE_CHECKING:
    from console.changes.focus import Focus
    from console.store import StreamInfo, Workspace

MOST_ROWS = 1_000_000
"""So many rows are counted for the values of columns; of a larger stretch every k-th."""

MOST_VALUES = 40
"""A column with more different values than MANY_VALUES is text or a key; of others the most frequent are watched."""

MANY_VALUES = 2000
MOST_COLUMNS = 60
MOST_PARTS = 12
"""Versions or hosts that are looked at one by one."""

LEAST_BEYOND = 4.0
"""Fewer rows beyond a percentile make it the worst row of the bucket, which is chance."""

UNWATCHED = (Source.HEAT, Source.CHANGES, Source.UNCHANGED)
"""Metrics that are no line, or whose columns are looked at themselves."""

BEYOND, MEANT = 15.0, 30.0
"""Rows that a shift must rest on: beyond a percentile, and of a mean."""

OTHER = "(other)"


class Scale(StrEnum):
    """How the size of a move is measured."""

    RATIO = "ratio"          # values are logarithms
    POINTS = "points"        # a share whose growth is bad: errors, nulls, missing cells
    RATE = "rate"            # a share such as CTR, by what it was
    SPREADS = "spreads"      # a mean, in standard deviations of a row
    WANDER = "wander"        # a series that has only itself to be measured by


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One number over the grid; `values` are logarithms where the scale is RATIO, NaN where there is nothing.

    n        rows, cells or outcomes behind each value;  least_n: how many a shift must rest on
    sd       standard deviation of a row's value, where it is known; else nan
    column   the column's name in the log, "" where it is no matter of one column
    value    of a column's value: which
    """

    kind: ChangeKind
    name: str
    title: str
    unit: str
    group: str
    step: str
    scale: Scale
    values: Floats
    n: Floats
    sd: float = float("nan")
    segment: str = ""
    chart: str = ""
    column: str = ""
    value: str = ""
    better: str = "neither"
    least_n: float = 0.0
    seasonal: bool = False
    what: str = ""
    tags: frozenset[str] = field(default_factory=frozenset)


def read(store: Workspace, grid: Window, bucket_s: int, job: Job,
         focus: Focus) -> tuple[list[Track], list[str], dict[str, float]]:
    """The tracks over the grid, notes on what was sampled or left out, and the spread of columns by name."""
    reading = Reading(store, grid, bucket_s)
    found: list[Track] = []
    sds: dict[str, float] = {}
    notes: list[str] = []
    for stream in reading.requests:
        job.report(0, 0, f"Looking at the columns of {stream.name}")
        found += focus.on_tracks(column_tracks(store, stream, grid, bucket_s, len(reading.times), sds))
        job.stop_if_asked()
        values, note = value_tracks(store, stream, grid, bucket_s, len(reading.times), job, focus)
        found += values
        notes += [note] if note else []
        job.stop_if_asked()
    job.stop_if_asked()
    found += metric_tracks(reading, sds, metrics=focus.metrics, series=focus.chart)
    found += version_tracks(store, grid, bucket_s) if focus.versions else []
    return found, notes, sds


# ---- metrics -----------------------------------------------------------------------------------------------


def metric_tracks(reading: Reading, sds: Mapping[str, float], segment: Callable[[str], str] | None = None,
                  metrics: Sequence[Metric] = CATALOGUE, series: Callable[[str], bool] = lambda chart: True,
                  ) -> list[Track]:
    """These metrics as far as the log has them, and its series of samples; one for each part of a split.

    series  whether the samples of a chart are wanted
    sds  standard deviation of the rows of a column, by its name
    """
    found: list[Track] = []
    rows = reading.rows() if segment is None else None
    for metric in metrics:
        if metric.scans or metric.source in UNWATCHED or not reading.has(metric):
            continue
        column = _column_of(reading, metric)
        for part in reading.measure(metric):
            if segment is None or part.by not in ("", OTHER):
                found.append(_of_metric(reading, metric, part.values, part.n, rows, column,
                                        segment(part.by) if segment else "", sds.get(column, math.nan)))
    if segment is None:
        for one in shown_series(reading):
            metric = reading.described(sampled_metric(one.title))
            for part in reading.measure(metric) if series(metric.chart) else ():
                found.append(_of_metric(reading, metric, part.values, part.n, rows, "", "", math.nan))
    return found


def _column_of(reading: Reading, metric: Metric) -> str:
    """The name of the one column that a metric is made from; "" for none and for many."""
    if metric.source is Source.ROWS:
        return ""
    if metric.waits or metric.source is Source.FAILED:
        streams = reading.requests if metric.source is Source.FAILED else reading.streams
        roles = (Role.STATUS,) if metric.source is Source.FAILED else metric.roles
        return next((column.name for stream in streams for role in roles
                     if stream.kind is not StreamKind.REFERENCE and (column := stream.column(role)) is not None), "")
    names = {column.name for _, columns in reading.columns(metric) for column in columns}
    return names.pop() if len(names) == 1 else ""


def _of_metric(reading: Reading, metric: Metric, values: Floats, n: Floats, rows: Floats | None, column: str,
               segment: str, sd: float) -> Track:
    least = MEANT if metric.source is Source.MEAN else 0.0
    scale, kind = scale_of(metric, sd), ChangeKind.SEGMENT if segment else ChangeKind.METRIC
    title = f"{metric.title} {metric.series}".strip()
    values, n = np.array(values, dtype=np.float64), np.array(n, dtype=np.float64)
    if metric.source is Source.ROWS:
        kind = ChangeKind.SEGMENT if segment else ChangeKind.TRAFFIC
        values, n = np.where(n > 0, values, np.nan), np.minimum(n, 400.0)
    if (metric.waits or metric.source is Source.WAIT) and rows is not None:
        values = np.where(mature(reading, n, rows), values, np.nan)
    if metric.source is Source.PERCENTILE:
        least = BEYOND / (1 - metric.quantile)
        values = np.where(n * (1 - metric.quantile) >= LEAST_BEYOND, values, np.nan)
    if scale is Scale.RATIO:
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.log(np.where(values > 0, values, np.nan))
    if scale is Scale.WANDER:
        n = np.minimum(n / max(float(np.median(n[n > 0])), 1.0), 4.0) if (n > 0).any() else n
    return Track(kind, metric.name, title, metric.unit, metric.group, metric.step, scale, values, n,
                 sd if scale is Scale.SPREADS else math.nan, segment=segment, chart=metric.chart, column=column,
                 better=metric.better, least_n=least, seasonal=True)


def scale_of(metric: Metric, sd: float) -> Scale:
    """How moves of a metric are measured."""
    if metric.source in (Source.ROWS, Source.SPEED, Source.COST) or metric.unit in ("ms", "s"):
        return Scale.RATIO
    if metric.unit == "share":
        return Scale.POINTS if metric.better == "lower" else Scale.RATE
    if metric.source is Source.MEAN and sd > 0:
        return Scale.SPREADS
    return Scale.WANDER


# ---- columns -----------------------------------------------------------------------------------------------


def watched(stream: StreamInfo) -> tuple[str, ...]:
    """The inputs and answers of a stream, by stored name."""
    roles = (*INPUT_ROLES, Role.PREDICTION, Role.SCORE, Role.SHADOW_PREDICTION)
    return tuple(column.stored for column in stream.columns if column.role in roles and column.rolled)[:MOST_COLUMNS]


def column_tracks(store: Workspace, stream: StreamInfo, grid: Window, bucket_s: int, size: int,
                  sds: dict[str, float]) -> list[Track]:
    """Level and missing cells of each input; `sds` takes the standard deviation of inputs and answers."""
    names = watched(stream)
    parts = store.moments(stream.stream_id, names, grid, bucket_s) if names else []
    if not parts:
        return []
    found = []
    for name in names:
        column, cells = stream.named(name), parts[0].columns[name]
        rows = cells.n + cells.n_missing
        answer = column.role not in INPUT_ROLES
        group, step = ("output", "inference") if answer else ("input", "features")

        def track(what: str, scale: Scale, values: Floats, n: Floats, sd: float = float("nan"),
                  *, name: str = column.name, group: str = group, step: str = step) -> Track:
            return Track(ChangeKind.COLUMN, name, name, "share" if what == "missing" else "", group, step, scale,
                         values[:size], n[:size], sd, column=name, what=what)

        if rows.sum() > 0 and not answer:
            found.append(track("missing", Scale.POINTS, _divided(cells.n_missing, rows), rows))
        if column.type is ColumnType.NUMBER and cells.n.sum() > 0:
            mean = _divided(cells.sum, cells.n)
            variance = _divided(cells.sumsq, cells.n) - mean ** 2
            known = variance[np.isfinite(variance) & (cells.n >= 5)]
            sd = float(np.sqrt(np.median(known[known > 0]))) if (known > 0).any() else float("nan")
            sds[column.name] = sd
            if not answer:
                found.append(replace(track("level", Scale.SPREADS, mean, cells.n, sd), least_n=MEANT))
    return found


def _divided(top: Floats, below: Floats) -> Floats:
    result = np.full(len(top), np.nan)
    np.divide(top, below, out=result, where=below > 0)
    return result


# ---- values of columns -------------------------------------------------------------------------------------


def value_tracks(store: Workspace, stream: StreamInfo, grid: Window, bucket_s: int, size: int,
                 job: Job, focus: Focus) -> tuple[list[Track], str]:
    """The share of each frequent value of the columns of text; counted from the rows."""
    columns = [stream.named(name) for name in watched(stream)]
    columns = [column for column in columns if column.type in (ColumnType.TEXT, ColumnType.FLAG)
               and (focus.column(column.name) or focus.split(column.name))]
    if not columns:
        return [], ""
    con = store.cursor()
    each = max(1, rows_in(con, stream, grid) // MOST_ROWS)
    counts: dict[str, dict[str, Floats]] = {}
    for column in columns:
        job.stop_if_asked()
        counts[column.name] = value_buckets(con, stream, column, grid, bucket_s, each, MANY_VALUES) or {}
    tracks = []
    for column in columns:
        by_value = counts[column.name]
        total = sum(by_value.values(), np.zeros(size))
        for value in sorted(by_value, key=lambda name: (-by_value[name].sum(), name))[:MOST_VALUES]:
            tracks.append(Track(ChangeKind.COLUMN, column.name, column.name, "share",
                                "input" if column.role in INPUT_ROLES else "output",
                                "features" if column.role in INPUT_ROLES else "inference", Scale.POINTS,
                                _divided(by_value[value], total), total, column=column.name, value=value,
                                what="values"))
    note = f"Values of columns were counted in every {each}th row of {stream.name}." if each > 1 else ""
    return tracks, note


# ---- versions and hosts ------------------------------------------------------------------------------------


def version_tracks(store: Workspace, grid: Window, bucket_s: int) -> list[Track]:
    """The share of the requests that each model and each model version had."""
    found = []
    for role in (Role.MODEL, Role.MODEL_VERSION):
        reading = Reading(store, grid, bucket_s, by=role, metrics=CATALOGUE[:1])
        if not any(stream.column(role) for stream in reading.requests):
            continue
        parts = {part.by: part.n for part in reading.measure(CATALOGUE[0]) if part.by}
        if not 1 <= len(parts) <= MOST_PARTS * 4:
            continue
        total = sum(parts.values(), np.zeros(len(reading.times)))
        column = next(one.name for stream in reading.requests if (one := stream.column(role)))
        found += [Track(ChangeKind.VERSION, column, role.value.replace("_", " "), "share", "output", "collection",
                        Scale.POINTS, _divided(n, total), total, segment=f"{role.value}={value}", column=column,
                        value=value, what="version", chart="throughput") for value, n in sorted(parts.items())]
    return found


def parts_of(store: Workspace, grid: Window, bucket_s: int, role: Role, sds: Mapping[str, float],
             metrics: Sequence[Metric]) -> list[Track]:
    """These metrics within each version or host; nothing where there is one of them, or too many."""
    reading = Reading(store, grid, bucket_s, by=role, metrics=metrics)
    if not any(stream.column(role) for stream in reading.requests):
        return []
    values = [part.by for part in reading.measure(CATALOGUE[0]) if part.by not in ("", OTHER) and part.n.sum() > 0]
    if not 2 <= len(values) <= MOST_PARTS:
        return []
    return metric_tracks(reading, sds, lambda value: f"{role.value}={value}", metrics)


def parts_of_column(store: Workspace, stream: StreamInfo, stored: str, grid: Window, bucket_s: int,
                    metrics: Sequence[Metric], sds: Mapping[str, float], job: Job) -> list[Track]:
    """These metrics within each frequent value of a column, from the rows."""
    column = stream.named(stored)
    reading = Reading(store, grid, bucket_s, by=stored, metrics=metrics, job=job)
    return metric_tracks(reading, sds, lambda value: f"{column.name}={value}", metrics)


def text_columns(stream: StreamInfo) -> tuple[str, ...]:
    """The inputs that are words or flags, by stored name."""
    return tuple(column.stored for column in stream.columns if column.role in INPUT_ROLES and column.rolled
                 and column.type in (ColumnType.TEXT, ColumnType.FLAG))


BY_ROWS = (Source.FAILED, Source.MISSING, Source.MEAN, Source.PERCENTILE)
"""Metrics that a scan of the rows splits by any column; clicks would have to be joined for it."""
