"""BentoML's monitoring data and its server's log, alone and joined."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from console.jobs import SilentJob
from console.logs.discover import discover
from tests.console.logs.formats.by_hand import Followed, cells, column, cut, known_as, loaded, roles

LINE = ("2026-11-23T18:36:27+0000 [INFO] [entry_service:click_model:1] 127.0.0.1:47722 (scheme=http,method=POST,"
        "path=/predict,type=application/json,length=80) (status=200,type=application/json,length=42) 67.358ms "
        "(trace=b16a09776af0715c5aa8c53b946a6711,span=5faf8e5120c24ec7,sampled=0,service.name=click_model)")
TRACE = 0xb16a09776af0715c5aa8c53b946a6711
RECORD: dict[str, Any] = {
    "age": 39.4, "device": "phone", "model_version": "ctr-v1", "click_probability": 0.108,
    "timestamp": "2026-11-23T18:36:27.588686", "request_id": "6894886033620618951", "trace_id": str(TRACE)}


def record(**changes: Any) -> str:
    return json.dumps({key: value for key, value in (RECORD | changes).items() if value is not ...}) + "\n"


def test_that_a_line_of_the_server_gives_its_cells() -> None:
    rows, _ = cut("bentoml-server", LINE + "\n")
    assert rows == [{
        "time": "2026-11-23T18:36:27+0000", "level": "INFO", "service": "click_model",
        "component": "entry_service:click_model:1", "client": "127.0.0.1:47722", "method": "POST", "path": "/predict",
        "status": "200", "latency_ms": "67.358", "request_length": "80", "response_length": "42",
        "trace": "b16a09776af0715c5aa8c53b946a6711", "span": "5faf8e5120c24ec7"}]


def test_that_older_lines_with_decimal_traces_are_read() -> None:
    rows, _ = cut("bentoml-server", "2022-06-28T18:07:35-0700 [INFO] [api_server] 127.0.0.1:37386 (scheme=http,"
                  "method=POST,path=/classify,type=application/json,length=20) "
                  "(status=200,type=application/json,length=3) 0.005ms "
                  "(trace=67131233608323295915755120473254509377,span=4151694932783368069,sampled=0)\n")
    assert cells(rows[0], "service", "latency_ms", "trace") == [
        None, "0.005", f"{67131233608323295915755120473254509377:032x}"]


@pytest.mark.parametrize(("line", "reason"), [
    (LINE.replace("POST", "GET").replace("/predict", "/healthz"), "a check of health"),
    (LINE.replace("entry_service", "runner").replace("127.0.0.1:47722", "_"), "a call within the server"),
    (LINE.replace("entry_service", "service"), "a call within the server"),
    ('2026-11-23T18:36:21+0000 [INFO] [cli] Starting production HTTP BentoServer (Press CTRL+C)',
     "a message of the server"),
    ("2026-11-23T18:36:21+0000 [ERROR] [entry_service:click_model:1] Exception on /predict [POST] (trace=1,span=2)",
     "a message of the server"),
    ("Traceback (most recent call last):", "a traceback or other output"),
    ('  File "/app/service.py", line 12, in predict', "a traceback or other output"),
    ("RuntimeError: <b>feature store timed out</b>", "a traceback or other output"),
])
def test_that_what_is_no_request_is_ignored_with_its_reason(line: str, reason: str) -> None:
    rows, found = cut("bentoml-server", f"{LINE}\n{line}\n")
    assert (len(rows), dict(found.ignored), found.bad) == (1, {reason: 1}, [])


@pytest.mark.parametrize("line", [LINE[:40], LINE[:120], LINE[:230], LINE[70:], LINE[180:],
                                  LINE.replace("67.358", "soon")])
def test_that_a_torn_request_is_set_aside(line: str) -> None:
    rows, found = cut("bentoml-server", f"{LINE}\n{line}\n{LINE}\n")
    assert (len(rows), [(bad.line, bad.raw) for bad in found.bad]) == (2, [(1, line)])


def test_that_a_record_of_the_monitor_has_its_trace_in_hex() -> None:
    rows, _ = cut("bentoml-monitor", record())
    assert rows == [{"age": "39.4", "device": "phone", "model_version": "ctr-v1", "click_probability": "0.108",
                     "timestamp": "2026-11-23T18:36:27.588686", "request_id": "6894886033620618951",
                     "trace_id": str(TRACE), "trace": f"{TRACE:032x}"}]


@pytest.mark.parametrize(("value", "trace"), [
    (str(2**128 - 1), "f" * 32), ("1", "0" * 31 + "1"), (7, "0" * 31 + "7"), ("0", None), ("", None), (None, None),
    ("-5", None), (str(2**128), None), ("b16a", None), ([1], None), ({"a": 1}, None), ("9" * 10_000, None), (..., None),
])
def test_that_odd_traces_are_no_ids(value: Any, trace: str | None) -> None:
    rows, found = cut("bentoml-monitor", record() + record(trace_id=value))
    assert (found.bad, rows[1]["trace"]) == ([], trace)


def test_that_what_is_no_object_is_set_aside() -> None:
    rows, found = cut("bentoml-monitor", record() + "[1]\n" + record()[:50] + "\n" + record(age={"a": 1}, device=None))
    assert (len(rows), [bad.line for bad in found.bad]) == (2, [1, 2])
    assert cells(rows[1], "age", "device") == ['{"a":1}', None]


def test_that_they_are_told_from_other_text() -> None:
    assert known_as(f"{LINE}\n" * 3) == "bentoml-server"
    assert known_as(record() * 3) == "bentoml-monitor"
    for text in ("2026-11-23T18:36:21+0000 [INFO] [cli] hello\n" * 3, record(trace_id="b16a0977") * 3,
                 record(request_id=...) * 3, record(timestamp=...) * 3, "ts,latency_ms\n2026-03-02T12:00:00Z,5\n"):
        assert known_as(text) == ""


def monitor(folder: Path, *columns: tuple[str, str, str], text: str = "") -> None:
    (folder / "schema").mkdir(parents=True)
    (folder / "data").mkdir()
    (folder / "data" / "data.1.log").write_text(text)
    (folder / "schema" / "schema.1.log").write_text(json.dumps({
        "meta_data": {"bento_name": "x", "bento_version": "1"},
        "columns": [{"name": name, "role": role, "type": kind} for name, role, kind in columns]}) + "\n")


def test_that_the_schema_beside_the_data_gives_roles_and_types(tmp_path: Path) -> None:
    records = "".join(record(status=200 + n % 3, zip=str(n), vector=[1, n], answer=f"a{n % 2}", bought=n % 2,
                             request_id=str(n)) for n in range(40))
    monitor(tmp_path / "monitoring" / "m", ("age", "feature", "numerical"), ("status", "feature", "numerical"),
            ("zip", "feature", "categorical"), ("vector", "feature", "numerical_sequence"),
            ("model_version", "feature", "categorical"), ("answer", "prediction", "categorical"),
            ("bought", "target", "numerical"), text=records)
    plan = discover(tmp_path, SilentJob())
    found = {each.name: (each.role.value if each.role else None, each.type.value) for each in plan.streams[0].columns}
    assert {name: kind for name, kind in found.items() if name in (
        "age", "status", "zip", "vector", "model_version", "answer", "bought", "trace", "request_id", "timestamp")} == {
        "age": ("feature", "number"), "status": ("feature", "number"), "zip": ("feature", "text"),
        "vector": (None, "text"), "model_version": ("model_version", "text"), "answer": ("prediction", "text"),
        "bought": ("label", "number"), "trace": ("request_id", "text"), "request_id": (None, "text"),
        "timestamp": ("timestamp", "time")}
    assert [each.reason for each in plan.refused] == ["It is the schema of BentoML's monitoring, no log"]


@pytest.mark.parametrize("schema", ["", "{", "[]", '{"columns": 5}',
                                    '{"columns": [1, {"name": 2}, {"role": "feature"}]}'])
def test_that_a_broken_schema_is_no_schema(tmp_path: Path, schema: str) -> None:
    monitor(tmp_path / "m", text=record() * 30)
    (tmp_path / "m" / "schema" / "schema.1.log").write_text(schema)
    stream = discover(tmp_path, SilentJob()).streams[0]
    assert {each.role.value for each in stream.columns if each.name == "age" and each.role} == {"feature"}


def test_that_monitor_and_server_are_one_event(tmp_path: Path) -> None:
    monitor(tmp_path / "logs" / "m", ("age", "feature", "numerical"), text=record() + record(trace_id="77", age=None))
    other = LINE.replace("b16a09776af0715c5aa8c53b946a6711", "0" * 30 + "4d").replace("67.358", "5.5")
    failed = LINE.replace("b16a0977", "00000000").replace("status=200", "status=500")
    (tmp_path / "logs" / "server.log").write_text(f"{LINE}\n{other}\n{failed}\n")
    ws, report = loaded(tmp_path / "logs", tmp_path / "w.pilot")
    assert report.events == 3
    rows = zip(*(column(ws, "bentoml-server", name) for name in ("latency_ms", "age", "device", "status")), strict=True)
    assert set(rows) == {(5.5, None, "phone", 200), (67.358, None, None, 500), (67.358, 39.4, "phone", 200)}
    ws.close()


def test_that_each_alone_is_a_stream_of_events(tmp_path: Path) -> None:
    monitor(tmp_path / "a" / "m", text=record() * 30)
    ws, report = loaded(tmp_path / "a", tmp_path / "a.pilot")
    assert report.events == 30
    ws.close()
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "server.log").write_text(f"{LINE}\n" * 30)
    ws, report = loaded(tmp_path / "b", tmp_path / "b.pilot")
    assert report.events == 30
    assert roles(ws, "bentoml-server") == {"time": "timestamp", "service": "model", "status": "status",
                                           "latency_ms": "latency", "trace": "request_id"}
    ws.close()


def test_that_a_growing_log_is_followed_by_whole_lines(tmp_path: Path) -> None:
    log = Followed(tmp_path, "server.log", f"{LINE}\n" * 30)
    assert [log.add(LINE[:150]), log.add(LINE[150:] + "\nTraceback (most recent call last):\n")] == [0, 1]
    log.again()
    assert log.add(f"  File\n{LINE}\n") == 1
    assert len(column(log.ws, "bentoml-server", "latency_ms")) == 32
    log.stop()


def test_that_the_real_folder_is_joined(shared_logs: Path, tmp_path: Path) -> None:
    truth = json.loads((shared_logs.parent / "truth.json").read_text())["format-bentoml"]
    ws, report = loaded(shared_logs / "format-bentoml", tmp_path / "w.pilot")
    said = truth["access_log"]
    assert (report.events, report.rows_quarantined) == (truth["rows"], 0)
    latency = sorted(column(ws, "bentoml-server", "latency_ms"))
    assert sum(latency) / len(latency) == pytest.approx(said["latency_ms"]["mean"], abs=5e-5)
    assert (latency[1165] + latency[1166]) / 2 == pytest.approx(said["latency_ms"]["p50"])
    at = 0.95 * (len(latency) - 1)
    low, high = latency[int(at)], latency[int(at) + 1]
    assert low + (high - low) * (at % 1) == pytest.approx(said["latency_ms"]["p95"], abs=5e-4)
    status = column(ws, "bentoml-server", "status")
    assert {str(int(each)): status.count(each) for each in set(status)} == said["status"]
    for name, nulls in truth["nulls"].items():
        assert column(ws, "bentoml-server", name).count(None) == nulls
    for name, mean in truth["means"].items():
        values = [each for each in column(ws, "bentoml-server", name) if each is not None]
        assert sum(values) / len(values) == pytest.approx(mean, abs=5e-6)
        assert [min(values), max(values)] == truth["mins_maxs"][name]
    versions = column(ws, "bentoml-server", "model_version")
    assert {each: {"rows": versions.count(each)} for each in set(versions)} == truth["by_model_version"]
    assert roles(ws, "bentoml-server") == {
        "time": "timestamp", "service": "model", "status": "status", "latency_ms": "latency", "trace": "request_id",
        "age": "feature", "price": "feature", "device": "feature", "query_len": "feature_length",
        "model_version": "model_version", "click_probability": "score"}
    ws.close()
