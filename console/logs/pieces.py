"""Whole records of one file: a piece of it that was cut, and the lines that its bytes are.

A piece knows where each of its records stands in the file, also when its bytes were let go of meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from console.logs import formats
from console.logs.arrays import from_whole_numbers, whole_numbers
from console.logs.limits import LINES_AT_ONCE
from console.logs.opened import Mark
from console.logs.records import Cut, count_lines, newlines, shown
from console.roles import ColumnType


class Lines(Protocol):
    """What pieces are cut from."""

    encoding: str

    def lines_before(self, offset: int) -> int | None:
        """How many lines lie before an offset; None when the file cannot be asked any more."""


@runtime_checkable
class Rereads(Lines, Protocol):
    """Of these bytes can be let go: they are read again when they are asked for."""

    def again(self, offset: int, size: int) -> bytes:
        """Bytes that were read before; fewer or none when they cannot be read any more."""


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
        if isinstance(self.file, Rereads):
            self._gone, self.raw = len(self.raw), b""

    def _bytes(self) -> bytes:
        if self._gone and isinstance(self.file, Rereads):
            self.raw, self._gone = self.file.again(self.offset, self._gone), 0
        return self.raw

    def _line_ends(self) -> NDArray[np.int64]:
        if self._ends is None:
            self._ends = line_ends(self._bytes(), self.file.encoding)
        return self._ends


def one_table(tables: Sequence[pa.Table]) -> pa.Table:
    """Several as one. Where numbers were read in some only, all get text: it stands for the same numbers."""
    if len({table.schema for table in tables}) > 1:
        text = pa.schema([field.with_type(pa.string()) if field.type == pa.float64() else field
                          for field in tables[0].schema])
        tables = [table.cast(text) for table in tables]
    return pa.concat_tables(tables) if len(tables) > 1 else tables[0]


def line_ends(raw: bytes, encoding: str) -> NDArray[np.int64]:
    """Where the lines of some bytes end, each behind its newline."""
    newline = newline_of(encoding)
    if len(newline) == 1:
        return newlines(raw) + 1
    units = np.frombuffer(raw[: len(raw) // 2 * 2], "<u2" if encoding == "utf-16-le" else ">u2")
    return np.flatnonzero(units == 10) * 2 + 2


def some_lines(raw: bytes, encoding: str) -> int:
    """Where the first LINES_AT_ONCE lines end; the size when there are fewer."""
    if len(raw) <= LINES_AT_ONCE or count_lines(raw) <= LINES_AT_ONCE:
        return len(raw)
    ends = line_ends(raw, encoding)
    return int(ends[LINES_AT_ONCE - 1]) if len(ends) > LINES_AT_ONCE else len(raw)


def newline_of(encoding: str) -> bytes:
    """As it is written."""
    return {"utf-16-le": b"\n\0", "utf-16-be": b"\0\n"}.get(encoding, b"\n")


def next_line(raw: bytes, newline: bytes, at: int) -> int:
    """Where the line after the next newline begins, or -1."""
    width = len(newline)
    while True:
        found = raw.find(newline, at)
        if found < 0 or found % width == 0:
            return found + width if found >= 0 else -1
        at = found + 1


def last_line(raw: bytes, newline: bytes) -> int:
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
    return raw if raw.isascii() else b"\n".join(map(as_utf8, raw.split(b"\n")))


def as_utf8(line: bytes) -> bytes:
    """The same for one line."""
    try:
        line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1").encode()
    return line
