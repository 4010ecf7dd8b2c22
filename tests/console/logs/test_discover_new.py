"""Files that appear while following: into the stream they continue, or one of their own, or later."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from console.jobs import SilentJob
from console.logs.discover import discover
from console.logs.plan import FilePlan, Refused, StreamPlan
from console.logs.recognise import recognise_new
from console.roles import Role, StreamKind
from tests.console.folders import own_copy

HEADER = "ts,request_id,latency_ms,prediction,device"
TABLE = HEADER + "\n" + "".join(f"2026-03-02T10:00:{second:02d}Z,r{second},{10 + second},0.{second + 10},phone\n"
                                for second in range(30))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "served-20260302.csv").write_text(TABLE)
    return tmp_path


def known(folder: Path) -> tuple[StreamPlan, ...]:
    return discover(folder, SilentJob()).streams


def joined(found: object) -> tuple[StreamPlan, FilePlan]:
    assert isinstance(found, tuple), found
    return found


def test_that_the_next_file_continues_its_stream(folder: Path) -> None:
    before = known(folder)
    for name in ("served-20260303.csv", "served.csv", "served-20260304.csv.gz", "served.csv.1"):
        (folder / name).write_bytes(gzip.compress(TABLE.encode()) if name.endswith(".gz") else TABLE.encode())
        stream, file = joined(recognise_new(folder, before, folder / name))
        assert (stream.name, file.path, stream.columns) == ("served", name, before[0].columns)
        assert [each.path for each in stream.files] == [name, "served-20260302.csv"]


def test_that_the_path_may_be_relative_to_the_folder(folder: Path) -> None:
    (folder / "served.csv").write_text(TABLE)
    assert joined(recognise_new(folder, known(folder), "served.csv"))[1].path == "served.csv"


@pytest.mark.parametrize("content", ["", "ts,request", HEADER + "\n", '{"ts": "2026-03-0'])
def test_that_an_unfinished_file_is_asked_for_again(folder: Path, content: str) -> None:
    before = known(folder)
    (folder / "served-20260303.csv").write_text(content)
    assert recognise_new(folder, before, "served-20260303.csv") is None


def test_that_a_parquet_file_under_way_is_asked_for_again(folder: Path) -> None:
    before = known(folder)
    pq.write_table(pa.table({"ts": ["2026-03-02T10:00:00Z"] * 10, "latency_ms": list(range(10))}), folder / "x.parquet")
    whole = (folder / "x.parquet").read_bytes()
    (folder / "x.parquet").write_bytes(whole[:-30])
    assert recognise_new(folder, before, "x.parquet") is None
    (folder / "x.parquet").write_bytes(whole)
    assert joined(recognise_new(folder, before, "x.parquet"))[0].name == "x"


def test_that_new_columns_widen_the_stream_and_take_no_role_that_is_held(folder: Path) -> None:
    before = known(folder)
    more = TABLE.replace(HEADER, HEADER + ",tier,response_time").replace(",phone\n", ",phone,gold,0.2\n")
    (folder / "served-20260303.csv").write_text(more)
    stream, file = joined(recognise_new(folder, before, "served-20260303.csv"))
    assert stream.columns[: len(before[0].columns)] == before[0].columns
    added = {each.name: each.role for each in stream.columns[len(before[0].columns):]}
    assert added == {"tier": Role.FEATURE, "response_time": None}
    assert file.columns[-2:] == ("tier", "response_time")


def test_that_another_shape_is_a_stream_of_its_own(folder: Path) -> None:
    before = known(folder)
    (folder / "labels").mkdir()
    (folder / "labels" / "labels.csv").write_text("request_id,label_ts,clicked\n" + "".join(
        f"r{n},2026-03-02T11:00:{n:02d}Z,{n % 2}\n" for n in range(20)))
    stream, _ = joined(recognise_new(folder, before, "labels/labels.csv"))
    assert (stream.name, stream.kind) == ("labels", StreamKind.OUTCOMES)


def test_that_a_new_folder_level_gives_its_value(tmp_path: Path) -> None:
    for version in ("v1", "v2", "v3"):
        (tmp_path / version).mkdir()
    for version in ("v1", "v2"):
        (tmp_path / version / "served.csv").write_text(TABLE)
    before = known(tmp_path)
    (tmp_path / "v3" / "served.csv").write_text(TABLE)
    stream, file = joined(recognise_new(tmp_path, before, "v3/served.csv"))
    assert (stream.name, file.constants) == (before[0].name, (("variant", "v3"),))


def test_that_a_new_metric_joins_the_others(tmp_path: Path) -> None:
    series = "timestamp,value\n" + "".join(f"2014-02-14 14:{minute:02d}:00,{minute}\n" for minute in range(0, 60, 5))
    (tmp_path / "cpu.csv").write_text(series)
    before = known(tmp_path)
    (tmp_path / "latency.csv").write_text(series)
    stream, file = joined(recognise_new(tmp_path, before, "latency.csv"))
    assert (stream.name, file.constants) == (before[0].name, (("metric", "latency"),))


def test_that_what_is_no_log_is_refused(folder: Path) -> None:
    before = known(folder)
    (folder / "picture.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    found = recognise_new(folder, before, "picture.csv")
    assert isinstance(found, Refused) and not found.rejected
    (folder / "timeless.csv").write_text("a,b\n" + "1,2\n" * 20)
    found = recognise_new(folder, before, "timeless.csv")
    assert isinstance(found, Refused) and found.rejected and "No column holds a time" in found.reason


def test_that_a_stream_that_comes_without_its_files_is_known_by_name(folder: Path) -> None:
    before = tuple(each.with_files(()) for each in known(folder))
    (folder / "served-20260303.csv").write_text(TABLE)
    stream, _ = joined(recognise_new(folder, before, "served-20260303.csv"))
    assert (stream.name, [each.path for each in stream.files]) == ("served", ["served-20260303.csv"])


def test_that_it_comes_to_the_same_as_discovering_again(bad_canary_csv: Path, tmp_path: Path) -> None:
    folder = own_copy(bad_canary_csv, tmp_path / "logs")
    whole = known(folder)
    last = next(each for each in whole if each.kind is StreamKind.REQUESTS).files[0].path
    hidden = (folder / last).rename(tmp_path / "kept")
    before = known(folder)
    hidden.rename(folder / last)
    stream, file = joined(recognise_new(folder, before, last))
    again = next(each for each in whole if each.name == stream.name)
    assert [(each.stored, each.type, each.role) for each in stream.columns] == [
        (each.stored, each.type, each.role) for each in again.columns]
    assert file in again.files
