"""A record as it stands in its file, found from the ledger: for people who look at it, and for reading it again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from console.errors import UnreadableLog
from console.logs.identity import mark_of
from console.logs.opened import UNREADABLE, known_again, open_bytes, pass_over, read_exactly
from console.logs.pieces import in_utf8
from console.logs.plan import Compression, FileFormat, FilePlan
from console.logs.reading import cutter_of

if TYPE_CHECKING:
    from console.store import FileEntry

SHOWN_BYTES = 64 << 10
"""Of a record that somebody looks at."""

WINDOW_BYTES = 8 << 10
"""Read at first; of a longer record more, four times as much each time."""


def still_there(path: Path, entry: FileEntry) -> bool:
    """Whether the file under this name still begins with what was read of it."""
    try:
        return path.is_file() and known_again(path, Compression(entry.compression), mark_of(entry))
    except ValueError:
        return False


class Records:
    """Records of one file by their offsets; of an archive in one go where they are asked for in order."""

    def __init__(self, path: Path, plan: FilePlan) -> None:
        self._path, self._plan = path, plan
        encoding = "utf-8" if plan.encoding == "utf-8-sig" else plan.encoding
        self._encoding = "utf-16-le" if encoding == "utf-16" else encoding
        self._stream: BinaryIO | None = None
        self._at = 0            # in the unpacked file: of what was read last
        self._read = b""

    def close(self) -> None:
        """Lets go of the file."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def at(self, offset: int, limit: int) -> bytes | None:
        """The record that begins at an offset of the unpacked file, in UTF-8, without its newline; at most `limit`
        bytes. None when nothing can be read there. The file must be the one that was read (`still_there`).
        """
        size = WINDOW_BYTES
        try:
            while True:
                raw = self._bytes(offset, min(size, limit))
                text = in_utf8(raw, self._encoding)
                if not text:
                    return None
                last = len(raw) < size or size >= limit
                found = _first(text, self._plan, last=last)
                if found is not None:
                    return found
                size *= 4
        except (UnreadableLog, *UNREADABLE):
            self.close()
            return None

    def _bytes(self, offset: int, size: int) -> bytes:
        """So many bytes from an offset on, fewer at the end."""
        if self._stream is None or offset < self._at:
            self.close()
            self._stream, self._at, self._read = open_bytes(self._path, self._plan.compression), 0, b""
        ahead = offset - self._at - len(self._read)
        self._read = self._read[offset - self._at :]
        self._at = offset
        if ahead > 0 and self._plan.compression is Compression.NONE:
            self._stream.seek(offset)
        else:
            pass_over(self._stream, ahead)
        if len(self._read) < size:
            self._read += read_exactly(self._stream, size - len(self._read))
        return self._read[:size]


def record_at(path: Path, plan: FilePlan, offset: int, limit: int) -> bytes | None:
    """One record, see `Records.at`."""
    records = Records(path, plan)
    try:
        return records.at(offset, limit)
    finally:
        records.close()


def _first(text: bytes, plan: FilePlan, *, last: bool) -> bytes | None:
    """The first record of a block: one line, or as many as its quotes hold together. None when it goes on behind.

    last  nothing more can be had
    """
    lines = 1
    if plan.format is FileFormat.CSV and b'"' in text.partition(b"\n")[0] and not plan.dialect:
        cutter = cutter_of(plan)
        try:
            cut = cutter.cut(text, final=last)
            if not cut.records and not last:
                return None
            lines = cut.line_of(1) if cut.records > 1 else max(1, cut.lines)
        finally:
            cutter.close()
    at = 0
    for _ in range(lines):
        following = text.find(b"\n", at)
        if following < 0:
            return text if last else None
        at = following + 1
    return text[: at - 1].rstrip(b"\r")
