"""From the time of an alarm to what caused it: asked, read, led to the chart, compared, kept, sent."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QTableView, QToolButton

from console.alarms.rules import Op, Rule, Threshold
from console.jobs import SilentJob
from console.window import from_epoch
from tests.console.folders import truth_of
from tests.journeys.conftest import WAIT_MS


@pytest.fixture(scope="module")
def folder(log_folder):
    return log_folder("null-burst", "parquet", rows=8_000, days=1, seed=4)


def part(console, kind, name):
    return console.window.findChild(kind, name)


def answered(console, qtbot):
    qtbot.waitUntil(lambda: console.window.changes.view is not None, timeout=WAIT_MS)
    return console.window.changes.view


def rest(console, qtbot):
    qtbot.waitUntil(lambda: console.conductor.views_idle and console.conductor.job("drift") is None, timeout=WAIT_MS)


def test_that_the_time_of_an_alarm_leads_to_the_column_that_broke(open_console, folder, qtbot):
    console = open_console(folder)
    session, window, board = console.conductor.session, console.window, console.window.board
    began = datetime.fromisoformat(truth_of(folder)["injections"][0]["start"])
    session.set_rules((Rule("no answers", "null_responses", Threshold(Op.GREATER, 0.08), over_s=1800, every_s=300,
                            min_samples=30),))
    alarm = session.alarms(SilentJob()).past[-1]
    assert abs(alarm.start - began) < timedelta(hours=1)

    console.helm.alarming.changes_asked.emit(alarm.start)
    assert window.drawer_open and window.drawer.page is window.changes
    view = answered(console, qtbot)
    first = view.rows[0]
    assert first.name in ("age", "user_ctr_7d") and not first.weak
    assert part(console, QLabel, "changes_sentence").text() == view.sentence

    qtbot.keyClick(part(console, QTableView, "changes_table"), Qt.Key.Key_Return)
    assert board.chosen == "missing_values"
    assert from_epoch(board.cross_hair) == first.onset and board.cross_hair_locked
    seen = session.selection().visible
    assert seen == view.around(first) and seen.start < first.onset_from and first.onset_to < seen.end
    chart = board.chart("missing_values").viewport()
    qtbot.waitUntil(lambda: chart.visibleRegion().boundingRect().height() == chart.height(), timeout=WAIT_MS)

    part(console, QPushButton, "changes_drift").click()
    assert window.place == "drift"
    assert session.selection().reference == view.reference
    assert session.selection().current.start == first.onset
    qtbot.waitUntil(lambda: window.drift.state == "result", timeout=WAIT_MS)
    assert session.selection().column == first.column

    window.go("board")
    part(console, QPushButton, "changes_incident").click()
    qtbot.waitUntil(lambda: window.incidents.incident is not None, timeout=WAIT_MS)
    incident = window.incidents.incident
    assert (incident.title, incident.reference) == (f"Column {first.name}", view.reference)
    assert incident.window.start == first.onset and first.sentence in incident.notes
    rest(console, qtbot)


def test_that_it_is_asked_by_key_typed_menu_mark_and_the_newest_wish_wins(open_console, folder, qtbot):
    console = open_console(folder)
    session, window, board = console.conductor.session, console.window, console.window.board
    whole = session.selection().whole
    console.window.actions_by_name["what_changed"].trigger()        # no cross-hair: a time is to be typed
    field = part(console, QLineEdit, "changes_since")
    assert window.drawer.page is window.changes and window.changes.view is None
    field.setText("half past nine")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert "is no time" in part(console, QLabel, "changes_empty").text()
    field.setText("now-10h")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert answered(console, qtbot).at == whole.end - timedelta(hours=10)

    at = whole.start + timedelta(hours=15)
    board.hold_cross_hair(at.timestamp())
    console.window.actions_by_name["what_changed"].trigger()
    console.helm.changing.since(at + timedelta(minutes=7))          # overtakes the one before
    assert window.changes.view is None
    assert answered(console, qtbot).at == at + timedelta(minutes=7)

    session.marks.add(at, "deploy")
    console.window.actions_by_name["show_marks"].trigger()
    marks = part(console, QTableView, "marks_table")
    qtbot.waitUntil(lambda: marks.model().rowCount() == 1, timeout=WAIT_MS)
    marks.selectRow(0)
    part(console, QPushButton, "mark_changes").click()
    assert window.drawer.page is window.changes
    assert answered(console, qtbot).at == at

    board.hold_cross_hair(at.timestamp())
    console.helm.arranging.open_menu("latency", board.mapToGlobal(board.rect().center()))
    console.helm.arranging.do("changes", "")
    bucket = board.bucket_at_cross_hair("latency")
    assert answered(console, qtbot).at == bucket.start
    part(console, QToolButton, "changes_copy").click()
    assert QGuiApplication.clipboard().text() == window.changes.view.as_text()
    part(console, QToolButton, "changes_command").click()
    assert QGuiApplication.clipboard().text().startswith("pilothouse changes ")

    console.helm.changing.since(whole.end + timedelta(days=2))
    qtbot.waitUntil(lambda: "not in this log" in part(console, QLabel, "changes_empty").text(), timeout=WAIT_MS)
    console.helm.changing.since(at)
    part(console, QPushButton, "changes_cancel").click()
    qtbot.waitUntil(lambda: console.conductor.job("changes") is None, timeout=WAIT_MS)
    assert not part(console, QPushButton, "changes_cancel").isVisible()
    rest(console, qtbot)


def test_that_an_answer_brings_a_hidden_chart_back_and_goes_with_its_folder(open_console, folder, log_folder, qtbot):
    console = open_console(folder)
    session, window, board = console.conductor.session, console.window, console.window.board
    session.change_chart("missing_values", hidden=True)
    console.conductor.ask("board")
    qtbot.waitUntil(lambda: "missing_values" not in board.shown_metrics(), timeout=WAIT_MS)
    console.helm.changing.since(datetime.fromisoformat(truth_of(folder)["injections"][0]["start"]))
    view = answered(console, qtbot)
    console.helm.changing.show(next(row for row in view.rows if row.chart == "missing_values"))
    qtbot.waitUntil(lambda: board.chosen == "missing_values", timeout=WAIT_MS)
    session.change_chart("missing_values", hidden=False)

    console.helm.changing.since(view.at)        # its answer comes when the folder is gone
    with qtbot.waitSignal(console.conductor.load_ended, timeout=WAIT_MS):
        console.helm.open_folder(log_folder("healthy", "parquet", rows=3000, days=1))
    assert window.changes.view is None
    rest(console, qtbot)
