"""From the keyboard alone: maps, scans, columns and own metrics are put on the board, and stay there."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit, QMenu, QPlainTextEdit, QPushButton

from console.session.asked import UNTRUSTED
from console.session.board_layout import parse
from console.session.places import layout_for
from console.store.own import OwnMetric
from tests.console.folders import MakeFolder, own_copy
from tests.journeys.conftest import WAIT_MS
from widgets.app import Console
from widgets.charts.heat_chart import HeatChart
from widgets.dialogs.add_chart import AddChartDialog
from widgets.dialogs.trust import TrustDialog

TOML = '[[metric]]\nname = "dear"\nexpression = "avg(CASE WHEN price > 50 THEN 1 ELSE 0 END)"\nunit = "share"\n'


@pytest.fixture
def folder(log_folder: MakeFolder) -> Path:
    return log_folder("healthy", "parquet", rows=3000, days=1, seed=3)


def opened(console: Console, qtbot) -> AddChartDialog:
    console.window.actions_by_name["add_chart"].trigger()
    dialog = console.window.findChild(AddChartDialog, "add_chart_dialog")
    qtbot.waitUntil(lambda: bool(dialog.listed), timeout=WAIT_MS)
    return dialog


def type_words(dialog: AddChartDialog, words: str) -> None:
    field = dialog.findChild(QLineEdit, "add_chart_words")
    field.clear()
    QTest.keyClicks(field, words)


def press(dialog: AddChartDialog, key: Qt.Key) -> None:
    QTest.keyClick(dialog.findChild(QLineEdit, "add_chart_words"), key)


def read(console: Console, metric: str):
    """The chart's view, once it was read."""
    chart = console.window.board.chart(metric)
    view = chart.view if chart is not None else None
    return view if view is not None and view.series and not view.note else None


def test_that_a_map_and_a_scan_are_added_by_their_words_and_taken_off(open_console, folder, qtbot, tmp_path):
    console = open_console(folder)
    board = console.window.board
    dialog = opened(console, qtbot)
    assert dialog.listed[0].metric == "latency_map"
    type_words(dialog, "range price")
    assert [one.metric for one in dialog.listed] == ["out_of_range:price"]
    press(dialog, Qt.Key.Key_Return)
    type_words(dialog, "latency map")
    press(dialog, Qt.Key.Key_Return)
    assert dialog.chosen.shown and dialog.isVisible()
    qtbot.waitUntil(lambda: read(console, "latency_map") is not None and read(console, "out_of_range:price")
                    is not None, timeout=WAIT_MS)
    assert board.shown_metrics()[:2] == ("latency_map", "out_of_range:price")
    view = read(console, "latency_map")
    assert view.heat.counts.sum() == console.conductor.session.status().rows - len(
        [1 for one in console.conductor.session.sources().streams if one.kind.value != "requests"
         for _ in range(one.rows)])
    kept, notes = parse(layout_for(console.conductor.session.folder).read_text())
    assert notes == () and not kept.of("latency_map").hidden
    press(dialog, Qt.Key.Key_Return)                       # the same once more takes it off
    qtbot.waitUntil(lambda: "latency_map" not in board.shown_metrics(), timeout=WAIT_MS)
    press(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    qtbot.waitUntil(lambda: console.conductor.views_idle, timeout=WAIT_MS)


def test_that_headings_are_passed_over_and_words_that_find_nothing_say_so(open_console, folder, qtbot):
    console = open_console(folder)
    dialog = opened(console, qtbot)
    seen = [dialog.chosen.metric]
    for _ in dialog.listed[1:]:
        press(dialog, Qt.Key.Key_Down)
        seen.append(dialog.chosen.metric)
    assert seen == [one.metric for one in dialog.listed]
    type_words(dialog, "no such thing")
    assert dialog.chosen is None and dialog.listed == ()
    press(dialog, Qt.Key.Key_Return)                       # does nothing, and breaks nothing
    dialog.close()


def test_that_a_map_is_a_chart_like_the_others(open_console, folder, qtbot, tmp_path):
    console = open_console(folder)
    board = console.window.board
    console.conductor.session.add_chart("latency_map")
    console.conductor.ask("board")
    qtbot.waitUntil(lambda: read(console, "latency_map") is not None, timeout=WAIT_MS)
    chart = board.chart("latency_map")
    assert isinstance(chart, HeatChart) and chart.accessibleName() == "Latency map"
    chart.setFocus()
    QTest.keyClick(chart, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(chart, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    assert " of " in chart.cell_words
    QTest.keyClick(chart, Qt.Key.Key_Return)
    assert board.cross_hair_locked
    before = console.conductor.session.selection().visible
    plot = chart.plot_rect
    middle = QPoint(round(plot.center().x()), round(plot.center().y()))
    console.helm.zoom(0.5, chart.time_at(middle.x()))
    qtbot.waitUntil(lambda: read(console, "latency_map") is not None
                    and read(console, "latency_map").times[-1] < before.end_s - 3600, timeout=WAIT_MS)
    console.helm.back()
    qtbot.waitUntil(lambda: console.conductor.views_idle, timeout=WAIT_MS)
    board.chart_chosen.emit("latency_map")
    inspector = console.window.inspector
    assert inspector.metric == "latency_map"
    assert "count(*)" in inspector.findChild(QPlainTextEdit, "inspector_sql").toPlainText()
    for ending in ("png", "svg", "csv"):
        console.helm.questions.answer = tmp_path / f"map.{ending}"
        console.helm.arranging.export("latency_map", ending)
    assert QImage(str(tmp_path / "map.png")).width() == 2 * chart.width()
    with (tmp_path / "map.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    written = np.array([[int(cell) for cell in row[2:]] for row in rows[1:]])
    assert (written == read(console, "latency_map").heat.counts).all()
    console.helm.arranging.values("latency_map")
    assert console.window.values.metric == "latency_map"


def has_both(console: Console) -> bool:
    return read(console, "unseen") is not None and [one.name for one in console.window.board.chart(
        "throughput").view.series] == ["desktop", "phone", "tablet"]


def test_that_a_split_by_a_column_and_what_was_added_are_there_the_next_time(open_console, folder, qtbot):
    console = open_console(folder)
    console.conductor.session.add_chart("unseen")
    console.window.board.menu_asked.emit("throughput", QPoint(40, 40))
    console.helm.arranging.do("split", "column:device")
    console.window.findChild(QMenu, "chart_menu").close()
    qtbot.waitUntil(lambda: has_both(console), timeout=WAIT_MS)
    console.window.close()
    again = open_console(folder)
    qtbot.waitUntil(lambda: has_both(again), timeout=WAIT_MS)
    assert again.window.board.chart("throughput").view.title == "Throughput by device"
    assert again.window.board.shown_metrics()[0] == "unseen"


def test_that_own_metrics_are_told_of_named_and_run_once_they_are_trusted(open_console, folder, qtbot, tmp_path):
    copy = own_copy(folder, tmp_path / "logs")
    (copy / "pilothouse.toml").write_text(TOML)
    console = open_console(copy)
    bar, questions = console.window.message_bar, console.helm.questions
    qtbot.waitUntil(lambda: "dear" in bar.text, timeout=WAIT_MS)
    assert bar.text == "A metric of this folder's own (dear) is not run until you trust the folder."
    dialog = opened(console, qtbot)
    type_words(dialog, "dear")
    assert dialog.findChild(QPushButton, "add_chart_do").text() == "Trust…"
    press(dialog, Qt.Key.Key_Return)
    assert questions.trust_asked == [["dear"]] and not console.conductor.session.trusted
    questions.trusts = True
    press(dialog, Qt.Key.Key_Return)
    assert console.conductor.session.trusted
    qtbot.waitUntil(lambda: dialog.chosen is not None and dialog.chosen.runs, timeout=WAIT_MS)
    press(dialog, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: read(console, "dear") is not None, timeout=WAIT_MS)
    assert 0 < float(np.nanmean(read(console, "dear").series[0].values)) < 1
    console.window.actions_by_name["trust_folder"].trigger()
    qtbot.waitUntil(lambda: console.window.board.chart("dear").view.note == UNTRUSTED, timeout=WAIT_MS)
    dialog.close()
    qtbot.waitUntil(lambda: console.conductor.views_idle, timeout=WAIT_MS)


def test_that_the_question_names_every_expression_and_means_no_by_default(qapp, qtbot):
    hostile = OwnMetric("x", "sum(price) /* <b>now</b> */")
    dialog = TrustDialog("/logs/shop", (hostile, OwnMetric("y", "avg(age)")), trusted=False)
    qtbot.addWidget(dialog)
    dialog.show()
    shown = dialog.findChild(QPlainTextEdit, "trust_expressions").toPlainText()
    assert shown == "x\n    sum(price) /* <b>now</b> */\n\ny\n    avg(age)"
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    assert dialog.result() == QDialog.DialogCode.Rejected
    assert QApplication.activeModalWidget() is None
