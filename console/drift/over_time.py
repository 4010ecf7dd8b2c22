"""Counts per bucket against those of a reference: distances over time, and the series that tells the kind of change."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from console.drift.bins import quantile_cuts
from console.drift.columns import few_values
from console.drift.ks import beyond_chance, limit_p
from console.drift.result import NAN, Floats
from console.drift.verdict import MIN_ROWS

BINS = 256
"""Quantile bins of the reference: D is read at their edges, and is at most a 256th too small."""

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """A column counted per bucket of time.

    counts      shape (buckets, bins), of values that are not missing
    reference   shape (bins,)
    ordered     bins are in rising order; otherwise each is a value, and the last all others
    inside      shape (buckets,): the bucket is a part of the reference, and is compared with the rest of it
    """

    counts: Floats
    reference: Floats
    ordered: bool
    inside: Flags


@dataclass(frozen=True, slots=True, eq=False)
class Distances:
    """Per bucket; shape (buckets,) each. NaN with fewer than 30 values.

    effect   D, or the total variation distance, less what chance gives
    leaning  the share of rows on one side of the cut where the column moved most (or among the values that gained most)
             less that of the reference. It is linear in what is mixed in, and chance leaves it 0 on average: a slope
             begins where it begins, and a season is one
    n        values
    p        of the distance
    """

    effect: Floats
    leaning: Floats
    n: Floats
    p: Floats


def number_cuts(reference: Floats) -> tuple[Floats, bool]:
    """The cuts that a column of numbers is counted by, and whether its bins are ordered.

    reference   rising, without NaN. Whole numbers of at most 20 values are counted value by value, as in the tests of
                two windows; what is none of them falls in the bins between.
    """
    few = few_values(reference)
    if few is not None and all(value.is_integer() for value in few):
        values = np.array(sorted(few), dtype=np.float64)
        return np.unique(np.concatenate([values, np.nextafter(values, np.inf)])), False
    return quantile_cuts(reference, BINS), True


def distances(column: Counted) -> Distances:
    """How far each bucket lies from the reference."""
    counts = column.counts
    n = counts.sum(axis=1)
    reference = column.reference[None, :] - np.where(column.inside[:, None], counts, 0.0)
    m = reference.sum(axis=1)
    known = (n >= MIN_ROWS) & (m >= MIN_ROWS)
    q, p = counts / np.maximum(n, 1)[:, None], reference / np.maximum(m, 1)[:, None]
    weight = np.where(known, n, 0.0)
    if column.ordered:
        gaps = np.cumsum(q - p, axis=1)[:, :-1]
        if not gaps.shape[1]:
            gaps = np.zeros((len(n), 1))
        widest = np.abs(gaps).max(axis=1)
        at = int(np.argmax((weight[:, None] * gaps**2).sum(axis=0)))
        leaning = -gaps[:, at]
        effect = np.array([beyond_chance(d, int(a), int(b)) if ok else NAN
                           for d, a, b, ok in zip(widest, m, n, known, strict=True)])
        chances = np.array([limit_p(d, int(a), int(b)) if ok else NAN
                            for d, a, b, ok in zip(widest, m, n, known, strict=True)])
    else:
        widest = np.abs(q - p).sum(axis=1) / 2
        pooled = (counts + reference) / np.maximum(n + m, 1)[:, None]
        spread = pooled * (1 - pooled) * (1 / np.maximum(n, 1) + 1 / np.maximum(m, 1))[:, None]
        effect = np.where(known, widest - np.sqrt(2 / math.pi * spread).sum(axis=1) / 2, NAN)
        leaning = _gained(q - p, weight)
        chances = np.where(known, _chi_square(counts, reference), NAN)
    return Distances(effect, np.where(known, leaning, NAN), n, chances)


def _gained(change: Floats, weight: Floats) -> Floats:
    """The share of the values that gain when the column moves as it mostly does."""
    scaled = np.sqrt(weight)[:, None] * change
    _, vectors = np.linalg.eigh(scaled.T @ scaled)
    gaining = vectors[:, -1] > 0
    leaning: Floats = change[:, gaining].sum(axis=1)
    return leaning if float(np.dot(weight, leaning)) >= 0 else -leaning


def _chi_square(counts: Floats, reference: Floats) -> Floats:
    """p of the 2 x k table of each bucket, values expected under 5 times taken together."""
    from scipy.special import chdtrc

    found = np.ones(len(counts))
    for number, (a, b) in enumerate(zip(reference, counts, strict=True)):
        n, m = a.sum(), b.sum()
        if not n or not m:
            continue
        expected = (a + b) * min(n, m) / (n + m)
        rare = expected < 5
        x, y = np.append(a[~rare], a[rare].sum()), np.append(b[~rare], b[rare].sum())
        filled = x + y > 0
        x, y = x[filled], y[filled]
        if len(x) > 1:
            found[number] = chdtrc(len(x) - 1, float(np.sum((x * m - y * n) ** 2 / (n * m * (x + y)))))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Rates:
    """Shares per bucket, less the reference's; shape (buckets,) each. NaN with fewer than 30.

    hits   what the shares are of `n`; None where they are no plain shares
    """

    effect: Floats
    n: Floats
    p: Floats
    reference: float
    hits: Floats | None = None


def rates(hits: Floats, n: Floats, reference_hits: float, reference_n: float, inside: Flags) -> Rates:
    """How far a share lies from the reference's in each bucket; one inside the reference from the rest of it."""
    rest_hits = reference_hits - np.where(inside, hits, 0.0)
    rest = reference_n - np.where(inside, n, 0.0)
    known = (n >= MIN_ROWS) & (rest >= MIN_ROWS)
    many, most = np.maximum(n, 1), np.maximum(rest, 1)
    effect = hits / many - rest_hits / most
    pooled = (hits + rest_hits) / (many + most)
    spread = np.sqrt(np.maximum(pooled * (1 - pooled), 1 / most) * (1 / many + 1 / most))
    z = np.abs(effect) / spread
    p = np.array([math.erfc(one / math.sqrt(2)) for one in z])
    return Rates(np.where(known, effect, NAN), np.where(known, n, 0.0), np.where(known, p, NAN),
                 float(reference_hits / reference_n) if reference_n else NAN, np.where(known, hits, 0.0))
