"""Whether a shock is found, and when, and that nothing else is called one: over made logs of 14 days.

`python -m tests.benchmarks advice_shock` tries two seeds of each story, `--full` a hundred shocks and ten of each quiet
story, 50,000 rows each (half an hour). Every log is told on standard error as it comes, so that a table that is stopped
is still one. A bucket is a sixtieth of the log, rounded: six hours.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from console.advice.shock import ChangeCause, Shock
from console.drift.course_view import CourseView
from console.jobs import SilentJob
from console.session import Session
from console.session.advising import judged
from tests.benchmarks.harness import Row, is_full
from tests.console import make_logs

DAYS, ROWS = 14, 50_000
FIRST_SEED = 7000
"""Seeds that nothing was tuned on begin here."""
SHOCK, QUIET = "shock", ("healthy", "seasonal", "data-drift-gradual", "bad-canary", "schema-change", "null-burst")
SHOCKS, QUIETS = 100, 10
LEAST_FOUND = 0.95


@dataclass(frozen=True, slots=True)
class Told:
    """What was said of a log. `off_buckets` is how far the onset lies from the truth."""

    shock: Shock
    courses: CourseView
    off_buckets: float | None
    seconds: float


def told(folder: Path, workspace: Path) -> Told:
    """Only what the judgement needs is read: every column's course, and the versions' shares."""
    session = Session.open(folder, workspace=workspace)
    try:
        session.load(SilentJob())
        began = time.process_time()
        courses = session.drift_over_time(SilentJob())
        shock = judged(session.store, courses, (), None)
        took = time.process_time() - began
    finally:
        session.close()
    begins = json.loads(folder.with_name(folder.name + ".truth.json").read_text())["injections"]
    off = None
    if begins and shock.onset is not None:
        start = datetime.fromisoformat(begins[0]["start"].replace("Z", "+00:00"))
        off = abs((shock.onset - start).total_seconds()) / courses.bucket_s
    return Told(shock, courses, off, took)


@contextlib.contextmanager
def made(scenario: str, rows: int, seed: int) -> Iterator[tuple[Path, Path]]:
    """A folder of few files, and where its workspace may lie; both are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="advice-") as place:
        folder = Path(place) / "logs"
        with contextlib.redirect_stdout(sys.stderr):
            make_logs.main([str(folder), "--rows", str(rows), "--days", str(DAYS), "--scenario", scenario,
                            "--seed", str(seed), "--quiet", "--rotate", f"rows:{rows}"])
        yield folder, Path(place) / "workspace.duckdb"


def run() -> list[Row]:
    """A row for shocks that were missed, and one for each quiet story in which one was called."""
    shocks, quiets = (SHOCKS, QUIETS) if is_full() else (2, 2)
    if "PILOTHOUSE_BENCH_SEEDS" in os.environ:
        shocks = quiets = int(os.environ["PILOTHOUSE_BENCH_SEEDS"])
    found = []
    for scenario, seeds in ((SHOCK, shocks), *((name, quiets) for name in QUIET)):
        causes: Counter[str] = Counter()
        offs: list[float] = []
        wrong = 0
        for seed in range(FIRST_SEED, FIRST_SEED + seeds):
            with made(scenario, ROWS, seed) as (folder, workspace):
                one = told(folder, workspace)
            near = one.off_buckets is not None and one.off_buckets <= 1
            fine = (one.shock.is_shock and near) if scenario == SHOCK else not one.shock.is_shock
            wrong += not fine
            causes[one.shock.cause.value] += 1
            if scenario == SHOCK and one.off_buckets is not None:
                offs.append(one.off_buckets)
            apart = "" if one.off_buckets is None else f"onset off by {one.off_buckets:.2f} buckets"
            print(f"{seed} {scenario:20} {one.shock.cause.value:10} {'' if fine else 'WRONG'} {one.seconds:.1f} s "
                  f"{apart}", file=sys.stderr, flush=True)
        found.append(_row(scenario, wrong, seeds, causes, offs))
    return found


def _row(scenario: str, wrong: int, seeds: int, causes: Counter[str], offs: list[float]) -> Row:
    told_as = ", ".join(f"{name} {count}" for name, count in causes.most_common())
    if scenario == SHOCK:
        note = f"{seeds} logs: {told_as}; onset at most {max(offs, default=0):.2f} buckets off"
        return Row("shock not found within a bucket", wrong / seeds, None, None, "of logs", 1 - LEAST_FOUND + 1e-9,
                   note, "ours")
    assert ChangeCause.SHOCK.value in causes or not wrong
    return Row(f"called a shock, {scenario}", wrong / seeds, None, None, "of logs", 0.0, f"{seeds} logs: {told_as}",
               "ours")
