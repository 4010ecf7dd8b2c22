"""Which buckets have waited long enough for their outcomes."""

from __future__ import annotations

import numpy as np

from console.drift.maturity import Ripeness, maturity, waits_of

EDGES = np.arange(0.0, 1001.0, 100.0)
M, Y, H, E = Ripeness.MATURE, Ripeness.YOUNG, Ripeness.HOLE, Ripeness.EMPTY


def requests(waits_s, until_s, share=1.0):
    """100 requests a bucket; the outcomes of so large a share come after 10 seconds (one of ten) or `waits_s`."""
    at = np.arange(0.0, 1000.0)
    wait = np.where(np.arange(1000) % 10 == 0, 10.0, waits_s)
    told = np.where(np.arange(1000) % 100 < 100 * share, at + wait, np.nan)
    told[told > until_s] = np.nan
    return at, told


def test_that_buckets_younger_than_the_usual_wait_are_young_though_some_of_their_outcomes_are_there():
    at, told = requests(150.0, 1000.0)
    known = ~np.isnan(told)
    waits = waits_of(at[:500], told[:500], known[:500], 1000.0)
    assert (waits.share, waits.usual_s, waits.ripe_until_s) == (1.0, 150.0, 850.0)
    found = maturity(at, known, EDGES, waits)
    assert found.state == (M,) * 8 + (Y, Y)
    assert found.n_told[8] > 0 and found.n_told[9] > 0       # the quick ones
    assert list(found.expected[[0, 8, 9]]) == [1.0, 0.1, 0.0]


def test_that_labels_of_a_sample_are_measured_by_the_share_that_the_reference_had():
    at, told = requests(150.0, 1000.0, share=0.5)
    known = ~np.isnan(told)
    found = maturity(at, known, EDGES, waits_of(at[:500], told[:500], known[:500], 1000.0))
    assert found.state == (M,) * 8 + (Y, Y)


def test_that_labels_that_should_have_come_and_did_not_are_a_hole():
    at, told = requests(10.0, 2000.0)
    known = ~np.isnan(told)
    known[420:480] = False
    found = maturity(at, known, EDGES, waits_of(at, told, ~np.isnan(told), 2000.0))
    assert found.state[4] is H and found.state.count(M) == 9
    assert maturity(at[at >= 100], known[at >= 100], EDGES, waits_of(at, told, known, 2000.0)).state[0] is E


def test_that_a_log_that_does_not_tell_when_labels_came_is_young_at_its_end_only():
    at = np.arange(0.0, 1000.0)
    told, known = np.full(1000, np.nan), np.ones(1000, dtype=bool)
    known[810:] = False
    known[420:480] = False
    found = maturity(at, known, EDGES, waits_of(at[:400], told[:400], known[:400], np.nan))
    assert found.state == (M, M, M, M, H, M, M, M, Y, Y)
