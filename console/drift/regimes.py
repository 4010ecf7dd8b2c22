"""Like an earlier time: the stretches between changes, and which of them a window is like."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from console.drift.ks import MEAN_BY_CHANCE
from console.drift.over_time import Counted
from console.drift.verdict import KOLMOGOROV_99, MIN_ROWS, WATCH_EFFECT, detectable_variation

NEAR = 2
"""Buckets: changes of several columns that lie so near each other are one, and no stretch is shorter."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """An earlier stretch, and how far the window is from it.

    first, last   its buckets, the second not in it
    like          no column lies further than the watch limit, or than chance reaches in 1 of 100 cases in any of them
    distance      of the farthest column, beyond chance; `column` is its place in what was compared
    """

    first: int
    last: int
    like: bool
    distance: float
    column: int


def segments(switches: Sequence[int], buckets: int) -> tuple[tuple[int, int], ...]:
    """Stretches between changes, the second end not in it. Changes near each other are one, at their middle."""
    cuts: list[list[int]] = []
    for at in sorted(switch for switch in switches if 0 < switch < buckets):
        if cuts and at - cuts[-1][0] < NEAR:
            cuts[-1].append(at)
        else:
            cuts.append([at])
    places = [0, *(sorted(cut)[len(cut) // 2] for cut in cuts), buckets]
    return tuple((a, b) for a, b in itertools.pairwise(places) if b - a >= NEAR)


def nearest(columns: Sequence[Counted], earlier: Sequence[tuple[int, int]], first: int, last: int) -> Likeness | None:
    """The stretch that the window of the buckets from `first` to before `last` is most like, of those before it.

    None where nothing earlier ends before the window begins, or rows are too few to compare any column.
    """
    best: Likeness | None = None
    for a, b in earlier:
        end = min(b, first)
        if end - a < NEAR:
            continue
        found = [_apart(column, (a, end), (first, last), len(columns)) for column in columns]
        known = [(number, apart, slack) for number, one in enumerate(found) if one is not None
                 for apart, slack in [one]]
        if not known:
            continue
        number, apart, _ = max(known, key=lambda one: one[1] - max(WATCH_EFFECT, one[2]))
        like = all(each <= max(WATCH_EFFECT, slack) for _, each, slack in known)
        one = Likeness(a, end, like, max(0.0, apart), number)
        if best is None or (one.like, -one.distance) > (best.like, -best.distance):
            best = one
    return best


def _apart(column: Counted, one: tuple[int, int], other: tuple[int, int],
           columns: int) -> tuple[float, float] | None:
    """D or the total variation distance beyond chance, and what chance adds to that in 1 of 100 cases of any column."""
    a, b = (column.counts[slice(*each)].sum(axis=0) for each in (one, other))
    n, m = a.sum(), b.sum()
    if min(n, m) < MIN_ROWS:
        return None
    p, q = a / n, b / m
    if column.ordered:
        widest = float(np.abs(np.cumsum(p - q)).max())
        mean = MEAN_BY_CHANCE * math.sqrt(1 / n + 1 / m)
        most = (KOLMOGOROV_99 + math.log(columns) / 4) * math.sqrt(1 / n + 1 / m)
    else:
        widest = float(np.abs(p - q).sum()) / 2
        pooled = (a + b) / (n + m)
        mean = float(np.sqrt(2 / math.pi * pooled * (1 - pooled) * (1 / n + 1 / m)).sum()) / 2
        most = detectable_variation(int(n), int(m), int(np.count_nonzero(a + b)))
    return widest - mean, max(0.0, most - mean)
