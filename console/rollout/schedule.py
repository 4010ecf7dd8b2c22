"""How long a plan takes at least, and which weight is in force when: what is drawn, and what the lint counts with."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from console.rollout.plan import (
    AnalysisStep,
    Bake,
    Counting,
    Experiment,
    Gate,
    Kind,
    Pause,
    Plan,
    SetMirrorRoute,
    SetWeight,
)


@dataclass(frozen=True, slots=True)
class Span:
    """One step on the time axis.

    index       of the step; the number of steps for what comes after the last
    start_s     from the start of the rollout; each wait for a person counts as no time
    seconds     at least; infinite for an analysis that never ends
    percent     of the live requests
    mirrored    percent that the candidate gets copies of
    waits       for a person
    """

    index: int
    start_s: float
    seconds: float
    percent: float
    mirrored: float = 0.0
    waits: bool = False

    @property
    def end_s(self) -> float:
        """From the start of the rollout."""
        return self.start_s + self.seconds


def spans(plan: Plan, rate_per_s: float | None = None) -> tuple[Span, ...]:
    """Every step in order. With a rate of requests a bake lasts until its least sample is expected, too."""
    found: list[Span] = []
    now = percent = mirrored = 0.0
    mirrors: dict[str, float] = {}
    for index, step in enumerate(plan.steps):
        seconds = 0.0
        waits = False
        match step:
            case SetWeight():
                percent = step.percent
            case SetMirrorRoute():
                mirrors.pop(step.name, None)
                if step.percent is not None:
                    mirrors[step.name] = step.percent
                mirrored = max(mirrors.values(), default=0.0)
            case Pause():
                seconds, waits = step.seconds or 0.0, step.seconds is None
            case Bake():
                seconds = max(step.seconds, sample_seconds(plan, step, max(percent, mirrored), rate_per_s))
            case AnalysisStep():
                seconds = max((run_seconds(gate, plan) for gate in plan.gates_of(step.analysis)), default=0.0)
            case Experiment():
                seconds = step.seconds or 0.0
            case _:
                pass
        found.append(Span(index, now, seconds, percent, mirrored, waits))
        now += seconds
    return tuple(found)


def sample_seconds(plan: Plan, bake: Bake, percent: float, rate_per_s: float | None) -> float:
    """How long until the candidate has the least sample of a bake; 0 where none is asked for."""
    least = plan.min_sample if bake.min_sample is None else bake.min_sample
    if not least or rate_per_s is None:
        return 0.0
    reaching = rate_per_s * percent / 100
    return least / reaching if reaching > 0 else 0.0


def run_seconds(gate: Gate, plan: Plan) -> float:
    """How long a run of this gate takes by itself; infinite without a count."""
    many = gate.measurements if plan.counting is not Counting.NATIVE or gate.count is not None else 1
    if many is None:
        return inf if not gate.consecutive_success_limit else (
            gate.initial_delay_s + (gate.consecutive_success_limit - 1) * interval_of(gate, plan))
    return gate.initial_delay_s + (many - 1) * interval_of(gate, plan)


def interval_of(gate: Gate, plan: Plan) -> float:
    """Seconds between two measurements."""
    return gate.interval_s or plan.check_every_s


def ramp_seconds(plan: Plan, rate_per_s: float | None = None) -> float:
    """From the start to the end of the last step, at least."""
    return sum(span.seconds for span in spans(plan, rate_per_s) if span.seconds < inf)


def serves_live(plan: Plan) -> bool:
    """Whether the candidate answers live requests before it is promoted."""
    return plan.kind is not Kind.SHADOW and any(isinstance(step, SetWeight) and step.percent > 0
                                                for step in plan.steps)
