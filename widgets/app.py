"""Builds theme, window and conductor, and ties them together. The only place that knows all of them.

The frame of the window shows first. Numbers, charts and the database are imported on a worker after its first paint;
then the places are furnished, one at each turn of the loop, and the folder is opened.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QEvent, QLocale, QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication, QIcon, QPixmap
from PySide6.QtWidgets import QApplication

from widgets import layout_store
from widgets.bridge.conductor import Conductor, Life
from widgets.bridge.preload import Preload
from widgets.bridge.tidying import Tidying
from widgets.dialogs.files import Questions
from widgets.helm import Helm
from widgets.icons import Icons
from widgets.main_window import MainWindow
from widgets.theme import ThemeHolder

if TYPE_CHECKING:
    from console.session import Session

log = logging.getLogger(__name__)

SIGNAL_LOOK_MS = 250
"""Python handles a signal only between two of its own steps: so often the window gives it one."""


class Reporter(QObject):
    """Takes exceptions that nobody caught, from any thread, to the window's message bar."""

    caught = Signal(object)

    def hook(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """As `sys.excepthook`: written to the log with its trace, shown in a line."""
        if issubclass(kind, KeyboardInterrupt):
            QApplication.quit()
            return
        log.error("Uncaught", exc_info=(kind, error, trace))
        self.caught.emit(error)


class Console(QObject):
    """Window, helm and conductor of one run. Tests build it too.

    Either `furnish` or `furnish_later` is called once; until then there is only the frame, and wishes wait.
    """

    def __init__(self, app: QApplication, *, zone: str | None = None, questions: Questions | None = None,
                 once_painted: Callable[[], object] = lambda: None) -> None:
        super().__init__()
        self._zone = zone
        self._once_painted = once_painted
        self.holder = ThemeHolder(app, layout_store.theme_choice(), self)
        self.holder.dress()
        self.icons = Icons(self.holder, self)
        self.window = MainWindow(self.icons)
        self.conductor = Conductor(self._open_session)
        self.helm = Helm(self.window, self.conductor, questions)
        self.helm.show_recent()
        self.preload = Preload(self.conductor, self._furnishing(), self)
        self.preload.broke.connect(self.helm.arrivals.on_bug)
        self.ended_in_time = True
        self._shut = False
        self.tidying = Tidying(self)
        self.conductor.closed.connect(self.tidying.all_again)
        self.window.closing.connect(self.shut_down)

    def furnish(self) -> None:
        """The rest of the window, at once: for tests, and for pictures."""
        with self.holder.undressed():
            for _ in self._furnishing():
                pass

    @Slot()
    def furnish_later(self) -> None:
        """The rest of the window, in steps during which it answers."""
        if not self._shut:
            self._once_painted()
            self.preload.start()

    def shut_down(self) -> None:
        """Once: stop the work, give the database back."""
        if not self._shut:
            self._shut = True
            self.preload.stop()
            self.helm.tasks.shut_down()
            self.ended_in_time = self.conductor.shut_down()

    def take_down(self) -> None:
        """After the loop. Qt takes the window apart in order; Python's collector takes its parts as they come, and
        crashes."""
        self.shut_down()
        self.window.deleteLater()
        QApplication.sendPostedEvents(self.window, QEvent.Type.DeferredDelete)

    def _furnishing(self) -> Iterator[None]:
        yield from self.window.furnishing()
        yield
        self.helm.take_over()

    def _open_session(self, folder: Path, workspace: Path | None) -> Session:
        from console.session import Session

        return Session.open(folder, workspace=workspace, zone=self._zone)


def run(folder: Path | None, *, workspace: Path | None = None, zone: str | None = None,
        once_painted: Callable[[], object] = lambda: None) -> int:
    """Show the window until it is closed; the start page when `folder` is None. Gives the exit code.

    once_painted: called when the window has been painted, before anything else is done
    """
    code, ended_in_time = _live(application(), folder, workspace, zone, once_painted)
    if not ended_in_time:
        # A worker hangs in the system, on a dead network mount say. Waiting for it would keep a closed program
        # alive; what it has not committed is read again the next time.
        logging.shutdown()
        os._exit(code)
    gc.collect()    # DuckDB prints a list of what is still alive when the interpreter ends: cycles through the window
    return code


def _live(app: QApplication, folder: Path | None, workspace: Path | None, zone: str | None,
          once_painted: Callable[[], object]) -> tuple[int, bool]:
    """From the first paint to the close button: exit code, and whether all work ended in time."""
    console = Console(app, zone=zone, once_painted=once_painted)
    reporter = Reporter()
    reporter.caught.connect(console.helm.arrivals.on_bug)
    before = sys.excepthook
    sys.excepthook = reporter.hook
    ticker = _let_signals_in(app)
    if folder is not None:
        console.helm.open_folder(folder, workspace)
    console.window.painted.connect(console.furnish_later, Qt.ConnectionType.QueuedConnection)
    console.window.show()
    code = app.exec()
    ticker.stop()
    console.take_down()
    sys.excepthook = before
    return code, console.ended_in_time


def picture(folder: Path, workspace: Path, path: Path, *, size: tuple[int, int] = (1280, 800),
            within_s: float = 120.0) -> None:
    """Draw the window with that folder into an image file, and end: for machines without a display.

    Raises ConsoleError when the folder cannot be opened, TimeoutError when its charts do not come.
    """
    app = application()
    console = Console(app)
    failed: list[Exception] = []
    console.conductor.trouble.connect(failed.append)
    console.conductor.bug.connect(failed.append)
    console.window.resize(*size)
    console.furnish()
    console.window.show()
    console.helm.open_folder(folder, workspace)
    drawn = [False]

    def draw() -> None:
        loaded = console.conductor.life is Life.FOLLOWING and console.window.board.shown_metrics()
        if loaded and console.conductor.views_idle:
            drawn[0] = console.window.grab().save(str(path))
        if drawn[0] or failed:
            console.window.close()

    timer = QTimer(interval=100)
    timer.timeout.connect(draw)
    timer.start()
    QTimer.singleShot(round(within_s * 1000), console.window.close)
    app.exec()
    timer.stop()
    console.take_down()
    if failed:
        raise failed[0]
    if not drawn[0]:
        raise TimeoutError(f"The window could not be drawn within {within_s:.0f} s")


def application() -> QApplication:
    """The one QApplication, with the program's name and icon."""
    present = QApplication.instance()
    if isinstance(present, QApplication):
        return present
    QGuiApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    QLocale.setDefault(QLocale.c())      # numbers and times are written the same on every machine
    app = QApplication(sys.argv[:1])
    app.setApplicationName("Pilothouse")
    app.setApplicationDisplayName("Pilothouse")
    app.setDesktopFileName("pilothouse")
    app.setWindowIcon(window_icon())
    return app


def window_icon() -> QIcon:
    """From the resources; an empty one when they are not there."""
    icon = QIcon()
    for name in ("pilothouse.png", "pilothouse-256.png", "pilothouse.svg"):
        source = files("resources").joinpath("icons", name)
        if source.is_file():
            pixmap = QPixmap()
            if pixmap.loadFromData(QByteArray(source.read_bytes())):
                icon.addPixmap(pixmap)
    return icon


def _let_signals_in(app: QApplication) -> QTimer:
    """Ctrl-C and a polite kill close the window as its button does.

    Python runs a handler between any two of its steps, in the midst of starting a job too: so the handler only asks,
    and the event loop closes.
    """
    def ask(_number: int, _frame: object) -> None:
        QTimer.singleShot(0, close)

    def close() -> None:
        for window in app.topLevelWidgets():
            if isinstance(window, MainWindow):
                window.close()
        app.quit()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask)
    ticker = QTimer(interval=SIGNAL_LOOK_MS)
    ticker.timeout.connect(_nothing)
    ticker.start()
    return ticker


def _nothing() -> None:
    """Gives Python its turn."""
