"""A map of values over time: a chart whose cells say how many rows lie where."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter

from console.metrics.format import format_count
from console.metrics.heat import MEDIAN, step_name
from console.metrics.view import ChartView, HeatView
from widgets.charts.backdrop import LEFT, MARK_ALPHA, MIDDLE, NO_VALUE, RIGHT, Backdrop, mark_places
from widgets.charts.chart import Chart
from widgets.charts.value_axis import scale_of, short_number, value_ticks
from widgets.theme import GRID, Theme, font_metrics, system_font

SHADES = 255
TICK_GAP_PX = 20.0
STEPS = ((1.0, 2.0, 5.0), (1.0, 3.0), (1.0,))
"""Numbers that a logarithmic axis is ticked at in each decade, the richest that has room."""
SCALE_PX, SCALE_TALL_PX = 72.0, 6.0
UP_AND_DOWN = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}


class HeatChart(Chart):
    """Displays a ChartView with a map. Cells are painted as one picture, which is made when the numbers change.

    Shift + Up or Down moves along the values at the cross-hair; the pointer does so too.
    """

    _image: QImage | None = None
    _image_for: tuple[HeatView, Theme] | None = None
    _pixels: NDArray[np.uint32] | None = None
    _step: int | None = None             # of values that is pointed at

    # ---- what is pointed at --------------------------------------------------------------------------------

    @property
    def heat(self) -> HeatView | None:
        """The map that is shown."""
        return self._view.heat if self._view is not None else None

    @property
    def step(self) -> int | None:
        """The number of the step of values that is pointed at."""
        return self._step

    @property
    def cell_words(self) -> str:
        """What is said of the cell at the cross-hair; of the fullest one there where none is pointed at. "" without."""
        heat, column = self.heat, self._column()
        if heat is None or column is None:
            return ""
        counts = heat.counts[column]
        total = counts.sum()
        if total <= 0:
            return "nothing came"
        step = self._step if self._step is not None else int(np.argmax(counts))
        said = f"{step_name(heat, step)}: {format_count(round(counts[step]))} of {format_count(round(total))}"
        return said if self._step is not None else f"most at {said}"

    def step_at(self, y: float) -> int | None:
        """The step of values at a vertical pixel; None beyond the plot."""
        heat, plot = self.heat, self._layout.plot
        if heat is None or not plot.top() <= y <= plot.bottom():
            return None
        steps = heat.counts.shape[1]
        return min(int((plot.bottom() - y) / plot.height() * steps), steps - 1)

    def y_of(self, value: float) -> float:
        """The vertical pixel of a value: steps are equally high."""
        heat, plot = self.heat, self._layout.plot
        if heat is None:
            return super().y_of(value)
        return plot.bottom() - place_of(heat, value) / heat.counts.shape[1] * plot.height()

    def level_under(self, place: QPoint) -> tuple[str, float] | None:
        """None: no rule judges a map."""
        return None

    def level_here(self) -> tuple[str, float] | None:
        """None, as above."""
        return None

    def _column(self) -> int | None:
        heat = self.heat
        if heat is None or self._cross is None or not len(heat.times):
            return None
        column = int((self._cross - heat.times[0]) // heat.bucket_s)
        return column if 0 <= column < len(heat.times) and self._start_s <= self._cross <= self._end_s else None

    def _point_at(self, step: int | None) -> None:
        if step != self._step:
            self._step = step
            self.viewport().update()

    # ---- painting ------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        """From counts to a picture."""
        self._stale = False
        heat = self.heat
        if heat is None:
            self._image, self._empty = None, True
            return
        self._empty = not heat.counts.any()
        self._held.low, self._held.high = 0.0, float(heat.counts.shape[1])
        if self._image_for is None or self._image_for[0] is not heat or self._image_for[1] != self._theme:
            self._pixels = pixels_of(heat, self._theme)
            tall, wide = self._pixels.shape
            self._image = QImage(self._pixels.data, wide, tall, 4 * wide, QImage.Format.Format_ARGB32_Premultiplied)
            self._image_for = heat, self._theme

    def _backdrop_now(self) -> Backdrop:
        made = super()._backdrop_now()
        view = self._view
        return made if view is None else replace(made, unit=self._unit(view), scale=view.is_map)

    def _unit(self, view: ChartView) -> str:
        heat = view.heat
        if heat is None:
            return super()._unit(view)
        return "" if view.unit in ("share", "%") or scale_of(view.unit, float(heat.edges[-1]))[1] else view.unit

    def _ticks(self) -> tuple[tuple[float, str], ...] | None:
        heat = self.heat
        return ticks_of(heat, self._layout.plot.height()) if heat is not None else ()

    def _paint_under(self, painter: QPainter) -> None:
        self._paint_cells(painter, smooth_lines=False)

    def _paint_cells(self, painter: QPainter, *, smooth_lines: bool) -> None:
        """smooth_lines: for a file, in which a viewer would blur small cells into each other."""
        heat, image, plot = self.heat, self._image, self._layout.plot
        if heat is None or image is None or not len(heat.times):
            return
        first = max(0, math.floor((self._start_s - heat.times[0]) / heat.bucket_s))
        last = min(len(heat.times), math.ceil((self._end_s - heat.times[0]) / heat.bucket_s))
        if last <= first:
            return
        left, right = self.x_of(heat.times[0] + first * heat.bucket_s), self.x_of(
            heat.times[0] + last * heat.bucket_s)
        place, source = QRectF(left, plot.top(), right - left, plot.height()), QRectF(
            first, 0, last - first, image.height())
        painter.save()
        painter.setClipRect(plot)
        if smooth_lines:
            part = image.copy(source.toRect()).scaled(round(2 * place.width()), round(2 * place.height()))
            painter.drawImage(place, part)
        else:
            painter.drawImage(place, image, source)
        painter.setPen(self._theme.color("accent", MARK_ALPHA))
        for x in mark_places(tuple(at for _, at in self._marks), self._start_s, self._end_s, plot):
            painter.drawLine(x, int(plot.top()), x, int(plot.bottom()))
        painter.restore()

    def _value(self, view: ChartView) -> str:
        """The median at the cross-hair, with its name, as the newest has it."""
        said = super()._value(view)
        return f"{MEDIAN} {said}" if self._read_out and said != NO_VALUE else said

    def _paint_value(self, painter: QPainter, view: ChartView) -> None:
        super()._paint_value(painter, view)
        if view.heat is not None:
            self._paint_scale(painter, view.heat)

    def _paint_scale(self, painter: QPainter, heat: HeatView) -> None:
        """What the shades mean, and what is said of the cell at the cross-hair."""
        room, theme, font = self._layout.legend, self._theme, font_metrics()
        painter.fillRect(room.adjusted(-GRID / 2, 0, GRID, 0), theme.brush("surface"))
        painter.setFont(system_font())
        most = format_count(round(heat.counts.max())) if heat.counts.size else "0"
        words = f"{most} a cell"
        wide = SCALE_PX + font.horizontalAdvance("1") + font.horizontalAdvance(words) + 2 * GRID
        said = self.cell_words
        shown = not said or font.horizontalAdvance(said) + 2 * GRID + wide <= room.width()
        if said:
            painter.setPen(theme.pen("text"))
            painter.drawText(room, RIGHT | MIDDLE, font.elidedText(said, Qt.TextElideMode.ElideRight, room.width()))
        if not shown:
            return
        painter.setPen(theme.pen("muted"))
        painter.drawText(room, LEFT | MIDDLE, "1")
        left = room.left() + font.horizontalAdvance("1") + GRID
        strip = QRectF(left, room.center().y() - SCALE_TALL_PX / 2, SCALE_PX, SCALE_TALL_PX)
        colors = shades(theme)[1:]
        ramp = QImage(np.ascontiguousarray(colors[np.newaxis, :]).data, len(colors), 1, 4 * len(colors),
                      QImage.Format.Format_ARGB32_Premultiplied).copy()
        painter.drawImage(strip, ramp)
        painter.drawText(room.adjusted(left - room.left() + SCALE_PX + GRID, 0, 0, 0), LEFT | MIDDLE, words)

    def drawForeground(self, painter: QPainter, rect: QRectF) -> None:
        """Qt's: the cross-hair, and the cell that is pointed at."""
        super().drawForeground(painter, rect)
        heat, column, plot = self.heat, self._column(), self._layout.plot
        if heat is None or column is None or self._step is None:
            return
        tall = plot.height() / heat.counts.shape[1]
        left = self.x_of(heat.times[0] + column * heat.bucket_s)
        right = self.x_of(heat.times[0] + (column + 1) * heat.bucket_s)
        cell = QRectF(left, plot.bottom() - (self._step + 1) * tall, right - left, tall)
        painter.setPen(self._theme.pen("text"))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect((cell & plot).adjusted(-1, -1, 0, 0))

    def draw(self, painter: QPainter, rows: str = "") -> None:
        """With any painter: for a file; `rows` as in Chart."""
        if self._view is None:
            return
        self._prepare()
        self._backdrop_now().draw(painter)
        self._paint_text(painter, self._newest())
        if self.heat is not None:
            self._paint_scale(painter, self.heat)
        self._paint_cells(painter, smooth_lines=True)
        self._paint_brushes(painter)
        self._paint_rows(painter, rows)

    # ---- events of Qt --------------------------------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Qt's."""
        super().mouseMoveEvent(event)
        if not self._locked and not event.buttons():
            inside = self._layout.plot.left() <= event.position().x() <= self._layout.plot.right()
            self._point_at(self.step_at(event.position().y()) if inside else None)

    def leaveEvent(self, event: QEvent) -> None:
        """Qt's."""
        super().leaveEvent(event)
        if not self._locked:
            self._point_at(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt's: along the values."""
        heat, by = self.heat, UP_AND_DOWN.get(Qt.Key(event.key()), 0)
        if heat is None or not by or event.modifiers() != Qt.KeyboardModifier.ShiftModifier:
            super().keyPressEvent(event)
            return
        if self._cross is None:
            self.hovered.emit(self.time_at(self._layout.plot.center().x()))
        column = self._column()
        if column is not None:
            now = self._step if self._step is not None else int(np.argmax(heat.counts[column])) - by
            self._point_at(min(max(now + by, 0), heat.counts.shape[1] - 1))


def pixels_of(heat: HeatView, theme: Theme) -> NDArray[np.uint32]:
    """The map as a picture, a pixel a cell, the greatest values on top; a cell without rows is clear.

    Shades go by the root of the count: a tenth of the rows is a third of the way, and a second hump is seen.
    """
    counts = heat.counts.T[::-1]
    most = counts.max() if counts.size else 0.0
    level = np.sqrt(counts / most) if most > 0 else np.zeros_like(counts)
    return np.ascontiguousarray(shades(theme)[np.where(counts > 0, np.maximum(1, np.round(level * SHADES)), 0)
                                              .astype(np.intp)])


@lru_cache(maxsize=4)
def shades(theme: Theme) -> NDArray[np.uint32]:
    """Clear, then SHADES colours from few to many, as Qt keeps them. Lightness alone orders them, so that they serve
    people who see no hues."""
    stops = [QColor(color) for color in theme.heat]
    at = np.linspace(0, len(stops) - 1, SHADES)
    made = [np.interp(at, np.arange(len(stops)), [getattr(stop, part)() for stop in stops])
            for part in ("red", "green", "blue")]
    red, green, blue = (np.round(part).astype(np.uint32) for part in made)
    return np.concatenate([np.zeros(1, dtype=np.uint32), (np.uint32(255) << 24) | (red << 16) | (green << 8) | blue])


def place_of(heat: HeatView, value: float) -> float:
    """Where a value lies, counted in steps from the lowest."""
    edges = heat.edges
    step = int(np.clip(np.searchsorted(edges, value, side="right") - 1, 0, len(edges) - 2))
    low, high = float(edges[step]), float(edges[step + 1])
    if heat.logarithmic and low > 0 and value > 0:
        return step + math.log(value / low) / math.log(high / low)
    return step + (value - low) / (high - low)


def ticks_of(heat: HeatView, height_px: float) -> tuple[tuple[float, str], ...]:
    """(place in steps, label) of the value axis."""
    low, high, steps = float(heat.edges[0]), float(heat.edges[-1]), heat.counts.shape[1]
    even = tuple((place_of(heat, value), label) for value, label in value_ticks(low, high, height_px, heat.unit))
    if not heat.logarithmic:
        return even
    factor, after = scale_of(heat.unit, high)
    least = float(heat.edges[heat.edges > 0][0])
    decades = range(math.floor(math.log10(least / factor)), math.ceil(math.log10(high / factor)) + 1)
    best: tuple[tuple[float, str], ...] = ()
    for numbers in STEPS:
        values = [number * 10.0**power * factor for power in decades for number in numbers]
        places = [(place_of(heat, value), value) for value in values if least <= value <= high]
        gaps = [(b[0] - a[0]) / steps * height_px for a, b in itertools.pairwise(places)]
        best = tuple((place, short_number(value / factor) + after) for place, value in places)
        if all(gap >= TICK_GAP_PX for gap in gaps):
            break
    else:
        best = best[::math.ceil(TICK_GAP_PX / max(min(gaps), 1e-9))]
    best = best if len(best) > 1 else even
    return ((0.5, "0"), *best) if low <= 0 else best

