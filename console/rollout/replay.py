"""A plan over a log: the virtual clock, the machine and the gates, slice by slice of log time.

Rows count by their arrival, outcomes when their request is as old as the attribution window: what is decided at a time
depends on nothing that came later. The clock may run at any speed and stop anywhere; the audit log is the same, byte
for byte, for it is a function of the rows, the plan, the seed and what people did at which log time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import replace
from math import floor, gcd

import msgspec
import numpy as np
from numpy.typing import NDArray

from console.errors import BadSettings
from console.rollout import events as ev
from console.rollout.blast import Blast, Blasting
from console.rollout.events import Entry
from console.rollout.finding import Finding, Outcome
from console.rollout.machine import due, initial, step
from console.rollout.measuring import FirstErrors, Measuring, Reading, Routed
from console.rollout.operators import Acting, Operator
from console.rollout.outcomes import Requests, Source, Split
from console.rollout.plan import (
    Degree,
    Kind,
    MetricKind,
    Plan,
    SetMirrorRoute,
    SetWeight,
    Unit,
)
from console.rollout.routing import BUCKETS, Buckets, Hashing, Routing, route, threshold
from console.rollout.state import Run, State
from console.rollout.tally import (
    CLICKS,
    ERRORS,
    FIRST_ERRORS,
    LATENCY,
    Measure,
    Tally,
    first_met,
    measure_of,
    refuse_unmeasurable,
    tally,
)
from console.rollout.words import change, reason

MOST_SLICES = 200_000


def salt_of(plan: Plan, seed: int, rollout: int = 1) -> str:
    """Of the routing: that of the plan, or one from the seed; another for each rollout."""
    return plan.salt or f"{plan.name}:{seed}:{rollout}"


def slice_seconds(plan: Plan) -> float:
    """How often the clock ticks: so that no gate is due between two ticks, but at least every check and never more than
    once a second."""
    whole = [max(1, round(plan.check_every_s))]
    whole += [max(1, round(gate.interval_s)) for gate in plan.gates if gate.interval_s]
    return float(max(1, gcd(*whole)))


def weights_of(plan: Plan) -> tuple[float, ...]:
    """All percents that can be in force, live or mirrored, rising; 0 and 100 are always among them."""
    found = {0.0, 100.0}
    for each in plan.steps:
        if isinstance(each, SetWeight):
            found.add(float(each.percent))
        elif isinstance(each, SetMirrorRoute):
            found.add(float(each.percent or 0.0))
    return tuple(sorted(found))


def measures_of(plan: Plan) -> tuple[Measure, ...]:
    """What has to be counted for a plan, and for what is shown of any."""
    own = [measure_of(gate.binding) for gate in plan.gates
           if gate.binding is not None and gate.binding.metric is not MetricKind.LATENCY_PERCENTILE]
    return tuple(dict.fromkeys([Measure(MetricKind.REQUESTS), ERRORS, FIRST_ERRORS, LATENCY, CLICKS, *own]))


class Replay:
    """One rehearsal. Not to be shared between threads."""

    def __init__(self, plan: Plan, requests: Requests, *, seed: int | None = None, start_s: float | None = None,
                 end_s: float | None = None, split: Split = Split.PLAN, stable: str = "stable",
                 candidate: str = "candidate", operator: Operator | None = None,
                 hashing: Hashing = Hashing.GROWTHBOOK, at_once: int = 1_000_000) -> None:
        """Nothing happens before `start`.

        start_s, end_s  of log time, in seconds since 1970; the whole log where they are not given
        split           of randomised logs: whose weights count
        """
        if not len(requests):
            raise BadSettings("There are no requests to replay", do="Choose another time or another log")
        refuse_unmeasurable(requests, [(gate.name, gate.binding) for gate in plan.gates])
        self.plan, self.requests, self.split = plan, requests, split
        self.seed = plan.seed if seed is None else seed
        self.slice_s = slice_seconds(plan)
        first = float(requests.at[0]) if start_s is None else start_s
        self.start_s = floor(first / self.slice_s) * self.slice_s
        self.end_s = max(float(requests.at[-1]) + 1e-6 if end_s is None else end_s, self.start_s + self.slice_s)
        if (self.end_s - self.start_s) / self.slice_s > MOST_SLICES:
            raise BadSettings(f"The log is longer than {MOST_SLICES:,} checks of {self.slice_s:g} s",
                              do="Choose a shorter time, or check less often")
        self.stable, self.candidate = stable, candidate
        self._operator = operator
        self._weights = weights_of(plan)
        self.routing: Routing = route(salt_of(plan, self.seed), requests.users, requests.user, requests.request_ids,
                                      hashing)
        bands = np.searchsorted([threshold(each) for each in self._weights[1:]], np.arange(BUCKETS), side="right")
        pairs = (plan.kind is Kind.SHADOW or plan.degree is Degree.SHADOW_MODE
                 or any(isinstance(each, SetMirrorRoute) for each in plan.steps))
        measures = measures_of(plan) if pairs else tuple(each for each in measures_of(plan) if each != FIRST_ERRORS)
        self._place = bands.astype(np.uint8)[self.routing.buckets]
        self.tally: Tally = tally(
            requests, self._place, len(self._weights) - 1, measures, start_s=self.start_s, end_s=self.end_s,
            slice_s=self.slice_s, attribution_s=plan.attribution_s, at_once=at_once,
            bins=any(gate.binding is not None and gate.binding.metric is MetricKind.LATENCY_PERCENTILE
                     for gate in plan.gates),
            pairs=pairs)
        self._at_the_beginning()

    def _at_the_beginning(self) -> None:
        requests, plan, logged = self.requests, self.plan, self.split is Split.LOGGED
        self._acting = None if self._operator is None else \
            Acting(self._operator, np.random.default_rng([self.seed, 7]))
        self.routed = Routed()
        self.reading = Reading(self.tally, self.routed, requests.source, logged_split=logged)
        self._first_errors = FirstErrors(requests, self._place, self.tally.first_row) \
            if plan.unit is Unit.USER and requests.stable.failed is not None else None
        if self._first_errors is not None:
            self.reading.first = []
        self.measuring = Measuring(plan, self.reading)
        self._blasting = Blasting(requests, self.tally, self.reading, self.routing.buckets, self._weights,
                                  logged_split=logged)
        self.state: State = initial(plan, self.stable)
        self.log: list[Entry] = []
        self.findings: dict[tuple[int, int], Finding] = {}
        self.last_runs: tuple[Run, ...] = ()
        self.done = 0

    def again(self) -> Replay:
        """The same from its start, for a clock that is turned back. It shares what was added up: the rows are not
        touched again. This one stays as it is."""
        other = copy(self)
        other._at_the_beginning()
        return other

    # ---- the clock ---------------------------------------------------------------------------------------------

    @property
    def clock_s(self) -> float:
        """Log time, seconds since 1970."""
        return self.start_s + self.done * self.slice_s

    @property
    def over(self) -> bool:
        """Whether the log is at its end, or nothing is on its way any more."""
        return self.done >= self.tally.slices

    def start(self) -> None:
        """The candidate, at the time of the clock."""
        self.do(ev.Start(self.clock_s, self.candidate, self.stable))

    def do(self, event: ev.Event) -> None:
        """What a person does at the time of the clock."""
        before, number, weight = self.state.runs, self.state.run, self.state.weight
        self.state, effects = step(self.state, event)
        if before and not self.state.runs:
            self._keep_last(before, event)
        self.log += [each for each in effects if isinstance(each, Entry)]
        if self.state.run != number:
            self.measuring.begin(self.state, self.done)
        again = isinstance(event, ev.Start | ev.Retry | ev.Undo)
        if self._first_errors is not None and again:
            self._first_errors.start_again()
        if self.done and (again or not weight) and self.state.weight and self.state.live:
            tally_ = self.tally         # the split of users is judged from here on
            self.reading.users = first_met(
                self.requests, self._place, len(self._weights) - 1, start_s=self.start_s, slice_s=self.slice_s,
                slices=tally_.slices, since=int(tally_.first_row[self.done]), until=int(tally_.first_row[-1]))

    def _keep_last(self, runs: tuple[Run, ...], event: ev.Event) -> None:
        """The gates of a rollout that ended are still shown, as they were then."""
        said = {(check.run, check.gate): check.outcome for check in event.checks} if isinstance(event, ev.Tick) else {}
        self.last_runs = tuple(replace(run, last=tuple(said.get((run.number, place), last)
                                                       for place, last in enumerate(run.last))) for run in runs)
        for run in runs:
            for place in range(len(run.gates)):
                found = self.measuring.again(run, place)
                if found is not None:
                    self.findings[run.number, place] = found

    def told(self, run: int, place: int) -> Finding | None:
        """What a gate of a run found last, with its numbers; None: nothing yet."""
        going = next((each for each in self.state.runs if each.number == run), None)
        found = self.measuring.again(going, place) if going is not None else None
        return found or self.findings.get((run, place))

    def mirror_percent(self, level: int) -> float:
        """The share of copies of a slice."""
        return self._weights[level]

    def run(self, script: Iterable[ev.ByPerson | ev.Start] = (), *, until_ended: bool = True,
            stop_if_asked: Callable[[int, int], None] | None = None) -> None:
        """Start, and go on to the end of the log; or until nothing is on its way any more.

        script  what people do, at which log time: each is done when the clock gets there
        """
        waiting = sorted(script, key=lambda event: event.at)
        if not any(isinstance(event, ev.Start) for event in waiting):
            self.start()
        while not self.over:
            while waiting and waiting[0].at <= self.clock_s:
                self.do(replace(waiting.pop(0), at=self.clock_s))
            if until_ended and not self.state.live and not waiting:
                break
            self.advance(1)
            if stop_if_asked is not None and self.done % 200 == 0:
                stop_if_asked(self.done, self.tally.slices)

    def advance(self, slices: int = 1) -> None:
        """So many slices of log time, or to the end of the log."""
        for _ in range(min(slices, self.tally.slices - self.done)):
            self._one()

    def _one(self) -> None:
        at, state = self.done, self.state
        live = self._level(state.weight) if state.live and state.weight else 0     # once promoted it is stable itself
        mirror = self._level(state.mirror) if state.mirror and not live else 0
        self.routed.append(live, mirror, state.weight)
        if self._first_errors is not None and self.reading.first is not None:
            self.reading.first.append(self._first_errors.of(at, self.reading.bands(at)) if live else (0.0, 0.0))
        self.done += 1
        clock = self.clock_s
        if not state.live:
            return
        checks = []
        runs = {run.number: run for run in state.runs}
        for number, place in due(state, clock):
            run = runs[number]
            found = self.measuring.look(state, run, place, at, turns=False)
            said, other = "", ""
            if found.outcome is not run.last[place] or found.outcome not in (Outcome.SUCCESSFUL, Outcome.HELD):
                found = self.measuring.again(run, place) or found
                said, other = reason(run.gates[place], found), change(run.gates[place], found)
            self.findings[number, place] = found
            checks.append(ev.Check(number, place, found.outcome, found.candidate, said, other))
        requests = float(self.tally.rows[at, -1])
        self.do(ev.Tick(clock, requests, self.reading.candidate_requests(at), tuple(checks)))
        wish = None if self._acting is None else self._acting.wish(self.state, clock)
        if wish is not None:
            self.do(wish)

    def _level(self, weight: float) -> int:
        return self._weights.index(weight)

    # ---- what came of it ---------------------------------------------------------------------------------------

    @property
    def buckets(self) -> Buckets:
        """shape (rows,): the bucket of each request."""
        return self.routing.buckets

    def blast(self) -> Blast:
        """Whom the candidate met until now."""
        return self._blasting.until(self.done)

    def went_to_candidate(self) -> NDArray[np.bool_]:
        """shape (rows,): whether a live request was routed to the candidate, until now."""
        return self._blasting.rows(self.done)


def as_bytes(log: Iterable[Entry]) -> bytes:
    """The audit log as JSON lines: the same for the same rollout, byte for byte."""
    return b"".join(msgspec.json.encode({
        "number": entry.number, "at": entry.at, "who": entry.who, "what": entry.what, "sentence": entry.sentence,
        "changes": dict(entry.changes)}) + b"\n" for entry in log)


__all__ = ["Operator", "Replay", "Source", "as_bytes", "measures_of", "salt_of", "slice_seconds", "weights_of"]
