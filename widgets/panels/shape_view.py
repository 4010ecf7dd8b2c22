"""Two distributions of one column, drawn over each other: reference dashed and blue, current solid and orange."""

from __future__ import annotations

import math
from enum import Enum

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen, QPixmap, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from console.drift.view import CategoryShape, NumericShape, Shape
from console.metrics.format import format_number, format_value
from widgets.charts.curves import polygon
from widgets.charts.value_axis import value_ticks
from widgets.icons import Icons
from widgets.theme import REFERENCE_DASH, Theme

MOST_CATEGORIES = 12
FRAMES_KEPT = 4
"""Pictures of axes: the highest bar of a moving window comes and goes over a few of them."""
PAD = 8


class Drawn(Enum):
    """How numbers are drawn."""

    HISTOGRAM = "histogram"
    ECDF = "ecdf"               # the share of rows up to a value
    QUANTILES = "quantiles"     # quantiles of now over those of the reference


class ShapeView(QWidget):
    """Draws a NumericShape as two outlines (or cumulated, or quantiles against quantiles), a CategoryShape as pairs of
    bars."""

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("shape_view")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)       # what lies behind need not be drawn
        self._icons = icons
        self._frames: dict[tuple[object, ...], tuple[QPixmap, QRectF]] = {}
        self._shape: Shape | None = None
        self._drawn = Drawn.HISTOGRAM
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(160)
        icons.holder.changed.connect(self._theme_changed)

    def display(self, shape: Shape | None) -> None:
        """Show these distributions, or none."""
        self._shape = shape
        self.setAccessibleName(spoken(shape))
        self.update()

    @property
    def shape(self) -> Shape | None:
        """What is shown."""
        return self._shape

    def draw_as(self, drawn: Drawn) -> None:
        """Numbers that way, from now on."""
        self._drawn = drawn
        self.update()

    def sizeHint(self) -> QSize:
        """Wide enough for names of categories."""
        return QSize(400, 260)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """What stands still while a window is dragged is a picture; the rest is drawn anew."""
        painter = QPainter(self)
        theme = self._icons.theme
        area = QRectF(self.rect()).adjusted(PAD, PAD, -PAD, -PAD)
        drawn = self._shape
        if isinstance(drawn, NumericShape) and len(drawn.edges) > 1 and self._drawn is Drawn.HISTOGRAM:
            self._histogram(painter, theme, area, drawn)
            return
        painter.fillRect(self.rect(), theme.brush("background"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        match drawn:
            case NumericShape() as shape if len(shape.edges) > 1:
                (paint_ecdf if self._drawn is Drawn.ECDF else paint_quantiles)(painter, theme, area, shape,
                                                                               QFontMetrics(self.font()))
            case CategoryShape() as shape if shape.labels:
                self._categories(painter, theme, area, shape)
            case _:
                painter.setPen(theme.color("muted"))
                painter.drawText(area, Qt.AlignmentFlag.AlignCenter, "No distribution to draw")

    def _histogram(self, painter: QPainter, theme: Theme, area: QRectF, shape: NumericShape) -> None:
        first, last = _shown_range(shape)
        top = _headroom(float(max(np.nanmax(shape.reference, initial=0), np.nanmax(shape.current, initial=0))))
        picture, plot = self._frame(theme, area, (first, last), top)
        painter.drawPixmap(0, 0, picture)
        x = plot.left() + (np.clip(shape.edges, first, last) - first) * (plot.width() / (last - first))
        steps = np.repeat(x, 2)

        def outline(shares: np.ndarray) -> QPolygonF:
            ends = np.zeros(len(steps))
            ends[1:-1] = np.repeat(np.nan_to_num(shares), 2)
            return polygon(steps, plot.bottom() - ends * (plot.height() / top))

        current = outline(shape.current)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.brush("current", 36))
        painter.drawPolygon(current)        # steps have no slopes: it is quicker without smooth edges
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.color("current"), 1.5))
        painter.drawPolyline(current)
        painter.setPen(_dashed(theme))
        painter.drawPolyline(outline(shape.reference))

    def _frame(self, theme: Theme, area: QRectF, across: tuple[float, float], top: float) -> tuple[QPixmap, QRectF]:
        """Legend, grid and axes of a histogram, and where its bars stand. The last few are kept."""
        ratio = self.devicePixelRatioF()
        key = theme.background, self.width(), self.height(), ratio, self.font().key(), across, top
        if key not in self._frames:
            if len(self._frames) >= FRAMES_KEPT:
                del self._frames[next(iter(self._frames))]
            picture = QPixmap(self.size() * ratio)
            picture.setDevicePixelRatio(ratio)
            picture.fill(theme.color("background"))
            painter = QPainter(picture)
            painter.setFont(self.font())
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            plot = _framed(painter, theme, area, QFontMetrics(self.font()), (*across, ""), (0.0, top, "share"),
                           "share of rows per bin")
            painter.end()
            self._frames[key] = picture, plot
        return self._frames[key]

    def _categories(self, painter: QPainter, theme: Theme, area: QRectF, shape: CategoryShape) -> None:
        metrics = QFontMetrics(self.font())
        _legend(painter, theme, area, metrics, "share of rows")
        count = min(len(shape.labels), MOST_CATEGORIES)
        body = area.adjusted(0, metrics.height() + 2 * PAD, 0, 0)
        step = min(40.0, body.height() / count)
        names = min(body.width() * 0.35,
                    PAD + 4.0 + max(metrics.horizontalAdvance(_named(text)) for text in shape.labels[:count]))
        numbers = metrics.horizontalAdvance("00.0 %") + 2 * PAD
        top = float(max(shape.reference[:count].max(), shape.current[:count].max())) or 1.0
        width = max(20.0, body.width() - names - numbers)
        bar = max(3.0, min(10.0, (step - 6) / 2))
        for number in range(count):
            y = body.top() + number * step
            painter.setPen(theme.color("text"))
            text = metrics.elidedText(_named(shape.labels[number]), Qt.TextElideMode.ElideRight, int(names - PAD))
            painter.drawText(QRectF(body.left(), y, names - PAD, step - 4),
                             Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, text)
            middle = y + (step - 4) / 2
            old, new = float(shape.reference[number]), float(shape.current[number])
            painter.setPen(_dashed(theme))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(body.left() + names, middle - bar, max(1.0, old / top * width), bar - 1))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.brush("current"))
            painter.drawRect(QRectF(body.left() + names, middle + 1, max(1.0, new / top * width), bar - 1))
            painter.setPen(theme.color("muted"))
            end = body.left() + names + max(old, new) / top * width + PAD
            painter.drawText(QRectF(end, y, numbers, step - 4), Qt.AlignmentFlag.AlignVCenter,
                             format_value(new, "share"))

    def _theme_changed(self, _theme: Theme) -> None:
        self.update()


def paint_ecdf(painter: QPainter, theme: Theme, area: QRectF, shape: NumericShape, metrics: QFontMetrics) -> None:
    """Cumulated shares: D is the largest distance between the two, and a line stands where it is."""
    first, last = _shown_range(shape)
    plot = _framed(painter, theme, area, metrics, (first, last, ""), (0.0, 1.0, "share"), "share of rows up to a value")
    edges = np.clip(shape.edges, first, last)
    sums = [np.concatenate([[0.0], np.cumsum(np.nan_to_num(side))]) for side in (shape.reference, shape.current)]

    def at(value: float, share: float) -> QPointF:
        return QPointF(plot.left() + (value - first) / (last - first) * plot.width(),
                       plot.bottom() - share * plot.height())

    widest = int(np.argmax(np.abs(sums[1] - sums[0])))
    painter.setPen(theme.pen("muted"))
    painter.drawLine(at(float(edges[widest]), float(sums[0][widest])), at(float(edges[widest]), float(sums[1][widest])))
    for side, pen in ((sums[1], QPen(theme.color("current"), 1.5)), (sums[0], _dashed(theme))):
        painter.setPen(pen)
        points = [at(float(edge), float(share)) for edge, share in zip(edges, side, strict=True)]
        painter.drawPolyline(QPolygonF(points))


def paint_quantiles(painter: QPainter, theme: Theme, area: QRectF, shape: NumericShape, metrics: QFontMetrics) -> None:
    """Quantiles of now over those of the reference: on the dashed line both are the same."""
    pairs = np.array(shape.pairs or [(old, new) for _, old, new in shape.quantiles], dtype=np.float64)
    pairs = pairs[np.isfinite(pairs).all(axis=1)] if len(pairs) else pairs
    if not len(pairs) or pairs.max() <= pairs.min():
        painter.setPen(theme.color("muted"))
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, "No quantiles to draw")
        return
    low, high = float(pairs.min()), float(pairs.max())
    plot = _framed(painter, theme, area, metrics, (low, high, ""), (low, high, ""), "current over reference")

    def at(old: float, new: float) -> QPointF:
        return QPointF(plot.left() + (old - low) / (high - low) * plot.width(),
                       plot.bottom() - (new - low) / (high - low) * plot.height())

    painter.setPen(_dashed(theme))
    painter.drawLine(at(low, low), at(high, high))
    painter.setPen(QPen(theme.color("current"), 1.5))
    painter.drawPolyline(QPolygonF([at(float(old), float(new)) for old, new in pairs]))
    painter.setBrush(theme.brush("current"))
    for old, new in pairs[:: max(1, len(pairs) // 33)]:
        painter.drawEllipse(at(float(old), float(new)), 2, 2)


def _framed(painter: QPainter, theme: Theme, area: QRectF, metrics: QFontMetrics, across: tuple[float, float, str],
            up: tuple[float, float, str], what: str) -> QRectF:
    """Legend, grid and axes; what is left for the curves."""
    tall = area.height() - 2 * (metrics.height() + PAD)
    ticks = value_ticks(up[0], up[1], tall, up[2])
    left = max((metrics.horizontalAdvance(text) for _, text in ticks), default=0) + PAD
    plot = QRectF(area.left() + left, area.top() + metrics.height() + PAD, max(1.0, area.width() - left), tall)
    _legend(painter, theme, area, metrics, what)
    for value, text in ticks:
        y = round(plot.bottom() - (value - up[0]) / (up[1] - up[0]) * plot.height())
        painter.setPen(theme.pen("grid"))
        painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
        painter.setPen(theme.color("muted"))
        painter.drawText(QRectF(area.left(), y - metrics.height() / 2, left - PAD, metrics.height()),
                         Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
    painter.setPen(theme.pen("line"))
    painter.drawLine(plot.bottomLeft(), plot.bottomRight())
    painter.setPen(theme.color("muted"))
    for value, text in value_ticks(across[0], across[1], plot.width() / 2, across[2]):
        wide = metrics.horizontalAdvance(text) + 2
        x = plot.left() + (value - across[0]) / (across[1] - across[0]) * plot.width()
        x = min(max(x - wide / 2, area.left()), area.right() - wide)
        painter.drawText(QRectF(x, plot.bottom() + 4, wide, metrics.height()), Qt.AlignmentFlag.AlignCenter, text)
    return plot


def spoken(shape: Shape | None) -> str:
    """The picture in words, for those who cannot see it."""
    match shape:
        case NumericShape():
            middle = next(((old, new) for q, old, new in shape.quantiles if q == 0.5), None)
            said = f", median {format_number(middle[0])} before and {format_number(middle[1])} now" if middle else ""
            return f"Distribution of {shape.column}{said}"
        case CategoryShape():
            return f"Shares of the values of {shape.column}"
        case _:
            return "No distribution"


def _shown_range(shape: NumericShape) -> tuple[float, float]:
    """From edge to edge; endless end bins are drawn as wide as their neighbours."""
    inner = shape.edges[np.isfinite(shape.edges)]
    first, last = float(inner[0]), float(inner[-1])
    if last <= first:
        first, last = first - 0.5, last + 0.5
    return first, last


def _headroom(top: float) -> float:
    """The end of the axis for a highest bar: a round number, so that it stands still while bars move."""
    if not top > 0:
        return 1.0
    size = 10.0 ** math.floor(math.log10(top))
    step = size * (0.1 if top < 2 * size else 0.25 if top < 5 * size else 0.5)
    return step * math.ceil(top / step - 1e-9)


def _named(text: str) -> str:
    return text if text.strip() else "(empty)"


def _dashed(theme: Theme) -> QPen:
    return theme.pen("reference", 1.5, REFERENCE_DASH)


def _legend(painter: QPainter, theme: Theme, area: QRectF, metrics: QFontMetrics, what: str) -> None:
    y = area.top() + metrics.height() / 2
    x = area.left()
    for word, pen in (("reference", _dashed(theme)), ("current", QPen(theme.color("current"), 2))):
        painter.setPen(pen)
        painter.drawLine(QPointF(x, y), QPointF(x + 28, y))
        painter.setPen(theme.color("text"))
        painter.drawText(QPointF(x + 34, y + metrics.ascent() / 2 - 1), word)
        x += 34 + metrics.horizontalAdvance(word) + 2 * PAD
    painter.setPen(theme.color("muted"))
    painter.drawText(QRectF(x, area.top(), area.right() - x, metrics.height()), Qt.AlignmentFlag.AlignRight, what)
