"""What is opened under the charts: rows, values, marks. One at a time, and none until somebody asks."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QTabWidget, QWidget

from widgets.icons import Icons
from widgets.panels.parts import column, tool


class Drawer(QWidget):
    """Pages under the charts. Escape asks to close it."""

    close_asked = Signal()
    page_changed = Signal()

    def __init__(self, icons: Icons, pages: tuple[tuple[str, QWidget], ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("drawer")
        self._tabs = QTabWidget()
        self._tabs.setObjectName("drawer_tabs")
        self._tabs.setDocumentMode(True)
        self._tabs.tabBar().setProperty("slim", True)
        for title, page in pages:
            self._tabs.addTab(page, title)
        close = tool(icons, "close", "drawer_close", "Close (Escape)")
        close.clicked.connect(self.close_asked)
        self._tabs.setCornerWidget(close)
        self._tabs.currentChanged.connect(self.page_changed)
        self.setLayout(column(self._tabs, gap=0))

    @property
    def page(self) -> QWidget:
        """The one that is open."""
        return self._tabs.currentWidget()

    def open(self, page: QWidget) -> None:
        """Show that page."""
        self._tabs.setCurrentWidget(page)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt's."""
        if event.key() == Qt.Key.Key_Escape:
            self.close_asked.emit()
        else:
            super().keyPressEvent(event)
