"""What-ifs: plans many times over the log, and answers that go to a person; on a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from console.errors import ConsoleError
from widgets.bridge.conductor import Conductor
from widgets.main_window import MainWindow

if TYPE_CHECKING:
    from console.jobs import Job
    from console.rollout.deferral_view import DeferralView
    from console.rollout.what_if_view import WhatIfView
    from console.session import Session

JOB, DEFER = "what-if", "deferral"


class TryingOut(QObject):
    """Asks the session; the newest wish wins."""

    def __init__(self, window: MainWindow, conductor: Conductor, parent: QObject) -> None:
        super().__init__(parent)
        self._window, self._conductor = window, conductor

    def connect_panel(self) -> None:
        """Once the panel is there."""
        self._window.what_if.run_asked.connect(self.run)
        self._window.what_if.cancel_asked.connect(self.cancel)
        self._window.deferral.run_asked.connect(self.defer)

    def forget(self) -> None:
        """Another folder."""
        if self._window.furnished:
            self._window.what_if.display_busy(False)
            self._window.what_if.display(None)
            self._window.deferral.display(None)

    @Slot(object, int)
    def run(self, names: tuple[str, ...], runs: int) -> None:
        """Of ready plans by their names, and of the one that is open."""
        session = self._conductor.session
        if session is None:
            return
        self._window.what_if.display_error("")
        self._window.what_if.display_busy(True)

        def work(job: Job) -> tuple[Session, WhatIfView]:
            from console.rollout.ready import NAMES, ready_plan

            plans = [ready_plan(name) if name in NAMES else session.plan_editor.plan for name in names]
            return session, session.rehearsing.try_out(plans, runs, job)

        job = self._conductor.start(JOB, work)
        job.progressed.connect(self._on_progress)
        job.succeeded.connect(self._on_found)
        job.failed.connect(self._on_failed)
        job.stopped.connect(self._on_stopped)
        job.broke.connect(self._on_broke)
        self._conductor.launch(job)

    @Slot()
    def defer(self) -> None:
        """Workload and error of answers that go to a person."""
        session = self._conductor.session
        if session is None:
            return
        self._window.deferral.display_busy(True)
        job = self._conductor.start(DEFER, lambda job: (session, session.rehearsing.deferral(job)))
        job.succeeded.connect(self._on_deferral)
        job.failed.connect(self._on_no_deferral)
        job.ended.connect(self._on_deferral_ended)
        job.broke.connect(self._conductor.bug)
        self._conductor.launch(job)

    @Slot(object)
    def _on_deferral(self, found: tuple[Session, DeferralView]) -> None:
        if found[0] is self._conductor.session:
            self._window.deferral.display(found[1])

    @Slot()
    @Slot(object)
    def _on_deferral_ended(self, _job: object = None) -> None:
        self._window.deferral.display_busy(False)

    @Slot(object)
    def _on_no_deferral(self, error: ConsoleError) -> None:
        self._window.deferral.display_error(str(error))

    @Slot()
    def cancel(self) -> None:
        """What was found so far is not shown."""
        self._conductor.stop(JOB)

    @Slot(int, int, str)
    def _on_progress(self, done: int, total: int, _note: str) -> None:
        self._window.what_if.display_busy(True, done, total)

    @Slot(object)
    def _on_found(self, found: tuple[Session, WhatIfView]) -> None:
        if found[0] is self._conductor.session:
            self._window.what_if.display_busy(False)
            self._window.what_if.display(found[1])

    @Slot(object)
    def _on_failed(self, error: ConsoleError) -> None:
        self._window.what_if.display_busy(False)
        self._window.what_if.display_error(str(error))

    @Slot(object)
    def _on_broke(self, error: Exception) -> None:
        self._window.what_if.display_busy(False)
        self._conductor.bug.emit(error)

    @Slot()
    def _on_stopped(self) -> None:
        self._window.what_if.display_busy(False)
