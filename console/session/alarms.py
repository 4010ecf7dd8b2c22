"""The alarms of an open folder: its rules, what they say while it grows, and what people say of them."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from console.alarms.by_hand import metric_of, rule_here
from console.alarms.evaluate import LAG_S, Live
from console.alarms.firings import Judged, judged_by
from console.alarms.history import AlarmHistory, Change
from console.alarms.rules import Labels, Rule, labels_from, same_names
from console.alarms.view import Acks, AlarmsView, Silenced, view_of
from console.alarms.written import rules_from, tables_of
from console.clock import now
from console.errors import BadSettings
from console.jobs import Job, SilentJob
from console.logs import config
from console.session import settings
from console.store.alarms import Acknowledged, AlarmRow, Silence, StateRow
from console.window import Window, from_epoch

if TYPE_CHECKING:
    from console.store import Workspace

MOST_BEFORE = 50
"""So many changes of the rules can be taken back."""


class Alarms:
    """Safe to call from several threads; judging is done by one at a time."""

    def __init__(self, store: Workspace, folder: Path | None) -> None:
        self._store, self._folder = store, folder
        known = store.folder        # of a workspace that was opened by itself
        self._read_from = folder or (known if known is not None and known.is_dir() else None)
        self._lock = threading.RLock()
        self._rules: tuple[Rule, ...] | None = None
        self._error = ""
        self._live: Live | None = None
        self._saved = False
        self._before: list[tuple[Rule, ...]] = []

    # ---- rules ---------------------------------------------------------------------------------------------

    def rules(self) -> tuple[Rule, ...]:
        """As they stand in `pilothouse.toml`. Raises BadSettings when they cannot be read."""
        known = self._rules
        if known is not None:
            return known        # also while somebody judges, which may take long
        with self._lock:
            if self._rules is None:
                self._rules = rules_from(settings.read(self._store, self._read_from).alarm)
            return self._rules

    def set_rules(self, rules: Sequence[Rule]) -> None:
        """Keep these and no others; the log is judged anew. In the folder's file, or in the workspace where that was
        opened by itself or the folder cannot be written. Raises BadSettings when two have the same name."""
        twice = same_names(rules)
        if twice is not None:
            raise BadSettings("Two alarms have this name", where=f"alarm `{twice}`", do="Give each one its own")
        with self._lock:
            before = self.rules() if not self._unreadable() else None
            said = msgspec.structs.replace(settings.read(self._store, self._read_from), alarm=tables_of(rules))
            if self._folder is not None:
                settings.keep(self._store, self._folder, said)
            else:
                with self._store.correcting() as corrections:
                    corrections.remember(settings.KEPT, config.as_text(said))
            self._rules = tuple(rules)
            if before is not None:
                self._before = [*self._before[1 - MOST_BEFORE:], before]
            self.begin_again()

    def change_rules(self, change: Callable[[tuple[Rule, ...]], Sequence[Rule]]) -> None:
        """From the rules that there are then. Raises BadSettings."""
        with self._lock:
            self.set_rules(change(self.rules()))

    def undo_rules(self) -> None:
        """As they were before the last change. Raises BadSettings when there was none."""
        with self._lock:
            if not self._before:
                raise BadSettings("There is no change of rules to take back")
            *kept, before = self._before
            self.set_rules(before)
            self._before = kept

    def _unreadable(self) -> bool:
        try:
            self.rules()
        except BadSettings:
            return True
        return False

    def change_rule(self, name: str, rule: Rule | None) -> Rule | None:
        """Put that rule in the place of the one of this name, behind all others where there is none; None takes it
        away. Gives the one that was there before. Raises BadSettings."""
        with self._lock:
            rules = list(self.rules())
            at = next((at for at, one in enumerate(rules) if one.name == name), len(rules))
            before = rules[at] if at < len(rules) else None
            rules[at:at + 1] = [] if rule is None else [rule]
            self.set_rules(rules)
            return before

    def numbers(self, rule: Rule) -> Judged | None:
        """What the rule is judged by, over all of the log that is judged; None before the first row."""
        window = self._judged_window(rule.lag_s)
        return None if window is None else judged_by(self._store, rule, window)

    def rule_here(self, chart: str, series: str, level: float, job: Job | None = None) -> Rule:
        """A rule with that level for one curve of a chart, ready to be kept. Raises BadSettings where none is
        possible."""
        metric, window = metric_of(self._store, chart, series), self._judged_window(0)
        if metric is None or window is None:
            raise BadSettings("No level can be set for this chart", do="Set one for another chart")
        return rule_here(self._store, metric, level, {one.name for one in self.rules()}, window,
                         job or SilentJob())

    def _judged_window(self, lag_s: int) -> Window | None:
        span = self._store.span()
        end_s = span.end_s - LAG_S - lag_s if span is not None else 0.0
        return None if span is None or end_s <= span.start_s else Window.from_epoch(span.start_s, end_s)

    def begin_again(self) -> None:
        """Rows or what they mean have changed, or rules: all is judged anew when it is next asked for."""
        with self._lock:
            self._live, self._saved = None, False

    def read_again(self) -> None:
        """The file may say something else."""
        with self._lock:
            self._rules = None
            self.begin_again()

    # ---- judging -------------------------------------------------------------------------------------------

    def advance(self, job: Job | None = None) -> tuple[Change, ...]:
        """Judge what has become due. Cheap when nothing has; the first time it is the whole log. A rule that cannot be
        read stops nobody from reading the log: the view says so."""
        with self._lock:
            try:
                rules = self.rules()
            except BadSettings as error:
                self._error = str(error)
                return ()
            self._error = ""
            if self._live is None:
                self._live = Live(self._store, rules)
            changes = self._live.advance(job)
            if changes or not self._saved:
                self._save(self._live.history())
            return changes

    def history(self, job: Job | None = None) -> AlarmHistory:
        """All that was judged, up to date."""
        with self._lock:
            self.advance(job)
            if self._live is None:
                return AlarmHistory((), (), (), {}, {})
            return self._live.history()

    def view(self, visible: Window | None, job: Job | None = None) -> AlarmsView:
        """What is shown; `visible` is the time that timelines are for, None for all of it."""
        with self._lock:
            found = self.history(job or SilentJob())
            view = view_of(found, visible, self._acks(), self.silences(), relative=self._store.relative,
                           generation=self._store.generation, error=self._error)
            return replace(view, undo=bool(self._before))

    def _save(self, found: AlarmHistory) -> None:
        """In the workspace, for reports and for whoever asks it in SQL."""
        self._saved = True
        alarms = [AlarmRow(one.rule, as_json(one.labels), str(one.severity), micros(one.since), micros(one.start),
                           None if one.end is None else micros(one.end), one.peak, one.value, one.ended)
                  for one in found.alarms]
        states = [StateRow(one.rule, as_json(one.labels), one.whole, str(one.state), micros(one.start),
                           None if one.end is None else micros(one.end)) for one in found.spans]
        self._store.save_alarms(alarms, states, micros(found.last or 0.0))

    # ---- what people say -----------------------------------------------------------------------------------

    def acknowledge(self, rule: str, labels: Labels, start: datetime, note: str = "") -> None:
        """Somebody has seen the alarm that began to fire then."""
        self._store.acknowledge(Acknowledged(rule, as_json(labels), micros(start.timestamp()), note,
                                             micros(now().timestamp())))

    def silence(self, rule: str, labels: Labels, window: Window, reason: str) -> int:
        """Nobody is to be called for it from then to then, in the time of the log; its number.

        rule, labels  "" and (): all of them. Raises BadSettings without a reason.
        """
        if not reason.strip():
            raise BadSettings("A silence needs a reason", do="Say why nobody is to be called")
        return self._store.silence(Silence(0, rule, as_json(labels), micros(window.start_s), micros(window.end_s),
                                           reason.strip(), micros(now().timestamp())))

    def end_silence(self, silence_id: int, at: datetime) -> None:
        """It ends then."""
        self._store.end_silence(silence_id, micros(at.timestamp()))

    def silences(self) -> tuple[Silenced, ...]:
        """All silences, in the order in which they were made."""
        return tuple(Silenced(one.silence_id, one.rule, from_json(one.labels),
                              Window(from_epoch(one.first_us / 1e6), from_epoch(one.last_us / 1e6)), one.reason)
                     for one in self._store.silences() if one.last_us > one.first_us)

    def _acks(self) -> Acks:
        return {(one.rule, from_json(one.labels), one.first_us / 1e6): one.note for one in self._store.acknowledged()}


def as_json(labels: Labels) -> str:
    """Labels as the workspace keeps them."""
    return json.dumps(dict(labels), ensure_ascii=False, separators=(",", ":"))


def from_json(text: str) -> Labels:
    """And back."""
    return labels_from(json.loads(text)) if text else ()


def micros(seconds: float) -> int:
    """Microseconds since 1970."""
    return math.floor(seconds * 1e6 + 0.5)
