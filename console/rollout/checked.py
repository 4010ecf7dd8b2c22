"""What cannot be in a plan, whoever wrote it: every reader refuses it, and the editor says it beside the plan."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from console.errors import BadSettings
from console.rollout.conditions import read
from console.rollout.plan import (
    HIGHEST_WEIGHT,
    PROPORTIONS,
    AnalysisStep,
    Arm,
    Bake,
    Counting,
    Experiment,
    Gate,
    GateKind,
    Kind,
    MetricKind,
    Pause,
    Plan,
    SetCanaryScale,
    SetMirrorRoute,
    SetWeight,
    Step,
)

ARGUMENT = re.compile(r"\{\{\s*args\.[\w-]+\s*\}\}")
"""Filled in when an analysis asks for the gate; a number stands for it till then."""

MOST_STEPS = 1000
MOST_GATES = 1000


class Problem(NamedTuple):
    """One thing that cannot be.

    where   `steps[3].weight`, `gate errors.interval`, or the name of a key of the plan
    """

    where: str
    what: str
    do: str


def refuse_problems(plan: Plan, *, file: str = "") -> None:
    """Raises BadSettings for the first thing that cannot be."""
    found = next(problems(plan), None)
    if found is not None:
        raise BadSettings(found.what, where=", ".join(filter(None, (file, found.where))), do=found.do)


def problems(plan: Plan) -> Iterator[Problem]:
    """All that cannot be, in the order of the plan."""
    yield from _of_the_whole(plan)
    for index, step in enumerate(plan.steps, start=1):
        yield from _of_step(step, f"steps[{index}]")
    seen: set[tuple[str, str]] = set()
    for gate in plan.gates:
        where = f"gate `{gate.name}`"
        if (gate.template, gate.name) in seen:
            yield Problem(where, "Two gates have this name", "Give each one its own")
        seen.add((gate.template, gate.name))
        yield from _of_gate(gate, where, plan.counting)
    there = {gate.template for gate in plan.gates if gate.template}
    for place, analysis in plan.analyses():
        where = f"steps[{place + 1}]" if place is not None else "background, pre_promotion or post_promotion"
        for template in analysis.templates:
            if template not in there:
                yield Problem(where, f"There is no template `{template}`",
                              f"There are {', '.join(sorted(there))}" if there else
                              "Give the gates that belong to it `template = ...`")
        if not analysis.templates:
            yield Problem(where, "An analysis names no template", "Name at least one")


def _of_the_whole(plan: Plan) -> Iterator[Problem]:
    if not plan.name.strip():
        yield Problem("name", "The plan has no name", "Give it one")
    if len(plan.steps) > MOST_STEPS or len(plan.gates) > MOST_GATES:
        yield Problem("steps", f"It has {len(plan.steps):,} steps and {len(plan.gates):,} gates",
                      f"A plan has at most {MOST_STEPS:,} of each")
    if not 0 < plan.alpha < 1:
        yield Problem("alpha", f"`alpha` is {plan.alpha:g}", "Give a share above 0 and below 1, as in 0.05")
    if plan.min_sample < 0 or plan.min_errors < 0:
        yield Problem("min_sample", "A least number lies below zero", "Give 0 or more")
    if not plan.check_every_s > 0:
        yield Problem("check_every", f"Gates are looked at every {plan.check_every_s:g} s", "Give 1s or more")
    for name, seconds in (("attribution", plan.attribution_s), ("max_hold", plan.max_hold_s),
                          ("keep_old", plan.keep_old_s), ("auto_promotion_after", plan.auto_promotion_s)):
        if seconds is not None and not 0 <= seconds < float("inf"):
            yield Problem(name, f"`{name}` lies below zero", "Give 0s or more")
    if plan.kind is Kind.SHADOW:
        live = next((step for step in plan.steps if isinstance(step, SetWeight) and step.percent), None)
        if live is not None:
            yield Problem("steps", f"A shadow plan gives the candidate {live.percent:g} % of the live requests",
                          'Take that step out, or write kind = "canary"')
    background = plan.background
    if background is not None and not 0 <= background.starting_step <= len(plan.steps):
        yield Problem("background.starting_step", f"There is no step {background.starting_step}",
                      f"The plan has {len(plan.steps)} steps, counted from 0")


def _of_step(step: Step, where: str) -> Iterator[Problem]:
    match step:
        case SetWeight(percent):
            if not 0 <= percent <= HIGHEST_WEIGHT:
                yield Problem(f"{where}.weight", f"A weight of {percent:g} %", "Give 0 to 100")
        case Pause(seconds) | Bake(seconds):
            if seconds is not None and not 0 <= seconds < float("inf"):
                yield Problem(where, f"It waits {seconds:g} s", "Give 0s or more")
            if isinstance(step, Bake) and ((step.min_sample or 0) < 0 or step.passes < 0):
                yield Problem(where, "A least number lies below zero", "Give 0 or more")
        case Experiment(arms, seconds, analyses):
            if not arms:
                yield Problem(f"{where}.experiment", "An experiment without arms", "Name at least one arm")
            if any(arm.spec not in (Arm.STABLE, Arm.CANDIDATE) for arm in arms):
                yield Problem(f"{where}.experiment", "An arm is a copy of stable or of the candidate",
                              "Write stable or candidate")
            if len({arm.name for arm in arms}) < len(arms) or len({each.name for each in analyses}) < len(analyses):
                yield Problem(f"{where}.experiment", "Two arms or two analyses have one name", "Give each its own")
            weights = [arm.weight for arm in arms if arm.weight is not None]
            if any(not 0 <= weight <= HIGHEST_WEIGHT for weight in weights) or sum(weights) > HIGHEST_WEIGHT:
                yield Problem(f"{where}.experiment", f"Its arms get {sum(weights):g} % of the requests",
                              "Give 0 to 100 % together")
            if seconds is not None and not 0 <= seconds < float("inf"):
                yield Problem(f"{where}.experiment", f"It lasts {seconds:g} s", "Give 0s or more")
        case SetMirrorRoute(_, percent):
            if percent is not None and not 0 <= percent <= HIGHEST_WEIGHT:
                yield Problem(f"{where}.mirror", f"A mirror of {percent:g} %", "Give 0 to 100")
        case SetCanaryScale(replicas, weight, match):
            if sum((replicas is not None, weight is not None, match)) != 1:
                yield Problem(f"{where}.canary_scale", "Exactly one of replicas, weight and match_traffic_weight",
                              "Leave the others out")
            elif (replicas or 0) < 0 or not 0 <= (weight or 0) <= HIGHEST_WEIGHT:
                yield Problem(f"{where}.canary_scale", "A number that cannot be", "Give 0 or more, a weight up to 100")
        case AnalysisStep() | _:
            pass


def _of_gate(gate: Gate, where: str, counting: Counting) -> Iterator[Problem]:
    if not gate.name.strip():
        yield Problem("gates", "A gate has no name", "Give it one")
    for key, text in (("success", gate.success), ("failure", gate.failure)):
        try:
            if text:
                read(ARGUMENT.sub("1", text))
        except BadSettings as error:
            yield Problem(f"{where}.{key}", error.what, error.do)
    limited = gate.at_least is not None or gate.at_most is not None
    if gate.kind is not GateKind.FIXED and (limited or gate.success or gate.failure):
        yield Problem(where, f"Limits and conditions belong to a fixed gate, not to `{gate.kind}`",
                      'Take them out, or write test = "fixed"')
    if limited and (gate.success or gate.failure):
        yield Problem(where, "It has limits and conditions", "Use one of them")
    if (gate.at_least is not None and gate.at_most is not None and gate.at_least > gate.at_most):
        yield Problem(where, f"Nothing is at least {gate.at_least:g} and at most {gate.at_most:g}",
                      "Exchange them")
    if (gate.kind is GateKind.FIXED and counting is Counting.NATIVE and not limited
            and not gate.success and not gate.failure):
        yield Problem(where, "A fixed gate without a limit always passes", "Give at_most, at_least or a condition")
    if gate.interval_s is not None and not 0 < gate.interval_s < float("inf"):
        yield Problem(f"{where}.interval", f"The interval is {gate.interval_s:g} s", "Give 1s or more")
    if not 0 <= gate.initial_delay_s < float("inf"):
        yield Problem(f"{where}.initial_delay", f"It waits {gate.initial_delay_s:g} s", "Give 0s or more")
    if gate.count is not None and gate.count < 0:
        yield Problem(f"{where}.count", f"`count` is {gate.count}", "Give 1 or more")
    if gate.count is not None and gate.count > 1 and gate.interval_s is None and counting is Counting.ARGO:
        yield Problem(f"{where}.interval", f"{gate.count} measurements without an interval", "Give an interval")
    for key in ("failure_limit", "inconclusive_limit", "consecutive_error_limit", "consecutive_success_limit"):
        if getattr(gate, key) < (-1 if key == "failure_limit" else 0):
            yield Problem(f"{where}.{key}", f"`{key}` is {getattr(gate, key)}", "Give 0 or more")
    if not 0 <= gate.margin < float("inf"):
        yield Problem(f"{where}.margin", f"`margin` is {gate.margin:g}", "Give the harm that is tolerated, 0 or more")
    if gate.alpha is not None and not 0 < gate.alpha < 1:
        yield Problem(f"{where}.alpha", f"`alpha` is {gate.alpha:g}", "Give a share above 0 and below 1")
    if (gate.min_sample or 0) < 0:
        yield Problem(f"{where}.min_sample", "A least number lies below zero", "Give 0 or more")
    yield from _of_binding(gate, where)


def _of_binding(gate: Gate, where: str) -> Iterator[Problem]:
    binding = gate.binding
    if binding is None:
        return
    if gate.kind is GateKind.ERROR_SHARE and (binding.metric not in PROPORTIONS or binding.metric in
                                              (MetricKind.SUCCESS_RATE, MetricKind.CTR)):
        yield Problem(f"{where}.measure", f"An error-share test counts bad requests, and `{binding.metric}` does not",
                      "Measure error_rate, latency_share, wrong_share or null_share, or use test = \"difference\"")
    if binding.metric is MetricKind.LATENCY_SHARE and not (binding.limit or 0) > 0:
        yield Problem(f"{where}.measure.limit_ms", "The limit of latency_share is not given", "Give it in ms, above 0")
    if not 0 < binding.percentile < 100:
        yield Problem(f"{where}.measure.percentile", f"A percentile of {binding.percentile:g}", "Give 1 to 99.9")
    if binding.metric is MetricKind.DRIFT and not binding.column:
        yield Problem(f"{where}.measure.column", "The column is not given", "Name a column of the log")
    if binding.metric is MetricKind.SQL and not binding.sql.strip():
        yield Problem(f"{where}.measure.sql", "The SQL is not given", "Write an expression over the log")
    if not 0 <= binding.window_s < float("inf"):
        yield Problem(f"{where}.measure.window", f"A window of {binding.window_s:g} s", "Give 0s or more")
    if not 0 < abs(binding.scale) < float("inf"):
        yield Problem(f"{where}.measure.scale", f"A scale of {binding.scale:g}", "Give another one; 1 changes nothing")
