"""Training against serving: the same requests by their key, value by value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


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
