"""How good answers were over time, with what is not known yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QHelpEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from console.drift.maturity import Ripeness
from console.drift.outcomes_view import Measure, OutcomesView, Signal
from console.metrics.format import format_count, format_time, format_value
from console.window import from_epoch
from widgets.charts.time_axis import time_ticks
from widgets.charts.value_axis import value_ticks
from widgets.icons import Icons
from widgets.models.rows import plain_tip
from widgets.theme import REFERENCE_DASH, Theme, font_metrics

PAD = 8
LANE_PX = 20
"""The share of outcomes that came, below the curve."""
WORDS = {Ripeness.MATURE: "", Ripeness.YOUNG: "too young to be judged", Ripeness.HOLE: "outcomes are missing",
         Ripeness.EMPTY: "no requests"}
Place = Callable[[float], float]
"""From a value or a time to pixels."""
CENTRE = Qt.AlignmentFlag.AlignCenter


class OutcomeChart(QWidget):
    """One measure of an OutcomesView: curve with its band, both windows, alarms of the detectors, and below it the
    share of outcomes that came. What is too young or has a hole is hatched."""

    def __init__(self, icons: Icons) -> None:
        super().__init__()
        self.setObjectName("outcome_chart")
        self._icons = icons
        self._view: OutcomesView | None = None
        self._measure: Measure | None = None
        self.setMinimumSize(320, 176)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        icons.holder.changed.connect(self._theme_changed)

    def sizeHint(self) -> QSize:
        """As wide as there is."""
        return QSize(640, 280)

    def display(self, view: OutcomesView | None, measure: Measure | None) -> None:
        """That measure of it."""
        self._view, self._measure = view, measure
        self.setAccessibleName(spoken(view, measure))
        self.update()

    def event(self, event: QEvent) -> bool:
        """Qt's; a tip tells the bucket under the pointer."""
        if event.type() is QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            text = self.tip_at(event.position().x() if hasattr(event, "position") else event.pos().x())
            if text:
                QToolTip.showText(event.globalPos(), plain_tip(text), self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def tip_at(self, x: float) -> str:
        """What is known of the bucket there; "" outside."""
        view, measure = self._view, self._measure
        if view is None or measure is None or not len(view.buckets.n):
            return ""
        plot = self._plot()
        start, end = _span(view)
        place = int((start + (x - plot.left()) / max(1.0, plot.width()) * (end - start) - view.buckets.start_s[0])
                    // view.buckets.bucket_s)
        if not plot.left() <= x <= plot.right() or not 0 <= place < len(view.buckets.n):
            return ""
        buckets = view.buckets
        parts = [format_time(from_epoch(float(buckets.start_s[place])), relative=view.relative),
                 f"{measure.name} {format_value(float(measure.value[place]), measure.unit)}"]
        if np.isfinite(measure.low[place]):
            parts[-1] += f" ({format_value(float(measure.low[place]), measure.unit)} to " \
                         f"{format_value(float(measure.high[place]), measure.unit)})"
        parts.append(f"{format_count(int(buckets.n_told[place]))} outcomes of {format_count(int(buckets.n[place]))} "
                     "requests")
        said = WORDS[buckets.state[place]]
        return "\n".join([*parts, said] if said else parts)

    # ---- painting ------------------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        """All of it."""
        painter = QPainter(self)
        theme = self._icons.theme
        view, measure = self._view, self._measure
        if view is None or measure is None or not len(view.buckets.n):
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        plot, lane = self._plot(), self._lane()
        low, high = _range(measure)
        start, end = _span(view)

        def x_of(at_s: float) -> float:
            return plot.left() + (at_s - start) / (end - start) * plot.width()

        def y_of(value: float) -> float:
            return plot.bottom() - (value - low) / (high - low) * plot.height()

        self._grid(painter, theme, plot, low, high, measure.unit, start, end, view.relative)
        self._windows(painter, theme, plot, view, x_of)
        self._immature(painter, theme, plot, lane, view, x_of)
        self._curve(painter, theme, view, measure, x_of, y_of, plot)
        if np.isfinite(measure.usual) and low <= measure.usual <= high:
            painter.setPen(theme.pen("reference", 1, REFERENCE_DASH))
            painter.drawLine(QPointF(plot.left(), y_of(measure.usual)), QPointF(plot.right(), y_of(measure.usual)))
        self._arrived(painter, theme, lane, view, x_of)
        self._signals(painter, theme, plot, view.signals, x_of)
        painter.end()

    def _plot(self) -> QRectF:
        metrics = font_metrics()
        left = metrics.horizontalAdvance("000.0 %") + PAD
        below = LANE_PX + metrics.height() + 2 * PAD
        return QRectF(left, metrics.height() + PAD, max(1.0, self.width() - left - PAD),
                      max(1.0, self.height() - metrics.height() - PAD - below))

    def _lane(self) -> QRectF:
        plot = self._plot()
        return QRectF(plot.left(), plot.bottom() + PAD, plot.width(), LANE_PX)

    def _grid(self, painter: QPainter, theme: Theme, plot: QRectF, low: float, high: float, unit: str, start: float,
              end: float, relative: bool) -> None:
        metrics = font_metrics()
        for value, text in value_ticks(low, high, plot.height(), unit):
            y = plot.bottom() - (value - low) / (high - low) * plot.height()
            painter.setPen(theme.pen("grid"))
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            painter.setPen(theme.color("muted"))
            painter.drawText(QRectF(0, y - metrics.height() / 2, plot.left() - PAD, metrics.height()),
                             Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
        for tick in time_ticks(start, end, plot.width(), metrics.horizontalAdvance("0"), relative=relative):
            x = plot.left() + (tick.at_s - start) / (end - start) * plot.width()
            wide = metrics.horizontalAdvance(tick.label) + 4
            place = QRectF(min(max(x - wide / 2, plot.left()), plot.right() - wide),
                           plot.bottom() + LANE_PX + 2 * PAD, wide, metrics.height())
            painter.setPen(theme.color("text" if tick.day_change else "muted"))
            painter.drawText(place, CENTRE, tick.label)

    def _windows(self, painter: QPainter, theme: Theme, plot: QRectF, view: OutcomesView, x_of: Place) -> None:
        """As on every chart: the reference dashed and blue, the current window solid and orange."""
        for side, window in (("reference", view.reference), ("current", view.current)):
            if window is None:
                continue
            left, right = (min(max(x_of(at), plot.left()), plot.right()) for at in (window.start_s, window.end_s))
            area = QRectF(left, plot.top(), right - left, plot.height())
            painter.fillRect(area, theme.color(side, 20))
            painter.setPen(theme.pen(side, 1, REFERENCE_DASH if side == "reference" else ()))
            painter.drawLine(area.topLeft(), area.bottomLeft())
            painter.drawLine(area.topRight(), area.bottomRight())
            painter.setPen(theme.color(side))
            text = font_metrics().elidedText(side, Qt.TextElideMode.ElideRight, area.width() - 8)
            painter.drawText(QPointF(left + 4, plot.top() + font_metrics().ascent() + 2), text)

    def _immature(self, painter: QPainter, theme: Theme, plot: QRectF, lane: QRectF, view: OutcomesView,
                  x_of: Place) -> None:
        """Hatched, with a word where there is room."""
        for states, first, last in _runs(view.buckets.state):
            if states not in (Ripeness.YOUNG, Ripeness.HOLE):
                continue
            left = max(plot.left(), x_of(float(view.buckets.start_s[first])))
            right = min(plot.right(), x_of(float(view.buckets.start_s[last]) + view.buckets.bucket_s))
            area = QRectF(left, plot.top(), max(2.0, right - left), lane.bottom() - plot.top())
            painter.fillRect(area, theme.color("muted", 24))
            painter.fillRect(area, QBrush(theme.color("muted", 110), Qt.BrushStyle.BDiagPattern))
            text = "too young" if states is Ripeness.YOUNG else "missing"
            if font_metrics().horizontalAdvance(text) + 8 < area.width():
                painter.setPen(theme.color("text"))
                painter.drawText(area.adjusted(0, 0, 0, -lane.height() - PAD - 4),
                                 Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom, text)

    def _curve(self, painter: QPainter, theme: Theme, view: OutcomesView, measure: Measure, x_of: Place,
               y_of: Place, plot: QRectF) -> None:
        painter.save()
        painter.setClipRect(plot.adjusted(-2, -2, 2, 2))
        middle = view.buckets.start_s + view.buckets.bucket_s / 2
        young = np.array([state is not Ripeness.MATURE for state in view.buckets.state])
        known = np.isfinite(measure.value)
        for _, first, last in _runs([bool(one) for one in known]):
            if not known[first]:
                continue
            places = range(first, last + 1)
            banded = [at for at in places if np.isfinite(measure.low[at]) and np.isfinite(measure.high[at])]
            band = [QPointF(x_of(float(middle[at])), y_of(float(measure.low[at]))) for at in banded] + \
                   [QPointF(x_of(float(middle[at])), y_of(float(measure.high[at]))) for at in reversed(banded)]
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.brush("text", 28))
            painter.drawPolygon(QPolygonF(band))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            points = [QPointF(x_of(float(middle[at])), y_of(float(measure.value[at]))) for at in places]
            for at, (one, other) in enumerate(pairwise(points)):
                unsure = young[first + at] or young[first + at + 1]
                painter.setPen(QPen(theme.color("muted"), 1.5, Qt.PenStyle.DotLine) if unsure
                               else QPen(theme.color("text"), 1.5))
                painter.drawLine(one, other)
            if len(points) == 1:
                painter.setPen(QPen(theme.color("text"), 4))
                painter.drawPoint(points[0])
        painter.restore()

    def _arrived(self, painter: QPainter, theme: Theme, lane: QRectF, view: OutcomesView, x_of: Place) -> None:
        """A bar for each bucket: which share of its requests has an outcome."""
        buckets = view.buckets
        painter.setPen(theme.pen("line"))
        painter.drawLine(lane.bottomLeft(), lane.bottomRight())
        painter.setPen(Qt.PenStyle.NoPen)
        for place, (n, told, start) in enumerate(zip(buckets.n, buckets.n_told, buckets.start_s, strict=True)):
            if n:
                left = max(lane.left(), x_of(float(start)) + 0.5)
                right = min(lane.right(), x_of(float(start) + buckets.bucket_s) - 0.5)
                high = lane.height() * float(told / n)
                mature = buckets.state[place] is Ripeness.MATURE
                painter.setBrush(theme.brush("good" if mature else "muted", 130 if mature else 90))
                painter.drawRect(QRectF(left, lane.bottom() - high, max(1.0, right - left), high))
        metrics = font_metrics()
        painter.setPen(theme.color("muted"))
        painter.drawText(QRectF(0, lane.top(), lane.left() - PAD, lane.height()),
                         Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
                         metrics.elidedText("labels", Qt.TextElideMode.ElideRight, lane.left() - PAD))

    def _signals(self, painter: QPainter, theme: Theme, plot: QRectF, signals: Sequence[Signal], x_of: Place) -> None:
        """A line from the top where a detector noticed something: a full triangle for an alarm that lasts, an open one
        for one that was alone."""
        metrics = font_metrics()
        taken = 0.0
        for signal in sorted(signals, key=lambda one: one.at):
            x = x_of(signal.at.timestamp())
            if not plot.left() <= x <= plot.right():
                continue
            tone = "firing" if signal.times > 1 and signal.rising else "muted"
            painter.setPen(QPen(theme.color(tone), 1.5, Qt.PenStyle.SolidLine if signal.times > 1
                                else Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()))
            painter.setBrush(theme.brush(tone) if signal.times > 1 else Qt.BrushStyle.NoBrush)
            top = plot.top() - 2
            tip, base = (top - 8, top) if signal.rising else (top, top - 8)
            painter.drawPolygon(QPolygonF([QPointF(x - 5, base), QPointF(x + 5, base), QPointF(x, tip)]))
            text = signal.detector
            wide = metrics.horizontalAdvance(text)
            left = max(x + 8, taken)        # two that agree stand side by side
            if left + wide <= self.width():
                painter.setPen(theme.color(tone))
                painter.drawText(QPointF(left, plot.top() - 3), text)
                taken = left + wide + PAD

    def _theme_changed(self, _theme: Theme) -> None:
        self.update()


def spoken(view: OutcomesView | None, measure: Measure | None) -> str:
    """The picture in words."""
    if view is None or measure is None:
        return "No outcomes"
    known = measure.value[np.isfinite(measure.value)]
    last = f", last {format_value(float(known[-1]), measure.unit)}" if len(known) else ""
    young = sum(state is Ripeness.YOUNG for state in view.buckets.state)
    waits = f"; {young} buckets are too young to be judged" if young else ""
    return f"{measure.name} over time, {format_value(measure.usual, measure.unit)} in the reference{last}{waits}"


def _runs(states: Sequence[object]) -> list[tuple[object, int, int]]:
    """Equal neighbours: (state, first, last)."""
    found: list[tuple[object, int, int]] = []
    for place, state in enumerate(states):
        if found and found[-1][0] == state:
            found[-1] = (state, found[-1][1], place)
        else:
            found.append((state, place, place))
    return found


def _span(view: OutcomesView) -> tuple[float, float]:
    buckets = view.buckets
    return float(buckets.start_s[0]), float(buckets.start_s[-1]) + buckets.bucket_s


def _range(measure: Measure) -> tuple[float, float]:
    """From 0 for shares; of what is mature and not too wide, so that one bucket of three rows does not decide."""
    known = measure.value[np.isfinite(measure.value)]
    ends = [float(known.min()), float(known.max())] if len(known) else [0.0, 1.0]
    bands = measure.high[np.isfinite(measure.high)], measure.low[np.isfinite(measure.low)]
    if len(bands[0]):
        ends += [float(np.quantile(bands[0], 0.9)), float(np.quantile(bands[1], 0.1))]
    if np.isfinite(measure.usual):
        ends.append(measure.usual)
    low, high = min(ends), max(ends)
    if measure.unit == "share" or (measure.name != "AUC" and low >= 0):
        low = 0.0
    room = 0.08 * ((high - low) or 1.0)
    low, high = (low if low == 0.0 else low - room), high + room
    return (max(0.0, low), min(1.0, high)) if measure.name == "AUC" else (low, high)
