"""What "what changed since" shows: a moment, and what moved around and after it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from console.window import Window

SEEN_BEFORE, LEAST_SEEN = 0.5, 20
"""Of a change's length so much is looked at before it began, and at least so many buckets."""


class ChangeKind(StrEnum):
    """What it is that changed."""

    SCHEMA = "schema"        # a column came, went, or was renamed
    VERSION = "version"      # a model version came, went, or got another share of the requests
    TRAFFIC = "traffic"      # requests a second
    COLUMN = "column"        # what stands in a column: its level, its spread, its values, its missing cells
    METRIC = "metric"        # a number of the catalogue, or a series of samples
    SEGMENT = "segment"      # a metric within one version or host, while it stood still elsewhere


@dataclass(frozen=True, slots=True)
class Trace:
    """How a number went, small: evenly spaced means in its unit, NaN where there is nothing; from `first` on, and
    before `last`, it was as the change says."""

    values: tuple[float, ...]
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One thing that moved, and one sentence about it.

    name        the metric's key, or the column's name in the log
    segment     "model_version=ctr-v2", "device=phone"; "" when it is about all requests
    onset       when it began; it lies between `onset_from` and `onset_to` (about 95 %)
    ended       when it went back; None where it lasts to the end of what was looked at
    before      what was to be expected at these hours; nan where there was nothing
    after       what it was instead; of a slope its level at the end
    effect      how far it moved, in the measure that `effect_name` names
    strength    effect / the effect from which on a change of its kind matters; below 1 the row is weak
    p_value     of so large a shift anywhere in the stretch by chance; nan for what is counted and not tested
    weak        it may be nothing: small, or explained by the time of week; `why_weak` says which
    chart       the chart that shows it, "" for none;  column: the column to open, "" for none
    only_in     of a metric of all requests the parts ("model_version=ctr-v2") that its move comes from
    trace       its course around the change; None for what has none
    """

    kind: ChangeKind
    name: str
    segment: str
    title: str
    unit: str
    group: str
    step: str
    onset: datetime
    onset_from: datetime
    onset_to: datetime
    ended: datetime | None
    before: float
    after: float
    effect: float
    effect_name: str
    strength: float
    p_value: float
    weak: bool
    why_weak: str
    sentence: str
    chart: str
    column: str
    only_in: tuple[str, ...] = ()
    trace: Trace | None = field(default=None, compare=False, repr=False)

    @property
    def part(self) -> str:
        """The one part that it is about, or that it comes from: "host=serve-1"; "" where all moved."""
        return next((one for one in (self.segment, *self.only_in[:1]) if "=" in one), "")


@dataclass(frozen=True, slots=True)
class ChangesView:
    """The answer to "what changed since". Rows begin with what began first and is large; weak ones come last.

    since      the stretch in which a beginning was looked for: from before `at`, for a time is often typed late
    reference  what it is compared with; None where that is the training data, or nothing
    notes      what could not be looked at, and why; how rows were sampled
    """

    at: datetime
    since: Window
    reference: Window | None
    reference_name: str
    bucket_s: int
    rows: tuple[ChangeRow, ...]
    notes: tuple[str, ...]
    sentence: str
    command: str
    seconds: float
    relative: bool = False

    def around(self, row: ChangeRow) -> Window:
        """What to look at to see it begin, and end where it did; never beyond what the answer knows."""
        stop = min(row.ended or self.since.end, self.since.end)
        least = timedelta(seconds=LEAST_SEEN * self.bucket_s)
        before = max((stop - row.onset) * SEEN_BEFORE, row.onset - row.onset_from, least)
        after = min(max((stop - row.onset) * SEEN_BEFORE, least), max(self.since.end - stop, timedelta(0)))
        return Window(row.onset - before, max(stop + after, row.onset + timedelta(seconds=self.bucket_s)))

    def current(self, row: ChangeRow, visible: Window | None = None) -> Window:
        """The time in which it was so: from its beginning to its end; where it lasts, to the end of what is visible,
        or of what was looked at where that lies before."""
        end = row.ended
        if end is None or end <= row.onset:
            end = self.since.end
            if visible is not None and row.onset < visible.end < end:
                end = visible.end
        return Window(row.onset, max(end, row.onset + timedelta(seconds=self.bucket_s)))

    def as_text(self) -> str:
        """The whole answer to send to somebody: plain lines, the command that gives it again last."""
        lines = [self.sentence, *(f"- {row.sentence}" for row in self.rows if not row.weak)]
        weak = [row for row in self.rows if row.weak]
        lines += ["May be nothing:", *(f"- {row.sentence}" for row in weak)] if weak else []
        compared = f"Compared with {self.reference_name}." if self.reference is not None else ""
        lines += [*self.notes, compared, self.command]
        return "\n".join(line for line in lines if line)
