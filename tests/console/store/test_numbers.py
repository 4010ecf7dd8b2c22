"""What charts read, against plain pandas over the same rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from console.logs.plan import TimeFormat
from console.roles import Role, StreamKind
from console.store import FAILED, StreamInfo, Workspace
from console.store import reading as reading_module
from tests.console.store.made import (
    NUMBER,
    REQUESTS,
    TEXT,
    TIME,
    all_numbers,
    by_bucket,
    column,
    log,
    put,
    stream,
    texts,
    whole,
    window,
)

BUCKETS = [0.5, 1, 7, 10, 60, 90, 300, 3600, 7200, 86400]


@pytest.fixture(scope="module", params=[30.0, 2.0], ids=["30 hours", "2 hours"])
def loaded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[
        tuple[Workspace, StreamInfo, pd.DataFrame]]:
    frame = log(hours=request.param)
    store = Workspace.open(tmp_path_factory.mktemp("numbers") / "w.duckdb", folder=None)
    info, _ = put(store, REQUESTS, texts(frame))
    store.refresh()
    yield store, info, frame
    store.close()


def seconds(frame: pd.DataFrame) -> pd.Series:
    return frame["ts"].dt.tz_localize(None).astype("datetime64[us]").astype("int64") / 1e6


def grouped(frame: pd.DataFrame, bucket_s: float) -> pd.api.typing.DataFrameGroupBy:
    micro = (seconds(frame) * 1e6).round().astype("int64")
    step = round(bucket_s * 1e6)
    return frame.groupby(micro // step * step / 1e6)


@pytest.mark.parametrize("bucket_s", BUCKETS)
def test_that_moments_are_those_of_pandas(loaded: tuple[Workspace, StreamInfo, pd.DataFrame], bucket_s: float) -> None:
    store, info, frame = loaded
    frame = frame.assign(failed=(frame["status"] >= 500).astype(float).where(frame["status"].notna()))
    (found,) = store.moments(info.stream_id, ["latency", "age", FAILED, "device"], whole(store), bucket_s)
    groups = grouped(frame, bucket_s)
    assert found.times[0] <= seconds(frame).min() < found.times[0] + bucket_s
    assert found.rows.sum() == len(frame)
    filled = found.rows > 0
    np.testing.assert_array_equal(found.times[filled], groups.size().index)
    np.testing.assert_array_equal(found.rows[filled], groups.size())
    for stored, name in (("latency", "latency"), ("age", "age"), (FAILED, "failed")):
        cells = found.columns[stored]
        np.testing.assert_array_equal(cells.n[filled], groups[name].count())
        np.testing.assert_array_equal(cells.n_missing[filled], groups[name].size() - groups[name].count())
        np.testing.assert_allclose(cells.sum[filled], groups[name].sum(), rtol=1e-9)
        squares = grouped(frame.assign(square=frame[name] ** 2), bucket_s)["square"].sum()
        np.testing.assert_allclose(cells.sumsq[filled], squares, rtol=1e-9)
        np.testing.assert_array_equal(cells.min[filled], groups[name].min())
        np.testing.assert_array_equal(cells.max[filled], groups[name].max())
        assert np.isnan(cells.min[~filled]).all()
    np.testing.assert_array_equal(found.columns["device"].n[filled], groups["device"].count())


@pytest.mark.parametrize("bucket_s", [1, 60, 600, 3600])
def test_that_a_split_by_version_adds_up_and_is_right(loaded: tuple[Workspace, StreamInfo, pd.DataFrame],
                                                      bucket_s: float) -> None:
    store, info, frame = loaded
    parts = store.moments(info.stream_id, ["latency"], whole(store), bucket_s, by=Role.MODEL_VERSION)
    assert [part.series for part in parts] == ["v1", "v2"]
    for part in parts:
        own = frame[frame["version"] == part.series]
        sums = grouped(own, bucket_s)["latency"].sum()
        filled = part.rows > 0
        np.testing.assert_array_equal(part.times[filled], sums.index)
        np.testing.assert_allclose(part.columns["latency"].sum[filled], sums, rtol=1e-9)


@pytest.mark.parametrize("by", [None, Role.MODEL_VERSION])
@pytest.mark.parametrize("exact_rows", [0, 10**9], ids=["bins", "rows"])
def test_that_percentiles_are_nearest_ranks_within_one_percent(
        loaded: tuple[Workspace, StreamInfo, pd.DataFrame], by: Role | None, exact_rows: int,
        monkeypatch: pytest.MonkeyPatch) -> None:
    store, info, frame = loaded
    monkeypatch.setattr(reading_module, "EXACT_ROWS", exact_rows)
    for bucket_s in (60, 600, 3600, 86400):
        found = store.percentiles(info.stream_id, "latency", whole(store), bucket_s, (0.5, 0.95, 0.99), by=by)
        for series in found:
            own = frame if by is None else frame[frame["version"] == series.series]
            groups = grouped(own, bucket_s)["latency"]
            filled = series.n > 0
            np.testing.assert_array_equal(series.n[filled], groups.count())
            tolerance = 0.01 if exact_rows == 0 else 1e-12
            for q in (0.5, 0.95, 0.99):
                ranks = groups.apply(lambda x, q=q: np.sort(x)[int(np.ceil(q * len(x) - 1e-9)) - 1])
                np.testing.assert_allclose(series.values[q][filled], ranks, rtol=tolerance)
                assert np.isnan(series.values[q][~filled]).all()


def test_that_bins_hold_the_exact_share_of_rows_below_a_value_of_any_sign(ws: Workspace) -> None:
    plan = stream("s", column("ts", TIME, Role.TIMESTAMP), column("x", NUMBER, Role.LATENCY, unit="s"))
    values = np.concatenate([-np.logspace(-6, 6, 300), np.zeros(50), np.logspace(-6, 6, 650), [np.inf]])
    put(ws, plan, {"ts": ["2026-03-02T00:00:00Z"] * len(values), "x": [repr(float(x)) for x in values]})
    ws.refresh()
    rows = ws.execute_readonly("SELECT bin, sum(n) AS n FROM bins_1 WHERE level_s = 3600 GROUP BY bin ORDER BY bin")
    middles = reading_module.value_of_bin(np.array([row[0] for row in rows], dtype=float))
    ranked = np.repeat(middles, [int(row[1]) for row in rows])[:-1]
    np.testing.assert_allclose(ranked, np.sort(values)[:-1], rtol=0.01)


def test_that_a_unit_is_applied_on_the_way_out(ws: Workspace) -> None:
    plan = stream("s", column("ts", TIME, Role.TIMESTAMP), column("took", NUMBER, Role.LATENCY, unit="s"),
                  column("rss", NUMBER, Role.MEMORY, unit="B"))
    info, _ = put(ws, plan, {"ts": ["2026-03-02T00:00:00Z"] * 2, "took": ["0.25", "0.75"], "rss": ["1048576", None]})
    ws.refresh()
    (found,) = ws.moments(info.stream_id, ["took", "rss"], whole(ws), 60)
    took, rss = found.columns["took"], found.columns["rss"]
    assert (took.sum[0], took.sumsq[0], took.min[0], took.max[0]) == (1000.0, 625000.0, 250.0, 750.0)
    assert (rss.sum[0], rss.n_missing[0]) == (1.0, 1.0)
    (percentile,) = ws.percentiles(info.stream_id, "took", whole(ws), 60, (0.5,))
    assert percentile.values[0.5][0] == 250.0
    assert sorted(ws.column_values(info.stream_id, "took", None)) == [250.0, 750.0]


def test_that_a_metric_name_is_a_series(ws: Workspace) -> None:
    plan = stream("s", column("ts", TIME, Role.TIMESTAMP), column("name", TEXT, Role.METRIC_NAME),
                  column("value", NUMBER, Role.METRIC_VALUE), kind=StreamKind.SAMPLES)
    info, _ = put(ws, plan, {"ts": ["2026-03-02T00:00:00Z"] * 3, "name": ["cpu", "mem", "cpu"],
                             "value": ["1", "5", "3"]})
    ws.refresh()
    found = ws.moments(info.stream_id, ["value"], whole(ws), 60, by=Role.METRIC_NAME)
    assert {part.series: part.columns["value"].sum[0] for part in found} == {"cpu": 4.0, "mem": 5.0}
    assert sorted(ws.execute_readonly("SELECT metric, value FROM samples")) == [
        ("cpu", 1.0), ("cpu", 3.0), ("mem", 5.0)]


def test_that_series_beyond_the_limit_are_added_up_as_other(ws: Workspace) -> None:
    rows = 700
    plan = stream("s", column("ts", TIME, Role.TIMESTAMP), column("host", TEXT, Role.HOST))
    names = [f"h{i % 250}" for i in range(rows)]
    info, _ = put(ws, plan, {"ts": ["2026-03-02T00:00:00Z"] * rows, "host": names})
    ws.refresh()
    found = {part.series: part.rows.sum() for part in ws.moments(info.stream_id, [], whole(ws), 3600, by=Role.HOST)}
    assert len(found) == 201
    assert sum(found.values()) == rows
    assert found["(other)"] == 50 * 2       # h0..h199 come three times, the rest twice


def test_that_no_rows_give_an_empty_grid_and_not_an_error(ws: Workspace) -> None:
    info = ws.ensure_stream(REQUESTS)
    (found,) = ws.moments(info.stream_id, ["latency"], window("2026-03-02", "2026-03-03"), 3600)
    assert len(found.times) == 24
    assert found.rows.sum() == 0
    assert np.isnan(found.columns["latency"].max).all()
    assert ws.span() is None
    assert ws.percentiles(info.stream_id, "latency", window("2026-03-02", "2026-03-03"), 3600, (0.5,))[0].n.sum() == 0


def test_that_a_log_that_outgrows_six_hours_loses_the_level_of_one_second_only(ws: Workspace) -> None:
    def times(day: int, count: int) -> dict[str, list[str | None]]:
        return {"ts": [f"2026-03-{day:02d}T00:00:{i:02d}Z" for i in range(count)], "latency": ["5"] * count}

    info, _ = put(ws, REQUESTS, times(2, 30))
    ws.refresh()
    assert 1 in set(all_numbers(ws)["rollup_1"]["level_s"])
    put(ws, REQUESTS, times(9, 20), first=30)
    ws.refresh()
    numbers = all_numbers(ws)["rollup_1"]
    assert set(numbers["level_s"]) == {10, 60, 600, 3600}
    assert set(numbers.groupby("level_s")["n"].sum()) == {50.0}
    (found,) = ws.moments(info.stream_id, ["latency"], window("2026-03-02", "2026-03-02T00:01:00"), 1)
    assert found.rows[:30].tolist() == [1.0] * 30


def test_that_column_values_and_categories_keep_to_the_window(ws: Workspace) -> None:
    info, _ = put(ws, REQUESTS, {"ts": ["2026-03-02T00:00:00Z", "2026-03-02T00:00:01Z", "2026-03-02T00:00:02Z"],
                                 "age": ["1", "nan", "3"], "device": ["phone", None, "phone"]})
    first_two = window("2026-03-02T00:00:00", "2026-03-02T00:00:02")
    np.testing.assert_array_equal(np.sort(ws.column_values(info.stream_id, "age", first_two)), [1.0, np.nan])
    assert sorted(ws.column_values(info.stream_id, "device", None), key=str) == [None, "phone", "phone"]
    assert ws.category_counts(info.stream_id, "device", first_two) == {"phone": 1, None: 1}
    assert ws.column_values(info.stream_id, "ts", first_two).min() == pd.Timestamp("2026-03-02T00:00:00Z").timestamp()


@pytest.mark.parametrize("form, cells", [
    pytest.param(TimeFormat.EPOCH_S, ["1772445600.5", "1772445601"], id="s"),
    pytest.param(TimeFormat.EPOCH_MS, ["1772445600500", "1772445601000"], id="ms"),
    pytest.param(TimeFormat.EPOCH_US, ["1772445600500000", "1772445601000000"], id="us"),
    pytest.param(TimeFormat.EPOCH_NS, ["1772445600500000999", "1772445601000000000"], id="ns"),
    pytest.param(TimeFormat.ISO, ["2026-03-02T10:00:00.500000999Z", "2026-03-02 10:00:01 UTC"], id="nine digits"),
    pytest.param(TimeFormat.ISO, ["2026-03-02 10:00:00,500", "2026-03-02T12:00:01+02:00"], id="comma, offset"),
    pytest.param(TimeFormat.ISO, ["2026-03-02T05:00:00.5-0500", "2026-03-02 10:00:01z"], id="west, small z"),
])
def test_that_a_time_is_read_however_it_is_written(ws: Workspace, form: TimeFormat, cells: list[str]) -> None:
    plan = stream("s", column("ts", TIME, Role.TIMESTAMP, form=form))
    put(ws, plan, {"ts": cells})
    rows = ws.execute_readonly("SELECT epoch_us(_ts) FROM raw_1 ORDER BY 1")
    assert rows == [(1772445600500000,), (1772445601000000,)]


@pytest.mark.parametrize("status, failed", [
    pytest.param(["200", "404", "499", "500", "503", "-"], [0, 0, 0, 1, 1, None], id="numbers"),
    pytest.param(["success", "failure", "Timeout", "ok", "500", None], [0, 1, 1, 0, 1, None], id="words"),
])
def test_that_failed_means_the_server_and_not_the_caller(ws: Workspace, status: list[str | None],
                                                         failed: list[float | None]) -> None:
    kind = NUMBER if status[0] == "200" else TEXT
    plan = stream("s", column("ts", TIME, Role.TIMESTAMP), column("status", kind, Role.STATUS))
    info, _ = put(ws, plan, {"ts": [f"2026-03-02T00:00:{i:02d}Z" for i in range(6)], "status": status})
    ws.refresh()
    (found,) = ws.moments(info.stream_id, [FAILED], whole(ws), 1)
    cells = found.columns[FAILED]
    assert cells.sum.tolist() == [value or 0 for value in failed]
    assert cells.n.tolist() == [float(value is not None) for value in failed]
    assert by_bucket(found.times, cells.max) == {float(time): float(value) for time, value in
                                                 zip(found.times, failed, strict=True) if value is not None}


def test_that_buckets_are_whole_and_aligned_to_1970(loaded: tuple[Workspace, StreamInfo, pd.DataFrame]) -> None:
    store, info, _ = loaded
    odd = window("2026-03-02T06:01:30", "2026-03-02T06:10:10")
    (found,) = store.moments(info.stream_id, [], odd, 60)
    assert found.times.tolist() == list(np.arange(pd.Timestamp("2026-03-02T06:01:00Z").timestamp(),
                                                  pd.Timestamp("2026-03-02T06:11:00Z").timestamp(), 60))


