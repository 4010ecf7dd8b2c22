"""What began first and is large comes first; a cause before what follows from it; weak rows last."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from console.changes.order import ordered
from console.changes.view import ChangeKind, ChangeRow

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def row(name: str, minutes: float, strength: float, step: str = "serving", kind: ChangeKind = ChangeKind.METRIC,
        unsure: float = 0.0, weak: bool = False) -> ChangeRow:
    onset = NOON + minutes * MINUTE
    return ChangeRow(kind, name, "", name, "", "", step, onset, onset - unsure * MINUTE, onset + unsure * MINUTE, None,
                     0.0, 1.0, 1.0, "", strength, 0.0, weak, "small" if weak else "", "", "", "")


def names(*rows: ChangeRow) -> list[str]:
    return [one.name for one in ordered(rows, MINUTE)]


def test_that_what_began_first_comes_first() -> None:
    assert names(row("late", 90, 9.0), row("early", 0, 2.0)) == ["early", "late"]


def test_that_at_the_same_time_the_earlier_step_comes_first_and_then_the_larger() -> None:
    assert names(row("ctr", 0, 9.0, "outcome"), row("score", 0.5, 5.0, "model"),
                 row("age", 0.5, 2.0, "features", ChangeKind.COLUMN), row("price", 0, 3.0, "features",
                                                                           ChangeKind.COLUMN)) == [
        "price", "age", "score", "ctr"]


def test_that_a_version_comes_before_what_is_bad_in_it() -> None:
    assert names(row("latency_p95", 0, 9.0), row("model_version", 0.5, 2.0, "collection",
                                                 ChangeKind.VERSION)) == ["model_version", "latency_p95"]


def test_that_what_is_known_roughly_is_told_with_what_it_may_follow_from() -> None:
    """The clicks fell some time that day, by the best guess before the column broke, which is known to the minute."""
    assert names(row("ctr", -30, 3.0, "outcome", unsure=240), row("age", 0, 4.0, "features", ChangeKind.COLUMN)) == [
        "age", "ctr"]


def test_that_what_is_weak_or_far_smaller_comes_behind_whenever_it_began() -> None:
    assert names(row("weak", -60, 8.0, weak=True), row("small", -30, 1.1), row("large", 0, 12.0)) == [
        "large", "small", "weak"]
