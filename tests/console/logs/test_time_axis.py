"""Logs whose dates could be read in two ways, and logs that have none: what is planned, refused, asked and loaded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from console.errors import NoLogs
from console.jobs import SilentJob
from console.logs.discover import discover
from console.logs.load import load_folder
from console.logs.plan import ColumnPlan, FolderPlan, Refused, StreamPlan
from console.logs.recognise import recognise_new
from console.roles import ColumnType, Role, StreamKind, TimeFormat
from console.store import Workspace

DATED = "request_id,ts,latency_ms\n" + "".join(f"r{n},2026-03-02T10:{n:02d}:00Z,{n}\n" for n in range(30))
COUNTED = "".join(json.dumps({"timestamp": n // 3 * 3000, "input_length": 10 + n, "output_length": n}) + "\n"
                  for n in range(60))


def plan_of(folder: Path) -> FolderPlan:
    """The plan."""
    return discover(folder, SilentJob())


def time_of(stream: StreamPlan) -> ColumnPlan:
    """The column with its times."""
    found = stream.column(Role.TIMESTAMP)
    assert found is not None
    return found


def load(folder: Path, at: Path) -> Workspace:
    """Load all of it."""
    ws = Workspace.open(at, folder=folder)
    load_folder(plan_of(folder), ws, SilentJob())
    return ws


def dates(days: range, month: str = "05") -> str:
    """A table with a date a row, the first part counting."""
    return "day,price\n" + "".join(f"{day:02d}/{month}/2026 10:00,{day}.5\n" for day in days)


def test_that_a_doubt_is_settled_by_rows_far_behind_the_sample(tmp_path: Path) -> None:
    """The day is at most 12 in the first two thousand rows."""
    rows = "".join(f"{1 + n % 12:02d}/05/2026,{n}\n" for n in range(2000)) + "25/05/2026,1\n"
    (tmp_path / "x.csv").write_text("day,price\n" + rows)
    (stream,) = plan_of(tmp_path).streams
    assert (time_of(stream).time_format, time_of(stream).type) == (TimeFormat.DAY_FIRST, ColumnType.TIME)


def test_that_a_doubt_which_stays_is_asked_and_an_answer_is_heeded(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(dates(range(1, 12)))
    with pytest.raises(NoLogs, match=r"may be day/month or month/day \(01/05/2026 10:00\)") as found:
        plan_of(tmp_path)
    assert '[streams."x".columns."day"]' in found.value.what
    for form, first, last in (("day_first", "2026-05-01 10:00:00", "2026-05-11 10:00:00"),
                              ("month_first", "2026-01-05 10:00:00", "2026-11-05 10:00:00")):
        (tmp_path / "pilothouse.toml").write_text(f'[streams."x".columns."day"]\ntime_format = "{form}"\n')
        ws = load(tmp_path, tmp_path.parent / f"{tmp_path.name}-{form}.duckdb")
        assert ws.execute_readonly("SELECT count(*), min(ts)::VARCHAR, max(ts)::VARCHAR FROM samples") == [
            (11, first, last)]
        assert [stream.zone_assumed for stream in ws.streams()] == [True]
        ws.close()


def test_that_an_answer_is_corrected_later_in_the_workspace(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "x.csv").write_text(dates(range(1, 12)))
    said = folder / "pilothouse.toml"
    said.write_text('[streams.x.columns.day]\ntime_format = "month_first"\n')
    load(folder, tmp_path / "w.duckdb").close()
    said.write_text('[streams.x.columns.day]\ntime_format = "day_first"\n')
    ws = load(folder, tmp_path / "w.duckdb")
    assert ws.execute_readonly("SELECT count(*), max(ts)::VARCHAR FROM samples") == [(11, "2026-05-11 10:00:00")]
    ws.close()


def test_that_a_cell_of_the_other_order_goes_to_quarantine(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(dates(range(1, 32)) + "05/17/2026 11:00,1\n")
    ws = load(tmp_path, tmp_path.parent / f"{tmp_path.name}.duckdb")
    assert ws.execute_readonly("SELECT count(*), max(ts)::VARCHAR FROM samples") == [(31, "2026-05-31 10:00:00")]
    assert ws.quarantine_reasons() == (("the time could not be read", 1),)
    ws.close()


def test_that_a_count_from_a_start_is_a_log_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "trace.jsonl").write_text(COUNTED)
    (stream,) = plan_of(tmp_path).streams
    assert stream.relative and stream.kind is StreamKind.REQUESTS and not stream.zone_assumed
    assert (time_of(stream).time_format, time_of(stream).type, time_of(stream).why) == (
        TimeFormat.RELATIVE_MS, ColumnType.NUMBER, "Counts milliseconds from a start that the log does not name")
    ws = load(tmp_path, tmp_path.parent / f"{tmp_path.name}.duckdb")
    assert ws.relative
    assert ws.execute_readonly("SELECT count(*), min(ts)::VARCHAR, max(ts)::VARCHAR FROM events") == [
        (60, "2000-01-01 00:00:00", "2000-01-01 00:00:57")]
    ws.close()


def test_that_the_unit_of_a_count_can_be_said(tmp_path: Path) -> None:
    (tmp_path / "trace.jsonl").write_text(COUNTED)
    (tmp_path / "pilothouse.toml").write_text('[streams.trace.columns.timestamp]\ntime_format = "relative_s"\n')
    ws = load(tmp_path, tmp_path.parent / f"{tmp_path.name}.duckdb")
    assert ws.execute_readonly("SELECT max(ts)::VARCHAR FROM events") == [("2000-01-01 15:50:00",)]
    ws.close()


def test_that_a_count_beside_dates_is_refused_and_shown_for_correction(tmp_path: Path) -> None:
    (tmp_path / "trace.jsonl").write_text(COUNTED)
    (tmp_path / "served.csv").write_text(DATED)
    plan = plan_of(tmp_path)
    assert [(stream.name, stream.relative) for stream in plan.streams] == [("served", False)]
    assert [(each.path, each.reason) for each in plan.refused] == [
        ("trace.jsonl", "“timestamp” counts from a start that the log does not name, and other files here have dates. "
                        "Write dates or the seconds since 1970, or open it in a folder of its own")]
    assert [each.name for each in plan.unplaced] == ["trace"]


def test_that_outcomes_of_dated_requests_lose_only_their_count(tmp_path: Path) -> None:
    (tmp_path / "served.csv").write_text(DATED)
    (tmp_path / "labels.csv").write_text("request_id,timestamp,clicked\n" + "".join(
        f"r{n},{n * 5},{n % 2}\n" for n in range(30)))
    plan = plan_of(tmp_path)
    assert {each.name: each.kind for each in plan.streams} == {"served": StreamKind.REQUESTS,
                                                              "labels": StreamKind.OUTCOMES}
    labels = next(each for each in plan.streams if each.name == "labels")
    assert [(each.name, each.role) for each in labels.columns] == [
        ("request_id", Role.REQUEST_ID), ("timestamp", None), ("clicked", Role.CLICKED)]


@pytest.mark.parametrize("header", ["dep_time", "amount", "response_time", "day"])
def test_that_a_growing_number_of_another_name_is_no_time(tmp_path: Path, header: str) -> None:
    (tmp_path / "x.csv").write_text(f"{header},a,b\n" + "".join(f"{517 + n * 3},{n * 7 % 5},x{n % 3}\n"
                                                               for n in range(40)))
    with pytest.raises(NoLogs):
        plan_of(tmp_path)


def test_that_files_which_come_later_keep_to_the_axis(tmp_path: Path) -> None:
    dated, counted = tmp_path / "dated", tmp_path / "counted"
    for folder, first in ((dated, DATED), (counted, COUNTED)):
        folder.mkdir()
        (folder / ("a.csv" if first is DATED else "a.jsonl")).write_text(first)
    in_dated, in_counted = plan_of(dated).streams, plan_of(counted).streams
    (dated / "trace.jsonl").write_text(COUNTED)
    (counted / "served.csv").write_text(DATED)
    (counted / "other.csv").write_text("ts,latency_ms,status\n" + "".join(f"{n}.5,{n},200\n" for n in range(20)))
    found = recognise_new(dated, in_dated, "trace.jsonl")
    assert isinstance(found, Refused) and "counts from a start that the log does not name" in found.reason
    found = recognise_new(counted, in_counted, "served.csv")
    assert isinstance(found, Refused) and "It has dates" in found.reason
    found = recognise_new(counted, in_counted, "other.csv")
    assert isinstance(found, tuple) and time_of(found[0]).time_format is TimeFormat.RELATIVE_S
