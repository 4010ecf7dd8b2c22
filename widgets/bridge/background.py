"""Work on a pool thread that reports, can be stopped, and speaks in signals."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
import weakref
from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QElapsedTimer, QObject, QThreadPool, Signal, Slot

from console.errors import ConsoleError
from console.jobs import Job, JobStopped

log = logging.getLogger(__name__)

REPORTS_A_SECOND = 10
"""More than the eye can read; a signal costs the window's thread time."""

MOST_INT = 2**31 - 1
"""Of a Qt signal."""

_LEFT_BEHIND: list[object] = []
"""Work that did not end in time when the window closed: kept, so that Qt never destroys what a thread still uses."""


class BackgroundJob(QObject):
    """Runs work on a pool thread; speaks in signals. Connect them to methods of widgets, not to lambdas.

    Exactly one of succeeded, failed, broke and stopped is emitted, then `ended` with the job itself.
    """

    progressed = Signal(int, int, str)   # done, total, note
    succeeded = Signal(object)           # what the work gave
    failed = Signal(object)              # ConsoleError: for the user
    broke = Signal(object)               # any other exception: for us
    stopped = Signal()                   # the user's wish
    ended = Signal(object)               # this job

    def __init__(self, name: str, work: Callable[[Job], Any], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.name = name
        self._work = work
        self._stop = threading.Event()
        self._reported_at = 0.0

    @property
    def stopping(self) -> bool:
        """Whether somebody asked for the end."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Ask for the end; the work looks when it can."""
        self._stop.set()

    def report(self, done: int, total: int, note: str) -> None:
        """Say how far the work is; called on the worker. Too frequent reports are dropped, the last one is not."""
        now = time.monotonic()
        if now - self._reported_at >= 1 / REPORTS_A_SECOND or (total and done >= total):
            self._reported_at = now
            scale = 1
            while max(done, total) // scale > MOST_INT:     # bytes of large folders go as kilobytes, or megabytes
                scale *= 1024
            self._say(self.progressed, done // scale, total // scale, note)

    def stop_if_asked(self) -> None:
        """Raise JobStopped if somebody asked for the end."""
        if self._stop.is_set():
            raise JobStopped

    def run(self) -> None:
        """Called on the worker."""
        try:
            self.stop_if_asked()
            result = self._work(self)
        except JobStopped:
            self._say(self.stopped)
        except ConsoleError as error:
            self._say(self.failed, error)
        except Exception as bug:  # everything else is ours: logged here, with its trace
            if not self._stop.is_set():
                log.exception("%s broke", self.name)
            self._say(self.broke, bug)
        else:
            self._say(self.succeeded, result)
        self._say(self.ended, self)

    @staticmethod
    def _say(signal: Any, *what: object) -> None:
        with contextlib.suppress(RuntimeError):     # the window is gone already
            signal.emit(*what)


def _run(job: Callable[[], BackgroundJob | None], left: list[bool]) -> None:
    """On the worker. Says when it has let go of the job: a QObject must not be destroyed there."""
    found = job()
    if found is not None:
        found.run()
    del found
    left.append(True)


class Workers(QObject):
    """The pool, and all jobs that are under way. Lives on the window's thread."""

    def __init__(self, parent: QObject | None = None, *, threads: int = 5) -> None:
        super().__init__(parent)
        self._pool = QThreadPool()       # no parent: see `shut_down`
        self._pool.setMaxThreadCount(threads)
        self._running: dict[BackgroundJob, list[bool]] = {}
        self._leaving: list[tuple[BackgroundJob, list[bool]]] = []     # ended, but the worker may still hold them

    def start(self, job: BackgroundJob) -> BackgroundJob:
        """Run it as soon as a thread is free. Connect its signals before."""
        left: list[bool] = []
        self._running[job] = left
        job.ended.connect(self._forget)
        # A function, not a QRunnable: PySide's pool keeps every QRunnable of ours for ever, with all that it holds.
        self._pool.start(partial(_run, weakref.ref(job), left))
        return job

    @Slot(object)
    def _forget(self, job: BackgroundJob) -> None:
        left = self._running.pop(job, None)
        if left is not None:
            self._leaving.append((job, left))
        self._leaving = [one for one in self._leaving if not one[1]]

    @property
    def busy(self) -> bool:
        """Whether any job is under way, or has ended without its signals having arrived yet."""
        return bool(self._running)

    def shut_down(self, within_s: float = 2.0) -> bool:
        """Ask all work to stop and wait. False when some still runs: it is left behind, never destroyed."""
        for job in list(self._running):
            job.stop()
        clock = QElapsedTimer()
        clock.start()
        ended = self._pool.waitForDone(int(within_s * 1000))
        if not ended:
            names = ", ".join(job.name for job in self._running)
            log.warning("Still running after %d ms, left behind: %s", clock.elapsed(), names)
            for job in self._running:
                job.setParent(None)
            _LEFT_BEHIND.append((self._pool, dict(self._running), self._leaving))
        return ended
