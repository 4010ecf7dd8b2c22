"""How columns behaved when the log began: what a column does by itself tells what is no accident later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from console.store import reading
from console.store.model import Floats, StreamInfo
from console.store.names import FINEST_S
from console.store.rollups import LEVELS_S
from console.window import Window

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

DAY_S = 86_400
LEAST_ROWS, LEAST_STRETCHES = 2, 30
"""A stretch of fewer rows says nothing, and of a column with fewer stretches nothing is known."""


@dataclass(frozen=True, slots=True)
class Stretches:
    """Short stretches of the first day: the share in which all values were one, and how many rows such a stretch has.

    share  never quite 0 or 1: with one that stood still and one that did not added
    """

    share: float
    rows: float

    def accident(self, rows: Floats) -> Floats:
        """Minus the logarithm of the chance that so many rows have one value, if they are as those were: so many short
        stretches would all have to stand still."""
        return np.asarray(rows / self.rows * -np.log(self.share))


def stretches(con: DuckDBPyConnection, stream: StreamInfo, stored: Sequence[str]) -> dict[str, Stretches]:
    """By the stored names of columns; without those of which too little is known. `stream` comes with its span."""
    if stream.first is None:
        return {}
    start = stream.first.timestamp() // 3600 * 3600
    day, found = Window.from_epoch(start, start + DAY_S), {}
    for level in (level for level in LEVELS_S if level >= FINEST_S):
        missing = [name for name in stored if name not in found]
        for part in reading.moments(con, stream, missing, day, level, None) if missing else ():
            for name, cells in part.columns.items():
                told = cells.n >= LEAST_ROWS
                if told.sum() >= LEAST_STRETCHES:
                    still = int((cells.min[told] == cells.max[told]).sum())
                    found[name] = Stretches((still + 1) / (int(told.sum()) + 2), float(cells.n[told].mean()))
    return found
