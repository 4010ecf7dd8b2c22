"""The counting of alarms: what one evaluation makes of the states before it. Values in, values out; no clock.

A result is one value of a rule's split that has a number. As in Prometheus (rules/alerting.go, Eval):

- A result beyond the threshold that was not active is pending since this evaluation, even with `for` 0, and is promoted
  in the same evaluation when `for` is over.
- One that is beyond no longer: pending ends at once, so that one good evaluation begins `for` anew. Firing goes on
  while less than `keep_firing_for` has passed since the first such evaluation; being beyond again forgets that.
- A firing one that is younger than `for`, because `for` was raised, is pending again.
- More active ones than `limit`: an error, and all are cleared. Equal labels twice: an error. A failed question: nothing
  changes. Evaluations that did not happen are counted and nothing else.

And ours:

- An alarm that fires, or is kept firing, counts as beyond until it is within the clear level.
- Too few rows behind a result is no verdict: its state stays as it was, neither promoted nor ended, and keeps its
  clocks.
- Where no result has a number, states stay as they were until that has lasted `no_data_for`; then the rule's choice
  holds. The time is counted from the first evaluation without a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import assert_never

from console.alarms.rules import Labels, NoData, Rule

RESOLVED_KEPT_S = 15 * 60
"""So long a resolved alarm is remembered with its numbers."""


class State(StrEnum):
    """How it stands with one alarm, or with a rule as a whole."""

    INACTIVE = "inactive"
    PENDING = "pending"             # beyond, but not for long enough
    FIRING = "firing"
    KEPT = "kept"                   # firing, though no longer beyond (`keep_firing_for`)
    NO_DATA = "no_data"
    INSUFFICIENT = "insufficient"   # too few rows for a verdict, and nothing active
    ERROR = "error"

    @property
    def fires(self) -> bool:
        """Whether the alarm is on."""
        return self in (State.FIRING, State.KEPT)

    @property
    def active(self) -> bool:
        """Whether the alarm is on, or about to be."""
        return self is State.PENDING or self.fires


WORST = (State.INACTIVE, State.INSUFFICIENT, State.NO_DATA, State.PENDING, State.KEPT, State.ERROR, State.FIRING)
"""A rule is as its worst alarm, the worst last."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One result of an evaluation.

    beyond      whether the condition holds; held: whether it is still on the bad side of the clear level
    excess      how far into the bad it is, in whatever measure grows with it: the largest one is the peak
    enough      whether there were rows enough for a verdict
    """

    labels: Labels
    value: float
    beyond: bool
    held: bool
    excess: float = 0.0
    enough: bool = True
    n: float = 0.0


@dataclass(frozen=True, slots=True)
class Failed:
    """The question for the numbers failed: why."""

    why: str


@dataclass(frozen=True, slots=True)
class Alert:
    """One alarm of a rule, active or resolved a short while ago. Times are seconds since 1970.

    since       when it became pending
    fired       when it began to fire; None while pending
    kept_since  the first evaluation at which it was no longer beyond
    resolved    when it ended
    peak        the worst value since it became pending
    """

    labels: Labels
    state: State
    since: float
    value: float
    peak: float
    peak_excess: float
    fired: float | None = None
    kept_since: float | None = None
    resolved: float | None = None


@dataclass(frozen=True, slots=True)
class RuleState:
    """A rule between two evaluations.

    at          the last evaluation; None before the first
    whole       NO_DATA, INSUFFICIENT or ERROR where the rule as a whole is so; INACTIVE otherwise
    empty_since the first evaluation without a number, while that lasts
    missed      evaluations that did not happen
    """

    alerts: Mapping[Labels, Alert] = field(default_factory=dict)
    at: float | None = None
    whole: State = State.INACTIVE
    error: str = ""
    empty_since: float | None = None
    missed: int = 0

    @property
    def state(self) -> State:
        """The worst of its alarms."""
        return max((self.whole, *(one.state for one in self.alerts.values())), key=WORST.index)

    def state_of(self, labels: Labels) -> State:
        """Of one alarm, for a timeline: what the rule as a whole is, where the alarm is not active."""
        found = self.alerts.get(labels)
        return found.state if found is not None and found.state.active else self.whole

    @property
    def idle(self) -> bool:
        """Whether another good evaluation would change nothing but the time."""
        return not self.alerts and self.whole is State.INACTIVE and self.empty_since is None


NEW = RuleState()
NO_NUMBER = float("nan")


def step(rule: Rule, before: RuleState, at: float, found: tuple[Sample, ...] | Failed) -> RuleState:
    """The rule after the evaluation at `at` (seconds since 1970), which must be later than the last one.

    found  a sample for each value of the split that has a number; none where there are no rows
    """
    if before.at is not None and at <= before.at:
        raise ValueError(f"{rule.name}: evaluated at {before.at} already, and again at {at}")
    missed = before.missed + missed_since(rule, before.at, at)
    if isinstance(found, Failed):
        return replace(before, at=at, missed=missed, whole=State.ERROR, error=found.why)
    twice = _twice(found)
    if twice is not None:
        return replace(before, at=at, missed=missed, whole=State.ERROR,
                       error=f"Two results have the same labels: {dict(twice)}")
    if not found:
        return _without_data(rule, before, at, missed)
    whole = State.INACTIVE if any(one.enough for one in found) else State.INSUFFICIENT
    return _with_data(rule, before, at, missed, found, whole, None)


def missed_since(rule: Rule, before: float | None, at: float) -> int:
    """How many evaluations should have happened between these two."""
    return 0 if before is None else max(0, round((at - before) / rule.every_s) - 1)


def _with_data(rule: Rule, before: RuleState, at: float, missed: int, found: tuple[Sample, ...], whole: State,
               empty_since: float | None) -> RuleState:
    alerts = dict(before.alerts)
    seen = set()
    by_labels = {sample.labels: sample for sample in found}
    for sample in found:
        had = alerts.get(sample.labels)
        if not sample.enough:
            seen.add(sample.labels)
            continue
        fires = had is not None and had.state.fires
        if not (sample.held if fires else sample.beyond):
            continue
        seen.add(sample.labels)
        alerts[sample.labels] = _promoted(rule, _hit(had, sample, at), at)
    for labels, had in before.alerts.items():
        if labels in seen:
            continue
        after = _not_hit(rule, had, at, by_labels.get(labels))
        if after is None:
            del alerts[labels]
        else:
            alerts[labels] = after
    active = sum(one.state.active for one in alerts.values())
    if rule.limit and active > rule.limit:
        return RuleState({}, at, State.ERROR, f"{active} alarms at once, and the limit is {rule.limit}", empty_since,
                         missed)
    return RuleState(alerts, at, whole, "", empty_since, missed)


def _hit(had: Alert | None, sample: Sample, at: float) -> Alert:
    """Pending from now on, or active and refreshed."""
    if had is None or not had.state.active:
        return Alert(sample.labels, State.PENDING, at, sample.value, sample.value, sample.excess)
    worse = sample.excess > had.peak_excess
    return replace(had, state=State.FIRING if had.state.fires else State.PENDING, value=sample.value, kept_since=None,
                   peak=sample.value if worse else had.peak,
                   peak_excess=sample.excess if worse else had.peak_excess)


def _promoted(rule: Rule, alert: Alert, at: float) -> Alert:
    """Pending and firing by its age: also back, where `for` was raised."""
    old_enough = at - alert.since >= rule.for_s
    if alert.state is State.PENDING and old_enough:
        return replace(alert, state=State.FIRING, fired=at)
    if alert.state.fires and not old_enough:
        return replace(alert, state=State.PENDING, fired=None)
    return alert


def _not_hit(rule: Rule, had: Alert, at: float, sample: Sample | None) -> Alert | None:
    """None: forgotten."""
    match had.state:
        case State.PENDING:
            return None
        case State.FIRING | State.KEPT:
            since = at if had.kept_since is None else had.kept_since
            value = had.value if sample is None else sample.value
            if rule.keep_firing_for_s > 0 and at - since < rule.keep_firing_for_s:
                return _promoted(rule, replace(had, state=State.KEPT, kept_since=since, value=value), at)
            return replace(had, state=State.INACTIVE, kept_since=None, resolved=at, value=value)
        case _:
            return had if had.resolved is not None and at - had.resolved <= RESOLVED_KEPT_S else None


def _without_data(rule: Rule, before: RuleState, at: float, missed: int) -> RuleState:
    since = at if before.empty_since is None else before.empty_since
    if at - since < rule.no_data_for_s:
        return replace(before, at=at, missed=missed, empty_since=since, error="",
                       whole=State.INACTIVE if before.whole is State.ERROR else before.whole)
    match rule.no_data:
        case NoData.KEEP:
            whole = State.INACTIVE if before.whole is State.ERROR else before.whole
            return replace(before, at=at, missed=missed, empty_since=since, whole=whole, error="")
        case NoData.OK:
            return _with_data(rule, before, at, missed, (), State.INACTIVE, since)
        case NoData.NO_DATA:
            return _with_data(replace(rule, keep_firing_for_s=0.0), before, at, missed, (), State.NO_DATA, since)
        case NoData.FIRING:
            sample = Sample(rule.labels_of(""), NO_NUMBER, True, True)
            return _with_data(rule, before, at, missed, (sample,), State.INACTIVE, since)
        case _:
            assert_never(rule.no_data)


def _twice(found: tuple[Sample, ...]) -> Labels | None:
    seen: set[Labels] = set()
    for sample in found:
        if sample.labels in seen:
            return sample.labels
        seen.add(sample.labels)
    return None
