"""Whether an abrupt change was a shock: told from a deployment, a schema change, a pipeline's fault and a season."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import numpy as np

from console.advice.events import EventKind, KnownEvent
from console.advice.events import at as events_at
from console.drift.course import Course, CourseKind, course
from console.drift.course_view import CourseRow, DriftKind, RowGroup
from console.drift.courses import Axis, relative_size
from console.drift.result import Floats
from console.drift.words import quoted
from console.errors import TooFewRows
from console.metrics.format import format_time, format_value
from console.window import from_epoch

LEAST_TOGETHER = 2
"""Things that no model decides (inputs, traffic) which have to jump at once."""
SLACK_BUCKETS = 1
"""Changes whose intervals lie so near may have begun together."""
LEAST_TRAFFIC = math.log(1.15)
"""A step of the traffic by 15 % matters: less is what one day differs by from another."""
LEAST_SHARE = 0.03
"""A version that gains or loses so much of the requests was deployed or taken away."""
BESIDE = 8
"""So many buckets on each side of a change tell the share that a version had there."""
LEAST_ROWS, LEAST_APART = 50, 12
LEAST_GOING_ON = 0.9
"""Of the buckets since a change, to have samples: the last one is often a part of one."""
BEYOND_CHANCE = 4.0
"""Standard errors. People's versions are sticky, so that requests of a share are not independent."""
ABRUPT = (DriftKind.SUDDEN, DriftKind.TRANSIENT)
UNDECIDED = 2.0
"""Below this gap of BIC a step may as well be a slope."""
LATE = 4
"""What begins so early in the log that it lasts so many times as long as all before is what was usual: it is its end
that is the change."""
IN_THE_SAME_ROWS = 0.9
"""From this correlation of their shares on, outside of the change, two columns lose their cells in the same rows."""
WEEK, WEEKEND = timedelta(days=7), timedelta(days=2)
NAMED_AT_MOST = 4


class ChangeCause(StrEnum):
    """What it was."""

    SHOCK = "shock"
    DEPLOYMENT = "deployment"
    SCHEMA = "schema"
    PIPELINE = "pipeline"
    SEASON = "season"
    CONCEPT = "concept"          # outcomes no longer follow from inputs that stayed as they were
    GRADUAL = "gradual"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for a cause, or against it."""

    cause: ChangeCause
    speaks_for: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Shock:
    """The answer. `onset` and its interval (95 %) are None where nothing changed at once.

    together   what moved at once: titles of rows, and "traffic"
    events     of the calendar, that lie there
    evidence   one for each cause that was thought of
    """

    cause: ChangeCause
    onset: datetime | None
    onset_low: datetime | None
    onset_high: datetime | None
    together: tuple[str, ...]
    events: tuple[KnownEvent, ...]
    evidence: tuple[Evidence, ...]
    sentence: str

    @property
    def is_shock(self) -> bool:
        """Whether the world changed at once."""
        return self.cause is ChangeCause.SHOCK


@dataclass(frozen=True, slots=True)
class _Move:
    """One thing that jumped. `world`: whether no model decides it; `missing`: whether cells went missing."""

    title: str
    column: str
    group: RowGroup | None       # None for traffic
    what: str
    kind: DriftKind
    onset: datetime
    low: datetime
    high: datetime
    ends: datetime | None
    size: float
    sure: bool
    sentence: str

    @property
    def world(self) -> bool:
        return self.group is None or (self.group is RowGroup.INPUT and self.what == "values")


def judge(rows: Sequence[CourseRow], axis: Axis, requests: Floats, versions: Mapping[str, Floats] | None = None,
          events: Iterable[KnownEvent] = (), at: datetime | None = None, series: int = 0) -> Shock:
    """What changed at once, and what it was.

    rows      every column's course against a reference
    requests  shape (buckets,), how many there were;  versions: of each model version, likewise
    at        the moment in question; without, that at which most jumped
    series    how many series of samples the rows are about; 0 for columns of requests
    """
    calendar = tuple(events)
    slack = timedelta(seconds=SLACK_BUCKETS * axis.bucket_s)
    moves = [_of_row(row, axis) for row in rows if row.kind in ABRUPT and row.onset is not None]
    traffic = _traffic(requests, axis)
    moves += [traffic] if traffic is not None else []
    schema = [row for row in rows if row.kind is DriftKind.SCHEMA and row.onset is not None]
    group = _together(moves, slack, at)
    if not group:
        return _nothing_at_once(rows, schema, axis, calendar, at, slack)
    lead = min(group, key=lambda move: (move.high - move.low, -move.size))
    low, high = lead.low - slack, lead.high + slack
    found = _Found(group, lead, events_at(calendar, low, high),
                   [row for row in schema if row.onset is not None and low <= row.onset <= high],
                   _gained(versions or {}, axis, low, high), axis, _ended_so(rows, group, lead, axis), series,
                   series == 1 and _goes_on(rows[0], lead.onset, axis))
    slopes = [row for row in rows if row.kind is DriftKind.GRADUAL and row.group is RowGroup.INPUT
              and row.what == "values" and row.onset is not None and row.onset <= high
              and (row.ends is None or row.ends >= low)]
    return found.told(slopes)


@dataclass(frozen=True, slots=True)
class _Found:
    group: Sequence[_Move]
    lead: _Move
    events: tuple[KnownEvent, ...]
    schema: Sequence[CourseRow]
    deployed: Sequence[_Share]
    axis: Axis
    ended_so: tuple[str, ...]
    series: int = 0
    goes_on: bool = False

    def told(self, slopes: Sequence[CourseRow]) -> Shock:
        missing = [move for move in self.group if move.what == "missing" and move.column not in self.ended_so]
        holes = sorted({move.column for move in missing if move.group in (RowGroup.INPUT, RowGroup.PREDICTION)})
        inputs_lost = any(move.group is RowGroup.INPUT for move in missing)
        broken = {*holes, *(row.column for row in self.schema)}
        world = [move for move in self.group if move.world and move.column not in broken]
        things = list(dict.fromkeys(move.title for move in world))
        if self.ended_so:
            things.insert(0, f"the share of rows without {_names([quoted(name) for name in self.ended_so], 2)}")
        enough = len(things) >= LEAST_TOGETHER
        relation = [move for move in self.group if move.group in (RowGroup.RELATION, RowGroup.OUTCOME)]
        if len(things) == 1 and relation and not holes:
            things.append(relation[0].title)
            enough = True
        season = self._season()
        holiday = [event for event in self.events if event.kind is EventKind.HOLIDAY]
        sloping = len({row.column for row in slopes}) >= max(1, len({move.column for move in world}))
        unsure = sum(not move.sure for move in world) * 2 > len(world)
        when = self._at(self.lead.onset)
        told = _names(things or [move.title for move in self.group])
        evidence = [
            Evidence(ChangeCause.SHOCK, enough, f"{told[:1].upper() if self.ended_so else told[:1]}{told[1:]} changed "
                                                f"at once, {when}." if enough else
                     f"Only {told} changed at once; of a shock several inputs, or inputs and traffic, would show it."),
            self._deployment(enough), self._schema(), self._pipeline(holes, world), season or Evidence(
                ChangeCause.SEASON, False, "The time of day is taken out, and it is no weekend that came first.")]
        if holiday:
            evidence[-1] = Evidence(ChangeCause.SEASON, True, f"{holiday[0].name} (holiday) lies there.")
        cause = ChangeCause.NONE
        if self.schema:
            cause = ChangeCause.SCHEMA
        elif self.deployed and not enough and not inputs_lost:
            cause = ChangeCause.DEPLOYMENT
        elif holes and not enough:
            cause = ChangeCause.PIPELINE
        elif season is not None or holiday:
            cause = ChangeCause.SEASON
        elif enough and (sloping or unsure):
            cause = ChangeCause.GRADUAL
            names = _names(list(dict.fromkeys(quoted(row.column) for row in slopes)))
            evidence[0] = Evidence(ChangeCause.SHOCK, False, f"{names} moved gradually at that time." if slopes else
                                   f"{told} changed, but a slope fits nearly as well as a step.")
        elif enough:
            cause = ChangeCause.SHOCK
        elif not world and relation:
            cause = ChangeCause.CONCEPT
            best = min(relation, key=lambda move: (move.group is RowGroup.OUTCOME, move.onset != self.lead.onset))
            evidence.append(Evidence(cause, True, best.sentence))
        elif world and self.goes_on:
            cause = ChangeCause.SHOCK
            alone = "" if self.events else (" It is the only series of the log, so nothing beside it confirms that; "
                                            "an event of the calendar would.")
            evidence[0] = Evidence(cause, True, f"{world[0].sentence}{alone}")
            evidence[3] = Evidence(ChangeCause.PIPELINE, False, f"{told} goes on being counted and moves from one "
                                   "bucket to the next: a source that fails leaves gaps, or one value.")
        elif world and self.series:
            cause = ChangeCause.PIPELINE
            evidence[3] = Evidence(cause, True, f"Of {self.series} series {told} alone changed: that is more often its "
                                                "source than the world." if self.series > 1 else
                                                f"{told} changed, and has gaps or stands still since.")
        elif world:
            cause = ChangeCause.PIPELINE
            evidence[3] = Evidence(cause, True, f"One input alone changed, {told}: that is more often its source than "
                                                "the world.")
        elif slopes:
            cause = ChangeCause.GRADUAL
            evidence.append(Evidence(cause, True, slopes[0].sentence))
        world_event = [event for event in self.events if event.kind in (EventKind.POLICY, EventKind.OTHER)]
        if cause in (ChangeCause.PIPELINE, ChangeCause.NONE) and world_event:
            cause = ChangeCause.SHOCK
            evidence[0] = Evidence(cause, True, f"{told} changed at once, {when}, and the calendar has "
                                                f"{world_event[0].name} there.")
        sentence = self._sentence(cause, told, when, evidence)
        return Shock(cause, self.lead.onset, self.lead.low, self.lead.high,
                     tuple(dict.fromkeys(move.title for move in self.group)), self.events, tuple(evidence), sentence)

    def _sentence(self, cause: ChangeCause, told: str, when: str, evidence: Sequence[Evidence]) -> str:
        named = "".join(f" The calendar has {event.name} ({event.kind.value})." for event in self.events[:1])
        own = next((one.sentence for one in evidence if one.cause is cause and one.speaks_for), "")
        match cause:
            case ChangeCause.SHOCK if self.goes_on:
                return f"Probably a shock, {when}: {own}{named}"
            case ChangeCause.SHOCK:
                return f"A shock, {when}: {told} changed at once.{named}"
            case ChangeCause.NONE:
                return f"No shock: {evidence[0].sentence}{named}"
            case ChangeCause.GRADUAL:
                return f"No shock: {own or evidence[0].sentence}{named}"
            case ChangeCause.CONCEPT:
                return f"Concept drift, no shock: {own}{named}"
        return f"No shock, {WORDS[cause]}: {own}{named}"

    def _deployment(self, world_moved: bool) -> Evidence:
        if not self.deployed:
            release = [event for event in self.events if event.kind is EventKind.RELEASE]
            if release:
                return Evidence(ChangeCause.DEPLOYMENT, not world_moved, f"{release[0].name} (release) lies there.")
            return Evidence(ChangeCause.DEPLOYMENT, False, "No model version gained or lost requests then.")
        told = "; ".join(f"version {quoted(one.version)} went from {format_value(one.before, 'share')} to "
                         f"{format_value(one.after, 'share')} of the requests" for one in self.deployed[:2])
        if world_moved:
            return Evidence(ChangeCause.DEPLOYMENT, False,
                            f"{told[0].upper()}{told[1:]}, but no version decides what comes in.")
        return Evidence(ChangeCause.DEPLOYMENT, True, f"{told[0].upper()}{told[1:]}.")

    def _pipeline(self, holes: Sequence[str], world: Sequence[_Move]) -> Evidence:
        if holes:
            row = next(move for move in self.group if move.what == "missing" and move.column == holes[0])
            return Evidence(ChangeCause.PIPELINE, True, row.sentence)
        if self.ended_so:
            row = next(move for move in self.group if move.what == "missing" and move.column == self.ended_so[0])
            return Evidence(ChangeCause.PIPELINE, False, f"{_names([quoted(name) for name in self.ended_so])} were "
                            "missing in the same rows before, too, and no model of the log reads them: so such rows "
                            f"end. {row.sentence}")
        if len({move.column for move in world}) == 1 and len(self.group) == 1:
            return Evidence(ChangeCause.PIPELINE, True, f"{world[0].title} alone changed.")
        return Evidence(ChangeCause.PIPELINE, False, "No more cells are missing, and more than one thing moved.")

    def _schema(self) -> Evidence:
        if self.schema:
            return Evidence(ChangeCause.SCHEMA, True, self.schema[0].sentence)
        return Evidence(ChangeCause.SCHEMA, False, "No column came, went or changed its type or unit then.")

    def _season(self) -> Evidence | None:
        """The first weekend that is seen, or one that came and went."""
        hour = self.axis.hour_of_week
        if hour is None:
            return None
        first, bucket = from_epoch(float(self.axis.starts_s[0])), timedelta(seconds=self.axis.bucket_s)
        end = first + len(self.axis.starts_s) * bucket
        onset, near = self.lead.onset, max(bucket, timedelta(hours=3)) * 1.01
        monday = onset.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=onset.weekday())
        saturday = monday + timedelta(days=5)
        at_saturday = abs(onset - saturday) <= near
        at_monday = min(abs(onset - monday), abs(onset - monday - WEEK)) <= near
        if not (at_saturday or at_monday) or onset - first > 2 * WEEK or 2 * bucket > WEEKEND:
            return None         # weekends were seen before, and nothing like it
        ends = [move.ends for move in self.group if move.ends is not None]
        until = min(ends) if len(ends) * 2 > len(self.group) else end
        if at_saturday and until - onset <= WEEKEND + 2 * near:
            return Evidence(ChangeCause.SEASON, True, f"It began with a Saturday, {self._at(onset)}, and was not seen "
                                                      "to last beyond the weekend.")
        if at_monday and onset - first < WEEKEND + near:
            return Evidence(ChangeCause.SEASON, True, f"It began with a Monday, {self._at(onset)}, and of the time "
                                                      "before the log has a weekend only.")
        return None

    def _at(self, moment: datetime) -> str:
        return format_time(moment, relative=self.axis.relative)


WORDS = {ChangeCause.DEPLOYMENT: "a deployment", ChangeCause.SCHEMA: "a change of the schema",
         ChangeCause.PIPELINE: "probably a fault of a data pipeline", ChangeCause.SEASON: "a season"}


def _goes_on(row: CourseRow, onset: datetime, axis: Axis) -> bool:
    """Whether a series still has samples that differ from one bucket to the next."""
    since = axis.starts_s >= onset.timestamp()
    known = row.values[since & np.isfinite(row.values) & (row.n > 0)]
    return len(known) >= LEAST_GOING_ON * int(np.count_nonzero(since)) and len(np.unique(known)) > 1


def _ended_so(rows: Sequence[CourseRow], group: Sequence[_Move], lead: _Move, axis: Axis) -> tuple[str, ...]:
    """Columns whose cells were always missing in the same rows, where more of them are now, and the log has no model
    that reads them: flights without a departure have no arrival either. So such rows end, and no source has holes."""
    if any(row.group is RowGroup.PREDICTION for row in rows):
        return ()
    columns = [move.column for move in group if move.what == "missing" and move.group is RowGroup.INPUT]
    apart = axis.starts_s + axis.bucket_s <= lead.onset.timestamp() - SLACK_BUCKETS * axis.bucket_s
    if lead.ends is not None:
        apart |= axis.starts_s >= lead.ends.timestamp() + SLACK_BUCKETS * axis.bucket_s
    shares = [row.values[apart] for row in rows if row.what == "missing" and row.column in columns]
    if len(shares) < 2 or np.count_nonzero(apart) < LEAST_APART:
        return ()
    known = np.all([np.isfinite(one) for one in shares], axis=0)
    shares = [one[known] for one in shares]
    if np.count_nonzero(known) < LEAST_APART or any(float(one.max() - one.min()) <= 0 for one in shares):
        return ()
    return tuple(columns) if float(np.corrcoef(shares).min()) >= IN_THE_SAME_ROWS else ()


def _nothing_at_once(rows: Sequence[CourseRow], schema: Sequence[CourseRow], axis: Axis,
                     calendar: Sequence[KnownEvent], at: datetime | None, slack: timedelta) -> Shock:
    events = events_at(calendar, at - slack, at + slack) if at is not None else ()
    slopes = [row for row in rows if row.kind is DriftKind.GRADUAL]
    if schema and at is None:
        row = schema[0]
        said = Evidence(ChangeCause.SCHEMA, True, row.sentence)
        return Shock(said.cause, row.onset, row.onset_low, row.onset_high, (), events, (said,),
                     f"No shock, {WORDS[said.cause]}: {said.sentence}")
    if slopes and at is None:
        row = max(slopes, key=relative_size)
        said = Evidence(ChangeCause.GRADUAL, True, row.sentence)
        return Shock(said.cause, row.onset, row.onset_low, row.onset_high, (), events, (said,),
                     f"No shock: {row.sentence}")
    when = "at once" if at is None else f"at once around {format_time(at, relative=axis.relative)}"
    said = Evidence(ChangeCause.SHOCK, False, f"Nothing changed {when}.")
    return Shock(ChangeCause.NONE, None, None, None, (), events, (said,), f"No shock: {said.sentence}")


def _together(moves: Sequence[_Move], slack: timedelta, at: datetime | None) -> list[_Move]:
    """The largest group whose intervals meet, things of the world first; around `at` where that is given."""
    best: list[_Move] = []

    def weight(group: Sequence[_Move]) -> tuple[int, int, float]:
        return (min(LEAST_TOGETHER, len({move.column for move in group if move.world})), len(group),
                sum(move.size for move in group))

    for lead in moves:
        low, high = lead.onset - slack, lead.onset + slack
        if at is not None and not low - slack <= at <= high + slack:
            continue
        group = [move for move in moves if move.low - slack <= lead.onset <= move.high + slack]
        if weight(group) > weight(best):
            best = group
    return best


def _of_row(row: CourseRow, axis: Axis) -> _Move:
    assert row.onset is not None
    low, high = row.onset_low or row.onset, row.onset_high or row.onset
    sure = not (row.runner_up == CourseKind.GRADUAL.value and row.bic_gap < UNDECIDED)
    size, title = relative_size(row), quoted(row.title) if row.what == "values" else row.title
    ends, before = row.ends, row.onset - from_epoch(float(axis.starts_s[0]))
    if row.kind is DriftKind.TRANSIENT and ends is not None and ends - row.onset >= LATE * before:
        return _Move(title, row.column, row.group, row.what, DriftKind.SUDDEN, ends, ends, ends, None, size, sure,
                     f"{title} changed at once, {format_time(ends, relative=axis.relative)}, from where it had been "
                     f"nearly since the log's beginning.")
    return _Move(title, row.column, row.group, row.what, row.kind, row.onset, low, high, ends, size, sure, row.sentence)


def _traffic(requests: Floats, axis: Axis) -> _Move | None:
    """A step of the logarithm, so that it stands beside a season that multiplies."""
    n = np.asarray(requests, dtype=np.float64)
    if len(n) < 3:
        return None
    weights = np.ones(len(n))
    weights[[0, -1]] = 0.0                  # buckets that the log covers in part
    found = _course(np.log(n + 0.5), weights, axis)
    if found is None or found.kind not in (CourseKind.SUDDEN, CourseKind.TRANSIENT) \
            or abs(found.size) < LEAST_TRAFFIC or found.onset is None:
        return None
    times = [axis.time(place) for place in (found.onset, found.onset_low, found.onset_high, found.ends)]
    onset, low, high, ends = times
    assert onset is not None
    change = math.expm1(found.size)
    word = "rose" if change > 0 else "fell"
    return _Move("traffic", "", None, "traffic", DriftKind(found.kind.value), onset, low or onset, high or onset, ends,
                 abs(found.size) / LEAST_TRAFFIC / 2, True, f"Traffic {word} by {abs(change):.0%} at once.")


@dataclass(frozen=True, slots=True)
class _Share:
    """A model version's share of the requests before and after."""

    version: str
    before: float
    after: float


def _gained(versions: Mapping[str, Floats], axis: Axis, low: datetime, high: datetime) -> list[_Share]:
    """Model versions whose share of the requests differs before and after these times, the largest change first."""
    if len(versions) < 2:
        return []
    total = np.sum(list(versions.values()), axis=0)
    starts, bucket_s = axis.starts_s, axis.bucket_s
    before = (starts + bucket_s <= low.timestamp() + 1e-6) & (starts >= low.timestamp() - BESIDE * bucket_s)
    after = (starts >= high.timestamp() - 1e-6) & (starts < high.timestamp() + BESIDE * bucket_s)
    sizes = [float(total[side].sum()) for side in (before, after)]
    if min(sizes) < LEAST_ROWS:
        return []
    made = []
    for version, n in versions.items():
        shares = [float(n[side].sum()) / size for side, size in zip((before, after), sizes, strict=True)]
        pooled = float(n[before | after].sum()) / sum(sizes)
        noise = math.sqrt(max(pooled * (1 - pooled), 1e-9) * (1 / sizes[0] + 1 / sizes[1]))
        change = abs(shares[1] - shares[0])
        if change >= LEAST_SHARE and change > BEYOND_CHANCE * noise:
            made.append(_Share(version, *shares))
    return sorted(made, key=lambda one: (-abs(one.after - one.before), one.after < one.before, one.version))


def _course(series: Floats, weights: Floats, axis: Axis) -> Course | None:
    try:
        return course(series, weights=np.where(np.isfinite(series), weights, 0.0), bucket_hours=axis.bucket_s / 3600,
                      hour_of_week=axis.hour_of_week, among=axis.rows)
    except TooFewRows:
        return None


def _names(titles: Sequence[str], most: int = NAMED_AT_MOST) -> str:
    """`a, b and 2 more`."""
    more = len(titles) - most
    if more > 0:
        return f"{', '.join(titles[:most])} and {more} more"
    return " and ".join(filter(None, (", ".join(titles[:-1]), *titles[-1:])))
