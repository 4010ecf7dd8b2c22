"""Gathers an incident's numbers; `console.reports` arranges and writes them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from console import __version__
from console.alarms.rules import Rule
from console.clock import now
from console.errors import BadSettings
from console.jobs import Job
from console.metrics import charts
from console.metrics.format import format_count, format_exact, format_span, format_time, format_window
from console.metrics.view import BoardView
from console.reports.results import Result, ResultKind
from console.reports.view import (
    AttachedAlarm,
    Impact,
    Incident,
    Method,
    Moment,
    ReportView,
)
from console.roles import StreamKind
from console.session import evidence, results, snapshots
from console.session.counting import Counting, counting, mature_until
from console.session.figures import POINTS, figures_of
from console.session.looking import Found, look
from console.store.incident_rows import NAME
from console.window import Window

if TYPE_CHECKING:
    from console.session.session import Session
    from console.store import Workspace

STEPS = 6
MOST_GAPS = 3

MOMENTS = {Moment.ONSET: "Onset", Moment.DETECTED: "Detected", Moment.ACKNOWLEDGED: "Acknowledged",
           Moment.MITIGATED: "Mitigated", Moment.RECOVERED: "Recovered"}


@dataclass(frozen=True, slots=True)
class Step:
    """One part of a longer job: what it reports is told as a note of that part."""

    job: Job
    number: int

    def report(self, _done: int, _total: int, note: str) -> None:
        """Of the whole, so many parts are done."""
        self.job.report(self.number, STEPS, note)

    def stop_if_asked(self) -> None:
        """Raises JobStopped."""
        self.job.stop_if_asked()


def gather(session: Session, incident: Incident, job: Job, *, counted_now: bool = False) -> ReportView:
    """Every number of the document, from the raw rows of its two windows. Raises JobStopped.

    counted_now  charts and drift are not those that were kept with the incident, where they differ
    """
    from console.reports import summarise

    store = session.store
    job.report(0, STEPS, "Looking for what changed")
    found = look(session, incident, Step(job, 0))
    incident = found.incident
    job.report(1, STEPS, "Counting what was hit")
    seen = charts.overview(store, POINTS)
    with counting(store, incident, found.drift) as counted:
        job.stop_if_asked()
        job.report(2, STEPS, "Comparing before and during")
        impacts = _impacts(store, incident, counted)
        job.stop_if_asked()
        job.report(3, STEPS, "Looking at segments")
        affected, means, condition = counted.affected(found.drift) if counted else ((), "", "")
        segments, segment_queries = counted.segments(condition, Step(job, 3)) if counted else ((), ())
        budgets, no_budget = counted.budgets(_rules(session)) if counted else ((), "The log has no requests.")
        versions = counted.versions(seen.versions if seen is not None else ()) if counted else ()
        kinds = counted.kinds(found.drift) if counted else ()
        examples = counted.examples(condition, kinds, evidence.MOST_EXAMPLES) if counted else []
    job.report(4, STEPS, "Drawing the charts")
    board, counted_figures = figures_of(session, incident, found.alarms.charts)
    told = snapshots.shown(snapshots.kept(store, incident), counted_figures, found.drift, counted_now=counted_now)
    snapshots.keep(store, incident, counted_figures, found.drift)
    job.stop_if_asked()
    job.report(5, STEPS, "Reading files")
    files = store.files_between((incident.window, incident.reference))
    rows = evidence.examples(session, examples, [title for title, _ in kinds], Step(job, 5))
    inputs = evidence.inputs(session.folder, files, Step(job, 5))
    rules, rules_sha256 = evidence.rules_text(_rules(session))
    attached = results.of_incident(store, incident)
    requests, users = (counted.requests, counted.users) if counted else (0, None)
    summary = summarise(incident, requests, impacts, told.drift, users=users, affected=affected)
    queries = ((f"The rows of both windows, as the table `{NAME}`", counted.rows_sql),
               *segment_queries) if counted else ()
    job.report(STEPS, STEPS, "")
    return ReportView(
        incident, session.name, now().replace(microsecond=0), f"Pilothouse {__version__}", tuple(summary), requests,
        users, impacts, segments, told.figures, told.drift,
        _timeline(store, incident, seen.versions if seen else (), attached),
        (*_quality(store, found, board), *([told.said] if told.said else [])), _reproduce(session, found, attached),
        queries,
        requests_before=counted.requests_before if counted else 0,
        users_before=counted.users_before if counted else None, affected=affected, affected_means=means,
        budgets=budgets, no_budget=no_budget, changes=found.changes, changes_problem=found.changes_problem,
        examples=rows, quarantined=evidence.quarantined(store, files), versions=versions, inputs=inputs, rules=rules,
        rules_sha256=rules_sha256, rows_sql=counted.rows_sql if counted else "", results=attached)


def _rules(session: Session) -> tuple[Rule, ...]:
    try:
        return session.rules()
    except BadSettings:
        return ()


def _impacts(store: Workspace, incident: Incident, counted: Counting | None) -> tuple[Impact, ...]:
    """Each metric before and during: counted from the rows where they tell it, else from the buckets."""
    from console.reports import impact_between, with_counts

    found = []
    inside = charts.board(store, incident.window, POINTS)
    earlier = charts.board(store, incident.reference, POINTS)
    by_metric = {chart.metric: chart for chart in earlier.charts}
    for chart in inside.charts:
        other = by_metric.get(chart.metric)
        if other is None:
            continue
        for number, series in enumerate(chart.series):
            name = f"{chart.metric}_{series.name}" if series.name else chart.metric
            sides = counted.sides(name) if counted is not None else None
            values = (sides[0].value, sides[1].value) if sides is not None else None
            impact = impact_between(chart, other, number, incident.window, incident.reference, exact=values,
                                    rows=(sides[0].n, sides[1].n) if sides is not None else None)
            if impact is None:
                continue
            if sides is not None:
                impact = with_counts(impact, *sides)
            found.append(replace(impact, peak_bucket_s=chart.bucket_s))
    return tuple(found)


# ---- timeline --------------------------------------------------------------------------------------------------

Entry = tuple[datetime, str, str]


def _timeline(store: Workspace, incident: Incident, seen: Sequence[tuple[str, Window]],
              attached: Sequence[Result]) -> tuple[Entry, ...]:
    """What is known to have happened, and what people wrote down, in order; each with its source."""
    entries: list[Entry] = [(incident.reference.start, "Reference window begins", "chosen"),
                            (incident.window.start, "Incident window begins", "chosen"),
                            (incident.window.end, "Incident window ends", "chosen")]
    for one in incident.milestones:
        if one.at is not None:
            entries.append((one.at, f"{MOMENTS[one.name]}: {one.source}" if one.source else MOMENTS[one.name],
                            _method(one.method)))
    for alarm in incident.alarms:
        entries += _alarm_entries(alarm)
    for change in incident.changes:
        entries.append((change.onset, change.sentence, "data"))
        if change.ended is not None:
            entries.append((change.ended, f"Back: {change.title}", "data"))
    entries += [(one.at, one.event + (f": {one.reason}" if one.reason else ""), f"rollout, {one.by}" if one.by
                 else "rollout") for one in incident.rollout]
    entries += [(one.at, one.sentences[0], "advice") for one in attached
                if one.kind is ResultKind.ADVICE and one.at is not None and one.sentences]
    entries += [(note.at, note.text, f"note, {note.by}" if note.by else "note") for note in incident.log]
    since = min(incident.reference.start, incident.window.start)
    until = incident.window.end + (incident.window.end - incident.window.start)
    entries += [(at, text, "note" if origin == "note" else origin) for at, text, origin in store.annotations()
                if since <= at < until]
    whole = store.span()
    if len(seen) > 1 and whole is not None:
        for version, span in seen:
            if span.start > whole.start:
                entries.append((span.start, f"Model version {version} first seen", "data"))
            if span.end < whole.end:
                entries.append((span.end, f"Model version {version} last seen", "data"))
    return tuple(sorted(dict.fromkeys(entries)))


def _alarm_entries(alarm: AttachedAlarm) -> list[Entry]:
    whose = f" ({alarm.labels})" if alarm.labels else ""
    source = f"rule {alarm.rule}"
    found = [(alarm.start, f"Alarm{whose}: {alarm.sentence}", source)]
    if alarm.acknowledged is not None:
        said = f": {alarm.said}" if alarm.said else ""
        found.append((alarm.acknowledged, f"Alarm {alarm.rule}{whose} acknowledged{said}", "person"))
    if alarm.end is not None:
        found.append((alarm.end, f"Alarm {alarm.rule}{whose} ends: {alarm.ended or 'resolved'}", source))
    return found


def _method(method: Method) -> str:
    return {Method.DATA: "data", Method.RULE: "rule", Method.PERSON: "person", Method.TYPED: "typed"}.get(method, "")


# ---- quality and commands --------------------------------------------------------------------------------------


def _quality(store: Workspace, found: Found, board: BoardView) -> tuple[str, ...]:
    incident = found.incident
    totals = store.totals()
    lines = [f"{format_count(totals.rows_read)} records were read: {format_count(totals.rows_loaded)} became rows, "
             f"{format_count(totals.rows_quarantined)} are in quarantine, {format_count(totals.rows_ignored)} were "
             "ignored (headers, comments and the like)."]
    refused = store.rejected()
    if refused:
        lines.append(f"{len(refused)} files could not be read, the first is {refused[0].path}: {refused[0].reason}")
    if any(stream.zone_assumed for stream in store.streams()):
        zones = sorted({stream.zone for stream in store.streams() if stream.zone_assumed})
        lines.append(f"The times name no zone; {', '.join(zones)} was assumed.")
    for window, name in ((incident.window, "incident"), (incident.reference, "reference")):
        gaps = evidence.gaps(board.covered, window)
        if gaps:
            told = "; ".join(format_window(one, relative=incident.relative) for one in gaps[:MOST_GAPS])
            more = f" and {len(gaps) - MOST_GAPS} more" if len(gaps) > MOST_GAPS else ""
            lines.append(f"No file covers {format_span(sum(one.seconds for one in gaps))} of the {name} window: "
                         f"{told}{more}.")
    if incident.window.overlaps(incident.reference):
        lines.append("The reference and the incident window overlap: differences are understated.")
    mature = mature_until(store)
    if mature is not None and mature < incident.window.end:
        lines.append(f"Outcomes are counted up to {format_time(mature, relative=incident.relative)}: later requests "
                     "still wait for some of theirs.")
    elif any(stream.kind is StreamKind.OUTCOMES for stream in store.streams()):
        lines.append("Outcomes come later than requests; those of both windows are complete." if mature is not None
                     else "Outcomes come later than requests, and the log does not tell when: rates of the youngest "
                     "minutes rest on few of them.")
    if found.drift is not None:
        lines.append(f"{format_count(found.drift.n_tests)} tests of drift were made; their p is adjusted for that "
                     "(Benjamini and Hochberg).")
    if found.changes is not None:
        lines += found.changes.notes
    lines.append(f"The incident window is {format_span(incident.window.seconds)} long, the reference "
                 f"{format_span(incident.reference.seconds)}. Intervals hold in 95 % of cases and take requests as "
                 "independent. Percentiles over time are right to 1 %; those of the impact table are exact.")
    return (*lines, *(problem for problem in (found.drift_problem, found.changes_problem) if problem))


def _reproduce(session: Session, found: Found, attached: Sequence[Result]) -> tuple[tuple[str, str], ...]:
    incident = found.incident
    target = shlex.quote(session.command_target)
    start, end, before, until = (format_exact(moment, relative=incident.relative) for moment in (
        incident.window.start, incident.window.end, incident.reference.start, incident.reference.end))
    lines = [("This report", f"pilothouse report {target} --from {start} --to {end} "
              f"--reference {before}..{until} --out report.html")]
    if found.drift is not None:
        lines.append(("The drift table", found.drift.command))
    if found.changes is not None:
        lines.append(("What changed", found.changes.command))
    if incident.alarms:
        lines.append(("The alarms", f"pilothouse alarms {target} --from {start} --to {end} --json"))
    lines += [(one.title, one.command) for one in attached]
    return tuple(lines)
