"""The axis of values: which range a chart holds, where it is ticked, and what it says there. No Qt."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache

FROM_ZERO = frozenset({"req/s", "1/s", "s/s", "B/s", "share", "%", "ms", "s", "MB", "tokens", "count"})
"""Units whose charts start at zero: a rate drawn from 40 to 42 looks like an earthquake."""
TOPS = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
TICK_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
HEADROOM = 1.05
LEAST_FILL = 0.6
"""A range stays while the values reach at least so high in it, and stay inside it."""
LEAST_FREE_FILL = 0.45
"""The same for ranges that don't start at zero, of the distance between least and greatest value."""
LEAST_SHARE_TOP = 0.01
"""A failure share of zero is drawn on an axis up to 1 %."""
TICK_PX = 32
LEVELS_REACH = 1.5
"""A threshold beyond the data is taken into view while the range grows by no more than that: data are not crushed."""
MOST_STEPS = 6
"""A tall chart gets no more of them: numbers are for reading, lines for guiding the eye."""


class HeldRange:
    """The y range of one chart, held while it serves: a range that follows each value can't be read."""

    def __init__(self) -> None:
        self.low, self.high = 0.0, 1.0
        self._unit: str | None = None

    def fit(self, low: float, high: float, unit: str) -> bool:
        """Takes in the least and greatest value shown (NaN: none). Says whether the range is another one now."""
        before = (self.low, self.high)
        fresh = unit != self._unit
        self._unit = unit
        if math.isfinite(low) and math.isfinite(high) and (fresh or not self._serves(low, high)):
            self.low, self.high = _range_for(low, high, unit)
        return before != (self.low, self.high)

    def _serves(self, low: float, high: float) -> bool:
        if low < self.low or high > self.high:
            return False
        if self.low == 0.0 and self._unit in FROM_ZERO:
            return high >= LEAST_FILL * self.high
        return high - low >= LEAST_FREE_FILL * (self.high - self.low)


def _range_for(low: float, high: float, unit: str) -> tuple[float, float]:
    if unit in FROM_ZERO and low >= 0:
        least = LEAST_SHARE_TOP if unit == "share" else 1.0
        if high <= 0:
            return 0.0, least
        factor, _ = scale_of(unit, high)
        top = _above(high * HEADROOM / factor, TOPS) * factor
        return 0.0, 1.0 if unit == "share" and high <= 1.0 < top else top
    spread = high - low
    if spread <= 1e-9 * max(abs(low), abs(high)):
        spread = 0.2 * abs(high) or 1.0
        low, high = low - spread / 2, high + spread / 2
    step = _above(spread / 5, TICK_STEPS)
    margin = (HEADROOM - 1) * spread
    bottom = low - margin if low < 0 else max(0.0, low - margin)     # bytes are never drawn below zero
    return math.floor(bottom / step) * step, math.ceil((high + margin) / step) * step


def with_levels(low: float, high: float, levels: Iterable[float], unit: str,
                reach: float = LEVELS_REACH) -> tuple[float, float]:
    """Least and greatest value together with those thresholds that lie near enough to them."""
    bottom = 0.0 if unit in FROM_ZERO and low >= 0 else low
    spread = high - bottom
    most = spread * (reach - 1)
    near = [level for level in levels if bottom - most <= level <= high + most and spread > 0]
    return min([low, *near]), max([high, *near])


def nice(value: float, step: float) -> float:
    """The value on the grid of the roundest step that is not above `step`: what a pixel means, in a number that can be
    said."""
    if not (math.isfinite(value) and step > 0):
        return value
    power = 10.0 ** math.floor(math.log10(step))
    grid = power * max(one for one in (1.0, 2.0, 5.0) if one * power <= step * (1 + 1e-9))
    return float(f"{round(value / grid) * grid:.12g}")


def nice_step(low: float, high: float, parts: int = 50) -> float:
    """A round step of which there are about so many in the range."""
    return _above((high - low) / parts, (1.0, 2.0, 5.0, 10.0)) if high > low else 1.0


def _above(value: float, steps: tuple[float, ...]) -> float:
    """The least of steps x 10^k that is not below the value."""
    power = 10.0 ** math.floor(math.log10(value))
    for step in steps:
        if step * power >= value * (1 - 1e-12):
            return step * power
    return 10 * power


def scale_of(unit: str, top: float) -> tuple[float, str]:
    """How values of a unit are divided, and what follows them, on an axis up to `top`: as `format_value` does."""
    if unit == "share":
        return 0.01, " %"
    if unit == "%":
        return 1.0, " %"
    if unit == "ms" and top >= 10_000:
        return 1000.0, " s"
    if unit == "MB" and top >= 10_000:
        return 1024.0, " GB"
    return 1.0, ""


@lru_cache(maxsize=256)
def value_ticks(low: float, high: float, height_px: float, unit: str) -> tuple[tuple[float, str], ...]:
    """Ticks (value, label) of low <= value <= high, not closer than `TICK_PX`, not many more than `MOST_STEPS`."""
    if not high > low or height_px <= 0:
        return ()
    factor, after = scale_of(unit, max(abs(low), abs(high)))
    bottom, top = low / factor, high / factor
    step = _above((top - bottom) / min(max(1.0, height_px / TICK_PX), MOST_STEPS), TICK_STEPS)
    first, last = math.ceil(bottom / step - 1e-9), math.floor(top / step + 1e-9)
    large = max(abs(first), abs(last)) * step
    thousands = next(((size, sign) for size, sign in ((1e9, "G"), (1e6, "M"), (1e3, "k")) if large >= size), (1.0, ""))
    return tuple((n * step * factor, _label(n * step, step, thousands) + after) for n in range(first, last + 1))


def short_number(value: float) -> str:
    """As few digits as it takes: 0.05, 20, 1k, 2M."""
    size, sign = next(((size, sign) for size, sign in ((1e9, "G"), (1e6, "M"), (1e3, "k")) if value >= size), (1.0, ""))
    return f"{value / size:g}{sign}"


def _label(value: float, step: float, thousands: tuple[float, str]) -> str:
    if abs(value) < step / 2:
        return "0"
    size, sign = thousands if abs(value) >= 1000 else (1.0, "")
    decimals = max(0, -math.floor(math.log10(step / size) + 1e-9))
    if round(step / size * 10**decimals, 6) % 1:      # 2.5 needs a digit more than 2
        decimals += 1
    if decimals > 4:
        return f"{value:.1e}"
    text = f"{value / size:.{decimals}f}".replace("-", "−")
    return (text.rstrip("0").rstrip(".") if sign and "." in text else text) + sign
