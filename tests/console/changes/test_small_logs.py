"""Logs made by hand: what changed is known to the row, and so are the numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from console.changes import ChangeKind, ChangeRow, ChangesView
from console.errors import BadSettings
from console.jobs import JobStopped, SilentJob
from console.session import Session
from console.window import Window

START = datetime(2026, 3, 2, 8, tzinfo=UTC)      # a Monday
ROWS, STEP_S, BROKE = 4800, 5, 2880
"""Six hours and forty minutes, a row every five seconds; what breaks does so after four hours."""

NOON = START + timedelta(seconds=STEP_S * BROKE)

Cell = Callable[[int], Any]


def at(number: int) -> datetime:
    return START + timedelta(seconds=STEP_S * number)


def healthy(number: int) -> dict[str, Any]:
    """Every cell is a function of the row's number: whole cycles, so that every stretch is alike."""
    return {"ts": at(number).isoformat(), "request_id": f"r{number}", "model_version": f"v{1 + (number % 5 == 0)}",
            "host": f"h{number % 3}", "status_code": 200, "latency_ms": 40 + number * 7 % 11,
            "score": round(0.2 + (number * 13 % 17) / 100, 3), "age": 30 + number * 5 % 13,
            "device": "phone" if number % 2 else "desktop", "country": ("US", "DE", "FR", "JP")[number * 3 % 7 % 4]}


@pytest.fixture
def opened() -> Iterator[list[Session]]:
    """The sessions of a test."""
    sessions: list[Session] = []
    yield sessions
    for session in sessions:
        session.close()


@pytest.fixture
def told(tmp_path: Path, opened: list[Session]) -> Callable[..., ChangesView]:
    """Writes a log whose cells are those of `healthy`, but for the cells given, and asks what changed."""

    def tell(since: datetime = NOON, job: Any = None, until: datetime | None = None,
             reference: Window | None = None, **cells: Cell) -> ChangesView:
        folder = tmp_path / "logs"
        folder.mkdir()
        lines = []
        for number in range(ROWS):
            row = healthy(number)
            row |= {name: cell(number) for name, cell in cells.items()}
            lines.append(json.dumps({name: value for name, value in row.items() if value is not None}))
        (folder / "requests.jsonl").write_text("\n".join(lines) + "\n")
        session = Session.open(folder, workspace=tmp_path / "w.duckdb")
        opened.append(session)
        session.load(SilentJob())
        return session.changes(since, job or SilentJob(), until=until, reference=reference)

    return tell


def strong(view: ChangesView) -> list[ChangeRow]:
    return [row for row in view.rows if not row.weak]


def test_that_nothing_is_said_of_a_log_in_which_nothing_happens(told: Callable[..., ChangesView]) -> None:
    view = told()
    assert view.rows == ()
    assert view.sentence.startswith("Nothing moved beyond chance since 2 Mar 2026 12:00 UTC")


def test_that_a_column_which_turns_null_is_named_with_its_shares(told: Callable[..., ChangesView]) -> None:
    view = told(age=lambda n: None if n >= BROKE and n % 4 == 0 else 30 + n * 5 % 13)
    (row,) = strong(view)
    assert (row.kind, row.name, row.column, row.chart) == (ChangeKind.COLUMN, "age", "age", "missing_values")
    assert (row.before, row.after) == (0.0, pytest.approx(0.25, abs=0.005))
    assert row.onset == at(BROKE)
    assert "“age” is missing in 25" in row.sentence and "0 % before" in row.sentence
    assert row.ended is None


def test_that_the_null_column_comes_before_the_score_that_it_lowers(told: Callable[..., ChangesView]) -> None:
    def null(n: int) -> bool:
        return n >= BROKE and n % 2 == 0

    view = told(age=lambda n: None if null(n) else 30 + n * 5 % 13,
                score=lambda n: round(0.2 + (n * 13 % 17) / 100 - 0.1 * null(n), 3))
    assert [row.name for row in strong(view)] == ["age", "prediction_mean"]


def test_that_a_second_look_finds_what_the_first_one_found_and_nothing_else(told: Callable[..., ChangesView],
                                                                            opened: list[Session]) -> None:
    view = told(age=lambda n: None if n >= BROKE and n % 4 == 0 else 30 + n * 5 % 13,
                latency_ms=lambda n: (40 + n * 7 % 11) * (3 if n >= BROKE else 1),
                model_version=lambda n: "v3" if n >= BROKE and n % 4 == 0 else "v1")
    rows = strong(view)
    assert {row.kind for row in rows} == {ChangeKind.COLUMN, ChangeKind.METRIC, ChangeKind.VERSION}
    for row in rows:
        (again,) = opened[0].changes(NOON, SilentJob(), only=(row,)).rows
        assert (again.name, again.onset, again.segment) == (row.name, row.onset, row.segment)
        assert (again.before, again.after) == pytest.approx((row.before, row.after), rel=0.01, abs=0.002), row.sentence
    assert [row.name for row in opened[0].changes(NOON, SilentJob(), only=rows).rows] == [row.name for row in rows]


def test_that_the_percentiles_of_latency_are_one_row(told: Callable[..., ChangesView]) -> None:
    view = told(latency_ms=lambda n: (40 + n * 7 % 11) * (3 if n >= BROKE else 1))
    (row,) = strong(view)
    assert (row.kind, row.chart, row.unit) == (ChangeKind.METRIC, "latency", "ms")
    assert row.after / row.before == pytest.approx(3.0, rel=0.02)
    assert row.onset == at(BROKE)
    assert "×3" in row.sentence


def test_that_what_ended_says_until_when(told: Callable[..., ChangesView]) -> None:
    view = told(latency_ms=lambda n: (40 + n * 7 % 11) * (3 if BROKE <= n < BROKE + 720 else 1))
    (row,) = strong(view)
    assert row.ended is not None
    assert abs(row.ended - at(BROKE + 720)) <= timedelta(seconds=view.bucket_s)


def test_that_a_time_typed_late_finds_what_began_before_it(told: Callable[..., ChangesView]) -> None:
    view = told(since=at(BROKE + 240), latency_ms=lambda n: (40 + n * 7 % 11) * (3 if n >= BROKE else 1))
    (row,) = strong(view)
    assert row.onset == at(BROKE)
    assert view.since.start < at(BROKE) < view.at


def test_that_a_new_version_is_told_first_with_what_is_bad_only_in_it(told: Callable[..., ChangesView]) -> None:
    def new(n: int) -> bool:
        return n >= BROKE and n % 4 == 0

    view = told(model_version=lambda n: "v3" if new(n) else "v1",
                status_code=lambda n: 500 if new(n) and n % 16 == 0 else 200)
    first = strong(view)[0]
    assert (first.kind, first.segment) == (ChangeKind.VERSION, "model_version=v3")
    assert (first.before, first.after) == (0.0, pytest.approx(0.25, abs=0.005))
    assert "is new since 2 Mar 2026 12:00 UTC" in first.sentence
    assert re.search(r"only there: Error rate 25(\.\d)? % against 0 %", first.sentence)
    assert [row.name for row in strong(view)][1:] == ["error_rate"]
    assert "only in model_version=v3" in strong(view)[1].sentence


def test_that_errors_of_one_host_name_the_host(told: Callable[..., ChangesView]) -> None:
    view = told(status_code=lambda n: 503 if n >= BROKE and n % 3 == 1 and n % 7 == 0 else 200)
    (row,) = strong(view)
    assert (row.name, row.segment) == ("error_rate", "host=h1")
    assert row.after == pytest.approx(1 / 21, rel=0.05)       # of all; a seventh of that host's
    assert "only in host=h1" in row.sentence


def test_that_errors_of_one_kind_of_requests_name_it(told: Callable[..., ChangesView]) -> None:
    view = told(status_code=lambda n: 503 if n >= BROKE and n % 2 == 1 and n % 11 == 0 else 200)
    (row,) = strong(view)
    assert (row.name, row.segment) == ("error_rate", "device=phone")


def spread(number: int) -> float:
    """0 to 0.99 in a mixed order, every value as often, and apart from all other cells."""
    return number * 37 % 100 / 100


def test_that_clicks_which_cease_to_follow_a_column_are_told_though_their_mean_stands(
        told: Callable[..., ChangesView]) -> None:
    """Of a hundred values the upper forty are clicked in 40 % of cases, the others in 10 %; then it is the lower forty.
    """
    def clicked(number: int) -> int:
        high = spread(number) >= 0.6 if number < BROKE else spread(number) < 0.4
        return int((number // 100 + number) % 10 < (4 if high else 1))

    view = told(weight=spread, clicked=clicked)
    (row,) = strong(view)
    assert (row.name, row.segment, row.chart) == ("ctr", "weight", "ctr")
    assert (row.before, row.after) == (pytest.approx(0.3, abs=0.02), pytest.approx(-0.3, abs=0.02))
    assert re.search(r"“weight”.*where it is low \d+(\.\d)? % → (39|40)", row.sentence)


def test_that_drift_of_a_column_is_not_taken_for_clicks_that_follow_it_otherwise(
        told: Callable[..., ChangesView]) -> None:
    """The same two rates of clicks; only high values come more often."""
    def weight(number: int) -> float:
        return spread(number) if number < BROKE else spread(number) ** 0.5

    view = told(weight=weight, clicked=lambda n: int((n // 100 + n) % 10 < (4 if weight(n) >= 0.6 else 1)))
    assert "weight" in {row.name for row in strong(view)}
    assert not [row for row in view.rows if row.segment]


def test_that_values_never_seen_before_are_named(told: Callable[..., ChangesView]) -> None:
    view = told(country=lambda n: "ZZ" if n >= BROKE and n % 5 == 0 else healthy(n)["country"])
    (row,) = strong(view)
    assert (row.kind, row.name) == (ChangeKind.COLUMN, "country")
    assert "never seen before (ZZ)" in row.sentence
    assert "ZZ 0 % → 20" in row.sentence


def test_that_the_level_of_a_column_is_told_in_its_own_numbers(told: Callable[..., ChangesView]) -> None:
    view = told(age=lambda n: 30 + n * 5 % 13 + 9 * (n >= BROKE))
    (row,) = strong(view)
    assert (row.name, row.chart) == ("age", "")
    assert (row.before, row.after) == (pytest.approx(36, abs=0.2), pytest.approx(45, abs=0.2))


def test_that_a_column_that_came_is_told_once_by_its_first_row(told: Callable[..., ChangesView]) -> None:
    view = told(tier=lambda n: n % 7 if n >= BROKE else None)
    (row,) = strong(view)
    assert (row.kind, row.name, row.onset) == (ChangeKind.SCHEMA, "tier", at(BROKE))


def test_that_what_came_after_until_is_not_told(told: Callable[..., ChangesView]) -> None:
    view = told(since=at(BROKE - 1200), until=at(BROKE - 60), age=lambda n: 30 + n * 5 % 13 + 9 * (n >= BROKE))
    assert view.rows == ()


def test_that_a_reference_of_ones_own_says_what_is_usual(told: Callable[..., ChangesView]) -> None:
    """The age was 9 higher for the first hour: compared with that hour it fell, though nothing changed at noon."""
    view = told(reference=Window(START, START + timedelta(hours=1)), age=lambda n: 30 + n * 5 % 13 + 9 * (n < 720))
    (row,) = strong(view)
    assert (row.before, row.after) == (pytest.approx(45, abs=0.2), pytest.approx(36, abs=0.2))
    assert view.reference == Window(START, START + timedelta(hours=1))


def test_that_names_and_values_of_the_log_are_data(told: Callable[..., ChangesView]) -> None:
    hostile = "'; DROP TABLE raw_1; --\n[b]x[/b]" + "y" * 300
    view = told(country=lambda n: hostile if n >= BROKE and n % 5 == 0 else healthy(n)["country"])
    (row,) = strong(view)
    assert "\n" not in row.sentence
    assert "y" * 120 not in row.sentence


def test_that_a_time_outside_of_the_log_is_refused(told: Callable[..., ChangesView]) -> None:
    with pytest.raises(BadSettings, match="is not in this log"):
        told(since=datetime(2027, 1, 1, tzinfo=UTC))


def test_that_a_beginning_without_training_data_says_so(told: Callable[..., ChangesView]) -> None:
    view = told(since=START)
    assert view.rows == ()
    assert "too little lies before" in view.sentence


@pytest.mark.parametrize("seconds", [15, 60, 300, 1500, STEP_S * ROWS - 300, STEP_S * ROWS - 60])
def test_that_any_time_of_the_log_may_be_asked_for(seconds: int, told: Callable[..., ChangesView]) -> None:
    """Near the beginning and the end: neither finer buckets than can be looked at, nor something out of nothing."""
    view = told(since=START + timedelta(seconds=seconds))
    assert view.rows == ()
    assert view.bucket_s == 0 or view.since.seconds / view.bucket_s <= 1000


class Stopped(SilentJob):
    def stop_if_asked(self) -> None:
        raise JobStopped


def test_that_it_can_be_stopped(told: Callable[..., ChangesView]) -> None:
    with pytest.raises(JobStopped):
        told(job=Stopped())
