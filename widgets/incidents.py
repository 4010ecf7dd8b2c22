"""Incidents: made in one action from whatever is at hand, searched, kept, taken back; the session does it, on workers.

What changes an incident waits in a line of its own, so that an edit never overtakes the one before it. The search of
the log takes seconds and goes on beside it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Slot

from console.errors import ConsoleError
from console.jobs import Job, SilentJob
from widgets.bridge.background import BackgroundJob
from widgets.bridge.conductor import Conductor, Life
from widgets.main_window import MainWindow

if TYPE_CHECKING:
    from console.alarms.view import AlarmRow
    from console.reports.view import Incident
    from console.session import Session
    from console.window import Window

JOB, LOOK = "incident", "look into incident"
Attach = Callable[["Session", str], "Incident"]
"""Attaches an answer to the incident of that id; on a worker."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An incident as it is kept now, and whether its edits can be taken back or made again."""

    incident: Incident
    undo: bool
    redo: bool


class Incidents(QObject):
    """Owns what is asked about incidents; answers about another folder are dropped with their jobs."""

    def __init__(self, window: MainWindow, conductor: Conductor, parent: QObject) -> None:
        super().__init__(parent)
        self._window, self._conductor = window, conductor
        self._waiting: deque[tuple[Callable[[Session], Any], Callable[[Any], None]]] = deque()
        self._busy = False
        self._deleted: tuple[str, str] | None = None        # id and title of the one that was taken out last
        self._looking = ""
        self._worst_wanted = False      # as soon as the log is loaded

    def connect_panel(self) -> None:
        """Once the panel is there."""
        panel = self._window.incidents
        panel.create_asked.connect(self.create)
        panel.worst_asked.connect(self.create_from_worst)
        panel.chosen.connect(self.choose)
        panel.changed.connect(self.keep)
        panel.undo_asked.connect(self.undo)
        panel.redo_asked.connect(self.redo)
        panel.look_asked.connect(self.look)
        panel.retime_asked.connect(self.retime)
        panel.delete_asked.connect(self.delete)
        panel.show_asked.connect(self.show)

    def forget(self) -> None:
        """Another folder: what was shown of the old one goes."""
        self._waiting.clear()
        self._busy, self._deleted, self._looking, self._worst_wanted = False, None, "", False
        self._window.incidents.display(())
        self._window.incidents.display_idle()

    # ---- made ----------------------------------------------------------------------------------------------

    @Slot()
    def create(self) -> None:
        """From the current window, or what is shown; then it is in the editor."""
        self._create(lambda session: session.create_incident())

    @Slot()
    def create_from_worst(self) -> None:
        """About the worst time of the log."""
        if self._conductor.session is None:
            return
        if self._conductor.life is Life.LOADING:
            self._worst_wanted = True
            self._window.message_bar.say("The log is being loaded; its worst time is looked for then.", topic="worst")
            return
        self._window.message_bar.say("Looking for the worst time of this log …", topic="worst")
        self._create(lambda one: one.incident_from_worst(SilentJob()))

    @Slot()
    def on_load_ended(self) -> None:
        """What waited for the whole log."""
        if self._worst_wanted:
            self._worst_wanted = False
            self.create_from_worst()

    def create_about(self, title: str, window: Window, reference: Window | None, notes: str,
                     attach: Attach | None = None) -> None:
        """About something that changed; with an answer attached."""
        def make(session: Session) -> Incident:
            made = session.create_incident(title, window=window, reference=reference, notes=notes, made_from="changes")
            return made if attach is None else attach(session, made.incident_id)

        self._create(make)

    def attach(self, attach: Attach) -> None:
        """An answer, to the incident that is open in the place Incidents."""
        here = self._window.incidents.incident
        if here is None:
            self._window.message_bar.say("No incident is open. Choose one in Incidents first, or create one.",
                                         topic="attach")
            return
        incident_id = here.incident_id
        self._do(lambda session: _kept(session, attach(session, incident_id)), self._on_attached)

    @Slot(object)
    def _on_attached(self, kept: Kept) -> None:
        self._on_kept(kept)
        self._window.message_bar.say(f"Attached to “{kept.incident.title}”; the report will have it.", "good",
                                     topic="attach")

    def create_from_alarm(self, row: AlarmRow) -> None:
        """About the time of an alarm."""
        self._create(lambda session: session.incident_from_alarm(row))

    def create_from_rollout(self, title: str) -> None:
        """About what the replay of a rollout did."""
        def make(session: Session) -> Incident:
            window, reference, events = session.rehearsing.events()
            number = session.rehearsing.keep()
            made = session.incident_from_rollback(window, reference, events, title)
            return session.attach_rollout(made.incident_id, number)

        self._create(make)

    def _create(self, make: Callable[[Session], Incident]) -> None:
        if self._conductor.session is None:
            return
        self._window.incidents.keep()
        self._window.go("incidents")
        self._do(lambda session: _kept(session, make(session)), self._on_created)

    @Slot(object)
    def _on_created(self, kept: Kept) -> None:
        self._window.message_bar.done("worst")
        self._show(kept)
        self._conductor.ask("incidents")
        self.look(kept.incident.incident_id)

    # ---- searched ------------------------------------------------------------------------------------------

    @Slot(str)
    def look(self, incident_id: str) -> None:
        """Search the log for what belongs to it."""
        session = self._conductor.session
        if session is None:
            return
        self._looking = incident_id
        job = self._conductor.start(LOOK, lambda job: session.look_into(incident_id, job))
        job.progressed.connect(self._on_looking)
        job.succeeded.connect(self._on_found)
        job.failed.connect(self._on_look_failed)
        job.broke.connect(self._conductor.bug)
        self._window.incidents.display_looking(incident_id, "Searching the log …")
        self._conductor.launch(job)

    @Slot(int, int, str)
    def _on_looking(self, _done: int, _total: int, note: str) -> None:
        if self.sender() is self._conductor.job(LOOK):
            self._window.incidents.display_looking(self._looking, f"{note} …" if note else "Searching the log …")

    @Slot(object)
    def _on_found(self, incident: Incident) -> None:
        self._window.incidents.display_kept(incident)
        self._conductor.ask("incidents")

    @Slot(object)
    def _on_look_failed(self, error: ConsoleError) -> None:
        self._window.incidents.display_looking(self._looking, str(error))

    # ---- kept ----------------------------------------------------------------------------------------------

    @Slot(str)
    def choose(self, incident_id: str) -> None:
        """Into the editor."""
        self._do(lambda session: _kept(session, session.incident(incident_id)), self._show)

    @Slot(object)
    def keep(self, incident: Incident) -> None:
        """Words that people gave it."""
        self._do(lambda session: _kept(session, session.update_incident(incident)), self._on_kept)

    @Slot(object)
    def _on_kept(self, kept: Kept) -> None:
        panel = self._window.incidents
        panel.display_kept(kept.incident)
        if panel.incident is not None and panel.incident.incident_id == kept.incident.incident_id:
            panel.display_steps(undo=kept.undo, redo=kept.redo)
        self._conductor.ask("incidents")

    @Slot(str)
    def undo(self, incident_id: str) -> None:
        """The last edit; what is being typed is the last one."""
        typed = self._window.incidents.unkept()

        def work(session: Session) -> Kept:
            if typed is not None and typed.incident_id == incident_id:
                session.update_incident(typed)
            return _kept(session, session.undo_incident(incident_id))

        self._do(work, self._on_stepped)

    @Slot(str)
    def redo(self, incident_id: str) -> None:
        """The edit that was taken back last."""
        self._do(lambda session: _kept(session, session.redo_incident(incident_id)), self._on_stepped)

    @Slot(object)
    def _on_stepped(self, kept: Kept) -> None:
        self._show(kept)
        self._conductor.ask("incidents")

    def undo_chosen(self) -> None:
        """Of the one in the editor."""
        here = self._window.incidents.incident
        if here is not None:
            self.undo(here.incident_id)

    def redo_chosen(self) -> None:
        """Of the one in the editor."""
        here = self._window.incidents.incident
        if here is not None:
            self.redo(here.incident_id)

    def reopen_chosen(self) -> None:
        """The one in the editor is open again."""
        here = self._window.incidents.incident
        if here is not None:
            incident_id = here.incident_id
            self._do(lambda session: _kept(session, session.reopen_incident(incident_id)), self._on_stepped)

    def look_again(self) -> None:
        """For the one in the editor."""
        here = self._window.incidents.incident
        if here is not None:
            self._window.incidents.keep()
            self.look(here.incident_id)

    @Slot(str)
    def retime(self, incident_id: str) -> None:
        """The brushed windows become its own; the log is searched again."""
        session = self._conductor.session
        if session is not None and session.selection().current is None:
            self._window.message_bar.say("No current window is brushed. Press C and drag over a chart.", "warning",
                                         topic="retime")
            return
        self._do(lambda session: _kept(session, session.retime_incident(incident_id)), self._on_retimed)

    @Slot(object)
    def _on_retimed(self, kept: Kept) -> None:
        self._on_stepped(kept)
        self.look(kept.incident.incident_id)

    def retime_chosen(self) -> None:
        """The one in the editor."""
        here = self._window.incidents.incident
        if here is not None:
            self._window.incidents.keep()
            self.retime(here.incident_id)

    # ---- taken out -----------------------------------------------------------------------------------------

    def delete_chosen(self) -> None:
        """The one in the editor."""
        here = self._window.incidents.incident
        if here is not None:
            self.delete(here.incident_id)

    @Slot(str)
    def delete(self, incident_id: str) -> None:
        """At once, and it can be undone."""
        typed = self._window.incidents.unkept()

        def work(session: Session) -> tuple[str, str]:
            if typed is not None and typed.incident_id == incident_id:
                session.update_incident(typed)
            title = session.incident(incident_id).title
            session.delete_incident(incident_id)
            return incident_id, title

        self._do(work, self._on_deleted)

    @Slot(object)
    def _on_deleted(self, deleted: tuple[str, str]) -> None:
        self._deleted = deleted
        self._window.message_bar.say(f"Deleted “{deleted[1]}”.", action="Undo", key="undo")
        self._conductor.ask("incidents")

    def undo_delete(self) -> None:
        """Put it back."""
        if self._deleted is None:
            return
        (incident_id, _title), self._deleted = self._deleted, None
        self._do(lambda session: session.restore_incident(incident_id), self._on_restored)

    @Slot(object)
    def _on_restored(self, incident: Incident | None) -> None:
        if incident is not None:
            self.choose(incident.incident_id)
        self._conductor.ask("incidents")

    # ---- shown ---------------------------------------------------------------------------------------------

    @Slot(str)
    def show(self, incident_id: str) -> None:
        """Its windows as brushes on the charts."""
        session, incident = self._conductor.session, self._window.incidents.incident
        if session is None or incident is None or incident.incident_id != incident_id:
            return
        session.brush("reference", incident.reference)
        session.brush("current", incident.window)
        length = incident.window.end - incident.window.start
        self._conductor.chosen(session.look_at(type(incident.window)(incident.window.start - length,
                                                                     incident.window.end + length)))
        self._window.go("board")

    @Slot(object)
    def _show(self, kept: Kept) -> None:
        self._window.incidents.display_incident(kept.incident)
        self._window.incidents.display_steps(undo=kept.undo, redo=kept.redo)

    # ---- inside --------------------------------------------------------------------------------------------

    def _do(self, work: Callable[[Session], Any], after: Callable[[Any], None]) -> None:
        """After all that was asked before."""
        if self._conductor.session is not None:
            self._waiting.append((work, after))
            self._next()

    def _next(self) -> None:
        session = self._conductor.session
        if self._busy or session is None or not self._waiting:
            return
        work, after = self._waiting.popleft()
        self._busy = True

        def run(_job: Job) -> Any:
            return work(session)

        job = self._conductor.start(JOB, run)
        job.succeeded.connect(after)
        job.failed.connect(self._on_failed)
        job.broke.connect(self._conductor.bug)
        job.ended.connect(self._on_ended)
        self._conductor.launch(job)

    @Slot(object)
    def _on_ended(self, _job: BackgroundJob) -> None:
        self._busy = False
        self._next()

    @Slot(object)
    def _on_failed(self, error: ConsoleError) -> None:
        self._window.message_bar.done("worst")
        self._window.message_bar.say(str(error), "firing")


def _kept(session: Session, incident: Incident) -> Kept:
    steps = session.incident_steps(incident.incident_id)
    return Kept(incident, steps.undo, steps.redo)
