"""Pages of a stream's rows, sorted and filtered; the next page is found by the last row seen, never by counting.

An offset would make the engine sort and throw away all that was seen before. Here a page is what lies behind a key in
the order (missing last, value, time, file, record), so that the thousandth costs what the first does, and rows that
come meanwhile shift nothing.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from console.errors import BadSettings
from console.roles import ColumnType
from console.store.asking import one
from console.store.names import quoted
from console.store.rolled import ON_TIME_AXIS
from console.window import Window, from_epoch

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

    from console.store.model import ColumnInfo, StreamInfo

OPERATORS = ("is", "is not", "contains", "<", "<=", ">", ">=", "is missing", "is there")
"""What a filter may say. "is not" holds for missing cells too: who takes a value out wants all others."""

WITHOUT_VALUE = ("is missing", "is there")
MOST_COLUMNS = 200
COUNT_S = 0.05
"""So long rows are counted before "at least" is said."""
SLICED_ROWS = 100_000
"""Counted at a time, about."""
MOST_SLICES = 256
LONGEST_CELL = 2000
"""Characters of a cell that a page carries; the raw line has all of it."""


@dataclass(frozen=True, slots=True)
class RowFilter:
    """One condition. column is a stored name; value is text as a person types it, "" where the operator needs none."""

    column: str
    operator: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class RowsQuery:
    """Which rows, in which order. sort: a stored name, "" for the time. window None: rows without a time too."""

    stream: str
    window: Window | None = None
    filters: tuple[RowFilter, ...] = ()
    sort: str = ""
    descending: bool = False


@dataclass(frozen=True, slots=True)
class RowColumn:
    """A column of the page, as the log calls it."""

    stored: str
    name: str
    type: ColumnType
    role: str = ""


Key = tuple[bool, Any, int, int, int]
"""Where a row stands in the order: missing, value, time in microseconds, file, record."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row. cells are texts in the order of the page's columns, None where one is missing."""

    at: datetime | None
    file_id: int
    path: str
    record: int                     # its number in the file, from 0
    cells: tuple[str | None, ...]
    key: Key


@dataclass(frozen=True, slots=True)
class RowsPage:
    """Some rows that follow each other; `more` says whether others come behind."""

    columns: tuple[RowColumn, ...]
    rows: tuple[Row, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class RowsCount:
    """How many there are; at least so many where counting all would have taken too long."""

    count: int
    exact: bool


def shown_columns(stream: StreamInfo) -> tuple[ColumnInfo, ...]:
    """What a page shows of a stream: all its columns, up to MOST_COLUMNS."""
    return stream.columns[:MOST_COLUMNS]


def page(con: DuckDBPyConnection, stream: StreamInfo, query: RowsQuery, after: Key | None, limit: int) -> RowsPage:
    """The rows behind a key, or the first ones. Raises BadSettings for what cannot be asked."""
    columns = shown_columns(stream)
    order = _Order(stream, query)
    where, params = _where(stream, query)
    if after is not None:
        condition, more = order.behind(after)
        where, params = [*where, condition], [*params, *more]
    keys = con.execute(
        f"SELECT {order.value} IS NULL, {order.value}, epoch_us(_ts), _file, _record FROM {stream.rows_sql} "
        f"{_all(where)} ORDER BY {order.by} LIMIT {int(limit) + 1}", params).fetchall()
    found = _cells(con, stream, columns, [_key(*row) for row in keys[:limit]])
    return RowsPage(tuple(RowColumn(c.stored, c.name, c.type, c.role.value if c.role else "") for c in columns),
                    found, len(keys) > limit)


def around(con: DuckDBPyConnection, stream: StreamInfo, at: datetime, file_id: int, record: int) -> RowsPage:
    """The row of that record and time (UTC, said without its zone), as a page shows it; no row where there is none."""
    columns = shown_columns(stream)
    keys = con.execute(f"SELECT false, _ts, epoch_us(_ts), _file, _record FROM {stream.rows_sql} "
                       "WHERE _ts = $1 AND _file = $2 AND _record = $3 LIMIT 1", [at, file_id, record]).fetchall()
    found = _cells(con, stream, columns, [_key(*row) for row in keys])
    return RowsPage(tuple(RowColumn(c.stored, c.name, c.type, c.role.value if c.role else "") for c in columns),
                    found, False)


def _key(missing: bool, value: Any, at: int | None, file_id: int | None, record: int | None) -> Key:
    return (bool(missing), value, -1 if at is None else int(at), -1 if file_id is None else int(file_id),
            -1 if record is None else int(record))


def _cells(con: DuckDBPyConnection, stream: StreamInfo, columns: Sequence[ColumnInfo],
           keys: Sequence[Key]) -> tuple[Row, ...]:
    """The rows of these keys. Found first and read then: to carry all cells through the sort took ten times as long."""
    if not keys:
        return ()
    times = [key[2] for key in keys if key[2] >= 0]
    within = ("_ts BETWEEN make_timestamp(?::BIGINT) AND make_timestamp(?::BIGINT)" if len(times) == len(keys)
              else "?::BIGINT <= ?::BIGINT")
    cells = "".join(f", left({_text(column)}, {LONGEST_CELL})" for column in columns)
    rows = con.execute(
        f"SELECT _file, _record, epoch_us(_ts), _misfit{cells} FROM {stream.rows_sql} WHERE {within} "
        f"AND _record IN (SELECT unnest(?::BIGINT[])) AND list_contains(?::INTEGER[], _file)",
        [min(times, default=0), max(times, default=0), [key[4] for key in keys],
         sorted({key[3] for key in keys})]).fetchall()
    paths = dict(con.execute("SELECT file_id, path FROM files").fetchall())
    by_place = {(row[0], row[1], row[2]): row for row in rows}
    found = []
    for key in keys:
        row = by_place.get((key[3], key[4], None if key[2] < 0 else key[2]))
        if row is not None:     # else it was merged, or its file left out, between the two questions
            found.append(_row(columns, row, key, paths))
    return tuple(found)


def count(con: DuckDBPyConnection, stream: StreamInfo, query: RowsQuery, limit_s: float = COUNT_S) -> RowsCount:
    """How many rows there are, as far as that can be said within `limit_s`: time is cut in slices, counted in turn."""
    where, params = _where(stream, query)
    if not query.filters and (query.window is None or _holds_all(stream, query.window)):
        return RowsCount(stream.rows, True)
    started, total = time.monotonic(), 0
    for number, (condition, times) in enumerate(_slices(stream, query)):
        if number and time.monotonic() - started > limit_s:
            return RowsCount(total, False)
        total += int(one(con, f"SELECT count(*) FROM {stream.rows_sql} {_all([*where, condition])}",
                         [*params, *times])[0])
    return RowsCount(total, True)


def _holds_all(stream: StreamInfo, window: Window) -> bool:
    """Rows without a time are in no window; streams on the time axis have none, and the others are asked."""
    return (stream.kind in ON_TIME_AXIS and stream.first is not None and stream.last is not None
            and window.start <= stream.first and stream.last < window.end)


def reader(con: DuckDBPyConnection, stream: StreamInfo, query: RowsQuery, batch: int) -> pa.RecordBatchReader:
    """All rows for a file: the cells with their types under the names of the log, and where each row is from."""
    order = _Order(stream, query)
    where, params = _where(stream, query)
    cells = "".join(f", {quoted(column.stored)} AS {quoted(name)}"
                    for column, name in zip(stream.columns, _names(stream), strict=True))
    files = "(SELECT file_id AS _number_of_file, path AS _path_of_file FROM files)"      # no name that a log has
    return con.sql(
        f"SELECT _ts AS time_utc, _path_of_file AS file, _record + 1 AS record{cells} FROM {stream.rows_sql} "
        f"LEFT JOIN {files} ON _number_of_file = _file {_all(where)} ORDER BY {order.by}",
        params=params).to_arrow_reader(batch)


def _names(stream: StreamInfo) -> list[str]:
    """Each once: a log may have columns of the names that stand before them, or one name twice."""
    taken = {"time_utc", "file", "record"}
    names = []
    for column in stream.columns:
        name = column.name if column.name and column.name.lower() not in taken else column.stored
        while name.lower() in taken:
            name += "_"
        taken.add(name.lower())
        names.append(name)
    return names


class _Order:
    """The order of a query as SQL. Missing cells come last whichever way it goes."""

    def __init__(self, stream: StreamInfo, query: RowsQuery) -> None:
        self._down = query.descending
        way = "DESC" if query.descending else "ASC"
        if query.sort:
            column = _column(stream, query.sort)
            self.value, self._cast = _sortable(column)
            self.by = f"{self.value} {way} NULLS LAST, _ts {way} NULLS LAST, _file {way}, _record {way}"
        else:
            self.value, self._cast = "0", "BIGINT"
            self.by = f"_ts {way} NULLS LAST, _file {way}, _record {way}"
        self._sorted = bool(query.sort)

    def behind(self, key: Key) -> tuple[str, list[Any]]:
        """The condition for what comes behind a row, and its parameters."""
        missing, value, at, file_id, record = key
        sign = "<" if self._down else ">"
        timeless = at < 0
        same = f"(_file, _record) {sign} (?::INTEGER, ?::BIGINT)"
        if timeless:
            tail, rest = f"(_ts IS NULL AND {same})", [file_id, record]
        else:
            tail = (f"(_ts {sign} make_timestamp(?::BIGINT) OR _ts IS NULL OR "
                    f"(_ts = make_timestamp(?::BIGINT) AND {same}))")
            rest = [at, at, file_id, record]
        if not self._sorted:
            return tail, rest
        if missing:
            return f"({self.value} IS NULL AND {tail})", rest
        cast = f"?::{self._cast}"
        return (f"({self.value} IS NULL OR {self.value} {sign} {cast} OR ({self.value} = {cast} AND {tail}))",
                [value, value, *rest])


def _where(stream: StreamInfo, query: RowsQuery) -> tuple[list[str], list[Any]]:
    conditions: list[str] = []
    params: list[Any] = []
    if query.window is not None:
        conditions.append("_ts >= make_timestamp(?::BIGINT) AND _ts < make_timestamp(?::BIGINT)")
        params += [_us(query.window.start), _us(query.window.end)]
    for each in query.filters:
        condition, more = _condition(_column(stream, each.column), each)
        conditions.append(condition)
        params += more
    return conditions, params


def _condition(column: ColumnInfo, asked: RowFilter) -> tuple[str, list[Any]]:
    """A filter as SQL with a parameter. Raises BadSettings when its value cannot be compared with the column."""
    if asked.operator not in OPERATORS:
        raise BadSettings(f"`{asked.operator}` is no comparison", do=f"Choose one of {', '.join(OPERATORS)}")
    name = quoted(column.stored)
    if asked.operator == "is missing":
        return f"{name} IS NULL", []
    if asked.operator == "is there":
        return f"{name} IS NOT NULL", []
    if asked.operator == "contains":
        return f"contains(lower({_text(column)}), lower(?::VARCHAR))", [asked.value]
    sign = {"is": "=", "is not": "IS DISTINCT FROM"}.get(asked.operator, asked.operator)
    if column.kept is ColumnType.NUMBER or (column.type is ColumnType.NUMBER and sign in ("<", "<=", ">", ">=")):
        try:
            number = float(asked.value.replace(",", ""))
        except ValueError:
            raise BadSettings(f"“{asked.value}” is no number, and `{column.name}` is compared as numbers",
                              do="Type a number") from None
        left = name if column.kept is ColumnType.NUMBER else f"TRY_CAST({name} AS DOUBLE)"
        return f"{left} {sign} ?::DOUBLE", [number]
    if column.kept is ColumnType.TIME:
        try:
            at = datetime.fromisoformat(asked.value)
        except ValueError:
            raise BadSettings(f"“{asked.value}” is no time", do="Type it like 2026-03-02 12:00:00") from None
        return f"{name} {sign} ?::TIMESTAMP", [at.replace(tzinfo=None)]
    left = f"{name}::VARCHAR" if column.kept is ColumnType.FLAG else name
    return f"{left} {sign} ?::VARCHAR", [asked.value.lower() if column.kept is ColumnType.FLAG else asked.value]


def _column(stream: StreamInfo, stored: str) -> ColumnInfo:
    try:
        return stream.named(stored)
    except KeyError:
        raise BadSettings(f"There is no column `{stored}` in `{stream.name}`") from None


def _sortable(column: ColumnInfo) -> tuple[str, str]:
    """What a column is sorted by, and the type of that."""
    name = quoted(column.stored)
    match column.kept:
        case ColumnType.NUMBER:
            return name, "DOUBLE"
        case ColumnType.TIME:
            return f"epoch_us({name})", "BIGINT"
        case ColumnType.FLAG:
            return f"{name}::BIGINT", "BIGINT"
        case _ if column.type is ColumnType.NUMBER:
            return f"TRY_CAST({name} AS DOUBLE)", "DOUBLE"
        case _:
            return name, "VARCHAR"


def _text(column: ColumnInfo) -> str:
    """A cell as text. A number that is a whole one has no fraction, as in the log."""
    name = quoted(column.stored)
    if column.kept is ColumnType.NUMBER:
        return f"regexp_replace({name}::VARCHAR, '\\.0$', '')"
    return f"{name}::VARCHAR"


def _slices(stream: StreamInfo, query: RowsQuery) -> Iterator[tuple[str, list[int]]]:
    """Conditions that cut the rows in parts by time; where nobody knows their span, all at once."""
    if stream.first is None or stream.last is None:
        yield "true", []
        return
    first, last = _us(stream.first), _us(stream.last) + 1
    if query.window is not None:
        first, last = max(first, _us(query.window.start)), min(last, _us(query.window.end))
    else:
        yield "_ts IS NULL", []
    whole = max(1, _us(stream.last) + 1 - _us(stream.first))
    slices = min(MOST_SLICES, 1 + round(stream.rows * max(0, last - first) / whole / SLICED_ROWS))
    edges = [first + (last - first) * number // slices for number in range(slices + 1)]
    for start, end in itertools.pairwise(edges):
        if end > start:
            yield "_ts >= make_timestamp(?::BIGINT) AND _ts < make_timestamp(?::BIGINT)", [start, end]


def _row(columns: Sequence[ColumnInfo], row: tuple[Any, ...], key: Key, paths: dict[int, str]) -> Row:
    _, _, at, misfit, *cells = row
    if misfit:
        said = json.loads(misfit)
        cells = [said[column.stored] if isinstance(said.get(column.stored), str) else cell
                 for column, cell in zip(columns, cells, strict=True)]
    return Row(None if at is None else from_epoch(at / 1e6), key[3], paths.get(key[3], ""), key[4], tuple(cells), key)


def _all(conditions: Sequence[str]) -> str:
    return f"WHERE {' AND '.join(conditions)}" if conditions else ""


def _us(at: datetime) -> int:
    return round(at.timestamp() * 1e6)
