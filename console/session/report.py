"""Gathers an incident's numbers; `console.reports` arranges and writes them."""

from __future__ import annotations

import shlex
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from console import __version__
from console.clock import now
from console.drift.view import DriftView
from console.errors import ConsoleError
from console.jobs import Job
from console.metrics import charts
from console.metrics.catalogue import CATALOGUE, SAMPLED_PREFIX
from console.metrics.format import format_count, format_exact, format_span
from console.metrics.view import BoardView, ChartView
from console.reports.view import Figure, Impact, Incident, ReportView, Segment
from console.roles import Role, StreamKind
from console.store import sql
from console.window import Window

if TYPE_CHECKING:
    import duckdb

    from console.session.session import Session
    from console.store import Workspace

POINTS = 240
"""Buckets across a figure of the report: as many as its numbers can be read on paper."""
MARGIN = 0.15
"""Time shown on either side of the two windows, as a share of the whole."""
FAR = 12
"""A reference farther away than so many lengths of the window is compared, but not drawn on the same axis."""
MOST_SEGMENTS = 12
STEPS = 5


def gather(session: Session, incident: Incident, job: Job) -> ReportView:
    """Every number of the document, from the raw rows of its two windows. Raises JobStopped."""
    from console.reports import alt_text, summarise

    store = session.store
    job.report(0, STEPS, "Counting what was hit")
    _gather_rows(store, incident)
    during = _numbers(store, incident.window)
    before = _numbers(store, incident.reference)
    job.stop_if_asked()
    job.report(1, STEPS, "Drawing the charts")
    shown = _shown(store, incident)
    board = charts.board(store, shown, POINTS)
    job.stop_if_asked()
    job.report(2, STEPS, "Comparing before and during")
    impacts = _impacts(store, incident, before, during)
    job.stop_if_asked()
    job.report(3, STEPS, "Testing drift")
    drift, drift_problem = _drift(session, incident, job)
    job.report(4, STEPS, "Writing it down")
    segments = _segments(store, incident.window)
    store.cursor().execute("DROP TABLE IF EXISTS hit")
    figures = tuple(Figure(chart, _command(session, chart, board), alt_text(chart, incident.window,
                                                                            incident.reference))
                    for chart in board.charts)
    users = int(during["users"]) or None
    summary = summarise(incident, int(during["requests"]), impacts, drift, users=users)
    quality = (*_quality(store, incident), *((drift_problem,) if drift_problem else ()))
    return ReportView(
        incident, session.name, now().replace(microsecond=0), f"Pilothouse {__version__}", tuple(summary),
        int(during["requests"]), users, impacts, segments, figures, drift, _timeline(store, incident), quality,
        _reproduce(session, incident, drift),
        _queries(store, incident.window))


def _queries(store: Workspace, window: Window) -> tuple[tuple[str, str], ...]:
    return (("Requests, users, rates and latency of the window", _filled(store, "session/window_numbers", window)),
            ("Segments", _filled(store, "session/segments", window)))


def _gather_rows(store: Workspace, incident: Incident) -> None:
    """The rows of both windows, once: `events` joins outcomes, and over ten million rows each question would cost
    seconds. The queries that the report shows ask `events` and give the same numbers."""
    window, reference = incident.window, incident.reference
    moments = {"first": min(window.start, reference.start), "last": max(window.end, reference.end),
               "start": window.start, "end": window.end, "before": reference.start, "until": reference.end}
    naive = {name: moment.replace(tzinfo=None) for name, moment in moments.items()}
    store.cursor().execute(sql("session/rows_of_two_windows"), naive)


def _asked(store: Workspace, name: str, window: Window) -> duckdb.DuckDBPyConnection:
    """A query over `events` put to the rows gathered before: the same numbers, without joining outcomes again."""
    return store.cursor().execute(sql(name).replace("FROM events", "FROM hit"), _parameters(store, window))


def _numbers(store: Workspace, window: Window) -> dict[str, float]:
    cursor = _asked(store, "session/window_numbers", window)
    names = [item[0] for item in cursor.description or ()]
    row = cursor.fetchall()[0]
    return {name: float("nan") if value is None else float(value) for name, value in zip(names, row, strict=True)}


def _impacts(store: Workspace, incident: Incident, before: dict[str, float],
             during: dict[str, float]) -> tuple[Impact, ...]:
    """Each metric before and during: counted from the rows where `events` has it, else from the buckets."""
    from console.reports import impact_between

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
            values = (before[name], during[name]) if name in before else None
            impact = impact_between(chart, other, number, incident.window, incident.reference, exact=values)
            if impact is not None:
                found.append(impact)
    return tuple(found)


def _parameters(store: Workspace, window: Window) -> dict[str, Any]:
    streams = [stream for stream in store.streams() if stream.kind is StreamKind.REQUESTS]
    by_score = not any(stream.column(Role.PREDICTION) for stream in streams)
    return {"start": window.start.replace(tzinfo=None), "end": window.end.replace(tzinfo=None), "by_score": by_score}


def _segments(store: Workspace, window: Window) -> tuple[Segment, ...]:
    """Model versions and hosts; a column with one value alone has no segments."""
    by_column: dict[str, list[Segment]] = {}
    for column, value, requests, *rest in _asked(store, "session/segments", window).fetchall():
        segment = Segment(column, str(value), int(requests), *(_number(part) for part in rest))
        by_column.setdefault(column, []).append(segment)
    return tuple(segment for found in by_column.values() if len(found) > 1 for segment in found[:MOST_SEGMENTS])


def _drift(session: Session, incident: Incident, job: Job) -> tuple[DriftView | None, str]:
    try:
        return session.compare(incident.reference, incident.window, job), ""
    except ConsoleError as error:
        return None, f"Drift was not tested: {error}"


def _shown(store: Workspace, incident: Incident) -> Window:
    """Both windows with a margin, or the incident alone with room around it when the reference lies far away."""
    window, reference = incident.window, incident.reference
    start, end = min(window.start, reference.start), max(window.end, reference.end)
    if (end - start) > FAR * (window.end - window.start):
        start, end = window.start - (window.end - window.start), window.end + (window.end - window.start) / 2
    margin = (end - start) * MARGIN
    whole = store.span()
    start, end = start - margin, end + margin
    if whole is not None:
        start, end = max(start, min(whole.start, window.start)), min(end, max(whole.end, window.end))
    return Window(start, max(end, start + timedelta(seconds=1)))


def _timeline(store: Workspace, incident: Incident) -> tuple[tuple[datetime, str, str], ...]:
    entries = [(incident.reference.start, "Reference window begins", "chosen"),
               (incident.window.start, "Incident window begins", "chosen"),
               (incident.window.end, "Incident window ends", "chosen")]
    strip = charts.overview(store, POINTS)
    if strip is not None and len(strip.versions) > 1:
        for version, seen in strip.versions:
            entries.append((seen.start, f"Model version {version} first seen", "data"))
            if seen.end < strip.window.end:
                entries.append((seen.end, f"Model version {version} last seen", "data"))
    return tuple(sorted(entries))


def _quality(store: Workspace, incident: Incident) -> tuple[str, ...]:
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
    if incident.window.overlaps(incident.reference):
        lines.append("The reference and the incident window overlap: differences are understated.")
    if any(stream.kind is StreamKind.OUTCOMES for stream in store.streams()):
        lines.append("Outcomes come later than requests: rates of the youngest minutes rest on few of them.")
    lines.append(f"The incident window is {format_span(incident.window.seconds)} long, the reference "
                 f"{format_span(incident.reference.seconds)}. Percentiles over time are right to 1 %; those of the "
                 "impact table are exact.")
    return tuple(lines)


def _reproduce(session: Session, incident: Incident, drift: DriftView | None) -> tuple[tuple[str, str], ...]:
    target = shlex.quote(session.command_target)
    start, end, before, until = (format_exact(moment, relative=incident.relative) for moment in (
        incident.window.start, incident.window.end, incident.reference.start, incident.reference.end))
    lines = [("This report", f"pilothouse report {target} --from {start} --to {end} "
              f"--reference {before}..{until} --out report.html")]
    if drift is not None:
        lines.append(("The drift table", drift.command))
    return tuple(lines)


def _command(session: Session, chart: ChartView, board: BoardView) -> str:
    drawn = {series.name for series in chart.series}
    names = [metric.name for metric in CATALOGUE if metric.chart == chart.metric and metric.series in drawn]
    if chart.metric.startswith(SAMPLED_PREFIX):
        names = [chart.metric]
    target, span = shlex.quote(session.command_target), board.window
    start, end = (format_exact(moment, relative=chart.relative) for moment in (span.start, span.end))
    return "\n".join(f"pilothouse metrics {target} --metric {shlex.quote(name)} --bucket {chart.bucket_s}s "
                     f"--from {start} --to {end} --json" for name in names)


def _filled(store: Workspace, name: str, window: Window) -> str:
    """The query with its parameters written in: times and a flag of ours, no text from a log."""
    text = "\n".join(line for line in sql(name).splitlines() if not line.startswith("--"))
    for key, value in _parameters(store, window).items():
        said = str(value).lower() if isinstance(value, bool) else f"TIMESTAMP '{value.isoformat(sep=' ')}'"
        text = text.replace(f"${key}", said)
    return text


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)
