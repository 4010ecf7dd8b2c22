"""Charts that are read apart: two at a time, stopped when overtaken, and slowly while the log grows."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from console.jobs import Job, JobStopped
from console.session.asked import Wish
from console.window import Window
from tests.widgets.views import chart_of
from widgets.bridge.background import Workers
from widgets.bridge.readers import AT_ONCE, Readers

WHOLE = Window.from_epoch(0, 1000)


@dataclass
class Library:
    """Reads when it is let; notes who read what, and who was stopped."""

    gate: threading.Event = field(default_factory=threading.Event)
    begun: list[Wish] = field(default_factory=list)
    stopped: list[Wish] = field(default_factory=list)
    at_once: int = 0
    most: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self, wish: Wish, job: Job) -> Any:
        with self.lock:
            self.begun.append(wish)
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        try:
            while not self.gate.wait(0.005):
                job.stop_if_asked()
        except JobStopped:
            self.stopped.append(wish)
            raise
        finally:
            with self.lock:
                self.at_once -= 1
        return wish.base


@pytest.fixture
def library() -> Library:
    return Library()


@pytest.fixture
def clock() -> list[float]:
    return [100.0]


@pytest.fixture
def readers(qapp: object, library: Library, clock: list[float]) -> Iterator[Readers]:
    pool = Workers()
    made = Readers(pool, clock=lambda: clock[0])
    made.source(library.read)
    yield made
    made.source(None)
    assert pool.shut_down(60)


def wish(metric: str = "churn", window: Window = WHOLE, *, generation: int = 1, follows: bool = False) -> Wish:
    return Wish(metric, "", "", window, 10, generation, follows, True, chart_of([1.0, 2.0], metric=metric))


def ended(readers: Readers) -> Callable[[], bool]:
    return lambda: readers.idle


def test_that_no_more_are_read_at_a_time_than_leave_the_board_its_threads(
    readers: Readers, library: Library, qtbot
) -> None:
    wishes = tuple(wish(f"m{number}") for number in range(6))
    readers.want(wishes)
    qtbot.waitUntil(lambda: len(library.begun) == AT_ONCE)
    library.gate.set()
    qtbot.waitUntil(ended(readers))
    assert sorted(one.metric for one in library.begun) == [one.metric for one in wishes]
    assert library.most == AT_ONCE


def test_that_looking_elsewhere_stops_what_is_read_and_reads_that(readers: Readers, library: Library, qtbot) -> None:
    elsewhere = Window.from_epoch(500, 700)
    readers.want((wish(),))
    qtbot.waitUntil(lambda: len(library.begun) == 1)
    readers.want((wish(window=elsewhere),))
    qtbot.waitUntil(lambda: len(library.begun) == 2)
    library.gate.set()
    qtbot.waitUntil(ended(readers))
    assert [one.window for one in library.stopped] == [WHOLE]
    assert [one.window for one in library.begun] == [WHOLE, elsewhere]


def test_that_a_chart_that_was_taken_off_is_read_no_more(readers: Readers, library: Library, qtbot) -> None:
    readers.want((wish(),))
    qtbot.waitUntil(lambda: len(library.begun) == 1)
    readers.want(())
    qtbot.waitUntil(lambda: len(library.stopped) == 1)
    qtbot.waitUntil(ended(readers))
    assert len(library.begun) == 1


def test_that_a_growing_log_does_not_stop_a_reading_and_waits_for_the_next(
    readers: Readers, library: Library, clock: list[float], qtbot
) -> None:
    readers.want((wish(follows=True),))
    qtbot.waitUntil(lambda: len(library.begun) == 1)
    for number in range(2, 20):
        moved = Window.from_epoch(number, 1000 + number)
        readers.want((wish(window=moved, generation=number, follows=True),))
    library.gate.set()
    qtbot.waitUntil(lambda: library.at_once == 0 and readers.idle)
    assert len(library.begun) == 1 and not library.stopped
    clock[0] += 4.9
    newest = wish(window=Window.from_epoch(20, 1020), generation=20, follows=True)
    readers.want((newest,))
    assert readers.idle and len(library.begun) == 1
    clock[0] += 0.2
    readers.want((newest,))
    qtbot.waitUntil(lambda: len(library.begun) == 2)
    qtbot.waitUntil(ended(readers))


def test_that_a_far_jump_while_live_is_read_at_once(readers: Readers, library: Library, qtbot) -> None:
    library.gate.set()
    readers.want((wish(follows=True),))
    qtbot.waitUntil(lambda: len(library.begun) == 1 and readers.idle)
    readers.want((wish(window=Window.from_epoch(900, 1000), follows=True),))
    qtbot.waitUntil(lambda: len(library.begun) == 2 and readers.idle)


def test_that_another_folder_ends_it_all(readers: Readers, library: Library, qtbot) -> None:
    readers.want((wish("a"), wish("b"), wish("c")))
    qtbot.waitUntil(lambda: len(library.begun) == AT_ONCE)
    readers.source(None)
    qtbot.waitUntil(lambda: len(library.stopped) == AT_ONCE)
    assert readers.idle and len(library.begun) == AT_ONCE


def test_that_wishes_are_told_apart_by_what_is_seen() -> None:
    one = wish()
    assert one == replace(one, base=chart_of([3.0]))
    assert one.overtaken_by(wish(window=Window.from_epoch(0, 999)))
    assert not one.overtaken_by(wish(generation=7))
    assert not one.overtaken_by(wish(window=Window.from_epoch(10, 1010), follows=True))
