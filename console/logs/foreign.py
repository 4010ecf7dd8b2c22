"""What is no table of records: other kinds of file by their first bytes, and serving logs that are not read yet."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet

LEFT_ALONE: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG", "a picture"), (b"\xff\xd8\xff", "a picture"), (b"GIF8", "a picture"), (b"BM\x36", "a picture"),
    (b"%PDF", "a PDF document"), (b"PK\x03\x04", "a zip archive"), (b"PK\x05\x06", "a zip archive"),
    (b"7z\xbc\xaf", "an archive"), (b"Rar!", "an archive"), (b"\x7fELF", "a program"), (b"MZ\x90", "a program"),
    (b"SQLite format 3", "a database"), (b"\x89HDF", "an HDF5 file"), (b"\x93NUMPY", "a numpy array"),
    (b"#!", "a script"), (b"\x80\x02", "a pickle"), (b"\x80\x03", "a pickle"), (b"\x80\x04", "a pickle"),
    (b"\x80\x05", "a pickle"),
)
"""First bytes of what is no log. A pickle is never opened: opening runs what is in it."""

UNREAD: tuple[tuple[bytes, str, str], ...] = (
    (b"\xff\xfe\0\0", "text in UTF-32", "Write it as UTF-8"),
    (b"\0\0\xfe\xff", "text in UTF-32", "Write it as UTF-8"),
    (b"Obj\x01", "an Avro file", "Export it as Parquet or JSON lines"),
    (b"ORC", "an ORC file", "Export it as Parquet"),
    (b"ARROW1", "an Arrow file", "Write it as Parquet"),
    (b"BZh", "compressed with bzip2", "Unpack it, or compress it with gzip or zstd"),
    (b"\xfd7zXZ", "compressed with xz", "Unpack it, or compress it with gzip or zstd"),
)
"""May well be logs, but not in a form that is read."""

_LINES: tuple[tuple[re.Pattern[str], str], ...] = (
)

_KEYS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"meta_data", "columns"}), "the schema of BentoML's monitoring, no log"),
    (frozenset({"reqType", "bytes"}), "KServe's payload log without times"),
    (frozenset({"_source", "_index"}), "an Elasticsearch export"),
)

_DOCUMENT = re.compile(r"\s*(<(!doctype|html|\?xml|svg)|#!\s*/|from \w+ import|import \w+\s*$)", re.IGNORECASE)


def by_bytes(head: bytes) -> tuple[str, bool] | None:
    """What a file is by its first bytes, as a sentence, and whether it should have been a log."""
    for magic, what in LEFT_ALONE:
        if head.startswith(magic):
            return f"It is {what}, no log", False
    for magic, what, do in UNREAD:
        if head.startswith(magic):
            return f"It is {what}, which is not read. {do}", True
    if head[8:12] == b"DUCK":
        return "It is a DuckDB database, no log", False
    if head[257:262] == b"ustar":
        return "It is a tar archive, no log. Unpack it if logs are inside", False
    return None


def by_lines(text: str) -> str | None:
    """Which serving log these lines come from, if we know it and cannot read it yet."""
    if _DOCUMENT.match(text):
        return "a document, no log"
    lines = [line for line in text.split("\n", 60)[:60] if line.strip()]
    for pattern, what in _LINES:
        if sum(pattern.match(line) is not None for line in lines) * 5 >= len(lines) > 0:
            return what
    return None


def by_keys(keys: AbstractSet[str]) -> str | None:
    """Which serving log has these keys, if we know it and cannot read it as a table."""
    for wanted, what in _KEYS:
        if wanted <= keys:
            return what
    return None
