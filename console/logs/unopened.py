"""Lines of JSON that all have the same keys, handed to the database as they stand: the INSERT itself opens them.

To open them before, in a database of their own, costs as much as all else that is done for them. What allows it is a
proof that nothing gets lost on the way. The cast refuses a line without one of the keys, with one of them twice, or
with text where a number is kept; and a key ends in a quote with a colon behind it, so that as many of those as the
lines must have leave no room for a further key. A long number and a flag that would pass for one are refused by the
query. A refusal ends the INSERT, and its lines are read again by `JsonCutter`, one by one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import duckdb
import numpy as np

from console.logs.arrow_csv import EXACT
from console.store.names import literal

REFUSED = (duckdb.InvalidInputException, UnicodeDecodeError)
"""What an INSERT raises for a line that is not like the others; the message quotes it, and may cut it in a letter."""

STEP = 1 << 20              # bytes looked at in one go: they stay in the cache of a core
QUOTE_COLON, SPACE_COLON = (int.from_bytes(text, "little") for text in (b'":', b" :"))
RARE = {byte: int.from_bytes(byte + b":", "little") for byte in (b"\t", b"\r")}
FLAGS = tuple(int.from_bytes(text, "little") for text in (b"true", b"fals"))


class Unlike(Exception):
    """A line of a stream is not like those before; the transaction is lost."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.stream = stream


@dataclass(frozen=True, slots=True)
class Shape:
    """Of lines in a table (l, _flags, _record).

    keys     each line has these and no others
    numbers  those whose values come as DOUBLE; all others come as text
    """

    keys: tuple[str, ...]
    numbers: tuple[str, ...]

    def opened(self, source: str) -> str:
        """A relation with the value of keys[n] as `k<n>`, and all else of the source but `l` and `_flags`.

        Reading it raises one of REFUSED for a line of another shape.
        """
        shape = json.dumps({key: "DOUBLE" if key in self.numbers else "VARCHAR" for key in self.keys})
        cells = ", ".join(f"struct_extract(j, {literal(key)}) AS k{at}" for at, key in enumerate(self.keys))
        opened = f"(SELECT *, json_transform_strict(l, {literal(shape)}) AS j FROM {source})"
        checked = "" if not self.numbers else f" REPLACE ({self._checked()} AS _record)"
        return f"(SELECT * EXCLUDE (l, _flags){checked} FROM (SELECT * EXCLUDE (j), {cells} FROM {opened}))"

    def _checked(self) -> str:
        """The record's number; an error where a number has lost digits, is NaN (greater than all), or was a flag."""
        names = [f"k{self.keys.index(key)}" for key in self.numbers]
        largest = ", ".join(f"abs({name})" for name in names)
        like_flags = " OR ".join(f"{name} IN (0, 1)" for name in names)
        asked = ", ".join(literal(pointer(key)) for key in self.numbers)
        was_flag = (f"CASE WHEN {like_flags} THEN CASE WHEN list_contains(json_type(l, [{asked}]), 'BOOLEAN') "
                    "THEN error('a flag') ELSE _record END ELSE _record END")
        return (f"CASE WHEN greatest({largest}) >= {EXACT} THEN error('a long number') "
                f"WHEN _flags THEN {was_flag} ELSE _record END")


def has_no_other_keys(text: bytes, keys: int) -> bool:
    """Whether lines that have so many keys at least, all together, have no more."""
    rare = (pair for byte, pair in RARE.items() if byte in text)
    return _count(text, QUOTE_COLON, SPACE_COLON, *rare) == keys


def has_flags(text: bytes) -> bool:
    """Whether some value is true or false; or some text has such a word."""
    for at in range(0, len(text), STEP):
        for shift in range(4):
            words = _words(text, at + shift, STEP, "<u4", 4)
            if any(np.count_nonzero(words == flag) for flag in FLAGS):
                return True
    return False


def _count(text: bytes, *pairs: int) -> int:
    """How often these pairs of bytes stand in a text."""
    found = 0
    for at in range(0, len(text), STEP):
        for shift in range(2):
            words = _words(text, at + shift, STEP, "<u2", 2)
            found += sum(int(np.count_nonzero(words == pair)) for pair in pairs)
    return found


def _words(text: bytes, at: int, size: int, kind: str, width: int) -> np.ndarray:
    return np.frombuffer(text, kind, max(0, min(size, len(text) - at)) // width, min(at, len(text)))


def pointer(key: str) -> str:
    """The JSON pointer to a key."""
    return "/" + key.replace("~", "~0").replace("/", "~1")
