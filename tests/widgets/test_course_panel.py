"""Over time: what the map says and draws, and that only a person's gesture is a wish."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLabel, QPushButton

from console.drift.course_view import CourseRow, CourseView, DriftKind, RegimeMatch, RowGroup
from console.drift.view import Verdict
from console.errors import BadSettings
from console.session.view import SelectionView
from console.window import Window, from_epoch
from widgets.icons import Icons
from widgets.panels.course_map import CourseMap
from widgets.panels.course_panel import CoursePanel

START, BUCKET_S, BUCKETS = 1_772_409_600.0, 21_600.0, 60      # 2 March 2026, 0:00 UTC
REFERENCE = Window.from_epoch(START, START + 15 * BUCKET_S)
WHOLE = Window.from_epoch(START, START + BUCKETS * BUCKET_S)
CHOSEN = SelectionView(WHOLE, WHOLE, False, True, False, "all", REFERENCE, None, "", 0)


def one_row(column, onset=None, **more):
    values = np.full(BUCKETS, 0.01)
    if onset is not None:
        values[onset:] = 0.4
        at = from_epoch(START + onset * BUCKET_S)
        more = {"kind": DriftKind.SUDDEN, "verdict": Verdict.ALARM, "onset": at, "onset_low": at, "onset_high": at,
                "size": 0.4, "sentence": f"{column} rose at once, on 9 Mar 2026: D 0.40."} | more
    return CourseRow(column, column, "values", RowGroup.INPUT, "D", values, np.full(BUCKETS, 200.0),
                     np.where(values > 0.05, 0.9, 0.0), values > 0.1,
                     **({"kind": DriftKind.NONE, "verdict": Verdict.NONE, "sentence": f"{column} stayed."} | more))


def a_view(rows=3):
    made = (one_row("price", 30), one_row("a <b>name</b> from a log"), *(one_row(f"x{n}") for n in range(rows - 2)))
    return CourseView(REFERENCE, WHOLE, START + np.arange(BUCKETS) * BUCKET_S, BUCKET_S, np.full(BUCKETS, 200.0), made,
                      DriftKind.SUDDEN, Verdict.ALARM, made[0].onset, None, None, "Sudden drift in price.", None,
                      ("A note.",), False, 1.5, "pilothouse drift x --over-time")


@pytest.fixture
def panel(theme_holder, qtbot):
    made = CoursePanel(Icons(theme_holder))
    qtbot.addWidget(made)
    made.resize(1100, 560)
    made.show()
    qtbot.waitExposed(made)
    made.display_selection(CHOSEN)
    made.display(a_view(), None)
    return made


def the_map(panel) -> CourseMap:
    return panel.findChild(CourseMap, "course_map")


def text(panel, name) -> str:
    return panel.findChild(QLabel, name).text()


def middle(shown, row, bucket) -> QPoint:
    x = shown.x_of(START + (bucket + 0.5) * BUCKET_S)
    found = next(y for y in range(shown.viewport().height()) if (at := shown.cell_at(QPoint(round(x), y)))
                 and at[0] == row)
    return QPoint(round(x), found + 10)


def test_that_the_map_says_what_each_cell_is(panel, qtbot):
    shown = the_map(panel)
    assert text(panel, "course_sentence") == "Sudden drift in price."
    assert "60 buckets of 6 h, each against 2 Mar 00:00 - 5 Mar 2026 18:00 UTC" in text(panel, "course_small")
    # the mark is at the onset of the worst row, and so is what is spoken
    assert shown.cell_words == "price, 9 Mar 2026 12:00 - 18:00 UTC: D 0.400 beyond chance, 200 values"
    assert text(panel, "course_row") == "price: rose at once, on 9 Mar 2026: D 0.40."
    assert "D 0.400" in shown.accessibleDescription()
    assert "rose at once" in shown.accessibleDescription()
    qtbot.mouseMove(shown.viewport(), middle(shown, 1, 4))
    assert shown.cell_words.startswith("a <b>name</b> from a log, 3 Mar 2026 00:00 - 06:00 UTC: D 0.010")
    assert shown.chosen.column == "price"


def test_that_colour_goes_by_the_shade_and_not_by_the_alarm_colours(panel, theme_holder):
    image = the_map(panel).viewport().grab().toImage()
    ratio = image.devicePixelRatio()
    shown = the_map(panel)

    def at(row, bucket):
        place = middle(shown, row, bucket)
        return image.pixelColor(round(place.x() * ratio), round(place.y() * ratio))

    moved, still = at(0, 45), at(1, 45)
    assert still.name().upper() == theme_holder.theme.raised
    assert moved.lightness() < still.lightness() - 60
    assert moved.green() > moved.red()          # the ramp of maps: greens


def test_that_a_click_takes_the_bucket_and_a_double_click_on_the_onset_both_times(panel, qtbot):
    shown = the_map(panel)
    buckets, onsets, columns = [], [], []
    panel.bucket_asked.connect(lambda row, bucket: buckets.append((row.column, bucket)))
    panel.onset_asked.connect(lambda row: onsets.append(row.column))
    panel.column_asked.connect(columns.append)
    panel.display(a_view(), None)
    assert not buckets and not columns          # displaying is no wish
    qtbot.mouseClick(shown.viewport(), Qt.MouseButton.LeftButton, pos=middle(shown, 1, 7))
    assert buckets == [("a <b>name</b> from a log", 7)]
    assert columns == ["a <b>name</b> from a log"]
    qtbot.mouseDClick(shown.viewport(), Qt.MouseButton.LeftButton, pos=middle(shown, 0, 10))
    assert onsets == []                         # far from it
    qtbot.mouseDClick(shown.viewport(), Qt.MouseButton.LeftButton, pos=middle(shown, 0, 30))
    assert onsets == ["price"]
    before, after = a_view().around(a_view().rows[0])
    assert (before.start, before.end, after.end) == (WHOLE.start, from_epoch(START + 30 * BUCKET_S), WHOLE.end)


def test_that_all_of_it_can_be_done_from_the_keyboard(panel, qtbot):
    shown = the_map(panel)
    buckets, onsets = [], []
    panel.bucket_asked.connect(lambda row, bucket: buckets.append((row.column, bucket)))
    panel.onset_asked.connect(lambda row: onsets.append(row.column))
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Return):
        qtbot.keyClick(shown, key)
    assert buckets == [("price", 32)]
    qtbot.keyClick(shown, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert onsets == ["price"]
    qtbot.keyClick(shown, Qt.Key.Key_Down)
    assert shown.chosen.column.startswith("a <b>")
    assert not panel.findChild(QPushButton, "course_onset").isEnabled()
    qtbot.keyClick(shown, Qt.Key.Key_Home)
    assert shown.bucket == 0
    panel.display(a_view(100), None)
    qtbot.waitUntil(lambda: shown.height() > 200)               # it has the room of its rows
    while shown.chosen.column != "x97":
        qtbot.keyClick(shown, Qt.Key.Key_PageDown)
    assert shown.verticalScrollBar().value() == shown.verticalScrollBar().maximum() > 0
    assert shown.cell_at(middle(shown, 99, 3)) == (99, 3)


def test_that_another_reference_makes_the_map_an_old_one_and_columns_are_shared(panel):
    again = panel.findChild(QPushButton, "course_again")
    assert again.text() == "Look again"
    other = Window.from_epoch(START, START + 86400)
    panel.display_selection(replace(CHOSEN, reference=other, column="x0"))
    assert again.text() == "Look again with this reference"
    assert the_map(panel).chosen.column == "x0"


def test_that_progress_trouble_and_likeness_are_said(panel):
    match = RegimeMatch(REFERENCE, True, 0.01, "price", "The current window is like the week of 2 Mar: ...")
    panel.display_match(match)
    assert text(panel, "course_like").startswith("The current window is like the week of 2 Mar")
    panel.display_match(None)
    assert not panel.findChild(QLabel, "course_like").isVisible()
    panel.display_progress(3, 10, "Counting price")
    assert panel.state == "running"
    panel.display_stopped()
    assert panel.state == "result"
    panel.display_error(BadSettings("Too many buckets", do="Choose longer ones"))
    assert (panel.state, text(panel, "course_error")) == ("error", "Too many buckets")
    panel.forget()
    assert panel.state == "empty"
