"""The G test: the likelihood ratio between one distribution over categories and two."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from console.drift import chi2
from console.drift.counts import CountTable, count_values, side_by_side
from console.drift.result import TestResult


def g_test(reference: ArrayLike, current: ArrayLike) -> TestResult:
    """Two samples of categories (texts, flags, small integers). See `of_counts`."""
    return of_counts(side_by_side(count_values(reference).counts, count_values(current).counts))


def of_counts(table: CountTable) -> TestResult:
    """As chi-square, with G in its place: both sides are samples, of any two sizes.

    None and NaN are dropped, infinities are a category each, rare values are pooled as for chi-square, one category on
    both sides gives G 0 and p 1, Fisher's p stands in for small 2 x 2 tables, an empty side raises TooFewRows.
    Source: S. S. Wilks, Ann. Math. Statist. 6 (1935), 190-196.
    """
    by_chi_square = chi2.of_counts(table)
    compared = chi2.compared_table(table)
    observed = np.array([compared.reference, compared.current])
    expected = np.outer(observed.sum(axis=1), observed.sum(axis=0)) / observed.sum()
    filled = observed > 0
    statistic = max(0.0, 2 * float(np.sum(observed[filled] * np.log(observed[filled] / expected[filled]))))
    if by_chi_square.method == "fisher" or len(compared.labels) < 2:
        return replace(by_chi_square, statistic=statistic)
    return replace(by_chi_square, statistic=statistic, method="g",
                   p_value=chi2.chi_square_p(statistic, len(compared.labels) - 1))
