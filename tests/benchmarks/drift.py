"""Exact drift of 20 columns, 500,000 rows a window, arrays in memory: against bare numpy and scipy on the same tests,
and against Evidently and NannyML.

Bare numbers: both sides sorted, both distribution functions at every value, D, the limit p. Bare texts: counted over
codes that pandas made, chi-square. Ours adds quantiles, histograms, PSI, JS, words and verdicts. The statistics of both
must agree to 1e-9. The peers run with their own defaults on the same columns, half of them numbers and half texts, each
in an environment of its own that is made once and kept beside the other data of benchmarks; without uv or a network
their lines are left out, and that is said. Tests from the rows of a workspace stand beside it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from console.drift import ColumnSample, compare
from tests.benchmarks.harness import cache

ROWS, NUMBERS, TEXTS, ROUNDS = 500_000, 20, 4, 3
HALF = 10
PEERS = {"evidently": (("evidently==0.7.23", "pandas<3", "pyarrow"), 1 / 20),
         "nannyml": (("nannyml==0.13.1", "statsmodels", "pyarrow"), 1 / 10)}
"""Versions that import (drift.md section 7 of the survey), and how ours must compare."""
SILENT = {"DO_NOT_TRACK": "1", "NML_DISABLE_USAGE_LOGGING": "1"}

Sides = list[list[ColumnSample]]


def run() -> list[dict[str, Any]]:
    """Rows {name, ours, reference, ratio, reach}; times in ms, best of three in turns."""
    generator = np.random.default_rng(0)
    numbers = [[_number(generator, i, side) for i in range(NUMBERS)] for side in (0, 1)]
    texts = [[_text(generator, i, side) for i in range(TEXTS)] for side in (0, 1)]
    rows = [_row(f"drift of {NUMBERS} numeric columns, {ROWS:,} rows a side", numbers, _bare_numbers, 1.5),
            _row(f"drift of {TEXTS} text columns, {ROWS:,} rows a side", texts, _bare_texts, None)]
    del numbers, texts
    mixed = [[_number(generator, i, side) for i in range(HALF)] + [_text(generator, i, side) for i in range(HALF)]
             for side in (0, 1)]
    name = f"drift of {HALF} numeric and {HALF} text columns, {ROWS:,} rows a side"
    ours_ms = min(_ms(lambda: compare(*mixed)) for _ in range(ROUNDS))
    for peer, (_, reach) in PEERS.items():
        seconds = _peer_s(peer, mixed)
        if seconds is not None:
            rows.append({"name": f"{name}, beside {peer}", "ours": round(ours_ms, 1), "unit": "ms",
                         "reference": round(1e3 * seconds, 1), "ratio": round(ours_ms / (1e3 * seconds), 4),
                         "reach": reach, "note": f"{seconds * 1e3 / ours_ms:.0f} times as fast"})
    return rows


def _number(generator: np.random.Generator, number: int, side: int) -> ColumnSample:
    return ColumnSample(f"n{number}", generator.lognormal(0.01 * number * side, 1, ROWS))


def _text(generator: np.random.Generator, number: int, side: int) -> ColumnSample:
    words = np.array([f"value {i}" for i in range(30)], dtype=object)
    return ColumnSample(f"t{number}", words[generator.integers(0, 30 - side * number, ROWS)])


def _ms(work: Any) -> float:
    started = time.perf_counter()
    work()
    return 1e3 * (time.perf_counter() - started)


def _row(name: str, sides: Sides, bare: Any, reach: float | None) -> dict[str, Any]:
    spent: dict[str, list[float]] = {"ours": [], "reference": []}
    compare(*[side[:1] for side in sides])     # imports
    for _ in range(ROUNDS):
        start = time.perf_counter()
        theirs = bare(*sides)
        between = time.perf_counter()
        view = compare(*sides)
        spent["ours"].append(time.perf_counter() - between)
        spent["reference"].append(between - start)
        for row in view.columns:
            assert abs(row.statistic - theirs[row.column]) <= 1e-9 * max(1.0, abs(row.statistic)), row.column
    ours, reference = min(spent["ours"]) * 1e3, min(spent["reference"]) * 1e3
    return {"name": name, "ours": round(ours, 1), "reference": round(reference, 1), "ratio": round(ours / reference, 2),
            "reach": reach, "unit": "ms"}


def _bare_numbers(reference: list[ColumnSample], current: list[ColumnSample]) -> dict[str, float]:
    from scipy.special import kolmogorov

    found = {}
    for before, after in zip(reference, current, strict=True):
        a, b = np.sort(before.values), np.sort(after.values)
        both = np.concatenate([a, b])
        gaps = np.searchsorted(a, both, "right") / len(a) - np.searchsorted(b, both, "right") / len(b)
        found[before.column] = float(np.abs(gaps).max())
        kolmogorov(np.sqrt(len(a) * len(b) / len(both)) * found[before.column])
    return found


def _bare_texts(reference: list[ColumnSample], current: list[ColumnSample]) -> dict[str, float]:
    import pandas as pd
    from scipy.stats import chi2_contingency

    found = {}
    for before, after in zip(reference, current, strict=True):
        codes = pd.factorize(np.concatenate([before.values, after.values]))[0]
        k = int(codes.max()) + 1
        counts = [np.bincount(side, minlength=k) for side in (codes[: len(before.values)], codes[len(before.values):])]
        found[before.column] = float(chi2_contingency(counts, correction=False).statistic)
    return found


# ---- peers -----------------------------------------------------------------------------------------------------


def _peer_s(peer: str, sides: Sides) -> float | None:
    """Seconds of its report on the same columns, best of two; None where it cannot be run."""
    python = _environment(peer)
    if python is None:
        return None
    folder = _frames(sides)
    command = [str(python), str(Path(__file__).with_name("_peer.py")), peer, str(folder)]
    found = []
    for _ in range(2):
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | SILENT)
        if done.returncode:
            print(f"{peer} could not run: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
            return None
        found.append(float(done.stdout.rpartition("seconds ")[2]))
    return min(found)


def _environment(peer: str) -> Path | None:
    """The Python of the peer's environment, made once."""
    place = cache() / f"peer-{peer}"
    python = place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    done = place / "done"
    if done.exists():
        return python
    uv = shutil.which("uv")
    if uv is None:
        print(f"{peer} is left out: there is no uv to make its environment with", file=sys.stderr)
        return None
    for command in ([uv, "venv", "--quiet", "--clear", "--python", "3.11", str(place)],
                    [uv, "pip", "install", "--quiet", "--python", str(python), *PEERS[peer][0]]):
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode:
            print(f"{peer} is left out: {made.stderr.strip()[-300:]}", file=sys.stderr)
            return None
    done.touch()
    return python


def _frames(sides: Sides) -> Path:
    """The columns as two files of Parquet, which the peers read before their clock starts."""
    import pandas as pd

    folder = cache() / f"peer-frames-{ROWS}-{HALF}"
    folder.mkdir(exist_ok=True)
    for name, side in zip(("reference", "current"), sides, strict=True):
        path = folder / f"{name}.parquet"
        if not path.exists():
            half = path.with_suffix(".half")
            pd.DataFrame({sample.column: sample.values for sample in side}).to_parquet(half)
            half.rename(path)
    return folder
