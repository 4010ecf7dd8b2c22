"""A result kept as it was seen: advice after a shock, drift over time, outcomes, training data, a rollout.

Whatever the place that showed it, it is tables of values, charts, sentences and the command that gives them again. So
all formats tell it alike, and another program that reads the workspace needs nothing of what made it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from console.window import Window

if TYPE_CHECKING:
    from console.reports.view import Figure


class ResultKind(StrEnum):
    """What was looked into."""

    ADVICE = "advice"
    OVER_TIME = "over_time"
    OUTCOMES = "outcomes"
    TOGETHER = "together"
    TRAINING = "training"
    ROLLOUT = "rollout"


Interval = tuple[float, float, float]
"""A value and where it lies in 95 % of cases; nan where that is not known."""
Cell = str | int | float | bool | datetime | Interval | None


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """name: in JSON and CSV; an interval has `name_low` and `name_high` beside it. unit: as in charts."""

    name: str
    title: str
    unit: str = ""
    number: bool = True


@dataclass(frozen=True, slots=True)
class ResultTable:
    """Rows of values; `marked`: the row that is recommended, -1 for none."""

    name: str
    title: str
    columns: tuple[ResultColumn, ...]
    rows: tuple[tuple[Cell, ...], ...]
    marked: int = -1
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """All of it. made: a real time; at, window: of the log.

    facts   what a program asks for, by name: ("cause", "shock")
    """

    result_id: str               # "RES-1a2b3c4d"
    kind: ResultKind
    title: str
    made: datetime
    at: datetime | None
    window: Window | None
    sentences: tuple[str, ...]
    command: str
    tables: tuple[ResultTable, ...] = ()
    figures: tuple[Figure, ...] = ()
    notes: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    relative: bool = False

    def fact(self, name: str) -> str:
        """That one; "" where there is none."""
        return dict(self.facts).get(name, "")
