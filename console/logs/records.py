"""Cuts bytes into whole records; the same records however the bytes were chunked.

A record that has its shape is a row, one that has not is set aside with its place and reason, and its neighbours are
untouched. Nothing here knows files or the database. DuckDB's readers are not used for text: they read whole files, so
that a file that grows while it is read could be half counted, and their error handling loses rows (a quote that is
never closed costs thousands). Arrow's CSV parser runs outside the interpreter lock, and lines are checked against it:
rows + misshapen + blank lines must be the lines of the block, or the careful path looks at the lines one by one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from console.logs.arrays import from_whole_numbers, whole_numbers
from console.logs.arrow_csv import ArrowCsv
from console.logs.unopened import Shape
from console.roles import ColumnType

RAW_LIMIT = 4096                # characters of a quarantined record that are kept
RECORD_LINES = 1000             # lines that one quoted record may span; beyond, its quote counts as torn
RECORD_BYTES = 1 << 20          # and its bytes
LINE_BYTES = 8 << 20            # a longer line is quarantined
WINDOW_BYTES = 32 << 10         # what the careful path looks at in one go

BLANK, COMMENT, HEADER_AGAIN = "blank line", "comment", "repeated header"


@dataclass(frozen=True, slots=True)
class Bad:
    """A record set aside. `line` counts from 0 within the block it was cut from."""

    record: int
    line: int
    reason: str
    raw: str


@dataclass(slots=True)
class Cut:
    """What came out of a block.

    tables    the rows as text: one column a field under its position ("0", "1", ...), and `_record` within the block
    records   rows + bad + ignored
    consumed  bytes of the block that are done with; the rest comes again with the next block
    lines     lines in those bytes
    line_of   first line of each record, or None when every line is a record
    shape     of lines that stand in the tables as they are, still to be opened
    """

    tables: list[pa.Table] = field(default_factory=list)
    bad: list[Bad] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)
    records: int = 0
    consumed: int = 0
    lines: int = 0
    starts: list[NDArray[np.int64]] = field(default_factory=list)
    shape: Shape | None = None

    @property
    def rows(self) -> int:
        """Records that have their shape."""
        return sum(table.num_rows for table in self.tables)

    def line_of(self, record: int) -> int:
        """The line, from 0 within the block, on which a record of it starts."""
        for starts in self.starts:
            if record < len(starts):
                return int(starts[record])
            record -= len(starts)
        raise IndexError(record)

    def then(self, other: Cut) -> None:
        """Joins what was cut from the bytes that follow."""
        for table in other.tables:
            numbers = whole_numbers(from_whole_numbers(table["_record"]) + self.records)
            self.tables.append(table.set_column(table.num_columns - 1, "_record", numbers))
        self.bad += [Bad(bad.record + self.records, bad.line + self.lines, bad.reason, bad.raw) for bad in other.bad]
        self.starts += [starts + self.lines for starts in other.starts]
        self.ignored += other.ignored
        self.records += other.records
        self.consumed += other.consumed
        self.lines += other.lines


def shown(raw: bytes) -> str:
    """A record as quarantine keeps it: bounded, and never a byte that cannot be text."""
    text = raw[: RAW_LIMIT * 4].decode("utf-8", "replace")
    return text if len(text) <= RAW_LIMIT else text[:RAW_LIMIT] + "…"


STEP = 1 << 18              # bytes compared in one go: the answers stay in the cache of a core


def newlines(block: bytes) -> NDArray[np.int64]:
    """Positions of the newlines in a block."""
    found = np.frombuffer(block, np.uint8)
    if len(found) <= STEP:
        return np.flatnonzero(found == 10)
    return np.concatenate([np.flatnonzero(found[at:at + STEP] == 10) + at for at in range(0, len(found), STEP)])


def count_lines(block: bytes) -> int:
    """How many newlines a block has."""
    found = np.frombuffer(block, np.uint8)
    return sum(int(np.count_nonzero(found[at:at + STEP] == 10)) for at in range(0, len(found), STEP))


class CsvCutter:
    """Cuts blocks of a CSV file whose fields are known. Blocks are UTF-8 and start where a record starts."""

    def __init__(self, columns: Sequence[str], delimiter: str = ",", *, header: bool = True,
                 numbers: Collection[str] = ()) -> None:
        """numbers: names of fields that are kept as numbers; where that loses nothing they come as DOUBLE, not text."""
        self._columns = tuple(columns)
        self._width = len(columns)
        self._arrow = ArrowCsv(self._columns, delimiter, numbers)
        self._delimiter = delimiter
        self._delimiter_byte = delimiter.encode()
        self._header = header
        self._spans = False             # whether some quote of this file spans lines, or looked as if

    @property
    def keys(self) -> Sequence[str]:
        """The fields of a row, which never grow."""
        return self._columns

    def met(self) -> dict[str, ColumnType]:
        """Nothing is met that was not planned."""
        return {}

    def close(self) -> None:
        """It holds nothing."""

    def cut(self, block: bytes, *, final: bool) -> Cut:
        """The records of a block; `final` when nothing follows, so that the last line is whole without its newline."""
        if final and block and not block.endswith(b"\n"):
            whole = self._cut(block + b"\n", final=True)
            whole.consumed = min(whole.consumed, len(block))
            return whole
        return self._cut(block, final=final)

    def _cut(self, block: bytes, *, final: bool) -> Cut:
        fast = self._fast(block)
        if fast is not None and (fast.consumed == len(block) or not final):
            return fast
        done = Cut()
        size = len(block) // 4
        least = WINDOW_BYTES            # grows while a record does not end within it
        while done.consumed < len(block):
            size = max(size, least)
            window = block[done.consumed : done.consumed + size]
            last = done.consumed + size >= len(block)
            end = len(window) if last and final else window.rfind(b"\n") + 1
            part = self._fast(window[:end]) if end else None
            if part is None and size > least:
                size //= 4
                continue
            if part is None or not part.consumed:
                part = self._careful(window[:end], final=last and final)
            if part.consumed:
                done.then(part)
                least = WINDOW_BYTES
            elif last:
                break
            else:
                least = 4 * size
            size *= 4
        return done

    # ------------------------------------------------------------------ in one go, by Arrow
    def _fast(self, block: bytes) -> Cut | None:
        """All lines at once, or None when a line needs a closer look."""
        end = block.rfind(b"\n") + 1
        if not end:
            return Cut()
        if self._width == 1 or b"\0" in block or (b"\r" in block and block.count(b"\r") != block.count(b"\r\n")):
            return None             # a lone carriage return ends a line for Arrow, and for nobody else
        block = block[:end] if end < len(block) else block
        quoted = b'"' in block
        if not quoted or not self._spans:
            if len(block) > LINE_BYTES and np.diff(newlines(block), prepend=-1).max() > LINE_BYTES:
                return None
            cut = self._parsed(block, quoted, count_lines(block), None)
            if cut is not None or not quoted:
                return cut
            self._spans = True
        shape = self._quoted_shape(block)
        if shape is None:
            return None
        end, lines, starts = shape
        return self._parsed(block[:end] if end < len(block) else block, True, lines, starts) if end else Cut()

    def _parsed(self, block: bytes, quoted: bool, lines: int, starts: NDArray[np.int64] | None) -> Cut | None:
        """The records of a block that start on these lines, or on each; None when Arrow sees others.

        A newline that it takes for text makes one record less than lines: so when there are as many, no quote spans
        lines, but for one that is open at the end of the block.
        """
        table, misshapen, numbers = self._arrow.parse(block, quoted=quoted)
        if quoted and starts is None and (misshapen or not self._ends_closed(block)):
            return None
        records = lines if starts is None else len(starts)
        blank = np.empty(0, np.int64)
        if table.num_rows + len(misshapen) != records:
            ends = newlines(block)
            begins = np.concatenate(([0], ends[:-1] + 1))
            length = ends - begins
            bytes_ = np.frombuffer(block, np.uint8)
            empty = np.flatnonzero((length == 0) | ((length == 1) & (bytes_[begins] == 13)))
            blank = empty if starts is None else np.flatnonzero(np.isin(starts, empty))
            if table.num_rows + len(misshapen) + len(blank) != records:
                return None
        if starts is not None and lines != records and misshapen:
            return None
        row_at = np.setdiff1d(np.arange(records), blank, assume_unique=True) if len(blank) else np.arange(records)
        cut = Cut(records=records, consumed=len(block), lines=lines)
        cut.starts = [np.arange(records) if starts is None else starts]
        if len(blank):
            cut.ignored[BLANK] += len(blank)
        out = np.zeros(len(row_at), bool)
        for row in misshapen:
            out[row.number - 1] = True
            record = int(row_at[row.number - 1])
            self._misshapen(cut, record, cut.line_of(record), row.text.encode(), row.actual_columns)
        good = row_at[~out]
        table = table.append_column("_record", whole_numbers(good))
        again = None if numbers else self._headers_in(block, table, quoted)
        if again is not None:
            cut.ignored[HEADER_AGAIN] += table.num_rows - again.num_rows
            table = again
        cut.tables = [table] if table.num_rows else []
        return cut

    def _ends_closed(self, block: bytes) -> bool:
        """Whether no quote is open after the last line, if none was before it."""
        return split_fields(block[block.rfind(b"\n", 0, -1) + 1 : -1], self._delimiter_byte)[1]

    def _quoted_shape(self, block: bytes) -> tuple[int, int, NDArray[np.int64]] | None:
        """Where the last whole record ends, lines up to there, and the line on which each record starts.

        None unless every quote is regular.

        Regular: an opening quote follows a delimiter or a line's end, a closing one precedes such, or two stand
        together inside. Then every reader agrees on what is quoted, and a torn quote cannot hide.
        """
        bytes_ = np.frombuffer(block, np.uint8)
        quotes = np.flatnonzero(bytes_ == 34)
        ends = newlines(block)
        inside = (np.searchsorted(quotes, ends) % 2).astype(bool)
        closed = ends[~inside]
        end = int(closed[-1]) + 1 if len(closed) else 0
        if end < len(block) - RECORD_BYTES or np.count_nonzero(ends >= end) > RECORD_LINES:
            return None
        if not end:
            return 0, 0, np.empty(0, np.int64)
        quotes = quotes[quotes < end]
        opening, closing = quotes[0::2], quotes[1::2]
        edge = np.zeros(256, bool)
        edge[[10, ord(self._delimiter)]] = True
        doubled = np.zeros(len(opening) + 1, bool)
        doubled[1:-1] = closing[:-1] + 1 == opening[1:]
        opens = doubled[:-1] | (opening == 0) | edge[bytes_[np.maximum(opening - 1, 0)]]
        edge[13] = True
        closes = doubled[1:] | edge[bytes_[closing + 1]]
        if not (opens.all() and closes.all()):
            return None
        last_lines = np.flatnonzero(~inside)
        starts = np.concatenate(([0], last_lines[:-1] + 1)).astype(np.int64)
        if np.diff(closed, prepend=-1).max() > RECORD_BYTES or (last_lines - starts).max() >= RECORD_LINES:
            return None
        return end, int(last_lines[-1]) + 1, starts

    def _headers_in(self, block: bytes, table: pa.Table, quoted: bool) -> pa.Table | None:
        """The rows without those that repeat the header, or None when there are none."""
        if not self._header or not table.num_rows:
            return None
        if not quoted and self._delimiter_byte.join(name.encode() for name in self._columns) not in block:
            return None
        import pyarrow.compute as pc

        again: pa.ChunkedArray | None = None
        for position, name in enumerate(self._columns):
            column = table.column(position)
            same = pc.is_null(column) if not name else pc.fill_null(pc.equal(column, name), False)
            again = same if again is None else pc.and_(again, same)
            if not pc.any(again).as_py():
                return None
        return table.filter(pc.invert(again))

    # ------------------------------------------------------------------ line by line
    def _careful(self, block: bytes, *, final: bool) -> Cut:
        """The same records, one by one: for torn quotes, NULs, lone carriage returns and one-column files."""
        cut = Cut()
        lines = block.split(b"\n")[:-1]
        rows: list[list[str | None]] = []
        numbers: list[int] = []
        starts: list[int] = []
        at = 0
        while at < len(lines):
            record = cut.records
            taken, fields, problem = self._record(lines, at, final)
            if not taken:
                break
            text = lines[at]
            if problem is not None:
                cut.bad.append(Bad(record, at, problem, shown(text.rstrip(b"\r"))))
            elif len(fields) != self._width or not text.strip(b"\r"):
                self._misshapen(cut, record, at, text.removesuffix(b"\r"), len(fields))
            elif self._header and tuple(value or "" for value in fields) == self._columns:
                cut.ignored[HEADER_AGAIN] += 1
            else:
                rows.append(fields)
                numbers.append(record)
            starts.append(at)
            cut.records += 1
            at += taken
        cut.lines = at
        cut.consumed = sum(len(line) + 1 for line in lines[:at])
        cut.starts = [np.array(starts, np.int64)]
        if rows:
            columns = [pa.array([row[position] for row in rows], pa.string()) for position in range(self._width)]
            names = [str(position) for position in range(self._width)]
            cut.tables = [pa.table([*columns, pa.array(numbers, pa.int64())], names=[*names, "_record"])]
        return cut

    def _record(self, lines: list[bytes], at: int, final: bool) -> tuple[int, list[str | None], str | None]:
        """(lines taken, fields, what is wrong) of the record at a line; no lines taken when it goes on in the next."""
        text = lines[at].removesuffix(b"\r")
        if len(text) > LINE_BYTES:
            return 1, [], f"longer than {LINE_BYTES >> 20} MB"
        if text.startswith(b"\0"):
            text = text.lstrip(b"\0")       # the hole that a writer leaves who goes on after a truncation
            if not text:
                return 1, [], "nothing but NUL bytes"
        fields, closed, _ = split_fields(text, self._delimiter_byte)
        if closed:
            return 1, fields, None
        size = len(text)
        for following in range(at + 1, len(lines)):
            size += len(lines[following]) + 1
            if following - at >= RECORD_LINES or size > RECORD_BYTES:
                return 1, [], "a quote is never closed"
            if b'"' not in lines[following]:
                continue
            whole = b"\n".join([text, *lines[at + 1 : following + 1]]).removesuffix(b"\r")
            fields, closed, regular = split_fields(whole, self._delimiter_byte)
            if closed:
                if regular and len(fields) == self._width:
                    return following - at + 1, fields, None
                return 1, [], "a quote is never closed"
        return (1, [], "a quote is never closed") if final else (0, [], None)

    def _misshapen(self, cut: Cut, record: int, line: int, text: bytes, fields: int) -> None:
        bare = text.strip()
        if not bare:
            cut.ignored[BLANK] += 1
        elif bare.startswith(b"#"):
            cut.ignored[COMMENT] += 1
        else:
            found = f"{fields} field" if fields == 1 else f"{fields} fields"
            cut.bad.append(Bad(record, line, f"{found}, {self._width} expected", shown(text)))


def split_fields(text: bytes, delimiter: bytes) -> tuple[list[str | None], bool, bool]:
    """(fields, no quote is open at the end, every closing quote ended its field). An unquoted empty field is None."""
    if b'"' not in text:
        return [piece.decode("utf-8", "replace") or None for piece in text.split(delimiter)], True, True
    fields: list[str | None] = []
    regular = True
    at = 0
    while True:
        if text.startswith(b'"', at):
            pieces = []
            begin = at + 1
            while True:
                quote = text.find(b'"', begin)
                if quote < 0:
                    return fields, False, regular
                pieces.append(text[begin:quote])
                if not text.startswith(b'"', quote + 1):
                    break
                pieces.append(b'"')
                begin = quote + 2
            end = text.find(delimiter, quote + 1)
            rest = text[quote + 1 :] if end < 0 else text[quote + 1 : end]
            regular = regular and not rest
            fields.append((b"".join(pieces) + rest).decode("utf-8", "replace"))
        else:
            end = text.find(delimiter, at)
            piece = text[at:] if end < 0 else text[at:end]
            fields.append(piece.decode("utf-8", "replace") or None)
        if end < 0:
            return fields, True, regular
        at = end + len(delimiter)


Cutter = Callable[[bytes, bool], Cut]
