"""Folders as make_logs writes them, loaded whole: every row, every broken line, nothing twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from console.errors import NoLogs
from console.jobs import JobStopped, SilentJob
from console.logs.discover import discover
from console.logs.load import LoadReport, load_folder
from console.store import Workspace
from tests.tiers import once

MAKE_LOGS = Path(__file__).parents[1] / "make_logs.py"


def make_logs(out: Path, *options: str) -> dict[str, Any]:
    subprocess.run([sys.executable, str(MAKE_LOGS), str(out), "--quiet", *options], check=True)
    truth: dict[str, Any] = json.loads(Path(f"{out}.truth.json").read_text())
    return truth


def load(folder: Path, workspace: Path, **options: Any) -> tuple[Workspace, LoadReport]:
    ws = Workspace.open(workspace, folder=folder)
    return ws, load_folder(discover(folder, SilentJob()), ws, SilentJob(), **options)


def raw(ws: Workspace, stream: str, column: str) -> list[Any]:
    info = next(info for info in ws.streams() if info.name == stream)
    return [row[0] for row in ws.cursor().execute(f'SELECT "{column}" FROM {info.table}').fetchall()]


def everything(ws: Workspace, column: str = "request_id") -> list[Any]:
    return [value for info in ws.streams() if any(each.stored == column for each in info.columns)
            for value in raw(ws, info.name, column)]


def old(path: Path) -> Path:
    """At rest since long ago."""
    os.utime(path, (1_700_000_000, 1_700_000_000))
    return path


@pytest.mark.parametrize("kind, compress", once(("csv", "zst"), ("jsonl", "gz"), ("parquet", "none"), ("csv", "none"),
                                                ("csv", "gz"), ("jsonl", "none"), ("jsonl", "zst"), first=3))
def test_that_every_row_of_a_dirty_folder_is_loaded_or_set_aside(tmp_path: Path, kind: str, compress: str) -> None:
    truth = make_logs(tmp_path / "logs", "--rows", "6000", "--days", "2", "--format", kind, "--compress", compress,
                      "--dirty", "15", "--late", "0.02", "--dup", "0.01")
    ws, report = load(tmp_path / "logs", tmp_path / "w.pilot")
    written = truth["rows"] + truth["duplicate_rows"]
    assert report.events == written
    assert report.outcomes == truth["label_rows"]
    assert report.reference == truth["reference_rows"]
    assert report.rows_quarantined + report.rows_ignored == truth["dirty_lines"]
    assert report.rows_read == report.rows_loaded + report.rows_quarantined + report.rows_ignored
    requests = next(info for info in ws.streams() if info.kind == "requests")
    ids = Counter(raw(ws, requests.name, "request_id"))
    assert ids == Counter(ids_of(tmp_path / "logs" / "predictions", kind))
    ws.close()


def ids_of(folder: Path, kind: str) -> list[str]:
    """With pandas, which knows nothing of our reader; broken lines are dropped by their shape."""
    found: list[str] = []
    for path in sorted(folder.iterdir()):
        compression = {".gz": "gzip", ".zst": "zstd"}.get(path.suffix)
        if kind == "parquet":
            found += pd.read_parquet(path)["request_id"].tolist()
            continue
        if compression == "zstd":
            import pyarrow as pa

            text = pa.CompressedInputStream(pa.OSFile(str(path)), "zstd").read().decode()
        else:
            text = pd.io.common.get_handle(path, "r", compression=compression).handle.read()
        for line in text.split("\n"):
            if kind == "jsonl":
                try:
                    found.append(json.loads(line)["request_id"])
                except ValueError:
                    continue
            elif line.count(",") == 19 and not line.startswith('"ts"'):
                found.append(line.split(",")[1].strip('"'))
    return found


def test_that_opening_again_loads_only_what_is_new(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    path = folder / "a.csv"
    path.write_text("ts,request_id,latency_ms\n" + "".join(f"2026-03-02T00:00:{i:02d}Z,r{i},{i}\n" for i in range(30)))
    ws, report = load(folder, tmp_path / "w.pilot", live_s=0)
    assert report.events == 30
    ws.close()
    with path.open("a") as more:
        more.write("".join(f"2026-03-02T00:00:{i:02d}Z,r{i},{i}\n" for i in range(30, 60)))
    (folder / "b.csv").write_text("ts,request_id,latency_ms\n2026-03-02T00:01:00Z,r60,60\n")
    ws, report = load(folder, tmp_path / "w.pilot", live_s=0)
    assert report.events == 61
    assert sorted(everything(ws)) == sorted(f"r{i}" for i in range(61))
    ws.close()


def test_that_a_renamed_file_and_a_copy_are_not_loaded_twice(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    text = "ts,request_id,latency_ms\n" + "".join(f"2026-03-02T00:00:{i:02d}Z,r{i},{i}\n" for i in range(30))
    (folder / "a.csv").write_text(text)
    ws, _report = load(folder, tmp_path / "w.pilot", live_s=0)
    ws.close()
    (folder / "a.csv").rename(folder / "a-20260302.csv")
    (folder / "a.csv").write_text("ts,request_id,latency_ms\n2026-03-02T00:01:00Z,new,60\n")
    (folder / "a-copy.csv").write_text(text + "2026-03-02T00:00:40Z,only here,60\n")
    ws, _ = load(folder, tmp_path / "w.pilot", live_s=0)
    assert sorted(everything(ws)) == sorted([f"r{i}" for i in range(30)] + ["new", "only here"])
    assert {file.path for file in ws.files()} == {"a.csv", "a-20260302.csv", "a-copy.csv"}
    ws.close()


def test_that_two_copies_in_a_new_folder_are_loaded_once(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    text = "ts,request_id,latency_ms\n" + "".join(f"2026-03-02T00:00:{i:02d}Z,r{i},{i}\n" for i in range(30))
    (folder / "a.csv").write_text(text)
    (folder / "a-copy.csv").write_text(text)
    ws, report = load(folder, tmp_path / "w.pilot", live_s=0)
    assert report.events == 30
    ws.close()


def test_that_a_file_with_a_new_column_extends_the_stream(tmp_path: Path) -> None:
    truth = make_logs(tmp_path / "logs", "--rows", "3000", "--days", "2", "--format", "parquet", "--scenario",
                      "schema-change")
    ws, report = load(tmp_path / "logs", tmp_path / "w.pilot")
    assert report.events == truth["rows"]
    ws.close()


def json_folder(tmp_path: Path, files: dict[str, list[dict[str, Any]]]) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    for name, rows in files.items():
        old_text = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / name).write_text(old_text)
        old(folder / name)
    return folder


def test_that_a_json_key_that_shows_late_is_kept(tmp_path: Path) -> None:
    def row(i: int) -> dict[str, Any]:
        stamp = f"2026-03-02T{i // 3600:02d}:{i // 60 % 60:02d}:{i % 60:02d}Z"
        return {"ts": stamp, "request_id": f"r{i}", "latency_ms": 1.5}

    first = [row(i) for i in range(30_001)]
    first[30_000]["late"] = 7.25
    second = [row(i) for i in range(40_000, 40_010)]
    second[-1] |= {"only_here": "text", "big": 12345678901234567890, "nested": {"a": [1, 2]}}
    folder = json_folder(tmp_path, {"app-1.jsonl": first, "app-2.jsonl": second})
    ws, report = load(folder, tmp_path / "w.pilot")
    assert report.events == 30_011
    assert [value for value in everything(ws, "late") if value is not None] == [7.25]
    assert [value for value in everything(ws, "only_here") if value] == ["text"]
    assert [value for value in everything(ws, "big") if value] == ["12345678901234567890"]
    assert [value for value in everything(ws, "nested") if value] == ['{"a":[1,2]}']
    ws.close()


def test_that_a_type_that_changes_late_costs_no_row(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    lines = [f"2026-03-02T00:{i // 60 % 60:02d}:{i % 60:02d}Z,r{i},{i}" for i in range(3000)]
    lines[2990] = "2026-03-02T00:59:59Z,r2990,broken"
    old_path = folder / "a.csv"
    old_path.write_text("ts,request_id,latency_ms\n" + "\n".join(lines) + "\n")
    ws, report = load(folder, tmp_path / "w.pilot", live_s=0)
    info = ws.streams()[0]
    assert report.events == 3000
    found = ws.cursor().execute(f"SELECT latency_ms, _misfit FROM {info.table} WHERE request_id = 'r2990'").fetchall()
    assert found == [(None, '{"latency_ms":"broken"}')]
    ws.close()


class StopAfter(SilentJob):
    """Asks to stop once so many bytes are done."""

    def __init__(self, reports: int) -> None:
        self.left = reports

    def report(self, done: int, total: int, note: str) -> None:
        self.left -= 1

    def stop_if_asked(self) -> None:
        if self.left <= 0:
            raise JobStopped


def test_that_a_stopped_load_goes_on_where_it_was(tmp_path: Path) -> None:
    truth = make_logs(tmp_path / "logs", "--rows", "6000", "--days", "6", "--format", "csv")
    folder = tmp_path / "logs"
    for round_ in range(200):
        ws = Workspace.open(tmp_path / "w.pilot", folder=folder)
        try:
            load_folder(discover(folder, SilentJob()), ws, StopAfter(1 + round_))
            break
        except JobStopped:
            continue
        finally:
            ws.close()
    assert round_ > 0
    with duckdb.connect(str(tmp_path / "w.pilot"), read_only=True) as con:
        assert con.execute("SELECT count(*) FROM events").fetchall() == [(truth["rows"],)]


def test_that_a_folder_where_nothing_can_be_loaded_says_why(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    old_path = folder / "a.csv"
    old_path.write_text("ts,request_id,latency_ms\n" + "no time,r1,5\n" * 3)
    with pytest.raises(NoLogs):
        load(folder, tmp_path / "w.pilot", live_s=0)
