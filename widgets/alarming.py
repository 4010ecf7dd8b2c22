"""Alarms: what people do about them and about their rules, and the way from an alarm to its chart and its time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, Slot

from console.errors import BadSettings, ConsoleError
from console.window import Window
from widgets.bridge.conductor import Conductor
from widgets.dialogs.files import Questions
from widgets.incidents import Incidents
from widgets.main_window import MainWindow

if TYPE_CHECKING:
    from console.alarms.rules import Labels, Rule
    from console.alarms.view import AlarmRow, AlarmsView, RuleRow, Silenced, StateSpan
    from console.jobs import Job
    from console.session import Session
    from console.session.view import SelectionView

BEFORE, LEAST_BEFORE = 1.0, timedelta(minutes=15)
"""So much of an alarm's own length is shown before it began, and at least that long."""
AFTER = 0.5
LONGEST_BEFORE = timedelta(days=1)


class Alarming(QObject):
    """Asks the session on workers: judging may hold its lock for as long as a long log takes."""

    changes_asked = Signal(object)       # datetime: what changed since then

    def __init__(self, window: MainWindow, conductor: Conductor, questions: Questions, incidents: Incidents,
                 parent: QObject) -> None:
        super().__init__(parent)
        self._window, self._conductor, self._questions, self._incidents = window, conductor, questions, incidents
        self._view: AlarmsView | None = None
        self._at: tuple[str, datetime] | None = None     # the alarm that was jumped to last
        self._jumped: Window | None = None
        self._incident_wanted = False       # as soon as alarms are judged

    def connect_panel(self) -> None:
        """Once the panel is there."""
        panel = self._window.alarms
        panel.show_asked.connect(self.show_alarm)
        panel.span_asked.connect(self.show_span)
        panel.time_asked.connect(self.show_time)
        panel.acknowledge_asked.connect(self.acknowledge)
        panel.silence_asked.connect(self.silence)
        panel.end_silence_asked.connect(self.end_silence)
        panel.silence_rule_asked.connect(self.silence_rule)
        panel.expire_asked.connect(self.expire)
        panel.silence_again_asked.connect(self.silence_again)
        panel.changes_asked.connect(self.what_changed)
        panel.incident_asked.connect(self.create_incident)
        panel.runbook_asked.connect(self.open_runbook)
        panel.switch_asked.connect(self.switch)
        panel.delete_asked.connect(self.delete)
        panel.undo_asked.connect(self.undo_rules)
        self._window.drawer.page_changed.connect(self.refresh)

    def display(self, view: AlarmsView | None) -> None:
        """How it stands now; None for another folder."""
        self._view = view
        if view is None:
            self._at = self._jumped = None
            self._incident_wanted = False
        elif self._incident_wanted:
            self._incident_wanted = False
            self._window.message_bar.done("alarm")
            self.incident_of_chosen()
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """The panel, if it is seen."""
        window, session = self._window, self._conductor.session
        if window.furnished and window.drawer_open and window.drawer.page is window.alarms:
            window.alarms.display(self._view, session.selection().visible if session is not None else None)

    @Slot(object)
    def on_selection(self, selection: SelectionView) -> None:
        """Another time is shown on the charts."""
        window = self._window
        if window.furnished and window.drawer_open and window.drawer.page is window.alarms:
            window.alarms.display_visible(selection.visible)

    # ---- the panel -----------------------------------------------------------------------------------------

    def show(self, page: str = "") -> None:
        """Open it; asked again without a page, it goes."""
        window = self._window
        if not page and window.drawer_open and window.drawer.page is window.alarms:
            window.close_drawer()
            return
        window.open_drawer(window.alarms)
        if page:
            window.alarms.show_page(page)
        self.refresh()
        window.alarms.focus()

    # ---- from an alarm to its time -------------------------------------------------------------------------

    @Slot(object)
    def show_alarm(self, row: AlarmRow) -> None:
        """Its chart, with some time before it began."""
        self._at = row.fingerprint, row.since
        self._show(row.metric, row.since, row.end)
        session = self._conductor.session
        self._jumped = session.selection().visible if session is not None else None

    @Slot(object, object)
    def show_span(self, rule: RuleRow, span: StateSpan) -> None:
        """A stretch of the timeline."""
        self._show(rule.rule.metric, span.start, span.end)

    @Slot(object)
    def show_time(self, at: datetime) -> None:
        """That moment in the middle."""
        session = self._conductor.session
        visible = session.selection().visible if session is not None else None
        if session is not None and visible is not None:
            half = timedelta(seconds=visible.seconds / 2)
            self._conductor.chosen(session.look_at(Window(at - half, at + half)))

    def step(self, by: int) -> None:
        """The next alarm (1) or the one before (-1), in the order in which they began: the first or the last of what is
        shown, and from there on."""
        session, view = self._conductor.session, self._view
        visible = session.selection().visible if session is not None else None
        if session is None or view is None or visible is None:
            return
        rows = sorted((*view.rows, *view.past), key=lambda row: (row.since, row.fingerprint))
        here = next((at for at, row in enumerate(rows) if (row.fingerprint, row.since) == self._at), None)
        if here is not None and visible == self._jumped:
            found = rows[here + by] if 0 <= here + by < len(rows) else None
        else:
            later = [row for row in rows if row.since >= visible.start]
            earlier = [row for row in rows if row.since <= visible.end]
            found = (later[0] if later else None) if by > 0 else (earlier[-1] if earlier else None)
        if found is None:
            where = "later" if by > 0 else "earlier"
            self._window.message_bar.say(f"There is no {where} alarm in this log." if rows
                                         else "No alarm has fired in this log.", topic="alarm")
            return
        self.show_alarm(found)
        self._window.alarms.choose(found)
        self._window.message_bar.say(found.sentence, topic="alarm")

    def _show(self, metric: str, begin: datetime, end: datetime | None) -> None:
        session, view = self._conductor.session, self._view
        if session is None:
            return
        last = end or (view.judged[1] if view is not None and view.judged is not None else begin)
        length = max(last - begin, timedelta(0))
        before = min(max(BEFORE * length, LEAST_BEFORE), LONGEST_BEFORE)
        self._conductor.chosen(session.look_at(Window(begin - before, last + max(AFTER * length, LEAST_BEFORE / 3))))
        if self._window.place != "board":
            self._window.go("board")
        chart = chart_of(metric)
        if self._window.board.chart(chart) is not None and not session.layout.of(chart).hidden:
            self._window.board.reveal(chart)
        else:
            self._window.message_bar.say("The chart of this alarm is not on the board.", topic="alarm",
                                         action="Show", key=f"show {chart}")

    # ---- what people say of an alarm -----------------------------------------------------------------------

    def acknowledge_chosen(self) -> None:
        """Of the chosen alarm, which may have ended, else of the worst that fires."""
        row = self._chosen() or self._at_hand()
        if row is not None:
            self.acknowledge(row)

    def silence_chosen(self) -> None:
        """Of the chosen alarm, else of the worst that fires."""
        row = self._at_hand()
        if row is not None:
            self.silence(row)

    @Slot(object)
    def acknowledge(self, row: AlarmRow) -> None:
        """Somebody has seen it; with a word, if they have one."""
        start = row.start
        if start is None:
            self._window.message_bar.say(f"{row.rule} does not fire yet.", topic="alarm")
            return
        note = self._questions.acknowledgement(self._window, row.sentence, row.acknowledged or "")
        if note is not None:
            self._do(f"acknowledge {row.fingerprint} {start}", lambda one: one.acknowledge(
                row.rule, row.labels, start, note.strip()), "Acknowledged.")

    @Slot(object)
    def silence(self, row: AlarmRow) -> None:
        """From now on in the time of the log, until a time that is asked for."""
        self._silence(row.fingerprint, row.rule, row.labels)

    @Slot(object)
    def silence_rule(self, row: RuleRow) -> None:
        """All alarms of a rule, before it fires too."""
        self._silence(row.rule.name, row.rule.name, ())

    @Slot(object)
    def silence_again(self, old: Silenced) -> None:
        """What was silenced, once more: from now on."""
        from widgets.models.alarm_words import labels_said

        self._silence(f"{old.rule or 'all rules'} {labels_said(old.labels)}".strip(), old.rule, old.labels)

    @Slot(object)
    def expire(self, old: Silenced) -> None:
        """It ends now, in the time of the log; one that is to come does not begin."""
        view = self._view
        if view is not None and view.judged is not None:
            now = view.judged[1]
            self._do(f"end silence {old.silence_id}", lambda one: one.end_silence(old.silence_id, now),
                     "The silence has ended.")

    def _silence(self, what: str, rule: str, labels: Labels) -> None:
        view = self._view
        if view is None or view.judged is None:
            return
        now = view.judged[1]
        said = self._questions.silence(self._window, what, now, relative=view.relative)
        if said is not None:
            until, reason = said
            self._do(f"silence {what}", lambda one: one.silence(rule, labels, Window(now, until), reason), "Silenced.")

    @Slot(object)
    def end_silence(self, row: AlarmRow) -> None:
        """All silences that are about it."""
        view = self._view
        if view is None or view.judged is None:
            return
        now = view.judged[1]
        numbers = [one.silence_id for one in view.silences if one.holds(row.rule, row.labels, now)]

        def end(session: Session) -> None:
            for number in numbers:
                session.end_silence(number, now)

        self._do(f"end silence {row.fingerprint}", end, "The silence has ended.")

    @Slot(object)
    def what_changed(self, row: AlarmRow) -> None:
        """Since it began."""
        self.changes_asked.emit(row.since)

    @Slot(object)
    def create_incident(self, row: AlarmRow) -> None:
        """About its time."""
        self._incidents.create_from_alarm(row)

    def incident_of_chosen(self) -> None:
        """Of the chosen alarm, or of the worst that fires; where none does, of the worst that did. While alarms are
        being judged it waits for that."""
        window, view = self._window, self._view
        if view is None:
            if self._conductor.session is not None:
                self._incident_wanted = True
                window.message_bar.say("The alarms of this log are being judged; the incident follows then.",
                                       topic="alarm")
            return
        chosen = window.alarms.alarm if window.drawer_open and window.drawer.page is window.alarms else None
        found = chosen or next((row for row in view.rows if row.state.fires), None) or worst_of(view.past)
        if found is None:
            window.message_bar.say("No alarm has fired in this log.", topic="alarm")
        else:
            self.create_incident(found)

    @Slot(object)
    def open_runbook(self, row: AlarmRow) -> None:
        """In the browser, and only what is an address of the web."""
        from widgets.models.alarm_words import is_page

        if is_page(row.runbook) and not self._questions.browse(row.runbook):
            self._window.message_bar.say(f"No program here opens {row.runbook}.", "warning")

    def looked_at(self) -> AlarmRow | None:
        """The alarm that was chosen last, else the worst that fires or has fired; None where there is none."""
        view = self._view
        if view is None:
            return None
        return self._window.alarms.alarm or next((row for row in view.rows if row.state.fires), None) \
            or worst_of(view.past)

    def _chosen(self) -> AlarmRow | None:
        window = self._window
        return window.alarms.alarm if window.drawer_open and window.drawer.page is window.alarms else None

    def _at_hand(self) -> AlarmRow | None:
        window, view = self._window, self._view
        chosen = self._chosen()
        if chosen is not None and chosen.end is None:
            return chosen
        firing = [row for row in view.rows if row.state.fires] if view is not None else []
        fresh = [row for row in firing if row.acknowledged is None and row.silenced_until is None]
        found = next(iter(fresh or firing), None)
        if found is None:
            window.message_bar.say("Nothing fires.", topic="alarm")
        return found

    # ---- rules ---------------------------------------------------------------------------------------------

    @Slot(object)
    def switch(self, row: RuleRow) -> None:
        """On, or off."""
        name, on = row.rule.name, not row.rule.enabled
        self.change(lambda rules: [replace(one, enabled=on) if one.name == name else one for one in rules],
                     f"{name} is {'on' if on else 'off'}.")

    @Slot(object)
    def delete(self, row: RuleRow) -> None:
        """At once; it can be undone."""
        name = row.rule.name
        self.change(lambda rules: [one for one in rules if one.name != name], f"{name} was deleted.")

    @Slot()
    def undo_rules(self) -> None:
        """The last change of rules."""
        self._do("change rules", lambda one: one.undo_rules(), "", after=self._on_rules_changed)

    @Slot(object, str)
    def change(self, change: Callable[[tuple[Rule, ...]], Sequence[Rule]], said: str) -> None:
        """Other rules, made from those that there are."""
        self._do("change rules", lambda one: one.change_rules(change), said, after=self._on_rules_changed)

    @Slot(object)
    def _on_rules_changed(self, said: str) -> None:
        bar = self._window.message_bar
        if said:
            bar.say(said, topic="rules", action="Undo", key="undo rules")
        else:
            bar.done("rules")
        self._window.alarms.say("Judging the log by its rules …")
        self._conductor.ask("alarms", at_once=True)

    # ---- inside --------------------------------------------------------------------------------------------

    def _do(self, name: str, change: Callable[[Session], object], said: str, *,
            after: Callable[[Any], None] | None = None) -> None:
        session = self._conductor.session
        if session is None:
            return

        def work(_job: Job) -> str:
            change(session)
            return said

        job = self._conductor.start(name, work)
        job.succeeded.connect(after or self._on_done)
        job.failed.connect(self._on_failed)
        job.broke.connect(self._conductor.bug)
        self._conductor.launch(job)

    @Slot(object)
    def _on_done(self, said: str) -> None:
        self._window.message_bar.say(said, topic="alarm")
        self._conductor.ask("alarms", at_once=True)

    @Slot(object)
    def _on_failed(self, error: ConsoleError) -> None:
        self._window.message_bar.say(str(error), "warning", topic="alarm")


def worst_of(rows: Sequence[AlarmRow]) -> AlarmRow | None:
    """Of alarms that have ended the longest of the most severe; None where there is none."""
    from console.alarms.view import SEVERITIES

    return min(rows, key=lambda row: (SEVERITIES.index(row.severity), row.since - (row.end or row.since)), default=None)


def chart_of(metric: str) -> str:
    """The chart that a metric is drawn on."""
    from console.metrics.catalogue import find

    try:
        return find(metric).chart
    except BadSettings:
        return metric
