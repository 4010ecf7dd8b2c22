"""The place Drift: the two windows on top, and below them pages that each answer one question about them.

How a page is added: build it in `MainWindow.furnishing` and hand it over there, in the order of the tabs,

    self.outcomes = OutcomesPanel(self.icons)
    self.drift_place.add("Outcomes", self.outcomes)

and connect its signals in `widgets.wiring`. A page is a QWidget with an object name; it takes the keyboard by its own
`setFocus` (or a focus proxy). Where it has `display_selection(SelectionView)` it is told which windows and which column
are chosen, and where it has a signal or slot for being seen it uses Qt's `showEvent`: work begins when somebody looks,
not when the folder opens. To bring a page to the front, `window.go("drift")` and `window.drift_place.open(page)`.
The two windows, *Suggest* and *Create incident* stand above all pages; a page needs none of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QTabWidget, QWidget

from widgets.panels.drift_panel import DriftPanel
from widgets.panels.parts import column, holding

if TYPE_CHECKING:
    from console.session.view import SelectionView


@runtime_checkable
class Choosing(Protocol):
    """A page that shows something of what is chosen."""

    def display_selection(self, view: SelectionView) -> None:
        """Which windows and column are chosen."""


class DriftPlace(QWidget):
    """Holds the pages; they know nothing of each other. With one page alone there are no tabs."""

    page_changed = Signal()

    def __init__(self, columns: DriftPanel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("drift_place")
        self._columns = columns
        self._tabs = QTabWidget()
        self._tabs.setObjectName("drift_tabs")
        self._tabs.setDocumentMode(True)
        self._tabs.setTabBarAutoHide(True)
        self._tabs.tabBar().setExpanding(False)
        self._tabs.tabBar().setDrawBase(False)
        self._tabs.tabBar().setAccessibleName("Questions about drift")
        self._tabs.tabBar().setProperty("slim", True)
        header = holding(columns.lift_header())
        page = column(header, self._tabs, margins=(16, 16, 16, 8), gap=12)
        page.setStretch(1, 1)
        self.setLayout(page)
        self.add("Columns", columns)
        self._tabs.currentChanged.connect(self._on_page)

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

    def display_selection(self, view: SelectionView) -> None:
        """The windows, to every page that shows something of them."""
        for number in range(self._tabs.count()):
            page = self._tabs.widget(number)
            if isinstance(page, Choosing):
                page.display_selection(view)

    def _on_page(self, _number: int) -> None:
        self._columns.offer_test(self.page is self._columns)
        self.page_changed.emit()
