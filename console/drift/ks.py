"""Kolmogorov-Smirnov between two samples: the widest gap between their distribution functions."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from console.drift.result import Floats, TestResult, sorted_values

EXACT_BELOW = 2000
"""With fewer values on a side, p counts orderings; above, the limit law is right to three digits (drift.md 5.1)."""
EXACT_AT_MOST = 10_000
"""The larger side beyond which counting orderings costs more than the rest together; as scipy's `auto`."""
SURELY_CHANCE = 0.25
"""Below this scaled D, p is 1 within 3e-8; there scipy's counting of orderings may round above 1, and gives up."""

MEAN_BY_CHANCE = 0.8687311606361592
"""The mean of the Kolmogorov distribution, sqrt(pi / 2) ln 2: D of two alike samples over sqrt(1/n + 1/m)."""


def kolmogorov_smirnov(reference: ArrayLike, current: ArrayLike) -> TestResult:
    """Whether two samples come from one distribution, and by how much they do not.

    Returns D in [0, 1]: the largest share of the values that lies below some value on one side and not on the other.
    It does not depend on the unit and hardly on single wild values. NaN is dropped, infinities are values like others.
    With ties p is on the safe side (too large).
    Source: N. Smirnov, Ann. Math. Statist. 19 (1948), 279-281; exact p: J. L. Hodges, Ark. Mat. 3 (1958), 469-486.
    """
    return of_sorted(sorted_values(reference), sorted_values(current))


def of_sorted(reference: Floats, current: Floats) -> TestResult:
    """The same from samples in rising order, without NaN, neither of them empty."""
    n, m = len(reference), len(current)
    distance, at = widest_gap(reference, current)
    exact = min(n, m) < EXACT_BELOW and max(n, m) <= EXACT_AT_MOST
    if math.sqrt(n * m / (n + m)) * distance < SURELY_CHANCE:
        p_value = 1.0
    else:
        p_value = exact_p(reference, current) if exact else limit_p(distance, n, m)
    return TestResult(distance, p_value, distance, "D", n, m, method="exact" if exact else "limit", extra={"at": at})


def widest_gap(reference: Floats, current: Floats) -> tuple[float, float]:
    """D, and the value where the distribution functions are farthest apart. Both samples in rising order.

    The gap is widest at a value of either side; seen from one side that is just at one of its values (where its own
    function has jumped) or just before one. Counted in whole numbers, so that swapping the sides changes no bit.
    """
    if len(reference) > len(current):
        return widest_gap(current, reference)
    n, m = len(reference), len(current)
    below = np.searchsorted(current, reference, side="right")
    tied = bool(np.any(current[np.maximum(below - 1, 0)] == reference))
    before = np.searchsorted(current, reference, side="left") if tied else below
    steps = np.arange(n, dtype=np.int64)
    here = (steps + 1) * m - below * n
    just_before = before * n - steps * m
    first, second = int(np.argmax(here)), int(np.argmax(just_before))
    widest, at = max((int(here[first]), first), (int(just_before[second]), second), key=lambda pair: pair[0])
    return widest / (n * m), float(reference[at])


def beyond_chance(distance: float, n: int, m: int) -> float:
    """D less what chance gives at these sizes: a series of it does not rise where rows are few.

    Below 0 where chance gave less than usual; cut there, a quiet series would be mostly 0 and seem to jump.
    """
    return distance - MEAN_BY_CHANCE * math.sqrt(1 / n + 1 / m)


def exact_p(reference: Floats, current: Floats) -> float:
    """The share of all orderings of these rows whose D is at least as large."""
    from scipy.stats import ks_2samp

    return float(ks_2samp(reference, current, method="exact").pvalue)


def limit_p(distance: float, n: int, m: int) -> float:
    """p from the limit law of sqrt(nm / (n + m)) D."""
    from scipy.special import kolmogorov

    return float(kolmogorov(math.sqrt(n * m / (n + m)) * distance))
