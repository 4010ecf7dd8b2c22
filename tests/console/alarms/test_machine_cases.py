"""Each rule of counting as a row of a table: evaluations every minute, and the states that must come of them.

The states are counted by hand from Prometheus' rules/alerting.go and from the page of `console.alarms.machine`.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.alarms.machine import NEW, Failed, RuleState, Sample, State, missed_since, step
from console.alarms.rules import NoData, Op, Rule, Threshold, labels_from

RULE = Rule("slow", "latency_p95", Threshold(Op.GREATER, 100.0))
LETTERS = {State.INACTIVE: ".", State.PENDING: "P", State.FIRING: "F", State.KEPT: "K", State.NO_DATA: "N",
           State.INSUFFICIENT: "i", State.ERROR: "E"}


def sample(letter: str, labels: str = "") -> Sample:
    """x: beyond; h: between the clear level and the threshold; g: good; f: few rows and beyond, o: few and good."""
    value = {"x": 120.0, "h": 90.0, "g": 50.0, "f": 120.0, "o": 50.0}[letter]
    return Sample(labels_from({"host": labels}), value, letter in "xf", letter in "xhf", value, letter not in "fo")


def run(rule: Rule, evaluations: str, *, state: RuleState = NEW, start: float = 0.0) -> tuple[str, RuleState]:
    """The state after each evaluation. `-` no number, `!` a failed question, `_` an evaluation that did not happen."""
    said = ""
    for number, letter in enumerate(evaluations):
        at = start + 60.0 * number
        if letter == "_":
            said += "_"
            continue
        found = Failed("no such table") if letter == "!" else () if letter == "-" else (sample(letter),)
        state = step(rule, state, at, found)
        said += LETTERS[state.state]
    return said, state


CASES = [
    # rule's changes, evaluations, states
    pytest.param({}, "gxxg", ".FF.", id="for 0 fires in the evaluation that found it"),
    pytest.param({"for_s": 120}, "gxxxxg", ".PPFF.", id="pending until for is over"),
    pytest.param({"for_s": 60}, "xxg", "PF.", id="for is over when exactly its length has passed"),
    pytest.param({"for_s": 61}, "xxxg", "PPF.", id="and not before"),
    pytest.param({"for_s": 120}, "xxgxxxx", "PP.PPFF", id="one good evaluation begins for anew"),
    pytest.param({"for_s": 120}, "xxgxxg", "PP.PP.", id="which may keep an alarm from ever firing"),
    pytest.param({"for_s": 120}, "xx-xxx", "PPPFFF", id="no number is no good evaluation: for goes on"),
    pytest.param({"keep_firing_for_s": 120}, "xggggx", "FKK..F", id="kept while less than keep_firing_for has passed"),
    pytest.param({"keep_firing_for_s": 60}, "xggx", "FK.F", id="kept from the first miss on"),
    pytest.param({"keep_firing_for_s": 120}, "xggxgggg", "FKKFKK..", id="a hit in between forgets the misses"),
    pytest.param({"for_s": 60, "keep_firing_for_s": 120}, "xggx", "P..P", id="pending is not kept"),
    pytest.param({"for_s": 60}, "xxgxx", "PF.PF", id="after its end an alarm waits for again"),
    pytest.param({}, "x!!g", "FFF.", id="a failed question leaves what fires"),
    pytest.param({}, "g!g", ".E.", id="and is told where nothing fires"),
    pytest.param({"for_s": 120}, "x!!x", "PEEF", id="for is counted in time, through failed questions"),
    pytest.param({"for_s": 180}, "x__x", "P__F", id="and through evaluations that did not happen"),
    pytest.param({"no_data_for_s": 120}, "g----g", "...NN.", id="no data after no_data_for, from the first without"),
    pytest.param({"no_data_for_s": 0}, "g-g", ".N.", id="or at once"),
    pytest.param({"no_data_for_s": 120}, "x---g", "FFFN.", id="what fires goes on until then, and ends with no data"),
    pytest.param({"no_data_for_s": 120, "keep_firing_for_s": 600}, "x----", "FFFNN", id="and is not kept beyond it"),
    pytest.param({"no_data_for_s": 120}, "--g--g", "......", id="a number in between begins no_data_for anew"),
    pytest.param({"no_data_for_s": 60, "no_data": NoData.OK}, "x--g", "FF..", id="no data may count as good"),
    pytest.param({"no_data_for_s": 60, "no_data": NoData.KEEP}, "x----g", "FFFFF.", id="or leave all as it was"),
    pytest.param({"no_data_for_s": 60, "no_data": NoData.FIRING}, "g---g", "..FF.", id="or as bad"),
    pytest.param({"no_data_for_s": 60, "no_data": NoData.FIRING, "for_s": 60}, "g----g", "..PFF.",
                 id="bad for long enough, that is"),
    pytest.param({}, "gofg", ".ii.", id="too few rows are no verdict, good or bad"),
    pytest.param({"for_s": 120}, "xoox", "PPPF", id="they neither reset for nor promote"),
    pytest.param({"for_s": 120}, "xffff", "PPPPP", id="however long they last"),
    pytest.param({"keep_firing_for_s": 120}, "xgoog", "FKKK.", id="nor stop the clock of keep_firing_for"),
    pytest.param({}, "xoog", "FFF.", id="what fires goes on"),
    pytest.param({}, "hxhhg", ".FFF.", id="between clear level and threshold what fires goes on"),
    pytest.param({"for_s": 60}, "xhxxhg", "P.PFF.", id="and what is pending does not"),
    pytest.param({"keep_firing_for_s": 120}, "xghgg", "FKFKK", id="in which a kept alarm is held again"),
    pytest.param({"keep_firing_for_s": 180, "for_s": 120}, "xxxgxg", "PPFKFK", id="kept, and firing again without for"),
]


@pytest.mark.parametrize("changes, evaluations, states", CASES)
def test_that_states_are_counted_so(changes, evaluations: str, states: str) -> None:
    assert run(replace(RULE, **changes), evaluations)[0] == states


def test_that_a_pending_alarm_has_the_time_of_the_evaluation_that_found_it_even_with_for_0() -> None:
    _, state = run(RULE, "gxx", start=1000.0)
    (alert,) = state.alerts.values()
    assert (alert.since, alert.fired) == (1060.0, 1060.0)


def test_that_a_failed_question_changes_nothing_but_the_word_about_it() -> None:
    _, before = run(replace(RULE, for_s=600), "xx")
    after = step(RULE, before, 120.0, Failed("disk"))
    assert after.alerts == before.alerts
    assert (after.whole, after.error) == (State.ERROR, "disk")
    assert step(RULE, after, 180.0, (sample("x"),)).error == ""


def test_that_equal_labels_twice_are_an_error_and_leave_the_state() -> None:
    _, before = run(RULE, "x")
    after = step(RULE, before, 60.0, (sample("g", "a"), sample("g", "a")))
    assert after.whole is State.ERROR
    assert "{'host': 'a'}" in after.error
    assert after.alerts == before.alerts


def test_that_labels_are_the_identity_and_values_are_refreshed() -> None:
    rule = replace(RULE, for_s=60)
    state = step(rule, NEW, 0.0, (sample("x", "a"), sample("g", "b")))
    state = step(rule, state, 60.0, (replace(sample("x", "a"), value=300.0, excess=300.0), sample("x", "b")))
    first, second = sorted(state.alerts.values(), key=lambda one: one.labels)
    assert (first.state, first.value, first.peak, first.since) == (State.FIRING, 300.0, 300.0, 0.0)
    assert (second.state, second.since) == (State.PENDING, 60.0)
    state = step(rule, state, 120.0, (sample("x", "a"),))       # b brought no result: as one that is good
    first, = (one for one in state.alerts.values())
    assert (first.value, first.peak) == (120.0, 300.0)


def test_that_more_alarms_than_the_limit_are_an_error_that_clears_all() -> None:
    rule = replace(RULE, limit=2)
    two = step(rule, NEW, 0.0, (sample("x", "a"), sample("x", "b")))
    assert len(two.alerts) == 2
    three = step(rule, two, 60.0, (sample("x", "a"), sample("x", "b"), sample("x", "c")))
    assert (three.alerts, three.whole) == ({}, State.ERROR)
    assert three.error == "3 alarms at once, and the limit is 2"
    again = step(rule, three, 120.0, (sample("x", "a"),))
    assert [one.since for one in again.alerts.values()] == [120.0]


def test_that_resolved_alarms_do_not_count_for_the_limit() -> None:
    rule = replace(RULE, limit=1)
    state = step(rule, NEW, 0.0, (sample("x", "a"),))
    state = step(rule, state, 60.0, (sample("g", "a"), sample("x", "b")))
    assert state.whole is State.INACTIVE
    assert {one.labels: one.state for one in state.alerts.values()} == {
        (("host", "a"),): State.INACTIVE, (("host", "b"),): State.FIRING}


def test_that_evaluations_that_did_not_happen_are_counted() -> None:
    _, state = run(RULE, "g__g_x")
    assert state.missed == 3
    assert missed_since(RULE, None, 600.0) == 0


def test_that_raising_for_sends_a_young_alarm_back() -> None:
    said, state = run(RULE, "gx")
    assert said == ".F"
    longer = replace(RULE, for_s=180)
    said, state = run(longer, "xxx", state=state, start=120.0)
    assert said == "PPF"
    (alert,) = state.alerts.values()
    assert (alert.since, alert.fired) == (60.0, 240.0)


def test_that_a_resolved_alarm_is_remembered_for_a_quarter_of_an_hour() -> None:
    _, state = run(RULE, "xg" + "g" * 15)
    (alert,) = state.alerts.values()
    assert (alert.state, alert.resolved) == (State.INACTIVE, 60.0)
    assert not step(RULE, state, 1020.0, (sample("g"),)).alerts


def test_that_time_only_goes_forward() -> None:
    _, state = run(RULE, "gg")
    with pytest.raises(ValueError, match="again"):
        step(RULE, state, 60.0, ())


rules = st.builds(
    lambda wait, keep, empty, no_data: replace(RULE, for_s=wait, keep_firing_for_s=keep, no_data_for_s=empty,
                                               no_data=no_data),
    st.sampled_from([0, 60, 90, 300]), st.sampled_from([0, 60, 90, 300]), st.sampled_from([0, 60, 180]),
    st.sampled_from(NoData))
evaluations = st.text(alphabet="xhgfo-!_", min_size=1, max_size=40)


@given(rules, evaluations)
def test_that_nothing_fires_before_its_time_and_never_without_a_reason(rule: Rule, letters: str) -> None:
    state = NEW
    for number, letter in enumerate(letters):
        if letter == "_":
            continue
        at = 60.0 * number
        found = Failed("") if letter == "!" else () if letter == "-" else (sample(letter),)
        before, state = state, step(rule, state, at, found)
        for labels, alert in state.alerts.items():
            had = before.alerts.get(labels)
            if alert.state.fires:
                assert alert.fired is not None
                assert alert.fired - alert.since >= rule.for_s
            if alert.state is State.KEPT:
                assert alert.kept_since is not None
                assert rule.keep_firing_for_s > 0
            if letter in "fo!":
                assert had is not None
                assert had == alert
            if alert.state.active and (had is None or not had.state.active):
                assert letter == "x" or (letter == "-" and rule.no_data is NoData.FIRING)
                assert alert.since == at
        if letter == "g" and not rule.keep_firing_for_s:
            assert not any(one.state.active for one in state.alerts.values())


@given(evaluations, st.integers(0, 10))
def test_that_a_longer_for_fires_no_sooner_and_no_more_often(letters: str, minutes: int) -> None:
    def firing(rule: Rule) -> set[int]:
        return {place for place, letter in enumerate(run(rule, letters)[0]) if letter == "F"}

    kept = replace(RULE, no_data=NoData.KEEP)
    assert firing(replace(kept, for_s=60.0 * minutes + 60)) <= firing(replace(kept, for_s=60.0 * minutes))


@given(rules, evaluations)
def test_that_an_idle_rule_stays_as_it_is_when_all_is_well(rule: Rule, letters: str) -> None:
    _, state = run(rule, letters)
    if not state.idle:
        return
    at = 60.0 * len(letters)
    after = step(rule, state, at, (sample("g"),))
    assert replace(after, at=None, missed=0) == replace(state, at=None, missed=0, error="")
