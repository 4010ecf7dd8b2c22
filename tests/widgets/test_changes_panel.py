"""What changed, as it is shown: lines in their order, weak ones folded away, each one asking for its chart."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QTableView, QToolButton

from console.changes.view import ChangeKind, ChangeRow, ChangesView, Trace
from console.window import Window
from widgets.icons import Icons
from widgets.panels.changes_panel import EMPTY, LINE_PX, ChangesPanel
from widgets.panels.spark import placed, runs

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def change(name: str, kind: ChangeKind = ChangeKind.METRIC, *, before: float = 20.0, after: float = 50.0,
           weak: bool = False, onset: datetime = NOON, ended: datetime | None = None, unit: str = "ms") -> ChangeRow:
    return ChangeRow(kind, name, "", name, unit, "software", "inference", onset, onset - HOUR / 2, onset + HOUR / 4,
                     ended, before, after, 0.9, "logarithm of the ratio", 0.5 if weak else 3.0, 1e-9, weak,
                     "small" if weak else "", f"{name} moved <b>here</b>.", "latency", "")


def answer(*rows: ChangeRow, notes: tuple[str, ...] = ()) -> ChangesView:
    return ChangesView(NOON, Window(NOON - HOUR, NOON + 6 * HOUR), Window(NOON - 12 * HOUR, NOON - HOUR), "the night",
                       60, rows, notes, f"{len(rows)} things moved.", "pilothouse changes /logs --since x", 0.1)


@pytest.fixture
def panel(qtbot, theme_holder):
    made = ChangesPanel(Icons(theme_holder, theme_holder))
    qtbot.addWidget(made)
    made.resize(1200, 264)
    made.show()
    return made


def lines(panel) -> list[tuple[str, ...]]:
    model = panel.findChild(QTableView, "changes_table").model()
    return [tuple(model.index(row, column).data() for column in (0, 1, 3, 4)) for row in range(model.rowCount())]


def test_that_the_empty_page_says_how_to_ask_in_one_sentence(panel):
    shown = panel.findChild(QLabel, "changes_empty")
    assert shown.isVisible() and shown.text() == EMPTY and EMPTY.count(". ") == 0
    assert not panel.findChild(QPushButton, "changes_show").isEnabled()


def test_that_the_course_of_a_change_is_drawn_with_the_part_in_which_it_was_so_in_the_accent(panel, theme_holder):
    traced = replace(change("Latency p95"), trace=Trace((10.0,) * 20 + (50.0,) * 20, 20, 40))
    panel.display(answer(traced, change("age")))
    table = panel.findChild(QTableView, "changes_table")
    picture = table.viewport().grab().toImage()
    accent = theme_holder.theme.color("accent")

    def coloured(row: int) -> int:
        cell = table.visualRect(table.model().index(row, 2)).adjusted(4, 4, -4, -4)
        seen = [picture.pixelColor(x, y) for x in range(cell.left(), cell.right())
                for y in range(cell.top(), cell.bottom())]
        return sum(abs(one.hue() - accent.hue()) < 20 and one.saturation() > 90 for one in seen)

    assert coloured(0) > 40 and coloured(1) == 0
    gap = placed(Trace((1.0, math.nan, 3.0, 2.0), 2, 4), QRectF(0, 0, 30, 10))
    assert [None if one is None else (one.x(), one.y()) for one in gap] == [(0, 10 - 10 / 3), None, (20, 0),
                                                                           (30, 10 - 20 / 3)]
    assert [len(part) for part in runs(gap)] == [1, 2]


def test_that_a_line_is_as_high_as_its_sentence_and_no_higher(panel, qtbot):
    long = replace(change("Latency p95"), sentence="Latency moved from here to there, and back again. " * 5)
    panel.display(answer(long, change("age")))
    table = panel.findChild(QTableView, "changes_table")
    line = table.fontMetrics().height()
    assert (table.rowHeight(0) > 3 * line, table.rowHeight(1)) == (True, LINE_PX)
    before = table.rowHeight(0)
    assert before < 8 * line
    panel.resize(2400, 264)
    qtbot.waitUntil(lambda: table.rowHeight(0) < before)


def test_that_a_change_of_a_part_offers_that_part_and_all_but_it(panel, qtbot):
    asked: list[tuple[ChangeRow, bool]] = []
    panel.pick_asked.connect(lambda row, out: asked.append((row, out)))
    part = replace(change("Error rate"), only_in=("model_version=v2", "host=a"))
    panel.display(answer(part, change("age")))
    only, without = (panel.findChild(QPushButton, name) for name in ("changes_only", "changes_not"))
    assert only.isVisible() and "model_version v2" in only.toolTip() and part.part == "model_version=v2"
    only.click()
    without.click()
    assert asked == [(part, False), (part, True)]
    panel.findChild(QTableView, "changes_table").selectRow(1)
    assert not only.isVisible()


def test_that_each_line_says_kind_beginning_values_and_sentence(panel):
    panel.display(answer(change("Latency p95"), change("age", ChangeKind.COLUMN, before=0.01, after=0.3, unit="share"),
                         change("gone", ChangeKind.SCHEMA, before=float("nan"), after=float("nan"))))
    assert lines(panel)[:3] == [
        ("Metric", "2 Mar 2026 12:00 UTC\n± 30 min", "20 ms → 50 ms\n×2.50", "Latency p95 moved <b>here</b>."),
        ("Column", "2 Mar 2026 12:00 UTC\n± 30 min", "1 % → 30 %", "age moved <b>here</b>."),
        ("Schema", "2 Mar 2026 12:00 UTC\n± 30 min", "", "gone moved <b>here</b>.")]
    assert panel.findChild(QLabel, "changes_sentence").text() == "3 things moved."
    assert lines(panel)[3][0] == "Compared with the night."


def test_that_what_had_begun_before_the_search_is_not_given_a_beginning(panel):
    panel.display(answer(change("Latency p95", onset=NOON - HOUR)))
    assert lines(panel)[0][1] == "2 Mar 2026 11:00 UTC\nor before"


def test_that_weak_ones_are_folded_away_and_open_by_keys(panel, qtbot):
    panel.display(answer(change("strong"), change("weak one", weak=True), change("weak two", weak=True)))
    table = panel.findChild(QTableView, "changes_table")
    assert [line[0][:12] for line in lines(panel)] == ["Metric", "2 weak signs", "Compared wit"]
    table.selectRow(1)
    table.setFocus()
    qtbot.keyClick(table, Qt.Key.Key_Return)
    assert [line[3].split(" moved")[0] for line in lines(panel)] == ["strong", "", "weak one", "weak two", ""]
    assert table.currentIndex().row() == 1      # the fold stays chosen, so that it can be closed again
    qtbot.keyClick(table, Qt.Key.Key_Return)
    assert len(lines(panel)) == 3


def test_that_weak_ones_are_open_where_there_is_nothing_else(panel):
    panel.display(answer(change("weak one", weak=True)))
    assert [line[3] for line in lines(panel)] == ["", "weak one moved <b>here</b>. Too small to matter.", ""]


def test_that_a_click_return_and_the_buttons_ask_about_the_chosen_line(panel, qtbot):
    rows = change("first"), change("second")
    panel.display(answer(*rows, notes=("Only every third row was read.",)))
    table = panel.findChild(QTableView, "changes_table")
    asked = []
    panel.show_asked.connect(lambda row: asked.append(("show", row.name)))
    panel.drift_asked.connect(lambda row: asked.append(("drift", row.name)))
    panel.incident_asked.connect(lambda row: asked.append(("incident", row.name)))
    qtbot.keyClick(table, Qt.Key.Key_Return)
    middle = table.visualRect(table.model().index(1, 3)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=middle)
    for name in ("changes_show", "changes_drift", "changes_incident"):
        panel.findChild(QPushButton, name).click()
    assert asked == [("show", "first"), ("show", "second"), ("show", "second"), ("drift", "second"),
                     ("incident", "second")]
    table.selectRow(2)
    assert lines(panel)[2][0] == "Only every third row was read."
    assert not panel.findChild(QPushButton, "changes_show").isEnabled()


def test_that_a_typed_time_is_asked_and_another_wish_clears_the_answer(panel, qtbot):
    typed = []
    panel.typed.connect(typed.append)
    field = panel.findChild(QLineEdit, "changes_since")
    field.setText("2 Mar 2026 12:00")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert typed == ["2 Mar 2026 12:00"]
    panel.display(answer(change("first")))
    panel.begin("3 Mar 2026 12:00 UTC")
    panel.display_progress(1, 3, "Looking for what moved")
    assert field.text() == "3 Mar 2026 12:00 UTC"
    assert lines(panel) == [] and panel.view is None
    assert panel.findChild(QPushButton, "changes_cancel").isVisible()
    assert not panel.findChild(QToolButton, "changes_copy").isEnabled()
    panel.display_idle()                        # it was stopped
    assert panel.findChild(QLabel, "changes_empty").text() == EMPTY
    panel.display_error("2031 is not in this log.")
    assert panel.findChild(QLabel, "changes_empty").text() == "2031 is not in this log."
