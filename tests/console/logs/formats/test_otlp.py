"""Exports of OpenTelemetry: which spans are requests, what their children add, and metrics and logs in their shapes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from console.jobs import SilentJob
from console.logs import formats
from console.logs.discover import discover
from console.logs.follow import Follower
from console.logs.formats.form import LogFormat
from console.logs.formats.otlp import OtlpTraces
from console.logs.formats.otlp_logs import OtlpLogs
from console.logs.formats.otlp_metrics import OtlpMetrics
from console.logs.load import load_folder
from console.logs.plan import Compression, FileFormat, FilePlan
from console.logs.records import Cut
from console.roles import Role, StreamKind
from console.store import Workspace

START = 1773043209496054272
RESOURCE = {"service.name": "assist", "service.version": "2.4.1", "k8s.pod.name": "assist-a", "telemetry.sdk.name": "x"}


def attributes(values: dict[str, Any]) -> list[dict[str, Any]]:
    kinds = {bool: "boolValue", int: "intValue", float: "doubleValue", str: "stringValue"}
    found = []
    for key, value in values.items():
        if isinstance(value, list):
            found.append({"key": key, "value": {"arrayValue": {"values": [{kinds[type(e)]: e} for e in value]}}})
        else:
            text = str(value) if type(value) is int else value
            found.append({"key": key, "value": {kinds[type(value)]: text}})
    return found


def export(signal: str, scope: str, items: str, *each: Any, resource: dict[str, Any] = RESOURCE) -> str:
    return json.dumps({signal: [{"resource": {"attributes": attributes(resource)},
                                 scope: [{"scope": {"name": "s"}, items: list(each)}]}]}) + "\n"


def span(trace: str, kind: Any, values: dict[str, Any], *, parent: str = "", ms: int = 5,
         **more: Any) -> dict[str, Any]:
    return {"traceId": trace, "spanId": "s" + str(kind), "parentSpanId": parent, "name": "n", "kind": kind,
            "startTimeUnixNano": str(START), "endTimeUnixNano": str(START + ms * 1_000_000 + 250_000),
            "attributes": attributes(values), "status": {}, **more}


def spans(*each: Any) -> str:
    return export("resourceSpans", "scopeSpans", "spans", *each)


def cut(form: LogFormat, text: str) -> tuple[Cut, list[dict[str, Any]]]:
    """The cut, and its rows by name without what is missing."""
    cutter = form.cutter(FilePlan("x.jsonl", FileFormat.JSON_LINES, Compression.NONE, 0, 0, ()))
    try:
        found = cutter.cut(text.encode(), final=True)
        names = list(cutter.keys)
        return found, [{names[int(key)] if key.isdigit() else key: value for key, value in row.items()
                        if value is not None} for table in found.tables for row in table.to_pylist()]
    finally:
        cutter.close()


# ------------------------------------------------------------------ traces

def test_that_a_server_span_is_a_row_with_all_that_is_known_of_it() -> None:
    _, rows = cut(OtlpTraces(), spans(span("t1", 2, {
        "http.request.method": "POST", "http.route": "/chat", "http.response.status_code": 200, "ok": True, "x": 1.5,
        "tags": ["a", "b"]})))
    assert rows == [{
        "trace_id": "t1", "span_id": "s2", "name": "n", "kind": "server", "start_time": str(START),
        "duration_ms": "5.25", "status": "200", "host": "assist-a", "http.request.method": "POST",
        "http.route": "/chat", "http.response.status_code": "200", "ok": "true", "x": "1.5", "tags": '["a","b"]',
        "service.name": "assist", "service.version": "2.4.1", "k8s.pod.name": "assist-a", "_half": 0, "_record": 0}]


def test_that_a_model_call_is_a_half_and_every_other_child_is_left_out() -> None:
    found, rows = cut(OtlpTraces(), spans(
        span("t1", 2, {}), span("t1", 3, {"gen_ai.usage.output_tokens": 7}, parent="s2"),
        span("t1", 1, {"gen_ai.agent.name": "a"}, parent="s2"),
        span("t1", 3, {"db.system": "postgresql"}, parent="s2"), span("t1", 1, {}, parent="s2"),
        span("t1", 4, {}), span("t2", 1, {"job": "nightly"}), span("t3", 3, {"db.system": "redis"}),
        span("t4", "SPAN_KIND_SERVER", {}), span("t5", 5, {})))
    assert [(row["trace_id"], row["kind"], row["_half"]) for row in rows] == [
        ("t1", "server", 0), ("t1", "client", 1), ("t1", "internal", 1), ("t2", "internal", 1), ("t4", "server", 0),
        ("t5", "consumer", 0)]
    assert (found.records, found.rows, found.ignored) == (10, 6, {"child span": 4})


@pytest.mark.parametrize(("code", "status", "expected"), [
    (200, {}, "200"), (404, {}, "404"), (503, {"code": 2}, "503"), (200, {"code": 2}, "error"),
    (None, {"code": "STATUS_CODE_ERROR", "message": "no"}, "error"), (None, {}, "ok"), (None, {"code": 1}, "ok")])
def test_that_a_request_ended_as_its_response_and_its_span_say(code: int | None, status: Any, expected: str) -> None:
    values = {} if code is None else {"http.status_code": code}
    _, rows = cut(OtlpTraces(), spans(span("t", 2, values, status=status)))
    assert rows[0]["status"] == expected


def test_that_old_names_become_new_ones_and_the_new_one_wins() -> None:
    _, rows = cut(OtlpTraces(), spans(span("t", 2, {
        "http.method": "GET", "http.status_code": 200, "gen_ai.system": "vllm", "gen_ai.usage.prompt_tokens": 3,
        "gen_ai.usage.completion_tokens": 4, "gen_ai.usage.input_tokens": 5, "db.statement": "select",
        "service.name": "of the span"})))
    assert rows[0].items() >= {"http.request.method": "GET", "http.response.status_code": "200", "status": "200",
                               "gen_ai.provider.name": "vllm", "gen_ai.usage.input_tokens": "3",
                               "gen_ai.usage.output_tokens": "4", "db.query.text": "select",
                               "service.name": "of the span"}.items()
    assert not [name for name in rows[0] if "prompt" in name or name == "http.method"]


@pytest.mark.parametrize(("values", "answer"), [
    ({"gen_ai.usage.output_tokens": 3}, "text"), ({"gen_ai.usage.output_tokens": 0}, None), ({}, None),
    ({"gen_ai.usage.output_tokens": 9, "gen_ai.response.finish_reasons": ["tool_calls"]}, "tool calls")])
def test_that_an_empty_answer_is_a_missing_prediction(values: dict[str, Any], answer: str | None) -> None:
    _, rows = cut(OtlpTraces(), spans(span("t", 3, {"gen_ai.system": "x", **values})))
    assert rows[0].get("prediction") == answer


def test_that_hostile_spans_are_set_aside_alone() -> None:
    long = "ü" * 10_000
    text = (spans(span("t1", 2, {"note": long, "<b>&": "<script>"}))
            + spans(5, None, [], "x", {"traceId": ["a"]}, span("", 2, {}), span("t2", 2, {}, attributes={"key": 1}))
            + '{"resourceSpans": {}}\n{"resourceSpans": []}\n{"resourceSpans": [7]}\n'
            + '{"resourceSpans": [{"scopeSpans": null}]}\n{"other": 1}\nnot json\n\n[1]\n'
            + spans(span("t3", {"a": 1}, {"n": 2**63 - 1}, endTimeUnixNano="soon", attributes=[
                {"key": "n", "value": {"intValue": "9223372036854775807"}}, {"value": {"stringValue": "x"}},
                {"key": "same", "value": {"boolValue": True}}, {"key": "same", "value": {"boolValue": False}},
                {"key": "nan", "value": {"doubleValue": "NaN"}}, {"key": "none", "value": {}}, 3])))
    found, rows = cut(OtlpTraces(), text)
    assert [(row["trace_id"], row.get("start_time")) for row in rows] == [
        ("t1", str(START)), ('["a"]', None), ("t2", str(START)), ("t3", str(START))]
    assert rows[0]["note"] == long and rows[0]["<b>&"] == "<script>"
    assert {name: rows[3].get(name) for name in ("n", "same", "nan", "none", "duration_ms")} == {
        "n": "9223372036854775807", "same": "true", "nan": "NaN", "none": None, "duration_ms": None}
    assert found.ignored == {"an export of nothing": 3, "blank line": 1}
    assert [(bad.line, bad.reason) for bad in found.bad] == [
        *[(1, "no span" if each == 1 else "a span without a trace") for each in range(5)],
        (2, "no export of spans"), (6, "no export of spans"), (7, "not valid JSON"), (9, "no export of spans")]
    assert found.records == found.rows + len(found.bad) + sum(found.ignored.values())


def test_that_an_attribute_without_end_is_set_aside() -> None:
    found, rows = cut(OtlpTraces(), spans(span("t", 2, {f"a{n}": n for n in range(3000)}), span("u", 2, {})))
    assert [row["trace_id"] for row in rows] == ["u"]
    assert [bad.reason for bad in found.bad] == ["more than 2000 attributes"]


def test_that_what_a_folder_of_spans_holds_is_counted_once(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "traces.jsonl").write_text("".join(
        spans(span(f"t{n}", 3, {"gen_ai.request.model": "m", "gen_ai.response.model": "m-2", "gen_ai.system": "v",
                                "gen_ai.usage.input_tokens": 10 + n, "gen_ai.usage.output_tokens": n}, parent="s2"),
              span(f"t{n}", 2, {"http.response.status_code": 503 if n == 3 else 200}, ms=n)) for n in range(5))
        + spans(span("alone", 3, {"gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 1, "gen_ai.system": "v"})))
    plan = discover(logs, SilentJob())
    stream, = plan.streams
    assert (stream.name, stream.kind, stream.half_of, stream.answers) == (
        "otlp-traces", StreamKind.REQUESTS, "otlp-traces", False)
    assert {column.role: column.name for column in stream.columns if column.role} == {
        Role.REQUEST_ID: "trace_id", Role.TIMESTAMP: "start_time", Role.LATENCY: "duration_ms", Role.STATUS: "status",
        Role.HOST: "host", Role.PREDICTION: "prediction", Role.MODEL: "gen_ai.request.model",
        Role.MODEL_VERSION: "gen_ai.response.model", Role.INPUT_TOKENS: "gen_ai.usage.input_tokens",
        Role.OUTPUT_TOKENS: "gen_ai.usage.output_tokens"}
    ws = Workspace.open(tmp_path / "w.pilot", folder=logs)
    report = load_folder(plan, ws, SilentJob())
    assert (report.events, report.rows_read, report.rows_loaded) == (6, 11, 11)
    found = ws.cursor().execute("SELECT request_id, model, model_version, latency_ms, failed, prediction FROM events "
                                "ORDER BY request_id").fetchall()
    assert found == [("alone", "m", None, 5.25, False, None),
                     *[(f"t{n}", "m", "m-2", n + 0.25, n == 3, "text" if n else None) for n in range(5)]]
    # a torn export waits for its rest
    follower = Follower(logs, ws, plan)
    line = spans(span("later", 2, {"http.response.status_code": 200}))
    for piece in (line[:200], line[200:]):
        with (logs / "traces.jsonl").open("a") as file:
            file.write(piece)
        follower.poll(SilentJob())
    follower.close()
    assert ws.cursor().execute("SELECT count(*) FROM events").fetchall() == [(7,)]
    assert ws.totals().rows_quarantined == 0
    ws.close()


# ------------------------------------------------------------------ metrics

def metrics(*each: Any) -> str:
    return export("resourceMetrics", "scopeMetrics", "metrics", *each)


def samples(*each: Any) -> list[tuple[Any, ...]]:
    return [(row["metric"], row["kind"], row["value"]) for row in cut(OtlpMetrics(), metrics(*each))[1]]


def point(**more: Any) -> dict[str, Any]:
    return {"timeUnixNano": str(START), **more}


def test_that_points_become_samples_with_their_kind() -> None:
    assert samples(
        {"name": "cpu", "unit": "1", "gauge": {"dataPoints": [point(asDouble=0.25), point(asInt="9007199254740993")]}},
        {"name": "sent", "sum": {"dataPoints": [point(asInt="5")], "aggregationTemporality": 2, "isMonotonic": True}},
        {"name": "new", "sum": {"dataPoints": [point(asInt=5)], "aggregationTemporality": 1, "isMonotonic": True}},
        {"name": "open", "sum": {"dataPoints": [point(asInt="5")], "aggregationTemporality":
                                 "AGGREGATION_TEMPORALITY_CUMULATIVE"}}) == [
        ("cpu", "gauge", "0.25"), ("cpu", "gauge", "9007199254740993"), ("sent", "counter", "5"),
        ("new", "delta", "5"), ("open", "gauge", "5")]


def test_that_a_histogram_becomes_running_counts() -> None:
    whole = point(count="6", sum=7.5, bucketCounts=["1", "0", "3", "2"], explicitBounds=[0.01, 2.5, 10])
    assert samples({"name": "d", "histogram": {"dataPoints": [whole], "aggregationTemporality": 2}}) == [
        ("d_count", "counter", "6"), ("d_sum", "counter", "7.5"), ('d_bucket{le="0.01"}', "counter", "1"),
        ('d_bucket{le="2.5"}', "counter", "1"), ('d_bucket{le="10"}', "counter", "4"),
        ('d_bucket{le="+Inf"}', "counter", "6")]
    assert samples({"name": "d", "histogram": {"dataPoints": [point(count="6", sum=7.5)],
                                               "aggregationTemporality": 1}}) == [
        ("d_count", "delta", "6"), ("d_sum", "delta", "7.5")]
    assert samples({"name": "e", "exponentialHistogram": {"dataPoints": [point(count="2", sum=3, scale=1)],
                                                          "aggregationTemporality": 2}}) == [
        ("e_count", "counter", "2"), ("e_sum", "counter", "3")]
    assert samples({"name": "q", "summary": {"dataPoints": [point(
        count="2", sum=3, quantileValues=[{"quantile": 0.5, "value": 1.25}, {"quantile": 1, "value": 2}])]}}) == [
        ("q_count", "counter", "2"), ("q_sum", "counter", "3"), ('q{quantile="0.5"}', "gauge", "1.25"),
        ('q{quantile="1"}', "gauge", "2")]


def test_that_a_sample_knows_its_model_host_and_labels() -> None:
    _, rows = cut(OtlpMetrics(), metrics({"name": "tokens", "unit": "{token}", "gauge": {"dataPoints": [
        point(asInt=5, attributes=attributes({"gen_ai.request.model": "m", "gen_ai.token.type": "input"})),
        point(asInt=6)]}}))
    assert rows == [
        {"timestamp": str(START), "metric": "tokens", "kind": "gauge", "value": "5", "unit": "{token}",
         "service": "assist", "model": "m", "host": "assist-a",
         "labels": '{"gen_ai.request.model":"m","gen_ai.token.type":"input"}', "_record": 0},
        {"timestamp": str(START), "metric": "tokens", "kind": "gauge", "value": "6", "unit": "{token}",
         "service": "assist", "model": "assist", "model_version": "2.4.1", "host": "assist-a", "_record": 1}]


def test_that_hostile_metrics_are_set_aside_or_counted() -> None:
    found, rows = cut(OtlpMetrics(), metrics(
        5, {"name": "none"}, {"name": "empty", "gauge": {"dataPoints": []}},
        {"gauge": {"dataPoints": [point(asInt=1)]}},
        {"name": "flag", "gauge": {"dataPoints": [point(flags=1), point(asDouble="x"), {"asInt": "1"}, 7]}},
        {"name": "good", "gauge": {"dataPoints": [point(asDouble="NaN")]}})
        + '{"resourceMetrics": []}\n{"resourceMetrics": 1}\n{}\n')
    assert [(row["metric"], row["value"], row.get("timestamp")) for row in rows] == [
        ("flag", "1", None), ("good", "NaN", str(START))]
    assert found.ignored == {"a point without a value": 4, "an export of nothing": 1}
    assert [bad.reason for bad in found.bad] == [
        "no metric", "a metric without a name", "its value is no number", "no export of metrics",
        "no export of metrics"]
    assert found.records == found.rows + len(found.bad) + sum(found.ignored.values())


def test_that_increases_come_from_cumulative_points(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "metrics.jsonl").write_text("".join(metrics(
        {"name": "sent", "sum": {"dataPoints": [{"timeUnixNano": str(START + n * 10**9), "asInt": str(value)}],
                                 "aggregationTemporality": 2, "isMonotonic": True}}
    ) for n, value in enumerate([5, 8, 2])))
    ws = Workspace.open(tmp_path / "w.pilot", folder=logs)
    load_folder(discover(logs, SilentJob()), ws, SilentJob())
    assert ws.cursor().execute("SELECT value, increase FROM samples ORDER BY ts").fetchall() == [
        (5, None), (8, 3), (2, 2)]
    ws.close()


# ------------------------------------------------------------------ logs

def records(*each: Any) -> str:
    return export("resourceLogs", "scopeLogs", "logRecords", *each)


def test_that_only_records_which_end_a_request_are_read() -> None:
    found, rows = cut(OtlpLogs(), records(
        {"timeUnixNano": str(START), "severityText": "INFO", "body": {"stringValue": "started"}, "attributes": []},
        {"timeUnixNano": "0", "observedTimeUnixNano": str(START), "severityNumber": 17, "traceId": "t",
         "body": {"stringValue": "POST /x"}, "attributes": attributes({"http.status_code": 500})},
        {"timeUnixNano": str(START), "severityText": "ERROR", "eventName": "gen_ai.choice",
         "body": {"kvlistValue": {"values": []}}, "attributes": attributes({"gen_ai.usage.prompt_tokens": 3})}, 5))
    assert rows == [
        {"trace_id": "t", "time": str(START), "severity": "17", "status": "500", "body": "POST /x",
         "host": "assist-a", "http.response.status_code": "500", "service.name": "assist",
         "service.version": "2.4.1", "k8s.pod.name": "assist-a", "_record": 1},
        {"time": str(START), "severity": "ERROR", "status": "error", "event": "gen_ai.choice",
         "body": '{"kvlistValue":{"values":[]}}', "host": "assist-a", "gen_ai.usage.input_tokens": "3",
         "service.name": "assist", "service.version": "2.4.1", "k8s.pod.name": "assist-a", "_record": 2}]
    assert found.ignored == {"a log record of no request": 1}
    assert [bad.reason for bad in found.bad] == ["no log record"]


# ------------------------------------------------------------------ recognition

@pytest.mark.parametrize(("text", "name"), [
    (spans(span("t", 2, {})), "otlp-traces"), (metrics({"name": "a"}), "otlp-metrics"), (records({}), "otlp-logs"),
    ('{"resource": "x", "spans": []}\n', ""), ('{"ts": "2026-03-02T10:00:00Z", "latency_ms": 5}\n' * 3, "")])
def test_that_exports_are_recognised_by_the_key_around_them(text: str, name: str) -> None:
    known = formats.recognise(formats.look_at_text("x.json", text, whole=True))
    assert (known[0].name if known else "") == name


def test_that_logs_about_no_request_are_left_alone_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "app.jsonl").write_text(records({"timeUnixNano": str(START), "attributes": []}) * 3)
    (tmp_path / "traces.jsonl").write_text(spans(span("t", 2, {})))
    plan = discover(tmp_path, SilentJob())
    assert [stream.name for stream in plan.streams] == ["otlp-traces"]
    assert [(each.path, each.rejected) for each in plan.refused] == [("app.jsonl", False)]
    assert "OpenTelemetry logs" in plan.refused[0].reason and "no request" in plan.refused[0].reason


# ------------------------------------------------------------------ lines of many megabytes

def of_bytes(count: int, size: int, first: int = 0) -> str:
    """One export of so many requests in about so many bytes."""
    pad = "x" * (size // count - 500)
    return spans(*(span(f"{first + number:032x}", 2, {"http.response.status_code": 200, "input.age": 30.5, "note": pad})
                   for number in range(count)))


def test_that_a_line_of_20_mb_is_recognised_and_cut(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    text = of_bytes(8192, 20 << 20) + spans(span("f" * 32, 2, {"http.response.status_code": 500}))
    assert text.index("\n") > 18 << 20
    (folder / "traces.jsonl").write_text(text)
    plan = discover(folder, SilentJob())
    assert [(stream.name, len(stream.files)) for stream in plan.streams] == [("otlp-traces", 1)]
    ws = Workspace.open(tmp_path / "w.pilot", folder=folder)
    report = load_folder(plan, ws, SilentJob(), live_s=0)
    [(failed,)] = ws.execute_readonly("SELECT count(*) FILTER (failed) FROM events")
    [(ages,)] = ws.execute_readonly(f"SELECT count(\"input.age\") FROM {ws.streams()[0].table}")
    ws.close()
    assert (report.events, report.rows_quarantined) == (8193, 0)
    assert (failed, ages) == (1, 8192)


def test_that_a_line_beyond_what_its_form_allows_is_set_aside_alone(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OtlpTraces, "line_bytes", 9 << 20)
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "traces.jsonl").write_text(of_bytes(4, 4000) + of_bytes(40, 10 << 20, 10) + of_bytes(30, 17 << 19, 100)
                                         + of_bytes(20, 12 << 20, 200) + of_bytes(2, 4000, 300))
    ws = Workspace.open(tmp_path / "w.pilot", folder=folder)
    report = load_folder(discover(folder, SilentJob()), ws, SilentJob(), live_s=0)
    reasons = ws.execute_readonly("SELECT reason, line FROM quarantine ORDER BY line")
    ws.close()
    assert (report.events, reasons) == (36, [("longer than 9 MB", 2), ("longer than 9 MB", 4)])


def test_that_a_first_line_beyond_all_limits_is_refused_in_words(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OtlpTraces, "line_bytes", 5 << 20)
    (tmp_path / "traces.jsonl").write_text(of_bytes(40, 6 << 20))
    (tmp_path / "other.jsonl").write_text(of_bytes(40, 4000))
    refused = discover(tmp_path, SilentJob()).refused
    assert [(each.path, each.reason) for each in refused] == [("traces.jsonl", "Its first line is longer than 5 MB")]
