"""Performance before labels come, expected from calibrated scores."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from console.drift.classifier import Z_95, auc_interval
from console.drift.result import NAN, Floats
from console.errors import TooFewRows

LEAST_ROWS = 30
ASSUMPTION = "Holds only while outcomes follow from the score as in the reference: P(Y|X) has not moved."


@dataclass(frozen=True, slots=True)
class Estimate:
    """value, and the 95 % interval of what the labels could turn out to give in so many rows. nan: not defined."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class EstimatedPerformance:
    """Expected figures of one window; `assumption` has to stand beside them."""

    n: int
    positive_rate: Estimate
    accuracy: Estimate
    precision: Estimate
    recall: Estimate
    auc: Estimate
    assumption: str = ASSUMPTION


def calibration(score: ArrayLike, label: ArrayLike) -> tuple[Floats, Floats]:
    """The share of the label by score in the reference, never falling: (scores, shares) to interpolate between.

    Raises TooFewRows with fewer than 30 rows that have both. Source: R. E. Barlow et al., Statistical inference under
    order restrictions (1972); pool adjacent violators.
    """
    from scipy.optimize import isotonic_regression

    a, x = (np.asarray(side, dtype=np.float64).ravel() for side in (score, label))
    both = ~(np.isnan(a) | np.isnan(x))
    if int(both.sum()) < LEAST_ROWS:
        raise TooFewRows(f"Fewer than {LEAST_ROWS} rows of the reference have score and label",
                         do="Choose a reference with labels")
    found, place, counts = np.unique(a[both], return_inverse=True, return_counts=True)
    shares = np.bincount(place, x[both]) / counts
    return found, np.asarray(isotonic_regression(shares, weights=counts).x, dtype=np.float64)


def estimated_performance(score: ArrayLike, *, threshold: float = 0.5,
                          calibrated: tuple[Floats, Floats] | None = None) -> EstimatedPerformance:
    """What accuracy, precision, recall and AUC the scores of a window let expect; a row is positive from `threshold`.

    calibrated   from `calibration`; without it the scores themselves are taken as probabilities
    NaN scores are left out. Raises TooFewRows with fewer than 30 scores, ValueError where a score that is taken as a
    probability is none.
    Source: NannyML, confidence-based performance estimation; bands: the variance of independent labels.
    """
    scores = np.asarray(score, dtype=np.float64).ravel()
    scores = scores[~np.isnan(scores)]
    n = len(scores)
    if n < LEAST_ROWS:
        raise TooFewRows(f"Fewer than {LEAST_ROWS} scores", do="Choose a longer window")
    chance = scores if calibrated is None else np.interp(scores, *calibrated)
    if np.any((chance < 0) | (chance > 1)):
        raise ValueError("Scores that are no probabilities have to be calibrated first")
    positive = scores >= threshold
    doubt = chance * (1 - chance)
    right = np.where(positive, chance, 1 - chance)
    hits, missed = float(chance[positive].sum()), float(chance[~positive].sum())
    precision = _band(hits / positive.sum(), math.sqrt(float(doubt[positive].sum())) / positive.sum()) \
        if positive.any() else Estimate(NAN, NAN, NAN)
    recall = Estimate(NAN, NAN, NAN)
    if hits + missed > 0:
        spread = math.sqrt(missed**2 * float(doubt[positive].sum()) + hits**2 * float(doubt[~positive].sum()))
        recall = _band(hits / (hits + missed), spread / (hits + missed) ** 2)
    return EstimatedPerformance(n, _band(float(chance.mean()), math.sqrt(float(doubt.sum())) / n),
                                _band(float(right.mean()), math.sqrt(float(doubt.sum())) / n), precision, recall,
                                _auc(scores, chance))


def _auc(scores: Floats, chance: Floats) -> Estimate:
    """The chance that a positive row scores above a negative one, were labels drawn with these chances."""
    _, place = np.unique(scores, return_inverse=True)
    positives, negatives = np.bincount(place, chance), np.bincount(place, 1 - chance)
    all_positive, all_negative = float(positives.sum()), float(negatives.sum())
    if min(all_positive, all_negative) < 1:
        return Estimate(NAN, NAN, NAN)
    below = np.cumsum(negatives) - negatives
    value = float(np.dot(positives, below + negatives / 2)) / (all_positive * all_negative)
    low, high = auc_interval(value, max(1, round(all_negative)), max(1, round(all_positive)))
    return Estimate(value, low, high)


def _band(value: float, spread: float) -> Estimate:
    return Estimate(float(value), max(0.0, float(value - Z_95 * spread)), min(1.0, float(value + Z_95 * spread)))


def expected_mean(place_reference: ArrayLike, value_reference: ArrayLike, place_current: ArrayLike) -> Estimate:
    """The mean that a value (an error, a click) is to have in a window where it is not known yet, if at the same place
    (class, or tenth of the score: whole numbers) it is as in the reference. Places that the reference never had count
    as its mean.

    The interval is for the mean of so many rows, were each drawn from the reference's rows of its place.
    Raises TooFewRows with fewer than 30 known rows in the reference, or fewer than 30 places now.
    """
    place, value, now = (np.asarray(side, dtype=np.float64).ravel() for side in (place_reference, value_reference,
                                                                                 place_current))
    both = ~(np.isnan(place) | np.isnan(value))
    place, value, now = place[both], value[both], now[~np.isnan(now)]
    if min(len(place), len(now)) < LEAST_ROWS:
        raise TooFewRows(f"Fewer than {LEAST_ROWS} rows with an answer", do="Choose longer windows")
    found, which = np.unique(place, return_inverse=True)
    n = np.bincount(which)
    mean = np.bincount(which, value) / n
    square = np.maximum(np.bincount(which, value**2) / n - mean**2, 0.0)
    at = np.minimum(np.searchsorted(found, now), len(found) - 1)
    known = found[at] == now
    each = np.where(known, mean[at], value.mean())
    counts = np.bincount(at[known], minlength=len(found))
    spread = float((np.where(known, square[at], value.var())).sum()) + float((counts**2 * square / n).sum())
    half = Z_95 * math.sqrt(spread) / len(now)
    middle = float(each.mean())
    return Estimate(middle, middle - half, middle + half)
