"""Where an answer leads: what to look at, which windows to compare, what to send to somebody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from console.changes.view import ChangeKind, ChangeRow, ChangesView
from console.window import Window

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
END = NOON + 12 * HOUR


def change(*, ended: datetime | None = None, onset: datetime = NOON, weak: bool = False) -> ChangeRow:
    return ChangeRow(ChangeKind.METRIC, "error_rate", "", "Error rate", "share", "software", "inference", onset,
                     onset - HOUR / 2, onset + HOUR / 2, ended, 0.01, 0.1, 0.09, "points", 3.0, 1e-9, weak, "",
                     f"Error rate rose {'perhaps' if weak else 'since noon'}.", "error_rate", "")


def answer(*rows: ChangeRow) -> ChangesView:
    return ChangesView(NOON, Window(NOON - 6 * HOUR, END), Window(NOON - 48 * HOUR, NOON - 6 * HOUR), "two days", 60,
                       rows, ("Every second row was read.",), "1 thing moved.", "pilothouse changes x", 0.1)


def test_that_one_looks_at_the_change_with_half_of_its_length_around_it() -> None:
    row = change(ended=NOON + 4 * HOUR)
    assert answer(row).around(row) == Window(NOON - 2 * HOUR, NOON + 6 * HOUR)


def test_that_one_looks_at_twenty_buckets_at_least_and_at_all_that_the_beginning_may_be() -> None:
    row = change(ended=NOON + timedelta(minutes=2))
    assert answer(row).around(row) == Window(NOON - HOUR / 2, NOON + timedelta(minutes=22))


def test_that_what_lasts_is_looked_at_to_the_end_and_no_further() -> None:
    row = change()
    assert answer(row).around(row) == Window(NOON - 6 * HOUR, END)


def test_that_the_current_window_is_the_change_or_what_is_visible_of_it() -> None:
    ended, lasting = change(ended=NOON + HOUR), change()
    view = answer(ended, lasting)
    seen = Window(NOON - HOUR, NOON + 3 * HOUR)
    assert view.current(ended, seen) == Window(NOON, NOON + HOUR)
    assert view.current(lasting, seen) == Window(NOON, NOON + 3 * HOUR)
    assert view.current(lasting) == Window(NOON, END)
    assert view.current(lasting, Window(NOON - 9 * HOUR, NOON - 8 * HOUR)) == Window(NOON, END)


def test_that_the_text_to_send_has_all_of_it_and_the_command_last() -> None:
    assert answer(change(), change(weak=True)).as_text().split("\n") == [
        "1 thing moved.", "- Error rate rose since noon.", "May be nothing:", "- Error rate rose perhaps.",
        "Every second row was read.", "Compared with two days.", "pilothouse changes x"]
