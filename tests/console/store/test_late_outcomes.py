"""Outcomes in buckets that no level adds up to are joined from the rows, however late they came."""

from __future__ import annotations

import pytest

from console.store import Workspace
from tests.console.store.made import LABELS, REQUESTS, put, window


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


def test_that_an_outcome_that_no_rollup_knows_yet_is_counted(ws: Workspace) -> None:
    put(ws, REQUESTS, {"ts": ["2026-03-02T06:00:03Z", "2026-03-03T06:00:00Z"], "id": ["a", "far"]})
    put(ws, LABELS, {"id": ["a"], "clicked": ["1"], "told": ["2026-03-02T09:00:00Z"]}, path="c.csv")
    found = ws.outcome_moments(window("2026-03-02T06:00:00", "2026-03-02T06:00:05"), 5)[0].columns["clicked"]
    assert found.n.tolist() == [1]
