"""Maps of values over time, from logarithmic bins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from console.metrics.catalogue import Metric
from console.metrics.format import format_value
from console.metrics.queries import query_of_map
from console.metrics.view import ChartView, Floats, HeatView, SeriesView

if TYPE_CHECKING:
    from console.metrics.measure import Reading
    from console.store.scans import Distribution

ROWS = 40
"""Steps of value, and so rows of pixels at least: what an eye tells apart in a small chart."""

SHARES = 20
"""Steps of a value that lies between 0 and 1: a twentieth each."""

MEDIAN = "p50"

BIN_ERROR = "Values are known to 1 %: at an edge a row may lie in the step beside its own."


def heat_of(reading: Reading, metric: Metric, spread: Distribution) -> HeatView:
    """The bins laid into steps that are even, or even in their logarithms where a duration is told."""
    logarithmic = metric.unit in ("ms", "s")
    middles = (spread.lower + spread.upper) / 2
    edges = edges_of(spread.lower, spread.upper, logarithmic)
    place = np.clip(np.searchsorted(edges, middles, side="right") - 1, 0, len(edges) - 2)
    counts = np.zeros((len(reading.times), len(edges) - 1))
    for bin_, row in enumerate(place):
        counts[:, row] += spread.counts[:, bin_]
    return HeatView(metric.name, metric.title, metric.unit, metric.group, reading.times, reading.bucket_s, edges,
                    counts, logarithmic, metric.sentence, metric.formula, BIN_ERROR, reading.relative,
                    _medians(spread), query_of_map(reading, metric, edges, logarithmic))


def chart_of(heat: HeatView, better: str) -> ChartView:
    """A map as a chart: its one series is the median, which stands in the header and in read-outs."""
    n = heat.counts.sum(axis=1)
    median = heat.median if heat.median is not None else np.full(len(heat.times), np.nan)
    known = np.flatnonzero(np.isfinite(median))
    latest = f"{MEDIAN} {format_value(float(median[known[-1]]), heat.unit)}" if len(known) else ""
    return ChartView(heat.metric, heat.title, heat.unit, heat.group, better, heat.times, heat.bucket_s,
                     (SeriesView(MEDIAN, median, n),), heat.sentence, heat.formula, latest, heat.sql, heat.error,
                     relative=heat.relative, is_map=True, heat=heat)


def step_name(heat: HeatView, row: int) -> str:
    """The values of one step, in words: `20 – 25 ms`."""
    low, high = float(heat.edges[row]), float(heat.edges[row + 1])
    first, last = format_value(low, heat.unit), format_value(high, heat.unit)
    ending = f" {heat.unit}"
    if heat.unit and first.endswith(ending) and last.endswith(ending):
        first = first.removesuffix(ending)
    return f"{first} – {last}"


def step_at(heat: HeatView, value: float) -> int:
    """The step that a value lies in, the nearest for one beyond the ends."""
    return int(np.clip(np.searchsorted(heat.edges, value, side="right") - 1, 0, len(heat.edges) - 2))


def _medians(spread: Distribution) -> Floats:
    """The nearest-rank median of each bucket, as the middle of its bin; NaN where nothing came."""
    n = spread.counts.sum(axis=1)
    if not spread.counts.shape[1]:
        return np.full(len(n), np.nan)
    reached = np.cumsum(spread.counts, axis=1) >= np.ceil(n / 2)[:, np.newaxis]
    middles = (spread.lower + spread.upper) / 2
    return np.where(n > 0, middles[np.argmax(reached, axis=1)], np.nan)


def edges_of(lower: Floats, upper: Floats, logarithmic: bool) -> Floats:
    """Ends of the steps over all bins, rising; one step where all values are one."""
    if not len(lower):
        return np.array([0.0, 1.0])
    low, high = float(lower.min()), float(upper.max())
    if logarithmic:
        positive = lower[upper > 0]
        low = float(positive[positive > 0].min()) if (positive > 0).any() else 1e-3
        high = max(high, low * 1.02)
        edges = np.geomspace(low, high, ROWS + 1)
        return np.concatenate([[min(0.0, float(lower.min()))], edges]) if (lower <= 0).any() else edges
    if low >= 0 and high <= 1.02:
        return np.linspace(0.0, 1.0, SHARES + 1)
    return np.linspace(low, high, ROWS + 1) if high > low else np.array([low, low + max(1.0, abs(low))])
