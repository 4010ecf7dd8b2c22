"""What places show, as results that are kept: tables, charts and sentences of their views, number by number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from console.metrics.format import format_time
from console.metrics.view import ChartView, SeriesView
from console.reports.results import Cell, Result, ResultColumn, ResultKind, ResultTable
from console.reports.view import Figure
from console.window import RELATIVE_START, Window, from_epoch

if TYPE_CHECKING:
    from console.advice.view import AdviceView, BacktestView, ResponseView
    from console.drift.result import Floats

UNMADE = RELATIVE_START
"""In the place of the time at which it is kept."""
MOST_CURVES = 6
"""Drawn of a chart; the tables have all."""


# ---- advice ------------------------------------------------------------------------------------------------


def of_advice(view: AdviceView, window: Window | None) -> Result:
    """A change and what it was, what answers cost since, and ways to train again. window: the log's time."""
    tables = [_evidence(view)]
    figures: list[Figure] = []
    facts = [("cause", view.shock.cause.value), ("said_change", view.shock.sentence)]
    if view.response is not None:
        tables.append(_answers(view.response))
        figures.append(_costs(view.response, view))
        facts += [("recommended", view.response.recommended), ("said_response", view.response.sentence),
                  ("distinguishable", "yes" if view.response.distinguishable else "no")]
    if view.backtest is not None:
        tables += [_strategies(view.backtest), _decisions(view.backtest)]
        figures += _curves(view.backtest, view)
        leading = view.backtest.decisions[-1].leading if view.backtest.decisions else ""
        facts += [("strategy", view.backtest.chosen), ("leading", leading), ("said_training", view.backtest.sentence)]
    when = f", {format_time(view.at, relative=view.relative)}" if view.at is not None else ""
    said = [view.shock.sentence]
    said += [view.response.sentence, view.response.switch_sentence] if view.response is not None else []
    said += [view.backtest.sentence] if view.backtest is not None else []
    return Result("", ResultKind.ADVICE, f"Advice{when}", UNMADE, view.at, window, tuple(said), view.command,
                  tuple(tables), tuple(figures), view.notes, tuple(facts), view.relative)


def _evidence(view: AdviceView) -> ResultTable:
    return ResultTable("evidence", "What it was", (
        ResultColumn("cause", "Cause", number=False), ResultColumn("speaks", "Speaks", number=False),
        ResultColumn("sentence", "Evidence", number=False)),
        tuple((one.cause.value, "for" if one.speaks_for else "against", one.sentence) for one in view.shock.evidence))


def _answers(found: ResponseView) -> ResultTable:
    rows: list[tuple[Cell, ...]] = [
        (line.title, (line.mean, line.mean_low, line.mean_high), None if line.name == "model" else
         (line.difference, line.difference_low, line.difference_high), line.n) for line in found.lines]
    marked = [line.name for line in found.lines].index(found.recommended)
    return ResultTable("responses", "Cost an hour since then", (
        ResultColumn("title", "What answers", number=False), ResultColumn("per_hour", "Cost an hour, 95 %"),
        ResultColumn("difference", "Beside the model, 95 %"), ResultColumn("outcomes", "Outcomes")), tuple(rows),
        marked, found.costs.sentence)


def _strategies(found: BacktestView) -> ResultTable:
    rows: list[tuple[Cell, ...]] = []
    for one in found.strategies:
        last = one.points[-1] if one.points else None
        rows.append((one.title, None if last is None else (last.loss, last.low, last.high),
                     None if last is None or one.name == "old" else
                     (last.against_old, last.against_old_low, last.against_old_high),
                     None if last is None else last.accuracy, one.beats_old, one.beats_heuristic,
                     None if last is None else last.labels, None if last is None else last.trained_on,
                     None if last is None else last.n))
    names = [one.name for one in found.strategies]
    return ResultTable("strategies", "Ways to train again", (
        ResultColumn("title", "Way", number=False),
        ResultColumn("loss", f"{found.loss[:1].upper()}{found.loss[1:]}, 95 %"),
        ResultColumn("against_old", "Beside the model, 95 %"), ResultColumn("accuracy", "Right", "share"),
        ResultColumn("beats_old", "Beats the model from"), ResultColumn("beats_heuristic", "Beats the heuristic from"),
        ResultColumn("labels", "Outcomes"), ResultColumn("trained_on", "Trained on"), ResultColumn("n", "Judged on")),
        tuple(rows), names.index(found.chosen) if found.chosen in names else -1,
        "From so many outcomes since the change on it is surely better, and stays so; a dash: at no time. The last of "
        f"the trainings is told. {found.sampling}")


def _decisions(found: BacktestView) -> ResultTable:
    titles = {one.name: one.title for one in found.strategies}
    return ResultTable("decisions", "What was to be chosen, as known then", (
        ResultColumn("at", "When", number=False), ResultColumn("strategy", "Choose", number=False),
        ResultColumn("leading", "Leading", number=False), ResultColumn("sentence", "Why", number=False)),
        tuple((one.at, titles.get(one.strategy, "not distinguishable yet"), titles.get(one.leading, ""), one.sentence)
              for one in found.decisions))


def _costs(found: ResponseView, view: AdviceView) -> Figure:
    lines = [SeriesView(line.title, line.costs, np.where(np.isfinite(line.costs), 1.0, np.nan))
             for line in found.lines]
    chosen = next(line for line in found.lines if line.name == found.recommended)
    at = format_time(from_epoch(float(found.starts_s[0])), relative=view.relative)
    chart = ChartView("advice_costs", "Cost an hour of what could answer", "", "output", "lower", found.starts_s,
                      round(found.bucket_s), tuple(lines[:MOST_CURVES]), found.costs.sentence,
                      "cost of the answers whose outcome is known, times the requests of an hour", "",
                      relative=view.relative)
    return Figure(chart, view.command, f"Cost an hour since {at}. {chosen.sentence}")


def _curves(found: BacktestView, view: AdviceView) -> list[Figure]:
    """Loss by time, on the even grid that charts have: in force until the next training."""
    drawn = [one for one in found.strategies if one.points]
    times = sorted({point.at.timestamp() for one in drawn for point in one.points})
    if len(times) < 2:
        return []
    first = drawn[0]
    order = sorted(drawn, key=lambda one: (one.name not in ("old", found.chosen), one.points[-1].loss))
    step = max(60, round((times[-1] - times[0]) / 60))
    grid: Floats = times[0] + step * np.arange(int((times[-1] - times[0]) / step) + 2, dtype=np.float64)
    lines = []
    for one in order[:MOST_CURVES]:
        at = np.array([point.at.timestamp() for point in one.points])
        place = np.searchsorted(at, grid, side="right") - 1
        losses = np.array([point.loss for point in one.points])
        rows = np.array([float(point.n) for point in one.points])
        lines.append(SeriesView(one.title, np.where(place >= 0, losses[place], np.nan),
                                np.where(place >= 0, rows[place], np.nan)))
    chart = ChartView("advice_training", f"Ways to train again: {found.loss}", "", "output", "lower", grid, step,
                      tuple(lines), f"The {found.loss} of each model on the requests up to the next training.",
                      found.sampling, "", relative=view.relative)
    return [Figure(chart, view.command, f"{found.sentence} {first.sentence}")]
