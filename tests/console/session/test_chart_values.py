"""The table behind a chart, and the same as CSV: only what is visible, all digits, nothing that runs."""

from __future__ import annotations

import csv
import io

import numpy as np

from console.metrics.view import ChartView, SeriesView
from console.session.chart_values import as_csv, time_of, values_of
from console.window import Window

START = 1_772_409_600      # 2 March 2026


def chart(*series: SeriesView, unit: str = "ms", ghost: SeriesView | None = None) -> ChartView:
    times = START + 60.0 * np.arange(10)
    return ChartView("latency", "Latency", unit, "software", "lower", times, 60, series, "", "", "", ghost=ghost)


def curve(name: str, first: float) -> SeriesView:
    values = first + np.arange(10) / 3
    values[4] = np.nan
    return SeriesView(name, values, np.arange(10.0) * 2)


def test_that_the_visible_buckets_are_written_with_all_digits():
    view = chart(curve("p50", 1.0), curve("=cmd|x", 5.0))
    rows = list(csv.reader(io.StringIO(as_csv(view, Window.from_epoch(START + 90, START + 360)))))
    assert rows[0] == ["time_utc", "p50 (ms)", "'=cmd|x (ms)", "n p50", "n =cmd|x"]
    assert [row[0] for row in rows[1:]] == [f"2026-03-02T00:0{n}:00Z" for n in (1, 2, 3, 4, 5)]
    assert float(rows[1][1]) == 1.0 + 1 / 3
    assert rows[4][1:3] == ["", ""]
    assert rows[4][3] == "8"


def test_that_the_hours_before_have_a_column_of_their_own():
    view = values_of(chart(curve("", 1.0), ghost=curve("a day before", 9.0)), Window.from_epoch(START, START + 600))
    assert view.heads == ("Latency", "a day before", "n Latency", "n a day before")
    assert (view.first, view.last) == (0, 10)
    assert time_of(view, 9) == "2026-03-02T00:09:00Z"


def test_that_a_window_beside_the_data_has_no_rows():
    for start in (START - 600, START + 6000):
        view = values_of(chart(curve("", 1.0)), Window.from_epoch(start, start + 60))
        assert view.last == view.first
