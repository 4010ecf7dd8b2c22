"""Numbers and times as people read them."""

from datetime import UTC, datetime, timedelta

import pytest

from console.metrics.format import (
    format_exact,
    format_number,
    format_since,
    format_span,
    format_time,
    format_value,
    format_window,
)
from console.window import RELATIVE_START, Window

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize("value, unit, text", [
    (12.34, "ms", "12.3 ms"), (1204.4, "req/s", "1,204 req/s"), (0.0421, "share", "4.21 %"), (0.0, "share", "0 %"),
    (15_500, "ms", "15.5 s"), (20_480, "MB", "20 GB"), (float("nan"), "ms", "no data"), (7.0, "", "7"),
    (0.00042, "", "4.20e-04"), (float("inf"), "ms", "∞"),
])
def test_that_a_value_is_written_with_three_digits_and_its_unit(value: float, unit: str, text: str) -> None:
    assert format_value(value, unit) == text


@pytest.mark.parametrize("value, text", [(0.0, "0"), (99.95, "100"), (1.5, "1.50"), (-3.14159, "-3.14"),
                                         (9.999, "10.0"), (25.04, "25.0")])
def test_that_numbers_keep_three_digits(value: float, text: str) -> None:
    assert format_number(value) == text


def test_that_a_day_is_said_once() -> None:
    assert format_window(Window(NOON, NOON + timedelta(hours=2))) == "2 Mar 2026 12:00 - 14:00 UTC"
    assert format_window(Window(NOON, NOON + timedelta(days=2))) == "2 Mar 12:00 - 4 Mar 2026 12:00 UTC"


@pytest.mark.parametrize("seconds, text", [(0.4, "0.4 s"), (59, "59 s"), (720, "12 min"), (100_800, "1 d 4 h"),
                                           (3600, "1 h"), (0, "0 s"), (90, "1 min 30 s"), (3599.6, "1 h"),
                                           (5_231_400, "60 d 13 h"), (7_199, "2 h"), (86_399, "1 d"), (9.97, "10 s")])
def test_that_a_span_is_said_in_its_two_largest_units(seconds: float, text: str) -> None:
    assert format_span(seconds) == text


def since(seconds: float) -> datetime:
    """So long after the start of a log that names none."""
    return RELATIVE_START + timedelta(seconds=seconds)


@pytest.mark.parametrize("seconds, digits, text", [
    (0, 0, "0:00:00"), (509.999, 0, "0:08:29"), (509.999, 3, "0:08:29.999"), (3600, 3, "1:00:00.000"),
    (200_000, 0, "55:33:20"), (-90.5, 0, "-0:01:30"), (-90.5, 1, "-0:01:30.5"), (-0.4, 0, "0:00:00"),
    (59.9999996, 6, "0:01:00.000000")])
def test_that_a_relative_time_counts_from_the_start(seconds: float, digits: int, text: str) -> None:
    assert format_since(since(seconds), digits=digits) == text


def test_that_a_relative_time_is_never_a_date() -> None:
    shown = [format_time(since(509.999), relative=True), format_time(since(5), seconds=True, relative=True),
             format_window(Window(since(0), since(510)), relative=True),
             format_window(Window(since(0), since(510_000)), relative=True),
             format_window(Window(since(1.25), since(2)), relative=True)]
    assert shown == ["0:08:29 from the start", "0:00:05 from the start", "0:00:00 - 0:08:30", "0:00:00 - 141:40:00",
                     "0:00:01.250 - 0:00:02.000"]


@pytest.mark.parametrize("seconds, text", [(509.999, "T+0:08:29.999"), (0, "T+0:00:00"), (0.5, "T+0:00:00.5"),
                                           (1e-6, "T+0:00:00.000001"), (-1.5, "T-0:00:01.5")])
def test_that_commands_print_a_relative_time_exactly(seconds: float, text: str) -> None:
    assert format_exact(since(seconds), relative=True) == text


def test_that_commands_print_utc_with_z() -> None:
    assert format_exact(NOON) == "2026-03-02T12:00:00Z"
