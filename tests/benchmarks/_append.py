"""Appends JSON rows at an even pace, each with the moment it was written; ends after some seconds. Run by `follow`."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path

EVERY_S = 0.01
COUNTRIES = ("DE", "FR", "PL", "US")


def append(path: Path, rows_per_s: int, seconds: float) -> None:
    """Prints how many rows were written."""
    began = time.monotonic()
    written = 0
    with path.open("ab", buffering=0) as log:
        while (spent := time.monotonic() - began) < seconds:
            due = int(spent * rows_per_s)
            if due > written:
                stamp = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
                log.write("".join(row(number, stamp) for number in range(written, due)).encode())
                written = due
            time.sleep(EVERY_S)
    print(written)


def row(number: int, stamp: str) -> str:
    """One request of a model, as serving code logs it."""
    return (f'{{"ts":"{stamp}","request_id":"q{number:08d}","model":"ranker","model_version":"v{number % 3}",'
            f'"latency_ms":{5 + number % 97 / 10},"status":{500 if number % 211 == 0 else 200},'
            f'"prediction":{number % 1000 / 1000},"age":{18 + number % 60},"country":"{COUNTRIES[number % 4]}"'
            "}\n")


if __name__ == "__main__":
    append(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
