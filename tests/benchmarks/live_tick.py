"""The live tick of a full board against a bare QPainter that draws the same polylines.

Board: 12 charts x 3 curves x 500 points, 1600 x 1000, off screen, `BoardPanel` as the window has it, with titles, axes,
legends and the current values, which change with each tick. Bare: the same values at the same pixels with the same pens
on an image of the same size; turning numbers into polygons is part of it, since live data are new with each tick.
Alarmed: the same board with two thresholds in view and one above it, a firing and a pending stretch on every chart, a
band on every third, and ten begins across all of them.
Plain: 12 `pyqtgraph.PlotWidget` with three curves each, fed by `setData`, ranges fixed. CPU time, medians, in turns.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

CHARTS, CURVES, POINTS, BUCKET_S = 12, 3, 500, 10
WIDTH, HEIGHT = 1600, 1000
TICKS, WARM_UP = 120, 15
START_S = 1_763_899_200.0
NAMES = ("p50", "p95", "p99")
CASES = (("live tick, ranges standing", False, 2.0), ("live tick, time range moving", True, 6.0))


def run() -> list[dict[str, Any]]:
    """Rows {name, ours, reference, ratio, reach}; times in ms of CPU a tick."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    app = QApplication.instance() or QApplication([])
    ours, bare, plain, alarmed = _Ours(app), _Bare(), _Plain(app), _Ours(app, alarms=True)
    rows: list[dict[str, Any]] = []
    for name, moving, reach in CASES:
        spent: dict[str, list[float]] = {"ours": [], "bare": [], "plain": [], "alarmed": []}
        for tick in range(TICKS + WARM_UP):
            values = _values(tick)
            start = START_S + (tick * BUCKET_S if moving else 0)
            for who, act in (
                ("ours", ours.ticker(values, start)),
                ("alarmed", alarmed.ticker(values, start)),
                ("bare", bare.ticker(values, ours)),
                ("plain", plain.ticker(values, start)),
            ):
                before = time.process_time()
                act()
                if tick >= WARM_UP:
                    spent[who].append((time.process_time() - before) * 1e3)
        medians = {who: statistics.median(times) for who, times in spent.items()}
        for who, reached, said in (("ours", reach, ""), ("alarmed", reach, ", with alarms"),
                                   ("plain", None, ": plain pyqtgraph beside it")):
            rows.append(
                {
                    "name": name + said,
                    "ours": round(medians[who], 3),
                    "reference": round(medians["bare"], 3),
                    "ratio": round(medians[who] / medians["bare"], 2),
                    "reach": reached,
                    "unit": "ms CPU a tick",
                }
            )
    ours.panel.close()
    alarmed.panel.close()
    plain.window.close()
    return rows


def _values(tick: int) -> np.ndarray:
    random = np.random.default_rng(tick)
    return 100 + 20 * np.arange(CURVES)[None, :, None] + 5 * random.standard_normal((CHARTS, CURVES, POINTS))


class _Ours:
    """The board panel."""

    def __init__(self, app: Any, *, alarms: bool = False) -> None:
        from console.metrics.view import BoardView, ChartView, SeriesView
        from console.session.view import SelectionView
        from console.window import Window
        from widgets.panels.board_panel import BoardPanel
        from widgets.theme import ThemeHolder

        self._app = app
        self._board, self._chart, self._series, self._window = BoardView, ChartView, SeriesView, Window
        self._selection = SelectionView(None, None, True, False, False, "", None, None, "", 0)
        self.holder = ThemeHolder(app, "light")
        self.panel = BoardPanel(self.holder)
        self.panel.resize(WIDTH, HEIGHT)
        self.panel.show()
        if alarms:
            self.panel.display_alarms(_alarms())
        self._ones = np.ones(POINTS)
        self.ticker(_values(0), START_S)()

    def ticker(self, values: np.ndarray, start: float) -> Callable[[], None]:
        """What one tick does; the views are made before the clock starts, as in a thread of the session."""
        times = start + np.arange(POINTS) * float(BUCKET_S)
        window = self._window.from_epoch(start, start + POINTS * BUCKET_S)
        charts = tuple(
            self._chart(
                f"m{number}", f"Metric {number}", "ms", "software", "lower", times, BUCKET_S,
                tuple(self._series(name, values[number, at], self._ones) for at, name in enumerate(NAMES)),
                "What it is.", "", f"{values[number, 0, -1]:.1f} ms",
            )
            for number in range(CHARTS)
        )  # fmt: skip
        board = self._board(window, BUCKET_S, charts, (window,), 1)
        selection = replace(self._selection, visible=window, whole=window)

        def tick() -> None:
            self.panel.display(board, selection)
            self._app.processEvents()

        return tick


def _alarms() -> Any:
    """What the alarms of a bad day look like."""
    from console.alarms.machine import State
    from console.alarms.on_charts import ChartAlarms, Course, Edges, Line, OnCharts, Stretch, shades_of
    from console.alarms.rules import Band, Severity, Side

    levels = zip((150.0, 165.0, 400.0), Severity, strict=True)
    lines = tuple(Line(f"above {level}", "Metric", f"{level:g} ms", "", level, None, True, severity)
                  for level, severity in levels)
    band = Band(86400, 3.0, Side.BOTH, tuple(120.0 + hour for hour in range(24)), (5.0,) * 24)
    stretches = (Stretch(START_S + 500, START_S + 1500, State.PENDING, "above 150", ""),
                 Stretch(START_S + 1500, START_S + 4000, State.FIRING, "above 150", ""))
    edges = (Edges("band", "Metric", "", Severity.TICKET, band, 60),)
    course = Course(stretches, shades_of(stretches))
    starts = tuple((f"begin {number}", START_S + 500.0 * number) for number in range(10))
    return OnCharts({f"m{number}": ChartAlarms(lines, edges if number % 3 == 0 else (), course)
                     for number in range(CHARTS)}, starts)


class _Bare:
    """A QPainter on an image."""

    def __init__(self) -> None:
        from PySide6.QtGui import QColor, QImage

        self._image = QImage(WIDTH, HEIGHT, QImage.Format.Format_RGB32)
        self._white = QColor("white")

    def ticker(self, values: np.ndarray, ours: _Ours) -> Callable[[], None]:
        """Draws what the board draws, where the board draws it."""
        from PySide6.QtCore import QPoint
        from PySide6.QtGui import QPainter

        from widgets.charts.curves import polygon

        charts = [ours.panel.chart(f"m{number}") for number in range(CHARTS)]
        corners = [chart.mapTo(ours.panel, QPoint(0, 0)) for chart in charts if chart is not None]
        first = charts[0]
        assert first is not None
        plot = first.plot_rect
        low, high = first.y_of(0.0), first.y_of(1.0)
        x = plot.left() + (np.arange(POINTS) + 0.5) / POINTS * plot.width()
        pens = [ours.holder.theme.series_pen(at) for at in range(CURVES)]

        def tick() -> None:
            painter = QPainter(self._image)
            painter.fillRect(0, 0, WIDTH, HEIGHT, self._white)
            for number, corner in enumerate(corners):
                for at in range(CURVES):
                    painter.setPen(pens[at])
                    painter.drawPolyline(
                        polygon(x + corner.x(), values[number, at] * (high - low) + (low + corner.y()))
                    )
            painter.end()

        return tick


class _Plain:
    """pyqtgraph out of the box, with fixed y ranges."""

    def __init__(self, app: Any) -> None:
        import pyqtgraph as pg
        from PySide6.QtWidgets import QGridLayout, QWidget

        self._app = app
        self.window = QWidget()
        grid = QGridLayout(self.window)
        self._plots, self._curves = [], []
        for number in range(CHARTS):
            plot = pg.PlotWidget(title=f"Metric {number}", axisItems={"bottom": pg.DateAxisItem()})
            plot.setYRange(0, 200)
            plot.disableAutoRange()
            self._plots.append(plot)
            self._curves.append([plot.plot(pen=pg.mkPen(color, width=1)) for color in "rgb"])
            grid.addWidget(plot, number // 4, number % 4)
        self.window.resize(WIDTH, HEIGHT)
        self.window.show()
        app.processEvents()

    def ticker(self, values: np.ndarray, start: float) -> Callable[[], None]:
        """Feeds all curves and moves the ranges."""
        times = start + np.arange(POINTS) * float(BUCKET_S)

        def tick() -> None:
            for number, (plot, curves) in enumerate(zip(self._plots, self._curves, strict=True)):
                for at, curve in enumerate(curves):
                    curve.setData(times, values[number, at])
                plot.setXRange(start, start + POINTS * BUCKET_S, padding=0)
            self._app.processEvents()

        return tick


if __name__ == "__main__":
    for row in run():
        print(row)
