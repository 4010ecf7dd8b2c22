"""Rollups of one level as arrays in memory: what a chart needs of them costs slices and sums, not a query.

A track is never changed: bringing it up to date makes another one, so that readers need no lock. It is complete for all
buckets before `until`, and what comes from there on is read again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from console.store.asking import one
from console.store.grid import Grid, plain
from console.store.model import Floats
from console.store.ranks import rank_of, value_of_bin

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Whole = NDArray[np.int64]
Counts = NDArray[np.int32]
END = 2**62
"""Later than any bucket."""

ALWAYS = -END
"""Before all times: nothing is right any more."""

PARTS = (("n", "n", "sum", 0.0), ("sum", "sum", "sum", 0.0), ("sumsq", "sq", "sum", 0.0),
         ("min", "min", "min", np.nan), ("max", "max", "max", np.nan))
"""Name of a moment, its column in the rollup table, how it merges, and what stands where there is none."""

MOST_NUMBERS = 8_000_000
MOST_COUNTS = 16_000_000
"""Of doubles, and of counts of 32 bits, in one track (64 MB); a level that has more is read by SQL."""

MOST_FETCHED = 6_000_000
"""Rows of bins that are read at once."""

MOST_SPAN = 5_000_000
"""Up to so large a range of numbers their distinct ones are found by marking."""

MOST_COUNTED = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Source:
    """Rows of a rollup table: `where` narrows the level further (SQL of ours)."""

    table: str
    level_s: int
    where: str = "true"

    @property
    def level_us(self) -> int:
        """Length of a bucket."""
        return self.level_s * 10**6

    def sql(self, first: int | None) -> str:
        """The rows from a bucket (number since 1970) on."""
        since = f" AND bucket >= make_timestamp({first * self.level_us})" if first is not None else ""
        return f"FROM {self.table} WHERE level_s = {self.level_s} AND {self.where}{since}"

    @property
    def bucket(self) -> str:
        """Number of a row's bucket since 1970."""
        return f"epoch_us(bucket) // {self.level_us}"


Column = tuple[str, bool]
"""The name of a column in the rollup table (as in `sum_<name>`), and whether there is more than its count."""


@dataclass(frozen=True, slots=True)
class Sums:
    """Moments, summed over series. `at`: numbers of the buckets that have rows, rising."""

    source: Source
    at: Whole
    rows: Floats
    columns: dict[Column, dict[str, Floats]]
    until: int = END

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        return 8 * len(self.at) * (2 + sum(len(parts) for parts in self.columns.values()))

    def over(self, grid: Grid, wanted: Sequence[Column]) -> tuple[Floats, dict[Column, dict[str, Floats]]]:
        """Laid out on a grid whose buckets are whole ones of the level: rows, and the moments of columns."""
        unit = self.source.level_us
        ends = [grid.first_us // unit, (grid.first_us + grid.count * grid.step_us) // unit]
        low, high = np.searchsorted(self.at, ends)
        place = (self.at[low:high] * unit - grid.first_us) // grid.step_us
        starts = np.flatnonzero(np.diff(place, prepend=-1))
        slots = place[starts]

        def laid(values: Floats, how: str, missing: float) -> Floats:
            found = np.full(grid.count, missing)
            if len(starts):
                merge = {"sum": np.add, "min": np.fmin, "max": np.fmax}[how]
                found[slots] = merge.reduceat(values[low:high], starts)
            return found

        return laid(self.rows, "sum", 0.0), {
            column: {name: laid(self.columns[column][name], how, missing)
                     for name, _, how, missing in PARTS if name in self.columns[column]} for column in wanted}


def fetch_sums(con: DuckDBPyConnection, source: Source, columns: Sequence[Column], held: Sums | None) -> Sums | None:
    """The track with these columns, from what is held of it; None when it would be too large."""
    if held is not None and held.until < END:
        held = _with_tail(held, _read_sums(con, source, list(held.columns), held.until))
    have = {} if held is None else held.columns
    missing = [column for column in columns if column not in have]
    if held is not None and not missing:
        return held
    rows, buckets = one(con, f"SELECT count(*), count(DISTINCT bucket) {source.sql(None)}")
    if buckets * (2 + sum(5 if full else 1 for _, full in (*have, *missing))) > MOST_NUMBERS:
        return None
    new = _read_sums(con, source, missing, None, single=rows == buckets)
    return new if held is None else replace(new, columns=have | new.columns)


def _read_sums(con: DuckDBPyConnection, source: Source, columns: Sequence[Column], first: int | None, *,
               single: bool = False) -> Sums:
    """single: no two rows are of the same bucket; adding up a hundred columns of one row each takes four times as long
    as reading them."""
    fields = [f"{'' if single else how}({part}_{name})::DOUBLE AS {part}_{name}" for name, full in columns
              for _, part, how, _ in (PARTS if full else PARTS[:1])]
    fields = [f"{source.bucket} AS b", f"{'' if single else 'sum'}(n)::DOUBLE AS n", *fields]
    rows = con.execute(f"SELECT {', '.join(fields)} {source.sql(first)} "
                       f"{'' if single else 'GROUP BY b'}").fetchnumpy()
    at = np.asarray(rows["b"]).astype(np.int64)
    order = np.argsort(at, kind="stable")
    return Sums(source, at[order], plain(rows["n"], 0.0)[order], {
        (name, full): {moment: plain(rows[f"{part}_{name}"], missing)[order]
                       for moment, part, _, missing in (PARTS if full else PARTS[:1])} for name, full in columns})


def _with_tail(held: Sums, tail: Sums) -> Sums:
    keep = int(np.searchsorted(held.at, held.until))
    return Sums(held.source, np.concatenate([held.at[:keep], tail.at]), np.concatenate([held.rows[:keep], tail.rows]), {
        column: {name: np.concatenate([values[:keep], tail.columns[column][name]]) for name, values in parts.items()}
        for column, parts in held.columns.items()})


@dataclass(frozen=True, slots=True)
class Ranks:
    """Logarithmic bins as counts that run over both time and bins: `running[t, b]` rows lie in the first t buckets of
    `at` and the first b bins of `bins`. Four corners of it are the rows of any stretch and any range of values."""

    source: Source
    at: Whole
    bins: Whole
    running: Counts
    until: int = END

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        return self.running.nbytes + self.at.nbytes + self.bins.nbytes

    def spread(self, grid: Grid) -> tuple[Floats, Floats]:
        """The bins that have rows on the grid, and how many: shape (buckets, bins)."""
        counts = np.diff(self._below(grid), axis=1)
        there = counts.any(axis=0)
        return self.bins[there].astype(np.float64), counts[:, there].astype(np.float64)

    def _below(self, grid: Grid) -> Counts:
        """Rows of each bucket in the first b bins."""
        edges = (grid.first_us + np.arange(grid.count + 1, dtype=np.int64) * grid.step_us) // self.source.level_us
        upto = self.running[np.searchsorted(self.at, edges)]
        return upto[1:] - upto[:-1]

    def over(self, grid: Grid, qs: Sequence[float]) -> tuple[Floats, dict[float, Floats]]:
        """Counts, and nearest ranks on a grid whose buckets are whole ones of the level."""
        below = self._below(grid)
        n = below[:, -1].astype(np.float64)
        filled = np.flatnonzero(n)
        values = {}
        for q in qs:
            values[q] = np.full(grid.count, np.nan)
            if len(filled):
                rank = rank_of(q, n[filled])
                values[q][filled] = value_of_bin(self.bins[(below[filled, 1:] < rank[:, None]).sum(axis=1)])
        return n, values


def fetch_ranks(con: DuckDBPyConnection, source: Source, held: Ranks | None) -> Ranks | None:
    """The track, from what is held of it; None when it would be too large."""
    first = None if held is None else held.until
    if one(con, f"SELECT count(*) {source.sql(first)}")[0] > MOST_FETCHED:
        return None
    rows = con.execute(f"SELECT {source.bucket} AS b, bin, n {source.sql(first)}").fetchnumpy()
    at, place = _distinct(np.asarray(rows["b"]).astype(np.int64))
    bins, column = _distinct(np.asarray(rows["bin"]).astype(np.int64))
    n = np.asarray(rows["n"])
    if len(at) * len(bins) > MOST_COUNTS or n.sum() > MOST_COUNTED:
        return None
    counts = np.bincount(place * len(bins) + column, weights=n, minlength=len(at) * len(bins))
    running = np.zeros((len(at) + 1, len(bins) + 1), dtype=np.int32)
    running[1:, 1:] = counts.reshape(len(at), len(bins))
    np.cumsum(running, axis=1, out=running)
    np.cumsum(running, axis=0, out=running)
    new = Ranks(source, at, bins, running)
    return new if held is None else _joined(held, new)


def _joined(held: Ranks, tail: Ranks) -> Ranks | None:
    keep = int(np.searchsorted(held.at, held.until))
    bins = np.union1d(held.bins, tail.bins)
    counted = int(held.running[keep, -1]) + int(tail.running[-1, -1])
    if (keep + len(tail.at)) * len(bins) > MOST_COUNTS or counted > MOST_COUNTED:
        return None

    def widened(track: Ranks, rows: int) -> Counts:
        """A bin that the track lacks has as many rows below its end as the one before."""
        if len(bins) == len(track.bins):
            return track.running[:rows]
        ends = np.searchsorted(track.bins, bins, side="right")
        return track.running[:rows][:, np.concatenate([[0], ends])]

    before = widened(held, keep + 1)
    after = widened(tail, len(tail.at) + 1)
    return Ranks(held.source, np.concatenate([held.at[:keep], tail.at]), bins,
                 np.concatenate([before, after[1:] + before[-1]]))


def _distinct(values: Whole) -> tuple[Whole, Whole]:
    """Distinct values, rising, and the place of each value among them. By marking, which needs no sort."""
    if not len(values):
        return values, values
    low = int(values.min())
    span = int(values.max()) - low + 1
    if span > MOST_SPAN:
        found, places = np.unique(values, return_inverse=True)
        return found, places.astype(np.int64)
    marked = np.zeros(span, dtype=bool)
    marked[values - low] = True
    return np.flatnonzero(marked) + low, (np.cumsum(marked) - 1)[values - low]
