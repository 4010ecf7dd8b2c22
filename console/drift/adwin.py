"""ADWIN: a window that grows while nothing changes and drops its past when that differs; needs no reference."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from numpy.typing import ArrayLike

DELTA = 0.002
PER_SIZE = 5
"""Buckets of one size before two of them become one of the double size (M of the paper)."""
EVERY = 32
"""Rows between two looks at the window."""
LEAST_PART = 5
LEAST_ROWS = 10


@dataclass(frozen=True, slots=True)
class AdwinChange:
    """index: the row at which it was seen. began: the row from which the window is kept. before, after: the means."""

    index: int
    began: int
    before: float
    after: float


@dataclass(slots=True)
class Adwin:
    """The window as buckets of 1, 2, 4, ... rows, the newest first; memory grows with the logarithm of the rows.

    Source: A. Bifet and R. Gavalda, SIAM Int. Conf. Data Mining (2007), ADWIN2, with its bound by the variance.
    """

    delta: float = DELTA
    rows: int = 0                # seen
    width: int = 0               # kept
    total: float = 0.0
    squares: float = 0.0         # sum of squared deviations within the window
    levels: list[list[tuple[float, float]]] = field(default_factory=lambda: [[]])   # (sum, squares), oldest first

    def add(self, value: float) -> AdwinChange | None:
        """One more row; what has changed, if something has."""
        self.rows += 1
        if self.width:
            mean = self.total / self.width
            self.squares += self.width * (value - mean) ** 2 / (self.width + 1)
        self.width += 1
        self.total += value
        self.levels[0].append((value, 0.0))
        self._compress()
        if self.rows % EVERY or self.width <= LEAST_ROWS:
            return None
        found = None
        while (cut := self._cut()) is not None:
            found = (found[0] if found else cut[0], cut[1])
            self._drop_oldest()
        return AdwinChange(self.rows - 1, self.rows - self.width, *found) if found else None

    def _compress(self) -> None:
        for level, buckets in enumerate(self.levels):
            if len(buckets) <= PER_SIZE:
                return
            (one, one_squares), (other, other_squares) = buckets[0], buckets[1]
            del buckets[:2]
            size = 1 << level
            merged = one_squares + other_squares + (one - other) ** 2 / (2 * size)
            if level + 1 == len(self.levels):
                self.levels.append([])
            self.levels[level + 1].append((one + other, merged))

    def _cut(self) -> tuple[float, float] | None:
        """The means of the older and the newer part at the first place where they differ by more than chance."""
        n, n0, sum0 = self.width, 0, 0.0
        log_term = math.log(2 * math.log(n) / self.delta)
        variance = self.squares / n
        for level in range(len(self.levels) - 1, -1, -1):
            for total, _ in self.levels[level]:
                n0 += 1 << level
                sum0 += total
                n1 = n - n0
                if n1 < LEAST_PART:
                    return None
                if n0 < LEAST_PART:
                    continue
                harmonic = 1 / (n0 - LEAST_PART + 1) + 1 / (n1 - LEAST_PART + 1)
                bound = math.sqrt(2 * harmonic * variance * log_term) + 2 / 3 * harmonic * log_term
                if abs(sum0 / n0 - (self.total - sum0) / n1) > bound:
                    return sum0 / n0, (self.total - sum0) / n1
        return None

    def _drop_oldest(self) -> None:
        level = max(place for place, buckets in enumerate(self.levels) if buckets)
        total, squares = self.levels[level].pop(0)
        size = 1 << level
        self.width -= size
        self.total -= total
        rest = self.total / self.width if self.width else 0.0
        self.squares = max(0.0, self.squares - squares
                           - size * self.width * (total / size - rest) ** 2 / (size + self.width))
        while len(self.levels) > 1 and not self.levels[-1]:
            self.levels.pop()


def adwin(values: ArrayLike, *, delta: float = DELTA) -> tuple[AdwinChange, ...]:
    """All changes of the mean of a stream of values from 0 to 1, in their order. NaN, a label not yet there, is
    passed over; `delta` bounds the chance of a false change."""
    import numpy as np

    window = Adwin(delta)
    array = np.asarray(values, dtype=np.float64).ravel()
    rows = np.flatnonzero(~np.isnan(array))
    found = [change for value in array[rows].tolist() if (change := window.add(value)) is not None]
    return tuple(AdwinChange(int(rows[change.index]), int(rows[min(change.began, len(rows) - 1)]), change.before,
                             change.after) for change in found)
