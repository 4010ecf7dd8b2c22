"""From the map of what can go wrong to the chart that shows it, and back with a rule that guards it."""

from __future__ import annotations

from PySide6.QtWidgets import QPushButton

from console.alarms.coverage import Cover
from console.alarms.rules import Op, Rule, Threshold
from tests.journeys.conftest import WAIT_MS


def test_that_the_map_leads_to_charts_and_knows_new_rules(open_console, log_folder, qtbot):
    console = open_console(log_folder("bad-canary", "parquet", rows=3000, days=1))
    session, window, board = console.conductor.session, console.window, console.window.board
    window.actions_by_name["coverage"].trigger()
    panel = window.sources.coverage
    qtbot.waitUntil(lambda: panel.view is not None, timeout=WAIT_MS)
    assert window.place == "sources" and panel.isVisible()
    assert panel.view.row("errors").cover is Cover.SHOWN

    split = next(step for step in panel.view.steps if any(row.split for row in step.rows))
    row = next(row for row in split.rows if row.split == "model_version")
    panel.chart_asked.emit(row.shown[0], row.split)         # a bad version shows where the chart is split by it
    assert window.place == "board"
    qtbot.waitUntil(lambda: board.chosen == "error_rate", timeout=WAIT_MS)
    assert session.layout.of("error_rate").split == "model_version"

    session.change_chart("null_responses", hidden=True)
    console.conductor.ask("board")
    qtbot.waitUntil(lambda: "null_responses" not in board.shown_metrics(), timeout=WAIT_MS)
    window.actions_by_name["coverage"].trigger()
    panel.findChildren(QPushButton, "show_null_responses")[0].click()
    qtbot.waitUntil(lambda: board.chosen == "null_responses", timeout=WAIT_MS)      # it came back to be seen

    session.set_rules((Rule("errors", "error_rate", Threshold(Op.GREATER, 0.05)),))
    window.actions_by_name["coverage"].trigger()
    qtbot.waitUntil(lambda: panel.view.row("errors").guards == ("errors",), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: console.conductor.views_idle and console.conductor.job("coverage") is None,
                    timeout=WAIT_MS)
