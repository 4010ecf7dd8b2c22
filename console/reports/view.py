"""An incident, and the document written from it.

All formats are written from one `ReportView`, so they cannot differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from console.drift.view import DriftView
from console.metrics.view import ChartView
from console.window import Window


@dataclass(frozen=True, slots=True)
class Impact:
    """One number before and during the incident."""

    metric: str
    title: str
    unit: str
    before: float                # nan: not known
    during: float
    peak: float
    peak_at: datetime | None
    n_before: int
    n_during: int
    sentence: str
    worse: bool | None           # None: neither better nor worse, or too little data


@dataclass(frozen=True, slots=True)
class Segment:
    """A value of model version, host or a categorical column, and how it fared in the window."""

    column: str
    value: str
    requests: int
    failed_share: float
    latency_p95: float
    null_share: float
    ctr: float


@dataclass(frozen=True, slots=True)
class Figure:
    """One chart of the report, with the command and SQL that give its numbers."""

    chart: ChartView
    command: str
    alt: str                     # one sentence for those who cannot see it


@dataclass(frozen=True, slots=True)
class Incident:
    """A window with what people said about it. Facts come from the log, words from people."""

    incident_id: str             # "INC-20260302-1000-a1b2"
    title: str
    window: Window
    reference: Window
    created: datetime
    notes: str = ""
    severity: str = "unset"
    status: str = "draft"
    relative: bool = False       # the log's times count from a start that it does not name; `created` is a real time


@dataclass(frozen=True, slots=True)
class ReportView:
    """Everything that the document says."""

    incident: Incident
    folder: str                  # its name, not its path
    generated: datetime
    program: str                 # "Pilothouse 0.1.0"
    summary: tuple[str, ...]     # three sentences
    requests: int
    users: int | None
    impacts: tuple[Impact, ...]
    segments: tuple[Segment, ...]
    figures: tuple[Figure, ...]
    drift: DriftView | None
    timeline: tuple[tuple[datetime, str, str], ...]       # when, what, source
    data_quality: tuple[str, ...]
    reproduce: tuple[tuple[str, str], ...]                # what, command
    queries: tuple[tuple[str, str], ...]                  # what, SQL


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """One line of the list in the place Incidents."""

    incident_id: str
    title: str
    window: Window
    created: datetime
    status: str
    summary: str
    relative: bool = False
