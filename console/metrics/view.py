"""What the board, the overview strip and the read-out show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from console.window import Window

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class SeriesView:
    """One curve. `values` lie on the regular grid of its chart, NaN is a gap; n: rows behind each value."""

    name: str                   # "p95", "serve-0", "" when the chart has one series
    values: Floats              # shape (len(chart.times),)
    n: Floats                   # shape (len(chart.times),)


@dataclass(frozen=True, slots=True, eq=False)
class ChartView:
    """One metric over one window. Times are bucket starts, seconds since 1970, evenly spaced by `bucket_s`."""

    metric: str                 # key in the catalogue, also the command line's --metric
    title: str
    unit: str                   # "req/s", "ms", "share", "%", "MB", "" ... a share is drawn and written in percent
    group: str                  # software | input | output
    better: str                 # lower | higher | neither
    times: Floats
    bucket_s: int
    series: tuple[SeriesView, ...]
    sentence: str               # what this number is
    formula: str
    latest: str                 # newest value, ready to show with its unit: "12.3 ms"
    sql: str = ""               # what the inspector and the report show
    error: str = ""             # "percentiles are exact to 1 %" and the like
    badge: str = ""             # where the numbers are from, if not from requests: "from counters"
    relative: bool = False      # times count from a start that the log does not name: never shown as dates
    ghost: SeriesView | None = None     # the same hours of a day or a week before, on the grid of `times`
    waits: Window | None = None         # there outcomes are still waited for, and values are not told yet
    is_map: bool = False        # a map is drawn, of `heat` once that is there; `series` is then the median alone
    heat: HeatView | None = None
    note: str = ""              # what goes on, or why there is nothing: "Reading rows …"


@dataclass(frozen=True, slots=True, eq=False)
class HeatView:
    """How many rows lie where, over time: a map. Times as in ChartView."""

    metric: str
    title: str
    unit: str                   # of the values: "ms", ""
    group: str
    times: Floats
    bucket_s: int
    edges: Floats               # shape (values + 1,), rising; evenly spaced, or their logarithms where `logarithmic`
    counts: Floats              # shape (len(times), values)
    logarithmic: bool
    sentence: str
    formula: str
    error: str = ""
    relative: bool = False
    median: Floats | None = None        # shape (len(times),), to 1 %; NaN where nothing came
    sql: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class BoardView:
    """All charts that the log has data for, over the same window and buckets."""

    window: Window
    bucket_s: int
    charts: tuple[ChartView, ...]
    covered: tuple[Window, ...]  # where files cover the time; outside of it nothing is known
    generation: int              # grows with every change of the data
    annotations: tuple[tuple[str, datetime], ...] = ()      # what was noted about a moment, as a changed schema
    nothing: str = ""            # where there are no charts: what the log has instead


@dataclass(frozen=True, slots=True)
class ReadOut:
    """The value in force at one instant, on one chart."""

    metric: str
    title: str
    series: str
    at: datetime                 # start of the bucket that holds the instant
    text: str                    # "12.3 ms", "no data", "waiting for outcomes"


@dataclass(frozen=True, slots=True, eq=False)
class OverviewView:
    """The whole log as a silhouette: requests per bucket from the first row to the last, with its lanes."""

    window: Window
    times: Floats
    bucket_s: int
    throughput: Floats           # requests a second
    error_rate: Floats           # share, NaN where nothing came
    versions: tuple[tuple[str, Window], ...]      # model version, from first to last seen
    annotations: tuple[tuple[str, datetime], ...]
    relative: bool = False       # as in ChartView
    note: str = ""               # what stands in place of the silhouette, where there is none

    @property
    def first_seen(self) -> tuple[tuple[str, datetime], ...]:
        """Model versions that were not there from the beginning, and when the first row of each came, nearly."""
        return tuple((f"Model version {name} first seen", window.start) for name, window in self.versions
                     if window.start > self.window.start)
