"""Conditions of imported gates. What each gives was worked out by hand from the language's rules."""

from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.errors import BadSettings
from console.rollout.conditions import CannotMeasure, Measured, measured, read
from tests.tiers import examples

NAN = math.nan

HOLDS = [
    ("result[0] >= 0.95", [0.97], True), ("result[0] >= 0.95", [0.949], False), ("result > 0.95", 0.96, True),
    ("len(result) > 0 && result[0] < .5", [], False), ("len(result) == 0 || result[0] < .5", [], True),
    ("default(result, 0) < 0.05", None, True), ("default(result, 0) < 0.05", 0.5, False),
    ("isNaN(result) || result > 2", NAN, True), ("isInf(result)", math.inf, True), ("isNil(result)", None, True),
    ("result < 1", NAN, False), ("result >= 1", NAN, False), ("result != result", NAN, True),
    ("result in 1..5", 5.0, True), ("result in 1..5", 2.5, False), ("result in 1..5", 6.0, False),
    ("result not in [1, 2]", 2.0, False), ("result in [1, 2]", 2.0, True),
    ("1 + 2 * 3 == 7", 0.0, True), ("(1 + 2) * 3 == 9", 0.0, True), ("10 - 4 - 3 == 3", 0.0, True),
    ("8 / 4 / 2 == 1", 0.0, True), ("-result < -1", 2.0, True), ("- 2 * 3 == -6", 0.0, True),
    ("result < 1 || result > 3 && result < 5", 4.0, True),      # and binds closer
    ("!(result < 1) and not (result > 3)", 2.0, True),
    ("asInt(result) == 2", 2.9, True), ("asInt(result) == -2", -2.9, True), ("asFloat(result) == 2.5", 2.5, True),
    ("result[-1] == 3", [1.0, 3.0], True), ("1e3 == 1_000 && 0x10 == 16", 0.0, True), ("true", 0.0, True),
]


@pytest.mark.parametrize("text, result, holds", HOLDS)
def test_that_a_condition_means_what_the_language_says(text, result, holds):
    assert read(text).holds(result) is holds


REFUSED = [
    ("result.foo > 1", 1), ("result >", 9), ("all(result, {# > 1})", 1), ("result == 'a'", 11), ("result ? 1 : 2", 8),
    ("__import__('os')", 1), ("(((", 4), ("len(result, 1) > 2", 1), ("result > 1 result", 12), ("result % 2 == 0", 8),
    ("", 1), ("result[0", 9), ("result ** 2 > 1", 9), ("result; 1", 7), ("1e999 > 0", 1), ("result =~ 1", 8),
]


@pytest.mark.parametrize("text, column", REFUSED)
def test_that_what_is_not_understood_is_refused_with_its_column(text, column):
    with pytest.raises(BadSettings, match=f"at column {column} of"):
        read(text)


@pytest.mark.parametrize("text, result", [
    ("result[0] > 1", []), ("result[1] > 1", [1.0]), ("1 / result > 1", 0.0), ("result > 1", None),
    ("result[0]", [1.0]), ("result and 1 > 0", 1.0), ("len(result) > 0", 1.0), ("result > 1", [1.0]),
    ("asInt(result) > 1", NAN), ("result in 1..2000000000 + 1", 1.5),
])
def test_that_a_condition_without_an_answer_is_an_error_and_no_verdict(text, result):
    if "2000000000" in text:
        assert read(text).holds(result) is False        # a range is compared with, never written out
    else:
        with pytest.raises(CannotMeasure):
            read(text).holds(result)


@pytest.mark.parametrize("success, failure, number, found", [
    ("result > 1", "result < 0", 2.0, Measured.SUCCESSFUL), ("result > 1", "result < 0", -1.0, Measured.FAILED),
    ("result > 1", "result < 0", 0.5, Measured.INCONCLUSIVE), ("result > 1", "result > 1", 2.0, Measured.FAILED),
    ("result > 1", "", 2.0, Measured.SUCCESSFUL), ("result > 1", "", 0.0, Measured.FAILED),
    ("", "result > 1", 2.0, Measured.FAILED), ("", "result > 1", 0.0, Measured.SUCCESSFUL),
    ("", "", 5.0, Measured.SUCCESSFUL), ("result[0] > 1", "", None, Measured.ERROR),
    ("len(result) == 0 or result[0] > 1", "", None, Measured.SUCCESSFUL), ("result[0] > 1", "", 2.0,
                                                                           Measured.SUCCESSFUL),
])
def test_that_two_conditions_make_one_measurement_as_in_argo(success, failure, number, found):
    assert measured(success, failure, number) is found


PARTS = ["result", "result[0]", "len(", "(", ")", "[", "]", "..", "1", "0.5", "and", "not", "in", "!", "<", "==", "-",
         "/", ",", "default(", "nil", " ", "#", "é"]


@examples(60, 3000)
@given(st.lists(st.sampled_from(PARTS), max_size=20).map(" ".join), st.sampled_from([0.0, 1.5, NAN, None, (), (1.0,)]))
def test_that_any_text_is_understood_or_refused(text, result):
    with contextlib.suppress(BadSettings, CannotMeasure):
        read(text).holds(result)


@pytest.mark.parametrize("text", ["(" * 3000, "!" * 3000, "1" + "+1" * 1900, "result" + "[0]" * 1200, "[" * 3000])
def test_that_deep_nesting_is_refused(text):
    with pytest.raises(BadSettings):
        read(text)
