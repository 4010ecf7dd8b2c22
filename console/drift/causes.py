"""Causes that the numbers of a moved column suggest: a changed unit, a value filled in."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from console.drift.result import Floats
from console.metrics.format import format_number, format_value

UNIT_FACTORS = (10.0, 60.0, 100.0, 1000.0, 3600.0, 1e6, 1e9, 2.54, 3.28084, 2.20462, 1.609344)
"""Decimal steps, seconds to minutes and hours, inches, feet, pounds, miles."""
TOLERANCE = 0.05
"""How far apart the ratios of the middle quantiles may lie, and how far from the factor."""
MIDDLE = (0.25, 0.5, 0.75)
FILLED_SHARE = 0.05
"""A single value that gained this share looks filled in."""
USUAL_FILLS = (0.0, -1.0, -999.0, 999.0)


def suggested(quantiles: Iterable[tuple[float, float, float]], reference: Floats, current: Floats) -> str:
    """A clause for the sentence, or nothing. Both samples in rising order."""
    rows = tuple(quantiles)
    return unit_change(rows) or filled_value(rows, reference, current)


def unit_change(quantiles: tuple[tuple[float, float, float], ...]) -> str:
    """Whether the middle quantiles are all the same known factor larger or smaller."""
    middle = [row for row in quantiles if row[0] in MIDDLE]
    before, after = (np.array([row[side] for row in middle]) for side in (1, 2))
    if np.any(before == 0) or np.any(after == 0) or not np.all(np.isfinite(before) & np.isfinite(after)):
        return ""
    ratios = after / before
    typical = float(np.median(ratios))
    if typical <= 0 or float(np.max(np.abs(ratios / typical - 1))) > TOLERANCE:
        return ""
    ratio, sign = (typical, "×") if typical > 1 else (1 / typical, "÷")
    factor = min(UNIT_FACTORS, key=lambda known: abs(ratio / known - 1))
    if abs(ratio / factor - 1) > TOLERANCE:
        return ""
    return f"the middle half {sign} about {format_number(factor)}, perhaps another unit"


def filled_value(quantiles: tuple[tuple[float, float, float], ...], reference: Floats, current: Floats) -> str:
    """Whether one value has become much more frequent by itself."""
    gains = {value: _share(current, value) - _share(reference, value)
             for value in (*(row[2] for row in quantiles), *USUAL_FILLS)}
    value = max(gains, key=lambda candidate: gains[candidate])
    if gains[value] < FILLED_SHARE:
        return ""
    before, after = (format_value(_share(side, value), "share") for side in (reference, current))
    return f"the value {format_number(value)} alone {before} → {after}, perhaps filled in"


def _share(rising: Floats, value: float) -> float:
    return float(np.searchsorted(rising, value, "right") - np.searchsorted(rising, value, "left")) / len(rising)
