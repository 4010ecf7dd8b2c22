"""Tests that the user asks for beside the default one: what they say of a column, and no verdict."""

from __future__ import annotations

from collections.abc import Sequence

from console.drift.counts import CountTable
from console.drift.result import Floats, TestResult
from console.drift.tests import OF_COUNTS, OF_NUMBERS, TESTS
from console.drift.verdict import LEVEL, benjamini_hochberg
from console.drift.view import ChosenTest
from console.errors import BadSettings, TooFewRows

Named = tuple[str, TestResult]


def known(names: Sequence[str]) -> tuple[str, ...]:
    """The names as they are, each once. Raises BadSettings for one that no test has."""
    unknown = [name for name in names if name not in TESTS]
    if unknown:
        raise BadSettings(f"There is no test `{unknown[0]}`", do="Tests are " + ", ".join(TESTS))
    return tuple(dict.fromkeys(names))


def on_numbers(names: Sequence[str], reference: Floats, current: Floats) -> tuple[Named, ...]:
    """Those of the tests that mean something for numbers; both sides without NaN. Left out where values are too few."""
    found: list[Named] = []
    for name in names:
        if name in OF_NUMBERS:
            try:
                found.append((name, TESTS[name](reference, current)))
            except TooFewRows:
                continue
    return tuple(found)


def on_counts(names: Sequence[str], table: CountTable) -> tuple[Named, ...]:
    """Those of the tests that are for categories; those for two are left out where there are more."""
    found: list[Named] = []
    for name in names:
        if name in OF_COUNTS:
            try:
                found.append((name, OF_COUNTS[name](table)))
            except (TooFewRows, ValueError):
                continue
    return tuple(found)


def adjusted(by_column: Sequence[Sequence[Named]]) -> list[tuple[ChosenTest, ...]]:
    """All chosen results of a table, for each column; p adjusted over all of them together, as many as were asked."""
    p_values = [result.p_value for results in by_column for _, result in results if result.p_value == result.p_value]
    rest = iter(benjamini_hochberg(p_values).tolist())
    return [tuple(_shown(name, result, next(rest) if result.p_value == result.p_value else result.p_value)
                  for name, result in results) for results in by_column]


def _shown(name: str, result: TestResult, p_adjusted: float) -> ChosenTest:
    beyond = p_adjusted < LEVEL if p_adjusted == p_adjusted else result.effect > result.limit
    return ChosenTest(name, result.statistic, result.p_value, p_adjusted, result.effect, result.effect_name,
                      result.effect_low, result.effect_high, result.limit, result.method, beyond)
