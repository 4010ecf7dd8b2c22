"""Views are asked for on several threads while rows come in and roles change; none of them may break or lie."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from console.jobs import SilentJob
from console.roles import Role
from console.session import Session
from tests.console.folders import MakeFolder, own_copy


@contextmanager
def asked_all_the_time(session: Session) -> Iterator[list[BaseException]]:
    """Board, overview, sources and status, again and again until the block ends; what broke is in the list."""
    over = threading.Event()
    broke: list[BaseException] = []

    def ask(question: Callable[[], object]) -> None:
        while not over.is_set():
            try:
                question()
            except BaseException as error:
                broke.append(error)
                return
            over.wait(0.005)        # or those who ask leave those who load no time

    questions: list[Callable[[], object]] = [lambda: session.board(200), lambda: session.overview(200),
                                             session.sources, session.status]
    threads = [threading.Thread(target=ask, args=(question,)) for question in questions]
    for thread in threads:
        thread.start()
    try:
        yield broke
    finally:
        over.set()
        for thread in threads:
            thread.join()


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[Path], Session]]:
    sessions: list[Session] = []

    def open_it(folder: Path) -> Session:
        sessions.append(Session.open(folder, workspace=tmp_path / f"{len(sessions)}.duckdb"))
        return sessions[-1]

    yield open_it
    for session in sessions:
        session.close()


def test_that_views_can_be_asked_for_while_a_folder_loads(opened: Callable[[Path], Session],
                                                          log_folder: MakeFolder) -> None:
    session = opened(log_folder("healthy", "csv", rows=2000, system=True))
    with asked_all_the_time(session) as broke:
        session.load(SilentJob())
    assert broke == []


def test_that_a_log_whose_rows_are_not_counted_yet_is_not_said_to_have_nothing_to_draw(
        opened: Callable[[Path], Session], log_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    session = opened(log_folder("healthy", "csv", rows=2000))
    said: list[tuple[int, str]] = []
    refresh = session.store.refresh

    def ask_before(*given: object, **named: object) -> bool:
        board = session.board(200)
        said.append((sum(stream.rows for stream in session.store.streams()), board.nothing if board else ""))
        return refresh(*given, **named)     # type: ignore[arg-type]

    monkeypatch.setattr(session.store, "refresh", ask_before)
    session.load(SilentJob())
    assert max(rows for rows, _ in said) > 0
    assert {words for _, words in said} == {""}


def test_that_views_can_be_asked_for_while_roles_change(opened: Callable[[Path], Session], log_folder: MakeFolder,
                                                        tmp_path: Path) -> None:
    session = opened(own_copy(log_folder("healthy", "parquet", rows=2000), tmp_path / "logs"))
    session.load(SilentJob())
    with asked_all_the_time(session) as broke:
        for number in range(3):
            role = Role.FEATURE if number % 2 else Role.LATENCY
            other = Role.LATENCY if number % 2 else None
            session.set_columns("predictions", {"price": (role, ""), "latency_ms": (other, "ms")}, None, SilentJob())
    assert broke == []
    board = session.board(200)
    assert board is not None
    latency = next(chart for chart in board.charts if chart.metric == "latency")
    assert np.isfinite(latency.series[0].values).any()
