"""The two distributions of a column from counts in cells, to be drawn while a window is dragged."""

from __future__ import annotations

import numpy as np

from console.drift.counts import OTHER
from console.drift.cube import CountCube, CubeColumn, Whole
from console.drift.result import Floats
from console.drift.shapes import PAIRED_QUANTILES, SHOWN_QUANTILES, TOP_VALUES, common_edges, cut
from console.drift.view import CategoryShape, NumericShape, Shape

DRAWN_FROM = 2000
"""The axis is laid out for so many values that stand for all of the log."""


def preview_shape(cube: CountCube, column: str, reference: Whole, current: Whole) -> Shape | None:
    """From the counts of two windows. Axes and the order of values are those of the whole log: they stand still while
    a window moves. None for a column that is not counted, or is empty on a side."""
    place = next((at for at, one in enumerate(cube.columns) if one.column == column), None)
    if place is None:
        return None
    one, start = cube.columns[place], int(cube.starts[place])
    sides = [side[start: start + one.cells].astype(np.float64) for side in (reference, current)]
    if not all(side.sum() for side in sides):
        return None
    whole = cube.sums[-1, start: start + one.cells].astype(np.float64)
    if one.cuts is None or not one.is_numeric:
        return _categories(one, whole, sides)
    return _numbers(one, one.cuts, whole, sides)


def _numbers(one: CubeColumn, cuts: Floats, whole: Floats, sides: list[Floats]) -> NumericShape:
    """Values are taken to lie evenly between the ends of their bin."""
    ends = np.append(cuts, cuts[-1])
    drawn = np.repeat(ends, np.ceil(whole * (DRAWN_FROM / max(1.0, whole.sum()))).astype(np.int64))
    edges = common_edges(drawn, drawn)
    below = [np.cumsum(side)[:-1] / side.sum() for side in sides]
    shares = [np.diff(np.concatenate([[0.0], np.interp(edges[1:-1], cuts, share, left=0.0), [1.0]]))
              for share in below]
    values = [np.interp(SHOWN_QUANTILES, share, cuts) * one.scale for share in below]
    quantiles = tuple((q, _plain(a), _plain(b)) for q, a, b in zip(SHOWN_QUANTILES, *values, strict=True))
    both = [(np.interp(PAIRED_QUANTILES, share, cuts) * one.scale).tolist() for share in below]
    return NumericShape(one.column, edges * one.scale, shares[0], shares[1], quantiles,
                        tuple(zip(both[0], both[1], strict=True)))


def _plain(value: float) -> float:
    """Without the last digits: ends of bins lie beside the values that they hold."""
    return float(f"{value:.10g}")


def _categories(one: CubeColumn, whole: Floats, sides: list[Floats]) -> CategoryShape:
    named = np.array([label != OTHER for label in one.labels])
    order = [int(at) for at in np.argsort(-whole, kind="stable") if named[at] and whole[at]][:TOP_VALUES]
    p, q = (side / side.sum() for side in sides)
    rest = 1 - p[order].sum(), 1 - q[order].sum()
    labels = tuple(cut(one.labels[at]) for at in order)
    if max(rest) < 1e-12:
        return CategoryShape(one.column, labels, p[order], q[order])
    return CategoryShape(one.column, (*labels, OTHER), np.append(p[order], rest[0]), np.append(q[order], rest[1]))
