"""Buckets and lengths of time, by hand."""

from datetime import UTC, datetime, timedelta

import pytest

from console.errors import BadSettings
from console.metrics.grid import aligned, bucket_for, parse_length
from console.window import Window

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize("hours, points, bucket_s", [
    pytest.param(1, 500, 10, id="an hour in 360 points"),
    pytest.param(24, 500, 300, id="a day in 288 points"),
    pytest.param(24 * 7, 500, 1800, id="a week in 336 points"),
    pytest.param(24 * 365, 500, 86400, id="a year in days"),
    pytest.param(24 * 365 * 30, 500, 4 * 604800, id="thirty years in whole weeks"),
])
def test_that_the_bucket_is_the_shortest_that_fits(hours: int, points: int, bucket_s: int) -> None:
    assert bucket_for(Window(NOON, NOON + timedelta(hours=hours)), points) == bucket_s
    assert hours * 3600 / bucket_for(Window(NOON, NOON + timedelta(hours=hours)), points) <= points


def test_that_no_bucket_is_finer_than_the_data() -> None:
    assert bucket_for(Window(NOON, NOON + timedelta(hours=1)), 500, least_s=300) == 300


def test_that_a_window_is_widened_to_whole_buckets() -> None:
    window = Window(NOON + timedelta(seconds=61), NOON + timedelta(seconds=119))
    assert aligned(window, 60) == Window(NOON + timedelta(seconds=60), NOON + timedelta(seconds=120))


@pytest.mark.parametrize("text, seconds", [("10s", 10), ("1m", 60), ("90 min", 5400), ("2h", 7200), ("1w", 604800)])
def test_that_lengths_are_read_as_people_write_them(text: str, seconds: int) -> None:
    assert parse_length(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "m", "-1h", "1y", "0s", "1h; DROP TABLE events"])
def test_that_what_is_no_length_is_refused(text: str) -> None:
    with pytest.raises(BadSettings):
        parse_length(text)
