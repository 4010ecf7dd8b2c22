"""Pictures of a replay: the split of the traffic over log time, and each metric of both versions with the interval of
their difference. Stable is dashed and muted, the candidate solid and in the accent, everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from console.metrics.format import format_time, format_value
from console.rollout.view import RolloutView, SeriesView
from console.window import from_epoch
from widgets.charts.value_axis import value_ticks
from widgets.icons import Icons
from widgets.theme import REFERENCE_DASH, Theme

PAD = 8
LEFT_PX = 56
TINT, FAINT = 56, 110
POINT_PX = 6
"""One point of a chart in so many pixels."""

BAND_SHARE = 0.34
"""Of the height, for the difference."""

Floats = NDArray[np.float64]


class Picture(QWidget):
    """A frame of log time with a title; what is in it is drawn by who inherits."""

    def __init__(self, icons: Icons, name: str, height: int) -> None:
        super().__init__()
        self.setObjectName(name)
        self._icons = icons
        self._height = height
        self._span = (0.0, 1.0)
        self._clock = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(height)
        icons.holder.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Wide."""
        return QSize(400, self._height)

    def _plot(self, metrics: QFontMetrics, *, below: float = 0.0) -> QRectF:
        top = 1.5 * metrics.height() + 6     # the topmost tick stands half above it
        return QRectF(LEFT_PX, top, max(self.width() - LEFT_PX - PAD, 1.0), max(self.height() - top - below - 2, 1.0))

    def _x(self, plot: QRectF, at: float) -> float:
        start, end = self._span
        return plot.left() + (at - start) / max(end - start, 1e-9) * plot.width()

    def _title(self, painter: QPainter, theme: Theme, metrics: QFontMetrics, title: str, value: str) -> None:
        room = QRectF(0, 0, self.width() - PAD, metrics.height() + 2)
        painter.setPen(theme.color("text"))
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft, title)
        wide = metrics.horizontalAdvance(title) + 2 * PAD
        painter.setPen(theme.color("muted"))
        shown = metrics.elidedText(value, Qt.TextElideMode.ElideRight, int(max(room.width() - wide, 0)))
        painter.drawText(room, Qt.AlignmentFlag.AlignRight, shown)

    def _ticks(self, painter: QPainter, theme: Theme, metrics: QFontMetrics, plot: QRectF,
               ticks: Sequence[tuple[float, str]]) -> None:
        for y, text in ticks:
            painter.setPen(theme.pen("grid"))
            painter.drawLine(QPointF(plot.left(), round(y) + 0.5), QPointF(plot.right(), round(y) + 0.5))
            painter.setPen(theme.color("muted"))
            painter.drawText(QRectF(0, y - metrics.height() / 2, LEFT_PX - 6, metrics.height()),
                             Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)

    def _clock_line(self, painter: QPainter, theme: Theme, plot: QRectF) -> None:
        x = round(self._x(plot, self._clock)) + 0.5
        painter.setPen(theme.pen("text"))
        painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()))


class SplitPicture(Picture):
    """The candidate's share of the live requests, and of copies, up to the clock."""

    def __init__(self, icons: Icons) -> None:
        super().__init__(icons, "split_picture", 104)
        self._view: RolloutView | None = None

    def display(self, view: RolloutView | None) -> None:
        """Show this state."""
        self._view = view
        if view is not None:
            self._span, self._clock = (view.start, view.end), view.clock
            copies = f", copies of {view.mirror:g} %" if view.mirror else ""
            self.setAccessibleName(f"Traffic split: {view.live:g} % to the candidate{copies}")
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A few dozen lines."""
        view = self._view
        if view is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme, metrics = self._icons.theme, QFontMetrics(self.font())
        plot = self._plot(metrics, below=metrics.height() + 2)
        said = f"stable {100 - view.live:g} %, candidate {view.live:g} %" + (f", copies {view.mirror:g} %"
                                                                            if view.mirror else "")
        self._title(painter, theme, metrics, "Traffic split", said)

        def y(percent: float) -> float:
            return plot.bottom() - percent / 100 * plot.height()

        self._ticks(painter, theme, metrics, plot, [(y(percent), f"{percent} %") for percent in (0, 50, 100)])
        ends = np.append(view.weights.at[1:], view.clock)
        line = QPolygonF()
        for at, end, live, mirror in zip(view.weights.at, ends, view.weights.live, view.weights.mirror, strict=True):
            left, right = self._x(plot, float(at)), self._x(plot, float(end))
            painter.fillRect(QRectF(QPointF(left, y(float(live))), QPointF(right, plot.bottom())),
                             theme.brush("accent", TINT))
            line.append(QPointF(left, y(float(live))))
            line.append(QPointF(right, y(float(live))))
            if mirror:
                painter.setPen(QPen(theme.color("muted"), 1.5, Qt.PenStyle.DashLine))
                painter.drawLine(QPointF(left, y(float(mirror))), QPointF(right, y(float(mirror))))
        painter.setPen(QPen(theme.color("accent"), 2.0))
        painter.drawPolyline(line)
        self._clock_line(painter, theme, plot)
        painter.setPen(theme.color("muted"))
        row = QRectF(plot.left(), plot.bottom() + 2, plot.width(), metrics.height())
        painter.drawText(row, Qt.AlignmentFlag.AlignLeft, format_time(from_epoch(view.start)))
        painter.drawText(row, Qt.AlignmentFlag.AlignRight, format_time(from_epoch(view.end)))
        painter.end()


class SeriesPicture(Picture):
    """One metric: both versions above, the interval of their difference with zero and the margin below."""

    def __init__(self, icons: Icons, number: int) -> None:
        super().__init__(icons, f"series_picture_{number}", 124)
        self._series: SeriesView | None = None

    def display(self, series: SeriesView, view: RolloutView) -> None:
        """Show this metric."""
        self._series = series
        self._span, self._clock = (view.start, view.end), view.clock
        self.setAccessibleName(f"{series.name}: {said_of(series)}")
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Some hundred points."""
        series = self._series
        if series is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme, metrics = self._icons.theme, QFontMetrics(self.font())
        whole = self._plot(metrics)
        self._title(painter, theme, metrics, series.name, said_of(series))
        series = gathered(series, round((self._span[1] - self._span[0]) / whole.width() * POINT_PX, 3))
        band = QRectF(whole.left(), whole.bottom() - whole.height() * BAND_SHARE, whole.width(),
                      whole.height() * BAND_SHARE)
        plot = QRectF(whole.left(), whole.top(), whole.width(), whole.height() - band.height() - 6)
        self._lines(painter, theme, metrics, plot, series)
        self._difference(painter, theme, metrics, band, series)
        self._clock_line(painter, theme, whole)
        painter.end()

    def _lines(self, painter: QPainter, theme: Theme, metrics: QFontMetrics, plot: QRectF, series: SeriesView) -> None:
        values = np.concatenate([series.candidate, series.stable])
        known = values[np.isfinite(values)]
        top = float(known.max()) if len(known) else 1.0
        low = float(known.min()) if len(known) and known.min() > 0.5 * top else 0.0
        high = top if top > low else low + 1.0

        def y(value: float) -> float:
            return plot.bottom() - (value - low) / (high - low) * plot.height()

        self._ticks(painter, theme, metrics, plot, [(y(value), text) for value, text in value_ticks(
            low, high, plot.height(), series.unit)[-2:]])
        for values, pen in ((series.stable, QPen(theme.color("muted"), 1.5)),
                            (series.candidate, QPen(theme.color("accent"), 2.0))):
            if values is series.stable:
                pen.setDashPattern(list(REFERENCE_DASH))
            young = QPen(pen)
            color = pen.color()
            color.setAlpha(FAINT)
            young.setColor(color)
            for part, pen_ in ((series.ends <= series.mature_until + 1e-6, pen),
                               (series.ends >= series.mature_until, young)):
                painter.setPen(pen_)
                for piece in _runs(np.flatnonzero(part & np.isfinite(values))):
                    points = [QPointF(self._x(plot, float(series.ends[at])), y(float(values[at]))) for at in piece]
                    if len(points) == 1:
                        painter.drawPoint(points[0])
                    else:
                        painter.drawPolyline(QPolygonF(points))

    def _difference(self, painter: QPainter, theme: Theme, metrics: QFontMetrics, band: QRectF,
                    series: SeriesView) -> None:
        there = np.flatnonzero(np.isfinite(series.low) & np.isfinite(series.high))
        margin = series.margin if np.isfinite(series.margin) else 0.0
        if len(there):
            half = float(np.nanmedian(np.abs(np.concatenate([series.low[there], series.high[there]])))) * 2
            half = max(half, abs(float(series.low[there[-1]])), abs(float(series.high[there[-1]])), margin) or 1.0
        else:
            half = max(margin, 1.0)

        def y(value: float) -> float:
            return band.center().y() - min(max(value / half, -1), 1) * band.height() / 2

        self._ticks(painter, theme, metrics, band, [(y(0.0), "±0")])
        if margin:
            painter.setPen(QPen(theme.color("muted"), 1.0, Qt.PenStyle.DotLine))
            for value in (margin, -margin):
                painter.drawLine(QPointF(band.left(), y(value)), QPointF(band.right(), y(value)))
        for piece in _runs(there):
            above = [QPointF(self._x(band, float(series.ends[at])), y(float(series.high[at]))) for at in piece]
            under = [QPointF(self._x(band, float(series.ends[at])), y(float(series.low[at]))) for at in reversed(piece)]
            painter.setPen(QPen(theme.color("accent"), 1.0))
            painter.setBrush(theme.brush("accent", TINT))
            painter.drawPolygon(QPolygonF(above + under))
            painter.setBrush(Qt.BrushStyle.NoBrush)


def gathered(series: SeriesView, seconds: float) -> SeriesView:
    """Points of one stretch become one, weighted by their requests: finer than that nobody sees, and few requests jump.

    The interval is since the start: the last of each stretch stands.
    """
    if len(series.ends) < 2:
        return series
    place = np.floor((series.ends - series.ends[0]) / max(seconds, 1e-9)).astype(np.int64)
    starts = np.concatenate([[0], np.flatnonzero(np.diff(place)) + 1])
    last = np.append(starts[1:], len(place)) - 1

    def mean(values: Floats, n: Floats) -> tuple[Floats, Floats]:
        known = np.where(np.isfinite(values), n, 0.0)
        total = np.add.reduceat(known, starts)
        summed = np.add.reduceat(np.where(known > 0, np.nan_to_num(values) * known, 0.0), starts)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(total > 0, summed / total, np.nan), total

    candidate, n_candidate = mean(series.candidate, series.n_candidate)
    stable, n_stable = mean(series.stable, series.n_stable)
    return replace(series, ends=series.ends[last], candidate=candidate, stable=stable, n_candidate=n_candidate,
                   n_stable=n_stable, low=series.low[last], high=series.high[last])


def said_of(series: SeriesView) -> str:
    """The newest numbers of both, and the interval of their difference, in words."""
    def newest(values: Floats) -> str:
        known = values[np.isfinite(values)]
        return format_value(float(known[-1]), series.unit) if len(known) else "–"

    said = f"stable {newest(series.stable)}, candidate {newest(series.candidate)}"
    there = np.flatnonzero(np.isfinite(series.low))
    if len(there):
        low, high = (float(values[there[-1]]) for values in (series.low, series.high))
        said += f"; difference {_signed(low, series.unit)} to {_signed(high, series.unit)}"
    return said


def _signed(value: float, unit: str) -> str:
    return ("+" if value > 0 else "−" if value < 0 else "±") + format_value(abs(value), unit)


def _runs(places: NDArray[np.int64]) -> list[list[int]]:
    """Places that follow each other."""
    if not len(places):
        return []
    cuts = np.flatnonzero(np.diff(places) > 1) + 1
    return [[int(at) for at in part] for part in np.split(places, cuts)]
