"""Distances over time, and what is told from them, on counts whose story is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ks_2samp, mannwhitneyu

from console.drift.course_view import DriftKind, RowGroup
from console.drift.courses import Axis, by_size, ranking_row, rate_row, values_row
from console.drift.ks import MEAN_BY_CHANCE
from console.drift.outcome_courses import Told, ranking, relation
from console.drift.over_time import Counted, distances, number_cuts, rates
from console.drift.regimes import nearest, segments
from console.drift.summary import match_words, summary
from console.drift.view import Verdict
from console.window import Window

MONDAY = 1_772_409_600.0        # 2 March 2026, 0:00 UTC
BUCKETS, ROWS, QUARTER = 60, 400, 15


def axis(rows=1):
    return Axis(MONDAY + np.arange(BUCKETS) * 6 * 3600.0, 6 * 3600.0, False, np.arange(BUCKETS) < QUARTER, rows)


def counted(values):
    """Values of shape (buckets, rows), counted by the quantiles of the first quarter."""
    cuts, ordered = number_cuts(np.sort(values[:QUARTER].ravel()))
    counts = np.array([np.bincount(np.searchsorted(cuts, one, "right"), minlength=len(cuts) + 1) for one in values],
                      dtype=float)
    return Counted(counts, counts[:QUARTER].sum(axis=0), ordered, np.arange(BUCKETS) < QUARTER)


def normal(seed, shift=None):
    values = np.random.default_rng(seed).normal(size=(BUCKETS, ROWS))
    return values if shift is None else values + np.asarray(shift)[:, None]


def row_of(column, values, group=RowGroup.INPUT, rows=1):
    one = counted(values)
    return values_row(column, group, distances(one), axis(rows), ordered=one.ordered)


BUCKET = np.arange(BUCKETS)


def auc(truth, score):
    """Mann and Whitney's U over the number of pairs."""
    return mannwhitneyu(score[truth], score[~truth]).statistic / (truth.sum() * (~truth).sum())


def test_that_the_distance_is_scipys_to_within_a_bin_and_a_part_of_the_reference_is_held_to_the_rest_of_it():
    values = normal(1, 0.5 * (BUCKET >= 40))
    found = distances(counted(values))
    rest = np.delete(values[:QUARTER], 3, axis=0).ravel()
    for bucket, reference in ((50, values[:QUARTER].ravel()), (3, rest)):
        chance = MEAN_BY_CHANCE * np.sqrt(1 / ROWS + 1 / len(reference))
        exact = ks_2samp(reference, values[bucket]).statistic
        assert exact - 1 / 256 - 1e-9 <= found.effect[bucket] + chance <= exact + 1e-9
    assert abs(np.mean(found.effect[:40])) < 0.01           # chance is taken out, inside the reference and after it


def test_that_the_leaning_of_a_mixture_is_linear_in_what_is_mixed_in():
    share = np.clip((BUCKET - 20) / 40, 0, 1)
    generator = np.random.default_rng(2)
    other = generator.random((BUCKETS, ROWS)) < share[:, None]
    found = distances(counted(normal(3) + 3 * other))
    assert np.corrcoef(found.leaning, share)[0, 1] > 0.99
    assert found.leaning[:QUARTER].mean() == pytest.approx(0, abs=0.01)


def test_that_few_whole_numbers_and_labels_are_told_apart_value_by_value():
    cuts, ordered = number_cuts(np.array([0.0, 0.0, 1.0, 1.0, 2.0]))
    assert not ordered
    assert len(set(np.searchsorted(cuts, [0, 1, 2, 3], "right").tolist())) == 4
    counts = np.tile([50.0, 30.0, 20.0], (BUCKETS, 1))
    counts[40:] = [30.0, 30.0, 40.0]
    found = distances(Counted(counts, counts[:QUARTER].sum(axis=0), False, BUCKET < QUARTER))
    assert found.leaning[-1] == pytest.approx(0.2)          # a fifth of the rows moved to the last value
    assert found.leaning[0] == pytest.approx(0)


KINDS = [
    pytest.param(None, DriftKind.NONE, None, id="none"),
    pytest.param(0.8 * (BUCKET >= 36), DriftKind.SUDDEN, 36, id="sudden"),
    pytest.param(np.clip((BUCKET - 20) / 30, 0, 1), DriftKind.GRADUAL, 20, id="gradual"),
    pytest.param(0.8 * ((BUCKET // 11) % 2), DriftKind.RECURRING, 11, id="recurring"),
    pytest.param(0.8 * ((BUCKET >= 30) & (BUCKET < 35)), DriftKind.TRANSIENT, 30, id="transient"),
    pytest.param(0.5 * np.sin(2 * np.pi * BUCKET / 4), DriftKind.NONE, None, id="day"),
    pytest.param(0.01 * (BUCKET >= 36), DriftKind.NONE, None, id="too little to matter"),
]


@pytest.mark.parametrize("shift, kind, onset", KINDS)
def test_that_the_kind_of_a_column_is_told_with_its_onset(shift, kind, onset):
    row = row_of("price", normal(5, shift), rows=20)
    assert row.kind is kind, row.sentence
    if onset is None:
        assert row.verdict is Verdict.NONE
        assert row.onset is None
    else:
        assert row.verdict is Verdict.ALARM
        buckets_off = abs(row.onset.timestamp() - (MONDAY + onset * 6 * 3600)) / (6 * 3600)
        assert buckets_off <= (3 if kind is DriftKind.GRADUAL else 1)
        assert row.onset_low <= row.onset <= row.onset_high
        assert row.shades[onset + 8 if kind is DriftKind.GRADUAL else onset] > row.shades[2]


def test_that_a_sentence_says_what_when_and_how_far():
    row = row_of("amount", normal(5, 0.8 * (BUCKET >= 36)))
    assert row.sentence.startswith("amount rose at once, on 11 Mar 2026 00:00 UTC: D 0.3")
    assert row.sentence.endswith("(alarm at D 0.10).")
    hits = np.where(BUCKET >= 36, 60.0, 20.0)
    found = rates(hits, np.full(BUCKETS, 400.0), 20.0 * QUARTER, 400.0 * QUARTER, BUCKET < QUARTER)
    missing = rate_row("amount", "amount missing", "missing", RowGroup.INPUT, found, axis())
    assert missing.sentence == ("amount missing rose at once, on 11 Mar 2026 00:00 UTC: 5.00 % → 15.0 % "
                                "(alarm at 3 points).")
    assert missing.alarms[36:].all()
    assert not missing.alarms[:36].any()


def test_that_one_row_among_noughts_is_no_change():
    n = np.full(BUCKETS, 60.0)
    hits = np.where(BUCKET == 40, 1.0, 0.0)
    found = rates(hits, n, 0.0, 60.0 * QUARTER, BUCKET < QUARTER)
    assert rate_row("x", "x missing", "missing", RowGroup.INPUT, found, axis()).kind is DriftKind.NONE
    hits = np.where(BUCKET == 40, 9.0, 0.0)
    found = rates(hits, n, 0.0, 60.0 * QUARTER, BUCKET < QUARTER)
    assert rate_row("x", "x missing", "missing", RowGroup.INPUT, found, axis()).kind is DriftKind.TRANSIENT


def test_that_too_few_rows_are_said_to_be_too_few():
    values = normal(1)[:, :20]
    row = row_of("price", values)
    assert row.kind is DriftKind.TOO_FEW
    assert np.isnan(row.values).all()
    assert summary((row,), axis(), 1).kind is DriftKind.TOO_FEW


def scored(seed, turned=False, mixed=False):
    """Outcomes that follow the score; from bucket 36 on turned around, or at other scores."""
    generator = np.random.default_rng(seed)
    score = generator.beta(2, 8, size=(BUCKETS, 2000))
    if mixed:
        score[36:] = generator.beta(3, 8, size=(BUCKETS - 36, 2000))
    chance = np.where((BUCKET >= 36)[:, None] & turned, 0.4 - score, score).clip(0, 1)
    truth = generator.random(score.shape) < chance
    cuts = np.quantile(score[:QUARTER], np.arange(1, 32) / 32)
    cell = np.searchsorted(cuts, score, "right")
    n = np.array([np.bincount(one, minlength=32) for one in cell], dtype=float)
    hits = np.array([np.bincount(one, weights=told, minlength=32) for one, told in zip(cell, truth, strict=True)])
    return Told(n, hits, n[:QUARTER].sum(axis=0), hits[:QUARTER].sum(axis=0), BUCKET < QUARTER), score, truth


def test_that_the_order_of_outcomes_is_that_of_mann_and_whitney():
    told, score, truth = scored(4)
    found = ranking(told)
    whole = auc(truth[:QUARTER].ravel(), score[:QUARTER].ravel())
    assert found.reference == pytest.approx(whole, abs=0.005)
    assert found.effect[50] == pytest.approx(auc(truth[50], score[50]) - whole, abs=0.01)


def test_that_a_relation_stays_when_only_scores_move_and_its_turning_is_concept_drift():
    told, *_ = scored(4, mixed=True)
    rate = rates(told.hits.sum(axis=1), told.n.sum(axis=1), told.reference_hits.sum(), told.reference_n.sum(),
                 told.inside)
    assert rate_row("y", "y", "rate", RowGroup.OUTCOME, rate, axis()).kind is DriftKind.SUDDEN
    assert rate_row("y", "y at s", "relation", RowGroup.RELATION, relation(told), axis()).kind is DriftKind.NONE
    still = row_of("price", normal(6))
    told, *_ = scored(4, turned=True)
    order = ranking_row("y", "order of y", ranking(told), axis())
    assert order.kind is DriftKind.SUDDEN
    found = summary(by_size([still, order]), axis(), 1)
    assert found.kind is DriftKind.CONCEPT
    assert found.sentence.endswith("Inputs and predictions did not move.")
    moved = row_of("price", normal(6, 0.8 * (BUCKET >= 36)))
    assert summary(by_size([moved, order]), axis(), 1).kind is DriftKind.SUDDEN     # inputs explain it


def test_that_a_regime_that_came_back_is_known_again():
    level = 0.8 * ((BUCKET // 15) % 2)
    columns = [counted(normal(7, level)), counted(normal(8))]
    stretches = segments([15, 30, 16, 45], BUCKETS)
    assert stretches == ((0, 15), (15, 30), (30, 45), (45, 60)) or stretches[1][0] in (15, 16)
    found = nearest(columns, [one for one in stretches if one[1] <= 45], 45, 60)
    assert found.like
    assert (found.first, found.last) == stretches[1]
    assert found.distance < 0.05
    lost = nearest(columns, [(0, 15)], 45, 60)
    assert not lost.like
    assert lost.column == 0
    assert nearest(columns, [], 45, 60) is None


def test_that_a_week_is_called_by_its_first_day():
    week = Window.from_epoch(MONDAY, MONDAY + 7 * 86400)
    assert match_words(week, True, 0.02, "price", relative=False) == (
        "The current window is like the week of 2 Mar: no column lies further from it than 0.0200 (price).")
    assert "like no time before; the week of 2 Mar is nearest, 0.300 away in price" in match_words(
        week, False, 0.3, "price", relative=False)


def test_that_where_no_current_window_was_chosen_the_time_since_the_last_change_is_likened():
    week = Window.from_epoch(MONDAY, MONDAY + 7 * 86400)
    since = Window.from_epoch(MONDAY + 14 * 86400, MONDAY + 28 * 86400).start
    assert match_words(week, True, 0.02, "price", relative=False, since=since) == (
        "The time since 16 Mar 2026 00:00 UTC is like the week of 2 Mar: no column lies further from it than 0.0200 "
        "(price).")
    assert match_words(week, False, 0.3, "price", relative=False, since=since).startswith(
        "The time since 16 Mar 2026 00:00 UTC is like no time before; ")
