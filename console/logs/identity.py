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
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from console.errors import UnreadableLog
from console.logs import formats
from console.logs.opened import (
    ANCHOR_BYTES,
    HEAD_BYTES,
    SKIP_BYTES,
    UNREADABLE,
    Mark,
    begin_alike,
    compared,
    digest,
    known_again,
    open_bytes,
    read_exactly,
)
from console.logs.plan import Compression, FileFormat, FilePlan, StreamPlan
from console.logs.records import RECORD_BYTES
from console.store.ledger import NOT_READ

if TYPE_CHECKING:
    from console.store import FileEntry

PARQUET_MAGIC = b"PAR1"
TAIL_BYTES = 4096               # of a Parquet file: its footer
READ_AS = "read as "            # reason of records that are ignored, before the name of the file that had them first
MOST_ORIGINALS = 1000           # in one folder that a file shorter than HEAD_BYTES is compared with


class Found(StrEnum):
    """How a file on disk relates to the ledger."""

    NEW = "new"
    SAME = "the same"
    MOVED = "moved"
    COPY = "a copy"
    PART = "no more than the beginning of a file that was read further"
    UNFINISHED = "an archive that ends too early to tell"
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
        return cls.from_stat(path.stat())

    @classmethod
    def from_stat(cls, about: os.stat_result) -> Identity:
        """The same from what was asked already."""
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
    crc = (entry.prefix_digest or "").split(":")[2:]
    return Mark(entry.offset or 0, entry.records or 0, _head_of(entry), entry.anchor or "",
                int(crc[0], 16) if crc else None)


def _head_of(entry: FileEntry) -> str:
    return ":".join((entry.prefix_digest or "").split(":")[:2])


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

    def __init__(self, entries: Iterable[FileEntry], repeating: Collection[int] = (),
                 apart: Callable[[str, FileEntry], bool] = lambda name, entry: False) -> None:
        """What the workspace knows of files.

        repeating  streams whose files may have the same content and are no copies (LogFormat.repeats)
        apart      whether the file of that name and the one of an entry differ by what their paths tell (a metric a
                   file): then they are no copies either
        """
        self._apart = apart
        self._entries = [entry for entry in entries if entry.state not in NOT_READ]
        self._repeating = repeating
        self.parts: dict[str, FileEntry] = {}   # names of files noted as parts that have grown, after `find`
        self._nodes: dict[tuple[int, int], list[FileEntry]] = {}
        self._names = Counter(entry.path for entry in self._entries)
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
            if entry is not None and self._further(file, entry):
                continue
            if entry is not None and is_part(entry) and file.identity.size > entry.offset:
                self.parts[file.name] = entry       # what it repeats may reach further by now
            elif entry is not None:
                here[file.name] = entry
        moved = {entry.file_id for entry in (*here.values(), *self.parts.values())} | set(open_now)
        names: dict[str, list[FileEntry]] = {}
        for entry in self._entries:
            if entry.file_id not in moved:
                names.setdefault(entry.path, []).append(entry)
        found: list[tuple[OnDisk, Found, FileEntry | None]] = []
        originals = _Originals([file for file in files if file.name in here
                                and here[file.name].stream_id not in self._repeating], here, self._apart)
        for file in files:
            known = here.get(file.name)
            if known is None:
                how, known = self._other(file, names.get(file.name, []), originals)
                if how not in (Found.NEW, Found.REPLACED) or file.name not in self.parts:
                    found.append((file, how, known))
                    continue
                known = self.parts.pop(file.name)
            found.append((file, Found.SAME if known.path == file.name else Found.MOVED, known))
        return found

    def _same_node(self, file: OnDisk) -> FileEntry | None:
        entries = self._nodes.get((file.identity.device, file.identity.inode), [])
        return next((entry for entry in reversed(entries) if holds(file, entry)), None)

    def _further(self, file: OnDisk, known: FileEntry) -> bool:
        """Whether a file with the inode of one entry repeats more of another: a log was written anew under its name
        and read further, and a copy of that got the inode which had come free. Only files that moved, or whose name
        has had several, can be such."""
        if is_part(known) or known.stream_id in self._repeating or known.format == FileFormat.PARQUET:
            return False
        if known.path == file.name and self._names[known.path] < 2:
            return False
        how, other = self._copied(file, *look(file.path))
        return how is Found.COPY and other is not None and other.offset > known.offset

    def _other(self, file: OnDisk, namesakes: list[FileEntry],
               originals: _Originals) -> tuple[Found, FileEntry | None]:
        for entry in reversed(namesakes):
            if holds(file, entry):
                return Found.SAME, entry
        compression, head, whole = look(file.path)
        how, copied = self._copied(file, compression, head, whole)
        if how is not Found.NEW:
            return how, copied
        if compression is Compression.NONE and head and (original := originals.of(file, head)) is not None:
            return Found.PART, original
        return (Found.REPLACED, namesakes[-1]) if namesakes else (Found.NEW, None)

    def _copied(self, file: OnDisk, compression: Compression, head: bytes,
                whole: bool) -> tuple[Found, FileEntry | None]:
        """The entry whose content this file repeats from its start on; of several the one that was read furthest."""
        known = [entry for entry in self._entries if entry.offset and entry.records
                 and entry.stream_id not in self._repeating]
        if not whole and len(head) < HEAD_BYTES:
            return Found.UNFINISHED, None
        if not known:
            return Found.NEW, None
        if head.startswith(PARQUET_MAGIC):
            sizes = [e for e in known if e.format == FileFormat.PARQUET and e.size == file.identity.size
                     and not self._apart(file.name, e)]
            found_by = parquet_digest(file.path) if sizes else ""
            entry = next((entry for entry in sizes if _is_known_by(entry, found_by)), None)
            return (Found.COPY, entry) if entry is not None else (Found.NEW, None)
        digests: dict[int, str] = {}
        found = []
        for entry in known:
            size = int((entry.prefix_digest or "0").partition(":")[0])
            if 0 < size <= len(head) and digests.setdefault(size, digest(head[:size])) == _head_of(entry) and (
                    not self._apart(file.name, entry)):
                found.append(entry)
        found.sort(key=lambda entry: entry.offset, reverse=True)
        early = None
        for entry in found:
            same = compared(file.path, compression, mark_of(entry))
            if same:
                return Found.COPY, entry
            early = entry if same is None and early is None else early
        return (Found.NEW, None) if early is None else (Found.UNFINISHED, early)


class _Originals:
    """Plain files that are still there as the ledger has them, for files that may be the beginning of one of them."""

    def __init__(self, files: Iterable[OnDisk], entries: Mapping[str, FileEntry],
                 apart: Callable[[str, FileEntry], bool]) -> None:
        self._apart = apart
        self._known = [(file, entries[file.name]) for file in files if entries[file.name].compression == "none"
                       and entries[file.name].format != FileFormat.PARQUET]
        self._heads: dict[str, bytes] = {}

    def of(self, file: OnDisk, head: bytes) -> FileEntry | None:
        """The entry whose first bytes are all that this file has."""
        size = file.identity.size
        if size >= HEAD_BYTES:
            wanted = digest(head)
            candidates = [each for each in self._known if _head_of(each[1]) == wanted]
        else:
            folder = file.name.rpartition("/")[0]
            candidates = [each for each in self._known if each[0].name.rpartition("/")[0] == folder][:MOST_ORIGINALS]
        for original, entry in candidates:
            if size <= entry.offset and self._head(original).startswith(head) and (
                    not self._apart(file.name, entry)) and (
                    size <= HEAD_BYTES or same_bytes(file.path, original.path, size)):
                return entry
        return None

    def _head(self, file: OnDisk) -> bytes:
        if file.name not in self._heads:
            self._heads[file.name] = look(file.path)[1]
        return self._heads[file.name]


def same_bytes(one: Path, other: Path, end: int) -> bool:
    """Whether two plain files have the same first bytes; their last ones are compared first, as they tell most."""
    try:
        with open_bytes(one, Compression.NONE) as left, open_bytes(other, Compression.NONE) as right:
            return begin_alike(left, right, end)
    except (UnreadableLog, OSError):
        return False


def copies_of(entries: Iterable[FileEntry], paths: Collection[str]) -> list[int]:
    """The files, by number, of which something was not read because it stood in one of these, or in a copy of such."""
    gone = {READ_AS + path for path in paths}
    found: list[int] = []
    entries = [entry for entry in entries if entry.path not in paths and entry.state not in NOT_READ]
    while new := [entry for entry in entries if entry.file_id not in found and gone & set(entry.ignored)]:
        found += [entry.file_id for entry in new]
        gone |= {READ_AS + entry.path for entry in new}
    return found


def is_part(entry: FileEntry) -> bool:
    """Whether all that is known of a file is that it repeats another."""
    return not entry.records and entry.offset > 0 and any(why.startswith(READ_AS) for why in entry.ignored)


def mark_of_part(file: OnDisk, plan: FilePlan) -> Mark | None:
    """For a plain file that only repeats: its whole lines are known, no record of it counts.

    None when it has no whole record yet: nothing can be lost or doubled by waiting.
    """
    if plan.encoding.startswith("utf-16"):
        return None
    size = file.identity.size
    try:
        with open_bytes(file.path, Compression.NONE) as stream:
            text, lines = b"", 0
            while len(text) < size and lines < 2 and (more := stream.read(min(SKIP_BYTES, size - len(text)))):
                text += more
                lines += more.count(b"\n")
            first = max(0, size - RECORD_BYTES)
            stream.seek(first)
            last = read_exactly(stream, size - first)
            end = first + last.rfind(b"\n") + 1
            if lines < 1 + (plan.format is FileFormat.CSV and plan.has_header) or end <= first:
                return None
            return Mark(end, 0, digest(text[: min(HEAD_BYTES, end)]), last[: end - first][-ANCHOR_BYTES:].hex())
    except (UnreadableLog, OSError):
        return None


def holds(file: OnDisk, entry: FileEntry) -> bool:
    """Whether the content under an entry is still what the file begins with."""
    if not entry.offset:
        return entry.path == file.name and entry.inode == file.identity.inode
    try:
        if entry.format == FileFormat.PARQUET:
            return file.identity.size == entry.size and is_same_parquet(file.path, entry)
        compression = Compression(entry.compression)
        if compression is Compression.NONE and file.identity.size < entry.offset:
            return False
        unchanged = (file.identity.size, file.identity.mtime_ns) == (entry.size, entry.mtime_ns)
        if unchanged and compression is not Compression.NONE and file.identity.inode == entry.inode:
            return True
    except OSError:
        return False
    same = (entry.device, entry.inode) == file.identity.node
    whole = not same or (not unchanged and _little_content(look(file.path)[1]))
    return known_again(file.path, compression, mark_of(entry), whole=whole)


def _little_content(head: bytes) -> bool:
    """Whether the first bytes of a file are nearly all header, which tells one table from another but not its rows."""
    return len(head.partition(b"\n")[2]) < ANCHOR_BYTES


def look(path: Path) -> tuple[Compression, bytes, bool]:
    """How a file is packed, by its content; its first unpacked bytes, none when it cannot be read; and whether these
    are all that was asked for: an archive may end too early."""
    try:
        with open_bytes(path, Compression.NONE) as stream:
            magic = stream.read(4)
        compression = (Compression.GZIP if magic.startswith(b"\x1f\x8b")
                       else Compression.ZSTD if magic == b"\x28\xb5\x2f\xfd" else Compression.NONE)
        head = b""
        with open_bytes(path, compression) as stream:
            try:
                while len(head) < HEAD_BYTES and (more := stream.read(HEAD_BYTES - len(head))):
                    head += more
            except UNREADABLE:
                return compression, head, compression is Compression.NONE
        return compression, head, True
    except (UnreadableLog, OSError):
        return Compression.NONE, b"", True


def parquet_digest(path: Path) -> str:
    """First and last bytes of a Parquet file, and the crc of its footer, which says where every column lies and what
    its least and greatest values are: of wide tables the last bytes are names only, alike in all files."""
    with path.open("rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        head = stream.read(HEAD_BYTES)
        stream.seek(max(0, size - TAIL_BYTES))
        tail = stream.read(TAIL_BYTES)
        left = min(size, int.from_bytes(tail[-8:-4], "little") + 8)
        stream.seek(size - left)
        crc = 0
        while left > 0 and (more := stream.read(min(SKIP_BYTES, left))):
            crc = zlib.crc32(more, crc)
            left -= len(more)
        return f"{digest(head + tail)}:{crc:08x}"


def is_same_parquet(path: Path, entry: FileEntry) -> bool:
    """Whether the Parquet file there is the one that was read. Raises OSError."""
    return _is_known_by(entry, parquet_digest(path))


def _is_known_by(entry: FileEntry, found: str) -> bool:
    """An entry of an older workspace has no crc of the footer."""
    known = entry.prefix_digest or ""
    return known == (found if known.count(":") > 1 else found.rpartition(":")[0])

