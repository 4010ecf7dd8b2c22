"""Intervals that hold at every look: for display beside the verdict."""

from __future__ import annotations

from math import inf, log, nan, sqrt

TUNED_FOR = 5000
"""Requests at which the interval is as narrow as can be, as in GrowthBook."""


def half_width(standard_error: float, n: float, alpha: float, *, tuned_for: float = TUNED_FOR) -> float:
    """Of the two-sided asymptotic confidence sequence around a mean or a difference of means.

    standard_error  of the estimate at this n;  n  rows behind it, both sides together
    Source: I. Waudby-Smith, D. Arbour, R. Sinha, E. H. Kennedy, A. Ramdas, Annals of Statistics 52 (2024), eq. 14.
    """
    if n <= 0:
        return inf
    r = sqrt((-2 * log(alpha) + log(-2 * log(alpha) + 1)) / tuned_for)
    return standard_error * sqrt(n) * sqrt(2 * (n * r * r + 1) / (n * r) ** 2 * log(sqrt(n * r * r + 1) / alpha))


def msprt_limit(variance: float, tau: float, alpha: float) -> float:
    """The |Z| from which Statsig's sequential test calls a difference; `variance` that of the estimate, `tau` that of
    the prior of the difference."""
    both = variance + tau
    return sqrt(both / tau * (-2 * log(alpha / 2) - log(variance / both)))


def difference(n_c: float, x_c: float, xx_c: float, n_s: float, x_s: float, xx_s: float) -> tuple[float, float]:
    """The difference of means, candidate less stable, and its standard error; nan where a side has under two rows."""
    if n_c < 2 or n_s < 2:
        return nan, nan
    mean_c, mean_s = x_c / n_c, x_s / n_s
    var_c = max(xx_c / n_c - mean_c**2, 0.0) * n_c / (n_c - 1)
    var_s = max(xx_s / n_s - mean_s**2, 0.0) * n_s / (n_s - 1)
    return mean_c - mean_s, sqrt(var_c / n_c + var_s / n_s)
