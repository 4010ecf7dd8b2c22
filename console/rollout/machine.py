"""The state machine of a rollout: `step(state, event) -> (state, effects)`. Pure; it has no clock and measures nothing.

Whoever drives it asks `due` what is to be measured, measures, and hands the outcomes in with the next `Tick`. Effects
say what follows: lines of the audit log, weights, runs that are stopped.

- A failed run aborts in the same tick: all requests back to stable, mirrors and runs ended. Where the degree of
  automation does not let the program do that, it becomes advice.
- Inconclusive pauses for a person. No data holds: it counts for nothing, and the step waits.
- In one tick abort wins over promote, whichever came first.
- A pause by a person outlives any timer. No traffic and stale data pause by themselves and end by themselves.
- What changes nothing leaves no line: a second abort, a tick that was seen already, a clock that goes backwards.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import inf
from operator import attrgetter
from typing import Any, assert_never

from console.metrics.format import format_span
from console.rollout import events as ev
from console.rollout.counting import WORST, Count, Phase, counted, worst
from console.rollout.events import Effect, Entry, Event, RouteLive, RouteMirror, StopRuns
from console.rollout.finding import Outcome
from console.rollout.permissions import PERMISSIONS, Who
from console.rollout.plan import (
    ERROR_RETRY_S,
    HIGHEST_WEIGHT,
    Analysis,
    AnalysisStep,
    Bake,
    Counting,
    Degree,
    Experiment,
    Gate,
    GateKind,
    Kind,
    Pause,
    Plan,
    Plugin,
    SetCanaryScale,
    SetHeaderRoute,
    SetMirrorRoute,
    SetWeight,
    without_effect,
)
from console.rollout.quiet import after_quiet, is_quiet
from console.rollout.state import (
    BY_ITSELF,
    NO_CHECKS,
    TOLD,
    Base,
    Ending,
    Reason,
    Run,
    RunKind,
    State,
    as_told,
    initial,
    rebuilt,
    told,
)

__all__ = ["allowed", "due", "initial", "rebuilt", "step", "told", "waits_for"]

QUIET_S = 15 * 60.0
EXPECTED = 10.0
"""So long without a request of the candidate, or of anybody, where so many were to be expected by the rate of the step,
and it pauses: no traffic, or stale data. A log that has one request an hour is not stale every hour."""


def step(state: State, event: Event) -> tuple[State, tuple[Effect, ...]]:
    """The state after an event, and what follows from it."""
    if isinstance(event, ev.Tick) and event.at > state.ticked and is_quiet(state, event):
        return after_quiet(state, event), ()
    walk = _Walk(state, max(event.at, state.at))
    match event:
        case ev.Tick():
            if event.at <= state.ticked:
                return state, ()
            walk.tick(event)
        case ev.Start():
            walk.start(event)
        case ev.SetDegree():
            walk.set_degree(event)
        case _:
            if why_not(state, event):
                return state, ()
            walk.by_person(event)
    return walk.done()


def due(state: State, at: float) -> tuple[tuple[int, int], ...]:
    """What is to be measured at `at`: number of the run and place of the gate in it."""
    if not state.live or (state.weight == 0 and state.mirror == 0 and state.plan.kind is not Kind.BLUE_GREEN):
        return ()
    return tuple((run.number, place) for run in state.runs if not run.phase.over
                 for place, at_least in enumerate(run.due) if at_least <= at)


# ---- what a person may do --------------------------------------------------------------------------------------

def allowed(state: State) -> dict[str, str]:
    """Actions by name, and why each is not allowed now; "" where it is."""
    kinds: dict[str, ev.ByPerson] = {
        "pause": ev.Pause(state.at), "resume": ev.Resume(state.at), "promote": ev.Promote(state.at),
        "promote_full": ev.PromoteFull(state.at), "abort": ev.Abort(state.at), "retry": ev.Retry(state.at),
        "undo": ev.Undo(state.at)}
    found = {"start": why_no_start(state.plan)} | {name: why_not(state, event) for name, event in kinds.items()}
    if state.live and not found["start"]:
        found["start"] = "A candidate is on its way; abort it first"
    found["roll_back"] = found["abort"] and found["undo"]
    return found


def why_no_start(plan: Plan) -> str:
    """Why a plan cannot be started; "" where it can."""
    unbound = plan.unbound()
    if unbound:
        return f"Gate {unbound[0].name} is bound to nothing in the log"
    for number, each in enumerate(plan.steps, start=1):
        if isinstance(each, Plugin) and not each.agreed:
            return f"Step {number} is the plugin {each.name}: {without_effect(each)}"
    return ""


def why_not(state: State, event: ev.ByPerson) -> str:
    """Why an action does nothing now; "" where it does."""
    shadow = state.degree is Degree.SHADOW_MODE
    match event:
        case ev.Pause():
            return _not_live(state) or ("It is paused already" if Reason.USER_PAUSE in state.pauses else "")
        case ev.Resume():
            return _not_live(state) or ("" if Reason.USER_PAUSE in state.pauses else "Nobody has paused it")
        case ev.Promote():
            if not state.live:
                return _not_live(state)
            if shadow:
                return "In shadow mode nobody goes on: choose another degree of automation"
            if state.base is Base.VERIFYING and not set(state.pauses) - set(BY_ITSELF):
                return "All requests are with the candidate; its last analysis is running"
            return ""
        case ev.PromoteFull():
            if shadow:
                return "In shadow mode nobody promotes: choose another degree of automation"
            if state.base is Base.DEGRADED and state.ended_at == event.at:
                return "It was aborted in this moment"
            if state.base is Base.DEGRADED or state.live:
                return "" if state.plan.kind is not Kind.SHADOW else "The plan has no live traffic"
            return "There is no candidate"
        case ev.Abort():
            if state.base is Base.HEALTHY and state.ended_at == event.at and state.previous:
                return ""
            return _not_live(state)
        case ev.Retry():
            return "" if state.base is Base.DEGRADED else "Only what was aborted can be retried"
        case ev.Undo():
            if state.live:
                return "A candidate is on its way; abort it"
            if state.base is Base.DEGRADED or state.previous:
                return ""
            return "There is no version to go back to"
        case ev.SetDegree():
            return "" if event.degree is not state.degree else "It is so already"
        case _:
            assert_never(event)


def _not_live(state: State) -> str:
    return "" if state.live else "It was aborted already" if state.base is Base.DEGRADED else "There is no candidate"


# ---- one event -------------------------------------------------------------------------------------------------

_TOLD = attrgetter(*TOLD)


def _copied(state: State) -> State:
    """One that may be changed as long as nobody else has it."""
    fresh = object.__new__(State)
    fresh.__dict__.update(state.__dict__)
    return fresh


class _Walk:
    """The state while one event is worked through: a copy that nobody else has yet, and that is changed in place. A
    copy for each change would be most of the time of a what-if."""

    def __init__(self, state: State, at: float) -> None:
        self.s = _copied(state)
        self.at = at
        self.effects: list[Effect] = []
        self._before = state
        self._logged = _TOLD(state)
        self._changed = False
        self.who = "program"

    def done(self) -> tuple[State, tuple[Effect, ...]]:
        """What came of it."""
        if _TOLD(self.s) != self._logged:
            self._note("state", "Goes on.")
        if self.s.weight != self._before.weight:
            self.effects.append(RouteLive(self.s.weight))
        if self.s.mirror != self._before.mirror:
            self.effects.append(RouteMirror(self.s.mirror))
        if self.s.runs != self._before.runs:
            running = {run.number for run in self.s.runs}
            stopped = tuple(run.number for run in self._before.runs if run.number not in running)
            if stopped:
                self.effects.append(StopRuns(stopped))
        if not self._changed:
            return self._before, ()
        self.set(at=self.at)
        return self.s, tuple(self.effects)

    def set(self, **changes: Any) -> None:
        """Other values from here on."""
        self._changed = True
        self.s.__dict__.update(changes)

    def _note(self, what: str, sentence: str, who: str = "") -> None:
        now = _TOLD(self.s)
        changes = tuple((name, as_told(after)) for name, before, after in zip(TOLD, self._logged, now, strict=True)
                        if before != after)
        self.set(entry=self.s.entry + 1)
        self.effects.append(Entry(self.s.entry, self.at, who or self.who, what, sentence, changes))
        self._logged = now

    def _may(self, act: str) -> bool:
        return getattr(PERMISSIONS[self.s.degree], act) is Who.PROGRAM

    # ---- beginning and end -------------------------------------------------------------------------------------

    def start(self, event: ev.Start) -> None:
        """A new candidate."""
        refused = why_no_start(self.s.plan)
        if refused:
            self._note("refused", f"Not started: {refused}.", event.who)
            return
        self.who = event.who
        if self.s.live:
            self.set(ending=Ending.SUPERSEDED, runs=())
            self._note("superseded", f"{self.s.candidate} is superseded by {event.candidate}.")
        stable = event.stable or self.s.stable
        if not stable:
            self.set(base=Base.HEALTHY, stable=event.candidate, candidate=event.candidate, weight=HIGHEST_WEIGHT,
                     ending=Ending.PROMOTED, rollout=self.s.rollout + 1, pauses=(), ended_at=self.at)
            self._note("start", f"{event.candidate} is the first version: all requests, no steps.")
            return
        self.set(stable=stable, rollout=self.s.rollout + 1)
        self._begin(event.candidate, "start", f"{event.candidate} starts beside {stable}.")

    def _begin(self, candidate: str, what: str, sentence: str) -> None:
        shadow = self.s.degree is Degree.SHADOW_MODE
        self.set(base=Base.ROLLING, candidate=candidate, index=0, pauses=(), weight=0.0,
                 mirror=HIGHEST_WEIGHT if shadow else 0.0, ending=None, why="", advice="", held_at=None,
                 seen_at=self.at, seen_candidate_at=self.at, step_at=self.at, step_requests=0.0, step_all=0.0,
                 step_passes=0, pre_done=False, fast=False, runs=(), checks=NO_CHECKS)
        self._note(what, sentence)
        self._add_run(RunKind.OWN, self.s.plan.own_gates())
        if self.s.plan.background is None or self.s.plan.background.starting_step <= 0:
            self._add_run(RunKind.BACKGROUND, self.s.plan.gates_of(self.s.plan.background))
        if not shadow:
            self._enter(0, approved=False)

    def _degrade(self, why: str, who: str) -> None:
        self.set(base=Base.DEGRADED, weight=0.0, mirror=0.0, index=0, pauses=(), runs=(), ending=Ending.ABORTED,
                 why=why, advice="", held_at=None, ended_at=self.at)
        self._note("abort", f"Aborted, all requests to {self.s.stable}: {why}", who)

    def _finish(self) -> None:
        s = self.s
        if s.plan.kind is Kind.SHADOW:
            self.set(base=Base.HEALTHY, weight=0.0, mirror=0.0, pauses=(), runs=(), ending=Ending.COMPLETED, advice="",
                     ended_at=self.at)
            self._note("completed", f"The shadow of {s.candidate} is over; {s.stable} stays.")
            return
        ending = Ending.FAST_PROMOTED if s.fast else Ending.PROMOTED
        self.set(base=Base.HEALTHY, weight=HIGHEST_WEIGHT, mirror=0.0, index=len(s.plan.steps), pauses=(), runs=(),
                 previous=s.stable, stable=s.candidate, ending=ending, advice="", held_at=None, ended_at=self.at)
        self._note("promoted", f"{s.candidate} is the stable version now.")

    # ---- steps -------------------------------------------------------------------------------------------------

    def _go_on(self, *, approved: bool) -> None:
        """The step is done."""
        if not approved and not self._may("advance"):
            self._await("advance")
            return
        self._enter(self.s.index + 1, approved=approved)

    def _enter(self, index: int, *, approved: bool) -> None:
        """Come to a step, and through those that take no time."""
        steps = self.s.plan.steps
        while True:
            self.set(index=index, step_at=self.at, step_requests=0.0, step_all=0.0, step_passes=0, held_at=None,
                     advice="",
                     pauses=tuple(each for each in self.s.pauses if each is Reason.USER_PAUSE or each in BY_ITSELF),
                     runs=tuple(run for run in self.s.runs if run.kind is not RunKind.STEP))
            background = self.s.plan.background
            if background is not None and index < len(steps) and index >= background.starting_step and not any(
                    run.kind is RunKind.BACKGROUND for run in self.s.runs):
                self._add_run(RunKind.BACKGROUND, self.s.plan.gates_of(background))
            if index >= len(steps):
                self._arrive(approved=approved)
                return
            match steps[index]:
                case SetWeight(percent=percent):
                    if percent >= HIGHEST_WEIGHT and not approved and not self._may("promote"):
                        self._await("promote")
                        return
                    self.set(weight=percent, seen_candidate_at=self.at)
                    self._note("weight", f"{percent:g} % of the requests to {self.s.candidate}.")
                case Pause(seconds=None):
                    self._pause(Reason.PAUSE_STEP, "Waits for a person.")
                    return
                case Pause(seconds=seconds) if seconds:
                    self._pause(Reason.PAUSE_STEP, f"Waits for {format_span(seconds)}.")
                    return
                case Bake(seconds=seconds):
                    self._look_at_end_of_step(seconds)
                    self._note("step", f"Step {index + 1} of {len(steps)}: bakes for {format_span(seconds)}.")
                    return
                case AnalysisStep(analysis=analysis):
                    self._note("step", f"Step {index + 1} of {len(steps)}: an analysis runs.")
                    self._add_run(RunKind.STEP, self.s.plan.gates_of(analysis))
                    return
                case Experiment() as experiment:
                    self._note("step", f"Step {index + 1} of {len(steps)}: an experiment runs.")
                    gates = tuple(gate for each in experiment.analyses for gate in self.s.plan.gates_of(
                        Analysis((each.template,), each.args, experiment.dry_run)))
                    self._add_run(RunKind.STEP, gates)
                    return
                case SetMirrorRoute(percent=percent):
                    self.set(mirror=percent or 0.0, seen_candidate_at=self.at)
                    self._note("mirror", f"Copies of {percent:g} % of the requests to {self.s.candidate}."
                               if percent else "No more copies of requests.")
                case Pause() | SetCanaryScale() | SetHeaderRoute() | Plugin():
                    pass
            index += 1

    def _arrive(self, *, approved: bool) -> None:
        """All steps are walked."""
        plan = self.s.plan
        if plan.kind is Kind.SHADOW:
            self._finish()
            return
        if plan.pre_promotion is not None and not self.s.pre_done:
            self._add_run(RunKind.PRE, plan.gates_of(plan.pre_promotion))
            self._note("analysis", "The analysis before the switch begins.")
            return
        by_hand = plan.kind is Kind.BLUE_GREEN and (not plan.auto_promotion or plan.auto_promotion_s)
        if by_hand and not approved:
            told_ = f"Switches by itself after {format_span(plan.auto_promotion_s)}." \
                if plan.auto_promotion_s else "Waits for a person to switch."
            self._pause(Reason.PAUSE_STEP, told_)
            return
        self._switch(approved=approved)

    def _switch(self, *, approved: bool) -> None:
        if not approved and self.s.weight < HIGHEST_WEIGHT and not self._may("promote"):
            self._await("promote")
            return
        plan = self.s.plan
        self.set(weight=HIGHEST_WEIGHT, mirror=0.0, index=len(plan.steps), advice="", held_at=None, step_at=self.at,
                 runs=(), pauses=tuple(each for each in self.s.pauses if each is Reason.USER_PAUSE))
        if plan.post_promotion is None:
            self._finish()
            return
        self.set(base=Base.VERIFYING)
        self._add_run(RunKind.POST, plan.gates_of(plan.post_promotion))
        self._note("verify", f"All requests to {self.s.candidate}; the analysis after the switch begins.")

    def _await(self, act: str) -> None:
        advice = act if PERMISSIONS[self.s.degree].shows_verdicts else ""
        if Reason.AWAIT_APPROVAL not in self.s.pauses:
            self.set(pauses=(*self.s.pauses, Reason.AWAIT_APPROVAL), advice=advice)
            what = "give the candidate all requests" if act == "promote" else "go on"
            self._note("approval", f"The step is done; a person has to {what}.")

    def _pause(self, reason: Reason, sentence: str) -> None:
        if reason not in self.s.pauses:
            self.set(pauses=(*self.s.pauses, reason))
            self._note("pause", sentence)

    def _unpause(self, reason: Reason) -> None:
        self.set(pauses=tuple(each for each in self.s.pauses if each is not reason))

    # ---- runs --------------------------------------------------------------------------------------------------

    def _add_run(self, kind: RunKind, gates: tuple[Gate, ...]) -> None:
        if not gates and kind in (RunKind.OWN, RunKind.BACKGROUND):
            return
        number = self.s.run + 1
        phase = Phase.RUNNING if gates else Phase.SUCCESSFUL
        first = tuple(self._first_due(kind, gate) for gate in gates)
        run = Run(number, kind, gates, (Count(),) * len(gates), (None,) * len(gates), first, ("",) * len(gates), phase)
        self.set(run=number, runs=(*self.s.runs, run))

    def _first_due(self, kind: RunKind, gate: Gate) -> float:
        if kind is RunKind.OWN and gate.kind is GateKind.RANK_SUM and gate.interval_s is None:
            return inf
        if self.s.plan.counting is Counting.FLAGGER:
            return self.at + max(gate.initial_delay_s, 1.0)     # the first tick has no traffic to check
        return self.at + gate.initial_delay_s

    def _look_at_end_of_step(self, seconds: float) -> None:
        """The judge looks once a step."""
        def again(run: Run) -> Run:
            judges = [gate.kind is GateKind.RANK_SUM and gate.interval_s is None for gate in run.gates]
            if run.kind is not RunKind.OWN or not any(judges):
                return run
            return replace(run, due=tuple(self.at + seconds if judge else at
                                          for judge, at in zip(judges, run.due, strict=True)),
                           last=tuple(None if judge else last for judge, last in zip(judges, run.last, strict=True)))

        self.set(runs=tuple(again(run) for run in self.s.runs))

    def _measured(self, run: Run, checks: Iterable[ev.Check]) -> Run:
        counts, last, due_, said = list(run.counts), list(run.last), list(run.due), list(run.said)
        flagger = self.s.plan.counting is Counting.FLAGGER
        endless = self.s.plan.counting is Counting.NATIVE and run.kind in (RunKind.OWN, RunKind.BACKGROUND)
        for check in checks:
            place, gate = check.gate, run.gates[check.gate]
            if counts[place].phase.over and not flagger:
                continue
            before = last[place]
            counts[place] = counted(gate, counts[place], check.outcome, endless=endless)
            last[place] = check.outcome
            said[place] = check.reason or said[place]
            due_[place] = self.at + self._interval(run, gate, check.outcome)
            if check.outcome in (Outcome.FAILED, Outcome.INCONCLUSIVE, Outcome.ERROR) or before is not check.outcome:
                dry = " (dry run)" if gate.dry_run else ""
                self._note("gate", f"{gate.name}{dry}: {check.outcome.value}. {check.reason} {check.change}".rstrip())
            if counts[place].phase.over and not flagger:
                due_[place] = inf
        counting = [count.phase for count, gate in zip(counts, run.gates, strict=True) if not gate.dry_run]
        phase = worst(tuple(counting))
        if flagger or (phase.over and phase is Phase.SUCCESSFUL and not all(each.phase.over for each in counts)):
            phase = Phase.RUNNING
        return Run(run.number, run.kind, run.gates, tuple(counts), tuple(last), tuple(due_), tuple(said), phase)

    def _interval(self, run: Run, gate: Gate, outcome: Outcome) -> float:
        plan = self.s.plan
        if outcome is Outcome.ERROR:
            return ERROR_RETRY_S
        if gate.kind is GateKind.RANK_SUM and gate.interval_s is None and run.kind is RunKind.OWN:
            return plan.check_every_s if outcome is Outcome.HELD else inf
        return plan.check_every_s if gate.interval_s is None else gate.interval_s

    # ---- the clock ---------------------------------------------------------------------------------------------

    def tick(self, event: ev.Tick) -> None:
        """Log time goes on."""
        self.set(ticked=event.at)
        if not self.s.live:
            return
        self.set(step_requests=self.s.step_requests + event.candidate_requests,
                 step_all=self.s.step_all + event.requests,
                 seen_at=event.at if event.requests > 0 else self.s.seen_at,
                 seen_candidate_at=event.at if event.candidate_requests > 0 else self.s.seen_candidate_at)
        if self._flagger_rolls_back():
            return
        self._take(event.checks)
        if self._judge():
            return
        self._traffic()
        if self._held_too_long():
            return
        self._move()

    def _flagger_rolls_back(self) -> bool:
        flagger = self.s.plan.flagger
        if self.s.plan.counting is not Counting.FLAGGER or flagger is None:
            return False
        if not self.s.checks.rolls_back(flagger.threshold):
            return False
        return self._fail(f"{self.s.checks.failed} failed checks reached the threshold of {flagger.threshold}.")

    def _take(self, checks: tuple[ev.Check, ...]) -> None:
        if not checks:
            return
        by_run: dict[int, list[ev.Check]] = {}
        for check in checks:
            by_run.setdefault(check.run, []).append(check)
        self.set(runs=tuple(self._measured(run, by_run[run.number]) if run.number in by_run and not run.phase.over
                            else run for run in self.s.runs))
        if self.s.plan.counting is Counting.FLAGGER:
            counting = [check for check in checks if not self._is_dry(check)]
            bad = any(check.outcome in (Outcome.FAILED, Outcome.ERROR, Outcome.INCONCLUSIVE) for check in counting)
            if bad or (counting and all(check.outcome is Outcome.SUCCESSFUL for check in counting)):
                self.set(checks=self.s.checks.after(bad), step_passes=self.s.step_passes + (not bad))
        elif self._passing():
            self.set(step_passes=self.s.step_passes + 1)

    def _is_dry(self, check: ev.Check) -> bool:
        return any(run.number == check.run and run.gates[check.gate].dry_run for run in self.s.runs)

    def _judge(self) -> bool:
        """Whether a run ended it."""
        phases = [(run, run.phase) for run in self.s.runs]
        for run, phase in phases:
            if phase in (Phase.FAILED, Phase.ERROR):
                return self._fail(_failed(run))
        for run, phase in phases:
            if phase is Phase.INCONCLUSIVE:
                self._pause(Reason.INCONCLUSIVE, f"{_failed(run)} A person has to look.")
        return False

    def _fail(self, why: str) -> bool:
        if self._may("abort"):
            self._degrade(why, "program")
            return True
        if PERMISSIONS[self.s.degree].shows_verdicts and self.s.advice != "abort":
            self.set(advice="abort")
            self._note("advice", f"Abort is advised: {why}")
        return False

    def _traffic(self) -> None:
        routed = self.s.weight > 0 or self.s.mirror > 0
        stale = routed and self._silent(self.s.seen_at, self.s.step_all)
        silent = routed and not stale and self._silent(self.s.seen_candidate_at, self.s.step_requests)
        for reason, now, why in ((Reason.STALE_DATA, stale, "No request has come for 15 minutes: the data is stale."),
                                 (Reason.NO_TRAFFIC, silent, "The candidate had no request for 15 minutes.")):
            if now:
                self._pause(reason, why)
            elif reason in self.s.pauses:
                self._unpause(reason)
                self._note("resume", "Requests come again.")

    def _silent(self, seen_at: float, count: float) -> bool:
        """Whether requests that came `count` times in this step, last at `seen_at`, are missed by now."""
        if self.at - seen_at < QUIET_S:
            return False
        going_s = seen_at - self.s.step_at
        return count == 0 or going_s <= 0 or count / going_s * QUIET_S >= EXPECTED

    def _held_too_long(self) -> bool:
        plan, s = self.s.plan, self.s
        reasons = {*BY_ITSELF, Reason.INCONCLUSIVE} & set(s.pauses)
        here = plan.steps[s.index] if s.index < len(plan.steps) else None
        waiting = isinstance(here, Bake) and Reason.AWAIT_APPROVAL not in s.pauses \
            and self.at - s.step_at >= here.seconds and not self._baked(here)
        if not reasons and not waiting:
            if s.held_at is not None:
                self.set(held_at=None)
            return False
        if s.held_at is None:
            self.set(held_at=self.at)
            return False
        if plan.max_hold_s is None or self.at - s.held_at < plan.max_hold_s:
            return False
        return self._fail(f"Held for {format_span(self.at - s.held_at)} without a verdict, and the plan allows "
                          f"{format_span(plan.max_hold_s)}.")

    def _move(self) -> None:
        """Go on, where the step is done and nothing is in the way."""
        s, plan = self.s, self.s.plan
        if Reason.USER_PAUSE in s.pauses or s.degree is Degree.SHADOW_MODE or s.advice == "abort":
            return
        if Reason.AWAIT_APPROVAL in s.pauses:
            self._approved_by_degree()
            return
        if set(s.pauses) - {Reason.PAUSE_STEP}:
            return
        if s.base is Base.VERIFYING:
            if self._run_succeeded(RunKind.POST):
                self._finish()
            return
        if s.index >= len(plan.steps):
            self._after_the_steps()
            return
        match plan.steps[s.index]:
            case Pause(seconds=seconds):
                if seconds is not None and self.at - s.step_at >= seconds:
                    self._unpause(Reason.PAUSE_STEP)
                    self._go_on(approved=False)
            case Bake() as bake:
                if self.at - s.step_at >= bake.seconds and self._baked(bake):
                    self._go_on(approved=False)
            case AnalysisStep():
                if self._run_succeeded(RunKind.STEP):
                    self._go_on(approved=False)
            case Experiment(seconds=seconds):
                if self._run_succeeded(RunKind.STEP) if seconds is None else self.at - s.step_at >= seconds:
                    self._go_on(approved=False)
            case _:
                self._enter(s.index, approved=False)

    def _after_the_steps(self) -> None:
        s, plan = self.s, self.s.plan
        if Reason.PAUSE_STEP in s.pauses:
            if plan.auto_promotion_s and self.at - s.step_at >= plan.auto_promotion_s:
                self._unpause(Reason.PAUSE_STEP)
                self._switch(approved=False)
        elif not s.pre_done and self._run_succeeded(RunKind.PRE):
            self.set(pre_done=True, step_at=self.at)
            self._note("analysis", "The analysis before the switch was successful.")
            self._arrive(approved=False)

    def _approved_by_degree(self) -> None:
        """The degree was changed while it waited for a person."""
        s = self.s
        promotes = s.index >= len(s.plan.steps) or isinstance(s.plan.steps[s.index], SetWeight)
        if self._may("promote" if promotes else "advance"):
            self._unpause(Reason.AWAIT_APPROVAL)
            self._on_from_here(approved=False)

    def _on_from_here(self, *, approved: bool) -> None:
        s = self.s
        if s.index >= len(s.plan.steps):
            if not s.pre_done and s.plan.pre_promotion is not None:
                self.set(pre_done=True)
            self._switch(approved=approved)
        elif isinstance(s.plan.steps[s.index], SetWeight):
            self._enter(s.index, approved=approved)
        else:
            self._go_on(approved=approved)

    def _baked(self, bake: Bake) -> bool:
        plan, s = self.s.plan, self.s
        native = plan.counting is Counting.NATIVE
        least = bake.min_sample if bake.min_sample is not None else plan.min_sample if native else 0
        if (s.weight > 0 or s.mirror > 0) and s.step_requests < least:
            return False
        return s.step_passes >= bake.passes and (not native or self._passing())

    def _passing(self) -> bool:
        """Whether no gate of the plan holds the step."""
        return all(last is Outcome.SUCCESSFUL or count.phase is Phase.SUCCESSFUL or gate.dry_run
                   for run in self.s.runs if run.kind in (RunKind.OWN, RunKind.BACKGROUND)
                   for gate, last, count in zip(run.gates, run.last, run.counts, strict=True))

    def _run_succeeded(self, kind: RunKind) -> bool:
        return all(run.phase is Phase.SUCCESSFUL for run in self.s.runs if run.kind is kind)

    # ---- by a person -------------------------------------------------------------------------------------------

    def by_person(self, event: ev.ByPerson) -> None:
        """What a person does. It is allowed: `why_not` was asked."""
        self.who = event.who
        because = f" {event.why}" if event.why else ""
        match event:
            case ev.Pause():
                self._pause(Reason.USER_PAUSE, f"Paused.{because}")
            case ev.Resume():
                self._unpause(Reason.USER_PAUSE)
                self._note("resume", f"Resumed.{because}")
            case ev.Promote():
                self._promote(because)
            case ev.PromoteFull():
                advised = self._advised("promote")
                self.set(fast=True, pauses=(), pre_done=True, base=Base.ROLLING, why="", ending=None)
                self._note("promote full", f"All requests to {self.s.candidate}, over what the plan says{advised}."
                                           f"{because}")
                if self._before.base is Base.VERIFYING:
                    self._finish()
                else:
                    self._switch(approved=True)
            case ev.Abort():
                advised = self._advised("abort")
                if self.s.base is Base.HEALTHY:
                    self.set(stable=self.s.previous, previous="")
                self._degrade(f"by a person{advised}.{because}", event.who)
            case ev.Retry():
                self._begin(self.s.candidate, "retry", f"{self.s.candidate} is tried again from the first step."
                                                       f"{because}")
            case ev.Undo():
                self._undo(because)
            case ev.SetDegree():
                pass
            case _:
                assert_never(event)

    def _advised(self, act: str) -> str:
        advice = self.s.advice
        if not advice:
            return ""
        same = advice == act or (act == "promote" and advice in ("advance", "promote"))
        return ", as advised" if same else f", against the advice to {advice}"

    def _promote(self, because: str) -> None:
        advised = self._advised("promote")
        if Reason.USER_PAUSE in self.s.pauses:
            self._unpause(Reason.USER_PAUSE)
            self._note("promote", f"The pause is over{advised}.{because}")
            return
        if Reason.INCONCLUSIVE in self.s.pauses:
            self._fresh_runs()
        self.set(pauses=tuple(each for each in self.s.pauses if each in BY_ITSELF))
        self._note("promote", f"On from step {self.s.index + 1}{advised}.{because}"
                   if self.s.index < len(self.s.plan.steps) else f"Promoted{advised}.{because}")
        if self.s.base is Base.VERIFYING:
            self._finish()
        else:
            self._on_from_here(approved=True)

    def _fresh_runs(self) -> None:
        """Runs that go on begin anew: what was inconclusive once must not pause it again at once."""
        kinds = [run.kind for run in self.s.runs if run.phase is Phase.INCONCLUSIVE]
        gates = {run.kind: run.gates for run in self.s.runs}
        self.set(runs=tuple(run for run in self.s.runs if run.kind not in kinds))
        for kind in kinds:
            if kind in (RunKind.OWN, RunKind.BACKGROUND):
                self._add_run(kind, gates[kind])

    def _undo(self, because: str) -> None:
        s = self.s
        if s.base is Base.DEGRADED:
            self.set(base=Base.HEALTHY, candidate=s.stable, weight=0.0, ending=Ending.ROLLED_BACK, why="")
            self._note("undo", f"{s.stable} is the wanted version again.{because}")
        elif self.at - s.ended_at <= s.plan.keep_old_s:
            self.set(candidate=s.previous, stable=s.previous, previous="", weight=0.0, mirror=0.0,
                     ending=Ending.FAST_ROLLED_BACK)
            self._note("undo", f"Back to {s.previous}, which was still ready.{because}")
        else:
            self.set(rollout=s.rollout + 1)
            self._begin(s.previous, "undo", f"{s.previous} comes back step by step: it is no longer ready.{because}")

    def set_degree(self, event: ev.SetDegree) -> None:
        """Who may do what, from now on. A candidate that is on its way as a shadow begins to walk, or becomes one."""
        if event.degree is self.s.degree:
            return
        self.who = event.who
        was = self.s.degree
        self.set(degree=event.degree, advice="")
        self._note("degree", f"Degree of automation: {event.degree.value.replace('_', ' ')}.")
        if self.s.base is not Base.ROLLING:
            return
        if event.degree is Degree.SHADOW_MODE:
            self.set(weight=0.0, mirror=HIGHEST_WEIGHT, index=0, pauses=())
            self._note("mirror", f"Only copies of requests to {self.s.candidate}.")
        elif was is Degree.SHADOW_MODE:
            self.set(mirror=0.0)
            self._enter(0, approved=False)


def waits_for(state: State) -> str:
    """What the step is waiting for, in one sentence; "" where nothing is on its way."""
    if not state.live:
        return ""
    reason = state.reason
    if reason is not None and reason is not Reason.PAUSE_STEP:
        return {Reason.USER_PAUSE: "Paused by a person.", Reason.AWAIT_APPROVAL: "Waits for a person's approval.",
                Reason.INCONCLUSIVE: "A gate is inconclusive: a person has to look.",
                Reason.NO_TRAFFIC: "Waits for requests of the candidate.",
                Reason.STALE_DATA: "Waits for the log to go on."}[reason]
    plan = state.plan
    here = plan.steps[state.index] if state.index < len(plan.steps) else None
    past = max(0.0, state.ticked - state.step_at)
    match here:
        case Pause(seconds=None):
            return "Waits for a person."
        case Pause(seconds=float() | int() as seconds) | Bake(seconds=seconds):
            left = max(0.0, seconds - past)
            if left:
                return f"{format_span(left)} left in this step."
            holding = [gate.name for run in state.runs for gate, last in zip(run.gates, run.last, strict=True)
                       if last is not Outcome.SUCCESSFUL and not gate.dry_run]
            return f"Waits for {', '.join(holding)}." if holding else \
                f"{state.step_requests:,.0f} candidate requests in this step; more are needed."
        case AnalysisStep() | Experiment():
            return "Waits for its analysis."
        case None if reason is Reason.PAUSE_STEP:
            return "Waits for a person to switch."
        case _:
            return "Waits for its analysis." if state.runs else ""


def _failed(run: Run) -> str:
    """Which gate of a run is worst, and how its measurements were."""
    places = sorted(range(len(run.gates)), key=lambda place: -WORST.index(run.counts[place].phase))
    for place in places:
        gate, count = run.gates[place], run.counts[place]
        if gate.dry_run:
            continue
        match count.phase:
            case Phase.FAILED:
                times = f" {count.failed} times, its limit is {gate.failure_limit}" if gate.failure_limit else ""
                return f"gate {gate.name} failed{times}. {run.said[place]}".rstrip()
            case Phase.ERROR:
                return f"gate {gate.name} could not be measured {count.errors_in_a_row} times in a row."
            case _:
                return f"Gate {gate.name} is inconclusive."
    return "The run has no gates."
