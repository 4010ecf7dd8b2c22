"""The course of a change in a cell of a table: small, without axes, the part in which it was so in the accent."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QStyleOptionViewItem, QWidget

from console.changes.view import Trace
from widgets.models.rows import Index
from widgets.panels.parts import QuietChoice
from widgets.theme import ThemeHolder

MARGIN_PX, HIGH_PX, DOT_PX = 8, 28, 1.5


class SparkCell(QuietChoice):
    """Draws what `trace_of` gives for a row; nothing where that is None."""

    def __init__(self, holder: ThemeHolder, trace_of: Callable[[Index], Trace | None], parent: QWidget) -> None:
        super().__init__(parent)
        self._holder, self._trace_of = holder, trace_of

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Qt's cell, and the line in it."""
        super().paint(painter, option, index)
        trace = self._trace_of(index)
        if trace is not None:
            room = QRectF(option.rect).adjusted(MARGIN_PX, 0, -MARGIN_PX, 0)
            room = QRectF(room.left(), room.center().y() - HIGH_PX / 2, room.width(), HIGH_PX)
            self.draw(painter, room, trace)

    def draw(self, painter: QPainter, room: QRectF, trace: Trace) -> None:
        """Before and after muted, what is told of in the accent, a thin line where it began."""
        theme = self._holder.theme
        points = placed(trace, room)
        begin = room.left() + trace.first / max(1, len(trace.values) - 1) * room.width()
        painter.save()
        painter.setPen(QPen(theme.color("grid"), 1.0))
        painter.drawLine(QPointF(round(begin) + 0.5, room.top() - 2), QPointF(round(begin) + 0.5, room.bottom() + 2))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for first, last, tone in ((0, trace.first + 1, "muted"), (trace.last - 1, len(points), "muted"),
                                  (trace.first, trace.last, "accent")):
            painter.setPen(QPen(theme.color(tone), 1.0 if tone == "muted" else 1.5))
            painter.setBrush(theme.brush(tone))
            for part in runs(points[max(0, first):last]):
                if len(part) > 1:
                    painter.drawPolyline(QPolygonF(part))
                else:
                    painter.drawEllipse(part[0], DOT_PX, DOT_PX)
        painter.restore()


def placed(trace: Trace, room: QRectF) -> list[QPointF | None]:
    """Pixels; None for a gap. All of the range, and zero where that is not far off."""
    known = [value for value in trace.values if math.isfinite(value)]
    low, high = min(known, default=0.0), max(known, default=1.0)
    low = min(low, 0.0) if low < 0.5 * high else low
    across, up = room.width() / max(1, len(trace.values) - 1), room.height() / ((high - low) or 1.0)
    return [QPointF(room.left() + at * across, room.bottom() - (value - low) * up) if math.isfinite(value) else None
            for at, value in enumerate(trace.values)]


def runs(points: list[QPointF | None]) -> list[list[QPointF]]:
    """Stretches without a gap."""
    found: list[list[QPointF]] = [[]]
    for point in points:
        if point is None:
            found.append([])
        else:
            found[-1].append(point)
    return [part for part in found if part]

