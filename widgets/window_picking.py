"""The two windows from a menu: by words, typed, kept under names, or something else than a window as the reference."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from console.errors import ConsoleError
from console.metrics.format import format_window
from console.window import Window
from widgets import layout_store
from widgets.bridge.conductor import Conductor
from widgets.dialogs.files import Questions
from widgets.main_window import MainWindow

if TYPE_CHECKING:
    from console.alarms.view import AlarmRow
    from console.jobs import Job
    from console.session import Session
    from console.session.selection import Side
    from console.session.windows import WindowChoice



class WindowPicking(QObject):
    """Fills the menus of the two chips, and asks the session for what is picked there."""

    def __init__(self, window: MainWindow, conductor: Conductor, questions: Questions,
                 alarm_at_hand: Callable[[], AlarmRow | None], test: Callable[[], None], parent: QObject) -> None:
        """alarm_at_hand: the one that somebody looks at. test: compares the two windows."""
        super().__init__(parent)
        self._window, self._conductor, self._questions = window, conductor, questions
        self._alarm_at_hand, self._test = alarm_at_hand, test
        self._side: Side = "reference"

    def connect_panel(self) -> None:
        """Once the panel is there."""
        self._window.drift.choices_asked.connect(self.fill)
        self._window.drift.choice_made.connect(self.picked)

    def open(self, side: Side) -> None:
        """The menu of that side, from the keyboard."""
        self._window.go("drift")
        self._window.drift.open_choices(side)

    @Slot(str)
    def fill(self, side: str) -> None:
        """What the log has to offer now."""
        session, menu = self._conductor.session, self._window.drift.choices_menu(side)
        menu.clear()
        if session is None or session.selection().whole is None:
            menu.addAction("Nothing is loaded yet").setEnabled(False)
            return
        self._side = cast("Side", side)
        relative = session.selection().relative
        choices = session.window_choices(self._side, self._alarm(session))
        self._add(menu, "Drag over a chart or the strip", "brush", "select-drag")
        self._add(menu, "Type a time…", "type", "calendar-range")
        menu.addSeparator()
        for choice in choices:
            if not choice.kept:
                self._add(menu, choice.text, choice.window, beside=format_window(choice.window, relative=relative))
        if side == "reference":
            menu.addSeparator()
            for reference in session.reference_choices():
                self._add(menu, reference.text, reference.word)
            self._add(menu, "File of training data…", "file", "file-outline")
        menu.addSeparator()
        kept = [choice for choice in choices if choice.kept]
        for choice in kept:
            self._add(menu, choice.text, choice.window, beside=self._says(session, choice, relative))
        selection = session.selection()
        shown = selection.reference if side == "reference" else selection.current
        self._add(menu, "Keep this window…", "keep", "bookmark-plus-outline").setEnabled(shown is not None)
        if kept:
            away = menu.addMenu("Forget a kept window")
            for choice in kept:
                self._add(away, choice.text, f"forget {choice.word}")
        menu.addSeparator()
        self._add(menu, "None", "none", "select-off")

    @Slot(str, object)
    def picked(self, side: str, what: object) -> None:
        """A line of it."""
        session = self._conductor.session
        if session is None:
            return
        self._side = cast("Side", side)
        if isinstance(what, Window):
            self._choose(session, what)
        elif what == "brush":
            self._window.drift.brush_asked.emit(side)
        elif what == "type":
            self._type(session)
        elif what == "file":
            found = self._questions.training_file(self._window, layout_store.last_folder())
            if found is not None:
                self._against(session, f"file:{found}")
        elif what == "keep":
            self.keep(self._side)
        elif what == "none":
            self._conductor.chosen(session.brush(self._side, None))
        elif isinstance(what, str) and what.startswith("forget "):
            name = what.removeprefix("forget ")
            self._write(lambda one: one.kept_windows.forget(name), "Forgotten.")
        elif isinstance(what, str):
            self._against(session, what)

    def keep(self, side: Side) -> None:
        """The window of that side, under a name that is asked for."""
        session = self._conductor.session
        selection = session.selection() if session is not None else None
        window = None if selection is None else selection.reference if side == "reference" else selection.current
        if window is None:
            self._window.message_bar.say(f"No {side} window is chosen that could be kept.", topic="windows")
            return
        name = self._questions.window_name(self._window)
        if name is not None and name.strip():
            self._write(lambda one: one.kept_windows.keep(name, window), f"Kept as “{' '.join(name.split())}”.")

    # ---- inside --------------------------------------------------------------------------------------------

    def _add(self, menu: QMenu, text: str, what: object, icon: str = "", beside: str = "") -> QAction:
        """beside: at the right, where keys stand otherwise."""
        plain = text.replace("&", "&&").replace("\t", " ")
        action = menu.addAction(f"{plain}\t{beside}" if beside else plain)
        if icon:
            self._window.icons.dress(action, icon)
        action.setData(what)
        return action

    def _says(self, session: Session, choice: WindowChoice, relative: bool) -> str:
        """What the counts say of a kept window against the other side; its time where they say nothing."""
        view = session.preview_drift(self._side, choice.window)
        if view is None:
            return format_window(choice.window, relative=relative)
        return view.sentence.partition(":")[0].rstrip(".")

    def _alarm(self, session: Session) -> Window | None:
        row = self._alarm_at_hand()
        whole = session.selection().whole
        if row is None or row.start is None or whole is None:
            return None
        end = row.end if row.end is not None else whole.end
        return Window(row.start, end) if end > row.start else None

    def _type(self, session: Session) -> None:
        selection = session.selection()
        if selection.whole is None:
            return
        shown = selection.reference if self._side == "reference" else selection.current
        typed = self._questions.window(self._window, self._side, shown, selection.whole.end,
                                       relative=selection.relative)
        if typed is not None:
            self._choose(session, typed)

    def _choose(self, session: Session, window: Window) -> None:
        self._conductor.chosen(session.brush(self._side, window))
        self._compare(session)

    def _against(self, session: Session, word: str) -> None:
        self._conductor.chosen(session.compare_against(word))
        self._compare(session)

    def _compare(self, session: Session) -> None:
        if session.selection().comparable:
            self._test()

    def _write(self, change: Callable[[Session], None], said: str) -> None:
        """On a worker, since a load may hold the database."""
        session = self._conductor.session
        if session is None:
            return

        def work(_job: Job) -> str:
            change(session)
            return said

        job = self._conductor.start("kept windows", work)
        job.succeeded.connect(self._on_written)
        job.failed.connect(self._on_failed)
        job.broke.connect(self._conductor.bug)
        self._conductor.launch(job)

    @Slot(object)
    def _on_written(self, said: str) -> None:
        self._window.message_bar.say(said, topic="windows")

    @Slot(object)
    def _on_failed(self, error: ConsoleError) -> None:
        self._window.message_bar.say(str(error), "warning", topic="windows")
