"""Rules proposed from healthy numbers: on the right side, high enough, with their season, and with reasons."""

from __future__ import annotations

import re

import numpy as np
import pytest
from numpy.typing import NDArray

from console.alarms.firings import how_often
from console.alarms.propose import propose
from console.alarms.rules import Band, Op, Rule, Severity, Side, Threshold
from console.alarms.usual import WEEK_S, held, return_level, usual
from console.metrics.catalogue import Metric, find

Floats = NDArray[np.float64]
DAY, EVERY = 86400, 1800
WEEKS_3 = 3 * WEEK_S // EVERY
NAN = float("nan")


def instants(count: int, every: int = EVERY) -> Floats:
    """Beginning with a Thursday at midnight, as weeks of the epoch do."""
    return np.arange(1, count + 1, dtype=np.float64) * every + 2900 * WEEK_S


def rules_of(metric: str | Metric, values: Floats, n: float | Floats = 500.0, every: int = EVERY) -> tuple[Rule, ...]:
    found = find(metric) if isinstance(metric, str) else metric
    return propose(instants(len(values), every), values, np.broadcast_to(np.asarray(n, float), values.shape).copy(),
                   found, every_s=every)


def noise(seed: int, count: int = WEEKS_3, level: float = 100.0, spread: float = 5.0) -> Floats:
    return np.random.default_rng(seed).normal(level, spread, count)


# ---- sides ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("metric", "ops"), [("latency_p95", [Op.GREATER]), ("ctr", [Op.LESS]),
                                             ("prediction_mean", [Op.GREATER, Op.LESS])])
def test_bad_is_the_side_that_the_metric_says(metric: str, ops: list[Op]) -> None:
    values = noise(1, level=0.5, spread=0.02)

    rules = [rule for rule in rules_of(metric, values) if not rule.for_s]

    assert [rule.condition.op for rule in rules if isinstance(rule.condition, Threshold)] == ops
    assert all(rule.proposed and rule.metric == metric and rule.name.startswith(metric) for rule in rules)


def test_a_level_lies_beyond_all_of_the_window_but_not_far() -> None:
    """Normal noise: three weeks of half hours reach about 3.3 standard deviations, once in 26 weeks is 3.8."""
    (rule,) = rules_of("latency_p95", noise(2))

    assert isinstance(rule.condition, Threshold)
    assert 100 + 3.3 * 5 < rule.condition.value < 100 + 6.5 * 5
    assert rule.condition.clear is not None
    assert 100 < rule.condition.clear < rule.condition.value


def test_a_level_that_nothing_reaches_is_no_rule() -> None:
    """A share above 1, traffic below 0: such a rule would look like a guard and be none."""
    assert rules_of("error_rate", np.clip(noise(3, level=0.9, spread=0.1), 0, 1)) == ()
    rng = np.random.default_rng(4)
    sides = {rule.name for rule in rules_of("throughput", rng.exponential(10.0, WEEKS_3))}
    assert not any("low" in name for name in sides)


def test_too_little_is_nothing() -> None:
    assert rules_of("latency_p95", noise(5, count=39)) == ()
    assert rules_of("latency_p95", np.full(WEEKS_3, NAN), 0.0) == ()


def test_what_never_moves_has_a_rule_all_the_same() -> None:
    """All values alike: MAD 0 must not make a level that rounding would pass."""
    (rule,) = rules_of("cpu", np.full(WEEKS_3, 40.0))

    assert isinstance(rule.condition, Threshold)
    assert rule.condition.value > 40.0


# ---- seasons -------------------------------------------------------------------------------------------------------

def daily(times: Floats) -> Floats:
    return 100 - 60 * np.cos((times - EVERY / 2) / DAY * 2 * np.pi)


def weekly(times: Floats) -> Floats:
    """Weekends at half of it; the week of the epoch begins on a Thursday, so these are its third and fourth day."""
    day = ((times - EVERY / 2) % WEEK_S) // DAY
    return np.asarray(daily(times) * np.where((day == 2) | (day == 3), 0.5, 1.0), np.float64)


@pytest.mark.parametrize(("shape", "period"), [(daily, DAY), (weekly, WEEK_S)])
def test_a_season_is_found_and_kept_as_numbers(shape: object, period: int) -> None:
    assert callable(shape)
    times = instants(WEEKS_3)
    values = shape(times) + noise(6, level=0.0, spread=2.0)

    rules = rules_of("throughput", values)

    bands = [rule.condition for rule in rules]
    assert all(isinstance(band, Band) and band.period_s == period for band in bands)
    band = bands[0]
    assert isinstance(band, Band)
    middle = np.arange(len(band.median)) * band.slot_s + band.slot_s / 2
    assert np.allclose(band.median, shape(middle + EVERY / 2), atol=6.0)     # the median of three values each
    assert {rule.condition.side for rule in rules if isinstance(rule.condition, Band)} == {Side.ABOVE, Side.BELOW}


def test_two_weeks_do_not_make_a_week() -> None:
    times = instants(2 * WEEKS_3 // 3)

    found = usual(times, weekly(times), EVERY)

    assert found is not None
    assert found.period_s != WEEK_S


def test_a_series_that_covers_a_part_of_the_window_has_no_season_of_the_whole() -> None:
    """As in a folder whose files begin and end at different times: five days of numbers in seven weeks."""
    values = np.full(7 * WEEK_S // EVERY, NAN)
    values[1500:1500 + 240] = noise(6, 240) + 30 * np.sin(np.arange(240) / 48 * 2 * np.pi)

    found = usual(instants(len(values)), values, EVERY)

    assert found is not None
    assert found.period_s == 0


def test_noise_has_no_season() -> None:
    times = instants(WEEKS_3)

    assert all((found := usual(times, noise(seed), EVERY)) is not None and not found.period_s for seed in range(20))


def test_a_night_at_noon_is_seen() -> None:
    """Traffic that falls at noon to what is usual at night: no threshold could tell."""
    times = instants(WEEKS_3 + 48)
    values = daily(times) + noise(7, count=len(times), level=0.0, spread=2.0)
    rules = rules_of("throughput", values[:WEEKS_3])
    values[WEEKS_3 + 22: WEEKS_3 + 26] = 40.0

    spans = [span for rule in rules for span in how_often(times, values, np.full(len(times), 500.0), rule).spans]

    assert {start for start, _ in spans} == {times[WEEKS_3 + 22]}


# ---- waiting -------------------------------------------------------------------------------------------------------

def test_healthy_spikes_are_waited_out() -> None:
    """One stretch in fifty is ten times as slow, as when a host restarts. A lasting rise to thrice the usual lies far
    below those, and only a rule that waits can see it."""
    rng = np.random.default_rng(8)
    values = noise(8)
    values[rng.random(len(values)) < 0.02] = 1000.0

    at_once, lasting = rules_of("latency_p95", values)

    assert (at_once.for_s, lasting.for_s > 0) == (0, True)
    assert isinstance(at_once.condition, Threshold)
    assert isinstance(lasting.condition, Threshold)
    assert at_once.condition.value > 1000
    assert lasting.condition.value < 300
    assert (at_once.severity, lasting.severity) == (Severity.PAGE, Severity.TICKET)
    times, n = instants(len(values)), np.full(len(values), 500.0)
    assert how_often(times, values, n, lasting).count == 0
    values[-40:] = 300.0
    assert how_often(times, values, n, lasting).count == 1


def test_what_was_held_is_the_least_over_the_wait() -> None:
    assert held(np.array([5.0, 3.0, 4.0, NAN, 2.0, 9.0]), 1).tolist() == [-np.inf, 3, 3, -np.inf, -np.inf, 2]


# ---- chance --------------------------------------------------------------------------------------------------------

def test_few_rows_are_no_verdict_and_chance_is_no_trouble() -> None:
    """One failure in a thousand; by night 50 rows a stretch, by day 1,000. Fifty more weeks of the same are quiet."""
    rng = np.random.default_rng(9)
    times = instants(WEEKS_3 * 18)
    n = np.where((times // (DAY / 2)) % 2 == 0, 50.0, 1000.0)
    values = rng.binomial(n.astype(int), 0.001) / n

    rules = propose(times[:WEEKS_3], values[:WEEKS_3], n[:WEEKS_3], find("error_rate"), every_s=EVERY)

    assert [rule.min_samples for rule in rules] == [50] * len(rules)
    assert sum(how_often(times[WEEKS_3:], values[WEEKS_3:], n[WEEKS_3:], rule).count for rule in rules) == 0
    values[-1] = 0.2
    assert sum(how_often(times, values, n, rule).count for rule in rules) >= 1


@pytest.mark.parametrize("weeks", [26.0, 100.0])
def test_the_return_level_is_that_of_the_distribution(weeks: float) -> None:
    """Blocks of a day whose maxima are Gumbel with mode 10 and scale 2: passed once in `weeks` is 10 + 2 ln(7 weeks),
    and the level lies a standard error above, on average over many windows of nine weeks."""
    rng = np.random.default_rng(10)
    days, a_day = 60, 48
    found = []
    for _ in range(300):
        maxima = rng.gumbel(10.0, 2.0, days)
        series = np.full((days, a_day), -100.0)
        series[np.arange(days), rng.integers(0, a_day, days)] = maxima
        found.append(return_level(series.ravel(), days * DAY, weeks))
    y = np.log(7 * max(weeks, days / 7))
    error = 2 * np.sqrt((1.1128 + 0.4574 * y + 0.8046 * y * y) / days)

    assert np.median(found) == pytest.approx(10 + 2 * y + error, abs=0.6)
    assert np.std(found) == pytest.approx(error, rel=0.35)      # the standard error is what it says


def test_rules_are_quiet_for_as_long_as_they_should_be() -> None:
    """Normal, skewed and autocorrelated noise, learned for three weeks and watched for nine more, in thirty series: 270
    weeks, where once in 26 would be ten alarms for a single side."""
    false = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        count = 4 * WEEKS_3
        kind = seed % 3
        values = (noise(seed, count) if kind == 0 else rng.gamma(9.0, 10.0, count) if kind == 1
                  else 100 + 5 * np.convolve(rng.normal(size=count + 5), np.full(6, 0.4), "valid"))
        times, n = instants(count), np.full(count, 500.0)
        for rule in propose(times[:WEEKS_3], values[:WEEKS_3], n[:WEEKS_3], find("latency_p95"), every_s=EVERY):
            false += how_often(times[WEEKS_3:], values[WEEKS_3:], n[WEEKS_3:], rule).count

    assert false <= 10


# ---- words ---------------------------------------------------------------------------------------------------------

def test_the_sentence_says_why_with_numbers() -> None:
    values = noise(11)
    values[5] = 140.0
    (rule, *_) = rules_of("latency_p95", values)

    assert isinstance(rule.condition, Threshold)
    said = re.fullmatch(r"Latency p95 is \$value, above (\d+) ms\. It was below that in ([\d.]+) % of the stretches of "
                        r"30 minutes in 3 weeks of healthy traffic; the highest was (\d+) ms\.", rule.sentence)
    assert said is not None
    assert float(said[1]) == rule.condition.value
    assert float(said[2]) == pytest.approx(100 * np.mean(values <= rule.condition.value), abs=0.01)
    assert float(said[3]) == pytest.approx(values.max(), abs=0.5)
