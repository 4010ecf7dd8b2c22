"""Columns that come, go, change their type or their name while the log goes on: found in the numbers of the log.

Files say which keys they have, but not whether anything stands in them, and a live file has no header that changes. So
what counts is when a column has values: it appeared if it has none for a good part of the stream and then in most rows,
it vanished if it has none to the end. That holds for every format, for files loaded in any order, and for lines that
come one by one. Text that is never rolled up (ids, free text) is not watched. Annotations are made anew from the rows
each time, so that they never contradict them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from console.logs import roles
from console.logs.cells import look_at
from console.logs.names import words
from console.logs.writing import LATE_WHY
from console.roles import ColumnType, Role
from console.store.corrections import SCHEMA_ORIGIN, first_value, sample_texts
from console.window import Window, from_epoch

if TYPE_CHECKING:
    from console.store import ColumnInfo, StreamInfo, Workspace

LEAST_ROWS, LEAST_SHARE = 100, 0.02
"""A column must be without values in so many rows, and so much of the stream, for its absence to mean something."""

FILLED = 0.5
"""Of the rows from its first to its last value, so many must have one: what comes now and then did not come or go."""

MISFIT_SHARE, LEAST_MISFITS = 0.05, 3
"""From the first cell that does not fit on, so many of the cells must not: single slips are no change of type."""

BUCKETS, LEVELS_S = 1500, (10, 60, 600, 3600, 86400)
TIMES = (Role.TIMESTAMP, Role.OUTCOME_TIME, Role.ARRIVAL_TIME)
SAMPLED = 400


@dataclass(frozen=True, slots=True)
class Seen:
    """When a column has values. before and after: buckets with rows in which it has none, at its ends."""

    column: ColumnInfo
    appeared: float | None      # start of the first bucket with values, when it came after the stream had begun
    vanished: float | None      # end of the last one, when the stream went on without it
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """What happened to a column, and when. `text` begins with the name of the stream."""

    column: str
    at: datetime
    text: str


def watch(store: Workspace) -> bool:
    """Brings the annotations about columns up to date, and gives late columns their roles; True when something new."""
    roles_given = [stream for stream in store.streams() if _settle_late(store, stream)]
    if roles_given:
        store.refresh()
    noted: list[tuple[datetime, str]] = []
    for stream in store.streams():
        noted += changes(store, stream)
    noted.sort()
    if noted == [(at, text) for at, text, origin in store.annotations() if origin == SCHEMA_ORIGIN]:
        return bool(roles_given)
    store.annotate(SCHEMA_ORIGIN, noted)
    return True


def changes(store: Workspace, stream: StreamInfo) -> list[tuple[datetime, str]]:
    """What happened to the columns of a stream, and when, in words."""
    return list(dict.fromkeys((one.at, one.text) for one in found(store, stream)))


def found(store: Workspace, stream: StreamInfo) -> list[SchemaChange]:
    """What happened to the columns of a stream. Of a renamed column its new name is told, and its old one too."""
    if stream.first is None or stream.last is None or stream.rows < 2 * LEAST_ROWS:
        return []
    whole = Window.from_epoch(stream.first.timestamp(), stream.last.timestamp() + 1)
    bucket_s = next((level for level in LEVELS_S if whole.seconds / level <= BUCKETS), LEVELS_S[-1])
    seen = _seen(store, stream, whole, bucket_s)
    widened = _widened(store, stream)
    gone = [one for one in seen if one.vanished is not None and one.column.stored not in widened]
    come = [one for one in seen if one.appeared is not None]
    told = []
    for old, new in _renamed(gone, come, bucket_s):
        gone.remove(old)
        come.remove(new)
        at, text = _first(store, stream, new, bucket_s), (f"{stream.name}: it looks as if “{old.column.name}” was "
                                                          f"renamed to “{new.column.name}”")
        told += [SchemaChange(old.column.name, at, text), SchemaChange(new.column.name, at, text)]
    told += [SchemaChange(one.column.name, _first(store, stream, one, bucket_s),
                          f"{stream.name}: “{one.column.name}” appeared") for one in come]
    told += [SchemaChange(one.column.name, from_epoch(one.vanished),
                          f"{stream.name}: “{one.column.name}” has no values any more")
             for one in gone if one.vanished is not None]
    names = {column.stored: column.name for column in stream.columns}
    return told + [SchemaChange(names[stored], at, text) for stored, (at, text) in widened.items()]


def _seen(store: Workspace, stream: StreamInfo, whole: Window, bucket_s: int) -> list[Seen]:
    watched = [column for column in stream.columns if column.rolled and column.role not in TIMES]
    parts = store.moments(stream.stream_id, [column.stored for column in watched], whole, bucket_s) if watched else []
    if not parts:
        return []
    part = parts[0]
    least = max(LEAST_ROWS, LEAST_SHARE * part.rows.sum())
    found = []
    for column in watched:
        n = part.columns[column.stored].n
        at = np.flatnonzero(n > 0)
        if not len(at):
            continue
        first, last = int(at[0]), int(at[-1])
        if n.sum() < FILLED * part.rows[first : last + 1].sum():
            continue
        came = part.rows[:first].sum() >= least
        went = part.rows[last + 1 :].sum() >= least
        if came or went:
            cells = part.columns[column.stored]
            low, high = (float(np.nanmin(cells.min)), float(np.nanmax(cells.max))) if (
                column.type is ColumnType.NUMBER and np.isfinite(cells.min).any()) else (np.nan, np.nan)
            found.append(Seen(column, float(part.times[first]) if came else None,
                              float(part.times[last]) + bucket_s if went else None, low, high))
    return found


def _renamed(gone: Iterable[Seen], come: Iterable[Seen], bucket_s: int) -> list[tuple[Seen, Seen]]:
    """A column that went and one that came at the same time, of one type, with values or a name like it."""
    pairs = [(old, new) for old in gone for new in come
             if abs((old.vanished or 0) - (new.appeared or 0)) <= 2 * bucket_s and old.column.type is new.column.type
             and (_alike(old, new) or _kin(old, new))]
    pairs.sort(key=lambda pair: not _kin(*pair))
    found: list[tuple[Seen, Seen]] = []
    for old, new in pairs:
        if all(old is not each and new is not other for each, other in found):
            found.append((old, new))
    return found


def _kin(old: Seen, new: Seen) -> bool:
    return bool(set(words(old.column.name)) & set(words(new.column.name)))


def _alike(old: Seen, new: Seen) -> bool:
    """Whether the ranges of two numbers overlap by half of the smaller; text by its samples."""
    if old.column.type is ColumnType.NUMBER:
        shared = min(old.high, new.high) - max(old.low, new.low)
        smaller = min(old.high - old.low, new.high - new.low)
        return bool(shared > 0 and shared >= 0.5 * smaller)
    return old.column.type is not ColumnType.TEXT or bool(set(old.column.samples) & set(new.column.samples))


def _first(store: Workspace, stream: StreamInfo, one: Seen, bucket_s: int) -> datetime:
    """The time of the first row with a value."""
    start = one.appeared or 0.0
    exact = first_value(store.cursor(), stream, one.column.stored, Window.from_epoch(start, start + bucket_s))
    return exact or from_epoch(start)


def _widened(store: Workspace, stream: StreamInfo) -> dict[str, tuple[datetime, str]]:
    """Columns (by stored name) of numbers, times or flags that hold something else from some time on."""
    found = {}
    for stored, misfit in store.misfits(stream.stream_id).items():
        column = next((each for each in stream.columns if each.stored == stored), None)
        if column is None or column.type is ColumnType.TEXT or misfit.first is None or _is_number(misfit.sample):
            continue
        if misfit.count >= max(LEAST_MISFITS, MISFIT_SHARE * misfit.rows_since):
            found[stored] = (misfit.first, f"{stream.name}: “{column.name}” also holds text from here on "
                             f"({misfit.count:,} cells, as {misfit.sample[:40]!r})")
    return found


def _is_number(text: str) -> bool:
    """A long number that only lost digits."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _settle_late(store: Workspace, stream: StreamInfo) -> bool:
    """Roles for columns that showed up while rows were read, now that there are values to look at."""
    late = [column for column in stream.columns if column.why == LATE_WHY and not column.chosen]
    taken = {column.role for column in stream.columns if column not in late} - roles.MANY
    planned = {}
    for column in late:
        values = [text for text in sample_texts(store.cursor(), stream, column.stored, SAMPLED) if text is not None]
        if not values:
            continue
        facts = look_at(column.name, values)
        (guess,) = roles.planned([column.stored], [facts], roles.guess([facts]), stream.kind)
        role = None if guess.role in taken or guess.role in TIMES else guess.role
        taken |= {role} - roles.MANY
        planned[column.stored] = replace(guess, name=column.name, type=column.type, role=role, time_format=None,
                                         why=f"{guess.why}; it came while the rows were read", chosen=False)
    if planned:
        store.set_columns(stream.stream_id, planned)
    return bool(planned)
