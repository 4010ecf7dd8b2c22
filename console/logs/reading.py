"""The bytes of one text file from an offset on, as pieces of whole records.

One path for loading and following, for plain and compressed files: read a chunk, unpack it, turn it into UTF-8, cut it
at whole records. An offset counts bytes of the unpacked file, so that a plain file and its compressed copy share it.
A file is known by its first bytes and by those just before the offset: inodes are used again, names move.
"""

from __future__ import annotations

import codecs
import contextlib
import gzip
import hashlib
import io
import json
import os
import stat
import threading
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from console.errors import UnreadableLog
from console.logs import formats
from console.logs.arrays import from_whole_numbers, whole_numbers
from console.logs.jsonlines import JsonCutter
from console.logs.limits import (
    BAD_SHARE,
    FREE_EXPANSION,
    LINES_AT_ONCE,
    MOST_BAD,
    MOST_EXPANSION,
    NO_FURTHER,
)
from console.logs.plan import Compression, FileFormat, FilePlan
from console.logs.records import (
    BLANK,
    COMMENT,
    LINE_BYTES,
    RECORD_BYTES,
    Bad,
    CsvCutter,
    Cut,
    count_lines,
    newlines,
    shown,
    split_fields,
)
from console.roles import ColumnType

CHUNK_BYTES = 8 << 20           # read, unpacked and cut in one go
HEAD_BYTES = 4096               # of a file's start: they tell whose offset it is
AGAIN_BYTES = 64 << 10          # that are rather read again than copied together with a chunk
ANCHOR_BYTES = 64               # just before the offset: they tell whether the rest follows what was read
HEADER_LINES = 100              # before which the header must have come
SKIP_BYTES = 4 << 20
PACKED_BYTES = 64 << 10         # unpacked at once: a damage takes with it what was unpacked in the same call
HOLE_BYTES = 1 << 20            # so many NULs at the start of a line are a hole, and passed over
UNREADABLE = (EOFError, OSError, zlib.error)

CUT_OFF = "damaged"             # note of a compressed file that ends too early


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


class Lines(Protocol):
    """What pieces are cut from."""

    encoding: str

    def lines_before(self, offset: int) -> int | None:
        """How many lines lie before an offset; None when the file cannot be asked any more."""


@dataclass(slots=True)
class Piece:
    """Whole records of one file, with the mark that holds once they are committed."""

    file: Lines
    cut: Cut
    raw: bytes
    offset: int                 # of raw, in the unpacked file
    first_record: int
    first_line: int | None      # from 0; None when the file was not read from its start in this run
    mark: Mark
    keys: tuple[str, ...]       # field n of the rows holds the value of keys[n]
    types: Mapping[str, ColumnType]     # of keys that were not expected; those without a value so far are left out
    _ends: NDArray[np.int64] | None = None
    anew: bytes | None = None   # the record first_record was taken when it had only this much; it is here again, whole
    _gone: int = 0              # bytes of raw that were let go

    def rows(self) -> pa.Table | None:
        """The rows, `_record` counted from the start of the file; None when there are none."""
        if not self.cut.tables:
            return None
        table = one_table(self.cut.tables)
        at = table.num_columns - 1
        return table.set_column(at, "_record", whole_numbers(from_whole_numbers(table["_record"]) + self.first_record))

    def cut_again(self, cutter: formats.Cutter) -> bool:
        """Cuts the same bytes by another cutter; False when they are not the same any more."""
        size = self._gone or len(self.raw)
        raw = self._bytes()
        cut = cutter.cut(in_utf8(raw, self.file.encoding), final=True)
        if len(raw) != size or cut.records != self.cut.records:
            return False
        self.cut, self.keys, self.types = cut, tuple(cutter.keys), cutter.met()
        return True

    def place(self, record: int) -> tuple[int, int | None]:
        """(line from 1, byte offset) of a record, counted from the start of the file."""
        return self.line_place(self.cut.line_of(record - self.first_record))

    def line_place(self, line: int) -> tuple[int, int | None]:
        """The same for a line of this piece, counted from 0 in it. Line 0 stands for one that nobody can count."""
        if self.first_line is None:
            before = self.file.lines_before(self.offset)
            self.first_line = -1 - line if before is None else before
        ends = self._line_ends()
        at = 0 if not line else int(ends[line - 1]) if line <= len(ends) else None
        return self.first_line + line + 1, None if at is None else self.offset + at

    def text(self, record: int) -> str:
        """A record as it stands in the file, cut as quarantine keeps it."""
        ends = self._line_ends()
        number = record - self.first_record
        line = self.cut.line_of(number)
        following = self.cut.line_of(number + 1) if number + 1 < self.cut.records else self.cut.lines
        if line > len(ends):
            return ""
        start = int(ends[line - 1]) if line else 0
        last = max(line + 1, following)
        raw = self._bytes()[start : int(ends[last - 1]) if last <= len(ends) else None]
        return shown(in_utf8(raw, self.file.encoding).rstrip(b"\r\n"))

    def forget(self) -> None:
        """Let go of the bytes; should they be asked for, they are read again."""
        if self.cut.bad:
            self._line_ends()
        if isinstance(self.file, TextFile):
            self._gone, self.raw = len(self.raw), b""

    def _bytes(self) -> bytes:
        if self._gone and isinstance(self.file, TextFile):
            self.raw, self._gone = self.file.again(self.offset, self._gone), 0
        return self.raw

    def _line_ends(self) -> NDArray[np.int64]:
        if self._ends is None:
            self._ends = _line_ends(self._bytes(), self.file.encoding)
        return self._ends


def one_table(tables: Sequence[pa.Table]) -> pa.Table:
    """Several as one. Where numbers were read in some only, all get text: it stands for the same numbers."""
    if len({table.schema for table in tables}) > 1:
        text = pa.schema([field.with_type(pa.string()) if field.type == pa.float64() else field
                          for field in tables[0].schema])
        tables = [table.cast(text) for table in tables]
    return pa.concat_tables(tables) if len(tables) > 1 else tables[0]


def _line_ends(raw: bytes, encoding: str) -> NDArray[np.int64]:
    newline = _newline(encoding)
    if len(newline) == 1:
        return newlines(raw) + 1
    units = np.frombuffer(raw[: len(raw) // 2 * 2], "<u2" if encoding == "utf-16-le" else ">u2")
    return np.flatnonzero(units == 10) * 2 + 2


def _some_lines(raw: bytes, encoding: str) -> int:
    """Where the first LINES_AT_ONCE lines end; the size when there are fewer."""
    if len(raw) <= LINES_AT_ONCE or count_lines(raw) <= LINES_AT_ONCE:
        return len(raw)
    ends = _line_ends(raw, encoding)
    return int(ends[LINES_AT_ONCE - 1]) if len(ends) > LINES_AT_ONCE else len(raw)


def _newline(encoding: str) -> bytes:
    return {"utf-16-le": b"\n\0", "utf-16-be": b"\0\n"}.get(encoding, b"\n")


def _find(raw: bytes, newline: bytes, at: int) -> int:
    """Where the line after the next newline begins, or -1."""
    width = len(newline)
    while True:
        found = raw.find(newline, at)
        if found < 0 or found % width == 0:
            return found + width if found >= 0 else -1
        at = found + 1


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


def cutter_of(plan: FilePlan, known: Mapping[str, bool] | None = None, *, opens: bool = True) -> formats.Cutter:
    """Cuts the blocks of a file of this form.

    known  fields that its stream has already, and whether they are kept as numbers: such may come as DOUBLE where
           that loses nothing
    opens  see `JsonCutter`
    """
    numbers = [name for name, number in (known or {}).items() if number]
    if plan.dialect:
        return formats.named(plan.dialect).cutter(plan)
    if plan.format is FileFormat.CSV:
        return CsvCutter(plan.columns, plan.delimiter, header=plan.has_header, numbers=numbers)
    return JsonCutter([*plan.columns, *(known or ())], numbers, opens=opens)


class TextFile:
    """One text file that is being read. Not for several threads at once."""

    def __init__(self, path: Path, plan: FilePlan, mark: Mark | None = None, node: tuple[int, int] | None = None,
                 known: Mapping[str, bool] | None = None, cutter: formats.Cutter | None = None) -> None:
        """known: see `cutter_of`. cutter: the one to cut with; without it one is made. It is closed with the file."""
        self.plan = plan
        self.path = path
        self.mark = mark or Mark()
        self.damage = ""
        self.size = -1                          # of a plain file, when it was last looked at
        self._node = node
        self._open = threading.Lock()           # lines may be counted by another thread than the one that reads
        self._counted = (0, 0)                  # (offset, lines before it)
        self._stream = open_bytes(path, plan.compression, node)
        self.encoding = "utf-8" if plan.encoding == "utf-8-sig" else plan.encoding
        self._waiting = b""                     # read, not yet part of a piece
        self.read_to = 0
        self._lines: int | None = 0
        self._head = b""
        self._header_due = plan.format is FileFormat.CSV and plan.has_header
        self._skipping = False
        self._rest_of_line = False
        self._bad = self._records = 0           # of what was cut: blank or bad, and all
        self._enough = False
        self._before = b""                      # an archive's bytes before the mark
        self._last = b""                        # the bytes before the mark, as far as they are remembered
        self._anew: bytes | None = None
        self._reread: tuple[int, BinaryIO] | None = None        # where a second reader of an archive stands
        self._alike: dict[tuple[int, int], int] = {}    # copies of it, and how many of their bytes are known as such
        self._known = known
        self._cutter = cutter or cutter_of(plan, known)
        self._line_bytes = formats.named(plan.dialect).line_bytes if plan.dialect else LINE_BYTES
        self._checked = (-1, -1)
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    @property
    def waiting(self) -> int:
        """Bytes read that do not make a whole record yet."""
        return len(self._waiting)

    def close(self) -> None:
        """Lets go of the file."""
        with self._open:
            self._stream.close()
        self._cutter.close()

    def know(self, known: Mapping[str, bool]) -> None:
        """Cut from here on by what the fields of the stream are now (see `cutter_of`): they may have been corrected."""
        if known != self._known:
            self._known = dict(known)
            self._cutter.close()
            self._cutter = cutter_of(self.plan, self._known)

    def rewind(self, mark: Mark) -> None:
        """Stands at an earlier mark again, on the same descriptor: what was read since was not kept. Plain files."""
        self._cutter.close()
        self._cutter = cutter_of(self.plan, self._known)
        self.mark, self.damage = mark, ""
        self._waiting, self._skipping, self._rest_of_line, self._anew = b"", False, False, None
        self._header_due = self.plan.format is FileFormat.CSV and self.plan.has_header
        self._lines = 0
        self._checked = (-1, -1)
        self._stream.seek(0)
        self._start()

    def continues(self) -> bool:
        """Whether the open file still holds what was read of it. A plain file only; others never change."""
        if self.plan.compression is not Compression.NONE:
            return True
        about = os.fstat(self._stream.fileno())
        self.size = about.st_size
        if about.st_size < self.read_to:
            return False
        now = (about.st_size, about.st_mtime_ns)
        if now == self._checked:
            return True
        tail = (self._last + self._waiting)[-HEAD_BYTES:]
        self._stream.seek(0)
        same = read_exactly(self._stream, len(self._head)) == self._head
        self._stream.seek(self.read_to - len(tail))
        same = same and read_exactly(self._stream, len(tail)) == tail
        self._stream.seek(self.read_to)
        self._checked = now
        return same

    def begins_as(self, path: Path, node: tuple[int, int], size: int) -> bool:
        """Whether another plain file of that size is no more than a copy of the first bytes of this one.

        Of a copy that grows only what came since it was last asked for is compared, and its ends.
        """
        if self.plan.compression is not Compression.NONE or not 0 < size <= self.read_to:
            return False
        try:
            with open_bytes(path, Compression.NONE) as copy:
                since = self._alike.pop(node, 0)
                if not self._head.startswith(read_exactly(copy, min(HEAD_BYTES, size))) or not begin_alike(
                        copy, self._stream, size, since if since <= size else 0):
                    return False
                self._alike[node] = size
                return True
        except (UnreadableLog, OSError):
            return False
        finally:
            self._stream.seek(self.read_to)

    @property
    def head(self) -> bytes:
        """The first bytes of the file, as they were read."""
        return self._head

    def shares_head(self, head: bytes) -> bool:
        """Whether the first unpacked bytes of another file are those of this one."""
        length = min(len(head), len(self._head))
        return length > 0 and head[:length] == self._head[:length]

    def ends_whole(self) -> bool:
        """Whether what waits is a whole record but for its newline."""
        text = self._text(self._waiting)
        if self._header_due or self._rest_of_line or self._skipping:
            return False
        if self.plan.format is FileFormat.JSON_LINES:
            with contextlib.suppress(ValueError):
                return isinstance(json.loads(text), dict | list if self.plan.dialect else dict)
            return False
        if self.plan.dialect:
            return not self._cutter.cut(text, final=True).bad
        fields, closed, _ = split_fields(text, self.plan.delimiter.encode())
        return closed and len(fields) == len(self.plan.columns)

    def again(self, offset: int, size: int) -> bytes:
        """Bytes that were read before, read anew; fewer or none when they cannot be."""
        try:
            return b"".join(self._again(offset, offset + size))
        except (UnreadableLog, *UNREADABLE):
            return b""

    @property
    def waits_for_quote(self) -> bool:
        """Whether whole lines wait, as they do behind a quote that was opened and not closed so far."""
        return self.plan.format is FileFormat.CSV and not self._header_due and _last(
            self._waiting, _newline(self.encoding)) > 0

    def without_quote(self) -> Iterator[Piece]:
        """The whole lines that wait, the quote taken for torn: who writes a field of several lines has done so by now.
        """
        raw = self._waiting[: _last(self._waiting, _newline(self.encoding))]
        cut = self._cutter.cut(self._text(raw), final=True)
        if cut.consumed:
            yield self._piece(cut, raw[: self._raw_size(raw, cut, True)])

    def lines_before(self, offset: int) -> int | None:
        """How many lines lie before an offset; the file is read again for that, from where it was last asked.

        May be called from another thread than the one that reads on, which may close the file meanwhile.
        """
        at, count = self._counted if self._counted[0] <= offset else (0, 0)
        try:
            for more in self._again(at, offset):
                count += len(_line_ends(more, self.encoding))
        except (UnreadableLog, *UNREADABLE):
            return None
        self._counted = (offset, count)
        return count

    def _again(self, first: int, end: int) -> Iterator[bytes]:
        """The unpacked bytes from `first` to `end`; of a plain file that is open, even when its name has moved."""
        with self._open:
            held = self.plan.compression is Compression.NONE and not self._stream.closed and hasattr(os, "pread")
            descriptor = os.dup(self._stream.fileno()) if held else -1
        if held:
            try:
                while first < end and (more := os.pread(descriptor, min(SKIP_BYTES, end - first), first)):
                    yield more
                    first += len(more)
            finally:
                os.close(descriptor)
            return
        at, again = self._reread or (0, None)
        self._reread = None
        if again is None or at > first:
            at, again = 0, open_bytes(self.path, self.plan.compression, self._node)
        try:
            if self.plan.compression is Compression.NONE:
                again.seek(first)
            else:
                pass_over(again, first - at)
            while first < end and (more := again.read(min(SKIP_BYTES, end - first))):
                yield more
                first += len(more)
            if self.plan.compression is not Compression.NONE and self.read_to > CHUNK_BYTES:
                self._reread = first, again         # of a large archive each piece in turn is asked for
        finally:
            if self._reread is None:
                again.close()

    def _start(self) -> None:
        """Stands at the mark: what comes before it was committed in an earlier run."""
        offset = self.mark.offset if self.mark.offset > len(codecs.BOM_UTF8) else 0
        self._head, self.read_to = b"", 0
        self._head = self._next(HEAD_BYTES)
        byte_order = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(self._head[:2])
        if self.encoding.startswith("utf-16") or byte_order:
            self.encoding = byte_order or "utf-16-le"
        if not offset:
            skip = 3 if self._head.startswith(b"\xef\xbb\xbf") else 2 if byte_order else 0
            self._waiting = self._head[skip:]
            self.mark = Mark(skip, 0, "", self._head[:skip].hex(), zlib.crc32(self._head[:skip]))
            self._last = self._head[:skip]
            return
        self._lines = None
        self._header_due = False
        if offset <= self.read_to:
            self._waiting = self._head[offset:]
            self._before = self._head[:offset]
        elif self.plan.compression is not Compression.NONE:
            self._lines = len(_line_ends(self._head, self.encoding))
            self._before = self._head
            while self.read_to < offset and (more := self._next(min(SKIP_BYTES, offset - self.read_to))):
                self._lines += len(_line_ends(more, self.encoding))
                self._before = (self._before + more)[-RECORD_BYTES:]
        else:
            self._stream.seek(offset)
            self.read_to = offset
        anchor = bytes.fromhex(self.mark.anchor)
        self._last = anchor
        newline = _newline(self.encoding)
        self._rest_of_line = bool(anchor) and not anchor.endswith(newline) and not anchor.endswith(b"\0\0")

    def pieces(self, *, final: bool, limit: int | None = None) -> Iterator[Piece]:
        """Whole records from the mark on, as far as the file goes now.

        final   the file is at rest: its last line is whole even without a newline
        limit   at most about so many bytes now; the rest comes with the next call
        """
        left = limit
        while left is None or left > 0:
            if left is None:
                fresh = self._read_on()
            else:
                chunk = self._next(min(CHUNK_BYTES, left))
                self._waiting = self._waiting + chunk if self._waiting else chunk
                fresh = len(chunk)
                left -= fresh
            if self._waiting.startswith(b"\0"):
                yield from self._pass_hole()
            if self._waiting:
                yield from self._cut(final=final and not fresh)
            if self._enough:
                self._waiting = b""
            if not fresh or self._enough:
                return

    def _read_on(self) -> int:
        """Puts a chunk behind what waits, and gives its size. A few bytes are read again: a chunk is not copied."""
        before, at = self._waiting, self.read_to
        again = self.plan.compression is Compression.NONE and 0 < len(before) <= AGAIN_BYTES and (
            len(self._head) == HEAD_BYTES)
        if again:
            self._stream.seek(at - len(before))
            self.read_to -= len(before)
        chunk = self._next(CHUNK_BYTES + len(before) if again else CHUNK_BYTES)
        if not again:
            self._waiting = before + chunk if before else chunk
            return len(chunk)
        self._waiting = chunk if chunk.startswith(before) else before + chunk[len(before):]
        if self.read_to < at:               # it was cut off meanwhile
            self._stream.seek(at)
            self.read_to = at
        return self.read_to - at

    def _pass_hole(self) -> Iterator[Piece]:
        """The NULs that a writer leaves who goes on where it stood before a truncation may be gigabytes: no record.

        The last ones stay before the line that follows, which is cut as when there are few.
        """
        if len(self._waiting) >= HOLE_BYTES and not (self._skipping or self._rest_of_line):
            length = len(self._waiting) - len(self._waiting.lstrip(b"\0"))
            if length >= HOLE_BYTES:
                length = length // 2 * 2 - 2
                yield self._piece(Cut(consumed=length), self._waiting[:length])

    def _next(self, size: int) -> bytes:
        """The next bytes; of a damaged archive those before the damage."""
        pieces = []
        if self._expands():
            return b""
        step = size if self.plan.compression is Compression.NONE else PACKED_BYTES
        stream: object = self._stream
        read = stream.read1 if isinstance(stream, gzip.GzipFile) else self._stream.read
        try:
            while size > 0 and (more := read(min(size, step))):
                pieces.append(more)
                size -= len(more)
        except UNREADABLE as error:
            if self.plan.compression is Compression.NONE:
                raise UnreadableLog(f"it stopped at byte {self.read_to} ({error})", where=self.plan.path,
                                    do="Check the disk, then open the folder again") from error
            so_far = self.read_to + sum(map(len, pieces))
            self.damage = f"{CUT_OFF}: the {self.plan.compression} data break after {so_far} unpacked bytes"
        chunk = b"".join(pieces)
        self.read_to += len(chunk)
        if len(self._head) < HEAD_BYTES:
            self._head += chunk[: HEAD_BYTES - len(self._head)]
        return chunk

    def _expands(self) -> bool:
        """Whether a compressed file unpacks to more than any log does."""
        if self.plan.compression is Compression.NONE or self.read_to <= FREE_EXPANSION:
            return False
        try:
            packed = max(1, self.path.stat().st_size)
        except OSError:
            packed = max(1, self.plan.size)
        if self.read_to <= MOST_EXPANSION * packed:
            return False
        self.damage = (f"It was read no further than {self.read_to >> 20:,} MB: it unpacks to more than "
                       f"{MOST_EXPANSION:,} times its size")
        return True

    def _cut(self, *, final: bool) -> Iterator[Piece]:
        if self._skipping or self._rest_of_line:
            yield from self._finish_line(final)
        if self._header_due:
            header = self._take_header(final)
            if header is None:
                return
            yield header
        newline = _newline(self.encoding)
        while not self._enough:
            raw = self._waiting
            end = len(raw) if final else _last(raw, newline)
            part = min(end, _some_lines(raw, self.encoding))
            last = final and part == end
            block = raw[:part]
            cut = self._cutter.cut(self._text(block), final=last) if part else Cut()
            if cut.consumed:
                self._count(cut)
                yield self._piece(cut, block[: self._raw_size(block, cut, last)])
            if part == end or not cut.consumed:
                break
        if len(self._waiting) > self._line_bytes + RECORD_BYTES and _last(self._waiting, newline) == 0:
            yield self._one_bad(self._waiting, f"longer than {self._line_bytes >> 20} MB", line_ends=False)
            self._skipping = True

    def _count(self, cut: Cut) -> None:
        """Sees whether an archive is worth to be read on: a few bytes may unpack to millions of bad records."""
        self._bad += len(cut.bad) + cut.ignored[BLANK]
        self._records += cut.records
        if self.plan.compression is not Compression.NONE and (
                self._bad > MOST_BAD and self._bad > BAD_SHARE * self._records):
            self._enough = True
            self.damage = NO_FURTHER.format(bad=self._bad, records=self._records)

    def _finish_line(self, final: bool) -> Iterator[Piece]:
        """The rest of a line whose beginning was read before: no record of its own."""
        end = _find(self._waiting, _newline(self.encoding), 0)
        whole = end >= 0
        end = end if whole else len(self._waiting)
        if not whole and not (final or self._skipping):
            return
        rest = self._waiting[:end]
        goes_on = self._rest_of_line and bool(rest.strip(b"\r\n\0 "))
        if goes_on and not self._skipping and self._take_back():
            self._rest_of_line = False
            return
        if goes_on:
            yield self._one_bad(rest, "the rest of a line whose beginning was read as a line", line_ends=whole)
        else:
            yield self._piece(Cut(consumed=end, lines=int(whole)), rest)
        self._rest_of_line = not whole and not self._skipping
        self._skipping = self._skipping and not whole

    def _take_back(self) -> bool:
        """Stands before the last record again, which was taken without its end and has gone on since."""
        offset = self.mark.offset
        if self.plan.compression is Compression.NONE:
            size = min(offset, RECORD_BYTES) // 2 * 2
            self._stream.seek(offset - size)
            before = read_exactly(self._stream, size)
            self._stream.seek(self.read_to)
        else:
            before = self._before
        width = len(_newline(self.encoding))
        if (offset - len(before)) % width:
            before = before[1:]
        end = _last(before, _newline(self.encoding))
        begun = before[end:]
        if not begun or not self.mark.records or (not end and offset > len(before)) or not self._is_one(begun):
            return False
        head = digest(self._head[: min(HEAD_BYTES, offset - len(begun))])
        self.mark = Mark(offset - len(begun), self.mark.records - 1, head, before[:end][-ANCHOR_BYTES:].hex())
        self._last = before[:end][-HEAD_BYTES:]
        self._waiting = begun + self._waiting
        self._anew = begun
        return True

    def _is_one(self, begun: bytes) -> bool:
        """Whether the bytes of a last line were a record of their own, and not the end of one of several lines."""
        text = self._text(begun)
        if self.plan.dialect:
            cutter = cutter_of(self.plan)
            try:
                return cutter.cut(text, final=True).records == 1
            finally:
                cutter.close()
        if self.plan.format is FileFormat.CSV and b'"' in text:
            fields, closed, regular = split_fields(text, self.plan.delimiter.encode())
            return closed and regular and len(fields) == len(self.plan.columns)
        return True

    def _one_bad(self, raw: bytes, reason: str, *, line_ends: bool) -> Piece:
        cut = Cut(bad=[Bad(0, 0, reason, shown(raw))], records=1, consumed=len(raw), lines=int(line_ends),
                  starts=[np.zeros(1, np.int64)])
        return self._piece(cut, raw)

    def _piece(self, cut: Cut, raw: bytes) -> Piece:
        before = self.mark
        offset = before.offset + len(raw)
        anchor = (bytes.fromhex(before.anchor) + raw[-ANCHOR_BYTES:])[-ANCHOR_BYTES:]
        head = digest(self._head[: min(HEAD_BYTES, offset)])
        crc = zlib.crc32(raw, before.crc) if before.crc is not None else None
        self.mark = Mark(offset, before.records + cut.records, head, anchor.hex(), crc)
        self._last = (self._last + raw)[-HEAD_BYTES:] if len(raw) < HEAD_BYTES else raw[-HEAD_BYTES:]
        self._waiting = self._waiting[len(raw):]
        piece = Piece(self, cut, raw, before.offset, before.records, self._lines, self.mark, tuple(self._cutter.keys),
                      self._cutter.met())
        if cut.records:
            piece.anew, self._anew = self._anew, None
        unfinished = cut.lines > 0 and not raw.endswith(_newline(self.encoding))
        self._rest_of_line = self._rest_of_line or unfinished
        if self._lines is not None:
            self._lines += cut.lines - unfinished
        return piece

    def _text(self, raw: bytes) -> bytes:
        """As UTF-8. A line that is no UTF-8 is read as Latin-1, which keeps every byte."""
        if self.encoding == "utf-8":
            if raw.isascii():
                return raw
            try:
                raw.decode()
            except UnicodeDecodeError:
                return b"\n".join(_as_utf8(line) for line in raw.split(b"\n"))
            return raw
        if self.encoding.startswith("utf-16"):
            raw = raw[: len(raw) // 2 * 2]
        return raw.decode(self.encoding, "replace").encode()

    def _raw_size(self, raw: bytes, cut: Cut, final: bool) -> int:
        """How many bytes of the file the consumed lines are."""
        if final and cut.lines >= raw.count(_newline(self.encoding)):
            return len(raw)
        if self.encoding == "utf-8" and raw.isascii():
            return cut.consumed
        at = 0
        for _ in range(cut.lines):
            at = _find(raw, _newline(self.encoding), at)
        return at

    # ------------------------------------------------------------------ the header of a CSV file
    def _take_header(self, final: bool) -> Piece | None:
        """Moves past the header. What stands before it is set aside; None when it is not whole yet."""
        newline = _newline(self.encoding)
        at = 0
        before = Cut()
        for line in range(HEADER_LINES):
            end = _find(self._waiting, newline, at)
            if end < 0:
                if not final and len(self._waiting) < RECORD_BYTES:
                    return None
                end = len(self._waiting)
            header_end = self._header_at(at, end)
            if header_end is not None:
                raw = self._waiting[:header_end]
                before.consumed, before.lines = header_end, len(_line_ends(raw, self.encoding))
                before.starts = [np.arange(before.records)]
                self._header_due = False
                return self._piece(before, raw)
            if end >= len(self._waiting):
                break
            text = self._text(self._waiting[at:end]).strip()
            if not text or text.startswith(b"#"):
                before.ignored[COMMENT if text else BLANK] += 1
            else:
                before.bad.append(Bad(before.records, line, "it stands before the header", shown(text)))
            before.records += 1
            at = end
        raise UnreadableLog("its header is not the one that was seen before", where=self.plan.path,
                            do="Open the folder again with --fresh, or leave this file out")

    def _header_at(self, at: int, end: int) -> int | None:
        """The end of the header that starts there, which may span lines in its quotes; None when it is none."""
        newline = _newline(self.encoding)
        wanted = tuple(name.strip() for name in self.plan.columns)
        for _ in range(20):
            text = self._text(self._waiting[at:end]).rstrip(b"\r\n")
            fields, closed, _ = split_fields(text, self.plan.delimiter.encode())
            if closed:
                return end if tuple((name or "").strip() for name in fields) == wanted else None
            following = _find(self._waiting, newline, end)
            if following < 0:
                return None
            end = following
        return None


def _last(raw: bytes, newline: bytes) -> int:
    """The end of the last whole line."""
    at = len(raw)
    while True:
        found = raw.rfind(newline, 0, at)
        if found < 0 or found % len(newline) == 0:
            return found + len(newline) if found >= 0 else 0
        at = found + len(newline) - 1


def in_utf8(raw: bytes, encoding: str) -> bytes:
    """Bytes of a file as UTF-8. A line that is no UTF-8 is read as Latin-1, which keeps every byte."""
    if encoding != "utf-8":
        return raw.decode(encoding, "replace").encode()
    return raw if raw.isascii() else b"\n".join(map(_as_utf8, raw.split(b"\n")))


def _as_utf8(line: bytes) -> bytes:
    try:
        line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1").encode()
    return line

