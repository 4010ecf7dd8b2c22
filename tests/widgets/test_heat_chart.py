"""Maps: which pixel has which shade, what is said of a cell, and what the axis says. Numbers made by hand."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgGenerator, QSvgRenderer
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from console.metrics.heat import chart_of, step_name
from console.metrics.view import ChartView, HeatView
from console.session.chart_values import as_csv
from tests.widgets.views import START, window_of
from widgets.charts.heat_chart import HeatChart, pixels_of, place_of, shades, ticks_of
from widgets.theme import Theme, ThemeHolder, contrast

EDGES = np.array([1.0, 10.0, 100.0, 1000.0])
COUNTS = np.array([[4.0, 0, 0], [0, 100, 0], [0, 0, 0], [25, 0, 1]])
"""Four buckets of three steps; nothing came in the third."""


def heat_of(counts: np.ndarray = COUNTS, edges: np.ndarray = EDGES, *, logarithmic: bool = True, unit: str = "ms",
            ) -> HeatView:
    times = START + 60.0 * np.arange(len(counts))
    median = np.where(counts.sum(axis=1) > 0, 5.0, np.nan)
    return HeatView("latency_map", "Latency map", unit, "software", times, 60, edges, counts, logarithmic, "How many.",
                    "rows by cell", "To 1 %.", median=median)


def view_of(heat: HeatView) -> ChartView:
    return chart_of(heat, "lower")


def shown(qtbot: QtBot, holder: ThemeHolder, heat: HeatView | None = None) -> HeatChart:
    made = HeatChart(holder)
    qtbot.addWidget(made)
    made.resize(500, 260)
    view = view_of(heat or heat_of())
    made.display(view, window_of(view))
    with qtbot.waitExposed(made):
        made.show()
    return made


def middle_of(chart: HeatChart, column: int, step: int) -> QPoint:
    plot = chart.plot_rect
    return QPoint(round(plot.left() + (column + 0.5) / 4 * plot.width()),
                  round(plot.bottom() - (step + 0.5) / 3 * plot.height()))


def color_at(chart: HeatChart, column: int, step: int) -> str:
    return chart.grab().toImage().pixelColor(middle_of(chart, column, step)).name()


def shade(theme: Theme, number: int) -> str:
    return f"#{int(shades(theme)[number]) & 0xFFFFFF:06x}"


def test_that_a_cell_has_the_shade_of_the_root_of_its_count(qtbot: QtBot, theme_holder: ThemeHolder) -> None:
    chart, theme = shown(qtbot, theme_holder), theme_holder.theme
    assert color_at(chart, 1, 1) == shade(theme, 255)
    assert color_at(chart, 3, 0) == shade(theme, 128)            # 25 of 100: half of the way
    assert color_at(chart, 0, 0) == shade(theme, 51)             # 4 of 100: a fifth
    assert color_at(chart, 3, 2) == shade(theme, 26)


def test_that_cells_without_rows_and_buckets_without_any_are_left_clear(
    qtbot: QtBot, theme_holder: ThemeHolder
) -> None:
    chart, theme = shown(qtbot, theme_holder), theme_holder.theme
    clear = {theme.surface.lower(), theme.grid.lower()}
    assert {color_at(chart, *cell) for cell in ((0, 1), (0, 2), (1, 0), (2, 0), (2, 1), (2, 2), (3, 1))} <= clear


@pytest.mark.parametrize("theme", [Theme.light(), Theme.dark()], ids=["light", "dark"])
def test_that_shades_differ_by_lightness_alone_and_the_palest_is_seen(theme: Theme) -> None:
    away = [contrast(f"#{int(color) & 0xFFFFFF:06x}", theme.surface) for color in shades(theme)[1:]]
    assert all(later >= earlier - 1e-9 for earlier, later in itertools.pairwise(away))
    assert away[0] > 1.25 and away[-1] > 10
    assert int(shades(theme)[0]) == 0


def test_that_the_greatest_values_are_on_top() -> None:
    made = pixels_of(heat_of(), Theme.light())
    assert made.shape == (3, 4)
    assert np.flatnonzero(made[0]).tolist() == [3] and np.flatnonzero(made[2]).tolist() == [0, 3]


def test_that_the_cell_at_the_cross_hair_is_told(qtbot: QtBot, theme_holder: ThemeHolder) -> None:
    chart = shown(qtbot, theme_holder)
    chart.set_cross_hair(START + 3.5 * 60)
    assert chart.cell_words == "most at 1 – 10 ms: 25 of 26"
    QTest.mouseMove(chart.viewport(), middle_of(chart, 3, 2))
    assert chart.step == 2 and chart.cell_words == "100 – 1,000 ms: 1 of 26"
    chart.set_cross_hair(START + 2.5 * 60)
    assert chart.cell_words == "nothing came"


def test_that_keys_move_along_the_values(qtbot: QtBot, theme_holder: ThemeHolder) -> None:
    chart = shown(qtbot, theme_holder)
    chart.hovered.connect(chart.set_cross_hair)
    chart.setFocus()
    shift = Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(chart, Qt.Key.Key_Right, shift)          # from the middle of the plot a bucket on
    assert chart.cross_hair == pytest.approx(START + 3 * 60, abs=2)
    QTest.keyClick(chart, Qt.Key.Key_Up, shift)
    assert chart.cell_words == "1 – 10 ms: 25 of 26"         # the fullest first
    QTest.keyClick(chart, Qt.Key.Key_Up, shift)
    QTest.keyClick(chart, Qt.Key.Key_Up, shift)
    QTest.keyClick(chart, Qt.Key.Key_Up, shift)
    assert chart.step == 2
    QTest.keyClick(chart, Qt.Key.Key_Down, shift)
    assert chart.cell_words == "10 – 100 ms: 0 of 26"


def test_that_a_held_cross_hair_holds_the_cell_too(qtbot: QtBot, theme_holder: ThemeHolder) -> None:
    chart = shown(qtbot, theme_holder)
    QTest.mouseMove(chart.viewport(), middle_of(chart, 0, 1))
    QTest.mouseMove(chart.viewport(), middle_of(chart, 3, 2))
    chart.set_cross_hair(START + 3.5 * 60, locked=True)
    QTest.mouseMove(chart.viewport(), middle_of(chart, 3, 0))
    assert chart.step == 2


def test_that_values_stand_by_their_logarithms() -> None:
    heat = heat_of()
    assert [place_of(heat, value) for value in (1, 10, 100, 1000)] == pytest.approx([0, 1, 2, 3])
    assert place_of(heat, np.sqrt(1000.0)) == pytest.approx(1.5)
    assert ticks_of(heat, 60) == ((0.0, "1"), (1.0, "10"), (2.0, "100"), (3.0, "1k"))
    assert [label for _, label in ticks_of(heat, 400)][:5] == ["1", "2", "5", "10", "20"]


@pytest.mark.parametrize("edges, unit, labels", [
    pytest.param([0.0, 0.25, 0.5, 1.0], "", ["0", "0.25", "0.50", "0.75", "1.00"], id="even steps of a score"),
    pytest.param([1.0, 1000.0, 50_000.0], "ms", ["0.001 s", "0.01 s", "0.1 s", "1 s", "10 s"], id="seconds"),
    pytest.param([110.0, 150.0, 190.0], "ms", ["120", "140", "160", "180"], id="less than a decade"),
    pytest.param([0.0, 1.0, 100.0], "ms", ["0", "1", "10", "100"], id="zeros have a step of their own"),
])
def test_that_the_axis_says_its_values(edges: list[float], unit: str, labels: list[str]) -> None:
    heat = heat_of(np.ones((2, len(edges) - 1)), np.array(edges), logarithmic=unit == "ms", unit=unit)
    assert [label for _, label in ticks_of(heat, 150)] == labels


def test_that_no_alarm_is_offered_at_a_value_of_a_map(qtbot: QtBot, theme_holder: ThemeHolder) -> None:
    chart = shown(qtbot, theme_holder)
    assert chart.level_under(middle_of(chart, 1, 1)) is None and chart.level_here() is None


def test_that_steps_are_named_with_one_unit() -> None:
    assert step_name(heat_of(), 0) == "1 – 10 ms"
    assert step_name(heat_of(unit=""), 2) == "100 – 1,000"
    assert step_name(heat_of(edges=np.array([1.0, 9000.0, 20_000.0, 60_000.0])), 1) == "9,000 ms – 20 s"


def test_that_another_window_cuts_the_map_where_it_must(qtbot: QtBot, theme_holder: ThemeHolder) -> None:
    chart, theme = shown(qtbot, theme_holder), theme_holder.theme
    view = chart.view
    assert view is not None
    window = window_of(view)
    chart.display(view, type(window).from_epoch(START + 60, START + 120))
    plot = chart.plot_rect
    image = chart.grab().toImage()
    y = round(plot.center().y())
    assert {image.pixelColor(round(plot.left()) + dx, y).name() for dx in (4, 100, 300)} == {shade(theme, 255)}
    assert image.pixelColor(round(plot.right()) + 6, y).name() == theme.surface.lower()
    chart.display(view, type(window).from_epoch(START + 600, START + 660))
    assert chart.grab().toImage().pixelColor(round(plot.left()) + 4, y).name() == theme.surface.lower()


def test_that_a_map_that_is_read_says_so_in_the_same_room(qtbot: QtBot, theme_holder: ThemeHolder) -> None:
    chart = shown(qtbot, theme_holder)
    plot = chart.plot_rect
    view = chart.view
    assert view is not None
    blank = replace(view, heat=None, series=(), times=np.empty(0), note="Reading rows …", latest="")
    chart.display(blank, window_of(view))
    assert chart.plot_rect == plot and chart.heat is None
    assert not chart.grab().isNull()


def test_that_a_drawing_and_a_picture_have_the_cells(qtbot: QtBot, theme_holder: ThemeHolder, tmp_path: Path) -> None:
    chart, theme = shown(qtbot, theme_holder), theme_holder.theme
    paper = QSvgGenerator()
    paper.setFileName(str(tmp_path / "map.svg"))
    paper.setSize(QSize(500, 260))
    paper.setViewBox(QRect(0, 0, 500, 260))
    painter = QPainter(paper)
    chart.draw(painter)
    painter.end()
    image = QImage(500, 260, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    QSvgRenderer(str(tmp_path / "map.svg")).render(painter)
    painter.end()
    assert image.pixelColor(middle_of(chart, 1, 1)).name() == shade(theme, 255)
    assert image.pixelColor(middle_of(chart, 2, 1)).name() != shade(theme, 255)


def test_that_the_values_are_rows_by_step() -> None:
    view = view_of(heat_of())
    lines = as_csv(view, window_of(view)).splitlines()
    assert lines[0] == 'time_utc,p50 (ms),1 – 10 ms,10 – 100 ms,"100 – 1,000 ms"'
    assert lines[1:] == ["2025-11-23T12:00:00Z,5.0,4,0,0", "2025-11-23T12:01:00Z,5.0,0,100,0",
                         "2025-11-23T12:02:00Z,,0,0,0", "2025-11-23T12:03:00Z,5.0,25,0,1"]
