"""Columns that stand still: a feature that a pipeline no longer renews keeps its last value, and no count of missing
cells shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from console.metrics.catalogue import Metric
from console.metrics.parts import Measured, Sum, divided
from console.metrics.view import Floats
from console.roles import ColumnType, Role
from console.window import Window

if TYPE_CHECKING:
    from console.metrics.measure import Reading
    from console.store import ColumnInfo

Flags = NDArray[np.bool_]

FEW = 10.0
"""Minus the logarithm of the chance from which on it is no accident: one in twenty thousand."""


def changes(reading: Reading, metric: Metric) -> tuple[Measured, ...]:
    """Share of the columns that do not stand still: from the least and the greatest value of each bucket, exact.

    A column is judged where it has values in the bucket and in the one before; that one is read beyond the window, so
    that a number does not depend on where the window begins. It stands still when all of these are one value, and when
    that is no accident, by how often short stretches of the log's first day stood still: a rare flag is mostly zero.
    """
    before = Window.from_epoch(reading.window.start_s - reading.bucket_s, reading.window.end_s)
    sums: dict[str, Sum] = {}
    for stream, columns in reading.columns(metric):
        by = reading.by if not isinstance(reading.by, Role) or stream.column(reading.by) else None
        early = reading.store.early(stream.stream_id, [column.stored for column in columns])
        for part in reading.store.moments(stream.stream_id, [column.stored for column in columns], before,
                                          reading.bucket_s, by=by, job=reading.job):
            size = len(reading.times)
            total = sums.setdefault(part.series, Sum(np.zeros(size), np.zeros(size)))
            for column in columns:
                cells = part.columns[column.stored]
                both = (cells.n[1:] > 0) & (cells.n[:-1] > 0)
                low, high = np.fmin(cells.min[1:], cells.min[:-1]), np.fmax(cells.max[1:], cells.max[:-1])
                moved = both & (low != high)
                usual = early.get(column.stored)
                certain = (usual.accident(cells.n[1:] + cells.n[:-1]) >= FEW) if usual is not None else ~both
                total.top += moved
                total.below += moved | (both & certain)
    return tuple(Measured(by, divided(total.top, total.below), total.below) for by, total in sums.items())


def unchanged(reading: Reading, metric: Metric) -> tuple[Measured, ...]:
    """How long a column has had one and the same value, in seconds. Numbers from rollups; words are read from rows."""
    found = reading.columns(metric)
    if not found:
        return ()
    stream, (column, *_) = max(found, key=lambda item: item[0].rows)
    if is_numeric(column):
        (part,) = reading.store.moments(stream.stream_id, [column.stored], reading.window, reading.bucket_s)
        cells = part.columns[column.stored]
        n, ends = cells.n, list(zip(cells.min.tolist(), cells.max.tolist(), strict=True))
    else:
        scan = reading.store.scan(stream.stream_id, reading.window, reading.bucket_s, reading.job)
        low, high = scan.extremes(column.stored)
        n, ends = np.array([value is not None for value in low], dtype=np.float64), list(zip(low, high, strict=True))
    return (Measured("", _since(n > 0, ends, reading.bucket_s), n),)


def is_numeric(column: ColumnInfo) -> bool:
    """Whether rollups have its least and greatest value."""
    numeric = (ColumnType.NUMBER, ColumnType.FLAG)
    return column.rolled and column.type in numeric and column.kept in numeric


def _since(known: Flags, ends: list[tuple[Any, Any]], bucket_s: int) -> Floats:
    """Seconds from the end of the bucket of the last change to the end of each bucket that has values."""
    values = np.full(len(known), np.nan)
    changed, value = -1, None
    for index in np.flatnonzero(known):
        low, high = ends[index]
        if low != high or (value is not None and low != value):
            changed = int(index)
        value = high if low == high else None
        values[index] = (index - changed) * bucket_s
    return values
