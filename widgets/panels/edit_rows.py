"""A list that is written by hand: a row each, added and taken away; what a row is made of is its own matter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from widgets.icons import Icons
from widgets.panels.parts import button, holding, row, tool

MOST_ROWS = 100


class EditRow(QWidget):
    """One of them. Whoever makes one fills it, and says what it shows and what stands in it."""

    edited = Signal()
    remove_asked = Signal()

    def __init__(self, icons: Icons, name: str, spoken: str) -> None:
        super().__init__()
        self.remove = tool(icons, "close", f"{name}_remove", f"Take this {spoken} away; can be undone")
        self.remove.clicked.connect(self.remove_asked)

    def display(self, item: Any) -> None:
        """Show it."""
        raise NotImplementedError

    def item(self) -> Any:
        """As it stands now; None where it is not whole."""
        raise NotImplementedError

    def first(self) -> QWidget:
        """Where the cursor goes."""
        raise NotImplementedError

    def lay_out(self, *parts: QWidget, wide: int) -> None:
        """Side by side, the cross behind them; one of them takes what is left."""
        inside = row(*parts, self.remove)
        inside.setStretch(wide, 1)
        self.setLayout(inside)
        for part in parts:
            if isinstance(part, QLineEdit):
                part.editingFinished.connect(self.edited)


class EditRows(QWidget):
    """All of them; a row that is not whole is not kept."""

    edited = Signal()

    def __init__(self, make: Callable[[int], EditRow], name: str, add: str, tip: str) -> None:
        super().__init__()
        self.setObjectName(f"{name}_rows")
        self._make = make
        self._rows: list[EditRow] = []
        self._add = button(add, f"{name}_add", tip)
        self._column = QVBoxLayout()
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self._column.addWidget(holding(row(self._add, None)))
        self.setLayout(self._column)
        self._add.clicked.connect(self.add)

    def display(self, items: tuple[Any, ...]) -> None:
        """Show these. Rows that are there are used again, so that the cursor stays where it is."""
        while len(self._rows) > len(items):
            self._drop(self._rows[-1])
        while len(self._rows) < len(items):
            self._append()
        for shown, one in zip(self._rows, items, strict=True):
            shown.display(one)

    def items(self) -> tuple[Any, ...]:
        """Those that are whole."""
        return tuple(item for shown in self._rows if (item := shown.item()) is not None)

    def add(self) -> None:
        """An empty row, with the cursor in it."""
        if len(self._rows) < MOST_ROWS:
            self._append().first().setFocus()

    def _append(self) -> EditRow:
        made = self._make(len(self._rows))
        made.edited.connect(self.edited)
        made.remove_asked.connect(self._on_remove)
        self._rows.append(made)
        self._column.insertWidget(self._column.count() - 1, made)
        return made

    def _on_remove(self) -> None:
        shown = self.sender()
        if isinstance(shown, EditRow):
            self._drop(shown)
            self.edited.emit()

    def _drop(self, shown: EditRow) -> None:
        self._rows.remove(shown)
        self._column.removeWidget(shown)
        shown.hide()
        shown.deleteLater()


def words_line(name: str, spoken: str, hint: str, width: int = 0) -> QLineEdit:
    """A field for a few words."""
    made = QLineEdit(objectName=name)
    made.setAccessibleName(spoken)
    made.setPlaceholderText(hint)
    made.setMaxLength(400)
    if width:
        made.setFixedWidth(width)
    return made


def set_words(field: QLineEdit, text: str) -> None:
    """Without moving the cursor where they stand there already."""
    if field.text() != text:
        field.setText(text)
