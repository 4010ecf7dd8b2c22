"""Alarms on a chart, as pixels: what lies behind the curves, and the labels and handles of thresholds before them.

Both are painted into pictures that are kept until a pixel of them changes, so that a live tick pays for a copy only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from PySide6.QtCore import QLine, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap, QPolygonF

from console.alarms.on_charts import Course, Edges, Line
from console.alarms.rules import Severity
from widgets.charts.curves import polygon
from widgets.icons import outline
from widgets.theme import GRID, Theme, font_metrics, system_font

TONES = {Severity.PAGE: "firing", Severity.TICKET: "warning", Severity.INFO: "muted"}
LINE_ALPHA, START_ALPHA, FIRING_ALPHA, PENDING_ALPHA, PLATE_ALPHA = 170, 60, 30, 90, 205
BAR_PX, LEAST_SHADE_PX, ICON_PX, BELL_PX = 2, 2, 12, 10
EDGE_STEP_PX = 4
"""The edges of a band are drawn at every fourth pixel."""
HATCH_PX, TILE_PX = 8, 512
TOGETHER_PX = 8
"""Alarms that began so near to each other share a line and a bell."""
MOST_BELLS = 12
"""More of them are a fringe at the foot of every chart; their lines stay."""
HANDLE_PX = 8
GRAB_PX = 6
"""So near to the height of a line its handle is taken."""
FIRING, PENDING, BELL = "firing", "pending", "bell"
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
Points = bytes
"""Corners of a line, x and y as 64-bit floats: quick to compare and to draw."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the plot is and what it shows: from times and values to pixels."""

    plot: QRectF
    start_s: float
    end_s: float
    low: float
    high: float

    def x(self, at_s: float) -> float:
        """The pixel of an instant."""
        return self.plot.left() + (at_s - self.start_s) / (self.end_s - self.start_s) * self.plot.width()

    def y(self, value: float) -> float:
        """The pixel of a value."""
        return self.plot.bottom() - (value - self.low) / (self.high - self.low) * self.plot.height()


@dataclass(frozen=True, slots=True)
class Behind:
    """What lies behind the curves. Equal ones are the same picture.

    lines   height and tone;  edges: tone and corners
    shades  left, right, whether it fires;  starts: where alarms of any chart began to fire
    """

    lines: tuple[tuple[int, str], ...] = ()
    edges: tuple[tuple[str, Points], ...] = ()
    shades: tuple[tuple[int, int, bool], ...] = ()
    starts: tuple[int, ...] = ()

    def paint_tints(self, painter: QPainter, theme: Theme, plot: QRectF) -> None:
        """Under the grid. Firing is a plain tint, pending is hatched: told apart without colours."""
        for left, right, fires in self.shades:
            box = QRectF(left, plot.top(), right - left, plot.height())
            if fires:
                painter.fillRect(box, _mixed(theme, "firing", FIRING_ALPHA))
            else:
                painter.drawTiledPixmap(box, _hatch(theme), box.topLeft())

    def paint(self, painter: QPainter, theme: Theme, plot: QRectF) -> None:
        """On the grid: lines, bells and words. Opaque, for translucent lines take ten times as long."""
        if self.starts:
            top, bottom = int(plot.top()), int(plot.bottom())
            painter.setPen(_mixed(theme, "firing", START_ALPHA))
            painter.drawLines([QLine(x, top, x, bottom) for x in self.starts])
            bells = self.starts if len(self.starts) <= MOST_BELLS else ()
            _icons(painter, theme, "firing", [(x - BELL_PX // 2, bottom - BELL_PX) for x in bells], BELL_PX)
        for left, right, fires in self.shades:
            _head(painter, theme, QRectF(left, plot.top(), right - left, plot.height()), fires)
        for y, tone in self.lines:
            painter.fillRect(QRectF(plot.left(), y, plot.width(), 1), _mixed(theme, tone, LINE_ALPHA))
        for tone, corners in self.edges:
            points = np.frombuffer(corners).reshape(-1, 2)
            painter.setPen(QPen(_mixed(theme, tone, LINE_ALPHA), 1.0))
            painter.drawPolyline(polygon(points[:, 0], points[:, 1]))


def behind_of(course: Course, edges: Sequence[Edges], starts: Sequence[tuple[str, float]], place: Place,
              levels: Sequence[tuple[Line, float]]) -> Behind:
    """levels: each line with the level that it is drawn at now, which may be another than its rule's."""
    plot = place.plot
    lines = tuple((round(place.y(level)), TONES[line.severity]) for line, level in levels
                  if place.low <= level <= place.high and line.edges is None)
    shades = []
    for start, end, fires in course.between(place.start_s, place.end_s):
        first = max(round(place.x(start)), int(plot.left()))
        last = min(max(round(place.x(end)), first + LEAST_SHADE_PX), int(plot.right()))
        if last > first:
            shades.append((first, last, fires))
    begun: list[int] = []
    left, across = plot.left(), plot.width() / (place.end_s - place.start_s)
    for _, at in starts:
        if place.start_s <= at <= place.end_s:
            x = round(left + (at - place.start_s) * across)
            if not begun or x - begun[-1] >= TOGETHER_PX:
                begun.append(x)
    return Behind(lines, _edges(edges, place), tuple(shades), tuple(begun))


def _edges(bands: Sequence[Edges], place: Place) -> tuple[tuple[str, Points], ...]:
    """Cut at the plot: what lies outside is not drawn."""
    if not bands:
        return ()
    plot = place.plot
    x = np.arange(int(plot.left()), int(plot.right()) + 1, EDGE_STEP_PX, dtype=np.float64)
    middles = place.start_s + (x - plot.left()) / plot.width() * (place.end_s - place.start_s)
    found: list[tuple[str, Points]] = []
    across = plot.height() / (place.high - place.low)
    for edges in bands:
        for limit in edges.limits(middles):
            inside = (limit >= place.low) & (limit <= place.high)
            if not inside.any():
                continue
            corners = np.empty((len(x), 2))
            corners[:, 0] = x
            corners[:, 1] = np.rint(plot.bottom() - (np.where(inside, limit, place.low) - place.low) * across)
            ends = np.flatnonzero(np.diff(inside, prepend=False, append=False)).reshape(-1, 2)
            found += [(TONES[edges.severity], corners[start:end].tobytes()) for start, end in ends if end - start > 1]
    return tuple(found)


def paint_edges(painter: QPainter, edges: Edges, place: Place) -> None:
    """With the painter's pen: of a band that is in hand."""
    for _, corners in _edges((edges,), place):
        points = np.frombuffer(corners).reshape(-1, 2)
        painter.drawPolyline(polygon(points[:, 0], points[:, 1]))


@cache
def _mixed(theme: Theme, meaning: str, alpha: int) -> QColor:
    """What a translucent colour gives on the surface."""
    over, under, share = theme.color(meaning), theme.color("surface"), alpha / 255
    return QColor.fromRgbF(*(float(top * share + below * (1 - share)) for top, below in (
        (over.redF(), under.redF()), (over.greenF(), under.greenF()), (over.blueF(), under.blueF()))))


@cache
def _hatch(theme: Theme) -> QPixmap:
    """A large tile of it: small ones take their time each."""
    tile = QPixmap(TILE_PX, TILE_PX)
    tile.fill(_mixed(theme, "warning", PENDING_ALPHA // 6))
    painter = QPainter(tile)
    painter.setPen(_mixed(theme, "warning", PENDING_ALPHA))
    for x in range(0, 2 * TILE_PX, HATCH_PX):
        painter.drawLine(x, 0, x - TILE_PX, TILE_PX)
    painter.end()
    return tile


def _head(painter: QPainter, theme: Theme, box: QRectF, fires: bool) -> None:
    """A bar along the top, and under it bell and word as far as there is room."""
    tone, word = ("firing", FIRING) if fires else ("warning", PENDING)
    painter.fillRect(QRectF(box.left(), box.top(), box.width(), BAR_PX), theme.brush(tone))
    left, top = box.left() + 3, box.top() + BAR_PX + 2
    metrics = font_metrics()
    icon = ICON_PX + 2 if fires else 0
    worded = left + icon + metrics.horizontalAdvance(word) + 4 <= box.right()
    if worded:
        room = QRectF(left, top, icon + metrics.horizontalAdvance(word), ICON_PX + 3)
        painter.fillRect(room.adjusted(-1, 0, 2, 0), theme.brush("surface", PLATE_ALPHA))
        painter.setFont(system_font())
        painter.setPen(theme.pen(tone))
        painter.drawText(room.adjusted(icon, 0, 4, 0), LEFT, word)
    if fires and box.width() >= ICON_PX + 5:
        _icons(painter, theme, tone, [(round(left), round(top) + 1)], ICON_PX)


def _icons(painter: QPainter, theme: Theme, tone: str, places: Sequence[tuple[int, int]], size: int) -> None:
    device = painter.device()
    if isinstance(device, QPixmap):
        picture = _bell(theme, tone, size, device.devicePixelRatioF())
        for left, top in places:
            painter.drawPixmap(left, top, picture)
    else:                           # a file, which is to have shapes
        for left, top in places:
            painter.fillPath(outline(BELL, size).translated(left, top), theme.color(tone))


@cache
def _bell(theme: Theme, tone: str, size: int, ratio: float) -> QPixmap:
    """Painted once: an alarm that began is told on every chart."""
    picture = QPixmap(QSize(size, size) * ratio)
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.fillPath(outline(BELL, size), theme.color(tone))
    painter.end()
    return picture


@dataclass(frozen=True, slots=True)
class Tag:
    """The label of one line, or of those that lie beyond an edge of the plot.

    y      height of the line, or of the edge;  beyond: 1 above what is shown, -1 below, 0 within
    named  whether it had room for its label: its handle is there all the same
    """

    line: Line
    text: str
    tone: str
    y: int
    beyond: int
    box: QRectF
    named: bool = True


def tags_of(levels: Sequence[tuple[Line, float]], place: Place,
            text_of: Callable[[Line, float], str]) -> tuple[Tag, ...]:
    """Labels at the left end, clear of each other; the more severe and the nearer to the data has its first."""
    plot, metrics = place.plot, font_metrics()
    tall = round(metrics.height())
    middle = (place.low + place.high) / 2
    order = list(TONES)
    ranked = sorted(levels, key=lambda one: (order.index(one[0].severity), abs(one[1] - middle)))
    beyond: dict[int, list[tuple[Line, float]]] = {1: [], -1: []}
    tags: list[Tag] = []

    def add(line: Line, text: str, y: int, side: int) -> None:
        top = y - tall - 1 if not side else y + 2 if side > 0 else y - tall - 2
        if not side and top < plot.top():
            top = y + 1
        box = QRectF(plot.left() + 2, top, metrics.horizontalAdvance(text) + 6, tall)
        free = all(not box.intersects(other.box) for other in tags if other.named)
        tags.append(Tag(line, text, TONES[line.severity], y, side, box, free))

    for line, level in ranked:
        if place.low <= level <= place.high:
            add(line, text_of(line, level), round(place.y(level)), 0)
        else:
            beyond[1 if level > place.high else -1].append((line, level))
    for side, outside in beyond.items():
        if outside:
            line, level = min(outside, key=lambda one: abs(one[1] - middle))
            more = f" +{len(outside) - 1}" if len(outside) > 1 else ""
            edge = int(plot.top() if side > 0 else plot.bottom())
            add(line, f"{'▲' if side > 0 else '▼'} {text_of(line, level)}{more}", edge, side)
    return tuple(tags)


def handle_of(tag: Tag, plot: QRectF) -> QPolygonF:
    """A small arrow in the margin at the right: at the line, or pointing to where it would be."""
    left, y = plot.right() + 3, float(tag.y)
    half = HANDLE_PX / 2
    if tag.beyond:
        tip, foot = (y - HANDLE_PX, y) if tag.beyond > 0 else (y + HANDLE_PX, y)
        return QPolygonF([QPointF(left, foot), QPointF(left + half, tip), QPointF(left + HANDLE_PX, foot)])
    return QPolygonF([QPointF(left, y), QPointF(left + half, y - half), QPointF(left + HANDLE_PX, y - half),
                      QPointF(left + HANDLE_PX, y + half), QPointF(left + half, y + half)])


def tag_at(tags: Sequence[Tag], plot: QRectF, at: QPointF) -> Tag | None:
    """The label or the handle there; of several the nearest in height."""
    found = [tag for tag in tags if (tag.named and tag.box.contains(at)) or (
        at.x() > plot.right() and abs(at.y() - _middle(tag)) <= GRAB_PX + (HANDLE_PX / 2 if tag.beyond else 0))]
    return min(found, key=lambda tag: abs(at.y() - _middle(tag)), default=None)


def _middle(tag: Tag) -> float:
    return tag.y - tag.beyond * HANDLE_PX / 2


def paint_tags(painter: QPainter, theme: Theme, plot: QRectF, tags: Sequence[Tag]) -> None:
    """Labels on a plate that lets the curves through a little, and handles."""
    painter.setFont(system_font())
    for tag in tags:
        if tag.named:
            painter.fillRect(tag.box, theme.brush("surface", PLATE_ALPHA))
            painter.setPen(theme.pen(tag.tone))
            painter.drawText(tag.box.adjusted(3, 0, 0, 0), LEFT, tag.text)
    smooth = painter.testRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    for tag in tags:
        if not tag.line.fixed:
            painter.setBrush(theme.brush(tag.tone))
            painter.drawPolygon(handle_of(tag, plot))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, smooth)


class TagPictures:
    """Labels and handles as two small pictures, painted anew only when they change."""

    def __init__(self) -> None:
        self._key: tuple[object, ...] = ()
        self._pictures: list[tuple[QPointF, QPixmap]] = []

    def draw(self, painter: QPainter, theme: Theme, plot: QRectF, tags: tuple[Tag, ...], ratio: float) -> None:
        """Copies them to where they belong."""
        key = (theme, plot, tags, ratio)
        if key != self._key:
            self._key = key
            self._pictures = []
            left = max((tag.box.width() for tag in tags if tag.named), default=0.0) + GRID
            for box in (QRectF(plot.left(), plot.top() - GRID, left, plot.height() + 2 * GRID),
                        QRectF(plot.right() + 1, plot.top() - GRID, 2 * GRID, plot.height() + 2 * GRID)):
                picture = QPixmap(QSize(round(box.width()), round(box.height())) * ratio)
                picture.setDevicePixelRatio(ratio)
                picture.fill(Qt.GlobalColor.transparent)
                inner = QPainter(picture)
                inner.translate(-box.topLeft())
                paint_tags(inner, theme, plot, tags)
                inner.end()
                self._pictures.append((box.topLeft(), picture))
        for corner, picture in self._pictures:
            painter.drawPixmap(corner, picture)
