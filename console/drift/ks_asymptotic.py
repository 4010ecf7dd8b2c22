"""Kolmogorov-Smirnov with p from the one-sample law at the harmonic size: close to exact, at any size."""

from __future__ import annotations

from numpy.typing import ArrayLike

from console.drift.ks import widest_gap
from console.drift.result import TestResult, sorted_values


def asymptotic_kolmogorov_smirnov(reference: ArrayLike, current: ArrayLike) -> TestResult:
    """D, and p as if D came from round(nm / (n + m)) values against a known distribution.

    NaN is dropped, infinities are values like others, ties and constants make p too large (on the safe side), one
    value on a side is enough but p says little, none raises TooFewRows.
    Source: N. Smirnov, Ann. Math. Statist. 19 (1948), 279-281; finite sizes: R. Simard and P. L'Ecuyer, J. Statist.
    Softw. 39 (2011), as scipy's.
    """
    a, b = sorted_values(reference), sorted_values(current)
    n, m = len(a), len(b)
    distance, at = widest_gap(a, b)
    return TestResult(distance, finite_p(distance, n, m), distance, "D", n, m, method="asymptotic", extra={"at": at})


def finite_p(distance: float, n: int, m: int) -> float:
    """The upper tail of D at the harmonic size, as scipy's `asymp`; 10 to 30 ms."""
    from scipy.stats import kstwo

    size = max(1, round(n * m / (n + m)))
    return min(1.0, max(0.0, float(kstwo.sf(distance, size))))
