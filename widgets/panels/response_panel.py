"""*Response*: what could have answered since the change, at what cost an hour, and when to switch back."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QLineEdit, QSplitter, QWidget

from console.advice.view import CostLine, ResponseAnswer
from console.errors import ConsoleError
from console.metrics.format import format_count, format_number, format_span, format_time
from widgets.charts.band_chart import BandChart, BandCurve, Frame, swatch
from widgets.icons import Icons
from widgets.models.rows import Column, RowsModel
from widgets.panels.advice_page import AdvicePage
from widgets.panels.parts import Choice, button, column, holding, label, row, set_widths, table

ABOUT = ("Puts beside the model what could have answered since the change: a pause, the same answer always, a rule of "
         "one question, the last good version where it answered, and an expression of yours. Each costs what its wrong "
         "answers cost.")
WHERE = ("They are set under [advice] in pilothouse.toml: false_positive, false_negative, pause; and fallback for an "
         "expression that stays.")
MEASURES = ("Cost an hour", "Cost beside the model")
ROW_PX, HEAD_PX = 28, 32
ICONS = {"model": "check-circle-outline", "pause": "pause-circle-outline"}


class ResponsePanel(AdvicePage):
    """Displays a ResponseAnswer; asks for expressions to be tried. What is recommended is decided in console.advice."""

    fallback_asked = Signal(str)     # an expression; "" for that of the folder
    trust_asked = Signal()

    def __init__(self, icons: Icons) -> None:
        super().__init__(icons, "response_page", "What could answer instead?", ABOUT, "Compare")

    @property
    def fallback(self) -> str:
        """The expression that stands in the field."""
        return self._field.text().strip()

    def _answer_page(self) -> QWidget:
        head = self._answer_head()
        self._measure = Choice(self._icons, "response_measure", "What the curves show", MEASURES)
        self._measure.activated.connect(self._draw)
        self.chart = BandChart(self._icons, "response_chart")
        self._lines: RowsModel = RowsModel((
            Column("", 28, self._recommended_word, tip=self._recommended_tip),
            Column("Answers", 160, lambda one: one.title, icon=self._swatch),
            Column("Cost an hour", 96, lambda one: format_number(one.mean), right=True, tip=_mean_tip),
            Column("Beside the model", 168, _beside, right=True, tip=lambda one: one.sentence),
            Column("Outcomes", 84, lambda one: format_count(one.n), right=True)))
        self._table = table(self._lines, "response_table", "What could have answered, and what it would have cost")
        set_widths(self._table, self._lines.widths(), wide=1)
        self._table.selectionModel().currentRowChanged.connect(self._on_row)
        self._row = label(name="response_row", tone="muted", wrap=True)
        self._back_icon = label()
        self._back = label(name="response_back", wrap=True)
        self._costs = label(name="response_costs", tone="muted", wrap=True)
        for text in (self._row, self._back, self._costs):
            text.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        back = row(self._back_icon, self._back)
        back.setStretch(1, 1)
        back.setAlignment(self._back_icon, Qt.AlignmentFlag.AlignTop)
        self._field = QLineEdit(objectName="response_fallback")
        self._field.setPlaceholderText("price < 20")
        self._field.setAccessibleName("Your own fallback: an expression over the columns of a request")
        self._try = button("Try", "response_try", "Put this expression beside the model (Return)")
        self._trust = button("Trust…", "response_trust", "Look at the folder's own expression, and have it run")
        self._field_said = label(name="response_fallback_said", tone="warning", wrap=True)
        self._field.returnPressed.connect(self._on_try)
        self._try.clicked.connect(self._on_try)
        self._trust.clicked.connect(self.trust_asked)
        own = row(label("Your own fallback", tone="muted"), self._field, self._try, self._trust)
        own.setStretch(1, 1)
        right = column(self._table, self._row, 4, back, 4, label("Costs", tone="muted"), self._costs, 4, own,
                       self._field_said, None, margins=(16, 0, 0, 0), gap=4)
        curves = column(row(self._measure, None, self._chart_tool()), self.chart, margins=(0, 0, 16, 0), gap=8)
        curves.setStretch(1, 1)
        left = holding(curves)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setObjectName("response_split")
        split.addWidget(left)
        split.addWidget(holding(right))
        split.setStretchFactor(0, 1)        # the curves get what room there is more
        split.setStretchFactor(1, 0)
        split.setSizes([456, 664])
        split.setChildrenCollapsible(False)
        page = column(head, self._or_missing(split), gap=16)
        page.setStretch(1, 1)
        return holding(page)

    def _show(self, answer: ResponseAnswer) -> None:
        view, relative = answer.response, answer.relative
        since = f"since {format_time(answer.at, relative=relative)}"
        if view is None:
            self._dress("help-circle-outline", "muted", "It cannot be said what to do.", f"Asked {since}.")
            self._show_missing(answer.notes)
            return
        self._body.setCurrentIndex(0)
        best = view.recommended
        self._dress(ICONS.get(best, "swap-horizontal"), "text", view.sentence,
                    " ".join((f"Costs an hour {since}, with 95 % intervals; {format_count(view.requests)} requests in "
                              f"buckets of {format_span(view.bucket_s)}; {answer.seconds:.1f} s.", *answer.notes)))
        at = next((number for number, line in enumerate(view.lines) if line.name == best), 0)
        self._lines.show(view.lines)
        self._table.setFixedHeight(HEAD_PX + len(view.lines) * ROW_PX)
        self._table.selectRow(at)
        self._draw()
        self._icons.dress(self._back_icon, "swap-horizontal" if view.switch_back is None else "undo", "muted")
        self._back.setText(view.switch_sentence)
        self._costs.setText(f"{view.costs.sentence} A cost of 1 is {view.costs.unit}. {WHERE}")
        self._trust.setVisible(bool(answer.untrusted))
        self._field_said.setText(f"The folder's own expression ({answer.untrusted}) is not run: the folder is not "
                                 "trusted." if answer.untrusted else "")
        if answer.fallback and not self.fallback:
            self._field.setText(answer.fallback if not answer.untrusted else "")

    def display_error(self, error: ConsoleError) -> None:
        """Where an expression cannot be tried, the answer stays, and it is said beside the field."""
        if self._view is None:
            super().display_error(error)
        else:
            self._field_said.setText(" ".join(part for part in (f"{error.what}.", error.do and f"{error.do}.") if part))
            self.display_stopped()

    def forget(self) -> None:
        """Another folder."""
        self._field.setText("")
        super().forget()

    # ---- inside --------------------------------------------------------------------------------------------

    def _draw(self) -> None:
        view = self._view.response if self._view is not None else None
        if view is None:
            return
        summed = self._measure.currentIndex() == 1
        moment = (view.switch_back.timestamp(), "switch back") if view.switch_back is not None else None
        frame = Frame(f"{MEASURES[1]}, summed" if summed else MEASURES[0], f"1 is {view.costs.unit}", "time",
                      self._view.relative, moment, 0.0 if summed else None)
        ends = view.starts_s + view.bucket_s * (1.0 if summed else 0.5)
        none, last = np.full(len(ends), np.nan), self._view.whole
        self.chart.display(frame, [
            BandCurve(line.title, number, ends, view.so_far(line), none, none) if summed else
            BandCurve(line.title, number, ends[:last], line.costs[:last], line.low[:last], line.high[:last])
            for number, line in enumerate(view.lines)])
        self._on_row()

    def _on_row(self, _index: QModelIndex | None = None, _before: QModelIndex | None = None) -> None:
        at = self._table.currentIndex().row()
        line: CostLine | None = self._lines.row(self._table.currentIndex())
        self.chart.mark(max(at, 0))
        self._row.setText(line.sentence if line is not None else "")

    def _on_try(self) -> None:
        self.fallback_asked.emit(self.fallback)

    def _is_recommended(self, line: CostLine) -> bool:
        view = self._view.response if self._view is not None else None
        return view is not None and view.recommended == line.name

    def _recommended_word(self, line: CostLine) -> str:
        return "→" if self._is_recommended(line) else ""

    def _recommended_tip(self, line: CostLine) -> str:
        return "This is recommended" if self._is_recommended(line) else ""

    def _swatch(self, line: CostLine) -> QIcon:
        at = next((number for number, one in enumerate(self._lines.rows) if one is line), 0)
        return QIcon(swatch(self._icons.theme, at))


def _mean_tip(line: CostLine) -> str:
    return f"{format_number(line.mean_low)} to {format_number(line.mean_high)} with 95 % certainty"


def _beside(line: CostLine) -> str:
    if line.name == "model":
        return "–"
    return f"{_signed(line.difference)} ({_signed(line.difference_low)} to {_signed(line.difference_high)})"


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{format_number(value)}".replace("-", "−")
