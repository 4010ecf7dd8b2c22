"""Corrections of what was read: columns, files left out, the quarantine. Each is a job; what it gives is shown.

The helm hands them on; only results of the folder that is open now are displayed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Slot

from console.errors import ConsoleError
from console.jobs import Job
from widgets.bridge.background import BackgroundJob
from widgets.bridge.conductor import Conductor
from widgets.main_window import MainWindow
from widgets.panels.quarantine_view import PAGE

if TYPE_CHECKING:
    from console.logs.replay import ReplayReport
    from console.logs.view import QuarantineView, SourcesView
    from console.roles import Role, StreamKind
    from console.session import Session
    from widgets.dialogs.columns_dialog import ColumnsDialog

BUSY = "corrections"
"""The topic of what the message bar says while files are left out or taken in again."""


class Corrections(QObject):
    """Starts the jobs and displays what they give."""

    def __init__(self, window: MainWindow, conductor: Conductor, parent: QObject) -> None:
        super().__init__(parent)
        self._window = window
        self._conductor = conductor
        self._dialog: ColumnsDialog | None = None
        self._columns_of = ""
        self._said = ""

    def forget(self) -> None:
        """Another folder: what was shown of the old one goes."""
        if self._dialog is not None:
            self._dialog.close()
        self._columns_of = ""
        self._window.sources.quarantine.forget()

    # ---- columns -------------------------------------------------------------------------------------------

    @Slot(str)
    def edit_columns(self, stream: str) -> None:
        """The dialog, once the streams are known."""
        self._columns_of = stream or "?"
        self._refresh()

    def _refresh(self) -> None:
        session = self._conductor.session
        if session is not None:
            self._start("sources", lambda _job: session.sources(), self._on_sources)

    @Slot(object)
    def _on_sources(self, view: SourcesView) -> None:
        self._window.sources.display(view)
        self.refresh_page()
        if self._dialog is not None:
            self._dialog.display(view)
        elif self._columns_of and view.streams:
            from widgets.dialogs.columns_dialog import ColumnsDialog

            dialog = self._dialog = ColumnsDialog(self._window.icons, view, self._columns_of, self._window)
            dialog.save_asked.connect(self._save_columns)
            dialog.names_asked.connect(self._name_columns)
            dialog.path_asked.connect(self._from_path)
            dialog.undo_asked.connect(self.undo)
            dialog.redo_asked.connect(self.redo)
            dialog.finished.connect(self._on_dialog_closed)
            dialog.open()

    @Slot(str, object, object, object)
    def _save_columns(self, stream: str, changes: dict[str, Any], zone: str | None, kind: StreamKind | None) -> None:
        self._correct(lambda session, job: session.set_columns(stream, changes, zone, job, kind))

    @Slot(str, object)
    def _name_columns(self, stream: str, names: tuple[str, ...]) -> None:
        self._correct(lambda session, job: session.name_columns(stream, names, job))

    @Slot(str, object, str)
    def _from_path(self, stream: str, role: Role, where: str) -> None:
        self._correct(lambda session, job: session.from_path(stream, role, where, job))

    @Slot()
    def undo(self) -> None:
        """Take the last correction back."""
        self._correct(lambda session, job: session.undo_columns(job), said="Taken back.")

    @Slot()
    def redo(self) -> None:
        """Make it again."""
        self._correct(lambda session, job: session.redo_columns(job), said="Made again.")

    @Slot(object)
    def leave_out(self, patterns: tuple[str, ...]) -> None:
        """Files whose paths fit are not loaded; the others are."""
        self._correct(lambda session, job: session.leave_out(patterns, job), said="Files are left out as you said.")

    def _correct(self, work: Callable[[Session, Job], Any], said: str = "") -> None:
        session = self._conductor.session
        if session is None:
            return
        self._said = said
        job = self._conductor.start("columns", lambda job: work(session, job))
        job.succeeded.connect(self._on_corrected)
        job.failed.connect(self._on_not_corrected)
        job.broke.connect(self._on_not_corrected)
        if self._dialog is not None:
            job.progressed.connect(self._dialog.display_progress)
            self._dialog.display_progress(0, 0, "")
        else:
            job.progressed.connect(self._on_progress)
            self._on_progress(0, 0, "")
        self._conductor.launch(job)

    @Slot(int, int, str)
    def _on_progress(self, _done: int, _total: int, note: str) -> None:
        self._window.message_bar.say(note or "Correcting", topic=BUSY)

    @Slot(object)
    def _on_corrected(self, load: object) -> None:
        self._refresh()
        for name in ("board", "overview"):
            self._conductor.ask(name)
        if load is True:                    # files can be loaded now that could not
            self._conductor.reload()
        if self._dialog is not None:
            self._dialog.display_saved(*([self._said] if self._said else []))
        elif self._said:
            self._window.message_bar.say(self._said, "good", topic=BUSY)
        else:
            self._window.message_bar.done(BUSY)

    @Slot(object)
    def _on_not_corrected(self, error: Exception) -> None:
        self._refresh()
        if self._dialog is not None:
            self._dialog.display_error(str(error))
        else:
            self._window.message_bar.say(str(error), "firing")

    @Slot()
    def _on_dialog_closed(self) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
        self._dialog = None
        self._columns_of = ""

    # ---- quarantine ----------------------------------------------------------------------------------------

    @Slot()
    def replay(self) -> None:
        """Read the records in quarantine once more."""
        session, panel = self._conductor.session, self._window.sources.quarantine
        if session is None:
            return
        self._window.go("sources")
        self._window.sources.show_quarantine()
        job = self._conductor.start("replay", session.replay_quarantine)
        job.progressed.connect(panel.display_progress)
        job.succeeded.connect(self._on_replayed)
        job.failed.connect(self._on_not_replayed)
        job.broke.connect(self._on_not_replayed)
        job.ended.connect(self._on_replay_ended)
        panel.display_progress(0, 0, "")
        self._conductor.launch(job)

    @Slot()
    def cancel_replay(self) -> None:
        """What became rows by then stays."""
        self._conductor.stop("replay")

    @Slot(object)
    def _on_replayed(self, report: ReplayReport) -> None:
        self._window.sources.quarantine.display_replayed(report)

    @Slot(object)
    def _on_not_replayed(self, error: Exception) -> None:
        self._window.sources.quarantine.display_error(str(error))

    @Slot(object)
    def _on_replay_ended(self, _job: BackgroundJob) -> None:
        self._window.sources.quarantine.display_idle()
        self._refresh()
        for name in ("board", "overview"):
            self._conductor.ask(name)

    def refresh_page(self) -> None:
        """The page that is looked at, if it is not the one that comes with the view."""
        panel = self._window.sources.quarantine
        if panel.elsewhere:
            self.show_page(panel.reason, panel.file, panel.first)

    @Slot(object, object, int)
    def show_page(self, reason: str | None, file: str | None, first: int) -> None:
        """A page of the quarantine."""
        session = self._conductor.session
        if session is not None:
            self._start("quarantine page", lambda _job: session.quarantine(PAGE, first, reason, file),
                        self._window.sources.quarantine.display_page)

    @Slot(object)
    def show_raw(self, row: QuarantineView) -> None:
        """A whole record from its file."""
        session = self._conductor.session
        if session is not None:
            self._start("raw record", lambda _job: (row, session.raw_record(row)), self._on_raw)

    @Slot(object)
    def _on_raw(self, found: tuple[QuarantineView, str]) -> None:
        self._window.sources.quarantine.display_raw(*found)

    # ---- inside --------------------------------------------------------------------------------------------

    def _start(self, name: str, work: Callable[[Job], Any], on_success: Callable[[Any], None]) -> None:
        job = self._conductor.start(name, work)
        job.succeeded.connect(on_success)
        job.failed.connect(self._on_failed)
        job.broke.connect(self._conductor.bug)
        self._conductor.launch(job)

    @Slot(object)
    def _on_failed(self, error: ConsoleError) -> None:
        self._window.message_bar.say(str(error), "firing")
