"""What is appended is added to the rollups that are there; whatever else happens, they are made anew."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from console.store import Workspace, adding, opening, refreshing, workspace
from tests.console.store.made import REQUESTS, all_numbers, log, put, same_numbers, texts
from tests.tiers import examples


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Workspace]:
    """A second one, which makes all anew."""
    store = Workspace.open(tmp_path / "other.duckdb", folder=None)
    yield store
    store.close()


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Of each refresh of a stream: whether it added."""
    found: list[bool] = []
    only_grew = refreshing._only_grew

    def noted(*args: object) -> bool:
        grew = only_grew(*args)             # type: ignore[arg-type]
        found.append(grew)
        return grew

    monkeypatch.setattr(refreshing, "_only_grew", noted)
    return found


def parts(frame: pd.DataFrame, count: int) -> list[pd.DataFrame]:
    ends = [len(frame) * number // count for number in range(count + 1)]
    return [frame[first:last] for first, last in itertools.pairwise(ends)]


@pytest.mark.parametrize("hours", [0.05, 30.0], ids=["by the second", "by ten seconds"])
def test_that_adding_gives_what_making_anew_gives(ws: Workspace, other: Workspace, ways: list[bool],
                                                  hours: float) -> None:
    frame, first = log(3000, hours), 0
    for number, part in enumerate(parts(frame, 6)):
        for store in (ws, other):
            put(store, REQUESTS, texts(part), first=first)
            other._fresh.clear()
            if number % 2 == 0:             # now and then two transactions come before the rollups follow
                store.refresh()
        first += len(part)
    for store in (ws, other):
        store.refresh()
    same_numbers(all_numbers(ws), all_numbers(other))
    assert ways == [False, True, True, True]


def test_that_rows_taken_back_make_their_buckets_anew(ws: Workspace, other: Workspace, ways: list[bool]) -> None:
    frame = log(600, 2.0)
    info, _ = put(ws, REQUESTS, texts(frame[:400]))
    ws.refresh()
    put(ws, REQUESTS, texts(frame[400:]), first=400)
    with ws.writing() as w:
        assert w.take_back(info.stream_id, w.file("a.csv", info.stream_id), 399) == "row"
    ws.refresh()
    put(other, REQUESTS, texts(frame[:400]))
    other.refresh()
    put(other, REQUESTS, texts(frame[400:]), first=400)
    other.refresh()
    with other.writing() as w:
        w.take_back(info.stream_id, w.file("a.csv", info.stream_id), 399)
    other.refresh()
    same_numbers(all_numbers(ws), all_numbers(other))
    assert ways[:2] == [False, False]       # those of the other stand behind


def test_that_rows_that_lay_there_when_it_was_opened_make_their_buckets_anew(tmp_path: Path, other: Workspace,
                                                                             ways: list[bool]) -> None:
    frame = log(600, 2.0)
    store = Workspace.open(tmp_path / "w.duckdb", folder=None)
    put(store, REQUESTS, texts(frame[:300]))
    store.refresh()
    put(store, REQUESTS, texts(frame[300:500]), first=300)
    store.close()                       # rows are there, rollups do not know of them
    store = Workspace.open(tmp_path / "w.duckdb", folder=None)
    put(store, REQUESTS, texts(frame[500:]), first=500)
    store.refresh()
    anew = all_numbers(store)
    store.close()
    assert not any(ways)
    put(other, REQUESTS, texts(frame[:300]))
    other.refresh()
    put(other, REQUESTS, texts(frame[300:]), first=300)
    other._fresh.clear()
    other.refresh()
    same_numbers(anew, all_numbers(other))


def test_that_a_transaction_that_was_undone_is_not_added(ws: Workspace, other: Workspace) -> None:
    frame = log(600, 2.0)
    put(ws, REQUESTS, texts(frame[:300]))
    ws.refresh()
    with pytest.raises(ZeroDivisionError), ws.writing() as w:
        file_id = w.file("b.csv", 1)
        w.connection.execute(f"INSERT INTO raw_1 (_file, _record, _ts) SELECT {file_id}, 0, _ts FROM raw_1")
        raise ZeroDivisionError
    put(ws, REQUESTS, texts(frame[300:]), first=300)
    ws.refresh()
    put(other, REQUESTS, texts(frame[:300]))
    other.refresh()
    put(other, REQUESTS, texts(frame[300:]), first=300)
    other._fresh.clear()
    other.refresh()
    same_numbers(all_numbers(ws), all_numbers(other))


def rows_and_keys(ws: Workspace) -> list[tuple[int, int]]:
    """Of each rollup of the first stream: rows, and buckets with series (and bins)."""
    return [ws.execute_readonly(f"SELECT count(*), count(DISTINCT ({keys})) FROM {table}")[0] for table, keys in (
        ("rollup_1", "level_s, bucket, series"), ("bins_1", "level_s, bucket, series, number, bin"))]


def test_that_a_few_rows_are_appended_and_packed_later(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace, "LIVE_LOG_BYTES", -1)
    frame, first = log(900, 0.5).sort_values("ts"), 0
    for part in parts(frame, 9):
        put(ws, REQUESTS, texts(part), first=first)
        ws.refresh()
        first += len(part)
    (rows, keys), (bins, kinds) = rows_and_keys(ws)
    assert rows > keys and bins > kinds         # all but the first were appended
    before = all_numbers(ws)
    ws.keep_small()
    assert rows_and_keys(ws) == [(rows, keys), (bins, kinds)]       # they are few
    monkeypatch.setattr(adding, "MOST_LOOSE", 2)
    ws._pack()
    assert rows_and_keys(ws) == [(keys, keys), (kinds, kinds)]
    same_numbers(before, all_numbers(ws))


def test_that_many_looks_are_packed_on_the_way(ws: Workspace, other: Workspace,
                                               monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adding, "MOST_LOOSE", 3)
    frame, first = log(1000, 0.2).sort_values("ts"), 0
    most = 0
    for part in parts(frame, 10):
        put(ws, REQUESTS, texts(part), first=first)
        ws.refresh()
        first += len(part)
        [(loose,)] = ws.execute_readonly("SELECT max(n) FROM (SELECT count(*) AS n FROM rollup_1 WHERE level_s = 3600 "
                                         "GROUP BY bucket, series)")
        most = max(most, loose)
    assert most == 4        # one packed, and those of three looks
    put(other, REQUESTS, texts(frame))
    other.refresh()
    same_numbers(all_numbers(ws), all_numbers(other))


CELLS = st.sampled_from([None, "0", "-0.0", "1", "-3.5", "250", "1e300", "-1e-300", "inf", "-inf", "nan", "7.25"])
ROWS = st.lists(st.tuples(st.integers(0, 4000), st.sampled_from([None, "v1", "v2", ""]), CELLS, CELLS,
                          st.sampled_from([None, "200", "503"]), st.sampled_from([None, "phone"])), min_size=1,
                max_size=12)


@examples(4, 8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(looks=st.lists(ROWS, min_size=2, max_size=4))
def test_that_any_rows_add_what_they_give_anew(tmp_path_factory: pytest.TempPathFactory, looks: list[Any]) -> None:
    place = tmp_path_factory.mktemp("looks")
    ours, theirs = (Workspace.open(place / f"{name}.duckdb", folder=None) for name in ("ours", "theirs"))
    try:
        first = 0
        for look in looks:
            cells = {"ts": [f"2026-03-02T05:{at // 60 % 60:02d}:{at % 60:02d}Z" for at, *_ in look],
                     "id": [f"r{first + at}" for at in range(len(look))], "version": [row[1] for row in look],
                     "latency": [row[2] for row in look], "status": [row[4] for row in look],
                     "age": [row[3] for row in look], "device": [row[5] for row in look]}
            for store in (ours, theirs):
                put(store, REQUESTS, cells, first=first)
            theirs._fresh.clear()       # and so makes all anew, each time: a series has the number that it got first
            for store in (ours, theirs):
                store.refresh()
            first += len(look)
        same_numbers(all_numbers(ours), all_numbers(theirs))
    finally:
        ours.close()
        theirs.close()


def test_that_what_is_in_the_file_does_not_stay_in_memory(ws: Workspace) -> None:
    """And the database may hold as much as before."""
    [(limit,)] = ws.execute_readonly("SELECT current_setting('memory_limit')")
    put(ws, REQUESTS, texts(log(20_000, 1.0)))
    ws.refresh()
    assert ws.checkpoint()
    count = "SELECT count(DISTINCT latency), count(DISTINCT id) FROM requests"
    held = "SELECT coalesce(sum(memory_usage_bytes), 0)::BIGINT FROM duckdb_memory() WHERE tag = 'BASE_TABLE'"
    counted = ws.cursor().execute(count.replace("requests", ws.streams()[0].table)).fetchall()
    [(before,)] = ws.cursor().execute(held).fetchall()
    opening.let_go_of_all(ws.cursor())
    [(after,)] = ws.cursor().execute(held).fetchall()
    assert before > 500_000 and after < before / 2
    assert ws.execute_readonly("SELECT current_setting('memory_limit')") == [(limit,)]
    assert ws.cursor().execute(count.replace("requests", ws.streams()[0].table)).fetchall() == counted
