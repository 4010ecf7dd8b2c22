"""The one result type of all tests and distances, and what they may be fed with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from console.errors import TooFewRows

Floats = NDArray[np.float64]
NAN = float("nan")


@dataclass(frozen=True, slots=True)
class TestResult:
    """What one test, or one distance, says about two samples.

    statistic    D, chi-square, z or the distance itself; `method` says how p was found
    p_value      nan for a distance: it is no test
    effect       what is compared with a limit; `effect_name` says what; signed only where it is a difference of rates
    effect_low, effect_high   95 % interval of the effect, nan where none is known
    limit        for a distance: what these sizes reach by chance in 1 of 100 cases, but at least the usual limit
    extra        further numbers of this test by name
    """

    __test__: ClassVar[bool] = False   # pytest takes every class called Test... for its own

    statistic: float
    p_value: float
    effect: float
    effect_name: str
    n_reference: int
    n_current: int
    effect_low: float = NAN
    effect_high: float = NAN
    limit: float = NAN
    method: str = ""
    extra: Mapping[str, float] = field(default_factory=dict)


def sorted_values(values: ArrayLike) -> Floats:
    """The values as floats in rising order; NaN is dropped, infinities stay.

    Raises TooFewRows when nothing is left.
    """
    rising = np.sort(np.asarray(values, dtype=np.float64).ravel())
    kept = rising[: len(rising) - int(np.count_nonzero(np.isnan(rising)))]
    if not len(kept):
        raise TooFewRows("One side has no value", do="Choose a window or a column that has some")
    return kept
