"""The population stability index: known to everyone, and no test."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from console.drift.bins import BINS, binned
from console.drift.result import NAN, Floats, TestResult

USUAL_LIMIT = 0.1
"""The credit industry's "some change"; alone it is a false-alarm machine for small samples."""
BY_CHANCE = 0.99


def population_stability_index(reference: ArrayLike, current: ArrayLike, edges: ArrayLike | None = None,
                               *, bins: int = BINS) -> TestResult:
    """How far the histogram of `current` has moved from `reference`; 0 means not at all, there is no upper end.

    Numbers go into `bins` quantiles of the reference, or between `edges`; texts are their own bins. NaN is dropped.
    It is no test: p is nan. `limit` is what these sizes reach by chance in 1 of 100 cases, at least 0.1.
    Source: H. Jeffreys, Proc. R. Soc. A 186 (1946), 453-461 (in nats); limit: B. Yurdakul, Statistical properties of
    the population stability index (2018). An empty bin counts half a row.
    """
    p, q = binned(reference, current, edges, bins)
    n, m = int(p.sum()), int(q.sum())
    index = psi_of_counts(p, q)
    return TestResult(index, NAN, index, "PSI", n, m, limit=psi_limit(n, m, len(p)), method="distance",
                      extra={"bins": float(len(p))})


def psi_of_counts(reference: Floats, current: Floats) -> float:
    """The index from counts in the same bins, none of them empty on both sides."""
    p = np.maximum(reference, 0.5) / reference.sum()
    q = np.maximum(current, 0.5) / current.sum()
    return float(np.sum((p - q) * np.log(p / q)))


def psi_limit(n: int, m: int, bins: int) -> float:
    """0.1, or the index that two samples of one distribution exceed in 1 of 100 cases, if that is more."""
    return max(USUAL_LIMIT, chance_index(n, m, bins))


def chance_index(n: int, m: int, bins: int) -> float:
    """The 99 % point of (1/n + 1/m) chi-square with bins - 1 degrees of freedom."""
    from scipy.special import chdtri

    return float(chdtri(bins - 1, 1 - BY_CHANCE)) * (1 / n + 1 / m) if bins > 1 else 0.0
