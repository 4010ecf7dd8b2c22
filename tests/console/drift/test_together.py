"""Columns taken together: the domain classifier, and correlations that change."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from console.drift.classifier import auc_interval, domain_classifier, rank_sum
from console.drift.correlation import correlation_changes, fisher_z
from console.errors import TooFewRows


def side(generator, rows, *, shift=0.0, correlation=0.0, spread=1.0):
    a = generator.normal(size=rows)
    return {"a": a, "b": correlation * a + math.sqrt(1 - correlation**2) * generator.normal(size=rows),
            "c": generator.normal(shift, spread, rows),
            "kind": np.array(["x", "y", None], dtype=object)[generator.integers(0, 3, rows)]}


def test_that_windows_alike_cannot_be_told_apart():
    small, covered = 0, 0
    for seed in range(40):
        generator = np.random.default_rng(seed)
        found = domain_classifier(side(generator, 300), side(generator, 250))
        small += found.p_value < 0.05
        covered += found.low <= 0.5 <= found.high
    assert small <= 5
    assert covered >= 35


def test_that_the_column_that_moved_gives_the_windows_away():
    generator = np.random.default_rng(1)
    found = domain_classifier(side(generator, 800), side(generator, 700, shift=1.0))
    assert found.auc == pytest.approx(stats.norm.cdf(1 / math.sqrt(2)), abs=0.03)      # of a shift of one deviation
    assert found.low < found.auc < found.high
    assert found.p_value < 1e-12
    assert found.columns[0].column == "c"
    assert found.columns[0].auc_lost > 0.2 > 0.02 > abs(found.columns[1].auc_lost)


@pytest.mark.parametrize("change, columns", [({"correlation": 0.8}, {"a", "b"}), ({"spread": 2.5}, {"c"})],
                         ids=["correlation", "spread"])
def test_that_a_change_no_mean_shows_is_seen(change, columns):
    generator = np.random.default_rng(2)
    found = domain_classifier(side(generator, 1500), side(generator, 1500, **change))
    assert found.auc > 0.6 and found.p_value < 1e-9
    assert {column.column for column in found.columns[: len(columns)]} == columns


def test_that_texts_missing_values_and_wild_ones_take_part():
    generator = np.random.default_rng(3)
    before, after = side(generator, 500), side(generator, 500)
    after["kind"][:200] = "new"
    found = domain_classifier(before, after)
    assert (found.columns[0].column, found.p_value < 1e-6) == ("kind", True)
    before, after = side(generator, 500), side(generator, 500)
    after["a"][:150] = np.nan
    assert domain_classifier(before, after).columns[0].column == "a"
    before, after = side(generator, 400), side(generator, 400, shift=1.0)
    tame = domain_classifier(before, after).auc
    before["c"][0] = 1e6
    assert domain_classifier(before, after).auc == pytest.approx(tame, abs=0.01)


def test_that_many_rows_are_thinned_and_few_refused():
    generator = np.random.default_rng(4)
    rows = {"a": generator.normal(size=30_000)}
    found = domain_classifier(rows, {"a": generator.normal(size=4_000)})
    assert (found.n_reference, found.n_current) == (16_000, 4_000)
    assert abs(found.auc - 0.5) < 0.03
    with pytest.raises(TooFewRows):
        domain_classifier({"a": np.arange(20.0)}, rows)
    with pytest.raises(ValueError, match="both sides"):
        domain_classifier({"a": np.arange(40.0)}, {"b": np.arange(40.0)})
    still = domain_classifier({"a": np.ones(40)}, {"a": np.ones(50)})
    assert (still.auc, still.p_value) == (0.5, 1.0)


def test_that_auc_and_p_are_mann_and_whitneys():
    generator = np.random.default_rng(5)
    scores, y = generator.normal(size=90).round(1), (np.arange(90) % 3 == 0).astype(float)
    theirs = stats.mannwhitneyu(scores[y == 1], scores[y == 0], alternative="greater", method="asymptotic")
    auc, p_value = rank_sum(scores, y)
    assert (auc * 30 * 60, p_value) == pytest.approx((theirs.statistic, theirs.pvalue), rel=1e-9)
    # J. A. Hanley and B. J. McNeil (1982), table II: area 0.893 of 51 abnormal and 58 normal, standard error 0.0319
    low, high = auc_interval(0.893, 58, 51)
    assert (high - low) / 2 / 1.959963984540054 == pytest.approx(0.0319, abs=0.002)


def test_that_fishers_z_is_the_textbooks():
    # r = 0.5 of 103 against 0.3 of 53: (atanh 0.3 - atanh 0.5) / sqrt(1/100 + 1/50)
    by_hand = (math.atanh(0.3) - math.atanh(0.5)) / math.sqrt(0.03)
    assert fisher_z(0.5, 103, 0.3, 53, variance=1) == pytest.approx(by_hand)


def test_that_the_pair_whose_correlation_changed_comes_first_and_others_stay_quiet():
    generator = np.random.default_rng(6)
    found = correlation_changes(side(generator, 600), side(generator, 500, correlation=0.5))
    assert [(found[0].column, found[0].other)] == [("a", "b")]
    assert abs(found[0].reference) < 0.1 and found[0].current == pytest.approx(0.48, abs=0.1)
    assert found[0].p_adjusted < 1e-6 and found[0].p_adjusted == pytest.approx(3 * found[0].p_value)
    assert len(found) == found[0].n_pairs == 3
    small = 0
    for seed in range(60):
        generator = np.random.default_rng(seed)
        same = correlation_changes(side(generator, 150, correlation=0.4), side(generator, 90, correlation=0.4))
        small += min(change.p_adjusted for change in same) < 0.05
    assert small <= 7


def test_that_pairs_without_enough_rows_or_variation_are_left_out():
    generator = np.random.default_rng(7)
    a, b = side(generator, 100), side(generator, 100)
    a["a"][:80] = np.nan
    b["c"][:] = 4.0
    assert correlation_changes(a, b) == ()
