"""How long outcomes take is measured, and a rate is drawn where they had that long."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from console.metrics.charts import board
from console.store import Workspace
from tests.console.store.made import LABELS, REQUESTS, put, texts, whole

START = pd.Timestamp("2026-03-02T06:00:00Z")
QS = (0.05, 0.5, 0.9, 0.99)


def requests(ids: list[str], at_s: np.ndarray) -> dict[str, list[str | None]]:
    return texts(pd.DataFrame({"ts": START + pd.to_timedelta(at_s, unit="s"), "id": ids}))


def labels(ids: list[str], at_s: np.ndarray, clicked: np.ndarray) -> dict[str, list[str | None]]:
    return texts(pd.DataFrame({"id": ids, "told": START + pd.to_timedelta(at_s, unit="s"), "clicked": clicked}))


@pytest.mark.parametrize("batches", [1, 5])
def test_that_waits_are_those_of_the_log(ws: Workspace, batches: int) -> None:
    rng = np.random.default_rng(4)
    n = 3000
    at_s = rng.uniform(0, 20_000, n).round(3)
    waits = rng.lognormal(4, 1.2, n).round(3)
    ids = [f"r{number}" for number in range(n)]
    for number in range(batches):
        part = slice(number * n // batches, (number + 1) * n // batches)
        put(ws, LABELS, labels(ids[part], (at_s + waits)[part], np.ones(n)[part]), path=f"l{number}.csv")
        ws.refresh()
        put(ws, REQUESTS, requests(ids[part], at_s[part]), path=f"r{number}.csv")
        ws.refresh()
    for q in QS:
        assert ws.outcome_wait(q) == pytest.approx(np.quantile(waits, q, method="inverted_cdf"), rel=0.02)


def test_that_a_wait_is_forgotten_with_the_request_that_gave_it(ws: Workspace) -> None:
    put(ws, REQUESTS, requests(["a"], np.array([0.0])))
    put(ws, LABELS, labels(["a"], np.array([500.0]), np.array([1.0])), path="l.csv")
    ws.refresh()
    assert ws.outcome_wait(0.5) == pytest.approx(500, rel=0.01)
    put(ws, REQUESTS, requests(["a"], np.array([400.0])), path="again.csv")
    ws.refresh()
    assert ws.outcome_wait(0.5) == pytest.approx(100, rel=0.01)


def test_that_nothing_is_said_where_no_outcome_has_a_time(ws: Workspace) -> None:
    put(ws, REQUESTS, requests(["a"], np.array([0.0])))
    put(ws, LABELS, {"id": ["a"], "clicked": ["1"]}, path="l.csv")
    ws.refresh()
    assert ws.outcome_wait(0.5) is None


@pytest.mark.parametrize("until_s, drawn", [(3600.0, 25), (3600.0 + 1200.0, 30)], ids=["log goes on", "all was told"])
def test_that_the_rate_is_drawn_where_outcomes_had_their_time(ws: Workspace, until_s: float, drawn: int) -> None:
    """An hour of requests, two a second in buckets of two minutes. Clicks come after 5 s, their absence after 600 s."""
    at_s = np.arange(0, 3600, 0.5)
    clicked = (np.arange(len(at_s)) % 4 == 0).astype(float)
    told = at_s + np.where(clicked > 0, 5.0, 600.0)
    ids = [f"r{number}" for number in range(len(at_s))]
    seen = told < until_s
    put(ws, REQUESTS, requests(ids, at_s))
    put(ws, LABELS, labels([name for name, yes in zip(ids, seen, strict=True) if yes], told[seen], clicked[seen]),
        path="l.csv")
    ws.refresh()
    (chart,) = [chart for chart in board(ws, whole(ws), 100, bucket_s=120).charts if chart.metric == "ctr"]
    values = chart.series[0].values
    assert int(np.isfinite(values).sum()) == drawn
    assert values[:drawn] == pytest.approx(np.full(drawn, 0.25), abs=0.01)
    assert np.isnan(values[drawn:]).all()


def test_that_outcomes_that_stop_in_the_midst_are_seen_to(ws: Workspace) -> None:
    """Labels come after ten seconds, but for a quarter of an hour half of them were lost."""
    at_s = np.arange(0, 3600, 0.5)
    ids = [f"r{number}" for number in range(len(at_s))]
    kept = [number for number in range(len(at_s)) if at_s[number] < 2700 or number % 2]
    put(ws, REQUESTS, requests(ids, at_s))
    put(ws, LABELS, labels([ids[number] for number in kept], at_s[kept] + 10, (np.array(kept) % 5 == 0).astype(float)),
        path="l.csv")
    ws.refresh()
    (chart,) = [chart for chart in board(ws, whole(ws), 100, bucket_s=120).charts if chart.metric == "ctr"]
    assert np.isfinite(chart.series[0].values[:-1]).all()
