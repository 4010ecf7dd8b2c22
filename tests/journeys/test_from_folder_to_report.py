"""From a folder of logs to a report in hand."""

from __future__ import annotations

import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QPushButton, QTableView, QToolButton, QWidget

from tests.console.folders import truth_of
from tests.journeys.conftest import WAIT_MS
from tests.tiers import once


def part(parent: QWidget, kind: type[Any], name: str) -> Any:
    found = parent.findChild(kind, name)
    assert found is not None, f"no {kind.__name__} called {name}"
    return found


def drag(qtbot, widget: QWidget, start: QPoint, end: QPoint) -> None:
    qtbot.mousePress(widget, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(widget, start + (end - start) / 2)
    qtbot.mouseMove(widget, end)
    qtbot.mouseRelease(widget, Qt.MouseButton.LeftButton, pos=end)


def cells(table: QTableView, *columns: int) -> list[tuple[str, ...]]:
    model = table.model()
    return [tuple(model.index(row, column).data() for column in columns) for row in range(model.rowCount())]


@pytest.fixture(scope="module")
def drifted(log_folder) -> Path:
    return log_folder("data-drift-sudden", rows=6000, system=True)


def test_that_a_folder_becomes_charts_and_the_sums_of_its_files(open_console, drifted):
    console = open_console(drifted)
    metrics = console.window.board.shown_metrics()
    assert len(metrics) >= 8
    assert part(console.window, QLabel, "status_rows").text() != "0 rows"
    assert console.window.windowTitle().startswith(drifted.name)
    session = console.conductor.session
    board = session.board()
    counts = sum(chart.series[0].n.sum() for chart in board.charts if chart.metric == "throughput")
    assert counts == 6000


def test_that_two_brushed_windows_show_which_columns_moved(open_console, drifted, qtbot):
    console = open_console(drifted)
    strip = console.window.overview
    middle = int(strip.lanes.silhouette.center().y())
    whole = console.conductor.session.selection().whole
    moment, columns = injection(drifted)
    length = (whole.end_s - moment) * 0.8

    def at(seconds: float) -> QPoint:
        return QPoint(round(strip.x_of(seconds)), middle)

    drag(qtbot, strip, at(whole.start_s + 5400), at(moment - 600))
    qtbot.waitUntil(lambda: console.conductor.session.selection().reference is not None)
    drag(qtbot, strip, at(moment + 600), at(moment + length))
    qtbot.waitUntil(lambda: console.window.drift.state == "result", timeout=WAIT_MS)
    console.helm.go_drift()
    rows = cells(part(console.window, QTableView, "drift_table"), 0, 1)
    moved = {name for verdict, name in rows if verdict == "alarm"}
    assert columns <= moved
    still = {name for verdict, name in rows if verdict == "no drift"}
    assert {"price", "device"} <= still


def test_that_zooming_shows_more_of_less_and_back_shows_the_whole_again(open_console, drifted, qtbot):
    console = open_console(drifted)
    boards: list[Any] = []
    console.conductor.board_ready.connect(boards.append)
    whole = console.conductor.session.selection().visible
    for _ in range(3):
        console.helm.zoom_in()
    qtbot.waitUntil(lambda: bool(boards) and boards[-1].window.seconds < whole.seconds / 7, timeout=WAIT_MS)
    console.helm.quick_all()
    qtbot.waitUntil(lambda: boards[-1].window.seconds >= whole.seconds, timeout=WAIT_MS)


def test_that_an_incident_is_written_up_and_exported(open_console, drifted, qtbot, tmp_path):
    console = open_console(drifted)
    console.helm.suggest_windows()
    qtbot.waitUntil(lambda: console.window.drift.state == "result", timeout=WAIT_MS)
    console.helm.create_incident()
    qtbot.waitUntil(lambda: console.window.incidents.incident is not None, timeout=WAIT_MS)
    part(console.window, QPlainTextEdit, "incident_notes").setPlainText("Basket service sent <b>old</b> prices")
    shown = part(console.window, QPushButton, "export_open")
    for form, head in (("html", b"<!"), ("pdf", b"%PDF")):
        console.helm.questions.answer = tmp_path / f"report.{form}"
        qtbot.mouseClick(part(console.window, QPushButton, f"export_{form}"), Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: (shown.isVisible() and console.helm.questions.answer.exists())
                        or bool(console.window.message_bar.text), timeout=WAIT_MS)
        assert console.window.message_bar.text == ""
        assert console.helm.questions.answer.read_bytes().startswith(head)
    assert b"Basket service sent &lt;b&gt;old&lt;/b&gt; prices" in (tmp_path / "report.html").read_bytes()


def test_that_the_window_with_an_incident_and_brushes_comes_back_after_closing(open_console, drifted, qtbot):
    console = open_console(drifted)
    console.helm.create_incident()
    qtbot.waitUntil(lambda: console.window.incidents.incident is not None, timeout=WAIT_MS)
    kept = console.window.incidents.incident.incident_id
    console.window.close()
    again = open_console(drifted)
    again.helm.go_incidents()
    qtbot.waitUntil(lambda: again.window.incidents.incident is not None, timeout=WAIT_MS)
    assert again.window.incidents.incident.incident_id == kept


def test_that_rows_appended_to_a_file_arrive_on_the_charts(open_console, log_folder, qtbot, tmp_path):
    folder = tmp_path / "live"
    shutil.copytree(log_folder("healthy", format="jsonl", rows=2000), folder)
    console = open_console(folder)
    before = console.conductor.session.status().rows
    newest = max((folder / "predictions").glob("*.jsonl"))
    lines = newest.read_text().splitlines()[-5:]
    with newest.open("a") as file:
        for number, line in enumerate(lines):
            record = json.loads(line)
            record["request_id"] = f"new-{number}"
            file.write(json.dumps(record) + "\n")
    qtbot.waitUntil(lambda: console.conductor.session.status().rows == before + 5, timeout=WAIT_MS)
    rows = part(console.window, QLabel, "status_rows")
    qtbot.waitUntil(lambda: rows.text() == f"{before + 5:,} rows", timeout=WAIT_MS)


def test_that_rows_that_cannot_be_read_are_counted_and_shown_with_file_and_line(open_console, log_folder, qtbot,
                                                                                tmp_path):
    folder = tmp_path / "bad"
    shutil.copytree(log_folder("healthy", format="jsonl", rows=500), folder)
    newest = max((folder / "predictions").glob("*.jsonl"))
    whole = newest.read_text()
    newest.write_text(whole + '{"ts": "<i>broken</i>\n')
    console = open_console(folder)
    button = part(console.window, QPushButton, "status_quarantined")
    qtbot.waitUntil(lambda: button.isVisible() and button.text().startswith("1 quarantined"), timeout=WAIT_MS)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    table = part(console.window, QTableView, "quarantine_table")
    qtbot.waitUntil(lambda: table.model().rowCount() == 1, timeout=WAIT_MS)
    path, line, _reason, raw = cells(table, 0, 1, 2, 3)[0]
    assert path.endswith(newest.name)
    assert int(line.replace(",", "")) == len(whole.splitlines()) + 1
    assert "<i>broken</i>" in raw


def test_that_a_dropped_folder_is_opened(open_console, drifted, qtbot):
    console = open_console()
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(drifted))])
    with qtbot.waitSignal(console.conductor.load_ended, timeout=WAIT_MS):
        console.window.dropEvent(QDropEvent(QPointF(90, 90), Qt.DropAction.CopyAction, data,
                                            Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier))
    assert console.conductor.session.folder == drifted.resolve()
    assert part(console.window, QToolButton, "folder_menu").text() == drifted.name


@pytest.mark.parametrize("kind", once("no logs", "missing", "empty"))
def test_that_a_folder_without_logs_gives_a_sentence_with_what_to_do(open_console, qtbot, tmp_path, kind):
    folder = tmp_path / "shop"
    if kind != "missing":
        folder.mkdir()
    if kind == "no logs":
        (folder / "readme.bin").write_bytes(bytes(range(256)) * 8)
    console = open_console()
    console.helm.open_folder(folder)
    qtbot.waitUntil(lambda: bool(console.window.message_bar.text), timeout=WAIT_MS)
    assert str(folder) in console.window.message_bar.text or folder.name in console.window.message_bar.text
    assert len(console.window.message_bar.text.split(". ")) >= 2
    assert console.window.message_bar.isVisible()
    if kind == "empty":         # it stays open, for the files that may come
        qtbot.waitUntil(lambda: console.conductor.session is not None and console.conductor.session.waits,
                        timeout=WAIT_MS)
    else:
        start = part(console.window, QPushButton, "start_open")
        qtbot.waitUntil(start.isVisible, timeout=WAIT_MS)


def injection(folder: Path) -> tuple[float, set[str]]:
    """When the drift was put in, and into which columns."""
    injected = truth_of(folder)["injections"][0]
    return datetime.fromisoformat(injected["start"]).timestamp(), set(injected["columns"])
