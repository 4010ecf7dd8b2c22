"""A log whose times count from a start that it does not name is never shown with a date."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from console.jobs import SilentJob
from console.metrics.format import format_window
from console.reports.arrange import arrange
from console.session import Session
from console.window import RELATIVE_START, Window

ROWS = 600
"""A request a second."""


def line(number: int) -> str:
    """One request."""
    return json.dumps({"timestamp": number * 1000, "input_length": number % 50, "output_length": number % 7}) + "\n"


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """Such a log, loaded."""
    folder = tmp_path / "trace"
    folder.mkdir()
    (folder / "trace.jsonl").write_text("".join(map(line, range(ROWS))))
    found = Session.open(folder, workspace=tmp_path / "w.duckdb")
    found.load(SilentJob())
    yield found
    found.close()


def since(seconds: float) -> Window:
    """The minute that begins so long after the start."""
    return Window.from_epoch(RELATIVE_START.timestamp() + seconds, RELATIVE_START.timestamp() + seconds + 60)


def test_that_every_view_with_times_says_so(session: Session) -> None:
    board, overview = session.board(), session.overview()
    assert board is not None and overview is not None and board.charts
    assert all(chart.relative for chart in board.charts) and overview.relative
    assert session.selection().relative
    assert [stream.relative for stream in session.sources().streams] == [True]
    assert float(board.charts[0].times[0]) == RELATIVE_START.timestamp()


def test_that_a_log_with_dates_does_not(alt_names_csv: Path, tmp_path: Path) -> None:
    found = Session.open(alt_names_csv, workspace=tmp_path / "w.duckdb")
    try:
        found.load(SilentJob())
        board = found.board()
        assert board is not None and not any(chart.relative for chart in board.charts)
        assert not found.selection().relative
    finally:
        found.close()


def test_that_incidents_and_their_reports_count_from_the_start(session: Session) -> None:
    session.brush("current", since(300))
    incident = session.create_incident()
    assert incident.relative and incident.title == "Incident of 0:05:00 - 0:06:00"
    assert [(row.relative, format_window(row.window, relative=row.relative)) for row in session.incidents()] == [
        (True, "0:05:00 - 0:06:00")]
    document = arrange(session.report(incident.incident_id, SilentJob()))
    assert dict(document.facts)["Current window"] == "0:05:00 - 0:06:00 (1 min)"
    assert "0:05:00 from the start" in [row[0] for row in document.timeline.rows]
    assert "at" in document.impact.heads
    numbers = document.charts[0].numbers
    assert numbers.heads[0] == "Start, from the log's" and numbers.rows[0][0].count(":") == 2
    assert document.charts[0].csv.splitlines()[0].startswith("start_s,")
    assert int(document.charts[0].csv.splitlines()[1].split(",")[0]) < 300


def test_that_it_is_not_taken_for_decades_late_while_it_grows(session: Session) -> None:
    with (Path(str(session.folder)) / "trace.jsonl").open("a") as file:
        file.write("".join(map(line, range(ROWS, ROWS + 30))))
    assert session.poll(SilentJob())
    assert session.following and session.status().live_lag_s is None
    whole = session.selection().whole
    assert whole is not None and whole.end - RELATIVE_START == timedelta(seconds=ROWS + 29, microseconds=1)


def test_that_drift_names_its_windows_without_dates(session: Session) -> None:
    view = session.compare(since(0), since(240), SilentJob())
    assert (view.reference_name, view.current_name) == ("0:00:00 - 0:01:00", "0:04:00 - 0:05:00")
    assert view.command.endswith("--reference T+0:00:00..T+0:01:00 --current T+0:04:00..T+0:05:00 --json")
