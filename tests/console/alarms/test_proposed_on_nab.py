"""Proposed rules find labelled anomalies of other people's series better than three sigma does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.console.alarms.nab import Labelled, as_text, score, table


def test_better_than_three_sigma_on_seven_series_of_ten(shared_logs: Path) -> None:
    rows = table(shared_logs)
    print(as_text(rows))

    assert len(rows) == 10
    assert sum(ours.f1 > theirs.f1 for _, ours, theirs in rows) >= 7
    assert sum(ours.f1_near > theirs.f1_near for _, ours, theirs in rows) >= 7
    assert sum(ours.f1_points > theirs.f1_points for _, ours, theirs in rows) >= 7


def test_the_score_is_counted_by_hand() -> None:
    """Learned: the first 3 of 20. Windows at 5-7 and 12-13; alarms at 4-5 (finds), 9, 10, 16 (false)."""
    fires = np.zeros(20, bool)
    fires[[1, 4, 5, 9, 10, 16]] = True
    hourly = np.arange(0, 20 * 3600, 3600, dtype=np.float64)
    one = Labelled("", hourly, np.zeros(20), ((5 * 3600.0, 7 * 3600.0), (12 * 3600.0, 13 * 3600.0)))

    found = score(one, fires)

    assert (found.found, found.false, found.missed) == (1, 2, 1)
    assert found.f1 == pytest.approx(2 / (2 + 2 + 1))
    assert found.f1_points == pytest.approx(2 * 1 / (2 * 1 + 4 + 4))
