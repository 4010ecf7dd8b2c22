"""Regular buckets of time, aligned to 1970, and numbers laid out on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.store.model import ColumnMoments, Floats, Moments
from console.store.rollups import LEVELS_S
from console.window import Window

OTHER = "(other)"
"""The series of all combinations that were not kept apart."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Whole buckets that a window touches. Counted in microseconds, so that no bucket slips."""

    first_us: int
    step_us: int
    count: int

    @classmethod
    def over(cls, window: Window, bucket_s: float, phase_s: float = 0.0) -> Grid:
        """From the bucket of the window's start to the one that its end closes.

        phase_s  buckets begin so much after whole ones since 1970
        """
        step = round(bucket_s * 1e6)
        if step <= 0:
            raise ValueError(f"A bucket must have a length, got {bucket_s} s")
        phase = round(phase_s * 1e6) % step
        start, end = round(window.start_s * 1e6) - phase, round(window.end_s * 1e6) - phase
        first, last = start // step, -(-end // step)
        return cls(first * step + phase, step, last - first)

    @property
    def times(self) -> Floats:
        """Starts of the buckets in seconds."""
        return (self.first_us + np.arange(self.count, dtype=np.int64) * self.step_us) / 1e6

    def index_sql(self, time: str) -> str:
        """Number of the bucket that a TIMESTAMP lies in, from 0."""
        return f"(epoch_us({time}) - {self.first_us}) // {self.step_us}"

    def within_sql(self, time: str) -> str:
        """Whether a TIMESTAMP lies on the grid."""
        return (f"{time} >= make_timestamp({self.first_us}) AND "
                f"{time} < make_timestamp({self.first_us + self.count * self.step_us})")

    def level(self) -> int | None:
        """The coarsest level that adds up to these buckets; None when none does."""
        return next((level for level in reversed(LEVELS_S)
                     if self.step_us % (level * 10**6) == 0 and self.first_us % (level * 10**6) == 0), None)


def plain(values: Any, missing: float) -> Floats:
    """A fetched column as floats; NULL becomes `missing`."""
    if isinstance(values, np.ma.MaskedArray):
        return np.asarray(np.ma.filled(values.astype(np.float64), missing))
    return np.asarray(values, dtype=np.float64)


def by_series(rows: Mapping[str, Any]) -> dict[str, NDArray[np.int64]]:
    """Rows of each series, where the column `key` names it; one series "" where there is none."""
    if "key" not in rows:
        return {"": np.arange(len(rows["i"]))}
    keys = np.ma.filled(np.ma.asarray(rows["key"]), "").astype(object)
    if not len(keys):
        return {}
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))        # of runs of one key
    numbers: dict[str, int] = {}
    of_run = [numbers.setdefault(str(key), len(numbers)) for key in keys[starts].tolist()]
    which = np.repeat(of_run, np.diff(starts, append=len(keys)))
    ends = np.cumsum(np.bincount(which))[:-1]
    places = np.split(np.argsort(which, kind="stable"), ends)
    return dict(sorted(zip(numbers, places, strict=True)))


class Sums:
    """Moments in the making: adds rows of any order and number onto a grid."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self.rows: Floats = np.zeros(grid.count)
        self.columns: dict[str, dict[str, Floats]] = {}

    def column(self, name: str) -> dict[str, Floats]:
        """The sums of one column."""
        if name not in self.columns:
            zeros = {part: np.zeros(self.grid.count) for part in ("n", "sum", "sumsq")}
            self.columns[name] = {**zeros, "min": np.full(self.grid.count, np.nan),
                                  "max": np.full(self.grid.count, np.nan)}
        return self.columns[name]

    def add_rows(self, at: NDArray[np.int64], n: Floats) -> None:
        """Rows per bucket."""
        np.add.at(self.rows, at, n)

    def add(self, name: str, at: NDArray[np.int64], parts: Mapping[str, Floats], scale: float = 1.0) -> None:
        """Numbers of one column; min and max are NaN where there are none."""
        column = self.column(name)
        for part, factor in (("n", 1.0), ("sum", scale), ("sumsq", scale * scale)):
            if part in parts:
                np.add.at(column[part], at, parts[part] * factor)
        if "min" in parts:
            np.fmin.at(column["min"], at, parts["min"] * scale)
            np.fmax.at(column["max"], at, parts["max"] * scale)

    def add_moments(self, name: str, moments: ColumnMoments) -> None:
        """What lies on the same grid already."""
        self.add(name, np.arange(self.grid.count), {
            "n": moments.n, "sum": moments.sum, "sumsq": moments.sumsq, "min": moments.min, "max": moments.max})

    def flat(self, names: Sequence[str]) -> dict[str, Floats]:
        """Rows as "", and what there is of each column as "part name"."""
        return {"": self.rows, **{f"{part} {name}": values for name in names
                                  for part, values in self.column(name).items()}}

    @classmethod
    def of_flat(cls, grid: Grid, values: Mapping[str, Floats]) -> Sums:
        """And back. The arrays are shared, and must not be added to."""
        sums = cls(grid)
        for key, found in values.items():
            part, _, name = key.partition(" ")
            if key:
                sums.columns.setdefault(name, {})[part] = found
            else:
                sums.rows = found
        return sums

    def finish(self, series: str) -> Moments:
        """As handed out."""
        columns = {name: ColumnMoments(part["n"], self.rows - part["n"], part["sum"], part["sumsq"], part["min"],
                                       part["max"]) for name, part in self.columns.items()}
        return Moments(series, self.grid.times, self.rows, columns)
