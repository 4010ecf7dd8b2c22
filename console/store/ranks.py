"""Nearest ranks, and the values that logarithmic bins stand for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from console.store.casting import stored_number
from console.store.derived import named
from console.store.model import Floats, StreamInfo
from console.store.rolled import is_binned
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


@dataclass(frozen=True, slots=True)
class Ranked:
    """What percentiles are read of: a column, or what is derived from some."""

    number: int
    value: str
    scale: float
    binned: bool

    @classmethod
    def of(cls, stream: StreamInfo, stored: str) -> Ranked:
        """By the name of a column or of what is derived. Raises KeyError."""
        made = named(stream, stored)
        if made is not None:
            return cls(made.number, made.value, 1.0, False)
        column = stream.named(stored)
        return cls(column.number, stored_number(stored, column.kept), column.scale, is_binned(column))
