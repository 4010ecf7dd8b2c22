"""Whether the outcomes of a bucket are all there yet, by what the reference's share was at the same age."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from console.drift.result import NAN, Floats

WAITED = 0.9
"""A bucket is old enough when so much of the reference's share had come at its age."""
MATURE = 0.9
"""From so much of the share that the reference had at the same age on, a bucket counts: less is a hole."""


class Ripeness(StrEnum):
    """Of one bucket."""

    MATURE = "mature"
    YOUNG = "young"         # its outcomes cannot have come yet
    HOLE = "hole"           # they should have come and did not
    EMPTY = "empty"         # nothing was asked


@dataclass(frozen=True, slots=True, eq=False)
class Maturity:
    """Bucket by bucket.

    n, n_told   requests, and those whose outcome is known
    expected    share that the reference had at the age of the bucket's end
    state       what becomes of it
    """

    n: Floats
    n_told: Floats
    expected: Floats
    state: tuple[Ripeness, ...]

    @property
    def counts(self) -> NDArray[np.bool_]:
        """Buckets whose outcomes may be judged."""
        return np.array([state is Ripeness.MATURE for state in self.state], dtype=bool)


@dataclass(frozen=True, slots=True, eq=False)
class Waits:
    """How outcomes came in the reference.

    share   of its requests with an outcome in the end
    waits   seconds from request to outcome in rising order; empty where the log does not tell
    until_s up to when outcomes are known; nan where the log does not tell
    """

    share: float
    waits: Floats
    until_s: float

    @property
    def usual_s(self) -> float:
        """Within which 90 % of them came; 0 where the log does not tell."""
        return float(np.quantile(self.waits, WAITED, method="higher")) if len(self.waits) else 0.0

    @property
    def told(self) -> bool:
        """Whether ages can be told at all."""
        return bool(len(self.waits)) and not np.isnan(self.until_s)

    @property
    def ripe_until_s(self) -> float:
        """Requests before then are old enough; inf where the log does not tell."""
        return self.until_s - self.usual_s if self.told else float("inf")

    def expected(self, age_s: Floats) -> Floats:
        """Share of the requests whose outcome had come at that age."""
        if not self.told:
            return np.full(len(age_s), self.share)
        return self.share * np.searchsorted(self.waits, age_s, side="right") / len(self.waits)


def waits_of(at_s: Floats, told_s: Floats, known: NDArray[np.bool_], until_s: float) -> Waits:
    """Of the rows of a reference. Those that are too young themselves are left out of the share, unless all are."""
    with np.errstate(invalid="ignore"):
        waits = np.sort((told_s - at_s)[known & (told_s >= at_s)])
    first = Waits(float(known.mean()) if len(known) else NAN, waits, until_s)
    old = at_s < first.ripe_until_s
    share = float(known[old].mean()) if old.any() else first.share
    return Waits(share, waits, until_s)


def maturity(at_s: Floats, known: NDArray[np.bool_], edges_s: Floats, waits: Waits) -> Maturity:
    """Rows in buckets between the edges, shape (k + 1,)."""
    k = len(edges_s) - 1
    place = np.searchsorted(edges_s, at_s, side="right") - 1
    inside = (place >= 0) & (place < k)
    n = np.bincount(place[inside], minlength=k).astype(np.float64)
    told = np.bincount(place[inside & known], minlength=k).astype(np.float64)
    expected = waits.expected(waits.until_s - edges_s[1:] if waits.told else edges_s[1:])
    least = MATURE * expected
    spread = np.sqrt(np.maximum(least * (1 - np.minimum(least, 1.0)), 0.0) / np.maximum(n, 1))
    short = told < n * least - 2 * spread * n
    young = expected < WAITED * waits.share
    if not waits.told and short.any():          # the end of a log that does not tell when outcomes come
        full = np.flatnonzero(~short & (n > 0))
        young = (np.arange(k) > (full[-1] if len(full) else -1)) & short
    state = tuple(Ripeness.EMPTY if not rows else Ripeness.YOUNG if early else Ripeness.HOLE if few
                  else Ripeness.MATURE for rows, early, few in zip(n, young, short, strict=True))
    return Maturity(n, told, expected, state)
