"""Kolmogorov-Smirnov with p counted over all orderings of the rows."""

from __future__ import annotations

import math

from numpy.typing import ArrayLike

from console.drift.ks import EXACT_AT_MOST, exact_p, widest_gap
from console.drift.ks_asymptotic import finite_p
from console.drift.result import TestResult, sorted_values

SURELY_CHANCE = 0.2
"""Below this scaled D, p is 1 within 1e-9; there scipy's counting may round above 1, warns, and gives up."""


def exact_kolmogorov_smirnov(reference: ArrayLike, current: ArrayLike) -> TestResult:
    """D, and the share of all orderings of these rows whose D is at least as large.

    NaN is dropped, infinities are values like others, ties and constants make p too large (on the safe side), one
    value on a side is enough, none raises TooFewRows. With more than 10,000 values on a side orderings are too many to
    count: p is the asymptotic one then, and `method` says so.
    Source: J. L. Hodges, Ark. Mat. 3 (1958), 469-486.
    """
    a, b = sorted_values(reference), sorted_values(current)
    n, m = len(a), len(b)
    distance, at = widest_gap(a, b)
    counted = max(n, m) <= EXACT_AT_MOST
    if math.sqrt(n * m / (n + m)) * distance < SURELY_CHANCE:
        p_value = 1.0
    else:
        p_value = exact_p(a, b) if counted else finite_p(distance, n, m)
    return TestResult(distance, p_value, distance, "D", n, m, method="exact" if counted else "asymptotic",
                      extra={"at": at})
