"""Which of the remaining columns went into the model: numbers, flags and words from a small set."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from console.logs.cells import Facts
from console.logs.names import words
from console.roles import ColumnType, Role, StreamKind

MOST_FEATURES = 200
"""No more columns than this are rolled up (design.md 4)."""

CALENDAR = {"year", "month", "day", "weekday", "hour", "minute", "second", "date", "dt", "quarter", "week"}
"""Parts of the time itself: they move with the clock, so drift in them says nothing."""

PLUMBING = {"ip", "addr", "agent", "referer", "referrer", "uri", "url", "path", "method", "protocol", "span", "trace",
            "level", "levelname", "logger", "message", "msg", "pid", "thread", "lineno", "filename", "traceback",
            "exception", "error", "cost", "bytes", "payload", "upstream", "email", "token", "key", "api",
            "provider", "base"}
"""Words of transport and logging: not what the model saw."""

FEW, FEW_SHARE = 50, 0.3
"""Words of a column are categories up to this many different ones, or up to this share of the rows."""


@dataclass(frozen=True, slots=True)
class Guess:
    """What one column was taken for."""

    role: Role | None
    why: str
    unit: str = ""
    type: ColumnType | None = None     # when its cells are kept in another type than they look like


def guess(facts: Facts, kind: StreamKind, budget: int) -> Guess:
    """What a column is that no rule of names took."""
    said = words(facts.name)
    if not facts.texts:
        return Guess(None, "Empty in all rows that were looked at")
    if facts.nested:
        return Guess(None, "Holds lists or objects")
    if kind is StreamKind.SAMPLES:
        if facts.is_number() and not set(said) & CALENDAR:
            return Guess(Role.METRIC_VALUE, "A number beside the time")
        return Guess(None, "No name that is known")
    if kind is StreamKind.OUTCOMES:
        return Guess(None, "No name that is known")
    if facts.type is ColumnType.TIME:
        return Guess(None, "Another time")
    if len(said) == 1 and set(said) <= CALENDAR:
        return Guess(None, "Part of the time itself")
    if set(said) & PLUMBING:
        return Guess(None, "Speaks of transport, not of what went into the model")
    if budget <= 0:
        return Guess(None, f"More than {MOST_FEATURES} features: this one is kept, not charted")
    if facts.is_number():
        if said[-1:] == ("id",) or said[-1:] == ("number",):
            return Guess(None, "A number that names something")
        if facts.distinct == len(facts.texts) >= 100 and facts.whole and counts_up(facts.numbers):
            return Guess(None, "Counts the rows")
        return Guess(Role.FEATURE, "A number that goes into the model, as far as one can tell")
    if facts.type is ColumnType.FLAG:
        return Guess(Role.FEATURE, "True or false, taken for a feature")
    return _words(facts)


def counts_up(numbers: tuple[float, ...]) -> bool:
    """Whether nearly each number is one more than the one before it, as row numbers are."""
    steps = [later - earlier for earlier, later in itertools.pairwise(numbers)]
    return sum(step == 1 for step in steps) >= 0.95 * len(steps)


def _words(facts: Facts) -> Guess:
    n, different = len(facts.texts), facts.distinct
    if n >= 20 and facts.unique_share > 0.9:
        return Guess(None, "Different in nearly every row: a name or free text")
    if different > FEW and different > FEW_SHARE * n:
        return Guess(None, f"{different} different values in {n} rows: too many for categories")
    spaced = sum(text.count(" ") >= 4 or len(text) > 80 for text in facts.texts)
    if 2 * spaced > n and different > 5:
        return Guess(None, "Free text")
    return Guess(Role.FEATURE, f"{different} different word{'s' if different != 1 else ''}: a category")
