"""What the page of answers that go to a person shows: workload and error against the threshold, in curves and words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from console.errors import TooFewRows
from console.rollout.deferral import confidence_of, deferred
from console.rollout.outcomes import Floats
from console.rollout.what_if import wilson

STEPS = 200
LEAST_ROWS = 50
MOST_WRONG = 0.9
"""Answers that differ from the outcome more often than this are scores, and no classes to compare with it."""


@dataclass(frozen=True, slots=True)
class DeferralView:
    """Shape (thresholds,) each.

    thresholds      of confidence, rising; at each, what lies below goes to a person
    to_person       share of the requests, 0 to 1
    wrong           share of errors among the rest, of those whose outcome is known; NaN where none is left
    low, high       its 95 % interval (Wilson)
    requests, known how many, and of how many the outcome is known
    """

    thresholds: Floats
    to_person: Floats
    wrong: Floats
    low: Floats
    high: Floats
    requests: int
    known: int

    def threshold_for(self, share: float) -> float:
        """The threshold that sends about this share of the requests to a person, 0 to 1."""
        return float(self.thresholds[int(np.argmin(np.abs(self.to_person - share)))])

    def said(self, threshold: float) -> str:
        """What a threshold means, in a sentence."""
        at = int(np.argmin(np.abs(self.thresholds - threshold)))
        share = self.to_person[at]
        told = f"Below a confidence of {self.thresholds[at]:.3g}, {share * 100:.3g} % of the answers go to a person " \
               f"({round(share * self.requests):,} of {self.requests:,})"
        if not np.isfinite(self.wrong[at]):
            return told + ("; no outcome is known." if not self.known else "; of the others no outcome is known.")
        wrong, low, high, all_ = (f"{value * 100:.3g}" for value in (self.wrong[at], self.low[at], self.high[at],
                                                                     self.wrong[0]))
        return told + f"; of the others {wrong} % are wrong ({low} to {high} %), of all {all_} %."


def wrong_of(score: Floats, wrong: Floats | None, happened: Floats | None) -> Floats:
    """Shape of `score`: 1 where the answer was wrong, NaN where that is not known.

    wrong       answers that differ from the label; not of use where the answer is a score
    happened    1 where what the score is the probability of came true, as a click
    """
    for told in (wrong, None if happened is None else (score >= 0.5) != (happened > 0)):
        if told is None:
            continue
        found = np.where(np.isfinite(score), told, np.nan)
        if happened is not None and told is not wrong:
            found = np.where(np.isfinite(happened), found, np.nan)
        known = found[np.isfinite(found)]
        if len(known) and (told is not wrong or float(known.mean()) <= MOST_WRONG):
            return np.asarray(found, np.float64)
    return np.full(len(score), np.nan)


def deferral_view(score: Floats, wrong: Floats) -> DeferralView:
    """The curve over all thresholds. Raises TooFewRows when fewer than LEAST_ROWS scores are probabilities."""
    confidence = confidence_of(score)
    there = confidence[np.isfinite(confidence)]
    if len(there) < LEAST_ROWS:
        raise TooFewRows(f"{len(there):,} answers have a score from 0 to 1", do="Name the column of the score")
    thresholds = np.linspace(float(there.min()), float(there.max()), STEPS)
    found = deferred(confidence, wrong, thresholds.tolist())
    spans = [wilson(round(one.error * one.known), one.known) if one.known else (np.nan, np.nan) for one in found]
    return DeferralView(thresholds, np.array([one.workload for one in found]), np.array([one.error for one in found]),
                        np.array([each[0] for each in spans]), np.array([each[1] for each in spans]), len(confidence),
                        found[0].known)
