"""What *Over time* shows: how far each column lay from the reference in each bucket, and what kind of change it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from console.drift.result import NAN, Floats
from console.drift.view import Verdict
from console.window import Window

VARIES = 0.05
"""From this share of alarms on a column without a change of course varies."""


class DriftKind(StrEnum):
    """What became of a column, or of the log: the kinds of `course`, and two that no series of distances tells."""

    NONE = "none"
    SUDDEN = "sudden"
    GRADUAL = "gradual"
    RECURRING = "recurring"
    TRANSIENT = "transient"
    CONCEPT = "concept"      # outcomes no longer follow inputs and score as they did
    SCHEMA = "schema"        # a column came, went, or changed its type or unit
    TOO_FEW = "too_few"      # buckets or rows


class RowGroup(StrEnum):
    """Where in the pipeline a row belongs. The order is that in which causes go before effects."""

    INPUT = "input"
    PREDICTION = "prediction"
    RELATION = "relation"    # P(Y|X): outcomes at the same score
    OUTCOME = "outcome"      # P(Y)
    SERVING = "serving"      # latency, status, tokens


@dataclass(frozen=True, slots=True, eq=False)
class CourseRow:
    """One column over time, in `measure`: how far from the reference, beyond what chance gives.

    what        values | missing | rate | relation | ranking | residual
    values      shape (buckets,), signed for rates; NaN where nothing can be said
    n           shape (buckets,), values or outcomes behind each
    shades      shape (buckets,), 0 to 1: how strongly a cell is to be drawn; 0 for what does not matter
    alarms      shape (buckets,), whether the bucket alone would be an alarm: beyond chance in any of all cells, and far
    onset       the start of the first bucket that differs; low and high its 95 % interval (high is the last bucket's
                start); ends and switches as in Course
    size        the second level less the first, in shares of rows (0.01 is a point); signed
    runner_up, bic_gap   the next best kind, and by how much it is worse
    """

    column: str
    title: str
    what: str
    group: RowGroup
    measure: str                 # D | distance | points | AUC
    values: Floats
    n: Floats
    shades: Floats
    alarms: NDArray[np.bool_]
    kind: DriftKind = DriftKind.TOO_FEW
    verdict: Verdict = Verdict.TOO_FEW
    onset: datetime | None = None
    onset_low: datetime | None = None
    onset_high: datetime | None = None
    ends: datetime | None = None
    switches: tuple[int, ...] = ()
    size: float = NAN
    before: float = NAN
    after: float = NAN
    runner_up: str = ""
    bic_gap: float = NAN
    season: str = ""
    sentence: str = ""

    @property
    def varies(self) -> bool:
        """No change of course, and yet many buckets that are alarms by themselves: weather, or a time of day that the
        buckets do not show."""
        return self.kind is DriftKind.NONE and float(self.alarms.mean()) >= VARIES

    @property
    def moved(self) -> bool:
        """Whether there is a change that matters."""
        return self.kind not in (DriftKind.NONE, DriftKind.TOO_FEW)


@dataclass(frozen=True, slots=True)
class RegimeMatch:
    """The earlier stretch that a window is most like.

    like       no column lies further from it than the watch limit and chance allow
    distance   of the column that lies farthest, beyond chance
    """

    window: Window
    like: bool
    distance: float
    column: str
    sentence: str


@dataclass(frozen=True, slots=True, eq=False)
class CourseView:
    """The whole heat map: rows by how much they moved, buckets in time.

    reference   what all buckets are compared with
    current     the window that `match` is about
    starts_s    shape (buckets,), seconds since 1970
    rows_n      shape (buckets,), requests
    kind, onset   of the log as a whole; `sentence` says it
    """

    reference: Window
    current: Window
    starts_s: Floats
    bucket_s: float
    rows_n: Floats
    rows: tuple[CourseRow, ...]
    kind: DriftKind
    verdict: Verdict
    onset: datetime | None
    onset_low: datetime | None
    onset_high: datetime | None
    sentence: str
    match: RegimeMatch | None
    notes: tuple[str, ...]
    relative: bool
    seconds: float
    command: str

    def bucket(self, number: int) -> Window:
        """The time of a bucket."""
        start = float(self.starts_s[number])
        return Window.from_epoch(start, start + self.bucket_s)

    def around(self, row: CourseRow) -> tuple[Window, Window] | None:
        """The time before the onset and from it on, to be compared; None where there is none.

        Of a transient change the second ends with it. A reference that begins after the onset is as good as a time
        before.
        """
        if row.onset is None:
            return None
        onset_s, first = row.onset.timestamp(), float(self.starts_s[0])
        last = float(self.starts_s[-1]) + self.bucket_s
        if row.kind is DriftKind.TRANSIENT and row.ends is not None:
            last = row.ends.timestamp()
        if not first < onset_s < last:
            return None
        return Window.from_epoch(first, onset_s), Window.from_epoch(onset_s, last)
