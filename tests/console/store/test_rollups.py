"""Rollups always are what the rows say, whatever came first and whatever broke off."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.roles import Role, StreamKind
from console.store import FAILED, Workspace
from tests.console.store.made import (
    LABELS,
    REQUESTS,
    TIME,
    all_numbers,
    column,
    log,
    put,
    same_numbers,
    stream,
    texts,
    whole,
    window,
)
from tests.tiers import examples

EVENTS = st.lists(st.tuples(st.integers(0, 40_000), st.sampled_from(["1.5", "-2", "nan", "", "oops", "inf", "0"]),
                            st.sampled_from(["v1", "v2", None])), min_size=1, max_size=60)
BATCHES = st.lists(EVENTS, min_size=1, max_size=4)


@contextmanager
def store() -> Iterator[Workspace]:
    with tempfile.TemporaryDirectory() as folder:
        ws = Workspace.open(Path(folder) / "w.duckdb", folder=None)
        try:
            yield ws
        finally:
            ws.close()


def cells(events: list[tuple[int, str, str | None]]) -> dict[str, list[str | None]]:
    start = pd.Timestamp("2026-03-02T00:00:00Z")
    return {"ts": [(start + pd.Timedelta(seconds=second)).isoformat() for second, _, _ in events],
            "latency": [value for _, value, _ in events], "version": [version for _, _, version in events]}


@examples(4, 15)
@given(BATCHES)
def test_that_every_level_sums_to_the_raw_rows(batches: list[list[tuple[int, str, str | None]]]) -> None:
    with store() as ws:
        first = 0
        for batch in batches:
            put(ws, REQUESTS, cells(batch), first=first)
            first += len(batch)
            ws.refresh()
        rows, filled = ws.execute_readonly("SELECT count(*), count(latency) FROM raw_1")[0]
        low, high = ws.execute_readonly("SELECT min(latency), max(latency) FROM raw_1")[0]
        levels = ws.execute_readonly(
            "SELECT level_s, sum(n), sum(n_4), min(min_4), max(max_4) FROM rollup_1 GROUP BY 1")
        assert {level[0] for level in levels} >= {10, 60, 600, 3600}
        assert {level[1:] for level in levels} == {(rows, filled, low, high)}
        binned = ws.execute_readonly("SELECT sum(n) FROM bins_1 GROUP BY level_s")
        assert set(binned) <= {(filled,)}
        assert rows == first


@examples(4, 12)
@given(BATCHES, st.randoms(use_true_random=False))
def test_that_the_order_of_batches_does_not_matter(batches: list[list[tuple[int, str, str | None]]],
                                                   random: object) -> None:
    shuffled = list(enumerate(batches))
    random.shuffle(shuffled)    # type: ignore[attr-defined]
    with store() as one, store() as other:
        for number, batch in enumerate(batches):
            put(one, REQUESTS, cells(batch), path=f"{number}.csv")
            one.refresh()
        for number, batch in shuffled:
            put(other, REQUESTS, cells(batch), path=f"{number}.csv")
        other.refresh()
        for by in (None, Role.MODEL_VERSION):
            for bucket_s in (10, 60, 3600):
                ours = one.moments(1, ["latency"], whole(one), bucket_s, by=by)
                theirs = other.moments(1, ["latency"], whole(other), bucket_s, by=by)
                assert [part.series for part in ours] == [part.series for part in theirs]
                for mine, yours in zip(ours, theirs, strict=True):
                    assert mine.rows.tolist() == yours.rows.tolist()
                    assert mine.columns["latency"].n.tolist() == yours.columns["latency"].n.tolist()
                    assert mine.columns["latency"].sum.tolist() == pytest.approx(yours.columns["latency"].sum.tolist(),
                                                                                nan_ok=True)


def test_that_refreshing_twice_changes_nothing(ws: Workspace) -> None:
    put(ws, REQUESTS, texts(log(500)))
    assert ws.refresh()
    before, generation = all_numbers(ws), ws.generation
    assert not ws.refresh()
    assert ws.generation == generation
    with ws.writing() as w:         # every bucket dirty again, without a new row
        w.connection.execute("INSERT INTO dirty SELECT 1, bucket FROM rollup_1 WHERE level_s = 10")
    assert ws.refresh()
    same_numbers(all_numbers(ws), before)


def test_that_rollups_in_steps_are_those_made_at_once(ws: Workspace, tmp_path: Path) -> None:
    frame = log(1200)
    for number in range(4):
        put(ws, REQUESTS, texts(frame.iloc[number * 300:(number + 1) * 300]), first=number * 300)
        ws.refresh()
    other = Workspace.open(tmp_path / "other.duckdb", folder=None)
    put(other, REQUESTS, texts(frame))
    other.refresh()
    ours = ws.moments(1, ["latency", FAILED], whole(ws), 600, by=Role.MODEL_VERSION)
    theirs = other.moments(1, ["latency", FAILED], whole(other), 600, by=Role.MODEL_VERSION)
    other.close()
    for mine, yours in zip(ours, theirs, strict=True):
        assert mine.rows.tolist() == yours.rows.tolist()
        assert mine.columns["latency"].sum.tolist() == pytest.approx(yours.columns["latency"].sum.tolist(), rel=1e-9)
        assert mine.columns[FAILED].sum.tolist() == yours.columns[FAILED].sum.tolist()


def test_that_a_stop_between_rows_and_rollups_costs_only_the_recompute(tmp_path: Path) -> None:
    frame = log(600)
    ws = Workspace.open(tmp_path / "w.duckdb", folder=None)
    put(ws, REQUESTS, texts(frame.iloc[:300]))
    ws.refresh()
    put(ws, REQUESTS, texts(frame.iloc[300:]), first=300)
    ws.close()
    ws = Workspace.open(tmp_path / "w.duckdb", folder=None)
    assert ws.refresh()
    (found,) = ws.moments(1, ["latency"], whole(ws), 3600)
    assert found.rows.sum() == 600
    assert found.columns["latency"].sum.sum() == pytest.approx(frame["latency"].sum(), rel=1e-9)
    ws.close()


def test_that_a_transaction_that_fails_leaves_nothing(ws: Workspace) -> None:
    info, _ = put(ws, REQUESTS, texts(log(50)))
    generation = ws.generation
    with pytest.raises(RuntimeError), ws.writing() as w:
        file_id = w.file("b.csv", info.stream_id)
        w.quarantine(file_id, [(1, 0, "bad", "raw")])
        w.connection.execute("INSERT INTO raw_1 (_ts) VALUES (now()::TIMESTAMP)")
        raise RuntimeError
    assert ws.generation == generation
    assert ws.execute_readonly("SELECT count(*) FROM raw_1") == [(50,)]
    assert [entry.path for entry in ws.ledger()] == ["a.csv"]
    assert ws.quarantine(10) == ()


# ---- outcomes ------------------------------------------------------------------------------------------------

def requests_and_labels(rows: int = 400) -> tuple[pd.DataFrame, pd.DataFrame]:
    frame = log(rows, hours=8)
    labels = frame.iloc[::2].sample(frac=1, random_state=3)
    labels = pd.DataFrame({"id": labels["id"], "told": labels["ts"] + pd.Timedelta(minutes=30),
                           "clicked": [float(i % 5 == 0) for i in range(len(labels))]})
    return frame, labels


def clicked_by_hour(ws: Workspace) -> list[tuple[float, float, float]]:
    (found,) = ws.outcome_moments(window("2026-03-02", "2026-03-03"), 3600)
    cells = found.columns["clicked"]
    return list(zip(found.rows.tolist(), cells.n.tolist(), cells.sum.tolist(), strict=True))


@pytest.mark.parametrize("order", ["requests first", "labels first", "in turns", "labels late one by one"])
def test_that_outcomes_count_at_the_time_of_their_request_whichever_comes_first(ws: Workspace, order: str) -> None:
    frame, labels = requests_and_labels()
    if order == "requests first":
        steps = [(REQUESTS, frame), (LABELS, labels)]
    elif order == "labels first":
        steps = [(LABELS, labels), (REQUESTS, frame)]
    elif order == "in turns":
        steps = [(plan, part.iloc[i::5]) for i in range(5) for plan, part in ((LABELS, labels), (REQUESTS, frame))]
    else:
        steps = [(REQUESTS, frame), (LABELS, labels.iloc[:190]),
                 *((LABELS, labels.iloc[i:i + 1]) for i in range(190, len(labels)))]
    for number, (plan, part) in enumerate(steps):
        put(ws, plan, texts(part), path=f"{number}.csv")
        ws.refresh()
    joined = frame.merge(labels, on="id", how="left")
    hours = joined["ts"].dt.floor("h")
    expected = joined.groupby(hours).agg(rows=("id", "size"), n=("clicked", "count"), total=("clicked", "sum"))
    found = [row for row in clicked_by_hour(ws) if row[0]]
    assert found == [tuple(map(float, row)) for row in expected.itertuples(index=False)]


def test_that_an_outcome_goes_to_the_latest_request_before_it(ws: Workspace) -> None:
    put(ws, LABELS, {"id": ["a"], "told": ["2026-03-02T03:30:00Z"], "clicked": ["1"]})
    for number, hour in enumerate((1, 5, 3)):      # the retry of three o'clock comes last
        put(ws, REQUESTS, {"ts": [f"2026-03-02T{hour:02d}:00:00Z"], "id": ["a"]}, path=f"{number}.csv")
        ws.refresh()
        if hour == 1:
            assert [row[1] for row in clicked_by_hour(ws)][:6] == [0, 1, 0, 0, 0, 0]
    requests = next(stream.stream_id for stream in ws.streams() if stream.kind is StreamKind.REQUESTS)
    ws.set_columns(requests, {}, kind=StreamKind.SAMPLES)
    ws.set_columns(requests, {}, kind=StreamKind.REQUESTS)      # all is joined again
    ws.refresh()
    assert [row[1] for row in clicked_by_hour(ws)][:6] == [0, 0, 0, 1, 0, 0]


def test_that_a_retry_within_the_hour_takes_the_outcome_over(ws: Workspace) -> None:
    put(ws, LABELS, {"id": ["a", "b"], "told": ["2026-03-02T03:30:00Z"] * 2, "clicked": ["1", "1"]})
    put(ws, REQUESTS, {"ts": ["2026-03-02T01:50:00Z", "2026-03-02T01:51:00Z"], "id": ["a", "b"]})
    ws.refresh()
    put(ws, REQUESTS, {"ts": ["2026-03-02T02:10:00Z"], "id": ["a"]}, first=2)
    ws.refresh()
    assert [row[1:] for row in clicked_by_hour(ws)][:4] == [(0, 0), (1, 1), (1, 1), (0, 0)]


def test_that_an_id_in_two_streams_has_one_outcome(ws: Workspace) -> None:
    other = stream("proxy", column("ts", TIME, Role.TIMESTAMP), REQUESTS.columns[1])
    put(ws, REQUESTS, {"ts": ["2026-03-02T01:00:00.5Z"], "id": ["a"]})
    put(ws, other, {"ts": ["2026-03-02T01:00:00Z"], "id": ["a"]}, path="p.csv")
    put(ws, LABELS, {"id": ["a"], "told": ["2026-03-02T01:30:00Z"], "clicked": ["1"]}, path="l.csv")
    ws.refresh()
    assert sum(row[1] for row in clicked_by_hour(ws)) == 1


def test_that_an_outcome_without_a_time_goes_to_the_last_request(ws: Workspace) -> None:
    plan = stream("targets", LABELS.columns[0], LABELS.columns[2], kind=StreamKind.OUTCOMES)
    put(ws, plan, {"id": ["a"], "clicked": ["0"]}, path="t.csv")
    put(ws, REQUESTS, {"ts": ["2026-03-02T01:00:00Z", "2026-03-02T02:00:00Z"], "id": ["a", "a"]})
    ws.refresh()
    assert [row[1] for row in clicked_by_hour(ws)][:3] == [0, 0, 1]


def test_that_labels_inside_the_requests_count_as_outcomes(ws: Workspace) -> None:
    plan = stream("flat", column("ts", TIME, Role.TIMESTAMP), REQUESTS.columns[2], column("won", role=Role.CLICKED))
    put(ws, plan, {"ts": ["2026-03-02T00:00:00Z"] * 3, "version": ["v1", "v1", "v2"], "won": ["1", "", "0"]})
    ws.refresh()
    found = {part.series: part for part in ws.outcome_moments(whole(ws), 60, by=Role.MODEL_VERSION)}
    cells = found["v1"].columns["clicked"]
    assert (found["v1"].rows[0], cells.n[0], cells.sum[0]) == (2, 1, 1)
    assert found["v2"].columns["clicked"].sum[0] == 0


def test_that_outcomes_are_split_by_the_version_of_their_request(ws: Workspace) -> None:
    frame, labels = requests_and_labels()
    put(ws, REQUESTS, texts(frame))
    put(ws, LABELS, texts(labels), path="l.csv")
    ws.refresh()
    joined = frame.merge(labels, on="id")
    expected = joined.groupby("version")["clicked"].agg(["count", "sum"])
    for bucket_s in (1, 0.5, 3600):
        for part in ws.outcome_moments(whole(ws), bucket_s, by=Role.MODEL_VERSION):
            cells = part.columns["clicked"]
            assert (cells.n.sum(), cells.sum.sum()) == tuple(expected.loc[part.series]), (bucket_s, part.series)
