"""What is derived from several columns of a row is counted as pandas counts it, in the row and over a join."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from console.roles import ColumnType, Role, StreamKind
from console.store import ColumnMoments, Workspace
from console.store.derived import AGREES, SHADOW_GAP, WAITED_S
from console.store.opening import MIGRATIONS
from console.store.splits import Split
from tests.console.store.made import NUMBER, TEXT, TIME, column, put, stream, texts, whole

START = pd.Timestamp("2026-03-02T06:00:00Z")
TIMES = (column("ts", TIME, Role.TIMESTAMP), column("id", TEXT, Role.REQUEST_ID))


def frame(n: int = 500) -> pd.DataFrame:
    rng = np.random.default_rng(8)
    at = START + pd.to_timedelta(np.sort(rng.uniform(0, 40_000, n)).round(3), unit="s")
    score = rng.uniform(0, 1, n)
    score[:3] = [0.0, 1.0, 0.5]
    label = (rng.random(n) < score).astype(float)
    label[0] = 1.0                                # a chance of nothing that came true
    label[rng.random(n) < 0.1] = np.nan
    score[rng.random(n) < 0.05] = np.nan
    return pd.DataFrame({"ts": at, "id": [f"r{i}" for i in range(n)], "score": score, "label": label,
                         "country": rng.choice(list("ABCDEFGHIJKL"), n)})


def put_all(ws: Workspace, rows: pd.DataFrame, joined: bool, kind: ColumnType = NUMBER,
            role: Role = Role.SCORE) -> None:
    answer = column("score", kind, role)
    label = column("label", kind, Role.LABEL)
    country = column("country", TEXT, Role.FEATURE)
    if not joined:
        put(ws, stream("requests", *TIMES, answer, label, country), texts(rows))
    else:
        put(ws, stream("requests", *TIMES, answer, country), texts(rows.drop(columns="label")))
        told = rows.dropna(subset="label").assign(told=rows["ts"] + pd.Timedelta(50, "s"))
        put(ws, stream("labels", TIMES[1], column("told", TIME, Role.OUTCOME_TIME), label, kind=StreamKind.OUTCOMES),
            texts(told[["id", "told", "label"]]), path="l.csv")
    ws.refresh()


def numbers(ws: Workspace, bucket_s: int, name: str) -> ColumnMoments:
    (found,) = ws.outcome_moments(whole(ws), bucket_s)
    return found.columns[name]


def by_bucket(rows: pd.DataFrame, values: pd.Series, bucket_s: int) -> pd.Series:
    at = rows["ts"].dt.tz_localize(None).astype("datetime64[us]").astype("int64") // 1_000_000 // bucket_s
    return values.groupby(at).mean().dropna()


@pytest.mark.parametrize("joined", [False, True])
@pytest.mark.parametrize("bucket_s", [7, 600, 3600])
def test_that_a_probability_is_right_wrong_and_surprised_as_pandas_has_it(ws: Workspace, joined: bool,
                                                                          bucket_s: int) -> None:
    rows = frame()
    put_all(ws, rows, joined)
    known = rows["label"].notna() & rows["score"].notna()
    p, y = rows["score"].clip(1e-15, 1 - 1e-15), rows["label"]
    expected = {"correct": ((rows["score"] >= 0.5) == (y == 1)).astype(float).where(known),
                "abs_error": (rows["score"] - y).abs(),
                "log_loss": -(y * np.log(p) + (1 - y) * np.log(1 - p))}
    for name, values in expected.items():
        found = numbers(ws, bucket_s, name)
        np.testing.assert_allclose((found.sum / np.where(found.n, found.n, 1))[found.n > 0],
                                   by_bucket(rows, values, bucket_s), rtol=1e-9)
    found = numbers(ws, bucket_s, "abs_error")
    np.testing.assert_allclose((found.sumsq / np.where(found.n, found.n, 1))[found.n > 0],
                               by_bucket(rows, (rows["score"] - y) ** 2, bucket_s), rtol=1e-9)


@pytest.mark.parametrize("joined", [False, True])
def test_that_words_are_right_when_they_are_equal(ws: Workspace, joined: bool) -> None:
    rng = np.random.default_rng(2)
    rows = frame().assign(score=rng.choice(["cat", "dog", "3"], 500), label=rng.choice(["cat", "dog", "3"], 500))
    put_all(ws, rows, joined, TEXT, Role.PREDICTION)
    right = numbers(ws, 3600, "correct")
    np.testing.assert_allclose(right.sum / right.n, by_bucket(rows, (rows["score"] == rows["label"]) * 1.0, 3600))
    (found,) = ws.outcome_moments(whole(ws), 3600)
    assert "abs_error" not in found.columns or not found.columns["abs_error"].n.any()


@pytest.mark.parametrize("joined", [False, True])
@pytest.mark.parametrize("words", [False, True])
def test_that_a_gate_calls_wrong_what_the_board_does(ws: Workspace, joined: bool, words: bool) -> None:
    """A probability is no label: 0.9 is right about a 1."""
    rows, rng = frame(), np.random.default_rng(3)
    if words:
        rows = rows.assign(score=rng.choice(["cat", "dog"], 500), label=rng.choice(["cat", "dog"], 500))
        expected = (rows["score"] != rows["label"]) * 1.0
    else:
        expected = ((rows["score"] >= 0.5) != (rows["label"] == 1)).astype(float).where(
            rows["label"].notna() & rows["score"].notna())
    put_all(ws, rows, joined, TEXT if words else NUMBER, Role.PREDICTION if words else Role.SCORE)
    found = ws.rollout_rows(None, stable="", candidate="")
    assert found is not None
    np.testing.assert_array_equal(found.get("wrong"), expected)
    assert ws.wrong_share() == pytest.approx(expected.mean())


def test_that_a_decision_beside_a_score_is_what_is_right_or_wrong(ws: Workspace) -> None:
    put(ws, stream("requests", *TIMES, column("score", NUMBER, Role.SCORE), column("said", NUMBER, Role.PREDICTION),
                   column("label", NUMBER, Role.LABEL)),
        {"ts": [f"2026-03-02T06:00:0{i}Z" for i in range(4)], "id": list("abcd"), "score": ["0.3", "0.3", "0.9", "0.9"],
         "said": ["1", "0", "1", "0"], "label": ["1", "1", "0", "0"]})
    ws.refresh()
    assert numbers(ws, 3600, "correct").sum.tolist() == [2]             # decided at another threshold than one half
    found = ws.rollout_rows(None, stable="", candidate="")
    assert found is not None and found.columns["wrong"].tolist() == [0, 1, 1, 0]
    assert numbers(ws, 3600, "abs_error").sum[0] == pytest.approx(0.7 + 0.7 + 0.9 + 0.9)


def test_that_numbers_other_than_0_and_1_have_a_distance_alone(ws: Workspace) -> None:
    put(ws, stream("requests", *TIMES, column("said", NUMBER, Role.PREDICTION), column("label", NUMBER, Role.LABEL)),
        {"ts": ["2026-03-02T06:00:00Z", "2026-03-02T06:00:01Z"], "id": ["a", "b"], "said": ["10", "-3"],
         "label": ["12.5", "1"]})
    ws.refresh()
    assert numbers(ws, 3600, "abs_error").sum.tolist() == [6.5]
    assert numbers(ws, 3600, "correct").n.tolist() == [0]
    assert numbers(ws, 3600, "log_loss").n.tolist() == [0]
    assert ws.wrong_share() is None


def test_that_a_shadow_model_is_held_against_the_answer(ws: Workspace) -> None:
    rows = {"ts": [f"2026-03-02T06:00:0{i}Z" for i in range(3)], "id": list("abc")}
    numeric = stream("n", *TIMES, column("said", NUMBER, Role.PREDICTION), column("shadow", NUMBER,
                                                                                 Role.SHADOW_PREDICTION))
    words = stream("w", *TIMES, column("said", TEXT, Role.PREDICTION), column("shadow", TEXT, Role.SHADOW_PREDICTION))
    first, _ = put(ws, numeric, {**rows, "said": ["1", "2", None], "shadow": ["1.5", "5", "7"]})
    second, _ = put(ws, words, {**rows, "said": ["a", "b", None], "shadow": ["a", "c", "d"]}, path="w.csv")
    ws.refresh()
    gap = ws.moments(first.stream_id, [SHADOW_GAP], whole(ws), 3600)[0].columns[SHADOW_GAP]
    same = ws.moments(second.stream_id, [AGREES], whole(ws), 3600)[0].columns[AGREES]
    assert (gap.n.tolist(), gap.sum.tolist(), same.n.tolist(), same.sum.tolist()) == ([2], [3.5], [2], [1])


def test_that_the_wait_for_an_outcome_in_the_row_has_percentiles(ws: Workspace) -> None:
    rng = np.random.default_rng(3)
    waits = rng.lognormal(4, 1, 400).round(3)
    at = START + pd.to_timedelta(np.sort(rng.uniform(0, 7000, 400)).round(3), unit="s")
    rows = pd.DataFrame({"ts": at, "id": [f"r{i}" for i in range(400)], "told": at + pd.to_timedelta(waits, unit="s")})
    info, _ = put(ws, stream("requests", *TIMES, column("told", TIME, Role.OUTCOME_TIME)), texts(rows))
    ws.refresh()
    (found,) = ws.percentiles(info.stream_id, WAITED_S, whole(ws), 36_000, (0.5, 0.95))
    for q in (0.5, 0.95):
        assert found.values[q][0] == pytest.approx(np.sort(waits)[int(np.ceil(q * 400)) - 1], rel=1e-9)


@pytest.mark.parametrize("joined", [False, True])
def test_that_a_split_by_any_column_keeps_the_values_asked_for_and_adds_up_the_rest(ws: Workspace,
                                                                                  joined: bool) -> None:
    rows = frame()
    put_all(ws, rows, joined)
    split = Split("country", ("A", "B"))
    parts = rows["country"].where(rows["country"].isin(["A", "B"]), "(other)")
    for found in (ws.outcome_moments(whole(ws), 3600, by=split),
                  ws.moments(ws.streams()[0].stream_id, ["score"], whole(ws), 3600, by=split)):
        assert {one.series: int(one.rows.sum()) for one in found} == parts.value_counts().to_dict()
    known = rows[rows["label"].notna() & rows["score"].notna()]
    for one in ws.outcome_moments(whole(ws), 3600, by=split):
        theirs = known[parts[known.index] == one.series]
        assert one.columns["abs_error"].sum.sum() == pytest.approx((theirs["score"] - theirs["label"]).abs().sum())


def test_that_a_workspace_from_before_has_these_numbers_as_soon_as_it_is_open(tmp_path: Path) -> None:
    rows, path = frame(), tmp_path / "w.duckdb"
    ws = Workspace.open(path, folder=None)
    put_all(ws, rows, True)
    expected = numbers(ws, 3600, "log_loss").sum
    with ws.writing() as writer:
        con = writer.connection
        con.execute("DROP TABLE rollup_outcomes")
        con.execute("CREATE TABLE rollup_outcomes (level_s INTEGER, bucket TIMESTAMP, stream_id INTEGER, "
                    "series INTEGER, n BIGINT, n_clicked BIGINT, sum_clicked DOUBLE, sq_clicked DOUBLE, "
                    "min_clicked DOUBLE, "
                    "max_clicked DOUBLE, n_label BIGINT, sum_label DOUBLE, sq_label DOUBLE, min_label DOUBLE, "
                    "max_label DOUBLE)")
        con.execute("DELETE FROM bins_1")
        MIGRATIONS[3](con)
    ws.close()
    ws = Workspace.open(path, folder=None)
    try:
        np.testing.assert_allclose(numbers(ws, 3600, "log_loss").sum, expected)
        assert ws.execute_readonly("SELECT count(*) > 0 FROM bins_1") == [(True,)]
    finally:
        ws.close()
