"""What one measurement of a gate found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import nan


class Outcome(StrEnum):
    """What a measurement says."""

    SUCCESSFUL = "successful"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"   # neither condition holds: for a person
    ERROR = "error"                 # it could not be worked out; tried again
    HELD = "held"                   # no or too little data: counts for nothing, and the step waits


class Why(StrEnum):
    """Which of its rules a gate applied; the sentences are made from this and the numbers."""

    NO_DATA = "no_data"
    TOO_FEW = "too_few"
    WITHIN = "within"               # inside the limits, or no harm shown
    BEYOND = "beyond"               # outside, or harm shown
    NO_GAIN = "no_gain"             # of a signal
    GAIN = "gain"
    NEITHER = "neither"             # neither the success nor the failure condition holds
    BROKEN = "broken"               # the condition could not be worked out


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome and the numbers behind it.

    candidate, stable   the metric on both sides since the rollout began, or within the gate's window; nan: none
    n_c, n_s            requests behind them
    statistic, limit    what was compared with what: the verdict turns where they are equal
    turns               how far it is from the other verdict, in the unit that `words` names for the kind of gate
    low, high           interval of the difference, where one was made; nan otherwise
    """

    outcome: Outcome
    why: Why
    candidate: float = nan
    stable: float = nan
    n_c: float = 0.0
    n_s: float = 0.0
    statistic: float = nan
    limit: float = nan
    turns: float = nan
    low: float = nan
    high: float = nan
    detail: str = ""
