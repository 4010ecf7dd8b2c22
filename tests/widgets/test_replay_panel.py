"""The panel of a rollout: which buttons are open and why not, what is drawn, and what gestures ask for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLabel, QPlainTextEdit, QPushButton, QSlider, QTableView, QToolButton

from console.rollout.outcomes import Harm, spoiled
from console.rollout.plan import Degree
from console.rollout.rehearsal import Rehearsal
from console.rollout.replay import Replay
from console.rollout.view import Action, SeriesView
from tests.console.rollout.make import plan, requests
from widgets.icons import Icons
from widgets.panels.lines import Lines
from widgets.panels.replay_panel import ReplayPanel
from widgets.panels.replay_pictures import gathered, said_of

BAD = spoiled(requests(60, 120), Harm("errors x20", errors_times=20), seed=1)


@pytest.fixture
def panel(qtbot, theme_holder):
    made = ReplayPanel(Icons(theme_holder))
    qtbot.addWidget(made)
    made.resize(1150, 560)
    made.show()
    return made


@pytest.fixture
def rehearsal():
    return Rehearsal(Replay(replace(plan(5, 25, 50), degree=Degree.FULL), BAD, candidate="v2"))


def open_buttons(panel):
    return {action.value for action in Action
            if (made := panel.findChild(QPushButton, f"rollout_{action.value}")) is not None and made.isEnabled()}


def test_that_buttons_are_open_only_when_the_machine_allows_and_say_why_not(panel, rehearsal):
    assert open_buttons(panel) == set()
    assert "Prepare a replay first" in panel.findChild(QPushButton, "rollout_start").toolTip()
    panel.display(rehearsal.view())
    assert open_buttons(panel) == {"start"}
    rehearsal.act(Action.START)
    panel.display(rehearsal.view())
    assert open_buttons(panel) == {"pause", "promote", "promote_full", "abort", "roll_back"}
    assert "on its way" in panel.findChild(QPushButton, "rollout_start").toolTip()
    rehearsal.act(Action.PAUSE)
    panel.display(rehearsal.view())
    assert panel.findChild(QPushButton, "rollout_pause").text() == "Resume"


def test_that_a_rollout_that_was_stopped_tells_why_whom_it_met_and_what_was_done(panel, rehearsal):
    rehearsal.act(Action.START)
    rehearsal.advance(59)
    view = rehearsal.view()
    panel.display(view)
    assert panel.findChild(QLabel, "replay_standing").text() == "Degraded"
    assert "gate errors failed" in panel.findChild(QLabel, "replay_told").text()
    assert f"{view.blast.requests:,} requests" in panel.findChild(QLabel, "replay_blast").text()
    assert panel.findChild(QPushButton, "replay_incident").isVisible()
    log = panel.findChild(QPlainTextEdit, "replay_log").toPlainText().split("\n")
    assert len(log) == len(view.log) and "person" in log[-1]
    gates = panel.findChild(Lines, "replay_gates").texts
    assert len(gates) == len(view.gates) and "would have" in gates[0]
    assert open_buttons(panel) == {"start", "promote_full", "retry", "roll_back"}
    assert not panel.grab().isNull()


def test_that_gestures_ask(panel, rehearsal, qtbot):
    with qtbot.waitSignal(panel.prepare_asked) as asked:
        qtbot.mouseClick(panel.findChild(QPushButton, "replay_prepare"), Qt.MouseButton.LeftButton)
    assert asked.args == ["identical"]
    panel.display(rehearsal.view())
    with qtbot.waitSignal(panel.action_asked) as asked:
        qtbot.mouseClick(panel.findChild(QPushButton, "rollout_start"), Qt.MouseButton.LeftButton)
    assert asked.args == [Action.START]
    with qtbot.waitSignal(panel.play_asked) as asked:
        qtbot.mouseClick(panel.findChild(QToolButton, "replay_play"), Qt.MouseButton.LeftButton)
    assert asked.args == [True]
    scrub = panel.findChild(QSlider, "replay_scrub")
    scrub.setSliderPosition(500)
    with qtbot.waitSignal(panel.scrub_asked) as asked:
        scrub.sliderReleased.emit()
    view = rehearsal.view()
    assert asked.args[0] == pytest.approx((view.start + view.end) / 2)
    degrees = panel.findChild(QTableView, "replay_degrees")
    degrees.setCurrentIndex(degrees.model().index(0, 0))
    with qtbot.waitSignal(panel.degree_asked) as asked:
        degrees.activated.emit(degrees.currentIndex())
    assert asked.args == [Degree.HUMAN_ONLY]
    panel.findChild(QComboBox, "replay_speed").setCurrentText("10,000x")
    assert panel.speed == 10_000
    panel.display_candidates(("v2", "identical"))
    assert panel.findChild(QComboBox, "replay_harm").currentText() == "identical"


def test_that_points_of_one_stretch_are_weighted_by_their_requests():
    nan = np.nan
    series = SeriesView("errors", "share", np.arange(1.0, 7.0) * 60, np.array([1.0, 0, 0, nan, 0, 0.5]), np.zeros(6),
                        np.array([1.0, 3, 4, 0, 0, 2]), np.ones(6), np.array([nan, -1, -2, -3, -4, -5.0]),
                        np.array([nan, 1, 2, 3, 4, 0.01]), nan, 1e9)
    found = gathered(series, 180)
    assert found.candidate == pytest.approx([1 / 8, 0.5]) and found.n_candidate == pytest.approx([8, 2])
    assert found.low == pytest.approx([-2, -5]) and found.ends == pytest.approx([180, 360])
    assert said_of(series) == "stable 0 %, candidate 50 %; difference −500 % to +1 %"
