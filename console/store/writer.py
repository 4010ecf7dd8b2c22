"""One transaction of loading: rows, quarantine, ledger and dirty buckets, all or nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from console.roles import ColumnType, StreamKind
from console.store import catalog, ledger, outcomes, quarantine, rollups
from console.store.asking import one
from console.store.casting import (
    EARLIEST,
    LATEST,
    PER_SECOND,
    cell,
    instant_of_text,
    misfits,
    misfits_of_many,
    names_zone,
)
from console.store.model import Appended, ColumnInfo, StreamInfo
from console.store.names import FINEST_S, MORE, ROW_NUMBER, literal, quoted
from console.store.planned import PlannedFile
from console.store.quarantine import ABSURD_TIME, BAD_TIME, LONGEST_RAW, NO_TIME
from console.store.refreshing import Fresh

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NAIVE_SAMPLE = 2000
"""Rows looked at to see whether the times of a new column name their zone."""

MANY_NUMBERS = 200
"""Columns of numbers read from text: with more of them one list is quicker, see `misfits_of_many`."""

USABLE = f"coalesce(_ts >= TIMESTAMP '{EARLIEST}' AND _ts < TIMESTAMP '{LATEST}', false)"


class Writer:
    """What `Workspace.writing()` hands out; of no use after it. Relations to append are registered on `connection`."""

    def __init__(self, connection: DuckDBPyConnection, streams: catalog.Catalog, touched: set[int]) -> None:
        """touched: gets the streams whose rows change."""
        self.connection = connection
        self._touched = touched
        self._streams = streams
        self._files = ledger.Changes(connection)
        self._first_row: dict[int, int] = {}
        self._last_row: dict[int, int] = {}
        self.fresh: dict[int, Fresh] = {}       # once it is flushed: what was appended to which stream

    def file(self, file: PlannedFile | str, stream_id: int | None, **identity: Any) -> int:
        """The number of a file in the ledger, made if the path is new. identity: any field of FileEntry."""
        return self._files.file(file, stream_id, identity)

    def has_read(self, path: str) -> bool:
        """Whether a file was read under this path, so that `free` has something to do."""
        return self._files.has_read(path)

    def has_rows(self, stream_id: int) -> bool:
        """Whether a stream has rows. Only without any does `append` look at the source before it is read."""
        return self._row_before(self._streams[stream_id]) >= 0

    def kept(self, stream_id: int) -> dict[str, ColumnType]:
        """What the columns of a stream are kept as now, by their stored names."""
        return {column.stored: column.kept for column in self._streams[stream_id].columns}

    def free(self, path: str) -> None:
        """Take the path from a file that was read under it and is there no more, for another one to have it."""
        self._files.free(path)

    def update_file(self, file_id: int, **fields: Any) -> None:
        """Set fields of FileEntry. rows_loaded and rows_quarantined are counted here already; what is set wins."""
        self._files.set(file_id, fields)

    def quarantine(self, file_id: int, rows: Sequence[tuple[int, int | None, str, str]],
                   records: Sequence[int] | None = None) -> None:
        """Keep rows that could not be loaded: (line from 1, byte offset, reason, raw text).

        records  their numbers in the file, from 0: only those can be replayed
        """
        if not rows:
            return
        import pyarrow as pa

        lines, offsets, reasons, raws = zip(*rows, strict=True)
        table = pa.table({"line": pa.array(lines, pa.int64()), "at": pa.array(offsets, pa.int64()),
                          "reason": pa.array(reasons, pa.string()),
                          "raw": pa.array([_clean(raw) for raw in raws], pa.string()),
                          "record": pa.array(records, pa.int64()) if records else pa.nulls(len(rows), pa.int64())})
        self.connection.register("_quarantined", table)
        self.connection.execute(f"INSERT INTO quarantine SELECT {int(file_id)}, * FROM _quarantined")
        self.connection.unregister("_quarantined")
        self._files.add(file_id, rows_quarantined=len(rows))

    def heal(self, file_id: int, records: Sequence[int]) -> None:
        """These records of a file, which lay in quarantine, were appended after all."""
        self._files.add(file_id, rows_quarantined=-quarantine.heal(self.connection, file_id, records))

    def take_back(self, stream_id: int, file_id: int, record: int) -> str:
        """Undo one record of an earlier transaction: it was read before it was whole. Says what it was.

        Returns "row", "quarantine", or "" for a record that was neither; the ledger counts with it.
        """
        if self.connection.execute("DELETE FROM quarantine WHERE file_id = ? AND record = ? RETURNING 1",
                                   [file_id, record]).fetchall():
            self._files.add(file_id, rows_quarantined=-1)
            return "quarantine"
        stream = self._streams[stream_id]
        self._touched.add(stream_id)
        outcomes.taken_back(self.connection, self._streams, stream, file_id, record)
        asked = f", _ts, {rollups.id_sql(stream)}" if stream.joins else ""
        gone = self.connection.execute(
            f"DELETE FROM {stream.table} WHERE _file = ? AND _record = ? "
            f"RETURNING epoch_us(_ts) // {FINEST_S}000000{asked}", [file_id, record]).fetchall()
        if not gone:
            return ""
        self._files.add(file_id, rows_loaded=-1)
        if stream.joins:
            self.connection.execute("INSERT INTO new_halves VALUES (?, NULL, 0, 0, ?, ?, ?)",
                                    [stream_id, gone[0][1], gone[0][1], gone[0][2]])
        if gone[0][0] is not None and catalog.needs_time(stream):
            self.connection.execute(f"INSERT INTO dirty VALUES (?, make_timestamp(?::BIGINT * {FINEST_S}000000))",
                                    [stream_id, gone[0][0]])
        return "row"

    def append(self, stream_id: int, file_id: int | None, source: str, *, text: bool, columns: Mapping[str, str],
               arrived: datetime | None, constants: Mapping[str, str], more: bool = False,
               finite: bool = False, types: Mapping[str, str] | None = None) -> Appended:
        """Insert the records of a relation into a stream.

        file_id    the file that the records come from; None when the source has a column `_file` that says it: many
                   small files in one statement are read by all cores
        source     what stands after FROM: a registered name or a table function; one row a record, with a BIGINT
                   column `_record` that counts them in the file from 0, and `_half` where records are halves
        text       whether all other columns are VARCHAR; else their types are asked for, unless `types` says them
        columns    stored name -> name in the source; what is not named is NULL
        arrived    when the rows were seen, in UTC; None: the outcome's time, or the event's
        constants  stored name -> text, the same for every row (from the path)
        more       the source has a column `_more`: a JSON object of cells that have no column, or NULL
        finite     the source takes care that no DOUBLE of it is NaN
        """
        stream = self._streams[stream_id]
        self._touched.add(stream_id)
        types = {} if text else types or self._types(source)
        stream = self._note_naive(stream, source, columns, types)
        before = self._row_before(stream)
        halves = stream.half_of == stream.name and "_half" in (types or self._types(source))
        self.connection.execute(_insert(stream, file_id, source, columns, constants, types, arrived, halves,
                                        more, finite))
        return self._settle(stream, before)

    def _types(self, source: str) -> dict[str, str]:
        rows = self.connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
        return {row[0]: row[1] for row in rows}

    def _row_before(self, stream: StreamInfo) -> int:
        """Rows of this transaction have greater numbers than all before: that is how a batch is found again."""
        if stream.stream_id not in self._last_row:
            last = int(one(self.connection, f"SELECT coalesce(max(rowid), -1) FROM {stream.table}")[0])
            self._first_row[stream.stream_id] = self._last_row[stream.stream_id] = last
        return self._last_row[stream.stream_id]

    def _note_naive(self, stream: StreamInfo, source: str, columns: Mapping[str, str],
                    types: Mapping[str, str]) -> StreamInfo:
        """Decide for time columns without rows so far whether they keep the clock of the log."""
        asked = [column for column in stream.columns if column.kept is ColumnType.TIME and not column.naive
                 and column.time_format not in PER_SECOND and column.stored in columns]
        if not asked or self._row_before(stream) >= 0:
            return stream
        naive = {column.stored for column in asked
                 if types.get(columns[column.stored], "VARCHAR") in ("TIMESTAMP", "TIMESTAMP_NS", "TIMESTAMP_S",
                                                                     "TIMESTAMP_MS", "DATE")}
        texts = [column for column in asked if types.get(columns[column.stored], "VARCHAR") == "VARCHAR"]
        if texts:
            names = ", ".join(f"{quoted(columns[column.stored])} AS c{column.number}" for column in texts)
            zoned = ", ".join(f"count(*) FILTER ({names_zone(f'c{column.number}')}) * 2 < count("
                              f"{instant_of_text(f'c{column.number}', column.time_format)})" for column in texts)
            row = one(self.connection, f"SELECT {zoned} FROM (SELECT {names} FROM {source} LIMIT {NAIVE_SAMPLE})")
            naive |= {column.stored for column, without in zip(texts, row, strict=True) if without}
        return catalog.note_naive(self.connection, self._streams, stream, naive) if naive else stream

    def _settle(self, stream: StreamInfo, before: int) -> Appended:
        """Count what was inserted, and take out what has no usable time."""
        found = self.connection.execute(
            f"SELECT _file, count(*) FILTER (usable), count(*), min(_ts) FILTER (usable), max(_ts) FILTER (usable), "
            f"min(_record), max(_record), max(rowid) FROM (SELECT rowid, _file, _ts, _record, {USABLE} AS usable "
            f"FROM {stream.table} WHERE rowid > {before}) GROUP BY _file ORDER BY _file").fetchall()
        strict = catalog.needs_time(stream)
        rejected: list[tuple[int, int, str, str]] = []
        files = {}
        for file_id, usable, rows, first, last, low, high, row in found:
            files[int(file_id)] = int(usable if strict else rows)
            self._files.add(int(file_id), rows_loaded=files[int(file_id)], first=first, last=last)
            self._last_row[stream.stream_id] = max(self._last_row[stream.stream_id], int(row))
            if stream.kind is StreamKind.OUTCOMES:
                self.connection.execute("INSERT INTO new_outcomes VALUES (?, ?, ?, ?)",
                                        [stream.stream_id, file_id, low, high])
            if stream.joins:
                self.connection.execute("INSERT INTO new_halves VALUES (?, ?, ?, ?, ?, ?, NULL)",
                                        [stream.stream_id, file_id, low, high, first, last])
        if strict and any(usable < rows for _, usable, rows, *_ in found):
            rejected = self._take_out(stream, before)
        return Appended(sum(files.values()), [row[1:] for row in rejected], [row[0] for row in rejected], files)

    def _take_out(self, stream: StreamInfo, before: int) -> list[tuple[int, int, str, str]]:
        column = catalog.time_column(stream)
        where = f"FROM {stream.table} WHERE rowid > {before} AND NOT {USABLE}"
        cells = ", ".join(f"{literal(each.stored)}, {quoted(each.stored)}" for each in stream.columns)
        unread = (f"({quoted(column.stored)} IS NOT NULL OR json_contains(json_keys(_misfit), "
                  f"{literal(json.dumps(column.stored))}))") if column else "false"
        row = f"json_merge_patch(json_object({cells}), coalesce(_misfit, '{{}}')::JSON)::VARCHAR"
        found = self.connection.execute(
            f"SELECT _file, _record, CASE WHEN _ts IS NOT NULL THEN {literal(ABSURD_TIME)} WHEN {unread} THEN "
            f"{literal(BAD_TIME)} ELSE {literal(NO_TIME)} END, left({row}, {LONGEST_RAW}) {where} "
            "ORDER BY _file, _record").fetchall()
        self.connection.execute(f"DELETE {where}")
        return [(int(file_id), int(record), reason, raw) for file_id, record, reason, raw in found]

    def flush(self) -> None:
        """Write what the ledger has gathered, and which buckets rollups must make again."""
        self._files.flush()
        for stream_id, first in self._first_row.items():
            stream = self._streams[stream_id]
            if catalog.needs_time(stream):
                [(buckets,)] = self.connection.execute(
                    f"INSERT INTO dirty SELECT DISTINCT {stream_id}, make_timestamp(b * {FINEST_S}000000) FROM "
                    f"(SELECT epoch_us(_ts) // {FINEST_S}000000 AS b FROM {stream.table} WHERE rowid > {first})"
                ).fetchall()
                rows = one(self.connection, f"SELECT count(*) FROM {stream.table} WHERE rowid > {first}")[0]
                self.fresh[stream_id] = Fresh(first, int(rows), int(buckets))


def _clean(raw: str) -> str:
    return raw[:LONGEST_RAW].encode("utf-8", "replace").decode("utf-8")


def _insert(stream: StreamInfo, file_id: int | None, source: str, columns: Mapping[str, str],
            constants: Mapping[str, str], types: Mapping[str, str], arrived: datetime | None, halves: bool,
            more: bool, finite: bool) -> str:
    """One INSERT ... SELECT in three steps: cast, check and keep, derive `_ts`."""
    tried, kept, checks, numbers = [], [], [], []
    for column in stream.columns:
        where, kind = _source_of(column, columns, constants, types)
        if where is None:
            continue
        was, attempt = f"w{column.number}", f"t{column.number}"
        made = cell(where, kind, column.kept, column.time_format, column.naive, stream.zone, was=was, tried=attempt)
        tried.append(f"{made.tried} AS {attempt}")
        if made.misfit:
            tried.append(f"{where} AS {was}")
            checks.append((column.stored, was, made.misfit))
            if kind == "VARCHAR" and column.kept is ColumnType.NUMBER:
                numbers.append((column.stored, was, attempt))
        value = attempt if finite and kind == "DOUBLE" and column.kept is ColumnType.NUMBER else made.value
        kept.append((column, f"{value} AS {quoted(column.stored)}"))
    if len(numbers) > MANY_NUMBERS:
        read = {stored for stored, _, _ in numbers}
        misfit = misfits_of_many([check for check in checks if check[0] not in read], numbers)
    else:
        misfit = misfits(checks)
    names = [quoted(column.stored) for column, _ in kept]
    derived = {column.stored for column, _ in kept}
    ts = catalog.time_sql(stream) if _has(catalog.time_column(stream), derived) else "NULL::TIMESTAMP"
    own = [ROW_NUMBER, "_file" if file_id is None else f"{int(file_id)} AS _file"]
    half = ["_half"] if halves else []
    extra = [MORE] if more else []
    beside = (f"CASE WHEN {MORE} IS NULL THEN _misfit ELSE json_merge_patch(coalesce(_misfit, '{{}}')::JSON, "
              f"json_object('{MORE}', {MORE}::JSON))::VARCHAR END") if more else "_misfit"
    first = ", ".join([*own, *extra, *(["TRY_CAST(_half AS TINYINT) AS _half"] if halves else []), *tried])
    second = ", ".join([ROW_NUMBER, "_file", *extra, *half, *(value for _, value in kept),
                        f"{misfit} AS _misfit"])
    seen = f"TIMESTAMP '{arrived:%Y-%m-%d %H:%M:%S.%f}'" if arrived else _arrival(stream, derived)
    return (f"INSERT INTO {stream.table} "
            f"({', '.join([*names, '_file', '_record', '_arrived', '_ts', '_misfit', *half])}) "
            f"SELECT {', '.join([*names, '_file', '_record', seen, ts, beside, *half])} "
            f"FROM (SELECT {second} FROM (SELECT {first} FROM {source}))")


def _source_of(column: ColumnInfo, columns: Mapping[str, str], constants: Mapping[str, str],
               types: Mapping[str, str]) -> tuple[str | None, str]:
    if column.stored in constants:
        return f"{literal(constants[column.stored])}::VARCHAR", "VARCHAR"
    name = columns.get(column.stored)
    if name is None or (types and name not in types):
        return None, ""
    return quoted(name), types.get(name, "VARCHAR")


def _has(column: ColumnInfo | None, derived: set[str]) -> bool:
    return column is not None and column.stored in derived


def _arrival(stream: StreamInfo, derived: set[str]) -> str:
    present = tuple(column for column in stream.columns if column.stored in derived)
    return catalog.arrival_sql(replace(stream, columns=present))
