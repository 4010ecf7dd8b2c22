"""The lifecycle of model versions: told when its page is seen, each event shown where it is told in full."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QGuiApplication

from console.errors import ConsoleError
from console.jobs import Job
from console.window import Window
from widgets import layout_store
from widgets.bridge.conductor import Conductor, Life
from widgets.dialogs.files import Questions
from widgets.incidents import Incidents
from widgets.main_window import MainWindow

if TYPE_CHECKING:
    from console.advice.lifecycle import LifecycleView, LifeEvent
    from console.session import Session
    from widgets.advising import Advising

JOB = "lifecycle"
AROUND = 0.1
"""Of the log on each side of a moment that is shown on the board."""


class Lifelines(QObject):
    """Asks the session; the newest wish wins, and what comes of another folder is dropped."""

    def __init__(self, window: MainWindow, conductor: Conductor, questions: Questions, incidents: Incidents,
                 advising: Advising, parent: QObject) -> None:
        super().__init__(parent)
        self._window, self._conductor, self._questions = window, conductor, questions
        self._incidents, self._advising = incidents, advising

    def connect_panel(self) -> None:
        """Once the panel is there."""
        page = self._window.lifecycle
        page.asked.connect(self.look)
        page.seen.connect(self._look_quietly)
        page.cancel_asked.connect(self.cancel)
        page.command_asked.connect(self.copy_command)
        page.copy_asked.connect(self.copy)
        page.export_asked.connect(self.export)
        page.event_asked.connect(self.open)
        self._conductor.load_ended.connect(self.on_load_ended)

    def forget(self) -> None:
        """Another folder."""
        if self._window.furnished:
            self._window.lifecycle.forget()

    # ---- asked ---------------------------------------------------------------------------------------------

    def show(self) -> None:
        """The page; looked at once more where it was seen before."""
        page = self._window.lifecycle
        before = page.isVisible() or page.state == "error"
        self._window.show_advice(page)
        if before:
            self.look()

    @Slot()
    def on_load_ended(self) -> None:
        """Now it can be asked."""
        session, page = self._conductor.session, self._window.lifecycle
        if session is not None and self._conductor.life is Life.FOLLOWING:
            page.display_ready(session.status().rows > 0)

    @Slot()
    def look(self) -> None:
        """Tell it."""
        self._start(quietly=False)

    @Slot()
    def _look_quietly(self) -> None:
        """What is shown stays until the answer is there."""
        if self._conductor.life is Life.FOLLOWING:
            self._start(quietly=True)

    def _start(self, *, quietly: bool) -> None:
        session = self._conductor.session
        if session is None:
            return
        job = self._conductor.start(JOB, lambda job: (session, session.lifecycle(job)))
        job.succeeded.connect(self._on_told)
        job.broke.connect(self._on_broke)
        if not quietly:
            job.progressed.connect(self._on_progress)
            job.failed.connect(self._on_failed)
            job.stopped.connect(self._on_stopped)
            self._window.lifecycle.display_progress(0, 0, "Counting requests by version")
        self._conductor.launch(job)

    @Slot()
    def cancel(self) -> None:
        """Stop it."""
        self._conductor.stop(JOB)

    # ---- what comes ----------------------------------------------------------------------------------------

    @Slot(int, int, str)
    def _on_progress(self, done: int, total: int, note: str) -> None:
        if self._newest():
            self._window.lifecycle.display_progress(done, total, note)

    @Slot(object)
    def _on_told(self, found: tuple[Session, LifecycleView]) -> None:
        if self._newest() and found[0] is self._conductor.session:
            self._window.lifecycle.display(found[1])

    @Slot(object)
    def _on_failed(self, error: ConsoleError) -> None:
        if self._newest():
            self._window.lifecycle.display_error(error)

    @Slot(object)
    def _on_broke(self, bug: Exception) -> None:
        if self._newest():
            self._window.lifecycle.display_stopped()
        self._conductor.bug.emit(bug)

    @Slot()
    def _on_stopped(self) -> None:
        if self._newest():
            self._window.lifecycle.display_stopped()

    def _newest(self) -> bool:
        """Whether the job that speaks was not overtaken by a newer wish."""
        return self.sender() is self._conductor.job(JOB)

    # ---- from an event on ----------------------------------------------------------------------------------

    @Slot(object)
    def open(self, one: LifeEvent) -> None:
        """Where it is told in full."""
        from console.advice.lifecycle import Shown

        match one.shown:
            case Shown.BOARD:
                self._on_board(one)
            case Shown.DRIFT:
                self._in_drift(one)
            case Shown.ROLLOUT:
                self._look_at(one)
                self._window.rollout_place.open(self._window.replay)
                self._window.go("rollout")
                self._window.message_bar.say(f"It was replay {one.reference} that is kept of this log. {one.sentence}",
                                             topic="lifecycle")
            case Shown.ADVICE:
                self._window.show_advice(self._window.shock)
                self._advising.about(one.at)
            case Shown.INCIDENTS:
                self._window.go("incidents")
                self._incidents.choose(one.reference)

    def _on_board(self, one: LifeEvent) -> None:
        self._look_at(one)
        self._window.go("board")

    def _look_at(self, one: LifeEvent) -> None:
        session = self._conductor.session
        whole = session.selection().whole if session is not None else None
        if session is None or whole is None:
            return
        slack = timedelta(seconds=max(60.0, AROUND * whole.seconds))
        start = max(whole.start, one.at - slack)
        end = min(whole.end, (one.until or one.at) + slack)
        if end > start:
            self._conductor.chosen(session.look_at(Window(start, end)))

    def _in_drift(self, one: LifeEvent) -> None:
        """The column, with the time before against the time since."""
        session = self._conductor.session
        whole = session.selection().whole if session is not None else None
        if session is None or whole is None:
            return
        end = one.until or whole.end
        if whole.start < one.at < end:
            session.brush("reference", Window(whole.start, one.at))
            session.brush("current", Window(one.at, end))
        self._conductor.chosen(session.choose_column(one.reference))
        self._window.show_drift(self._window.course)

    # ---- what is done with an answer -----------------------------------------------------------------------

    @Slot()
    def copy_command(self) -> None:
        """To be run in a terminal."""
        view = self._window.lifecycle.view
        if view is not None:
            QGuiApplication.clipboard().setText(view.command)
            self._window.message_bar.say(f"Copied: {view.command}", topic="copied")

    @Slot()
    def copy(self) -> None:
        """All events of all versions."""
        from console.session.lifecycle import as_csv

        view = self._window.lifecycle.view
        if view is not None:
            QGuiApplication.clipboard().setText(as_csv(view, delimiter="\t"))
            self._window.message_bar.say("The table is on the clipboard.", "good")

    @Slot()
    def export(self) -> None:
        """As CSV or JSON."""
        view, session = self._window.lifecycle.view, self._conductor.session
        if view is None or session is None:
            return
        path = self._questions.table(self._window, Path(layout_store.last_folder()) / f"{session.name}-lifecycle.csv")
        if path is None:
            return

        def work(_job: Job) -> Path:
            from console.session.lifecycle import write

            write(view, path)
            return path

        job = self._conductor.start("export lifecycle", work)
        job.succeeded.connect(self._on_written)
        job.failed.connect(self._conductor.trouble)
        job.broke.connect(self._conductor.bug)
        self._conductor.launch(job)

    @Slot(object)
    def _on_written(self, path: Path) -> None:
        self._window.message_bar.say(f"Written to {path}.", "good")
