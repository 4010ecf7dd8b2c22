"""The worst time of a log, for a report of a folder that nobody has looked at: one command, no windows to choose."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from console.changes import ChangeKind, ChangeRow, ChangesView
from console.errors import BadSettings, ConsoleError
from console.jobs import Job
from console.metrics.catalogue import find
from console.metrics.format import format_window
from console.session.onsets import lead_of, looked_closer
from console.window import Window

if TYPE_CHECKING:
    from console.alarms.view import AlarmRow
    from console.session.session import Session

FIRST_PART = 0.15
"""So much of the log is taken as usual to begin with: what has happened by then is not found."""
LONGEST = timedelta(days=1)
"""What goes on to the end of the log is told by its first day."""
LEAST_BUCKETS = 20
"""A window of fewer buckets is looked at again in shorter ones."""
STRONGEST = 10.0
SHOWN_TO_USERS = ("error_rate", "latency", "null_responses", "throughput")
WEIGHTS = {ChangeKind.METRIC: 2.0, ChangeKind.SEGMENT: 2.0, ChangeKind.TRAFFIC: 1.0, ChangeKind.COLUMN: 1.0,
           ChangeKind.SCHEMA: 1.0, ChangeKind.VERSION: 0.5}


@dataclass(frozen=True, slots=True)
class Worst:
    """A window, and one sentence that says why it."""

    window: Window
    why: str


def worst_window(session: Session, job: Job) -> Worst:
    """Where most got worse at once; else where rules fired; else the end of the log. Raises BadSettings for a log
    without times, JobStopped."""
    whole = session.store.span()
    if whole is None:
        raise BadSettings("The log has no rows with a time", where=session.command_target)
    relative = session.store.relative
    found = _by_changes(session, whole, job) or _by_alarms(session, whole, job)
    if found is not None:
        window, what = found
        return Worst(window, f"The worst time found is {format_window(window, relative=relative)}: {what}")
    window = Window(whole.end - (whole.end - whole.start) / 4, whole.end)
    return Worst(window, "Nothing stands out in this log; this is about its last quarter, "
                 f"{format_window(window, relative=relative)}.")


def _by_changes(session: Session, whole: Window, job: Job) -> tuple[Window, str] | None:
    job.report(0, 0, "Looking for the worst time")
    try:
        view = session.changes(whole.start + (whole.end - whole.start) * FIRST_PART, job)
    except ConsoleError:
        return None
    group = _heaviest(view)
    if not group:
        return None
    window, first = _window_of(group, view, whole), view
    if window.seconds < LEAST_BUCKETS * view.bucket_s:
        finer = _again(session, window, group, view.bucket_s, whole, job)
        if finer is not None:
            view, group = finer
            window = _window_of(group, view, whole)
    lead = max(group, key=_weight)
    begun, _ = looked_closer(session, [_begun(row, first) for row in group], view, job)
    start = min(begun.onset if begun is not None else window.start, window.end - timedelta(seconds=1))
    return Window(start, min(window.end, start + LONGEST) if lead.ended is None else window.end), lead.sentence


def _again(session: Session, window: Window, group: Sequence[ChangeRow], bucket_s: int, whole: Window,
           job: Job) -> tuple[ChangesView, tuple[ChangeRow, ...]] | None:
    """What was found there in shorter buckets."""
    slack = timedelta(seconds=2 * bucket_s)
    at = max(window.start - slack, whole.start + timedelta(seconds=1))
    try:
        view = session.changes(at, job, until=min(window.end + max(window.end - window.start, slack), whole.end),
                               only=group)
    except ConsoleError:
        return None
    group = _heaviest(view)
    return (view, group) if group else None


def _heaviest(view: ChangesView) -> tuple[ChangeRow, ...]:
    """Of the rows those that may have begun together and weigh most."""
    rows = [row for row in view.rows if not row.weak and _weight(row) > 0]
    best: tuple[ChangeRow, ...] = ()
    slack = timedelta(seconds=2 * view.bucket_s)
    begun = {row: _begun(row, view) for row in rows}
    for row in rows:
        together = tuple(one for one in rows if begun[one].onset_from <= begun[row].onset_to + slack
                         and begun[one].onset_to >= begun[row].onset_from - slack)
        if sum(map(_weight, together)) > sum(map(_weight, best)):
            best = together
    return best


def _begun(row: ChangeRow, view: ChangesView) -> ChangeRow:
    """The change that tells when this one began: what is so in one model version only began when that came, whose
    first requests are too few for a mean to show."""
    for one in view.rows:
        if (one.kind is ChangeKind.VERSION and not one.weak and one.after > one.before and one.segment in row.only_in
                and one.onset < row.onset):
            return one
    return row


def _weight(row: ChangeRow) -> float:
    """How bad it is; what got better weighs little."""
    weight = WEIGHTS[row.kind] * min(row.strength if row.strength == row.strength else 1.0, STRONGEST)
    if row.kind in (ChangeKind.METRIC, ChangeKind.SEGMENT):
        try:
            metric = find(row.name)
        except BadSettings:
            return weight / 4
        if metric.better == "neither":
            weight /= 2
        elif (row.after > row.before) != (metric.better == "lower"):
            weight /= 10
        if metric.chart in SHOWN_TO_USERS:
            weight *= 2
    return weight


def _window_of(group: Sequence[ChangeRow], view: ChangesView, whole: Window) -> Window:
    """From the onset that is known best to where most of the weight has ended."""
    lead = lead_of([_begun(row, view) for row in group])
    assert lead is not None
    start = lead.onset
    heaviest = max(group, key=_weight)
    end = heaviest.ended or view.since.end
    end = min(max(end, start + timedelta(seconds=view.bucket_s)), whole.end)
    return Window(start, end) if end > start else Window(start, start + timedelta(seconds=view.bucket_s))


def _by_alarms(session: Session, whole: Window, job: Job) -> tuple[Window, str] | None:
    """The longest stretch in which rules of the folder fired, those that page somebody before others."""
    try:
        view = session.alarms(job, whole=True)
    except ConsoleError:
        return None
    rows = [row for row in _fired(view.past, view.rows) if row.start is not None]
    if not rows:
        return None
    order = {"page": 2, "ticket": 1}
    worst = max(rows, key=lambda row: (order.get(row.severity.value, 0), (row.end or whole.end) - row.since))
    end = min(worst.end or whole.end, worst.since + LONGEST)
    return Window(worst.since, max(end, worst.since + timedelta(seconds=1))), worst.sentence


def _fired(*parts: Iterable[AlarmRow]) -> list[AlarmRow]:
    return [row for part in parts for row in part]
