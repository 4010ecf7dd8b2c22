"""A threshold is dragged on its chart: it says how often it would have fired, is kept so in the folder, and undone."""

from __future__ import annotations

import re

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QPushButton

from console.alarms.rules import Op, Rule, Threshold
from console.alarms.written import rules_from
from console.jobs import SilentJob
from console.logs import config
from console.session import Session
from tests.console.folders import own_copy
from tests.journeys.conftest import WAIT_MS

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def folder(log_folder, tmp_path):
    """A day with a burst of null responses, and a rule that never fires in it."""
    copy = own_copy(log_folder("null-burst", "parquet", rows=6000, days=1), tmp_path / "logs")
    (copy / "pilothouse.toml").write_text(
        '[[alarm]]\nname = "nulls"\nmetric = "null_responses"\nwhen = "> 0.9"\nevery = "5m"\nmin_samples = 5\n',
        encoding="utf-8")
    return copy


def fired(folder, workspace, level: float) -> int:
    """How often the alarm fires, as the whole log judged by a rule with that level says."""
    session = Session.open(folder, workspace=workspace)
    try:
        session.load(SilentJob())
        session.set_rules([Rule("nulls", "null_responses", Threshold(Op.GREATER, level), every_s=300, min_samples=5)])
        (row,) = session.alarms(whole=True).rules
        return row.fired
    finally:
        session.close()


def counted(said: str) -> int:
    if said.startswith("Never"):
        return 0
    return 1 if said.startswith("Once") else int(re.match(r"([\d,]+) times", said).group(1).replace(",", ""))


def test_that_a_dragged_threshold_says_how_often_it_fires_is_kept_and_can_be_undone(open_console, folder, tmp_path,
                                                                                   qtbot):
    console = open_console(folder)
    board, session = console.window.board, console.conductor.session
    chart = board.chart("null_responses")
    qtbot.waitUntil(lambda: len(chart.tags) == 1, timeout=WAIT_MS)
    (tag,) = chart.tags
    assert tag.beyond == 1                          # 90 % is far above what the log has
    port, plot = chart.viewport(), chart.plot_rect
    QTest.mousePress(port, LEFT, NONE, QPoint(round(plot.right() + 7), tag.y - 3))
    qtbot.waitUntil(lambda: chart.threshold_said == "Never in this log", timeout=WAIT_MS)
    wanted = chart.value_range[1] * 0.2
    for share in (0.8, 0.5, 0.2):
        QTest.mouseMove(port, QPoint(round(plot.right() + 7), round(chart.y_of(chart.value_range[1] * share))))
        QApplication.processEvents()
    qtbot.waitUntil(lambda: "time" in chart.threshold_said or "Once" in chart.threshold_said, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: console.helm.thresholds.settled, timeout=WAIT_MS)
    said = chart.threshold_said
    QTest.mouseRelease(port, LEFT, NONE, QPoint(round(plot.right() + 7), round(chart.y_of(wanted))))

    qtbot.waitUntil(lambda: session.rules()[0].condition.value < 0.5, timeout=WAIT_MS)
    level = session.rules()[0].condition.value
    assert level == pytest.approx(wanted, rel=0.1)
    kept = rules_from(config.read(folder).alarm)
    assert [rule.condition.value for rule in kept] == [level]
    expected = fired(own_copy(folder, tmp_path / "again"), tmp_path / "again.duckdb", level)
    assert counted(said) == expected > 0
    qtbot.waitUntil(lambda: said in console.window.message_bar.text, timeout=WAIT_MS)
    alarms = console.helm.arrivals
    qtbot.waitUntil(lambda: alarms.alarms.rules[0].fired == expected, timeout=WAIT_MS)
    assert len(alarms.alarms.charts.starts) == expected

    console.window.findChild(QPushButton, "message_action").click()
    qtbot.waitUntil(lambda: session.rules()[0].condition.value == 0.9, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: chart.tags[0].beyond == 1, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: console.conductor.views_idle, timeout=WAIT_MS)


def test_that_an_alarm_is_added_at_the_pointer_and_comes_to_hand_for_the_keys(open_console, folder, qtbot):
    console = open_console(folder)
    board, session = console.window.board, console.conductor.session
    chart = board.chart("latency")
    qtbot.waitUntil(lambda: len(board.chart("null_responses").tags) == 1, timeout=WAIT_MS)
    place = QPoint(round(chart.plot_rect.center().x()), round(chart.y_of(chart.value_range[1] * 0.9)))
    level = chart.level_at(place.y())
    console.helm.chart_menu("latency", chart.mapToGlobal(place))
    menu = console.window.findChild(QMenu, "chart_menu")
    (add,) = [action for action in menu.actions() if action.text().startswith("Add alarm at")]
    menu.hide()
    add.trigger()
    qtbot.waitUntil(lambda: len(session.rules()) == 2, timeout=WAIT_MS)
    rule = session.rules()[1]
    assert rule.metric.startswith("latency_p") and rule.condition.op is Op.GREATER and not rule.proposed
    assert rule.condition.value == level and rule.over_s % rule.every_s == 0 and rule.min_samples > 0
    qtbot.waitUntil(lambda: chart.threshold == rule.name, timeout=WAIT_MS)
    QTest.keyClick(chart, Qt.Key.Key_Up)
    QTest.keyClick(chart, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: session.rules()[1].condition.value > level, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: console.conductor.views_idle, timeout=WAIT_MS)

    board.chart("null_responses").clicked.emit("null_responses", session.selection().visible.start_s + 3600)
    console.window.actions_by_name["move_threshold"].trigger()
    assert board.chart("null_responses").threshold == "nulls"
    QTest.keyClick(board.chart("null_responses"), Qt.Key.Key_Escape)
    assert session.rules()[0].condition.value == 0.9
    qtbot.waitUntil(lambda: console.conductor.views_idle, timeout=WAIT_MS)
