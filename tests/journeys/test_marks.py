"""A note at the cross-hair is on every chart and on the strip, can be jumped to, changed, deleted, and brought back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPushButton, QTableView

from console.errors import BadSettings
from console.session.marks import Mark
from console.window import Window, from_epoch
from tests.journeys.conftest import WAIT_MS


def noted(console):
    return [mark.text for mark in console.conductor.session.marks.all() if mark.own]


def test_that_a_mark_is_made_listed_jumped_to_changed_deleted_and_undone(open_console, log_folder, qtbot):
    console = open_console(log_folder("healthy", "parquet", rows=3000, days=1))
    session, board, answers = console.conductor.session, console.window.board, console.helm.questions
    visible = session.selection().visible
    at_s = visible.start_s + 3 * 3600
    board.chart("latency").clicked.emit("latency", at_s)
    answers.words = "  deploy of <b>v2</b>  "
    console.window.actions_by_name["mark"].trigger()
    qtbot.waitUntil(lambda: noted(console) == ["deploy of <b>v2</b>"], timeout=WAIT_MS)
    for metric in board.shown_metrics():
        chart = board.chart(metric)
        qtbot.waitUntil(lambda one=chart: one.mark_at(one.x_of(at_s)) == "deploy of <b>v2</b>", timeout=WAIT_MS)
    strip = console.window.overview
    qtbot.waitUntil(lambda: "deploy" in strip.annotation_at(strip.x_of(at_s)), timeout=WAIT_MS)

    console.window.actions_by_name["show_marks"].trigger()
    table = console.window.findChild(QTableView, "marks_table")
    qtbot.waitUntil(lambda: table.model().rowCount() == 1, timeout=WAIT_MS)
    table.selectRow(0)
    console.window.actions_by_name["zoom_in"].trigger()
    console.window.findChild(QPushButton, "mark_jump").click()
    shown = session.selection().visible
    assert abs((shown.start + (shown.end - shown.start) / 2 - from_epoch(at_s)).total_seconds()) < 1
    answers.words = "rolled back"
    console.window.findChild(QPushButton, "mark_edit").click()
    qtbot.waitUntil(lambda: noted(console) == ["rolled back"], timeout=WAIT_MS)
    qtbot.waitUntil(lambda: table.model().index(0, 2).data() == "rolled back", timeout=WAIT_MS)
    console.window.findChild(QPushButton, "mark_delete").click()
    qtbot.waitUntil(lambda: noted(console) == [], timeout=WAIT_MS)
    console.window.message_bar.action_asked.emit("undo mark")
    qtbot.waitUntil(lambda: noted(console) == ["rolled back"], timeout=WAIT_MS)
    with pytest.raises(BadSettings, match="no such mark"):
        session.marks.delete(Mark(from_epoch(at_s), "nobody wrote this", "note"))
    with pytest.raises(BadSettings, match="words"):
        session.marks.add(from_epoch(at_s), "   ")
    qtbot.waitUntil(lambda: console.conductor.views_idle, timeout=WAIT_MS)


def test_that_a_time_range_is_copied_and_pasted(open_console, log_folder, qtbot):
    console = open_console(log_folder("healthy", "parquet", rows=3000, days=1))
    session = console.conductor.session
    start = session.selection().whole.start.replace(minute=0, second=0, microsecond=0) + timedelta(hours=2)
    window = Window(start, start + timedelta(hours=1))
    console.helm.look_at(window)
    console.window.actions_by_name["copy_range"].trigger()
    console.window.actions_by_name["quick_all"].trigger()
    assert session.selection().visible != window
    console.window.actions_by_name["paste_range"].trigger()
    assert session.selection().visible == window
    QGuiApplication.clipboard().setText("no time at all")
    console.window.actions_by_name["paste_range"].trigger()
    assert session.selection().visible == window
    assert "no time" in console.window.message_bar.text
    qtbot.waitUntil(lambda: console.conductor.views_idle, timeout=WAIT_MS)
