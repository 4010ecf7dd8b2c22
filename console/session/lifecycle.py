"""The lifecycle of the model versions of a log: counts from rollups, and all that was found out and kept about them."""

from __future__ import annotations

import shlex
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from console.advice.lifecycle import Advised, Alarmed, Counts, Facts, LifecycleView, Rehearsed, Reported, lifecycle
from console.drift.result import Floats
from console.errors import BadSettings, ConsoleError
from console.metrics.catalogue import CATALOGUE
from console.metrics.format import format_exact
from console.metrics.grid import aligned, bucket_for
from console.metrics.measure import OTHER, Reading
from console.reports.results import ResultKind
from console.reports.view import CLOSED
from console.roles import Role, StreamKind
from console.session import incidents, results
from console.session.drift_documents import table_text, written
from console.window import Window, from_epoch

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from console.drift.course_view import CourseView
    from console.jobs import Job
    from console.session.session import Session
    from console.store import Workspace

BUCKETS = 160
FINER = 60
"""First and last requests are told to such a part of a bucket."""
MOST_VERSIONS = 20
LOOKED_ROWS = 3_000_000
"""A log of so many rows at most is looked through for drift unasked: that reads its rows."""
THROUGHPUT, ERRORS = (next(one for one in CATALOGUE if one.name == name) for name in ("throughput", "error_rate"))


def lifecycle_of(session: Session, job: Job, courses: CourseView | None) -> LifecycleView:
    """All versions. courses: drift over time as it was found already; else it is looked for in logs that are no longer
    than LOOKED_ROWS. Raises BadSettings for a log without requests, JobStopped."""
    began = time.perf_counter()
    store, notes = session.store, list[str]()
    requests = [stream for stream in store.streams() if stream.kind is StreamKind.REQUESTS]
    span = store.span()
    if not requests or span is None:
        raise BadSettings("The log has no requests, so there is no model to tell of", where=str(store.path),
                          do="Open a folder with a row for each request")
    job.report(0, 3, "Counting requests by version")
    counts = counted(store, span, notes)
    job.stop_if_asked()
    job.report(1, 3, "Judging alarms")
    alarms = session.alarms(job, whole=True)
    if alarms.error:
        notes.append(f"Alarms are left out: {alarms.error}")
    job.stop_if_asked()
    job.report(2, 3, "Looking for drift over time")
    rows = sum(stream.rows for stream in requests)
    if courses is None and rows <= LOOKED_ROWS:
        try:
            courses = session.advising.courses(job)
        except ConsoleError as error:
            notes.append(f"Drift was not looked for: {error}")
    elif courses is None:
        notes.append(f"Drift over time was not looked for among {rows:,} requests: that reads them. Ask for it first.")
    facts = Facts(
        tuple(row for row in courses.rows if row.moved) if courses is not None else (),
        courses.bucket_s if courses is not None else 0.0,
        tuple(Alarmed(row.rule, row.labels_text, dict(row.labels).get(Role.MODEL_VERSION.value), row.start, row.end,
                      row.sentence, row.silenced_until is not None)
              for row in (*alarms.rows, *alarms.past) if row.start is not None),
        sum(row.rule.enabled for row in alarms.rules), _rehearsed(store), _advised(store), _reported(store),
        courses is not None, any(store.outcome_column(stream.stream_id) is not None for stream in requests))
    job.report(3, 3, "")
    view = lifecycle(counts, facts, notes, relative=store.relative,
                     command=f"pilothouse advise {shlex.quote(session.command_target)} --lifecycle --json")
    return replace(view, seconds=time.perf_counter() - began)


def counted(store: Workspace, span: Window, notes: list[str]) -> Counts:
    """Requests and failures by version, from rollups."""
    bucket_s = bucket_for(span, BUCKETS)
    reading = Reading(store, aligned(span, bucket_s), bucket_s, by=Role.MODEL_VERSION, metrics=(THROUGHPUT, ERRORS))
    found: dict[str, Floats] = {}
    for part in reading.measure(THROUGHPUT):
        found[part.by] = found.get(part.by, np.zeros(len(reading.times))) + np.nan_to_num(part.n)
    named = {version: n for version, n in found.items() if version not in ("", OTHER) and n.any()}
    if not named:
        notes.append("The log names no model versions: all requests are one line.")
        named = {"": np.sum(list(found.values()), axis=0)}
    elif unnamed := sum(float(n.sum()) for version, n in found.items() if version not in named):
        notes.append(f"{round(unnamed):,} requests name no version, or one of the rarest; they are left out.")
    if len(named) > MOST_VERSIONS:
        kept = sorted(named, key=lambda version: -float(named[version].sum()))[:MOST_VERSIONS]
        notes.append(f"The {MOST_VERSIONS} versions with most requests are told; {len(named) - MOST_VERSIONS} are not.")
        named = {version: named[version] for version in kept}
    failed: dict[str, Floats] = {}
    if reading.has(ERRORS):
        for part in reading.measure(ERRORS):
            if part.by in named:
                failed[part.by] = failed.get(part.by, np.zeros(len(reading.times))) + \
                    np.nan_to_num(part.values) * np.nan_to_num(part.n)
    exact_s = max(1, bucket_s // FINER)
    spans = {version: _span(store, span, version, reading.times, n, bucket_s, exact_s) for version, n in named.items()}
    return Counts(span, reading.times, float(bucket_s), named, failed, spans, float(exact_s))


def _span(store: Workspace, whole: Window, version: str, times: Floats, n: Floats, bucket_s: int,
          exact_s: int) -> tuple[datetime, datetime]:
    at = np.flatnonzero(n)
    first, last = float(times[at[0]]), float(times[at[-1]]) + bucket_s
    if version:
        if first > whole.start_s:
            first = _edges(store, version, first, bucket_s, exact_s)[0]
        if last < whole.end_s - bucket_s:
            last = _edges(store, version, last - bucket_s, bucket_s, exact_s)[1]
    return from_epoch(max(first, whole.start_s)), from_epoch(min(last, whole.end_s))


def _edges(store: Workspace, version: str, start_s: float, bucket_s: int, exact_s: int) -> tuple[float, float]:
    """The first and the last request of a version within a bucket."""
    window = Window.from_epoch(start_s, start_s + bucket_s)
    reading = Reading(store, window, exact_s, by=Role.MODEL_VERSION, metrics=(THROUGHPUT,)) \
        if bucket_s % exact_s == 0 else None
    part = next((one for one in reading.measure(THROUGHPUT) if one.by == version), None) if reading else None
    at = np.flatnonzero(part.n) if part is not None else np.empty(0)
    if reading is None or not len(at):
        return start_s, start_s + bucket_s
    return float(reading.times[int(at[0])]), float(reading.times[int(at[-1])]) + exact_s


def _rehearsed(store: Workspace) -> tuple[Rehearsed, ...]:
    found = []
    for number, kept in store.kept_rollouts():
        if kept.kind == "replay":
            events = store.rollout_events(number)
            began = events[0].at_us if events else kept.first_us
            found.append(Rehearsed(number, kept.plan, kept.source, kept.stable, kept.candidate, results.time_of(began),
                                   None if kept.ended_us is None else results.time_of(kept.ended_us), kept.ending,
                                   _why(kept.result)))
    return tuple(found)


def _why(result: str) -> str:
    try:
        told: Mapping[str, object] = msgspec.json.decode(result)
    except msgspec.DecodeError:
        return ""
    why = told.get("why")
    return why if isinstance(why, str) else ""


def _advised(store: Workspace) -> tuple[Advised, ...]:
    found: dict[int, Advised] = {}
    for kept, whole in results.all_of(store, ResultKind.ADVICE):
        if whole is None or kept.at_us is None:
            continue
        before = found.get(kept.at_us)
        if before is None or (whole.fact("leading") and not before.leading):     # the latest; with training if any has
            found[kept.at_us] = Advised(
                kept.result_id, results.time_of(kept.at_us), whole.fact("cause"), whole.fact("recommended"),
                whole.fact("distinguishable") == "yes", whole.fact("strategy"), whole.fact("leading"),
                *(whole.fact(f"said_{part}") for part in ("change", "response", "training")))
    return tuple(found.values())


def _reported(store: Workspace) -> tuple[Reported, ...]:
    return tuple(Reported(one.incident_id, one.title, one.status, one.window, one.status in CLOSED)
                 for one in incidents.rows(store))


def write(view: LifecycleView, path: Path) -> None:
    """As the ending says: .json whole, .csv its events. Raises CannotWrite."""
    written(path, lambda: {"lifecycle": as_document(view)}, lambda: as_csv(view))


def as_csv(view: LifecycleView, *, delimiter: str = ",") -> str:
    """A line for each event of each version."""
    heads = ["version", "at", "until", "what", "sentence", "known", "place", "reference"]
    rows = [[life["version"] or "", *(event[head] for head in heads[1:])]
            for life in as_document(view)["versions"] for event in life["events"]]
    return table_text([heads, *rows], delimiter)


def as_document(view: LifecycleView) -> dict[str, Any]:
    """For JSON."""
    def at(moment: datetime | None) -> str | None:
        return None if moment is None else format_exact(moment, relative=view.relative)

    return {"from": at(view.window.start), "to": at(view.window.end), "bucket_seconds": view.bucket_s,
            "buckets": [at(from_epoch(start)) for start in view.starts_s.tolist()],
            "versions": [{
                "version": life.version or None, "requests": life.requests, "first": at(life.first),
                "last": at(life.last), "serving": life.serving, "share": life.share, "shares": life.shares.tolist(),
                "events": [{"at": at(one.at), "until": at(one.until), "what": one.what.value,
                            "sentence": one.sentence, "known": one.known, "place": one.shown.value,
                            "reference": one.reference or None} for one in life.events],
                "next": {"stage": None if life.stage is None else life.stage.value, "reason": life.reason}}
                for life in view.versions],
            "sentence": view.sentence, "notes": list(view.notes), "command": view.command,
            "seconds": round(view.seconds, 6)}
