"""Lengths of time as Go, and with it Argo and Flagger, writes them: `1h30m`, `500ms`, `1.5h`; no days."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

from console.errors import BadSettings

UNITS = {"ns": Fraction(1, 10**9), "us": Fraction(1, 10**6), "µs": Fraction(1, 10**6), "μs": Fraction(1, 10**6),
         "ms": Fraction(1, 1000), "s": Fraction(1), "m": Fraction(60), "h": Fraction(3600)}
LONGEST_S = (2**63 - 1) / 1e9
"""Go counts nanoseconds in 64 bits."""

MOST_CHARACTERS = 100
ONE = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
WHOLE = re.compile(rf"(?:{ONE.pattern})+", re.ASCII)
HOW = "Write whole seconds, or a length such as 90s, 5m or 1h30m; days are written in hours"


def seconds_of(value: object) -> float:
    """Seconds of a number (whole seconds), of digits in quotes, or of a length of Go. Raises BadSettings."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise BadSettings(f"{str(value)[:40]!r} is no length of time", do=HOW)
    text = str(value).strip()
    bare = text.removeprefix("+").removeprefix("-")
    if len(text) > MOST_CHARACTERS or not ((bare.isascii() and bare.isdigit()) or WHOLE.fullmatch(bare)):
        raise BadSettings(f"`{text[:40]}` is no length of time", do=HOW)
    if bare.isdigit():
        found = Fraction(int(bare))
    else:
        found = sum((Fraction(number) * UNITS[unit] for number, unit in ONE.findall(bare)), Fraction(0))
    if text.startswith("-") and found:
        raise BadSettings(f"`{text[:40]}` is a length below zero", do=HOW)
    if found > LONGEST_S:
        raise BadSettings(f"`{text[:40]}` is longer than 292 years", do="Give a shorter one")
    return float(found)


def written(seconds: float) -> str:
    """The other way round, exactly: 5400 is `1h30m`, 0.25 is `0.25s`."""
    if seconds != int(seconds):
        return f"{Decimal(repr(seconds)):f}s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    text = "".join(f"{number}{unit}" for number, unit in ((hours, "h"), (minutes, "m"), (rest, "s")) if number)
    return text or "0s"
