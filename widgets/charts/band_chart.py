"""A few curves with their intervals in one frame, over time or over a count: one of them is marked, with its band."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from console.drift.result import Floats
from console.metrics.format import format_number, format_time
from console.window import from_epoch
from widgets.charts.time_axis import time_ticks
from widgets.charts.value_axis import HeldRange, value_ticks
from widgets.icons import Icons
from widgets.models.rows import plain_tip
from widgets.theme import Theme, font_metrics, system_font

PAD = 8
POINTS_UNTIL = 20
"""So few points are drawn as dots too: they are what was measured."""
BAND = 36
"""Alpha of an interval."""
SWATCH_PX = 24
LEAST_TICK_PX = 2.5
"""A tick along a count wants so many times the room of one along a value."""
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
Place = Callable[[float], float]


@dataclass(frozen=True, slots=True, eq=False)
class BandCurve:
    """One of them; arrays of one length, NaN where nothing is known. number: of its colour and dash."""

    title: str
    number: int
    x: Floats
    y: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True)
class Frame:
    """What the curves are drawn in.

    x       "time": seconds since 1970; else what is counted, such as "outcomes"
    moment  an upright line there, with words; None for none
    level   a line across, such as 0 of a difference
    """

    title: str
    unit: str
    x: str
    relative: bool = False
    moment: tuple[float, str] | None = None
    level: float | None = None


class BandChart(QWidget):
    """Displays curves. The first is always drawn with its band, the marked one too; the others are thin lines."""

    def __init__(self, icons: Icons, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self._icons = icons
        self._frame: Frame | None = None
        self._curves: tuple[BandCurve, ...] = ()
        self._marked = 0
        self._at: float | None = None       # x of the points that are pointed at
        self._held = HeldRange()
        self.setMinimumSize(320, 144)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        icons.holder.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """As wide as there is."""
        return QSize(640, 240)

    @property
    def title(self) -> str:
        """What is drawn."""
        return self._frame.title if self._frame is not None else ""

    def display(self, frame: Frame | None, curves: Sequence[BandCurve]) -> None:
        """Other curves."""
        self._frame, self._curves, self._at = frame, tuple(curves), None
        self._held = HeldRange()
        self._marked = min(self._marked, max(0, len(curves) - 1))
        self._tell()

    def mark(self, number: int) -> None:
        """That curve of them."""
        self._marked = number if 0 <= number < len(self._curves) else 0
        self._tell()

    def _tell(self) -> None:
        self.setAccessibleName(self._spoken())
        self.update()

    def _spoken(self) -> str:
        if self._frame is None:
            return "Nothing is drawn"
        said = []
        for curve in self._curves:
            known = np.flatnonzero(np.isfinite(curve.y))
            if len(known):
                said.append(f"{curve.title}: {format_number(float(curve.y[known[0]]))} at first, "
                            f"{format_number(float(curve.y[known[-1]]))} last")
        return f"{self._frame.title}. {'; '.join(said)}"

    # ---- places --------------------------------------------------------------------------------------------

    def _plot(self, top: float) -> QRectF:
        metrics = font_metrics()
        left = metrics.horizontalAdvance("-0.0000") + PAD
        return QRectF(left, top, max(1.0, self.width() - left - PAD),
                      max(1.0, self.height() - top - metrics.height() - PAD))

    def _span(self) -> tuple[float, float]:
        xs = np.concatenate([curve.x[np.isfinite(curve.y)] for curve in self._curves] or [np.zeros(0)])
        if not len(xs):
            return 0.0, 1.0
        low, high = float(xs.min()), float(xs.max())
        low = low if self._frame is not None and self._frame.x == "time" else 0.0
        return (low, high) if high > low else (low, low + 1.0)

    def _range(self) -> tuple[float, float]:
        shown = [curve.y for curve in self._curves]
        for number in {0, self._marked}:
            if number < len(self._curves):
                shown += [self._curves[number].low, self._curves[number].high]
        values = np.concatenate(shown) if shown else np.zeros(0)
        values = values[np.isfinite(values)]
        if self._frame is not None and self._frame.level is not None:
            values = np.append(values, self._frame.level)
        if len(values):
            self._held.fit(float(values.min()), float(values.max()), "")
        return self._held.low, self._held.high

    # ---- painting ------------------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Qt's."""
        painter = QPainter(self)
        painter.setFont(system_font())
        self._draw(painter, font_metrics().height() + PAD)
        painter.end()

    def draw(self, painter: QPainter) -> None:
        """For a file: with the names of the curves above them."""
        theme, metrics = self._icons.theme, font_metrics()
        painter.setFont(system_font())
        painter.fillRect(QRectF(0, 0, self.width(), self.height()), theme.color("surface"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        left, top = 0.0, metrics.height() + PAD
        for curve in self._curves:
            wide = SWATCH_PX + PAD / 2 + metrics.horizontalAdvance(curve.title) + 2 * PAD
            if left and left + wide > self.width():
                left, top = 0.0, top + metrics.height() + 2
            draw_swatch(painter, theme, curve.number, QRectF(left, top, SWATCH_PX, metrics.height()))
            painter.setPen(theme.color("text"))
            painter.drawText(QRectF(left + SWATCH_PX + PAD / 2, top, wide, metrics.height()), LEFT, curve.title)
            left += wide
        self._draw(painter, top + metrics.height() + PAD)

    def _draw(self, painter: QPainter, top: float) -> None:
        frame, theme, metrics = self._frame, self._icons.theme, font_metrics()
        if frame is None:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        plot = self._plot(top)
        painter.setPen(theme.color("text"))
        painter.drawText(QRectF(0, 0, self.width(), metrics.height()), LEFT, frame.title)
        if frame.unit:
            painter.setPen(theme.color("muted"))
            painter.drawText(QRectF(metrics.horizontalAdvance(frame.title) + PAD, 0, self.width(), metrics.height()),
                             LEFT, frame.unit)
        start, end = self._span()
        low, high = self._range()

        def x_of(value: float) -> float:
            return plot.left() + (value - start) / (end - start) * plot.width()

        def y_of(value: float) -> float:
            return plot.bottom() - (value - low) / (high - low) * plot.height()

        self._grid(painter, theme, plot, (start, end), (low, high), x_of, y_of)
        if frame.level is not None and low <= frame.level <= high:
            painter.setPen(theme.pen("muted"))
            painter.drawLine(QPointF(plot.left(), y_of(frame.level)), QPointF(plot.right(), y_of(frame.level)))
        painter.save()
        painter.setClipRect(plot.adjusted(-3, -3, 3, 3))
        order = [number for number in range(len(self._curves)) if number != self._marked]
        for number in dict.fromkeys((0, self._marked)):
            if number < len(self._curves):
                self._band(painter, theme, self._curves[number], x_of, y_of)
        for number in (*order, self._marked):
            if number < len(self._curves):
                self._curve(painter, theme, self._curves[number], x_of, y_of, heavy=number == self._marked)
        painter.restore()
        for at, text, tone in ((*frame.moment, "text") if frame.moment is not None else (None, "", ""),
                               (self._at, "", "muted")):
            if at is not None and start <= at <= end:
                self._upright(painter, theme, plot, x_of(at), text, tone)

    def _grid(self, painter: QPainter, theme: Theme, plot: QRectF, span: tuple[float, float],
              held: tuple[float, float], x_of: Place, y_of: Place) -> None:
        frame, metrics = self._frame, font_metrics()
        assert frame is not None
        for value, text in value_ticks(*held, plot.height(), ""):
            painter.setPen(theme.pen("grid"))
            painter.drawLine(QPointF(plot.left(), y_of(value)), QPointF(plot.right(), y_of(value)))
            painter.setPen(theme.color("muted"))
            painter.drawText(QRectF(0, y_of(value) - metrics.height() / 2, plot.left() - PAD, metrics.height()),
                             Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
        if frame.x == "time":
            ticks = [(tick.at_s, tick.label, tick.day_change) for tick in time_ticks(
                *span, plot.width(), metrics.horizontalAdvance("0"), relative=frame.relative)]
        else:
            ticks = [(value, text, False) for value, text in value_ticks(*span, plot.width() / LEAST_TICK_PX, "")]
            if ticks:
                ticks[-1] = (ticks[-1][0], f"{ticks[-1][1]} {frame.x}", False)
        for value, text, strong in ticks:
            wide = metrics.horizontalAdvance(text) + 4
            place = QRectF(min(max(x_of(value) - wide / 2, plot.left()), plot.right() - wide), plot.bottom() + PAD / 2,
                           wide, metrics.height())
            painter.setPen(theme.color("text" if strong else "muted"))
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)

    def _band(self, painter: QPainter, theme: Theme, curve: BandCurve, x_of: Place, y_of: Place) -> None:
        known = np.flatnonzero(np.isfinite(curve.low) & np.isfinite(curve.high))
        color = QColor(theme.series_color(curve.number))
        color.setAlpha(BAND)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        for part in _stretches(known):
            above = [QPointF(x_of(float(curve.x[at])), y_of(float(curve.high[at]))) for at in part]
            under = [QPointF(x_of(float(curve.x[at])), y_of(float(curve.low[at]))) for at in reversed(part)]
            if len(part) == 1:
                painter.drawRect(QRectF(above[0].x() - 2, above[0].y(), 4, under[0].y() - above[0].y()))
            else:
                painter.drawPolygon(QPolygonF(above + under))
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _curve(self, painter: QPainter, theme: Theme, curve: BandCurve, x_of: Place, y_of: Place, *,
               heavy: bool) -> None:
        known = np.flatnonzero(np.isfinite(curve.y))
        pen = QPen(theme.series_pen(curve.number, weight=2.0 if heavy else 1.0))
        painter.setPen(pen)
        for part in _stretches(known):
            for one, other in pairwise(part):
                painter.drawLine(QPointF(x_of(float(curve.x[one])), y_of(float(curve.y[one]))),
                                 QPointF(x_of(float(curve.x[other])), y_of(float(curve.y[other]))))
        if len(known) <= POINTS_UNTIL:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(pen.color())
            for at in known.tolist():
                painter.drawEllipse(QPointF(x_of(float(curve.x[at])), y_of(float(curve.y[at]))), *(
                    (3.5, 3.5) if heavy else (2.5, 2.5)))
            painter.setBrush(Qt.BrushStyle.NoBrush)

    def _upright(self, painter: QPainter, theme: Theme, plot: QRectF, x: float, text: str, tone: str) -> None:
        painter.setPen(theme.pen(tone, 1, () if text else (2, 3)))
        painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()))
        if text:
            metrics = font_metrics()
            wide = metrics.horizontalAdvance(text)
            left = x + 4 if x + 4 + wide <= plot.right() else x - 4 - wide
            painter.drawText(QRectF(left, plot.top(), wide + 2, metrics.height()), LEFT, text)

    # ---- pointing ------------------------------------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Qt's: an upright line at the nearest points."""
        at = self._nearest(event.position().x())
        if at != self._at:
            self._at = at
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Qt's."""
        self._at = None
        self.update()
        super().leaveEvent(event)

    def event(self, event: QEvent) -> bool:
        """Qt's; a tip tells the values there."""
        if event.type() is QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            text = self.tip_at(event.pos().x())
            if text:
                QToolTip.showText(event.globalPos(), plain_tip(text), self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def tip_at(self, x: float) -> str:
        """What every curve says there; "" outside."""
        at, frame = self._nearest(x), self._frame
        if at is None or frame is None:
            return ""
        lines = [format_time(from_epoch(at), relative=frame.relative) if frame.x == "time" else
                 f"{format_number(at)} {frame.x}"]
        for curve in self._curves:
            for place in np.flatnonzero((curve.x == at) & np.isfinite(curve.y)).tolist():
                said = f"{curve.title}: {format_number(float(curve.y[place]))}"
                if np.isfinite(curve.low[place]) and np.isfinite(curve.high[place]):
                    said += f" ({format_number(float(curve.low[place]))} to {format_number(float(curve.high[place]))})"
                lines.append(said)
        return "\n".join(lines)

    def _nearest(self, x: float) -> float | None:
        plot = self._plot(0.0)
        if self._frame is None or not plot.left() - PAD <= x <= plot.right() + PAD:
            return None
        xs = np.concatenate([curve.x[np.isfinite(curve.y)] for curve in self._curves] or [np.zeros(0)])
        if not len(xs):
            return None
        start, end = self._span()
        value = start + (x - plot.left()) / plot.width() * (end - start)
        return float(xs[np.argmin(np.abs(xs - value))])


def draw_swatch(painter: QPainter, theme: Theme, number: int, place: QRectF) -> None:
    """Colour and dash of a curve, as it is drawn."""
    painter.setPen(theme.series_pen(number, weight=2.0))
    painter.drawLine(QPointF(place.left(), place.center().y()), QPointF(place.right(), place.center().y()))


def swatch(theme: Theme, number: int) -> QPixmap:
    """The same, for the cell of a table."""
    made = QPixmap(SWATCH_PX, 16)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    draw_swatch(painter, theme, number, QRectF(0, 0, SWATCH_PX, 16))
    painter.end()
    return made


def _stretches(places: np.ndarray) -> list[list[int]]:
    """Places that follow each other."""
    if not len(places):
        return []
    cuts = np.flatnonzero(np.diff(places) > 1) + 1
    return [[int(at) for at in part] for part in np.split(places, cuts)]
