"""The slice-wise difference with the normal-mixture bound: means and shares, looked at as often as one likes.

Candidate and stable are compared within each slice of time, and the differences are added up: totals over a ramp would
compare the candidate's later requests with the earlier ones of stable, and blame it for the hour of the day.

S is the sum of what the candidate has above its expectation, V its variance: for shares in hits, for means in standard
deviations of the slice. Under no difference S stays below
    sqrt(2 (V + rho) ln(sqrt((V + rho) / rho) / (2 alpha) + 1))
for all time but with probability alpha, about.
Source: S. R. Howard, A. Ramdas, J. McAuliffe, J. Sekhon, Annals of Statistics 49 (2021), one-sided normal mixture.
"""

from __future__ import annotations

from math import log, nan, sqrt

from console.rollout.finding import Finding, Outcome, Why
from console.rollout.intervals import half_width
from console.rollout.slices import EMPTY, Slice

LEAST_VARIANCE = 2.0
"""Of a share, in hits: under it the normal bound is none."""

TUNED_FOR_HITS = 10.0
TUNED_FOR_ROWS = 500.0
"""The variance at which the bound is lowest: of a share in hits, of a mean in candidate requests."""


def mixture_bound(variance: float, alpha: float, tuned_for: float) -> float:
    """The level that S stays below."""
    spread = 2 * log(1 / (2 * alpha))
    rho = tuned_for / (spread + log(1 + spread))
    both = variance + rho
    return sqrt(2 * both * log(sqrt(both / rho) / (2 * alpha) + 1))


class Difference:
    """Evidence that the candidate's mean or share is worse by more than `margin`.

    margin      in the unit of the metric
    share       the metric is a share of requests; else a mean
    worse       1: higher is worse, -1: lower is, 0: either
    gain        a signal: good only when the candidate is shown to be better, or with a margin, to be no worse by more
    """

    def __init__(self, alpha: float, *, share: bool, margin: float = 0.0, min_sample: int = 0, worse: int = 1,
                 gain: bool = False) -> None:
        self.alpha, self.share, self.margin, self.min_sample = alpha, share, margin, min_sample
        self.worse, self.gain = worse, gain
        self._sides = (1, -1) if worse == 0 else (-worse if gain else worse,)
        self._sums = [0.0] * len(self._sides)
        self.variance = 0.0
        self._waiting = EMPTY
        self.total = EMPTY
        self.crossed = False
        self._weighted = self._weights = self._spread = 0.0

    def add(self, part: Slice) -> None:
        """One more slice of time. What is too thin to compare waits for the next one under the same weight."""
        self.total = self.total.plus(part)
        waiting = self._waiting
        if part.weight == waiting.weight and (waiting.n_c or waiting.n_s):
            part = waiting.plus(part)
        self._waiting = EMPTY
        if part.pairs:
            self._pairs(part)
        elif part.n_c < 1 or part.n_s < 1 or part.n_c + part.n_s < 4:
            self._waiting = part
        elif self.share:
            self._hits(part)
        else:
            self._means(part)
        self._check()

    def _hits(self, part: Slice) -> None:
        n_c, n_s = part.n_c, part.n_s
        n, hits = n_c + n_s, part.x_c + part.x_s
        size = n_c * n_s / n
        variance = size * hits * (n - hits) / (n * (n - 1))
        self._add(part.x_c - n_c * hits / n, size, variance, 1.0)
        self._estimate(part.x_c / n_c - part.x_s / n_s, size, variance / size**2)

    def _means(self, part: Slice) -> None:
        n_c, n_s = part.n_c, part.n_s
        mean_c, mean_s = part.x_c / n_c, part.x_s / n_s
        within = max(part.xx_c - n_c * mean_c**2, 0.0) + max(part.xx_s - n_s * mean_s**2, 0.0)
        if within <= 0:
            if mean_c != mean_s:
                self._waiting = part            # no spread yet to measure the difference with
            return
        spread = sqrt(within / (n_c + n_s - 2))
        size = n_c * n_s / (n_c + n_s)
        self._add(size * (mean_c - mean_s) / spread, size, size, spread)
        self._estimate(mean_c - mean_s, size, spread**2 / size)

    def _pairs(self, part: Slice) -> None:
        n = part.pairs
        if self.share:
            variance = part.only_c + part.only_s
            self._add(part.only_c - part.only_s, n, variance, 1.0)
            self._estimate((part.only_c - part.only_s) / n, n, variance / n**2)
            return
        within = part.dd - part.d**2 / n
        if n < 2 or within <= 0:
            self._waiting = part
            return
        spread = sqrt(within / (n - 1))
        self._add(part.d / spread, n, n, spread)
        self._estimate(part.d / n, n, spread**2 / n)

    def _add(self, excess: float, size: float, variance: float, spread: float) -> None:
        for place, side in enumerate(self._sides):
            self._sums[place] += side * excess + (size if self.gain else -size) * self.margin / spread
        self.variance += variance

    def _estimate(self, difference: float, size: float, variance: float) -> None:
        self._weighted += size * difference
        self._weights += size
        self._spread += size**2 * variance

    @property
    def bound(self) -> float:
        """What S must stay below."""
        return mixture_bound(self.variance, self.alpha / len(self._sides),
                             TUNED_FOR_HITS if self.share else TUNED_FOR_ROWS)

    @property
    def statistic(self) -> float:
        """S, on the worst side."""
        return max(self._sums)

    def _check(self) -> None:
        enough = self.variance >= LEAST_VARIANCE if self.share else self.total.n_c >= self.min_sample
        self.crossed = self.crossed or (enough and self.statistic > self.bound)

    def interval(self, alpha: float | None = None) -> tuple[float, float, float]:
        """The difference within slices, candidate less stable, and its two-sided interval for every look."""
        if not self._weights or not self._spread:
            return nan, nan, nan
        middle, error = self._weighted / self._weights, sqrt(self._spread) / self._weights
        half = half_width(error, self.total.n_c + self.total.n_s, self.alpha if alpha is None else alpha)
        return middle, middle - half, middle + half

    def look(self, *, turns: bool = True) -> Finding:
        """What is known by now."""
        total = self.total
        if total.n_c <= 0 or total.n_s <= 0:
            outcome, why = Outcome.HELD, Why.NO_DATA
        elif self.gain:
            outcome, why = (Outcome.SUCCESSFUL, Why.GAIN) if self.crossed else (Outcome.HELD, Why.NO_GAIN)
        elif self.crossed:
            outcome, why = Outcome.FAILED, Why.BEYOND
        elif total.n_c < self.min_sample:
            outcome, why = Outcome.HELD, Why.TOO_FEW
        else:
            outcome, why = Outcome.SUCCESSFUL, Why.WITHIN
        if not turns:
            return Finding(outcome, why)
        _, low, high = self.interval()
        return Finding(outcome, why, total.x_c / total.n_c if total.n_c else nan,
                       total.x_s / total.n_s if total.n_s else nan, total.n_c, total.n_s, self.statistic, self.bound,
                       self.min_sample - total.n_c if why is Why.TOO_FEW else self._turns(), low, high)

    def _turns(self) -> float:
        """By how much, in the unit of the metric, the mean difference would have to be other for the other verdict."""
        if not self._weights or not self.variance:
            return nan
        gap = abs(self.bound - self.statistic)
        per_unit = self._weights if self.share else self.variance / (sqrt(self._spread / self._weights) or 1.0)
        return gap / per_unit if per_unit else nan
