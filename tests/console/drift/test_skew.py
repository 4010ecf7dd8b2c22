"""Training against serving: each known fault is named, and nothing is where there is none."""

from __future__ import annotations

import math

import numpy as np
import pytest

from console.drift.causes import Cause, hour_shift, suspicions
from console.drift.skew import mismatches


def amounts(seed, rows=2000):
    return np.random.default_rng(seed).gamma(6, 10, rows)


def only(found):
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize("factor", [10, 60, 100, 1000, 2.54, 1 / 1000, 1 / 60, 1 / 2.54])
def test_that_another_unit_is_named_with_its_factor(factor):
    found = only(suspicions(amounts(1), amounts(2) * factor))
    assert (found.cause, found.amount) == (Cause.UNIT, pytest.approx(factor))
    assert "unit" in found.sentence


def test_that_a_factor_no_unit_has_and_an_offset_are_named_as_such():
    found = only(suspicions(amounts(1), amounts(2) * 1.7))
    assert (found.cause, found.amount) == (Cause.RATIO, pytest.approx(1.7, rel=0.04))
    celsius = np.random.default_rng(3).normal(0, 8, 3000)
    found = only(suspicions(celsius, np.random.default_rng(4).normal(0, 8, 3000) + 273.15))
    assert (found.cause, found.amount) == (Cause.OFFSET, pytest.approx(273.15, abs=0.6))


def test_that_nothing_is_suspected_where_nothing_was_done():
    for seed in range(30):
        assert suspicions(amounts(seed), amounts(100 + seed)) == ()
    generator = np.random.default_rng(9)
    assert suspicions(generator.normal(5, 1, 2000), generator.normal(5, 3, 2000)) == ()
    assert suspicions([1.0] * 10, [10.0] * 10) == ()
    assert suspicions(np.full(100, 3.0), np.full(100, 3.0)) == ()


def test_that_a_default_and_nulls_turned_into_a_value_are_told_apart():
    serving = amounts(2)
    serving[:300] = 0.0
    found = only(suspicions(amounts(1), serving))
    assert (found.cause, found.amount, found.share) == (Cause.FILL, 0.0, pytest.approx(0.15))
    for value in (0.0, -1.0):
        training, serving = amounts(1), amounts(2)
        training[:160], serving[:160] = np.nan, value
        found = only(suspicions(training, serving))
        assert (found.cause, found.amount) == (Cause.NULLS_FILLED, value)
        assert "nulls perhaps turned into it" in found.sentence
    serving = amounts(2) * 100
    serving[:300] = -1.0
    assert [one.cause for one in suspicions(amounts(1), serving)] == [Cause.FILL, Cause.UNIT]


def test_that_one_of_a_few_values_that_became_frequent_is_no_default_and_a_cut_is_named():
    generator = np.random.default_rng(5)
    months = [generator.choice(np.arange(6.0, 23.0), 2000, p=share / share.sum())
              for share in (np.linspace(2, 1, 17), np.linspace(1, 2, 17) ** 2)]
    assert suspicions(*months) == () and suspicions(months[0] % 2, months[1] % 2) == ()
    months[1][:400] = -1
    assert only(suspicions(*months)).cause is Cause.FILL
    found = only(suspicions(amounts(1), np.minimum(amounts(2), 80)))
    assert (found.cause, found.amount, found.share) == (Cause.CUT, 80.0, pytest.approx(0.19, abs=0.03))
    assert only(suspicions(amounts(1), np.maximum(amounts(2), 30))).amount == 30


def test_that_labels_in_another_case_or_with_spaces_are_named():
    training = np.array(["red", "green", "Blue"] * 50, dtype=object)
    assert "another case" in only(suspicions(training, np.array(["RED", "green", "Blue"] * 50, dtype=object))).sentence
    found = only(suspicions(training, np.array(["red ", "green", "Blue", None] * 50, dtype=object)))
    assert (found.cause, found.share) == (Cause.LABELS_WRITTEN, pytest.approx(1 / 3))
    assert "spaces" in found.sentence
    assert suspicions(training, np.array(["red", "violet", "Blue"] * 50, dtype=object)) == ()
    assert suspicions(training, training) == ()


@pytest.mark.parametrize("shift", [1, -5, 8])
def test_that_a_shift_of_whole_hours_is_named(shift):
    generator = np.random.default_rng(1)
    day = np.exp(-((np.arange(24) - 14) / 4.0) ** 2) + 0.1
    training, serving = (generator.choice(24, 5000, p=day / day.sum()) + generator.random(5000) for _ in range(2))
    found = hour_shift(training, (serving + shift) % 24)
    assert (found.cause, found.amount) == (Cause.HOURS, shift)
    assert hour_shift(training, serving) is None
    assert hour_shift(training, generator.uniform(0, 24, 5000)) is None
    assert hour_shift(training[:50], serving) is None


def test_that_the_same_requests_are_compared_value_by_value():
    keys = np.array([f"r{i}" for i in range(100)], dtype=object)
    values = amounts(1, 100)
    served = {"amount": values * (1 + 1e-9), "seconds": values * 1000, "kind": np.array(["a"] * 100, dtype=object)}
    served["amount"][:5] = np.nan
    served["kind"][:10] = "A"
    trained = {"amount": values.copy(), "seconds": values, "kind": np.array(["a"] * 100, dtype=object),
               "only here": values}
    order = np.random.default_rng(2).permutation(100)
    found = {one.column: one for one in mismatches(keys, trained, keys[order],
                                                   {name: column[order] for name, column in served.items()})}
    assert list(found) == ["seconds", "kind", "amount"]
    assert {name: one.rate for name, one in found.items()} == {"seconds": 1.0, "kind": 0.1, "amount": 0.05}
    assert found["seconds"].usual_ratio == pytest.approx(1000)
    assert (found["amount"].missing_training, found["amount"].missing_serving) == (0, 5)
    assert found["kind"].examples[0] == ("r0", "a", "A")


def test_that_tolerance_missing_values_infinities_and_keys_that_are_not_unique_are_seen_to():
    a = [1.0, np.nan, np.inf, 4.0, 5.0, 6.0]
    b = [1.0005, np.nan, np.inf, 4.1, 5.0, 6.0]
    keys = ["a", "b", "c", "d", "e", "e"]
    found = mismatches(keys, {"x": a}, keys, {"x": b}, relative=1e-3)[0]
    assert (found.compared, found.differing) == (4, 1)
    assert mismatches(keys, {"x": a}, keys, {"x": b})[0].differing == 2
    none = mismatches(["a"], {"x": [1.0]}, ["b"], {"x": [1.0]})[0]
    assert none.compared == 0 and math.isnan(none.rate)
