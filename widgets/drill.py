"""From charts to rows: asks the session for pages, counts, lines and files, and shows what comes in the drawer."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Slot

from console.errors import ConsoleError
from console.jobs import Job
from console.window import Window
from widgets import layout_store
from widgets.bridge.background import BackgroundJob
from widgets.bridge.conductor import Conductor
from widgets.dialogs.files import Questions
from widgets.main_window import MainWindow

if TYPE_CHECKING:
    from console.session.rows_view import RawLine
    from console.store.rows import Row, RowsCount, RowsPage, RowsQuery


class Drill(QObject):
    """Owns the questions about rows; the newest wish wins, and answers to older ones are dropped."""

    def __init__(self, window: MainWindow, conductor: Conductor, questions: Questions, parent: QObject) -> None:
        super().__init__(parent)
        self._window, self._conductor, self._questions = window, conductor, questions
        self._asked: RowsQuery | None = None

    def connect_panel(self) -> None:
        """Once the panel is there."""
        panel = self._window.rows
        panel.query_asked.connect(self.ask)
        panel.more_asked.connect(self.more)
        panel.raw_asked.connect(self.raw)
        panel.export_asked.connect(self.export)
        panel.cancel_asked.connect(self.cancel)

    def forget(self) -> None:
        """Another folder."""
        self._asked = None
        if self._window.furnished:
            self._window.rows.forget()

    def show(self, metric: str, window: Window) -> None:
        """The rows behind a chart in that stretch of time."""
        session = self._conductor.session
        if session is None:
            return

        def work(_job: Job) -> tuple[tuple[RowsQuery, ...], Window]:
            return session.rows_behind(metric), window

        self._start("rows behind", work, self._on_behind)

    @Slot(object)
    def _on_behind(self, found: tuple[tuple[RowsQuery, ...], Window]) -> None:
        session, (choices, window) = self._conductor.session, found
        if session is None:
            return
        if not choices:
            self._window.message_bar.say("There are no rows yet.")
            return
        query = replace(choices[0], window=window)
        self._window.rows.begin(choices, query, relative=session.selection().relative)
        self._window.open_drawer(self._window.rows)
        self._window.rows.focus_rows()
        self.ask(query)

    @Slot(object)
    def ask(self, query: RowsQuery) -> None:
        """The first page of other rows, and how many there are."""
        session = self._conductor.session
        if session is None:
            return
        self._asked = query
        job = self._start("rows", lambda _job: (query, session.rows(query)), self._on_page)
        job.failed.connect(self._on_refused)
        self._start("count rows", lambda _job: (query, session.count_rows(query)), self._on_count, quiet=True)

    @Slot()
    def more(self) -> None:
        """The page behind the last row."""
        session, last, query = self._conductor.session, self._window.rows.last, self._asked
        if session is not None and last is not None and query is not None:
            self._start("more rows", lambda _job: (query, session.rows(query, last.key)), self._on_more)

    @Slot(object)
    def raw(self, row: Row) -> None:
        """The line of a row."""
        session = self._conductor.session
        if session is not None:
            self._start("raw line", lambda job: (row, session.raw_line(row, job)), self._on_raw)

    @Slot()
    def export(self) -> None:
        """Ask where, then write."""
        session, query = self._conductor.session, self._asked
        if session is None or query is None:
            return
        name = re.sub(r"[^\w.-]+", "-", f"{session.name}-{query.stream}-rows").strip("-")
        path = self._questions.rows(self._window, Path(layout_store.last_folder()) / f"{name}.csv")
        if path is None:
            return
        panel = self._window.rows
        job = self._start("export rows", lambda job: (path, session.export_rows(query, path, job)), self._on_written)
        job.progressed.connect(panel.display_progress)
        job.ended.connect(self._on_export_ended)
        panel.display_progress(0, 0, "Reading rows")

    @Slot()
    def cancel(self) -> None:
        """Of the export."""
        self._conductor.stop("export rows")

    # ---- what comes ----------------------------------------------------------------------------------------

    @Slot(object)
    def _on_page(self, found: tuple[RowsQuery, RowsPage]) -> None:
        if found[0] == self._asked:
            self._window.rows.display(*found)

    @Slot(object)
    def _on_more(self, found: tuple[RowsQuery, RowsPage]) -> None:
        if found[0] == self._asked:
            self._window.rows.display_more(*found)

    @Slot(object)
    def _on_count(self, found: tuple[RowsQuery, RowsCount]) -> None:
        self._window.rows.display_count(*found)

    @Slot(object)
    def _on_raw(self, found: tuple[Row, RawLine]) -> None:
        self._window.rows.display_raw(*found)

    @Slot(object)
    def _on_refused(self, error: ConsoleError) -> None:
        self._window.rows.display_error(str(error))

    @Slot(object)
    def _on_written(self, found: tuple[Path, int]) -> None:
        path, count = found
        rows = "1 row" if count == 1 else f"{count:,} rows"
        self._window.message_bar.say(f"{rows} written: {path}", "good")

    @Slot(object)
    def _on_export_ended(self, _job: BackgroundJob) -> None:
        self._window.rows.display_idle()

    @Slot(object)
    def _on_failed(self, error: ConsoleError) -> None:
        self._window.message_bar.say(str(error), "firing")

    def _start(self, name: str, work: Callable[[Job], Any], on_success: Callable[[Any], None], *,
               quiet: bool = False) -> BackgroundJob:
        job = self._conductor.start(name, work)
        job.succeeded.connect(on_success)
        if not quiet and name != "rows":
            job.failed.connect(self._on_failed)
        job.broke.connect(self._conductor.bug)
        self._conductor.launch(job)
        return job
