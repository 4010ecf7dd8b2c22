"""Every number on the board, against plain pandas over the raw files.

Sums, means and shares agree to 1e-9; percentiles are nearest-rank and agree to 1 %.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from console.jobs import SilentJob
from console.metrics.catalogue import find
from console.metrics.charts import board, metric_series
from console.roles import Role
from console.session import Session
from console.window import Window
from tests.console import make_logs

INPUTS = ["age", "price", "days_since_last", "session_depth", "user_ctr_7d", "device", "country", "category",
          "seq_len"]
PERCENTILES = {"latency_p50": 0.50, "latency_p95": 0.95, "latency_p99": 0.99}


@dataclass
class Loaded:
    """A session, and the same rows read by pandas."""

    session: Session
    requests: pd.DataFrame      # with `ts` in UTC
    inputs: list[str]
    outcome: pd.Series | None   # clicked, aligned with requests; NaN while unknown
    samples: pd.DataFrame | None = None


def opened(folder: Path, workspace: Path) -> Session:
    session = Session.open(folder, workspace=workspace)
    session.load(SilentJob())
    return session


def make(tmp: Path, *arguments: str) -> Path:
    folder = tmp / "logs"
    make_logs.main([str(folder), "--quiet", *arguments])
    return folder


def read(folder: Path, pattern: str, reader: Callable[[Path], pd.DataFrame]) -> pd.DataFrame:
    return pd.concat([reader(path) for path in sorted(folder.glob(pattern))], ignore_index=True)


@pytest.fixture(scope="module")
def canary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    tmp = tmp_path_factory.mktemp("canary")
    folder = make(tmp, "--rows", "30000", "--days", "2", "--format", "parquet", "--scenario", "bad-canary",
                  "--system", "--seed", "5")
    requests = read(folder, "predictions/*", pd.read_parquet)
    labels = read(folder, "labels/*", pd.read_parquet).set_index("request_id")["clicked"]
    outcome = requests["request_id"].map(labels.astype(float))
    samples = read(folder, "system/*", pd.read_parquet)
    session = opened(folder, tmp / "workspace.duckdb")
    yield Loaded(session, requests, INPUTS, outcome, samples)
    session.close()


@pytest.fixture(scope="module")
def nulls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    tmp = tmp_path_factory.mktemp("nulls")
    folder = make(tmp, "--rows", "20000", "--days", "1", "--format", "csv", "--compress", "gz", "--scenario",
                  "null-burst", "--flat", "--seed", "6")
    requests = read(folder, "*.csv.gz", lambda path: pd.read_csv(path, parse_dates=["ts"]))
    session = opened(folder, tmp / "workspace.duckdb")
    yield Loaded(session, requests, INPUTS, requests["clicked"].astype(float))
    session.close()


@pytest.fixture(scope="module")
def bandit(shared_logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    tmp = tmp_path_factory.mktemp("bandit")
    folder = shared_logs / "open-bandit-all"
    requests = read(folder, "*/all.csv.gz", lambda path: pd.read_csv(path, parse_dates=["timestamp"]))
    requests = requests.rename(columns={"timestamp": "ts"})
    inputs = [name for name in requests.columns if name.startswith("user")] + ["position"]
    session = opened(folder, tmp / "workspace.duckdb")
    yield Loaded(session, requests, inputs, requests["click"].astype(float))
    session.close()


def measured(loaded: Loaded, name: str, bucket_s: int) -> pd.Series:
    """Ours, by bucket start in seconds; gaps dropped."""
    whole = loaded.session.selection().whole
    assert whole is not None
    times, parts = metric_series(loaded.session.store, find(name), whole, bucket_s, None)
    assert len(parts) == 1, f"{name} is not measured"
    series = pd.Series(parts[0].values, index=times.astype("int64"))
    return series[series.notna()]


def buckets(times: pd.Series, bucket_s: int) -> pd.Series:
    seconds = times.dt.tz_convert("UTC").dt.tz_localize(None).astype("datetime64[us]").astype("int64") // 1_000_000
    return seconds // bucket_s * bucket_s


def same(ours: pd.Series, theirs: pd.Series, tolerance: float = 1e-9) -> None:
    theirs = theirs[theirs.notna()]
    assert len(theirs) > 5
    assert list(ours.index) == list(theirs.index)
    np.testing.assert_allclose(ours.to_numpy(), theirs.to_numpy(dtype=float), rtol=tolerance, atol=1e-12)


@pytest.fixture(params=["canary", "nulls", "bandit"])
def loaded(request: pytest.FixtureRequest) -> Loaded:
    result: Loaded = request.getfixturevalue(request.param)
    return result


@pytest.mark.parametrize("bucket_s", [60, 600, 3600])
def test_that_throughput_is_rows_by_seconds(loaded: Loaded, bucket_s: int) -> None:
    counts = loaded.requests.groupby(buckets(loaded.requests["ts"], bucket_s)).size()
    whole = range(counts.index.min(), counts.index.max() + bucket_s, bucket_s)
    same(measured(loaded, "throughput", bucket_s), counts.reindex(whole, fill_value=0) / bucket_s)


@pytest.mark.parametrize("bucket_s", [600, 3600])
def test_that_missing_values_are_the_share_of_empty_input_cells(loaded: Loaded, bucket_s: int) -> None:
    empty = loaded.requests[loaded.inputs].isna().mean(axis=1)
    same(measured(loaded, "missing_values", bucket_s),
         empty.groupby(buckets(loaded.requests["ts"], bucket_s)).mean())


@pytest.mark.parametrize("bucket_s", [600, 3600])
def test_that_the_ctr_is_clicks_by_known_outcomes_at_the_time_of_the_request(loaded: Loaded, bucket_s: int) -> None:
    assert loaded.outcome is not None
    same(measured(loaded, "ctr", bucket_s), loaded.outcome.groupby(buckets(loaded.requests["ts"], bucket_s)).mean())


@pytest.mark.parametrize("name", ["canary", "nulls"])
@pytest.mark.parametrize("bucket_s", [60, 3600])
def test_that_error_and_null_rates_are_shares_of_the_requests(name: str, bucket_s: int,
                                                              request: pytest.FixtureRequest) -> None:
    loaded: Loaded = request.getfixturevalue(name)
    at = buckets(loaded.requests["ts"], bucket_s)
    same(measured(loaded, "error_rate", bucket_s), (loaded.requests["status_code"] >= 500).groupby(at).mean())
    same(measured(loaded, "null_responses", bucket_s), loaded.requests["prediction"].isna().groupby(at).mean())


@pytest.mark.parametrize("name", ["canary", "nulls"])
@pytest.mark.parametrize("bucket_s", [10, 600, 3600])
@pytest.mark.parametrize("metric", PERCENTILES)
def test_that_percentiles_are_nearest_rank_within_one_percent(name: str, bucket_s: int, metric: str,
                                                              request: pytest.FixtureRequest) -> None:
    loaded: Loaded = request.getfixturevalue(name)
    nearest = loaded.requests.groupby(buckets(loaded.requests["ts"], bucket_s))["latency_ms"].apply(
        lambda values: np.sort(values)[int(np.ceil(PERCENTILES[metric] * len(values))) - 1])
    same(measured(loaded, metric, bucket_s), nearest, tolerance=0.0101)


def test_that_cpu_and_memory_are_means_of_the_sampled_series(canary: Loaded) -> None:
    assert canary.samples is not None
    at = buckets(canary.samples["ts"], 600)
    same(measured(canary, "cpu", 600), canary.samples.groupby(at)["cpu_pct"].mean())
    same(measured(canary, "memory", 600), canary.samples.groupby(at)["mem_mb"].mean())
    same(measured(canary, "load", 600), canary.samples.groupby(at)["load1"].mean())


def test_that_without_samples_cpu_is_the_mean_of_the_requests_own_column(nulls: Loaded) -> None:
    same(measured(nulls, "cpu", 600), nulls.requests.groupby(buckets(nulls.requests["ts"], 600))["cpu_pct"].mean())


def test_that_the_prediction_mean_leaves_null_responses_out(canary: Loaded) -> None:
    same(measured(canary, "prediction_mean", 600),
         canary.requests.groupby(buckets(canary.requests["ts"], 600))["prediction"].mean())


def test_that_a_split_by_version_gives_each_version_its_own_numbers(canary: Loaded) -> None:
    whole = canary.session.selection().whole
    assert whole is not None
    times, parts = metric_series(canary.session.store, find("error_rate"), whole, 3600, Role.MODEL_VERSION)
    assert {part.by for part in parts} == {"ctr-v1", "ctr-v2"}
    for part in parts:
        rows = canary.requests[canary.requests["model_version"] == part.by]
        ours = pd.Series(part.values, index=times.astype("int64"))
        same(ours[ours.notna()], (rows["status_code"] >= 500).groupby(buckets(rows["ts"], 3600)).mean())


def test_that_the_board_leaves_the_ctr_of_young_buckets_out(canary: Loaded) -> None:
    whole = canary.session.selection().whole
    assert whole is not None
    chart = next(chart for chart in board(canary.session.store, whole, 300).charts if chart.metric == "ctr")
    assert canary.outcome is not None
    at = buckets(canary.requests["ts"], chart.bucket_s)
    share = canary.outcome.notna().groupby(at).mean().reindex(chart.times.astype("int64"))
    drawn = np.isfinite(chart.series[0].values)
    assert drawn[share.to_numpy() > 0.93].all()          # 98 % of the outcomes come, in the end
    assert not drawn[share.to_numpy() < 0.5].any()       # after the last request most still wait


def test_that_the_bandit_has_the_shares_of_its_arms(bandit: Loaded) -> None:
    arms, days = bandit.requests["item_id"].astype(str), buckets(bandit.requests["ts"], 86_400)
    whole = bandit.session.selection().whole
    assert whole is not None
    times, parts = metric_series(bandit.session.store, find("class_shares"), whole, 86_400, None)
    found = {part.by: pd.Series(part.values, index=times.astype("int64")).dropna() for part in parts}
    total = arms.groupby(days).size()
    top = sorted(arms.value_counts().items(), key=lambda one: (-one[1], one[0]))[:8]
    assert list(found) == [*(arm for arm, _ in top), "(other)"]
    for arm, _ in top:
        same(found[str(arm)], (arms == arm).groupby(days).sum() / total)
    same(sum(found.values(), pd.Series(0.0, index=total.index)), total / total)


def test_that_the_board_shows_only_what_the_log_has(bandit: Loaded) -> None:
    whole = bandit.session.selection().whole
    assert whole is not None
    shown = [chart.metric for chart in board(bandit.session.store, whole, 300).charts]
    assert "throughput" in shown
    assert "ctr" in shown
    assert not {"latency", "error_rate", "cpu", "memory"} & set(shown)


def test_that_time_without_requests_is_zero_inside_the_files_and_a_gap_outside(canary: Loaded) -> None:
    whole = canary.session.selection().whole
    assert whole is not None
    wider = Window.from_epoch(whole.start_s - 7200, whole.end_s + 7200)
    chart = next(chart for chart in board(canary.session.store, wider, 300).charts if chart.metric == "throughput")
    values = chart.series[0].values
    assert np.isnan(values[0])
    assert np.isnan(values[-1])
    inside = (chart.times >= whole.start_s) & (chart.times + chart.bucket_s <= whole.end_s)
    assert np.isfinite(values[inside]).all()
