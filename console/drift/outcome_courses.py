"""Outcomes over time: their rate, their rate at the same score, and how well the score still puts them in order."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from console.drift.over_time import Flags, Rates
from console.drift.result import NAN, Floats
from console.drift.verdict import MIN_ROWS

SCORE_BINS = 32
"""Quantile bins of the reference's scores: fine enough for the order, and wide enough for a rate."""
LEAST_EACH = 10
"""Outcomes of each kind in a bucket, or their order says nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """Outcomes of yes and no by bucket and bin of the score: shape (buckets, bins); those of the reference (bins,).

    inside   shape (buckets,), as in Counted
    """

    n: Floats
    hits: Floats
    reference_n: Floats
    reference_hits: Floats
    inside: Flags

    @property
    def others_n(self) -> Floats:
        """Of the reference without the bucket itself."""
        rest: Floats = self.reference_n - np.where(self.inside[:, None], self.n, 0.0)
        return rest

    @property
    def others_hits(self) -> Floats:
        """Likewise."""
        rest: Floats = self.reference_hits - np.where(self.inside[:, None], self.hits, 0.0)
        return rest


def relation(told: Told) -> Rates:
    """The share of hits less what the reference's bins lead to expect at these scores: P(Y|X) in one direction.

    Quiet while only the mix of scores moves. NaN with fewer than 30 outcomes.
    """
    rest = told.others_n
    shares = told.others_hits / np.maximum(rest, 1)
    usable = rest > 0
    n = np.where(usable, told.n, 0.0)
    total = n.sum(axis=1)
    known = (total >= MIN_ROWS) & (rest.sum(axis=1) >= MIN_ROWS)
    many = np.maximum(total, 1)
    effect = (np.where(usable, told.hits, 0.0).sum(axis=1) - (n * shares).sum(axis=1)) / many
    pooled = (told.hits + told.others_hits) / np.maximum(told.n + rest, 1)
    spread = np.sqrt((n * pooled * (1 - pooled) * (1 + n / np.maximum(rest, 1))).sum(axis=1)) / many
    p = _two_sided(effect, spread)
    return Rates(np.where(known, effect, NAN), np.where(known, total, 0.0), np.where(known, p, NAN), 0.0,
                 np.where(known, np.where(usable, told.hits, 0.0).sum(axis=1), 0.0))


def ranking(told: Told) -> Rates:
    """AUC of the score in each bucket less that of the reference; NaN with fewer than 10 hits or misses.

    The spread is that of J. A. Hanley and B. J. McNeil, Radiology 143 (1982), 29-36.
    """
    misses, rest_misses = told.n - told.hits, told.others_n - told.others_hits
    area, deviation = _auc(told.hits, misses)
    rest, rest_deviation = _auc(told.others_hits, rest_misses)
    known = np.minimum(told.hits.sum(axis=1), misses.sum(axis=1)) >= LEAST_EACH
    known &= np.minimum(told.others_hits.sum(axis=1), rest_misses.sum(axis=1)) >= LEAST_EACH
    effect = area - rest
    p = _two_sided(effect, np.hypot(deviation, rest_deviation))
    whole, _ = _auc(told.reference_hits[None, :], (told.reference_n - told.reference_hits)[None, :])
    return Rates(np.where(known, effect, NAN), np.where(known, told.hits.sum(axis=1), 0.0), np.where(known, p, NAN),
                 float(whole[0]))


def _auc(hits: Floats, misses: Floats) -> tuple[Floats, Floats]:
    a, b = hits.sum(axis=1), misses.sum(axis=1)
    below = np.cumsum(misses, axis=1) - misses
    area = (hits * (below + misses / 2)).sum(axis=1) / np.maximum(a * b, 1)
    q, r = area / (2 - area), 2 * area**2 / (1 + area)
    square = (area * (1 - area) + (a - 1) * (q - area**2) + (b - 1) * (r - area**2)) / np.maximum(a * b, 1)
    return area, np.sqrt(np.maximum(square, 0.0))


def _two_sided(effect: Floats, spread: Floats) -> Floats:
    return np.array([math.erfc(abs(one) / deviation / math.sqrt(2)) if deviation > 0 else 1.0
                     for one, deviation in zip(effect, spread, strict=True)])
