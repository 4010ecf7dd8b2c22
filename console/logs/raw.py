"""A record as it stands in its file, found from the ledger: for people who look at it, and for reading it again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from console.errors import UnreadableLog
from console.logs.identity import mark_of
from console.logs.plan import Compression, FilePlan
from console.logs.reading import SKIP_BYTES, cutter_of, in_utf8, known_again, open_bytes, read_exactly

if TYPE_CHECKING:
    from console.store import FileEntry

SHOWN_BYTES = 64 << 10
"""Of a record that somebody looks at."""


def still_there(path: Path, entry: FileEntry) -> bool:
    """Whether the file under this name still begins with what was read of it."""
    try:
        return path.is_file() and known_again(path, Compression(entry.compression), mark_of(entry))
    except ValueError:
        return False


def record_at(path: Path, plan: FilePlan, offset: int, limit: int) -> bytes | None:
    """The record that begins at an offset of the unpacked file, in UTF-8, without its newline; at most `limit` bytes.

    None when nothing can be read there. The file must be the one that was read (`still_there`).
    """
    try:
        with open_bytes(path, plan.compression) as stream:
            if plan.compression is Compression.NONE:
                stream.seek(offset)
            else:
                left = offset
                while left and (more := stream.read(min(SKIP_BYTES, left))):
                    left -= len(more)
            raw = read_exactly(stream, limit)
    except (UnreadableLog, OSError, EOFError):
        return None
    encoding = "utf-8" if plan.encoding == "utf-8-sig" else plan.encoding
    text = in_utf8(raw, "utf-16-le" if encoding == "utf-16" else encoding)
    return _first(text, plan) if text else None


def _first(text: bytes, plan: FilePlan) -> bytes:
    """The first record of a block: one line, or as many as its quotes hold together."""
    lines = 1
    if b'"' in text.partition(b"\n")[0] and not plan.dialect:
        cutter = cutter_of(plan)
        try:
            cut = cutter.cut(text, final=True)
            lines = cut.line_of(1) if cut.records > 1 else max(1, cut.lines)
        finally:
            cutter.close()
    at = 0
    for _ in range(lines):
        following = text.find(b"\n", at)
        if following < 0:
            return text
        at = following + 1
    return text[: at - 1].rstrip(b"\r")
