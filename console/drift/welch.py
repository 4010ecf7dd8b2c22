"""Welch's t: whether two means differ, without equal variances."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from console.drift.result import TestResult, sorted_values
from console.errors import TooFewRows


def welch(reference: ArrayLike, current: ArrayLike) -> TestResult:
    """t of reference minus current, and a two-sided p.

    Effect: the distance of the means in standard deviations (the root of the mean of both variances), without a sign.
    NaN is dropped, and so are infinities: they have no mean. Two equal constants give t 0 and p 1, two different ones
    an infinite t and effect and p 0. Fewer than two finite values on a side raise TooFewRows. One wild value moves it.
    Source: B. L. Welch, Biometrika 34 (1947), 28-35.
    """
    a, b = (side[np.isfinite(side)] for side in (sorted_values(reference), sorted_values(current)))
    n, m = len(a), len(b)
    if min(n, m) < 2:
        raise TooFewRows("One side has fewer than two finite values", do="Choose a window or a column that has more")
    difference = float(a.mean() - b.mean())
    one = 0.0 if a[0] == a[-1] else float(a.var(ddof=1)) / n
    other = 0.0 if b[0] == b[-1] else float(b.var(ddof=1)) / m
    extra = {"reference": float(a.mean()), "current": float(b.mean())}
    if one + other == 0:
        if a[0] == b[0]:
            return TestResult(0.0, 1.0, 0.0, "standard deviations", n, m, method="constant", extra=extra)
        return TestResult(math.copysign(math.inf, difference), 0.0, math.inf, "standard deviations", n, m,
                          method="constant", extra=extra)
    from scipy.special import stdtr

    statistic = difference / math.sqrt(one + other)
    degrees = (one + other) ** 2 / (one**2 / (n - 1) + other**2 / (m - 1))
    p_value = 2 * float(stdtr(degrees, -abs(statistic)))
    return TestResult(statistic, p_value, abs(difference) / math.sqrt((one * n + other * m) / 2),
                      "standard deviations", n, m, method="t", extra={**extra, "degrees": degrees})
