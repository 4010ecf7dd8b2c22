"""What gates say, against counting by hand, published constants and simulation."""

from __future__ import annotations

from math import comb, isnan, log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.rollout.counting import WORST, Checks, Count, Phase, counted, worst
from console.rollout.difference import Difference, mixture_bound
from console.rollout.error_share import ODDS, STAKES, ErrorShare
from console.rollout.finding import Finding, Outcome, Why
from console.rollout.gates import GATES, alpha_of
from console.rollout.intervals import half_width
from console.rollout.plan import Binding, Gate, GateKind, MetricKind, Plan, Purpose
from console.rollout.rank_sum import Grade, ScoreGrade, graded, judge, score
from console.rollout.slices import Slice, Slices
from console.rollout.srm import SampleRatio, srm_p
from console.rollout.words import change, reason
from tests.tiers import examples

S, F, I, E, H = Outcome.SUCCESSFUL, Outcome.FAILED, Outcome.INCONCLUSIVE, Outcome.ERROR, Outcome.HELD  # noqa: E741

COUNTING = [  # Argo's rules (rollouts.md 1.2): what the gate says, the measurements, the phase, and after how many
    pytest.param({"interval_s": 60}, [F], Phase.FAILED, 1, id="limit 0: the first failure"),
    pytest.param({"interval_s": 60, "failure_limit": 3}, [F, F, F], Phase.RUNNING, 3, id="limit 3: three are allowed"),
    pytest.param({"interval_s": 60, "failure_limit": 3}, [F, F, S, F, F], Phase.FAILED, 5, id="limit 3: the fourth"),
    pytest.param({"interval_s": 60, "failure_limit": -1, "count": 3}, [F, F, F], Phase.SUCCESSFUL, 3,
                 id="limit off: Successful though all failed"),
    pytest.param({}, [S], Phase.SUCCESSFUL, 1, id="no interval: one measurement"),
    pytest.param({"interval_s": 60}, [S] * 50, Phase.RUNNING, 50, id="no count: endless"),
    pytest.param({"interval_s": 60, "count": 2}, [S, E, S], Phase.SUCCESSFUL, 3, id="errors do not count"),
    pytest.param({"interval_s": 60, "count": 9}, [E] * 4, Phase.RUNNING, 4, id="four errors in a row are allowed"),
    pytest.param({"interval_s": 60, "count": 9}, [E] * 5, Phase.ERROR, 5, id="the fifth is not"),
    pytest.param({"interval_s": 60, "count": 9}, [E, E, E, S, E, E, E, E], Phase.RUNNING, 8, id="in a row"),
    pytest.param({"interval_s": 60, "count": 9}, [I], Phase.INCONCLUSIVE, 1, id="inconclusive at once"),
    pytest.param({"interval_s": 60, "count": 9, "inconclusive_limit": 1}, [I, S, I], Phase.INCONCLUSIVE, 3, id="more"),
    pytest.param({"interval_s": 60, "count": 9, "consecutive_success_limit": 2, "failure_limit": 9}, [S, F, S, S],
                 Phase.SUCCESSFUL, 4, id="successes in a row end it"),
    pytest.param({"interval_s": 60, "count": 3, "consecutive_success_limit": 2, "failure_limit": 9}, [S, F, S],
                 Phase.INCONCLUSIVE, 3, id="and without them it is inconclusive"),
    pytest.param({"interval_s": 60, "count": 2}, [H, H, H, S], Phase.RUNNING, 4, id="no data counts for nothing"),
    pytest.param({"interval_s": 60, "count": 9}, [F, S, S], Phase.FAILED, 1, id="over is over"),
]


@pytest.mark.parametrize(("gate", "outcomes", "phase", "after"), COUNTING)
def test_that_measurements_are_counted_as_argo_does(gate: dict[str, int], outcomes: list[Outcome], phase: Phase,
                                                    after: int) -> None:
    count, phases = Count(), []
    for outcome in outcomes:
        count = counted(Gate("g", **gate), count, outcome)  # type: ignore[arg-type]
        phases.append(count.phase)
    assert count.phase is phase
    assert phases.index(phase) + 1 <= after
    assert phases[after - 1] is phase


@given(st.lists(st.sampled_from([S, F, I, E, H]), max_size=20), st.integers(0, 4))
@examples(50, 2000)
def test_that_a_higher_limit_never_fails_earlier(outcomes: list[Outcome], limit: int) -> None:
    def failed_after(failure_limit: int) -> float:
        count = Count()
        for number, outcome in enumerate(outcomes):
            count = counted(Gate("g", interval_s=60, failure_limit=failure_limit, inconclusive_limit=99,
                                 consecutive_error_limit=99), count, outcome)
            if count.phase is Phase.FAILED:
                return number
        return float("inf")

    assert failed_after(limit + 1) >= failed_after(limit)


def test_that_a_run_is_as_its_worst_gate_in_the_order_of_argo() -> None:
    assert [each.value for each in WORST] == ["successful", "running", "pending", "inconclusive", "error", "failed"]
    assert worst((Phase.SUCCESSFUL, Phase.ERROR, Phase.RUNNING)) is Phase.ERROR
    assert worst(()) is Phase.SUCCESSFUL


def test_that_flagger_adds_up_over_the_run_and_rolls_back_on_the_tick_after() -> None:
    checks = Checks()
    for bad in (True, False, True, False):
        assert not checks.rolls_back(3)
        checks = checks.after(bad)
    assert checks.failed == 2
    checks = checks.after(True)
    assert checks.rolls_back(3)


# ---- the e-process ---------------------------------------------------------------------------------------------

def test_that_the_evidence_of_one_error_is_the_mean_of_its_bets() -> None:
    assert sum(STAKES) == pytest.approx(1)
    w = 0.05
    by_hand = sum(stake * psi / (psi * w + 1 - w) for stake, psi in zip(STAKES, ODDS, strict=True))
    test = ErrorShare(0.05)
    test.add(Slice(50, 1, 1, 950, 0, 0))
    assert test.evidence == pytest.approx(by_hand)
    of_stable = sum(stake / (psi * w + 1 - w) for stake, psi in zip(STAKES, ODDS, strict=True))
    test = ErrorShare(0.05)
    test.add(Slice(50, 0, 0, 950, 1, 1))
    assert test.evidence == pytest.approx(of_stable)


@pytest.mark.parametrize(("n_c", "n_s", "hits"), [(3, 7, 4), (1, 9, 2), (5, 5, 6)])
def test_that_evidence_has_a_mean_of_at_most_one_when_errors_fall_where_requests_do(n_c: int, n_s: int,
                                                                                    hits: int) -> None:
    mean = 0.0
    for c in range(max(0, hits - n_s), min(n_c, hits) + 1):
        test = ErrorShare(0.05)
        test.add(Slice(n_c, c, c, n_s, hits - c, hits - c))
        mean += comb(n_c, c) * comb(n_s, hits - c) / comb(n_c + n_s, hits) * test.evidence
    assert mean <= 1 + 1e-12


def test_that_a_tolerated_harm_and_fewer_clicks_shift_what_is_expected() -> None:
    twice = Slices.of_counts([1000] * 20, [20] * 20, [1000] * 20, [10] * 20)
    assert GATES["error_share"](twice).outcome is F
    assert GATES["error_share"](twice, margin=1.0).outcome is S
    fewer = Slices.of_counts([1000] * 20, [10] * 20, [1000] * 20, [20] * 20)
    assert GATES["error_share"](fewer).outcome is S
    assert GATES["error_share"](fewer, lower=True).outcome is F


@pytest.mark.parametrize(("slices", "outcome", "why"), [
    (Slices.of_counts([0], [0], [0], [0]), H, Why.NO_DATA),
    (Slices.of_counts([0], [0], [500], [5]), H, Why.NO_DATA),
    (Slices.of_counts([40], [0], [500], [5]), H, Why.TOO_FEW),
    (Slices.of_counts([100], [1], [500], [5]), S, Why.WITHIN),
    (Slices.of_counts([31], [7], [570], [6]), F, Why.BEYOND),
])
def test_that_no_data_holds_and_harm_is_told_before_the_sample_is_full(slices: Slices, outcome: Outcome,
                                                                       why: Why) -> None:
    found = GATES["error_share"](slices)
    assert (found.outcome, found.why) == (outcome, why)


def test_that_what_would_have_changed_the_verdict_changes_it() -> None:
    gate = Gate("errors", GateKind.ERROR_SHARE, binding=Binding(MetricKind.ERROR_RATE))
    passed = GATES["error_share"](Slices.of_counts([400], [5], [7600], [76]))
    more = int(passed.turns)
    assert GATES["error_share"](Slices.of_counts([400], [5 + more], [7600], [76])).outcome is F
    assert GATES["error_share"](Slices.of_counts([400], [5 + more - 1], [7600], [76])).outcome is S
    assert change(gate, passed) == f"{more} errors more of the candidate would have stopped it."
    assert reason(gate, passed) == ("5 of 81 errors are the candidate's, with 5 % of the requests "
                                    f"(1.25 % against 1 %); evidence {passed.statistic:.3g}, limit 20.")
    failed = GATES["error_share"](Slices.of_counts([400], [20], [7600], [76]))
    assert reason(gate, failed).startswith("More than its part: 20 of 96 errors")
    fewer = int(failed.turns)
    assert GATES["error_share"](Slices.of_counts([400], [20 - fewer], [7600], [76])).outcome is S


@pytest.mark.parametrize("kind", ["error_share", "difference"])
def test_that_a_drift_of_both_versions_is_not_the_candidates_fault(kind: str) -> None:
    generator = np.random.default_rng(3)
    stopped = 0
    for _ in range(60):
        rates, weight = np.linspace(0.01, 0.05, 40), np.repeat([5, 25, 50, 75], 10) / 100
        n = generator.poisson(600, 40)
        n_c = generator.binomial(n, weight)
        found = GATES[kind](Slices.of_counts(n_c, generator.binomial(n_c, rates), n - n_c,
                                             generator.binomial(n - n_c, rates)))
        stopped += found.outcome is F
    assert stopped <= 6         # at most 3 of 60 on average; a pooled test stops them all


# ---- the difference --------------------------------------------------------------------------------------------

def test_that_the_bound_is_that_of_the_paper() -> None:
    alpha, tuned = 0.05, 10.0
    rho = tuned / (2 * log(10) + log(1 + 2 * log(10)))
    assert mixture_bound(30.0, alpha, tuned) == pytest.approx(
        sqrt(2 * (30 + rho) * log(sqrt((30 + rho) / rho) / 0.1 + 1)))
    # about its lowest in units of the standard deviation where it is tuned
    ratios = [mixture_bound(v, alpha, tuned) / sqrt(v) for v in (2.0, 10.0, 100.0)]
    assert ratios[1] == min(ratios)


def _means(difference: float, minutes: int = 40, n: int = 200, seed: int = 0) -> Slices:
    generator = np.random.default_rng(seed)
    c, s = (generator.normal(shift, 20, (minutes, n)) + 100 for shift in (difference, 0.0))
    each = np.full(minutes, float(n))
    return Slices(each, c.sum(1), each, s.sum(1), (c**2).sum(1), (s**2).sum(1))


def test_that_means_are_compared_with_a_margin_and_on_the_side_that_is_bad() -> None:
    worse = _means(4.0)
    gate = GATES["difference"]
    assert gate(worse, share=False).outcome is F
    assert gate(worse, share=False, margin=5.0).outcome is S
    assert gate(worse, share=False, worse=-1).outcome is S
    assert gate(worse, share=False, worse=0).outcome is F
    found = gate(worse, share=False)
    assert found.low < 4 < found.high
    assert found.low > 2
    assert gate(worse, share=False, margin=found.turns * 1.05).outcome is S
    assert gate(worse, share=False, margin=found.turns * 0.95).outcome is F


def test_that_a_signal_holds_until_a_gain_is_shown_and_never_fails() -> None:
    gate = GATES["difference"]
    assert gate(_means(-4.0), share=False, gain=True).outcome is S
    assert gate(_means(0.0), share=False, gain=True).why is Why.NO_GAIN
    assert gate(_means(4.0), share=False, gain=True).outcome is H
    assert gate(_means(0.0), share=False, gain=True, margin=4.0).outcome is S       # no worse by 4 is shown
    assert gate(_means(4.0), share=False, gain=True, margin=4.0).outcome is H


def test_that_slices_in_which_one_version_is_missing_wait_for_the_next() -> None:
    test = Difference(0.05, share=True)
    for part in (Slice(0, 0, 0, 6, 1, 1, 5.0), Slice(2, 1, 1, 0, 0, 0, 5.0)):
        test.add(part)
    together = Difference(0.05, share=True)
    together.add(Slice(2, 1, 1, 6, 1, 1, 5.0))
    assert (test.statistic, test.variance) == (together.statistic, together.variance)
    assert test.variance == pytest.approx(2 * 6 / 8 * 2 * 6 / (8 * 7))      # hypergeometric


def test_that_pairs_are_judged_by_who_is_wrong_alone() -> None:
    test = ErrorShare(0.05)
    test.add(Slice(1000, 60, 60, 1000, 50, 50, pairs=1000, only_c=10, only_s=0))
    assert test.evidence == pytest.approx(
        sum(stake * (2 * psi / (psi + 1)) ** 10 for stake, psi in zip(STAKES, ODDS, strict=True)))


def test_that_the_interval_for_every_look_is_that_of_growthbook() -> None:
    # scipy-free reference: written out for n = 5000, standard error 0.1, alpha 0.05
    rho = sqrt((-2 * log(0.05) + log(-2 * log(0.05) + 1)) / 5000)
    by_hand = 0.1 * sqrt(5000) * sqrt(2 * (5000 * rho**2 + 1) * log(sqrt(5000 * rho**2 + 1) / 0.05)
                                      / (5000**2 * rho**2))
    assert half_width(0.1, 5000, 0.05) == pytest.approx(by_hand)
    assert by_hand / 0.1 == pytest.approx(2.9, abs=0.15)        # against 1.96 for one look


# ---- SRM, judge, fixed -----------------------------------------------------------------------------------------

def test_that_a_broken_split_is_found_and_a_ramp_is_none() -> None:
    assert srm_p(5000, 5000, 50) == pytest.approx(1.0)
    assert srm_p(4821, 5179, 50) == pytest.approx(0.000343, rel=0.01)       # chi-square 12.8, one degree of freedom
    assert isnan(srm_p(3, 4, 50))
    assert srm_p(0, 4, 0) == 1.0
    ramp = SampleRatio()
    for weight, n in ((5, 10_000), (25, 8_000), (50, 9_000)):
        ramp.add(Slice(n * weight / 100, 0, 0, n * (1 - weight / 100), 0, 0, weight))
    assert ramp.look().outcome is S
    ramp.add(Slice(4_000, 0, 0, 5_000, 0, 0, 50))
    assert ramp.look().outcome is F
    assert "the split is broken" in reason(Gate("srm", GateKind.SRM), ramp.look())


def test_that_the_sequential_test_is_a_ratio_of_probabilities_of_counts() -> None:
    test = SampleRatio()
    test.add(Slice(1, 0, 0, 0, 0, 0, 50))
    assert test.p_value == 1.0            # one user fits both
    for _ in range(400):
        test.add(Slice(1, 0, 0, 0, 0, 0, 50))
    assert test.look().outcome is F


def test_that_users_who_were_kept_add_up_over_slices_with_expectations_of_their_own() -> None:
    """Each slice has few, and half again as many of them as expected had the candidate."""
    shares = [20, 35, 50, 28, 41] * 12
    broken, sound = SampleRatio(), SampleRatio()
    for share in shares:
        broken.add(Slice(15 * share / 100, 0, 0, 10 - 15 * share / 100, 0, 0, share), kept=True)
        sound.add(Slice(10 * share / 100, 0, 0, 10 - 10 * share / 100, 0, 0, share), kept=True)
    assert broken.look().outcome is F
    assert sound.look().outcome is S and sound.p_value == 1.0
    assert broken.look().n_c == pytest.approx(1.5 * sound.look().n_c)


@pytest.mark.parametrize(("logged_c", "logged_s", "weight"), [(5, 5, 0.5), (2, 9, 0.1), (9, 2, 0.3)])
def test_that_the_evidence_of_a_sound_split_is_1_at_most_in_the_mean(logged_c: int, logged_s: int,
                                                                     weight: float) -> None:
    """Over all ways in which users of the two versions can be kept, with the chances of a binomial draw."""
    expected = logged_c * weight / (logged_c * weight + logged_s * (1 - weight))
    mean = 0.0
    for c in range(logged_c + 1):
        for s in range(logged_s + 1):
            chance = comb(logged_c, c) * weight**c * (1 - weight)**(logged_c - c) \
                * comb(logged_s, s) * (1 - weight)**s * weight**(logged_s - s)
            test = SampleRatio()
            test.add(Slice(c, 0, 0, s, 0, 0, 100 * expected), kept=True)
            mean += chance * test.evidence
    assert 0.5 < mean <= 1 + 1e-9


JUDGED = [  # control, experiment, grade: by Kayenta's rules, 98 % interval against a quarter of the control's mean
    pytest.param([10, 11, 9, 10, 12, 10, 11, 9], [20, 21, 19, 22, 20, 23, 19, 21], Grade.HIGH, id="twice as high"),
    pytest.param([20, 21, 19, 22, 20, 23, 19, 21], [10, 11, 9, 10, 12, 10, 11, 9], Grade.LOW, id="half"),
    pytest.param([10, 11, 9, 10, 12, 10, 11, 9], [11, 12, 10, 11, 13, 11, 12, 10], Grade.PASS, id="within a quarter"),
    pytest.param([10] * 8, [10] * 8, Grade.PASS, id="the same"),
    pytest.param([0] * 8, [0] * 8, Grade.PASS, id="all zero"),
    pytest.param([], [1, 2], Grade.NODATA, id="no control"),
    pytest.param([1, 2], [float("nan")], Grade.NODATA, id="no experiment"),
    pytest.param([10] * 30, [10] * 21 + [1000] * 9, Grade.PASS, id="blind to few but gross points"),
]


@pytest.mark.parametrize(("control", "experiment", "grade"), JUDGED)
def test_that_the_judge_grades_as_kayenta(control: list[float], experiment: list[float], grade: Grade) -> None:
    assert judge(control, experiment).grade is grade
    outcome = {Grade.HIGH: F, Grade.NODATA: H}.get(grade, S)
    assert GATES["rank_sum"](control, experiment).outcome is outcome


def test_that_the_interval_of_the_judge_covers_the_shift_and_is_that_of_ordered_pairs() -> None:
    before, after = np.arange(10.0), np.arange(10.0) + 0.25
    found = judge(before, after)
    gaps = np.sort(np.subtract.outer(after, before).ravel())
    outside = int(50 - 2.3263479 * sqrt(100 * 21 / 12))
    assert (found.low, found.high) == (gaps[outside], gaps[99 - outside])
    assert found.shift == 0.25


@pytest.mark.parametrize(("grades", "critical", "points"), [
    ({"a": Grade.PASS, "b": Grade.HIGH}, (), 50.0),
    ({"a": Grade.PASS, "b": Grade.HIGH}, ("b",), 0.0),
    ({"a": Grade.PASS, "b": Grade.NODATA}, (), 0.0),
    ({"a": Grade.PASS, "b": Grade.NODATA, "c": Grade.PASS}, (), 100.0),
    ({}, (), 0.0),
])
def test_that_points_are_the_share_that_passes(grades: dict[str, Grade], critical: tuple[str, ...],
                                               points: float) -> None:
    assert score(grades, critical=critical) == points


def test_that_groups_have_weights_and_marginal_lies_between() -> None:
    grades = {"a": Grade.PASS, "b": Grade.HIGH, "c": Grade.PASS}
    assert score(grades, {"a": "x", "b": "x", "c": "y"}, {"x": 80}) == pytest.approx(80 * 0.5 + 20)
    assert [graded(each, 50, 75) for each in (49.9, 50, 75)] == [ScoreGrade.FAIL, ScoreGrade.MARGINAL, ScoreGrade.PASS]


@pytest.mark.parametrize(("number", "n", "errors", "given", "outcome"), [
    (None, 0, 0, {"at_most": 0.02}, H), (float("nan"), 500, 0, {"at_most": 0.02}, H),
    (0.02, 500, 10, {"at_most": 0.02}, S), (0.021, 500, 10, {"at_most": 0.02}, F),
    (0.5, 10, 4, {"at_most": 0.02}, H), (0.5, 10, 5, {"at_most": 0.02}, F), (0.0, 99, 0, {"at_most": 0.02}, H),
    (0.98, 500, 0, {"at_least": 0.99}, F), (0.99, 500, 0, {"at_least": 0.99}, S),
    (0.5, 500, 0, {"success": "result < 0.1", "failure": "result > 0.9"}, I),
    (0.95, 500, 0, {"success": "result[0] < 0.1", "failure": "result[0] > 0.9"}, F),
    (0.5, 500, 0, {"success": "result[1] < 0.1"}, E),
])
def test_that_a_fixed_limit_holds_without_enough_data(number: float | None, n: float, errors: float,
                                                      given: dict[str, float], outcome: Outcome) -> None:
    assert GATES["fixed"](number, n=n, errors=errors, **given).outcome is outcome


def test_that_guardrails_share_alpha_and_signals_and_dry_runs_do_not() -> None:
    a, b = (Gate(name, GateKind.ERROR_SHARE) for name in "ab")
    signal = Gate("gain", GateKind.DIFFERENCE, Purpose.SIGNAL)
    dry, own = Gate("d", GateKind.ERROR_SHARE, dry_run=True), Gate("o", GateKind.DIFFERENCE, alpha=0.001)
    plan = Plan("p", gates=(a, b, signal, dry, own, Gate("srm", GateKind.SRM)))
    assert [alpha_of(gate, plan) for gate in plan.gates] == [0.025, 0.025, 0.05, 0.025, 0.001, 0.001]


@given(st.lists(st.tuples(st.integers(0, 50), st.floats(0, 1), st.integers(0, 200), st.floats(0, 1)), max_size=12))
@examples(30, 1000)
def test_that_any_counts_give_a_verdict_and_a_sentence(rows: list[tuple[int, float, int, float]]) -> None:
    slices = Slices.of_counts(*([float(each) for each in column] for column in (
        [row[0] for row in rows], [round(row[0] * row[1]) for row in rows],
        [row[2] for row in rows], [round(row[2] * row[3]) for row in rows])))
    gate = Gate("g", binding=Binding(MetricKind.ERROR_RATE))
    for name in ("error_share", "difference", "srm"):
        found: Finding = GATES[name](slices)
        a_gate = Gate("g", GateKind(name), binding=gate.binding)
        assert reason(a_gate, found).endswith(".")
        assert "nan" not in reason(a_gate, found) + change(a_gate, found)
        # Thin slices of one weight are judged together: each request there had the same chance to be the candidate's.
        if not any(row[0] for row in rows) or not any(row[2] for row in rows):
            assert found.outcome is not F or name == "srm"
