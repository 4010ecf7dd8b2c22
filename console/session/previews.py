"""The count cube of the open log: built from the rows after loading, kept up with what comes, asked while one drags.

`refresh` is work for the background: it counts what has changed since it was last called, and afterwards gives columns
in whose bins the reference lies too coarsely bins of their own. `preview` asks no database.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from console.drift.counts import CategoryCounts
from console.drift.cube import (
    MOST_BUCKETS,
    STEPS_S,
    CountCube,
    CubeColumn,
    fitting,
    number_column,
    quantile_cuts,
    step_for,
    text_column,
)
from console.drift.preview import Comparer
from console.jobs import Job
from console.roles import ColumnType, Role, StreamKind
from console.session.compare import MOST_CATEGORIES, TESTED_ROLES
from console.session.references import STREAM, VERSION, ReferenceChoice
from console.store.cells import Cells
from console.store.grid import Grid
from console.window import Window, from_epoch

if TYPE_CHECKING:
    from console.drift.view import DriftPreview
    from console.store import StreamInfo, Workspace

MOST_VERSIONS = 12
"""Of a menu."""
MOST_COLUMNS = 100
"""Are looked at: of each of them values are read to make bins of."""
MORE_ROWS = 1.05
"""After so much growth other references are looked for again: that reads a whole column."""
BIN_ROWS = 200_000
"""So many values tell where bins end: their shares are known to a thousandth."""


@dataclass(frozen=True, slots=True, eq=False)
class _Counted:
    """A cube with what it counts: the stream, and how each column is counted there."""

    stream_id: int
    kept: tuple[tuple[str, ColumnType, str | None], ...]
    cells: tuple[Cells, ...]
    comparer: Comparer

    @property
    def cube(self) -> CountCube:
        return self.comparer.cube


class Previews:
    """Safe to call from several threads; one of them refreshes at a time."""

    def __init__(self, store: Workspace) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._counted: _Counted | None = None
        self.references: tuple[ReferenceChoice, ...] = ()
        self._looked_at = 0         # rows when they were looked for
        self._recut_for: tuple[Window, frozenset[int]] | None = None

    @property
    def cube(self) -> CountCube | None:
        """As it was counted last; None before."""
        counted = self._counted
        return counted.cube if counted is not None else None

    def preview(self, reference: Window, current: Window, drawn: str = "") -> DriftPreview | None:
        """Every column of the two windows by counts, in about a millisecond; None while nothing is counted.

        drawn  the column whose two distributions are wanted too
        """
        counted = self._counted
        return counted.comparer.preview(reference, current, drawn) if counted is not None else None

    def refresh(self, job: Job, reference: Window | None = None) -> bool:
        """Count what is not counted yet, in the background. Whether anything was. Raises JobStopped: what was counted
        before is kept, and the rest is counted the next time."""
        with self._lock:
            stream = self._stream()
            since_us = self._store.moved.take(stream.stream_id) if stream is not None else None
            stream = self._stream()         # rows that came before that was taken are to be counted
            if stream is None or stream.first is None or stream.last is None:
                self._counted = None
                return False
            counted = self._counted
            done = False
            if counted is None or (counted.stream_id, counted.kept) != (stream.stream_id, _kept(stream)) \
                    or (since_us is not None and since_us < counted.cube.first_us):
                self._counted = self._anew(stream, job)
                self._looked_at, done = 0, True
            elif since_us is not None:
                try:
                    self._counted = self._more(counted, stream, since_us, job)
                except BaseException:
                    self._store.moved.note([(f"rollup_{stream.stream_id}", since_us)])
                    raise
                done = True
            if done and stream.rows > MORE_ROWS * self._looked_at:
                self.references, self._looked_at = self._other_references(stream), stream.rows
            return self._recut(stream, reference, job) or done

    def _stream(self) -> StreamInfo | None:
        """The largest stream of requests, which drift is tested on."""
        return max((one for one in self._store.streams() if one.kind is StreamKind.REQUESTS),
                   key=lambda one: one.rows, default=None)

    def _other_references(self, stream: StreamInfo) -> tuple[ReferenceChoice, ...]:
        """Reference streams, and model versions where there are two and not too many."""
        found = [ReferenceChoice(STREAM + one.name, f"Reference stream {one.name}") for one in self._store.streams()
                 if one.kind is StreamKind.REFERENCE and one.rows]
        column = stream.column(Role.MODEL_VERSION)
        versions = self._store.known_values(stream.stream_id, column.stored, None) if column is not None else None
        if versions is not None and 2 <= len(versions) <= MOST_VERSIONS:
            found += [ReferenceChoice(VERSION + one, f"Model version {one}, same time") for one in sorted(versions)]
        return tuple(found)

    def _anew(self, stream: StreamInfo, job: Job) -> _Counted | None:
        columns, cells, beyond = self._columns(stream, job)
        columns, left_out = fitting(columns)
        left_out += beyond
        if not columns:
            return None
        grid = _grid(stream)
        kept = tuple(cells[column.column] for column in columns)
        counts = self._store.count_cells(stream.stream_id, kept, grid, job)
        cube = CountCube.of(columns, grid.first_us, grid.step_us, counts, left_out)
        counted = _Counted(stream.stream_id, _kept(stream), kept, Comparer(cube))
        whole = Window(from_epoch(cube.first_us / 1e6), from_epoch(cube.end_us / 1e6))
        counted.comparer.preview(whole, whole)      # brings scipy here, and not when somebody drags
        return counted

    def _columns(self, stream: StreamInfo, job: Job) -> tuple[tuple[CubeColumn, ...], dict[str, Cells],
                                                              tuple[str, ...]]:
        """What drift tests, answers before inputs; without free text, as there. Behind it the names of columns that are
        not even looked at, since there are so many."""
        job.report(0, 0, "Choosing bins")
        tested = [column for column in stream.columns if column.role in TESTED_ROLES]
        tested.sort(key=lambda column: TESTED_ROLES.index(column.role) if column.role else 0)
        tested, beyond = tested[:MOST_COLUMNS], tested[MOST_COLUMNS:]
        numbers = [column.stored for column in tested if column.type is not ColumnType.TEXT]
        values = self._store.some_values(stream.stream_id, numbers, None, BIN_ROWS)
        found, cells = [], {}
        for column in tested:
            job.stop_if_asked()
            if column.type is not ColumnType.TEXT:
                made = number_column(column.name, column.role, values[column.stored], column.type, column.scale)
                cells[column.name] = Cells(column.stored, made.cuts)
            else:
                counts = self._store.frequent_values(stream.stream_id, column.stored, MOST_CATEGORIES, BIN_ROWS)
                if counts is None:
                    continue
                made = text_column(column.name, column.role, CategoryCounts(counts))
                cells[column.name] = Cells(column.stored, None, made.labels[:-1])
            found.append(made)
        return tuple(found), cells, tuple(column.name for column in beyond)

    def _more(self, counted: _Counted, stream: StreamInfo, since_us: int, job: Job) -> _Counted:
        """Whole buckets from the first changed one on are counted again: twice is the same as once."""
        cube, end_us = counted.cube, _end_us(stream)
        while -(-(end_us - cube.first_us) // cube.step_us) > MOST_BUCKETS and cube.step_us < STEPS_S[-1] * 10**6:
            cube = cube.coarser(next(step for step in STEPS_S if step * 10**6 > cube.step_us) * 10**6)
        at = min((since_us - cube.first_us) // cube.step_us, cube.buckets)
        first_us = cube.first_us + at * cube.step_us
        grid = Grid(first_us, cube.step_us, max(0, -(-(end_us - first_us) // cube.step_us)))
        counts = self._store.count_cells(stream.stream_id, counted.cells, grid, job)
        return _Counted(counted.stream_id, counted.kept, counted.cells, Comparer(cube.with_tail(first_us, counts)))

    def _recut(self, stream: StreamInfo, reference: Window | None, job: Job) -> bool:
        """Bins by the reference's own quantiles, where those that are there are too wide for it."""
        counted = self._counted
        if reference is None or counted is None:
            return False
        tried = self._recut_for[1] if self._recut_for is not None and self._recut_for[0] == reference else frozenset()
        cube = counted.cube
        places = [place for place in cube.wide(cube.span(reference)) if place not in tried]
        if not places:
            return False
        names = [counted.cells[place].stored for place in places]
        values = self._store.some_values(stream.stream_id, names, reference, BIN_ROWS)
        other = {}
        for place, name in zip(places, names, strict=True):
            rising = np.sort(values[name][np.isfinite(values[name])])
            other[place] = replace(cube.columns[place], cuts=quantile_cuts(rising))
        cells = [Cells(name, other[place].cuts) for place, name in zip(places, names, strict=True)]
        grid = Grid(cube.first_us, cube.step_us, cube.buckets)
        counts = self._store.count_cells(stream.stream_id, cells, grid, job)
        both = dict(zip(places, cells, strict=True))
        self._recut_for = reference, tried | frozenset(places)
        self._counted = _Counted(counted.stream_id, counted.kept,
                                 tuple(both.get(place, one) for place, one in enumerate(counted.cells)),
                                 Comparer(cube.with_columns(other, counts)))
        return True


def _grid(stream: StreamInfo) -> Grid:
    assert stream.first is not None and stream.last is not None
    step_us = step_for((stream.last - stream.first).total_seconds()) * 10**6
    first_us = round(stream.first.timestamp() * 1e6) // step_us * step_us
    return Grid(first_us, step_us, -(-(_end_us(stream) - first_us) // step_us))


def _end_us(stream: StreamInfo) -> int:
    """Just behind the last row."""
    assert stream.last is not None
    return round(stream.last.timestamp() * 1e6) + 1


def _kept(stream: StreamInfo) -> tuple[tuple[str, ColumnType, str | None], ...]:
    """What columns mean: when that changes, other cells are counted."""
    return tuple((column.stored, column.type, column.role) for column in stream.columns)
