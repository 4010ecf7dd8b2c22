"""Anderson and Darling between two samples: as Cramer-von Mises, with the tails counted in full."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from console.drift.ks import widest_gap
from console.drift.result import Floats, TestResult, sorted_values
from console.errors import TooFewRows

LEAST_ROWS = 4
"""On both sides together; the variance of the statistic has N - 3 below the line."""
LEVELS = (0.25, 0.1, 0.05, 0.025, 0.01, 0.005, 0.001)
CRITICAL = (0.325, 1.226, 1.961, 2.718, 3.752, 4.592, 6.546)
"""Where the standardised statistic of two samples has these levels: Scholz and Stephens, table 1, b0 + b1 + b2."""


def anderson_darling(reference: ArrayLike, current: ArrayLike) -> TestResult:
    """The k-sample statistic for two, by middle ranks, standardised; p between 0.001 and 0.25, the ends of the table.

    p of 0.001 means at most that, 0.25 at least that. The effect is D, as for Kolmogorov-Smirnov. NaN is dropped,
    infinities are values like others; where all values are one and the same the statistic is 0 and p 1; fewer than
    four values on both sides together, or none on one, raise TooFewRows.
    Source: F. W. Scholz and M. A. Stephens, J. Am. Statist. Assoc. 82 (1987), 918-924, equation 7.
    """
    a, b = sorted_values(reference), sorted_values(current)
    n, m = len(a), len(b)
    if n + m < LEAST_ROWS:
        raise TooFewRows(f"Both sides together have fewer than {LEAST_ROWS} values",
                         do="Choose a window or a column that has more")
    if a[0] == b[0] and a[-1] == b[-1] and a[0] == a[-1]:
        return TestResult(0.0, 1.0, 0.0, "D", n, m, method="constant")
    raw = by_middle_ranks(a, b)
    statistic = (raw - 1) / math.sqrt(variance(n, m))
    return TestResult(statistic, tabled_p(statistic), widest_gap(a, b)[0], "D", n, m, method="table",
                      extra={"a2": raw})


def by_middle_ranks(a: Floats, b: Floats) -> float:
    """The statistic as it is: about 1 where nothing moved."""
    both = np.sort(np.concatenate([a, b]))
    total = len(both)
    values, ties = np.unique(both, return_counts=True)
    below = np.searchsorted(both, values, "left") + ties / 2
    weight = ties / total / (below * (total - below) - total * ties / 4)
    found = 0.0
    for side in (a, b):
        own = (np.searchsorted(side, values, "left") + np.searchsorted(side, values, "right")) / 2
        found += float(np.dot(weight, (total * own - below * len(side)) ** 2)) / len(side)
    return found * (total - 1) / total


def variance(n: int, m: int) -> float:
    """Of the statistic of two samples of one distribution."""
    total = n + m
    inverse = 1 / n + 1 / m
    sums = np.cumsum(1 / np.arange(total - 1, 1, -1))
    h = float(sums[-1]) + 1
    g = float((sums / np.arange(2, total)).sum())
    a = (4 * g - 6) + (10 - 6 * g) * inverse
    b = (2 * g - 4) * 4 + 16 * h + (2 * g - 14 * h - 4) * inverse - 8 * h + 4 * g - 6
    c = (6 * h + 2 * g - 2) * 4 + (4 * h - 4 * g + 6) * 2 + (2 * h - 6) * inverse + 4 * h
    d = (2 * h + 6) * 4 - 8 * h
    return (a * total**3 + b * total**2 + c * total + d) / ((total - 1.0) * (total - 2.0) * (total - 3.0))


def tabled_p(statistic: float) -> float:
    """p between the levels of the table: its logarithm is a parabola through them."""
    if statistic < CRITICAL[0]:
        return LEVELS[0]
    if statistic > CRITICAL[-1]:
        return LEVELS[-1]
    curve = np.polyfit(CRITICAL, np.log(LEVELS), 2)
    return float(np.exp(np.polyval(curve, statistic)))
