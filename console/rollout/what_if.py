"""A plan many times over one log: what it does to a candidate that is as good as stable, and to bad ones.

A log is one realisation. Each run has other users first (a salt: groups of users in another order), begins elsewhere,
and goes through blocks of log time drawn at the same time of day (block bootstrap), so that the answer is a spread and
not one number. Requests are added up once, by slice of time and group of users; a run touches sums only, and goes
through the same machine and the same gates as a replay.

What a run cannot tell: distinct users (it has groups of them), and a broken split (it makes the split itself).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import ceil, floor, sqrt

import numpy as np
from numpy.typing import NDArray

from console.errors import BadSettings
from console.rollout import events as ev
from console.rollout.finding import Outcome
from console.rollout.machine import due, initial, step
from console.rollout.measuring import Measuring, Reading, Routed
from console.rollout.operators import Acting, Operator
from console.rollout.outcomes import HARMS, Floats, Harm, Outcomes, Requests, Source, spoiled
from console.rollout.plan import Degree, Gate, GateKind, MetricKind, Plan
from console.rollout.replay import measures_of, slice_seconds, weights_of
from console.rollout.routing import BUCKETS, route
from console.rollout.schedule import ramp_seconds
from console.rollout.state import Ending, State
from console.rollout.tally import (
    CLICKS,
    ERRORS,
    FIRST_ERRORS,
    Bins,
    Measure,
    Sums,
    Tally,
    alike,
    measure_of,
    refuse_unmeasurable,
    tally,
)

GROUPS = 200
"""Of users, by their bucket: weights are kept to half a percent."""

BLOCK_S = 1800.0
"""Of log time, that stay together in the bootstrap."""

RUNS = 1000
SLACK = 2.0
"""A run that is not over after so many times the least time of the plan counts as not finished."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Median and 5 to 95 % of a number over runs; nan where there were none."""

    low: float
    median: float
    high: float


@dataclass(frozen=True, slots=True)
class HarmResult:
    """What became of the runs with one harm.

    aborted, promoted, unfinished   how many of `runs`
    share_low, share_high           95 % interval of the share that was aborted (Wilson)
    minutes                         from the start to the abort, of those that were aborted
    requests, excess_errors, clicks_lost    of the candidate until its end, over all runs
    to_full                         minutes to all requests, of those that were promoted
    stopped_by                      gates by how many runs they stopped
    """

    harm: str
    runs: int
    aborted: int
    promoted: int
    unfinished: int
    share_low: float
    share_high: float
    minutes: Spread
    requests: Spread
    excess_errors: Spread
    clicks_lost: Spread
    to_full: Spread
    stopped_by: tuple[tuple[str, int], ...]

    @property
    def aborted_share(self) -> float:
        """0 to 1."""
        return self.aborted / self.runs if self.runs else 0.0


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A plan on a log.

    requests_per_s  of the log; left_out  gates that a what-if cannot measure;  of  which requests, "" for all
    """

    plan: str
    runs: int
    seed: int
    requests_per_s: float
    block_s: float
    results: tuple[HarmResult, ...]
    left_out: tuple[str, ...]
    of: str = ""

    @property
    def sentences(self) -> tuple[str, ...]:
        """What is to be known before the plan is used."""
        return tuple(_sentence(result, self.requests_per_s) for result in self.results)


@dataclass(frozen=True, slots=True)
class Run:
    """One run. ending None: not finished. seconds from the start to the end."""

    ending: Ending | None
    seconds: float
    requests: float
    excess_errors: float
    clicks_lost: float
    gate: str = ""


def what_if(plan: Plan, requests: Requests, *, runs: int = RUNS, harms: Sequence[Harm] = HARMS, seed: int = 0,
            operator: Operator | None = None, block_s: float = BLOCK_S,
            on_progress: Callable[[int, int], None] | None = None) -> WhatIf:
    """Each harm `runs` times.

    requests    of one version: a synthetic candidate is made of it for each harm
    operator    who does what a degree below full automation only advises; None: somebody does it at once
    """
    log = WhatIfLog(plan, requests, seed=seed, operator=operator, block_s=block_s)
    results = []
    for number, harm in enumerate(harms):
        def told(done: int, number: int = number) -> None:
            if on_progress is not None:
                on_progress(number * runs + done, len(harms) * runs)

        results.append(result_of(harm.name, log.runs(harm, runs, told)))
    seconds = float(requests.at[-1] - requests.at[0])
    return WhatIf(plan.name, runs, seed, len(requests) / seconds if seconds else 0.0, block_s, tuple(results),
                  log.left_out)


class WhatIfLog:
    """A log, added up for a plan; runs of any harm can be asked of it."""

    def __init__(self, plan: Plan, requests: Requests, *, seed: int, operator: Operator | None = None,
                 block_s: float = BLOCK_S) -> None:
        if len(requests) < 2:
            raise BadSettings("There are too few requests for a what-if", do="Choose a longer time or another log")
        refuse_unmeasurable(requests, [(gate.name, gate.binding) for gate in plan.gates])
        left = tuple(gate for gate in plan.gates if gate.kind is GateKind.SRM)
        self.left_out = tuple(gate.name for gate in left)
        self.plan = replace(plan, gates=tuple(gate for gate in plan.gates if gate not in left))
        self.requests, self.seed, self.block_s = requests, seed, block_s
        self.operator = operator or (None if plan.degree is Degree.FULL else Operator(0.0))
        self.slice_s = slice_seconds(plan)
        self.start_s = floor(float(requests.at[0]) / self.slice_s) * self.slice_s
        seconds = float(requests.at[-1]) - self.start_s
        self.slices = max(1, floor(seconds / self.slice_s))
        least = ramp_seconds(plan, len(requests) / seconds if seconds else None)
        self._first_within_s = SLACK * least + 1800     # not longer for a slow person: the same errors count
        reacting = (operator.median_s if operator else 0.0) * (len(plan.steps) + 1)
        self.horizon = ceil((SLACK * least + 4 * plan.attribution_s + reacting + 1800) / self.slice_s)
        routing = route(f"groups:{seed}", requests.users, requests.user, requests.request_ids)
        self._group = (routing.buckets // (BUCKETS // GROUPS)).astype(np.uint8)
        self._weights = weights_of(plan)
        self._edges = [round(weight * GROUPS / 100) if weight in (0.0, 100.0) else max(1, round(weight * GROUPS / 100))
                       for weight in self._weights]
        self._logged: Tally | None = None
        self._bins = any(gate.binding is not None and gate.binding.metric is MetricKind.LATENCY_PERCENTILE
                         for gate in plan.gates)
        asked = set(measures_of(self.plan)) - ({FIRST_ERRORS} if not any(
            gate.kind in (GateKind.ERROR_SHARE, GateKind.DIFFERENCE) for gate in plan.gates) else set())
        gates = {measure for gate in self.plan.gates for measure in _measured(gate)}
        self._measures = [each for each in measures_of(self.plan) if each in asked and (
            each in gates or each in (ERRORS, FIRST_ERRORS, CLICKS) or each.metric is MetricKind.REQUESTS)]

    def runs(self, harm: Harm, runs: int, on_progress: Callable[[int], None] | None = None) -> list[Run]:
        """Of one harm. Run k begins at the same time with the same users first, whatever the harm."""
        bad = spoiled(self.requests, harm, self.seed)
        sums = _Stacked(self._added_up(bad))
        found = []
        for number in range(runs):
            random = np.random.default_rng([self.seed, number, 2])
            course = self._course(np.random.default_rng([self.seed, number, 0]))
            order = np.random.default_rng([self.seed, number, 1]).permutation(GROUPS)
            found.append(self._one(sums.run(course, order, self._edges), bad.source, random))
            if on_progress is not None and number % 20 == 19:
                on_progress(number + 1)
        return found

    def _added_up(self, bad: Requests) -> Tally:
        """Of a spoiled log. What it has in common with the log as it is, is added up once for all harms."""
        if self._logged is None:
            self._logged = self._tally(self.requests.stable, self._measures, bins=self._bins)
        logged, ours, theirs = self._logged, bad.stable, bad.candidate
        others = [each for each in self._measures if not alike(ours, theirs, each)]
        slower = self._bins and theirs.latency_ms is not ours.latency_ms
        if not others and not slower:
            return logged
        found = self._tally(theirs, others, bins=slower)
        return replace(logged, candidate=logged.stable | found.stable,
                       candidate_bins=found.stable_bins if slower else logged.stable_bins)

    def _tally(self, outcomes: Outcomes, measures: Sequence[Measure], *, bins: bool) -> Tally:
        return tally(replace(self.requests, stable=outcomes, candidate=outcomes, source=Source.SYNTHETIC), self._group,
                     GROUPS, measures, start_s=self.start_s, end_s=self.start_s + self.slices * self.slice_s,
                     slice_s=self.slice_s, attribution_s=self.plan.attribution_s, bins=bins, users=False,
                     first_within_s=self._first_within_s)

    def _course(self, random: np.random.Generator) -> NDArray[np.int64]:
        """Slices of the log in the order that a run meets them: blocks of the same time of day, from any day."""
        horizon = min(self.horizon, 100 * self.slices)
        block = max(1, min(round(self.block_s / self.slice_s), self.slices))
        day = round(86400 / self.slice_s)
        days = self.slices // day
        begin = int(random.integers(0, self.slices))
        parts = []
        for first in range(0, horizon, block):
            at = begin + first
            if days >= 2:
                at = at % day + day * int(random.integers(0, days))
            elif first:
                at = int(random.integers(0, self.slices))
            parts.append((at + np.arange(block)) % self.slices)
        return np.concatenate(parts)[:horizon]

    def _one(self, met: _Met, source: Source, random: np.random.Generator) -> Run:
        return one_run(self.plan, met.part, source, random, operator=self.operator, known=met.known)


def one_run(plan: Plan, part: Tally, source: Source, random: np.random.Generator, *,
            operator: Operator | None = None, known: Callable[[int], None] | None = None) -> Run:
    """A plan over sums by slice of time and band of `weights_of(plan)`, from the first slice on.

    known   called with each slice before its sums are read
    """
    weights = weights_of(plan)
    levels = {weight: level for level, weight in enumerate(weights)}
    routed = Routed()
    reading = Reading(part, routed, source, logged_split=False)
    measuring = Measuring(plan, reading)
    acting = None if operator is None else Acting(operator, random)
    state, _ = step(initial(plan, "stable"), ev.Start(0.0, "candidate", "stable"))
    measuring.begin(state, 0)
    number = state.run
    for at in range(part.slices):
        if known is not None:
            known(at)
        live = levels[state.weight] if state.weight else 0
        routed.append(live, levels[state.mirror] if state.mirror and not live else 0, state.weight)
        clock = (at + 1) * part.slice_s
        runs = {run.number: run for run in state.runs}
        checks = []
        for of_run, place in due(state, clock):
            found = measuring.look(state, runs[of_run], place, at, turns=False)
            checks.append(ev.Check(of_run, place, found.outcome))
        before = state
        state, _ = step(state, ev.Tick(clock, float(part.rows[at, -1]), reading.candidate_requests(at),
                                       tuple(checks)))
        wish = None if acting is None else acting.wish(state, clock)
        if wish is not None:
            state, _ = step(state, wish)
        if state.run != number:
            measuring.begin(state, at + 1)
            number = state.run
        if not state.live:
            return _ended(state, clock, part, routed, _blamed(before, checks))
    return _ended(state, part.slices * part.slice_s, part, routed, "")


def _ended(state: State, seconds: float, part: Tally, routed: Routed, gate: str) -> Run:
    live = np.array(routed.live)
    rows = np.arange(len(live))
    served = float(part.rows[rows, live].sum())
    excess = []
    for measure in (ERRORS, CLICKS):
        candidate, stable = part.candidate.get(measure), part.stable.get(measure)
        excess.append(float("nan") if candidate is None or stable is None
                      else float((candidate.x[rows, live] - stable.x[rows, live]).sum()))
    aborted = state.ending is Ending.ABORTED
    return Run(state.ending, seconds, served, excess[0], 0.0 - excess[1], gate if aborted else "")


class _Stacked:
    """All sums of a log as one table, so that a run is one product of matrices."""

    def __init__(self, whole: Tally) -> None:
        self._whole = whole
        self._places: dict[str, dict[Measure, list[int]]] = {"stable": {}, "candidate": {}}
        grids = [whole.rows]
        for side in ("stable", "candidate"):
            if side == "candidate" and whole.candidate is whole.stable:
                self._places[side] = self._places["stable"]
                break
            for measure, sums in getattr(whole, side).items():
                if side == "candidate" and whole.stable.get(measure) is sums:
                    self._places[side][measure] = self._places["stable"][measure]
                    continue
                columns = [sums.n, sums.x] if sums.xx is sums.x else [sums.n, sums.x, sums.xx]
                self._places[side][measure] = [len(grids) + number for number in range(len(columns))]
                grids += columns
        # shape (columns, slices, groups); counts stay whole numbers, sums lose the seventh digit
        self._table = np.empty((len(grids), whole.slices, whole.rows.shape[1] - 1), np.float32)
        for column, grid in enumerate(grids):
            np.subtract(grid[:, 1:], grid[:, :-1], out=self._table[column], casting="same_kind")

    def run(self, course: NDArray[np.int64], order: NDArray[np.int64], edges: Sequence[int]) -> _Met:
        """The sums that a run meets: groups in another order, up to each weight."""
        below = np.zeros((len(order), len(edges)), np.float32)
        for column, edge in enumerate(edges):
            below[order[:edge], column] = 1.0
        met = np.zeros((len(self._table), len(course), len(edges)))
        stable, candidate = ({measure: _sums([met[each] for each in at]) for measure, at in self._places[side].items()}
                             for side in ("stable", "candidate"))
        bins = [None if each is None else self._bins_of(each, course, below)
                for each in (self._whole.stable_bins, self._whole.candidate_bins)]
        part = replace(self._whole, start_s=0.0, rows=met[0], stable=stable, candidate=candidate, pairs={},
                       stable_bins=bins[0], candidate_bins=bins[1], users=(met[0], met[0]))
        return _Met(part, self._table, course, below, met)

    def _bins_of(self, bins: Bins, course: NDArray[np.int64], below: NDArray[np.float32]) -> Bins:
        some = np.diff(bins.counts[course], axis=1)
        return Bins(np.einsum("sgb,ge->seb", some, below), bins.values)


class _Met:
    """The sums of one run, worked out as far as it has come: most runs end long before their time."""

    AHEAD = 16

    def __init__(self, part: Tally, table: NDArray[np.float32], course: NDArray[np.int64],
                 below: NDArray[np.float32], met: Floats) -> None:
        self.part = part
        self._table, self._course, self._below, self._met = table, course, below, met
        self._until = 0

    def known(self, at: int) -> None:
        """Slices up to `at` (with) are in `part` from now on."""
        while at >= self._until:
            some = self._table[:, self._course[self._until: self._until + self.AHEAD]]
            columns, slices, groups = some.shape
            self._met[:, self._until: self._until + slices] = (some.reshape(-1, groups) @ self._below).reshape(
                columns, slices, -1)
            self._until += self.AHEAD


def _sums(grids: Sequence[Floats]) -> Sums:
    return Sums(grids[0], grids[1], grids[-1])


def _measured(gate: Gate) -> Iterable[Measure]:
    if gate.binding is not None:
        yield measure_of(gate.binding)


def _blamed(state: State, checks: Sequence[ev.Check]) -> str:
    """The gate that failed in the last tick."""
    runs = {run.number: run for run in state.runs}
    return next((runs[check.run].gates[check.gate].name for check in checks
                 if check.outcome in (Outcome.FAILED, Outcome.ERROR)), "")


def result_of(harm: str, runs: Sequence[Run]) -> HarmResult:
    """The runs of a harm, counted."""
    aborted = [run for run in runs if run.ending is Ending.ABORTED]
    promoted = [run for run in runs if run.ending in (Ending.PROMOTED, Ending.FAST_PROMOTED, Ending.COMPLETED)]
    low, high = wilson(len(aborted), len(runs))
    gates: dict[str, int] = {}
    for run in aborted:
        gates[run.gate or "other"] = gates.get(run.gate or "other", 0) + 1
    return HarmResult(
        harm, len(runs), len(aborted), len(promoted), len(runs) - len(aborted) - len(promoted), low, high,
        spread([run.seconds / 60 for run in aborted]), spread([run.requests for run in runs]),
        spread([run.excess_errors for run in runs]), spread([run.clicks_lost for run in runs]),
        spread([run.seconds / 60 for run in promoted]),
        tuple(sorted(gates.items(), key=lambda item: (-item[1], item[0]))))


def spread(values: Sequence[float]) -> Spread:
    """Median and 5 to 95 %."""
    known = np.array([each for each in values if each == each], np.float64)
    if not len(known):
        return Spread(float("nan"), float("nan"), float("nan"))
    low, median, high = np.percentile(known, [5, 50, 95])
    return Spread(float(low), float(median), float(high))


def wilson(hits: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """95 % interval of a share (E. B. Wilson, JASA 22 (1927), 209-212)."""
    if not n:
        return 0.0, 1.0
    share, more = hits / n, z * z / n
    middle, half = share + more / 2, z * sqrt(share * (1 - share) / n + more / (4 * n))
    return max(0.0, (middle - half) / (1 + more)), min(1.0, (middle + half) / (1 + more))


def _sentence(result: HarmResult, rate: float) -> str:
    share = f"{result.aborted_share:.1%} of {result.runs:,} runs"
    if result.harm == "identical":
        return f"A candidate that is as good as stable is stopped in {share} ({result.share_low:.1%} to " \
               f"{result.share_high:.1%})."
    if not result.aborted:
        return f"At {rate:.3g} requests a second this plan never notices {result.harm}."
    minutes = result.minutes
    return f"At {rate:.3g} requests a second this plan notices {result.harm} in {share}, after {minutes.median:,.0f} " \
           f"minutes ({minutes.low:,.0f} to {minutes.high:,.0f})."


__all__ = ["BLOCK_S", "GROUPS", "RUNS", "HarmResult", "Run", "Spread", "WhatIf", "WhatIfLog", "one_run", "result_of",
           "spread", "what_if", "wilson"]
