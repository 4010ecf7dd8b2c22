"""Ties the window to the session: a gesture becomes an intent, an intent a call, and what comes back is displayed.

Every command of `widgets.actions` is a method here. Nothing is decided here about metrics, drift or files.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Slot

from console.window import Window, from_epoch
from widgets import layout_store
from widgets.adding import Adding
from widgets.advising import Advising
from widgets.alarming import Alarming
from widgets.arranging import Arranging
from widgets.arrivals import Arrivals
from widgets.bridge.conductor import Conductor
from widgets.changing import Changing
from widgets.corrections import Corrections
from widgets.covering import Covering
from widgets.dialogs.files import Questions
from widgets.drill import Drill
from widgets.incidents import Incidents
from widgets.lifelines import Lifelines
from widgets.main_window import MainWindow
from widgets.marking import Marking
from widgets.notifying import Notifier
from widgets.over_time import OverTime
from widgets.picking import Picking
from widgets.planning import Planning
from widgets.previewing import Previewing
from widgets.questioning import Questioning
from widgets.replaying import Replaying
from widgets.rule_making import RuleMaking
from widgets.taking_back import TakingBack
from widgets.tasks import Tasks
from widgets.thresholds import Thresholds
from widgets.trying_out import TryingOut
from widgets.window_picking import WindowPicking
from widgets.wiring import connect_conductor, connect_frame, connect_places

if TYPE_CHECKING:
    from console.session import Session
    from console.session.view import SelectionView

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
        self.incidents = Incidents(window, conductor, self)
        self.corrections = Corrections(window, conductor, self)
        self.drill = Drill(window, conductor, self.questions, self)
        self.marking = Marking(window, conductor, self.questions, self)
        self.notifier = Notifier(conductor, self)
        self.rule_making = RuleMaking(window, conductor, self.questions, self)
        self.alarming = Alarming(window, conductor, self.questions, self.incidents, self)
        self.adding = Adding(window, conductor, self.questions, self)
        self.advising = Advising(window, conductor, self.questions, self.incidents, self.alarming, self)
        self.lifelines = Lifelines(window, conductor, self.questions, self.incidents, self.advising, self)
        self.thresholds = Thresholds(window, conductor, self)
        self.arranging = Arranging(window, conductor, self.questions, self.drill, self.thresholds, self)
        self.covering = Covering(window, conductor, self.arranging, self)
        self.changing = Changing(window, conductor, self.arranging, self.tasks, self.incidents, self)
        self.picking = Picking(window, conductor, self)
        self.planning = Planning(window, conductor, self.questions, self)
        self.taking_back = TakingBack(window, self.corrections, self.planning, self)
        self.over_time = OverTime(window, conductor, self.tasks, self)
        self.replaying = Replaying(window, conductor, self.incidents, self)
        self.trying_out = TryingOut(window, conductor, self)
        self.previewing = Previewing(window, conductor, self)
        self.questioning = Questioning(window, conductor, self.questions, self.incidents, self)
        self.window_picking = WindowPicking(window, conductor, self.questions, self.alarming.looked_at, self.test_drift,
                                            self)
        self.arrivals = Arrivals(window, conductor, self.taking_back, self._forget, self)
        self._side = ""
        self._waiting: tuple[Path, Path | None] | None = None
        connect_frame(self)

    def take_over(self) -> None:
        """The window is furnished: connect its places, and open the folder that somebody asked for meanwhile."""
        connect_places(self)
        connect_conductor(self)
        if self._waiting is not None:
            (folder, workspace), self._waiting = self._waiting, None
            self.conductor.open(folder, workspace)

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
        self.corrections.edit_columns(self.window.sources.stream)

    def undo(self) -> None:
        """A correction, or where plans are a change of the plan."""
        self.taking_back.undo()

    def redo(self) -> None:
        """The same again."""
        self.taking_back.redo()

    def replay_quarantine(self) -> None:
        """In Sources."""
        self.corrections.replay()

    def cancel_load(self) -> None:
        """What is loaded stays."""
        self.conductor.stop("load")
        self.window.status_line.display_stopping()
        self.window.message_bar.say("Loading was stopped. What is loaded stays and is followed; the rest waits.",
                                    topic="stopped", action="Resume", key="resume")

    def close_folder(self) -> None:
        """Back to the start page."""
        if self._waiting is not None:
            self._waiting = None
            self.window.show_folder(None)
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

    def go_rollout(self) -> None:
        """Ctrl+3."""
        self.window.go("rollout")

    def go_advice(self) -> None:
        """Ctrl+4."""
        self.window.go("advice")

    def what_to_do(self) -> None:
        """Ctrl+Shift+J."""
        self.advising.about_this()

    def look_for_shock(self) -> None:
        """Ctrl+Shift+U."""
        self.advising.look_for_shock()

    def ask_response(self) -> None:
        """U."""
        self.advising.show_response()

    def ask_retraining(self) -> None:
        """Shift+U."""
        self.advising.show_retraining()

    def show_lifecycle(self) -> None:
        """L."""
        self.lifelines.show()

    def type_moment(self) -> None:
        """In the place Advice."""
        self.advising.type_moment()

    def open_plan(self) -> None:
        """Ctrl+Shift+O."""
        self.planning.open()

    def save_plan(self) -> None:
        """Ctrl+Shift+S."""
        self.planning.save()

    def fit_plan(self) -> None:
        """In Rollout."""
        self.planning.fit()

    def play_replay(self) -> None:
        """P."""
        self.replaying.toggle()

    def step_replay(self) -> None:
        """Shift+P."""
        self.replaying.step()

    def start_rollout(self) -> None:
        """As the button."""
        self.replaying.press("start")

    def pause_rollout(self) -> None:
        """As the button."""
        self.replaying.press("pause")

    def promote_rollout(self) -> None:
        """As the button."""
        self.replaying.press("promote")

    def promote_full(self) -> None:
        """As the button."""
        self.replaying.press("promote_full")

    def abort_rollout(self) -> None:
        """As the button."""
        self.replaying.press("abort")

    def retry_rollout(self) -> None:
        """As the button."""
        self.replaying.press("retry")

    def roll_back(self) -> None:
        """Ctrl+Shift+B."""
        self.replaying.press("roll_back")

    def go_incidents(self) -> None:
        """Ctrl+5."""
        self.window.go("incidents")

    def go_sources(self) -> None:
        """Ctrl+6."""
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
        self.quick("15m")

    def quick_1h(self) -> None:
        """Alt+2."""
        self.quick("1h")

    def quick_6h(self) -> None:
        """Alt+3."""
        self.quick("6h")

    def quick_1d(self) -> None:
        """Alt+4."""
        self.quick("1d")

    def quick_all(self) -> None:
        """Alt+5."""
        self.quick("all")

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
        """Escape: what was begun last, then what is open under the charts."""
        if self._side:
            self._brush_mode("")
        elif self.window.drawer_open:
            self.window.close_drawer()

    def show_rows(self) -> None:
        """Of the held cross-hair's bucket; of the visible window while it is not held."""
        board, session = self.window.board, self.conductor.session
        visible = session.selection().visible if session is not None else None
        window = board.bucket_at_cross_hair(board.chosen) if board.cross_hair_locked else visible
        if window is not None:
            self.drill.show(board.chosen, window)

    def choose_reference(self) -> None:
        """Shift+R."""
        self.window_picking.open("reference")

    def choose_current(self) -> None:
        """Shift+C."""
        self.window_picking.open("current")

    def keep_window(self) -> None:
        """The current one."""
        self.window_picking.keep("current")

    def suggest_windows(self) -> None:
        """Both at once, and test them."""
        session = self.conductor.session
        windows = session.suggest_windows() if session is not None else None
        if session is None or windows is None:
            return
        session.brush("reference", windows[0])
        self.conductor.chosen(session.brush("current", windows[1]))
        self.window.show_drift(self.window.drift)
        self.tasks.test_drift()

    def test_drift(self) -> None:
        """In the place Drift."""
        self.window.show_drift(self.window.drift)
        self.tasks.test_drift()

    def drift_over_time(self) -> None:
        """Ctrl+Shift+T."""
        self.over_time.show()

    def around_onset(self) -> None:
        """Shift+O."""
        self.over_time.around_chosen()

    def ask_outcomes(self) -> None:
        """Answers against what came true."""
        self.questioning.show("outcomes")

    def ask_together(self) -> None:
        """All columns at once."""
        self.questioning.show("together")

    def ask_training(self) -> None:
        """Training against serving."""
        self.questioning.show("training")

    def clear_windows(self) -> None:
        """Both."""
        session = self.conductor.session
        if session is not None:
            session.brush("reference", None)
            self.conductor.chosen(session.brush("current", None))

    def create_incident(self) -> None:
        """From the current window, or what is shown."""
        self.incidents.create()

    def attach_shown(self) -> None:
        """Ctrl+Shift+K."""
        if self.window.place == "advice":
            self.advising.attach_shown()
        else:
            self.questioning.attach_shown()

    def alarm_incident(self) -> None:
        """Shift+I."""
        self.alarming.incident_of_chosen()

    def worst_incident(self) -> None:
        """Ctrl+Shift+N."""
        self.incidents.create_from_worst()

    def undo_incident(self) -> None:
        """Alt+Z."""
        self.incidents.undo_chosen()

    def redo_incident(self) -> None:
        """Alt+Shift+Z."""
        self.incidents.redo_chosen()

    def find_incident(self) -> None:
        """Ctrl+F."""
        self.window.go("incidents")
        self.window.incidents.find()

    def retime_incident(self) -> None:
        """The brushed windows become those of the incident in the editor."""
        self.incidents.retime_chosen()

    def look_again(self) -> None:
        """What belongs to the incident in the editor."""
        self.incidents.look_again()

    def reopen_incident(self) -> None:
        """The one in the editor."""
        self.incidents.reopen_chosen()

    def delete_incident(self) -> None:
        """The one in the editor; it can be undone."""
        self.incidents.delete_chosen()

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
        """Open it, in the background; as soon as there are places to show it in."""
        layout_store.keep_last_folder(Path(folder).parent)
        self.window.message_bar.clear()
        self.window.show_opening(Path(folder).name)
        if self.window.furnished:
            self.conductor.open(Path(folder), workspace)
        else:
            self._waiting = Path(folder), workspace
        self.show_recent()

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

    def chart_values(self) -> None:
        """T."""
        self.arranging.values()

    def chart_alone(self) -> None:
        """A."""
        self.arranging.alone()

    def compare_day(self) -> None:
        """D."""
        self.arranging.compare("day")

    def compare_week(self) -> None:
        """Shift+D."""
        self.arranging.compare("week")

    def split_chart(self) -> None:
        """B."""
        self.arranging.split_on()

    def copy_values(self) -> None:
        """Of the chosen chart."""
        self.arranging.copy()

    def export_chart(self) -> None:
        """X."""
        if self.window.place == "advice":
            self.advising.export_chart()
        else:
            self.arranging.export()

    def widen_chart(self) -> None:
        """W."""
        self.arranging.widen()

    def move_chart_left(self) -> None:
        """[."""
        self.arranging.move("", -1)

    def move_chart_right(self) -> None:
        """]."""
        self.arranging.move("", 1)

    def hide_chart(self) -> None:
        """H."""
        self.arranging.hide()

    def add_chart(self) -> None:
        """Ctrl+Shift+A."""
        self.adding.open()

    def trust_folder(self) -> None:
        """Of this folder's own metrics."""
        self.adding.trust()

    def move_threshold(self) -> None:
        """Shift+T."""
        self.thresholds.take(self.window.board.chosen)

    def add_alarm(self) -> None:
        """Shift+A."""
        self.thresholds.add_here(self.window.board.chosen)

    def mark(self) -> None:
        """M."""
        self.marking.mark()

    def show_marks(self) -> None:
        """Shift+M."""
        self.marking.show()

    def show_alarms(self) -> None:
        """Ctrl+Shift+L."""
        self.alarming.show()

    @Slot()
    def show_alarms_now(self) -> None:
        """From the status bar."""
        self.alarming.show("now")

    def next_alarm(self) -> None:
        """N."""
        self.alarming.step(1)

    def previous_alarm(self) -> None:
        """Shift+N."""
        self.alarming.step(-1)

    def acknowledge_alarm(self) -> None:
        """Shift+K."""
        self.alarming.acknowledge_chosen()

    def propose_rules(self) -> None:
        """Ctrl+Shift+R."""
        self.rule_making.propose()

    def import_rules(self) -> None:
        """From a file."""
        self.rule_making.import_rules()

    def toggle_notifications(self) -> None:
        """On or off, and kept."""
        yes = not layout_store.notifies()
        layout_store.keep_notifies(yes)
        self.window.message_bar.say("The desktop is told of alarms that begin to fire while the window is not in front."
                                    if yes else "The desktop is no longer told of alarms.", topic="notify")

    @Slot()
    def come_forward(self) -> None:
        """A notification was clicked."""
        self.window.showNormal() if self.window.isMinimized() else self.window.show()
        self.window.raise_()
        self.window.activateWindow()
        self.alarming.show("now")

    def new_rule(self) -> None:
        """Shift+L."""
        self.rule_making.add()

    def silence_alarm(self) -> None:
        """Shift+S."""
        self.alarming.silence_chosen()

    def show_coverage(self) -> None:
        """Ctrl+M."""
        self.covering.show()

    def pick_rows(self) -> None:
        """Ctrl+Shift+F."""
        self.picking.choose()

    def clear_picks(self) -> None:
        """Shift+F."""
        self.picking.clear()

    def what_changed(self) -> None:
        """Ctrl+J."""
        self.changing.ask()

    def copy_range(self) -> None:
        """The shown time, as it can be typed or pasted."""
        self.window.time_bar.copy_range()
        self.window.message_bar.say("Time range copied.", topic="copied")

    def paste_range(self) -> None:
        """A range from the clipboard, as if it were typed."""
        self.window.time_bar.paste_range()

    def export_layout(self) -> None:
        """As a text file."""
        self.arranging.export_layout()

    def import_layout(self) -> None:
        """From a text file."""
        self.arranging.import_layout()

    @Slot(str, QPoint)
    def chart_menu(self, metric: str, place: QPoint) -> None:
        """The right button on a chart, or the menu key."""
        self.arrivals.explain(metric)
        self.arranging.open_menu(metric, place)

    @Slot(str, float, float)
    def rows_of(self, metric: str, start_s: float, end_s: float) -> None:
        """Return on a held cross-hair."""
        self.drill.show(metric, Window.from_epoch(start_s, end_s))

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
        if selection.comparable:
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

    @Slot()
    def show_quarantine(self) -> None:
        """From the status bar."""
        self.window.go("sources")
        self.window.sources.show_quarantine()

    @Slot(str)
    def message_action(self, key: str) -> None:
        """The button in the message bar."""
        if key == "drift":
            self.window.show_drift(self.window.drift)
        elif key == "open":
            self.tasks.open_report()
        elif key == "cancel export":
            self.tasks.cancel_export()
        elif key == "undo":
            self.incidents.undo_delete()
        elif key == "resume":
            self.conductor.reload()
        elif key == "trust":
            self.adding.trust()
        elif key == "undo mark":
            self.marking.undo()
        elif key == "undo rules":
            self.alarming.undo_rules()
        elif key.startswith("show "):
            self.arranging.show(key.removeprefix("show "))

    @Slot()
    def show_recent(self) -> None:
        """The start page, and the menu of the time bar."""
        from console.session import recent_folders

        recent = recent_folders()
        session = self.conductor.session
        awaited = self._waiting[0] if self._waiting else self.conductor.awaited
        name = session.name if session else awaited.name if awaited else None
        self.window.start_page.display(recent)
        self.window.time_bar.display_recent(recent, name)

    def _forget(self) -> None:
        """Another folder."""
        self.tasks.forget()
        self.questioning.forget()
        self.incidents.forget()
        self.drill.forget()
        self.changing.forget()
        self.covering.forget()
        self.thresholds.forget()
        self.corrections.forget()
        self.adding.forget()
        self.rule_making.forget()
        self.planning.forget()
        self.over_time.forget()
        self.advising.forget()
        self.lifelines.forget()
        self.replaying.forget()
        self.trying_out.forget()

    # ---- inside --------------------------------------------------------------------------------------------

    def _intent(self, ask: Callable[[Session], SelectionView]) -> None:
        session = self.conductor.session
        if session is not None:
            self.conductor.chosen(ask(session))

    def quick(self, name: str) -> None:
        self._intent(lambda session: session.quick(name))

    def _zoom(self, factor: float) -> None:
        session = self.conductor.session
        visible = session.selection().visible if session is not None else None
        if session is not None and visible is not None:
            self.conductor.chosen(session.zoom(factor, visible.start + (visible.end - visible.start) / 2))

    def _brush_mode(self, side: str) -> None:
        self._side = "" if side == self._side else side
        self.window.board.set_brush_side(self._side)
        self.window.overview.set_brush_side(self._side)
        if self._side:
            self.window.message_bar.say(BRUSH_HINT[self._side], topic="brush")
        else:
            self.window.message_bar.done("brush")

    @Slot(str)
    def mistyped(self, sentence: str) -> None:
        self.window.message_bar.say(sentence, "warning", topic="typed")

    @Slot()
    def typing_ended(self) -> None:
        self.window.message_bar.done("typed")
        self.window.board.setFocus()
