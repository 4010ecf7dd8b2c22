"""The board: charts kept for ever, one cross-hair, one drag, and nothing asked for by displaying."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from console.metrics.view import BoardView, ReadOut
from console.window import Window, from_epoch
from tests.widgets.views import START, board_of, chart_of, selection_of
from widgets.charts.chart import Chart
from widgets.panels.board_panel import BoardPanel
from widgets.theme import ThemeHolder

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
ALL = ("zoom_asked", "pan_asked", "window_brushing", "window_brushed", "back_asked", "hovered", "menu_asked",
       "chart_chosen")  # fmt: skip


def full_board(count: int = 6, lift: float = 0.0) -> BoardView:
    return board_of(*(chart_of(lift + number + np.arange(100.0), metric=f"m{number}") for number in range(count)))


@pytest.fixture
def panel(qtbot: QtBot, theme_holder: ThemeHolder) -> BoardPanel:
    made = BoardPanel(theme_holder)
    qtbot.addWidget(made)
    made.resize(950, 620)
    with qtbot.waitExposed(made):
        made.show()
    board = full_board()
    made.display(board, selection_of(board.window))
    QApplication.processEvents()
    return made


def charts(panel: BoardPanel) -> list[Chart]:
    found = [panel.chart(metric) for metric in panel.shown_metrics()]
    return [chart for chart in found if chart is not None]


def heard(panel: BoardPanel, *names: str) -> list[tuple[Any, ...]]:
    said: list[tuple[Any, ...]] = []
    for name in names:
        getattr(panel, name).connect(lambda *what, name=name: said.append((name, *what)))
    return said


def columns(panel: BoardPanel) -> int:
    return len({chart.x() for chart in charts(panel)})


class Paints(QObject):
    """Counts the paints of each chart."""

    def __init__(self, watched: list[Chart]) -> None:
        super().__init__()
        self.count = {chart.objectName(): 0 for chart in watched}
        for chart in watched:
            chart.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            self.count[watched.parent().objectName()] += 1
        return False


def test_that_displaying_asks_for_nothing(panel: BoardPanel) -> None:
    said = heard(panel, *ALL)
    board = full_board(8, lift=3)
    panel.display(board, selection_of(board.window, board.window, board.window))
    panel.display(None, selection_of(None))
    assert said == []


@pytest.mark.parametrize(
    "size, shown, expected",
    [
        pytest.param((500, 700), 6, 1, id="narrow"),
        pytest.param((880, 573), 2, 1, id="two, one above the other"),
        pytest.param((880, 573), 4, 2, id="four"),
        pytest.param((880, 573), 9, 3, id="nine at 1280 x 800"),
        pytest.param((1160, 573), 11, 4, id="eleven at 1280 x 800 without the inspector"),
        pytest.param((2160, 1200), 11, 4, id="eleven at 2560 x 1440"),
    ],
)
def test_that_charts_take_the_room_there_is(
    panel: BoardPanel, size: tuple[int, int], shown: int, expected: int
) -> None:
    panel.resize(*size)
    board = full_board(shown)
    panel.display(board, selection_of(board.window))
    assert columns(panel) == expected
    if size[0] > 500:
        assert max(chart.geometry().bottom() for chart in charts(panel)) < size[1], "all are seen without scrolling"


def test_that_a_board_that_scrolls_shows_whole_rows_and_the_titles_of_the_next(panel: BoardPanel) -> None:
    panel.resize(880, 573)
    board = full_board(11)
    panel.display(board, selection_of(board.window))
    QApplication.processEvents()
    boxes = [chart.geometry() for chart in charts(panel)]
    assert sum(box.bottom() < 573 for box in boxes) == 9
    header = charts(panel)[0].header_rect.bottom()
    assert all(573 - box.top() >= header - 12 for box in boxes if box.bottom() >= 573)


@pytest.mark.parametrize("size", [(700, 400), (950, 620), (1280, 800), (2560, 1440)])
def test_that_charts_neither_overlap_nor_leave_the_board(panel: BoardPanel, size: tuple[int, int]) -> None:
    panel.resize(*size)
    QApplication.processEvents()
    boxes = [chart.geometry() for chart in charts(panel)]
    assert all(not a.intersects(b) for a in boxes for b in boxes if a is not b)
    bar = charts(panel)[0].parentWidget().width()
    assert all(box.left() >= 0 and box.right() < bar <= size[0] and box.height() >= 156 for box in boxes)


def test_that_charts_are_made_once_and_kept(panel: BoardPanel) -> None:
    before = {chart.objectName(): id(chart) for chart in charts(panel)}
    fewer = full_board(2)
    panel.display(fewer, selection_of(fewer.window))
    assert panel.shown_metrics() == ("m0", "m1")
    again = full_board(6, lift=1)
    panel.display(again, selection_of(again.window))
    assert {chart.objectName(): id(chart) for chart in charts(panel)} == before
    assert len(panel.findChildren(Chart)) == 6


def test_that_only_the_chart_that_changed_is_painted(panel: BoardPanel) -> None:
    board = full_board()
    paints = Paints(charts(panel))
    moved = chart_of(np.arange(100.0) * 2, metric="m2")
    board = dataclasses.replace(board, charts=(*board.charts[:2], moved, *board.charts[3:]), generation=2)
    panel.display(board, selection_of(board.window))
    QApplication.processEvents()
    assert {name for name, count in paints.count.items() if count} == {"chart_m2"}


def test_that_a_board_without_data_says_so_and_shows_no_chart(panel: BoardPanel) -> None:
    panel.display(None, selection_of(None))
    empty = panel.findChild(QLabel, "board_empty")
    assert empty is not None and empty.isVisible() and not panel.findChildren(Chart)[0].isVisible()


def test_that_the_cross_hair_is_on_all_charts_and_follows_the_pointer(panel: BoardPanel) -> None:
    said = heard(panel, "hovered")
    chart = charts(panel)[1]
    place = chart.plot_rect.center().toPoint()
    QTest.mouseMove(chart.viewport(), place)
    QApplication.processEvents()
    at = chart.time_at(place.x())
    assert said[-1] == ("hovered", pytest.approx(at)) and panel.cross_hair == pytest.approx(at)
    assert {each.cross_hair for each in charts(panel)} == {panel.cross_hair}


def test_that_a_click_locks_the_cross_hair_and_the_next_frees_it(panel: BoardPanel) -> None:
    chart = charts(panel)[0]
    port, middle = chart.viewport(), chart.plot_rect.center().toPoint()
    chosen = heard(panel, "chart_chosen")
    QTest.mouseClick(port, LEFT, NONE, middle)
    locked = panel.cross_hair
    QTest.mouseMove(port, middle + QPoint(40, 0))
    QApplication.processEvents()
    assert panel.cross_hair_locked and panel.cross_hair == locked
    QTest.mouseClick(port, LEFT, NONE, middle + QPoint(40, 0))
    assert not panel.cross_hair_locked and panel.cross_hair == pytest.approx(chart.time_at(middle.x() + 40))
    assert chosen == [("chart_chosen", "m0")] * 2


def test_that_a_double_click_leaves_the_lock_as_it_was(panel: BoardPanel) -> None:
    chart = charts(panel)[0]
    said = heard(panel, "back_asked")
    QTest.mouseClick(chart.viewport(), LEFT, NONE, QPoint(150, 100))
    QTest.mouseDClick(chart.viewport(), LEFT, NONE, QPoint(150, 100))
    assert said == [("back_asked",)] and not panel.cross_hair_locked


def test_that_the_read_out_reaches_its_charts_and_goes_away(panel: BoardPanel) -> None:
    at = from_epoch(START + 500)
    values = tuple(ReadOut(f"m{number}", f"M{number}", "", at, f"{number}.5 ms") for number in range(6))
    before = charts(panel)[3].grab().toImage()
    panel.show_read_out(values)
    assert [chart.read_out[0].text for chart in charts(panel)] == [f"{number}.5 ms" for number in range(6)]
    assert charts(panel)[3].grab().toImage() != before
    panel.show_read_out(())
    assert charts(panel)[3].grab().toImage() == before


def test_that_moving_shows_at_once_on_all_charts_and_asks_once(panel: BoardPanel) -> None:
    said = heard(panel, "pan_asked", "hovered", "window_brushed")
    chart = charts(panel)[0]
    port, start = chart.viewport(), chart.plot_rect.center().toPoint()
    before = [each.time_at(200) for each in charts(panel)]
    QTest.mousePress(port, LEFT, NONE, start)
    for moved in (20, 40, 60):
        QTest.mouseMove(port, start + QPoint(moved, 0))
    QApplication.processEvents()
    seconds = 60 / chart.plot_rect.width() * 1000
    assert [each.time_at(200) for each in charts(panel)] == pytest.approx([at - seconds for at in before])
    QTest.mouseRelease(port, LEFT, NONE, start + QPoint(60, 0))
    assert said == [("pan_asked", pytest.approx(-60 / chart.plot_rect.width()))]
    assert [each.time_at(200) for each in charts(panel)] == pytest.approx(before)


def test_that_another_window_shows_at_once_over_the_data_there_are(panel: BoardPanel) -> None:
    closer = Window.from_epoch(START + 400, START + 600)
    panel.display_selection(selection_of(closer))
    assert {round(chart.time_at(chart.plot_rect.left())) for chart in charts(panel)} == {round(START + 400)}


def test_that_a_brush_is_drawn_on_all_charts_while_it_is_dragged(panel: BoardPanel) -> None:
    said = heard(panel, "window_brushing", "window_brushed")
    chart, other = charts(panel)[0], charts(panel)[1]
    keys = Qt.KeyboardModifier.ShiftModifier
    before = other.grab().toImage()
    QTest.mousePress(chart.viewport(), LEFT, keys, QPoint(120, 100))
    QTest.mouseMove(chart.viewport(), QPoint(200, 100))
    QApplication.processEvents()
    assert other.grab().toImage() != before
    QTest.mouseRelease(chart.viewport(), LEFT, keys, QPoint(200, 100))
    assert [name for name, *_ in said] == ["window_brushing", "window_brushed"]


def test_that_a_held_key_brushes_its_window(panel: BoardPanel) -> None:
    said = heard(panel, "window_brushed")
    chart = charts(panel)[0]
    for key, side in ((Qt.Key.Key_R, "reference"), (Qt.Key.Key_C, "current")):
        QTest.keyPress(chart, key)
        QTest.mousePress(chart.viewport(), LEFT, NONE, QPoint(120, 100))
        QTest.mouseMove(chart.viewport(), QPoint(200, 100))
        QTest.mouseRelease(chart.viewport(), LEFT, NONE, QPoint(200, 100))
        QTest.keyRelease(chart, key)
        assert said[-1][1] == side
    assert len(said) == 2


def test_that_one_chart_can_have_all_the_room(panel: BoardPanel) -> None:
    chart = charts(panel)[4]
    QTest.mouseDClick(chart.viewport(), LEFT, NONE, QPoint(30, 15))
    assert panel.shown_metrics() == ("m4",) and chart.width() == panel.width() and chart.height() == panel.height()
    QTest.mouseDClick(chart.viewport(), LEFT, NONE, QPoint(30, 15))
    assert len(panel.shown_metrics()) == 6


def test_that_every_chart_has_a_name_for_screen_readers(panel: BoardPanel) -> None:
    assert all(chart.accessibleName() and chart.accessibleDescription() for chart in charts(panel))
    assert panel.accessibleName()


def test_that_text_from_logs_stays_text(qtbot: QtBot, theme_holder: ThemeHolder) -> None:
    panel = BoardPanel(theme_holder)
    qtbot.addWidget(panel)
    panel.resize(950, 400)
    wild = dataclasses.replace(chart_of([1.0, 2.0], [2.0, 3.0]), title="<b>%s & {x}</b>", latest="<i>1</i>")
    board = board_of(wild)
    panel.display(board, selection_of(board.window))
    with qtbot.waitExposed(panel):
        panel.show()
    assert charts(panel)[0].accessibleName() == "<b>%s & {x}</b>"
    assert all(label.textFormat() == Qt.TextFormat.PlainText for label in panel.findChildren(QLabel))


def test_that_a_locked_cross_hair_looks_locked(panel: BoardPanel) -> None:
    chart = charts(panel)[0]
    middle = chart.plot_rect.center().toPoint()
    QTest.mouseMove(chart.viewport(), middle)
    QApplication.processEvents()
    free = [each.grab().toImage() for each in charts(panel)]
    QTest.mouseClick(chart.viewport(), LEFT, NONE, middle)
    locked = [each.grab().toImage() for each in charts(panel)]
    assert all(one != other for one, other in zip(free, locked, strict=True))
    panel.lock_cross_hair(False)
    assert [each.grab().toImage() for each in charts(panel)] == free


def test_that_a_board_shown_for_the_first_time_fills_its_height(qtbot: QtBot, theme_holder: ThemeHolder) -> None:
    made = BoardPanel(theme_holder)
    qtbot.addWidget(made)
    made.resize(880, 573)
    with qtbot.waitExposed(made):
        made.show()
    board = full_board(9)
    made.display(board, selection_of(board.window))
    QApplication.processEvents()
    assert 573 - 8 <= max(chart.geometry().bottom() for chart in charts(made)) <= 573


def test_that_noted_moments_are_lines_in_every_chart(panel: BoardPanel) -> None:
    board = full_board(3)
    middle = from_epoch(START + board.window.seconds / 2)
    before = charts(panel)[0].grab().toImage()
    panel.display(dataclasses.replace(board, annotations=(("requests: `tier` appeared", middle),)),
                  selection_of(board.window))
    QApplication.processEvents()
    for chart in charts(panel):
        plot = chart._layout.plot
        assert chart.mark_at(plot.center().x() + 2) == "requests: `tier` appeared"
        assert chart.mark_at(plot.center().x() + 40) == ""
    panel.display(full_board(6), selection_of(board.window))
    QApplication.processEvents()
    assert charts(panel)[0].mark_at(charts(panel)[0]._layout.plot.center().x()) == ""
    assert charts(panel)[0].grab().toImage() == before


def test_that_tab_goes_from_the_board_to_its_charts_in_their_order(qtbot, theme_holder):
    panel = BoardPanel(theme_holder)
    sheet, later = QWidget(), QPushButton("later")
    QVBoxLayout(sheet).addWidget(panel)
    sheet.layout().addWidget(later)
    qtbot.addWidget(sheet)
    sheet.resize(900, 600)
    sheet.show()
    metrics = ("throughput", "latency", "error_rate")
    for order in (metrics, metrics[::-1]):
        board = board_of(*(chart_of(np.arange(50.0), metric=metric) for metric in order))
        panel.display(board, selection_of(board.window))
        stops, here = [], panel.nextInFocusChain()
        while here is not panel:
            stops += [here] if isinstance(here, Chart | QPushButton) and here.isVisible() else []
            here = here.nextInFocusChain()
        assert stops == [*(panel.chart(metric) for metric in order), later]


def test_that_a_held_cross_hair_is_moved_by_keys_and_stays_held(panel):
    chart = charts(panel)[0]
    chart.setFocus()
    QTest.keyClick(chart, Qt.Key.Key_Return)
    before = panel.cross_hair
    QTest.keyClick(chart, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert panel.cross_hair == before + chart.view.bucket_s and panel.cross_hair_locked
