"""A chart, and the whole board, after a jump to any stretch of a large log.

Ours: `Session.look_at` and then the latency chart (three percentiles), the chart of missing values (sums) or
`Session.board`. Reference: the same numbers by one `GROUP BY` over the loaded rows of the stretch. Every stretch is
looked at once, so that what memory does not hold yet is paid for in its turn. The stretches are drawn at random, their
lengths evenly on a logarithmic scale from ten minutes to the whole log; those with over a million rows are also
reported by themselves.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from console.jobs import SilentJob
from console.metrics.catalogue import CATALOGUE
from console.metrics.grid import aligned, bucket_for
from console.metrics.measure import Reading
from console.session import Session
from console.store import quoted
from console.window import Window
from tests.benchmarks.harness import Row, logs, size

LATENCY, MISSING_VALUES, BOARDS = WHAT = ("latency chart", "missing values chart", "board")
ZOOMS = 40
POINTS = 500
LEAST_S = 600.0
LARGE = 1_000_000
P95_MS = 50.0
SPEED_UP = 1 / 20

PERCENTILES = """
SELECT time_bucket(to_seconds({bucket}), _ts) AS bucket, count(*),
       quantile_disc(latency_ms, [0.5, 0.95, 0.99])
FROM {table} WHERE _ts >= $start AND _ts < $end GROUP BY ALL ORDER BY ALL"""

MISSING = """
SELECT time_bucket(to_seconds({bucket}), _ts) AS bucket, count(*), count(age), count(price), count(days_since_last),
       count(session_depth), count(user_ctr_7d), count(device), count(country), count(category), count(seq_len)
FROM {table} WHERE _ts >= $start AND _ts < $end GROUP BY ALL ORDER BY ALL"""

BOARD = """
SELECT time_bucket(to_seconds({bucket}), _ts) AS bucket, count(*), quantile_disc(latency_ms, [0.5, 0.95, 0.99]),
       avg((status_code >= 500)::INTEGER), avg((prediction IS NULL)::INTEGER), avg(prediction), avg(cpu_pct),
       avg(mem_mb), count(age), count(price), count(days_since_last), count(session_depth), count(user_ctr_7d),
       count(device), count(country), count(category), count(seq_len)
FROM {table} WHERE _ts >= $start AND _ts < $end GROUP BY ALL ORDER BY ALL"""


@dataclass(frozen=True)
class Timed:
    """One stretch: how many rows it has, and milliseconds."""

    rows: int
    ours_ms: dict[str, float]
    raw_ms: dict[str, float]


def run() -> list[Row]:
    """p95 at every zoom, and the ratio for large views."""
    rows = size(10_000_000)
    folder = logs(rows)
    with tempfile.TemporaryDirectory() as home:
        session = Session.open(folder, workspace=Path(home) / "workspace.duckdb")
        try:
            session.load(SilentJob())
            timed = [_time(session, window) for window in _stretches(session)]
        finally:
            session.close()
    large = [one for one in timed if one.rows >= LARGE]
    found = [_absolute(f"{what} after zoom, p95", [one.ours_ms[what] for one in timed],
                       [one.raw_ms[what] for one in timed], rows, judge=what != BOARDS) for what in WHAT]
    if large:
        found += [Row.against(f"{what} over 1 M rows or more", statistics.median(one.ours_ms[what] for one in large),
                              statistics.median(one.raw_ms[what] for one in large), unit="ms", reach=SPEED_UP,
                              note=f"{len(large)} stretches; reach is 20 times as fast") for what in WHAT]
    return found


def _absolute(name: str, ours: list[float], raw: list[float], rows: int, *, judge: bool = True) -> Row:
    mine, theirs = float(np.percentile(ours, 95)), float(np.percentile(raw, 95))
    return Row(name, mine, theirs, mine / theirs, "ms", P95_MS if judge else None,
               f"{rows:,} rows, {len(ours)} stretches", "ours")


def _stretches(session: Session) -> list[Window]:
    whole = session.selection().whole
    assert whole is not None
    random = np.random.default_rng(1)
    lengths = np.exp(random.uniform(np.log(LEAST_S), np.log(whole.seconds), ZOOMS))
    lengths[:3] = whole.seconds                 # the whole log is what people look at most
    starts = whole.start_s + random.random(ZOOMS) * (whole.seconds - lengths)
    return [Window.from_epoch(start, start + length) for start, length in zip(starts, lengths, strict=True)]


def _time(session: Session, window: Window) -> Timed:
    store = session.store
    stream = next(stream for stream in store.streams() if stream.kind == "requests")
    bucket_s = bucket_for(window, POINTS, least_s=stream.step_s)
    bounds = {"start": window.start.replace(tzinfo=None), "end": window.end.replace(tzinfo=None)}

    def raw(query: str) -> Callable[[], object]:
        text = query.format(bucket=bucket_s, table=quoted(stream.table))
        return lambda: store.cursor().execute(text, bounds).fetchnumpy()

    def chart(name: str) -> Callable[[], object]:
        metrics = [metric for metric in CATALOGUE if metric.chart == name]

        def measure() -> None:
            reading = Reading(store, aligned(window, bucket_s), bucket_s, metrics=metrics)
            for metric in metrics:
                if reading.has(metric):
                    reading.measure(metric)

        return measure

    session.look_at(window)
    counted = store.cursor().execute(
        f"SELECT count(*) FROM {quoted(stream.table)} WHERE _ts >= $start AND _ts < $end", bounds).fetchall()
    ours = {LATENCY: chart("latency"), MISSING_VALUES: chart("missing_values"), BOARDS: lambda: session.board(POINTS)}
    theirs = {LATENCY: raw(PERCENTILES), MISSING_VALUES: raw(MISSING), BOARDS: raw(BOARD)}
    return Timed(counted[0][0], {what: _ms(work) for what, work in ours.items()},
                 {what: _ms(work) for what, work in theirs.items()})


def _ms(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1e3
