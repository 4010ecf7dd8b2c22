"""Which columns rollups count, and in which unit numbers leave the store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from console.roles import INPUT_ROLES, TIME_ROLES, ColumnType, Role, StreamKind
from console.store.model import ColumnInfo, StreamInfo

MOST_COLUMNS = 200

TO_MS = {"ns": 1e-6, "us": 1e-3, "ms": 1.0, "s": 1e3, "min": 6e4, "h": 3.6e6}
TO_MB = {"b": 1 / 1024**2, "kb": 1 / 1024, "kib": 1 / 1024, "mb": 1.0, "mib": 1.0, "gb": 1024.0, "gib": 1024.0,
         "tb": 1024.0**2, "tib": 1024.0**2}
"""By 1,024, as the servers' own tools count."""

NEVER = (Role.REQUEST_ID, Role.USER_ID, Role.IGNORED, *TIME_ROLES)
COUNTED_TEXT = (*INPUT_ROLES, Role.PREDICTION, Role.SCORE, Role.LABEL, Role.CLICKED, Role.STATUS)
"""Text has no moments, but how often it is missing is known for these."""

BINNED = (Role.LATENCY, Role.TIME_TO_FIRST_TOKEN, Role.INPUT_TOKENS, Role.OUTPUT_TOKENS, Role.SCORE, Role.PREDICTION)
"""Read as percentiles or as distributions, so that logarithmic bins are kept."""

ON_TIME_AXIS = (StreamKind.REQUESTS, StreamKind.SAMPLES)


def scale_of(role: Role | None, unit: str) -> float:
    """Canonical value = stored value * scale: durations in ms, memory in MB, all else as it is."""
    match role:
        case Role.LATENCY | Role.TIME_TO_FIRST_TOKEN:
            return TO_MS.get(unit.lower(), 1.0)
        case Role.MEMORY:
            return TO_MB.get(unit.lower(), 1.0)
        case _:
            return 1.0


def settled(kind: StreamKind, columns: Iterable[ColumnInfo]) -> tuple[ColumnInfo, ...]:
    """The columns with `rolled` and `scale` as their roles have it; at most MOST_COLUMNS, those with a role first."""
    columns = tuple(columns)
    wanted = [column for column in columns if kind in ON_TIME_AXIS and (has_moments(column) or has_count(column))]
    wanted.sort(key=lambda column: (column.role is None, column.role is Role.FEATURE, column.number))
    chosen = {column.number for column in wanted[:MOST_COLUMNS]}
    return tuple(replace(column, rolled=column.number in chosen, scale=scale_of(column.role, column.unit))
                 for column in columns)


def has_moments(column: ColumnInfo) -> bool:
    """Whether sums are kept of it."""
    if column.role in NEVER:
        return False
    numeric = column.type in (ColumnType.NUMBER, ColumnType.FLAG)
    return numeric and (column.kept in (ColumnType.NUMBER, ColumnType.FLAG) or column.role is not None)


def has_count(column: ColumnInfo) -> bool:
    """Whether its missing cells are counted at least."""
    return column.role in COUNTED_TEXT


def is_binned(column: ColumnInfo) -> bool:
    """Whether percentiles are kept of it."""
    return column.rolled and has_moments(column) and column.role in BINNED


def rolled_columns(stream: StreamInfo) -> tuple[ColumnInfo, ...]:
    """Those that rollups count."""
    return tuple(column for column in stream.columns if column.rolled)
