"""The place Rollout: pages that each show one side of a rollout; the plan first.

How a page is added: build it in `MainWindow.furnishing` and hand it over there, in the order of the tabs,

    self.replay = ReplayPanel(self.icons)
    self.rollout_place.add("Replay", self.replay)

and connect its signals in `widgets.wiring`. To bring it to the front, `window.go("rollout")` and
`window.rollout_place.open(page)`.
"""

from __future__ import annotations

from PySide6.QtWidgets import QTabWidget, QWidget

from widgets.panels.parts import column


class RolloutPlace(QWidget):
    """Holds the pages; they know nothing of each other. With one page alone there are no tabs."""

    def __init__(self, plan: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("rollout_place")
        self._tabs = QTabWidget()
        self._tabs.setObjectName("rollout_tabs")
        self._tabs.setDocumentMode(True)
        self._tabs.setTabBarAutoHide(True)
        self._tabs.tabBar().setExpanding(False)
        self._tabs.tabBar().setDrawBase(False)
        self._tabs.tabBar().setAccessibleName("Sides of a rollout")
        self._tabs.tabBar().setProperty("slim", True)
        page = column(self._tabs, margins=(16, 12, 16, 8))
        self.setLayout(page)
        self.add("Plan", plan)

    def add(self, title: str, page: QWidget) -> None:
        """One more page, behind the others."""
        self._tabs.addTab(page, title)

    @property
    def page(self) -> QWidget:
        """The one that is open."""
        return self._tabs.currentWidget()

    def open(self, page: QWidget) -> None:
        """Show that page."""
        self._tabs.setCurrentWidget(page)
