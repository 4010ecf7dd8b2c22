"""Tables of many columns: the work before the first row must not grow much faster than they do."""

from __future__ import annotations

import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from console.roles import Role
from console.store import Workspace, widening
from tests.console.store.made import NUMBER, TIME, column, put, stream


def _cpu_s(place: Path, width: int) -> float:
    """Processor time of the second of two inserts of two rows; the first finds the table empty."""
    ws = Workspace.open(place, folder=None)
    names = [f"c{number}" for number in range(width)]
    plan = stream("s", column("ts", TIME, Role.TIMESTAMP), *(column(name, NUMBER) for name in names))
    rows = {"ts": ["2026-03-02T00:00:00Z"] * 2, **{name: ["1.5", "2.5"] for name in names}}
    put(ws, plan, rows)
    began = time.process_time()
    put(ws, plan, rows)
    took = time.process_time() - began
    ws.close()
    return took


def test_that_three_times_the_columns_cost_about_three_times_the_work(tmp_path: Path) -> None:
    """A step of the planner made it twenty times."""
    narrow, wide = _cpu_s(tmp_path / "narrow", 400), _cpu_s(tmp_path / "wide", 1200)
    assert wide < 6 * narrow, (narrow, wide)


LATE = [f"late {number}" for number in range(900)]


def _resident_mb() -> float:
    return float(psutil.Process().memory_info().rss) / 1e6


def test_that_900_late_columns_of_a_short_table_take_little_memory(tmp_path: Path) -> None:
    """A version of the table was kept for each of them, and of its rollups too: 450 MB for a hundred rows."""
    ws = Workspace.open(tmp_path / "w.pilot", folder=None)
    first = stream("s", column("ts", TIME, Role.TIMESTAMP), column("a b"))
    put(ws, first, {"ts": ["2026-03-02T00:00:00Z"] * 100, "a b": [str(number) for number in range(100)]})
    ws.refresh()
    before = _resident_mb()
    wider = stream("s", *first.columns, *(column(name, role=Role.FEATURE) for name in LATE))
    info = ws.ensure_stream(wider)
    assert _resident_mb() - before < 150
    put(ws, wider, {"ts": ["2026-03-02T00:00:01Z"], "a b": ["100"], **{name: [name[5:]] for name in LATE}},
        path="b.csv")
    ws.refresh()
    assert ws.cursor().execute(f'SELECT count("a b"), sum("a b"), count("late 7"), sum("late 899") FROM {info.table}'
                               ).fetchall() == [(101, 5050.0, 1, 899.0)]
    assert ws.cursor().execute("SELECT count(*) FROM events").fetchall() == [(101,)]
    assert ws.totals().events == 101
    ws.close()


def test_that_a_long_table_gets_its_columns_in_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(widening, "SHORT_CELLS", 1000)
    ws = Workspace.open(tmp_path / "w.pilot", folder=None)
    first = stream("s", column("ts", TIME, Role.TIMESTAMP), column("a"))
    put(ws, first, {"ts": ["2026-03-02T00:00:00Z"] * 100, "a": ["1"] * 100})
    info = ws.ensure_stream(stream("s", *first.columns, *(column(name) for name in LATE[:40])))
    assert ws.cursor().execute(f'SELECT sum(a), count("late 39") FROM {info.table}').fetchall() == [(100.0, 0)]
    ws.close()


def test_that_the_database_holds_no_more_than_its_share_of_memory(tmp_path: Path) -> None:
    """A column that comes late is made in memory for all rows: 900 of them on a million rows were 7 GB."""
    ws = Workspace.open(tmp_path / "w.pilot", folder=None)
    [(limit,)] = ws.cursor().execute("SELECT current_setting('memory_limit')").fetchall()
    number, unit = limit.split()
    assert float(number) * {"MiB": 2**20, "GiB": 2**30}[unit] <= 4 * 2**30
    ws.close()
