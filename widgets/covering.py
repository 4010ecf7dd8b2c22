"""The coverage map: drawn when it is seen, and each of its charts and alarms a click away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from console.errors import ConsoleError
from widgets.arranging import Arranging
from widgets.bridge.conductor import Conductor
from widgets.main_window import MainWindow

if TYPE_CHECKING:
    from console.alarms.coverage import CoverageView, Shown
    from console.session import Session

JOB = "coverage"


class Covering(QObject):
    """Asks the session for the map; the newest wish wins."""

    alarm_asked = Signal(str)        # metric that has no alarm yet

    def __init__(self, window: MainWindow, conductor: Conductor, arranging: Arranging, parent: QObject) -> None:
        super().__init__(parent)
        self._window, self._conductor, self._arranging = window, conductor, arranging

    def connect_panel(self) -> None:
        """Once the panel is there."""
        panel = self._window.sources.coverage
        panel.shown.connect(self.refresh)
        panel.chart_asked.connect(self.chart)
        panel.alarm_asked.connect(self.alarm_asked)
        panel.compare_asked.connect(self.compare)

    def forget(self) -> None:
        """Another folder."""
        if self._window.furnished:
            self._window.sources.coverage.forget()

    def show(self) -> None:
        """In Sources."""
        self._window.go("sources")
        self._window.sources.show_coverage()

    @Slot()
    def refresh(self) -> None:
        """If it is seen: columns or rules may be others now."""
        session, panel = self._conductor.session, self._window.sources.coverage
        if session is None or not panel.isVisible():
            return
        job = self._conductor.start(JOB, lambda job: (session, session.coverage(job)))
        job.succeeded.connect(self._on_map)
        job.failed.connect(self._on_failed)
        job.broke.connect(self._conductor.bug)
        self._conductor.launch(job)

    @Slot(object)
    def _on_map(self, found: tuple[Session, CoverageView]) -> None:
        if self._conductor.session is found[0]:
            self._window.sources.coverage.display(found[1])

    @Slot(object)
    def _on_failed(self, error: ConsoleError) -> None:
        self._window.sources.coverage.display_error(str(error))

    @Slot(object, str)
    def chart(self, shown: Shown, split: str) -> None:
        """On the board, chosen; split where it shows nothing else."""
        self._window.go("board")
        self._arranging.bring(shown.chart, shown.title, split)

    @Slot()
    def compare(self) -> None:
        """Where two windows are."""
        self._window.show_drift(self._window.drift)
