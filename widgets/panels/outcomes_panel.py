"""The page Outcomes of the place Drift: answers held against what came true."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QSplitter, QWidget

from console.drift.outcomes_view import Figure, Moved, OutcomesView
from console.drift.view import Verdict
from console.metrics.format import format_count, format_span, format_value
from widgets.icons import Icons
from widgets.models.rows import Column, RowsModel
from widgets.panels.drift_table import ICONS, TONES
from widgets.panels.outcome_chart import OutcomeChart
from widgets.panels.parts import Choice, column, holding, label, row, set_tone, set_widths, table
from widgets.panels.question_page import QuestionPage

NOT_YET = "no labels yet"
SAID = {Verdict.NONE: "no change shown", Verdict.WATCH: "watch", Verdict.ALARM: "moved", Verdict.TOO_FEW: "too few"}
FIGURE_ROWS = 6


class OutcomesPanel(QuestionPage):
    """Displays an OutcomesView. What moved is decided in console.drift."""

    def __init__(self, icons: Icons) -> None:
        super().__init__(icons, "outcomes_page", "Outcomes",
                         "Holds answers against labels, clicks or churn: errors over time, how many outcomes have "
                         "come, and whether inputs, outcomes, or the relation between them moved.", "Look at outcomes")

    def _answer_page(self) -> QWidget:
        head = self._answer_head()
        self._moved = [_MovedBlock(self._icons, number) for number in range(3)]
        three = row(*self._moved, gap=24)
        for number in range(3):
            three.setStretch(number, 1)
        self._chart = OutcomeChart(self._icons)
        self._measure = Choice(self._icons, "outcome_measure", "What the chart shows", [])
        self._measure.activated.connect(self._on_measure)
        self._about = label(name="outcome_about", tone="muted")
        left = column(row(self._measure, self._about, None), self._chart, gap=4)
        left.setStretch(1, 1)
        self._figures = RowsModel((
            Column("Figure", 120, lambda one: one.name),
            Column("Reference", 76, lambda one: format_value(one.reference, one.unit), right=True),
            Column("Current", 76, _current, right=True),
            Column("Expected", 84, _expected, right=True, tip=_expected_tip),
        ))
        self._figure_table = table(self._figures, "outcome_figures", "Figures of both windows, and what is expected "
                                                                     "without labels")
        set_widths(self._figure_table, self._figures.widths(), wide=0)
        self._figure_table.setFixedHeight(32 + FIGURE_ROWS * 28)
        self._signals = label(name="outcome_signals", wrap=True)
        self._notes = label(name="outcome_notes", tone="muted", wrap=True)
        for text in (self._signals, self._notes):
            text.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
            text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        words = QScrollArea()
        words.setFrameShape(QFrame.Shape.NoFrame)
        words.setWidgetResizable(True)
        words.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        words.setWidget(holding(column(self._signals, self._notes, None, margins=(0, 0, 8, 0), gap=8)))
        right = column(self._figure_table, words, margins=(16, 0, 0, 0), gap=8)
        right.setStretch(1, 1)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setObjectName("outcome_split")
        split.addWidget(holding(left))
        split.addWidget(holding(right))
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 2)
        split.setSizes([620, 380])
        split.setChildrenCollapsible(False)
        page = column(head, three, split, gap=16)
        page.setStretch(2, 1)
        return holding(page)

    def _show(self, view: OutcomesView) -> None:
        judged = f"{format_count(view.judged_current)} of {format_count(view.told_current)} outcomes of the current " \
                 f"window are old enough" if view.judged_current != view.told_current else \
            f"{format_count(view.told_current)} outcomes of the current window"
        waits = f"; an outcome usually comes within {format_span(view.usual_wait_s)}" if view.usual_wait_s else ""
        self._say(view.verdict, view.sentence, f"{view.answer_name} against {view.outcome_name}: "
                  f"{format_count(view.told_reference)} outcomes of the reference, {judged}{waits}; "
                  f"{view.seconds:.1f} s")
        for block, moved in zip(self._moved, view.moved, strict=True):
            block.display(moved)
        before = self._measure.currentText()
        self._measure.clear()
        self._measure.addItems([measure.name[:1].upper() + measure.name[1:] for measure in view.buckets.measures])
        self._measure.setVisible(len(view.buckets.measures) > 0)
        self._measure.setCurrentIndex(max(0, self._measure.findText(before)) if before else 0)
        self._on_measure(self._measure.currentIndex())
        self._figures.show(view.figures)
        self._figure_table.setFixedHeight(32 + min(FIGURE_ROWS, len(view.figures)) * 28)
        self._signals.setText("\n\n".join(signal.sentence for signal in view.signals)
                              or "Neither CUSUM nor ADWIN noticed a change in the stream of errors.")
        self._notes.setText("\n\n".join(view.notes))

    def _on_measure(self, number: int) -> None:
        view: OutcomesView | None = self._view
        if view is None or not 0 <= number < len(view.buckets.measures):
            return
        measure = view.buckets.measures[number]
        self._chart.display(view, measure)
        self._about.setText(f"by the time of the request, {format_span(view.buckets.bucket_s)} a bucket; "
                            f"{format_value(measure.usual, measure.unit)} in the reference")


class _MovedBlock(QWidget):
    """One of P(X), P(Y), P(Y|X): the verdict in a word and in a sentence."""

    def __init__(self, icons: Icons, number: int) -> None:
        super().__init__()
        self.setObjectName(f"moved_{number}")
        self._icons = icons
        self._icon = label()
        self._what = label(name=f"moved_{number}_what")
        self._word: QLabel = label(name=f"moved_{number}_word")
        self._sentence = label(name=f"moved_{number}_sentence", tone="muted", wrap=True)
        self._sentence.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.setLayout(column(row(self._icon, self._what, self._word, None, gap=8), self._sentence, None, gap=4))

    def display(self, moved: Moved) -> None:
        """That one."""
        verdict = moved.verdict
        self._icons.dress(self._icon, ICONS[verdict] if verdict is not None else "clock-outline",
                          TONES[verdict] if verdict is not None else "muted", 16)
        self._what.setText(f"{moved.what}  {moved.name}")
        self._word.setText(SAID[verdict] if verdict is not None else NOT_YET)
        set_tone(self._word, TONES[verdict] if verdict is not None else "muted")
        self._sentence.setText(moved.sentence)
        self.setAccessibleName(f"{moved.what}, {moved.name}: {self._word.text()}. {moved.sentence}")


def _current(one: Figure) -> str:
    return format_value(one.current, one.unit) if math.isfinite(one.current) else "-"


def _expected(one: Figure) -> str:
    return format_value(one.expected, one.unit) if math.isfinite(one.expected) else "-"


def _expected_tip(one: Figure) -> str:
    if not math.isfinite(one.expected):
        return "Nothing is expected without labels"
    return f"Expected without labels: {format_value(one.low, one.unit)} to {format_value(one.high, one.unit)}, if " \
           "outcomes follow from the score as in the reference"


