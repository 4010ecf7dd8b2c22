"""The bytes of one text file from an offset on, as pieces of whole records.

One path for loading and following, for plain and compressed files: read a chunk, unpack it, turn it into UTF-8, cut it
at whole records. An offset counts bytes of the unpacked file, so that a plain file and its compressed copy share it.
How a file is known again stands in `opened`, what a piece of one knows of itself in `pieces`.
"""

from __future__ import annotations

import codecs
import contextlib
import gzip
import json
import os
import threading
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np

from console.errors import UnreadableLog
from console.logs import formats
from console.logs.jsonlines import JsonCutter
from console.logs.limits import (
    BAD_SHARE,
    FREE_EXPANSION,
    MOST_BAD,
    MOST_EXPANSION,
    NO_FURTHER,
)
from console.logs.opened import (
    ANCHOR_BYTES,
    HEAD_BYTES,
    SKIP_BYTES,
    UNREADABLE,
    Mark,
    begin_alike,
    digest,
    open_bytes,
    pass_over,
    read_exactly,
)
from console.logs.pieces import Piece, as_utf8, last_line, line_ends, newline_of, next_line, some_lines
from console.logs.plan import Compression, FileFormat, FilePlan
from console.logs.records import (
    BLANK,
    COMMENT,
    LINE_BYTES,
    RECORD_BYTES,
    Bad,
    CsvCutter,
    Cut,
    shown,
    split_fields,
)

CHUNK_BYTES = 8 << 20           # read, unpacked and cut in one go
AGAIN_BYTES = 64 << 10          # that are rather read again than copied together with a chunk
HEADER_LINES = 100              # before which the header must have come
PACKED_BYTES = 64 << 10         # unpacked at once: a damage takes with it what was unpacked in the same call
HOLE_BYTES = 1 << 20            # so many NULs at the start of a line are a hole, and passed over

CUT_OFF = "damaged"             # note of a compressed file that ends too early


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
        return self.plan.format is FileFormat.CSV and not self._header_due and last_line(
            self._waiting, newline_of(self.encoding)) > 0

    def without_quote(self) -> Iterator[Piece]:
        """The whole lines that wait, the quote taken for torn: who writes a field of several lines has done so by now.
        """
        raw = self._waiting[: last_line(self._waiting, newline_of(self.encoding))]
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
                count += len(line_ends(more, self.encoding))
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
            self._lines = len(line_ends(self._head, self.encoding))
            self._before = self._head
            while self.read_to < offset and (more := self._next(min(SKIP_BYTES, offset - self.read_to))):
                self._lines += len(line_ends(more, self.encoding))
                self._before = (self._before + more)[-RECORD_BYTES:]
        else:
            self._stream.seek(offset)
            self.read_to = offset
        anchor = bytes.fromhex(self.mark.anchor)
        self._last = anchor
        newline = newline_of(self.encoding)
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
        newline = newline_of(self.encoding)
        while not self._enough:
            raw = self._waiting
            end = len(raw) if final else last_line(raw, newline)
            part = min(end, some_lines(raw, self.encoding))
            last = final and part == end
            block = raw[:part]
            cut = self._cutter.cut(self._text(block), final=last) if part else Cut()
            if cut.consumed:
                self._count(cut)
                yield self._piece(cut, block[: self._raw_size(block, cut, last)])
            if part == end or not cut.consumed:
                break
        if len(self._waiting) > self._line_bytes + RECORD_BYTES and last_line(self._waiting, newline) == 0:
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
        end = next_line(self._waiting, newline_of(self.encoding), 0)
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
        width = len(newline_of(self.encoding))
        if (offset - len(before)) % width:
            before = before[1:]
        end = last_line(before, newline_of(self.encoding))
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
        unfinished = cut.lines > 0 and not raw.endswith(newline_of(self.encoding))
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
                return b"\n".join(as_utf8(line) for line in raw.split(b"\n"))
            return raw
        if self.encoding.startswith("utf-16"):
            raw = raw[: len(raw) // 2 * 2]
        return raw.decode(self.encoding, "replace").encode()

    def _raw_size(self, raw: bytes, cut: Cut, final: bool) -> int:
        """How many bytes of the file the consumed lines are."""
        if final and cut.lines >= raw.count(newline_of(self.encoding)):
            return len(raw)
        if self.encoding == "utf-8" and raw.isascii():
            return cut.consumed
        at = 0
        for _ in range(cut.lines):
            at = next_line(raw, newline_of(self.encoding), at)
        return at

    # ------------------------------------------------------------------ the header of a CSV file
    def _take_header(self, final: bool) -> Piece | None:
        """Moves past the header. What stands before it is set aside; None when it is not whole yet."""
        newline = newline_of(self.encoding)
        at = 0
        before = Cut()
        for line in range(HEADER_LINES):
            end = next_line(self._waiting, newline, at)
            if end < 0:
                if not final and len(self._waiting) < RECORD_BYTES:
                    return None
                end = len(self._waiting)
            header_end = self._header_at(at, end)
            if header_end is not None:
                raw = self._waiting[:header_end]
                before.consumed, before.lines = header_end, len(line_ends(raw, self.encoding))
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
        newline = newline_of(self.encoding)
        wanted = tuple(name.strip() for name in self.plan.columns)
        for _ in range(20):
            text = self._text(self._waiting[at:end]).rstrip(b"\r\n")
            fields, closed, _ = split_fields(text, self.plan.delimiter.encode())
            if closed:
                return end if tuple((name or "").strip() for name in fields) == wanted else None
            following = next_line(self._waiting, newline, end)
            if following < 0:
                return None
            end = following
        return None
