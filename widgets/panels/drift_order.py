"""Above the table of columns: find a column by its name, sort by a heading, copy and export."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLineEdit, QTableView, QWidget

from console.drift.view import ColumnDrift, Verdict
from widgets.icons import Icons
from widgets.panels.drift_table import TableRow, column_text, moved_text
from widgets.panels.parts import label, row, tool

VERDICTS = tuple(Verdict)
KEYS: tuple[Callable[[ColumnDrift], Any], ...] = (
    lambda one: VERDICTS.index(one.verdict),
    lambda one: column_text(one).casefold(),
    lambda one: one.test,
    lambda one: -abs(one.effect) if math.isfinite(one.effect) else math.inf,
    lambda one: one.p_adjusted if math.isfinite(one.p_adjusted) else math.inf,
    lambda one: moved_text(one).casefold(),
)
"""By column of the table, in the direction that one looks for first."""


class TableOrder(QWidget):
    """A heading sorts, pressed again the other way round, a third time as it was: the worst first."""

    changed = Signal()
    copy_asked = Signal()
    export_asked = Signal()

    def __init__(self, icons: Icons, table: QTableView) -> None:
        super().__init__()
        self._section, self._backwards = -1, False
        self._table = table
        self._find = QLineEdit()
        self._find.setObjectName("drift_filter")
        self._find.setPlaceholderText("Find a column")
        self._find.setAccessibleName("Find a column by its name")
        self._find.setClearButtonEnabled(True)
        self._find.setMaximumWidth(240)
        self._count = label(name="drift_found", tone="muted")
        copy = tool(icons, "content-copy", "drift_copy", "Copy the whole table")
        export = tool(icons, "export-variant", "drift_export", "Write the result as CSV or JSON")
        self.setLayout(row(self._find, self._count, None, copy, export))
        header = table.horizontalHeader()
        header.setSectionsClickable(True)
        header.sectionClicked.connect(self._on_section)
        self._find.textChanged.connect(self._on_text)
        copy.clicked.connect(self.copy_asked)
        export.clicked.connect(self.export_asked)

    def arranged(self, rows: Sequence[ColumnDrift]) -> tuple[ColumnDrift, ...]:
        """Those that are looked for, in the order that is wished."""
        text = self._find.text().strip().casefold()
        found = [one for one in rows if text in column_text(one).casefold()]
        if 0 <= self._section < len(KEYS):
            found.sort(key=KEYS[self._section], reverse=self._backwards)
        self._count.setText(f"{len(found)} of {len(rows)}" if text else "")
        return tuple(found)

    def finds(self, row: TableRow) -> bool:
        """Whether it is among those that are looked for."""
        return self._find.text().strip().casefold() in column_text(row).casefold()

    def _on_section(self, section: int) -> None:
        if section != self._section:
            self._section, self._backwards = section, False
        elif not self._backwards:
            self._backwards = True
        else:
            self._section, self._backwards = -1, False
        header = self._table.horizontalHeader()
        header.setSortIndicatorShown(self._section >= 0)
        header.setSortIndicator(max(0, self._section), Qt.SortOrder.DescendingOrder if self._backwards
                                else Qt.SortOrder.AscendingOrder)
        self.changed.emit()

    def _on_text(self, _text: str) -> None:
        self.changed.emit()
