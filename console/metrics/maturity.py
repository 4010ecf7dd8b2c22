"""Which buckets have waited long enough for their outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from console.metrics.measure import Reading

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

MATURE = 0.9
"""Of the usual share of outcomes: a bucket that has so many will hardly change any more."""
WAITED = 0.9
"""The quantile of the waits after which a bucket is no longer young."""


def mature(reading: Reading, outcomes: Floats, rows: Floats) -> Flags:
    """Shape of both. Clicks are told sooner than their absence, so the youngest buckets know little but clicks and
    would show a rate near one.

    A bucket is immature while it is young (it ended less than the usual wait before the last outcome that is known)
    and its share of requests with an outcome is under MATURE of the usual share. What is old enough is drawn whatever
    it has: a hole there is a fault of the log and stays visible. Newer buckets may have all their outcomes while older
    ones wait: of another stream, or since the service waits less.
    Where the log does not tell when outcomes came, only the end of it counts as young.
    """
    ripe = _has_its_share(outcomes, rows)
    until, wait_s = reading.outcomes_until(), reading.outcome_wait_s(WAITED)
    if until is None or wait_s is None:
        last = np.flatnonzero(ripe)
        return np.arange(len(rows)) <= (last[-1] if len(last) else -1)
    return np.asarray(ripe | (reading.times + reading.bucket_s + wait_s <= until))


def _has_its_share(outcomes: Floats, rows: Floats) -> Flags:
    share = np.divide(outcomes, rows, out=np.zeros(len(rows)), where=rows > 0)
    known = share[(rows > 0) & (outcomes > 0)]
    if not len(known):
        return np.zeros(len(rows), dtype=bool)
    return np.asarray((share >= MATURE * np.median(known)) & (rows > 0))
