"""Rows that come page by page, as a read-only table: the next page is asked for when the last is nearly seen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from PySide6.QtCore import QAbstractTableModel, Qt, Signal

from console.metrics.format import format_since
from console.roles import ColumnType, Role
from console.store.rows import Row, RowColumn, RowsPage
from widgets.models.rows import LEFT, RIGHT, ROOT, Index, plain_tip
from widgets.theme import ThemeHolder, font_metrics

MISSING = "\N{EN DASH}"
MOST_ROWS = 20_000
"""A person looks for a row by a filter, not by scrolling on; so many stay in memory."""
LEAST_PX, MOST_PX, SPARE_PX = 56, 260, 24
SAMPLED_ROWS = 40
"""Rows that the widths of columns are chosen from."""
_DISPLAY, _TIP, _ALIGN, _FOREGROUND, _SPOKEN = (
    Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.TextAlignmentRole,
    Qt.ItemDataRole.ForegroundRole, Qt.ItemDataRole.AccessibleTextRole)


class PagedRows(QAbstractTableModel):
    """The first column is the time, the last two say where the row stands; between them are those of the log."""

    more_asked = Signal()

    def __init__(self, holder: ThemeHolder, parent: Any = None) -> None:
        super().__init__(parent)
        self._holder = holder
        self._rows: list[Row] = []
        self._columns: tuple[tuple[int, RowColumn], ...] = ()        # number in the page, and what it is
        self._right: tuple[bool, ...] = ()
        self._more = False
        self._asked = False
        self._relative = False

    @property
    def rows(self) -> tuple[Row, ...]:
        """All that have come so far."""
        return tuple(self._rows)

    @property
    def full(self) -> bool:
        """Whether no more are taken in."""
        return len(self._rows) >= MOST_ROWS

    def begin(self, page: RowsPage, *, relative: bool) -> None:
        """Other rows from now on. The column that the time is read from stands in front already."""
        self.beginResetModel()
        self._relative = relative
        self._columns = tuple((number, column) for number, column in enumerate(page.columns)
                              if column.role != Role.TIMESTAMP)
        self._right = (False, *(column.type is ColumnType.NUMBER for _, column in self._columns), False, True)
        self._rows = list(page.rows)
        self._more, self._asked = page.more, False
        self.endResetModel()

    def go_on(self, page: RowsPage) -> None:
        """The page behind the last."""
        self._more, self._asked = page.more, False
        if page.rows:
            self.beginInsertRows(ROOT, len(self._rows), len(self._rows) + len(page.rows) - 1)
            self._rows += page.rows
            self.endInsertRows()

    def clear(self) -> None:
        """Nothing is shown."""
        self.begin(RowsPage((), (), False), relative=False)

    def row(self, index: Index) -> Row | None:
        """The row behind a cell."""
        return self._rows[index.row()] if index.isValid() and index.row() < len(self._rows) else None

    def stored(self, section: int) -> str | None:
        """The stored name of a column; "" for the time, None for one that cannot be sorted or filtered by."""
        if section == 0:
            return ""
        return self._columns[section - 1][1].stored if 0 < section <= len(self._columns) else None

    def section_of(self, stored: str) -> int:
        """Where that column is shown."""
        return next((at + 1 for at, (_, column) in enumerate(self._columns) if column.stored == stored), 0)

    def value(self, index: Index) -> str | None:
        """The whole text of a cell; None where it is missing."""
        row, section = self.row(index), index.column()
        if row is None:
            return None
        if section == 0:
            return time_text(row.at, relative=self._relative) if row.at is not None else None
        if section <= len(self._columns):
            return row.cells[self._columns[section - 1][0]]
        return row.path if section == len(self._columns) + 1 else str(row.record + 1)

    def widths(self) -> tuple[int, ...]:
        """Pixels of each column, from the first rows."""
        font = font_metrics()

        def wide(section: int) -> int:
            texts = [self.headerData(section, Qt.Orientation.Horizontal) or ""]
            texts += [self.value(self.index(at, section)) or "" for at in range(min(SAMPLED_ROWS, len(self._rows)))]
            return min(MOST_PX, max(LEAST_PX, SPARE_PX + round(max(font.horizontalAdvance(t[:80]) for t in texts))))

        return tuple(wide(section) for section in range(self.columnCount()))

    def rowCount(self, parent: Index = ROOT) -> int:
        """As Qt wants it."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = ROOT) -> int:
        """As Qt wants it."""
        return 0 if parent.isValid() or not self._right else len(self._columns) + 3

    def canFetchMore(self, parent: Index) -> bool:
        """As Qt wants it."""
        return self._more and not self._asked and not self.full and not parent.isValid()

    def fetchMore(self, parent: Index) -> None:
        """As Qt wants it: the next page is on its way."""
        if not self._asked:
            self._asked = True
            self.more_asked.emit()

    def data(self, index: Index, role: int = _DISPLAY) -> Any:
        """As Qt wants it; text from the log is text only."""
        if role not in (_DISPLAY, _TIP, _ALIGN, _FOREGROUND, _SPOKEN) or not index.isValid():
            return None
        if role == _ALIGN:
            return RIGHT if self._right[index.column()] else LEFT
        value = self.value(index)
        if role == _FOREGROUND:
            return self._holder.theme.color("muted") if value is None or index.column() > len(self._columns) else None
        if role == _TIP:
            return plain_tip(value or "missing")
        if role == _SPOKEN:
            return value or "missing"
        return MISSING if value is None else value.replace("\n", " ")

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _DISPLAY) -> Any:
        """As Qt wants it."""
        if orientation is not Qt.Orientation.Horizontal or section >= self.columnCount():
            return None
        if role == _ALIGN:
            return RIGHT if self._right[section] else LEFT
        if role != _DISPLAY:
            return None
        if 0 < section <= len(self._columns):
            return self._columns[section - 1][1].name or self._columns[section - 1][1].stored
        return "Time" if section == 0 else "File" if section == len(self._columns) + 1 else "Record"


def time_text(at: datetime, *, relative: bool = False) -> str:
    """A moment to the millisecond."""
    if relative:
        return f"+{format_since(at, digits=3)}"
    return f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d}"


def as_lines(cells: list[list[str | None]], tidy: Callable[[str], str]) -> str:
    """Cells as spreadsheets take them from the clipboard."""
    return "\n".join("\t".join(tidy((cell or "").replace("\t", " ").replace("\n", " ")) for cell in line)
                     for line in cells)
