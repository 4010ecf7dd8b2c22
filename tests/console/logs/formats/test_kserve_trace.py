"""The trace lines of KServe's Python server."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from tests.console.logs.formats.by_hand import Followed, cells, column, cut, known_as, loaded, roles

LINE = ("2026-03-02 12:00:42.123 9 kserve.trace requestId: 6f1c, preprocess_ms: 0.007, explain_ms: 0, "
        "predict_ms: 5.3, postprocess_ms: 0.013")


def test_that_a_trace_gives_its_cells_and_the_sum_of_its_steps() -> None:
    rows, _ = cut("kserve-trace", LINE + "\n")
    assert rows == [{"time": "2026-03-02 12:00:42.123", "process": "9", "request_id": "6f1c", "latency_ms": "5.32",
                     "preprocess_ms": "0.007", "explain_ms": "0", "predict_ms": "5.3", "postprocess_ms": "0.013"}]


@pytest.mark.parametrize(("line", "wanted"), [
    (LINE.replace(" 9 ", " "), [None, "6f1c", "5.32"]), (LINE.replace("6f1c", "N.A."), ["9", None, "5.32"]),
    (LINE.replace("0.007", "7.152557373046875e-07"), ["9", "6f1c", "5.313001"]),
    ("2026-03-02T11:00:42.1Z " + LINE, ["9", "6f1c", "5.32"]),
    (LINE.replace("6f1c", "a, b: <b>"), ["9", "a, b: <b>", "5.32"]),
    (LINE.replace("6f1c", "x" * 10_000), ["9", "x" * 10_000, "5.32"]), (LINE.replace("6f1c", ""), ["9", None, "5.32"]),
])
def test_that_odd_traces_are_rows(line: str, wanted: list[str | None]) -> None:
    rows, found = cut("kserve-trace", line + "\n")
    assert not found.bad
    assert cells(rows[0], "process", "request_id", "latency_ms") == wanted


@pytest.mark.parametrize(("line", "reason"), [
    ('2026-03-02 12:00:42.123 uvicorn.access INFO:     127.0.0.1:59168 9 - "POST /v1/models/x:predict HTTP/1.1" 200 OK',
     "a request, without a duration"),
    ("2026-03-02 12:00:42.123 9 kserve INFO [model_server.py:start():1] Registering model: x",
     "a message of the server"),
    ("Traceback (most recent call last):", "a traceback or other output"),
])
def test_that_other_lines_are_ignored_with_their_reason(line: str, reason: str) -> None:
    rows, found = cut("kserve-trace", f"{LINE}\n{line}\n")
    assert (len(rows), dict(found.ignored), found.bad) == (1, {reason: 1}, [])


@pytest.mark.parametrize("torn", [LINE[:40], LINE[:70], LINE[:-10], LINE[40:], LINE.replace("5.3", "None")])
def test_that_a_torn_trace_is_set_aside(torn: str) -> None:
    rows, found = cut("kserve-trace", f"{LINE}\n{torn}\n{LINE}\n")
    assert (len(rows), [(bad.line, bad.raw) for bad in found.bad]) == (2, [(1, torn)])


def test_that_it_is_told_from_other_text() -> None:
    access = '2026-03-02 12:00:42.123 uvicorn.access INFO:     127.0.0.1:59168 9 - "POST /x HTTP/1.1" 200 OK\n'
    assert known_as(access + LINE + "\n") == "kserve-trace"
    assert known_as(access * 2) == "uvicorn-timed"
    for text in ("2026-03-02 12:00:42.123 9 kserve INFO hello\n" * 3, "ts,latency_ms\n2026-03-02T12:00:00Z,5\n"):
        assert known_as(text) == ""


def test_that_traces_are_requests_with_a_latency(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "server.log").write_text("".join(LINE.replace("6f1c", f"r{n}") + "\n" for n in range(40)))
    ws, report = loaded(folder, tmp_path / "w.pilot")
    assert report.events == 40
    assert roles(ws, "kserve-trace") == {"time": "timestamp", "request_id": "request_id", "latency_ms": "latency"}
    assert set(column(ws, "kserve-trace", "time")) == {datetime(2026, 3, 2, 12, 0, 42, 123000)}
    assert set(column(ws, "kserve-trace", "latency_ms")) == {5.32}
    ws.close()


def test_that_a_growing_log_is_followed_by_whole_lines(tmp_path: Path) -> None:
    log = Followed(tmp_path, "server.log", f"{LINE}\n" * 30)
    assert [log.add(LINE[:75]), log.add(LINE[75:] + "\n")] == [0, 1]
    log.again()
    assert log.add(f"{LINE}\n") == 1
    assert len(column(log.ws, "kserve-trace", "latency_ms")) == 32
    log.stop()
