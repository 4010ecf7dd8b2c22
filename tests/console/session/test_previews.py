"""The count cube of an open log: built in the background, kept up with what comes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from console.drift import Verdict
from console.drift.cube import MOST_CELLS
from console.jobs import JobStopped, SilentJob
from console.roles import Role
from console.session.compare import windows
from console.session.previews import Previews
from console.store import Workspace
from console.window import Window
from tests.console.store.made import NUMBER, TEXT, TIME, column, put, stream, texts

START = pd.Timestamp("2026-03-02T00:00:00Z")
PLAN = stream("requests", column("ts", TIME, Role.TIMESTAMP), column("latency", NUMBER, Role.LATENCY, unit="ms"),
              column("age", NUMBER, Role.FEATURE), column("device", TEXT, Role.FEATURE),
              column("id", TEXT, Role.REQUEST_ID), column("note", TEXT, Role.FEATURE))


class StoppedAtOnce(SilentJob):
    def stop_if_asked(self) -> None:
        raise JobStopped


def rows(first_s: float, last_s: float, count: int, *, moved: bool = False, seed: int = 0) -> dict[str, list]:
    """Requests within these seconds after START; ages are whole numbers with gaps."""
    random = np.random.default_rng(seed)
    age = np.round(random.normal(50 if moved else 40, 12, count))
    age[random.random(count) < 0.1] = np.nan
    return texts(pd.DataFrame({
        "ts": START + pd.to_timedelta(np.sort(random.uniform(first_s, last_s, count)).round(3), unit="s"),
        "latency": random.lognormal(3, 1, count), "age": age,
        "device": np.where(random.random(count) < 0.05, None, random.choice(["phone", "tv"], count)),
        "id": [f"r{seed}-{at}" for at in range(count)],
        "note": [f"words {random.integers(10**9)}" for _ in range(count)]}))


def seconds(first: float, last: float) -> Window:
    start = START.timestamp()
    return Window.from_epoch(start + first, start + last)


@pytest.fixture
def store(tmp_path: Path):
    made = Workspace.open(tmp_path / "log.duckdb", folder=None)
    yield made
    made.close()


def add(store: Workspace, cells: dict[str, list], first: int = 0) -> None:
    put(store, PLAN, cells, first=first)
    store.refresh()


def test_that_nothing_is_previewed_before_it_is_counted_and_all_of_it_afterwards(store):
    previews = Previews(store)
    assert not previews.refresh(SilentJob())
    add(store, rows(0, 3000, 3000))
    add(store, rows(3000, 6000, 3000, moved=True, seed=1), 3000)
    assert previews.preview(seconds(0, 2500), seconds(3500, 6000)) is None
    assert previews.refresh(SilentJob())
    assert not previews.refresh(SilentJob())
    view = previews.preview(seconds(0, 2500), seconds(3500, 6000))
    exact = windows(store, "log", seconds(0, 2500), seconds(3500, 6000), SilentJob(), None)
    quick = {(row.column, row.kind): row for row in view.columns}
    assert {(row.column, row.kind) for row in exact.columns} == quick.keys()
    assert (view.n_reference, view.n_current) == (exact.n_reference, exact.n_current)
    assert quick["age", "numeric"].verdict is Verdict.ALARM
    for row in exact.columns:
        if row.kind == "numeric":
            assert quick[row.column, row.kind].effect_low <= row.effect <= quick[row.column, row.kind].effect_high


def test_that_rows_that_come_are_added_and_late_ones_too(store):
    add(store, rows(0, 3000, 2000))
    previews = Previews(store)
    previews.refresh(SilentJob())
    columns = previews.cube.columns
    add(store, rows(2900, 3200, 500, seed=2), 2000)
    add(store, rows(100, 200, 50, seed=3), 2500)                # late
    assert previews.refresh(SilentJob())
    assert previews.cube.columns == columns                     # bins stay as they are
    assert int(previews.cube.rows[-1]) == 2550
    again = Previews(store)
    again.refresh(SilentJob())
    for window in (seconds(0, 1000), seconds(1500, 3200), seconds(0, 3200)):
        first, second = (one.cube.counts(one.cube.span(window))[one.cube.missing] for one in (previews, again))
        assert first.tolist() == second.tolist()
    assert previews.cube.buckets == again.cube.buckets


def test_that_a_log_that_outgrows_its_buckets_goes_on_in_longer_ones(store):
    add(store, rows(0, 1500, 1500))
    previews = Previews(store)
    previews.refresh(SilentJob())
    assert previews.cube.step_us == 1_000_000
    add(store, rows(8990, 9000, 100, seed=4), 1500)
    previews.refresh(SilentJob())
    assert previews.cube.step_us == 5_000_000 and int(previews.cube.rows[-1]) == 1600
    late = previews.preview(seconds(0, 1500), seconds(8900, 9000))
    assert (late.n_reference, late.n_current) == (1500, 100)


def test_that_a_reference_gets_its_own_bins_where_those_of_the_log_are_too_wide(store):
    add(store, rows(0, 3000, 8000))
    cells = rows(3000, 3100, 80, seed=5)
    cells["latency"] = [repr(20 + float(value) / 1e6) for value in cells["latency"]]     # in few bins of the log
    add(store, cells, 8000)
    previews = Previews(store)
    previews.refresh(SilentJob())
    narrow, later = seconds(3000, 3050), seconds(3050, 3100)

    def slack() -> float:
        row = next(row for row in previews.preview(narrow, later).columns if row.column == "latency")
        return row.effect_high - row.effect_low

    assert slack() > 0.2
    assert previews.refresh(SilentJob(), narrow)
    assert slack() < 0.05
    assert not previews.refresh(SilentJob(), narrow)


def test_that_a_stopped_count_is_gone_on_with_the_next_time(store):
    add(store, rows(0, 3000, 2000))
    previews = Previews(store)
    with pytest.raises(JobStopped):
        previews.refresh(StoppedAtOnce())
    assert previews.cube is None and previews.refresh(SilentJob())
    add(store, rows(2900, 3200, 500, seed=2), 2000)
    with pytest.raises(JobStopped):
        previews.refresh(StoppedAtOnce())
    assert int(previews.cube.rows[-1]) == 2000
    assert previews.refresh(SilentJob()) and int(previews.cube.rows[-1]) == 2500


def test_that_names_and_values_of_a_log_are_data(store):
    odd = "a'; DROP TABLE files; --"
    plan = stream("requests", column("ts", TIME, Role.TIMESTAMP), column(odd, TEXT, Role.FEATURE))
    cells = rows(0, 100, 100)
    put(store, plan, {"ts": cells["ts"], odd: ["x'); --", '"y"'] * 50})
    store.refresh()
    previews = Previews(store)
    previews.refresh(SilentJob())
    assert previews.cube.columns[0].column == odd
    assert sorted(previews.cube.columns[0].labels) == ['"y"', "(other)", "x'); --"]


def test_that_of_very_many_columns_some_are_left_out_and_named(store):
    plan = stream("requests", column("ts", TIME, Role.TIMESTAMP), *(column(f"x{at}", NUMBER, Role.FEATURE)
                                                                    for at in range(110)),
                  column("answer", NUMBER, Role.PREDICTION))
    random = np.random.default_rng(0)
    numbers = {f"x{at}": [repr(value) for value in random.normal(0, 1, 300)] for at in range(110)}
    put(store, plan, {"ts": rows(0, 1000, 300)["ts"], **numbers, "answer": ["1"] * 300})
    store.refresh()
    previews = Previews(store)
    previews.refresh(SilentJob())
    cube = previews.cube
    assert cube.columns[0].column == "answer" and cube.sums.shape[1] <= MOST_CELLS
    assert len(cube.columns) + len(cube.left_out) == 111 and cube.left_out[-1] == "x109"
    assert previews.preview(seconds(0, 500), seconds(500, 1000)).left_out == cube.left_out
