"""All commands, found by their words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from PySide6.QtCore import QEvent, QModelIndex, QObject, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QDialog, QLineEdit, QWidget

from widgets.actions import ACTIONS, ActionRow
from widgets.icons import Icons
from widgets.models.rows import Column, RowsModel
from widgets.panels.parts import column, table

MOVES = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)


class CommandPalette(QDialog):
    """Type some words, Enter does it. Commands that cannot be done now are not listed."""

    def __init__(self, icons: Icons, actions: Mapping[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.setObjectName("command_palette")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._actions = actions
        self._words = QLineEdit(objectName="palette_words")
        self._words.setPlaceholderText("Type a command")
        self._words.setAccessibleName("Command")
        self._model = RowsModel((
            Column("", 200, lambda one: one.text.rstrip("…"), icon=lambda one: icons.icon(one.icon, "muted")),
            Column("", 400, lambda one: one.sentence, foreground=lambda _one: icons.theme.color("muted")),
            Column("", 90, lambda one: shown_keys(one.keys[:1])),
        ))
        self._table = table(self._model, "palette_commands", "Commands")
        self._table.horizontalHeader().hide()
        self._table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setLayout(column(self._words, self._table, margins=(8, 8, 8, 8)))
        self.resize(760, 408)
        self._words.textChanged.connect(self._narrow)
        self._words.returnPressed.connect(self._run)
        self._table.clicked.connect(self._on_clicked)
        self._words.installEventFilter(self)
        self._narrow("")
        self._words.setFocus()          # a popup gives its keys to what has the focus in it, and chooses nothing itself

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Up and down move in the list while the words keep the cursor."""
        if watched is self._words and isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress \
                and event.key() in MOVES:
            step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_PageUp: -8}.get(Qt.Key(event.key()), 8)
            at = max(0, min(len(self._model.rows) - 1, self._table.currentIndex().row() + step))
            self._table.selectRow(at)
            return True
        return super().eventFilter(watched, event)

    def _narrow(self, words: str) -> None:
        rows = tuple(replace(one, text=self._actions[one.name].text().replace("&&", "&")) for one in ACTIONS
                     if one.name != "palette" and self._actions[one.name].isEnabled())
        self._model.show(found(rows, words))
        self._table.viewport().update()
        if self._model.rows:
            self._table.selectRow(0)

    def _on_clicked(self, index: QModelIndex) -> None:
        self._table.selectRow(index.row())
        self._run()

    def _run(self) -> None:
        one: ActionRow | None = self._model.row(self._table.currentIndex())
        self.close()
        if one is not None:
            self._actions[one.name].trigger()


def found(rows: tuple[ActionRow, ...], words: str) -> tuple[ActionRow, ...]:
    """Those with all the words; where a word begins the command's text comes first."""
    wanted = words.lower().split()
    hits = [one for one in rows if all(word in f"{one.text} {one.menu} {one.sentence}".lower() for word in wanted)]
    return tuple(sorted(hits, key=lambda one: 0 if wanted and one.text.lower().startswith(wanted[0]) else 1))


def shown_keys(keys: tuple[str, ...]) -> str:
    """As this system writes them."""
    return ", ".join(QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText) for key in keys)
