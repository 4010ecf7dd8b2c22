"""Cells of a column counted per bucket of time and bin of values: one pass over the rows a column."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from console.jobs import Job
from console.roles import ColumnType
from console.store import catalog
from console.store.asking import one
from console.store.casting import stored_number
from console.store.derived import text_sql
from console.store.grid import Grid, plain
from console.store.model import ColumnInfo, Floats, StreamInfo

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Counts = NDArray[np.int64]

PART_ROWS = 2_000_000
"""About so many rows are read at once; between two parts a job can stop the count."""


def rows_of(con: DuckDBPyConnection, stream: StreamInfo, grid: Grid) -> Counts:
    """How many rows each bucket has; shape (buckets,)."""
    found = con.execute(f"SELECT {grid.index_sql('_ts')} AS i, count(*) AS n FROM {stream.rows_sql} "
                        f"WHERE {grid.within_sql('_ts')} GROUP BY i").fetchnumpy()
    counts = np.zeros(grid.count, dtype=np.int64)
    counts[np.asarray(found["i"], dtype=np.int64)] = found["n"]
    return counts


def number_sql(stream: StreamInfo, column: ColumnInfo) -> str:
    """A cell as a DOUBLE in the unit of the log; times in seconds since 1970."""
    if column.type is ColumnType.TIME:
        return f"epoch_us({catalog.utc_sql(stream, column)}) / 1e6"
    return stored_number(column.stored, column.kept)


def some_values(con: DuckDBPyConnection, stream: StreamInfo, column: ColumnInfo, grid: Grid, first: int, last: int,
                most: int) -> Floats | NDArray[np.object_]:
    """At most so many cells of the buckets from `first` to before `last`, spread over all of them: floats in the
    canonical unit, NaN missing; or text and None."""
    number = column.type is not ColumnType.TEXT
    part = Grid(grid.first_us + first * grid.step_us, grid.step_us, last - first)
    within = f"FROM {stream.rows_sql} WHERE {part.within_sql('_ts')}"
    each = max(1, int(one(con, f"SELECT count(*) {within}")[0]) // most)
    thinned = f" QUALIFY row_number() OVER () % {each} = 0" if each > 1 else ""
    value = number_sql(stream, column) if number else text_sql(column)
    found = con.execute(f"SELECT {value} AS v {within}{thinned}").fetchnumpy()["v"]
    if number:
        return plain(found, np.nan) * column.scale
    cells = np.ma.asarray(found)
    texts = np.array(cells.data, dtype=object)
    texts[np.ma.getmaskarray(cells)] = None
    return texts


def numbers_in_bins(con: DuckDBPyConnection, stream: StreamInfo, column: ColumnInfo, grid: Grid, cuts: Floats,
                    job: Job) -> tuple[Counts, Counts]:
    """Rows below the first cut, from each cut up to the next, and from the last on; and cells that are missing.

    Shapes (buckets, cuts + 1) and (buckets,). Cuts are in the canonical unit.
    """
    bins = len(cuts) + 1
    counts, missing = np.zeros(grid.count * bins, dtype=np.int64), np.zeros(grid.count, dtype=np.int64)
    parts = min(grid.count, max(1, -(-stream.rows // PART_ROWS)))
    edges = [grid.count * number // parts for number in range(parts + 1)]
    for first, last in itertools.pairwise(edges):
        job.stop_if_asked()
        part = Grid(grid.first_us + first * grid.step_us, grid.step_us, last - first)
        found = con.execute(f"SELECT ({grid.index_sql('_ts')})::INTEGER AS i, {number_sql(stream, column)} AS v "
                            f"FROM {stream.rows_sql} WHERE {part.within_sql('_ts')}").fetchnumpy()
        bucket, values = np.asarray(found["i"]).astype(np.int64), plain(found["v"], np.nan)
        known = ~np.isnan(values)
        missing += np.bincount(bucket[~known], minlength=grid.count)
        cell = bucket[known] * bins + np.searchsorted(cuts, values[known] * column.scale, side="right")
        counts += np.bincount(cell, minlength=len(counts))
    return counts.reshape(grid.count, bins), missing


def texts_in_bins(con: DuckDBPyConnection, stream: StreamInfo, column: ColumnInfo, grid: Grid,
                  labels: Sequence[str]) -> tuple[Counts, Counts]:
    """Rows with each of these texts, then those with any other, and cells that are missing.

    Shapes (buckets, labels + 1) and (buckets,).
    """
    bins = len(labels) + 1
    found = con.execute(
        f"SELECT i, k, sum(n) AS n FROM (SELECT i, n, CASE WHEN v IS NULL THEN -1 ELSE "
        f"coalesce(list_position($labels, v) - 1, {bins - 1}) END AS k FROM (SELECT {grid.index_sql('_ts')} AS i, "
        f"{text_sql(column)} AS v, count(*) AS n FROM {stream.rows_sql} WHERE {grid.within_sql('_ts')} GROUP BY ALL)) "
        "GROUP BY ALL", {"labels": list(labels)}).fetchnumpy()
    bucket, bin_at = (np.asarray(found[name]).astype(np.int64) for name in ("i", "k"))
    n = np.asarray(found["n"], dtype=np.float64).astype(np.int64)
    counts, missing = np.zeros((grid.count, bins), dtype=np.int64), np.zeros(grid.count, dtype=np.int64)
    there = bin_at >= 0
    counts[bucket[there], bin_at[there]] = n[there]
    missing[bucket[~there]] = n[~there]
    return counts, missing


def most_frequent(con: DuckDBPyConnection, stream: StreamInfo, column: ColumnInfo, grid: Grid, first: int, last: int,
                  most: int) -> tuple[str, ...] | None:
    """The values of a column of text in the buckets from `first` to before `last`, the most frequent first; None where
    there are more than `most`."""
    part = Grid(grid.first_us + first * grid.step_us, grid.step_us, last - first)
    found = con.execute(f"SELECT v FROM (SELECT {text_sql(column)} AS v, count(*) AS n FROM {stream.rows_sql} "
                        f"WHERE {part.within_sql('_ts')} GROUP BY v) WHERE v IS NOT NULL "
                        f"ORDER BY n DESC, v LIMIT {most + 1}").fetchall()
    return None if len(found) > most else tuple(str(value) for (value,) in found)
