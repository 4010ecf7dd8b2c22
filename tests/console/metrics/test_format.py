"""Numbers and times as people read them."""

from datetime import UTC, datetime, timedelta

import pytest

from console.metrics.format import format_number, format_span, format_value, format_window
from console.window import Window

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
                                           (3600, "1 h")])
def test_that_a_span_is_said_in_its_two_largest_units(seconds: float, text: str) -> None:
    assert format_span(seconds) == text
