"""The panels of the frame, one at a time: what they say, and that only a person's gesture is a wish."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QRect, Qt, SignalInstance
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QComboBox,
    QLabel,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QTableView,
    QToolButton,
    QWidget,
)

from console.alarms.machine import State
from console.alarms.rules import Op, Rule, Severity, Threshold
from console.alarms.view import AlarmRow, AlarmsView, RuleRow
from console.errors import BadSettings
from console.logs.config import ColumnAnswer
from console.logs.replay import ReplayReport
from console.roles import ColumnType, Role, StreamKind, TimeFormat
from console.session.view import LoadProgress, RecentFolder, SelectionView, StatusView
from console.window import RELATIVE_START, Window
from tests.widgets.fake_session import CURRENT, REFERENCE, WHOLE, FakeSession, make_board, make_drift, make_sources
from widgets.dialogs.columns_dialog import ColumnsDialog
from widgets.icons import Icons
from widgets.layout_store import clamped
from widgets.models.columns import FORM, ROLE, TYPE
from widgets.models.rows import Column, RowsModel
from widgets.panels.drift_panel import DriftPanel, change_text
from widgets.panels.drift_table import moved_text, p_text
from widgets.panels.incidents_panel import IncidentsPanel
from widgets.panels.inspector import Inspector
from widgets.panels.message_bar import MessageBar
from widgets.panels.sources_panel import SourcesPanel
from widgets.panels.start_page import StartPage
from widgets.panels.status_bar import StatusLine
from widgets.panels.time_bar import TimeBar

SELECTION = SelectionView(WHOLE, WHOLE, False, True, False, "all", None, None, "", 0)
STATUS = StatusView("/logs", None, None, 1_204_331, 0, 0, 214.0, False, "")


@pytest.fixture
def icons(theme_holder) -> Icons:
    made = Icons(theme_holder)
    return made


@pytest.fixture
def show(qtbot) -> Callable[[QWidget], None]:
    def shown(widget: QWidget) -> None:
        qtbot.addWidget(widget)
        widget.resize(1000, 600)
        with qtbot.waitExposed(widget):
            widget.show()

    return shown


def part(parent: QWidget, kind: type[Any], name: str) -> Any:
    found = parent.findChild(kind, name)
    assert found is not None, f"no {kind.__name__} called {name}"
    return found


def count(signal: SignalInstance) -> list[tuple[Any, ...]]:
    heard: list[tuple[Any, ...]] = []
    signal.connect(lambda *what: heard.append(what))
    return heard


# ---- time bar ----------------------------------------------------------------------------------------------


def test_that_the_time_bar_shows_the_range_and_lights_the_quick_one(icons, show):
    bar = TimeBar(icons)
    show(bar)
    bar.display(SELECTION)
    assert part(bar, QLineEdit, "time_range").text() == "2 Mar 00:00 - 4 Mar 2026 00:00 UTC"
    assert part(bar, QToolButton, "quick_all").isChecked()
    assert not part(bar, QToolButton, "quick_1h").isChecked()
    assert part(bar, QToolButton, "time_back").isEnabled()
    assert not part(bar, QToolButton, "time_forward").isEnabled()


def test_that_displaying_asks_for_nothing(icons, show):
    bar = TimeBar(icons)
    show(bar)
    heard = [count(one) for one in (bar.quick_asked, bar.window_asked, bar.live_asked, bar.back_asked)]
    bar.display(replace(SELECTION, live=True, quick="1h"))
    bar.display_status(replace(STATUS, live_lag_s=0.4, following=True))
    assert heard == [[], [], [], []]


def test_that_a_typed_range_is_asked_for_and_a_wrong_one_explained(icons, show, qtbot):
    bar = TimeBar(icons)
    show(bar)
    bar.display(SELECTION)
    asked, wrong = count(bar.window_asked), count(bar.mistyped)
    edit = part(bar, QLineEdit, "time_range")
    bar.start_typing()
    qtbot.keyClicks(edit, "rubbish")
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    assert len(wrong) == 1 and "rubbish" in wrong[0][0] and not asked
    edit.selectAll()
    qtbot.keyClicks(edit, "now-1h")
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    assert asked == [(Window(WHOLE.end - timedelta(hours=1), WHOLE.end),)]


def test_that_a_log_without_dates_shows_and_takes_times_from_its_start(icons, show, qtbot):
    whole = Window(RELATIVE_START, RELATIVE_START + timedelta(seconds=510))
    bar = TimeBar(icons)
    show(bar)
    bar.display(replace(SELECTION, visible=whole, whole=whole, relative=True))
    asked, wrong = count(bar.window_asked), count(bar.mistyped)
    edit = part(bar, QLineEdit, "time_range")
    assert edit.text() == "0:00:00 - 0:08:30" and "0:05:00 - 0:08:30" in edit.toolTip()
    for typed in ("2 Mar 2026", "0:05:00 - 0:06:00"):
        bar.start_typing()
        qtbot.keyClicks(edit, typed)
        qtbot.keyClick(edit, Qt.Key.Key_Return)
    assert len(wrong) == 1 and "no dates" in wrong[0][0]
    assert asked == [(Window(RELATIVE_START + timedelta(minutes=5), RELATIVE_START + timedelta(minutes=6)),)]


def test_that_escape_puts_the_shown_range_back(icons, show, qtbot):
    bar = TimeBar(icons)
    show(bar)
    bar.display(SELECTION)
    edit = part(bar, QLineEdit, "time_range")
    bar.start_typing()
    qtbot.keyClicks(edit, "now-")
    qtbot.keyClick(edit, Qt.Key.Key_Escape)
    assert edit.text() == "2 Mar 00:00 - 4 Mar 2026 00:00 UTC"


@pytest.mark.parametrize(("selection", "lag", "said"), [
    (replace(SELECTION, live=True), 0.4, "Live, 0.4 s"),
    (replace(SELECTION, live=False, waited=1204), 0.4, "Paused, 1,204 rows waited"),
    (SELECTION, None, "Live"),
])
def test_that_the_live_button_says_how_far_behind_and_what_waited(icons, show, selection, lag, said):
    bar = TimeBar(icons)
    show(bar)
    bar.display(selection)
    bar.display_status(replace(STATUS, live_lag_s=lag, following=lag is not None))
    assert part(bar, QToolButton, "live").text() == said


def test_that_missing_folders_are_listed_but_cannot_be_opened(icons, show):
    bar = TimeBar(icons)
    show(bar)
    recent = tuple(RecentFolder(f"/logs/{name}", name, datetime(2026, 3, 2, tzinfo=UTC), 5, state)
                   for name, state in (("a&b", "ready"), ("gone", "missing")))
    bar.display_recent(recent, "shop")
    items = {one.text(): one.isEnabled() for one in part(bar, QToolButton, "folder_menu").menu().actions()}
    assert items["a&&b"] is True
    assert items["gone (missing)"] is False


# ---- status bar --------------------------------------------------------------------------------------------


def test_that_loading_shows_progress_and_a_cancel_button(icons, show, qtbot):
    line = StatusLine(icons)
    show(line)
    line.display(replace(STATUS, loading=LoadProgress(True, 3, 12, 250, 1000, 90_000, 45_000.0, 2, "a.csv")))
    asked = count(line.cancel_asked)
    qtbot.mouseClick(part(line, QPushButton, "cancel_load"), Qt.MouseButton.LeftButton)
    assert len(asked) == 1
    assert line._note.whole == "a.csv, 3 of 12 files, 45,000 rows/s"
    assert line._bar.value() == 250
    line.display(STATUS)
    assert not part(line, QPushButton, "cancel_load").isVisible()


def test_that_a_load_that_was_asked_to_stop_says_so_until_it_has_ended(icons, show):
    line = StatusLine(icons)
    show(line)
    loading = replace(STATUS, loading=LoadProgress(True, 3, 12, 250, 1000, 90_000, 45_000.0, 2, "a.csv"))
    state, cancel = part(line, QLabel, "status_state"), part(line, QPushButton, "cancel_load")
    line.display(loading)
    line.display_stopping()
    line.display(loading)
    assert (state.text(), cancel.isEnabled()) == ("Stopping", False)
    line.display(replace(STATUS, stopped=True))
    line.display(loading)
    assert (state.text(), cancel.isEnabled()) == ("Loading", True)


def test_that_quarantined_rows_lead_to_sources(icons, show, qtbot):
    line = StatusLine(icons)
    show(line)
    line.display(STATUS)
    button = part(line, QPushButton, "status_quarantined")
    assert not button.isVisible()
    line.display(replace(STATUS, quarantined=12, rejected_files=1))
    assert button.text() == "12 quarantined, 1 file rejected"
    asked = count(line.quarantine_asked)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert len(asked) == 1


def test_that_what_fires_is_counted_in_red_and_a_log_without_rules_says_nothing(icons, show, qtbot):
    line = StatusLine(icons)
    show(line)
    button = part(line, QPushButton, "status_alarms")
    line.display_alarms(AlarmsView((), (), (), (), None))
    assert not button.isVisible()
    rule = RuleRow(Rule("slow", "latency_p95", Threshold(Op.GREATER, 250.0)), State.FIRING, "ok", "", "Latency", "", "",
                   1, None, ())
    at = datetime(2026, 3, 2, tzinfo=UTC)
    one = AlarmRow("slow", "slow", (), "", State.FIRING, Severity.PAGE, "latency_p95", at, at, None, "", "", "", "", "")
    still = AlarmsView((replace(one, state=State.PENDING), replace(one, silenced_until=at)), (), (rule,), (), None)
    line.display_alarms(still)
    assert (button.text(), button.property("tone")) == ("Nothing fires", "muted")
    line.display_alarms(replace(still, rows=(one, replace(one, state=State.KEPT))))
    assert (button.text(), button.property("tone")) == ("2 firing", "firing")
    asked = count(line.alarms_asked)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert len(asked) == 1
    line.display_alarms(None)
    assert not button.isVisible()


def test_that_a_growing_log_says_how_far_behind_it_is(icons, show):
    line = StatusLine(icons)
    show(line)
    line.display(replace(STATUS, live_lag_s=0.4, following=True))
    assert part(line, QLabel, "status_state").text() == "Live, 0.4 s behind"


def test_that_a_stopped_load_is_not_called_loaded(icons, show):
    line = StatusLine(icons)
    show(line)
    line.display(replace(STATUS, stopped=True))
    assert part(line, QLabel, "status_state").text() == "Loading was stopped"
    line.display(STATUS)
    assert part(line, QLabel, "status_state").text() == "Loaded"


# ---- start page --------------------------------------------------------------------------------------------


def test_that_the_start_page_offers_to_open_to_try_and_to_take_up_again(icons, show, qtbot):
    page = StartPage(icons)
    show(page)
    page.display((RecentFolder("/logs/shop", "shop", datetime(2026, 3, 2, tzinfo=UTC), 5, "ready"),
                  RecentFolder("/logs/gone", "gone", datetime(2026, 3, 2, tzinfo=UTC), 5, "missing")))
    opened, tried, taken, forgotten = (count(one) for one in (page.open_asked, page.demo_asked, page.recent_asked,
                                                              page.forget_asked))
    qtbot.mouseClick(part(page, QPushButton, "start_open"), Qt.MouseButton.LeftButton)
    qtbot.mouseClick(part(page, QPushButton, "start_demo"), Qt.MouseButton.LeftButton)
    table = part(page, QTableView, "recent_folders")
    for number in (0, 1):
        place = table.visualRect(table.model().index(number, 0)).center()
        qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert (len(opened), len(tried), taken) == (1, 1, [("/logs/shop",)])
    table.setFocus()
    qtbot.keyClick(table, Qt.Key.Key_Delete)
    assert forgotten == [("/logs/gone",)]


def test_that_a_live_window_leaves_the_range_selected_to_be_typed_over(icons, show, qtbot):
    bar = TimeBar(icons)
    show(bar)
    bar.display(SELECTION)
    bar.activateWindow()
    bar.start_typing()
    edit = part(bar, QLineEdit, "time_range")
    qtbot.waitUntil(edit.hasFocus)
    bar.display(replace(SELECTION, visible=SELECTION.visible.shifted(timedelta(seconds=5)), live=True))
    qtbot.keyClicks(edit, "now-2h")
    assert edit.text() == "now-2h"
    edit.clearFocus()
    assert edit.text() == "2 Mar 2026 00:00:05 - 4 Mar 2026 00:00:05 UTC".replace("2 Mar 2026 ", "2 Mar ", 1)


# ---- drift -------------------------------------------------------------------------------------------------


def test_that_drift_without_windows_explains_how_to_choose_them(icons, show, qtbot):
    panel = DriftPanel(icons)
    show(panel)
    panel.display_selection(SELECTION)
    assert panel.state == "empty"
    assert not part(panel, QPushButton, "test_drift").isEnabled()
    asked = count(panel.suggest_asked)
    qtbot.mouseClick(part(panel, QPushButton, "suggest_first"), Qt.MouseButton.LeftButton)
    assert len(asked) == 1


def test_that_the_drift_table_shows_verdicts_as_words_and_the_chosen_columns_quantiles(icons, show, qtbot):
    panel = DriftPanel(icons)
    show(panel)
    panel.display_selection(replace(SELECTION, reference=REFERENCE, current=CURRENT))
    wishes = count(panel.column_asked)
    panel.display(make_drift())
    table = part(panel, QTableView, "drift_table")
    cells = [[table.model().index(row, column).data() for column in (0, 1)] for row in range(3)]
    assert cells == [["alarm", "price"], ["alarm", "country"], ["watch", "price (missing)"]]
    assert part(panel, QLabel, "drift_sentence").text().startswith("2 of 6 columns moved")
    assert part(panel, QLabel, "drift_column").text() == "price"
    assert part(panel, QTableView, "quantile_table").model().rowCount() == 5
    assert wishes == []
    qtbot.keyClick(table, Qt.Key.Key_Down)
    assert wishes == [("country",)]
    assert part(panel, QLabel, "drift_column").text() == "country"


def test_that_a_result_for_other_windows_is_put_away(icons, show):
    panel = DriftPanel(icons)
    show(panel)
    panel.display_selection(replace(SELECTION, reference=REFERENCE, current=CURRENT))
    panel.display(make_drift())
    panel.display_selection(replace(SELECTION, reference=REFERENCE, current=CURRENT.shifted(timedelta(hours=1))))
    assert panel.state == "empty"


def test_that_a_running_test_can_be_cancelled_and_an_error_is_said(icons, show, qtbot):
    panel = DriftPanel(icons)
    show(panel)
    panel.display_progress(1, 3, "price")
    assert panel.state == "running"
    asked = count(panel.cancel_asked)
    qtbot.mouseClick(part(panel, QPushButton, "drift_cancel"), Qt.MouseButton.LeftButton)
    assert len(asked) == 1
    panel.display_error(BadSettings("No current window is chosen", do="Brush one"))
    assert panel.state == "error"
    assert part(panel, QLabel, "drift_error").text() == "No current window is chosen"
    assert part(panel, QLabel, "drift_error_do").text() == "Brush one"


@pytest.mark.parametrize(("p", "text"), [(1e-30, "< 0.0001"), (0.0123, "0.0123"), (0.5, "0.50"), (float("nan"), "-")])
def test_that_p_values_are_written_without_empty_digits(p, text):
    assert p_text(p) == text


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [(16.0, 18.48, "+2.5"), (0.0547, 0.0549, "+0.0002"), (40.0, 38.0, "−2"), (1204.0, 2408.0, "+1,204"),
     (0.341, 0.341, "0"), (9.18, 10.1, "+0.92"), (1e-6, 3e-6, "+2.00e-06")],
)
def test_that_a_change_has_the_decimals_of_the_numbers_beside_it(old, new, text):
    assert change_text(old, new) == text


def test_that_the_drift_page_says_which_window_the_next_drag_draws(icons, show):
    panel = DriftPanel(icons)
    show(panel)
    panel.display_selection(replace(SELECTION, reference=None, current=None))
    assert "choose the reference window" in part(panel, QLabel, "drift_how").text()
    panel.display_selection(replace(SELECTION, reference=REFERENCE, current=None))
    assert "choose the current window" in part(panel, QLabel, "drift_how").text()


def test_that_a_sentence_in_the_table_does_not_say_its_column_again():
    rows = make_drift().columns
    assert not any(moved_text(one).startswith(one.column) for one in rows)
    assert all(one.sentence.endswith(moved_text(one)) and moved_text(one) for one in rows)


def test_that_a_chosen_row_keeps_the_colour_of_its_verdict(icons, show, qtbot):
    panel = DriftPanel(icons)
    panel.resize(1100, 560)
    show(panel)
    panel.display_selection(replace(SELECTION, reference=REFERENCE, current=CURRENT))
    panel.display(make_drift())
    table = part(panel, QTableView, "drift_table")
    table.selectRow(0)
    cell = table.visualRect(table.model().index(0, 0))
    image = table.viewport().grab(cell).toImage()
    colours = {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}
    assert QColor(icons.theme.firing).name() in colours
    assert QColor(icons.theme.on_accent).name() not in colours
    ground = image.pixelColor(image.width() - 4, 2)
    assert ground.lightnessF() > 0.9 and ground != QColor(icons.theme.surface)


# ---- incidents ---------------------------------------------------------------------------------------------


def test_that_an_incident_is_edited_kept_and_exported(icons, show, qtbot):
    session = FakeSession(Path("/logs/shop"))
    incident = session.create_incident("Slow")
    panel = IncidentsPanel(icons)
    show(panel)
    panel.display(session.incidents())
    panel.display_incident(incident)
    kept, exported, deleted = count(panel.changed), count(panel.export_asked), count(panel.delete_asked)
    part(panel, QPlainTextEdit, "incident_notes").setPlainText("<b>who</b> did what")
    qtbot.mouseClick(part(panel, QPushButton, "export_pdf"), Qt.MouseButton.LeftButton)
    assert kept == [(replace(incident, notes="<b>who</b> did what"),)]
    assert exported == [(incident.incident_id, "pdf")]
    for action in part(panel, QMenu, "export_forms").actions():
        action.trigger()
    assert [form for _, form in exported] == ["pdf", "md", "json", "zip"]
    panel.display_progress(1, 2, "Gathering")
    assert not part(panel, QPushButton, "export_html").isEnabled()
    panel.display_written("/tmp/report.pdf")
    opened = count(panel.open_asked)
    qtbot.mouseClick(part(panel, QPushButton, "export_open"), Qt.MouseButton.LeftButton)
    assert opened == [("/tmp/report.pdf",)]
    qtbot.mouseClick(part(panel, QToolButton, "incident_delete"), Qt.MouseButton.LeftButton)
    assert deleted == [(incident.incident_id,)]


def test_that_without_incidents_the_page_says_what_one_is_for(icons, show, qtbot):
    panel = IncidentsPanel(icons)
    show(panel)
    panel.display(())
    asked = count(panel.create_asked)
    qtbot.mouseClick(part(panel, QPushButton, "create_first"), Qt.MouseButton.LeftButton)
    assert len(asked) == 1


# ---- sources and columns -----------------------------------------------------------------------------------


def test_that_sources_add_up_and_raw_text_stays_plain(icons, show, qtbot):
    panel = SourcesPanel(icons)
    show(panel)
    panel.display(make_sources(Path("/logs/shop")))
    assert part(panel, QLabel, "sources_sums").text() == (
        "4 files: 1,204,344 records = 1,204,331 rows + 12 quarantined + 1 ignored; 1 not read")
    streams = part(panel, QTableView, "stream_table").model()
    assert streams.index(1, 6).data() == "UTC (assumed)"
    panel.show_quarantine()
    table = part(panel, QTableView, "quarantine_table")
    table.selectRow(0)
    assert "<b>not bold</b>" in part(panel, QPlainTextEdit, "quarantine_raw").toPlainText()
    assert "&lt;b&gt;" in table.model().index(0, 3).data(Qt.ItemDataRole.ToolTipRole)


def test_that_changed_roles_are_saved_and_nothing_else(icons, qtbot):
    view = make_sources(Path("/logs/shop"))
    dialog = ColumnsDialog(icons, view, "predictions")
    qtbot.addWidget(dialog)
    dialog.show()
    save = part(dialog, QPushButton, "columns_save")
    assert not save.isEnabled()
    model = dialog._model
    model.setData(model.index(3, ROLE), "ignored")
    model.setData(model.index(2, ROLE), "score")
    model.setData(model.index(2, ROLE), "latency")
    asked = count(dialog.save_asked)
    qtbot.mouseClick(save, Qt.MouseButton.LeftButton)
    assert asked == [("predictions", {"price": ColumnAnswer(Role.IGNORED, "")}, None, None)]


def test_that_type_kind_and_time_format_are_answers_too(icons, qtbot):
    dialog = ColumnsDialog(icons, make_sources(Path("/logs/shop")), "predictions")
    qtbot.addWidget(dialog)
    model = dialog._model
    assert not model.flags(model.index(3, FORM)) & Qt.ItemFlag.ItemIsEditable, "a price is not written as a time"
    model.setData(model.index(3, TYPE), "text")
    model.setData(model.index(0, FORM), "epoch_ms")
    part(dialog, QComboBox, "columns_kind").setCurrentText("untimed")
    assert part(dialog, QLabel, "columns_state").text() == "2 columns changed, kind changed; not saved yet"
    asked = count(dialog.save_asked)
    qtbot.mouseClick(part(dialog, QPushButton, "columns_save"), Qt.MouseButton.LeftButton)
    assert asked == [("predictions", {
        "price": ColumnAnswer(Role.FEATURE, "", ColumnType.TEXT),
        "ts": ColumnAnswer(Role.TIMESTAMP, "", None, TimeFormat.EPOCH_MS)}, None, StreamKind.UNTIMED)]
    model.setData(model.index(3, TYPE), "number")
    model.setData(model.index(0, FORM), "-")
    assert model.changes == {}


def test_that_cells_that_do_not_fit_are_counted_and_text_is_offered(icons, qtbot):
    view = make_sources(Path("/logs/shop"))
    columns = tuple(replace(one, n_misfit=1204) if one.name == "price" else one for one in view.streams[0].columns)
    view = replace(view, streams=(replace(view.streams[0], columns=columns), *view.streams[1:]))
    dialog = ColumnsDialog(icons, view, "predictions")
    qtbot.addWidget(dialog)
    model = dialog._model
    assert model.index(3, 7).data().startswith("1,204 cells are no number: choose the type text to keep them.")
    model.setData(model.index(3, TYPE), "text")
    assert model.index(3, 7).data() == "chosen by you"


def test_that_names_and_places_in_the_path_are_asked_for(icons, qtbot):
    view = make_sources(Path("/logs/shop"))
    dialog = ColumnsDialog(icons, view, "predictions")
    qtbot.addWidget(dialog)
    dialog.show()
    names = part(dialog, QLineEdit, "columns_names")
    assert not names.isVisible(), "its files have headers"
    first = replace(view.streams[0], unnamed=("ts", "price"), path={"host": "level:2"})
    dialog.display(replace(view, streams=(first, *view.streams[1:])))
    assert names.isVisible() and names.text() == "ts, price"
    asked = count(dialog.names_asked)
    names.setText("when, \"how much\"")
    qtbot.keyClick(names, Qt.Key.Key_Return)
    assert asked == [("predictions", ("when", "how much"))]
    places = count(dialog.path_asked)
    part(dialog, QComboBox, "columns_path_role").setCurrentText("host")
    assert part(dialog, QLineEdit, "columns_path").text() == "level:2"
    part(dialog, QLineEdit, "columns_path").clear()
    qtbot.mouseClick(part(dialog, QPushButton, "columns_take_path"), Qt.MouseButton.LeftButton)
    assert places == [("predictions", Role.HOST, "")]


def test_that_the_dialog_waits_while_it_is_saved_and_offers_the_way_back(icons, qtbot):
    dialog = ColumnsDialog(icons, make_sources(Path("/logs/shop")), "predictions")
    qtbot.addWidget(dialog)
    dialog.show()
    undo, redo = part(dialog, QToolButton, "columns_undo"), part(dialog, QToolButton, "columns_redo")
    assert undo.isEnabled() and not redo.isEnabled() and "columns of predictions" in undo.toolTip()
    asked = count(dialog.undo_asked)
    qtbot.mouseClick(undo, Qt.MouseButton.LeftButton)
    assert len(asked) == 1
    dialog.display_progress(1, 2, "Rebuilding")
    assert not undo.isEnabled() and part(dialog, QProgressBar, "columns_progress").isVisible()
    dialog.display_error("That cannot be")
    assert undo.isEnabled() and part(dialog, QLabel, "columns_state").text() == "That cannot be"


# ---- quarantine --------------------------------------------------------------------------------------------


def test_that_reasons_files_and_pages_are_asked_for(icons, show, qtbot):
    panel = SourcesPanel(icons)
    show(panel)
    view = make_sources(Path("/logs/shop"))
    many = replace(view, quarantine_reasons=(("no timestamp", 1000), ("not JSON", 2)))
    asked = count(panel.quarantine.page_asked)
    panel.display(many)
    panel.show_quarantine()
    assert asked == [], "displaying is not asking"
    assert part(panel, QLabel, "quarantine_where").text() == "1 to 12 of 1,002"
    reasons = part(panel, QTableView, "reason_table")
    assert [reasons.model().index(row, 0).data() for row in range(3)] == ["All reasons", "no timestamp", "not JSON"]
    reasons.selectRow(1)
    qtbot.mouseClick(part(panel, QToolButton, "quarantine_on"), Qt.MouseButton.LeftButton)
    assert asked == [("no timestamp", None, 0), ("no timestamp", None, 200)]
    panel.quarantine.display_page(many.quarantine)
    assert part(panel, QLabel, "quarantine_where").text() == "201 to 212 of 1,000"
    panel.display(many)
    assert part(panel, QLabel, "quarantine_where").text() == "201 to 212 of 1,000", "a new view keeps the page"
    files = part(panel, QComboBox, "quarantine_file")
    assert [files.itemText(at) for at in range(files.count())] == [
        "All files", "predictions/predictions-20260302.parquet", "predictions/predictions-20260303.parquet"]
    files.setCurrentIndex(2)
    files.activated.emit(2)
    assert asked[-1] == ("no timestamp", "predictions/predictions-20260303.parquet", 0)


def test_that_a_record_is_shown_whole_once_it_is_found(icons, show, qtbot):
    panel = SourcesPanel(icons)
    show(panel)
    view = make_sources(Path("/logs/shop"))
    asked = count(panel.quarantine.raw_asked)
    panel.display(view)
    assert asked == [(view.quarantine[0],)]
    raw = part(panel, QPlainTextEdit, "quarantine_raw")
    panel.quarantine.display_raw(view.quarantine[0], "all of it")
    assert raw.toPlainText() == "all of it"
    part(panel, QTableView, "quarantine_table").selectRow(3)
    panel.quarantine.display_raw(view.quarantine[0], "too late")
    assert raw.toPlainText() == view.quarantine[3].raw


def test_that_a_replay_shows_how_far_it_is_and_what_came_of_it(icons, show, qtbot):
    panel = SourcesPanel(icons)
    show(panel)
    view = make_sources(Path("/logs/shop"))
    panel.display(view)
    panel.show_quarantine()
    button, state = part(panel, QPushButton, "replay"), part(panel, QLabel, "replay_state")
    asked = count(panel.quarantine.replay_asked)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert len(asked) == 1
    panel.quarantine.display_progress(3, 12, "Reading records again")
    assert not button.isEnabled() and part(panel, QProgressBar, "replay_progress").isVisible()
    panel.display(view)
    assert not button.isEnabled(), "a view that comes meanwhile does not offer it again"
    stopped = count(panel.quarantine.cancel_asked)
    qtbot.mouseClick(part(panel, QPushButton, "replay_cancel"), Qt.MouseButton.LeftButton)
    assert len(stopped) == 1
    panel.quarantine.display_replayed(ReplayReport(1, 1200))
    panel.quarantine.display_idle()
    assert state.text() == "1 record is a row now; 1,200 still cannot be read."
    assert button.isEnabled() and not part(panel, QProgressBar, "replay_progress").isVisible()


def test_that_it_is_said_why_records_cannot_be_read_again_by_now(icons, show):
    panel = SourcesPanel(icons)
    show(panel)
    view = make_sources(Path("/logs/shop"))
    panel.display(replace(view, why_no_replay="the folder is still being looked through"))
    panel.show_quarantine()
    button, state = part(panel, QPushButton, "replay"), part(panel, QLabel, "replay_state")
    assert not button.isEnabled()
    assert state.isVisible() and state.text() == (
        "Read again is not possible now: the folder is still being looked through.")
    assert "the folder is still being looked through" in button.toolTip()
    assert "the folder is still being looked through" in button.accessibleDescription()
    panel.display(replace(view, why_no_replay=""))
    assert button.isEnabled() and not state.text()
    assert "once more" in button.toolTip()


def test_that_a_file_is_left_out_by_its_exact_name_and_taken_in_again(icons, show, qtbot):
    panel = SourcesPanel(icons)
    show(panel)
    view = make_sources(Path("/logs/shop"))
    evil = replace(view.files[0], path="a[1]*.csv")
    panel.display(replace(view, files=(evil, *view.files[1:])))
    part(panel, QTableView, "file_table").selectRow(0)
    leave = part(panel, QPushButton, "file_leave_out")
    asked = count(panel.leave_out_asked)
    qtbot.mouseClick(leave, Qt.MouseButton.LeftButton)
    assert asked == [(("old/*", "a[[]1][*].csv"),)]
    out = replace(evil, state="left out")
    panel.display(replace(view, files=(out, *view.files[1:]), leave_out=("old/*", "a[[]1][*].csv")))
    assert leave.text() == "Take in again"
    qtbot.mouseClick(leave, Qt.MouseButton.LeftButton)
    assert asked[-1] == (("old/*",),)
    panel.display(replace(view, files=(out, *view.files[1:]), leave_out=("a*",)))
    assert not leave.isEnabled(), "a pattern holds it: that one must be changed"
    patterns = part(panel, QLineEdit, "leave_out_patterns")
    patterns.setText(" b* ,, c/*,b*")
    qtbot.keyClick(patterns, Qt.Key.Key_Return)
    assert asked[-1] == (("b*", "c/*"),)


def test_that_the_filter_of_columns_looks_at_names_roles_and_reasons(icons, qtbot):
    dialog = ColumnsDialog(icons, make_sources(Path("/logs/shop")), "predictions")
    qtbot.addWidget(dialog)
    qtbot.keyClicks(part(dialog, QLineEdit, "columns_filter"), "free text")
    assert [dialog._model.index(row, 0).data() for row in range(dialog._model.rowCount())] == ["note"]


# ---- the rest ----------------------------------------------------------------------------------------------


def test_that_the_inspector_explains_a_chart_and_offers_what_to_do_next(icons, show, qtbot):
    panel = Inspector(icons)
    show(panel)
    panel.display_selection(SELECTION)
    chart = next(one for one in make_board(WHOLE, 100, 1).charts if one.metric == "latency")
    panel.display_chart(chart)
    assert part(panel, QLabel, "inspector_title").text() == "Latency"
    assert part(panel, QLabel, "inspector_rests").text().startswith("12,")
    assert part(panel, QLabel, "inspector_error").text() == "Percentiles are exact to 1 %."
    assert not part(panel, QPlainTextEdit, "inspector_sql").isVisible()
    qtbot.mouseClick(part(panel, QToolButton, "inspector_show_sql"), Qt.MouseButton.LeftButton)
    assert "rollup_requests" in part(panel, QPlainTextEdit, "inspector_sql").toPlainText()
    assert not part(panel, QPushButton, "inspector_test").isVisible()
    panel.display_selection(replace(SELECTION, reference=REFERENCE, current=CURRENT))
    assert part(panel, QPushButton, "inspector_test").isVisible()


def test_that_a_message_is_plain_text_and_can_be_closed(icons, show, qtbot):
    bar = MessageBar(icons)
    show(bar)
    bar.say("a.csv: <b>no time</b>. Do this.", "firing", action="Undo", key="undo")
    assert part(bar, QLabel, "message_text").textFormat() is Qt.TextFormat.PlainText
    asked = count(bar.action_asked)
    qtbot.mouseClick(part(bar, QPushButton, "message_action"), Qt.MouseButton.LeftButton)
    assert asked == [("undo",)] and bar.text == ""
    bar.say("Again")
    qtbot.mouseClick(part(bar, QToolButton, "message_close"), Qt.MouseButton.LeftButton)
    assert bar.text == ""


def test_that_a_message_is_taken_back_only_by_its_own_topic(icons, show):
    bar = MessageBar(icons)
    show(bar)
    bar.say("Drag over a chart", topic="brush")
    bar.done("typed")
    assert bar.text == "Drag over a chart"
    bar.done("brush")
    assert bar.text == ""


def test_that_a_table_keeps_its_place_when_its_numbers_change(qapp):
    model = RowsModel((Column("A", 80, str),))
    model.show((1, 2))
    resets = count(model.modelReset)
    model.show((3, 4))
    assert resets == [] and model.index(1, 0).data() == "4"
    model.show((5,))
    assert len(resets) == 1


@pytest.mark.parametrize(("place", "expected"), [
    (QRect(100, 100, 800, 600), QRect(100, 100, 800, 600)),
    (QRect(-5000, 0, 800, 600), QRect(0, 0, 800, 600)),
    (QRect(1800, 900, 800, 600), QRect(1920, 480, 800, 600)),
    (QRect(0, 0, 4000, 3000), QRect(0, 0, 1920, 1080)),
    (QRect(2000, 100, 800, 600), QRect(2000, 100, 800, 600)),
])
def test_that_a_window_comes_back_onto_a_screen_that_is_there(place, expected):
    assert clamped(place, [QRect(0, 0, 1920, 1080), QRect(1920, 0, 1920, 1080)]) == expected
