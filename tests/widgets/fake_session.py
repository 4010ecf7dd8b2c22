"""A session of made-up views, with the interface of the real one: for tests of the frame, and to look at it."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from console.alarms.view import AlarmsView
from console.drift.view import (
    CategoryShape,
    ColumnDrift,
    DriftPreview,
    DriftView,
    NumericShape,
    PreviewRow,
    Verdict,
)
from console.errors import BadSettings
from console.jobs import Job
from console.logs.replay import ReplayReport
from console.logs.view import ColumnView, FileView, QuarantineView, SourcesView, StreamView
from console.metrics.format import format_value, format_window
from console.metrics.view import BoardView, ChartView, OverviewView, ReadOut, SeriesView
from console.reports.view import Incident, IncidentRow
from console.roles import ColumnType, Role, StreamKind
from console.rollout.plan_view import PlanView, plan_view
from console.rollout.ready import ready_plan
from console.session.board_layout import BoardLayout
from console.session.incidents import Steps
from console.session.splitting import Split
from console.session.view import LoadProgress, SelectionView, StatusView
from console.window import Window, from_epoch

START = datetime(2026, 3, 2, tzinfo=UTC)
WHOLE = Window(START, START + timedelta(days=2))
REFERENCE = Window(START + timedelta(hours=2), START + timedelta(hours=8))
CURRENT = Window(START + timedelta(hours=30), START + timedelta(hours=36))
CHARTS = (
    ("throughput", "Throughput", "req/s", "software", ("",), 40.0),
    ("latency", "Latency", "ms", "software", ("p50", "p95", "p99"), 60.0),
    ("error_rate", "Error rate", "share", "software", ("",), 0.01),
    ("missing", "Missing values", "share", "input", ("price", "age"), 0.02),
    ("null_responses", "Null responses", "share", "output", ("",), 0.004),
    ("ctr", "Click-through rate", "share", "output", ("ctr-v1", "ctr-v2"), 0.05),
    ("cpu", "CPU", "%", "software", ("serve-0", "serve-1", "serve-2"), 45.0),
    ("memory", "Memory", "MB", "software", ("serve-0", "serve-1", "serve-2"), 2100.0),
    ("prediction", "Mean prediction", "", "output", ("",), 0.12),
)


class FakePlanEditor:
    """A ready plan, judged at once."""

    def view(self) -> PlanView:
        """It."""
        return plan_view(ready_plan("fast canary"))

    def judge(self, job: Job) -> PlanView:
        """The same, judged."""
        return self.view()


class FakeAdvising:
    """A log without requests."""

    def shock(self, job: Job, at: datetime | None = None) -> object:
        """Nothing to look at."""
        raise BadSettings("This log has no requests", do="Open a folder with a row for each request")


class FakeRehearsing:
    """Nothing to try but what is as good as the stable version."""

    def candidates(self) -> tuple[str, ...]:
        """Of it."""
        return ("identical",)


class FakeSession:
    """Hands out made-up views. `slow_s` makes every view take that long, `steps` is how long loading goes on."""

    def __init__(self, folder: Path, *, slow_s: float = 0.0, steps: int = 0, grows: bool = False) -> None:
        self.folder = folder
        self.name = folder.name
        self.slow_s = slow_s
        self.steps = steps
        self.grows = grows
        self.following = grows
        self.generation = 1
        self.closed = False
        self.calls: list[str] = []
        self.at_once: dict[str, int] = {}
        self.most_at_once: dict[str, int] = {}
        self.threads: set[str] = set()
        self._lock = threading.Lock()
        self._loading: LoadProgress | None = None
        self._selection = SelectionView(WHOLE, WHOLE, False, False, False, "all", None, None, "", 0)
        self._incidents: dict[str, Incident] = {}
        self._edits: list[Incident] = []
        self._undone: list[Incident] = []
        self._gone: Incident | None = None
        self.plan_editor = FakePlanEditor()
        self.rehearsing = FakeRehearsing()

    waits = False
    unplaced = False

    @property
    def stopped(self) -> bool:
        """Whether a load was cancelled."""
        return "load" not in self.calls and self.steps > 0

    # work

    def load(self, job: Job) -> object:
        """Some steps, each of which looks whether it should stop."""
        for step in range(self.steps):
            self._loading = LoadProgress(
                True, step, self.steps, step, self.steps, step * 1000, 200_000.0, step, "predictions-20260302.parquet"
            )
            job.report(step, self.steps, "loading")
            job.stop_if_asked()
            self.generation += 1
            time.sleep(0.01)
        self._loading = None
        self.calls.append("load")
        return object()

    def poll(self, job: Job) -> bool:
        """Grows when it was told to."""
        job.stop_if_asked()
        self.calls.append("poll")
        if self.grows:
            self.generation += 1
        return self.grows

    def wishes(self) -> tuple[object, ...]:
        """No chart is read apart."""
        return ()

    def read_chart(self, wish: object, job: Job) -> None:
        """Never asked for."""
        raise AssertionError(wish)

    def close(self) -> None:
        """Remembers it."""
        self.closed = True

    # selection

    def selection(self) -> SelectionView:
        """As it stands."""
        return self._selection

    def tick(self) -> SelectionView:
        """Nothing moves by itself."""
        return self._selection

    def look_at(self, window: Window) -> SelectionView:
        """Show it."""
        return self._set(visible=window, quick="", can_back=True)

    def quick(self, name: str) -> SelectionView:
        """By name."""
        seconds = {"15m": 900, "1h": 3600, "6h": 21600, "1d": 86400, "all": WHOLE.seconds}[name]
        return self._set(visible=Window(WHOLE.end - timedelta(seconds=seconds), WHOLE.end), quick=name, can_back=True)

    def zoom(self, factor: float, around: datetime) -> SelectionView:
        """Around an instant."""
        visible = self._selection.visible
        assert visible is not None
        return self.look_at(
            Window(around - (around - visible.start) * factor, around + (visible.end - around) * factor)
        )

    def pan(self, fraction: float) -> SelectionView:
        """By a share."""
        visible = self._selection.visible
        assert visible is not None
        return self.look_at(visible.shifted(timedelta(seconds=visible.seconds * fraction)))

    def back(self) -> SelectionView:
        """To the whole."""
        return self._set(visible=WHOLE, can_back=False, can_forward=True, quick="all")

    def forward(self) -> SelectionView:
        """Nothing to go to."""
        return self._set(can_forward=False)

    def set_live(self, live: bool) -> SelectionView:
        """On or off."""
        return self._set(live=live)

    def brush(self, side: str, window: Window | None) -> SelectionView:
        """One side."""
        return self._set(**{side: window})

    def choose_column(self, name: str) -> SelectionView:
        """By name."""
        return self._set(column=name)

    def suggest_windows(self) -> tuple[Window, Window]:
        """Always these."""
        return REFERENCE, CURRENT

    def _set(self, **changes: object) -> SelectionView:
        self._selection = replace(self._selection, **changes)  # type: ignore[arg-type]
        return self._selection

    # views

    layout = BoardLayout()
    trusted = True
    own_metrics: tuple[str, ...] = ()
    own_expressions: tuple[str, ...] = ()
    advising = FakeAdvising()
    alarms_view = AlarmsView((), (), (), (), None)

    def alarms(self, job: Job | None = None, *, whole: bool = False) -> AlarmsView:
        """What was put there."""
        with self._counted("alarms"):
            return self.alarms_view

    def take_layout_notes(self) -> tuple[str, ...]:
        """Nothing to say."""
        return ()

    def splits(self, metric: str) -> tuple[Split, ...]:
        """Always this one."""
        return (Split("model_version", "model version"),)

    def progress(self) -> LoadProgress | None:
        """While loading."""
        return self._loading

    def status(self) -> StatusView:
        """Small numbers."""
        return StatusView(
            str(self.folder), self._loading, 0.4 if self.grows else None, 1_204_331, 12, 1, 214.0, self.grows, ""
        )

    def board(self, max_points: int = 400) -> BoardView:
        """Nine charts."""
        with self._counted("board"):
            window = self._selection.visible or WHOLE
            return make_board(window, max_points, self.generation)

    def overview(self, max_points: int = 800) -> OverviewView:
        """The silhouette."""
        with self._counted("overview"):
            times = np.linspace(WHOLE.start_s, WHOLE.end_s, max_points, endpoint=False)
            wave = 40 + 25 * np.sin(times / 86400 * 2 * np.pi) + np.random.default_rng(3).normal(0, 3, max_points)
            return OverviewView(
                WHOLE,
                times,
                int(WHOLE.seconds / max_points),
                wave,
                np.full(max_points, 0.01),
                (("ctr-v1", WHOLE), ("ctr-v2", CURRENT)),
                (),
            )

    def read_out(self, board: BoardView, at: datetime) -> tuple[ReadOut, ...]:
        """The first value of each."""
        return tuple(
            ReadOut(one.metric, one.title, series.name, at, format_value(float(series.values[0]), one.unit))
            for one in board.charts
            for series in one.series
        )

    def sources(self) -> SourcesView:
        """Three streams."""
        with self._counted("sources"):
            return make_sources(self.folder)

    def set_columns(self, stream: str, changes: object, zone: str | None, job: Job, kind: object = None) -> bool:
        """Remembers it."""
        job.report(1, 2, "Rebuilding")
        self.calls.append(f"set_columns {stream} {changes} {zone}")
        return False

    def name_columns(self, stream: str, names: tuple[str, ...], job: Job) -> None:
        """Remembers it."""
        self.calls.append(f"name_columns {stream} {names}")

    def from_path(self, stream: str, role: Role, where: str, job: Job) -> None:
        """Remembers it."""
        self.calls.append(f"from_path {stream} {role} {where}")

    def leave_out(self, patterns: tuple[str, ...], job: Job) -> None:
        """Remembers it."""
        self.calls.append(f"leave_out {patterns}")

    def undo_columns(self, job: Job) -> None:
        """Remembers it."""
        self.calls.append("undo")

    def redo_columns(self, job: Job) -> None:
        """Nothing was taken back."""
        raise BadSettings("There is no correction to make again")

    def quarantine(self, limit: int, offset: int = 0, reason: str | None = None,
                   file: str | None = None) -> tuple[QuarantineView, ...]:
        """The made-up rows of that reason."""
        self.calls.append(f"quarantine {limit} {offset} {reason} {file}")
        rows = [one for one in make_sources(self.folder).quarantine if reason in (None, one.reason)]
        return tuple(rows[offset:offset + limit])

    def raw_record(self, row: QuarantineView) -> str:
        """Longer than what was kept."""
        return f"{row.raw} and the rest of the record"

    def replay_quarantine(self, job: Job, stream: str | None = None) -> ReplayReport:
        """Some of them fit now."""
        job.report(1, 2, "Reading records again")
        self.calls.append("replay")
        return ReplayReport(10, 2)

    def reference_streams(self) -> tuple[str, ...]:
        """None in this log."""
        return ()

    def drift(self, job: Job) -> DriftView:
        """The made-up result."""
        chosen = self._selection
        if chosen.reference is None or chosen.current is None:
            raise BadSettings("No window is chosen", do="Brush one")
        job.report(1, 3, "price")
        return make_drift(chosen.reference, chosen.current)

    def preview_drift(self, side: str, window: Window, drawn: str = "") -> DriftPreview | None:
        """The made-up result by counts, once both windows are chosen."""
        chosen = self._selection
        reference, current = (window, chosen.current) if side == "reference" else (chosen.reference, window)
        if reference is None or current is None:
            return None
        return make_preview(reference, current, drawn)

    def preview_chosen(self, drawn: str = "") -> DriftPreview | None:
        """Nothing is counted before somebody drags."""
        return None

    def count_for_previews(self, job: Job) -> bool:
        """There is nothing to count."""
        return False

    # incidents

    def create_incident(self, title: str = "", **_about: object) -> Incident:
        """Kept in memory."""
        number = len(self._incidents) + 1
        incident = Incident(
            f"INC-20260302-1000-{number:04x}",
            title or f"Incident of {format_window(CURRENT)}",
            CURRENT,
            REFERENCE,
            WHOLE.end,
        )
        self._incidents[incident.incident_id] = incident
        return incident

    def incidents(self) -> tuple[IncidentRow, ...]:
        """All."""
        return tuple(
            IncidentRow(one.incident_id, one.title, one.window, one.created, one.status, "")
            for one in self._incidents.values()
        )

    def incident(self, incident_id: str) -> Incident:
        """One."""
        return self._incidents[incident_id]

    def update_incident(self, incident: Incident) -> Incident:
        """Kept, and what was there before can come back."""
        before = self._incidents.get(incident.incident_id)
        if before is not None and before != incident:
            self._edits.append(before)
        self._incidents[incident.incident_id] = incident
        return incident

    def incident_steps(self, incident_id: str) -> Steps:
        """Of the only one that is edited here."""
        return Steps(bool(self._edits), bool(self._undone))

    def undo_incident(self, incident_id: str) -> Incident:
        """As before."""
        self._undone.append(self._incidents[incident_id])
        self._incidents[incident_id] = self._edits.pop()
        return self._incidents[incident_id]

    def redo_incident(self, incident_id: str) -> Incident:
        """Again."""
        self._edits.append(self._incidents[incident_id])
        self._incidents[incident_id] = self._undone.pop()
        return self._incidents[incident_id]

    def look_into(self, incident_id: str, job: Job) -> Incident:
        """Finds nothing."""
        job.report(1, 3, "Looking for what changed")
        found = replace(self._incidents[incident_id], looked=WHOLE.end)
        self._incidents[incident_id] = found
        return found

    def delete_incident(self, incident_id: str) -> None:
        """Gone."""
        self._gone = self._incidents.pop(incident_id)

    def restore_incident(self, incident_id: str | None = None) -> Incident | None:
        """Back."""
        if self._gone is not None:
            self._incidents[self._gone.incident_id] = self._gone
        return self._gone

    def report(self, incident_id: str | None, job: Job) -> str:
        """Not a real one."""
        job.report(1, 2, "Gathering")
        return incident_id or "window"

    def write_report(self, view: object, path: Path, job: Job) -> None:
        """A word in a file."""
        job.report(2, 2, "Writing")
        path.write_text(f"report of {view}")

    def _counted(self, name: str) -> _Counted:
        return _Counted(self, name)


class _Counted:
    """Counts how many of one view are made at once, and on which threads."""

    def __init__(self, session: FakeSession, name: str) -> None:
        self._session, self._name = session, name

    def __enter__(self) -> None:
        one = self._session
        with one._lock:
            one.calls.append(self._name)
            one.threads.add(threading.current_thread().name)
            one.at_once[self._name] = one.at_once.get(self._name, 0) + 1
            one.most_at_once[self._name] = max(one.most_at_once.get(self._name, 0), one.at_once[self._name])
        if one.slow_s:
            time.sleep(one.slow_s)

    def __exit__(self, *_what: object) -> None:
        with self._session._lock:
            self._session.at_once[self._name] -= 1


def make_board(window: Window, points: int, generation: int) -> BoardView:
    """Nine charts with waves in them."""
    rng = np.random.default_rng(1)
    bucket = max(1, int(window.seconds / points))
    times = np.arange(window.start_s // bucket * bucket, window.end_s, bucket)
    charts = []
    for metric, title, unit, group, names, base in CHARTS:
        series = []
        for number, name in enumerate(names):
            wave = base * (1 + number * 0.6) * (1 + 0.3 * np.sin(times / 86400 * 2 * np.pi))
            values = np.abs(wave + rng.normal(0, base * 0.08, len(times)))
            values[len(values) // 3 : len(values) // 3 + 4] = np.nan
            series.append(SeriesView(name, values, np.full(len(times), 120.0)))
        latest = format_value(float(series[-1].values[-1]), unit)
        charts.append(
            ChartView(
                metric,
                title,
                unit,
                group,
                "neither",
                times,
                bucket,
                tuple(series),
                f"{title} of all requests that came in each stretch of time.",
                "requests / length of the bucket",
                latest,
                "SELECT bucket, n / $bucket_s AS value\nFROM rollup_requests\nORDER BY bucket",
                "Percentiles are exact to 1 %." if metric == "latency" else "",
            )
        )
    return BoardView(window, bucket, tuple(charts), (WHOLE,), generation)


def make_preview(reference: Window, current: Window, drawn: str = "") -> DriftPreview:
    """The rows of `make_drift` in the order of their names, larger effects the longer the current window is."""
    view = make_drift(reference, current)
    grown = min(1.0, current.seconds / 86400)
    rows = tuple(PreviewRow(row.column, row.kind, row.role, row.test, row.effect_name, row.statistic, row.p_value,
                            row.p_adjusted, row.effect * grown, row.effect * grown, row.effect * grown + 0.01,
                            row.n_reference, row.n_current, row.missing_reference, row.missing_current, row.detectable,
                            row.verdict) for row in sorted(view.columns, key=lambda row: (row.column, row.kind)))
    return DriftPreview(reference, current, rows, view.n_reference, view.n_current,
                        f"2 of 6 columns differ: price D {grown:.2f}", Verdict.ALARM, 300.0, (), view.shape(drawn))


def make_drift(reference: Window = REFERENCE, current: Window = CURRENT) -> DriftView:
    """Two columns that moved, one to watch, some that did not."""
    rng = np.random.default_rng(5)
    edges = np.linspace(0, 100, 41)
    middles = (edges[:-1] + edges[1:]) / 2

    def bell(at: float, wide: float) -> np.ndarray:
        shares = np.exp(-(((middles - at) / wide) ** 2))
        return shares / shares.sum()

    nan = float("nan")

    def one(
        column: str, kind: str, test: str, effect: float, p: float, verdict: Verdict, name: str = "D"
    ) -> ColumnDrift:
        sentence = {
            Verdict.ALARM: f"{column} moved: median 41 to 58, {name} {effect:.2f}.",
            Verdict.WATCH: f"{column} moved a little: {name} {effect:.2f}.",
            Verdict.NONE: f"{column} did not move by more than chance.",
            Verdict.TOO_FEW: f"{column} has only 12 values in the current window.",
        }[verdict]
        return ColumnDrift(
            column,
            kind,
            "feature",
            test,
            effect,
            p,
            min(1.0, p * 6),
            effect,
            name,
            effect * 0.8,
            effect * 1.2,
            48_210,
            51_877,
            0.001,
            0.04,
            0.012,
            verdict,
            sentence,
        )

    columns = (
        one("price", "numeric", "ks", 0.31, 1e-30, Verdict.ALARM),
        one("country", "categorical", "chi2", 0.12, 1e-12, Verdict.ALARM, "TVD"),
        one("price", "missing", "proportions", 0.039, 1e-9, Verdict.WATCH, "difference"),
        one("session_depth", "numeric", "ks", 0.014, 0.03, Verdict.NONE),
        one("device", "categorical", "chi2", 0.006, 0.41, Verdict.NONE, "TVD"),
        one("age", "numeric", "ks", 0.005, 0.77, Verdict.NONE),
        replace(
            one("days_since_last", "numeric", "ks", 0.0, 1.0, Verdict.TOO_FEW),
            p_value=nan,
            p_adjusted=nan,
            effect=nan,
            effect_low=nan,
            effect_high=nan,
        ),
    )
    quantiles = tuple((q, 41 + (q - 0.5) * 60, 58 + (q - 0.5) * 50) for q in (0.05, 0.25, 0.5, 0.75, 0.95))
    shapes = (
        NumericShape("price", edges, bell(41, 18), bell(58, 15), quantiles),
        CategoryShape(
            "country",
            ("ZZ", "US", "IN", "DE", "GB", "(other)"),
            np.array([0.001, 0.42, 0.14, 0.12, 0.11, 0.209]),
            np.array([0.11, 0.36, 0.13, 0.11, 0.1, 0.19]),
        ),
        NumericShape("session_depth", edges, bell(30, 20), bell(30.4, 20), quantiles),
        NumericShape("age", edges, bell(50, 25), bell(50, 25), quantiles),
    )
    rng.random()
    return DriftView(
        reference,
        current,
        format_window(reference),
        format_window(current),
        48_210,
        51_877,
        columns,
        shapes,
        7,
        "2 of 6 columns moved: price (D 0.31), country (TVD 0.12); missing values of price rose.",
        Verdict.ALARM,
        "pilothouse drift ...",
        0.18,
    )


def make_sources(folder: Path) -> SourcesView:
    """Three streams, some files, some bad rows; one raw text tries to be HTML."""

    def column(name: str, kind: ColumnType, role: Role | None, why: str, unit: str = "", *samples: str) -> ColumnView:
        return ColumnView("predictions", name, name, kind, role, unit, why, samples, 1_200_000, 1200)

    columns = (
        column("ts", ColumnType.TIME, Role.TIMESTAMP, "its values are times", "", "2026-03-02T00:00:00Z"),
        column("request_id", ColumnType.TEXT, Role.REQUEST_ID, "its name", "", "9f1c0a", "9f1c0b"),
        column("latency_ms", ColumnType.NUMBER, Role.LATENCY, "its name and positive numbers", "ms", "12.3", "40.1"),
        column("price", ColumnType.NUMBER, Role.FEATURE, "a number with no other meaning", "", "19.99", "5.49", "120"),
        column("note", ColumnType.TEXT, None, "free text, left out", "", "<b>bold</b>"),
    )
    streams = (
        StreamView(
            "predictions",
            StreamKind.REQUESTS,
            "parquet",
            "has a time, a latency and a prediction",
            1_200_000,
            WHOLE.start,
            WHOLE.end,
            "UTC",
            False,
            columns,
        ),
        StreamView(
            "labels",
            StreamKind.OUTCOMES,
            "csv",
            "keyed by request id, has clicked",
            4_112,
            WHOLE.start,
            WHOLE.end,
            "UTC",
            True,
            (),
        ),
        StreamView(
            "system", StreamKind.SAMPLES, "jsonl", "a host, a time and numbers", 219, None, None, "UTC", False, ()
        ),
    )
    files = (
        FileView(
            "predictions/predictions-20260302.parquet", "predictions", "loaded", 600_010, 600_000, 10, 0, 48_000_000
        ),
        FileView(
            "predictions/predictions-20260303.parquet", "predictions", "following", 600_002, 600_000, 2, 0, 48_100_000
        ),
        FileView("labels/labels-20260302.csv", "labels", "loaded", 4_113, 4_112, 0, 1, 204_000, "1 header"),
        FileView("system/system.jsonl", "system", "loaded", 219, 219, 0, 0, 30_000),
        FileView("notes/model.bin", "", "rejected", 0, 0, 0, 0, 900_000, "Neither text nor Parquet: leave it out"),
    )
    bad = tuple(
        QuarantineView(
            "predictions/predictions-20260302.parquet",
            17 + number,
            None,
            "no timestamp",
            '{"ts": null, "html": "<b>not bold</b>"}',
        )
        for number in range(12)
    )
    return SourcesView(
        str(folder),
        "/tmp/work.duckdb",
        streams,
        files,
        (("no timestamp", 10), ("not JSON", 2)),
        bad,
        ("Times of labels name no zone: UTC is assumed.",),
        ("old/*",),
        "columns of predictions",
        "",
        "",
    )


def at(seconds: float) -> datetime:
    """So many seconds after the first row."""
    return from_epoch(START.timestamp() + seconds)
