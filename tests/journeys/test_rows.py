"""From a point on a chart to the rows behind it, and to the line in the file; by the keyboard alone too."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QPlainTextEdit, QTableView, QToolButton

from tests.console.folders import MakeFolder
from tests.journeys.conftest import WAIT_MS
from widgets.app import Console


@pytest.fixture
def folder(log_folder: MakeFolder) -> Path:
    return log_folder("latency-spike", "csv", rows=3000, days=1, seed=3)


def part(console: Console, kind, name):
    found = console.window.findChild(kind, name)
    assert found is not None, name
    return found


def counted(console: Console) -> str:
    return part(console, QLabel, "rows_count").text()


def requests_in(folder: Path, start: str, end: str) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []
    for path in sorted((folder / "predictions").glob("*.csv")):
        with path.open(newline="") as file:
            rows += csv.DictReader(file)
    return sorted((row for row in rows if start <= row["ts"] < end), key=lambda row: row["ts"])


def test_that_return_on_a_held_cross_hair_shows_its_rows_and_their_lines(open_console, folder, qtbot):
    console = open_console(folder)
    board = console.window.board
    chart = board.chart("latency")
    chart.setFocus()
    qtbot.keyClick(chart, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(chart, Qt.Key.Key_Return)
    assert board.cross_hair_locked
    window = board.bucket_at_cross_hair("latency")
    qtbot.keyClick(chart, Qt.Key.Key_Return)
    expected = requests_in(folder, window.start.isoformat(), window.end.isoformat())
    qtbot.waitUntil(lambda: counted(console) == f"{len(expected)} rows", timeout=WAIT_MS)
    table = part(console, QTableView, "rows_table")
    qtbot.waitUntil(lambda: table.model().rowCount() == len(expected), timeout=WAIT_MS)
    heads = [table.model().headerData(at, Qt.Orientation.Horizontal) for at in range(table.model().columnCount())]
    ids = [table.model().index(at, heads.index("request_id")).data() for at in range(len(expected))]
    assert ids == [row["request_id"] for row in expected]
    raw = part(console, QPlainTextEdit, "rows_raw")
    qtbot.waitUntil(lambda: expected[0]["request_id"] in raw.toPlainText(), timeout=WAIT_MS)
    path, line = part(console, QLabel, "rows_place").text().rsplit(":", 1)
    assert (folder / path).read_text().splitlines()[int(line) - 1] == raw.toPlainText()
    qtbot.keyClick(table, Qt.Key.Key_Escape)
    assert not console.window.drawer_open


def test_that_rows_are_filtered_sorted_and_written_to_a_file(open_console, folder, qtbot, tmp_path):
    console = open_console(folder)
    console.window.actions_by_name["show_rows"].trigger()
    qtbot.waitUntil(lambda: counted(console) == "3,000 rows", timeout=WAIT_MS)
    qtbot.waitUntil(lambda: part(console, QTableView, "rows_table").model().rowCount() == 200, timeout=WAIT_MS)
    qtbot.mouseClick(part(console, QToolButton, "rows_add_filter"), Qt.MouseButton.LeftButton)
    column = part(console, QComboBox, "filter_column")
    column.setCurrentIndex(column.findData("latency_ms"))
    operator = part(console, QComboBox, "filter_operator")
    operator.setCurrentText(">=")
    value = part(console, QLineEdit, "filter_value")
    value.setText("30")
    qtbot.keyClick(value, Qt.Key.Key_Return)
    slow = [row for row in requests_in(folder, "", "9") if row["latency_ms"] and float(row["latency_ms"]) >= 30]
    qtbot.waitUntil(lambda: counted(console) == f"{len(slow):,} rows", timeout=WAIT_MS)
    table = part(console, QTableView, "rows_table")
    model = table.model()
    table.horizontalHeader().sectionClicked.emit(model.section_of("latency_ms"))
    lowest = min(float(row["latency_ms"]) for row in slow)
    at = model.section_of("latency_ms")
    qtbot.waitUntil(lambda: float(model.index(0, at).data()) == lowest, timeout=WAIT_MS)
    path = tmp_path / "slow.csv"
    console.helm.questions.answer = path
    qtbot.mouseClick(part(console, QToolButton, "rows_export"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(path.exists, timeout=WAIT_MS)
    with path.open(newline="") as file:
        written = [float(row["latency_ms"]) for row in csv.DictReader(file)]
    assert written == sorted(float(row["latency_ms"]) for row in slow)
    chip = part(console, QToolButton, "rows_chip_0")
    assert chip.text() == "latency_ms >= 30"
    qtbot.mouseClick(chip, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: counted(console) == "3,000 rows", timeout=WAIT_MS)
    qtbot.waitUntil(lambda: console.conductor.views_idle, timeout=WAIT_MS)
