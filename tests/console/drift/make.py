"""Columns made up for the tests of this room."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from console.drift import ColumnDrift, ColumnSample, DriftView, compare


def texts(shares: dict[str | None, float], rows: int, generator: np.random.Generator) -> np.ndarray:
    """Values drawn with these shares."""
    return np.array(list(shares), dtype=object)[generator.choice(len(shares), rows, p=list(shares.values()))]


def one(reference: Sequence[object] | np.ndarray, current: Sequence[object] | np.ndarray, **sample) -> DriftView:
    """The comparison of a single column `x`."""
    return compare(*([ColumnSample("x", np.asarray(side), **sample)] for side in (reference, current)))


def row(view: DriftView, column: str = "x", kind: str = "") -> ColumnDrift:
    """The row of that column, and of that kind where it has two."""
    rows = [found for found in view.columns if found.column == column and kind in ("", found.kind)]
    assert len(rows) == 1, rows
    return rows[0]
