"""How good answers were, bucket by bucket."""

from __future__ import annotations

import numpy as np

from console.drift.answers import Marked, Marking, Task
from console.drift.classifier import Z_95, auc_interval, rank_sum
from console.drift.outcomes_view import Measure
from console.drift.result import NAN, Floats

RARE = 0.1
"""Of rarer outcomes hardly any score says that they will come: then the errors are the outcomes, and AUC tells more."""


def measures(marks: Marking, before: Marked, drawn: Marked, edges: Floats, outcome: str) -> tuple[Measure, ...]:
    """What can be drawn over the buckets between the edges, shape (k + 1,), the most telling first.

    before  the rows of the reference that may be judged;  outcome  the name of its column
    """
    def mean_of(name: str, unit: str, old: Floats, values: Floats) -> Measure:
        return _mean(name, unit, old, drawn.at_s, values, edges)

    match marks.task:
        case Task.SCORES:
            errors = mean_of("error rate", "share", before.wrong, drawn.wrong)
            order = _auc(before, drawn, edges)
            rate = mean_of(f"rate of {outcome}", "share", before.truth, drawn.truth)
            rare = min(rate.usual, 1 - rate.usual) < RARE
            return (order, errors, rate) if rare else (errors, order, rate)
        case Task.NUMBERS:
            return (mean_of("mean absolute error", "", before.loss, drawn.loss),
                    mean_of("mean error", "", before.truth - before.place, drawn.truth - drawn.place))
        case Task.CLASSES:
            return (mean_of("error rate", "share", before.wrong, drawn.wrong),)
        case Task.CHOICES:
            return (mean_of(f"rate of {outcome}", "share", before.loss, drawn.loss),)


def _mean(name: str, unit: str, old: Floats, at_s: Floats, values: Floats, edges: Floats) -> Measure:
    k = len(edges) - 1
    known = ~np.isnan(values)
    place = np.clip(np.searchsorted(edges, at_s[known], side="right") - 1, 0, k - 1)
    kept = values[known]
    n = np.bincount(place, minlength=k).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.bincount(place, kept, minlength=k) / n
        if unit == "share":         # Wilson: at 0 of 20 the interval is not 0
            middle = (value + Z_95**2 / (2 * n)) / (1 + Z_95**2 / n)
            half = Z_95 * np.sqrt(value * (1 - value) / n + Z_95**2 / (4 * n**2)) / (1 + Z_95**2 / n)
        else:
            middle = value
            square = np.bincount(place, kept**2, minlength=k) / n - value**2
            half = np.where(n > 1, Z_95 * np.sqrt(np.maximum(square, 0.0) / np.maximum(n - 1, 1)), NAN)
    usual = old[~np.isnan(old)]
    return Measure(name, unit, float(usual.mean()) if len(usual) else NAN, value, middle - half, middle + half)


def _auc(before: Marked, drawn: Marked, edges: Floats) -> Measure:
    k = len(edges) - 1
    value, low, high = (np.full(k, NAN) for _ in range(3))
    known = drawn.some(drawn.known)
    place = np.searchsorted(edges, known.at_s, side="right") - 1
    order = np.argsort(place, kind="stable")
    cuts = np.searchsorted(place[order], np.arange(k + 1))
    for bucket in range(k):
        rows = order[cuts[bucket]: cuts[bucket + 1]]
        true = int(known.truth[rows].sum())
        if 0 < true < len(rows):
            value[bucket], _ = rank_sum(known.place[rows], known.truth[rows])
            low[bucket], high[bucket] = auc_interval(float(value[bucket]), len(rows) - true, true)
    old = before.some(before.known)
    usual = rank_sum(old.place, old.truth)[0] if 0 < old.truth.sum() < len(old.truth) else NAN
    return Measure("AUC", "", float(usual), value, low, high)
