"""Plans changed by hand, and fitted to a log."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.errors import BadSettings
from console.rollout import edits
from console.rollout.chances import Traffic
from console.rollout.plan import Analysis, Bake, Degree, Gate, GateKind, MetricKind, Pause, Plan, SetWeight
from console.rollout.ready import ready_plan
from console.rollout.written import plan_settings
from tests.console.rollout.plans import any_plan
from tests.tiers import examples

PLAN = Plan("a", steps=(SetWeight(5), Bake(60), SetWeight(50), Bake(60)), background=Analysis(("t",), starting_step=2))


def test_that_steps_are_put_in_taken_out_moved_and_typed():
    assert edits.with_step(PLAN, 2, Pause()).steps == (*PLAN.steps[:2], Pause(), *PLAN.steps[2:])
    assert edits.without_step(PLAN, 0).steps == PLAN.steps[1:]
    assert edits.moved_step(PLAN, 0, 3).steps == (*PLAN.steps[1:], SetWeight(5))
    assert edits.changed_step(PLAN, 1, 'bake = "1h"').steps[1] == Bake(3600)
    assert edits.step_text(SetWeight(2.5)) == "weight = 2.5"
    for text in ("weight", "weight = 'a'", "wait = 5", "weight = 5\nbake = 5", ""):
        with pytest.raises(BadSettings):
            edits.changed_step(PLAN, 1, text)


def test_that_a_background_analysis_starts_with_the_same_step_as_before():
    assert edits.with_step(PLAN, 1, Pause()).background.starting_step == 3
    assert edits.with_step(PLAN, 3, Pause()).background.starting_step == 2
    assert edits.without_step(PLAN, 1).background.starting_step == 1
    assert edits.without_step(PLAN, 3).background.starting_step == 2


def test_that_gates_are_added_under_names_of_their_own_and_changed_key_by_key():
    once = edits.with_gate(edits.with_gate(PLAN, Gate("x", at_most=1.0)), Gate("x", at_most=2.0))
    assert [gate.name for gate in once.gates] == ["x", "x 2"]
    changed = edits.changed_gate(once, 1, "interval", "5m")
    assert changed.gates[1].interval_s == 300
    assert edits.changed_gate(changed, 1, "interval", "").gates[1].interval_s is None
    assert edits.changed_gate(once, 0, "measure", '{ metric = "latency_share", limit_ms = 100 }').gates[0].binding.limit
    assert edits.changed_gate(once, 0, "test", "srm").gates[0].kind is GateKind.SRM
    assert edits.without_gate(once, 0).gates == once.gates[1:]
    with pytest.raises(BadSettings, match="It cannot be"):
        edits.changed_gate(once, 0, "count", "many")


def test_that_what_a_plan_says_of_itself_is_typed_as_in_its_file():
    changed = edits.changed_setting(edits.changed_setting(PLAN, "attribution", "30m"), "alpha", "0.01")
    assert (changed.attribution_s, changed.alpha, changed.steps) == (1800, 0.01, PLAN.steps)
    assert plan_settings(changed) == {"name": '"a"', "attribution": '"30m"', "alpha": "0.01"}
    assert edits.changed_setting(changed, "alpha", "").alpha == PLAN.alpha
    for key, text in (("alpha", "much"), ("check_every", "1d"), ("name", "")):
        with pytest.raises(BadSettings):
            edits.changed_setting(PLAN, key, text)


@pytest.mark.parametrize("edit, said", [
    (lambda plan: edits.changed_step(plan, 1, "weight = 7"), "step 2"),
    (lambda plan: edits.with_step(plan, 2, SetWeight(7)), "new step 3"),
    (lambda plan: edits.without_step(plan, 0), "step 1 taken out"),
    (lambda plan: edits.moved_step(plan, 0, 2), "the steps"),
    (lambda plan: edits.without_gate(plan, 1), f"gate {ready_plan('fast canary').gates[1].name} taken out"),
    (lambda plan: edits.with_gate(plan, edits.NEW_GATES[4]), "new gate clicks"),
    (lambda plan: edits.changed_gate(plan, 0, "dry_run", "true"), f"gate {ready_plan('fast canary').gates[0].name}"),
    (lambda plan: replace(plan, degree=Degree.HUMAN_ONLY), "the automation"),
    (lambda plan: replace(plan, alpha=0.01), "a setting"),
    (lambda plan: ready_plan("careful canary"), "the choice"), (lambda plan: plan, "")])
def test_that_a_change_has_a_name(edit, said):
    before = ready_plan("fast canary")
    assert edits.change_said(before, edit(before)) == said


def test_that_what_cannot_be_is_said_and_not_refused():
    wrong = edits.changed_step(PLAN, 0, "weight = 500")
    assert any("500 %" in text for text in edits.messages(wrong))
    assert edits.messages(ready_plan("fast canary")) == ()


@examples(15, 1000)
@given(any_plan(), st.data())
def test_that_every_step_and_every_key_of_a_gate_can_be_typed_again(plan, data):
    for index, step in enumerate(plan.steps):
        assert edits.changed_step(plan, index, edits.step_text(step)) == plan
    for index, gate in enumerate(plan.gates):
        for key, text in edits.gate_keys(gate).items():
            assert edits.changed_gate(plan, index, key, text) == plan


def test_that_a_plan_is_fitted_to_what_a_log_shows():
    traffic = Traffic(10.0, {MetricKind.ERROR_RATE: 0.01}, metrics=frozenset(
        {MetricKind.ERROR_RATE, MetricKind.LATENCY_SHARE}), slower={250.0: 0.4, 500.0: 0.04, 1000.0: 0.001})
    found = edits.fitted(ready_plan("careful canary"), traffic)
    assert [gate.name for gate in found.plan.gates] == ["split", "errors", "slow answers"]
    assert found.plan.gates[2].binding.limit == 500
    assert len(found.notes) == 4 and "does not show ctr" in " ".join(found.notes)
    quick = Traffic(10.0, {}, slower={50.0: 0.01, 250.0: 0.001})
    assert edits.fitted(ready_plan("fast canary"), quick) == (ready_plan("fast canary"), ())
