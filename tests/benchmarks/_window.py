"""The real window for measurements: a screen for it, the window on a folder, and a probe of its event loop."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from widgets.app import Console

SIZE = (1600, 1000)
PROBE_MS = 16
STALL_MS = 100.0
LONGEST_LOAD_S = 900.0
TRY = "from PySide6.QtWidgets import QApplication; QApplication([])"


@contextmanager
def screen() -> Iterator[str]:
    """An X server of our own, on a free number."""
    read, write = os.pipe()
    server = subprocess.Popen(["Xvfb", "-displayfd", str(write), "-screen", "0", f"{SIZE[0]}x{SIZE[1]}x24",
                               "-nolisten", "tcp"], pass_fds=(write,), stderr=subprocess.DEVNULL)
    os.close(write)
    try:
        with os.fdopen(read) as told:
            yield f":{told.readline().strip()}"
    finally:
        server.terminate()
        server.wait()


@contextmanager
def best_screen() -> Iterator[str]:
    """This process gets an X server where Xvfb and what Qt needs for it are there, else it draws off screen.

    Gives how it is, for the note. To be entered before Qt is used.
    """
    os.environ.pop("WAYLAND_DISPLAY", None)
    if sys.platform == "linux" and shutil.which("Xvfb"):
        with screen() as display:
            window = {"QT_QPA_PLATFORM": "xcb", "DISPLAY": display}
            if subprocess.run([sys.executable, "-c", TRY], env=os.environ | window, capture_output=True,
                              check=False).returncode == 0:
                os.environ |= window
                yield "X11"
                return
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    yield "off screen"


class Probe:
    """A timer of 16 ms in the window's thread: the time between two of its ticks beyond that is what a person waits."""

    def __init__(self) -> None:
        from PySide6.QtCore import Qt, QTimer

        self.at_s: list[float] = []
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(PROBE_MS)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        """From now on."""
        self.at_s = []
        self._timer.start()

    def stop(self) -> list[float]:
        """No more; moments of all ticks, seconds since 1970."""
        self._timer.stop()
        return self.at_s

    def _tick(self) -> None:
        self.at_s.append(time.time())


def run_loop(until: Callable[[], bool], within_s: float, *, every_ms: int = 50) -> bool:
    """The event loop, until that is so or the time is over. Whether it is so."""
    from PySide6.QtCore import QEventLoop, QTimer

    loop, ends = QEventLoop(), time.monotonic() + within_s

    def look() -> None:
        if until() or time.monotonic() >= ends:
            loop.quit()

    timer = QTimer()
    timer.timeout.connect(look)
    timer.start(every_ms)
    loop.exec()
    timer.stop()
    return until()


@contextmanager
def window_on(folder: Path, workspace: Path) -> Iterator[tuple[QApplication, Console]]:
    """The program's window as it opens on that folder; all is loaded and drawn."""
    from widgets.app import Console, application
    from widgets.bridge.conductor import Life

    app = application()
    console = Console(app)
    trouble: list[object] = []

    def tell(error: object) -> None:
        trouble.append(error)
        print(f"in the window: {error!r}", file=sys.stderr, flush=True)

    console.conductor.trouble.connect(tell)
    console.conductor.bug.connect(tell)
    console.window.resize(*SIZE)
    console.window.show()
    console.furnish()
    console.helm.open_folder(folder, workspace)

    def shown() -> bool:
        return bool(trouble) or (console.conductor.life is Life.FOLLOWING and console.conductor.views_idle
                                 and bool(console.window.board.shown_metrics()))

    try:
        if not run_loop(shown, LONGEST_LOAD_S) or trouble:
            raise RuntimeError(f"the folder was not shown: {trouble}")
        yield app, console
    finally:
        console.window.close()
        console.take_down()
        app.processEvents()
