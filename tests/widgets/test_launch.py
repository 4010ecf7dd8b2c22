"""The first paint: what it must not wait for, and what happens to wishes that come before the rest is there."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QToolButton

from tests.widgets.fake_session import FakeSession
from widgets import layout_store
from widgets.app import Console, application

HEAVY = ("numpy", "pyqtgraph", "duckdb", "pandas", "pyarrow", "scipy", "qtawesome", "rich", "typer", "pydantic")

IMPORTED = """
import sys
import widgets.app
print(*sorted(set(sys.modules) & set(sys.argv[1:])))
"""

PAINTED = """
import sys
from pathlib import Path
import widgets.app
app = widgets.app.application()
console = widgets.app.Console(app)
console.helm.open_folder(Path("/logs/shop"))
painted = []
console.window.painted.connect(lambda: painted.append(True))
console.window.show()
while not painted:
    app.processEvents()
print(*sorted(set(sys.modules) & set(sys.argv[1:])))
console.window.close()
"""


CLOSED_AT_ONCE = """
import sys
import widgets.app
from PySide6.QtCore import QTimer
class Console(widgets.app.Console):
    def __init__(self, *given, **named):
        super().__init__(*given, **named)
        QTimer.singleShot(int(sys.argv[1]), self.window.close)
widgets.app.Console = Console
sys.exit(widgets.app.run(None))
"""


@pytest.fixture
def console(qapp) -> Iterator[Console]:
    """As it is at the first paint: only the frame."""
    made = Console(application())
    made.conductor._opener = lambda folder, _workspace: FakeSession(folder)  # type: ignore[assignment,return-value]
    made.window.painted.connect(made.furnish_later, Qt.ConnectionType.QueuedConnection)
    yield made
    made.window.close()
    assert made.ended_in_time
    made.take_down()


@pytest.mark.parametrize("program", [pytest.param(IMPORTED, id="imported"),
                                     pytest.param(PAINTED, id="painted, with a folder asked for")])
def test_that_nothing_heavy_is_imported_before_the_first_paint(program: str) -> None:
    done = subprocess.run([sys.executable, "-c", program, *HEAVY], cwd=Path(__file__).resolve().parents[2],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""


def test_that_the_frame_says_which_folder_is_being_opened(console):
    console.helm.open_folder(Path("/logs/shop"))
    console.window.show()
    said = console.window.findChild(QLabel, "opening")
    assert said.isVisible()
    assert said.text() == "Opening shop"
    assert console.window.windowTitle().startswith("shop")
    assert console.window.findChild(QToolButton, "folder_menu").text() == "shop"
    assert not console.window.actions_by_name["zoom_in"].isEnabled()


def test_that_a_folder_asked_for_before_the_rest_is_there_is_opened_once_it_is(console, qtbot):
    console.window.show()
    console.helm.open_folder(Path("/logs/other"))
    console.helm.open_folder(Path("/logs/shop"))
    assert console.conductor.session is None
    qtbot.waitUntil(lambda: console.window.furnished and len(console.window.board.shown_metrics()) == 9)
    assert console.conductor.session.folder == Path("/logs/shop")
    assert console.window.board.isVisible()


def test_that_a_place_chosen_meanwhile_is_shown_when_the_folder_is_there(console, qtbot):
    console.window.show()
    console.helm.open_folder(Path("/logs/shop"))
    qtbot.mouseClick(console.window.findChild(QToolButton, "rail_sources"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: console.conductor.session is not None)
    qtbot.waitUntil(lambda: console.window.furnished and console.window.sources.isVisible())


def test_that_a_folder_that_was_closed_before_it_was_opened_stays_closed(console, qtbot):
    console.window.show()
    console.helm.open_folder(Path("/logs/shop"))
    console.helm.close_folder()
    qtbot.waitUntil(lambda: console.window.furnished)
    assert console.window.findChild(QPushButton, "start_open").isVisible()
    assert console.conductor.awaited is None


def test_that_without_a_folder_the_start_page_stays(console, qtbot):
    console.window.show()
    qtbot.waitUntil(lambda: console.window.furnished)
    assert console.window.findChild(QPushButton, "start_open").isVisible()
    assert not console.window.overview.isVisible()


@pytest.mark.parametrize("after_ms", [0, 10, 200])
def test_that_a_window_that_is_closed_at_once_ends_without_a_word(after_ms):
    done = subprocess.run([sys.executable, "-c", CLOSED_AT_ONCE, str(after_ms)], capture_output=True, text=True,
                          cwd=Path(__file__).resolve().parents[2], timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stderr.splitlines() if "propagateSizeHints" not in line] == []


def test_that_keys_do_no_harm_while_there_is_only_the_frame(console, qtbot):
    console.window.show()
    for one in console.window.actions_by_name.values():
        if one.isEnabled() and one.objectName() not in ("action_quit", "action_open_folder", "action_try_demo"):
            one.trigger()
    qtbot.keyClick(console.window, Qt.Key.Key_Escape)
    assert not console.window.furnished


def test_that_closing_while_the_rest_is_imported_is_clean_and_keeps_the_docks(console, qtbot, qapp):
    layout_store.settings().setValue("layout/deck", "as it was")
    console.helm.open_folder(Path("/logs/shop"))
    console.window.show()
    console.window.painted.connect(console.window.close, Qt.ConnectionType.QueuedConnection)
    qtbot.waitUntil(lambda: not console.window.isVisible())
    assert console.ended_in_time
    for _ in range(20):
        qapp.processEvents()        # what the worker said just before it ended
    assert not console.window.furnished
    assert console.conductor.session is None
    assert layout_store.settings().value("layout/deck") == "as it was"
