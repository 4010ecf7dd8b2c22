"""Cramer and von Mises between two samples: the squared gap between distribution functions, over all ranks."""

from __future__ import annotations

from numpy.typing import ArrayLike

from console.drift.ks import widest_gap
from console.drift.result import TestResult, sorted_values
from console.errors import TooFewRows


def cramer_von_mises(reference: ArrayLike, current: ArrayLike) -> TestResult:
    """T, and p: exact up to 20 values on a side, else from the limit law. The effect is D, as for Kolmogorov-Smirnov.

    NaN is dropped, infinities are values like others, ties get their middle rank and make p approximate; where all
    values are one and the same T is 0 and p 1. Fewer than two values on a side raise TooFewRows.
    Source: T. W. Anderson, Ann. Math. Statist. 33 (1962), 1148-1159.
    """
    a, b = sorted_values(reference), sorted_values(current)
    n, m = len(a), len(b)
    if min(n, m) < 2:
        raise TooFewRows("One side has fewer than two values", do="Choose a window or a column that has more")
    if a[0] == b[0] and a[-1] == b[-1] and a[0] == a[-1]:
        return TestResult(0.0, 1.0, 0.0, "D", n, m, method="constant")
    from scipy.stats import cramervonmises_2samp

    found = cramervonmises_2samp(a, b)
    return TestResult(float(found.statistic), float(found.pvalue), widest_gap(a, b)[0], "D", n, m,
                      method="exact" if max(n, m) <= 20 else "limit")
