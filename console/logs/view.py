"""What Sources and Columns show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from console.roles import ColumnType, Role, StreamKind


@dataclass(frozen=True, slots=True)
class FileView:
    """One file of the ledger. records = rows_loaded + rows_quarantined + rows_ignored."""

    path: str
    stream: str
    state: str                  # loaded | loading | following | rejected | left alone | waiting
    records: int
    rows_loaded: int
    rows_quarantined: int
    rows_ignored: int
    size: int
    note: str = ""              # why rejected, what was ignored


@dataclass(frozen=True, slots=True)
class ColumnView:
    """One column, its guessed or chosen role, and three values of it."""

    stream: str
    name: str
    stored: str
    type: ColumnType
    role: Role | None
    unit: str
    why: str
    samples: tuple[str, ...]
    n: int
    n_missing: int
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class StreamView:
    """One stream with what was guessed about it."""

    name: str
    kind: StreamKind
    format: str
    why: str
    rows: int
    first: datetime | None
    last: datetime | None
    zone: str
    zone_assumed: bool
    columns: tuple[ColumnView, ...]


@dataclass(frozen=True, slots=True)
class QuarantineView:
    """One row that could not be read. `raw` is bounded and is data: show it as plain text only."""

    path: str
    line: int                   # first line of the record, from 1; Parquet: row number
    byte_offset: int | None
    reason: str
    raw: str


@dataclass(frozen=True, slots=True)
class SourcesView:
    """Everything that the place Sources shows."""

    folder: str
    workspace: str
    streams: tuple[StreamView, ...]
    files: tuple[FileView, ...]
    quarantine_reasons: tuple[tuple[str, int], ...]      # reason, count; most frequent first
    quarantine: tuple[QuarantineView, ...]               # the first 200
    notes: tuple[str, ...]
