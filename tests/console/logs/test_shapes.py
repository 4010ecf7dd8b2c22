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
