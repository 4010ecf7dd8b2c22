"""Adds few new rows to the rollups of a stream: what a log that is followed brings with each look.

Statements over two hundred columns cost more to plan than to run on a few thousand rows, and there would be forty of
them, several times a second. So the rows are fetched once, added up here, and what they add is appended: several rows
of a bucket and series may stand in a rollup, whoever reads adds them up. `Loose` knows which buckets have such rows,
and packs them when there are many.

Values come from the same SQL as everywhere (`casting`, `derived`, `bin_sql`); sums differ by rounding alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from console.store.casting import stored_number
from console.store.derived import derived
from console.store.model import Floats, StreamInfo
from console.store.names import quoted
from console.store.rolled import has_moments, is_binned, rolled_columns
from console.store.rollups import (
    ALL_SERIES,
    BIN_LEVELS_S,
    BIN_ZERO,
    KEYS,
    LEVELS_S,
    MOST_SERIES,
    SERIES_COLUMNS,
    all_parts,
    bin_sql,
    key_sql,
)

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

MOST_ROWS = 50_000
"""Of one look; more are added up by the database."""

MOST_LOOSE = 200
"""Looks whose numbers lie beside one another before they are packed."""

Ints = NDArray[np.int64]


@dataclass(slots=True)
class Loose:
    """Buckets of each stream that have more rows than they need: (first, last in microseconds, looks)."""

    spans: dict[int, tuple[int, int, int]] = field(default_factory=dict)

    def note(self, stream_id: int, low_us: int, high_us: int) -> None:
        """One look has added rows from low to high."""
        first, last, looks = self.spans.get(stream_id, (low_us, high_us, 0))
        self.spans[stream_id] = min(first, low_us), max(last, high_us), looks + 1

    def many(self, stream_id: int) -> bool:
        """Whether it is time to pack them."""
        return self.spans.get(stream_id, (0, 0, 0))[2] >= MOST_LOOSE

    def pack(self, con: DuckDBPyConnection, stream: StreamInfo) -> None:
        """One row for each bucket and series again; within a transaction of the caller. Numbers stay what they are."""
        if stream.stream_id not in self.spans:
            return
        low, high, _ = self.spans.pop(stream.stream_id)
        top = LEVELS_S[-1] * 10**6
        within = f"bucket >= make_timestamp({low // top * top}) AND bucket <= make_timestamp({high})"
        names = [(name, how) for name, _, how in all_parts(stream)]
        for table, keys, merged in (
                (f"rollup_{stream.stream_id}", "level_s, bucket, series", names),
                (f"bins_{stream.stream_id}", "level_s, bucket, series, number, bin", [("n", "sum")])):
            columns = f"{keys}, {', '.join(name for name, _ in merged)}"
            con.execute(f"CREATE OR REPLACE TEMP TABLE _packed AS SELECT {keys}, "
                        f"{', '.join(f'{how}({name}) AS {name}' for name, how in merged)} FROM {table} "
                        f"WHERE {within} GROUP BY {keys}")
            con.execute(f"DELETE FROM {table} WHERE {within}")
            con.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM _packed")
        con.execute("DROP TABLE IF EXISTS _packed")


def add(con: DuckDBPyConnection, stream: StreamInfo, after: int, finest: int, *, minutes: bool) -> bool:
    """Append what the rows with numbers above `after` add, at every level. False, and nothing done, when a series has
    no number yet: the database gives it one.

    finest   the level below all others
    minutes  bins are kept by the minute too, without keeping series apart
    """
    rows = _Rows(con, stream, after)
    series = rows.series(con)
    if series is None:
        return False
    split = max(stream.split_s, finest)
    made = []
    if split > finest:
        made.append(_added_up(rows, finest, np.full(len(series), ALL_SERIES)))
        made += [_up(made[0], level) for level in LEVELS_S if finest < level < split]
    apart = _added_up(rows, split, series)
    made += [apart, *(_up(apart, level) for level in LEVELS_S if level > split)]
    _insert(con, stream, made)
    _insert_bins(con, stream, rows, series, minutes)
    return True


class _Rows:
    """The new rows, as the rollups see them."""

    def __init__(self, con: DuckDBPyConnection, stream: StreamInfo, after: int) -> None:
        self.stream = stream
        rolled = rolled_columns(stream)
        values = {each.number: each.value for each in derived(stream)}
        values |= {column.number: stored_number(column.stored, column.kept) for column in rolled
                   if has_moments(column)}
        self.numbers = list(values)
        self.counted = [column.number for column in rolled if column.number not in values]
        self.binned = [column.number for column in rolled if is_binned(column)]
        known = {column.number: quoted(column.stored) for column in rolled}
        cells = ["epoch_us(_ts) AS t", *key_sql(stream),
                 *(f"({value})::DOUBLE AS v{number}" for number, value in values.items()),
                 *(f"{known[number]} IS NOT NULL AS v{number}" for number in self.counted)]
        bins = [f"CASE WHEN v{number} IS NOT NULL THEN {bin_sql(f'v{number}')} END AS bin_{number}"
                for number in self.binned]
        self._table: pa.Table = con.sql(
            f"SELECT {', '.join(['*', *bins])} FROM (SELECT {', '.join(cells)} FROM {stream.rows_sql} "
            f"WHERE rowid > {after})").to_arrow_table()
        self.times: Ints = self._table["t"].to_numpy()

    def values(self, number: int) -> Floats:
        """Of a column with moments; NaN where there is none, since the store has no NaN. Of one that is only counted 1
        where it has a value, else 0."""
        return np.asarray(self._table[f"v{number}"].to_numpy(), dtype=np.float64)

    def bins(self, number: int) -> tuple[NDArray[np.bool_], Ints]:
        """Which rows have a bin, and all bins (anything where there is none)."""
        found = np.asarray(self._table[f"bin_{number}"].to_numpy(), dtype=np.float64)
        missing = np.isnan(found)
        return ~missing, np.where(missing, 0, found).astype(np.int64)

    def series(self, con: DuckDBPyConnection) -> Ints | None:
        """The number of each row's series; None when one has none though there is room."""
        code = np.zeros(len(self.times), np.int64)
        words: list[list[str | None]] = []
        for key in KEYS:
            column = self._table[key].combine_chunks().dictionary_encode()
            texts: list[str | None] = [*column.dictionary.to_pylist(), None]
            codes = np.asarray(column.indices.to_numpy(zero_copy_only=False), dtype=np.float64)
            code = code * len(texts) + np.nan_to_num(codes, nan=len(texts) - 1).astype(np.int64)
            words.append(texts)
        known = {tuple(names): int(number) for number, *names in con.execute(
            f"SELECT series, {', '.join(SERIES_COLUMNS)} FROM series WHERE stream_id = ?",
            [self.stream.stream_id]).fetchall()}
        kinds, which = np.unique(code, return_inverse=True)
        numbers = np.zeros(len(kinds), np.int64)
        for at, kind in enumerate(kinds):
            said = []
            for texts in reversed(words):
                kind, place = divmod(int(kind), len(texts))
                said.append(texts[place])
            found = known.get(tuple(reversed(said)))
            if found is None and len(known) < MOST_SERIES:
                return None
            numbers[at] = found or 0
        return numbers[which]


@dataclass(frozen=True, slots=True)
class _Level:
    """Rows of a rollup: buckets (microseconds), series, and the parts by name. Of a column that has no value in a
    bucket sums are 0 here, and NULL in the rollup; infinities of both signs add up to NaN in both."""

    level_s: int
    at: Ints
    series: Ints
    parts: dict[str, Floats]


@dataclass(frozen=True, slots=True)
class _Groups:
    """Which rows belong together, each time and series once."""

    at: Ints
    series: Ints
    order: Ints
    starts: Ints

    @classmethod
    def of(cls, times: Ints, series: Ints, level_s: int) -> _Groups:
        at = times // (level_s * 10**6) * (level_s * 10**6)
        order = np.lexsort((series, at))
        at, series = at[order], series[order]
        first = np.ones(len(at), bool)
        first[1:] = (at[1:] != at[:-1]) | (series[1:] != series[:-1])
        starts = np.flatnonzero(first)
        return cls(at[starts], series[starts], order, starts)

    def sum(self, values: Floats) -> Floats:
        return np.add.reduceat(values[self.order], self.starts)

    def least(self, values: Floats) -> Floats:
        return np.fmin.reduceat(values[self.order], self.starts)

    def greatest(self, values: Floats) -> Floats:
        return np.fmax.reduceat(values[self.order], self.starts)


def _added_up(rows: _Rows, level_s: int, series: Ints) -> _Level:
    groups = _Groups.of(rows.times, series, level_s)
    parts = {"n": groups.sum(np.ones(len(rows.times)))}
    with np.errstate(over="ignore", invalid="ignore"):
        for number in rows.numbers:
            value = rows.values(number)
            missing = np.isnan(value)
            count = groups.sum((~missing).astype(np.float64))
            filled = np.where(missing, 0.0, value)
            parts[f"n_{number}"] = count
            parts[f"sum_{number}"] = groups.sum(filled)
            parts[f"sq_{number}"] = groups.sum(filled * filled)
            parts[f"min_{number}"] = groups.least(value)
            parts[f"max_{number}"] = groups.greatest(value)
    for number in rows.counted:
        parts[f"n_{number}"] = groups.sum(rows.values(number))
    return _Level(level_s, groups.at, groups.series, parts)


def _up(fine: _Level, level_s: int) -> _Level:
    groups = _Groups.of(fine.at, fine.series, level_s)
    with np.errstate(over="ignore", invalid="ignore"):
        parts = {name: groups.least(values) if name.startswith("min_") else groups.greatest(values)
                 if name.startswith("max_") else groups.sum(values) for name, values in fine.parts.items()}
    return _Level(level_s, groups.at, groups.series, parts)


def _insert(con: DuckDBPyConnection, stream: StreamInfo, levels: Sequence[_Level]) -> None:
    import pyarrow as pa

    arrays = [_array(np.concatenate([np.full(len(level.at), level.level_s) for level in levels]), pa.int32()),
              _array(np.concatenate([level.at for level in levels]), pa.timestamp("us")),
              _array(np.concatenate([level.series for level in levels]), pa.int32())]
    names = ["level_s", "bucket", "series"]
    for name, kind, _ in all_parts(stream):
        values = np.concatenate([level.parts[name] for level in levels])
        names.append(name)
        if kind == "BIGINT":
            arrays.append(_array(values, pa.int64()))
            continue
        count = np.concatenate([level.parts[f"n_{name.partition('_')[2]}"] for level in levels])
        arrays.append(_array(values, pa.float64(), missing=count == 0))
    _append(con, f"rollup_{stream.stream_id}", pa.table(arrays, names=names))


def _insert_bins(con: DuckDBPyConnection, stream: StreamInfo, rows: _Rows, series: Ints, minutes: bool) -> None:
    import pyarrow as pa

    finest, lowest = BIN_LEVELS_S[0], stream.bins_s
    levels = [(level, series) for level in BIN_LEVELS_S if level >= lowest]
    if minutes and lowest > finest:
        levels.append((finest, np.full(len(series), ALL_SERIES)))
    parts: list[pa.Table] = []
    for number in rows.binned:
        there, bins = rows.bins(number)
        for level, apart in levels:
            at = rows.times[there] // (level * 10**6)
            if not len(at):
                continue
            first, width = int(at.min()), 4 * BIN_ZERO
            code = ((at - first) * (MOST_SERIES + 2) + apart[there] + 1) * width + bins[there] + 2 * BIN_ZERO
            codes, counts = np.unique(code, return_counts=True)
            rest, found = np.divmod(codes, width)
            bucket, kind = np.divmod(rest, MOST_SERIES + 2)
            parts.append(pa.table([
                _array(np.full(len(codes), level), pa.int32()),
                _array((bucket + first) * (level * 10**6), pa.timestamp("us")),
                _array(kind - 1, pa.int32()), _array(np.full(len(codes), number), pa.int32()),
                _array(found - 2 * BIN_ZERO, pa.int32()), _array(counts, pa.int64())],
                names=["level_s", "bucket", "series", "number", "bin", "n"]))
    if parts:
        _append(con, f"bins_{stream.stream_id}", pa.concat_tables(parts))


def _array(values: NDArray[np.generic], kind: pa.DataType, missing: NDArray[np.bool_] | None = None) -> pa.Array:
    """An Arrow array of numbers. Not by `pa.array`, which imports pandas."""
    import pyarrow as pa

    width = {pa.int32(): np.int32, pa.float64(): np.float64}.get(kind, np.int64)
    valid = None if missing is None else pa.py_buffer(np.packbits(~missing, bitorder="little"))
    return pa.Array.from_buffers(kind, len(values), [valid, pa.py_buffer(np.ascontiguousarray(values, dtype=width))])


def _append(con: DuckDBPyConnection, table: str, rows: pa.Table) -> None:
    con.register("_adding", rows)
    try:
        con.execute(f"INSERT INTO {table} ({', '.join(rows.column_names)}) SELECT * FROM _adding")
    finally:
        con.unregister("_adding")
