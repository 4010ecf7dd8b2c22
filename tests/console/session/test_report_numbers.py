"""The numbers of an incident report against a count by pandas over the raw files."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from console.jobs import SilentJob
from console.reports.view import ReportView
from console.session import Session
from console.window import Window
from tests.console.folders import MakeFolder, truth_of


@pytest.fixture(scope="module")
def folder(log_folder: MakeFolder) -> Path:
    return log_folder("bad-canary", "parquet", rows=12_000, days=2, system=True)


@pytest.fixture(scope="module")
def windows(folder: Path) -> tuple[Window, Window]:
    """What `make_logs` injected, and as long a stretch from the log's start; edges lie between buckets on purpose."""
    injected = truth_of(folder)["injections"][0]
    start, end = (pd.Timestamp(injected[side]).to_pydatetime() for side in ("start", "end"))
    first = pd.Timestamp(truth_of(folder)["start"]).to_pydatetime()
    return Window(first + (start - first) / 7, start), Window(start, end)


@pytest.fixture(scope="module")
def report(folder: Path, windows: tuple[Window, Window], tmp_path_factory: pytest.TempPathFactory,
           ) -> Iterator[ReportView]:
    session = Session.open(folder, workspace=tmp_path_factory.mktemp("report") / "w.duckdb")
    session.load(SilentJob())
    session.brush("reference", windows[0])
    session.brush("current", windows[1])
    yield session.report(None, SilentJob(), title="ctr-v2")
    session.close()


@pytest.fixture(scope="module")
def sides(folder: Path, windows: tuple[Window, Window]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The requests of both windows, with their click where it is known."""
    requests = pd.concat([pd.read_parquet(path) for path in sorted(folder.glob("predictions/*"))])
    labels = pd.concat([pd.read_parquet(path) for path in sorted(folder.glob("labels/*"))])
    requests["clicked"] = requests["request_id"].map(labels.set_index("request_id")["clicked"].astype(float))
    before, during = (requests[(requests["ts"] >= window.start) & (requests["ts"] < window.end)]
                      for window in windows)
    return before, during


def nearest_rank(values: pd.Series, share: float) -> float:
    return float(np.sort(values)[math.ceil(share * len(values)) - 1])


COUNTED = {
    "error_rate": lambda rows: float((rows["status_code"] >= 500).mean()),
    "null_responses": lambda rows: float(rows["prediction"].isna().mean()),
    "ctr": lambda rows: float(rows["clicked"].mean()),
    "latency_p50": lambda rows: nearest_rank(rows["latency_ms"], 0.50),
    "latency_p95": lambda rows: nearest_rank(rows["latency_ms"], 0.95),
    "latency_p99": lambda rows: nearest_rank(rows["latency_ms"], 0.99),
}


@pytest.mark.parametrize("metric", COUNTED)
def test_that_the_impact_is_what_the_rows_say(metric: str, report: ReportView,
                                              sides: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    impact = next(impact for impact in report.impacts if impact.metric == metric)
    before, during = (COUNTED[metric](rows) for rows in sides)
    assert (impact.before, impact.during) == (pytest.approx(before, rel=1e-9), pytest.approx(during, rel=1e-9))


def test_that_requests_and_users_are_those_of_the_window(report: ReportView,
                                                         sides: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    assert report.requests == len(sides[1])
    assert report.users == sides[1]["user_id"].nunique()


def test_that_segments_are_counted_from_the_rows(report: ReportView,
                                                 sides: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    segments = {(segment.column, segment.value): segment for segment in report.segments}
    for column in ("model_version", "host"):
        for value, rows in sides[1].groupby(column, observed=True):
            segment = segments[column, str(value)]
            assert segment.requests == len(rows)
            assert segment.failed_share == pytest.approx((rows["status_code"] >= 500).mean())
            assert segment.null_share == pytest.approx(rows["prediction"].isna().mean())
            assert segment.latency_p95 == nearest_rank(rows["latency_ms"], 0.95)
            assert segment.ctr == pytest.approx(rows["clicked"].mean())


def test_that_the_bad_version_is_named_and_what_got_worse_is_marked(report: ReportView) -> None:
    worse = {impact.metric for impact in report.impacts if impact.worse}
    assert {"error_rate", "null_responses", "latency_p95", "memory"} <= worse
    bad = next(segment for segment in report.segments if segment.value == "ctr-v2")
    good = next(segment for segment in report.segments if segment.value == "ctr-v1")
    assert bad.failed_share > 10 * good.failed_share
    assert report.drift is not None
    moved = {row.column for row in report.drift.columns if row.verdict.value in ("alarm", "watch")}
    assert {"latency_ms", "prediction"} <= moved
    assert not moved & {"age", "price", "device", "category", "seq_len"}


def test_that_each_figure_names_the_command_that_gives_it(report: ReportView) -> None:
    for figure in report.figures:
        assert figure.command.startswith("pilothouse metrics ")
        assert f"--bucket {figure.chart.bucket_s}s" in figure.command
        assert figure.alt
