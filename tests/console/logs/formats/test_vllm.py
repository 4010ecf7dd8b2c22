"""vLLM's server log: samples of engines, and times that name no year."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.console.logs.formats.by_hand import Followed, cells, column, cut, known_as, loaded, roles

LINE = ("(APIServer pid=1) INFO 03-02 00:00:10 [loggers.py:248] Engine 000: Avg prompt throughput: 20.4 tokens/s, "
        "Avg generation throughput: 9.3 tokens/s, Running: 1 reqs, Waiting: 2 reqs, GPU KV cache usage: 46.5%, "
        "Prefix cache hit rate: 25.0%")
CHANGED = datetime(2025, 3, 2, 12, tzinfo=UTC)
FIGURES = ("prompt_tokens_per_s", "generation_tokens_per_s", "running_requests", "waiting_requests",
           "kv_cache_usage_percent", "prefix_cache_hit_rate_percent")


def ns(moment: datetime) -> int:
    return int(moment.timestamp()) * 10**9


def test_that_a_report_of_an_engine_gives_its_cells() -> None:
    rows, _ = cut("vllm-stats", LINE + "\n", mtime_ns=ns(CHANGED))
    assert rows == [{"time": "2025-03-02T00:00:10", "engine": "000", "prompt_tokens_per_s": "20.4",
                     "generation_tokens_per_s": "9.3", "running_requests": "1", "waiting_requests": "2",
                     "kv_cache_usage_percent": "46.5", "prefix_cache_hit_rate_percent": "25.0"}]


@pytest.mark.parametrize(("line", "engine", "figures"), [
    ("INFO 05-11 12:04:19 [metrics.py:486] Avg prompt throughput: 13.2 tokens/s, Avg generation throughput: 13.0 "
     "tokens/s, Running: 1 reqs, Swapped: 0 reqs, Pending: 3 reqs, GPU KV cache usage: 0.1%, CPU KV cache usage: 0.0%.",
     "000", ["13.2", "13.0", "1", "3", "0.1", None]),
    (LINE.replace("Engine 000", "Engine 012").replace("GPU KV", "KV"), "012",
     ["20.4", "9.3", "1", "2", "46.5", "25.0"]),
    (LINE + ", External prefix cache hit rate: 7.0%", "000", ["20.4", "9.3", "1", "2", "46.5", "25.0"]),
    (LINE.replace(", Prefix cache hit rate: 25.0%", ""), "000", ["20.4", "9.3", "1", "2", "46.5", None]),
    ("\x1b[0;36m(APIServer pid=1)\x1b[0;0m " + LINE[18:], "000", ["20.4", "9.3", "1", "2", "46.5", "25.0"]),
])
def test_that_the_forms_of_all_versions_are_read(line: str, engine: str, figures: list[str | None]) -> None:
    rows, found = cut("vllm-stats", line + "\n", mtime_ns=ns(CHANGED))
    assert not found.bad
    assert cells(rows[0], "engine", *FIGURES) == [engine, *figures]


@pytest.mark.parametrize(("said", "changed", "time"), [
    ("03-02 00:00:10", CHANGED, "2025-03-02T00:00:10"), ("01-01 00:00:00", CHANGED, "2025-01-01T00:00:00"),
    ("12-31 23:59:59", CHANGED, "2024-12-31T23:59:59"), ("03-05 00:00:00", CHANGED, "2024-03-05T00:00:00"),
    ("03-03 02:00:00", CHANGED, "2025-03-03T02:00:00"),            # a zone ahead of UTC
    ("12-31 23:59:59", datetime(2025, 1, 1, 0, 0, 5, tzinfo=UTC), "2024-12-31T23:59:59"),
    ("01-01 00:30:00", datetime(2024, 12, 31, 23, 30, tzinfo=UTC), "2024-01-01T00:30:00"),
    ("02-29 10:00:00", CHANGED, "2024-02-29T10:00:00"),
])
def test_that_the_year_is_that_of_the_files_last_change(said: str, changed: datetime, time: str) -> None:
    rows, _ = cut("vllm-stats", LINE.replace("03-02 00:00:10", said) + "\n", mtime_ns=ns(changed))
    assert rows[0]["time"] == time


def test_that_a_line_of_today_is_of_this_year_however_old_the_first_look() -> None:
    now = datetime.now(UTC)
    rows, _ = cut("vllm-stats", LINE.replace("03-02 00:00:10", f"{now:%m-%d %H:%M:%S}") + "\n",
                  mtime_ns=ns(now - timedelta(days=3)))
    assert rows[0]["time"] == f"{now:%Y-%m-%dT%H:%M:%S}"


def test_that_an_archive_of_a_year_ago_is_of_its_own_year_on_any_day() -> None:
    """Its days lie about as far from the file's last change as from now, but for the year."""
    changed = datetime.now(UTC) - timedelta(days=370)
    said = changed - timedelta(days=1)
    rows, _ = cut("vllm-stats", LINE.replace("03-02 00:00:10", f"{said:%m-%d %H:%M:%S}") + "\n", mtime_ns=ns(changed))
    assert rows[0]["time"] == f"{said:%Y-%m-%dT%H:%M:%S}"


def test_that_a_time_of_the_container_is_believed() -> None:
    rows, _ = cut("vllm-stats", f"2023-05-12T08:01:39.331095044Z {LINE}\n", mtime_ns=ns(CHANGED))
    assert rows[0]["time"] == "2023-05-12T08:01:39.331095044Z"


@pytest.mark.parametrize(("line", "reason"), [
    ('(APIServer pid=1) INFO:     172.31.0.1:37016 - "POST /v1/chat/completions HTTP/1.1" 200 OK',
     "a request, without a duration"),
    ("(APIServer pid=1) INFO 05-07 04:56:17 [metrics.py:101] SpecDecoding metrics: Mean acceptance length: 2.63, "
     "Accepted throughput: 76.80 tokens/s", "a message of the server"),
    ("INFO 03-02 00:00:10 [logger.py:39] Received request <b>x</b>", "a message of the server"),
    ("Traceback (most recent call last):", "a traceback or other output"),
    ("x" * 10_000, "a traceback or other output"),
])
def test_that_other_lines_are_ignored_with_their_reason(line: str, reason: str) -> None:
    rows, found = cut("vllm-stats", f"{LINE}\n{line}\n")
    assert (len(rows), dict(found.ignored), found.bad) == (1, {reason: 1}, [])


@pytest.mark.parametrize("torn", [LINE[:90], LINE[:130], LINE[60:], LINE.replace("20.4", "much"),
                                  LINE.replace("03-02", "13-45"), LINE.replace("03-02", "02-30")])
def test_that_a_torn_report_is_set_aside(torn: str) -> None:
    rows, found = cut("vllm-stats", f"{LINE}\n{torn}\n")
    assert (len(rows), [(bad.line, bad.raw) for bad in found.bad]) == (1, [(1, torn)])


def test_that_it_is_told_from_other_text() -> None:
    access = 'INFO:     172.31.0.1:37016 - "POST /v1/chat/completions HTTP/1.1" 200 OK\n'
    assert known_as(access * 30 + LINE + "\n") == "vllm-stats"
    assert known_as(access * 30) == "uvicorn-access"
    for text in ("INFO 03-02 00:00:10 [a.py:1] hello\n" * 3, "ts,latency_ms\n2026-03-02T12:00:00Z,5\n",
                 f'{{"line": "{LINE}"}}\n'):
        assert known_as(text) == ""


def test_that_engines_are_told_apart_and_figures_keep_their_units(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    log = folder / "vllm.log"
    log.write_text("".join(LINE.replace(":10 ", f":{n:02d} ").replace("000", f"00{n % 2}") + "\n" for n in range(40)))
    os.utime(log, (CHANGED.timestamp(),) * 2)
    ws, report = loaded(folder, tmp_path / "w.pilot")
    assert (report.samples, report.events) == (40, 0)
    assert roles(ws, "vllm-stats") == {"time": "timestamp", "engine": "host"} | dict.fromkeys(FIGURES, "metric_value")
    info = next(info for info in ws.streams() if info.name == "vllm-stats")
    assert {each.name: each.unit for each in info.columns if each.unit} == {
        "prompt_tokens_per_s": "tokens/s", "generation_tokens_per_s": "tokens/s", "kv_cache_usage_percent": "%",
        "prefix_cache_hit_rate_percent": "%"}
    assert min(column(ws, "vllm-stats", "time")) == datetime(2025, 3, 2)
    assert sorted(set(column(ws, "vllm-stats", "engine"))) == ["000", "001"]
    ws.close()


def test_that_a_growing_log_is_followed_by_whole_lines(tmp_path: Path) -> None:
    log = Followed(tmp_path, "vllm.log", f"{LINE}\n" * 30)
    assert [log.add(LINE[:75]), log.add(LINE[75:] + "\nTraceback (most recent call last):\n")] == [0, 1]
    log.again()
    assert log.add(f"  File\n{LINE}\n") == 1
    assert len(column(log.ws, "vllm-stats", "time")) == 32
    log.stop()
