"""Streams and their columns: made, extended, corrected. Rows are not touched here, but for `_ts`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from console.roles import ColumnType, Role, StreamKind, TimeFormat
from console.store import rollups, views
from console.store.casting import RAW_TYPES, stored_time
from console.store.model import ColumnInfo, StreamInfo
from console.store.names import quoted
from console.store.planned import PlannedColumn, PlannedStream
from console.store.rolled import ON_TIME_AXIS, settled
from console.store.widening import widen

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

OWN_COLUMNS = {"_file": "INTEGER", "_record": "BIGINT", "_arrived": "TIMESTAMP", "_ts": "TIMESTAMP",
               "_misfit": "VARCHAR", "_half": "TINYINT", "_filled": "VARCHAR"}

COLUMNS_AT_ONCE = 50
"""Columns that one INSERT notes: one by one, a thousand of them take seconds."""

Catalog = dict[int, StreamInfo]


def read(con: DuckDBPyConnection) -> Catalog:
    """All streams as the tables have them, without counts of rows."""
    columns: dict[int, list[ColumnInfo]] = {}
    for (stream_id, number, name, stored, kind, kept, role, unit, form, naive, why, samples, chosen) in con.execute(
            'SELECT * FROM "columns" ORDER BY stream_id, number').fetchall():
        columns.setdefault(stream_id, []).append(ColumnInfo(
            name, stored, ColumnType(kind), Role(role) if role else None, unit, TimeFormat(form) if form else None, why,
            tuple(json.loads(samples)), chosen, kept=ColumnType(kept), number=number, naive=naive))
    found = {}
    for (stream_id, name, kind, form, why, zone, assumed, table, split_s, bins_s, half_of, answers,
         dialect) in con.execute("SELECT * FROM streams ORDER BY stream_id").fetchall():
        found[stream_id] = StreamInfo(stream_id, name, StreamKind(kind), form, why, zone, assumed, table,
                                      settled(StreamKind(kind), columns.get(stream_id, [])),
                                      split_s=split_s, bins_s=bins_s, half_of=half_of, answers=answers, dialect=dialect)
    return found


def ensure(con: DuckDBPyConnection, catalog: Catalog, plan: PlannedStream) -> StreamInfo:
    """The stream of that name, made or extended by what is new in the plan. What the user chose stays."""
    known = next((stream for stream in catalog.values() if stream.name == plan.name), None)
    if known is None:
        return _make(con, catalog, plan)
    found = changes(known, plan)
    if found is None:
        return known
    new, chosen, zone, kind, form = found
    stream = extend(con, catalog, known, new) if new else known
    if form:
        stream = catalog[stream.stream_id] = replace(stream, half_of=form[0], answers=form[1], dialect=form[2])
        con.execute("UPDATE streams SET half_of = ?, answers = ?, dialect = ? WHERE stream_id = ?",
                    [*form, stream.stream_id])
    if chosen or zone or kind:
        stream = correct(con, catalog, stream, chosen, zone=zone, kind=kind)
    return stream


Changes = tuple[list[PlannedColumn], dict[str, PlannedColumn], str | None, StreamKind | None,
                tuple[str, bool, str] | None]


def changes(known: StreamInfo, plan: PlannedStream) -> Changes | None:
    """What a plan has that the stream has not: new columns, columns chosen by the user, a zone said, another kind; and
    half_of, answers, dialect. What these complete is guessed from samples: once known, only the user changes it."""
    have = {column.stored.casefold(): column for column in known.columns}
    new = [column for column in plan.columns if column.stored.casefold() not in have]
    chosen = {have[column.stored.casefold()].stored: column for column in plan.columns
              if column.chosen and column.stored.casefold() in have
              and _differs(have[column.stored.casefold()], column)}
    zone = plan.zone if plan.zone != known.zone and not plan.zone_assumed else None
    kind = plan.kind if plan.kind is not known.kind else None
    half_of = plan.half_of if plan.half_chosen or not known.half_of else known.half_of
    answers = plan.answers if half_of == plan.half_of else known.answers
    form = (half_of, answers, plan.dialect or known.dialect)
    if form == (known.half_of, known.answers, known.dialect):
        return (new, chosen, zone, kind, None) if new or chosen or zone or kind else None
    return new, chosen, zone, kind, form


def _differs(have: ColumnInfo, planned: PlannedColumn) -> bool:
    return ((have.role, have.unit, have.type) != (planned.role, planned.unit, planned.type)
            or (planned.time_format is not None and planned.time_format is not have.time_format))


def _make(con: DuckDBPyConnection, catalog: Catalog, plan: PlannedStream) -> StreamInfo:
    stream_id = max(catalog, default=0) + 1
    table = f"raw_{stream_id}"
    columns = tuple(_column(column, number) for number, column in enumerate(plan.columns, 1))
    stream = StreamInfo(stream_id, plan.name, plan.kind, str(plan.format), plan.why, plan.zone, plan.zone_assumed,
                        table, settled(plan.kind, columns), half_of=plan.half_of, answers=plan.answers,
                        dialect=plan.dialect)
    fields = [f"{quoted(name)} {kind}" for name, kind in OWN_COLUMNS.items()]
    con.execute(f"CREATE TABLE {table} ({', '.join([*(_field(column) for column in columns), *fields])})")
    con.execute("INSERT INTO streams VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?)",
                [stream_id, stream.name, str(stream.kind), stream.format, stream.why, stream.zone,
                 stream.zone_assumed, table, stream.half_of, stream.answers, stream.dialect])
    _write_columns(con, stream_id, stream.columns)
    _finish(con, catalog, stream)
    return stream


def extend(con: DuckDBPyConnection, catalog: Catalog, stream: StreamInfo, new: Sequence[PlannedColumn]) -> StreamInfo:
    """The stream with more columns, empty in the rows that are there."""
    first = max((column.number for column in stream.columns), default=0) + 1
    columns = tuple(_column(column, number) for number, column in enumerate(new, first))
    widen(con, stream.table, [_field(column) for column in columns])
    _write_columns(con, stream.stream_id, columns)
    wider = replace(stream, columns=settled(stream.kind, (*stream.columns, *columns)))
    _finish(con, catalog, wider)
    return wider


def _column(plan: PlannedColumn, number: int) -> ColumnInfo:
    return ColumnInfo(plan.name, plan.stored, plan.type, plan.role, plan.unit, plan.time_format, plan.why,
                      tuple(plan.samples), plan.chosen, kept=plan.type, number=number)


def _field(column: ColumnInfo) -> str:
    return f"{quoted(column.stored)} {RAW_TYPES[column.kept]}"


def _write_columns(con: DuckDBPyConnection, stream_id: int, columns: tuple[ColumnInfo, ...]) -> None:
    con.execute('DELETE FROM "columns" WHERE stream_id = ? AND list_contains(?, number)',
                [stream_id, [column.number for column in columns]])
    rows: list[list[Any]] = [
        [stream_id, column.number, column.name, column.stored, str(column.type), str(column.kept),
         _text(column.role), column.unit, _text(column.time_format), column.naive, column.why,
         json.dumps(column.samples), column.chosen] for column in columns]
    for at in range(0, len(rows), COLUMNS_AT_ONCE):
        part = rows[at : at + COLUMNS_AT_ONCE]
        places = ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"] * len(part))
        con.execute(f'INSERT INTO "columns" VALUES {places}', [value for row in part for value in row])


def _text(word: Role | TimeFormat | None) -> str | None:
    return None if word is None else str(word)


def _finish(con: DuckDBPyConnection, catalog: Catalog, stream: StreamInfo) -> None:
    catalog[stream.stream_id] = stream
    rollups.fit_tables(con, stream)
    views.rebuild(con, catalog)


def note_naive(con: DuckDBPyConnection, catalog: Catalog, stream: StreamInfo, stored: set[str]) -> StreamInfo:
    """From the first rows: these time columns keep the clock of the log, because their cells name no zone."""
    columns = tuple(replace(column, naive=True) if column.stored in stored else column for column in stream.columns)
    changed = replace(stream, columns=columns)
    _write_columns(con, stream.stream_id, columns)
    catalog[stream.stream_id] = changed     # views do not know of it: they have `_ts`
    return changed


def correct(con: DuckDBPyConnection, catalog: Catalog, stream: StreamInfo, changes: Mapping[str, PlannedColumn], *,
            zone: str | None = None, kind: StreamKind | None = None) -> StreamInfo:
    """Give columns other roles, units, formats; the stream another zone or kind. Rows stay; `_ts` is made anew."""
    columns = tuple(_changed(column, changes[column.stored]) if column.stored in changes else column
                    for column in stream.columns)
    kind = kind or stream.kind
    after = replace(stream, kind=kind, zone=zone or stream.zone, zone_assumed=stream.zone_assumed and zone is None,
                    columns=settled(kind, columns))
    return become(con, catalog, stream, after)


def become(con: DuckDBPyConnection, catalog: Catalog, stream: StreamInfo, after: StreamInfo) -> StreamInfo:
    """The stream with other columns, zone or kind; what depends on them is made anew."""
    after = replace(after, split_s=0, bins_s=0)
    con.execute("UPDATE streams SET kind = ?, zone = ?, zone_assumed = ? WHERE stream_id = ?",
                [str(after.kind), after.zone, after.zone_assumed, stream.stream_id])
    _write_columns(con, stream.stream_id, after.columns)
    if rollups.made_of(after) == rollups.made_of(stream) and time_sql(after) == time_sql(stream):
        after = replace(after, split_s=stream.split_s, bins_s=stream.bins_s)      # a unit, or a word: nothing to make
        catalog[stream.stream_id] = after
        views.rebuild(con, catalog)
        return after
    catalog[stream.stream_id] = after
    if time_sql(after) != time_sql(stream) or arrival_sql(after) != arrival_sql(stream):
        # An arrival that was seen stays; one that was taken from the log's times follows them.
        con.execute(f"UPDATE {after.table} SET _ts = {time_sql(after)}, _arrived = CASE WHEN _arrived "
                    f"IS NOT DISTINCT FROM {arrival_sql(stream)} THEN {arrival_sql(after)} ELSE _arrived END")
    rollups.start_again(con, after)
    rollups.join_again(con)
    views.rebuild(con, catalog)
    return after


def _changed(column: ColumnInfo, plan: PlannedColumn) -> ColumnInfo:
    return replace(column, type=plan.type, role=plan.role, unit=plan.unit, why=plan.why or column.why,
                   chosen=plan.chosen or column.chosen, time_format=plan.time_format or column.time_format)


def time_column(stream: StreamInfo) -> ColumnInfo | None:
    """The column that says when: of outcomes when they came, of all else when it happened."""
    roles: tuple[Role, ...] = (Role.TIMESTAMP,)
    if stream.kind is StreamKind.OUTCOMES:
        roles = (Role.OUTCOME_TIME, Role.TIMESTAMP, Role.ARRIVAL_TIME)
    return next((column for role in roles if (column := stream.column(role)) is not None), None)


def time_sql(stream: StreamInfo) -> str:
    """`_ts` from the kept cells."""
    column = time_column(stream)
    return "NULL::TIMESTAMP" if column is None else utc_sql(stream, column)


def utc_sql(stream: StreamInfo, column: ColumnInfo) -> str:
    """A time column in UTC, from the kept cells."""
    return stored_time(column.stored, column.kept, column.time_format, column.naive, stream.zone)


def arrival_sql(stream: StreamInfo) -> str:
    """`_arrived` of rows that were not seen arriving: what the log says, else when the outcome came, else `_ts`."""
    columns = (stream.column(Role.ARRIVAL_TIME), stream.column(Role.OUTCOME_TIME))
    found = [utc_sql(stream, column) for column in columns if column is not None]
    return f"coalesce({', '.join([*found, time_sql(stream)])})"


def needs_time(stream: StreamInfo) -> bool:
    """Whether a row without a time has no place in this stream."""
    return stream.kind in ON_TIME_AXIS
