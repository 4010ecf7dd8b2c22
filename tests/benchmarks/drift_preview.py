"""Dragging a test window over a large log: every column's distance, computed and painted, for each frame.

Cube: counting all rows by bucket and bin after a load, beside DuckDB's bare load of the same files. Computed: one call
of `Session.preview_drift` as the drag makes it; the reference is the exact test of the same windows. Painted: mouse
moves on the strip in the place Drift of the real window, each until table, distributions and strip are drawn; the
reference is a frame of 60 a second. The log has fewer columns than the twenty that are judged: columns of the cube
stand in for more of them under other names. Windows do not end where buckets do.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from tests.benchmarks._window import best_screen, run_loop, window_on
from tests.benchmarks.harness import Row, cache, size
from tests.benchmarks.load import flat, once

COLUMNS = 20
FRAMES = 300
WARM_UP = 20
COMPUTED_MS, PAINTED_MS, FRAME_MS = 1.0, 16.0, 1000 / 60
COUNTED_WITHIN_S = 600.0


def run() -> list[Row]:
    """Counting, computing, painting."""
    rows = size(10_000_000)
    folder = flat("parquet", rows)
    bare_s = statistics.median(once("bare", folder)[0] for _ in range(3))
    with TemporaryDirectory(dir=cache()) as home, best_screen() as where:
        workspace = Path(home) / "w.duckdb"
        return [*_computed(folder, workspace, rows, bare_s), _painted(folder, workspace, rows, where)]


def _computed(folder: Path, workspace: Path, rows: int, bare_s: float) -> list[Row]:
    import scipy.special  # noqa: F401

    from console.jobs import SilentJob
    from console.session import Session
    from console.window import Window

    session = Session.open(folder, workspace=workspace)
    try:
        session.load(SilentJob())
        started = time.perf_counter()
        session.count_for_previews(SilentJob())
        counted_s = time.perf_counter() - started
        cube: Any = session._previews.cube
        own = len(cube.columns)
        _widen(session)
        whole = session.selection().whole
        assert whole is not None
        random = np.random.default_rng(1)
        session.brush("reference", Window.from_epoch(whole.start_s, whole.start_s + whole.seconds / 4))
        spent, windows = [], []
        processor = time.thread_time()
        for _ in range(FRAMES + WARM_UP):
            start, end = np.sort(whole.start_s + whole.seconds * random.random(2))
            window = Window.from_epoch(start, max(end, start + 1))
            started = time.perf_counter()
            session.preview_drift("current", window)
            spent.append(1e3 * (time.perf_counter() - started))
            windows.append(window)
        processor_ms = 1e3 * (time.thread_time() - processor) / len(spent)
        exact = []
        for window in sorted(windows, key=lambda one: one.seconds)[len(windows) // 2: len(windows) // 2 + 3]:
            session.brush("current", window)
            started = time.perf_counter()
            session.drift(SilentJob())
            exact.append(1e3 * (time.perf_counter() - started))
    finally:
        session.close()
    note = f"{rows:,} rows, {own} columns of the log, {cube.buckets} buckets, {cube.nbytes / 1e6:.0f} MB"
    mine, theirs = float(np.percentile(spent[WARM_UP:], 95)), statistics.median(exact)
    return [Row.against("count cube in the background, beside the bare load", counted_s, bare_s, reach=1.0, note=note),
            Row(f"drift preview of {COLUMNS} columns computed, p95, beside the exact test", mine, theirs,
                mine / theirs, "ms", COMPUTED_MS, f"{FRAMES} random windows, of processor {processor_ms:.2f} ms each; "
                f"exact: {own} columns", "ours")]


def _widen(session: Any) -> None:
    """Columns of the cube once more, under other names, until there are twenty."""
    from console.drift.cube import CountCube
    from console.drift.preview import Comparer

    counted = session._previews._counted
    cube = counted.cube
    while len(cube.columns) < COLUMNS:
        more = list(zip(cube.columns, cube.starts, cube.missing, strict=True))[: COLUMNS - len(cube.columns)]
        sums = np.concatenate([cube.sums, *(cube.sums[:, start: end + 1] for _, start, end in more)], axis=1)
        columns = [*cube.columns, *(replace(one, column=f"{one.column} again") for one, _, _ in more)]
        cube = CountCube(columns, cube.first_us, cube.step_us, sums)
    session._previews._counted = replace(counted, comparer=Comparer(cube))


def _painted(folder: Path, workspace: Path, rows: int, where: str) -> Row:
    from console.window import Window

    with window_on(folder, workspace) as (app, console):
        session: Any = console.conductor.session
        if not run_loop(lambda: session._previews.cube is not None, COUNTED_WITHIN_S):
            raise RuntimeError("the rows were not counted")
        console.conductor._views["counts"].source(None)        # other counts would take the place of the wider ones
        _widen(session)
        whole = session.selection().whole
        console.helm.go_drift()
        console.conductor.chosen(session.brush("reference", Window.from_epoch(
            whole.start_s, whole.start_s + whole.seconds / 4)))
        run_loop(lambda: console.conductor.views_idle, 60)
        processor = time.thread_time()
        spent = list(_drag(app, console, whole))
        processor_ms = 1e3 * (time.thread_time() - processor) / len(spent)
        shown = len(console.window.drift._model.rows)
    p95 = float(np.percentile(spent[WARM_UP:], 95))
    return Row(f"drift preview of {COLUMNS} columns painted while dragging, p95", p95, FRAME_MS, p95 / FRAME_MS, "ms",
               PAINTED_MS, f"{rows:,} rows, {len(spent) - WARM_UP} moves, {shown} lines, median "
               f"{statistics.median(spent[WARM_UP:]):.1f} ms, of processor {processor_ms:.1f} ms each, {where}", "ours")


def _drag(app: Any, console: Any, whole: Any) -> Any:
    """Milliseconds of each move, until everything is drawn."""
    from PySide6.QtCore import QEvent, QPointF, Qt
    from PySide6.QtGui import QMouseEvent

    strip = console.window.overview
    strip.set_brush_side("current")
    left = Qt.MouseButton.LeftButton

    def send(kind: Any, share: float) -> None:
        place = QPointF(strip.x_of(whole.start_s + share * whole.seconds), 40)
        app.sendEvent(strip, QMouseEvent(kind, place, strip.mapToGlobal(place), left, left,
                                         Qt.KeyboardModifier.NoModifier))

    send(QEvent.Type.MouseButtonPress, 0.5)
    for frame in range(FRAMES + WARM_UP):
        app.processEvents()
        started = time.perf_counter()
        send(QEvent.Type.MouseMove, 0.55 + 0.4 * abs((frame / 60) % 2 - 1))
        app.processEvents()
        yield 1e3 * (time.perf_counter() - started)
    send(QEvent.Type.MouseButtonRelease, 0.9)
    app.processEvents()


if __name__ == "__main__":
    for row in run():
        print(row)
