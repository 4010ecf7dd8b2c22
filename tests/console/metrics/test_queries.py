"""The SQL shown beside a chart gives the chart's numbers when it is run on the workspace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from console.errors import BadSettings
from console.jobs import SilentJob
from console.metrics.charts import available, chart, heat
from console.session import Session
from tests.console.folders import MakeFolder

METRICS = ["throughput", "error_rate", "missing_values", "null_responses", "ctr", "cpu", "memory", "load",
           "prediction_mean", "input_length", "log_loss"]


@pytest.fixture(scope="module")
def session(log_folder: MakeFolder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    folder = log_folder("bad-canary", "parquet", rows=6000, system=True)
    opened = Session.open(folder, workspace=tmp_path_factory.mktemp("queries") / "w.duckdb")
    opened.load(SilentJob())
    yield opened
    opened.close()


def asked(session: Session, metric: str, bucket_s: int) -> tuple[dict[float, object], dict[float, list[float]]]:
    """What the chart's SQL says, and what the chart says, by bucket start."""
    whole = session.selection().whole
    assert whole is not None
    shown = chart(session.store, metric, whole, bucket_s=bucket_s)
    assert shown is not None
    rows = session.store.execute_readonly(f"SELECT epoch(bucket), value FROM ({shown.sql})")
    drawn = {float(at): [float(part.values[index]) for part in shown.series] for index, at in enumerate(shown.times)
             if np.isfinite(shown.series[0].values[index])}
    return {float(at): value for at, value in rows if value is not None}, drawn


@pytest.mark.parametrize("metric", METRICS)
def test_that_the_sql_of_a_chart_gives_its_numbers(session: Session, metric: str) -> None:
    told, drawn = asked(session, metric, 1800)
    assert len(drawn) > 40
    for at, values in drawn.items():
        expected = told.get(at, 0.0 if metric == "throughput" else None)
        assert values[0] == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_that_the_sql_of_the_latency_chart_gives_all_its_percentiles(session: Session) -> None:
    told, drawn = asked(session, "latency", 3600)
    assert len(drawn) > 20
    for at, values in drawn.items():
        assert values == pytest.approx(told[at], rel=0.0101)


def test_that_a_series_name_with_a_quote_is_data_in_the_sql(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    rows = "".join(f"2026-03-02T10:{minute:02d}:00Z,o'brien; --,{minute}\n" for minute in range(60))
    (folder / "metrics.csv").write_text("timestamp,key,value\n" + rows)
    session = Session.open(folder, workspace=tmp_path / "w.duckdb")
    session.load(SilentJob())
    try:
        told, drawn = asked(session, "sampled:o'brien; --", 600)
        assert drawn == {at: [pytest.approx(value)] for at, value in told.items()}
        assert sorted(value[0] for value in drawn.values()) == [4.5, 14.5, 24.5, 34.5, 44.5, 54.5]
    finally:
        session.close()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """Requests of a language model, of a classifier with a shadow, and of a regression, each in a folder of its own."""
    rng = np.random.default_rng(9)
    tmp = tmp_path_factory.mktemp("made")
    at = [f"2026-03-02T{10 + minute // 60:02d}:{minute % 60:02d}:00Z" for minute in range(240)]
    frame = pd.DataFrame({
        "ts": at, "request_id": [f"r{number}-{rng.integers(10**12)}" for number in range(240)],
        "prompt_tokens": rng.integers(5, 900, 240), "completion_tokens": rng.integers(5, 400, 240),
        "ttft_ms": rng.lognormal(4, 1, 240).round(2), "response_cost": rng.uniform(0, 0.01, 240).round(5),
        "image_brightness": rng.uniform(0, 1, 240).round(3), "prediction": rng.choice(["cat", "dog", "owl"], 240),
        "shadow_prediction": rng.choice(["cat", "dog", "owl"], 240), "label": rng.choice(["cat", "dog", "owl"], 240),
        "label_ts": (pd.to_datetime(at) + pd.to_timedelta(rng.uniform(5, 500, 240).round(3), unit="s")).strftime(
            "%Y-%m-%dT%H:%M:%S.%fZ")})
    (tmp / "logs").mkdir()
    frame.to_csv(tmp / "logs" / "requests.csv", index=False)
    session = Session.open(tmp / "logs", workspace=tmp / "w.duckdb")
    session.load(SilentJob())
    yield session
    session.close()


@pytest.mark.parametrize("metric", ["tokens_per_second", "ttft", "cost", "shadow_agreement", "accuracy", "brightness",
                                    "label_delay"])
def test_that_the_sql_of_charts_of_other_logs_gives_their_numbers(made: Session, metric: str) -> None:
    whole = made.selection().whole
    assert whole is not None
    shown = chart(made.store, metric, whole, bucket_s=1800)
    assert shown is not None
    rows = made.store.execute_readonly(f"SELECT epoch(bucket), value FROM ({shown.sql.split('UNION ALL')[0]})")
    told = {float(at): value for at, value in rows}
    assert len(told) == 8
    for index, at in enumerate(shown.times):
        values = told[float(at)] if isinstance(told[float(at)], list) else [told[float(at)]]
        drawn = [float(part.values[index]) for part in shown.series]
        tolerance = 0.0101 if isinstance(told[float(at)], list) else 1e-9
        assert drawn[:len(values)] == pytest.approx(values, rel=tolerance)


@pytest.mark.parametrize("metric", ["input_changes", "unchanged:price", "unchanged:device", "unchanged:flag"])
def test_that_the_sql_of_what_stands_still_gives_its_numbers(tmp_path: Path, metric: str) -> None:
    """For two days; the price and the device stand still for an afternoon, and the flag is mostly zero anyway."""
    rng, count = np.random.default_rng(4), 5760
    still = (np.arange(count) // 120 >= 34) & (np.arange(count) // 120 < 41)
    frame = pd.DataFrame({
        "ts": pd.date_range("2026-03-02", periods=count, freq="30s").strftime("%Y-%m-%dT%H:%M:%SZ"),
        "price": np.where(still, 7.5, rng.normal(10, 2, count).round(3)),
        "device": np.where(still, "phone", rng.choice(["phone", "tv's"], count)),
        "age": rng.integers(18, 90, count), "flag": (rng.random(count) < 0.01).astype(int)})
    frame.loc[rng.random(count) < 0.3, ["price", "device"]] = np.nan
    frame.loc[1000:1200, "age"] = np.nan
    (tmp_path / "logs").mkdir()
    frame.to_csv(tmp_path / "logs" / "requests.csv", index=False)
    session = Session.open(tmp_path / "logs", workspace=tmp_path / "w.duckdb")
    session.load(SilentJob())
    try:
        told, drawn = asked(session, metric, 900)
        assert len(drawn) > 150 and len({tuple(values) for values in drawn.values()}) > 1
        assert told == {at: pytest.approx(values[0]) for at, values in drawn.items()}
    finally:
        session.close()


def test_that_the_sql_of_classes_gives_their_counts(made: Session) -> None:
    whole = made.selection().whole
    assert whole is not None
    shown = chart(made.store, "class_shares", whole, bucket_s=1800)
    assert shown is not None
    rows = made.store.execute_readonly(shown.sql)
    for part in shown.series:
        assert part.n.tolist() == [count for _, name, count in rows if name == part.name]


def test_that_words_have_an_accuracy_and_neither_a_mean_nor_a_log_loss(made: Session) -> None:
    names = {metric.name for metric in available(made.store)}
    assert {"accuracy", "class_shares", "missing:image_brightness"} <= names
    assert not {"label_mean", "log_loss", "brier", "mae", "rmse"} & names


def test_that_a_chart_of_several_curves_is_split_by_the_tail_alone(session: Session) -> None:
    whole = session.selection().whole
    assert whole is not None
    shown = chart(session.store, "latency", whole, by="device")
    assert shown is not None
    assert {part.name for part in shown.series} == {"phone p95", "desktop p95", "tablet p95"}
    with pytest.raises(BadSettings, match="device"):
        chart(session.store, "latency", whole, by="devise")
    with pytest.raises(BadSettings, match="latency_p95"):
        chart(session.store, "latency_p96", whole)
    with pytest.raises(BadSettings, match="no map"):
        heat(session.store, "throughput", whole)
