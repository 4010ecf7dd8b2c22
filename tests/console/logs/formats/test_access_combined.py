"""Access logs of nginx and Apache: lines in the combined and the common form, and nginx's objects."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from console.jobs import SilentJob
from console.logs.discover import discover
from tests.console.logs.formats.by_hand import Followed, cells, column, cut, known_as, loaded, roles

HEAD = '203.0.113.9 - - [02/Mar/2026:12:00:42 +0000] '
INFER = HEAD + '"POST /v2/models/ctr/versions/1/infer HTTP/1.1" 200 60 "-" "okhttp/4.12.0"'


def test_that_a_combined_line_gives_its_cells() -> None:
    rows, _ = cut("access-log", '203.0.113.9 - ada [02/Mar/2026:12:00:42 -0530] "POST /invocations?a=1 HTTP/2.0" 503 - '
                  '"https://x.example/" "Mozilla/5.0 (\\"quoted\\")" 0.018 0.017\n')
    assert rows == [{
        "time": "2026-03-02T12:00:42-05:30", "client": "203.0.113.9", "user": "ada", "method": "POST",
        "path": "/invocations?a=1", "protocol": "HTTP/2.0", "status": "503", "bytes": None,
        "referer": "https://x.example/", "agent": 'Mozilla/5.0 (\\"quoted\\")', "request_time": "0.018",
        "upstream_response_time": "0.017", "upstream_attempts": "1", "request_id": None, "model": None,
        "model_version": None}]


def test_that_a_common_line_has_neither_referer_nor_agent_nor_latency() -> None:
    rows, _ = cut("access-log", HEAD + '"GET / HTTP/1.0" 200 5\n')
    assert cells(rows[0], "status", "bytes", "referer", "agent", "request_time", "user") == ["200", "5", *[None] * 4]


@pytest.mark.parametrize(("rest", "request_time", "upstream", "attempts"), [
    ("", None, None, None), (" 0.018", "0.018", None, None), (" 0.018 -", "0.018", None, None),
    (" 0.520 0.200, 0.310", "0.520", "0.51", "2"), (" 0.520 0.200 : 0.310, -", "0.520", "0.51", "3"),
    (' rt=1.250 uct="0.000" ', "1.250", "0.000", "1"), (' "x.example" 0.018 0.017 "a, b"', "0.018", "0.017", "1"),
    (" 408 0.012 [ns-svc-80] [] 10.0.0.1:8080 60 0.011 200 00ff", "0.012", "0.011", "1"),
    (" 10.123.4.5:80 0.012", "0.012", None, None), (" 1234", None, None, None), (" -", None, None, None),
])
def test_that_durations_behind_the_agent_are_told_from_other_fields(rest: str, request_time: str | None,
                                                                    upstream: str | None, attempts: str | None) -> None:
    rows, _ = cut("access-log", INFER + rest + "\n")
    assert cells(rows[0], "request_time", "upstream_response_time", "upstream_attempts") == [
        request_time, upstream, attempts]


def test_that_a_request_id_at_the_end_is_one() -> None:
    rows, _ = cut("access-log", INFER + ' 0.018 0.017 "241c584cbe85f588241c584cbe85f588"\n')
    assert rows[0]["request_id"] == "241c584cbe85f588241c584cbe85f588"


@pytest.mark.parametrize(("path", "model", "version"), [
    ("/v2/models/ctr/versions/1/infer", "ctr", "1"), ("/v2/models/ctr/infer", "ctr", None),
    ("/v1/models/ctr:predict", "ctr", None), ("/v1/models/ctr/versions/3:predict", "ctr", "3"),
    ("/v1/models/ctr/labels/stable:predict", "ctr", "stable"), ("/predictions/ctr/2.0", "ctr", "2.0"),
    ("/predictions/ctr?x=/9", "ctr", None), ("/gateway/ns/v2/models/ctr/infer", "ctr", None),
    ("/serving-endpoints/ctr/invocations", "ctr", None), ("/invocations", None, None), ("/", None, None),
    ("/blog/predictions/of/2026", None, None), ("/openai/deployments/small/chat/completions", "small", None),
])
def test_that_model_and_version_come_from_the_path(path: str, model: str | None, version: str | None) -> None:
    rows, _ = cut("access-log", HEAD + f'"POST {path} HTTP/1.1" 200 6 "-" "-"\n')
    assert cells(rows[0], "model", "model_version") == [model, version]


@pytest.mark.parametrize(("method", "path", "agent", "is_check"), [
    ("GET", "/ping", "x", True), ("GET", "/healthz", "x", True), ("HEAD", "/health", "x", True),
    ("GET", "/metrics", "x", True), ("GET", "/v2/health/live", "x", True), ("GET", "/v2/health/ready", "x", True),
    ("GET", "/v2/models/ctr/ready", "x", True), ("GET", "/healthz?verbose", "x", True),
    ("GET", "/", "kube-probe/1.29", True), ("GET", "/", "ELB-HealthChecker/2.0", True),
    ("GET", "/health/tips", "x", False), ("GET", "/pinguins", "x", False), ("POST", "/ping", "x", False),
    ("GET", "/metrics.html", "x", False), ("GET", "/", "about kube-probe/1.29", False),
])
def test_that_only_checks_of_health_are_left_out(method: str, path: str, agent: str, is_check: bool) -> None:
    rows, found = cut("access-log", HEAD + f'"{method} {path} HTTP/1.1" 200 6 "-" "{agent}"\n')
    assert (len(rows), dict(found.ignored)) == ((0, {"a check of health": 1}) if is_check else (1, {}))


@pytest.mark.parametrize("line", [
    HEAD + '"GET / HTTP/1.1" 200', HEAD + '"GET / HT', "203.0.113.9 - - [02/Mar/20",
    HEAD + '"GET / HTTP/1.1" 200 5 "-" "to',
    '203.0.113.9 - - [02/Foo/2026:12:00:42 +0000] "GET / HTTP/1.1" 200 5', "ordinary text", '{"status": 200}',
])
def test_that_a_torn_line_is_set_aside_with_its_text(line: str) -> None:
    rows, found = cut("access-log", f"{INFER}\n{line}\n{INFER}\n")
    assert len(rows) == 2
    assert [(bad.record, bad.line, bad.reason, bad.raw) for bad in found.bad] == [
        (1, 1, "no line of an access log", line)]


@pytest.mark.parametrize(("request_line", "method", "path"), [
    ("-", None, None), ("\\x16\\x03\\x01", None, "\\x16\\x03\\x01"), ("GET /", "GET", "/"),
    ("GET /<b>&amp;\\\" HTTP/1.1", "GET", "/<b>&amp;\\\""), ("get / http", None, "get / http"),
    ("GET /" + "a" * 10_000 + " HTTP/1.1", "GET", "/" + "a" * 10_000),
])
def test_that_odd_requests_are_rows(request_line: str, method: str | None, path: str | None) -> None:
    rows, _ = cut("access-log", HEAD + f'"{request_line}" 400 0 "-" "-"\n')
    assert cells(rows[0], "method", "path", "status") == [method, path, "400"]


def test_that_addresses_hosts_and_users_of_all_kinds_are_read() -> None:
    ends = '[02/Mar/2026:12:00:42 +0000] "GET / HTTP/1.1" 200 5\r\n'
    rows, _ = cut("access-log", f"2001:db8::1 - - {ends}a.example:443 203.0.113.9 - ada {ends}unix: - ada lovelace "
                  f"{ends}")
    assert [cells(row, "client", "user") for row in rows] == [
        ["2001:db8::1", None], ["203.0.113.9", "ada"], ["unix:", "ada lovelace"]]


def test_that_it_is_told_from_other_text() -> None:
    assert known_as(f"{INFER}\n" * 3) == "access-log"
    assert known_as(f"{INFER}\n" * 3 + '203.0.113.9 - - [02/Ma') == "access-log"
    for text in ("ts,latency_ms\n2026-03-02T12:00:00Z,5\n", '{"ts": "2026-03-02T12:00:00Z", "status": 200}\n',
                 f'ts,line\n2026-03-02T12:00:00Z,"{INFER[:20]}"\n', "INFO: hello\n"):
        assert known_as(text) == ""


def test_that_roles_stand_only_where_there_are_values(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "access.log").write_text((HEAD + '"GET / HTTP/1.1" 200 5 "-" "-"\n') * 30)
    ws, _ = loaded(tmp_path / "plain", tmp_path / "plain.pilot")
    assert roles(ws, "access-log") == {"time": "timestamp", "status": "status"}
    ws.close()
    (tmp_path / "timed").mkdir()
    (tmp_path / "timed" / "access.log").write_text(
        "".join(INFER.replace("- -", f"- u{n}", 1) + f" 0.0{n} 0.001\n".replace("0.0", "0.01", 1) for n in range(10)))
    ws, _ = loaded(tmp_path / "timed", tmp_path / "timed.pilot")
    assert roles(ws, "access-log") == {"time": "timestamp", "status": "status", "user": "user_id", "model": "model",
                                       "request_time": "latency", "model_version": "model_version"}
    ws.close()


def test_that_a_growing_log_is_followed_by_whole_lines(tmp_path: Path) -> None:
    log = Followed(tmp_path, "access.log", f"{INFER}\n" * 30)
    assert log.add(INFER[:90]) == 0
    assert log.add(INFER[90:] + "\n") == 1
    log.again()
    assert log.add(INFER + "\n" + INFER[:5]) == 1
    assert len(column(log.ws, "access-log", "status")) == 32
    log.stop()


def test_that_the_real_access_log_is_whole(shared_logs: Path, tmp_path: Path) -> None:
    truth = json.loads((shared_logs.parent / "truth.json").read_text())["access-log-combined"]
    ws, report = loaded(shared_logs / "access-log-combined", tmp_path / "w.pilot")
    assert (report.events, report.rows_quarantined, report.rows_ignored) == (truth["rows"], 0, 0)
    times = column(ws, "access-log", "time")
    assert [min(times), max(times)] == [datetime.fromisoformat(truth[each]).replace(tzinfo=None)
                                        for each in ("first", "last")]
    status = column(ws, "access-log", "status")
    assert {str(int(each)): status.count(each) for each in set(status)} == truth["status"]
    assert column(ws, "access-log", "bytes").count(None) == truth["bytes_dash"]
    assert len(set(column(ws, "access-log", "client"))) == truth["clients"]
    ws.close()


# ---------------------------------------------------------------------------------------------------- nginx as JSON

ENTRY: dict[str, Any] = {
    "time_iso8601": "2026-03-02T12:00:42+00:00", "msec": "1772452842.123", "remote_addr": "203.0.113.9",
    "request_method": "POST", "request_uri": "/v2/models/ctr/versions/1/infer", "status": "200",
    "body_bytes_sent": "60", "request_time": "0.018", "upstream_response_time": "0.017",
    "request_id": "241c584cbe85f588",
    "http_user_agent": "okhttp/4.12.0"}


def entry(**changes: Any) -> str:
    return json.dumps({key: value for key, value in (ENTRY | changes).items() if value is not ...}) + "\n"


def test_that_an_object_keeps_its_keys_and_gets_model_and_version() -> None:
    rows, _ = cut("nginx-json", entry())
    assert rows == [ENTRY | {"model": "ctr", "model_version": "1"}]


def test_that_retries_are_added_up() -> None:
    rows, _ = cut("nginx-json", entry(upstream_response_time="0.200, 0.310 : -") + entry(upstream_response_time="-"))
    assert [cells(row, "upstream_response_time", "upstream_attempts") for row in rows] == [["0.51", "3"], ["-", None]]


def test_that_a_local_time_becomes_one_that_can_be_read() -> None:
    rows, _ = cut("nginx-json", entry(time_local="02/Mar/2026:12:00:42 +0100", msec=...))
    assert rows[0]["time_local"] == "2026-03-02T12:00:42+01:00"


@pytest.mark.parametrize(("line", "agent", "upstream"), [
    (entry().replace("okhttp/4.12.0", "caf\\xC3\\x22\\x22 <b>"), 'caf\u00c3"" <b>', "0.017"),
    (entry().replace('"0.017"', "-"), "okhttp/4.12.0", None), (entry().replace('"0.017"', ""), "okhttp/4.12.0", None),
    (entry(http_user_agent="a \\x41"), "a \\x41", "0.017"),
])
def test_that_what_old_nginx_writes_is_made_valid(line: str, agent: str, upstream: str | None) -> None:
    rows, found = cut("nginx-json", line)
    assert not found.bad
    assert cells(rows[0], "http_user_agent", "upstream_response_time") == [agent, upstream]
    assert known_as(line * 3) == "nginx-json"


@pytest.mark.parametrize(("line", "reason"), [
    (entry()[:60] + "\n", "not valid JSON"), ("[1, 2]\n", "no JSON object"), ("7\n", "no JSON object"),
    ("null\n", "no JSON object"), ("plain text\n", "not valid JSON"),
])
def test_that_what_is_no_object_is_set_aside(line: str, reason: str) -> None:
    rows, found = cut("nginx-json", entry() + line + entry())
    assert (len(rows), [(bad.line, bad.reason, bad.raw) for bad in found.bad]) == (2, [(1, reason, line.rstrip())])


@pytest.mark.parametrize("changes", [
    {"request_uri": None}, {"request_uri": ["/ping"]}, {"request_uri": {"a": 1}}, {"status": None}, {"msec": "soon"},
    {"upstream_response_time": {"a": ["0.1, 0.2"]}}, {"http_user_agent": "<b>" * 4000}, {"time_local": "never"},
    {"model": "mine"}, {"request_time": "-"}, {"request_uri": ...},
])
def test_that_odd_values_stay_rows(changes: dict[str, Any]) -> None:
    rows, found = cut("nginx-json", entry(**changes) + entry())
    assert (len(rows), found.bad) == (2, [])
    for key, value in changes.items():
        if isinstance(value, str):
            assert rows[0][key] == value


def test_that_checks_of_health_are_ignored_in_objects_too() -> None:
    rows, found = cut("nginx-json", entry(request_uri="/healthz", request_method="GET") + entry()
                      + entry(request=..., request_uri="/", request_method="GET", http_user_agent="kube-probe/1.30"))
    assert (len(rows), dict(found.ignored)) == (1, {"a check of health": 2})
    rows, found = cut("nginx-json", entry(request_uri=..., request_method=..., request="GET /ping HTTP/1.1"))
    assert (rows, dict(found.ignored)) == ([], {"a check of health": 1})


def test_that_the_time_with_milliseconds_is_preferred(tmp_path: Path) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({}, "msec"), ({"msec": ...}, "time_iso8601"),
        ({"msec": ..., "time_iso8601": ..., "time_local": "02/Mar/2026:12:00:42 +0000"}, "time_local")]
    for number, (changes, name) in enumerate(cases):
        folder = tmp_path / f"f{number}"
        folder.mkdir()
        (folder / "access.json").write_text(entry(**changes) * 30)
        stream = discover(folder, SilentJob()).streams[0]
        times = [each.name for each in stream.columns if each.role is not None and each.role.value == "timestamp"]
        assert (stream.dialect, times, stream.zone_assumed) == ("nginx-json", [name], False)


def test_that_other_objects_are_not_taken_for_it() -> None:
    for record in ({"ts": "2026-03-02T12:00:00Z", "status": 200, "request_time": 0.1},
                   {"status_code": 200, "request_time": "2026-03-02T12:00:00Z", "request": "{}", "response": "{}"},
                   {"msec": 1, "value": 2}):
        assert known_as((json.dumps(record) + "\n") * 3) == ""


def test_that_nginx_objects_are_followed(tmp_path: Path) -> None:
    log = Followed(tmp_path, "access.log", entry() * 30)
    assert log.add(entry()[:50]) == 0
    assert log.add(entry()[50:]) == 1
    log.again()
    assert log.add(entry(request_id="last")) == 1
    assert column(log.ws, "nginx-json", "request_id")[-1] == "last"
    log.stop()


def test_that_the_shared_nginx_log_is_whole(shared_logs: Path, tmp_path: Path) -> None:
    truth = json.loads((shared_logs.parent / "truth.json").read_text())["format-nginx-json"]["as_logged"]
    ws, report = loaded(shared_logs / "format-nginx-json", tmp_path / "w.pilot")
    assert (report.events, report.rows_quarantined, report.rows_ignored) == (4000, 0, 0)
    times = column(ws, "nginx-json", "msec")
    for found, said in zip((min(times), max(times)), (truth["first"], truth["last"]), strict=True):
        assert abs((found - datetime.fromisoformat(said).replace(tzinfo=None)).total_seconds()) <= 0.0005001
    versions, seconds = column(ws, "nginx-json", "model_version"), column(ws, "nginx-json", "request_time")
    for version, said in truth["by_version"].items():
        mine = [each for each, its in zip(seconds, versions, strict=True) if its == version[-1]]
        assert len(mine) == said["rows"]
        assert 1000 * sum(mine) / len(mine) == pytest.approx(said["latency_ms_mean"], abs=0.02)
    assert {*column(ws, "nginx-json", "model")} == {"ctr"}
    status = column(ws, "nginx-json", "status")
    assert sum(each != 200 for each in status) == sum(each["errors"] for each in truth["by_version"].values())
    assert roles(ws, "nginx-json") == {
        "msec": "timestamp", "status": "status", "request_time": "latency", "request_id": "request_id",
        "model": "model", "model_version": "model_version"}
    ws.close()


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_that_rotated_and_compressed_logs_are_one_stream(tmp_path: Path, compression: str) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "access.log").write_text(f"{INFER}\n" * 5)
    (folder / "access.log.1").write_text(INFER.replace("02/Mar", "01/Mar") + "\n")
    packed = (INFER.replace("02/Mar", "28/Feb") + "\n" + INFER[:40] + "\n").encode() * 20
    with pa.CompressedOutputStream(str(folder / f"access.log.2.{compression[:2]}"), compression) as out:
        out.write(packed)
    ws, report = loaded(folder, tmp_path / "w.pilot")
    assert (report.events, report.rows_quarantined) == (26, 20)
    assert [info.name for info in ws.streams()] == ["access-log"]
    ws.close()
    ws, report = loaded(folder, tmp_path / "w.pilot")
    assert (report.events, len(column(ws, "access-log", "status"))) == (26, 26)
    ws.close()
