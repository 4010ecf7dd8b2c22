"""What the place Drift shows, and what a report copies."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from console.window import Window

Floats = NDArray[np.float64]


class Verdict(StrEnum):
    """What a test says. The order is that of the table: what matters most comes first."""

    ALARM = "alarm"
    WATCH = "watch"
    NONE = "none"
    TOO_FEW = "too_few"


@dataclass(frozen=True, slots=True)
class ShownNumber:
    """A distance that users know, beside the verdict and without a say in it."""

    name: str                    # PSI | JS distance
    value: float
    limit: float                 # what these sizes reach by chance in 1 of 100 cases, at least the usual 0.1


@dataclass(frozen=True, slots=True)
class ChosenTest:
    """A test that was asked for, beside the verdict and without a say in it.

    p_value        nan for a distance; p_adjusted over all chosen tests of the table
    limit          for a distance: what these sizes reach by chance in 1 of 100 cases, at least the usual limit
    beyond_chance  adjusted p below 0.05, or a distance above its limit; says nothing of whether it matters
    """

    name: str                    # as in TESTS
    statistic: float
    p_value: float
    p_adjusted: float
    effect: float
    effect_name: str
    effect_low: float
    effect_high: float
    limit: float
    method: str
    beyond_chance: bool


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """One row of the table. p is nan and the verdict TOO_FEW when a side has fewer than 30 values.

    column     the column's name in the log
    kind       numeric | categorical | missing (a missing rate is a row of its own, named after its column)
    role       its role, or ""
    statistic  KS D, chi-square, or z; `test` says which
    effect     D, excess TVD, or the difference of the rates in points / 100; `effect_name` says which
    """

    column: str
    kind: str
    role: str
    test: str
    statistic: float
    p_value: float
    p_adjusted: float
    effect: float
    effect_name: str
    effect_low: float            # nan where no interval is known
    effect_high: float
    n_reference: int
    n_current: int
    missing_reference: float     # share
    missing_current: float
    detectable: float            # least effect that these sizes could have shown at 1 %
    verdict: Verdict
    sentence: str
    shown: tuple[ShownNumber, ...] = ()
    chosen: tuple[ChosenTest, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class NumericShape:
    """Two histograms over the same bins; shares of the non-missing values, summing to 1 each."""

    column: str
    edges: Floats                # shape (k + 1,)
    reference: Floats            # shape (k,)
    current: Floats
    quantiles: tuple[tuple[float, float, float], ...]   # (q, reference, current value) for 0.05 0.25 0.5 0.75 0.95
    pairs: tuple[tuple[float, float], ...] = ()         # values of both at 0.01 to 0.99; () where bins only are known


@dataclass(frozen=True, slots=True, eq=False)
class CategoryShape:
    """Shares of the most frequent values on both sides, largest change first; the rest pooled as `(other)`."""

    column: str
    labels: tuple[str, ...]
    reference: Floats
    current: Floats


Shape = NumericShape | CategoryShape


@dataclass(frozen=True, slots=True, eq=False)
class DriftView:
    """Two windows compared, column by column, sorted by what matters."""

    reference: Window | None     # None: a reference file or stream without a place on the axis
    current: Window | None
    reference_name: str          # "2 Mar 10:00 - 12:00 UTC", or the file's name
    current_name: str
    n_reference: int
    n_current: int
    columns: tuple[ColumnDrift, ...]
    shapes: tuple[Shape, ...]    # one for each tested numeric or categorical column
    n_tests: int
    sentence: str                # "3 of 14 columns moved: price (D 0.31), ..."
    verdict: Verdict             # the worst of the columns
    command: str                 # the command line that gives the same numbers
    seconds: float

    def shape(self, column: str) -> Shape | None:
        """The two distributions of that column."""
        return next((shape for shape in self.shapes if shape.column == column), None)


class PreviewRow(NamedTuple):
    """A ColumnDrift by counts: made dozens of times a frame, so that its words wait until somebody reads them.

    effect_low, effect_high  where the exact effect lies; NaN where that is not known
    """

    column: str
    kind: str
    role: str
    test: str
    effect_name: str
    statistic: float
    p_value: float
    p_adjusted: float
    effect: float
    effect_low: float
    effect_high: float
    n_reference: int
    n_current: int
    missing_reference: float
    missing_current: float
    detectable: float
    verdict: Verdict


@dataclass(frozen=True, slots=True, eq=False)
class DriftPreview:
    """Two windows compared by counts, while one of them is dragged: an interval for each effect, and no last word.

    columns   in an order that stays, whatever the windows are
    step_s    windows are moved to whole steps; what that may do is within the intervals
    left_out  names of columns for which there was no room
    """

    reference: Window
    current: Window
    columns: tuple[PreviewRow, ...]
    n_reference: int
    n_current: int
    sentence: str                # "3 of 14 columns differ: price D 0.31, ..."
    verdict: Verdict
    step_s: float
    left_out: tuple[str, ...] = ()
    shape: Shape | None = None   # of the column that was asked for
