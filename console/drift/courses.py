"""From distances over time to rows: the kind of change, whether it matters, since when, and one sentence."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

import numpy as np
from numpy.typing import NDArray

from console.drift.course import Course, CourseKind, course
from console.drift.course_view import CourseRow, DriftKind, RowGroup
from console.drift.over_time import Distances, Flags, Rates
from console.drift.proportions import two_proportions
from console.drift.result import Floats
from console.drift.season import WEEK
from console.drift.verdict import LEVEL, Scale, limits
from console.drift.view import Verdict
from console.drift.words import quoted, shares_from_to
from console.errors import TooFewRows
from console.metrics.format import format_number, format_time
from console.window import from_epoch

AUC_LIMITS = (0.05, 0.10)
"""Where watching and alarm begin for how well the score ranks. Useful models of clicks lie between 0.6 and 0.8: a tenth
is half of what the least of them is worth."""
STRONG = 5.0
"""A cell has its full shade at so many times the alarm limit."""
FAINT = 0.06
"""The shade of a cell that lies beyond the watch limit, and may do so by chance."""
LITTLE = 2.0
"""Below this gap of BIC the runner-up is named."""
SEASONS = {"day": "the time of day", "week": "the day of the week", "day and week": "the time of day and of the week"}
KINDS = {CourseKind.NONE: DriftKind.NONE, CourseKind.SUDDEN: DriftKind.SUDDEN, CourseKind.GRADUAL: DriftKind.GRADUAL,
         CourseKind.RECURRING: DriftKind.RECURRING, CourseKind.TRANSIENT: DriftKind.TRANSIENT}
DOES = {DriftKind.SUDDEN: "{what} at once", DriftKind.GRADUAL: "{what} gradually",
        DriftKind.RECURRING: "{what} and came back, again and again", DriftKind.TRANSIENT: "{what} for a time"}


@dataclass(frozen=True, slots=True, eq=False)
class Axis:
    """The buckets. `inside` says which are parts of the reference; `cells` is how many cells there are in all rows."""

    starts_s: Floats
    bucket_s: float
    relative: bool
    inside: Flags
    rows: int = 1                # of the map: so many series are looked at together

    @property
    def cells(self) -> int:
        """Of the whole map."""
        return max(1, self.rows * len(self.starts_s))

    @property
    def hour_of_week(self) -> float | None:
        """Of the first bucket's start, 0 for Monday, 0:00; None where the log has no dates."""
        if self.relative:
            return None
        start = datetime.fromtimestamp(float(self.starts_s[0]), UTC)
        return (start.weekday() * 24 + start.hour + start.minute / 60 + start.second / 3600) % WEEK

    def time(self, bucket: int | None) -> datetime | None:
        """When a bucket begins; one past the last is the end."""
        return None if bucket is None else from_epoch(float(self.starts_s[0]) + bucket * self.bucket_s)


def values_row(column: str, group: RowGroup, found: Distances, axis: Axis, *, ordered: bool, title: str = "",
               what: str = "values") -> CourseRow:
    """The values of a column, or what a prediction missed it by: D or the total variation distance."""
    line = CourseRow(column, title or column, what, group, "D" if ordered else "distance", found.effect, found.n,
                     *_cells(found.effect, found.p, limits(Scale.DISTANCE), axis))
    shape, kind = _course(found.leaning, found.n, axis, limits(Scale.DISTANCE)[0], _half)
    word = ("rose" if shape.size > 0 else "fell") if ordered and shape else "changed"
    fact = f"{line.measure} {format_number(abs(shape.size))}" if shape else ""
    return _told(line, shape, kind, axis, limits(Scale.DISTANCE), word, fact, line.measure)


def rate_row(column: str, title: str, what: str, group: RowGroup, found: Rates, axis: Axis) -> CourseRow:
    """A share of rows: missing cells, clicks, errors, outcomes at the same score."""
    line = CourseRow(column, title, what, group, "points", found.effect, found.n,
                     *_cells(found.effect, found.p, limits(Scale.RATE), axis))
    shape, kind = _course(found.effect, found.n, axis, limits(Scale.RATE)[0],
                          _half if found.hits is None else partial(_of_counts, found.hits))
    word = "rose" if shape and shape.size > 0 else "fell"
    fact = ""
    if shape and what == "relation":
        fact = f"{shape.size * 100:+.2g} points beside what the score had led to expect"
    elif shape:
        fact = shares_from_to(*(min(1.0, max(0.0, found.reference + level)) for level in (shape.before, shape.after)))
    return _told(line, shape, kind, axis, limits(Scale.RATE), word, fact, "points")


def ranking_row(column: str, title: str, found: Rates, axis: Axis) -> CourseRow:
    """How well the score puts outcomes in order: AUC less that of the reference."""
    line = CourseRow(column, title, "ranking", RowGroup.RELATION, "AUC", found.effect, found.n,
                     *_cells(found.effect, found.p, AUC_LIMITS, axis))
    shape, kind = _course(found.effect, found.n, axis, AUC_LIMITS[0])
    word = "rose" if shape and shape.size > 0 else "fell"
    fact = (f"AUC {found.reference + shape.before:.2f} → {found.reference + shape.after:.2f}") if shape else ""
    return _told(line, shape, kind, axis, AUC_LIMITS, word, fact, "AUC")


def schema_row(row: CourseRow, what: str, at: datetime) -> CourseRow:
    """The same column, for which something else than its values changed: that explains all the rest."""
    return replace(row, kind=DriftKind.SCHEMA, verdict=Verdict.ALARM, onset=at, onset_low=at, onset_high=at, ends=None,
                   sentence=what)


def by_size(rows: Sequence[CourseRow]) -> tuple[CourseRow, ...]:
    """What matters most first: alarms, watches, the rest; within these by size, measured in alarm limits."""
    order = list(Verdict)
    schema = {DriftKind.SCHEMA: 0}
    return tuple(sorted(rows, key=lambda row: (order.index(row.verdict), schema.get(row.kind, 1),
                                               -relative_size(row), row.column, row.what)))


def relative_size(row: CourseRow) -> float:
    """In alarm limits; of what has not moved the largest cell decides, so that the table's end is in order too."""
    alarm = alarm_limit(row)
    if row.moved and math.isfinite(row.size):
        return abs(row.size) / alarm
    known = row.values[np.isfinite(row.values)]
    return float(np.abs(known).max()) / alarm / 100 if len(known) else 0.0


def alarm_limit(row: CourseRow) -> float:
    """Of its measure."""
    return AUC_LIMITS[1] if row.what == "ranking" else limits(
        Scale.RATE if row.measure == "points" else Scale.DISTANCE)[1]


def _cells(effect: Floats, p: Floats, at: tuple[float, float], axis: Axis) -> tuple[Floats, NDArray[np.bool_]]:
    """Shades and alarms."""
    watch, alarm = at
    size = np.where(np.isfinite(effect), np.abs(effect), 0.0)
    surely = np.where(np.isfinite(p), p, 1.0) < LEVEL / axis.cells
    seen = np.sqrt(np.clip((size - watch / 2) / (STRONG * alarm - watch / 2), 0.0, 1.0))
    shades: Floats = np.where(surely, seen, np.where(size >= watch, FAINT, 0.0))
    return shades, surely & (size >= alarm)


def _half(found: Course, n: Floats, before: Flags, after: Flags) -> float:
    """p of a share of rows that moved by so much, whatever it was: no share is less sure than a half."""
    spread = 0.5 * math.sqrt(1 / max(float(n[before].sum()), 1.0) + 1 / max(float(n[after].sum()), 1.0))
    return math.erfc(abs(found.size) / spread / math.sqrt(2))


def _of_counts(hits: Floats, _found: Course, n: Floats, before: Flags, after: Flags) -> float:
    """p of two shares; of few hits the exact one."""
    counts = [round(float(each[side].sum())) for side in (before, after) for each in (hits, n)]
    return two_proportions(*counts).p_value if counts[1] and counts[3] else 1.0


def _sides(found: Course, buckets: int) -> tuple[Flags, Flags]:
    """Buckets on the first level and on the second."""
    at = np.arange(buckets)
    if found.kind is CourseKind.GRADUAL and found.onset is not None and found.ends is not None:
        return at < found.onset, at >= (found.onset + found.ends) / 2
    turns = (at[:, None] >= np.array(found.switches)[None, :]).sum(axis=1)
    return turns % 2 == 0, turns % 2 == 1


def _course(series: Floats, n: Floats, axis: Axis, watch: float,
            p_of: Callable[[Course, Floats, Flags, Flags], float] | None = None) -> tuple[Course | None, DriftKind]:
    """The course, and its kind where it is of a size that matters, and beyond what rows so few do by chance: among
    noughts a single row would be a change without a doubt.

    p_of  of the two levels
    """
    weights = np.where(np.isfinite(series), n, 0.0)
    try:
        found = course(series, weights=weights, bucket_hours=axis.bucket_s / 3600, hour_of_week=axis.hour_of_week,
                       among=axis.rows)
    except TooFewRows:
        return None, DriftKind.TOO_FEW
    if found.kind is CourseKind.NONE or abs(found.size) < watch:
        return found, DriftKind.NONE
    if p_of is not None and not p_of(found, weights, *_sides(found, len(weights))) < LEVEL / axis.cells:
        return found, DriftKind.NONE
    return found, KINDS[found.kind]


def _told(row: CourseRow, found: Course | None, kind: DriftKind, axis: Axis, at: tuple[float, float], word: str,
          fact: str, measure: str) -> CourseRow:
    name = quoted(row.column) if row.title == row.column else row.title
    if found is None:
        return replace(row, sentence=f"{name}: too few buckets with enough rows to say.")
    watch, alarm = at
    if kind is DriftKind.NONE:
        beside = f", but for {SEASONS[found.season]}" if found.season else ""
        largest = float(np.nanmax(np.abs(row.values)))
        small = found.kind is not CourseKind.NONE           # a change, and too little to matter
        alone = int(row.alarms.sum())
        said = f"{name} stayed as in the reference{beside}; no bucket lies further than {_size(largest, measure)}."
        if alone:
            said = f"{name} shows no lasting change{beside}; by themselves {alone} of {len(row.alarms)} buckets " \
                   f"would be an alarm, up to {_size(largest, measure)}."
        return replace(row, kind=kind, verdict=Verdict.NONE, size=found.size, before=found.before, after=found.after,
                       runner_up=str(found.kind if small else found.runner_up),
                       bic_gap=math.nan if small else found.bic_gap, season=found.season, sentence=said)
    verdict = Verdict.ALARM if abs(found.size) >= alarm else Verdict.WATCH
    limit = f"{'alarm' if verdict is Verdict.ALARM else 'watch'} at " \
            f"{_size(alarm if verdict is Verdict.ALARM else watch, measure)}"
    doubt = "" if found.bic_gap >= LITTLE else "; it may be chance" if found.runner_up is CourseKind.NONE else \
        f"; {found.runner_up} fits nearly as well"
    season = f", beside {SEASONS[found.season]}" if found.season else ""
    said = f"{name} {DOES[kind].format(what=word)}, {when(found, kind, axis)}: {fact} ({limit}){season}{doubt}."
    return replace(row, kind=kind, verdict=verdict, onset=axis.time(found.onset), onset_low=axis.time(found.onset_low),
                   onset_high=axis.time(found.onset_high), ends=axis.time(found.ends), switches=found.switches,
                   size=found.size, before=found.before, after=found.after, runner_up=str(found.runner_up),
                   bic_gap=found.bic_gap, season=found.season, sentence=said)


def when(found: Course, kind: DriftKind, axis: Axis) -> str:
    """`on 18 Mar 2026 19:12 UTC (12:00 to 20:00)`, `from ... to ...`: as exact as it is known."""
    start = axis.time(found.onset)
    assert start is not None, "a change has an onset"
    told = format_time(start, relative=axis.relative)
    low, high = found.onset_low, found.onset_high
    if low is not None and high is not None and high > low:
        first, last = axis.time(low), axis.time(high + 1)
        assert first is not None and last is not None, "both lie on the axis"
        told += f" ({short(first, axis.relative)} to {short(last, axis.relative)})"
    ends = axis.time(found.ends)
    if kind is DriftKind.TRANSIENT and ends is not None:
        return f"from {told} to {format_time(ends, relative=axis.relative)}"
    if kind is DriftKind.GRADUAL:
        done = found.ends is not None and found.ends < len(axis.starts_s) - 1 and ends is not None
        return f"from {told} " + (f"to {format_time(ends, relative=axis.relative)}" if done and ends else "on")
    if kind is DriftKind.RECURRING:
        return f"{len(found.switches)} changes, the first on {told}"
    return f"on {told}" if not axis.relative else f"at {told}"


def short(at: datetime, relative: bool) -> str:
    """`18 Mar 12:00`: beside a time that names the year."""
    text = format_time(at, relative=relative)
    return text.removesuffix(" from the start") if relative else f"{at.day} {at.strftime('%b %H:%M')}"


def _size(value: float, measure: str) -> str:
    if measure == "points":
        points = f"{abs(value) * 100:.2g}"
        return f"{points} {'point' if points == '1' else 'points'}"
    return f"{measure} {abs(value):.2f}"
