"""The two distributions of a column, small enough to draw."""

from __future__ import annotations

import math

import numpy as np

from console.drift.bins import between
from console.drift.counts import OTHER, CountTable
from console.drift.result import Floats
from console.drift.view import CategoryShape, NumericShape

BINS = 40
EDGE_QUANTILES = (0.005, 0.995)
"""Bins reach over these of either side; the end bins hold the rest, so that one wild value flattens nothing."""
SHOWN_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
PAIRED_QUANTILES = np.arange(1, 100) / 100
TOP_VALUES = 12
LONGEST_LABEL = 60


def numeric_shape(column: str, reference: Floats, current: Floats) -> NumericShape:
    """From two samples in rising order, without NaN, neither empty."""
    edges = common_edges(reference, current)
    shares = [between(side, edges[1:-1]) / len(side) for side in (reference, current)]
    quantiles = tuple((q, quantile(reference, q), quantile(current, q)) for q in SHOWN_QUANTILES)
    values = [np.interp(PAIRED_QUANTILES * (len(side) - 1), *_neighbours(side)) for side in (reference, current)]
    pairs = tuple(zip(values[0].tolist(), values[1].tolist(), strict=True))
    return NumericShape(column, edges, shares[0], shares[1], quantiles, pairs)


def _neighbours(rising: Floats) -> tuple[Floats, Floats]:
    """The places around the paired quantiles, and what stands there: not all of a million."""
    at = PAIRED_QUANTILES * (len(rising) - 1)
    places = np.unique(np.concatenate([np.floor(at), np.ceil(at)])).astype(np.int64)
    return places.astype(np.float64), rising[places]


def common_edges(reference: Floats, current: Floats) -> Floats:
    """About 40 bins of one width; whole numbers lie in the middle of theirs, and no bin has one more of them."""
    sides = [side for side in (_finite(reference), _finite(current)) if len(side)]
    if not sides:
        return np.array([-0.5, 0.5])
    low = min(quantile(side, EDGE_QUANTILES[0]) for side in sides)
    high = max(quantile(side, EDGE_QUANTILES[1]) for side in sides)
    if all(_whole(side) for side in sides):
        low, high = math.floor(low), math.ceil(high)
        step = math.ceil((high - low + 1) / BINS)
        return np.arange(low, high + step + 1, step, dtype=np.float64)[: int((high - low) // step) + 2] - 0.5
    edges = np.linspace(low, high, BINS + 1)
    if low < high and np.all(np.diff(edges) > 0):
        return edges
    half = max(0.5, abs(low) * 1e-6)
    return np.array([low - half, low + half])


def quantile(rising: Floats, q: float) -> float:
    """The value at q, between its neighbours in proportion (Hyndman and Fan's type 7, as numpy)."""
    place = q * (len(rising) - 1)
    lower = math.floor(place)
    a, b = float(rising[lower]), float(rising[min(lower + 1, len(rising) - 1)])
    share = place - lower
    return a if a == b or share == 0 else a + (b - a) * share


def category_shape(column: str, table: CountTable) -> CategoryShape:
    """The values whose share changed most, and all others as one."""
    p, q = table.shares()
    order = np.argsort(-np.abs(p - q), kind="stable")
    top, rest = order[:TOP_VALUES], order[TOP_VALUES:]
    labels = tuple(cut(table.labels[i]) for i in top)
    if not len(rest):
        return CategoryShape(column, labels, p[top], q[top])
    return CategoryShape(column, (*labels, OTHER), np.append(p[top], p[rest].sum()), np.append(q[top], q[rest].sum()))


def cut(text: str, longest: int = LONGEST_LABEL) -> str:
    """One line of harmless characters, cut: no line ends, no control or direction marks from a log."""
    shown = "".join(character if character.isprintable() else "·" for character in text[: longest + 1])
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def _finite(rising: Floats) -> Floats:
    first = int(np.searchsorted(rising, -np.inf, side="right"))
    return rising[first: int(np.searchsorted(rising, np.inf, side="left"))]


def _whole(rising: Floats) -> bool:
    probe = rising[:: max(1, len(rising) // 100)]
    return bool(np.all(probe == np.floor(probe))) and abs(float(rising[-1])) < 1e15 \
        and abs(float(rising[0])) < 1e15 and bool(np.all(rising == np.floor(rising)))
