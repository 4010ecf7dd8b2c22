"""The overview strip: windows dragged by mouse and by keys."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QPaintEvent, QRegion
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from console.alarms.machine import State
from console.alarms.on_charts import Course, OnCharts, Stretch, shades_of
from console.window import Window
from tests.widgets.views import START, overview_of, selection_of
from widgets.panels.overview_picture import full_rate
from widgets.panels.overview_strip import HEIGHT, OverviewStrip
from widgets.theme import Theme, ThemeHolder

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
HOUR = 3600.0
ALL = ("look_at_asked", "window_brushing", "window_brushed", "brush_cleared")


def hours(start: float, end: float) -> Window:
    return Window.from_epoch(START + start * HOUR, START + end * HOUR)


CHOSEN = selection_of(hours(60, 90), hours(10, 20), hours(40, 50))


@pytest.fixture
def strip(qtbot: QtBot, theme_holder: ThemeHolder) -> OverviewStrip:
    made = OverviewStrip(theme_holder)
    qtbot.addWidget(made)
    made.resize(1024, HEIGHT)
    made.display(overview_of(100), CHOSEN)
    with qtbot.waitExposed(made):
        made.show()
    return made


def heard(strip: OverviewStrip, *names: str) -> list[tuple[Any, ...]]:
    said: list[tuple[Any, ...]] = []
    for name in names:
        getattr(strip, name).connect(lambda *what, name=name: said.append((name, *what)))
    return said


def x(strip: OverviewStrip, hour: float) -> int:
    return round(strip.x_of(START + hour * HOUR))


def drag(strip: OverviewStrip, start: int, end: int, y: int, keys: Qt.KeyboardModifier = NONE) -> None:
    QTest.mousePress(strip, LEFT, keys, QPoint(start, y))
    for at in (0.3, 0.7, 1.0):
        QTest.mouseMove(strip, QPoint(round(start + at * (end - start)), y))
        QApplication.processEvents()
    QTest.mouseRelease(strip, LEFT, keys, QPoint(end, y))


def asked_hours(said: tuple[Any, ...]) -> tuple[float, float]:
    return (said[-2] - START) / HOUR, (said[-1] - START) / HOUR


def close(start: float, end: float) -> Any:
    """Within a pixel: 100 hours are 1000 pixels wide."""
    return pytest.approx((start, end), abs=0.11)


BODY, AXIS = 40, HEIGHT - 10


def test_that_displaying_asks_for_nothing(strip: OverviewStrip) -> None:
    said = heard(strip, *ALL)
    strip.display(overview_of(50), selection_of(None))
    strip.display(None, CHOSEN)
    strip.grab()
    assert said == []


@pytest.mark.parametrize("side, start", [("reference", 10.0), ("current", 40.0)])
def test_that_a_test_window_is_moved_by_its_body(strip: OverviewStrip, side: str, start: float) -> None:
    said = heard(strip, *ALL)
    drag(strip, x(strip, start + 5), x(strip, start + 12), BODY)
    assert said[-1][:2] == ("window_brushed", side) and asked_hours(said[-1]) == close(start + 7, start + 17)
    assert [name for name, *_ in said[:-1]] == ["window_brushing"] * 3
    assert asked_hours(said[-2]) == asked_hours(said[-1])


@pytest.mark.parametrize(
    "grab, drop, expected",
    [
        pytest.param(40, 35, (35, 50), id="start"),
        pytest.param(50, 57, (40, 57), id="end"),
        pytest.param(40, 55, (50, 55), id="start across the end"),
    ],
)
def test_that_a_test_window_is_resized_by_its_edges(
    strip: OverviewStrip, grab: float, drop: float, expected: tuple[float, float]
) -> None:
    said = heard(strip, "window_brushed")
    drag(strip, x(strip, grab), x(strip, drop), BODY)
    assert asked_hours(said[-1]) == close(*expected)


@pytest.mark.parametrize("side, start, end", [("current", 45, 70), ("current", 40, 12), ("reference", 20, 48),
                                              ("reference", 10, 40)])
def test_that_what_a_drag_changes_is_drawn_again(strip: OverviewStrip, side: str, start: float, end: float) -> None:
    """Only a part is drawn while a window moves: what differs between two whole pictures must lie in it."""
    def picture() -> Any:
        image = strip.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
        return np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), image.width()).copy()

    y = round(strip.lanes.silhouette.center().y())
    QTest.mousePress(strip, LEFT, NONE, QPoint(x(strip, start), y))
    QTest.mouseMove(strip, QPoint(x(strip, (start + end) / 2), y))
    QApplication.processEvents()
    before, drawn = picture(), QRegion()

    class Seen(QObject):
        def eventFilter(self, _of: QObject, event: QEvent) -> bool:
            nonlocal drawn
            if isinstance(event, QPaintEvent):
                drawn |= event.region()
            return False

    seen = Seen()
    strip.installEventFilter(seen)
    QTest.mouseMove(strip, QPoint(x(strip, end), y))
    QApplication.processEvents()
    strip.removeEventFilter(seen)
    rows, columns = np.nonzero(picture() != before)
    assert len(rows), side
    assert all(drawn.contains(QPoint(int(column), int(row))) for row, column in zip(rows, columns, strict=True))
    assert drawn.boundingRect().width() < strip.width()
    QTest.mouseRelease(strip, LEFT, NONE, QPoint(x(strip, end), y))


def test_that_a_window_stays_inside_the_log(strip: OverviewStrip) -> None:
    said = heard(strip, "window_brushed")
    drag(strip, x(strip, 15), x(strip, 15) - 600, BODY)
    assert asked_hours(said[-1]) == close(0, 10)


def test_that_dragging_over_nothing_draws_the_current_window(strip: OverviewStrip) -> None:
    said = heard(strip, "window_brushed", "look_at_asked")
    drag(strip, x(strip, 70), x(strip, 80), BODY)
    assert said[-1][:2] == ("window_brushed", "current") and asked_hours(said[-1]) == close(70, 80)


@pytest.mark.parametrize("keys", [Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ControlModifier])
def test_that_it_draws_the_reference_with_a_key(strip: OverviewStrip, keys: Qt.KeyboardModifier) -> None:
    said = heard(strip, "window_brushed")
    drag(strip, x(strip, 45), x(strip, 30), BODY, keys)
    assert said[-1][1] == "reference" and asked_hours(said[-1]) == close(30, 45)


@pytest.mark.parametrize("reference", [None, hours(10, 20)], ids=["no reference yet", "a reference"])
@pytest.mark.parametrize("start", [15, 45, 70], ids=["in the reference", "in the current", "beside both"])
def test_that_shift_always_draws_the_current_window(
    strip: OverviewStrip, reference: Window | None, start: float
) -> None:
    strip.display_selection(selection_of(hours(60, 90), reference, hours(40, 50)))
    said = heard(strip, "window_brushed", "look_at_asked")
    drag(strip, x(strip, start), x(strip, start + 8), BODY, Qt.KeyboardModifier.ShiftModifier)
    assert said[-1][:2] == ("window_brushed", "current") and asked_hours(said[-1]) == close(start, start + 8)


@pytest.mark.parametrize("side", ["reference", "current"])
def test_that_in_brush_mode_a_plain_drag_draws_that_window_wherever_it_begins(strip: OverviewStrip, side: str) -> None:
    said = heard(strip, "window_brushed", "look_at_asked")
    strip.set_brush_side(side)
    drag(strip, x(strip, 45), x(strip, 30), BODY)
    assert said[-1][:2] == ("window_brushed", side) and asked_hours(said[-1]) == close(30, 45)
    strip.set_brush_side("")
    strip.display_selection(CHOSEN)
    drag(strip, x(strip, 15), x(strip, 17), BODY)
    assert said[-1][:2] == ("window_brushed", "reference") and asked_hours(said[-1]) == close(12, 22)


def test_that_the_first_window_drawn_is_the_reference(strip: OverviewStrip) -> None:
    strip.display_selection(selection_of(hours(0, 100)))
    said = heard(strip, "window_brushed")
    drag(strip, x(strip, 30), x(strip, 45), BODY)
    assert said[-1][1] == "reference"


def test_that_the_visible_window_is_moved_by_the_axis_and_resized_by_its_frame(strip: OverviewStrip) -> None:
    said = heard(strip, *ALL)
    drag(strip, x(strip, 75), x(strip, 70), AXIS)
    assert said == [("look_at_asked", said[0][1], said[0][2])] and asked_hours(said[0]) == close(55, 85)
    drag(strip, x(strip, 85), x(strip, 95), BODY)
    assert asked_hours(said[-1]) == close(55, 95)


def test_that_a_click_on_the_axis_brings_the_visible_window_there(strip: OverviewStrip) -> None:
    said = heard(strip, *ALL)
    QTest.mouseClick(strip, LEFT, NONE, QPoint(x(strip, 30), AXIS))
    assert [name for name, *_ in said] == ["look_at_asked"] and asked_hours(said[0]) == close(15, 45)


def test_that_a_click_elsewhere_asks_for_nothing(strip: OverviewStrip) -> None:
    said = heard(strip, *ALL)
    QTest.mouseClick(strip, LEFT, NONE, QPoint(x(strip, 75), BODY))
    assert said == []


def test_that_a_window_being_dragged_stays_under_the_pointer_while_data_arrive(strip: OverviewStrip) -> None:
    said = heard(strip, "window_brushed")
    QTest.mousePress(strip, LEFT, NONE, QPoint(x(strip, 45), BODY))
    QTest.mouseMove(strip, QPoint(x(strip, 50), BODY))
    strip.display(overview_of(100), CHOSEN)
    QTest.mouseRelease(strip, LEFT, NONE, QPoint(x(strip, 52), BODY))
    assert asked_hours(said[-1]) == close(47, 57)


def test_that_tab_goes_through_the_windows_and_then_on(qtbot: QtBot, theme_holder: ThemeHolder) -> None:
    page = QWidget()
    qtbot.addWidget(page)
    before, strip, after = QLineEdit(), OverviewStrip(theme_holder), QLineEdit()
    rows = QVBoxLayout(page)
    for part in (before, strip, after):
        rows.addWidget(part)
    strip.display(overview_of(100), CHOSEN)
    with qtbot.waitActive(page):
        page.show()
        page.activateWindow()
    before.setFocus()
    seen = []
    for _ in range(3):
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        seen.append((strip.hasFocus(), strip.focused_part))
        assert strip.accessibleDescription().lower().startswith(strip.focused_part)
    assert seen == [(True, "visible"), (True, "reference"), (True, "current")]
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    assert after.hasFocus()
    QTest.keyClick(after, Qt.Key.Key_Backtab, Qt.KeyboardModifier.ShiftModifier)
    assert strip.hasFocus() and strip.focused_part == "current"


def test_that_arrows_move_and_shift_resizes(strip: OverviewStrip) -> None:
    said = heard(strip, *ALL)
    QTest.mouseClick(strip, LEFT, NONE, QPoint(x(strip, 45), BODY))      # takes the current window
    QTest.keyClick(strip, Qt.Key.Key_Right)
    QTest.keyClick(strip, Qt.Key.Key_Left, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(strip, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(strip, Qt.Key.Key_Delete)
    assert [asked_hours(each) for each in said[:3]] == [close(41, 51), close(31, 41), close(31, 42)]
    assert said[3] == ("brush_cleared", "current")


def test_that_the_description_says_where_the_window_lies(strip: OverviewStrip) -> None:
    QTest.mouseClick(strip, LEFT, NONE, QPoint(x(strip, 15), BODY))
    strip.display_selection(CHOSEN)
    assert strip.accessibleDescription() == "Reference window: 10 % to 20 % of the log"


def test_that_failures_and_hours_without_traffic_can_be_seen(strip: OverviewStrip) -> None:
    view = overview_of(100)
    rate, failed = view.throughput.copy(), np.zeros(100)
    rate[20:30] = 0
    failed[40:50] = 0.2
    view = dataclasses.replace(view, throughput=rate, error_rate=failed)
    strip.display(view, selection_of(hours(0, 100)))
    image, lane = strip.grab().toImage(), strip.lanes.silhouette
    quiet, red, plain = (image.pixelColor(x(strip, hour), round(lane.bottom()) - 4) for hour in (25, 45, 75))
    assert quiet == QColor(Theme.light().surface)
    assert red.red() > red.green() + 60 and abs(plain.red() - plain.green()) < 20


def test_that_without_rows_it_says_so(strip: OverviewStrip) -> None:
    strip.display(None, selection_of(None))
    drag(strip, 100, 300, BODY)
    assert strip.grab().toImage().pixelColor(2, 2) == QColor(Theme.light().surface)


@pytest.mark.parametrize(
    "rates, full",
    [
        pytest.param([40.0, 50.0, 45.0, 0.0], 50.0, id="steady traffic"),
        pytest.param([0.5] * 99 + [45.0], 1.0, id="a burst at the end does not flatten the rest"),
        pytest.param([0.0, 0.0], 1.0, id="nothing"),
    ],
)
def test_that_the_silhouette_shows_usual_traffic_beside_a_burst(rates: list[float], full: float) -> None:
    assert full_rate(np.array(rates)) == pytest.approx(full)


def test_that_the_pointer_on_an_annotation_is_told_what_it_says(strip):
    at = hours(30, 31).start
    said = "requests: `<b>tier` appeared"
    strip.display(dataclasses.replace(overview_of(100), annotations=((said, at),)), CHOSEN)
    assert strip.annotation_at(x(strip, 30) + 3) == said
    assert strip.annotation_at(x(strip, 30) + 30) == ""


def test_that_what_fired_has_a_lane_of_its_own_and_the_pointer_is_told_the_rule(strip: OverviewStrip) -> None:
    plain = strip.lanes
    assert plain.alarms.height() == 0
    stretches = (Stretch(START + 20 * 3600, START + 30 * 3600, State.PENDING, "nulls high", ""),
                 Stretch(START + 30 * 3600, START + 40 * 3600, State.FIRING, "nulls high", "model version v2"),
                 Stretch(START + 70 * 3600, START + 70 * 3600 + 60, State.FIRING, "slow", ""))
    strip.display_alarms(OnCharts(course=Course(stretches, shades_of(stretches))))
    lane = strip.lanes.alarms
    assert lane.height() == 8 and strip.lanes.versions == plain.versions
    image = strip.grab().toImage()

    def red(hour: float, y: float) -> bool:
        color = image.pixelColor(x(strip, hour), round(y))
        return color.red() > color.green() + 60 and color.red() > color.blue() + 60

    top, foot = lane.top() + 1, lane.bottom() - 2
    assert red(35, top) and red(35, foot)
    assert not red(25, top) and image.pixelColor(x(strip, 25), round(top)) == image.pixelColor(x(strip, 55), round(top))
    assert image.pixelColor(x(strip, 25), round(foot)) != image.pixelColor(x(strip, 55), round(foot))
    assert any(image.pixelColor(x(strip, 70) + dx, round(top)).red() > 150 for dx in range(4))     # a minute of weeks
    middle = lane.center().y()
    assert strip.tip_at(QPointF(x(strip, 35), middle)).startswith("nulls high (model version v2): firing 24 Nov 18:00")
    assert strip.tip_at(QPointF(x(strip, 25), middle)).startswith("nulls high: pending")
    assert strip.tip_at(QPointF(x(strip, 55), middle)) == ""
    strip.display_alarms(OnCharts())
    assert strip.lanes == plain
