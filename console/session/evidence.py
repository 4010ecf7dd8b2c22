"""What lies beside the numbers of an incident: example rows with file and line, unreadable records, files and rules."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from console.alarms.rules import Rule
from console.alarms.written import as_toml
from console.jobs import Job
from console.logs.plan import FileFormat
from console.reports.view import ExampleRow, InputFile, Quarantined, QuarantinedLine
from console.store import rows as stored
from console.store.rows import Row
from console.window import ZERO, Window

if TYPE_CHECKING:
    from console.session.session import Session
    from console.store import FileEntry, Workspace

MOST_EXAMPLES = 20
MOST_SAMPLES = 10
MOST_HASHED = 4 << 30
"""Bytes of all files together whose checksums are computed; beyond, the rest is named by size alone."""
MOST_SEARCHED = 64 << 20
"""A line is looked for in files up to this size: farther in, its number in the file must do."""
BLOCK = 4 << 20
LONGEST_RAW = 500


def examples(session: Session, found: Iterable[tuple[Any, ...]], titles: Sequence[str], job: Job) -> tuple[ExampleRow,
                                                                                                             ...]:
    """Requests as the log has them. found: (ts, stream, file, record, whether each harm befell it...)."""
    store = session.store
    # a Parquet file has no lines, and looking for one reads a whole group of rows
    sizes = {entry.file_id: entry.size for entry in store.ledger() if entry.format != FileFormat.PARQUET}
    made = []
    for ts, stream, file_id, record, *hit in found:
        job.stop_if_asked()
        row, names = _row(store, stream, ts, file_id, record)
        if row is None:
            continue
        line = None
        if sizes.get(file_id, MOST_SEARCHED + 1) <= MOST_SEARCHED:
            line = session.raw_line(row, job).line
        cells = tuple((name, cell) for name, cell in zip(names, row.cells, strict=True) if cell is not None)
        why = ", ".join(title for title, yes in zip(titles, hit, strict=True) if yes)
        assert row.at is not None
        made.append(ExampleRow(row.at, row.path, line, row.record, why, cells))
    return tuple(made)


def _row(store: Workspace, stream: str, ts: Any, file_id: int, record: int) -> tuple[Row | None, tuple[str, ...]]:
    """The row of that record, found by its time."""
    info = next((one for one in store.streams() if one.name == stream), None)
    if info is None:
        return None, ()
    at = ts.replace(tzinfo=None)
    page = stored.around(store.cursor(), info, at, file_id, record)
    return (page.rows[0] if page.rows else None), tuple(column.name for column in page.columns)


def quarantined(store: Workspace, files: Sequence[FileEntry]) -> Quarantined:
    """Of these files; records that could not be read have no time."""
    reasons: dict[str, int] = {}
    samples: list[QuarantinedLine] = []
    bad = [entry for entry in files if entry.rows_quarantined]
    for entry in bad:
        for reason, count in store.quarantine_reasons(entry.path):
            reasons[reason] = reasons.get(reason, 0) + count
        if len(samples) < MOST_SAMPLES:
            samples += [QuarantinedLine(one.path, one.line, one.reason, one.raw[:LONGEST_RAW])
                        for one in store.quarantine(MOST_SAMPLES - len(samples), file=entry.path)]
    ordered = tuple(sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0])))
    read = sum(entry.rows_loaded + entry.rows_quarantined + entry.rows_ignored for entry in files)
    return Quarantined(sum(reasons.values()), read, ordered, tuple(samples))


def inputs(folder: Path | None, files: Sequence[FileEntry], job: Job, *, hashed: bool = True) -> tuple[InputFile, ...]:
    """Their sizes and checksums, as they are now. Raises JobStopped."""
    made, budget = [], MOST_HASHED
    for entry in files:
        job.stop_if_asked()
        records = entry.rows_loaded + entry.rows_quarantined + entry.rows_ignored
        path = folder / entry.path if folder is not None else None
        digest, why = "", ""
        if path is None:
            why = "only the workspace is open"
        elif not hashed:
            why = "not asked for"
        elif not path.is_file():
            why = "the file is not there any more"
        elif path.stat().st_size > budget:
            why = "too large"
        else:
            budget -= path.stat().st_size
            digest, why = _digest(path, job)
        made.append(InputFile(entry.path, entry.size, records, digest, why))
    return tuple(made)


def _digest(path: Path, job: Job) -> tuple[str, str]:
    found = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                job.stop_if_asked()
                found.update(block)
    except OSError as error:
        return "", f"it cannot be read ({error.strerror or error})"
    return found.hexdigest(), ""


def rules_text(rules: Sequence[Rule]) -> tuple[str, str]:
    """The rules as a `pilothouse.toml` says them, and their checksum; both "" where there are none."""
    if not rules:
        return "", ""
    text = as_toml(rules)
    return text, hashlib.sha256(text.encode()).hexdigest()


def gaps(covered: Sequence[Window], window: Window, least: timedelta = timedelta(minutes=1)) -> tuple[Window, ...]:
    """Stretches of the window that no file covers."""
    found, at = [], window.start
    for one in sorted(covered, key=lambda one: one.start):
        if one.end <= at:
            continue
        if one.start >= window.end:
            break
        if one.start - at >= least:
            found.append(Window(at, one.start))
        at = max(at, one.end)
    if window.end - at >= least and window.end - at > ZERO:
        found.append(Window(at, window.end))
    return tuple(found)
