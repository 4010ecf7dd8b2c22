"""What is shown while a test window is dragged."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent, QRegion
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QTableView, QToolButton

from console.drift.view import DriftPreview
from tests.widgets.fake_session import CURRENT, REFERENCE, WHOLE, FakeSession, make_drift, make_preview
from tests.widgets.test_frame_panels import SELECTION, count, part
from tests.widgets.test_frame_window import Answers
from widgets.app import Console, application
from widgets.icons import Icons
from widgets.panels.brush_readout import BrushReadout
from widgets.panels.drift_panel import DriftPanel
from widgets.panels.drift_table import effect_text
from widgets.panels.moving_table import MovingTable

CHOSEN = replace(SELECTION, reference=REFERENCE, current=CURRENT)
EXACT = [("price", "numeric"), ("country", "categorical"), ("price", "missing")]


def places(panel: DriftPanel) -> list[tuple[str, str]]:
    return [(row.column, row.kind) for row in panel._model.rows]


def effects(panel: DriftPanel) -> list[str]:
    table = part(panel, QTableView, "drift_table")
    return [table.model().index(row, 3).data() for row in range(3)]


def picture(table: QTableView) -> QImage:
    return table.viewport().grab().toImage().convertToFormat(QImage.Format.Format_RGB32)


def dragged_to(hours: float, drawn: str = "price") -> DriftPreview:
    return make_preview(REFERENCE, replace(CURRENT, end=CURRENT.start + timedelta(hours=hours)), drawn)


@pytest.fixture
def panel(theme_holder, qtbot) -> DriftPanel:
    made = DriftPanel(Icons(theme_holder))
    qtbot.addWidget(made)
    made.resize(1000, 700)
    made.show()
    qtbot.waitExposed(made)
    made.display_selection(CHOSEN)
    made.display(make_drift())
    return made


def test_that_rows_keep_their_places_and_bars_move_while_a_window_is_dragged(panel):
    assert places(panel)[:3] == EXACT
    before = places(panel)
    panel.display_preview(dragged_to(6))
    first = effects(panel)
    panel.display_preview(dragged_to(12))
    assert places(panel) == before and effects(panel) != first
    assert part(panel, QLabel, "drift_sentence").text() == "2 of 6 columns differ: price D 0.50"
    assert part(panel, QLabel, "drift_small").text().startswith("Preview, counted in steps of 5 min")
    assert panel._shape.shape.column == "price"
    table = part(panel, QTableView, "drift_table")
    assert " to " in table.model().index(0, 5).data()          # the interval stands where the words were


def test_that_a_table_looks_the_same_while_its_rows_move_as_when_they_rest(panel, theme_holder):
    theme_holder.dress()        # in the program's own colours
    for name in ("drift_table", "quantile_table"):
        table = part(panel, MovingTable, name)
        panel.display_preview(dragged_to(6))
        panel.display_preview(dragged_to(12))
        assert table.moving
        moving = picture(table)
        told = count(table.model().dataChanged)
        table.rest()
        assert not table.moving and len(told) == 1
        assert picture(table) == moving


def test_that_cells_that_say_the_same_are_not_drawn_again(panel, qtbot):
    table = part(panel, MovingTable, "drift_table")
    drawn = QRegion()

    class Seen(QObject):
        def eventFilter(self, _of: QObject, event: QEvent) -> bool:
            nonlocal drawn
            if event.type() == QEvent.Type.Paint:
                drawn |= event.region()
            return False

    for hours in (6, 12):
        panel.display_preview(dragged_to(hours))
        QApplication.processEvents()
    seen = Seen()
    table.viewport().installEventFilter(seen)
    panel.display_preview(dragged_to(13))
    QApplication.processEvents()
    changed, same = (table.visualRect(table.model().index(0, column)).center() for column in (3, 1))
    assert drawn.contains(changed) and not drawn.contains(same)


def test_that_only_columns_that_are_looked_for_follow(panel):
    part(panel, QLineEdit, "drift_filter").setText("price")
    panel.display_preview(dragged_to(6))
    panel.display_preview(dragged_to(12))
    assert places(panel) == [("price", "numeric"), ("price", "missing")]


def test_that_words_of_other_lengths_do_not_move_the_table(panel, qtbot):
    table = part(panel, QTableView, "drift_table")
    panel.display_preview(dragged_to(6))
    before = table.mapTo(panel, QPoint()), table.height()
    panel.display_preview(replace(dragged_to(12), sentence="price D 0.31, " * 60))
    QApplication.processEvents()
    assert (table.mapTo(panel, QPoint()), table.height()) == before


def test_that_the_exact_result_takes_the_place_of_its_preview(panel):
    panel.display_preview(dragged_to(12))
    panel.display_selection(replace(CHOSEN, current=dragged_to(12).current))
    panel.display_progress(1, 4, "price")
    assert panel.state == "preview"
    assert part(panel, QLabel, "drift_small").text().endswith("Testing every row, 25 % done.")
    assert part(panel, QToolButton, "drift_stop").isVisible()
    panel.display(make_drift(REFERENCE, dragged_to(12).current))
    assert not part(panel, QToolButton, "drift_stop").isVisible()
    assert part(panel, QLabel, "drift_sentence").text().startswith("2 of 6 columns moved")


def test_that_an_exact_test_can_be_stopped_and_its_preview_stays(panel, qtbot):
    panel.display_preview(dragged_to(12))
    panel.display_selection(replace(CHOSEN, current=dragged_to(12).current))
    panel.display_progress(1, 4, "price")
    asked = count(panel.cancel_asked)
    qtbot.mouseClick(part(panel, QToolButton, "drift_stop"), Qt.MouseButton.LeftButton)
    assert len(asked) == 1
    panel.display_stopped()
    assert panel.state == "preview" and "was stopped" in part(panel, QLabel, "drift_small").text()


def test_that_a_preview_of_other_windows_is_put_away(panel):
    panel.display_preview(dragged_to(12))
    panel.display_selection(replace(CHOSEN, current=None))
    assert panel.state == "empty"


def test_that_the_name_of_an_effect_leaves_room_for_its_bar():
    row = replace(make_drift().columns[0], effect=0.123)
    names = ("D", "excess TVD", "excess unseen share")
    assert [effect_text(replace(row, effect_name=name)) for name in names] == ["D 0.123", "TVD 0.123", "unseen 0.123"]


@pytest.fixture
def console(qapp, qtbot):
    made = Console(application(), questions=Answers())
    made.conductor._opener = lambda folder, _workspace: FakeSession(folder)
    made.window.show()
    made.furnish()
    made.helm.open_folder(Path("/logs/shop"))
    qtbot.waitUntil(lambda: len(made.window.board.shown_metrics()) == 9)
    yield made
    made.window.close()
    assert made.ended_in_time
    made.take_down()


def drag(console: Console, side: str, until_share: float, *, let_go: bool = False) -> None:
    """On the strip, from the middle of the log on."""
    strip = console.window.overview
    strip.set_brush_side(side)
    left, button = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    start, end = (QPointF(strip.x_of(WHOLE.start_s + share * WHOLE.seconds), 40) for share in (0.5, until_share))
    kinds = [(QEvent.Type.MouseButtonPress, start, left), (QEvent.Type.MouseMove, end, button)]
    for kind, place, pressed in kinds + ([(QEvent.Type.MouseButtonRelease, end, left)] if let_go else []):
        QApplication.sendEvent(strip, QMouseEvent(kind, place, strip.mapToGlobal(place), pressed, left,
                                                  Qt.KeyboardModifier.NoModifier))


def test_that_beside_the_charts_a_line_says_what_differs_while_one_drags(console, qtbot):
    readout = console.window.findChild(BrushReadout)
    drag(console, "current", 0.6)
    assert not readout.isVisible()          # there is no reference yet
    drag(console, "current", 0.6, let_go=True)
    drag(console, "reference", 0.7)
    assert readout.isVisible() and readout.text.startswith("Preview: 2 of 6 columns differ: price D ")
    strip = console.window.overview
    assert readout.mapToGlobal(QPoint(0, readout.height())).y() <= strip.mapToGlobal(QPoint(0, 0)).y()
    drag(console, "reference", 0.7, let_go=True)
    assert not readout.isVisible()


def test_that_against_something_else_than_a_window_it_is_said_that_there_is_no_preview(console):
    session, readout = console.conductor.session, console.window.findChild(BrushReadout)
    session._selection = replace(session._selection, reference=None, against="stream:training")
    drag(console, "current", 0.6)
    assert readout.isVisible() and readout.text == "Preview: none against stream training."
    console.helm.go_drift()
    drag(console, "current", 0.7)
    assert readout.text == "Preview: none against stream training; every row is tested when you let go."


def test_that_in_the_place_drift_the_table_follows_and_the_exact_test_comes_when_one_lets_go(console, qtbot):
    panel = console.window.drift
    console.helm.go_drift()
    drag(console, "reference", 0.6, let_go=True)
    drag(console, "current", 0.7)
    assert panel.state == "preview"
    before = effects(panel)
    drag(console, "current", 0.9)
    assert effects(panel) != before
    assert not console.window.findChild(BrushReadout).isVisible()
    drag(console, "current", 0.9, let_go=True)
    qtbot.waitUntil(lambda: part(panel, QLabel, "drift_sentence").text().startswith("2 of 6 columns moved"))
