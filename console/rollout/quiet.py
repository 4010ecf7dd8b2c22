"""Ticks at which nothing happens: a step bakes, requests come, and each gate that is asked passes as it did before.

Nearly all ticks are like that. What follows from one is a few sums, and `machine.step` takes this short way: the long
one would be most of the time of a what-if. It comes to the same state, which a test holds it to.
"""

from __future__ import annotations

from console.rollout import events as ev
from console.rollout.counting import Count, Phase
from console.rollout.finding import Outcome
from console.rollout.plan import Bake, Counting, Degree, GateKind
from console.rollout.state import Base, Run, RunKind, State

BESIDE = (RunKind.OWN, RunKind.BACKGROUND)
"""Runs that go on beside the steps."""


def is_quiet(state: State, event: ev.Tick) -> bool:
    """Whether a tick changes nothing but sums."""
    plan, at = state.plan, event.at
    if (state.base is not Base.ROLLING or state.pauses or state.advice or state.held_at is not None
            or not event.requests > 0 or not event.candidate_requests > 0 or at < state.at
            or plan.counting is not Counting.NATIVE or state.degree is Degree.SHADOW_MODE
            or state.index >= len(plan.steps)):
        return False
    step = plan.steps[state.index]
    if not isinstance(step, Bake) or at - state.step_at >= step.seconds:
        return False
    for check in event.checks:
        if check.outcome is not Outcome.SUCCESSFUL:
            return False
    for run in state.runs:
        if run.phase is not Phase.RUNNING or run.kind not in BESIDE:
            return False
        for last, count, gate in zip(run.last, run.counts, run.gates, strict=True):
            if last is not Outcome.SUCCESSFUL or count.phase is not Phase.RUNNING or gate.count is not None \
                    or gate.consecutive_success_limit or gate.kind is GateKind.RANK_SUM:
                return False
    return True


def after_quiet(state: State, event: ev.Tick) -> State:
    """The state after a quiet tick."""
    at, checks = event.at, event.checks
    found = object.__new__(State)
    found.__dict__.update(state.__dict__)
    changed = found.__dict__
    changed["at"] = changed["ticked"] = changed["seen_at"] = changed["seen_candidate_at"] = at
    changed["step_requests"] = state.step_requests + event.candidate_requests
    changed["step_all"] = state.step_all + event.requests
    if checks:
        changed["step_passes"] = state.step_passes + 1
        changed["runs"] = tuple(_passed(run, [check for check in checks if check.run == run.number], at,
                                        state.plan.check_every_s) for run in state.runs)
    return found


def _passed(run: Run, checks: list[ev.Check], at: float, check_every_s: float) -> Run:
    if not checks:
        return run
    counts, due, said = list(run.counts), list(run.due), run.said
    for check in checks:
        place = check.gate
        if check.reason:
            said = (*said[:place], check.reason, *said[place + 1:])
        before, interval = counts[place], run.gates[place].interval_s
        counts[place] = Count(before.measured + 1, before.successful + 1, before.failed, before.inconclusive,
                              before.errors, 0, before.successes_in_a_row + 1, Phase.RUNNING)
        due[place] = at + (check_every_s if interval is None else interval)
    return Run(run.number, run.kind, run.gates, tuple(counts), run.last, tuple(due), said, run.phase)
