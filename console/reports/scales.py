"""Where ticks stand and what is written at them: values in round steps, times in steps of the clock."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from console.metrics.format import format_since
from console.window import RELATIVE_START, from_epoch

_DAY = 86_400
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200,
            _DAY, 2 * _DAY, 7 * _DAY, 14 * _DAY)


def round_ticks(low: float, high: float, wanted: int) -> list[float]:
    """Round values from at or below `low` to at or above `high`, about `wanted` of them; at least two."""
    if not high > low:
        reach = abs(low) * 0.1 or 1.0
        low, high = (0.0, low + reach) if low == 0 else (low - reach, high + reach)
    raw = (high - low) / max(1, wanted - 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [index * step for index in range(first, last + 1)]


def tick_texts(ticks: list[float], suffix: str = "") -> list[str]:
    """As many decimals as the step needs, the same for all."""
    step = ticks[1] - ticks[0]
    if step >= 1e9 or step < 1e-4:
        return [f"{tick:.3g}{suffix}" if tick else f"0{suffix}" for tick in ticks]
    decimals = next((d for d in range(6) if abs(round(step, d) - step) < step * 1e-6), 6)
    return [f"{0.0 if abs(tick) < step / 2 else tick:,.{decimals}f}{suffix}" for tick in ticks]


def time_ticks(start_s: float, end_s: float, wanted: int, *,
               relative: bool = False) -> tuple[list[tuple[float, str]], str]:
    """Ticks (epoch seconds, label) on the round minutes, hours, days or months of UTC, and the day, said once.

    The second part is `2 Mar 2026, UTC` where all ticks share a day, else `2 - 4 Mar 2026, UTC` and the like.
    relative  from the start of the log, without days: `0:08:30`
    """
    if relative:
        return _from_start(start_s, end_s, wanted), "from the start of the log"
    start, end = from_epoch(start_s), from_epoch(end_s)
    raw = (end_s - start_s) / max(1, wanted)
    step = next((step for step in _STEPS_S if step >= raw), 0)
    if not step:
        return _months(start, end, wanted), "UTC"
    first = math.ceil(start_s / step) * step
    times = [float(at) for at in range(first, math.floor(end_s) + 1, step)]
    labels = [_clock(from_epoch(at), step) for at in times]
    last_moment = from_epoch(end_s - 1e-6)
    return list(zip(times, labels, strict=True)), f"{_days(start, last_moment)}, UTC"


def _from_start(start_s: float, end_s: float, wanted: int) -> list[tuple[float, str]]:
    zero, raw = RELATIVE_START.timestamp(), (end_s - start_s) / max(1, wanted)
    step = next((step for step in _STEPS_S if step >= raw), math.ceil(raw / _DAY) * _DAY)
    first = math.ceil((start_s - zero) / step) * step
    return [(zero + at, format_since(from_epoch(zero + at))) for at in range(first, math.floor(end_s - zero) + 1, step)]


def _clock(at: datetime, step: int) -> str:
    if step >= _DAY or (at.hour, at.minute, at.second) == (0, 0, 0):
        return f"{at.day} {at:%b}"
    return f"{at:%H:%M:%S}" if step < 60 else f"{at:%H:%M}"


def _days(first: datetime, last: datetime) -> str:
    if first.date() == last.date():
        return f"{first.day} {first:%b %Y}"
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} - {last.day} {last:%b %Y}"
    if first.year == last.year:
        return f"{first.day} {first:%b} - {last.day} {last:%b %Y}"
    return f"{first.day} {first:%b %Y} - {last.day} {last:%b %Y}"


def _months(start: datetime, end: datetime, wanted: int) -> list[tuple[float, str]]:
    days = (end - start) / timedelta(days=1)
    every = next((count for count in (1, 2, 3, 6, 12) if days / 30.4 / count <= wanted), 24)
    return [(at.timestamp(), f"{at:%b %Y}") for at in _firsts(start, end) if (at.month - 1 + 12 * at.year) % every == 0]


def _firsts(start: datetime, end: datetime) -> Iterable[datetime]:
    year, month = start.year, start.month
    while (at := datetime(year, month, 1, tzinfo=UTC)) <= end:
        if at >= start:
            yield at
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
