"""What one sees before a folder is open."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QKeySequence, QPainter, QPaintEvent, QPen, QShortcut
from PySide6.QtWidgets import QWidget

from console.metrics.format import format_count, format_time
from widgets.icons import Icons
from widgets.models.rows import Column, RowsModel
from widgets.panels.parts import button, centred, column, label, row, table

if TYPE_CHECKING:
    from console.session.view import RecentFolder


class DropArea(QWidget):
    """Says where a folder may be dropped; the whole window takes it."""

    def __init__(self, icons: Icons) -> None:
        super().__init__()
        self.setObjectName("drop_area")
        self._icons = icons
        self._lit = False

    def light(self, lit: bool) -> None:
        """While something hovers over the window."""
        self._lit = lit
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A dashed frame, the accent while lit."""
        theme = self._icons.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(theme.color("accent" if self._lit else "line"), 2 if self._lit else 1.5, Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.setBrush(theme.color("accent", 24) if self._lit else theme.color("surface"))
        painter.drawRoundedRect(self.rect().adjusted(2, 2, -2, -2), 8, 8)


class StartPage(QWidget):
    """Open, drop, try, or take up again."""

    open_asked = Signal()
    demo_asked = Signal()
    recent_asked = Signal(str)       # path
    forget_asked = Signal(str)       # path

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("start_page")
        self._icons = icons
        title = label("Pilothouse", large=True)
        about = label("Watch, question and steer machine-learning models from their logs. Everything stays on this "
                      "machine.", tone="muted", wrap=True)
        self._area = DropArea(icons)
        picture = label()
        icons.dress(picture, "tray-arrow-down", "accent", 40)
        picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        hint = label("Drop a log folder here")
        hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        kinds = label("CSV, JSON lines or Parquet, plain or compressed; finished or still growing", tone="muted")
        kinds.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._open = button("Open log folder…", "start_open", "Choose a folder of logs (Ctrl+O)", default=True)
        self._demo = button("Try the demo", "start_demo", "Make a small log folder with a story in it, and open it")
        self._area.setLayout(column(picture, hint, kinds, 8, row(None, self._open, self._demo, None),
                                    margins=(24, 24, 24, 24)))
        self._heading = label("Recent folders", tone="muted")
        self._model = RowsModel((
            Column("Folder", 220, lambda one: one.name, tip=lambda one: one.path, foreground=self._fade,
                   icon=self._icon),
            Column("Rows", 100, lambda one: format_count(one.rows), right=True, foreground=self._fade),
            Column("Opened", 160, lambda one: format_time(one.opened), foreground=self._fade),
            Column("State", 80, lambda one: one.state, foreground=self._fade),
        ))
        self._recent = table(self._model, "recent_folders", "Recent folders")
        self._recent.setMinimumHeight(208)
        self._recent.activated.connect(self._on_activated)
        self._recent.clicked.connect(self._on_activated)
        forget = QShortcut(QKeySequence(QKeySequence.StandardKey.Delete), self._recent)
        forget.setContext(Qt.ShortcutContext.WidgetShortcut)
        forget.activated.connect(self._on_forget)
        self._recent.setToolTip("Delete takes a folder off this list; nothing on disk is touched")
        page = centred(column(title, about, 16, self._area, 16, self._heading, self._recent), 640)
        self.setLayout(column(page))
        self._open.clicked.connect(self.open_asked)
        self._demo.clicked.connect(self.demo_asked)

    def display(self, recent: Iterable[RecentFolder]) -> None:
        """Show the folders opened before."""
        rows = tuple(recent)
        self._model.show(rows)
        self._heading.setVisible(bool(rows))
        self._recent.setVisible(bool(rows))
        if rows:
            self._recent.setFixedHeight(36 + 28 * min(len(rows), 8))

    def light(self, lit: bool) -> None:
        """Something hovers over the window that could be dropped."""
        self._area.light(lit)

    def _fade(self, one: RecentFolder) -> object:
        return self._icons.theme.color("muted", 140) if one.state == "missing" else None

    def _icon(self, one: RecentFolder) -> object:
        return self._icons.icon("folder-off-outline" if one.state == "missing" else "folder-outline", "muted")

    def _on_activated(self, index: QModelIndex) -> None:
        one = self._model.row(index)
        if one is not None and one.state != "missing":
            self.recent_asked.emit(one.path)

    def _on_forget(self) -> None:
        one = self._model.row(self._recent.currentIndex())
        if one is not None:
            self.forget_asked.emit(one.path)
