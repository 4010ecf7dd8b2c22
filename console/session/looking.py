"""What the log has to say about an incident: alarms, changes, drift, and the moments that can be known.

How a moment is known
    onset         the earliest change point of the numbers, columns and versions that moved in the window: of those that
                  may have begun together the one that is known best
    detected      the first alarm that fired from then on
    acknowledged  when somebody said so in the program, if the log was still being written then
    mitigated     when the change that mattered most had gone back, seen in what followed
    recovered     when all of them had
What cannot be known so stays "not recorded", with the reason. What a person typed stays.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from console.alarms.view import AlarmRow, AlarmsView
from console.changes import ChangeKind, ChangeRow, ChangesView, short
from console.clock import now
from console.drift.view import DriftView, Verdict
from console.errors import ConsoleError
from console.jobs import Job
from console.metrics.format import format_span, format_time
from console.reports.view import (
    AttachedAlarm,
    AttachedChange,
    AttachedDrift,
    Incident,
    Method,
    Milestone,
    Moment,
)
from console.session.alarms import as_json, micros
from console.session.incidents import time_before, with_found
from console.session.onsets import looked_closer
from console.window import Window, from_epoch

if TYPE_CHECKING:
    from console.session.session import Session

SLACK = 0.25
"""A change that began so much of the window's length before it is what the window is about; people brush late."""

LEAST_AFTER, MOST_AFTER = timedelta(hours=2), 4
"""So long after the window it is looked whether all went back, or its own length where that is more; after a short one
four times its length, for buckets grow with the time that is looked at."""

LARGE = 4.0
"""Times what matters."""

LATE_ACK = timedelta(hours=1)
"""So long after the last row of a log an acknowledgement may be one of its time; later it is somebody reading."""

MOST_DRIFT = 100


@dataclass(frozen=True, slots=True)
class Found:
    """What was found. incident has it too, in words; problems say what could not be looked at."""

    incident: Incident
    changes: ChangesView | None
    changes_problem: str
    drift: DriftView | None
    drift_problem: str
    alarms: AlarmsView


def look(session: Session, incident: Incident, job: Job) -> Found:
    """Search the log. The window of an incident that was made from an alarm reaches from the onset to where all was
    over; a reference that nobody chose lies before it. Twice gives the same. Raises JobStopped."""
    job.report(0, 3, "Looking at alarms")
    alarms = session.alarms(job, whole=True)
    job.report(1, 3, "Looking for what changed")
    changes, changes_problem = _changes(session, incident, job)
    rows = _about(incident, changes)
    lead, bucket_s = looked_closer(session, rows, changes, job) if changes is not None else (None, 0)
    acks = {(one.rule, one.labels, one.first_us): from_epoch(one.made_us / 1e6)
            for one in session.store.acknowledged()}
    incident = _fitted(session, incident, lead, changes, rows)
    attached = _attached(alarms, incident.window, acks)
    milestones = _milestones(session, incident, changes, rows, (lead, bucket_s), attached, alarms)
    job.report(2, 3, "Testing drift")
    drift: DriftView | None = None
    drift_problem = ""
    try:
        drift = session.compare(incident.reference, incident.window, job)
    except ConsoleError as error:
        drift_problem = f"Drift was not tested: {error}"
    facts = replace(incident, looked=now(), alarms=attached, changes=tuple(map(_change, rows)),
                    drift=_moved(drift), milestones=milestones)
    return Found(with_found(incident, facts), changes, changes_problem, drift, drift_problem, alarms)


def _changes(session: Session, incident: Incident, job: Job) -> tuple[ChangesView | None, str]:
    """Since its start, as far as tells whether it went back."""
    whole = session.store.span()
    if whole is None:
        return None, "The log has no rows with a time."
    window = incident.asked or incident.window
    length = window.end - window.start
    until = min(whole.end, window.end + min(max(length, LEAST_AFTER), MOST_AFTER * length))
    at = min(max(window.start, whole.start), until - timedelta(seconds=1))
    try:
        return session.changes(at, job, until=until), ""
    except ConsoleError as error:
        return None, f"What changed was not looked for: {error}"


def _about(incident: Incident, changes: ChangesView | None) -> tuple[ChangeRow, ...]:
    """Of what changed that which is about the window: begun in it or shortly before, else whatever went on in it."""
    if changes is None:
        return ()
    window = incident.asked or incident.window
    going_on = [row for row in changes.rows if _matters(row) and row.onset < window.end
                and (row.ended is None or row.ended > window.start)]
    slack = timedelta(seconds=SLACK * window.seconds + 2 * changes.bucket_s)
    since = changes.since.start if incident.made_from == "alarm" else window.start - slack
    began = [row for row in going_on if row.onset_to >= since]
    return tuple(began or going_on)


def _matters(row: ChangeRow) -> bool:
    """One that is sure; or so large that who points at this time means it, though a short log cannot tell it from the
    time of day."""
    return not row.weak or (row.strength >= LARGE and row.kind is not ChangeKind.TRAFFIC)


def _strength(row: ChangeRow) -> float:
    return row.strength if math.isfinite(row.strength) else 0.0


def _fitted(session: Session, incident: Incident, lead: ChangeRow | None, changes: ChangesView | None,
            rows: Sequence[ChangeRow]) -> Incident:
    """Its window from the onset on, and to where all was over; a reference before it. Where nobody chose otherwise."""
    window = incident.asked or incident.window
    typed = incident.milestone(Moment.ONSET)
    onset = typed.at if typed.method is Method.TYPED else lead.onset if lead is not None else None
    if onset is not None and incident.made_from == "alarm" and onset < window.end:
        _, over = over_of(changes, rows, lead, relative=incident.relative)
        window = Window(onset, max(window.end, over.at or window.end))      # a rule ends, and fires again
    if incident.reference_chosen:
        return replace(incident, window=window)
    begins = min(window.start, lead.onset_from) if lead is not None else window.start
    whole = session.store.span()
    if whole is not None and begins <= whole.start:
        begins = window.start
    return replace(incident, window=window, reference=time_before(
        session.store, begins, window.end - window.start, after=window.end))


# ---- moments ---------------------------------------------------------------------------------------------------


def _milestones(session: Session, incident: Incident, changes: ChangesView | None, rows: Sequence[ChangeRow],
                known: tuple[ChangeRow | None, int], attached: Sequence[AttachedAlarm],
                alarms: AlarmsView) -> tuple[Milestone, ...]:
    lead, bucket_s = known
    onset = onset_of(changes, lead, bucket_s)
    since = incident.window.start
    if onset.at is not None and changes is not None:
        since = (onset.earliest or onset.at) - timedelta(seconds=changes.bucket_s)
    detected, alarm = _detected(attached, since, alarms)
    mitigated, recovered = over_of(changes, rows, lead, relative=incident.relative)
    return (onset, detected, _acknowledged(session, alarm, attached), mitigated, recovered)


def onset_of(changes: ChangesView | None, lead: ChangeRow | None, bucket_s: int) -> Milestone:
    """From the data, with where it is known to lie."""
    if lead is None or changes is None:
        why = "What changed could not be looked for" if changes is None else "No number left its usual way in this time"
        return Milestone(Moment.ONSET, source=f"{why}.")
    exact = lead.onset_from == lead.onset_to
    if exact and lead.kind is ChangeKind.SCHEMA:
        how = f"{short(lead)} (noted when it came)."
    elif exact and lead.kind is ChangeKind.VERSION:
        how = f"The first row of {short(lead)}."
    else:
        how = f"First to change: {short(lead)} (change point in buckets of {format_span(bucket_s)})."
    return Milestone(Moment.ONSET, lead.onset, Method.DATA, how,
                     None if exact else lead.onset_from, None if exact else lead.onset_to)


def _detected(attached: Sequence[AttachedAlarm], since: datetime,
              alarms: AlarmsView) -> tuple[Milestone, AttachedAlarm | None]:
    fired = sorted((one for one in attached if one.start >= since), key=lambda one: one.start)
    if fired:
        first = fired[0]
        whose = f" ({first.labels})" if first.labels else ""
        return Milestone(Moment.DETECTED, first.start, Method.RULE,
                         f"Rule “{first.rule}”{whose} fired: {first.metric} {first.threshold}."), first
    if not any(row.rule.enabled for row in alarms.rules):
        return Milestone(Moment.DETECTED, source="There are no alarm rules."), None
    return Milestone(Moment.DETECTED, source="No rule fired in this time."), None


def _acknowledged(session: Session, first: AttachedAlarm | None, attached: Sequence[AttachedAlarm]) -> Milestone:
    seen = sorted((one for one in attached if one.acknowledged is not None and (first is None or
                                                                                one.start >= first.start)),
                  key=lambda one: one.acknowledged or one.start)
    if not seen or seen[0].acknowledged is None:
        return Milestone(Moment.ACKNOWLEDGED, source="No alarm of this time was acknowledged." if attached
                         else "There was no alarm to acknowledge.")
    one, at = seen[0], seen[0].acknowledged
    whole = session.store.span()
    if session.store.relative or whole is None or at > whole.end + LATE_ACK:
        late = f"Rule “{one.rule}” was acknowledged {format_time(at)}, long after the log ends."
        return Milestone(Moment.ACKNOWLEDGED, source=late)
    said = f": “{one.said}”" if one.said else ""
    return Milestone(Moment.ACKNOWLEDGED, at, Method.PERSON, f"Rule “{one.rule}” was acknowledged{said}.")


def over_of(changes: ChangesView | None, rows: Sequence[ChangeRow], lead: ChangeRow | None, *,
            relative: bool) -> tuple[Milestone, Milestone]:
    """When the change that mattered most had gone back, and when all had. Only what followed can tell: a change that
    lasts to the end of what was looked at is not over."""
    if changes is None or lead is None:
        return (Milestone(Moment.MITIGATED, source="No onset is known."),
                Milestone(Moment.RECOVERED, source="No onset is known."))
    bucket = format_span(changes.bucket_s)
    harms = [row for row in rows if row.kind in (ChangeKind.METRIC, ChangeKind.SEGMENT)] or list(rows)
    worst = max(harms, key=_strength)
    until = format_time(changes.since.end, relative=relative)
    if worst.ended is None:
        mitigated = Milestone(Moment.MITIGATED, source=f"What mattered most was not back by {until}: {short(worst)}.")
    else:
        mitigated = Milestone(Moment.MITIGATED, worst.ended, Method.DATA,
                              f"What mattered most is back: {short(worst)} (change point in buckets of {bucket}).")
    lasting = [row for row in rows if row.ended is None]
    if lasting:
        named = ", ".join(map(short, lasting[:3]))
        recovered = Milestone(Moment.RECOVERED,
                              source=f"{len(lasting)} of {len(rows)} changes were not back by {until}: {named}.")
    else:
        last = max(rows, key=lambda row: row.ended or row.onset)
        said = f"All {len(rows)} changes are back, the last" if len(rows) > 1 else "Back"
        recovered = Milestone(Moment.RECOVERED, last.ended, Method.DATA,
                              f"{said}: {short(last)} (change point in buckets of {bucket}).")
    return mitigated, recovered


# ---- attached --------------------------------------------------------------------------------------------------


def _attached(view: AlarmsView, window: Window, acks: dict[tuple[str, str, int], datetime]) -> tuple[AttachedAlarm,
                                                                                                       ...]:
    found = [_alarm(row, acks, view) for row in (*view.rows, *view.past) if row.start is not None
             and row.start < window.end and (row.end is None or row.end > window.start)]
    return tuple(sorted(found, key=lambda one: (one.start, one.rule, one.labels)))


def _alarm(row: AlarmRow, acks: dict[tuple[str, str, int], datetime], view: AlarmsView) -> AttachedAlarm:
    assert row.start is not None
    at = acks.get((row.rule, as_json(row.labels), micros(row.start.timestamp())))
    silence = next((one.reason for one in view.silences if one.holds(row.rule, row.labels, row.start)), "")
    title = next((one.metric for one in view.rules if one.rule.name == row.rule), row.metric)
    return AttachedAlarm(row.rule, row.labels_text, str(row.severity), title, row.since, row.start, row.end, row.peak,
                         row.threshold, row.sentence, row.ended, at, row.acknowledged or "", silence)


def _change(row: ChangeRow) -> AttachedChange:
    return AttachedChange(row.kind.value, short(row), row.sentence, row.onset, row.onset_from, row.onset_to, row.ended,
                          row.segment, row.weak, row.why_weak, row.chart, row.column, row.name)


def _moved(drift: DriftView | None) -> tuple[AttachedDrift, ...]:
    if drift is None:
        return ()
    return tuple(AttachedDrift(row.column, row.kind, row.verdict.value, row.sentence) for row in drift.columns
                 if row.verdict in (Verdict.ALARM, Verdict.WATCH))[:MOST_DRIFT]
