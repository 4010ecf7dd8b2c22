"""Exact drift of 20 columns, 500,000 rows a window, arrays in memory, against bare numpy and scipy on the same tests.

Bare numbers: both sides sorted, both distribution functions at every value, D, the limit p. Bare texts: counted with
`numpy.unique` over codes that pandas made, chi-square. Ours adds quantiles, histograms, PSI, JS, words and verdicts.
The statistics of both must agree to 1e-9.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from console.drift import ColumnSample, compare

ROWS, NUMBERS, TEXTS, ROUNDS = 500_000, 20, 4, 3


def run() -> list[dict[str, Any]]:
    """Rows {name, ours, reference, ratio, reach}; times in ms, best of three in turns."""
    generator = np.random.default_rng(0)
    numbers = [[ColumnSample(f"n{i}", generator.lognormal(0.01 * i * side, 1, ROWS)) for i in range(NUMBERS)]
               for side in (0, 1)]
    words = np.array([f"value {i}" for i in range(30)], dtype=object)
    texts = [[ColumnSample(f"t{i}", words[generator.integers(0, 30 - side * i, ROWS)]) for i in range(TEXTS)]
             for side in (0, 1)]
    return [_row(f"drift of {NUMBERS} numeric columns, {ROWS:,} rows a side", numbers, _bare_numbers, 1.5),
            _row(f"drift of {TEXTS} text columns, {ROWS:,} rows a side", texts, _bare_texts, None)]


def _row(name: str, sides: list[list[ColumnSample]], bare: Any, reach: float | None) -> dict[str, Any]:
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
            "reach": reach}


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
