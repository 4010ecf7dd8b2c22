"""Where a shift begins, how far it goes, and that chance is not taken for one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from console.changes.onset import LEAST_Z, Shift, begun, begun_share, find_shift, noise_of, whether_it_lasts
from console.changes.usual import is_weekend, usual

BEFORE, AFTER = 100, 100


def grid() -> tuple[np.ndarray, np.ndarray]:
    before = np.arange(BEFORE + AFTER) < BEFORE
    return before, np.ones(BEFORE + AFTER)


def alternating(size: int) -> np.ndarray:
    """+1, -1, +1, ...: mean 0 and variance 1 of any even stretch, without a generator."""
    return np.where(np.arange(size) % 2 == 0, 1.0, -1.0)


def test_that_a_box_is_found_from_its_first_to_its_last_bucket() -> None:
    before, weights = grid()
    left = 0.1 * alternating(BEFORE + AFTER)
    left[130:150] += 2.0
    found = find_shift(left, weights, noise_of(left, weights, before, 0.01), BEFORE)
    assert found is not None
    assert (found.first, found.last, found.slope) == (130, 150, False)
    assert found.earliest <= 130 <= found.latest <= 131
    assert found.delta == pytest.approx(2.0, abs=0.01)


def test_that_the_certainty_of_a_box_is_its_mean_over_its_error() -> None:
    before, weights = grid()
    left = np.zeros(BEFORE + AFTER)
    left[120:140] = 3.0
    # variance 1 a bucket, given: 20 buckets of the box and 100 before it
    noise = noise_of(left, weights, before, 1.0)
    found = find_shift(left, weights, noise, BEFORE, slopes=False)
    assert found is not None
    assert found.z == pytest.approx(3.0 / math.sqrt(1 / 20 + 1 / 100))


def test_that_a_slope_is_told_as_one_and_its_height_is_that_at_the_end() -> None:
    before, weights = grid()
    left = 0.1 * alternating(BEFORE + AFTER)
    left[120:] += 4.0 * (np.arange(80) + 0.5) / 80
    found = find_shift(left, weights, noise_of(left, weights, before, 0.01), BEFORE)
    assert found is not None
    assert found.slope
    assert abs(found.first - 120) <= 3
    assert found.delta == pytest.approx(4.0, rel=0.05)


def test_that_a_shift_which_grows_in_steps_began_with_the_first() -> None:
    before, weights = grid()
    left = 0.1 * alternating(BEFORE + AFTER)
    left[120:140] += 1.0
    left[140:160] += 3.0
    found = find_shift(left, weights, noise_of(left, weights, before, 0.01), BEFORE, slopes=False)
    assert found is not None
    assert (found.first, found.last) == (120, 160)


def test_that_a_bucket_which_the_shift_fills_in_part_is_its_first_and_not_the_one_before() -> None:
    before, weights = grid()
    left = 0.1 * alternating(BEFORE + AFTER)
    left[130] += 1.0            # it began in the midst of this one
    left[131:150] += 2.0
    found = find_shift(left, weights, noise_of(left, weights, before, 0.01), BEFORE)
    assert found is not None
    assert (found.first, found.last) == (130, 150)
    assert found.earliest <= 130 <= found.latest


@pytest.mark.parametrize("rest, lasts", [(2.0, True), (1.6, True), (0.0, False), (-2.0, False), (math.nan, True)])
def test_that_a_shift_lasts_until_what_follows_tells_otherwise(rest: float, lasts: bool) -> None:
    """Clicks of the newest requests are not known yet: that is no end."""
    before, weights = grid()
    left = 0.1 * alternating(BEFORE + AFTER)
    left[130:190] += 2.0
    left[190:] += rest
    noise = noise_of(left, weights, before, 0.01)
    assert whether_it_lasts(Shift(130, 190, 130, 130, 2.0, 9.0, False, 60.0), left, weights, noise).lasts is lasts


def test_that_two_buckets_within_chance_of_the_shift_are_no_end() -> None:
    before, weights = grid()
    left = 2.0 * alternating(BEFORE + AFTER)
    left[130:] += 2.0
    left[198:] = 0.5            # a mean of two strays by 1.4
    noise = noise_of(left, weights, before, 4.0)
    assert whether_it_lasts(Shift(130, 198, 130, 130, 2.0, 9.0, False, 68.0), left, weights, noise).lasts


def test_that_of_nothing_a_handful_of_events_is_seen_and_one_is_not() -> None:
    before, _ = grid()
    n = np.full(BEFORE + AFTER, 100.0)
    p = 0.5 / (n[before].sum() + 1)
    weights = n / (p * (1 - p))
    for events, seen in ((1, False), (10, True)):
        hits = np.zeros(BEFORE + AFTER)
        hits[140:140 + events] = 1.0
        values = hits / n
        found = find_shift(values - p, weights, noise_of(values - p, weights, before, 1.0), BEFORE, hits=hits,
                           expected_hits=p * n, hits_before=0.0)
        assert (found is not None) == seen, events


@pytest.mark.parametrize("seed", range(40))
def test_that_chance_alone_is_no_shift(seed: int) -> None:
    before, weights = grid()
    left = np.random.default_rng(seed).normal(size=BEFORE + AFTER)
    assert find_shift(left, weights, noise_of(left, weights, before, 1.0), BEFORE) is None


def test_that_what_wanders_is_not_taken_for_a_jump() -> None:
    """A random walk that reverts: its neighbours are alike, so that hours of it lie on one side."""
    found = 0
    for seed in range(40):
        draws = np.random.default_rng(seed).normal(size=800)
        left = np.zeros(800)
        for at in range(1, 800):
            left[at] = 0.9 * left[at - 1] + draws[at]
        before = np.arange(800) < 600
        noise = noise_of(left, np.ones(800), before)
        found += find_shift(left, np.ones(800), noise, 600) is not None
    assert found <= 2


def test_that_who_names_the_time_is_told_of_less_certain_shifts() -> None:
    before, weights = grid()
    left = np.zeros(BEFORE + AFTER)
    left[BEFORE:] = 4.5 * math.sqrt(1 / AFTER + 1 / BEFORE)
    noise = noise_of(left, weights, before, 1.0)
    assert LEAST_Z > 4.5
    assert find_shift(left, weights, noise, BEFORE - 10, slopes=False) is None
    found = find_shift(left, weights, noise, BEFORE - 10, slopes=False, asked=BEFORE)
    assert found is not None
    assert abs(found.first - BEFORE) <= 1


# ---- what is usual -----------------------------------------------------------------------------------------

MONDAY = 1772409600.0       # 2 Mar 2026 00:00 UTC, `date -d @1772409600 -u`


def test_that_a_daily_wave_is_carried_on() -> None:
    times = MONDAY + np.arange(4 * 48) * 1800.0
    values = 10 + 3 * np.cos(2 * np.pi * (times % 86400) / 86400) + 0.01 * alternating(len(times))
    before = times < MONDAY + 3 * 86400
    found = usual(times, values, np.ones(len(times)), before)
    assert found.season == "day"
    assert np.abs(found.expected - values).max() < 0.05


def test_that_half_a_day_is_no_season() -> None:
    times = MONDAY + np.arange(48) * 1800.0
    values = 10 + 3 * np.cos(2 * np.pi * (times % 86400) / 86400)
    found = usual(times, values, np.ones(48), times < MONDAY + 43200)
    assert (found.season, found.daily, found.weekly) == ("", False, False)
    assert np.ptp(found.expected) == 0


def test_that_a_weekend_is_carried_on_to_the_next() -> None:
    times = MONDAY + np.arange(14 * 24) * 3600.0
    values = np.where(is_weekend(times), 4.0, 10.0) + 0.01 * alternating(len(times))
    found = usual(times, values, np.ones(len(times)), times < MONDAY + 8 * 86400)
    assert found.season == "week"
    assert np.abs(found.expected - values).max() < 0.1


def test_that_saturday_and_sunday_are_the_weekend() -> None:
    days = MONDAY + np.arange(7) * 86400.0 + 60
    assert is_weekend(days).tolist() == [False] * 5 + [True, True]


def test_that_what_rises_for_an_hour_began_where_it_left_the_ground() -> None:
    """Forty buckets of a rise from bucket 100 on, to eight times the noise: a box that begins half way up is put
    back."""
    random = np.random.default_rng(3)
    at = np.arange(200.0)
    left = random.normal(0.0, 1.0, 200) + 8.0 * np.clip((at + 0.5 - 100) / 40, 0.0, 1.0)
    weights, before = np.ones(200), at < 60
    noise = noise_of(left, weights, before)
    box = Shift(118, 200, 116, 121, 7.0, 40.0, False, 82.0)
    found = begun(box, left, weights, noise, 60)
    assert abs(found.first - 100) <= 5 and abs(found.earliest - 100) <= 5 <= found.latest - 100
    assert (found.last, found.delta) == (200, 7.0)


def test_that_a_jump_stays_where_it_is() -> None:
    random = np.random.default_rng(4)
    left = random.normal(0.0, 1.0, 200) + 5.0 * (np.arange(200) >= 100)
    noise = noise_of(left, np.ones(200), np.arange(200) < 60)
    found = begun(Shift(103, 200, 101, 105, 5.0, 40.0, False, 97.0), left, np.ones(200), noise, 60)
    assert found.first == found.latest == 100 and found.earliest >= 99


def test_that_a_share_begins_with_the_first_events_that_its_counts_explain() -> None:
    """Five rows a bucket; from bucket 100 on two of five fail, before it none. A bucket in which nothing failed is
    worth 5 log(0.6) = -2.6 and may belong to it; two are worth -5.1, and do not."""
    n, at = np.full(200, 5.0), np.arange(200)
    shown = np.where(at >= 100, 0.4, 0.0)
    box = Shift(110, 200, 105, 112, 0.4, 30.0, False, 450.0)
    found = begun_share(box, shown, np.full(200, 0.001), n, 60)
    assert (found.first, found.earliest, found.latest) == (100, 99, 100)
    late = np.where(at >= 103, shown, 0.0)          # by chance nothing fails in the first three: those may belong to it
    found = begun_share(box, late, np.full(200, 0.2), n, 60)
    assert found.first == 103 and found.earliest < 103
