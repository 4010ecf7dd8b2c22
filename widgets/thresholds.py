"""Thresholds set on charts: while a line is in hand it is counted how often it would have fired, then it is kept.

The numbers are read once, when a line is taken, and counted for each level that it is moved to: one count at a time, on
a worker, always for the newest level.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Slot

from console.errors import ConsoleError
from widgets.bridge.background import BackgroundJob
from widgets.bridge.conductor import Conductor
from widgets.main_window import MainWindow

if TYPE_CHECKING:
    from console.alarms.firings import Judged
    from console.alarms.rules import Rule
    from console.alarms.view import AlarmsView
    from console.jobs import Job
    from console.session import Session

NO_LINE = "This chart has no threshold that could be moved. “Add alarm” sets one."
ADDING = "Adding an alarm: looking at how many rows this number has."
NO_ROWS, GONE = "There is nothing to count yet", "This alarm is no longer there"


@dataclass(slots=True)
class Hand:
    """The line that is in hand. level: of a band its width; judged: its numbers, None until they are read; counted: the
    level last asked for."""

    metric: str
    rule: str
    level: float
    judged: Judged | None = None
    as_read: Rule | None = None
    counted: float | None = None


class Thresholds(QObject):
    """Asks the session for numbers and counts, and has it keep what was set."""

    def __init__(self, window: MainWindow, conductor: Conductor, parent: QObject) -> None:
        super().__init__(parent)
        self._window, self._conductor = window, conductor
        self._hand: Hand | None = None
        self._counting = False
        self._to_take: tuple[str, str] | None = None

    def connect_panel(self) -> None:
        """Once the board is there."""
        board = self._window.board
        board.threshold_moving.connect(self.moving)
        board.threshold_moved.connect(self.moved)
        board.threshold_dropped.connect(self.dropped)

    def forget(self) -> None:
        """Another folder."""
        self._hand, self._to_take = None, None

    @property
    def settled(self) -> bool:
        """The line in hand is counted for where it is."""
        hand = self._hand
        return hand is None or (hand.counted == hand.level and not self._counting)

    # ---- intents -------------------------------------------------------------------------------------------

    def take(self, metric: str) -> None:
        """The chart's next threshold, for the keys."""
        if metric and not self._window.board.take_threshold(metric):
            self._window.message_bar.say(NO_LINE, topic="rules")

    def add_here(self, metric: str) -> None:
        """A threshold where there is no pointer to say where."""
        chart = self._window.board.chart(metric)
        here = chart.level_here() if chart is not None else None
        if here is not None:
            self.add(metric, *here)

    def add(self, metric: str, series: str, level: float) -> None:
        """A rule with that level for one curve of the chart; its line is in hand as soon as it is drawn."""
        session = self._conductor.session
        if session is None:
            return

        def work(job: Job) -> tuple[str, str, str]:
            rule = session.rule_here(metric, series, level, job)
            job.stop_if_asked()
            session.change_rule(rule.name, rule)
            return metric, rule.name, f"Alarm added: {_words(rule)}."

        self._window.message_bar.say(ADDING, topic="rules")
        self._start("add alarm", work, self._on_added)

    @Slot(str, str, float)
    def moving(self, metric: str, name: str, level: float) -> None:
        """A line is in hand, at that level now."""
        hand = self._hand
        if hand is None or (hand.metric, hand.rule) != (metric, name):
            self._hand = Hand(metric, name, level)
            self._read(name)
        else:
            hand.level = level
            self._count()

    @Slot(str, str, float)
    def moved(self, metric: str, name: str, level: float) -> None:
        """It is to stay there."""
        session, hand, self._hand = self._conductor.session, self._hand, None
        if session is None:
            return
        judged = hand.judged if hand is not None else None
        relative = session.selection().relative

        def work(_job: Job) -> str:
            from console.alarms.by_hand import moved_by_hand

            after = moved_by_hand(_named(session, name), level)
            session.change_rule(name, after)
            said = f" {_often(judged, after, relative=relative)[0]}." if judged is not None else ""
            return f"{_words(after)}.{said}"

        self._start("keep threshold", work, self._on_changed)

    @Slot(str, str)
    def dropped(self, _metric: str, _name: str) -> None:
        """As it was."""
        self._hand = None

    @Slot(object)
    def on_alarms(self, view: AlarmsView) -> None:
        """A rule that was added is drawn now: its line comes to hand."""
        if self._to_take is not None and any(row.rule.name == self._to_take[1] for row in view.rules):
            metric, name = self._to_take
            self._to_take = None
            self._window.board.take_threshold(metric, name)

    # ---- counting ------------------------------------------------------------------------------------------

    def _read(self, name: str) -> None:
        session = self._conductor.session
        if session is None:
            return

        def work(_job: Job) -> tuple[str, Rule, Judged | None]:
            rule = _named(session, name)
            return name, rule, session.judged_numbers(rule)

        job = self._conductor.start("read threshold", work)
        job.succeeded.connect(self._on_read)
        job.failed.connect(self._on_not_counted)
        job.broke.connect(self._conductor.bug)
        self._conductor.launch(job)

    @Slot(object)
    def _on_read(self, found: tuple[str, Rule, Judged | None]) -> None:
        name, rule, judged = found
        hand = self._hand
        if hand is None or hand.rule != name:
            return
        if judged is None:
            self._window.board.show_count(hand.metric, name, NO_ROWS, ())
            return
        hand.judged, hand.as_read = judged, rule
        self._count()

    def _count(self) -> None:
        """For where the line is now, unless a count is under way: then when that has ended."""
        hand, session = self._hand, self._conductor.session
        if self._counting or hand is None or session is None or hand.judged is None or hand.as_read is None:
            return
        if hand.counted == hand.level:
            return
        self._counting, hand.counted = True, hand.level
        name, level, judged, rule = hand.rule, hand.level, hand.judged, hand.as_read
        relative = session.selection().relative

        def work(_job: Job) -> tuple[str, str, tuple[tuple[float, float], ...]]:
            from console.alarms.firings import with_number

            return name, *_often(judged, with_number(rule, level), relative=relative)

        job = self._conductor.start("count threshold", work)
        job.succeeded.connect(self._on_counted)
        job.failed.connect(self._on_not_counted)
        job.broke.connect(self._conductor.bug)
        job.ended.connect(self._on_count_ended)
        self._conductor.launch(job)

    @Slot(object)
    def _on_counted(self, found: tuple[str, str, tuple[tuple[float, float], ...]]) -> None:
        name, said, spans = found
        if self._hand is not None and self._hand.rule == name:
            self._window.board.show_count(self._hand.metric, name, said, spans)

    @Slot(object)
    def _on_count_ended(self, _job: BackgroundJob) -> None:
        self._counting = False
        self._count()

    @Slot(object)
    def _on_not_counted(self, error: ConsoleError) -> None:
        if self._hand is not None:
            self._window.board.show_count(self._hand.metric, self._hand.rule, str(error), ())

    # ---- what was kept -------------------------------------------------------------------------------------

    @Slot(object)
    def _on_added(self, found: tuple[str, str, str]) -> None:
        metric, name, said = found
        self._to_take = metric, name
        self._on_changed(said)

    @Slot(object)
    def _on_changed(self, said: str) -> None:
        self._window.message_bar.say(said, topic="rules", action="Undo", key="undo rules")
        self._conductor.ask("alarms", at_once=True)

    @Slot(object)
    def _on_failed(self, error: ConsoleError) -> None:
        self._window.message_bar.say(str(error), "warning", topic="rules")
        for metric in self._window.board.shown_metrics():
            chart = self._window.board.chart(metric)
            if chart is not None:
                chart.forget_levels()

    def _start(self, name: str, work: Callable[[Job], object], on_success: Callable[[Any], None]) -> None:
        job = self._conductor.start(name, work)
        job.succeeded.connect(on_success)
        job.failed.connect(self._on_failed)
        job.broke.connect(self._conductor.bug)
        self._conductor.launch(job)


def _named(session: Session, name: str) -> Rule:
    from console.errors import BadSettings

    found = next((rule for rule in session.rules() if rule.name == name), None)
    if found is None:
        raise BadSettings(GONE, where=f"alarm `{name}`", do="Look at the list of alarms")
    return found


def _often(judged: Judged, rule: Rule, *, relative: bool) -> tuple[str, tuple[tuple[float, float], ...]]:
    """How often it fires over these numbers, in words, and when."""
    from console.alarms.words import often_text

    found = judged.how_often(rule)
    last_s = float(judged.times[-1]) if len(judged.times) else 0.0
    return often_text(found, last_s, relative=relative), found.spans


def _words(rule: Rule) -> str:
    from console.alarms.words import threshold_text, title_of

    return f"{rule.name}: {title_of(rule)} {threshold_text(rule)}"
