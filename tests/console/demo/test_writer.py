"""The writer goes on where the history ends."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest

from console.demo.story import StoryTruth, make_story
from console.demo.writer import DemoWriter, run, start_writer, stop_writer
from console.errors import BadSettings

NOW = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)


@pytest.fixture
def story(tmp_path: Path) -> StoryTruth:
    return make_story(tmp_path / "shop", seed=3, now=NOW, rows=1000)


def lines(story: StoryTruth, stream: str) -> list[dict[str, Any]]:
    path = story.folder / stream / f"{stream}.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_that_rows_come_at_the_rate_and_in_order(story: StoryTruth) -> None:
    writer = DemoWriter(story, rate=100)
    for step in range(1, 61):
        writer.advance(NOW.timestamp() + step * 0.5)
    times = [row["ts"] for row in lines(story, "predictions")]
    assert len(times) == writer.rows == pytest.approx(3000, abs=5 * 3000**0.5)      # five standard deviations
    assert times == sorted(times)
    assert times[0] >= "2026-03-04T10:00:00" and times[-1] < "2026-03-04T10:00:30"


def test_that_outcomes_come_twenty_seconds_after_their_request(story: StoryTruth) -> None:
    writer = DemoWriter(story, rate=50)
    writer.advance(NOW.timestamp() + 10)
    assert lines(story, "labels") == []
    writer.advance(NOW.timestamp() + 25)
    asked = {row["request_id"]: row["ts"] for row in lines(story, "predictions")}
    known = lines(story, "labels")
    assert len(known) == writer.labels > 100
    for outcome in known:
        waited = datetime.fromisoformat(outcome["label_ts"]) - datetime.fromisoformat(asked[outcome["request_id"]])
        assert waited.total_seconds() == pytest.approx(20, abs=1e-5)


def test_that_ids_differ_between_history_and_two_runs_of_the_writer(story: StoryTruth) -> None:
    DemoWriter(story, rate=100).advance(NOW.timestamp() + 10)
    DemoWriter(story, rate=100, since_s=NOW.timestamp() + 10).advance(NOW.timestamp() + 20)
    ids = [row["request_id"] for row in lines(story, "predictions")]
    assert len(ids) > 1500
    assert len(set(ids)) == len(ids)


def test_that_every_host_is_sampled_every_ten_seconds(story: StoryTruth) -> None:
    writer = DemoWriter(story)
    for step in range(1, 62):
        writer.advance(NOW.timestamp() + step)
    assert [row["ts"][17:19] for row in lines(story, "system")] == [
        second for second in ("10", "20", "30", "40", "50", "00") for _ in range(3)]


def test_that_a_clock_that_goes_back_writes_nothing_twice(story: StoryTruth) -> None:
    writer = DemoWriter(story, rate=100)
    writer.advance(NOW.timestamp() + 10)
    before = writer.rows
    assert writer.advance(NOW.timestamp() + 5) == 0
    assert writer.rows == before


def test_that_a_machine_that_slept_gets_ten_minutes_at_most(story: StoryTruth) -> None:
    writer = DemoWriter(story, rate=1)
    writer.advance(NOW.timestamp() + 86_400)
    assert lines(story, "predictions")[0]["ts"] >= "2026-03-05T09:50"


def test_that_it_runs_until_it_is_told(story: StoryTruth) -> None:
    clock = iter(range(1, 100))
    writer = DemoWriter(story, rate=10)
    steps = iter([False, False, True])
    run(writer, until=lambda: next(steps), clock=lambda: NOW.timestamp() + next(clock), sleep=lambda s: None)
    assert lines(story, "predictions")[-1]["ts"] < "2026-03-04T10:00:02"


def test_that_the_process_writes_and_can_be_stopped(tmp_path: Path) -> None:
    story = make_story(tmp_path / "shop", rows=1000)
    process = start_writer(story.folder, rate=200)
    try:
        wait_for(lambda: len(lines(story, "predictions")) > 20)
    finally:
        stop_writer(process)
    assert process.poll() is not None


def test_that_the_process_ends_with_the_one_that_started_it(tmp_path: Path, repo_root: Path) -> None:
    story = make_story(tmp_path / "shop", rows=1000)
    program = ("import sys, time; from pathlib import Path; from console.demo.writer import start_writer; "
               "print(start_writer(Path(sys.argv[1]), rate=100).pid, flush=True); time.sleep(60)")
    with subprocess.Popen([sys.executable, "-c", program, str(story.folder)], stdout=subprocess.PIPE,
                          cwd=repo_root) as parent:
        assert parent.stdout is not None
        writer = psutil.Process(int(parent.stdout.readline()))
        wait_for(lambda: bool(lines(story, "predictions")))
        parent.kill()
    wait_for(lambda: not writer.is_running() or writer.status() == psutil.STATUS_ZOMBIE)


def test_that_a_folder_that_is_no_demo_is_refused(tmp_path: Path) -> None:
    from console.demo.story import read_truth

    with pytest.raises(BadSettings, match="no folder of the demo"):
        read_truth(tmp_path)


def wait_for(condition: Any, timeout_s: float = 20.0) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)
