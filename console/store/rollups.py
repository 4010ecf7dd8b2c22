"""Rollups: mergeable numbers of buckets, made from raw rows at the finest level and by addition above it.

Idempotent: what a dirty bucket has is thrown away and made again from all its rows. Several rows of one bucket and
series may stand in a table; whoever reads adds them up.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from console.roles import SERIES_ROLES, Role
from console.store.casting import EARLIEST, LATEST
from console.store.derived import answer_of, derived, text_sql, truth_of
from console.store.model import StreamInfo
from console.store.names import FINEST_S, quoted
from console.store.rolled import ON_TIME_AXIS, has_moments, is_binned, rolled_columns
from console.store.widening import widen

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LEVELS_S = (1, 10, 60, 600, 3600)
"""Each divides the next."""

SECONDS_FOR_S = 6 * 3600.0
"""Logs shorter than this have the level of one second."""

ALL_SERIES = -1
"""The series number of rows in which series are not kept apart."""

MOST_SERIES = 200
"""Combinations of model, version, host and metric name kept apart in a stream; the rest is added up as number 0."""

BIN_LEVELS_S = (60, 600, 3600)
GAMMA = 1.02
"""Width of a logarithmic bin: a percentile read from bins is within 1 % (Masson, Rim, Lee: DDSketch, VLDB 2019)."""

LN_GAMMA = math.log(GAMMA)
BIN_ZERO = 40_000
"""Bins of positive values are BIN_ZERO + ceil(ln x / ln gamma), of negative ones minus that, of zero 0: they sort as
the values do. All finite doubles lie within 38,000 of it."""

KEYS = tuple(f"k{i}" for i in range(len(SERIES_ROLES)))
SERIES_COLUMNS = tuple(role.value for role in SERIES_ROLES)
USABLE = f"_ts >= TIMESTAMP '{EARLIEST}' AND _ts < TIMESTAMP '{LATEST}'"


def floor_sql(time: str, level_s: int) -> str:
    """The start of the bucket, aligned to 1970."""
    return f"make_timestamp(epoch_us({time}) // {level_s}000000 * {level_s}000000)"


def id_sql(stream: StreamInfo) -> str:
    """The request id as text."""
    column = stream.column(Role.REQUEST_ID)
    assert column is not None
    return text_sql(column)


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
    for each in derived(stream):
        found += parts(each.number, True)
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
    widen(con, table, [field for field in fields if field.partition(" ")[0] not in have])


def made_of(stream: StreamInfo) -> tuple[object, ...]:
    """What rollups and joined outcomes of a stream depend on, but for its times; units are not among it."""
    sources = [(column.number, has_moments(column), is_binned(column)) for column in rolled_columns(stream)]
    outcomes = [column.stored if (column := stream.column(role)) else None
                for role in (Role.REQUEST_ID, Role.CLICKED, Role.LABEL, Role.CHURNED, Role.ARRIVAL_TIME,
                             Role.OUTCOME_TIME)]
    counters = [column.stored if (column := stream.column(role)) else None
                for role in (Role.METRIC_KIND, Role.METRIC_VALUE, Role.METRIC_INCREASE)]
    made = [(each.name, each.value) for each in derived(stream)]
    return stream.kind, sources, made, key_sql(stream), outcomes, answer_of(stream), truth_of(stream), counters


def start_again(con: DuckDBPyConnection, stream: StreamInfo) -> None:
    """Forget all rollups of a stream: every bucket with rows is dirty."""
    con.execute(f"DROP TABLE IF EXISTS rollup_{stream.stream_id}")
    con.execute(f"DROP TABLE IF EXISTS bins_{stream.stream_id}")
    con.execute("DELETE FROM series WHERE stream_id = ?", [stream.stream_id])
    con.execute("DELETE FROM dirty WHERE stream_id = ?", [stream.stream_id])
    con.execute("UPDATE streams SET split_s = 0, bins_s = 0 WHERE stream_id = ?", [stream.stream_id])
    fit_tables(con, stream)
    if stream.kind in ON_TIME_AXIS:
        con.execute(f"INSERT INTO dirty SELECT DISTINCT {stream.stream_id}, {floor_sql('_ts', FINEST_S)} "
                    f"FROM {stream.table} WHERE {USABLE}")


def join_again(con: DuckDBPyConnection) -> None:
    """Forget all joined outcomes; a bucket without a time stands for all."""
    con.execute("DELETE FROM rollup_outcomes")
    con.execute("DELETE FROM outcome_waits")
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


def first_dirty(con: DuckDBPyConnection, stream_id: int) -> int:
    """From which time on (microseconds) rollups of the stream do not hold all rows."""
    found = con.execute("SELECT epoch_us(min(bucket)) FROM dirty WHERE stream_id = ?", [stream_id]).fetchall()[0][0]
    return 0 if found is None else int(found)


def bin_sql(value: str) -> str:
    """The bin of a value; infinities share the outermost."""
    size = f"greatest(least(ceil(ln(abs({value})) / {LN_GAMMA!r}), 39000), -39000)::INTEGER + {BIN_ZERO}"
    return f"CASE WHEN {value} > 0 THEN {size} WHEN {value} < 0 THEN -({size}) ELSE 0 END"
