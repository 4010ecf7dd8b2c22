"""The rows that an incident is counted from: those of its two windows, as one table with a name of its own.

`incident_rows` has the columns of `events` and behind them
    no_answer       whether the request got no prediction (no score, where the model's answer is a score)
    missing_cells   input columns of the request that hold no value; input_cells: of so many
    "log.NAME"      the columns of the log that somebody asks about, as they are

`clicked` and `label` are told only where the outcomes of the time are complete (`mature`): clicks come sooner than
their absence. Every number of a report is a query over this table, so the same rows under the same name give the same
number anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from console.roles import INPUT_ROLES, ColumnType, Role, StreamKind
from console.store.casting import stored_number
from console.store.derived import text_sql
from console.store.names import literal, quoted
from console.store.views import events_sql
from console.window import ZERO, Window

if TYPE_CHECKING:
    from console.store.model import ColumnInfo, StreamInfo

NAME = "incident_rows"
MOST_CELLS = 200
"""Input columns whose missing cells are counted by row."""


def log_column(name: str) -> str:
    """The column of the table that has that column of the log, to stand in SQL."""
    return quoted(f"log.{name}")


def definition(streams: Mapping[int, StreamInfo], windows: Sequence[Window], columns: Sequence[str], *,
               mature: datetime | None) -> str:
    """The SELECT that the table is made of; "" for a log without requests.

    columns  names in the log;  mature: outcomes of requests from then on are not told
    """
    requests = [stream for stream in streams.values() if stream.kind is StreamKind.REQUESTS]
    if not requests:
        return ""
    kinds = {name: _kind(requests, name) for name in columns}
    by_score = not any(stream.column(Role.PREDICTION) for stream in requests)
    answer = "score" if by_score else "prediction"
    answers = any(stream.column(Role.SCORE if by_score else Role.PREDICTION) for stream in requests)
    within = " OR ".join(f"(ts >= {moment(one.start)} AND ts < {moment(one.end)})" for one in windows)
    told = "" if mature is None else (f" REPLACE (CASE WHEN ts < {moment(mature)} THEN clicked END AS clicked, "
                                      f"CASE WHEN ts < {moment(mature)} THEN label END AS label)")
    inner = events_sql(streams, lambda stream: _more(stream, kinds))
    return (f"SELECT *{told}, {f'{answer} IS NULL' if answers else 'NULL::BOOLEAN'} AS no_answer\n"
            f"FROM ({inner})\nWHERE {within}")


def moment(at: datetime) -> str:
    """A time as it stands in SQL: UTC, without saying so."""
    return f"TIMESTAMP '{at.replace(tzinfo=None).isoformat(sep=' ')}'" if at.utcoffset() == ZERO else _refuse(at)


def _refuse(at: datetime) -> str:
    raise ValueError(f"Times must be UTC, got {at}")


def _more(stream: StreamInfo, kinds: Mapping[str, str]) -> str:
    inputs = [column for column in stream.columns_of(*INPUT_ROLES) if column.rolled]
    cells = f"{len(inputs)}" if 0 < len(inputs) <= MOST_CELLS else "NULL"
    missing = " + ".join(f"({missing_sql(column)})::INTEGER" for column in inputs) if cells != "NULL" else "NULL"
    by_name = {column.name: column for column in stream.columns}
    parts = [f"({missing})::INTEGER AS missing_cells", f"{cells}::INTEGER AS input_cells"]
    parts += [f"{_value(by_name.get(name), kind)} AS {log_column(name)}" for name, kind in kinds.items()]
    return "".join(f", {part}" for part in parts)


def missing_sql(column: ColumnInfo) -> str:
    """Whether a cell holds no value; NaN is none."""
    name = quoted(column.stored)
    if column.kept is ColumnType.NUMBER:
        return f"{name} IS NULL OR isnan({name})"
    if column.type is ColumnType.NUMBER:
        return f"{stored_number(column.stored, column.kept)} IS NULL"
    return f"{name} IS NULL"


def _kind(streams: Sequence[StreamInfo], name: str) -> str:
    """DOUBLE where all streams that have the column count it as a number."""
    found = [column for stream in streams for column in stream.columns if column.name == name]
    numbers = bool(found) and all(column.type is ColumnType.NUMBER for column in found)
    return "DOUBLE" if numbers else "VARCHAR"


def _value(column: ColumnInfo | None, kind: str) -> str:
    if column is None:
        return f"NULL::{kind}"
    if kind == "VARCHAR":
        return text_sql(column)
    number = stored_number(column.stored, column.kept)
    return f"nullif({number}, {literal('nan')}::DOUBLE)"
