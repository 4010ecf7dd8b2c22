"""Values that the reference never had: the change that a table of the most frequent values cannot show."""

from __future__ import annotations

import math

from numpy.typing import ArrayLike

from console.drift.counts import CountTable, count_values, side_by_side
from console.drift.result import TestResult
from console.errors import TooFewRows


def unseen(reference: ArrayLike, current: ArrayLike) -> TestResult:
    """Two samples of categories; None and NaN are dropped. See `unseen_values`."""
    return unseen_values(side_by_side(count_values(reference).counts, count_values(current).counts))


def unseen_values(table: CountTable) -> TestResult:
    """Whether more of the current rows hold values new to the reference than chance brings.

    Chance: among many values some are always met for the first time. The mass of those not yet met is estimated by
    the share of reference rows whose value came once. Effect: the share of current rows with a new value above that,
    never below 0; p is one-sided, from the normal law. Swapping the sides asks another question.
    Infinities and constants are values like others; an empty side raises TooFewRows.
    Source: I. J. Good, Biometrika 40 (1953), 237-264; variance: W. W. Esty, Ann. Statist. 11 (1983), 905-912.
    """
    n, m = table.n_reference, table.n_current
    if not n or not m:
        raise TooFewRows("One side has no value", do="Choose a window or a column that has some")
    once = int((table.reference == 1).sum())
    twice = int((table.reference == 2).sum())
    share = float(table.current[table.reference == 0].sum()) / m
    by_chance = once / n
    variance = (once * (1 - by_chance) + 2 * twice + 1) / (n * n) + max(share * (1 - share), 1 / m) / m
    z = (share - by_chance) / math.sqrt(variance)
    return TestResult(z, math.erfc(z / math.sqrt(2)) / 2, max(0.0, share - by_chance), "excess unseen share", n, m,
                      method="z", extra={"unseen": share, "by_chance": by_chance})
