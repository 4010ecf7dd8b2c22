"""The table `quarantine`: records that could not be read, until they can be.

A record that was read after all moves to `healed`, with its reason and text: when the correction that made it readable
is undone, it goes back. The ledger's sums move with it, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.store.casting import EARLIEST, LATEST
from console.store.queries import sql
from console.store.rolled import ON_TIME_AXIS
from console.store.shown import QuarantineView

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from console.store.model import StreamInfo

NO_TIME = "the row has no time"
BAD_TIME = "the time could not be read"
ABSURD_TIME = "the time is before 1971 or after 2199"
TIME_REASONS = (NO_TIME, BAD_TIME, ABSURD_TIME)

LONGEST_RAW = 4000
"""Characters kept of a record; a text of that length was cut."""

_AGAIN = f"(list_contains({list(TIME_REASONS)}, reason) OR regexp_matches(reason, '^[0-9,]+ fields?, '))"
"""Reasons that a correction can take away: no usable time, and a wrong number of fields."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A record in quarantine that a correction may have made readable."""

    record: int                 # its number in the file
    byte_offset: int | None
    reason: str
    raw: str

    @property
    def cut(self) -> bool:
        """Whether `raw` is only the beginning."""
        return len(self.raw) >= LONGEST_RAW


def page(con: DuckDBPyConnection, limit: int, offset: int, reason: str | None,
         file: str | None) -> tuple[QuarantineView, ...]:
    """A page of the quarantine, by file and line; only of one reason and one file when they are named."""
    rows = con.execute(sql("store/quarantine"), {"limit": limit, "offset": offset, "reason": reason,
                                                 "file": file}).fetchall()
    return tuple(QuarantineView(*row) for row in rows)


def reasons(con: DuckDBPyConnection, file: str | None) -> tuple[tuple[str, int], ...]:
    """Why records lie in the quarantine, most frequent first."""
    return tuple((reason, int(n)) for reason, n in con.execute(
        sql("store/quarantine_reasons"), {"file": file}).fetchall())


def waiting_files(con: DuckDBPyConnection) -> dict[int, int]:
    """File number -> records in it that may be readable now."""
    rows = con.execute(f"SELECT file_id, count(*) FROM quarantine WHERE record IS NOT NULL AND {_AGAIN} "
                       "GROUP BY file_id ORDER BY file_id").fetchall()
    return {int(file_id): int(count) for file_id, count in rows}


def waiting(con: DuckDBPyConnection, file_id: int, after: int, limit: int) -> list[Waiting]:
    """Records of a file that may be readable now, in the order of the file, behind the record `after`."""
    rows = con.execute(f"SELECT record, byte_offset, reason, raw FROM quarantine WHERE file_id = ? AND record > ? "
                       f"AND {_AGAIN} ORDER BY record LIMIT ?", [file_id, after, limit]).fetchall()
    return [Waiting(int(record), offset, reason, raw) for record, offset, reason, raw in rows]


def heal(con: DuckDBPyConnection, file_id: int, records: Sequence[int]) -> int:
    """These records are rows now; how many of them lay in quarantine."""
    found = con.execute("INSERT INTO healed SELECT * FROM quarantine WHERE file_id = ? AND list_contains(?, record)",
                        [file_id, list(records)]).fetchall()
    con.execute("DELETE FROM quarantine WHERE file_id = ? AND list_contains(?, record)", [file_id, list(records)])
    return int(found[0][0])


def explain(con: DuckDBPyConnection, file_id: int, reasons: Mapping[int, str]) -> None:
    """Records that stay, with why they do now."""
    for reason in sorted(set(reasons.values())):
        records = [record for record, each in reasons.items() if each == reason]
        con.execute("UPDATE quarantine SET reason = ? WHERE file_id = ? AND list_contains(?, record) "
                    "AND reason <> ?", [reason, file_id, records, reason])


def relapse(con: DuckDBPyConnection, stream: StreamInfo) -> dict[int, int]:
    """Healed records that have no time any more go back; file number -> how many."""
    if stream.kind not in ON_TIME_AXIS:
        return {}
    usable = f"coalesce(r._ts >= TIMESTAMP '{EARLIEST}' AND r._ts < TIMESTAMP '{LATEST}', false)"
    rows = con.execute(
        f"CREATE OR REPLACE TEMP TABLE _relapsed AS SELECT h.file_id, h.record FROM healed h JOIN {stream.table} r "
        f"ON r._file = h.file_id AND r._record = h.record WHERE NOT {usable}").fetchall()
    rows = con.execute("SELECT file_id, count(*) FROM _relapsed GROUP BY file_id").fetchall()
    if rows:
        con.execute("INSERT INTO quarantine SELECT * FROM healed WHERE (file_id, record) IN (FROM _relapsed)")
        con.execute("DELETE FROM healed WHERE (file_id, record) IN (FROM _relapsed)")
        con.execute(f"DELETE FROM {stream.table} WHERE (_file, _record) IN (FROM _relapsed)")
    con.execute("DROP TABLE _relapsed")
    return {int(file_id): int(count) for file_id, count in rows}


def forget(con: DuckDBPyConnection, file_id: int) -> None:
    """Nothing of this file any more."""
    con.execute("DELETE FROM quarantine WHERE file_id = ?", [file_id])
    con.execute("DELETE FROM healed WHERE file_id = ?", [file_id])
