"""Corrections that change how cells lie."""

from __future__ import annotations

import pytest

from console.roles import Role
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


def test_that_a_cell_that_fits_since_its_column_is_text_is_told_of_no_more(ws: Workspace) -> None:
    info, _ = put(ws, TIMES, {"ts": ["2026-03-02T06:00:00Z"] * 2, "age": ["1", "old"]})
    assert ws.misfits(info.stream_id)["age"].sample == "old"
    with ws.correcting() as corrections:
        corrections.keep_as_text(info.stream_id, "age")
    assert ws.execute_readonly("SELECT age FROM raw_1") == [("1",), ("old",)]
    assert not ws.misfits(info.stream_id)
