"""One column of one window, as it is handed to `compare`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from console.drift.counts import CategoryCounts, count_values
from console.drift.result import Floats
from console.roles import ColumnType, Role

FLAG_NAMES = {"0": "no", "1": "yes"}


@dataclass(frozen=True, slots=True, eq=False)
class ColumnSample:
    """The values of a column in one window, in any order.

    values   floats with NaN for a missing value; or objects, str or None; or counts made elsewhere
    type     how the column is kept; FLAG makes 0 and 1 read `no` and `yes`
    """

    column: str
    values: Floats | NDArray[np.object_] | CategoryCounts
    role: Role | None = None
    type: ColumnType | None = None

    @property
    def rows(self) -> int:
        """Rows of the window, with the missing values."""
        if isinstance(self.values, CategoryCounts):
            return self.values.n + self.values.n_missing
        return len(self.values)

    @property
    def is_numeric(self) -> bool:
        """Whether the values have an order and a distance."""
        return not isinstance(self.values, CategoryCounts) and self.values.dtype.kind in "biuf" \
            and self.type is not ColumnType.FLAG

    def counts(self) -> CategoryCounts:
        """Its values counted."""
        if isinstance(self.values, CategoryCounts):
            return self.values
        counted = count_values(self.values)
        if self.type is not ColumnType.FLAG:
            return counted
        return CategoryCounts({FLAG_NAMES.get(value, value): count for value, count in counted.counts.items()},
                              counted.n_missing)
