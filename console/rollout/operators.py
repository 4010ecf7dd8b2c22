"""A person beside a replay: who does what is advised, after a time. It makes the degrees of automation comparable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from console.rollout import events as ev
from console.rollout.plan import Pause
from console.rollout.state import Reason, State


@dataclass(frozen=True, slots=True)
class Operator:
    """How soon: lognormal.

    median_s    of the reaction; spread  of its logarithm: 0 is always the same
    """

    median_s: float
    spread: float = 0.0


class Acting:
    """Waits for something to do, and for its time."""

    def __init__(self, operator: Operator, random: np.random.Generator) -> None:
        self._operator, self._random = operator, random
        self._wished: tuple[float, ev.ByPerson] | None = None

    def wish(self, state: State, clock_s: float) -> ev.ByPerson | None:
        """What the person does now; None: nothing yet."""
        wanted: ev.ByPerson | None = None
        if state.advice == "abort":
            wanted = ev.Abort(clock_s, who="operator")
        elif state.reason in (Reason.AWAIT_APPROVAL, Reason.INCONCLUSIVE) or (
                state.reason is Reason.PAUSE_STEP and not _timed(state)):
            wanted = ev.Promote(clock_s, who="operator")
        if wanted is None:
            self._wished = None
            return None
        if self._wished is None or type(self._wished[1]) is not type(wanted):
            delay = self._operator.median_s
            if self._operator.spread:
                delay *= float(np.exp(self._operator.spread * self._random.standard_normal()))
            self._wished = clock_s + delay, wanted
        if clock_s < self._wished[0]:
            return None
        self._wished = None
        return wanted


def _timed(state: State) -> bool:
    here = state.plan.steps[state.index] if state.index < len(state.plan.steps) else None
    return (isinstance(here, Pause) and here.seconds is not None) or bool(here is None and state.plan.auto_promotion_s)
