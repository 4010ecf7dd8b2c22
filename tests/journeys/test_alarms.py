"""From what fires to its chart and its time, and what people say of it and of its rule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel, QPushButton

from console.logs import config
from console.window import Window
from tests.journeys.conftest import WAIT_MS

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
