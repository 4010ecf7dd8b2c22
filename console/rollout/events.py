"""What can happen to a rollout, and what it has as an effect. Times are seconds since 1970, log time."""

from __future__ import annotations

from dataclasses import dataclass

from console.rollout.finding import Outcome
from console.rollout.plan import Degree


@dataclass(frozen=True, slots=True)
class Start:
    """A new candidate. Over a rollout that goes on, that one is superseded.

    stable  the version in force; "" keeps the one that is; without any this is the first deployment
    """

    at: float
    candidate: str
    stable: str = ""
    who: str = "person"


@dataclass(frozen=True, slots=True)
class Check:
    """One measurement of one gate of a run. reason and change may be left out where the outcome is as it was."""

    run: int
    gate: int               # its place in the run
    outcome: Outcome
    value: float = float("nan")
    reason: str = ""
    change: str = ""


@dataclass(frozen=True, slots=True)
class Tick:
    """The clock of the log has come to `at`.

    requests, candidate_requests    since the tick before: all, and those that the candidate answered
    checks                          what was measured now: all that `due` asked for
    """

    at: float
    requests: float
    candidate_requests: float
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class Pause:
    """Stay at this step until somebody resumes or promotes."""

    at: float
    who: str = "person"
    why: str = ""


@dataclass(frozen=True, slots=True)
class Resume:
    """End a pause by a person; other pauses stay."""

    at: float
    who: str = "person"
    why: str = ""


@dataclass(frozen=True, slots=True)
class Promote:
    """End what it waits for, or skip the running step; never beyond the last one."""

    at: float
    who: str = "person"
    why: str = ""


@dataclass(frozen=True, slots=True)
class PromoteFull:
    """Skip steps, pauses and analyses: all requests to the candidate."""

    at: float
    who: str = "person"
    why: str = ""


@dataclass(frozen=True, slots=True)
class Abort:
    """All requests back to stable, at once."""

    at: float
    who: str = "person"
    why: str = ""


@dataclass(frozen=True, slots=True)
class Retry:
    """The same candidate again from the first step, after an abort."""

    at: float
    who: str = "person"
    why: str = ""


@dataclass(frozen=True, slots=True)
class Undo:
    """Back to the version before: after an abort it is stable already; after a promotion it comes back."""

    at: float
    who: str = "person"
    why: str = ""


@dataclass(frozen=True, slots=True)
class SetDegree:
    """Another degree of automation from now on."""

    at: float
    degree: Degree
    who: str = "person"
    why: str = ""


ByPerson = Pause | Resume | Promote | PromoteFull | Abort | Retry | Undo | SetDegree
Event = Start | Tick | ByPerson


# ---- effects ---------------------------------------------------------------------------------------------------

@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the audit log.

    number   from 1, without gaps
    what     the kind of event, in one or two words: `start`, `step`, `gate`, `abort`, ...
    changes  what of the standing is other now: names and values, from which the log makes the state again
    """

    number: int
    at: float
    who: str
    what: str
    sentence: str
    changes: tuple[tuple[str, str | float | tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class RouteLive:
    """From now on so many percent of the live requests go to the candidate; the rest to stable."""

    percent: float


@dataclass(frozen=True, slots=True)
class RouteMirror:
    """From now on the candidate answers copies of so many percent of the requests; nobody sees its answers."""

    percent: float


@dataclass(frozen=True, slots=True)
class StopRuns:
    """Analysis runs that were stopped."""

    runs: tuple[int, ...]


Effect = Entry | RouteLive | RouteMirror | StopRuns
