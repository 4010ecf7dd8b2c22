"""A threshold in hand: taken with the mouse or by keys, moved, and kept or dropped.

    drag a handle or a label      moves the line; Escape or the right button drops it
    click on one, or Shift + T    takes it for the keys: Up and Down move it, Page Up and Page Down by ten steps,
                                  Return keeps it, Escape drops it
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter

from console.alarms.on_charts import Line
from widgets.charts.alarm_marks import TONES, Place, Tag, handle_of, paint_edges, tag_at
from widgets.charts.value_axis import LEVELS_REACH, nice, nice_step
from widgets.theme import GRID, Theme, font_metrics, system_font

if TYPE_CHECKING:
    from widgets.charts.chart import Chart

DRAG_PX = 3
STEPS = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1, Qt.Key.Key_PageUp: 10, Qt.Key.Key_PageDown: -10}
KEEPS = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
COUNTING = "Counting how often …"
KEY_REACH = 4.0
"""So much a line that is moved by keys may stretch the range of values."""
PLATE_ALPHA, BAR_PX = 235, 4
CLEAR_DASH: tuple[float, ...] = (2, 4)


class Grip:
    """Of one chart; speaks through the chart's signals."""

    def __init__(self, chart: Chart) -> None:
        self._chart = chart
        self.line: Line | None = None
        self.level = 0.0
        self.said = ""
        self.spans: tuple[tuple[float, float], ...] = ()
        self._press: QPointF | None = None
        self._dragged = False

    @property
    def mouse_down(self) -> bool:
        """While it is so the range of values holds still, or the line would run away from the pointer."""
        return self._press is not None

    @property
    def reach(self) -> float:
        """How far it takes the range of values with it."""
        return KEY_REACH if self.line is not None else LEVELS_REACH

    def take(self, line: Line) -> None:
        """In hand, at its level."""
        if self.line is not None and self.line.rule != line.rule:
            self.drop()
        self.line, self.level, self.said, self.spans = line, self._chart.level_of(line), COUNTING, ()
        self._moved()

    def show(self, said: str, spans: tuple[tuple[float, float], ...]) -> None:
        """How often it would have fired at this level, and when."""
        self.said, self.spans = said, spans
        self._chart.grip_changed()

    def keep(self) -> None:
        """It stays where it is now."""
        line, self.line, self._press = self.line, None, None
        chart = self._chart
        if line is not None and chart.view is not None:
            if self.level == chart.level_of(line):
                chart.threshold_dropped.emit(chart.view.metric, line.rule)
            else:
                number = line.number(self.level)
                chart.hold_level(line.rule, number)
                chart.threshold_moved.emit(chart.view.metric, line.rule, number)
        chart.grip_changed()

    def drop(self) -> None:
        """Back to where it was."""
        line, self.line, self._press = self.line, None, None
        if line is not None and self._chart.view is not None:
            self._chart.threshold_dropped.emit(self._chart.view.metric, line.rule)
        self._chart.grip_changed()

    # mouse

    def tag_at(self, place: QPointF) -> Tag | None:
        """The label or handle there."""
        return tag_at(self._chart.tags, self._chart.plot_rect, place)

    def press(self, event: QMouseEvent) -> bool:
        """Whether the button went down on a threshold, or on what ends one that is in hand."""
        if event.button() == Qt.MouseButton.RightButton and self._press is not None:
            self.drop()
            return True
        if event.button() != Qt.MouseButton.LeftButton:
            return False
        tag = self.tag_at(event.position())
        if tag is None or tag.line.fixed:
            if self.line is not None:
                self.drop()
            return False
        self._press, self._dragged = event.position(), False
        if self.line is None or self.line.rule != tag.line.rule:
            self.take(tag.line)
        return True

    def move(self, event: QMouseEvent) -> bool:
        """Whether a line is being dragged."""
        if self._press is None or self.line is None:
            return False
        y = event.position().y()
        if not self._dragged and abs(y - self._press.y()) < DRAG_PX:
            return True
        self._dragged = True
        self._to(self._chart.level_at(y))
        return True

    def release(self, event: QMouseEvent) -> bool:
        """A drag keeps the line; after a click it stays in hand, for the keys."""
        if event.button() != Qt.MouseButton.LeftButton or self._press is None:
            return False
        self._press = None
        if self._dragged:
            self.keep()
        return True

    # keyboard

    def wants(self, event: QKeyEvent) -> bool:
        """Whether the key is for the line in hand."""
        key = Qt.Key(event.key())
        return self.line is not None and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier and (
            key in STEPS or key in KEEPS or key == Qt.Key.Key_Escape)

    def key(self, event: QKeyEvent) -> bool:
        """Moves, keeps or drops it. Says whether the key was one of ours."""
        if not self.wants(event):
            return False
        key = Qt.Key(event.key())
        if key in STEPS:
            low, high = self._chart.value_range
            step = nice_step(low, high)
            self._to(nice(self.level + STEPS[key] * step, step))
        elif key in KEEPS:
            self.keep()
        else:
            self.drop()
        return True

    # painting

    def paint(self, painter: QPainter, theme: Theme, place: Place) -> None:
        """The line where it is now, with its handle, what it would have done, and when."""
        line, plot = self.line, place.plot
        if line is None:
            return
        tone = TONES[line.severity]
        for start, end in self.spans:
            left, right = max(place.x(start), plot.left()), min(max(place.x(end), place.x(start) + 2), plot.right())
            if right > left:
                painter.fillRect(QRectF(left, plot.top(), right - left, BAR_PX), theme.brush(tone))
        beyond = (self.level > place.high) - (self.level < place.low)
        y = round(min(max(place.y(self.level), plot.top()), plot.bottom()))
        if line.clear is not None:
            clear = place.y(self.level + line.clear - line.value)
            if plot.top() <= clear <= plot.bottom():
                painter.setPen(theme.pen(tone, 1.0, CLEAR_DASH))
                painter.drawLine(QPointF(plot.left(), clear), QPointF(plot.right(), clear))
        painter.setPen(theme.pen(tone, 2.0))
        if line.edges is None:
            painter.drawLine(int(plot.left()), y, int(plot.right()), y)
        else:
            paint_edges(painter, line.edges.widened(line.number(self.level)), place)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.brush(tone))
        painter.drawPolygon(handle_of(Tag(line, "", tone, y, 0, QRectF()), plot))
        self._paint_plate(painter, theme, plot, y, f"{'▲ ' if beyond > 0 else '▼ ' if beyond < 0 else ''}", tone)

    def _paint_plate(self, painter: QPainter, theme: Theme, plot: QRectF, y: int, before: str, tone: str) -> None:
        """What it says, in as many lines as it needs: above the line where there is room, else below."""
        assert self.line is not None
        metrics, tall = font_metrics(), round(font_metrics().height())
        head = f"{before}{self.line.title} {self._chart.text_of(self.line, self.level)}"
        lines = [head, *wrapped(self.said, lambda text: metrics.horizontalAdvance(text) <= plot.width() - 3 * GRID)]
        wide = min(max(metrics.horizontalAdvance(text) for text in lines) + 2 * GRID, plot.width())
        high = tall * len(lines) + GRID
        top: float = y - high - 4 if y - high - 4 >= plot.top() + BAR_PX else y + 4
        top = min(max(top, plot.top() + BAR_PX + 1), plot.bottom() - high)
        box = QRectF(round(plot.right() - wide), round(top), round(wide), high)
        painter.fillRect(box, theme.brush("raised", PLATE_ALPHA))
        painter.fillRect(QRectF(box.left(), box.top(), 2, box.height()), theme.brush(tone))
        painter.setFont(system_font())
        for number, text in enumerate(lines):
            painter.setPen(theme.pen("muted" if number and self.said == COUNTING else "text"))
            room = QRectF(box.left() + GRID, box.top() + GRID / 2 + number * tall, box.width() - 1.5 * GRID, tall)
            shown = metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, room.width())
            painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)

    def _to(self, level: float) -> None:
        if level != self.level:
            self.level = level
            self._moved()

    def _moved(self) -> None:
        chart = self._chart
        if self.line is not None and chart.view is not None:
            chart.threshold_moving.emit(chart.view.metric, self.line.rule, self.line.number(self.level))
        chart.grip_changed()


def wrapped(text: str, fits: Callable[[str], bool]) -> list[str]:
    """At commas, into lines that fit."""
    lines: list[str] = []
    for part in text.split(", "):
        if lines and fits(f"{lines[-1]}, {part}"):
            lines[-1] = f"{lines[-1]}, {part}"
        else:
            lines.append(part)
    return lines
