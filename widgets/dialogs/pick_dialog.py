"""The values that rows can be told apart by: one is picked, or left out."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QLineEdit, QWidget

from console.metrics.format import format_count, format_value
from console.session.picking import PickChoice
from widgets.dialogs.palette import MOVES
from widgets.icons import Icons
from widgets.models.rows import Column, RowsModel
from widgets.panels.parts import button, column, label, row, table

COUNTING = "Counting values …"
NOTHING = "No value fits these words. A rarer one can be picked from the rows: Ctrl+R, then the menu of its cell."


class PickDialog(QDialog):
    """Type some words; Return shows only the rows with the chosen value, Shift+Return all others."""

    pick_asked = Signal(object, bool)        # Pick, whether all but that

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.setObjectName("pick_dialog")
        self.setAccessibleName("Only some rows")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._choices: tuple[PickChoice, ...] = ()
        self._words = QLineEdit(objectName="pick_words")
        self._words.setPlaceholderText("A column or a value")
        self._words.setAccessibleName("Column or value")
        self._model: RowsModel = RowsModel((
            Column("Column", 200, lambda one: one.column, foreground=lambda _one: icons.theme.color("muted")),
            Column("Value", 240, lambda one: one.value),
            Column("Requests shown", 136, lambda one: format_count(one.rows), right=True),
            Column("Share", 80, lambda one: format_value(one.share, "share"), right=True),
        ))
        self._table = table(self._model, "pick_values", "Values of the shown time")
        self._table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._said = label(COUNTING, name="pick_said", tone="muted", wrap=True)
        self._only = button("Only this", "pick_only", "Charts and rows with this value only (Return)")
        self._not = button("Not this", "pick_not", "Charts and rows without this value (Shift+Return)")
        self.setLayout(column(self._words, self._table, row(self._said, None, self._not, self._only),
                              margins=(8, 8, 8, 8)))
        self.resize(720, 408)
        self._words.textChanged.connect(self._narrow)
        self._only.clicked.connect(self._on_only)
        self._not.clicked.connect(self._on_not)
        self._table.clicked.connect(self._on_clicked)
        self._words.installEventFilter(self)
        self._words.setFocus()
        self._narrow()

    def display(self, choices: tuple[PickChoice, ...]) -> None:
        """They were counted."""
        self._choices = choices
        self._said.setText("Of the shown time. Return: only this; Shift+Return: all but this.")
        self._narrow()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Up, down and Return are for the list while the words keep the cursor."""
        if watched is self._words and isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            if event.key() in MOVES:
                step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_PageUp: -8}.get(Qt.Key(event.key()), 8)
                at = max(0, min(len(self._model.rows) - 1, self._table.currentIndex().row() + step))
                self._table.selectRow(at)
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._ask(out=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
                return True
        return super().eventFilter(watched, event)

    def _narrow(self) -> None:
        wanted = self._words.text().lower().split()
        self._model.show(tuple(one for one in self._choices
                               if all(word in f"{one.column} {one.value}".lower() for word in wanted)))
        self._table.viewport().update()
        if self._model.rows:
            self._table.selectRow(0)
        elif self._choices:
            self._said.setText(NOTHING)
        for one in (self._only, self._not):
            one.setEnabled(bool(self._model.rows))

    def _on_clicked(self, index: QModelIndex) -> None:
        self._table.selectRow(index.row())
        self._words.setFocus()

    def _on_only(self) -> None:
        self._ask(out=False)

    def _on_not(self) -> None:
        self._ask(out=True)

    def _ask(self, *, out: bool) -> None:
        one: PickChoice | None = self._model.row(self._table.currentIndex())
        if one is not None:
            self.close()
            self.pick_asked.emit(one.pick, out)
