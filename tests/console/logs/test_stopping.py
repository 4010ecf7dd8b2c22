"""A load is stopped in the middle of a statement, and what it held of the machine's memory is given back."""

from __future__ import annotations

import threading
from pathlib import Path

import duckdb
import pytest

from console.jobs import JobStopped, SilentJob
from console.logs.discover import discover
from console.logs.load import load_folder
from console.store import Workspace, workspace

ROWS = 600_000


class StoppedInAStatement(SilentJob):
    """Whoever looks while a statement runs is told to stop; nobody else is."""

    def __init__(self) -> None:
        self.shares: list[float] = []

    def report(self, done: int, total: int, note: str) -> None:
        if threading.current_thread().name == workspace.WATCH:
            self.shares.append(done / total)

    def stop_if_asked(self) -> None:
        if threading.current_thread().name == workspace.WATCH and self.shares:
            raise JobStopped


@pytest.fixture
def parquet(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    for part in range(3):
        duckdb.sql(f"SELECT TIMESTAMP '2026-03-01' + INTERVAL 1 SECOND * i AS ts, 'r' || i AS request_id, "
                   f"(i % 97)::DOUBLE AS latency_ms FROM range({part * ROWS // 3}, {(part + 1) * ROWS // 3}) t(i)"
                   ).write_parquet(str(folder / f"log-{part}.parquet"))
    return folder


def test_that_a_stop_ends_a_long_statement_and_the_next_load_has_every_row(tmp_path: Path, parquet: Path,
                                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace, "WATCH_S", 0.001)
    store = Workspace.open(tmp_path / "w.duckdb", folder=parquet)
    try:
        job = StoppedInAStatement()
        with pytest.raises(JobStopped):
            load_folder(discover(parquet, SilentJob()), store, job)
        assert 0 < job.shares[0] < 1
        [(kept,)] = store.execute_readonly("SELECT count(*) FROM raw_1")
        assert kept == store.totals().rows_read < ROWS
        report = load_folder(discover(parquet, SilentJob()), store, SilentJob())
        assert (report.rows_loaded, report.rows_read) == (ROWS, ROWS)
        assert store.execute_readonly("SELECT count(*), count(DISTINCT request_id), sum(latency_ms) FROM raw_1") == [
            (ROWS, ROWS, float(sum(i % 97 for i in range(ROWS))))]
    finally:
        store.close()


def test_that_a_load_of_text_gives_its_memory_back(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "log.csv").write_text("ts,latency_ms\n" + "".join(f"2026-03-01T00:00:{i % 60:02d}Z,{i}\n"
                                                                for i in range(500)))
    store = Workspace.open(tmp_path / "w.duckdb", folder=folder)
    limits = []

    def limit() -> str:
        [(said,)] = store.execute_readonly("SELECT current_setting('memory_limit')")
        return str(said)

    class Looks(SilentJob):
        def report(self, done: int, total: int, note: str) -> None:
            limits.append(limit())

    try:
        before = limit()
        load_folder(discover(folder, SilentJob()), store, Looks())
        assert limits and all(said.endswith("MiB") and float(said.split()[0]) < 1024 for said in limits)
        assert limit() == before
    finally:
        store.close()
