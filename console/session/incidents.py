"""Incidents kept in the workspace."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from console.clock import now
from console.errors import BadSettings
from console.metrics.format import format_since, format_window
from console.reports.view import Incident, IncidentRow
from console.window import ZERO, Window

if TYPE_CHECKING:
    from console.store import Workspace


def draft(store: Workspace, window: Window, reference: Window | None, title: str) -> Incident:
    """An incident about that window, not kept yet. Without a reference the time before it serves."""
    relative = store.relative
    when = format_since(window.start).replace(":", "") if relative else f"{window.start:%Y%m%d-%H%M}"
    return Incident(f"INC-{when}-{secrets.token_hex(2)}",
                    title or f"Incident of {format_window(window, relative=relative)}", window,
                    reference or _time_before(store, window), now(), relative=relative)


def create(store: Workspace, window: Window, reference: Window | None, title: str, notes: str = "") -> Incident:
    """The same, kept; `notes` are words to begin with."""
    incident = replace(draft(store, window, reference, title), notes=notes)
    write(store, incident)
    return incident


def write(store: Workspace, incident: Incident) -> None:
    """Keep it, in place of what was kept under its id."""
    store.save_incident(msgspec.json.encode(incident).decode(), incident.incident_id)


def read(store: Workspace, incident_id: str) -> Incident:
    """One of those kept. Raises BadSettings."""
    for incident in _all(store):
        if incident.incident_id == incident_id:
            return incident
    raise BadSettings(f"There is no incident `{incident_id}`", do="List them in the place Incidents")


def delete(store: Workspace, incident_id: str) -> None:
    """Take it out."""
    store.delete_incident(incident_id)


def rows(store: Workspace) -> tuple[IncidentRow, ...]:
    """All kept, newest first."""
    kept = sorted(_all(store), key=lambda incident: incident.created, reverse=True)
    return tuple(IncidentRow(one.incident_id, one.title, one.window, one.created, one.status,
                             one.notes.partition("\n")[0], one.relative) for one in kept)


def _all(store: Workspace) -> list[Incident]:
    return [msgspec.json.decode(text, type=Incident) for text in store.incidents()]


def _time_before(store: Workspace, window: Window) -> Window:
    """As long as the window and right before it; right after it where the log has no time before."""
    whole = store.span()
    length = window.end - window.start
    before = Window(window.start - length, window.start)
    if whole is None or before.overlaps(whole):
        start = max(before.start, whole.start) if whole is not None else before.start
        return Window(start, window.start) if window.start - start > ZERO else before
    return Window(window.end, window.end + max(length, timedelta(seconds=1)))
