"""How times are told: by their size where they are numbers, by their shape where they are text."""

from __future__ import annotations

import pytest

from console.logs.cells import look_at
from console.logs.plan import TimeFormat
from console.logs.times import has_zone, iso_share, says_time, steady_step, to_seconds
from console.roles import ColumnType

# 2026-03-02T10:00:00Z is 1772445600 s since 1970: `date -u -d 2026-03-02T10:00:00Z +%s`
EPOCHS = [("1772445600", TimeFormat.EPOCH_S), ("1772445600.123", TimeFormat.EPOCH_S),
          ("1772445600123", TimeFormat.EPOCH_MS), ("1772445600123456", TimeFormat.EPOCH_US),
          ("1772445600123456789", TimeFormat.EPOCH_NS)]


@pytest.mark.parametrize(("text", "form"), EPOCHS)
def test_that_the_unit_of_an_epoch_is_told_by_its_size(text: str, form: TimeFormat) -> None:
    facts = look_at("ts", [text] * 3)
    assert (facts.type, facts.time_format, facts.zoned) == (ColumnType.TIME, form, True)
    assert to_seconds(text, form) == pytest.approx(1772445600, abs=0.2)


def test_that_a_large_number_under_another_name_is_no_time() -> None:
    assert look_at("price", ["1772445600"] * 3).type is ColumnType.NUMBER
    assert look_at("user_number", ["1772445600123456789"] * 3).type is ColumnType.TEXT


ISO = [  # text, is a time, names its zone
    ("2026-03-02T10:00:00Z", True, True), ("2026-03-02 10:00:00.1234567", True, False),
    ("2026-03-02T10:00:00.123456789+01:00", True, True), ("2026-03-02 10:00:00 UTC", True, True),
    ("2026-03-02T10:00:00+0100", True, True), ("2026-03-02T10:00", True, False), ("2026-03-02", True, False),
    ("2026-03-02 10:00:00,123", True, False),
    ("2026/3/2 9:00:00 +0000", True, True), ("05/20/1987", False, False), ("10:00:00", False, False),
    ("2026-03-02T10:00:00Z and more", False, False),
]


@pytest.mark.parametrize(("text", "is_time", "zoned"), ISO)
def test_that_iso_times_and_their_zones_are_told(text: str, is_time: bool, zoned: bool) -> None:
    assert (iso_share([text]) == 1.0, has_zone(text)) == (is_time, zoned)


@pytest.mark.parametrize(("name", "says"), [
    ("ts", True), ("event_time_ms", True), ("startTime", True), ("created_at", True),
    ("price", False), ("estimate", False), ("status", False)])
def test_that_names_of_times_are_told(name: str, says: bool) -> None:
    assert says_time(name) is says


def test_that_a_regular_grid_is_told_from_arrivals() -> None:
    assert steady_step([n * 300.0 for n in range(20) for _ in range(3)]) == 300.0
    assert steady_step([0, 1, 5, 6, 20, 21, 40, 80, 81, 90]) is None
    assert steady_step([0.0, 1.0]) is None
