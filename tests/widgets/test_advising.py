"""The place Advice in the whole window, over made-up answers: which moment is asked about, and what follows from it.

A window takes a while to furnish: each test goes a longer way in it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QPushButton

from console.errors import BadSettings
from console.jobs import Job
from console.session.advice_documents import as_words
from tests.widgets import advice_views as made
from tests.widgets.fake_session import CURRENT, FakeSession
from tests.widgets.test_frame_window import Answers, key, part
from widgets.app import Console, application


class FakeAdvising:
    """Answers at once, or when it is let; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, object]] = []
        self.holds = threading.Event()
        self.holds.set()

    def _answer(self, what: str, about: object, job: Job) -> None:
        self.asked.append((what, about))
        job.report(1, 2, "Looking")
        while not self.holds.wait(0.01):
            job.stop_if_asked()

    def shock(self, job: Job, at: datetime | None = None) -> object:
        self._answer("shock", at, job)
        if at is not None and at > made.WHOLE.end + timedelta(days=300):
            raise BadSettings("The shock lies outside of the log")
        return made.shock_view(asked=at, at=at or made.AT)

    def response(self, job: Job, at: datetime, fallback: str = "") -> object:
        self._answer("response", (at, fallback), job)
        if fallback == "wrong(":
            raise BadSettings("That is no expression", do="Mend it")
        return made.response(at=at, fallback=fallback)

    def training(self, job: Job, at: datetime) -> object:
        self._answer("training", at, job)
        return made.training(at=at)


@pytest.fixture
def fake() -> FakeAdvising:
    return FakeAdvising()


@pytest.fixture
def opened(qapp, qtbot, fake) -> Iterator[Console]:
    console = Console(application(), questions=Answers())

    def opener(folder: Path, _workspace: Path | None) -> FakeSession:
        session = FakeSession(folder)
        session.advising = fake
        return session

    console.conductor._opener = opener  # type: ignore[assignment]
    console.window.show()
    console.furnish()
    console.window.activateWindow()
    with qtbot.waitSignal(console.conductor.load_ended):
        console.helm.open_folder(Path("/logs/shop"))
    qtbot.waitUntil(console.window.isActiveWindow)
    yield console
    fake.holds.set()
    console.window.close()
    assert console.ended_in_time
    console.take_down()


def test_that_the_place_looks_for_a_shock_and_each_page_follows_from_its_moment(opened, fake, qtbot):
    window = opened.window
    fake.holds.clear()
    key(qtbot, opened, Qt.Key.Key_4, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: window.shock.state == "running" and bool(fake.asked))
    qtbot.mouseClick(part(window, QPushButton, "shock_page_cancel"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.shock.state == "empty")
    fake.holds.set()
    opened.helm.look_for_shock()
    qtbot.waitUntil(lambda: window.shock.state == "result")
    assert part(window, QLineEdit, "moment_typed").text() == "9 Mar 2026 00:00 UTC"
    window.setFocus()
    key(qtbot, opened, Qt.Key.Key_U)
    qtbot.waitUntil(lambda: window.response.state == "result")
    part(window, QLineEdit, "response_fallback").setText("wrong(")
    qtbot.mouseClick(part(window, QPushButton, "response_try"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: ("response", (made.AT, "wrong(")) in fake.asked and window.response.state == "result")
    assert part(window, QLabel, "response_fallback_said").text() == "That is no expression. Mend it."
    window.response.copy_asked.emit()
    lines = [line.split("\t") for line in QGuiApplication.clipboard().text().splitlines()]
    assert lines[:2] == [["bucket", "answers", "cost_per_hour", "low", "high"],
                         ["2026-03-09T00:00:00Z", "Model as logged", "100.0", "95.0", "105.0"]]
    assert lines[4][2:] == ["", "", ""]                 # not known
    assert as_words(window.response.view).splitlines() == [
        "Fall back: A rule: price over 3.", "Model as logged: 100.0 an hour.", "A rule: price over 3: 80.0 an hour.",
        "Switching back is justified.", "A false positive costs 1.", "", "pilothouse advise x --shock T --json"]
    window.response.command_asked.emit()
    assert QGuiApplication.clipboard().text() == "pilothouse advise x --shock T --json"
    window.show_advice(window.retraining)
    assert window.retraining.state == "empty"           # it takes a minute: its button, or its key
    window.setFocus()
    key(qtbot, opened, Qt.Key.Key_U, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: window.retraining.state == "result")
    assert fake.asked == [("shock", None), ("shock", None), ("response", (made.AT, "")),
                          ("response", (made.AT, "wrong(")), ("training", made.AT)]


def test_that_the_moment_is_that_of_the_current_window_or_typed_and_another_one_puts_answers_away(opened, fake, qtbot):
    window, session = opened.window, opened.conductor.session
    opened.helm.what_to_do()
    qtbot.waitUntil(lambda: window.shock.state == "result")
    window.response.display(made.response())
    opened.conductor.chosen(session.brush("current", CURRENT))
    opened.helm.go_board()
    opened.helm.what_to_do()
    qtbot.waitUntil(lambda: fake.asked[-1] == ("shock", CURRENT.start) and window.shock.state == "result")
    assert part(window, QComboBox, "moment_how").currentText() == "Beginning of the current window"
    assert window.response.state == "empty" and window.response.at == CURRENT.start
    later = type(CURRENT)(CURRENT.start + timedelta(hours=1), CURRENT.end)
    opened.conductor.chosen(session.brush("current", later))
    assert part(window, QPushButton, "moment_look").toolTip() == "Another window is chosen now."
    window.alarms.advice_asked.emit(SimpleNamespace(since=CURRENT.start - timedelta(hours=2)))
    qtbot.waitUntil(lambda: fake.asked[-1] == ("shock", CURRENT.start - timedelta(hours=2)))
    opened.helm.type_moment()
    field, said = part(window, QLineEdit, "moment_typed"), part(window, QLabel, "moment_said")
    for text, wrong in (("soon", True), ("3 Mar 2026 06:00", False)):
        field.setText(text)
        qtbot.keyClick(field, Qt.Key.Key_Return)
        assert bool(said.text()) == wrong
    qtbot.waitUntil(lambda: window.shock.state == "result")
    assert fake.asked[-1] == ("shock", datetime.fromisoformat("2026-03-03T06:00:00+00:00"))


@pytest.mark.long
def test_that_response_looks_for_the_moment_itself_and_says_so_meanwhile(opened, fake, qtbot):
    window = opened.window
    fake.holds.clear()
    opened.helm.ask_response()
    qtbot.waitUntil(lambda: bool(fake.asked))
    assert "The moment is being looked for." in part(window, QLabel, "response_page_how").text()
    fake.holds.set()
    qtbot.waitUntil(lambda: window.response.state == "result")
    assert fake.asked == [("shock", None), ("response", (made.AT, ""))]
    opened.helm.advising.about(made.WHOLE.end + timedelta(days=400))
    qtbot.waitUntil(lambda: window.shock.state == "error")
    assert "outside of the log" in part(window, QLabel, "moment_said").text()       # another page is seen
