"""A log file's bytes, opened without harm, and whether they are those that were read before.

A file is known by its first bytes and by those just before the offset: inodes are used again, names move.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import stat
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa

from console.errors import UnreadableLog
from console.logs.plan import Compression

HEAD_BYTES = 4096               # of a file's start: they tell whose offset it is
ANCHOR_BYTES = 64               # just before the offset: they tell whether the rest follows what was read
SKIP_BYTES = 4 << 20
UNREADABLE = (EOFError, OSError, zlib.error)


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a file was read, and how to know it again.

    head    digest of the first bytes, with their number
    anchor  the last bytes, in hexadecimal
    crc     of all bytes to the offset; None where nobody counted along. Wide tables may share head and anchor
    """

    offset: int = 0
    records: int = 0
    head: str = ""
    anchor: str = ""
    crc: int | None = None

    @property
    def known_by(self) -> str:
        """Head and crc as the ledger keeps them."""
        return self.head if self.crc is None else f"{self.head}:{self.crc:08x}"


def digest(head: bytes) -> str:
    """A file's first bytes in a few; with their number, as a short file has fewer."""
    return f"{len(head)}:{hashlib.blake2b(head, digest_size=16).hexdigest()}"


class Moved(UnreadableLog):
    """Another file has that name now; the one that was meant is met again under its new one."""


def open_bytes(path: Path, compression: Compression, node: tuple[int, int] | None = None) -> BinaryIO:
    """The unpacked bytes of a regular file. Never blocks on a pipe, never opens a device.

    node  (device, inode) that the file must have: names move between the look at a folder and the opening
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise UnreadableLog(f"it cannot be opened ({error.strerror})", where=path.name,
                            do="Check that the file is there and may be read") from error
    about = os.fstat(descriptor)
    if node is not None and node != (about.st_dev, about.st_ino):
        os.close(descriptor)
        raise Moved("another file has its name now", where=path.name)
    if not stat.S_ISREG(about.st_mode):
        os.close(descriptor)
        raise UnreadableLog("it is no regular file", where=path.name, do="Leave it out of the folder")
    return unpacked(os.fdopen(descriptor, "rb", buffering=0), compression)


def unpacked(raw: BinaryIO, compression: Compression) -> BinaryIO:
    """The bytes within an open file."""
    if compression is Compression.GZIP:
        packed = gzip.GzipFile(fileobj=raw, mode="rb")
        packed.myfileobj = cast(io.FileIO, raw)     # closed with it
        return cast(BinaryIO, packed)
    if compression is Compression.ZSTD:
        return cast(BinaryIO, pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), "zstd"))
    return raw


def known_again(path: Path, compression: Compression, mark: Mark, *, whole: bool = True) -> bool:
    """Whether the file still begins with what was read of it.

    whole  all bytes are looked at: it is another file. Of the same one the first and the last of them tell
    """
    return bool(compared(path, compression, mark, whole=whole))


def compared(path: Path, compression: Compression, mark: Mark, *, whole: bool = True) -> bool | None:
    """The same; None for an archive that ends too early to tell, as one does that is still being copied."""
    try:
        with open_bytes(path, compression) as stream:
            if not begins_with(stream, mark):
                return False
            if not whole or mark.crc is None:
                return True
        with open_bytes(path, compression) as stream:
            return _crc(stream, mark.offset) == mark.crc
    except UnreadableLog:
        return False
    except UNREADABLE:
        return None if compression is not Compression.NONE else False


def _crc(stream: BinaryIO, size: int) -> int | None:
    """Of the first bytes; None when there are fewer."""
    crc = 0
    while size > 0 and (more := stream.read(min(SKIP_BYTES, size))):
        crc = zlib.crc32(more, crc)
        size -= len(more)
    return crc if not size else None


def begins_with(stream: BinaryIO, mark: Mark) -> bool:
    """Whether head and anchor are there, in a stream that stands at its start. It is left anywhere."""
    if not mark.offset:
        return False
    head = read_exactly(stream, min(HEAD_BYTES, mark.offset))
    if digest(head) != mark.head:
        return False
    anchor = bytes.fromhex(mark.anchor)
    if isinstance(stream, gzip.GzipFile | pa.NativeFile):
        tail, left = head, mark.offset - len(head)
        while left:
            more = stream.read(min(SKIP_BYTES, left))
            if not more:
                return False
            tail = (tail + more)[-ANCHOR_BYTES:]
            left -= len(more)
        return tail[-len(anchor):] == anchor
    stream.seek(mark.offset - len(anchor))
    return read_exactly(stream, len(anchor)) == anchor


def begin_alike(one: BinaryIO, other: BinaryIO, size: int, since: int = 0) -> bool:
    """Whether two plain files have the same first bytes, so many. The last of them are compared first: they tell most,
    yet not all, for rows of a wide table may end alike. Both are left anywhere.

    since  so many were compared before
    """
    spans = [(max(0, size - HEAD_BYTES), size)]
    spans += [(first, min(first + SKIP_BYTES, size)) for first in range(since, spans[0][0], SKIP_BYTES)]
    for first, end in spans:
        one.seek(first)
        other.seek(first)
        found = read_exactly(one, end - first)
        if len(found) < end - first or found != read_exactly(other, end - first):
            return False
    return True


def pass_over(stream: BinaryIO, size: int) -> None:
    """Moves on by so many bytes, or to the end; not every archive can be asked to seek."""
    while size > 0 and (more := stream.read(min(SKIP_BYTES, size))):
        size -= len(more)


def read_exactly(stream: BinaryIO, size: int) -> bytes:
    """Exactly so many bytes, or fewer at the end."""
    pieces = []
    while size > 0:
        more = stream.read(size)
        if not more:
            break
        pieces.append(more)
        size -= len(more)
    return b"".join(pieces)
