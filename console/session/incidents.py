"""Incidents kept in the workspace: made in one action, edited with undo, taken out and put back.

What was found in the log (alarms, changes, drift, moments known from data) is not undone with what people wrote: going
back takes their words of before and leaves what was found since.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from console.clock import now
from console.errors import BadSettings
from console.metrics.format import format_since, format_window
from console.reports.view import CLOSED, Incident, IncidentRow, Method, Milestone, Moment, RolloutEvent
from console.store.incidents import Edit, Kept
from console.window import ZERO, Window

if TYPE_CHECKING:
    from console.alarms.view import AlarmRow
    from console.store import Workspace

LEAST_BEFORE = timedelta(minutes=30)
"""A reference is as long as the incident, and at least so long where the log has that."""

MOST_TITLE = 160
"""Characters."""

SEVERITY_OF = {"page": "high", "ticket": "medium", "info": "low"}
"""What an alarm's severity makes of the incident's, until a person says otherwise."""


@dataclass(frozen=True, slots=True)
class Steps:
    """Whether an incident's edits can be taken back, and made again."""

    undo: bool
    redo: bool


# ---- made ------------------------------------------------------------------------------------------------------


def draft(store: Workspace, window: Window, reference: Window | None, title: str, *,
          made_from: str = "window") -> Incident:
    """An incident about that window, not kept yet. Without a reference the time before it serves."""
    relative = store.relative
    when = format_since(window.start).replace(":", "") if relative else f"{window.start:%Y%m%d-%H%M}"
    return Incident(f"INC-{when}-{secrets.token_hex(2)}",
                    title or f"Incident of {format_window(window, relative=relative)}", window,
                    reference or time_before(store, window.start, window.end - window.start, after=window.end), now(),
                    relative=relative, made_from=made_from, asked=window, reference_chosen=reference is not None)


def create(store: Workspace, window: Window, reference: Window | None, title: str, notes: str = "", *,
           made_from: str = "window") -> Incident:
    """The same, kept; `notes` are words to begin with."""
    return _created(store, replace(draft(store, window, reference, title, made_from=made_from), notes=notes))


def from_alarm(store: Workspace, row: AlarmRow) -> Incident:
    """About the time of an alarm, kept: from when it became pending to its end, or to the end of the log. Where it
    began in the data is found when the log is searched. Raises BadSettings for a log without rows."""
    whole = _whole(store)
    end = max(min(row.end or whole.end, whole.end), row.since + timedelta(seconds=1))
    made = draft(store, Window(row.since, end), None, row.sentence, made_from="alarm")
    return _created(store, replace(made, severity=SEVERITY_OF.get(str(row.severity), "unset")))


def from_rollback(store: Workspace, window: Window, reference: Window | None, events: Iterable[RolloutEvent],
                  title: str = "") -> Incident:
    """About a ramp that was rolled back, kept: from its first step to its end, against the time before it."""
    made = draft(store, window, reference, title or f"Rolled back: {format_window(window, relative=store.relative)}",
                 made_from="rollback")
    return _created(store, replace(made, rollout=tuple(events)))


def title_of(why: str) -> str:
    """What a sentence of `Worst.why` is about, without its times and numbers, as a title: names stand without their
    marks. "" for one about nothing."""
    _, found, what = why.partition(" UTC: ") if " UTC: " in why else why.partition(": ")
    about = re.split(r" (?:more and more )?(?:from|since) ", what)[0].replace("“", "").replace("”", "").strip()
    return about[:MOST_TITLE] if found else ""


def time_before(store: Workspace, at: datetime, length: timedelta, *, after: datetime) -> Window:
    """As long as the incident and right before it, at least LEAST_BEFORE; right after it where the log has no time
    before."""
    whole = store.span()
    length = max(length, LEAST_BEFORE)
    before = Window(at - length, at)
    if whole is None or before.overlaps(whole):
        start = max(before.start, whole.start) if whole is not None else before.start
        return Window(start, at) if at - start > ZERO else before
    return Window(after, after + max(length, timedelta(seconds=1)))


def _created(store: Workspace, incident: Incident) -> Incident:
    _save(store, incident, "create")
    return incident


def _whole(store: Workspace) -> Window:
    whole = store.span()
    if whole is None:
        raise BadSettings("Nothing is loaded yet", do="Open a folder and choose a window first")
    return whole


# ---- kept ------------------------------------------------------------------------------------------------------


def write(store: Workspace, incident: Incident) -> Incident:
    """Keep what people changed, in place of what was kept under its id; gives what is kept then. What was found in the
    log meanwhile stays."""
    before = _read(store, incident.incident_id)
    if before is not None and before.looked != incident.looked:
        incident = _in_its_time(with_found(incident, before), before)
    incident = _cleared(store, incident, before)
    if incident != before:
        _save(store, incident, "edit" if before is not None else "restore")
    return incident


def found(store: Workspace, incident: Incident) -> Incident:
    """Keep what was found in the log; what people changed meanwhile stays. Gives what is kept then."""
    now_kept = _read(store, incident.incident_id)
    if now_kept is None:
        return incident             # taken out while the log was searched
    merged = with_found(now_kept, incident)
    if merged.asked == incident.asked:
        merged = replace(merged, window=incident.window,
                         reference=merged.reference if merged.reference_chosen else incident.reference)
    _save(store, merged, "look")
    return merged


def read(store: Workspace, incident_id: str) -> Incident:
    """One of those kept. Raises BadSettings."""
    incident = _read(store, incident_id)
    if incident is None:
        raise BadSettings(f"There is no incident `{incident_id}`", do="List them in the place Incidents, or with "
                                                                     "`pilothouse incidents`")
    return incident


def retime(store: Workspace, incident_id: str, window: Window, reference: Window | None) -> Incident:
    """Another window, as an edit that can be taken back; where no reference is given, the time before it."""
    before = read(store, incident_id)
    there = reference or time_before(store, window.start, window.end - window.start, after=window.end)
    return write(store, replace(before, window=window, asked=window, reference=there, made_from="window",
                                reference_chosen=reference is not None))


def delete(store: Workspace, incident_id: str) -> None:
    """Take it out; `restore` puts it back."""
    store.delete_incident(incident_id)


def restore(store: Workspace, incident_id: str | None = None) -> Incident | None:
    """Put one back as it was before it was taken out; the last one where none is named. None when there is none."""
    incident_id = incident_id or store.last_deleted_incident()
    if incident_id is None or _read(store, incident_id) is not None:
        return None
    last = next((edit.incident for edit in reversed(store.incident_edits(incident_id)) if edit.incident), None)
    if last is None:
        return None
    incident = _decoded(last)
    _save(store, incident, "restore")
    return incident


def reopen(store: Workspace, incident_id: str) -> Incident:
    """One that was resolved or final is open again."""
    incident = read(store, incident_id)
    return write(store, replace(incident, status="open")) if incident.status in CLOSED else incident


def rows(store: Workspace) -> tuple[IncidentRow, ...]:
    """All kept, newest first."""
    kept = sorted(map(_decoded, store.incidents()), key=lambda incident: incident.created, reverse=True)
    return tuple(IncidentRow(one.incident_id, one.title, one.window, one.created, one.status,
                             one.notes.partition("\n")[0], one.relative, one.severity,
                             sum(not action.done for action in one.actions), _words(one)) for one in kept)


def chosen(every: Iterable[IncidentRow], *, text: str = "", status: str = "", severity: str = "") -> tuple[IncidentRow,
                                                                                                           ...]:
    """Those that fit: all words of `text` occur somewhere in it; "" fits all."""
    wanted = text.lower().split()
    return tuple(row for row in every if status in ("", row.status) and severity in ("", row.severity)
                 and all(word in row.words for word in wanted))


# ---- undone ----------------------------------------------------------------------------------------------------


def steps(store: Workspace, incident_id: str) -> Steps:
    """Whether there is something to take back, and to make again."""
    done, undone = _stacks(store.incident_edits(incident_id))
    return Steps(len(done) > 1, bool(undone))


def undo(store: Workspace, incident_id: str) -> Incident:
    """As people had it before the last edit. Raises BadSettings when there is none."""
    done, _ = _stacks(store.incident_edits(incident_id))
    if len(done) < 2:
        raise BadSettings("There is no edit of this incident to take back")
    return _back_to(store, incident_id, done[-2], "undo")


def redo(store: Workspace, incident_id: str) -> Incident:
    """The edit again that was taken back last. Raises BadSettings when there is none."""
    _, undone = _stacks(store.incident_edits(incident_id))
    if not undone:
        raise BadSettings("There is no edit of this incident to make again")
    return _back_to(store, incident_id, undone[-1], "redo")


def _stacks(edits: Iterable[Edit]) -> tuple[list[Edit], list[Edit]]:
    """Edits that hold, the newest last, the creation first; and those that were taken back, the next one last."""
    done: list[Edit] = []
    undone: list[Edit] = []
    for edit in edits:
        if edit.did in ("create", "edit"):
            done.append(edit)
            undone.clear()
        elif edit.did == "undo" and len(done) > 1:
            undone.append(done.pop())
        elif edit.did == "redo" and undone:
            done.append(undone.pop())
    return done, undone


def _back_to(store: Workspace, incident_id: str, edit: Edit, did: str) -> Incident:
    now_kept = read(store, incident_id)
    assert edit.incident is not None
    incident = _in_its_time(with_found(_decoded(edit.incident), now_kept), now_kept)
    _save(store, incident, did)
    return incident


# ---- inside ----------------------------------------------------------------------------------------------------


def with_found(words: Incident, facts: Incident) -> Incident:
    """What people said in one, with what was found in the other; a moment that a person typed is theirs."""
    by_name = {one.name: one for one in facts.milestones if one.method is not Method.TYPED}
    milestones = tuple(one if one.method is Method.TYPED else by_name.get(one.name, one) for one in words.milestones)
    return replace(words, looked=facts.looked, alarms=facts.alarms, changes=facts.changes, drift=facts.drift,
                   rollout=facts.rollout, milestones=milestones)


def _in_its_time(words: Incident, facts: Incident) -> Incident:
    """With the windows of the other, which follow what was found; another window that a person chose stays."""
    if words.asked != facts.asked:
        return words
    return replace(words, window=facts.window, reference=facts.reference, reference_chosen=facts.reference_chosen)


def _cleared(store: Workspace, incident: Incident, before: Incident | None) -> Incident:
    """A moment that a person typed and took away again is what the log tells."""
    typed = {one.name for one in before.milestones if one.method is Method.TYPED} if before is not None else set()
    gone = {one.name for one in incident.milestones if one.method is Method.NONE} & typed
    if not gone:
        return incident
    known: dict[Moment, Milestone] = {}
    for edit in store.incident_edits(incident.incident_id):
        if edit.did == "look" and edit.incident:
            known |= {one.name: one for one in _decoded(edit.incident).milestones if one.method is not Method.TYPED}
    return replace(incident, milestones=tuple(known.get(one.name, one) if one.name in gone else one
                                              for one in incident.milestones))


def _save(store: Workspace, incident: Incident, did: str) -> None:
    store.save_incident(Kept(incident.incident_id, incident.title, incident.status, incident.severity,
                             _micros(incident.window.start), _micros(incident.window.end),
                             msgspec.json.encode(incident).decode()), did)


def _read(store: Workspace, incident_id: str) -> Incident | None:
    text = store.incident(incident_id)
    return None if text is None else _decoded(text)


def _decoded(text: str) -> Incident:
    return msgspec.json.decode(text, type=Incident)


def _micros(at: datetime) -> int:
    return round(at.timestamp() * 1e6)


def _words(one: Incident) -> str:
    lessons = one.lessons
    said = [one.incident_id, one.title, one.notes, one.service, *one.authors, lessons.trigger, *lessons.factors,
            lessons.well, lessons.badly, lessons.lucky, lessons.detection, lessons.resolution,
            *(note.text for note in one.log), *(f"{action.action} {action.owner}" for action in one.actions),
            *(alarm.rule for alarm in one.alarms), *(change.title for change in one.changes),
            *(f"{result.title} {result.sentence}" for result in one.results), one.status, one.severity]
    return " ".join(said).lower()
