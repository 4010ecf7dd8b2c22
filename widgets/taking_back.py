"""Ctrl+Z: what it takes back depends on the place, and its command says what that is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from widgets.corrections import Corrections
from widgets.main_window import MainWindow
from widgets.planning import Planning

if TYPE_CHECKING:
    from console.logs.view import SourcesView

VERBS = {"undo": "Take back", "redo": "Make again"}


class TakingBack(QObject):
    """In Rollout the last change of the plan, elsewhere the last correction of columns or files."""

    def __init__(self, window: MainWindow, corrections: Corrections, planning: Planning, parent: QObject) -> None:
        super().__init__(parent)
        self._window, self._corrections, self._planning = window, corrections, planning
        self._of_log, self._of_plan = ("", ""), ("", "")
        window.place_changed.connect(self.show)
        planning.changed.connect(self.display_plan)
        self.show()

    def display_sources(self, view: SourcesView) -> None:
        """What was corrected last, and what was taken back last, in words; "" for nothing."""
        self._of_log = view.undo, view.redo
        self.show()

    @Slot(str, str)
    def display_plan(self, undo: str, redo: str) -> None:
        """The same of the plan."""
        of = " of the plan"
        self._of_plan = undo and undo + of, redo and redo + of
        self.show()

    def undo(self) -> None:
        """Ctrl+Z."""
        if self._window.place == "rollout":
            self._planning.undo()
        else:
            self._corrections.undo()

    def redo(self) -> None:
        """Ctrl+Shift+Z."""
        if self._window.place == "rollout":
            self._planning.redo()
        else:
            self._corrections.redo()

    @Slot()
    @Slot(str)
    def show(self, _place: str = "") -> None:
        """As it is in this place."""
        both = self._of_plan if self._window.place == "rollout" else self._of_log
        for (name, verb), words in zip(VERBS.items(), both, strict=True):
            action = self._window.actions_by_name[name]
            action.setText(f"{verb}: {words}".replace("&", "&&") if words else verb)
            action.setEnabled(bool(words))
