"""What is appended is added to the rollups that are there; whatever else happens, they are made anew."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from console.store import Workspace, refreshing
from tests.console.store.made import REQUESTS, all_numbers, log, put, same_numbers, texts


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
