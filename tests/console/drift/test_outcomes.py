"""Answers held against what came true: the task, what moved, what is noticed when, and what is said without labels."""

from __future__ import annotations

import math

import numpy as np
import pytest

from console.drift import ColumnSample, Verdict, compare
from console.drift.answers import Answers, Task, marking, task_of
from console.drift.maturity import Ripeness
from console.drift.outcomes import Told, judge_outcomes
from console.errors import TooFewRows
from console.window import Window

START = 1_772_000_000.0
STEP = 60.0                       # a request a minute
TOLD = Told("score", "repaid", math.nan, 6 * 3600.0)


def nothing(n):
    return np.full(n, np.nan)


def words(values):
    return np.array([None if value != value else f"{value:.15g}" for value in values], dtype=object)


def answers(score, truth, *, told=None, choice=None, first=0, word=None, true_word=None):
    n = len(score)
    at = START + STEP * (first + np.arange(n))
    return Answers(at, nothing(n) if told is None else at + told, score, nothing(n) if choice is None else choice,
                   words(score) if word is None else word, truth, words(truth) if true_word is None else true_word)


def scored(seed, rows, chance=lambda score: score, a=2.0, b=2.0, first=0, **more):
    generator = np.random.default_rng(seed)
    score = generator.beta(a, b, rows)
    return answers(score, (generator.random(rows) < chance(score)).astype(float), first=first, **more)


def joined(*parts):
    return Answers(*(np.concatenate([getattr(part, name) for part in parts])
                     for name in ("at_s", "told_s", "score", "choice", "word", "truth", "true_word")))


def judged(before, now, told=TOLD, inputs=None):
    windows = [Window.from_epoch(side.at_s[0], side.at_s[-1] + STEP) for side in (before, now)]
    if inputs is None:
        inputs = compare(*([ColumnSample("x", side.score)] for side in (before, now)))
    return judge_outcomes(before, now, joined(before, now), windows[1], told, inputs, reference_window=windows[0])


def verdicts(view):
    return tuple(one.verdict for one in view.moved)


def test_that_what_outcomes_are_held_against_is_seen_from_the_values():
    score = np.linspace(0, 1, 50)
    yes = (score > 0.5).astype(float)
    items = np.arange(50) % 7.0
    assert task_of(answers(score, yes)) is Task.SCORES
    assert task_of(answers(score * 10, score * 9)) is Task.NUMBERS
    assert task_of(answers(items, yes)) is Task.CHOICES                          # what was shown, whether clicked
    assert task_of(answers(items, items[::-1])) is Task.CLASSES
    names = np.array(["cat", "dog"] * 25, dtype=object)
    assert task_of(answers(nothing(50), nothing(50), word=names, true_word=names)) is Task.CLASSES
    assert task_of(answers(nothing(50), yes, word=names)) is Task.CHOICES
    with pytest.raises(TooFewRows):
        task_of(answers(score, nothing(50)))


def test_that_the_threshold_is_what_was_decided_by_then_one_half_then_the_rate():
    score = np.linspace(0, 1, 101)
    yes = (score > 0.5).astype(float)
    assert marking(answers(score, yes, choice=(score >= 0.7).astype(float)), answers(score, yes)).threshold == score[70]
    assert marking(answers(score, yes), answers(score, yes)).threshold == 0.5
    rare = np.zeros(101)
    rare[[20, 60, 100]] = 1                                                       # 3 of 101
    assert marking(answers(score / 10, rare), answers(score, yes)).threshold == pytest.approx(0.098, abs=0.001)


def test_that_another_mix_of_inputs_with_its_outcomes_is_no_change_of_the_relation():
    view = judged(scored(1, 4000), scored(2, 3000, a=4.0, first=4000))
    assert verdicts(view) == (Verdict.ALARM, Verdict.ALARM, Verdict.NONE)
    assert view.sentence == "The inputs moved, P(X), and the outcomes with them, P(Y); at the same score outcomes " \
                            "are as before, P(Y|X)."
    rate, accuracy = view.figures[0], view.figures[1]
    assert rate.current == pytest.approx(2 / 3, abs=0.03) and rate.expected == pytest.approx(2 / 3, abs=0.03)
    assert accuracy.expected == pytest.approx(accuracy.current, abs=0.03)         # without a single label
    assert view.shift == ()          # the answers to an outcome are others: no mix of outcomes gives them


def test_that_a_relation_that_turned_around_is_seen_and_noticed_in_the_stream_of_errors():
    before, now = scored(3, 4000), scored(4, 3000, chance=lambda score: 1 - score, first=4000)
    view = judged(before, now)
    assert verdicts(view)[0] is Verdict.NONE and verdicts(view)[2] is view.verdict is Verdict.ALARM
    assert "moved in both directions" in view.moved[2].sentence
    assert len(view.strata) == len(view.strata_names) == 10
    cusum = next(one for one in view.signals if one.detector == "CUSUM")
    assert cusum.rising and cusum.times > 1
    assert 0 <= (cusum.began.timestamp() - now.at_s[0]) / STEP < 60               # rows after the change
    assert 0 < (cusum.at.timestamp() - now.at_s[0]) / STEP < 250
    assert any(one.detector == "ADWIN" and one.rising for one in view.signals)
    errors = view.buckets.measures[0]
    assert (errors.name, errors.unit) == ("error rate", "share")
    half = np.searchsorted(view.buckets.start_s, now.at_s[0])
    assert errors.usual == pytest.approx(0.31, abs=0.03)                           # E min(s, 1 - s) of beta(2, 2)
    assert np.nanmean(errors.value[half + 1:]) == pytest.approx(0.69, abs=0.03)
    assert np.all(errors.low <= errors.value) and np.all(errors.value <= errors.high)


def test_that_without_labels_of_the_current_window_the_expected_figures_stand_with_their_assumption():
    now = scored(6, 3000, first=4000)
    view = judged(scored(5, 4000), answers(now.score, nothing(3000), first=4000))
    assert verdicts(view) == (Verdict.NONE, None, None) and view.verdict is Verdict.NONE
    assert view.sentence.endswith("nothing is known before labels come.")
    assert math.isnan(view.figures[1].current)
    assert view.figures[1].low < float(((now.score >= 0.5) == now.truth).mean()) < view.figures[1].high
    assert "P(Y|X) has not moved" in view.notes[0]


def test_that_labels_too_young_to_be_typical_are_not_judged():
    def waiting(side, until):
        wait = np.where(side.truth == 1, 60.0, 86_400.0)                           # a click at once, its absence late
        told = np.where(side.at_s + wait <= until, side.at_s + wait, np.nan)
        truth = np.where(np.isnan(told), np.nan, side.truth)
        return Answers(side.at_s, told, side.score, side.choice, side.word, truth, words(truth))

    before, now = scored(7, 4000), scored(8, 2000, first=4000)
    until = now.at_s[-1] + STEP
    view = judged(waiting(before, until), waiting(now, until), Told("score", "repaid", until, 6 * 3600.0))
    assert view.usual_wait_s == 86_400.0
    assert view.told_current > view.judged_current == pytest.approx(2000 - 1440, abs=2)
    assert view.buckets.state[-4:] == (Ripeness.YOUNG,) * 4
    assert verdicts(view)[1:] == (Verdict.NONE, Verdict.NONE)
    late = judged(waiting(before, until), waiting(now.some(now.at_s > until - 20_000), until),
                  Told("score", "repaid", until, 6 * 3600.0))
    assert verdicts(late)[1:] == (None, None) and "too young" in late.moved[2].sentence


def test_that_of_numbers_the_errors_are_compared_within_tenths_of_the_prediction():
    def predicted(seed, rows, first=0, slope=1.0, mean=0.0):
        generator = np.random.default_rng(seed)
        said = generator.normal(mean, 1, rows)
        return answers(said, slope * said + generator.normal(size=rows), first=first)

    still = judged(predicted(1, 3000), predicted(2, 3000, 3000, mean=1.0))
    assert still.task is Task.NUMBERS and verdicts(still)[2] is Verdict.NONE
    assert still.buckets.measures[0].usual == pytest.approx(math.sqrt(2 / math.pi), abs=0.03)
    turned = judged(predicted(1, 3000), predicted(2, 3000, 3000, slope=-1.0))
    assert verdicts(turned)[2] is Verdict.ALARM and "slope" in turned.moved[2].sentence
    assert turned.figures[0].current > turned.figures[0].high


def test_that_classes_are_judged_answer_by_answer():
    def named(seed, rows, first=0, right=0.9):
        generator = np.random.default_rng(seed)
        true = np.array(["cat", "dog", "owl"], dtype=object)[generator.choice(3, rows, p=[0.5, 0.3, 0.2])]
        said = np.where(generator.random(rows) < right, true,
                        np.array(["cat", "dog", "owl"], dtype=object)[generator.integers(0, 3, rows)])
        return answers(nothing(rows), nothing(rows), first=first, word=said, true_word=true)

    inputs = compare([ColumnSample("x", np.arange(100.0))], [ColumnSample("x", np.arange(100.0))])
    view = judged(named(1, 3000), named(2, 3000, 3000, right=0.6), inputs=inputs)
    assert view.task is Task.CLASSES and verdicts(view) == (Verdict.NONE, Verdict.NONE, Verdict.ALARM)
    accuracy = view.figures[0]
    assert (accuracy.reference, accuracy.current) == pytest.approx((0.9 + 0.1 / 3, 0.6 + 0.4 / 3), abs=0.02)
    assert {one.name for one in view.figures} >= {"Share of cat", "Share of dog", "Share of owl"}
