"""The whole log in one strip: where the visible window and the two test windows are chosen, in every place."""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from console.alarms.on_charts import NOTHING, OnCharts
from console.metrics.view import OverviewView
from console.session.view import SelectionView
from console.window import Window
from widgets.models.rows import plain_tip
from widgets.panels.overview_picture import EMPTY, Lanes, paint_overview, version_rows
from widgets.theme import GRID, REFERENCE_DASH, ThemeHolder, font_metrics, system_font

HEIGHT = 96
EDGE_PX = 5
MARK_PX = 5.0
"""So near to an edge it is taken."""
DRAG_PX = 4
LEAST_PX = 2.0
"""No window is dragged narrower than that."""
KEY_STEP = 0.01
"""Of the whole log, for an arrow; ten times that with Ctrl."""
VISIBLE, REFERENCE, CURRENT = "visible", "reference", "current"
PARTS = (VISIBLE, REFERENCE, CURRENT)
SPOKEN = {VISIBLE: "Visible window", REFERENCE: "Reference window", CURRENT: "Current window"}
Span = tuple[float, float]


class OverviewStrip(QWidget):
    """Displays an OverviewView and the windows of the selection; says how they were dragged.

    drag an edge: resizes    drag the label row or the body of a test window: moves it
    drag the time axis inside the bright frame: moves the visible window; a click beside it brings it there
    drag elsewhere: draws a new current window, or the reference while there is none
    Shift + drag: draws the current window anew, anywhere; Ctrl or Alt + drag, the reference
    Tab goes from window to window, arrows move one, Shift + arrows move its end, Delete takes a test window away
    """

    look_at_asked = Signal(float, float)         # start, end: epoch seconds
    window_brushing = Signal(str, float, float)  # side, start, end: while dragging
    window_brushed = Signal(str, float, float)   # side ("reference", "current"), start, end
    brush_cleared = Signal(str)                  # side

    def __init__(self, theme_holder: ThemeHolder, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("overview")
        self.setAccessibleName("Overview of the whole log")
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._holder = theme_holder
        self._view: OverviewView | None = None
        self._spans: dict[str, Span | None] = dict.fromkeys(PARTS)
        self._whole: Span = (0.0, 1.0)
        self._part = VISIBLE                     # the one that keys move
        self._side = ""                          # the one that the next drag draws, whatever lies there
        self._drag: _Drag | None = None
        self._rows = 1
        self._alarms = NOTHING
        self._laid: tuple[tuple[int, int, int, bool], Lanes] = (0, 0, 0, False), Lanes.of(0, 0)
        self._pixmap: QPixmap | None = None
        self._ratio = 0.0
        theme_holder.changed.connect(self._forget_picture)

    # what is shown

    def display(self, overview: OverviewView | None, selection: SelectionView) -> None:
        """Draws the log and the windows; a window that is being dragged stays under the pointer."""
        if overview is not self._view:
            self._view = overview
            self._pixmap = None
        if overview is not None:
            self._whole = (overview.window.start_s, overview.window.end_s)
            self._rows = version_rows(overview)
        self.display_selection(selection)

    def display_alarms(self, alarms: OnCharts) -> None:
        """What was pending or fired over the log, in a lane of its own."""
        if alarms.course != self._alarms.course:
            self._forget_picture()
        self._alarms = alarms

    def display_selection(self, selection: SelectionView) -> None:
        """Only the windows have changed."""
        shown = {VISIBLE: selection.visible, REFERENCE: selection.reference, CURRENT: selection.current}
        for part, window in shown.items():
            if self._drag is None or not self._drag.under_way or self._drag.part != part:
                self._spans[part] = _span(window)
        self._describe()
        self.update()

    def set_brush_side(self, side: str) -> None:
        """What a plain drag draws, wherever it begins: "reference", "current", or "" for what lies there."""
        self._side = side

    @property
    def focused_part(self) -> str:
        """visible, reference or current: the window that keys move."""
        return self._part

    @property
    def lanes(self) -> Lanes:
        """Where things stand, in pixels."""
        key = self.width(), self.height(), self._rows, bool(self._alarms.course.shades)
        if self._laid[0] != key:
            self._laid = key, Lanes.of(*key[:3], alarms=key[3])
        return self._laid[1]

    def x_of(self, at_s: float) -> float:
        """The horizontal pixel of an instant."""
        area, (start, end) = self.lanes.area, self._whole
        return area.left() + (at_s - start) / (end - start) * area.width()

    def annotation_at(self, x: float) -> str:
        """What is noted about the moments near that pixel; "" for nothing."""
        if self._view is None:
            return ""
        near = [text for text, at in self._view.annotations
                if abs(self.x_of(at.timestamp()) - x) <= MARK_PX]
        return "\n".join(near)

    def tip_at(self, place: QPointF) -> str:
        """What is noted near that pixel; in the lane of alarms, which of them were pending or fired."""
        lane, slack = self.lanes.alarms, MARK_PX / self.lanes.area.width() * (self._whole[1] - self._whole[0])
        if lane.height() and lane.adjusted(0, -2, 0, 2).contains(place):
            said = self._alarms.course.said_at(self.time_at(place.x()), slack, relative=self._alarms.relative)
            if said:
                return said
        return self.annotation_at(place.x())

    def time_at(self, x: float) -> float:
        """Epoch seconds at a horizontal pixel, kept inside the log."""
        area, (start, end) = self.lanes.area, self._whole
        return min(max(start + (x - area.left()) / area.width() * (end - start), start), end)

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt's."""
        painter = QPainter(self)
        theme = self._holder.theme
        if self._view is None:
            painter.fillRect(self.rect(), theme.brush("surface"))
            painter.setPen(theme.pen("muted"))
            painter.setFont(system_font())
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, EMPTY)
            return
        if self._pixmap is None or self._ratio != self.devicePixelRatioF():
            self._ratio = self.devicePixelRatioF()
            self._pixmap = paint_overview(self._view, theme, self.size(), self._ratio, self._alarms.course.shades)
        painter.drawPixmap(0, 0, self._pixmap)          # Qt clips all of it to what is to be drawn
        self._paint_visible(painter)
        painter.setFont(system_font())
        for side in (REFERENCE, CURRENT):
            self._paint_brush(painter, side)

    def _paint_visible(self, painter: QPainter) -> None:
        """What is outside lies in shadow; the frame is bright, with a grip on the time axis to move it by."""
        span, theme, lanes = self._spans[VISIBLE], self._holder.theme, self.lanes
        if span is None:
            return
        left, right, area = self.x_of(span[0]), self.x_of(span[1]), lanes.area
        left, right = max(left, area.left()), min(right, area.right())
        shade, top = theme.brush("background", 110), lanes.silhouette.top()
        deep = lanes.silhouette.height()
        painter.fillRect(QRectF(area.left(), top, left - area.left(), deep), shade)
        painter.fillRect(QRectF(right, top, area.right() - right, deep), shade)
        frame = QRectF(round(left), lanes.silhouette.top(), round(right) - round(left) - 1, lanes.below - 1)
        chosen = self.hasFocus() and self._part == VISIBLE
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(theme.pen("accent" if chosen else "text", 2.0 if chosen else 1.0))
        painter.drawRect(frame)
        middle = frame.center().x()
        grip = min(24.0, max(4.0, frame.width() / 2))
        painter.fillRect(QRectF(middle - grip / 2, frame.bottom() - 1, grip, 3), theme.brush("text"))

    def _paint_brush(self, painter: QPainter, side: str) -> None:
        span, theme, lanes = self._spans[side], self._holder.theme, self.lanes
        if span is None:
            return
        band = self._band(span)
        painter.fillRect(band, theme.brush(side, 44))
        chosen = self.hasFocus() and self._part == side
        pen = theme.pen(side, 3.0 if chosen else 1.0, REFERENCE_DASH if side == REFERENCE else ())
        painter.setPen(pen)
        for x in (band.left(), band.right()):
            painter.drawLine(QPointF(x, lanes.labels.top()), QPointF(x, band.bottom()))
        for y in (band.top(), band.top() + 1):
            painter.drawLine(QPointF(band.left(), y), QPointF(band.right(), y))
        painter.setPen(theme.pen(side))
        painter.drawText(self._place_of_name(side, span), Qt.AlignmentFlag.AlignVCenter, side)

    def _band(self, span: Span) -> QRectF:
        """What a test window covers, without its name."""
        left = float(round(self.x_of(span[0])))
        right = max(float(round(self.x_of(span[1]))), left + 1)
        return QRectF(left, self.lanes.labels.bottom(), right - left, self.lanes.below)

    def _place_of_name(self, side: str, span: Span) -> QRectF:
        band, lanes, room = self._band(span), self.lanes, self._band(span).width() - GRID
        width = font_metrics().horizontalAdvance(side)
        if width <= room:
            return QRectF(band.left() + GRID / 2, lanes.labels.top(), room, lanes.labels.height())
        # beside it, where there is room and the other one is not
        area, other = lanes.area, self._spans[CURRENT if side == REFERENCE else REFERENCE]
        right = band.right()
        to_right = right + 4 + width < area.right() and (
            other is None or self.x_of(other[1]) < right or self.x_of(other[0]) > right + width + GRID
        )
        x = right + 4 if to_right else max(area.left(), band.left() - 4 - width)
        return QRectF(x, lanes.labels.top(), width + 1, lanes.labels.height())

    def _covered(self, side: str) -> QRect:
        """All that the drawing of a test window touches."""
        span = self._spans[side]
        if span is None:
            return QRect()
        both = self._band(span) | self._place_of_name(side, span)
        both.setTop(0)
        both.setBottom(self.height())
        return both.toAlignedRect().adjusted(-EDGE_PX, 0, EDGE_PX, 0)

    def _forget_picture(self) -> None:
        self._pixmap = None
        self.update()

    # mouse

    def _part_at(self, place: QPointF) -> tuple[str, str]:
        """What is taken there: the window, and which of its ends ("start", "end", "both"); ("", "") for nothing."""
        x, y, lanes = place.x(), place.y(), self.lanes
        for part in (CURRENT, REFERENCE, VISIBLE):
            span = self._spans[part]
            if span is None or (part == VISIBLE and y < lanes.labels.bottom()):
                continue
            start, end = self.x_of(span[0]), self.x_of(span[1])
            near = min(EDGE_PX, max(2.0, (end - start) / 4)) if part != VISIBLE else EDGE_PX
            if abs(x - start) <= near or abs(x - end) <= near:
                return part, "start" if abs(x - start) < abs(x - end) else "end"
        on_axis = y >= lanes.axis.top()
        for part in (VISIBLE,) if on_axis else (CURRENT, REFERENCE):
            span = self._spans[part]
            if span is not None and self.x_of(span[0]) <= x <= self.x_of(span[1]):
                return part, "both"
        return ("", "axis") if on_axis else ("", "")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Qt's."""
        if event.button() != Qt.MouseButton.LeftButton or self._view is None:
            return
        x = event.position().x()
        keys = event.modifiers()
        asked = self._side
        if keys & (Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ControlModifier):
            asked = REFERENCE        # Alt + drag moves the window under some Linux desktops; Ctrl then serves
        elif keys & Qt.KeyboardModifier.ShiftModifier:
            asked = CURRENT
        part, end = (asked, "new") if asked else self._part_at(event.position())
        if not part and end != "axis":
            part, end = REFERENCE if self._spans[REFERENCE] is None else CURRENT, "new"
        if part:
            self._part = part
        self._drag = _Drag(part, end, x, self._spans.get(part))
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Qt's."""
        drag, x = self._drag, event.position().x()
        if drag is None:
            part, end = self._part_at(event.position()) if self._view is not None else ("", "axis")
            self.setCursor(_CURSORS.get(end, Qt.CursorShape.CrossCursor) if part or not end else _PLAIN)
            return
        if not drag.part or (not drag.under_way and abs(x - drag.start_x) < DRAG_PX):
            return
        drag.under_way = True
        before = [self._covered(side) for side in (REFERENCE, CURRENT)]
        span = self._dragged(drag, x)
        self._spans[drag.part] = span
        if drag.part == VISIBLE:
            self.update()
            return
        for side, was in zip((REFERENCE, CURRENT), before, strict=True):
            if side == drag.part or was != self._covered(side):
                self.update(was | self._covered(side))
        self.window_brushing.emit(drag.part, *span)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Qt's: only now the visible window is asked for, and a test window is brushed."""
        drag, self._drag = self._drag, None
        if drag is None or event.button() != Qt.MouseButton.LeftButton:
            return
        x, visible = event.position().x(), self._spans[VISIBLE]
        if drag.under_way:
            self._ask(drag.part, self._dragged(drag, x))
        elif drag.end == "axis" and visible is not None:
            half = (visible[1] - visible[0]) / 2
            self._ask(VISIBLE, self._inside(self.time_at(x) - half, self.time_at(x) + half))

    def _dragged(self, drag: _Drag, x: float) -> Span:
        """Where the window is with the pointer at x."""
        least = LEAST_PX / self.lanes.area.width() * (self._whole[1] - self._whole[0])
        here = self.time_at(x)
        if drag.end == "new" or drag.span is None:
            start, end = sorted((self.time_at(drag.start_x), here))
            return start, max(end, start + least)
        start, end = drag.span
        if drag.end == "both":
            by = (x - drag.start_x) / self.lanes.area.width() * (self._whole[1] - self._whole[0])
            return self._inside(start + by, end + by)
        if drag.end == "start":
            start = here
        else:
            end = here
        start, end = min(start, end), max(start, end)
        return start, max(end, start + least)

    def _inside(self, start: float, end: float) -> Span:
        """The same length, moved into the log."""
        low, high = self._whole
        if end - start >= high - low:
            return low, high
        by = max(low - start, 0.0) + min(high - end, 0.0)
        return start + by, end + by

    def _ask(self, part: str, span: Span) -> None:
        self._spans[part] = span
        self.update()
        if part == VISIBLE:
            self.look_at_asked.emit(*span)
        else:
            self.window_brushed.emit(part, *span)

    # keyboard

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Qt's: Tab goes through the windows there are before it leaves the strip."""
        there = [part for part in PARTS if self._spans[part] is not None]
        if self.hasFocus() and self._part in there:
            place = there.index(self._part) + (1 if forward else -1)
            if 0 <= place < len(there):
                self._part = there[place]
                self._describe()
                self.update()
                return True
        return super().focusNextPrevChild(forward)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Qt's: entered from either side."""
        there = [part for part in PARTS if self._spans[part] is not None]
        if there and event.reason() == Qt.FocusReason.TabFocusReason:
            self._part = there[0]
        elif there and event.reason() == Qt.FocusReason.BacktabFocusReason:
            self._part = there[-1]
        self._describe()
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Qt's."""
        self.update()

    def event(self, event: QEvent) -> bool:
        """Qt's: arrows belong to the window in focus here, not to the program's shortcuts; what an annotation says."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), plain_tip(self.tip_at(QPointF(event.pos()))), self)
            return True
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and event.key() in _KEYS:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt's."""
        span, keys = self._spans[self._part], event.modifiers()
        if event.key() == Qt.Key.Key_Escape and self._drag is not None:
            self._spans[self._drag.part or VISIBLE] = self._drag.span or self._spans[self._drag.part or VISIBLE]
            self._drag = None
            self.update()
        elif span is None or event.key() not in _KEYS:
            event.ignore()
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            if self._part != VISIBLE:
                self.brush_cleared.emit(self._part)
        else:
            times = 10 if keys & Qt.KeyboardModifier.ControlModifier else 1
            step = KEY_STEP * times * (self._whole[1] - self._whole[0])
            step = step if event.key() == Qt.Key.Key_Right else -step
            start, end = span
            if keys & Qt.KeyboardModifier.ShiftModifier:
                end = min(max(end + step, start + abs(step)), self._whole[1])
                if end > start:
                    self._ask(self._part, (start, end))
            else:
                self._ask(self._part, self._inside(start + step, end + step))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt's."""
        self._forget_picture()

    def _describe(self) -> None:
        """What a screen reader says: the window in focus, with its place in the log."""
        span, (start, end) = self._spans[self._part], self._whole
        if span is None or not end > start:
            self.setAccessibleDescription("")
            return
        shares = [math.floor(100 * (at - start) / (end - start) + 0.5) for at in span]
        self.setAccessibleDescription(f"{SPOKEN[self._part]}: {shares[0]} % to {shares[1]} % of the log")


class _Drag:
    """A button that is down. end: start, end, both, new, or axis beside the visible window."""

    def __init__(self, part: str, end: str, start_x: float, span: Span | None) -> None:
        self.part, self.end, self.start_x, self.span = part, end, start_x, span
        self.under_way = False


def _span(window: Window | None) -> Span | None:
    return None if window is None else (window.start_s, window.end_s)


_PLAIN = Qt.CursorShape.ArrowCursor
_CURSORS = {
    "start": Qt.CursorShape.SizeHorCursor,
    "end": Qt.CursorShape.SizeHorCursor,
    "both": Qt.CursorShape.OpenHandCursor,
}
_KEYS = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Delete, Qt.Key.Key_Backspace)
