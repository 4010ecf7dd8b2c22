"""The board as somebody arranged it: order, hidden charts, splits, and the same hours of a day or a week before."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from console.metrics import charts
from console.metrics.catalogue import CATALOGUE, SAMPLED_PREFIX, Metric, Source
from console.metrics.format import format_value
from console.metrics.view import BoardView, ChartView, Floats, SeriesView
from console.roles import Role, StreamKind
from console.session.board_layout import GHOST_NAMES, GHOSTS, BoardLayout
from console.window import Window

if TYPE_CHECKING:
    from console.store import Workspace

MOST_PARTS = 7
"""Of a split: more curves cannot be told apart."""
KEPT_S = 10.0
"""So long the past of a chart is believed while the log grows."""
ALL_HIDDEN = "All charts are hidden. “Add chart” in the menu Chart brings them back."
SPLITS = {Role.MODEL_VERSION: "model version", Role.HOST: "host", Role.MODEL: "model"}


@dataclass(frozen=True, slots=True)
class Split:
    """A way to split a chart. key: as the layout keeps it; title: as people say it."""

    key: str
    title: str


@dataclass(frozen=True, slots=True)
class ChartChoice:
    """A chart that can be shown."""

    metric: str
    title: str
    group: str
    shown: bool


class Dressing:
    """Applies a layout to boards; keeps the past of charts for a moment, since it does not change with each row."""

    def __init__(self, store: Workspace) -> None:
        self._store = store
        self._past: dict[str, tuple[Window, int, float, BoardView]] = {}

    def apply(self, board: BoardView, visible: Window, layout: BoardLayout) -> BoardView:
        """The charts that are shown, in their order, with what they are compared with or split by."""
        by_metric = {chart.metric: chart for chart in board.charts}
        shown = [by_metric[metric] for metric in layout.ordered(by_metric) if not layout.of(metric).hidden]
        dressed = tuple(self._dressed(chart, board, visible, layout) for chart in shown)
        return replace(board, charts=dressed, nothing=ALL_HIDDEN if board.charts and not dressed else board.nothing)

    def splits(self, metric: str) -> tuple[Split, ...]:
        """What a chart can be split by in this log."""
        one = split_metric(metric)
        if one is None:
            return ()
        kinds = (StreamKind.SAMPLES, StreamKind.REQUESTS) if one.source is Source.RESOURCE else (StreamKind.REQUESTS,)
        streams = [stream for stream in self._store.streams() if stream.kind in kinds and stream.rows]
        if one.source is Source.RESOURCE:
            sampled = [stream for stream in streams if stream.kind is StreamKind.SAMPLES
                       and stream.column(one.roles[0]) is not None]
            streams = sampled or [stream for stream in streams if stream.kind is StreamKind.REQUESTS]
        return tuple(Split(role.value, title) for role, title in SPLITS.items()
                     if any(stream.column(role) is not None for stream in streams))

    def _dressed(self, chart: ChartView, board: BoardView, visible: Window, layout: BoardLayout) -> ChartView:
        said = layout.of(chart.metric)
        split = next((one for one in self.splits(chart.metric) if one.key == said.split), None) if said.split else None
        if split is not None:
            return self._split(chart, visible, split)
        return self._with_ghost(chart, board, visible, said.ghost) if said.ghost in GHOSTS else chart

    def _split(self, chart: ChartView, visible: Window, split: Split) -> ChartView:
        metric = split_metric(chart.metric)
        assert metric is not None
        times, parts = charts.metric_series(self._store, metric, visible, chart.bucket_s, Role(split.key))
        if not parts or len(times) != len(chart.times) or times[0] != chart.times[0]:
            return chart
        same = next((one for one in chart.series if one.name == metric.series), chart.series[0])
        unknown = np.isnan(same.values)         # not covered, still filling, or not yet ripe: in each part too
        largest = sorted(parts, key=lambda part: (-float(part.n.sum()), part.by))[:MOST_PARTS]
        series = tuple(SeriesView(part.by or "(none)", np.where(unknown, np.nan, part.values), part.n)
                       for part in sorted(largest, key=lambda part: part.by))
        newest = series[0].values[np.isfinite(series[0].values)]
        latest = f"{series[0].name} {format_value(float(newest[-1]), chart.unit)}" if len(newest) else ""
        rest = len(parts) - len(series)
        more = f"The {MOST_PARTS} largest of {len(parts)} are drawn." if rest else ""
        title = f"{chart.title} {metric.series}".strip()
        return replace(chart, title=f"{title} by {split.title}", series=series, latest=latest,
                       error=" ".join(filter(None, (chart.error, more))))

    def _with_ghost(self, chart: ChartView, board: BoardView, visible: Window, ghost: str) -> ChartView:
        shift_s = GHOSTS[ghost]
        if shift_s % chart.bucket_s:
            return chart                # buckets of the one do not lie on those of the other
        past = next((one for one in self._board_of(board, visible, ghost).charts if one.metric == chart.metric), None)
        if past is None or past.bucket_s != chart.bucket_s or not len(past.times):
            return chart
        names = [one.name for one in chart.series]
        headline = next((name for name in names if name and chart.latest.startswith(name)), names[0])
        found = next((one for one in past.series if one.name == headline), None)
        if found is None:
            return chart
        at = round((float(past.times[0]) + shift_s - float(chart.times[0])) / chart.bucket_s)
        size = len(chart.times)
        said = chart.error if len(names) < 2 else f"{chart.error} Of {headline} it shows what was {GHOST_NAMES[ghost]}."
        line = SeriesView(GHOST_NAMES[ghost], _placed(found.values, at, size, np.nan), _placed(found.n, at, size, 0.0))
        return replace(chart, error=said.strip(), ghost=line)

    def _board_of(self, board: BoardView, visible: Window, ghost: str) -> BoardView:
        """The same board so long before."""
        before = visible.shifted(timedelta(seconds=-GHOSTS[ghost]))
        known = self._past.get(ghost)
        if known is not None and known[0] == before and known[1] == board.bucket_s and known[3].charts and (
                known[3].generation == board.generation or time.monotonic() - known[2] < KEPT_S):
            return known[3]
        made = charts.board(self._store, before, 500, bucket_s=board.bucket_s)
        self._past[ghost] = (before, board.bucket_s, time.monotonic(), made)
        return made


def split_metric(chart: str) -> Metric | None:
    """The metric of a chart that is split: the 95th percentile of several, which users feel; None for none."""
    if chart.startswith(SAMPLED_PREFIX):
        return None
    found = [metric for metric in CATALOGUE if metric.chart == chart and metric.source is not Source.COUNTED]
    return next((metric for metric in found if metric.series == "p95"), found[0] if found else None)


def _placed(values: Floats, at: int, size: int, empty: float) -> Floats:
    """Values moved `at` places on, in an array of that size."""
    out = np.full(size, empty)
    first, last = max(0, at), min(size, at + len(values))
    if last > first:
        out[first:last] = values[first - at:last - at]
    return out
