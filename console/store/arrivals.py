"""In what order rows came, where they were seen coming; and which of them came after their time had been judged.

Rows of one `_arrived` came together. A row that was not seen coming (an archive) counts as having come in time; where
archives stand among what was seen is told by the order in which they were stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.roles import Role
from console.store.asking import one
from console.store.catalog import utc_sql
from console.store.model import StreamInfo
from console.store.rolled import ON_TIME_AXIS
from console.store.rollups import USABLE

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NEVER = 2**62
"""A moment by which everything has come."""

BEFORE_ALL = -(2**62)
"""A moment by which nothing was seen coming: archives alone."""

LATE_S = 10
"""Late rows are told by the start of their ten seconds."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Rows that came together.

    at_us      when; BEFORE_ALL for archives that were there at first, NEVER for what is known only now
    oldest_us, newest_us    of their times
    """

    at_us: int
    oldest_us: int
    newest_us: int


def arrivals(con: DuckDBPyConnection, streams: Iterable[StreamInfo],
             upto: Mapping[int, int] | None = None) -> tuple[list[Arrival], dict[int, int]]:
    """All rows on the time axis, in the order in which they came, and how far each stream was looked through.

    upto  what was given before: only what was stored and seen coming since
    """
    groups: dict[int, list[tuple[int, int]]] = {}
    looked: dict[int, int] = dict(upto or {})
    placed: list[tuple[int | None, int, int]] = []      # archives, and the moment before which they came
    for stream in streams:
        if stream.kind not in ON_TIME_AXIS:
            continue
        low = looked.get(stream.stream_id, -1)
        (high,) = one(con, f"SELECT max(rowid) FROM {stream.table} WHERE rowid > {low}")
        if high is None:
            continue
        looked[stream.stream_id] = high
        found = con.execute(
            f"SELECT epoch_us(_arrived), epoch_us(min(_ts)), epoch_us(max(_ts)), min(rowid) FROM {stream.table} "
            f"WHERE rowid > {low} AND rowid <= {high} AND {seen_sql(stream)} AND {USABLE} GROUP BY 1 ORDER BY 1"
        ).fetchall()
        for at, oldest, newest, _ in found:
            groups.setdefault(at, []).append((oldest, newest))
        if upto is None:
            placed += _archives(con, stream, [(at, row) for at, _, _, row in found])
    alone = not groups
    for moment, oldest, newest in placed:
        at = BEFORE_ALL if moment == BEFORE_ALL or alone else NEVER if moment is None else moment
        groups.setdefault(at, []).append((oldest, newest))
    return [Arrival(at, min(pair[0] for pair in groups[at]), max(pair[1] for pair in groups[at]))
            for at in sorted(groups)], looked


def late(con: DuckDBPyConnection, streams: Iterable[StreamInfo],
         closed: Mapping[int, int]) -> Sequence[tuple[int, int]]:
    """Rows of some arrivals that are older than what had been judged by then.

    closed  arrival -> up to which time (microseconds) instants had been judged before it
    Gives (start of the ten seconds of the row, arrival), each once, in microseconds.
    """
    found: set[tuple[int, int]] = set()
    step = LATE_S * 10**6
    for stream in streams:
        if stream.kind in ON_TIME_AXIS and closed:
            found.update(con.execute(
                f"SELECT DISTINCT r.ts // {step} * {step}, g.a FROM (SELECT epoch_us(_ts) AS ts, "
                f"epoch_us(_arrived) AS at FROM {stream.table} WHERE {seen_sql(stream)}) r "
                "JOIN (SELECT unnest($1) AS a, unnest($2) AS w) g ON r.at = g.a WHERE r.ts < g.w",
                [list(closed), list(closed.values())]).fetchall())
    return sorted(found)


def seen_sql(stream: StreamInfo) -> str:
    """Whether a row was seen coming: its `_arrived` is none of the log's own times (see `catalog.arrival_sql`)."""
    columns = (stream.column(Role.ARRIVAL_TIME), stream.column(Role.OUTCOME_TIME))
    own = ", ".join([*(utc_sql(stream, column) for column in columns if column is not None), "_ts"])
    return f"_arrived IS DISTINCT FROM {f'coalesce({own})' if ', ' in own else own}"


def come_by_sql(stream: StreamInfo, at_us: int) -> str:
    """Whether a row had come by a moment."""
    if at_us == BEFORE_ALL:
        return f"NOT ({seen_sql(stream)})"
    return f"(_arrived <= make_timestamp({at_us}) OR NOT ({seen_sql(stream)}))"


def _archives(con: DuckDBPyConnection, stream: StreamInfo,
              groups: Sequence[tuple[int, int]]) -> list[tuple[int | None, int, int]]:
    """(the arrival before which they were stored, oldest, newest); None where no arrival of the stream follows, and
    BEFORE_ALL before the first one."""
    where = f"FROM {stream.table} WHERE NOT ({seen_sql(stream)}) AND {USABLE}"
    oldest, newest, last = one(con, f"SELECT epoch_us(min(_ts)), epoch_us(max(_ts)), max(rowid) {where}")
    if oldest is None:
        return []
    if not groups:
        return [(None, oldest, newest)]
    if last < min(row for _, row in groups):
        return [(BEFORE_ALL, oldest, newest)]
    rows: list[int] = []
    for _, row in groups:       # the order of storing, whatever the clock said
        rows.append(max(row, rows[-1]) if rows else row)
    found = con.execute(
        f"SELECT g.a, epoch_us(min(x._ts)), epoch_us(max(x._ts)) FROM (SELECT rowid AS r, _ts {where}) x "
        "ASOF LEFT JOIN (SELECT unnest($1) AS a, unnest($2) AS r) g ON x.r <= g.r GROUP BY g.a",
        [[at for at, _ in groups], rows]).fetchall()
    first = groups[0][0]
    return [(BEFORE_ALL if at == first else at, oldest, newest) for at, oldest, newest in found]
