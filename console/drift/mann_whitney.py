"""Mann and Whitney's rank sum: whether values of one side tend to be larger."""

from __future__ import annotations

from numpy.typing import ArrayLike

from console.drift.result import TestResult, sorted_values


def mann_whitney(reference: ArrayLike, current: ArrayLike) -> TestResult:
    """U of the reference, and a two-sided p: exact where a side has at most 8 values and none is tied, else normal.

    Effect: how far P(a current value is larger), ties counted half, is from one half: 0 to 0.5. `extra` has that
    probability (`larger`). It is blind to a change of spread alone. NaN is dropped, infinities are values like others;
    where all values are one and the same p is 1; one value on a side is enough, none raises TooFewRows.
    Source: H. B. Mann and D. R. Whitney, Ann. Math. Statist. 18 (1947), 50-60; with continuity and tie correction.
    """
    a, b = sorted_values(reference), sorted_values(current)
    n, m = len(a), len(b)
    if a[0] == b[0] and a[-1] == b[-1] and a[0] == a[-1]:
        return TestResult(n * m / 2, 1.0, 0.0, "superiority", n, m, method="constant", extra={"larger": 0.5})
    from scipy.stats import mannwhitneyu

    found = mannwhitneyu(a, b, alternative="two-sided")
    statistic = float(found.statistic)
    larger = 1 - statistic / (n * m)
    return TestResult(statistic, float(found.pvalue), abs(larger - 0.5), "superiority", n, m, method="rank sum",
                      extra={"larger": larger})
