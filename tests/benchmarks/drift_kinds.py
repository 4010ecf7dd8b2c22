"""Whether the kind of drift is told, and its onset: the confusion table over made logs of 28 days.

`python -m tests.benchmarks drift_kinds` tries two seeds, `--full` twenty of half a million rows each (an hour). Every
log is told on standard error as it comes, so that a table that is stopped is still one. A bucket is a sixtieth of the
log. Skew lies in a log from its first row on: it is told by the training data that came with it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import time
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path

from console.drift import compare as compare_samples
from console.drift.view import Verdict
from console.jobs import SilentJob
from console.roles import INPUT_ROLES, StreamKind
from console.session import Session, compare
from tests.benchmarks.harness import Row, is_full
from tests.console import make_logs

DAYS, ROWS, SOME_ROWS = 28, 500_000, 60_000
FIRST_SEED = 5000
"""Seeds that nothing was tuned on begin here."""
LEAST = {"data-drift-sudden": 0.90, "concept-drift": 0.90, "skew": 0.90, "schema-change": 0.90,
         "data-drift-gradual": 0.80, "healthy": 1.0, "seasonal": 1.0, "recurring": 0.90}
"""The share that has to be right."""
KINDS = {"data-drift-sudden": "sudden", "concept-drift": "concept", "skew": "skew", "schema-change": "schema",
         "data-drift-gradual": "gradual", "healthy": "none", "seasonal": "none", "recurring": "recurring"}
WITHIN = {"data-drift-gradual": 3.0}
"""Buckets that an onset may be off by; one elsewhere."""


def told(folder: Path, workspace: Path) -> tuple[str, datetime | None, float, float]:
    """The kind that is told of a log, since when, the length of a bucket, and how long it took."""
    session = Session.open(folder, workspace=workspace)
    try:
        session.load(SilentJob())
        start = time.perf_counter()
        view = session.drift_over_time(SilentJob())
        took = time.perf_counter() - start
        if view.kind.value == "none" and skewed(session):
            return "skew", None, view.bucket_s, took
        return view.kind.value, view.onset, view.bucket_s, took
    finally:
        session.close()


def skewed(session: Session) -> bool:
    """Whether an input of the log is an alarm against the training data beside it."""
    store, job = session.store, SilentJob()
    training = next((one for one in store.streams() if one.kind is StreamKind.REFERENCE), None)
    serving = next(one for one in store.streams() if one.kind is StreamKind.REQUESTS)
    if training is None:
        return False
    names = {one.name for one in serving.columns if one.role in INPUT_ROLES}
    sides = [compare._samples(store, stream, tuple(one for one in stream.columns if one.name in names), None, job)
             for stream in (training, serving)]
    return compare_samples(*sides).verdict is Verdict.ALARM


def run() -> list[Row]:
    """A row for each story: the share that was told wrongly, and what it was taken for."""
    seeds, rows = (20, ROWS) if is_full() else (2, SOME_ROWS)
    seeds = int(os.environ.get("PILOTHOUSE_BENCH_SEEDS", seeds))
    found: dict[str, Counter[str]] = defaultdict(Counter)
    off: dict[str, list[float]] = defaultdict(list)
    took: list[float] = []
    for seed in range(FIRST_SEED, FIRST_SEED + seeds):
        for scenario, kind in KINDS.items():
            with tempfile.TemporaryDirectory(prefix="drift-kinds-") as made:
                folder = Path(made) / "logs"
                with contextlib.redirect_stdout(sys.stderr):
                    make_logs.main([str(folder), "--rows", str(rows), "--days", str(DAYS), "--scenario", scenario,
                                    "--seed", str(seed), "--quiet"])
                answer, onset, bucket_s, seconds = told(folder, Path(made) / "workspace.duckdb")
                begins = _truth(folder)
                shutil.rmtree(folder)
            found[scenario][answer] += 1
            took.append(seconds)
            apart = ""
            if answer == kind and onset is not None and begins is not None:
                off[scenario].append(abs((onset - begins).total_seconds()) / bucket_s)
                apart = f"onset off by {off[scenario][-1]:.2f} buckets"
            print(f"{seed} {scenario:20} {answer:10} {'' if answer == kind else 'WRONG'} {seconds:.1f} s {apart}",
                  file=sys.stderr, flush=True)
    print("\n".join(table(found, off)), file=sys.stderr)
    return [_row(scenario, found[scenario], off[scenario]) for scenario in KINDS]


def table(found: dict[str, Counter[str]], off: dict[str, list[float]]) -> list[str]:
    """The confusion table: stories down, what was told across."""
    columns = ["none", "sudden", "gradual", "recurring", "transient", "concept", "schema", "skew"]
    lines = [" " * 20 + "".join(f"{name:>11}" for name in columns) + "   onset within"]
    for scenario in KINDS:
        near = sum(one <= WITHIN.get(scenario, 1.0) for one in off[scenario])
        lines.append(f"{scenario:20}" + "".join(f"{found[scenario][name]:>11}" for name in columns)
                     + (f"   {near} of {len(off[scenario])}" if off[scenario] else ""))
    return lines


def _truth(folder: Path) -> datetime | None:
    import json

    injections = json.loads(folder.with_name(folder.name + ".truth.json").read_text())["injections"]
    return datetime.fromisoformat(injections[0]["start"].replace("Z", "+00:00")) if injections else None


def _row(scenario: str, found: Counter[str], off: list[float]) -> Row:
    tried = sum(found.values())
    wrong = 1 - found[KINDS[scenario]] / tried
    near = sum(one <= WITHIN.get(scenario, 1.0) for one in off)
    others = ", ".join(f"{name} {count}" for name, count in found.most_common() if name != KINDS[scenario])
    note = f"{tried} logs" + (f"; taken for {others}" if others else "") + (
        f"; onset within {WITHIN.get(scenario, 1.0):g} of {near} of {len(off)}" if off else "")
    return Row(f"kind of drift, {scenario}", wrong, None, None, "share wrong", 1 - LEAST[scenario] + 1e-9, note, "ours")
