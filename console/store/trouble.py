"""What the database says when its disk is full, gone or closed to writing, in words for the user."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import duckdb

from console.errors import CannotWrite

SPARE_BYTES = 16 << 20          # free beside what a checkpoint is known to write

_OF_DISK = re.compile(r"Could not (write|read|fsync|sync|truncate|open)|No space left|File too large|disk quota|"
                      r"Input/output error|Read-only file system|Stale file handle", re.IGNORECASE)


def is_of_disk(error: BaseException) -> bool:
    """Whether the disk is to blame. A commit whose log cannot be written is a TransactionException, by its words."""
    if isinstance(error, duckdb.IOException | duckdb.OutOfMemoryException | OSError):
        return True
    return isinstance(error, duckdb.Error) and _OF_DISK.search(str(error)) is not None


def cannot_write(error: BaseException, path: Path) -> CannotWrite:
    """The same as a sentence. After a fatal error the database must be opened again; what it had is kept."""
    reason = str(error).splitlines()[0][:200]
    again = isinstance(error, duckdb.FatalException)
    return CannotWrite(f"The workspace could not be written ({reason})", where=str(path),
                       do="Make room on the disk, then open the folder again" if again else
                       "Make room or choose another place with --workspace; what was loaded before is kept")


def has_room(path: Path) -> bool:
    """Whether a checkpoint would fit. One that does not makes the database unusable until it is opened again."""
    log = Path(f"{path}.wal")
    try:
        needed = 2 * log.stat().st_size if log.exists() else 0
        return shutil.disk_usage(path.parent).free > needed + SPARE_BYTES
    except OSError:
        return False
