"""Two shares compared: missing values, clicks, failures."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from console.drift.result import TestResult, sorted_values

Z_95 = 1.959963984540054
SMALL_EXPECTED = 5
"""Expected counts below this are too few for a normal or chi-square law (Cochran 1954)."""


def proportions(reference: ArrayLike, current: ArrayLike) -> TestResult:
    """Two samples of 0 and 1 (or False and True); NaN is dropped. See `two_proportions`."""
    sides = sorted_values(reference), sorted_values(current)
    for side in sides:
        if np.any((side != 0) & (side != 1)):
            raise ValueError("A proportion is counted from 0 and 1 only")
    (hits_reference, n), (hits_current, m) = ((int(side.sum()), len(side)) for side in sides)
    return two_proportions(hits_reference, n, hits_current, m)


def two_proportions(hits_reference: int, n_reference: int, hits_current: int, n_current: int) -> TestResult:
    """Whether a share has changed. Effect: current minus reference (0.03 is 3 points), with Newcombe's interval.

    The statistic is the pooled z; p is Fisher's where an expected count is below 5.
    """
    n, m = n_reference, n_current
    p, q = hits_reference / n, hits_current / m
    pooled = (hits_reference + hits_current) / (n + m)
    spread = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    z = (q - p) / spread if spread else 0.0
    few = min(n, m) * min(pooled, 1 - pooled) < SMALL_EXPECTED
    if few:
        p_value, method = fisher(hits_reference, n - hits_reference, hits_current, m - hits_current), "fisher"
    else:
        p_value, method = math.erfc(abs(z) / math.sqrt(2)), "z"
    low, high = newcombe(hits_reference, n, hits_current, m)
    extra = {"reference": p, "current": q, "ratio": q / p if p else float("nan")}
    return TestResult(z, p_value, q - p, "difference", n, m, low, high, method=method, extra=extra)


def newcombe(hits_reference: int, n_reference: int, hits_current: int, n_current: int) -> tuple[float, float]:
    """95 % interval of current minus reference, from two Wilson intervals; never outside [-1, 1].

    Source: R. G. Newcombe, Statist. Med. 17 (1998), 873-890, method 10.
    """
    p, q = hits_reference / n_reference, hits_current / n_current
    (low_p, high_p), (low_q, high_q) = wilson(hits_reference, n_reference), wilson(hits_current, n_current)
    return (q - p - math.hypot(q - low_q, high_p - p), q - p + math.hypot(high_q - q, p - low_p))


def wilson(hits: int, n: int) -> tuple[float, float]:
    """95 % interval of one share. Source: E. B. Wilson, J. Am. Statist. Assoc. 22 (1927), 209-212."""
    share, z2 = hits / n, Z_95 * Z_95
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z_95 / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def fisher(a: int, b: int, c: int, d: int) -> float:
    """Two-sided exact p of a 2 x 2 table: the tables with these margins that are no likelier than this one."""
    from scipy.stats import fisher_exact

    return float(fisher_exact(np.array([[a, b], [c, d]])).pvalue)
