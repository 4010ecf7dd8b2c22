"""The count cube: rows per bucket of time and cell of value, as running sums.

The rows of any stretch of whole buckets are the difference of two lines, so that two windows are compared in well under
a millisecond, however many rows they have. What a cell holds never changes: other bins make another cube.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from console.drift.columns import FEW_VALUES, few_values
from console.drift.counts import MOST_CATEGORIES, OTHER, CategoryCounts, number_label
from console.drift.result import Floats
from console.drift.sample import FLAG_NAMES
from console.roles import ColumnType, Role
from console.window import Window

BINS = 256
"""Of a column of numbers: the largest step of D that can hide in one of its own bins is 1/256."""
MOST_CELLS = 12_000
"""In all columns together: with 2,000 buckets 96 MB, and some 46 columns of numbers."""
MOST_BUCKETS = 2_100
STEPS_S = (1, 5, 10, 30, 60, 300, 600, 1800, 3600, 10800, 21600, 86400, 604800, 2419200, 14515200)
"""Lengths of a bucket. Each is a multiple of the one before, so that a log that grows goes on in a coarser cube."""
WIDE = 2 / BINS
"""A bin with a larger share of the reference is too wide to hide in: that column gets bins of its own."""
MOST_SUMMED = 2**31 - 1

Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class CubeColumn:
    """What the cells of one column hold. One more cell behind them holds its missing values.

    cuts    numbers: cell j holds what is above cuts[j - 1] and at most cuts[j]; the last one all above
    labels  categories: what a cell holds; in one named OTHER lie all values that have none of their own
    scale   a value as it is shown is that of the cuts times this
    """

    column: str
    role: Role | None
    cuts: Floats | None = None
    labels: tuple[str, ...] = ()
    scale: float = 1.0

    @property
    def cells(self) -> int:
        """Without that of missing values."""
        return len(self.labels) if self.cuts is None else len(self.cuts) + 1

    @property
    def is_numeric(self) -> bool:
        """Whether D is its distance; else the total variation."""
        return not self.labels

    def single(self) -> NDArray[np.bool_]:
        """Cells that can hold one value only, so that nothing can hide between their ends."""
        found = np.zeros(self.cells, dtype=np.bool_)
        if self.cuts is not None and len(self.cuts) > 1:
            found[1:-1] = np.nextafter(self.cuts[1:], -np.inf) == self.cuts[:-1]
        return found


@dataclass(frozen=True, slots=True)
class Span:
    """Whole buckets that stand for a window: from line `first` to line `last` of the running sums.

    loose  rows that are counted too much at most, or that are missing at most, whichever is more, since a window may
           end within a bucket: the distribution function of its rows differs by their share at most
    """

    first: int
    last: int
    loose: int


def number_column(column: str, role: Role | None, values: Floats, kind: ColumnType | None = None,
                  scale: float = 1.0) -> CubeColumn:
    """The bins of a column by some of its values (NaN missing): of whole numbers that are few each its own."""
    rising = np.sort(values[np.isfinite(values)])
    few = few_values(rising)
    if few is not None and few and (kind is ColumnType.FLAG or (
            len(few) <= FEW_VALUES and all((value * scale).is_integer() for value in few))):
        cuts = _apart(np.array(list(few)))
        labels = [OTHER] * (len(cuts) + 1)
        for at, value in enumerate(few):
            label = number_label(value * scale)
            labels[2 * at + 1] = FLAG_NAMES.get(label, label) if kind is ColumnType.FLAG else label
        return CubeColumn(column, role, cuts, tuple(labels))
    return CubeColumn(column, role, quantile_cuts(rising), scale=scale)


def text_column(column: str, role: Role | None, counts: CategoryCounts) -> CubeColumn:
    """The most frequent values, and one cell for all others."""
    order = sorted(counts.counts, key=lambda value: (-counts.counts[value], value))
    return CubeColumn(column, role, None, (*order[: MOST_CATEGORIES - 1], OTHER))


def quantile_cuts(rising: Floats) -> Floats:
    """Ends of at most 256 bins with about as many of these values each. A value that fills a bin has one of its own."""
    if not len(rising):
        return np.array([0.0])
    distinct = np.unique(rising)
    if 2 * len(distinct) < BINS:
        return _apart(distinct)
    ranks = (np.arange(1, BINS) * len(rising)) // BINS
    ends, met = np.unique(rising[ranks], return_counts=True)
    return np.unique(np.concatenate([ends, np.nextafter(ends[met > 1], -np.inf)]))


def step_for(seconds: float) -> int:
    """The shortest bucket, in seconds, of which so long a log has at most MOST_BUCKETS."""
    return next((step for step in STEPS_S if seconds / step <= MOST_BUCKETS), STEPS_S[-1])


class CountCube:
    """Running sums of the cells of all columns, side by side. Never changed: what grows makes another one."""

    def __init__(self, columns: Sequence[CubeColumn], first_us: int, step_us: int, sums: NDArray[np.signedinteger],
                 left_out: Sequence[str] = ()) -> None:
        """sums: shape (buckets + 1, cells), the first line 0; `CountCube.of` makes them. left_out: names of columns
        for which there is no room."""
        self.columns = tuple(columns)
        self.first_us, self.step_us = first_us, step_us
        self.sums = sums
        self.left_out = tuple(left_out)
        ends = np.cumsum([one.cells + 1 for one in self.columns])
        self.starts = np.concatenate([[0], ends[:-1]]).astype(np.int64)
        self.missing: Whole = (ends - 1).astype(np.int64)
        of_first = slice(0, self.columns[0].cells + 1) if self.columns else slice(0, 0)
        self.rows: Whole = sums[:, of_first].sum(axis=1, dtype=np.int64)
        """Running sum of the rows, shape (buckets + 1,)."""
        self.numeric = np.array([at for at, one in enumerate(self.columns) if one.is_numeric], dtype=np.int64)
        self.categorical = np.array([at for at, one in enumerate(self.columns) if not one.is_numeric], dtype=np.int64)
        self.numeric_cells = self._padded(self.numeric)
        self.categorical_cells = self._padded(self.categorical)
        self.single = np.ones(self.numeric_cells.shape, dtype=np.bool_)
        for line, at in enumerate(self.numeric):
            self.single[line, : self.columns[at].cells] = self.columns[at].single()
        self.several = (~self.single).astype(np.float64)
        """1 for cells that hold several values, of the columns of numbers."""

    @classmethod
    def of(cls, columns: Sequence[CubeColumn], first_us: int, step_us: int, counts: Whole,
           left_out: Sequence[str] = ()) -> CountCube:
        """From counts of shape (buckets, cells): of each column its cells and its missing values, in order."""
        return cls(columns, first_us, step_us, _running(counts), left_out)

    @property
    def buckets(self) -> int:
        """How many."""
        return len(self.sums) - 1

    @property
    def end_us(self) -> int:
        """Behind the last bucket."""
        return self.first_us + self.buckets * self.step_us

    @property
    def nbytes(self) -> int:
        """Memory of the running sums."""
        return int(self.sums.nbytes + self.rows.nbytes)

    def span(self, window: Window) -> Span:
        """The whole buckets that are nearest to a window; one at least, or none where the cube has no rows."""
        ends = [(round(at * 1e6) - self.first_us) / self.step_us for at in (window.start_s, window.end_s)]
        ends = [min(max(end, 0.0), float(self.buckets)) for end in ends]
        first, last = (round(end) for end in ends)
        if ends[0] == ends[1]:
            return Span(first, first, 0)
        if last <= first:
            first = min(int((ends[0] + ends[1]) / 2), max(0, self.buckets - 1))
            last = min(first + 1, self.buckets)
        over, short = 0, 0
        for end, line, grows in ((ends[0], first, first < ends[0]), (ends[1], last, last > ends[1])):
            if end != line:
                cut = int(self.rows[int(end) + 1] - self.rows[int(end)])
                over, short = (over + cut, short) if grows else (over, short + cut)
        return Span(first, last, max(over, short))

    def counts(self, span: Span) -> Whole:
        """Rows in each cell, and a 0 behind them for cells that a column does not have."""
        found = np.zeros(self.sums.shape[1] + 1, dtype=np.int64)
        np.subtract(self.sums[span.last], self.sums[span.first], out=found[:-1])
        return found

    def with_tail(self, first_us: int, counts: Whole) -> CountCube:
        """The same with other counts from that bucket on, to the end of them."""
        at = (first_us - self.first_us) // self.step_us
        if at < 0 or at > self.buckets:
            raise ValueError(f"A tail must begin within the cube or just behind it, not at bucket {at}")
        tail = _running(counts, self.sums[at].astype(np.int64))[1:]
        both = np.concatenate([self.sums[: at + 1].astype(tail.dtype, copy=False), tail])
        return CountCube(self.columns, self.first_us, self.step_us, both, self.left_out)

    def coarser(self, step_us: int) -> CountCube:
        """The same rows in buckets that are a whole number of times as long."""
        times, over = divmod(step_us, self.step_us)
        if over or times < 1:
            raise ValueError("Coarser buckets must be whole numbers of finer ones")
        first = self.first_us // step_us * step_us
        before = (self.first_us - first) // self.step_us
        lines = np.arange(0, before + self.buckets + times, times) - before
        return CountCube(self.columns, first, step_us, self.sums[np.clip(lines, 0, self.buckets)], self.left_out)

    def with_columns(self, other: Mapping[int, CubeColumn], counts: Whole) -> CountCube:
        """The same with other bins for some columns (by their place); `counts` are of these, in the order of places."""
        running = _running(counts)
        if len(running) != len(self.sums):
            raise ValueError("Other bins must be counted in the same buckets")
        parts, at = [], 0
        for place in range(len(self.columns)):
            start, end = int(self.starts[place]), int(self.missing[place]) + 1
            if place not in other:
                parts.append(self.sums[:, start:end])
                continue
            parts.append(running[:, at: at + other[place].cells + 1])
            at += other[place].cells + 1
        columns = [other.get(place, column) for place, column in enumerate(self.columns)]
        return CountCube(columns, self.first_us, self.step_us, np.concatenate(parts, axis=1), self.left_out)

    def wide(self, span: Span) -> list[int]:
        """Places of columns of which a bin holds so much of these rows that D is not known well enough."""
        found = self.counts(span)[self.numeric_cells]
        values = found.sum(axis=1)
        widest = np.where(self.single, 0, found).max(axis=1, initial=0)
        return [int(at) for at in self.numeric[widest > WIDE * np.maximum(values, BINS)]]

    def _padded(self, places: NDArray[np.int64]) -> Whole:
        """Numbers of the cells of these columns, one line each; the number of the last 0 where there are no more."""
        longest = max((self.columns[at].cells for at in places), default=0)
        table = np.full((len(places), longest), self.sums.shape[1], dtype=np.int64)
        for line, at in enumerate(places):
            cells = self.columns[at].cells
            table[line, :cells] = self.starts[at] + np.arange(cells)
        return table


def fitting(columns: Sequence[CubeColumn]) -> tuple[tuple[CubeColumn, ...], tuple[str, ...]]:
    """The columns for which there is room, in order, and the names of the others."""
    kept: list[CubeColumn] = []
    out: list[str] = []
    room = MOST_CELLS
    for one in columns:
        if one.cells + 1 <= room:
            kept.append(one)
            room -= one.cells + 1
        else:
            out.append(one.column)
    return tuple(kept), tuple(out)


def _apart(values: Floats) -> Floats:
    """Cuts that give each of these values a bin of its own, and one to what lies between two of them."""
    return np.unique(np.concatenate([np.nextafter(values, -np.inf), values]))


def _running(counts: Whole, start: Whole | None = None) -> NDArray[np.signedinteger]:
    sums = np.zeros((len(counts) + 1, counts.shape[1]), dtype=np.int64)
    np.cumsum(counts, axis=0, out=sums[1:])
    if start is not None:
        sums += start
    return sums.astype(np.int32) if sums.max(initial=0) <= MOST_SUMMED else sums
