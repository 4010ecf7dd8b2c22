"""Partial automation of single requests: answers that the model is unsure of go to a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from console.rollout.outcomes import Floats

THRESHOLDS = tuple(round(0.5 + 0.025 * step, 3) for step in range(21))


@dataclass(frozen=True, slots=True)
class Deferred:
    """One threshold.

    workload    share of requests that go to a person
    error       share of wrong answers among those that do not, of those whose truth is known; nan: none is
    known       how many those are
    """

    threshold: float
    workload: float
    error: float
    known: int


def confidence_of(score: Floats) -> Floats:
    """How sure a probability is of its own side of one half, 0.5 to 1; nan where it is no probability."""
    with np.errstate(invalid="ignore"):
        return np.where((score >= 0) & (score <= 1), np.maximum(score, 1 - score), np.nan)


def deferred(confidence: Floats, wrong: Floats, thresholds: Sequence[float] = THRESHOLDS) -> tuple[Deferred, ...]:
    """Workload and error at each threshold: a request under it goes to a person, and so does one without confidence.

    wrong   1, 0, or nan where the truth is not known
    """
    if not len(confidence):
        return ()
    sure = np.where(np.isnan(confidence), -np.inf, confidence)
    order = np.argsort(sure, kind="stable")
    known = ~np.isnan(wrong[order])
    hits = np.concatenate([[0.0], np.cumsum(np.where(known, wrong[order], 0.0))])
    seen = np.concatenate([[0], np.cumsum(known)])
    found = []
    for threshold in thresholds:
        below = int(np.searchsorted(sure[order], threshold, side="left"))
        n = int(seen[-1] - seen[below])
        error = float(hits[-1] - hits[below]) / n if n else float("nan")
        found.append(Deferred(threshold, below / len(sure), error, n))
    return tuple(found)
