"""What Sources and Columns show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from console.roles import ColumnType, Role, StreamKind, TimeFormat
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
    n: int                      # cells, those without a value too
    n_missing: int
    chosen: bool = False
    time_format: TimeFormat | None = None
    n_misfit: int = 0           # cells that are no value of its type; their text is kept
    from_path: bool = False


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
    confidence: float = 1.0     # share of what was looked at that has the form which was recognised
    unnamed: tuple[str, ...] = ()       # stored names of the columns of its files without a header, in their order
    path: Mapping[str, str] = field(default_factory=dict)       # role -> where in the path its value stands
    relative: bool = False      # its times count from a start that the log does not name
    merged: int = 0             # further rows, which are half of an event and no event of their own
    placed: bool = True         # False: none of its files is loaded, since no column is known as its time


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
    leave_out: tuple[str, ...] = ()                      # patterns of files that are not loaded
    undo: str = ""                                       # what would be taken back; "" when there is nothing
    redo: str = ""
    why_no_replay: str = "the folder of this log is not known here"      # why quarantine cannot be read again; "": can
