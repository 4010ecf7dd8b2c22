"""What is to be expected of a gate on a log, before anything runs: how often it stops a candidate that is as good as
stable, and how soon it notices one that is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from math import inf, log

import numpy as np

from console.rollout.conditions import Measured, measured
from console.rollout.plan import PROPORTIONS, Binding, Counting, Gate, GateKind, MetricKind, Plan, Purpose
from console.rollout.schedule import Span, interval_of, spans

DRAWS = 4_000
SEED = 20_260_101
"""Of the measurements that a false-abort rate is counted from: to about 1 %."""

MOST_LOOKS = 2_000
"""Measurements of one run that are counted."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a log is like, as far as a plan needs it.

    requests_per_s  mean over the time that the files cover
    shares          of a metric that is a share of requests, in the log: {ERROR_RATE: 0.01}
    slower          share of requests that took longer than a limit in ms: {250.0: 0.02}
    users           different ones; None where the log does not name them
    seconds         that the log covers
    outcome_delay_s so late 95 % of the outcomes come; None where there are none
    metrics         that can be measured on it; None: not known
    """

    requests_per_s: float
    shares: Mapping[MetricKind, float]
    users: int | None = None
    seconds: float | None = None
    outcome_delay_s: float | None = None
    metrics: frozenset[MetricKind] | None = None
    slower: Mapping[float, float] = field(default_factory=dict)

    def share(self, binding: Binding) -> float | None:
        """What a metric that is a share is in the log; None where that is not known."""
        if binding.metric is MetricKind.LATENCY_SHARE and binding.limit is not None and self.slower:
            return self.slower.get(binding.limit)
        return self.shares.get(binding.metric)


def fails_at(gate: Gate, number: float) -> bool:
    """Whether a measurement of this number counts as a failure."""
    if gate.at_least is not None or gate.at_most is not None:
        return ((gate.at_least is not None and number < gate.at_least)
                or (gate.at_most is not None and number > gate.at_most))
    return measured(gate.success, gate.failure, number) is Measured.FAILED


def false_aborts(plan: Plan, gate: Gate, traffic: Traffic) -> float | None:
    """The share of identical candidates that a fixed gate stops at this traffic; None where that is not known.

    Counts are Poisson and measurements independent; wide windows that overlap make it an approximation from above.
    """
    binding = gate.binding
    base = traffic.share(binding) if binding is not None and binding.metric in PROPORTIONS else None
    if binding is None or base is None:
        return None
    least = gate.min_sample if gate.min_sample is not None else plan.min_sample
    survives = 1.0
    for percents in _runs(plan, gate, traffic.requests_per_s):
        chances = []
        for percent in percents:
            n = (binding.window_s or interval_of(gate, plan)) * traffic.requests_per_s * percent / 100
            chances.append(_failure_chance(_failing(gate), n, base, binding.scale,
                                           least if plan.counting is Counting.NATIVE else 0))
        allowed = gate.failure_limit
        if plan.counting is Counting.FLAGGER:
            allowed = (plan.flagger.threshold if plan.flagger is not None else 1) - 1
        if allowed >= 0:
            survives *= at_most(chances, allowed)
    return 1 - survives


def _failing(gate: Gate) -> Callable[[float], bool]:
    return _Failing(gate)


@dataclass(frozen=True)
class _Failing:
    """A gate as a rule over numbers, equal where the rule is."""

    gate: Gate

    def __call__(self, number: float) -> bool:
        return fails_at(self.gate, number)


@lru_cache(maxsize=4096)
def _failure_chance(fails: Callable[[float], bool], n: float, base: float, scale: float, least: int) -> float:
    """That one measurement over about n requests fails. Without data, or with too little, none does."""
    if n <= 0:
        return 0.0
    draw = np.random.default_rng(SEED)
    bad_ones = draw.poisson(n * base, DRAWS)
    all_ones = bad_ones + draw.poisson(n * (1 - base), DRAWS)
    enough = all_ones >= max(least, 1)
    ratios, counts = np.unique(bad_ones[enough] / all_ones[enough], return_counts=True)
    return float(sum(int(count) for ratio, count in zip(ratios, counts, strict=True)
                     if fails(float(ratio) * scale)) / DRAWS)


def _runs(plan: Plan, gate: Gate, rate: float) -> Iterator[list[float]]:
    """The weight at each measurement of each run of a gate."""
    walked = spans(plan, rate)
    interval = interval_of(gate, plan)
    key = (gate.template, gate.name)
    if key in {(each.template, each.name) for each in plan.background_gates()}:
        first = plan.background.starting_step if gate.template and plan.background is not None else 0
        start = walked[first].start_s if first < len(walked) else 0.0
        times = start + gate.initial_delay_s + interval * np.arange(MOST_LOOKS)
        if gate.measurements is not None and (gate.count is not None or plan.counting is Counting.ARGO):
            times = times[:gate.measurements]
        yield [percent for at in times if (percent := _percent_at(walked, float(at))) > 0]
    for place, analysis in plan.analyses():
        if place is None:
            continue
        if key in {(each.template, each.name) for each in plan.gates_of(analysis)}:
            many = gate.measurements or 1
            yield [max(walked[place].percent, walked[place].mirrored)] * min(many, MOST_LOOKS)
    for after in (plan.post_promotion,):
        if key in {(each.template, each.name) for each in plan.gates_of(after)}:
            yield [100.0] * min(gate.measurements or 1, MOST_LOOKS)


def _percent_at(walked: tuple[Span, ...], at: float) -> float:
    """The weight in force; 0 after the last step, when gates are cancelled."""
    return next((span.percent for span in walked if span.start_s <= at < span.end_s), 0.0)


def at_most(chances: list[float], allowed: int) -> float:
    """The chance that at most so many of independent events happen."""
    counts = np.zeros(allowed + 2)
    counts[0] = 1.0
    for chance in chances:
        moved = counts * chance
        counts -= moved
        counts[1:] += moved[:-1]
        counts[-1] += moved[-1]
    return float(counts[:-1].sum())


def noticed_after(plan: Plan, gate: Gate, traffic: Traffic, times_as_many: float) -> float | None:
    """Seconds from the start until the evidence of an error-share gate is expected to suffice; None: not in this plan.

    The expected growth of its logarithm with each error, were the odds known; mixing over odds costs a little more.
    """
    binding = gate.binding
    base = traffic.share(binding) if binding is not None else None
    if not base:
        return None
    guards = sum(1 for each in plan.gates if each.purpose is Purpose.GUARDRAIL and not each.dry_run
                 and each.kind not in (GateKind.FIXED, GateKind.SRM))
    alpha = gate.alpha if gate.alpha is not None else plan.alpha / max(guards, 1)
    wanted = log(1 / alpha)
    grown = 0.0
    for span in spans(plan, traffic.requests_per_s):
        w = span.percent / 100
        if not 0 < w < 1 or not 0 < span.seconds < inf:
            continue
        q = times_as_many * w / (times_as_many * w + 1 - w)
        growth = q * log(q / w) + (1 - q) * log((1 - q) / (1 - w))
        bad_per_s = traffic.requests_per_s * base * (1 - w + times_as_many * w)
        if grown + growth * bad_per_s * span.seconds >= wanted:
            return span.start_s + (wanted - grown) / (growth * bad_per_s)
        grown += growth * bad_per_s * span.seconds
    return None
