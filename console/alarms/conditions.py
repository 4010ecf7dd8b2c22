"""Whether numbers are beyond what a rule allows: conditions over arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from console.alarms.rules import LEAST_PERIOD_S, Band, BurnRate, Condition, Op, Side, Threshold
from console.metrics.view import Floats

ROUNDING = 1e-9
"""A budget that is used exactly as fast as allowed is no alarm, whatever 1 - 0.999 is in a computer."""

LEAST_WIDTH = 0.01
"""A band that is dragged onto its own middle."""

Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Verdicts:
    """Over instants, any shape: beyond the threshold; still beyond the clear level; how far (see machine.Sample)."""

    beyond: Flags
    held: Flags
    excess: Floats


def judged(condition: Threshold | Band, instants: Floats, over_s: float, values: Floats) -> Verdicts:
    """What a condition says of the values at instants (last axis). NaN is never beyond."""
    match condition:
        case Threshold(op, level, clear):
            beyond = _compared(op, values, level)
            held = beyond | _compared(op, values, clear) if clear is not None else beyond
            excess = values if op.upwards else -values if op.upwards is False else np.abs(values - level)
            return Verdicts(beyond, held, excess)
        case Band() as band:
            slot = slot_of(instants - over_s / 2, band)
            off = values - np.asarray(band.median)[slot]
            allowed = np.asarray(band.scale)[slot]
            match band.side:
                case Side.ABOVE:
                    excess = off
                case Side.BELOW:
                    excess = -off
                case Side.BOTH:
                    excess = np.abs(off)
                case _:
                    assert_never(band.side)
            with np.errstate(invalid="ignore"):
                beyond = excess > band.width * allowed
                held = beyond | (excess > band.clear_width * allowed) if band.clear_width is not None else beyond
            return Verdicts(beyond, held, excess)
        case _:
            assert_never(condition)


def slot_of(times: Floats, band: Band) -> Ints:
    """The slot of a band that each time lies in."""
    if not band.period_s:
        return np.zeros(len(times), np.int64)
    return ((times % band.period_s) // band.slot_s).astype(np.int64)


def width_through(band: Band, level: float, middle_s: float) -> float:
    """The width with which an edge goes through a level, for a stretch that has its middle then."""
    slot = int(slot_of(np.array([middle_s]), band)[0])
    return max(abs(level - band.median[slot]) / max(band.scale[slot], 1e-300), LEAST_WIDTH)


def line_of(condition: Condition, instants: Floats, over_s: float) -> tuple[Floats, Floats] | None:
    """Lower and upper limit at each instant, infinite where there is none; None for a condition without a line."""
    none = np.full(len(instants), np.inf)
    match condition:
        case Threshold(op, level, _):
            if op.upwards is None:
                return None
            level_ = np.full(len(instants), level)
            return (-none, level_) if op.upwards else (level_, none)
        case Band() as band:
            slot = slot_of(instants - over_s / 2, band)
            median, away = np.asarray(band.median)[slot], band.width * np.asarray(band.scale)[slot]
            return (-none if band.side is Side.ABOVE else median - away,
                    none if band.side is Side.BELOW else median + away)
        case BurnRate():
            return None
        case _:
            assert_never(condition)


@dataclass(frozen=True, slots=True, eq=False)
class Burning:
    """values: the budget's rate of use over the long window of the factor that is nearest; n: its rows."""

    values: Floats
    n: Floats
    verdicts: Verdicts


def burning(condition: BurnRate, instants: Floats, every_s: int, origin_s: float, bad: Floats, n: Floats) -> Burning:
    """Burn rates at instants, from whole counts of steps.

    bad, n   shape (series, steps): of each step up to the last instant; the last len(instants) steps end at them
    origin_s where the log began: windows are shorter while it is young
    """
    steps, count = n.shape[1], len(instants)
    ends = np.arange(steps - count, steps) + 1
    zero = np.zeros((len(n), 1))
    bad_up, n_up = (np.concatenate([zero, np.cumsum(each, axis=1)], axis=1) for each in (bad, n))
    age = np.clip(instants - origin_s, LEAST_PERIOD_S, None)
    shorter = np.minimum(condition.period_s, age) / condition.period_s
    budget = 1.0 - condition.objective

    def over(length_s: int) -> tuple[Floats, Floats]:
        size = np.maximum(1, np.ceil(length_s * shorter / every_s - 1e-9)).astype(np.int64)
        starts = np.maximum(0, ends - size)
        below = n_up[:, ends] - n_up[:, starts]
        with np.errstate(divide="ignore", invalid="ignore"):
            return (bad_up[:, ends] - bad_up[:, starts]) / below / budget, below

    excess = np.full((len(n), count), -np.inf)
    values, rows = np.full((len(n), count), np.nan), np.zeros((len(n), count))
    for one in condition.factors:
        (long, below), (short, _) = over(one.long_s), over(one.short_s)
        ratio = np.nan_to_num(np.minimum(long, np.nan_to_num(short)) / one.factor, nan=-np.inf)
        nearer = ratio > excess
        excess = np.where(nearer, ratio, excess)
        values, rows = np.where(nearer, long, values), np.where(nearer, below, rows)
    beyond = excess > 1.0 + ROUNDING
    return Burning(values, rows, Verdicts(beyond, beyond, excess))


def steps_of(condition: Condition, over_s: int, every_s: int) -> int:
    """How many steps up to an instant its verdict may look at."""
    if isinstance(condition, BurnRate):
        return max(-(-one.long_s // every_s) for one in condition.factors)
    return over_s // every_s


def _compared(op: Op, values: Floats, level: float) -> Flags:
    with np.errstate(invalid="ignore"):
        match op:
            case Op.GREATER:
                found = values > level
            case Op.AT_LEAST:
                found = values >= level
            case Op.LESS:
                found = values < level
            case Op.AT_MOST:
                found = values <= level
            case Op.EQUAL:
                found = values == level
            case Op.UNEQUAL:
                found = (values != level) & ~np.isnan(values)
            case _:
                assert_never(op)
    return np.asarray(found, dtype=bool)
