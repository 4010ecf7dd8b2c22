"""How measurements of one gate become its phase: Argo's counting, and Flagger's.

Argo (and native gates, which use it with a limit of 0): Failed when more measurements failed than `failure_limit`;
Error when more errors came in a row than `consecutive_error_limit`; errors are not measurements and do not count
towards `count`. Flagger: checks add up over the whole run, a pass resets nothing, and the tick after the one that
reached the threshold rolls back. A measurement that was held counts for nothing in either.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from console.rollout.finding import Outcome
from console.rollout.plan import Gate


class Phase(StrEnum):
    """How a gate, or a run of gates, stands."""

    SUCCESSFUL = "successful"
    RUNNING = "running"
    PENDING = "pending"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"
    FAILED = "failed"

    @property
    def over(self) -> bool:
        """Whether it measures no more."""
        return self is not Phase.RUNNING and self is not Phase.PENDING


WORST = (Phase.SUCCESSFUL, Phase.RUNNING, Phase.PENDING, Phase.INCONCLUSIVE, Phase.ERROR, Phase.FAILED)
"""A run is as its worst gate, the worst last: Argo's order."""


def worst(phases: tuple[Phase, ...]) -> Phase:
    """Of a run; one without gates is Successful."""
    return max(phases, key=WORST.index, default=Phase.SUCCESSFUL)


@dataclass(frozen=True, slots=True)
class Count:
    """What has been measured. `measured` leaves errors out and holds too."""

    measured: int = 0
    successful: int = 0
    failed: int = 0
    inconclusive: int = 0
    errors: int = 0
    errors_in_a_row: int = 0
    successes_in_a_row: int = 0
    phase: Phase = Phase.PENDING


def counted(gate: Gate, before: Count, outcome: Outcome, *, endless: bool = False) -> Count:
    """After one more measurement. A gate that is over stays as it is.

    endless  a gate without a count goes on, though it names no interval: that of a native plan, beside its steps
    """
    if before.phase.over:
        return before
    if outcome is Outcome.HELD:
        return before if before.phase is Phase.RUNNING else replace(before, phase=Phase.RUNNING)
    if outcome is Outcome.ERROR:
        in_a_row = before.errors_in_a_row + 1
        over = in_a_row > gate.consecutive_error_limit
        return replace(before, errors=before.errors + 1, errors_in_a_row=in_a_row, successes_in_a_row=0,
                       phase=Phase.ERROR if over else Phase.RUNNING)
    good = outcome is Outcome.SUCCESSFUL
    measured, failed = before.measured + 1, before.failed + (outcome is Outcome.FAILED)
    inconclusive = before.inconclusive + (outcome is Outcome.INCONCLUSIVE)
    in_a_row = before.successes_in_a_row + 1 if good else 0
    phase = _phase(gate, measured, failed, inconclusive, in_a_row, gate.count if endless else gate.measurements)
    return Count(measured, before.successful + good, failed, inconclusive, before.errors, 0, in_a_row, phase)


def _phase(gate: Gate, measured: int, failed: int, inconclusive: int, in_a_row: int, enough: int | None) -> Phase:
    if gate.failure_limit >= 0 and failed > gate.failure_limit:
        return Phase.FAILED
    if gate.inconclusive_limit >= 0 and inconclusive > gate.inconclusive_limit:
        return Phase.INCONCLUSIVE
    wanted = gate.consecutive_success_limit
    if wanted and in_a_row >= wanted:
        return Phase.SUCCESSFUL
    if enough and measured >= enough:
        return Phase.INCONCLUSIVE if wanted else Phase.SUCCESSFUL
    return Phase.RUNNING


@dataclass(frozen=True, slots=True)
class Checks:
    """Flagger's count of a run: ticks at which a check failed."""

    failed: int = 0
    passes_in_step: int = 0

    def after(self, failed: bool) -> Checks:
        """One tick more; only one failure counts however many checks fail in it."""
        return Checks(self.failed + 1, self.passes_in_step) if failed else Checks(self.failed, self.passes_in_step + 1)

    def rolls_back(self, threshold: int) -> bool:
        """Asked at the beginning of a tick, before its own checks."""
        return self.failed >= threshold
