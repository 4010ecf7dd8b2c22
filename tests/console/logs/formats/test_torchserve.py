"""TorchServe's access log and its metrics."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import datetime
from pathlib import Path

import pytest

from tests.console.logs.formats.by_hand import Followed, cells, column, cut, known_as, loaded, roles

ACCESS = '2026-11-23T18:46:31,200 - /127.0.0.1:49616 "POST /predictions/ctr/2.0 HTTP/1.1" 200 27'
METRIC = ("2026-11-23T18:46:31,197 - PredictionTime.ms:5.25|#ModelName:ctr,Level:Model"
          "|#hostname:vm,requestID:ae40,timestamp:1")


def test_that_a_line_of_a_request_gives_its_cells() -> None:
    rows, _ = cut("torchserve-access", ACCESS + "\n")
    assert rows == [{"time": "2026-11-23T18:46:31,200", "client": "127.0.0.1:49616", "method": "POST",
                     "path": "/predictions/ctr/2.0", "protocol": "HTTP/1.1", "status": "200", "latency_ms": "27",
                     "model": "ctr", "model_version": "2.0"}]


def test_that_one_log_for_all_loggers_is_read_too() -> None:
    before = "2026-11-23T18:46:31,200 [INFO ] epollEventLoopGroup-3-1 ACCESS_LOG"
    rows, found = cut("torchserve-access", ACCESS.replace("2026-11-23T18:46:31,200", before) + "\n"
                      + METRIC.replace(" - ", " [INFO ] pool-3-thread-1 TS_METRICS - ", 1) + "\n"
                      "2026-11-23T18:46:31,200 [INFO ] main org.pytorch.serve.ModelServer - Loading snapshot\n"
                      "Traceback (most recent call last):\n")
    assert [cells(row, "time", "status", "latency_ms") for row in rows] == [["2026-11-23T18:46:31,200", "200", "27"]]
    assert dict(found.ignored) == {"a metric, in the log of requests": 1, "a message of the server": 2}


@pytest.mark.parametrize(("request_line", "reason"), [
    ("GET /ping", "a check of health"), ("GET /metrics", "a check of health"), ("GET /models", "managing models"),
    ("POST /models?url=x.mar", "managing models"), ("DELETE /models/ctr/1.0", "managing models"),
])
def test_that_what_is_no_prediction_is_ignored_with_its_reason(request_line: str, reason: str) -> None:
    rows, found = cut("torchserve-access", ACCESS.replace("POST /predictions/ctr/2.0", request_line) + "\n")
    assert (rows, dict(found.ignored)) == ([], {reason: 1})


@pytest.mark.parametrize("line", [ACCESS[:45], ACCESS[:-3], ACCESS[20:], ACCESS[:-2] + "soon"])
def test_that_a_torn_request_is_set_aside(line: str) -> None:
    rows, found = cut("torchserve-access", f"{ACCESS}\n{line}\n{ACCESS}\n")
    assert (len(rows), [(bad.line, bad.raw) for bad in found.bad]) == (2, [(1, line)])


def test_that_odd_paths_are_rows() -> None:
    for path in ("/predictions/" + "x" * 10_000, "/predictions/<b>", "/predictions/", "/v1/models/ctr:predict", "/"):
        rows, _ = cut("torchserve-access", ACCESS.replace("/predictions/ctr/2.0", path) + "\n")
        assert rows[0]["path"] == path


def test_that_a_metric_gives_its_cells() -> None:
    rows, _ = cut("torchserve-metrics", METRIC + "\n"
                  "2026-11-23T18:46:31,185 - ts_inference_requests_total.Count:1.0"
                  "|#model_name:ctr,model_version:default|#hostname:vm,timestamp:1795459591\n"
                  "2026-11-23 18:46:27,629 - WorkerLoadTime.Milliseconds:2.6e3"
                  "|#WorkerName:W-9000-ctr_1.0,Level:Host,Zone:a|#hostname:vm,timestamp:1795459587\n")
    names = ("metric", "unit", "value", "kind", "level", "model", "model_version", "worker", "hostname", "request_id",
             "dimensions")
    assert [cells(row, *names) for row in rows] == [
        ["PredictionTime", "ms", "5.25", "gauge", "Model", "ctr", None, None, "vm", "ae40", None],
        ["ts_inference_requests_total", "Count", "1.0", "delta", None, "ctr", None, None, "vm", None, None],
        ["WorkerLoadTime", "Milliseconds", "2.6e3", "gauge", "Host", None, None, "W-9000-ctr_1.0", "vm", None,
         "Zone:a"]]
    assert [row["increase"] for row in rows] == [None] * 3


@pytest.mark.parametrize(("line", "n_rows"), [
    (METRIC.replace("5.25", "NaN"), 1), (METRIC.replace("5.25", "null"), 1), (METRIC.replace("5.25", "much"), 0),
    (METRIC.replace("5.25", ""), 0), (METRIC[:60], 0), (METRIC[:45], 0), (METRIC[30:], 0),
    (METRIC.replace("vm", "<b>" * 4000), 1),
    (METRIC.replace("ModelName:ctr,Level:Model", ""), 1), (METRIC.replace("PredictionTime", "a.b c"), 1),
])
def test_that_odd_metrics_are_rows_or_set_aside(line: str, n_rows: int) -> None:
    rows, found = cut("torchserve-metrics", f"{line}\n{METRIC}\n")
    assert (len(rows), [bad.raw for bad in found.bad]) == (n_rows + 1, [] if n_rows else [line])


def test_that_messages_between_metrics_are_ignored() -> None:
    rows, found = cut("torchserve-metrics", f"{METRIC}\nlog4j: something\n")
    assert (len(rows), dict(found.ignored), found.bad) == (1, {"a message of the server": 1}, [])


def test_that_it_is_told_from_other_text() -> None:
    assert known_as(f"{ACCESS}\n" * 3) == "torchserve-access"
    assert known_as(ACCESS.replace("POST /predictions/ctr/2.0", "GET /ping") + "\n") == "torchserve-access"
    assert known_as(f"{METRIC}\n" * 3) == "torchserve-metrics"
    for text in ("ts,latency_ms\n2026-03-02T12:00:00Z,5\n", '{"ts": "2026-03-02T12:00:00Z", "x": 2}\n',
                 "2026-03-02T12:00:00 - all is well\n", "2026-03-02 12:00:00,5,a\n" * 3):
        assert known_as(text) == ""


def test_that_a_growing_log_is_followed_by_whole_lines(tmp_path: Path) -> None:
    log = Followed(tmp_path, "access_log.log", f"{ACCESS}\n" * 30)
    assert [log.add(ACCESS[:75]), log.add(ACCESS[75:] + "\n")] == [0, 1]
    log.again()
    assert log.add(f"{ACCESS}\n") == 1
    assert len(column(log.ws, "torchserve-access", "latency_ms")) == 32
    log.stop()


def test_that_the_real_logs_are_whole(shared_logs: Path, tmp_path: Path) -> None:
    truth = json.loads((shared_logs.parent / "truth.json").read_text())["format-torchserve"]
    ws, report = loaded(shared_logs / "format-torchserve", tmp_path / "w.pilot")
    said = truth["access_log"]
    assert (report.events, report.rows_ignored, report.rows_quarantined) == (said["POST_lines"], 2, 0)
    status = column(ws, "torchserve-access", "status")
    assert {str(int(each)): status.count(each) for each in set(status)} == said["status"]
    latency = sorted(column(ws, "torchserve-access", "latency_ms"))
    assert sum(latency) / len(latency) == pytest.approx(said["latency_ms"]["mean"], abs=5e-5)
    assert (latency[858], latency[round(0.95 * 1716)]) == (said["latency_ms"]["p50"], said["latency_ms"]["p95"])
    times = column(ws, "torchserve-access", "time")
    assert [min(times), max(times)] == [datetime.fromisoformat(said[each].replace(",", "."))
                                        for each in ("first", "last")]
    assert set(column(ws, "torchserve-access", "model")) == {"ctr"}
    values = defaultdict(list)
    for metric, value in zip(column(ws, "torchserve-metrics", "metric"), column(ws, "torchserve-metrics", "value"),
                             strict=True):
        values[metric].append(value)
    wanted = truth["model_metrics"] | truth["ts_metrics"]
    assert {name: len(each) for name, each in values.items()} == {name: each["n"] for name, each in wanted.items()}
    for name, each in values.items():
        assert sum(each) / len(each) == pytest.approx(wanted[name]["mean"], abs=5e-5)
        assert (min(each), max(each)) == (wanted[name]["min"], wanted[name]["max"])
    assert roles(ws, "torchserve-metrics") == {
        "time": "timestamp", "metric": "metric_name", "value": "metric_value", "kind": "metric_kind",
        "increase": "metric_increase", "model": "model", "hostname": "host"}
    added = zip(column(ws, "torchserve-metrics", "metric"), column(ws, "torchserve-metrics", "increase"), strict=True)
    assert sum(each or 0 for name, each in added if name == "ts_inference_requests_total") == 1717
    ws.close()
