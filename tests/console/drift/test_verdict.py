"""The rule that makes a verdict, and the adjustment for many tests."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from console.drift.verdict import (
    Scale,
    benjamini_hochberg,
    detectable_difference,
    detectable_distance,
    detectable_variation,
    judge,
    worst,
)
from console.drift.view import Verdict

D, RATE = Scale.DISTANCE, Scale.RATE


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_that_the_adjustment_is_scipys(p_values):
    assert benjamini_hochberg(p_values) == pytest.approx(stats.false_discovery_control(p_values))


def test_that_four_of_the_fifteen_published_p_values_survive():
    published = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719,
                 0.6528, 0.7590, 1.0]                                # Benjamini and Hochberg 1995, section 4.1
    assert int((benjamini_hochberg(published) <= 0.05).sum()) == 4


def test_that_no_test_needs_no_adjustment():
    assert benjamini_hochberg([]).tolist() == []


RULE = [
    pytest.param(0.049, 0.10, D, 30, 30, Verdict.ALARM, id="both limits met"),
    pytest.param(0.049, 0.099, D, 30, 30, Verdict.WATCH, id="effect of a watch"),
    pytest.param(0.049, 0.049, D, 30, 30, Verdict.NONE, id="real and too little to matter"),
    pytest.param(0.05, 0.5, D, 30, 30, Verdict.NONE, id="large and no more than chance"),
    pytest.param(1e-9, 0.9, D, 29, 500, Verdict.TOO_FEW, id="too few in the reference"),
    pytest.param(1e-9, 0.9, D, 500, 29, Verdict.TOO_FEW, id="too few in the current window"),
    pytest.param(0.01, 0.01, RATE, 500, 500, Verdict.WATCH, id="one point"),
    pytest.param(0.01, -0.03, RATE, 500, 500, Verdict.ALARM, id="three points down"),
    pytest.param(0.01, 0.009, RATE, 500, 500, Verdict.NONE, id="under a point"),
    pytest.param(float("nan"), 0.9, D, 500, 500, Verdict.NONE, id="no p, no drift"),
]


@pytest.mark.parametrize("p, effect, scale, n, m, verdict", RULE)
def test_that_a_verdict_needs_significance_and_size(p, effect, scale, n, m, verdict):
    assert judge(p, effect, scale, n, m) is verdict


def test_that_one_column_that_could_be_judged_outweighs_those_with_too_few_values():
    assert worst([Verdict.TOO_FEW, Verdict.NONE]) is Verdict.NONE
    assert worst([Verdict.NONE, Verdict.WATCH, Verdict.TOO_FEW, Verdict.ALARM]) is Verdict.ALARM
    assert worst([]) is Verdict.TOO_FEW


def test_that_the_least_visible_d_is_the_one_with_p_of_one_percent():
    d = detectable_distance(5000, 4000)
    assert stats.ks_2samp([0], [0]).pvalue == 1                        # scipy is there; its limit law judges ours
    assert stats.kstwobign.sf(d * np.sqrt(5000 * 4000 / 9000)) == pytest.approx(0.01, rel=1e-6)
    assert detectable_distance(2, 2) == 1


def test_that_the_least_visible_variation_is_significant_however_it_is_spread():
    n, m, k = 4000, 3000, 6
    variation = detectable_variation(n, m, k)
    shift = np.array([1, 1, 1, -1, -1, -1]) * variation / 3            # spread evenly over even shares: the worst case
    p, q = np.full(k, 1 / k), np.full(k, 1 / k) + shift
    assert stats.chi2_contingency([n * p, m * q], correction=False).pvalue == pytest.approx(0.01, rel=0.1)


def test_that_the_least_visible_difference_has_p_of_one_percent():
    step = detectable_difference(600, 2000, 2000)
    hits = [300 - 1000 * step, 300 + 1000 * step]
    table = [[hit, 2000 - hit] for hit in hits]
    assert stats.chi2_contingency(table, correction=False).pvalue == pytest.approx(0.01, rel=0.05)
