"""How much each sample adds: the column of role METRIC_INCREASE, which no log has, made from the samples themselves.

A counter only grows until its process starts again, so that what a chart needs is the difference of neighbours. It is
stored with the later sample, where rollups add it up like any other number. What a sample adds:

    counter   its value less that of the sample before it in its series; where the value is smaller, the process has
              started again and the value itself is what was counted since; nothing for the first of a series
    delta     its value
    gauge     nothing

A series is every text of the row together: the name of the metric and its labels, but for folders that are named after
a day or an hour, where a counter goes on. Samples of one series are put in order by time, then by value, so that it
does not matter in which order files or lines came. A sample without a finite value is passed over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.roles import ColumnType, Role
from console.store.asking import one
from console.store.casting import stored_number
from console.store.model import ColumnInfo, StreamInfo
from console.store.names import FINEST_S, quoted
from console.store.rollups import USABLE, floor_sql

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

COUNTER, DELTA, GAUGE = "counter", "delta", "gauge"
"""The words of a METRIC_KIND column; anything else counts as a gauge."""

TIMES = (Role.TIMESTAMP, Role.ARRIVAL_TIME, Role.OUTCOME_TIME)

CALENDAR = ("date", "dt", "ds", "year", "month", "week", "day", "hour", "hr", "minute", "min")
"""Columns without a role under these names are what folders are called by, as in `date=2026-03-02/hour=10`."""

LOOK_S = (600, 7200, None)
"""How far from the new samples their neighbours are looked for, in seconds: nearly always the nearest will do, so that
following a long log does not read all of it. None: to the end."""


def fill(con: DuckDBPyConnection, stream: StreamInfo) -> None:
    """Bring the increases of a stream up to its dirty buckets; within a transaction of the caller, before rollups.

    All samples between the first and the last dirty bucket are made again, and the next one of each series behind them;
    the buckets of those that changed are dirty too, afterwards. Nothing happens to a stream without such columns. Rows
    that are taken out of the table must be told of before (`missed`), for the sample behind them takes their part.
    """
    kind, increase = stream.column(Role.METRIC_KIND), stream.column(Role.METRIC_INCREASE)
    value = stream.column(Role.METRIC_VALUE)
    if kind is None or value is None or increase is None or increase.kept is not ColumnType.NUMBER:
        return
    low, high = one(con, "SELECT epoch_us(min(bucket)), epoch_us(max(bucket)) FROM dirty WHERE stream_id = ?",
                    [stream.stream_id])
    if low is not None:
        _Increases(con, stream, kind, value, increase).make(int(low), int(high) + FINEST_S * 10**6)


def missed(con: DuckDBPyConnection, stream: StreamInfo, file_id: int) -> None:
    """The rows of a file are about to be taken out: the samples behind them are to be made again."""
    if stream.column(Role.METRIC_INCREASE) is None:
        return
    first = f"SELECT min(_ts) FROM {stream.table} WHERE _file = {int(file_id)} AND {USABLE}"
    con.execute(f"INSERT INTO dirty SELECT {stream.stream_id}, {floor_sql('t', FINEST_S)} FROM "
                f"(SELECT unnest([min(_ts), max(_ts)]) AS t FROM {stream.table} WHERE {USABLE} AND _ts >= ({first})) "
                "WHERE t IS NOT NULL")


class _Increases:
    """One stream, one transaction. Times are microseconds since 1970."""

    def __init__(self, con: DuckDBPyConnection, stream: StreamInfo, kind: ColumnInfo, value: ColumnInfo,
                 increase: ColumnInfo) -> None:
        self.con = con
        self.stream = stream
        self.increase = quoted(increase.stored)
        names = [quoted(column.stored) for column in stream.columns
                 if column.kept is ColumnType.TEXT and column is not kind and column.role not in TIMES
                 and not (column.role is None and column.name.casefold() in CALENDAR)] or ["''"]
        self.series = [f"s{number}" for number in range(len(names))]
        texts = ", ".join(f"{name} AS {short}" for name, short in zip(names, self.series, strict=True))
        number = stored_number(value.stored, value.kept)
        self.samples = (f"SELECT rowid AS id, _ts AS t, {self.increase} AS had, lower(trim({quoted(kind.stored)})) "
                        f"AS kind, CASE WHEN isfinite({number}) THEN {number} END AS v, {texts} "
                        f"FROM {stream.table} WHERE {USABLE}")

    def make(self, low: int, high: int) -> None:
        """The increases of samples from low up to high, and of their neighbours behind."""
        inside = self._between(low, high)
        keys = ", ".join(self.series)
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE _series AS SELECT DISTINCT {keys} FROM ({inside}) "
                         f"WHERE {_is_counter()}")
        self._neighbours("_before", "max", [(None if far is None else low - far * 10**6, low) for far in LOOK_S])
        self._neighbours("_behind", "min", [(high, None if far is None else high + far * 10**6) for far in LOOK_S])
        neighbours = " UNION ALL ".join(f"SELECT near.id, near.t, near.had, near.v, {keys} FROM {table}"
                                        for table in ("(SELECT * REPLACE (struct_update(near, id := NULL) AS near) "
                                                      "FROM _before)", "_behind"))
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE _increases AS SELECT id, t, increase FROM ("
            f"SELECT id, t, had, CASE WHEN v >= before THEN v - before WHEN before IS NOT NULL THEN v END AS increase "
            f"FROM (SELECT id, t, had, v, lag(v) OVER (PARTITION BY {keys} ORDER BY t, v, id NULLS FIRST) AS before "
            f"FROM (SELECT id, t, had, v, {keys} FROM ({inside}) WHERE {_is_counter()} UNION ALL {neighbours})) "
            f"UNION ALL SELECT id, t, had, CASE kind WHEN '{DELTA}' THEN v END FROM ({inside}) "
            f"WHERE NOT {_is_counter()}) WHERE id IS NOT NULL AND increase IS DISTINCT FROM had "
            "ORDER BY id")      # an update in the order of the table takes a sixth of the time
        first, last = one(self.con, "SELECT epoch_us(min(t)), epoch_us(max(t)) FROM _increases")
        if first is None:
            return
        self.con.execute(f"UPDATE {self.stream.table} AS r SET {self.increase} = i.increase FROM _increases i "
                         f"WHERE r.rowid = i.id AND r._ts BETWEEN make_timestamp({first}) AND make_timestamp({last})")
        self.con.execute(f"INSERT INTO dirty SELECT DISTINCT {self.stream.stream_id}, {floor_sql('t', FINEST_S)} "
                         "FROM _increases")

    def _between(self, low: int | None, high: int | None) -> str:
        """Samples of a span; None has no end."""
        return self.samples + "".join(
            f" AND _ts {sign} make_timestamp({end})" for sign, end in ((">=", low), ("<", high)) if end is not None)

    def _neighbours(self, table: str, nearest: str, spans: list[tuple[int | None, int | None]]) -> None:
        """A table of the nearest sample of each series outside, looked for in each span in turn until all are found."""
        keys = ", ".join(self.series)
        same = " AND ".join(f"x.{key} IS NOT DISTINCT FROM y.{key}" for key in self.series)
        near = "struct_pack(t := t, v := v, id := id, had := had)"
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT {nearest}({near}) AS near, {keys} "
                         f"FROM (SELECT * FROM ({self.samples}) LIMIT 0) GROUP BY {keys}")
        for low, high in spans:
            missing = f"SELECT {keys} FROM _series y WHERE NOT EXISTS (SELECT 1 FROM {table} x WHERE {same})"
            if not self.con.execute(f"{missing} LIMIT 1").fetchall():
                return
            self.con.execute(
                f"INSERT INTO {table} SELECT {nearest}({near}), {keys} FROM (SELECT x.* FROM "
                f"({self._between(low, high)}) x SEMI JOIN ({missing}) y ON {same}) WHERE {_is_counter()} "
                f"GROUP BY {keys}")


def _is_counter() -> str:
    return f"coalesce(kind = '{COUNTER}' AND v IS NOT NULL, false)"
