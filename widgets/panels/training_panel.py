"""The page Training/serving skew of the place Drift: training data against what was served, with the probable cause."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtWidgets import QSplitter, QWidget

from console.drift.training import SkewRow, TrainingView
from console.metrics.format import format_count, format_value
from widgets.icons import Icons
from widgets.models.rows import Column, RowsModel
from widgets.panels.drift_table import ICONS, TONES, WORDS, effect_text
from widgets.panels.parts import Choice, column, holding, label, row, set_widths, table
from widgets.panels.question_page import QuestionPage
from widgets.panels.shape_box import ShapeBox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from console.session.view import SelectionView

REFERENCE_WINDOW, FILE = "the reference window", "a file…"
EXAMPLES = 3


class TrainingPanel(QuestionPage):
    """Displays a TrainingView. The current window is what was served; without one it is the whole log."""

    file_asked = Signal()            # somebody wants to choose one

    def __init__(self, icons: Icons) -> None:
        super().__init__(icons, "training_page", "Training/serving skew",
                         "Compares training data with what was served in the current window, or in the whole log: "
                         "schema, the same requests by their id, distributions, and what was probably done to the "
                         "values.", "Compare with training data")
        self._source.activated.connect(self._on_source)
        self._sheet.insertLayout(0, row(label("Training data:", tone="muted"), self._source, None))

    @property
    def source(self) -> str:
        """Which training data: `stream:NAME`, `file:PATH`, or "" for the reference window."""
        text = self._source.currentText()
        if text == REFERENCE_WINDOW:
            return ""
        return f"file:{self._file}" if self._file and text == self._file_text else f"stream:{text}"

    @property
    def _file_text(self) -> str:
        return self._file.replace("\\", "/").rsplit("/", 1)[-1]

    @property
    def ready(self) -> bool:
        """Whether there is training data: a stream, a file, or a reference window."""
        chosen = self._selection
        return chosen is not None and chosen.visible is not None and (bool(self.source) or chosen.reference is not None)

    def display_streams(self, names: Sequence[str]) -> None:
        """Reference streams of the log, the first of them chosen; a file that was chosen stays."""
        wanted = [*names, *([self._file_text] if self._file else []), REFERENCE_WINDOW, FILE]
        if [self._source.itemText(at) for at in range(self._source.count())] != wanted:
            before = self._source.currentText()
            self._source.clear()
            self._source.addItems(wanted)
            self._source.setCurrentIndex(max(0, self._source.findText(before)) if before in wanted[:-2] else 0)
        if self._selection is not None:
            self.display_selection(self._selection)

    def display_file(self, path: str) -> None:
        """A file was chosen; "" for none."""
        if path:
            self._file = path
            names = [self._source.itemText(at) for at in range(self._source.count() - 2)]
            names = [name for name in names if name != self._file_text]
            self._source.clear()
            self._source.addItems([*names, self._file_text, REFERENCE_WINDOW, FILE])
            self._source.setCurrentIndex(len(names))
            self._put_away()
            self.asked.emit()
        else:
            self._source.setCurrentIndex(0)

    def display_selection(self, view: SelectionView) -> None:
        """Qt's of the page; what is missing here is training data."""
        super().display_selection(view)
        self._how.setText(self._what if self.ready else f"{self._what} This log has no reference stream: choose a "
                                                         "file above, or brush a reference window (R).")

    def forget(self) -> None:
        """Another folder."""
        super().forget()
        self._file = ""
        self._source.clear()
        self._source.addItems([REFERENCE_WINDOW, FILE])

    def _answer_page(self) -> QWidget:
        self._source = Choice(self._icons, "training_source", "Training data", [REFERENCE_WINDOW, FILE])
        self._file = ""
        head = self._answer_head()

        def icon(one: SkewRow) -> object:
            return self._icons.icon(ICONS[one.verdict], TONES[one.verdict])

        def tinted(one: SkewRow) -> object:
            return self._icons.theme.color(TONES[one.verdict])

        self._model = RowsModel((
            Column("Verdict", 96, lambda one: WORDS[one.verdict], foreground=tinted, icon=icon),
            Column("Column", 136, lambda one: one.column),
            Column("Type", 96, _types),
            Column("Differs", 72, _rate, right=True, tip=_rate_tip),
            Column("Effect", 104, lambda one: effect_text(one.drift) if one.drift is not None else "-"),
            Column("Cause", 168, lambda one: one.cause or "-", tip=lambda one: one.sentence),
        ))
        self._table = table(self._model, "training_table", "Columns, those that differ most first")
        set_widths(self._table, self._model.widths(), wide=1)
        self._table.selectionModel().currentRowChanged.connect(self._on_row)
        self._column_title = label(name="training_column", large=True)
        self._sentence = label(name="training_column_sentence", tone="muted", wrap=True)
        self._examples = label(name="training_examples", tone="muted", wrap=True)
        self._shape = ShapeBox(self._icons)
        self._shape.setMaximumHeight(640)
        inside = column(self._column_title, self._sentence, self._shape, self._examples, None, margins=(16, 0, 0, 0))
        inside.setStretchFactor(self._shape, 1000)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setObjectName("training_split")
        split.addWidget(self._table)
        split.addWidget(holding(inside))
        split.setSizes([688, 400])
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 2)
        split.setChildrenCollapsible(False)
        page = column(head, split)
        page.setStretch(1, 1)
        return holding(page)

    def _show(self, view: TrainingView) -> None:
        same = f"{format_count(view.compared)} same requests" if view.compared else "no request is on both sides"
        self._say(view.verdict, view.sentence, f"{view.reference_name}, {format_count(view.n_reference)} rows, against "
                  f"{view.current_name}, {format_count(view.n_current)} rows; {same}; {view.seconds:.1f} s")
        self._model.show(view.columns)
        self._table.viewport().update()
        self._table.selectRow(0)
        self._on_row(self._table.currentIndex(), self._table.currentIndex())

    def _on_row(self, index: QModelIndex, _before: QModelIndex) -> None:
        one: SkewRow | None = self._model.row(index)
        view: TrainingView | None = self._view
        self._column_title.setText(one.column if one is not None else "")
        self._sentence.setText(one.sentence if one is not None else "")
        shape = view.shape(one.column) if view is not None and one is not None else None
        self._shape.display(shape)
        self._shape.setVisible(shape is not None)
        examples = one.mismatch.examples[:EXAMPLES] if one is not None and one.mismatch is not None else ()
        self._examples.setText("\n".join(f"{key}: {training} in training, {serving} in serving"
                                         for key, training, serving in examples))
        self._examples.setVisible(bool(examples))

    def _on_source(self, _number: int) -> None:
        if self._source.currentText() == FILE:
            self.file_asked.emit()
            return
        self._put_away()
        if self._selection is not None:
            self.display_selection(self._selection)
        if self.ready:
            self.asked.emit()

    def _put_away(self) -> None:
        self._view = None
        self._pages.setCurrentIndex(0)


def _types(one: SkewRow) -> str:
    if one.training == one.serving:
        return one.training
    return f"{one.training or 'none'} → {one.serving or 'none'}"


def _rate(one: SkewRow) -> str:
    return format_value(one.rate, "share") if math.isfinite(one.rate) else "-"


def _rate_tip(one: SkewRow) -> str:
    if one.mismatch is None or not one.mismatch.compared:
        return "No request has its id on both sides"
    return f"{format_count(one.mismatch.differing)} of {format_count(one.mismatch.compared)} same requests have " \
           "another value"
