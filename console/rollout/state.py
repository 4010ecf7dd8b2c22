"""How a rollout stands between two events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from math import inf

from console.rollout.counting import Checks, Count, Phase
from console.rollout.events import Entry
from console.rollout.finding import Outcome
from console.rollout.plan import Degree, Gate, Plan

NO_CHECKS = Checks()


class Base(StrEnum):
    """Where a rollout is, apart from pauses."""

    HEALTHY = "healthy"         # one version, which is the wanted one
    ROLLING = "rolling"         # a candidate walks the steps
    VERIFYING = "verifying"     # it has all requests and is not final yet
    DEGRADED = "degraded"       # aborted: the wanted version is not the one that runs


class Standing(StrEnum):
    """What is shown: where it is, with shadow and pauses told apart."""

    HEALTHY = "healthy"
    SHADOW = "shadow"
    PROGRESSING = "progressing"
    PAUSED = "paused"
    VERIFYING = "verifying"
    DEGRADED = "degraded"


class Reason(StrEnum):
    """Why it is paused. The order is that of importance."""

    USER_PAUSE = "user_pause"
    AWAIT_APPROVAL = "await_approval"
    INCONCLUSIVE = "inconclusive"
    PAUSE_STEP = "pause_step"
    NO_TRAFFIC = "no_traffic"
    STALE_DATA = "stale_data"


BY_ITSELF = (Reason.NO_TRAFFIC, Reason.STALE_DATA)
"""Pauses that end when requests come again; all others need a person, or their time."""


class Ending(StrEnum):
    """How a candidate ended."""

    PROMOTED = "promoted"
    FAST_PROMOTED = "fast_promoted"
    COMPLETED = "completed"             # a shadow whose plan is over: nothing live has changed
    ABORTED = "aborted"
    SUPERSEDED = "superseded"
    ROLLED_BACK = "rolled_back"
    FAST_ROLLED_BACK = "fast_rolled_back"


class RunKind(StrEnum):
    """What an analysis run belongs to."""

    OWN = "own"                 # the plan's gates, in force as long as a candidate has traffic
    BACKGROUND = "background"
    STEP = "step"
    PRE = "pre_promotion"
    POST = "post_promotion"


@dataclass(frozen=True, slots=True)
class Run:
    """Gates that are measured together: shape (gates,) each.

    last    outcome of the last measurement
    due     from when on the next one is
    said    why the last measurement that told anything was so
    """

    number: int
    kind: RunKind
    gates: tuple[Gate, ...]
    counts: tuple[Count, ...]
    last: tuple[Outcome | None, ...]
    due: tuple[float, ...]
    said: tuple[str, ...]
    phase: Phase = Phase.RUNNING


@dataclass(frozen=True)     # no slots: `step` copies it a million times in a what-if, and a dictionary is quick to copy
class State:
    """The whole; `step` makes the next one of it. Times are seconds of log time.

    index           of the step it is at; the number of steps: all are walked
    weight          percent of live requests that the candidate answers
    mirror          percent of requests whose copies it answers
    candidate       the version that is wanted; after a promotion it is `stable` too
    previous        the version before the last promotion
    why             of Degraded: what stopped it
    advice          abort, advance or promote, where the program may not do it itself; "" else
    rollout         counts candidates; a new one has a new salt
    ticked          the last tick; at: the last event
    step_at         when the step began
    step_requests, step_all, step_passes    since then: requests of the candidate, of both, and passed checks
    held_at         since when it waits for data or for a verdict
    run, entry      the last number given
    """

    plan: Plan
    base: Base = Base.HEALTHY
    index: int = 0
    pauses: tuple[Reason, ...] = ()
    weight: float = 0.0
    mirror: float = 0.0
    stable: str = ""
    candidate: str = ""
    previous: str = ""
    ending: Ending | None = None
    why: str = ""
    advice: str = ""
    degree: Degree = Degree.AI_ASSISTANCE
    rollout: int = 0
    at: float = -inf
    ticked: float = -inf
    step_at: float = -inf
    step_requests: float = 0.0
    step_all: float = 0.0
    step_passes: int = 0
    held_at: float | None = None
    seen_at: float = -inf
    seen_candidate_at: float = -inf
    ended_at: float = -inf
    pre_done: bool = False
    fast: bool = False
    runs: tuple[Run, ...] = ()
    checks: Checks = NO_CHECKS
    run: int = 0
    entry: int = 0

    @property
    def live(self) -> bool:
        """Whether a candidate is on its way."""
        return self.base in (Base.ROLLING, Base.VERIFYING)

    @property
    def standing(self) -> Standing:
        """What is shown."""
        match self.base:
            case Base.HEALTHY:
                return Standing.HEALTHY
            case Base.DEGRADED:
                return Standing.DEGRADED
        if self.pauses:
            return Standing.PAUSED
        if self.base is Base.VERIFYING:
            return Standing.VERIFYING
        return Standing.SHADOW if self.mirror > 0 and self.weight == 0 else Standing.PROGRESSING

    @property
    def reason(self) -> Reason | None:
        """The most important pause."""
        return min(self.pauses, key=tuple(Reason).index, default=None)


TOLD = ("base", "index", "pauses", "weight", "mirror", "stable", "candidate", "previous", "ending", "why", "advice",
        "degree", "rollout")
"""What the audit log tells of a state."""

Told = str | float | tuple[str, ...]


def told(state: State) -> dict[str, Told]:
    """These, as text, numbers and tuples of text."""
    return {name: as_told(getattr(state, name)) for name in TOLD}


def as_told(value: object) -> Told:
    """One of them."""
    if isinstance(value, tuple):
        return tuple(str(each.value) for each in value)
    if value is None:
        return ""
    return value.value if isinstance(value, StrEnum) else value  # type: ignore[return-value]


def rebuilt(entries: Iterable[Entry], plan: Plan) -> dict[str, Told]:
    """What the log says of the state after its last line, from nothing but the plan. Raises ValueError when a line is
    missing or was moved."""
    found = told(initial(plan))
    for number, entry in enumerate(entries, start=1):
        if entry.number != number:
            raise ValueError(f"Line {number} of the audit log is numbered {entry.number}")
        found.update(entry.changes)
    return found


def initial(plan: Plan, stable: str = "") -> State:
    """Before anything happened."""
    return State(plan, stable=stable, degree=plan.degree)
