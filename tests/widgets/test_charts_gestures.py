"""Mouse, wheel and keys on a chart ask for the right times, also while data arrive; displaying asks for nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from console.window import Window
from tests.widgets.views import START, chart_of, window_of
from widgets.charts.chart import Chart
from widgets.theme import ThemeHolder

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
ALL = ("zoom_asked", "pan_asked", "panning", "window_brushing", "window_brushed", "back_asked", "hovered", "clicked",
       "chosen", "alone_asked", "menu_asked")  # fmt: skip


@pytest.fixture
def chart(qtbot: QtBot, theme_holder: ThemeHolder) -> Chart:
    made = Chart(theme_holder)
    qtbot.addWidget(made)
    made.resize(500, 260)
    view = chart_of(50 + np.arange(100.0))
    made.display(view, window_of(view))
    with qtbot.waitExposed(made):
        made.show()
    return made


def heard(chart: QWidget, *names: str) -> list[tuple[Any, ...]]:
    """What the signals say, in order, each with its name."""
    said: list[tuple[Any, ...]] = []
    for name in names:
        getattr(chart, name).connect(lambda *what, name=name: said.append((name, *what)))
    return said


def drag(chart: Chart, start: int, end: int, keys: Qt.KeyboardModifier = NONE) -> None:
    port, y = chart.viewport(), 150
    QTest.mousePress(port, LEFT, keys, QPoint(start, y))
    for x in np.linspace(start, end, 5).astype(int):
        QTest.mouseMove(port, QPoint(int(x), y))
        QApplication.processEvents()
    QTest.mouseRelease(port, LEFT, keys, QPoint(end, y))


def wheel(chart: Chart, x: float, y: float, steps: QPoint) -> bool:
    at = QPointF(x, y)
    event = QWheelEvent(at, chart.mapToGlobal(at), QPoint(), steps, Qt.MouseButton.NoButton, NONE,
                        Qt.ScrollPhase.NoScrollPhase, False)  # fmt: skip
    QApplication.sendEvent(chart.viewport(), event)
    return event.isAccepted()


def pixel(chart: Chart) -> float:
    """Seconds a pixel."""
    return chart.time_at(101) - chart.time_at(100)


def test_that_displaying_asks_for_nothing(chart: Chart) -> None:
    said = heard(chart, *ALL)
    view = chart_of(np.arange(100.0), np.ones(100))
    window = window_of(view)
    chart.display(view, window, Window.from_epoch(START + 10, START + 90), window)
    chart.set_cross_hair(START + 100)
    chart.grab()
    assert said == []


def test_that_the_wheel_zooms_around_the_pointer(chart: Chart) -> None:
    said = heard(chart, *ALL)
    assert wheel(chart, 200, 150, QPoint(0, 120)) and wheel(chart, 300, 150, QPoint(0, -120))
    (closer, factor, at), (farther, back, other) = said
    assert (closer, farther) == ("zoom_asked", "zoom_asked")
    assert factor < 1 < back and factor * back == pytest.approx(1)
    assert abs(at - chart.time_at(200)) <= pixel(chart) and abs(other - chart.time_at(300)) <= pixel(chart)


def test_that_the_wheel_beside_the_plot_is_left_to_the_board(chart: Chart) -> None:
    said = heard(chart, *ALL)
    assert not wheel(chart, 200, 10, QPoint(0, 120))
    assert said == []


def test_that_a_sideways_wheel_moves_the_window(chart: Chart) -> None:
    said = heard(chart, *ALL)
    wheel(chart, 200, 150, QPoint(-120, 0))
    assert said == [("pan_asked", pytest.approx(0.1))]


def test_that_dragging_to_the_right_goes_back_in_time(chart: Chart) -> None:
    said = heard(chart, "panning", "pan_asked", "window_brushed", "clicked")
    drag(chart, 150, 250)
    assert {name for name, *_ in said[:-1]} == {"panning"}
    assert said[-1] == ("pan_asked", pytest.approx(-100 / chart.plot_rect.width()))


@pytest.mark.parametrize(
    "keys, side",
    [
        (Qt.KeyboardModifier.ShiftModifier, "current"),
        (Qt.KeyboardModifier.AltModifier, "reference"),
        (Qt.KeyboardModifier.ControlModifier, "reference"),
    ],
)
@pytest.mark.parametrize("start, end", [(150, 300), (300, 150)], ids=["forward", "backward"])
def test_that_dragging_with_a_key_brushes(
    chart: Chart, keys: Qt.KeyboardModifier, side: str, start: int, end: int
) -> None:
    said = heard(chart, "window_brushed", "pan_asked", "clicked")
    drag(chart, start, end, keys)
    ((name, brushed, first, last),) = said
    assert (name, brushed) == ("window_brushed", side)
    assert abs(first - chart.time_at(150)) <= pixel(chart) and abs(last - chart.time_at(300)) <= pixel(chart)


def test_that_a_plain_drag_brushes_in_brush_mode_and_stays_in_the_plot(chart: Chart) -> None:
    chart.set_brush_side("reference")
    said = heard(chart, "window_brushed", "pan_asked")
    drag(chart, 150, 499)
    ((_, side, _, last),) = said
    assert side == "reference" and last == pytest.approx(START + 1000)


def test_that_a_drag_keeps_its_start_in_time_while_data_arrive(chart: Chart) -> None:
    said = heard(chart, "window_brushed")
    begin = chart.time_at(200)
    QTest.mousePress(chart.viewport(), LEFT, Qt.KeyboardModifier.ShiftModifier, QPoint(200, 150))
    QTest.mouseMove(chart.viewport(), QPoint(230, 150))
    view = chart_of(60 + np.arange(100.0), start=START + 50)
    chart.display(view, window_of(view))
    QTest.mouseRelease(chart.viewport(), LEFT, Qt.KeyboardModifier.ShiftModifier, QPoint(300, 150))
    ((_, _, first, last),) = said
    assert abs(first - begin) <= pixel(chart) and abs(last - chart.time_at(300)) <= pixel(chart)


def test_that_a_click_is_no_drag(chart: Chart) -> None:
    said = heard(chart, "clicked", "pan_asked", "panning", "window_brushed")
    QTest.mouseClick(chart.viewport(), LEFT, NONE, QPoint(222, 150))
    ((name, metric, at),) = said
    assert (name, metric) == ("clicked", "latency") and abs(at - chart.time_at(222)) <= pixel(chart)


def test_that_a_double_click_goes_back(chart: Chart) -> None:
    said = heard(chart, "back_asked", "alone_asked")
    QTest.mouseDClick(chart.viewport(), LEFT, NONE, QPoint(222, 150))
    assert said == [("back_asked",)]


def test_that_the_title_chooses_and_enlarges(chart: Chart) -> None:
    said = heard(chart, "chosen", "alone_asked", "back_asked", "clicked")
    QTest.mouseClick(chart.viewport(), LEFT, NONE, QPoint(30, 15))
    QTest.mouseDClick(chart.viewport(), LEFT, NONE, QPoint(30, 15))
    assert said[0] == ("chosen", "latency") and said[-1] == ("alone_asked", "latency")
    assert {name for name, *_ in said} == {"chosen", "alone_asked"}


def test_that_pointing_is_told_with_its_time_and_ends_outside(chart: Chart) -> None:
    said = heard(chart, "hovered")
    QTest.mouseMove(chart.viewport(), QPoint(200, 150))
    QTest.mouseMove(chart.viewport(), QPoint(200, 12))
    QApplication.processEvents()
    assert abs(said[0][1] - chart.time_at(200)) <= pixel(chart) and said[-1] == ("hovered", None)


def test_that_the_right_button_asks_for_a_menu(chart: Chart) -> None:
    said = heard(chart, *ALL)
    place = QPoint(120, 100)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, chart.mapToGlobal(place))
    QApplication.sendEvent(chart.viewport(), event)
    assert said == [("menu_asked", "latency", chart.mapToGlobal(place))]


def test_that_keys_move_and_lock_the_cross_hair(chart: Chart) -> None:
    said = heard(chart, "hovered", "clicked")
    chart.set_cross_hair(START + 500)
    QTest.keyClick(chart, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(chart, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(chart, Qt.Key.Key_Return)
    assert said == [("hovered", START + 510), ("hovered", START + 490), ("clicked", "latency", START + 500)]


def test_that_escape_gives_up_a_drag(chart: Chart) -> None:
    said = heard(chart, "panning", "pan_asked", "clicked")
    QTest.mousePress(chart.viewport(), LEFT, NONE, QPoint(200, 150))
    QTest.mouseMove(chart.viewport(), QPoint(260, 150))
    QTest.keyClick(chart, Qt.Key.Key_Escape)
    QTest.mouseRelease(chart.viewport(), LEFT, NONE, QPoint(260, 150))
    assert said[-1] == ("panning", 0.0) and "pan_asked" not in {name for name, *_ in said}


def test_that_an_empty_chart_takes_no_gesture(qtbot: QtBot, theme_holder: ThemeHolder) -> None:
    empty = Chart(theme_holder)
    qtbot.addWidget(empty)
    empty.resize(400, 200)
    with qtbot.waitExposed(empty):
        empty.show()
    said = heard(empty, *(name for name in ALL if name != "hovered"))
    drag(empty, 100, 200)
    wheel(empty, 200, 120, QPoint(0, 120))
    assert said == []
