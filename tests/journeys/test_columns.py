"""What a column means is corrected in the dialog; charts and the folder's settings follow."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QComboBox, QLabel, QPushButton, QTableView, QWidget
from pytestqt.qtbot import QtBot

from tests.journeys.conftest import WAIT_MS

COLUMN, ROLE = 0, 3
LEFT = Qt.MouseButton.LeftButton


def part(parent: QWidget, kind: type[Any], name: str) -> Any:
    found = parent.findChild(kind, name)
    assert found is not None, f"no {kind.__name__} called {name}"
    return found


@pytest.fixture
def own(log_folder, tmp_path) -> Path:
    """A folder that may be written into."""
    folder = tmp_path / "shop"
    shutil.copytree(log_folder("healthy", "csv", rows=3000, days=1), folder)
    return folder


def open_dialog(console: Any, qtbot: QtBot) -> QWidget:
    """By the button in Sources."""
    console.helm.go_sources()
    button = part(console.window, QPushButton, "open_columns")
    qtbot.waitUntil(button.isEnabled, timeout=WAIT_MS)
    qtbot.mouseClick(button, LEFT)
    qtbot.waitUntil(lambda: console.window.findChild(QWidget, "columns_dialog") is not None, timeout=WAIT_MS)
    dialog = part(console.window, QWidget, "columns_dialog")
    qtbot.waitUntil(dialog.isVisible)
    return dialog


def role_of(dialog: QWidget, column: str) -> str:
    model = part(dialog, QTableView, "columns_table").model()
    return next(model.index(row, ROLE).data() for row in range(model.rowCount())
                if model.index(row, COLUMN).data() == column)


def choose_role(dialog: QWidget, qtbot: QtBot, column: str, role: str) -> None:
    """A click on the cell opens its list; the role is chosen there by its name and Return."""
    table = part(dialog, QTableView, "columns_table")
    model = table.model()
    at = next(row for row in range(model.rowCount()) if model.index(row, COLUMN).data() == column)
    cell = model.index(at, ROLE)
    table.scrollTo(cell)
    qtbot.mouseClick(table.viewport(), LEFT, pos=table.visualRect(cell).center() - QPoint(20, 0))
    def open_boxes() -> list[QComboBox]:
        return [one for one in table.findChildren(QComboBox, "cell_choice") if one.isVisible()]

    qtbot.waitUntil(lambda: len(open_boxes()) == 1)
    box = open_boxes()[0]
    box.showPopup()
    view = box.view()
    choice = view.model().index(box.findText(role), 0)
    view.scrollTo(choice)
    view.setCurrentIndex(choice)
    qtbot.keyClick(view, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: role_of(dialog, column) == role)


def save(dialog: QWidget, qtbot: QtBot) -> None:
    button = part(dialog, QPushButton, "columns_save")
    assert button.isEnabled()
    qtbot.mouseClick(button, LEFT)
    qtbot.waitUntil(lambda: part(dialog, QLabel, "columns_state").text().startswith("Saved"), timeout=WAIT_MS)


def test_that_a_column_without_its_role_leaves_the_board_and_comes_back_with_it(open_console, own, qtbot):
    console = open_console(own)
    board = console.window.board
    assert {"latency", "throughput"} <= set(board.shown_metrics())
    dialog = open_dialog(console, qtbot)
    assert role_of(dialog, "latency_ms") == "latency" and not part(dialog, QPushButton, "columns_save").isEnabled()

    choose_role(dialog, qtbot, "latency_ms", "no role")
    assert "1 column changed" in part(dialog, QLabel, "columns_state").text()
    save(dialog, qtbot)
    qtbot.waitUntil(lambda: "latency" not in board.shown_metrics(), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: console.conductor.views_idle, timeout=WAIT_MS)
    assert role_of(dialog, "latency_ms") == "no role"
    assert part(dialog, QLabel, "columns_state").text().startswith("Saved"), "still said when the streams are read anew"
    assert "latency_ms" in (own / "pilothouse.toml").read_text(encoding="utf-8")

    choose_role(dialog, qtbot, "latency_ms", "latency")
    save(dialog, qtbot)
    qtbot.waitUntil(lambda: "latency" in board.shown_metrics(), timeout=WAIT_MS)
    qtbot.mouseClick(part(dialog, QPushButton, "columns_close"), LEFT)
    qtbot.waitUntil(lambda: console.conductor.views_idle, timeout=WAIT_MS)
    counts = {chart.metric: float(chart.series[0].n.sum()) for chart in console.conductor.session.board().charts}
    assert counts["latency"] == counts["throughput"] == 3000, "rows are never touched"


def test_that_a_corrected_role_is_there_again_when_the_folder_is_opened_anew(open_console, own, qtbot):
    console = open_console(own)
    dialog = open_dialog(console, qtbot)
    choose_role(dialog, qtbot, "price", "feature_length")
    save(dialog, qtbot)
    qtbot.waitUntil(lambda: "input_length" in console.window.board.shown_metrics(), timeout=WAIT_MS)
    qtbot.mouseClick(part(dialog, QPushButton, "columns_close"), LEFT)
    console.helm.close_folder()
    with qtbot.waitSignal(console.conductor.load_ended, timeout=WAIT_MS):
        console.helm.open_folder(own)
    qtbot.waitUntil(lambda: console.conductor.views_idle, timeout=WAIT_MS)
    again = open_dialog(console, qtbot)
    assert role_of(again, "price") == "feature_length"
    qtbot.mouseClick(part(again, QPushButton, "columns_close"), LEFT)


def test_that_a_role_is_chosen_by_typing_its_name(open_console, own, qtbot):
    console = open_console(own)
    dialog = open_dialog(console, qtbot)
    table = part(dialog, QTableView, "columns_table")
    model = table.model()
    at = next(row for row in range(model.rowCount()) if model.index(row, COLUMN).data() == "price")
    cell = model.index(at, ROLE)
    table.scrollTo(cell)
    qtbot.mouseClick(table.viewport(), LEFT, pos=table.visualRect(cell).center() - QPoint(20, 0))

    def lists() -> list[QWidget]:
        boxes = table.findChildren(QComboBox, "cell_choice")
        return [box.view() for box in boxes if box.isVisible() and box.view().isVisible()]

    qtbot.waitUntil(lambda: len(lists()) == 1)
    [view] = lists()
    qtbot.keyClicks(view, "time_to")
    qtbot.keyClick(view, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: role_of(dialog, "price") == "time_to_first_token")
    qtbot.mouseClick(part(dialog, QPushButton, "columns_close"), LEFT)


def test_that_a_role_of_one_column_leaves_the_column_that_had_it(open_console, own, qtbot):
    console = open_console(own)
    dialog = open_dialog(console, qtbot)
    assert role_of(dialog, "latency_ms") == "latency"
    choose_role(dialog, qtbot, "price", "latency")
    assert role_of(dialog, "latency_ms") == "no role"
    assert "2 columns changed" in part(dialog, QLabel, "columns_state").text()
    assert role_of(dialog, "age") == "feature"          # of which there may be many
    qtbot.mouseClick(part(dialog, QPushButton, "columns_close"), LEFT)
