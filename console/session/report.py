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
from console.metrics.format import format_count, format_span
from console.metrics.view import BoardView, ChartView
from console.reports.view import Figure, Impact, Incident, ReportView, Segment
from console.roles import Role, StreamKind
from console.window import Window

if TYPE_CHECKING:
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

EVENT_NUMBERS = """
SELECT count(*) AS requests, count(DISTINCT user_id) AS users, count(failed) AS with_status,
       avg(failed::INTEGER) AS error_rate, avg(({answer} IS NULL)::INTEGER) AS null_responses,
       avg(clicked::DOUBLE) AS ctr, avg(label::DOUBLE) AS label_mean,
       quantile_disc(latency_ms, 0.5) AS latency_p50, quantile_disc(latency_ms, 0.95) AS latency_p95,
       quantile_disc(latency_ms, 0.99) AS latency_p99
FROM events WHERE ts >= $start AND ts < $end"""

HIT = """
CREATE OR REPLACE TEMP TABLE hit AS
SELECT ts, user_id, model_version, host, latency_ms, failed, prediction, score, clicked, label
FROM events
WHERE ts >= $first AND ts < $last AND ((ts >= $start AND ts < $end) OR (ts >= $before AND ts < $until))"""

SEGMENTS = """
SELECT {column} AS value, count(*) AS requests, avg(failed::INTEGER) AS failed_share,
       quantile_disc(latency_ms, 0.95) AS p95, avg(({answer} IS NULL)::INTEGER) AS null_share,
       avg(clicked::DOUBLE) AS ctr
FROM events WHERE ts >= $start AND ts < $end AND {column} IS NOT NULL
GROUP BY 1 ORDER BY requests DESC LIMIT {limit}"""


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
    answer = _answer(store)
    segments = SEGMENTS.format(column="model_version", limit=MOST_SEGMENTS, answer=answer)
    return (("Requests, users, rates and latency of the window", _filled(EVENT_NUMBERS.format(answer=answer), window)),
            ("Segments", _filled(segments, window)))


def _gather_rows(store: Workspace, incident: Incident) -> None:
    """The rows of both windows, once: `events` joins outcomes, and over ten million rows each question would cost
    seconds. The queries that the report shows ask `events` and give the same numbers."""
    window, reference = incident.window, incident.reference
    moments = {"first": min(window.start, reference.start), "last": max(window.end, reference.end),
               "start": window.start, "end": window.end, "before": reference.start, "until": reference.end}
    store.cursor().execute(HIT, {name: moment.replace(tzinfo=None) for name, moment in moments.items()})


def _of_rows(query: str) -> str:
    return query.replace("FROM events", "FROM hit")


def _numbers(store: Workspace, window: Window) -> dict[str, float]:
    cursor = store.cursor().execute(_of_rows(EVENT_NUMBERS.format(answer=_answer(store))), _bounds(window))
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


def _answer(store: Workspace) -> str:
    """Which column of `events` is null when a request got no answer."""
    streams = [stream for stream in store.streams() if stream.kind is StreamKind.REQUESTS]
    return "prediction" if any(stream.column(Role.PREDICTION) for stream in streams) else "score"


def _segments(store: Workspace, window: Window) -> tuple[Segment, ...]:
    rows: list[Segment] = []
    for role in (Role.MODEL_VERSION, Role.HOST):
        sql = SEGMENTS.format(column=role.value, limit=MOST_SEGMENTS, answer=_answer(store))
        found = store.cursor().execute(_of_rows(sql), _bounds(window)).fetchall()
        if len(found) < 2:
            continue
        rows += [Segment(role.value, str(value), int(n), *(_number(part) for part in rest))
                 for value, n, *rest in found]
    return tuple(rows)


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
    window = incident.window
    lines = [("This report", f"pilothouse report {target} --from {_iso(window.start)} --to {_iso(window.end)} "
              f"--reference {_iso(incident.reference.start)}..{_iso(incident.reference.end)} --out report.html")]
    if drift is not None:
        lines.append(("The drift table", drift.command))
    return tuple(lines)


def _command(session: Session, chart: ChartView, board: BoardView) -> str:
    names = [metric.name for metric in CATALOGUE if metric.chart == chart.metric] or [chart.metric]
    if chart.metric.startswith(SAMPLED_PREFIX):
        names = [chart.metric]
    target, span = shlex.quote(session.command_target), board.window
    return "\n".join(f"pilothouse metrics {target} --metric {shlex.quote(name)} --bucket {board.bucket_s}s "
                     f"--from {_iso(span.start)} --to {_iso(span.end)} --json" for name in names)


def _bounds(window: Window) -> dict[str, Any]:
    return {"start": window.start.replace(tzinfo=None), "end": window.end.replace(tzinfo=None)}


def _filled(sql: str, window: Window) -> str:
    """The query with its two times written in: ours, not text from a log."""
    text = sql.strip()
    for name, moment in _bounds(window).items():
        text = text.replace(f"${name}", f"TIMESTAMP '{moment.isoformat(sep=' ')}'")
    return text


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
