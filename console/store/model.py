"""The values that the store hands out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.roles import RELATIVE, ColumnType, Role, StreamKind, TimeFormat

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """One column of a stream, with the role it has now.

    kept     how its cells lie in the raw table; `type` may say otherwise after a correction, rows are not rewritten
    number   its number in rollups (`sum_3`): given once, never again
    naive    a time without a zone: the raw table has the clock of the log, `_ts` and views have UTC
    rolled   whether rollups count it
    scale    canonical value = stored value * scale (ms for durations, MB for memory); 1 otherwise
    """

    name: str
    stored: str
    type: ColumnType
    role: Role | None
    unit: str = ""
    time_format: TimeFormat | None = None
    why: str = ""
    samples: tuple[str, ...] = ()
    chosen: bool = False
    rolled: bool = False
    scale: float = 1.0
    kept: ColumnType = ColumnType.TEXT
    number: int = 0
    naive: bool = False


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """One stream as it lies in the workspace.

    first, last  of its rows with a time; None without such
    step_s       typical distance of neighbouring distinct times in seconds; 0 when there are not two
    split_s      the finest level at which rollups keep series apart; 0 before there are rollups
    bins_s       the finest level that has bins; 0 before there are rollups
    half_of      the stream whose rows these complete by request id: its own name where both halves lie in it; "": none
    answers      the second half is the response: without one the request failed
    dialect      the form of its files that was recognised; "" for plain tables
    joins        its rows and others, or its rows alone, may be halves of one event (see `halves`)
    awaits       its requests have their responses in other rows: `_filled` tells whether they came
    """

    stream_id: int
    name: str
    kind: StreamKind
    format: str
    why: str
    zone: str
    zone_assumed: bool
    table: str
    columns: tuple[ColumnInfo, ...]
    rows: int = 0
    first: datetime | None = None
    last: datetime | None = None
    step_s: float = 0.0
    split_s: int = 0
    bins_s: int = 0
    half_of: str = ""
    answers: bool = False
    dialect: str = ""
    joins: bool = False
    awaits: bool = False
    _by_role: Mapping[Role | None, ColumnInfo] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_role", {column.role: column for column in reversed(self.columns)})

    @property
    def rows_sql(self) -> str:
        """What stands after FROM for its events: all rows but those that were merged into the row they complete."""
        return f"(SELECT * FROM {self.table} WHERE _half IS DISTINCT FROM 2)" if self.half_of else self.table

    def column(self, role: Role) -> ColumnInfo | None:
        """The first column with that role."""
        return self._by_role.get(role)

    @property
    def relative(self) -> bool:
        """Whether its times count from a start that the log does not name (see `console.window.RELATIVE_START`)."""
        column = self.column(Role.TIMESTAMP)
        return column is not None and column.time_format in RELATIVE

    def columns_of(self, *roles: Role) -> tuple[ColumnInfo, ...]:
        """All columns with one of these roles, in the order of the log."""
        return tuple(column for column in self.columns if column.role in roles)

    def named(self, stored: str) -> ColumnInfo:
        """The column of that stored name; raises KeyError."""
        for column in self.columns:
            if column.stored == stored:
                return column
        raise KeyError(stored)


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over the workspace; events are requests.

    rows_read  records as they were cut from files: when none is lost, rows_loaded + rows_quarantined + rows_ignored
    rejected   files that should be logs but could not be read; `files` are without them
    """

    files: int = 0
    rows_read: int = 0
    rows_loaded: int = 0
    rows_quarantined: int = 0
    rows_ignored: int = 0
    events: int = 0
    outcomes: int = 0
    samples: int = 0
    reference: int = 0
    rejected: int = 0
    first: datetime | None = None
    last: datetime | None = None


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file of the ledger: what it is known by, and how far it was read."""

    file_id: int
    path: str
    stream_id: int | None
    format: str
    compression: str
    device: int = 0
    inode: int = 0
    size: int = 0
    mtime_ns: int = 0
    offset: int = 0
    records: int = 0
    next_record: int = 0
    prefix_digest: str = ""
    anchor: str = ""
    header: str = ""
    state: str = "loading"
    reason: str = ""
    rows_loaded: int = 0
    rows_quarantined: int = 0
    rows_ignored: int = 0
    ignored: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of one batch.

    quarantined     (record, reason, raw) of rows that have no usable time; they were not inserted
    quarantined_in  the file of each of them
    files           rows inserted, by file
    """

    rows: int
    quarantined: list[tuple[int, str, str]]
    quarantined_in: list[int] = field(default_factory=list)
    files: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class ColumnMoments:
    """One column, bucket by bucket, in its canonical unit; min and max are NaN where n is 0."""

    n: Floats
    n_missing: Floats
    sum: Floats
    sumsq: Floats
    min: Floats
    max: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Dense numbers over a regular grid, aligned to 1970. times are the starts of buckets, in seconds."""

    series: str
    times: Floats
    rows: Floats
    columns: Mapping[str, ColumnMoments]


@dataclass(frozen=True, slots=True, eq=False)
class PercentileSeries:
    """Nearest-rank percentiles over the same grid; NaN where n is 0."""

    series: str
    times: Floats
    n: Floats
    values: Mapping[float, Floats]


@dataclass(frozen=True, slots=True, eq=False)
class AnsweredRows:
    """Requests in the order of time, with their answer and outcome; arrays of one length.

    at_s, told_s    seconds since 1970 of the request and of its outcome; NaN where there is none
    score, choice   the number that is compared with the outcome, and the one that was decided for; NaN missing
    word            the answer as text or None; truth, true_word   the outcome, likewise
    cells           of columns that were asked for, by name: numbers in the canonical unit, or texts and None
    expression      of a user, where one was asked for; NaN otherwise
    """

    at_s: Floats
    told_s: Floats
    score: Floats
    choice: Floats
    word: NDArray[np.object_]
    truth: Floats
    true_word: NDArray[np.object_]
    cells: Mapping[str, Any]
    expression: Floats
