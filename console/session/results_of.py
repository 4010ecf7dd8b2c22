"""What places show, as results that are kept: tables, charts and sentences of their views, number by number."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from console.drift.course_view import CourseView
from console.drift.outcomes_view import OutcomesView
from console.drift.together import TogetherView
from console.drift.training import TrainingView
from console.drift.view import Verdict
from console.metrics.format import format_time, format_window
from console.metrics.view import ChartView, SeriesView
from console.reports.results import Cell, Result, ResultColumn, ResultKind, ResultTable
from console.reports.view import Figure
from console.window import RELATIVE_START, Window, from_epoch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from console.advice.view import AdviceView, BacktestView, ResponseView
    from console.drift.result import Floats
    from console.store.rollouts import KeptEvent, KeptRollout

UNMADE = RELATIVE_START
"""In the place of the time at which it is kept."""
MOST_CURVES, MOST_ROWS = 6, 60
"""Drawn of a chart, and told of a table."""
MOVED = (Verdict.ALARM, Verdict.WATCH)


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
        ResultColumn("beats_old", "Beats the model"), ResultColumn("beats_heuristic", "Beats the heuristic"),
        ResultColumn("labels", "Outcomes"), ResultColumn("trained_on", "Trained on"), ResultColumn("n", "Judged on")),
        tuple(rows), names.index(found.chosen) if found.chosen in names else -1,
        "Beats: from so many outcomes since the change on it is surely better, and stays so; a dash: at no time. The "
        f"last of the trainings is told. {found.sampling}")


def _decisions(found: BacktestView) -> ResultTable:
    titles = {one.name: one.title for one in found.strategies}
    return ResultTable("decisions", "What was to be chosen, as known then", (
        ResultColumn("at", "When", number=False), ResultColumn("strategy", "Choose", number=False),
        ResultColumn("leading", "Leading", number=False), ResultColumn("sentence", "Why", number=False)),
        tuple((one.at, titles.get(one.strategy, "not distinguishable yet"), titles.get(one.leading, ""), one.sentence)
              for one in found.decisions))


def _costs(found: ResponseView, view: AdviceView) -> Figure:
    lines = [SeriesView(line.name, line.costs, np.where(np.isfinite(line.costs), 1.0, np.nan))
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
        lines.append(SeriesView(one.name, np.where(place >= 0, losses[place], np.nan),
                                np.where(place >= 0, rows[place], np.nan)))
    chart = ChartView("advice_training", f"Ways to train again: {found.loss}", "", "output", "lower", grid, step,
                      tuple(lines), f"The {found.loss} of each model on the requests up to the next training.",
                      found.sampling, "", relative=view.relative)
    return [Figure(chart, view.command, f"{found.sentence} {first.sentence}")]


# ---- drift -------------------------------------------------------------------------------------------------


def result_of(view: CourseView | OutcomesView | TogetherView | TrainingView, *, relative: bool) -> Result:
    """An answer of the place Drift."""
    match view:
        case CourseView():
            return of_courses(view)
        case OutcomesView():
            return of_outcomes(view)
        case TogetherView():
            return of_together(view, relative=relative)
        case TrainingView():
            return of_training(view, relative=relative)


def of_courses(view: CourseView) -> Result:
    """Every column over time: those that changed course, and how far they lay from the reference."""
    moved = [row for row in view.rows if row.moved] or list(view.rows[:MOST_CURVES])
    rows: list[tuple[Cell, ...]] = [
        (row.title, row.group.value, row.kind.value, row.verdict.value, row.onset, row.onset_low, row.onset_high,
         row.ends, None if row.size != row.size else row.size, row.measure, row.sentence) for row in moved]
    table = ResultTable("courses", "What changed course" if any(row.moved for row in view.rows) else "Columns", (
        ResultColumn("title", "Column", number=False), ResultColumn("group", "Of", number=False),
        ResultColumn("kind", "Kind", number=False), ResultColumn("verdict", "Verdict", number=False),
        ResultColumn("onset", "Since", number=False), ResultColumn("onset_low", "From", number=False),
        ResultColumn("onset_high", "to, 95 %", number=False), ResultColumn("ends", "Until", number=False),
        ResultColumn("size", "Size"), ResultColumn("measure", "in", number=False),
        ResultColumn("sentence", "In words", number=False)), tuple(rows[:MOST_ROWS]),
        note=f"{len(view.rows)} rows over {len(view.starts_s)} buckets; sizes are in shares of the rows.")
    far = [row for row in moved if row.what == "values" and np.isfinite(row.values).any()][:MOST_CURVES]
    figures = []
    if far:
        chart = ChartView("drift_over_time", "Distance from the reference", "", "input", "neither", view.starts_s,
                          max(1, round(view.bucket_s)),
                          tuple(SeriesView(row.title, row.values, row.n) for row in far),
                          f"How far each bucket lies from {format_window(view.reference, relative=view.relative)}, "
                          "beyond what chance gives.", "distance of the distributions, less what chance gives", "",
                          relative=view.relative)
        figures.append(Figure(chart, view.command, f"Distances from the reference over time. {view.sentence}"))
    window = Window.from_epoch(float(view.starts_s[0]), float(view.starts_s[-1]) + view.bucket_s)
    said = [view.sentence, *([view.match.sentence] if view.match is not None else [])]
    return Result("", ResultKind.OVER_TIME, "Drift over time", UNMADE, view.onset, window, tuple(said), view.command,
                  (table,), tuple(figures), view.notes, (("kind", view.kind.value), ("verdict", view.verdict.value)),
                  view.relative)


def of_outcomes(view: OutcomesView) -> Result:
    """Answers held against what came true."""
    moved = ResultTable("moved", "What moved", (
        ResultColumn("what", "Of", number=False), ResultColumn("name", "Name", number=False),
        ResultColumn("verdict", "Verdict", number=False), ResultColumn("sentence", "In words", number=False)),
        tuple((one.what, one.name, one.verdict.value if one.verdict is not None else "no labels", one.sentence)
              for one in view.moved))
    numbers = ResultTable("figures", "How good answers were", (
        ResultColumn("name", "Number", number=False), ResultColumn("reference", "Reference"),
        ResultColumn("current", "Current"), ResultColumn("expected", "Expected without labels, 95 %")),
        tuple((one.name, _in(one.reference, one.unit), _in(one.current, one.unit),
               None if one.expected != one.expected else
               (_in(one.expected, one.unit), _in(one.low, one.unit), _in(one.high, one.unit)))
              for one in view.figures), note="Shares are in percent.")
    signals = ResultTable("signals", "When detectors noticed", (
        ResultColumn("detector", "Detector", number=False), ResultColumn("at", "At", number=False),
        ResultColumn("began", "Began", number=False), ResultColumn("before", "Before"), ResultColumn("after", "After"),
        ResultColumn("sentence", "In words", number=False)),
        tuple((one.detector, one.at, one.began, one.before, one.after, one.sentence) for one in view.signals))
    figures = []
    buckets = view.buckets
    if buckets.measures and len(buckets.start_s):
        first = buckets.measures[0]
        n = np.asarray(buckets.n_told, dtype=np.float64)
        chart = ChartView("outcomes", f"{first.name[:1].upper()}{first.name[1:]}", first.unit, "output", "neither",
                          buckets.start_s, max(1, round(buckets.bucket_s)),
                          tuple(SeriesView(name, values, n) for name, values in (
                              (first.name, first.value), ("low", first.low), ("high", first.high))),
                          "Over the outcomes that are known, with its 95 % interval; by the time of the request.",
                          f"{first.name} of requests with an outcome", "", relative=view.relative)
        figures.append(Figure(chart, view.command, f"{first.name} over time. {view.sentence}"))
    return Result("", ResultKind.OUTCOMES, f"Outcomes: {view.answer_name} against {view.outcome_name}", UNMADE, None,
                  view.current, (view.sentence,), view.command, (moved, numbers, signals), tuple(figures), view.notes,
                  (("verdict", view.verdict.value),), view.relative)


def of_together(view: TogetherView, *, relative: bool) -> Result:
    """All columns at once."""
    columns = ResultTable("columns", "What tells the windows apart", (
        ResultColumn("column", "Column", number=False), ResultColumn("auc_lost", "AUC lost without it")),
        tuple((one.column, one.auc_lost) for one in view.columns[:MOST_ROWS]))
    pairs = ResultTable("pairs", "Correlations that changed", (
        ResultColumn("column", "Column", number=False), ResultColumn("other", "and", number=False),
        ResultColumn("reference", "Reference"), ResultColumn("current", "Current"),
        ResultColumn("p_adjusted", "p, adjusted"), ResultColumn("verdict", "Verdict", number=False)),
        tuple((one.change.column, one.change.other, one.change.reference, one.change.current, one.change.p_adjusted,
               one.verdict.value) for one in view.pairs if one.verdict in MOVED)[:MOST_ROWS])
    whole = ResultTable("separation", "How well they are told apart", (
        ResultColumn("auc", "AUC, 95 %"), ResultColumn("p_value", "p"), ResultColumn("n_reference", "Rows, reference"),
        ResultColumn("n_current", "Rows, current")),
        (((view.auc, view.auc_low, view.auc_high), view.p_value, view.n_reference, view.n_current),))
    return Result("", ResultKind.TOGETHER, "All columns at once", UNMADE, None, view.current,
                  (view.sentence, view.pairs_sentence), view.command, (whole, columns, pairs),
                  facts=(("verdict", view.verdict.value),), relative=relative)


def of_training(view: TrainingView, *, relative: bool) -> Result:
    """Training data against what was served."""
    rows = ResultTable("columns", "Training and serving", (
        ResultColumn("column", "Column", number=False), ResultColumn("verdict", "Verdict", number=False),
        ResultColumn("training", "In training", number=False), ResultColumn("serving", "Served", number=False),
        ResultColumn("rate", "Same requests that differ", "share"), ResultColumn("effect", "Effect"),
        ResultColumn("cause", "Cause", number=False), ResultColumn("sentence", "In words", number=False)),
        tuple((one.column, one.verdict.value.replace("_", " "), one.training, one.serving,
               None if one.rate != one.rate else one.rate,
               None if one.drift is None or one.drift.effect != one.drift.effect else one.drift.effect, one.cause,
               one.sentence) for one in view.columns[:MOST_ROWS]),
        note=f"{view.compared:,} requests stand on both sides.")
    return Result("", ResultKind.TRAINING, f"Training/serving skew: {view.reference_name} against {view.current_name}",
                  UNMADE, None, view.current, (view.sentence,), view.command, (rows,),
                  facts=(("verdict", view.verdict.value),), relative=relative)


def _in(value: float, unit: str) -> float:
    """Shares in percent, where numbers of several units stand in one column."""
    return value * 100.0 if unit == "share" else value


# ---- rollouts ----------------------------------------------------------------------------------------------


def of_rollout(number: int, kept: KeptRollout, events: Sequence[KeptEvent], target: str, *, relative: bool) -> Result:
    """A replay that is kept: how far it came, whom it met, and its audit log."""
    told: Mapping[str, Any] = msgspec.json.decode(kept.result)
    words = ["pilothouse rollout replay", shlex.quote(kept.plan), "--logs", shlex.quote(target), "--seed",
             str(kept.seed)]
    if kept.source == "synthetic":
        words += ["--harm", shlex.quote(str(told.get("harm", "identical")))]
    elif kept.source == "paired":
        words += ["--source", "paired"]
    else:
        words += ["--candidate", shlex.quote(kept.candidate), "--stable", shlex.quote(kept.stable), "--split",
                  kept.split]
    ending = kept.ending.replace("_", " ") or "not over"
    whom = ResultTable("blast", "Whom the candidate met", (
        ResultColumn("ending", "Ending", number=False), ResultColumn("ended", "At", number=False),
        ResultColumn("requests", "Requests"), ResultColumn("users", "Users"),
        ResultColumn("excess_errors", "Errors beyond the stable's"), ResultColumn("clicks_lost", "Clicks lost")),
        ((ending, None if kept.ended_us is None else from_epoch(kept.ended_us / 1e6), kept.requests, kept.users,
          kept.excess_errors, kept.clicks_lost),))
    audit = ResultTable("audit", "Audit log", (
        ResultColumn("number", "No."), ResultColumn("at", "When", number=False),
        ResultColumn("who", "By", number=False), ResultColumn("what", "What", number=False),
        ResultColumn("sentence", "In words", number=False)),
        tuple((one.number, from_epoch(one.at_us / 1e6), one.who, one.what, one.sentence) for one in events[:MOST_ROWS]),
        note="" if len(events) <= MOST_ROWS else f"{len(events) - MOST_ROWS} more lines are in the table "
                                                  "rollout_events of the workspace.")
    why = str(told.get("why", ""))
    made = "made from the log" if kept.source == "synthetic" else "logged"
    said = f"Plan {kept.plan} over {kept.stable} and {kept.candidate} ({made}, {kept.source}): {ending}."
    return Result("", ResultKind.ROLLOUT, f"Rollout: replay {number} of {kept.plan}", UNMADE,
                  None if kept.ended_us is None else from_epoch(kept.ended_us / 1e6),
                  Window.from_epoch(kept.first_us / 1e6, max(kept.last_us, kept.first_us + 1) / 1e6),
                  (said, *([why] if why else [])), " ".join([*words, "--json"]), (whom, audit), notes=(
                      "A replay cannot know what users would have done after another answer.",),
                  facts=(("ending", kept.ending), ("source", kept.source)), relative=relative)
