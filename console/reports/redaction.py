"""Which columns are about persons, and what stands in their place when a report leaves the house.

Decisions
    A column is personal by its role (user id), by its name (email, ip, phone, first_name, ...), by what its cells look
        like, or because the user said so (`--redact`, `redact` in pilothouse.toml). `--keep` and `keep` win over all
        but what was named with `--redact`.
    Short text becomes a pseudonym, a keyed hash: equal values stay equal, so that users can still be counted and
        categories compared, and nobody without the key can find a value by trying. The key is made anew for each
        report and kept nowhere.
    Free text, and numbers such as coordinates, are masked: that there was a value is kept, which one is not. They are
        not tested for drift.
    Values that people typed into their words are replaced as well (`console.session.typed_words`).
    A raw line of a stream that has such a column is not shown: a line that could not be read cannot be redacted.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

from console.logs.names import words
from console.roles import ColumnType, Role

if TYPE_CHECKING:
    from console.store import ColumnInfo

MASK = "(redacted)"
DIGITS = 12
"""Of a pseudonym, hexadecimal: two of a million values share one with a chance of one in 500."""

FREE_TEXT_WORDS = 6
"""A cell with so many words is free text."""

_SINGLE = {"email", "emails", "mail", "ip", "ipaddr", "ipaddress", "ipv4", "ipv6", "remoteip", "clientip", "phone",
           "telephone", "mobile", "msisdn", "username", "login", "surname", "firstname", "lastname", "fullname",
           "forename", "address", "street", "postcode", "zipcode", "zip", "ssn", "passport", "iban", "birthday",
           "birthdate", "dob", "imei", "imsi", "idfa", "gaid", "cookie", "cookies", "latitude", "longitude", "lat",
           "lon", "lng", "gps", "geo", "geolocation", "customer", "visitor", "subscriber", "userid", "uid"}
_PAIRS = {("remote", "addr"), ("client", "addr"), ("remote", "address"), ("first", "name"), ("last", "name"),
          ("full", "name"), ("family", "name"), ("given", "name"), ("user", "name"), ("customer", "name"),
          ("user", "id"), ("customer", "id"), ("account", "id"), ("client", "id"), ("member", "id"), ("device", "id"),
          ("forwarded", "for"), ("forwarded", "ip"), ("postal", "code"), ("zip", "code"), ("credit", "card"),
          ("card", "number"), ("date", "birth"), ("birth", "date"), ("tax", "id"), ("national", "id"),
          ("advertising", "id"), ("session", "id"), ("player", "id"), ("subscriber", "id"), ("visitor", "id")}
_JOINERS = {"of", "the", "x"}
_TEXTS = {"prompt", "prompts", "query", "question", "message", "messages", "comment", "comments", "body", "content",
          "text", "transcript", "completion", "utterance", "caption", "instruction", "instructions"}
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[A-Za-z]{2,}")
_IP = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}|(?:[0-9A-Fa-f]{0,4}:){3,7}[0-9A-Fa-f]{0,4}")
_MEASURES = (Role.FEATURE_LENGTH, Role.INPUT_TOKENS, Role.OUTPUT_TOKENS, Role.LATENCY, Role.STATUS, Role.TIMESTAMP,
             Role.IMAGE_BRIGHTNESS, Role.AUDIO_VOLUME, Role.OUTCOME_TIME, Role.ARRIVAL_TIME, Role.TIME_TO_FIRST_TOKEN,
             Role.CLICKED, Role.CHURNED, Role.REQUEST_ID, Role.METRIC_VALUE, Role.METRIC_NAME, Role.METRIC_INCREASE)
"""Whatever they are called, these are no persons; a request id is needed to find a row again."""


class How(StrEnum):
    """What stands in the place of a value."""

    PSEUDONYM = "pseudonym"
    MASKED = "masked"


@dataclass(frozen=True, slots=True)
class Redacted:
    """One column whose values are not told. why: said in the report."""

    column: str
    how: How
    why: str


@dataclass(frozen=True, slots=True)
class Redactor:
    """What is redacted, by the column's name in the log."""

    columns: tuple[Redacted, ...] = ()
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def how(self, column: str) -> How | None:
        """None: its values may be shown."""
        return next((one.how for one in self.columns if one.column == column), None)

    def text(self, column: str, value: str) -> str:
        """What is shown in the place of a value of that column."""
        match self.how(column):
            case None:
                return value
            case How.PSEUDONYM:
                return pseudonym(value, self.key)
            case How.MASKED:
                return MASK


NOTHING = Redactor((), b"")


def pseudonym(value: str, key: bytes) -> str:
    """The keyed hash of a value: the same for equal values under one key. `pseudonym_sql` gives the same in DuckDB."""
    inner = hashlib.sha256((key.hex() + value).encode("utf-8", "replace")).hexdigest()
    return "id-" + hashlib.sha256((key.hex() + inner).encode()).hexdigest()[:DIGITS]


def pseudonym_sql(value: str, key: bytes) -> str:
    """The same as an expression over a text expression; NULL stays NULL."""
    secret = key.hex()
    return f"'id-' || left(sha256('{secret}' || sha256('{secret}' || {value})), {DIGITS})"


def chosen(columns: Iterable[ColumnInfo], *, redact: Collection[str] = (), keep: Collection[str] = ()) -> Redactor:
    """What to redact of these columns.

    redact, keep  names of columns as the log has them, said by the user; a name in `redact` wins
    """
    found: dict[str, Redacted] = {}
    for column in columns:
        if column.name in found:
            continue
        if column.name in redact:
            found[column.name] = Redacted(column.name, _how(column), "asked for")
        elif column.name not in keep and (why := personal(column)):
            found[column.name] = Redacted(column.name, How.MASKED if why == FREE_TEXT else _how(column), why)
    return Redactor(tuple(found.values()))


FREE_TEXT = "free text"


def personal(column: ColumnInfo) -> str:
    """Why a column is taken to be about persons; "" where it is not."""
    if column.role is Role.USER_ID:
        return "its role is user id"
    if column.role in _MEASURES:
        return ""
    parts = tuple(word for word in words(column.name) if word not in _JOINERS)
    if set(parts) & _SINGLE or set(pairwise(parts)) & _PAIRS:
        return "its name"
    if column.type is not ColumnType.TEXT or column.role in (Role.HOST, Role.MODEL, Role.MODEL_VERSION):
        return ""
    if set(parts[-1:]) & _TEXTS or any(len(sample.split()) >= FREE_TEXT_WORDS for sample in column.samples):
        return FREE_TEXT
    if any(_EMAIL.fullmatch(sample.strip()) or _IP.fullmatch(sample.strip()) for sample in column.samples):
        return "its values look like addresses"
    return ""


def _how(column: ColumnInfo) -> How:
    return How.PSEUDONYM if column.type is ColumnType.TEXT else How.MASKED
