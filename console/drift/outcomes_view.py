"""What the tab Outcomes shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from console.drift.answers import Task
from console.drift.concept import Stratum
from console.drift.label_shift import LabelShift
from console.drift.maturity import Ripeness
from console.drift.result import Floats
from console.drift.view import Verdict
from console.window import Window


@dataclass(frozen=True, slots=True)
class Moved:
    """One of the three: P(X), P(Y), P(Y|X). verdict None: nothing can be said before labels come."""

    what: str                    # P(X)
    name: str                    # inputs
    verdict: Verdict | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Signal:
    """What a detector noticed in the stream of errors.

    at      when it could be known; began: the request from which on it differs
    before, after   means of the stream;  times   alarms in a row: one alone may be chance
    """

    detector: str                # CUSUM | ADWIN
    at: datetime
    began: datetime
    rising: bool
    before: float
    after: float
    times: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of both windows; nan where it is not known. expected: without labels, with its 95 % interval."""

    name: str
    unit: str                    # share | ""
    reference: float
    current: float
    expected: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, eq=False)
class Measure:
    """One number by buckets, over the outcomes that are known: with its 95 % interval, nan where there is none.

    unit    "share", or "" for that of the column
    usual   the same over the whole reference
    """

    name: str                    # error rate, AUC, rate of clicked, mean absolute error
    unit: str
    usual: float
    value: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True, eq=False)
class OutcomeBuckets:
    """Over the time of both windows and between them. Arrays of one length, on the time of the request.

    expected   share with an outcome that the reference had at that age
    measures   what can be drawn, the most telling first
    """

    start_s: Floats
    bucket_s: float
    n: Floats
    n_told: Floats
    expected: Floats
    state: tuple[Ripeness, ...]
    measures: tuple[Measure, ...]


@dataclass(frozen=True, slots=True, eq=False)
class OutcomesView:
    """Answers held against what came true.

    ripe_until      requests from then on are too young; None where the log does not tell when outcomes come
    each            only every so many-th request was read
    verdict         the relation's, else (while labels are missing) the inputs'
    """

    reference: Window | None
    current: Window
    reference_name: str
    current_name: str
    n_reference: int
    n_current: int
    told_reference: int
    told_current: int
    judged_current: int          # of these, old enough to be judged
    task: Task
    answer_name: str
    outcome_name: str
    buckets: OutcomeBuckets
    ripe_until: datetime | None
    usual_wait_s: float
    signals: tuple[Signal, ...]
    figures: tuple[Figure, ...]
    shift: tuple[LabelShift, ...]
    moved: tuple[Moved, Moved, Moved]
    strata: tuple[Stratum, ...]
    strata_names: tuple[str, ...]
    sentence: str
    notes: tuple[str, ...]       # assumptions and what was left out
    verdict: Verdict
    each: int
    command: str
    seconds: float
    relative: bool = False
