"""After the first paint: modules are imported on a worker, then the window is furnished step by step."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from console.jobs import Job
from widgets.bridge.conductor import Conductor

MODULES = ("numpy", "pyqtgraph", "widgets.panels.board_panel", "widgets.panels.overview_strip",
           "widgets.panels.drift_panel", "widgets.panels.incidents_panel", "widgets.panels.sources_panel",
           "widgets.panels.inspector", "duckdb", "console.session.session", "widgets.panels.rows_panel",
           "widgets.panels.values_panel", "widgets.panels.drawer")
"""What the places and a folder need. Not imported while the places are built: a step would wait for Python's lock."""


class Preload(QObject):
    """Runs `steps` on the window's thread, one at each turn of its loop, once what they import is there.

    Importing holds Python's lock only for slices, and each step is short: the window answers all the time.
    """

    ended = Signal()             # all steps are done
    broke = Signal(object)       # an exception: ours

    def __init__(self, conductor: Conductor, steps: Iterator[None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._conductor = conductor
        self._steps = steps
        self._stopped = False
        self._turn = QTimer(self)
        self._turn.timeout.connect(self._step)

    def start(self) -> None:
        """Begin to import."""
        job = self._conductor.start("preload", _bring_in)
        job.broke.connect(self.broke)
        job.succeeded.connect(self._on_imported)
        self._conductor.launch(job)

    def stop(self) -> None:
        """The window closes; what has just been imported is no longer asked for."""
        self._stopped = True
        self._turn.stop()

    @Slot(object)
    def _on_imported(self, _nothing: object) -> None:
        if not self._stopped:
            self._turn.start(0)

    @Slot()
    def _step(self) -> None:
        try:
            next(self._steps)
        except StopIteration:
            self._turn.stop()
            self.ended.emit()
        except Exception as bug:
            self._turn.stop()
            self.broke.emit(bug)


def _bring_in(job: Job) -> None:
    for name in MODULES:
        job.stop_if_asked()
        importlib.import_module(name)
