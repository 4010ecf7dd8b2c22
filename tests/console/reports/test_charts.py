"""Drawings: what stands in the SVG, and what must not."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from console.drift.view import CategoryShape, NumericShape
from console.metrics.view import ChartView, SeriesView
from console.reports.canvas import shorten, themed
from console.reports.charts import draw_chart, thinned
from console.reports.scales import round_ticks, tick_texts, time_ticks
from console.reports.shapes import draw_shape, visible_bins
from tests.console.reports.sample import CJK, CURRENT, DOLLARS, REFERENCE, SCRIPT, sample_charts, sample_drift

SVG = "{http://www.w3.org/2000/svg}"


def words(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter(f"{SVG}text")]


def drawn(chart: ChartView) -> str:
    return draw_chart(chart, window=CURRENT, reference=REFERENCE, alt="A chart")


def test_that_each_sample_chart_is_sound_xml_that_loads_nothing_and_carries_no_ids() -> None:
    for chart in sample_charts():
        svg = drawn(chart)
        for element in ET.fromstring(svg).iter():
            assert element.tag in {SVG + "svg", SVG + "g", SVG + "path", SVG + "text"}
            assert not {name for name in element.attrib if "href" in name or name == "id"}
        assert "url(" not in svg


def test_that_both_windows_are_named_and_shares_are_in_percent() -> None:
    error_rate = sample_charts()[2]
    said = words(drawn(error_rate))
    assert {"reference", "current", "2 Mar 2026, UTC", "14:00", "0.0 %"} <= set(said)


def test_that_a_name_with_dollars_and_markup_is_drawn_letter_by_letter() -> None:
    chart = sample_charts()[-1]
    series = (replace(chart.series[0], name="$x^2$"), replace(chart.series[1], name="<b>&"))
    assert {"$x^2$", "<b>&"} <= set(words(drawn(replace(chart, series=series))))


def test_that_the_same_chart_gives_the_same_drawing() -> None:
    assert [drawn(chart) for chart in sample_charts()] == [drawn(chart) for chart in sample_charts()]


def test_that_a_gap_breaks_the_line_and_a_lonely_value_is_still_drawn() -> None:
    times = REFERENCE.start_s + np.arange(6) * 60.0
    values = np.array([1.0, 2.0, np.nan, 3.0, np.nan, 1.0])
    chart = replace(sample_charts()[0], times=times, series=(SeriesView("", values, np.ones(6)),))
    curves = [path.get("d", "") for path in ET.fromstring(drawn(chart)).iter(f"{SVG}path")
              if "stroke-width: 1.8" in path.get("style", "")]
    assert [curve.count("M") for curve in curves] == [2]        # two values stand alone


@pytest.mark.parametrize("values", [
    pytest.param(np.full(5, np.nan), id="no data"),
    pytest.param(np.zeros(5), id="all zero"),
    pytest.param(np.full(5, 7.0), id="all alike"),
    pytest.param(np.array([-1e-9, 0, 1e-9, 0, 0]), id="tiny"),
    pytest.param(np.array([1e15, 2e15, 3e15, 0, 0]), id="huge"),
])
def test_that_odd_values_are_drawn_without_words_outside_of_the_sheet(values: np.ndarray) -> None:
    times = CURRENT.start_s + np.arange(5) * 60.0
    chart = replace(sample_charts()[0], unit="", times=times, series=(SeriesView("", values, np.ones(5)),))
    for text in ET.fromstring(drawn(chart)).iter(f"{SVG}text"):
        assert 0 <= float(text.get("x", "-1")) <= 680 and 0 <= float(text.get("y", "-1")) <= 184


def test_that_a_chart_without_data_says_so() -> None:
    chart = replace(sample_charts()[0], times=np.empty(0), series=(SeriesView("", np.empty(0), np.empty(0)),))
    assert "no data in this time" in words(drawn(chart))


def test_that_themed_colours_are_variables_and_words_are_left_alone() -> None:
    chart = sample_charts()[-1]
    svg = drawn(replace(chart, series=(replace(chart.series[0], name='#0072b2'), chart.series[1])))
    assert "#0072b2" in words(themed(svg)) and "var(--reference)" in themed(svg)
    assert not re.search(r'style="[^"]*#[0-9a-f]{6}', themed(svg))


def test_that_thinning_keeps_lowest_and_highest_and_gaps() -> None:
    values = np.sin(np.arange(10_000) / 50)
    values[777], values[5000:6000] = 9.0, np.nan
    times, kept = thinned(np.arange(10_000.0), values, 1000)
    assert len(kept) <= 1000 and np.nanmax(kept) == 9.0 and np.isnan(kept).sum() >= 50
    assert np.all(np.diff(times) > 0)


@pytest.mark.parametrize(("low", "high", "texts"), [
    (0.0, 6.3, ["0.0", "2.5", "5.0", "7.5"]), (0, 930, ["0", "500", "1,000"]), (0.0, 0.0004, None), (-3, 4, None),
])
def test_that_ticks_are_round_and_cover_the_values(low: float, high: float, texts: list[str] | None) -> None:
    ticks = round_ticks(low, high, 4)
    assert ticks[0] <= low and ticks[-1] >= high and 2 <= len(ticks) <= 6
    assert len(set(tick_texts(ticks))) == len(ticks)
    if texts:
        assert tick_texts(ticks) == texts


@pytest.mark.parametrize(("seconds", "labels", "day"), [
    pytest.param(6 * 3600, ["10:00", "11:00"], "2 Mar 2026, UTC", id="hours"),
    pytest.param(40, ["10:00:00", "10:00:10"], "2 Mar 2026, UTC", id="seconds"),
    pytest.param(3 * 86_400, ["12:00", "3 Mar"], "2 - 5 Mar 2026, UTC", id="days"),
    pytest.param(40 * 86_400, ["5 Mar", "12 Mar"], "2 Mar - 11 Apr 2026, UTC", id="weeks"),
    pytest.param(400 * 86_400, ["May 2026", "Jul 2026"], "UTC", id="months"),
])
def test_that_time_ticks_stand_on_the_clock_of_utc(seconds: int, labels: list[str], day: str) -> None:
    start = datetime(2026, 3, 2, 10, tzinfo=UTC)
    ticks, said = time_ticks(start.timestamp(), (start + timedelta(seconds=seconds)).timestamp(), 7)
    assert [label for _, label in ticks][:2] == labels and said == day


def test_that_shapes_show_both_sides_in_words_for_categories() -> None:
    numeric, categorical, _ = sample_drift().shapes
    assert isinstance(numeric, NumericShape) and isinstance(categorical, CategoryShape)
    assert {"0", "50"} <= set(words(draw_shape(numeric, "x")))
    said = words(draw_shape(categorical, "x"))
    assert {"22.6 %", "41.2 %", "東京", shorten(DOLLARS, 14)} <= set(said)


def test_that_a_long_thin_tail_is_cut_and_a_bin_without_width_keeps_its_share() -> None:
    tail = NumericShape("x", np.array([0, 1, 2, 3, 1000.0]), np.array([0.3, 0.3, 0.399, 0.001]),
                        np.array([0.3, 0.3, 0.4, 0.0]), ())
    assert list(visible_bins(tail)[0]) == [0, 1, 2, 3]
    tied = NumericShape("x", np.array([0, 1, 1, 2.0]), np.array([0.2, 0.5, 0.3]), np.array([0.2, 0.5, 0.3]), ())
    edges, reference, _ = visible_bins(tied)
    assert list(edges) == [0, 1, 2] and reference.sum() == pytest.approx(1.0)
    open_ends = NumericShape("x", np.array([-np.inf, 0, 1, np.inf]), np.array([0.1, 0.8, 0.1]),
                             np.array([0.1, 0.8, 0.1]), ())
    assert list(visible_bins(open_ends)[0]) == [0, 1]


def test_that_a_shape_of_nothing_is_still_a_drawing() -> None:
    empty = NumericShape(SCRIPT, np.array([1.0, 1.0]), np.array([1.0]), np.array([1.0]), ())
    assert "no values" in words(draw_shape(empty, "x"))
    none = CategoryShape(CJK, (), np.empty(0), np.empty(0))
    assert ET.fromstring(draw_shape(none, "x")) is not None


def test_that_shortened_names_keep_their_ends() -> None:
    assert shorten("abcdefghij", 5) == "ab…ij" and shorten("abc", 5) == "abc" and len(shorten("x" * 200, 14)) == 14
