"""Changes to a plan, each a new plan: what the editor does, and a person without one. What results is not refused
here, or a plan could not be changed step by step; `checked.problems` says what cannot be in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from console.errors import BadSettings
from console.rollout.chances import Traffic
from console.rollout.checked import problems
from console.rollout.plan import (
    Analysis,
    Bake,
    Binding,
    Gate,
    GateKind,
    MetricKind,
    Pause,
    Plan,
    SetWeight,
    Step,
)
from console.rollout.written import STEP, Wrong, as_step, gate_from, gate_keys, with_setting

SLOW_SHARE = 0.05
"""A limit suits a log where at most so many of its requests are slower."""


def with_step(plan: Plan, index: int, step: Step) -> Plan:
    """A step put in before the one at `index`; at the end where there is none."""
    return replace(plan, steps=(*plan.steps[:index], step, *plan.steps[index:]),
                   background=_shifted(plan.background, index, 1))


def without_step(plan: Plan, index: int) -> Plan:
    """One step less. Raises IndexError."""
    plan.steps[index]
    return replace(plan, steps=plan.steps[:index] + plan.steps[index + 1:],
                   background=_shifted(plan.background, index + 1, -1))


def moved_step(plan: Plan, index: int, to: int) -> Plan:
    """A step in another place."""
    steps = list(plan.steps)
    steps.insert(to, steps.pop(index))
    return replace(plan, steps=tuple(steps))


def changed_step(plan: Plan, index: int, text: str) -> Plan:
    """A step as it is typed, `weight = 5` or `bake = "10m"`. Raises BadSettings."""
    return replace(plan, steps=(*plan.steps[:index], step_from(text), *plan.steps[index + 1:]))


def step_from(text: str) -> Step:
    """A step from its TOML, `weight = 5`. Raises BadSettings."""
    import tomllib

    try:
        step: Step = STEP.read(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise BadSettings(f"`{text[:60]}` is no step",
                          do="Write weight = 5, bake = \"10m\" or pause = \"until promoted\"") from error
    except Wrong as error:
        raise BadSettings(error.what, where=error.path, do=error.do) from error
    return step


def step_text(step: Step) -> str:
    """The other way round."""
    return as_step(step)


def _shifted(background: Analysis | None, index: int, by: int) -> Analysis | None:
    """A background analysis starts with the same step as before."""
    if background is None or background.starting_step < index or not background.starting_step:
        return background
    return replace(background, starting_step=max(background.starting_step + by, 0))


# ---- gates -----------------------------------------------------------------------------------------------------

def with_gate(plan: Plan, gate: Gate) -> Plan:
    """One gate more, at the end, under a name that no other has."""
    names = {each.name for each in plan.gates}
    name = next(each for each in (gate.name, *(f"{gate.name} {n}" for n in range(2, len(names) + 3)))
                if each not in names)
    return replace(plan, gates=(*plan.gates, replace(gate, name=name)))


def without_gate(plan: Plan, index: int) -> Plan:
    """One gate less. Raises IndexError."""
    plan.gates[index]
    return replace(plan, gates=plan.gates[:index] + plan.gates[index + 1:])


def changed_gate(plan: Plan, index: int, key: str, text: str) -> Plan:
    """One key of a gate, as it is typed in TOML; an empty text is the usual value. Raises BadSettings."""
    gate = gate_from(gate_keys(plan.gates[index]), key, text, plan.gates[index].name)
    return replace(plan, gates=(*plan.gates[:index], gate, *plan.gates[index + 1:]))


def changed_setting(plan: Plan, key: str, text: str) -> Plan:
    """One of `written.PLAN_SETTINGS`, as it is typed; an empty text is the usual value. Raises BadSettings."""
    return with_setting(plan, key, text)


def messages(plan: Plan) -> tuple[str, ...]:
    """What cannot be in it, a sentence each; nothing where it may run."""
    return tuple(f"{problem.where}: {problem.what}. {problem.do}." for problem in problems(plan))


def change_said(before: Plan, after: Plan) -> str:
    """What was changed, in a few words: `step 2`, `new gate errors`, `the automation`; "" for nothing."""
    if before.name != after.name:
        return "the choice"
    if before.steps != after.steps:
        return _part_said("step", [f"step {number}" for number in range(1, 1 + max(len(before.steps), len(
            after.steps)))], before.steps, after.steps)
    if before.gates != after.gates:
        longer = max(before.gates, after.gates, key=len)
        return _part_said("gate", [f"gate {gate.name}" for gate in longer], before.gates, after.gates)
    return "" if before == after else "the automation" if before.degree is not after.degree else "a setting"


def _part_said(kind: str, names: Sequence[str], before: Sequence[Step | Gate], after: Sequence[Step | Gate]) -> str:
    """Of steps or gates: the first that is another, where it is the only one."""
    at = next((place for place, (one, other) in enumerate(zip(before, after, strict=False)) if one != other),
              min(len(before), len(after)))
    match len(after) - len(before):
        case 1 if after[at + 1:] == before[at:]:
            return f"new {names[at]}"
        case -1 if before[at + 1:] == after[at:]:
            return f"{names[at]} taken out"
        case 0 if before[at + 1:] == after[at + 1:]:
            return names[at]
    return f"the {kind}s"


# ---- to a log --------------------------------------------------------------------------------------------------

class Fitted(NamedTuple):
    """A plan that a log can show, and what was done to it."""

    plan: Plan
    notes: tuple[str, ...]


def fitted(plan: Plan, traffic: Traffic) -> Fitted:
    """A plan without the gates that the log cannot show, and with limits of latency that suit it."""
    notes: list[str] = []
    gates: list[Gate] = []
    limit = next((ms for ms, share in sorted(traffic.slower.items()) if share <= SLOW_SHARE), None)
    for gate in plan.gates:
        binding = gate.binding
        if binding is not None and traffic.metrics is not None and binding.metric not in traffic.metrics:
            notes.append(f"`{gate.name}` is left out: the log does not show {binding.metric}.")
            continue
        if (binding is not None and binding.metric is MetricKind.LATENCY_SHARE and limit is not None
                and gate.kind is not GateKind.FIXED and binding.limit != limit
                and (traffic.share(binding) or 0.0) > SLOW_SHARE):
            notes.append(f"`{gate.name}` counts answers above {limit:g} ms: of the log more than {SLOW_SHARE:.0%} are "
                         f"above {binding.limit or 0:g} ms.")
            gate = replace(gate, binding=replace(binding, limit=limit))
        gates.append(gate)
    return Fitted(replace(plan, gates=tuple(gates)), tuple(notes))


NEW_STEPS: tuple[tuple[str, Step], ...] = (("weight", SetWeight(10.0)), ("bake", Bake(600.0)), ("pause", Pause(None)))


def new_step_said(name: str, step: Step) -> str:
    """What adding one of NEW_STEPS is called."""
    return {"weight": "Weight: a share of the requests", "bake": "Bake: wait while gates look",
            "pause": "Pause: until a person promotes"}.get(name, as_step(step))


NEW_GATES: tuple[Gate, ...] = (
    Gate("errors", GateKind.ERROR_SHARE, binding=Binding(MetricKind.ERROR_RATE)),
    Gate("slow answers", GateKind.ERROR_SHARE, binding=Binding(MetricKind.LATENCY_SHARE, limit=250.0)),
    Gate("missing answers", GateKind.ERROR_SHARE, binding=Binding(MetricKind.NULL_SHARE)),
    Gate("score", GateKind.DIFFERENCE, binding=Binding(MetricKind.SCORE_MEAN)),
    Gate("clicks", GateKind.DIFFERENCE, binding=Binding(MetricKind.CTR)),
    Gate("split", GateKind.SRM))
"""What can be added without writing anything."""
