"""Means of costs and of their differences, with intervals that know that neighbouring requests are alike."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from console.drift.result import NAN, Floats

LEVEL = 0.05
LEAST_ROWS, LEAST_STRETCHES = 30, 3


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its interval; nan where there are too few rows to say."""

    mean: float
    low: float
    high: float
    n: int

    @property
    def below(self) -> bool:
        """Whether it is surely below 0."""
        return self.high < 0

    @property
    def above(self) -> bool:
        """Whether it is surely above 0."""
        return self.low > 0


def estimate(values: Floats, stretch: NDArray[np.int64], among: int = 1) -> Estimate:
    """The mean of values, NaN ones left out.

    stretch  which stretch of time each lies in: whole stretches are what is independent, at most
    among    how many such questions are asked together: the level is divided by it
    The wider of two intervals: of rows, and of stretches (cluster-robust, Student's t).
    """
    known = np.isfinite(values)
    y, at = values[known], stretch[known]
    n = len(y)
    if not n:
        return Estimate(NAN, NAN, NAN, 0)
    mean = float(y.mean())
    names, inverse = np.unique(at, return_inverse=True)
    if n < LEAST_ROWS or len(names) < LEAST_STRETCHES:
        return Estimate(mean, NAN, NAN, n)
    rest = y - mean
    by_rows = float(np.dot(rest, rest)) / (n - 1) / n
    sums = np.bincount(inverse, weights=rest)
    k = len(names)
    by_stretches = float(np.dot(sums, sums)) * k / (k - 1) / n**2
    half = max(float(special.stdtrit(n - 1, 1 - LEVEL / 2 / among)) * math.sqrt(by_rows),
               float(special.stdtrit(k - 1, 1 - LEVEL / 2 / among)) * math.sqrt(by_stretches))
    return Estimate(mean, mean - half, mean + half, n)
