"""An hour with the window: does it grow? `python -m tests.benchmarks soak [--minutes 60]`; two minutes by default.

The real window follows a folder that gets 1,000 rows and their labels a second (`make_logs.py --live`, rotated), on an
X server where there is one. Every two seconds something is done that people do: charts are hidden and shown again,
split, widened, moved, compared with the day before, shown alone, their values and rows looked at; time is zoomed and
moved; places and themes change; drift is tested. Memory is what the system says that the process holds (VmRSS), once in
five seconds. Asked for: at most 1 MB a minute, the slope of the least squares over what came after the first ten
minutes; a shorter run gives the slope of its second half, unjudged.

All samples go to `.benchmarks/soak-<time>.json` while it runs, each with where the memory is: DuckDB by its own
account, blocks of Python, the C heap in use, widgets, files.
"""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.benchmarks._window import best_screen, run_loop, window_on
from tests.benchmarks.harness import ROOT, Row, cache, minutes, python_environ

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from widgets.app import Console

ROWS_PER_S = 1000
HISTORY_ROWS, HISTORY_DAYS = 200_000, 2
SAMPLE_S, ACT_S = 5.0, 2.0
FIRST_S = 600.0
REACH_MB_PER_MINUTE = 1.0
WRITE_S = 60.0

Sample = dict[str, float]


def run() -> list[Row]:
    """Growth in MB a minute, and what is behind it."""
    length_s = 60 * minutes(2, full=60)
    with best_screen() as how, TemporaryDirectory(dir=cache()) as place:
        os.environ["PILOTHOUSE_HOME"] = str(Path(place) / "home")
        samples = measure(Path(place), length_s)
    return rows_of(samples, length_s, how)


def rows_of(samples: list[Sample], length_s: float, how: str) -> list[Row]:
    """From the samples to the table."""
    judged = length_s > 1.5 * FIRST_S
    first_s = FIRST_S if judged else length_s / 2
    late = [one for one in samples if one["at_s"] >= first_s]
    slope = slope_per_minute(late, "rss_mb")
    parts = [name for name in ("duckdb_mb", "heap_mb", "python_mb") if all(name in one for one in late)]
    note = ", ".join(f"{name.removesuffix('_mb')} {slope_per_minute(late, name):+.2f}" for name in parts)
    span = (f"after {first_s / 60:.0f} of {length_s / 60:.0f} min, "
            f"{late[0]['rss_mb']:.0f} to {late[-1]['rss_mb']:.0f} MB")
    return [Row("soak: growth in a minute", slope, None, None, "MB", REACH_MB_PER_MINUTE if judged else None,
                f"{span}; {note}; {how}, {ROWS_PER_S} rows/s", "ours"),
            Row("soak: most memory", max(one["rss_mb"] for one in samples), None, None, "MB", judged="ours",
                note=f"{late[-1]['acts']:.0f} acts, {late[-1]['rows']:,.0f} rows at the end, "
                     f"{late[-1]['widgets']:.0f} widgets")]


def slope_per_minute(samples: list[Sample], name: str) -> float:
    """Least squares."""
    at = np.array([one["at_s"] for one in samples]) / 60
    return float(np.polyfit(at, np.array([one[name] for one in samples]), 1)[0]) if len(at) > 1 else float("nan")


def measure(place: Path, length_s: float) -> list[Sample]:
    """One run."""
    from PySide6.QtCore import QTimer

    folder = place / "logs"
    program = ROOT / "tests" / "console" / "make_logs.py"
    command = [sys.executable, str(program), str(folder), "--rows", str(HISTORY_ROWS), "--days", str(HISTORY_DAYS),
               "--start", "ago", "--format", "jsonl", "--quiet", "--live", str(ROWS_PER_S), "--live-seconds",
               str(length_s + 600)]
    writer = subprocess.Popen(command, cwd=ROOT, env=python_environ(), stdout=subprocess.DEVNULL)
    try:
        wait_for_history(folder, writer)
        with window_on(folder, place / "w.duckdb") as (app, console):
            writing = writer.poll
            user, watch = User(console), Watch(app, console, place / "w.duckdb")
            acting, sampling = QTimer(), QTimer()
            acting.timeout.connect(user.act)
            sampling.timeout.connect(lambda: watch.sample(user.acts))
            acting.start(round(1000 * ACT_S))
            sampling.start(round(1000 * SAMPLE_S))
            watch.sample(0)
            run_loop(lambda: writing() is not None, length_s, every_ms=1000)
            acting.stop()
            sampling.stop()
            watch.sample(user.acts)
            watch.write()
            if writing() is not None:
                raise RuntimeError(f"the writer ended with {writer.returncode}")
            return watch.samples
    finally:
        writer.terminate()
        writer.wait()


def wait_for_history(folder: Path, writer: subprocess.Popen[bytes]) -> None:
    """Until the live part has begun: its files are younger than those of the past, which are written first."""
    quiet_since, before = time.monotonic(), -1
    while time.monotonic() - quiet_since < 5 or before <= 0:
        if writer.poll() is not None:
            raise RuntimeError(f"the writer ended with {writer.returncode}")
        count = sum(1 for _ in folder.rglob("*.jsonl")) if folder.exists() else 0
        if count != before:
            quiet_since, before = time.monotonic(), count
        time.sleep(0.2)


class User:
    """Does what people do, one thing after the other, for ever: each thing undone by a later one."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._acts = self._all()
        self.acts = 0

    def act(self) -> None:
        """The next one."""
        self.acts += 1
        next(self._acts)()

    def _all(self) -> Iterator[Callable[[], object]]:
        for turn in itertools.count():
            yield from self._round(turn)

    def _round(self, turn: int) -> Iterator[Callable[[], object]]:
        window = self._console.window

        def key(name: str) -> Callable[[], object]:
            return lambda: self._console.helm.command(name)

        def choose(number: int) -> None:
            shown = window.board.shown_metrics()
            if shown:
                window.board._choose(shown[number % len(shown)])

        yield key("go_board")
        yield lambda: choose(turn)
        for name in ("split_chart", "split_chart", "widen_chart", "compare_day", "move_chart_right", "chart_values"):
            yield key(name)
        yield lambda: self._hide(turn)
        yield lambda: self._hide(turn + 5)
        for name in ("quick_15m", "zoom_in", "zoom_in", "pan_left", "pan_left", "zoom_out", "back", "quick_1h",
                     "show_rows"):
            yield key(name)
        yield self._show_all
        for name in ("end_brushing", "chart_alone", "follow", "chart_alone", "quick_all", "quick_1h", "follow"):
            yield key(name)
        yield lambda: self._hover(0.3)
        yield lambda: self._hover(0.7)
        yield lambda: window.board._set_cross(None)
        if turn % 3 == 0:
            for name in ("toggle_theme", "suggest_windows", "go_sources", "go_incidents", "clear_windows",
                         "toggle_theme"):
                yield key(name)
            yield key("go_board")
        for name in ("split_chart", "widen_chart", "compare_day", "move_chart_left"):
            yield key(name)

    def _hide(self, number: int) -> None:
        shown = self._console.window.board.shown_metrics()
        if len(shown) > 3:
            self._console.helm.arranging.hide(shown[number % len(shown)])

    def _show_all(self) -> None:
        session = self._console.conductor.session
        for one in session.chart_choices() if session is not None else ():
            if not one.shown:
                self._console.helm.arranging.show(one.metric)

    def _hover(self, share: float) -> None:
        board = self._console.window.board
        session = self._console.conductor.session
        visible = session.selection().visible if session is not None else None
        if visible is not None:
            board._set_cross(visible.start_s + share * visible.seconds)


class Watch:
    """Looks where the memory is."""

    def __init__(self, app: QApplication, console: Console, workspace: Path) -> None:
        self._app, self._console, self._workspace = app, console, workspace
        self._began = time.monotonic()
        self._written_at = 0.0
        self.samples: list[Sample] = []
        self._path = ROOT / ".benchmarks" / f"soak-{datetime.now(UTC):%Y%m%dT%H%M%S}.json"

    def sample(self, acts: int) -> None:
        """Now."""
        at_s = time.monotonic() - self._began
        one: Sample = {"at_s": round(at_s, 1), "rss_mb": rss_mb(), "acts": acts, "blocks": sys.getallocatedblocks(),
                       "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")}
        one |= heap()
        session = self._console.conductor.session
        if session is not None:
            found = session.store.cursor().execute(
                "SELECT tag, memory_usage_bytes, temporary_storage_bytes FROM duckdb_memory() "
                "WHERE memory_usage_bytes + temporary_storage_bytes > 0").fetchall()
            one |= {f"duckdb {tag}": used / 1e6 for tag, used, _ in found}
            one["duckdb_mb"] = sum(used for _, used, _ in found) / 1e6
            one["spilled_mb"] = sum(spilled for _, _, spilled in found) / 1e6
            one["resident_mb"] = session.store._resident.nbytes / 1e6
            one["rows"] = session.status().rows
        for name, path in (("file_mb", self._workspace), ("wal_mb", Path(f"{self._workspace}.wal"))):
            with contextlib.suppress(OSError):
                one[name] = path.stat().st_size / 1e6
        one["widgets"] = len(self._app.allWidgets())
        self.samples.append(one)
        if at_s - self._written_at >= WRITE_S:
            self._written_at = at_s
            self.write()

    def write(self) -> None:
        """All there is so far."""
        self._path.parent.mkdir(exist_ok=True)
        self._path.write_text(json.dumps({"rows_per_s": ROWS_PER_S, "samples": self.samples}) + "\n")


def rss_mb() -> float:
    """What the system says that this process holds."""
    with contextlib.suppress(OSError), open("/proc/self/statm") as told:
        return int(told.read().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6
    done = subprocess.run(["ps", "-o", "rss=", "-p", str(os.getpid())], capture_output=True, text=True, check=True)
    return int(done.stdout) * 1024 / 1e6


class _Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in
                ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks",
                 "keepcost")]


def heap() -> Sample:
    """In use and free in the heap of C, in MB; nothing where it does not tell."""
    try:
        tell: Any = ctypes.CDLL(None).mallinfo2
    except (AttributeError, OSError, TypeError):
        return {}
    tell.restype = _Info
    info = tell()
    return {"heap_mb": (info.uordblks + info.hblkhd) / 1e6, "heap_free_mb": info.fordblks / 1e6}


if __name__ == "__main__":
    for row in run():
        print(row)
