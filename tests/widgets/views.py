"""Views made by hand for the charts: simple numbers whose pixels one can work out."""

from __future__ import annotations

import numpy as np

from console.metrics.view import BoardView, ChartView, OverviewView, SeriesView
from console.session.view import SelectionView
from console.window import Window

START = 1_763_899_200.0      # 23 Nov 2025 12:00 UTC


def chart_of(*values: list[float] | np.ndarray, metric: str = "latency", unit: str = "ms", bucket_s: int = 10,
             start: float = START, latest: str = "12 ms") -> ChartView:
    """One curve per list."""
    arrays = [np.asarray(each, dtype=float) for each in values]
    times = start + np.arange(len(arrays[0])) * float(bucket_s)
    names = [""] if len(arrays) == 1 else [f"s{number}" for number in range(len(arrays))]
    series = tuple(SeriesView(name, each, np.ones(len(each))) for name, each in zip(names, arrays, strict=True))
    title = metric.title()
    return ChartView(metric, title, unit, "software", "lower", times, bucket_s, series, "A sentence.", "", latest)


def window_of(chart: ChartView) -> Window:
    """All of the chart's buckets."""
    return Window.from_epoch(float(chart.times[0]), float(chart.times[-1]) + chart.bucket_s)


def board_of(*charts: ChartView) -> BoardView:
    """Over the window of the first."""
    window = window_of(charts[0])
    return BoardView(window, charts[0].bucket_s, charts, (window,), 1)


def selection_of(
    visible: Window | None, reference: Window | None = None, current: Window | None = None
) -> SelectionView:
    """Paused, without history."""
    return SelectionView(visible, visible, False, False, False, "", reference, current, "", 0)


def overview_of(hours: int = 100, error: float = 0.0) -> OverviewView:
    """So many hours of steady traffic."""
    times = START + np.arange(hours) * 3600.0
    window = Window.from_epoch(START, START + hours * 3600)
    return OverviewView(window, times, 3600, np.full(hours, 50.0), np.full(hours, error), (("v1", window),), ())
