"""Series of samples over time, for a log that has no requests: each series as if it were a column."""

from __future__ import annotations

import math
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from console.drift.course_view import CourseView, RowGroup
from console.drift.courses import Axis, by_size, values_row
from console.drift.over_time import Counted, distances, number_cuts
from console.drift.summary import summary
from console.errors import BadSettings
from console.jobs import Job
from console.roles import StreamKind
from console.store.grid import Grid, plain
from console.store.queries import sql
from console.window import Window

if TYPE_CHECKING:
    from console.store import Workspace

BUCKETS, LEAST_BUCKETS = 60, 8
LEAST_SAMPLES = 32
"""Of a series in a bucket: fewer are no distribution."""
MOST_SERIES = 40
"""Those with the most samples."""
MOST_SAMPLES = 3_000_000
"""Of more every so many-th is read."""
DAY_S, WEEK_S = 86400.0, 7 * 86400.0
SEASONS_S = ((WEEK_S, WEEK_S), (DAY_S, DAY_S))
"""Buckets longer than a week are of whole weeks, longer than a day of whole days: all have as many weekends."""


def samples_over_time(store: Workspace, job: Job) -> CourseView:
    """Against the first quarter of the log. Raises BadSettings where there are no series, or they are too short;
    JobStopped."""
    began = time.perf_counter()
    streams = [one for one in store.streams() if one.kind is StreamKind.SAMPLES and one.first is not None]
    if not streams:
        raise BadSettings("This log has neither requests nor series of samples", where=str(store.path),
                          do="Open a folder with a row for each request, or with a row for each sample")
    job.report(0, 0, "Reading series")
    total = sum(one.rows for one in streams)
    each = max(1, -(-total // MOST_SAMPLES))
    read = store.cursor().execute(sql("session/sampled_values"), {"each": each}).fetchnumpy()
    names = np.ma.asarray(read["metric"]).filled("").astype(str)
    values = plain(read["value"], np.nan)
    at_us = np.asarray(read["t"], dtype=np.int64)
    series, which, counts = np.unique(names, return_inverse=True, return_counts=True)
    most = sorted(np.argsort(-counts, kind="stable")[:MOST_SERIES].tolist())
    if not len(series):
        raise BadSettings("The series of this log have no numbers", where=str(store.path))
    grid = _grid(Window.from_epoch(float(at_us.min()) / 1e6, float(at_us.max()) / 1e6 + 1e-6), int(counts.max()))
    bucket = (at_us - grid.first_us) // grid.step_us
    quarter = max(1, grid.count // 4)
    inside = np.arange(grid.count) < quarter
    axis = Axis(grid.times, grid.step_us / 1e6, store.relative, inside, len(most))
    rows = []
    for number, one in enumerate(most):
        job.report(number, len(most), f"Counting {str(series[one])[:60]}")
        job.stop_if_asked()
        of_it = which == one
        rising = np.sort(values[of_it & (bucket < quarter)])
        if len(rising) < LEAST_SAMPLES:
            continue
        cuts, ordered = number_cuts(rising)
        bins = len(cuts) + 1
        cell = bucket[of_it] * bins + np.searchsorted(cuts, values[of_it], side="right")
        table = np.bincount(cell, minlength=grid.count * bins).reshape(grid.count, bins).astype(np.float64)
        counted = Counted(table, table[inside].sum(axis=0), ordered, inside)
        rows.append(values_row(str(series[one]), RowGroup.INPUT, distances(counted), axis, ordered=ordered))
    found = by_size(rows)
    told = summary(found, axis, len(most))
    n = np.bincount(bucket, minlength=grid.count).astype(np.float64)
    whole = Window.from_epoch(float(grid.times[0]), float(grid.times[-1]) + axis.bucket_s)
    notes = ["The log has no requests: each series of samples is looked at as a column would be."]
    notes += [f"Every {each}th of {total:,} samples was read."] if each > 1 else []
    notes += [f"Of {len(series):,} series the {len(most)} with the most samples are looked at."] \
        if len(series) > len(most) else []
    return CourseView(Window.from_epoch(float(grid.times[0]), float(grid.times[0]) + quarter * axis.bucket_s), whole,
                      grid.times, axis.bucket_s, n, found, told.kind, told.verdict, told.onset, told.onset_low,
                      told.onset_high, told.sentence, None, tuple(notes), store.relative, time.perf_counter() - began,
                      "")


def _grid(whole: Window, most: int) -> Grid:
    """most: samples of the longest series."""
    count = min(BUCKETS, most // LEAST_SAMPLES)
    if count < LEAST_BUCKETS:
        raise BadSettings("The series of this log are too short to see a change in them",
                          do=f"{LEAST_BUCKETS * LEAST_SAMPLES} samples of a series are needed")
    length = whole.seconds / count
    step = next((math.ceil(length / unit) * unit for least, unit in SEASONS_S if length > least), length)
    return Grid.over(Window(whole.start, whole.end + timedelta(microseconds=1)), step,
                     whole.start_s % step if step >= DAY_S else 0.0)
