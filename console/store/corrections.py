"""What the user corrects beyond roles: names, files left out, values from the path, columns kept as text; and the way
back from each of them. All within one transaction of `Workspace.correcting`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from console.roles import DATES, RELATIVE, ColumnType, StreamKind, TimeFormat
from console.store import catalog, counters, halves, ledger, quarantine, rollups
from console.store.asking import one
from console.store.casting import PER_SECOND
from console.store.ledger import LEFT_OUT
from console.store.model import ColumnInfo, StreamInfo
from console.store.names import FINEST_S, literal, quoted
from console.store.rolled import settled
from console.window import RELATIVE_START, Window, from_epoch

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SCHEMA_ORIGIN = "schema"
"""Of annotations about columns that came, went or changed."""


class Corrections:
    """What `Workspace.correcting()` hands out; of no use after it."""

    def __init__(self, connection: DuckDBPyConnection, streams: catalog.Catalog) -> None:
        self.connection = connection
        self._streams = streams
        self._before = halves.families(streams)
        self.touched: set[int] = set()

    def _take_apart(self, stream_id: int) -> None:
        """Rows that were merged from halves are what was read, before it is corrected; they are merged again after."""
        if stream_id not in self.touched:
            self.touched.add(stream_id)
            halves.undo_with(self.connection, self._before, stream_id)

    # ---- columns -------------------------------------------------------------------------------------------

    def rename(self, stream_id: int, names: Mapping[str, str]) -> None:
        """Give columns (by stored name) the names that are shown; where they lie stays."""
        stream = self._streams[stream_id]
        columns = tuple(replace(column, name=names.get(column.stored, column.name)) for column in stream.columns)
        catalog.become(self.connection, self._streams, stream, replace(stream, columns=columns))

    def restore(self, stream_id: int, before: Sequence[ColumnInfo], zone: str, zone_assumed: bool,
                kind: StreamKind) -> None:
        """Everything that was said about the columns of a stream as it was; columns that came since lose their role.

        How cells lie stays as it is now.
        """
        self._take_apart(stream_id)
        stream = self._streams[stream_id]
        then = {column.stored: column for column in before}
        columns = tuple(_as_it_was(column, then.get(column.stored)) for column in stream.columns)
        catalog.become(self.connection, self._streams, stream, replace(
            stream, columns=settled(kind, columns), zone=zone, zone_assumed=zone_assumed, kind=kind))
        self.relapse(stream_id)

    def relapse(self, stream_id: int) -> None:
        """Records that were healed and have no time any more go back to the quarantine; the sums move with them."""
        for file_id, count in quarantine.relapse(self.connection, self._streams[stream_id]).items():
            self.connection.execute("UPDATE files SET rows_loaded = rows_loaded - ?, "
                                    "rows_quarantined = rows_quarantined + ? WHERE file_id = ?",
                                    [count, count, file_id])

    def keep_as_text(self, stream_id: int, stored: str) -> None:
        """The cells of a column as text, those that did not fit too. Numbers read as they would be written shortest."""
        stream = self._streams[stream_id]
        column = stream.named(stored)
        if column.kept is ColumnType.TEXT:
            return
        self._take_apart(stream_id)
        name, key = quoted(stored), literal("/" + stored.replace("~", "~0").replace("/", "~1"))
        plain = f"{name}::VARCHAR"
        if column.kept is ColumnType.NUMBER:
            whole = f"{name} = trunc({name}) AND abs({name}) < 1e15"
            plain = f"CASE WHEN {whole} THEN {name}::BIGINT::VARCHAR ELSE {plain} END"
        elif column.kept is ColumnType.TIME:
            plain = _time_as_text(column)
        self.connection.execute(f"ALTER TABLE {stream.table} ALTER {name} SET DATA TYPE VARCHAR USING "
                                f"coalesce(json_extract_string(_misfit, {key}), {plain})")
        columns = tuple(replace(each, kept=ColumnType.TEXT, naive=False)
                        if each.stored == stored else each for each in stream.columns)
        after = replace(stream, columns=settled(stream.kind, columns))
        catalog.become(self.connection, self._streams, after, after)    # the cells say what they said: no time moves
        self._roll_up_again(stream_id)

    def fill(self, stream_id: int, stored: str, values: Mapping[int, str]) -> None:
        """A text column that has one value a file (by its number): all other files lose theirs."""
        self._take_apart(stream_id)
        stream = self._streams[stream_id]
        name = quoted(stored)
        self.connection.execute("CREATE OR REPLACE TEMP TABLE _values (file_id INTEGER, value VARCHAR)")
        if values:
            self.connection.executemany("INSERT INTO _values VALUES (?, ?)", [list(pair) for pair in values.items()])
        self.connection.execute(f"UPDATE {stream.table} SET {name} = "
                                f"(SELECT value FROM _values WHERE file_id = _file)")
        self.connection.execute("DROP TABLE _values")
        self._roll_up_again(stream_id)

    def _roll_up_again(self, stream_id: int) -> None:
        stream = self._streams[stream_id] = replace(self._streams[stream_id], split_s=0, bins_s=0)
        rollups.start_again(self.connection, stream)
        rollups.join_again(self.connection)

    # ---- files ---------------------------------------------------------------------------------------------

    def leave_out(self, path: str, reason: str) -> int:
        """Take the rows of a file away, and what the ledger knows of it but its name; gives how many rows."""
        changes = ledger.Changes(self.connection)
        file_id = changes.file(path, None, {})
        changes.set(file_id, {"state": LEFT_OUT, "reason": reason})
        changes.flush()
        return self._take_rows(file_id)

    def _take_rows(self, file_id: int) -> int:
        con = self.connection
        found = one(con, "SELECT stream_id FROM files WHERE file_id = ?", [file_id])
        stream = self._streams.get(found[0]) if found else None
        rows = 0
        if stream is not None:
            self._take_apart(stream.stream_id)
            con.execute(f"INSERT INTO dirty SELECT DISTINCT {stream.stream_id}, make_timestamp(b * {FINEST_S}000000) "
                        f"FROM (SELECT epoch_us(_ts) // {FINEST_S}000000 AS b FROM {stream.table} "
                        f"WHERE _file = {int(file_id)} AND _ts IS NOT NULL AND {catalog.needs_time(stream)})")
            counters.missed(con, stream, int(file_id))
            rows = int(con.execute(f"DELETE FROM {stream.table} WHERE _file = {int(file_id)}").fetchall()[0][0])
            if stream.kind in (StreamKind.REQUESTS, StreamKind.OUTCOMES):
                con.execute("DELETE FROM new_outcomes WHERE file_id = ?", [file_id])
                rollups.join_again(con)
        quarantine.forget(con, file_id)
        con.execute('UPDATE files SET "offset" = 0, records = 0, next_record = 0, '
                    "prefix_digest = '', anchor = '', device = 0, inode = 0, rows_loaded = 0, rows_quarantined = 0, "
                    "rows_ignored = 0, ignored = '{}', first_ts = NULL, last_ts = NULL WHERE file_id = ?", [file_id])
        return rows

    def read_anew(self, file_id: int) -> None:
        """A file that was read is unknown again, and its rows are gone: the next load reads it from its beginning."""
        self._take_rows(file_id)
        self.connection.execute("DELETE FROM files WHERE file_id = ?", [file_id])

    def take_in(self, file_id: int) -> None:
        """A file that was left out is unknown again, and read by the next load."""
        self.connection.execute("DELETE FROM files WHERE file_id = ? AND state = ?", [file_id, LEFT_OUT])

    # ---- what is noted -------------------------------------------------------------------------------------

    def remember(self, key: str, text: str | None) -> None:
        """Keep a text in `meta`; None takes it away."""
        self.connection.execute("DELETE FROM meta WHERE key = ?", [key])
        if text is not None:
            self.connection.execute("INSERT INTO meta VALUES (?, ?)", [key, text])


def _time_as_text(column: ColumnInfo) -> str:
    """Cells of a time column as its format writes them, so that they and those to come are read alike.

    What is kept in UTC says so: the zone of the stream is not meant.
    """
    name, form = quoted(column.stored), column.time_format
    zone = "" if column.naive else "Z"
    if form in DATES:
        day, month = ("%d", "%m") if form is TimeFormat.DAY_FIRST else ("%m", "%d")
        return f"strftime({name}, '{day}/{month}/%Y %H:%M:%S.%f{zone}')"
    if form not in PER_SECOND:
        return f"{name}::VARCHAR || '{zone}'"
    us = f"(epoch_us({name}) - {int(RELATIVE_START.timestamp()) * 10**6 if form in RELATIVE else 0})"
    per_second = PER_SECOND[form]
    if per_second >= 10**6:
        return f"({us} * {per_second // 10**6})::VARCHAR"
    part = 10**6 // per_second
    return f"CASE WHEN {us} % {part} = 0 THEN ({us} // {part})::VARCHAR ELSE ({us} / {part})::VARCHAR END"


def _as_it_was(column: ColumnInfo, before: ColumnInfo | None) -> ColumnInfo:
    if before is None:
        return replace(column, role=None, chosen=False)
    return replace(column, name=before.name, type=before.type, role=before.role, unit=before.unit, why=before.why,
                   time_format=before.time_format, chosen=before.chosen)


def sample_texts(con: DuckDBPyConnection, stream: StreamInfo, stored: str, limit: int) -> list[str | None]:
    """Some cells of a column as text, none that is missing."""
    name = quoted(stored)
    rows = con.execute(f"SELECT {name}::VARCHAR FROM {stream.table} WHERE {name} IS NOT NULL LIMIT ?", [limit])
    return [row[0] for row in rows.fetchall()]


def values_by_file(con: DuckDBPyConnection, stream: StreamInfo, stored: str) -> list[tuple[int, str, str | None, bool]]:
    """For each file with rows: number, path, the value of a column, and whether all its rows have that one."""
    name = quoted(stored)
    return con.execute(f"SELECT f.file_id, any_value(f.path), min({name}), coalesce(min({name}) = max({name}) AND "
                       f"count({name}) = count(*), count({name}) = 0) FROM {stream.table} "
                       f"JOIN files f ON f.file_id = _file GROUP BY f.file_id").fetchall()


@dataclass(frozen=True, slots=True)
class Misfit:
    """Cells of a column that are no value of its type; when the first was, and how many rows there are from then on."""

    count: int
    first: datetime | None
    sample: str
    rows_since: int


def misfits(con: DuckDBPyConnection, stream: StreamInfo) -> dict[str, Misfit]:
    """Stored name -> cells whose text is kept beside it. Numbers that only lost digits are among them."""
    rows = con.execute(
        f"SELECT k, count(*), epoch_us(min(_ts)), arg_min(json_extract_string(_misfit, "
        f"'/' || replace(replace(k, '~', '~0'), '/', '~1')), _record) FROM (SELECT unnest(json_keys(_misfit)) AS k, "
        f"_misfit, _ts, _record FROM {stream.table} WHERE _misfit IS NOT NULL) GROUP BY k").fetchall()
    found = {}
    fit = {column.stored for column in stream.columns if column.kept is ColumnType.TEXT}
    for name, count, first, sample in rows:
        if name in fit:         # it was kept as something else when they came
            continue
        since = int(one(con, f"SELECT count(*) FROM {stream.table} WHERE _ts >= make_timestamp({int(first)})")[0]
                    ) if first is not None else 0
        found[name] = Misfit(int(count), from_epoch(first / 1e6) if first is not None else None, sample or "", since)
    return found


def first_value(con: DuckDBPyConnection, stream: StreamInfo, stored: str, window: Window) -> datetime | None:
    """The time of the first row in a window that has a value in a column."""
    found = one(con, f"SELECT epoch_us(min(_ts)) FROM {stream.table} WHERE {quoted(stored)} IS NOT NULL "
                f"AND _ts >= make_timestamp({round(window.start_s * 1e6)}) "
                f"AND _ts < make_timestamp({round(window.end_s * 1e6)})")[0]
    return None if found is None else from_epoch(found / 1e6)
