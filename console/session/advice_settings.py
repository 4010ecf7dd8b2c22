"""`[[event]]` and `[advice]` of a folder: the calendar of known events, and what answers cost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from console.advice.events import DEFAULT_LENGTH, EventKind, KnownEvent
from console.errors import BadSettings
from console.logs.names import SETTINGS

if TYPE_CHECKING:
    from console.logs.config import FolderSettings

MOST, LONGEST = 1000, 200
COSTS = ("false_positive", "false_negative", "pause")


def events_of(said: FolderSettings) -> tuple[KnownEvent, ...]:
    """The calendar. Raises BadSettings that names the table and the key."""
    if len(said.event) > MOST:
        raise BadSettings(f"There are more than {MOST:,} events", where=SETTINGS, do="Leave some out")
    zone = ZoneInfo(said.zone or "UTC")
    return tuple(_event(table, f"{SETTINGS}, [[event]] {number}", zone) for number, table in enumerate(said.event, 1))


def costs_of(said: FolderSettings) -> dict[str, float]:
    """What is set of the costs; the rest has defaults. Raises BadSettings."""
    found = {}
    for key, value in said.advice.items():
        where = f"{SETTINGS}, [advice]"
        if key == "join":
            continue                    # read where it is joined
        if key == "fallback":
            if not isinstance(value, str) or not value:
                raise BadSettings("`fallback` must be an expression in quotes", where=where,
                                  do='Write fallback = "price < 20"')
            continue
        if key not in COSTS:
            raise BadSettings(f"There is no setting `{key}` here", where=where,
                              do=f"Allowed are {', '.join((*COSTS, 'fallback', 'join'))}")
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
            raise BadSettings(f"`{key}` must be a number of 0 or more, not {value!r}", where=where,
                              do=f"Write {key} = 1")
        found[key] = float(value)
    if found.get("false_positive", 1.0) == 0 and found.get("false_negative", 1.0) == 0:
        raise BadSettings("Wrong answers cost nothing", where=f"{SETTINGS}, [advice]",
                          do="Give one of false_positive and false_negative more than 0")
    return found


def fallback_of(said: FolderSettings) -> str:
    """The user's expression that could answer instead of the model; "" for none."""
    value = said.advice.get("fallback", "")
    return value if isinstance(value, str) else ""


def _event(table: Mapping[str, Any], where: str, zone: ZoneInfo) -> KnownEvent:
    for key in table:
        if key not in ("name", "start", "end", "kind"):
            raise BadSettings(f"There is no setting `{key}` here", where=where,
                              do="Allowed are name, start, end, kind")
    name, kind = table.get("name"), table.get("kind", EventKind.OTHER.value)
    if not isinstance(name, str) or not name.strip() or len(name) > LONGEST:
        raise BadSettings("It has no `name`", where=where, do='Write name = "Lockdown", start = 2020-03-16')
    if kind not in tuple(EventKind):
        raise BadSettings(f"There is no kind {kind!r}", where=where, do=f"Allowed: {', '.join(EventKind)}")
    if "start" not in table:
        raise BadSettings("It has no `start`", where=where, do="Write start = 2020-03-16")
    start = _moment(table["start"], "start", where, zone)
    end = _moment(table["end"], "end", where, zone) if "end" in table else start + DEFAULT_LENGTH
    if isinstance(table.get("end"), date) and not isinstance(table.get("end"), datetime):
        end += DEFAULT_LENGTH           # the last day belongs to it
    if end <= start:
        raise BadSettings("It ends before it starts", where=where, do="Give the later time as `end`")
    return KnownEvent(" ".join(name.split()), start, end, EventKind(kind))


def _moment(value: object, key: str, where: str, zone: ZoneInfo) -> datetime:
    """A date, or a time; without a zone in that of the folder."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            value = None
    if isinstance(value, datetime):
        return (value.replace(tzinfo=zone) if value.tzinfo is None else value).astimezone(UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), zone).astimezone(UTC)
    raise BadSettings(f"`{key}` must be a date or a time", where=where, do=f"Write {key} = 2020-03-16")
