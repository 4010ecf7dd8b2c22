"""From the numbers of a log to the history of its alarms: all at once, or instant by instant while the log grows.

Both are the same work, begun at another place. An instant T is judged when a row has come that is LAG_S (and the
rule's own lag) younger, over what had come by then. All instants are read as the workspace is now; those for which
rows have come late since are read once more, as it was (`Workspace.seen`).

What is judged of outcomes (clicks, labels that come in files of their own) is all that is known when it is asked, so a
replay may know more than was known live; `lag` is for letting them ripen.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from console.alarms.conditions import Verdicts, judged, steps_of
from console.alarms.history import AlarmHistory, Change, Latest, Recorder
from console.alarms.machine import NEW, Failed, RuleState, Sample, State, step
from console.alarms.numbers import Asked, Numbers
from console.alarms.rules import Band, BurnRate, Labels, NoData, Rule, Threshold
from console.errors import ConsoleError
from console.jobs import Job, SilentJob
from console.roles import Role
from console.store.arrivals import LATE_S, NEVER
from console.store.rolled import ON_TIME_AXIS

if TYPE_CHECKING:
    from console.store import Workspace

LAG_S = 10
"""An instant is judged when a row has come that is so much younger: rows are written a little out of order."""

CHUNK = 10_080
"""Instants that are read at once: a week of minutes."""

MOST_INSTANTS = 3_000_000
"""Of a log that is longer (or has a row with a wild time) the end is judged."""

GOOD, HOT, FEW, EMPTY = 0, 1, 2, 3


def history(store: Workspace, rules: Iterable[Rule], job: Job | None = None) -> AlarmHistory:
    """What the alarms of these rules were over the whole log, as far as it is known. Raises JobStopped."""
    live = Live(store, rules)
    live.advance(job)
    return live.history()


@dataclass(slots=True)
class _Watch:
    """One rule, and how far it is. last_s: the last instant judged."""

    rule: Rule
    recorder: Recorder
    state: RuleState = NEW
    first_s: int | None = None
    last_s: int | None = None
    labels: dict[str, Labels] = field(default_factory=dict)
    latest: tuple[Latest, ...] = ()
    evaluations: int = 0

    def labels_of(self, series: str) -> Labels:
        """Kept, for they are made again and again."""
        found = self.labels.get(series)
        if found is None:
            found = self.labels[series] = self.rule.labels_of(series)
        return found


class Live:
    """Rules over a log that may grow. `advance` after each time that rows came (and rollups were refreshed)."""

    def __init__(self, store: Workspace, rules: Iterable[Rule]) -> None:
        """Rules that are not enabled are left out."""
        self._store = store
        self.rules = tuple(rules)
        self._watches = [_Watch(rule, Recorder(rule)) for rule in self.rules if rule.enabled]
        self._generation = -1
        self._known: list[tuple[int, int]] = []     # arrivals since the last advance: (at, newest row by then), in us
        self._looked: dict[int, int] | None = None
        self._begun = False
        self._newest_us = 0
        self._origin_us = 0

    def advance(self, job: Job | None = None) -> tuple[Change, ...]:
        """Judge all instants that have become due; what changed, in order of time. Raises JobStopped between two
        stretches, and goes on there when called again."""
        if not self._watches or (self._begun and self._generation == self._store.generation):
            return ()
        generation = self._store.generation
        if not self._store.rolled_up:
            return ()       # rows without their numbers would be taken for silence
        newest = max((round(stream.last.timestamp() * 1e6) for stream in self._store.streams()
                      if stream.last is not None and stream.kind in ON_TIME_AXIS), default=None)
        if newest is None or (self._begun and not self._due(max(newest, self._newest_us))):
            self._generation = generation
            return ()
        self._arrived(newest)
        job = job or SilentJob()
        groups: dict[tuple[int, Role | None, int], list[_Watch]] = {}
        for watch in self._watches:
            groups.setdefault((watch.rule.every_s, watch.rule.split, watch.rule.lag_s), []).append(watch)
        late = self._late()
        for number, watches in enumerate(groups.values()):
            job.report(number, len(groups), "Judging alarms")
            self._judge(watches, late, job)
        self._known = []
        self._generation = generation
        changes = [change for watch in self._watches for change in watch.recorder.changes]
        for watch in self._watches:
            watch.recorder.changes.clear()
        return tuple(sorted(changes, key=lambda change: change.at))

    def history(self) -> AlarmHistory:
        """All that was judged so far."""
        watches = self._watches
        alarms = sorted((alarm for watch in watches for alarm in watch.recorder.alarms.values()),
                        key=lambda alarm: (alarm.start, alarm.rule, alarm.labels))
        spans = sorted((span for watch in watches for span in watch.recorder.spans),
                       key=lambda span: (span.start, span.rule, span.labels))
        return AlarmHistory(
            self.rules, tuple(alarms), tuple(spans), {watch.rule.name: watch.state for watch in watches},
            {watch.rule.name: watch.latest for watch in watches},
            min((watch.first_s for watch in watches if watch.first_s is not None), default=None),
            max((watch.last_s for watch in watches if watch.last_s is not None), default=None),
            sum(watch.evaluations for watch in watches))

    # ---- what came -----------------------------------------------------------------------------------------

    def _due(self, newest_us: int) -> bool:
        return any(_closed(newest_us, watch.rule) > (watch.last_s or 0) for watch in self._watches)

    def _arrived(self, newest_us: int) -> None:
        """Take note of what came since: each arrival, and the newest row that was known with it."""
        self._known = [one for one in self._known if one[0] != NEVER]      # of a judgement that was stopped
        came, self._looked = self._store.arrivals(self._looked)
        for one in came:
            if not self._begun:
                self._begun, self._origin_us, self._newest_us = True, one.oldest_us, one.newest_us
            self._newest_us = max(self._newest_us, one.newest_us)
            self._known.append((one.at_us, self._newest_us))
        self._newest_us = max(self._newest_us, newest_us)
        self._known.append((NEVER, self._newest_us))

    def _late(self) -> list[tuple[int, int, int]]:
        """(start of the ten seconds of late rows, their arrival, the newest row known before it), in microseconds."""
        before = {at: self._known[place - 1][1] for place, (at, _) in enumerate(self._known)
                  if place and abs(at) < NEVER}
        return [(row, at, before[at]) for row, at in self._store.late(before)] if before else []

    # ---- judging -------------------------------------------------------------------------------------------

    def _judge(self, watches: Sequence[_Watch], late: Sequence[tuple[int, int, int]], job: Job) -> None:
        every = watches[0].rule.every_s
        end = _closed(self._newest_us, watches[0].rule)
        origin_s = self._origin_us / 1e6
        for watch in watches:
            if watch.first_s is None:
                watch.first_s = max(_first(watch.rule, origin_s), end - (MOST_INSTANTS - 1) * every)
        while True:
            behind = [watch for watch in watches if _next(watch) <= end]
            if not behind:
                return
            job.stop_if_asked()
            first = min(map(_next, behind))
            count = min(CHUNK, (end - first) // every + 1)
            some = [watch for watch in behind if _next(watch) == first]
            self._stretch(some, first, count, late)

    def _stretch(self, watches: Sequence[_Watch], first_s: int, count: int,
                 late: Sequence[tuple[int, int, int]]) -> None:
        rules = [watch.rule for watch in watches]
        origin_s = self._origin_us / 1e6
        asked = Asked(self._store, rules, first_s, count, origin_s)
        for watch in watches:
            found: Numbers | Failed
            try:
                found = asked.of(watch.rule)
                again = self._as_it_was(watch.rule, first_s, count, late)
                for come_by, places in again.items():
                    low, size = places[0], places[-1] - places[0] + 1
                    then = Asked(self._store, [watch.rule], first_s + low * watch.rule.every_s, size, origin_s, come_by)
                    found = found.patched(places, then.of(watch.rule), [place - low for place in places])
            except ConsoleError as error:
                found = Failed(str(error))
            _count(watch, asked.instants, found)
            watch.last_s = first_s + (count - 1) * watch.rule.every_s

    def _as_it_was(self, rule: Rule, first_s: int, count: int,
                   late: Sequence[tuple[int, int, int]]) -> dict[int, list[int]]:
        """Arrival by which instants were judged -> their places; of those instants that late rows lie before."""
        affected: set[int] = set()
        every, reach = rule.every_s, steps_of(rule.condition, rule.over_s, rule.every_s) * rule.every_s
        for row, _, newest in late:
            until = min(_closed(newest, rule), row // 10**6 + LATE_S + reach)
            low = max(0, (row // 10**6 - first_s) // every + 1)
            affected.update(range(low, min(count - 1, (until - first_s) // every) + 1))
        found: dict[int, list[int]] = {}
        closed = [_closed(newest, rule) for _, newest in self._known]
        for place in sorted(affected):
            at = self._known[bisect_left(closed, first_s + place * every)][0]
            if at != NEVER:
                found.setdefault(at, []).append(place)
        return found


def _closed(newest_us: int, rule: Rule) -> int:
    """The last instant of a rule that is due when that is the newest row."""
    return math.floor((newest_us / 1e6 - LAG_S - rule.lag_s) / rule.every_s) * rule.every_s


def _first(rule: Rule, origin_s: float) -> int:
    """The first instant whose whole stretch lies in the log: the traffic of half a stretch would look like a loss. Burn
    rates have windows of their own, which are shorter while the log is young."""
    if isinstance(rule.condition, BurnRate):
        return (math.floor(origin_s / rule.every_s) + 1) * rule.every_s
    return math.ceil((origin_s + rule.over_s) / rule.every_s) * rule.every_s


def _next(watch: _Watch) -> int:
    assert watch.first_s is not None
    return watch.first_s if watch.last_s is None else watch.last_s + watch.rule.every_s


# ---- counting ------------------------------------------------------------------------------------------------------

def _count(watch: _Watch, instants: np.ndarray[tuple[int], np.dtype[np.float64]], found: Numbers | Failed) -> None:
    """Step through a stretch of instants; where nothing can change, leap."""
    size = len(instants)
    watch.evaluations += size
    if isinstance(found, Failed):
        for at in (instants[0], instants[-1])[:size]:
            _step(watch, float(at), found)
        return
    rule = watch.rule
    said = found.burning.verdicts if found.burning is not None else _said(rule, instants, found)
    data = np.isfinite(found.values)
    enough = data & (found.n >= rule.min_samples)
    beyond = said.beyond & enough
    any_enough = enough.any(axis=0)
    kind = np.where(beyond.any(axis=0), HOT, np.where(any_enough, GOOD, np.where(data.any(axis=0), FEW, EMPTY)))
    eventful = np.flatnonzero(kind != GOOD)
    turns = np.flatnonzero(np.diff(kind)) + 1
    latest = _Lines(watch, found, said, enough, beyond)
    place = 0
    while place < size:
        if watch.state.idle:
            here = int(np.searchsorted(eventful, place))
            place = int(eventful[here]) if here < len(eventful) else size
            watch.state = _at(watch, float(instants[place - 1])) if place else watch.state
            if place == size:
                break
        before = watch.state
        _step(watch, float(instants[place]), latest.samples(place, before))
        place += 1
        if _settled(rule, before, watch.state, int(kind[place - 1])):
            here = int(np.searchsorted(turns, place))
            place = int(turns[here]) if here < len(turns) else size
            watch.state = _at(watch, float(instants[place - 1]))
    watch.latest = latest.at(size - 1)


def _said(rule: Rule, instants: np.ndarray[tuple[int], np.dtype[np.float64]], found: Numbers) -> Verdicts:
    assert isinstance(rule.condition, Threshold | Band)
    return judged(rule.condition, instants, rule.over_s, found.values)


def _at(watch: _Watch, at: float) -> RuleState:
    """The same state, later: what lies between would have changed nothing."""
    if watch.state.at is not None and at <= watch.state.at:
        return watch.state
    return replace(watch.state, at=at)


def _step(watch: _Watch, at: float, found: tuple[Sample, ...] | Failed) -> None:
    before = watch.state
    if isinstance(found, Failed) and before.at is not None:
        before = replace(before, at=max(before.at, at - watch.rule.every_s))
    if before.at is not None and at <= before.at:
        return
    watch.state = step(watch.rule, before, at, found)
    watch.recorder.note(before, watch.state, at)


def _settled(rule: Rule, before: RuleState, after: RuleState, kind: int) -> bool:
    """Whether evaluations of the same kind will change nothing but the time, until another kind comes."""
    if kind not in (FEW, EMPTY) or before.alerts != after.alerts or before.whole is not after.whole:
        return False
    if any(one.state is not State.FIRING for one in after.alerts.values()):
        return False
    if kind == FEW:
        return True
    lasting = after.empty_since is not None and after.at is not None and (
        after.at - after.empty_since >= rule.no_data_for_s)
    return lasting and (rule.no_data is not NoData.OK or not after.alerts)


@dataclass(slots=True, eq=False)
class _Lines:
    """The results of one stretch, ready to be handed out instant by instant."""

    watch: _Watch
    found: Numbers
    said: Verdicts
    enough: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
    beyond: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]

    def samples(self, place: int, state: RuleState) -> tuple[Sample, ...]:
        """Those that can matter: beyond, or of an alarm that is known; and one of the rest, so that there is data."""
        wanted = {int(number) for number in np.flatnonzero(self.beyond[:, place])}
        if state.alerts:
            wanted |= {number for number, series in enumerate(self.found.series)
                       if self.watch.labels_of(series) in state.alerts}
        good = self.enough[:, place]
        if not any(good[number] for number in wanted):
            some = np.flatnonzero(good)
            some = some if len(some) else np.flatnonzero(np.isfinite(self.found.values[:, place]))
            wanted |= {int(number) for number in some[:1]}
        return tuple(self._sample(number, place) for number in sorted(wanted)
                     if math.isfinite(self.found.values[number, place]))

    def _sample(self, number: int, place: int) -> Sample:
        return Sample(self.watch.labels_of(self.found.series[number]), float(self.found.values[number, place]),
                      bool(self.said.beyond[number, place]), bool(self.said.held[number, place]),
                      float(self.said.excess[number, place]), bool(self.enough[number, place]),
                      float(self.found.n[number, place]))

    def at(self, place: int) -> tuple[Latest, ...]:
        """The numbers of one instant."""
        return tuple(Latest(self.watch.labels_of(series), float(self.found.values[number, place]),
                            float(self.found.n[number, place])) for number, series in enumerate(self.found.series)
                     if math.isfinite(self.found.values[number, place]))
