"""Charts are compared, split, read as a table, moved, hidden, written to files; and stand so the next time."""

from __future__ import annotations

import csv
from xml.etree import ElementTree

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QMenu, QTableView

from console.session.board_layout import parse
from console.session.places import layout_for
from tests.console.folders import MakeFolder
from tests.journeys.conftest import WAIT_MS
from widgets.app import Console


@pytest.fixture
def console(open_console, log_folder: MakeFolder) -> Console:
    return open_console(log_folder("bad-canary", "parquet", rows=4000, days=3, seed=5))


def press(console: Console, name: str, metric: str) -> None:
    """The key of a command, with that chart clicked before."""
    console.window.board.chart(metric).chosen.emit(metric)
    console.window.actions_by_name[name].trigger()


def view_of(console: Console, metric: str):
    return console.window.board.chart(metric).view


def test_that_a_chart_is_compared_and_split_and_it_is_kept(console, qtbot):
    press(console, "compare_day", "throughput")
    qtbot.waitUntil(lambda: view_of(console, "throughput").ghost is not None, timeout=WAIT_MS)
    press(console, "split_chart", "latency")
    qtbot.waitUntil(lambda: view_of(console, "latency").title == "Latency p95 by model version", timeout=WAIT_MS)
    assert [one.name for one in view_of(console, "latency").series] == ["ctr-v1", "ctr-v2"]
    kept, notes = parse(layout_for(console.conductor.session.folder).read_text())
    assert (kept.of("throughput").ghost, kept.of("latency").split, notes) == ("day", "model_version", ())
    press(console, "compare_day", "throughput")
    qtbot.waitUntil(lambda: view_of(console, "throughput").ghost is None, timeout=WAIT_MS)


def test_that_a_chart_is_hidden_brought_back_and_moved(console, qtbot):
    board = console.window.board
    first, second, third = board.shown_metrics()[:3]
    press(console, "hide_chart", second)
    qtbot.waitUntil(lambda: second not in board.shown_metrics(), timeout=WAIT_MS)
    console.window.message_bar.action_asked.emit(f"show {second}")
    qtbot.waitUntil(lambda: board.shown_metrics()[:3] == (first, second, third), timeout=WAIT_MS)
    press(console, "move_chart_right", first)
    qtbot.waitUntil(lambda: board.shown_metrics()[:3] == (second, first, third), timeout=WAIT_MS)
    press(console, "widen_chart", second)
    assert board.chart(second).width() > 1.9 * board.chart(third).width()
    qtbot.waitUntil(lambda: console.conductor.views_idle, timeout=WAIT_MS)


def test_that_every_chart_has_a_table_of_its_values(console, qtbot):
    press(console, "chart_values", "latency")
    assert console.window.drawer_open
    table = console.window.findChild(QTableView, "values_table")
    model, view = table.model(), view_of(console, "latency")
    assert [model.headerData(at, Qt.Orientation.Horizontal) for at in range(model.columnCount())] == [
        "Time (UTC)", "p50", "p95", "p99", "n p50", "n p95", "n p99"]
    assert model.rowCount() == len(view.times)
    assert table.accessibleName() == "Values of Latency"
    press(console, "chart_values", "latency")
    assert not console.window.drawer_open


def test_that_a_chart_is_written_as_picture_drawing_and_values(console, tmp_path):
    for ending in ("png", "svg", "csv"):
        console.helm.questions.answer = tmp_path / f"chart.{ending}"
        press(console, "export_chart", "latency")
    chart = console.window.board.chart("latency")
    assert QImage(str(tmp_path / "chart.png")).width() == 2 * chart.width()
    words = " ".join(ElementTree.parse(tmp_path / "chart.svg").getroot().itertext())
    assert "Latency" in words and "p99" in words
    with (tmp_path / "chart.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(chart.view.times)
    assert [float(row["p95 (ms)"]) for row in rows if row["p95 (ms)"]] == [
        value for value in chart.view.series[1].values if value == value]
    console.helm.arranging.copy("latency")
    assert QGuiApplication.clipboard().text().count("\n") == len(rows) + 1


def test_that_the_menu_of_a_chart_offers_what_the_log_has(console, qtbot):
    board = console.window.board
    board.menu_asked.emit("latency", board.mapToGlobal(QPoint(300, 60)))
    menu = console.window.findChild(QMenu, "chart_menu")
    assert menu.isVisible()
    split = next(action.menu() for action in menu.actions() if action.text() == "Split by")
    assert [action.text() for action in split.actions()] == ["Nothing", "model version", "host", "",
                                                         "session_depth", "device", "country", "category"]
    hide = next(action for action in menu.actions() if action.text().startswith("Hide"))
    menu.close()
    hide.trigger()
    qtbot.waitUntil(lambda: "latency" not in board.shown_metrics(), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: console.conductor.views_idle, timeout=WAIT_MS)


def test_that_a_layout_goes_to_another_board_as_a_file(console, qtbot, tmp_path):
    console.helm.questions.answer = tmp_path / "mine.toml"
    press(console, "widen_chart", "latency")
    console.window.actions_by_name["export_layout"].trigger()
    (tmp_path / "mine.toml").write_text((tmp_path / "mine.toml").read_text() + '[[chart]]\nmetric = "x"\nmood = 1\n')
    press(console, "widen_chart", "latency")
    console.window.actions_by_name["import_layout"].trigger()
    assert console.conductor.session.layout.of("latency").wide
    assert "mood" in console.window.message_bar.text
    qtbot.waitUntil(lambda: console.conductor.views_idle, timeout=WAIT_MS)
