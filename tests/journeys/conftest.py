"""`open_console`: the window as the program builds it, on a folder, with a person's answers prepared."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

import pytest
from PySide6.QtWidgets import QWidget

from console.store.own import OwnMetric
from tests.console.folders import log_folder as log_folder
from widgets.app import Console, application
from widgets.dialogs.files import Questions

WAIT_MS = 30_000
"""Nothing here takes that long; a busy machine may."""


class Answers(Questions):
    """What a person would answer to the system's dialogs."""

    def __init__(self) -> None:
        self.answer: Path | None = None
        self.shown: list[str] = []
        self.words: str | None = None
        self.silenced: tuple[datetime, str] | None = None
        self.trusts = False
        self.trust_asked: list[list[str]] = []

    def folder(self, parent: QWidget, start: str) -> Path | None:
        return self.answer

    def report(self, parent: QWidget, proposed: Path, form: str) -> Path | None:
        return self.answer

    def rows(self, parent: QWidget, proposed: Path) -> Path | None:
        return self.answer

    def chart(self, parent: QWidget, proposed: Path, form: str) -> Path | None:
        return self.answer

    def table(self, parent: QWidget, proposed: Path) -> Path | None:
        return self.answer

    def data_file(self, parent: QWidget, start: str) -> Path | None:
        return self.answer

    def layout(self, parent: QWidget, proposed: Path, *, save: bool) -> Path | None:
        return self.answer

    def plan(self, parent: QWidget, proposed: Path, *, save: bool) -> Path | None:
        return self.answer

    def note(self, parent: QWidget, title: str, text: str) -> str | None:
        return self.words

    def acknowledgement(self, parent: QWidget, alarm: str, text: str) -> str | None:
        return self.words

    def silence(self, parent: QWidget, alarm: str, now: datetime, *, relative: bool) -> tuple[datetime, str] | None:
        return self.silenced

    def rules(self, parent: QWidget, start: str) -> Path | None:
        return self.answer

    def browse(self, address: str) -> bool:
        self.shown.append(address)
        return True

    def trust(self, parent: QWidget, folder: str, metrics: Sequence[OwnMetric], *, trusted: bool) -> bool:
        self.trust_asked.append([one.name for one in metrics])
        return self.trusts

    def show(self, path: str) -> bool:
        self.shown.append(path)
        return True


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may take its time to end the work of a window; that it ends is what tests ask."""
    monkeypatch.setattr("widgets.bridge.conductor.CLOSE_S", 60.0)


@pytest.fixture
def open_console(qapp, qtbot) -> Iterator[Callable[[Path | None], Console]]:
    """Opens the window; with a folder it waits until that is loaded and its charts are drawn."""
    made: list[Console] = []

    def open_it(folder: Path | None = None) -> Console:
        console = Console(application(), questions=Answers())
        made.append(console)
        console.window.resize(1280, 800)
        console.window.show()
        console.furnish()
        if folder is not None:
            with qtbot.waitSignal(console.conductor.load_ended, timeout=WAIT_MS):
                console.helm.open_folder(folder)
            qtbot.waitUntil(lambda: bool(console.window.board.shown_metrics()) and console.conductor.views_idle,
                            timeout=WAIT_MS)
        return console

    yield open_it
    for console in made:
        console.window.close()
        assert console.ended_in_time
        console.take_down()
    made.clear()
    qapp.processEvents()
    gc.collect()        # or DuckDB lists at the end of the run what was still alive
