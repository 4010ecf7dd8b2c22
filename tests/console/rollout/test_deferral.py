"""Workload and error against a threshold, counted by hand."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest

from console.rollout.deferral import confidence_of, deferred


def test_that_unsure_answers_go_to_a_person_and_the_rest_err_less() -> None:
    confidence = np.array([0.55, 0.95, 0.7, np.nan, 0.9, 0.9])
    wrong = np.array([1, 0, 1, 0, np.nan, 1])
    low, middle, high = deferred(confidence, wrong, (0.5, 0.9, 0.96))
    assert (low.workload, low.error, low.known) == (1 / 6, 3 / 4, 4)
    assert (middle.workload, middle.error, middle.known) == (3 / 6, 1 / 2, 2)
    assert high.workload == 1 and isnan(high.error)
    assert deferred(np.zeros(0), np.zeros(0)) == ()


def test_that_confidence_is_that_of_the_side_it_is_on() -> None:
    assert confidence_of(np.array([0.1, 0.8, 0.5, 7.0, np.nan])) == pytest.approx([0.9, 0.8, 0.5, np.nan, np.nan],
                                                                                nan_ok=True)
