"""From a log to a rollout that was rolled back: pick a plan, see what is wrong with it, ramp, stop, keep it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLabel, QPushButton, QTableView

from console.rollout.state import Standing
from tests.journeys.conftest import WAIT_MS
from widgets.panels.lines import Lines


def press(qtbot, console, name):
    qtbot.mouseClick(console.window.findChild(QPushButton, name), Qt.MouseButton.LeftButton)


@pytest.mark.long
def test_that_a_plan_is_chosen_judged_replayed_rolled_back_and_kept(open_console, log_folder, qtbot, tmp_path):
    console = open_console(log_folder("bad-canary", "parquet", rows=3000, days=1))
    window, helm = console.window, console.helm
    helm.go_rollout()
    plan, replay = window.plan, window.replay
    qtbot.waitUntil(lambda: bool(window.findChild(Lines, "plan_remarks").texts), timeout=WAIT_MS)
    plan.ready_asked.emit("fast canary")
    steps = window.findChild(QTableView, "plan_steps")
    qtbot.waitUntil(lambda: steps.model().rowCount() == 6, timeout=WAIT_MS)
    plan.step_typed.emit(0, "weight = 20")
    assert steps.model().index(0, 0).data() == "20 % of requests"
    plan.step_typed.emit(0, "weight = much")
    assert plan.error
    helm.undo()                                      # Ctrl+Z, in this place
    assert steps.model().index(0, 0).data() == "5 % of requests"
    helm.redo()
    helm.questions.answer = tmp_path / "own.toml"
    helm.save_plan()
    assert "weight = 20" in (tmp_path / "own.toml").read_text()

    window.rollout_place.open(replay)
    choice = window.findChild(QComboBox, "replay_harm")
    qtbot.waitUntil(lambda: choice.findText("ctr-v2, chosen by chance") >= 0, timeout=WAIT_MS)
    choice.setCurrentText("errors x20")
    press(qtbot, console, "replay_prepare")
    qtbot.waitUntil(lambda: replay.view is not None, timeout=WAIT_MS)
    press(qtbot, console, "rollout_start")
    qtbot.waitUntil(lambda: replay.view.standing is Standing.PROGRESSING, timeout=WAIT_MS)
    middle = (replay.view.start + replay.view.end) / 2
    replay.scrub_asked.emit(middle)
    qtbot.waitUntil(lambda: abs(replay.view.clock - middle) <= 60, timeout=WAIT_MS)
    assert replay.view.live > 0
    helm.roll_back()                                            # by key
    qtbot.waitUntil(lambda: replay.view.live == 0, timeout=WAIT_MS)
    assert replay.view.standing is Standing.DEGRADED
    before = replay.view.blast.requests
    assert before > 0
    replay.play_asked.emit(True)
    qtbot.waitUntil(lambda: replay.view.clock > middle + 600, timeout=WAIT_MS)
    replay.play_asked.emit(False)
    assert replay.view.blast.requests == before                 # nobody meets it afterwards
    assert f"{before:,} requests" in window.findChild(QLabel, "replay_blast").text()
    press(qtbot, console, "replay_incident")
    qtbot.waitUntil(lambda: window.place == "incidents" and window.incidents.incident is not None, timeout=WAIT_MS)
    kept = console.conductor.session.incident(window.incidents.incident.incident_id)
    assert kept.rollout[0].event == "start" and kept.made_from == "rollback"
    busy = ("run replay", "judge plan", "candidates", "look into incident")
    qtbot.waitUntil(lambda: console.conductor.views_idle and not any(map(console.conductor.job, busy)), timeout=WAIT_MS)
