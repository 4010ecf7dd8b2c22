"""Rows counted by bucket of time and by cell of value: what a count cube is built from.

Read from the rows in stretches, between which a job can stop it. Binning is the database's work: it holds no lock of
Python, so that a window stays smooth meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from console.jobs import Job
from console.store.casting import stored_number
from console.store.every_kth import rows_in
from console.store.grid import Grid, plain
from console.store.model import Floats, StreamInfo
from console.store.names import ROW_NUMBER, quoted
from console.store.scans import stretches
from console.store.values import within
from console.window import Window

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """How one column is counted: numbers (in the unit of the log) between cuts, or texts by their values.

    cuts    cell j holds what is above cuts[j - 1] and at most cuts[j]; the last one all above
    values  cell j holds values[j]; the last one all others
    """

    stored: str
    cuts: Floats | None = None
    values: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """Its cells, and one for missing values."""
        return (len(self.values) if self.cuts is None else len(self.cuts)) + 2


def count_cells(con: DuckDBPyConnection, stream: StreamInfo, columns: Sequence[Cells], grid: Grid,
                job: Job | None) -> Whole:
    """Shape (buckets, cells): of each column its cells and its missing values, in order. Raises JobStopped."""
    counts = np.zeros((grid.count, sum(one.width for one in columns)), dtype=np.int64)
    for part in stretches(con, stream, grid, job):
        first = (part.first_us - grid.first_us) // grid.step_us
        _numbers(con, stream, columns, part, counts[first: first + part.count])
        _texts(con, stream, columns, part, counts[first: first + part.count], job)
    return counts


def _numbers(con: DuckDBPyConnection, stream: StreamInfo, columns: Sequence[Cells], grid: Grid, counts: Whole) -> None:
    """One pass for all of them. Infinity is given as the last end: the bin behind the ends comes and goes. What comes
    back are plain numbers, a row for each bucket and cell: lists would need Arrow, and that brings pandas."""
    cut = [(number, one, start) for number, one, start in _placed(columns) if one.cuts is not None]
    if not cut:
        return
    cells = "".join(f", {stored_number(one.stored, stream.named(one.stored).kept)} AS v{number}"
                    for number, one, _ in cut)
    binned = ", ".join(f"coalesce(map_values(histogram(v{number}, $e{number})), "        # of no value there is none
                       f"list_resize([]::UBIGINT[], {one.width - 1}, 0)), [count(*) - count(v{number})]"
                       for number, one, _ in cut)
    ends = {f"e{number}": [*one.cuts.tolist(), float("inf")] for number, one, _ in cut if one.cuts is not None}
    places = np.concatenate([start + np.arange(one.width) for _, one, start in cut])
    found = con.execute(
        f"SELECT i, unnest(h)::DOUBLE AS n, unnest(range({len(places)})) AS k FROM ("
        f"SELECT i, flatten([{binned}]) AS h FROM (SELECT {grid.index_sql('_ts')} AS i{cells} "
        f"FROM {stream.rows_sql} WHERE {grid.within_sql('_ts')}) GROUP BY i)", ends).fetchnumpy()
    at, cell = (np.asarray(found[name]).astype(np.int64) for name in ("i", "k"))
    counts[at, places[cell]] = np.asarray(found["n"]).astype(np.int64)


def _texts(con: DuckDBPyConnection, stream: StreamInfo, columns: Sequence[Cells], grid: Grid, counts: Whole,
           job: Job | None) -> None:
    for _, one, start in _placed(columns):
        if one.cuts is not None:
            continue
        if job is not None:
            job.stop_if_asked()
        other = len(one.values)
        found = con.execute(
            f"SELECT i, CASE WHEN v IS NULL THEN {other + 1} ELSE coalesce(k, {other}) END AS k, count(*) AS n "
            f"FROM (SELECT {grid.index_sql('_ts')} AS i, {quoted(one.stored)}::VARCHAR AS v FROM {stream.rows_sql} "
            f"WHERE {grid.within_sql('_ts')}) LEFT JOIN (SELECT unnest($values::VARCHAR[]) AS w, "
            f"unnest(range({other})) AS k) ON v = w GROUP BY ALL", {"values": list(one.values)}).fetchnumpy()
        counts[plain(found["i"], 0).astype(np.int64), start + plain(found["k"], 0).astype(np.int64)] = \
            plain(found["n"], 0).astype(np.int64)


def some_values(con: DuckDBPyConnection, stream: StreamInfo, stored: Sequence[str], window: Window | None,
                most: int) -> dict[str, Floats]:
    """About so many numbers of each column, in the unit of the log, NaN where missing; all where there are fewer.

    Spread over the rows by a hash of where they come from: the same rows each time.
    """
    if not stored:
        return {}
    cells = ", ".join(f"{stored_number(name, stream.named(name).kept)} AS v{at}" for at, name in enumerate(stored))
    found = con.execute(f"SELECT {cells} FROM {stream.rows_sql}{_some(con, stream, window, most)}").fetchnumpy()
    return {name: plain(found[f"v{at}"], np.nan) for at, name in enumerate(stored)}


def frequent_values(con: DuckDBPyConnection, stream: StreamInfo, stored: str, most: int, rows: int,
                    ) -> dict[str, int] | None:
    """How often the texts of a column come in some of its rows; None where about `most` different ones and more come
    in all of them: it is free text, or an id."""
    name = quoted(stored)
    if int(con.execute(f"SELECT approx_count_distinct({name}) FROM {stream.rows_sql}").fetchall()[0][0]) >= most:
        return None
    found = con.execute(f"SELECT v, count(*) AS n FROM (SELECT {name}::VARCHAR AS v FROM {stream.rows_sql}"
                        f"{_some(con, stream, None, rows)}) WHERE v IS NOT NULL GROUP BY v").fetchall()
    return {str(value): int(n) for value, n in found}


def _some(con: DuckDBPyConnection, stream: StreamInfo, window: Window | None, most: int) -> str:
    each = max(1, rows_in(con, stream, window) // most)
    if each == 1:
        return within(window)
    return f"{within(window)} {'WHERE' if window is None else 'AND'} hash(_file, {ROW_NUMBER}) % {each} = 0"


def _placed(columns: Sequence[Cells]) -> list[tuple[int, Cells, int]]:
    """Each with its number and its first cell."""
    starts = np.concatenate([[0], np.cumsum([one.width for one in columns])]).tolist()
    return [(number, one, int(starts[number])) for number, one in enumerate(columns)]
