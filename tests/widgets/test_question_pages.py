"""Pages of the place Drift that ask one question: outcomes, all columns at once, training against serving."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QPushButton, QTableView, QToolButton, QWidget

from console.drift import ColumnSample, compare
from console.drift.answers import Answers
from console.drift.outcomes import Told, judge_outcomes
from console.drift.skew import mismatches
from console.drift.together import together
from console.drift.training import Rows, TrainingColumn, training_skew
from console.errors import BadSettings
from console.roles import ColumnType, Role
from console.session.drift_documents import as_csv, document
from console.session.view import SelectionView
from console.window import Window
from tests.widgets.fake_session import CURRENT, REFERENCE, WHOLE
from widgets.icons import Icons
from widgets.panels.drift_panel import DriftPanel
from widgets.panels.outcomes_panel import OutcomesPanel
from widgets.panels.together_panel import TogetherPanel
from widgets.panels.training_panel import TrainingPanel

NOTHING = SelectionView(WHOLE, WHOLE, False, True, False, "all", None, None, "", 0)
CHOSEN = SelectionView(WHOLE, WHOLE, False, True, False, "all", REFERENCE, CURRENT, "", 0)


def text(page, name):
    return page.findChild(QLabel, name).text()


@pytest.fixture(scope="module")
def outcomes_view():
    """The relation turns around after 400 of 700 requests, and the last 60 outcomes have not come."""
    generator = np.random.default_rng(1)
    score = generator.random(700)
    truth = (generator.random(700) < np.where(np.arange(700) < 400, score, 1 - score)).astype(float)
    at = 1_772_000_000.0 + 60.0 * np.arange(700)
    told = np.where(np.arange(700) < 640, at + 3600, np.nan)
    words = np.full(700, None, dtype=object)
    rows = Answers(at, told, score, np.full(700, np.nan), words, np.where(np.isnan(told), np.nan, truth), words)
    windows = Window.from_epoch(at[0], at[400]), Window.from_epoch(at[400], at[-1] + 60)
    inputs = compare([ColumnSample("age", score[:400])], [ColumnSample("age", score[400:])])
    return judge_outcomes(rows.some(slice(0, 400)), rows.some(slice(400, 700)), rows, windows[1],
                          Told("score", "repaid", at[-1] + 60, 1800.0), inputs, reference_window=windows[0],
                          command="pilothouse drift LOG --outcomes")


@pytest.fixture(scope="module")
def together_view():
    generator = np.random.default_rng(2)
    before, after = generator.normal(size=(2, 300)), generator.normal(size=(2, 300)) + np.array([[1.0], [0.0]])
    return together({"age": before[0], "price": before[1]}, {"age": after[0], "price": after[1]})


@pytest.fixture(scope="module")
def training_view():
    generator = np.random.default_rng(3)
    columns = [TrainingColumn("days", ColumnType.NUMBER, Role.FEATURE),
               TrainingColumn("kind", ColumnType.TEXT, Role.FEATURE)]
    days = generator.gamma(6, 10, 400)
    kind = np.array(["a", "b"] * 200, dtype=object)
    same = mismatches(np.arange(50), {"days": days[:50]}, np.arange(50), {"days": days[:50] * 24})
    return training_skew(Rows([*columns, TrainingColumn("gone", ColumnType.NUMBER, Role.FEATURE)],
                              {"days": days, "kind": kind, "gone": days}),
                         Rows(columns, {"days": generator.gamma(6, 10, 400) * 24, "kind": kind}), same)


@pytest.fixture
def icons(theme_holder):
    return Icons(theme_holder)


def test_that_a_question_is_asked_when_somebody_looks_and_both_windows_are_chosen(icons, qtbot, outcomes_view):
    page = OutcomesPanel(icons)
    qtbot.addWidget(page)
    asked = []
    page.asked.connect(lambda: asked.append(1))
    page.display_selection(NOTHING)
    page.show()
    ask = page.findChild(QPushButton, "outcomes_page_ask")
    assert asked == [] and not ask.isEnabled() and "Choose both windows first" in text(page, "outcomes_page_how")
    page.hide()
    page.display_selection(CHOSEN)
    page.show()
    assert asked == [1]
    page.hide()
    page.show()
    assert asked == [1]                                  # once for each choice; after a cancel by the button
    page.display_progress(1, 4, "Following the errors")
    assert page.state == "running"
    qtbot.mouseClick(page.findChild(QPushButton, "outcomes_page_cancel"), Qt.MouseButton.LeftButton)
    page.display_stopped()
    assert page.state == "empty" and ask.isEnabled()
    page.display(outcomes_view)
    assert page.state == "result"
    page.display_selection(CHOSEN)                       # told again: the answer stays
    assert page.state == "result"
    page.display_selection(NOTHING)
    assert page.state == "empty" and page.view is None
    page.display_error(BadSettings("This log has no outcomes", do="Open another"))
    assert page.state == "error" and text(page, "outcomes_page_error_do") == "Open another"


def test_that_the_three_verdicts_figures_and_what_is_too_young_are_displayed(icons, qtbot, outcomes_view):
    page = OutcomesPanel(icons)
    qtbot.addWidget(page)
    page.resize(1100, 560)
    page.display_selection(CHOSEN)
    page.show()
    page.display(outcomes_view)
    assert text(page, "outcomes_page_sentence").startswith("At the same score outcomes are no longer what they were")
    words = [text(page, f"moved_{number}_word") for number in range(3)]
    assert words == ["no change shown", "no change shown", "moved"]
    assert "P(Y|X)" in text(page, "moved_2_what")
    assert "CUSUM" in text(page, "outcome_signals") and "P(Y|X) has not moved" in text(page, "outcome_notes")
    figures = page.findChild(QTableView, "outcome_figures").model()
    assert [figures.data(figures.index(row, 0)) for row in range(figures.rowCount())] == [
        "Share of repaid", "Accuracy", "Precision", "Recall", "AUC"]
    chart = page.findChild(object, "outcome_chart")
    assert "2 buckets are too young" in chart.accessibleName() or "3 buckets are too young" in chart.accessibleName()
    assert "too young to be judged" in chart.tip_at(chart.width() - 12)
    assert chart.tip_at(2) == ""
    assert not chart.grab().isNull()
    measure = page.findChild(QComboBox, "outcome_measure")
    assert [measure.itemText(at) for at in range(measure.count())] == ["Error rate", "AUC", "Rate of repaid"]
    measure.setCurrentIndex(1)
    measure.activated.emit(1)
    assert chart.accessibleName().startswith("AUC over time")


def test_that_what_gives_two_windows_away_stands_first(icons, qtbot, together_view):
    page = TogetherPanel(icons)
    qtbot.addWidget(page)
    page.display(together_view)
    page.show()
    assert "tells the rows of the two windows apart" in text(page, "together_page_sentence")
    columns = page.findChild(QTableView, "together_columns").model()
    assert columns.data(columns.index(0, 0)) == "age" and float(columns.data(columns.index(0, 1))) > 0.1
    assert text(page, "together_pairs_sentence") == "None of 1 pair of numeric columns changed its correlation."
    assert not page.grab().isNull()


def test_that_a_skewed_column_is_shown_with_its_cause_and_examples(icons, qtbot, training_view):
    page = TrainingPanel(icons)
    qtbot.addWidget(page)
    page.display_streams(("reference",))
    page.display_selection(NOTHING)
    asked = []
    page.asked.connect(lambda: asked.append(page.source))
    page.show()
    assert asked == ["stream:reference"]                 # no window is needed
    page.display(training_view)
    table = page.findChild(QTableView, "training_table")
    rows = [[table.model().data(table.model().index(row, at)) for at in (1, 2, 3, 5)] for row in range(3)]
    assert rows == [["gone", "number → none", "-", "not served"], ["days", "number", "100 %", "another unit"],
                    ["kind", "text", "-", "-"]]
    table.selectRow(1)
    assert "usually × 24" in \
        text(page, "training_column_sentence")
    assert "in training" in text(page, "training_examples")
    source = page.findChild(QComboBox, "training_source")
    files = []
    page.file_asked.connect(lambda: files.append(1))
    source.setCurrentText("a file…")
    source.activated.emit(source.currentIndex())
    assert files == [1]
    page.display_file("/data/train.csv")
    assert page.source == "file:/data/train.csv" and asked[-1] == page.source and page.state == "empty"


def test_that_answers_are_copied_as_tables_and_written_whole(icons, qtbot, outcomes_view, together_view, training_view):
    page = TogetherPanel(icons)
    qtbot.addWidget(page)
    page.display(together_view)
    page.show()
    copied, kept = [], []
    page.copy_asked.connect(lambda: copied.append(1))
    page.incident_asked.connect(lambda: kept.append(1))
    qtbot.mouseClick(page.findChild(QToolButton, "together_page_copy"), Qt.MouseButton.LeftButton)
    qtbot.mouseClick(page.findChild(QToolButton, "together_page_incident"), Qt.MouseButton.LeftButton)
    assert (copied, kept) == ([1], [1])
    table = page.findChild(QTableView, "together_columns")
    table.setFocus()
    table.selectRow(0)
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text().startswith("age\t0.")
    buckets = as_csv(outcomes_view).splitlines()
    assert buckets[0].startswith("start,requests,outcomes,expected_share,state,error_rate.value")
    assert len(buckets) == 1 + len(outcomes_view.buckets.n)
    assert as_csv(together_view).splitlines()[1].startswith("age,,0.")
    assert as_csv(training_view).splitlines()[1].startswith("gone,number,")
    auc = document(together_view)["classifier"]["auc"]
    assert auc == together_view.auc and not math.isnan(auc)


def test_that_columns_are_found_sorted_and_drawn_in_three_ways(icons, qtbot):
    generator = np.random.default_rng(4)
    before, after = ({"price": generator.gamma(6, 10, 500), "age": generator.normal(40, 9, 500),
                      "part": generator.random(500)} for _ in range(2))
    after["price"] = after["price"] + 40
    after["age"] = after["age"] + 5
    view = compare(*([ColumnSample(name, values) for name, values in side.items()] for side in (before, after)))
    panel = DriftPanel(icons)
    qtbot.addWidget(panel)
    panel.show()
    panel.display(view)
    table = panel.findChild(QTableView, "drift_table")

    def shown():
        return [table.model().data(table.model().index(row, 1)) for row in range(table.model().rowCount())]

    assert shown() == ["price", "age", "part"]
    table.horizontalHeader().sectionClicked.emit(1)
    assert shown() == ["age", "part", "price"]
    table.horizontalHeader().sectionClicked.emit(1)
    assert shown() == ["price", "part", "age"]
    table.horizontalHeader().sectionClicked.emit(1)
    assert shown() == ["price", "age", "part"]
    find = panel.findChild(QLineEdit, "drift_filter")
    qtbot.keyClicks(find, "P")
    assert shown() == ["price", "part"] and text(panel, "drift_found") == "2 of 3"
    find.clear()
    pairs = np.array(view.shape("price").pairs)
    assert pairs.shape == (99, 2)
    assert pairs[[9, 49, 89], 0] == pytest.approx(np.quantile(before["price"], [0.1, 0.5, 0.9]))
    assert pairs[[9, 49, 89], 1] == pytest.approx(np.quantile(after["price"], [0.1, 0.5, 0.9]))
    pictures = []
    choice = panel.findChild(QComboBox, "shape_kind")
    for number in range(choice.count()):
        choice.setCurrentIndex(number)
        choice.activated.emit(number)
        pictures.append(panel.findChild(QWidget, "shape_view").grab().toImage())
    assert len(pictures) == 3 and pictures[0] != pictures[1] != pictures[2]
