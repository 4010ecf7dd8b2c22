"""Lengths of time as Go writes them: values from Go's own documentation of ParseDuration."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.errors import BadSettings
from console.rollout.durations import seconds_of, written
from tests.tiers import examples


@pytest.mark.parametrize("text, seconds", [
    (30, 30), ("30", 30), (0, 0), ("0", 0), ("1h30m", 5400), ("1h10m10s", 4210), ("1.5h", 5400), ("500ms", 0.5),
    ("1us", 1e-6), ("1µs", 1e-6), ("1ns", 1e-9), (".5s", 0.5), ("5.s", 5), ("+5m", 300), ("1m1m", 120),
    ("100h", 360000),
])
def test_that_a_length_is_read_as_go_reads_it(text, seconds):
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["1d", "1w", "1m30", "", "m", "-5", "-1s", "1 h", "1h 30m", "5S", True, 1.5, None,
                                  "٣s", "9999999999h", "1" * 5000])
def test_that_what_is_no_length_is_refused(text):
    with pytest.raises(BadSettings):
        seconds_of(text)


@examples(50, 5000)
@given(st.floats(1e-9, 1e7) | st.integers(0, 10**9).map(float))
def test_that_a_length_is_written_exactly(seconds):
    assert seconds_of(written(seconds)) == seconds
