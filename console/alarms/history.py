"""What alarms have been, as it is kept and shown. Times are seconds since 1970, instants of evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from console.alarms.machine import RuleState, State
from console.alarms.rules import Labels, Rule, Severity, fingerprint

RESOLVED, NO_LONGER_KNOWN, CLEARED, TOO_YOUNG = "resolved", "no data", "over the limit", "`for` was raised"
"""Why an alarm ended."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One time that a rule fired.

    since   when it became pending
    start   when it began to fire; end: when it no longer did, None while it goes on
    peak    the worst value of it; value: the newest
    ended   why it ended; "" while it goes on
    """

    rule: str
    labels: Labels
    severity: Severity
    since: float
    start: float
    end: float | None
    peak: float
    value: float
    ended: str = ""

    @property
    def fingerprint(self) -> str:
        """Its identity; together with `start` it names this one time."""
        return fingerprint(self.rule, self.labels)


@dataclass(frozen=True, slots=True)
class Span:
    """How it stood with an alarm, or with a rule as a whole (`whole`), from one instant on; never INACTIVE."""

    rule: str
    labels: Labels
    state: State
    start: float
    end: float | None
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest number of one series of a rule, judged at the last evaluation."""

    labels: Labels
    value: float
    n: float


@dataclass(frozen=True, slots=True)
class Change:
    """One alarm went from one state to another at an instant."""

    rule: Rule
    labels: Labels
    before: State
    after: State
    at: float
    value: float


@dataclass(frozen=True, slots=True)
class AlarmHistory:
    """All of it, in the order in which it began.

    first, last   instants that were judged; None before the first
    evaluations   how many, over all rules
    states        how each rule stands, by its name
    """

    rules: tuple[Rule, ...]
    alarms: tuple[Alarm, ...]
    spans: tuple[Span, ...]
    states: Mapping[str, RuleState]
    latest: Mapping[str, tuple[Latest, ...]]
    first: float | None = None
    last: float | None = None
    evaluations: int = 0


@dataclass(slots=True)
class Recorder:
    """Writes down what one rule goes through."""

    rule: Rule
    alarms: dict[tuple[Labels, float], Alarm] = field(default_factory=dict)
    spans: list[Span] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    _open: dict[tuple[Labels, bool], int] = field(default_factory=dict)

    def note(self, before: RuleState, after: RuleState, at: float) -> None:
        """One evaluation."""
        if before.alerts is not after.alerts:
            for labels in {**before.alerts, **after.alerts}:
                self._note_alert(before, after, labels, at)
        self._span((), after.whole, at, whole=True)

    def _note_alert(self, before: RuleState, after: RuleState, labels: Labels, at: float) -> None:
        had, has = before.alerts.get(labels), after.alerts.get(labels)
        was = had.state if had is not None and had.state.active else State.INACTIVE
        now = has.state if has is not None and has.state.active else State.INACTIVE
        if has is not None and has.state.fires:
            fired = at if has.fired is None else has.fired
            if was.fires and had is not None and had.fired != has.fired:     # ended and began again at once
                self._end(labels, had.fired or at, at, had.value, RESOLVED)
            self.alarms[labels, fired] = Alarm(self.rule.name, labels, self.rule.severity, has.since, fired, None,
                                               has.peak, has.value)
        elif was.fires and had is not None and had.fired is not None:
            why = (CLEARED if after.whole is State.ERROR else NO_LONGER_KNOWN if after.whole is State.NO_DATA
                   else TOO_YOUNG if now is State.PENDING else RESOLVED)
            self._end(labels, had.fired, at, has.value if has is not None else had.value, why)
        self._span(labels, now, at)
        if was is not now:
            shown = has if has is not None else had
            assert shown is not None
            self.changes.append(Change(self.rule, labels, was, now, at, shown.value))

    def _end(self, labels: Labels, fired: float, at: float, value: float, why: str) -> None:
        alarm = self.alarms[labels, fired]
        self.alarms[labels, fired] = Alarm(alarm.rule, labels, alarm.severity, alarm.since, fired, at, alarm.peak,
                                           value, why)

    def _span(self, labels: Labels, state: State, at: float, *, whole: bool = False) -> None:
        key = (labels, whole)
        place = self._open.get(key)
        if place is not None:
            last = self.spans[place]
            if last.state is state:
                return
            self.spans[place] = Span(last.rule, labels, last.state, last.start, at, whole)
            del self._open[key]
        if state is not State.INACTIVE:
            self._open[key] = len(self.spans)
            self.spans.append(Span(self.rule.name, labels, state, at, None, whole))
