"""What stands above and below the curves: title, unit, value, and the time of the cross-hair. None of it is cut."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from console.metrics.view import ReadOut
from console.window import Window, from_epoch
from tests.widgets.views import START, chart_of, window_of
from widgets.charts.backdrop import title_parts, title_unit, without_unit
from widgets.charts.chart import Chart
from widgets.theme import ThemeHolder, font_metrics


def shown(qtbot: QtBot, holder: ThemeHolder, *values: np.ndarray, latest: str, unit: str = "ms",
          metric: str = "latency") -> Chart:
    made = Chart(holder)
    qtbot.addWidget(made)
    made.resize(280, 170)
    view = chart_of(*values, latest=latest, unit=unit, metric=metric)
    made.display(view, window_of(view))
    with qtbot.waitExposed(made):
        made.show()
    return made


def read_out(text: str, series: str = "") -> ReadOut:
    return ReadOut("latency", "Latency", series, from_epoch(START + 500), text)


def ink(image: QImage, area: QRect, paper: QColor) -> QRect:
    """The smallest rectangle that holds all that is not paper."""
    places = [QPoint(x, y) for x in range(area.left(), area.right() + 1) for y in range(area.top(), area.bottom() + 1)
              if image.pixelColor(x, y) != paper]
    if not places:
        return QRect()
    return QRect(QPoint(min(p.x() for p in places), min(p.y() for p in places)),
                 QPoint(max(p.x() for p in places), max(p.y() for p in places)))


@pytest.mark.parametrize("text, unit", [("0.120 req/s", "req/s"), ("no data", "share"), ("1.94 %", "share")])
def test_that_a_read_out_longer_than_the_newest_value_is_written_whole(
    qtbot: QtBot, theme_holder: ThemeHolder, text: str, unit: str
) -> None:
    short = "0 %" if unit == "share" else "1 req/s"
    chart = shown(qtbot, theme_holder, np.arange(100.0) / 100, latest=short, unit=unit, metric="x")
    chart.show_read_out((read_out(text),))
    alone = shown(qtbot, theme_holder, np.arange(100.0) / 100, latest=text, unit=unit, metric="x")
    right = QRect(120, 4, 158, 28)        # clear of the title
    paper = theme_holder.theme.color("surface")
    written, whole = (ink(each.grab().toImage(), right, paper) for each in (chart, alone))
    assert written == whole and not whole.isEmpty()
    assert chart.value_room >= font_metrics(large=True).horizontalAdvance(chart.shown_value)


def test_that_the_title_gives_way_to_a_long_read_out(qtbot: QtBot, theme_holder: ThemeHolder) -> None:
    name = "ec2_disk_write_bytes_1ef3de_ec2_disk_write_bytes_c0d644"
    chart = shown(qtbot, theme_holder, np.arange(100.0), latest="1", unit="", metric=name)
    chart.show_read_out((read_out("123,456,789"),))
    image, paper = chart.grab().toImage(), theme_holder.theme.color("surface")
    start = int(chart.header_rect.right() - font_metrics(large=True).horizontalAdvance("123,456,789"))
    gap = QRect(start - 7, 8, 6, 20)
    assert ink(image, gap, paper).isEmpty()


@pytest.mark.parametrize(
    "unit, high, said",
    [
        pytest.param("req/s", 50, "req/s", id="a rate"),
        pytest.param("ms", 400, "ms", id="milliseconds"),
        pytest.param("ms", 60_000, "", id="an axis in seconds says s at each number"),
        pytest.param("share", 0.1, "", id="percent stands at each number"),
        pytest.param("%", 60, "", id="percent"),
        pytest.param("", 3, "", id="a mean has none"),
    ],
)
def test_that_a_unit_is_said_once(unit: str, high: float, said: str) -> None:
    assert title_unit(unit, 0.0, high) == said


@pytest.mark.parametrize(
    "texts, unit, expected",
    [
        pytest.param(("p95 30.9 ms",), "ms", ("p95 30.9",), id="said by the title"),
        pytest.param(("12.3 s",), "ms", ("12.3 s",), id="another unit stays"),
        pytest.param(("4.33 %",), "", ("4.33 %",), id="percent stays"),
        pytest.param(("20 ms", "no data", "80 ms"), "ms", ("20", "no data", "80"), id="one without data"),
        pytest.param(("900 ms", "12.3 s"), "ms", ("900 ms", "12.3 s"), id="mixed units stay"),
    ],
)
def test_that_values_leave_out_the_unit_of_the_title(
    texts: tuple[str, ...], unit: str, expected: tuple[str, ...]
) -> None:
    assert without_unit(texts, unit) == expected


def test_that_one_curve_has_the_room_of_the_legend_too(qtbot: QtBot, theme_holder: ThemeHolder) -> None:
    one = shown(qtbot, theme_holder, np.arange(100.0), latest="99 ms")
    two = shown(qtbot, theme_holder, np.arange(100.0), np.arange(100.0), latest="99 ms")
    assert one.plot_rect.height() > two.plot_rect.height() + 10
    assert one.plot_rect.bottom() == two.plot_rect.bottom()
    view = chart_of(np.arange(100.0))
    two.display(view, window_of(view))
    assert two.plot_rect == one.plot_rect


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_that_the_time_of_the_cross_hair_stands_at_its_foot_inside_the_chart(
    qtbot: QtBot, theme_holder: ThemeHolder, share: float
) -> None:
    chart = shown(qtbot, theme_holder, np.arange(100.0), latest="99 ms")
    before = chart.grab().toImage()
    chart.set_cross_hair(START + 10 + share * 980)
    after = chart.grab().toImage()
    below = range(int(chart.plot_rect.bottom()) + 4, chart.height())
    changed = [x for x in range(chart.width()) if any(before.pixel(x, y) != after.pixel(x, y) for y in below)]
    at = chart.x_of(START + 10 + share * 980)
    assert changed and min(changed) >= 2 and max(changed) < chart.width() - 2
    assert max(changed) - min(changed) < 160, "only the labels that it would cut in two make room"
    assert min(changed) <= at <= max(changed)
    chart.set_cross_hair(None)
    assert chart.grab().toImage() == before


def test_that_a_chart_reached_by_tab_is_framed_and_one_that_was_clicked_is_not(
    qtbot: QtBot, theme_holder: ThemeHolder
) -> None:
    page = QWidget()
    qtbot.addWidget(page)
    field, chart = QLineEdit(), Chart(theme_holder)
    chart.setMinimumSize(280, 170)
    lines = QVBoxLayout(page)
    lines.addWidget(field)
    lines.addWidget(chart)
    view = chart_of(np.arange(100.0))
    chart.display(view, window_of(view))
    with qtbot.waitActive(page):
        page.show()
    field.setFocus()
    without = chart.grab().toImage()
    QTest.keyClick(field, Qt.Key.Key_Tab)
    assert chart.hasFocus() and chart.grab().toImage() != without
    assert chart.grab().toImage().pixelColor(1, 1) == theme_holder.theme.color("accent")
    field.setFocus()
    QTest.mouseClick(chart.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(100, 10))
    assert chart.hasFocus() and chart.grab().toImage() == without


def test_that_the_unit_is_there_however_long_the_title_is(theme_holder: ThemeHolder) -> None:
    long = "rest_server_request_duration_seconds_by_path_and_method"
    title, unit = title_parts(long, "ms", "from counters", 150)
    assert unit == "ms" and "…" in title
    assert title_parts("Latency", "ms", "from counters", 400) == ("Latency", "ms, from counters")
    assert title_parts("Error rate", "", "from counters", 400) == ("Error rate", "from counters")
    assert title_parts("Latency", "ms", "from counters", 100) == ("Latency", "ms")


def test_that_a_stretch_that_waits_for_outcomes_is_hatched_and_says_so(
    qtbot: QtBot, theme_holder: ThemeHolder
) -> None:
    values = np.concatenate([np.full(50, 0.5), np.full(50, np.nan)])
    view = replace(chart_of(values, unit="share", metric="ctr"), waits=Window.from_epoch(START + 500, START + 1000))
    chart = Chart(theme_holder)
    qtbot.addWidget(chart)
    chart.resize(480, 200)
    chart.display(view, window_of(view))
    with qtbot.waitExposed(chart):
        chart.show()
    image, plot = chart.grab().toImage(), chart.plot_rect.toRect()
    pattern = {image.pixelColor(x, y).name() for x in range(plot.center().x() + 8, plot.right() - 8)
               for y in range(plot.center().y() + 20, plot.center().y() + 28)}
    grid = {theme_holder.theme.surface.lower(), theme_holder.theme.grid.lower()}
    clear = {image.pixelColor(x, y).name() for x in range(plot.left() + 8, plot.center().x() - 8)
             for y in range(plot.center().y() + 20, plot.center().y() + 28)}
    assert pattern - grid and clear <= grid
    chart.show_read_out((ReadOut("ctr", "CTR", "", from_epoch(START + 700), "waiting for outcomes"),))
    assert chart.shown_value == "waiting"
    assert chart.tip_at(plot.center() + QPoint(40, 0)).startswith("Waiting for outcomes")
    assert chart.tip_at(plot.center() - QPoint(40, 0)) == ""


def test_that_the_tip_of_a_crowded_legend_names_every_curve(qtbot: QtBot, theme_holder: ThemeHolder) -> None:
    chart = shown(qtbot, theme_holder, *(np.arange(100.0) + number for number in range(9)), latest="1 ms")
    legend = chart.header_rect.adjusted(0, chart.header_rect.height() - 8, 0, 0).center().toPoint()
    assert chart.tip_at(legend).splitlines() == [f"s{number}" for number in range(9)]
    chart.show_read_out((read_out("7 ms", "s0"), read_out("8 ms", "s1")))
    assert chart.tip_at(legend).splitlines()[:3] == ["s0: 7 ms", "s1: 8 ms", "s2"]
