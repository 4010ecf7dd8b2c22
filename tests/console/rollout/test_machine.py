"""The state machine: the table of rollouts.md 3.2 row by row, its degrees, and its invariants for any events."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.rollout import events as ev
from console.rollout import machine
from console.rollout.events import Event, RouteLive, StopRuns
from console.rollout.finding import Outcome
from console.rollout.machine import allowed, due, initial, rebuilt, step, told, waits_for
from console.rollout.plan import (
    Analysis,
    AnalysisStep,
    Bake,
    Binding,
    Counting,
    Degree,
    FlaggerTiming,
    Gate,
    GateKind,
    Kind,
    MetricKind,
    Pause,
    Plan,
    SetCanaryScale,
    SetMirrorRoute,
    SetWeight,
)
from console.rollout.quiet import is_quiet
from console.rollout.state import Base, Ending, Reason, State
from tests.console.rollout.make import ERRORS, FIXED, Driven, entries, plan
from tests.tiers import examples

GOOD, BAD, HELD, UNSURE = Outcome.SUCCESSFUL, Outcome.FAILED, Outcome.HELD, Outcome.INCONCLUSIVE
CHECKED = Gate("checked", template="t", binding=Binding(MetricKind.ERROR_RATE), interval_s=60, count=3)


def test_that_a_good_candidate_walks_the_steps_and_becomes_stable() -> None:
    driven = Driven(plan(5, 25, 50)).start()
    seen = [driven.told()]
    for _ in range(30):
        driven.tick()
        if driven.told() != seen[-1]:
            seen.append(driven.told())
    assert seen == [("progressing", 1, 5), ("progressing", 3, 25), ("progressing", 5, 50), ("healthy", 6, 100)]
    assert (driven.state.stable, driven.state.previous, driven.state.ending) == ("v2", "v1", Ending.PROMOTED)
    assert [each.percent for each in driven.effects if isinstance(each, RouteLive)] == [5, 25, 50, 100]


def test_that_a_failed_gate_takes_all_requests_back_in_the_same_tick() -> None:
    driven = Driven(plan(5, 25)).start().tick(times=12)
    assert driven.told() == ("progressing", 3, 25)
    driven.tick(BAD)
    assert driven.told() == ("degraded", 0, 0)
    assert driven.state.why == "gate errors failed. So."
    assert driven.state.runs == ()
    assert any(isinstance(each, StopRuns) for each in driven.effects)
    assert (driven.state.stable, driven.state.candidate) == ("v1", "v2")      # wanted and running differ
    driven.tick(times=5)
    assert due(driven.state, driven.at + 999) == ()
    assert driven.told() == ("degraded", 0, 0)


def test_that_no_data_holds_a_step_however_long_and_the_plan_may_end_that() -> None:
    held = Driven(plan(5, 25)).start().tick(HELD, times=200)
    assert held.told() == ("progressing", 1, 5)
    assert waits_for(held.state) == "Waits for errors."
    impatient = Driven(plan(5, 25, max_hold_s=1800)).start().tick(HELD, times=200)
    assert impatient.told() == ("degraded", 0, 0)
    assert "Held for 30 min" in impatient.state.why


def test_that_too_few_candidate_requests_hold_a_step() -> None:
    driven = Driven(plan(5, 25)).start().tick(times=60, candidate_requests=1)
    assert driven.told() == ("progressing", 1, 5)
    driven.tick(times=41, candidate_requests=1)
    assert driven.told() == ("progressing", 3, 25)


def test_that_inconclusive_pauses_for_a_person_and_is_measured_anew_after() -> None:
    driven = Driven(plan(5, 25, gates=[replace(FIXED, interval_s=60)])).start().tick(UNSURE)
    assert driven.state.reason is Reason.INCONCLUSIVE
    driven.tick(times=30)
    assert driven.told() == ("paused", 1, 5)
    driven.do(ev.Promote(driven.at))
    assert driven.told() == ("progressing", 3, 25)
    driven.tick()
    assert driven.told() == ("progressing", 3, 25)


def test_that_no_traffic_and_stale_data_pause_by_themselves_and_end_so() -> None:
    driven = Driven(plan(5, 25)).start().tick(HELD, times=15, candidate_requests=0)
    assert driven.state.reason is Reason.NO_TRAFFIC
    driven.tick(times=15, requests=0, candidate_requests=0)
    assert driven.state.reason is Reason.STALE_DATA
    driven.tick()
    assert driven.told()[0] == "progressing"


PAUSES = [Pause(None), Pause(300)]


def test_that_a_pause_step_waits_for_its_time_or_a_person_and_a_user_pause_outlives_it() -> None:
    steps = (SetWeight(20), Pause(300), SetWeight(60), Pause(None))
    driven = Driven(replace(plan(gates=[]), steps=steps)).start()
    assert driven.told() == ("paused", 1, 20)
    driven.tick(times=4)
    assert driven.told() == ("paused", 1, 20)
    driven.do(ev.Pause(driven.at)).tick(times=20)
    assert driven.state.pauses == (Reason.PAUSE_STEP, Reason.USER_PAUSE)
    driven.do(ev.Resume(driven.at)).tick()
    assert driven.told() == ("paused", 3, 60)
    driven.tick(times=500)
    assert driven.told() == ("paused", 3, 60)
    driven.do(ev.Promote(driven.at))
    assert driven.told() == ("healthy", 4, 100)


def test_that_pauses_of_no_time_are_over_at_once() -> None:
    driven = Driven(replace(plan(gates=[]), steps=(SetWeight(20), Pause(0), SetWeight(40), SetCanaryScale(1),
                                                   Pause(60)))).start()
    assert driven.told() == ("paused", 4, 40)


@pytest.mark.parametrize(("outcomes", "told_"), [
    ([GOOD, GOOD], ("progressing", 1, 20)), ([GOOD] * 3, ("progressing", 3, 60)), ([GOOD, BAD], ("degraded", 0, 0)),
    ([GOOD, UNSURE], ("paused", 1, 20)), ([Outcome.ERROR] * 4, ("progressing", 1, 20)),
    ([Outcome.ERROR] * 5, ("degraded", 0, 0)), ([HELD] * 9, ("progressing", 1, 20))])
def test_that_an_analysis_step_waits_for_its_run(outcomes: list[Outcome], told_: tuple[str, int, float]) -> None:
    a_plan = replace(plan(gates=[CHECKED]), counting=Counting.ARGO, steps=(
        SetWeight(20), AnalysisStep(Analysis(("t",))), SetWeight(60), Bake(600)))
    driven = Driven(a_plan).start()
    for outcome in outcomes:
        driven.tick(outcome)
    assert driven.told() == told_


def test_that_promote_skips_the_running_step_and_never_goes_beyond_the_last() -> None:
    driven = Driven(plan(5, 25)).start()
    driven.do(ev.Promote(1.0))
    assert driven.told() == ("progressing", 3, 25)
    driven.do(ev.Promote(2.0))
    assert driven.told() == ("healthy", 4, 100)
    before = driven.state
    driven.do(ev.Promote(3.0))
    assert driven.state == before


def test_that_promote_full_skips_everything_also_after_an_abort() -> None:
    driven = Driven(plan(5, 25)).start().do(ev.PromoteFull(10.0))
    assert (driven.told(), driven.state.ending) == (("healthy", 4, 100), Ending.FAST_PROMOTED)
    driven = Driven(plan(5, 25)).start().do(ev.Abort(10.0), ev.PromoteFull(20.0))
    assert (driven.told(), driven.state.ending) == (("healthy", 4, 100), Ending.FAST_PROMOTED)
    assert "over what the plan says" in driven.log[-2].sentence


@pytest.mark.parametrize("order", [("abort", "full"), ("full", "abort"), ("abort", "promote"), ("promote", "abort")])
def test_that_abort_wins_in_the_same_moment_whichever_came_first(order: tuple[str, str]) -> None:
    events = {"abort": ev.Abort(100.0), "full": ev.PromoteFull(100.0), "promote": ev.Promote(100.0)}
    driven = Driven(plan(5)).start().do(*(events[name] for name in order))
    assert driven.told() == ("degraded", 0, 0)
    assert driven.state.stable == "v1"


def test_that_abort_retry_and_undo_go_where_argo_goes() -> None:
    driven = Driven(plan(5, 25)).start().tick(times=11).do(ev.Abort(700.0, why="Looks bad."))
    assert driven.told() == ("degraded", 0, 0)
    assert driven.state.why == "by a person. Looks bad."
    same = driven.state
    assert driven.do(ev.Abort(800.0)).state == same
    runs = driven.state.run
    driven.do(ev.Retry(900.0))
    assert driven.told() == ("progressing", 1, 5)
    assert driven.state.runs[0].number > runs
    driven.do(ev.Abort(1000.0), ev.Undo(1100.0))
    assert (driven.told(), driven.state.ending, driven.state.candidate) == (("healthy", 0, 0), Ending.ROLLED_BACK, "v1")


def test_that_undo_after_a_promotion_is_at_once_while_the_old_version_is_ready_and_by_steps_later() -> None:
    quick = Driven(plan(5)).start().do(ev.PromoteFull(10.0), ev.Undo(39.0))
    assert (quick.told()[0], quick.state.stable, quick.state.ending) == ("healthy", "v1", Ending.FAST_ROLLED_BACK)
    assert quick.state.weight == 0
    late = Driven(plan(5)).start().do(ev.PromoteFull(10.0), ev.Undo(41.0))
    assert late.told() == ("progressing", 1, 5)
    assert (late.state.stable, late.state.candidate) == ("v2", "v1")


def test_that_a_new_candidate_supersedes_and_begins_with_nothing_counted() -> None:
    fixed = replace(FIXED, failure_limit=2, interval_s=60.0)
    driven = Driven(plan(5, 25, gates=[fixed])).start().tick(BAD, times=2)
    assert driven.state.runs[0].counts[0].failed == 2
    driven.do(ev.Start(driven.at, "v3"))
    assert any(each.what == "superseded" for each in driven.log)
    assert driven.state.runs[0].counts[0].failed == 0
    assert driven.told() == ("progressing", 1, 5)
    assert driven.state.rollout == 2
    driven.tick(BAD, times=2)
    assert driven.told()[0] == "progressing"
    driven.tick(BAD)
    assert driven.told()[0] == "degraded"


def test_that_the_first_deployment_has_no_steps() -> None:
    driven = Driven(plan(5, 25), stable="").start("v1")
    assert (driven.told(), driven.state.stable) == (("healthy", 0, 100), "v1")


def test_that_a_plan_that_begins_with_a_mirror_is_a_shadow_until_its_step_ends() -> None:
    steps = (SetMirrorRoute("m", 100), Bake(600), SetMirrorRoute("m"), SetWeight(10), Bake(600))
    driven = Driven(replace(plan(), steps=steps)).start()
    assert (driven.told(), driven.state.mirror) == (("shadow", 1, 0), 100)
    driven.tick(times=10)
    assert (driven.told(), driven.state.mirror) == (("progressing", 4, 10), 0)
    driven = Driven(replace(plan(), steps=steps)).start().do(ev.Abort(5.0))
    assert (driven.told()[0], driven.state.mirror) == ("degraded", 0)


def test_that_a_shadow_alone_promotes_nothing() -> None:
    a_plan = replace(plan(), kind=Kind.SHADOW, steps=(SetMirrorRoute("m", 50), Bake(600)))
    driven = Driven(a_plan).start().tick(times=10)
    assert (driven.told()[0], driven.state.stable, driven.state.ending) == ("healthy", "v1", Ending.COMPLETED)


BLUE_GREEN = replace(plan(gates=[CHECKED, replace(CHECKED, name="after", template="u")]), kind=Kind.BLUE_GREEN,
                     steps=(), pre_promotion=Analysis(("t",)), post_promotion=Analysis(("u",)))


def test_that_blue_green_switches_after_one_analysis_and_is_stable_after_the_other() -> None:
    driven = Driven(BLUE_GREEN).start()
    assert driven.told() == ("progressing", 0, 0)
    driven.tick(times=3)
    assert driven.told() == ("verifying", 0, 100)
    assert driven.state.stable == "v1"
    driven.tick(times=3)
    assert (driven.told(), driven.state.stable) == (("healthy", 0, 100), "v2")


def test_that_blue_green_switches_back_when_the_second_analysis_fails() -> None:
    driven = Driven(BLUE_GREEN).start().tick(times=3).tick(BAD)
    assert driven.told() == ("degraded", 0, 0)
    assert driven.state.stable == "v1"
    assert Driven(BLUE_GREEN).start().tick(BAD).told() == ("degraded", 0, 0)


def test_that_blue_green_waits_for_a_person_or_its_time() -> None:
    by_hand = replace(BLUE_GREEN, pre_promotion=None, post_promotion=None, auto_promotion=False)
    driven = Driven(by_hand).start().tick(times=500)
    assert driven.told() == ("paused", 0, 0)
    assert driven.do(ev.Promote(driven.at)).told() == ("healthy", 0, 100)
    driven = Driven(replace(by_hand, auto_promotion_s=300)).start().tick(times=4)
    assert driven.told() == ("paused", 0, 0)
    assert driven.tick().told() == ("healthy", 0, 100)


FLAGGER = replace(plan(gates=[FIXED]), counting=Counting.FLAGGER, flagger=FlaggerTiming(threshold=3), steps=tuple(
    part for weight in (10, 20, 30) for part in (SetWeight(weight), Bake(60, passes=1))))


def test_that_flagger_adds_failures_up_and_rolls_back_one_tick_later() -> None:
    driven = Driven(FLAGGER).start()
    for outcome in (BAD, GOOD, BAD, GOOD):
        driven.tick(outcome)
    assert driven.told() == ("progressing", 5, 30)
    driven.tick(BAD)
    assert driven.told()[0] == "progressing"
    driven.tick(GOOD)
    assert driven.told() == ("degraded", 0, 0)
    assert "3 failed checks reached the threshold of 3" in driven.state.why


def test_that_flagger_goes_on_only_when_its_check_passes_and_no_data_is_none() -> None:
    driven = Driven(FLAGGER).start().tick(HELD, times=30)
    assert driven.told() == ("progressing", 1, 10)
    assert Driven(FLAGGER).start().tick(times=3).told() == ("healthy", 6, 100)


# ---- degrees of automation -------------------------------------------------------------------------------------

DEGREES = [  # who acts: after ten good minutes, at the last step's end, and when a gate fails
    (Degree.HUMAN_ONLY, "paused", "paused", "progressing"), (Degree.AI_ASSISTANCE, "paused", "paused", "progressing"),
    (Degree.PARTIAL, "progressing", "paused", "degraded"), (Degree.FULL, "progressing", "healthy", "degraded")]


@pytest.mark.parametrize(("degree", "after_a_step", "at_the_end", "on_failure"), DEGREES)
def test_that_a_degree_says_who_acts(degree: Degree, after_a_step: str, at_the_end: str, on_failure: str) -> None:
    a_plan = plan(5, 25, degree=degree)
    driven = Driven(a_plan).start().tick(times=10)
    assert driven.told()[0] == after_a_step
    if after_a_step == "paused":
        assert driven.state.pauses == (Reason.AWAIT_APPROVAL,)
        driven.do(ev.Promote(driven.at))
    assert driven.told() == ("progressing", 3, 25)
    driven.tick(times=10)
    assert driven.told()[0] == at_the_end
    assert Driven(a_plan).start().tick(BAD).told()[0] == on_failure


def test_that_advice_is_given_and_what_became_of_it_is_recorded() -> None:
    driven = Driven(plan(5, 25, degree=Degree.AI_ASSISTANCE)).start().tick(BAD)
    assert driven.state.advice == "abort"
    assert driven.log[-1].sentence == "Abort is advised: gate errors failed. So."
    taken = driven.do(ev.Abort(driven.at))
    assert ", as advised" in taken.log[-1].sentence
    other = Driven(plan(5, 25, degree=Degree.AI_ASSISTANCE)).start().tick(BAD)
    other.do(ev.Promote(other.at))
    assert any("against the advice to abort" in each.sentence for each in other.log)
    silent = Driven(plan(5, 25, degree=Degree.HUMAN_ONLY)).start().tick(BAD)
    assert silent.state.advice == ""
    assert silent.log[-1].what == "gate"        # worked out and logged all the same


def test_that_shadow_mode_never_has_live_traffic() -> None:
    driven = Driven(plan(5, 25, degree=Degree.SHADOW_MODE)).start().tick(times=30).tick(BAD)
    assert (driven.told(), driven.state.mirror) == (("shadow", 0, 0), 100)
    assert allowed(driven.state)["promote_full"].startswith("In shadow mode")
    driven.do(ev.SetDegree(driven.at, Degree.FULL))
    assert driven.told() == ("progressing", 1, 5)


def test_that_a_higher_degree_goes_on_where_it_waited_for_a_person() -> None:
    driven = Driven(plan(5, 25, degree=Degree.AI_ASSISTANCE)).start().tick(times=10)
    driven.do(ev.SetDegree(driven.at, Degree.PARTIAL)).tick()
    assert driven.told() == ("progressing", 3, 25)
    driven.tick(times=10)
    assert driven.told() == ("paused", 4, 25)
    driven.do(ev.SetDegree(driven.at, Degree.FULL)).tick()
    assert driven.told() == ("healthy", 4, 100)


def test_that_a_plan_that_cannot_run_is_not_started_and_says_why() -> None:
    driven = Driven(plan(5, gates=[Gate("latency")])).start()
    assert driven.told() == ("healthy", 0, 0)
    assert driven.log[-1].sentence == "Not started: Gate latency is bound to nothing in the log."
    assert allowed(driven.state)["start"] == "Gate latency is bound to nothing in the log"


def test_that_actions_say_why_they_are_not_allowed() -> None:
    driven = Driven(plan(5))
    assert [name for name, why in allowed(driven.state).items() if not why] == ["start"]
    driven.start()
    assert sorted(name for name, why in allowed(driven.state).items() if not why) == [
        "abort", "pause", "promote", "promote_full", "roll_back"]
    driven.do(ev.Abort(9.0))
    assert sorted(name for name, why in allowed(replace(driven.state, at=10.0)).items() if not why) == [
        "promote_full", "retry", "roll_back", "start", "undo"]


# ---- for any events --------------------------------------------------------------------------------------------

PLANS = [
    plan(5, 25, 100), plan(1, 50, gates=[ERRORS, replace(FIXED, failure_limit=2, interval_s=60)], max_hold_s=600),
    plan(10, 30, gates=[replace(FIXED, dry_run=True), Gate("j", GateKind.RANK_SUM,
                                                           binding=Binding(MetricKind.ERROR_RATE))]),
    replace(plan(gates=[CHECKED]), counting=Counting.ARGO, steps=(
        SetWeight(20), Pause(120), AnalysisStep(Analysis(("t",))), SetWeight(40), Pause(None), SetWeight(100))),
    BLUE_GREEN, FLAGGER,
    replace(plan(), steps=(SetMirrorRoute("m", 30), Bake(300), SetWeight(10), Bake(300), SetMirrorRoute("m"))),
]
KINDS = [ev.Pause, ev.Resume, ev.Promote, ev.PromoteFull, ev.Abort, ev.Retry, ev.Undo]
outcomes = st.sampled_from([GOOD] * 6 + [BAD, HELD, UNSURE, Outcome.ERROR])


@st.composite
def scripts(draw: st.DrawFn) -> tuple[Plan, list[tuple[str, object]]]:
    """A plan and what happens: ticks with outcomes by turns, and what people do between them."""
    a_plan = replace(draw(st.sampled_from(PLANS)), degree=draw(st.sampled_from(Degree)))
    happens = st.one_of(
        st.tuples(st.just("tick"), st.tuples(st.lists(outcomes, min_size=1, max_size=3), st.integers(0, 2),
                                             st.sampled_from([60.0, 60.0, 60.0, 600.0, 0.0, -30.0]))),
        st.tuples(st.just("tick"), st.tuples(st.just([GOOD]), st.just(2), st.just(60.0))),
        st.tuples(st.just("person"), st.sampled_from(KINDS)),
        st.tuples(st.just("start"), st.sampled_from(["v2", "v3"])),
        st.tuples(st.just("degree"), st.sampled_from(Degree)))
    return a_plan, [("start", "v2"), *draw(st.lists(happens, max_size=40))]


def _events(state: State, at: float, kind: str, what: object) -> Event:
    match kind:
        case "tick":
            said, traffic, after = what  # type: ignore[misc]
            checks = tuple(ev.Check(run, place, said[number % len(said)])
                           for number, (run, place) in enumerate(due(state, at + after)))
            return ev.Tick(at + after, 600.0 * bool(traffic), 100.0 * (traffic == 2), checks)
        case "person":
            return what(at)  # type: ignore[operator,no-any-return]
        case "start":
            return ev.Start(at, str(what))
        case _:
            return ev.SetDegree(at, what)  # type: ignore[arg-type]


def _run(a_plan: Plan, script: list[tuple[str, object]]) -> list[tuple[State, Event, State, list[ev.Entry]]]:
    state, at, found = initial(a_plan, "v1"), 0.0, []
    for kind, what in script:
        event = _events(state, at, kind, what)
        after, effects = step(state, event)
        found.append((state, event, after, entries(effects)))
        state, at = after, max(at, event.at)
    return found


@given(scripts())
@examples(60, 5000)
def test_that_whatever_happens_the_invariants_hold(script: tuple[Plan, list[tuple[str, object]]]) -> None:
    a_plan, happened = script
    log: list[ev.Entry] = []
    for before, event, after, lines in _run(a_plan, happened):
        log += lines
        # 1, 7: weights are percents, 100 only at the end or by a step that says so; the index is one of a step
        assert 0 <= after.weight <= 100
        assert 0 <= after.index <= len(a_plan.steps)
        if after.base is Base.ROLLING:
            assert after.weight in (0.0, a_plan.weight_at(after.index)) or after.index == len(a_plan.steps)
            if after.weight == 100:
                assert SetWeight(100) in a_plan.steps
        # 2: nothing is routed to the candidate after an abort
        if after.base is Base.DEGRADED:
            assert (after.weight, after.mirror, after.runs, after.pauses) == (0, 0, (), ())
        if after.degree is Degree.SHADOW_MODE and after.base is Base.ROLLING:
            assert after.weight == 0
        # 9: stable changes at a successful end only, or by promote-full, undo, the same moment's abort
        if after.stable != before.stable:
            assert after.base is Base.HEALTHY or isinstance(event, ev.Abort | ev.Start)
        # 13: the log alone rebuilds what the state tells, and only grows
        assert rebuilt(log, a_plan) | {"stable": after.stable, "degree": after.degree.value} == told(after)
        assert [each.number for each in log] == list(range(1, len(log) + 1))
        # 8: the same again changes nothing
        if isinstance(event, ev.Abort | ev.Pause | ev.Tick):
            assert step(after, event) == (after, ())
        # 19: an older tick does not move the state
        if isinstance(event, ev.Tick) and event.at <= before.ticked:
            assert after == before
        # 18: no traffic, no promotion by the program
        if isinstance(event, ev.Tick) and event.requests == 0 and a_plan.counting is Counting.NATIVE \
                and before.base is Base.ROLLING and not event.checks and before.step_requests == 0 \
                and a_plan.kind is not Kind.BLUE_GREEN and a_plan.steps[0] == SetWeight(5):
            assert after.base is not Base.HEALTHY


@given(scripts())
@examples(30, 2000)
def test_that_the_short_way_of_a_quiet_tick_comes_to_the_same_state(
        script: tuple[Plan, list[tuple[str, object]]]) -> None:
    a_plan, happened = script
    short = _run(a_plan, happened)
    with patch.object(machine, "is_quiet", return_value=False):
        assert _run(a_plan, happened) == short


def test_that_most_ticks_of_a_ramp_are_quiet_and_come_to_the_same_state() -> None:
    taken: list[bool] = []

    def counted(state: State, event: ev.Tick) -> bool:
        taken.append(is_quiet(state, event))
        return taken[-1]

    a_plan = plan(5, 25, gates=(ERRORS, replace(ERRORS, name="slow", interval_s=120.0)))
    with patch.object(machine, "is_quiet", counted):
        quick = Driven(a_plan).start().tick(times=18)
    with patch.object(machine, "is_quiet", return_value=False):
        slow = Driven(a_plan).start().tick(times=18)
    assert sum(taken) >= 12
    assert (quick.state, quick.log) == (slow.state, slow.log)
    assert quick.state.runs[0].counts[0].measured == 18 and quick.state.runs[0].counts[1].measured == 9


@given(scripts())
@examples(30, 2000)
def test_that_the_degree_never_changes_how_measurements_are_counted(
        script: tuple[Plan, list[tuple[str, object]]]) -> None:
    a_plan, happened = script
    ticks = [each for each in happened if each[0] == "tick"]
    by_degree = []
    for degree in (Degree.HUMAN_ONLY, Degree.AI_ASSISTANCE, Degree.PARTIAL, Degree.FULL):
        one = _run(replace(a_plan, degree=degree), [("start", "v2"), *ticks])
        counts = []
        for _, _, after, _ in one:
            if (after.base, after.index, after.weight) != (Base.ROLLING, one[0][2].index, one[0][2].weight):
                break
            counts.append([(run.kind, run.counts, run.phase) for run in after.runs])
        by_degree.append(counts)
    shortest = min(map(len, by_degree))
    assert all(each[:shortest] == by_degree[0][:shortest] for each in by_degree)


@given(scripts())
@examples(30, 2000)
def test_that_a_dry_run_changes_no_state(script: tuple[Plan, list[tuple[str, object]]]) -> None:
    a_plan, happened = script
    dry = replace(FIXED, name="dry", dry_run=True, interval_s=60.0, failure_limit=99)

    def told_by(said: Outcome) -> list[object]:
        state, at, found = initial(replace(a_plan, gates=(*a_plan.gates, dry)), "v1"), 0.0, []
        for kind, what in happened:
            event = _events(state, at, kind, what)
            if isinstance(event, ev.Tick):
                names = {(run.number, place): gate.name for run in state.runs for place, gate in enumerate(run.gates)}
                event = replace(event, checks=tuple(
                    replace(check, outcome=said if names[check.run, check.gate] == "dry" else GOOD)
                    for check in event.checks))
            state, _ = step(state, event)
            at = max(at, event.at)
            found.append((state.base, state.index, state.pauses, state.weight, state.advice))
        return found

    assert told_by(BAD) == told_by(GOOD)
