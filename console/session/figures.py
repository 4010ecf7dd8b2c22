"""The charts of an incident: its two windows with some time around them, thresholds, and when rules fired."""

from __future__ import annotations

import shlex
from datetime import timedelta
from typing import TYPE_CHECKING

from console.alarms.on_charts import OnCharts
from console.metrics import charts
from console.metrics.catalogue import CATALOGUE, SAMPLED_PREFIX
from console.metrics.format import format_exact
from console.metrics.view import BoardView, ChartView
from console.reports.view import Figure, Incident
from console.window import Window

if TYPE_CHECKING:
    from console.session.session import Session
    from console.store import Workspace

POINTS = 240
"""Buckets across a figure of the report: as many as its numbers can be read on paper."""
MARGIN = 0.15
"""Time shown on either side of the two windows, as a share of the whole."""
FAR = 12
"""A reference farther away than so many lengths of the window is compared, but not drawn on the same axis."""


def figures_of(session: Session, incident: Incident, alarms: OnCharts) -> tuple[BoardView, tuple[Figure, ...]]:
    """All charts that the log has, as a board, and as figures."""
    from console.reports import alt_text

    board = charts.board(session.store, _shown(session.store, incident), POINTS)
    return board, tuple(_figure(session, chart, board, alarms, alt_text(chart)) for chart in board.charts)


def _figure(session: Session, chart: ChartView, board: BoardView, alarms: OnCharts, alt: str) -> Figure:
    of = alarms.of(chart.metric)
    thresholds = tuple((line.value, f"{line.rule}: {line.said}") for line in of.lines)
    shown = board.window
    spans: dict[bool, list[tuple[Window, str]]] = {True: [], False: []}
    for one in of.course.stretches:
        start_s, end_s = max(one.start_s, shown.start_s), min(one.end_s, shown.end_s)
        if start_s < end_s:
            whose = f" ({one.whose})" if one.whose else ""
            spans[one.state.fires].append((Window.from_epoch(start_s, end_s), f"{one.rule}{whose}"))
    return Figure(chart, _command(session, chart, board), alt, thresholds, tuple(spans[True]), tuple(spans[False]))


def _shown(store: Workspace, incident: Incident) -> Window:
    """Both windows with a margin, or the incident alone with room around it when the reference lies far away."""
    window, reference = incident.window, incident.reference
    start, end = min(window.start, reference.start), max(window.end, reference.end)
    if (end - start) > FAR * (window.end - window.start):
        start, end = window.start - (window.end - window.start), window.end + (window.end - window.start) / 2
    margin = (end - start) * MARGIN
    whole = store.span()
    start, end = start - margin, end + margin
    if whole is not None:
        start, end = max(start, min(whole.start, window.start)), min(end, max(whole.end, window.end))
    return Window(start, max(end, start + timedelta(seconds=1)))


def _command(session: Session, chart: ChartView, board: BoardView) -> str:
    drawn = {series.name for series in chart.series}
    names = [metric.name for metric in CATALOGUE if metric.chart == chart.metric and metric.series in drawn]
    if chart.metric.startswith(SAMPLED_PREFIX):
        names = [chart.metric]
    target, span = shlex.quote(session.command_target), board.window
    start, end = (format_exact(moment, relative=chart.relative) for moment in (span.start, span.end))
    return "\n".join(f"pilothouse metrics {target} --metric {shlex.quote(name)} --bucket {chart.bucket_s}s "
                     f"--from {start} --to {end} --json" for name in names)
