"""Outcomes of a log that is followed are added to what is there, and nothing is joined again for them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from console.store import Workspace, outcomes, outcomes_added
from tests.console.store.made import LABELS, REQUESTS, all_numbers, put, same_numbers, window
from tests.tiers import once

START = pd.Timestamp("2026-03-02T06:00:00Z")


def counted(monkeypatch: pytest.MonkeyPatch, where: object, name: str) -> list[int]:
    """Gets an element with each call of that function."""
    calls: list[int] = []
    called: Callable[..., Any] = getattr(where, name)

    def count(*args: Any) -> Any:
        calls.append(1)
        return called(*args)

    monkeypatch.setattr(where, name, count)
    return calls


def iso(at_s: float) -> str:
    return (START + pd.Timedelta(seconds=at_s)).isoformat()


def live_log(seed: int, rows: int, delay_s: float) -> tuple[list[tuple[float, str, str]], list[tuple[float, str, str]]]:
    """(second, id, version) of requests, and (second, id, clicked) of outcomes, in the order in which they are written.
    A third of them has none."""
    rng = np.random.default_rng(seed)
    at = np.sort(rng.uniform(0, 3000, rows)).round(3)
    asked = [(float(second), f"r{number}", f"v{rng.integers(3)}") for number, second in enumerate(at)]
    told = [(second + float(rng.exponential(delay_s)), name, str(rng.integers(2))) for second, name, _ in asked
            if rng.random() < 2 / 3]
    return asked, sorted(told)


def write(ws: Workspace, asked: list[tuple[float, str, str]], told: list[tuple[float, str, str]], number: int) -> None:
    """One look."""
    if asked:
        put(ws, REQUESTS, {"ts": [iso(at) for at, _, _ in asked], "id": [name for _, name, _ in asked],
                           "version": [version for _, _, version in asked]}, path=f"r{number}.csv")
    if told:
        put(ws, LABELS, {"id": [name for _, name, _ in told], "told": [iso(at) for at, _, _ in told],
                         "clicked": [clicked for _, _, clicked in told]}, path=f"l{number}.csv")


@pytest.mark.parametrize(("seed", "delay_s"), once((0, 300.0), (1, 5.0), (2, 2000.0), (3, 300.0)))
def test_that_a_log_that_is_followed_has_the_numbers_of_one_that_was_loaded(
        ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, delay_s: float) -> None:
    monkeypatch.setattr(outcomes_added, "MOST_LOOSE", 4)
    asked, told = live_log(seed, 600, delay_s)
    ends = [1500.0, *np.arange(1560.0, 2400.0, 60.0), np.inf]
    again = counted(monkeypatch, outcomes, "_find_buckets")
    packed = counted(monkeypatch, outcomes_added.LooseOutcomes, "pack")
    with contextlib.closing(Workspace.open(tmp_path / "at-once.duckdb", folder=None)) as at_once:
        for store in (ws, at_once):
            store.ensure_streams([REQUESTS, LABELS])
        for number, (first, last) in enumerate(zip([-1.0, *ends], ends, strict=False)):
            write(ws, [row for row in asked if first < row[0] <= last], [row for row in told if first < row[0] <= last],
                  number)
            ws.refresh()
        write(at_once, asked, told, 0)
        at_once.refresh()
        assert not again
        assert packed
        ours, theirs = all_numbers(ws), all_numbers(at_once)
        same_numbers({"rollup_outcomes": ours["rollup_outcomes"]}, {"rollup_outcomes": theirs["rollup_outcomes"]})
        waits = "SELECT stream_id, bucket, bin, sum(n) FROM outcome_waits GROUP BY ALL ORDER BY ALL"
        assert ws.execute_readonly(waits) == at_once.execute_readonly(waits)


def test_that_an_outcome_that_came_before_its_request_is_joined_when_that_comes(
        ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when files are read one after the other: nothing else is joined again for it."""
    names = [f"r{number}" for number in range(40)]
    put(ws, REQUESTS, {"ts": [iso(number) for number in range(40)], "id": names})
    put(ws, LABELS, {"id": names, "told": [iso(100)] * 40, "clicked": ["1"] * 40}, path="b.csv")
    ws.refresh()
    put(ws, LABELS, {"id": ["late"], "told": [iso(120)], "clicked": ["1"]}, path="c.csv")
    ws.refresh()
    minute = window("2026-03-02T06:00:00", "2026-03-02T06:02:00")
    assert ws.outcome_moments(minute, 60)[0].columns["clicked"].n.tolist() == [40, 0]
    again = counted(monkeypatch, outcomes, "_find_buckets")
    put(ws, REQUESTS, {"ts": [iso(90)], "id": ["late"]}, path="d.csv")
    ws.refresh()
    assert not again
    assert ws.outcome_moments(minute, 60)[0].columns["clicked"].n.tolist() == [40, 1]


def test_that_a_second_try_takes_the_outcome_from_the_first(ws: Workspace) -> None:
    names = [f"r{number}" for number in range(40)]
    put(ws, REQUESTS, {"ts": [iso(number) for number in range(40)], "id": names})
    put(ws, LABELS, {"id": names, "told": [iso(200)] * 40, "clicked": ["1"] * 40}, path="b.csv")
    ws.refresh()
    put(ws, REQUESTS, {"ts": [iso(100)], "id": ["r7"]}, path="d.csv")
    ws.refresh()
    minutes = window("2026-03-02T06:00:00", "2026-03-02T06:02:00")
    assert ws.outcome_moments(minutes, 60)[0].columns["clicked"].n.tolist() == [39, 1]
