"""The count cube and the preview that is made from it."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from console.drift import CategoryCounts, ColumnSample, Verdict, compare
from console.drift.cube import (
    MOST_CELLS,
    CountCube,
    CubeColumn,
    fitting,
    number_column,
    quantile_cuts,
    step_for,
    text_column,
)
from console.drift.preview import Comparer
from console.roles import ColumnType, Role
from console.window import Window
from tests.tiers import examples

STEP_S = 60
BUCKETS = 12


def cell_of(column: CubeColumn, value: object) -> int:
    """Where a value is counted, one comparison after the other."""
    if value is None or value != value:
        return column.cells
    if column.cuts is not None:
        return next((at for at, cut in enumerate(column.cuts) if value <= cut), len(column.cuts))
    return column.labels.index(value) if value in column.labels else len(column.labels) - 1


def cube_of(columns: list[CubeColumn], times: np.ndarray, values: list, buckets: int = BUCKETS) -> CountCube:
    """Rows counted one by one."""
    counts = np.zeros((buckets, sum(one.cells + 1 for one in columns)), dtype=np.int64)
    start = 0
    for column, cells in zip(columns, values, strict=True):
        for at, value in zip(times, cells, strict=True):
            counts[int(at // STEP_S), start + cell_of(column, value)] += 1
        start += column.cells + 1
    return CountCube.of(columns, 0, STEP_S * 1_000_000, counts)


def minutes(first: float, last: float) -> Window:
    return Window.from_epoch(first * STEP_S, last * STEP_S)


@st.composite
def logs(draw):
    """Times and numbers: smooth ones, tied ones, missing and infinite ones."""
    rows = draw(st.integers(40, 200))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    times = random.uniform(0, BUCKETS * STEP_S, rows)
    values = random.lognormal(0, draw(st.sampled_from([0.1, 1.0, 3.0])), rows) + draw(st.floats(0, 2)) * (times > 300)
    places = draw(st.sampled_from([None, 0, 1]))
    if places is not None:
        values = np.round(values, places)
    values[random.random(rows) < draw(st.sampled_from([0.0, 0.2]))] = np.nan
    values[random.random(rows) < draw(st.sampled_from([0.0, 0.05]))] = np.inf
    first = values[: draw(st.integers(5, rows))]
    return times, values, first


def windows(low: float, high: float, whole: bool):
    ends = st.integers(int(low), int(high)) if whole else st.floats(low, high, allow_nan=False)
    return st.tuples(ends, ends).map(sorted).filter(lambda pair: pair[1] - pair[0] >= (1 if whole else 0.2))


@given(logs(), windows(0, BUCKETS, True), windows(0, BUCKETS, True))
@examples(12, 2000)
def test_that_two_windows_of_whole_buckets_are_a_direct_count_and_d_lies_in_its_interval(log, before, after):
    times, values, first = log
    column = CubeColumn("x", None, quantile_cuts(np.sort(first[np.isfinite(first)])))
    cube = cube_of([column], times, [values])
    sides = []
    for low, high in (before, after):
        inside = values[(times >= low * STEP_S) & (times < high * STEP_S)]
        direct = np.bincount([cell_of(column, value) for value in inside], minlength=column.cells + 1)
        assert cube.counts(cube.span(minutes(low, high)))[:-1].tolist() == direct.tolist()
        sides.append(inside[~np.isnan(inside)])
    row = Comparer(cube).preview(minutes(*before), minutes(*after)).columns[0]
    if min(map(len, sides)) > 0:
        exact = ks_2samp(*sides, method="asymp").statistic
        assert row.effect_low - 1e-12 <= exact <= row.effect_high + 1e-12
        assert row.effect_low == row.effect
    assert (row.n_reference, row.n_current) == tuple(map(len, sides))


@given(logs(), windows(0, BUCKETS, False), windows(0, BUCKETS, False))
@examples(12, 2000)
def test_that_the_interval_holds_for_windows_that_end_within_a_bucket(log, before, after):
    times, values, first = log
    cube = cube_of([CubeColumn("x", None, quantile_cuts(np.sort(first[np.isfinite(first)])))], times,
                   [np.nan_to_num(values, nan=0.5)])
    sides = [np.nan_to_num(values, nan=0.5)[(times >= low * STEP_S) & (times < high * STEP_S)]
             for low, high in (before, after)]
    view = Comparer(cube).preview(minutes(*before), minutes(*after))
    if min(map(len, sides)) > 0 and min(view.n_reference, view.n_current) > 0:
        exact = ks_2samp(*sides, method="asymp").statistic
        assert view.columns[0].effect_low - 1e-12 <= exact <= view.columns[0].effect_high + 1e-12


@given(logs(), st.integers(0, BUCKETS), st.sampled_from([2, 3, 5]))
@examples(5, 300)
def test_that_a_cube_that_grew_or_was_made_coarser_is_the_cube_of_all_rows(log, grown_from, times_longer):
    times, values, first = log
    columns = [number_column("x", None, first)]
    whole = cube_of(columns, times, [values])
    early = cube_of(columns, times[times < grown_from * STEP_S], [values[times < grown_from * STEP_S]], grown_from)
    tail = np.diff(whole.sums[grown_from:].astype(np.int64), axis=0)
    assert np.array_equal(early.with_tail(grown_from * STEP_S * 1_000_000, tail).sums, whole.sums)
    coarse = whole.coarser(times_longer * whole.step_us)
    for at in range(coarse.buckets + 1):
        assert np.array_equal(coarse.sums[at], whole.sums[min(at * times_longer, BUCKETS)])


def test_that_few_values_are_counted_apart_so_that_d_is_exact():
    random = np.random.default_rng(0)
    times, values = random.uniform(0, BUCKETS * STEP_S, 2000), random.integers(0, 60, 2000) / 4
    cube = cube_of([number_column("x", None, values)], times, [values])
    row = Comparer(cube).preview(minutes(0, 5), minutes(5, 12)).columns[0]
    exact = ks_2samp(values[times < 5 * STEP_S], values[times >= 5 * STEP_S], method="asymp").statistic
    assert row.effect_low == row.effect_high == pytest.approx(exact, abs=1e-15)


def test_that_other_bins_for_one_column_leave_the_others_as_they_are():
    random = np.random.default_rng(1)
    times = random.uniform(0, BUCKETS * STEP_S, 3000)
    values = [random.lognormal(0, 1, 3000), random.normal(0, 1, 3000)]
    columns = [number_column("a", None, values[0][:100] + 50), number_column("b", None, values[1])]
    cube, own = cube_of(columns, times, values), number_column("a", None, values[0])
    assert cube.wide(cube.span(minutes(0, 6))) == [0]          # all of `a` lies below its bins
    counts = np.diff(cube_of([own], times, [values[0]]).sums.astype(np.int64), axis=0)
    other = cube.with_columns({0: own}, counts)
    assert other.wide(other.span(minutes(0, 6))) == []
    assert np.array_equal(other.sums, cube_of([own, columns[1]], times, values).sums)
    before, after = (Comparer(one).preview(minutes(0, 6), minutes(6, 12)).columns for one in (cube, other))
    assert before[1] == after[1]
    assert after[0].effect_high - after[0].effect_low < 2 / 256 < before[0].effect_high - before[0].effect_low


def test_that_categories_rates_and_missing_values_are_judged_as_the_exact_test_judges_them():
    random = np.random.default_rng(2)
    times = random.uniform(0, BUCKETS * STEP_S, 6000)
    late = times >= 6 * STEP_S
    device = np.where(late, random.choice(["tv", "phone", "car"], 6000, p=[.3, .5, .2]),
                      random.choice(["tv", "phone", "car", "ear"], 6000, p=[.6, .35, .045, .005])).astype(object)
    clicked = (random.random(6000) < np.where(late, 0.10, 0.02)).astype(float)
    price = random.lognormal(0, 1, 6000) * np.where(late, 1.2, 1.0)
    price[random.random(6000) < np.where(late, 0.3, 0.1)] = np.nan
    columns = [text_column("device", Role.FEATURE, CategoryCounts(Counter(device.tolist()))),
               number_column("clicked", Role.CLICKED, clicked), number_column("price", Role.FEATURE, price)]
    cube = cube_of(columns, times, [device, clicked, price])
    quick = {(row.column, row.kind): row for row in Comparer(cube).preview(minutes(0, 6), minutes(6, 12)).columns}
    sides = [[ColumnSample("device", device[side], Role.FEATURE), ColumnSample("clicked", clicked[side], Role.CLICKED),
              ColumnSample("price", price[side], Role.FEATURE)] for side in (~late, late)]
    exact = {(row.column, row.kind): row for row in compare(*sides).columns}
    assert quick.keys() == exact.keys() and len(quick) == 4
    for key, row in exact.items():
        assert (row.verdict, row.test, row.effect_name) == (
            quick[key].verdict, quick[key].test, quick[key].effect_name), key
        assert quick[key].effect == pytest.approx(row.effect, abs=0.004 if key[1] == "numeric" else 1e-12), key
        if key[1] != "numeric":
            assert quick[key].statistic == pytest.approx(row.statistic, rel=1e-9), key
            assert quick[key].p_value == pytest.approx(row.p_value, rel=1e-6, abs=1e-300), key
            assert quick[key].detectable == pytest.approx(row.detectable, rel=1e-9), key
        if key[1] == "missing":
            assert quick[key].effect_low == pytest.approx(row.effect_low, rel=1e-9)


def test_that_of_too_few_rows_nothing_is_said():
    values = np.arange(100.0) + 0.5
    cube = cube_of([number_column("x", None, values)], np.linspace(0, 719, 100), [values])
    view = Comparer(cube).preview(minutes(0, 1), minutes(6, 12))
    assert view.verdict is Verdict.TOO_FEW and view.sentence == "Too few rows to say."
    assert Comparer(cube).preview(minutes(50, 60), minutes(6, 12)).n_reference == 0


def test_that_the_sentence_names_the_columns_that_differ():
    values = np.concatenate([np.zeros(500), np.ones(500)]) + np.linspace(0, 0.5, 1000)
    cube = cube_of([number_column("price", Role.FEATURE, values)], np.linspace(0, 719, 1000), [values])
    assert Comparer(cube).preview(minutes(0, 6), minutes(6, 12)).sentence == "1 of 1 column differs: price D 1.00"
    still = np.tile(np.arange(10.0), 100) + 0.5
    cube = cube_of([number_column("price", Role.FEATURE, values), number_column("age", Role.FEATURE, still)],
                   np.linspace(0, 719, 1000), [values, still])
    assert Comparer(cube).preview(minutes(0, 6), minutes(6, 12)).sentence == "1 of 2 columns differs: price D 1.00"


def test_that_columns_beyond_the_room_are_named():
    columns = [CubeColumn(f"x{at}", None, np.arange(255.0)) for at in range(60)]
    kept, out = fitting(columns)
    assert sum(one.cells + 1 for one in kept) <= MOST_CELLS < sum(one.cells + 1 for one in columns)
    assert [one.column for one in kept] + list(out) == [one.column for one in columns]


@pytest.mark.parametrize("days, step_s", [(1, 60), (7, 300), (14, 600), (28, 1800), (0.02, 1), (400, 21600)])
def test_that_buckets_are_the_finest_that_give_about_two_thousand(days, step_s):
    assert step_for(days * 86400) == step_s


def test_that_flags_read_yes_and_no():
    column = number_column("clicked", Role.CLICKED, np.array([0.0, 1.0, 1.0]), ColumnType.FLAG)
    assert [label for label in column.labels if label != "(other)"] == ["no", "yes"]


def test_that_distributions_of_a_preview_are_those_of_the_rows_to_a_bin():
    random = np.random.default_rng(3)
    times = random.uniform(0, BUCKETS * STEP_S, 8000)
    price = random.lognormal(0, 1, 8000) * np.where(times >= 360, 2.0, 1.0)
    device = random.choice(["tv", "phone"], 8000, p=[.7, .3]).astype(object)
    columns = [number_column("price", None, price, scale=1000.0),
               text_column("device", None, CategoryCounts(Counter(device.tolist())))]
    comparer = Comparer(cube_of(columns, times, [price, device]))
    shape = comparer.preview(minutes(0, 6), minutes(6, 12), "price").shape
    for shares, side in ((shape.reference, price[times < 360]), (shape.current, price[times >= 360])):
        direct = np.histogram(side * 1000, [-np.inf, *shape.edges[1:-1], np.inf])[0] / len(side)
        assert shares == pytest.approx(direct, abs=0.01) and shares.sum() == pytest.approx(1)
    for q, before, after in shape.quantiles:
        assert before == pytest.approx(np.quantile(price[times < 360], q) * 1000, rel=0.03)
        assert after == pytest.approx(np.quantile(price[times >= 360], q) * 1000, rel=0.03)
    assert shape.pairs[89] == pytest.approx([np.quantile(side, 0.9) * 1000 for side in (
        price[times < 360], price[times >= 360])], rel=0.03)
    shape = comparer.preview(minutes(0, 6), minutes(6, 12), "device").shape
    assert shape.labels == ("tv", "phone")
    assert shape.reference[0] == pytest.approx(np.mean(device[times < 360] == "tv"))
    assert comparer.preview(minutes(0, 6), minutes(6, 12), "absent").shape is None
