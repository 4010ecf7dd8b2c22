"""Small files that hurt: each was once the cause of a crash, of wrong rows, or of a wait without end."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from console.errors import NoLogs
from console.jobs import SilentJob
from console.logs import pieces, reading
from console.logs.cells import look_at
from console.logs.discover import discover
from console.logs.load import LoadReport, load_folder
from console.logs.plan import Refused
from console.logs.sniff import Head, Incomplete, sniff
from console.store import FileView, Workspace

START = 1_772_409_600
LIMIT = 1000            # columns of a stream, as README says


def load(folder: Path) -> tuple[Workspace, LoadReport]:
    """The workspace of a folder; every file's sum is checked."""
    ws = Workspace.open(folder.parent / "w.duckdb", folder=folder)
    report = load_folder(discover(folder, SilentJob()), ws, SilentJob(), live_s=0.0)
    for file in ws.files():
        assert file.records == file.rows_loaded + file.rows_quarantined + file.rows_ignored, file
    return ws, report


def files(ws: Workspace) -> dict[str, FileView]:
    return {file.path: file for file in ws.files()}


def column(ws: Workspace, name: str) -> list[Any]:
    """All cells of a column of the only stream, by the order of records."""
    [stream] = ws.streams()
    return [row[0] for row in ws.cursor().execute(
        f'SELECT "{name}" FROM {stream.table} ORDER BY _file, _record').fetchall()]


def parquet(folder: Path, name: str, **columns: list[Any]) -> None:
    table(folder, name, list(columns), list(columns.values()))


def table(folder: Path, name: str, names: list[str], columns: list[list[Any]]) -> None:
    folder.mkdir(exist_ok=True)
    times = pa.array([START + number for number in range(len(columns[0]))])
    pq.write_table(pa.table([times, *(pa.array(each) for each in columns)], names=["ts", *names]), folder / name)


def test_that_parquet_columns_may_have_no_name_the_same_name_or_one_of_the_database(tmp_path: Path) -> None:
    names = ["", "cpu", "cpu", "CPU", "file_index", "file_row_number", "filename", "_file", "_record", "rowid"]
    cells = [[100.0 + at, 200.0 + at] for at in range(len(names))]
    table(tmp_path / "logs", "a.parquet", names, cells)
    ws, report = load(tmp_path / "logs")
    assert report.rows_loaded == 2
    [stream] = ws.streams()
    kept = [each.stored for each in stream.columns if each.name != "ts"]
    assert [each.name for each in stream.columns] == ["ts", *names]
    assert [list(map(float, column(ws, stored))) for stored in kept] == cells
    ws.close()


def test_that_the_name_of_a_parquet_file_is_no_pattern(tmp_path: Path) -> None:
    for at, name in enumerate(("a[1].parquet", "a1.parquet", "*.parquet", "?.parquet", "{a,b}.parquet")):
        parquet(tmp_path / "logs", name, latency_ms=[float(at), float(at)], city=["Bonn", name])
    ws, report = load(tmp_path / "logs")
    assert report.rows_loaded == 10
    by_file = [row for stream in ws.streams() for row in ws.cursor().execute(
        f"SELECT path, latency_ms FROM {stream.table} JOIN files ON file_id = _file").fetchall()]
    assert sorted(by_file) == sorted(2 * [("a[1].parquet", 0.0), ("a1.parquet", 1.0), ("*.parquet", 2.0),
                                          ("?.parquet", 3.0), ("{a,b}.parquet", 4.0)])
    ws.close()


def test_that_broken_json_in_letters_of_many_bytes_is_set_aside(tmp_path: Path) -> None:
    """The database quotes the line, cuts it within a letter, and the message cannot be read."""
    (tmp_path / "logs").mkdir()
    broken = [" " * shift + "ÿ€😀" * 100 for shift in range(4)]
    good = ['{"ts": "2026-03-02T00:00:00Z", "latency_ms": 1}'] * 5
    (tmp_path / "logs" / "app.jsonl").write_text("\n".join([*good, *broken]) + "\n")
    capture = '{"Records": [], "eventMetadata": {"inferenceTime": "2026-03-02T00:00:00Z", "eventId": "a"}, ' \
              '"captureData": {"endpointOutput": {"encoding": "JSON", "data": "1"}}, "eventVersion": "0"}'
    (tmp_path / "logs" / "capture.jsonl").write_text("\n".join([*[capture] * 5, *broken]) + "\n")
    ws, _report = load(tmp_path / "logs")
    assert {path: (file.rows_loaded, file.rows_quarantined) for path, file in files(ws).items()} == {
        "app.jsonl": (5, 4), "capture.jsonl": (5, 4)}
    assert {bad.line for bad in ws.quarantine(20, file="app.jsonl")} == {6, 7, 8, 9}
    ws.close()


@pytest.mark.parametrize("piece", ["1", "1:", "::", "a.", "-", " ", '"', "(", "é", "1.", "0 ", "1,", "T"])
@pytest.mark.parametrize("before", ["", "INFO:     ", "2026-03-02 10:00:00,123 - ", "127.0.0.1 - - [", '{"ts": "'])
def test_that_no_line_takes_long_to_look_at(tmp_path: Path, piece: str, before: str) -> None:
    """Patterns that go back and forth within a line took minutes."""
    line = before + piece * (40_000 // len(piece)) + "!"
    (tmp_path / "log.csv").write_text("\n".join(["ts,x", *[line] * 20]) + "\n")
    began = time.process_time()
    with contextlib.suppress(Incomplete):
        sniff(tmp_path / "log.csv", "log.csv", 400)
    look_at("time", [line] * 20)
    assert time.process_time() - began < 2.0


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are text here")
def test_that_a_name_that_is_no_text_is_named_and_left_alone(tmp_path: Path) -> None:
    parquet(tmp_path / "logs", "good.parquet", latency_ms=[1.0])
    place = os.fsencode(tmp_path / "logs") + b"/bad\xff"
    os.mkdir(place)
    for path in (place + b"/in.csv", place + b".csv"):
        with open(path, "wb") as file:
            file.write(b"ts,x\n1772409600,1\n")
    ws, report = load(tmp_path / "logs")
    assert report.rows_loaded == 1
    assert {name: file.note for name, file in files(ws).items() if file.state == "rejected"} == {
        "bad\\xff": "Its name is no valid UTF-8. Rename it", "bad\\xff.csv": "Its name is no valid UTF-8. Rename it"}
    ws.close()


def wide_csv(folder: Path, count: int) -> None:
    folder.mkdir(exist_ok=True)
    head = ",".join(["ts", *(f"e{number}" for number in range(count - 1))])
    rows = [",".join([str(START + at), *(["0.5"] * (count - 1))]) for at in range(5)]
    (folder / "wide.csv").write_text("\n".join([head, *rows]) + "\n")


def test_that_an_embedding_of_768_columns_is_loaded(tmp_path: Path) -> None:
    wide_csv(tmp_path / "logs", 769)
    ws, report = load(tmp_path / "logs")
    assert (report.rows_loaded, column(ws, "e767")) == (5, [0.5] * 5)
    ws.close()


def test_that_a_table_of_too_many_columns_is_refused_with_the_limit(tmp_path: Path) -> None:
    wide_csv(tmp_path / "logs", LIMIT + 1)
    table(tmp_path / "logs", "wide.parquet", [f"c{at}" for at in range(LIMIT)], [[1.0]] * LIMIT)
    with pytest.raises(NoLogs) as said:
        discover(tmp_path / "logs", SilentJob())
    assert str(said.value).count("1,001 columns; at most 1,000 are read") >= 1
    parquet(tmp_path / "logs", "good.parquet", latency_ms=[1.0])
    ws, report = load(tmp_path / "logs")
    assert report.rows_loaded == 1
    for name in ("wide.csv", "wide.parquet"):
        assert files(ws)[name].state == "rejected" and "at most 1,000 are read" in files(ws)[name].note
    ws.close()


def cells_of(ws: Workspace) -> list[dict[str, str]]:
    """All cells of the only stream by the name of their field, as text, wherever they are kept."""
    [stream] = ws.streams()
    names = {each.stored: each.name for each in stream.columns}
    found = []
    cursor = ws.cursor().execute(f"SELECT * FROM {stream.table} ORDER BY _file, _record")
    stored = [each[0] for each in cursor.description or ()]
    for row in cursor.fetchall():
        cells = {names[name]: str(cell) for name, cell in zip(stored, row, strict=True)
                 if name in names and cell is not None}
        misfit = json.loads(row[stored.index("_misfit")] or "{}")
        found.append({**cells, **misfit.pop("_more", {}), **{names[name]: text for name, text in misfit.items()}})
    return found


@pytest.mark.parametrize("shapes", [
    pytest.param([[list(range(at, at + 400)) for at in range(0, 2400, 40)]], id="keys that go on and on in one file"),
    pytest.param([[list(range(at, at + 600))] * 5 for at in (0, 300, 600)], id="files that fill one stream together",
                 marks=pytest.mark.long),
    pytest.param([[list(range(10))] * 500 + [list(range(5000))] * 3], id="far behind the head, many in one line",
                 marks=pytest.mark.long)])
def test_that_no_key_beyond_the_limit_of_columns_loses_a_cell(tmp_path: Path, shapes: list[list[list[int]]]) -> None:
    (tmp_path / "logs").mkdir()
    wanted: list[dict[str, str]] = []
    for part, rows in enumerate(shapes):
        made = [{"ts": "2026-03-02T00:00:00Z", **{f"key/~ {key}": f"v{key}.{at}" for key in keys}}
                for at, keys in enumerate(rows)]
        (tmp_path / "logs" / f"app.jsonl.{part + 1}").write_text("".join(json.dumps(row) + "\n" for row in made))
        wanted += [{name: cell for name, cell in row.items() if name != "ts"} for row in made]
    ws, report = load(tmp_path / "logs")
    [stream] = ws.streams()
    assert (report.rows_loaded, report.rows_quarantined) == (len(wanted), 0)
    assert len(stream.columns) == LIMIT
    found = [{name: cell for name, cell in row.items() if name != "ts"} for row in cells_of(ws)]
    by_content = [sorted(row.items()) for row in wanted]
    assert sorted(by_content) == sorted(sorted(row.items()) for row in found)
    assert any("beyond the 1,000 columns" in file.note for file in ws.files())
    ws.close()


ROW = b'{"ts": "2026-03-02T00:00:00Z", "latency_ms": 1}\n'


def packed(path: Path, content: bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else pa.compress(content, "zstd", asbytes=True))


@pytest.mark.parametrize("ending", ["gz", "zst"])
def test_that_an_archive_that_unpacks_to_too_much_is_read_no_further(
        tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "FREE_EXPANSION", 1 << 20)
    monkeypatch.setattr(reading, "MOST_EXPANSION", 20)
    packed(tmp_path / "logs" / f"app.jsonl.{ending}", ROW * 500_000)
    ws, report = load(tmp_path / "logs")
    [file] = ws.files()
    assert 0 < report.rows_loaded < 500_000
    assert file.note.endswith("it unpacks to more than 20 times its size") and "was read no further than" in file.note
    again = load_folder(discover(tmp_path / "logs", SilentJob()), ws, SilentJob())
    assert again.rows_loaded == report.rows_loaded
    ws.close()


@pytest.mark.parametrize("bad", [b"\n", b"{]\n"])
def test_that_an_archive_of_nothing_but_bad_records_is_read_no_further(tmp_path: Path, bad: bytes) -> None:
    packed(tmp_path / "logs" / "app.jsonl.gz", ROW * 30 + bad * 1_500_000)
    began = time.process_time()
    ws, report = load(tmp_path / "logs")
    [file] = ws.files()
    assert report.rows_loaded == 30 and report.rows_quarantined + report.rows_ignored < 1_300_000
    assert "are blank or cannot be read (limit of a compressed file: 100,000" in file.note
    assert time.process_time() - began < 40
    again = load_folder(discover(tmp_path / "logs", SilentJob()), ws, SilentJob())
    assert again.rows_read == report.rows_read
    ws.close()


def test_that_an_archive_of_rows_without_times_is_read_no_further(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They have the shape of rows: only the store sees that they are none, a transaction later."""
    monkeypatch.setattr(pieces, "LINES_AT_ONCE", 1000)
    monkeypatch.setattr("console.logs.contents.AHEAD_BYTES", 1)
    monkeypatch.setattr("console.logs.contents.MOST_BAD", 1000)
    monkeypatch.setattr("console.logs.load.FIRST_ROWS", 2000)
    packed(tmp_path / "logs" / "app.jsonl.gz", ROW * 30 + b"{}\n" * 100_000)
    ws, report = load(tmp_path / "logs")
    [file] = ws.files()
    assert report.rows_loaded == 30 and 1000 < report.rows_quarantined < 10_000
    assert file.note.startswith("It was read no further: ")
    ws.close()


@pytest.mark.parametrize("name, content", [
    ("a.jsonl", b"".join([ROW, b"\n", b"{}\n", b"torn {\n", b"\r\n", ROW * 3] * 20)),
    ("a.csv", b"ts,city\n" + b"".join([b'2026-03-02T00:00:00Z,"Bad\nGodesberg"\n', b"\n",
                                        b"2026-03-02T00:00:00Z,K\xf6ln\n" * 3, b"1,2,3\n"] * 20)),
    ("b.csv", ("ts,city\n" + ("2026-03-02T00:00:00Z,Köln\n" * 4 + "\n1,2,3\n") * 20).encode("utf-16"))])
def test_that_records_are_the_same_however_few_lines_are_cut_at_once(
        tmp_path: Path, name: str, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / name).write_bytes(content)
    head = sniff(tmp_path / name, name, 20)
    assert isinstance(head, Head)

    def all_of() -> tuple[list[Any], list[Any], list[Any]]:
        file = reading.TextFile(tmp_path / name, head.file)
        rows: list[Any] = []
        bad: list[Any] = []
        ends: list[Any] = []
        for piece in file.pieces(final=True):
            table = piece.rows()
            rows += [] if table is None else table.to_pylist()
            bad += [(piece.line_place(each.line), each.reason, each.raw) for each in piece.cut.bad]
            ends.append((piece.mark.offset, piece.mark.records))
        file.close()
        return rows, bad, ends[-1:]

    at_once = all_of()
    monkeypatch.setattr(pieces, "LINES_AT_ONCE", 7)
    assert all_of() == at_once
    assert at_once[0] and at_once[1] and at_once[2][0][0] == len(content)


@pytest.mark.parametrize("content, said", [
    ("ts,latency_ms\n1772409600,1\n".encode("utf-32"), "It is text in UTF-32"),
    ("ts,latency_ms\n1772409600,1\n".encode("utf-16-le") * 20, "It is text in UTF-16 without the mark"),
    ('{"ts": 1772409600, "device": "tv"}\n'.encode("utf-16-be") * 20, "It is text in UTF-16 without the mark"),
    (b"ts,latency_ms\r" + b"1772409600,1\r" * 20, "Its lines end with carriage returns alone")])
def test_that_text_of_other_kinds_is_refused_with_what_it_is(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    found = sniff(tmp_path / "a.csv", "a.csv")
    assert isinstance(found, Refused) and found.reason.startswith(said)


def test_that_a_few_odd_cells_do_not_cost_a_file_its_time(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    odd = ['{"ts": {"deep": [1]}, "latency_ms": 2}', '{"ts": [], "latency_ms": 3}']
    lines = ['{"ts": "2026-03-02T00:00:00Z", "latency_ms": 1}'] * 38
    (tmp_path / "logs" / "a.jsonl").write_text("\n".join([*lines[:9], *odd, *lines[9:]]) + "\n")
    ws, report = load(tmp_path / "logs")
    assert (report.events, report.rows_quarantined) == (38, 2)
    ws.close()


def test_that_an_empty_file_that_may_not_be_read_is_told_like_any_other(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who follows said that it may not be read, who loads that it is empty: each load changed what was said of it."""
    (tmp_path / "a.csv").write_bytes(b"")
    with pytest.raises(Incomplete, match="It is empty"):
        sniff(tmp_path / "a.csv", "a.csv")

    def shut(path: Path, *_: Any) -> Any:
        raise PermissionError(str(path))

    monkeypatch.setattr(Path, "open", shut)
    found = sniff(tmp_path / "a.csv", "a.csv")
    assert isinstance(found, Refused) and found.reason.startswith("It may not be read")


def test_that_half_a_letter_in_a_name_or_a_cell_costs_its_line_alone(tmp_path: Path) -> None:
    """JSON can spell half of a surrogate pair; Python reads it, and nothing can keep it."""
    (tmp_path / "logs").mkdir()
    rows = [{"ts": START + number, "latency_ms": number, "device": "\U0001f600"} for number in range(20)]
    odd = [{**rows[0], "na\udfffme": 1}, {**rows[0], "device": "\ud800"}]
    (tmp_path / "logs" / "a.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in [*rows[:5], *odd, *rows[5:]]))
    ws, report = load(tmp_path / "logs")
    assert (report.rows_loaded, report.rows_quarantined) == (20, 2)
    assert [(bad.path, bad.line) for bad in ws.quarantine(9)] == [("a.jsonl", 6), ("a.jsonl", 7)]
    assert [each.name for each in ws.streams()[0].columns] == ["ts", "latency_ms", "device"]
    ws.close()


def varint(number: int) -> bytes:
    """As thrift writes a whole number."""
    number = (number << 1) ^ (number >> 63)
    found = []
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes([*found, number])


@pytest.mark.parametrize("told", [8191, 100, -200])
def test_that_a_footer_that_tells_another_number_of_rows_than_there_are_is_refused(tmp_path: Path, told: int) -> None:
    """A file of 200 rows passed for an empty one, without a word."""
    parquet(tmp_path / "logs", "good.parquet", latency_ms=[1.0])
    parquet(tmp_path, "lies.parquet", latency_ms=[float(number) for number in range(200)])
    data = (tmp_path / "lies.parquet").read_bytes()
    begin = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    before, _, behind = data[begin:-8].partition(varint(200))       # of all numbers the file's own comes first
    footer = before + varint(told) + behind
    assert pq.ParquetFile(pa.BufferReader(data)).metadata.num_rows == 200
    (tmp_path / "logs" / "lies.parquet").write_bytes(
        data[:begin] + footer + len(footer).to_bytes(4, "little") + b"PAR1")
    ws, report = load(tmp_path / "logs")
    found = files(ws)["lies.parquet"]
    assert (report.rows_loaded, found.state) == (1, "rejected")
    assert f"its footer speaks of {told:,} rows, and of 200 in its parts" in found.note
    ws.close()


def test_that_a_line_of_100_mb_is_one_record_set_aside_in_little_memory(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    with (tmp_path / "logs" / "a.jsonl").open("wb") as out:
        out.write(ROW * 5 + b'{"x": "')
        for _ in range(100):
            out.write(b"y" * (1 << 20))
        out.write(b'"}\n' + ROW * 5)
    before = psutil.Process().memory_info().rss
    ws, report = load(tmp_path / "logs")
    assert (report.rows_loaded, report.rows_quarantined) == (10, 1)
    [bad] = ws.quarantine(9)
    assert (bad.path, bad.line, bad.byte_offset, bad.reason) == ("a.jsonl", 6, 5 * len(ROW), "longer than 8 MB")
    assert psutil.Process().memory_info().rss - before < 400 << 20
    ws.close()
