"""The map of *Over time*: a row for each column, a cell for each bucket, the darker the further from the reference.

Painted by hand: cells of hundreds of rows as items of a table would be tens of thousands of them. What does not follow
the pointer is one picture, made when the view, the size or the theme changes.
"""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFocusEvent,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QToolTip

from console.drift.course_view import CourseRow, CourseView, DriftKind
from console.drift.view import Verdict
from console.metrics.format import format_count, format_window
from console.session.view import SelectionView
from widgets.charts.heat_chart import SHADES, shades
from widgets.charts.time_axis import time_ticks
from widgets.icons import Icons
from widgets.models.rows import plain_tip
from widgets.theme import GRID, REFERENCE_DASH, Theme, font_metrics, system_font

ROW_PX = ((12, 32), (20, 28))
LEAST_ROW_PX = 24
"""Few rows stand wider apart than many."""
ROW_GAP_PX = 6
HEAD_PX, AXIS_PX = 16, 24
"""Above the rows the two windows, below them the times."""
NAME_PX, KIND_PX = 176, 112
NAME_SHARE = 0.22
"""Of a wide map, so that long names are read."""
MOST_NAME_PX = 320
SENTENCE_FROM_PX, SENTENCE_SHARE = 1500, 0.34
"""In a map so wide the sentence of each row stands beside it."""
WORDS = {DriftKind.NONE: "no drift", DriftKind.TOO_FEW: "too few rows"}
ICONS = {Verdict.ALARM: "alert-octagon", Verdict.WATCH: "eye-outline", Verdict.NONE: "check-circle-outline",
         Verdict.TOO_FEW: "help-circle-outline"}
TONES = {Verdict.ALARM: "firing", Verdict.WATCH: "warning", Verdict.NONE: "muted", Verdict.TOO_FEW: "muted"}
ICON_PX = 16
NEAR_CELLS = 1.5
"""So near the onset a double click means it."""
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
CENTRE = Qt.AlignmentFlag.AlignCenter
KEYS = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End,
        Qt.Key.Key_PageUp, Qt.Key.Key_PageDown, Qt.Key.Key_Return, Qt.Key.Key_Enter)


class CourseMap(QAbstractScrollArea):
    """Displays a CourseView. Arrows move a cell mark; Return or a click takes its bucket, Shift + Return or a double
    click on the onset the times before and after that."""

    cell_changed = Signal()              # another cell is pointed at
    row_chosen = Signal(object)          # CourseRow: a person went there
    bucket_asked = Signal(object, int)   # CourseRow, bucket
    onset_asked = Signal(object)         # CourseRow

    def __init__(self, icons: Icons) -> None:
        super().__init__()
        self.setObjectName("course_map")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Drift of each column over time")
        self.viewport().setMouseTracking(True)
        self._icons = icons
        self._view: CourseView | None = None
        self._selection: SelectionView | None = None
        self._row, self._bucket = 0, 0
        self._hover: tuple[int, int] | None = None
        self._row_px = LEAST_ROW_PX
        self._kept: QPixmap | None = None
        icons.holder.changed.connect(self._theme_changed)
        self.verticalScrollBar().valueChanged.connect(self._forget_picture)

    # ---- what is shown -------------------------------------------------------------------------------------

    @property
    def view(self) -> CourseView | None:
        """What is shown."""
        return self._view

    @property
    def row(self) -> CourseRow | None:
        """The one that is pointed at, or marked."""
        at = self._pointed()
        return self._view.rows[at[0]] if self._view is not None and at is not None else None

    @property
    def chosen(self) -> CourseRow | None:
        """The marked one."""
        view = self._view
        return view.rows[self._row] if view is not None and self._row < len(view.rows) else None

    @property
    def bucket(self) -> int:
        """The marked one."""
        return self._bucket

    @property
    def cell_words(self) -> str:
        """`price, 12 Mar 2026 09:36 - 20:48 UTC: D 0.31 beyond chance, 8,231 values`."""
        at, view = self._pointed(), self._view
        if at is None or view is None:
            return ""
        row, bucket = view.rows[at[0]], at[1]
        value, when = float(row.values[bucket]), format_window(view.bucket(bucket), relative=view.relative)
        behind = f"{format_count(round(float(row.n[bucket])))} {'rows' if row.what == 'missing' else 'values'}"
        if not math.isfinite(value):
            return f"{row.title}, {when}: too few to say ({behind})"
        return f"{row.title}, {when}: {value_text(row, value)}, {behind}"

    def display(self, view: CourseView | None) -> None:
        """Another map; the mark goes to the first row's onset."""
        self._view, self._hover = view, None
        self._row = 0
        rows = view.rows if view is not None else ()
        self._row_px = next((high for most, high in ROW_PX if len(rows) <= most), LEAST_ROW_PX)
        self.setMaximumHeight(HEAD_PX + AXIS_PX + max(3, len(rows)) * self._row_px)
        self._bucket = self._onset_of(rows[0]) if rows else 0
        self.verticalScrollBar().setValue(0)
        self._lay_out()
        self._tell()

    def display_selection(self, selection: SelectionView) -> None:
        """The two windows, and the column that is chosen elsewhere too."""
        before, self._selection = self._selection, selection
        view = self._view
        if view is not None and (before is None or before.column != selection.column):
            at = next((number for number, row in enumerate(view.rows) if row.column == selection.column), None)
            if at is not None and view.rows[self._row].column != selection.column:
                self._row = at
                self._keep_in_sight()
        self._forget_picture()
        self._tell()

    # ---- places --------------------------------------------------------------------------------------------

    def _columns(self) -> tuple[QRectF, QRectF, QRectF, QRectF]:
        """Names, kinds, cells, sentences: each over the whole height of the viewport."""
        wide, tall = self.viewport().width(), self.viewport().height()
        name = min(MOST_NAME_PX, max(NAME_PX, NAME_SHARE * wide)) if wide >= 1000 else NAME_PX
        said = SENTENCE_SHARE * wide if wide >= SENTENCE_FROM_PX else 0.0
        cells = max(60.0, wide - name - KIND_PX - said - 2)
        return (QRectF(0, 0, name, tall), QRectF(name, 0, KIND_PX, tall), QRectF(name + KIND_PX, 0, cells, tall),
                QRectF(name + KIND_PX + cells + 2 * GRID, 0, max(0.0, said - 2 * GRID), tall))

    def _top(self, row: int) -> int:
        return HEAD_PX + row * self._row_px - self.verticalScrollBar().value()

    @property
    def _cell_px(self) -> int:
        return self._row_px - ROW_GAP_PX

    def _rows_high(self) -> int:
        return self.viewport().height() - HEAD_PX - AXIS_PX

    def x_of(self, at_s: float) -> float:
        """The pixel of a time."""
        view, cells = self._view, self._columns()[2]
        if view is None:
            return cells.left()
        first, length = float(view.starts_s[0]), len(view.starts_s) * view.bucket_s
        return float(cells.left() + (at_s - first) / length * cells.width())

    def cell_at(self, place: QPoint) -> tuple[int, int] | None:
        """Row and bucket at a pixel; the bucket is -1 beside the cells."""
        view = self._view
        if view is None or not HEAD_PX <= place.y() < self.viewport().height() - AXIS_PX:
            return None
        row = (place.y() - HEAD_PX + self.verticalScrollBar().value()) // self._row_px
        cells = self._columns()[2]
        if not 0 <= row < len(view.rows):
            return None
        inside = cells.left() <= place.x() < cells.right()
        bucket = int((place.x() - cells.left()) / cells.width() * len(view.starts_s)) if inside else -1
        return row, min(bucket, len(view.starts_s) - 1)

    def _pointed(self) -> tuple[int, int] | None:
        if self._view is None or not self._view.rows:
            return None
        if self._hover is not None:
            return self._hover
        return self._row, self._bucket

    def _onset_of(self, row: CourseRow) -> int:
        view = self._view
        if view is None or row.onset is None:
            return len(view.starts_s) - 1 if view is not None else 0
        return min(max(0, round((row.onset.timestamp() - float(view.starts_s[0])) / view.bucket_s)),
                   len(view.starts_s) - 1)

    def _lay_out(self) -> None:
        rows = len(self._view.rows) if self._view is not None else 0
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, rows * self._row_px - self._rows_high()))
        bar.setPageStep(max(self._row_px, self._rows_high()))
        bar.setSingleStep(self._row_px)
        self._forget_picture()

    def _keep_in_sight(self) -> None:
        bar, top = self.verticalScrollBar(), self._row * self._row_px
        if top < bar.value():
            bar.setValue(top)
        elif top + self._row_px > bar.value() + self._rows_high():
            bar.setValue(top + self._row_px - self._rows_high())

    # ---- painting ------------------------------------------------------------------------------------------

    def draw(self, painter: QPainter) -> None:
        """For a file: what is seen of it."""
        if self._view is not None:
            painter.drawPixmap(0, 0, self._picture(self._view, self._icons.theme, self.devicePixelRatioF()))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Qt's: the kept picture, and the marks on it."""
        view, theme = self._view, self._icons.theme
        painter = QPainter(self.viewport())
        if view is None:
            painter.fillRect(self.viewport().rect(), theme.color("background"))
            painter.end()
            return
        ratio = self.devicePixelRatioF()
        if self._kept is None or self._kept.size() != self.viewport().size() * ratio:
            self._kept = self._picture(view, theme, ratio)
        painter.drawPixmap(0, 0, self._kept)
        self._paint_marks(painter, view, theme)
        painter.end()

    def _picture(self, view: CourseView, theme: Theme, ratio: float) -> QPixmap:
        pixmap = QPixmap(self.viewport().size() * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(theme.color("background"))
        painter = QPainter(pixmap)
        painter.setFont(system_font())
        names, kinds, cells, said = self._columns()
        colors, font = shades(theme), font_metrics()
        painter.save()
        painter.setClipRect(QRectF(0, HEAD_PX, self.viewport().width(), self._rows_high()))
        first = max(0, self.verticalScrollBar().value() // self._row_px)
        last = min(len(view.rows), first + self._rows_high() // self._row_px + 2)
        for number in range(first, last):
            row, top = view.rows[number], self._top(number)
            line = QRectF(0, top, self.viewport().width(), self._row_px)
            if number == self._row:
                painter.fillRect(line, theme.brush("accent", 28))
                painter.fillRect(QRectF(0, top, 3, self._row_px), theme.color("accent"))
            painter.setPen(theme.color("text" if row.moved else "muted"))
            room = QRectF(names.left() + GRID, top, names.width() - 2 * GRID, self._row_px)
            painter.drawText(room, LEFT, font.elidedText(row.title, Qt.TextElideMode.ElideMiddle, room.width()))
            tone = TONES[row.verdict]
            self._icons.icon("sine-wave" if row.varies else ICONS[row.verdict], tone).paint(
                painter, QRect(round(kinds.left()), top + (self._row_px - ICON_PX) // 2, ICON_PX, ICON_PX))
            painter.setPen(theme.color(tone))
            room = QRectF(kinds.left() + ICON_PX + GRID / 2, top, kinds.width() - ICON_PX - GRID, self._row_px)
            painter.drawText(room, LEFT, kind_word(row))
            self._paint_cells(painter, row, colors, QRectF(cells.left(), top + (self._row_px - self._cell_px) / 2,
                                                           cells.width(), self._cell_px), theme)
            if said.width() > 0:
                painter.setPen(theme.color("text" if row.moved else "muted"))
                painter.drawText(QRectF(said.left(), top, said.width(), self._row_px), LEFT, font.elidedText(
                    spoken(row), Qt.TextElideMode.ElideRight, said.width()))
        painter.restore()
        self._paint_head(painter, view, theme, cells)
        self._paint_axis(painter, view, theme, cells)
        painter.end()
        return pixmap

    def _paint_cells(self, painter: QPainter, row: CourseRow, colors: np.ndarray, place: QRectF, theme: Theme) -> None:
        """One row as a picture of a pixel a cell; buckets of which nothing can be said are hatched."""
        painter.fillRect(place, theme.brush("raised"))
        level = np.where(row.shades > 0, np.maximum(1, np.round(row.shades * SHADES)), 0).astype(np.intp)
        pixels = np.ascontiguousarray(colors[level])
        image = QImage(pixels.data, len(pixels), 1, 4 * len(pixels), QImage.Format.Format_ARGB32_Premultiplied)
        painter.drawImage(place, image, QRectF(0, 0, len(pixels), 1))
        unknown = ~np.isfinite(row.values)
        if unknown.any():
            step = place.width() / len(unknown)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.brush("background"))
            for at in np.flatnonzero(unknown).tolist():
                painter.drawRect(QRectF(place.left() + at * step, place.top(), step, place.height()))
        self._paint_onset(painter, row, place, theme)

    def _paint_onset(self, painter: QPainter, row: CourseRow, place: QRectF, theme: Theme) -> None:
        """An upright line where it began, with a foot as wide as that is uncertain."""
        if row.onset is None or row.onset_low is None or row.onset_high is None or self._view is None:
            return
        x = round(self.x_of(row.onset.timestamp()))
        low = self.x_of(row.onset_low.timestamp())
        high = self.x_of(row.onset_high.timestamp() + (self._view.bucket_s if row.onset_high > row.onset_low else 0.0))
        painter.setPen(QPen(theme.color("surface"), 4))
        painter.drawLine(QPointF(x, place.top() - 1), QPointF(x, place.bottom() + 1))
        painter.setPen(QPen(theme.color("text"), 2))
        painter.drawLine(QPointF(x, place.top() - 2), QPointF(x, place.bottom() + 2))
        if high - low > 3:
            painter.drawLine(QPointF(max(low, place.left()), place.bottom() + 2), QPointF(high, place.bottom() + 2))
        painter.setBrush(theme.brush("text"))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawPolygon(QPolygonF([QPointF(x - 4, place.top() - 3), QPointF(x + 4, place.top() - 3),
                                       QPointF(x, place.top() + 3)]))

    def _paint_head(self, painter: QPainter, view: CourseView, theme: Theme, cells: QRectF) -> None:
        """The reference dashed, the current window solid, as everywhere."""
        painter.save()
        painter.setClipRect(cells)
        current = self._selection.current if self._selection is not None else None
        for window, meaning, y in ((view.reference, "reference", 4.0), (current, "current", 10.0)):
            if window is None:
                continue
            left, right = self.x_of(window.start_s), self.x_of(window.end_s)
            pen = theme.pen("reference", 2, REFERENCE_DASH[:1] + (3,)) if meaning == "reference" else \
                QPen(theme.color("current"), 2)
            painter.setPen(pen)
            painter.drawLine(QPointF(left + 1, y), QPointF(max(left + 3, right - 1), y))
        painter.restore()

    def _paint_axis(self, painter: QPainter, view: CourseView, theme: Theme, cells: QRectF) -> None:
        top = HEAD_PX + min(self._rows_high(), len(view.rows) * self._row_px)
        start = float(view.starts_s[0])
        end = start + len(view.starts_s) * view.bucket_s
        digit, taken = font_metrics().horizontalAdvance("0"), cells.left() - GRID
        for tick in time_ticks(start, end, cells.width(), digit, relative=view.relative):
            x = round(self.x_of(tick.at_s))
            painter.setPen(theme.pen("line"))
            painter.drawLine(x, top, x, top + 4)
            wide = font_metrics().horizontalAdvance(tick.label)
            left = min(max(x - wide / 2, cells.left()), cells.right() - wide)
            if left < taken + GRID:
                continue                            # pushed in at an end, it would touch its neighbour
            taken = left + wide
            painter.setPen(theme.color("text" if tick.day_change else "muted"))
            painter.drawText(QRectF(left - 1, top + 4, wide + 2, AXIS_PX - 4), CENTRE, tick.label)

    def _paint_marks(self, painter: QPainter, view: CourseView, theme: Theme) -> None:
        """The marked cell, and the one under the pointer."""
        cells = self._columns()[2]
        step = cells.width() / len(view.starts_s)
        painter.setClipRect(QRectF(0, HEAD_PX - 2, self.viewport().width(), self._rows_high() + 4))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        marks = [((self._row, self._bucket), "accent" if self.hasFocus() else "muted")]
        if self._hover is not None and self._hover[1] >= 0:
            marks.append((self._hover, "text"))
        for (row, bucket), meaning in marks:
            top = self._top(row) + (self._row_px - self._cell_px) / 2
            box = QRectF(cells.left() + bucket * step, top, step, self._cell_px)
            pen = QPen(QColor(theme.color(meaning)), 2)
            pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
            painter.setPen(pen)
            painter.drawRect(box.adjusted(-1, -1, 1, 1))

    # ---- events of Qt --------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        """Room for all rows."""
        rows = len(self._view.rows) if self._view is not None else 10
        return QSize(800, HEAD_PX + AXIS_PX + max(3, rows) * self._row_px)

    def minimumSizeHint(self) -> QSize:
        """Room for three."""
        return QSize(400, HEAD_PX + AXIS_PX + 3 * LEAST_ROW_PX)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt's."""
        super().resizeEvent(event)
        self._lay_out()

    def event(self, event: QEvent) -> bool:
        """Keys that move the mark are not the window's here."""
        if event.type() is QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) \
                and Qt.Key(event.key()) in KEYS and not event.modifiers() & ~Qt.KeyboardModifier.ShiftModifier:
            event.accept()
            return True
        return super().event(event)

    def viewportEvent(self, event: QEvent) -> bool:
        """Qt's: the sentence of a row, where it does not stand beside it."""
        if event.type() is QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            at = self.cell_at(event.pos())
            if at is not None and self._view is not None:
                QToolTip.showText(event.globalPos(), plain_tip(self._view.rows[at[0]].sentence), self)
            else:
                QToolTip.hideText()
            return True
        return super().viewportEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt's."""
        view, key = self._view, Qt.Key(event.key())
        if view is None or not view.rows or key not in KEYS:
            super().keyPressEvent(event)
            return
        row = view.rows[self._row]
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                self.onset_asked.emit(row)
            else:
                self.bucket_asked.emit(row, self._bucket)
            return
        page = max(1, self._rows_high() // self._row_px - 1)
        down = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_PageUp: -page, Qt.Key.Key_PageDown: page}.get(key, 0)
        along = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Home: -len(view.starts_s),
                 Qt.Key.Key_End: len(view.starts_s)}.get(key, 0)
        self._hover = None
        self._mark(min(max(self._row + down, 0), len(view.rows) - 1),
                   min(max(self._bucket + along, 0), len(view.starts_s) - 1))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Qt's."""
        at = self.cell_at(event.position().toPoint())
        at = at if at is not None and at[1] >= 0 else None
        if at != self._hover:
            self._hover = at
            self.viewport().update()
            self._tell()

    def leaveEvent(self, event: QEvent) -> None:
        """Qt's."""
        super().leaveEvent(event)
        if self._hover is not None:
            self._hover = None
            self.viewport().update()
            self._tell()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Qt's: a cell gives its bucket; a name its row."""
        at = self.cell_at(event.position().toPoint())
        if event.button() is not Qt.MouseButton.LeftButton or at is None or self._view is None:
            return
        row, bucket = at
        self._mark(row, bucket if bucket >= 0 else self._onset_of(self._view.rows[row]))
        if bucket >= 0:
            self.bucket_asked.emit(self._view.rows[row], bucket)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Qt's: at the onset, the times before and after it."""
        at = self.cell_at(event.position().toPoint())
        if event.button() is not Qt.MouseButton.LeftButton or at is None or self._view is None:
            return
        row = self._view.rows[at[0]]
        if row.onset is not None and (at[1] < 0 or abs(at[1] + 0.5 - self._onset_of(row)) <= NEAR_CELLS):
            self.onset_asked.emit(row)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Qt's."""
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Qt's."""
        super().focusOutEvent(event)
        self.viewport().update()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """None: what can be done stands below."""
        event.ignore()

    # ---- inside --------------------------------------------------------------------------------------------

    def _mark(self, row: int, bucket: int) -> None:
        view = self._view
        assert view is not None, "there are rows to mark"
        other = row != self._row
        self._row, self._bucket = row, bucket
        self._keep_in_sight()
        self._forget_picture()
        self._tell()
        if other:
            self.row_chosen.emit(view.rows[row])

    def _tell(self) -> None:
        self.setAccessibleDescription(f"{self.cell_words}. {self.row.sentence}" if self.row is not None else "")
        self.cell_changed.emit()

    def _forget_picture(self) -> None:
        self._kept = None
        self.viewport().update()

    def _theme_changed(self, _theme: object) -> None:
        self._forget_picture()


def kind_word(row: CourseRow) -> str:
    """What stands beside the name."""
    return "varies" if row.varies else WORDS.get(row.kind, row.kind.value)


def spoken(row: CourseRow) -> str:
    """The sentence, without the name that stands at the left."""
    for name in (row.title, row.column):
        if row.sentence.startswith(f"{name} "):
            return row.sentence[len(name) + 1:]
    return row.sentence


def value_text(row: CourseRow, value: float) -> str:
    """`D 0.31`, `+3.2 points`, `AUC −0.09`, `+40 %`; distances are beyond what chance gives."""
    if row.measure == "points":
        return f"{value * 100:+.2f} points".replace("-", "−")
    if row.measure == "AUC":
        return f"AUC {value:+.3f}".replace("-", "−")
    if row.measure == "%":
        return f"{value * 100:+.0f} %".replace("-", "−")
    return f"{row.measure} {max(0.0, value):.3f} beyond chance"

