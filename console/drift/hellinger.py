"""The Hellinger distance between two histograms."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from console.drift.bins import BINS, binned
from console.drift.psi import chance_index
from console.drift.result import NAN, Floats, TestResult

USUAL_LIMIT = 0.1


def hellinger(reference: ArrayLike, current: ArrayLike, edges: ArrayLike | None = None,
              *, bins: int = BINS) -> TestResult:
    """The root of 1 - sum(sqrt(p q)): 0 for equal shares, 1 for no value in common. Bins as for PSI.

    NaN is dropped, infinities count in the end bins, two equal constants are 0 apart, two different ones 1; one value
    on a side is enough, none raises TooFewRows. It is no test: p is nan. `limit` is what these sizes reach by chance
    in 1 of 100 cases, at least 0.1.
    Source: E. Hellinger, J. reine angew. Math. 136 (1909), 210-271. For near histograms its square is an eighth of PSI.
    """
    p, q = binned(reference, current, edges, bins)
    return hellinger_of_counts(p, q)


def hellinger_of_counts(reference: Floats, current: Floats) -> TestResult:
    """The same from counts in the same bins."""
    n, m = int(reference.sum()), int(current.sum())
    gaps = np.sqrt(reference / n) - np.sqrt(current / m)
    distance = math.sqrt(float(np.dot(gaps, gaps)) / 2)
    limit = max(USUAL_LIMIT, math.sqrt(chance_index(n, m, len(reference)) / 8))
    return TestResult(distance, NAN, distance, "Hellinger", n, m, limit=limit, method="distance",
                      extra={"bins": float(len(reference))})
