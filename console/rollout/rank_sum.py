"""The rank-sum judge, as Kayenta has it: paired series of a metric, one look a step.

Its constants are Kayenta's, where they are written into the code: a 98 % interval of the shift between the series by
Mann-Whitney, and a tolerance of a quarter of the mean of the control. High when the whole interval lies above the
tolerance, Low when it lies below, Pass otherwise. The interval is read off the ordered differences of all pairs
(Hodges and Lehmann 1963) instead of searched for with a root finder, which ties make noisy.

It is slow, and blind to variance and to few but gross bad points; that is told where it is offered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite, nan, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from console.rollout.finding import Finding, Outcome, Why

CONFIDENCE = 0.98
TOLERANCE = 0.25


class Grade(StrEnum):
    """Of one metric."""

    PASS = "pass"
    HIGH = "high"
    LOW = "low"
    NODATA = "nodata"


class ScoreGrade(StrEnum):
    """Of all metrics together."""

    PASS = "pass"
    MARGINAL = "marginal"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Judged:
    """A metric judged: the shift experiment less control and its interval, and the tolerance on both sides."""

    grade: Grade
    shift: float = nan
    low: float = nan
    high: float = nan
    tolerance: float = nan


def judge(control: ArrayLike, experiment: ArrayLike, *, confidence: float = CONFIDENCE,
          tolerance: float = TOLERANCE) -> Judged:
    """Compare two series of a metric, a point a minute; NaN is dropped.

    Nodata where a side has none. Equal series, and series of one value, pass.
    """
    before, after = (_kept(np.asarray(each, dtype=np.float64)) for each in (control, experiment))
    if not len(before) or not len(after):
        return Judged(Grade.NODATA)
    allowed = tolerance * abs(float(before.mean()))
    if (len(before) == len(after) and bool(np.array_equal(before, after))) \
            or len(np.unique(np.concatenate([before, after]))) == 1:
        return Judged(Grade.PASS, 0.0, 0.0, 0.0, allowed)
    gaps = np.sort(np.subtract.outer(after, before), axis=None)
    pairs, both = len(gaps), len(before) + len(after)
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    outside = int(pairs / 2 - z * sqrt(pairs * (both + 1) / 12))
    if outside < 0:
        low, high = -np.inf, np.inf         # too few points for an interval of that confidence
    else:
        low, high = float(gaps[outside]), float(gaps[pairs - 1 - outside])
    grade = Grade.HIGH if low > allowed else Grade.LOW if high < -allowed else Grade.PASS
    return Judged(grade, float(np.median(gaps)), low, high, allowed)


def score(grades: Mapping[str, Grade], groups: Mapping[str, str] | None = None,
          weights: Mapping[str, float] | None = None, critical: Iterable[str] = ()) -> float:
    """0 to 100: the weighted share of passing metrics by group; metrics without data count for nothing in it.

    groups   of each metric; all in one where it is not given
    weights  of each group, percent; what they leave is shared by the groups without one
    0 where a critical metric does not pass, and where half of all or more have no data.
    """
    if not grades or 2 * sum(each is Grade.NODATA for each in grades.values()) >= len(grades):
        return 0.0
    if any(grades.get(name) in (Grade.HIGH, Grade.LOW) for name in critical):
        return 0.0
    of_group: dict[str, list[Grade]] = {}
    for name, grade in grades.items():
        if grade is not Grade.NODATA:
            of_group.setdefault((groups or {}).get(name, ""), []).append(grade)
    given = {group: (weights or {})[group] for group in of_group if group in (weights or {})}
    rest = [group for group in of_group if group not in given]
    each = max(0.0, 100 - sum(given.values())) / len(rest) if rest else 0.0
    whole = {group: given.get(group, each) for group in of_group}
    total = sum(whole.values())
    passed = {group: sum(one is Grade.PASS for one in all_) / len(all_) for group, all_ in of_group.items()}
    return 100 * sum(whole[group] * passed[group] for group in whole) / total if total else 0.0


def graded(points: float, marginal: float, passing: float) -> ScoreGrade:
    """Fail < marginal <= Marginal < passing <= Pass."""
    return ScoreGrade.PASS if points >= passing else ScoreGrade.MARGINAL if points >= marginal else ScoreGrade.FAIL


class RankSum:
    """The judge as a gate: a point per slice, judged when it is asked.

    worse   1: High is the harm, -1: Low is, 0: both are
    """

    def __init__(self, *, worse: int = 1, tolerance: float = TOLERANCE, min_sample: int = 0) -> None:
        self.worse, self.tolerance, self.min_sample = worse, tolerance, min_sample
        self.control: list[float] = []
        self.experiment: list[float] = []
        self.n_c = self.n_s = 0.0

    def point(self, candidate: float, stable: float, n_c: float, n_s: float) -> None:
        """One more pair of points; a side without requests has nan."""
        self.experiment.append(candidate)
        self.control.append(stable)
        self.n_c += n_c
        self.n_s += n_s

    def start_again(self) -> None:
        """Forget the points: a new step has begun."""
        self.control, self.experiment = [], []
        self.n_c = self.n_s = 0.0

    def look(self, *, turns: bool = True) -> Finding:
        """One look."""
        found = judge(self.control, self.experiment, tolerance=self.tolerance)
        bad = (found.grade is Grade.HIGH and self.worse >= 0) or (found.grade is Grade.LOW and self.worse <= 0)
        if found.grade is Grade.NODATA:
            outcome, why = Outcome.HELD, Why.NO_DATA
        elif bad:
            outcome, why = Outcome.FAILED, Why.BEYOND
        elif self.n_c < self.min_sample:
            outcome, why = Outcome.HELD, Why.TOO_FEW
        else:
            outcome, why = Outcome.SUCCESSFUL, Why.WITHIN
        if not turns:
            return Finding(outcome, why)
        edge = found.low if self.worse >= 0 else -found.high
        return Finding(outcome, why, _mean(self.experiment), _mean(self.control), self.n_c, self.n_s, edge,
                       found.tolerance, abs(edge - found.tolerance) if isfinite(edge) else nan, found.low, found.high,
                       found.grade.value)


def _kept(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values[~np.isnan(values)]


def _mean(values: list[float]) -> float:
    kept = [each for each in values if each == each]
    return sum(kept) / len(kept) if kept else nan
