"""The Bernoulli CUSUM: the quickest notice that an error rate has risen or fallen, at a known rate of false alarms."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from console.drift.result import Floats

ROWS_PER_FALSE_ALARM = 100_000
"""Where nothing changes, one alarm in so many rows, both directions together."""
SIMULATED_ROWS = 4_000_000
"""Hold about 20 false alarms a direction; the limit is right to 0.2, the rate of false alarms to a quarter."""
SEED = 20_261_130
LEAST_RATE = 0.0005
FACTOR, POINTS = 1.5, 0.02
"""What it is tuned to: the rate times 1.5, and 2 points more (or as much less)."""
FIRST_BLOCK = 4096


@dataclass(frozen=True, slots=True)
class CusumAlarm:
    """index: the row of the alarm. began: the row after which the sum last was 0, the likeliest onset."""

    index: int
    began: int
    rising: bool


@dataclass(frozen=True, slots=True, eq=False)
class CusumResult:
    """alarms in order; the sums start anew after each. Paths have shape (n,), in units of log likelihood ratio."""

    alarms: tuple[CusumAlarm, ...]
    rate: float
    limit_up: float
    limit_down: float            # inf where the rate is too small to fall visibly
    up: Floats
    down: Floats


def bernoulli_cusum(errors: ArrayLike, rate: float, *, most_alarms: int = 1) -> CusumResult:
    """Rows in their order, 1 for an error and 0 for none (NaN, a label not yet there, is passed over).

    rate   the error rate of the reference window; below 0.0005 and above 0.9995 it is taken as these
    After `most_alarms` the rest is not looked at: with a rate that stays high an alarm would follow every 100 rows.
    Source: E. S. Page, Biometrika 41 (1954), 100-115; M. R. Reynolds and Z. G. Stoumbos, J. Qual. Technol. 31 (1999).
    """
    x = np.asarray(errors, dtype=np.float64).ravel()
    rows = np.flatnonzero(~np.isnan(x))
    x = x[rows]
    rate = _rounded(rate)
    up, down = up_steps(rate), down_steps(rate)
    limit_up, limit_down = limits(rate)
    paths = np.zeros((2, len(x)))
    alarms: list[CusumAlarm] = []
    start, block, carried = 0, FIRST_BLOCK, (0.0, 0.0)
    began = [0, 0]
    while start < len(x) and len(alarms) < most_alarms:
        piece = x[start: start + block]
        crossed: list[tuple[int, int]] = []
        for side, (steps, limit) in enumerate(((up, limit_up), (down, limit_down))):
            if steps is None:
                continue
            paths[side, start: start + block] = path = _path(piece, steps, carried[side])
            over = np.flatnonzero(path >= limit)
            if len(over):
                crossed.append((int(over[0]), side))
        end = min(crossed)[0] + 1 if crossed else len(piece)
        for side in (0, 1):
            at_zero = np.flatnonzero(paths[side, start: start + end] == 0)
            if len(at_zero):
                began[side] = start + int(at_zero[-1]) + 1
        if crossed:
            at, side = min(crossed)
            place = start + at
            alarms.append(CusumAlarm(int(rows[place]), int(rows[min(began[side], place)]), side == 0))
            carried, block, began = (0.0, 0.0), FIRST_BLOCK, [place + 1, place + 1]
            paths[:, place + 1:] = 0
        else:
            carried, block = (float(paths[0, start + end - 1]), float(paths[1, start + end - 1])), block * 2
        start += end
    whole = np.full((2, len(np.asarray(errors).ravel())), np.nan)
    whole[:, rows] = paths
    return CusumResult(tuple(alarms), rate, limit_up, limit_down, whole[0], whole[1])


def up_steps(rate: float) -> tuple[float, float]:
    """What a right row and an error add to the sum that watches for a rise."""
    other = min(FACTOR * rate + POINTS, (1 + rate) / 2)
    return math.log((1 - other) / (1 - rate)), math.log(other / rate)


def down_steps(rate: float) -> tuple[float, float] | None:
    """The same for a fall; None where the rate has no room for one."""
    other = (rate - POINTS) / FACTOR
    return (math.log((1 - other) / (1 - rate)), math.log(other / rate)) if other > 0 else None


def limits(rate: float) -> tuple[float, float]:
    """Where the two sums alarm: once in 100,000 rows together. Simulated with a seed, kept by the rate's two digits."""
    return _limits(_rounded(rate))


@lru_cache(maxsize=256)
def _limits(rate: float) -> tuple[float, float]:
    errors = np.random.default_rng(SEED).random(SIMULATED_ROWS) < rate
    down = down_steps(rate)
    directions = 1 if down is None else 2
    expected = max(1, round(SIMULATED_ROWS / ROWS_PER_FALSE_ALARM / directions))
    return _limit(errors.astype(np.float64), up_steps(rate), expected), \
        math.inf if down is None else _limit(errors.astype(np.float64), down, expected)


def _limit(errors: Floats, steps: tuple[float, float], alarms: int) -> float:
    """The height that so many of the simulated climbs from 0 reach."""
    path = _path(errors, steps, 0.0)
    starts = np.flatnonzero((path > 0) & (np.concatenate([[0.0], path[:-1]]) == 0))
    tops = np.sort(np.maximum.reduceat(path, starts)) if len(starts) else np.array([steps[1]])
    return float(tops[max(0, len(tops) - alarms)])


def _path(errors: Floats, steps: tuple[float, float], carried: float) -> Floats:
    """max(0, sum + step) row by row: a running sum less its running least value."""
    total = np.cumsum(np.where(errors > 0, steps[1], steps[0])) + carried
    least = np.minimum(np.minimum.accumulate(total), 0.0)
    path: Floats = total - least
    return path


def _rounded(rate: float) -> float:
    """To two digits, of a rate near 1 to two digits of what is missing."""
    rare = float(f"{max(LEAST_RATE, min(rate, 1 - rate)):.2g}")
    return rare if rate <= 0.5 else 1 - rare
