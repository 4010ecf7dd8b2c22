"""The places of the window."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QToolButton, QWidget

from widgets.actions import row as action_row
from widgets.icons import Icons
from widgets.panels.parts import column, label, tool

PLACES = ("board", "drift", "rollout", "advice", "incidents", "sources")


class Rail(QWidget):
    """One button a place; the chosen one is lit."""

    place_asked = Signal(str)

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("rail")
        self._buttons: dict[str, QToolButton] = {}
        group = QButtonGroup(self)
        for place in PLACES:
            row = action_row(f"place_{place}")
            made = tool(icons, row.icon, f"rail_{place}", f"{row.sentence} ({row.keys[0]})", text=row.text,
                        checkable=True)
            made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            made.setFixedSize(80, 56)
            made.setProperty("place", place)
            group.addButton(made)
            self._buttons[place] = made
        self._badge = label(name="rail_firing")
        self._badge.setParent(self._buttons["board"])
        self._badge.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._badge.hide()
        self.setLayout(column(*self._buttons.values(), None, margins=(8, 8, 8, 8), gap=4))
        self.setFixedWidth(96)
        group.buttonClicked.connect(self._on_clicked)

    def display(self, place: str) -> None:
        """Light that place."""
        self._buttons[place].setChecked(True)

    def display_firing(self, count: int) -> None:
        """A badge at the place where alarms are shown."""
        self._badge.setVisible(count > 0)
        self._badge.setText(f"{count}" if count < 100 else "99+")
        self._badge.setAccessibleName("1 alarm fires" if count == 1 else f"{count:,} alarms fire")
        self._badge.adjustSize()
        self._badge.move(self._buttons["board"].width() - self._badge.width() - 6, 4)

    def _on_clicked(self, clicked: QToolButton) -> None:
        self.place_asked.emit(clicked.property("place"))
