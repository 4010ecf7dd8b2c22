"""All curves of one chart in one graphics object."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from pyqtgraph import functions as fn
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen, QPolygonF
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from console.metrics.view import ChartView

Floats = NDArray[np.float64]

DOT_PX = 3.0
"""What a value between two gaps is drawn with; and a chart's only value."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One curve, ready to paint: whole (`line`) or with gaps (`path`), and the values that no line reaches."""

    line: QPolygonF | None
    path: QPainterPath | None
    dots: QPolygonF | None
    low: float                   # least and greatest finite value; NaN where there is none
    high: float


NOTHING = Shape(None, None, None, math.nan, math.nan)


class Curves(pg.GraphicsObject):
    """Draws shapes under the transform of its ViewBox. Its extent is the range of the view, not that of the data, so
    that nothing is measured when data come. Only `show_shapes` changes what is painted."""

    def __init__(self) -> None:
        super().__init__()
        self._extent = QRectF(0, 0, 1, 1)
        self._shapes: list[tuple[Shape, QPen]] = []

    def set_extent(self, extent: QRectF) -> None:
        """The range of the view, in its own units."""
        if extent != self._extent:
            self.prepareGeometryChange()
            self._extent = extent

    def show_shapes(self, shapes: Sequence[Shape], pens: Sequence[QPen]) -> None:
        """Takes what is painted next; the chart asks its viewport to repaint, once for all that changed."""
        self._shapes = list(zip(shapes, pens, strict=True))

    def boundingRect(self) -> QRectF:
        """The range of the view."""
        return self._extent

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Lines of width 1, opaque, not anti-aliased: the only ones with a quick way through the painter."""
        for shape, pen in self._shapes:
            painter.setPen(pen)
            if shape.line is not None:
                painter.drawPolyline(shape.line)
            if shape.path is not None:
                painter.drawPath(shape.path)
            if shape.dots is not None:
                painter.setPen(_dot_pen(pen))
                painter.drawPoints(shape.dots)


def shape_of(x: Floats, y: Floats) -> Shape:
    """A curve over increasing x; where y is not finite there is a gap.

    Returns whole lines as a polygon, filled through its memory; lines with gaps as one path, broken at each gap.
    """
    if not len(y):
        return NOTHING
    low, high = float(y.min()), float(y.max())
    if math.isfinite(low) and math.isfinite(high):       # both pass on what is not finite: so all is
        whole = polygon(x, y)
        return Shape(whole, None, None, low, high) if len(x) > 1 else Shape(None, None, whole, low, high)
    finite = np.isfinite(y)
    if not finite.any():
        return NOTHING
    alone = finite.copy()
    alone[1:] &= ~finite[:-1]
    alone[:-1] &= ~finite[1:]
    dots = polygon(x[alone], y[alone]) if alone.any() else None
    path = fn.arrayToQPath(x, np.where(finite, y, np.nan), connect="finite")
    return Shape(None, path, dots, float(y[finite].min()), float(y[finite].max()))


def polygon(x: Floats, y: Floats) -> QPolygonF:
    """Points as Qt wants them, written into its memory at once."""
    points = fn.create_qpolygonf(len(x))
    memory = fn.ndarray_from_qpolygonf(points)
    memory[:, 0] = x
    memory[:, 1] = y
    return points


def inside(x: Floats, start: float, end: float) -> slice:
    """Where increasing x lies from `start` to `end`, with one neighbour on either side for the lines that leave."""
    first, last = x.searchsorted((start, end))
    return slice(max(0, int(first) - 1), int(last) + 1)


def thinned(x: Floats, y: Floats, start: float, end: float, columns: int) -> tuple[Floats, Floats]:
    """The same curve with at most four points per pixel column, of which there are `columns` from `start` to `end`.

    A column keeps its first, least, greatest and last finite value, which paints the same pixels as all of them
    (U. Jugel and others, M4, PVLDB 7, 797, 2014): no spike is lost. A column without finite values is a gap; a missing
    value among others in a column is none, since it is narrower than a pixel.
    """
    if len(x) <= 4 * max(1, columns) or not end > start:
        return x, y
    column = np.floor((x - start) * (columns / (end - start)))
    begins = np.flatnonzero(np.concatenate(([True], column[1:] != column[:-1])))
    finite = np.isfinite(y)
    least = np.minimum.reduceat(np.where(finite, y, np.inf), begins)
    greatest = np.maximum.reduceat(np.where(finite, y, -np.inf), begins)
    place = np.arange(len(y))
    ends = np.concatenate((begins[1:], [len(y)]))
    head = np.minimum.reduceat(np.where(finite, place, len(y)), begins)
    tail = np.maximum.reduceat(np.where(finite, place, -1), begins)
    empty = tail < 0
    head = np.where(empty, begins, head)
    tail = np.where(empty, ends - 1, tail)
    thin_y = np.stack((y[head], least, greatest, y[tail]), axis=1)
    thin_y[empty] = np.nan
    thin_x = np.stack((x[head], x[head], x[head], x[tail]), axis=1)
    single = (head == tail) & ~empty
    thin_x, thin_y, single = thin_x.ravel(), thin_y.ravel(), np.repeat(single, 4)
    single[::4] = False          # a column of one value keeps one point of four, so that it can stand alone as a dot
    return thin_x[~single], thin_y[~single]


def _dot_pen(pen: QPen) -> QPen:
    key = (pen.color().rgba(), DOT_PX * pen.widthF())
    made = _DOT_PENS.get(key)
    if made is None:
        made = QPen(pen.color(), DOT_PX * pen.widthF())
        made.setCosmetic(True)
        made.setCapStyle(Qt.PenCapStyle.SquareCap)
        _DOT_PENS[key] = made
    return made


_DOT_PENS: dict[tuple[int, float], QPen] = {}


def same_curves(one: ChartView, other: ChartView) -> bool:
    """Whether both are drawn alike."""
    return (
        one.bucket_s == other.bucket_s
        and (one.title, one.unit, one.note, one.waits) == (other.title, other.unit, other.note, other.waits)
        and one.heat is other.heat
        and len(one.series) == len(other.series)
        and (one.times is other.times or np.array_equal(one.times, other.times))
        and all(
            a.name == b.name and _same(a.values, b.values)
            for a, b in zip(one.series, other.series, strict=True)
        )
        and _same_ghost(one, other)
    )


def _same_ghost(one: ChartView, other: ChartView) -> bool:
    if one.ghost is None or other.ghost is None:
        return one.ghost is other.ghost
    return one.ghost.name == other.ghost.name and _same(one.ghost.values, other.ghost.values)


def _same(one: Floats, other: Floats) -> bool:
    """Equal, with NaN equal to NaN. The newest value is looked at first: live, it is the one that changes."""
    if len(one) != len(other) or (len(one) and one[-1] != other[-1] and one[-1] == one[-1]):
        return False
    return np.array_equal(one, other, equal_nan=True)
