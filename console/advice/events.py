"""The calendar of known events: what a user says happens or happened at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

DEFAULT_LENGTH = timedelta(days=1)


class EventKind(StrEnum):
    """A holiday comes again and goes; a release is of the product or the model; a policy stays."""

    HOLIDAY = "holiday"
    RELEASE = "release"
    POLICY = "policy"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class KnownEvent:
    """From `start` on; a day long unless `end` says more."""

    name: str
    start: datetime
    end: datetime
    kind: EventKind = EventKind.OTHER

    def meets(self, low: datetime, high: datetime) -> bool:
        """Whether something that began between the two may have begun with it, or while it lasted."""
        return self.start <= high and low < self.end


def at(events: Iterable[KnownEvent], low: datetime, high: datetime) -> tuple[KnownEvent, ...]:
    """Those that a beginning between the two may belong to, the one that began nearest before first."""
    return tuple(sorted((event for event in events if event.meets(low, high)),
                        key=lambda event: abs(event.start - low)))
