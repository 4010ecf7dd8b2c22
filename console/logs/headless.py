"""Tables that lost their header: a log that was copied aside and cut goes on without one, under the same names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from console.errors import UnreadableLog
from console.logs import times
from console.logs.group import folders_of, stem_of
from console.logs.identity import look
from console.logs.opened import UNREADABLE, open_bytes
from console.logs.plan import Compression, FileFormat, FilePlan, Refused, StreamPlan
from console.logs.records import split_fields
from console.logs.sniff import Head, pass_hole

HOLE_STEP = 1 << 20             # bytes that are read at once in search of the end of a hole


def named_like(heads: Sequence[Head], known: Sequence[StreamPlan]) -> list[Head]:
    """The same heads, those without a header under the names of their like.

    Their like is a file in the same folder, of the same stem, width and delimiter, whose cells are of the same sort;
    or else what was read of that file before. Who has none keeps names by place.
    """
    with_header: dict[tuple[object, ...], Head] = {}
    for head in heads:
        if head.file.format is FileFormat.CSV and not head.file.dialect and head.file.has_header:
            with_header.setdefault(_like(head), head)
    before = {file.path: stream for stream in known for file in stream.files}
    return [head if head.file.format is not FileFormat.CSV or head.file.dialect or head.file.has_header
            else _named(head, with_header.get(_like(head)), before.get(head.file.path)) for head in heads]


def kin_of(path: str) -> tuple[object, ...]:
    """The same for files that one log left: folder and stem, without a number at the end of it."""
    return folders_of(path), re.sub(r"[-._]?\d+$", "", stem_of(path))


def rescued(refused: Sequence[Refused], heads: Sequence[Head], places: Mapping[str, Path]) -> dict[str, Head]:
    """Path -> head of files that say too little by themselves, a line or two, and go on what files beside them are."""
    beside: dict[object, Head] = {}
    for head in heads:
        if head.file.format is FileFormat.CSV and head.file.has_header and not head.file.dialect:
            beside.setdefault(kin_of(head.file.path), head)
    found = {}
    for each in refused:
        like = beside.get(kin_of(each.path))
        if like is None or each.path not in places:
            continue
        before = replace(like.file, path=each.path)
        known = gone_on(places[each.path], ("", before))
        if known is not None and not known[1].has_header:
            about = places[each.path].stat()
            file = replace(known[1], size=about.st_size, mtime_ns=about.st_mtime_ns,
                           why="It goes on without a header where a file beside it has one")
            found[each.path] = Head(file, like.rows)
    return found


def go_on_like(found: tuple[StreamPlan, FilePlan] | Refused | None, place: Path,
               like: tuple[str, FilePlan]) -> tuple[str, FilePlan] | None:
    """For a new file without a header of its own: what its like is; None when it is no such thing."""
    if isinstance(found, tuple):
        file, (stream, plan) = found[1], like
        if file.format is not FileFormat.CSV or file.dialect or file.has_header or (
                plan.format is not FileFormat.CSV or len(plan.columns) != len(file.columns)):
            return None
        return stream, replace(file, columns=plan.columns, constants=plan.constants)
    return gone_on(place, like)


def _like(head: Head) -> tuple[object, ...]:
    file = head.file
    return kin_of(file.path), file.delimiter, len(file.columns)


def _named(head: Head, like: Head | None, before: StreamPlan | None) -> Head:
    columns: tuple[str, ...] = ()
    if like is not None and _same_sort(head, like):
        columns = like.file.columns
    elif before is not None and before.format is FileFormat.CSV:
        from_path = set(before.path_columns)
        columns = tuple(column.name for column in before.columns if column.stored not in from_path)
    if len(columns) != len(head.file.columns):
        return head
    return replace(head, file=replace(head.file, columns=columns))


def _same_sort(head: Head, like: Head) -> bool:
    """Whether times stand under times, numbers under numbers, nearly everywhere; a time must be among them."""
    if not head.rows or not like.rows:
        return False
    ours, theirs = [[_sort(cell) for cell in rows[0]] for rows in (head.rows, like.rows)]
    if [sort == "time" for sort in ours] != [sort == "time" for sort in theirs]:
        return False
    told = [(one, other) for one, other in zip(ours, theirs, strict=True) if one and other]
    return bool(told) and sum(one == other for one, other in told) >= 0.75 * len(told)


def _sort(cell: object) -> str:
    text = str(cell or "").strip()
    if not text:
        return ""
    if times.ISO.fullmatch(text):
        return "time"
    try:
        float(text)
    except ValueError:
        return "text"
    return "number"


def gone_on(place: Path, before: tuple[str, FilePlan]) -> tuple[str, FilePlan] | None:
    """For a file whose writer went on without a header after it was cut short: what it was before, else None.

    Its first line must be a row of the width that it had; a hole of NULs before it is no part of it.
    """
    stream, plan = before
    compression = look(place)[0]
    first = _first_line(place, compression)
    if not first:
        return None
    plan = replace(plan, compression=compression)
    if plan.format is FileFormat.JSON_LINES:
        return (stream, plan) if first.startswith(b"{") else None
    fields, closed, _ = split_fields(first, plan.delimiter.encode())
    if plan.format is not FileFormat.CSV or not closed or len(fields) != len(plan.columns):
        return None
    if tuple((field or "").strip() for field in fields) == plan.columns:
        return stream, replace(plan, has_header=True)
    is_data = any((field or "").lstrip("-+.")[:1].isdigit() for field in fields)
    return (stream, replace(plan, has_header=False)) if is_data else None


def _first_line(place: Path, compression: Compression) -> bytes:
    """The first whole line behind the NULs that a file may begin with; b"" when there is none."""
    text = b""
    try:
        with open_bytes(place, compression) as file:
            while more := file.read(HOLE_STEP):
                text = text + more if text else more.lstrip(b"\0")
                if not text and compression is Compression.NONE:
                    pass_hole(file)
                if b"\n" in text or len(text) > HOLE_STEP:
                    break
    except (UnreadableLog, *UNREADABLE):
        return b""
    line, end, _ = text.partition(b"\n")
    return line.removesuffix(b"\r") if end else b""
