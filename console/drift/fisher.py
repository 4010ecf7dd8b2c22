"""Fisher's exact test of a 2 x 2 table."""

from __future__ import annotations

from numpy.typing import ArrayLike

from console.drift.counts import CountTable, count_values, side_by_side
from console.drift.proportions import fisher, newcombe
from console.drift.result import NAN, TestResult
from console.errors import TooFewRows

TWO = 2


def fisher_exact(reference: ArrayLike, current: ArrayLike) -> TestResult:
    """Two samples of at most two categories. See `of_counts`."""
    return of_counts(side_by_side(count_values(reference).counts, count_values(current).counts))


def of_counts(table: CountTable) -> TestResult:
    """Whether the share of one of two categories has changed, counted over all tables with these margins; two-sided.

    The statistic is the odds ratio of reference to current; the category counted is the last by name (1 of 0 and 1).
    Effect: its share in the current rows minus that in the reference, with Newcombe's interval. None and NaN are
    dropped, an infinity is a category. One category on both sides gives p 1 and an odds ratio of nan.
    Raises TooFewRows when a side is empty, ValueError for more than two categories.
    Source: R. A. Fisher, J. R. Statist. Soc. 85 (1922), 87-94.
    """
    n, m = table.n_reference, table.n_current
    if not n or not m:
        raise TooFewRows("One side has no value", do="Choose a window or a column that has some")
    if len(table.labels) > TWO:
        raise ValueError(f"Fisher's test is for two categories, here are {len(table.labels)}")
    last = table.labels.index(max(table.labels))
    a, b = int(table.reference[last]), int(table.current[last])
    against = (n - a) * b
    ratio = a * (m - b) / against if against else float("inf") if a * (m - b) else NAN
    low, high = newcombe(a, n, b, m)
    return TestResult(ratio, fisher(a, n - a, b, m - b), b / m - a / n, "difference", n, m, low, high, method="fisher",
                      extra={"reference": a / n, "current": b / m})
