"""What is the same thing is one row; what began first and is large comes first, a cause before what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from console.changes.view import ChangeKind, ChangeRow

STEPS = {"collection": 0, "features": 1, "inference": 2, "host": 2, "serving": 2, "model": 3, "response": 3,
         "outcome": 4, "feedback": 4}
"""Where in the pipeline: what goes wrong early shows in all that comes after."""

FIRST = (ChangeKind.SCHEMA, ChangeKind.VERSION, ChangeKind.TRAFFIC)

LEAST_OF_LARGEST = 0.15
"""Moves so much smaller than the largest come behind, whenever they began."""


def ordered(rows: Sequence[ChangeRow], slack: timedelta) -> tuple[ChangeRow, ...]:
    """slack: beginnings so near to each other are at the same time."""
    strong = [row for row in rows if not row.weak]
    weak = [row for row in rows if row.weak]
    largest = max((min(row.strength, 20.0) for row in strong), default=0.0)
    large = [row for row in strong if row.strength >= LEAST_OF_LARGEST * largest or row.kind in FIRST]
    small = [row for row in strong if row not in large]
    return (*_by_time(large, slack), *_by_time(small, slack),
                  *sorted(weak, key=lambda row: (-row.strength, row.name)))


def _by_time(rows: Sequence[ChangeRow], slack: timedelta) -> list[ChangeRow]:
    """Clusters of beginnings that may be one, in time; in each the steps of the pipeline, then size.

    What is known best makes the clusters. What is known less joins one that its interval holds, the largest of them: a
    click rate that fell some time this day fell with the column that broke at noon.
    """
    clusters: list[list[ChangeRow]] = []
    for row in sorted(rows, key=lambda row: (row.onset_to - row.onset_from, -row.strength, row.name)):
        near = [each for each in clusters if row.onset_from - slack <= each[0].onset <= row.onset_to + slack]
        if near:
            max(near, key=lambda each: max(one.strength for one in each)).append(row)
        else:
            clusters.append([row])
    return [row for each in sorted(clusters, key=lambda each: each[0].onset) for row in sorted(each, key=_within)]


def _within(row: ChangeRow) -> tuple[int, float, str]:
    step = 0 if row.kind in (ChangeKind.SCHEMA, ChangeKind.VERSION) else 1 if row.kind is ChangeKind.TRAFFIC else (
        2 + STEPS.get(row.step, 2))
    return step, -row.strength, row.name
