"""Metrics that read rows: what no rollup keeps. Each can be stopped by the job of its reading."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from console.errors import BadSettings
from console.metrics.catalogue import Metric
from console.metrics.parts import Measured, divided
from console.roles import Role, StreamKind
from console.store.expressions import Compiled, compiled
from console.store.grid import OTHER
from console.window import Window

if TYPE_CHECKING:
    from console.metrics.measure import Reading
    from console.store import StreamInfo

FIRST_S, FIRST_SHARE = 86_400.0, 0.25
"""Without a reference the first day is one, or the first quarter of a log that is shorter than four days."""

DAY_S = 86_400.0
NOT_TRUSTED = "This folder's own metrics are not run: whoever wrote its pilothouse.toml may not be you"
HOW_TO_TRUST = "Look at them, then trust the folder: `pilothouse trust FOLDER`, or in the window under Sources"


def reference_of(reading: Reading, stream: StreamInfo, stored: str) -> tuple[StreamInfo, Window | None] | None:
    """Where a column's usual values stand: in the reference that has it (all of it), else in the first stretch of the
    log. None before the first row."""
    for one in reading.streams:
        if one.kind is StreamKind.REFERENCE and any(column.stored == stored for column in one.columns):
            return one, None
    if stream.first is None or stream.last is None:
        return None
    start, length = stream.first.timestamp(), (stream.last - stream.first).total_seconds()
    return stream, Window.from_epoch(start, start + max(min(FIRST_S, FIRST_SHARE * length), 1e-6))


def outside(reading: Reading, metric: Metric) -> tuple[Measured, ...]:
    """Cells outside of the range, exact: rollups tell which buckets have any, and the rows of no others are read."""
    top, below = np.zeros(len(reading.times)), np.zeros(len(reading.times))
    for stream, columns in reading.columns(metric):
        ranges: dict[str, tuple[float, float]] = {}
        places: dict[tuple[int, Window | None], list[str]] = {}
        for column in columns:
            place = reference_of(reading, stream, column.stored)
            if place is not None:
                places.setdefault((place[0].stream_id, place[1]), []).append(column.stored)
        for (stream_id, window), stored_here in places.items():
            ranges |= reading.store.extremes(stream_id, stored_here, window)
        if not ranges:
            continue
        (part,) = reading.store.moments(stream.stream_id, list(ranges), reading.window, reading.bucket_s)
        suspects = np.zeros(len(reading.times), dtype=bool)
        for stored, (low, high) in ranges.items():
            cells = part.columns[stored]
            below += cells.n
            suspects |= (cells.n > 0) & ((cells.min < low) | (cells.max > high))
        if suspects.any():
            scale = {stored: stream.named(stored).scale for stored in ranges}
            scan = reading.store.scan(stream.stream_id, reading.window, reading.bucket_s, reading.job)
            top += scan.outside({stored: (low / scale[stored], high / scale[stored])
                                 for stored, (low, high) in ranges.items()}, suspects)
    return (Measured("", divided(top, below), below),)


def unseen(reading: Reading, metric: Metric) -> tuple[Measured, ...]:
    """Cells whose value the reference has not. Columns of too many values are left out: they are text, or keys."""
    top, below = np.zeros(len(reading.times)), np.zeros(len(reading.times))
    for stream, columns in reading.columns(metric):
        known = {}
        for column in columns:
            place = reference_of(reading, stream, column.stored)
            values = reading.store.known_values(place[0].stream_id, column.stored, place[1]) if place else None
            if values:
                known[column.stored] = values
        if known:
            new, n = reading.store.scan(stream.stream_id, reading.window, reading.bucket_s, reading.job).unseen(known)
            top += new
            below += n
    return (Measured("", divided(top, below), below),)


def churn(reading: Reading, metric: Metric) -> tuple[Measured, ...]:
    """Users who did not come again. Known of buckets whose days are over when the log ends."""
    found = max(reading.columns(metric), key=lambda item: item[0].rows, default=None)
    if found is None or found[0].last is None:
        return ()
    within_s = reading.store.own.churn_days * DAY_S
    scan = reading.store.scan(found[0].stream_id, reading.window, reading.bucket_s, reading.job)
    gone, users = scan.gone_users(within_s)
    over = reading.times + reading.bucket_s + within_s <= found[0].last.timestamp()
    return (Measured("", np.where(over, divided(gone, users), np.nan), users),)


def classes(reading: Reading, metric: Metric) -> tuple[Measured, ...]:
    """One part a class, named after it."""
    found = max(reading.columns(metric), key=lambda item: item[0].rows, default=None)
    if found is None:
        return ()
    stream, (column, *_) = found
    split = reading.store.split_by(column.stored, reading.window, reading.job)
    parts = {part.series: part.rows for part in reading.store.moments(
        stream.stream_id, [], reading.window, reading.bucket_s, by=split, job=reading.job) if part.series}
    total = sum(parts.values(), np.zeros(len(reading.times)))
    order = [value for value in (*split.values, OTHER) if value in parts]
    return tuple(Measured(value, divided(parts[value], total), parts[value]) for value in order)


def own(reading: Reading, metric: Metric) -> tuple[Measured, ...]:
    """An expression of the user's, over the stream of requests with most rows that has its columns."""
    where = f"[[metric]] {metric.name}"
    if not reading.store.own.trusted:
        raise BadSettings(NOT_TRUSTED, where=where, do=HOW_TO_TRUST)
    found = chosen(reading, metric)
    if found is None:
        raise BadSettings("The log has no requests", where=where)
    stream, one = found
    values, n = reading.store.scan(stream.stream_id, reading.window, reading.bucket_s, reading.job).expression(one)
    return (Measured("", values, n),)


def chosen(reading: Reading, metric: Metric) -> tuple[StreamInfo, Compiled] | None:
    """The stream of requests with most rows that has the columns of one of the user's own, and the expression over it;
    None without requests, or where it may not be run. Raises BadSettings for what no stream can compute."""
    where = f"[[metric]] {metric.name}"
    if not reading.requests or not reading.store.own.trusted:
        return None
    refused: BadSettings | None = None
    for stream in sorted(reading.requests, key=lambda one: -one.rows):
        names = {column.stored: column.stored for column in stream.columns}
        names |= {column.name: column.stored for column in stream.columns}
        names |= {role.value: column.stored for role in Role if (column := stream.column(role)) is not None
                  and role.value not in names}
        try:
            return stream, compiled(metric.formula, names, where)
        except BadSettings as error:
            refused = refused or error
    assert refused is not None
    raise refused
