"""One metric over one window."""

from __future__ import annotations

from math import isfinite
from typing import cast

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, Qt, Signal
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

from console.alarms.on_charts import NO_ALARMS, ChartAlarms, Edges, Line, width_text
from console.metrics.format import WAITING, format_value
from console.metrics.view import ChartView, ReadOut
from console.window import Window
from widgets.charts.alarm_marks import Behind, Place, Tag, TagPictures, behind_of, paint_tags, tags_of
from widgets.charts.backdrop import (
    GHOST_DASH,
    MIDDLE,
    NO_VALUE,
    RIGHT,
    Backdrop,
    Layout,
    legend_entries,
    legend_names,
    paint_legend,
    title_unit,
    without_unit,
)
from widgets.charts.cross_hair import CROSS_DOT_PX, Foot, foot_of, paint_cross, paint_dots
from widgets.charts.curves import Curves, inside, same_curves, shape_of, thinned
from widgets.charts.gestures import Gestures
from widgets.charts.grip import Grip
from widgets.charts.value_axis import HeldRange, nice, with_levels
from widgets.models.rows import plain_tip
from widgets.theme import GRID, REFERENCE_DASH, Theme, ThemeHolder, font_metrics, system_font

SPARE_PX = 2
MARK_PX = 4.0
"""The view box reaches that far beyond the plot, so that a curve at zero is not cut."""
BAND_ALPHA = 26
SHORT_WAITING = "waiting"
"""In the header, where the words in the hatched stretch say for what."""
ALARM_HEAD_PX = 20.0
"""So far down from the top of the plot the pointer is told what fired."""
MOST_TOLD = 8
LEAVES = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason, Qt.FocusReason.MouseFocusReason)
"""A line in hand is dropped when the focus goes elsewhere in the window, and not when another window is in front."""
WAITING_TIP = "Waiting for outcomes: the requests are so young that most outcomes have not come yet."
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
    curve_asked = Signal(str, str, QPoint)       # metric, curve, place on the screen: its name was pressed
    threshold_moving = Signal(str, str, float)   # metric, rule, level: while it is in hand, at once when it is taken
    threshold_moved = Signal(str, str, float)    # metric, rule, level: it is to be kept there
    threshold_dropped = Signal(str, str)         # metric, rule: nothing is to be changed

    def __init__(self, theme_holder: ThemeHolder, parent: QWidget | None = None) -> None:
        super().__init__(parent, background=None)
        self.setCacheMode(self.CacheModeFlag.CacheNone)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMinimumSize(200, 136)
        self._holder = theme_holder
        self._view: ChartView | None = None
        self._marks: tuple[tuple[str, float], ...] = ()
        self._alarms = NO_ALARMS
        self._starts: tuple[tuple[str, float], ...] = ()
        self._kept_levels: dict[str, float] = {}      # moved by hand, until the alarms say so too
        self._behind = Behind()
        self._tags: tuple[Tag, ...] = ()
        self._drawn_for: tuple[object, ...] = ()
        self._tag_pictures = TagPictures()
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
        self._grip = Grip(self)
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
            self._describe(chart)
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

    def set_alarms(self, alarms: ChartAlarms, starts: tuple[tuple[str, float], ...] = ()) -> None:
        """Thresholds and stretches of this chart, and (what, seconds) where alarms of any chart began to fire."""
        if alarms == self._alarms and starts == self._starts:
            return              # also those of before a line was moved, which are still on their way
        self._alarms, self._starts = alarms, starts
        self._kept_levels.clear()
        self._stale = True
        if self._grip.line is not None and self._grip.line.rule not in {
                *(line.rule for line in alarms.lines), *(edges.rule for edges in alarms.edges)}:
            self._grip.drop()
        if self._view is not None:
            self._describe(self._view)
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
        """What is told where the pointer rests: the whole title and what it is, a threshold, what was noted there, or
        which alarm began there, was pending or fired."""
        if self._view is not None and self._layout.title.contains(place):
            said = f"{self._view.title}\n{self._view.sentence}"
            return f"{said} ({self._view.badge})" if self._view.badge and self._view.badge not in said else said
        if self._view is not None and len(self._view.series) > 1 and self._layout.legend.contains(place):
            said_of = {one.series: one.text for one in self._read_out}
            return "\n".join(f"{one.name}: {said_of[one.name]}" if one.name in said_of else one.name
                             for one in self._view.series)
        tag = self._grip.tag_at(QPointF(place))
        if tag is not None:
            return tag.line.sentence
        return self.mark_at(place.x()) or self._alarm_at(place) or self._waiting_at(place)

    def curve_at(self, place: QPointF) -> str:
        """The curve whose name in the legend that is; "" beside them."""
        view, legend = self._view, self._layout.legend
        if view is None or len(view.series) < 2 or not legend.contains(place):
            return ""
        names, texts = self._legend_words(view)
        entries = legend_entries(legend, names, texts, ghost=view.ghost.name if view.ghost else "")
        found = next((at for at, one in enumerate(entries) if one.left <= place.x() < one.left + one.width), None)
        return view.series[found].name if found is not None and found < len(view.series) else ""

    def _alarm_at(self, place: QPoint) -> str:
        """Stretches along the top of the plot, where their words are; elsewhere the pointer is for reading values."""
        plot, view = self._layout.plot, self._view
        if view is None or not plot.contains(QPointF(place)):
            return ""
        slack = MARK_PX / plot.width() * (self._end_s - self._start_s)
        at = self.time_at(place.x())
        begun = [text for text, when in self._starts if abs(when - at) <= slack]
        if begun:
            return "\n".join(begun[:MOST_TOLD])
        in_head = place.y() - plot.top() <= ALARM_HEAD_PX
        return self._alarms.course.said_at(at, slack, relative=view.relative) if in_head else ""

    def _waiting_at(self, place: QPoint) -> str:
        """What the hatched stretch means; "" beside it."""
        waits = self._view.waits if self._view is not None else None
        if waits is None or not self._layout.plot.contains(place):
            return ""
        return WAITING_TIP if waits.start_s <= self.time_at(place.x()) < waits.end_s else ""

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

    # thresholds in hand

    def take_threshold(self, rule: str = "") -> bool:
        """That rule's line for the keys; "" the next one after the one in hand. Whether there is one."""
        lines = [line for line in self._lines() if rule in ("", line.rule) and not line.fixed]
        if not lines or self._view is None:
            return False
        held = self._grip.line.rule if self._grip.line is not None else None
        at = next((at for at, line in enumerate(lines) if line.rule == held), -1)
        self._grip.take(lines[(at + 1) % len(lines)])
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)
        return True

    @property
    def threshold(self) -> str:
        """The rule whose line is in hand; "" for none."""
        return self._grip.line.rule if self._grip.line is not None else ""

    @property
    def threshold_said(self) -> str:
        """What is said beside it."""
        return self._grip.said if self._grip.line is not None else ""

    def show_count(self, rule: str, said: str, spans: tuple[tuple[float, float], ...]) -> None:
        """What that rule would have done at the level it is held at now."""
        if rule == self.threshold:
            self._grip.show(said, spans)

    def hold_level(self, rule: str, level: float) -> None:
        """Draw its line there, or the band in that width, until the alarms come anew."""
        self._kept_levels[rule] = level

    def forget_levels(self) -> None:
        """What was moved by hand was not kept: back to what the alarms say."""
        self._kept_levels.clear()
        self.grip_changed()

    def level_of(self, line: Line) -> float:
        """Where its line is."""
        kept = self._kept_levels.get(line.rule)
        return line.value if kept is None or line.fixed else line.level(kept)

    def text_of(self, line: Line, level: float) -> str:
        """A level with its unit, or the width of a band."""
        if line.edges is not None:
            return width_text(line.number(level))
        return line.text if level == line.value or self._view is None else format_value(level, self._view.unit)

    def grip_changed(self) -> None:
        """The line in hand is another one, or somewhere else, or says something else."""
        self._stale = True
        if self._view is not None:
            self._describe(self._view)
        self.viewport().update()

    def _describe(self, view: ChartView) -> None:
        """For who does not see it: what the chart is, its thresholds, and the one that is in hand."""
        held = self._grip.line
        in_hand = (f"{held.title} {self.text_of(held, self._grip.level)}: {self._grip.said}. Up and Down move it, "
                   "Return keeps it, Escape leaves it as it was.") if held is not None else ""
        said = " ".join(filter(None, (in_hand, view.sentence, self._alarms.described())))
        if said != self.accessibleDescription():
            self.setAccessibleDescription(said)

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

    def value_at(self, y: float) -> float:
        """The value at a vertical pixel, also beyond the plot."""
        plot, held = self._layout.plot, self._held
        return held.low + (plot.bottom() - y) / plot.height() * (held.high - held.low)

    def series_at(self, x: float, y: float) -> str:
        """The curve nearest to that pixel; "" where there is none at that time."""
        view, at = self._view, self.time_at(x)
        if view is None or not len(view.times):
            return ""
        index = int((at - view.times[0]) // view.bucket_s)
        near = [(abs(self.y_of(float(one.values[index])) - y), one.name) for one in view.series
                if 0 <= index < len(view.times) and isfinite(one.values[index])]
        return min(near)[1] if near else ""

    def level_at(self, y: float) -> float:
        """The value at a vertical pixel, in a number that can be said."""
        return nice(self.value_at(y), abs(self.value_at(0) - self.value_at(1)))

    def level_under(self, place: QPoint) -> tuple[str, float] | None:
        """Curve and level under the pointer; None outside of the plot."""
        if self._empty or not self._layout.plot.contains(QPointF(place)):
            return None
        return self.series_at(place.x(), place.y()), self.level_at(place.y())

    def words_of(self, series: str, level: float) -> str:
        """A level of one of its curves, as it is said: `p95 250 ms`."""
        view = self._view
        return f"{series} {format_value(level, view.unit)}".strip() if view is not None else ""

    @property
    def has_thresholds(self) -> bool:
        """Whether there is a line to be moved."""
        return any(not line.fixed for line in self._alarms.lines) or bool(self._alarms.edges)

    def level_here(self) -> tuple[str, float] | None:
        """A curve and a level to begin with, for who has no pointer: at the held cross-hair, else the worst of what is
        shown. None without values."""
        view = self._view
        if view is None or self._empty:
            return None
        headline = next((one for one in view.series if one.name and view.latest.startswith(one.name)), view.series[0])
        index = int((self._cross - view.times[0]) // view.bucket_s) if self._cross is not None else -1
        if self._locked and 0 <= index < len(view.times) and isfinite(headline.values[index]):
            level = float(headline.values[index])
        else:
            shown = headline.values[(view.times >= self._start_s) & (view.times < self._end_s)]
            shown = shown[np.isfinite(shown)]
            if not len(shown):
                return None
            level = float(shown.min() if view.better == "higher" else shown.max())
        return headline.name, nice(level, abs(self.value_at(0) - self.value_at(1)))

    @property
    def value_range(self) -> tuple[float, float]:
        """Least and greatest value of the axis."""
        return self._held.low, self._held.high

    @property
    def tags(self) -> tuple[Tag, ...]:
        """Labels and handles of the thresholds, as they are drawn now."""
        self._draw_alarms()
        return self._tags

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
        if lows and not self._grip.mouse_down:
            levels = [level for line, level in self._levels() if line.edges is None]
            if self._grip.line is not None:
                levels.append(self._grip.level)
            highest = max(shape.high for shape in shapes if shape.high == shape.high)
            held.fit(*with_levels(min(lows), highest, levels, view.unit, self._grip.reach), view.unit)
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

    def draw(self, painter: QPainter, rows: str = "") -> None:
        """All of it but the cross-hair with any painter: for a file. Smooth lines, which a screen has no time for.

        rows  which are meant, in words, where not all are: the board says it above the charts, a file must itself
        """
        view, plot = self._view, self._layout.plot
        if view is None:
            return
        self._prepare()
        self._backdrop_now().draw(painter)
        paint_tags(painter, self._theme, plot, self._tags)
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
        self._paint_rows(painter, rows)

    def _paint_rows(self, painter: QPainter, rows: str) -> None:
        """In the upper right corner of the plot, on a plate."""
        if not rows:
            return
        plot, metrics = self._layout.plot, font_metrics()
        text = metrics.elidedText(rows, Qt.TextElideMode.ElideRight, plot.width() - 2 * GRID)
        wide = metrics.horizontalAdvance(text) + GRID
        box = QRectF(plot.right() - wide - 2, plot.top() + 2, wide, metrics.height() + 4)
        painter.fillRect(box, self._theme.brush("surface"))
        painter.setFont(system_font())
        painter.setPen(self._theme.pen("muted"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def _levels(self) -> list[tuple[Line, float]]:
        """Every threshold with its level, but for the one that is in hand."""
        return [(line, self.level_of(line)) for line in self._lines() if line.rule != self.threshold]

    def _lines(self) -> tuple[Line, ...]:
        """Thresholds, and of each band the end of an edge by which it is dragged."""
        held = self._held
        return (*self._alarms.lines, *(edges.ends_at(self._end_s, held.low, held.high) for edges in self._edges()))

    def _edges(self) -> tuple[Edges, ...]:
        """Bands as they are drawn: in the width that they were dragged to, without the one that is in hand."""
        return tuple(edges.widened(self._kept_levels[edges.rule]) if edges.rule in self._kept_levels else edges
                     for edges in self._alarms.edges)

    def _place(self) -> Place:
        return Place(self._layout.plot, self._start_s, self._end_s, self._held.low, self._held.high)

    def _draw_alarms(self) -> None:
        """From alarms to pixels, when either have changed; labels only when a level has moved."""
        place, view = self._place(), self._view
        bands = (self._alarms.edges, place.end_s) if self._alarms.edges else ()
        levels_for = (self._alarms.lines, bands, place.plot, place.low, place.high, tuple(self._kept_levels.items()),
                      self.threshold, self._empty, view.unit if view is not None else "")
        key = (levels_for, self._alarms, self._starts, place.start_s, place.end_s)
        if key == self._drawn_for:
            return
        levels = [] if self._empty else self._levels()
        if not self._drawn_for or levels_for != self._drawn_for[0]:
            self._tags = tags_of(levels, place, self.text_of)
        self._drawn_for = key
        edges = () if self._empty else [one for one in self._edges() if one.rule != self.threshold]
        self._behind = behind_of(self._alarms.course, edges, self._starts, place, levels)

    def _picture(self) -> QPixmap:
        backdrop = self._backdrop_now()
        if backdrop != self._backdrop:
            self._backdrop, self._pixmap = backdrop, backdrop.paint()
        return self._pixmap

    def _backdrop_now(self) -> Backdrop:
        view, ratio = self._view, self.devicePixelRatioF()
        room = self._room()
        self._draw_alarms()
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
            badge=_badge(view, empty=self._empty) if view else "",
            marks=tuple(at for _, at in self._marks),
            relative=view.relative if view else False,
            ghost=view.ghost.name if view and view.ghost else "",
            waits=(view.waits.start_s, view.waits.end_s) if view and view.waits else None,
            said=view.note if view else "",
            ticks=self._ticks(),
            alarms=self._behind,
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
        """Qt's: thresholds' labels, the cross-hair, and a frame where keys go."""
        plot = self._layout.plot
        if self._tags:
            self._tag_pictures.draw(painter, self._theme, plot, self._tags, self.devicePixelRatioF())
        if self._grip.line is not None:
            self._grip.paint(painter, self._theme, self._place())
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
            names, shown = self._legend_words(view)
            paint_legend(painter, legend, theme, names, shown,
                         ghost=view.ghost.name if view.ghost else "")
            return
        self._paint_text(painter, self._value(view))

    def _legend_words(self, view: ChartView) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Names of the curves, and their values at the cross-hair."""
        names = tuple(series.name for series in view.series)
        if not self._read_out:
            return legend_names(names, ""), ()
        by_name = {value.series: value.text for value in self._read_out}
        texts = without_unit(tuple(by_name.get(name, "") for name in names), self._unit(view))
        return names, tuple("–" if text in (NO_VALUE, WAITING) else text for text in texts)

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
        if self._grip.line is not None and event.reason() in LEAVES:
            self._grip.drop()
        self.viewport().update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Qt's."""
        if self._view is None or not self._grip.press(event):
            self._gestures.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Qt's."""
        if self._grip.move(event):
            return
        self._gestures.move(event)
        tag = self._grip.tag_at(event.position()) if not event.buttons() else None
        if tag is not None and not tag.line.fixed:
            self.viewport().setCursor(Qt.CursorShape.SizeVerCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Qt's."""
        if not self._grip.release(event):
            self._gestures.release(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Qt's."""
        if self._view is None or not self._grip.press(event):
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
        if event.type() == QEvent.Type.ShortcutOverride and (
                self._grip.wants(cast(QKeyEvent, event)) or self._gestures.wants(cast(QKeyEvent, event))):
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
        if not self._grip.key(event) and not self._gestures.key(event):
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


def _badge(view: ChartView, *, empty: bool) -> str:
    """Where the numbers are from, and what goes on with them; an empty plot says that itself."""
    return ", ".join(filter(None, (view.badge, "" if empty else view.note)))


def _has_legend(view: ChartView) -> bool:
    """Whether a row is kept for names of curves, or for the shades of a map."""
    return bool(_names(view)) or view.is_map


def _names(view: ChartView) -> tuple[str, ...]:
    return legend_names(tuple(series.name for series in view.series), view.ghost.name if view.ghost else "")
