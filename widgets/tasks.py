"""Questions that take a while: drift, reports, the demo. Each is a job, and what it gives is shown.

The helm hands them on; only results of the folder that is open now are displayed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Slot

from console.errors import ConsoleError
from console.jobs import Job
from widgets import layout_store
from widgets.bridge.background import BackgroundJob
from widgets.bridge.conductor import Conductor
from widgets.dialogs.files import Questions
from widgets.main_window import MainWindow

if TYPE_CHECKING:
    from console.drift.view import DriftView


class Tasks(QObject):
    """Starts the jobs and displays what they give."""

    def __init__(self, window: MainWindow, conductor: Conductor, questions: Questions, parent: QObject) -> None:
        super().__init__(parent)
        self._window = window
        self._conductor = conductor
        self._questions = questions
        self._written: Path | None = None
        self._demo_writer: Any = None
        self._open_demo: Callable[[Path, Path], None] | None = None

    def forget(self) -> None:
        """Another folder: what was shown of the old one goes."""
        self._window.drift.forget()

    def shut_down(self) -> None:
        """The window closes."""
        self._stop_demo()

    # ---- drift ---------------------------------------------------------------------------------------------

    @Slot()
    def test_drift(self) -> None:
        """Of the two windows that are chosen."""
        session = self._conductor.session
        if session is None:
            return
        job = self._conductor.start("drift", session.drift)
        job.progressed.connect(self._window.drift.display_progress)
        job.succeeded.connect(self._on_drift)
        job.failed.connect(self._window.drift.display_error)
        job.broke.connect(self._on_drift_broke)
        job.stopped.connect(self._on_drift_stopped)
        preview = session.preview_chosen(self._window.drift.column)
        if preview is not None:
            self._window.drift.display_preview(preview)     # what counts tell is there at once
        self._window.drift.display_progress(0, 0, "")
        self._window.message_bar.done("drift")      # it spoke of other windows
        self._conductor.launch(job)

    @Slot()
    def cancel_drift(self) -> None:
        """Stop it."""
        self._conductor.stop("drift")

    @Slot(object)
    def _on_drift(self, view: DriftView) -> None:
        if self._conductor.session is None:
            return
        self._window.drift.display(view)
        if self._window.place != "drift":
            tone = {"alarm": "firing", "watch": "warning"}.get(view.verdict.value, "accent")
            self._window.message_bar.say(view.sentence, tone, topic="drift", action="Show", key="drift")

    @Slot()
    def _on_drift_stopped(self) -> None:
        """By the user; one that gave way to a newer one says nothing."""
        if self._conductor.job("drift") in (self.sender(), None):
            self._window.drift.display_stopped()

    @Slot(object)
    def _on_drift_broke(self, bug: Exception) -> None:
        self._window.drift.display_stopped()
        self._conductor.bug.emit(bug)

    # ---- reports -------------------------------------------------------------------------------------------

    @Slot(str, str)
    def export(self, incident_id: str, form: str) -> None:
        """Ask where, then gather and write. "" for the current window, without keeping an incident."""
        session = self._conductor.session
        if session is None:
            return
        name = re.sub(r"[^\w.-]+", "-", incident_id or f"{session.name}-report").strip("-")
        path = self._questions.report(self._window, Path(layout_store.last_folder()) / f"{name}.{form}", form)
        if path is None:
            return

        words = self._window.incidents.with_words()

        def work(job: Job) -> Path:
            if words is not None and words.incident_id == incident_id:
                session.update_incident(words)      # the job that keeps what was just typed may come later than this
            view = session.report(incident_id or None, job)
            job.stop_if_asked()
            session.write_report(view, path, job)
            return path

        job = self._start("export", work, self._on_written)
        job.progressed.connect(self._on_export_progress)
        job.ended.connect(self._on_export_ended)
        self._written = None
        self._on_export_progress(0, 0, "Gathering")

    @Slot(int, int, str)
    def _on_export_progress(self, done: int, total: int, note: str) -> None:
        self._window.incidents.display_progress(done, total, note)
        if not self._form_is_seen():
            self._window.message_bar.say(f"Writing the report: {note[:1].lower()}{note[1:] or 'gathering'} …",
                                         topic="export", action="Cancel", key="cancel export")

    def _form_is_seen(self) -> bool:
        """Whether progress and result are seen in the place Incidents."""
        return self._window.place == "incidents" and self._window.incidents.incident is not None

    @Slot()
    def cancel_export(self) -> None:
        """Stop it; nothing is left behind half written."""
        self._conductor.stop("export")

    @Slot(object)
    def _on_written(self, path: Path) -> None:
        self._written = path
        self._window.incidents.display_written(str(path))
        if not self._form_is_seen():
            self._window.message_bar.say(f"Report written: {path}", "good", action="Open", key="open")

    @Slot(object)
    def _on_export_ended(self, _job: BackgroundJob) -> None:
        self._window.message_bar.done("export")
        if self._written is None:
            self._window.incidents.display_idle()

    @Slot(str)
    def open_report(self, path: str = "") -> None:
        """In its program."""
        shown = path or str(self._written or "")
        if shown and not self._questions.show(shown):
            self._window.message_bar.say(f"No program here opens {shown}.", "warning")

    # ---- the demo ------------------------------------------------------------------------------------------

    def make_demo(self, open_it: Callable[[Path, Path], None]) -> None:
        """Write the story's folder, open it, and let its writer go on until the window closes."""
        self._open_demo = open_it
        self._stop_demo()
        self._window.message_bar.say("Making the demo's log", topic="demo")
        self._start("demo", _story, self._on_demo)

    @Slot(object)
    def _on_demo(self, made: tuple[Path, Path]) -> None:
        from console.demo.writer import start_writer

        self._window.message_bar.done("demo")
        self._demo_writer = start_writer(made[0])
        if self._open_demo is not None:
            self._open_demo(*made)

    def _stop_demo(self) -> None:
        if self._demo_writer is not None:
            from console.demo.writer import stop_writer

            stop_writer(self._demo_writer)
            self._demo_writer = None

    # ---- inside --------------------------------------------------------------------------------------------

    def _start(self, name: str, work: Callable[[Job], Any], on_success: Callable[[Any], None]) -> BackgroundJob:
        job = self._linked(self._conductor.start(name, work), on_success)
        self._conductor.launch(job)
        return job

    def _linked(self, job: BackgroundJob, on_success: Callable[[Any], None]) -> BackgroundJob:
        job.succeeded.connect(on_success)
        job.failed.connect(self._on_failed)
        job.broke.connect(self._conductor.bug)
        return job

    @Slot(object)
    def _on_failed(self, error: ConsoleError) -> None:
        self._window.message_bar.say(str(error), "firing")


def _story(job: Job) -> tuple[Path, Path]:
    from console.demo.play import begin, workspace_of

    truth = begin(job=job)
    return truth.folder, workspace_of(truth)
