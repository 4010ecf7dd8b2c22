"""What Sources shows of the ledger. Here and not in `console.logs`, because the store hands it out."""

from __future__ import annotations

from dataclasses import dataclass


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
class QuarantineView:
    """One row that could not be read. `raw` is bounded and is data: show it as plain text only."""

    path: str
    line: int                   # first line of the record, from 1; Parquet: row number
    byte_offset: int | None
    reason: str
    raw: str


@dataclass(frozen=True, slots=True)
class RefusedView:
    """A file that was not loaded."""

    path: str
    reason: str
