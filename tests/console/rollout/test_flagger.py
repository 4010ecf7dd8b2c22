"""Plans of Flagger. What each walk is was counted by hand from the loop of its controller."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.errors import BadSettings
from console.rollout.flagger import as_flagger, read_flagger
from console.rollout.plan import Bake, Counting, Kind, MetricKind, Pause, SetHeaderRoute, SetMirrorRoute, SetWeight
from console.rollout.reading import read_any
from console.rollout.written import as_toml, read_plan
from tests.tiers import examples


def canary(analysis, more=""):
    return (f"apiVersion: flagger.app/v1beta1\nkind: Canary\nmetadata: {{name: ranker}}\nspec:\n"
            f"  targetRef: {{kind: Deployment, name: ranker}}\n  analysis: {analysis}\n{more}")


METRICS = ("metrics: [{name: request-success-rate, thresholdRange: {min: 99}, interval: 1m}, "
           "{name: request-duration, thresholdRange: {max: 500}, interval: 30s}, "
           "{name: ctr, thresholdRange: {min: 2, max: 9}, templateRef: {name: clicks}}]")


def weights(plan):
    return [step.percent for step in plan.steps if isinstance(step, SetWeight)]


@pytest.mark.parametrize("timing, walk", [
    ("stepWeight: 20, maxWeight: 50", [20, 40, 60]), ("stepWeight: 10, maxWeight: 30", [10, 20, 30]),
    ("stepWeight: 30", [30, 60, 90, 100]), ("stepWeights: [1, 5, 20]", [1, 5, 20]),
    ("stepWeights: [5, 50, 120]", [5, 50, 100]), ("stepWeight: 100", [100]),
    ("stepWeights: [5, 10, 15, 55], maxWeight: 50", [5, 10, 15, 55]),
    ("stepWeight: 20, stepWeights: [10, 30]", [20, 40]),
])
def test_that_a_canary_goes_on_while_its_weight_is_below_the_highest(timing, walk):
    plan = read_flagger(canary(f"{{interval: 30s, threshold: 3, {timing}}}")).plan
    assert weights(plan) == walk and plan.kind is Kind.CANARY and plan.counting is Counting.FLAGGER
    assert plan.steps[1] == Bake(30, 0, 1) and len(plan.steps) == 2 * len(walk)
    assert plan.flagger.threshold == 3 and plan.check_every_s == 30


def test_that_its_own_metrics_bind_themselves_and_others_do_not():
    text = canary(f"{{stepWeight: 10, {METRICS}}}", "---\napiVersion: flagger.app/v1beta1\nkind: MetricTemplate\n"
                  "metadata: {name: clicks}\nspec: {provider: {type: prometheus, address: 'http://p'}, "
                  "query: 'clicks{target=\"{{ target }}\"}'}\n")
    found = read_flagger(text)
    rate, slow, ctr = found.plan.gates
    assert (rate.at_least, rate.binding.metric, rate.binding.scale, rate.binding.window_s) == (
        99, MetricKind.SUCCESS_RATE, 100, 60)
    assert (slow.at_most, slow.binding.metric, slow.binding.percentile, slow.binding.window_s) == (
        500, MetricKind.LATENCY_PERCENTILE, 99, 30)
    assert (ctr.at_least, ctr.at_most, ctr.runnable, ctr.address) == (2, 9, False, "http://p")
    assert any("`ctr` is not one of" in note.text for note in found.notes)
    assert found.plan.check_every_s == 60 and found.plan.flagger.threshold == 1


def test_that_a_mirror_comes_before_the_first_weight():
    plan = read_flagger(canary("{mirror: true, mirrorWeight: 20, stepWeight: 50}")).plan
    assert plan.steps[:4] == (SetMirrorRoute("mirror", 20), Bake(60, 0, 1), SetMirrorRoute("mirror"), SetWeight(50))


def test_that_iterations_are_blue_green_and_with_a_match_an_ab_test():
    blue = read_flagger(canary("{interval: 1m, iterations: 5}")).plan
    assert (blue.kind, blue.steps) == (Kind.BLUE_GREEN, (Bake(300, 0, 5),))
    ab = read_flagger(canary("{iterations: 10, match: [{headers: {cookie: {regex: '.*insider.*'}}}, "
                             "{headers: {x-user: {exact: me}}}]}")).plan
    assert ab.kind is Kind.AB_TEST and isinstance(ab.steps[0], SetHeaderRoute) and len(ab.steps[0].match) == 2


def test_that_hooks_that_confirm_wait_for_a_person():
    found = read_flagger(canary("{stepWeight: 50, webhooks: [{name: a, type: confirm-rollout}, "
                                "{name: b, type: confirm-traffic-increase}, {name: c, type: confirm-promotion}, "
                                "{name: d, type: pre-rollout, url: x}]}"))
    tick = Bake(60, 0, 1)
    assert found.plan.steps == (Pause(), Pause(), SetWeight(50), tick, Pause(), SetWeight(100), tick, Pause())
    assert any("pre-rollout: no effect in a replay" in note.text for note in found.notes)


@pytest.mark.parametrize("analysis, said", [
    ("{interval: 1d, stepWeight: 5}", "f.yaml, line 6: `interval`: `1d` is no length of time."),
    ("{threshold: 5}", "f.yaml, line 6: It says neither stepWeight"),
    ("{stepWeight: 0.001}", "f.yaml, line 6: It takes more than 1,000 checks."),
    ("{stepWeights: [5, 5]}", "f.yaml, line 6: `stepWeights` do not grow."),
    ("{stepWeights: [a]}", "f.yaml, line 6: `stepWeights` holds 'a'."),
    ("{stepWeight: 5, webhooks: [{name: a, type: dance}]}", "f.yaml, line 6: There is no webhook of type `dance`."),
    ("{stepWeight: 5, metrics: [{thresholdRange: {min: 1}}]}", "f.yaml, line 6: A metric has no name."),
    ("{stepWeight: 5, metrics: [{name: a, thresholdRange: {min: 2, max: 1}}]}", "f.yaml, gate `a`: Nothing is at"),
    ("{stepWeight: {{ .Values.step }}}", "f.yaml, line 6: `{{` outside quotes"),
])
def test_that_what_cannot_be_honoured_is_refused(analysis, said):
    with pytest.raises(BadSettings) as error:
        read_flagger(canary(analysis), file="f.yaml")
    assert str(error.value).startswith(said)


@examples(20, 1000)
@given(st.one_of(st.builds(lambda step, most: f"stepWeight: {step}, maxWeight: {most}", st.integers(1, 100),
                           st.integers(1, 100)),
                 st.sets(st.integers(1, 99), min_size=1, max_size=5).map(lambda found: f"stepWeights: {sorted(found)}"),
                 st.integers(1, 50).map(lambda n: f"iterations: {n}"),
                 st.just("iterations: 3, match: [{method: {exact: GET}, uri: {prefix: /a}, "
                         "headers: {a: {regex: b}}}]")),
       st.integers(1, 9), st.booleans(), st.booleans(), st.booleans())
def test_that_a_plan_imported_exported_and_imported_again_is_the_same_plan(timing, threshold, mirror, metrics, hooks):
    text = canary("{interval: 90s, threshold: " + f"{threshold}, {timing}, mirror: {str(mirror).lower()}"
                  + (f", {METRICS}" if metrics else "") + (", sessionAffinity: {cookieName: a}" if hooks else "")
                  + (", webhooks: [{name: a, type: confirm-promotion}]" if hooks else "") + "}")
    plan = read_any(text, file="a.yaml").plan
    assert read_any(as_flagger(plan), file="b.yaml").plan == plan
    assert read_plan(as_toml(plan)) == plan
