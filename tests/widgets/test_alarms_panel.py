"""The alarms under the charts: what the tables and lanes say, and that every button asks for the row that is chosen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QToolButton, QWidget

from console.alarms.machine import State
from console.alarms.rules import Op, Rule, Severity, Threshold
from console.alarms.view import AlarmRow, AlarmsView, RuleRow, Silenced, StateSpan
from console.window import RELATIVE_START, Window
from widgets.dialogs.silence_dialog import SilenceDialog
from widgets.icons import Icons
from widgets.models.alarm_words import LOOKS, is_page
from widgets.panels.alarm_lanes import LANE_PX, NAME_PX, RIGHT_PX, Timeline
from widgets.panels.alarms_panel import AlarmsPanel

START = datetime(2026, 3, 2, 6, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


HOUR = Window(at(0), at(60))
RULE = Rule("errors", "error_rate", Threshold(Op.GREATER, 0.02), for_s=300)
FIRING = AlarmRow('errors{host="a"}', "errors", (("host", "a"),), "host a", State.FIRING, Severity.PAGE, "error_rate",
                  at(40), at(45), None, "6 %", "9 %", "above 2 % for 5m", "Error rate is 6 %", "https://wiki/errors")
PAST = AlarmRow("errors", "errors", (), "", State.INACTIVE, Severity.PAGE, "error_rate", at(5), at(10), at(20), "1 %",
                "7 %", "above 2 % for 5m", "Error rate was <b>7 %</b>", "ask Ada", "resolved")
SPANS = (StateSpan("host a", State.PENDING, at(5), at(10), False),
         StateSpan("host a", State.FIRING, at(10), at(20), False),
         StateSpan("", State.NO_DATA, at(30), at(36), True))
QUIET_RULE = RuleRow(Rule("slow", "latency_p95", Threshold(Op.GREATER, 250), enabled=False), State.INACTIVE, "off", "",
                     "Latency p95", "above 250 ms", "", 0, None, ())
ERRORS_RULE = RuleRow(RULE, State.FIRING, "ok", "", "Error rate", "above 2 % for 5m", "6 %", 2, at(45), SPANS)
VIEW = AlarmsView((FIRING,), (PAST,), (QUIET_RULE, ERRORS_RULE), (), (at(0), at(60)))


@pytest.fixture
def panel(theme_holder, qtbot) -> AlarmsPanel:
    made = AlarmsPanel(Icons(theme_holder))
    made.resize(1184, 264)
    qtbot.addWidget(made)
    made.show()
    return made


def heard(signal) -> list[object]:
    said: list[object] = []
    signal.connect(lambda *what: said.append(what))
    return said


def press(where: QWidget, name: str) -> QPushButton:
    found = where.findChild(QPushButton, name)
    found.click()
    return found


def cells(table) -> list[list[str]]:
    model = table.model()
    return [[model.index(row, column).data() for column in range(model.columnCount())]
            for row in range(model.rowCount())]


def test_that_what_fires_stands_before_what_has_ended_in_words(panel) -> None:
    panel.display(VIEW, HOUR)
    first, second = cells(panel.alarm_table)
    assert first == ["firing", "page", "errors", "host a", "6 %", "above 2 % for 5m", "2 Mar 06:45", "15 min", ""]
    assert second == ["ended", "page", "errors", "", "7 %", "above 2 % for 5m", "2 Mar 06:10", "10 min", ""]
    assert panel.findChild(QLabel, "alarm_sentence").text() == "Error rate is 6 %."
    assert panel.findChild(QLabel, "alarms_state").text() == "1 firing, 0 pending or silenced"
    panel.alarm_table.selectRow(1)
    said = panel.findChild(QLabel, "alarm_sentence")
    assert said.text() == ("Error rate was <b>7 %</b>. Ended 2 Mar 06:20 (resolved), at worst 7 %. "
                           "Runbook: ask Ada")
    assert said.textFormat() is Qt.TextFormat.PlainText


def test_that_one_asks_since_what_fires_began_and_else_since_what_fired_last() -> None:
    assert VIEW.began == FIRING.since
    assert replace(VIEW, rows=()).began == PAST.since
    assert replace(VIEW, rows=(replace(FIRING, state=State.PENDING),)).began == PAST.since
    assert replace(VIEW, rows=(), past=()).began is None


def test_that_words_of_people_stand_beside_the_alarm(panel) -> None:
    seen = replace(FIRING, acknowledged="on it", silenced_until=at(90))
    panel.display(replace(VIEW, rows=(seen,)), HOUR)
    assert cells(panel.alarm_table)[0][-1] == "silenced until 2 Mar 07:30, seen: on it"
    ended = heard(panel.end_silence_asked)
    assert panel.findChild(QPushButton, "alarm_silence").text() == "End silence"
    press(panel, "alarm_silence")
    assert ended == [(seen,)]


def test_that_all_silences_are_listed_with_those_that_hold_first(panel, qtbot) -> None:
    old = Silenced(1, "errors", (("host", "a"),), Window(at(0), at(30)), "deploy")
    holds = Silenced(2, "errors", (), Window(at(50), at(90)), "Ada <b>knows</b>")
    coming = Silenced(3, "", (), Window(at(120), at(180)), "move")
    panel.display(replace(VIEW, silences=(old, holds, coming)), HOUR)
    assert panel.findChild(QToolButton, "alarms_silences").text() == "Silences 1"
    panel.show_page("silences")
    table = panel.silences.table
    assert cells(table) == [
        ["active", "errors", "all its alarms", "2 Mar 06:50", "2 Mar 07:30", "30 min", "Ada <b>knows</b>"],
        ["to come", "all rules", "all its alarms", "2 Mar 08:00", "2 Mar 09:00", "1 h", "move"],
        ["ended", "errors", "host a", "2 Mar 06:00", "2 Mar 06:30", "", "deploy"]]
    ended, again = heard(panel.expire_asked), heard(panel.silence_again_asked)
    qtbot.keyClick(table, Qt.Key.Key_Delete)
    table.selectRow(2)
    assert not panel.findChild(QPushButton, "silence_expire").isEnabled()
    qtbot.keyClick(table, Qt.Key.Key_Delete)
    press(panel, "silence_again")
    assert (ended, again) == ([(holds,)], [(old,)])


def test_that_every_button_asks_for_the_chosen_alarm(panel) -> None:
    panel.display(VIEW, HOUR)
    for name, signal in (("alarm_show", panel.show_asked), ("alarm_acknowledge", panel.acknowledge_asked),
                         ("alarm_silence", panel.silence_asked), ("alarm_changes", panel.changes_asked),
                         ("alarm_incident", panel.incident_asked), ("alarm_runbook", panel.runbook_asked)):
        asked = heard(signal)
        press(panel, name)
        assert asked == [(FIRING,)], name
    panel.alarm_table.selectRow(1)
    assert not panel.findChild(QPushButton, "alarm_runbook").isEnabled()     # its runbook is no page of the web
    assert not panel.findChild(QPushButton, "alarm_silence").isEnabled()     # it has ended


def test_that_the_chosen_alarm_stays_chosen_when_others_come_before_it(panel) -> None:
    panel.display(VIEW, HOUR)
    panel.alarm_table.selectRow(1)
    worse = replace(FIRING, fingerprint="slow", rule="slow")
    panel.display(replace(VIEW, rows=(worse, FIRING)), HOUR)
    assert panel.alarm == PAST
    panel.display(replace(VIEW, past=()), HOUR)
    assert panel.alarm is None


def test_that_rules_say_how_they_stand_and_how_often_they_fired(panel) -> None:
    panel.display(VIEW, HOUR)
    panel.show_page("rules")
    off, errors = cells(panel.rule_table)
    assert off == ["off", "ticket", "slow", "Latency p95", "", "above 250 ms", "0", "never", "off"]
    assert errors == ["firing", "ticket", "errors", "Error rate", "6 %", "above 2 % for 5m", "2", "2 Mar 06:45", "ok"]
    panel.rule_table.selectRow(0)
    assert panel.findChild(QPushButton, "rule_switch").text() == "Turn on"
    for name, signal in (("rule_edit", panel.edit_asked), ("rule_switch", panel.switch_asked),
                         ("rule_delete", panel.delete_asked)):
        asked = heard(signal)
        press(panel, name)
        assert asked == [(QUIET_RULE,)], name
    assert not panel.findChild(QPushButton, "rule_undo").isEnabled()
    panel.display(replace(VIEW, undo=True), HOUR)
    assert panel.findChild(QPushButton, "rule_undo").isEnabled()


def test_that_a_log_without_rules_offers_one_thing(panel) -> None:
    panel.display(AlarmsView((), (), (), (), None), HOUR)
    shown = [one.objectName() for one in panel.findChildren(QPushButton) if one.isVisible()]
    assert shown == ["rules_propose_first"]
    asked = heard(panel.propose_asked)
    press(panel, "rules_propose_first")
    assert asked == [()]
    panel.display(AlarmsView((), (), (), (), None, error="pilothouse.toml, alarm 1: `when` is wrong."), HOUR)
    assert panel.findChild(QLabel, "alarms_nothing").text() == "pilothouse.toml, alarm 1: `when` is wrong."
    assert not panel.findChild(QPushButton, "rules_propose_first").isVisible()


# ---- lanes -------------------------------------------------------------------------------------------------------

@pytest.fixture
def timeline(theme_holder, qtbot) -> Timeline:
    made = Timeline(theme_holder)
    made.resize(NAME_PX + RIGHT_PX + 600, 200)      # ten pixels a minute
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    made.display(VIEW, HOUR)
    qtbot.waitUntil(lambda: made.lanes.width() == NAME_PX + RIGHT_PX + 600)
    return made


def test_that_rules_that_ever_did_something_come_first_and_spans_lie_at_their_time(timeline) -> None:
    lanes = timeline.lanes
    assert lanes.x_of(at(10)) == NAME_PX + 100
    assert lanes.said_at(QPoint(NAME_PX + 150, 10)) == "errors (host a): firing from 2 Mar 06:10 for 10 min"
    assert lanes.said_at(QPoint(NAME_PX + 75, 10)) == "errors (host a): pending from 2 Mar 06:05 for 5 min"
    assert lanes.said_at(QPoint(NAME_PX + 330, 10)) == "errors: no data from 2 Mar 06:30 for 6 min"
    assert lanes.said_at(QPoint(NAME_PX + 150, LANE_PX + 10)) == "slow"
    assert lanes.said_at(QPoint(NAME_PX + 150, 10 * LANE_PX)) == ""


def test_that_a_click_asks_for_the_stretch_or_for_the_time(timeline, qtbot) -> None:
    spans, times = heard(timeline.span_asked), heard(timeline.time_asked)
    qtbot.mouseClick(timeline.lanes, Qt.MouseButton.LeftButton, pos=QPoint(NAME_PX + 150, 10))
    assert spans == [(ERRORS_RULE, SPANS[1])]
    qtbot.mouseClick(timeline.lanes, Qt.MouseButton.LeftButton, pos=QPoint(NAME_PX + 500, 10))
    assert abs((times[0][0] - at(50)).total_seconds()) < 6      # within a pixel


def test_that_arrows_move_between_stretches_and_return_goes_there(timeline, qtbot) -> None:
    lanes, spans = timeline.lanes, heard(timeline.span_asked)
    lanes.setFocus()
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_Return):
        qtbot.keyClick(lanes, key)
    assert spans == [(ERRORS_RULE, SPANS[1])]
    assert lanes.accessibleDescription() == "errors (host a): firing from 2 Mar 06:10 for 10 min"
    qtbot.keyClick(lanes, Qt.Key.Key_Down)
    assert lanes.accessibleDescription() == "slow"


def test_that_states_differ_in_more_than_their_colour() -> None:
    fillings = [(look.word, look.hatch) for state, look in LOOKS.items() if state is not State.INACTIVE]
    assert len({word for word, _ in fillings}) == len({hatch for _, hatch in fillings}) == len(fillings) == 6


# ---- silence -----------------------------------------------------------------------------------------------------

@pytest.fixture
def ask(theme_holder, qtbot) -> Callable[..., SilenceDialog]:
    def made(now: datetime = START, *, relative: bool = False) -> SilenceDialog:
        dialog = SilenceDialog("errors", now, relative=relative)
        qtbot.addWidget(dialog)
        return dialog
    return made


@pytest.mark.parametrize(("typed", "until"), [
    ("4h", at(240)), ("2d", at(2880)), ("09:30", at(210)), ("2026-03-03", at(1080)), ("3 Mar 2026 06:00", at(1440))])
def test_that_a_silence_takes_lengths_and_times(ask, typed, until) -> None:
    dialog = ask()
    dialog.findChild(QLineEdit, "silence_until").setText(typed)
    dialog.findChild(QLineEdit, "silence_reason").setText(" deploy ")
    assert dialog.answer == (until, "deploy")


@pytest.mark.parametrize("typed", ["", "soon", "05:00", "2025-01-01"])
def test_that_what_is_no_time_to_come_is_said_beside_its_field(ask, typed) -> None:
    dialog = ask()
    dialog.findChild(QLineEdit, "silence_reason").setText("deploy")
    dialog.findChild(QLineEdit, "silence_until").setText(typed)
    assert dialog.answer is None
    assert "after the newest row" in dialog.findChild(QLabel, "silence_until_wrong").text()


def test_that_a_silence_without_a_reason_is_not_taken(ask) -> None:
    dialog = ask()
    press(dialog, "silence_accept")
    assert dialog.result() == 0
    assert dialog.findChild(QLabel, "silence_reason_wrong").text() == "A silence needs a reason"


def test_that_a_log_without_dates_is_silenced_from_its_start(ask) -> None:
    dialog = ask(RELATIVE_START + timedelta(minutes=5), relative=True)
    dialog.findChild(QLineEdit, "silence_reason").setText("deploy")
    for typed, minutes in (("1h", 65), ("0:30:00", 30)):
        dialog.findChild(QLineEdit, "silence_until").setText(typed)
        assert dialog.answer == (RELATIVE_START + timedelta(minutes=minutes), "deploy")


@pytest.mark.parametrize(("text", "yes"), [
    ("https://wiki/run", True), ("HTTP://wiki", True), ("file:///etc/passwd", False), ("javascript:alert(1)", False),
    ("call Ada", False), ("https://wiki/a b", False)])
def test_that_only_pages_of_the_web_are_opened(text, yes) -> None:
    assert is_page(text) is yes


def test_that_names_of_rules_get_more_room_in_a_wide_window(panel: AlarmsPanel) -> None:
    widths = []
    for width in (1000, 2400):
        panel.resize(width, 300)
        panel.show()
        widths.append(panel.alarm_table.columnWidth(2))
    assert widths == [212, 424]
