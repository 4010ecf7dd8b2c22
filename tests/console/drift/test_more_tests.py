"""The tests of the choice against scipy's, and against numbers counted by hand or published, to 1e-9."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from scipy import stats

from console.drift import TESTS, ColumnSample, compare
from console.drift.view import Verdict
from console.errors import BadSettings, TooFewRows

NEAR = {"rel": 1e-9, "abs": 1e-12}


def drawn(seed, n, m, digits=None, ends=0):
    generator = np.random.default_rng(seed)
    a, b = generator.normal(size=n), generator.normal(0.4, 1.3, size=m)
    if digits is not None:
        a, b = a.round(digits), b.round(digits)
    a[:ends], b[: 2 * ends], b[2 * ends: 3 * ends] = np.inf, -np.inf, np.inf
    return a, b


SAMPLES = [
    pytest.param(*drawn(1, 5, 7), id="few"),
    pytest.param(*drawn(2, 6, 5, 0), id="few and tied"),
    pytest.param(*drawn(3, 33, 41), id="some"),
    pytest.param(*drawn(4, 90, 30, 0), id="tied"),
    pytest.param(*drawn(5, 300, 220, 1, ends=4), id="with infinities"),
    pytest.param([2.0] * 9 + [1.0], [2.0] * 12 + [3.0], id="nearly constant"),
    pytest.param([1.0, 1.0, 1.0], [2.0, 2.0, 2.0, 2.0], id="two constants"),
]
SCIPYS = {
    "ks_exact": lambda a, b: stats.ks_2samp(a, b, method="exact"),
    "ks_asymptotic": lambda a, b: stats.ks_2samp(a, b, method="asymp"),
    "mannwhitney": lambda a, b: stats.mannwhitneyu(a, b, alternative="two-sided"),
    "cvm": stats.cramervonmises_2samp,
    "anderson": lambda a, b: stats.anderson_ksamp([a, b]),
}


@pytest.mark.parametrize("reference, current", SAMPLES)
@pytest.mark.parametrize("name", SCIPYS)
def test_that_statistic_and_p_are_scipys(name, reference, current):
    ours = TESTS[name](np.append(reference, np.nan), current)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")                 # of p-values at the ends of the table, and of exactness
        theirs = SCIPYS[name](np.asarray(reference), np.asarray(current))
    assert (ours.statistic, ours.p_value) == pytest.approx((theirs.statistic, theirs.pvalue), **NEAR)


@pytest.mark.parametrize("reference, current", SAMPLES[:4] + SAMPLES[5:6])
def test_that_welch_and_energy_are_scipys_on_finite_values(reference, current):
    ours = TESTS["welch"](np.append(reference, [np.nan, np.inf]), current)
    theirs = stats.ttest_ind(reference, current, equal_var=False)
    assert (ours.statistic, ours.p_value) == pytest.approx((theirs.statistic, theirs.pvalue), **NEAR)
    energy = TESTS["energy"](np.append(reference, [np.nan, -np.inf]), current)
    assert energy.statistic == pytest.approx(stats.energy_distance(reference, current), **NEAR)


TABLES = [
    pytest.param([30, 50, 20], [300, 420, 280], id="unequal sizes"),
    pytest.param([30, 50, 20], [30, 0, 70], id="a value gone"),
    pytest.param([60, 40], [45, 55], id="two values"),
]


def rows(counts):
    return np.repeat([f"v{i}" for i in range(len(counts))], counts).astype(object)


@pytest.mark.parametrize("before, after", TABLES)
def test_that_g_is_scipys_for_any_two_sizes(before, after):
    theirs = stats.chi2_contingency([before, after], correction=False, lambda_="log-likelihood")
    ours = TESTS["g"](rows(before), rows(after))
    assert (ours.statistic, ours.p_value) == pytest.approx((theirs.statistic, theirs.pvalue), **NEAR)


def test_that_fisher_is_scipys_with_the_odds_ratio():
    ours = TESTS["fisher"](rows([3, 9]), rows([11, 4]))
    theirs = stats.fisher_exact([[9, 3], [4, 11]])      # v1, the last by name, is what is counted
    assert (ours.statistic, ours.p_value) == pytest.approx((theirs.statistic, theirs.pvalue), **NEAR)
    assert ours.effect == pytest.approx(4 / 15 - 9 / 12)
    assert ours.effect_low < ours.effect < ours.effect_high
    assert TESTS["fisher"]([1, 1], [1, 1]).p_value == 1
    with pytest.raises(ValueError, match="two categories"):
        TESTS["fisher"](["a", "b"], ["c"])


def test_that_distances_of_counts_are_the_sums_done_by_hand():
    before, after = rows([50, 30, 20]), rows([10, 80, 0, 10])
    by_hand = math.sqrt(1 - math.sqrt(0.5 * 0.1) - math.sqrt(0.3 * 0.8))
    assert TESTS["hellinger"](before, after).statistic == pytest.approx(by_hand, **NEAR)
    assert TESTS["hellinger"](["a"] * 3, ["b"] * 3).statistic == 1
    assert TESTS["tvd"](before, after).statistic == pytest.approx(0.6, **NEAR)
    phi = 0.16 - 1 / 199                                 # chi-square 32 of 200 rows; Bergsma (2013)
    assert TESTS["cramers_v"](rows([70, 30]), rows([30, 70])).statistic == pytest.approx(
        math.sqrt(phi / (1 - 1 / 199)), **NEAR)
    # R. G. Newcombe (1998), table II, (b) 9/10 against 3/10: 0.1705 to 0.8090
    found = TESTS["proportions"]([1] * 3 + [0] * 7, [1] * 9 + [0])
    assert (found.effect_low, found.effect_high) == pytest.approx((0.1705, 0.8090), abs=5e-5)


def test_that_constants_and_single_values_give_what_is_said():
    for name in ("anderson", "cvm", "mannwhitney", "welch"):
        assert (TESTS[name]([4.0] * 6, [4.0] * 5).p_value, TESTS[name]([4.0] * 6, [4.0] * 5).effect) == (1, 0)
    apart = TESTS["welch"]([4.0] * 6, [5.0] * 5)
    assert (apart.statistic, apart.p_value, apart.effect) == (-math.inf, 0, math.inf)
    for name in ("cvm", "welch"):
        with pytest.raises(TooFewRows):
            TESTS[name]([1.0], [1.0, 2.0, 3.0])
    with pytest.raises(TooFewRows):
        TESTS["anderson"]([1.0], [1.0, 2.0])
    with pytest.raises(TooFewRows):
        TESTS["energy"]([math.inf], [1.0, 2.0])
    for name in ("ks", "ks_exact", "ks_asymptotic", "mannwhitney", "energy", "hellinger", "tvd"):
        assert math.isfinite(TESTS[name]([1.0], [2.0]).statistic)


def test_that_chance_passes_the_limits_of_distances_in_one_case_of_a_hundred():
    generator = np.random.default_rng(8)
    over = dict.fromkeys(("hellinger", "energy", "tvd", "cramers_v"), 0)
    for _ in range(300):
        numbers = generator.normal(size=150), generator.normal(size=120)
        letters = tuple(generator.integers(0, 6, size).astype(str).astype(object) for size in (110, 70))
        for name in over:
            result = TESTS[name](*(numbers if name in ("hellinger", "energy") else letters))
            over[name] += result.effect > result.limit
    assert max(over.values()) <= 9


def test_that_chosen_tests_stand_beside_the_verdict_and_change_nothing():
    generator = np.random.default_rng(7)
    sides = [[ColumnSample("amount", generator.normal(shift, size=400)),
              ColumnSample("stars", generator.integers(1, 6, 400).astype(float)),
              ColumnSample("kind", np.array(["a", "b", "c"], dtype=object)[generator.integers(0, 3, 400)])]
             for shift in (0, 1)]
    plain, chosen = compare(*sides), compare(*sides, tests=("welch", "g", "fisher", "hellinger", "welch"))
    assert [(row.column, row.verdict, row.sentence) for row in plain.columns] == \
           [(row.column, row.verdict, row.sentence) for row in chosen.columns]
    beside = {row.column: {test.name: test for test in row.chosen} for row in chosen.columns}
    assert {column: set(tests) for column, tests in beside.items()} == {
        "amount": {"welch", "hellinger"}, "stars": {"welch", "g", "hellinger"}, "kind": {"g", "hellinger"}}
    assert chosen.columns[0].verdict is Verdict.ALARM
    assert beside["amount"]["welch"].beyond_chance and beside["amount"]["hellinger"].beyond_chance
    assert beside["amount"]["welch"].p_adjusted == pytest.approx(4 * beside["amount"]["welch"].p_value)
    assert all(row.chosen == () for row in plain.columns)


def test_that_an_unknown_test_is_refused_with_the_names_there_are():
    with pytest.raises(BadSettings, match="no test `kolmogorov`"):
        compare([], [], tests=("kolmogorov",))
