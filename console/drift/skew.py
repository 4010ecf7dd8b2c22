"""Training against serving: what may have been done to a column on its way, and the same requests by their key."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from console.drift.causes import UNIT_FACTORS, USUAL_FILLS
from console.drift.result import Floats
from console.metrics.format import format_value

QUANTILES = (0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9)
LEAST_ROWS = 30
RATIO_TOLERANCE = 0.03
"""How far the ratios of the quantiles may lie apart, and their middle from a known factor."""
OFFSET_TOLERANCE = 0.1
"""How far the differences of the quantiles may lie apart, in half interquartile ranges; an offset is at least one."""
FILLED_SHARE = 0.05
HOUR_GAIN = 0.5
"""A shift of hours explains the difference when it takes away half of the distance."""
LEAST_HOUR_DISTANCE = 0.05


class SkewCause(StrEnum):
    """What was probably done to the values on their way."""

    UNIT = "unit"               # times a known factor
    RATIO = "ratio"             # times another factor
    OFFSET = "offset"
    FILL = "fill"               # one value much more frequent
    NULLS_FILLED = "nulls filled"
    LABELS_WRITTEN = "labels written otherwise"
    HOURS = "hours"


@dataclass(frozen=True, slots=True)
class Suspicion:
    """One cause with its number.

    amount   the factor from training to serving, the offset, the value filled in, or the hours
    share    of the serving rows: those filled, or those whose label is known when written otherwise; 1 for the others
    """

    cause: SkewCause
    amount: float
    share: float
    sentence: str


def suspicions(training: ArrayLike, serving: ArrayLike) -> tuple[Suspicion, ...]:
    """What may explain that a column differs, the surest first; nothing where no cause fits.

    Numbers are floats with NaN for a missing value, everything else is labels, str or None. Fewer than 30 values on a
    side suggest nothing. These are suspicions: each is a way to get from one to the other, and no proof that it was.
    """
    a, b = np.asarray(training), np.asarray(serving)
    if a.dtype.kind in "biuf" and b.dtype.kind in "biuf":
        return _of_numbers(a.astype(np.float64).ravel(), b.astype(np.float64).ravel())
    found = labels_written(a.astype(object).ravel(), b.astype(object).ravel())
    return (found,) if found else ()


def _of_numbers(a: Floats, b: Floats) -> tuple[Suspicion, ...]:
    x, y = a[np.isfinite(a)], b[np.isfinite(b)]
    if min(len(x), len(y)) < LEAST_ROWS:
        return ()
    filled = filled_in(a, b)
    rest = y[y != filled.amount] if filled else y
    scaled = factor(x, rest) if len(rest) >= LEAST_ROWS else None
    moved = offset(x, rest) if scaled is None and len(rest) >= LEAST_ROWS else None
    return tuple(one for one in (filled, scaled, moved) if one)


def factor(training: Floats, serving: Floats) -> Suspicion | None:
    """Whether all quantiles are the same factor larger or smaller. Both finite, neither empty.

    Quantiles near 0 beside the spread say nothing of a factor and are left out; four have to be left.
    """
    before, after = np.quantile(training, QUANTILES), np.quantile(serving, QUANTILES)
    spread = float(before[-1] - before[0])
    telling = np.abs(before) > 0.05 * max(spread, 1e-300)
    if np.count_nonzero(telling) < 4 or np.any(after[telling] == 0) or spread <= 0:
        return None
    ratios = after[telling] / before[telling]
    typical = float(np.median(ratios))
    noise = 2 * _quantile_noise(training, serving) / float(np.median(np.abs(before[telling])))
    apart = float(np.max(np.abs(ratios / typical - 1))) if typical else math.inf
    if typical <= 0 or apart > max(RATIO_TOLERANCE, min(0.15, noise)) or abs(typical - 1) < 0.25:
        return None
    ratio, sign = (typical, "×") if typical > 1 else (1 / typical, "÷")
    known = min(UNIT_FACTORS, key=lambda one: abs(ratio / one - 1))
    if abs(ratio / known - 1) <= RATIO_TOLERANCE:
        return Suspicion(SkewCause.UNIT, known if typical > 1 else 1 / known, 1.0,
                         f"all quantiles {sign} {known:g}, perhaps another unit")
    return Suspicion(SkewCause.RATIO, typical, 1.0, f"all quantiles {sign} {ratio:.3g}, perhaps scaled")


def offset(training: Floats, serving: Floats) -> Suspicion | None:
    """Whether all quantiles are the same amount higher or lower, by half an interquartile range at least."""
    before, after = np.quantile(training, QUANTILES), np.quantile(serving, QUANTILES)
    half = float(np.subtract(*np.quantile(training, [0.75, 0.25]))) / 2
    steps = after - before
    typical = float(np.median(steps))
    allowed = max(OFFSET_TOLERANCE * half, min(half / 2, 2 * _quantile_noise(training, serving)))
    if half <= 0 or abs(typical) < half or float(np.max(np.abs(steps - typical))) > allowed:
        return None
    return Suspicion(SkewCause.OFFSET, typical, 1.0, f"all quantiles {typical:+.3g}, perhaps another zero")


def filled_in(training: Floats, serving: Floats) -> Suspicion | None:
    """Whether one value stands alone in many more serving rows; and whether nulls of training became it.

    Both with NaN for missing values. The candidates are the most frequent serving value, 0, -1 and the like.
    """
    known_before, known_after = training[np.isfinite(training)], serving[np.isfinite(serving)]
    if not len(known_before) or not len(known_after):
        return None
    values, counts = np.unique(known_after, return_counts=True)
    candidates = {float(values[int(np.argmax(counts))]), *USUAL_FILLS}
    gains = {value: float((serving == value).mean() - (training == value).mean()) for value in candidates}
    value = max(gains, key=lambda one: gains[one])
    share = float((serving == value).mean())
    lost = float(np.isnan(training).mean() - np.isnan(serving).mean())
    if lost >= FILLED_SHARE / 2 and gains[value] >= lost / 2 and gains[value] >= FILLED_SHARE / 2:
        return Suspicion(SkewCause.NULLS_FILLED, value, share,
                         f"{_share(np.isnan(training).mean())} missing in training, {_share(np.isnan(serving).mean())} "
                         f"in serving, where {value:g} stands in {_share(share)}: nulls perhaps turned into it")
    if gains[value] < FILLED_SHARE:
        return None
    return Suspicion(SkewCause.FILL, value, share,
                     f"the value {value:g} alone in {_share(share)} of serving rows, {_share(share - gains[value])} "
                     f"in training, perhaps a default")


def labels_written(training: NDArray[np.object_], serving: NDArray[np.object_]) -> Suspicion | None:
    """Whether labels that training never had are those it had, in another case or with spaces around."""
    known = Counter(str(value) for value in training if value is not None and value == value)
    seen = Counter(str(value) for value in serving if value is not None and value == value)
    total = sum(seen.values())
    if total < LEAST_ROWS or sum(known.values()) < LEAST_ROWS:
        return None
    new = {label: count for label, count in seen.items() if label not in known}
    for words, change in (("with spaces around", str.strip), ("in another case", str.casefold),
                          ("in another case and with spaces around", lambda text: text.strip().casefold())):
        plain = {change(label) for label in known}
        met = sum(count for label, count in new.items() if change(label) in plain)
        if met >= FILLED_SHARE * total and met >= 0.9 * sum(new.values()):
            return Suspicion(SkewCause.LABELS_WRITTEN, float("nan"), met / total,
                             f"{_share(met / total)} of serving rows have a label of training {words}")
    return None


def hour_shift(training_hours: ArrayLike, serving_hours: ArrayLike) -> Suspicion | None:
    """Whether the hours of the day (0 to 24, NaN dropped) fit those of training after a shift of whole hours.

    By the total variation distance of the 24 counts: the best shift has to take away half of it.
    """
    counts = []
    for hours in (training_hours, serving_hours):
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
    return Suspicion(SkewCause.HOURS, float(hours), 1.0,
                     f"the hours of the day fit when moved by {hours:+d} h, perhaps another time zone")


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One feature of the requests that both sides have. examples: (key, training, serving), the first few that differ.

    usual_ratio, usual_offset   median of serving / training and of serving - training over the numbers that differ
    """

    column: str
    compared: int
    differing: int
    missing_training: int
    missing_serving: int
    usual_ratio: float
    usual_offset: float
    examples: tuple[tuple[str, str, str], ...]

    @property
    def rate(self) -> float:
        """Differing rows by rows compared; nan where none was."""
        return self.differing / self.compared if self.compared else float("nan")


EXAMPLES = 5


def mismatches(keys_training: ArrayLike, training: Mapping[str, ArrayLike], keys_serving: ArrayLike,
               serving: Mapping[str, ArrayLike], *, relative: float = 1e-6, absolute: float = 1e-9
               ) -> tuple[Mismatch, ...]:
    """The same requests by their key on both sides, feature by feature, the highest rate first.

    Numbers agree within `absolute` + `relative` x the larger of both, infinities when equal, labels when the same text.
    Missing on one side only is a difference, on both sides an agreement. A key that is not unique on a side is left
    out: nobody knows which of its rows is meant.
    """
    one, other = _paired(keys_training, keys_serving)
    labels = np.asarray(keys_training).ravel()[one]
    found = []
    for name in sorted(training.keys() & serving.keys()):
        a, b = np.asarray(training[name]).ravel()[one], np.asarray(serving[name]).ravel()[other]
        found.append(_mismatch(name, labels, a, b, relative, absolute))
    return tuple(sorted(found, key=lambda feature: (-feature.rate if feature.compared else 0.0, feature.column)))


def _paired(keys_training: ArrayLike, keys_serving: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    places = []
    for keys in (keys_training, keys_serving):
        texts = [None if key is None or key != key else str(key) for key in np.asarray(keys).ravel().tolist()]
        often = Counter(texts)
        places.append({key: place for place, key in enumerate(texts) if key is not None and often[key] == 1})
    shared = [key for key in places[0] if key in places[1]]
    return np.array([places[0][key] for key in shared], dtype=np.int64), \
        np.array([places[1][key] for key in shared], dtype=np.int64)


def _mismatch(name: str, keys: NDArray[np.generic], a: NDArray[np.generic], b: NDArray[np.generic], relative: float,
              absolute: float) -> Mismatch:
    ratio = moved = float("nan")
    if a.dtype.kind in "biuf" and b.dtype.kind in "biuf":
        x, y = a.astype(np.float64), b.astype(np.float64)
        gone, lost = np.isnan(x), np.isnan(y)
        with np.errstate(invalid="ignore"):
            near = (x == y) | (np.isfinite(x) & np.isfinite(y)
                               & (np.abs(x - y) <= absolute + relative * np.maximum(np.abs(x), np.abs(y))))
        differs = ~near & ~(gone & lost)
        numbers = differs & np.isfinite(x) & np.isfinite(y)
        if numbers.any():
            moved = float(np.median(y[numbers] - x[numbers]))
            divided = numbers & (x != 0)
            ratio = float(np.median(y[divided] / x[divided])) if divided.any() else ratio
    else:
        gone, lost = (np.array([value is None or value != value for value in side.tolist()], dtype=bool)
                      for side in (a, b))
        same = np.array([str(v) == str(w) for v, w in zip(a.tolist(), b.tolist(), strict=True)], dtype=bool)
        differs = (~same | (gone ^ lost)) & ~(gone & lost)
    shown = np.flatnonzero(differs)[:EXAMPLES]
    return Mismatch(name, len(a), int(differs.sum()), int(gone.sum()), int(lost.sum()), ratio, moved,
                    tuple((str(keys[place]), str(a[place]), str(b[place])) for place in shown.tolist()))


def _share(share: float) -> str:
    return format_value(float(share), "share")


def _quantile_noise(training: Floats, serving: Floats) -> float:
    """About the standard error of the difference of two medians, by the spread of the training values."""
    spread = float(np.subtract(*np.quantile(training, [0.75, 0.25]))) / 1.35
    return 1.25 * spread * math.sqrt(1 / len(training) + 1 / len(serving))
