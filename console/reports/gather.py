"""From charts and drift to what a report says in numbers and sentences. Values in, values out: no store, no clock.

How a number before and during is computed
    The chart covers both windows. A bucket belongs to the window that holds its middle; where a window is narrower than
    a bucket, to the bucket that holds the window's middle. Then, over the buckets with a value:

    rates per time ("req/s")  the plain mean: every second counts alike
    everything else           the mean weighted by the rows n behind each bucket. For shares and means this is exact,
                              whatever the buckets: sum(share x n) / sum(n) = counted / n
    percentiles               cannot be put together from buckets. Give the exact ones (`exact`); without them the
                              weighted mean of the buckets' percentiles stands in, and the sentence says so

    Edges: a bucket cut by a window's edge counts wholly or not at all, so choose windows on bucket edges for exactness.

The peak is the worst bucket of the window: highest where lower is better, lowest where higher is better, else the one
farthest from before. Buckets with few rows are left out (MIN_PEAK_ROWS, or half the usual number where all are small):
one failure among two requests at night is no peak of 50 %.

Worse or better is said only when both sides rest on MIN_ROWS rows, the change is at least LEAST_CHANGE of the value
before, and, for shares, a two-proportion z-test tells them apart at Z_CERTAIN. It is a summary, not a test of drift.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from console.drift.view import DriftView, Verdict
from console.metrics.format import (
    format_count,
    format_number,
    format_since,
    format_span,
    format_time,
    format_value,
    format_window,
)
from console.metrics.view import ChartView, Floats, SeriesView
from console.reports.canvas import shorten
from console.reports.counted import count
from console.reports.view import Affected, AttachedChange, Impact, Incident, Moment
from console.window import Window, from_epoch

MOST_NAMED = 3
"""Columns in the first sentence of a summary."""

MIN_ROWS = 30
"""As in drift: with fewer rows on a side nothing is said about the change."""

MIN_PEAK_ROWS = 30
LEAST_CHANGE = 0.05
"""A change below five percent of the value before is called `about the same`."""

Z_CERTAIN = 2.576
"""Two-sided 1 % of the normal distribution."""

MAX_NAME = 40
"""Characters of a column's name in a sentence; tables have it in full."""

COUNTED = {"error_rate": "requests failed", "null_responses": "requests got no prediction",
           "missing_values": "cells were empty", "ctr": "requests with an outcome were clicked"}
"""What a share counts; n of the chart is what it is a share of."""

_PERCENTILES = ("p50", "p90", "p95", "p99")


def impacts_of(chart: ChartView, window: Window, reference: Window,
               exact: Mapping[str, tuple[float, float]] | None = None) -> tuple[Impact, ...]:
    """One impact for each series of a chart that is read on its own (p50, p95, p99; tokens in and out).

    exact  series name to (before, during), for percentiles computed from the rows
    """
    exact = exact or {}
    found = (impact_of(chart, window, reference, series=series.name, exact=exact.get(series.name))
             for series in chart.series)
    return tuple(impact for impact in found if impact is not None)


def impact_of(chart: ChartView, window: Window, reference: Window, *, series: str | None = None,
              exact: tuple[float, float] | None = None) -> Impact | None:
    """The metric of a chart before and during; see the page of this file for how. None without any value during.

    chart   covers both windows (what lies outside of them is not used)
    series  which curve; None takes the only one, p95 of percentiles, else the first
    exact   (before, during) from the rows, instead of what the buckets give
    """
    number = _chosen(chart, series)
    if number is None:
        return None
    return impact_between(chart, chart, number, window, reference, exact=exact)


def impact_between(during_chart: ChartView, before_chart: ChartView, number: int, window: Window, reference: Window, *,
                   exact: tuple[float, float] | None = None, rows: tuple[int, int] | None = None) -> Impact | None:
    """The same from two charts of one metric, one over each window: for a reference that lies far away.

    number  which curve of `during_chart`; that of the same name is taken from `before_chart`
    exact   (before, during) from the rows, instead of what the buckets give; rows: of how many, likewise
    """
    chart, curve = during_chart, during_chart.series[number]
    during_at = buckets_in(chart, window)
    during, n_during = _together(chart.unit, curve, during_at)
    before, n_before = math.nan, 0
    earlier = next((part for part in before_chart.series if part.name == curve.name), None)
    if earlier is not None:
        before, n_before = _together(chart.unit, earlier, buckets_in(before_chart, reference))
    if exact is not None:
        before, during = exact
    if rows is not None:
        n_before, n_during = rows
    if math.isnan(during):
        return None
    peak, peak_at = _peak(chart, curve, during_at, before)
    title = f"{chart.title} {curve.name}".rstrip()
    metric = f"{chart.metric}_{curve.name}" if curve.name else chart.metric
    change = _change(chart.unit, before, during, n_before, n_during)
    worse = None if not change or chart.better == "neither" else (change > 0) == (chart.better == "lower")
    sentence = _sentence(chart, title, before, during, peak, peak_at, n_during, change, window)
    if curve.name in _PERCENTILES and exact is None:
        sentence += " Mean of the buckets' percentiles."
    return Impact(metric, title, chart.unit, before, during, peak, peak_at, n_before, n_during, sentence, worse)


def buckets_in(chart: ChartView, window: Window) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Indexes of the buckets that belong to a window."""
    middle = chart.times + chart.bucket_s / 2
    inside = np.flatnonzero((middle >= window.start_s) & (middle < window.end_s))
    if len(inside) == 0 and window.seconds < chart.bucket_s:
        centre = (window.start_s + window.end_s) / 2
        inside = np.flatnonzero((chart.times <= centre) & (centre < chart.times + chart.bucket_s))
    return inside


def summarise(incident: Incident, requests: int, impacts: Sequence[Impact], drift: DriftView | None, *,
              users: int | None = None, affected: Sequence[Affected] = ()) -> tuple[str, str, str]:
    """Three sentences that a manager can read: what got worse and when; for how many; what moved with it, and when it
    was over.

    requests, users  in the incident's window
    """
    window = incident.window
    worse = sorted((impact for impact in impacts if impact.worse), key=_severity, reverse=True)
    worse, told = _one_of_each(worse), [one for one in incident.changes if not one.weak]
    beyond = [impact for impact in worse if any(_is_about(one, impact) for one in told)]
    when = f"in the window {format_window(window, relative=incident.relative)} ({format_span(window.seconds)})"
    names = list(dict.fromkeys(one.column for one in told if one.kind == "column" and one.column))
    if names and not beyond:    # what got worse may be the time of day; what left its usual way stands in the columns
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        first = f"{'Column' if len(names) == 1 else 'Columns'} {', '.join(names[:MOST_NAMED])}{more} changed {when}."
    elif worse:
        clauses = ", and ".join(_clause(impact, window, incident.relative) for impact in (beyond or worse)[:2])
        first = f"{clauses[:1].upper()}{clauses[1:]}, {when}."
    elif any(impact.worse is not None for impact in impacts):
        first = f"No measured number got worse {when}."
    else:
        first = f"No number differs clearly from the reference {when}."
    onset = incident.milestone(Moment.ONSET)
    if onset.at is not None:
        first = f"{first[:-1]}, begun {format_time(onset.at, relative=incident.relative)}."
    return first, _how_many(impacts, worse, requests, users, affected), _ended(_moved(drift), incident)


def _is_about(change: AttachedChange, impact: Impact) -> bool:
    return impact.metric == change.metric or bool(change.chart and f"{impact.metric}_".startswith(f"{change.chart}_"))


def _ended(sentence: str, incident: Incident) -> str:
    if incident.milestone(Moment.ONSET).at is None:
        return sentence
    over = incident.milestone(Moment.RECOVERED)
    if over.at is not None:
        return f"{sentence[:-1]}; it was over {format_time(over.at, relative=incident.relative)}."
    return f"{sentence[:-1]}; when it was over is not recorded."


def alt_text(chart: ChartView) -> str:
    """The chart in one sentence, for those who cannot see it; before and during are said where the report has them."""
    if len(chart.times) == 0:
        return f"{chart.title}: no data."
    span = Window.from_epoch(float(chart.times[0]), float(chart.times[-1]) + chart.bucket_s)
    parts = []
    for curve in chart.series:
        known = np.flatnonzero(np.isfinite(curve.values))
        name = f"{curve.name} " if curve.name else ""
        if len(known) == 0:
            parts.append(f"{name}no data")
            continue
        low, high = float(np.min(curve.values[known])), float(np.max(curve.values[known]))
        at = from_epoch(float(chart.times[known[np.argmax(curve.values[known])]]))
        lowest, highest = format_value(low, chart.unit), format_value(high, chart.unit)
        parts.append(f"{name}between {lowest} and {highest}, highest at {_at(at, span, chart.relative)}" if high > low
                     else f"{name}always {lowest}")
    curves = "; ".join(parts[:6]) + (f"; and {len(parts) - 6} more" if len(parts) > 6 else "")
    when = format_window(span, relative=chart.relative)
    return (f"Line chart of {chart.title}, {when}, a point every {format_span(chart.bucket_s)}: "
            f"{curves}.")


def _chosen(chart: ChartView, name: str | None) -> int | None:
    names = [series.name for series in chart.series]
    if name is not None:
        return names.index(name) if name in names else None
    if "p95" in names:
        return names.index("p95")
    return 0 if names else None


def _together(unit: str, curve: SeriesView, at: np.ndarray[tuple[int], np.dtype[np.intp]]) -> tuple[float, int]:
    """One value for some buckets, and the rows behind it."""
    values, n = curve.values[at], np.nan_to_num(curve.n[at])
    known = np.isfinite(values)
    if unit.endswith("/s"):
        return (float(values[known].mean()) if known.any() else math.nan), int(n.sum())
    known &= n > 0
    rows = float(n[known].sum())
    return (float((values[known] * n[known]).sum() / rows) if rows else math.nan), int(rows)


def _peak(chart: ChartView, curve: SeriesView, at: np.ndarray[tuple[int], np.dtype[np.intp]],
          before: float) -> tuple[float, datetime | None]:
    known = at[np.isfinite(curve.values[at])]
    if len(known) == 0:
        return math.nan, None
    n: Floats = np.nan_to_num(curve.n[known])
    if not chart.unit.endswith("/s"):
        known = known[n >= min(MIN_PEAK_ROWS, float(np.median(n)) / 2)]
    values = curve.values[known]
    if chart.better == "lower":
        worst = int(np.argmax(values))
    elif chart.better == "higher":
        worst = int(np.argmin(values))
    else:
        worst = int(np.argmax(np.abs(values - (before if math.isfinite(before) else values.mean()))))
    return float(values[worst]), from_epoch(float(chart.times[known[worst]]))


def _change(unit: str, before: float, during: float, n_before: int, n_during: int) -> int:
    """1 for a rise, -1 for a fall, 0 for no clear change."""
    if not (math.isfinite(before) and math.isfinite(during)) or min(n_before, n_during) < MIN_ROWS:
        return 0
    if during == before or abs(during - before) < LEAST_CHANGE * abs(before):
        return 0
    if unit == "share":
        pooled = (before * n_before + during * n_during) / (n_before + n_during)
        error = math.sqrt(max(0.0, pooled * (1 - pooled)) * (1 / n_before + 1 / n_during))
        if error == 0 or abs(during - before) / error < Z_CERTAIN:
            return 0
    return 1 if during > before else -1


def _sentence(chart: ChartView, title: str, before: float, during: float, peak: float, peak_at: datetime | None,
              n_during: int, change: int, window: Window) -> str:
    now = format_value(during, chart.unit)
    if math.isnan(before):
        text = f"{title} was {now}; nothing is known of it before"
    elif change:
        text = f"{title} {'rose' if change > 0 else 'fell'} from {format_value(before, chart.unit)} to {now}"
    else:
        text = f"{title}: no clear change, {format_value(before, chart.unit)} before and {now} during"
    if change and peak_at is not None:
        word = "lowest" if peak < before else "peak"
        text += f" ({word} {format_value(peak, chart.unit)} at {_at(peak_at, window, chart.relative)})"
    if chart.unit == "share" and chart.metric in COUNTED and n_during:
        counted = format_count(round(during * n_during))
        text += f"; {counted} of {format_count(n_during)} {COUNTED[chart.metric]}"
    return text + "."


def _clause(impact: Impact, window: Window, relative: bool) -> str:
    rose = "rose" if impact.during > impact.before else "fell"
    text = (f"{_inside(impact)} {rose} from {format_value(impact.before, impact.unit)} "
            f"to {format_value(impact.during, impact.unit)}")
    if impact.peak_at is None:
        return text
    word = "peak" if impact.during > impact.before else "lowest"
    return f"{text} ({word} {format_value(impact.peak, impact.unit)} at {_at(impact.peak_at, window, relative)})"


def _severity(impact: Impact) -> tuple[bool, float]:
    """Failures come first; then what changed most, as a ratio."""
    low, high = sorted((abs(impact.before), abs(impact.during)))
    return impact.metric == "error_rate", math.log(high / low) if low > 0 else math.inf


def _one_of_each(worse: Sequence[Impact]) -> list[Impact]:
    """p50, p95 and p99 of one chart are one matter: p95 speaks for them, or the one that changed most."""
    chosen: dict[str, Impact] = {}
    for impact in worse:
        head, _, tail = impact.metric.rpartition("_")
        family = head if head and tail in _PERCENTILES else impact.metric
        if family not in chosen or tail == "p95":
            chosen[family] = impact
    return list(chosen.values())


def _inside(impact: Impact) -> str:
    """A title as it stands inside a sentence; abbreviations and names from logs keep their letters."""
    title = shorten(impact.title, MAX_NAME)
    return title if impact.metric.startswith("sampled:") or title[1:2].isupper() else title[:1].lower() + title[1:]


def _how_many(impacts: Sequence[Impact], worse: Sequence[Impact], requests: int, users: int | None,
              affected: Sequence[Affected]) -> str:
    if not requests:
        return "The log holds no requests in this time."
    text = f"{format_count(requests)} {'request' if requests == 1 else 'requests'}"
    if users is not None:
        text += f" of {format_count(users)} {'user' if users == 1 else 'users'}"
    text += " fell into this time"
    hit = next((one for one in affected if one.what == "any"), None) or next(
        (one for one in affected if one.excess_low > 0), None)
    if hit is not None:
        text += f": {format_count(hit.requests)} ({format_value(hit.share, 'share')}) {hit.meaning}"
        if hit.users is not None:
            text += f", of {format_count(hit.users)} {'user' if hit.users == 1 else 'users'}"
        return (f"{text}; {count(hit.excess)} more than the reference gives "
                f"(95 %: {count(hit.excess_low)} to {count(hit.excess_high)}).")
    counts = [f"{format_count(round(impact.during * impact.n_during))} {COUNTED[impact.metric].split(' ', 1)[1]}"
              for impact in impacts if impact.metric in ("error_rate", "null_responses") and impact.during > 0]
    if counts:
        text += f": {' and '.join(counts)}"
    also = [_inside(impact) for impact in worse[2:]]
    if also:
        text += f"; {', '.join(also[:-1]) + ' and ' + also[-1] if len(also) > 1 else also[0]} got worse too"
    return text + "."


def _moved(drift: DriftView | None) -> str:
    if drift is None:
        return "Drift of the columns was not tested."
    moved = [row for row in drift.columns if row.verdict in (Verdict.ALARM, Verdict.WATCH)]
    if not moved:
        tested = sum(row.verdict is not Verdict.TOO_FEW for row in drift.columns)
        if not tested:
            return "No column had enough rows on both sides to test for drift."
        return f"None of the {tested} tests over the columns found drift against the reference window."
    columns = list(dict.fromkeys(row.column for row in moved))
    named = [f"{shorten(row.column, MAX_NAME)} ({row.effect_name} {format_number(row.effect)})"
             for row in {row.column: row for row in reversed(moved)}.values()][::-1][:3]
    rest = f" and {len(columns) - 3} more" if len(columns) > 3 else ""
    total = len({row.column for row in drift.columns})
    return f"{len(columns)} of {total} columns moved against the reference window: {', '.join(named)}{rest}."


def _at(at: datetime, window: Window, relative: bool) -> str:
    """The day only where the window has more than one."""
    if relative:
        return format_since(at)
    if window.start.date() == window.end.date():
        return f"{at:%H:%M} UTC"
    return f"{at.day} {at:%b} {at:%H:%M} UTC"
