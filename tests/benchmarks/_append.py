"""Appends JSON rows at an even pace, each with the moment it was written; ends after some seconds. Run by others.

    python -m tests.benchmarks._append FILE ROWS_PER_S SECONDS [--wide] [--shift S] [--told FILE]

--wide   rows as `make_logs.py` has them, with twenty fields; else nine
--shift  seconds that are added to the clock: rows go on where an older log ends
--told   each write is noted there: the clock just before it, and how many rows there are with it, as two doubles
"""

from __future__ import annotations

import argparse
import time
from array import array
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

EVERY_S = 0.01
COUNTRIES = ("DE", "FR", "PL", "US")


def append(path: Path, rows_per_s: int, seconds: float, row: Callable[[int, str], str], *, shift_s: float = 0.0,
           told: Path | None = None) -> None:
    """Prints how many rows were written."""
    began = time.monotonic()
    written = 0
    with ExitStack() as files:
        log = files.enter_context(path.open("ab", buffering=0))
        notes = files.enter_context(told.open("ab", buffering=0)) if told is not None else None
        while (spent := time.monotonic() - began) < seconds:
            due = int(spent * rows_per_s)
            if due > written:
                now = time.time()
                stamp = datetime.fromtimestamp(now + shift_s, UTC).isoformat(timespec="microseconds")[:26] + "Z"
                log.write("".join([row(number, stamp) for number in range(written, due)]).encode())
                written = due
                if notes is not None:
                    notes.write(array("d", (now, due)).tobytes())
            time.sleep(EVERY_S)
    print(written)


def row(number: int, stamp: str) -> str:
    """One request of a model, as serving code logs it."""
    return (f'{{"ts":"{stamp}","request_id":"q{number:08d}","model":"ranker","model_version":"v{number % 3}",'
            f'"latency_ms":{5 + number % 97 / 10},"status":{500 if number % 211 == 0 else 200},'
            f'"prediction":{number % 1000 / 1000},"age":{18 + number % 60},"country":"{COUNTRIES[number % 4]}"'
            "}\n")


def wide_rows() -> Callable[[int, str], str]:
    """Rows of twenty fields; all but time and id are made before, so that the writer takes little of the machine."""
    ends = [f'","user_id":"u{number % 97:05d}","model_version":"ctr-v{1 + (number % 10 == 0)}",'
            f'"host":"serve-{number % 3}","status_code":{500 if number % 211 == 0 else 200},'
            f'"latency_ms":{20 + number % 977 / 10},"prediction":{(7 * number) % 1009 / 1009:.5f},'
            f'"age":{18 + number % 60},"price":{number % 353 / 7:.2f},"days_since_last":{number % 31},'
            f'"session_depth":{1 + number % 13},"user_ctr_7d":{number % 101 / 1010:.4f},'
            f'"device":"{("phone", "desktop", "tablet")[number % 3]}","country":"{COUNTRIES[number % 4]}",'
            f'"category":"{("home", "toys", "travel")[number % 3]}","seq_len":{3 + number % 17},'
            f'"cpu_pct":{30 + number % 41},"mem_mb":{4000 + number % 89},"load1":{number % 23 / 10}}}\n'
            for number in range(5003)]

    def make(number: int, stamp: str) -> str:
        return f'{{"ts":"{stamp}","request_id":"live{number:012x}{ends[number % 5003]}'

    return make


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.add_argument("rows_per_s", type=int)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--wide", action="store_true")
    parser.add_argument("--shift", type=float, default=0.0)
    parser.add_argument("--told", type=Path)
    given = parser.parse_args()
    append(given.file, given.rows_per_s, given.seconds, wide_rows() if given.wide else row, shift_s=given.shift,
           told=given.told)
