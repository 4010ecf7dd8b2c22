"""The SQL shown beside a chart gives the chart's numbers when it is run on the workspace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from console.jobs import SilentJob
from console.metrics.charts import board
from console.session import Session
from tests.console.folders import MakeFolder

METRICS = ["throughput", "error_rate", "missing_values", "null_responses", "ctr", "cpu", "memory", "load",
           "prediction_mean", "input_length"]


@pytest.fixture(scope="module")
def session(log_folder: MakeFolder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    folder = log_folder("bad-canary", "parquet", rows=6000, system=True)
    opened = Session.open(folder, workspace=tmp_path_factory.mktemp("queries") / "w.duckdb")
    opened.load(SilentJob())
    yield opened
    opened.close()


def asked(session: Session, metric: str, bucket_s: int) -> tuple[dict[float, object], dict[float, list[float]]]:
    """What the chart's SQL says, and what the chart says, by bucket start."""
    whole = session.selection().whole
    assert whole is not None
    view = board(session.store, whole, 500, bucket_s=bucket_s)
    chart = next(chart for chart in view.charts if chart.metric == metric)
    rows = session.store.execute_readonly(f"SELECT epoch(bucket), value FROM ({chart.sql})")
    drawn = {float(at): [float(part.values[index]) for part in chart.series] for index, at in enumerate(chart.times)
             if np.isfinite(chart.series[0].values[index])}
    return {float(at): value for at, value in rows if value is not None}, drawn


@pytest.mark.parametrize("metric", METRICS)
def test_that_the_sql_of_a_chart_gives_its_numbers(session: Session, metric: str) -> None:
    told, drawn = asked(session, metric, 1800)
    assert len(drawn) > 40
    for at, values in drawn.items():
        expected = told.get(at, 0.0 if metric == "throughput" else None)
        assert values[0] == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_that_the_sql_of_the_latency_chart_gives_all_its_percentiles(session: Session) -> None:
    told, drawn = asked(session, "latency", 3600)
    assert len(drawn) > 20
    for at, values in drawn.items():
        assert values == pytest.approx(told[at], rel=0.0101)


def test_that_a_series_name_with_a_quote_is_data_in_the_sql(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    rows = "".join(f"2026-03-02T10:{minute:02d}:00Z,o'brien; --,{minute}\n" for minute in range(60))
    (folder / "metrics.csv").write_text("timestamp,key,value\n" + rows)
    session = Session.open(folder, workspace=tmp_path / "w.duckdb")
    session.load(SilentJob())
    try:
        told, drawn = asked(session, "sampled:o'brien; --", 600)
        assert drawn == {at: [pytest.approx(value)] for at, value in told.items()}
        assert sorted(value[0] for value in drawn.values()) == [4.5, 14.5, 24.5, 34.5, 44.5, 54.5]
    finally:
        session.close()
