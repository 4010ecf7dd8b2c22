"""What is to be done after an incident: an action, what it is for, by whom and until when; a row each."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QLineEdit, QVBoxLayout, QWidget

from console.reports.view import ActionItem, ActionKind
from widgets.icons import Icons
from widgets.panels.parts import Choice, button, holding, row, tool

KINDS = tuple(kind.value for kind in ActionKind)
OWNER_PX, DUE_PX = 120, 104
MOST_ACTIONS = 100


class ActionRow(QWidget):
    """One of them."""

    edited = Signal()
    remove_asked = Signal()

    def __init__(self, icons: Icons, number: int) -> None:
        super().__init__()
        self._link = ""
        self.action = _line(f"action_{number}", f"Action {number + 1}", "What is to be done")
        self._kind = Choice(icons, f"action_{number}_kind", "What it is for", KINDS)
        self._owner = _line(f"action_{number}_owner", "Owner", "Owner")
        self._due = _line(f"action_{number}_due", "Due", "2026-03-09")
        self._done = QCheckBox("Done")
        self._done.setObjectName(f"action_{number}_done")
        remove = tool(icons, "close", f"action_{number}_remove", "Take this action away; can be undone")
        self._owner.setFixedWidth(OWNER_PX)
        self._due.setFixedWidth(DUE_PX)
        inside = row(self.action, self._kind, self._owner, self._due, self._done, remove)
        inside.setStretch(0, 1)
        self.setLayout(inside)
        for each in (self.action, self._owner, self._due):
            each.editingFinished.connect(self.edited)
        self._kind.activated.connect(self.edited)
        self._done.clicked.connect(self.edited)
        remove.clicked.connect(self.remove_asked)

    def display(self, one: ActionItem) -> None:
        """Show it."""
        self._link = one.link
        for part, text in ((self.action, one.action), (self._owner, one.owner), (self._due, one.due)):
            if part.text() != text:
                part.setText(text)
        self._kind.setCurrentText(one.kind.value)
        self._done.setChecked(one.done)

    def item(self) -> ActionItem:
        """As it stands now."""
        return ActionItem(self.action.text().strip(), ActionKind(self._kind.currentText()), self._owner.text().strip(),
                          self._due.text().strip(), self._link, self._done.isChecked())


class ActionRows(QWidget):
    """All of them; a row without words is not kept."""

    edited = Signal()

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("action_rows")
        self._icons = icons
        self._rows: list[ActionRow] = []
        self._add = button("Add action", "action_add", "A row for what is to be done")
        self._column = QVBoxLayout()
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self._column.addWidget(holding(row(self._add, None)))
        self.setLayout(self._column)
        self._add.clicked.connect(self.add)

    def display(self, items: tuple[ActionItem, ...]) -> None:
        """Show these. Rows that are there are used again, so that the cursor stays where it is."""
        while len(self._rows) > len(items):
            self._drop(self._rows[-1])
        while len(self._rows) < len(items):
            self._append()
        for shown, one in zip(self._rows, items, strict=True):
            shown.display(one)
        self._add.setEnabled(len(self._rows) < MOST_ACTIONS)

    def items(self) -> tuple[ActionItem, ...]:
        """Those with words."""
        return tuple(item for shown in self._rows if (item := shown.item()).action)

    def add(self) -> None:
        """An empty row, with the cursor in it."""
        self._append().action.setFocus()

    def _append(self) -> ActionRow:
        made = ActionRow(self._icons, len(self._rows))
        made.edited.connect(self.edited)
        made.remove_asked.connect(self._on_remove)
        self._rows.append(made)
        self._column.insertWidget(self._column.count() - 1, made)
        return made

    def _on_remove(self) -> None:
        shown = self.sender()
        if isinstance(shown, ActionRow):
            self._drop(shown)
            self.edited.emit()

    def _drop(self, shown: ActionRow) -> None:
        self._rows.remove(shown)
        self._column.removeWidget(shown)
        shown.hide()
        shown.deleteLater()


def _line(name: str, spoken: str, hint: str) -> QLineEdit:
    made = QLineEdit(objectName=name)
    made.setAccessibleName(spoken)
    made.setPlaceholderText(hint)
    made.setMaxLength(400)
    return made
