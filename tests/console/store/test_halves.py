"""What one request left in several records is one event: the same one whatever came first, and however often it was
merged. Compared with a model of plain Python."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console import clock
from console.logs.plan import StreamPlan
from console.metrics.charts import board
from console.roles import Role
from console.store import FAILED, Workspace, merging
from tests.console.store.made import LABELS, NUMBER, TEXT, TIME, all_numbers, column, put, same_numbers, stream, window
from tests.tiers import examples

START = datetime(2026, 3, 2, 6, tzinfo=UTC)
DAY_S = 86_400

BOTH = replace(stream("kserve", column("ts", TIME, Role.TIMESTAMP), column("id", TEXT, Role.REQUEST_ID),
                      column("age", NUMBER, Role.FEATURE), column("score", NUMBER, Role.SCORE)),
               half_of="kserve", answers=True)
"""Requests and responses in the same files, as KServe logs them: no status, no latency."""

PROXY = stream("proxy", column("ts", TIME, Role.TIMESTAMP), column("id", TEXT, Role.REQUEST_ID),
               column("ms", NUMBER, Role.LATENCY, unit="ms"), column("code", NUMBER, Role.STATUS),
               column("score", NUMBER, Role.SCORE), column("note", TEXT))
REPLICA = replace(stream("replica", column("ts", TIME, Role.TIMESTAMP), column("rid", TEXT, Role.REQUEST_ID),
                         column("took", NUMBER, Role.LATENCY, unit="s"), column("score", NUMBER, Role.SCORE),
                         column("version", TEXT, Role.MODEL_VERSION), column("note", NUMBER)),
                  half_of="proxy")
MONITOR = replace(stream("monitor", column("ts", TIME, Role.TIMESTAMP), column("trace", TEXT, Role.REQUEST_ID),
                         column("age", NUMBER, Role.FEATURE), column("score", NUMBER, Role.SCORE)), half_of="proxy")


@dataclass(frozen=True)
class Row:
    """One record. second: whether it is a second half."""

    stream: str
    id: str | None
    at_s: float
    second: bool = False
    score: float | None = None
    ms: float | None = None
    version: str | None = None


@dataclass
class Event:
    """What the model makes of them."""

    id: str | None
    at_s: float
    score: float | None
    ms: float | None
    version: str | None
    failed: bool | None = None


def model(rows: Sequence[Row], answers: bool) -> list[Event]:
    """The merge rule, word by word."""
    mains = {row: Event(row.id, row.at_s, row.score, row.ms, row.version) for row in rows if not row.second}
    events = list(mains.values())
    halves: dict[Row, list[Row]] = {row: [] for row in mains}
    for half in (row for row in rows if row.second):
        near = [row for row in mains if row.id == half.id is not None and abs(row.at_s - half.at_s) <= DAY_S]
        before = [row for row in near if row.at_s <= half.at_s]
        if near:
            home = max(before, key=lambda row: row.at_s) if before else min(near, key=lambda row: row.at_s)
            halves[home].append(half)
        else:
            events.append(Event(half.id, half.at_s, half.score, half.ms, half.version))
    for main, event in mains.items():
        for half in sorted(halves[main], key=lambda row: row.at_s):
            event.score = half.score if event.score is None else event.score
            event.ms = half.ms if event.ms is None else event.ms
            event.version = half.version if event.version is None else event.version
        if answers:
            event.failed = not halves[main] if main.id is not None else None
            waits = [half.at_s - main.at_s for half in halves[main] if half.at_s >= main.at_s]
            if event.ms is None and waits:
                event.ms = min(waits) * 1000
    return sorted(events, key=lambda event: event.at_s)


def iso(at_s: float) -> str:
    return (START + timedelta(seconds=at_s)).isoformat()


def cell(value: float | str | None) -> str | None:
    return None if value is None else str(value)


def add(ws: Workspace, rows: Sequence[Row], path: str, first: int = 0, arrived: datetime | None = None) -> None:
    """Records of one stream as one batch."""
    kind = rows[0].stream
    times, ids = [iso(row.at_s) for row in rows], [row.id for row in rows]
    scores = [cell(row.score) for row in rows]
    if kind == "kserve":
        put_halves(ws, BOTH, {"ts": times, "id": ids, "score": scores}, [int(row.second) for row in rows], path=path,
                   first=first, arrived=arrived)
    elif kind == "proxy":
        put(ws, PROXY, {"ts": times, "id": ids, "ms": [cell(row.ms) for row in rows], "score": scores}, path=path,
            first=first, arrived=arrived)
    else:
        put(ws, REPLICA, {"ts": times, "rid": ids, "score": scores, "version": [row.version for row in rows],
                          "took": [None if row.ms is None else str(row.ms / 1000) for row in rows]}, path=path,
            first=first, arrived=arrived)


def put_halves(ws: Workspace, plan: StreamPlan, rows: Mapping[str, Sequence[str | None]], halves: list[int], *,
               path: str, first: int = 0, arrived: datetime | None = None) -> None:
    """As `put`, from a source that says which records are second halves."""
    info = ws.ensure_stream(plan)
    table = pa.table({"_record": pa.array(range(first, first + len(halves)), pa.int64()),
                      "_half": pa.array(halves, pa.int8()),
                      **{f"c{i}": pa.array(list(values), pa.string()) for i, values in enumerate(rows.values())}})
    with ws.writing() as w:
        file_id = w.file(path, info.stream_id)
        w.connection.register("batch", table)
        w.append(info.stream_id, file_id, "batch", text=True, columns={name: f"c{i}" for i, name in enumerate(rows)},
                 arrived=arrived, constants={})
        w.connection.unregister("batch")
        w.update_file(file_id, state="loaded")


def events(ws: Workspace) -> list[tuple[Any, ...]]:
    """One row per event."""
    return ws.execute_readonly("SELECT request_id, epoch_us(ts), score, latency_ms, model_version, failed FROM events "
                               "ORDER BY ts, request_id")


def expected(found: Sequence[Event]) -> list[tuple[Any, ...]]:
    start = int(START.timestamp()) * 10**6
    return [(event.id, start + round(event.at_s * 10**6), event.score,
             None if event.ms is None else pytest.approx(event.ms), event.version, event.failed) for event in found]


WHOLE, LOOKED_FOR, IN_PARTS = ("WHOLE_SHARE", 0.1), ("WHOLE_SHARE", 1e9), ("MOST_AT_ONCE", 2)
"""Small logs are merged whole; so here also as large ones are, where new rows look for their partners, and in parts."""

WAYS = pytest.mark.parametrize("way", [
    pytest.param(WHOLE, id="whole"), pytest.param(LOOKED_FOR, id="looked for", marks=pytest.mark.long),
    pytest.param(IN_PARTS, id="in parts")])
ADDED = {"whole": (True, WHOLE), "looked for": (True, LOOKED_FOR), "in parts": (False, IN_PARTS)}


def in_each_way(cases: dict[str, list[list[Row]]]) -> pytest.MarkDecorator:
    """Each of the cases in one way in the ordinary run, by turns; in the others among the `long` tests."""
    return pytest.mark.parametrize("batches, each, way", [
        pytest.param(batches, *ADDED[name], id=f"{case}, {name}",
                     marks=() if name == ("looked for", "in parts")[number % 2] else pytest.mark.long)
        for number, (case, batches) in enumerate(cases.items()) for name in ADDED])


@contextmanager
def store() -> Iterator[Workspace]:
    with tempfile.TemporaryDirectory() as folder:
        ws = Workspace.open(Path(folder) / "w.duckdb", folder=None)
        try:
            yield ws
        finally:
            ws.close()


def request(name: str, at_s: float) -> Row:
    return Row("kserve", name, at_s)


def response(name: str, at_s: float, score: float = 0.5) -> Row:
    return Row("kserve", name, at_s, second=True, score=score)


# ---- halves in one stream --------------------------------------------------------------------------------------

IN_ONE_STREAM = {
    "request first": [[request("a", 0)], [response("a", 0.25)]],
    "response first": [[response("a", 0.25)], [request("a", 0)]],
    "in one batch": [[request("a", 0), response("a", 0.25)]],
    "in one batch, response first": [[response("a", 0.25), request("a", 0)]],
    "no response": [[request("a", 0), request("b", 1)], [response("b", 1.5)]],
    "no request": [[response("a", 3)], [request("b", 1)]],
    "a retry under the same id": [[request("a", 0), request("a", 10)], [response("a", 10.5)], [response("a", 0.5)]],
    "a retry whose first response is missing": [[request("a", 0)], [response("a", 10.5)], [request("a", 10)]],
    "the main row that comes last takes the half": [[request("a", 0), response("a", 12)], [request("a", 10)]],
    "clocks that disagree": [[response("a", 5)], [request("a", 6)]],
    "two responses": [[request("a", 0)], [response("a", 2, 0.9)], [response("a", 1, 0.1)]],
    "hours apart": [[request("a", 0)], [response("a", 5 * 3600)]],
    "hours apart, response first": [[response("a", 5 * 3600)], [request("a", 0)]],
    "more than a day apart": [[request("a", 0)], [response("a", DAY_S + 10)]],
    "an old one, and one that comes hours later": [[request("a", 0), response("a", 3 * 3600, 0.3)],
                                                    [response("a", 3, 0.7)]],
    "without an id": [[Row("kserve", None, 0), Row("kserve", None, 1, second=True)], [request("a", 2)]],
}


@in_each_way(IN_ONE_STREAM)
def test_that_a_request_and_its_response_are_one_event(
        ws: Workspace, batches: list[list[Row]], each: bool, way: tuple[str, float],
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, *way)
    for number, batch in enumerate(batches):
        add(ws, batch, f"{number}.jsonl")
        if each:
            ws.refresh()
    ws.refresh()
    found = model([row for batch in batches for row in batch], answers=True)
    ours = events(ws)
    assert [row[:5] for row in ours] == [row[:5] for row in expected(found)]
    assert [row[5] for row in ours] == [row[5] for row in expected(found)]
    rows = sum(map(len, batches))
    assert (ws.totals().rows_loaded, ws.totals().events) == (rows, len(found))


def test_that_a_request_without_response_failed_and_says_so(ws: Workspace) -> None:
    add(ws, [request("a", 0), request("b", 1), response("b", 1.5)], "a.jsonl")
    ws.refresh()
    assert ws.execute_readonly("SELECT request_id, status, failed, latency_ms FROM events ORDER BY ts") == [
        ("a", "no response", True, None), ("b", None, False, 500)]
    (found,) = ws.moments(1, [FAILED], window("2026-03-02T06:00", "2026-03-02T06:01"), 60)
    assert (found.columns[FAILED].n.tolist(), found.columns[FAILED].sum.tolist()) == ([2], [1])
    assert ws.column_values(1, FAILED, None).tolist() == [1, 0]


def test_that_a_response_that_is_loaded_later_takes_the_failure_back(ws: Workspace) -> None:
    add(ws, [request("a", 0)], "a.jsonl")
    ws.refresh()
    assert ws.execute_readonly("SELECT status, failed FROM events") == [("no response", True)]
    add(ws, [response("a", 2)], "b.jsonl")
    ws.refresh()
    assert ws.execute_readonly("SELECT status, failed, latency_ms FROM events") == [(None, False, 2000)]


def test_that_a_request_seen_arriving_is_given_a_minute(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    now = START + timedelta(seconds=5)
    monkeypatch.setattr(clock, "now", lambda: now)
    add(ws, [request("a", 0), request("b", 1)], "a.jsonl", arrived=now)
    assert ws.refresh()
    assert ws.execute_readonly("SELECT DISTINCT status, failed FROM events") == [(None, None)]
    now = START + timedelta(seconds=64)
    ws.refresh()
    assert ws.execute_readonly("SELECT DISTINCT status, failed FROM events") == [(None, None)]
    add(ws, [response("b", 3)], "a.jsonl", first=2, arrived=now)
    ws.refresh()
    now = START + timedelta(seconds=66)
    assert ws.refresh()
    assert ws.execute_readonly("SELECT request_id, status, failed FROM events ORDER BY ts") == [
        ("a", "no response", True), ("b", None, False)]
    (found,) = ws.moments(1, [FAILED], window("2026-03-02T06:00", "2026-03-02T06:01"), 60)
    assert found.columns[FAILED].sum.tolist() == [1]
    assert not ws.refresh()


def test_that_a_status_of_numbers_stays_one(ws: Workspace) -> None:
    plan = replace(BOTH, columns=(*BOTH.columns, column("code", NUMBER, Role.STATUS)))
    put_halves(ws, plan, {"ts": [iso(0), iso(1), iso(2), iso(3)], "id": ["a", "b", "b", "c"],
                          "code": [None, None, "503", "200"]}, [0, 0, 1, 0], path="a.jsonl")
    ws.refresh()
    assert ws.execute_readonly("SELECT request_id, status, failed FROM events ORDER BY ts") == [
        ("a", "no response", True), ("b", "503", True), ("c", "200", False)]


# ---- halves in two streams -------------------------------------------------------------------------------------

def proxy(name: str | None, at_s: float, ms: float | None = None, score: float | None = None) -> Row:
    return Row("proxy", name, at_s, ms=ms, score=score)


def replica(name: str | None, at_s: float, ms: float | None = None, score: float | None = None,
            version: str | None = "v1") -> Row:
    return Row("replica", name, at_s, second=True, ms=ms, score=score, version=version)


IN_TWO_STREAMS = {
    "proxy first": [[proxy("a", 0, 52)], [replica("a", 0.01, 46, 0.3)]],
    "replica first": [[replica("a", 0.01, 46, 0.3)], [proxy("a", 0, 52)]],
    "what is missing comes from the half": [[proxy("a", 0)], [replica("a", 0.01, 46, 0.3)]],
    "each alone": [[proxy("a", 0, 52)], [replica("b", 0.01, 46, 0.3)]],
    "twice the same": [[proxy("a", 0), proxy("a", 9)], [replica("a", 9.1, 2)], [replica("a", 0.1, 1)]],
    "two replicas": [[proxy("a", 0)], [replica("a", 2, None, 0.2, None)], [replica("a", 1, 7, None, "v2")]],
    "without ids": [[proxy(None, 0)], [replica(None, 0.1)]],
}


@in_each_way(IN_TWO_STREAMS)
def test_that_a_proxy_and_its_replica_count_once(
        ws: Workspace, batches: list[list[Row]], each: bool, way: tuple[str, float],
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, *way)
    for number, batch in enumerate(batches):
        add(ws, batch, f"{number}.csv")
        if each:
            ws.refresh()
    ws.refresh()
    found = model([row for batch in batches for row in batch], answers=False)
    assert events(ws) == expected(found)
    assert ws.totals().events == len(found)
    assert sum(info.rows for info in ws.streams()) == len(found)


def test_that_the_main_stream_gets_the_columns_it_lacks(ws: Workspace) -> None:
    ws.ensure_stream(PROXY)
    ws.ensure_stream(REPLICA)
    ws.ensure_stream(MONITOR)
    columns = {info.stored: (info.role, info.why) for info in ws.streams()[0].columns}
    assert columns["version"] == (Role.MODEL_VERSION, "from replica, by request id")
    assert columns["age"] == (Role.FEATURE, "from monitor, by request id")
    assert set(columns) == {"ts", "id", "ms", "code", "score", "note", "version", "age"}


@pytest.mark.parametrize("order", list(itertools.permutations("prm")))
def test_that_halves_hours_apart_are_found_in_any_order(ws: Workspace, order: tuple[str, ...],
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "WHOLE_SHARE", 1e9)
    batches = {"p": (PROXY, {"ts": [iso(0)], "id": ["a"], "code": ["200"]}),
               "r": (REPLICA, {"ts": [iso(1)], "rid": ["a"], "version": ["v2"]}),
               "m": (MONITOR, {"ts": [iso(5 * 3600)], "trace": ["a"], "age": ["40"], "score": ["0.7"]})}
    for name in order:
        plan, cells = batches[name]
        put(ws, plan, cells, path=f"{name}.csv")
        ws.refresh()
    assert ws.execute_readonly("SELECT stream, model_version, score FROM events") == [("proxy", "v2", 0.7)]


def test_that_three_streams_are_one_event(ws: Workspace) -> None:
    put(ws, MONITOR, {"ts": [iso(0.02)], "trace": ["a"], "age": ["40"], "score": ["0.7"]}, path="m.csv")
    put(ws, REPLICA, {"ts": [iso(0.01)], "rid": ["a"], "version": ["v2"], "took": ["0.04"], "note": ["5"]},
        path="r.csv")
    ws.refresh()
    put(ws, PROXY, {"ts": [iso(0)], "id": ["a"], "code": ["200"]}, path="p.csv")
    ws.refresh()
    proxy_id = next(info.stream_id for info in ws.streams() if info.name == "proxy")
    assert ws.execute_readonly("SELECT stream, request_id, model_version, latency_ms, score, failed FROM events") == [
        ("proxy", "a", "v2", 40, 0.7, False)]
    assert ws.column_values(proxy_id, "age", None).tolist() == [40]
    assert ws.column_values(proxy_id, "note", None).tolist() == ["5"]


def test_that_a_half_of_a_half_completes_the_first_of_them(ws: Workspace) -> None:
    put(ws, PROXY, {"ts": [iso(0)], "id": ["a"]}, path="p.csv")
    put(ws, REPLICA, {"ts": [iso(1)], "rid": ["a"], "version": ["v2"]}, path="r.csv")
    put(ws, replace(MONITOR, half_of="replica"), {"ts": [iso(2)], "trace": ["a"], "score": ["0.7"]}, path="m.csv")
    ws.refresh()
    assert [row[:1] + row[2:5] for row in events(ws)] == [("a", 0.7, None, "v2")]


def test_that_a_circle_leaves_all_rows_as_they_are(ws: Workspace) -> None:
    put(ws, replace(PROXY, half_of="replica"), {"ts": [iso(0)], "id": ["a"]}, path="p.csv")
    put(ws, REPLICA, {"ts": [iso(1)], "rid": ["a"], "version": ["v2"]}, path="r.csv")
    ws.refresh()
    assert ws.totals().events == 2


def test_that_a_half_column_of_another_type_is_cast_and_never_raises(ws: Workspace) -> None:
    main = stream("proxy", column("ts", TIME, Role.TIMESTAMP), column("id", NUMBER, Role.REQUEST_ID),
                  column("x", NUMBER), column("y", TEXT), column("z", TIME), column("f", TEXT))
    half = replace(stream("replica", column("ts", TIME, Role.TIMESTAMP), column("id", TEXT, Role.REQUEST_ID),
                          column("x", TEXT), column("y", NUMBER), column("z", TEXT), column("f", TIME)),
                   half_of="proxy")
    put(ws, main, {"ts": [iso(0), iso(1)], "id": ["7", "8"]}, path="p.csv")
    put(ws, half, {"ts": [iso(0), iso(1)], "id": ["7", "8"], "x": ["1.5", "many"], "y": ["3", "0.5"],
                   "z": ["2026-03-02T08:00:00Z", "never"], "f": [iso(5), None]}, path="r.csv")
    ws.refresh()
    assert ws.execute_readonly('SELECT x, y, z::VARCHAR, f FROM raw_1 ORDER BY _ts') == [
        (1.5, "3", "2026-03-02 08:00:00", "2026-03-02 06:00:05"), (None, "0.5", None, None)]


def test_that_hostile_names_stay_names(ws: Workspace) -> None:
    names = ['r', 'id', 'ts', 's"; DROP TABLE raw_1; --', "v1", "n1", "rec", "filled", "head", "k"]
    main = stream("proxy", column("when", TIME, Role.TIMESTAMP), column("key", TEXT, Role.REQUEST_ID),
                  *(column(name) for name in names))
    half = replace(stream("it's", column("when", TIME, Role.TIMESTAMP), column("key", TEXT, Role.REQUEST_ID),
                          *(column(name) for name in names)), half_of="proxy")
    put(ws, main, {"when": [iso(0)], "key": ["a"]}, path="p.csv")
    put(ws, half, {"when": [iso(0)], "key": ["a"], **{name: [str(n)] for n, name in enumerate(names)}}, path="r.csv")
    ws.refresh()
    assert [ws.column_values(1, name, None).tolist() for name in names] == [[n] for n in range(len(names))]


# ---- whatever the order ----------------------------------------------------------------------------------------

TIMES = st.integers(0, 20_000).map(lambda tenths: tenths / 10)
ROWS = st.lists(st.tuples(st.sampled_from("abcd"), TIMES, st.booleans(), st.sampled_from([None, 0.25, 0.5])),
                min_size=1, max_size=24, unique_by=lambda row: row[1])


@WAYS
@examples(3, 12)
@given(ROWS, st.lists(st.tuples(st.integers(0, 23), st.booleans()), max_size=6))
def test_that_any_order_of_halves_gives_the_same_events(
        way: tuple[str, float], rows: list[tuple[str, float, bool, float | None]],
        cuts: list[tuple[int, bool]]) -> None:
    made = [Row("kserve", name, at_s, second, score) for name, at_s, second, score in rows]
    refreshed = {cut for cut, yes in cuts if yes}
    bounds = sorted({0, len(made), *(cut for cut, _ in cuts if cut < len(made))})
    with store() as ws, patch.object(merging, *way):
        for first, last in itertools.pairwise(bounds):
            add(ws, made[first:last], f"{first}.jsonl")
            if last in refreshed:
                ws.refresh()
        ws.refresh()
        found = model(made, answers=True)
        ours = events(ws)
        assert [row[:4] for row in ours] == [row[:4] for row in expected(found)]
        assert ws.totals().events == len(found)
        level = ws.execute_readonly("SELECT sum(n), sum(n_4), sum(sum_4) FROM rollup_1 WHERE level_s = 10")
        scores = [event.score for event in found if event.score is not None]
        assert level == [(len(found), len(scores), pytest.approx(sum(scores)) if scores else None)]


@WAYS
@examples(3, 12)
@given(ROWS, st.lists(st.tuples(st.integers(0, 23), st.booleans()), max_size=6))
def test_that_any_order_of_two_streams_gives_the_same_events(
        way: tuple[str, float], rows: list[tuple[str, float, bool, float | None]],
        cuts: list[tuple[int, bool]]) -> None:
    made = [Row("replica" if second else "proxy", name, at_s, second, score, None if score else at_s, "v1" if second
                else None) for name, at_s, second, score in rows]
    refreshed = {cut for cut, yes in cuts if yes}
    bounds = sorted({0, len(made), *(cut for cut, _ in cuts if cut < len(made))})
    with store() as ws, patch.object(merging, *way):
        for first, last in itertools.pairwise(bounds):
            for name in ("proxy", "replica"):
                batch = [row for row in made[first:last] if row.stream == name]
                if batch:
                    add(ws, batch, f"{first}-{name}.csv")
            if last in refreshed:
                ws.refresh()
        ws.refresh()
        if {row.stream for row in made} == {"proxy", "replica"}:
            assert events(ws) == expected(model(made, answers=False))


def test_that_a_stop_between_rows_and_merge_loses_nothing(tmp_path: Path) -> None:
    ws = Workspace.open(tmp_path / "w.duckdb", folder=None)
    add(ws, [request("a", 0), request("b", 1), response("a", 2)], "a.jsonl")
    ws.refresh()
    add(ws, [response("b", 3), request("c", 4)], "b.jsonl")
    ws.close()
    ws = Workspace.open(tmp_path / "w.duckdb", folder=None)
    assert ws.refresh()
    assert [(row[0], row[3], row[5]) for row in events(ws)] == [("a", 2000, False), ("b", 2000, False),
                                                               ("c", None, True)]
    ws.close()


def test_that_a_merge_that_breaks_off_is_made_whole_by_the_next(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    add(ws, [request("a", 0), response("a", 2)], "a.jsonl")
    with monkeypatch.context() as broken:
        broken.setattr(merging._Merge, "_wait", lambda self: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            ws.refresh()
    assert ws.totals().events == 2
    ws.refresh()
    assert [(row[0], row[3]) for row in events(ws)] == [("a", 2000)]


def test_that_merged_rollups_are_those_of_the_rows(ws: Workspace, tmp_path: Path) -> None:
    rows = [request(f"r{n}", n * 7.0) for n in range(900)]
    answers = [response(f"r{n}", n * 7.0 + 0.1 * (n % 50), n / 900) for n in range(0, 900, 2)]
    for first in range(0, 900, 300):
        add(ws, rows[first:first + 300], f"q{first}.jsonl")
        add(ws, answers[first // 2:first // 2 + 150], f"r{first}.jsonl")
        ws.refresh()
    other = Workspace.open(tmp_path / "other.duckdb", folder=None)
    add(other, [*rows, *answers], "all.jsonl")
    other.refresh()
    # Times of the second half lie in buckets that are empty now; series are numbered alike.
    same_numbers(all_numbers(ws), all_numbers(other))
    other.close()
    (hour,) = ws.moments(1, ["score", "latency_ms", FAILED], window("2026-03-02T06:00", "2026-03-02T08:00"), 3600)
    assert hour.rows.sum() == 900
    assert hour.columns["score"].sum.sum() == pytest.approx(sum(row.score or 0 for row in answers))
    assert hour.columns["latency_ms"].sum.sum() == pytest.approx(sum(100 * (n % 50) for n in range(0, 900, 2)))
    assert hour.columns[FAILED].sum.sum() == 450


# ---- corrections -----------------------------------------------------------------------------------------------

def test_that_the_user_may_say_that_they_are_not_halves_and_back(ws: Workspace) -> None:
    add(ws, [proxy("a", 0), proxy("b", 1)], "p.csv")
    add(ws, [replica("a", 0.1, 46, 0.3)], "r.csv")
    ws.refresh()
    merged = events(ws)
    ws.ensure_stream(replace(REPLICA, half_of="", half_chosen=True))
    ws.refresh()
    assert [(row[0], row[2], row[4]) for row in events(ws)] == [("a", None, None), ("a", 0.3, "v1"), ("b", None, None)]
    assert ws.execute_readonly("SELECT sum(n) FROM rollup_2 WHERE level_s = 10") == [(1,)]
    ws.ensure_stream(replace(REPLICA, half_chosen=True))
    ws.refresh()
    assert events(ws) == merged


def test_that_a_new_guess_does_not_part_what_was_one(ws: Workspace) -> None:
    add(ws, [proxy("a", 0)], "p.csv")
    add(ws, [replica("a", 0.1)], "r.csv")
    ws.refresh()
    ws.ensure_stream(replace(REPLICA, half_of=""))
    ws.refresh()
    assert ws.totals().events == 1


def test_that_streams_that_were_loaded_apart_are_joined_when_it_is_said(ws: Workspace) -> None:
    put(ws, replace(REPLICA, half_of=""), {"ts": [iso(0.1)], "rid": ["a"], "version": ["v1"]}, path="r.csv")
    add(ws, [proxy("a", 0)], "p.csv")
    ws.refresh()
    assert ws.totals().events == 2
    ws.ensure_stream(REPLICA)
    ws.refresh()
    assert [(row[0], row[4]) for row in events(ws)] == [("a", "v1")]


def test_that_a_corrected_role_holds_for_merged_cells(ws: Workspace) -> None:
    add(ws, [proxy("a", 0)], "p.csv")
    add(ws, [replica("a", 0.1, 46, 0.3)], "r.csv")
    ws.refresh()
    ws.set_columns(1, {"ms": column("ms", NUMBER, Role.LATENCY, unit="s", chosen=True)})
    ws.refresh()
    assert ws.execute_readonly("SELECT latency_ms FROM events") == [(pytest.approx(46),)]
    assert ws.execute_readonly("SELECT ms FROM raw_1") == [(pytest.approx(0.046),)]
    ws.set_columns(2, {"version": column("version", TEXT, Role.HOST, chosen=True)})
    ws.refresh()
    assert ws.execute_readonly("SELECT host, model_version FROM events") == [("v1", None)]


def test_that_a_time_column_chosen_wrongly_merges_nothing_until_it_is_put_right(ws: Workspace) -> None:
    wrong = replace(BOTH, columns=(*BOTH.columns, column("other", TIME)))
    ws.ensure_stream(wrong)
    add(ws, [request("a", 0), response("a", 2), request("b", 3)], "a.jsonl")
    ws.refresh()
    assert len(events(ws)) == 2
    ws.set_columns(1, {"ts": column("ts", TIME), "other": column("other", TIME, Role.TIMESTAMP)})
    ws.refresh()
    assert ws.totals().events == 3
    ws.set_columns(1, {"ts": column("ts", TIME, Role.TIMESTAMP), "other": column("other", TIME)})
    ws.refresh()
    assert len(events(ws)) == 2


def test_that_a_file_left_out_gives_the_cells_back(ws: Workspace) -> None:
    add(ws, [proxy("a", 0), proxy("b", 1)], "p.csv")
    add(ws, [replica("a", 0.1, 46, 0.3)], "r.csv")
    ws.refresh()
    with ws.correcting() as corrections:
        corrections.leave_out("r.csv", "not wanted")
    ws.refresh()
    assert [(row[0], row[2], row[3]) for row in events(ws)] == [("a", None, None), ("b", None, None)]


@pytest.mark.parametrize("gone, left", [(0, ("a", 2.0, 0.5)), (1, ("a", 0.0, None))], ids=["main", "half"])
def test_that_a_record_taken_back_leaves_its_partner_as_it_was_read(ws: Workspace, gone: int,
                                                                    left: tuple[str, float, float | None]) -> None:
    add(ws, [request("a", 0), response("a", 2)], "a.jsonl")
    add(ws, [request(f"x{n}", 100 + n) for n in range(50)], "b.jsonl")
    ws.refresh()
    with ws.writing() as w:
        assert w.take_back(1, 1, gone) == "row"
    ws.refresh()
    start = int(START.timestamp())
    assert [(row[0], row[1] / 10**6 - start, row[2]) for row in events(ws)[:1]] == [left]
    assert ws.totals().events == 51


# ---- on the board ----------------------------------------------------------------------------------------------

def test_that_the_board_counts_an_event_once(ws: Workspace) -> None:
    add(ws, [proxy(f"r{n}", n, ms=50.0 + n) for n in range(60)], "p.csv")
    add(ws, [replica(f"r{n}", n + 0.01, ms=40.0, score=0.5) for n in range(50)], "r.csv")
    ws.refresh()
    charts = {chart.metric: chart.series[0] for chart in board(ws, window("2026-03-02T06:00", "2026-03-02T06:01"), 50,
                                                               bucket_s=60).charts}
    assert charts["throughput"].values.tolist() == [1.0]
    assert charts["latency"].values.tolist() == [79.0]
    assert charts["null_responses"].values.tolist() == [pytest.approx(10 / 60)]


# ---- beside outcomes -------------------------------------------------------------------------------------------

def test_that_outcomes_go_to_the_event_and_count_once(ws: Workspace) -> None:
    add(ws, [replica("a", 0.1, 46, 0.3)], "r.csv")
    put(ws, LABELS, {"id": ["a"], "told": [iso(60)], "clicked": ["1"]}, path="l.csv")
    ws.refresh()
    add(ws, [proxy("a", 0)], "p.csv")
    ws.refresh()
    assert ws.execute_readonly("SELECT request_id, clicked FROM events") == [("a", 1)]
    (found,) = ws.outcome_moments(window("2026-03-02T06:00", "2026-03-02T07:00"), 3600)
    assert found.columns["clicked"].n.tolist() == [1]
    stream_of = dict(ws.execute_readonly("SELECT stream_id, name FROM streams"))
    assert {stream_of[row[0]] for row in ws.execute_readonly("SELECT stream_id FROM rollup_outcomes")} == {"proxy"}
