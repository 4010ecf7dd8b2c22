"""Tables of many columns: the work before the first row must not grow much faster than they do."""

from __future__ import annotations

import time
from pathlib import Path

from console.roles import Role
from console.store import Workspace
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
