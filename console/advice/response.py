"""What could have answered since the shock: the model, a pause, or a heuristic, at what cost an hour."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from console.advice import learners
from console.advice.costs import costs_used, decided, of_choices
from console.advice.differences import Estimate, estimate
from console.advice.labelled import Labelled, OutcomeKind
from console.advice.view import CostLine, CostsUsed, ResponseView
from console.drift.result import NAN, Floats
from console.drift.words import quoted
from console.errors import TooFewRows
from console.jobs import Job, SilentJob
from console.metrics.format import format_number, format_time
from console.window import from_epoch

HOUR = 3600.0
MOST_BUCKETS = 60
LEAST_IN_BUCKET = 5
LEAST_BEFORE, LEAST_SINCE = 200, 100
"""Outcomes that must have come before the shock for anything to be learned, and since for anything to be compared."""
LEAST_VERSION = 200
"""Outcomes of another version since the shock, to be put beside the model."""
TRAILING = 8
"""So many buckets must speak for the model before it is switched back to."""


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    name: str
    title: str
    costs: Floats                # shape (rows,)
    against: Floats              # what it is compared with on the same requests


def simulate(rows: Labelled, shock_s: float, until_s: float, said: Mapping[str, float], job: Job | None = None, *,
             relative: bool = False) -> ResponseView:
    """Costs since the shock, from outcomes that had come by `until_s`.

    said  costs that are set, see `costs`
    Raises TooFewRows, JobStopped.
    """
    job = job or SilentJob()
    learned = rows.known(shock_s) & (rows.at_s < shock_s)
    after = rows.known(until_s) & (rows.at_s >= shock_s)
    for n, least, when in ((int(learned.sum()), LEAST_BEFORE, "before"), (int(after.sum()), LEAST_SINCE, "since")):
        if n < least:
            raise TooFewRows(f"Only {n:,} outcomes {when} the shock are known; {least} are needed",
                             do="Choose another time, or wait for outcomes")
    costs = costs_used(rows, rows.truth[learned], said)
    since = rows.at_s >= shock_s
    bucket_s = HOUR * max(1, math.ceil((until_s - shock_s) / HOUR / MOST_BUCKETS))
    bucket = np.floor((rows.at_s - shock_s) / bucket_s).astype(np.int64)
    count = int(bucket[since].max()) + 1
    model = np.where(after, of_choices(rows, decided(rows, costs), costs), NAN)
    lines = [_Line("model", "Model as logged", model, model)]
    for make in (_pause, _constant, _stump, _shadow, _version, _expression):
        job.stop_if_asked()
        made = make(rows, costs, learned, after, model)
        lines += [made] if made is not None else []
    if not np.isfinite(rows.answer[after]).any():
        raise TooFewRows("The log has no answers of a model since the shock", do="Choose another time")
    requests = np.bincount(bucket[since], minlength=count)[:count].astype(np.float64) * rows.each
    hours = (until_s - shock_s) / HOUR
    told = [_told(line, lines, bucket, since, requests, bucket_s, hours) for line in lines]
    best, sure, sentence = _recommended(told, costs)
    back, back_sentence = _switch_back(lines, told, best, bucket, after, shock_s, bucket_s, relative)
    starts: Floats = shock_s + bucket_s * np.arange(count, dtype=np.float64)
    return ResponseView(starts, bucket_s, tuple(told), best, sure, sentence, back,
                        back_sentence, costs, int(requests.sum()))


# ---- what could answer -------------------------------------------------------------------------------------


Flags = NDArray[np.bool_]
Make = Callable[[Labelled, CostsUsed, Flags, Flags, Floats], "_Line | None"]


def _line(rows: Labelled, costs: CostsUsed, after: Flags, model: Floats, name: str, title: str,
          choice: Floats) -> _Line:
    return _Line(name, title, np.where(after, of_choices(rows, choice, costs), NAN), model)


def _pause(rows: Labelled, costs: CostsUsed, learned: Flags, after: Flags, model: Floats) -> _Line:
    return _line(rows, costs, after, model, "pause", "Pause, no answers", np.full(len(rows), NAN))


def _constant(rows: Labelled, costs: CostsUsed, learned: Flags, after: Flags, model: Floats) -> _Line:
    value = constant(rows, costs, learned)
    said = format_number(value) if rows.kind is OutcomeKind.AMOUNTS else \
        quoted(rows.classes[int(value)]) if rows.kind is OutcomeKind.CLASSES else "yes" if value >= 0.5 else "no"
    return _line(rows, costs, after, model, "constant", f"Always {said}", np.full(len(rows), value))


def constant(rows: Labelled, costs: CostsUsed, learned: Flags) -> float:
    """The best answer that is always the same, from these rows."""
    y = rows.truth[learned]
    if rows.kind is OutcomeKind.AMOUNTS:
        return float(np.median(y))
    if rows.kind is OutcomeKind.CLASSES:
        return float(np.argmax(np.bincount(y.astype(np.int64))))
    return float(y.mean() > costs.threshold)


def _stump(rows: Labelled, costs: CostsUsed, learned: Flags, after: Flags, model: Floats) -> _Line | None:
    rule = rule_of(rows, costs, learned)
    if rule is None:
        return None
    title = f"A rule: {rule.words(quoted(rule.column))}"
    return _line(rows, costs, after, model, "stump", title, rule.answers(rows.inputs))


def rule_of(rows: Labelled, costs: CostsUsed, learned: Flags) -> learners.Rule | None:
    """The best rule of one question, from these rows."""
    y = rows.truth[learned]
    weights = np.ones(len(y)) if rows.kind is not OutcomeKind.YES_NO else \
        np.where(y >= 0.5, costs.false_negative, costs.false_positive)
    return learners.stump(rows.kind, {name: cells[learned] for name, cells in rows.inputs.items()}, y, weights)


def _shadow(rows: Labelled, costs: CostsUsed, learned: Flags, after: Flags, model: Floats) -> _Line | None:
    return _told_choice(rows, costs, after, model, "shadow", "Shadow model, as logged", rows.shadow)


def _expression(rows: Labelled, costs: CostsUsed, learned: Flags, after: Flags, model: Floats) -> _Line | None:
    return _told_choice(rows, costs, after, model, "expression", "Your expression", rows.expression)


def _told_choice(rows: Labelled, costs: CostsUsed, after: Flags, model: Floats, name: str, title: str,
                 answers: Floats) -> _Line | None:
    if not np.isfinite(answers[after]).any():
        return None
    if rows.kind is OutcomeKind.YES_NO:
        scores = bool(np.any((answers > 0) & (answers < 1)))
        limit = costs.threshold if scores else 0.5
        answers = np.where(np.isfinite(answers), (answers >= limit).astype(np.float64), NAN)
    return _line(rows, costs, after, model, name, title, answers)


def _version(rows: Labelled, costs: CostsUsed, learned: Flags, after: Flags, model: Floats) -> _Line | None:
    """The last good version, where it answered: not the same requests, but those of the same hours."""
    names = sorted({str(one) for one in rows.version[after].tolist() if one is not None})
    if len(names) < 2:
        return None
    since = {name: int(np.count_nonzero(after & (rows.version == name))) for name in names}
    before = {name: int(np.count_nonzero(learned & (rows.version == name))) for name in names}
    current = max(names, key=lambda name: since[name])
    others = [name for name in names if name != current and before[name] and since[name] >= LEAST_VERSION]
    if not others:
        return None
    good = max(others, key=lambda name: before[name])
    there = rows.version == good
    return _Line("version", f"Version {quoted(good)}, where it answered", np.where(there, model, NAN),
                 np.where(there, NAN, model))


# ---- side by side ------------------------------------------------------------------------------------------


def _told(line: _Line, lines: Sequence[_Line], bucket: NDArray[np.int64], since: Flags, requests: Floats,
          bucket_s: float, hours: float) -> CostLine:
    count, per_hour = len(requests), requests / (bucket_s / HOUR)
    means, half = (np.full(count, NAN) for _ in range(2))
    at = np.where(since, bucket, -1)
    known = np.isfinite(line.costs) & (at >= 0)
    n = np.bincount(at[known], minlength=count)[:count]
    sums, squares = (np.bincount(at[known], weights=values, minlength=count)[:count]
                     for values in (line.costs[known], line.costs[known] ** 2))
    enough = n >= LEAST_IN_BUCKET
    means[enough] = sums[enough] / n[enough]
    spread = np.maximum(squares[enough] / n[enough] - means[enough] ** 2, 0.0) * n[enough] / (n[enough] - 1)
    half[enough] = 1.96 * np.sqrt(spread / n[enough])
    whole = estimate(line.costs, at)
    difference = _difference(line, at, among=max(1, len(lines) - 1))
    rate = float(requests.sum()) / hours
    said = f"{line.title}: {_per_hour(whole, rate)} an hour"
    if line.name != "model":
        said += f", {_signed(difference.mean * rate)} beside the model ({_signed(difference.low * rate)} to " \
                f"{_signed(difference.high * rate)})"
    return CostLine(line.name, line.title, means * per_hour, (means - half) * per_hour, (means + half) * per_hour,
                    whole.mean * rate, whole.low * rate, whole.high * rate, difference.mean * rate,
                    difference.low * rate, difference.high * rate, whole.n, f"{said}.")


def _difference(line: _Line, at: NDArray[np.int64], among: int = 1) -> Estimate:
    """To the model: on the same requests, or where those differ, within the same buckets."""
    if line.name == "model":
        return Estimate(0.0, 0.0, 0.0, int(np.isfinite(line.costs).sum()))
    both = np.isfinite(line.costs) & np.isfinite(line.against)
    if both.any():
        return estimate(np.where(both, line.costs - line.against, NAN), at, among)
    # Each request counts as its difference from what the other side costs in its bucket.
    count = int(at.max()) + 1
    sides = []
    for costs in (line.costs, line.against):
        known = np.isfinite(costs) & (at >= 0)
        n = np.bincount(at[known], minlength=count)
        sums = np.bincount(at[known], weights=costs[known], minlength=count)
        sides.append(np.divide(sums, n, out=np.full(count, NAN), where=n > 0))
    place = np.maximum(at, 0)
    own, others = (estimate(np.where(at >= 0, costs - other[place], NAN), at, among)
                   for costs, other in ((line.costs, sides[1]), (line.against, sides[0])))
    half = math.hypot(own.high - own.mean, others.high - others.mean)
    return Estimate(own.mean, own.mean - half, own.mean + half, own.n)


def _recommended(told: Sequence[CostLine], costs: CostsUsed) -> tuple[str, bool, str]:
    model, others = told[0], told[1:]
    better = [line for line in others if line.difference_high < 0]
    if better:
        best = min(better, key=lambda line: line.difference)
        answering = [line for line in better if line.name != "pause" and line.difference_low <= best.difference]
        if best.name == "pause" and answering:      # as far as is known no dearer, and somebody gets an answer
            best = min(answering, key=lambda line: line.difference)
        what = "Pause the model" if best.name == "pause" else f"Fall back: {best.title}"
        return best.name, True, (f"{what}. Since the shock that costs {_signed(best.difference)} an hour beside the "
                                 f"model ({_signed(best.difference_low)} to {_signed(best.difference_high)}, 95 %, "
                                 f"{best.n:,} outcomes).")
    if all(line.difference_low > 0 for line in others):
        near = min(others, key=lambda line: line.difference)
        return "model", True, (f"Keep the model: it costs {format_number(near.difference)} an hour less than the next "
                               f"best, {_lower(near.title)} ({format_number(near.difference_low)} to "
                               f"{format_number(near.difference_high)}).")
    alike = min((line for line in others if not line.difference_low > 0), key=lambda line: line.difference)
    return "model", False, (f"Not distinguishable yet: {_lower(alike.title)} costs neither less nor more than the "
                            f"model beyond chance ({model.n:,} outcomes). Keep the model.")


def _switch_back(lines: Sequence[_Line], told: Sequence[CostLine], best: str, bucket: NDArray[np.int64], after: Flags,
                 shock_s: float, bucket_s: float, relative: bool) -> tuple[datetime | None, str]:
    """When the model was first surely dearer than the heuristic, and when it was surely cheaper again after that."""
    last = int(bucket[after].max())
    paired = [line for line in lines if line.name not in ("model", "version")]
    lefts = {line.name: _first_dearer(line, bucket, after, last) for line in paired}
    fallen = [line for line in paired if lefts[line.name] is not None]
    if not fallen:
        near = min((view for view in told if view.name in lefts), key=lambda view: view.difference)
        return None, f"The model was at no time surely dearer than {_lower(near.title)}."
    line = min(fallen, key=lambda one: (one.name != best, lefts[one.name] or 0))
    left = lefts[line.name] or 0
    for end in range(left + TRAILING, last + 2):
        some = after & (bucket >= end - TRAILING) & (bucket < end)
        if estimate(line.costs[some] - line.against[some], bucket[some]).above:
            at = from_epoch(shock_s + end * bucket_s)
            return at, (f"Switching back is justified from {format_time(at, relative=relative)} on: over "
                        f"{TRAILING} buckets the model cost less than {_lower(line.title)}, beyond chance.")
    at = from_epoch(shock_s + left * bucket_s)
    return None, (f"Since {format_time(at, relative=relative)} it was sure that {_lower(line.title)} costs less; "
                  "switching back is not justified yet.")


def _first_dearer(line: _Line, bucket: NDArray[np.int64], after: Flags, last: int) -> int | None:
    """The number of buckets after which the model was surely dearer, over all of the time since the shock."""
    difference = line.costs - line.against
    for end in range(1, last + 2):
        some = after & (bucket < end)
        if estimate(difference[some], bucket[some]).below:
            return end
    return None


def _per_hour(found: Estimate, rate: float) -> str:
    return f"{format_number(found.mean * rate)} ({format_number(found.low * rate)} to " \
           f"{format_number(found.high * rate)})"


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{format_number(value)}"


def _lower(title: str) -> str:
    return f"{title[:1].lower()}{title[1:]}"
