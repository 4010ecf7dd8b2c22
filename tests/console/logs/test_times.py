"""How times are told: by their size where they are numbers, by their shape where they are text."""

from __future__ import annotations

import pytest

from console.logs.cells import look_at
from console.logs.plan import TimeFormat
from console.logs.times import (
    has_zone,
    iso_share,
    relative_format,
    says_count,
    says_time,
    steady_step,
    to_seconds,
)
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
    ("2026-03-02 10:00:00,123", True, False), ("20260302T100000Z", True, True), ("20260302T100000.5", True, False),
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


@pytest.mark.parametrize(("texts", "form", "zoned"), [
    (["05/20/1987", "05/21/1987", "06/01/1987"], TimeFormat.MONTH_FIRST, False),
    (["31/12/2026", "01/02/2026"], TimeFormat.DAY_FIRST, False),
    (["31.12.26 23:59", "01.02.26 00:00"], TimeFormat.DAY_FIRST, False),
    (["31-12-2026 10:00:00.123"], TimeFormat.DAY_FIRST, False),
    (["01-Dec-2026", "02-Jan-2027"], TimeFormat.DAY_FIRST, False),
    (["Dec 1, 2026", "January 2, 2027"], TimeFormat.MONTH_FIRST, False),
    (["12/31/2026, 10:00:05 PM", "1/2/2027, 1:00:00 AM"], TimeFormat.MONTH_FIRST, False),
    (["02/Mar/2026:12:00:42 +0000"], TimeFormat.DAY_FIRST, True),
    (["Mon, 02 Mar 2026 10:00:00 GMT"], TimeFormat.DAY_FIRST, True),
])
def test_that_the_order_of_day_and_month_is_told_from_the_values(texts: list[str], form: TimeFormat,
                                                                 zoned: bool) -> None:
    facts = look_at("day", texts)
    assert (facts.type, facts.time_format, facts.zoned, facts.in_doubt) == (ColumnType.TIME, form, zoned, False)


@pytest.mark.parametrize("texts", [
    ["01/02/2026", "03/04/2026", "12/12/2026"],                             # nothing decides
    ["31/12/2026", "12/31/2026"],                                           # both do
])
def test_that_an_order_in_doubt_is_not_guessed(texts: list[str]) -> None:
    facts = look_at("day", texts)
    assert (facts.type, facts.time_format, facts.in_doubt) == (ColumnType.TEXT, None, True)


def test_that_one_bad_cell_among_many_does_not_hide_the_order() -> None:
    facts = look_at("day", [f"{day}/03/2026" for day in range(1, 32)] * 2 + ["03/31/2026"])
    assert facts.time_format is TimeFormat.DAY_FIRST


@pytest.mark.parametrize(("name", "texts"), [
    ("version", ["1.10.24", "1.11.24", "1.12.24"]), ("host", ["10.0.0.12", "10.0.0.13"]),
    ("release", ["24.04.1", "22.10.3"]), ("day", ["31/31/2026"]), ("day", ["Mar/Dec/2026"]), ("day", ["40/50/2026"]),
    ("words", ["one two three", "may be 12"]), ("score", ["3/4", "1/2"]),
])
def test_that_what_only_resembles_a_date_is_none(name: str, texts: list[str]) -> None:
    facts = look_at(name, texts)
    assert (facts.type, facts.in_doubt) == (ColumnType.TEXT, False)


# `date -u -d '1987-05-20' +%s` and so on
SECONDS = [
    ("05/20/1987", TimeFormat.MONTH_FIRST, 548467200), ("31.12.69", TimeFormat.DAY_FIRST, 3155673600),
    ("31-Dec-70", TimeFormat.DAY_FIRST, 31449600), ("12/31/2026, 10:00:05 PM", TimeFormat.MONTH_FIRST, 1798754405),
    ("12/31/2026 12:00 AM", TimeFormat.MONTH_FIRST, 1798675200), ("20260302T100000Z", TimeFormat.ISO, 1772445600),
    ("2026-03-02 10:00:00,500", TimeFormat.ISO, 1772445600.5),
    ("2026-03-02 11:00:00 +0100", TimeFormat.ISO, 1772445600),
    ("509999", TimeFormat.RELATIVE_MS, 509.999), ("12.5", TimeFormat.RELATIVE_S, 12.5),
]


@pytest.mark.parametrize(("text", "form", "seconds"), SECONDS)
def test_that_samples_have_their_distance_however_they_are_written(text: str, form: TimeFormat,
                                                                   seconds: float) -> None:
    assert to_seconds(text, form) == pytest.approx(seconds, abs=1e-6)


@pytest.mark.parametrize(("name", "numbers", "form"), [
    ("timestamp", [0, 0, 0, 3000, 3000, 5999, 9000, 12000, 15000], TimeFormat.RELATIVE_MS),
    ("Timestamp", [5, 45, 45, 118, 161, 200], TimeFormat.RELATIVE_S),
    ("ts", [0.0, 0.25, 0.5, 1.75], TimeFormat.RELATIVE_S),
    ("arrived_at_ms", [0, 4, 7, 9, 12], TimeFormat.RELATIVE_MS),
    ("time_s", [0, 400, 700, 900, 1200], TimeFormat.RELATIVE_S),
    ("ts", [*range(0, 4000, 10), *range(0, 4000, 10)], TimeFormat.RELATIVE_S),       # two files, one after the other
    ("ts", [5, 3, 9, 1, 7, 2, 8, 1, 5, 3], None), ("ts", [7, 7, 7, 7, 7], None), ("ts", [-5, 0, 5, 10, 15], None),
    ("date", [20260227, 20260228, 20260301, 20260302], None), ("ts", [20260227, 20260228, 20260301, 20260302], None),
])
def test_that_a_count_from_a_start_is_told_with_its_unit(name: str, numbers: list[float],
                                                         form: TimeFormat | None) -> None:
    assert relative_format(name, [float(number) for number in numbers]) is form


@pytest.mark.parametrize(("name", "says"), [
    ("timestamp", True), ("ts", True), ("time_ms", True), ("arrivalTime", True), ("start_time", True),
    ("dep_time", False), ("response_time", False), ("day", False), ("created_year", False), ("amount", False)])
def test_that_only_some_names_may_count_from_a_start(name: str, says: bool) -> None:
    assert says_count(name) is says
