"""Shares of outcomes read back from shares of predictions: against the sums done by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from console.drift.label_shift import label_shift
from console.errors import TooFewRows


def table(counts):
    """Rows of (predicted, label), so many of each."""
    rows = [pair for pair, n in counts.items() for _ in range(n)]
    return [predicted for predicted, _ in rows], [label for _, label in rows]


def test_that_of_two_outcomes_it_is_rogan_and_gladens_estimate():
    # sensitivity 180 / 200, specificity 640 / 800; 310 of 1000 are called positive now
    predicted, label = table({("1", "1"): 180, ("0", "1"): 20, ("1", "0"): 160, ("0", "0"): 640})
    no, yes = label_shift(predicted, label, ["1"] * 310 + ["0"] * 690)
    expected = (0.31 + 0.8 - 1) / (0.9 + 0.8 - 1)                        # 0.157143
    assert (yes.label, yes.reference) == ("1", pytest.approx(0.2))
    assert yes.current == pytest.approx(expected) and no.current == pytest.approx(1 - expected)
    variance = (0.31 * 0.69 / 1000 + expected**2 * 0.9 * 0.1 / 200 + (1 - expected) ** 2 * 0.8 * 0.2 / 800) / 0.7**2
    assert yes.high - yes.current == pytest.approx(1.959963985 * math.sqrt(variance))


def test_that_three_outcomes_come_back_from_their_predictions():
    rates = np.array([[0.7, 0.2, 0.1], [0.2, 0.6, 0.1], [0.1, 0.2, 0.8]])      # column: outcome, row: what is said
    names = "abc"
    predicted, label = table({(names[i], names[j]): int(1000 * rates[i, j]) for i in range(3) for j in range(3)})
    now = rates @ np.array([0.5, 0.3, 0.2])                                      # 0.43, 0.3, 0.27
    found = label_shift(predicted, label, [name for name, share in zip(names, now, strict=True)
                                           for _ in range(round(1000 * share))])
    assert [one.current for one in found] == pytest.approx([0.5, 0.3, 0.2])
    assert all(one.low < one.current < one.high for one in found)


def test_that_nothing_is_read_from_predictions_that_do_not_depend_on_the_outcome():
    predicted, label = table({("1", "1"): 50, ("0", "1"): 50, ("1", "0"): 450, ("0", "0"): 450})
    with pytest.raises(TooFewRows, match="tell the outcomes apart"):
        label_shift(predicted, label, ["1"] * 100)
    with pytest.raises(TooFewRows):
        label_shift(predicted[:40], label[:40], ["1"] * 100)                    # one outcome only
