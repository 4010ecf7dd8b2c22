"""One metric over one window."""

from __future__ import annotations

from math import isfinite
from typing import cast

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QGraphicsView, QToolTip, QWidget

from console.metrics.format import WAITING
from console.metrics.view import ChartView, ReadOut
from console.window import Window
from widgets.charts.backdrop import (
    GHOST_DASH,
    MIDDLE,
    NO_VALUE,
    RIGHT,
    Backdrop,
    Layout,
    legend_names,
    paint_legend,
    title_unit,
    without_unit,
)
from widgets.charts.cross_hair import CROSS_DOT_PX, Foot, foot_of, paint_cross, paint_dots
from widgets.charts.curves import Curves, inside, same_curves, shape_of, thinned
from widgets.charts.gestures import Gestures
from widgets.charts.value_axis import HeldRange
from widgets.models.rows import plain_tip
from widgets.theme import GRID, REFERENCE_DASH, Theme, ThemeHolder, font_metrics, system_font

SPARE_PX = 2
MARK_PX = 4.0
"""The view box reaches that far beyond the plot, so that a curve at zero is not cut."""
BAND_ALPHA = 26
SHORT_WAITING = "waiting"
"""In the header, where the words in the hatched stretch say for what."""
KEY_REASONS = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason, Qt.FocusReason.ShortcutFocusReason)


class Chart(pg.GraphicsView):
    """Displays a ChartView and says which times were pointed at; made once per metric and fed for ever."""

    zoom_asked = Signal(float, float)            # factor (< 1 comes closer), the instant that stays: epoch seconds
    pan_asked = Signal(float)                    # share of the visible length; negative goes back in time
    panning = Signal(float)                      # the same while the button is down; 0.0 when it was given up
    window_brushing = Signal(str, float, float)  # side, start, end while the button is down
    window_brushed = Signal(str, float, float)   # side ("reference", "current"), start, end
    back_asked = Signal()
    hovered = Signal(object)                     # epoch seconds, or None outside
    clicked = Signal(str, float)                 # metric, epoch seconds
    chosen = Signal(str)                         # metric: its title was clicked
    alone_asked = Signal(str)                    # metric: its title was double-clicked
    rows_asked = Signal(str, float)              # metric, epoch seconds: Return on a held cross-hair
    menu_asked = Signal(str, QPoint)             # metric, place on the screen

    def __init__(self, theme_holder: ThemeHolder, parent: QWidget | None = None) -> None:
        super().__init__(parent, background=None)
        self.setCacheMode(self.CacheModeFlag.CacheNone)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMinimumSize(200, 136)
        self._holder = theme_holder
        self._view: ChartView | None = None
        self._marks: tuple[tuple[str, float], ...] = ()
        self._window: Window | None = None
        self._start_s, self._end_s = 0.0, 1.0
        self._brushes: dict[str, tuple[float, float]] = {}
        self._held = HeldRange()
        self._stale = True
        self._empty = True
        self._pens: list[QPen] = []
        self._pens_for = (0, 0.0)          # how many, and for which device pixels per pixel
        self._backdrop: Backdrop | None = None
        self._pixmap = QPixmap()
        self._value_room = 0.0
        self._cross: float | None = None
        self._locked = False
        self._keyed = False                # the focus came by a key: only then it is framed
        self._read_out: tuple[ReadOut, ...] = ()
        self._layout = Layout.of(self.width(), self.height(), legend=False)
        self._box = pg.ViewBox(enableMenu=False, enableMouse=False, defaultPadding=0)
        self._box.disableAutoRange()
        self._curves = Curves()
        self.addItem(self._box)
        self._box.addItem(self._curves, ignoreBounds=True)
        self._gestures = Gestures(self)
        theme_holder.changed.connect(self._theme_changed)

    # what is shown

    @property
    def view(self) -> ChartView | None:
        """What is shown."""
        return self._view

    def display(
        self, chart: ChartView, window: Window, reference: Window | None = None, current: Window | None = None
    ) -> None:
        """Draws a metric over a window, with the two test windows where they overlap it. What is shown already costs
        nothing. `window` may differ from that of the data: a window that is being moved shows what there is."""
        brushes = {
            side: (brushed.start_s, brushed.end_s)
            for side, brushed in (("reference", reference), ("current", current))
            if brushed is not None and brushed.overlaps(window)
        }
        same_window = self._window == window
        same_data = self._view is chart or (self._view is not None and same_curves(self._view, chart))
        if not (same_window and same_data):
            self._stale = True
        elif brushes == self._brushes and self._view is not None and self._view.latest == chart.latest:
            self._view = chart
            return
        if self._view is None or (self._view.title, self._view.sentence) != (chart.title, chart.sentence):
            self.setAccessibleName(chart.title)
            self.setAccessibleDescription(chart.sentence)
        if not same_window:
            self._window, self._start_s, self._end_s = window, window.start_s, window.end_s
        self._view, self._brushes = chart, brushes
        if _has_legend(chart) != (self._layout.legend.height() > 0):
            self._lay_out()
        if self._stale and not self.viewport().visibleRegion().isEmpty():
            self._prepare()
        self.viewport().update()

    def set_marks(self, marks: tuple[tuple[str, float], ...]) -> None:
        """Moments about which something was noted: (what, seconds). A line each; the pointer on it tells what."""
        if marks != self._marks:
            self._marks = marks
            self.viewport().update()

    def mark_at(self, x: float) -> str:
        """What was noted near that pixel; "" for nothing."""
        span = self._end_s - self._start_s
        for text, at in self._marks if span > 0 else ():
            place = self._layout.plot.left() + (at - self._start_s) / span * self._layout.plot.width()
            if self._start_s <= at <= self._end_s and abs(place - x) <= MARK_PX:
                return text
        return ""

    def tip_at(self, place: QPoint) -> str:
        """What is told where the pointer rests: the whole title and what it is, or what was noted there."""
        if self._view is not None and self._layout.title.contains(place):
            said = f"{self._view.title}\n{self._view.sentence}"
            return f"{said} ({self._view.badge})" if self._view.badge and self._view.badge not in said else said
        return self.mark_at(place.x())

    def show_read_out(self, values: tuple[ReadOut, ...]) -> None:
        """The values at the cross-hair in place of the newest; nothing: the newest again."""
        if values != self._read_out:
            self._read_out = values
            self._update(self._layout.title.united(self._layout.legend).toAlignedRect())

    def set_cross_hair(self, at_s: float | None, *, locked: bool = False) -> None:
        """A line at that instant with its time at its foot, and a dot on each curve. A locked one looks pinned."""
        if (at_s, locked) != (self._cross, self._locked):
            for place in (self._cross, at_s):
                if place is not None:
                    self._update(self._strip(place))
                    foot = self._foot(place).box
                    self._update(foot.adjusted(-foot.width(), 0, foot.width(), 0).toAlignedRect())
            self._cross, self._locked = at_s, locked

    def set_brush_side(self, side: str) -> None:
        """What a plain drag does: "reference" or "current" brush that window, "" moves the visible one."""
        self._gestures.set_side(side)

    # places and times

    def time_at(self, x: float) -> float:
        """Epoch seconds at a horizontal pixel, also beyond the plot."""
        plot = self._layout.plot
        return self._start_s + (x - plot.left()) / plot.width() * (self._end_s - self._start_s)

    def x_of(self, at_s: float) -> float:
        """The horizontal pixel of an instant."""
        plot = self._layout.plot
        return plot.left() + (at_s - self._start_s) / (self._end_s - self._start_s) * plot.width()

    def y_of(self, value: float) -> float:
        """The vertical pixel of a value."""
        plot, held = self._layout.plot, self._held
        return plot.bottom() - (value - held.low) / (held.high - held.low) * plot.height()

    @property
    def plot_rect(self) -> QRectF:
        """Where the curves are, in pixels of the chart."""
        return self._layout.plot

    @property
    def header_rect(self) -> QRectF:
        """Title and legend."""
        return self._layout.title.united(self._layout.legend)

    @property
    def value_room(self) -> float:
        """Width in pixels that the title leaves to the value beside it."""
        return self._room()

    @property
    def shown_value(self) -> str:
        """What is written at the right of the title."""
        return self._value(self._view) if self._view is not None else ""

    # painting

    def _prepare(self) -> None:
        """From the view to polygons and ranges."""
        self._stale = False
        if self._view is None:
            return
        plot, view = self._layout.plot, self._view
        span = self._end_s - self._start_s
        x = view.times + (0.5 * view.bucket_s - self._start_s)
        cut, columns = inside(x, 0.0, span), round(plot.width())
        x = x[cut]
        shapes = [shape_of(*thinned(x, series.values[cut], 0.0, span, columns)) for series in view.series]
        pens = len(shapes)
        if view.ghost is not None:       # first, so that it lies behind
            shapes.insert(0, shape_of(*thinned(x, view.ghost.values[cut], 0.0, span, columns)))
        lows = [shape.low for shape in shapes if shape.low == shape.low]
        self._empty = not lows
        held = self._held
        if lows:
            held.fit(min(lows), max(shape.high for shape in shapes if shape.high == shape.high), view.unit)
        ratio = self.devicePixelRatioF()
        if (pens, ratio) != self._pens_for:
            self._pens_for = (pens, ratio)
            self._pens = [self._theme.series_pen(index, ratio) for index in range(pens)]
        ghostly = [self._theme.pen("muted", 1.0, GHOST_DASH)] if view.ghost is not None else []
        self._curves.show_shapes(shapes, [*ghostly, *self._pens])
        spare = SPARE_PX * (held.high - held.low) / plot.height()
        extent = QRectF(0.0, held.low - spare, span, held.high - held.low + 2 * spare)
        if extent != self._curves.boundingRect():
            self._curves.set_extent(extent)
            self._box.setRange(xRange=(0.0, span), yRange=(extent.top(), extent.bottom()), padding=0)

    def draw(self, painter: QPainter) -> None:
        """All of it but the cross-hair with any painter: for a file. Smooth lines, which a screen has no time for."""
        view, plot = self._view, self._layout.plot
        if view is None:
            return
        self._prepare()
        self._backdrop_now().draw(painter)
        self._paint_text(painter, self._newest())
        self._paint_under(painter)
        self._paint_brushes(painter)
        span = self._end_s - self._start_s
        x = view.times + (0.5 * view.bucket_s - self._start_s)
        within = (x >= 0.0) & (x <= span)
        ghosts = [(view.ghost, self._theme.pen("muted", 1.0, GHOST_DASH))] if view.ghost is not None else []
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for series, pen in (*ghosts, *((one, self._theme.series_pen(index)) for index, one in enumerate(view.series))):
            shape = shape_of(plot.left() + x[within] / span * plot.width(),
                             self.y_of(series.values[within]))  # type: ignore[arg-type]
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            if shape.line is not None:
                painter.drawPolyline(shape.line)
            if shape.path is not None:
                painter.drawPath(shape.path)
            for point in shape.dots or ():
                painter.fillRect(QRectF(point.x() - 1, point.y() - 1, 2, 2), pen.color())

    def _picture(self) -> QPixmap:
        backdrop = self._backdrop_now()
        if backdrop != self._backdrop:
            self._backdrop, self._pixmap = backdrop, backdrop.paint()
        return self._pixmap

    def _backdrop_now(self) -> Backdrop:
        view, ratio = self._view, self.devicePixelRatioF()
        room = self._room()
        return Backdrop(
            theme=self._holder.theme,
            size=self.size(),
            ratio=ratio,
            title=view.title if view else "",
            unit=view.unit if view else "",
            series=tuple(series.name for series in view.series) if view else (),
            start_s=self._start_s,
            end_s=self._end_s,
            low=self._held.low,
            high=self._held.high,
            empty=self._empty,
            room=room,
            badge=_badge(view) if view else "",
            marks=tuple(at for _, at in self._marks),
            relative=view.relative if view else False,
            ghost=view.ghost.name if view and view.ghost else "",
            waits=(view.waits.start_s, view.waits.end_s) if view and view.waits else None,
            said=view.note if view else "",
            ticks=self._ticks(),
        )

    def _ticks(self) -> tuple[tuple[float, str], ...] | None:
        """Of the value axis, where it is not even: see HeatChart."""
        return None

    def _paint_under(self, painter: QPainter) -> None:
        """What lies on the grid and under the brushes: nothing here, a map's cells in HeatChart."""

    def _room(self) -> float:
        """Width kept for the value at the right: grows with it, so that the title holds still and is never written
        over; shrinks only when it needs less than half of that."""
        if self._view is not None:
            font = font_metrics(large=True)
            needed = max(font.horizontalAdvance(self._value(self._view)), font.horizontalAdvance(self._newest()))
            if not self._value_room >= needed >= 0.5 * self._value_room:
                self._value_room = needed
        return self._value_room

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt's."""
        if self._stale or self._pens_for[1] not in (0.0, self.devicePixelRatioF()):     # moved to another screen
            self._prepare()
        super().paintEvent(event)

    def drawBackground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        """Qt's: the picture of axes and title, what is written on it, and the brushed windows behind the curves."""
        painter.drawPixmap(0, 0, self._picture())
        if rect.top() < self._layout.plot.top() and self._view is not None:
            self._paint_value(painter, self._view)
        self._paint_under(painter)
        self._paint_brushes(painter)

    def _paint_brushes(self, painter: QPainter) -> None:
        plot = self._layout.plot
        for side, (start, end) in self._brushes.items():
            left, right = self.x_of(start), self.x_of(end)
            band = QRectF(left, plot.top(), right - left, plot.height()) & plot
            painter.fillRect(band, self._theme.brush(side, BAND_ALPHA))
            painter.setPen(self._theme.pen(side, 1.0, REFERENCE_DASH if side == "reference" else ()))
            for x in (round(left), round(right)):
                if plot.left() <= x <= plot.right():
                    painter.drawLine(x, int(plot.top()), x, int(plot.bottom()))

    def drawForeground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        """Qt's: the cross-hair, and a frame where keys go."""
        if self._keyed and self.hasFocus():
            painter.setPen(self._theme.pen("accent", 2.0))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))
        view = self._view
        if self._cross is None or view is None or not self._start_s <= self._cross <= self._end_s:
            return
        paint_cross(painter, self._theme, self._layout, (self._start_s, self._end_s), self._foot(self._cross),
                    round(self.x_of(self._cross)), locked=self._locked, relative=view.relative)
        index = int((self._cross - view.times[0]) // view.bucket_s) if len(view.times) else -1
        if not 0 <= index < len(view.times):
            return
        x = self.x_of(view.times[index] + 0.5 * view.bucket_s)
        if self._layout.plot.left() <= x <= self._layout.plot.right():
            values = [float(series.values[index]) for series in view.series]
            paint_dots(painter, self._theme, x, [self.y_of(value) if isfinite(value) else None for value in values])

    def _paint_value(self, painter: QPainter, view: ChartView) -> None:
        legend, theme = self._layout.legend, self._theme
        if self._read_out and len(view.series) > 1:
            painter.setFont(system_font())
            painter.fillRect(legend.adjusted(0, 0, GRID, 0), theme.brush("surface"))
            by_name = {value.series: value.text for value in self._read_out}
            names = tuple(series.name for series in view.series)
            texts = without_unit(tuple(by_name.get(name, "") for name in names), self._unit(view))
            shown = tuple("–" if text in (NO_VALUE, WAITING) else text for text in texts)
            paint_legend(painter, legend, theme, names, shown,
                         ghost=view.ghost.name if view.ghost else "")
            return
        self._paint_text(painter, self._value(view))

    def _paint_text(self, painter: QPainter, text: str) -> None:
        painter.setFont(system_font(large=True))
        painter.setPen(self._theme.pen("muted" if self._empty or text in (NO_VALUE, SHORT_WAITING) else "text"))
        painter.drawText(self._layout.title, RIGHT | MIDDLE, text)

    def _unit(self, view: ChartView) -> str:
        """What the title says, and therefore no value."""
        return title_unit(view.unit, self._held.low, self._held.high)

    def _newest(self) -> str:
        return without_unit((self._view.latest,), self._unit(self._view))[0] if self._view is not None else ""

    def _value(self, view: ChartView) -> str:
        """What stands at the right of the title: the value at the cross-hair, or the newest."""
        if self._read_out and len(view.series) <= 1:
            said = without_unit((self._read_out[0].text,), self._unit(view))[0]
            return SHORT_WAITING if said == WAITING else said
        return self._newest()

    def _foot(self, at_s: float) -> Foot:
        view = self._view
        return foot_of(self.x_of(at_s), at_s, self._layout, view if view is not None and len(view.times) else None)

    @property
    def _theme(self) -> Theme:
        return self._holder.theme

    def _theme_changed(self) -> None:
        self._pens_for = (0, 0.0)
        self._stale = True
        self.viewport().update()

    def _strip(self, at_s: float) -> QRect:
        """What a cross-hair covers: its line, and dots at the middle of its bucket."""
        half = 0.5 * (self._view.bucket_s if self._view else 0)
        reach = half / (self._end_s - self._start_s) * self._layout.plot.width() + CROSS_DOT_PX + 2
        return QRectF(self.x_of(at_s) - reach, 0, 2 * reach, self.height()).toAlignedRect()

    def _update(self, rect: QRect) -> None:
        self.viewport().update(rect)

    # events of Qt, handed to the gestures

    def close(self) -> bool:
        """Qt's. pyqtgraph's deletes the scene's items and the viewport, and crashed in one of a hundred tests."""
        return QGraphicsView.close(self)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Qt's."""
        super().resizeEvent(event)
        if not hasattr(self, "_box"):            # pyqtgraph calls it while it is being made
            return
        self._lay_out()

    def _lay_out(self) -> None:
        legend = self._view is not None and _has_legend(self._view)
        self._layout = Layout.of(self.width(), self.height(), legend=legend)
        self._box.setGeometry(self._layout.plot.adjusted(0, -SPARE_PX, 0, SPARE_PX))
        self._stale = True

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Qt's."""
        super().focusInEvent(event)
        self._keyed = event.reason() in KEY_REASONS
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Qt's."""
        super().focusOutEvent(event)
        self.viewport().update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Qt's."""
        self._gestures.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Qt's."""
        self._gestures.move(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Qt's."""
        self._gestures.release(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Qt's."""
        self._gestures.double_click(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Qt's."""
        self._gestures.wheel(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Qt's: the mouse's right button and the menu key."""
        if self._view is not None:
            self.menu_asked.emit(self._view.metric, event.globalPos())
        event.accept()

    def leaveEvent(self, event: QEvent) -> None:
        """Qt's."""
        self._gestures.leave()

    def event(self, event: QEvent) -> bool:
        """Qt's: keys that a focused chart keeps from the window's shortcuts."""
        if event.type() == QEvent.Type.ShortcutOverride and self._gestures.wants(cast(QKeyEvent, event)):
            event.accept()
            return True
        return bool(super().event(event))

    def viewportEvent(self, event: QEvent) -> bool:
        """Qt's: the pointer rests on the title, or on a mark."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), plain_tip(self.tip_at(event.pos())), self)
            return True
        return bool(super().viewportEvent(event))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt's; what is not ours goes on to the board."""
        if not self._gestures.key(event):
            event.ignore()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Qt's; goes on to the board."""
        event.ignore()

    @property
    def cross_hair(self) -> float | None:
        """Where the line is."""
        return self._cross

    @property
    def cross_hair_locked(self) -> bool:
        """Whether it is held."""
        return self._locked

    @property
    def read_out(self) -> tuple[ReadOut, ...]:
        """What the header says instead of the newest value."""
        return self._read_out


def _badge(view: ChartView) -> str:
    """Where the numbers are from, and what goes on with them."""
    return ", ".join(filter(None, (view.badge, view.note if view.series else "")))


def _has_legend(view: ChartView) -> bool:
    """Whether a row is kept for names of curves, or for the shades of a map."""
    return bool(_names(view)) or view.is_map


def _names(view: ChartView) -> tuple[str, ...]:
    return legend_names(tuple(series.name for series in view.series), view.ghost.name if view.ghost else "")
