"""Many small files of one form: loaded as if each were cut alone, with few queries."""

from __future__ import annotations

import gzip
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from console.jobs import SilentJob
from console.logs import together
from console.logs.discover import discover
from console.logs.formats.cutting import SqlCutter
from console.logs.load import load_folder
from console.store import Workspace

LEDGER = ("path, size, \"offset\", records, prefix_digest, anchor, state, reason, rows_loaded, rows_quarantined, "
          "rows_ignored, ignored")


def capture(number: int, data: str = "1,2.5", said: str = "0.25", **more: Any) -> bytes:
    """A request as SageMaker captures it, a line."""
    csv = {"encoding": "CSV", "observedContentType": "text/csv"}
    return json.dumps({
        "captureData": {"endpointInput": {"data": data, **csv}, "endpointOutput": {"data": said, **csv}},
        "eventMetadata": {"eventId": f"e-{number}", "inferenceTime": "2026-03-02T10:00:00Z", **more}}).encode() + b"\n"


def truth(number: int, said: str) -> bytes:
    return json.dumps({"groundTruthData": {"data": said, "encoding": "CSV"},
                       "eventMetadata": {"eventId": f"e-{number}"}}).encode() + b"\n"


def folder_of(folder: Path) -> Path:
    """Files with all that may stand in one. 20 requests, 3 labels, 4 bad lines, 2 blank ones, a comment."""
    files = {
        "ctr/blue/2026/03/02/10/a.jsonl": capture(1) + capture(2, "1,2\n3,4", "0.5\n0.6"),
        "ctr/blue/2026/03/02/10/b.jsonl": b"\xef\xbb\xbf" + capture(3) + b"\nnot json\n" + capture(4),
        "ctr/blue/2026/03/02/10/c.jsonl": capture(5) + capture(6).rstrip(b"\n"),
        "ctr/blue/2026/03/02/10/d.jsonl": capture(7).rstrip(b"\n"),
        "ctr/blue/2026/03/02/11/e.jsonl": b"# by hand\n" + capture(8, "1,2,3,4") + capture(19),
        "ctr/blue/2026/03/02/11/f.jsonl.gz": gzip.compress(capture(9) + b'{"other": 1}\n' + capture(10)),
        "ctr/blue/2026/03/02/11/g.jsonl": capture(11) + b'{"captureData": {}}\n\n',
        "ctr/blue/2026/03/02/11/h.jsonl": capture(12).replace(b"e-12", b"caf\xe9-12") + capture(13),
        "ctr/green/2026/03/02/11/i.jsonl": capture(14) + capture(15, customAttributes="late"),
        "ctr/green/2026/03/02/12/j.jsonl": (capture(16) + b'{"captureData": {"endp\n' + capture(17)
                                            + capture(18)).replace(b"\n", b"\r\n"),
        "ctr/green/2026/03/02/12/k.jsonl": capture(14) + capture(15, customAttributes="late"),      # a copy of i
        "truth/2026/03/02/10/a.jsonl": truth(1, "0") + truth(3, "1"),
        "truth/2026/03/02/11/b.jsonl": truth(5, "1"),
    }
    for name, raw in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)
        os.utime(path, (1_780_000_000, 1_780_000_000))
    return folder


def found_in(folder: Path, workspace: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All that a workspace holds after loading; files by their names."""
    ws = Workspace.open(workspace, folder=folder)
    report = load_folder(discover(folder, SilentJob()), ws, SilentJob())
    assert report.rows_read == report.rows_loaded + report.rows_quarantined + report.rows_ignored
    con = ws.cursor()
    found = {"files": con.execute(f"SELECT {LEDGER} FROM files ORDER BY path").fetchall(),
             "quarantine": con.execute("SELECT f.path, q.* EXCLUDE (file_id) FROM quarantine AS q JOIN files AS f "
                                       "USING (file_id) ORDER BY ALL").fetchall()}
    for info in ws.streams():
        names = ", ".join(f't."{column.stored}"' for column in sorted(info.columns, key=lambda each: each.stored))
        found[info.name] = con.execute(f"SELECT f.path, t._record, {names} FROM {info.table} AS t JOIN files AS f "
                                       "ON t._file = f.file_id ORDER BY 1, 2").fetchall()
    ws.close()
    return found


def test_that_each_file_has_what_it_has_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = folder_of(tmp_path / "logs")
    asked = counted(monkeypatch)
    found = found_in(folder, tmp_path / "together.pilot")
    n_together = len(asked)
    monkeypatch.setattr(together, "SMALL_BYTES", 0)
    assert found_in(folder, tmp_path / "alone.pilot") == found
    assert len(asked) - n_together > n_together
    by_file: dict[str, int] = {}
    for path, *_ in found["sagemaker"]:
        by_file[path.rsplit("/", 1)[-1]] = by_file.get(path.rsplit("/", 1)[-1], 0) + 1
    copy = by_file.pop("i.jsonl", 0) + by_file.pop("k.jsonl", 0)
    assert copy == 2
    assert by_file == {"a.jsonl": 3, "b.jsonl": 2, "c.jsonl": 2, "d.jsonl": 1, "e.jsonl": 2, "f.jsonl.gz": 2,
                       "g.jsonl": 1, "h.jsonl": 2, "j.jsonl": 3}
    assert len(found["sagemaker-ground-truth"]) == 3
    assert len(found["quarantine"]) == 4


def test_that_many_files_are_cut_with_few_queries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(200):
        path = tmp_path / f"logs/ctr/blue/2026/03/02/{number % 24:02}/{number}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(capture(2 * number) + capture(2 * number + 1))
        os.utime(path, (1_780_000_000, 1_780_000_000))
    ws = Workspace.open(tmp_path / "w.pilot", folder=tmp_path / "logs")
    plan = discover(tmp_path / "logs", SilentJob())
    asked = counted(monkeypatch)
    report = load_folder(plan, ws, SilentJob())
    ws.close()
    assert (report.files, report.events) == (200, 400)
    assert len(asked) == 1


def test_that_a_file_that_grew_meanwhile_is_read_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "logs"
    for number in range(3):
        path = folder / f"ctr/blue/2026/03/02/10/{number}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(capture(number))
    plan = discover(folder, SilentJob())
    cut_together: Callable[..., Any] = SqlCutter.cut_together

    def grown(self: SqlCutter, blocks: Any) -> Any:
        with (folder / "ctr/blue/2026/03/02/10/1.jsonl").open("ab") as file:
            file.write(capture(10) + b"broken\n")
        return cut_together(self, blocks)

    monkeypatch.setattr(SqlCutter, "cut_together", grown)
    ws = Workspace.open(tmp_path / "w.pilot", folder=folder)
    report = load_folder(plan, ws, SilentJob(), live_s=0)
    [(size, offset)] = ws.cursor().execute("SELECT size, \"offset\" FROM files WHERE path LIKE '%/1.jsonl'").fetchall()
    ws.close()
    assert (report.events, report.rows_quarantined) == (4, 1)
    assert offset == (folder / "ctr/blue/2026/03/02/10/1.jsonl").stat().st_size > size


def counted(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """When a form's query was asked."""
    asked: list[float] = []
    answer = SqlCutter._answer

    def counting(self: SqlCutter, size: int) -> Any:
        asked.append(time.monotonic())
        return answer(self, size)

    monkeypatch.setattr(SqlCutter, "_answer", counting)
    return asked


def otel(number: int, **more: Any) -> bytes:
    """An export of one request; its fields are only told by cutting it."""
    attributes = [{"key": key, "value": {"doubleValue": value}} for key, value in {"input.age": 30.5, **more}.items()]
    return json.dumps({"resourceSpans": [{"resource": {}, "scopeSpans": [{"spans": [{
        "traceId": f"{number:032x}", "spanId": "1", "name": "n", "kind": 2, "attributes": attributes,
        "startTimeUnixNano": str(1773043209496054272 + number * 10**9),
        "endTimeUnixNano": str(1773043209501054272 + number * 10**9)}]}]}]}).encode() + b"\n"


def test_that_few_heads_of_a_form_are_cut_and_late_fields_still_come(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "logs"
    for day in range(1, 31):
        for hour in range(4):
            path = folder / f"2026-03-{day:02}/{hour}.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(otel(24 * day + hour, **({"late": 2.5} if (day, hour) == (20, 1) else {})))
    asked = counted(monkeypatch)
    plan = discover(folder, SilentJob())
    assert [(stream.name, len(stream.files)) for stream in plan.streams] == [("otlp-traces", 120)]
    assert len(asked) <= 8 + 4
    ws = Workspace.open(tmp_path / "w.pilot", folder=folder)
    report = load_folder(plan, ws, SilentJob(), live_s=0)
    found = ws.execute_readonly(f"SELECT late, count(*), count(\"input.age\") FROM {ws.streams()[0].table} GROUP BY 1 "
                                "ORDER BY 1")
    ws.close()
    assert (report.files, report.events) == (120, 120)
    assert found == [(2.5, 1, 1), (None, 119, 119)]


def test_that_folders_of_other_names_tell_their_own_fields(tmp_path: Path) -> None:
    for name, more in (("a", {}), ("b", {"height": 1.5})):
        for number in range(12):
            path = tmp_path / f"logs/{name}/{number}.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(otel(number + 100 * len(more), **more))
    (stream,) = discover(tmp_path / "logs", SilentJob()).streams
    fields = {file.path: "height" in file.columns for file in stream.files}
    assert fields == {f"{name}/{number}.jsonl": name == "b" for name in "ab" for number in range(12)}
