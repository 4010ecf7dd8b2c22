"""Drift over time: looked for when its page is seen, and each of its cells and onsets made to windows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QGuiApplication

from console.errors import ConsoleError
from console.jobs import Job
from widgets.bridge.conductor import Conductor, Life
from widgets.main_window import MainWindow
from widgets.tasks import Tasks

if TYPE_CHECKING:
    from console.drift.course_view import CourseRow, CourseView
    from console.session import Session
    from console.session.view import SelectionView

JOB = "over time"
SOON_ROWS = 3_000_000
"""A log of so many rows at most is looked through as soon as the page is seen; a larger one when it is asked for."""


class OverTime(QObject):
    """Asks the session; the newest wish wins, and what comes of another folder is dropped."""

    def __init__(self, window: MainWindow, conductor: Conductor, tasks: Tasks, parent: QObject) -> None:
        super().__init__(parent)
        self._window, self._conductor, self._tasks = window, conductor, tasks

    def connect_panel(self) -> None:
        """Once the panel is there."""
        panel = self._window.course
        panel.shown.connect(self.seen)
        panel.look_asked.connect(self.look)
        panel.cancel_asked.connect(self.cancel)
        panel.bucket_asked.connect(self.take_bucket)
        panel.onset_asked.connect(self.around)
        panel.column_asked.connect(self.choose_column)
        panel.command_asked.connect(self.copy_command)
        self._conductor.selection_changed.connect(self.on_selection)
        self._conductor.load_ended.connect(self.seen)

    def forget(self) -> None:
        """Another folder."""
        if self._window.furnished:
            self._window.course.forget()

    # ---- asked ---------------------------------------------------------------------------------------------

    def show(self) -> None:
        """The page; where it has been seen before, looked through once more."""
        panel = self._window.course
        before = panel.isVisible()
        self._window.show_drift(panel)
        if before or panel.state in ("empty", "error"):
            self.look()

    @Slot()
    def seen(self) -> None:
        """The first time; once it is loaded."""
        session, panel = self._conductor.session, self._window.course
        first = panel.isVisible() and panel.state == "empty" and self._conductor.life is Life.FOLLOWING
        if session is not None and first and 0 < session.status().rows <= SOON_ROWS:
            self.look()

    @Slot()
    def look(self) -> None:
        """Against the reference that is chosen, else the first quarter of the log."""
        session = self._conductor.session
        if session is None:
            return
        if self._conductor.life is not Life.FOLLOWING:      # half of a log has another first quarter
            self._window.message_bar.say("Drift over time waits for the folder to be loaded.", topic="loading")
            return
        self._window.message_bar.done("loading")
        reference = session.selection().reference

        def work(job: Job) -> tuple[Session, CourseView]:
            return session, session.drift_over_time(job, reference=reference)

        panel = self._window.course
        job = self._conductor.start(JOB, work)
        job.progressed.connect(self._on_progress)
        job.succeeded.connect(self._on_found)
        job.failed.connect(self._on_failed)
        job.broke.connect(self._on_broke)
        job.stopped.connect(self._on_stopped)
        panel.display_progress(0, 0, "")
        self._conductor.launch(job)

    @Slot()
    def cancel(self) -> None:
        """Stop it."""
        self._conductor.stop(JOB)

    # ---- what comes ----------------------------------------------------------------------------------------

    @Slot(int, int, str)
    def _on_progress(self, done: int, total: int, note: str) -> None:
        if self._newest():
            self._window.course.display_progress(done, total, note)

    @Slot(object)
    def _on_found(self, found: tuple[Session, CourseView]) -> None:
        session, view = found
        if self._conductor.session is session and self._newest():
            current = session.selection().current
            self._window.course.display(view, session.like(current) if current is not None else view.match)

    @Slot(object)
    def _on_failed(self, error: ConsoleError) -> None:
        if self._newest():
            self._window.course.display_error(error)

    @Slot(object)
    def _on_broke(self, bug: Exception) -> None:
        if self._newest():
            self._window.course.display_stopped()
        self._conductor.bug.emit(bug)

    @Slot()
    def _on_stopped(self) -> None:
        if self._newest():
            self._window.course.display_stopped()

    def _newest(self) -> bool:
        """Whether the job that speaks was not overtaken by a newer wish."""
        return self.sender() is self._conductor.job(JOB)

    @Slot(object)
    def on_selection(self, selection: SelectionView) -> None:
        """Another current window may be like another time."""
        session, panel = self._conductor.session, self._window.course
        if session is not None and panel.view is not None:
            panel.display_match(session.like(selection.current) if selection.current is not None
                                else panel.view.match)

    # ---- from a cell on ------------------------------------------------------------------------------------

    @Slot(str)
    def choose_column(self, name: str) -> None:
        """A row of the map."""
        session = self._conductor.session
        if session is not None:
            self._conductor.chosen(session.choose_column(name))

    @Slot(object, int)
    def take_bucket(self, row: CourseRow, bucket: int) -> None:
        """A cell: its time becomes the current window, its column the chosen one; the map's reference the other
        window, where none was chosen."""
        session, view = self._conductor.session, self._window.course.view
        if session is None or view is None:
            return
        if session.selection().reference is None:
            session.brush("reference", view.reference)
        session.brush("current", view.bucket(bucket))
        self._conductor.chosen(session.choose_column(row.column))

    @Slot(object)
    def around(self, row: CourseRow) -> None:
        """Before the onset against from it on, tested at once."""
        session, view = self._conductor.session, self._window.course.view
        windows = view.around(row) if view is not None else None
        if session is None or windows is None:
            return
        session.brush("reference", windows[0])
        session.brush("current", windows[1])
        self._conductor.chosen(session.choose_column(row.column))
        self._window.show_drift(self._window.drift)
        self._tasks.test_drift()

    def around_chosen(self) -> None:
        """Of the marked row; the page is shown where none is."""
        row = self._window.course.chosen
        if row is not None and row.onset is not None:
            self.around(row)
        else:
            self.show()

    @Slot()
    def copy_command(self) -> None:
        """To be run in a terminal."""
        view = self._window.course.view
        if view is not None:
            QGuiApplication.clipboard().setText(view.command)
            self._window.message_bar.say(f"Copied: {view.command}", topic="copied")
