"""What a metric is measured as, and the sums that it comes from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from console.metrics.view import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """One metric over the grid, for one value of the split (`by` is "" without a split)."""

    by: str
    values: Floats      # NaN where there is nothing to say
    n: Floats           # rows, cells or outcomes behind each value


@dataclass(slots=True)
class Sum:
    """A ratio in the making: numerator and denominator add up over streams."""

    top: Floats
    below: Floats


def divided(top: Floats, below: Floats) -> Floats:
    """top / below; NaN where there is nothing below."""
    result = np.full(len(top), np.nan)
    np.divide(top, below, out=result, where=below > 0)
    return result
