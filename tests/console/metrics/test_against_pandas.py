"""The catalogue's numbers against plain pandas over the raw files: of real logs, and of the demo, which has all roles.

Sums, means and shares agree to 1e-9; percentiles are nearest-rank and agree to 1 %. `test_board_equals_pandas` has the
oldest metrics, `test_from_counters` those of servers' counters.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from console.demo.story import make_story
from console.jobs import SilentJob
from console.metrics.catalogue import find
from console.metrics.charts import available, chart, heat, map_chart, metric_series
from console.metrics.heat import edges_of
from console.session import Session
from tests.console import make_logs

NUMERIC = ["age", "price", "days_since_last", "session_depth", "user_ctr_7d", "seq_len", "image_brightness",
           "audio_volume_dbfs"]
WORDS = ["device", "country", "category"]


@dataclass
class Loaded:
    """A session, and its requests as pandas reads them."""

    session: Session
    rows: Any                   # a frame with `ts` in UTC
    samples: Any = None
    reference: Any = None


def opened(folder: Path, workspace: Path) -> Session:
    session = Session.open(folder, workspace=workspace)
    session.load(SilentJob())
    return session


def json_lines(folder: Path) -> Any:
    """All files of a folder of compressed JSON lines."""
    parts = []
    for path in sorted(folder.glob("*.zst")):
        with pa.CompressedInputStream(pa.OSFile(str(path)), "zstd") as stream:
            parts.append(pd.read_json(io.BytesIO(stream.read()), lines=True, convert_dates=False, precise_float=True))
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    tmp = tmp_path_factory.mktemp("demo")
    make_story(tmp / "logs", rows=12_000, seed=4, now=datetime(2026, 3, 3, 12, tzinfo=UTC))
    rows, labels = json_lines(tmp / "logs" / "predictions"), json_lines(tmp / "logs" / "labels")
    rows = rows.merge(labels, on="request_id", how="left")
    samples = json_lines(tmp / "logs" / "system")
    for frame in (rows, samples):
        frame["ts"] = pd.to_datetime(frame["ts"], format="ISO8601")
    rows["label_ts"] = pd.to_datetime(rows["label_ts"], format="ISO8601")
    session = opened(tmp / "logs", tmp / "w.duckdb")
    yield Loaded(session, rows, samples, pd.read_parquet(tmp / "logs" / "reference" / "reference.parquet"))
    session.close()


def at(frame: Any, bucket_s: int) -> Any:
    seconds = frame["ts"].dt.tz_convert("UTC").dt.tz_localize(None).astype("datetime64[us]").astype("int64")
    return seconds // 1_000_000 // bucket_s * bucket_s


def ours(loaded: Loaded, name: str, bucket_s: int = 3600, by: str | None = None) -> dict[str, Any]:
    """Values by part and bucket start, gaps dropped."""
    store, whole = loaded.session.store, loaded.session.selection().whole
    assert whole is not None
    times, parts = metric_series(store, find(name, store.own.metrics), whole, bucket_s, by)
    assert parts, f"{name} is not measured"
    return {part.by: pd.Series(part.values, index=times.astype("int64")).dropna() for part in parts}


def same(found: Any, expected: Any, tolerance: float = 1e-9, least: int = 5) -> None:
    expected = expected.dropna()
    assert len(expected) > least
    assert list(found.index) == list(expected.index)
    np.testing.assert_allclose(found.to_numpy(), expected.to_numpy(dtype=float), rtol=tolerance, atol=1e-12)


def nearest(values: Any, q: float) -> float:
    known = np.sort(values.dropna().to_numpy())
    return float(known[int(np.ceil(q * len(known))) - 1]) if len(known) else np.nan


# ---- the demo ----------------------------------------------------------------------------------------------


def row_wise(rows: Any) -> dict[str, Any]:
    """Metrics that are means of something in each row."""
    p, y = rows["prediction"].clip(1e-15, 1 - 1e-15), rows["clicked"]
    return {"brightness": rows["image_brightness"], "audio_volume": rows["audio_volume_dbfs"],
            "shadow_difference": (rows["prediction"] - rows["shadow_prediction"]).abs(),
            "churned": rows["churned"], "ctr": rows["clicked"], "brier": (rows["prediction"] - y) ** 2,
            "log_loss": -(y * np.log(p) + (1 - y) * np.log(1 - p)), "input_length": rows["seq_len"],
            "missing:age": rows["age"].isna() * 1.0, "missing:device": rows["device"].isna() * 1.0,
            "missing:user_ctr_7d": rows["user_ctr_7d"].isna() * 1.0}


@pytest.mark.parametrize("bucket_s", [600, 3600])
@pytest.mark.parametrize("name", row_wise(pd.DataFrame(columns=[
    "prediction", "clicked", "image_brightness", "audio_volume_dbfs", "shadow_prediction", "churned", "seq_len", "age",
    "device", "user_ctr_7d"], dtype=float)))
def test_that_means_are_those_of_the_rows(demo: Loaded, name: str, bucket_s: int) -> None:
    same(ours(demo, name, bucket_s)[""], row_wise(demo.rows)[name].groupby(at(demo.rows, bucket_s)).mean())


def test_that_gpu_is_the_mean_of_its_samples(demo: Loaded) -> None:
    assert demo.samples is not None
    same(ours(demo, "gpu", 600)[""], demo.samples.groupby(at(demo.samples, 600))["gpu_pct"].mean())


@pytest.mark.parametrize("name, q", [("label_delay_p50", 0.5), ("label_delay_p95", 0.95)])
def test_that_the_delay_of_labels_is_that_from_request_to_label(demo: Loaded, name: str, q: float) -> None:
    waits = (demo.rows["label_ts"] - demo.rows["ts"]).dt.total_seconds()
    same(ours(demo, name, 3600)[""], waits.groupby(at(demo.rows, 3600)).apply(lambda part: nearest(part, q)), 0.0101)


@pytest.mark.parametrize("column", [None, "price", "age"])
def test_that_out_of_range_is_what_the_reference_has_not(demo: Loaded, column: str | None) -> None:
    assert demo.reference is not None
    names = [column] if column else NUMERIC
    low, high = demo.reference[names].min(), demo.reference[names].max()
    beyond, known = ((demo.rows[names] < low) | (demo.rows[names] > high)), demo.rows[names].notna()
    grouped = at(demo.rows, 3600)
    assert beyond.to_numpy().any() or column == "age"
    same(ours(demo, f"out_of_range:{column}" if column else "out_of_range")[""],
         beyond.sum(axis=1).groupby(grouped).sum() / known.sum(axis=1).groupby(grouped).sum())


def test_that_nothing_is_unseen_where_the_reference_has_it_all(demo: Loaded) -> None:
    assert (ours(demo, "unseen")[""] == 0).all()


@pytest.mark.parametrize("days", [0.1, 0.5])
def test_that_churn_is_users_who_do_not_come_again(demo: Loaded, days: float) -> None:
    store = demo.session.store
    kept, store.own = store.own, replace(store.own, churn_days=days)
    try:
        found = ours(demo, "churn")[""]
    finally:
        store.own = kept
    seconds = demo.rows["ts"].astype("datetime64[us, UTC]").astype("int64") / 1e6
    hours, expected = at(demo.rows, 3600), {}
    for start in sorted(set(hours)):
        end = start + 3600
        users = set(demo.rows["user_id"][hours == start])
        again = set(demo.rows["user_id"][(seconds >= end) & (seconds < end + days * 86_400)])
        if end + days * 86_400 <= seconds.max():
            expected[start] = len(users - again) / len(users)
    same(found, pd.Series(expected))


def test_that_a_metric_is_split_by_any_column(demo: Loaded) -> None:
    for name, values in (("ctr", demo.rows["clicked"]), ("prediction_mean", demo.rows["prediction"]),
                         ("null_responses", demo.rows["prediction"].isna() * 1.0)):
        found = ours(demo, name, 7200, by="device")
        assert set(found) == {"phone", "desktop", "tablet"}
        for device, series in found.items():
            rows = demo.rows["device"] == device
            same(series, values[rows].groupby(at(demo.rows[rows], 7200)).mean())
    for device, series in ours(demo, "latency_p95", 7200, by="device").items():
        rows = demo.rows[demo.rows["device"] == device]
        same(series, rows["latency_ms"].groupby(at(rows, 7200)).apply(lambda part: nearest(part, 0.95)), 0.0101)


def test_that_the_map_of_latencies_counts_rows(demo: Loaded) -> None:
    whole = demo.session.selection().whole
    assert whole is not None
    found = heat(demo.session.store, "latency_map", whole, bucket_s=3600)
    assert found is not None
    buckets = at(demo.rows, 3600)
    assert found.counts.sum() == len(demo.rows)
    for index, start in enumerate(found.times):
        mine = demo.rows["latency_ms"][buckets == start]
        assert found.counts[index].sum() == len(mine)
        for place, count in enumerate(found.counts[index]):
            low, high = found.edges[place], found.edges[place + 1]
            surely = ((mine > low * 1.02) & (mine < high / 1.02)).sum()
            perhaps = ((mine > low / 1.02) & (mine < high * 1.02)).sum()
            assert surely <= count <= perhaps


def test_that_a_map_as_a_chart_has_the_median_of_the_rows(demo: Loaded) -> None:
    whole = demo.session.selection().whole
    assert whole is not None
    found = map_chart(demo.session.store, "latency_map", whole, bucket_s=3600)
    assert found is not None and found.heat is not None
    drawn = pd.Series(found.series[0].values, index=found.times.astype("int64")).dropna()
    same(drawn, demo.rows["latency_ms"].groupby(at(demo.rows, 3600)).apply(lambda part: nearest(part, 0.5)), 0.0101)
    assert found.series[0].n.sum() == len(demo.rows)
    assert found.latest.startswith("p50 ") and found.latest.endswith(" ms")


@pytest.mark.parametrize("name", ["latency_map", "score_distribution"])
def test_that_the_sql_of_a_map_counts_its_cells(demo: Loaded, name: str) -> None:
    whole = demo.session.selection().whole
    assert whole is not None
    found = heat(demo.session.store, name, whole, bucket_s=7200)
    assert found is not None
    told = np.zeros_like(found.counts)
    for start, step, n in demo.session.store.execute_readonly(
            f"SELECT epoch(bucket), step, n FROM ({found.sql})"):
        told[int((start - found.times[0]) // 7200), int(step)] = n
    assert told.sum() == found.counts.sum()
    assert np.abs(told - found.counts).sum() < 0.1 * told.sum()         # of rows within 1 % of an edge


@pytest.mark.parametrize("name", ["out_of_range", "out_of_range:price", "unseen", "unseen:country", "churn"])
def test_that_the_sql_of_what_reads_rows_gives_its_numbers(demo: Loaded, name: str) -> None:
    store, whole = demo.session.store, demo.session.selection().whole
    assert whole is not None
    kept, store.own = store.own, replace(store.own, churn_days=0.1)
    try:
        shown = chart(store, name, whole, bucket_s=3600)
    finally:
        store.own = kept
    assert shown is not None and shown.error.startswith("Exact")
    told = pd.Series({int(start): value for start, value in store.execute_readonly(
        f"SELECT epoch(bucket), value FROM ({shown.sql})")}, dtype=float).sort_index()
    assert len(told) > 10
    same(pd.Series(shown.series[0].values, index=shown.times.astype("int64")).dropna(), told)


def test_that_the_map_of_scores_has_twentieths(demo: Loaded) -> None:
    whole = demo.session.selection().whole
    assert whole is not None
    found = heat(demo.session.store, "score_distribution", whole, bucket_s=86_400)
    assert found is not None
    assert found.edges == pytest.approx(np.arange(21) / 20)
    scores = demo.rows["prediction"].dropna()
    expected = np.histogram(scores, bins=found.edges)[0]
    near = [((scores - edge).abs() <= 0.02 * edge).sum() for edge in found.edges]
    for count, plain, low, high in zip(found.counts.sum(axis=0), expected, near[:-1], near[1:], strict=True):
        assert abs(count - plain) <= low + high


def test_that_edges_are_those_of_what_there_is() -> None:
    assert edges_of(np.array([]), np.array([]), True).tolist() == [0.0, 1.0]
    assert edges_of(np.array([0.0]), np.array([0.0]), True)[0] == 0.0
    assert (np.diff(edges_of(np.array([-3.0, 5.0]), np.array([-2.9, 5.1]), False)) > 0).all()


def test_that_every_metric_that_is_offered_can_be_shown(demo: Loaded) -> None:
    whole = demo.session.selection().whole
    assert whole is not None
    names = [metric.name for metric in available(demo.session.store)]
    assert {"churned", "gpu", "brightness", "audio_volume", "shadow_difference", "unseen:country"} <= set(names)
    assert len(set(names)) == len(names)
    for name in names:
        store = demo.session.store
        assert chart(store, name, whole, 50) is not None or heat(store, name, whole, 50) is not None


# ---- features that stand still -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    """Two days with four columns, of which `price` keeps its value from the 30th hour on; `country` too."""
    tmp = tmp_path_factory.mktemp("frozen")
    rng = np.random.default_rng(6)
    n = 6000
    rows = pd.DataFrame({
        "ts": pd.Timestamp("2026-03-02T00:00:00Z") + pd.to_timedelta(np.sort(rng.uniform(0, 48, n)), unit="h"),
        "request_id": [f"r{i:05d}-{rng.integers(10**9)}" for i in range(n)],
        "price": rng.lognormal(3, 0.7, n).round(2), "age": rng.normal(40, 10, n).round(1),
        "flag": (rng.random(n) < 0.01).astype(int), "country": rng.choice(["DE", "US", "FR"], n)})
    late = rows["ts"] >= pd.Timestamp("2026-03-03T06:00:00Z")
    rows.loc[late, "price"], rows.loc[late, "country"] = 19.99, "DE"
    (tmp / "logs").mkdir()
    rows.assign(ts=rows["ts"].dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")).to_csv(tmp / "logs" / "requests.csv", index=False)
    rows["ts"] = rows["ts"].dt.floor("us")
    session = opened(tmp / "logs", tmp / "w.duckdb")
    yield Loaded(session, rows)
    session.close()


def test_that_a_frozen_feature_is_missing_among_those_that_change(frozen: Loaded) -> None:
    found = ours(frozen, "input_changes", 1800)[""]
    hour = (found.index - found.index[0]) / 3600
    assert (found[hour < 30] == 1).all()              # a rare flag that is zero for an hour is no frozen feature
    assert (found[hour > 30.5] < 1).all()
    two, three = found[hour > 30.5].round(6) == round(1 / 2, 6), found[hour > 30.5].round(6) == round(2 / 3, 6)
    assert (two | three).all()                        # price stands still; age changes, and the flag where it was set


@pytest.mark.parametrize("column", ["price", "country"])
def test_that_a_frozen_feature_is_unchanged_for_longer_and_longer(frozen: Loaded, column: str) -> None:
    found = ours(frozen, f"unchanged:{column}", 1800)[""]
    start = pd.Timestamp("2026-03-03T06:00:00Z").timestamp()
    assert (found[found.index < start] == 0).all()
    late = found[found.index >= start]
    expected = late.index - start + 1800
    first = int(late.iloc[0])                         # its first bucket may differ from the last one before
    assert first in (0, 1800)
    assert late.tolist() == (expected - (1800 - first)).tolist()


# ---- real logs ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def flights(shared_logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    folder = shared_logs / "flights-winter"
    rows = pd.concat([pd.read_csv(path) for path in sorted(folder.glob("*.csv.gz"))], ignore_index=True)
    rows["ts"] = pd.to_datetime(rows["time_hour"], utc=True)
    session = opened(folder, tmp_path_factory.mktemp("flights") / "w.duckdb")
    yield Loaded(session, rows)
    session.close()


FLIGHTS = ["dep_time", "sched_dep_time", "dep_delay", "arr_time", "sched_arr_time", "arr_delay", "flight", "air_time",
           "distance"]


def test_that_the_flights_have_the_numbers_of_pandas(flights: Loaded) -> None:
    rows: Any = flights.rows
    buckets = at(rows, 21_600)
    for column in ("dep_time", "arr_delay", "carrier"):
        same(ours(flights, f"missing:{column}", 21_600)[""], (rows[column].isna() * 1.0).groupby(buckets).mean())
    counts = rows.groupby(buckets).size()
    whole = range(counts.index.min(), counts.index.max() + 21_600, 21_600)
    same(ours(flights, "throughput", 21_600)[""], counts.reindex(whole, fill_value=0) / 21_600)


def test_that_flights_are_held_against_the_first_day_where_there_is_no_reference(flights: Loaded) -> None:
    rows: Any = flights.rows
    buckets = at(rows, 21_600)
    first = rows[rows["ts"] < rows["ts"].min() + pd.Timedelta(days=1)]
    beyond = (rows[FLIGHTS] < first[FLIGHTS].min()) | (rows[FLIGHTS] > first[FLIGHTS].max())
    for column in ("arr_delay", "distance"):
        same(ours(flights, f"out_of_range:{column}", 21_600)[""],
             beyond[column].groupby(buckets).sum() / rows[column].notna().groupby(buckets).sum().replace(0, np.nan))
    for column in ("carrier", "dest"):
        new = ~rows[column].isin(set(first[column].dropna())) & rows[column].notna()
        same(ours(flights, f"unseen:{column}", 21_600)[""],
             new.groupby(buckets).sum() / rows[column].notna().groupby(buckets).sum())


def test_that_a_loan_model_is_as_good_as_pandas_has_it(shared_logs: Path, tmp_path: Path) -> None:
    folder = shared_logs / "nannyml-car-loan"
    session = opened(folder, tmp_path / "w.duckdb")
    try:
        parts = {path.name: pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
                 for path in folder.rglob("*") if path.suffix in (".csv", ".parquet", ".gz")}
        rows = next(frame for name, frame in parts.items() if "analysis" in name and "target" not in name)
        labels = next(frame for name, frame in parts.items() if "target" in name)
        rows = rows.merge(labels[["id", "repaid"]], on="id", how="left")
        rows["ts"] = pd.to_datetime(rows["timestamp"], utc=True)
        y, p = rows["repaid"], rows["y_pred_proba"]
        loaded, buckets = Loaded(session, rows), at(rows, 86_400)
        clipped = p.clip(1e-15, 1 - 1e-15)
        for name, values in (("accuracy", (rows["y_pred"] == y) * 1.0), ("brier", (p - y) ** 2),
                             ("log_loss", -(y * np.log(clipped) + (1 - y) * np.log(1 - clipped)))):
            same(ours(loaded, name, 86_400)[""], values.groupby(buckets).mean())
    finally:
        session.close()


def attributes(span: dict[str, Any]) -> dict[str, Any]:
    """OTLP's attributes: a list of keys and typed values."""
    found: dict[str, Any] = {}
    for each in span.get("attributes", []):
        (kind, value), = each["value"].items()
        found[each["key"]] = int(value) if kind == "intValue" else value
    return found


def test_that_traces_of_a_language_model_have_their_tokens(shared_logs: Path, tmp_path: Path) -> None:
    folder = shared_logs / "format-otlp"
    calls = []
    for line in (folder / "traces.jsonl").read_text().splitlines():
        for resource in json.loads(line)["resourceSpans"]:
            for scope in resource["scopeSpans"]:
                calls += [(int(span["startTimeUnixNano"]), attributes(span)) for span in scope["spans"]]
    rows = pd.DataFrame([{"ns": ns, "in": each["gen_ai.usage.input_tokens"], "out": each.get(
        "gen_ai.usage.output_tokens")} for ns, each in calls if "gen_ai.usage.input_tokens" in each])
    session = opened(folder, tmp_path / "w.duckdb")
    try:
        loaded = Loaded(session, rows)
        buckets = rows["ns"] // 10**9 // 600 * 600
        for side, name in (("in", "input"), ("out", "output")):
            same(ours(loaded, f"{name}_tokens_per_second", 600)[""], rows[side].groupby(buckets).sum() / 600, least=2)
            same(ours(loaded, f"{name}_tokens", 600)[""], rows[side].groupby(buckets).mean(), least=2)
    finally:
        session.close()


def test_that_a_proxy_of_language_models_tells_its_cost_and_first_tokens(shared_logs: Path, tmp_path: Path) -> None:
    folder = shared_logs / "format-litellm"
    rows: Any = pd.read_json(folder / "litellm-requests.jsonl", lines=True, convert_dates=False, precise_float=True)
    session = opened(folder, tmp_path / "w.duckdb")
    try:
        loaded = Loaded(session, rows)
        buckets = (rows["startTime"] // 600 * 600).astype("int64")
        same(ours(loaded, "cost", 600)[""], rows["response_cost"].groupby(buckets).sum() * 6)
        first = (rows["completionStartTime"] - rows["startTime"]) * 1000
        for name, q in (("ttft_p50", 0.5), ("ttft_p95", 0.95)):
            expected = pd.Series({start: nearest(part, q) for start, part in first.groupby(buckets)})
            same(ours(loaded, name, 600)[""], expected, 0.0101)
    finally:
        session.close()


def test_that_bentoml_has_the_numbers_of_its_monitor(shared_logs: Path, tmp_path: Path) -> None:
    folder = shared_logs / "format-bentoml"
    rows = pd.read_json(folder / "monitoring" / "click_model" / "data" / "data.1.log", lines=True, convert_dates=False)
    session = opened(folder, tmp_path / "w.duckdb")
    try:
        loaded = Loaded(session, rows)
        whole = session.selection().whole
        assert whole is not None
        bucket_s = 86_400
        scores = ours(loaded, "prediction_mean", bucket_s)[""]
        assert scores.mean() == pytest.approx(rows["click_probability"].mean(), rel=1e-9)
        found = heat(session.store, "score_distribution", whole, bucket_s=bucket_s)
        assert found is not None
        assert found.counts.sum() == rows["click_probability"].notna().sum()
    finally:
        session.close()


def test_that_a_queue_is_found_by_the_name_of_its_gauge(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    lines = ["timestamp,metric,value"]
    for minute in range(120):
        moment = f"2026-03-02T{10 + minute // 60}:{minute % 60:02d}:00Z"
        lines += [f"{moment},queue_wait_ms,{minute * 7}", f"{moment},vllm:num_requests_waiting,{minute % 9}",
                  f"{moment},queue_size,{minute}"]
    (folder / "metrics.csv").write_text("\n".join(lines) + "\n")
    session = opened(folder, tmp_path / "w.duckdb")
    try:
        found = ours(Loaded(session, pd.DataFrame()), "queue", 1800)[""]
        expected = [float(np.mean([minute % 9 for minute in range(first, first + 30)])) for first in range(0, 120, 30)]
        assert found.tolist() == pytest.approx(expected)
        whole = session.selection().whole
        assert whole is not None
        assert "queue" in [one.metric for one in session.board().charts]      # type: ignore[union-attr]
    finally:
        session.close()


# ---- what logs say beside numbers --------------------------------------------------------------------------


def test_that_tokens_cost_what_the_folder_says_where_the_log_does_not(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    rows = pd.DataFrame({"ts": [f"2026-03-02T{10 + minute // 60}:{minute % 60:02d}:00Z" for minute in range(300)],
                         "prompt_tokens": rng.integers(1, 5000, 300), "completion_tokens": rng.integers(1, 900, 300)})
    (tmp_path / "logs").mkdir()
    rows.to_csv(tmp_path / "logs" / "calls.csv", index=False)
    (tmp_path / "logs" / "pilothouse.toml").write_text("prices = { input = 2.5, output = 10 }\n")
    session = opened(tmp_path / "logs", tmp_path / "w.duckdb")
    try:
        rows["ts"] = pd.to_datetime(rows["ts"])
        spent = (rows["prompt_tokens"] * 2.5 + rows["completion_tokens"] * 10) / 1e6
        same(ours(Loaded(session, rows), "cost", 1800)[""], spent.groupby(at(rows, 1800)).sum() * 2)
    finally:
        session.close()


def test_that_a_log_without_prices_and_costs_has_no_cost(demo: Loaded) -> None:
    assert "cost" not in {metric.name for metric in available(demo.session.store)}


def test_that_names_and_values_of_a_column_are_data(tmp_path: Path) -> None:
    name, values = "o'brien \"x\"; --", ["a'b", '"; DROP TABLE files; --', "\\", "ü"]
    rng = np.random.default_rng(3)
    rows = pd.DataFrame({"ts": [f"2026-03-02T{10 + minute // 60}:{minute % 60:02d}:00Z" for minute in range(300)],
                         name: rng.choice(values, 300), "latency_ms": rng.lognormal(3, 1, 300).round(3)})
    (tmp_path / "logs").mkdir()
    rows.to_csv(tmp_path / "logs" / "calls.csv", index=False)
    session = opened(tmp_path / "logs", tmp_path / "w.duckdb")
    try:
        rows["ts"] = pd.to_datetime(rows["ts"])
        loaded = Loaded(session, rows)
        found = ours(loaded, "throughput", 3600, by=name)
        assert set(found) == set(values)
        for value, series in found.items():
            mine = rows[rows[name] == value]
            counts = mine.groupby(at(mine, 3600)).size().reindex(series.index, fill_value=0)
            same(series, counts / 3600, least=4)
        stored = next(column.stored for stream in session.store.streams() for column in stream.columns
                      if column.name == name)
        assert (ours(loaded, f"missing:{stored}", 3600)[""] == 0).all()
        assert ours(loaded, f"unchanged:{stored}", 3600)[""].tolist() == [0] * 5
        known = rows[name][:75].unique()            # the first quarter of the log
        new = (~rows[name].isin(known)).groupby(at(rows, 3600)).mean()
        same(ours(loaded, f"unseen:{stored}", 3600)[""], new, least=4)
    finally:
        session.close()


@pytest.mark.long
@pytest.mark.parametrize("scenario", ["healthy", "data-drift-sudden", "null-burst", "bad-canary", "shock", "skew"])
@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_that_large_folders_of_all_scenarios_have_the_numbers_of_pandas(tmp_path: Path, scenario: str,
                                                                       form: str) -> None:
    folder = tmp_path / "logs"
    arguments = ["--quiet", "--rows", "300000", "--days", "5", "--format", form, "--scenario", scenario]
    make_logs.main([str(folder), *arguments])  # type: ignore[no-untyped-call]
    read: Any = {"csv": pd.read_csv, "parquet": pd.read_parquet, "jsonl": lambda path: pd.read_json(
        path, lines=True, convert_dates=False, precise_float=True)}[form]
    rows, labels, reference = (pd.concat([read(path) for path in sorted((folder / name).glob("*"))], ignore_index=True)
                               for name in ("predictions", "labels", "reference"))
    rows = rows.merge(labels[["request_id", "clicked"]], on="request_id", how="left")
    rows["ts"] = pd.to_datetime(rows["ts"], utc=True, format="ISO8601")
    session = opened(folder, tmp_path / "w.duckdb")
    try:
        loaded, buckets = Loaded(session, rows, reference=reference), at(rows, 600)
        p, y = rows["prediction"].clip(1e-15, 1 - 1e-15), rows["clicked"]
        for name, values in (("brier", (rows["prediction"] - y) ** 2), ("ctr", y),
                             ("log_loss", -(y * np.log(p) + (1 - y) * np.log(1 - p))),
                             ("missing:age", rows["age"].isna() * 1.0), ("prediction_mean", rows["prediction"])):
            same(ours(loaded, name, 600)[""], values.groupby(buckets).mean())
        for name, q in (("latency_p50", 0.5), ("latency_p95", 0.95), ("latency_p99", 0.99)):
            expected = pd.Series({start: nearest(part, q) for start, part in rows["latency_ms"].groupby(buckets)})
            same(ours(loaded, name, 600)[""], expected, 0.0101)
        for column in ("country", "category"):
            new = ~rows[column].isin(set(reference[column].dropna())) & rows[column].notna()
            same(ours(loaded, f"unseen:{column}", 600)[""],
                 new.groupby(buckets).sum() / rows[column].notna().groupby(buckets).sum())
        low, high = reference["price"].min(), reference["price"].max()
        beyond = (rows["price"] < low) | (rows["price"] > high)
        same(ours(loaded, "out_of_range:price", 600)[""],
             beyond.groupby(buckets).sum() / rows["price"].notna().groupby(buckets).sum())
    finally:
        session.close()
