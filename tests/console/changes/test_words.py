"""The sentences: what lasts is told as begun, what is over as it was, with its numbers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from console.changes import words
from console.changes.words import When, when

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.mark.parametrize("unsure, ended, slope, earlier, said", [
    (MINUTE, None, False, False, "since 2 Mar 2026 12:00 UTC"),
    (HOUR, None, False, False, "since 2 Mar 2026 12:00 UTC (give or take 1 h)"),
    (MINUTE, None, False, True, "since 2 Mar 2026 12:00 UTC or before"),
    (MINUTE, None, True, False, "more and more from 2 Mar 2026 12:00 UTC"),
    (MINUTE, NOON + 3 * HOUR, False, False, "from 2 Mar 2026 12:00 to 15:00 UTC"),
    (HOUR, NOON + 30 * HOUR, False, False, "from 2 Mar 12:00 to 3 Mar 2026 18:00 UTC (its beginning give or take 1 h)"),
    (MINUTE, NOON + 3 * HOUR, False, True, "from 2 Mar 2026 12:00 to 15:00 UTC (or from before)"),
])
def test_that_the_time_of_a_change_is_told(unsure: timedelta, ended: datetime | None, slope: bool, earlier: bool,
                                           said: str) -> None:
    found = when(NOON, NOON - unsure, NOON + unsure, ended, 60, relative=False, slope=slope, earlier=earlier)
    assert (found.said, found.ended) == (said, ended is not None)


def test_that_what_is_over_is_told_as_it_was() -> None:
    lasts, over = When("since noon"), When("from noon to one", ended=True)
    assert words.of_metric("Null responses", "prediction", 0.01, 0.2, "share", when=lasts, beside=()) == (
        "Null responses (“prediction”) rose since noon: 1 % → 20 %.")
    assert words.of_metric("Null responses", "prediction", 0.01, 0.2, "share", when=over, beside=()) == (
        "Null responses (“prediction”) were higher from noon to one: 1 % → 20 %.")
    assert words.of_metric("Log loss", "", 0.4, 0.2, "", when=over, beside=("also here",), segment="host=a") == (
        "Log loss in host=a was lower from noon to one: 0.400 → 0.200, ×0.500; also here.")
    assert words.of_column("age", "missing", 0.01, 0.3, 0.0, when=over, values=()) == (
        "“age” was missing in 30 % of its rows from noon to one; in 1 % before.")
    shares = (("ZZ", 0.0, 0.2), ("US", 0.5, 0.3))
    assert words.of_column("land", "values", 0.0, 0.2, 0.0, when=lasts, values=shares) == (
        "“land” holds other values since noon, some never seen before (ZZ): ZZ 0 % → 20 %; US 50 % → 30 %.")
    assert words.of_version("model_version", "v2", 0.0, 0.25, when=over, bad=("Error rate 4 % against 1 %",)) == (
        "model_version v2 was there from noon to one only, with 25 % of the requests; only there: "
        "Error rate 4 % against 1 %.")
    assert words.of_version("model_version", "v1", 1.0, 0.0, when=lasts, bad=()) == (
        "model_version v1 is gone since noon; it had 100 % of the requests.")


def test_that_seconds_are_not_told_where_buckets_are_minutes() -> None:
    asked = NOON + timedelta(seconds=39)
    found = when(asked, asked, asked, NOON + 3 * HOUR, 60, relative=False, slope=False, earlier=False)
    assert found.said == "from 2 Mar 2026 12:00 to 15:00 UTC"


def test_that_the_whole_is_told_in_one_sentence_and_where_it_looked() -> None:
    rows = [("column age", False), ("CTR", False), ("CPU", True)]
    assert words.overall(rows, "noon", "2 h") == ("2 things moved since noon: column age, CTR. "
                                                  "Looked from 2 h before that time on.")
    assert words.overall(rows[2:], "noon", "") == "Nothing that matters moved since noon; 1 weak sign."
    assert words.overall([], "noon", "") == "Nothing moved beyond chance since noon."
