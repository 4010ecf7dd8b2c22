"""What was to be expected of a number, learned from before: its level, with the time of day and the weekend in it.

A line through harmonics of the day, for a log often has one day or two before the moment in question, and slots of
hours would each rest on a few rows. A season is taken only if it pays for its numbers (BIC), and never from less than
a day. The level by the same hours of the day before is then in it: that is what a daily season means.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

DAY_S = 86400.0
LEAST_DAYS = 0.85
"""A season of a day is learned from no less."""

LEAST_KNOWN = 0.7
"""Nor from what has gaps in so many hours: a wave goes anywhere in a gap."""

WEEKEND_DAYS, WEEK_DAYS = 0.9, 2.0
"""The weekend is one if so much of it, and so many other days, lie before."""

HARMONICS = 4
OUTLIER = 4.0
"""Residuals beyond so many scales are left out of a second fit: one bad hour must not bend the line."""

MAD = 1.4826
WORST_CONDITION = 1e8


@dataclass(frozen=True, slots=True, eq=False)
class Usual:
    """expected: shape as the times; season: "", "day" or "week" when a season is in it; daily and weekly: whether one
    could have been learned from what lay before."""

    expected: Floats
    season: str
    daily: bool
    weekly: bool


def usual(times: Floats, values: Floats, weights: Floats, before: Bools, *, seasons: bool = True) -> Usual:
    """Learned where `before` is true, for all times (seconds since 1970, UTC). NaN values have no say.

    seasons  False for shares of so few events that a season would be one of chance
    """
    known = before & np.isfinite(values) & (weights > 0)
    if not known.any():
        return Usual(np.full(len(times), np.nan), "", False, False)
    days = known_days(times, known)
    weekend = is_weekend(times)
    step = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    there = before & (times >= times[known][0])
    dense = np.count_nonzero(known) >= LEAST_KNOWN * np.count_nonzero(there)
    daily = days >= LEAST_DAYS and dense
    weekly = (daily and np.count_nonzero(known & weekend) * step >= WEEKEND_DAYS * DAY_S
              and np.count_nonzero(known & ~weekend) * step >= WEEK_DAYS * DAY_S)
    best, season = _fit(_level(times), values, weights, known), ""
    least = best[1]
    all_waves = _day(times.tobytes()) if daily and seasons else best[0]
    for count in range(1, HARMONICS + 1) if daily and seasons else ():
        waves = all_waves[:, :1 + 2 * count]
        made = [(waves, "day")]
        if weekly:
            flag = weekend.astype(np.float64)[:, None]
            made.append((np.hstack((waves, flag)), "week"))
            made.append((np.hstack((waves, flag, flag * waves[:, 1:])), "week"))
        for design, name in made:
            found = _fit(design, values, weights, known)
            if found[1] < least:
                best, least, season = found, found[1], name
    return Usual(best[0], season, bool(daily), bool(weekly))


def known_days(times: Floats, known: Bools) -> float:
    """From the first to the last of them, in days."""
    at = times[known]
    return float(at[-1] - at[0]) / DAY_S if len(at) else 0.0


def is_weekend(times: Floats) -> Bools:
    """Saturday and Sunday in UTC; 1970 began on a Thursday."""
    return np.asarray((times // DAY_S + 3) % 7 >= 5)


def _level(times: Floats) -> Floats:
    return np.ones((len(times), 1))


@lru_cache(maxsize=4)
def _day(times_as_bytes: bytes) -> Floats:
    """A column of ones, and cosine and sine of each harmonic: the same for hundreds of numbers over one grid."""
    times = np.frombuffer(times_as_bytes)
    angle = 2 * np.pi * (times % DAY_S) / DAY_S
    parts = [np.ones(len(times))]
    for k in range(1, HARMONICS + 1):
        parts += [np.cos(k * angle), np.sin(k * angle)]
    return np.stack(parts, axis=1)


def _solved(x: Floats, y: Floats) -> Floats:
    """Least squares by the normal equations: waves over whole days are nearly orthogonal, and a few hundred such fits
    are asked for at once. Where they are not (a night without rows), the least solution."""
    square = x.T @ x
    lengths = np.linalg.eigvalsh(square)        # rising, none below 0 but by rounding: the last by the first is cond
    if lengths[0] > lengths[-1] / WORST_CONDITION:
        return np.asarray(np.linalg.solve(square, x.T @ y))
    return np.asarray(np.linalg.lstsq(x, y, rcond=None)[0])


def _fit(design: Floats, values: Floats, weights: Floats, known: Bools) -> tuple[Floats, float]:
    """The line over all times, and its BIC."""
    root = np.sqrt(weights[known])
    x, y = design[known] * root[:, None], values[known] * root
    kept = np.ones(len(y), dtype=bool)
    solution = _solved(x, y)
    left = y - x @ solution
    scale = MAD * float(np.median(np.abs(left)))
    if scale > 0:
        kept = np.abs(left) <= OUTLIER * scale
        if np.count_nonzero(kept) > 2 * design.shape[1]:
            solution = _solved(x[kept], y[kept])
        left = y - x @ solution
    n = len(y)
    bounded = np.minimum(np.abs(left), OUTLIER * scale) if scale > 0 else np.abs(left)
    error = max(float(np.mean(bounded ** 2)), 1e-300)
    return design @ solution, n * float(np.log(error)) + 2 * design.shape[1] * float(np.log(n))
