"""The charts of a report: one metric over time, with the two windows marked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from console.metrics.view import ChartView, Floats, SeriesView
from console.reports.canvas import CHARACTER_PX, TEXT_PX, Canvas, shorten
from console.reports.palette import CURVES
from console.reports.scales import round_ticks, tick_texts, time_ticks
from console.window import Window

SCREEN, PAPER = (680, 184), (440, 126)
"""Width and height in pixels; on paper a pixel is three quarters of a point, so that text there is 8 points high."""

TOP, BOTTOM, LEFT, RIGHT = 20, 36, 54, 12
LABEL_LEFT, LABEL_PX = 30, 14          # a sample of the line before its name; the least distance of two names
MAX_LABEL = 10                         # characters of a series name beside its line
LEVEL_ROOM = 0.5                       # of the curve's height an axis grows to show the level of a rule
DAY_PX = 170                           # room for the day, at the left under the axis
STRIP = 6                              # pixels of the strip under the ground that says when an alarm fired
MOST_POINTS = 1_300                    # a little over two per pixel; more would only make the file large


@dataclass(frozen=True, slots=True)
class Marks:
    """What is drawn over a chart: levels of alarm rules in its unit, when they fired, and when versions came."""

    thresholds: tuple[float, ...] = ()
    firing: tuple[Window, ...] = ()
    pending: tuple[Window, ...] = ()
    versions: tuple[tuple[datetime, str], ...] = ()


NO_MARKS = Marks()


def draw_chart(chart: ChartView, *, window: Window, reference: Window, alt: str, names_px: float = 0,
               size: tuple[int, int] = SCREEN, marks: Marks = NO_MARKS) -> str:
    """The chart as SVG in light colours; see `canvas.themed` for a page that may be dark.

    names_px  room for names at the right, at least: charts below each other share one time axis if they share this

    Shares are drawn in percent; rates, shares and times start at zero. NaN is a gap; a value between two gaps is a
    short dash, as wide as its bucket. Title and unit are left to the page, which has the larger letters.
    """
    canvas = Canvas(*size)
    scale = 100.0 if chart.unit == "share" else 1.0
    levels = [level * scale for level in marks.thresholds]
    ticks = _value_ticks(chart, scale, levels)
    texts = tick_texts(ticks, " %" if chart.unit in ("share", "%") else "")
    named = len(chart.series) > 1
    left = max(LEFT, 8 + CHARACTER_PX * max(map(len, texts)))
    right = canvas.width - RIGHT - max(names_px, names_width(chart))
    ground = canvas.height - BOTTOM
    plot = _Plot(left, right, ground, ticks[0], ticks[-1], *_span(chart, window))

    for tick, text in zip(ticks, texts, strict=True):
        y = float(plot.y(tick))
        canvas.line([left, right], [y, y], "rule" if tick == ticks[0] else "grid")
        canvas.words(left - 8, y + 4, text, anchor="right")
    _time_axis(canvas, plot, chart.relative)
    _windows(canvas, plot, window, reference)
    _versions(canvas, plot, marks)
    _alarms(canvas, plot, marks)
    drawn = chart.series[:len(CURVES)]
    for series, (colour, dashes) in reversed(list(zip(drawn, CURVES, strict=False))):
        _curve(canvas, plot, chart, series, scale, colour, dashes)
    for level in levels:
        if ticks[0] < level <= ticks[-1]:
            y = float(plot.y(level))
            canvas.line([left, right], [y, y], "alarm", width=1.0, dashes=(6, 3))
    if named:
        _names(canvas, plot, chart, scale)
    if not any(np.isfinite(series.values).any() for series in chart.series):
        canvas.words((left + right) / 2, (TOP + ground) / 2, "no data in this time", anchor="center")
    return canvas.svg(alt)


class _Plot:
    """From seconds and values to pixels."""

    def __init__(self, left: float, right: float, ground: float, low: float, high: float, start_s: float,
                 end_s: float) -> None:
        self.left, self.right, self.ground, self.start_s, self.end_s = left, right, ground, start_s, end_s
        self._low, self._per_value = low, (ground - TOP) / (high - low)
        self._per_second = (right - left) / (end_s - start_s)

    def x(self, seconds: Floats | float) -> Floats:
        return np.asarray(self.left + (np.asarray(seconds) - self.start_s) * self._per_second)

    def y(self, value: Floats | float) -> Floats:
        return np.asarray(self.ground - (np.asarray(value) - self._low) * self._per_value)


def _span(chart: ChartView, window: Window) -> tuple[float, float]:
    if len(chart.times) == 0:
        return window.start_s, window.end_s
    return float(chart.times[0]), float(chart.times[-1]) + chart.bucket_s


def _value_ticks(chart: ChartView, scale: float, levels: Sequence[float] = ()) -> list[float]:
    """A level of a rule is on the axis where that does not press the curve flat."""
    drawn = chart.series[:len(CURVES)]
    values = np.concatenate([series.values for series in drawn]) if drawn else np.empty(0)
    values = values[np.isfinite(values)] * scale
    if len(values) == 0:
        return [0.0, 1.0]
    low, high = float(values.min()), float(values.max())
    reach = high - min(low, 0.0)
    high = max([high, *(level for level in levels if level <= high + LEVEL_ROOM * reach)])
    low = min([low, *(level for level in levels if level >= low - LEVEL_ROOM * reach)])
    if low >= 0 and (chart.unit in ("share", "ms", "%") or chart.unit.endswith("/s") or low <= 0.4 * high):
        low = 0.0
        if high == 0:                      # nothing happened all the time: a flat line on the ground
            high = 1.0
    return round_ticks(low, high, 4)


def _time_axis(canvas: Canvas, plot: _Plot, relative: bool) -> None:
    """Ticks below, the day once at the left under them."""
    ticks, day = time_ticks(plot.start_s, plot.end_s, max(3, int((plot.right - plot.left) / 64)), relative=relative)
    ground = plot.ground
    for at, label in ticks:
        x = float(plot.x(at))
        half = len(label) * CHARACTER_PX / 2
        canvas.line([x, x], [ground, ground + 4], "rule")
        if plot.left - 24 <= x - half and x + half <= canvas.width:
            canvas.words(x, ground + 16, label, anchor="center")
    canvas.words(plot.left, canvas.height - 4, day)


def _windows(canvas: Canvas, plot: _Plot, window: Window, reference: Window) -> None:
    """Both windows as bands with an edge on each side: reference blue and dashed, current orange and solid."""
    starts: dict[str, tuple[float, float]] = {}
    for name, colour, dashes, span in (("reference", "reference", (3.0, 3.0), reference),
                                       ("current", "current", (), window)):
        left, right = (float(np.clip(plot.x(at), plot.left, plot.right)) for at in (span.start_s, span.end_s))
        if span.start_s >= plot.end_s or span.end_s <= plot.start_s:
            continue
        canvas.box(left, TOP, right, plot.ground, colour, opacity=0.1 if name == "reference" else 0.16)
        for x, at in ((left, span.start_s), (right, span.end_s)):
            if plot.start_s <= at <= plot.end_s:
                canvas.line([x, x], [TOP - 4, plot.ground], colour, width=1.2, dashes=dashes)
        starts[name] = (left, right)
    _window_names(canvas, plot, starts)


def _window_names(canvas: Canvas, plot: _Plot, spans: dict[str, tuple[float, float]]) -> None:
    """Above the bands. Where the names would touch, the earlier one ends where the later one starts."""
    order = sorted(spans, key=lambda name: spans[name])
    for index, name in enumerate(order):
        width = CHARACTER_PX * len(name)
        x = min(spans[name][0] + 4, plot.right - width)
        if index + 1 < len(order):
            following = min(spans[order[index + 1]][0] + 4, plot.right - CHARACTER_PX * len(order[index + 1]))
            x = min(x, following - width - 6)
        canvas.words(max(x, 0), TOP - 8, name, "ink")


def _versions(canvas: Canvas, plot: _Plot, marks: Marks) -> None:
    """A dotted line where a model version came, with its name at its head; names that would touch are left out."""
    free = plot.left
    for at, name in sorted(marks.versions):
        if not plot.start_s < at.timestamp() < plot.end_s:
            continue
        x, words = float(plot.x(at.timestamp())), shorten(name, MAX_LABEL)
        canvas.line([x, x], [TOP, plot.ground], "muted", width=1.0, dashes=(1.5, 2.5))
        width = CHARACTER_PX * len(words)
        start = x + 3 if x + 3 + width <= plot.right else x - 3 - width
        if start >= free:
            canvas.words(start, TOP + TEXT_PX, words)
            free = start + width + 6


def _alarms(canvas: Canvas, plot: _Plot, marks: Marks) -> None:
    """A strip under the ground: full where an alarm fired, half as high where it was pending; the word below, once."""
    word = ""
    for name, spans, height in (("pending", marks.pending, STRIP / 2), ("firing", marks.firing, STRIP)):
        for span in spans:
            left, right = (float(np.clip(plot.x(at), plot.left, plot.right)) for at in (span.start_s, span.end_s))
            if right > left or plot.start_s <= span.start_s < plot.end_s:
                canvas.box(left, plot.ground, max(right, left + 1), plot.ground + height, "alarm",
                           opacity=0.9 if name == "firing" else 0.5)
                word = name
    shown = [span for span in (marks.firing if word == "firing" else marks.pending)
             if span.start_s < plot.end_s and span.end_s > plot.start_s]
    if word and shown:
        width = CHARACTER_PX * len(word)
        x = float(np.clip(plot.x(shown[0].start_s), plot.left + DAY_PX, plot.right - width))
        canvas.words(x, canvas.height - 4, word, "alarm")


def _curve(canvas: Canvas, plot: _Plot, chart: ChartView, series: SeriesView, scale: float, colour: str,
           dashes: tuple[float, ...]) -> None:
    """The value of a bucket stands at its middle."""
    times, values = thinned(chart.times + chart.bucket_s / 2, series.values * scale, MOST_POINTS)
    x, y = plot.x(times), plot.y(values)
    if len(x):
        canvas.line(x, y, colour, width=1.4, dashes=dashes)
    known = np.isfinite(np.concatenate([[np.nan], values, [np.nan]]))
    alone = np.flatnonzero(known[1:-1] & ~known[:-2] & ~known[2:])
    half = max(1.0, (plot.right - plot.left) * chart.bucket_s / (plot.end_s - plot.start_s) / 2)
    if len(alone):
        gaps = np.full(len(alone), np.nan)
        canvas.line(np.stack([x[alone] - half, x[alone] + half, gaps], axis=1).ravel(),
                    np.stack([y[alone], y[alone], gaps], axis=1).ravel(), colour, width=1.8)


def thinned(times: Floats, values: Floats, most: int) -> tuple[Floats, Floats]:
    """At most about `most` points that draw the same line: of each run of points its lowest and highest.

    A run without any value stays a gap. Shapes (n,) in, (m,) out, m <= max(n, most).
    """
    if len(values) <= most:
        return times, values
    runs = np.array_split(np.arange(len(values)), most // 2)
    kept: list[int] = []
    for run in runs:
        known = run[np.isfinite(values[run])]
        kept += sorted({int(known[np.argmin(values[known])]), int(known[np.argmax(values[known])])}) \
            if len(known) else [int(run[0])]
    return times[kept], values[kept]


def names_width(chart: ChartView) -> float:
    """Room that the names at the right take; a single curve needs none."""
    if len(chart.series) < 2:
        return 0.0
    names = [shorten(series.name, MAX_LABEL) for series in chart.series[:len(CURVES)]]
    return LABEL_LEFT + CHARACTER_PX * max(max(map(len, names)), 7 if len(chart.series) > len(CURVES) else 0)


def _names(canvas: Canvas, plot: _Plot, chart: ChartView, scale: float) -> None:
    """Each name at the height where its line ends, moved apart where lines end together."""
    ends: list[tuple[float, SeriesView, str, tuple[float, ...]]] = []
    for series, (colour, dashes) in zip(chart.series, CURVES, strict=False):
        known = series.values[np.isfinite(series.values)]
        ends.append((float(plot.y(known[-1] * scale)) if len(known) else math.inf, series, colour, dashes))
    ends.sort(key=lambda end: end[0])
    places = _apart([min(end[0], plot.ground) for end in ends], plot.ground)
    for y, (_, series, colour, dashes) in zip(places, ends, strict=True):
        canvas.line([plot.right + 6, plot.right + 24], [y, y], colour, width=1.4, dashes=dashes)
        canvas.words(plot.right + LABEL_LEFT, y + 4, shorten(series.name, MAX_LABEL), "ink")
    more = len(chart.series) - len(CURVES)
    if more > 0:
        canvas.words(plot.right + LABEL_LEFT, TOP - 8, f"{more} more")


def _apart(places: list[float], lowest: float) -> list[float]:
    """Sorted places on a page, at least a line of text apart, none below `lowest`."""
    for index in range(1, len(places)):
        places[index] = max(places[index], places[index - 1] + LABEL_PX)
    for index in range(len(places) - 1, -1, -1):
        places[index] = min(places[index], lowest - LABEL_PX * (len(places) - 1 - index))
    return places
