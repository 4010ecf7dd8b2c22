"""What Sources and Columns show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from console.roles import ColumnType, Role, StreamKind
from console.store.shown import FileView as FileView
from console.store.shown import QuarantineView as QuarantineView


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
class SourcesView:
    """Everything that the place Sources shows."""

    folder: str
    workspace: str
    streams: tuple[StreamView, ...]
    files: tuple[FileView, ...]
    quarantine_reasons: tuple[tuple[str, int], ...]      # reason, count; most frequent first
    quarantine: tuple[QuarantineView, ...]               # the first 200
    notes: tuple[str, ...]
