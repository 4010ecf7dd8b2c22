"""Numbers read from rows are kept, and never differ from what the rows say now."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from console.store import Workspace
from console.store.grid import Grid
from console.store.model import Floats
from console.store.recent import Recent
from tests.console.store.made import LABELS, REQUESTS, log, put, texts, window

SECOND = 10**6


class Rows:
    """Stands for the database: buckets with numbers, and a note of what was read."""

    def __init__(self) -> None:
        self.values = np.arange(100.0)
        self.read: list[tuple[int, int]] = []

    def __call__(self, grid: Grid) -> dict[str, Floats]:
        first = grid.first_us // SECOND
        self.read.append((first, first + grid.count))
        return {"v": self.values[first:first + grid.count].copy()}


def seconds(first: int, last: int) -> Grid:
    return Grid(first * SECOND, SECOND, last - first)


def test_that_only_what_changed_and_what_is_new_is_read_again() -> None:
    recent, rows = Recent(), Rows()
    assert recent.over("q", ["t"], seconds(0, 50), rows)["v"].tolist() == list(range(50))
    assert recent.over("q", ["t"], seconds(0, 50), rows)["v"].tolist() == list(range(50))
    recent.begin()
    rows.values[45] = -1
    recent.end([("t", 45 * SECOND)])
    assert recent.over("q", ["t"], seconds(10, 60), rows)["v"].tolist() == [*range(10, 45), -1, *range(46, 60)]
    assert recent.over("q", ["t"], seconds(5, 60), rows)["v"][0] == 5       # earlier than what is held: all of it
    assert rows.read == [(0, 50), (45, 60), (5, 60)]


def test_that_other_tables_change_nothing_and_all_tables_everything() -> None:
    recent, rows = Recent(), Rows()
    for changes, expected in (([("other", 0)], 1), ([("", -1)], 2)):
        recent.over("q", ["t"], seconds(0, 9), rows)
        recent.begin()
        recent.end(changes)
        recent.over("q", ["t"], seconds(0, 9), rows)
        assert len(rows.read) == expected


def test_that_what_was_read_beside_a_commit_is_not_kept() -> None:
    recent, rows = Recent(), Rows()

    def beside(grid: Grid) -> dict[str, Floats]:
        found = rows(grid)
        recent.begin()
        rows.values[3] = -1
        recent.end([("t", 3 * SECOND)])
        return found

    recent.over("q", ["t"], seconds(0, 9), beside)
    assert recent.over("q", ["t"], seconds(0, 9), rows)["v"][3] == -1
    recent.begin()
    recent.over("other", ["t"], seconds(0, 9), rows)
    recent.end([])
    recent.over("other", ["t"], seconds(0, 9), rows)
    assert len(rows.read) == 4


@pytest.mark.parametrize("bucket_s", [2, 5])
def test_that_numbers_of_short_buckets_are_those_of_the_rows_whatever_came_late(ws: Workspace, bucket_s: int) -> None:
    frame = log(1500, 8.0)              # over six hours there are no rollups by the second
    late = frame.sample(frac=1.0, random_state=4).reset_index(drop=True)
    labels = pd.DataFrame({"id": late["id"], "told": late["ts"] + pd.Timedelta(seconds=40),
                           "clicked": np.arange(len(late)) % 2 * 1.0})
    asked = window("2026-03-02T05:00:00", "2026-03-02T07:00:00")
    ws.ensure_streams([REQUESTS, LABELS])
    for first in range(0, 1500, 500):
        put(ws, REQUESTS, texts(late[first:first + 500]), first=first)
        if first:                       # outcomes come a batch later than their requests
            put(ws, LABELS, texts(labels[first - 500:first]), path="l.csv", first=first - 500)
        ws.refresh()
        found = []
        for _ in range(2):
            moments, outcomes = ws.moments(1, ["latency"], asked, bucket_s), ws.outcome_moments(asked, bucket_s)
            ranks = ws.percentiles(1, "latency", asked, bucket_s, [0.5, 0.95])
            found.append([moments[0].rows, moments[0].columns["latency"].sum, ranks[0].n, ranks[0].values[0.95],
                          outcomes[0].columns["clicked"].n, outcomes[0].columns["clicked"].sum])
            ws._resident.recent.close()
        for kept, anew in zip(*found, strict=True):
            np.testing.assert_allclose(kept, anew, rtol=1e-12)
    inside = (late["ts"] >= asked.start) & (late["ts"] < asked.end)
    assert found[0][0].sum() == inside.sum()
    assert found[0][4].sum() == inside[:1000].sum()


def test_that_what_is_asked_once_is_asked_again_after_a_change() -> None:
    recent, answers = Recent(), [True, False]
    assert recent.once("q", lambda: answers.pop(0))
    assert recent.once("q", lambda: answers.pop(0))
    recent.begin()
    recent.end([("t", 0)])
    assert not recent.once("q", lambda: answers.pop(0))
