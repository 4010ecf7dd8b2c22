"""The replay of a plan: prepared on a worker, its clock driven by a timer, and what a person does brought to it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Slot

from console.errors import ConsoleError
from widgets.bridge.conductor import Conductor
from widgets.incidents import Incidents
from widgets.main_window import MainWindow

if TYPE_CHECKING:
    from console.jobs import Job
    from console.rollout.plan import Degree
    from console.rollout.view import Action, RolloutView
    from console.session import Session
    from console.session.rehearsing import Rehearsing

PREPARE, RUN, NAMES = "prepare replay", "run replay", "candidates"
BEAT_MS = 100
"""The clock of the log is moved on so often while it runs."""


class Replaying(QObject):
    """One thing at a time is asked of the replay; while it works, the clock waits."""

    def __init__(self, window: MainWindow, conductor: Conductor, incidents: Incidents, parent: QObject) -> None:
        super().__init__(parent)
        self._window, self._conductor, self._incidents = window, conductor, incidents
        self._busy = False
        self._wishes: list[Callable[[Rehearsing, Job], RolloutView]] = []
        self._beat = QTimer(self, interval=BEAT_MS)
        self._beat.timeout.connect(self._on_beat)
        self._last = 0.0
        self._ready: Session | None = None          # whose replay is prepared

    def connect_panel(self) -> None:
        """Once the panel is there."""
        panel = self._window.replay
        panel.shown.connect(self.refresh)
        panel.prepare_asked.connect(self.prepare)
        panel.cancel_asked.connect(self.cancel)
        panel.action_asked.connect(self.act)
        panel.play_asked.connect(self.play)
        panel.step_asked.connect(self.step)
        panel.scrub_asked.connect(self.scrub)
        panel.degree_asked.connect(self.set_degree)
        panel.incident_asked.connect(self.create_incident)

    def forget(self) -> None:
        """Another folder."""
        self._beat.stop()
        self._ready = None
        self._busy = False
        self._wishes.clear()
        if self._window.furnished:
            self._window.replay.display_playing(False)
            self._window.replay.display_busy(False)
            self._window.replay.display(None)
            if self._window.replay.isVisible():
                self.refresh()

    # ---- prepared ------------------------------------------------------------------------------------------

    @Slot()
    def refresh(self) -> None:
        """What can be tried on this log, if it is seen."""
        session = self._conductor.session
        if session is None or not self._window.replay.isVisible():
            return
        job = self._conductor.start(NAMES, lambda _job: (session, session.rehearsing.candidates()))
        job.succeeded.connect(self._on_names)
        job.failed.connect(self._on_failed)
        job.broke.connect(self._conductor.bug)
        self._conductor.launch(job)

    @Slot(object)
    def _on_names(self, found: tuple[Session, tuple[str, ...]]) -> None:
        if found[0] is self._conductor.session:
            self._window.replay.display_candidates(found[1])

    @Slot(str)
    def prepare(self, candidate: str) -> None:
        """The plan as it is now, over the log, with that candidate."""
        session = self._conductor.session
        if session is None:
            return
        self._stop()
        self._wishes.clear()
        plan = session.plan_editor.plan
        self._window.replay.display_busy(True)
        job = self._conductor.start(PREPARE, lambda job: (session, session.rehearsing.prepare(plan, candidate, job)))
        job.progressed.connect(self._on_progress)
        job.succeeded.connect(self._on_prepared)
        job.failed.connect(self._on_not_prepared)
        job.stopped.connect(self._on_not_prepared)
        job.broke.connect(self._conductor.bug)
        self._conductor.launch(job)

    @Slot()
    def cancel(self) -> None:
        """Of the preparation."""
        self._conductor.stop(PREPARE)

    @Slot(int, int, str)
    def _on_progress(self, done: int, total: int, _note: str) -> None:
        self._window.replay.display_busy(True, done, total)

    @Slot(object)
    def _on_prepared(self, found: tuple[Session, RolloutView]) -> None:
        if found[0] is self._conductor.session:
            self._ready = found[0]
            self._window.replay.display_busy(False)
            self._window.replay.display(found[1])

    @Slot()
    @Slot(object)
    def _on_not_prepared(self, error: ConsoleError | None = None) -> None:
        self._window.replay.display_busy(False)
        if error is not None:
            self._window.replay.display_error(str(error))

    # ---- steered -------------------------------------------------------------------------------------------

    @Slot(object)
    def act(self, action: Action) -> None:
        """What a person does now; it goes before all that waits."""
        self._wish(lambda rehearsing, _job: rehearsing.act(action), first=True)

    @Slot(object)
    def set_degree(self, degree: Degree) -> None:
        """Who may do what from now on."""
        self._wish(lambda rehearsing, _job: rehearsing.set_degree(degree), first=True)

    @Slot(float)
    def scrub(self, at_s: float) -> None:
        """The clock elsewhere."""
        self._stop()
        self._wish(lambda rehearsing, job: rehearsing.seek(at_s, job))

    @Slot()
    def step(self) -> None:
        """One check on."""
        self._stop()
        self._wish(lambda rehearsing, job: rehearsing.advance(0.0, job))

    @Slot(bool)
    def play(self, on: bool) -> None:
        """Let the clock run, or stop it."""
        if on and self._ready is not None and self._ready is self._conductor.session:
            self._last = time.monotonic()
            self._beat.start()
            self._window.replay.display_playing(True)
        else:
            self._stop()

    @Slot()
    def toggle(self) -> None:
        """By key."""
        self.play(not self._beat.isActive())

    def press(self, name: str) -> None:
        """By key or from the palette, named as in `Action`: only where the button is open; else it is said why not."""
        from console.rollout.view import Action

        self._window.go("rollout")
        self._window.rollout_place.open(self._window.replay)
        view, action = self._window.replay.view, Action(name)
        if action is Action.PAUSE and view is not None and view.action(Action.RESUME).allowed:
            action = Action.RESUME
        why = view.action(action).why_not if view is not None else "Prepare a replay first"
        if why:
            self._window.replay.display_error(f"{why}.")
        else:
            self.act(action)

    def _stop(self) -> None:
        self._beat.stop()
        self._window.replay.display_playing(False)

    @Slot()
    def _on_beat(self) -> None:
        now = time.monotonic()
        if self._busy or self._wishes:
            self._last = now        # what cannot be kept up with is left out, and not caught up later
            return
        seconds = (now - self._last) * self._window.replay.speed
        view = self._window.replay.view
        if view is None or view.over:
            self._stop()
            return
        slice_s = self._ready.rehearsing.slice_s if self._ready is not None else 1.0
        if seconds < slice_s:
            return                  # at low speeds the next check is some beats away
        self._last = now
        self._wish(lambda rehearsing, job: rehearsing.advance(seconds, job))

    def _wish(self, wish: Callable[[Rehearsing, Job], RolloutView], *, first: bool = False) -> None:
        if self._ready is None or self._ready is not self._conductor.session:
            return
        if first:
            self._wishes.insert(0, wish)
        else:
            self._wishes.append(wish)
        self._next()

    def _next(self) -> None:
        session = self._conductor.session
        if self._busy or not self._wishes or session is None:
            return
        wish = self._wishes.pop(0)
        self._busy = True
        job = self._conductor.start(RUN, lambda job: (session, wish(session.rehearsing, job)))
        job.succeeded.connect(self._on_view)
        job.failed.connect(self._on_refused)
        job.stopped.connect(self._on_ended)
        job.broke.connect(self._on_broke)
        self._conductor.launch(job)

    @Slot(object)
    def _on_view(self, found: tuple[Session, RolloutView]) -> None:
        if found[0] is self._conductor.session:
            self._window.replay.display(found[1])
        self._on_ended()

    @Slot(object)
    def _on_refused(self, error: ConsoleError) -> None:
        self._window.replay.display_error(str(error))
        self._on_ended()

    @Slot(object)
    def _on_broke(self, error: Exception) -> None:
        self._stop()
        self._wishes.clear()
        self._conductor.bug.emit(error)
        self._on_ended()

    @Slot()
    def _on_ended(self) -> None:
        self._busy = False
        self._next()

    @Slot(object)
    def _on_failed(self, error: ConsoleError) -> None:
        self._window.replay.display_error(str(error))

    # ---- an incident ---------------------------------------------------------------------------------------

    @Slot()
    def create_incident(self) -> None:
        """What the rollout did, kept with the log."""
        session = self._conductor.session
        if session is None:
            return
        view = self._window.replay.view
        title = f"Rollout of {view.candidate} rolled back" if view is not None else ""
        self._incidents.create_from_rollout(title)
