"""Cramer's V without its bias: how strongly the window tells the category."""

from __future__ import annotations

from numpy.typing import ArrayLike

from console.drift.chi2 import compared_table, cramers_v, statistic_of
from console.drift.counts import CountTable, count_values, side_by_side
from console.drift.result import NAN, TestResult
from console.errors import TooFewRows

USUAL_LIMIT = 0.1
LEVEL = 0.01


def cramers_v_distance(reference: ArrayLike, current: ArrayLike) -> TestResult:
    """Two samples of categories. See `of_counts`."""
    return of_counts(side_by_side(count_values(reference).counts, count_values(current).counts))


def of_counts(table: CountTable) -> TestResult:
    """V of the 2 x k table, 0 to 1, its bias taken out; rare values are pooled as for chi-square.

    It is no test: p is nan. `limit`: 0.1, or what these sizes reach by chance in 1 of 100 cases if that is more. None
    and NaN are dropped, infinities are a category each, one category on both sides and fewer than three rows give 0,
    an empty side raises TooFewRows. With sides of very unequal size V is small however far the shares moved.
    Source: W. Bergsma, J. Korean Statist. Soc. 42 (2013), 323-328.
    """
    from scipy.special import chdtri

    n, m = table.n_reference, table.n_current
    if not n or not m:
        raise TooFewRows("One side has no value", do="Choose a window or a column that has some")
    compared = compared_table(table)
    cells = len(compared.labels)
    value = cramers_v(statistic_of(compared), n + m, cells)
    by_chance = cramers_v(float(chdtri(cells - 1, LEVEL)), n + m, cells) if cells > 1 else 0.0
    return TestResult(value, NAN, value, "Cramer's V", n, m, limit=max(USUAL_LIMIT, by_chance), method="distance",
                      extra={"categories": float(len(table.labels)), "compared": float(cells)})
