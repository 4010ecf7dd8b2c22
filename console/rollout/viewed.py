"""Makes the view of a replay."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite, nan

import numpy as np
from numpy.typing import NDArray

from console.metrics.format import format_span
from console.rollout.blast import Blast
from console.rollout.counting import Phase
from console.rollout.finding import Finding, Outcome
from console.rollout.gates import SHARED, alpha_of
from console.rollout.intervals import half_width
from console.rollout.machine import allowed, waits_for
from console.rollout.outcomes import UNKNOWABLE, Source
from console.rollout.permissions import PERMISSIONS
from console.rollout.plan import (
    DELAYED,
    AnalysisStep,
    Bake,
    Counting,
    Experiment,
    Gate,
    GateKind,
    MetricKind,
    Pause,
    Plan,
    Plugin,
    SetCanaryScale,
    SetHeaderRoute,
    SetMirrorRoute,
    SetWeight,
    Step,
    without_effect,
)
from console.rollout.replay import Replay
from console.rollout.state import Base
from console.rollout.tally import CLICKS, ERRORS, LATENCY, Measure, measure_of
from console.rollout.view import (
    Action,
    ActionView,
    ArmView,
    BlastView,
    DegreeView,
    EntryView,
    Floats,
    GateView,
    RolloutView,
    SeriesView,
    StepView,
    WeightsView,
)
from console.rollout.words import amount, change, percent, reason

MOST_POINTS = 400
"""Of a chart: longer stretches are added up."""

FIXED_WARNING = ("A fixed limit does not compare with stable: what the traffic does on a bad day counts against the "
                 "candidate.")
ALL_REQUESTS = Measure(MetricKind.REQUESTS)
JUDGE_WARNING = "Slow, and blind to variance and to few but gross bad points."


def view_of(replay: Replay) -> RolloutView:
    """As it is now. Costs by the points that are drawn, not by the rows of the log."""
    state, plan = replay.state, replay.plan
    why_not = allowed(replace(state, at=max(state.at, replay.clock_s)))     # what is allowed is asked of this moment
    permissions = PERMISSIONS[state.degree]
    caveats = [UNKNOWABLE]
    if replay.requests.source is Source.SYNTHETIC:
        caveats.insert(0, Source.SYNTHETIC.sentence)
    return RolloutView(
        plan.name, replay.requests.source, replay.requests.source.sentence, replay.clock_s, replay.start_s,
        replay.end_s, replay.over, state.standing, state.reason, state.ending, state.stable, state.candidate,
        state.weight if state.live else 0.0, state.mirror, state.index, _steps(replay), waits_for(state), state.why,
        _advice(replay), _weights(replay), _arms(replay), _series(replay), _gates(replay, permissions.shows_verdicts),
        tuple(ActionView(action, why_not[action.value]) for action in Action),
        tuple(DegreeView(degree, degree.value.replace("_", " "), row.advance.value, row.abort.value, row.promote.value,
                         row.sentence, degree is state.degree) for degree, row in PERMISSIONS.items()),
        blast_view(replay.blast()),
        tuple(EntryView(entry.number, entry.at, entry.who, entry.what, entry.sentence) for entry in replay.log),
        _kept(replay), replay.routing.sentence, tuple(caveats))


def blast_view(blast: Blast) -> BlastView:
    """With its sentence."""
    users = "" if blast.users is None else f" of {_many(blast.users, 'user')}"
    told = f"{_many(blast.requests, 'request')}{users} met the candidate, of {blast.of_requests:,} in that time"
    if isfinite(blast.excess_errors):
        more = round(blast.excess_errors)
        told += f"; {_many(abs(more), 'error')} {'more' if more >= 0 else 'fewer'} than stable would have made"
    if isfinite(blast.clicks_lost):
        lost = round(blast.clicks_lost)
        told += f"; {_many(abs(lost), 'click')} {'lost' if lost >= 0 else 'gained'}"
    return BlastView(blast.requests, blast.users, blast.of_requests, blast.errors, blast.excess_errors,
                     blast.clicks_lost, told + ".")


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def step_text(step: Step) -> str:
    """A step in a few words."""
    match step:
        case SetWeight(percent=weight):
            return f"{weight:g} % to the candidate"
        case Pause(seconds=None):
            return "Wait for a person"
        case Pause(seconds=seconds):
            return f"Wait {format_span(seconds or 0.0)}"
        case Bake(seconds=seconds):
            return f"Bake {format_span(seconds)}"
        case AnalysisStep(analysis=analysis):
            return f"Analysis {', '.join(analysis.templates)}"
        case Experiment():
            return "Experiment" + (f" {format_span(step.seconds)}" if step.seconds else "")
        case SetMirrorRoute(percent=None):
            return "End the copies"
        case SetMirrorRoute(percent=share):
            return f"Copies of {share:g} % to the candidate"
        case SetHeaderRoute():
            return f"Header route {step.name}"
        case SetCanaryScale():
            return "Scale of the candidate"
        case Plugin():
            return f"Plugin {step.name}"


def _steps(replay: Replay) -> tuple[StepView, ...]:
    state, plan = replay.state, replay.plan
    here = state.index if state.live else len(plan.steps) if state.base is Base.HEALTHY and state.ending else -1
    return tuple(StepView(number + 1, step_text(step), plan.weight_at(number),
                          "done" if number < here else "here" if number == here else "ahead", without_effect(step))
                 for number, step in enumerate(plan.steps))


def _advice(replay: Replay) -> str:
    state = replay.state
    match state.advice:
        case "":
            return ""
        case "abort":
            said = next((entry.sentence for entry in reversed(replay.log) if entry.what == "advice"), "")
            return said or "Abort is advised."
        case "advance":
            return "Go on: the step is done and no gate holds it."
        case _:
            return "Give the candidate all requests: its steps are done and no gate holds it."


def _weights(replay: Replay) -> WeightsView:
    state = replay.state
    live = [each if level else 0.0 for each, level in zip(replay.routed.weight, replay.routed.live, strict=True)]
    mirror = [replay.mirror_percent(level) for level in replay.routed.mirror]
    now = state.weight if state.live else 0.0
    both = np.array([[*live, now], [*mirror, state.mirror]], np.float64)
    moved = np.flatnonzero(np.concatenate([[True], (np.diff(both, axis=1) != 0).any(axis=0)]))
    at = np.asarray(replay.start_s + moved * replay.slice_s, np.float64)
    return WeightsView(at, both[0, moved], both[1, moved])


def _kept(replay: Replay) -> float:
    if replay.requests.source is not Source.RANDOMISED or not replay.done:
        return 1.0
    table = replay.reading.table(ALL_REQUESTS, 0, replay.done)
    usable = float(table[:, 0].sum() + table[:, 3].sum())
    rows = float(replay.tally.rows[:replay.done, -1].sum())
    return usable / rows if rows else 1.0


def _shown(plan: Plan) -> list[tuple[str, str, Measure, float, float]]:
    """Name, unit, measure, margin and alpha of each chart: errors, latency and clicks, and what gates measure."""
    found = {"errors": ("share", ERRORS, nan, plan.alpha), "latency": ("ms", LATENCY, nan, plan.alpha),
             "CTR": ("share", CLICKS, nan, plan.alpha)}
    for gate in plan.gates:
        if gate.binding is None or gate.kind is GateKind.SRM:
            continue
        measure = measure_of(gate.binding)
        named = next((name for name, row in found.items() if row[1] == measure), gate.name)
        margin = gate.margin if gate.kind is GateKind.DIFFERENCE else nan
        unit = "share" if measure.share else "ms" if measure == LATENCY else ""
        alpha = alpha_of(gate, plan) if gate.kind in SHARED else plan.alpha
        found[named] = (unit, measure, margin, alpha)
    return [(name, *row) for name, row in found.items()]


def _series(replay: Replay) -> tuple[SeriesView, ...]:
    done, tally = replay.done, replay.tally
    width = max(1, -(-done // MOST_POINTS))
    shown = []
    for name, unit, measure, margin, alpha in _shown(replay.plan):
        if measure not in tally.candidate or measure not in tally.stable:
            continue
        table = replay.reading.table(measure, 0, done) if done else np.zeros((1, 6))
        starts = np.arange(0, len(table), width)
        summed = np.add.reduceat(table, starts, axis=0)
        low, high = _interval(table, starts, alpha)
        ends = replay.start_s + np.minimum(starts + width, len(table)) * replay.slice_s
        delay = replay.plan.attribution_s if measure.metric in DELAYED else 0.0
        shown.append(SeriesView(name, unit, ends, _ratio(summed[:, 1], summed[:, 0]),
                                _ratio(summed[:, 4], summed[:, 3]), summed[:, 0], summed[:, 3], low, high, margin,
                                replay.clock_s - delay))
    return tuple(shown)


def _interval(table: Floats, starts: NDArray[np.int64], alpha: float) -> tuple[Floats, Floats]:
    """Of the difference within slices since the start, up to the end of each point."""
    n_c, x_c, xx_c, n_s, x_s, xx_s = table.T
    good = (n_c > 0) & (n_s > 0) & (n_c + n_s > 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        size = np.where(good, n_c * n_s / (n_c + n_s), 0.0)
        gap = np.where(good, x_c / n_c - x_s / n_s, 0.0)
        within = np.where(good, (np.maximum(xx_c - x_c**2 / n_c, 0) + np.maximum(xx_s - x_s**2 / n_s, 0))
                          / (n_c + n_s - 2), 0.0)
    weights, weighted, spread = (np.cumsum(each) for each in (size, size * gap, size * within))
    rows = np.cumsum(np.where(good, n_c + n_s, 0.0))
    ends = np.append(starts[1:], len(table)) - 1
    low, high = np.full(len(starts), nan), np.full(len(starts), nan)
    for point, at in enumerate(ends):
        if weights[at] > 0 and spread[at] > 0:
            half = half_width(float(np.sqrt(spread[at]) / weights[at]), float(rows[at]), alpha)
            middle = weighted[at] / weights[at]
            low[point], high[point] = middle - half, middle + half
    return low, high


def _ratio(x: Floats, n: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(n > 0, x / n, nan)


def _arms(replay: Replay) -> tuple[ArmView, ...]:
    done, tally = replay.done, replay.tally
    sums = {}
    for name, unit, measure, _, _ in _shown(replay.plan):
        if measure in tally.candidate and measure in tally.stable:
            sums[name] = unit, replay.reading.table(measure, 0, done).sum(axis=0)
    requests = replay.reading.table(ALL_REQUESTS, 0, done).sum(axis=0)

    def metrics(n: int, x: int) -> tuple[tuple[str, str], ...]:
        return tuple((name, written(total[x] / total[n], unit) if total[n] else "–")
                     for name, (unit, total) in sums.items())

    return (ArmView("stable", replay.state.stable, int(requests[3]), metrics(3, 4)),
            ArmView("candidate", replay.state.candidate or replay.candidate, int(requests[0]), metrics(0, 1)))


def written(value: float, unit: str) -> str:
    """A number of a metric with its unit."""
    if not isfinite(value):
        return "–"
    return percent(value) if unit == "share" else f"{value:.4g} {unit}".rstrip()


def _gates(replay: Replay, shows: bool) -> tuple[GateView, ...]:
    state, plan = replay.state, replay.plan
    runs = state.runs or tuple(replay.last_runs)
    found = [(run.number, place, gate, run.last[place], run.counts[place]) for run in runs
             for place, gate in enumerate(run.gates)]
    if not found:
        return tuple(_gate(plan, 0, gate, None, None, "", shows) for gate in plan.gates)
    rows = []
    for number, place, gate, last, count in found:
        finding = replay.told(number, place)
        counted = f"{count.failed} of {gate.failure_limit + 1} failures" if gate.failure_limit > 0 else ""
        if count.phase is Phase.SUCCESSFUL:
            counted = counted or "done"
        rows.append(_gate(plan, number, gate, last, finding, counted, shows))
    return tuple(rows)


def _gate(plan: Plan, number: int, gate: Gate, last: Outcome | None, finding: Finding | None, counted: str,
          shows: bool) -> GateView:
    told = shows and last is not None and finding is not None
    metric = "split of users" if gate.kind is GateKind.SRM else \
        gate.binding.metric.value.replace("_", " ") if gate.binding is not None else "unbound"
    warning = FIXED_WARNING if gate.kind is GateKind.FIXED else JUDGE_WARNING if gate.kind is GateKind.RANK_SUM else ""
    if gate.kind is GateKind.FIXED and plan.counting is not Counting.NATIVE:
        warning += f" It counts as {plan.counting.value.capitalize()} does."
    assert finding is not None or not told
    return GateView(
        number, gate.name, gate.kind, gate.purpose, metric, last if shows else None,
        reason(gate, finding) if told and finding is not None else "",
        change(gate, finding) if told and finding is not None else "",
        amount(gate, finding.candidate) if told and finding is not None and isfinite(finding.candidate) else "–",
        amount(gate, finding.stable) if told and finding is not None and isfinite(finding.stable) else "–",
        finding.low if told and finding is not None else nan, finding.high if told and finding is not None else nan,
        gate.margin, counted, alpha_of(gate, plan) if gate.kind in (*SHARED, GateKind.SRM) else nan, gate.dry_run,
        warning)
