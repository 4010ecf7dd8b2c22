"""Where each number of a report's tables comes from.

A number that was counted from rows names its query, over `incident_rows`; what comes from rollups names the command
that prints it. One command prints them all: the report itself as JSON, in which every number has a place.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from datetime import timedelta

from console.metrics.catalogue import CATALOGUE, SAMPLED_PREFIX
from console.metrics.format import format_count, format_exact, format_number
from console.reports.numbers import value_text
from console.reports.view import SEGMENTS_BY, Impact, ReportView


@dataclass(frozen=True, slots=True)
class Number:
    """One number. place: in the JSON report, as a JSON pointer."""

    title: str
    value: float
    text: str
    place: str
    command: str
    sql: str


def report_command(view: ReportView) -> str:
    """The command line that prints this report as JSON; "" where the view names none."""
    found = next((command for _, command in view.reproduce if command.startswith("pilothouse report ")), "")
    return re.sub(r" --out \S+", " --json", found)


def origins(view: ReportView) -> tuple[Number, ...]:
    """Of every number of the impact, the affected, the segments, the budgets and the drift table."""
    command = report_command(view)
    found: list[Number] = []
    for number, impact in enumerate(view.impacts):
        for word, value, sql in (("before", impact.before, impact.sql_before), ("during", impact.during, impact.sql)):
            found.append(Number(f"{impact.title}, {word}", value, value_text(value, impact.unit),
                                f"/impact/{number}/{word}", impact.command or command, sql))
        if impact.peak_at is not None:
            found.append(Number(f"{impact.title}, peak", impact.peak, value_text(impact.peak, impact.unit),
                                *_of_peak(impact, number, command, relative=view.incident.relative)))
    for number, one in enumerate(view.affected):
        found.append(Number(f"{one.title}, requests", one.requests, format_count(one.requests),
                            f"/affected/{number}/requests", command, one.sql))
        found.append(Number(f"{one.title}, in the reference", one.base_requests, format_count(one.base_requests),
                            f"/affected/{number}/base_requests", command, one.sql_before))
    for number, segment in enumerate(view.segments):
        found.append(Number(f"{segment.column} {segment.value}, requests", segment.requests,
                            format_count(segment.requests), f"/segments/{number}/requests", command,
                            segment_sql(view, segment.column)))
    for number, budget in enumerate(view.budgets):
        found.append(Number(f"{budget.rule}, bad", budget.bad, format_count(budget.bad), f"/budgets/{number}/bad",
                            command, budget.sql))
    if view.drift is not None:
        sqls = dict(zip(range(len(view.drift.columns)), view.drift_sql, strict=False))
        for number, row in enumerate(view.drift.columns):
            found.append(Number(f"{row.column}, {row.effect_name or row.kind}", row.effect,
                                format_number(row.effect), f"/columns/{number}/effect", view.drift.command,
                                sqls.get(number, "")))
    return tuple(found)


def _of_peak(impact: Impact, number: int, command: str, *, relative: bool) -> tuple[str, str, str]:
    """place, command and SQL: the bucket of the peak alone, where it is known how long that is."""
    metric = impact.metric if impact.metric.startswith(SAMPLED_PREFIX) else next(
        (one.name for one in CATALOGUE if impact.metric == (f"{one.chart}_{one.series}" if one.series else one.chart)),
        None)
    if metric is None or not impact.peak_bucket_s or impact.peak_at is None or not command:
        return f"/impact/{number}/peak", command, ""
    start, end = (format_exact(at, relative=relative) for at in (
        impact.peak_at, impact.peak_at + timedelta(seconds=impact.peak_bucket_s)))
    return ("/buckets/0/value", f"pilothouse metrics {shlex.quote(shlex.split(command)[2])} --metric "
            f"{shlex.quote(metric)} --bucket {impact.peak_bucket_s}s --from {start} --to {end} --json", "")


def segment_sql(view: ReportView, column: str) -> str:
    """The query of the segments by a column; "" where the view has none."""
    return dict(view.queries).get(f"{SEGMENTS_BY} {column}", "")
