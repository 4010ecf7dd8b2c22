"""The table `files`: what is known of each file, and how far it was read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from console.store.asking import one
from console.store.model import FileEntry, Totals
from console.store.names import quoted
from console.store.planned import PlannedFile
from console.store.queries import sql
from console.store.shown import FileView, RefusedView

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from console.window import Window

FIELDS = tuple(field.name for field in fields(FileEntry))
REJECTED, LEFT_ALONE, LEFT_OUT = "rejected", "left alone", "left out"
NOT_READ = (REJECTED, LEFT_ALONE, LEFT_OUT)
"""States of files whose rows are not in the workspace: no log that can be read, no log at all, not wanted."""

ROWS_AT_ONCE = 50
"""New files that one INSERT holds: statements with more parameters take longer to plan than they save."""


class Changes:
    """What one transaction does to the ledger; written once, at its end, for a folder may have thousands of files.

    The paths that the ledger has are read once, when the first file is asked for; nobody else may add files to it
    until the transaction ends.
    """

    def __init__(self, connection: DuckDBPyConnection) -> None:
        self._con = connection
        self._known: dict[str, list[tuple[int, bool]]] | None = None     # path -> (file_id, whether it was read)
        self._next = 0
        self._new: dict[int, dict[str, Any]] = {}
        self._set: dict[int, dict[str, Any]] = {}
        self._added: dict[int, dict[str, int]] = {}
        self._spans: dict[int, list[datetime]] = {}

    def file(self, file: PlannedFile | str, stream_id: int | None, identity: Mapping[str, Any]) -> int:
        """The number of the file under that path, made if there is none."""
        path = file if isinstance(file, str) else file.path
        known: dict[str, Any] = {} if isinstance(file, str) else {
            "format": str(file.format), "compression": str(file.compression), "size": file.size,
            "mtime_ns": file.mtime_ns}
        under = self._paths().setdefault(path, [])
        if under:
            file_id = max(under)[0]
            self.set(file_id, {**known, **identity, **({} if stream_id is None else {"stream_id": stream_id})})
            return file_id
        file_id, self._next = self._next, self._next + 1
        under.append((file_id, True))
        self._new[file_id] = {**_EMPTY, **known, "file_id": file_id, "path": path, "stream_id": stream_id,
                              **_stored(identity)}
        return file_id

    def free(self, path: str) -> None:
        """A file that was read under this path and moved since gives it up: its row must never become another's."""
        under = self._paths().get(path, [])
        moved = [file_id for file_id, was_read in under if was_read]
        if not moved:
            return
        self._con.execute("UPDATE files SET path = path || ' (before ' || file_id || ')' "
                          "WHERE list_contains(?, file_id)", [moved])
        self._paths()[path] = [entry for entry in under if not entry[1]]

    def has_read(self, path: str) -> bool:
        """Whether a file was read under this path."""
        return any(was_read for _, was_read in self._paths().get(path, []))

    def _paths(self) -> dict[str, list[tuple[int, bool]]]:
        if self._known is None:
            self._known = {}
            rows = self._con.execute("SELECT path, file_id, state FROM files").fetchall()
            for path, file_id, state in rows:
                self._known.setdefault(path, []).append((file_id, state not in NOT_READ))
            self._next = max((row[1] for row in rows), default=0) + 1
        return self._known

    def set(self, file_id: int, values: Mapping[str, Any]) -> None:
        """Later calls win."""
        unknown = set(values) - set(FIELDS)
        if unknown:
            raise TypeError(f"A file has no field {', '.join(sorted(unknown))}")
        self._set.setdefault(file_id, {}).update(_stored(values))

    def add(self, file_id: int, *, rows_loaded: int = 0, rows_quarantined: int = 0, first: datetime | None = None,
            last: datetime | None = None) -> None:
        """Count rows, and widen the time that the file covers."""
        sums = self._added.setdefault(file_id, {"rows_loaded": 0, "rows_quarantined": 0})
        sums["rows_loaded"] += rows_loaded
        sums["rows_quarantined"] += rows_quarantined
        self._spans.setdefault(file_id, []).extend(time for time in (first, last) if time is not None)

    def flush(self) -> None:
        """One UPDATE a file that was there, and one INSERT for all that were not."""
        self._insert_new()
        for file_id in {**self._set, **self._added}:
            changes = dict(self._set.get(file_id, {}))
            parts: list[str] = []
            values: list[Any] = []
            for name, more in self._added.get(file_id, {}).items():
                if name not in changes and more:
                    parts.append(f"{name} = coalesce({name}, 0) + ?")
                    values.append(more)
            for name, value in changes.items():
                parts.append(f"{quoted(name)} = ?")
                values.append(value)
            span = self._spans.get(file_id)
            if span:
                parts += ["first_ts = least(first_ts, ?)", "last_ts = greatest(last_ts, ?)"]
                values += [min(span), max(span)]
            if parts:
                self._con.execute(f"UPDATE files SET {', '.join(parts)} WHERE file_id = ?", [*values, file_id])
        self._set.clear()
        self._added.clear()
        self._spans.clear()

    def _insert_new(self) -> None:
        """New files with all that the transaction said of them."""
        entries = []
        for file_id, entry in self._new.items():
            span = self._spans.pop(file_id, [])
            entries.append({**entry, **self._added.pop(file_id, {}), **self._set.pop(file_id, {}),
                            "first_ts": min(span, default=None), "last_ts": max(span, default=None)})
        self._new.clear()
        for start in range(0, len(entries), ROWS_AT_ONCE):
            part = entries[start:start + ROWS_AT_ONCE]
            names = list(part[0])
            marks = ", ".join([f"({', '.join('?' * len(names))})"] * len(part))
            self._con.execute(f"INSERT INTO files ({', '.join(map(quoted, names))}) VALUES {marks}",
                              [entry.get(name) for entry in part for name in names])


_EMPTY: dict[str, Any] = {
    "format": "", "compression": "", "device": 0, "inode": 0, "size": 0, "mtime_ns": 0, "offset": 0, "records": 0,
    "next_record": 0, "prefix_digest": "", "anchor": "", "header": "", "state": "loading", "reason": "",
    "rows_loaded": 0, "rows_quarantined": 0, "rows_ignored": 0, "ignored": "{}"}


def _stored(values: Mapping[str, Any]) -> dict[str, Any]:
    """As the table has them; `ignored` brings its own sum."""
    kept = dict(values)
    if "ignored" in kept:
        ignored = {str(reason): int(count) for reason, count in dict(kept["ignored"] or {}).items()}
        kept["ignored"] = json.dumps(ignored)
        kept.setdefault("rows_ignored", sum(ignored.values()))
    for name in ("format", "compression", "state"):
        if name in kept:
            kept[name] = str(kept[name])
    return kept


def between(con: DuckDBPyConnection, windows: Sequence[Window]) -> set[int]:
    """Numbers of files with rows on the time axis of one of these windows, as far as first and last row tell."""
    found: set[int] = set()
    for window in windows:
        found |= {file_id for (file_id,) in con.execute(
            "SELECT file_id FROM files WHERE first_ts < make_timestamp($1) AND last_ts >= make_timestamp($2)",
            [round(window.end_s * 1e6), round(window.start_s * 1e6)]).fetchall()}
    return found


def entries(con: DuckDBPyConnection) -> tuple[FileEntry, ...]:
    """The whole ledger, in the order in which files were first seen."""
    names = ", ".join(quoted(name) for name in FIELDS)
    rows = con.execute(f"SELECT {names} FROM files ORDER BY file_id").fetchall()
    found = []
    for row in rows:
        values = dict(zip(FIELDS, row, strict=True))
        found.append(FileEntry(**{**values, "ignored": json.loads(values["ignored"] or "{}")}))
    return tuple(found)


def refuse(con: DuckDBPyConnection, files: Iterable[tuple[str, str, bool]]) -> None:
    """Files that are not loaded: (path, why, whether they should be logs). Said again, the later word stays."""
    changes = Changes(con)
    for path, reason, rejected in files:
        file_id = changes.file(path, None, {})
        changes.set(file_id, {"state": REJECTED if rejected else LEFT_ALONE, "reason": reason})
    changes.flush()


def rejected(con: DuckDBPyConnection) -> tuple[RefusedView, ...]:
    """Files that should be logs but could not be read."""
    rows = con.execute("SELECT path, reason FROM files WHERE state = ? ORDER BY path", [REJECTED]).fetchall()
    return tuple(RefusedView(*row) for row in rows)


def shown(con: DuckDBPyConnection) -> tuple[FileView, ...]:
    """All files with their sums."""
    views = []
    for (path, stream, state, records, loaded, quarantined, ignored, size, reason, reasons, offset, compression,
         form) in con.execute(sql("store/files")).fetchall():
        why_ignored = json.loads(reasons or "{}")
        said = [reason] if reason else []
        said += [f"{count:,} ignored: {why}" for why, count in why_ignored.items() if count]
        views.append(FileView(path, stream or "", state, records, loaded, quarantined, ignored, size, "; ".join(said),
                              offset or 0, _share_read(state, size, offset or 0, compression, form),
                              {why: int(count) for why, count in why_ignored.items() if count}, reason or ""))
    return tuple(views)


def _share_read(state: str, size: int, offset: int, compression: str, form: str) -> float | None:
    """How much of a file is read, 0 to 1; None where the offset does not tell (it counts unpacked bytes, or rows)."""
    if state in (REJECTED, LEFT_ALONE, LEFT_OUT):
        return None
    if state == "loaded":
        return 1.0
    if compression != "none" or form == "parquet" or not size:
        return None
    return min(1.0, offset / size)


def sums(con: DuckDBPyConnection) -> Totals:
    """The counts of the ledger."""
    files, read, loaded, quarantined_rows, ignored, refused = map(int, one(con, sql("store/ledger_sums")))
    return Totals(files, read, loaded, quarantined_rows, ignored, rejected=refused)
