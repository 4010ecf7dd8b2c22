"""What the rollout panel shows, and what the command line prints. Frozen; text from logs is data in it.

The panel draws a `RolloutView` and decides nothing: which button is open and why not stands in `actions`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from console.rollout.finding import Outcome
from console.rollout.outcomes import Source
from console.rollout.plan import Degree, GateKind, Purpose
from console.rollout.state import Ending, Reason, Standing

Floats = NDArray[np.float64]


class Action(StrEnum):
    """A button. ROLL_BACK is abort while a candidate is live, and undo afterwards."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    PROMOTE = "promote"
    PROMOTE_FULL = "promote_full"
    ABORT = "abort"
    RETRY = "retry"
    UNDO = "undo"
    ROLL_BACK = "roll_back"


@dataclass(frozen=True, slots=True)
class ActionView:
    """why_not  one sentence; "" where it is allowed."""

    action: Action
    why_not: str

    @property
    def allowed(self) -> bool:
        """Whether the button is open."""
        return not self.why_not


@dataclass(frozen=True, slots=True)
class StepView:
    """A row of the plan.

    weight      percent in force while it is the step
    state       done | here | ahead
    no_effect   why it changes nothing in a replay; "" where it does
    """

    number: int
    text: str
    weight: float
    state: str
    no_effect: str


@dataclass(frozen=True, slots=True)
class GateView:
    """A row of the gates.

    outcome     of the last measurement; None: not measured yet, or hidden in "human only"
    reason, change  one sentence each; change: what would have given another verdict
    candidate, stable   the numbers as they are written on screen
    low, high   interval of the difference, in the unit of the metric; nan: none
    margin      tolerated, in the same unit
    counted     "2 of 4 failures", "" where nothing is counted
    alpha       its part; nan where it has none
    warning     what is to be known of this kind of gate; "" where nothing is
    """

    run: int
    name: str
    kind: GateKind
    purpose: Purpose
    metric: str
    outcome: Outcome | None
    reason: str
    change: str
    candidate: str
    stable: str
    low: float
    high: float
    margin: float
    counted: str
    alpha: float
    dry_run: bool
    warning: str


@dataclass(frozen=True, slots=True)
class SeriesView:
    """One metric of both versions over log time, for a chart: shape (points,) each, NaN where there is none.

    ends    seconds since 1970: the end of each stretch
    mature_until    outcomes of requests after it are not complete: drawn greyed and not judged
    low, high   interval of the difference since the start, candidate less stable; shape (points,), NaN: none
    margin      tolerated difference, nan: none
    """

    name: str
    unit: str
    ends: Floats
    candidate: Floats
    stable: Floats
    n_candidate: Floats
    n_stable: Floats
    low: Floats
    high: Floats
    margin: float
    mature_until: float


@dataclass(frozen=True, slots=True)
class WeightsView:
    """The split over log time: shape (changes,) each; a weight holds from its time on."""

    at: Floats
    live: Floats
    mirror: Floats


@dataclass(frozen=True, slots=True)
class ArmView:
    """One version in numbers, since the start."""

    name: str
    version: str
    requests: int
    metrics: tuple[tuple[str, str], ...]        # name and value as it is written


@dataclass(frozen=True, slots=True)
class BlastView:
    """requests, users, ... of the candidate before it ended. users None: the log names none; nan: the log has none."""

    requests: int
    users: int | None
    of_requests: int
    errors: float
    excess_errors: float
    clicks_lost: float
    sentence: str


@dataclass(frozen=True, slots=True)
class EntryView:
    """A line of the audit log."""

    number: int
    at: float
    who: str
    what: str
    sentence: str


@dataclass(frozen=True, slots=True)
class DegreeView:
    """A row of the permission table."""

    degree: Degree
    text: str
    advance: str
    abort: str
    promote: str
    sentence: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class RolloutView:
    """All of it.

    clock, start, end   log time in seconds since 1970: now, and the part of the log that is replayed
    standing, reason    where it is, and why it is paused
    live, mirror        percent to the candidate; `live` and 100 - live are the split
    waits_for           one sentence; "" where it waits for nothing
    why                 of Degraded: what stopped it
    advice              what the program would do, where it may not: "Abort: ..." or ""
    kept_share          of the requests, those that can be used at all (randomised logs lose some), 0 to 1
    sticky              one sentence about users and requests
    caveats             fixed sentences that stand under every report of a replay
    """

    plan: str
    source: Source
    source_sentence: str
    clock: float
    start: float
    end: float
    over: bool
    standing: Standing
    reason: Reason | None
    ending: Ending | None
    stable: str
    candidate: str
    live: float
    mirror: float
    step: int
    steps: tuple[StepView, ...]
    waits_for: str
    why: str
    advice: str
    weights: WeightsView
    arms: tuple[ArmView, ...]
    series: tuple[SeriesView, ...]
    gates: tuple[GateView, ...]
    actions: tuple[ActionView, ...]
    degrees: tuple[DegreeView, ...]
    blast: BlastView
    log: tuple[EntryView, ...]
    kept_share: float
    sticky: str
    caveats: tuple[str, ...]

    def action(self, action: Action) -> ActionView:
        """One of the buttons."""
        return next(each for each in self.actions if each.action is action)
