"""What is usual for a number: its level by time of day or week, how far it strays, and how far it may before it counts.

Arrays in, arrays out; instants lie on a grid of `every_s`, NaN where there is no value.

Decisions
- Median and MAD: one bad hour in the healthy window must not widen the band. The scale has a floor, the resolution of
  the numbers and what chance does to a share, for a number that mostly stands still has MAD 0.
- A season is used when it foretells: the baseline of each cycle is made from the cycles before it, and the season is
  taken when what is left over is smaller by LEAST_GAIN. That is an autocorrelation at the lag of the period that must
  pay for the numbers it costs. A day needs seven cycles, a week three.
- Distances are those from such a forecast, never from a baseline that has seen the point: with three or four cycles the
  latter are too small by a third, and every autumn would be an alarm.
- How high a level must lie follows from block maxima of those distances: their Gumbel distribution (moments weighted by
  probability, Hosking 1985) is carried on to the level that is passed once in `weeks`, and one standard error of that
  level more (Phien, J. Hydrology 90 (1987), 355-365). Not below three scales: nobody wants to be woken for less.
- Waiting: the statistic of a rule with `for` is the smallest distance over the waiting time. It is taken over half of
  that time, so that healthy excursions may grow twice as long before they fire.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from console.metrics.view import Floats

Ints = NDArray[np.int64]

DAY_S, WEEK_S = 86400, 604800
PERIODS = ((DAY_S, 7), (WEEK_S, 3))
"""Length of a cycle, and how many of them are needed."""
SLOT_S = 1800
LEAST_GAIN = 0.15
CHANCE = 1.5
"""A spread up to so many times that of chance needs no season."""
WHOLE = 0.98
"""A log that begins a few minutes after midnight still has its three weeks."""
MAD = 1 / NormalDist().inv_cdf(0.75)
LEAST_WIDTH = 3.0
FEWEST_BLOCKS, MOST_BLOCKS = 20, 60
UNSURE = 1.0
"""Standard errors that a level lies above its estimate: it is carried far beyond what twenty maxima can tell."""
EULER = float(np.euler_gamma)
SMOOTHED = 5
"""Slots whose scales are averaged: a scale from three values is mostly chance."""


@dataclass(frozen=True, slots=True, eq=False)
class Usual:
    """The baseline of a number. `period_s` 0: one median and scale at all times; they are in the number's unit.

    distance  of each instant from its forecast, in scales; NaN where there is no value
    """

    period_s: int
    median: Floats      # shape (slots,)
    scale: Floats       # shape (slots,), above zero
    distance: Floats    # shape (len(times),)


def usual(times: Floats, values: Floats, every_s: float, chance: float = 0.0, *, seasons: bool = True) -> Usual | None:
    """The baseline of these numbers; None where there are fewer than two blocks' worth of them.

    times  the middle of the stretch that each value is about, seconds since 1970, increasing
    chance  standard deviation that chance alone gives the values, in their unit: the least scale; no season is sought
            where that explains what there is
    """
    known = np.isfinite(values)
    if np.count_nonzero(known) < 2 * FEWEST_BLOCKS:
        return None
    at, v = times[known], values[known]
    floor = max(chance, resolution(v), 1e-9 * abs(float(np.median(v))), 1e-300)
    middle = float(np.median(v))
    best = Usual(0, np.array([middle]), np.ones(1), v - middle)
    least = spread(best.distance)
    for period, cycles in PERIODS if seasons and least > CHANCE * chance else ():
        if at[-1] - at[0] + every_s < WHOLE * cycles * period or every_s > period / 8:
            continue
        slots = int(period // max(SLOT_S, every_s))
        slots -= next(k for k in range(slots) if period % (slots - k) == 0)
        slot = slot_of(at, period, slots)
        left = _forecast_errors(at, v, period, slots, slot)
        if spread(left) < (1 - LEAST_GAIN) * least:
            least = spread(left)
            best = Usual(period, _by_slot(slot, v, slots), np.ones(slots), left)
    scale = np.full(len(best.median), max(least, floor))
    slot = slot_of(at, best.period_s, len(best.median))
    if best.period_s:
        own = _smoothed(_by_slot(slot, np.abs(best.distance), len(scale)) * MAD)
        scale = np.maximum((own + scale) / 2, scale)
    distance = np.full(len(values), np.nan)
    distance[known] = best.distance / scale[slot]
    return Usual(best.period_s, best.median, scale, distance)


def slot_of(times: Floats, period_s: int, slots: int) -> Ints:
    """The slot of each time; all 0 without a period."""
    if not period_s:
        return np.zeros(len(times), np.int64)
    return np.asarray((times % period_s) // (period_s / slots), np.int64)


def resolution(values: Floats) -> float:
    """The smallest step between two different values; 0 where all are alike."""
    steps = np.diff(np.unique(values))
    return float(steps.min()) if len(steps) else 0.0


def held(distance: Floats, steps: int) -> Floats:
    """The smallest distance of an instant and the `steps` before it: what was exceeded for so long. -inf at gaps."""
    filled = np.where(np.isnan(distance), -np.inf, distance)
    if steps <= 0:
        return filled
    if steps >= len(filled):
        return np.full(len(filled), -np.inf)
    least = np.lib.stride_tricks.sliding_window_view(filled, steps + 1).min(axis=1)
    return np.concatenate((np.full(steps, -np.inf), least))


def return_level(statistic: Floats, span_s: float, weeks: float) -> float:
    """The level that is passed once in so many weeks, by the Gumbel distribution of block maxima.

    statistic  in time order over `span_s` seconds; blocks are days, but twenty at least and sixty at most
    """
    known = statistic[np.isfinite(statistic)]
    blocks = int(np.clip(span_s / DAY_S, FEWEST_BLOCKS, MOST_BLOCKS))
    if len(known) < 2 * blocks:
        return float("inf")
    maxima = np.sort([float(part.max()) for part in np.array_split(known, blocks)])
    mean = float(maxima.mean())
    weighted = float((np.arange(blocks) * maxima).sum() / (blocks * (blocks - 1)))
    beta = (2 * weighted - mean) / float(np.log(2))
    returns = weeks * WEEK_S / (span_s / blocks)
    y = float(np.log(max(returns, blocks)))
    level = mean - EULER * beta + beta * y
    unsure = beta * float(np.sqrt((1.1128 + 0.4574 * y + 0.8046 * y * y) / blocks))
    return max(level + UNSURE * unsure, float(known.max()))


def normal_level(weeks: float, over_s: float) -> float:
    """The distance that normal noise passes once in so many weeks, judged every `over_s` seconds."""
    return NormalDist().inv_cdf(1 - min(0.5, over_s / (weeks * WEEK_S)))


def spread(left: Floats) -> float:
    """Median distance from the median, as a standard deviation."""
    return MAD * float(np.median(np.abs(left - np.median(left))))


def _forecast_errors(at: Floats, v: Floats, period: int, slots: int, slot: Ints) -> Floats:
    """Each cycle less the medians of those before it; the first less those of all others."""
    cycle = np.asarray((at - at[0]) // period, np.int64)
    left = np.empty(len(v))
    for one in np.unique(cycle):
        here = cycle == one
        known = cycle < one if one > 0 else ~here
        left[here] = v[here] - _by_slot(slot[known], v[known], slots)[slot[here]]
    return left


def _by_slot(slot: Ints, v: Floats, slots: int) -> Floats:
    """The median of each slot; slots without a value lie on the line between their neighbours."""
    order = np.lexsort((v, slot))
    edges = np.searchsorted(slot[order], np.arange(slots + 1))
    size = np.diff(edges)
    there = np.flatnonzero(size)
    low, high = edges[there] + (size[there] - 1) // 2, edges[there] + size[there] // 2
    ordered = v[order]
    medians = (ordered[low] + ordered[high]) / 2
    return np.asarray(np.interp(np.arange(slots), there, medians, period=slots), np.float64)


def _smoothed(scale: Floats) -> Floats:
    side = SMOOTHED // 2
    if len(scale) < SMOOTHED:
        return scale
    around = np.concatenate((scale[-side:], scale, scale[:side]))
    return np.asarray(np.convolve(around, np.full(SMOOTHED, 1 / SMOOTHED), "valid"), np.float64)
