"""What the window and the command line show of alarms."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from console.alarms.history import Alarm, AlarmHistory, Span
from console.alarms.machine import State
from console.alarms.on_charts import NOTHING, OnCharts, on_charts
from console.alarms.rules import Labels, Rule, Severity, fingerprint
from console.alarms.words import labels_text, sentence, threshold_text, title_of, value_text
from console.window import Window, from_epoch

ORDER = (State.FIRING, State.KEPT, State.PENDING, State.ERROR, State.NO_DATA, State.INSUFFICIENT, State.INACTIVE)
SEVERITIES = (Severity.PAGE, Severity.TICKET, Severity.INFO)


@dataclass(frozen=True, slots=True)
class Silenced:
    """Nobody is to be called from then to then. rule "": all rules; labels (): all alarms of the rule."""

    silence_id: int
    rule: str
    labels: Labels
    window: Window
    reason: str

    def holds(self, rule: str, labels: Labels, at: datetime) -> bool:
        """Whether it is about that alarm, then."""
        return (self.rule in ("", rule) and set(self.labels) <= set(labels)
                and self.window.start <= at < self.window.end)


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """One alarm: active now, or one that was.

    since     when it became pending; start: when it began to fire, None while pending; end: None while it is active
    value, peak, threshold    as text with their unit
    acknowledged    what was said with it, None when nobody has
    silenced_until  None when it is not silenced
    """

    fingerprint: str
    rule: str
    labels: Labels
    labels_text: str
    state: State
    severity: Severity
    metric: str
    since: datetime
    start: datetime | None
    end: datetime | None
    value: str
    peak: str
    threshold: str
    sentence: str
    runbook: str
    ended: str = ""
    acknowledged: str | None = None
    silenced_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class StateSpan:
    """A stretch of the visible time in which a rule, or one of its alarms, was in a state that is not inactive."""

    labels_text: str
    state: State
    start: datetime
    end: datetime
    whole: bool


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule, with its course over the visible time.

    health   "ok", "no data", "few rows", "error", or "off" for one that is not enabled
    fired    how often in the whole log; last: when it began the last time
    value    the newest, of the worst series; "" where there is none
    """

    rule: Rule
    state: State
    health: str
    error: str
    metric: str
    threshold: str
    value: str
    fired: int
    last: datetime | None
    spans: tuple[StateSpan, ...]


@dataclass(frozen=True, slots=True)
class AlarmsView:
    """All of it. rows: active alarms, the worst first; past: what has ended, newest first.

    judged     from the first to the last instant that was judged; None before the first
    error      why there are no rules, where the file that holds them could not be read
    relative   times count from a start that the log does not name
    undo       whether a change of the rules can be taken back
    charts     what of it stands on charts
    """

    rows: tuple[AlarmRow, ...]
    past: tuple[AlarmRow, ...]
    rules: tuple[RuleRow, ...]
    silences: tuple[Silenced, ...]
    judged: tuple[datetime, datetime] | None
    error: str = ""
    relative: bool = False
    generation: int = 0
    undo: bool = False
    charts: OnCharts = NOTHING

    @property
    def firing(self) -> int:
        """How many fire and are not silenced."""
        return sum(row.state.fires and row.silenced_until is None for row in self.rows)

    @property
    def began(self) -> datetime | None:
        """Since when somebody on call asks: when the first of those that fire now began, else the last that fired."""
        firing = [row.since for row in self.rows if row.state.fires]
        return min(firing) if firing else max((row.since for row in self.past), default=None)


Acks = Mapping[tuple[str, Labels, float], str]
"""(rule, labels, when it began to fire) -> what was said."""


def view_of(found: AlarmHistory, visible: Window | None, acks: Acks, silences: Sequence[Silenced], *,
            relative: bool = False, generation: int = 0, error: str = "") -> AlarmsView:
    """The history as it is shown; silences are judged at the last instant of the log."""
    rules = {rule.name: rule for rule in found.rules}
    now = from_epoch(found.last) if found.last is not None else None
    rows = []
    for name, state in found.states.items():
        for alert in state.alerts.values():
            if alert.state.active:
                rows.append(_row(rules[name], alert.labels, alert.state, alert.since, alert.fired, None, alert.value,
                                 alert.peak, "", acks, silences, now))
    past = [_row(rules[one.rule], one.labels, State.INACTIVE, one.since, one.start, one.end, one.value, one.peak,
                 one.ended, acks, silences, None) for one in reversed(found.alarms) if one.end is not None]
    fired: dict[str, list[Alarm]] = {}
    for one in found.alarms:
        fired.setdefault(one.rule, []).append(one)
    spans: dict[str, list[StateSpan]] = {}
    for span in found.spans:
        shown = _span(rules[span.rule], span, visible, found.last)
        if shown is not None:
            spans.setdefault(span.rule, []).append(shown)
    rows.sort(key=lambda row: (SEVERITIES.index(row.severity), ORDER.index(row.state), row.since, row.fingerprint))
    judged = None if found.first is None or found.last is None else (from_epoch(found.first), from_epoch(found.last))
    shown_rules = tuple(_rule_row(found, rule, fired.get(rule.name, []), spans.get(rule.name, []))
                        for rule in found.rules)
    return AlarmsView(tuple(rows), tuple(past), shown_rules, tuple(silences), judged, error, relative, generation,
                      charts=on_charts(shown_rules, (*past, *rows), relative=relative))


def _row(rule: Rule, labels: Labels, state: State, since: float, start: float | None, end: float | None, value: float,
         peak: float, ended: str, acks: Acks, silences: Iterable[Silenced], now: datetime | None) -> AlarmRow:
    until = None
    if now is not None:
        until = max((one.window.end for one in silences if one.holds(rule.name, labels, now)), default=None)
    beyond = state in (State.FIRING, State.PENDING)     # else the value contradicts what is said of it
    return AlarmRow(fingerprint(rule.name, labels), rule.name, labels, labels_text(rule, labels), state, rule.severity,
                    rule.metric, from_epoch(since), None if start is None else from_epoch(start),
                    None if end is None else from_epoch(end), value_text(rule, value), value_text(rule, peak),
                    threshold_text(rule), sentence(rule, labels, value if beyond else peak), rule.runbook,
                    ended, None if start is None else acks.get((rule.name, labels, start)), until)


def _rule_row(found: AlarmHistory, rule: Rule, fired: Sequence[Alarm], spans: Sequence[StateSpan]) -> RuleRow:
    state = found.states.get(rule.name)
    latest = [one.value for one in found.latest.get(rule.name, ()) if math.isfinite(one.value)]
    # without knowing what is bad, the largest stands for all; with it, the one nearest to the threshold
    low = getattr(getattr(rule.condition, "op", None), "upwards", True) is False
    value = value_text(rule, min(latest) if low else max(latest)) if latest else ""
    health = ("off" if state is None else {State.ERROR: "error", State.NO_DATA: "no data",
                                           State.INSUFFICIENT: "few rows"}.get(state.whole, "ok"))
    return RuleRow(rule, state.state if state is not None else State.INACTIVE, health,
                   state.error if state is not None else "", title_of(rule), threshold_text(rule), value, len(fired),
                   from_epoch(fired[-1].start) if fired else None, tuple(spans))


def _span(rule: Rule, span: Span, visible: Window | None, last: float | None) -> StateSpan | None:
    start, end = span.start, span.end if span.end is not None else max(last or span.start, span.start)
    if visible is not None:
        start, end = max(start, visible.start_s), min(end, visible.end_s)
        if start >= end:
            return None
    return StateSpan(labels_text(rule, span.labels), span.state, from_epoch(start), from_epoch(end), span.whole)
