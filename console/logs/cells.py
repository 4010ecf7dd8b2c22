"""The type of a column, told from a sample of its cells."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from statistics import median

from console.logs import times
from console.logs.plan import TimeFormat
from console.roles import ColumnType
from console.store.casting import MISSING_WORDS

MISSING = frozenset(MISSING_WORDS)

LONG_ID = 2**53
"""Whole numbers from here on lose digits as DOUBLE: they are ids and stay text."""

ENOUGH = 0.9
"""The share of a sample that must fit a type. The rest is missing in a number column, counted, and its text kept."""

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|[+-]?inf(inity)?", re.IGNORECASE | re.ASCII)
_LEADING_ZERO = re.compile(r"[+-]?0\d+", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d{16,}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a sample of one column shows.

    texts    the cells that are not missing, as text; numbers: those of them that are numbers, NaN left out
    zoned    whether its times name their zone; None when it holds no times
    nested   whether it holds lists or objects
    in_doubt whether its texts are dates of which nothing says whether the day or the month stands first
    """

    name: str
    type: ColumnType
    n: int
    texts: tuple[str, ...]
    numbers: tuple[float, ...]
    time_format: TimeFormat | None = None
    zoned: bool | None = None
    nested: bool = False
    typed_text: bool = False     # the file itself says that it is text (Parquet, JSON strings)
    in_doubt: bool = False

    @property
    def distinct(self) -> int:
        """How many different values the sample has."""
        return len(set(self.texts))

    @property
    def whole(self) -> bool:
        """Whether all numbers are whole."""
        return bool(self.numbers) and all(math.isfinite(number) and number == int(number) for number in self.numbers)

    @property
    def low(self) -> float:
        """The smallest number; NaN without any."""
        return min(self.numbers, default=math.nan)

    @property
    def high(self) -> float:
        """The largest number; NaN without any."""
        return max(self.numbers, default=math.nan)

    @property
    def middle(self) -> float:
        """The median; NaN without numbers."""
        return median(self.numbers) if self.numbers else math.nan

    @property
    def unique_share(self) -> float:
        """Different values per value; 0 without any."""
        return self.distinct / len(self.texts) if self.texts else 0.0

    @property
    def samples(self) -> tuple[str, ...]:
        """Up to three different values, each cut at 200 characters."""
        return tuple(text[:200] for text in dict.fromkeys(self.texts[:200]))[:3]

    def is_number(self) -> bool:
        """Whether it holds numbers."""
        return self.type is ColumnType.NUMBER


def look_at(name: str, values: Sequence[object]) -> Facts:
    """Facts about a column from values as the file has them: text, numbers, times, flags, None."""
    present = [value for value in values if not is_missing(value)]
    nested = sum(isinstance(value, list | dict | tuple) for value in present) > (1 - ENOUGH) * len(present)
    texts = tuple(as_text(value) for value in present)

    def facts(kind: ColumnType, numbers: tuple[float, ...] = (), form: TimeFormat | None = None,
              zoned: bool | None = None) -> Facts:
        typed_text = bool(present) and all(isinstance(value, str) for value in present)
        return Facts(name, kind, len(values), texts, numbers, form, zoned, nested, typed_text)

    if not present or nested:
        return facts(ColumnType.TEXT)
    if all(isinstance(value, bool) for value in present) or all(text.lower() in ("true", "false") for text in texts):
        return facts(ColumnType.FLAG)
    if all(isinstance(value, date) for value in present):
        zoned = any(isinstance(value, datetime) and value.tzinfo is not None for value in present)
        return facts(ColumnType.TIME, (), TimeFormat.TYPED, zoned)
    numbers = tuple(float(text) for text in texts if _NUMBER.fullmatch(text))
    if len(numbers) >= ENOUGH * len(texts):
        if times.says_time(name) and (form := times.epoch_format(numbers)):
            return facts(ColumnType.TIME, numbers, form, True)
        if is_id_like(texts):
            return facts(ColumnType.TEXT, numbers)
        return facts(ColumnType.NUMBER, numbers)
    if times.iso_share(texts) >= ENOUGH:
        zoned = all(times.has_zone(text) for text in texts if times.ISO.fullmatch(text))
        return facts(ColumnType.TIME, (), TimeFormat.ISO, zoned)
    dated = times.dated(name, texts, ENOUGH)
    if dated is not None and dated.form is not None:
        return facts(ColumnType.TIME, (), dated.form, dated.zoned)
    if dated is not None:
        return replace(facts(ColumnType.TEXT, (), None, dated.zoned), in_doubt=True)
    return facts(ColumnType.TEXT)


def is_missing(value: object) -> bool:
    """Nothing, NaN, or a word for nothing."""
    if value is None:
        return True
    if isinstance(value, float):
        return math.isnan(value)
    return isinstance(value, str) and value.strip().lower() in MISSING


def is_id_like(texts: Sequence[str]) -> bool:
    """Whether digits would be lost as numbers: leading zeros, or whole numbers of 2^53 and more."""
    return any(_LEADING_ZERO.fullmatch(text) for text in texts) or any(
        _WHOLE.fullmatch(text) and (len(text) > 20 or abs(int(text)) >= LONG_ID) for text in texts)


def as_text(value: object) -> str:
    """A cell as the log would show it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, bytes):
        return value[:100].decode("utf-8", "replace")
    return value.strip() if isinstance(value, str) else str(value)
