"""The tests that one column gets, by what its values are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from console.drift import bins, chi2, chosen, ks
from console.drift.causes import suggested
from console.drift.counts import MOST_CATEGORIES, CategoryCounts, CountTable, number_label, side_by_side
from console.drift.finding import Finding, Rows
from console.drift.js import js_limit, js_of_counts
from console.drift.proportions import two_proportions
from console.drift.psi import psi_limit, psi_of_counts
from console.drift.result import Floats, TestResult
from console.drift.sample import ColumnSample
from console.drift.shapes import category_shape, numeric_shape
from console.drift.tests import OF_COUNTS
from console.drift.unseen import unseen_values
from console.drift.verdict import Scale, detectable_difference, detectable_distance, detectable_variation
from console.drift.view import NumericShape, ShownNumber, Verdict
from console.drift.words import changes, from_to, points, shares_from_to
from console.roles import INPUT_ROLES, Role

FEW_VALUES = 20
"""Whole numbers with at most this many different values are compared value by value."""
RATE_ROLES = (Role.CLICKED, Role.CHURNED)
"""Yes or no per request, and rare: judged in points, as missing values are (drift.md 5.1)."""
YES, NO = {"1", "yes", "true", "True"}, {"0", "no", "false", "False"}


def findings(reference: ColumnSample | None, current: ColumnSample | None,
             rows_reference: int, rows_current: int, tests: Sequence[str] = ()) -> list[Finding]:
    """All tests of one column: its values, and beside them its missing values where there are any.

    tests  names of further ones to show beside them
    A column without a sample is missing in every row of that side.
    """
    sample = current or reference
    assert sample is not None, "a column comes from one side or the other"
    if reference is None or current is None:
        rows = (Rows(rows_reference, 0), Rows(rows_current, _values_of(sample))) if reference is None \
            else (Rows(rows_reference, _values_of(sample)), Rows(rows_current, 0))
        return [_missing(sample, *rows)]
    if reference.is_numeric and current.is_numeric:
        return _of_numbers(reference, current, tests)
    return _of_counts(current, reference.counts(), current.counts(), tests)


def _of_numbers(reference: ColumnSample, current: ColumnSample, tests: Sequence[str]) -> list[Finding]:
    a, b = _rising(reference), _rising(current)
    rows = Rows(reference.rows, len(a)), Rows(current.rows, len(b))
    few = few_values(a), few_values(b)
    if len(a) and len(b) and few[0] is not None and few[1] is not None and len(few[0] | few[1]) <= FEW_VALUES \
            and all(value.is_integer() for value in few[0] | few[1]):
        counted = [CategoryCounts({number_label(value): count for value, count in counts.items()},
                                  side.rows - side.values)
                   for counts, side in zip(few, rows, strict=True) if counts is not None]
        return _of_counts(current, counted[0], counted[1], tests, (a, b))
    found = [_numeric(current, a, b, *rows, tests)] if len(a) and len(b) else []
    return found + _missing_if_any(current, *rows)


def _numeric(sample: ColumnSample, a: Floats, b: Floats, reference: Rows, current: Rows,
             tests: Sequence[str]) -> Finding:
    shape = numeric_shape(sample.column, a, b)
    p, q = bins.of_sorted(a, b)
    moved, facts = direction(shape)
    return Finding(sample.column, "numeric", sample.role, "ks", Scale.DISTANCE, reference, current,
                   ks.of_sorted(a, b), detectable_distance(len(a), len(b)), moved, facts,
                   suggested(a, b, reference.missing_share, current.missing_share), shape, _shown(p, q),
                   chosen=chosen.on_numbers(tests, a, b))


def _of_counts(sample: ColumnSample, reference: CategoryCounts, current: CategoryCounts, tests: Sequence[str] = (),
               numbers: tuple[Floats, Floats] | None = None) -> list[Finding]:
    """numbers: the values themselves, where they are numbers that are few enough to count."""
    rows = (Rows(reference.n + reference.n_missing, reference.n), Rows(current.n + current.n_missing, current.n))
    found = []
    if reference.n and current.n:
        table = side_by_side(reference.counts, current.counts)
        rate = sample.role in RATE_ROLES and set(table.labels) <= YES | NO
        beside = chosen.on_counts(tests, table)
        if numbers is not None:
            beside += chosen.on_numbers([name for name in tests if name not in OF_COUNTS], *numbers)
        found.append(replace((_rate if rate else _categorical)(sample, table, *rows), chosen=beside))
    return found + _missing_if_any(sample, *rows)


def _categorical(sample: ColumnSample, table: CountTable, reference: Rows, current: Rows) -> Finding:
    result = chi2.of_counts(table)
    compared = chi2.compared_table(table)
    unseen = 0.0
    if len(table.labels) > MOST_CATEGORIES:
        unseen = result.extra["unseen"]
        result = _stronger(result, unseen_values(table))
    return Finding(sample.column, "categorical", sample.role, "chi2", Scale.DISTANCE, reference, current, result,
                   detectable_variation(reference.values, current.values, len(compared.labels)),
                   "changed", changes(table, unseen), shape=category_shape(sample.column, table),
                   shown=_shown(compared.reference, compared.current))


def _stronger(frequent: TestResult, unseen: TestResult) -> TestResult:
    """Of many values the frequent ones and the new ones are tested, the larger effect speaks, and p counts for two."""
    larger = unseen if unseen.effect > frequent.effect else frequent
    return replace(frequent, effect=larger.effect, effect_name=larger.effect_name,
                   p_value=min(1.0, 2 * min(frequent.p_value, unseen.p_value)))


def _rate(sample: ColumnSample, table: CountTable, reference: Rows, current: Rows) -> Finding:
    hits = np.array([label in YES for label in table.labels])
    before, after = int(table.reference[hits].sum()), int(table.current[hits].sum())
    result = two_proportions(before, reference.values, after, current.values)
    facts = f"{shares_from_to(before / reference.values, after / current.values)} ({points(result)})"
    return Finding(sample.column, "categorical", sample.role, "proportions", Scale.RATE, reference, current, result,
                   detectable_difference(before + after, reference.values, current.values),
                   "rose" if result.effect > 0 else "fell", facts, shape=category_shape(sample.column, table))


def _missing_if_any(sample: ColumnSample, reference: Rows, current: Rows) -> list[Finding]:
    whole = reference.values == reference.rows and current.values == current.rows
    return [] if whole and reference.rows and current.rows else [_missing(sample, reference, current)]


def _missing(sample: ColumnSample, reference: Rows, current: Rows) -> Finding:
    """A column that the reference never had may be watched, no more: no model can have relied on it.

    And only an input: that training data has no latency and no clicks is as it should be.
    """
    at_most = Verdict.WATCH if sample.role is None or sample.role in INPUT_ROLES else Verdict.NONE
    gone = reference.rows - reference.values, current.rows - current.values
    result = two_proportions(gone[0], reference.rows, gone[1], current.rows) \
        if reference.rows and current.rows else None
    detectable = detectable_difference(sum(gone), reference.rows, current.rows) if result else 1.0
    return Finding(sample.column, "missing", sample.role, "proportions", Scale.RATE, reference, current, result,
                   detectable, "", points(result) if result else "",
                   worst=Verdict.ALARM if reference.values else at_most)


def few_values(rising: Floats) -> dict[float, int] | None:
    """The different values with their counts, or None when they are more than FEW_VALUES: found in 20 jumps."""
    found: dict[float, int] = {}
    place = 0
    while place < len(rising):
        if len(found) == FEW_VALUES:
            return None
        end = int(np.searchsorted(rising, rising[place], side="right"))
        found[float(rising[place])] = end - place
        place = end
    return found


def direction(shape: NumericShape) -> tuple[str, str]:
    """What the column did, in a word, and the quantiles that show it."""
    places = {q: (before, after) for q, before, after in shape.quantiles}
    steps = [after - before for before, after in places.values() if after != before]
    median = f"median {from_to(*places[0.5])}"
    if steps and places[0.5][0] != places[0.5][1] and (min(steps) > 0 or max(steps) < 0):
        return ("rose" if min(steps) > 0 else "fell"), median
    (low_before, low_after), (high_before, high_after) = places[0.25], places[0.75]
    before, after = high_before - low_before, high_after - low_after
    word = "widened" if after > 1.1 * before else "narrowed" if after < before / 1.1 else "changed its shape"
    return word, f"{median}, a quarter below {from_to(low_before, low_after)}, above {from_to(high_before, high_after)}"


def _rising(sample: ColumnSample) -> Floats:
    rising = np.sort(np.asarray(sample.values, dtype=np.float64))
    return rising[: int(np.searchsorted(rising, np.nan, side="left"))]


def _values_of(sample: ColumnSample) -> int:
    return len(_rising(sample)) if sample.is_numeric else sample.counts().n


def _shown(p: Floats, q: Floats) -> tuple[ShownNumber, ...]:
    n, m, k = int(p.sum()), int(q.sum()), len(p)
    return (ShownNumber("PSI", psi_of_counts(p, q), psi_limit(n, m, k)),
            ShownNumber("JS distance", js_of_counts(p, q), js_limit(n, m, k)))
