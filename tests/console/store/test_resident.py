"""Numbers from memory are those that SQL gives, whatever is asked, and whatever was written just before."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from console.roles import Role
from console.store import FAILED, Moments, Workspace, outcomes, reading
from console.store import refreshing as making
from console.store.grid import Grid
from console.store.resident import Resident
from console.store.tracks import Source
from console.window import Window
from tests.console.store.made import LABELS, REQUESTS, column, log, put, texts, whole
from tests.tiers import examples

STORED = ("latency", "age", "device", "status", FAILED)
QS = (0.0, 0.5, 0.95, 0.99, 1.0)
START = pd.Timestamp("2026-03-02T05:17:00Z").timestamp()
HOURS = 30.0

windows = st.tuples(st.floats(-2, HOURS + 1), st.floats(0.01, HOURS + 3)).map(
    lambda pair: Window.from_epoch(START + pair[0] * 3600, START + (pair[0] + pair[1]) * 3600))
buckets = st.sampled_from([7, 10, 20, 30, 60, 120, 300, 600, 1200, 3600, 7200, 86400, 90])


def dense(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the log were: bins by the minute, and never raw rows instead."""
    monkeypatch.setattr(making, "DENSE_FOR_MINUTES", 0.0)
    monkeypatch.setattr(reading, "EXACT_ROWS", 0)


def labels(frame: pd.DataFrame) -> dict[str, list[str | None]]:
    """An outcome for most of the requests, a minute after them."""
    told = frame.iloc[::3]
    return {"id": list(told["id"]), "told": [(time + pd.Timedelta("60s")).isoformat() for time in told["ts"]],
            "clicked": [str(number % 2) for number, _ in enumerate(told["id"])]}


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace whose numbers are all asked for again and again, so that they come from memory."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        dense(monkeypatch)
        store = Workspace.open(tmp_path_factory.mktemp("w") / "w.duckdb", folder=None)
        frame = log(6000, HOURS)
        put(store, REQUESTS, texts(frame))
        put(store, LABELS, labels(frame), path="b.csv")
        store.refresh()
        warm(store, whole(store))
    yield store
    store.close()


def warm(store: Workspace, window: Window) -> None:
    """Ask until memory has every level."""
    store._resident._share = np.inf     # no pause between one reading and the next
    for bucket_s in (10, 60, 600, 3600):
        for _ in range(4):
            ask(store, window, bucket_s)
            store._resident.wait()


def ask(store: Workspace, window: Window, bucket_s: float) -> None:
    """Every kind of question."""
    stream = store.streams()[0]
    for work in (lambda: store.moments(stream.stream_id, STORED, window, bucket_s),
                 lambda: store.percentiles(stream.stream_id, "latency", window, bucket_s, QS),
                 lambda: store.outcome_moments(window, bucket_s)):
        for _ in range(2):
            work()
            store._resident.wait()


def assert_same(ours: list[Moments], theirs: list[Moments]) -> None:
    """To the last digits that the order of a sum can touch."""
    assert [part.series for part in ours] == [part.series for part in theirs]
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(mine.times, other.times)
        np.testing.assert_array_equal(mine.rows, other.rows)
        assert mine.columns.keys() == other.columns.keys()
        for name, cells in mine.columns.items():
            for part in ("n", "n_missing", "min", "max"):
                np.testing.assert_array_equal(getattr(cells, part), getattr(other.columns[name], part))
            for part in ("sum", "sumsq"):
                np.testing.assert_allclose(getattr(cells, part), getattr(other.columns[name], part), rtol=1e-12)


def assert_equal_to_sql(store: Workspace, window: Window, bucket_s: float) -> None:
    """All numbers of one window, from memory where they are held, against the same by SQL."""
    stream, con = store.streams()[0], store.cursor()
    assert_same(store.moments(stream.stream_id, STORED, window, bucket_s),
                reading.moments(con, stream, STORED, window, bucket_s, None))
    assert_same(store.outcome_moments(window, bucket_s),
                outcomes.moments(con, {s.stream_id: s for s in store.streams()}, window, bucket_s, None))
    ours = store.percentiles(stream.stream_id, "latency", window, bucket_s, QS)
    theirs = reading.percentiles(con, stream, "latency", window, bucket_s, QS, None)
    empty = np.zeros(Grid.over(window, bucket_s).count)
    n, values = (theirs[0].n, theirs[0].values) if theirs else (empty, dict.fromkeys(QS, empty * np.nan))
    np.testing.assert_array_equal(ours[0].n if ours else empty, n)
    for q in QS:
        np.testing.assert_array_equal(ours[0].values[q] if ours else empty * np.nan, values[q])


@examples(15, 120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(window=windows, bucket_s=buckets)
def test_that_any_window_in_any_buckets_has_the_numbers_of_sql(busy: Workspace, window: Window,
                                                              bucket_s: float) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        dense(monkeypatch)
        assert_equal_to_sql(busy, window, bucket_s)


def test_that_these_windows_are_answered_from_memory(busy: Workspace) -> None:
    """Else the test above would compare SQL with itself."""
    stream, grid = busy.streams()[0], Grid.over(whole(busy), 3600)
    con = busy.cursor()
    columns = [(str(stream.named("latency").number), True)]
    for level in (10, 60, 600, 3600):
        assert busy._resident.moments(con, Source("rollup_1", level), columns, grid) is not None
        assert busy._resident.moments(con, Source("rollup_outcomes", level, "stream_id = 1"),
                                      [("clicked", True)], grid) is not None
    for level in (60, 600, 3600):
        number = stream.named("latency").number
        assert busy._resident.ranks(con, Source("bins_1", level, f"number = {number}"), grid, QS) is not None


def test_that_bins_by_the_minute_agree_with_the_rows_to_one_percent(busy: Workspace,
                                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    """The exact ones come from raw rows, by the database's own quantile."""
    window, stream = whole(busy), busy.streams()[0]
    exact = busy.percentiles(stream.stream_id, "latency", window, 300, QS)[0]
    dense(monkeypatch)
    binned = busy.percentiles(stream.stream_id, "latency", window, 300, QS)[0]
    for q in QS:
        np.testing.assert_allclose(binned.values[q], exact.values[q], rtol=0.01)
    assert any(not np.array_equal(binned.values[q], exact.values[q], equal_nan=True) for q in QS)


@examples(2, 5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.lists(st.floats(-1, HOURS + 2), min_size=1, max_size=4), tall=st.booleans())
def test_that_rows_that_come_later_are_in_the_next_answer(tmp_path_factory: pytest.TempPathFactory, at: list[float],
                                                         tall: bool) -> None:
    """At the end, in the middle and before all others; with values that no bin had."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        dense(monkeypatch)
        store = Workspace.open(tmp_path_factory.mktemp("w") / "w.duckdb", folder=None)
        try:
            put(store, REQUESTS, texts(log(1500, HOURS)))
            store.refresh()
            warm(store, whole(store))
            for number, hour in enumerate(at):
                more = log(50, 0.2, seed=number + 2).assign(id=[f"n{number}-{i}" for i in range(50)])
                more["ts"] += pd.Timedelta(hours=hour)
                more["latency"] *= 1e6 if tall else 1.0
                put(store, REQUESTS, texts(more), path=f"{number}.csv")
                put(store, LABELS, labels(more), path=f"l{number}.csv")
                store.refresh()
                for bucket_s in (10, 300, 3600):
                    for _ in range(2):
                        assert_equal_to_sql(store, whole(store), bucket_s)
                total = store.moments(1, (), whole(store), 3600)[0].rows.sum()
                assert total == 1500 + 50 * (number + 1)
        finally:
            store.close()


def test_that_another_role_is_in_the_next_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dense(monkeypatch)
    store = Workspace.open(tmp_path / "w.duckdb", folder=None)
    try:
        put(store, REQUESTS, texts(log(800, 5.0)))
        store.refresh()
        warm(store, whole(store))
        window = whole(store)
        before = store.moments(1, STORED, window, 600)[0].columns[FAILED].sum
        store.set_columns(1, {"age": column("age", role=Role.STATUS), "status": column("status")})
        store.refresh()
        for _ in range(2):
            ours = store.moments(1, STORED, window, 600)
            assert_same(ours, reading.moments(store.cursor(), store.streams()[0], STORED, window, 600, None))
            assert before.sum() > 0
            assert ours[0].columns[FAILED].sum.sum() == 0     # nobody is 500 years old
    finally:
        store.close()


def test_that_readers_beside_a_writer_never_see_less_than_was_committed(ws: Workspace) -> None:
    put(ws, REQUESTS, texts(log(500, 3.0)))
    ws.refresh()
    ws._resident._share = np.inf
    window = Window.from_epoch(START - 3600, START + 86400)
    committed, failures, done = [500.0], [], threading.Event()

    def read() -> None:
        try:
            while not done.is_set():
                least = committed[-1]
                for bucket_s in (60, 600):
                    rows = ws.moments(1, ("latency",), window, bucket_s)[0]
                    if rows.rows.sum() < least or not (rows.columns["latency"].n <= rows.rows).all():
                        failures.append((least, rows.rows.sum()))
        except Exception as error:
            failures.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(6):
        more = log(20, 3.0, seed=number).assign(id=[f"n{number}-{i}" for i in range(20)])
        put(ws, REQUESTS, texts(more), path=f"{number}.csv")
        ws.refresh()
        committed.append(committed[-1] + 20)
    done.set()
    for reader in readers:
        reader.join()
    assert failures == []


def test_that_memory_keeps_to_its_limit_and_gives_up_the_oldest(busy: Workspace) -> None:
    resident, window = Resident(limit=18_500, share=np.inf), whole(busy)
    con, stream = busy.cursor(), busy.streams()[0]
    columns = [(str(stream.named(name).number), True) for name in ("latency", "age")]
    grid = Grid.over(window, 3600)
    for level in (600, 3600):
        for _ in range(3):
            held = resident.moments(con, Source("rollup_1", level), columns, grid)
            resident.wait()
        assert held is not None
        assert 0 < resident.nbytes <= 18_500
    assert resident.moments(con, Source("rollup_1", 600), columns, grid) is None
    resident.close()


def test_that_one_question_reads_nothing_ahead(busy: Workspace) -> None:
    resident, grid = Resident(), Grid.over(whole(busy), 3600)
    assert resident.moments(busy.cursor(), Source("rollup_1", 600), (), grid) is None
    resident.wait()
    assert resident.nbytes == 0
    resident.close()
