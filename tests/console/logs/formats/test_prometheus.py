"""Scrapes in Prometheus' text form: what a line is, where its time comes from, and what scrapes add up to."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from console.jobs import SilentJob
from console.logs import formats
from console.logs.discover import discover
from console.logs.follow import Follower
from console.logs.formats.prometheus import PrometheusText, time_of
from console.logs.load import load_folder
from console.logs.plan import Compression, FileFormat, FilePlan, FolderPlan
from console.logs.records import Cut
from console.roles import Role, StreamKind
from console.store import Workspace

SCRAPE = """\
# HELP http_requests_total The total number of HTTP requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="post",code="400"}    3 1395066363000
# Escaping in label values:
msdos_file_access_time_seconds{path="C:\\\\DIR\\\\FILE.TXT",error="Cannot find file:\\n\\"FILE.TXT\\""} 1.458255915e9
metric_without_timestamp_and_labels 12.47
something_weird{problem="division by zero"} +Inf -3982045
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{le="0.05"} 24054
http_request_duration_seconds_bucket{le="+Inf"} 144320
http_request_duration_seconds_sum 53423
http_request_duration_seconds_count 144320
# TYPE rpc_duration_seconds summary
rpc_duration_seconds{quantile="0.01"} 3102
rpc_duration_seconds_sum 1.7560473e+07
rpc_duration_seconds_count 2693
"""
"""The example of Prometheus' own documentation of its text form, a little shorter."""

AT = "2026-11-23T18:54:38Z"


def file_of(path: str = "metrics-20261123T185438Z.prom", mtime_ns: int = 0) -> FilePlan:
    return FilePlan(path, FileFormat.LINES, Compression.NONE, 0, mtime_ns, ())


def cut(text: str, path: str = "metrics-20261123T185438Z.prom") -> Cut:
    cutter = PrometheusText().cutter(file_of(path))
    try:
        return cutter.cut(text.encode(), final=True)
    finally:
        cutter.close()


def rows(text: str, path: str = "metrics-20261123T185438Z.prom") -> list[tuple[Any, ...]]:
    """(time, metric, kind, value, model, version, host, labels) of each sample."""
    found = [tuple(row[str(at)] for at in (0, 1, 2, 3, 5, 6, 7, 8))
             for table in cut(text, path).tables for row in table.to_pylist()]
    return [(*row[:7], json.loads(row[7]) if row[7] else {}) for row in found]


def row(line: str) -> tuple[Any, ...]:
    return rows(line + "\n")[0]


def test_that_the_example_of_the_documentation_is_read_to_the_letter() -> None:
    found = rows(SCRAPE)
    assert [each[:4] for each in found] == [
        ("2014-03-17T14:26:03.000000Z", "http_requests_total", "counter", "1027"),
        ("2014-03-17T14:26:03.000000Z", "http_requests_total", "counter", "3"),
        (AT, "msdos_file_access_time_seconds", "gauge", "1.458255915e9"),
        (AT, "metric_without_timestamp_and_labels", "gauge", "12.47"),
        ("1969-11-15T21:52:35.000000Z", "something_weird", "gauge", "+Inf"),
        (AT, 'http_request_duration_seconds_bucket{le="0.05"}', "counter", "24054"),
        (AT, 'http_request_duration_seconds_bucket{le="+Inf"}', "counter", "144320"),
        (AT, "http_request_duration_seconds_sum", "counter", "53423"),
        (AT, "http_request_duration_seconds_count", "counter", "144320"),
        (AT, 'rpc_duration_seconds{quantile="0.01"}', "gauge", "3102"),
        (AT, "rpc_duration_seconds_sum", "counter", "1.7560473e+07"),
        (AT, "rpc_duration_seconds_count", "counter", "2693")]
    assert found[0][7] == {"method": "post", "code": "200"}
    assert found[2][7] == {"path": "C:\\DIR\\FILE.TXT", "error": 'Cannot find file:\n"FILE.TXT"'}
    whole = cut(SCRAPE)
    assert (whole.records, whole.rows, whole.ignored["comment"], whole.bad) == (17, 12, 5, [])


@pytest.mark.parametrize(("line", "labels"), [
    (r'x{a="\\n"} 1', {"a": r"\n"}),
    (r'x{a="\\\n"} 1', {"a": "\\\n"}),
    (r'x{a="\"",b="}"} 1', {"a": '"', "b": "}"}),
    (r'x{a="b=\"c\",d=\"e\""} 1', {"a": 'b="c",d="e"'}),
    (r'x{a="\t\d"} 1', {"a": r"\t\d"}),
    ('x{a="\t<b>&日本"} 1', {"a": "\t<b>&日本"}),
    ('x { a = "1" , b="2" , } 1', {"a": "1", "b": "2"}),
    ('x{a=""} 1', {"a": ""}),
    ("x{} 1", {}),
    ('x{a="{}# "} 1 # {trace_id="t"} 0.5 1520879607.789', {"a": "{}# "}),
    ('{"a.metric",b="c"} 1', {"b": "c"}),
    ('{"a\\"b","x=" = "y="} 1', {"x=": "y="}),
])
def test_that_labels_are_read_as_prometheus_reads_them(line: str, labels: dict[str, str]) -> None:
    assert row(line)[7] == labels


def test_that_a_name_in_quotes_is_a_name() -> None:
    assert row('{"gen_ai.tokens",model="m"} 7')[1:5] == ("gen_ai.tokens", "gauge", "7", "m")


@pytest.mark.parametrize(("line", "reason"), [
    ("up one", "no sample in the text form of Prometheus"),
    ('up{job="a} 1', "no sample in the text form of Prometheus"),
    ("up{job=a} 1", "no sample in the text form of Prometheus"),
    ("9up 1", "no sample in the text form of Prometheus"),
    ("{} 1", "no sample in the text form of Prometheus"),
    ("<b>up</b> 1", "no sample in the text form of Prometheus"),
    ('up{a="1",a="2"} 1', "the same label twice"),
])
def test_that_what_is_no_sample_is_set_aside_and_its_neighbours_stay(line: str, reason: str) -> None:
    found = cut(f"up 1\n{line}\nup 2\n")
    assert [(bad.record, bad.reason, bad.raw) for bad in found.bad] == [(1, reason, line)]
    assert found.tables[0]["3"].to_pylist() == ["1", "2"]
    assert (found.records, found.rows) == (3, 2)


@pytest.mark.parametrize(("types", "sample", "kind"), [
    ("# TYPE a_requests counter", "a_requests 1", "counter"),
    ("# TYPE a_requests counter", "a_requests_total 1", "counter"),     # OpenMetrics: the family has no suffix
    ("# TYPE a_total gauge", "a_total 1", "gauge"),
    ("# TYPE a histogram", "a_count 1", "counter"),
    ("# TYPE a gaugehistogram", "a_gcount 1", "gauge"),
    ("# TYPE a gaugehistogram", 'a_bucket{le="1"} 1', "gauge"),
    ("# TYPE a summary", 'a{quantile="1"} 1', "gauge"),
    ("# TYPE a untyped", "a_total 1", "counter"),
    ("# TYPE a info", "a_info 1", "gauge"),
    ("# TYPE vllm:e2e_request_latency_seconds histogram",
     'vllm:e2e_request_latency_seconds_bucket{le="0.3",model_name="m"} 2.0', "counter"),
    ("# TYPE vllm:num_requests_running gauge", 'vllm:num_requests_running{engine="0",model_name="m"} 1.0', "gauge"),
    ("", "a_total 1", "counter"), ("", "a_count 1", "counter"), ("", "a_sum 1", "counter"), ("", "a 1", "gauge"),
    ("", 'a_bucket{le="1"} 1', "counter"), ("", "subtotal 1", "gauge"),
])
def test_that_the_kind_of_a_sample_is_that_of_its_type_or_its_name(types: str, sample: str, kind: str) -> None:
    assert row(f"{types}\n{sample}" if types else sample)[2] == kind


def test_that_a_type_is_remembered_in_the_next_block() -> None:
    cutter = PrometheusText().cutter(file_of())
    cutter.cut(b"# TYPE nv_inference_count counter\n", final=False)
    found = cutter.cut(b"nv_inference_count 5\n", final=False)
    assert found.tables[0]["2"].to_pylist() == ["counter"]
    cutter.close()


def test_that_times_of_creation_are_ignored_and_numbers_of_that_name_are_not() -> None:
    found = cut("# TYPE a counter\na_total 1\na_created 1520430000.123\n# TYPE b_created gauge\nb_created 1.79e9\n"
                "files_created 12\n")
    assert found.ignored == {"comment": 2, "a time of creation, no count": 2}
    assert found.tables[0]["1"].to_pylist() == ["a_total", "files_created"]


def test_that_a_version_is_one_of_a_model_and_a_host_that_of_the_instance() -> None:
    assert row('a{model="m",version="3",instance="10.0.0.1:8000",pod="p"} 1')[4:7] == ("m", "3", "10.0.0.1:8000")
    assert row('a{model_name="m",model_version="v3"} 1')[4:7] == ("m", "v3", None)
    assert row('python_info{version="3.11.7"} 1')[4:7] == (None, None, None)
    assert row('a{model="ctr",version="None"} 1')[4:7] == ("ctr", None, None)       # MLServer, of a model without one
    assert rows("up 1\n", "serve-2/metrics.prom")[0][6] == "serve-2"


@pytest.mark.parametrize(("name", "time"), [
    ("metrics-20261123T185207Z.prom", "2026-11-23T18:52:07Z"),
    ("metrics_2026-11-23_18-52-07.txt.gz", "2026-11-23T18:52:07"),
    ("2026-11-23T18:52:07.250+01:00", "2026-11-23T18:52:07.250+01:00"),
    ("scrape.1795459920.prom", "2026-11-23T18:52:00Z"), ("scrape-1795459920123.prom", "2026-11-23T18:52:00.123000Z"),
    ("metrics-20261123.prom", "2026-11-23"), ("metrics.prom", "2026-11-23T18:52:00.123456Z"),
    ("metrics-20269923T185207Z.prom", "2026-11-23T18:52:00.123456Z"), ("port8000.prom", "2026-11-23T18:52:00.123456Z"),
])
def test_that_a_scrape_has_the_time_of_its_name_else_of_its_file(name: str, time: str) -> None:
    file = file_of("a-20200101/" + name, 1795459920123456789)
    assert time_of(file)[0] == time
    why = PrometheusText().hints(file, Path(name))["timestamp"].why
    assert ("last change" in why) == time.endswith("123456Z")


def recognised(text: str) -> str:
    known = formats.recognise(formats.look_at_text("x.log", text, whole=True))
    return known[0].name if known else ""


def test_that_it_is_recognised_and_nothing_else_is_taken_for_it() -> None:
    assert recognised(SCRAPE) == "prometheus"
    assert recognised("".join(line + "\n" for line in SCRAPE.split("\n") if line.startswith("http_"))) == "prometheus"
    assert recognised('a{b="c"} 1\nd{e="f"} 2\n') == "prometheus"
    assert recognised("ts 1\nvalue 2\n") == ""
    assert recognised('{"a": "b"}\n' * 3) != "prometheus"
    assert recognised("# TYPE of file: csv\nts,latency_ms\n2026-03-02T10:00:00Z,5\n2026-03-02T10:00:01Z,6\n") == ""
    assert recognised("ts,labels,value\n" + '2026-03-02T10:00:00Z,"{a=""b""}",1\n' * 5) == ""


# ------------------------------------------------------------------ folders

def plan_of(folder: Path) -> FolderPlan:
    return discover(folder, SilentJob())


def loaded(folder: Path, at: Path) -> Workspace:
    ws = Workspace.open(at, folder=folder)
    load_folder(plan_of(folder), ws, SilentJob())
    return ws


def scrape(count: int) -> str:
    return ("# TYPE nv_inference_count counter\n"
            f'nv_inference_count{{model="m",version="1"}} {count}\n# TYPE nv_gpu_utilization gauge\n'
            "nv_gpu_utilization 0.5\n")


def test_that_a_folder_of_scrapes_is_one_stream_of_increases(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    for at, count in enumerate([5, 9, 2, 2]):                       # started anew before the third
        (tmp_path / "logs" / f"m-20260302T10000{at}Z.prom.gz").write_bytes(gzip.compress(scrape(count).encode()))
    stream, = plan_of(tmp_path / "logs").streams
    assert (stream.name, stream.kind, stream.format) == ("prometheus", StreamKind.SAMPLES, FileFormat.LINES)
    assert {each.role for each in stream.columns} == {
        Role.TIMESTAMP, Role.METRIC_NAME, Role.METRIC_KIND, Role.METRIC_VALUE, Role.METRIC_INCREASE, Role.MODEL,
        Role.MODEL_VERSION, None}
    ws = loaded(tmp_path / "logs", tmp_path / "w.pilot")
    assert ws.cursor().execute("SELECT value, increase FROM samples WHERE metric = 'nv_inference_count' ORDER BY ts"
                               ).fetchall() == [(5, None), (9, 4), (2, 2), (2, 0)]
    ws.close()


def test_that_a_file_that_grows_in_the_middle_of_a_line_is_read_once(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    one = scrape(5).replace("}} 5", "}} 5 1772445600000")
    (logs / "m.prom").write_text(one)
    os.utime(logs / "m.prom", (1_772_445_600, 1_772_445_600))
    ws = loaded(logs, tmp_path / "w.pilot")
    follower = Follower(logs, ws, plan_of(logs))
    whole = '# TYPE b counter\nb{path="a b"} 1234\nb{path="c"} 7\n'
    for size in (20, 30, 40, len(whole)):
        with (logs / "m.prom").open("a") as file:
            file.write(whole[len((logs / "m.prom").read_text()) - len(one):size])
        follower.poll(SilentJob())
    follower.close()
    assert ws.cursor().execute("SELECT value, kind FROM samples WHERE metric = 'b' ORDER BY value").fetchall() == [
        (7, "counter"), (1234, "counter")]
    assert ws.cursor().execute("SELECT sum(rows_loaded), sum(rows_quarantined) FROM files").fetchall() == [(4, 0)]
    ws.close()


def test_that_scrapes_with_the_same_content_are_scrapes_of_their_own(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    for at in range(3):
        (logs / f"m-20260302T10000{at}Z.prom").write_text(scrape(5))
    ws = loaded(logs, tmp_path / "w.pilot")
    follower = Follower(logs, ws, plan_of(logs))
    (logs / "m-20260302T100003Z.prom").write_text(scrape(5))
    follower.poll(SilentJob())
    (logs / "m-20260302T100004Z.prom").write_text(scrape(5))
    follower.poll(SilentJob())
    follower.close()
    found = ws.cursor().execute("SELECT count(*), count(DISTINCT ts), sum(increase) FROM samples "
                                "WHERE metric = 'nv_inference_count'").fetchall()
    assert found == [(5, 5, 0)]
    ws.close()
    ws = loaded(logs, tmp_path / "w.pilot")          # and a second look finds nothing new
    assert ws.totals().samples == 10
    ws.close()
