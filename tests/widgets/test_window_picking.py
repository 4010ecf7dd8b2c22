"""The menus of the two windows in the place Drift."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PySide6.QtWidgets import QDialogButtonBox, QLabel, QLineEdit, QMenu, QPushButton, QWidget

from console.session.references import ReferenceChoice
from console.session.windows import WindowChoice
from console.window import Window
from tests.widgets.fake_session import CURRENT, REFERENCE, WHOLE, FakeSession
from tests.widgets.test_frame_panels import part
from tests.widgets.test_frame_window import Answers
from widgets.app import Console, application
from widgets.dialogs.window_dialog import WindowDialog

YESTERDAY = CURRENT.shifted(-timedelta(days=1))
FAIR = WindowChoice("the & fair", "the & fair", CURRENT.shifted(timedelta(hours=1)), kept=True)


class Kept:
    """Windows under names, in memory."""

    def __init__(self) -> None:
        self.windows: dict[str, Window] = {}

    def keep(self, name: str, window: Window) -> None:
        self.windows[name] = window

    def forget(self, name: str) -> None:
        self.windows.pop(name, None)


class Session(FakeSession):
    """Offers some windows."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.kept_windows = Kept()

    def window_choices(self, side, alarm=None):
        return (WindowChoice("previous-day", "The day before", YESTERDAY), FAIR)

    def reference_choices(self):
        return (ReferenceChoice("version:v1", "Model version v1, same time"),)

    def compare_against(self, against):
        return self._set(reference=None, against=against)

    def brush(self, side, window):
        return self._set(**{side: window} | ({"against": ""} if side == "reference" else {}))


class Typed(Answers):
    typed: Window | None = None

    def window(self, parent: QWidget, side, shown, newest, *, relative):
        return self.typed

    def window_name(self, parent: QWidget) -> str | None:
        return "the storm"

    def training_file(self, parent: QWidget, start: str) -> Path | None:
        return Path("/data/training.csv")


@pytest.fixture
def console(qapp, qtbot):
    made = Console(application(), questions=Typed())
    made.conductor._opener = lambda folder, _workspace: Session(folder)
    made.window.show()
    made.furnish()
    made.helm.open_folder(Path("/logs/shop"))
    qtbot.waitUntil(lambda: len(made.window.board.shown_metrics()) == 9)
    made.helm.go_drift()
    made.conductor.chosen(made.conductor.session.brush("current", CURRENT))
    yield made
    made.window.close()
    assert made.ended_in_time
    made.take_down()


def lines(console: Console, side: str) -> dict[str, object]:
    """The menu as it opens: text to action."""
    menu = part(console.window, QMenu, f"choices_{side}")
    menu.aboutToShow.emit()
    return {action.text(): action for action in menu.actions() if not action.isSeparator()}


def chosen(console: Console):
    return console.conductor.session.selection()


def pick(console: Console, side: str, begins: str) -> None:
    next(action for text, action in lines(console, side).items() if text.startswith(begins)).trigger()


def test_that_a_picked_window_is_chosen_and_compared_at_once(console, qtbot):
    assert "The day before\t2 Mar 2026 06:00 - 12:00 UTC" in lines(console, "reference")
    pick(console, "reference", "The day before")
    assert chosen(console).reference == YESTERDAY
    qtbot.waitUntil(lambda: console.window.drift.state == "result")


def test_that_something_else_than_a_window_is_named_on_the_chip(console):
    pick(console, "reference", "Model version v1")
    assert (chosen(console).reference, chosen(console).against) == (None, "version:v1")
    chip = part(console.window, QWidget, "chip_reference")
    assert chip.text() == "Reference: model version v1, same time"
    assert part(console.window, QPushButton, "test_drift").isEnabled()
    pick(console, "reference", "File of training")
    assert chip.text() == "Reference: training.csv"
    pick(console, "reference", "None")
    assert chip.text() == "Reference: not chosen" and not part(console.window, QPushButton, "test_drift").isEnabled()


def test_that_kept_windows_say_what_differs_against_the_other_side(console, qtbot):
    assert "the && fair\t3 Mar 2026 07:00 - 13:00 UTC" in lines(console, "current")
    console.conductor.chosen(console.conductor.session.brush("reference", REFERENCE))
    assert "the && fair\t2 of 6 columns differ" in lines(console, "current")
    pick(console, "current", "the && fair")
    assert chosen(console).current == FAIR.window


def test_that_windows_are_kept_and_forgotten(console, qtbot):
    kept = console.conductor.session.kept_windows
    pick(console, "current", "Keep this window")
    qtbot.waitUntil(lambda: kept.windows == {"the storm": CURRENT})
    assert not lines(console, "reference")["Keep this window…"].isEnabled()
    menu = lines(console, "current")["Forget a kept window"].menu()
    assert [action.text() for action in menu.actions()] == ["the && fair"]


def test_that_a_window_is_typed(console):
    console.helm.questions.typed = YESTERDAY
    pick(console, "current", "Type a time")
    assert chosen(console).current == YESTERDAY


def test_that_the_dialog_says_what_it_understood(qtbot):
    dialog = WindowDialog("reference", REFERENCE, WHOLE.end, relative=False)
    qtbot.addWidget(dialog)
    field, said = part(dialog, QLineEdit, "window_typed"), part(dialog, QLabel, "window_said")
    assert dialog.answer == REFERENCE
    field.setText("3 Mar 2026 10:00 - 12:00")
    assert dialog.answer == Window(datetime(2026, 3, 3, 10, tzinfo=UTC), datetime(2026, 3, 3, 12, tzinfo=UTC))
    assert said.text() == "3 Mar 2026 10:00 - 12:00 UTC, 2 h"
    field.setText("whenever")
    assert dialog.answer is None and said.text().startswith("Write it like")
    assert not dialog.findChild(QDialogButtonBox).buttons()[0].isEnabled()
