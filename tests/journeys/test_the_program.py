"""The program as the front door starts it: a process of its own, closed by its window or by Ctrl-C."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

SHOWN_AND_CLOSED = """
    import sys, threading
    from pathlib import Path
    from PySide6.QtCore import QTimer
    from widgets import app
    from widgets.main_window import MainWindow
    program = app.application()

    def look():
        windows = [one for one in program.topLevelWidgets() if isinstance(one, MainWindow)]
        if windows and (len(sys.argv) < 2 or windows[0].furnished and windows[0].board.shown_metrics()):
            print("shown", flush=True)
            {then}

    timer = QTimer(interval=50)
    timer.timeout.connect(look)
    timer.start()
    sys.exit(app.run(Path(sys.argv[1]) if len(sys.argv) > 1 else None))
"""


def program(then: str, *arguments: str) -> subprocess.Popen[str]:
    code = textwrap.dedent(SHOWN_AND_CLOSED).replace("{then}", then)
    return subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, cwd=Path(__file__).resolve().parents[2])


def test_that_closing_the_window_ends_the_program_without_a_word(log_folder):
    process = program("timer.stop(); windows[0].close()", str(log_folder(rows=500)))
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert out.startswith("shown")
    assert [line for line in errors.splitlines() if "propagateSizeHints" not in line] == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for another process")
def test_that_ctrl_c_in_the_terminal_closes_the_window(log_folder):
    process = program("timer.stop()", str(log_folder(rows=500)))
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line == "shown\n", process.communicate(timeout=30)
    process.send_signal(signal.SIGINT)
    _out, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors


def test_that_the_window_is_drawn_into_a_picture_where_there_is_no_screen(log_folder, tmp_path):
    code = "import sys; from pathlib import Path; from widgets.app import picture; picture(*map(Path, sys.argv[1:]))"
    done = subprocess.run([sys.executable, "-c", code, str(log_folder(rows=500)), str(tmp_path / "w.duckdb"),
                           str(tmp_path / "window.png")], cwd=Path(__file__).resolve().parents[2],
                          capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "window.png").read_bytes().startswith(b"\x89PNG")
