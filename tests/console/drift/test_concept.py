"""Outcomes beside scores: streams of errors, strata of scores, residuals, and performance without labels."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from console.drift.adwin import Adwin, adwin
from console.drift.concept import cochran_mantel_haenszel, residuals, stratified, what_moved
from console.drift.cusum import bernoulli_cusum, down_steps, limits, up_steps
from console.drift.estimated import calibration, estimated_performance
from console.drift.view import Verdict
from console.errors import TooFewRows


def errors(seed, *parts):
    """Rows of 0 and 1: (rate, rows) one after the other."""
    generator = np.random.default_rng(seed)
    return np.concatenate([(generator.random(rows) < rate).astype(float) for rate, rows in parts])


def test_that_a_rise_from_10_to_25_percent_is_seen_as_soon_as_the_survey_measured():
    delays, early = [], 0
    for seed in range(40):
        alarm = bernoulli_cusum(errors(seed, (0.10, 3000), (0.25, 1000)), 0.10).alarms[0]
        early += alarm.index < 3000
        if alarm.index >= 3000:
            delays.append(alarm.index - 3000)
            assert alarm.rising
    assert early <= 3                                    # 120,000 rows, and the limit is for one in 100,000
    assert np.median(delays) <= 130                      # 107 in the survey


def test_that_the_onset_is_where_the_sum_last_was_nothing():
    found = [bernoulli_cusum(errors(seed, (0.05, 2000), (0.4, 300)), 0.05).alarms[0] for seed in range(20)]
    assert abs(np.median([alarm.began - 2000 for alarm in found])) <= 40      # a sum is above 0 by chance at times


def test_that_a_fall_is_seen_too_where_there_is_room_for_one():
    alarm = bernoulli_cusum(errors(1, (0.30, 1000), (0.10, 1000)), 0.30).alarms[0]
    assert not alarm.rising and 1000 <= alarm.index < 1300
    assert down_steps(0.01) is None and limits(0.01)[1] == math.inf
    assert bernoulli_cusum(errors(1, (0.01, 1000), (0.0, 2000)), 0.01).alarms == ()


def test_that_the_path_is_pages_sum_and_labels_not_there_are_passed_over():
    rows = errors(3, (0.2, 300))
    steps, sum_so_far, by_hand = up_steps(0.2), 0.0, []
    for error in rows:
        sum_so_far = max(0.0, sum_so_far + steps[int(error)])
        by_hand.append(sum_so_far)
    found = bernoulli_cusum(rows, 0.2)
    assert found.up == pytest.approx(by_hand)
    with_gaps = np.full(600, np.nan)
    with_gaps[::2] = rows
    assert bernoulli_cusum(with_gaps, 0.2).up[::2] == pytest.approx(by_hand)


def test_that_several_alarms_are_told_each_from_a_new_start():
    found = bernoulli_cusum(errors(4, (0.1, 500), (0.5, 3000)), 0.1, most_alarms=5).alarms
    assert len(found) == 5
    assert all(one.index < two.began <= two.index for one, two in pairwise(found))


@pytest.mark.long
@pytest.mark.parametrize("rate", [0.02, 0.1, 0.4])
def test_that_false_alarms_come_once_in_about_a_hundred_thousand_rows(rate):
    found = bernoulli_cusum(errors(77, (rate, 3_000_000)), rate, most_alarms=1000).alarms
    assert 15 <= len(found) <= 50                        # 30 expected, sd 5.5, and the limit's own error


def test_that_adwin_is_as_quick_and_as_quiet_as_the_survey_measured():
    delays, false = [], 0
    for seed in range(12):
        found = adwin(errors(seed, (0.10, 3000), (0.25, 1000)))
        false += sum(change.index < 3000 for change in found)
        delays += [change.index - 3000 for change in found if change.index >= 3000][:1]
    assert false == 0 and len(delays) == 12
    assert 100 <= np.median(delays) <= 260               # river's median delay is 167


def test_that_adwins_window_is_its_newest_rows():
    rows = errors(5, (0.1, 700), (0.6, 700))
    window = Adwin()
    for place, value in enumerate(rows):
        window.add(value)
        if place % 97 == 0:
            kept = rows[place + 1 - window.width: place + 1]
            assert window.total == pytest.approx(kept.sum())
            assert window.squares == pytest.approx(kept.var() * len(kept), abs=1e-6)
    assert window.width < 760
    assert sum(len(level) for level in window.levels) < 60
    change = adwin(rows)[0]
    assert abs(change.began - 700) < 120 and change.before < 0.2 < change.after


ADMISSIONS = [  # P. J. Bickel et al., Science 187 (1975), as R's UCBAdmissions: men and women, admitted and rejected
    [[512, 313], [89, 19]], [[353, 207], [17, 8]], [[120, 205], [202, 391]],
    [[138, 279], [131, 244]], [[53, 138], [94, 299]], [[22, 351], [24, 317]],
]


def test_that_cochran_mantel_and_haenszel_is_the_published_one():
    # A. Agresti, Categorical data analysis: 1.5246 without correction, p 0.217; common odds ratio 0.9047 (R)
    statistic, p_value, ratio = cochran_mantel_haenszel(ADMISSIONS)
    assert (statistic, p_value, ratio) == pytest.approx((1.5246, 0.2169, 0.9046968), abs=5e-5)
    assert all(math.isnan(value) for value in cochran_mantel_haenszel([[[0, 5], [0, 4]]])[:2])


def drawn(seed, rows, a=2.0, b=2.0, chance=lambda score: score):
    generator = np.random.default_rng(seed)
    score = generator.beta(a, b, rows)
    return score, (generator.random(rows) < chance(score)).astype(float)


def test_that_a_new_mix_of_inputs_moves_no_relation():
    found = [stratified(*drawn(seed, 3000), *drawn(900 + seed, 2000, a=4.0)) for seed in range(40)]
    assert sum(one.verdict is not Verdict.NONE for one in found) <= 4
    assert sum(one.result.p_value < 0.05 for one in found) <= 6


def test_that_few_rows_are_seldom_an_alarm_where_nothing_moved():
    found = [stratified(*drawn(seed, 1000), *drawn(5000 + seed, 500)).verdict for seed in range(100)]
    assert sum(one is Verdict.ALARM for one in found) <= 3
    assert sum(one is not Verdict.NONE for one in found) <= 9


def test_that_outcomes_that_rise_at_the_same_score_are_seen():
    found = stratified(*drawn(1, 4000), *drawn(2, 4000, chance=lambda score: np.minimum(1, score + 0.1)))
    assert found.verdict is Verdict.ALARM
    assert found.result.method == "cmh" and found.result.effect == pytest.approx(0.1, abs=0.03)
    assert len(found.strata) == 10 and found.odds_ratio < 1


def test_that_a_relation_that_turned_around_is_seen_though_no_share_changed():
    before, after = drawn(3, 2000), drawn(4, 2000, chance=lambda score: 1 - score)
    assert before[1].mean() == pytest.approx(after[1].mean(), abs=0.03)
    found = stratified(*before, *after)
    assert (found.verdict, found.result.method) == (Verdict.ALARM, "strata")
    assert found.result.effect > 0.2


def test_that_scores_without_labels_are_left_out_and_few_say_nothing():
    score, label = drawn(5, 1000)
    label[::2] = np.nan
    assert stratified(score, label, *drawn(6, 600)).result.n_reference == 500
    with pytest.raises(TooFewRows):
        stratified(*drawn(5, 40), *drawn(6, 40))
    with pytest.raises(TooFewRows):
        stratified(score, np.full(1000, np.nan), *drawn(6, 600))
    with pytest.raises(ValueError, match="0 and 1"):
        stratified(score, label + 1, *drawn(6, 600))
    still = stratified(score, np.zeros(1000), score, np.zeros(1000))
    assert (still.result.p_value, still.verdict) == (1.0, Verdict.NONE)


def regression(seed, rows, mean=0.0, slope=1.0, offset=0.0):
    generator = np.random.default_rng(seed)
    predicted = generator.normal(mean, 1, rows)
    return predicted, slope * predicted + offset + generator.normal(size=rows)


def test_that_residuals_move_with_the_relation_and_not_with_the_inputs():
    quiet = [residuals(*regression(seed, 2000), *regression(700 + seed, 2000, mean=1.0)) for seed in range(25)]
    assert sum(one.verdict is not Verdict.NONE for one in quiet) <= 3
    assert residuals(*regression(1, 3000), *regression(2, 3000, offset=0.5)).verdict is Verdict.ALARM
    turned = residuals(*regression(1, 3000), *regression(2, 3000, slope=-1.0))
    assert turned.verdict is Verdict.ALARM
    assert (turned.slope_reference, turned.slope_current) == pytest.approx((1, -1), abs=0.06)
    assert turned.slope_p < 1e-12


def test_that_one_sentence_says_which_of_the_three_moved():
    none, alarm = Verdict.NONE, Verdict.ALARM
    assert what_moved(none, none, none) == "No difference shown: neither P(X) nor P(Y) nor P(Y|X) moved."
    assert "P(Y|X) moved, and the inputs too" in what_moved(alarm, none, alarm)
    assert "at the same score outcomes are as before" in what_moved(alarm, alarm, none)
    assert "nothing is known" in what_moved(none, none, None)
    assert "Too few labels" in what_moved(none, none, Verdict.TOO_FEW)


def test_that_performance_without_labels_is_what_labels_turn_out_to_give():
    held = {"accuracy": 0, "precision": 0, "recall": 0, "auc": 0}
    for seed in range(60):
        score, label = drawn(seed, 800, a=1.0, b=2.0)
        found = estimated_performance(score)
        positive = score >= 0.5
        ranks = stats.rankdata(score)
        hits = int(label.sum())
        real = {"accuracy": (positive == label).mean(), "precision": label[positive].mean(),
                "recall": positive[label == 1].mean(),
                "auc": (ranks[label == 1].sum() - hits * (hits + 1) / 2) / (hits * (800 - hits))}
        for name, value in real.items():
            band = getattr(found, name)
            held[name] += band.low <= value <= band.high
    assert all(52 <= count <= 60 for count in held.values()), held
    assert "P(Y|X)" in found.assumption


def test_that_scores_are_calibrated_on_the_reference_first():
    score, label = drawn(1, 20_000, chance=lambda score: score**2)
    found = calibration(score, label)
    assert np.interp([0.3, 0.7], *found) == pytest.approx([0.09, 0.49], abs=0.04)
    after, truth = drawn(2, 5000, a=3.0, chance=lambda score: score**2)
    assert estimated_performance(after, calibrated=found).positive_rate.value == pytest.approx(truth.mean(), abs=0.03)
    with pytest.raises(ValueError, match="calibrated"):
        estimated_performance(np.linspace(-3, 3, 50))
    with pytest.raises(TooFewRows):
        estimated_performance([0.5] * 20)
    assert math.isnan(estimated_performance([0.1] * 40).precision.value)
