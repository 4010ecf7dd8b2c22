"""What the place Sources shows, from the ledger and the quarantine."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from console.logs import said
from console.logs.config import StreamSettings
from console.logs.plan import Compression, FileFormat, FilePlan, FolderPlan, StreamPlan
from console.logs.raw import SHOWN_BYTES, record_at, still_there
from console.logs.view import ColumnView, QuarantineView, SourcesView, StreamView
from console.roles import Role
from console.store.rolled import ON_TIME_AXIS
from console.window import Window

if TYPE_CHECKING:
    from console.session.columns import Corrector
    from console.store import StreamInfo, Workspace

SHOWN = 200
"""Quarantined records that come with the view; more are asked for page by page."""


LOADING = "the folder is still being looked through"
"""Why records cannot be read again by now."""

def view(store: Workspace, folder: Path | None, plan: FolderPlan | None, corrector: Corrector, *,
         loading: bool) -> SourcesView:
    """Streams with their columns, files with their sums, and what could not be read."""
    planned = {one.name: one for one in plan.streams} if plan else {}
    spoken = plan.settings.streams if plan and plan.settings else {}
    known, files = store.streams(), store.files()
    loaded = Counter[str]()
    for file in files:
        loaded[file.stream] += file.rows_loaded
    names = {stream.name for stream in known}
    streams = (*(_stream(store, stream, planned.get(stream.name), spoken.get(stream.name),
                         loaded[stream.name] - stream.rows if stream.half_of else 0) for stream in known),
               *(_unplaced(one) for one in (plan.unplaced if plan else ()) if one.name not in names))
    return SourcesView(str(folder or ""), str(store.path), streams,
                       files, store.quarantine_reasons(), store.quarantine(SHOWN), store.notes(),
                       plan.settings.leave_out if plan and plan.settings else (), corrector.undo_title,
                       corrector.redo_title, *(() if folder is None else (LOADING if loading else "",)))


def _stream(store: Workspace, stream: StreamInfo, plan: StreamPlan | None, spoken: StreamSettings | None,
            merged: int) -> StreamView:
    """merged: rows of it that were merged into the event they belong to"""
    counts: dict[str, tuple[int, int]] = {}
    rolled = [column.stored for column in stream.columns if column.rolled]
    if rolled and stream.first is not None and stream.last is not None:
        whole = Window.from_epoch(stream.first.timestamp(), stream.last.timestamp() + 1)
        for moments in store.moments(stream.stream_id, rolled, whole, _one_bucket(whole)):
            for name, cells in moments.columns.items():
                counts[name] = (int(cells.n.sum() + cells.n_missing.sum()), int(cells.n_missing.sum()))
    misfits = store.misfits(stream.stream_id)
    paths = plan.path_columns if plan else ()
    placed = stream.kind in ON_TIME_AXIS
    columns = tuple(ColumnView(stream.name, column.name, column.stored, column.type, column.role, column.unit,
                               column.why, column.samples, *counts.get(column.stored, (
                                   stream.rows if placed and column.role is Role.TIMESTAMP else 0, 0)),
                               chosen=column.chosen, time_format=column.time_format,
                               n_misfit=misfits[column.stored].count if column.stored in misfits else 0,
                               from_path=column.stored in paths)
                    for column in stream.columns)
    why = " ".join(filter(None, (_halves(stream, merged), _why(stream.why, plan))))
    return StreamView(stream.name, stream.kind, stream.format, why, stream.rows, stream.first,
                      stream.last, stream.zone, stream.zone_assumed, columns, _confidence(plan), _unnamed(stream, plan),
                      spoken.path if spoken else {}, stream.relative, merged=max(0, merged))


def _halves(stream: StreamInfo, merged: int) -> str:
    """What became of rows that are half of an event; "" where each row is one."""
    if merged <= 0:
        return ""
    if stream.half_of == stream.name:
        return (f"{stream.rows + merged:,} rows are {stream.rows:,} events: the halves of a request are one event, by "
                "request id.")
    alone = f"; {stream.rows:,} found none and are events of their own" if stream.rows else ""
    return f"One event with {stream.half_of}, by request id: {merged:,} rows complete one there{alone}."


def _unplaced(plan: StreamPlan) -> StreamView:
    """A stream none of whose files is loaded: there is no time in it that anybody knows of."""
    columns = tuple(ColumnView(plan.name, column.name, column.stored, column.type, column.role, column.unit, column.why,
                               column.samples, 0, 0, chosen=column.chosen, time_format=column.time_format)
                    for column in plan.columns)
    return StreamView(plan.name, plan.kind, plan.format, "Not loaded: no column is known as its time. Give one the "
                      "role timestamp", 0, None, None, plan.zone, plan.zone_assumed, columns, placed=False)


def _why(why: str, plan: StreamPlan | None) -> str:
    """Of the kind of the stream, and of the form of its files where a serving tool's was recognised."""
    form = next((file.why for file in plan.files if file.why), "") if plan else ""
    return f"{why.rstrip('.')}. {form}" if form and form not in why else why


def _confidence(plan: StreamPlan | None) -> float:
    return min((file.confidence for file in plan.files), default=1.0) if plan else 1.0


def _unnamed(stream: StreamInfo, plan: StreamPlan | None) -> tuple[str, ...]:
    """The columns of the files without a header, in the order of the file."""
    file = next((file for file in plan.files if not file.has_header), None) if plan else None
    if file is None:
        return said.feature_columns(stream.columns) if plan is not None and plan.dialect else ()
    by_name = {column.name: column.stored for column in stream.columns}
    found = tuple(by_name[name] for name in file.columns if name in by_name)
    return found if len(found) == len(file.columns) else ()


def _one_bucket(window: Window) -> int:
    """Hours while they can hold the sum, days for long logs: only the sum over all buckets is wanted."""
    return 3600 if window.seconds < 90 * 86400 else 86400


def raw_record(store: Workspace, folder: Path | None, plan: FolderPlan | None, row: QuarantineView) -> str:
    """The whole record from its file, up to SHOWN_BYTES; else what was kept of it."""
    entry = next((one for one in store.ledger() if one.file_id == row.file_id), None)
    if folder is None or entry is None or row.byte_offset is None or entry.format == FileFormat.PARQUET:
        return row.raw
    path = folder / entry.path
    name = re.sub(r" \(before \d+\)$", "", entry.path)
    planned = next((file for stream in (plan.streams if plan else ()) for file in stream.files if file.path == name),
                   FilePlan(name, FileFormat(entry.format), Compression(entry.compression), 0, 0, ()))
    if not still_there(path, entry):
        return row.raw
    found = record_at(path, planned, row.byte_offset, SHOWN_BYTES)
    return found.decode("utf-8", "replace") if found else row.raw
