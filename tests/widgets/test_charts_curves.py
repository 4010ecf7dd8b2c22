"""What becomes of values on their way to pixels."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from console.metrics.view import ChartView
from console.window import Window
from tests.widgets.views import START, chart_of, window_of
from widgets.charts.chart import Chart
from widgets.charts.curves import shape_of, thinned
from widgets.theme import Theme, ThemeHolder

CURVE = Theme.light().series_color(0)


def shown(qtbot: QtBot, holder: ThemeHolder, view: ChartView, window: Window | None = None) -> Chart:
    chart = Chart(holder)
    qtbot.addWidget(chart)
    chart.resize(400, 240)
    chart.display(view, window or window_of(view))
    with qtbot.waitExposed(chart):
        chart.show()
    return chart


def painted(chart: Chart) -> np.ndarray:
    """Where the first curve's colour is in the plot: shape (height, width), from its upper left corner."""
    image: QImage = chart.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    plot = chart.plot_rect.toRect()
    pixels = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), image.bytesPerLine() // 4)
    here = pixels[plot.top() - 2 : plot.bottom() + 3, plot.left() : plot.right() + 1]
    return (here & 0xFFFFFF) == (QColor(CURVE).rgb() & 0xFFFFFF)


def test_that_a_gap_stays_empty_and_is_as_wide_as_the_missing_buckets(qtbot: QtBot, theme_holder: ThemeHolder) -> None:
    values = np.full(100, 50.0)
    values[40:60] = np.nan
    chart = shown(qtbot, theme_holder, chart_of(values))
    columns = painted(chart).any(axis=0)
    left = chart.x_of(START + 395) - chart.plot_rect.left()       # middle of the last bucket before the gap
    right = chart.x_of(START + 605) - chart.plot_rect.left()
    assert not columns[int(left) + 2 : int(right) - 1].any()
    assert columns[5 : int(left) - 1].all() and columns[int(right) + 2 : -5].all()


def test_that_a_value_between_two_gaps_is_seen(qtbot: QtBot, theme_holder: ThemeHolder) -> None:
    values = np.full(50, np.nan)
    values[25] = 10.0
    chart = shown(qtbot, theme_holder, chart_of(values))
    rows, columns = np.nonzero(painted(chart))
    assert 4 <= len(rows) <= 16
    assert abs(columns.mean() + chart.plot_rect.left() - chart.x_of(START + 255)) <= 1
    assert abs(rows.mean() - 2 + chart.plot_rect.top() - chart.y_of(10.0)) <= 1


def test_that_the_only_value_of_a_chart_is_seen(qtbot: QtBot, theme_holder: ThemeHolder) -> None:
    chart = shown(qtbot, theme_holder, chart_of([7.0]))
    assert painted(chart).any()


def test_that_a_curve_at_zero_is_not_cut_off(qtbot: QtBot, theme_holder: ThemeHolder) -> None:
    chart = shown(qtbot, theme_holder, chart_of(np.zeros(50), unit="share"))
    assert painted(chart).any(axis=0)[5:-5].all()


def test_that_a_spike_among_a_hundred_thousand_values_is_painted_at_its_height(
    qtbot: QtBot, theme_holder: ThemeHolder
) -> None:
    values = np.full(100_000, 1.0)
    values[61_234] = 500.0
    chart = shown(qtbot, theme_holder, chart_of(values))
    rows, columns = np.nonzero(painted(chart)[:-10])
    assert abs(rows.min() - 2 + chart.plot_rect.top() - chart.y_of(500.0)) <= 1
    assert abs(columns[rows.argmin()] + chart.plot_rect.left() - chart.x_of(START + 612_345)) <= 1


def test_that_a_dip_among_many_values_with_some_missing_is_painted(qtbot: QtBot, theme_holder: ThemeHolder) -> None:
    values = np.full(100_000, 100.0)
    values[::7] = np.nan
    values[30_003] = 2.0
    chart = shown(qtbot, theme_holder, chart_of(values))
    rows = np.nonzero(painted(chart))[0]
    assert abs(rows.max() - 2 + chart.plot_rect.top() - chart.y_of(2.0)) <= 1


def test_that_thinning_keeps_first_least_greatest_and_last_of_every_column() -> None:
    random = np.random.default_rng(5)
    x, y = np.arange(10_000.0), random.standard_normal(10_000)
    thin_x, thin_y = thinned(x, y, 0.0, 10_000.0, 100)
    assert len(thin_x) <= 400
    for column in range(100):
        inside = (thin_x >= column * 100) & (thin_x < column * 100 + 100)
        want = y[column * 100 : column * 100 + 100]
        assert thin_y[inside].min() == want.min() and thin_y[inside].max() == want.max()
        assert thin_y[inside][0] == want[0] and thin_y[inside][-1] == want[-1]
    assert (np.diff(thin_x) >= 0).all()


def test_that_thinning_leaves_a_column_without_values_a_gap() -> None:
    y = np.ones(10_000)
    y[2_000:3_000] = np.nan
    thin_x, thin_y = thinned(np.arange(10_000.0), y, 0.0, 10_000.0, 100)
    gap = (thin_x >= 2_000) & (thin_x < 3_000)
    assert np.isnan(thin_y[gap]).all() and np.isfinite(thin_y[~gap]).all() and gap.any()


def test_that_few_values_are_left_as_they_are() -> None:
    x, y = np.arange(50.0), np.ones(50)
    thin_x, thin_y = thinned(x, y, 0, 50, 300)
    assert thin_x is x and thin_y is y


@pytest.mark.parametrize(
    "values, line, path, dots",
    [
        pytest.param([], False, False, 0, id="nothing"),
        pytest.param([np.nan, np.nan], False, False, 0, id="only gaps"),
        pytest.param([1.0, 2.0], True, False, 0, id="whole"),
        pytest.param([1.0], False, False, 1, id="one value"),
        pytest.param([1.0, np.nan, 2.0, 3.0], False, True, 1, id="one alone, two joined"),
        pytest.param([1.0, np.inf, 2.0], False, True, 2, id="infinite is a gap"),
    ],
)
def test_that_a_curve_is_drawn_as(values: list[float], line: bool, path: bool, dots: int) -> None:
    shape = shape_of(np.arange(float(len(values))), np.array(values))
    assert (shape.line is not None, shape.path is not None) == (line, path)
    assert (shape.dots.size() if shape.dots is not None else 0) == dots


def test_that_many_curves_keep_the_precision_of_a_millisecond(qtbot: QtBot, theme_holder: ThemeHolder) -> None:
    view = chart_of(np.ones(10), bucket_s=1)
    chart = shown(qtbot, theme_holder, view, Window.from_epoch(START + 2.0, START + 2.1))
    assert chart.time_at(chart.x_of(START + 2.05)) == pytest.approx(START + 2.05, abs=1e-6)
    apart = chart.x_of(START + 2.051) - chart.x_of(START + 2.050)
    assert apart == pytest.approx(chart.plot_rect.width() / 100, rel=1e-3)


def test_that_a_chart_without_values_says_so(qtbot: QtBot, theme_holder: ThemeHolder) -> None:
    chart = shown(qtbot, theme_holder, chart_of(np.full(20, np.nan)))
    image = chart.grab().toImage()
    plot = chart.plot_rect.toRect()
    inked = [
        QColor(image.pixel(x, plot.center().y() + dy)).lightness() < 170
        for x in range(plot.left() + 80, plot.right() - 80)
        for dy in range(-6, 7)
    ]
    assert sum(inked) > 40


def test_that_another_theme_repaints_the_chart(qtbot: QtBot, theme_holder: ThemeHolder) -> None:
    chart = shown(qtbot, theme_holder, chart_of(np.full(20, 5.0)))
    try:
        theme_holder.choose("dark")
        assert chart.grab().toImage().pixelColor(3, 3).name() == Theme.dark().surface.lower()
    finally:
        theme_holder.choose("light")
