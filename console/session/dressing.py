"""The board as somebody arranged it: order, hidden charts, splits, and the same hours of a day or a week before."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from console.metrics import charts
from console.metrics.view import BoardView, ChartView, Floats, SeriesView
from console.session.board_layout import GHOST_NAMES, GHOSTS, BoardLayout
from console.session.splitting import COLUMN, split_chart, splits_of
from console.window import Window

if TYPE_CHECKING:
    from console.store import Workspace

KEPT_S = 10.0
"""So long the past of a chart is believed while the log grows."""
ALL_HIDDEN = "All charts are hidden. “Add chart” in the menu Chart brings them back."


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

    def _dressed(self, chart: ChartView, board: BoardView, visible: Window, layout: BoardLayout) -> ChartView:
        said = layout.of(chart.metric)
        if said.split.startswith(COLUMN):
            return chart                # its rows are read apart: see `asked`
        split = next((one for one in splits_of(self._store, chart.metric) if one.key == said.split),
                     None) if said.split else None
        if split is not None:
            return split_chart(self._store, chart, visible, split)
        return self._with_ghost(chart, board, visible, said.ghost) if said.ghost in GHOSTS else chart

    def _with_ghost(self, chart: ChartView, board: BoardView, visible: Window, ghost: str) -> ChartView:
        shift_s = GHOSTS[ghost]
        if shift_s % chart.bucket_s:
            return chart                # buckets of the one do not lie on those of the other
        past = next((one for one in self._board_of(board, visible, ghost).charts if one.metric == chart.metric), None)
        return chart if past is None else with_ghost(chart, past, ghost)

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


def with_ghost(chart: ChartView, past: ChartView, ghost: str) -> ChartView:
    """The chart with the main curve of what was so long before behind it; as it is where the two do not match."""
    if past.bucket_s != chart.bucket_s or not len(past.times) or not len(chart.times) or not chart.series:
        return chart
    names = [one.name for one in chart.series]
    headline = next((name for name in names if name and chart.latest.startswith(name)), names[0])
    found = next((one for one in past.series if one.name == headline), None)
    if found is None:
        return chart
    at = round((float(past.times[0]) + GHOSTS[ghost] - float(chart.times[0])) / chart.bucket_s)
    size = len(chart.times)
    said = chart.error if len(names) < 2 else f"{chart.error} Of {headline} it shows what was {GHOST_NAMES[ghost]}."
    line = SeriesView(GHOST_NAMES[ghost], _placed(found.values, at, size, np.nan), _placed(found.n, at, size, 0.0))
    return replace(chart, error=said.strip(), ghost=line)


def _placed(values: Floats, at: int, size: int, empty: float) -> Floats:
    """Values moved `at` places on, in an array of that size."""
    out = np.full(size, empty)
    first, last = max(0, at), min(size, at + len(values))
    if last > first:
        out[first:last] = values[first - at:last - at]
    return out
