"""Small files that hurt: each was once the cause of a crash, of wrong rows, or of a wait without end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from console.jobs import SilentJob
from console.logs.discover import discover
from console.logs.load import LoadReport, load_folder
from console.store import FileView, Workspace

START = 1_772_409_600


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
