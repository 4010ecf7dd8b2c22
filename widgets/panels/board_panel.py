"""The board: all charts of the log over one window."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

from PySide6.QtCore import QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QScrollArea, QVBoxLayout, QWidget

from console.alarms.on_charts import NOTHING, OnCharts
from console.metrics.view import BoardView, ReadOut
from console.session.view import SelectionView
from console.window import Window
from widgets.charts.chart import Chart
from widgets.charts.heat_chart import HeatChart
from widgets.theme import GRID, ThemeHolder

LEAST_WIDTH, LEAST_HEIGHT = 272, 156
"""A chart is still readable at that size; a smaller board scrolls."""
MOST_COLUMNS = 4
TALLEST = 0.8
"""Height of a chart by its width, where there is room."""
LONGEST = 3.2
"""Width of a chart by its height; more of it tells nothing more."""
PEEK = 30
"""Of the first row that must be scrolled to, so much is seen: titles and values."""
HELD_KEYS = {Qt.Key.Key_R: "reference", Qt.Key.Key_C: "current"}
EMPTY = "No data yet. Charts appear as soon as the first file is read."
COMING = "Reading the charts …"


class BoardPanel(QWidget):
    """Displays a BoardView. Charts are made once per metric and kept; the cross-hair and a drag are shared by all.

    The window drawn is that of the selection, not that of the data: zooming and moving show at once, with what is
    there, until the new data come.
    """

    zoom_asked = Signal(float, float)            # factor (< 1 comes closer), the instant that stays: epoch seconds
    pan_asked = Signal(float)                    # share of the visible length; negative goes back in time
    window_brushing = Signal(str, float, float)  # side, start, end: while dragging; end = start: given up
    window_brushed = Signal(str, float, float)   # side ("reference", "current"), start, end
    back_asked = Signal()
    hovered = Signal(object)                     # where the cross-hair is now: epoch seconds or None
    menu_asked = Signal(str, QPoint)             # metric, place on the screen
    chart_chosen = Signal(str)                   # metric: clicked, so that the inspector can explain it
    displayed = Signal()                         # other numbers or another window are shown
    threshold_moving = Signal(str, str, float)   # metric, rule, level: while its line is in hand
    threshold_moved = Signal(str, str, float)    # metric, rule, level: where it is to be kept
    threshold_dropped = Signal(str, str)         # metric, rule: as it was
    rows_asked = Signal(str, float, float)       # metric, start, end of the bucket that the cross-hair is held in
    curve_asked = Signal(str, str, QPoint)       # metric, curve, place on the screen: its name was pressed

    def __init__(self, theme_holder: ThemeHolder, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("board")
        self.setAccessibleName("Board of charts")
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)       # else charts cannot follow it in the order of tabs
        self._holder = theme_holder
        self._charts: dict[str, Chart] = {}
        self._board: BoardView | None = None
        self._visible: Window | None = None
        self._brushes: dict[str, Window | None] = {"reference": None, "current": None}
        self._brushing: tuple[str, float, float] | None = None
        self._moved = 0.0
        self._cross: float | None = None
        self._locked = False
        self._alone = ""
        self._chosen = ""
        self._side = ""
        self._alarms = NOTHING
        self._first_seen: tuple[tuple[str, float], ...] = ()
        self._wide: frozenset[str] = frozenset()
        self._revealed = ""
        self._tabbed: tuple[str, ...] = ()
        self._sheet = QWidget()
        self._area = QScrollArea(self)
        self._area.setWidget(self._sheet)
        self._area.setWidgetResizable(False)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._empty = QLabel(EMPTY, self)
        self._empty.setObjectName("board_empty")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        self._empty.setTextFormat(Qt.TextFormat.PlainText)
        self._empty.setProperty("tone", "muted")
        self._page = page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.addWidget(self._area)
        page.addWidget(self._empty)
        self._area.hide()

    # what is shown

    def display(self, board: BoardView | None, selection: SelectionView) -> None:
        """Draws the charts of the board over the selection's visible window; None or no charts: says so."""
        metrics = [chart.metric for chart in board.charts] if board is not None else []
        before = [chart.metric for chart in self._board.charts] if self._board is not None else []
        self._board = board
        for view in board.charts if board is not None else ():
            if view.metric not in self._charts:
                self._charts[view.metric] = self._new_chart(view.metric, of_map=view.is_map)
        self._area.setVisible(bool(metrics))
        self._empty.setVisible(not metrics)
        self._empty.setText(board.nothing if board is not None and board.nothing
                            else EMPTY if selection.whole is None else COMING)
        if self._alone not in metrics:
            self._alone = ""
        if metrics != before:
            self._arrange()
        self.display_selection(selection)

    def display_selection(self, selection: SelectionView) -> None:
        """Only the windows have changed: quick, and shows them over the data there are."""
        self._visible = selection.visible
        self._brushes = {"reference": selection.reference, "current": selection.current}
        self._redraw()
        self.displayed.emit()

    def display_alarms(self, alarms: OnCharts) -> None:
        """Thresholds, stretches and begins, each chart its own."""
        self._alarms = alarms
        for metric, chart in self._charts.items():
            chart.set_alarms(alarms.of(metric), alarms.starts)

    def display_first_seen(self, moments: tuple[tuple[str, datetime], ...]) -> None:
        """Model versions that came while the log ran: a line across all charts, as for what was noted."""
        self._first_seen = tuple((text, at.timestamp()) for text, at in moments)
        self._redraw()

    def show_count(self, metric: str, rule: str, said: str, spans: tuple[tuple[float, float], ...]) -> None:
        """How often the rule that is in hand would have fired, and when."""
        if metric in self._charts:
            self._charts[metric].show_count(rule, said, spans)

    def take_threshold(self, metric: str, rule: str = "") -> bool:
        """The line of that rule, or the chart's next one, for the keys. Whether there is one."""
        return metric in self._charts and self._charts[metric].take_threshold(rule)

    def show_read_out(self, values: tuple[ReadOut, ...]) -> None:
        """The values at the cross-hair, each in the header of its chart; none: the newest values again."""
        by_metric: dict[str, list[ReadOut]] = {}
        for value in values:
            by_metric.setdefault(value.metric, []).append(value)
        for metric, chart in self._charts.items():
            chart.show_read_out(tuple(by_metric.get(metric, ())))

    def set_brush_side(self, side: str) -> None:
        """What a plain drag does from now on: "reference" or "current" brush that window, "" moves the visible one."""
        self._side = side
        for chart in self._charts.values():
            chart.set_brush_side(side)

    # what others may ask

    @property
    def cross_hair(self) -> float | None:
        """Epoch seconds of the cross-hair, for which the read-out is wanted after each change of the data."""
        return self._cross

    @property
    def cross_hair_locked(self) -> bool:
        """Whether a click holds the cross-hair where it is."""
        return self._locked

    def lock_cross_hair(self, locked: bool) -> None:
        """Holds the cross-hair, or lets it follow the pointer again."""
        self._locked = locked and self._cross is not None
        self._draw_cross()

    def hold_cross_hair(self, at_s: float) -> None:
        """At that instant, as a click would."""
        self._set_cross(at_s)
        self._locked = True
        self._draw_cross()

    def choose(self, metric: str) -> None:
        """That chart, scrolled to where it is seen; where another one has all the room it takes its place."""
        if self._alone and self._alone != metric:
            self.show_alone(metric)
        chart = self._charts.get(metric)
        if chart is not None and metric in self.shown_metrics():
            self._scroll_to(chart.geometry())
            self._choose(metric)

    def _scroll_to(self, place: QRect) -> None:
        """All of it, or its top. Qt's own `ensureWidgetVisible` is content with where a text cursor would blink."""
        bar, height = self._area.verticalScrollBar(), self._area.viewport().height()
        bar.setValue(max(min(bar.value(), place.top()), min(place.bottom() + 1 - height, place.top())))

    @property
    def chosen(self) -> str:
        """The chart that keys mean: the one with the focus, else the one clicked last, else the first; "" for none."""
        shown = self.shown_metrics()
        focused = next((metric for metric in shown if self._charts[metric].hasFocus()), "")
        return focused or (self._chosen if self._chosen in shown else next(iter(shown), ""))

    def bucket_at(self, metric: str, at_s: float) -> Window | None:
        """The bucket of that chart which holds the instant; None where the chart has none."""
        chart = self._charts.get(metric)
        view = chart.view if chart is not None else None
        if view is None or not len(view.times):
            return None
        start = float(view.times[0]) + (at_s - float(view.times[0])) // view.bucket_s * view.bucket_s
        return Window.from_epoch(start, start + view.bucket_s)

    def bucket_at_cross_hair(self, metric: str) -> Window | None:
        """The bucket of that chart at the cross-hair."""
        return self.bucket_at(metric, self._cross) if self._cross is not None else None

    def chart(self, metric: str) -> Chart | None:
        """The chart of a metric."""
        return self._charts.get(metric)

    def reveal(self, metric: str) -> None:
        """Scroll to that chart, as soon as it is there; keys mean it from then on. Another one that stands alone makes
        room."""
        if self._alone not in ("", metric):
            self.show_alone("")
        chart = self._charts.get(metric)
        if chart is not None and metric in self.shown_metrics():
            self._area.ensureWidgetVisible(chart, 0, GRID)
            self._choose(metric)
            QTimer.singleShot(0, chart, lambda: self._area.ensureWidgetVisible(chart, 0, GRID))     # a bar may open
        else:
            self._revealed = metric

    def shown_metrics(self) -> tuple[str, ...]:
        """In the order of the board."""
        if self._board is None:
            return ()
        return tuple(c.metric for c in self._board.charts if self._alone in ("", c.metric))

    def every_metric(self) -> tuple[str, ...]:
        """Those of the board, whether one of them has all the room or not."""
        return tuple(one.metric for one in self._board.charts) if self._board is not None else ()

    def show_alone(self, metric: str) -> None:
        """One chart in all the room; "" shows all again."""
        self._alone = metric if metric in self._charts else ""
        self._arrange()
        self._redraw()

    @property
    def alone(self) -> str:
        """The chart that has all the room; "" when all are shown."""
        return self._alone

    def set_wide(self, metrics: frozenset[str]) -> None:
        """These charts take two columns, where there are two."""
        if metrics != self._wide:
            self._wide = metrics
            self._arrange()

    # charts

    def _new_chart(self, metric: str, *, of_map: bool) -> Chart:
        chart = (HeatChart if of_map else Chart)(self._holder, self._sheet)
        chart.setObjectName(f"chart_{metric}")
        chart.set_brush_side(self._side)
        chart.zoom_asked.connect(self.zoom_asked)
        chart.pan_asked.connect(self._pan_ended)
        chart.panning.connect(self._panning)
        chart.window_brushing.connect(self._brushing_shown)
        chart.window_brushed.connect(self._brush_ended)
        chart.back_asked.connect(self.back_asked)
        chart.hovered.connect(self._hovered)
        chart.clicked.connect(self._clicked)
        chart.chosen.connect(self._choose)
        chart.rows_asked.connect(self._rows_asked)
        chart.alone_asked.connect(self._alone_asked)
        chart.menu_asked.connect(self._menu_asked)
        chart.curve_asked.connect(self.curve_asked)
        chart.threshold_moving.connect(self.threshold_moving)
        chart.threshold_moved.connect(self.threshold_moved)
        chart.threshold_dropped.connect(self.threshold_dropped)
        chart.set_alarms(self._alarms.of(metric), self._alarms.starts)
        return chart

    def _redraw(self) -> None:
        if self._board is None or not self._board.charts:
            return
        window = self._visible or self._board.window
        if self._moved:
            by = self._moved * window.seconds
            window = Window.from_epoch(window.start_s + by, window.end_s + by)
        brushes = dict(self._brushes)
        if self._brushing is not None and self._brushing[2] > self._brushing[1]:
            side, start, end = self._brushing
            brushes[side] = Window.from_epoch(start, end)
        marks = (*self._first_seen, *((text, at.timestamp()) for text, at in self._board.annotations))
        for view in self._board.charts:
            self._charts[view.metric].set_marks(marks)
            self._charts[view.metric].display(view, window, brushes["reference"], brushes["current"])

    def _arrange(self) -> None:
        """Places the charts by hand: all of one size, as wide as their column, filling the height where they can."""
        shown = self.shown_metrics()
        for metric, chart in self._charts.items():
            chart.setVisible(metric in shown)
        if not shown:
            return
        width, height = self.width(), self.height()        # the area's own may be that of before it was shown
        if shown != self._tabbed:
            self._tabbed = shown
            chain: list[QWidget] = [self, *(self._charts[metric] for metric in shown)]
            for before, after in pairwise(chain):
                QWidget.setTabOrder(before, after)      # charts are made late, and stand behind all else otherwise
        wide = tuple(metric in self._wide for metric in shown)
        if self._sheet_height(width, height, wide)[2] > height:
            width -= self._area.verticalScrollBar().sizeHint().width()
        columns, tall, _ = self._sheet_height(width, height, wide)
        places = flow(wide, columns)
        total = (places[-1][0] + 1) * (tall + GRID) - GRID
        column = (width - (columns - 1) * GRID) / columns
        for metric, (row, number, spans) in zip(shown, places, strict=True):
            left = round(number * (column + GRID))
            right = round((number + spans - 1) * (column + GRID) + column)
            self._charts[metric].setGeometry(QRect(left, row * (tall + GRID), right - left, tall))
        self._sheet.resize(width, total)
        if self._revealed in shown:
            self._area.ensureWidgetVisible(self._charts[self._revealed], 0, GRID)
            self._chosen, self._revealed = self._revealed, ""

    def _sheet_height(self, width: int, height: int, wide_ones: tuple[bool, ...]) -> tuple[int, int, int]:
        """Columns, height of a chart, and of all of them, for so many charts in that room.

        Of the arrangements that show all charts at once, the one that gives them most room; else as many columns as
        there can be, whole rows, and the titles of the next one.
        """
        best: tuple[float, int, int, int] | None = None
        most, count = 1, len(wide_ones) + sum(wide_ones)
        for columns in range(1, min(count, MOST_COLUMNS) + 1):
            wide = (width - (columns - 1) * GRID) / columns
            if columns > 1 and wide < LEAST_WIDTH:
                break
            most = columns
            rows = flow(wide_ones, columns)[-1][0] + 1
            free = (height - (rows - 1) * GRID) // rows
            tall = free if self._alone else min(free, int(max(wide * TALLEST, LEAST_HEIGHT)))
            used = min(wide, LONGEST * tall) * tall
            if tall >= LEAST_HEIGHT and (best is None or used >= best[0]):
                best = used, columns, tall, rows * (tall + GRID) - GRID
        if best is not None:
            return best[1:]
        whole = max(1, (height - PEEK) // (LEAST_HEIGHT + GRID))
        tall = max(LEAST_HEIGHT, (height - PEEK) // whole - GRID)
        return most, tall, (flow(wide_ones, most)[-1][0] + 1) * (tall + GRID) - GRID

    # what charts say

    def _hovered(self, at_s: float | None) -> None:
        if not self._locked:
            self._set_cross(at_s)

    def _set_cross(self, at_s: float | None) -> None:
        if at_s == self._cross:
            return
        self._cross = at_s
        self._draw_cross()
        self.hovered.emit(at_s)

    def _draw_cross(self) -> None:
        for chart in self._charts.values():
            chart.set_cross_hair(self._cross, locked=self._locked)

    def _clicked(self, metric: str, at_s: float) -> None:
        """The first click locks, the next one frees."""
        if self._locked:
            self._locked = False
            self._set_cross(at_s)
            self._draw_cross()
        else:
            self._set_cross(at_s)
            self._locked = True
            self._draw_cross()
        self._choose(metric)

    def _choose(self, metric: str) -> None:
        self._chosen = metric
        self.chart_chosen.emit(metric)

    def _menu_asked(self, metric: str, place: QPoint) -> None:
        self._chosen = metric
        self.menu_asked.emit(metric, place)

    def _rows_asked(self, metric: str, at_s: float) -> None:
        self._chosen = metric
        window = self.bucket_at(metric, at_s)
        if window is not None:
            self.rows_asked.emit(metric, window.start_s, window.end_s)

    def _panning(self, moved: float) -> None:
        self._moved = moved
        self._redraw()

    def _pan_ended(self, moved: float) -> None:
        self._moved = 0.0
        self.pan_asked.emit(moved)
        self._redraw()

    def _brushing_shown(self, side: str, start: float, end: float) -> None:
        self._brushing = (side, start, end)
        self._redraw()
        self.window_brushing.emit(side, start, end)

    def _brush_ended(self, side: str, start: float, end: float) -> None:
        self._brushing = None
        self.window_brushed.emit(side, start, end)
        self._redraw()

    def _alone_asked(self, metric: str) -> None:
        self.show_alone("" if self._alone else metric)

    # events of Qt

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt's."""
        super().resizeEvent(event)
        self._page.activate()
        self._arrange()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt's: R or C held brush that window."""
        side = HELD_KEYS.get(Qt.Key(event.key()))
        if event.key() == Qt.Key.Key_Escape and self._locked:
            self.lock_cross_hair(False)
            return
        if side is None or event.modifiers() or event.isAutoRepeat():
            event.ignore()
            return
        self.set_brush_side(side)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Qt's."""
        if Qt.Key(event.key()) in HELD_KEYS and not event.isAutoRepeat():
            self.set_brush_side("")
        else:
            event.ignore()


def flow(wide: tuple[bool, ...], columns: int) -> list[tuple[int, int, int]]:
    """(row, first column, columns) of each chart, one after the other. A wide one that has no room begins a row, and
    what it left free goes to the chart before it."""
    places: list[tuple[int, int, int]] = []
    row, at = 0, 0
    for one in wide:
        spans = min(2, columns) if one else 1
        if at + spans > columns:
            if at < columns:
                places[-1] = (row, places[-1][1], places[-1][2] + columns - at)
            row, at = row + 1, 0
        places.append((row, at, spans))
        at += spans
    return places
