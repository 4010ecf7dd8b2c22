"""Nearest ranks, and the values that logarithmic bins stand for."""

from __future__ import annotations

from typing import Any

import numpy as np

from console.store.model import Floats
from console.store.rollups import BIN_ZERO, GAMMA, LN_GAMMA


def rank_of(q: float, n: Floats) -> Floats:
    """The nearest rank, from 1 to n. A product like 0.95 * 20 may come out a hair above 19."""
    return np.clip(np.ceil(q * n - 1e-9), 1, n)


def value_of_bin(bins: Any) -> Floats:
    """The value that is within 1 % of all in the bin."""
    exponent = (np.abs(bins) - BIN_ZERO) * LN_GAMMA
    with np.errstate(over="ignore"):
        size = np.exp(exponent) * (2 / (GAMMA + 1))
    return np.where(bins == 0, 0.0, np.sign(bins) * size)
