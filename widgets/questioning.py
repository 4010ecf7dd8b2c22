"""The questions of the place Drift beyond single columns: each is a job of its page.

The helm hands them on; only answers of the folder that is open now are displayed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QGuiApplication

from console.jobs import Job
from widgets import layout_store
from widgets.bridge.conductor import Conductor
from widgets.dialogs.files import Questions
from widgets.incidents import Incidents
from widgets.main_window import MainWindow

if TYPE_CHECKING:
    from console.session import Session
    from widgets.panels.question_page import QuestionPage


class Questioning(QObject):
    """Starts the jobs of the pages and hands over what they give."""

    def __init__(self, window: MainWindow, conductor: Conductor, questions: Questions, incidents: Incidents,
                 parent: QObject) -> None:
        super().__init__(parent)
        self._window = window
        self._conductor = conductor
        self._questions = questions
        self._incidents = incidents
        self._asked: list[_Asked] = []

    def connect_pages(self) -> None:
        """Once, when the window is furnished."""
        window = self._window
        self._asked = [
            _Asked(self, window.outcomes, "outcomes", lambda session, job: session.outcomes(job)),
            _Asked(self, window.together, "together", lambda session, job: session.together(job)),
            _Asked(self, window.training, "training", self._training),
        ]
        window.drift.copy_asked.connect(self._copy_columns)
        window.drift.export_asked.connect(self._export_columns)
        window.training.file_asked.connect(self._on_file)

    def forget(self) -> None:
        """Another folder: what was shown of the old one goes."""
        for one in self._asked:
            one.page.forget()

    @Slot()
    def load_ended(self) -> None:
        """The reference streams are known."""
        session = self._conductor.session
        if session is not None:
            self._window.training.display_streams(session.reference_streams())

    def show(self, name: str) -> None:
        """Bring a page to the front; it asks by itself."""
        page = next(one.page for one in self._asked if one.name == name)
        self._window.go("drift")
        self._window.drift_place.open(page)
        page.setFocus()

    @property
    def session(self) -> Session | None:
        """The open folder."""
        return self._conductor.session

    def _training(self, session: Session, job: Job) -> Any:
        from console.session.sides import Reference

        kind, _, name = self._window.training.source.partition(":")
        chosen = session.selection()
        reference = Reference(file=Path(name)) if kind == "file" else Reference(stream=name) if kind == "stream" \
            else Reference(chosen.reference)
        return session.training(job, reference, chosen.current)

    @Slot()
    def _copy_columns(self) -> None:
        self.copy(self._window.drift.view)

    @Slot()
    def _export_columns(self) -> None:
        self.export("drift", self._window.drift.view)

    @Slot()
    def _on_file(self) -> None:
        path = self._questions.data_file(self._window, layout_store.last_folder())
        self._window.training.display_file(str(path) if path is not None else "")

    def copy(self, view: Any) -> None:
        """All rows of an answer."""
        from console.session.drift_documents import as_csv

        if view is not None:
            QGuiApplication.clipboard().setText(as_csv(view, relative=self._relative, delimiter="\t"))
            self._window.message_bar.say("The table is on the clipboard.", "good")

    def export(self, name: str, view: Any) -> None:
        """Ask where, and write."""
        session = self._conductor.session
        if view is None or session is None:
            return
        path = self._questions.table(self._window, Path(layout_store.last_folder()) / f"{session.name}-{name}.csv")
        if path is None:
            return
        relative = self._relative

        def work(_job: Job) -> Path:
            from console.session.drift_documents import write

            write(view, path, relative=relative)
            return path

        job = self._conductor.start("export_answer", work)
        job.succeeded.connect(self._on_written)
        job.failed.connect(self._on_failed)
        job.broke.connect(self._conductor.bug)
        self._conductor.launch(job)

    def keep(self, view: Any) -> None:
        """An incident with the answer in its notes."""
        if view is None:
            return
        session = self._conductor.session
        window = view.current or (session.selection().visible if session is not None else None)
        if window is not None:
            self._incidents.create_about(view.sentence, window, view.reference, told(view),
                                         lambda session, incident_id: session.attach_answer(incident_id, view))

    def attach_shown(self) -> None:
        """The answer of the page that is open, to the incident that is open."""
        window = self._window
        page = window.drift_place.page
        view = None if window.place != "drift" or page is window.drift else getattr(page, "view", None)
        if view is None:
            window.message_bar.say("Show an answer of Drift or Advice first: Over time, Outcomes, All columns at once, "
                                   "Training/serving skew, Shock, Response, Training again.", topic="attach")
            return
        self._incidents.attach(lambda session, incident_id: session.attach_answer(incident_id, view))

    @property
    def _relative(self) -> bool:
        session = self._conductor.session
        return session is not None and session.selection().relative

    @Slot(object)
    def _on_written(self, path: Path) -> None:
        self._window.message_bar.say(f"Written: {path}", "good")

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self._window.message_bar.say(str(error), "firing")

    def start(self, asked: _Asked) -> None:
        """Ask the log."""
        session = self._conductor.session
        if session is None:
            return
        job = self._conductor.start(asked.name, lambda job: asked.work(session, job))
        job.progressed.connect(asked.page.display_progress)
        job.succeeded.connect(asked.on_answer)
        job.failed.connect(asked.page.display_error)
        job.broke.connect(asked.on_broke)
        job.stopped.connect(asked.page.display_stopped)
        asked.page.display_progress(0, 0, "")
        self._conductor.launch(job)

    def stop(self, asked: _Asked) -> None:
        """Cancel it."""
        self._conductor.stop(asked.name)

    def broke(self, bug: Exception) -> None:
        """A fault of ours."""
        self._conductor.bug.emit(bug)


class _Asked(QObject):
    """One page and its work."""

    def __init__(self, owner: Questioning, page: QuestionPage, name: str, work: Callable[[Session, Job], Any]) -> None:
        super().__init__(owner)
        self._owner = owner
        self.page = page
        self.name = name
        self.work = work
        page.asked.connect(self._start)
        page.cancel_asked.connect(self._stop)
        page.copy_asked.connect(self._copy)
        page.export_asked.connect(self._export)
        page.incident_asked.connect(self._keep)

    @Slot(object)
    def on_answer(self, view: Any) -> None:
        """It came."""
        if self._owner.session is not None:
            self.page.display(view)

    @Slot(object)
    def on_broke(self, bug: Exception) -> None:
        """It did not."""
        self.page.display_stopped()
        self._owner.broke(bug)

    @Slot()
    def _start(self) -> None:
        self._owner.start(self)

    @Slot()
    def _stop(self) -> None:
        self._owner.stop(self)

    @Slot()
    def _copy(self) -> None:
        self._owner.copy(self.page.view)

    @Slot()
    def _export(self) -> None:
        self._owner.export(self.name, self.page.view)

    @Slot()
    def _keep(self) -> None:
        self._owner.keep(self.page.view)


def told(view: Any) -> str:
    """An answer as words for the notes of an incident, with the command that gives it again."""
    lines = [view.sentence]
    lines += [f"{one.what}: {one.sentence}" for one in getattr(view, "moved", ())]
    lines += [one.sentence for one in getattr(view, "signals", ())]
    lines += [view.pairs_sentence] if hasattr(view, "pairs_sentence") else []
    if hasattr(view, "compared"):
        lines += [one.sentence for one in view.columns if one.verdict.value in ("alarm", "watch")]
    return "\n".join([*lines, "", view.command])
