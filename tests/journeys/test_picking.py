"""Only this, not this: from a list, a curve, a cell; the board, its charts and rows are about these rows then."""

from __future__ import annotations

import csv
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QDialog, QLineEdit, QMenu, QTableView, QToolButton

from tests.console.folders import MakeFolder
from tests.journeys.conftest import WAIT_MS
from widgets.app import Console


@pytest.fixture
def folder(log_folder: MakeFolder) -> Path:
    return log_folder("bad-canary", "csv", rows=3000, days=2, seed=5)


@pytest.fixture
def console(open_console, folder: Path) -> Console:
    return open_console(folder)


def requests(folder: Path) -> list[dict[str, str]]:
    rows = []
    for path in sorted((folder / "predictions").glob("*.csv")):
        with path.open(newline="") as file:
            rows += csv.DictReader(file)
    return rows


def drawn(console: Console, metric: str = "throughput") -> int:
    """Requests that the chart counts; -1 while it is being read."""
    view = console.window.board.chart(metric).view
    return round(sum(one.n.sum() for one in view.series)) if view.series and not view.note else -1


def choose(menu: QMenu, text: str) -> None:
    found = next(one for one in menu.actions() if one.text() == text)
    found.trigger()
    menu.close()


def test_that_a_value_is_picked_from_the_list_by_keys_alone(console, folder, qtbot, tmp_path):
    rows = requests(folder)
    hosts = sorted({one["host"] for one in rows})
    console.window.actions_by_name["pick_rows"].trigger()
    dialog = console.window.findChild(QDialog, "pick_dialog")
    words, table = dialog.findChild(QLineEdit, "pick_words"), dialog.findChild(QTableView, "pick_values")
    qtbot.waitUntil(lambda: table.model().rowCount() > 1, timeout=WAIT_MS)
    qtbot.keyClicks(words, hosts[1])
    assert table.model().rowCount() == 1
    qtbot.keyClick(words, Qt.Key.Key_Return)
    there = sum(one["host"] == hosts[1] for one in rows)
    qtbot.waitUntil(lambda: drawn(console) == there, timeout=WAIT_MS)
    assert console.window.picks.words == (f"Only host {hosts[1]}",)
    assert console.window.picks.isVisible()
    console.helm.questions.answer = tmp_path / "chart.svg"
    console.window.actions_by_name["export_chart"].trigger()
    assert f"Only host {hosts[1]}" in " ".join(ElementTree.parse(tmp_path / "chart.svg").getroot().itertext())
    chip = console.window.findChild(QToolButton, "pick_0")
    qtbot.mouseClick(chip, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: drawn(console) == len(rows), timeout=WAIT_MS)
    assert not console.window.picks.isVisible()
    qtbot.waitUntil(lambda: console.conductor.views_idle, timeout=WAIT_MS)


def test_that_the_name_of_a_curve_offers_it_and_all_but_it(console, folder, qtbot):
    rows = requests(folder)
    console.window.board.chart("throughput").chosen.emit("throughput")
    console.window.actions_by_name["split_chart"].trigger()
    chart = console.window.board.chart("throughput")
    qtbot.waitUntil(lambda: [one.name for one in chart.view.series] == ["ctr-v1", "ctr-v2"], timeout=WAIT_MS)
    legend = chart.header_rect
    place = next(QPoint(x, round(legend.bottom()) - 4) for x in range(round(legend.left()), round(legend.right()))
                 if chart.curve_at(QPoint(x, round(legend.bottom()) - 4).toPointF()) == "ctr-v2")
    qtbot.mouseClick(chart.viewport(), Qt.MouseButton.LeftButton, pos=place)
    choose(console.window.findChild(QMenu, "curve_menu"), "Not ctr-v2")
    there = sum(one["model_version"] != "ctr-v2" for one in rows)
    qtbot.waitUntil(lambda: drawn(console) == there, timeout=WAIT_MS)
    console.window.actions_by_name["clear_picks"].trigger()
    qtbot.waitUntil(lambda: drawn(console) == len(rows), timeout=WAIT_MS)
    assert not console.window.actions_by_name["clear_picks"].isEnabled()
    qtbot.waitUntil(lambda: console.conductor.views_idle, timeout=WAIT_MS)


def test_that_a_cell_is_picked_for_charts_and_rows_alike(console, folder, qtbot):
    rows = requests(folder)
    console.window.actions_by_name["show_rows"].trigger()
    panel = console.window.rows
    table = panel.findChild(QTableView, "rows_table")
    qtbot.waitUntil(lambda: table.model().rowCount() > 0, timeout=WAIT_MS)
    model = table.model()
    section = next(at for at in range(model.columnCount())
                   if model.headerData(at, Qt.Orientation.Horizontal) == "device")
    index = model.index(0, section)
    device = model.value(index)
    table.setCurrentIndex(index)
    table.customContextMenuRequested.emit(table.visualRect(index).center())
    choose(panel.findChild(QMenu, "rows_menu"), f"Board: only device {device}")
    there = sum(one["device"] == device for one in rows)
    qtbot.waitUntil(lambda: drawn(console, "latency") == 3 * there, timeout=WAIT_MS)
    assert [one.value for one in panel.query.filters] == [device]
    console.helm.picking.clear()
    assert panel.query.filters == ()
    qtbot.waitUntil(lambda: drawn(console) == len(rows) and console.conductor.views_idle, timeout=WAIT_MS)
