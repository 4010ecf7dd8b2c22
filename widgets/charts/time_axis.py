"""Where an axis of UTC time is ticked, and what it says there. No Qt: tested at every zoom by its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from console.metrics.format import format_since
from console.window import RELATIVE_START, from_epoch

MILLISECOND, SECOND, MINUTE, HOUR, DAY = 0.001, 1.0, 60.0, 3600.0, 86400.0
MONTH, YEAR = 30.44 * DAY, 365.25 * DAY
STEPS: tuple[float, ...] = (
    *(n * MILLISECOND for n in (1, 2, 5, 10, 20, 50, 100, 200, 500)),
    *(n * SECOND for n in (1, 2, 5, 10, 15, 30)),
    *(n * MINUTE for n in (1, 2, 5, 10, 15, 30)),
    *(n * HOUR for n in (1, 2, 3, 6, 12)),
    *(n * DAY for n in (1, 2, 4, 7, 14)),
)
"""All below a day divide the day, so that a change of day always falls on a tick."""
MONTHS = (1, 2, 3, 6)
YEARS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
SPARE_PX = 16
"""Between two labels."""
MONDAY = 4 * DAY
"""5 January 1970: ticks a week apart fall on Mondays."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on the time axis. `day_change`: the label says a date among clock times (or a year among dates)."""

    at_s: float
    label: str
    day_change: bool


LONG_STEPS: tuple[float, ...] = tuple(n * DAY for n in (30, 60, 90, 180, 365, 730, 1825, 3650, 18250))
"""Of a relative axis, which has no months."""


@lru_cache(maxsize=64)
def time_ticks(
    start_s: float, end_s: float, width_px: float, digit_px: float = 7.0, *, relative: bool = False
) -> tuple[Tick, ...]:
    """Ticks of start <= t <= end, as dense as `width_px` allows without labels that touch.

    start_s, end_s : seconds since 1970; digit_px: the width of a digit in the axis font
    relative : the labels count from RELATIVE_START and say no date
    The step depends on the length and the width only: a window that moves keeps its step.
    """
    span = end_s - start_s
    if not span > 0 or width_px <= 0:
        return ()
    if relative:
        return _from_start(start_s, end_s, width_px, digit_px)
    for step in STEPS:
        if step / span * width_px >= _label_px(step, digit_px):
            return tuple(_regular(start_s, end_s, step))
    for months in MONTHS:
        if months * MONTH / span * width_px >= 5 * digit_px + SPARE_PX:
            return tuple(_monthly(start_s, end_s, months))
    for years in YEARS:
        if years * YEAR / span * width_px >= 5 * digit_px + SPARE_PX:
            return tuple(_monthly(start_s, end_s, 12 * years))
    return ()


def _from_start(start_s: float, end_s: float, width_px: float, digit_px: float) -> tuple[Tick, ...]:
    """Whole steps from the start: `+8 min`, `+1:30 h`, `+0:08:29`, `+2 d`."""
    zero = RELATIVE_START.timestamp()
    for step in (*STEPS, *LONG_STEPS):
        step_us = round(step * 1e6)
        first = -(-round((start_s - zero) * 1e6) // step_us)
        last = round((end_s - zero) * 1e6) // step_us
        longest = max(len(_since_label(number * step_us / 1e6, step)) for number in (first, last))
        if step / (end_s - start_s) * width_px >= longest * digit_px + SPARE_PX:
            offsets = [number * step_us / 1e6 for number in range(first, last + 1)]
            return tuple(Tick(zero + offset, _since_label(offset, step), False) for offset in offsets)
    return ()


def _since_label(offset_s: float, step: float) -> str:
    if offset_s == 0:
        return "0"
    sign, size = ("-" if offset_s < 0 else "+"), abs(offset_s)
    if step >= DAY:
        return f"{sign}{size / DAY:.0f} d"
    minutes = round(size / MINUTE)
    if step >= HOUR:
        return f"{sign}{minutes // 60} h"
    if step >= MINUTE:
        return f"{sign}{minutes} min" if minutes < 60 else f"{sign}{minutes // 60}:{minutes % 60:02d} h"
    return sign + format_since(from_epoch(RELATIVE_START.timestamp() + size), digits=3 if step < SECOND else 0)


def _label_px(step: float, digit_px: float) -> float:
    letters = 12 if step < SECOND else 8 if step < MINUTE else 5 if step < DAY else 6
    return letters * digit_px + SPARE_PX


def _regular(start_s: float, end_s: float, step: float) -> list[Tick]:
    anchor, step_us = (MONDAY if step >= 7 * DAY else 0.0), round(step * 1e6)
    first = -(-round((start_s - anchor) * 1e6) // step_us)       # whole microseconds: exact at all zooms
    last = round((end_s - anchor) * 1e6) // step_us
    places = (anchor + number * step_us / 1e6 for number in range(first, last + 1))
    return [_tick(from_epoch(at_s), at_s, step) for at_s in places]


def _tick(at: datetime, at_s: float, step: float) -> Tick:
    midnight = not (at.hour or at.minute or at.second or at.microsecond)
    new_year = midnight and at.month == 1 and at.day == 1
    if step >= DAY:
        label = f"{at.day} {at:%b}"
        return Tick(at_s, str(at.year) if new_year else label, new_year)
    if midnight:
        return Tick(at_s, str(at.year) if new_year else f"{at.day} {at:%b}", True)
    if step < SECOND:
        return Tick(at_s, f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}", False)
    return Tick(at_s, f"{at:%H:%M:%S}" if step < MINUTE else f"{at:%H:%M}", False)


def _monthly(start_s: float, end_s: float, months: int) -> list[Tick]:
    """First days of months; `months` apart, counted from the year 0, so that years fall on round ones."""
    start, end = from_epoch(start_s), from_epoch(end_s)
    number = (start.year * 12 + start.month - 1) // months * months
    ticks = []
    while number <= end.year * 12 + end.month - 1:
        at = datetime(max(1, number // 12), number % 12 + 1, 1, tzinfo=UTC)
        number += months
        if not start <= at <= end:
            continue
        january = at.month == 1
        ticks.append(Tick(at.timestamp(), str(at.year) if january else f"{at:%b}", january and months < 12))
    return ticks
