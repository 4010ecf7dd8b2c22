"""The whole window over made-up views: places, keys, dropping, messages, closing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QDialog, QDockWidget, QLineEdit, QPushButton, QTableView, QToolButton, QWidget

from console.errors import ConsoleError
from tests.widgets.fake_session import FakeSession
from widgets import layout_store
from widgets.app import Console, application
from widgets.dialogs.files import Questions


class Answers(Questions):
    """Answers in place of a person."""

    def __init__(self) -> None:
        self.answer: Path | None = None
        self.shown: list[str] = []

    def folder(self, parent: QWidget, start: str) -> Path | None:
        return self.answer

    def report(self, parent: QWidget, proposed: Path, form: str) -> Path | None:
        return self.answer

    def show(self, path: str) -> bool:
        self.shown.append(path)
        return True


@pytest.fixture
def console(qapp, qtbot) -> Iterator[Console]:
    made = Console(application(), questions=Answers())
    made.holder.choose("light")
    made.conductor._opener = lambda folder, _workspace: FakeSession(folder)  # type: ignore[assignment,return-value]
    made.window.show()
    made.furnish()
    made.window.activateWindow()
    qtbot.waitUntil(made.window.isActiveWindow)
    yield made
    made.window.close()
    assert made.ended_in_time
    made.take_down()


@pytest.fixture
def opened(console, qtbot) -> Console:
    console.helm.open_folder(Path("/logs/shop"))
    qtbot.waitUntil(lambda: len(console.window.board.shown_metrics()) == 9)
    return console


def part(parent: QWidget, kind: type[Any], name: str) -> Any:
    found = parent.findChild(kind, name)
    assert found is not None, f"no {kind.__name__} called {name}"
    return found


def key(qtbot, console: Console, which: Qt.Key, *modifiers: Qt.KeyboardModifier) -> None:
    from PySide6.QtWidgets import QApplication

    pressed = Qt.KeyboardModifier.NoModifier
    for one in modifiers:
        pressed |= one
    qtbot.keyClick(QApplication.focusWidget() or console.window, which, pressed)


def selection(console: Console) -> Any:
    assert console.conductor.session is not None
    return console.conductor.session.selection()


def test_that_first_there_is_only_the_start_page(console):
    assert part(console.window, QPushButton, "start_open").isVisible()
    assert not console.window.time_bar.isVisible()
    assert not part(console.window, QDockWidget, "inspector_dock").isVisible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_that_every_place_has_room_in_a_small_window(opened, qtbot, theme):
    """Also after the theme was changed, which makes Qt ask each part again how small it can be."""
    try:
        opened.holder.choose(theme)
        for place in ("board", "drift", "rollout", "advice", "incidents", "sources"):
            opened.window.go(place)
            opened.window.centralWidget().layout().activate()
            assert opened.window.minimumSizeHint().width() <= 1280, place
    finally:
        opened.holder.choose("light")


def test_that_no_part_has_a_style_sheet_of_its_own(opened):
    own = [one.objectName() for one in opened.window.findChildren(QWidget) if one.styleSheet()]
    assert not own, "they belong in widgets.theme: Qt dresses all parts again for each such sheet"


def test_that_a_folder_brings_the_board_and_closing_it_the_start_page(opened, qtbot):
    assert opened.window.windowTitle().startswith("shop")
    assert opened.window.board.isVisible()
    opened.helm.close_folder()
    qtbot.waitUntil(lambda: part(opened.window, QPushButton, "start_open").isVisible())


def test_that_every_place_has_a_key(opened, qtbot):
    for which, place in ((Qt.Key.Key_2, "drift"), (Qt.Key.Key_3, "rollout"), (Qt.Key.Key_4, "advice"),
                         (Qt.Key.Key_5, "incidents"), (Qt.Key.Key_6, "sources"), (Qt.Key.Key_1, "board")):
        assert opened.window.place != place
        key(qtbot, opened, which, Qt.KeyboardModifier.ControlModifier)
        assert opened.window.place == place
        assert part(opened.window, QToolButton, f"rail_{place}").isChecked()


def test_that_keys_zoom_move_and_go_back(opened, qtbot):
    whole = selection(opened).visible
    key(qtbot, opened, Qt.Key.Key_Plus)
    assert selection(opened).visible.seconds == whole.seconds / 2
    near = selection(opened).visible
    key(qtbot, opened, Qt.Key.Key_Right)
    assert (selection(opened).visible.start - near.start).total_seconds() == near.seconds / 4
    key(qtbot, opened, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert selection(opened).visible == whole


def test_that_f_follows_and_space_pauses(opened, qtbot):
    key(qtbot, opened, Qt.Key.Key_F)
    assert selection(opened).live
    key(qtbot, opened, Qt.Key.Key_Space)
    assert not selection(opened).live


def test_that_space_on_a_button_presses_it_and_does_not_pause(opened, qtbot):
    opened.helm.follow()
    button = part(opened.window, QToolButton, "quick_1h")
    button.setFocus()
    qtbot.waitUntil(button.hasFocus)
    qtbot.keyClick(button, Qt.Key.Key_Space)
    assert selection(opened).quick == "1h"
    assert selection(opened).live


def test_that_letters_typed_into_a_field_are_no_commands(opened, qtbot):
    opened.helm.go_to_time()
    edit = part(opened.window, QLineEdit, "time_range")
    qtbot.keyClicks(edit, "rcfg+-")
    assert edit.text() == "rcfg+-"
    assert not selection(opened).live


def test_that_suggesting_windows_tests_them_and_shows_the_table(opened, qtbot):
    opened.helm.suggest_windows()
    qtbot.waitUntil(lambda: opened.window.drift.state == "result")
    table = part(opened.window, QTableView, "drift_table")
    assert table.model().index(0, 1).data() == "price"
    qtbot.waitUntil(table.hasFocus)
    qtbot.keyClick(table, Qt.Key.Key_Down)
    assert selection(opened).column == "country"


def test_that_brushing_the_second_window_tests_at_once_and_says_the_result(opened, qtbot):
    opened.helm.brushed("reference", 1_772_420_000.0, 1_772_430_000.0)
    assert opened.window.message_bar.text == ""
    opened.helm.brushed("current", 1_772_440_000.0, 1_772_450_000.0)
    qtbot.waitUntil(lambda: "2 of 6 columns moved" in opened.window.message_bar.text)
    qtbot.mouseClick(part(opened.window, QPushButton, "message_action"), Qt.MouseButton.LeftButton)
    assert opened.window.place == "drift"


def test_that_brush_mode_is_said_and_ends_with_the_brush(opened, qtbot):
    key(qtbot, opened, Qt.Key.Key_R)
    assert "reference" in opened.window.message_bar.text
    opened.helm.brushed("reference", 1_772_420_000.0, 1_772_430_000.0)
    assert opened.window.message_bar.text == ""
    key(qtbot, opened, Qt.Key.Key_C)
    assert "current" in opened.window.message_bar.text
    key(qtbot, opened, Qt.Key.Key_Escape)
    assert opened.window.message_bar.text == ""


def test_that_an_incident_is_made_deleted_and_put_back(opened, qtbot):
    opened.helm.create_incident()
    qtbot.waitUntil(lambda: opened.window.incidents.incident is not None)
    session = opened.conductor.session
    incident = opened.window.incidents.incident
    qtbot.mouseClick(part(opened.window, QToolButton, "incident_delete"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: session.incidents() == () and "Deleted" in opened.window.message_bar.text)
    qtbot.mouseClick(part(opened.window, QPushButton, "message_action"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: [one.incident_id for one in session.incidents()] == [incident.incident_id])


def test_that_exporting_writes_the_file_and_offers_to_open_it(opened, qtbot, tmp_path):
    opened.helm.create_incident()
    qtbot.waitUntil(lambda: opened.window.incidents.incident is not None)
    opened.helm.questions.answer = tmp_path / "report.html"
    qtbot.mouseClick(part(opened.window, QPushButton, "export_html"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: part(opened.window, QPushButton, "export_open").isVisible())
    assert (tmp_path / "report.html").read_text().startswith("report of INC-")
    qtbot.mouseClick(part(opened.window, QPushButton, "export_open"), Qt.MouseButton.LeftButton)
    assert opened.helm.questions.shown == [str(tmp_path / "report.html")]


def test_that_columns_are_corrected_in_the_dialog(opened, qtbot):
    opened.helm.go_sources()
    opened.helm.edit_columns()
    qtbot.waitUntil(lambda: opened.window.findChild(QDialog, "columns_dialog") is not None)
    dialog = opened.window.findChild(QDialog, "columns_dialog")
    dialog._model.setData(dialog._model.index(3, 3), "ignored")
    qtbot.mouseClick(part(dialog, QPushButton, "columns_save"), Qt.MouseButton.LeftButton)
    session = opened.conductor.session
    qtbot.waitUntil(lambda: any(one.startswith("set_columns predictions") for one in session.calls))
    qtbot.waitUntil(lambda: not part(dialog, QPushButton, "columns_save").isEnabled())
    dialog.reject()


def test_that_the_palette_does_what_was_typed(opened, qtbot):
    opened.helm.show_palette()
    palette = part(opened.window, QDialog, "command_palette")
    words = part(palette, QLineEdit, "palette_words")
    assert palette.focusWidget() is words, "keys of a popup go to what has the focus in it"
    qtbot.keyClicks(words, "sources")
    qtbot.keyClick(words, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: opened.window.place == "sources")


def test_that_a_dropped_folder_is_opened(console, qtbot, tmp_path):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path))])
    event = QDropEvent(QPointF(QPoint(50, 50)), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton,
                       Qt.KeyboardModifier.NoModifier)
    console.window.dropEvent(event)
    qtbot.waitUntil(lambda: console.conductor.session is not None)
    assert console.conductor.session.folder == tmp_path


def test_that_an_error_stands_in_the_bar_and_is_no_dialog(console, qtbot):
    def opener(folder: Path, _workspace: Path | None) -> FakeSession:
        raise ConsoleError("There is no such folder", where=str(folder), do="Check the path")

    console.conductor._opener = opener
    console.helm.open_folder(Path("/logs/none"))
    qtbot.waitUntil(lambda: "There is no such folder" in console.window.message_bar.text)
    assert console.window.message_bar.isVisible()
    assert part(console.window, QPushButton, "start_open").isVisible()


def test_that_the_inspector_is_hidden_and_shown_by_its_key(opened, qtbot):
    dock = part(opened.window, QDockWidget, "inspector_dock")
    assert dock.isVisible()
    key(qtbot, opened, Qt.Key.Key_F9)
    assert not dock.isVisible()
    key(qtbot, opened, Qt.Key.Key_F9)
    assert dock.isVisible()


def test_that_docks_are_kept_while_the_window_lives(opened, qtbot):
    key(qtbot, opened, Qt.Key.Key_F9)
    qtbot.waitUntil(lambda: str(layout_store.settings().value("layout/inspector")).lower() == "false")
    assert opened.window.isVisible()


def test_that_layout_and_theme_come_back(console, qtbot, qapp):
    console.holder.choose("dark")
    console.window.toggle_inspector()
    console.window.resize(1000, 700)
    console.window.close()
    again = Console(application(), questions=Answers())
    assert again.holder.choice == "dark"
    assert again.window._inspector_wanted is False
    again.take_down()


def test_that_everything_one_can_press_has_a_name_and_says_what_it_is(opened):
    nameless = [one for kind in (QPushButton, QToolButton, QLineEdit) for one in opened.window.findChildren(kind)
                if not one.objectName() and one.isVisibleTo(opened.window)
                and one.focusPolicy() is not Qt.FocusPolicy.NoFocus]
    assert nameless == []
    silent = [one.objectName() for one in opened.window.findChildren(QToolButton)
              if one.isVisibleTo(opened.window) and one.focusPolicy() is not Qt.FocusPolicy.NoFocus
              and not (one.accessibleName() or one.text())]
    assert silent == []


def test_that_a_verdict_is_not_said_twice_where_it_stands(opened, qtbot):
    opened.helm.brushed("reference", 1_772_420_000.0, 1_772_430_000.0)
    opened.helm.brushed("current", 1_772_440_000.0, 1_772_450_000.0)
    qtbot.waitUntil(lambda: "2 of 6 columns moved" in opened.window.message_bar.text)
    key(qtbot, opened, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    assert opened.window.place == "drift"
    assert opened.window.message_bar.text == ""


def test_that_a_verdict_on_other_windows_is_taken_back_when_new_ones_are_tested(opened, qtbot):
    opened.helm.brushed("reference", 1_772_420_000.0, 1_772_430_000.0)
    opened.helm.brushed("current", 1_772_440_000.0, 1_772_450_000.0)
    qtbot.waitUntil(lambda: "2 of 6 columns moved" in opened.window.message_bar.text)
    opened.window.go("drift")
    opened.helm.test_drift()
    assert opened.window.message_bar.text == ""
    qtbot.waitUntil(lambda: opened.window.drift.state == "result")
    assert opened.window.message_bar.text == ""


def test_that_brush_mode_holds_on_the_strip_too(opened, qtbot):
    strip = opened.window.overview
    opened.helm.brushed("reference", 1_772_420_000.0, 1_772_430_000.0)
    key(qtbot, opened, Qt.Key.Key_R)
    y = int(strip.lanes.silhouette.center().y())
    qtbot.mousePress(strip, Qt.MouseButton.LeftButton, pos=QPoint(400, y))
    qtbot.mouseMove(strip, QPoint(450, y))
    qtbot.mouseMove(strip, QPoint(500, y))
    qtbot.mouseRelease(strip, Qt.MouseButton.LeftButton, pos=QPoint(500, y))
    assert selection(opened).current is None
    assert selection(opened).reference.start_s != 1_772_420_000.0


def test_that_taking_back_is_named_for_what_it_takes_back(opened):
    window, planning = opened.window, opened.helm.planning
    undo, redo = (window.actions_by_name[name] for name in ("undo", "redo"))
    planning.changed.emit("step 2", "")
    assert not undo.isEnabled() and undo.text() == "Take back"          # on the board nothing was corrected
    window.go("rollout")
    planning.changed.emit("step 2", "gate errors & co")
    assert (undo.text(), redo.text()) == ("Take back: step 2 of the plan", "Make again: gate errors && co of the plan")
    assert undo.isEnabled() and redo.isEnabled()
    window.go("board")
    assert not undo.isEnabled() and not redo.isEnabled()
