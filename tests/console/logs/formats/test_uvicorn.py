"""uvicorn's access lines with and without times, among all else that a model server prints."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from tests.console.logs.formats.by_hand import Followed, cells, column, cut, known_as, loaded, roles

LINE = 'INFO:     127.0.0.1:56036 - "POST /predict HTTP/1.1" 200 OK'
TIMED = '2026-03-02 12:00:42,123 - INFO: 127.0.0.1:56036 - "POST /predict HTTP/1.1" 200 OK'


def test_that_a_line_gives_its_cells() -> None:
    rows, _ = cut("uvicorn-access", LINE.replace("/predict", "/v2/models/ctr/versions/1/infer?x=1") + "\n")
    assert rows == [{"client": "127.0.0.1:56036", "method": "POST", "path": "/v2/models/ctr/versions/1/infer?x=1",
                     "protocol": "HTTP/1.1", "status": "200", "model": "ctr", "model_version": "1"}]


@pytest.mark.parametrize(("line", "time", "client", "status"), [
    (TIMED, "2026-03-02 12:00:42,123", "127.0.0.1:56036", "200"),
    ('2026-03-02 12:00:42.123 uvicorn.access INFO:     127.0.0.1:59168 6 - "POST /v1/models/x:predict HTTP/1.1" 500 '
     "Internal Server Error", "2026-03-02 12:00:42.123", "127.0.0.1:59168", "500"),
    ('2026-03-02T08:01:39.331095044Z (APIServer pid=1) INFO:     10.0.0.1:1 - "GET /v1/models HTTP/1.1" 200 OK',
     "2026-03-02T08:01:39.331095044Z", "10.0.0.1:1", "200"),
    ('INFO:     [2026-03-02T12:00:42+01:00] {abc} [::1]:80 - "POST / HTTP/2" 422', "2026-03-02T12:00:42+01:00",
     "[::1]:80", "422"),
    ('\x1b[32mINFO\x1b[0m:     2026-03-02 12:00:42 127.0.0.1:5 - "\x1b[1mPOST / HTTP/1.1\x1b[0m" \x1b[32m200 OK\x1b[0m',
     "2026-03-02 12:00:42", "127.0.0.1:5", "200"),
    (LINE, None, "127.0.0.1:56036", "200"), ('INFO:      - "POST /predict HTTP/1.1" 200 OK', None, None, "200"),
])
def test_that_what_stands_before_the_client_is_read_for_a_time(line: str, time: str | None, client: str | None,
                                                               status: str) -> None:
    rows, found = cut("uvicorn-timed", line + "\n")
    assert not found.bad
    assert cells(rows[0], "time", "client", "status") == [time, client, status]
    assert known_as(f"{line}\n" * 3) == ("uvicorn-timed" if time else "uvicorn-access")


@pytest.mark.parametrize(("line", "reason"), [
    (LINE.replace("POST /predict", "GET /health"), "a check of health"),
    ("INFO:     Uvicorn running on http://127.0.0.1:3112 (Press CTRL+C to quit)", "a message of the server"),
    ("2026-11-23 19:12:37,759 - MainProcess[9835] - litserve.server - INFO - server.py:1514 - Swagger UI is available",
     "a message of the server"),
    ('INFO:httpx:HTTP Request: POST http://feature.store/ "HTTP/1.1 200 OK"', "a message of the server"),
    ("Traceback (most recent call last):", "a traceback or other output"),
    ('  File "/app/lit_server.py", line 12, in predict', "a traceback or other output"),
    ("RuntimeError: feature store <b>timed out</b>", "a traceback or other output"),
    ("x" * 10_000, "a traceback or other output"), ('{"a": [1, {"b": null}]}', "a traceback or other output"),
])
def test_that_what_is_no_request_is_ignored_with_its_reason(line: str, reason: str) -> None:
    rows, found = cut("uvicorn-access", f"{LINE}\n{line}\n")
    assert (len(rows), dict(found.ignored), found.bad) == (1, {reason: 1}, [])


@pytest.mark.parametrize("torn", [LINE[:22], LINE[:30], LINE[:45], LINE[:54], LINE[20:-3] + " 20", LINE[:52] + LINE])
def test_that_a_torn_request_is_set_aside(torn: str) -> None:
    rows, found = cut("uvicorn-access", f"{LINE}\n{torn}\n{LINE}\n")
    assert (len(rows), [(bad.line, bad.raw) for bad in found.bad]) == (2, [(1, torn)])


def test_that_a_server_that_only_started_waits_for_requests() -> None:
    text = "INFO:     Started server process [1]\nINFO:     Waiting for application startup.\n"
    assert known_as(text) == "uvicorn-access"
    for other in ("ts,latency_ms\n2026-03-02T12:00:00Z,5\n", f'ts,line\n2026-03-02T12:00:00Z,"{LINE[:25]}"\n',
                  json.dumps({"ts": "2026-03-02T12:00:00Z", "line": LINE}) + "\n", "INFO: hello\n" * 3):
        assert known_as(other) == ""


def test_that_requests_without_times_are_counted_and_never_on_the_axis(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "server.log").write_text(f"{LINE}\n" * 5 + LINE.replace("200 OK", "500 Internal Server Error") + "\n")
    (folder / "requests.csv").write_text("ts,latency_ms\n" + "2026-03-02T12:00:00Z,5\n" * 3)
    ws, report = loaded(folder, tmp_path / "w.pilot")
    assert (report.events, report.rows_loaded) == (3, 9)
    assert sorted(column(ws, "uvicorn-access", "status")) == [200] * 5 + [500]
    assert roles(ws, "uvicorn-access") == {"status": "status"}
    ws.close()


def test_that_a_log_with_times_is_followed_by_whole_lines(tmp_path: Path) -> None:
    log = Followed(tmp_path, "server.log", f"{TIMED}\n" * 30)
    assert [log.add(TIMED[:60]), log.add(TIMED[60:] + "\nTraceback (most recent call last):\n")] == [0, 1]
    log.again()
    assert log.add(f"  File\n{TIMED}\n") == 1
    assert len(column(log.ws, "uvicorn-timed", "status")) == 32
    assert roles(log.ws, "uvicorn-timed") == {"time": "timestamp", "status": "status"}
    log.stop()


def test_that_the_real_folder_of_litserve_is_whole(shared_logs: Path, tmp_path: Path) -> None:
    truth = json.loads((shared_logs.parent / "truth.json").read_text())["format-litserve"]
    ws, report = loaded(shared_logs / "format-litserve", tmp_path / "w.pilot")
    assert (report.samples, report.events, report.rows_quarantined) == (truth["rows"], 0, 0)
    status = column(ws, "uvicorn-access", "status")
    assert len(status) == truth["access_lines"]
    said: dict[str, int] = defaultdict(int)
    for phase in truth["run"]["phases"]:
        for code, count in phase["status"].items():
            said[code] += count
    assert {str(int(each)): status.count(each) for each in set(status)} == said
    values: dict[str, list[Any]] = defaultdict(list)
    for key, value in zip(column(ws, "metrics", "key"), column(ws, "metrics", "value"), strict=True):
        values[key].append(value)
    assert set(values) == set(truth["keys"])
    for key, wanted in truth["keys"].items():
        there = [each for each in values[key] if each is not None]
        assert (len(values[key]), len(values[key]) - len(there)) == (wanted["n"], wanted["nulls"])
        assert sum(there) / len(there) == pytest.approx(wanted["mean"], abs=5e-6)
    ws.close()
