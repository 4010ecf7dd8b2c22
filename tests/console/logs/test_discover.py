"""What a folder is taken for: streams, refusals, and never an exception that is not for the user."""

from __future__ import annotations

import gzip
import json
import os
import pickle
import shutil
import socket
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.errors import BadSettings, NoLogs, NoSuchFolder
from console.jobs import JobStopped, SilentJob
from console.logs.discover import discover
from console.logs.names import folder_shape, stem_and_age, stored_names
from console.logs.plan import Compression, FileFormat, FolderPlan, Refused, StreamPlan, TimeFormat
from console.logs.recognise import recognise_new
from console.roles import ColumnType, Role, StreamKind
from tests.console.folders import own_copy

HEADER = "ts,request_id,latency_ms,prediction,device"
DEVICES = ["desktop", "phone", "phone"]
ROWS = [f"2026-03-02T10:00:{second:02d}Z,r{second:03d},{10 + second * 1.5},0.{second + 10},{DEVICES[second % 3]}"
        for second in range(40)]
TABLE = "\n".join([HEADER, *ROWS]) + "\n"


def plan_of(folder: Path, **options: object) -> FolderPlan:
    return discover(folder, SilentJob(), **options)  # type: ignore[arg-type]


def only(plan: FolderPlan) -> StreamPlan:
    assert len(plan.streams) == 1, [each.name for each in plan.streams]
    return plan.streams[0]


def refusal(plan: FolderPlan, path: str) -> Refused:
    return next(each for each in plan.refused if each.path == path)


def roles_of(stream: StreamPlan) -> dict[str, Role | None]:
    return {each.name: each.role for each in stream.columns}


# ------------------------------------------------------------------ formats: content decides

def test_that_the_ending_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "served.png").write_text(TABLE)
    stream = only(plan_of(tmp_path))
    assert (stream.format, len(stream.files)) == (FileFormat.CSV, 1)


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_that_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    (tmp_path / "served.txt").write_text(TABLE.replace(",", delimiter))
    file = only(plan_of(tmp_path)).files[0]
    assert (file.delimiter, file.columns) == (delimiter, tuple(HEADER.split(",")))


@pytest.mark.parametrize(("encoding", "expected"), [
    ("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16"), ("latin-1", "latin-1")])
def test_that_the_encoding_is_found(tmp_path: Path, encoding: str, expected: str) -> None:
    (tmp_path / "served.csv").write_bytes(TABLE.replace("desktop", "Bürorechner").encode(encoding))
    stream = only(plan_of(tmp_path))
    assert stream.files[0].encoding == expected
    assert stream.files[0].columns == tuple(HEADER.split(","))
    assert "Bürorechner" in next(each for each in stream.columns if each.name == "device").samples


def test_that_compressed_text_is_looked_into(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(TABLE.encode()))
    (tmp_path / "b.csv").write_bytes(gzip.compress(TABLE.encode()))       # the ending lies
    with pa.CompressedOutputStream(str(tmp_path / "c.csv.zst"), "zstd") as out:
        out.write(TABLE.encode())
    found = {file.path: file.compression for each in plan_of(tmp_path).streams for file in each.files}
    assert found == {"a.csv.gz": Compression.GZIP, "b.csv": Compression.GZIP, "c.csv.zst": Compression.ZSTD}


def test_that_json_lines_unite_their_keys(tmp_path: Path) -> None:
    (tmp_path / "x.log").write_text('{"ts": "2026-03-02T10:00:00Z", "a": 1}\n'
                                    '{"ts": "2026-03-02T10:00:01Z", "b": {"c": 2}}\n'
                                    '{"ts": "2026-03-02T10:00:02Z", "id": 18446744073709551617}\n')
    stream = only(plan_of(tmp_path))
    assert stream.files[0].columns == ("ts", "a", "b", "id")
    assert [each.type for each in stream.columns] == [ColumnType.TIME, ColumnType.NUMBER, ColumnType.TEXT,
                                                      ColumnType.TEXT]
    assert stream.columns[3].samples == ("18446744073709551617",)


def test_that_a_key_or_a_label_which_comes_late_in_a_file_is_seen(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text("".join(
        f'{{"ts": "2026-03-02T10:{row // 60 % 60:02d}:{row % 60:02d}Z", "label": {1 if row > 3000 else "null"}'
        + (', "late": 1.5}\n' if row > 200 else "}\n") for row in range(4000)))
    stream = only(plan_of(tmp_path))
    assert {each.name: (each.type, each.role) for each in stream.columns} == {
        "ts": (ColumnType.TIME, Role.TIMESTAMP), "label": (ColumnType.NUMBER, Role.LABEL),
        "late": (ColumnType.NUMBER, Role.FEATURE)}
    assert stream.files[0].columns == ("ts", "label", "late")


def test_that_an_empty_parquet_column_has_the_type_of_its_schema(tmp_path: Path) -> None:
    pq.write_table(pa.table({"ts": pa.array([1772445600000000] * 9, pa.timestamp("us")),
                             "label": pa.array([None] * 9, pa.float64())}), tmp_path / "x.parquet")
    stream = only(plan_of(tmp_path))
    assert [each.type for each in stream.columns] == [ColumnType.TIME, ColumnType.NUMBER]
    assert stream.zone_assumed


def test_that_broken_lines_do_not_hide_the_others(tmp_path: Path) -> None:
    good = '{"ts": "2026-03-02T10:00:00Z", "latency_ms": 3.5}\n'
    (tmp_path / "x.jsonl").write_text('{"ts": "2026-\n' + good * 3 + "\x00\x00\x00\n# a tool\n" + good)
    (tmp_path / "y.csv").write_text(TABLE.replace("\n2026-03-02T10:00:07", "\n,,,,\n\n# a tool\n2026-03-02T10:00:07"))
    assert {each.format for each in plan_of(tmp_path).streams} == {FileFormat.CSV, FileFormat.JSON_LINES}


def test_that_parquet_needs_no_ending_and_keeps_its_types(tmp_path: Path) -> None:
    table = pa.table({"ts": pa.array([1772445600000000], pa.timestamp("us", tz="UTC")), "ok": [True], "n": [1],
                      "name": pa.array(["x"]).dictionary_encode(), "tags": [["a", "b"]]})
    pq.write_table(table, tmp_path / "part-00000")
    stream = only(plan_of(tmp_path))
    assert [each.type for each in stream.columns] == [ColumnType.TIME, ColumnType.FLAG, ColumnType.NUMBER,
                                                      ColumnType.TEXT, ColumnType.TEXT]
    assert stream.columns[0].time_format is TimeFormat.TYPED and not stream.zone_assumed


def test_that_a_table_without_header_keeps_its_first_row(tmp_path: Path) -> None:
    (tmp_path / "served.csv").write_text("\n".join(ROWS) + "\n")
    plan = plan_of(tmp_path)
    stream = only(plan)
    assert not stream.files[0].has_header
    assert stream.files[0].columns == ("column_1", "column_2", "column_3", "column_4", "column_5")
    assert stream.columns[0].role is Role.TIMESTAMP and stream.columns[0].samples[0] == "2026-03-02T10:00:00Z"
    assert "no header" in plan.notes[0]


def test_that_every_column_gets_a_name_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "odd.csv").write_text(",ts,price,Price,price,_file,select,\n"
                                      + "0,2026-03-02T10:00:00Z,1,2,3,4,5,6\n1,2026-03-02T10:00:01Z,1,2,3,4,5,6\n")
    stream = only(plan_of(tmp_path))
    assert [each.stored for each in stream.columns] == ["column_1", "ts", "price", "Price_2", "price_3", "file",
                                                        "select", "column_8"]
    assert stream.files[0].columns == ("", "ts", "price", "Price", "price", "_file", "select", "")


def test_that_strange_names_stay_as_they_are() -> None:
    long = "x" * 10_000
    assert stored_names([long, 'a"b', "<b>", "ts; drop"]) == [long, 'a"b', "<b>", "ts; drop"]
    assert stored_names(["__", "a\x00b", "A", "a"], taken=["A"]) == ["column_1", "ab", "A_2", "a_3"]


# ------------------------------------------------------------------ streams

@pytest.mark.parametrize(("name", "stem"), [
    ("predictions-20260302T10.csv.gz", "predictions"), ("data.1.log.2026-11-23", "data"), ("access.log.2.gz", "access"),
    ("flights-2013-01.csv.gz", "flights"), ("labels-20260303T230106.jsonl.zst", "labels"), ("targets.csv", "targets"),
    ("predictions-20260302T101112123.parquet", "predictions"), ("served.csv.2026-11-23", "served"),
    ("part-00000-dacf089f-38c3-4c3f-95d6-bae20c369f6d.c000.snappy.parquet", ""), ("ctr_v2.csv", "ctr_v2"),
    ("request_response_logging-20260302-000000000000.json.gz", "request_response_logging"),
    ("ec2_cpu_utilization_5f5533.csv", "ec2_cpu_utilization_5f5533"), ("app_2026-03-02_10-11-12.log", "app"),
])
def test_that_rotations_share_their_stem(name: str, stem: str) -> None:
    assert stem_and_age(name)[0] == stem


def test_that_newer_files_come_first(tmp_path: Path) -> None:
    names = ["served.csv", "served.csv.1", "served.csv.2", "served.csv.10"]
    for name in reversed(names):
        (tmp_path / name).write_text(TABLE)
    assert [file.path for file in only(plan_of(tmp_path)).files] == names
    for name in names:
        (tmp_path / name).unlink()
    dated = ["served-20260304T00.csv", "served-20260303T23.csv", "served-20260303T09.csv"]
    for name in dated:
        (tmp_path / name).write_text(TABLE)
    assert [file.path for file in only(plan_of(tmp_path)).files] == dated


def test_that_dated_folders_are_one_stream_and_hive_values_a_column(tmp_path: Path) -> None:
    for place in ("region=eu/2026/03/02", "region=eu/2026/03/03", "region=us/2026/03/03"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "served.csv").write_text(TABLE)
    stream = only(plan_of(tmp_path))
    assert stream.path_columns == ("region",) and stream.columns[-1].stored == "region"
    assert [(file.path, dict(file.constants)["region"]) for file in stream.files] == [
        ("region=us/2026/03/03/served.csv", "us"), ("region=eu/2026/03/03/served.csv", "eu"),
        ("region=eu/2026/03/02/served.csv", "eu")]
    assert folder_shape(("a", "2026", "03", "02", "k=v", "12")) == ("a", "*", "*", "*", "k=*", "12")


def test_that_sibling_folders_with_one_shape_are_versions(tmp_path: Path) -> None:
    for version in ("ctr-v1", "ctr-v2"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "served.csv").write_text(TABLE)
    stream = only(plan_of(tmp_path))
    assert roles_of(stream)["variant"] is Role.MODEL_VERSION
    assert {file.path: file.constants for file in stream.files} == {
        "ctr-v1/served.csv": (("variant", "ctr-v1"),), "ctr-v2/served.csv": (("variant", "ctr-v2"),)}


def test_that_folders_named_like_machines_are_hosts_and_others_with_other_columns_stay_apart(tmp_path: Path) -> None:
    for host in ("host-1", "host-2"):
        (tmp_path / host).mkdir()
        (tmp_path / host / "part-0.csv").write_text(TABLE)
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "part-0.csv").write_text(
        "request_id,label_ts,clicked\n" + "".join(f"r{n:03d},2026-03-02T11:00:00Z,{n % 2}\n" for n in range(30)))
    plan = plan_of(tmp_path)
    assert [(each.kind, len(each.files)) for each in plan.streams] == [
        (StreamKind.REQUESTS, 2), (StreamKind.OUTCOMES, 1)]
    assert roles_of(plan.streams[0])["host"] is Role.HOST
    assert "30 of 30" in plan.streams[1].why


@pytest.mark.parametrize("format", ["parquet", "csv", "jsonl"])
def test_that_a_schema_change_does_not_tear_a_stream_apart(log_folder: Callable[..., Path], format: str) -> None:
    plan = plan_of(log_folder("schema-change", format, rows=1500, rotate="hourly"))
    stream = next(each for each in plan.streams if each.kind is StreamKind.REQUESTS)
    assert sum(each.kind is StreamKind.REQUESTS for each in plan.streams) == 1
    assert {"price", "price_cents", "loyalty_tier", "age"} <= {each.name for each in stream.columns}
    assert next(each for each in stream.columns if each.name == "age").type is ColumnType.NUMBER
    assert {"loyalty_tier" in file.columns for file in stream.files} == {True, False}


def test_that_a_metric_a_file_is_a_stream_of_samples(tmp_path: Path) -> None:
    for name in ("cpu_4a", "latency_b"):
        (tmp_path / f"{name}.csv").write_text("timestamp,value\n" + "".join(
            f"2014-02-14 14:{minute:02d}:00,{minute * 1.5}\n" for minute in range(0, 60, 5)))
    stream = only(plan_of(tmp_path))
    assert (stream.kind, stream.path_columns, stream.zone_assumed) == (StreamKind.SAMPLES, ("metric",), True)
    assert {file.constants for file in stream.files} == {(("metric", "cpu_4a"),), (("metric", "latency_b"),)}
    assert roles_of(stream) == {"timestamp": Role.TIMESTAMP, "value": Role.METRIC_VALUE, "metric": Role.METRIC_NAME}


def test_that_ids_give_outcomes_away_where_names_do_not(tmp_path: Path) -> None:
    (tmp_path / "served.csv").write_text(TABLE)
    (tmp_path / "late.csv").write_text("ref,went_well\n" + "".join(f"r{n:03d},{n % 2}\n" for n in range(40)))
    late = next(each for each in plan_of(tmp_path).streams if each.name == "late")
    assert late.kind is StreamKind.OUTCOMES
    assert roles_of(late) == {"ref": Role.REQUEST_ID, "went_well": Role.LABEL}


# ------------------------------------------------------------------ zones

def test_that_a_missing_zone_is_assumed_and_said_unless_somebody_names_it(tmp_path: Path) -> None:
    (tmp_path / "served.csv").write_text(TABLE.replace("Z,", ","))
    plan = plan_of(tmp_path)
    assert (only(plan).zone, only(plan).zone_assumed) == ("UTC", True)
    assert "no zone" in plan.notes[0]
    named = only(plan_of(tmp_path, zone="Europe/Berlin"))
    assert (named.zone, named.zone_assumed) == ("Europe/Berlin", False)
    with pytest.raises(BadSettings, match="no time zone 'Europe/Berlinn'"):
        plan_of(tmp_path, zone="Europe/Berlinn")


def test_that_times_with_a_zone_need_no_assumption(tmp_path: Path) -> None:
    (tmp_path / "served.csv").write_text(TABLE)
    assert not only(plan_of(tmp_path)).zone_assumed


# ------------------------------------------------------------------ what is no log

def test_that_what_is_no_log_is_named_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "served.csv").write_text(TABLE)
    (tmp_path / "picture.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    (tmp_path / "model.log").write_bytes(pickle.dumps({"a": [1, 2]}))
    (tmp_path / "page.html").write_text("<!doctype html><html><body>a, b, c</body></html>\n")
    (tmp_path / "README.md").write_text("# Logs\n\nThese are logs, of a model, we think.\n\n- one, two\n- three\n")
    (tmp_path / "job.py").write_text("import os\n\nprint(1, 2)\nfor a, b in []:\n    pass\n")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "settings.json").write_text('{\n  "a": 1,\n  "b": [1, 2]\n}\n')
    with zipfile.ZipFile(tmp_path / "old.zip", "w") as archive:
        archive.writestr("a.csv", TABLE)
    plan = plan_of(tmp_path)
    assert [file.path for file in only(plan).files] == ["served.csv"]
    left = {each.path for each in plan.refused if not each.rejected}
    assert left == {"picture.csv", "model.log", "page.html", "README.md", "job.py", "empty.csv", "settings.json",
                    "old.zip"}
    assert "picture" in refusal(plan, "picture.csv").reason and "pickle" in refusal(plan, "model.log").reason


def test_that_damaged_files_are_rejected_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "served.csv").write_text(TABLE)
    pq.write_table(pa.table({"ts": list(range(1000))}), tmp_path / "cut.parquet")
    whole = (tmp_path / "cut.parquet").read_bytes()
    (tmp_path / "cut.parquet").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "rotten.parquet").write_bytes(whole[:20] + bytes(len(whole) - 28) + whole[-8:])
    (tmp_path / "empty.csv.gz").write_bytes(gzip.compress(b""))
    (tmp_path / "rotten.csv.gz").write_bytes(gzip.compress(TABLE.encode())[:10] + b"\xff" * 100)
    (tmp_path / "rotten.csv.zst").write_bytes(b"\x28\xb5\x2f\xfd" + b"\xff" * 100)
    plan = plan_of(tmp_path)
    rejected = {each.path for each in plan.refused if each.rejected}
    assert rejected == {"cut.parquet", "rotten.parquet", "empty.csv.gz", "rotten.csv.gz", "rotten.csv.zst"}
    assert refusal(plan, "cut.parquet").reason == ("It is Parquet but cut short: its end is missing. "
                                                   "Copy it again, or leave it out")


def test_that_a_cut_gz_is_still_read(tmp_path: Path) -> None:
    (tmp_path / "served.csv.gz").write_bytes(gzip.compress(TABLE.encode() * 50)[:-20])
    assert only(plan_of(tmp_path)).files[0].columns == tuple(HEADER.split(","))


@pytest.mark.parametrize(("content", "reason"), [
    ("a,b,c\n" + "1,2,x\n" * 20, "No column holds a time; it has a, b, c"),
    ("timestamp,a,b\n" + "".join(f"{n},{n * 2},x\n" for n in range(20)), "“timestamp” counts from a start"),
    ("day,price\n" + "05/06/1987,18.63\n06/06/1987,18.45\n" * 9, "day/month or month/day (05/06/1987)"),
    ("day,price\n" + "13/06/1987,18.63\n06/13/1987,18.45\n" * 9, "day/month or month/day (13/06/1987)"),
    ("time,price\n" + "1/5/2026 noon,18.63\n2/5/2026 noon,18.45\n" * 9, "are written as 1/5/2026 noon"),
])
def test_that_rows_without_a_usable_time_are_rejected_with_the_reason(tmp_path: Path, content: str,
                                                                      reason: str) -> None:
    (tmp_path / "served.csv").write_text(TABLE)
    (tmp_path / "timeless.csv").write_text(content)
    found = refusal(plan_of(tmp_path), "timeless.csv")
    assert found.rejected and reason in found.reason


def test_that_reference_data_and_outcomes_need_no_time(tmp_path: Path) -> None:
    (tmp_path / "served.csv").write_text(TABLE)
    (tmp_path / "training").mkdir()
    (tmp_path / "training" / "x.csv").write_text("device,prediction\n" + "phone,0.5\n" * 20)
    (tmp_path / "labels.csv").write_text("request_id,clicked\n" + "".join(f"r{n:03d},{n % 2}\n" for n in range(30)))
    assert {each.name: each.kind for each in plan_of(tmp_path).streams} == {
        "served": StreamKind.REQUESTS, "labels": StreamKind.OUTCOMES, "x": StreamKind.REFERENCE}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_that_pipes_and_sockets_are_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "served.csv").write_text(TABLE)
    os.mkfifo(tmp_path / "pipe.csv")           # opening it would block this test for ever
    monkeypatch.chdir(tmp_path)                # the path of a socket may not be long
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s.csv")
        plan = plan_of(tmp_path)
    assert "named pipe" in refusal(plan, "pipe.csv").reason
    assert "socket" in refusal(plan, "s.csv").reason


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_that_links_are_followed_once_and_loops_not(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "logs", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    (elsewhere / "served.csv").write_text(TABLE)
    (folder / "current").symlink_to(elsewhere)
    (folder / "loop").symlink_to(folder)
    (folder / "gone.csv").symlink_to(tmp_path / "nowhere")
    (folder / "alias.csv").symlink_to(elsewhere / "served.csv")
    plan = plan_of(folder)
    assert len(only(plan).files) == 1
    assert {each.path for each in plan.refused} == {"loop", "gone.csv", "current/served.csv"}


def test_that_hidden_and_unfinished_files_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "served.csv").write_text(TABLE)
    for name in (".hidden.csv", "x.csv.tmp", "x.csv.swp", "x.csv~", "x.csv.part", "pilothouse.toml"):
        (tmp_path / name).write_text("" if name == "pilothouse.toml" else TABLE)
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "served.csv").write_text(TABLE)
    plan = plan_of(tmp_path)
    assert [file.path for file in only(plan).files] == ["served.csv"] and plan.refused == ()


# ------------------------------------------------------------------ folders that cannot be opened

def test_that_a_folder_that_is_none_is_said(tmp_path: Path) -> None:
    with pytest.raises(NoSuchFolder, match="no such folder"):
        plan_of(tmp_path / "nowhere")
    (tmp_path / "file.csv").write_text(TABLE)
    with pytest.raises(NoSuchFolder, match="a file, not a folder"):
        plan_of(tmp_path / "file.csv")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="rights do not bind this user")
def test_that_missing_rights_are_said(tmp_path: Path) -> None:
    (tmp_path / "served.csv").write_text(TABLE)
    (tmp_path / "secret.csv").write_text(TABLE)
    (tmp_path / "secret.csv").chmod(0)
    assert "may not be read" in refusal(plan_of(tmp_path), "secret.csv").reason
    tmp_path.chmod(0)
    try:
        with pytest.raises(NoSuchFolder, match="could not be read"):
            plan_of(tmp_path)
    finally:
        tmp_path.chmod(0o755)


def test_that_a_folder_without_logs_says_what_it_found(tmp_path: Path) -> None:
    with pytest.raises(NoLogs, match="empty"):
        plan_of(tmp_path)
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    with pytest.raises(NoLogs, match=r"picture\.png") as error:
        plan_of(tmp_path)
    assert "column with times" in error.value.do


def test_that_a_wish_to_stop_is_heard(healthy_parquet: Path) -> None:
    class Impatient(SilentJob):
        def stop_if_asked(self) -> None:
            raise JobStopped

    with pytest.raises(JobStopped):
        discover(healthy_parquet, Impatient())


# ------------------------------------------------------------------ memory and settings

def test_that_names_and_types_of_an_earlier_time_stay(bad_canary_csv: Path, tmp_path: Path) -> None:
    folder = own_copy(bad_canary_csv, tmp_path / "logs")
    before = plan_of(folder)
    (folder / "other").mkdir()
    (folder / "other" / "predictions.csv").write_text(TABLE)
    (folder / "predictions" / "predictions-20260309T00.csv").write_text(
        TABLE.replace("latency_ms", "model_version").replace(HEADER.split(",")[3], "fresh"))
    after = plan_of(folder, known=before.streams)
    assert {each.name for each in before.streams} < {each.name for each in after.streams}
    old = next(each for each in before.streams if each.name == "predictions")
    new = next(each for each in after.streams if each.name == "predictions")
    kept = {each.stored: (each.type, each.role) for each in new.columns}
    assert {each.stored: (each.type, each.role) for each in old.columns}.items() <= kept.items()


def test_that_what_the_user_said_wins(bad_canary_csv: Path, tmp_path: Path) -> None:
    folder = own_copy(bad_canary_csv, tmp_path / "logs")
    (folder / "pilothouse.toml").write_text(
        'zone = "Asia/Tokyo"\n[streams.predictions.columns.price]\nrole = "score"\nunit = "EUR"\n'
        '[streams.predictions.columns.country]\nrole = "none"\n[streams.labels]\nkind = "samples"\n')
    plan = plan_of(folder)
    stream = next(each for each in plan.streams if each.name == "predictions")
    price = next(each for each in stream.columns if each.name == "price")
    assert (price.role, price.unit, price.chosen) == (Role.SCORE, "EUR", True)
    assert roles_of(stream)["country"] is None
    assert "labels" not in {each.name for each in plan.streams if each.kind is StreamKind.OUTCOMES}


def test_that_the_user_can_name_the_column_with_the_times(tmp_path: Path) -> None:
    rows = "".join(f"{1772445600 + n},{n}.5\n" for n in range(0, 90, 7))
    (tmp_path / "x.csv").write_text("served,latency_ms\n" + rows)
    with pytest.raises(NoLogs, match="No column holds a time"):
        plan_of(tmp_path)
    (tmp_path / "pilothouse.toml").write_text('[streams.x.columns.served]\nrole = "timestamp"\n')
    column = only(plan_of(tmp_path)).columns[0]
    assert (column.role, column.type, column.time_format) == (Role.TIMESTAMP, ColumnType.NUMBER, TimeFormat.EPOCH_S)


# ------------------------------------------------------------------ real folders

REAL = {  # folder: streams with kind and number of files, counted by hand in the folders
    "open-bandit-all": [("requests", 2)], "flights-winter": [("requests", 3)], "azure-llm-code": [("requests", 1)],
    "nannyml-car-loan": [("requests", 1), ("outcomes", 1), ("reference", 1)], "nab-cloudwatch": [("samples", 6)],
    "nab-known-cause": [("samples", 2)], "nab-ad-exchange": [("samples", 2)], "pedestrians-covid": [("samples", 1)],
    "format-sagemaker": [("requests", 69), ("outcomes", 25)], "format-kserve-cloudevents": [("requests", 2)],
    "change-points": [("samples", 1), ("samples", 1)], "mooncake-conversation": [("requests", 1)],
    "format-nginx-json": [("requests", 5)], "format-databricks": [("requests", 3)],
    "format-vertex": [("requests", 2)], "format-litellm": [("requests", 1)],
    "format-litserve": [("samples", 1), ("untimed", 1)],
    "format-bentoml": [("requests", 1), ("requests", 1), ("samples", 1)], "access-log-combined": [("requests", 2)],
    "format-ray-serve": [("requests", 1), ("requests", 1)],
    "format-torchserve": [("requests", 1), ("samples", 2)], "format-otlp": [("requests", 1), ("samples", 1)],
    "format-mlserver-prometheus": [("samples", 31)], "format-triton-prometheus": [("samples", 144)],
}


@pytest.mark.parametrize("name", REAL)
def test_that_real_folders_give_their_streams(shared_logs: Path, name: str) -> None:
    plan = plan_of(shared_logs / name)
    assert [(each.kind.value, len(each.files)) for each in plan.streams] == REAL[name]


@pytest.mark.long
def test_that_every_file_of_every_real_folder_is_planned_or_refused(shared_logs: Path) -> None:
    for folder in sorted(shared_logs.iterdir()):
        files = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
        try:
            plan = plan_of(folder)
        except NoLogs as error:
            assert error.do, folder.name
            assert "not read yet" in error.what, folder.name
            continue
        planned = [file.path for each in plan.streams for file in each.files]
        assert sorted([*planned, *(each.path for each in plan.refused)]) == sorted(files), folder.name


def test_that_plans_hold_together(healthy_parquet: Path, shared_logs: Path) -> None:
    for folder in (healthy_parquet, shared_logs / "open-bandit-all", shared_logs / "format-databricks"):
        for stream in plan_of(folder).streams:
            stored = [each.stored.lower() for each in stream.columns]
            assert len(set(stored)) == len(stored) and not any(each.startswith("_") for each in stored)
            assert tuple(each.stored for each in stream.columns)[len(stored) - len(stream.path_columns):] == \
                stream.path_columns
            for file in stream.files:
                assert tuple(name for name, _ in file.constants) == stream.path_columns
                assert set(file.columns) <= {each.name for each in stream.columns}


cells = st.one_of(st.text(max_size=12), st.integers().map(str), st.floats().map(str), st.just("9" * 5000),
                  st.datetimes().map(str),
                  st.sampled_from(["", "null", "true", "2026-03-02T10:00:00Z", "007", "²", "١٢"]))
records = st.lists(st.lists(cells, min_size=1, max_size=5), min_size=1, max_size=12)
contents = st.one_of(
    st.binary(max_size=300), st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace")),
    st.builds(lambda rows, mark: "\n".join(mark.join(row) for row in rows).encode("utf-8", "replace"), records,
              st.sampled_from(",;\t|")),
    st.builds(lambda rows: "\n".join(json.dumps(dict(zip(["ts", "id", "x", "y", "z"], row, strict=False)))
                                     for row in rows).encode(), records),
    st.builds(lambda start, rest: start + rest,
              st.sampled_from([b"PAR1", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"{", b"["]), st.binary(max_size=60)))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(contents, min_size=1, max_size=3))
def test_that_whatever_lies_in_a_folder_every_file_is_planned_or_refused(tmp_path: Path, files: list[bytes]) -> None:
    folder = tmp_path / "fuzz"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for number, content in enumerate(files):
        (folder / f"file{number}.log").write_bytes(content)
    try:
        plan = plan_of(folder)
    except NoLogs:
        return
    planned = [file.path for each in plan.streams for file in each.files]
    assert sorted([*planned, *(each.path for each in plan.refused)]) == [f"file{n}.log" for n in range(len(files))]


def test_that_a_copied_folder_gives_the_same_plan(bad_canary_csv: Path, tmp_path: Path) -> None:
    shutil.copytree(bad_canary_csv, tmp_path / "logs")
    here, there = plan_of(bad_canary_csv), plan_of(tmp_path / "logs")
    assert [each.columns for each in here.streams] == [each.columns for each in there.streams]


@pytest.mark.parametrize(("name", "missed"), [("day.parquet", True), ("day.csv", True), ("day.bin", False)])
def test_that_a_broken_file_with_a_log_s_name_is_rejected_and_any_other_left_alone(name: str, missed: bool,
                                                                                 tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(bytes([0x2f, 0x7d, 0xf2, 0x96, 0x00, 0x48, 0x60, 0x00, 0xd1, 0x29]) * 20)
    (tmp_path / "good.csv").write_text("ts,latency_ms\n2026-03-02T10:00:00Z,5\n2026-03-02T10:00:01Z,6\n")
    refused = {one.path: one.rejected for one in discover(tmp_path, SilentJob()).refused}
    assert refused == {name: missed}


# ------------------------------------------------------------------ numbers at the end of names

@pytest.mark.parametrize("names", [("scores.csv", "scores-2.csv"), ("scores_1.csv", "scores_2.csv", "scores_10.csv"),
                                   ("scores.csv", "scores-2.csv.gz")])
def test_that_files_of_one_name_and_a_number_are_one_stream(tmp_path: Path, names: tuple[str, ...]) -> None:
    for name in names:
        (tmp_path / name).write_bytes(gzip.compress(TABLE.encode()) if name.endswith(".gz") else TABLE.encode())
    stream = only(plan_of(tmp_path))
    assert (stream.name, len(stream.files)) == ("scores", len(names))


def test_that_a_number_alone_joins_no_files_of_other_columns(tmp_path: Path) -> None:
    (tmp_path / "scores-1.csv").write_text(TABLE)
    (tmp_path / "scores-2.csv").write_text(TABLE.replace("device", "region"))
    (tmp_path / "scores-1.jsonl").write_text("".join(
        json.dumps(dict(zip(HEADER.split(","), row.split(","), strict=True))) + "\n" for row in ROWS))
    assert sorted(stream.name for stream in plan_of(tmp_path).streams) == [
        "scores-1", "scores-1.jsonl", "scores-2"]


def test_that_metrics_that_end_with_a_number_stay_metrics(tmp_path: Path) -> None:
    for name in ("gpu-1", "gpu-2"):
        (tmp_path / f"{name}.csv").write_text("timestamp,value\n" + "".join(
            f"2026-03-02T10:00:{second:02d}Z,{second}\n" for second in range(40)))
    stream = only(plan_of(tmp_path))
    assert sorted(dict(file.constants)["metric"] for file in stream.files) == ["gpu-1", "gpu-2"]


def test_that_a_numbered_file_that_appears_goes_on_with_the_others(tmp_path: Path) -> None:
    (tmp_path / "scores.csv").write_text(TABLE)
    known = plan_of(tmp_path).streams
    (tmp_path / "scores-2.csv").write_text(TABLE)
    (tmp_path / "scores-3.csv").write_text(TABLE.replace("device", "region"))
    for streams in (known, tuple(stream.with_files(()) for stream in known)):
        found = recognise_new(tmp_path, streams, "scores-2.csv")
        assert isinstance(found, tuple) and found[0].name == "scores"
        other = recognise_new(tmp_path, streams, "scores-3.csv")
        assert isinstance(other, tuple) and other[0].name == "scores-3"
