"""The energy distance: the squared gap between two distribution functions, added up over the values' own scale."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from console.drift.result import NAN, TestResult, sorted_values
from console.errors import TooFewRows

USUAL_LIMIT = 0.1
CHI_SQUARE_99 = 6.634896601021213
"""The 99 % point of chi-square with one degree of freedom: no weighted sum of such exceeds that times its mean more
often (G. J. Szekely and N. K. Bakirov, J. Statist. Plann. Inference 118 (2003))."""


def energy(reference: ArrayLike, current: ArrayLike) -> TestResult:
    """The root of twice the integral of (F - G)^2, in the root of the values' unit; 0 only for equal distributions.

    The effect divides it by the root of the reference's interquartile range, and is nan where that is 0. NaN is
    dropped, and so are infinities: they have no distance. Two equal constants are 0 apart; one value on a side is
    enough, none raises TooFewRows. p is nan. `limit`, on the effect: 0.1, or what chance reaches in at most 1 of 100
    cases if that is more. One wild value moves it.
    Source: G. J. Szekely and M. L. Rizzo, J. Statist. Plann. Inference 143 (2013), 1249-1272.
    """
    a, b = (side[np.isfinite(side)] for side in (sorted_values(reference), sorted_values(current)))
    if not len(a) or not len(b):
        raise TooFewRows("One side has no finite value", do="Choose a window or a column that has some")
    n, m = len(a), len(b)
    both = np.sort(np.concatenate([a, b]))
    steps = np.diff(both)
    gap = np.searchsorted(a, both[:-1], "right") / n - np.searchsorted(b, both[:-1], "right") / m
    distance = math.sqrt(2 * float(np.dot(gap * gap, steps)))
    share = np.arange(1, n + m) / (n + m)
    by_chance = 2 * (1 / n + 1 / m) * float(np.dot(share * (1 - share), steps))
    middle = float(np.subtract(*np.quantile(a, [0.75, 0.25])))
    relative, limit = NAN, NAN
    if middle > 0:
        relative = distance / math.sqrt(middle)
        limit = max(USUAL_LIMIT, math.sqrt(CHI_SQUARE_99 * by_chance / middle))
    return TestResult(distance, NAN, relative, "energy / root IQR", n, m, limit=limit, method="distance",
                      extra={"iqr": middle})
