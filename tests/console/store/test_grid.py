"""Numbers laid out by the series that they belong to."""

from __future__ import annotations

import numpy as np

from console.store.grid import by_series


def test_that_rows_are_parted_by_their_key_wherever_they_stand() -> None:
    keys = np.ma.array(["b", "b", "a", "", "b", "a"], mask=[False, False, False, True, False, False], dtype=object)
    found = by_series({"i": np.arange(6), "key": keys})
    assert {key: places.tolist() for key, places in found.items()} == {"": [3], "a": [2, 5], "b": [0, 1, 4]}
    assert list(found) == ["", "a", "b"]


def test_that_rows_without_a_key_are_one_series_and_no_rows_are_none() -> None:
    assert [places.tolist() for places in by_series({"i": np.arange(3)}).values()] == [[0, 1, 2]]
    assert by_series({"i": np.arange(0), "key": np.array([], dtype=object)}) == {}
