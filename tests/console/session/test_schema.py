"""Columns that come, go, are renamed or change their type are noted on the time axis, and nothing else is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from console.jobs import SilentJob
from console.roles import Role
from console.session import Session
from console.session import session as sessions
from tests.console.folders import MakeFolder, truth_of

JOB = SilentJob()
START = datetime(2026, 3, 2, tzinfo=UTC)


def at(number: int) -> datetime:
    return START + timedelta(seconds=30 * number)


def rows(first: int, count: int, **cells: Any) -> str:
    """JSON lines; a cell may be a function of the row's number, and None leaves the key out."""
    lines = []
    for number in range(first, first + count):
        made = {"ts": at(number).isoformat(), "request_id": f"r{number}", "latency_ms": number % 40,
                **{name: value(number) if callable(value) else value for name, value in cells.items()}}
        lines.append(json.dumps({key: value for key, value in made.items() if value is not None}))
    return "\n".join(lines) + "\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "logs").mkdir()
    return tmp_path / "logs"


@pytest.fixture
def session(folder: Path, tmp_path: Path) -> Iterator[Session]:
    opened = Session.open(folder, workspace=tmp_path / "w.duckdb")
    yield opened
    opened.close()


def noted(session: Session) -> list[tuple[datetime, str]]:
    return [(moment, text) for moment, text, origin in session.store.annotations() if origin == "schema"]


def test_that_a_column_that_appears_is_noted_at_its_first_row(folder: Path, session: Session) -> None:
    (folder / "a.jsonl").write_text(rows(0, 500, age=lambda n: n % 60) + rows(500, 500, age=7, tier=lambda n: n % 3))
    session.load(JOB)
    assert noted(session) == [(at(500), "a: “tier” appeared")]
    overview, board = session.overview(), session.board()
    assert overview is not None and board is not None
    assert overview.annotations == board.annotations == (("a: “tier” appeared", at(500)),)


def test_that_a_column_that_goes_and_one_that_is_renamed_are_told_apart(folder: Path, session: Session) -> None:
    (folder / "requests-2026-03-02.jsonl").write_text(rows(0, 400, price=lambda n: n % 90, depth=lambda n: n % 7))
    (folder / "requests-2026-03-03.jsonl").write_text(rows(400, 400, fare=lambda n: n % 90))
    session.load(JOB)
    texts = {text.split(": ", 1)[1]: moment for moment, text in noted(session)}
    assert texts["it looks as if “price” was renamed to “fare”"] == at(400)
    assert abs(texts["“depth” has no values any more"] - at(400)) <= timedelta(seconds=60)
    assert len(texts) == 2


def test_that_a_burst_of_nulls_and_a_sparse_column_are_no_change(folder: Path, session: Session) -> None:
    def burst(n: int) -> int | None:
        return None if 300 <= n < 500 else n % 50

    def sparse(n: int) -> int | None:
        return n if n > 400 and n % 30 == 0 else None

    (folder / "a.jsonl").write_text(rows(0, 1000, age=burst, error_code=sparse))
    session.load(JOB)
    assert noted(session) == []


def test_that_text_among_numbers_is_noted_once_it_is_no_slip(folder: Path, session: Session) -> None:
    (folder / "a.jsonl").write_text(rows(0, 600, age=lambda n: n % 60, size=lambda n: "big" if n == 50 else n % 9)
                                    + rows(600, 300, age=lambda n: f"{n % 60} years", size=lambda n: n % 9))
    session.load(JOB)
    [(moment, text)] = noted(session)
    assert moment == at(600) and "“age” also holds text" in text and "300 cells" in text and "years" in text


def test_that_a_late_column_gets_the_role_of_its_values(folder: Path, session: Session,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "WATCH_S", -1.0)
    (folder / "a.jsonl").write_text(rows(0, 300, age=3))
    session.load(JOB)
    with (folder / "a.jsonl").open("a") as file:
        file.write(rows(300, 300, age=3, status_code=lambda n: 500 if n % 10 == 0 else 200, user_id=lambda n: f"u{n}"))
    while session.poll(JOB):
        pass
    roles = {column.name: column.role for column in session.store.streams()[0].columns}
    assert roles["status_code"] is Role.STATUS and roles["user_id"] is Role.USER_ID
    assert {text for _, text in noted(session)} == {"a: “status_code” appeared"}, "ids are not watched"
    board = session.board()
    assert board is not None and "error_rate" in {chart.metric for chart in board.charts}


def test_that_annotations_follow_the_rows(folder: Path, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """A column without values at the end has gone; when they come again it was a burst."""
    monkeypatch.setattr(sessions, "WATCH_S", -1.0)
    (folder / "a.jsonl").write_text(rows(0, 500, age=3) + rows(500, 200))
    session.load(JOB)
    assert [text for _, text in noted(session)] == ["a: “age” has no values any more"]
    with (folder / "a.jsonl").open("a") as file:
        file.write(rows(700, 200, age=4))
    while session.poll(JOB):
        pass
    assert noted(session) == []


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_that_the_story_of_a_changed_schema_is_told(log_folder: MakeFolder, tmp_path: Path, form: str) -> None:
    folder = log_folder("schema-change", form, rows=12_000, days=1)
    truth = [one for one in truth_of(folder)["incidents"] if one["kind"] == "schema"] if (
        "incidents" in truth_of(folder)) else []
    session = Session.open(folder, workspace=tmp_path / "story.duckdb")
    session.load(JOB)
    found = {text.split(": ", 1)[1].split(" (")[0]: moment for moment, text in noted(session)}
    assert set(found) >= {"“loyalty_tier” appeared", "it looks as if “price” was renamed to “price_cents”"}
    for one, text in zip(truth, ("“loyalty_tier” appeared", "it looks as if “price” was renamed to “price_cents”"),
                         strict=False):
        started = datetime.fromisoformat(one["start"].replace("Z", "+00:00"))
        assert abs(found[text] - started) < timedelta(minutes=10)
    session.close()


def test_that_a_healthy_log_has_no_annotations(log_folder: MakeFolder, tmp_path: Path) -> None:
    for number, scenario in enumerate(("healthy", "null-burst", "bad-canary")):
        folder = log_folder(scenario, "jsonl", rows=6000, days=1)
        session = Session.open(folder, workspace=tmp_path / f"{number}.duckdb")
        session.load(JOB)
        assert noted(session) == [], scenario
        session.close()


def test_that_the_share_of_missing_cells_is_of_all_cells(folder: Path, session: Session) -> None:
    (folder / "a.jsonl").write_text(rows(0, 400, age=lambda n: n if n % 4 == 0 else None))
    session.load(JOB)
    [age] = [column for column in session.sources().streams[0].columns if column.name == "age"]
    assert (age.n, age.n_missing) == (400, 300)
