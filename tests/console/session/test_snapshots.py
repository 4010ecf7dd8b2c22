"""Charts and drift results are kept with an incident as they were; a report says whether they still are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from console.jobs import SilentJob
from console.reports.view import ReportView
from console.session import Session, snapshots
from console.window import Window

START = datetime(2026, 3, 2, 6, tzinfo=UTC)
ROWS = 3600
WINDOW, REFERENCE = (Window(START + timedelta(minutes=first), START + timedelta(minutes=last))
                     for first, last in ((40, 60), (0, 40)))


def line(number: int, name: str, age: int) -> str:
    at = START + timedelta(seconds=number)
    return f"{at.isoformat()},{name}{number},{10 + number % 7},{500 if number % 50 == 0 else 200},{age}\n"


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """An hour, a request a second; ages rise in its last third."""
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "requests-1.csv").write_text(
        "timestamp,request_id,latency_ms,status,age\n"
        + "".join(line(number, "r", 20 + number % 50 + 30 * (number >= 2400)) for number in range(ROWS)), "utf-8")
    opened = Session.open(tmp_path / "log", workspace=tmp_path / "w.duckdb")
    opened.load(SilentJob())
    yield opened
    opened.close()


def late_rows(session: Session) -> None:
    """As many once more come for the last twenty minutes, young ones."""
    assert session.folder is not None
    (session.folder / "requests-2.csv").write_text(
        "timestamp,request_id,latency_ms,status,age\n"
        + "".join(line(number, "late", 20) for number in range(2400, ROWS)), "utf-8")
    session.load(SilentJob())


def requests_drawn(report: ReportView) -> float:
    chart = next(figure.chart for figure in report.figures if figure.chart.metric == "throughput")
    inside = (chart.times >= WINDOW.start_s) & (chart.times < WINDOW.end_s)
    return float(np.nansum(chart.series[0].values[inside]) * chart.bucket_s)


def said(report: ReportView) -> str:
    return next((line for line in report.data_quality if line.startswith("Charts and drift")), "")


def test_that_what_is_unchanged_is_said_to_be_that_of_then(session: Session) -> None:
    made = session.create_incident(window=WINDOW, reference=REFERENCE)
    session.look_into(made.incident_id, SilentJob())
    report = session.report(made.incident_id, SilentJob())
    assert "they are the same" in said(report)
    assert requests_drawn(report) == pytest.approx(1200)


def test_that_a_log_that_changed_shows_what_was_seen_then_and_says_what_differs(session: Session) -> None:
    made = session.create_incident(window=WINDOW, reference=REFERENCE)
    session.look_into(made.incident_id, SilentJob())
    late_rows(session)
    report = session.report(made.incident_id, SilentJob())
    assert "shown as they were kept" in said(report) and "Throughput" in said(report) and "drift of age" in said(report)
    assert requests_drawn(report) == pytest.approx(1200)
    assert report.requests == 2400                                  # what is counted is counted now
    assert report.drift is not None
    then = {row.column: row for row in report.drift.columns}["age"]
    assert (then.n_current, then.effect) == (1200, pytest.approx(0.6))
    now = session.report(made.incident_id, SilentJob(), counted_now=True)
    assert requests_drawn(now) == pytest.approx(2400) and "counted for this report" in said(now)
    assert now.drift is not None and {row.column: row for row in now.drift.columns}["age"].n_current == 2400
    session.look_into(made.incident_id, SilentJob())                # looking again does not change what was seen then
    assert requests_drawn(session.report(made.incident_id, SilentJob())) == pytest.approx(1200)


def test_that_another_window_is_seen_anew_and_the_first_one_comes_back_with_its_own(session: Session) -> None:
    made = session.create_incident(window=WINDOW, reference=REFERENCE)
    session.look_into(made.incident_id, SilentJob())
    late_rows(session)
    session.brush("current", Window(WINDOW.start, WINDOW.end - timedelta(minutes=5)))
    session.brush("reference", REFERENCE)
    session.retime_incident(made.incident_id)
    assert said(session.report(made.incident_id, SilentJob())) == ""
    session.undo_incident(made.incident_id)
    assert "shown as they were kept" in said(session.report(made.incident_id, SilentJob()))


def test_that_what_is_kept_is_read_as_it_was_and_what_cannot_be_read_is_none(session: Session) -> None:
    made = session.create_incident(window=WINDOW, reference=REFERENCE)
    report = session.report(made.incident_id, SilentJob())
    kept = snapshots.kept(session.store, report.incident)
    assert kept is not None and snapshots.differing(kept, kept.figures, kept.drift) == ()
    assert kept.drift is not None and report.drift is not None
    assert repr(kept.drift.columns) == repr(report.drift.columns)
    for old, new in zip(kept.drift.shapes, report.drift.shapes, strict=True):
        assert type(old) is type(new) and np.array_equal(old.reference, new.reference)
    first = kept.figures[0]
    assert first.chart.times.dtype == np.float64 and first.chart.title == report.figures[0].chart.title
    session.store.cursor().execute("UPDATE incident_snapshots SET content = 'damaged'::BLOB")
    assert snapshots.kept(session.store, report.incident) is None
    assert said(session.report(made.incident_id, SilentJob())) == ""


def test_that_a_report_of_a_window_keeps_nothing(session: Session) -> None:
    session.brush("current", WINDOW)
    session.brush("reference", REFERENCE)
    session.report(None, SilentJob())
    assert session.store.execute_readonly("SELECT count(*) FROM incident_snapshots") == [(0,)]
