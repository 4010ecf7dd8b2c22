"""Counting over arrays is that of the state machine, instant by instant; and quick enough for a dragged line."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from console.alarms.conditions import line_of
from console.alarms.firings import Judged, how_often, moved
from console.alarms.machine import NEW, Sample, step
from console.alarms.rules import Band, BurnRate, NoData, Op, Rule, Side, Threshold
from console.errors import BadSettings

EVERY = 60
NAN = float("nan")
PLAIN = Rule("r", "error_rate", Threshold(Op.GREATER, 2.0))


def by_machine(times: np.ndarray, values: np.ndarray, n: np.ndarray, rule: Rule) -> list[tuple[float, float]]:
    """Spans of firing, told by the state machine."""
    assert isinstance(rule.condition, Threshold)
    level = rule.condition.value
    clear = level if rule.condition.clear is None else rule.condition.clear
    state, spans, since = NEW, [], None
    for at, value, rows in zip(times.tolist(), values.tolist(), n.tolist(), strict=True):
        found = () if np.isnan(value) else (Sample((), value, value > level, value > clear, value,
                                                   enough=rows >= rule.min_samples),)
        state = step(rule, state, at, found)
        fires = any(one.state.fires for one in state.alerts.values())
        if fires and since is None:
            since = at
        if not fires and since is not None:
            spans.append((since, at))
            since = None
    if since is not None:
        spans.append((since, float(times[-1])))
    return spans


@st.composite
def cases(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray, Rule]:
    """Numbers with gaps, few rows and missed evaluations; rules of every kind of counting."""
    kinds = draw(st.lists(st.tuples(st.sampled_from([NAN, 0.0, 1.5, 3.0]), st.integers(1, 6), st.sampled_from([5, 50]),
                                    st.integers(1, 3)), min_size=1, max_size=25))
    values = np.concatenate([np.full(length, value) for value, length, _, _ in kinds])
    n = np.concatenate([np.full(length, float(rows)) for _, length, rows, _ in kinds])
    apart = np.concatenate([np.full(length, distance) for _, length, _, distance in kinds])
    times = 1_700_000_000.0 + EVERY * np.cumsum(apart)
    rule = Rule("r", "error_rate", Threshold(Op.GREATER, 2.0, draw(st.sampled_from([None, 1.0]))), every_s=EVERY,
                for_s=draw(st.sampled_from([0, 60, 90, 180, 300])),
                keep_firing_for_s=draw(st.sampled_from([0, 60, 120, 300, 1000])),
                min_samples=draw(st.sampled_from([0, 10])), no_data=draw(st.sampled_from(list(NoData))),
                no_data_for_s=draw(st.sampled_from([0, 60, 150, 300])))
    return times, values, n, rule


@settings(max_examples=400)
@given(cases())
@example((np.array([60.0, 120.0]), np.array([3.0, 3.0]), np.array([9.0, 9.0]), replace(PLAIN, min_samples=10)))
def test_arrays_count_as_the_machine_does(case: tuple[np.ndarray, np.ndarray, np.ndarray, Rule]) -> None:
    times, values, n, rule = case

    found = how_often(times, values, n, rule)

    assert list(found.spans) == by_machine(times, values, n, rule)
    assert found.count == len(found.spans)
    assert found.total_s == pytest.approx(sum(end - start for start, end in found.spans))


def test_a_hand_counted_case() -> None:
    """Beyond at minutes 2-5 and 8; `for` 2 min: fires at 4. Misses at 6 and 7 are kept; after 8, ends at 9 + 3 min."""
    values = np.array([0, 0, 3, 3, 3, 3, 0, 0, 3, 0, 0, 0, 0, 0], float)
    times = np.arange(0, 14 * 60, 60, dtype=np.float64)

    found = how_often(times, values, np.ones(14), replace(PLAIN, for_s=120, keep_firing_for_s=180))

    assert found.spans == ((240.0, 720.0),)
    assert (found.count, found.total_s) == (1, 480.0)


def test_a_band_is_judged_in_the_middle_of_the_stretch() -> None:
    """Two slots of half a day: [11:00, 13:00) has its middle on their border, and belongs to the second."""
    band = Rule("r", "cpu", Band(86400, 2.0, Side.BOTH, (10.0, 50.0), (1.0, 5.0)), over_s=7200, every_s=3600)
    times = np.array([12.0, 13.0, 24.0, 25.0, 26.0]) * 3600

    found = how_often(times, np.array([12.5, 39.0, 50.0, NAN, 7.0]), np.ones(5), band)

    assert found.spans == ((12 * 3600.0, 24 * 3600.0), (26 * 3600.0, 26 * 3600.0))


def test_a_line_that_is_dragged_takes_its_clear_level_along() -> None:
    threshold = moved(replace(PLAIN, condition=Threshold(Op.GREATER, 2.0, 1.5)), 5.0, at=0.0)

    assert threshold.condition == Threshold(Op.GREATER, 5.0, 4.5)
    assert threshold.name == PLAIN.name


def test_a_band_that_is_dragged_keeps_its_shape() -> None:
    """At noon the usual is 50 +- 5: a line at 70 is four scales away, and by night then lies at 10 + 4."""
    band = Rule("r", "cpu", Band(86400, 2.0, Side.ABOVE, (10.0, 50.0), (1.0, 5.0), 1.0), over_s=3600, every_s=3600)

    wider = moved(band, 70.0, at=13.0 * 3600)

    assert isinstance(wider.condition, Band)
    assert (wider.condition.width, wider.condition.clear_width) == (4.0, 2.0)
    lines = line_of(wider.condition, np.array([1.0, 13.0]) * 3600, wider.over_s)
    assert lines is not None
    assert lines[1].tolist() == [14.0, 70.0]
    assert isinstance(found := moved(band, 50.0, at=13.0 * 3600).condition, Band)
    assert found.width > 0      # dragged onto the usual itself


def test_all_series_are_counted_together() -> None:
    times = np.arange(0, 300, 60, dtype=np.float64)
    numbers = Judged(times, ("a", "b"), np.array([[0, 3, 0, 0, 0], [3, 3, 0, 0, 3]], float), np.ones((2, 5)))

    found = numbers.how_often(PLAIN)

    assert found.spans == ((0.0, 120.0), (60.0, 120.0), (240.0, 240.0))
    assert (found.count, found.total_s) == (3, 180.0)


def test_a_burn_rate_is_not_dragged() -> None:
    with pytest.raises(BadSettings, match="not dragged"):
        how_often(np.array([60.0]), np.ones(1), np.ones(1), replace(PLAIN, condition=BurnRate(0.999)))
    with pytest.raises(BadSettings, match="not dragged"):
        moved(replace(PLAIN, condition=BurnRate(0.999)), 3.0, at=60.0)


def test_nothing_to_judge() -> None:
    assert how_often(np.empty(0), np.empty(0), np.empty(0), PLAIN).count == 0
    assert how_often(np.arange(0, 300, 60, dtype=np.float64), np.full(5, NAN), np.zeros(5), PLAIN).count == 0


@pytest.mark.parametrize("share", [0.001, 0.5, 1.0])
def test_twenty_thousand_instants_while_a_line_is_dragged(share: float) -> None:
    """The best of several, for the machine may be busy; 5 ms is a third of a frame."""
    rng = np.random.default_rng(3)
    values = np.where(rng.random(20_000) < share, 3.0 * (rng.random(20_000) < 0.5), 0.0)
    times, n = np.arange(0, 20_000 * 60, 60, dtype=np.float64), np.ones(20_000)
    rule = replace(PLAIN, for_s=60, keep_firing_for_s=120, min_samples=1)
    took = []
    for _ in range(10):
        start = time.perf_counter()
        how_often(times, values, n, rule)
        took.append(time.perf_counter() - start)

    assert min(took) < 0.005
