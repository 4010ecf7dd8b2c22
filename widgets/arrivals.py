"""What comes back from the session, displayed in the panels that show it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from console.errors import ConsoleError
from console.window import from_epoch
from widgets.bridge.conductor import Conductor
from widgets.main_window import MainWindow
from widgets.taking_back import TakingBack

if TYPE_CHECKING:
    from console.alarms.view import AlarmsView
    from console.logs.view import SourcesView
    from console.metrics.view import BoardView, OverviewView
    from console.session import Session
    from console.session.view import SelectionView, StatusView


class Arrivals(QObject):
    """Hands views of the conductor to panels. Keeps the newest board, for the read-out and the inspector, and the
    newest alarms.

    changed: called when another folder is open or none, so that what was shown of the old one goes.
    """

    alarms_changed = Signal(object)      # AlarmsView | None

    def __init__(self, window: MainWindow, conductor: Conductor, taking_back: TakingBack,
                 changed: Callable[[], None], parent: QObject) -> None:
        super().__init__(parent)
        self.window = window
        self.conductor = conductor
        self.taking_back = taking_back
        self._changed = changed
        self._board: BoardView | None = None
        self.alarms: AlarmsView | None = None

    @Slot(str)
    def explain(self, metric: str) -> None:
        """A chart was clicked."""
        chart = next((one for one in self._board.charts if one.metric == metric), None) if self._board else None
        self.window.inspector.display_chart(chart)

    @Slot(object)
    def hovered(self, at_s: float | None) -> None:
        """The values at the cross-hair; the newest where one that is held lies outside of what is shown."""
        session = self.conductor.session
        visible = session.selection().visible if session is not None else None
        seen = at_s is not None and visible is not None and visible.start_s <= at_s <= visible.end_s
        values = (session.read_out(self._board, from_epoch(at_s))
                  if seen and session is not None and self._board is not None and at_s is not None else ())
        self.window.board.show_read_out(values)

    @Slot(object)
    def on_opened(self, session: Session) -> None:
        """A folder is open; it is being loaded now."""
        self._board = None
        self.on_alarms(None)
        self.window.board.display(None, session.selection())
        self.window.inspector.display_chart(None)
        self._changed()
        self.window.show_folder(session.name)
        self.taking_back.show()
        self.on_place(self.window.place)
        self.conductor.ask("incidents")

    @Slot()
    def on_closed(self) -> None:
        """No folder is open; unless another one is about to be, that leaves the start page."""
        self._board = None
        self.on_alarms(None)
        self._changed()
        if self.conductor.awaited is None:
            self.window.show_folder(None)

    @Slot(object)
    def on_selection(self, selection: SelectionView) -> None:
        """To all places."""
        window = self.window
        window.time_bar.display(selection)
        window.board.display_selection(selection)
        window.overview.display_selection(selection)
        window.drift_place.display_selection(selection)
        window.inspector.display_selection(selection)
        window.actions_by_name["test_drift"].setEnabled(selection.comparable)
        window.actions_by_name["clear_windows"].setEnabled(
            selection.reference is not None or selection.current is not None or bool(selection.against))
        window.actions_by_name["back"].setEnabled(selection.can_back)
        window.actions_by_name["forward"].setEnabled(selection.can_forward)

    @Slot(object)
    def on_status(self, status: StatusView) -> None:
        """To the two bars."""
        self.window.status_line.display(status)
        self.window.time_bar.display_status(status)
        loading = status.loading is not None and status.loading.running
        self.window.actions_by_name["cancel_load"].setEnabled(loading)
        self.window.actions_by_name["reload"].setEnabled(not loading)
        self.window.actions_by_name["replay"].setEnabled(not loading and bool(status.quarantined))
        if status.rows:
            self.window.message_bar.done("waits")

    @Slot(object)
    def on_board(self, board: BoardView | None) -> None:
        """New numbers."""
        session = self.conductor.session
        if session is None:
            return
        self._board = board
        self.window.board.set_wide(frozenset(one.metric for one in session.layout.charts if one.wide))
        self.window.board.display(board, session.selection())
        if self.window.board.cross_hair is not None:
            self.hovered(self.window.board.cross_hair)
        if self.window.inspector.metric:
            self.explain(self.window.inspector.metric)

    @Slot()
    def on_chart_read(self) -> None:
        """A chart that is read apart from the board has come."""
        session = self.conductor.session
        board = session.filled_board() if session is not None else None
        if board is not None:
            self.on_board(board)

    @Slot(object)
    def on_overview(self, overview: OverviewView | None) -> None:
        """A new silhouette."""
        session = self.conductor.session
        if session is not None:
            self.window.overview.display(overview, session.selection())
            self.window.board.display_first_seen(overview.first_seen if overview is not None else ())

    @Slot(object)
    def on_sources(self, view: SourcesView) -> None:
        """Streams, files, quarantine."""
        self.window.sources.display(view)
        self.taking_back.display_sources(view)

    @Slot(object)
    def on_alarms(self, view: AlarmsView | None) -> None:
        """How it stands with the rules; None while nothing has been judged."""
        self.alarms = view
        from console.alarms.on_charts import NOTHING

        charts = view.charts if view is not None else NOTHING
        self.window.board.display_alarms(charts)
        self.window.overview.display_alarms(charts)
        self.window.status_line.display_alarms(view)
        self.window.rail.display_firing(view.firing if view is not None else 0)
        self.alarms_changed.emit(view)

    @Slot()
    def on_load_ended(self) -> None:
        """What was waited for has come."""
        session = self.conductor.session
        if session is not None and not session.stopped:
            self.window.message_bar.done("stopped")

    @Slot(object)
    def on_trouble(self, error: ConsoleError) -> None:
        """For the user: what, where, what to do."""
        session = self.conductor.session
        if session is not None and session.waits:
            self.window.message_bar.say(f"{session.name} is empty. It is loaded as soon as a file comes.",
                                        topic="waits")
        else:
            self.window.message_bar.say(str(error), "firing")

    @Slot(object)
    def on_bug(self, bug: Exception) -> None:
        """Ours: the trace is in the log."""
        self.window.message_bar.say(f"Something in Pilothouse broke ({type(bug).__name__}: {bug}). "
                                    "The program log has the details; what is loaded is safe.", "firing")

    @Slot(str)
    def on_place(self, place: str) -> None:
        """Only what is seen is kept fresh."""
        wanted = {"board": ("board", "overview"), "sources": ("sources", "overview"),
                  "incidents": ("incidents", "overview")}
        self.conductor.follow_views(*wanted.get(place, ("overview",)))
        if place == "drift":
            self.window.message_bar.done("drift")       # the verdict stands there itself
