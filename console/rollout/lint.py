"""What is wrong with a plan before it runs: gates that cannot fire in time, get no data, or stop good candidates.

Values in, sentences out. What the log is like comes as a `Traffic`; without it only what the plan says is judged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from math import ceil, floor, inf, isfinite

import numpy as np

from console.metrics.format import format_span
from console.rollout import durations
from console.rollout.chances import Traffic, fails_at, false_aborts, noticed_after
from console.rollout.plan import (
    DELAYED,
    MISSING,
    PROPORTIONS,
    AnalysisStep,
    Bake,
    Binding,
    Counting,
    Degree,
    Gate,
    GateKind,
    Kind,
    MetricKind,
    Pause,
    Plan,
    Plugin,
    Purpose,
    SetWeight,
    Unit,
)
from console.rollout.reading import proposed
from console.rollout.schedule import interval_of, ramp_seconds, run_seconds, sample_seconds, serves_live, spans
from console.rollout.written import gate_keys

FALSE_ABORT = 0.05
"""More false aborts than this are bad; the share that an alpha of 0.05 allows."""

LEAST_USERS = 8
"""In an arm, for a check of the split (rollouts.md 3.3)."""

MOST_FIRST = 50.0
"""Percent: a first step as large as this is no canary."""

HARMS = (2.0, 5.0, 20.0)
"""Times as many errors, that a time to notice is told for."""

GRID = 401
"""Values that a condition is tried at."""


class Severity(StrEnum):
    """How bad it is."""

    ERROR = "error"         # the plan does not do what it says
    WARNING = "warning"     # it does, and somebody will be surprised
    NOTE = "note"           # to know


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing to know about a plan.

    rule    its name, the same for the same kind of thing
    where   a gate by its name, or a step by its number from 1; "" of the whole
    """

    severity: Severity
    rule: str
    where: str
    sentence: str
    do: str


def bad(remarks: tuple[Remark, ...]) -> bool:
    """Whether a plan should not be run like this."""
    return any(remark.severity is Severity.ERROR for remark in remarks)


def lint(plan: Plan, traffic: Traffic | None = None) -> tuple[Remark, ...]:
    """All remarks, errors first, else in the order of the plan."""
    found = [*_of_guarding(plan), *_of_steps(plan), *_of_gates(plan), *_of_alpha(plan)]
    if traffic is not None:
        found += [*_of_traffic(plan, traffic), *_of_data(plan, traffic), *_of_false_aborts(plan, traffic),
                  *_of_power(plan, traffic)]
    order = list(Severity)
    return tuple(sorted(found, key=lambda remark: order.index(remark.severity)))


def _error(rule: str, where: str, sentence: str, do: str) -> Remark:
    return Remark(Severity.ERROR, rule, where, sentence, do)


def _warning(rule: str, where: str, sentence: str, do: str) -> Remark:
    return Remark(Severity.WARNING, rule, where, sentence, do)


def _note(rule: str, where: str, sentence: str, do: str) -> Remark:
    return Remark(Severity.NOTE, rule, where, sentence, do)


# ---- the plan alone --------------------------------------------------------------------------------------------

def _of_guarding(plan: Plan) -> Iterator[Remark]:
    for gate in plan.unbound():
        why = ("its template was not in the files that were read" if gate.provider == MISSING
               else "it is bound to no metric of the log")
        yield _error("unbound", gate.name, f"It cannot run: {why}.",
                     "Read the file with the template too" if gate.provider == MISSING else _how_to_bind(gate))
    live = [gate for gate in plan.gates if not gate.dry_run and gate.kind is not GateKind.SRM]
    guards = [gate for gate in live if gate.purpose is Purpose.GUARDRAIL]
    if not guards:
        what = ("it has no gates" if not plan.gates else "all its gates are dry runs" if not live and any(
            gate.dry_run for gate in plan.gates) else "its gates only look at the split, or hold")
        yield _error("no-guardrail", "", f"Nothing can roll it back by itself: {what}.",
                     "Give it a guardrail, such as an error-share gate on the error rate")
    asked = {name for _, analysis in plan.analyses() for name in analysis.templates}
    for gate in plan.gates:
        if gate.template and gate.template not in asked:
            yield _warning("never-asked", gate.name, f"No step asks for its template `{gate.template}`, so it never "
                           "runs.", "Add an analysis with it, or take it out")
        if (gate.kind is GateKind.FIXED and gate.provider != MISSING and gate.at_least is None
                and gate.at_most is None and not gate.success and not gate.failure):
            yield _warning("no-limit", gate.name, "It has no limit and no condition: every measurement is Successful.",
                           "Give it a limit")
    if serves_live(plan) and not any(gate.kind is GateKind.SRM for gate in plan.gates):
        yield _note("no-split-check", "", "The split is not checked: where it is broken, every other number is void.",
                    "Add a gate with the test `srm`")


def _how_to_bind(gate: Gate) -> str:
    may_be = proposed(gate) or Binding(MetricKind.ERROR_RATE)
    said = gate_keys(replace(gate, binding=may_be))["measure"]
    return f"Give it what it measures, as in measure = {said} (or --bind '{gate.name}={said}')"


def _of_steps(plan: Plan) -> Iterator[Remark]:
    automatic = plan.degree in (Degree.FULL, Degree.PARTIAL)
    walked = spans(plan)
    before = 0.0
    first = True
    for index, step in enumerate(plan.steps):
        where = f"step {index + 1}"
        match step:
            case Pause(None) if automatic:
                yield _warning("endless-pause", where, "It waits for a person, and the plan runs by itself otherwise "
                               f"({plan.degree.replace('_', ' ')}).", "Give it a length, or watch for it")
            case SetWeight(percent):
                if percent < before:
                    yield _warning("falling-weight", where, f"The weight falls from {before:g} % to {percent:g} %: "
                                   "some users go back to the stable version.", "Let weights only grow")
                elif percent == before and percent:
                    yield _note("same-weight", where, f"The weight stays at {percent:g} %.", "Take the step out")
                if first and percent >= MOST_FIRST and plan.kind is Kind.CANARY and percent < 100:
                    yield _note("large-first-step", where, f"The first step gives the candidate {percent:g} % of all "
                                "requests at once.", "Begin with 1 to 5 %, unless that is meant")
                rest = walked[index + 1:]
                until = next((n for n, span in enumerate(rest) if isinstance(plan.steps[span.index], SetWeight)),
                             len(rest))
                if percent and percent < 100 and not any(span.seconds or span.waits for span in rest[:until]):
                    yield _warning("no-time", where, f"The weight of {percent:g} % is in force for no time.",
                                   "Let a bake or a pause follow")
                if percent >= 100 and index < len(plan.steps) - 1:
                    yield _note("all-before-the-end", where, "From here on all requests go to the candidate, and "
                                "nothing is left to compare it with.", "End the steps below 100 %; the last one is "
                                "followed by 100 % anyway")
                before, first = percent, False
            case Plugin(agreed=False):
                yield _error("plugin", where, f"`{step.name}` is a program of its own and cannot run here.",
                             "Take it out, or agree that it counts as successful")
            case AnalysisStep(analysis):
                for gate in plan.gates_of(analysis):
                    if run_seconds(gate, plan) == inf:
                        yield _error("endless-analysis", where, f"`{gate.name}` has an interval and no count: the "
                                     "step never ends unless it fails.", "Give it a count")
            case Bake(seconds) if plan.counting is Counting.NATIVE and plan.gates:
                least = min(interval_of(gate, plan) for gate in plan.gates)
                if 0 < seconds < least:
                    yield _warning("bake-too-short", where, f"It bakes for {format_span(seconds)}, and gates are "
                                   f"looked at every {format_span(least)}.", "Bake longer, or look more often")
            case _:
                pass
    if not serves_live(plan) and plan.kind in (Kind.CANARY, Kind.AB_TEST) and not any(
            span.mirrored for span in walked):
        yield _error("no-requests", "", "No request reaches the candidate before it gets all of them"
                     + (": which header a request had is not in the log" if plan.kind is Kind.AB_TEST else "") + ".",
                     "Add a step with a weight")


def _of_gates(plan: Plan) -> Iterator[Remark]:
    whole = ramp_seconds(plan)
    walked = spans(plan)
    endless = any(span.waits or span.seconds == inf for span in walked)
    for gate in plan.gates:
        yield from _of_limits(gate, plan)
        yield from _of_units(gate)
    background = {(gate.template, gate.name) for gate in plan.gates_of(plan.background)}
    start = plan.background.starting_step if plan.background is not None else 0
    for gate in plan.background_gates():
        if plan.kind is Kind.BLUE_GREEN and not plan.steps:
            continue
        begins = walked[start].start_s if (gate.template, gate.name) in background and start < len(walked) else (
            whole if (gate.template, gate.name) in background and start >= len(walked) > 0 else 0.0)
        if endless and not (start >= len(walked) > 0):
            continue
        yield from _of_time(gate, plan, whole - begins)
    for gate in plan.gates:
        if gate.binding is None or gate.binding.metric not in DELAYED:
            continue
        if plan.attribution_s > whole and not endless and plan.steps:
            yield _error("matures-too-late", gate.name, f"Outcomes count when they are "
                         f"{format_span(plan.attribution_s)} old, and the ramp ends after {format_span(whole)}: it "
                         "never sees one.",
                         "Bake longer, or watch something that is known at once")
        elif plan.attribution_s:
            yield _note("matures-late", gate.name, "It cannot notice anything in less than "
                        f"{format_span(plan.attribution_s)}: younger outcomes do not count.",
                        "Watch something that is known at once beside it")


def _of_limits(gate: Gate, plan: Plan) -> Iterator[Remark]:
    many = gate.measurements if gate.count is not None or plan.counting is not Counting.NATIVE else None
    limit = gate.failure_limit
    if plan.counting is Counting.FLAGGER:
        return
    if limit == -1:
        yield _warning("never-fails", gate.name, "A failure limit of -1: it is measured and never fails.",
                       "Give a limit of 0 or more, or mark it as a dry run")
    elif many is not None and limit >= many:
        yield _error("limit-out-of-reach", gate.name, f"It fails when more than {limit:,} measurements fail, and it "
                     f"takes {many:,}.", f"Give a failure limit below {many:,}, or more measurements")
    if many is not None and gate.consecutive_success_limit > many:
        yield _warning("success-out-of-reach", gate.name, f"It asks for {gate.consecutive_success_limit:,} successes "
                       f"in a row, and it takes {many:,} measurements.", "Give a smaller number")


def _of_units(gate: Gate) -> Iterator[Remark]:
    """A condition that says the same of every value that its metric can have is in another unit."""
    binding = gate.binding
    if binding is None or binding.metric not in PROPORTIONS or gate.kind is not GateKind.FIXED:
        return
    if not (gate.success or gate.failure or gate.at_least is not None or gate.at_most is not None):
        return
    values = [float(value) * binding.scale for value in np.linspace(0, 1, GRID)]
    fails = [fails_at(gate, value) for value in values]
    most = f"{binding.metric} lies between 0 and {abs(binding.scale):g}"
    if all(fails):
        yield _error("always-fails", gate.name, f"Every value fails: {most}.",
                     "Give the limit in that unit, or give the binding a scale")
    elif not any(fails):
        yield _error("cannot-fail", gate.name, f"No value fails: {most}.",
                     "Give the limit in that unit, or give the binding a scale")


def _of_time(gate: Gate, plan: Plan, seconds: float) -> Iterator[Remark]:
    """A gate beside the steps is cancelled when the last one ends."""
    if plan.counting is Counting.FLAGGER:
        return
    interval = interval_of(gate, plan)
    possible = floor((seconds - gate.initial_delay_s) / interval) + 1 if seconds > gate.initial_delay_s else 0
    if gate.interval_s is None and plan.counting is Counting.ARGO:
        possible = min(possible, 1)
    needed = max(gate.failure_limit, 0) + 1
    if possible < 1:
        yield _error("too-late", gate.name, f"It begins {format_span(gate.initial_delay_s)} after its start, and the "
                     f"ramp is over {format_span(max(seconds, 0))} after that: it is never measured.",
                     "Bake longer, or begin earlier")
    elif possible < needed and gate.failure_limit >= 0 and (gate.count is None or needed <= gate.count):
        yield _error("too-slow", gate.name, f"It fails at the {needed:,}th failed measurement, and there is time for "
                     f"{possible:,} before the last step ends.", "Measure more often, lower its failure limit, or bake "
                     "longer")
    elif gate.count is not None and possible < gate.count:
        yield _warning("cut-short", gate.name, f"It takes {gate.count:,} measurements, "
                       f"{format_span(run_seconds(gate, plan))} in all, and is cancelled after {possible:,}: the ramp "
                       f"is over after {format_span(seconds)}.",
                       "Bake longer, or ask for fewer measurements")


def _of_alpha(plan: Plan) -> Iterator[Remark]:
    own = [gate for gate in plan.gates if gate.alpha is not None and gate.purpose is Purpose.GUARDRAIL
           and not gate.dry_run and gate.kind not in (GateKind.FIXED, GateKind.SRM)]
    total = sum(gate.alpha or 0.0 for gate in own)
    if total > plan.alpha * (1 + 1e-9):
        yield _warning("alpha-above-the-plan", ", ".join(gate.name for gate in own),
                       f"Together they may abort {total:.0%} of identical candidates; the plan allows "
                       f"{plan.alpha:.0%}.", "Leave `alpha` of the gates out: it is shared among them")


# ---- with a log ------------------------------------------------------------------------------------------------

def _of_traffic(plan: Plan, traffic: Traffic) -> Iterator[Remark]:
    if not traffic.requests_per_s > 0:
        yield _error("no-traffic", "", "The log has no requests.", "Choose another log")
        return
    whole = ramp_seconds(plan, traffic.requests_per_s)
    if traffic.seconds is not None and isfinite(whole) and whole > traffic.seconds:
        yield _warning("longer-than-the-log", "", f"The ramp takes at least {format_span(whole)}, and the log covers "
                       f"{format_span(traffic.seconds)}: it does not end within it.",
                       "Bake for less, or choose a longer log")
    if plan.unit is Unit.USER and traffic.users is None:
        yield _note("no-users", "",
                    "The log names no users: requests are drawn one by one, and nobody keeps a version.",
                    "Name the column with the user id under Columns, if there is one")
    if traffic.metrics is not None:
        for gate in plan.gates:
            if gate.binding is not None and gate.binding.metric not in traffic.metrics:
                yield _error("not-in-the-log", gate.name, f"The log does not show {gate.binding.metric}.",
                             "Name its column under Columns, or measure something else")
    first = next((span.percent for span in spans(plan) if span.percent > 0), 0.0)
    if plan.unit is Unit.USER and traffic.users is not None and 0 < first < 100:
        reached = traffic.users * first / 100
        if reached < LEAST_USERS:
            yield _warning("too-few-users", "", f"{first:g} % of {traffic.users:,} users are {reached:.1f}: fewer than "
                           f"{LEAST_USERS} in an arm say nothing about the split.", "Begin with a higher weight")
    for gate in plan.gates:
        delay = traffic.outcome_delay_s
        if (gate.binding is not None and gate.binding.metric in DELAYED and delay is not None
                and delay > plan.attribution_s):
            yield _warning("immature", gate.name, f"95 % of the outcomes come within {format_span(delay)}, and they "
                           f"are counted after {format_span(plan.attribution_s)}: a candidate looks worse only because "
                           "its requests are younger.",
                           f"Write attribution = \"{durations.written(float(ceil(delay)))}\"")


def _of_data(plan: Plan, traffic: Traffic) -> Iterator[Remark]:
    rate = traffic.requests_per_s
    if not rate > 0:
        return
    for span in spans(plan):
        step = plan.steps[span.index]
        share = max(span.percent, span.mirrored)
        if isinstance(step, Bake) and plan.counting is Counting.NATIVE and 0 < share < 100:
            takes = sample_seconds(plan, step, share, rate)
            if takes > step.seconds * 1.05:
                least = plan.min_sample if step.min_sample is None else step.min_sample
                yield _warning("slow-sample", f"step {span.index + 1}", f"At {share:g} % of {rate:,.3g} requests a "
                               f"second, {least:,} candidate requests take {format_span(takes)}, not "
                               f"{format_span(step.seconds)}.",
                               "Give more weight, or wait that long")
    starved = [(gate, n) for gate, n in _window_sizes(plan, rate) if n < 1]
    for gate, n in starved:
        yield _warning("no-data", gate.name, f"Its window holds {n:.2g} candidate requests at the lowest weight: most "
                       "measurements have no data.", "Widen its window, or give more weight")


def _window_sizes(plan: Plan, rate: float) -> Iterator[tuple[Gate, float]]:
    """Gates that look at a window, with the candidate requests that it holds at the lowest live weight."""
    lowest = min((max(span.percent, span.mirrored) for span in spans(plan)
                  if max(span.percent, span.mirrored) > 0 and span.seconds), default=0.0)
    for gate in plan.gates:
        if gate.binding is not None and gate.kind is GateKind.FIXED and lowest:
            yield gate, (gate.binding.window_s or interval_of(gate, plan)) * rate * lowest / 100


# ---- how often a good candidate is stopped -----------------------------------------------------------------------

def _of_false_aborts(plan: Plan, traffic: Traffic) -> Iterator[Remark]:
    for gate in plan.gates:
        if gate.dry_run or gate.binding is None or gate.kind is not GateKind.FIXED:
            continue
        found = false_aborts(plan, gate, traffic)
        if found is None:
            continue
        base = traffic.share(gate.binding) or 0.0
        said = "less than 1 %" if found < 0.01 else f"about {found:.0%}"
        sentence = (f"It stops {said} of candidates that are as good as stable, at {traffic.requests_per_s:,.3g} "
                    f"requests a second and {gate.binding.metric} {base:.3g}.")
        if found > FALSE_ABORT:
            yield _error("false-aborts", gate.name, sentence, "Use the test `error_share` or `difference`, a wider "
                         "window, or a higher limit")
        else:
            yield _note("false-aborts", gate.name, sentence, "Nothing")


# ---- what it would notice ----------------------------------------------------------------------------------------

def _of_power(plan: Plan, traffic: Traffic) -> Iterator[Remark]:
    for gate in plan.gates:
        if gate.kind is not GateKind.ERROR_SHARE or gate.binding is None or gate.template:
            continue
        base = traffic.share(gate.binding)
        if base is None:
            continue
        times = {harm: noticed_after(plan, gate, traffic, harm) for harm in HARMS}
        if base <= 0:
            yield _note("no-base", gate.name, f"{gate.binding.metric} is 0 in the log: how soon it would notice more "
                        "cannot be said.", "Nothing")
            continue
        seen = [f"{harm:g} times as many after about {format_span(after)}" for harm, after in times.items()
                if after is not None]
        unseen = [harm for harm, after in times.items() if after is None]
        if unseen and unseen[0] == HARMS[0]:
            yield _warning("blind", gate.name, f"At {traffic.requests_per_s:,.3g} requests a second and "
                           f"{gate.binding.metric} {base:.3g} this plan hardly notices {max(unseen):g} times as many"
                           + (f"; {', '.join(seen)}" if seen else "") + ".", "Bake longer, or give more weight")
        elif seen:
            yield _note("notices", gate.name, f"It is expected to notice {', '.join(seen)}.", "Nothing")
