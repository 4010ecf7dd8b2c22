"""What became of each model version: when it came, ramped, drifted, was alarmed about, rolled back, advised on and
reported; and where in the cycle of a model the next action lies."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import numpy as np

from console.advice.shock import ChangeCause
from console.drift.course_view import CourseRow, DriftKind, RowGroup
from console.drift.courses import relative_size
from console.drift.result import Floats
from console.drift.words import quoted
from console.metrics.format import format_span, format_time, format_value
from console.window import Window, from_epoch

STEPS = (0.1, 0.5, 1.0)
"""Shares of the requests at which a version has ramped."""
SERVES_FROM = 0.1
"""A version with such a share of the requests has a part in what happens then."""
LEAST_IN_BUCKET, POOLED = 30, 1000
"""Requests in a bucket, or its shares say nothing; and from a bucket on, by which a share is told from chance."""
BEYOND_CHANCE = 2.0
"""Standard errors that a share may lie below its step and be meant for it."""
NEARLY = 0.7
"""Of a step, at least."""
WHOLE = 0.995
GONE_BUCKETS = 2
"""A version that is not seen in so many last buckets serves no more."""
AFTER_BUCKETS = 3
FLAPS = 3
"""A rule that fires more often is told once, with how often."""
HARM_BEYOND = 4.0
LEAST_FAILED = 20
NAMED_AT_MOST = 3


class Stage(StrEnum):
    """Where in the cycle of a model somebody has to act next."""

    SCOPE = "scope"          # whether a model is the answer here, and to which requests
    DATA = "data"            # what comes in: pipelines, schema, sources
    MODEL = "model"          # training
    DEPLOY = "deploy"        # which version answers, and how many of the requests
    MONITOR = "monitor"      # rules, outcomes, waiting


class Happened(StrEnum):
    """What a line of time has on it."""

    FIRST_SEEN = "first seen"
    RAMPED = "ramped"
    LAST_SEEN = "last seen"
    DRIFTED = "drifted"
    ALARMED = "alarmed"
    STARTED = "rollout started"
    PROMOTED = "promoted"
    ABORTED = "aborted"
    ROLLED_BACK = "rolled back"
    ADVISED = "advised"
    REPORTED = "reported"


class Shown(StrEnum):
    """The place that shows it in full."""

    BOARD = "board"
    DRIFT = "drift"
    ROLLOUT = "rollout"
    ADVICE = "advice"
    INCIDENTS = "incidents"


ENDINGS = {"promoted": Happened.PROMOTED, "fast_promoted": Happened.PROMOTED, "aborted": Happened.ABORTED,
           "superseded": Happened.ABORTED, "rolled_back": Happened.ROLLED_BACK,
           "fast_rolled_back": Happened.ROLLED_BACK}
"""Of a replay of a rollout; a shadow that is over changed nothing."""


@dataclass(frozen=True, slots=True)
class LifeEvent:
    """One thing that happened.

    until      where it lasted; None: a moment, or it lasts still
    known      how it is known: "counted in buckets of 1 h"
    reference  of what is shown there: a column, a rule, the number of a rollout, the id of an incident or a result
    """

    at: datetime
    what: Happened
    sentence: str
    known: str
    shown: Shown
    reference: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True, eq=False)
class VersionLife:
    """One version. shares: of the requests, shape (buckets,), NaN where none came.

    share      of the last buckets
    serving    whether it still answers
    stage      None where nothing is to be done with it; reason: in one sentence
    """

    version: str                 # "" where the log names no versions
    requests: int
    first: datetime
    last: datetime
    shares: Floats
    share: float
    serving: bool
    events: tuple[LifeEvent, ...]
    stage: Stage | None
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class LifecycleView:
    """All versions, in the order in which they came."""

    window: Window
    starts_s: Floats
    bucket_s: float
    versions: tuple[VersionLife, ...]
    sentence: str
    notes: tuple[str, ...]
    relative: bool
    command: str
    seconds: float
    headline: str = ""           # the sentence without its reason, which stands with the version


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """Requests of each version in each bucket, and how many of them failed ({} where that is not known).

    spans   from the first request to the last, as closely as was looked
    exact_s how closely
    """

    window: Window
    starts_s: Floats
    bucket_s: float
    requests: Mapping[str, Floats]
    failed: Mapping[str, Floats]
    spans: Mapping[str, tuple[datetime, datetime]]
    exact_s: float


@dataclass(frozen=True, slots=True)
class Alarmed:
    """One time that a rule fired. whose: its labels in words; version: that of its labels, None where they name none.

    end   None while it fires; silenced: nobody is to be called for it
    """

    rule: str
    whose: str
    version: str | None
    start: datetime
    end: datetime | None
    sentence: str
    silenced: bool = False


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """A kept replay of a rollout. ending: of `console.rollout.state.Ending`, "" where it was not over."""

    number: int
    plan: str
    source: str
    stable: str
    candidate: str
    began: datetime
    ended: datetime | None
    ending: str
    why: str


@dataclass(frozen=True, slots=True)
class Advised:
    """A kept run of advice. strategy "": none was distinguishable; change, response, training: its sentences."""

    result_id: str
    at: datetime
    cause: str
    recommended: str
    distinguishable: bool
    strategy: str
    leading: str
    change: str
    response: str
    training: str


@dataclass(frozen=True, slots=True)
class Reported:
    """A kept incident."""

    incident_id: str
    title: str
    status: str
    window: Window
    closed: bool


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """What is known beside the counts. rules: how many alarm rules there are; looked: whether drift was looked for."""

    courses: tuple[CourseRow, ...] = ()
    course_bucket_s: float = 0.0
    alarms: tuple[Alarmed, ...] = ()
    rules: int = 0
    rehearsed: tuple[Rehearsed, ...] = ()
    advised: tuple[Advised, ...] = ()
    reported: tuple[Reported, ...] = ()
    looked: bool = True
    outcomes: bool = False


def lifecycle(counts: Counts, facts: Facts, notes: Sequence[str] = (), *, relative: bool = False, command: str = "",
              seconds: float = 0.0) -> LifecycleView:
    """The lines of time of all versions."""
    made = _Lives(counts, facts, relative)
    lives = tuple(made.life(version) for version in sorted(counts.requests, key=lambda one: (counts.spans[one], one)))
    headline, reason = _sentence(lives)
    return LifecycleView(counts.window, counts.starts_s, counts.bucket_s, lives, f"{headline} {reason}".strip(),
                         tuple(notes), relative, command, seconds, headline)


class _Lives:
    def __init__(self, counts: Counts, facts: Facts, relative: bool) -> None:
        self.counts, self.facts, self.relative = counts, facts, relative
        self.total: Floats = np.sum(list(counts.requests.values()), axis=0)
        self.shares = {version: np.divide(n, self.total, out=np.full(len(n), math.nan), where=self.total > 0)
                       for version, n in counts.requests.items()}
        self.pooled = {version: _pooled(n, self.total) for version, n in counts.requests.items()}
        self.by_version = {version: tuple(self._events(version)) for version in counts.requests}

    def life(self, version: str) -> VersionLife:
        """One version, with what is to be done about it."""
        n, (first, last) = self.counts.requests[version], self.counts.spans[version]
        events = tuple(sorted(self.by_version[version], key=lambda one: (one.at, list(Happened).index(one.what))))
        stage, reason = _Next(self, version, events).told()
        return VersionLife(version, int(n.sum()), first, last, self.shares[version], self.share(version),
                           self.serving(version), events, stage, reason)

    # ---- counted ---------------------------------------------------------------------------------------

    def serving(self, version: str) -> bool:
        """Whether it is seen in the last buckets that have requests."""
        there = np.flatnonzero(self.total > 0)[-GONE_BUCKETS:]
        return bool(self.counts.requests[version][there].any())

    def share(self, version: str) -> float:
        """Of the last buckets with enough requests."""
        recent = np.flatnonzero(self.total > 0)[-AFTER_BUCKETS:]
        return float(self.counts.requests[version][recent].sum() / self.total[recent].sum())

    def had(self, version: str, start: datetime, end: datetime | None = None) -> bool:
        """Whether it had a part in what happened then."""
        low, high = self._place(start), self._place(end or start)
        part = self.shares[version][low:high + 1]
        return bool(np.any(part[np.isfinite(part)] >= SERVES_FROM))

    def _place(self, at: datetime) -> int:
        place = int((at.timestamp() - float(self.counts.starts_s[0])) // self.counts.bucket_s)
        return min(max(place, 0), len(self.counts.starts_s) - 1)

    def after(self, version: str) -> str:
        """Which version had most of the requests right after the last one of this."""
        place = self._place(self.counts.spans[version][1])
        part = {one: float(n[place + 1:place + 1 + AFTER_BUCKETS].sum()) for one, n in self.counts.requests.items()
                if one != version}
        best = max(part, key=lambda one: part[one], default="")
        return best if best and part[best] > 0 else ""

    def time(self, at: datetime) -> str:
        """In the log's own way."""
        return format_time(at, relative=self.relative)

    # ---- events ----------------------------------------------------------------------------------------

    def _events(self, version: str) -> Iterator[LifeEvent]:
        yield from self._seen(version)
        yield from self._drifts(version)
        yield from self._alarms(version)
        yield from self._rollouts(version)
        for advised in self.facts.advised:
            if self.had(version, advised.at):
                said = " ".join(filter(None, (advised.change, advised.response, advised.training)))
                yield LifeEvent(advised.at, Happened.ADVISED, said, "a kept run of advice", Shown.ADVICE,
                                advised.result_id)
        for one in self.facts.reported:
            if self.had(version, one.window.start, one.window.end):
                yield LifeEvent(one.window.start, Happened.REPORTED, f"Incident {one.incident_id}, {one.status}: "
                                f"{one.title}.", "a kept incident", Shown.INCIDENTS, one.incident_id, one.window.end)

    def _seen(self, version: str) -> Iterator[LifeEvent]:
        first, last = self.counts.spans[version]
        closely = f"counted, to {format_span(max(1.0, self.counts.exact_s))}"
        coarsely = f"counted in buckets of {format_span(self.counts.bucket_s)}"
        begins = (first - self.counts.window.start).total_seconds() <= self.counts.exact_s
        share = self.shares[version][self._place(first)]
        came = f"Serves when the log begins, {format_value(share, 'share')} of the requests." if begins else \
            f"First request, {self.time(first)}."
        yield LifeEvent(first, Happened.FIRST_SEEN, came, closely, Shown.BOARD)
        for at, step, reached in self._ramps(version):
            if begins and at <= first + timedelta(seconds=self.counts.bucket_s):
                continue
            yield LifeEvent(at, Happened.RAMPED, f"At {format_value(step, 'share')} of the requests "
                            f"({format_value(reached, 'share')} in this bucket).", coarsely, Shown.BOARD)
        if self.serving(version):
            return
        peak = float(np.nanmax(self.pooled[version][0]))
        after = self.after(version)
        back = bool(after) and self.counts.spans[after][0] < first
        most = f"; it had at most {format_value(peak, 'share')} of the requests" if peak < WHOLE else ""
        went = f"they went back to {quoted(after)}, which was there before" if back else \
            f"{quoted(after)} has them since" if after else "nothing follows"
        yield LifeEvent(last, Happened.ROLLED_BACK if back else Happened.LAST_SEEN,
                        f"Last request, {self.time(last)}: {went}{most}.", closely, Shown.BOARD)

    def _ramps(self, version: str) -> Iterator[tuple[datetime, float, float]]:
        """The bucket, the highest step that is reached first in it, and the share there."""
        n, shares, (pooled, pooled_n) = self.counts.requests[version], self.shares[version], self.pooled[version]
        enough = (self.total >= LEAST_IN_BUCKET) & (n > 0)
        reached: dict[int, float] = {}
        for step in STEPS:
            if step == 1.0:
                there = enough & (shares >= WHOLE) & (pooled >= WHOLE)
            else:
                least = np.maximum(step - BEYOND_CHANCE * _noise(step, self.total), NEARLY * step)
                lasting = step - np.where(pooled_n >= POOLED, 1.0, -1.0) * _noise(step, pooled_n)
                there = enough & (shares >= least) & (pooled >= lasting)
            if there.any():
                reached[int(np.argmax(there))] = step
        for place, step in sorted(reached.items()):
            yield from_epoch(max(float(self.counts.starts_s[place]), self.counts.window.start_s)), step, \
                float(shares[place])

    def _drifts(self, version: str) -> Iterator[LifeEvent]:
        """Columns that changed course together are one event."""
        bucket_s = self.facts.course_bucket_s
        groups: dict[tuple[int, bool], list[CourseRow]] = {}
        for row in self.facts.courses:
            if row.onset is not None and version in self.owners(row):
                place = round((row.onset.timestamp() - self.counts.window.start_s) / max(1.0, bucket_s))
                groups.setdefault((place, row.group in (RowGroup.RELATION, RowGroup.OUTCOME)), []).append(row)
        for rows in groups.values():
            lead = max(rows, key=relative_size)
            names = list(dict.fromkeys(row.title if row.what != "values" else quoted(row.title) for row in rows))
            told = lead.sentence if len(names) == 1 else f"{_names(names)} changed. {lead.sentence}"
            assert lead.onset is not None
            yield LifeEvent(lead.onset, Happened.DRIFTED, told,
                            f"change point in buckets of {format_span(bucket_s)}", Shown.DRIFT, lead.column,
                            max((row.ends for row in rows if row.ends is not None), default=None))

    def owners(self, row: CourseRow) -> set[str]:
        """The versions that a change is about: all that served then; of what no input shows, one alone that came with
        it, or with which it went."""
        assert row.onset is not None
        low, high = row.onset_low or row.onset, row.onset_high or row.onset
        slack = timedelta(seconds=max(self.facts.course_bucket_s, self.counts.bucket_s))
        if row.group in (RowGroup.PREDICTION, RowGroup.SERVING):
            came = [version for version, (first, _) in self.counts.spans.items()
                    if low - slack <= first <= high + slack and first > self.counts.window.start + slack]
            if len(came) == 1:
                return set(came)
        if row.group is not RowGroup.INPUT and row.ends is not None:
            went = [version for version, (first, last) in self.counts.spans.items()
                    if abs(last - row.ends) <= slack and first <= high and not self.serving(version)]
            if len(went) == 1:
                return set(went)
        return {version for version in self.counts.requests if self.had(version, row.onset, row.onset + slack)}

    def _alarms(self, version: str) -> Iterator[LifeEvent]:
        of_rule: dict[tuple[str, str], list[Alarmed]] = {}
        for row in self.facts.alarms:
            if self.alarm_is_of(row, version):
                of_rule.setdefault((row.rule, row.whose), []).append(row)
        for (rule, whose), rows in of_rule.items():
            rows.sort(key=lambda row: row.start)
            known, first, last = f"alarm rule {quoted(rule)}", rows[0], rows[-1]
            named = f"{quoted(rule)}{f' ({whose})' if whose else ''}"
            if len(rows) > FLAPS:
                yield LifeEvent(first.start, Happened.ALARMED, f"{named} fired {len(rows)} times. "
                                f"{first.sentence}", known, Shown.BOARD, rule, last.end)
                continue
            for row in rows:
                lasting = "" if row.end is not None else " It fires still."
                yield LifeEvent(row.start, Happened.ALARMED, f"{named}: {row.sentence}{lasting}", known,
                                Shown.BOARD, rule, row.end)

    def alarm_is_of(self, row: Alarmed, version: str) -> bool:
        """By its label, else by who served while it fired."""
        if row.version is not None:
            return row.version == version
        return self.had(version, row.start, row.end)

    def _rollouts(self, version: str) -> Iterator[LifeEvent]:
        for one in self.facts.rehearsed:
            if version not in self.parties(one):
                continue
            known, number = f"audit log of replay {one.number}", str(one.number)
            made = one.candidate not in self.counts.requests
            whom = "a candidate made from its requests" if made else \
                "it as the candidate" if one.candidate == version else f"{quoted(one.candidate)} as the candidate"
            yield LifeEvent(one.began, Happened.STARTED, f"In a replay of plan {quoted(one.plan)} with {whom}.", known,
                            Shown.ROLLOUT, number)
            if one.ended is not None and one.ending in ENDINGS:
                why = f": {one.why.rstrip('.')}" if one.why else ""
                subject = "The candidate" if made else quoted(one.candidate)
                yield LifeEvent(one.ended, ENDINGS[one.ending], f"In that replay {subject} was "
                                f"{one.ending.replace('_', ' ')}{why}.", known, Shown.ROLLOUT, number)

    def parties(self, one: Rehearsed) -> set[str]:
        """The candidate where the log has it; else whoever's requests a candidate was made from."""
        if one.candidate in self.counts.requests:
            return {one.candidate}
        if one.stable in self.counts.requests:
            return {one.stable}
        return {version for version in self.counts.requests if self.had(version, one.began)}


@dataclass(frozen=True, slots=True)
class _Next:
    """What the evidence about one version points at. The order of the questions is that in which one would ask."""

    lives: _Lives
    version: str
    events: tuple[LifeEvent, ...]

    def told(self) -> tuple[Stage | None, str]:
        """The stage and the reason."""
        if not self.lives.serving(self.version):
            last = next((one for one in reversed(self.events)
                         if one.what in (Happened.LAST_SEEN, Happened.ROLLED_BACK)), None)
            return None, f"It serves no more. {last.sentence if last is not None else ''}".strip()
        for look in (self._harm, self._broken, self._advice, self._drift, self._ramp, self._alarm):
            found = look()
            if found is not None:
                return found
        return Stage.MONITOR, self._quiet()

    def _harm(self) -> tuple[Stage, str] | None:
        """It fails more than the others do at the same time."""
        counts = self.lives.counts
        if self.version not in counts.failed:
            return None
        n, bad = counts.requests[self.version], counts.failed[self.version]
        others_n = self.lives.total - n
        others_bad = np.sum(list(counts.failed.values()), axis=0) - bad
        both = (n > 0) & (others_n > 0)
        if not both.any():
            return None
        rate = np.divide(others_bad, others_n, out=np.zeros(len(n)), where=others_n > 0)
        expected = float((n * rate)[both].sum())
        spread = float((n * rate * (1 - rate) * (1 + np.divide(n, others_n, out=np.zeros(len(n)), where=others_n > 0))
                        )[both].sum())
        mine = float(bad[both].sum())
        if mine < LEAST_FAILED or mine - expected <= HARM_BEYOND * math.sqrt(max(spread, 1.0)) or mine < 1.5 * expected:
            return None
        size = float(n[both].sum())
        return Stage.DEPLOY, (f"Take it back: it fails {format_value(mine / size, 'share')} of its requests where the "
                              f"others fail {format_value(expected / size, 'share')} in the same time.")

    def _broken(self) -> tuple[Stage, str] | None:
        """What comes in is not what it was made to be."""
        for row in self._rows():
            lasting = row.ends is None
            if row.kind is DriftKind.SCHEMA and row.group is RowGroup.INPUT:
                return Stage.DATA, f"Mend what comes in: {row.sentence}"
            if row.what == "missing" and row.group is RowGroup.INPUT and lasting and row.size > 0:
                return Stage.DATA, f"Mend the source: {row.sentence}"
        advised = self._advised()
        if advised is not None and advised.cause in (ChangeCause.PIPELINE, ChangeCause.SCHEMA):
            return Stage.DATA, f"Mend what comes in: {advised.change}"
        return None

    def _advice(self) -> tuple[Stage, str] | None:
        advised = self._advised()
        if advised is None or advised.cause in (ChangeCause.NONE, ChangeCause.SEASON, ChangeCause.DEPLOYMENT):
            return None
        falls_back = advised.distinguishable and advised.recommended not in ("", "model")
        if advised.strategy:
            return Stage.MODEL, f"Train again: {advised.training}"
        if falls_back and advised.leading == "":
            return Stage.SCOPE, ("Something simpler costs less, and nothing says that training would mend it: "
                                 f"{advised.response}")
        if falls_back:
            return Stage.DEPLOY, f"Let something else answer: {advised.response}"
        if advised.leading:
            return Stage.MONITOR, f"Wait for outcomes, then ask again: {advised.training}"
        return None

    def _drift(self) -> tuple[Stage, str] | None:
        rows = self._rows()
        concept = [row for row in rows if row.group is RowGroup.RELATION and row.ends is None]
        if concept:
            return Stage.MODEL, f"Ask for advice on training: {max(concept, key=relative_size).sentence}"
        inputs = [row for row in rows if row.group is RowGroup.INPUT and row.what == "values" and row.ends is None
                  and row.kind in (DriftKind.SUDDEN, DriftKind.GRADUAL)]
        if not inputs:
            return None
        lead = max(inputs, key=relative_size)
        if len({row.column for row in inputs}) == 1:
            return Stage.DATA, f"Look at its source, it moved alone: {lead.sentence}"
        if not self.lives.facts.outcomes:
            return Stage.DATA, ("Collect outcomes: inputs moved, and without them nobody knows what that costs. "
                                f"{lead.sentence}")
        return Stage.MONITOR, f"Ask for advice: several inputs moved, the outcomes at the same score did not. " \
                              f"{lead.sentence}"

    def _ramp(self) -> tuple[Stage, str] | None:
        """On its way, beside an older one."""
        share, lives = self.lives.share(self.version), self.lives
        newest = max(lives.counts.requests, key=lambda one: lives.counts.spans[one][0])
        if self.version != newest or share >= WHOLE or len(lives.counts.requests) < 2:
            return None
        others = [one for one in lives.counts.requests if one != self.version and lives.serving(one)]
        came = (lives.counts.spans[self.version][0] - lives.counts.window.start).total_seconds()
        if not others or came <= lives.counts.bucket_s:
            return None
        firing = self._firing()
        if firing is not None:
            return Stage.DEPLOY, f"Hold it at {format_value(share, 'share')} of the requests: {firing.sentence}"
        return Stage.DEPLOY, (f"Go on or stop: it has {format_value(share, 'share')} of the requests, and nothing "
                              "speaks against it.")

    def _alarm(self) -> tuple[Stage, str] | None:
        firing = self._firing()
        if firing is None:
            return None
        known = any(not one.closed and one.window.start <= (firing.start) < one.window.end
                    for one in self.lives.facts.reported)
        return Stage.MONITOR, f"{'Go on with the incident' if known else 'Look into the alarm'}: {firing.sentence}"

    def _quiet(self) -> str:
        if not self.lives.facts.rules:
            return "Nothing points elsewhere, and no alarm rule would say so: make rules."
        unlooked = "" if self.lives.facts.looked else " Drift was not looked for."
        return f"Nothing points elsewhere; {self.lives.facts.rules} alarm rules watch it.{unlooked}"

    def _rows(self) -> list[CourseRow]:
        return [row for row in self.lives.facts.courses if row.onset is not None
                and self.version in self.lives.owners(row)]

    def _advised(self) -> Advised | None:
        """The latest change that advice was asked about while it served."""
        found = [one for one in self.lives.facts.advised if self.lives.had(self.version, one.at)]
        return max(found, key=lambda one: one.at, default=None)

    def _firing(self) -> Alarmed | None:
        return next((row for row in self.lives.facts.alarms if row.end is None and not row.silenced
                     and self.lives.alarm_is_of(row, self.version)), None)


def _noise(share: float, n: Floats) -> Floats:
    """The standard error of a share of so many."""
    return np.asarray(np.sqrt(share * (1 - share) / np.maximum(n, 1.0)))


def _pooled(n: Floats, total: Floats) -> tuple[Floats, Floats]:
    """The share from each bucket on, over so many buckets that POOLED requests lie in them, and how many do; at the end
    of the log over what there is."""
    sums, of = (np.concatenate([[0.0], np.cumsum(part)]) for part in (n, total))
    end = np.minimum(np.searchsorted(of, of[:-1] + POOLED), len(total))
    size = of[end] - of[:-1]
    return np.divide(sums[end] - sums[:-1], size, out=np.full(len(n), math.nan), where=size > 0), size


def _sentence(lives: Sequence[VersionLife]) -> tuple[str, str]:
    """Who serves and where the next step lies, and why."""
    serving = [one for one in lives if one.serving]
    if not serving:
        return "No version serves at the end of the log.", ""
    main = max(serving, key=lambda one: one.share)
    urgent = next((one for one in serving if one.stage not in (None, Stage.MONITOR)), main)
    who = f"Version {quoted(main.version)}" if main.version else "The model"
    whose = "" if urgent is main else f" for version {quoted(urgent.version)}"
    stage = urgent.stage.value if urgent.stage is not None else Stage.MONITOR.value
    return f"{who} has {format_value(main.share, 'share')} of the requests. Next{whose}: {stage}.", urgent.reason


def _names(names: Iterable[str]) -> str:
    found = list(names)
    more = len(found) - NAMED_AT_MOST
    if more > 0:
        return f"{', '.join(found[:NAMED_AT_MOST])} and {more} more"
    return " and ".join(filter(None, (", ".join(found[:-1]), *found[-1:])))

