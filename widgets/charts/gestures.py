"""Mouse and keys on a chart: from pixels to what is asked for.

    drag               moves the visible window          Shift + drag          brushes the current window
    wheel              zooms around the pointer          Alt or Ctrl + drag    brushes the reference window
    sideways wheel     moves the visible window          R or C held + drag    brushes reference or current
    click              locks or frees the cross-hair     double click          back to the window before
    Shift + arrows     move the cross-hair by a bucket,  Return                locks it; again: its rows; Escape frees
                       held or not
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent

if TYPE_CHECKING:
    from widgets.charts.chart import Chart

DRAG_PX = 4
"""A press that moves less is a click."""
ZOOM_PER_STEP = 0.8
"""Factor of one step (15 degrees) of a wheel."""
PAN_PER_STEP = 0.1
WHEEL_STEP = 120
KEYS = (Qt.Key.Key_Left, Qt.Key.Key_Right)
LEFT_BUTTON = Qt.MouseButton.LeftButton


@dataclass(slots=True)
class Drag:
    """A button that is down. `side`: the window being brushed, "" when the visible one is being moved."""

    start_x: float
    start_s: float
    side: str
    under_way: bool = False


class Gestures:
    """The gestures of one chart; speaks through the chart's signals."""

    def __init__(self, chart: Chart) -> None:
        self._chart = chart
        self._drag: Drag | None = None
        self._side = ""
        self._double = False

    def set_side(self, side: str) -> None:
        """What a plain drag brushes; "" for none."""
        self._side = side

    def press(self, event: QMouseEvent) -> None:
        """The left button on the plot begins a drag or a click, on the title it chooses the chart."""
        self._double = False
        chart = self._chart
        if event.button() != LEFT_BUTTON or chart.view is None:
            if self._drag is not None and event.button() == Qt.MouseButton.RightButton:
                self._give_up()
            return
        if self._in_plot(event.position()):
            x = event.position().x()
            self._drag = Drag(x, chart.time_at(x), self._side_of(event))
        elif event.position().y() < chart.plot_rect.top():
            chart.chosen.emit(chart.view.metric)
            curve = chart.curve_at(event.position())
            if curve:
                chart.curve_asked.emit(chart.view.metric, curve, event.globalPosition().toPoint())

    def move(self, event: QMouseEvent) -> None:
        """Without a button: pointing. With one: moving or brushing."""
        chart, drag, x = self._chart, self._drag, event.position().x()
        if drag is None:
            inside = chart.view is not None and self._in_plot(event.position())
            chart.viewport().setCursor(Qt.CursorShape.CrossCursor if inside else Qt.CursorShape.ArrowCursor)
            chart.hovered.emit(chart.time_at(x) if inside else None)
            return
        if not drag.under_way and abs(x - drag.start_x) < DRAG_PX:
            return
        drag.under_way = True
        if drag.side:
            start, end = self._brushed(drag, x)
            if end > start:
                chart.window_brushing.emit(drag.side, start, end)
        else:
            chart.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
            chart.panning.emit(self._panned(drag, x))

    def release(self, event: QMouseEvent) -> None:
        """Ends a drag with what it asks for; without a drag it was a click."""
        chart, drag, x = self._chart, self._drag, event.position().x()
        if event.button() != LEFT_BUTTON or drag is None:
            return
        self._drag = None
        chart.viewport().setCursor(Qt.CursorShape.CrossCursor)
        if not drag.under_way:
            if not self._double and chart.view is not None:
                chart.clicked.emit(chart.view.metric, drag.start_s)
        elif drag.side:
            start, end = self._brushed(drag, x)
            if end > start:
                chart.window_brushed.emit(drag.side, start, end)
        else:
            chart.pan_asked.emit(self._panned(drag, x))

    def double_click(self, event: QMouseEvent) -> None:
        """Back on the plot; on the title the chart alone. The click before it has locked the cross-hair: the second
        click frees it again."""
        chart = self._chart
        if event.button() != LEFT_BUTTON or chart.view is None:
            return
        self._double = True
        if self._in_plot(event.position()):
            chart.clicked.emit(chart.view.metric, chart.time_at(event.position().x()))
            chart.back_asked.emit()
        elif event.position().y() < chart.plot_rect.top():
            chart.alone_asked.emit(chart.view.metric)

    def wheel(self, event: QWheelEvent) -> None:
        """Over the plot it zooms; elsewhere the board scrolls."""
        chart = self._chart
        if chart.view is None or not self._in_plot(event.position()):
            event.ignore()
            return
        steps = event.angleDelta()
        if abs(steps.x()) > abs(steps.y()):
            chart.pan_asked.emit(-PAN_PER_STEP * steps.x() / WHEEL_STEP)
        elif steps.y():
            chart.zoom_asked.emit(ZOOM_PER_STEP ** (steps.y() / WHEEL_STEP), chart.time_at(event.position().x()))
        event.accept()

    def leave(self) -> None:
        """The pointer left the chart."""
        if self._drag is None:
            self._chart.hovered.emit(None)

    def wants(self, event: QKeyEvent) -> bool:
        """Whether a focused chart uses this key itself."""
        shift = event.modifiers() == Qt.KeyboardModifier.ShiftModifier
        return (shift and event.key() in KEYS) or event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)

    def key(self, event: QKeyEvent) -> bool:
        """Moves and locks the cross-hair; Escape gives up a drag. Says whether the key was one of ours."""
        chart, view = self._chart, self._chart.view
        if event.key() == Qt.Key.Key_Escape and self._drag is not None:
            self._give_up()
            return True
        if view is None or not self.wants(event):
            return False
        plot = chart.plot_rect
        at = chart.cross_hair if chart.cross_hair is not None else chart.time_at(plot.center().x())
        if event.key() in KEYS:
            at += view.bucket_s * (1 if event.key() == Qt.Key.Key_Right else -1)
            at = min(max(at, chart.time_at(plot.left())), chart.time_at(plot.right()))
            if chart.cross_hair_locked:
                chart.clicked.emit(view.metric, at)         # freed, and held again where it is now
                chart.clicked.emit(view.metric, at)
            else:
                chart.hovered.emit(at)
        elif chart.cross_hair_locked:
            chart.rows_asked.emit(view.metric, at)
        else:
            chart.clicked.emit(view.metric, at)
        return True

    def _give_up(self) -> None:
        drag, self._drag = self._drag, None
        if drag is not None and drag.under_way and not drag.side:
            self._chart.panning.emit(0.0)
        elif drag is not None and drag.under_way:
            self._chart.window_brushing.emit(drag.side, drag.start_s, drag.start_s)

    def _in_plot(self, place: QPointF) -> bool:
        return self._chart.plot_rect.adjusted(-DRAG_PX, 0, DRAG_PX, DRAG_PX).contains(place)

    def _side_of(self, event: QMouseEvent) -> str:
        keys = event.modifiers()
        if keys & (Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ControlModifier):
            return "reference"       # Alt + drag moves the window under some Linux desktops; Ctrl then serves
        return "current" if keys & Qt.KeyboardModifier.ShiftModifier else self._side

    def _brushed(self, drag: Drag, x: float) -> tuple[float, float]:
        """Start and end in the order of time, inside the plot."""
        plot = self._chart.plot_rect
        here = self._chart.time_at(min(max(x, plot.left()), plot.right()))
        return min(drag.start_s, here), max(drag.start_s, here)

    def _panned(self, drag: Drag, x: float) -> float:
        return -(x - drag.start_x) / self._chart.plot_rect.width()
