"""What Sources shows of the ledger. Here and not in `console.logs`, because the store hands it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class FileView:
    """One file of the ledger.

    records  as they were cut from it: when none is lost, rows_loaded + rows_quarantined + rows_ignored
    """

    path: str
    stream: str
    state: str                  # loaded | loading | following | rejected | left alone | left out | waiting
    records: int
    rows_loaded: int
    rows_quarantined: int
    rows_ignored: int
    size: int
    note: str = ""              # why rejected, what was ignored
    offset: int = 0             # bytes of the unpacked file that were read; Parquet: rows
    share_read: float | None = None     # 0 to 1; None where nobody can say
    ignored: Mapping[str, int] = field(default_factory=dict)    # reason -> records
    error: str = ""             # what was last wrong with the file, or noted about it
    rows_per_second: float = 0.0        # while it is followed


@dataclass(frozen=True, slots=True)
class QuarantineView:
    """One row that could not be read. `raw` is bounded and is data: show it as plain text only."""

    path: str
    line: int                   # first line of the record, from 1; Parquet: row number
    byte_offset: int | None
    reason: str
    raw: str
    file_id: int = 0
    record: int | None = None   # its number in the file, from 0; None for those kept by an earlier version


@dataclass(frozen=True, slots=True)
class RefusedView:
    """A file that was not loaded."""

    path: str
    reason: str
