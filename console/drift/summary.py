"""The log as a whole, over time: which kind of change it shows, since when, in one sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from console.drift.course_view import CourseRow, DriftKind, RowGroup
from console.drift.courses import Axis, relative_size
from console.drift.view import Verdict
from console.drift.words import quoted
from console.metrics.format import format_number, format_time, format_window
from console.window import Window

WEEK_S, DAY_S = 604_800.0, 86_400.0
SLACK_BUCKETS = 2
"""Changes that begin so near each other may be one."""
NAMED_AT_MOST = 3
KIND_WORDS = {DriftKind.SUDDEN: "Sudden drift", DriftKind.GRADUAL: "Gradual drift",
              DriftKind.RECURRING: "Recurring drift", DriftKind.TRANSIENT: "Drift for a time"}


@dataclass(frozen=True, slots=True)
class Summary:
    """See CourseView."""

    kind: DriftKind
    verdict: Verdict
    onset: datetime | None
    onset_low: datetime | None
    onset_high: datetime | None
    sentence: str


def summary(rows: Sequence[CourseRow], axis: Axis, columns: int) -> Summary:
    """Of rows in the order of `by_size`."""
    if not rows:
        return Summary(DriftKind.TOO_FEW, Verdict.TOO_FEW, None, None, None, "No column to look at over time.")
    changed = [row for row in rows if row.kind is DriftKind.SCHEMA]
    if changed:
        return _schema(changed, axis)
    data = [row for row in rows if row.moved and row.group in (RowGroup.INPUT, RowGroup.PREDICTION)]
    relation = [row for row in rows if row.moved and row.group is RowGroup.RELATION]
    first = min(relation, key=_sureness) if relation else None
    if first is not None and not any(_meet(first, row, axis) for row in data):
        if not data or max(map(relative_size, relation)) >= relative_size(data[0]):
            return _of(first, DriftKind.CONCEPT, f"Concept drift since {_at(first, axis)}: {first.sentence} "
                                                 f"{_inputs(data)}")
    rest = [row for row in rows if row.moved and row not in data and row not in relation]
    moved = data or relation or rest
    if not moved:
        few = all(row.kind is DriftKind.TOO_FEW for row in rows)
        kind = DriftKind.TOO_FEW if few else DriftKind.NONE
        vary = list(dict.fromkeys(quoted(row.column) for row in rows if row.varies))
        unsteady = f"; {', '.join(vary[:NAMED_AT_MOST])} {'varies' if len(vary) == 1 else 'vary'}" if vary else ""
        told = f"{len(axis.starts_s)} buckets ({columns} columns{unsteady})"
        said = "Too few buckets with enough rows to say." if few else \
            f"No column left the reference's way for good in {told}."
        return Summary(kind, Verdict.TOO_FEW if few else Verdict.NONE, None, None, None, said)
    first = max(moved, key=lambda row: (row.verdict is Verdict.ALARM, relative_size(row)))
    alike = [row for row in moved if row.kind is first.kind]
    names = list(dict.fromkeys(quoted(row.column) for row in alike))
    more = f" and {len(names) - NAMED_AT_MOST} more" if len(names) > NAMED_AT_MOST else ""
    others = len({row.column for row in moved}) - len(names)
    beside = f"; {others} other {'column' if others == 1 else 'columns'} moved in another way" if others > 0 else ""
    also = "; outcomes no longer follow the score as they did" if data and relation else ""
    since = "from" if first.kind is DriftKind.TRANSIENT else "since"
    return _of(first, first.kind, f"{KIND_WORDS[first.kind]} {since} {_at(first, axis)} in "
                                  f"{', '.join(names[:NAMED_AT_MOST])}{more}{beside}{also}.")


def match_words(window: Window, like: bool, distance: float, column: str, *, relative: bool,
                since: datetime | None = None) -> str:
    """`Like the week of 3 May: no column lies further from it than 0.02 (price).`

    since  when the last change was, where the time from it on is likened and no current window
    """
    told = _stretch(window, relative)
    now = "The current window" if since is None else f"The time since {format_time(since, relative=relative)}"
    far = format_number(round(distance, 3)) if distance >= 0.001 else "0.001"
    if like:
        return f"{now} is like {told}: no column lies further from it than {far} ({quoted(column)})."
    return f"{now} is like no time before; {told} is nearest, {far} away in {quoted(column)}."


def _stretch(window: Window, relative: bool) -> str:
    """`the week of 3 May`, `4 May`, or the window."""
    start = window.start
    if relative:
        return format_window(window, relative=True)
    if abs(window.seconds - WEEK_S) <= DAY_S:
        return f"the week of {start.day} {start.strftime('%b')}"
    return format_window(window)


def _sureness(row: CourseRow) -> tuple[bool, float, float]:
    """Of several rows about one relation the one that knows best when it changed comes first: that with one change, and
    the narrowest interval for it."""
    several = row.kind in (DriftKind.RECURRING, DriftKind.TRANSIENT)
    wide = (row.onset_high - row.onset_low).total_seconds() if row.onset_high and row.onset_low else math.inf
    return several, wide, -relative_size(row)


def _schema(changed: Sequence[CourseRow], axis: Axis) -> Summary:
    first = min(changed, key=lambda row: (row.onset is None, row.onset))
    told = list(dict.fromkeys(row.sentence for row in sorted(changed, key=lambda row: (row.onset is None, row.onset))))
    said = " ".join(told[:NAMED_AT_MOST])
    more = f" And {len(told) - NAMED_AT_MOST} more." if len(told) > NAMED_AT_MOST else ""
    return _of(first, DriftKind.SCHEMA, f"The schema changed: {said}{more}")


def _of(row: CourseRow, kind: DriftKind, sentence: str) -> Summary:
    return Summary(kind, row.verdict, row.onset, row.onset_low, row.onset_high, sentence)


def _at(row: CourseRow, axis: Axis) -> str:
    return format_time(row.onset, relative=axis.relative) if row.onset is not None else "the beginning"


def _inputs(data: Sequence[CourseRow]) -> str:
    if not data:
        return "Inputs and predictions did not move."
    return f"What else moved ({', '.join(quoted(row.column) for row in data[:NAMED_AT_MOST])}) did so at another time."


def _meet(one: CourseRow, other: CourseRow, axis: Axis) -> bool:
    """Whether both may have begun together."""
    if one.onset is None or other.onset is None or one.onset_low is None or other.onset_low is None \
            or one.onset_high is None or other.onset_high is None:
        return False
    slack = SLACK_BUCKETS * axis.bucket_s
    return (one.onset_low.timestamp() - slack <= other.onset_high.timestamp()
            and other.onset_low.timestamp() - slack <= one.onset_high.timestamp())
