"""From the writing of a row to its pixel: 10,000 JSON rows a second into a large log that the real window shows.

The window (an X server where there is one) has a 10-million-row Parquet folder of `make_logs.py` open, 2 million by
default, and shows 12 charts of it, live: first of the last 15 minutes, then of the whole log. A process appends JSON
rows of twenty fields to a file of the same folder. The clock of a row is read just before it is written, and is the
row's own time; rows go on where the log ended, so what they carry is that clock and a constant.

When a row is painted: a board view tells of each bucket how many rows its numbers are made from. Rows of the file come
in order, so the row that was written as number k of its bucket is in the first view whose chart of the mean prediction
counts k or more there (it is drawn anew with every row; a chart whose newest values happen to be the same is not). The
moment taken is when the window's loop is free again after that chart was painted: all charts of the same view have been
painted by then, and the picture was handed to the screen. The first five seconds of each part are not counted.

Stalls: a timer of 16 ms in the window's thread; a stall is more than 100 ms between two of its ticks. The same timer
runs in an empty window of another process at the same time, and what stalls there stalls by the machine's doing.

`--minutes` for the first part (1 by default, 10 with `--full`); the second takes a third of it. With
PILOTHOUSE_BENCH_WHY=1 a thread looks what the window's thread does in each stall, and the end of the run says it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
import traceback
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks._window import STALL_MS, Probe, best_screen, run_loop, window_on
from tests.benchmarks.harness import ROOT, Row, cache, logs, minutes, python_environ, size

if TYPE_CHECKING:
    from widgets.app import Console

ROWS_PER_S = 10_000
CHARTS = 12
MEASURED = "prediction_mean"
LAST_BUCKETS = 6                # of a painted view are kept: those that still fill
WARM_UP_S = 5.0
LONGEST_WAIT_S = 60.0           # for what is painted after the last row was written
SHARE_OF_WHOLE = 1 / 3
REACH_MS, REACH_STALLS = 500.0, 1.0
WHY_VARIABLE = "PILOTHOUSE_BENCH_WHY"

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Painted:
    """The counts of a view's last buckets, from its moment on. Times are bucket starts of the log."""

    at_s: float
    bucket_s: int
    times: Floats
    counts: Floats


@dataclass(frozen=True)
class Part:
    """What one part of the run gave: milliseconds from write to paint of each write, with its number of rows."""

    waits_ms: Floats
    rows: Floats
    ticks_s: Floats
    empty_s: Floats
    views: int
    core_share: float


def run() -> list[Row]:
    """Two parts, four rows each."""
    length_s = 60 * minutes(1, full=10)
    rows = size(10_000_000)
    made = logs(rows)
    with best_screen() as how, TemporaryDirectory(dir=cache()) as name:
        place = Path(name)
        os.environ["PILOTHOUSE_HOME"] = str(place / "home")
        folder = place / "logs"
        shutil.copytree(made, folder, copy_function=_link)
        with window_on(folder, place / "w.duckdb") as (_app, console):
            prepare(console)
            first = measure(console, place, "quick_15m", length_s)
            second = measure(console, place, "quick_all", SHARE_OF_WHOLE * length_s)
    note = f"{rows / 1e6:g} M rows, {CHARTS} charts, {ROWS_PER_S} rows/s, {how}"
    return [*rows_of("15 minutes shown", first, note), *rows_of("whole log shown", second, note)]


def rows_of(name: str, part: Part, note: str) -> list[Row]:
    """The lines of the table for one part."""
    order = np.argsort(part.waits_ms)
    ranks = np.cumsum(part.rows[order]) / part.rows.sum()
    p50, p95, p99 = (float(part.waits_ms[order][np.searchsorted(ranks, share)]) for share in (0.5, 0.95, 0.99))
    length_min = (part.ticks_s[-1] - part.ticks_s[0]) / 60
    ours, empty = 1e3 * np.diff(part.ticks_s), 1e3 * np.diff(part.empty_s)
    stalls, beside = int((ours > STALL_MS).sum()), int((empty > STALL_MS).sum())
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores" if hasattr(os, "getloadavg") else ""
    return [
        Row(f"append to pixel, {name}: p95", p95, None, None, "ms", REACH_MS, judged="ours",
            note=f"p50 {p50:.0f}, p99 {p99:.0f}, most {part.waits_ms.max():.0f}; {part.rows.sum():,.0f} rows in "
                 f"{part.views} views; {note}; {load}"),
        Row(f"stalls a minute beyond an empty window's, {name}", max(0.0, stalls - beside) / length_min, None, None,
            "", REACH_STALLS, judged="ours",
            note=f"{stalls} in {length_min:.1f} min, longest {ours.max():.0f} ms; empty window {beside}, longest "
                 f"{empty.max():.0f} ms"),
        Row(f"time between ticks of the loop, {name}: p99", float(np.percentile(ours, 99)),
            float(np.percentile(empty, 99)), float(np.percentile(ours, 99) / np.percentile(empty, 99)), "ms",
            note=f"p50 {np.median(ours):.1f} and {np.median(empty):.1f}; the timer is set to 16 ms"),
        Row(f"processor of the window, {name}", 100 * part.core_share, None, None, "% of a core", judged="ours"),
    ]


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def prepare(console: Console) -> None:
    """As many charts as the design says, all in sight."""
    session, board = console.conductor.session, console.window.board
    assert session is not None
    others = [metric for metric in board.shown_metrics() if metric != MEASURED]
    if len(others) + 1 < CHARTS:
        raise RuntimeError(f"only {len(others) + 1} charts")
    for metric in others[CHARTS - 1:]:
        session.change_chart(metric, hidden=True)
    console.conductor.ask("board")
    if not run_loop(lambda: console.conductor.views_idle and len(board.shown_metrics()) == CHARTS, 60.0):
        raise RuntimeError("the charts were not hidden")
    unseen = [metric for metric in board.shown_metrics()
              if (chart := board.chart(metric)) is None or chart.viewport().visibleRegion().isEmpty()]
    if unseen:
        raise RuntimeError(f"not in sight: {', '.join(unseen)}")


def measure(console: Console, place: Path, view: str, length_s: float) -> Part:
    """One part: a writer, an empty window, the probe, and what is painted."""
    session = console.conductor.session
    whole = session.selection().whole if session is not None else None
    assert session is not None and whole is not None
    console.helm.command(view)
    console.helm.set_live(True)
    run_loop(lambda: console.conductor.views_idle, 60.0)
    log, told, empty = (place / "logs" / "predictions" / "predictions-live.jsonl", place / f"{view}.told",
                        place / f"{view}.empty")
    seconds = WARM_UP_S + length_s
    shift_s = whole.end_s - time.time()
    probe, paints = Probe(), Paints(console)
    why = Why(probe) if os.environ.get(WHY_VARIABLE) else None
    writer = _child("_append", str(log), str(ROWS_PER_S), str(seconds), "--wide", "--shift", repr(shift_s), "--told",
                    str(told))
    bare = _child("_empty_window", str(seconds), str(empty))
    began, used = time.time(), time.process_time()
    probe.start()
    try:
        run_loop(lambda: writer.poll() is not None and bare.poll() is not None, seconds + LONGEST_WAIT_S, every_ms=500)
        ended, used = time.time(), time.process_time() - used
        ticks = np.array(probe.stop())
        writes = np.fromfile(told).reshape(-1, 2)
        run_loop(lambda: bool(np.isfinite(painted_at(writes[-1:], writes, paints.found, shift_s)).all()),
                 LONGEST_WAIT_S)
    finally:
        paints.stop()
        for child in (writer, bare):
            child.terminate()
            child.wait()
    if why is not None:
        why.stop()
    at = painted_at(writes, writes, paints.found, shift_s)
    if not np.isfinite(at).all():
        raise RuntimeError(f"{np.isnan(at).sum()} of {len(at)} writes were never painted")
    counted = writes[:, 0] >= writes[0, 0] + WARM_UP_S
    first = writes[0, 0] + WARM_UP_S
    empties = np.array(json.loads(empty.read_text()))
    until = min(ticks[-1], empties[-1])
    return Part(1e3 * (at - writes[:, 0])[counted], np.diff(writes[:, 1], prepend=0.0)[counted],
                ticks[(ticks >= first) & (ticks <= until)], empties[(empties >= first) & (empties <= until)],
                len(paints.found), used / (ended - began))


def painted_at(wanted: Floats, writes: Floats, views: Sequence[Painted], shift_s: float) -> Floats:
    """When the rows of each write were painted, seconds since 1970; NaN for not yet.

    wanted  some of the writes: (moment, rows with it)
    views   in the order in which they were painted; the first was there before the first write

    Buckets may change with the zoom, so each view counts rows by its own; what is asked of it is whether the bucket of
    the write holds as many rows as had been written into it by then, beyond those of the log before.
    """
    found = np.full(len(wanted), np.nan)
    at, totals = writes[:, 0] + shift_s, writes[:, 1]
    before = dict(zip(views[0].times, views[0].counts, strict=True))
    known = 0
    for view in views[1:]:
        newest = 0.0            # rows of the file that the view holds
        for time_s, count in zip(view.times, view.counts, strict=True):
            if time_s <= at[0] and view.bucket_s != views[0].bucket_s:
                continue        # of what was there before in such a bucket nothing is known
            earlier = int(np.searchsorted(at, time_s))
            grown = count - before.get(time_s, 0.0) if time_s <= at[0] else count
            if grown > 0 and time_s + view.bucket_s > at[0]:
                newest = max(newest, (totals[earlier - 1] if earlier else 0.0) + grown)
        until = int(np.searchsorted(wanted[:, 1], newest, side="right"))
        if until > known:
            found[known:until] = view.at_s
            known = until
    return found


class Paints:
    """Notes which views of the measured chart were painted, and when the loop was free again."""

    def __init__(self, console: Console) -> None:
        from PySide6.QtCore import QEvent, QObject, QTimer

        self.found: list[Painted] = []
        chart = console.window.board.chart(MEASURED)
        assert chart is not None
        self._chart, self._last, self._waiting = chart, chart.view, False
        self._note(time.time())
        paints = self

        class Filter(QObject):
            """Sees the event before the chart does: what is drawn then is the view that the chart has by now."""

            def eventFilter(self, target: QObject, event: QEvent) -> bool:
                if event.type() == QEvent.Type.Paint and paints._chart.view is not paints._last:
                    paints._last = paints._chart.view
                    if not paints._waiting:
                        paints._waiting = True
                        QTimer.singleShot(0, paints._free)
                return False

        self._filter = Filter()
        chart.viewport().installEventFilter(self._filter)

    def stop(self) -> None:
        """No more."""
        self._chart.viewport().removeEventFilter(self._filter)

    def _free(self) -> None:
        self._waiting = False
        self._note(time.time())

    def _note(self, at_s: float) -> None:
        view = self._last
        if view is None:
            return
        counts = view.series[0].n
        there = np.flatnonzero(counts)
        if len(there):
            cut = slice(max(0, int(there[-1]) + 1 - LAST_BUCKETS), int(there[-1]) + 1)
            self.found.append(Painted(at_s, view.bucket_s, view.times[cut].copy(), counts[cut].copy()))


class Why:
    """Looks what the window's thread does while the probe is late."""

    def __init__(self, probe: Probe) -> None:
        self._probe, self._window = probe, threading.get_ident()
        self._found: Counter[str] = Counter()
        self._stalls: deque[str] = deque(maxlen=200)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Says it."""
        self._ended.set()
        self._thread.join()
        for place, times in self._found.most_common(15):
            print(f"{times} looks in stalls: {place}", file=sys.stderr)

    def _look(self) -> None:
        while not self._ended.wait(0.02):
            ticks = self._probe.at_s
            if ticks and time.time() - ticks[-1] > STALL_MS / 1e3:
                stack = traceback.extract_stack(sys._current_frames()[self._window])
                self._found[" < ".join(f"{Path(one.filename).name}:{one.lineno} {one.name}"
                                       for one in reversed(stack[-5:]))] += 1


def _child(name: str, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", f"tests.benchmarks.{name}", *words], cwd=ROOT,
                            env=python_environ() | {"PILOTHOUSE_HOME": os.environ["PILOTHOUSE_HOME"]},
                            stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    for row in run():
        print(row)
