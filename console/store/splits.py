"""A split by any column: which of its values are kept apart. Read from the rows, for rollups do not know of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.errors import BadSettings
from console.jobs import Job
from console.roles import TIME_ROLES, ColumnType, Role, StreamKind
from console.store.derived import text_sql
from console.store.grid import OTHER
from console.store.model import ColumnInfo, StreamInfo
from console.store.names import literal
from console.window import Window

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MOST_VALUES = 8
"""More curves than that cannot be told apart; the rest is one more."""

CHUNK_ROWS = 500_000
"""A scan goes on in stretches of about so many rows, and can be stopped between them."""


@dataclass(frozen=True, slots=True)
class Split:
    """The values of one column, by its stored name, that are kept apart; all others are OTHER, none is ""."""

    stored: str
    values: tuple[str, ...]

    def sql(self, stream: StreamInfo) -> str:
        """The part that a row of this stream belongs to; "" where it has no such column."""
        column = next((one for one in stream.columns if one.stored == self.stored), None)
        if column is None:
            return "''"
        text = text_sql(column)
        kept = ", ".join(literal(value) for value in self.values) or "NULL"
        return f"CASE WHEN {text} IS NULL THEN '' WHEN {text} IN ({kept}) THEN {text} ELSE {literal(OTHER)} END"


def by_column(con: DuckDBPyConnection, streams: Iterable[StreamInfo], name: str, window: Window,
              job: Job | None) -> Split:
    """See Workspace.split_by."""
    requests = [stream for stream in streams if stream.kind is StreamKind.REQUESTS]
    named = {column.stored: column for stream in requests for column in stream.columns if can_split(column)}
    column = next((one for one in named.values() if name in (one.stored, one.name)), None)
    if column is None:
        raise BadSettings(f"No requests have a column `{name}` to split by",
                          do="Choose one of " + (", ".join(sorted(named)) or "none: there are no such columns"))
    counts: Counter[str] = Counter()
    start, end = round(window.start_s * 1e6), round(window.end_s * 1e6)
    for stream in requests:
        if job is not None:
            job.stop_if_asked()
        if any(one.stored == column.stored for one in stream.columns):
            text = text_sql(stream.named(column.stored))
            found = con.execute(f"SELECT v, count(*) AS n FROM (SELECT {text} AS v FROM {stream.rows_sql} "
                                f"WHERE _ts >= make_timestamp({start}) AND _ts < make_timestamp({end})) "
                                "WHERE v IS NOT NULL GROUP BY v ORDER BY n DESC, v "
                                f"LIMIT {MOST_VALUES * 4}").fetchall()
            counts.update({str(value): int(count) for value, count in found})
    return Split(column.stored, tuple(sorted(counts, key=lambda value: (-counts[value], value))[:MOST_VALUES]))


def counts(con: DuckDBPyConnection, stream: StreamInfo, column: ColumnInfo, window: Window,
           most: int) -> tuple[int, list[tuple[str | None, int]]]:
    """Rows of the window, and how many there are of each value that occurs most; None: missing."""
    start, end = round(window.start_s * 1e6), round(window.end_s * 1e6)
    found = con.execute(f"SELECT v, count(*) AS n, sum(n) OVER () FROM (SELECT {text_sql(column)} AS v FROM "
                        f"{stream.rows_sql} WHERE _ts >= make_timestamp({start}) AND _ts < make_timestamp({end})) "
                        f"GROUP BY v ORDER BY n DESC, v LIMIT {most}").fetchall()
    return (int(found[0][2]) if found else 0), [(value, int(n)) for value, n, _ in found]


def can_split(column: ColumnInfo) -> bool:
    """Whether its values may be few: words and flags, and numbers that stand for something."""
    many = (*TIME_ROLES, Role.REQUEST_ID, Role.LATENCY, Role.SCORE)
    return column.role not in many and column.type is not ColumnType.TIME
