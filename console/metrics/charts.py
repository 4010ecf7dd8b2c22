"""From numbers to the charts of the board."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from console.errors import BadSettings
from console.jobs import Job
from console.metrics.catalogue import (
    CATALOGUE,
    CHARTS,
    FAMILIES,
    MORE,
    Metric,
    Source,
    find,
    of_column,
    own_metric,
    sampled_metric,
)
from console.metrics.counted import BADGE, BUCKET, NO_CURVE, OF_THE_RUNTIME
from console.metrics.format import NO_DATA, format_count, format_time, format_value
from console.metrics.grid import aligned, bucket_for, bucket_for_step
from console.metrics.heat import chart_of, heat_of
from console.metrics.maturity import mature
from console.metrics.measure import OTHER, Reading
from console.metrics.parts import Measured
from console.metrics.queries import query_for
from console.metrics.sampled import Series
from console.metrics.view import BoardView, ChartView, Floats, HeatView, OverviewView, SeriesView
from console.roles import INPUT_ROLES, Role, StreamKind
from console.store.names import FINEST_S
from console.window import Window, from_epoch

if TYPE_CHECKING:
    from console.store import StreamInfo, Workspace

NO_REQUESTS, STILL_COUNTING = "No requests in this log, only samples", "Counting the requests"
PERCENTILE_ERROR = "Percentiles are nearest-rank and right to 1 %."
COUNTED_ERROR = "Between the ends of a bucket of the histogram the requests are taken to lie evenly."
EXACT = "Exact: counted from the rows of the shown time."
OF_COUNTERS = ("throughput", "latency", "error_rate")
"""Charts that counters can stand in for, where a log has no requests."""
OF_THE_CHART = {
    "latency": ("The time within which 50, 95 and 99 % of the requests of a bucket were answered.",
                "values at ranks ceil(0.5 n), ceil(0.95 n) and ceil(0.99 n) of the bucket's n latencies, sorted"),
    "tokens": ("Mean number of tokens sent to the model, and written by it.",
               "sum of tokens / requests, apart for input and output"),
    "tokens_per_second": ("Tokens sent to the model each second, and written by it.",
                          "sum of tokens / length of the bucket in seconds, apart for input and output"),
    "ttft": ("The time within which 50 and 95 % of the requests of a bucket had their first token.",
             "values at ranks ceil(0.5 n) and ceil(0.95 n) of the bucket's n times to the first token, sorted"),
    "label_delay": ("The time within which 50 and 95 % of the outcomes came that are known, at the time of their "
                    "request.",
                    "values at ranks ceil(0.5 n) and ceil(0.95 n) of the waits for the bucket's n outcomes")}
"""Sentence and formula of a chart that shows several metrics at once."""
QUEUE = "queue"
JOINED = (Source.OUTCOME, Source.QUALITY)
HEADLINE = "p95"
"""The curve whose newest value stands large above a chart of several: the tail is what users feel."""
OF_A_KIND = {StreamKind.REQUESTS: "request", StreamKind.OUTCOMES: "outcome", StreamKind.SAMPLES: "sample",
             StreamKind.REFERENCE: "reference row"}
MOST_STATUSES = 6
MAX_SAMPLED = 24
"""A folder with hundreds of long series would bury the board: the first so many are drawn, by name."""


def board(store: Workspace, window: Window, max_points: int, *, following: bool = False,
          bucket_s: int | None = None) -> BoardView:
    """Every chart that the log has data for.

    following  the log still grows: the newest bucket is still filling, and its throughput is left out
    bucket_s   given for a report that must match the command line; otherwise chosen from `max_points`
    """
    asked = bucket_s is not None
    bucket_s = bucket_s or bucket_for(window, max_points, least_s=_step_s(store))
    reading = Reading(store, aligned(window, bucket_s), bucket_s)
    covered = store.coverage()
    requests = _of_requests(reading, covered)
    grids = _Grids(store, window, reading, asked=asked)
    charts = [chart for name in CHARTS if (chart := _chart(grids.of_chart(name), name, requests, following))]
    charts += [_sampled_chart(grids.of_series(one), one.title) for one in shown_series(reading)]
    return BoardView(reading.window, bucket_s, tuple(charts), covered, store.generation,
                     _annotations(store, reading.window), "" if charts else nothing_to_draw(store))


def available(store: Workspace) -> tuple[Metric, ...]:
    """Every metric that the log has data for, and the user's own, whether they may be run or not: those of the board
    first, then what is shown when asked for, then one of each family a column. Series of samples are not among them."""
    span = store.span() or Window.from_epoch(0, 1)
    reading = Reading(store, span, max(1, math.ceil(span.seconds)))
    columns = {column.stored: None for stream in reading.requests for column in stream.columns_of(*INPUT_ROLES)}
    found = [metric for metric in (*CATALOGUE, *MORE) if reading.has(metric)]
    families = [of_column(family, column) for family in FAMILIES for column in columns]
    found += [metric for metric in families if reading.has(metric)]
    return (*found, *map(own_metric, store.own.metrics))


def chart(store: Workspace, name: str, window: Window, max_points: int = 500, *, following: bool = False,
          bucket_s: int | None = None, by: Role | str | None = None, job: Job | None = None) -> ChartView | None:
    """One chart by its name or that of a metric; None where the log has no data for it.

    by   a curve for each value of a role or of a column, which is read from the rows
    job  can stop what reads rows
    Raises BadSettings for a name that there is none of, JobStopped.
    """
    every = (*CATALOGUE, *MORE, *map(own_metric, store.own.metrics))
    metrics = [metric for metric in every if metric.chart == name] or [find(name, store.own.metrics)]
    asked = bucket_s is not None
    bucket_s = bucket_s or bucket_for(window, max_points, least_s=_step_s(store))
    reading = Reading(store, aligned(window, bucket_s), bucket_s, by=by, metrics=metrics, job=job)
    metrics = [reading.described(metric) for metric in metrics if reading.has(metric)]
    if by is not None:          # a curve a value, and not three of each
        metrics = [metric for metric in metrics if metric.series == HEADLINE] or metrics[:1]
    if not metrics or metrics[0].source is Source.HEAT:
        return None
    if metrics[0].source is Source.SAMPLED:
        reading = _Grids(store, window, reading).of_series(reading.series[metrics[0].title])
    elif by is None:
        reading = _Grids(store, window, reading, metrics, asked=asked).of_chart(metrics[0].chart)
    return _chart_of(reading, metrics, _of_requests(reading, store.coverage()), following)


def heat(store: Workspace, name: str, window: Window, max_points: int = 200, *, bucket_s: int | None = None,
         job: Job | None = None) -> HeatView | None:
    """A map of values over time (`latency_map`, `score_distribution`); None where the log has no data for it.

    Raises BadSettings for a metric that is no map, JobStopped.
    """
    metric = find(name)
    if metric.source is not Source.HEAT:
        raise BadSettings(f"`{name}` is a line and no map", do="Ask for its chart")
    bucket_s = bucket_s or bucket_for(window, max_points, least_s=_step_s(store))
    reading = Reading(store, aligned(window, bucket_s), bucket_s, metrics=(metric,), job=job)
    spread = reading.spread(metric) if reading.has(metric) else None
    return None if spread is None else heat_of(reading, metric, spread)


def map_chart(store: Workspace, name: str, window: Window, max_points: int = 200, *, bucket_s: int | None = None,
              job: Job | None = None) -> ChartView | None:
    """A map as a chart. Raises as `heat`."""
    found = heat(store, name, window, max_points, bucket_s=bucket_s, job=job)
    return None if found is None else chart_of(found, find(name).better)


def can_give(store: Workspace, name: str) -> Metric | None:
    """The metric of that name, or the first of the chart of that name, if the log has what it is made from; in this
    window or any other. None for what there is not, own metrics of others among them."""
    every = (*CATALOGUE, *MORE, *map(own_metric, store.own.metrics))
    try:
        metrics = [metric for metric in every if metric.chart == name] or [find(name, store.own.metrics)]
    except BadSettings:
        return None
    reading = Reading(store, store.span() or Window.from_epoch(0, 1), 3600)
    return next((reading.described(metric) for metric in metrics if reading.has(metric)), None)


def no_board(store: Workspace) -> BoardView | None:
    """For a log of which nothing has a place in time: what it has instead. None before the first row."""
    said = nothing_to_draw(store)
    return BoardView(Window.from_epoch(0, 1), 1, (), (), store.generation, nothing=said) if said else None


def nothing_to_draw(store: Workspace) -> str:
    """Why there is no chart, and what there is, a line a stream; "" before the first row."""
    lines = []
    for stream in store.streams():
        if not stream.rows:
            continue
        if stream.kind is StreamKind.UNTIMED:
            lines.append(f"{stream.name}: {_many(stream.rows, 'request')} without a time{_statuses(store, stream)}")
        else:
            lines.append(f"{stream.name}: {_many(stream.rows, OF_A_KIND[stream.kind])}, no number to draw over time")
    return "\n".join(("This log has nothing to draw over time.", *lines)) if lines else ""


def _statuses(store: Workspace, stream: StreamInfo) -> str:
    """How often each status came, the most frequent first."""
    column = stream.column(Role.STATUS)
    if column is None:
        return ""
    counts = store.category_counts(stream.stream_id, column.stored, None)
    shown = sorted(((said, count) for said, count in counts.items() if said is not None), key=lambda one: -one[1])
    rest = sum(count for _, count in shown[MOST_STATUSES:])
    words = [f"{format_count(count)} with status {said.removesuffix('.0')}" for said, count in shown[:MOST_STATUSES]]
    return ": " + ", ".join([*words, f"{format_count(rest)} with others"] if rest else words) if words else ""


def _many(count: int, noun: str) -> str:
    return f"{format_count(count)} {noun}" + ("" if count == 1 else "s")


class _Grids:
    """Samples that lie farther apart than the board's buckets are drawn in longer ones of their own: no dots. So are
    outcomes that come in a stream of their own: in buckets that no rollup has, a live log would join a quarter of an
    hour of rows with each look, since each outcome changes an older bucket."""

    def __init__(self, store: Workspace, window: Window, reading: Reading, metrics: Sequence[Metric] = CATALOGUE, *,
                 asked: bool = False) -> None:
        """asked: somebody wants just these buckets, and may wait"""
        self._store, self._window, self._board, self._metrics = store, window, reading, metrics
        self._asked = asked
        self._readings = {(reading.bucket_s, False): reading}

    def of_series(self, one: Series) -> Reading:
        """For one series of samples."""
        return self._with(bucket_for_step(self._board.bucket_s, one.step_s, counted=one.counted))

    def of_chart(self, name: str) -> Reading:
        """For a chart of the catalogue, which may have to be made from counters."""
        if name == QUEUE and self._board.queue is not None:
            return self.of_series(self._board.queue)
        if not self._asked and self._board.bucket_s < FINEST_S and self._board.joins(name):
            return self._with(FINEST_S, joined=True)
        steps = [self._board.series[title].step_s for title in self._board.counters.names
                 if title in self._board.series]
        if name not in OF_COUNTERS or not steps:
            return self._board
        return self._with(bucket_for_step(self._board.bucket_s, max(steps), counted=True))

    def _with(self, bucket_s: int, *, joined: bool = False) -> Reading:
        """joined: for charts of outcomes alone, so that no other column is asked for"""
        if (bucket_s, joined) not in self._readings:
            metrics = [metric for metric in self._metrics if not joined or metric.source in JOINED]
            self._readings[bucket_s, joined] = Reading(self._store, aligned(self._window, bucket_s), bucket_s,
                                                       metrics=metrics, like=self._board)
        return self._readings[bucket_s, joined]


def shown_series(reading: Reading) -> tuple[Series, ...]:
    """The series of samples that the board shows: what serves before what the process says of itself.

    Left out: the buckets of histograms, the parts of a mean that is shown, what is told as throughput, errors, latency
    or queue already, constants and instants, and what has no increase or no line because it was sampled once.
    """
    parts = {part for one in reading.series.values() for part in (one.total, one.count)} | reading.counters.names
    parts |= {reading.queue.title} if reading.queue is not None else set()
    shown = [one for title, one in reading.series.items()
             if title not in parts and not reading.counters.names & {title, one.total, one.count}
             and title != OTHER and not BUCKET.fullmatch(title) and not NO_CURVE.search(title)
             and (one.step_s > 0 or not (one.counted or reading.requests))]
    shown.sort(key=lambda one: (OF_THE_RUNTIME.match(one.title) is not None, one.title))
    return tuple(shown[:MAX_SAMPLED])


def described(store: Workspace, metric: Metric, window: Window, bucket_s: int) -> Metric:
    """The metric with the unit and the words it has in this log: a series of samples may be a counter."""
    return Reading(store, aligned(window, bucket_s), bucket_s, metrics=(metric,)).described(metric)


def metric_series(store: Workspace, metric: Metric, window: Window, bucket_s: int, by: Role | str | None,
                  job: Job | None = None) -> tuple[Floats, tuple[Measured, ...]]:
    """One metric for the command line: bucket starts, and the numbers for each value of `by` (see `Reading`)."""
    reading = Reading(store, aligned(window, bucket_s), bucket_s, by=by, metrics=(metric,), job=job)
    if not reading.has(metric):
        return reading.times, ()
    measured = reading.measure(metric)
    if metric.source is Source.ROWS and reading.requests:
        covered = _of_requests(reading, store.coverage())
        measured = tuple(Measured(part.by, _only_covered(part.values, reading, covered), part.n)
                         for part in measured)
    return reading.times, measured


Firsts = dict[tuple[str, float], datetime]
"""(version, bucket in which it was first seen) -> when, in finer buckets: kept by who asks again and again."""


def overview(store: Workspace, max_points: int, firsts: Firsts | None = None) -> OverviewView | None:
    """The whole log as a silhouette; None before the first row."""
    span = store.span()
    if span is None:
        return None
    bucket_s = bucket_for(span, max_points, least_s=_step_s(store))
    by_name = {metric.name: metric for metric in CATALOGUE}
    reading = Reading(store, aligned(span, bucket_s), bucket_s,
                      metrics=(by_name["throughput"], by_name["error_rate"]))
    reading = _Grids(store, span, reading).of_chart("throughput")
    bucket_s = reading.bucket_s
    throughput = np.zeros(len(reading.times))
    errors = np.full(len(reading.times), np.nan)
    for part in reading.measure(by_name["throughput"]):
        throughput = part.values
    if reading.has(by_name["error_rate"]):
        for part in reading.measure(by_name["error_rate"]):
            errors = part.values
    return OverviewView(span, reading.times, bucket_s, throughput, errors,
                        _versions(store, span, {} if firsts is None else firsts),
                        _annotations(store, span), store.relative,
                        "" if np.any(throughput > 0) else STILL_COUNTING if reading.requests else NO_REQUESTS)


def _annotations(store: Workspace, window: Window) -> tuple[tuple[str, datetime], ...]:
    """What was noted about that stretch."""
    return tuple((text, at) for at, text, _ in store.annotations() if window.start <= at < window.end)


def _chart(reading: Reading, name: str, covered: tuple[Window, ...], following: bool) -> ChartView | None:
    metrics = [metric for metric in CATALOGUE if metric.chart == name and reading.has(metric)]
    found = _chart_of(reading, metrics, covered, following) if metrics else None
    if found is not None and metrics[0].source is Source.CHANGES and not np.isfinite(found.series[0].values).any():
        return None             # no column could be judged: of all metrics this one needs more than its columns
    return found


def _chart_of(reading: Reading, metrics: list[Metric], covered: tuple[Window, ...], following: bool) -> ChartView:
    """Metrics that share a chart, or the parts of one."""
    if len(metrics) > 1:        # the mean says less than percentiles do, and would be hidden behind them
        metrics = [metric for metric in metrics if metric.source is not Source.COUNTED]
    name = metrics[0].chart if len(metrics) > 1 or metrics[0].chart in CHARTS else metrics[0].name
    series = []
    waits: Window | None = None
    for metric in metrics:
        none = Measured("", np.full(len(reading.times), np.nan), np.zeros(len(reading.times)))
        parts = reading.measure(metric) or (none,)
        rows = reading.rows() if metric.waits else None
        for part in parts if reading.by is not None or metric.source is Source.CLASSES else parts[:1]:
            values = part.values
            if metric.source is Source.ROWS and reading.requests:
                values = _only_covered(values, reading, covered)
                if following and covered:
                    newest = max(span.end_s for span in covered)
                    values = np.where(reading.times + reading.bucket_s > newest, np.nan, values)
            if rows is not None:
                ripe = mature(reading, part.n, rows if reading.by is None else part.n)
                values = np.where(ripe, values, np.nan)
                young = reading.times[~ripe & (rows > 0)]
                if len(young):
                    waits = Window.from_epoch(float(young[0]), float(young[-1]) + reading.bucket_s)
            series.append(SeriesView(f"{part.by} {metric.series}".strip(), values, part.n))
    first = metrics[0]
    newest_values = tuple(_latest(part.values) for part in series)
    sentence, formula = OF_THE_CHART.get(name, (first.sentence, first.formula)) if len(metrics) > 1 else (
        first.sentence, first.formula)
    counted = bool(reading.counters.names) and name in OF_COUNTERS
    if counted:
        sentence, formula = _of_counters(reading, first)
    headline = next((number for number, part in enumerate(series) if part.name == HEADLINE), 0)
    latest = format_value(newest_values[headline], first.unit)
    return ChartView(
        name, first.title, first.unit, first.group, first.better, reading.times, reading.bucket_s, tuple(series),
        sentence, formula, f"{series[headline].name} {latest}".strip(), query_for(reading, *metrics),
        _error(first, counted=counted) if waits is None else _waiting(waits, relative=reading.relative),
        badge=BADGE if counted else "", relative=reading.relative, waits=waits,
        note=_too_short(reading) if first.source is Source.CHURN and not np.isfinite(series[0].values).any() else "")


def _waiting(waits: Window, *, relative: bool) -> str:
    """Which buckets are too young."""
    since = format_time(waits.start, relative=relative)
    return f"From {since} on outcomes are still waited for: what is known of them by now would mislead."


def _too_short(reading: Reading) -> str:
    """Why there is no churn yet."""
    days = reading.store.own.churn_days
    return f"Known {days:g} {'day' if days == 1 else 'days'} after a request, and the log ends before that"


def _error(metric: Metric, *, counted: bool) -> str:
    """How sure the numbers are."""
    if metric.source in (Source.PERCENTILE, Source.WAIT):
        return COUNTED_ERROR if counted else PERCENTILE_ERROR
    return EXACT if metric.scans else ""


def _of_counters(reading: Reading, metric: Metric) -> tuple[str, str]:
    """What a chart is that is made from counters, and how."""
    counters = reading.counters
    by = f"the counters of {counters.tool}" if counters.tool else "counters"
    answered = " + ".join(counters.answered)
    match metric.source:
        case Source.ROWS:
            return f"Requests a second, from {by}.", f"increase of {answered} / seconds"
        case Source.FAILED:
            return (f"Share of the requests that failed, from {by}.",
                    f"increase of {' + '.join(counters.failed) or 'nothing'} / increase of {answered}")
        case Source.PERCENTILE:
            return ("The time within which 50, 95 and 99 % of the requests of a bucket were answered, from the buckets "
                    "of a histogram.", f"histogram_quantile(q, increase of {counters.histogram}_bucket)")
        case _:
            return f"Mean time of an answer, from {by}.", f"increase of {counters.total} / increase of {counters.count}"


def _sampled_chart(reading: Reading, title: str) -> ChartView:
    metric = reading.described(sampled_metric(title))
    measured = reading.measure(metric)
    part = measured[0] if measured else Measured("", np.full(len(reading.times), np.nan),
                                                 np.zeros(len(reading.times)))
    latest = _latest(part.values)
    return ChartView(metric.name, title, metric.unit, metric.group, metric.better, reading.times, reading.bucket_s,
                     (SeriesView("", part.values, part.n),), metric.sentence, metric.formula,
                     format_value(latest, metric.unit), query_for(reading, metric), relative=reading.relative)


def _only_covered(values: Floats, reading: Reading, covered: Iterable[Window]) -> Floats:
    """NaN in each bucket that no file reaches into: not known is not zero."""
    known = np.zeros(len(reading.times), dtype=bool)
    for span in covered:
        known |= (reading.times < span.end_s) & (reading.times + reading.bucket_s > span.start_s)
    return np.where(known, values, np.nan)


def _of_requests(reading: Reading, covered: Iterable[Window]) -> tuple[Window, ...]:
    """What files of requests cover: samples may begin before and end after, and say nothing about traffic."""
    first = min((stream.first for stream in reading.requests if stream.first), default=None)
    last = max((stream.last for stream in reading.requests if stream.last), default=None)
    if first is None or last is None:
        return ()
    end = last + timedelta(microseconds=1)
    return tuple(Window(max(span.start, first), min(span.end, end)) for span in covered
                 if max(span.start, first) < min(span.end, end))


def _latest(values: Floats) -> float:
    finite = np.flatnonzero(np.isfinite(values))
    return float(values[finite[-1]]) if len(finite) else float("nan")


def _step_s(store: Workspace) -> float:
    """How far apart the rows lie where they are densest: finer buckets would only draw holes."""
    steps = [stream.step_s for stream in store.streams() if stream.rows and stream.step_s > 0]
    return min(steps, default=1.0)


def _versions(store: Workspace, span: Window, firsts: Firsts) -> tuple[tuple[str, Window], ...]:
    """From when to when each model version was seen, by buckets of the strip; begins to a hundredth of that."""
    bucket_s = bucket_for(span, 200)
    reading = Reading(store, aligned(span, bucket_s), bucket_s, by=Role.MODEL_VERSION, metrics=CATALOGUE[:1])
    if not any(stream.column(Role.MODEL_VERSION) for stream in reading.requests):
        return ()
    seen = []
    for metric in CATALOGUE[:1]:
        for part in reading.measure(metric):
            at = np.flatnonzero(part.n)
            if part.by and len(at):
                start, end = float(reading.times[at[0]]), reading.times[at[-1]] + bucket_s
                begin = from_epoch(start)
                if begin > span.start:
                    begin = _first(store, part.by, Window.from_epoch(start, start + bucket_s), firsts)
                seen.append((part.by, Window(max(begin, span.start), min(from_epoch(end), span.end))))
    return tuple(sorted(seen, key=lambda item: (item[1].start, item[0])))


def _first(store: Workspace, version: str, bucket: Window, firsts: Firsts) -> datetime:
    """When the first row of a version came within a bucket of the strip."""
    key = version, bucket.start_s
    if key not in firsts:
        bucket_s = bucket_for(bucket, 100)
        reading = Reading(store, aligned(bucket, bucket_s), bucket_s, by=Role.MODEL_VERSION, metrics=CATALOGUE[:1])
        at = next((np.flatnonzero(part.n) for part in reading.measure(CATALOGUE[0]) if part.by == version), np.empty(0))
        if not len(at):
            return bucket.start         # its rows are not counted yet in finer buckets
        firsts[key] = from_epoch(float(reading.times[int(at[0])]))
    return firsts[key]


def value_text(chart: ChartView, index: int, series: int) -> str:
    """The value of one bucket with its unit."""
    value = float(chart.series[series].values[index])
    return format_value(value, chart.unit) if np.isfinite(value) else NO_DATA
