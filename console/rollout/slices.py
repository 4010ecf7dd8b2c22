"""What a gate is told: counts and sums of a metric in one slice of time, candidate beside stable."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray


class Slice(NamedTuple):
    """One metric within one slice of time (a check: a minute), in which the weight did not change.

    n           requests whose outcome is known
    x, xx       sum and sum of squares of the metric; for a share both are the number of hits
    weight      percent in force when these requests were routed
    pairs, only_c, only_s, d, dd    of paired outcomes: how many, hits of one side alone, and sum and sum of squares of
                candidate less stable; 0 where outcomes are not paired
    """

    n_c: float
    x_c: float
    xx_c: float
    n_s: float
    x_s: float
    xx_s: float
    weight: float = 0.0
    pairs: float = 0.0
    only_c: float = 0.0
    only_s: float = 0.0
    d: float = 0.0
    dd: float = 0.0

    def plus(self, other: Slice) -> Slice:
        """Both together, under the weight of the later one."""
        return Slice(self.n_c + other.n_c, self.x_c + other.x_c, self.xx_c + other.xx_c, self.n_s + other.n_s,
                     self.x_s + other.x_s, self.xx_s + other.xx_s, other.weight, self.pairs + other.pairs,
                     self.only_c + other.only_c, self.only_s + other.only_s, self.d + other.d, self.dd + other.dd)


EMPTY = Slice(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Slices:
    """Slices as arrays, in the order of time: shape (slices,) each. Sums of squares may be left out for shares."""

    n_c: NDArray[np.float64]
    x_c: NDArray[np.float64]
    n_s: NDArray[np.float64]
    x_s: NDArray[np.float64]
    xx_c: NDArray[np.float64] | None = None
    xx_s: NDArray[np.float64] | None = None
    weight: NDArray[np.float64] | None = None

    @classmethod
    def of_counts(cls, n_c: ArrayLike, x_c: ArrayLike, n_s: ArrayLike, x_s: ArrayLike) -> Slices:
        """Of a share: requests and hits of both sides."""
        return cls(*(np.atleast_1d(np.asarray(each, dtype=np.float64)) for each in (n_c, x_c, n_s, x_s)))

    def __iter__(self) -> Iterator[Slice]:
        squares_c, squares_s = (self.x_c if self.xx_c is None else self.xx_c,
                                self.x_s if self.xx_s is None else self.xx_s)
        weights = np.zeros(len(self.n_c)) if self.weight is None else self.weight
        for row in zip(self.n_c, self.x_c, squares_c, self.n_s, self.x_s, squares_s, weights, strict=True):
            yield Slice(*map(float, row))
