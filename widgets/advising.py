"""Advice: the moment that is asked about, and the questions about it, each a job of its page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QGuiApplication

from console.errors import ConsoleError
from console.jobs import Job, SilentJob
from console.metrics.format import format_since, format_time
from widgets import layout_store
from widgets.alarming import Alarming
from widgets.bridge.conductor import Conductor, Life
from widgets.charts.pictures import write_picture
from widgets.dialogs.files import Questions
from widgets.incidents import Incidents
from widgets.main_window import MainWindow
from widgets.models.typed_time import NotATime, read_moment

if TYPE_CHECKING:
    from console.alarms.view import AlarmRow
    from console.session import Session
    from console.session.view import SelectionView
    from widgets.panels.advice_page import AdvicePage

Work = Callable[[Job], Any]
SHOCK, RESPONSE, TRAINING = "advice shock", "advice response", "advice training"
SOON_ROWS = 3_000_000
"""A log of so many rows at most is looked through as soon as the place is seen; a larger one when it is asked for."""
LOOKING = "The moment is being looked for."
NO_MOMENT = "Nothing is found that changed at once; type a moment above."
LARGE = "The log is large: it is looked through when you ask."


class Advising(QObject):
    """Asks the session; the newest wish wins, and what comes of another folder is dropped."""

    def __init__(self, window: MainWindow, conductor: Conductor, questions: Questions, incidents: Incidents,
                 alarming: Alarming, parent: QObject) -> None:
        super().__init__(parent)
        self._window, self._conductor, self._questions = window, conductor, questions
        self._incidents, self._alarming = incidents, alarming
        self._word, self._typed = "found", None
        self._asked: list[_Asked] = []
        self._generation = -1           # of the log, when it was looked at
        self._left_alone = False        # a look was cancelled or failed: the next one is for a person to ask

    _word: str                       # of a MomentChoice
    _typed: datetime | None

    def connect_panel(self) -> None:
        """Once the panels are there."""
        window = self._window
        self._asked = [_Asked(self, window.shock, SHOCK, self._shock),
                       _Asked(self, window.response, RESPONSE, self._response),
                       _Asked(self, window.retraining, TRAINING, self._training)]
        window.response.fallback_asked.connect(self.try_fallback)
        window.response.trust_asked.connect(self.trust)
        bar = window.advice_place.moment
        bar.chosen.connect(self.choose)
        bar.typed.connect(self.type)
        bar.look_asked.connect(self.look)
        window.shock.moment_asked.connect(self.about)
        window.alarms.advice_asked.connect(self.on_alarm)
        window.inspector.advice_asked.connect(self.about_this)
        window.incidents.advice_asked.connect(self.about_this)
        self._conductor.selection_changed.connect(self.on_selection)
        self._conductor.load_ended.connect(self.on_load_ended)
        window.place_changed.connect(self._on_place)
        window.advice_place.page_changed.connect(self._look_if_seen)

    def forget(self) -> None:
        """Another folder."""
        self._word, self._typed, self._left_alone = "found", None, False
        if self._window.furnished:
            for one in self._asked:
                one.page.forget()
            self._window.advice_place.moment.display_moment("", relative=False)
            self._offer()

    # ---- the moment ----------------------------------------------------------------------------------------

    @Slot()
    def about_this(self) -> None:
        """About what is at hand: the chosen alarm, the incident that is open, the held cross-hair, the current window;
        without any of them it is looked for."""
        session, window = self._conductor.session, self._window
        if session is None:
            return
        alarm = window.alarms.alarm if window.drawer_open and window.drawer.page is window.alarms else None
        incident = window.incidents.incident if window.place == "incidents" else None
        if alarm is not None:
            self.since_alarm(alarm.since)
        elif incident is not None:
            self.about(incident.window.start)
        elif session.selection().current is not None:
            self._ask("current")
        else:
            self._ask("found")

    @Slot(object)
    def on_alarm(self, row: AlarmRow) -> None:
        """What to do since it began."""
        self.since_alarm(row.since)

    @Slot(object)
    def since_alarm(self, at: datetime) -> None:
        """The moment at which an alarm began."""
        offered = {one.word: one.at for one in self._choices()}
        if offered.get("alarm") == at:
            self._ask("alarm")
        else:
            self.about(at)

    @Slot(object)
    def about(self, at: datetime) -> None:
        """That moment."""
        self._typed = at
        self._ask("typed")

    @Slot(str)
    def choose(self, word: str) -> None:
        """Where it comes from; of one that is to be typed nothing is asked yet."""
        if word == "typed":
            self._word = word
        else:
            self._ask(word)

    @Slot(str)
    def type(self, text: str) -> None:
        """A time in words."""
        session = self._conductor.session
        selection = session.selection() if session is not None else None
        if selection is None or selection.whole is None:
            return
        try:
            self.about(read_moment(text, selection.whole.end, relative=selection.relative))
        except NotATime as wrong:
            self._window.advice_place.moment.display_error(f"{wrong}.")

    def type_moment(self) -> None:
        """The keyboard goes to the field."""
        self._window.show_advice(self._window.shock)
        self._window.advice_place.moment.start_typing()

    def look_for_shock(self) -> None:
        """The page Shock; asked once more where it was seen before."""
        page = self._window.shock
        before = page.isVisible() or page.state in ("empty", "error")
        self._window.show_advice(page)
        if before:
            self.look()

    def show_response(self) -> None:
        """The page Response, which asks by itself once there is a moment."""
        self._show(self._window.response)

    def show_retraining(self) -> None:
        """The page Training again; asked at once, since whoever comes by the key wants it tried."""
        page = self._window.retraining
        self._show(page)
        if page.ready and page.state == "empty":
            self._asked[2].start()

    def _show(self, page: AdvicePage) -> None:
        self._window.show_advice(page)
        if self._window.shock.state == "empty" and self._window.shock.ready:    # a large log too: it was asked for
            self.look()

    def _ask(self, word: str) -> None:
        self._word = word
        self._offer()
        if self._window.place != "advice":
            self._window.show_advice(self._window.shock)
        self.look()

    @property
    def moment(self) -> datetime | None:
        """The one that was chosen; None where it is looked for."""
        if self._word == "typed":
            return self._typed
        return next((one.at for one in self._choices() if one.word == self._word), None)

    def _choices(self) -> tuple[Any, ...]:
        from console.session.advising import moments

        session, row = self._conductor.session, self._alarming.looked_at()
        return () if session is None else moments(session.selection(), row.since if row is not None else None)

    def _offer(self) -> None:
        if self._window.furnished and self._window.place == "advice":
            self._window.advice_place.moment.display_choices(self._choices(), self._word)

    def _written(self, at: datetime | None, *, relative: bool) -> str:
        if at is None:
            return ""
        return format_since(at) if relative else format_time(at, seconds=bool(at.second))

    # ---- asked ---------------------------------------------------------------------------------------------

    @Slot()
    def look(self) -> None:
        """At the moment that is chosen."""
        session = self._conductor.session
        if session is None:
            return
        if self._conductor.life is not Life.FOLLOWING:      # half of a log has another course
            self._window.message_bar.say("Advice waits for the folder to be loaded.", topic="loading")
            return
        self._window.message_bar.done("loading")
        relative = session.selection().relative
        self._window.advice_place.moment.display_moment(self._written(self.moment, relative=relative),
                                                        relative=relative)
        self._left_alone = False
        for one in self._asked[1:]:
            one.page.display_ready(False, LOOKING)
        self.start(self._asked[0])

    @Slot()
    def _look_if_seen(self) -> None:
        """Whichever page about the moment is seen first: the moment is looked for."""
        window, shock = self._window, self._window.shock
        seen = window.place == "advice" and any(one.page is window.advice_place.page for one in self._asked)
        if seen and shock.state == "empty" and shock.ready and shock.asks_itself and not self._left_alone:
            self.look()

    def without_moment(self, page: AdvicePage, why: str = "") -> None:
        """It was not found, or not looked for to the end."""
        if page is self._window.shock:
            if page is not self._window.advice_place.page:      # where it is seen it says so itself
                self._window.advice_place.moment.display_error(why)
            self._left_alone = True
            for one in self._asked[1:]:
                one.page.display_ready(one.page.at is not None, NO_MOMENT if one.page.at is None else "")

    def _shock(self, session: Session) -> Work:
        at = self.moment
        return lambda job: session.advising.shock(job, at)

    def _response(self, session: Session) -> Work:
        page = self._window.response
        at, fallback = page.at, page.fallback
        return lambda job: session.advising.response(job, at, fallback) if at is not None else None

    def _training(self, session: Session) -> Work:
        at = self._window.retraining.at
        return lambda job: session.advising.training(job, at) if at is not None else None

    @Slot(str)
    def try_fallback(self, _expression: str) -> None:
        """An expression of the user's beside the model."""
        self._asked[1].start()

    @Slot()
    def trust(self) -> None:
        """Show what the folder wants to have run, and ask."""
        session = self._conductor.session
        if session is None or not self._questions.trust(self._window, session.command_target, session.own_expressions,
                                                        trusted=False):
            return
        try:
            session.trust_folder()
        except ConsoleError as error:
            self._window.message_bar.say(str(error), "warning")
            return
        self._asked[1].start()

    def answered(self, page: AdvicePage, view: Any) -> None:
        """A page has its answer; that about the moment tells the others what they are about."""
        session = self._conductor.session
        if session is None or view is None:
            return
        page.display(view)
        if page is self._window.shock:
            self._generation = session.generation
            self._window.advice_place.moment.display_old("")
            relative = session.selection().relative
            self._window.advice_place.moment.display_moment(self._written(view.at, relative=relative),
                                                            relative=relative)
            for one in self._asked[1:]:
                one.page.display_moment(view.at)
                one.page.display_ready(view.at is not None, "" if view.at is not None else NO_MOMENT)

    def ask(self, asked: _Asked) -> None:
        """A page is asked; that about the moment, about the one that is chosen."""
        self.look() if asked is self._asked[0] else self.start(asked)

    def start(self, asked: _Asked) -> None:
        """Ask the log."""
        session = self._conductor.session
        if session is None:
            return
        work = asked.work(session)
        job = self._conductor.start(asked.name, lambda job: (session, work(job)))
        job.progressed.connect(asked.on_progress)
        job.succeeded.connect(asked.on_answer)
        job.failed.connect(asked.on_failed)
        job.broke.connect(asked.on_broke)
        job.stopped.connect(asked.on_stopped)
        asked.page.display_progress(0, 0, "")
        self._conductor.launch(job)

    @property
    def conductor(self) -> Conductor:
        """Who runs the jobs."""
        return self._conductor

    # ---- what happens elsewhere ----------------------------------------------------------------------------

    @Slot()
    def on_load_ended(self) -> None:
        """Now it can be asked; a large log is not looked through by itself."""
        session, shock = self._conductor.session, self._window.shock
        if session is None or self._conductor.life is not Life.FOLLOWING:
            return
        rows = session.status().rows
        shock.asks_itself = rows <= SOON_ROWS
        if shock.state in ("empty", "error"):
            shock.display_ready(rows > 0, "" if shock.asks_itself else LARGE)
            self._look_if_seen()

    @Slot(object)
    def on_selection(self, _selection: SelectionView) -> None:
        """Another current window may be chosen."""
        self._offer()
        self._say_old()

    def _say_old(self) -> None:
        """Whether what is shown is about another moment than the one that is chosen, or about a log that has grown."""
        session, view = self._conductor.session, self._window.shock.view if self._window.furnished else None
        if session is None or view is None or self._window.place != "advice":
            return
        old = "Another window is chosen now." if self._word in ("current", "alarm") and view.asked != self.moment \
            else "The log has changed since." if session.generation != self._generation else ""
        self._window.advice_place.moment.display_old(old)

    @Slot(object)
    def on_alarms(self, _view: object) -> None:
        """Another alarm may be looked at."""
        self._offer()

    @Slot(str)
    def _on_place(self, place: str) -> None:
        if place == "advice":
            self._offer()
            self._say_old()
            self._look_if_seen()

    # ---- what is done with an answer -----------------------------------------------------------------------

    def copy_command(self, view: Any) -> None:
        """To be run in a terminal."""
        if view is not None:
            QGuiApplication.clipboard().setText(view.command)
            self._window.message_bar.say(f"Copied: {view.command}", topic="copied")

    def copy(self, view: Any) -> None:
        """All rows of an answer."""
        from console.session.advice_documents import as_csv

        if view is not None:
            QGuiApplication.clipboard().setText(as_csv(view, delimiter="\t"))
            self._window.message_bar.say("The table is on the clipboard.", "good")

    def export(self, name: str, view: Any) -> None:
        """Ask where, and write."""
        session = self._conductor.session
        if view is None or session is None:
            return
        path = self._questions.table(self._window, Path(layout_store.last_folder()) / f"{session.name}-{name}.csv")
        if path is None:
            return

        def work(_job: Job) -> Path:
            from console.session.advice_documents import write

            write(view, path)
            return path

        job = self._conductor.start("export advice", work)
        job.succeeded.connect(self._on_written)
        job.failed.connect(self._conductor.trouble)
        job.broke.connect(self._conductor.bug)
        self._conductor.launch(job)

    @Slot(object)
    def _on_written(self, path: Path) -> None:
        self._window.message_bar.say(f"Written to {path}.", "good")

    @Slot()
    def export_chart(self) -> None:
        """The picture of the page that is open: PNG and SVG as it looks, CSV with all digits."""
        session, page = self._conductor.session, self._window.advice_place.page
        view, chart = getattr(page, "view", None), getattr(page, "chart", None)
        if session is None or view is None or chart is None:
            self._window.message_bar.say("There is no chart here yet.", topic="advice")
            return
        name = f"{session.name}-{page.objectName().removesuffix('_page')}"
        path = self._questions.chart(self._window, Path(layout_store.last_folder()) / f"{name}.png", "png")
        if path is None:
            return
        try:
            if path.suffix.lower() == ".csv":
                from console.session.advice_documents import write

                write(view, path)
            else:
                write_picture(path, chart.size(), chart.draw, view.sentence)
        except OSError as error:
            self._window.message_bar.say(f"{path} could not be written: {error.strerror or error}.", "firing")
            return
        except ConsoleError as error:
            self._window.message_bar.say(str(error), "firing")
            return
        self._window.message_bar.say(f"Chart written: {path}", "good")

    def keep(self, view: Any) -> None:
        """An incident about the time since the moment, with the answer in its notes."""
        if view is None or view.current is None:
            self._window.message_bar.say("There is no moment to make an incident of.", topic="advice")
            return
        from console.session.advice_documents import as_words

        at = view.at
        attach = None if at is None else lambda session, made: session.attach_advice(made, at, SilentJob())
        shock = self._window.shock.view         # what it is about says more in a list than what to do
        title = shock.sentence if shock is not None and shock.at == at else view.sentence
        self._incidents.create_about(title, view.current, view.reference, as_words(view), attach)

    def attach_shown(self) -> None:
        """What is known about the moment, to the incident that is open."""
        view = getattr(self._window.advice_place.page, "view", None)
        at = getattr(view, "at", None)
        if at is None:
            self._window.message_bar.say("Ask about a moment first: its answers are what is attached.", topic="attach")
            return
        self._incidents.attach(lambda session, incident_id: session.attach_advice(incident_id, at, SilentJob()))


class _Asked(QObject):
    """One page and its work."""

    def __init__(self, owner: Advising, page: AdvicePage, name: str, work: Callable[[Session], Work]) -> None:
        super().__init__(owner)
        self._owner = owner
        self.page, self.name, self.work = page, name, work
        page.asked.connect(self.start)
        page.cancel_asked.connect(self._stop)
        page.command_asked.connect(self._copy_command)
        page.incident_asked.connect(self._keep)
        page.copy_asked.connect(self._copy)
        page.export_asked.connect(self._export)
        page.chart_asked.connect(owner.export_chart)

    @Slot()
    def start(self) -> None:
        """Ask."""
        self._owner.ask(self)

    @Slot(int, int, str)
    def on_progress(self, done: int, total: int, note: str) -> None:
        """How far it is."""
        if self._newest():
            self.page.display_progress(done, total, note)

    @Slot(object)
    def on_answer(self, found: tuple[Session, Any]) -> None:
        """It came."""
        if self._newest() and found[0] is self._owner.conductor.session:
            self._owner.answered(self.page, found[1])

    @Slot(object)
    def on_failed(self, error: ConsoleError) -> None:
        """It cannot be answered."""
        if self._newest():
            self.page.display_error(error)
            self._owner.without_moment(self.page, str(error))

    @Slot(object)
    def on_broke(self, bug: Exception) -> None:
        """A fault of ours."""
        if self._newest():
            self.page.display_stopped()
        self._owner.conductor.bug.emit(bug)

    @Slot()
    def on_stopped(self) -> None:
        """Cancelled."""
        if self._newest():
            self.page.display_stopped()
            self._owner.without_moment(self.page)

    def _newest(self) -> bool:
        """Whether the job that speaks was not overtaken by a newer wish."""
        return self.sender() is self._owner.conductor.job(self.name)

    @Slot()
    def _stop(self) -> None:
        self._owner.conductor.stop(self.name)

    @Slot()
    def _copy_command(self) -> None:
        self._owner.copy_command(self.page.view)

    @Slot()
    def _copy(self) -> None:
        self._owner.copy(self.page.view)

    @Slot()
    def _export(self) -> None:
        self._owner.export(self.name.replace(" ", "-"), self.page.view)

    @Slot()
    def _keep(self) -> None:
        self._owner.keep(self.page.view)
