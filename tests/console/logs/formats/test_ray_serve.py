"""Ray Serve's logs in both encodings: the proxy's lines are the events, the replica's complete them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from console.errors import NoLogs
from console.jobs import SilentJob
from console.logs.discover import discover
from console.logs.plan import FileFormat
from tests.console.logs.formats.by_hand import Followed, Row, column, cut, known_as, loaded, roles

PROXY: dict[str, Any] = {
    "asctime": "2026-11-23 18:49:22,469", "levelname": "INFO", "message": "POST /predict 200 26.0ms",
    "filename": "proxy.py", "component_name": "proxy", "component_id": "192.0.2.2", "route": "/predict",
    "request_id": "req-1", "timestamp_ns": 1795459762469370194}
REPLICA: dict[str, Any] = PROXY | {
    "message": "POST /predict 200 17.0ms", "component_name": "replica", "deployment": "ctr_CTR", "replica": "ox4fih1v",
    "application": "ctr", "timestamp_ns": 1795459762466132118}
REPLICA.pop("component_id")

TEXT = "INFO 2026-11-23 18:57:50,820 proxy 192.0.2.2 req-1 -- POST /predict 200 26.9ms"
TEXT_REPLICA = "INFO 2026-11-23 18:57:50,815 ctr_CTR ox4fih1v req-1 -- POST /predict 200 17.5ms"


def line(record: dict[str, Any], **changes: Any) -> str:
    return json.dumps({key: value for key, value in (record | changes).items() if value is not ...}) + "\n"


def test_that_a_line_of_the_proxy_gives_its_cells() -> None:
    rows, _ = cut("ray-proxy", line(PROXY))
    assert rows == [{"time": "2026-11-23T18:49:22.46937Z", "level": "INFO", "component": "proxy",
                     "component_id": "192.0.2.2", "method": "POST", "path": "/predict", "status": "200",
                     "latency_ms": "26.0", "request_id": "req-1", "route": "/predict"}]


def test_that_a_line_of_a_replica_gives_its_cells() -> None:
    rows, _ = cut("ray-replica", line(REPLICA))
    assert rows == [{"time": "2026-11-23T18:49:22.466132Z", "level": "INFO", "component": "replica",
                     "component_id": "ox4fih1v", "method": "POST", "path": "/predict", "status": "200",
                     "latency_ms": "17.0", "request_id": "req-1", "route": "/predict", "application": "ctr",
                     "deployment": "ctr_CTR", "replica": "ox4fih1v"}]


def text_row(form: str, text: str) -> Row:
    rows, found = cut(form, text + "\n", kind=FileFormat.LINES)
    assert not found.bad
    return {key: value for key, value in rows[0].items() if value is not None}


def test_that_text_gives_the_same_cells() -> None:
    assert text_row("ray-proxy", TEXT) == {
        "time": "2026-11-23 18:57:50,820", "level": "INFO", "component": "proxy", "component_id": "192.0.2.2",
        "method": "POST", "path": "/predict", "status": "200", "latency_ms": "26.9", "request_id": "req-1"}
    assert text_row("ray-replica", TEXT_REPLICA) == {
        "time": "2026-11-23 18:57:50,815", "level": "INFO", "component": "ctr_CTR", "component_id": "ox4fih1v",
        "method": "POST", "path": "/predict", "status": "200", "latency_ms": "17.5", "request_id": "req-1",
        "deployment": "ctr_CTR", "replica": "ox4fih1v"}


@pytest.mark.parametrize(("before", "message", "wanted"), [
    ("http_proxy 10.0.0.1 req-1 /predict ctr", "POST 200 3.1ms",
     {"request_id": "req-1", "route": "/predict", "path": "/predict", "latency_ms": "3.1"}),
    ("proxy 10.0.0.1", "GET / 404 1ms", {"path": "/", "status": "404", "latency_ms": "1"}),
    ("grpc_proxy 10.0.0.1 req-1", "gRPC /ray.Service/Predict OK 3.5ms", {"status": "OK", "method": "gRPC"}),
    ("proxy fe80::1 None", "POST /predict 200 3.1ms", {"component_id": "fe80::1"}),
])
def test_that_older_forms_of_the_text_are_read(before: str, message: str, wanted: dict[str, str]) -> None:
    row = text_row("ray-proxy", f"INFO 2026-11-23 18:57:50,820 {before} -- {message}")
    assert {key: row.get(key) for key in wanted} == wanted
    assert row.get("request_id") in ("req-1", None)


@pytest.mark.parametrize(("record", "reason"), [
    (PROXY | {"message": "Got updated endpoints: {}."}, "a message of the server"),
    (PROXY | {"message": "Request failed: \u001b[36mray::x()\n  File \"a.py\", line 1"}, "a message of the server"),
    (PROXY | {"message": ""}, "a message of the server"),
    (PROXY | {"message": "GET /-/healthz 200 0.2ms", "route": "/-/healthz"}, "a check of health"),
    (REPLICA, "the same request, as the replica has it"),
])
def test_that_other_messages_are_ignored_with_their_reason(record: dict[str, Any], reason: str) -> None:
    rows, found = cut("ray-proxy", line(PROXY) + line(record))
    assert (len(rows), dict(found.ignored), found.bad) == (1, {reason: 1}, [])


def test_that_calls_between_deployments_are_no_requests() -> None:
    rows, found = cut("ray-replica", line(REPLICA) + line(REPLICA, message="CALL /predict OK 8.1ms") +
                      line(REPLICA, message="CALL __call__ OK 8.1ms") + line(PROXY))
    assert (len(rows), dict(found.ignored)) == (
        1, {"a call between deployments": 2, "the same request, as the proxy has it": 1})


def test_that_tracebacks_between_lines_of_text_are_ignored() -> None:
    rows, found = cut("ray-replica", f"{TEXT_REPLICA}\nERROR 2026-11-23 18:57:50,815 ctr_CTR ox4fih1v req-1 -- Request "
                      "failed.\nTraceback (most recent call last):\n  File \"a.py\", line 1\nRuntimeError: <b>no</b>\n"
                      f"{TEXT_REPLICA.replace('200', '500')}\n", kind=FileFormat.LINES)
    assert [row["status"] for row in rows] == ["200", "500"]
    assert dict(found.ignored) == {"a message of the server": 1, "a traceback or other output": 3}


@pytest.mark.parametrize("torn", [TEXT[:20] + " x", TEXT[:40], TEXT[:-2], TEXT[:-12], TEXT[30:]])
def test_that_torn_text_is_set_aside(torn: str) -> None:
    rows, found = cut("ray-proxy", f"{TEXT}\n{torn}\n", kind=FileFormat.LINES)
    if torn.startswith(TEXT[:20] + " x"):
        assert dict(found.ignored) == {"a traceback or other output": 1}      # nothing of the form is left in it
    else:
        assert (len(rows), [bad.raw for bad in found.bad]) == (1, [torn])


@pytest.mark.parametrize("torn", [line(PROXY)[:100], line(PROXY)[50:-1], "[1]", "null", "plain"])
def test_that_a_torn_object_is_set_aside(torn: str) -> None:
    rows, found = cut("ray-proxy", f"{line(PROXY)}{torn}\n")
    assert len(rows) == 1
    assert [bad.raw for bad in found.bad] == [torn] if torn not in ("[1]", "null") else True
    assert len(found.bad) + sum(found.ignored.values()) == 1


@pytest.mark.parametrize("changes", [
    {"timestamp_ns": None}, {"timestamp_ns": "soon"}, {"timestamp_ns": 10**30}, {"route": {"a": 1}}, {"route": ...},
    {"request_id": None}, {"component_id": ["x"]}, {"message": "POST /" + "x" * 10_000 + " 200 1.0ms"},
])
def test_that_odd_values_stay_rows(changes: dict[str, Any]) -> None:
    rows, found = cut("ray-proxy", line(PROXY, **changes))
    assert (len(rows), found.bad) == (1, [])
    if "timestamp_ns" in changes:
        assert rows[0]["time"] == "2026-11-23 18:49:22,469"


def test_that_they_are_told_from_each_other_and_from_other_text() -> None:
    assert known_as(line(PROXY) * 3) == "ray-proxy"
    assert known_as(line(REPLICA) * 3) == "ray-replica"
    assert known_as(f"{TEXT}\n" * 3) == "ray-proxy"
    assert known_as(f"{TEXT_REPLICA}\n" * 3) == "ray-replica"
    assert known_as("INFO 2026-11-23 18:57:50,820 app main -- Started\n" * 3) == ""
    for text in ("ts,latency_ms\n2026-03-02T12:00:00Z,5\n", line(PROXY, component_name=...) * 3,
                 '{"timestamp_ns": 1795459762469370194, "message": "x", "value": 2}\n' * 3):
        assert known_as(text) == ""


def test_that_a_log_without_requests_is_left_until_some_come(tmp_path: Path) -> None:
    (tmp_path / "controller_1.log").write_text(line(PROXY, component_name="controller", message="Starting proxy") * 3)
    with pytest.raises(NoLogs, match="so far it holds no request"):
        discover(tmp_path, SilentJob())


@pytest.mark.parametrize(("proxy", "replica"), [
    (line(PROXY) + line(PROXY, request_id="req-2", message="POST /predict 500 8.5ms"),
     line(REPLICA) + line(REPLICA, request_id="req-2", message="POST /predict 500 7.5ms", replica="other")),
    (f"{TEXT}\n{TEXT.replace('req-1', 'req-2')}\nTraceback (most recent call last):\n",
     f"{TEXT_REPLICA}\n{TEXT_REPLICA.replace('req-1', 'req-2').replace('ox4fih1v', 'other')}\n"),
])
def test_that_proxy_and_replica_are_one_event(tmp_path: Path, proxy: str, replica: str) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "proxy_192.0.2.2.log").write_text(proxy)
    (folder / "replica_ctr_CTR_ox4fih1v.log").write_text(replica)
    ws, report = loaded(folder, tmp_path / "w.pilot")
    assert report.events == 2
    assert set(zip(column(ws, "ray-proxy", "request_id"), column(ws, "ray-proxy", "replica"), strict=True)) == {
        ("req-1", "ox4fih1v"), ("req-2", "other")}
    ws.close()


def test_that_a_growing_log_is_followed_by_whole_lines(tmp_path: Path) -> None:
    log = Followed(tmp_path, "proxy.log", f"{TEXT}\n" * 30)
    assert [log.add(TEXT[:75]), log.add(TEXT[75:] + "\nTraceback (most recent call last):\n")] == [0, 1]
    log.again()
    assert log.add(f"  File\n{TEXT}\n") == 1
    assert len(column(log.ws, "ray-proxy", "latency_ms")) == 32
    log.stop()


def test_that_the_real_folder_counts_each_request_once(shared_logs: Path, tmp_path: Path) -> None:
    truth = json.loads((shared_logs.parent / "truth.json").read_text())["format-ray-serve"]
    ws, report = loaded(shared_logs / "format-ray-serve", tmp_path / "w.pilot")
    assert (report.events, report.rows_quarantined) == (truth["proxy"]["requests"], 0)
    for name in ("proxy", "replica"):
        said, stream = truth[name], f"ray-{name}"
        status = column(ws, stream, "status")
        assert {str(int(each)): status.count(each) for each in set(status)} == said["status"]
        latency = sorted(column(ws, stream, "latency_ms"))
        assert len(latency) == said["requests"]
        assert sum(latency) / len(latency) == pytest.approx(said["latency_ms"]["mean"], abs=5e-5)
        at = 0.95 * (len(latency) - 1)
        low, high = latency[int(at)], latency[int(at) + 1]
        assert low + (high - low) * (at % 1) == pytest.approx(said["latency_ms"]["p95"], abs=5e-4)
        assert (latency[867] + latency[868]) / 2 == pytest.approx(said["latency_ms"]["p50"])
    assert set(column(ws, "ray-proxy", "application")) == {"ctr"}
    assert roles(ws, "ray-proxy") == {
        "time": "timestamp", "status": "status", "latency_ms": "latency", "request_id": "request_id",
        "application": "model", "replica": "host"}
    ws.close()
