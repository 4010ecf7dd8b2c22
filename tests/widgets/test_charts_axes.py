"""What axes say, at every zoom; ranges hold still."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from console.window import RELATIVE_START
from tests.widgets.views import chart_of
from widgets.charts.backdrop import Layout
from widgets.charts.cross_hair import foot_of
from widgets.charts.time_axis import DAY, HOUR, YEAR, time_ticks
from widgets.charts.value_axis import HeldRange, value_ticks

NOON = datetime(2025, 11, 23, 12, tzinfo=UTC).timestamp()


def labels(start: float, span: float, width: float = 320) -> list[str]:
    return [tick.label for tick in time_ticks(start, start + span, width)]


@pytest.mark.parametrize(
    "start, span, expected",
    [
        pytest.param(NOON, 0.01, ["12:00:00.000", "12:00:00.005", "12:00:00.010"], id="10 milliseconds"),
        pytest.param(NOON - 0.5, 1, ["11:59:59.500", "12:00:00.000", "12:00:00.500"], id="a second"),
        pytest.param(NOON, 60, ["12:00:00", "12:00:15", "12:00:30", "12:00:45", "12:01:00"], id="a minute"),
        pytest.param(NOON, HOUR, ["12:00", "12:10", "12:20", "12:30", "12:40", "12:50", "13:00"], id="an hour"),
        pytest.param(NOON, DAY, ["12:00", "18:00", "24 Nov", "06:00", "12:00"], id="a day says the date at midnight"),
        pytest.param(NOON + 38 * DAY, DAY, ["12:00", "18:00", "2026", "06:00", "12:00"], id="a night at new year"),
        pytest.param(NOON, 4 * DAY, ["24 Nov", "25 Nov", "26 Nov", "27 Nov"], id="four days"),
        pytest.param(NOON + 36 * DAY, 4 * DAY, ["30 Dec", "31 Dec", "2026", "2 Jan"], id="over new year"),
        pytest.param(NOON, 30 * DAY, ["24 Nov", "1 Dec", "8 Dec", "15 Dec", "22 Dec"], id="a month, on Mondays"),
        pytest.param(NOON, 300 * DAY, ["2026", "Mar", "May", "Jul", "Sep"], id="ten months"),
        pytest.param(NOON, 3 * YEAR, ["2026", "Jul", "2027", "Jul", "2028", "Jul"], id="three years"),
        pytest.param(NOON, 40 * YEAR, ["2030", "2040", "2050", "2060"], id="forty years"),
    ],
)
def test_that_the_time_axis_says(start: float, span: float, expected: list[str]) -> None:
    assert labels(start, span) == expected


@pytest.mark.parametrize("span", [0.004, 0.3, 7, 100, 1000, 9000, 50_000, DAY * 2, DAY * 20, DAY * 200, YEAR * 9])
@pytest.mark.parametrize("width", [120, 320, 900])
def test_that_labels_never_touch_and_ticks_lie_inside(span: float, width: int) -> None:
    ticks = time_ticks(NOON + 1.234, NOON + 1.234 + span, width)
    inside = 1e-6        # the microsecond that times are kept to
    assert all(-inside <= tick.at_s - NOON - 1.234 <= span + inside for tick in ticks)
    for one, other in itertools.pairwise(ticks):
        assert (other.at_s - one.at_s) / span * width >= 7 * (len(one.label) + len(other.label)) / 2 + 4


@pytest.mark.parametrize("day", [datetime(2025, 3, 30, tzinfo=UTC), datetime(2025, 10, 26, tzinfo=UTC)])
def test_that_days_of_clock_changes_are_days_like_any_other(day: datetime) -> None:
    """Europe's clocks change on these days; the axis is UTC."""
    assert labels(day.timestamp(), DAY - 1, 600)[1:3] == ["03:00", "06:00"]


def test_that_a_moving_window_keeps_its_step() -> None:
    steps = set()
    for moved in range(0, 3600, 7):
        ticks = time_ticks(NOON + moved, NOON + moved + 5000, 320)
        steps |= {round(b.at_s - a.at_s, 6) for a, b in itertools.pairwise(ticks)}
    assert len(steps) == 1


def test_that_a_window_without_length_has_no_ticks() -> None:
    assert time_ticks(NOON, NOON, 300) == () and value_ticks(1, 1, 100, "") == ()


@pytest.mark.parametrize(
    "low, high, unit, expected",
    [
        pytest.param(0, 0.05, "share", ["0 %", "1 %", "2 %", "3 %", "4 %", "5 %"], id="a share is said in percent"),
        pytest.param(0, 2500, "req/s", ["0", "500", "1k", "1.5k", "2k", "2.5k"], id="thousands"),
        pytest.param(0, 4e7, "tokens", ["0", "10M", "20M", "30M", "40M"], id="millions"),
        pytest.param(0, 30_000, "ms", ["0 s", "5 s", "10 s", "15 s", "20 s", "25 s", "30 s"], id="seconds"),
        pytest.param(0, 20_480, "MB", ["0 GB", "5 GB", "10 GB", "15 GB", "20 GB"], id="much memory in gigabytes"),
        pytest.param(-0.4, 0.6, "", ["−0.4", "−0.2", "0", "0.2", "0.4", "0.6"], id="below zero"),
        pytest.param(0.495, 0.505, "", ["0.496", "0.498", "0.500", "0.502", "0.504"], id="decimals by the step"),
    ],
)
def test_that_the_value_axis_says(low: float, high: float, unit: str, expected: list[str]) -> None:
    assert [label for _, label in value_ticks(low, high, 240, unit)] == expected


@pytest.mark.parametrize("high", [0.8, 13.0, 60.0, 400.0, 5000.0])
@pytest.mark.parametrize("height", [90, 240, 600, 1000])
def test_that_a_tall_chart_is_no_ladder(high: float, height: int) -> None:
    assert 2 <= len(value_ticks(0.0, high, height, "")) <= 7


def test_that_a_range_is_held_while_values_use_it_well() -> None:
    held = HeldRange()
    assert held.fit(0, 90, "req/s") and (held.low, held.high) == (0, 100)
    for high in (60, 99, 75, 100):
        assert not held.fit(5, high, "req/s")
    assert held.fit(5, 101, "req/s") and held.high == 120
    assert held.fit(5, 70, "req/s") and held.high == 80


def test_that_one_spike_does_not_make_a_range_come_and_go() -> None:
    held, changes = HeldRange(), 0
    for tick in range(400):
        changes += held.fit(10, 80 + 19 * (tick % 2), "ms")
    assert changes <= 2


@pytest.mark.parametrize("low, high", [(0.41, 0.44), (-3.0, 2.0), (7.0, 7.0), (0.0, 0.0), (-5e-9, 5e-9), (1e12, 3e12)])
def test_that_a_free_range_holds_its_values_and_wastes_little(low: float, high: float) -> None:
    held = HeldRange()
    held.fit(low, high, "")
    assert held.low <= low <= high <= held.high and held.high > held.low
    if high > low:
        assert high - low >= 0.45 * (held.high - held.low)


def test_that_values_above_zero_are_never_drawn_on_an_axis_below_it() -> None:
    held = HeldRange()
    held.fit(0.0, 41e6, "")
    assert held.low == 0.0
    held.fit(-1.0, 41e6, "")
    assert held.low < 0


def test_that_a_share_ends_at_a_hundred_percent_and_zero_has_an_axis() -> None:
    held = HeldRange()
    held.fit(0.2, 0.99, "share")
    assert (held.low, held.high) == (0, 1.0)
    held.fit(0, 0, "share")
    assert (held.low, held.high) == (0, 0.01)


def test_that_no_values_leave_the_range_alone() -> None:
    held = HeldRange()
    held.fit(0, 90, "ms")
    assert not held.fit(float("nan"), float("nan"), "ms")


ZERO = RELATIVE_START.timestamp()


@pytest.mark.parametrize(
    "start, span, expected",
    [
        pytest.param(0, 510, ["0", "+2 min", "+4 min", "+6 min", "+8 min"], id="minutes"),
        pytest.param(0.2, 0.01, ["+0:00:00.200", "+0:00:00.205", "+0:00:00.210"], id="milliseconds"),
        pytest.param(500, 20, ["+0:08:20", "+0:08:25", "+0:08:30", "+0:08:35", "+0:08:40"], id="seconds"),
        pytest.param(3000, HOUR, ["+50 min", "+1:00 h", "+1:10 h", "+1:20 h", "+1:30 h", "+1:40 h", "+1:50 h"],
                     id="minutes beyond an hour"),
        pytest.param(-120, 240, ["-2 min", "-1 min", "0", "+1 min", "+2 min"], id="before the start"),
        pytest.param(0, DAY, ["0", "+6 h", "+12 h", "+18 h", "+24 h"], id="hours"),
        pytest.param(0, 20 * DAY, ["0", "+4 d", "+8 d", "+12 d", "+16 d", "+20 d"], id="days"),
        pytest.param(0, 3 * YEAR, ["0", "+180 d", "+360 d", "+540 d", "+720 d", "+900 d", "+1080 d"], id="years"),
    ],
)
def test_that_an_axis_without_dates_says(start: float, span: float, expected: list[str]) -> None:
    ticks = time_ticks(ZERO + start, ZERO + start + span, 400, relative=True)
    assert [tick.label for tick in ticks] == expected
    assert not any(tick.day_change for tick in ticks)


@pytest.mark.parametrize("span", [0.004, 0.3, 7, 100, 1000, 9000, 50_000, DAY * 2, DAY * 20, DAY * 200, YEAR * 90])
@pytest.mark.parametrize("width", [120, 320, 900])
@pytest.mark.parametrize("start", [0.0, -31.7, 98_765.4])
def test_that_labels_of_an_axis_without_dates_never_touch(span: float, width: int, start: float) -> None:
    ticks = time_ticks(ZERO + start, ZERO + start + span, width, relative=True)
    for one, other in itertools.pairwise(ticks):
        assert (other.at_s - one.at_s) / span * width >= 7 * (len(one.label) + len(other.label)) / 2 + 4


@pytest.mark.parametrize("bucket_s, expected", [(5, "+0:08:20"), (60, "+0:08:00")])
def test_that_a_cross_hair_without_dates_counts_from_the_start(qapp, bucket_s: int, expected: str) -> None:
    chart = replace(chart_of([1.0] * 20, bucket_s=bucket_s, start=ZERO + 480), relative=True)
    assert foot_of(100.0, ZERO + 503, Layout.of(400, 200), chart).text == expected
