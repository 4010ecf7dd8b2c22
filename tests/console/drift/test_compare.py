"""Two windows compared: which test a column gets, what is said of what is not there, and the order of the table."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.drift import CategoryCounts, ColumnSample, compare
from console.drift.view import CategoryShape, NumericShape, Verdict
from console.jobs import JobStopped, SilentJob
from console.roles import ColumnType, Role
from tests.console.drift.make import one, row, texts

NAN = float("nan")


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


CHOICES = [
    pytest.param(lambda g: g.normal(size=200), {}, "numeric", "ks", id="many numbers"),
    pytest.param(lambda g: g.integers(0, 20, 900).astype(float), {}, "categorical", "chi2", id="twenty whole numbers"),
    pytest.param(lambda g: np.arange(900) % 21.0, {}, "numeric", "ks", id="twenty-one whole numbers"),
    pytest.param(lambda g: g.integers(0, 4, 900) / 2, {}, "numeric", "ks", id="few broken numbers"),
    pytest.param(lambda g: texts({"a": 0.5, "b": 0.5}, 200, g), {}, "categorical", "chi2", id="text"),
    pytest.param(lambda g: g.integers(0, 2, 200).astype(float), {"type": ColumnType.FLAG}, "categorical", "chi2",
                 id="flag"),
    pytest.param(lambda g: g.integers(0, 2, 200).astype(float), {"role": Role.CLICKED}, "categorical", "proportions",
                 id="clicks"),
]


@pytest.mark.parametrize("draw, sample, kind, test", CHOICES)
def test_that_the_values_choose_the_test(draw, sample, kind, test):
    found = row(one(draw(rng(1)), draw(rng(2)), **sample))
    assert (found.kind, found.test) == (kind, test)


def test_that_flags_read_yes_and_no():
    view = one([0.0, 1.0] * 100, [1.0] * 200, type=ColumnType.FLAG)
    assert set(view.shapes[0].labels) == {"yes", "no"}
    assert row(view).verdict is Verdict.ALARM


def test_that_a_click_rate_is_judged_in_points():
    reference, current = np.zeros(10_000), np.zeros(10_000)
    reference[:200], current[:400] = 1, 1
    found = row(one(reference, current, role=Role.CLICKED, type=ColumnType.FLAG))
    assert found.verdict is Verdict.WATCH
    assert found.effect == pytest.approx(0.02)
    assert found.effect_low < 0.02 < found.effect_high


def test_that_a_burst_of_missing_values_alarms_in_a_row_of_its_own():
    generator = rng()
    reference, current = generator.normal(size=5000), generator.normal(size=4000)
    reference[:155], current[:1480] = NAN, NAN
    view = one(generator.permutation(reference), generator.permutation(current))
    missing = row(view, kind="missing")
    assert (missing.missing_reference, missing.missing_current) == pytest.approx((0.031, 0.37))
    assert missing.effect == pytest.approx(0.339)
    assert missing.verdict is Verdict.ALARM
    assert (missing.n_reference, missing.n_current) == (5000, 4000)
    assert row(view, kind="numeric").verdict is Verdict.NONE
    assert missing.sentence == "x is missing in 37 % of rows, 3.10 % before (+34 points, 95 % interval 32 to 35)."


def test_that_a_column_without_missing_values_has_no_row_about_them():
    assert [found.kind for found in one(rng(1).normal(size=50), rng(2).normal(size=50)).columns] == ["numeric"]


def test_that_a_column_empty_on_both_sides_is_said_to_be_so():
    view = one(np.full(100, NAN), np.full(100, NAN))
    found = row(view)
    assert (found.kind, found.verdict, found.sentence) == ("missing", Verdict.NONE, "x is empty on both sides.")
    assert view.shapes == ()


@pytest.mark.parametrize("gone", [None, ColumnSample("price", np.full(80, NAN))], ids=["no column", "all missing"])
def test_that_a_vanished_column_alarms(gone):
    reference = [ColumnSample("price", rng().normal(size=90)), ColumnSample("age", rng(1).normal(size=90))]
    current = [ColumnSample("age", rng(2).normal(size=80)), *([gone] if gone else [])]
    found = row(compare(reference, current), "price")
    assert (found.kind, found.verdict) == ("missing", Verdict.ALARM)
    assert found.sentence == "price vanished: in no row of the current window."


def test_that_a_column_the_reference_never_had_is_watched_at_most():
    reference = [ColumnSample("age", rng(1).normal(size=90))]
    current = [ColumnSample("age", rng(2).normal(size=80)), ColumnSample("price", rng().normal(size=80))]
    found = row(compare(reference, current), "price")
    assert (found.verdict, found.sentence) == (Verdict.WATCH, "price is new: in no row of the reference.")


def test_that_training_data_without_a_latency_are_as_they_should_be():
    reference = [ColumnSample("age", rng(1).normal(size=90))]
    current = [ColumnSample("age", rng(2).normal(size=80)), ColumnSample("ms", rng().normal(size=80), Role.LATENCY)]
    found = row(compare(reference, current), "ms")
    assert (found.verdict, found.sentence) == (Verdict.NONE, "ms is new: in no row of the reference.")


def test_that_twelve_values_are_too_few_to_say():
    view = one(rng().normal(size=500), rng().normal(9, size=12))
    found = row(view)
    assert found.verdict is Verdict.TOO_FEW
    assert math.isnan(found.p_value) and math.isnan(found.p_adjusted)
    assert found.sentence == "x: too few to say: 12 values in the current window, 30 needed."
    assert (view.n_tests, view.verdict) == (0, Verdict.TOO_FEW)
    assert view.sentence.startswith("Too few to say")


def test_that_what_is_too_few_is_not_counted_in_the_adjustment():
    reference = [ColumnSample("a", rng(1).normal(size=300)), ColumnSample("b", rng(1).normal(size=3))]
    current = [ColumnSample("a", rng(2).normal(0.2, size=300)), ColumnSample("b", rng(2).normal(size=3))]
    found = row(compare(reference, current), "a")
    assert found.p_adjusted == found.p_value


def test_that_p_is_adjusted_for_all_tests_of_the_call():
    reference = [ColumnSample(f"c{i}", rng(i).normal(size=400)) for i in range(10)]
    current = [ColumnSample(f"c{i}", rng(100 + i).normal(0.3 * (i == 0), size=400)) for i in range(10)]
    view = compare(reference, current)
    smallest = min(view.columns, key=lambda found: found.p_value)
    assert view.n_tests == 10
    assert smallest.p_adjusted == pytest.approx(10 * smallest.p_value)


def test_that_constant_columns_are_quiet_when_equal_and_alarm_when_not():
    assert row(one([2.5] * 60, [2.5] * 60)).verdict is Verdict.NONE
    assert row(one([2.5] * 60, [2.6] * 60)).verdict is Verdict.ALARM
    assert row(one([2.0] * 60, [3.0] * 60)).verdict is Verdict.ALARM
    assert row(one(np.full(60, "a", dtype=object), np.full(60, "a", dtype=object))).verdict is Verdict.NONE


def test_that_infinities_are_values_and_break_nothing():
    generator = rng()
    reference, current = generator.normal(size=300), generator.normal(size=300)
    current[:90] = np.inf
    view = one(reference, current)
    assert row(view).verdict is Verdict.ALARM
    shape = view.shapes[0]
    assert np.all(np.isfinite(shape.edges))
    assert shape.current.sum() == pytest.approx(1)
    assert row(one(np.full(40, np.inf), np.full(40, -np.inf))).statistic == 1


def test_that_a_new_category_is_named_with_its_share():
    reference = texts({"DE": 0.5, "FR": 0.5}, 2000, rng(1))
    current = texts({"DE": 0.4, "FR": 0.4, "ZZ": 0.2}, 2000, rng(2))
    found = row(one(reference, current))
    share = float(np.mean(current == "ZZ"))
    assert found.verdict is Verdict.ALARM
    assert f"new value ZZ at {share * 100:.1f} %" in found.sentence


def test_that_new_values_among_hundreds_are_not_hidden_by_the_rest():
    names = [f"u{i}" for i in range(400)]
    reference = texts(dict.fromkeys(names[:300], 1 / 300), 5000, rng(1))
    current = texts(dict.fromkeys(names[100:], 1 / 300), 5000, rng(2))
    found = row(one(reference, current))
    assert found.verdict is Verdict.ALARM
    assert found.effect_name == "excess unseen share"
    assert found.effect == pytest.approx(1 / 3, abs=0.02)


def test_that_counts_made_elsewhere_give_the_same_as_the_rows():
    generator = rng()
    sides = [texts({"a": a, "b": 0.8 - a, None: 0.2}, rows, generator) for a, rows in ((0.5, 900), (0.3, 700))]
    counted = []
    for side in sides:
        values, counts = np.unique(side.astype(str), return_counts=True)
        found = {None if value == "None" else str(value): int(n) for value, n in zip(values, counts, strict=True)}
        counted.append(ColumnSample("x", CategoryCounts.of(found)))
    # As text, for NaN is not equal to itself, and dataclasses of Python 3.13 compare field by field.
    assert repr(compare([counted[0]], [counted[1]], stopwatch=float).columns) == repr(one(*sides).columns)


def test_that_numbers_that_became_text_are_compared_as_text():
    reference = np.arange(300) % 3.0
    current = np.array([str(i % 3) for i in range(300)], dtype=object)
    assert row(one(reference, current)).verdict is Verdict.NONE
    assert row(one(reference, np.array(["1.0"] * 300, dtype=object))).verdict is Verdict.ALARM


def test_that_a_change_of_unit_is_suggested():
    seconds = rng(1).gamma(2, 0.1, 4000)
    sentence = row(one(seconds, rng(2).gamma(2, 100, 4000))).sentence
    assert sentence.startswith("x rose: median ")
    assert "about 1,000, perhaps another unit" in sentence


def test_that_a_value_filled_in_is_suggested():
    current = rng(2).normal(10, size=4000)
    current[:900] = -1
    sentence = row(one(rng(1).normal(10, size=4000), current)).sentence
    assert "the value -1 alone 0 % → 22.5 %, perhaps filled in" in sentence


def test_that_the_worst_comes_first_then_what_is_farthest_over_its_limit():
    def columns(seed, shifts):
        return [ColumnSample(name, rng(seed + i).normal(shift, size=4000)) for i, (name, shift) in enumerate(shifts)]

    shifts = [("still", 0), ("far", 2), ("slight", 0.2), ("near", 0.6)]
    current = [*columns(50, shifts), ColumnSample("few", rng().normal(size=4))]
    reference = [*columns(10, [(name, 0) for name, _ in shifts]), ColumnSample("few", rng().normal(size=4))]
    view = compare(reference, current)
    assert [found.column for found in view.columns] == ["far", "near", "slight", "still", "few"]
    assert view.verdict is Verdict.ALARM
    assert view.sentence.startswith("3 of 5 columns moved: far (D 0.6")


def test_that_the_view_says_what_was_compared():
    view = compare([ColumnSample("x", rng().normal(size=50))], [ColumnSample("x", rng().normal(size=40))],
                   reference_name="training.csv", current_name="today", command="pilothouse drift",
                   stopwatch=iter([10.0, 12.5]).__next__)
    assert (view.n_reference, view.n_current, view.seconds) == (50, 40, 2.5)
    assert (view.reference_name, view.current_name, view.command) == ("training.csv", "today", "pilothouse drift")
    assert view.reference is None


def test_that_nothing_to_compare_is_said():
    view = compare([], [])
    assert (view.columns, view.sentence, view.verdict) == ((), "No column to compare.", Verdict.TOO_FEW)


def test_that_empty_windows_give_too_few_and_no_error():
    empty = np.array([])
    assert row(one(empty, empty)).verdict is Verdict.TOO_FEW
    assert row(one(rng().normal(size=90), empty)).verdict is Verdict.TOO_FEW
    assert row(one(empty.astype(object), texts({"a": 1.0}, 90, rng()))).verdict is Verdict.TOO_FEW


def test_that_a_column_named_twice_is_our_error():
    with pytest.raises(ValueError, match="twice"):
        compare([ColumnSample("x", np.zeros(3))] * 2, [])


class StopAfterTwo(SilentJob):
    def __init__(self):
        self.seen = []

    def report(self, done, total, note):
        self.seen.append((done, total, note))

    def stop_if_asked(self):
        if len(self.seen) == 2:
            raise JobStopped


def test_that_it_reports_each_column_and_stops_between_two():
    samples = [ColumnSample(name, rng().normal(size=40)) for name in "abcd"]
    job = StopAfterTwo()
    with pytest.raises(JobStopped):
        compare(samples, samples, job=job)
    assert job.seen == [(0, 4, "a"), (1, 4, "b")]


def test_that_shapes_share_their_bins_and_sum_to_one():
    view = one(rng(1).normal(size=3000), rng(2).normal(3, size=2000))
    shape = view.shape("x")
    assert isinstance(shape, NumericShape)
    assert len(shape.edges) == len(shape.reference) + 1 == len(shape.current) + 1 == 41
    assert (shape.reference.sum(), shape.current.sum()) == pytest.approx((1, 1))
    for q, before, after in shape.quantiles:
        assert before == pytest.approx(np.quantile(rng(1).normal(size=3000), q))
        assert after == pytest.approx(np.quantile(rng(2).normal(3, size=2000), q))


def test_that_whole_numbers_lie_in_the_middle_of_equal_bins():
    shape = one(np.arange(1000.0) % 97, np.arange(900.0) % 97).shape("x")
    width = np.unique(np.diff(shape.edges))
    assert width.tolist() == [3]
    assert np.all(shape.edges % 1 == 0.5)
    counts = np.histogram(np.arange(1000.0) % 97, shape.edges)[0]
    assert shape.reference == pytest.approx(counts / 1000, abs=0.011)     # the end bins hold the rest


def test_that_a_category_shape_keeps_what_changed_most_and_pools_the_rest():
    reference = texts({f"v{i:02}": 1 / 30 for i in range(30)}, 3000, rng(1))
    current = np.append(texts({f"v{i:02}": 1 / 30 for i in range(30)}, 3000, rng(2)), np.full(900, "v07", dtype=object))
    shape = one(reference, current).shape("x")
    assert isinstance(shape, CategoryShape)
    assert (shape.labels[0], shape.labels[-1], len(shape.labels)) == ("v07", "(other)", 13)
    assert (shape.reference.sum(), shape.current.sum()) == pytest.approx((1, 1))


numbers = st.lists(st.one_of(st.floats(allow_infinity=True, allow_nan=True, width=32), st.integers(-3, 3)), min_size=25,
                   max_size=60)
words = st.lists(st.one_of(st.none(), st.text(max_size=3)), min_size=25, max_size=60)
# of more than 50 values the new ones are tested too, and new is what the current window alone has: no symmetry there
few_words = st.lists(st.sampled_from([None, *(f"v{i}" for i in range(50))]), min_size=25, max_size=60)


def as_array(values):
    if any(isinstance(value, str) or value is None for value in values):
        array = np.empty(len(values), dtype=object)
        array[:] = values
        return array
    return np.array(values, dtype=np.float64)


@settings(deadline=None, max_examples=80)
@given(st.one_of(st.tuples(numbers, numbers), st.tuples(words, words)), st.randoms())
def test_that_the_order_of_the_rows_does_not_matter(sides, random):
    shuffled = [random.sample(side, len(side)) for side in sides]
    first, second = one(*map(as_array, sides)), one(*map(as_array, shuffled))
    assert repr(first.columns) == repr(second.columns)


@settings(deadline=None, max_examples=80)
@given(st.one_of(st.tuples(numbers, numbers), st.tuples(few_words, few_words)))
def test_that_swapping_the_windows_keeps_distance_and_p(sides):
    there, back = one(*map(as_array, sides)), one(*map(as_array, sides[::-1]))
    for found in there.columns:
        same = row(back, kind=found.kind)
        assert abs(same.statistic) == abs(found.statistic) or math.isnan(found.statistic)
        assert abs(same.effect) == pytest.approx(abs(found.effect))
        assert repr(same.p_value) == repr(found.p_value) or same.p_value == pytest.approx(found.p_value)
