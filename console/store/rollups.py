"""Rollups: mergeable numbers of buckets, made from raw rows at the finest level and by addition above it.

Idempotent: what a dirty bucket has is thrown away and made again from all its rows. Several rows of one bucket and
series may stand in a table; whoever reads adds them up.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from console.roles import SERIES_ROLES, ColumnType, Role
from console.store.asking import one
from console.store.casting import EARLIEST, LATEST, stored_number
from console.store.model import ColumnInfo, StreamInfo
from console.store.names import FAILED_NUMBER, FINEST_S, quoted
from console.store.rolled import ON_TIME_AXIS, has_moments, is_binned, rolled_columns

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LEVELS_S = (1, 10, 60, 600, 3600)
"""Each divides the next."""

SECONDS_FOR_S = 6 * 3600.0
"""Logs shorter than this have the level of one second."""

MOST_SERIES = 200
"""Combinations of model, version, host and metric name kept apart in a stream; the rest is added up as number 0."""

BIN_LEVELS_S = (60, 600, 3600)
GAMMA = 1.02
"""Width of a logarithmic bin: a percentile read from bins is within 1 % (Masson, Rim, Lee: DDSketch, VLDB 2019)."""

LN_GAMMA = math.log(GAMMA)
BIN_ZERO = 40_000
"""Bins of positive values are BIN_ZERO + ceil(ln x / ln gamma), of negative ones minus that, of zero 0: they sort as
the values do. All finite doubles lie within 38,000 of it."""

FAILED_WORDS = ("failure", "failed", "fail", "error", "err", "false", "timeout", "timed out", "exception", "aborted",
                "cancelled", "canceled", "unavailable", "internal", "deadline_exceeded", "rejected", "crashed")
KEYS = tuple(f"k{i}" for i in range(len(SERIES_ROLES)))
SERIES_COLUMNS = tuple(role.value for role in SERIES_ROLES)
USABLE = f"_ts >= TIMESTAMP '{EARLIEST}' AND _ts < TIMESTAMP '{LATEST}'"


def floor_sql(time: str, level_s: int) -> str:
    """The start of the bucket, aligned to 1970."""
    return f"make_timestamp(epoch_us({time}) // {level_s}000000 * {level_s}000000)"


def failed_sql(stream: StreamInfo) -> str | None:
    """1 when the request failed, 0 when it did not, NULL where its status is missing. From 500 on; 4xx is the caller."""
    column = stream.column(Role.STATUS)
    if column is None:
        return None
    name = quoted(column.stored)
    if column.kept is ColumnType.NUMBER:
        return f"({name} >= 500)::INTEGER::DOUBLE"
    if column.kept is ColumnType.FLAG:
        return f"(NOT {name})::INTEGER::DOUBLE"
    words = ", ".join(f"'{word}'" for word in FAILED_WORDS)
    return (f"CASE WHEN TRY_CAST({name} AS DOUBLE) IS NOT NULL THEN (TRY_CAST({name} AS DOUBLE) >= 500)::INTEGER::DOUBLE "
            f"WHEN {name} IS NOT NULL THEN (lower(trim({name}::VARCHAR)) IN ({words}))::INTEGER::DOUBLE END")


def parts(number: int, moments: bool) -> tuple[tuple[str, str, str], ...]:
    """The columns of a rollup table for one column of the log: (name, type, how it merges)."""
    count = (f"n_{number}", "BIGINT", "sum")
    if not moments:
        return (count,)
    return (count, (f"sum_{number}", "DOUBLE", "sum"), (f"sq_{number}", "DOUBLE", "sum"),
            (f"min_{number}", "DOUBLE", "min"), (f"max_{number}", "DOUBLE", "max"))


def all_parts(stream: StreamInfo) -> list[tuple[str, str, str]]:
    """All columns of the rollup table behind level, bucket and series."""
    found = [("n", "BIGINT", "sum")]
    if failed_sql(stream) is not None:
        found += parts(FAILED_NUMBER, True)
    for column in rolled_columns(stream):
        found += parts(column.number, has_moments(column))
    return found


def fit_tables(con: DuckDBPyConnection, stream: StreamInfo) -> None:
    """Make the rollup tables of a stream, or widen them by its new columns."""
    if stream.kind not in ON_TIME_AXIS:
        return
    table = f"rollup_{stream.stream_id}"
    fields = [f"{name} {kind}" for name, kind, _ in all_parts(stream)]
    con.execute(f"CREATE TABLE IF NOT EXISTS {table} (level_s INTEGER, bucket TIMESTAMP, series INTEGER, "
                f"{', '.join(fields)})")
    con.execute(f"CREATE TABLE IF NOT EXISTS bins_{stream.stream_id} (level_s INTEGER, bucket TIMESTAMP, "
                "series INTEGER, number INTEGER, bin INTEGER, n BIGINT)")
    have = {row[0] for row in con.execute(f"SELECT column_name FROM (DESCRIBE {table})").fetchall()}
    for field in fields:
        if field.partition(" ")[0] not in have:
            con.execute(f"ALTER TABLE {table} ADD COLUMN {field}")


def start_again(con: DuckDBPyConnection, stream: StreamInfo) -> None:
    """Forget all rollups of a stream: every bucket with rows is dirty."""
    con.execute(f"DROP TABLE IF EXISTS rollup_{stream.stream_id}")
    con.execute(f"DROP TABLE IF EXISTS bins_{stream.stream_id}")
    con.execute("DELETE FROM series WHERE stream_id = ?", [stream.stream_id])
    con.execute("DELETE FROM dirty WHERE stream_id = ?", [stream.stream_id])
    fit_tables(con, stream)
    if stream.kind in ON_TIME_AXIS:
        con.execute(f"INSERT INTO dirty SELECT DISTINCT {stream.stream_id}, {floor_sql('_ts', FINEST_S)} "
                    f"FROM {stream.table} WHERE {USABLE}")


def join_again(con: DuckDBPyConnection) -> None:
    """Forget all joined outcomes; a bucket without a time stands for all."""
    con.execute("DELETE FROM rollup_outcomes")
    con.execute("DELETE FROM dirty_outcomes")
    con.execute("INSERT INTO dirty_outcomes VALUES (NULL)")


def key_sql(stream: StreamInfo) -> list[str]:
    """The values that make the series of a row, named k0, k1, ..."""
    columns = [stream.column(role) for role in SERIES_ROLES]
    return [f"{quoted(column.stored)}::VARCHAR AS {key}" if column else f"NULL::VARCHAR AS {key}"
            for column, key in zip(columns, KEYS, strict=True)]


def series_join(rows: str, stream: str) -> str:
    """The interned series of aggregated rows; those that were not interned have none."""
    on = " AND ".join(f"s.{name} IS NOT DISTINCT FROM {rows}.{key}"
                      for name, key in zip(SERIES_COLUMNS, KEYS, strict=True))
    return f"LEFT JOIN series s ON s.stream_id = {stream} AND {on}"


def dirty_streams(con: DuckDBPyConnection) -> list[int]:
    """Streams with something to do, by number."""
    return [int(row[0]) for row in con.execute("SELECT DISTINCT stream_id FROM dirty ORDER BY ALL").fetchall()]


def refresh(con: DuckDBPyConnection, stream: StreamInfo) -> None:
    """Make the dirty buckets of one stream again, and all above them. Within a transaction of the caller."""
    work = _Refresh(con, stream)
    work.moments()
    work.bins()
    con.execute("INSERT INTO dirty_outcomes SELECT bucket FROM _dirty WHERE ?", [work.joins_outcomes()])
    con.execute("DELETE FROM dirty WHERE stream_id = ?", [stream.stream_id])


class _Refresh:
    """One stream, one transaction."""

    def __init__(self, con: DuckDBPyConnection, stream: StreamInfo) -> None:
        self.con = con
        self.stream = stream
        self.table = f"rollup_{stream.stream_id}"
        con.execute(f"CREATE OR REPLACE TEMP TABLE _dirty AS SELECT DISTINCT bucket FROM dirty "
                    f"WHERE stream_id = {stream.stream_id}")
        self.whole = not con.execute(f"SELECT 1 FROM {self.table} LIMIT 1").fetchall()
        self.finest = self._finest()

    def _finest(self) -> int:
        """Level one while the log is short; rows of it are dropped when the log outgrows it."""
        seconds = one(self.con, f"SELECT epoch(max(_ts)) - epoch(min(_ts)) FROM {self.stream.table} WHERE {USABLE}")[0]
        if seconds is not None and seconds < SECONDS_FOR_S:
            return 1
        self.con.execute(f"DELETE FROM {self.table} WHERE level_s = 1")
        return FINEST_S

    def joins_outcomes(self) -> bool:
        """Whether its requests may have outcomes in another stream."""
        return (self.stream.column(Role.REQUEST_ID) is not None
                and bool(self.con.execute("SELECT 1 FROM streams WHERE kind = 'outcomes' LIMIT 1").fetchall()))

    def _in_dirty(self, time: str, level_s: int) -> str:
        """Rows in dirty buckets of a level: a span for the zone maps, and the buckets themselves."""
        buckets = f"SELECT {floor_sql('bucket', level_s)} AS bucket FROM _dirty"
        low, high = one(self.con, f"SELECT epoch_us(min(bucket)), epoch_us(max(bucket)) + {level_s * 10**6} FROM ({buckets})")
        within = f"{time} >= make_timestamp({low}) AND {time} < make_timestamp({high})"
        return within if self.whole else f"{within} AND {floor_sql(time, level_s)} IN ({buckets})"

    def moments(self) -> None:
        """The rollup table: the finest level from raw rows, then each from the one below."""
        stream, con = self.stream, self.con
        step = max(self.finest, 1)
        values = {column.number: stored_number(column.stored, column.kept) for column in rolled_columns(stream)
                  if has_moments(column)}
        failed = failed_sql(stream)
        if failed is not None:
            values[FAILED_NUMBER] = failed
        # The inner SELECT names each value once, so that five aggregates share one computation.
        inner = [f"epoch_us(_ts) // {step}000000 AS b", *key_sql(stream),
                 *(f"{value} AS v{number}" for number, value in values.items()),
                 *(f"{quoted(column.stored)} AS v{column.number}" for column in rolled_columns(stream)
                   if column.number not in values)]
        sums = ["count(*) AS n"]
        for number in ([FAILED_NUMBER] if failed is not None else []) + [c.number for c in rolled_columns(stream)]:
            sums += _aggregates(number, number in values)
        con.execute(f"CREATE OR REPLACE TEMP TABLE _rolled AS SELECT b, {', '.join(KEYS)}, {', '.join(sums)} FROM "
                    f"(SELECT {', '.join(inner)} FROM {stream.table} WHERE {self._in_dirty('_ts', FINEST_S)}) "
                    f"GROUP BY b, {', '.join(KEYS)}")
        self._intern()
        if not self.whole:
            con.execute(f"DELETE FROM {self.table} WHERE level_s = {self.finest} AND {self._in_dirty('bucket', FINEST_S)}")
        names = [name for name, _, _ in all_parts(stream)]
        con.execute(f"INSERT INTO {self.table} (level_s, bucket, series, {', '.join(names)}) "
                    f"SELECT {self.finest}, make_timestamp(b * {step}000000), coalesce(s.series, 0), {', '.join(names)} "
                    f"FROM _rolled r {series_join('r', str(stream.stream_id))}")
        merged = ", ".join(f"{how}({name})" for name, _, how in all_parts(stream))
        below = self.finest
        for level in LEVELS_S:
            if level > self.finest:
                self._add_up(self.table, level, below, f"series, {', '.join(names)}", f"series, {merged}", "series")
                below = level

    def _add_up(self, table: str, level: int, below: int, names: str, merged: str, keys: str) -> None:
        if not self.whole:
            self.con.execute(f"DELETE FROM {table} WHERE level_s = {level} AND {self._in_dirty('bucket', level)}")
        self.con.execute(f"INSERT INTO {table} (level_s, bucket, {names}) "
                         f"SELECT {level}, {floor_sql('bucket', level)} AS up, {merged} FROM {table} "
                         f"WHERE level_s = {below} AND {self._in_dirty('bucket', level)} GROUP BY up, {keys}")

    def _intern(self) -> None:
        """Number the combinations that are new, the most frequent first, while there is room."""
        stream_id, keys = self.stream.stream_id, ", ".join(KEYS)
        room = MOST_SERIES - int(one(self.con, "SELECT count(*) FROM series WHERE stream_id = ?", [stream_id])[0])
        if room <= 0:
            return
        order = f"sum(n) DESC, {', '.join(f'{key} NULLS FIRST' for key in KEYS)}"
        self.con.execute(
            f"INSERT INTO series SELECT {stream_id}, {MOST_SERIES - room} + row_number() OVER (ORDER BY {order}), {keys} "
            f"FROM (SELECT r.n, {', '.join('r.' + key for key in KEYS)} FROM _rolled r "
            f"{series_join('r', str(stream_id))} WHERE s.series IS NULL) GROUP BY {keys} ORDER BY {order} LIMIT {room}")

    def bins(self) -> None:
        """Logarithmic bins of what is read as percentiles: from raw rows by the minute, then by addition."""
        table = f"bins_{self.stream.stream_id}"
        binned = [column for column in rolled_columns(self.stream) if is_binned(column)]
        if not binned:
            return
        lowest = BIN_LEVELS_S[0]
        if not self.whole:
            self.con.execute(f"DELETE FROM {table} WHERE level_s = {lowest} AND {self._in_dirty('bucket', lowest)}")
        for column in binned:
            self._bins_of(column, table, lowest)
        for below, level in zip(BIN_LEVELS_S, BIN_LEVELS_S[1:], strict=False):
            self._add_up(table, level, below, "series, number, bin, n", "series, number, bin, sum(n)",
                         "series, number, bin")

    def _bins_of(self, column: ColumnInfo, table: str, level: int) -> None:
        value = stored_number(column.stored, column.kept)
        self.con.execute(
            f"INSERT INTO {table} SELECT {level}, make_timestamp(b * {level}000000), coalesce(s.series, 0), "
            f"{column.number}, r.bin, r.n FROM (SELECT b, {', '.join(KEYS)}, {bin_sql('v')} AS bin, count(*) AS n FROM "
            f"(SELECT epoch_us(_ts) // {level}000000 AS b, {', '.join(key_sql(self.stream))}, {value} AS v "
            f"FROM {self.stream.table} WHERE {self._in_dirty('_ts', level)}) WHERE v IS NOT NULL "
            f"GROUP BY ALL) r {series_join('r', str(self.stream.stream_id))}")


def _aggregates(number: int, moments: bool) -> list[str]:
    value = f"v{number}"
    count = f"count({value}) AS n_{number}"
    if not moments:
        return [count]
    return [count, f"sum({value}) AS sum_{number}", f"sum({value} * {value}) AS sq_{number}",
            f"min({value}) AS min_{number}", f"max({value}) AS max_{number}"]


def bin_sql(value: str) -> str:
    """The bin of a value; infinities share the outermost."""
    size = f"greatest(least(ceil(ln(abs({value})) / {LN_GAMMA!r}), 39000), -39000)::INTEGER + {BIN_ZERO}"
    return f"CASE WHEN {value} > 0 THEN {size} WHEN {value} < 0 THEN -({size}) ELSE 0 END"
