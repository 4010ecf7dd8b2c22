"""One load in a process of its own: prints seconds, processor seconds and peak memory in MB. Run by `load`."""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

READERS = {"parquet": "read_parquet('{}', hive_partitioning=false)", "csv": "read_csv('{}')",
           "jsonl": "read_json('{}', format='newline_delimited')"}


def ours(folder: Path, workspace: Path) -> None:
    """Everything between a folder and charts: discovery, rows, rollups, checkpoint."""
    from console.jobs import SilentJob
    from console.logs.discover import discover
    from console.logs.load import load_folder
    from console.store import Workspace

    ws = Workspace.open(workspace, folder=folder)
    load_folder(discover(folder, SilentJob()), ws, SilentJob())
    ws.close()


def bare(folder: Path, workspace: Path) -> None:
    """What DuckDB alone takes to have the same rows in a table."""
    import duckdb

    ending = next(path.suffix[1:] for path in folder.iterdir())
    with duckdb.connect(str(workspace)) as con:
        con.execute(f"CREATE TABLE logs AS SELECT * FROM {READERS[ending].format(folder / ('*.' + ending))}")
        con.execute("CHECKPOINT")


if __name__ == "__main__":
    started = time.perf_counter()
    {"ours": ours, "bare": bare}[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
    spent = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(spent, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
