"""What is wrong with a plan before it runs. The rates of false aborts are those of rollouts.md 3.3 and 5, where they
were counted by simulation; the rest was worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from math import comb

import pytest
from hypothesis import given

from console.rollout.chances import Traffic, at_most, false_aborts, noticed_after
from console.rollout.flagger import read_flagger
from console.rollout.lint import Severity, bad, lint
from console.rollout.plan import Degree, MetricKind
from console.rollout.ready import NAMES, ready_plan
from console.rollout.schedule import ramp_seconds, spans
from console.rollout.written import read_plan
from tests.console.rollout.plans import any_plan
from tests.tiers import examples

ERRORS = MetricKind.ERROR_RATE
TEN = Traffic(10.0, {ERRORS: 0.01}, users=5000, seconds=86400.0)
RAMP = ('steps = [{ weight = 5 }, { bake = "10m" }, { weight = 25 }, { bake = "10m" }, { weight = 50 }, '
        '{ bake = "10m" }, { weight = 75 }, { bake = "10m" }]\n')
GUARD = '[[gate]]\nname = "errors"\ntest = "error_share"\nmeasure = "error_rate"\n'
SPLIT = '[[gate]]\nname = "split"\ntest = "srm"\n'


def plan(text, steps=RAMP, top=""):
    return read_plan(f'name = "p"\n{top}{steps}{text}')


def rules(found, severity=None):
    return {remark.rule for remark in found if severity is None or remark.severity is severity}


def fixed(more, limit=0.02):
    return plan(f'[[gate]]\nname = "fixed"\nmeasure = {{ metric = "error_rate", window = "1m" }}\nat_most = {limit}\n'
                f'interval = "1m"\nmin_sample = 0\n{more}')


@pytest.mark.parametrize("limit, stopped", [(0, 0.99), (3, 0.70)])
def test_that_a_fixed_threshold_is_labelled_with_the_share_of_good_candidates_that_it_stops(limit, stopped):
    made = fixed(f"failure_limit = {limit}\n")
    assert false_aborts(made, made.gates[0], TEN) == pytest.approx(stopped, abs=0.06)
    found = lint(made, TEN)
    assert "false-aborts" in rules(found, Severity.ERROR) and bad(found)


def test_that_a_fixed_threshold_that_stops_few_is_only_told():
    found = lint(fixed("failure_limit = 5\n", limit=0.2), Traffic(500.0, {ERRORS: 0.01}))
    assert "false-aborts" in rules(found, Severity.NOTE) and not bad(found)


def test_that_a_threshold_of_flagger_counts_all_failed_checks():
    text = ("apiVersion: flagger.app/v1beta1\nkind: Canary\nmetadata: {name: a}\nspec:\n  analysis: {interval: 1m, "
            "threshold: 1, stepWeight: 5, maxWeight: 50, metrics: [{name: request-success-rate, "
            "thresholdRange: {min: 99}}]}\n")
    made = read_flagger(text).plan
    often = false_aborts(made, made.gates[0], Traffic(10.0, {MetricKind.SUCCESS_RATE: 0.99}))
    assert often > 0.9          # ten looks at a success rate of 99 % that must be 99 %
    more = replace(made, flagger=replace(made.flagger, threshold=10))
    assert false_aborts(more, made.gates[0], Traffic(10.0, {MetricKind.SUCCESS_RATE: 0.99})) < 0.05


def test_that_at_most_so_many_events_is_the_binomial_sum():
    assert at_most([0.3] * 7, 2) == pytest.approx(sum(comb(7, k) * 0.3**k * 0.7**(7 - k) for k in range(3)))
    assert at_most([], 0) == 1 and at_most([1.0], 0) == 0


CASES = [
    ("no-guardrail", Severity.ERROR, plan("")),
    ("no-guardrail", Severity.ERROR, plan(SPLIT)),
    ("no-guardrail", Severity.ERROR, plan(GUARD + "dry_run = true\n")),
    ("unbound", Severity.ERROR, plan('[[gate]]\nname = "x"\nat_most = 1\n')),
    ("never-asked", Severity.WARNING, plan(GUARD + 'template = "t"\n')),
    ("no-split-check", Severity.NOTE, plan(GUARD)),
    ("endless-pause", Severity.WARNING, plan(GUARD, 'steps = [{ weight = 5 }, { pause = "until promoted" }]\n',
                                             'degree = "full_automation"\n')),
    ("falling-weight", Severity.WARNING, plan(GUARD, 'steps = [{ weight = 50 }, { bake = "5m" }, { weight = 5 }, '
                                              '{ bake = "5m" }]\n')),
    ("same-weight", Severity.NOTE, plan(GUARD, 'steps = [{ weight = 5 }, { bake = "5m" }, { weight = 5 }, '
                                        '{ bake = "5m" }]\n')),
    ("no-time", Severity.WARNING, plan(GUARD, 'steps = [{ weight = 5 }, { weight = 50 }, { bake = "5m" }]\n')),
    ("no-time", Severity.WARNING, plan(GUARD, 'steps = [{ weight = 5 }, { bake = "5m" }, { weight = 50 }]\n')),
    ("large-first-step", Severity.NOTE, plan(GUARD, 'steps = [{ weight = 50 }, { bake = "5m" }]\n')),
    ("all-before-the-end", Severity.NOTE, plan(GUARD, 'steps = [{ weight = 100 }, { bake = "5m" }]\n')),
    ("plugin", Severity.ERROR, plan(GUARD, 'steps = [{ plugin = { name = "a" } }, { weight = 5 }, '
                                    '{ bake = "5m" }]\n')),
    ("no-requests", Severity.ERROR, plan(GUARD, 'steps = [{ bake = "5m" }]\n')),
    ("bake-too-short", Severity.WARNING, plan(GUARD, 'steps = [{ weight = 5 }, { bake = "30s" }]\n')),
    ("limit-out-of-reach", Severity.ERROR, plan(GUARD + 'count = 3\ninterval = "1m"\nfailure_limit = 3\n')),
    ("never-fails", Severity.WARNING, plan(GUARD + "failure_limit = -1\n")),
    ("success-out-of-reach", Severity.WARNING, plan(GUARD + "count = 2\nconsecutive_success_limit = 3\n")),
    ("too-late", Severity.ERROR, plan(GUARD + 'initial_delay = "41m"\n')),
    ("too-slow", Severity.ERROR, plan(GUARD + 'interval = "15m"\nfailure_limit = 3\n')),
    ("cut-short", Severity.WARNING, plan(GUARD + 'interval = "15m"\ncount = 5\n')),
    ("alpha-above-the-plan", Severity.WARNING, plan(GUARD + "alpha = 0.1\n")),
    ("always-fails", Severity.ERROR, plan('[[gate]]\nname = "s"\nmeasure = "success_rate"\nat_least = 95\n')),
    ("cannot-fail", Severity.ERROR, plan('[[gate]]\nname = "s"\nmeasure = "error_rate"\nsuccess = "result[0] < 5"\n')),
    ("matures-too-late", Severity.ERROR, plan(GUARD.replace("error_rate", "wrong_share"), top='attribution = "1h"\n')),
    ("matures-late", Severity.NOTE, plan(GUARD.replace("error_rate", "wrong_share"), top='attribution = "5m"\n')),
    ("endless-analysis", Severity.ERROR, replace(plan(
        '[[gate]]\nname = "e"\ntemplate = "t"\nmeasure = "error_rate"\nat_most = 0.1\ninterval = "1m"\n',
        'steps = [{ weight = 5 }, { analysis = ["t"] }]\ncounting = "argo"\n'))),
]


@pytest.mark.parametrize("rule, severity, made", [pytest.param(*case, id=f"{number} {case[0]}")
                                                  for number, case in enumerate(CASES)])
def test_that_a_fault_of_the_plan_is_found_and_told_in_a_sentence(rule, severity, made):
    found = [remark for remark in lint(made) if remark.rule == rule]
    assert found and found[0].severity is severity
    assert found[0].sentence.endswith(".") and found[0].do


def test_that_a_gate_that_just_can_fire_is_not_reproached():
    # 40 minutes, looked at after 0, 15 and 30: three measurements
    assert "too-slow" not in rules(lint(plan(GUARD + 'interval = "15m"\nfailure_limit = 2\n')))
    assert "too-late" not in rules(lint(plan(GUARD + 'initial_delay = "39m"\n')))
    assert "limit-out-of-reach" not in rules(lint(plan(GUARD + 'count = 4\nfailure_limit = 3\n')))
    # it fires at the end of a step that waits for a person, however slow it is
    waits = 'steps = [{ weight = 5 }, { pause = "until promoted" }]\n'
    assert "too-slow" not in rules(lint(plan(GUARD + 'interval = "15m"\nfailure_limit = 9\n', waits)))


TRAFFIC_CASES = [
    ("no-traffic", Severity.ERROR, plan(GUARD), replace(TEN, requests_per_s=0.0)),
    ("longer-than-the-log", Severity.WARNING, plan(GUARD), replace(TEN, seconds=600.0)),
    ("no-users", Severity.NOTE, plan(GUARD), replace(TEN, users=None)),
    ("too-few-users", Severity.WARNING, plan(GUARD), replace(TEN, users=100)),
    ("not-in-the-log", Severity.ERROR, plan(GUARD.replace("error_rate", "wrong_share")),
     replace(TEN, metrics=frozenset({ERRORS}))),
    ("immature", Severity.WARNING, plan(GUARD.replace("error_rate", "wrong_share"), top='attribution = "5m"\n'),
     replace(TEN, outcome_delay_s=1800.0)),
    ("slow-sample", Severity.WARNING, plan(GUARD), replace(TEN, requests_per_s=0.1)),
    ("no-data", Severity.WARNING, fixed(""), replace(TEN, requests_per_s=0.1)),
    ("blind", Severity.WARNING, plan(GUARD), replace(TEN, requests_per_s=1.0)),
    ("notices", Severity.NOTE, plan(GUARD), TEN),
    ("no-base", Severity.NOTE, plan(GUARD), replace(TEN, shares={ERRORS: 0.0})),
]


@pytest.mark.parametrize("rule, severity, made, traffic", [pytest.param(*case, id=case[0]) for case in TRAFFIC_CASES])
def test_that_a_plan_that_does_not_suit_the_log_is_found(rule, severity, made, traffic):
    found = [remark for remark in lint(made, traffic) if remark.rule == rule]
    assert found and found[0].severity is severity


def test_that_an_error_share_gate_notices_about_when_the_simulation_did():
    # rollouts.md 5, medians: x2 after 17 minutes, x5 after 4, x20 after 1; one gate, alpha 0.05, 10 requests/s
    made = plan(GUARD)
    minutes = [noticed_after(made, made.gates[0], TEN, harm) / 60 for harm in (2.0, 5.0, 20.0)]
    assert 11 < minutes[0] < 21 and 1.5 < minutes[1] < 6 and minutes[2] < 1
    one = replace(TEN, requests_per_s=1.0)
    assert noticed_after(replace(made, min_sample=0), made.gates[0], one, 2.0) is None    # 17-23 % there


def test_that_the_ramp_is_as_long_as_its_steps():
    assert ramp_seconds(plan(GUARD)) == 2400
    assert [span.percent for span in spans(plan(GUARD)) if span.seconds] == [5, 25, 50, 75]
    # at 0.1 requests/s 100 requests of 5 % take 20,000 s, of 25 % 4,000, of 50 % 2,000, of 75 % 1,333.3
    assert ramp_seconds(plan(GUARD), 0.1) == pytest.approx(20000 + 4000 + 2000 + 4000 / 3)


@pytest.mark.parametrize("name", NAMES)
def test_that_ready_plans_have_no_faults_of_their_own(name):
    made = ready_plan(name)
    assert not bad(lint(made)), lint(made)
    shares = {ERRORS: 0.01, MetricKind.NULL_SHARE: 0.005, MetricKind.LATENCY_SHARE: 0.01, MetricKind.CTR: 0.05}
    assert not bad(lint(made, Traffic(50.0, shares, users=20_000, seconds=86400.0, outcome_delay_s=300.0)))
    assert not bad(lint(replace(made, degree=Degree.FULL)))


@examples(15, 1000)
@given(any_plan())
def test_that_any_plan_can_be_judged(made):
    for remark in lint(made, TEN):
        assert remark.sentence.endswith(".") and remark.do and remark.rule
