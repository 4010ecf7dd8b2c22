"""What a chart can be split by, and the chart that comes of it."""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from console.jobs import Job
from console.metrics import charts
from console.metrics.catalogue import CATALOGUE, FAMILIES, MORE, SAMPLED_PREFIX, Metric, Source, find
from console.metrics.format import format_value
from console.metrics.grid import aligned
from console.metrics.view import ChartView, SeriesView
from console.roles import ColumnType, Role, StreamKind
from console.store.grid import OTHER
from console.store.splits import can_split

if TYPE_CHECKING:
    from console.store import Workspace
    from console.window import Window

MOST_PARTS = 8
"""Of a split: more curves cannot be told apart."""
SPLITS = {Role.MODEL_VERSION: "model version", Role.HOST: "host", Role.MODEL: "model"}
"""What rollups keep apart, in the order that it is offered."""
COLUMN = "column:"
"""A split by a column is kept as this and the stored name of the column."""
WHOLE = (Source.COUNTED, Source.SAMPLED, Source.QUEUE, Source.CHANGES, Source.UNCHANGED, Source.OUTSIDE, Source.UNSEEN,
         Source.CHURN, Source.CLASSES, Source.WAIT, Source.HEAT, Source.OWN)
"""Not split: what has parts already, and what is held against something that has none."""
MANY = (Role.USER_ID, Role.REQUEST_ID)
WHOLE_NUMBER = re.compile(r"[+-]?\d{1,9}")
MOST_NUMBERS = 50
"""A column of whole numbers that spans no more stands for something, and is offered."""
REST, NONE = "the rest", "(none)"


@dataclass(frozen=True, slots=True)
class Split:
    """A way to split a chart. key: as the layout keeps it; title: as people say it."""

    key: str
    title: str

    @property
    def column(self) -> str:
        """The stored name of the column whose rows must be read; "" where rollups do."""
        return self.key.removeprefix(COLUMN) if self.key.startswith(COLUMN) else ""


def split_metric(chart: str) -> Metric | None:
    """The metric of a chart that is split: the 95th percentile of several, which users feel; None for none."""
    if chart.startswith(SAMPLED_PREFIX):
        return None
    if chart.partition(":")[0] in FAMILIES:
        metric = find(chart)
        return None if metric.source in WHOLE else metric
    found = [metric for metric in (*CATALOGUE, *MORE) if metric.chart == chart and metric.source not in WHOLE]
    return next((metric for metric in found if metric.series == charts.HEADLINE), found[0] if found else None)


def few_valued(store: Workspace) -> frozenset[str]:
    """Columns of whole numbers that lie close together, as a position or an hour: by their least and greatest value in
    the rollups, whatever the number of rows."""
    span, found = store.span(), set()
    for stream in store.streams():
        if stream.kind is not StreamKind.REQUESTS or not stream.rows or span is None:
            continue
        names = [column.stored for column in stream.columns if column.rolled and column.type is ColumnType.NUMBER
                 and can_split(column) and column.samples
                 and all(WHOLE_NUMBER.fullmatch(one) for one in column.samples)]
        length = 3600 * max(1, math.ceil(span.seconds / 3600))
        for part in store.moments(stream.stream_id, names, aligned(span, length), length) if names else ():
            for name in names:
                cells = part.columns[name]
                if cells.n.any() and 0 < np.nanmax(cells.max) - np.nanmin(cells.min) < MOST_NUMBERS:
                    found.add(name)
    return frozenset(found)


def splits_of(store: Workspace, chart: str, few: Collection[str] = ()) -> tuple[Split, ...]:
    """What a chart can be split by in this log: roles first, then columns of few values.

    few  columns of numbers that are among these
    """
    one = split_metric(chart)
    if one is None:
        return ()
    requests = [stream for stream in store.streams() if stream.kind is StreamKind.REQUESTS and stream.rows]
    streams = requests
    if one.source is Source.RESOURCE:
        sampled = [stream for stream in store.streams() if stream.kind is StreamKind.SAMPLES and stream.rows
                   and stream.column(one.roles[0]) is not None]
        streams, requests = sampled or requests, [] if sampled else requests
    roles = [Split(role.value, title) for role, title in SPLITS.items()
             if any(stream.column(role) is not None for stream in streams)]
    columns = {column.stored: Split(COLUMN + column.stored, column.name) for stream in requests
               for column in stream.columns if can_split(column) and column.role not in (*SPLITS, *MANY)
               and column.rolled and column.stored != one.column
               and (column.type in (ColumnType.TEXT, ColumnType.FLAG) or column.stored in few)}
    return (*roles, *columns.values())


def split_chart(store: Workspace, chart: ChartView, visible: Window, split: Split, job: Job | None = None) -> ChartView:
    """The chart with a curve for each value; as it is where there is nothing to tell apart.

    job  can stop what reads rows
    """
    metric = split_metric(chart.metric)
    assert metric is not None
    by = split.column or Role(split.key)
    times, parts = charts.metric_series(store, metric, visible, chart.bucket_s, by, job)
    if not parts or len(times) != len(chart.times) or times[0] != chart.times[0]:
        return chart
    same = next((one for one in chart.series if one.name == metric.series), chart.series[0])
    unknown = np.isnan(same.values)         # not covered, still filling, or not yet ripe: in each part too
    kept = [part for part in parts if part.by != OTHER]
    largest = sorted(kept, key=lambda part: (-float(part.n.sum()), part.by))[:MOST_PARTS]
    shown = sorted(largest, key=lambda part: part.by) + [part for part in parts if part.by == OTHER]
    names = {"": NONE, OTHER: REST}
    series = tuple(SeriesView(names.get(part.by, part.by), np.where(unknown, np.nan, part.values), part.n)
                   for part in shown)
    newest = same.values[~unknown]
    latest = format_value(float(newest[-1]), chart.unit) if len(newest) else ""     # of all values together
    more = f"The {MOST_PARTS} largest of {len(kept)} are drawn." if len(kept) > len(largest) else ""
    more = f"{charts.EXACT} {more}".strip() if split.column and metric.source is not Source.PERCENTILE else more
    title = f"{chart.title} {metric.series}".strip()
    return replace(chart, title=f"{title} by {split.title}", series=series, latest=latest, waits=chart.waits,
                   sql=f"-- All values together.\n{chart.sql}" if chart.sql else "",
                   error=" ".join(filter(None, (chart.error, more))))
