"""A stretch of log time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

ZERO = timedelta(0)

RELATIVE_START = datetime(2000, 1, 1, tzinfo=UTC)
"""Where times lie that count from a start which the log does not name. Whoever shows them counts from here again."""


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of log time in UTC. Half-open, so that neighbours never share a row."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.utcoffset() != ZERO or self.end.utcoffset() != ZERO:
            raise ValueError(f"Window times must be UTC, got {self.start} to {self.end}")
        if self.end <= self.start:
            raise ValueError(f"Window must end after it starts, got {self.start} to {self.end}")

    @classmethod
    def from_epoch(cls, start_s: float, end_s: float) -> Window:
        """From seconds since 1970, as charts count them; exact to the microsecond."""
        return cls(from_epoch(start_s), from_epoch(end_s))

    @property
    def start_s(self) -> float:
        """Seconds since 1970."""
        return self.start.timestamp()

    @property
    def end_s(self) -> float:
        """Seconds since 1970."""
        return self.end.timestamp()

    @property
    def seconds(self) -> float:
        """Its length."""
        return (self.end - self.start).total_seconds()

    def shifted(self, by: timedelta) -> Window:
        """The same length, elsewhere."""
        return Window(self.start + by, self.end + by)

    def overlaps(self, other: Window) -> bool:
        """Whether a row could lie in both."""
        return self.start < other.end and other.start < self.end


def from_epoch(seconds: float) -> datetime:
    """Seconds since 1970 as a UTC time, rounded to the microsecond."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=round(seconds * 1e6))
