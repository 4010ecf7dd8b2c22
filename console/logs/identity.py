"""Which file of the ledger a file on disk is: the same, moved, copied, rewritten, or new.

Inodes are used again and names move, so both are hints only: what decides is that the file still begins with the bytes
that were read, and that those just before the offset are still there. A copy of what was read (a rotation by copying,
a compressed file beside its original, a file rewritten whole) goes on behind what is known of it. What cannot be seen:
lines that a rotation by copying loses between its copy and its truncation.
"""

from __future__ import annotations

import os
import zlib
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from console.errors import UnreadableLog
from console.logs import formats
from console.logs.plan import Compression, FileFormat, FilePlan, StreamPlan
from console.logs.reading import HEAD_BYTES, Mark, digest, known_again, open_bytes, read_exactly
from console.store.ledger import NOT_READ

if TYPE_CHECKING:
    from console.store import FileEntry

PARQUET_MAGIC = b"PAR1"
TAIL_BYTES = 4096               # of a Parquet file: its footer


class Found(StrEnum):
    """How a file on disk relates to the ledger."""

    NEW = "new"
    SAME = "the same"
    MOVED = "moved"
    COPY = "a copy"
    REPLACED = "other content under a known name"


@dataclass(frozen=True, slots=True)
class Identity:
    """What the file system says about a file."""

    device: int
    inode: int
    size: int
    mtime_ns: int

    @classmethod
    def of(cls, path: Path) -> Identity:
        """Of the file that a path leads to; raises OSError."""
        about = path.stat()
        return cls(about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns)

    @property
    def node(self) -> tuple[int, int]:
        """What stays when the name changes."""
        return self.device, self.inode


@dataclass(slots=True)
class FileState:
    """One file as the ledger has it, and what this run adds. Counts are of the whole file."""

    plan: FilePlan
    stream: str
    identity: Identity
    file_id: int | None = None
    mark: Mark = field(default_factory=Mark)
    rows_loaded: int = 0
    rows_quarantined: int = 0
    ignored: Counter[str] = field(default_factory=Counter)
    state: str = "loading"
    reason: str = ""
    copied: bool = False        # its mark is that of another file, whose content it repeats

    @property
    def format(self) -> FileFormat:
        """How the records lie in it."""
        return self.plan.format


def from_entry(entry: FileEntry, plan: FilePlan, stream: str, identity: Identity) -> FileState:
    """A file that the ledger knows."""
    return FileState(plan, stream, identity, entry.file_id, mark_of(entry), entry.rows_loaded, entry.rows_quarantined,
                     Counter(entry.ignored), entry.state, entry.reason or "")


def mark_of(entry: FileEntry) -> Mark:
    """How far the ledger says that a file was read."""
    return Mark(entry.offset or 0, entry.records or 0, entry.prefix_digest or "", entry.anchor or "")


def repeats(plan: FilePlan | StreamPlan) -> bool:
    """Whether two files of the same content are no copies there: scrapes, which nothing but their name tells apart."""
    return bool(plan.dialect) and formats.named(plan.dialect).repeats


@dataclass(frozen=True, slots=True)
class OnDisk:
    """A file as it lies in the folder now. `name` is its path relative to the folder."""

    name: str
    path: Path
    identity: Identity


class Ledger:
    """The files that were read, asked by what the files on disk are."""

    def __init__(self, entries: Iterable[FileEntry], repeating: Collection[int] = ()) -> None:
        """repeating: streams whose files may have the same content and are no copies (LogFormat.repeats)."""
        self._entries = [entry for entry in entries if entry.state not in NOT_READ]
        self._repeating = repeating
        self._nodes: dict[tuple[int, int], list[FileEntry]] = {}
        for entry in self._entries:
            self._nodes.setdefault((entry.device, entry.inode), []).append(entry)

    def find(self, files: Iterable[OnDisk],
             open_now: Collection[int] = ()) -> list[tuple[OnDisk, Found, FileEntry | None]]:
        """What each file is, and which entry it goes on from (or, when REPLACED, which one it took the name of).

        open_now: entries whose files are held open, so that others can only have taken their names.
        First those whose inode is known, so that a file which took the name of a moved one is not taken for it.
        """
        files = list(files)
        here = {}
        for file in files:
            entry = self._same_node(file)
            if entry is not None:
                here[file.name] = entry
        moved = {entry.file_id for entry in here.values()} | set(open_now)
        names: dict[str, list[FileEntry]] = {}
        for entry in self._entries:
            if entry.file_id not in moved:
                names.setdefault(entry.path, []).append(entry)
        found: list[tuple[OnDisk, Found, FileEntry | None]] = []
        for file in files:
            known = here.get(file.name)
            if known is not None:
                found.append((file, Found.SAME if known.path == file.name else Found.MOVED, known))
            else:
                found.append((file, *self._other(file, names.get(file.name, []))))
        return found

    def _same_node(self, file: OnDisk) -> FileEntry | None:
        entries = self._nodes.get((file.identity.device, file.identity.inode), [])
        return next((entry for entry in reversed(entries) if holds(file, entry)), None)

    def _other(self, file: OnDisk, namesakes: list[FileEntry]) -> tuple[Found, FileEntry | None]:
        for entry in reversed(namesakes):
            if holds(file, entry):
                return Found.SAME, entry
        copied = self._copied(file)
        if copied is not None:
            return Found.COPY, copied
        return (Found.REPLACED, namesakes[-1]) if namesakes else (Found.NEW, None)

    def _copied(self, file: OnDisk) -> FileEntry | None:
        """The entry whose content this file repeats from its start on; of several the one that was read furthest."""
        known = [entry for entry in self._entries if entry.offset and entry.records
                 and entry.stream_id not in self._repeating]
        if not known:
            return None
        compression, head = look(file.path)
        if head.startswith(PARQUET_MAGIC):
            sizes = [e for e in known if e.format == FileFormat.PARQUET and e.size == file.identity.size]
            wanted = parquet_digest(file.path) if sizes else ""
            return next((entry for entry in sizes if entry.prefix_digest == wanted), None)
        digests: dict[int, str] = {}
        found = []
        for entry in known:
            size = int((entry.prefix_digest or "0:").partition(":")[0])
            if 0 < size <= len(head) and digests.setdefault(size, digest(head[:size])) == entry.prefix_digest:
                found.append(entry)
        found.sort(key=lambda entry: entry.offset, reverse=True)
        return next((entry for entry in found if known_again(file.path, compression, mark_of(entry))), None)


def holds(file: OnDisk, entry: FileEntry) -> bool:
    """Whether the content under an entry is still what the file begins with."""
    if not entry.offset:
        return entry.path == file.name and entry.inode == file.identity.inode
    try:
        if entry.format == FileFormat.PARQUET:
            return file.identity.size == entry.size and entry.prefix_digest == parquet_digest(file.path)
        compression = Compression(entry.compression)
        if compression is Compression.NONE and file.identity.size < entry.offset:
            return False
        unchanged = (file.identity.size, file.identity.mtime_ns) == (entry.size, entry.mtime_ns)
        if unchanged and compression is not Compression.NONE and file.identity.inode == entry.inode:
            return True
    except OSError:
        return False
    return known_again(file.path, compression, mark_of(entry))


def look(path: Path) -> tuple[Compression, bytes]:
    """How a file is packed, by its content, and its first unpacked bytes; none when it cannot be read."""
    try:
        with open_bytes(path, Compression.NONE) as stream:
            magic = stream.read(4)
        compression = (Compression.GZIP if magic.startswith(b"\x1f\x8b")
                       else Compression.ZSTD if magic == b"\x28\xb5\x2f\xfd" else Compression.NONE)
        with open_bytes(path, compression) as stream:
            return compression, read_exactly(stream, HEAD_BYTES)
    except (UnreadableLog, OSError, EOFError, zlib.error):
        return Compression.NONE, b""


def parquet_digest(path: Path) -> str:
    """First and last bytes of a Parquet file: the footer says where every column lies."""
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
        stream.seek(max(0, os.fstat(stream.fileno()).st_size - TAIL_BYTES))
        return digest(head + stream.read(TAIL_BYTES))

