"""What is shown of a change: the courses of what moved at once, and of the traffic."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np

from console.advice.shock import BESIDE, LEAST_TRAFFIC, Shock
from console.advice.view import ShockView
from console.drift.course_view import CourseRow, CourseView, DriftKind, RowGroup
from console.drift.result import Floats
from console.drift.view import Verdict
from console.drift.words import quoted
from console.metrics.format import format_number
from console.window import Window

TRAFFIC = "traffic"
DOUBLED = float(np.log(2))
MOST_ROWS = 12
"""Of columns that moved at no common time."""
HOUR_S, DAY_S = 3600.0, 86400.0
NARROW = 4.0
"""Times of day a quarter of a bucket apart are alike."""


def shock_view(courses: CourseView, found: Shock, asked: datetime | None, calendar: int) -> ShockView:
    """With the rows that changed at once; where nothing did, those that moved at all, the largest first.

    calendar  how many known events the folder names
    """
    moment = asked or found.onset
    rows = [row for row in courses.rows if name_of(row) in found.together] or \
        [row for row in courses.rows if row.moved][:MOST_ROWS]
    shown = replace(courses, rows=(*rows, _traffic(courses, found)))
    before, since = around(moment, _whole(courses)) if moment is not None else (None, None)
    return ShockView(asked, moment, found, shown, bool(found.together), calendar, found.sentence, courses.notes, before,
                     since, courses.relative, "", 0.0)


def name_of(row: CourseRow) -> str:
    """As a shock names it."""
    return quoted(row.title) if row.what == "values" else row.title


def around(at: datetime, whole: Window) -> tuple[Window | None, Window]:
    """The time before a moment, as long as the time since it where the log has so much; and the time since it."""
    since = Window(at, whole.end)
    start = max(whole.start, at - (whole.end - at))
    return (Window(start, at) if start < at else None), since


def _whole(courses: CourseView) -> Window:
    return Window.from_epoch(float(courses.starts_s[0]), float(courses.starts_s[-1]) + courses.bucket_s)


def _traffic(courses: CourseView, found: Shock) -> CourseRow:
    """Requests in each bucket, against those of the reference at that time of day."""
    n, starts = courses.rows_n, courses.starts_s
    ratio = np.log((n + 0.5) / (_usual(courses) + 0.5))
    shades = np.where(np.abs(ratio) >= LEAST_TRAFFIC, np.clip(np.abs(ratio) / DOUBLED, 0.0, 1.0), 0.0)
    shades[[0, -1]] = 0.0               # buckets that the log covers in part
    row = CourseRow(TRAFFIC, TRAFFIC, "traffic", RowGroup.SERVING, "%", np.expm1(ratio), n, shades,
                    np.zeros(len(n), dtype=bool), DriftKind.NONE, Verdict.NONE, sentence="Traffic did not change at "
                                                                                        "once.")
    if TRAFFIC not in found.together or found.onset is None or found.onset_low is None or found.onset_high is None:
        return row
    before, after = _beside(n, starts, courses.bucket_s, found.onset_low, found.onset_high)
    word = "rose" if after > before else "fell"
    return replace(row, kind=DriftKind.SUDDEN, verdict=Verdict.WATCH, onset=found.onset, onset_low=found.onset_low,
                   onset_high=found.onset_high, sentence=f"Traffic {word} at once: {format_number(before)} → "
                                                         f"{format_number(after)} requests an hour.")


def _usual(courses: CourseView) -> Floats:
    """Requests of the reference's buckets, those at a like time of day the more; of all alike where the reference is no
    day long, or the buckets are."""
    n, starts = courses.rows_n, courses.starts_s
    first, last = courses.reference.start_s - 1e-6, courses.reference.end_s + 1e-6
    inside = np.flatnonzero((starts >= first) & (starts + courses.bucket_s <= last))
    if not len(inside):
        inside = np.arange(len(n))
    if courses.reference.seconds < DAY_S or courses.bucket_s >= DAY_S:
        return np.full(len(n), float(n[inside].mean()))
    far = np.abs((starts[:, None] - starts[None, inside] + DAY_S / 2) % DAY_S - DAY_S / 2)
    near = np.exp(-0.5 * (far / (courses.bucket_s / NARROW)) ** 2)
    usual: Floats = (near @ n[inside]) / near.sum(axis=1)
    return usual


def _beside(n: Floats, starts: Floats, bucket_s: float, low: datetime, high: datetime) -> tuple[float, float]:
    """Requests an hour before and after."""
    first, last = low.timestamp(), high.timestamp()
    before = (starts + bucket_s <= first + 1e-6) & (starts >= first - BESIDE * bucket_s)
    after = (starts >= last - 1e-6) & (starts < last + BESIDE * bucket_s)
    rates = [float(n[side].mean()) * HOUR_S / bucket_s if side.any() else 0.0 for side in (before, after)]
    return rates[0], rates[1]


