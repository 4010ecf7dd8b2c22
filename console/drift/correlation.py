"""Pairs of columns whose correlation has changed, though neither need have moved itself."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from console.drift.result import Floats
from console.drift.verdict import benjamini_hochberg

LEAST_ROWS = 30
"""Rows with both values, on each side; with fewer nothing is said of the pair."""
RANK_VARIANCE = 1.06
"""The variance of the z of a rank correlation is 1.06 / (n - 3) (E. C. Fieller, H. O. Hartley and E. S. Pearson,
Biometrika 44 (1957), 470-481)."""


@dataclass(frozen=True, slots=True)
class CorrelationChange:
    """One pair of columns. p_adjusted: Benjamini-Hochberg over all pairs that were tested, `n_pairs` of them."""

    column: str
    other: str
    reference: float
    current: float
    z: float
    p_value: float
    p_adjusted: float
    n_pairs: int


def correlation_changes(reference: Mapping[str, ArrayLike], current: Mapping[str, ArrayLike]
                        ) -> tuple[CorrelationChange, ...]:
    """Every pair of numeric columns of both sides, the surest change first.

    The correlation is Spearman's, of the rows where both values are there (NaN is missing, infinities are values): no
    wild value matters. The test is Fisher's: the difference of the two atanh(r) in its standard deviations, two-sided.
    It is a normal law and a little too sure where r is above 0.9. Pairs with fewer than 30 such rows on a side, and
    with a column that does not vary, are left out.
    Source: R. A. Fisher, Metron 1 (1921), 3-32.
    """
    names = sorted(name for name in reference.keys() & current.keys()
                   if all(np.asarray(side[name]).dtype.kind in "biuf" for side in (reference, current)))
    sides = [{name: np.asarray(side[name], dtype=np.float64) for name in names} for side in (reference, current)]
    found: list[tuple[str, str, float, float, float, float]] = []
    for place, name in enumerate(names):
        for other in names[place + 1:]:
            (r, n), (s, m) = (spearman(side[name], side[other]) for side in sides)
            if min(n, m) >= LEAST_ROWS and not math.isnan(r) and not math.isnan(s):
                z = fisher_z(r, n, s, m)
                found.append((name, other, r, s, z, math.erfc(abs(z) / math.sqrt(2))))
    adjusted = benjamini_hochberg([row[-1] for row in found]).tolist()
    changes = [CorrelationChange(*row, p, len(found)) for row, p in zip(found, adjusted, strict=True)]
    return tuple(sorted(changes, key=lambda change: (change.p_value, -abs(change.z), change.column, change.other)))


def fisher_z(r: float, n: int, s: float, m: int, variance: float = RANK_VARIANCE) -> float:
    """How far s of m rows lies above r of n, in standard deviations. variance: 1 for Pearson's correlation."""
    near_one = 1 - 1e-12
    difference = math.atanh(max(-near_one, min(near_one, s))) - math.atanh(max(-near_one, min(near_one, r)))
    return difference / math.sqrt(variance * (1 / (n - 3) + 1 / (m - 3)))


def spearman(a: Floats, b: Floats) -> tuple[float, int]:
    """The rank correlation of the rows with both values, and how many these are; nan where one does not vary."""
    from scipy.stats import rankdata

    both = ~(np.isnan(a) | np.isnan(b))
    n = int(both.sum())
    if n < 4:
        return float("nan"), n
    x, y = (rankdata(side[both]) for side in (a, b))
    x, y = x - x.mean(), y - y.mean()
    size = math.sqrt(float(np.dot(x, x)) * float(np.dot(y, y)))
    return (float(np.dot(x, y)) / size if size > 0 else float("nan")), n
