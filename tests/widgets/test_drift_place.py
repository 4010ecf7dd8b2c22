"""The place Drift: one header for all pages, and pages that are told what is chosen."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtWidgets import QPushButton, QTabWidget, QToolButton, QWidget

from console.session.view import SelectionView
from tests.widgets.fake_session import CURRENT, REFERENCE, WHOLE
from widgets.icons import Icons
from widgets.panels.drift_panel import DriftPanel
from widgets.panels.drift_place import DriftPlace

CHOSEN = SelectionView(WHOLE, WHOLE, False, True, False, "all", REFERENCE, CURRENT, "", 0)


class Page(QWidget):
    """A page that only notes what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[SelectionView] = []

    def display_selection(self, view: SelectionView) -> None:
        self.told.append(view)


def test_that_every_page_is_told_the_windows_which_stand_above_all_of_them(theme_holder, qtbot):
    icons = Icons(theme_holder)
    columns, page = DriftPanel(icons), Page()
    place = DriftPlace(columns)
    qtbot.addWidget(place)
    place.show()
    tabs = place.findChild(QTabWidget, "drift_tabs")
    assert not tabs.tabBar().isVisible()                # one page alone needs no tabs
    place.add("Other", page)
    place.display_selection(CHOSEN)
    assert page.told == [CHOSEN]
    assert tabs.tabBar().isVisible()
    chip = place.findChild(QToolButton, "chip_reference")
    test = place.findChild(QPushButton, "test_drift")
    assert chip.text().startswith("Reference: ") and test.isVisible() and not columns.isAncestorOf(chip)
    place.open(page)
    assert place.page is page and chip.isVisible() and not test.isVisible()
    place.display_selection(replace(CHOSEN, reference=None))
    assert chip.text() == "Reference: not chosen"
    place.open(columns)
    assert test.isVisible()
