"""What may have been done to the values of a column on their way: the named cause behind numbers that moved."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from console.drift.result import Floats
from console.metrics.format import format_number, format_value

UNIT_FACTORS = (10.0, 12.0, 24.0, 60.0, 100.0, 1000.0, 3600.0, 86_400.0, 1e6, 1e9, 2.54, 3.28084, 2.20462, 1.609344)
"""Decimal steps, months and hours, seconds to minutes, hours and days, inches, feet, pounds, miles."""
USUAL_FILLS = (0.0, -1.0, -999.0, 999.0)
QUANTILES = np.array([0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9])
MIDDLE = (0.25, 0.5, 0.75)
LEAST_ROWS = 30
RATIO_TOLERANCE = 0.03
"""How far the ratios of the quantiles may lie apart for any other factor."""
UNIT_TOLERANCE, UNIT_ENDS = 0.05, 0.15
"""For a factor that a unit has: the ratios of the middle half, and those of all quantiles, may lie so far from it."""
LEAST_RATIO = 0.25
OFFSET_TOLERANCE = 0.1
"""How far the differences of the quantiles may lie apart, in half interquartile ranges; an offset is at least one."""
FILLED_SHARE = 0.05
"""A single value that gained this share looks filled in."""
NEW_SHARE, MOST_FEW = 0.01, 50
"""In a column of so few different values only a value that was hardly there before can be a default."""
HOUR_GAIN = 0.5
"""A shift of hours explains the difference when it takes away half of the distance."""
LEAST_HOUR_DISTANCE = 0.05


class Cause(StrEnum):
    """What was probably done to the values on their way."""

    UNIT = "unit"               # times a known factor
    RATIO = "ratio"             # times another factor
    OFFSET = "offset"
    FILL = "fill"               # one value much more frequent
    NULLS_FILLED = "nulls filled"
    CUT = "cut off"             # nothing above or below a value, and much at it
    LABELS_WRITTEN = "labels written otherwise"
    HOURS = "hours"


SAID = {Cause.UNIT: "another unit", Cause.RATIO: "scaled", Cause.OFFSET: "shifted", Cause.FILL: "default filled in",
        Cause.NULLS_FILLED: "nulls filled in", Cause.CUT: "cut off", Cause.LABELS_WRITTEN: "labels written otherwise",
        Cause.HOURS: "hours shifted"}
"""In a few words."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """One cause with its number.

    amount   the factor from reference to current, the offset, the value filled in or cut at, or the hours
    share    of the current rows: those filled or cut, or those whose label is known when written otherwise; 1 else
    sentence   a clause, to stand behind the name of the column
    """

    cause: Cause
    amount: float
    share: float
    sentence: str


def suspicions(reference: ArrayLike, current: ArrayLike) -> tuple[Suspicion, ...]:
    """What may explain that a column differs, the surest first; nothing where no cause fits.

    Numbers are floats with NaN for a missing value, everything else is labels, str or None. Fewer than 30 values on a
    side suggest nothing. These are suspicions: each is a way to get from one to the other, and no proof that it was.
    """
    a, b = np.asarray(reference), np.asarray(current)
    if a.dtype.kind in "biuf" and b.dtype.kind in "biuf":
        x, y = (np.sort(side.astype(np.float64).ravel()) for side in (a, b))
        gone = tuple(float(np.isnan(side).mean()) if len(side) else 0.0 for side in (x, y))
        x, y = (side[np.isfinite(side)] for side in (x, y))
        return of_numbers(x, y, gone[0], gone[1], every_value=True)
    found = labels_written(a.astype(object).ravel(), b.astype(object).ravel())
    return (found,) if found else ()


def suggested(reference: Floats, current: Floats, missing_reference: float, missing_current: float) -> str:
    """A clause for the sentence of a column that moved, or nothing: only of causes that are hardly anything else.
    Both samples in rising order, with the shares of rows that have no value."""
    sure = (Cause.UNIT, Cause.FILL, Cause.NULLS_FILLED, Cause.CUT)
    return "; ".join(one.sentence for one in of_numbers(reference, current, missing_reference, missing_current)
                     if one.cause in sure)


def of_numbers(x: Floats, y: Floats, missing_reference: float, missing_current: float, *,
               every_value: bool = False) -> tuple[Suspicion, ...]:
    """The same for values in rising order.

    every_value   look for the most frequent of all values, not only among the quantiles: it takes a pass over them
    """
    if min(len(x), len(y)) < LEAST_ROWS:
        return ()
    cut = cut_off(x, y)
    filled = None if cut else filled_in(x, y, missing_reference, missing_current, every_value=every_value)
    rest = y[y != filled.amount] if filled else y
    if len(rest) < LEAST_ROWS:
        return tuple(one for one in (filled,) if one)
    scaled = None if cut else factor(x, rest)
    moved = None if cut or scaled else offset(x, rest)
    return tuple(one for one in (cut, filled, scaled, moved) if one)


def factor(reference: Floats, current: Floats) -> Suspicion | None:
    """Whether all quantiles are the same factor larger or smaller. Both finite and rising, neither empty.

    Quantiles near 0 beside the spread say nothing of a factor and are left out; four have to be left.
    """
    before, after = _quantiles(reference, QUANTILES), _quantiles(current, QUANTILES)
    spread = float(before[-1] - before[0])
    telling = np.abs(before) > 0.05 * max(spread, 1e-300)
    if np.count_nonzero(telling) < 4 or np.any(after[telling] == 0) or not spread > 0:
        return None
    ratios = after[telling] / before[telling]
    typical = float(np.median(ratios))
    if not typical > 0 or not np.all(np.isfinite(ratios)) or abs(typical - 1) < LEAST_RATIO:
        return None
    ratio, sign = (typical, "×") if typical > 1 else (1 / typical, "÷")
    known = min(UNIT_FACTORS, key=lambda one: abs(ratio / one - 1))
    off = np.abs(ratios / (known if typical > 1 else 1 / known) - 1)
    middle = off[np.isin(QUANTILES[telling], MIDDLE)]
    if len(middle) and middle.max() <= UNIT_TOLERANCE and off.max() <= UNIT_ENDS:
        return Suspicion(Cause.UNIT, known if typical > 1 else 1 / known, 1.0,
                         f"all quantiles {sign} about {known:,g}, perhaps another unit")
    noise = 2 * _quantile_noise(reference, current) / float(np.median(np.abs(before[telling])))
    if float(np.max(np.abs(ratios / typical - 1))) > max(RATIO_TOLERANCE, min(0.15, noise)):
        return None
    return Suspicion(Cause.RATIO, typical, 1.0, f"all quantiles {sign} {ratio:.3g}, perhaps scaled")


def offset(reference: Floats, current: Floats) -> Suspicion | None:
    """Whether all quantiles are the same amount higher or lower, by half an interquartile range at least. Both rising.
    """
    before, after = _quantiles(reference, QUANTILES), _quantiles(current, QUANTILES)
    half = float(before[5] - before[1]) / 2
    steps = after - before
    typical = float(np.median(steps))
    allowed = max(OFFSET_TOLERANCE * half, min(half / 2, 2 * _quantile_noise(reference, current)))
    if not half > 0 or abs(typical) < half or not float(np.max(np.abs(steps - typical))) <= allowed:
        return None
    return Suspicion(Cause.OFFSET, typical, 1.0, f"all quantiles {typical:+.3g}, perhaps another zero")


def filled_in(reference: Floats, current: Floats, missing_reference: float, missing_current: float, *,
              every_value: bool = False) -> Suspicion | None:
    """Whether one value stands alone in many more rows; and whether nulls became it. Both rising.

    The candidates are the quantiles of now, 0, -1 and the like, and where asked for the most frequent value.
    """
    candidates = {*_at(current, QUANTILES), *USUAL_FILLS}
    if every_value:
        values, counts = np.unique(current, return_counts=True)
        candidates.add(float(values[int(np.argmax(counts))]))
    there = 1 - missing_reference, 1 - missing_current
    shares = {value: (there[0] * _share(reference, value), there[1] * _share(current, value)) for value in candidates}
    value = max(sorted(shares), key=lambda one: shares[one][1] - shares[one][0])
    before, share = shares[value]
    if before > NEW_SHARE and _few(reference):
        return None                 # one of a few values became more frequent, as values of a category do
    lost = missing_reference - missing_current
    if lost >= FILLED_SHARE / 2 and share - before >= max(lost / 2, FILLED_SHARE / 2):
        return Suspicion(Cause.NULLS_FILLED, value, share,
                         f"missing {_said(missing_reference)} → {_said(missing_current)} and the value "
                         f"{format_number(value)} {_said(before)} → {_said(share)}, nulls perhaps turned into it")
    if share - before < FILLED_SHARE:
        return None
    return Suspicion(Cause.FILL, value, share,
                     f"the value {format_number(value)} alone {_said(before)} → {_said(share)}, perhaps filled in")


def cut_off(reference: Floats, current: Floats) -> Suspicion | None:
    """Whether nothing is above the largest value now (or below the least), many rows are at it, and about as many were
    at it or beyond it. Both rising."""
    for value, beyond, word in (
            (float(current[-1]), 1 - _place(reference, float(current[-1]), "right"), "above"),
            (float(current[0]), _place(reference, float(current[0]), "left"), "below")):
        before, share = _share(reference, value), _share(current, value)
        gained = math.isfinite(value) and min(beyond, share - before) >= FILLED_SHARE
        if gained and 0.5 <= share / (before + beyond) <= 2:
            return Suspicion(Cause.CUT, value, share,
                             f"nothing {word} {format_number(value)}, where {_said(share)} of the rows now are and "
                             f"{_said(beyond)} were beyond it, perhaps cut off")
    return None


def labels_written(reference: NDArray[np.object_], current: NDArray[np.object_]) -> Suspicion | None:
    """Whether labels that the reference never had are those it had, in another case or with spaces around."""
    known = Counter(str(value) for value in reference if value is not None and value == value)
    seen = Counter(str(value) for value in current if value is not None and value == value)
    total = sum(seen.values())
    if total < LEAST_ROWS or sum(known.values()) < LEAST_ROWS:
        return None
    new = {label: count for label, count in seen.items() if label not in known}
    for words, change in (("with spaces around", str.strip), ("in another case", str.casefold),
                          ("in another case and with spaces around", lambda text: text.strip().casefold())):
        plain = {change(label) for label in known}
        met = sum(count for label, count in new.items() if change(label) in plain)
        if met >= FILLED_SHARE * total and met >= 0.9 * sum(new.values()):
            return Suspicion(Cause.LABELS_WRITTEN, float("nan"), met / total,
                             f"{_said(met / total)} of the rows have a label of the reference {words}")
    return None


def hour_shift(reference_hours: ArrayLike, current_hours: ArrayLike) -> Suspicion | None:
    """Whether the hours of the day (0 to 24, NaN dropped) fit those of the reference after a shift of whole hours.

    By the total variation distance of the 24 counts: the best shift has to take away half of it.
    """
    counts = []
    for hours in (reference_hours, current_hours):
        known = np.asarray(hours, dtype=np.float64).ravel()
        known = known[np.isfinite(known)]
        if len(known) < 10 * LEAST_ROWS:
            return None
        counts.append(np.bincount(np.floor(known).astype(np.int64) % 24, minlength=24) / len(known))
    distances = [float(np.abs(np.roll(counts[0], shift) - counts[1]).sum()) / 2 for shift in range(24)]
    best = int(np.argmin(distances))
    if best == 0 or distances[0] < LEAST_HOUR_DISTANCE or distances[best] > (1 - HOUR_GAIN) * distances[0]:
        return None
    hours = best if best <= 12 else best - 24
    return Suspicion(Cause.HOURS, float(hours), 1.0,
                     f"the hours of the day fit when moved by {hours:+d} h, perhaps another time zone")


def _quantiles(rising: Floats, q: Floats) -> Floats:
    """Of values in rising order, without sorting them again."""
    at = q * (len(rising) - 1)
    low = np.floor(at).astype(np.int64)
    high = np.minimum(low + 1, len(rising) - 1)
    found: Floats = rising[low] + (at - low) * (rising[high] - rising[low])
    return found


def _at(rising: Floats, q: Floats) -> list[float]:
    return [float(value) for value in rising[np.round(q * (len(rising) - 1)).astype(np.int64)]]


def _place(rising: Floats, value: float, side: str) -> float:
    """Share of the values below (left), or not above (right)."""
    return float(np.searchsorted(rising, value, "left" if side == "left" else "right")) / len(rising)


def _few(rising: Floats) -> bool:
    """Whether there are at most MOST_FEW different values: found in as many jumps."""
    place = 0
    for _ in range(MOST_FEW):
        place = int(np.searchsorted(rising, rising[place], side="right"))
        if place >= len(rising):
            return True
    return False


def _share(rising: Floats, value: float) -> float:
    return _place(rising, value, "right") - _place(rising, value, "left")


def _said(share: float) -> str:
    return format_value(float(share), "share")


def _quantile_noise(reference: Floats, current: Floats) -> float:
    """About the standard error of the difference of two medians, by the spread of the reference."""
    low, high = _quantiles(reference, np.array([0.25, 0.75]))
    return 1.25 * float(high - low) / 1.35 * math.sqrt(1 / len(reference) + 1 / len(current))
