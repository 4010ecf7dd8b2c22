"""From the page Over time to two windows: what drifted, since when, and the comparison of before and after."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QTableView

from tests.journeys.conftest import WAIT_MS
from tests.journeys.test_from_folder_to_report import cells, injection, part
from widgets.panels.course_map import CourseMap


@pytest.mark.long
def test_that_an_onset_found_over_time_becomes_the_two_windows(open_console, log_folder, qtbot):
    folder = log_folder("data-drift-sudden", rows=6000, system=True)
    console = open_console(folder)
    moment, columns = injection(folder)
    console.helm.drift_over_time()
    qtbot.waitUntil(lambda: console.window.course.state == "result", timeout=WAIT_MS)
    assert part(console.window, QLabel, "course_sentence").text().startswith("Sudden drift since")
    shown = part(console.window, CourseMap, "course_map")
    assert shown.chosen.column in columns
    qtbot.keyClick(shown, Qt.Key.Key_Return)                     # the bucket at the onset
    chosen = console.conductor.session.selection()
    assert chosen.current.start == shown.chosen.onset
    assert chosen.reference == console.window.course.view.reference
    assert chosen.column == shown.chosen.column
    assert console.window.drift_place.page is console.window.course
    console.helm.around_onset()
    qtbot.waitUntil(lambda: console.window.drift.state == "result", timeout=WAIT_MS)
    assert console.window.drift_place.page is console.window.drift
    rows = cells(part(console.window, QTableView, "drift_table"), 0, 1)
    assert {name for verdict, name in rows if verdict in ("alarm", "watch")} >= set(columns)
    assert abs(console.conductor.session.selection().current.start_s - moment) <= 2 * 1440
