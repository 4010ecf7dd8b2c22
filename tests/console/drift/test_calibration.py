"""How often the rule cries wolf, and what it does not miss: the cases of the survey in which other tools do (M)."""

from __future__ import annotations

import numpy as np
import pytest

from console.drift.view import Verdict
from tests.console.drift.make import one, row

RUNS = 200


def verdicts(draw, runs=RUNS):
    """Shares of watch-or-worse and of alarm over `runs` pairs of windows."""
    found = [row(one(*draw(np.random.default_rng(seed)))).verdict for seed in range(runs)]
    alarms = sum(verdict is Verdict.ALARM for verdict in found) / runs
    return alarms + sum(verdict is Verdict.WATCH for verdict in found) / runs, alarms


def categories(k, n, m):
    names = np.array([f"value {i}" for i in range(k)], dtype=object)
    return lambda generator: (names[generator.integers(0, k, n)], names[generator.integers(0, k, m)])


def zipf(k, n, m):
    names = np.array([f"value {i}" for i in range(k)], dtype=object)
    shares = 1 / np.arange(1, k + 1)
    shares /= shares.sum()
    return lambda generator: (names[generator.choice(k, n, p=shares)], names[generator.choice(k, m, p=shares)])


def normal(n, m, shift=0.0):
    return lambda generator: (generator.normal(size=n), generator.normal(shift, size=m))


def lognormal(n, m):
    return lambda generator: (generator.lognormal(0, 2, n), generator.lognormal(0, 2, m))


NOTHING_MOVED = [  # measured by the survey over 300 runs: watch at most 6 %, alarm at most 1 %
    pytest.param(categories(5, 500, 500), 0.03, 0.0, id="5 categories, 500 and 500"),
    pytest.param(categories(5, 5000, 500), 0.03, 0.0, id="5 categories, 5000 and 500"),
    pytest.param(categories(5, 500, 5000), 0.03, 0.0, id="5 categories, 500 and 5000"),
    pytest.param(categories(50, 1001, 1001), 0.02, 0.0, id="50 categories"),
    pytest.param(categories(200, 1001, 1001), 0.02, 0.0, id="200 categories"),
    pytest.param(zipf(2000, 1500, 1000), 0.04, 0.01, id="2000 uneven categories, many met for the first time"),
    pytest.param(normal(500, 500), 0.065, 0.015, id="normal, 500 and 500"),
    pytest.param(normal(1001, 1001), 0.065, 0.005, id="normal, 1001 and 1001"),
    pytest.param(lognormal(1001, 1001), 0.065, 0.005, id="lognormal with a heavy tail"),
]


@pytest.mark.parametrize("draw, watched_at_most, alarmed_at_most", NOTHING_MOVED)
def test_that_chance_alone_is_rarely_watched_and_hardly_ever_alarms(draw, watched_at_most, alarmed_at_most):
    watched, alarmed = verdicts(draw)
    assert watched <= watched_at_most
    assert alarmed <= alarmed_at_most


def test_that_a_hundred_rows_give_no_more_false_alarms_than_the_level():
    watched, alarmed = verdicts(normal(1001, 100))
    assert alarmed <= watched <= 0.075


def test_that_a_shift_of_a_seventh_of_a_deviation_is_watched_at_five_thousand_rows():
    watched, alarmed = verdicts(normal(5000, 5000, 0.15), runs=100)
    assert watched >= 0.9
    assert alarmed <= 0.05


def test_that_half_a_deviation_always_alarms_at_five_thousand_rows():
    assert verdicts(normal(5000, 5000, 0.5), runs=40) == (1.0, 1.0)


def test_that_a_negligible_shift_stays_quiet_however_many_rows_prove_it():
    generator = np.random.default_rng(4)
    found = row(one(generator.normal(size=500_000), generator.normal(0.02, size=500_000)))
    assert found.p_adjusted < 1e-6
    assert found.verdict is Verdict.NONE
    assert "too little to matter" in found.sentence


def test_that_twenty_unmoved_columns_are_no_more_often_wrong_than_one():
    from console.drift import ColumnSample, compare

    wrong = 0
    for seed in range(60):
        generator = np.random.default_rng(seed)
        sides = [[ColumnSample(f"c{i}", generator.normal(size=300)) for i in range(20)] for _ in range(2)]
        view = compare(*sides)
        assert view.n_tests == 20
        wrong += view.verdict is not Verdict.NONE
    assert wrong <= 6


@pytest.mark.parametrize("side", [0, 1], ids=["in the reference", "in the current window"])
def test_that_one_wild_value_does_not_hide_a_shift(side):
    generator = np.random.default_rng(2)
    samples = [generator.normal(size=2000), generator.normal(1, size=2000)]
    clean = row(one(*samples))
    samples[side] = np.append(samples[side], 1e6)
    wild = row(one(*samples))
    assert wild.verdict is Verdict.ALARM
    assert wild.effect == pytest.approx(clean.effect, abs=0.001)
    assert [shown.value for shown in wild.shown] == pytest.approx([shown.value for shown in clean.shown], rel=0.02)
