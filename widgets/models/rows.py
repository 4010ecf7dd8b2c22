"""Any tuple of rows as a read-only table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

Index = QModelIndex | QPersistentModelIndex
ROOT = QModelIndex()
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_DISPLAY, _TIP, _ALIGN, _FOREGROUND, _ICON, _FONT, _SPOKEN = (
    Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.TextAlignmentRole,
    Qt.ItemDataRole.ForegroundRole, Qt.ItemDataRole.DecorationRole, Qt.ItemDataRole.FontRole,
    Qt.ItemDataRole.AccessibleTextRole)
MOST_TIP = 600
"""Longer tips cover the screen."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    width       pixels at the start, chosen from a sample; never measured over all rows
    text        what stands in the cell
    tip         what is said on hovering, where the text may be cut; the text itself when None
    foreground  a brush, or None for the usual colour
    """

    title: str
    width: int
    text: Callable[[Any], str]
    right: bool = False
    tip: Callable[[Any], str] | None = None
    foreground: Callable[[Any], Any] | None = None
    icon: Callable[[Any], Any] | None = None
    font: Any = None


class RowsModel(QAbstractTableModel):
    """Answers from the tuple. Replacing the tuple keeps the selection when the number of rows stays the same."""

    _columns: tuple[Column, ...] = ()       # Python may have taken it apart while Qt still asks: it has nothing then
    _rows: tuple[Any, ...] = ()

    def __init__(self, columns: Sequence[Column], parent: Any = None) -> None:
        super().__init__(parent)
        self._columns = tuple(columns)
        self._rows = ()

    @property
    def rows(self) -> tuple[Any, ...]:
        """What is shown."""
        return self._rows

    @property
    def columns(self) -> tuple[Column, ...]:
        """What it has."""
        return self._columns

    def widths(self) -> tuple[int, ...]:
        """Of the columns, in pixels."""
        return tuple(column.width for column in self._columns)

    def show(self, rows: tuple[Any, ...]) -> None:
        """Show these instead."""
        if len(rows) == len(self._rows):
            self._rows = rows
            self.tell()
            return
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def keep(self, rows: tuple[Any, ...]) -> None:
        """Show these instead, as many as before, without a word: for who draws them many times a second, and calls
        `tell` in the end."""
        self._rows = rows

    def tell(self) -> None:
        """That all cells may say something else."""
        if self._rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, len(self._columns) - 1))

    def column(self, index: Index) -> Column:
        """The column of a cell."""
        return self._columns[index.column()]

    def row(self, index: Index) -> Any:
        """The row behind a cell; None where there is none."""
        return self._rows[index.row()] if index.isValid() and index.row() < len(self._rows) else None

    def rowCount(self, parent: Index = ROOT) -> int:
        """As Qt wants it."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = ROOT) -> int:
        """As Qt wants it."""
        return 0 if parent.isValid() else len(self._columns)

    def data(self, index: Index, role: int = _DISPLAY) -> Any:
        """As Qt wants it. What comes from a log goes out as text only; a tip is escaped, since Qt guesses at HTML."""
        if role not in (_DISPLAY, _TIP, _ALIGN, _FOREGROUND, _ICON, _FONT, _SPOKEN) or not index.isValid():
            return None
        row = self._rows[index.row()]
        column = self._columns[index.column()]
        if role in (_DISPLAY, _SPOKEN):
            return column.text(row)
        if role == _ALIGN:
            return RIGHT if column.right else LEFT
        if role == _TIP:
            return plain_tip(column.tip(row) if column.tip else column.text(row))
        if role == _FOREGROUND:
            return column.foreground(row) if column.foreground else None
        if role == _ICON:
            return column.icon(row) if column.icon else None
        return column.font

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _DISPLAY) -> Any:
        """As Qt wants it."""
        if orientation is not Qt.Orientation.Horizontal or section >= len(self._columns):
            return None
        if role == _DISPLAY:
            return self._columns[section].title
        if role == _ALIGN:
            return RIGHT if self._columns[section].right else LEFT
        return None


def plain_tip(text: str) -> str:
    """A tool tip that is never taken for HTML; wrapped by Qt."""
    if not text:
        return ""
    shown = text if len(text) <= MOST_TIP else text[:MOST_TIP] + " …"
    escaped = shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\n", "<br>")
    return f"<qt>{escaped}</qt>"
