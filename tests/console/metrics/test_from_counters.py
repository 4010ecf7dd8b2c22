"""Charts of logs that have samples and no requests, against the sums of the scrapes' own lines."""

from __future__ import annotations

import itertools
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from console.jobs import SilentJob
from console.metrics.catalogue import find
from console.metrics.charts import board, described, metric_series, overview
from console.metrics.charts import chart as one_chart
from console.metrics.counted import counters_of, percentile
from console.metrics.grid import bucket_for_step
from console.metrics.view import ChartView
from console.session import Session

LINE = re.compile(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)")
START = datetime(2026, 3, 2, tzinfo=UTC)


def opened(folder: Path, workspace: Path) -> Session:
    session = Session.open(folder, workspace=workspace)
    session.load(SilentJob())
    return session


def scrapes(folder: Path) -> dict[int, dict[str, float]]:
    """Time of each scrape -> name -> value, all labels but `le` added up."""
    found: dict[int, dict[str, float]] = {}
    for path in sorted(folder.rglob("*.prom")):
        stamp = re.search(r"(\d{8}T\d{6})Z", path.name)
        assert stamp is not None
        at = int(datetime.strptime(stamp[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC).timestamp())
        values: dict[str, float] = defaultdict(float)
        for line in path.read_text().splitlines():
            if match := LINE.fullmatch(line):
                end = re.search(r'le="([^"]+)"', match[2] or "")
                values[match[1] + (f"<{end[1]}" if end else "")] += float(match[3])
        found[at] = values
    return found


def values(session: Session, name: str, bucket_s: int) -> dict[int, float]:
    whole = session.selection().whole
    assert whole is not None
    times, parts = metric_series(session.store, find(name), whole, bucket_s, None)
    assert len(parts) == 1, f"{name} is not measured"
    return {int(at): float(value) for at, value in zip(times, parts[0].values, strict=True) if np.isfinite(value)}


def chart(session: Session, metric: str) -> ChartView:
    whole = session.selection().whole
    assert whole is not None
    return next(one for one in board(session.store, whole, 500).charts if one.metric == metric)


def titles(session: Session) -> list[str]:
    whole = session.selection().whole
    assert whole is not None
    return [one.title for one in board(session.store, whole, 500).charts]


@pytest.fixture(scope="module")
def triton(shared_logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    session = opened(shared_logs / "format-triton-prometheus", tmp_path_factory.mktemp("triton") / "w.duckdb")
    yield session
    session.close()


@pytest.fixture(scope="module")
def mlserver(shared_logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    session = opened(shared_logs / "format-mlserver-prometheus", tmp_path_factory.mktemp("mlserver") / "w.duckdb")
    yield session
    session.close()


def test_that_requests_failures_and_time_come_from_tritons_counters(triton: Session, shared_logs: Path) -> None:
    told = scrapes(shared_logs / "format-triton-prometheus")
    times = sorted(told)
    names = ("nv_inference_request_success", "nv_inference_request_failure", "nv_inference_request_duration_us")
    throughput, errors, mean = (values(triton, name, 300) for name in ("throughput", "error_rate", "latency_mean"))
    assert len(throughput) == len(times) - 1 == 143
    for before, at in itertools.pairwise(times):
        done, failed, spent = (told[at][name] - told[before][name] for name in names)
        assert throughput[at] == pytest.approx((done + failed) / 300)
        if done + failed:
            assert errors[at] == pytest.approx(failed / (done + failed))
        if done:
            assert mean[at] == pytest.approx(spent / done / 1000)


def test_that_the_sql_of_a_histogram_gives_its_percentiles(triton: Session) -> None:
    whole = triton.selection().whole
    assert whole is not None
    shown = one_chart(triton.store, "latency", whole, bucket_s=300)
    assert shown is not None
    told = {int(at): value for at, value in triton.store.execute_readonly(
        f"SELECT epoch(bucket), value FROM ({shown.sql})")}
    drawn = {int(at): [float(part.values[place]) for part in shown.series]
             for place, at in enumerate(shown.times) if np.isfinite(shown.series[0].values[place])}
    assert len(drawn) > 100 and drawn.keys() == told.keys()
    for at, values in drawn.items():
        assert told[at] == pytest.approx(values, rel=1e-9)
    (p99,) = (values[-1] for at, values in drawn.items() if at == min(drawn))
    alone = one_chart(triton.store, "latency_p99", whole, bucket_s=300)
    if alone is not None:
        assert dict(triton.store.execute_readonly(f"SELECT epoch(bucket), value FROM ({alone.sql})"))[
            min(drawn)] == pytest.approx(p99, rel=1e-9)


def test_that_percentiles_are_those_of_the_histograms_buckets(triton: Session, shared_logs: Path) -> None:
    told = scrapes(shared_logs / "format-triton-prometheus")
    times = sorted(told)
    ours = values(triton, "latency_p95", 300)
    ends = [5, 10, 25, 50, 100, 250, 500, 1000, 2500]
    compared = 0
    for before, at in itertools.pairwise(times):
        below = [told[at][f"request_latency_ms_bucket<{end}"] - told[before][f"request_latency_ms_bucket<{end}"]
                 for end in ends]
        total = told[at]["request_latency_ms_count"] - told[before]["request_latency_ms_count"]
        rank = 0.95 * total
        place = next(number for number, count in enumerate(below) if count >= rank)
        low, under = (ends[place - 1], below[place - 1]) if place else (0, 0.0)
        assert ours[at] == pytest.approx(low + (ends[place] - low) * (rank - under) / (below[place] - under))
        compared += 1
    assert compared == 143


def test_that_gauges_have_the_means_of_their_scrapes(triton: Session, shared_logs: Path) -> None:
    hours: dict[int, list[float]] = defaultdict(list)
    for at, told in scrapes(shared_logs / "format-triton-prometheus").items():
        hours[at // 3600 * 3600].append(told["nv_cpu_utilization"])
    assert len(hours) > 5
    assert values(triton, "sampled:nv_cpu_utilization", 3600) == pytest.approx(
        {hour: sum(found) / len(found) for hour, found in hours.items()}, rel=1e-9)


def test_that_a_log_of_counters_is_a_board_of_rates_and_says_where_they_are_from(triton: Session) -> None:
    assert titles(triton) == ["Throughput", "Latency", "Error rate", "nv_cpu_memory_used_bytes", "nv_cpu_utilization"]
    throughput, memory = chart(triton, "throughput"), chart(triton, "sampled:nv_cpu_memory_used_bytes")
    assert (throughput.badge, throughput.unit) == ("from counters", "req/s") and "Triton" in throughput.sentence
    assert (memory.badge, memory.unit) == ("", "MB") and 2300 < memory.series[0].values[0] < 2700
    rows = triton.store.execute_readonly(throughput.sql)
    assert [row[1] for row in rows if row[1] is not None] == pytest.approx(
        [value for value in throughput.series[0].values if np.isfinite(value)])


def test_that_the_strip_shows_requests_that_only_counters_tell(triton: Session, shared_logs: Path) -> None:
    told = scrapes(shared_logs / "format-triton-prometheus")
    grown = [sum(told[at][f"nv_inference_request_{word}"] for word in ("success", "failure"))
             for at in (min(told), max(told))]
    view = overview(triton.store, 300)
    assert view is not None and view.note == ""
    assert np.nansum(view.throughput) * view.bucket_s == pytest.approx(grown[1] - grown[0])


def test_that_mlservers_counters_are_rates_from_when_they_are_first_seen(mlserver: Session, shared_logs: Path) -> None:
    told = scrapes(shared_logs / "format-mlserver-prometheus")
    whole = mlserver.selection().whole
    assert whole is not None
    known = [at for at in sorted(told) if "model_infer_request_success_total" in told[at]]
    grown = {name: told[known[-1]][name] - told[known[0]][name] for name in (
        "model_infer_request_success_total", "model_infer_request_failure_total", "model_infer_request_duration_sum",
        "model_infer_request_duration_count")}
    answered = grown["model_infer_request_success_total"] + grown["model_infer_request_failure_total"]
    throughput = values(mlserver, "throughput", 3600)
    errors, mean = values(mlserver, "error_rate", 3600), values(mlserver, "latency_mean", 3600)
    assert list(throughput.values()) == [pytest.approx(answered / 3600)]
    assert list(errors.values()) == [pytest.approx(grown["model_infer_request_failure_total"] / answered)]
    assert list(mean.values()) == [pytest.approx(grown["model_infer_request_duration_sum"]
                                                 / grown["model_infer_request_duration_count"] * 1000)]
    shown = titles(mlserver)
    assert not [title for title in shown if "_bucket" in title or title.endswith(("_created", "_info"))]
    assert shown.index("rest_server_requests_total") < shown.index("process_cpu_seconds_total")
    assert chart(mlserver, "sampled:process_cpu_seconds_total").unit == "s/s"


def scrape(folder: Path, seconds: float, text: str) -> None:
    folder.mkdir(exist_ok=True)
    at = START + timedelta(seconds=seconds)
    (folder / f"metrics-{at:%Y%m%dT%H%M%SZ}.prom").write_text(f"# TYPE hits counter\n# TYPE heat gauge\n{text}\n")


def test_that_bytes_are_shown_in_megabytes_and_so_does_their_sql(tmp_path: Path) -> None:
    for number in range(60):
        at = START + timedelta(seconds=60 * number)
        (tmp_path / f"metrics-{at:%Y%m%dT%H%M%SZ}.prom").write_text(
            f"# TYPE used_memory_bytes gauge\nused_memory_bytes {(100 + number) * 1048576}\n")
    session = opened(tmp_path, tmp_path / "w.duckdb")
    try:
        used = chart(session, "sampled:used_memory_bytes")
        assert used.unit == "MB" and np.nanmax(used.series[0].values) == 159
        told = session.store.execute_readonly(used.sql)
        assert [value for _, value in told] == [100 + number for number in range(60)]
    finally:
        session.close()


def test_that_a_missed_scrape_is_a_gap_and_its_requests_are_not_a_burst(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    for number in (0, 1, 2, 6, 7, 8):
        scrape(folder, 10 * number, f"hits {number * 50}\nheat {number}")
    session = opened(folder, tmp_path / "w.duckdb")
    start = int(START.timestamp())
    rate = values(session, "sampled:hits", 10)
    assert rate == {start + 10 * number: pytest.approx(5.0) for number in (1, 2, 6, 7, 8)}
    whole = session.selection().whole
    assert whole is not None
    assert described(session.store, find("sampled:hits"), whole, 10).unit == "1/s"
    assert values(session, "sampled:heat", 10)[start + 60] == 6.0
    session.close()


def test_that_the_bucket_a_log_ends_within_is_no_fall(tmp_path: Path) -> None:
    """Ten scrapes, three to a minute; the first minute has two increases, the last one sample."""
    folder = tmp_path / "logs"
    for number in range(13):
        scrape(folder, 20 * number, f"hits {number * 60}")
    session = opened(folder, tmp_path / "w.duckdb")
    assert list(values(session, "sampled:hits", 60).values()) == [pytest.approx(3.0)] * 5
    session.close()


def test_that_samples_far_apart_are_a_line_beside_dense_requests(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    for number in range(20):
        scrape(folder, 15 * number, f"hits {number * 30}\nheat {number}")
    lines = [json.dumps({"timestamp": (START + timedelta(seconds=second)).isoformat(), "latency_ms": 5, "status": 200})
             for second in range(300)]
    (folder / "requests.jsonl").write_text("\n".join(lines) + "\n")
    session = opened(folder, tmp_path / "w.duckdb")
    throughput, heat, hits = (chart(session, name) for name in ("throughput", "sampled:heat", "sampled:hits"))
    assert throughput.bucket_s == 1 and throughput.badge == ""
    assert heat.bucket_s == 20 and np.isfinite(heat.series[0].values).all()
    assert hits.bucket_s == 30 and hits.unit == "1/s"
    assert np.nanmin(hits.series[0].values) == np.nanmax(hits.series[0].values) == pytest.approx(2.0)
    session.close()


def test_that_each_number_of_a_wide_table_of_samples_is_a_chart(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    rows = [f"{(START + timedelta(minutes=number)).isoformat()},{number},{number * 10}" for number in range(60)]
    (folder / "room.csv").write_text("\n".join(["time,warmth,light", *rows]) + "\n")
    session = opened(folder, tmp_path / "w.duckdb")
    assert titles(session) == ["light", "warmth"]
    warm = chart(session, "sampled:warmth")
    assert list(warm.series[0].values) == [float(number) for number in range(60)]
    rows_of_sql = session.store.execute_readonly(warm.sql)
    assert [row[1] for row in rows_of_sql] == list(range(60))
    assert overview(session.store, 100).note == "No requests in this log, only samples"  # type: ignore[union-attr]
    session.close()


def test_that_a_log_without_times_says_what_it_has(shared_logs: Path, tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    text = (shared_logs / "format-litserve" / "server.log").read_text()
    (folder / "server.log").write_text(text)
    good, bad = (len(re.findall(rf'"POST .* HTTP/1\.1" {status}', text)) for status in (200, 500))
    session = opened(folder, tmp_path / "w.duckdb")
    said = session.board()
    assert said is not None and not said.charts
    asked = f"{good + bad:,} requests without a time: {good:,} with status 200, {bad:,} with status 500"
    assert asked in said.nothing
    session.close()


def test_that_a_lone_scrape_does_not_stretch_the_axis_of_the_requests(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    scrape(folder, 20 * 3600, "hits 7\nheat 1")
    lines = [json.dumps({"timestamp": (START + timedelta(seconds=second)).isoformat(), "latency_ms": 5, "status": 200})
             for second in range(300)]
    (folder / "requests.jsonl").write_text("\n".join(lines) + "\n")
    session = opened(folder, tmp_path / "w.duckdb")
    whole = session.selection().whole
    assert whole is not None and whole.end < START + timedelta(seconds=300)
    assert not [title for title in titles(session) if title in ("hits", "heat")]
    session.close()


def test_that_interpolated_percentiles_are_those_of_histogram_quantile() -> None:
    """By hand: 10 requests, 4 up to 1, 8 up to 2, all beyond in the last."""
    counts = {1.0: np.array([4.0, 0.0]), 2.0: np.array([8.0, 0.0]), np.inf: np.array([10.0, 0.0])}
    assert percentile(counts, 0.5)[0] == pytest.approx(1.25)
    assert percentile(counts, 0.2)[0] == pytest.approx(0.5)
    assert percentile(counts, 0.99)[0] == 2.0 and np.isnan(percentile(counts, 0.5)[1])


def test_that_names_are_known_with_and_without_total() -> None:
    assert counters_of(["vllm:request_success_total"]).answered == ("vllm:request_success_total",)
    assert counters_of(["vllm:request_success"]).answered == ("vllm:request_success",)
    assert not counters_of(["vllm:request_success"]).tells_failures
    absent = counters_of(["model_infer_request_success_total"])
    assert absent.tells_failures and absent.failed == ()      # the counter of failures comes with the first one
    assert counters_of(["something_total"]).answered == ()


@pytest.mark.parametrize(("bucket_s", "step_s", "counted", "wanted"), [
    (1, 0.0, False, 1), (1, 5.0, True, 5), (1, 15.0, False, 20), (1, 15.0, True, 30), (60, 15.0, True, 60),
    (5, 5.03, True, 5), (1, 7.0, False, 10), (1, 7.0, True, 30), (300, 300.0, True, 300), (45, 0.5, True, 45)])
def test_that_buckets_hold_whole_steps(bucket_s: int, step_s: float, counted: bool, wanted: int) -> None:
    assert bucket_for_step(bucket_s, step_s, counted=counted) == wanted
