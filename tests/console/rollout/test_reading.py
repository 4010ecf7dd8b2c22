"""Plans that come with the program, and gates bound to metrics of the log."""

from __future__ import annotations

import pytest

from console.errors import BadSettings
from console.rollout.plan import Binding, Gate, GateKind, MetricKind, Plan, SetMirrorRoute, SetWeight
from console.rollout.reading import binding_from, bound, proposed, read_any
from console.rollout.ready import NAMES, ready_plan, ready_plans
from console.rollout.written import as_toml


@pytest.mark.parametrize("plan", ready_plans(), ids=lambda plan: plan.name)
def test_that_every_ready_plan_can_run_and_guards_something(plan):
    assert plan.sentence and not plan.unbound()
    assert any(gate.purpose == "guardrail" and gate.kind is not GateKind.SRM for gate in plan.gates)
    assert read_any(as_toml(plan), file="a.toml").plan == plan


def test_that_ready_plans_are_what_their_names_say():
    careful, fast, shadow, blue, weights = ready_plans()
    assert [plan.name for plan in ready_plans()] == list(NAMES)
    assert len(careful.steps) > len(fast.steps)
    assert isinstance(shadow.steps[0], SetMirrorRoute) and shadow.weight_at(2) == 0
    assert blue.kind == "blue_green" and not blue.steps and blue.post_promotion
    assert [step.percent for step in weights.steps if isinstance(step, SetWeight)] == [50]
    with pytest.raises(BadSettings, match="no ready plan"):
        ready_plan("bold canary")


def test_that_gates_are_bound_by_name():
    plan = Plan("a", gates=(Gate("x", template="t", provider="web"), Gate("y", template="u", provider="web")))
    name, binding = binding_from('t/x={ metric = "latency_share", limit_ms = 250 }')
    once = bound(plan, {name: binding})
    assert [gate.name for gate in once.unbound()] == ["y"]
    assert once.gates[0].binding == Binding(MetricKind.LATENCY_SHARE, limit=250)
    assert bound(once, dict([binding_from("y = error_rate")])).unbound() == ()
    for text in ("x", "=a", "x=", "x=wrong", "x={ metric = ", "x={ metric = 'sql', foo = 1 }"):
        with pytest.raises(BadSettings):
            binding_from(text)
    with pytest.raises(BadSettings, match="no gate `z`"):
        bound(plan, {"z": binding})


@pytest.mark.parametrize("gate, metric, scale", [
    (Gate("success-rate", success="result[0] >= 0.95"), MetricKind.SUCCESS_RATE, 1),
    (Gate("success-rate", success="result[0] >= 95"), MetricKind.SUCCESS_RATE, 100),
    (Gate("p99", failure="result > 0.5"), MetricKind.LATENCY_PERCENTILE, 0.001),
    (Gate("latency", success="result < 500", query="histogram_quantile(0.9, x)"), MetricKind.LATENCY_PERCENTILE, 1),
    (Gate("x", query='sum(rate(requests{code=~"5.."}))'), MetricKind.ERROR_RATE, 1),
    (Gate("ctr"), MetricKind.CTR, 1), (Gate("queue depth"), None, 1),
])
def test_that_a_binding_is_proposed_by_name_then_by_query(gate, metric, scale):
    found = proposed(gate)
    assert (found.metric if found else None) == metric and (not found or found.scale == scale)
    if gate.query.startswith("histogram"):
        assert found.percentile == 90
