"""What is to be done after an incident: an action, what it is for, by whom and until when; a row each."""

from __future__ import annotations

from PySide6.QtWidgets import QCheckBox, QWidget

from console.reports.view import ActionItem, ActionKind
from widgets.icons import Icons
from widgets.panels.edit_rows import EditRow, EditRows, set_words, words_line
from widgets.panels.parts import Choice

KINDS = tuple(kind.value for kind in ActionKind)
OWNER_PX, DUE_PX = 120, 104


class ActionRow(EditRow):
    """One of them."""

    def __init__(self, icons: Icons, number: int) -> None:
        name = f"action_{number}"
        super().__init__(icons, name, "action")
        self._link = ""
        self._action = words_line(name, f"Action {number + 1}", "What is to be done")
        self._kind = Choice(icons, f"{name}_kind", "What it is for", KINDS)
        self._owner = words_line(f"{name}_owner", "Owner", "Owner", OWNER_PX)
        self._due = words_line(f"{name}_due", "Due", "2026-03-09", DUE_PX)
        self._done = QCheckBox("Done")
        self._done.setObjectName(f"{name}_done")
        self.lay_out(self._action, self._kind, self._owner, self._due, self._done, wide=0)
        self._kind.activated.connect(self.edited)
        self._done.clicked.connect(self.edited)

    def display(self, item: ActionItem) -> None:
        """Show it."""
        self._link = item.link
        for part, text in ((self._action, item.action), (self._owner, item.owner), (self._due, item.due)):
            set_words(part, text)
        self._kind.setCurrentText(item.kind.value)
        self._done.setChecked(item.done)

    def item(self) -> ActionItem | None:
        """None without words."""
        action = self._action.text().strip()
        if not action:
            return None
        return ActionItem(action, ActionKind(self._kind.currentText()), self._owner.text().strip(),
                          self._due.text().strip(), self._link, self._done.isChecked())

    def first(self) -> QWidget:
        """The words."""
        return self._action


def action_rows(icons: Icons) -> EditRows:
    """A list of actions."""
    return EditRows(lambda number: ActionRow(icons, number), "action", "Add action", "A row for what is to be done")
