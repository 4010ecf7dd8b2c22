"""The curves of answers that go to a person: against counting by hand."""

from __future__ import annotations

import numpy as np
import pytest

from console.errors import TooFewRows
from console.rollout.deferral_view import deferral_view, wrong_of


def test_that_the_curves_are_those_counted_by_hand():
    generator = np.random.default_rng(3)
    score = generator.uniform(0.5, 1.0, 4000)
    wrong = (generator.random(4000) > score).astype(float)      # the confident ones are wrong less often
    score[:40] = np.nan
    wrong[40:100] = np.nan
    found = deferral_view(score, wrong)
    for at in (0, 60, 120, 180):
        kept = score >= found.thresholds[at]
        assert found.to_person[at] == pytest.approx(1 - kept.mean())
        assert found.wrong[at] == pytest.approx(np.nanmean(wrong[kept]))
        assert found.low[at] < found.wrong[at] < found.high[at]
    assert found.wrong[150] < found.wrong[0] and found.to_person[150] > 0.7
    assert (found.requests, found.known) == (4000, 3900)
    assert "go to a person" in found.said(0.8) and "are wrong" in found.said(0.8)
    assert found.threshold_for(0.5) == pytest.approx(0.75, abs=0.02)


def test_that_scores_are_not_compared_with_labels_as_if_they_were_classes():
    score = np.array([0.9, 0.2, 0.7, np.nan])
    clicked = np.array([1.0, 1.0, np.nan, 1.0])
    always = np.ones(4)
    assert wrong_of(score, always, clicked) == pytest.approx([0, 1, np.nan, np.nan], nan_ok=True)
    assert wrong_of(score, np.array([0.0, 1.0, 0.0, 0.0]), None) == pytest.approx([0, 1, 0, np.nan], nan_ok=True)
    assert np.isnan(wrong_of(score, None, None)).all()


def test_that_too_few_answers_say_nothing_and_unknown_outcomes_leave_the_workload():
    with pytest.raises(TooFewRows):
        deferral_view(np.full(100, np.nan), np.zeros(100))
    found = deferral_view(np.linspace(0.5, 1, 100), np.full(100, np.nan))
    assert found.to_person[-1] == pytest.approx(0.99) and np.isnan(found.wrong).all()
    assert found.said(0.7).endswith("no outcome is known.")
