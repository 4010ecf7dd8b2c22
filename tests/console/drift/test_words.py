"""Sentences are plain text, whatever a log calls its columns and values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from console.drift import ColumnSample, compare
from console.drift.proportions import two_proportions
from console.drift.words import points, quoted, value_text
from tests.console.drift.make import one, row, texts


def test_that_the_sentence_of_a_moved_column_has_its_numbers():
    generator = np.random.default_rng(0)
    reference, current = generator.lognormal(3.2, 0.8, 5000), generator.lognormal(3.8, 0.8, 4800)
    distance = stats.ks_2samp(reference, current).statistic
    assert row(one(reference, current)).sentence == (
        f"x rose: median {np.median(reference):.1f} → {np.median(current):.1f}, D {distance:.3f} (alarm at 0.10), "
        f"adjusted p < 1e-12, 5,000 against 4,800 rows.")


DIRECTIONS = [
    pytest.param(0.0, 2.0, "x widened", id="wider"),
    pytest.param(0.0, 0.4, "x narrowed", id="narrower"),
    pytest.param(-1.0, 1.0, "x fell", id="lower"),
    pytest.param(0.0, 1.0, "x did not move", id="the same"),
]


@pytest.mark.parametrize("mean, deviation, start", DIRECTIONS)
def test_that_the_sentence_says_what_the_column_did(mean, deviation, start):
    reference, current = np.random.default_rng(1).normal(size=(2, 3000))
    assert row(one(reference, mean + deviation * current)).sentence.startswith(start)


def test_that_chance_is_named_where_chance_explains_it():
    reference, current = np.random.default_rng(1).normal(size=(2, 60))
    assert "no more than chance explains" in row(one(reference, current)).sentence


NAMES = [
    pytest.param("price", "price", id="a plain name"),
    pytest.param("input.length-2", "input.length-2", id="dots and dashes"),
    pytest.param("<b>price</b>", "“<b>price</b>”", id="markup stays text, in quotation marks"),
    pytest.param("two words", "“two words”", id="words"),
    pytest.param("a\nb\x1b[31m", "“a·b·[31m”", id="line ends and control characters"),
    pytest.param("\u202eecirp", "“·ecirp”", id="direction marks"),
    pytest.param("x" * 500, "“" + "x" * 59 + "…”", id="long"),
    pytest.param("", "“”", id="empty"),
]


@pytest.mark.parametrize("name, shown", NAMES)
def test_that_a_name_from_the_log_is_quoted_as_data(name, shown):
    assert quoted(name) == shown


def test_that_numbers_as_values_need_no_quotation_marks():
    assert [value_text(value) for value in ("3", "-0.5", "a b", "１")] == ["3", "-0.5", "“a b”", "“１”"]


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=200), st.lists(st.text(max_size=200), min_size=1, max_size=4, unique=True))
def test_that_every_sentence_is_one_printable_line_of_bounded_length(name, values):
    generator = np.random.default_rng(0)
    current = texts({value: 1 / len(values) for value in values}, 100, generator)
    reference = texts({"a": 0.5, "b": 0.4, None: 0.1}, 100, generator)
    view = compare([ColumnSample(name, reference)], [ColumnSample(name, current)])
    for sentence in (view.sentence, *(found.sentence for found in view.columns)):
        assert sentence.isprintable()
        assert len(sentence) < 800
        assert sentence.endswith(".")


def test_that_points_have_the_digits_their_interval_allows():
    assert points(two_proportions(155, 5000, 1480, 4000)) == "+34 points, 95 % interval 32 to 35"
    assert points(two_proportions(20_000, 1_000_000, 26_000, 1_000_000)) == "+0.60 points, 95 % interval 0.56 to 0.64"
