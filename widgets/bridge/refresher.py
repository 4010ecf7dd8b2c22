"""One kind of view, kept fresh."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from console.jobs import Job
from widgets.bridge.background import BackgroundJob, Workers

LEAST_S = 0.1
"""At most ten views of a kind a second."""


class Refresher(QObject):
    """Computes one kind of view off the window's thread: never two at once, wishes in between count as one.

    Results arrive in the order of the wishes, and the last wish is always fulfilled.
    """

    ready = Signal(object)
    failed = Signal(object)     # ConsoleError
    broke = Signal(object)

    def __init__(self, name: str, workers: Workers, parent: QObject | None = None, *, least_s: float = LEAST_S,
                 rest: float = 0.0) -> None:
        """least_s: from one beginning to the next. rest: how many times as long as one took the next one waits."""
        super().__init__(parent)
        self._rest = rest
        self._ended_at = self._took_s = 0.0
        self._least_s = least_s
        self._name = name
        self._workers = workers
        self._make: Callable[[Job], Any] | None = None
        self._job: BackgroundJob | None = None
        self._wanted = False
        self._started_at = 0.0
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._start)
        self.made = 0

    def source(self, make: Callable[[], Any] | None) -> None:
        """From now on this makes the view; None for nobody. What is under way is dropped when it arrives."""
        self.source_that_stops(None if make is None else lambda _job: make())

    def source_that_stops(self, make: Callable[[Job], Any] | None) -> None:
        """The same for work that may take long, and looks whether it should end."""
        self._make = make
        self._wanted = False
        self._timer.stop()
        if self._job is not None:
            self._job.stop()
            self._job = None

    def ask(self, *, at_once: bool = False) -> None:
        """Something changed: make it again, soon; `at_once` for what a person did and wants to see."""
        if self._make is None:
            return
        self._wanted = True
        if at_once:
            self._started_at = self._took_s = 0.0
            self._timer.stop()
        if self._job is None and not self._timer.isActive():
            at = max(self._started_at + self._least_s, self._ended_at + self._rest * self._took_s)
            wait_s = at - time.monotonic()
            self._timer.start(max(0, round(wait_s * 1000)))

    @property
    def idle(self) -> bool:
        """Nothing is wanted and nothing is under way."""
        return self._job is None and not self._wanted

    def _start(self) -> None:
        make = self._make
        if make is None or self._job is not None or not self._wanted:
            return
        self._wanted = False
        self._started_at = time.monotonic()

        self._job = BackgroundJob(self._name, make)
        self._job.succeeded.connect(self._on_ready)
        self._job.failed.connect(self._on_failed)
        self._job.broke.connect(self._on_broke)
        self._job.ended.connect(self._on_ended)
        self._workers.start(self._job)

    @Slot(object)
    def _on_ready(self, view: object) -> None:
        if self.sender() is self._job:
            self.made += 1
            self.ready.emit(view)

    @Slot(object)
    def _on_failed(self, error: object) -> None:
        if self.sender() is self._job:
            self.failed.emit(error)

    @Slot(object)
    def _on_broke(self, bug: object) -> None:
        if self.sender() is self._job:
            self.broke.emit(bug)

    @Slot(object)
    def _on_ended(self, job: BackgroundJob) -> None:
        if job is self._job:
            self._job = None
            self._ended_at = time.monotonic()
            self._took_s = self._ended_at - self._started_at
            if self._wanted:
                self.ask()
