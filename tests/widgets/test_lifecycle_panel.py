"""The page Lifecycle, fed with a view: lines of time, the table of what happened, and the way from there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton

from console.advice.lifecycle import Happened, LifecycleView, LifeEvent, Shown, Stage, VersionLife
from console.window import Window, from_epoch
from widgets.icons import Icons
from widgets.panels.lifecycle_panel import LifecyclePanel, StageStrip

START = 1_772_409_600.0
HOURS = 48


def event(hour: float, what: Happened, shown: Shown = Shown.BOARD, words: str = "") -> LifeEvent:
    said = words or f"{what.value} <b>x</b>"
    return LifeEvent(from_epoch(START + hour * 3600), what, said, "counted", shown, "price")


OLD = VersionLife("v1", 40_000, from_epoch(START), from_epoch(START + HOURS * 3600), np.linspace(1, 0.4, HOURS), 0.4,
                  True, (event(0, Happened.FIRST_SEEN), event(10, Happened.DRIFTED, Shown.DRIFT),
                         event(30, Happened.REPORTED, Shown.INCIDENTS)), Stage.DATA, "Mend the source.")
NEW = replace(OLD, version="v2", share=0.6, shares=np.linspace(0, 0.6, HOURS), stage=Stage.DEPLOY, reason="Go on.",
              events=(event(5, Happened.FIRST_SEEN), event(20, Happened.RAMPED)))
VIEW = LifecycleView(Window(from_epoch(START), from_epoch(START) + timedelta(hours=HOURS)),
                     START + 3600 * np.arange(HOURS), 3600.0, (OLD, NEW), "v2 has 60 %.", ("A note.",), False,
                     "pilothouse advise LOG --lifecycle --json", 0.1)


@pytest.fixture
def page(qtbot, theme_holder):
    made = LifecyclePanel(Icons(theme_holder))
    made.resize(1000, 640)
    qtbot.addWidget(made)
    made.show()
    made.display(VIEW)
    return made


def words(page, name):
    return page.findChild(QLabel, name).text()


def test_that_the_version_with_most_requests_is_told_first_with_its_next_step(page):
    assert words(page, "life_version") == "v2" and words(page, "life_reason") == "Go on."
    assert page.findChild(StageStrip).stage is Stage.DEPLOY
    assert [page.events.model().index(row, 1).data() for row in range(2)] == ["first seen", "ramped"]
    assert "A note." in words(page, "lifecycle_page_small")


def test_that_keys_go_through_versions_and_what_happened_and_return_asks_to_be_taken_there(page, qtbot):
    asked = []
    page.event_asked.connect(asked.append)
    qtbot.keyClick(page.map, Qt.Key.Key_Up)
    assert words(page, "life_version") == "v1" and "data" in page.map.accessibleDescription()
    qtbot.keyClick(page.map, Qt.Key.Key_Right)
    assert page.event_marked is OLD.events[1] and page.events.currentIndex().row() == 1
    assert page.findChild(QPushButton, "life_open").text() == "Show in Drift"
    qtbot.keyClick(page.map, Qt.Key.Key_Return)
    page.events.selectRow(2)
    assert page.event_marked is OLD.events[2] and words(page, "life_said") == "reported <b>x</b>"
    qtbot.mouseClick(page.findChild(QPushButton, "life_open"), Qt.MouseButton.LeftButton)
    assert asked == [OLD.events[1], OLD.events[2]]


def test_that_a_line_of_time_is_pressed_where_it_is_drawn(page, qtbot):
    asked = []
    page.event_asked.connect(asked.append)
    left = page.map.x_of(OLD.events[1].at.timestamp())
    place = page.map.viewport().rect().topLeft()
    place.setX(round(left))
    place.setY(12)
    assert page.map.event_at(place) == (0, 1)
    qtbot.mouseDClick(page.map.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert asked == [OLD.events[1]]


def test_that_a_version_that_serves_no_more_has_no_next_step_and_another_view_keeps_the_mark(page):
    page.map.mark(0, 1)
    page.display(replace(VIEW, versions=(replace(OLD, serving=False, stage=None, reason="It serves no more."), NEW)))
    assert words(page, "life_version") == "v1" and page.findChild(StageStrip).stage is None
    assert page.map.place == 1 and "serves no more" in page.map.accessibleDescription()
