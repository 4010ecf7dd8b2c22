"""From what fires to its chart and its time, and what people say of it and of its rule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QLabel, QLineEdit, QPushButton, QTableView

from console.logs import config
from console.window import Window
from tests.journeys.conftest import WAIT_MS
from widgets.models.typed_time import read_moment

START = datetime(2026, 3, 2, 6, tzinfo=UTC)
RULES = """[[alarm]]
name = "errors"
metric = "error_rate"
when = "> 0.5"
for = "1m"
severity = "page"
runbook = "https://wiki.example/errors"

[[alarm]]
name = "slow"
metric = "latency_p95"
when = "> 1000"
"""


def lines(first: int, count: int, status: int) -> str:
    """A request every ten seconds."""
    return "".join(f"{(START + timedelta(seconds=10 * number)).isoformat()},r{number},12.5,{status}\n"
                   for number in range(first, first + count))


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Fails in minutes 10 to 15 and from 20 to the end, in minute 30."""
    log = tmp_path / "shop"
    log.mkdir()
    (log / "requests.csv").write_text("timestamp,request_id,latency_ms,status\n" + lines(0, 60, 200)
                                      + lines(60, 30, 500) + lines(90, 30, 200) + lines(120, 60, 500),
                                      encoding="utf-8")
    (log / "pilothouse.toml").write_text(RULES, encoding="utf-8")
    return log


@pytest.fixture
def console(open_console, folder, qtbot):
    made = open_console(folder)
    qtbot.waitUntil(lambda: made.helm.arrivals.alarms is not None, timeout=WAIT_MS)
    yield made
    qtbot.waitUntil(lambda: made.conductor.views_idle, timeout=WAIT_MS)


def act(console, name: str) -> None:
    console.window.actions_by_name[name].trigger()


def press(console, name: str) -> None:
    console.window.findChild(QPushButton, name).click()


def cells(table) -> list[list[str]]:
    model = table.model()
    return [[model.index(row, column).data() for column in range(model.columnCount())]
            for row in range(model.rowCount())]


def test_that_the_status_bar_leads_to_what_fires_and_keys_from_one_alarm_to_the_next(console, qtbot) -> None:
    button = console.window.findChild(QPushButton, "status_alarms")
    assert button.text() == "1 firing"
    button.click()
    panel, session = console.window.alarms, console.conductor.session
    # bad from minute 10 (20) on: judged at 11 (21), `for` over at 12 (22), good again at 16
    assert [row[0] + " since " + row[6] for row in cells(panel.alarm_table)] == [
        "firing since 2 Mar 06:22", "ended since 2 Mar 06:12"]
    act(console, "next_alarm")
    first = session.selection().visible
    assert first.start < at(11) < at(16) < first.end
    assert console.window.board.chosen == "error_rate"
    assert panel.alarm.start == at(12)
    act(console, "next_alarm")
    second = session.selection().visible
    assert second.start < at(21) < second.end and second.start > first.start
    assert panel.alarm.start == at(22)
    act(console, "next_alarm")
    assert console.window.message_bar.text == "There is no later alarm in this log."
    act(console, "previous_alarm")
    assert session.selection().visible == first
    assert console.window.height() == 800       # with what is open and said, it fits the screen that it has


def test_that_an_alarm_is_acknowledged_silenced_and_called_again(console, qtbot) -> None:
    answers, panel = console.helm.questions, console.window.alarms
    act(console, "show_alarms")
    answers.words = "on it"
    act(console, "acknowledge_alarm")
    qtbot.waitUntil(lambda: cells(panel.alarm_table)[0][-1] == "seen: on it", timeout=WAIT_MS)
    answers.silenced = at(90), "deploy"
    act(console, "silence_alarm")
    qtbot.waitUntil(lambda: cells(panel.alarm_table)[0][-1] == "silenced until 2 Mar 07:30, seen: on it",
                    timeout=WAIT_MS)
    assert console.window.findChild(QPushButton, "status_alarms").text() == "Nothing fires"
    assert console.conductor.session.alarms().silences[0].reason == "deploy"
    press(console, "alarm_silence")
    qtbot.waitUntil(lambda: cells(panel.alarm_table)[0][-1] == "seen: on it", timeout=WAIT_MS)
    assert console.window.findChild(QPushButton, "status_alarms").text() == "1 firing"


def test_that_an_alarm_that_has_ended_is_acknowledged_by_its_key(console, qtbot) -> None:
    answers, panel = console.helm.questions, console.window.alarms
    act(console, "show_alarms")
    panel.alarm_table.selectRow(1)
    answers.words = "too late"
    act(console, "acknowledge_alarm")
    qtbot.waitUntil(lambda: cells(panel.alarm_table)[1][-1] == "seen: too late", timeout=WAIT_MS)
    assert console.window.width() <= 1280


def test_that_what_changed_is_asked_since_the_alarm_that_fires(console, qtbot) -> None:
    act(console, "what_changed")
    field = console.window.findChild(QLineEdit, "changes_since")
    assert field.text() == "2 Mar 2026 06:21 UTC" and field.hasSelectedText()      # it became pending then
    assert read_moment(field.text(), at(30), relative=False) == at(21)


def test_that_values_are_the_newest_where_the_held_cross_hair_is_out_of_sight(console, qtbot) -> None:
    board, session = console.window.board, console.conductor.session
    board.hold_cross_hair(at(3).timestamp())
    assert board.chart("error_rate").read_out
    console.conductor.chosen(session.look_at(Window(at(20), at(28))))
    qtbot.waitUntil(lambda: not board.chart("error_rate").read_out, timeout=WAIT_MS)
    assert board.cross_hair_locked
    console.conductor.chosen(session.look_at(Window(at(0), at(28))))
    qtbot.waitUntil(lambda: bool(board.chart("error_rate").read_out), timeout=WAIT_MS)


def test_that_a_rule_is_silenced_listed_and_ended_before_its_time(console, qtbot) -> None:
    answers, panel = console.helm.questions, console.window.alarms
    console.helm.alarming.show("rules")
    panel.rule_table.selectRow(0)
    answers.silenced = at(150), "deploy"
    press(console, "rule_silence")
    button = console.window.findChild(QPushButton, "status_alarms")
    qtbot.waitUntil(lambda: button.text() == "Nothing fires", timeout=WAIT_MS)
    console.helm.alarming.show("silences")
    assert [row[:3] + [row[4], row[6]] for row in cells(panel.silences.table)] == [
        ["active", "errors", "all its alarms", "2 Mar 08:30", "deploy"]]
    answers.silenced = at(90), "longer than thought"
    press(console, "silence_again")
    qtbot.waitUntil(lambda: panel.silences.table.model().rowCount() == 2, timeout=WAIT_MS)
    for left in (1, 0):
        press(console, "silence_expire")
        qtbot.waitUntil(lambda: panel.silences.table.model().rowCount() == left, timeout=WAIT_MS)  # noqa: B023
    qtbot.waitUntil(lambda: button.text() == "1 firing", timeout=WAIT_MS)


def test_that_a_rule_is_turned_off_deleted_and_brought_back(console, folder, qtbot) -> None:
    panel = console.window.alarms
    console.helm.alarming.show("rules")
    assert [(row[0], row[2], row[6]) for row in cells(panel.rule_table)] == [("firing", "errors", "2"),
                                                                            ("quiet", "slow", "0")]
    panel.rule_table.selectRow(0)
    press(console, "rule_switch")
    qtbot.waitUntil(lambda: cells(panel.rule_table)[0][0] == "off", timeout=WAIT_MS)
    assert [row.get("enabled", True) for row in config.read(folder).alarm] == [False, True]
    assert console.window.findChild(QPushButton, "status_alarms").text() == "Nothing fires"
    panel.rule_table.selectRow(1)
    press(console, "rule_delete")
    qtbot.waitUntil(lambda: len(cells(panel.rule_table)) == 1, timeout=WAIT_MS)
    assert console.window.message_bar.text == "slow was deleted."
    console.window.message_bar.action_asked.emit("undo rules")
    qtbot.waitUntil(lambda: len(cells(panel.rule_table)) == 2, timeout=WAIT_MS)
    press(console, "rule_undo")
    qtbot.waitUntil(lambda: cells(panel.rule_table)[0][0] == "firing", timeout=WAIT_MS)
    assert [row["name"] for row in config.read(folder).alarm] == ["errors", "slow"]
    assert not console.window.findChild(QPushButton, "rule_undo").isEnabled()


def test_that_an_alarm_leads_to_an_incident_its_runbook_and_what_changed(console, qtbot) -> None:
    asked: list[datetime] = []
    console.helm.alarming.changes_asked.connect(asked.append)
    act(console, "show_alarms")
    console.window.alarms.alarm_table.selectRow(1)
    press(console, "alarm_changes")
    assert asked == [at(11)]
    press(console, "alarm_runbook")
    assert console.helm.questions.shown == ["https://wiki.example/errors"]
    press(console, "alarm_incident")
    qtbot.waitUntil(lambda: len(console.conductor.session.incidents()) == 1, timeout=WAIT_MS)
    assert console.conductor.session.incidents()[0].window == Window(at(11), at(16))
    qtbot.waitUntil(lambda: console.window.incidents.incident is not None, timeout=WAIT_MS)


def test_that_what_cannot_be_read_is_said_in_the_panel_and_loading_goes_on(open_console, folder, qtbot) -> None:
    (folder / "pilothouse.toml").write_text(RULES.replace('"> 0.5"', '"about 0.5"'), encoding="utf-8")
    console = open_console(folder)
    qtbot.waitUntil(lambda: console.helm.arrivals.alarms is not None, timeout=WAIT_MS)
    act(console, "show_alarms")
    said = console.window.findChild(QLabel, "alarms_nothing").text()
    assert "alarm `errors`" in said and "about 0.5" in said
    assert console.window.findChild(QPushButton, "status_alarms").text() == "Rules cannot be read"
    qtbot.waitUntil(lambda: console.conductor.views_idle, timeout=WAIT_MS)


def test_that_a_rule_is_written_for_the_chosen_chart_and_edited(console, folder, qtbot) -> None:
    panel = console.window.alarms
    console.window.board.chart("latency").clicked.emit("latency", at(5).timestamp())
    act(console, "new_rule")
    qtbot.waitUntil(lambda: console.window.findChild(QDialog, "rule_dialog") is not None, timeout=WAIT_MS)
    dialog = console.window.findChild(QDialog, "rule_dialog")
    often = dialog.findChild(QLabel, "rule_often")
    assert dialog.findChild(QLineEdit, "rule_level").text() == "12.5"       # what every request took
    dialog.findChild(QLineEdit, "rule_level").setText("12")
    dialog.findChild(QLineEdit, "rule_over").setText("1m")
    # above at every judged minute from the first on; `for` is five minutes
    qtbot.waitUntil(lambda: often.text() == "Would have fired: once, 23 min, 06:06, fires still.", timeout=WAIT_MS)
    dialog.findChild(QLineEdit, "rule_name").setText("too slow")
    dialog.findChild(QPushButton, "rule_save").click()
    console.helm.alarming.show("rules")
    qtbot.waitUntil(lambda: [row[2] for row in cells(panel.rule_table)] == ["errors", "slow", "too slow"],
                    timeout=WAIT_MS)
    assert cells(panel.rule_table)[2][0] == "firing"
    assert config.read(folder).alarm[2]["when"] == "> 12"
    panel.rule_table.selectRow(2)
    press(console, "rule_edit")
    qtbot.waitUntil(lambda: console.helm.rule_making._rule_dialog is not dialog, timeout=WAIT_MS)
    dialog = console.helm.rule_making._rule_dialog
    dialog.findChild(QLineEdit, "rule_level").setText("13")
    dialog.findChild(QPushButton, "rule_save").click()
    qtbot.waitUntil(lambda: cells(panel.rule_table)[2][0] == "quiet", timeout=WAIT_MS)


def test_that_rules_are_imported_as_far_as_they_are_understood(console, tmp_path, qtbot) -> None:
    path = tmp_path / "rules.yml"
    path.write_text("groups:\n- name: web\n  rules:\n  - alert: Idle\n    expr: throughput < 0.05\n"
                    "  - alert: Odd\n    expr: rate(a[5m]) / rate(b[5m]) > 2\n", encoding="utf-8")
    console.helm.questions.answer = path
    act(console, "import_rules")
    dialog = console.window.findChild(QDialog, "offer_dialog")
    accept = dialog.findChild(QPushButton, "offer_accept")
    qtbot.waitUntil(lambda: accept.text() == "Accept 1 rule", timeout=WAIT_MS)
    assert "`Odd`" in dialog.findChild(QLabel, "offer_refused").text()
    assert len(console.helm.arrivals.alarms.rules) == 2     # nothing is active before it is accepted
    accept.click()
    qtbot.waitUntil(lambda: [row.rule.name for row in console.helm.arrivals.alarms.rules]
                    == ["errors", "slow", "Idle"], timeout=WAIT_MS)


def test_that_rules_are_proposed_for_a_log_without_and_are_off_until_accepted(open_console, tmp_path, qtbot) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    rows = [f"{(START + timedelta(seconds=6 * number)).isoformat()},r{number},{10 + number * 7 % 11}"
            for number in range(1800)]          # three hours
    (folder / "requests.csv").write_text("\n".join(["timestamp,request_id,latency_ms", *rows]) + "\n", encoding="utf-8")
    console = open_console(folder)
    act(console, "show_alarms")
    qtbot.waitUntil(lambda: console.window.findChild(QPushButton, "rules_propose_first").isVisible(), timeout=WAIT_MS)
    press(console, "rules_propose_first")
    dialog = console.window.findChild(QDialog, "offer_dialog")
    accept, note = dialog.findChild(QPushButton, "offer_accept"), dialog.findChild(QLabel, "offer_note")
    qtbot.waitUntil(lambda: note.text().endswith(" rules"), timeout=WAIT_MS)
    assert not (folder / "pilothouse.toml").exists()
    assert console.conductor.session.rules() == ()
    dialog.findChild(QPushButton, "offer_none").click()
    table = dialog.findChild(QTableView, "offer_table")
    table.setFocus()
    table.selectRow(0)
    qtbot.keyClick(table, Qt.Key.Key_Space)
    assert accept.text() == "Accept 1 rule"
    accept.click()
    qtbot.waitUntil(lambda: len(console.helm.arrivals.alarms.rules) == 1, timeout=WAIT_MS)
    (kept,) = config.read(folder).alarm
    assert "proposed" not in kept
    console.window.message_bar.action_asked.emit("undo rules")
    qtbot.waitUntil(lambda: console.helm.arrivals.alarms.rules == (), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: console.conductor.views_idle, timeout=WAIT_MS)
