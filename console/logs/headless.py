"""Tables that lost their header: a log that was copied aside and cut goes on without one, under the same names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from console.logs import times
from console.logs.group import folders_of, stem_of
from console.logs.plan import FileFormat, StreamPlan
from console.logs.sniff import Head


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


def _like(head: Head) -> tuple[object, ...]:
    file = head.file
    return folders_of(file.path), stem_of(file.path), file.delimiter, len(file.columns)


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
