"""Values counted, and two countings laid side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from console.drift.result import Floats

OTHER = "(other)"
MOST_CATEGORIES = 50
"""Beyond this many values the rare ones are compared as one (drift.md 5.1)."""


@dataclass(frozen=True, slots=True)
class CategoryCounts:
    """Values counted already, by the database for instance."""

    counts: Mapping[str, int]
    n_missing: int = 0

    @classmethod
    def of(cls, counts: Mapping[str | None, int]) -> CategoryCounts:
        """From counts in which None stands for a missing value."""
        named = {value: int(count) for value, count in counts.items() if value is not None and count}
        return cls(named, int(counts.get(None, 0)))

    @property
    def n(self) -> int:
        """Values that are not missing."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True, eq=False)
class CountTable:
    """Two rows of counts over the same values, the most frequent first; shape (k,) each."""

    labels: tuple[str, ...]
    reference: Floats
    current: Floats

    @property
    def n_reference(self) -> int:
        """Its values on the reference side."""
        return int(self.reference.sum())

    @property
    def n_current(self) -> int:
        """Its values on the current side."""
        return int(self.current.sum())

    def shares(self) -> tuple[Floats, Floats]:
        """Both rows divided by their sums; neither may be zero."""
        return self.reference / self.reference.sum(), self.current / self.current.sum()

    def pooled(self, keep: NDArray[np.bool_]) -> CountTable:
        """The values not kept added up into one, put last."""
        if keep.all():
            return self
        labels = tuple(label for label, kept in zip(self.labels, keep, strict=True) if kept)
        return CountTable((*labels, OTHER), np.append(self.reference[keep], self.reference[~keep].sum()),
                          np.append(self.current[keep], self.current[~keep].sum()))


def side_by_side(reference: Mapping[str, int], current: Mapping[str, int]) -> CountTable:
    """Every value of either side; ordered by both counts together, then by name, so that no order of rows matters."""
    labels = sorted(reference.keys() | current.keys(),
                    key=lambda label: (-reference.get(label, 0) - current.get(label, 0), label))
    return CountTable(tuple(labels), np.array([reference.get(label, 0) for label in labels], dtype=np.float64),
                      np.array([current.get(label, 0) for label in labels], dtype=np.float64))


def count_values(values: ArrayLike) -> CategoryCounts:
    """Counts of an array of numbers, flags or texts; NaN and None count as missing.

    Numbers get their shortest exact name: 3.0 and 3 are both "3".
    """
    array = np.asarray(values)
    if array.dtype.kind in "biuf":
        return _count_numbers(array.astype(np.float64).ravel())
    return _count_objects(array.astype(object).ravel())


def _count_numbers(values: Floats) -> CategoryCounts:
    found, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    n_missing = len(values) - int(counts.sum())
    return CategoryCounts(dict(zip(map(number_label, found.tolist()), counts.tolist(), strict=True)), n_missing)


def _count_objects(values: NDArray[np.object_]) -> CategoryCounts:
    import pandas as pd

    codes, found = pd.factorize(values, use_na_sentinel=True)
    n_missing, *per_code = np.bincount(codes + 1, minlength=len(found) + 1).tolist()   # pandas calls missing -1
    counts: Counter[str] = Counter()
    for value, count in zip(found, per_code, strict=True):
        counts[_object_label(value)] += count
    return CategoryCounts(counts, n_missing)


def _object_label(value: object) -> str:
    return number_label(float(value)) if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)


def number_label(value: float) -> str:
    """`3`, `0.1`, `inf`: the shortest text that reads back as this number."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
