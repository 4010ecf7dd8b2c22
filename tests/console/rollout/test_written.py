"""Plans as TOML."""

from __future__ import annotations

import pytest
from hypothesis import given

from console.errors import BadSettings
from console.rollout.plan import Bake, Gate, GateKind, Pause, SetWeight
from console.rollout.written import as_toml, read_plan
from tests.console.rollout.plans import any_plan
from tests.tiers import examples


@examples(25, 2000)
@given(any_plan())
def test_that_a_plan_that_is_written_and_read_is_the_same_plan(plan):
    assert read_plan(as_toml(plan)) == plan


def test_that_what_is_written_by_hand_means_what_it_says():
    plan = read_plan('name = "a"\nsteps = [{ weight = 2.5 }, { bake = "10m" }, { pause = "until promoted" }]\n'
                     '[[gate]]\nname = "errors"\ntest = "error_share"\nmeasure = "error_rate"\ninterval = "30s"\n')
    assert plan.steps == (SetWeight(2.5), Bake(600), Pause(None))
    gate, = plan.gates
    assert (gate.kind, gate.interval_s, gate.failure_limit, gate.consecutive_error_limit) == (
        GateKind.ERROR_SHARE, 30, 0, 4)
    assert plan.own_gates() == (gate,) and plan.unbound() == ()
    assert plan.weight_at(0) == plan.weight_at(2) == 2.5


def test_that_a_gate_without_a_binding_loads_and_is_named_as_one_that_cannot_run():
    plan = read_plan('name = "a"\n[[gate]]\nname = "x"\nat_most = 1\n[[gate]]\nname = "split"\ntest = "srm"\n')
    assert [gate.name for gate in plan.unbound()] == ["x"]


@pytest.mark.parametrize("text, said", [
    ('name = 1', "p.toml, name: It cannot be 1. Give text in quotes."),
    ('name = "a"\nsteps = [{ weight = 101 }]', "p.toml, steps[1].weight: A weight of 101 %. Give 0 to 100."),
    ('name = "a"\nsteps = [{ weight = 5 }, { wait = 1 }]', "p.toml, steps[2]: There is no step `wait`."),
    ('name = "a"\nsteps = [{ weight = 5, bake = "1m" }]', "p.toml, steps[1]: A step has one key, and this one has 2."),
    ('name = "a"\nsteps = [{ pause = "1d" }]', "p.toml, steps[1].pause: `1d` is no length of time."),
    ('name = "a"\nx = 1', "p.toml: There is no setting `x` here."),
    ('name = "a"\nb =', "p.toml, line 2: It is not valid TOML"),
    ('name = "a"\n[[gate]]\nname = "g"\ncount = 1.5\nat_most = 1', "p.toml, gate `g`.count: It cannot be 1.5."),
    ('name = "a"\n[[gate]]\nname = "g"', "p.toml, gate `g`: A fixed gate without a limit always passes."),
    ('name = "a"\n[[gate]]\nname = "g"\nsuccess = "result.x"', "p.toml, gate `g`.success: not supported: `result.x`"),
    ('name = "a"\n[[gate]]\nname = "g"\nmeasure = "wrong"', "p.toml, gate `g`.measure.metric: It cannot be \"wrong\"."),
    ('name = "a"\n[[gate]]\nname = "g"\nat_most = inf', "p.toml, gate `g`.at_most: It cannot be Infinity."),
    ('name = "a"\nsteps = [{ analysis = ["x"] }]', "p.toml, steps[1]: There is no template `x`."),
    ('name = "a"\nkind = "shadow"\nsteps = [{ weight = 1 }]', "p.toml, steps: A shadow plan gives the candidate 1 %"),
    ('name = "a"\n[[gate]]\nname="g"\nat_most=1\n[[gate]]\nname="g"\nat_most=1', "p.toml, gate `g`: Two gates"),
    ('steps = []', "p.toml: `name` is not given. Give text in quotes."),
    ("a = " + "[" * 5000, "p.toml: It is not valid TOML"),
])
def test_that_a_wrong_plan_is_refused_with_file_place_and_what_to_do(text, said):
    with pytest.raises(BadSettings) as error:
        read_plan(text, file="p.toml")
    assert str(error.value).startswith(said)


def test_that_arguments_are_filled_in_for_each_analysis_by_itself():
    from console.rollout.plan import Analysis, Plan

    plan = Plan("a", gates=(Gate("g", template="t", success="result[0] > {{args.least}}", query="f({{ args.svc }})"),),
                defaults=(("t", (("least", "0.9"), ("svc", "web"))),))
    first, = plan.gates_of(Analysis(("t",), (("least", "0.5"),)))
    second, = plan.gates_of(Analysis(("t",), dry_run=("*",)))
    assert (first.success, first.query, first.dry_run) == ("result[0] > 0.5", "f(web)", False)
    assert (second.success, second.dry_run) == ("result[0] > 0.9", True)
