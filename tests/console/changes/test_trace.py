"""The small picture beside a change: its course around the change, in the unit of its number."""

from __future__ import annotations

import math

import numpy as np
import pytest

from console.changes.judge import Grid
from console.changes.onset import Shift
from console.changes.since import MOST_TRACED, trace_of
from console.changes.tracks import Scale, Track
from console.changes.view import ChangeKind


def track(values: list[float], n: list[float], scale: Scale = Scale.POINTS) -> Track:
    return Track(ChangeKind.METRIC, "error_rate", "Error rate", "share", "software", "response", scale,
                 np.array(values), np.array(n))


def grid(size: int) -> Grid:
    return Grid(np.arange(size) * 60.0, 60, size // 2, np.arange(size) < size // 2, size // 2)


def shift(first: int, last: int) -> Shift:
    return Shift(first, last, first, first, 1.0, 9.0, False, 100.0)


def test_that_few_buckets_are_shown_one_by_one_with_what_was_so_marked() -> None:
    found = trace_of(track([0.1] * 10 + [0.5] * 10, [5.0] * 20), shift(10, 20), grid(20))
    assert found.values == pytest.approx([0.1] * 10 + [0.5] * 10)
    assert (found.first, found.last) == (10, 20)


def test_that_many_buckets_become_means_by_their_rows() -> None:
    values, n = [0.0, 1.0] * 200, [3.0, 1.0] * 200
    found = trace_of(track(values, n), shift(200, 400), grid(400))
    assert 40 < len(found.values) <= MOST_TRACED
    size = math.ceil(400 / len(found.values))
    assert found.values[0] == pytest.approx(sum(values[at] * n[at] for at in range(size)) / sum(n[:size]))
    assert found.first == 200 // size


def test_that_gaps_stay_gaps_and_logarithms_become_what_they_are_of() -> None:
    nothing = float("nan")
    found = trace_of(track([math.log(20.0)] * 8 + [nothing] * 2 + [math.log(80.0)] * 10, [1.0] * 20, Scale.RATIO),
                     shift(10, 20), grid(20))
    assert found.values[:8] == pytest.approx([20.0] * 8) and found.values[10:] == pytest.approx([80.0] * 10)
    assert all(math.isnan(value) for value in found.values[8:10])
