"""After the first paint: modules are imported on a worker, then the window is furnished step by step."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from console.jobs import Job
from widgets.bridge.conductor import Conductor

FOR_THE_PLACES = ("numpy", "pyqtgraph", "widgets.panels.board_panel", "widgets.panels.overview_strip",
                  "widgets.panels.drift_panel", "widgets.panels.incidents_panel", "widgets.panels.sources_panel",
                  "widgets.panels.inspector")
FOR_A_FOLDER = ("duckdb", "console.session.session")
"""Imported while the places are built; an open that comes sooner waits for it on its own worker."""


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
        self._import(FOR_THE_PLACES, self._on_imported)

    def stop(self) -> None:
        """The window closes; what has just been imported is no longer asked for."""
        self._stopped = True
        self._turn.stop()

    def _import(self, names: tuple[str, ...], then: Callable[[object], None] | None = None) -> None:
        def work(job: Job) -> None:
            for name in names:
                job.stop_if_asked()
                importlib.import_module(name)

        job = self._conductor.start(f"import {names[0]}", work)
        job.broke.connect(self.broke)
        if then is not None:
            job.succeeded.connect(then)
        self._conductor.launch(job)

    @Slot(object)
    def _on_imported(self, _nothing: object) -> None:
        if self._stopped:
            return
        self._import(FOR_A_FOLDER)
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
