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
    ("R or C held, then drag", "Choose the reference or the current window"),
    ("Click", "Hold the cross-hair; click again to let it go"),
    ("Double click", "Back to the time shown before"),
    ("Drop a folder", "Open it"),
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
            self._block(grid, at, 0 if menu in ("Folder", "View", "Help") else 1, menu, rows)
        self._block(grid, at, 0, "On charts", list(CHART_KEYS))
        grid.setRowStretch(grid.rowCount(), 1)
        scroll = QScrollArea()
        scroll.setWidget(holding(column(grid, margins=(24, 16, 24, 24))))
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setLayout(column(scroll))
        self.resize(840, 640)

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
