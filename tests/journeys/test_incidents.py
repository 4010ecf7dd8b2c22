"""Incidents in the window: three actions from an unknown folder to a report, and what people do with one."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QPlainTextEdit, QPushButton, QTableView, QToolButton

from console.reports.view import Method, Moment
from console.window import Window
from tests.console.folders import own_copy, truth_of
from tests.journeys.conftest import WAIT_MS
from tests.journeys.test_from_folder_to_report import cells, drag, part

RULE = """
[[alarm]]
name = "null responses"
metric = "null_responses"
when = "> 0.08"
over = "5m"
for = "2m"
severity = "page"
"""


@pytest.fixture(scope="module")
def burst(log_folder, tmp_path_factory) -> Path:
    """A folder with one rule, and an hour and a half of null responses."""
    folder = own_copy(log_folder("null-burst", rows=8000, days=1), tmp_path_factory.mktemp("burst") / "shop")
    (folder / "pilothouse.toml").write_text(RULE, encoding="utf-8")
    return folder


def looked(console) -> bool:
    here = console.window.incidents.incident
    return here is not None and here.looked is not None


def test_that_three_actions_lead_from_an_unknown_folder_to_a_report(open_console, burst, qtbot, tmp_path):
    console = open_console(burst)                                                                      # the first
    qtbot.waitUntil(lambda: console.helm.arrivals.alarms is not None, timeout=WAIT_MS)
    console.window.actions_by_name["alarm_incident"].trigger()                                          # the second
    qtbot.waitUntil(lambda: looked(console), timeout=WAIT_MS)
    console.helm.questions.answer = tmp_path / "report.html"
    console.window.actions_by_name["export_report"].trigger()                                           # the third
    qtbot.waitUntil(part(console.window, QPushButton, "export_open").isVisible, timeout=WAIT_MS)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    incident = console.window.incidents.incident
    start = datetime.fromisoformat(truth_of(burst)["injections"][0]["start"])
    onset, detected = incident.milestone(Moment.ONSET), incident.milestone(Moment.DETECTED)
    assert onset.at is not None and abs(onset.at - start) < timedelta(minutes=12)
    assert incident.window.start == onset.at and incident.reference.end <= onset.at
    assert detected.method is Method.RULE and onset.at < detected.at < onset.at + timedelta(minutes=30)
    assert incident.severity == "high" and incident.incident_id in text


def test_that_without_rules_the_worst_time_is_found_from_the_empty_page(open_console, log_folder, qtbot):
    folder = log_folder("null-burst", rows=8000, days=1)
    console = open_console(folder)
    console.helm.go_incidents()
    qtbot.mouseClick(part(console.window, QPushButton, "create_worst"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: looked(console), timeout=WAIT_MS)
    incident = console.window.incidents.incident
    start, end = (datetime.fromisoformat(truth_of(folder)["injections"][0][side]) for side in ("start", "end"))
    assert abs(incident.window.start - start) < timedelta(minutes=12)
    assert abs(incident.window.end - end) < timedelta(minutes=30)
    assert incident.notes.startswith("The worst time found is")
    assert "Looking for the worst" not in console.window.message_bar.text


def test_that_a_brushed_window_becomes_an_incident_that_knows_when_it_began(open_console, burst, qtbot):
    console = open_console(burst)
    injected = truth_of(burst)["injections"][0]
    start, end = (datetime.fromisoformat(injected[side]).timestamp() for side in ("start", "end"))
    strip = console.window.overview
    middle = int(strip.lanes.silhouette.center().y())
    console.helm.brush_current()
    drag(qtbot, strip, QPoint(round(strip.x_of(start - 600)), middle), QPoint(round(strip.x_of(end + 600)), middle))
    qtbot.waitUntil(lambda: console.conductor.session.selection().current is not None, timeout=WAIT_MS)
    console.window.actions_by_name["create_incident"].trigger()
    qtbot.waitUntil(lambda: looked(console), timeout=WAIT_MS)
    incident = console.window.incidents.incident
    assert incident.window == console.conductor.session.selection().current
    assert abs(incident.milestone(Moment.ONSET).at.timestamp() - start) < 720
    assert {"age", "user_ctr_7d", "prediction"} <= {one.column for one in incident.drift}
    assert "age" in part(console.window, QLabel, "incident_found").text()
    shown = part(console.window, QLineEdit, "moment_onset").text()
    assert shown == f"{incident.milestone(Moment.ONSET).at:%Y-%m-%d %H:%M:%S}"


def test_that_what_is_typed_is_kept_taken_back_and_made_again(open_console, burst, qtbot):
    console = open_console(burst)
    console.window.actions_by_name["create_incident"].trigger()
    qtbot.waitUntil(lambda: looked(console), timeout=WAIT_MS)
    session, panel = console.conductor.session, console.window.incidents
    name, first = panel.incident.incident_id, panel.incident.title
    title = part(panel, QLineEdit, "incident_title")
    title.selectAll()
    qtbot.keyClicks(title, "Null burst")
    qtbot.keyClick(title, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: session.incident(name).title == "Null burst", timeout=WAIT_MS)
    qtbot.waitUntil(part(panel, QToolButton, "incident_undo").isEnabled, timeout=WAIT_MS)
    moment = part(panel, QLineEdit, "moment_mitigated")
    moment.setText("2030-13-01")
    moment.editingFinished.emit()
    assert "no time" in part(panel, QLabel, "moment_mitigated_source").text()
    moment.setText("2026-03-02 15:30")
    moment.editingFinished.emit()
    qtbot.waitUntil(lambda: session.incident(name).milestone(Moment.MITIGATED).method is Method.TYPED, timeout=WAIT_MS)
    qtbot.mouseClick(part(panel, QPushButton, "action_add"), Qt.MouseButton.LeftButton)
    action = part(panel, QLineEdit, "action_0")
    action.setText("Alarm on nulls")
    part(panel, QLineEdit, "action_0_owner").setText("Ben")
    action.editingFinished.emit()
    qtbot.waitUntil(lambda: [one.owner for one in session.incident(name).actions] == ["Ben"], timeout=WAIT_MS)
    for wanted in ((), "data", first):
        console.window.actions_by_name["undo_incident"].trigger()
        if wanted == ():
            qtbot.waitUntil(lambda: session.incident(name).actions == (), timeout=WAIT_MS)
        elif wanted == first:
            qtbot.waitUntil(lambda: session.incident(name).title == first, timeout=WAIT_MS)
        else:
            qtbot.waitUntil(lambda: session.incident(name).milestone(Moment.MITIGATED).method is not Method.TYPED,
                            timeout=WAIT_MS)
    qtbot.waitUntil(lambda: title.text() == first, timeout=WAIT_MS)
    console.window.actions_by_name["redo_incident"].trigger()
    qtbot.waitUntil(lambda: title.text() == "Null burst", timeout=WAIT_MS)


def test_that_the_list_is_searched_and_a_deleted_one_comes_back(open_console, log_folder, qtbot):
    console = open_console(log_folder("healthy", rows=2000))
    session, panel = console.conductor.session, console.window.incidents
    for title in ("Cache cold", "Nulls in prices"):
        session.create_incident(title)
    console.helm.go_incidents()
    table = part(panel, QTableView, "incident_table")
    qtbot.waitUntil(lambda: table.model().rowCount() >= 2, timeout=WAIT_MS)
    kept = table.model().rowCount()
    console.window.actions_by_name["find_incident"].trigger()
    qtbot.keyClicks(part(panel, QLineEdit, "incident_search"), "nulls prices")
    assert [row[0] for row in cells(table, 0)] == ["Nulls in prices"]
    part(panel, QLineEdit, "incident_search").clear()
    part(panel, QComboBox, "incident_of_status").setCurrentText("resolved")
    part(panel, QComboBox, "incident_of_status").activated.emit(3)
    assert cells(table, 0) == [] and part(panel, QLabel, "incident_none").isVisible()
    part(panel, QComboBox, "incident_of_status").setCurrentIndex(0)
    part(panel, QComboBox, "incident_of_status").activated.emit(0)
    table.selectRow(next(at for at, row in enumerate(cells(table, 0)) if row[0] == "Nulls in prices"))
    qtbot.waitUntil(lambda: panel.incident is not None and panel.incident.title == "Nulls in prices", timeout=WAIT_MS)
    part(panel, QPlainTextEdit, "incident_notes").setPlainText("typed last")
    console.window.actions_by_name["delete_incident"].trigger()
    qtbot.waitUntil(lambda: table.model().rowCount() == kept - 1, timeout=WAIT_MS)
    console.window.message_bar.action_asked.emit("undo")
    qtbot.waitUntil(lambda: table.model().rowCount() == kept, timeout=WAIT_MS)
    back = next(one for one in session.incidents() if one.title == "Nulls in prices")
    assert session.incident(back.incident_id).notes == "typed last"


def test_that_brushed_windows_become_those_of_an_incident_and_a_note_stands_in_its_timeline(open_console, log_folder,
                                                                                            qtbot):
    console = open_console(log_folder("healthy", rows=2000))
    console.window.actions_by_name["create_incident"].trigger()
    qtbot.waitUntil(lambda: looked(console), timeout=WAIT_MS)
    session, panel = console.conductor.session, console.window.incidents
    before = panel.incident
    console.window.actions_by_name["retime_incident"].trigger()
    assert "No current window" in console.window.message_bar.text
    whole = session.selection().whole
    chosen = Window(whole.start + timedelta(hours=2), whole.start + timedelta(hours=4))
    console.conductor.chosen(session.brush("current", chosen))
    qtbot.mouseClick(part(panel, QToolButton, "incident_retime"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.incident.window == chosen and panel.incident.looked != before.looked,
                    timeout=WAIT_MS)
    assert panel.incident.reference.end == chosen.start
    qtbot.mouseClick(part(panel, QPushButton, "note_add"), Qt.MouseButton.LeftButton)
    part(panel, QLineEdit, "note_0").setText("Rolled back")
    time = part(panel, QLineEdit, "note_0_time")
    time.setText("soon")
    time.editingFinished.emit()
    assert session.incident(before.incident_id).log == ()
    time.setText(f"{chosen.end:%Y-%m-%d} 03:30")
    time.editingFinished.emit()
    qtbot.waitUntil(lambda: [(one.text, f"{one.at:%H:%M}") for one in session.incident(before.incident_id).log]
                    == [("Rolled back", "03:30")], timeout=WAIT_MS)
    for _ in range(2):
        console.window.actions_by_name["undo_incident"].trigger()
    qtbot.waitUntil(lambda: panel.incident.window == before.window and panel.incident.log == (), timeout=WAIT_MS)
