"""Plans and driving, for the tests of the machine and of the replay."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from console.rollout import events as ev
from console.rollout.events import Effect, Entry
from console.rollout.finding import Outcome
from console.rollout.machine import due, initial, step
from console.rollout.outcomes import Outcomes, Requests, Source
from console.rollout.plan import Bake, Binding, Degree, Gate, GateKind, MetricKind, Plan, SetWeight

ERRORS = Gate("errors", GateKind.ERROR_SHARE, binding=Binding(MetricKind.ERROR_RATE))
FIXED = Gate("errors", GateKind.FIXED, binding=Binding(MetricKind.ERROR_RATE), at_most=0.02)


def plan(*weights: float, bake_s: float = 600, gates: Sequence[Gate] = (ERRORS,), **more: object) -> Plan:
    """A canary by weights, full automation."""
    steps = tuple(part for weight in weights for part in (SetWeight(weight), Bake(bake_s)))
    return replace(Plan("p", steps=steps, gates=tuple(gates), degree=Degree.FULL), **more)  # type: ignore[arg-type]


class Driven:
    """A machine with its log."""

    def __init__(self, a_plan: Plan, *, stable: str = "v1") -> None:
        self.plan = a_plan
        self.state = initial(a_plan, stable)
        self.log: list[Entry] = []
        self.effects: list[Effect] = []
        self.at = 0.0

    def do(self, *events: ev.Event) -> Driven:
        """One event after the other."""
        for event in events:
            self.state, effects = step(self.state, event)
            self.effects += effects
            self.log += [each for each in effects if isinstance(each, Entry)]
            self.at = max(self.at, event.at)
        return self

    def start(self, candidate: str = "v2") -> Driven:
        """A candidate, now."""
        return self.do(ev.Start(self.at, candidate))

    def tick(self, outcome: Outcome | dict[str, Outcome] = Outcome.SUCCESSFUL, times: int = 1, *, every_s: float = 60.0,
             requests: float = 600.0, candidate_requests: float = 100.0) -> Driven:
        """Minutes in which each gate that is due says so."""
        for _ in range(times):
            at = self.at + every_s
            runs = {run.number: run for run in self.state.runs}
            checks = tuple(ev.Check(run, place, outcome if isinstance(outcome, Outcome)
                                    else outcome.get(runs[run].gates[place].name, Outcome.SUCCESSFUL), reason="So.")
                           for run, place in due(self.state, at))
            self.do(ev.Tick(at, requests, candidate_requests, checks))
        return self

    def told(self) -> tuple[str, int, float]:
        """Standing, step and weight."""
        return self.state.standing.value, self.state.index, self.state.weight


def entries(effects: Iterable[Effect]) -> list[Entry]:
    """Lines of the audit log among effects."""
    return [each for each in effects if isinstance(each, Entry)]


def requests(minutes: int = 120, per_minute: int = 200, *, seed: int = 0, users: int = 900, errors: float = 0.01,
             named: bool = True) -> Requests:
    """A log of one version: errors, latencies, clicks that come up to ten minutes later. Identical versions."""
    generator = np.random.default_rng(seed)
    n = minutes * per_minute
    at = 1.7e9 + np.sort(generator.uniform(0, minutes * 60, n))
    clicked = (generator.random(n) < 0.05).astype(float)
    outcomes = Outcomes(failed=(generator.random(n) < errors).astype(float),
                        latency_ms=generator.lognormal(3, 0.4, n), clicked=clicked,
                        clicked_at=at + np.where(clicked > 0, generator.uniform(0, 900, n), 600.0))
    names = np.array([f"user {each}" for each in range(users)], dtype=object)
    return Requests(at, generator.integers(0, users, n).astype(np.int32) if named else np.full(n, -1, np.int32),
                    names if named else names[:0], outcomes, outcomes, Source.SYNTHETIC)


def first(found: Requests, rows: int) -> Requests:
    """The first rows of a log."""
    def cut(outcomes: Outcomes) -> Outcomes:
        values = {name: getattr(outcomes, name) for name in outcomes.__dataclass_fields__ if name != "other"}
        return Outcomes(**{name: None if value is None else value[:rows] for name, value in values.items()})

    stable = cut(found.stable)
    return replace(found, at=found.at[:rows], user=found.user[:rows], stable=stable,
                   candidate=stable if found.candidate is found.stable else cut(found.candidate),
                   arm=None if found.arm is None else found.arm[:rows])
