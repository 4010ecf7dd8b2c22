"""Files that are not as they should be: what can be read is loaded, the rest is named, the others do not suffer."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from console.jobs import SilentJob
from console.logs import load as loading
from console.logs import parquet, reading
from console.logs.bulk import Batch
from console.logs.discover import discover
from console.logs.load import LoadReport, load_folder
from console.logs.writing import Counts
from console.store import Workspace
from tests.console.logs.following.world import accounts

HEADER = "ts,request_id,latency_ms,city\n"


def line(number: int, city: str = "Bonn") -> str:
    return f"2026-03-02T{number // 3600:02d}:{number // 60 % 60:02d}:{number % 60:02d}Z,r{number},{number}.5,{city}\n"


def lines(first: int, end: int) -> str:
    return "".join(line(number) for number in range(first, end))


class Loaded:
    """A folder with these files, loaded."""

    def __init__(self, place: Path, **files: bytes) -> None:
        folder = place / "logs"
        folder.mkdir()
        for name, content in files.items():
            path = folder / name.replace("__", ".").replace("_", "-")
            path.write_bytes(content)
            os.utime(path, (1_700_000_000, 1_700_000_000))
        self.ws = Workspace.open(place / "w.pilot", folder=folder)
        self.report: LoadReport = load_folder(discover(folder, SilentJob()), self.ws, SilentJob())

    def column(self, name: str) -> list[Any]:
        return [row[0] for info in self.ws.streams()
                for row in self.ws.cursor().execute(f'SELECT "{name}" FROM {info.table} ORDER BY _record').fetchall()]

    def check(self, rows: int, quarantined: int = 0, ignored: int = 0) -> None:
        report = self.report
        assert (report.events, report.rows_quarantined, report.rows_ignored) == (rows, quarantined, ignored)
        for file in self.ws.files():
            assert file.records == file.rows_loaded + file.rows_quarantined + file.rows_ignored, file
        self.ws.close()


TEXT = HEADER + lines(0, 30) + line(30, "Köln")


@pytest.mark.parametrize("content", [
    pytest.param(TEXT.encode(), id="UTF-8"), pytest.param(b"\xef\xbb\xbf" + TEXT.encode(), id="with a mark"),
    pytest.param(TEXT.encode("latin-1"), id="Latin-1"), pytest.param(TEXT.encode("utf-16"), id="UTF-16"),
    pytest.param(b"\xfe\xff" + TEXT.encode("utf-16-be"), id="UTF-16, big end first"),
    pytest.param(TEXT.replace("\n", "\r\n").encode(), id="lines ended by two characters"),
    pytest.param(TEXT.rstrip("\n").encode(), id="the last line without its end")])
def test_that_the_encoding_changes_nothing(tmp_path: Path, content: bytes) -> None:
    loaded = Loaded(tmp_path, app__csv=content)
    assert loaded.column("city") == ["Bonn"] * 30 + ["Köln"]
    assert loaded.column("latency_ms")[-1] == 30.5
    loaded.check(31)


def test_that_a_line_in_another_encoding_far_behind_the_head_is_kept(tmp_path: Path) -> None:
    loaded = Loaded(tmp_path, app__csv=(HEADER + lines(0, 5000)).encode() + line(5000, "Köln").encode("latin-1"))
    assert loaded.column("city")[-1] == "Köln"
    loaded.check(5001)


def test_that_a_broken_line_is_told_with_its_line_and_byte(tmp_path: Path) -> None:
    before = (HEADER + lines(0, 10)).encode()
    loaded = Loaded(tmp_path, app__csv=before + b'2026-03-02T00:00:10Z,"r10,10.5\n' + lines(11, 40).encode())
    [bad] = loaded.ws.quarantine(10)
    assert (bad.line, bad.byte_offset, bad.reason) == (12, len(before), "a quote is never closed")
    loaded.check(39, quarantined=1)


def test_that_a_time_that_cannot_be_read_is_told_with_its_line_and_byte(tmp_path: Path) -> None:
    before = (HEADER + lines(0, 30)).encode()
    loaded = Loaded(tmp_path, app__csv=before + b"yesterday,r30,1,Bonn\n" + lines(31, 60).encode())
    [bad] = loaded.ws.quarantine(10)
    assert (bad.line, bad.byte_offset) == (32, len(before))
    loaded.check(59, quarantined=1)


def test_that_quoted_cells_may_span_lines(tmp_path: Path) -> None:
    loaded = Loaded(tmp_path, app__csv=(HEADER + lines(0, 30) + line(30, '"Bad\nGodesberg, ""Rhein"""') + "torn\n"
                                        + lines(31, 33)).encode())
    assert loaded.column("city")[30] == 'Bad\nGodesberg, "Rhein"'
    [bad] = loaded.ws.quarantine(10)
    assert bad.line == 34
    loaded.check(33, quarantined=1)


def test_that_a_cut_archive_gives_what_can_be_read_and_says_so(tmp_path: Path) -> None:
    whole = gzip.compress((HEADER + lines(0, 20_000)).encode())
    loaded = Loaded(tmp_path, app__csv__gz=whole[: len(whole) // 2], good__csv=(HEADER + lines(0, 10)).encode())
    files = {file.path: file for file in loaded.ws.files()}
    assert files["good.csv"].rows_loaded == 10
    assert 0 < files["app.csv.gz"].rows_loaded < 20_000
    assert "break after" in files["app.csv.gz"].note
    loaded.ws.close()


def test_that_a_damaged_parquet_file_does_not_cost_its_neighbours(tmp_path: Path) -> None:
    def part(first: int, end: int) -> bytes:
        path = tmp_path / "part"
        pd.DataFrame({"ts": pd.date_range("2026-03-02", periods=end - first, freq="s", tz="UTC"), "latency_ms": 1.5,
                      "request_id": [f"r{number * 7919 % 10_007}" for number in range(first, end)]}).to_parquet(path)
        return path.read_bytes()

    broken = bytearray(part(5000, 9000))
    broken[200:20_000] = os.urandom(19_800)      # pages within; the footer is whole
    loaded = Loaded(tmp_path, p_1__parquet=part(0, 100), p_2__parquet=bytes(broken), p_3__parquet=part(100, 150))
    files = {file.path: file for file in loaded.ws.files()}
    assert files["p-2.parquet"].state == "rejected" and "damaged" in files["p-2.parquet"].note
    loaded.check(150)


def test_that_a_parquet_file_that_is_damaged_behind_is_read_up_to_there_and_gone_on_with_when_it_is_whole(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for where, name in ((parquet, "RANGE_ROWS"), (loading, "FIRST_ROWS"), (loading, "BATCH_ROWS")):
        monkeypatch.setattr(where, name, 1000)
    path = tmp_path / "part"
    pd.DataFrame({"ts": pd.date_range("2026-03-02", periods=5000, freq="s", tz="UTC"), "latency_ms": 1.5,
                  "request_id": [f"r{number * 7919 % 10_007}" for number in range(5000)]}).to_parquet(
                      path, row_group_size=1000)
    whole = path.read_bytes()
    column = pq.ParquetFile(path).metadata.row_group(2).column(2)
    at = column.dictionary_page_offset
    loaded = Loaded(tmp_path, p_1__parquet=whole[:at] + b"\xff" * 2000 + whole[at + 2000 :])
    [entry] = loaded.ws.ledger()
    assert (entry.records, entry.rows_loaded, entry.state) == (2000, 2000, "waiting")
    assert "damaged" in (entry.reason or "")
    accounts(loaded.ws)

    folder = tmp_path / "logs"
    (folder / "p-1.parquet").write_bytes(whole)
    load_folder(discover(folder, SilentJob()), loaded.ws, SilentJob())
    [entry] = loaded.ws.ledger()
    assert (entry.records, entry.rows_loaded, entry.state, entry.reason) == (5000, 5000, "loaded", "")
    accounts(loaded.ws)
    loaded.ws.close()


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_that_the_quarantine_has_the_text_of_rows_of_an_archive(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(reading, "CHUNK_BYTES", 4096)
    text = "".join(f'{{"ts":"{"soon" if n % 50 == 7 else f"2026-03-02T{n // 60:02d}:{n % 60:02d}:00Z"}",'
                   f'"request_id":"r{n}","latency_ms":{n}}}\n' for n in range(1000))
    packed = pa.BufferOutputStream()
    with pa.CompressedOutputStream(packed, kind) as stream:
        stream.write(text.encode())
    loaded = Loaded(tmp_path, app__jsonl__packed=packed.getvalue().to_pybytes())
    assert [bad.raw for bad in loaded.ws.quarantine(100)] == [line for line in text.splitlines() if "soon" in line]
    loaded.check(980, quarantined=20)


@pytest.mark.parametrize("bad", ['{"ts":"2026-03-02T00:00:00Z","request_id":broken\n',
                                 '{"ts":"soon","request_id":"x"}\n'])
def test_that_a_transaction_holds_few_records_that_are_no_rows(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bad: str) -> None:
    for where, name, value in ((reading, "CHUNK_BYTES", 4096), (loading, "BATCH_BAD", 200),
                               (loading, "FIRST_ROWS", 200), (loading, "BATCH_ROWS", 1000)):
        monkeypatch.setattr(where, name, value)
    held: list[int] = []
    finish = Batch.finish

    def watched(batch: Batch) -> Counts:
        counts = finish(batch)
        held.append(counts.quarantined)
        return counts

    monkeypatch.setattr(Batch, "finish", watched)
    good = "".join(f'{{"ts":"2026-03-02T00:{n // 60:02d}:{n % 60:02d}Z","request_id":"r{n}"}}\n' for n in range(900))
    loaded = Loaded(tmp_path, app__jsonl=(good + bad * 3000).encode())
    assert sum(held) == 3000
    assert sum(count > 400 for count in held) <= 1, "rows without a time are met when a transaction is full"
    loaded.check(900, quarantined=3000)


def test_that_many_files_that_are_no_logs_are_noted_at_once(tmp_path: Path) -> None:
    pictures = {f"picture_{number}__png": b"\x89PNG\r\n\x1a\n" + bytes([number]) for number in range(200)}
    loaded = Loaded(tmp_path, app__csv=(HEADER + lines(0, 10)).encode(), **pictures)
    alone = {file.path: file.note for file in loaded.ws.files() if file.state == "left alone"}
    assert len(alone) == 200 and all(alone.values())
    assert loaded.ws.generation < 50, "each transaction makes a generation"
    (tmp_path / "logs" / "picture-7.png").write_bytes(b"")
    before = loaded.ws.generation
    load_folder(discover(tmp_path / "logs", SilentJob()), loaded.ws, SilentJob())
    changed = {file.path: file.note for file in loaded.ws.files() if file.path in alone}
    assert {path for path in alone if changed[path] != alone[path]} == {"picture-7.png"}
    assert loaded.ws.generation - before < 10
    loaded.check(10)
