"""Whether outcomes still follow from the score as they did: P(Y|X), apart from what moved in P(X) and in P(Y)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from console.drift.ks import beyond_chance, of_sorted
from console.drift.result import NAN, Floats, TestResult
from console.drift.verdict import LEVEL, Scale, enough, judge, limits
from console.drift.view import Verdict
from console.errors import TooFewRows

RARE_WATCH, RARE_ALARM = 0.2, 0.5
"""Of a rare outcome such shares of its rate count as the points of other rates: of clicks in 4 % of the requests half
may go without 3 points."""
ALARM_LEVEL = 0.01
"""Of few rows, what chance gives in one of 20 windows is always larger than 3 points: it is watched and no alarm."""
STRATA = 10
LEAST_IN_STRATUM = 10
"""Rows of one window in a stratum; strata with fewer are left out."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """One tenth of the reference's scores: rows and shares of the label on both sides."""

    low: float
    high: float
    n_reference: int
    n_current: int
    reference: float
    current: float


@dataclass(frozen=True, slots=True)
class Relation:
    """What became of the label at the same score.

    result    of two tests, p doubled, the one with the worse verdict, then the surer: Cochran, Mantel and Haenszel's,
              for a shift in one direction, and the sum of the strata's chi-squares, for a relation that turned around.
              Effect: the label's share at the current scores, minus what it was at such scores, in the direction test;
              in the other the root mean square of the differences, less what chance gives
    cmh, cmh_p, odds_ratio   the first test, without a continuity correction, and the common odds ratio
    apart, apart_p           the second
    """

    result: TestResult
    verdict: Verdict
    cmh: float
    cmh_p: float
    odds_ratio: float
    apart: float
    apart_p: float
    strata: tuple[Stratum, ...]


def stratified(score_reference: ArrayLike, label_reference: ArrayLike, score_current: ArrayLike,
               label_current: ArrayLike) -> Relation:
    """Label (0 or 1) by window within tenths of the reference's scores. Rows without score or label are left out.

    Quiet when only the mix of inputs has moved; a relation that turned around is seen though no share has changed.
    Raises TooFewRows where no stratum has 10 rows of each window; ValueError for labels other than 0 and 1.
    Source: N. Mantel and W. Haenszel, J. Natl. Cancer Inst. 22 (1959), 719-748.
    """
    (a, x), (b, y) = _known(score_reference, label_reference), _known(score_current, label_current)
    for labels in (x, y):
        if np.any((labels != 0) & (labels != 1)):
            raise ValueError("Labels are 0 and 1 here")
    cuts = tenths(a)
    table = [[np.bincount(np.searchsorted(cuts, score, "right"), weight, len(cuts) + 1)
              for weight in (labels, 1 - labels)] for score, labels in ((a, x), (b, y))]
    cells = np.array(table).transpose(2, 0, 1)                     # stratum, window, hit or miss
    enough = cells.sum(axis=2).min(axis=1) >= LEAST_IN_STRATUM
    if not enough.any():
        raise TooFewRows(f"No tenth of the scores has {LEAST_IN_STRATUM} rows of each window",
                         do="Choose longer windows")
    edges = np.concatenate([[-np.inf], cuts, [np.inf]])
    kept = cells[enough]
    strata = tuple(Stratum(float(edges[k]), float(edges[k + 1]), int(n), int(m), float(p), float(q))
                   for k, n, m, p, q in zip(np.flatnonzero(enough), kept[:, 0].sum(1), kept[:, 1].sum(1),
                                            kept[:, 0, 0] / kept[:, 0].sum(1), kept[:, 1, 0] / kept[:, 1].sum(1),
                                            strict=True))
    return _relation(kept, strata)


def within_classes(class_reference: ArrayLike, hit_reference: ArrayLike, class_current: ArrayLike,
                   hit_current: ArrayLike) -> Relation:
    """The same where the answer is a class (whole numbers): whether it was right, or taken, by window within each.

    Raises TooFewRows where no class has 10 rows of each window.
    """
    (a, x), (b, y) = _known(class_reference, hit_reference), _known(class_current, hit_current)
    found = np.union1d(a, b)
    table = [[np.bincount(np.searchsorted(found, place), weight, len(found)) for weight in (hits, 1 - hits)]
             for place, hits in ((a, x), (b, y))]
    cells = np.array(table).transpose(2, 0, 1)
    enough = cells.sum(axis=2).min(axis=1) >= LEAST_IN_STRATUM
    if not enough.any():
        raise TooFewRows(f"No answer has {LEAST_IN_STRATUM} rows of each window", do="Choose longer windows")
    kept = cells[enough]
    strata = tuple(Stratum(float(place), float(place), int(n), int(m), float(p), float(q))
                   for place, n, m, p, q in zip(found[enough], kept[:, 0].sum(1), kept[:, 1].sum(1),
                                                kept[:, 0, 0] / kept[:, 0].sum(1), kept[:, 1, 0] / kept[:, 1].sum(1),
                                                strict=True))
    return _relation(kept, strata)


def cochran_mantel_haenszel(cells: ArrayLike) -> tuple[float, float, float]:
    """Chi-square with one degree of freedom, its p, and the common odds ratio of window 1 to window 2.

    cells   shape (strata, 2, 2): window by hit or miss. No continuity correction. nan where no stratum varies.
    """
    from scipy.special import chdtrc

    table = np.asarray(cells, dtype=np.float64)
    total = table.sum(axis=(1, 2))
    rows, columns = table.sum(axis=2), table.sum(axis=1)
    varies = total > 1
    expected = rows[:, 0] * columns[:, 0] / np.maximum(total, 1)
    variance = rows.prod(axis=1) * columns.prod(axis=1) / np.maximum(total**2 * (total - 1), 1)
    spread = float(variance[varies].sum())
    above = float((table[:, 0, 0] * table[:, 1, 1] / np.maximum(total, 1)).sum())
    below = float((table[:, 0, 1] * table[:, 1, 0] / np.maximum(total, 1)).sum())
    ratio = above / below if below else math.inf if above else NAN
    if spread <= 0:
        return NAN, NAN, ratio
    statistic = float((table[:, 0, 0] - expected)[varies].sum()) ** 2 / spread
    return statistic, float(chdtrc(1, statistic)), ratio


def _relation(cells: Floats, strata: tuple[Stratum, ...]) -> Relation:
    from scipy.special import chdtrc

    n, m = int(cells[:, 0].sum()), int(cells[:, 1].sum())
    cmh, cmh_p, ratio = cochran_mantel_haenszel(cells)
    sizes = cells.sum(axis=2)
    share = cells[:, :, 0] / sizes
    pooled = cells[:, :, 0].sum(axis=1) / sizes.sum(axis=1)
    variance = pooled * (1 - pooled) * (1 / sizes[:, 0] + 1 / sizes[:, 1])
    varies = variance > 0
    if not varies.any():
        none = TestResult(0.0, 1.0, 0.0, "difference", n, m, method="constant")
        return Relation(none, judge(1.0, 0.0, Scale.RATE, n, m), 0.0, 1.0, NAN, 0.0, 1.0, strata)
    gap = (share[:, 1] - share[:, 0])[varies]
    apart = float(np.sum(gap**2 / variance[varies]))
    apart_p = float(chdtrc(int(varies.sum()), apart))
    weight = sizes[varies, 1] / sizes[:, 1].sum()
    shifted = float(np.dot(weight, gap))
    turned = math.sqrt(max(0.0, float(np.dot(weight, gap**2 - variance[varies]))))
    rate = float(cells[:, :, 0].sum()) / (n + m)
    tests = (TestResult(cmh, min(1.0, 2 * cmh_p), shifted, "difference", n, m, method="cmh"),
             TestResult(apart, min(1.0, 2 * apart_p), turned, "difference", n, m, method="strata"))
    result = min(tests, key=lambda one: (list(Verdict).index(_judged(one, rate)), one.p_value, one.method))
    return Relation(result, _judged(result, rate), cmh, cmh_p, ratio, apart, apart_p, strata)


def _judged(result: TestResult, rate: float) -> Verdict:
    """By points; of a rare outcome, or one that hardly ever fails to come, by the share of its rate if that is less."""
    rare = min(rate, 1 - rate)
    watch, alarm = limits(Scale.RATE)
    if not enough(result.n_reference, result.n_current):
        return Verdict.TOO_FEW
    if not result.p_value < LEVEL or abs(result.effect) < min(watch, RARE_WATCH * rare):
        return Verdict.NONE
    sure = result.p_value < ALARM_LEVEL and abs(result.effect) >= min(alarm, RARE_ALARM * rare)
    return Verdict.ALARM if sure else Verdict.WATCH


@dataclass(frozen=True, slots=True)
class Residuals:
    """A regression's errors at the same prediction. result: the least p of the tenths' Kolmogorov-Smirnov tests and of
    the slope, for their number; the effect is D within tenths, their mean by rows less what chance gives."""

    result: TestResult
    verdict: Verdict
    slope_reference: float
    slope_current: float
    slope_p: float
    worst_low: float             # the tenth of predictions whose residuals moved most
    worst_high: float


def residuals(predicted_reference: ArrayLike, actual_reference: ArrayLike, predicted_current: ArrayLike,
              actual_current: ArrayLike) -> Residuals:
    """Actual minus predicted, compared within tenths of the reference's predictions, and the slope of actual on
    predicted. Rows without either are left out. Quiet when only the mix of inputs has moved.

    Raises TooFewRows where no tenth has 10 rows of each window.
    """
    (a, x), (b, y) = _known(predicted_reference, actual_reference), _known(predicted_current, actual_current)
    cuts = tenths(a)
    place, other = np.searchsorted(cuts, a, "right"), np.searchsorted(cuts, b, "right")
    edges = np.concatenate([[-np.inf], cuts, [np.inf]])
    tests: list[tuple[int, TestResult]] = []
    for k in range(len(cuts) + 1):
        one, two = np.sort((x - a)[place == k]), np.sort((y - b)[other == k])
        if min(len(one), len(two)) >= LEAST_IN_STRATUM:
            tests.append((k, of_sorted(one, two)))
    if not tests:
        raise TooFewRows(f"No tenth of the predictions has {LEAST_IN_STRATUM} rows of each window",
                         do="Choose longer windows")
    (before, se), (after, other_se) = _slope(a, x), _slope(b, y)
    spread = math.hypot(se, other_se)
    slope_p = math.erfc(abs(after - before) / spread / math.sqrt(2)) if spread > 0 else 1.0
    n, m = sum(test.n_reference for _, test in tests), sum(test.n_current for _, test in tests)
    effect = max(0.0, sum(test.n_current / m * beyond_chance(test.effect, test.n_reference, test.n_current)
                          for _, test in tests))
    worst, test = min(tests, key=lambda pair: (pair[1].p_value, -pair[1].effect))
    p_value = min(1.0, (len(tests) + 1) * min(test.p_value, slope_p))
    result = TestResult(test.statistic, p_value, effect, "excess D", n, m, method="strata")
    return Residuals(result, judge(p_value, effect, Scale.DISTANCE, n, m), before, after, slope_p,
                     float(edges[worst]), float(edges[worst + 1]))


def what_moved(inputs: Verdict, outcome: Verdict, relation: Verdict | None) -> str:
    """One sentence: which of P(X), P(Y), P(Y|X) moved. relation None: labels are not there yet."""
    moved = (Verdict.WATCH, Verdict.ALARM)
    if relation is None:
        return "The inputs moved, P(X); whether outcomes still follow from them is not known before labels come." \
            if inputs in moved else "The inputs did not move, P(X); of P(Y|X) nothing is known before labels come."
    if relation is Verdict.TOO_FEW:
        return "Too few labels to say whether outcomes still follow from the score, P(Y|X)."
    if relation in moved:
        return "At the same score outcomes are no longer what they were: P(Y|X) moved" + (
            ", and the inputs too, P(X)." if inputs in moved else "; the inputs did not, P(X).")
    if inputs in moved:
        return "The inputs moved, P(X)" + (", and the outcomes with them, P(Y)" if outcome in moved else "") \
            + "; at the same score outcomes are as before, P(Y|X)."
    if outcome in moved:
        return "The share of outcomes moved, P(Y), though neither the inputs, P(X), nor the relation, P(Y|X), shows it."
    return "No difference shown: neither P(X) nor P(Y) nor P(Y|X) moved."


def tenths(scores: Floats) -> Floats:
    """The cuts between tenths of the reference's scores; equal scores stay together."""
    return np.unique(np.quantile(scores, np.arange(1, STRATA) / STRATA, method="higher"))


def _known(scores: ArrayLike, labels: ArrayLike) -> tuple[Floats, Floats]:
    a, x = (np.asarray(side, dtype=np.float64).ravel() for side in (scores, labels))
    both: NDArray[np.bool_] = ~(np.isnan(a) | np.isnan(x))
    if not both.any():
        raise TooFewRows("One window has no row with both score and label", do="Wait for labels, or choose another")
    return a[both], x[both]


def _slope(predicted: Floats, actual: Floats) -> tuple[float, float]:
    """Of actual on predicted by least squares, and its standard error (that of White: errors of unequal size)."""
    centred = predicted - predicted.mean()
    square = float(np.dot(centred, centred))
    if square <= 0 or len(predicted) < 3:
        return NAN, 0.0
    slope = float(np.dot(centred, actual)) / square
    left = actual - actual.mean() - slope * centred
    return slope, math.sqrt(float(np.dot(centred**2, left**2))) / square
