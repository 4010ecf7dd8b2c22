"""Chi-square between two rows of counts, never against a reference taken as exact."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from console.drift.counts import MOST_CATEGORIES, CountTable, count_values, side_by_side
from console.drift.proportions import SMALL_EXPECTED, fisher
from console.drift.result import Floats, TestResult
from console.errors import TooFewRows


def chi_square(reference: ArrayLike, current: ArrayLike) -> TestResult:
    """Two samples of categories (texts, flags, small integers); None and NaN are dropped. See `of_counts`."""
    return of_counts(side_by_side(count_values(reference).counts, count_values(current).counts))


def of_counts(table: CountTable) -> TestResult:
    """Whether two samples share one distribution over categories, and how far apart they are.

    Above 50 categories the rarer ones are compared as one, and so are those expected fewer than 5 times on a side.
    p is the chi-square law's, or Fisher's where two categories are left and 5 are not expected.
    Effect: the total variation distance minus what chance gives, 0 to 1. `extra` has the distance itself (`tvd`),
    `by_chance`, Cramer's V without its bias (`cramers_v`), the number of categories found and compared, and the share
    of current rows whose value the reference never had (`unseen`).
    Raises TooFewRows when a side is empty.
    """
    n, m = table.n_reference, table.n_current
    if not n or not m:
        raise TooFewRows("One side has no value", do="Choose a window or a column that has some")
    compared = compared_table(table)
    statistic, cells = statistic_of(compared), len(compared.labels)
    few = cells == 2 and _expected_on_smaller_side(compared).min() < SMALL_EXPECTED
    p_value = 1.0 if cells < 2 else _fisher_of(compared) if few else chi_square_p(statistic, cells - 1)
    p, q = compared.shares()
    distance, by_chance = total_variation(p, q), chance_variation(compared)
    extra = {"tvd": distance, "by_chance": by_chance, "cramers_v": cramers_v(statistic, n + m, cells),
             "categories": float(len(table.labels)), "compared": float(cells), "unseen": unseen_share(table)}
    return TestResult(statistic, p_value, max(0.0, distance - by_chance), "excess TVD", n, m,
                      method="fisher" if few else "chi2", extra=extra)


def compared_table(table: CountTable) -> CountTable:
    """The table with the rare values pooled: beyond the first 49 of more than 50, and those expected under 5 times.

    A pool that is itself expected under 5 times takes the next rarest value in, down to two cells. What is pooled
    depends on both sides' sum only, so the test stays honest.
    """
    rank = np.arange(len(table.labels))
    if len(table.labels) > MOST_CATEGORIES:
        table = table.pooled(rank < MOST_CATEGORIES - 1)
        rank = np.arange(MOST_CATEGORIES)
    expected = _expected_on_smaller_side(table)
    order = np.argsort(-expected, kind="stable")
    kept = int(np.count_nonzero(expected >= SMALL_EXPECTED))
    while 1 < kept < len(rank) and expected[order[kept:]].sum() < SMALL_EXPECTED:
        kept -= 1
    return table.pooled(np.isin(rank, order[: max(kept, 1)]))


def statistic_of(table: CountTable) -> float:
    """Pearson's chi-square of the 2 x k table, without a correction; the same bits when the sides are swapped."""
    n, m, total = table.reference.sum(), table.current.sum(), table.reference + table.current
    return float(np.sum((table.reference * m - table.current * n) ** 2 / (n * m * total)))


def chi_square_p(statistic: float, degrees: int) -> float:
    """The upper tail."""
    from scipy.special import chdtrc

    return float(chdtrc(degrees, statistic))


def total_variation(p: Floats, q: Floats) -> float:
    """Half the sum of the differences: the share of rows that would have to change their value."""
    return float(np.abs(p - q).sum()) / 2


def chance_variation(table: CountTable) -> float:
    """The total variation distance expected between two samples of these sizes from one distribution.

    A share's difference is close to normal with variance s (1 - s) (1/n + 1/m), and E|N(0, v)| is sqrt(2 v / pi).
    """
    n, m = table.reference.sum(), table.current.sum()
    share = (table.reference + table.current) / (n + m)
    return float(np.sqrt(2 / math.pi * share * (1 - share) * (1 / n + 1 / m)).sum()) / 2


def cramers_v(statistic: float, rows: int, categories: int) -> float:
    """Cramer's V of a 2 x k table without its bias, 0 to 1.

    Source: W. Bergsma, J. Korean Statist. Soc. 42 (2013), 323-328.
    """
    if categories < 2 or rows < 3:
        return 0.0
    square = max(0.0, statistic / rows - (categories - 1) / (rows - 1))
    sides = 2 - 1 / (rows - 1)
    columns = categories - (categories - 1) ** 2 / (rows - 1)
    room = min(sides, columns) - 1
    return math.sqrt(square / room) if room > 0 else 0.0


def unseen_share(table: CountTable) -> float:
    """The share of current rows whose value is in no row of the reference."""
    return float(table.current[table.reference == 0].sum() / table.current.sum())


def _expected_on_smaller_side(table: CountTable) -> Floats:
    n, m = float(table.reference.sum()), float(table.current.sum())
    expected: Floats = (table.reference + table.current) * (min(n, m) / (n + m))
    return expected


def _fisher_of(table: CountTable) -> float:
    (a, b), (c, d) = table.reference, table.current
    return fisher(int(a), int(b), int(c), int(d))
