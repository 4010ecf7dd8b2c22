"""In what order rows came, and what had come by a moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from console.roles import Role
from console.store import Workspace
from console.store.arrivals import BEFORE_ALL, NEVER
from console.store.seen import middles
from console.window import Window
from tests.console.store.made import NUMBER, REQUESTS, TEXT, TIME, column, put, stream

DAY = datetime(2026, 3, 2, tzinfo=UTC)
LIVE = datetime(2027, 1, 1, tzinfo=UTC)
FAST = datetime(2020, 1, 1, tzinfo=UTC)     # a clock that is behind the log


def us(at: datetime) -> int:
    return round(at.timestamp()) * 10**6


def at(seconds: float) -> datetime:
    return DAY + timedelta(seconds=seconds)


@pytest.fixture
def ws(tmp_path: Path):
    ws = Workspace.open(tmp_path / "w.duckdb", folder=None)
    yield ws
    ws.close()


def rows(ws: Workspace, seconds: list[float], arrived: datetime | None = None, latency: float = 10.0) -> None:
    number = ws.totals().rows_loaded if ws.streams() else 0
    put(ws, REQUESTS, {"ts": [at(each).isoformat() for each in seconds], "id": [f"r{each}" for each in seconds],
                       "version": ["v1"] * len(seconds), "latency": [str(latency)] * len(seconds)},
        first=number, arrived=arrived)
    ws.refresh()


@pytest.mark.parametrize("clock", [LIVE, FAST])
def test_that_archives_come_first_whatever_the_clock_said_of_what_was_seen(ws: Workspace, clock: datetime) -> None:
    rows(ws, [0, 100])
    rows(ws, [105, 50], clock)
    _, looked = ws.arrivals()
    rows(ws, [110], clock + timedelta(seconds=1))
    assert [(one.at_us, one.oldest_us, one.newest_us) for one in ws.arrivals()[0]] == [
        (BEFORE_ALL, us(at(0)), us(at(100))), (us(clock), us(at(50)), us(at(105))),
        (us(clock) + 10**6, us(at(110)), us(at(110)))]
    since, looked = ws.arrivals(looked)
    assert [one.at_us for one in since] == [us(clock) + 10**6]
    assert ws.arrivals(looked) == ([], looked)


def test_that_what_was_loaded_between_two_times_of_watching_lies_between_them(ws: Workspace) -> None:
    rows(ws, [0, 10])
    rows(ws, [20], LIVE)
    rows(ws, [30, 40])
    rows(ws, [50], LIVE + timedelta(seconds=60))
    rows(ws, [70, 60])
    later = us(LIVE) + 60 * 10**6
    assert [(one.at_us, one.oldest_us, one.newest_us) for one in ws.arrivals()[0]] == [
        (BEFORE_ALL, us(at(0)), us(at(10))), (us(LIVE), us(at(20)), us(at(20))),
        (later, us(at(30)), us(at(50))), (NEVER, us(at(60)), us(at(70)))]


def test_that_late_rows_are_told_with_the_arrival_that_brought_them(ws: Workspace) -> None:
    rows(ws, [0, 100])
    rows(ws, [31, 38, 101], LIVE)
    assert list(ws.late({us(LIVE): us(at(90))})) == [(us(at(30)), us(LIVE))]
    assert list(ws.late({us(LIVE): us(at(30))})) == []
    assert list(ws.late({})) == []


def test_that_a_workspace_can_be_asked_as_it_was(ws: Workspace) -> None:
    rows(ws, [0, 61, 100])
    rows(ws, [62, 105], LIVE, latency=50.0)
    rows(ws, [63], LIVE + timedelta(seconds=1), latency=90.0)
    window = Window(at(0), at(120))
    (stream,) = ws.streams()

    def counted(come_by_us: int) -> list[float]:
        (found,) = ws.seen(come_by_us=come_by_us).moments(stream.stream_id, ["latency"], window, 60)
        return [*found.rows, *found.columns["latency"].sum]

    assert counted(BEFORE_ALL) == [1, 2, 10, 20]
    assert counted(us(LIVE)) == [1, 4, 10, 120]
    assert counted(us(LIVE) + 10**6) == counted(NEVER) == [1, 5, 10, 210]
    (found,) = ws.seen(come_by_us=us(LIVE)).moments(stream.stream_id, [], window, 60, by=Role.MODEL_VERSION)
    assert (found.series, list(found.rows)) == ("v1", [1, 4])
    (ranks,) = ws.seen(come_by_us=BEFORE_ALL).percentiles(stream.stream_id, "latency", window, 60, [0.95])
    assert ranks.values[0.95] == pytest.approx([10, 10], rel=0.01)


def test_that_buckets_may_begin_anywhere(ws: Workspace) -> None:
    rows(ws, [0, 61, 100, 119, 121])
    (stream,) = ws.streams()
    (found,) = ws.seen(phase_s=60).moments(stream.stream_id, [], Window(at(-120), at(120)), 120)
    assert list(found.rows) == [1, 4]      # [-60, 60) and [60, 180)
    (found,) = ws.seen(phase_s=30).moments(stream.stream_id, ["latency"], Window(at(0), at(120)), 60)
    assert list(found.columns["latency"].sum) == [10, 30]     # [30, 90) has one row, [90, 150) three


def test_that_a_percentile_is_the_middle_of_its_bin_and_stays_it() -> None:
    values = np.array([-250.0, -1.0, 0.0, 1e-9, 1.0, 99.9, 1e6, np.nan])
    found = middles(values)
    assert found[:-1] == pytest.approx(values[:-1], rel=0.01)
    assert np.isnan(found[-1])
    assert np.array_equal(middles(found), found, equal_nan=True)


def test_that_an_archive_whose_outcomes_came_later_was_not_seen_coming(ws: Workspace) -> None:
    flat = stream("flat", column("ts", TIME, Role.TIMESTAMP), column("id", TEXT, Role.REQUEST_ID),
                  column("told", TIME, Role.OUTCOME_TIME), column("clicked", NUMBER, Role.CLICKED))
    cells = {"ts": [at(0).isoformat(), at(30).isoformat()], "id": ["a", "b"],
             "told": [at(900).isoformat(), None], "clicked": ["1", None]}
    put(ws, flat, cells)
    put(ws, flat, {**cells, "ts": [at(40).isoformat(), at(50).isoformat()]}, first=2, arrived=LIVE)
    ws.refresh()
    assert ws.execute_readonly("SELECT count(*) FROM raw_1 WHERE _arrived <> _ts") == [(3,)]
    found, _ = ws.arrivals()
    assert [(one.at_us, one.newest_us) for one in found] == [(BEFORE_ALL, us(at(30))), (us(LIVE), us(at(50)))]
