"""A table whose rows move many times a second: while they do it draws all that changed at one go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QTableView

from widgets.models.rows import Column, RowsModel
from widgets.panels.parts import tint

Texts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pencil:
    """What the cells of a row are drawn with: the usual ink, how wide text is, device pixels per pixel, how tall the
    row is, and where text stands in it."""

    ink: QColor
    metrics: QFontMetrics
    ratio: float
    tall: int
    foot: int

    @classmethod
    def of(cls, palette: QPalette, metrics: QFontMetrics, ratio: float, tall: int) -> Pencil:
        """For rows of that height."""
        return cls(palette.text().color(), metrics, ratio, tall, (tall + metrics.ascent() - metrics.descent()) // 2)


class Cell(Protocol):
    """Draws one cell of a row."""

    def draw(self, painter: QPainter, left: int, wide: int, row: Any, column: Column, text: str,
             pencil: Pencil) -> None:
        """left, wide: where the cell is; its row begins at 0. text: what the column says of that row"""


class MovingTable(QTableView):
    """As Qt's, until rows `move`; then it draws itself, without style and delegates, until they `rest`. Qt asks twenty
    times for each cell that it draws, and sixty frames a second have a hundred cells."""

    def __init__(self, model: RowsModel, cell: Cell, others: Mapping[int, Cell] | None = None) -> None:
        """cell: draws all columns but the `others`."""
        super().__init__()
        self._rows_model = model
        self._cells = [(others or {}).get(number, cell) for number in range(model.columnCount())]
        self._moving = False
        self._said: dict[int, Texts] = {}       # of rows that were in sight

    @property
    def moving(self) -> bool:
        """Whether it draws itself."""
        return self._moving

    def move_rows(self, rows: tuple[Any, ...]) -> None:
        """Show these instead; cells that say the same as before are not drawn again."""
        if not self._moving or len(rows) != len(self._rows_model.rows):
            self._rows_model.show(rows)
            self._begin()
            return
        self._rows_model.keep(rows)
        before, self._said = self._said, {number: self._texts(rows[number]) for number in self._in_sight()}
        changed: list[list[int]] = [[] for _ in self._cells]
        for number, said in self._said.items():
            was = before.get(number)
            if was is None:
                for column in changed:
                    column.append(number)
            elif was != said:
                for column, old, new in zip(changed, was, said, strict=True):
                    if old != new:
                        column.append(number)
        self._draw_again(changed)

    def rest(self) -> None:
        """Qt's own drawing from now on."""
        if self._moving:
            self._moving = False
            self._said = {}
            self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent, False)
            self._rows_model.tell()
            self.viewport().update()

    def draw_column(self, number: int) -> None:
        """That column anew in all rows."""
        self.viewport().update(QRect(self.columnViewportPosition(number), 0, self.columnWidth(number),
                                     self.viewport().height()))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt's."""
        if not self._moving:
            super().paintEvent(event)
            return
        painter = QPainter(self.viewport())
        painter.setFont(self.font())
        tall = self.verticalHeader().defaultSectionSize()
        pencil = Pencil.of(self.palette(), self.fontMetrics(), self.devicePixelRatioF(), tall)
        self._draw(painter, event.rect(), pencil)

    def _draw(self, painter: QPainter, area: QRect, pencil: Pencil) -> None:
        """All rows have one height, and no column was moved."""
        rows, columns = self._rows_model.rows, self._rows_model.columns
        painter.fillRect(area, self.palette().base())
        ends = [(place, self.columnViewportPosition(place), self.columnWidth(place)) for place in range(len(columns))]
        cells = [(place, left, wide, columns[place], self._cells[place].draw) for place, left, wide in ends
                 if left + wide > area.left() and left <= area.right() and wide]
        chosen = {index.row() for index in self.selectionModel().selectedRows()}
        seen = self._in_sight(area.top(), area.bottom())
        top = self.rowViewportPosition(seen.start) if seen else 0
        painter.translate(0, top)
        for number in seen:
            said = self._said.get(number)
            if said is None:
                said = self._said[number] = self._texts(rows[number])
            if number in chosen:
                tint(painter, QRect(ends[0][1], 0, self.viewport().width() - ends[0][1], pencil.tall), self.palette(),
                     focused=self.hasFocus(), first=True)
            for place, left, wide, column, draw in cells:
                draw(painter, left, wide, rows[number], column, said[place], pencil)
            painter.translate(0, pencil.tall)

    def _begin(self) -> None:
        self._moving = True
        self._said = {}
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent, True)      # nothing behind is drawn
        self.viewport().update()

    def _in_sight(self, top: int = 0, bottom: int = -1) -> range:
        """Rows between these lines; of all that is seen without."""
        rows = len(self._rows_model.rows)
        first, last = self.rowAt(top), self.rowAt(self.viewport().height() - 1 if bottom < 0 else bottom)
        return range(first if first >= 0 else rows, last + 1 if last >= 0 else rows)

    def _texts(self, row: Any) -> Texts:
        return tuple([column.text(row) for column in self._rows_model.columns])

    def _draw_again(self, changed: Sequence[Sequence[int]]) -> None:
        """Cells that say something else; columns beside each other in one piece."""
        place = 0
        while place < len(changed):
            first = place
            while place < len(changed) and changed[place]:
                place += 1
            if place > first:
                rows = [number for column in changed[first:place] for number in column]
                top, low = min(rows), max(rows)
                left = self.columnViewportPosition(first)
                right = self.columnViewportPosition(place - 1) + self.columnWidth(place - 1)
                above = self.rowViewportPosition(top)
                self.viewport().update(left, above, right - left,
                                       self.rowViewportPosition(low) + self.rowHeight(low) - above)
            place += 1
