"""While a window is dragged: every column's distance at once, in the place Drift or on a line above the strip."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPoint, Slot

from console.session.references import name_of
from console.window import Window
from widgets.bridge.conductor import Conductor
from widgets.main_window import MainWindow
from widgets.panels.brush_readout import BrushReadout
from widgets.theme import GRID


class Previewing(QObject):
    """The session compares by counts, in about a millisecond: that is done between two frames and not on a worker."""

    def __init__(self, window: MainWindow, conductor: Conductor, parent: QObject) -> None:
        super().__init__(parent)
        self._window, self._conductor = window, conductor
        self._readout: BrushReadout | None = None

    def connect_panel(self) -> None:
        """Once the panels are there."""
        window = self._window
        self._readout = BrushReadout(window.icons.holder, window)
        for part in (window.board, window.overview):
            part.window_brushing.connect(self.brushing)
            part.window_brushed.connect(self.ended)
        window.place_changed.connect(self.ended)
        self._conductor.closed.connect(self.ended)

    @Slot(str, float, float)
    def brushing(self, side: str, start_s: float, end_s: float) -> None:
        """One frame of a drag. An exact test of the windows before it is no longer wanted."""
        session = self._conductor.session
        if session is None or end_s <= start_s:
            self.ended()
            return
        self._conductor.stop("drift")
        drift = self._window.drift
        here = self._window.place == "drift" and self._window.drift_place.page is drift
        view = session.preview_drift("reference" if side == "reference" else "current",
                                     Window.from_epoch(start_s, end_s), drift.column if here else "")
        if view is None:
            against = session.selection().against
            if against and side == "current":       # its rows are not those that are counted over time
                then = "; every row is tested when you let go" if here else ""
                self._say(f"none against {name_of(against)}{then}.", side, start_s, end_s)
        elif here:
            drift.display_preview(view)
        else:
            self._say(view.sentence, side, start_s, end_s)

    def _say(self, text: str, side: str, start_s: float, end_s: float) -> None:
        """On the line above the window that is dragged."""
        if self._readout is not None:
            strip = self._window.overview
            middle = (strip.x_of(start_s) + strip.x_of(end_s)) / 2
            place = strip.mapTo(self._window, QPoint(round(middle), 0))
            self._readout.say(text, side, place.x(), place.y() - GRID)

    @Slot()
    def ended(self) -> None:
        """Let go, or given up."""
        if self._readout is not None:
            self._readout.hide()
