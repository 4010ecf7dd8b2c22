"""Corrections that change how cells lie."""

from __future__ import annotations

import pytest

from console.roles import Role, TimeFormat
from console.store import Workspace
from tests.console.store.made import NUMBER, TIME, column, put, stream

TIMES = stream("requests", column("ts", TIME, Role.TIMESTAMP), column("age", NUMBER, Role.FEATURE))


@pytest.mark.parametrize("cell, utc", [("2026-03-02T06:00:00+02:00", "2026-03-02 04:00:00"),
                                       ("2026-03-02T06:00:00", "2026-03-02 05:00:00")])
def test_that_times_kept_as_text_stay_where_they_were(ws: Workspace, cell: str, utc: str) -> None:
    """Only a clock without a zone is read in the zone of the stream."""
    info, _ = put(ws, TIMES, {"ts": [cell], "age": ["1"]})
    with ws.correcting() as corrections:
        corrections.keep_as_text(info.stream_id, "ts")
    ws.set_columns(info.stream_id, {}, zone="Europe/Berlin")
    assert ws.execute_readonly("SELECT _ts::VARCHAR FROM raw_1") == [(utc,)]


@pytest.mark.parametrize("form, cells", [
    (TimeFormat.EPOCH_S, ("1772431200", "1772431200.25")), (TimeFormat.EPOCH_MS, ("1772431200000", "1772431200250")),
    (TimeFormat.EPOCH_US, ("1772431200000000", "1772431200250000")),
    (TimeFormat.EPOCH_NS, ("1772431200000000000", "1772431200250000000")),
    (TimeFormat.DAY_FIRST, ("02/03/2026 06:00:00", "02/03/2026 06:00:00.25")),
    (TimeFormat.MONTH_FIRST, ("03/02/2026 6:00:00 AM", "3/2/2026 06:00:00.25Z")),
    (TimeFormat.ISO, ("2026-03-02 06:00:00", "2026-03-02T06:00:00.25Z")),
])
def test_that_times_of_every_form_are_read_when_their_column_has_become_text(
        ws: Workspace, form: TimeFormat, cells: tuple[str, str]) -> None:
    """Those that were there, and those that come; and all of them when it is undone."""
    plan = stream("requests", column("ts", TIME, Role.TIMESTAMP, form=form), column("age", NUMBER, Role.FEATURE))
    info, _ = put(ws, plan, {"ts": cells, "age": ["1", "2"]})
    before = ws.stream(info.stream_id)
    with ws.correcting() as corrections:
        corrections.keep_as_text(info.stream_id, "ts")
    put(ws, plan, {"ts": cells, "age": ["1", "2"]}, first=2)
    times = [(f"2026-03-02 06:00:00{fraction}",) for fraction in ("", ".25") * 2]
    assert ws.execute_readonly("SELECT _ts::VARCHAR FROM raw_1 ORDER BY _record") == times
    with ws.correcting() as corrections:
        corrections.restore(info.stream_id, before.columns, before.zone, before.zone_assumed, before.kind)
    assert ws.execute_readonly("SELECT _ts::VARCHAR FROM raw_1 ORDER BY _record") == times


def test_that_a_count_from_a_start_stays_one_as_text(ws: Workspace) -> None:
    plan = stream("requests", column("ts", TIME, Role.TIMESTAMP, form=TimeFormat.RELATIVE_MS),
                  column("age", NUMBER, Role.FEATURE))
    info, _ = put(ws, plan, {"ts": ["0", "1500"], "age": ["1", "2"]})
    was = ws.execute_readonly("SELECT _ts FROM raw_1 ORDER BY _record")
    with ws.correcting() as corrections:
        corrections.keep_as_text(info.stream_id, "ts")
    assert ws.execute_readonly("SELECT ts, _ts FROM raw_1 ORDER BY _record") == [("0", *was[0]), ("1500", *was[1])]


def test_that_a_cell_that_fits_since_its_column_is_text_is_told_of_no_more(ws: Workspace) -> None:
    info, _ = put(ws, TIMES, {"ts": ["2026-03-02T06:00:00Z"] * 2, "age": ["1", "old"]})
    assert ws.misfits(info.stream_id)["age"].sample == "old"
    with ws.correcting() as corrections:
        corrections.keep_as_text(info.stream_id, "age")
    assert ws.execute_readonly("SELECT age FROM raw_1") == [("1",), ("old",)]
    assert not ws.misfits(info.stream_id)
