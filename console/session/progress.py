"""A job that remembers how far it is, so that anyone may ask at any time."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

from console.jobs import Job
from console.logs.view import FileView
from console.session.view import LoadProgress

RATE_S, LEAST_RATE_S = 10.0, 0.5
"""A file's rate is taken over the last so many seconds, and not over less."""

SMOOTH_S = 3.0
"""Rows a second are counted over the last so many seconds."""


class Watched:
    """Passes everything on to the job behind it."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._done = 0
        self._total = 0
        self._note = ""
        self._files_done = 0
        self._files_total = 0
        self._rows = 0
        self._quarantined = 0
        self._recent: list[tuple[float, int]] = [(time.monotonic(), 0)]
        self.running = True

    def report(self, done: int, total: int, note: str) -> None:
        """done and total in bytes."""
        self._done, self._total, self._note = done, total, note
        self._job.report(done, total, note)

    def count(self, files_done: int, files_total: int, rows: int, quarantined: int) -> None:
        """What only the loader knows."""
        self._files_done, self._files_total = files_done, files_total
        self._rows, self._quarantined = rows, quarantined
        moment = time.monotonic()
        kept = [(at, n) for at, n in self._recent if moment - at < SMOOTH_S] or self._recent[-1:]
        self._recent = [*kept, (moment, rows)]

    def stop_if_asked(self) -> None:
        """As the job behind it."""
        self._job.stop_if_asked()

    def finish(self) -> None:
        """Nothing more will come."""
        self.running = False

    def progress(self) -> LoadProgress:
        """How far it is now."""
        (first_at, first_rows), (last_at, last_rows) = self._recent[0], self._recent[-1]
        rate = (last_rows - first_rows) / (last_at - first_at) if last_at > first_at else 0.0
        return LoadProgress(self.running, self._files_done, self._files_total, self._done, self._total, self._rows,
                            rate, self._quarantined, self._note)


class Rates:
    """Rows a second of each file, from what the ledger said a while ago. Safe to call from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._then: list[tuple[float, dict[str, int]]] = []

    def noted(self, files: tuple[FileView, ...]) -> tuple[FileView, ...]:
        """The same files, with their rate over the last seconds."""
        moment = time.monotonic()
        rows = {one.path: one.rows_loaded for one in files}
        with self._lock:
            recent = [each for each in self._then if moment - each[0] <= RATE_S]
            before = recent[0] if recent else None
            self._then = [*recent, (moment, rows)]
        if before is None or moment - before[0] < LEAST_RATE_S:
            return files
        spent = moment - before[0]
        return tuple(replace(one, rows_per_second=max(0, one.rows_loaded - before[1][one.path]) / spent)
                     if one.path in before[1] and one.rows_loaded > before[1][one.path] else one for one in files)
