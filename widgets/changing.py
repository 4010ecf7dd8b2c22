"""What changed since a moment: asked for from wherever a moment is seen, and each answer led to its chart."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QGuiApplication

from console.errors import ConsoleError
from console.jobs import Job
from console.metrics.format import format_since, format_time
from console.window import from_epoch
from widgets.arranging import Arranging
from widgets.bridge.conductor import Conductor
from widgets.incidents import Incidents
from widgets.main_window import MainWindow
from widgets.models.typed_time import NotATime, read_moment
from widgets.tasks import Tasks

if TYPE_CHECKING:
    from console.alarms.view import AlarmsView
    from console.changes import ChangeRow, ChangesView
    from console.session import Session
    from console.session.view import SelectionView

JOB = "changes"


class Changing(QObject):
    """Owns the question. The newest wish wins, and an answer about another folder is dropped."""

    def __init__(self, window: MainWindow, conductor: Conductor, arranging: Arranging, tasks: Tasks,
                 incidents: Incidents, parent: QObject) -> None:
        super().__init__(parent)
        self._window, self._conductor, self._arranging, self._tasks = window, conductor, arranging, tasks
        self._incidents = incidents
        self._asked: tuple[Session, datetime] | None = None
        self._began: datetime | None = None         # of alarms: see AlarmsView

    def connect_panel(self) -> None:
        """Once the panel is there."""
        panel = self._window.changes
        panel.typed.connect(self.typed)
        panel.cancel_asked.connect(self.cancel)
        panel.show_asked.connect(self.show)
        panel.drift_asked.connect(self.test_drift)
        panel.incident_asked.connect(self.create_incident)
        panel.copy_asked.connect(self.copy)
        panel.command_asked.connect(self.copy_command)

    def forget(self) -> None:
        """Another folder."""
        self._asked = None
        self._began = None
        if self._window.furnished:
            self._window.changes.forget()

    # ---- asked ---------------------------------------------------------------------------------------------

    def ask(self) -> None:
        """Since the cross-hair; where there is none, a time is to be typed: that of the alarm that fires or fired last
        stands there, or the beginning of what is shown, and Return takes it."""
        at_s = self._window.board.cross_hair if self._window.place == "board" else None
        if at_s is not None:
            self.since(from_epoch(at_s))
        elif self._conductor.session is not None:
            self._window.open_drawer(self._window.changes)
            self._window.changes.start_typing(self._proposed(self._conductor.session.selection()))

    @Slot(object)
    def on_alarms(self, view: AlarmsView | None) -> None:
        """How it stands with the rules; None while nothing has been judged."""
        self._began = view.began if view is not None else None

    def _proposed(self, selection: SelectionView) -> str:
        at = self._began
        if at is None and selection.visible is not None and selection.whole is not None \
                and selection.visible.start > selection.whole.start:
            at = selection.visible.start
        return "" if at is None else self._written(at, relative=selection.relative)

    @staticmethod
    def _written(at: datetime, *, relative: bool) -> str:
        return format_since(at) if relative else format_time(at, seconds=bool(at.second))

    @Slot(object)
    def since(self, at: datetime) -> None:
        """Since that moment."""
        session = self._conductor.session
        if session is None:
            return
        panel, asked = self._window.changes, (session, at)

        def work(job: Job) -> tuple[tuple[Session, datetime], ChangesView]:
            return asked, session.changes(at, job)

        self._asked = asked
        relative = session.selection().relative
        self._window.open_drawer(panel)
        panel.begin(self._written(at, relative=relative))
        job = self._conductor.start(JOB, work)
        job.progressed.connect(self._on_progress)
        job.succeeded.connect(self._on_found)
        job.failed.connect(self._on_failed)
        job.broke.connect(self._on_broke)
        job.stopped.connect(self._on_stopped)
        self._conductor.launch(job)

    @Slot(str)
    def typed(self, text: str) -> None:
        """A time in words."""
        session = self._conductor.session
        selection = session.selection() if session is not None else None
        if selection is None or selection.whole is None:
            return
        try:
            self.since(read_moment(text, selection.whole.end, relative=selection.relative))
        except NotATime as wrong:
            self._window.changes.display_error(f"{wrong}.")

    @Slot()
    def cancel(self) -> None:
        """Stop looking."""
        self._conductor.stop(JOB)

    # ---- what comes ----------------------------------------------------------------------------------------

    @Slot(int, int, str)
    def _on_progress(self, done: int, total: int, note: str) -> None:
        if self._newest():
            self._window.changes.display_progress(done, total, note)

    @Slot(object)
    def _on_found(self, found: tuple[tuple[Session, datetime], ChangesView]) -> None:
        if found[0] == self._asked and self._conductor.session is found[0][0]:
            self._window.changes.display_idle()
            self._window.changes.display(found[1])

    @Slot(object)
    def _on_failed(self, error: ConsoleError) -> None:
        if self._newest():
            self._window.changes.display_idle()
            self._window.changes.display_error(str(error))

    @Slot(object)
    def _on_broke(self, bug: Exception) -> None:
        if self._newest():
            self._window.changes.display_idle()
        self._conductor.bug.emit(bug)

    @Slot()
    def _on_stopped(self) -> None:
        if self._newest():
            self._window.changes.display_idle()

    def _newest(self) -> bool:
        """Whether the job that speaks was not overtaken by a newer wish."""
        return self.sender() is self._conductor.job(JOB)

    # ---- from an answer on ---------------------------------------------------------------------------------

    @Slot(object)
    def show(self, row: ChangeRow) -> None:
        """Its chart at that time, with the cross-hair where it began; a column that has none in Drift."""
        session, view = self._conductor.session, self._window.changes.view
        if session is None or view is None:
            return
        if all(one.metric != row.chart for one in session.chart_choices()):
            if row.column and view.reference is not None and row.kind != "schema":
                self.test_drift(row)
            else:
                self._look(session, session.look_at(view.around(row)), row)
            return
        self._look(session, session.look_at(view.around(row)), row)
        self._arranging.bring(row.chart, row.title)

    def _look(self, session: Session, selection: SelectionView, row: ChangeRow) -> None:
        self._conductor.chosen(selection)
        self._window.board.hold_cross_hair(row.onset.timestamp())

    @Slot(object)
    def test_drift(self, row: ChangeRow) -> None:
        """The time before against the time in which it was so, with the column chosen."""
        session, view = self._conductor.session, self._window.changes.view
        if session is None or view is None or view.reference is None:
            return
        session.brush("reference", view.reference)
        session.brush("current", view.current(row, session.selection().visible))
        self._conductor.chosen(session.choose_column(row.column))
        self._window.show_drift(self._window.drift)
        self._tasks.test_drift()

    @Slot(object)
    def create_incident(self, row: ChangeRow) -> None:
        """About the time in which it was so; with what was found as its first notes."""
        session, view = self._conductor.session, self._window.changes.view
        if session is None or view is None:
            return
        from console.changes import short

        window = view.current(row, session.selection().visible)
        session.brush("reference", view.reference)
        self._conductor.chosen(session.brush("current", window))
        title = short(row)
        self._incidents.create_about(title[:1].upper() + title[1:], window, view.reference, view.as_text())

    @Slot()
    def copy(self) -> None:
        """All of it."""
        view = self._window.changes.view
        if view is not None:
            QGuiApplication.clipboard().setText(view.as_text())
            self._window.message_bar.say("What changed was copied.", topic="copied")

    @Slot()
    def copy_command(self) -> None:
        """To be run in a terminal."""
        view = self._window.changes.view
        if view is not None:
            QGuiApplication.clipboard().setText(view.command)
            self._window.message_bar.say(f"Copied: {view.command}", topic="copied")
