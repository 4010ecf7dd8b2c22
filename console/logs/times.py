"""How times are written down: told from values first, from names only where values leave it open."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from zoneinfo import ZoneInfo, available_timezones

from console.errors import BadSettings
from console.logs.names import words
from console.roles import DATES, TimeFormat
from console.store import casting

ISO = re.compile(
    r"(?:\d{4}-\d\d?-\d\d?|\d{4}/\d\d?/\d\d?)"
    r"(?:[T ]\d\d?:\d\d(?::\d\d(?:[.,]\d{1,9})?)?\s?(?P<zone>Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?)?"
    r"|\d{8}T\d{6}(?:[.,]\d{1,9})?\s?(?P<compact_zone>Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?",
    re.IGNORECASE | re.ASCII,
)
DATE = re.compile(casting.DATE, re.ASCII)
OTHER_DATES = re.compile(r"\d{1,2}[/.-](\d{1,2}|[A-Za-z]{3})[/.-]\d{2,4}\b.*|\d{4}[-/]\d\d?[-/]\d\d?\D.*", re.DOTALL)
"""What looks like a date and may have something behind it: named in a refusal."""

DECIDED = 0.95
"""Of the dates that can be read in one order only, so many must agree; the rest is then no date."""

EARLIEST_S, LATEST_S = 3.0e8, 4.2e9
"""1979 to 2103: a number outside is no epoch in seconds. The ranges of ms, us and ns follow and do not overlap."""

FEWEST_RISES, RISING, FALLS, FALLING = 3, 0.02, 3, 0.01
"""A count from a start rises now and then, and falls back where one file ends and another begins: so often at least and
at most, as a number and as a share of the rows."""

EPOCHS = ((1.0, TimeFormat.EPOCH_S), (1e3, TimeFormat.EPOCH_MS), (1e6, TimeFormat.EPOCH_US),
          (1e9, TimeFormat.EPOCH_NS))

TIME_WORDS = {"ts", "time", "timestamp", "date", "datetime", "epoch", "unix", "msec", "at", "when", "created",
              "received", "logged", "occurred", "starttime", "endtime", "eventtime", "day", "ds", "updated",
              "modified", "start", "end", "expires"}


COUNT_WORDS = {"ts", "time", "timestamp", "t", "at", "start", "started", "arrival", "arrived", "request", "requested",
               "received", "sent", "event", "relative", "rel", "offset", "since", "ms", "millis", "milliseconds",
               "msec", "s", "sec", "secs", "seconds"}
"""The names of a count from an unnamed start have these words and no others: `dep_time` is 517 for 5:17."""


def says_count(name: str) -> bool:
    """Whether a growing number under this name may count the time from a start."""
    return says_time(name) and COUNT_WORDS.issuperset(words(name))


def says_time(name: str) -> bool:
    """Whether a name speaks of a time, so that a large number under it may be an epoch."""
    return any(word in TIME_WORDS or word.endswith(("time", "timestamp", "unixnano")) for word in words(name))


def iso_share(texts: Sequence[str]) -> float:
    """The share of texts that are whole ISO times."""
    return sum(ISO.fullmatch(text) is not None for text in texts) / len(texts) if texts else 0.0


def has_zone(text: str) -> bool:
    """Whether an ISO time names its zone."""
    found = ISO.fullmatch(text)
    return found is not None and (found["zone"] or found["compact_zone"]) is not None


def epoch_format(numbers: Sequence[float]) -> TimeFormat | None:
    """The unit since 1970 that nearly all of these numbers have, told by their size; None when they have none."""
    for scale, form in EPOCHS:
        inside = sum(EARLIEST_S * scale <= number < LATEST_S * scale for number in numbers)
        if numbers and inside >= 0.95 * len(numbers):
            return form
    return None


def relative_format(name: str, numbers: Sequence[float]) -> TimeFormat | None:
    """The unit of a count from an unnamed start; None when these do not look like one.

    A name that ends in a unit decides; else fractions are of seconds, and whole numbers in steps of a hundred and more
    are milliseconds.
    """
    steps = [later - earlier for earlier, later in itertools.pairwise(numbers)]
    rises = [step for step in steps if step > 0]
    falls = sum(step < 0 for step in steps)
    if len(rises) < FEWEST_RISES or len(rises) < RISING * len(steps) or falls > FALLS + FALLING * len(steps):
        return None
    if not all(0 <= number < LATEST_S * 1e9 for number in numbers) or all(_is_calendar(number) for number in numbers):
        return None
    unit = words(name)[-1]
    if unit in ("ms", "millis", "milliseconds", "msec"):
        return TimeFormat.RELATIVE_MS
    if unit in ("s", "sec", "secs", "seconds") or any(number % 1 for number in numbers):
        return TimeFormat.RELATIVE_S
    return TimeFormat.RELATIVE_MS if median(rises) >= 100 else TimeFormat.RELATIVE_S


def _is_calendar(number: float) -> bool:
    """Whether it is a day written as 20260302."""
    return 19_000_101 <= number <= 22_001_231 and 1 <= number // 100 % 100 <= 12 and 1 <= number % 100 <= 31


@dataclass(frozen=True, slots=True)
class Dated:
    """Texts that are dates with the day or the month first.

    form   None: they can be read both ways, or some in one and some in the other
    zoned  whether all of them name their zone
    """

    form: TimeFormat | None
    zoned: bool


def dated(name: str, texts: Sequence[str], enough: float) -> Dated | None:
    """The order of day and month in the texts of a column, told from those that can be read in one way only.

    None when fewer than the share `enough` are such dates, or when they might as well be versions (1.10.24).
    """
    found = [match for text in texts if (match := DATE.fullmatch(text)) and (_day_first(match) or _month_first(match))]
    if not found or len(found) < enough * len(texts):
        return None
    if not says_time(name) and any(len(match[3]) == 2 and match[4] is None and (match[1] + match[2]).isdigit()
                                   for match in found):
        return None
    day = sum(not _month_first(match) for match in found)
    month = sum(not _day_first(match) for match in found)
    form = None
    if day + month and max(day, month) >= DECIDED * (day + month):
        form = TimeFormat.DAY_FIRST if day > month else TimeFormat.MONTH_FIRST
    return Dated(form, all(match[9] is not None for match in found))


def _day_first(match: re.Match[str]) -> bool:
    return _is_day(match[1]) and _is_month(match[2])


def _month_first(match: re.Match[str]) -> bool:
    return _is_month(match[1]) and _is_day(match[2])


def _is_day(text: str) -> bool:
    return text.isdigit() and 1 <= int(text) <= 31


def _is_month(text: str) -> bool:
    return 1 <= int(text) <= 12 if text.isdigit() else text[:3].lower() in casting.MONTHS


def to_seconds(text: str, form: TimeFormat) -> float | None:
    """Seconds since 1970, or since the start of a relative time, of one cell; a missing zone is taken as UTC: only for
    looking at the distances of samples."""
    try:
        if form in DATES:
            return _date_to_seconds(text, form)
        if form in (TimeFormat.ISO, TimeFormat.TYPED):
            plain = re.sub(r"\s?(UTC|GMT)$", "+00:00", text.strip(), flags=re.IGNORECASE)
            plain = re.sub(r"(\.\d{6})\d+", r"\1", plain.replace("/", "-").replace(",", "."))
            moment = datetime.fromisoformat(re.sub(r"\s(?=[+-]\d\d)", "", plain))
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        return float(text) / casting.PER_SECOND[form]
    except (ValueError, OverflowError):
        return None


def _date_to_seconds(text: str, form: TimeFormat) -> float | None:
    match = DATE.fullmatch(text)
    if match is None:
        return None
    day, month = (match[1], match[2]) if form is TimeFormat.DAY_FIRST else (match[2], match[1])
    number = int(month) if month.isdigit() else casting.MONTHS.index(month[:3].lower()) + 1
    year = int(match[3]) + (0 if len(match[3]) == 4 else 1900 if match[3] >= "70" else 2000)
    hour = int(match[4] or 0)
    if match[8]:
        hour = hour % 12 + 12 * (match[8][0] in "pP")
    return datetime(year, number, int(day), hour, int(match[5] or 0), int(match[6] or 0), tzinfo=UTC).timestamp()


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
