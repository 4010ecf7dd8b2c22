"""Loading a folder, beside DuckDB's bare CREATE TABLE AS of the same files into a file of its own; lnav for JSON lines.

Ours includes discovery, quarantine, ledger, rollups and the checkpoint. All run in processes of their own, by turns,
with as many threads as the machine has. The goals stand in the design: 1.5 times the time (JSON lines: 2 times), 1.3
times the memory, for ten million rows of Parquet and five of text; JSON lines faster than lnav, where it is installed.

lnav gets its best case: the lines in one file (of many small ones it leaves some out without a window), a format that
names three fields, no window and no output. It is timed until it has indexed all lines and told their number.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.benchmarks.harness import ROOT, Row, cache, is_full, python_environ

ROUNDS = 3
TIME_REACH = {"parquet": 1.5, "csv": 1.5, "jsonl": 2.0}
MEMORY_REACH = 1.3

FORMAT = {"predictions_log": {
    "title": "predictions", "json": True, "hide-extra": True, "file-pattern": r"predictions.*\.jsonl",
    "line-format": [{"field": "ts"}, " ", {"field": "request_id"}, " ", {"field": "latency_ms"}],
    "timestamp-field": "ts", "body-field": "request_id",
    "value": {"latency_ms": {"kind": "float"}, "request_id": {"kind": "string"}}}}
COUNT = ";SELECT count(*) FROM predictions_log"


def run() -> list[Row]:
    """The sizes that the design judges; less of all without `--full`, where memory says little and is only shown."""
    sizes = [("parquet", 10_000_000), ("csv", 5_000_000), ("jsonl", 5_000_000)] if is_full() else [
        ("parquet", 5_000_000), ("csv", 1_000_000), ("jsonl", 1_000_000)]
    return [row for kind, rows in sizes for row in compare(kind, rows)]


def compare(kind: str, rows: int) -> list[Row]:
    """Seconds, processor seconds and peak memory; for JSON lines the seconds of lnav too."""
    folder = flat(kind, rows)
    beside = kind == "jsonl" and shutil.which("lnav") is not None
    found: dict[str, list[tuple[float, float, float]]] = {"ours": [], "bare": []}
    indexed = []
    for _ in range(ROUNDS):
        for who in found:
            found[who].append(once(who, folder))
        if beside:
            indexed.append(lnav(folder, rows))
    one, other = ([median(values) for values in zip(*found[who], strict=True)] for who in ("ours", "bare"))
    name = f"load {rows / 1e6:g} M rows of {kind}"
    judged = kind == "parquet" or is_full()
    lines = [Row.against(name, one[0], other[0], reach=TIME_REACH[kind]),
             Row.against(f"{name}: processor", one[1], other[1]),
             Row.against(f"{name}: memory", one[2], other[2], unit="MB", reach=MEMORY_REACH if judged else None)]
    if beside:
        lines.append(Row.against(f"{name}, beside lnav", one[0], median(indexed), reach=1.0, note="lnav only indexes"))
    return lines


def lnav(folder: Path, rows: int) -> float:
    """Seconds that lnav takes to index the lines."""
    lines = cache() / f"lnav-{rows}" / "predictions.jsonl"
    if not lines.exists():
        lines.parent.mkdir(exist_ok=True)
        half = lines.with_suffix(".half")
        with half.open("wb") as out:
            for path in sorted(folder.iterdir()):
                with path.open("rb") as part:
                    shutil.copyfileobj(part, out)
        half.rename(lines)
    with TemporaryDirectory(dir=cache()) as home:
        formats = Path(home, ".config", "lnav", "formats", "benchmark")
        formats.mkdir(parents=True)
        (formats / "format.json").write_text(json.dumps(FORMAT))
        environ = {**os.environ, "HOME": home, "XDG_CONFIG_HOME": str(Path(home, ".config"))}
        started = time.perf_counter()
        done = subprocess.run(["lnav", "-n", "-q", "-c", COUNT, "-c", ":write-csv-to -", str(lines)], env=environ,
                              check=True, capture_output=True, text=True)
        spent = time.perf_counter() - started
    counted = int(done.stdout.split()[-1])
    if counted != rows:
        raise SystemExit(f"lnav has indexed {counted} lines of {rows}")
    return spent


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
