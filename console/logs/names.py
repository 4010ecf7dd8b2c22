"""What file and folder names say: the stem that rotated files share, their order, values that stand in the path."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import unquote

COMPRESSED = (".gz", ".gzip", ".zst", ".zstd")
ENDINGS = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".json", ".log", ".parquet", ".pq", ".snappy", ".out", ".dat")
UNFINISHED = (".tmp", ".swp", "~", ".part", ".crdownload")
"""Endings of files that somebody is still writing under another name; they are passed over without a word."""

SETTINGS = "pilothouse.toml"

HOST = re.compile(r"(host|node|pod|server|worker|replica|serve|machine|instance|ip|i|vm)[-_.\d].*", re.IGNORECASE)
"""A folder that is named like a machine."""

_UUID = re.compile(r"[-_.]?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", re.I)
_DATE = re.compile(r"(?:^|[-_.])((?:19|20)\d\d-\d\d-\d\d(?:[T_-]?\d\d(?:[:-]?\d\d){0,2})?Z?)$")
_COMPACT = re.compile(r"(?:^|[-_.])((?:19|20)\d{6}(?:[T_-]?\d{2,12})?Z?)x*$")
_MONTH = re.compile(r"(?:^|[-_.])((?:19|20)\d\d-(?:0[1-9]|1[0-2]))$")
_EPOCH = re.compile(r"[-_.](\d{9,19})$")
_PART = re.compile(r"(?:^|[-_.])(?:(?:part|shard|chunk)[-_]?\d+|\d{3,5}|c\d{3})$", re.I)
_NUMBER = re.compile(r"\.(\d{1,4})$")
_HIVE = re.compile(r"^([A-Za-z_][\w-]*)=(.*)$", re.S)
_DATED_FOLDER = re.compile(r"^((19|20)\d\d([-_]?\d\d){0,2}([T_-]?\d\d)?)$")


def is_passed_over(name: str) -> bool:
    """Hidden files, files under way, and our own settings: not a word about them."""
    return name.startswith(".") or name.lower().endswith(UNFINISHED) or name == SETTINGS


def stem_and_age(name: str) -> tuple[str, tuple[int, str, int]]:
    """The name without compression, format and rotation, and a key that sorts newer files higher.

    `access.log` is newer than `access.log.1`, that than `access.log.2.gz`; of dated names the later date is newer, and
    the one without a date is the one that is being written.
    """
    stem = name
    stamp, number = "", 0
    while True:
        before = stem
        for ending in COMPRESSED + ENDINGS:
            if stem.lower().endswith(ending) and len(stem) > len(ending):
                stem = stem[: -len(ending)]
        if found := _NUMBER.search(stem):
            number, stem = int(found[1]), stem[: found.start()]
        for pattern in (_DATE, _COMPACT, _MONTH, _EPOCH):
            if found := pattern.search(stem):
                stamp, stem = re.sub(r"\D", "", found[1]) + stamp, stem[: found.start()]
                break
        else:
            stem = _UUID.sub("", stem)
            stem = _PART.sub("", stem)
        if stem == before:
            break
    return stem.strip("-_. "), (0 if stamp or number else 1, stamp, -number)


def hive_value(part: str) -> tuple[str, str] | None:
    """`date=2026-03-02` is a column `date` with that value."""
    found = _HIVE.match(part)
    return (found[1], unquote(found[2])) if found else None


def folder_shape(parts: tuple[str, ...]) -> tuple[str, ...]:
    """The folders above a file with `*` where a date or a hive value stands, so that days share one shape."""
    shape: list[str] = []
    for index, part in enumerate(parts):
        hive = hive_value(part)
        if hive:
            shape.append(f"{hive[0]}=*")
        elif _DATED_FOLDER.match(part) or (re.fullmatch(r"\d\d?", part) and index and shape[-1] == "*"):
            shape.append("*")
        else:
            shape.append(part)
    return tuple(shape)


@lru_cache(maxsize=8192)
def words(name: str) -> tuple[str, ...]:
    """The words of a name in lower case: `ContextTokens` and `context-tokens` are both ("context", "tokens")."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return tuple(word for word in re.split(r"[^0-9a-z]+", spaced.lower()) if word)


ROW_NUMBER = "rowid"
"""What the database calls the number of a row: a column of that name would hide it."""


def stored_names(names: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """Names for the raw table: unique without regard to case, never empty, never starting with `_`, never `rowid`.

    An empty name becomes `column_<its place>`, the second `price` becomes `price_2`.
    """
    used = {ROW_NUMBER, *(name.lower() for name in taken)}
    stored: list[str] = []
    for place, name in enumerate(names, start=1):
        base = name.replace("\x00", "").lstrip("_").strip() or f"column_{place}"
        choice, again = base, 2
        while choice.lower() in used:
            choice, again = f"{base}_{again}", again + 1
        used.add(choice.lower())
        stored.append(choice)
    return stored
