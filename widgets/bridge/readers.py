"""Charts that are read apart from the board: one job each, stopped when somebody looks elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from console.jobs import Job
from widgets.bridge.background import BackgroundJob, Workers

if TYPE_CHECKING:
    from console.session.asked import Key, Wish

AT_ONCE = 2
"""More readings at a time would take the threads that the board needs."""
SCAN_PACE_S, PACE_S = 5.0, 1.0
"""While the log grows a chart that reads rows is made again so often, one made from rollups so often."""

Reader = Callable[["Wish", Job], Any]


@dataclass(slots=True)
class _Started:
    """The newest reading of a chart, under way or over."""

    wish: Wish
    at_s: float
    job: BackgroundJob | None


class Readers(QObject):
    """Knows what is wanted and what is under way. Lives on the window's thread."""

    came = Signal()              # one more is there
    failed = Signal(object)      # ConsoleError
    broke = Signal(object)

    def __init__(self, workers: Workers, parent: QObject | None = None, *, clock: Callable[[], float] = time.monotonic,
                 ) -> None:
        super().__init__(parent)
        self._workers = workers
        self._clock = clock
        self._read: Reader | None = None
        self._wanted: dict[Key, Wish] = {}
        self._started: dict[Key, _Started] = {}
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._go_on)
        self.stopped = 0

    def source(self, read: Reader | None) -> None:
        """From now on this reads; None for nobody, and what is under way is stopped."""
        self._read = read
        self._wanted = {}
        self._timer.stop()
        for one in self._started.values():
            self._stop(one)
        self._started = {}

    def want(self, wishes: tuple[Wish, ...]) -> None:
        """These and no others. What is under way for another window or another chart is stopped."""
        self._wanted = {wish.key: wish for wish in wishes}
        for key, one in self._started.items():
            newer = self._wanted.get(key)
            if one.job is not None and (newer is None or one.wish.overtaken_by(newer)):
                self._stop(one)
        self._go_on()

    @property
    def idle(self) -> bool:
        """Nothing is under way, and nothing is wanted but what waits for its turn while the log grows."""
        return all(one.job is None for one in self._started.values()) and not any(
            self._due_in_s(wish) <= 0 for wish in self._wanted.values())

    # ---- inside --------------------------------------------------------------------------------------------

    def _stop(self, one: _Started) -> None:
        if one.job is not None and not one.job.stopping:
            one.job.stop()
            self.stopped += 1

    def _due_in_s(self, wish: Wish) -> float:
        """At once for what is new to see; at its pace for what only grows."""
        last = self._started.get(wish.key)
        if last is None or last.wish.overtaken_by(wish) or not wish.follows:
            return 0.0
        return last.at_s + (SCAN_PACE_S if wish.scans else PACE_S) - self._clock()

    @Slot()
    def _go_on(self) -> None:
        if self._read is None:
            return
        running = sum(one.job is not None for one in self._started.values())
        waits: list[float] = []
        for key, wish in self._wanted.items():
            last = self._started.get(key)
            if last is not None and last.job is not None:
                continue            # under way, or asked to stop: its end comes back here
            due_s = self._due_in_s(wish)
            if due_s > 0:
                waits.append(due_s)
            elif running < AT_ONCE:
                running += 1
                self._start(wish, self._read)
        if waits:
            self._timer.start(max(1, round(min(waits) * 1000)))

    def _start(self, wish: Wish, read: Reader) -> None:
        job = BackgroundJob(f"chart {wish.metric}", lambda job: read(wish, job))
        self._started[wish.key] = _Started(wish, self._clock(), job)
        job.failed.connect(self.failed)
        job.broke.connect(self.broke)
        job.succeeded.connect(self._on_came)
        job.ended.connect(self._on_ended)
        self._workers.start(job)

    @Slot(object)
    def _on_came(self, _chart: object) -> None:
        job = self.sender()
        for key, one in self._started.items():
            if one.job is job:
                one.job = None
                if self._wanted.get(key) == one.wish:
                    del self._wanted[key]
                self.came.emit()
                return

    @Slot(object)
    def _on_ended(self, job: BackgroundJob) -> None:
        for key, one in list(self._started.items()):
            if one.job is job:
                one.job = None
                if job.stopping:
                    del self._started[key]      # nothing came of it: the next one need not wait
                else:
                    self._wanted.pop(key, None)     # it broke: not again until something changes
        self._go_on()
