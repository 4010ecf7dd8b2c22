"""A chart as a table: the buckets that are visible, with every value and the rows behind it. A map is one of rows by
step of value, with the median before them.
"""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass

from console.metrics.format import format_since
from console.metrics.heat import step_name
from console.metrics.view import ChartView, HeatView, SeriesView
from console.session.rows_view import defused_text
from console.window import Window, from_epoch


@dataclass(frozen=True, slots=True)
class ValuesView:
    """Of one chart. heads: of the columns after the time; curves and, behind them, the rows each value stands on. Of a
    map the curves after the first are such rows themselves, and none stand behind them."""

    metric: str
    title: str
    unit: str
    first: int                      # number of the first visible bucket in the chart
    last: int                       # behind the last
    chart: ChartView
    curves: tuple[SeriesView, ...]
    heads: tuple[str, ...]


def values_of(chart: ChartView, window: Window) -> ValuesView:
    """The buckets of a chart that overlap the window."""
    first = int(chart.times.searchsorted(window.start_s - chart.bucket_s, side="right"))
    last = int(chart.times.searchsorted(window.end_s, side="left"))
    if chart.heat is not None:
        return _of_map(chart, chart.heat, first, max(first, last))
    curves = (*chart.series, *((chart.ghost,) if chart.ghost is not None else ()))
    names = [curve.name or chart.title for curve in curves]
    counts = ["n" if len(curves) == 1 else f"n {curve.name or chart.title}" for curve in curves]
    return ValuesView(chart.metric, chart.title, chart.unit, first, max(first, last), chart, curves,
                      (*names, *counts))


def _of_map(chart: ChartView, heat: HeatView, first: int, last: int) -> ValuesView:
    steps = tuple(SeriesView(step_name(heat, step), heat.counts[:, step], heat.counts[:, step])
                  for step in range(heat.counts.shape[1]))
    curves = (*chart.series, *steps)
    return ValuesView(chart.metric, chart.title, chart.unit, first, last, chart, curves,
                      tuple(curve.name for curve in curves))


def time_of(view: ValuesView, number: int) -> str:
    """The start of a bucket; UTC as ISO 8601, or counted from a start that the log does not name."""
    at = from_epoch(float(view.chart.times[number]))
    return f"+{format_since(at)}" if view.chart.relative else f"{at:%Y-%m-%dT%H:%M:%SZ}"


def as_csv(chart: ChartView, window: Window, delimiter: str = ",") -> str:
    """All digits; shares as 0 to 1; a value that is not known is empty. Names from the log run in no spreadsheet."""
    view = values_of(chart, window)
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    unit = f" ({chart.unit})" if chart.unit and chart.unit != "share" else ""
    in_unit = len(chart.series) if chart.heat is not None else len(view.curves)
    heads = [head + unit if number < in_unit else head for number, head in enumerate(view.heads)]
    writer.writerow(["time" if chart.relative else "time_utc", *(defused_text(head) for head in heads)])
    for number in range(view.first, view.last):
        values = [float(curve.values[number]) for curve in view.curves]
        counts = [float(curve.n[number]) for curve in view.curves]
        if chart.heat is not None:
            values, counts = values[:in_unit], counts[in_unit:]
        writer.writerow([time_of(view, number), *("" if math.isnan(value) else repr(value) for value in values),
                         *(f"{count:.0f}" for count in counts)])
    return out.getvalue()
