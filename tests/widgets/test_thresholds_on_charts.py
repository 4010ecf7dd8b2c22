"""Thresholds and alarms on a chart: where they are drawn, what range shows them, how they are taken, moved and told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from console.alarms.machine import State
from console.alarms.on_charts import ChartAlarms, Course, Edges, Line, OnCharts, Stretch, shades_of
from console.alarms.rules import Band, Severity, Side
from tests.widgets.test_charts_gestures import heard
from tests.widgets.views import START, board_of, chart_of, selection_of, window_of
from widgets.charts.alarm_marks import Place, behind_of, tag_at, tags_of
from widgets.charts.chart import Chart
from widgets.charts.grip import wrapped
from widgets.charts.value_axis import nice, nice_step, with_levels
from widgets.panels.board_panel import BoardPanel
from widgets.theme import ThemeHolder

LEFT, RIGHT, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.KeyboardModifier.NoModifier
SAID = ("threshold_moving", "threshold_moved", "threshold_dropped", "clicked", "panning", "pan_asked")


def line(value: float, rule: str = "slow", severity: Severity = Severity.PAGE, clear: float | None = None) -> Line:
    return Line(rule, "Latency p95", f"{value:g} ms", f"above {value:g} ms", value, clear, True, severity)


def course(*spans: tuple[State, float, float]) -> Course:
    """Spans in seconds after the start."""
    made = tuple(Stretch(START + a, START + b, state, "slow", "") for state, a, b in spans)
    return Course(made, shades_of(made))


@pytest.fixture
def chart(qtbot: QtBot, theme_holder: ThemeHolder) -> Chart:
    """A hundred buckets of ten seconds from 50 to 149 ms, and a threshold at 120 ms."""
    made = Chart(theme_holder)
    qtbot.addWidget(made)
    made.resize(500, 260)
    view = chart_of(50 + np.arange(100.0))
    made.display(view, window_of(view))
    made.set_alarms(ChartAlarms((line(120.0, clear=100.0),)))
    with qtbot.waitExposed(made):
        made.show()
    made.grab()
    return made


def handle(chart: Chart, level: float) -> QPoint:
    return QPoint(round(chart.plot_rect.right() + 7), round(chart.y_of(level)))


def colour_at(picture: QImage, x: float, y: float) -> QColor:
    return picture.pixelColor(round(x), round(y))


def reddish(color: QColor) -> bool:
    return color.red() > color.green() + 25 and color.red() > color.blue() + 25


# ---- the range of values ---------------------------------------------------------------------------------------------

@pytest.mark.parametrize("low, high, levels, unit, wanted", [
    pytest.param(20.0, 100.0, [140.0], "ms", (20.0, 140.0), id="a little above"),
    pytest.param(20.0, 100.0, [151.0], "ms", (20.0, 100.0), id="so far that the data would be crushed"),
    pytest.param(20.0, 100.0, [5.0], "ms", (5.0, 100.0), id="below, where the axis begins at zero"),
    pytest.param(40.0, 50.0, [37.0, 56.0], "", (37.0, 50.0), id="half the spread of the data, no more"),
    pytest.param(7.0, 7.0, [8.0], "", (7.0, 7.0), id="data without a spread")])
def test_that_a_threshold_near_the_data_is_in_view_and_no_other(low, high, levels, unit, wanted):
    assert with_levels(low, high, levels, unit) == wanted


@pytest.mark.parametrize("value, step, wanted", [
    (251.37, 1.3, 251.0), (251.37, 7.0, 250.0), (0.03127, 0.00031, 0.0312), (-3.26, 0.25, -3.2), (5.0, 0.0, 5.0)])
def test_that_a_pixel_is_told_in_a_round_number(value, step, wanted):
    assert nice(value, step) == pytest.approx(wanted, abs=1e-12)


def test_that_keys_move_by_round_steps_of_the_axis():
    assert nice_step(0, 200) == 5.0 and nice_step(0, 0.04) == 0.001 and nice_step(3, 3) == 1.0


def test_that_the_axis_takes_the_threshold_in_or_points_to_where_it_is(chart: Chart) -> None:
    chart.set_alarms(ChartAlarms((line(180.0),)))
    chart.grab()
    low, high = chart.value_range
    assert low == 0 and 180 <= high <= 250
    assert [tag.beyond for tag in chart.tags] == [0]
    chart.set_alarms(ChartAlarms((line(900.0), line(700.0, "slower", Severity.TICKET))))
    assert chart.value_range == (low, high)      # held: data still use it well
    (tag,) = chart.tags
    assert (tag.beyond, tag.text, tag.line.rule) == (1, "▲ 700 ms +1", "slower")
    assert tag.y == round(chart.plot_rect.top())


# ---- pictures --------------------------------------------------------------------------------------------------------

def test_that_the_line_the_firing_stretch_and_its_word_are_painted(chart: Chart) -> None:
    plain = chart.grab().toImage()
    chart.set_alarms(ChartAlarms((line(120.0),), (), course((State.FIRING, 500, 900))), (("slow began", START + 200),))
    shown = chart.grab().toImage()
    inside, outside = chart.x_of(START + 850), chart.x_of(START + 100)
    y = (chart.y_of(20) + chart.y_of(40)) / 2
    assert colour_at(shown, outside, y) == colour_at(plain, outside, y)
    assert colour_at(shown, inside, y) != colour_at(plain, inside, y)
    bar = chart.plot_rect.top() + 1
    assert reddish(colour_at(shown, inside, bar)) and not reddish(colour_at(shown, outside, bar))
    assert reddish(colour_at(shown, chart.x_of(START + 300), round(chart.y_of(120))))
    foot = [colour_at(shown, chart.x_of(START + 200), chart.plot_rect.bottom() - up) for up in range(2, 9)]
    assert any(reddish(one) for one in foot)


def test_that_pending_is_told_from_firing_without_its_colour(chart: Chart) -> None:
    def greys(state: State) -> set[int]:
        chart.set_alarms(ChartAlarms((), (), course((state, 100, 900))))
        picture = chart.grab().toImage()
        y = round(chart.y_of(30))
        return {colour_at(picture, x, y).red() for x in range(round(chart.x_of(START + 620)),
                                                              round(chart.x_of(START + 660)))}

    assert len(greys(State.FIRING)) == 1 < len(greys(State.PENDING))     # a plain tint, and a hatch


def test_that_nothing_is_painted_anew_while_no_pixel_changes(chart: Chart) -> None:
    place = Place(chart.plot_rect, START, START + 1000, 0, 200)
    shades = course((State.FIRING, 100, 900.0)), course((State.FIRING, 100, 900.4))
    one, other = (behind_of(each, (), (), place, ()) for each in shades)
    assert one == other and one.shades


def test_that_a_band_has_its_edges_where_they_lie_in_the_plot():
    place = Place(QRectF(50, 10, 400, 200), START, START + 3600, 0.0, 100.0)
    edges = Edges("odd", "Latency p50", "", Severity.TICKET, Band(0, 2.0, Side.BOTH, (50.0,), (10.0,)), 60)
    drawn = behind_of(Course(), (edges,), (), place, ())
    corners = [np.frombuffer(points).reshape(-1, 2) for _, points in drawn.edges]
    assert sorted({y for each in corners for y in each[:, 1]}) == [210 - 140, 210 - 60]
    assert all((each[0, 0], each[-1, 0]) == (50, 450) for each in corners)
    outside = Edges("odd", "Latency p50", "", Severity.TICKET, Band(0, 2.0, Side.ABOVE, (90.0,), (10.0,)), 60)
    assert behind_of(Course(), (outside,), (), place, ()).edges == ()


def test_that_labels_never_lie_on_each_other_and_the_severe_one_has_its(chart: Chart) -> None:
    place = Place(chart.plot_rect, START, START + 1000, 0, 200)
    lines = [(line(at, f"r{at}", severity), at) for at, severity in
             ((100.0, Severity.TICKET), (101.0, Severity.PAGE), (150.0, Severity.INFO))]
    tags = tags_of(lines, place, lambda one, level: one.text)
    named = {tag.line.rule for tag in tags if tag.named}
    assert named == {"r101.0", "r150.0"} and len(tags) == 3
    tag = tag_at(tags, chart.plot_rect, QPointF(chart.plot_rect.right() + 8, place.y(150)))
    assert tag is not None and tag.line.rule == "r150.0"
    assert tag_at(tags, chart.plot_rect, QPointF(chart.plot_rect.center().x(), place.y(150))) is None


# ---- the mouse -------------------------------------------------------------------------------------------------------

def test_that_a_handle_is_dragged_and_kept_where_it_is_let_go(chart: Chart) -> None:
    said = heard(chart, *SAID)
    port, range_before = chart.viewport(), chart.value_range
    QTest.mousePress(port, LEFT, NONE, handle(chart, 120.0))
    assert said == [("threshold_moving", "latency", "slow", 120.0)] and chart.threshold == "slow"
    for level in (110.0, 95.0, 80.0):
        QTest.mouseMove(port, handle(chart, level))
        QApplication.processEvents()
    chart.show_count("slow", "3 times, 1 h 12 min in all, last 14:05", ((START + 100, START + 300),))
    assert "3 times" in chart.accessibleDescription()
    picture = chart.grab().toImage()
    assert reddish(colour_at(picture, chart.x_of(START + 200), chart.plot_rect.top() + 2))
    QTest.mouseRelease(port, LEFT, NONE, handle(chart, 80.0))
    levels = [what[3] for what in said if what[0] == "threshold_moving"]
    assert levels[0] == 120.0 and levels[-1] == pytest.approx(80.0, abs=0.6)
    assert said[-1] == ("threshold_moved", "latency", "slow", levels[-1]) and chart.threshold == ""
    assert {what[0] for what in said} == {"threshold_moving", "threshold_moved"}     # and no pan, no click
    assert chart.value_range == range_before
    (tag,) = chart.tags                          # it stays there until the alarms come anew
    assert tag.y == round(chart.y_of(levels[-1]))
    chart.set_alarms(ChartAlarms((line(120.0, clear=100.0),)))      # those of before were still on their way
    assert chart.level_of(line(120.0)) == levels[-1]
    chart.set_alarms(ChartAlarms((line(levels[-1]),)))
    assert chart.level_of(line(levels[-1])) == levels[-1]
    chart.hold_level("slow", 5.0)
    chart.forget_levels()                        # it could not be kept
    assert chart.level_of(line(120.0)) == 120.0


def test_that_a_band_is_dragged_by_its_end_and_drawn_in_its_new_width(chart: Chart) -> None:
    edges = Edges("odd", "Latency p50", "outside", Severity.TICKET, Band(0, 2.0, Side.BOTH, (100.0,), (10.0,)), 60)
    chart.set_alarms(ChartAlarms((), (edges,)))
    chart.grab()
    (tag,) = chart.tags
    assert (tag.text, tag.y) == ("2 × its spread", round(chart.y_of(120.0)))
    said = heard(chart, *SAID)
    port = chart.viewport()
    QTest.mousePress(port, LEFT, NONE, handle(chart, 120.0))
    QTest.mouseMove(port, handle(chart, 140.0))
    QApplication.processEvents()
    QTest.mouseRelease(port, LEFT, NONE, handle(chart, 140.0))
    assert [what[0] for what in said] == ["threshold_moving", "threshold_moving", "threshold_moved"]
    assert said[-1][1:3] == ("latency", "odd") and said[-1][3] == pytest.approx(4.0, abs=0.1)
    picture = chart.grab().toImage()
    below = chart.y_of(100 - 10 * said[-1][3])      # the other edge went with it
    assert any(reddish(colour_at(picture, chart.x_of(START + 500), y)) for y in np.arange(below - 2, below + 3))
    assert chart.take_threshold() and chart.threshold == "odd"


def test_that_the_line_of_a_burn_rate_is_shown_and_not_dragged(chart: Chart) -> None:
    fixed = replace(line(120.0), text="6 × budget over 6h", fixed=True)
    chart.set_alarms(ChartAlarms((fixed,)))
    chart.grab()
    (tag,) = chart.tags
    assert tag.text == "6 × budget over 6h" and not chart.has_thresholds and not chart.take_threshold()
    said = heard(chart, *SAID)
    QTest.mousePress(chart.viewport(), LEFT, NONE, handle(chart, 120.0))
    QTest.mouseRelease(chart.viewport(), LEFT, NONE, handle(chart, 100.0))
    assert not [what for what in said if what[0].startswith("threshold")]
    assert tag.line.sentence in chart.tip_at(tag.box.center().toPoint())


@pytest.mark.parametrize("how", ["escape", "right button"])
def test_that_a_drag_that_is_given_up_changes_nothing(chart: Chart, how: str) -> None:
    said = heard(chart, *SAID)
    port = chart.viewport()
    QTest.mousePress(port, LEFT, NONE, handle(chart, 120.0))
    QTest.mouseMove(port, handle(chart, 80.0))
    if how == "escape":
        QTest.keyClick(chart, Qt.Key.Key_Escape)
    else:
        QTest.mousePress(port, RIGHT, NONE, handle(chart, 80.0))
    QTest.mouseRelease(port, LEFT, NONE, handle(chart, 80.0))
    assert said[-1] == ("threshold_dropped", "latency", "slow") and chart.threshold == ""
    assert [tag.y for tag in chart.tags] == [round(chart.y_of(120.0))]


def test_that_a_drag_beside_the_handles_still_moves_the_time(chart: Chart) -> None:
    said = heard(chart, *SAID)
    port, y = chart.viewport(), round(chart.y_of(120.0))
    QTest.mousePress(port, LEFT, NONE, QPoint(250, y))
    QTest.mouseMove(port, QPoint(300, y))
    QTest.mouseRelease(port, LEFT, NONE, QPoint(300, y))
    assert said[-1][0] == "pan_asked" and chart.threshold == ""


def test_that_the_line_beyond_the_top_is_pulled_in_by_its_arrow(chart: Chart) -> None:
    chart.set_alarms(ChartAlarms((line(900.0),)))
    said: list[tuple[Any, ...]] = heard(chart, "threshold_moved")
    (tag,) = chart.tags
    port = chart.viewport()
    QTest.mousePress(port, LEFT, NONE, QPoint(round(chart.plot_rect.right() + 7), tag.y - 3))
    QTest.mouseMove(port, handle(chart, 140.0))
    QTest.mouseRelease(port, LEFT, NONE, handle(chart, 140.0))
    assert said[0][3] == pytest.approx(140.0, abs=0.6)


# ---- keys ------------------------------------------------------------------------------------------------------------

def test_that_keys_take_move_keep_and_drop_it(chart: Chart) -> None:
    chart.set_alarms(ChartAlarms((line(120.0), line(150.0, "slower"))))
    said = heard(chart, *SAID)
    assert chart.take_threshold() and chart.threshold == "slow"
    assert chart.take_threshold() and chart.threshold == "slower"      # the next one; the first is as it was
    assert ("threshold_dropped", "latency", "slow") in said
    step = nice_step(*chart.value_range)
    QTest.keyClick(chart, Qt.Key.Key_Up)
    QTest.keyClick(chart, Qt.Key.Key_Up)
    QTest.keyClick(chart, Qt.Key.Key_PageDown)
    wanted = 150.0 + 2 * step - 10 * step
    assert said[-1] == ("threshold_moving", "latency", "slower", pytest.approx(wanted))
    assert "Return keeps it" in chart.accessibleDescription()
    QTest.keyClick(chart, Qt.Key.Key_Return)
    assert said[-1] == ("threshold_moved", "latency", "slower", pytest.approx(wanted))
    assert chart.take_threshold("slow")
    QTest.keyClick(chart, Qt.Key.Key_Down)
    QTest.keyClick(chart, Qt.Key.Key_Escape)
    assert said[-1] == ("threshold_dropped", "latency", "slow")
    assert not chart.take_threshold("nobody")
    assert "slow: Latency p95 above 120 ms" in chart.accessibleDescription()


def test_that_a_click_on_a_handle_takes_it_for_the_keys(chart: Chart) -> None:
    said = heard(chart, *SAID)
    QTest.mouseClick(chart.viewport(), LEFT, NONE, handle(chart, 120.0))
    assert chart.threshold == "slow" and [what[0] for what in said] == ["threshold_moving"]
    QTest.mouseClick(chart.viewport(), LEFT, NONE, QPoint(250, 150))       # elsewhere: as it was
    assert chart.threshold == "" and ("threshold_dropped", "latency", "slow") in said


def test_that_a_rule_that_is_gone_is_in_nobodys_hand(chart: Chart) -> None:
    chart.take_threshold()
    chart.set_alarms(ChartAlarms(()))
    assert chart.threshold == "" and not chart.tags and not chart.take_threshold()


# ---- what is told ----------------------------------------------------------------------------------------------------

def test_that_the_pointer_is_told_rules_stretches_and_begins(chart: Chart) -> None:
    chart.set_alarms(ChartAlarms((line(120.0),), (), course((State.FIRING, 500, 900))), (("slow began", START + 200),))
    top = round(chart.plot_rect.top())
    assert chart.tip_at(handle(chart, 120.0)) == "slow: Latency p95 above 120 ms"
    assert chart.tip_at(QPoint(round(chart.x_of(START + 700)), top + 8)).startswith("slow: firing 23 Nov 2025 12:08:20")
    assert chart.tip_at(QPoint(round(chart.x_of(START + 700)), top + 90)) == ""
    assert chart.tip_at(QPoint(round(chart.x_of(START + 200)), top + 90)) == "slow began"


def test_that_what_is_said_is_wrapped_at_its_commas():
    said = "3 times, 1 h 12 min in all, last 14:05"
    assert wrapped(said, lambda text: len(text) <= 30) == ["3 times, 1 h 12 min in all", "last 14:05"]
    assert wrapped(said, lambda text: len(text) <= 5) == ["3 times", "1 h 12 min in all", "last 14:05"]


def test_that_a_level_to_begin_with_is_the_worst_shown_or_that_of_the_held_cross_hair(chart: Chart) -> None:
    assert chart.level_here() == ("", pytest.approx(149.0, abs=1.0))
    chart.set_cross_hair(START + 105, locked=True)
    assert chart.level_here() == ("", pytest.approx(60.0, abs=1.0))
    series, level = chart.level_under(QPoint(250, round(chart.y_of(70)))) or ("none", 0.0)
    assert series == "" and level == pytest.approx(70.0, abs=1.0)
    assert chart.level_under(QPoint(250, 5)) is None


def test_that_each_chart_of_the_board_has_its_own(qtbot: QtBot, theme_holder: ThemeHolder) -> None:
    panel = BoardPanel(theme_holder)
    qtbot.addWidget(panel)
    panel.resize(900, 400)
    ones = np.ones(50)
    shown = OnCharts({"latency": ChartAlarms((line(1.2),))}, (("slow began", START + 100),))
    panel.display_alarms(shown)
    board = board_of(chart_of(ones), chart_of(ones, metric="cpu"))
    panel.display(board, selection_of(board.window))
    with qtbot.waitExposed(panel):
        panel.show()
    latency, cpu = panel.chart("latency"), panel.chart("cpu")
    assert latency is not None and cpu is not None
    latency.grab(), cpu.grab()
    assert len(latency.tags) == 1 and not cpu.tags
    assert cpu.tip_at(QPoint(round(cpu.x_of(START + 100)), round(cpu.plot_rect.center().y()))) == "slow began"
    said = heard(panel, "threshold_moving", "threshold_dropped")
    assert panel.take_threshold("latency") and not panel.take_threshold("cpu")
    panel.show_count("latency", "slow", "Never in this log", ())
    assert latency.threshold_said == "Never in this log"
    QTest.keyClick(latency, Qt.Key.Key_Escape)
    assert [what[0] for what in said] == ["threshold_moving", "threshold_dropped"]
