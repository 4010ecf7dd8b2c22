"""Following a log that gets 10,000 JSON rows a second: from the writing of a row to its commit.

One process appends, each row with its own clock; this one follows as the window does, with the same pauses between
polls. The oldest row of a commit has waited longest, the newest least; the design asks for 300 ms at p95. Twenty
seconds by default, five minutes with `--full`. The first two seconds, in which streams are made, count too.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from tests.benchmarks.harness import ROOT, Row, cache, minutes, python_environ

ROWS_PER_S = 10_000
POLL_LEAST_S, POLL_MOST_S, POLL_REST_S = 0.2, 1.0, 0.02     # as `widgets.bridge.conductor` has them
REACH_MS = 300.0
HISTORY_S = 5                               # of the same pace are there before: it tells how rollups are kept


def run() -> list[Row]:
    """Latencies in ms, and what following costs."""
    seconds = 60 * minutes(1 / 3, full=5)
    with TemporaryDirectory(dir=cache()) as place:
        return measure(Path(place), seconds)


def measure(place: Path, seconds: float) -> list[Row]:
    """One run."""
    from console.jobs import SilentJob
    from console.session import Session
    from tests.benchmarks._append import row

    folder = place / "logs"
    folder.mkdir()
    log = folder / "app.jsonl"
    before = time.time() - HISTORY_S - 5.0
    log.write_text("".join(row(number, _stamp(before + number / ROWS_PER_S))
                           for number in range(HISTORY_S * ROWS_PER_S)))
    job = SilentJob()
    session = Session.open(folder, workspace=place / "w.pilot")
    with contextlib.closing(session):
        session.load(job)
        loaded = session.store.totals().rows_loaded
        commits: list[float] = []
        _time_commits(session.store, commits)
        command = [sys.executable, "-m", "tests.benchmarks._append", str(log), str(ROWS_PER_S), str(seconds)]
        writer = subprocess.Popen(command, cwd=ROOT, env=python_environ(), stdout=subprocess.PIPE, text=True)
        began, used = time.monotonic(), time.process_time()
        polls, pause, shown = [], POLL_LEAST_S, []
        while writer.poll() is None or pause <= POLL_LEAST_S:
            at = time.perf_counter()
            changed = session.poll(job)
            polls.append(time.perf_counter() - at)
            if changed:
                shown.append(time.time())
            pause = POLL_LEAST_S if changed else min(POLL_MOST_S, 2 * pause)
            time.sleep(max(POLL_REST_S, pause - polls[-1]))
        used = (time.process_time() - used) / (time.monotonic() - began)
        assert writer.stdout is not None
        written = int(writer.stdout.read())
        [stream] = session.store.streams()
        found = session.store.execute_readonly(
            "SELECT epoch(min(_ts)), epoch(max(_ts)), count(*), epoch(_arrived) FROM "
            f"{stream.table} WHERE _record >= {loaded} GROUP BY _arrived ORDER BY _arrived")
    oldest, newest, counts, arrived = (np.array(column, float) for column in zip(*found, strict=True))
    if counts.sum() != written:
        raise SystemExit(f"{written} rows were written, {counts.sum():.0f} are there")
    committed = np.array([next(at for at in commits if at > start) for start in arrived])
    seen = np.array([next(at for at in shown if at > start) for start in arrived])
    rows = []
    for name, clock, until in (("oldest row of a commit", oldest, committed),
                               ("newest row of a commit", newest, committed),
                               ("oldest row until it is in the charts", oldest, seen)):
        waits = 1e3 * (until - clock)
        p50, p95 = np.percentile(waits, [50, 95])
        judged = REACH_MS if until is committed else None
        rows.append(Row(f"append to commit, {name}: p95", float(p95), None, None, "ms", judged,
                        f"p50 {p50:.0f}, most {waits.max():.0f}; {len(waits)} commits", "ours"))
    rows.append(Row("one poll while it follows: p95", float(1e3 * np.percentile(polls, 95)), None, None, "ms",
                    note=f"p50 {1e3 * np.median(polls):.0f}", judged="ours"))
    rows.append(Row("processor while it follows", 100 * used, None, None, "% of a core", judged="ours"))
    return rows


def _stamp(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _time_commits(store: object, commits: list[float]) -> None:
    """Notes when each transaction of rows was committed."""
    writing = store.writing         # type: ignore[attr-defined]

    @contextmanager
    def timed(*, seen: bool = True) -> Iterator[object]:
        with writing(seen=seen) as writer:
            yield writer
        commits.append(time.time())

    store.writing = timed           # type: ignore[attr-defined]


if __name__ == "__main__":
    for row in run():
        print(row)
