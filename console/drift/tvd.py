"""The total variation distance: the share of rows that would have to change their category."""

from __future__ import annotations

from numpy.typing import ArrayLike

from console.drift.chi2 import chance_variation, total_variation
from console.drift.counts import CountTable, count_values, side_by_side
from console.drift.result import NAN, TestResult
from console.drift.verdict import detectable_variation
from console.errors import TooFewRows

USUAL_LIMIT = 0.1


def total_variation_distance(reference: ArrayLike, current: ArrayLike) -> TestResult:
    """Two samples of categories. See `of_counts`."""
    return of_counts(side_by_side(count_values(reference).counts, count_values(current).counts))


def of_counts(table: CountTable) -> TestResult:
    """Half the sum of the differences of shares, 0 to 1; the effect is that minus what chance gives.

    It is no test: p is nan. `limit`, on the effect: 0.1, or what chance reaches in at most 1 of 100 cases if that is
    more. None and NaN are dropped, infinities are a category each, equal constants are 0 apart, different ones 1; one
    value on a side is enough, none raises TooFewRows.
    """
    n, m = table.n_reference, table.n_current
    if not n or not m:
        raise TooFewRows("One side has no value", do="Choose a window or a column that has some")
    p, q = table.shares()
    distance, by_chance = total_variation(p, q), chance_variation(table)
    limit = max(USUAL_LIMIT, detectable_variation(n, m, len(table.labels)) - by_chance)
    return TestResult(distance, NAN, max(0.0, distance - by_chance), "excess TVD", n, m,
                      limit=limit, method="distance", extra={"by_chance": by_chance})
