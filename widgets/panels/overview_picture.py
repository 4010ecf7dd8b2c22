"""What of the overview strip stays while windows are dragged: silhouette, lanes, time axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QPainter, QPixmap

from console.alarms.on_charts import Shade
from console.metrics.view import OverviewView
from widgets.charts.curves import polygon
from widgets.charts.time_axis import time_ticks
from widgets.theme import GRID, Theme, font_metrics, system_font

EMPTY = "The whole log appears here once rows with a time are read"
VERSIONS_PX = 14.0
ALARMS_PX = 8.0
LEAST_ALARM_PX = 3.0
"""An alarm of a minute is seen in a log of weeks."""
MOST_ROWS = 2
"""Versions served side by side get a row each up to here, a stable one and its canary; more share the room."""
MOST_VERSIONS = 6
PENDING_ALPHA = 60
ERRORS_FULL = 0.05
"""From this failed share on a column of the silhouette is wholly in the colour of failure."""
ERRORS_LEAST = 0.002
BURST = 2.0
"""Rates over so many times the 95th percentile are drawn as high as that."""
CENTRE, LEFT = Qt.AlignmentFlag.AlignCenter, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True, slots=True)
class Lanes:
    """The rows of the strip, from top to bottom, in pixels."""

    area: QRectF                 # all of it that has times
    labels: QRectF               # names of the test windows
    silhouette: QRectF
    alarms: QRectF               # without height where nothing was pending or fired
    versions: QRectF
    axis: QRectF

    @staticmethod
    def of(width: float, height: float, rows: int = 1, *, alarms: bool = False) -> Lanes:
        """For a strip of that size with so many rows of versions; margins as the board's."""
        line = round(font_metrics().height())
        left, wide = 1.5 * GRID, max(1.0, width - 3 * GRID)
        labels = QRectF(left, 2, wide, line)
        axis = QRectF(left, height - line - 4, wide, line)
        tall = VERSIONS_PX * min(max(rows, 1), MOST_ROWS)
        versions = QRectF(left, axis.top() - tall - 2, wide, tall)
        fired = QRectF(left, versions.top() - 2 - (ALARMS_PX if alarms else 0), wide, ALARMS_PX if alarms else 0)
        silhouette = QRectF(left, labels.bottom(), wide, max(1.0, fired.top() - (2 if alarms else 0) - labels.bottom()))
        return Lanes(QRectF(left, 0, wide, height), labels, silhouette, fired, versions, axis)

    @property
    def below(self) -> float:
        """Height of all that the windows cover: from the silhouette to the end of the axis."""
        return self.axis.bottom() - self.silhouette.top()


def paint_overview(view: OverviewView, theme: Theme, size: QSize, ratio: float,
                   shades: Sequence[Shade] = ()) -> QPixmap:
    """Draws it; `shades`: when alarms were pending or fired."""
    pixmap = QPixmap(size * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(theme.color("surface"))
    lanes = Lanes.of(size.width(), size.height(), version_rows(view), alarms=bool(shades))
    painter = QPainter(pixmap)
    painter.setFont(system_font())
    if np.any(view.throughput > 0):
        _silhouette(painter, view, theme, lanes.silhouette)
    else:
        painter.setPen(theme.pen("muted"))
        painter.drawText(lanes.silhouette, CENTRE, view.note)
    _alarms(painter, view, theme, lanes, shades)
    _versions(painter, view, theme, lanes)
    _axis(painter, view, theme, lanes)
    painter.end()
    return pixmap


def _silhouette(painter: QPainter, view: OverviewView, theme: Theme, area: QRectF) -> None:
    """Requests a second as an area; where requests failed, its foot takes the colour of failure by their share."""
    if not len(view.times):
        return
    span = view.window.seconds
    edges = np.append(view.times, view.times[-1] + view.bucket_s) - view.window.start_s
    x = np.clip(area.left() + edges / span * area.width(), area.left(), area.right())
    rate = np.where(np.isfinite(view.throughput), view.throughput, 0.0)
    tall = np.minimum(rate / full_rate(rate), 1.0) * (area.height() - 2)
    failed = np.where(np.isfinite(view.error_rate), view.error_rate, 0.0)
    share = np.where(failed >= ERRORS_LEAST, np.minimum(failed / ERRORS_FULL, 1.0), 0.0)
    painter.setPen(Qt.PenStyle.NoPen)
    steps = np.repeat(x, 2)[1:-1]
    for heights, brush in ((tall, theme.brush("muted", 110)), (tall * share, theme.brush("firing", 190))):
        xs = np.concatenate(([x[0]], steps, [x[-1]]))
        ys = np.concatenate(([area.bottom()], area.bottom() - np.repeat(heights, 2), [area.bottom()]))
        painter.setBrush(brush)
        painter.drawPolygon(polygon(xs, ys))


def full_rate(rate: np.ndarray) -> float:
    """The rate that fills the silhouette: the greatest, but not so much of a burst that all else lies flat."""
    busy = rate[rate > 0]
    return min(float(busy.max()), BURST * float(np.quantile(busy, 0.95))) if len(busy) else 1.0


def _versions(painter: QPainter, view: OverviewView, theme: Theme, lanes: Lanes) -> None:
    """Versions that overlap are drawn below each other. Names where they fit, as plain text."""
    lane, metrics = lanes.versions, font_metrics()
    shown = view.versions[:MOST_VERSIONS]
    rows = version_rows(view)
    ends = [float("-inf")] * rows
    tall = lane.height() / rows
    for name, window in shown:
        row = next((at for at, end in enumerate(ends) if window.start_s >= end), 0)
        ends[row] = window.end_s
        left, right = (_x(view, lanes, at) for at in (window.start_s, window.end_s))
        box = QRectF(left, lane.top() + row * tall, max(2.0, right - left - 1), max(2.0, tall - 1))
        painter.fillRect(box, theme.brush("raised"))
        painter.fillRect(QRectF(box.left(), box.top(), 2, box.height()), theme.brush("muted"))
        if tall >= VERSIONS_PX and box.width() > 40:
            painter.setPen(theme.pen("muted"))
            text = metrics.elidedText(name, Qt.TextElideMode.ElideRight, box.width() - GRID)
            painter.drawText(box.adjusted(GRID / 2 + 2, 0, 0, 0), LEFT, text)
    painter.setPen(theme.pen("accent"))
    for _, at in view.annotations:
        x = _x(view, lanes, at.timestamp())
        painter.drawLine(QPointF(x, lanes.silhouette.top()), QPointF(x, lane.bottom()))
        painter.setBrush(theme.brush("accent"))
        foot = lane.bottom()
        painter.drawPolygon([QPointF(x - 4, foot), QPointF(x + 4, foot), QPointF(x, foot - 6)])


def _alarms(painter: QPainter, view: OverviewView, theme: Theme, lanes: Lanes, shades: Sequence[Shade]) -> None:
    """Firing fills the lane; pending is hatched, in its lower half. What fires is drawn last, over what is near."""
    lane = lanes.alarms
    for start, end, fires in sorted(shades, key=lambda one: one[2]):
        left = max(_x(view, lanes, start), lane.left())
        right = min(max(_x(view, lanes, end), left + LEAST_ALARM_PX), lane.right())
        if right <= left:
            continue
        if fires:
            painter.fillRect(QRectF(left, lane.top(), right - left, lane.height()), theme.brush("firing"))
        else:
            box = QRectF(left, lane.center().y(), right - left, lane.height() / 2)
            painter.fillRect(box, theme.brush("warning", PENDING_ALPHA))
            painter.fillRect(box, QBrush(theme.color("warning"), Qt.BrushStyle.BDiagPattern))


def version_rows(view: OverviewView) -> int:
    """How many versions overlap at most; 1 where there are none."""
    spans = [(window.start_s, window.end_s) for _, window in view.versions[:MOST_VERSIONS]]
    return max((sum(a <= start < b for a, b in spans) for start, _ in spans), default=1)


def _axis(painter: QPainter, view: OverviewView, theme: Theme, lanes: Lanes) -> None:
    axis, metrics = lanes.axis, font_metrics()
    start, end = view.window.start_s, view.window.end_s
    for tick in time_ticks(start, end, axis.width(), metrics.horizontalAdvance("0"), relative=view.relative):
        x = _x(view, lanes, tick.at_s)
        wide = metrics.horizontalAdvance(tick.label) + 4
        place = QRectF(min(max(x - wide / 2, axis.left()), axis.right() - wide), axis.top(), wide, axis.height())
        painter.setPen(theme.pen("text" if tick.day_change else "muted"))
        painter.drawText(place, CENTRE, tick.label)


def _x(view: OverviewView, lanes: Lanes, at_s: float) -> float:
    return lanes.area.left() + (at_s - view.window.start_s) / view.window.seconds * lanes.area.width()
