"""Before and during, and the sentences: numbers reckoned by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from console.metrics.view import ChartView, SeriesView
from console.reports.gather import alt_text, buckets_in, impact_between, impact_of, impacts_of, summarise
from console.reports.view import AttachedChange, Incident
from console.window import Window
from tests.console.reports.sample import sample_drift

T0 = datetime(2026, 3, 2, 10, tzinfo=UTC)


def minutes(start: int, end: int) -> Window:
    return Window(T0 + timedelta(minutes=start), T0 + timedelta(minutes=end))


def chart(values: list[float], n: list[float], *, unit: str = "share", better: str = "lower",
          metric: str = "error_rate", title: str = "Error rate", name: str = "") -> ChartView:
    times = T0.timestamp() + 60.0 * np.arange(len(values))
    return ChartView(metric, title, unit, "software", better, times, 60,
                     (SeriesView(name, np.array(values, float), np.array(n, float)),), "s", "f", "")


BEFORE, DURING = minutes(0, 2), minutes(2, 4)


def test_that_a_share_is_weighted_by_rows() -> None:
    impact = impact_of(chart([0.0, 0.02, 0.1, 0.4], [1000, 3000, 900, 100]), DURING, BEFORE)
    assert impact is not None
    assert impact.before == pytest.approx(60 / 4000) and impact.during == pytest.approx(130 / 1000)
    assert (impact.n_before, impact.n_during) == (4000, 1000)
    assert impact.worse is True
    assert impact.sentence == ("Error rate rose from 1.50 % to 13 % (peak 40 % at 10:03 UTC); "
                               "130 of 1,000 requests failed.")


def test_that_a_rate_counts_every_second_alike() -> None:
    impact = impact_of(chart([10, 20, 30, 50], [600, 1200, 1800, 3000], unit="req/s", better="neither",
                             metric="throughput", title="Throughput"), DURING, BEFORE)
    assert impact is not None
    assert (impact.before, impact.during, impact.n_during, impact.worse) == (15, 40, 4800, None)


def test_that_gaps_count_for_nothing() -> None:
    impact = impact_of(chart([0.01, math.nan, 0.5, math.nan], [100, 0, 100, 0]), DURING, BEFORE)
    assert impact is not None
    assert (impact.before, impact.during, impact.n_before) == (pytest.approx(0.01), 0.5, 100)


def test_that_a_window_without_a_value_has_no_impact_and_one_without_a_before_says_so() -> None:
    assert impact_of(chart([0.1, 0.1, math.nan, math.nan], [50, 50, 0, 0]), DURING, BEFORE) is None
    impact = impact_of(chart([math.nan, math.nan, 0.1, 0.1], [0, 0, 50, 50]), DURING, BEFORE)
    assert impact is not None and impact.worse is None
    assert impact.sentence.startswith("Error rate was 10 %; nothing is known of it before")


def test_that_one_failure_among_two_requests_is_no_peak() -> None:
    impact = impact_of(chart([0.0, 0.0, 0.5, 0.1], [1000, 1000, 2, 1000]), DURING, BEFORE)
    assert impact is not None and impact.peak == pytest.approx(0.1)


@pytest.mark.parametrize(("values", "n", "better", "worse"), [
    pytest.param([0.10, 0.10, 0.104, 0.104], [9000] * 4, "lower", None, id="under five percent"),
    pytest.param([0.10, 0.10, 0.20, 0.20], [10] * 4, "lower", None, id="too few rows"),
    pytest.param([0.10, 0.10, 0.12, 0.12], [100] * 4, "lower", None, id="within chance"),
    pytest.param([0.10, 0.10, 0.12, 0.12], [9000] * 4, "lower", True, id="rose, lower is better"),
    pytest.param([0.10, 0.10, 0.12, 0.12], [9000] * 4, "higher", False, id="rose, higher is better"),
    pytest.param([0.10, 0.10, 0.08, 0.08], [9000] * 4, "higher", True, id="fell, higher is better"),
    pytest.param([0.10, 0.10, 0.20, 0.20], [9000] * 4, "neither", None, id="no direction"),
])
def test_what_is_called_worse(values: list[float], n: list[float], better: str, worse: bool | None) -> None:
    impact = impact_of(chart(values, n, better=better), DURING, BEFORE)
    assert impact is not None and impact.worse is worse


def test_that_exact_percentiles_replace_those_of_the_buckets() -> None:
    latency = chart([10, 12, 40, 60], [100, 300, 100, 100], unit="ms", metric="latency", title="Latency", name="p95")
    about = impact_of(latency, DURING, BEFORE)
    assert about is not None and about.before == pytest.approx((10 * 100 + 12 * 300) / 400)
    assert about.sentence.endswith("Mean of the buckets' percentiles.")
    (exact,) = impacts_of(latency, DURING, BEFORE, {"p95": (11.0, 55.0)})
    assert (exact.before, exact.during, exact.metric, exact.title) == (11.0, 55.0, "latency_p95", "Latency p95")
    assert exact.sentence == "Latency p95 rose from 11 ms to 55 ms (peak 60 ms at 10:03 UTC)."


def test_that_two_charts_serve_for_windows_far_apart() -> None:
    during, before = chart([0.5, 0.5], [100, 100]), chart([0.1, 0.1], [100, 100])
    moved = replace(during, times=during.times + 86_400)
    impact = impact_between(moved, before, 0, BEFORE.shifted(timedelta(days=1)), BEFORE)
    assert impact is not None and (impact.before, impact.during) == (pytest.approx(0.1), 0.5)


def test_that_a_bucket_belongs_to_the_window_that_holds_its_middle() -> None:
    values = chart([1, 2, 3, 4], [1, 1, 1, 1])
    half = timedelta(seconds=20)
    assert list(buckets_in(values, Window(DURING.start - half, DURING.end - half))) == [2, 3]
    assert list(buckets_in(values, Window(T0 + half, T0 + half + timedelta(seconds=5)))) == [0]


def test_the_three_sentences() -> None:
    impact = impact_of(chart([0.001, 0.001, 0.1, 0.2], [1000, 3000, 900, 100]), DURING, BEFORE)
    assert impact is not None
    incident = Incident("INC-1", "", DURING, BEFORE, T0)
    first, second, third = summarise(incident, 1000, (impact,), sample_drift(), users=12)
    assert first == ("Error rate rose from 0.100 % to 11 % (peak 20 % at 10:03 UTC), "
                     "in the window 2 Mar 2026 10:02:00 - 10:04:00 UTC (2 min).")
    assert second == "1,000 requests of 12 users fell into this time: 110 failed."
    assert third.startswith("3 of 6 columns moved against the reference window: <script>")
    moved = AttachedChange("column", "column age", "`age` rose.", T0, T0, T0, chart="", column="age", metric="age")
    columns = summarise(replace(incident, changes=(moved,)), 1000, (impact,), None)
    assert columns[0] == "Column age changed in the window 2 Mar 2026 10:02:00 - 10:04:00 UTC (2 min)."
    errors = replace(moved, kind="metric", title="Error rate", chart="error_rate", metric="error_rate")
    assert summarise(replace(incident, changes=(moved, errors)), 1000, (impact,), None)[0] == first
    quiet = summarise(incident, 0, (), None)
    assert quiet[0].startswith("No number differs clearly") and quiet[1:] == (
        "The log holds no requests in this time.", "Drift of the columns was not tested.")


def test_that_the_alt_text_says_range_and_peak() -> None:
    text = alt_text(chart([0.01, 0.01, 0.1, 0.4], [100] * 4))
    assert text == ("Line chart of Error rate, 2 Mar 2026 10:00:00 - 10:04:00 UTC, a point every 1 min: between 1 % "
                    "and 40 %, highest at 10:03 UTC.")


@pytest.mark.parametrize(("during", "said"), [
    pytest.param([90.0, 60.0, 400.0], "peak 400 req/s at 10:12 UTC", id="a high bucket in a fall is no lowest one"),
    pytest.param([90.0, 10.0, 95.0], "lowest 10 req/s at 10:11 UTC", id="a low bucket"),
])
def test_that_the_farthest_bucket_is_called_by_where_it_lies(during: list[float], said: str) -> None:
    view = chart([200.0] * 10 + during, [100.0] * (10 + len(during)), unit="req/s", better="neither")
    impact = impact_of(view, minutes(10, 10 + len(during)), minutes(0, 10), exact=(200.0, 75.0))
    assert impact is not None
    assert impact.sentence.count(said) == 1
