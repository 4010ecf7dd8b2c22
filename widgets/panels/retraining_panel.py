"""*Training again*: ways to train again since the change, what each came to, and which to choose when."""

from __future__ import annotations

import math

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QSplitter, QWidget

from console.advice.view import BacktestView, CurvePoint, StrategyCurve, TrainingAnswer
from console.metrics.format import format_count, format_number, format_time
from widgets.charts.band_chart import BandChart, BandCurve, Frame, swatch
from widgets.icons import Icons
from widgets.models.rows import Column, RowsModel
from widgets.panels.advice_page import AdvicePage
from widgets.panels.lines import Line, Lines
from widgets.panels.parts import Choice, Elided, column, holding, label, row, set_widths, table

ABOUT = ("Trains again in several ways, at several times since the change, from outcomes that had come by then, and "
         "judges each on the requests that followed: all data, the new weighted more, only the new, weighted to look "
         "like the new, old and new model together, new columns, other kinds of model. It takes a minute.")
MEASURES = ("Loss beside the model", "Loss", "Share of right answers")
BY = ("by outcomes", "by hours")
NONE = "–"
ROW_PX, HEAD_PX, FOOT_PX = 28, 36, 24


class RetrainingPanel(AdvicePage):
    """Displays a TrainingAnswer. What to choose is decided in console.advice."""

    asks_itself = False

    def __init__(self, icons: Icons) -> None:
        super().__init__(icons, "retraining_page", "Would training again help?", ABOUT, "Try training again")

    def _answer_page(self) -> QWidget:
        head = self._answer_head()
        self._measure = Choice(self._icons, "retraining_measure", "What the curves show", MEASURES)
        self._by = Choice(self._icons, "retraining_by", "Along what", BY)
        self._measure.activated.connect(self._draw)
        self._by.activated.connect(self._draw)
        self.chart = BandChart(self._icons, "retraining_chart")
        curves = column(row(self._measure, self._by, None, self._chart_tool()), self.chart, margins=(0, 0, 16, 0),
                        gap=8)
        curves.setStretch(1, 1)
        self._decisions = Lines(self._icons, "retraining_decisions", "What to choose, and when")
        self._decisions.widget().setAutoFillBackground(False)
        self._decisions.viewport().setAutoFillBackground(False)
        when = column(label("What to choose, when", tone="muted"), self._decisions, margins=(16, 0, 0, 0))
        when.setStretch(1, 1)
        above = QSplitter(Qt.Orientation.Horizontal)
        above.setObjectName("retraining_split")
        above.addWidget(holding(curves))
        above.addWidget(holding(when))
        above.setStretchFactor(0, 3)
        above.setStretchFactor(1, 2)
        above.setSizes([680, 420])
        above.setChildrenCollapsible(False)
        self._strategies: RowsModel = RowsModel((
            Column("", 28, self._chosen_word, tip=self._chosen_tip),
            Column("Training again on", 280, lambda one: one.title, icon=self._swatch),
            Column("Now", 184, _now, right=True, tip=_now_tip),
            Column("Beside the model", 224, _beside, right=True, tip=lambda one: one.sentence),
            Column("Beats it from", 128, lambda one: _from(one.beats_old), right=True,
                   tip=lambda one: _from_tip(one.beats_old, "the model as logged")),
            Column("Beats heuristic from", 152, lambda one: _from(one.beats_heuristic), right=True,
                   tip=lambda one: _from_tip(one.beats_heuristic, "the same answer always")),
            Column("Verdict", 168, lambda one: one.verdict)))
        self._table = table(self._strategies, "retraining_table", "Ways to train again, and what each came to")
        set_widths(self._table, self._strategies.widths(), wide=1)
        self._table.selectionModel().currentRowChanged.connect(self._on_row)
        down = QSplitter(Qt.Orientation.Vertical)
        down.setObjectName("retraining_down")
        down.addWidget(above)
        self._sampling = Elided("retraining_sampling", "muted")
        below = column(self._table, self._sampling, gap=4)
        below.setStretch(0, 1)
        self._below = holding(below)
        down.addWidget(self._below)
        down.setStretchFactor(0, 1)
        down.setStretchFactor(1, 1)         # until all rows are seen
        down.setSizes([240, 236])
        down.setChildrenCollapsible(False)
        page = column(head, self._or_missing(down), gap=12)
        page.setStretch(1, 1)
        return holding(page)

    def _show(self, answer: TrainingAnswer) -> None:
        view, relative = answer.backtest, answer.relative
        since = f"since {format_time(answer.at, relative=relative)}"
        if view is None:
            self._dress("help-circle-outline", "muted", "It cannot be said whether training again would help.",
                        f"Asked {since}.")
            self._show_missing(answer.notes)
            return
        self._body.setCurrentIndex(0)
        self._dress("school-outline", "text", view.sentence, " ".join(
            (f"{format_count(view.labels)} outcomes {since}; {answer.seconds:.0f} s.", *answer.notes)))
        self._sampling.setText(view.sampling)
        self._strategies.show(view.strategies)
        chosen = view.chosen or (view.decisions[-1].leading if view.decisions else "")
        self._table.selectRow(next((at for at, one in enumerate(view.strategies) if one.name == chosen), 0))
        self._below.setMaximumHeight(HEAD_PX + len(view.strategies) * ROW_PX + FOOT_PX)
        self._decisions.show_lines([Line("check-circle-outline" if one.strategy else "timer-sand",
                                         "accent" if one.strategy else "muted", one.sentence)
                                    for one in reversed(view.decisions)])
        self._draw()

    # ---- inside --------------------------------------------------------------------------------------------

    def _draw(self) -> None:
        view = self._backtest
        if view is None:
            return
        measure, by_hours = self._measure.currentIndex(), self._by.currentIndex() == 1
        loss = f"{view.loss[:1].upper()}{view.loss[1:]}"
        title = (f"{loss} beside the model as logged", loss, MEASURES[2])[measure]
        unit = "less is better" if measure < 2 else ""
        self.chart.display(Frame(title, unit, "hours since" if by_hours else "outcomes since",
                                 level=0.0 if measure == 0 else None),
                           [_curve(one, number, measure, by_hours=by_hours)
                            for number, one in enumerate(view.strategies)])
        self._on_row()

    @property
    def _backtest(self) -> BacktestView | None:
        return self._view.backtest if self._view is not None else None

    def _on_row(self, _index: QModelIndex | None = None, _before: QModelIndex | None = None) -> None:
        self.chart.mark(max(self._table.currentIndex().row(), 0))

    def _chosen_word(self, one: StrategyCurve) -> str:
        view = self._backtest
        return "→" if view is not None and view.chosen and view.chosen == one.name else ""

    def _chosen_tip(self, one: StrategyCurve) -> str:
        return "This is to be chosen now" if self._chosen_word(one) else ""

    def _swatch(self, one: StrategyCurve) -> QIcon:
        at = next((number for number, other in enumerate(self._strategies.rows) if other is one), 0)
        return QIcon(swatch(self._icons.theme, at))


def _curve(one: StrategyCurve, number: int, measure: int, *, by_hours: bool) -> BandCurve:
    import numpy as np

    def told(point: CurvePoint) -> tuple[float, float, float]:
        if measure == 0:
            return point.against_old, point.against_old_low, point.against_old_high
        if measure == 2:
            return point.accuracy, math.nan, math.nan
        return point.loss, point.low, point.high

    values = np.array([told(point) for point in one.points], dtype=np.float64).reshape(-1, 3)
    along = np.array([point.hours if by_hours else float(point.labels) for point in one.points], dtype=np.float64)
    return BandCurve(one.title, number, along, values[:, 0], values[:, 1], values[:, 2])


def _now(one: StrategyCurve) -> str:
    if not one.points:
        return NONE
    last = one.points[-1]
    return f"{format_number(last.loss)} ({format_number(last.low)} to {format_number(last.high)})"


def _now_tip(one: StrategyCurve) -> str:
    if not one.points:
        return one.sentence
    last = one.points[-1]
    return f"Learned from {format_count(last.trained_on)} rows, judged on {format_count(last.n)} requests"


def _beside(one: StrategyCurve) -> str:
    if not one.points or not one.verdict or not math.isfinite(one.points[-1].against_old):
        return NONE
    last = one.points[-1]
    return f"{_signed(last.against_old)} ({_signed(last.against_old_low)} to {_signed(last.against_old_high)})"


def _from(labels: int | None) -> str:
    return NONE if labels is None else f"{format_count(labels)} outcomes"


def _from_tip(labels: int | None, what: str) -> str:
    return f"At no time surely better than {what}" if labels is None else \
        f"Surely better than {what} from {format_count(labels)} outcomes since the change on"


def _signed(value: float) -> str:
    text = f"{value:+.4f}" if abs(value) < 1 else f"{value:+.3g}"
    return text.replace("-", "−")
