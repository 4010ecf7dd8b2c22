"""Answers held against what came true: errors over time, and which of P(X), P(Y), P(Y|X) moved."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from time import perf_counter

import numpy as np

from console.drift.adwin import AdwinChange, adwin
from console.drift.answers import Answers, Marked, Marking, Task, marking
from console.drift.classifier import rank_sum
from console.drift.compare import compare
from console.drift.concept import (
    Relation,
    Residuals,
    Stratum,
    residuals,
    stratified,
    tenths,
    what_moved,
    within_classes,
)
from console.drift.cusum import ROWS_PER_FALSE_ALARM, CusumAlarm, bernoulli_cusum
from console.drift.estimated import (
    ASSUMPTION,
    Estimate,
    EstimatedPerformance,
    calibration,
    estimated_performance,
    expected_mean,
)
from console.drift.label_shift import ASSUMPTION as SHIFT_ASSUMPTION
from console.drift.label_shift import LabelShift, label_shift
from console.drift.maturity import Maturity, Ripeness, Waits, maturity, waits_of
from console.drift.measures import measures
from console.drift.outcomes_view import Figure, Moved, OutcomeBuckets, OutcomesView, Signal
from console.drift.result import NAN, Floats
from console.drift.sample import ColumnSample
from console.drift.verdict import LEVEL, MIN_ROWS
from console.drift.view import DriftView, Verdict
from console.drift.words import from_to, p_text, shares_from_to
from console.errors import TooFewRows
from console.jobs import Job, SilentJob
from console.metrics.format import format_count, format_number, format_time, format_value
from console.roles import Role
from console.window import Window, from_epoch

MOST_FOR_ADWIN = 100_000
"""It goes row by row in Python, a second for so many; longer streams are thinned evenly for it."""
MOST_CHANGES = 5
"""Of a detector are told."""
MOST_ALARMS = 2000
NAMES = ("inputs", "outcomes", "outcomes at the same answer")


@dataclass(frozen=True, slots=True)
class Told:
    """What the log says about the question.

    answer, outcome   names of the columns
    until_s           up to when outcomes are known; nan where the log does not tell when they came
    bucket_s          length of a bucket
    """

    answer: str
    outcome: str
    until_s: float
    bucket_s: float
    each: int = 1
    relative: bool = False


def judge_outcomes(reference: Answers, current: Answers, line: Answers, current_window: Window, told: Told,
                   inputs: DriftView | None, *, reference_window: Window | None = None,
                   reference_name: str = "reference", current_name: str = "current", command: str = "",
                   job: Job | None = None, stopwatch: Callable[[], float] = perf_counter) -> OutcomesView:
    """The two windows compared by what came true, and the time of `line` in buckets.

    line    the requests to draw, in the order of time: both windows and what lies between
    inputs  the comparison of what went into the model; None where the log has no inputs
    Raises TooFewRows where no outcome is known at all, or none of the reference; JobStopped.
    """
    started, job = stopwatch(), job or SilentJob()
    job.report(0, 4, "Looking which outcomes have come")
    marks = marking(reference, current)
    before, now, drawn = (marks.mark(side) for side in (reference, current, line))
    if int(before.known.sum()) < MIN_ROWS:
        raise TooFewRows(f"Fewer than {MIN_ROWS} requests of the reference have an answer and an outcome",
                         do="Choose a reference whose labels have come")
    waits = waits_of(before.at_s, before.told_s, reference.known, told.until_s)
    edges = _edges(drawn, told.bucket_s)
    ripe = maturity(drawn.at_s, line.known, edges, waits)
    before, now_ripe = (side.some(_ripe(side, edges, ripe, waits)) for side in (before, now))
    if int(before.known.sum()) < MIN_ROWS:
        raise TooFewRows("The outcomes of the reference are not there yet", do="Choose an earlier reference")
    job.stop_if_asked()
    job.report(1, 4, "Following the errors")
    wait = waits.usual_s if waits.told else 0.0
    signals = _signals(before, drawn.some(_ripe(drawn, edges, ripe, waits)), reference_window, current_window, marks,
                       told, wait, job)
    job.report(2, 4, "Comparing outcomes at the same answer")
    job.stop_if_asked()
    labelled = int(now_ripe.known.sum()) >= MIN_ROWS
    relation = _relation(marks, before, now_ripe) if labelled else None
    judged = relation.verdict if relation is not None else Verdict.TOO_FEW if labelled else None
    outcome = _outcome(marks, before, now_ripe, told.outcome)
    inputs_moved = inputs.verdict if inputs is not None else Verdict.TOO_FEW
    moved = (Moved("P(X)", NAMES[0], inputs_moved, inputs.sentence if inputs is not None
                   else "The log has no columns of inputs."),
             Moved("P(Y)", NAMES[1], outcome.columns[0].verdict if labelled and outcome is not None else None,
                   outcome.columns[0].sentence if labelled and outcome is not None else _no_labels(now, now_ripe)),
             Moved("P(Y|X)", NAMES[2], judged, _said(marks, relation, told.outcome)
                   if relation is not None else _no_labels(now, now_ripe)))
    job.report(3, 4, "Estimating what labels will say")
    job.stop_if_asked()
    figures, shift, notes = _figures(marks, before, now, now_ripe, labelled, told)
    sentence = what_moved(inputs_moved, moved[1].verdict or Verdict.TOO_FEW, judged)
    if told.each > 1:
        notes = (*notes, f"Of so many requests every {told.each}th was read.")
    job.report(4, 4, "")
    return OutcomesView(
        reference_window, current_window, reference_name, current_name, len(reference), len(current),
        int(before.known.sum()), int(now.known.sum()), int(now_ripe.known.sum()), marks.task, told.answer,
        told.outcome,
        OutcomeBuckets(edges[:-1], told.bucket_s, ripe.n, ripe.n_told, ripe.expected, ripe.state,
                       measures(marks, before, drawn, edges, told.outcome)),
        from_epoch(waits.ripe_until_s) if waits.told else None, wait, signals, figures, shift, moved,
        relation.strata if isinstance(relation, Relation) else (), _strata_names(marks, relation), sentence, notes,
        judged or inputs_moved, told.each, command, stopwatch() - started, told.relative)


# ---- which rows may be judged ------------------------------------------------------------------------------


def _edges(drawn: Marked, bucket_s: float) -> Floats:
    if not len(drawn.at_s):
        raise TooFewRows("There are no requests in the two windows", do="Choose windows that have some")
    first = math.floor(float(drawn.at_s.min()) / bucket_s)
    last = math.floor(float(drawn.at_s.max()) / bucket_s)
    return np.arange(first, last + 2, dtype=np.float64) * bucket_s


def _ripe(side: Marked, edges: Floats, ripe: Maturity, waits: Waits) -> np.ndarray:
    """Rows old enough, in buckets without a hole; rows without a place on the axis (reference data) count always."""
    place = np.searchsorted(edges, side.at_s, side="right") - 1
    drawn = (place >= 0) & (place < len(ripe.state))
    holes = np.array([state is Ripeness.HOLE for state in ripe.state] + [False])
    young = np.array([state is Ripeness.YOUNG for state in ripe.state] + [False])
    at = np.where(drawn, place, len(ripe.state))
    old = ~young[at] if not waits.told else ~drawn | (side.at_s < waits.ripe_until_s)
    fit: np.ndarray = old & ~holes[at]
    return fit


# ---- detectors ---------------------------------------------------------------------------------------------


def _signals(before: Marked, drawn: Marked, reference: Window | None, current: Window, marks: Marking, told: Told,
             wait_s: float, job: Job) -> tuple[Signal, ...]:
    """The stream of errors, each counted once the usual wait for its outcome is over: quick outcomes (a click) would
    else look like a change whenever the log begins."""
    known = ~np.isnan(drawn.wrong)
    rows = drawn.some(known)
    with np.errstate(invalid="ignore"):
        came = np.fmax(rows.told_s, rows.at_s + wait_s)
    order = np.argsort(came, kind="stable")
    rows, came = rows.some(order), came[order]
    begins = reference.end_s if reference is not None and reference.end < current.end else \
        -math.inf if reference is None else current.start_s
    after = (rows.at_s >= begins) & (rows.at_s < current.end_s)
    known_before = before.wrong[~np.isnan(before.wrong)]
    rate = float(known_before.mean())
    what = {Task.NUMBERS: "large errors", Task.CHOICES: f"requests with {told.outcome}"}.get(marks.task, "errors")
    found: list[Signal] = []
    stream, at, asked = rows.wrong[after], came[after], rows.at_s[after]
    by_chance = len(stream) / ROWS_PER_FALSE_ALARM
    for run in _runs(bernoulli_cusum(stream, rate, most_alarms=MOST_ALARMS).alarms if len(stream) else ()):
        first, last = run[0], run[-1]
        began, known_at = from_epoch(asked[first.began]), from_epoch(at[first.index])
        later = float(stream[first.began: last.index + 1].mean())
        again = f"Lasting: {format_count(len(run))} alarms in a row." if len(run) > 1 else \
            f"Once; by chance alone {by_chance:.2g} such alarms were to be expected in {format_count(len(stream))} " \
            "outcomes."
        found.append(Signal(
            "CUSUM", known_at, began, first.rising, rate, later, len(run),
            f"CUSUM: {what} {'rose' if first.rising else 'fell'} from {format_value(rate, 'share')} in the reference "
            f"to {format_value(later, 'share')} since {format_time(began, relative=told.relative)}; noticed "
            f"{format_time(known_at, relative=told.relative)}, after "
            f"{format_count(first.index + 1 - first.began)} outcomes. {again}"))
    found = sorted(found, key=lambda one: (-one.times, one.at))[:MOST_CHANGES]
    job.stop_if_asked()
    each = max(1, -(-len(rows.wrong) // MOST_FOR_ADWIN))
    thinned, at, asked = rows.wrong[::each], came[::each], rows.at_s[::each]
    for changes in _same_way(adwin(thinned))[:MOST_CHANGES]:
        one, other = changes[0], changes[-1]
        began, known_at = from_epoch(asked[other.began]), from_epoch(at[one.index])
        rising = one.after > one.before
        found.append(Signal(
            "ADWIN", known_at, began, rising, one.before, other.after, len(changes),
            f"ADWIN: {what} {'rose' if rising else 'fell'} from {format_value(one.before, 'share')} to "
            f"{format_value(other.after, 'share')} around {format_time(began, relative=told.relative)}; noticed "
            f"{format_time(known_at, relative=told.relative)}."))
    return tuple(found)


def _runs(alarms: Sequence[CusumAlarm]) -> list[list[CusumAlarm]]:
    """Alarms of one direction in a row are one change: while a rate stays high, an alarm follows an alarm."""
    return [list(run) for _, run in groupby(alarms, key=lambda alarm: alarm.rising)]


def _same_way(changes: Sequence[AdwinChange]) -> list[list[AdwinChange]]:
    """The same of ADWIN, whose window lets its past go by and by: the last of a row has found where it began."""
    return [list(run) for _, run in groupby(changes, key=lambda change: change.after > change.before)]


# ---- P(Y) and P(Y|X) ---------------------------------------------------------------------------------------


def _relation(marks: Marking, before: Marked, now: Marked) -> Relation | Residuals | None:
    """None where no stratum has enough rows of both windows."""
    try:
        match marks.task:
            case Task.NUMBERS:
                return residuals(before.place, before.truth, now.place, now.truth)
            case Task.SCORES:
                return stratified(before.place, before.truth, now.place, now.truth)
            case Task.CLASSES:
                return within_classes(before.place, before.wrong, now.place, now.wrong)
            case Task.CHOICES:
                return within_classes(before.place, before.truth, now.place, now.truth)
    except TooFewRows:
        return None


def _outcome(marks: Marking, before: Marked, now: Marked, name: str) -> DriftView | None:
    """Outcomes of both windows as a column of their own: yes and no in points, as all rates."""
    samples = []
    for side in (before, now):
        truth = side.truth[side.known]
        if not len(truth):
            return None
        if marks.task is Task.CLASSES:
            names = (*marks.classes, "(other)")
            samples.append(ColumnSample(name, np.array([names[int(one)] for one in truth], dtype=object), Role.LABEL))
        else:
            role = Role.LABEL if marks.task is Task.NUMBERS else Role.CLICKED
            samples.append(ColumnSample(name, truth, role))
    view = compare([samples[0]], [samples[1]])
    return view if view.columns else None


def _said(marks: Marking, relation: Relation | Residuals, outcome: str) -> str:
    """What became of the outcome at the same answer."""
    result = relation.result
    same = {Task.SCORES: "At the same score", Task.NUMBERS: "At the same prediction",
            Task.CLASSES: "For the same answer", Task.CHOICES: "For the same choice"}[marks.task]
    rows = f"{format_count(result.n_reference)} against {format_count(result.n_current)} outcomes"
    p = p_text(result.p_value).removeprefix("adjusted ")
    if relation.verdict is Verdict.TOO_FEW:
        return f"{same}: too few to say, {rows}."
    if isinstance(relation, Residuals):
        slope = f"slope of the outcome on the prediction {from_to(relation.slope_reference, relation.slope_current)}"
        did = "the errors are distributed as before" if relation.verdict is Verdict.NONE else "the errors moved"
        return f"{same} {did}: D {result.effect:.3f} beyond chance within tenths, {slope}, {p}, {rows}."
    what = "errors" if marks.task is Task.CLASSES else outcome
    before, after = _standardised(relation.strata)
    places = f"{len(relation.strata)} {'tenths' if marks.task is Task.SCORES else 'answers'}"
    if relation.verdict is Verdict.NONE:
        did = "is as before" if result.p_value >= LEVEL else "moved too little to matter"
        return f"{same} the share of {what} {did}: {shares_from_to(before, after)} with the mix of answers of " \
               f"now, {p}, {rows} in {places}."
    if result.method == "cmh":
        return f"{same} the share of {what} {'rose' if result.effect > 0 else 'fell'}: " \
               f"{shares_from_to(before, after)} with the mix of answers of now, " \
               f"{abs(result.effect) * 100:.1f} points, {p}, {rows} in {places}."
    return f"{same} the share of {what} moved in both directions: {result.effect * 100:.1f} points on average beyond " \
           f"chance ({shares_from_to(before, after)} over all), {p}, {rows} in {places}."


def _standardised(strata: tuple[Stratum, ...]) -> tuple[float, float]:
    """Shares of both windows over the strata, with the current window's mix."""
    weights = np.array([stratum.n_current for stratum in strata], dtype=np.float64)
    before, now = (float(np.dot(weights, shares) / weights.sum()) for shares in (
        [stratum.reference for stratum in strata], [stratum.current for stratum in strata]))
    return before, now


def _strata_names(marks: Marking, relation: Relation | Residuals | None) -> tuple[str, ...]:
    if not isinstance(relation, Relation):
        return ()
    if marks.task is Task.SCORES:
        return tuple(f"from {format_number(one.low)}" if math.isfinite(one.low) else f"below {format_number(one.high)}"
                     for one in relation.strata)
    names = (*marks.classes, "(other)")
    return tuple(names[int(one.low)] for one in relation.strata)


def _no_labels(now: Marked, ripe: Marked) -> str:
    known, judged = int(now.known.sum()), int(ripe.known.sum())
    if not known:
        return "No outcome of the current window has come yet."
    if judged:
        return f"Too few outcomes to say: {format_count(judged)} of the current window."
    return f"The {format_count(known)} outcomes of the current window are too young to be judged: what comes first " \
           f"is not typical."


# ---- figures, with labels and without ----------------------------------------------------------------------


def _figures(marks: Marking, before: Marked, now: Marked, ripe: Marked, labelled: bool, told: Told
             ) -> tuple[tuple[Figure, ...], tuple[LabelShift, ...], tuple[str, ...]]:
    """All requests of the current window count for what is expected, those old enough for what is known."""
    notes: list[str] = []
    known = ripe if labelled else ripe.some(np.zeros(len(ripe.at_s), dtype=bool))
    rows: list[tuple[str, str, float, float, Estimate]] = []
    shift: tuple[LabelShift, ...] = ()
    none = Estimate(NAN, NAN, NAN)
    match marks.task:
        case Task.SCORES:
            expected = _estimated(marks, before, now)
            old, new = _of_scores(marks, before), _of_scores(marks, known)
            shift = _shift(np.where(before.place >= marks.threshold, "1", "0"), before,
                           np.where(now.place >= marks.threshold, "1", "0"), now)
            names = {"positive_rate": f"Share of {told.outcome}", "accuracy": "Accuracy", "precision": "Precision",
                     "recall": "Recall", "auc": "AUC"}
            rows = [(title, "" if key == "auc" else "share", old[key], new[key],
                     getattr(expected, key) if expected is not None else none) for key, title in names.items()]
            notes.append(f"Positive from a score of {format_number(marks.threshold)} on.")
        case Task.NUMBERS:
            cuts = tenths(before.place[before.known])
            expects = [_mean(_tenth(cuts, before.place), values, _tenth(cuts, now.place))
                       for values in (before.loss, before.truth - before.place)]
            rows = [("Mean absolute error", "", _nanmean(before.loss), _nanmean(known.loss), expects[0]),
                    ("Mean error", "", _nanmean(before.truth - before.place), _nanmean(known.truth - known.place),
                     expects[1])]
            notes.append(f"A large error is one above {format_number(marks.large)}, as a tenth of the reference's.")
        case Task.CLASSES:
            expect = _mean(before.place, 1 - before.wrong, now.place)
            rows = [("Accuracy", "share", _nanmean(1 - before.wrong), _nanmean(1 - known.wrong), expect)]
            names_of = np.array([*marks.classes, "(other)"], dtype=object)
            sides = [names_of[np.where(np.isnan(side.place), len(marks.classes), side.place).astype(int)]
                     for side in (before, now)]
            shift = _shift(sides[0], before, sides[1], now, names_of)
            for one in shift[:5]:
                real = _nanmean((known.truth == marks.classes.index(one.label)).astype(float)) \
                    if one.label in marks.classes and len(known.truth) else NAN
                rows.append((f"Share of {one.label}", "share", one.reference, real,
                             Estimate(one.current, one.low, one.high)))
        case Task.CHOICES:
            expect = _mean(before.place, before.loss, now.place)
            rows = [(f"Rate of {told.outcome}", "share", _nanmean(before.loss), _nanmean(known.loss), expect)]
    if any(not math.isnan(row[-1].value) for row in rows):
        notes.insert(0, f"Expected without labels. {ASSUMPTION}")
    if shift and marks.task is Task.SCORES:
        one = shift[-1]
        notes.append(f"By the shares of what was predicted alone (BBSE), {told.outcome} is to be expected in "
                     f"{format_value(one.current, 'share')} ({format_value(one.low, 'share')} to "
                     f"{format_value(one.high, 'share')}). {SHIFT_ASSUMPTION}")
    elif shift:
        notes.append(f"Shares of classes expected by BBSE. {SHIFT_ASSUMPTION}")
    return tuple(Figure(name, unit, old, new, expect.value, expect.low, expect.high)
                 for name, unit, old, new, expect in rows), shift, tuple(notes)


def _tenth(cuts: Floats, place: Floats) -> Floats:
    return np.where(np.isnan(place), np.nan, np.searchsorted(cuts, place, "right").astype(np.float64))


def _of_scores(marks: Marking, side: Marked) -> dict[str, float]:
    known = side.known
    score, truth = side.place[known], side.truth[known]
    positive = score >= marks.threshold
    hits = float((positive & (truth == 1)).sum())
    n, true = len(truth), float(truth.sum())
    auc = rank_sum(score, truth)[0] if 0 < true < n else NAN
    return {"positive_rate": true / n if n else NAN,
            "accuracy": float((positive == (truth == 1)).mean()) if n else NAN,
            "precision": hits / float(positive.sum()) if positive.any() else NAN,
            "recall": hits / true if true else NAN, "auc": auc}


def _estimated(marks: Marking, before: Marked, now: Marked) -> EstimatedPerformance | None:
    try:
        return estimated_performance(now.place, threshold=marks.threshold,
                                     calibrated=calibration(before.place, before.truth))
    except TooFewRows:
        return None


def _mean(place_before: Floats, value: Floats, place_now: Floats) -> Estimate:
    try:
        return expected_mean(place_before, value, place_now)
    except TooFewRows:
        return Estimate(NAN, NAN, NAN)


def _shift(said_before: np.ndarray, before: Marked, said_now: np.ndarray, now: Marked,
           names: np.ndarray | None = None) -> tuple[LabelShift, ...]:
    known = before.known
    truth = before.truth[known]
    labels = names[truth.astype(int)] if names is not None else np.where(truth == 1, "1", "0")
    try:
        return label_shift(said_before[known], labels, said_now[~np.isnan(now.place)])
    except TooFewRows:
        return ()


def _nanmean(values: Floats) -> float:
    kept = values[~np.isnan(values)]
    return float(kept.mean()) if len(kept) else NAN
