"""What the board is about while only some rows are meant: a chip each, above the charts."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from console.session.picking import PicksView
from widgets.icons import Icons
from widgets.panels.parts import button, label, row, tool

LONGEST_CHIP = 48


class PicksBar(QWidget):
    """Displays a PicksView; hidden where nothing is picked."""

    removed = Signal(object)         # Pick
    cleared = Signal()

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("picks_bar")
        self.setAccessibleName("Rows that the board is about")
        self._icons = icons
        self._view = PicksView()
        self._chips = QHBoxLayout()
        self._chips.setSpacing(4)
        self._note = label(name="picks_note", tone="muted")
        self._clear = button("Show all rows", "picks_clear", "Take all of these away (Shift+F)")
        self.setLayout(row(self._chips, self._note, None, self._clear, margins=(0, 0, 0, 8)))
        self._clear.clicked.connect(self.cleared)
        self.hide()

    def display(self, view: PicksView) -> None:
        """What is picked now."""
        if view == self._view:
            return
        self._view = view
        while self._chips.count():
            old = self._chips.takeAt(0).widget()
            if old is not None:
                old.hide()
                old.deleteLater()
        for number, (_, words) in enumerate(view.picks):
            chip = tool(self._icons, "close", f"pick_{number}", f"Take this away: {words}",
                        text=_short(words).replace("&", "&&"), flat=False)
            chip.setLayoutDirection(chip.layoutDirection().RightToLeft)      # the cross stands behind the words
            chip.setProperty("number", number)
            chip.clicked.connect(self._on_chip)
            self._chips.addWidget(chip)
            self._clear.setMinimumHeight(chip.sizeHint().height())
        self._note.setText(view.note)
        self.setVisible(bool(view.picks))

    @property
    def words(self) -> tuple[str, ...]:
        """What the chips say."""
        return tuple(words for _, words in self._view.picks)

    def _on_chip(self) -> None:
        chip = self.sender()
        if isinstance(chip, QToolButton):
            self.removed.emit(self._view.picks[chip.property("number")][0])


def _short(text: str) -> str:
    tidy = " ".join(text.split())
    return tidy if len(tidy) <= LONGEST_CHIP else tidy[:LONGEST_CHIP] + "…"
