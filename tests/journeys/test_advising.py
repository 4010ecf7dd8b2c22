"""From the place Advice to an incident: the shock of a made log, what could have answered, and training again."""

from __future__ import annotations

from datetime import datetime

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QTableView

from tests.console.folders import truth_of
from tests.journeys.conftest import WAIT_MS
from tests.journeys.test_from_folder_to_report import cells, part

LONG_MS = 10 * WAIT_MS


@pytest.mark.long
def test_that_a_shock_leads_to_what_to_do_about_it_and_to_an_incident(open_console, log_folder, qtbot):
    folder = log_folder("shock", rows=20_000, days=14, seed=31)
    console = open_console(folder)
    window = console.window
    console.helm.go_advice()
    qtbot.waitUntil(lambda: window.shock.state == "result", timeout=LONG_MS)
    start = datetime.fromisoformat(truth_of(folder)["injections"][0]["start"].replace("Z", "+00:00"))
    assert abs((window.shock.view.at - start).total_seconds()) <= window.shock.view.courses.bucket_s
    assert part(window, QLabel, "shock_page_sentence").text().startswith("A shock")
    console.helm.ask_response()
    qtbot.waitUntil(lambda: window.response.state == "result", timeout=LONG_MS)
    part(window, QLineEdit, "response_fallback").setText("device = 'phone'")
    qtbot.mouseClick(part(window, QPushButton, "response_try"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.response.state == "result" and window.response.view.fallback != "", timeout=LONG_MS)
    assert ("Your expression",) in cells(part(window, QTableView, "response_table"), 1)
    console.helm.ask_retraining()
    qtbot.waitUntil(lambda: window.retraining.state == "result", timeout=LONG_MS)
    verdicts = cells(part(window, QTableView, "retraining_table"), 1, 6)
    assert ("Data since the shock only", "not distinguishable yet") in verdicts     # the relation did not change
    window.response.incident_asked.emit()
    qtbot.waitUntil(lambda: window.incidents.incident is not None, timeout=LONG_MS)
    assert window.incidents.incident.window.start == window.shock.view.at
    assert "Your expression" in window.incidents.incident.notes
