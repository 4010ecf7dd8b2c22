"""The cross-hair of a chart: a line, a dot on each curve, and at its foot the time of the bucket it is in."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter

from console.metrics.format import format_since
from console.metrics.view import ChartView
from console.window import from_epoch
from widgets.charts.backdrop import CENTRE, MIDDLE, Layout, metrics, time_boxes, time_places
from widgets.charts.time_axis import time_ticks
from widgets.theme import GRID, Theme, font_metrics, system_font

CROSS_DOT_PX = 3.0


@dataclass(frozen=True, slots=True)
class Foot:
    """Where the time is written, in pixels of the chart, and what."""

    box: QRectF
    text: str


def foot_of(x: float, at_s: float, layout: Layout, view: ChartView | None) -> Foot:
    """Below the plot at x, but inside the chart; the start of the bucket, of the instant itself without data."""
    bucket_s = 0
    if view is not None:
        bucket_s = view.bucket_s
        at_s = float(view.times[0] + (at_s - view.times[0]) // bucket_s * bucket_s)
    at = from_epoch(at_s)
    text = f"{at:%H:%M:%S}" if bucket_s < 60 else f"{at.day} {at:%b %H:%M}"
    if view is not None and view.relative:
        text = f"+{format_since(at)}"
    wide, times = font_metrics().horizontalAdvance(text) + GRID, layout.times
    left = min(max(x - wide / 2, 2.0), times.width() - wide - 2)
    return Foot(QRectF(round(left), times.top() - 1, round(wide), times.height() + 2), text)


def paint_cross(
    painter: QPainter, theme: Theme, layout: Layout, span: tuple[float, float], foot: Foot, x: int, *, locked: bool,
    relative: bool = False,
) -> None:
    """The line and its time, over the axis of the window `span`; a locked one in the accent."""
    plot = layout.plot
    painter.setPen(theme.pen("accent" if locked else "muted"))
    painter.drawLine(x, int(plot.top()), x, int(plot.bottom()))
    ticks = time_ticks(*span, plot.width(), metrics()[2], relative=relative)
    for box in time_boxes(ticks, time_places(ticks, *span, plot), layout):
        if box.intersects(foot.box):         # rather none than half a label
            painter.fillRect(box, theme.brush("surface"))
    painter.fillRect(foot.box, theme.brush("accent" if locked else "raised"))
    painter.setPen(theme.pen("on_accent" if locked else "text"))
    painter.setFont(system_font())
    painter.drawText(foot.box, CENTRE | MIDDLE, foot.text)


def paint_dots(painter: QPainter, theme: Theme, x: float, heights: list[float | None]) -> None:
    """A dot on each curve, none where it has no value."""
    painter.setPen(Qt.PenStyle.NoPen)
    for number, y in enumerate(heights):
        if y is not None:
            painter.setBrush(theme.series_pen(number).color())
            painter.drawEllipse(QRectF(x - CROSS_DOT_PX, y - CROSS_DOT_PX, 2 * CROSS_DOT_PX, 2 * CROSS_DOT_PX))
