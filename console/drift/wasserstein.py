"""The Wasserstein distance: how far the values have travelled on average, in their own unit."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from console.drift.result import NAN, TestResult, sorted_values
from console.errors import TooFewRows

USUAL_LIMIT = 0.1
Z_99 = 2.5758293035489004


def wasserstein(reference: ArrayLike, current: ArrayLike) -> TestResult:
    """The area between two distribution functions; the effect divides it by the reference's interquartile range.

    NaN is dropped, and so are infinities: they have no distance. One wild value moves it, so no verdict rests on it.
    The effect is nan where the reference's middle half is one value. p is nan. `limit`, on the effect: 0.1, or about
    what chance reaches in 1 of 100 cases if that is more (as if the two functions crossed nowhere: on the safe side).
    Source: L. N. Wasserstein 1969; this form: S. S. Vallander, Theory Probab. Appl. 18 (1974), 784-786.
    """
    a, b = (side[np.isfinite(side)] for side in (sorted_values(reference), sorted_values(current)))
    if not len(a) or not len(b):
        raise TooFewRows("One side has no finite value", do="Choose a window or a column that has some")
    n, m = len(a), len(b)
    both = np.concatenate([a, b])
    order = np.argsort(both, kind="stable")
    steps = np.diff(both[order])
    below_a = np.cumsum(order < n)[:-1]
    below_b = np.arange(1, n + m) - below_a
    distance = float(np.dot(np.abs(below_a / n - below_b / m), steps))
    share = np.arange(1, n + m) / (n + m)
    spread = float(np.dot(np.sqrt(share * (1 - share)), steps))
    middle = float(np.subtract(*np.quantile(a, [0.75, 0.25])))
    relative, limit = NAN, NAN
    if middle > 0:
        relative = distance / middle
        limit = max(USUAL_LIMIT, Z_99 * math.sqrt(1 / n + 1 / m) * spread / middle)
    return TestResult(distance, NAN, relative, "Wasserstein / IQR", n, m, limit=limit, method="distance",
                      extra={"iqr": middle})
