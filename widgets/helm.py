"""Ties the window to the session: a gesture becomes an intent, an intent a call, and what comes back is displayed.

Every command of `widgets.actions` is a method here. Nothing is decided here about metrics, drift or files.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Slot

from console.errors import ConsoleError
from console.window import Window, from_epoch
from widgets import layout_store
from widgets.bridge.conductor import Conductor
from widgets.dialogs.files import Questions
from widgets.main_window import MainWindow
from widgets.tasks import Tasks

if TYPE_CHECKING:
    from console.metrics.view import BoardView
    from console.session import Session
    from console.session.view import SelectionView, StatusView

log = logging.getLogger(__name__)

PAN = 0.25
BRUSH_HINT = {"reference": "Drag over a chart to choose the reference window. Escape ends it.",
              "current": "Drag over a chart to choose the current window. Escape ends it."}


class Helm(QObject):
    """Lives as long as the window."""

    def __init__(self, window: MainWindow, conductor: Conductor, questions: Questions | None = None) -> None:
        super().__init__(window)
        self.window = window
        self.conductor = conductor
        self.questions = questions or Questions()
        self.tasks = Tasks(window, conductor, self.questions, self)
        self._board: BoardView | None = None
        self._side = ""
        self._connect_window()
        self._connect_conductor()

    # ---- commands: each is named by a row of widgets.actions -----------------------------------------------

    def ask_folder(self) -> None:
        """Choose a folder in the system's dialog."""
        folder = self.questions.folder(self.window, layout_store.last_folder())
        if folder is not None:
            self.open_folder(folder)

    def open_demo(self) -> None:
        """Make the story, and open it."""
        self.tasks.make_demo(self.open_folder)

    def reload(self) -> None:
        """Look for new files."""
        self.conductor.reload()

    def edit_columns(self) -> None:
        """Of the stream that is chosen in Sources."""
        self.tasks.edit_columns(self.window.sources.stream)

    def cancel_load(self) -> None:
        """What is loaded stays."""
        self.conductor.stop("load")
        self.window.message_bar.say("Loading was stopped. What is loaded stays; F5 goes on with the rest.")

    def close_folder(self) -> None:
        """Back to the start page."""
        self.conductor.close_folder()

    def quit(self) -> None:
        """Close the window."""
        self.window.close()

    def go_board(self) -> None:
        """Ctrl+1."""
        self.window.go("board")

    def go_drift(self) -> None:
        """Ctrl+2."""
        self.window.go("drift")

    def go_incidents(self) -> None:
        """Ctrl+3."""
        self.window.go("incidents")

    def go_sources(self) -> None:
        """Ctrl+4."""
        self.window.go("sources")

    def toggle_inspector(self) -> None:
        """Show or hide it; it belongs to the board."""
        if self.window.place != "board":
            self.window.go("board")
        self.window.toggle_inspector()

    def toggle_theme(self) -> None:
        """From light to dark and back."""
        holder = self.window.icons.holder
        holder.choose("light" if holder.theme.is_dark else "dark")

    def follow(self) -> None:
        """Go live."""
        self._intent(lambda session: session.set_live(True))

    def pause(self) -> None:
        """Stop or go on."""
        self._intent(lambda session: session.set_live(not session.selection().live))

    def zoom_in(self) -> None:
        """Half the time."""
        self._zoom(0.5)

    def zoom_out(self) -> None:
        """Twice the time."""
        self._zoom(2.0)

    def pan_left(self) -> None:
        """Earlier."""
        self._intent(lambda session: session.pan(-PAN))

    def pan_right(self) -> None:
        """Later."""
        self._intent(lambda session: session.pan(PAN))

    def back(self) -> None:
        """The time shown before."""
        self._intent(lambda session: session.back())

    def forward(self) -> None:
        """The time left by going back."""
        self._intent(lambda session: session.forward())

    def quick_15m(self) -> None:
        """Alt+1."""
        self._quick("15m")

    def quick_1h(self) -> None:
        """Alt+2."""
        self._quick("1h")

    def quick_6h(self) -> None:
        """Alt+3."""
        self._quick("6h")

    def quick_1d(self) -> None:
        """Alt+4."""
        self._quick("1d")

    def quick_all(self) -> None:
        """Alt+5."""
        self._quick("all")

    def go_to_time(self) -> None:
        """Type it."""
        self.window.time_bar.start_typing()

    def brush_reference(self) -> None:
        """The next drag chooses it; pressed again, no more."""
        self._brush_mode("reference")

    def brush_current(self) -> None:
        """The next drag chooses it; pressed again, no more."""
        self._brush_mode("current")

    def end_brushing(self) -> None:
        """Escape."""
        self._brush_mode("")

    def suggest_windows(self) -> None:
        """Both at once, and test them."""
        session = self.conductor.session
        windows = session.suggest_windows() if session is not None else None
        if session is None or windows is None:
            return
        session.brush("reference", windows[0])
        self.conductor.chosen(session.brush("current", windows[1]))
        self.window.go("drift")
        self.tasks.test_drift()

    def test_drift(self) -> None:
        """In the place Drift."""
        self.window.go("drift")
        self.tasks.test_drift()

    def clear_windows(self) -> None:
        """Both."""
        session = self.conductor.session
        if session is not None:
            session.brush("reference", None)
            self.conductor.chosen(session.brush("current", None))

    def create_incident(self) -> None:
        """From the current window, or what is shown."""
        self.tasks.create_incident()

    def export_report(self) -> None:
        """Of the chosen incident; elsewhere of the current window."""
        chosen = self.window.incidents.incident
        at_hand = chosen if self.window.place == "incidents" else None
        self.tasks.export(at_hand.incident_id if at_hand else "", "html")

    def show_palette(self) -> None:
        """All commands."""
        from widgets.dialogs.palette import CommandPalette

        palette = CommandPalette(self.window.icons, self.window.actions_by_name, self.window)
        middle = self.window.mapToGlobal(QPoint((self.window.width() - palette.width()) // 2, 72))
        palette.move(middle)
        palette.show()

    def show_shortcuts(self) -> None:
        """All keys."""
        from widgets.dialogs.shortcuts import ShortcutsDialog

        ShortcutsDialog(self.window).show()

    def show_about(self) -> None:
        """Version and licence."""
        from importlib.metadata import PackageNotFoundError, version

        try:
            number = version("pilothouse")
        except PackageNotFoundError:
            number = "(not installed)"
        self.window.message_bar.say(f"Pilothouse {number}, Apache License 2.0. Everything stays on this machine.")

    # ---- intents of the panels -----------------------------------------------------------------------------

    @Slot(object)
    def open_folder(self, folder: Path, workspace: Path | None = None) -> None:
        """Open it, in the background."""
        layout_store.keep_last_folder(Path(folder).parent)
        self.window.message_bar.clear()
        self.conductor.open(Path(folder), workspace)

    @Slot(str)
    def open_path(self, path: str) -> None:
        """From a list of recent ones."""
        self.open_folder(Path(path))

    @Slot(str)
    def forget(self, path: str) -> None:
        """Off the list."""
        from console.session import forget_folder

        forget_folder(path)
        self.show_recent()

    @Slot(str)
    def command(self, intent: str) -> None:
        """What a menu, a key or the palette asks for."""
        getattr(self, intent)()

    @Slot(object)
    def look_at(self, window: Window) -> None:
        """A stretch that was typed."""
        self._intent(lambda session: session.look_at(window))

    @Slot(float, float)
    def look_between(self, start_s: float, end_s: float) -> None:
        """A stretch chosen on the strip."""
        self._intent(lambda session: session.look_at(Window.from_epoch(start_s, end_s)))

    @Slot(str)
    def clear_window(self, side: str) -> None:
        """A test window was taken away."""
        self._intent(lambda session: session.brush("reference" if side == "reference" else "current", None))

    @Slot(float, float)
    def zoom(self, factor: float, around_s: float) -> None:
        """The wheel on a chart."""
        self._intent(lambda session: session.zoom(factor, from_epoch(around_s)))

    @Slot(float)
    def pan(self, fraction: float) -> None:
        """A drag on a chart."""
        self._intent(lambda session: session.pan(fraction))

    @Slot(bool)
    def set_live(self, live: bool) -> None:
        """The button in the time bar."""
        self._intent(lambda session: session.set_live(live))

    @Slot(str, float, float)
    def brushed(self, side: str, start_s: float, end_s: float) -> None:
        """A test window was dragged; once there are two they are compared."""
        session = self.conductor.session
        if session is None:
            return
        window = Window.from_epoch(start_s, end_s) if end_s > start_s else None
        selection = session.brush("reference" if side == "reference" else "current", window)
        self._brush_mode("")
        self.conductor.chosen(selection)
        if selection.reference is not None and selection.current is not None:
            self.tasks.test_drift()

    @Slot(str)
    def brush_from_chip(self, side: str) -> None:
        """The chips in Drift: to the charts, where one can drag."""
        self.window.go("board")
        self._brush_mode(side)

    @Slot(str)
    def choose_column(self, name: str) -> None:
        """A row of the drift table."""
        self._intent(lambda session: session.choose_column(name))

    @Slot(str)
    def explain(self, metric: str) -> None:
        """A chart was clicked."""
        chart = next((one for one in self._board.charts if one.metric == metric), None) if self._board else None
        self.window.inspector.display_chart(chart)

    @Slot(str, QPoint)
    def chart_menu(self, metric: str, place: QPoint) -> None:
        """The right button on a chart."""
        self.explain(metric)
        self.window.show_chart_menu(place)

    @Slot()
    def show_quarantine(self) -> None:
        """From the status bar."""
        self.window.go("sources")
        self.window.sources.show_quarantine()

    @Slot(object)
    def hovered(self, at_s: float | None) -> None:
        """The values at the cross-hair."""
        session = self.conductor.session
        values = session.read_out(self._board, from_epoch(at_s)) if session and self._board and at_s is not None else ()
        self.window.board.show_read_out(values)

    @Slot(str)
    def message_action(self, key: str) -> None:
        """The button in the message bar."""
        if key == "drift":
            self.window.go("drift")
        elif key == "open":
            self.tasks.open_report()
        elif key == "undo":
            self.tasks.undo_delete()

    # ---- what comes back -----------------------------------------------------------------------------------

    @Slot(object)
    def on_opened(self, session: Session) -> None:
        """A folder is open; it is being loaded now."""
        self._board = None
        self.window.board.display(None, session.selection())
        self.window.inspector.display_chart(None)
        self.tasks.forget()
        self.window.show_folder(session.name)
        self.show_recent()
        self.conductor.follow_views("board", "overview")
        self.conductor.ask("incidents")

    @Slot()
    def on_closed(self) -> None:
        """No folder is open."""
        self._board = None
        self.tasks.forget()
        self.window.show_folder(None)
        self.show_recent()

    @Slot()
    def on_loaded(self) -> None:
        """Everything is read."""
        self.show_recent()

    @Slot(object)
    def on_selection(self, selection: SelectionView) -> None:
        """To all places."""
        window = self.window
        window.time_bar.display(selection)
        window.board.display_selection(selection)
        window.overview.display_selection(selection)
        window.drift.display_selection(selection)
        window.inspector.display_selection(selection)
        sides = [one is not None for one in (selection.reference, selection.current)]
        window.actions_by_name["test_drift"].setEnabled(all(sides))
        window.actions_by_name["clear_windows"].setEnabled(any(sides))
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

    @Slot(object)
    def on_board(self, board: BoardView | None) -> None:
        """New numbers."""
        session = self.conductor.session
        if session is None:
            return
        self._board = board
        self.window.board.display(board, session.selection())
        if self.window.board.cross_hair is not None:
            self.hovered(self.window.board.cross_hair)
        if self.window.inspector.metric:
            self.explain(self.window.inspector.metric)

    @Slot(object)
    def on_overview(self, overview: object) -> None:
        """A new silhouette."""
        session = self.conductor.session
        if session is not None:
            self.window.overview.display(overview, session.selection())

    @Slot(object)
    def on_trouble(self, error: ConsoleError) -> None:
        """For the user: what, where, what to do."""
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

    def show_recent(self) -> None:
        """The start page, and the menu of the time bar."""
        from console.session import recent_folders

        recent = recent_folders()
        session = self.conductor.session
        self.window.start_page.display(recent)
        self.window.time_bar.display_recent(recent, session.name if session else None)

    # ---- inside --------------------------------------------------------------------------------------------

    def _intent(self, ask: Callable[[Session], SelectionView]) -> None:
        session = self.conductor.session
        if session is not None:
            self.conductor.chosen(ask(session))

    def _quick(self, name: str) -> None:
        self._intent(lambda session: session.quick(name))

    def _zoom(self, factor: float) -> None:
        session = self.conductor.session
        visible = session.selection().visible if session is not None else None
        if session is not None and visible is not None:
            self.conductor.chosen(session.zoom(factor, visible.start + (visible.end - visible.start) / 2))

    def _brush_mode(self, side: str) -> None:
        self._side = "" if side == self._side else side
        self.window.board.set_brush_side(self._side)
        if self._side:
            self.window.message_bar.say(BRUSH_HINT[self._side], topic="brush")
        else:
            self.window.message_bar.done("brush")

    def _connect_window(self) -> None:
        window = self.window
        window.intent.connect(self.command)
        window.folder_dropped.connect(self.open_folder)
        window.place_changed.connect(self.on_place)
        window.start_page.open_asked.connect(self.ask_folder)
        window.start_page.demo_asked.connect(self.open_demo)
        window.start_page.recent_asked.connect(self.open_path)
        window.start_page.forget_asked.connect(self.forget)
        bar = window.time_bar
        bar.folder_asked.connect(self.ask_folder)
        bar.recent_asked.connect(self.open_path)
        bar.close_asked.connect(self.close_folder)
        bar.quick_asked.connect(self._quick)
        bar.window_asked.connect(self.look_at)
        bar.mistyped.connect(self._mistyped)
        bar.typing_ended.connect(self._typing_ended)
        bar.back_asked.connect(self.back)
        bar.forward_asked.connect(self.forward)
        bar.live_asked.connect(self.set_live)
        bar.palette_asked.connect(self.show_palette)
        bar.theme_asked.connect(self.toggle_theme)
        window.status_line.cancel_asked.connect(self.cancel_load)
        window.status_line.quarantine_asked.connect(self.show_quarantine)
        window.message_bar.action_asked.connect(self.message_action)
        board = window.board
        board.zoom_asked.connect(self.zoom)
        board.pan_asked.connect(self.pan)
        board.window_brushed.connect(self.brushed)
        board.back_asked.connect(self.back)
        board.hovered.connect(self.hovered)
        board.chart_chosen.connect(self.explain)
        board.menu_asked.connect(self.chart_menu)
        window.overview.look_at_asked.connect(self.look_between)
        window.overview.window_brushed.connect(self.brushed)
        window.overview.brush_cleared.connect(self.clear_window)
        drift = window.drift
        drift.test_asked.connect(self.test_drift)
        drift.cancel_asked.connect(self.tasks.cancel_drift)
        drift.suggest_asked.connect(self.suggest_windows)
        drift.brush_asked.connect(self.brush_from_chip)
        drift.column_asked.connect(self.choose_column)
        drift.incident_asked.connect(self.create_incident)
        window.inspector.test_asked.connect(self.test_drift)
        window.inspector.compare_asked.connect(self.suggest_windows)
        window.inspector.incident_asked.connect(self.create_incident)
        window.sources.columns_asked.connect(self.tasks.edit_columns)
        window.sources.reload_asked.connect(self.reload)

    def _connect_conductor(self) -> None:
        conductor = self.conductor
        conductor.opened.connect(self.on_opened)
        conductor.closed.connect(self.on_closed)
        conductor.load_ended.connect(self.on_loaded)
        conductor.selection_changed.connect(self.on_selection)
        conductor.status_changed.connect(self.on_status)
        conductor.board_ready.connect(self.on_board)
        conductor.overview_ready.connect(self.on_overview)
        conductor.sources_ready.connect(self.window.sources.display)
        conductor.incidents_ready.connect(self.window.incidents.display)
        conductor.trouble.connect(self.on_trouble)
        conductor.bug.connect(self.on_bug)

    @Slot(str)
    def _mistyped(self, sentence: str) -> None:
        self.window.message_bar.say(sentence, "warning", topic="typed")

    @Slot()
    def _typing_ended(self) -> None:
        self.window.message_bar.done("typed")
        self.window.board.setFocus()
