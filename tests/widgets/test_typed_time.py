"""Time ranges as people type them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.metrics.format import format_window
from console.window import RELATIVE_START, Window
from widgets.models.typed_time import NotATime, read_moment, read_since, read_window

NEWEST = datetime(2026, 3, 4, 18, 30, tzinfo=UTC)


def utc(day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, second, tzinfo=UTC)


@pytest.mark.parametrize(("text", "start", "end"), [
    ("2 Mar 2026 10:00 - 12:00 UTC", utc(2, 10), utc(2, 12)),
    ("2 Mar 10:00 - 3 Mar 2026 12:00 UTC", utc(2, 10), utc(3, 12)),
    ("2 March 10:00 to 12:00", utc(2, 10), utc(2, 12)),
    ("2026-03-02 10:00 .. 2026-03-03", utc(2, 10), utc(3)),
    ("2026-03-02T10:00:05Z .. 2026-03-02T10:00:09Z", utc(2, 10, 0, 5), utc(2, 10, 0, 9)),
    ("2026-03-02", utc(2), utc(3)),
    ("10:00-12:30", utc(4, 10), utc(4, 12, 30)),
    ("now-1h", utc(4, 17, 30), NEWEST),
    ("NOW - 90 min", utc(4, 17), NEWEST),
    ("now-2d .. now-1d", utc(2, 18, 30), utc(3, 18, 30)),
    ("6h", utc(4, 12, 30), NEWEST),
    ("last 15m", utc(4, 18, 15), NEWEST),
    ("last 2 days", utc(2, 18, 30), NEWEST),
    ("Last 1 week", datetime(2026, 2, 25, 18, 30, tzinfo=UTC), NEWEST),
    ("-30m", utc(4, 18), NEWEST),
    ("-30 minutes", utc(4, 18), NEWEST),
    ("now-2hours .. now", utc(4, 16, 30), NEWEST),
    ("1 Mar 10:00 .. 12:00", utc(1, 10), utc(1, 12)),
])
def test_that_a_range_is_read_as_a_person_means_it(text, start, end):
    assert read_window(text, NEWEST) == Window(start, end)


@pytest.mark.parametrize("text", ["", "yesterday", "10:00", "12:00 - 10:00", "31 Feb 2026 10:00 - 12:00",
                                  "now-1h .. now-2h", "2 Mar 2026 25:00 - 26:00", "now-999999999999d", "<b>now</b>"])
def test_that_what_is_no_range_is_refused_with_an_example(text):
    with pytest.raises(NotATime, match="2 Mar 2026 12:00 - 18:00"):
        read_window(text, NEWEST)


@given(st.integers(0, 10**9), st.integers(60, 10**7))
def test_that_every_range_that_is_shown_can_be_typed_again(start, length):
    shown = Window.from_epoch(start // 60 * 60, (start + length) // 60 * 60)
    assert read_window(format_window(shown), NEWEST) == shown


@given(st.text(max_size=40))
def test_that_any_text_gives_a_range_or_a_sentence(text):
    try:
        window = read_window(text, NEWEST)
    except NotATime as error:
        assert str(error)
    else:
        assert window.start < window.end


def since(seconds: float) -> datetime:
    return RELATIVE_START + timedelta(seconds=seconds)


@pytest.mark.parametrize(("text", "start", "end"), [
    ("0:05:00 - 0:08:30", 300, 510), ("+0:05:00 .. now", 300, 510), ("0:00:01.500 to 0:00:02", 1.5, 2),
    ("-0:01:00 - 0:08:30", -60, 510), ("now-1m", 450, 510), ("90s", 420, 510), ("last 2 min", 390, 510),
    ("0:05:00", 300, 510), ("0:00:00 - 30:00:00", 0, 108_000),
])
def test_that_a_range_without_dates_is_read(text, start, end):
    assert read_since(text, since(510)) == Window(since(start), since(end))


@pytest.mark.parametrize("text", ["", "2 Mar 2026", "2000-01-01 00:05 .. 2000-01-02", "0:05", "0:99:00 - 1:00:00",
                                  "0:08:00 - 0:05:00", "5:00 - 6:00"])
def test_that_what_is_no_range_of_such_a_log_is_said(text):
    with pytest.raises(NotATime, match=r"0:05:00 - 0:08:30|end must come after"):
        read_since(text, since(510))


@given(start=st.integers(-10**7, 10**8), length=st.integers(1, 10**8))
def test_that_what_is_shown_without_dates_can_be_typed(start, length):
    window = Window(since(start), since(start + length))
    assert read_since(format_window(window, relative=True), since(0)) == window


@pytest.mark.parametrize("text, wanted", [
    ("2 Mar 2026 12:00", "2026-03-02T12:00"), ("2 Mar 2026 12:00 UTC", "2026-03-02T12:00"),
    ("2026-03-02T12:00:30Z", "2026-03-02T12:00:30"), ("12:15", "2026-03-05T12:15"), ("now-6h", "2026-03-05T12:30"),
    ("90 min", "2026-03-05T17:00"), ("3 March", "2026-03-03T00:00")])
def test_that_one_moment_is_read(text: str, wanted: str) -> None:
    newest = datetime(2026, 3, 5, 18, 30, tzinfo=UTC)
    assert read_moment(text, newest) == datetime.fromisoformat(wanted).replace(tzinfo=UTC)


def test_that_a_moment_of_a_log_without_dates_counts_from_its_start() -> None:
    newest = RELATIVE_START + timedelta(minutes=10)
    assert read_moment("0:05:00", newest, relative=True) == RELATIVE_START + timedelta(minutes=5)
    assert read_moment("90s", newest, relative=True) == RELATIVE_START + timedelta(minutes=8.5)


@pytest.mark.parametrize("text", ["yesterday", "25:99", "2 Mar 2026 - 3 Mar 2026", "<b>"])
def test_that_what_is_no_moment_is_refused_with_examples(text: str) -> None:
    with pytest.raises(NotATime, match=r"is no time. Write it like 2 Mar 2026 12:00"):
        read_moment(text, datetime(2026, 3, 5, tzinfo=UTC))
