"""Proposed alarm rules against a fixed rule of three sigma on ten labelled series, and how long one replay takes.

A row for each series: ours and reference are 1 - F1 over the labelled windows (`console.alarms.propose` says how they
are scored), so that a smaller number is better. Then the replay of a rule over 20,000 instants, against a frame.
"""

from __future__ import annotations

import statistics
import sys
import time

import numpy as np

from console.alarms.firings import how_often
from console.alarms.rules import Op, Rule, Threshold
from tests.benchmarks.harness import ROOT, Row
from tests.console.alarms.nab import as_text, table

INSTANTS = 20_000
FRAME_MS = 16.0
REACH_MS = 5.0


def run() -> list[Row]:
    """The rows; the series are beside the checkout, and where they are not the replay stands alone."""
    rows = []
    shared = ROOT.parent / "shared" / "data" / "logs"
    if shared.is_dir():
        found = table(shared)
        print(as_text(found), file=sys.stderr)
        for name, ours, theirs in found:
            note = (f"F1 {ours.f1:.2f} to {theirs.f1:.2f}; found, false, missed: {ours.found}, {ours.false}, "
                    f"{ours.missed} to {theirs.found}, {theirs.false}, {theirs.missed}")
            # A reference of 0 errors has no ratio; there is none among these.
            rows.append(Row.against(f"alarms on {name}", 1 - ours.f1, 1 - theirs.f1, unit="1 - F1", note=note))
    took = _replay_ms()
    rows.append(Row("replay of a rule, 20,000 instants", took, FRAME_MS, took / FRAME_MS, "ms", REACH_MS,
                    "median of 50; reference: a frame", "ours"))
    return rows


def _replay_ms() -> float:
    rng = np.random.default_rng(5)
    times, n = np.arange(0, INSTANTS * 60, 60, dtype=np.float64), np.full(INSTANTS, 100.0)
    values = rng.gamma(4.0, 10.0, INSTANTS)
    took = []
    for level in np.linspace(20, 120, 50):
        rule = Rule("dragged", "latency_p95", Threshold(Op.GREATER, float(level), float(level) * 0.9), for_s=60,
                    keep_firing_for_s=300, min_samples=20)
        start = time.perf_counter()
        how_often(times, values, n, rule)
        took.append((time.perf_counter() - start) * 1000)
    return statistics.median(took)
