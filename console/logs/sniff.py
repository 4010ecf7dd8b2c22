"""Looks at the head of one file and says how its records lie in it. Content decides, never the ending."""

from __future__ import annotations

import codecs
import errno
import json
import os
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from console.logs import delimited, foreign, formats, parquet_lines
from console.logs.limits import MOST_COLUMNS, TOO_WIDE
from console.logs.plan import Compression, FileFormat, FilePlan, Refused
from console.logs.records import Cut
from console.roles import ColumnType

FIRST_ROWS = 20
"""Read of every text file, to tell its columns; Parquet tells them without a row."""

HEAD_BYTES = 64 * 1024
LONG_HEAD_BYTES = 4 * 1024 * 1024
"""The head is taken again this long when the short one does not hold two lines."""

NOTHING_TOLD: Mapping[str, tuple[str, ...]] = {}

Rows = Sequence[Sequence[object]]


@dataclass(frozen=True, slots=True)
class Head:
    """A file whose records can be read, and its first rows, cells in the order of `file.columns`.

    types  what the file itself says of its columns (Parquet), in their order; empty where it says nothing
    whole  the rows are all that the file has
    """

    file: FilePlan
    rows: Rows
    whole: bool = False
    types: tuple[ColumnType | None, ...] = ()

PLAIN_ROWS = b"pilothouse.rows"
"""In the metadata of a Parquet file: its rows are as we wrote them, whatever tool had these columns first."""

LOG_ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet", ".pq", ".log", ".gz", ".zst")
"""Who names a file so means it to be loaded: it is missed when it cannot be."""


class Incomplete(Exception):
    """Nothing can be said yet: the file is empty or cut, and may still be growing."""


def sniff(path: Path, name: str, rows: int = 0, head_bytes: int = HEAD_BYTES,
          told: Mapping[str, tuple[str, ...]] = NOTHING_TOLD) -> Head | Refused:
    """The format of the regular file `path`, called `name` in messages, and up to `rows` of its first rows.

    With 0 rows only what is needed to tell the columns is read.
    told  by the name of a form: fields of its files, as others told them. Then no rows are needed for them
    Raises Incomplete for a file without a whole record. Never raises OSError: what cannot be opened is refused.
    """
    try:
        stat = path.stat()
        return _sniff(path, name, stat, rows, head_bytes, {} if rows else told)
    except PermissionError:
        return Refused(name, "It may not be read. Give this user the right to read it")
    except OSError as error:
        return Refused(name, f"It could not be read ({error.strerror or error})")


def _sniff(path: Path, name: str, stat: os.stat_result, rows: int, head_bytes: int,
           told: Mapping[str, tuple[str, ...]]) -> Head | Refused:
    with path.open("rb") as file:       # an empty one too: whether it may be read is asked first
        if stat.st_size == 0:
            raise Incomplete("It is empty")
        raw = _first_bytes(file, head_bytes)
    if raw.startswith(b"PAR1"):
        return _parquet(path, name, stat, rows)
    if foreign_kind := foreign.by_bytes(raw):
        return Refused(name, foreign_kind[0], rejected=foreign_kind[1])
    try:
        compression, head, is_whole = _unpack(path, raw, stat.st_size, head_bytes)
        if not is_whole and head.count(b"\n") < 2:
            with path.open("rb") as file:
                raw = _first_bytes(file, LONG_HEAD_BYTES)
            compression, head, is_whole = _unpack(path, raw, stat.st_size, LONG_HEAD_BYTES)
        form = None if is_whole or b"\n" in head else formats.by_opening(head[:1000].decode("latin-1"))
        if form is not None:
            with path.open("rb") as file:
                raw = _first_bytes(file, form.line_bytes)
            _, head, is_whole = _unpack(path, raw, stat.st_size, form.line_bytes)
            fields = () if rows else form.fields or told.get(form.name, ())
            return _long_line(path, name, stat, compression, head, is_whole, form, rows, fields)
    except (zlib.error, OSError, EOFError) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        return Refused(name, f"It is compressed but damaged ({error}). Copy it again, or leave it out")
    if not head:
        raise Incomplete("There is nothing inside")
    if compression is not Compression.NONE:
        if head.startswith(b"PAR1"):
            return Refused(name, "It is Parquet inside another compression. Unpack it; Parquet is compressed by itself")
        if foreign_kind := foreign.by_bytes(head):
            return Refused(name, foreign_kind[0], rejected=foreign_kind[1])
    read = _decode(head, is_whole)
    if read is None:
        if _is_utf16(head):
            return Refused(name, "It is text in UTF-16 without the mark that says so. Write it as UTF-8")
        if Path(name).suffix.lower() in LOG_ENDINGS:
            return Refused(name, "It is binary, though its name says that it is a log. Copy it again, or leave it out")
        return Refused(name, "It is binary, in no form that is known here", rejected=False)
    text, encoding = read
    plan = FilePlan(name, FileFormat.CSV, compression, stat.st_size, stat.st_mtime_ns, (), encoding=encoding)
    return _text(plan, text, is_whole, rows, told)


def _long_line(path: Path, name: str, stat: os.stat_result, compression: Compression, head: bytes, is_whole: bool,
               form: formats.LogFormat, rows: int, fields: tuple[str, ...]) -> Head | Refused:
    """A file whose first line alone is longer than any other head, of a form whose lines may be so long."""
    end = head.find(b"\n") + 1
    if not end and not is_whole:
        return Refused(name, f"Its first line is longer than {form.line_bytes >> 20} MB")
    line = head[:end] if end else head
    plan = FilePlan(name, FileFormat.JSON_LINES, compression, stat.st_size, stat.st_mtime_ns, ())
    known = formats.Known(1.0, f"Its first line, of {len(line) >> 20} MB, begins with {form.opening}")
    return _of_form(plan, form, known, line, is_whole and len(line) == len(head), rows, fields)


def _first_bytes(file: BinaryIO, size: int) -> bytes:
    """The head of a file; behind a hole of NULs, as a writer leaves who goes on after a truncation, when it has one."""
    raw = file.read(size)
    while raw and raw == bytes(len(raw)):
        pass_hole(file)
        raw = file.read(LONG_HEAD_BYTES)
    return raw.lstrip(b"\0") + file.read(size) if len(raw) > size else raw


def pass_hole(file: BinaryIO) -> None:
    """Moves on to what the disk holds of a file, which of a hole of gigabytes is nothing; where the system tells."""
    if hasattr(os, "SEEK_DATA"):
        try:
            file.seek(os.lseek(file.fileno(), file.tell(), os.SEEK_DATA))
        except OSError as error:
            if error.errno == errno.ENXIO:
                file.seek(0, os.SEEK_END)       # there is nothing behind


def _unpack(path: Path, raw: bytes, size: int, limit: int) -> tuple[Compression, bytes, bool]:
    """The compression, the head of what is inside, and whether that is all of it."""
    if raw.startswith(b"\x1f\x8b"):
        unpacker = zlib.decompressobj(wbits=31)
        head = unpacker.decompress(raw, limit)
        return Compression.GZIP, head, len(raw) >= size and len(head) < limit
    if raw.startswith(b"\x28\xb5\x2f\xfd"):
        import pyarrow as pa

        with pa.input_stream(str(path), compression="zstd") as stream:
            head = stream.read(limit)
        return Compression.ZSTD, head, len(head) < limit
    return Compression.NONE, raw, len(raw) >= size


def _decode(head: bytes, is_whole: bool) -> tuple[str, str] | None:
    """The head as text and its encoding; None for what is no text."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return head[: len(head) // 2 * 2].decode("utf-16", "replace"), "utf-16"
    encoding = "utf-8"
    if head.startswith(codecs.BOM_UTF8):
        head, encoding = head[3:], "utf-8-sig"
    head = head.lstrip(b"\x00")     # a hole that a writer left which truncated without O_APPEND
    odd = sum(head.count(bytes([byte])) for byte in (0, 1, 2, 3, 4, 5, 6, 14, 15))
    if not head or odd > len(head) * 0.02:
        return None
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(head, final=is_whole), encoding
    except UnicodeDecodeError:
        pass
    text = head.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    if broken > max(4, len(head) // 10):
        return None
    has_utf8 = any(ord(letter) > 127 and letter != "\ufffd" for letter in text)
    if has_utf8 or encoding == "utf-8-sig":
        return text, encoding
    return head.decode("latin-1"), "latin-1"


def _is_utf16(head: bytes) -> bool:
    """Whether every other byte is 0, as in UTF-16 of letters that ASCII has."""
    zeros = sorted(head[first::2].count(0) / max(1, len(head) // 2) for first in (0, 1))
    return zeros[0] < 0.02 and zeros[1] > 0.9


def _text(plan: FilePlan, text: str, is_whole: bool, rows: int, told: Mapping[str, tuple[str, ...]]) -> Head | Refused:
    start = text.lstrip()
    if not is_whole:
        text = text[: text.rfind("\n") + 1] or text
    if not start:
        raise Incomplete("There is nothing but blanks in it")
    look = formats.look_at_text(plan.path, text, whole=is_whole)
    known = formats.recognise(look)
    if known is not None:
        fields = known[0].fields_of(look) or told.get(known[0].name, ()) if not rows else ()
        return _of_form(replace(plan, format=look.format), *known, text.encode(), is_whole, rows, fields)
    if "\n" not in text and text.strip().count("\r") > 1:
        return Refused(plan.path, "Its lines end with carriage returns alone, which is not read. Write line feeds")
    rows = max(rows, FIRST_ROWS)
    if start.startswith(("{", "[")):
        return _json(plan, text, start, is_whole, rows)
    strange = foreign.by_lines(text)
    if strange is not None and strange.endswith("no log"):
        return Refused(plan.path, f"It is {strange}", rejected=False)
    table = None if strange else delimited.table(text, is_whole, rows)
    if table is not None:
        mark = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}.get(table.delimiter, "one character")
        plan = replace(plan, columns=table.columns, delimiter=table.delimiter, has_header=table.has_header,
                       why=f"Lines of {len(table.columns)} fields between {mark}, "
                           f"{'under a header' if table.has_header else 'without a header'}")
        if len(table.columns) > MOST_COLUMNS:
            return Refused(plan.path, TOO_WIDE.format(count=len(table.columns)))
        if not table.rows:
            raise Incomplete("It has a header and no rows yet")
        return Head(plan, table.rows, is_whole)
    found = _json(plan, text, start, is_whole, rows) if '{"' in text else None
    if isinstance(found, Head):
        return found
    if strange is not None:
        return Refused(plan.path, f"It is {strange}; this form is not read yet. Export the requests as CSV, JSON lines "
                                  "or Parquet with a row for each")
    if "\n" not in text and not is_whole:
        return Refused(plan.path, f"Its first line is longer than {LONG_HEAD_BYTES // 2**20} MB")
    return Refused(plan.path, "It is text, but no table of records", rejected=False)


def _of_form(plan: FilePlan, form: formats.LogFormat, known: formats.Known, text: bytes, is_whole: bool,
             rows: int, fields: tuple[str, ...] = ()) -> Head:
    """The head of a serving tool's log: its first rows as the loader will cut them. With `fields`, these alone."""
    plan = replace(plan, dialect=form.name, why=known.why, confidence=known.confidence)
    if fields:
        return Head(replace(plan, columns=fields), (), is_whole)
    rows = max(rows, FIRST_ROWS)
    cutter = form.cutter(plan)
    try:
        at = 0
        for _ in range(rows + formats.LOOKED_AT):
            at = text.find(b"\n", at) + 1 or len(text)
            if at >= len(text):
                break
        found = _first_rows(cutter.cut(text[:at], final=True), rows)
        if not found and at < len(text):
            found = _first_rows(cutter.cut(text[at:], final=True), rows)
        if not found:
            raise Incomplete(f"It is {form.title}, and so far it holds no request and no sample")
        return Head(replace(plan, columns=tuple(cutter.keys)), found, is_whole)
    finally:
        cutter.close()


def _first_rows(cut: Cut, rows: int) -> list[list[object]]:
    """Cells of the first rows, in the order of the fields."""
    found: list[list[object]] = []
    for table in cut.tables:
        fields = [name for name in table.column_names if not name.startswith("_")]
        columns = [table[name].slice(0, rows - len(found)).to_pylist() for name in fields]
        found += [list(row) for row in zip(*columns, strict=True)]
        if len(found) >= rows:
            break
    return found


def _json(plan: FilePlan, text: str, start: str, is_whole: bool, rows: int) -> Head | Refused:
    records: list[dict[str, Any]] = []
    broken = 0
    lines = (line for line in text.split("\n") if line.strip("\x00 \t\r"))
    for line in islice(lines, rows):
        value = _object(line.strip("\x00 \t\r"))
        if value is not None:
            records.append(value)
        else:
            broken += 1
    if not records and is_whole and broken <= 1 and not text.endswith("\n") and not _is_json(start):
        raise Incomplete("Its first line is not finished")
    if len(records) <= broken:
        if start.startswith(("[", "{\n", "{\r\n")) or _is_json(start):
            rejected = start[0] == "[" and start.lstrip("[ \r\n\t").startswith("{")
            return Refused(plan.path, "It is one JSON document, no line for each record. "
                                      "Write one object a line if it holds a log", rejected)
        return Refused(plan.path, "Fewer than half of its lines are JSON objects. Write one object a line")
    keys = _keys(records)
    known = foreign.by_keys(set(keys))
    if known and known.endswith("no log"):
        return Refused(plan.path, f"It is {known}", rejected=False)
    if known:
        return Refused(plan.path, f"It is {known}; this form is not read yet. Export the requests as CSV, JSON lines "
                                  "or Parquet with a row for each")
    if is_whole and len(records) == 1 and not text.endswith("\n") and any(
            isinstance(value, dict | list) for value in records[0].values()):
        return Refused(plan.path, "It is one JSON document, no line for each record", rejected=False)
    plan = replace(plan, format=FileFormat.JSON_LINES, columns=keys, confidence=len(records) / (len(records) + broken),
                   why=f"{len(records)} of the first {len(records) + broken} lines are JSON objects")
    return Head(plan, [[record.get(key) for key in keys] for record in records], is_whole)


def _object(line: str) -> dict[str, Any] | None:
    """The object that a line holds, if it is one that the loader takes for one too: half a letter of two, which JSON
    can spell, is no text that could be kept."""
    try:
        value = json.loads(line)
        if "\\u" in line:
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _keys(records: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """The keys of records as they come; those that most records have, when there are more than a stream may have."""
    counts = Counter(key for record in records for key in record)
    if len(counts) > MOST_COLUMNS:
        kept = {key for key, _ in counts.most_common(MOST_COLUMNS)}
        return tuple(key for key in counts if key in kept)
    return tuple(counts)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _parquet(path: Path, name: str, stat: os.stat_result, rows: int) -> Head | Refused:
    with path.open("rb") as file:
        file.seek(max(0, stat.st_size - 4))
        ending = file.read(4)
    if stat.st_size < 12 or ending not in (b"PAR1", b"PARE"):
        return Refused(name, "It is Parquet but cut short: its end is missing. Copy it again, or leave it out")
    import pyarrow as pa
    import pyarrow.parquet as pq

    from console.logs.parquet import count_of

    try:
        with pq.ParquetFile(str(path), memory_map=True, pre_buffer=False) as file:
            schema = file.schema_arrow
            n_rows = count_of(file.metadata)
            batch = next(file.iter_batches(batch_size=max(1, rows), row_groups=[0], use_threads=False), None) \
                if rows and n_rows else None
            types = tuple(_type(field.type) for field in schema)
    except (pa.ArrowException, OSError, ValueError) as error:
        first = str(error).split("\n")[0][:160]
        return Refused(name, f"It is Parquet but damaged ({first}). Copy it again, or leave it out")
    if not n_rows:
        raise Incomplete("It has no rows")
    columns = tuple(schema.names)
    if len(columns) > MOST_COLUMNS:
        return Refused(name, TOO_WIDE.format(count=len(columns)))
    plan = FilePlan(name, FileFormat.PARQUET, Compression.NONE, stat.st_size, stat.st_mtime_ns, columns,
                    why="It begins and ends as Parquet does")
    plain = PLAIN_ROWS in (schema.metadata or {})
    known = None if plain else formats.recognise(formats.Look(name, (), (), frozenset(columns), False,
                                                              FileFormat.PARQUET))
    if known is not None:
        text = b"".join(islice(parquet_lines.blocks(path, 0, max(rows, FIRST_ROWS)), 1))
        return _of_form(plan, *known, text, n_rows <= rows, max(rows, FIRST_ROWS))
    cells = [_plain(column) for column in batch.columns] if batch is not None else []
    return Head(plan, list(zip(*cells, strict=True)), n_rows <= rows, types)


def _type(arrow: Any) -> ColumnType | None:
    """What Parquet says of a column, for those that are empty as far as one looks; None: look at the values."""
    import pyarrow as pa

    if pa.types.is_timestamp(arrow) or pa.types.is_date(arrow):
        return ColumnType.TIME
    if pa.types.is_boolean(arrow):
        return ColumnType.FLAG
    return ColumnType.NUMBER if pa.types.is_floating(arrow) or pa.types.is_integer(arrow) else None


def _plain(column: Any) -> list[object]:
    """Arrow cells as plain values. Times in UTC, without what is below a microsecond: by arrow's own way they would
    need pandas, and importing that takes longer than all of discovery.
    """
    import pyarrow as pa

    zoned = pa.types.is_timestamp(column.type) and column.type.tz is not None
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us"), safe=False)
    try:
        values: list[object] = column.to_pylist()
    except (ValueError, OverflowError):      # a time before year 1 or after 9999
        values = column.cast(pa.int64()).to_pylist()
    return [value.replace(tzinfo=UTC) if zoned and isinstance(value, datetime) else value for value in values]

