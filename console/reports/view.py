"""An incident, and the document written from it.

All formats are written from one `ReportView`, so they cannot differ. Facts come from the log, words from people: all
that people said stands in `Incident` (title to actions), all that was counted in the other fields of `ReportView`. What
is not known is None, nan, "" or an empty tuple, and is told as "not recorded"; nothing here is a guess.

Every number names its SQL. It asks `incident_rows` and nothing else: the rows of the two windows, as the room `store`
defines them and `ReportView.rows_sql` selects them. So it gives the same number wherever these rows are put under that
name, as in the evidence of a report.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from console.drift.view import DriftView
from console.metrics.view import ChartView
from console.window import Window

if TYPE_CHECKING:
    from console.changes.view import ChangesView
    from console.reports.results import Result

NAN = math.nan
SEGMENTS_BY = "Segments by"
"""What the query of a table of segments is called, before the name of its column."""

SEVERITIES = ("unset", "low", "medium", "high", "critical")
STATUSES = ("draft", "open", "resolved", "reviewed", "final")
CLOSED = ("resolved", "final")
"""Of a status: reopening makes it `open` again."""


# ---- times -----------------------------------------------------------------------------------------------------


class Method(StrEnum):
    """How a moment is known."""

    DATA = "data"            # seen in the numbers of the log; `source` says in which, and how
    RULE = "rule"            # an alarm rule fired then
    PERSON = "person"        # somebody did it in the program then: acknowledged an alarm
    TYPED = "typed"          # somebody wrote it down
    NONE = "not recorded"


class Moment(StrEnum):
    """The moments of an incident, in their order."""

    ONSET = "onset"
    DETECTED = "detected"
    ACKNOWLEDGED = "acknowledged"
    MITIGATED = "mitigated"
    RECOVERED = "recovered"


@dataclass(frozen=True, slots=True)
class Milestone:
    """One moment. at None: not recorded, and `source` says why.

    source             one sentence: "Error rate left its usual way (change point, buckets of 10 s)"
    earliest, latest   where the moment is known to lie (about 95 %); None where it is exact
    """

    name: Moment
    at: datetime | None = None
    method: Method = Method.NONE
    source: str = ""
    earliest: datetime | None = None
    latest: datetime | None = None


NO_MILESTONES = tuple(Milestone(name) for name in Moment)


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds between moments; None where one of the two is not recorded."""

    detect_s: float | None = None            # TTD: onset to detected
    acknowledge_s: float | None = None       # TTA: detected to acknowledged
    mitigate_s: float | None = None          # TTM: onset to mitigated
    recover_s: float | None = None           # TTR: onset to recovered


# ---- what people say -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Note:
    """Something that somebody wrote down about a moment; it stands in the timeline."""

    at: datetime
    by: str
    text: str


class ActionKind(StrEnum):
    """What an action is for."""

    PREVENT = "prevent"
    DETECT = "detect"
    MITIGATE = "mitigate"


@dataclass(frozen=True, slots=True)
class ActionItem:
    """What is to be done, by whom, until when. due: a day, "2026-03-09", or ""."""

    action: str
    kind: ActionKind = ActionKind.PREVENT
    owner: str = ""
    due: str = ""
    link: str = ""
    done: bool = False


@dataclass(frozen=True, slots=True)
class Lessons:
    """Words by people; "" and () are left as prompts, marked "to fill in"."""

    trigger: str = ""                        # what set it off
    factors: tuple[str, ...] = ()            # contributing factors: not one root cause, and nobody's name
    well: str = ""                           # what went well
    badly: str = ""
    lucky: str = ""                          # where we were lucky
    detection: str = ""                      # how it could have been seen sooner
    resolution: str = ""                     # what ended it


NO_LESSONS = Lessons()


# ---- what is attached ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AttachedAlarm:
    """One time that a rule fired in the window, as text and moments. start: fired; end None: fires still.

    acknowledged   when somebody said so, in the time of clocks; None when nobody did
    """

    rule: str
    labels: str                              # "host serve-1"
    severity: str                            # page | ticket | info
    metric: str
    since: datetime                          # pending from then on
    start: datetime
    end: datetime | None
    peak: str                                # with its unit
    threshold: str                           # "above 250 ms for 5m"
    sentence: str
    ended: str = ""
    acknowledged: datetime | None = None
    said: str = ""                           # with the acknowledgement
    silenced: str = ""                       # the reason of a silence that held


@dataclass(frozen=True, slots=True)
class AttachedChange:
    """One line of "what changed since", as `console.changes.view.ChangeRow` has it; title: what it is about."""

    kind: str
    title: str
    sentence: str
    onset: datetime
    earliest: datetime
    latest: datetime
    ended: datetime | None = None
    segment: str = ""
    weak: bool = False
    why_weak: str = ""
    chart: str = ""
    column: str = ""
    metric: str = ""


@dataclass(frozen=True, slots=True)
class AttachedDrift:
    """One column that moved between reference and window. verdict: alarm | watch."""

    column: str
    kind: str                                # numeric | categorical | missing
    verdict: str
    sentence: str


@dataclass(frozen=True, slots=True)
class AttachedResult:
    """What somebody attached, kept as it was seen: see `console.reports.results`. made: a real time."""

    result_id: str
    kind: str                                # of ResultKind
    title: str
    made: datetime
    sentence: str


@dataclass(frozen=True, slots=True)
class RolloutEvent:
    """What a ramp did: a step, an abort, a rollback."""

    at: datetime
    event: str
    by: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Incident:
    """A window with what was found in it and what people said about it.

    made_from  alarm | window | changes | rollback | command
    asked      the window as it was pointed at, where the search begins; `window` is that, or fitted to what was found
    reference_chosen   somebody chose the reference; else it is the time before what was found to be the onset
    looked     when the log was last searched for alarms, changes, drift and moments; None: not yet
    """

    incident_id: str             # "INC-20260302-1000-a1b2"
    title: str
    window: Window
    reference: Window
    created: datetime
    notes: str = ""              # prose, as it was typed
    severity: str = "unset"      # of SEVERITIES
    status: str = "draft"        # of STATUSES
    relative: bool = False       # the log's times count from a start that it does not name; `created` is a real time
    service: str = ""
    authors: tuple[str, ...] = ()
    milestones: tuple[Milestone, ...] = NO_MILESTONES       # one of each Moment, in order
    lessons: Lessons = NO_LESSONS
    log: tuple[Note, ...] = ()
    actions: tuple[ActionItem, ...] = ()
    made_from: str = "window"
    asked: Window | None = None
    reference_chosen: bool = False
    looked: datetime | None = None
    alarms: tuple[AttachedAlarm, ...] = ()
    changes: tuple[AttachedChange, ...] = ()
    drift: tuple[AttachedDrift, ...] = ()
    rollout: tuple[RolloutEvent, ...] = ()
    results: tuple[AttachedResult, ...] = ()                # by people: an edit like their words

    def milestone(self, name: Moment) -> Milestone:
        """That one; not recorded where there is none."""
        return next((one for one in self.milestones if one.name is name), Milestone(name))

    @property
    def times(self) -> Times:
        """Seconds between its moments."""
        at = {one.name: one.at for one in self.milestones}

        def between(first: Moment, last: Moment) -> float | None:
            begun, ended = at.get(first), at.get(last)
            return None if begun is None or ended is None else (ended - begun).total_seconds()

        return Times(between(Moment.ONSET, Moment.DETECTED), between(Moment.DETECTED, Moment.ACKNOWLEDGED),
                     between(Moment.ONSET, Moment.MITIGATED), between(Moment.ONSET, Moment.RECOVERED))


# ---- what was counted ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Impact:
    """One number before and during the incident.

    *_low, *_high    95 % interval, by `interval` ("Wilson", "order statistics", "normal"); nan where none is known
    difference_*     of during - before, by `difference` ("Newcombe", "Welch")
    hits_*           of a share: the numerator; None where it is no share counted from rows
    sql              one query over `incident_rows` that gives during and n_during; the same with the other window gives
                     before and n_before. "" where the number comes from rollups, and then `command` gives it
    """

    metric: str
    title: str
    unit: str
    before: float                # nan: not known
    during: float
    peak: float
    peak_at: datetime | None
    n_before: int
    n_during: int
    sentence: str
    worse: bool | None           # None: neither better nor worse, or too little data
    before_low: float = NAN
    before_high: float = NAN
    during_low: float = NAN
    during_high: float = NAN
    interval: str = ""
    difference_low: float = NAN
    difference_high: float = NAN
    difference: str = ""
    hits_before: int | None = None
    hits_during: int | None = None
    sql: str = ""
    sql_before: str = ""
    command: str = ""
    peak_bucket_s: int = 0       # the peak is that of a bucket so long


@dataclass(frozen=True, slots=True)
class Affected:
    """Requests of the window that one kind of harm befell, and the users who made them.

    what       failed | no_prediction | slow | missing:COLUMN | any
    title      "Failed", "No prediction", "Slower than 312 ms", "Without `price`", "Any of these"
    meaning    the condition in words
    share_*    of the window's requests, Wilson 95 %
    base_*     the same in the reference
    excess     requests beyond what the reference's share would have given; its interval is Newcombe's times n
    users      who made at least one such request; None where the log names no users
    """

    what: str
    title: str
    meaning: str
    requests: int
    of_requests: int
    share: float
    share_low: float
    share_high: float
    base_requests: int
    base_of: int
    base_share: float
    base_low: float
    base_high: float
    excess: float
    excess_low: float
    excess_high: float
    users: int | None = None
    of_users: int | None = None
    users_share: float = NAN
    users_low: float = NAN
    users_high: float = NAN
    sentence: str = ""
    sql: str = ""
    sql_before: str = ""


@dataclass(frozen=True, slots=True)
class Segment:
    """A value of model version, host or a categorical column, and how it fared in the window.

    hit        requests affected beyond what the reference gives (of the segment itself, else of all); segments are
               in the order of it
    affected   share of its requests that any harm befell, with Wilson's interval; base: in the reference
    new        not seen in the reference
    """

    column: str
    value: str
    requests: int
    failed_share: float
    latency_p95: float
    null_share: float
    ctr: float
    affected: int = 0
    affected_share: float = NAN
    affected_low: float = NAN
    affected_high: float = NAN
    base_requests: int = 0
    base_share: float = NAN
    base_failed_share: float = NAN
    base_latency_p95: float = NAN
    base_null_share: float = NAN
    base_ctr: float = NAN
    hit: float = NAN
    new: bool = False
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class Budget:
    """An objective, and how much of its error budget the incident used.

    bad, total      of the window
    expected        events of the whole period: counted where the log covers it, else from its rate (`assumed`)
    used            bad / ((1 - objective) * expected): the share of the whole period's budget
    burn            how many times too fast, over the window
    """

    rule: str
    metric: str
    objective: float
    period_s: int
    bad: int
    total: int
    expected: float
    assumed: bool
    used: float
    burn: float
    sentence: str
    sql: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """One chart of the report, with the command and SQL that give its numbers."""

    chart: ChartView
    command: str
    alt: str                     # one sentence for those who cannot see it
    thresholds: tuple[tuple[float, str], ...] = ()            # level in the chart's unit, "rule: above 250 ms"
    firing: tuple[tuple[Window, str], ...] = ()               # when a rule on this chart fired, its name
    pending: tuple[tuple[Window, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ExampleRow:
    """A request of the window, as it stands in the log. cells: column and value, both text from the log."""

    at: datetime
    file: str                    # within the log folder
    line: int | None             # counted from 1; None where the file has no lines: then `record` is its number
    record: int
    why: str                     # "failed, slower than 312 ms"
    cells: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class QuarantinedLine:
    """A record that could not be read."""

    file: str
    line: int
    reason: str
    raw: str


@dataclass(frozen=True, slots=True)
class Quarantined:
    """Of the files that hold rows of the two windows: how many records could not be read, and why."""

    count: int = 0
    of: int = 0                                               # records read of these files
    reasons: tuple[tuple[str, int], ...] = ()
    samples: tuple[QuarantinedLine, ...] = ()


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file with rows of the two windows. sha256 "": not computed, and `why_not` says why."""

    path: str                    # within the log folder
    size: int
    records: int
    sha256: str = ""
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A model version that answered in the window; first and last seen in the whole log."""

    name: str
    requests: int
    requests_before: int         # in the reference
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Redaction:
    """A column whose values were taken out before writing. how: of `redaction.How`, "pseudonym" or "masked"."""

    column: str
    how: str
    why: str


@dataclass(frozen=True, slots=True)
class ReportView:
    """Everything that the document says.

    impacts, affected, segments, budgets   facts about the two windows, in the order in which they are told
    drift, changes                         whole, as their places show them
    timeline                               when, what, source: the moments, alarms, changes, marks, notes, in order
    rules                                  the alarm rules as a `pilothouse.toml` says them, for the evidence
    redacted                               filled by who redacts
    """

    incident: Incident
    folder: str                  # its name, not its path
    generated: datetime
    program: str                 # "Pilothouse 0.1.0"
    summary: tuple[str, ...]     # three sentences
    requests: int
    users: int | None
    impacts: tuple[Impact, ...]
    segments: tuple[Segment, ...]
    figures: tuple[Figure, ...]
    drift: DriftView | None
    timeline: tuple[tuple[datetime, str, str], ...]       # when, what, source
    data_quality: tuple[str, ...]
    reproduce: tuple[tuple[str, str], ...]                # what, command
    queries: tuple[tuple[str, str], ...]                  # what, SQL
    requests_before: int = 0
    users_before: int | None = None
    affected: tuple[Affected, ...] = ()
    affected_means: str = ""                              # what counts as affected, in one sentence
    budgets: tuple[Budget, ...] = ()
    no_budget: str = ""                                   # why there is none
    changes: ChangesView | None = None
    changes_problem: str = ""
    examples: tuple[ExampleRow, ...] = ()
    quarantined: Quarantined = field(default_factory=Quarantined)
    versions: tuple[ModelVersion, ...] = ()
    inputs: tuple[InputFile, ...] = ()
    rules: str = ""
    rules_sha256: str = ""
    redacted: tuple[Redaction, ...] = ()
    rows_sql: str = ""                                    # what `incident_rows` is selected by, from a workspace
    drift_sql: tuple[str, ...] = ()                       # goes with `drift.columns`, over the raw rows; "" for none
    results: tuple[Result, ...] = ()                      # attached to the incident, as they were seen

    @property
    def times(self) -> Times:
        """Seconds between the incident's moments."""
        return self.incident.times


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """One line of the list in the place Incidents."""

    incident_id: str
    title: str
    window: Window
    created: datetime
    status: str
    summary: str
    relative: bool = False
    severity: str = "unset"
    open_actions: int = 0
    words: str = ""              # all its text in lower case, for the filter
