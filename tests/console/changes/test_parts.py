"""Whether a move of the whole is that of one part: by when each was."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from console.changes.onset import Shift
from console.changes.parts import Part


def moved(first: int, last: int) -> Any:
    return SimpleNamespace(shift=Shift(first, last, first, first, 1.0, 9.0, False, 1.0))


@pytest.mark.parametrize("first, last, explained", [(12, 30, True), (35, 45, True), (37, 45, False), (50, 60, False)])
def test_that_a_version_which_came_and_went_explains_only_what_was_while_it_was_there(first: int, last: int,
                                                                                      explained: bool) -> None:
    """A burst of nulls long after a canary was rolled back is not the canary's."""
    part = Part("model_version=v2", "null_responses", "null_responses", 3.0, "", None, (10, 40))
    assert part.explains(moved(first, last)) is explained


@pytest.mark.parametrize("first, last, explained", [(10, 40, True), (20, 40, True), (39, 60, False)])
def test_that_a_part_which_moved_explains_what_moved_with_it(first: int, last: int, explained: bool) -> None:
    part = Part("host=a", "error_rate", "error_rate", 3.0, "", moved(10, 40))
    assert part.explains(moved(first, last)) is explained


def test_that_a_part_of_a_shorter_grid_stands_at_the_same_time_in_a_longer_one() -> None:
    assert Part("host=a", "error_rate", "error_rate", 3.0, "", None, (10, 40)).later(5).there == (15, 45)
