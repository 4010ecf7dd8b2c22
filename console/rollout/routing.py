"""Who gets the candidate: sticky, and monotone in the weight.

A unit (a user; a request where there is no user) lies in one of 10,000 buckets for as long as the salt stays. The
candidate has the lowest of them, so that a higher weight adds units and never exchanges them.

Two published functions, so that a replay can put the same users on the candidate that the real deployment would:
- GrowthBook, hash version 2: fnv1a32(str(fnv1a32(seed + unit))) mod 10,000.
- Unleash: murmur3 x86 32 bit of `group:unit`, mod 100: whole percents only.

GrowthBook's JavaScript mixes code units of UTF-16 and its Python code points, which is the same for all text but that
outside the basic plane; code points it is here. Unleash hashes UTF-8.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

Buckets = NDArray[np.uint16]
Bytes = NDArray[np.uint8]
Hashes = NDArray[np.uint32]

BUCKETS = 10_000
"""A hundredth of a percent is the finest weight."""

AT_ONCE = 262_144
"""Units hashed in one go: some megabytes of bytes, whatever their number."""

FNV_START, FNV_PRIME = np.uint32(0x811C9DC5), np.uint32(0x01000193)
MURMUR_1, MURMUR_2 = np.uint32(0xCC9E2D51), np.uint32(0x1B873593)


class Hashing(StrEnum):
    """Whose buckets."""

    GROWTHBOOK = "growthbook"
    UNLEASH = "unleash"


@dataclass(frozen=True, slots=True)
class Routing:
    """The bucket of each row.

    sticky_share  of the rows: those that have a user; the others are routed request by request
    """

    buckets: Buckets
    sticky_share: float

    @property
    def sentence(self) -> str:
        """Who is routed how."""
        if self.sticky_share == 1:
            return "A user stays with one version."
        if self.sticky_share == 0:
            return "The log names no users: each request is routed by itself, so one user may meet both versions."
        return f"{1 - self.sticky_share:.1%} of the requests name no user and are routed by themselves."


def to_candidate(buckets: Buckets, weight_percent: float) -> NDArray[np.bool_]:
    """Which rows the candidate gets at a weight of 0 to 100."""
    return buckets < threshold(weight_percent)


def threshold(weight_percent: float) -> int:
    """The first bucket that stays with the stable version."""
    if not 0 <= weight_percent <= 100:
        raise ValueError(f"A weight lies in 0 to 100, got {weight_percent}")
    return round(weight_percent * BUCKETS / 100)


def route(salt: str, users: Sequence[str] | NDArray[np.object_], user_of_row: NDArray[np.integer],
          request_ids: Sequence[str] | NDArray[np.object_] | None = None,
          hashing: Hashing = Hashing.GROWTHBOOK) -> Routing:
    """The bucket of each row, for rows of interned users: each user is hashed once.

    user_of_row  shape (rows,): the place in `users`; -1 where the row has none
    request_ids  shape (rows,); needed only where rows have no user. Without them the number of the row is hashed
    """
    rows = len(user_of_row)
    own = buckets_of(salt, users, hashing)
    if not rows:
        return Routing(np.zeros(0, np.uint16), 1.0)
    alone = np.flatnonzero(user_of_row < 0)
    if len(alone) == rows or not len(own):
        found = np.zeros(rows, np.uint16)
    else:
        found = own[user_of_row]
    if len(alone):
        ids = alone.astype(str) if request_ids is None else np.asarray(request_ids, dtype=object)[alone]
        found[alone] = buckets_of(salt, ids, hashing)
    return Routing(found, 1 - len(alone) / rows)


def buckets_of(salt: str, units: Sequence[str] | NDArray[np.generic], hashing: Hashing = Hashing.GROWTHBOOK) -> Buckets:
    """shape (units,): the bucket of each, 0 to 9,999."""
    found = np.empty(len(units), np.uint16)
    for first in range(0, len(units), AT_ONCE):
        some = units[first: first + AT_ONCE]
        match hashing:
            case Hashing.GROWTHBOOK:
                found[first: first + AT_ONCE] = _fnv_digits(fnv1a32(salt, some)) % BUCKETS
            case Hashing.UNLEASH:
                percent = murmur3_32(f"{salt}:", some) % 100
                found[first: first + AT_ONCE] = percent * (BUCKETS // 100)
            case _:
                assert_never(hashing)
    return found


def fnv1a32(prefix: str, texts: Sequence[str] | NDArray[np.generic]) -> Hashes:
    """FNV-1a of `prefix` + each text, over code points.

    Source: G. Fowler, L. C. Noll, P. Vo; the words are those of their test suite.
    """
    data, starts, lengths = _bytes(texts)
    start = _fnv_python(int(FNV_START), prefix)
    found = np.full(len(lengths), start, np.uint32)
    if not len(lengths):
        return found
    with np.errstate(over="ignore"):
        shortest = int(lengths.min())
        for place in range(int(lengths.max())):
            if place < shortest:
                found ^= data[starts + place]
                found *= FNV_PRIME
            else:
                rest = np.flatnonzero(lengths > place)
                found[rest] = (found[rest] ^ data[starts[rest] + place]) * FNV_PRIME
    if len(data) and data.max() > 127:          # bytes are no code points there
        beyond = np.flatnonzero(np.maximum.reduceat(np.append(data, np.uint8(0)), starts) > 127)
        for at in beyond[lengths[beyond] > 0]:
            found[at] = _fnv_python(start, str(texts[int(at)]))
    return found


def murmur3_32(prefix: str, texts: Sequence[str] | NDArray[np.generic]) -> Hashes:
    """MurmurHash3 x86 32 bit, seed 0, of `prefix` + each text in UTF-8.

    Source: A. Appleby, MurmurHash3.cpp (public domain).
    """
    data, starts, lengths = _bytes(texts)
    head = np.frombuffer(prefix.encode(), np.uint8)
    longest = int(lengths.max(initial=0)) + len(head)
    table = np.zeros((len(lengths), (longest // 4 + 1) * 4), np.uint8)
    table[:, : len(head)] = head
    for place in range(longest - len(head)):
        rest = np.flatnonzero(lengths > place)
        table[rest, len(head) + place] = data[starts[rest] + place]
    words = table.view("<u4")
    total = (lengths + len(head)).astype(np.uint32)
    whole = total // 4
    found = np.zeros(len(lengths), np.uint32)
    with np.errstate(over="ignore"):
        for place in range(words.shape[1]):
            mixed = _turned(words[:, place] * MURMUR_1, 15) * MURMUR_2
            block = _turned(found ^ mixed, 13) * np.uint32(5) + np.uint32(0xE6546B64)
            # what follows the last whole word is padded with zeros, and a tail of zeros leaves the hash as it is
            found = np.where(place < whole, block, np.where(place == whole, found ^ mixed, found))
        found ^= total
        found = (found ^ (found >> np.uint32(16))) * np.uint32(0x85EBCA6B)
        found = (found ^ (found >> np.uint32(13))) * np.uint32(0xC2B2AE35)
        return np.asarray(found ^ (found >> np.uint32(16)), np.uint32)


def _turned(values: Hashes, by: int) -> Hashes:
    return (values << np.uint32(by)) | (values >> np.uint32(32 - by))


def _fnv_digits(values: Hashes) -> Hashes:
    """FNV-1a of each number as it is written in decimal."""
    found = np.full(len(values), FNV_START, np.uint32)
    with np.errstate(over="ignore"):
        for power in range(9, -1, -1):
            digit = values // np.uint32(10**power) % np.uint32(10) + np.uint32(48)
            mixed = (found ^ digit) * FNV_PRIME
            found = mixed if power == 0 else np.where(values >= np.uint32(10**power), mixed, found)
    return found


def _fnv_python(start: int, text: str) -> int:
    for letter in text:
        start = (start ^ ord(letter)) * int(FNV_PRIME) & 0xFFFFFFFF
    return start


def _bytes(texts: Sequence[str] | NDArray[np.generic]) -> tuple[Bytes, NDArray[np.int64], NDArray[np.int64]]:
    """All texts as UTF-8 one behind the other, and where each starts and how long it is."""
    import pyarrow as pa

    if not len(texts):
        return np.zeros(0, np.uint8), np.zeros(0, np.int64), np.zeros(0, np.int64)
    array = pa.array(texts, type=pa.large_string())
    _, offsets, data = array.buffers()
    places = np.frombuffer(offsets, np.int64)[array.offset: array.offset + len(texts) + 1]
    raw = np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(0, np.uint8)
    return raw, places[:-1], np.diff(places)
