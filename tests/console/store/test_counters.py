"""What counters add from sample to sample, against plain Python that walks through them one by one."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.roles import Role, StreamKind, TimeFormat
from console.store import Workspace
from tests.console.store.made import NUMBER, REQUESTS, TEXT, TIME, column, put, stream, whole
from tests.tiers import examples

START = 1772445600
"""2026-03-02T10:00:00Z, a whole ten seconds."""

Sample = tuple[int, str, str, str, str]
"""Seconds after START, metric, worker, kind, value."""

PLAN = stream("scrapes", column("ts", TIME, Role.TIMESTAMP, form=TimeFormat.EPOCH_S),
              column("metric", TEXT, Role.METRIC_NAME), column("worker", TEXT), column("kind", TEXT, Role.METRIC_KIND),
              column("value", NUMBER, Role.METRIC_VALUE), column("increase", NUMBER, Role.METRIC_INCREASE),
              kind=StreamKind.SAMPLES)


def model(samples: Iterable[Sample]) -> dict[Sample, list[float | None]]:
    """The increases that each sample should have, one by one; several samples may be alike."""
    found: dict[Sample, list[float | None]] = {}
    last: dict[tuple[str, str], float] = {}

    def order(sample: Sample) -> tuple[int, float]:
        return sample[0], float(sample[4] or "nan") if sample[4] not in ("", "NaN") else math.inf

    for sample in sorted(samples, key=order):
        _, metric, worker, kind, text = sample
        value = float(text) if text not in ("", "NaN") else None
        added: float | None = None
        if kind == "delta":
            added = value
        elif kind == "counter" and value is not None:
            before = last.get((metric, worker))
            if before is not None:
                added = value - before if value >= before else value
            last[metric, worker] = value
        found.setdefault(sample, []).append(added)
    return found


def load(ws: Workspace, samples: list[Sample], path: str = "a.csv", first: int = 0) -> None:
    """One batch."""
    put(ws, PLAN, {"ts": [str(START + each[0]) for each in samples], "metric": [each[1] for each in samples],
                   "worker": [each[2] for each in samples], "kind": [each[3] for each in samples],
                   "value": [each[4] for each in samples]}, path=path, first=first)


def stored(ws: Workspace) -> dict[Sample, list[float | None]]:
    """What the raw table has."""
    found: dict[Sample, list[float | None]] = {}
    for ts, metric, worker, kind, value, increase in ws.execute_readonly(
            "SELECT epoch(_ts)::BIGINT, metric, worker, kind, value, increase FROM raw_1"):
        text = "" if value is None else repr(int(value))
        found.setdefault((ts - START, metric, worker, kind, text), []).append(increase)
    return found


def same(ours: dict[Sample, list[float | None]], theirs: dict[Sample, list[float | None]]) -> None:
    """Raises AssertionError; alike samples of one time may have each other's increase."""
    def order(values: list[float | None]) -> list[float]:
        return sorted(-1.0 if value is None else value for value in values)
    assert {key: order(values) for key, values in ours.items()} == {key: order(values)
                                                                    for key, values in theirs.items()}


def added_by_rollups(ws: Workspace, bucket_s: float) -> dict[tuple[str, float], float]:
    """Series and bucket to the sum of increases, as charts read it."""
    found = {}
    for series in ws.moments(1, ["increase"], whole(ws), bucket_s, by=Role.METRIC_NAME):
        numbers = series.columns["increase"]
        for time, n, total in zip(series.times, numbers.n, numbers.sum, strict=True):
            if n:
                found[series.series, float(time)] = float(total)
    return found


def test_that_a_counter_adds_its_differences_and_a_reset_its_value(ws: Workspace) -> None:
    load(ws, [(0, "hits", "a", "counter", "100"), (15, "hits", "a", "counter", "130"),
              (30, "hits", "a", "counter", "130"), (45, "hits", "a", "counter", "7"),
              (60, "hits", "a", "counter", "9")])
    ws.refresh()
    assert ws.execute_readonly("SELECT increase FROM samples ORDER BY ts") == [(None,), (30,), (0,), (7,), (2,)]


def test_that_series_are_kept_apart_by_every_text_of_theirs(ws: Workspace) -> None:
    load(ws, [(0, "hits", "a", "counter", "10"), (0, "hits", "b", "counter", "500"), (0, "misses", "a", "counter", "3"),
              (20, "hits", "a", "counter", "11"), (20, "hits", "b", "counter", "510"),
              (20, "misses", "a", "counter", "3"), (20, "hits", None, "counter", "4"),  # type: ignore[list-item]
              (40, "hits", None, "counter", "6")])                                       # type: ignore[list-item]
    ws.refresh()
    assert ws.execute_readonly("SELECT metric, worker, increase FROM raw_1 WHERE increase IS NOT NULL "
                               "ORDER BY ALL") == [("hits", "a", 1), ("hits", "b", 10), ("hits", None, 2),
                                                   ("misses", "a", 0)]


def test_that_deltas_add_themselves_and_gauges_nothing(ws: Workspace) -> None:
    load(ws, [(0, "d", "a", "delta", "5"), (9, "d", "a", "delta", "3"), (0, "g", "a", "gauge", "5"),
              (9, "g", "a", "gauge", "30"), (0, "c", "a", "Counter ", "5"), (9, "c", "a", " COUNTER", "7")])
    ws.refresh()
    assert ws.execute_readonly("SELECT metric, value, increase FROM samples ORDER BY metric, ts") == [
        ("c", 5, None), ("c", 7, 2), ("d", 5, 5), ("d", 3, 3), ("g", 5, None), ("g", 30, None)]


def test_that_a_sample_without_a_value_is_passed_over(ws: Workspace) -> None:
    load(ws, [(0, "c", "a", "counter", "5"), (10, "c", "a", "counter", "NaN"), (20, "c", "a", "counter", "inf"),
              (30, "c", "a", "counter", ""), (40, "c", "a", "counter", "8"), (0, "d", "a", "delta", "")])
    ws.refresh()
    assert ws.execute_readonly("SELECT increase FROM raw_1 WHERE metric = 'c' ORDER BY ts") == [
        (None,), (None,), (None,), (None,), (3,)]


def test_that_what_comes_between_changes_the_sample_behind_it(ws: Workspace) -> None:
    """Days lie between the neighbours, so that they are not found at the first look."""
    day = 86400
    load(ws, [(0, "c", "a", "counter", "100"), (9 * day, "c", "a", "counter", "160")])
    ws.refresh()
    assert added_by_rollups(ws, 3600.0) == {("c", START // 3600 * 3600 + 9 * day): 60}
    load(ws, [(4 * day, "c", "a", "counter", "20")], path="b.csv")
    ws.refresh()
    assert ws.execute_readonly("SELECT increase FROM samples ORDER BY ts") == [(None,), (20,), (140,)]
    assert added_by_rollups(ws, 3600.0) == {("c", START // 3600 * 3600 + 4 * day): 20,
                                            ("c", START // 3600 * 3600 + 9 * day): 140}


def test_that_increases_are_the_same_whichever_file_comes_first(ws: Workspace, tmp_path: Path) -> None:
    rng = random.Random(4)
    level: dict[tuple[str, str], int] = {}
    samples: list[Sample] = []
    for second in range(0, 7200, 15):
        for metric, kind in (("hits", "counter"), ("errors", "counter"), ("queue", "gauge"), ("sent", "delta")):
            for worker in "ab":
                up = 0 if rng.random() < 0.01 else level.get((metric, worker), 50) + rng.randrange(0, 40)
                level[metric, worker] = up
                samples.append((second, metric, worker, kind, str(up)))
    files = [samples[at:at + 800] for at in range(0, len(samples), 800)]
    for number in (3, 1, 4, 0, 2):
        load(ws, files[number], path=f"{number}.csv")
        ws.refresh()
    expected = model(samples)
    same(stored(ws), expected)
    other = Workspace.open(tmp_path / "other.duckdb", folder=None)
    load(other, samples)
    other.refresh()
    assert added_by_rollups(ws, 600.0) == added_by_rollups(other, 600.0)
    for metric in ("hits", "errors", "sent"):
        total = sum(value or 0 for sample, values in expected.items() if sample[1] == metric for value in values)
        assert sum(value for (name, _), value in added_by_rollups(ws, 600.0).items() if name == metric) == total
    assert not any(name == "queue" for name, _ in added_by_rollups(ws, 600.0))
    other.close()


def test_that_a_second_refresh_has_nothing_to_do(ws: Workspace) -> None:
    load(ws, [(0, "c", "a", "counter", "5"), (9, "c", "a", "counter", "7")])
    assert ws.refresh()
    assert not ws.refresh()


def test_that_a_restart_between_rows_and_rollups_loses_nothing(tmp_path: Path) -> None:
    ws = Workspace.open(tmp_path / "w.duckdb", folder=None)
    load(ws, [(0, "c", "a", "counter", "5"), (9, "c", "a", "counter", "7")])
    ws.close()
    ws = Workspace.open(tmp_path / "w.duckdb", folder=None)
    ws.refresh()
    assert ws.execute_readonly("SELECT increase FROM samples ORDER BY ts") == [(None,), (2,)]
    ws.close()


def test_that_a_column_told_later_to_be_the_kind_gives_increases(ws: Workspace) -> None:
    plain = stream("scrapes", *(each if each.role is not Role.METRIC_KIND else column("kind", TEXT)
                                for each in PLAN.columns), kind=StreamKind.SAMPLES)
    put(ws, plain, {"ts": [str(START), str(START + 9)], "metric": ["c", "c"], "worker": ["a", "a"],
                    "kind": ["counter", "counter"], "value": ["5", "7"]})
    ws.refresh()
    assert ws.execute_readonly("SELECT count(increase) FROM samples") == [(0,)]
    ws.set_columns(1, {"kind": column("kind", TEXT, Role.METRIC_KIND)})
    ws.refresh()
    assert ws.execute_readonly("SELECT kind, increase FROM samples ORDER BY ts") == [("counter", None), ("counter", 2)]


def test_that_samples_without_kinds_have_none(ws: Workspace) -> None:
    wide = stream("machine", column("ts", TIME, Role.TIMESTAMP), column("cpu", NUMBER, Role.CPU),
                  kind=StreamKind.SAMPLES)
    put(ws, wide, {"ts": ["2026-03-02T10:00:00Z"], "cpu": ["5"]})
    ws.refresh()
    assert ws.execute_readonly("SELECT metric, value, kind, increase FROM samples") == [("cpu", 5, None, None)]


def test_that_a_workspace_without_samples_has_the_columns_too(ws: Workspace) -> None:
    put(ws, REQUESTS, {"ts": ["2026-03-02T10:00:00Z"]})
    assert ws.execute_readonly("SELECT kind, increase FROM samples") == []


SAMPLES = st.lists(st.tuples(st.integers(0, 400), st.sampled_from(["x", "y"]), st.sampled_from(["a", "b"]),
                             st.just("counter"), st.integers(0, 9).map(str)), min_size=1, max_size=24)


@pytest.fixture(scope="module")
def new_workspace(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Workspace]:
    """A workspace of its own for each example."""
    root = tmp_path_factory.mktemp("counters")
    number = iter(range(10**6))
    return lambda: Workspace.open(root / f"{next(number)}.duckdb", folder=None)


@examples(8, 40)
@given(samples=SAMPLES, cuts=st.lists(st.integers(1, 6), max_size=6), refreshes=st.lists(st.booleans(), min_size=8))
def test_that_any_batches_give_what_all_at_once_gives(new_workspace: Callable[[], Workspace], samples: list[Sample],
                                                      cuts: list[int], refreshes: list[bool]) -> None:
    ws = new_workspace()
    rest, number = list(samples), 0
    for number, size in enumerate(cuts):
        if rest[:size]:
            load(ws, rest[:size], path=f"{number}.csv")
        rest = rest[size:]
        if refreshes[number]:
            ws.refresh()
    if rest:
        load(ws, rest, path="rest.csv")
    ws.refresh()
    expected = model(samples)
    same(stored(ws), expected)
    sums: dict[tuple[str, float], float] = {}
    for (second, metric, *_), values in expected.items():
        for value in values:
            if value is not None:
                key = metric, float((START + second) // 60 * 60)
                sums[key] = sums.get(key, 0.0) + value
    assert added_by_rollups(ws, 60.0) == sums
    ws.close()


def test_that_rows_without_a_time_axis_are_stored_and_counted_as_rows_only(ws: Workspace) -> None:
    untimed = stream("access", column("status", NUMBER, Role.STATUS), column("path", TEXT), kind=StreamKind.UNTIMED)
    info, appended = put(ws, untimed, {"status": ["200", "200", "500"], "path": ["/a", "/b", "/c"]})
    ws.refresh()
    totals = ws.totals()
    assert (appended.rows, totals.rows_loaded, totals.rows_quarantined) == (3, 3, 0)
    assert (totals.events, totals.samples, totals.outcomes, totals.reference) == (0, 0, 0, 0)
    assert ws.span() is None and ws.coverage() == ()
    assert [(each.kind, each.rows, each.first) for each in ws.streams()] == [(StreamKind.UNTIMED, 3, None)]
    assert ws.category_counts(info.stream_id, "path", None) == {"/a": 1, "/b": 1, "/c": 1}
    assert ws.execute_readonly("SELECT count(*) FROM events") == [(0,)]
    assert ws.execute_readonly("SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'rollup_1%'") == []


@pytest.mark.parametrize("name, total", [("date", 50.0), ("Hour", 50.0), ("cluster", 40.0)])
def test_that_a_counter_goes_on_from_the_folder_of_one_day_to_that_of_the_next(ws: Workspace, name: str,
                                                                               total: float) -> None:
    """Two machines of two clusters are two counters."""
    plan = stream("scrapes", column("ts", TIME, Role.TIMESTAMP, form=TimeFormat.EPOCH_S),
                  column("metric", TEXT, Role.METRIC_NAME), column("kind", TEXT, Role.METRIC_KIND),
                  column("value", NUMBER, Role.METRIC_VALUE), column("increase", NUMBER, Role.METRIC_INCREASE),
                  column(name, TEXT), kind=StreamKind.SAMPLES)
    for day in (0, 1):
        put(ws, plan, {"ts": [str(START + 86_400 * day + 60 * n) for n in range(3)], "metric": ["served"] * 3,
                       "kind": ["counter"] * 3, "value": [str(30 * day + 10 * n) for n in range(3)],
                       name: [f"2026-03-0{2 + day}"] * 3}, path=f"{day}.prom")
    ws.refresh()
    assert ws.execute_readonly("SELECT sum(increase) FROM raw_1") == [(total,)]
