"""What the place Sources shows, from the ledger and the quarantine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from console.logs.view import ColumnView, SourcesView, StreamView
from console.window import Window

if TYPE_CHECKING:
    from console.store import StreamInfo, Workspace

SHOWN = 200
"""Quarantined rows shown at once; the rest is counted and stays in the table `quarantine`."""


def view(store: Workspace, folder: Path | None) -> SourcesView:
    """Streams with their columns, files with their sums, and what could not be read."""
    return SourcesView(str(folder or ""), str(store.path), tuple(_stream(store, stream) for stream in store.streams()),
                       store.files(), store.quarantine_reasons(), store.quarantine(SHOWN), store.notes())


def _stream(store: Workspace, stream: StreamInfo) -> StreamView:
    counts: dict[str, tuple[int, int]] = {}
    rolled = [column.stored for column in stream.columns if column.rolled]
    if rolled and stream.first is not None and stream.last is not None:
        whole = Window.from_epoch(stream.first.timestamp(), stream.last.timestamp() + 1)
        for moments in store.moments(stream.stream_id, rolled, whole, _one_bucket(whole)):
            for name, cells in moments.columns.items():
                counts[name] = (int(cells.n.sum()), int(cells.n_missing.sum()))
    columns = tuple(ColumnView(stream.name, column.name, column.stored, column.type, column.role, column.unit,
                               column.why, column.samples, *counts.get(column.stored, (stream.rows, 0)),
                               chosen=column.chosen)
                    for column in stream.columns)
    return StreamView(stream.name, stream.kind, stream.format, stream.why, stream.rows, stream.first, stream.last,
                      stream.zone, stream.zone_assumed, columns)


def _one_bucket(window: Window) -> int:
    """Hours while they can hold the sum, days for long logs: only the sum over all buckets is wanted."""
    return 3600 if window.seconds < 90 * 86400 else 86400
