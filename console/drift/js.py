"""The Jensen-Shannon distance between two histograms."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from console.drift.bins import BINS, binned
from console.drift.psi import chance_index
from console.drift.result import NAN, Floats, TestResult

USUAL_LIMIT = 0.1


def jensen_shannon(reference: ArrayLike, current: ArrayLike, edges: ArrayLike | None = None,
                   *, bins: int = BINS) -> TestResult:
    """The square root of the Jensen-Shannon divergence in nats: 0 to sqrt(ln 2) = 0.833. Bins as for PSI.

    It is no test: p is nan. `limit` is what these sizes reach by chance in 1 of 100 cases, at least 0.1.
    Source: J. Lin, IEEE Trans. Inf. Theory 37 (1991), 145-151; the root is a metric: D. M. Endres and J. E. Schindelin,
    ibid. 49 (2003), 1858-1860. For near histograms the divergence is an eighth of PSI, hence the limit.
    """
    p, q = binned(reference, current, edges, bins)
    n, m = int(p.sum()), int(q.sum())
    distance = js_of_counts(p, q)
    return TestResult(distance, NAN, distance, "JS distance", n, m, limit=js_limit(n, m, len(p)), method="distance",
                      extra={"bins": float(len(p))})


def js_of_counts(reference: Floats, current: Floats) -> float:
    """The distance from counts in the same bins."""
    p, q = reference / reference.sum(), current / current.sum()
    middle = (p + q) / 2
    return math.sqrt(max(0.0, (_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2))


def js_limit(n: int, m: int, bins: int) -> float:
    """0.1, or the distance that two samples of one distribution exceed in 1 of 100 cases, if that is more."""
    return max(USUAL_LIMIT, math.sqrt(chance_index(n, m, bins) / 8))


def _relative_entropy(p: Floats, middle: Floats) -> float:
    filled = p > 0
    return float(np.sum(p[filled] * np.log(p[filled] / middle[filled])))
