"""From a folder to its skew and its outcomes, to a file, and into an incident."""

from __future__ import annotations

import json

import pytest
from PySide6.QtWidgets import QLabel, QTableView, QToolButton

from tests.journeys.conftest import WAIT_MS


@pytest.mark.long
def test_that_skew_and_outcomes_are_asked_exported_and_kept(open_console, log_folder, qtbot, tmp_path):
    console = open_console(log_folder("skew", rows=3000, days=1))
    session, window = console.conductor.session, console.window
    window.actions_by_name["ask_training"].trigger()
    page = window.training
    qtbot.waitUntil(lambda: page.state == "result", timeout=4 * WAIT_MS)
    assert window.place == "drift" and window.drift_place.page is page and page.source == "stream:reference"
    model = page.findChild(QTableView, "training_table").model()
    moved = {model.data(model.index(row, 1)) for row in range(3)}
    assert moved == {"category", "days_since_last", "seq_len"}

    reference, current = session.suggest_windows()
    session.brush("reference", reference)
    console.conductor.chosen(session.brush("current", current))
    window.actions_by_name["ask_outcomes"].trigger()
    outcomes = window.outcomes
    qtbot.waitUntil(lambda: outcomes.state in ("result", "error"), timeout=4 * WAIT_MS)
    assert outcomes.state == "result", outcomes.findChild(QLabel, "outcomes_page_error").text()
    assert outcomes.view.reference == reference and outcomes.view.told_current > 0

    console.helm.questions.answer = tmp_path / "outcomes.json"
    outcomes.findChild(QToolButton, "outcomes_page_export").click()
    qtbot.waitUntil(lambda: (tmp_path / "outcomes.json").exists(), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: console.conductor.job("export_answer") is None, timeout=WAIT_MS)
    written = json.loads((tmp_path / "outcomes.json").read_text())
    assert [one["what"] for one in written["outcomes"]["moved"]] == ["P(X)", "P(Y)", "P(Y|X)"]
    assert written["dataset"]["sentence"] == outcomes.view.sentence

    outcomes.findChild(QToolButton, "outcomes_page_incident").click()
    qtbot.waitUntil(lambda: window.incidents.incident is not None, timeout=WAIT_MS)
    kept = window.incidents.incident
    assert (kept.window, kept.reference) == (current, reference)
    assert outcomes.view.sentence in kept.notes and "--outcomes" in kept.notes
    qtbot.waitUntil(lambda: console.conductor.views_idle and console.conductor.job("look") is None, timeout=WAIT_MS)
