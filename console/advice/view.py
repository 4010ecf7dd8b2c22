"""What advice shows: a change and what it was, answers side by side since then, and ways to train again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from console.advice.shock import ChangeCause, Shock
from console.drift.course_view import CourseView
from console.drift.result import NAN, Floats
from console.window import Window

HOUR_S = 3600.0
CAUSES = {ChangeCause.SHOCK: "a shock", ChangeCause.DEPLOYMENT: "a deployment", ChangeCause.SCHEMA: "a schema change",
          ChangeCause.PIPELINE: "a fault of a data pipeline", ChangeCause.SEASON: "a season",
          ChangeCause.CONCEPT: "concept drift", ChangeCause.GRADUAL: "gradual drift", ChangeCause.NONE: "nothing"}
"""As words in a sentence."""


@dataclass(frozen=True, slots=True)
class CostsUsed:
    """What was reckoned with. `unit` names what a cost of 1 is; `sentence` says all of it, with what was not set.

    false_positive, false_negative   of a yes-or-no answer;  pause   of a request without an answer
    threshold   from which score on the answer is yes; nan where answers are no scores
    """

    kind: str                    # yes_no | classes | amounts
    false_positive: float
    false_negative: float
    pause: float
    threshold: float
    unit: str
    sentence: str


@dataclass(frozen=True, slots=True, eq=False)
class CostLine:
    """One thing that could have answered since the shock.

    name               model | pause | constant | stump | shadow | version | expression
    costs, low, high   shape (buckets,), per hour, with 95 % intervals; NaN where no outcome is known
    mean and so on     per hour over all of the time;  difference: to the model as logged, negative is cheaper
    n                  requests whose outcome is known
    """

    name: str
    title: str
    costs: Floats
    low: Floats
    high: Floats
    mean: float
    mean_low: float
    mean_high: float
    difference: float
    difference_low: float
    difference_high: float
    n: int
    sentence: str


@dataclass(frozen=True, slots=True, eq=False)
class ResponseView:
    """The model as logged, a pause, and heuristics, by buckets since the shock.

    recommended   a line's name; `distinguishable` whether it differs from the model beyond chance
    switch_back   from when on the model is no worse again; None where that time has not come, or was never left
    """

    starts_s: Floats
    bucket_s: float
    lines: tuple[CostLine, ...]
    recommended: str
    distinguishable: bool
    sentence: str
    switch_back: datetime | None
    switch_sentence: str
    costs: CostsUsed
    requests: int

    def so_far(self, line: CostLine) -> Floats:
        """What that line cost beside the model from the change to the end of each bucket, summed; shape (buckets,).
        Buckets in which either is not known count nothing."""
        beside = (line.costs - self.lines[0].costs) * self.bucket_s / HOUR_S
        summed: Floats = np.cumsum(np.where(np.isfinite(beside), beside, 0.0))
        return summed


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """A model trained at a time, and how it did on the requests up to the next one.

    at          when it was trained;  hours: since the shock
    labels      outcomes that had come of requests since the shock;  trained_on: rows that it learned from
    n           requests that it is judged on
    loss, low, high   with a 95 % interval (see BacktestView.loss)
    against_old, and its interval   loss less that of the model as logged on the same requests; nan without
    accuracy    share of right answers; of amounts nan
    against_all, and its interval   likewise, less that of a model trained on all data
    """

    at: datetime
    hours: float
    labels: int
    trained_on: int
    n: int
    loss: float
    low: float
    high: float
    against_old: float
    against_old_low: float
    against_old_high: float
    accuracy: float
    against_all: float = NAN
    against_all_low: float = NAN
    against_all_high: float = NAN


@dataclass(frozen=True, slots=True)
class StrategyCurve:
    """One way to train again.

    beats_old, beats_heuristic, beats_all   how many outcomes since the shock it took until it was surely better than
                                            the model as logged, the heuristic, and a model trained on all data, and
                                            stayed so; None where it has not happened
    """

    name: str
    title: str
    points: tuple[CurvePoint, ...]
    beats_old: int | None
    beats_heuristic: int | None
    sentence: str
    beats_all: int | None = None

    @property
    def verdict(self) -> str:
        """How it stands now to the model as logged, in words; "" for that model itself."""
        if not self.points:
            return "too few outcomes"
        last = self.points[-1]
        if last.against_old != last.against_old or last.against_old_low == last.against_old_high == 0:
            return ""
        if last.against_old_high < 0:
            return "better than the model" if self.beats_old is not None else "better by too little to matter"
        if last.against_old_low > 0:
            return "worse than the model"
        return "not distinguishable yet" if self.beats_old is None else "not sure at the last step"


@dataclass(frozen=True, slots=True)
class Decision:
    """What was to be chosen at a time, from outcomes that had come by then.

    strategy   "" where none could be told from the others yet;  leading: the one with the least loss
    ranked     ways to train again, the better first: before "all" stand those that are surely better than all data,
               after it those that cannot be told from it, then those that are surely worse; empty where too few
               outcomes had come
    """

    at: datetime
    strategy: str
    leading: str
    sentence: str
    ranked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BacktestView:
    """Ways to train again, and which to choose now. `loss` names the measure; less is better."""

    loss: str
    strategies: tuple[StrategyCurve, ...]
    decisions: tuple[Decision, ...]
    chosen: str
    sentence: str
    sampling: str
    labels: int


@dataclass(frozen=True, slots=True, eq=False)
class ShockView:
    """What changed at once, and what speaks for and against each thing that it may have been.

    asked      the moment that was asked about; None where it was looked for
    at         what the other questions are about: that moment, or the onset; None where there is neither
    courses    over time: what changed at once, or else what moved at all; and the traffic
    at_once    whether the former
    calendar   how many known events the folder names
    reference, current   before and since the moment
    """

    asked: datetime | None
    at: datetime | None
    shock: Shock
    courses: CourseView
    at_once: bool
    calendar: int
    sentence: str
    notes: tuple[str, ...]
    reference: Window | None
    current: Window | None
    relative: bool
    command: str
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class ResponseAnswer:
    """What could have answered since a moment. `response` is None where that cannot be told; `notes` say why.

    fallback    the user's expression that is among the lines; "" for none
    untrusted   an expression of the folder that is not run
    """

    at: datetime
    response: ResponseView | None
    fallback: str
    untrusted: str
    notes: tuple[str, ...]
    reference: Window | None
    current: Window | None
    relative: bool
    command: str
    seconds: float

    @property
    def sentence(self) -> str:
        """What to do, or why that cannot be said."""
        return self.response.sentence if self.response is not None else " ".join(self.notes)

    @property
    def whole(self) -> int:
        """How many buckets the log covers whole: what the last one cost an hour would be too little."""
        if self.response is None or self.current is None:
            return 0
        return int(np.count_nonzero(self.response.starts_s + self.response.bucket_s <= self.current.end_s + 1e-6))


@dataclass(frozen=True, slots=True, eq=False)
class TrainingAnswer:
    """Ways to train again since a moment. `backtest` is None where there is nothing to learn from; `notes` say why."""

    at: datetime
    backtest: BacktestView | None
    notes: tuple[str, ...]
    reference: Window | None
    current: Window | None
    relative: bool
    command: str
    seconds: float

    @property
    def sentence(self) -> str:
        """What to choose now, or why that cannot be said."""
        return self.backtest.sentence if self.backtest is not None else " ".join(self.notes)


@dataclass(frozen=True, slots=True, eq=False)
class AdviceView:
    """All of the advice for one change.

    at        the moment that it is about: the one asked for, or the onset that was found; None for none
    response, backtest   None where outcomes are missing, or nothing happened; `notes` say why
    """

    at: datetime | None
    shock: Shock
    response: ResponseView | None
    backtest: BacktestView | None
    sentence: str
    notes: tuple[str, ...]
    relative: bool
    command: str
    seconds: float
