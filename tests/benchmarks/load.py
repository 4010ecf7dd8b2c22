"""Loading a folder, beside DuckDB's bare CREATE TABLE AS of the same files into a file of its own.

Ours includes discovery, quarantine, ledger, rollups and the checkpoint. Both run in processes of their own, by turns,
with as many threads as the machine has. The goals stand in the design: 1.5 times the time, 1.3 times the memory.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.benchmarks.harness import ROOT, Row, cache, is_full, python_environ

ROUNDS = 3
TIME_REACH, MEMORY_REACH = 1.5, 1.3


def run() -> list[Row]:
    """Parquet as the design judges it; text at a fifth of the rows."""
    sizes = [("parquet", 5_000_000), ("csv", 1_000_000), ("jsonl", 1_000_000)]
    if is_full():
        sizes.append(("parquet", 10_000_000))
    return [row for kind, rows in sizes for row in compare(kind, rows)]


def compare(kind: str, rows: int) -> list[Row]:
    """Three lines: seconds, processor seconds, peak memory."""
    folder = flat(kind, rows)
    found: dict[str, list[tuple[float, float, float]]] = {"ours": [], "bare": []}
    for _ in range(ROUNDS):
        for who in found:
            found[who].append(once(who, folder))
    one, other = ([median(values) for values in zip(*found[who], strict=True)] for who in ("ours", "bare"))
    name = f"load {rows / 1e6:g} M rows of {kind}"
    judged = kind == "parquet"
    return [Row.against(name, one[0], other[0], reach=TIME_REACH if judged else None),
            Row.against(f"{name}: processor", one[1], other[1]),
            Row.against(f"{name}: memory", one[2], other[2], unit="MB", reach=MEMORY_REACH if judged else None)]


def once(who: str, folder: Path) -> tuple[float, float, float]:
    """One run: seconds, processor seconds, MB."""
    with TemporaryDirectory(dir=cache()) as place:
        command = [sys.executable, "-m", "tests.benchmarks._load", who, str(folder), f"{place}/w.db"]
        done = subprocess.run(command, cwd=ROOT, env=python_environ(), check=True, capture_output=True, text=True)
    seconds, processor, memory = map(float, done.stdout.split())
    return seconds, processor, memory


def flat(kind: str, rows: int) -> Path:
    """One table in hourly files, made once."""
    folder = cache() / f"flat-{kind}-{rows}"
    if not folder.exists():
        half = folder.with_suffix(".half")
        program = ROOT / "tests" / "console" / "make_logs.py"
        subprocess.run([sys.executable, str(program), str(half), "--rows", str(rows), "--flat", "--format", kind,
                        "--quiet"], check=True)
        half.rename(folder)
    return folder


if __name__ == "__main__":
    for row in run():
        print(row)
