"""Goes on appending to the demo's log, as a server would: `python -m console.demo.writer FOLDER`.

A process of its own, so that the window has nothing to do with it but read files. It ends with the process that
started it, however that ended, and after `--seconds`.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any

import numpy as np

from console.demo.story import SAMPLE_STEP_S, StoryTruth, iso, outcomes, read_truth
from console.demo.world import requests, system

ATTRIBUTION_S = 20.0            # shorter than in the history, so that outcomes can be watched arriving
STEP_S = 0.2
MAX_CATCH_UP_S = 600.0          # a machine that slept does not get its sleep written


class DemoWriter:
    """Appends what happened since the last step. Whoever calls decides what time it is."""

    def __init__(self, truth: StoryTruth, *, rate: float | None = None, since_s: float | None = None) -> None:
        """rate in requests a second, by default that of the history's end; since_s seconds since 1970, by default
        the history's end, so that the log has no hole."""
        self._truth = truth
        self._rate = truth.live_rate if rate is None else rate
        self._written_s = truth.chapters.whole.end_s if since_s is None else since_s
        self._sampled_s = math.floor(self._written_s / SAMPLE_STEP_S) * SAMPLE_STEP_S
        self._rng = np.random.default_rng([truth.seed, 3, int(self._written_s)])
        self._next = int(self._written_s * 1000)            # far beyond the history's numbers: ids never meet
        self._waiting: deque[dict[str, Any]] = deque()
        self.rows = 0
        self.labels = 0

    def advance(self, now_s: float) -> int:
        """Write everything up to `now_s` (seconds since 1970); gives how many requests that were."""
        self._written_s = max(self._written_s, now_s - MAX_CATCH_UP_S)
        self._sampled_s = max(self._sampled_s, now_s - MAX_CATCH_UP_S)
        length_s = now_s - self._written_s
        count = int(self._rng.poisson(self._rate * length_s)) if length_s > 0 else 0
        if count:
            at_s = self._written_s + np.sort(self._rng.random(count)) * length_s
            block = requests(self._rng, at_s, self._next, self._truth.chapters, seed=self._truth.seed)
            self._append("predictions", _records({"ts": iso(at_s), **block.columns}))
            self._waiting.extend(_records(outcomes(block, ATTRIBUTION_S)))
            self._next += count
            self.rows += count
        self._written_s = max(self._written_s, now_s)
        self._write_outcomes(now_s)
        self._write_samples(now_s)
        return count

    def _write_outcomes(self, now_s: float) -> None:
        until = str(iso(np.array([now_s]))[0])
        ready = []
        while self._waiting and self._waiting[0]["label_ts"] <= until:      # of one length: text sorts as time
            ready.append(self._waiting.popleft())
        self._append("labels", ready)
        self.labels += len(ready)

    def _write_samples(self, now_s: float) -> None:
        at_s = np.arange(self._sampled_s + SAMPLE_STEP_S, now_s, SAMPLE_STEP_S)
        if len(at_s):
            columns = system(at_s, self._truth.chapters)
            self._append("system", _records({"ts": iso(columns.pop("at_s")), **columns}))
            self._sampled_s = float(at_s[-1])

    def _append(self, stream: str, records: Iterable[dict[str, Any]]) -> None:
        """Whole lines in one write, so that a reader never meets half of one."""
        lines = "".join(json.dumps(record, allow_nan=False) + "\n" for record in records)
        if lines:
            with (self._truth.folder / stream / f"{stream}.jsonl").open("ab", buffering=0) as file:
                file.write(lines.encode())


def start_writer(folder: Path, *, rate: float | None = None, seconds: float = 0.0) -> subprocess.Popen[bytes]:
    """The writer as a process of its own; `stop_writer` ends it, and so does the end of this process."""
    command = [sys.executable, "-m", "console.demo.writer", str(folder), "--seconds", str(seconds)]
    if rate is not None:
        command += ["--rate", str(rate)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def stop_writer(process: subprocess.Popen[bytes], timeout_s: float = 3.0) -> None:
    """End it, within that time."""
    if process.stdin is not None:
        process.stdin.close()
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def run(writer: DemoWriter, *, until: Callable[[], bool], clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep) -> None:
    """Step by step until `until` says so."""
    while not until():
        writer.advance(clock())
        sleep(STEP_S)


def main(arguments: list[str] | None = None) -> None:
    """The process. Its standard input is a pipe that nobody writes to: it closes when the parent is gone."""
    parser = argparse.ArgumentParser(prog="python -m console.demo.writer", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rate", type=float, help="requests a second; by default as many as the history ends with")
    parser.add_argument("--seconds", type=float, default=0.0, help="how long; 0 means until the parent ends")
    given = parser.parse_args(arguments)
    writer = DemoWriter(read_truth(given.folder), rate=given.rate)
    parent_gone = _watch(sys.stdin.buffer)
    end = time.monotonic() + given.seconds if given.seconds > 0 else math.inf
    run(writer, until=lambda: parent_gone() or time.monotonic() >= end)


def _watch(pipe: IO[bytes]) -> Callable[[], bool]:
    """Whether the other end of `pipe` is closed. Works the same on all systems: a thread that waits for the end."""
    import threading

    gone = threading.Event()

    def wait() -> None:
        while os.read(number, 1024):    # not pipe.read: at the end of the process it would still hold the pipe's lock
            pass
        gone.set()

    number = pipe.fileno()

    if os.isatty(number):        # started by hand: Ctrl-C ends it
        return lambda: False
    threading.Thread(target=wait, name="parent", daemon=True).start()
    return gone.is_set


def _records(columns: dict[str, Any]) -> list[dict[str, Any]]:
    """Columns as one dictionary a row; NaN as null."""
    names = list(columns)
    lists = [[None if value != value else value for value in np.asarray(column).tolist()]
             for column in columns.values()]
    return [dict(zip(names, row, strict=True)) for row in zip(*lists, strict=True)]


if __name__ == "__main__":
    main()
