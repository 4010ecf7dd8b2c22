"""What the benchmarks work out from what they saw: by hand on a few writes and views."""

from __future__ import annotations

import numpy as np
import pytest

from tests.benchmarks.append_to_pixel import Painted, painted_at
from tests.benchmarks.soak import slope_per_minute

LOG_S = 1_000_000.0             # the log is so far from the clock of the writer
WRITES = np.array([[100.0, 10], [103.0, 20], [106.0, 30], [112.0, 40]])     # clock, rows with it
BUCKET_S = 10


def view(at_s: float, *counts: float) -> Painted:
    """Buckets from 100 s on."""
    return Painted(at_s, BUCKET_S, LOG_S + 100 + BUCKET_S * np.arange(len(counts)), np.array(counts))


def test_that_a_write_is_painted_with_the_first_view_that_counts_it_in_its_bucket() -> None:
    views = [view(99, 0), view(104, 10), view(107, 25), view(109, 30), view(113, 30, 10)]
    assert painted_at(WRITES, WRITES, views, LOG_S).tolist() == [104, 107, 109, 113]


def test_that_rows_that_were_there_before_are_not_taken_for_the_new_ones() -> None:
    views = [view(99, 50), view(104, 55), view(107, 70), view(113, 80, 10)]
    assert painted_at(WRITES, WRITES, views, LOG_S).tolist() == [107, 107, 113, 113]


def test_that_what_no_view_counts_is_not_painted() -> None:
    found = painted_at(WRITES, WRITES, [view(99, 0), view(113, 30)], LOG_S)
    assert found[:3].tolist() == [113, 113, 113]
    assert np.isnan(found[3])


def test_that_growth_is_told_by_the_minute() -> None:
    samples = [{"at_s": 30.0 * number, "rss_mb": 400 + 3.0 * number} for number in range(20)]
    assert slope_per_minute(samples, "rss_mb") == pytest.approx(6)
