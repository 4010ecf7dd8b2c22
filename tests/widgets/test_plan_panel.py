"""The panel of a plan: what it shows of a view, and what gestures ask for."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QPushButton, QTableView, QToolButton, QWidget

from console.rollout.edits import changed_step
from console.rollout.lint import lint
from console.rollout.plan import Degree, Plan
from console.rollout.plan_view import plan_view
from console.rollout.ready import NAMES, ready_plan
from widgets.icons import Icons
from widgets.panels.lines import Lines
from widgets.panels.plan_panel import PlanPanel
from widgets.panels.ramp_picture import pieces, spoken


@pytest.fixture
def panel(qtbot, theme_holder):
    made = PlanPanel(Icons(theme_holder))
    qtbot.addWidget(made)
    made.resize(1150, 560)
    made.show()
    return made


def shown(panel: PlanPanel, plan: Plan, **more: object) -> None:
    panel.display(plan_view(plan, None, lint(plan), source=plan.name, **more))


def part(panel, kind, name):
    return panel.findChild(kind, name)


def cells(table: QTableView, column: int) -> list[str]:
    model = table.model()
    return [model.index(row, column).data() for row in range(model.rowCount())]


def test_that_steps_gates_and_remarks_stand_there(panel):
    shown(panel, ready_plan("fast canary"))
    assert cells(part(panel, QTableView, "plan_steps"), 0) == [
        "5 % of requests", "Bake 10 min", "25 % of requests", "Bake 10 min", "50 % of requests", "Bake 10 min"]
    assert cells(part(panel, QTableView, "plan_steps"), 1) == [
        "0 s", "0 s", "10 min", "10 min", "20 min", "20 min"]
    assert cells(part(panel, QTableView, "plan_gates"), 1) == ["users in each arm", "errors", "answers above 250 ms"]
    assert "at least 30 min" in part(panel, QLabel, "plan_summary").text()
    assert part(panel, QLabel, "plan_verdict").text() == "Nothing is wrong with it"
    bad = replace(ready_plan("fast canary"), gates=())
    shown(panel, bad)
    assert part(panel, Lines, "plan_remarks").texts[0].startswith("Error: Nothing can roll it back by itself")
    assert part(panel, QLabel, "plan_verdict").property("tone") == "firing"


def test_that_what_cannot_be_is_said_first(panel):
    shown(panel, changed_step(ready_plan("fast canary"), 0, "weight = 500"))
    assert "500 %" in part(panel, QLabel, "plan_verdict").text()
    panel.display_error("No such thing.")
    assert panel.error == "No such thing."
    shown(panel, ready_plan("fast canary"))
    assert panel.error == ""


def test_that_gestures_ask_and_decide_nothing(panel, qtbot):
    shown(panel, ready_plan("fast canary"), undo="step 2")
    steps, gates = part(panel, QTableView, "plan_steps"), part(panel, QTableView, "plan_gates")
    steps.setCurrentIndex(steps.model().index(1, 0))
    typed = part(panel, QLineEdit, "plan_step_text")
    assert typed.text() == 'bake = "10m"'
    typed.setText('bake = "1h"')
    with qtbot.waitSignal(panel.step_typed) as asked:
        qtbot.keyClick(typed, Qt.Key.Key_Return)
    assert asked.args == [1, 'bake = "1h"']
    with qtbot.waitSignal(panel.step_removed) as asked:
        qtbot.keyClick(steps, Qt.Key.Key_Delete)
    assert asked.args == [1]
    with qtbot.waitSignal(panel.step_moved) as asked:
        qtbot.mouseClick(part(panel, QToolButton, "plan_step_down"), Qt.MouseButton.LeftButton)
    assert asked.args == [1, 2] and panel.step.number == 3
    gates.setCurrentIndex(gates.model().index(2, 0))
    part(panel, QComboBox, "plan_gate_key").setCurrentText("measure")
    value = part(panel, QLineEdit, "plan_gate_text")
    assert value.text() == '{ metric = "latency_share", limit_ms = 250 }'
    with qtbot.waitSignal(panel.gate_typed) as asked:
        qtbot.keyClick(value, Qt.Key.Key_Return)
    assert asked.args == [2, "measure", '{ metric = "latency_share", limit_ms = 250 }']
    setting = part(panel, QLineEdit, "plan_setting_text")
    setting.setText("30m")
    with qtbot.waitSignal(panel.setting_typed) as asked:
        qtbot.keyClick(setting, Qt.Key.Key_Return)
    assert asked.args == ["attribution", "30m"]
    with qtbot.waitSignal(panel.undo_asked):
        qtbot.mouseClick(part(panel, QToolButton, "plan_undo"), Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(panel.degree_asked) as asked:
        part(panel, QComboBox, "plan_degree").textActivated.emit("full automation")
    assert asked.args == [Degree.FULL.value]
    for name, signal in (("plan_open", panel.open_asked), ("plan_save", panel.save_asked),
                         ("plan_fit", panel.fit_asked)):
        with qtbot.waitSignal(signal):
            qtbot.mouseClick(part(panel, QPushButton, name), Qt.MouseButton.LeftButton)


def test_that_a_remark_leads_to_its_gate(panel, qtbot):
    plan = ready_plan("fast canary")
    shown(panel, replace(plan, gates=(*plan.gates[:1], replace(plan.gates[1], failure_limit=-1), plan.gates[2])))
    qtbot.mouseClick(part(panel, QWidget, "plan_remarks").findChildren(QLabel, "line")[0].parentWidget(),
                     Qt.MouseButton.LeftButton)
    assert panel.gate.name == "errors"


@pytest.mark.parametrize("name", NAMES)
def test_that_the_picture_fills_its_width_once(panel, name):
    view = plan_view(ready_plan(name))
    found = pieces(view)
    assert found[0].left == 0 and found[-1].right == 1
    assert all(one.right == pytest.approx(next_.left) for one, next_ in pairwise(found))
    assert found[-1].percent == 100
    assert "then all requests" in spoken(view)
    panel.display(view)
    assert not panel.grab().isNull()
