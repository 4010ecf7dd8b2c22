"""From the start of the process to the window painted, against the least that such a window needs.

Ours: `pilothouse` without a folder, until its start page has been painted once. Reference: a script that imports
PySide6, pyqtgraph and duckdb and shows an empty main window. Both in fresh processes, in turns, medians; off screen,
and on an X server where Xvfb is installed.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import time

from tests.benchmarks._window import screen
from tests.benchmarks.harness import ROOT, Row, python_environ

TIMES = 9
REACH = 1.3

WATCH = """
import sys, time
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QMainWindow

class Watch(QObject):
    seen = False
    def eventFilter(self, target, event):
        if not self.seen and event.type() == QEvent.Type.Paint and isinstance(target, QMainWindow):
            self.seen = True
            QTimer.singleShot(0, self.tell)
        return False
    def tell(self):
        print("painted", time.time(), flush=True)
        import os
        os._exit(0)

def watched_exec(*_):
    watch = Watch()
    app = QApplication.instance()
    app.installEventFilter(watch)
    for window in app.topLevelWidgets():
        window.update()
    return real_exec()

real_exec = QApplication.exec
for owner in (QApplication, QGuiApplication, QCoreApplication):
    owner.exec = staticmethod(watched_exec)
"""

OURS = WATCH + """
sys.argv = ["pilothouse"]
from console.__main__ import main
main()
"""

BARE = WATCH + """
import duckdb, pyqtgraph
app = QApplication(sys.argv)
window = QMainWindow()
window.resize(1280, 800)
window.show()
QApplication.exec()
"""


def run() -> list[Row]:
    """One row a platform."""
    rows = [_measure("offscreen", {"QT_QPA_PLATFORM": "offscreen"})]
    if sys.platform == "linux" and shutil.which("Xvfb"):
        with screen() as display:
            rows.append(_measure("X11", {"QT_QPA_PLATFORM": "xcb", "DISPLAY": display}))
    return rows


def _measure(where: str, more: dict[str, str]) -> Row:
    environ = {name: value for name, value in python_environ().items() if name != "WAYLAND_DISPLAY"} | more
    taken: dict[str, list[float]] = {"ours": [], "bare": []}
    for turn in range(TIMES + 1):
        for who, program in (("ours", OURS), ("bare", BARE)):
            seconds = _shown(program, environ)
            if turn:                    # the first of each writes byte code
                taken[who].append(seconds)
    return Row.against(f"window shown, {where}", statistics.median(taken["ours"]), statistics.median(taken["bare"]),
                       reach=REACH)


def _shown(program: str, environ: dict[str, str]) -> float:
    started = time.time()
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environ, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=120, check=False)
    for line in done.stdout.splitlines():
        if line.startswith("painted "):
            return float(line.split()[1]) - started
    raise RuntimeError(f"no window was painted: {done.stderr[-2000:]}")
