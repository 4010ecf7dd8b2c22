"""Results kept in the workspace as they were seen, and attached to incidents."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from console.clock import now
from console.errors import BadSettings
from console.metrics.view import ChartView, SeriesView
from console.reports.results import Result, ResultColumn, ResultKind, ResultTable
from console.reports.view import AttachedResult, Figure, Incident
from console.session import incidents
from console.session.plain_values import packed, unpacked
from console.store.results import KeptResult
from console.window import Window, from_epoch

if TYPE_CHECKING:
    from datetime import datetime

    from console.store import Workspace

FORM = 1
"""How it is written; what has another form is not shown."""
KNOWN = {each.__name__: each for each in (ChartView, Figure, Result, ResultColumn, ResultKind, ResultTable, SeriesView,
                                          Window)}
MOST_ATTACHED = 20
"""Of one incident."""


def new_id() -> str:
    """Of a result."""
    return f"RES-{secrets.token_hex(4)}"


def keep(store: Workspace, result: Result) -> Result:
    """As it is now, under an id of its own; gives it with that."""
    result = replace(result, result_id=result.result_id or new_id(), made=now())
    window = result.window
    store.keep_result(KeptResult(
        result.result_id, _micros(result.made), result.kind.value, None if result.at is None else _micros(result.at),
        None if window is None else _micros(window.start), None if window is None else _micros(window.end),
        result.title, " ".join(result.sentences), result.command, FORM, packed(result)))
    return result


def read(store: Workspace, result_id: str) -> Result | None:
    """One; None where there is none, or one that this version cannot read."""
    kept = store.kept_result(result_id)
    if kept is None or kept.form != FORM:
        return None
    found = unpacked(kept.content, KNOWN)
    return found if isinstance(found, Result) else None


def of_incident(store: Workspace, incident: Incident) -> tuple[Result, ...]:
    """What it has attached, in the order in which it was."""
    found = (read(store, one.result_id) for one in incident.results)
    return tuple(one for one in found if one is not None)


def attach(store: Workspace, incident_id: str, result: Result) -> Incident:
    """Kept, and attached to an incident: an edit that can be taken back. Raises BadSettings."""
    incident = incidents.read(store, incident_id)
    if len(incident.results) >= MOST_ATTACHED:
        raise BadSettings(f"The incident has {MOST_ATTACHED} results attached", do="Take one off first")
    kept = keep(store, result)
    one = AttachedResult(kept.result_id, kept.kind.value, kept.title, kept.made, kept.sentences[0] if kept.sentences
                         else "")
    return incidents.write(store, replace(incident, results=(*incident.results, one)))


def detach(store: Workspace, incident_id: str, result_id: str) -> Incident:
    """No more; it stays kept, for the edit can be taken back. Raises BadSettings."""
    incident = incidents.read(store, incident_id)
    return incidents.write(store, replace(incident, results=tuple(
        one for one in incident.results if one.result_id != result_id)))


def all_of(store: Workspace, kind: ResultKind) -> list[tuple[KeptResult, Result | None]]:
    """All kept of a kind, the latest first, each as it is listed and whole."""
    return [(one, read(store, one.result_id)) for one in store.kept_results(kind.value)]


def _micros(at: datetime) -> int:
    return round(at.timestamp() * 1e6)


def time_of(micros: int) -> datetime:
    """A time as the workspace keeps it."""
    return from_epoch(micros / 1e6)
