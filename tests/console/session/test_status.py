"""The status bar: what it says, and that saying it costs the window nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from console.jobs import SilentJob
from console.session import Session

ROWS = "".join(f'{{"ts":"2026-03-02T00:00:{second:02d}Z","latency_ms":{second}}}\n' for second in range(60))


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "app.jsonl").write_text(ROWS)
    opened = Session.open(folder, workspace=tmp_path / "w.duckdb")
    opened.load(SilentJob())
    yield opened
    opened.close()


def test_that_the_status_is_told_without_the_database(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(*_: object) -> NoReturn:
        raise AssertionError("the window's thread would wait for the database")

    monkeypatch.setattr(type(session.store), "cursor", ask)
    session.tick()
    status = session.status()
    assert (status.rows, status.rejected_files) == (60, 0)


def test_that_a_file_that_is_refused_while_the_folder_is_followed_is_counted(session: Session) -> None:
    session.store.refuse("cut-off.parquet", "It is cut off", True)
    assert session.poll(SilentJob())
    assert session.status().rejected_files == 1
    assert not session.poll(SilentJob())


def test_that_a_poll_that_brings_nothing_says_so(session: Session) -> None:
    session.poll(SilentJob())
    assert not session.poll(SilentJob())
