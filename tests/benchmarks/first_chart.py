"""From opening a large Parquet folder to the first board that shows something.

Ours: `Session.open` on a workspace that does not exist, `load` in a thread, and the board asked for again and again, as
the window does, until a chart has a value. Reference: DuckDB's bare `CREATE TABLE AS` of the first file that is loaded
(the newest), in a database of its own on disk. In turns, medians.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import threading
import time
from pathlib import Path

import duckdb
import numpy as np

from console.jobs import JobStopped
from console.session import Session
from tests.benchmarks.harness import Row, logs, size

TIMES = 3
GRACE_S = 0.8
REACH = 1.2
LONGEST_S = 300.0


class _Stoppable:
    """A job that can be asked to end."""

    def __init__(self) -> None:
        self._asked = threading.Event()

    def report(self, done: int, total: int, note: str) -> None:
        """Nobody listens."""

    def stop(self) -> None:
        self._asked.set()

    def stop_if_asked(self) -> None:
        if self._asked.is_set():
            raise JobStopped


def run() -> list[Row]:
    """One row; its reach is 1.2 times the reference and 0.8 s."""
    rows = size(10_000_000)
    folder = logs(rows)
    first = max((folder / "predictions").glob("*.parquet"))
    ours, bare = [], []
    for _ in range(TIMES):
        bare.append(_bare(first))
        ours.append(_ours(folder))
    reference = statistics.median(bare)
    return [Row.against("first chart", statistics.median(ours), reference, reach=REACH + GRACE_S / reference,
                        note=f"{rows:,} rows; reach is {REACH}x + {GRACE_S} s")]


def _bare(file: Path) -> float:
    with tempfile.TemporaryDirectory() as home:
        started = time.perf_counter()
        with duckdb.connect(str(Path(home) / "bare.duckdb")) as connection:
            connection.execute("CREATE TABLE bare AS SELECT * FROM read_parquet(?)", [str(file)])
        return time.perf_counter() - started


def _ours(folder: Path) -> float:
    home = Path(tempfile.mkdtemp())
    job = _Stoppable()
    failed: list[BaseException] = []

    def load(session: Session) -> None:
        try:
            session.load(job)
        except JobStopped:
            pass
        except BaseException as error:
            failed.append(error)

    started = time.perf_counter()
    session = Session.open(folder, workspace=home / "workspace.duckdb")
    worker = threading.Thread(target=load, args=(session,))
    worker.start()
    try:
        while not _shows_something(session):
            if failed:
                raise failed[0]
            if time.perf_counter() - started > LONGEST_S:
                raise RuntimeError("no chart came")
            time.sleep(0.01)
        return time.perf_counter() - started
    finally:
        job.stop()
        worker.join()
        session.close()
        shutil.rmtree(home, ignore_errors=True)


def _shows_something(session: Session) -> bool:
    board = session.board(500)
    return board is not None and any(np.isfinite(part.values).any() for chart in board.charts for part in chart.series)
