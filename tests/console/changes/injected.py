"""What `make_logs` injected into a folder, and at which place *what changed since* names it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from console.changes import ChangesView
from console.jobs import SilentJob
from console.session import Session
from tests.console.folders import truth_of
from tests.console.make_logs import ALT

METRICS_OF = {"latency_ms": ("latency_p50", "latency_p95", "latency_p99"), "status_code": ("error_rate",),
              "cpu_pct": ("cpu",), "load1": ("load",), "mem_mb": ("memory",),
              "prediction": ("null_responses", "prediction_mean"), "clicked": ("ctr", "label_mean"),
              "traffic": ("throughput",)}
"""A column that was tampered with is named when the metric that it makes is."""

QUIET = ("healthy", "seasonal")


@dataclass(frozen=True)
class Answer:
    """place  of the first row that names something injected, from 1; None for none; weak rows do not count
    strong   rows that are not weak, by what they are named after
    """

    view: ChangesView
    place: int | None
    strong: tuple[str, ...]


def asked(folder: Path, workspace: Path, *, quiet_at: float = 0.6, late: timedelta = timedelta(0)) -> Answer:
    """What is told of the folder when asked since the beginning of its injection; where there is none, since
    `quiet_at` of its span. late: how long after the beginning the time is that is typed."""
    injections = [one for one in truth_of(folder)["injections"] if one["kind"] != "seasonal"]
    session = Session.open(folder, workspace=workspace)
    try:
        session.load(SilentJob())
        span = session.store.span()
        assert span is not None
        at = (datetime.fromisoformat(injections[0]["start"].replace("Z", "+00:00")) + late if injections else
              span.start + (span.end - span.start) * quiet_at)
        view = session.changes(at, SilentJob())
    finally:
        session.close()
    names = injected(injections)
    place = next((place for place, row in enumerate(view.rows, 1) if not row.weak and
                  names & {row.name, row.column, row.segment.partition("=")[2]}), None)
    return Answer(view, place, tuple(row.name + (f" ({row.segment})" if row.segment else "") for row in view.rows
                                     if not row.weak))


def injected(injections: list[dict[str, Any]]) -> set[str]:
    """Names of columns, metrics and versions, any of which is right."""
    columns = {column for one in injections for column in one["columns"]}
    versions = {one["version"] for one in injections if "version" in one}
    columns |= {ALT[column] for column in columns if column in ALT}
    return columns | versions | {name for column in columns for name in METRICS_OF.get(column, ())}
