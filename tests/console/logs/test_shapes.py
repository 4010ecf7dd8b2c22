"""The shapes of tables: a row a request, a metric a file, metric and value in columns, and counters that only grow."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from console.jobs import SilentJob
from console.logs.discover import discover
from console.logs.follow import Follower
from console.logs.load import load_folder
from console.roles import Role, StreamKind
from console.store import Workspace

START = datetime(2026, 3, 2, tzinfo=UTC)


def csv(path: Path, header: str, rows: Iterable[Iterable[Any]]) -> None:
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")


def moments(count: int = 40) -> list[str]:
    return [(START + timedelta(seconds=30 * n)).isoformat() for n in range(count)]


def roles(folder: Path) -> list[tuple[str, StreamKind, dict[Role, str]]]:
    plan = discover(folder, SilentJob())
    return [(stream.name, stream.kind, {each.role: each.name for each in stream.columns if each.role})
            for stream in plan.streams]


def samples(folder: Path, at: Path) -> list[tuple[Any, ...]]:
    ws = Workspace.open(at, folder=folder)
    load_folder(discover(folder, SilentJob()), ws, SilentJob())
    found = ws.cursor().execute("SELECT metric, host, count(*), avg(value) FROM samples GROUP BY ALL ORDER BY ALL"
                                ).fetchall()
    ws.close()
    return found


def test_that_a_metric_a_file_is_one_stream_named_by_its_files(tmp_path: Path) -> None:
    (tmp_path / "infra").mkdir()
    for metric, value in (("cpu_util", 3.5), ("queue", 8.25)):
        csv(tmp_path / "infra" / f"{metric}.csv", "timestamp,value", ((at, value) for at in moments()))
    assert roles(tmp_path / "infra") == [("infra", StreamKind.SAMPLES, {
        Role.TIMESTAMP: "timestamp", Role.METRIC_VALUE: "value", Role.METRIC_NAME: "metric"})]
    assert samples(tmp_path / "infra", tmp_path / "w.pilot") == [("cpu_util", None, 40, 3.5), ("queue", None, 40, 8.25)]


@pytest.mark.parametrize("machine", ["host", "instance", "podName"])
def test_that_a_metric_a_file_may_have_a_column_for_the_machine(tmp_path: Path, machine: str) -> None:
    (tmp_path / "infra").mkdir()
    for metric, value in (("cpu_util", 3), ("queue", 8)):
        csv(tmp_path / "infra" / f"{metric}.csv", f"timestamp,{machine},value",
            ((at, host, value + place) for at in moments() for place, host in enumerate(("a", "b"))))
    assert roles(tmp_path / "infra") == [("infra", StreamKind.SAMPLES, {
        Role.TIMESTAMP: "timestamp", Role.HOST: machine, Role.METRIC_VALUE: "value", Role.METRIC_NAME: "metric"})]
    assert samples(tmp_path / "infra", tmp_path / "w.pilot") == [
        ("cpu_util", "a", 40, 3), ("cpu_util", "b", 40, 4), ("queue", "a", 40, 8), ("queue", "b", 40, 9)]


@pytest.mark.parametrize("name", ["key", "metric", "name"])
def test_that_a_column_may_name_the_metric(tmp_path: Path, name: str) -> None:
    (tmp_path / "m.jsonl").write_text("".join(
        json.dumps({"ts": at, "host": "a", name: metric, "value": value}) + "\n"
        for at in moments() for metric, value in (("cpu", 1.5), ("mem", 7))))
    (_, kind, found), = roles(tmp_path)
    assert kind is StreamKind.SAMPLES
    assert found == {Role.TIMESTAMP: "ts", Role.HOST: "host", Role.METRIC_NAME: name, Role.METRIC_VALUE: "value"}


@pytest.mark.parametrize(("header", "row"), [
    ("timestamp,request_id,value", lambda n, at: (at, f"r{n}", n)),
    ("timestamp,latency_ms,value", lambda n, at: (at, 5 + n, n)),
    ("timestamp,host,latency_ms", lambda n, at: (at, "a", 5 + n))])
def test_that_a_row_a_request_is_no_metric(tmp_path: Path, header: str,
                                           row: Callable[[int, str], tuple[Any, ...]]) -> None:
    csv(tmp_path / "served.csv", header, (row(n, at) for n, at in enumerate(moments())))
    (_, kind, found), = roles(tmp_path)
    assert kind is StreamKind.REQUESTS and Role.METRIC_NAME not in found


def test_that_a_wide_table_of_machines_has_a_metric_a_column(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    csv(tmp_path / "logs" / "system.csv", "ts,host,cpu_pct,mem_mb", ((at, "a", 10, 200) for at in moments()))
    assert samples(tmp_path / "logs", tmp_path / "w.pilot") == [("cpu_pct", "a", 40, 10), ("mem_mb", "a", 40, 200)]


ALL_ZERO = [(at, 0) for at in moments(400)]        # more than the first bytes by which a file is known


def of_metrics(ws: Workspace) -> dict[str, int]:
    return dict(ws.cursor().execute("SELECT metric, count(*) FROM samples GROUP BY metric").fetchall())


@pytest.mark.parametrize(("count", "live"), [(400, False), (300, False), (40, False), (400, True), (300, True),
                                             (40, True)])
def test_that_a_metric_that_is_zero_like_another_is_no_copy_of_it(tmp_path: Path, count: int, live: bool) -> None:
    """Equal, or the beginning of the other: what tells them apart is their name."""
    folder = tmp_path / "infra"
    folder.mkdir()
    csv(folder / "errors.csv", "timestamp,value", ALL_ZERO)
    csv(folder / "latency.csv", "timestamp,value", ((at, place) for place, at in enumerate(moments())))
    ws = Workspace.open(tmp_path / "w.pilot", folder=folder)
    plan = discover(folder, SilentJob())
    load_folder(plan, ws, SilentJob(), live_s=0)
    if live:
        follower = Follower(folder, ws, plan, rest_s=0)
        follower.poll(SilentJob())
    csv(folder / "restarts.csv", "timestamp,value", ALL_ZERO[:count])
    if live:
        for _ in range(4):
            follower.poll(SilentJob())
        follower.close()
    else:
        load_folder(discover(folder, SilentJob(), known=plan.streams), ws, SilentJob(), live_s=0)
    assert of_metrics(ws) == {"errors": 400, "latency": 40, "restarts": count}
    ws.close()


@pytest.mark.parametrize("live", [False, True])
def test_that_a_copy_of_a_metric_under_a_rotated_name_is_still_known(tmp_path: Path, live: bool) -> None:
    folder = tmp_path / "infra"
    folder.mkdir()
    for name in ("errors", "latency"):
        csv(folder / f"{name}.csv", "timestamp,value", ((at, len(name)) for at in moments(400)))
    ws = Workspace.open(tmp_path / "w.pilot", folder=folder)
    plan = discover(folder, SilentJob())
    load_folder(plan, ws, SilentJob(), live_s=0)
    if live:
        follower = Follower(folder, ws, plan, rest_s=0)
        follower.poll(SilentJob())
    (folder / "errors.csv.1").write_bytes((folder / "errors.csv").read_bytes())
    if live:
        for _ in range(4):
            follower.poll(SilentJob())
        follower.close()
    else:
        load_folder(discover(folder, SilentJob(), known=plan.streams), ws, SilentJob(), live_s=0)
    assert of_metrics(ws) == {"errors": 400, "latency": 400}
    ws.close()
