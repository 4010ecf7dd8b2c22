"""Numbers and times as people read them: the same on the board, on the command line and in a report."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from console.window import RELATIVE_START, Window

NO_DATA = "no data"
WAITING = "waiting for outcomes"
"""Of a bucket whose requests are too young for their outcomes to be known."""


def format_value(value: float, unit: str) -> str:
    """A value with its unit in three significant digits: `12.3 ms`, `4.20 %`, `1,204 req/s`.

    unit "share" is 0 to 1 and written in percent; NaN is written as no data.
    """
    if not math.isfinite(value):
        return NO_DATA if math.isnan(value) else ("∞" if value > 0 else "-∞")
    if unit == "share":
        return f"{format_number(value * 100)} %"
    if unit == "ms" and abs(value) >= 10_000:
        return f"{format_number(value / 1000)} s"
    if unit == "MB" and abs(value) >= 10_000:
        return f"{format_number(value / 1024)} GB"
    return f"{format_number(value)} {unit}".rstrip()


def format_number(value: float) -> str:
    """Three significant digits, thousands by commas, no exponent between 0.001 and a billion."""
    if not math.isfinite(value):
        return NO_DATA
    size = abs(value)
    if size == 0:
        return "0"
    if size >= 1e9 or size < 1e-3:
        return f"{value:.2e}"
    if size >= 99.95 or value == int(value):
        return f"{value:,.0f}"
    rounded = float(f"{value:.3g}")
    return f"{rounded:.{max(0, 2 - math.floor(math.log10(abs(rounded))))}f}"


def format_count(count: int) -> str:
    """A count in full: `1,204,331`."""
    return f"{count:,}"


def format_since(at: datetime, *, digits: int = 0) -> str:
    """A time of a log that names no start, counted from it: hours, minutes, seconds, `0:08:29`.

    digits  of the seconds' fraction; what is finer is cut off
    """
    micros = round((at - RELATIVE_START) / timedelta(microseconds=1))
    size = abs(micros) if digits else abs(micros) // 10**6 * 10**6
    hours, rest = divmod(size, 3600 * 10**6)
    minutes, rest = divmod(rest, 60 * 10**6)
    fraction = f".{rest % 10**6:06d}"[:digits + 1] if digits else ""
    return f"{'-' if micros < 0 and size else ''}{hours}:{minutes:02d}:{rest // 10**6:02d}{fraction}"


def format_exact(at: datetime, *, relative: bool = False) -> str:
    """As commands print times and take them: `2026-03-02T10:00:00Z`, relative `T+0:08:29.999` (`T-0:00:01`)."""
    if not relative:
        return at.isoformat().replace("+00:00", "Z")
    text = format_since(at, digits=6).rstrip("0").rstrip(".") if at.microsecond else format_since(at)
    return f"T{text}" if text.startswith("-") else f"T+{text}"


def format_time(at: datetime, *, seconds: bool = False, relative: bool = False) -> str:
    """`2 Mar 2026 10:00 UTC`; with seconds where they matter. Relative: `0:08:29 from the start`."""
    if relative:
        return f"{format_since(at)} from the start"
    clock = at.strftime("%H:%M:%S" if seconds else "%H:%M")
    return f"{at.day} {at.strftime('%b %Y')} {clock} UTC"


def format_window(window: Window, *, relative: bool = False) -> str:
    """Start and end, the day said once when both share it: `2 Mar 2026 10:00 - 12:00 UTC`; `0:00:00 - 0:08:30`."""
    if relative:
        digits = 3 if window.seconds < 10 else 0
        return f"{format_since(window.start, digits=digits)} - {format_since(window.end, digits=digits)}"
    exact = window.seconds < 600 or window.start.second or window.end.second
    clock = "%H:%M:%S" if exact else "%H:%M"
    start, end = window.start, window.end
    day = f"{start.day} {start.strftime('%b %Y')}"
    if start.date() == end.date():
        return f"{day} {start.strftime(clock)} - {end.strftime(clock)} UTC"
    if start.year == end.year:
        day = f"{start.day} {start.strftime('%b')}"
    return f"{day} {start.strftime(clock)} - {end.day} {end.strftime('%b %Y')} {end.strftime(clock)} UTC"


def format_span(seconds: float) -> str:
    """A length of time in its two largest units, rounded: `1 d 4 h`, `12 min`, `1 min 30 s`, `0.4 s`."""
    if seconds < 9.95:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    step = next(size for above, size in ((86_400, 3600), (3600, 60), (0, 1)) if round(seconds / size) * size >= above)
    rest = timedelta(seconds=round(seconds / step) * step)
    hours, left = divmod(rest.seconds, 3600)
    parts = [(rest.days, "d"), (hours, "h"), (left // 60, "min"), (left % 60, "s")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count)
