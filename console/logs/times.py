"""How times are written down: told from values first, from names only where values leave it open."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

from console.errors import BadSettings
from console.logs.names import words
from console.logs.plan import TimeFormat

ISO = re.compile(
    r"(?:\d{4}-\d\d?-\d\d?|\d{4}/\d\d?/\d\d?)"
    r"(?:[T ]\d\d?:\d\d(?::\d\d(?:[.,]\d{1,9})?)?\s?(?P<zone>Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?)?",
    re.IGNORECASE | re.ASCII,
)
OTHER_DATES = re.compile(r"\d{1,2}[/.-](\d{1,2}|[A-Za-z]{3})[/.-]\d{2,4}\b.*|\d{4}[-/]\d\d?[-/]\d\d?\D.*", re.DOTALL)
"""Dates in an order that would have to be guessed, or with something behind them: named, not read."""

EARLIEST_S, LATEST_S = 3.0e8, 4.2e9
"""1979 to 2103: a number outside is no epoch in seconds. The ranges of ms, us and ns follow and do not overlap."""

EPOCHS = ((1.0, TimeFormat.EPOCH_S), (1e3, TimeFormat.EPOCH_MS), (1e6, TimeFormat.EPOCH_US),
          (1e9, TimeFormat.EPOCH_NS))

TIME_WORDS = {"ts", "time", "timestamp", "date", "datetime", "epoch", "unix", "msec", "at", "when", "created",
              "received", "logged", "occurred", "starttime", "endtime", "eventtime", "day", "ds", "updated",
              "modified", "start", "end", "expires"}


def says_time(name: str) -> bool:
    """Whether a name speaks of a time, so that a large number under it may be an epoch."""
    return any(word in TIME_WORDS or word.endswith(("time", "timestamp", "unixnano")) for word in words(name))


def iso_share(texts: Sequence[str]) -> float:
    """The share of texts that are whole ISO times."""
    return sum(ISO.fullmatch(text) is not None for text in texts) / len(texts) if texts else 0.0


def has_zone(text: str) -> bool:
    """Whether an ISO time names its zone."""
    found = ISO.fullmatch(text)
    return found is not None and found["zone"] is not None


def epoch_format(numbers: Sequence[float]) -> TimeFormat | None:
    """The unit since 1970 that nearly all of these numbers have, told by their size; None when they have none."""
    for scale, form in EPOCHS:
        inside = sum(EARLIEST_S * scale <= number < LATEST_S * scale for number in numbers)
        if numbers and inside >= 0.95 * len(numbers):
            return form
    return None


def to_seconds(text: str, form: TimeFormat) -> float | None:
    """Seconds since 1970 of one cell, a missing zone taken as UTC: only for looking at the distances of samples."""
    try:
        if form in (TimeFormat.ISO, TimeFormat.TYPED):
            plain = re.sub(r"\s?UTC$", "+00:00", text.strip(), flags=re.IGNORECASE)
            plain = re.sub(r"(\.\d{6})\d+", r"\1", plain.replace("/", "-").replace(",", "."))
            moment = datetime.fromisoformat(plain)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        return float(text) / next(scale for scale, each in EPOCHS if each is form)
    except (ValueError, OverflowError):
        return None


def steady_step(seconds: Sequence[float]) -> float | None:
    """The step of a regular grid, None when the times have none. Several rows may share a time (a row a host)."""
    different = sorted(set(seconds))
    if len(different) < 8:
        return None
    steps = sorted(later - earlier for earlier, later in itertools.pairwise(different))
    middle = steps[len(steps) // 2]
    near = sum(abs(step - middle) <= 0.1 * middle for step in steps)
    return middle if middle > 0 and near >= 0.9 * len(steps) else None


def checked_zone(zone: str, *, where: str = "") -> str:
    """The zone itself; raises BadSettings when the tz database does not know it."""
    if zone.upper() in ("UTC", "Z", "GMT"):
        return "UTC"
    try:
        ZoneInfo(zone)
    except Exception:
        if not available_timezones():      # a Windows without the tz database: the store has its own
            return zone
        raise BadSettings(f"There is no time zone {zone!r}", where=where,
                          do="Name it as in Europe/Berlin, America/New_York or UTC") from None
    return zone
