"""Numbers and categories counted into the same bins, for the distances that need bins."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from console.drift.counts import count_values, side_by_side
from console.drift.result import Floats, sorted_values
from console.errors import TooFewRows

BINS = 10
"""Tenths of the reference: as PSI has always been read, and untouched by outliers."""


def binned(reference: ArrayLike, current: ArrayLike, edges: ArrayLike | None = None,
           bins: int = BINS) -> tuple[Floats, Floats]:
    """Counts of both sides in the same bins; bins empty on both sides are left out.

    Numbers go between `edges` (k + 1 of them; what lies outside counts in the end bins) or, without edges, into
    quantiles of the reference. Texts are their own bins.
    Raises TooFewRows when a side is empty.
    """
    if edges is None and (np.asarray(reference).dtype.kind in "OUS" or np.asarray(current).dtype.kind in "OUS"):
        table = side_by_side(count_values(reference).counts, count_values(current).counts)
        if not table.n_reference or not table.n_current:
            raise TooFewRows("One side has no value", do="Choose a window or a column that has some")
        return table.reference, table.current
    return of_sorted(sorted_values(reference), sorted_values(current), edges, bins)


def of_sorted(reference: Floats, current: Floats, edges: ArrayLike | None = None,
              bins: int = BINS) -> tuple[Floats, Floats]:
    """The same from numbers in rising order."""
    inner = quantile_cuts(reference, bins) if edges is None else np.asarray(edges, dtype=np.float64)[1:-1]
    p, q = between(reference, inner), between(current, inner)
    filled = (p + q) > 0
    return p[filled], q[filled]


def between(rising: Floats, cuts: Floats) -> Floats:
    """How many values lie below the first cut, from each cut up to the next, and from the last cut on."""
    below = np.searchsorted(rising, cuts, side="left")
    return np.diff(np.concatenate([[0], below, [len(rising)]])).astype(np.float64)


def quantile_cuts(rising: Floats, bins: int) -> Floats:
    """The cuts between the `bins` quantile bins. Equal values stay together; one that fills a bin gets its own."""
    ranks = np.arange(1, bins) * len(rising) // bins
    cuts = rising[ranks]
    heavy = cuts[:-1][cuts[1:] == cuts[:-1]]
    return np.unique(np.concatenate([cuts, heavy, np.nextafter(heavy, np.inf)]))
