"""The right time column is chosen, the quarantine read again, and all of it undone; loads stopped and waited for."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit, QPlainTextEdit, QPushButton, QTableView, QToolButton
from pytestqt.qtbot import QtBot

from tests.journeys.conftest import WAIT_MS
from tests.journeys.test_columns import choose_role, open_dialog, part, role_of, save
from widgets.app import Console

LEFT = Qt.MouseButton.LeftButton
ROWS, BROKEN = 600, 30


@pytest.fixture
def gateway(tmp_path: Path) -> Path:
    """`ts` cannot be read in every twentieth row, `logged_at` is right everywhere; one line has too few fields."""
    lines = ["ts,logged_at,latency_ms"]
    for n in range(ROWS):
        at = f"2026-03-02T{n // 60:02d}:{n % 60:02d}:00Z"
        lines.append(f"{'soon' if n % (ROWS // BROKEN) == 0 else at},{at},{n % 50}")
    lines[11:11] = ["torn"]
    folder = tmp_path / "gateway"
    folder.mkdir()
    (folder / "requests.csv").write_text("\n".join(lines) + "\n")
    return folder


def sums_are(console: Console, qtbot: QtBot, rows: int, quarantined: int) -> None:
    said = part(console.window, QLabel, "sources_sums")
    wanted = f"{ROWS + 1} records = {rows} rows + {quarantined} quarantined + 0 ignored"
    qtbot.waitUntil(lambda: wanted in said.text(), timeout=WAIT_MS)
    status = part(console.window, QPushButton, "status_quarantined")
    qtbot.waitUntil(lambda: f"{quarantined} quarantined" in status.text(), timeout=WAIT_MS)


def charted(console: Console) -> int:
    session = console.conductor.session
    board = session.board() if session is not None else None
    return int(sum(chart.series[0].n.sum() for chart in board.charts if chart.metric == "throughput")) if board else 0


def test_that_the_right_time_column_brings_rows_back_and_undo_takes_them_away(open_console, gateway, qtbot):
    console = open_console(gateway)
    console.helm.go_sources()
    sums_are(console, qtbot, ROWS - BROKEN, BROKEN + 1)
    qtbot.mouseClick(part(console.window, QPushButton, "status_quarantined"), LEFT)
    reasons = part(console.window, QTableView, "reason_table")
    qtbot.waitUntil(lambda: reasons.model().rowCount() == 3, timeout=WAIT_MS)
    assert [reasons.model().index(row, 0).data() for row in range(3)] == [
        "All reasons", "the time could not be read", "1 field, 3 expected"]
    reasons.selectRow(2)
    raw = part(console.window, QPlainTextEdit, "quarantine_raw")
    rows = part(console.window, QTableView, "quarantine_table")
    qtbot.waitUntil(lambda: rows.model().rowCount() == 1 and raw.toPlainText() == "torn", timeout=WAIT_MS)
    reasons.selectRow(0)

    dialog = open_dialog(console, qtbot)
    assert role_of(dialog, "ts") == "timestamp"
    choose_role(dialog, qtbot, "ts", "no role")
    choose_role(dialog, qtbot, "logged_at", "timestamp")
    save(dialog, qtbot)
    qtbot.mouseClick(part(dialog, QPushButton, "columns_close"), LEFT)
    sums_are(console, qtbot, ROWS - BROKEN, BROKEN + 1)

    console.window.sources.show_quarantine()
    replay = part(console.window, QPushButton, "replay")
    qtbot.waitUntil(replay.isEnabled, timeout=WAIT_MS)
    qtbot.mouseClick(replay, LEFT)
    said = part(console.window, QLabel, "replay_state")
    qtbot.waitUntil(lambda: said.text() == f"{BROKEN} records are rows now; 1 still cannot be read.", timeout=WAIT_MS)
    sums_are(console, qtbot, ROWS, 1)
    assert charted(console) == ROWS

    undo = part(console.window, QToolButton, "sources_undo")
    qtbot.waitUntil(undo.isEnabled, timeout=WAIT_MS)
    qtbot.mouseClick(undo, LEFT)
    sums_are(console, qtbot, ROWS - BROKEN, BROKEN + 1)
    assert charted(console) == ROWS - BROKEN
    qtbot.waitUntil(lambda: not undo.isEnabled() and part(console.window, QToolButton, "sources_redo").isEnabled())


def test_that_a_file_is_left_out_and_taken_in_again(open_console, gateway, qtbot):
    (gateway / "old.csv").write_text("ts,logged_at,latency_ms\n" + "".join(
        f"2026-03-01T00:{n:02d}:00Z,2026-03-01T00:{n:02d}:00Z,5\n" for n in range(60)))
    console = open_console(gateway)
    console.helm.go_sources()
    files = part(console.window, QTableView, "file_table")
    qtbot.waitUntil(lambda: files.model().rowCount() == 2, timeout=WAIT_MS)
    assert charted(console) == ROWS - BROKEN + 60
    files.selectRow(0)
    button = part(console.window, QPushButton, "file_leave_out")
    qtbot.mouseClick(button, LEFT)
    qtbot.waitUntil(lambda: files.model().index(0, 1).data() == "left out", timeout=WAIT_MS)
    qtbot.waitUntil(lambda: charted(console) == ROWS - BROKEN, timeout=WAIT_MS)
    assert part(console.window, QLineEdit, "leave_out_patterns").text() == "old.csv"
    qtbot.waitUntil(lambda: button.text() == "Take in again" and button.isEnabled(), timeout=WAIT_MS)
    qtbot.mouseClick(button, LEFT)
    qtbot.waitUntil(lambda: files.model().index(0, 1).data() == "loaded", timeout=WAIT_MS)
    qtbot.waitUntil(lambda: charted(console) == ROWS - BROKEN + 60, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: console.conductor.views_idle, timeout=WAIT_MS)


def test_that_a_stopped_load_is_resumed_by_the_message(open_console, log_folder, qtbot):
    folder = log_folder("healthy", "jsonl", rows=40_000, days=2, seed=11)
    console = open_console()
    console.helm.open_folder(folder)
    qtbot.waitUntil(lambda: console.conductor.session is not None, timeout=WAIT_MS)
    with qtbot.waitSignal(console.conductor.load_ended, timeout=WAIT_MS):
        console.helm.cancel_load()
    bar = part(console.window, QLabel, "message_text")
    assert bar.text().startswith("Loading was stopped.")
    resume = part(console.window, QPushButton, "message_action")
    assert resume.text() == "Resume"
    assert console.conductor.session.stopped
    with qtbot.waitSignal(console.conductor.load_ended, timeout=WAIT_MS):
        qtbot.mouseClick(resume, LEFT)
    qtbot.waitUntil(lambda: console.conductor.views_idle, timeout=WAIT_MS)
    session = console.conductor.session
    assert not session.stopped and session.store.totals().events == 40_000


def test_that_an_empty_folder_shows_its_charts_once_a_file_comes(open_console, gateway, tmp_path, qtbot):
    folder = tmp_path / "soon"
    folder.mkdir()
    console = open_console()
    with qtbot.waitSignal(console.conductor.load_ended, timeout=WAIT_MS):
        console.helm.open_folder(folder)
    bar = part(console.window, QLabel, "message_text")
    assert bar.text() == "soon is empty. It is loaded as soon as a file comes."
    (folder / "requests.csv").write_text((gateway / "requests.csv").read_text())
    qtbot.waitUntil(lambda: "throughput" in console.window.board.shown_metrics(), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: console.window.message_bar.isHidden(), timeout=WAIT_MS)
    assert charted(console) == ROWS - BROKEN
    qtbot.waitUntil(lambda: console.conductor.views_idle, timeout=WAIT_MS)


def test_that_a_folder_without_a_known_time_is_opened_and_gets_one(open_console, tmp_path, qtbot):
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / "scores.csv").write_text("moment,latency_ms\n" + "".join(
        f"{1_772_409_600 + 60 * n},{n}\n" for n in range(50)))
    console = open_console()
    with qtbot.waitSignal(console.conductor.load_ended, timeout=WAIT_MS):
        console.helm.open_folder(folder)
    dialog = open_dialog(console, qtbot)
    choose_role(dialog, qtbot, "moment", "timestamp")
    save(dialog, qtbot)
    qtbot.mouseClick(part(dialog, QPushButton, "columns_close"), LEFT)
    qtbot.waitUntil(lambda: charted(console) == 50, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: console.conductor.views_idle, timeout=WAIT_MS)
