"""The page of a what-if, fed with results."""

from __future__ import annotations

from math import nan

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QLabel, QPushButton, QTableView

from console.rollout.what_if import HarmResult, Spread, WhatIf
from console.rollout.what_if_view import what_if_view
from widgets.icons import Icons
from widgets.panels.lines import Lines
from widgets.panels.what_if_panel import OWN, WhatIfPanel

NONE = Spread(nan, nan, nan)


def result(harm, aborted):
    minutes = Spread(6.0, 17.4, 40.0) if aborted else NONE
    return HarmResult(harm, 100, aborted, 100 - aborted, 0, max(aborted / 100 - 0.05, 0), aborted / 100 + 0.05, minutes,
                      Spread(10, 120, 1400), Spread(0, 3, 9), NONE, Spread(30, 31, 35), (("errors", aborted),))


def tried(plan, shares):
    return WhatIf(plan, 100, 0, 10.0, 1800.0, tuple(result(*each) for each in shares), ("split",))


@pytest.fixture
def panel(qtbot, theme_holder):
    made = WhatIfPanel(Icons(theme_holder))
    qtbot.addWidget(made)
    made.resize(1150, 560)
    made.show()
    return made


def test_that_plans_stand_beside_each_other_for_each_candidate(panel):
    shares = (("identical", 2), ("errors x2", 60))
    view = what_if_view([tried("fast canary", shares), tried("careful canary", (("identical", 1), ("errors x2", 90)))])
    assert [(one.candidate, one.plan, one.good) for one in view.rows] == [
        ("identical", "fast canary", True), ("identical", "careful canary", True),
        ("errors x2", "fast canary", False), ("errors x2", "careful canary", False)]
    assert view.rows[2].minutes == "17 (6 to 40) min" and view.rows[2].clicks_lost == "–"
    panel.display(view)
    rows = panel.findChild(QTableView, "what_if_rows").model()
    assert [rows.index(row, 2).data() for row in range(4)] == ["2%", "1%", "60%", "90%"]
    said = panel.findChild(Lines, "what_if_sentences").texts
    assert any(text.startswith("careful canary: ") for text in said) and any("split" in text for text in said)
    assert not panel.grab().isNull()


def test_that_chosen_plans_are_asked_for(panel, qtbot):
    panel.findChild(QCheckBox, "what_if_plan_2").setChecked(True)
    with qtbot.waitSignal(panel.run_asked) as asked:
        qtbot.mouseClick(panel.findChild(QPushButton, "what_if_run"), Qt.MouseButton.LeftButton)
    assert asked.args == [(OWN, "fast canary"), 100]
    for box in panel.findChildren(QCheckBox):
        box.setChecked(False)
    qtbot.mouseClick(panel.findChild(QPushButton, "what_if_run"), Qt.MouseButton.LeftButton)
    assert "at least one plan" in panel.findChild(QLabel, "what_if_error").text()
