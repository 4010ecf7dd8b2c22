"""A time range as people type it. Pure: no widget, no clock."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from console.window import RELATIVE_START, Window

UNITS_S = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}
"""By their shortest names; in words the first letter decides, but for minutes."""
EXAMPLES = "2 Mar 2026 12:00 - 18:00, 2026-03-02 12:00 .. 2026-03-03, now-6h, now-2d .. now-1d"
EXAMPLES_SINCE = "0:05:00 - 0:08:30, 0:05:00 .. now, now-1m, 90s"
MOMENTS = "2 Mar 2026 12:00, 2026-03-02 12:00, 12:00, now-6h"
MOMENTS_SINCE = "0:05:00, now-1m, 90s"
_SINCE = re.compile(r"([+-]?)(\d{1,7}):(\d\d):(\d\d(?:\.\d{1,6})?)")
_LENGTH = (r"(\d+(?:\.\d+)?)\s*(seconds?|secs?|s|minutes?|mins?|min|m|hours?|hrs?|h|days?|d|weeks?|w)"
           r"(?![a-z])")
_RELATIVE = re.compile(rf"now(?:\s*-\s*{_LENGTH})?", re.IGNORECASE)
_BARE_LENGTH = re.compile(rf"(?:(?:last|past)\s+|-\s*)?{_LENGTH}", re.IGNORECASE)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T\s]+(\d{1,2}:\d{2}(?::\d{2})?))?")
_WORDS = re.compile(r"(\d{1,2})\s+([A-Za-z]{3,9})(?:\s+(\d{4}))?(?:\s+(\d{1,2}:\d{2}(?::\d{2})?))?")
_ZONE = re.compile(r"(?i)(?:\s*\butc|(?<=\d)z)\s*$")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


class NotATime(ValueError):
    """What was typed is no time range; the message says what would be."""


def read_window(text: str, newest: datetime) -> Window:
    """`2 Mar 2026 10:00 - 12:00 UTC`, ISO times, `now-1h`, `now-2h .. now-1h`, `6h`. All in UTC.

    newest : what `now` means: the newest row of the log, so that old logs can be asked too
    A day without a clock is its midnight; alone, a day is that whole day.
    """
    typed = _ZONE.sub("", text.strip()).replace("\N{EN DASH}", "-").replace("\N{EM DASH}", "-")
    try:
        if match := _BARE_LENGTH.fullmatch(typed):
            return Window(newest - _length(match), newest)
        halves = _halves(typed)
        if len(halves) == 1:
            return _one(halves[0], newest)
        if _without_year(halves[0]) and not _CLOCK.fullmatch(halves[1]):
            end = _moment(halves[1], newest, None)
            return Window(_moment(halves[0], newest, end), end)     # the year stands once, at the end
        start = _moment(halves[0], newest, None)
        return Window(start, _moment(halves[1], newest, start))
    except NotATime:
        raise
    except (ValueError, OverflowError) as error:
        reason = "the end must come after the start" if "after it starts" in str(error) else "no such time"
        raise NotATime(f"“{text.strip()}” is no time range: {reason}. Write it like {EXAMPLES}") from None


def read_since(text: str, newest: datetime) -> Window:
    """The same for a log that counts from a start which it does not name: `0:05:00 - 0:08:30`, `now-1m`, `90s`."""
    typed = text.strip().replace("\N{EN DASH}", "-").replace("\N{EM DASH}", "-")
    try:
        if match := _BARE_LENGTH.fullmatch(typed):
            return Window(newest - _length(match), newest)
        start, *end = (_since(half, newest) for half in _halves(typed))
        return Window(start, end[0] if end else newest)
    except NotATime:
        raise
    except (ValueError, OverflowError) as error:
        reason = "the end must come after the start" if "after it starts" in str(error) else "no such time"
        raise NotATime(f"“{text.strip()}” is no time range: {reason}. Write it like {EXAMPLES_SINCE}") from None


def read_moment(text: str, newest: datetime, *, relative: bool = False) -> datetime:
    """One moment: `2 Mar 2026 12:00`, `2026-03-02`, `12:00` (of the newest day), `now-1h`, `6h` (ago); in a log without
    dates `0:05:00`. In UTC; `now` is the newest row."""
    typed = _ZONE.sub("", text.strip())
    examples = MOMENTS_SINCE if relative else MOMENTS
    try:
        if match := _BARE_LENGTH.fullmatch(typed):
            return newest - _length(match)
        return _since(typed, newest) if relative else _moment(typed, newest, None)
    except (NotATime, ValueError, OverflowError):
        raise NotATime(f"“{text.strip()}” is no time. Write it like {examples}") from None


def _since(text: str, newest: datetime) -> datetime:
    if match := _RELATIVE.fullmatch(text):
        return newest - (_length(match) if match[1] else timedelta(0))
    match = _SINCE.fullmatch(text)
    if match is None or int(match[3]) > 59 or float(match[4]) >= 60:
        raise NotATime(f"“{text}” is no time of this log, which has no dates. Write the range like {EXAMPLES_SINCE}")
    since = timedelta(hours=int(match[2]), minutes=int(match[3]), seconds=float(match[4]))
    return RELATIVE_START - since if match[1] == "-" else RELATIVE_START + since


def _halves(typed: str) -> list[str]:
    for between in (r"\s*\.\.\s*", r"\s+to\s+", r"\s+-\s+", r"(?<=:\d\d)-(?=\d)"):
        parts = re.split(between, typed)
        if len(parts) == 2 and not (between == r"\s+-\s+" and parts[0].lower().strip() == "now"):
            return [_ZONE.sub("", part.strip()) for part in parts]
    return [typed]


def _one(text: str, newest: datetime) -> Window:
    start = _moment(text, newest, None)
    if _RELATIVE.fullmatch(text):
        return Window(start, newest)
    if ":" in text:
        raise NotATime(f"“{text}” has no end. Write it like {EXAMPLES}")
    return Window(start, start + timedelta(days=1))


def _without_year(text: str) -> bool:
    match = _WORDS.fullmatch(text)
    return bool(match and not match[3])


def _moment(text: str, newest: datetime, near: datetime | None) -> datetime:
    """One time; a clock alone takes its day, a day its year, from the other end or from the newest row."""
    day = near or newest
    if match := _RELATIVE.fullmatch(text):
        return newest - (_length(match) if match[1] else timedelta(0))
    if match := _CLOCK.fullmatch(text):
        return _at(datetime(day.year, day.month, day.day, tzinfo=UTC), text)
    if match := _ISO.fullmatch(text):
        return _at(datetime(int(match[1]), int(match[2]), int(match[3]), tzinfo=UTC), match[4])
    if (match := _WORDS.fullmatch(text)) and match[2][:3].lower() in _MONTHS:
        month = _MONTHS.index(match[2][:3].lower()) + 1
        return _at(datetime(int(match[3] or day.year), month, int(match[1]), tzinfo=UTC), match[4])
    raise NotATime(f"“{text}” is no time. Write the range like {EXAMPLES}")


def _at(day: datetime, clock: str | None) -> datetime:
    if not clock:
        return day
    hours, minutes, *seconds = (int(part) for part in clock.split(":"))
    if hours == 24 and minutes == 0:
        return day + timedelta(days=1)
    return day.replace(hour=hours, minute=minutes, second=seconds[0] if seconds else 0)


def _length(match: re.Match[str]) -> timedelta:
    return timedelta(seconds=float(match[1]) * UNITS_S[match[2].lower()[0]])
