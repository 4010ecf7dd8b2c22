"""Outcomes in buckets that no level adds up to are joined from the rows, however late they came."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from console.roles import Role, StreamKind
from console.store import Workspace
from tests.console.store.made import (
    LABELS,
    NUMBER,
    REQUESTS,
    TEXT,
    TIME,
    all_numbers,
    column,
    put,
    same_numbers,
    stream,
    window,
)
from tests.tiers import once


@pytest.mark.parametrize("delays_min", [(1, 2, 3), (1, 2, 300), (300, 300, 300)])
def test_that_fine_buckets_count_early_and_late_outcomes(ws: Workspace, delays_min: tuple[int, ...]) -> None:
    seconds = (3, 8, 17)
    put(ws, REQUESTS, {"ts": [f"2026-03-02T06:00:{second:02d}Z" for second in seconds], "id": ["a", "b", "c"]})
    put(ws, REQUESTS, {"ts": ["2026-03-03T06:00:00Z"], "id": ["far"]}, path="b.csv")
    put(ws, LABELS, {"id": ["a", "b", "c"], "clicked": ["1", "0", "1"],
                     "told": [f"2026-03-02T{6 + delay // 60:02d}:{delay % 60:02d}:30Z" for delay in delays_min]},
        path="c.csv")
    ws.refresh()
    found = ws.outcome_moments(window("2026-03-02T06:00:00", "2026-03-02T06:00:20"), 5)[0].columns["clicked"]
    assert found.n.tolist() == [1, 1, 0, 1]
    assert found.sum.tolist() == [1, 0, 0, 1]


def test_that_ids_may_lie_under_any_name(ws: Workspace) -> None:
    """The names of the store's own tables too."""
    for number, name in enumerate(("file_id", "first_record", "stream_id", "o", "r")):
        plan = stream(f"labels {number}", column(name, TEXT, Role.REQUEST_ID), column("clicked", NUMBER, Role.CLICKED),
                      column("told", TIME, Role.OUTCOME_TIME), kind=StreamKind.OUTCOMES)
        put(ws, REQUESTS, {"ts": [f"2026-03-02T06:0{number}:00Z"], "id": [f"r{number}"]}, path=f"{number}.csv")
        ws.refresh()
        put(ws, plan, {name: [f"r{number}"], "clicked": ["1"], "told": ["2026-03-02T07:00:00Z"]}, path=f"l{number}.csv")
        put(ws, LABELS, {"id": [f"x{n}" for n in range(20)], "clicked": ["1"] * 20}, path=f"many{number}.csv")
        ws.refresh()
    assert ws.execute_readonly("SELECT count(*), sum(clicked) FROM events") == [(5, 5)]
    assert ws.outcome_moments(window("2026-03-02T06:00:00", "2026-03-02T07:00:00"), 3600)[0].columns[
        "clicked"].n.tolist() == [5]


def test_that_an_outcome_that_no_rollup_knows_yet_is_counted(ws: Workspace) -> None:
    put(ws, REQUESTS, {"ts": ["2026-03-02T06:00:03Z", "2026-03-03T06:00:00Z"], "id": ["a", "far"]})
    put(ws, LABELS, {"id": ["a"], "clicked": ["1"], "told": ["2026-03-02T09:00:00Z"]}, path="c.csv")
    found = ws.outcome_moments(window("2026-03-02T06:00:00", "2026-03-02T06:00:05"), 5)[0].columns["clicked"]
    assert found.n.tolist() == [1]


def test_that_an_outcome_that_was_taken_back_counts_no_more(ws: Workspace) -> None:
    """It was read before its line was whole: its id was the beginning of another's."""
    put(ws, REQUESTS, {"ts": [f"2026-03-02T06:{n:02d}:00Z" for n in range(60)], "id": [f"r{n}" for n in range(60)]})
    put(ws, LABELS, {"id": [f"r{n}" for n in range(10, 40)], "clicked": ["1"] * 30,
                     "told": ["2026-03-02T09:00:00Z"] * 30}, path="c.csv")
    put(ws, LABELS, {"id": ["r5"], "clicked": ["1"], "told": ["2026-03-02T09:00:00Z"]}, path="d.csv")
    ws.refresh()
    hour = window("2026-03-02T06:00:00", "2026-03-02T07:00:00")
    assert ws.outcome_moments(hour, 3600)[0].columns["clicked"].n.tolist() == [31]
    [early] = [entry for entry in ws.ledger() if entry.path == "d.csv"]
    assert early.stream_id is not None
    with ws.writing() as w:
        assert w.take_back(early.stream_id, early.file_id, 0) == "row"
    put(ws, LABELS, {"id": ["r57"], "clicked": ["1"], "told": ["2026-03-02T09:00:00Z"]}, path="e.csv")
    ws.refresh()
    assert ws.outcome_moments(hour, 3600)[0].columns["clicked"].n.tolist() == [31]
    assert ws.outcome_moments(hour, 600)[0].columns["clicked"].n.tolist() == [0, 10, 10, 10, 0, 1]


def test_that_an_outcome_counts_once_when_a_neighbour_of_the_first_try_has_one_later(ws: Workspace) -> None:
    """A request was tried again: its outcome went to the second try, and stays there alone."""
    put(ws, REQUESTS, {"ts": ["2026-03-02T06:00:01Z", "2026-03-02T06:00:02Z", "2026-03-02T06:00:32Z"],
                       "id": ["a", "b", "b"]})
    put(ws, LABELS, {"id": [f"x{n}" for n in range(30)] + ["b"], "clicked": ["1"] * 31,
                     "told": ["2026-03-02T06:01:00Z"] * 31}, path="c.csv")
    ws.refresh()
    put(ws, LABELS, {"id": ["a"], "clicked": ["1"], "told": ["2026-03-02T06:02:00Z"]}, path="d.csv")
    ws.refresh()
    minute = window("2026-03-02T06:00:00", "2026-03-02T06:01:00")
    assert ws.outcome_moments(minute, 10)[0].columns["clicked"].n.tolist() == [1, 0, 0, 1, 0, 0]
    half = window("2026-03-02T06:00:00", "2026-03-02T06:00:05")
    assert ws.outcome_moments(half, 5)[0].columns["clicked"].n.tolist() == [1]


@pytest.mark.parametrize("last", ["day before", "row between"])
def test_that_ids_used_again_each_day_have_their_own_outcomes(ws: Workspace, last: str) -> None:
    """Ids are counted from the start of the server; what comes last are requests of the first day."""
    days = {day: {"ts": [f"2026-03-0{day}T06:{n:02d}:00Z" for n in range(30)], "id": [f"{n}" for n in range(30)]}
            for day in (2, 3)}
    put(ws, REQUESTS, days[3], path="new.csv")
    if last == "row between":
        put(ws, REQUESTS, days[2], path="old.csv")
    put(ws, LABELS, {"id": [f"{n}" for n in range(30)], "clicked": ["1"] * 30, "told": ["2026-03-03T07:00:00Z"] * 30},
        path="told.csv")
    ws.refresh()
    if last == "day before":
        put(ws, REQUESTS, days[2], path="old.csv")
    else:
        put(ws, REQUESTS, {"ts": ["2026-03-02T06:05:03Z"], "id": ["other"]}, path="late.csv")
    ws.refresh()
    both = window("2026-03-02T00:00:00", "2026-03-04T00:00:00")
    assert ws.outcome_moments(both, 86400)[0].columns["clicked"].n.tolist() == [0, 30]
    assert ws.outcome_wait(1.0) == pytest.approx(3600, rel=0.01)


@pytest.mark.parametrize("seed", once(*range(4)))
def test_that_what_comes_in_any_order_is_joined_as_if_it_had_come_at_once(ws: Workspace, tmp_path: Path,
                                                                          seed: int) -> None:
    """Ids are used again within the hour, as retries do; outcomes come before and after, with and without a time."""
    rng = np.random.default_rng(seed)
    start = pd.Timestamp("2026-03-02T06:00:00Z")
    asked = [(f"r{rng.integers(60)}", int(rng.integers(3500))) for _ in range(120)]
    told = [(f"r{rng.integers(70)}", int(rng.integers(3600)) if rng.random() < 0.9 else None) for _ in range(80)]
    requests = {"ts": [(start + pd.Timedelta(seconds=at)).isoformat() for _, at in asked],
                "id": [name for name, _ in asked]}
    labels = {"id": [name for name, _ in told], "clicked": [str(number % 2) for number in range(80)],
              "told": [None if at is None else (start + pd.Timedelta(seconds=at)).isoformat() for _, at in told]}
    parts = [(REQUESTS, requests, at, at + 15) for at in range(0, 120, 15)]
    parts += [(LABELS, labels, at, at + 10) for at in range(0, 80, 10)]
    with contextlib.closing(Workspace.open(tmp_path / "at-once.duckdb", folder=None)) as at_once:
        for store in (ws, at_once):
            store.ensure_streams([REQUESTS, LABELS])
        for number in rng.permutation(len(parts)):
            plan, cells, first, last = parts[number]
            put(ws, plan, {name: values[first:last] for name, values in cells.items()}, path=f"{number}.csv")
            if rng.random() < 0.7:
                ws.refresh()
        ws.refresh()
        put(at_once, REQUESTS, requests)
        put(at_once, LABELS, labels, path="l.csv")
        at_once.refresh()
        ours, theirs = all_numbers(ws), all_numbers(at_once)
        same_numbers({"rollup_outcomes": ours["rollup_outcomes"]}, {"rollup_outcomes": theirs["rollup_outcomes"]})
