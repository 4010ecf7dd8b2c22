"""Every test and distance against numbers that it did not make: counted by hand, published, or scipy's."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

from console.drift import TESTS
from console.drift.chi2 import chi_square, compared_table
from console.drift.counts import count_values, side_by_side
from console.drift.js import jensen_shannon
from console.drift.ks import kolmogorov_smirnov
from console.drift.proportions import fisher, newcombe, proportions, two_proportions
from console.drift.psi import population_stability_index
from console.drift.unseen import unseen_values
from console.drift.wasserstein import wasserstein
from console.errors import TooFewRows

ORDERINGS = [  # p counted by hand: of all ways to order the rows, the share at least as far apart
    pytest.param([1, 2, 3], [4, 5, 6], 1.0, 2 / 20, id="no overlap"),
    pytest.param([1, 2], [3, 4], 1.0, 2 / 6, id="two against two"),
    pytest.param([1, 3, 5], [2, 4, 6], 1 / 3, 1.0, id="interleaved"),
]


@pytest.mark.parametrize("reference, current, distance, p_value", ORDERINGS)
def test_that_the_exact_p_value_is_the_share_of_orderings_as_far_apart(reference, current, distance, p_value):
    result = kolmogorov_smirnov(reference, current)
    assert (result.statistic, result.p_value) == pytest.approx((distance, p_value))


@pytest.mark.parametrize("seed", range(6))
def test_that_d_and_p_are_scipys_with_ties_infinities_and_unequal_sizes(seed):
    generator = np.random.default_rng(seed)
    reference = np.round(generator.normal(size=40 + 13 * seed), 1)
    current = np.round(generator.normal(0.4, size=97 - 11 * seed), 1)
    reference[:3], current[:2] = np.inf, -np.inf
    ours = kolmogorov_smirnov(np.append(reference, np.nan), current)
    theirs = stats.ks_2samp(reference, current, method="exact")
    assert (ours.statistic, ours.p_value, ours.n_reference) == pytest.approx(
        (theirs.statistic, theirs.pvalue, len(reference)))


def test_that_the_limit_law_agrees_with_scipys_slower_one():
    generator = np.random.default_rng(3)
    reference, current = generator.normal(size=30_000), generator.normal(0.012, size=20_000)
    ours, theirs = kolmogorov_smirnov(reference, current), stats.ks_2samp(reference, current, method="asymp")
    assert ours.method == "limit"
    assert ours.statistic == pytest.approx(theirs.statistic, abs=1e-12)
    assert ours.p_value == pytest.approx(theirs.pvalue, rel=0.02)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("rows", [23, 60, 1999])
def test_that_samples_as_near_as_can_be_have_a_p_of_one(rows):
    assert kolmogorov_smirnov(np.arange(rows), np.arange(rows) + 0.5).p_value == 1


def test_that_the_widest_gap_is_found_where_it_is():
    assert kolmogorov_smirnov([1, 2, 3, 4], [3, 4, 5, 6]).extra["at"] in (2, 3)


def test_that_chi_square_is_the_textbooks():
    # A. Agresti, An introduction to categorical data analysis (2007), p. 39; as in R's help of chisq.test
    women = ["democrat"] * 762 + ["independent"] * 327 + ["republican"] * 468
    men = ["democrat"] * 484 + ["independent"] * 239 + ["republican"] * 477
    result = chi_square(women, men)
    assert result.statistic == pytest.approx(30.07, abs=0.005)
    assert result.p_value == pytest.approx(2.954e-07, rel=1e-3)


@pytest.mark.parametrize("seed", range(4))
def test_that_chi_square_is_scipys_two_sample_one_without_correction(seed):
    generator = np.random.default_rng(seed)
    reference, current = generator.integers(0, 4, 300), generator.integers(0, 4, 210)
    counts = np.array([np.bincount(side, minlength=4) for side in (reference, current)])
    theirs = stats.chi2_contingency(counts, correction=False)
    ours = chi_square(reference, current)
    assert (ours.statistic, ours.p_value) == pytest.approx((theirs.statistic, theirs.pvalue))


def test_that_cramers_v_loses_its_bias():
    # by hand: chi2 = 20, N = 200, k = 2: phi2 = 0.1 - 1/199, sides 2 - 1/199 both; V = sqrt(phi2 / (1 - 1/199))
    result = chi_square(["a"] * 50 + ["b"] * 50, ["a"] * 50 + ["b"] * 50)
    assert result.extra["cramers_v"] == 0
    result = chi_square(["a"] * 70 + ["b"] * 30, ["a"] * 30 + ["b"] * 70)   # chi2 = 200 * (0.4)^2 = 32
    assert result.statistic == pytest.approx(32)
    assert result.extra["cramers_v"] == pytest.approx(math.sqrt((0.16 - 1 / 199) / (1 - 1 / 199)))


def test_that_the_effect_is_the_total_variation_above_that_of_chance():
    result = chi_square(["a"] * 70 + ["b"] * 30, ["a"] * 30 + ["b"] * 70)
    chance = math.sqrt(2 / math.pi * 0.25 * (1 / 100 + 1 / 100))            # two cells of this, halved
    assert result.extra["tvd"] == pytest.approx(0.4)
    assert result.effect == pytest.approx(0.4 - chance)


def test_that_the_distance_of_chance_is_what_chance_gives():
    generator = np.random.default_rng(5)
    found = [chi_square(generator.integers(0, 8, 400), generator.integers(0, 8, 900)).extra for _ in range(300)]
    mean = np.mean([extra["tvd"] for extra in found])
    assert mean == pytest.approx(np.mean([extra["by_chance"] for extra in found]), rel=0.05)


def test_that_rare_categories_are_pooled_until_five_are_expected():
    counts = {"a": 40, "b": 40, "c": 3, "d": 2, "e": 1}
    pooled = compared_table(side_by_side(counts, counts))
    assert pooled.labels == ("a", "b", "(other)")
    assert pooled.reference.tolist() == [40, 40, 6]
    pooled = compared_table(side_by_side({"a": 40, "b": 30, "c": 2}, {"a": 40, "b": 30, "c": 1}))
    assert pooled.labels == ("a", "(other)")                                 # c alone is too rare for a cell
    assert pooled.reference.tolist() == [40, 32]


def test_that_five_are_expected_on_the_smaller_side():
    pooled = compared_table(side_by_side({"a": 500, "b": 480, "c": 20}, {"a": 50, "b": 48, "c": 2}))
    assert pooled.labels == ("a", "(other)")                                 # c: 2 expected of 100, beside 20 of 1,000


def test_that_fisher_answers_for_small_two_by_two_tables():
    result = chi_square(["tea"] * 3 + ["milk"], ["tea"] + ["milk"] * 3)      # R: fisher.test(TeaTasting), p = 0.4857
    assert (result.method, result.p_value) == ("fisher", pytest.approx(0.4857, abs=5e-5))
    assert fisher(3, 1, 1, 3) == pytest.approx(34 / 70)                      # by hand: 1 - 36/70


def test_that_more_than_fifty_categories_become_forty_nine_and_the_rest():
    values = np.repeat([f"v{i:03}" for i in range(80)], 10).astype(object)
    table = compared_table(side_by_side(count_values(values).counts, count_values(values).counts))
    assert len(table.labels) == 50
    assert table.reference[-1] == (80 - 49) * 10


def test_that_the_share_of_values_never_seen_before_is_told():
    assert chi_square(["a", "b"] * 50, ["a"] * 75 + ["z"] * 25).extra["unseen"] == 0.25


def test_that_three_rows_a_side_with_new_labels_prove_nothing():
    assert chi_square(["a"] * 3, ["b"] * 3).p_value == pytest.approx(2 / 20)


def published_intervals():
    with (Path(__file__).parents[2] / "reference" / "newcombe_1998.csv").open() as lines:
        return list(csv.DictReader(line for line in lines if not line.startswith("#")))


@pytest.mark.parametrize("example", published_intervals(), ids=lambda row: f"{row['hits_1']} of {row['n_1']}")
def test_that_newcombes_interval_is_the_published_one(example):
    first, second = ((int(example[f"hits_{i}"]), int(example[f"n_{i}"])) for i in (1, 2))
    assert newcombe(*second, *first) == pytest.approx((float(example["low"]), float(example["high"])), abs=5e-5)


def test_that_two_large_shares_are_compared_by_the_pooled_z():
    result = two_proportions(200, 1000, 260, 1000)
    theirs = stats.chi2_contingency([[200, 800], [260, 740]], correction=False)
    assert result.statistic**2 == pytest.approx(theirs.statistic)
    assert result.p_value == pytest.approx(theirs.pvalue)
    assert result.effect == pytest.approx(0.06)


def test_that_few_hits_are_compared_exactly():
    result = two_proportions(0, 100, 6, 100)
    assert (result.method, result.p_value) == ("fisher", pytest.approx(stats.fisher_exact([[0, 100], [6, 94]]).pvalue))


def test_that_shares_of_anything_but_zero_and_one_are_refused():
    with pytest.raises(ValueError, match="0 and 1"):
        proportions([0, 1, 2], [0, 1, 1])


def test_that_psi_is_the_sum_done_by_hand():
    reference, current = [0.5] * 50 + [1.5] * 50, [0.5] * 40 + [1.5] * 60
    by_hand = 0.1 * math.log(5 / 4) + 0.1 * math.log(6 / 5)
    assert population_stability_index(reference, current, edges=[0, 1, 2]).statistic == pytest.approx(by_hand)
    letters = population_stability_index(["a"] * 50 + ["b"] * 50, ["a"] * 40 + ["b"] * 60)
    assert letters.statistic == pytest.approx(by_hand)


def test_that_an_empty_bin_counts_half_a_row():
    result = population_stability_index([0.5] * 50 + [1.5] * 50, [0.5] * 100, edges=[0, 1, 2])
    assert result.statistic == pytest.approx(-0.5 * math.log(0.5) + (0.5 - 0.005) * math.log(0.5 / 0.005))


def test_that_what_lies_outside_the_edges_counts_in_the_end_bins():
    inside = population_stability_index([0.5, 0.5, 1.5], [0.5, 1.5, 1.5], edges=[0, 1, 2])
    outside = population_stability_index([-9, 0.5, 99], [0.5, 2, np.inf], edges=[0, 1, 2])
    assert outside.statistic == inside.statistic


def test_that_chance_passes_the_size_aware_limits_in_one_case_of_a_hundred():
    generator = np.random.default_rng(9)
    over = {"psi": 0, "js": 0, "wasserstein": 0}
    for _ in range(400):
        reference, current = generator.normal(size=150), generator.normal(size=120)
        for name in over:
            result = TESTS[name](reference, current)
            assert result.limit > 0.1
            over[name] += result.effect > result.limit
    assert max(over.values()) <= 14


def test_that_the_test_of_new_values_keeps_its_level():
    generator = np.random.default_rng(6)
    shares = 1 / np.arange(1, 1001) ** 0.7
    small = 0
    for _ in range(400):
        counts = [np.bincount(generator.choice(1000, rows, p=shares / shares.sum()), minlength=1000)
                  for rows in (1500, 4000)]
        table = side_by_side(*({f"{i}": int(n) for i, n in enumerate(side) if n} for side in counts))
        small += unseen_values(table).p_value < 0.05
    assert 8 <= small <= 32


def test_that_a_constant_reference_shows_values_above_and_below_it():
    assert population_stability_index([3.0] * 100, [4.0] * 100).statistic > 1
    assert population_stability_index([3.0] * 100, [2.0] * 100).statistic > 1
    assert population_stability_index([3.0] * 100, [3.0] * 50).statistic == 0


def test_that_jensen_shannon_is_scipys_distance_and_ends_at_the_root_of_ln_two():
    reference, current = ["a"] * 50 + ["b"] * 30 + ["c"] * 20, ["a"] * 10 + ["b"] * 80 + ["d"] * 10
    assert jensen_shannon(reference, current).statistic == pytest.approx(
        jensenshannon([0.5, 0.3, 0.2, 0], [0.1, 0.8, 0, 0.1]))
    assert jensen_shannon(["a"] * 5, ["b"] * 7).statistic == pytest.approx(math.sqrt(math.log(2)))


def test_that_wasserstein_is_the_mean_way_travelled():
    assert wasserstein([0, 1, 3], [5, 6, 8]).statistic == pytest.approx(5)
    generator = np.random.default_rng(1)
    reference, current = generator.gamma(2, size=333), np.round(generator.gamma(3, size=500), 1)
    result = wasserstein(reference, np.append(current, [np.nan, np.inf]))
    assert result.statistic == pytest.approx(stats.wasserstein_distance(reference, current))
    assert result.effect == pytest.approx(result.statistic / stats.iqr(reference))


@pytest.mark.parametrize("name", TESTS)
def test_that_a_side_without_a_value_is_too_few_for_any_test(name):
    with pytest.raises(TooFewRows):
        TESTS[name]([float("nan")] * 3, [1.0, 0.0])
    with pytest.raises(TooFewRows):
        TESTS[name]([1.0, 0.0], [])


@pytest.mark.parametrize("name", TESTS)
def test_that_equal_samples_are_no_distance_apart(name):
    result = TESTS[name]([0, 1, 1, 0, 1], [0, 1, 1, 0, 1])
    assert result.effect == 0
    assert math.isnan(result.p_value) or result.p_value == {"anderson": 0.25, "unseen": 0.5}.get(name, 1)
