"""Rollouts: the gates in the simulation that the limits were taken from, a replay, and a what-if.

The simulation: weights of 5, 25, 50 and 75 %, ten minutes each, a check every minute; 10 requests a second, of which
1 % fail; the candidate fails as often, or 2, 5, 20 times as often; in one case the rate of both rises from 1 to 5 %.
Each run goes through the same machine and the same gates as a replay. All constants are printed.

The replay: careful gates over a week, a check a minute, arrays in memory, against one scan of the same columns in a
database file that hands them over as Arrow.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import duckdb
import numpy as np

from console.rollout.error_share import ODDS, STAKES
from console.rollout.outcomes import Harm, Outcomes, Requests, Source, spoiled
from console.rollout.plan import Bake, Binding, Degree, Gate, GateKind, MetricKind, Plan, SetWeight, Unit
from console.rollout.rank_sum import CONFIDENCE, TOLERANCE
from console.rollout.replay import Replay, weights_of
from console.rollout.state import Ending
from console.rollout.tally import ERRORS, Measure, Sums, Tally
from console.rollout.what_if import BLOCK_S, GROUPS, WhatIfLog, one_run, result_of
from tests.benchmarks.harness import Row, cache, is_full, size

RUNS, MINUTES, REQUESTS_PER_S, BASE, SEED = 1500, 60, 10.0, 0.01, 20_261_130
WEIGHTS = (5, 25, 50, 75)
BAKE_S = 600.0
DRIFT_TO = 0.05

METRIC = Binding(MetricKind.ERROR_RATE)
GATES = {
    "error-share e-process": Gate("errors", GateKind.ERROR_SHARE, binding=METRIC),
    "slice-wise difference": Gate("errors", GateKind.DIFFERENCE, binding=METRIC),
    "rank-sum judge": Gate("errors", GateKind.RANK_SUM, binding=METRIC),
    "fixed > 2 %, failureLimit 3": Gate("errors", GateKind.FIXED, binding=METRIC, at_most=0.02, interval_s=60.0,
                                        failure_limit=3, min_sample=0),
}
FEW = 300
"""Runs of what is shown and not judged, without `--full`."""


def plan_with(gate: Gate) -> Plan:
    """The plan of the simulation."""
    return Plan("simulation", steps=tuple(part for weight in WEIGHTS for part in (SetWeight(weight), Bake(BAKE_S))),
                gates=(gate,), degree=Degree.FULL, unit=Unit.REQUEST)


def simulated(plan: Plan, times: float, random: np.random.Generator, *, drift: bool = False) -> Tally:
    """Minutes of made traffic, in the bands of the plan; both versions fail by chance, each for itself."""
    weights = np.array(weights_of(plan))
    n = random.poisson(REQUESTS_PER_S * 60 * np.diff(weights) / 100, (MINUTES, len(weights) - 1))
    rate = np.linspace(BASE, DRIFT_TO, 40)[np.minimum(np.arange(MINUTES), 39)] if drift else np.full(MINUTES, BASE)
    errors = [random.binomial(n, np.minimum(1.0, rate * by)[:, None]) for by in (1.0, times)]

    def up_to(grid: Any) -> Any:
        return np.concatenate([np.zeros((MINUTES, 1)), np.cumsum(grid, axis=1)], axis=1)

    rows = up_to(n)
    sides = [Sums(rows, x, x) for x in map(up_to, errors)]
    every = Measure(MetricKind.REQUESTS)
    return Tally(0.0, 60.0, rows, {ERRORS: sides[0], every: Sums(rows, rows, rows)},
                 {ERRORS: sides[1], every: Sums(rows, rows, rows)}, {}, (rows, rows), None, None,
                 np.zeros(MINUTES + 1, np.int64))


def simulation(gate: Gate, times: float, runs: int, *, drift: bool = False) -> tuple[float, float, float]:
    """(share aborted, median minute, median candidate requests), of those aborted."""
    plan = plan_with(gate)
    minutes, served = [], []
    for number in range(runs):
        random = np.random.default_rng([SEED, number])
        run_ = one_run(plan, simulated(plan, times, random, drift=drift), Source.SYNTHETIC, random)
        if run_.ending is Ending.ABORTED:
            minutes.append(run_.seconds / 60)
            served.append(run_.requests)
    return len(minutes) / runs, float(np.median(minutes or [np.nan])), float(np.median(served or [np.nan]))


def run() -> list[Row]:
    """The simulation, the replay, the what-if."""
    plan = plan_with(GATES["error-share e-process"])
    print(f"runs {RUNS}, seed {SEED}, weights {WEIGHTS} %, bake {BAKE_S:g} s, check every {plan.check_every_s:g} s, "
          f"{REQUESTS_PER_S:g} requests/s, errors {BASE:.0%}, drift to {DRIFT_TO:.0%} over 40 minutes, "
          f"alpha {plan.alpha:g}, minimum sample {plan.min_sample}, odds {ODDS} with stakes {STAKES}, "
          f"judge {CONFIDENCE:.0%} and {TOLERANCE:g}", flush=True)
    return [*_simulated(), *_replayed()]


def _simulated() -> list[Row]:
    rows = []
    judged, fixed = GATES["error-share e-process"], GATES["fixed > 2 %, failureLimit 3"]
    found = {case: _told("error-share e-process", case, simulation(judged, times, RUNS, drift=case == "drift"))
             for case, times in (("identical", 1.0), ("drift", 1.0), ("x2", 2.0), ("x5", 5.0), ("x20", 20.0))}
    for case in ("identical", "drift"):
        rows.append(Row(f"{case} candidates aborted, of {RUNS:,}", 100 * found[case][0], None, None, "%", 3.0,
                        judged="ours"))
    rows.append(Row("errors x2 at 10 requests/s missed", 100 * (1 - found["x2"][0]), None, None, "%", 1.0,
                    f"median minute {found['x2'][1]:g}", judged="ours"))
    limit = _told("fixed > 2 %, failureLimit 3", "x20", simulation(fixed, 20.0, RUNS))
    rows.append(Row("errors x20: minutes after the fixed threshold", found["x20"][1] - limit[1], None, None, "min", 1.0,
                    f"{found['x20'][1]:g} against {limit[1]:g}; {found['x20'][2]:g} against {limit[2]:g} requests",
                    judged="ours"))
    few = RUNS if is_full() else FEW
    for name, gate in GATES.items():
        if gate is judged:
            continue
        for case, times in (("identical", 1.0), ("x2", 2.0)):
            share, minute, _ = _told(name, case, simulation(gate, times, few))
            rows.append(Row(f"{name}: {case} aborted", 100 * share, None, None, "%", note=f"median minute {minute:g}, "
                                                                                          f"{few:,} runs"))
    return rows


def _told(gate: str, case: str, found: tuple[float, float, float]) -> tuple[float, float, float]:
    print(f"{gate}, {case}: {found[0]:.1%} aborted, median minute {found[1]:g}, median requests {found[2]:g}",
          flush=True)
    return found


# ---- a log -----------------------------------------------------------------------------------------------------

SECONDS = 7 * 86400.0


def _log(n: int) -> Requests:
    """Traffic of which a week is ten million, by 1 in 40 as many users; a tenth of a percent fails."""
    random = np.random.default_rng(0)
    at = 1.77e9 + np.sort(random.uniform(0, SECONDS * n / 10_000_000, n))
    users = np.array([f"u{number:07d}" for number in range(max(200, n // 40))], dtype=object)
    user = (len(users) * random.random(n) ** 2.2).astype(np.int32)
    clicked = (random.random(n) < 0.04).astype(np.float64)
    outcomes = Outcomes(failed=(random.random(n) < 0.001).astype(np.float64), latency_ms=random.lognormal(3, 0.5, n),
                        clicked=clicked, clicked_at=at + np.where(clicked > 0, random.exponential(100, n), 1800.0))
    return Requests(at, user, users, outcomes, outcomes, Source.SYNTHETIC,
                    key=random.integers(0, 2**63, n).astype(np.uint64))


CAREFUL = (Gate("split", GateKind.SRM), Gate("errors", GateKind.ERROR_SHARE, binding=METRIC),
           Gate("slow", GateKind.DIFFERENCE, binding=Binding(MetricKind.LATENCY_SHARE, limit=60.0)),
           Gate("clicks", GateKind.DIFFERENCE, binding=Binding(MetricKind.CTR), margin=0.002))


def _replayed() -> list[Row]:
    n = size(10_000_000)
    log = _log(n)
    bare = min(_scan(log) for _ in range(2))
    bake = Bake(SECONDS * n / 10_000_000 / 5)
    week = Plan("a week", steps=tuple(part for weight in (1, 5, 25, 50) for part in (SetWeight(weight), bake)),
                gates=CAREFUL, degree=Degree.FULL, attribution_s=1800)
    Replay(week, spoiled(_log(1000), Harm(), 0))        # imports
    begun, worked = time.perf_counter(), time.process_time()
    replay = Replay(week, spoiled(log, Harm(), 0))
    added_up = time.perf_counter()
    replay.run(until_ended=False)
    replay.blast()
    done, worked = time.perf_counter(), time.process_time() - worked
    rows = [Row.against(f"replay of a ramp over {n:,} requests, {replay.tally.slices:,} checks", done - begun, bare,
                        reach=3.0, note=f"added up in {added_up - begun:.2f} s, {worked:.3g} s of processor, "
                                        f"{replay.state.ending}")]
    short = replace(plan_with(CAREFUL[1]), unit=Unit.USER)
    what = WhatIfLog(short, log, seed=0)
    for harm in (Harm(), Harm("errors x5", errors_times=5)):
        begun, worked = time.perf_counter(), time.process_time()
        found = result_of(harm.name, what.runs(harm, 1000))
        spent, worked = time.perf_counter() - begun, time.process_time() - worked
        rows.append(Row(f"1,000 what-if runs, {harm.name}, over {n:,} requests", spent, None, None, "s", 10.0,
                        f"{found.aborted_share:.1%} aborted; {worked:.3g} s of processor; blocks of {BLOCK_S:g} s, "
                        f"{GROUPS} groups of users", judged="ours"))
    return rows


def _scan(log: Requests) -> float:
    """One scan of the needed columns in a database file, with its own threads: each column is read and folded."""
    path = cache() / f"rollout-traffic-{len(log)}.duckdb"
    if not path.exists():
        import pyarrow as pa

        outcomes = log.stable
        table = pa.table({"arrived": log.at, "user_id": pa.DictionaryArray.from_arrays(log.user, pa.array(log.users)),
                          "failed": outcomes.failed, "latency": outcomes.latency_ms, "clicked": outcomes.clicked,
                          "clicked_at": outcomes.clicked_at})
        with duckdb.connect(str(path)) as con:
            con.register("t", table)
            con.execute("CREATE TABLE log AS SELECT * REPLACE (user_id::VARCHAR AS user_id) FROM t")
    with duckdb.connect(str(path), read_only=True) as con:
        begun = time.perf_counter()
        con.sql("SELECT arrived, user_id, failed, latency, clicked, clicked_at FROM log").to_arrow_table()
        return time.perf_counter() - begun
