"""Threads and timers: nothing twice at once, the newest wish wins, and closing never crashes."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QObject, QThread, Slot

from console.errors import ConsoleError
from console.jobs import Job
from tests.widgets.fake_session import FakeSession
from widgets.bridge.background import BackgroundJob, Workers
from widgets.bridge.conductor import Conductor, Life
from widgets.bridge.refresher import Refresher


class Heard(QObject):
    """Writes down what came, and on which thread."""

    def __init__(self) -> None:
        super().__init__()
        self.values: list[Any] = []
        self.threads: set[int] = set()

    @Slot(object)
    def hear(self, value: object) -> None:
        self.values.append(value)
        self.threads.add(threading.get_ident())

    @Slot()
    def hear_nothing(self) -> None:
        self.values.append("nothing")


@pytest.fixture
def workers(qapp: object) -> Iterator[Workers]:
    pool = Workers()
    yield pool
    assert pool.shut_down(60)


@pytest.fixture
def conduct(qapp: object) -> Iterator[Callable[..., tuple[Conductor, FakeSession]]]:
    made: list[Conductor] = []

    def make(**how: Any) -> tuple[Conductor, FakeSession]:
        session = FakeSession(Path("/logs/shop"), **how)
        conductor = Conductor(lambda _folder, _workspace: session)  # type: ignore[arg-type,return-value]
        made.append(conductor)
        return conductor, session

    yield make
    for one in made:
        assert one.shut_down(60)


def run(workers: Workers, work: Callable[[Job], Any]) -> tuple[BackgroundJob, Heard, Heard, Heard, Heard]:
    job = BackgroundJob("test", work)
    heard = tuple(Heard() for _ in range(4))
    job.succeeded.connect(heard[0].hear)
    job.failed.connect(heard[1].hear)
    job.broke.connect(heard[2].hear)
    job.stopped.connect(heard[3].hear_nothing)
    workers.start(job)
    return job, *heard  # type: ignore[return-value]


def test_that_work_runs_on_another_thread_and_its_result_arrives_on_this_one(workers, qtbot):
    _job, good, *_others = run(workers, lambda _job: threading.get_ident())
    qtbot.waitUntil(lambda: bool(good.values))
    assert good.values != [threading.get_ident()]
    assert good.threads == {threading.get_ident()}


def test_that_an_error_of_the_world_and_a_bug_come_by_different_signals(workers, qtbot):
    def worlds_fault(_job: Job) -> None:
        raise ConsoleError("The disk is full")

    def our_fault(_job: Job) -> None:
        raise ZeroDivisionError

    _job, _good, failed, _broke, _stopped = run(workers, worlds_fault)
    _job2, _good2, _failed2, broke, _stopped2 = run(workers, our_fault)
    qtbot.waitUntil(lambda: bool(failed.values and broke.values))
    assert isinstance(failed.values[0], ConsoleError)
    assert isinstance(broke.values[0], ZeroDivisionError)


def test_that_stopped_work_says_stopped_and_nothing_else(workers, qtbot):
    begun = threading.Event()

    def endless(job: Job) -> None:
        while True:
            begun.set()
            job.stop_if_asked()

    job, good, failed, broke, stopped = run(workers, endless)
    assert begun.wait(60)
    job.stop()
    qtbot.waitUntil(lambda: stopped.values == ["nothing"])
    assert not good.values + failed.values + broke.values


def test_that_bytes_beyond_what_a_qt_int_holds_are_reported_as_kilobytes(workers, qtbot):
    reports: list[tuple[int, int, str]] = []

    def work(job: Job) -> None:
        job.report(3 << 40, 6 << 40, "big")

    job = BackgroundJob("test", work)
    heard = Heard()
    job.ended.connect(heard.hear)
    job.progressed.connect(lambda *what: reports.append(what))
    workers.start(job)
    qtbot.waitUntil(lambda: bool(heard.values))
    assert reports == [(3 << 20, 6 << 20, "big")]


def test_that_many_wishes_for_a_view_are_never_under_way_together_and_the_last_is_fulfilled(workers, qtbot):
    """A hundred wishes while one is being made give few views, one at a time, and the last sees the newest state."""
    state = {"now": 0, "inside": 0, "most": 0}
    gate = threading.Event()

    def make() -> int:
        state["inside"] += 1
        state["most"] = max(state["most"], state["inside"])
        seen = state["now"]
        gate.wait(5)
        state["inside"] -= 1
        return seen

    refresher = Refresher("board", workers)
    heard = Heard()
    refresher.ready.connect(heard.hear)
    refresher.source(make)
    refresher.ask()
    qtbot.waitUntil(lambda: state["inside"] == 1)
    for number in range(1, 101):
        state["now"] = number
        refresher.ask()
    gate.set()
    qtbot.waitUntil(lambda: refresher.idle)
    assert heard.values == [0, 100]
    assert state["most"] == 1


def test_that_a_view_of_a_folder_that_was_left_is_dropped(workers, qtbot):
    gate, begun = threading.Event(), threading.Event()

    def old() -> str:
        begun.set()
        gate.wait(5)
        return "old"

    refresher = Refresher("board", workers)
    heard = Heard()
    refresher.ready.connect(heard.hear)
    refresher.source(old)
    refresher.ask()
    qtbot.waitUntil(begun.is_set)
    refresher.source(lambda: "new")
    gate.set()
    refresher.ask()
    qtbot.waitUntil(lambda: bool(heard.values))
    qtbot.waitUntil(lambda: not workers.busy)
    assert heard.values == ["new"]


def test_that_a_folder_is_opened_loaded_and_then_followed(conduct, qtbot):
    conductor, session = conduct(steps=3)
    boards = Heard()
    conductor.board_ready.connect(boards.hear)
    with qtbot.waitSignal(conductor.load_ended):
        conductor.open(Path("/logs/shop"))
    qtbot.waitUntil(lambda: "poll" in session.calls and bool(boards.values))
    assert conductor.life is Life.FOLLOWING
    assert session.calls.index("load") < session.calls.index("poll")


def test_that_no_slow_view_is_made_on_the_windows_thread(conduct, qtbot):
    conductor, session = conduct(grows=True)
    conductor.open(Path("/logs/shop"))
    conductor.follow_views("board", "overview", "sources")
    qtbot.waitUntil(lambda: {"board", "overview", "sources"} <= set(session.calls))
    assert QThread.currentThread().isMainThread()
    assert threading.current_thread().name not in session.threads


def test_that_while_data_stream_in_no_view_is_made_twice_at_once(conduct, qtbot):
    conductor, session = conduct(grows=True, slow_s=0.05)
    conductor.open(Path("/logs/shop"))
    qtbot.waitUntil(lambda: session.calls.count("board") >= 5, timeout=10_000)
    assert session.most_at_once["board"] == 1


def test_that_cancelling_the_load_ends_it_and_reloading_goes_on(conduct, qtbot):
    conductor, session = conduct(steps=100_000)
    conductor.open(Path("/logs/shop"))
    qtbot.waitUntil(lambda: conductor.life is Life.LOADING and session.progress() is not None)
    with qtbot.waitSignal(conductor.load_ended):
        conductor.stop("load")
    assert "load" not in session.calls
    session.steps = 1
    with qtbot.waitSignal(conductor.load_ended):
        conductor.reload()
    assert "load" in session.calls


def test_that_opening_another_folder_closes_the_first_before_the_second_is_opened(qapp, qtbot):
    opened: list[FakeSession] = []
    closed_before: list[bool] = []

    def opener(folder: Path, _workspace: Path | None) -> FakeSession:
        closed_before.extend(one.closed for one in opened)
        opened.append(FakeSession(folder, grows=True, slow_s=0.02))
        return opened[-1]

    conductor = Conductor(opener)  # type: ignore[arg-type]
    conductor.open(Path("/logs/one"))
    qtbot.waitUntil(lambda: conductor.session is not None)
    conductor.open(Path("/logs/two"))
    qtbot.waitUntil(lambda: conductor.session is not None and len(opened) == 2)
    assert closed_before == [True]
    assert conductor.session is opened[1]
    assert conductor.shut_down(60)


def test_that_a_folder_that_cannot_be_opened_is_said_and_leaves_no_folder_open(qapp, qtbot):
    def opener(folder: Path, _workspace: Path | None) -> FakeSession:
        raise ConsoleError("There is no such folder", where=str(folder))

    conductor = Conductor(opener)  # type: ignore[arg-type]
    trouble = Heard()
    conductor.trouble.connect(trouble.hear)
    conductor.open(Path("/logs/none"))
    qtbot.waitUntil(lambda: bool(trouble.values))
    assert conductor.life is Life.NONE
    assert conductor.shut_down(60)


def test_that_a_poll_that_keeps_failing_is_said_once(conduct, qtbot, monkeypatch):
    conductor, session = conduct()
    polls = []

    def lost(_job: Job) -> bool:
        polls.append(1)
        raise ConsoleError("The folder is gone")

    monkeypatch.setattr(session, "poll", lost)
    monkeypatch.setattr("widgets.bridge.conductor.POLL_MOST_MS", 10)
    trouble = Heard()
    conductor.trouble.connect(trouble.hear)
    conductor.open(Path("/logs/shop"))
    qtbot.waitUntil(lambda: len(polls) >= 4)
    assert len(trouble.values) == 1


def test_that_what_came_is_drawn_while_the_poll_goes_on(conduct, qtbot, monkeypatch):
    conductor, session = conduct()
    drawn, ended = threading.Event(), []

    def poll(job: Job) -> bool:
        if not ended:
            session.generation += 1
            job.report(0, 0, "Rows came")
            ended.append(drawn.wait(60))
        return False

    monkeypatch.setattr(session, "poll", poll)
    boards = Heard()
    conductor.board_ready.connect(boards.hear)
    conductor.board_ready.connect(lambda view: drawn.set() if view.generation == session.generation else None)
    conductor.open(Path("/logs/shop"))
    qtbot.waitUntil(lambda: bool(ended), timeout=60_000)
    assert ended == [True]


def test_that_a_poll_waits_for_the_board_of_the_one_before(conduct, qtbot, monkeypatch):
    monkeypatch.setattr("widgets.bridge.conductor.BOARD_FIRST_MS", 60_000)
    monkeypatch.setattr("widgets.bridge.conductor.POLL_LEAST_MS", 1)
    conductor, session = conduct(grows=True, slow_s=0.05)
    poll = session.poll
    beside: list[int] = []

    def watched(job: Job) -> bool:
        beside.append(session.at_once.get("board", 0))
        return poll(job)

    monkeypatch.setattr(session, "poll", watched)
    conductor.open(Path("/logs/shop"))
    qtbot.waitUntil(lambda: len(beside) >= 6, timeout=60_000)
    assert not any(beside)


def test_that_polls_go_on_when_a_board_takes_for_ever(conduct, qtbot, monkeypatch):
    monkeypatch.setattr("widgets.bridge.conductor.BOARD_FIRST_MS", 10)
    conductor, session = conduct(grows=True)
    gate = threading.Event()
    monkeypatch.setattr(session, "board", lambda: gate.wait(60) and None)
    try:
        conductor.open(Path("/logs/shop"))
        qtbot.waitUntil(lambda: session.calls.count("poll") >= 4, timeout=60_000)
    finally:
        gate.set()


@pytest.mark.parametrize("moment", range(20))
def test_that_closing_under_load_never_crashes_and_never_waits_long(qapp, qtbot, moment):
    session = FakeSession(Path("/logs/shop"), grows=True, slow_s=0.03, steps=moment * 3)
    conductor = Conductor(lambda _folder, _workspace: session)  # type: ignore[arg-type,return-value]
    conductor.open(Path("/logs/shop"))
    conductor.follow_views("board", "overview", "sources", "incidents")
    if moment % 2:
        qtbot.waitUntil(lambda: len(session.calls) > moment // 2)
    assert conductor.shut_down(60)
    assert conductor.life is Life.NONE
    qapp.processEvents()


def test_that_work_that_hangs_is_left_behind_and_not_destroyed(qapp):
    gate, begun = threading.Event(), threading.Event()

    def hang(_job: Job) -> None:
        begun.set()
        gate.wait(30)

    workers = Workers()
    workers.start(BackgroundJob("hanging", hang))
    assert begun.wait(60)
    assert not workers.shut_down(0.05)
    gate.set()
    assert workers.shut_down(60)


def test_that_alarms_are_first_judged_once_the_log_is_loaded_and_again_when_it_has_grown(conduct, qtbot):
    conductor, session = conduct(steps=20, grows=True)
    heard = Heard()
    conductor.alarms_ready.connect(heard.hear)
    conductor.opened.connect(lambda _session: conductor.ask("alarms"))
    conductor.open(Path("/logs/shop"))
    qtbot.waitUntil(lambda: len(heard.values) >= 2, timeout=30_000)
    assert session.calls.index("load") < session.calls.index("alarms")
    assert session.most_at_once["alarms"] == 1


def test_that_judging_a_long_log_ends_when_the_folder_is_closed(conduct, qtbot, monkeypatch):
    conductor, session = conduct()
    begun = threading.Event()

    def endless(job: Job, *, whole: bool) -> None:
        begun.set()
        while True:
            job.stop_if_asked()

    monkeypatch.setattr(session, "alarms", endless)
    conductor.open(Path("/logs/shop"))
    qtbot.waitUntil(begun.is_set)
    with qtbot.waitSignal(conductor.closed):
        conductor.close_folder()
    assert session.closed


def test_that_jobs_that_ended_are_not_kept(workers: Workers, qtbot: Any) -> None:
    """A window makes ten a second, all day."""
    ended: list[int] = []
    jobs = []
    for number in range(40):
        job = BackgroundJob(f"job {number}", lambda _job: None)
        job.ended.connect(lambda _job: ended.append(1))
        jobs.append(weakref.ref(job))
        workers.start(job)
    del job
    qtbot.waitUntil(lambda: len(ended) == 40 and not workers.busy, timeout=30_000)
    last = BackgroundJob("last", lambda _job: None)
    workers.start(last)                 # each that ends sweeps out those before it
    qtbot.waitUntil(lambda: not workers.busy, timeout=30_000)
    gc.collect()
    assert sum(job() is not None for job in jobs) <= 1
