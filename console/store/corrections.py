"""What the user corrects beyond roles: names, files left out, values from the path, columns kept as text; and the way
back from each of them. All within one transaction of `Workspace.correcting`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from console.roles import ColumnType, StreamKind
from console.store import catalog, quarantine, rollups
from console.store.asking import one
from console.store.ledger import LEFT_OUT
from console.store.model import ColumnInfo
from console.store.names import FINEST_S, literal, quoted
from console.store.rolled import settled

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SCHEMA_ORIGIN = "schema"
"""Of annotations about columns that came, went or changed."""


class Corrections:
    """What `Workspace.correcting()` hands out; of no use after it."""

    def __init__(self, connection: DuckDBPyConnection, streams: catalog.Catalog) -> None:
        self.connection = connection
        self._streams = streams

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
        name, key = quoted(stored), literal("/" + stored.replace("~", "~0").replace("/", "~1"))
        plain = f"{name}::VARCHAR"
        if column.kept is ColumnType.NUMBER:
            whole = f"{name} = trunc({name}) AND abs({name}) < 1e15"
            plain = f"CASE WHEN {whole} THEN {name}::BIGINT::VARCHAR ELSE {plain} END"
        self.connection.execute(f"ALTER TABLE {stream.table} ALTER {name} SET DATA TYPE VARCHAR USING "
                                f"coalesce(json_extract_string(_misfit, {key}), {plain})")
        columns = tuple(replace(each, kept=ColumnType.TEXT, naive=False, time_format=None)
                        if each.stored == stored else each for each in stream.columns)
        catalog.become(self.connection, self._streams, stream, replace(stream, columns=settled(stream.kind, columns)))
        self._roll_up_again(stream_id)

    def fill(self, stream_id: int, stored: str, values: Mapping[int, str]) -> None:
        """A text column that has one value a file (by its number): all other files lose theirs."""
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

    def leave_out(self, file_id: int, reason: str) -> int:
        """Take the rows of a file away, and what the ledger knows of it but its name; gives how many rows."""
        con = self.connection
        found = one(con, "SELECT stream_id FROM files WHERE file_id = ?", [file_id])
        stream = self._streams.get(found[0]) if found else None
        rows = 0
        if stream is not None:
            con.execute(f"INSERT INTO dirty SELECT DISTINCT {stream.stream_id}, make_timestamp(b * {FINEST_S}000000) "
                        f"FROM (SELECT epoch_us(_ts) // {FINEST_S}000000 AS b FROM {stream.table} "
                        f"WHERE _file = {int(file_id)} AND _ts IS NOT NULL AND {catalog.needs_time(stream)})")
            rows = int(con.execute(f"DELETE FROM {stream.table} WHERE _file = {int(file_id)}").fetchall()[0][0])
            if stream.kind in (StreamKind.REQUESTS, StreamKind.OUTCOMES):
                con.execute("DELETE FROM new_outcomes WHERE file_id = ?", [file_id])
                rollups.join_again(con)
        quarantine.forget(con, file_id)
        con.execute('UPDATE files SET state = ?, reason = ?, "offset" = 0, records = 0, next_record = 0, '
                    "prefix_digest = '', anchor = '', device = 0, inode = 0, rows_loaded = 0, rows_quarantined = 0, "
                    "rows_ignored = 0, ignored = '{}', first_ts = NULL, last_ts = NULL WHERE file_id = ?",
                    [LEFT_OUT, reason, file_id])
        return rows

    def take_in(self, file_id: int) -> None:
        """A file that was left out is unknown again, and read by the next load."""
        self.connection.execute("DELETE FROM files WHERE file_id = ? AND state = ?", [file_id, LEFT_OUT])

    # ---- what is noted -------------------------------------------------------------------------------------

    def annotate(self, origin: str, notes: Sequence[tuple[datetime, str]]) -> None:
        """The annotations of that origin: (when, text); those there were go."""
        self.connection.execute("DELETE FROM annotations WHERE origin = ?", [origin])
        rows = [[f"{origin}-{number}", at.replace(tzinfo=None), at.replace(tzinfo=None), text, origin]
                for number, (at, text) in enumerate(notes)]
        if rows:
            self.connection.executemany("INSERT INTO annotations VALUES (?, ?, ?, ?, ?)", rows)

    def remember(self, key: str, text: str | None) -> None:
        """Keep a text in `meta`; None takes it away."""
        self.connection.execute("DELETE FROM meta WHERE key = ?", [key])
        if text is not None:
            self.connection.execute("INSERT INTO meta VALUES (?, ?)", [key, text])


def _as_it_was(column: ColumnInfo, before: ColumnInfo | None) -> ColumnInfo:
    if before is None:
        return replace(column, role=None, chosen=False)
    return replace(column, name=before.name, type=before.type, role=before.role, unit=before.unit, why=before.why,
                   time_format=before.time_format, chosen=before.chosen)
