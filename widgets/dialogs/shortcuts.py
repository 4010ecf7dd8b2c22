"""All keys on one page."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QFrame, QGridLayout, QScrollArea, QWidget

from widgets.actions import ACTIONS, MENUS
from widgets.dialogs.palette import shown_keys
from widgets.panels.parts import column, holding, label

CHART_KEYS = (
    ("Wheel", "Zoom around the pointer"),
    ("Drag", "Move in time"),
    ("Ctrl + drag, or R and drag", "Choose the reference window"),
    ("Shift + drag, or C and drag", "Choose the current window"),
    ("Click, Return", "Hold the cross-hair"),
    ("Return on a held cross-hair", "The rows behind it"),
    ("Escape, click", "Let the cross-hair go"),
    ("Shift + Left, Right", "Move the cross-hair"),
    ("Shift + Up, Down", "Move along the values of a map"),
    ("Double click", "Back to the time shown before"),
    ("Double click on a title", "That chart alone, or all again"),
    ("Drag an arrow beside the plot, or its label", "Move that threshold; how often it would have fired is said"),
    ("Up, Down, Page Up, Page Down", "Move the threshold in hand; Return keeps it, Escape does not"),
    ("Right button, Menu", "What can be done with a chart"),
)
STRIP_KEYS = (
    ("Drag", "Choose the reference, then the current window"),
    ("Ctrl + drag, Shift + drag", "Draw reference or current anew"),
    ("Tab", "From window to window"),
    ("Left, Right", "Move it; with Shift its end; with Ctrl farther"),
    ("Delete", "Take the window away"),
)


class ShortcutsDialog(QDialog):
    """Keys of the commands, and gestures on charts."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("shortcuts_dialog")
        self.setWindowTitle("Keyboard shortcuts")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        grid = QGridLayout()
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(4)
        at = [0, 0]
        for menu in MENUS:
            rows = [(shown_keys(one.keys), one.text.rstrip("…")) for one in ACTIONS if one.menu == menu and one.keys]
            self._block(grid, at, 0 if menu in ("Folder", "View", "Chart", "Help") else 1, menu, rows)
        self._block(grid, at, 1, "On charts", list(CHART_KEYS))
        self._block(grid, at, 0, "On the strip below", list(STRIP_KEYS))
        grid.setRowStretch(grid.rowCount(), 1)
        scroll = QScrollArea()
        scroll.setWidget(holding(column(grid, margins=(24, 16, 24, 24))))
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setLayout(column(scroll))
        self.resize(920, 680)

    @staticmethod
    def _block(grid: QGridLayout, at: list[int], side: int, title: str, rows: list[tuple[str, str]]) -> None:
        grid.addWidget(label(title, tone="accent"), at[side], side * 2, 1, 2)
        at[side] += 1
        for keys, text in rows:
            grid.addWidget(label(keys, tone="muted"), at[side], side * 2, Qt.AlignmentFlag.AlignLeft)
            grid.addWidget(label(text), at[side], side * 2 + 1, Qt.AlignmentFlag.AlignLeft)
            at[side] += 1
        grid.setRowMinimumHeight(at[side], 16)
        at[side] += 1
