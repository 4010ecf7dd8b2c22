"""The coverage map as it is shown: a column a step, each trouble with its word, its charts, or what to log."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QToolButton

from console.alarms.coverage import Cover, CoverageRow, CoverageStep, CoverageView, Shown, Step
from widgets.icons import Icons
from widgets.panels.coverage_panel import EMPTY, CoveragePanel

P95 = Shown("latency_p95", "Latency p95", "latency")
ERRORS = Shown("error_rate", "Error rate", "error_rate")
MAP = CoverageView((
    CoverageStep(Step.COLLECTION, (CoverageRow("traffic lost", "Requests no longer arrive.", Cover.COMPARED, (), (),
                                               True, ""),)),
    CoverageStep(Step.FEATURES, (CoverageRow("column null", "A column turns null.", Cover.BLIND, (), (), False,
                                             "The inputs of the model."),)),
    CoverageStep(Step.INFERENCE, (CoverageRow("slower", "Answers take longer.", Cover.GUARDED, (P95,), ("slow <b>",),
                                              False, ""),
                                  CoverageRow("bad version", "A version fails.", Cover.SHOWN, (ERRORS, P95), (), False,
                                              "", "model_version"))),
    CoverageStep(Step.RESPONSE, ()), CoverageStep(Step.FEEDBACK, ())), "Of 4 things, 1 is guarded.")


@pytest.fixture
def panel(qtbot, theme_holder):
    made = CoveragePanel(Icons(theme_holder, theme_holder))
    qtbot.addWidget(made)
    made.resize(1136, 480)
    made.show()
    return made


def texts(panel) -> list[str]:
    return [one.text() for one in panel.findChildren(QLabel) if one.text()]


def test_that_each_step_and_trouble_says_how_it_stands(panel):
    assert texts(panel) == [EMPTY]
    panel.display(MAP)
    found = texts(panel)
    for wanted in ("Of 4 things, 1 is guarded.", "Inference", "1 guarded, 1 shown", "Slower", "guarded",
                   "Guarded by slow <b>", "Column null", "blind", "To see it, log: the inputs of the model.",
                   "Where it is split by model version:"):
        assert wanted in found, wanted
    assert all(one.textFormat() is Qt.TextFormat.PlainText for one in panel.findChildren(QLabel) if one.text())


def test_that_all_columns_are_as_wide_and_nothing_scrolls_sideways(panel, qtbot):
    panel.display(MAP)
    heads = [panel.findChild(QLabel, f"step_{step}").parentWidget() for step in Step]
    qtbot.waitUntil(lambda: heads[0].width() > 168)
    assert max(one.width() for one in heads) - min(one.width() for one in heads) <= 1
    assert not panel._area.horizontalScrollBar().isVisible()


def test_that_charts_alarms_and_windows_are_a_click_or_a_key_away(panel, qtbot):
    panel.offer_alarms()
    panel.display(MAP)
    asked = []
    panel.chart_asked.connect(lambda shown, split: asked.append((shown.chart, split)))
    panel.alarm_asked.connect(asked.append)
    panel.compare_asked.connect(lambda: asked.append("compare"))
    qtbot.mouseClick(panel.findChild(QPushButton, "show_error_rate"), Qt.MouseButton.LeftButton)
    guarded, shown = panel.findChildren(QPushButton, "show_latency_p95")
    qtbot.keyClick(guarded, Qt.Key.Key_Space)
    panel.findChild(QToolButton, "guard_error_rate").click()
    next(one for one in panel.findChildren(QPushButton) if one.text() == "Compare two windows").click()
    assert asked == [("error_rate", "model_version"), ("latency", ""), "error_rate", "compare"]
    assert len(panel.findChildren(QToolButton, "guard_latency_p95")) == 1       # what is guarded needs no alarm
    assert shown.accessibleName() == "Show the chart of Latency p95"


def test_that_no_bell_stands_where_nobody_would_hear_it(panel):
    panel.display(MAP)
    assert panel.findChildren(QToolButton) == []


def test_that_the_same_map_is_not_built_again(panel):
    panel.display(MAP)
    before = panel._area.widget()
    panel.display(CoverageView(MAP.steps, MAP.sentence))
    assert panel._area.widget() is before
    panel.forget()
    assert texts(panel) == [EMPTY]
