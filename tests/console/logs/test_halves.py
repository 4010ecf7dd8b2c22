"""Streams that log the same requests are found, and only those."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from console.errors import BadSettings
from console.jobs import SilentJob
from console.logs import config
from console.logs.discover import discover
from console.logs.follow import Follower
from console.logs.load import load_folder
from console.logs.plan import FolderPlan
from console.store import Workspace

START = datetime(2026, 3, 2, 6, tzinfo=UTC)
N = 40


def rows(ids: Sequence[object], **columns: Sequence[object]) -> list[dict[str, object]]:
    """One record an id, a second apart."""
    later = columns.pop("later_s", [0.0])[0]
    assert isinstance(later, float)
    return [{"timestamp": (START + timedelta(seconds=n + later)).isoformat(), "request_id": name,
             **{key: values[n % len(values)] for key, values in columns.items()}} for n, name in enumerate(ids)]


def write(folder: Path, name: str, records: Sequence[Mapping[str, object]]) -> None:
    (folder / name).write_text("".join(json.dumps(each) + "\n" for each in records))


def halves_of(plan: FolderPlan) -> dict[str, str]:
    return {stream.name: stream.half_of for stream in plan.streams if stream.half_of}


def found(folder: Path) -> dict[str, str]:
    return halves_of(discover(folder, SilentJob()))


IDS = [f"req-{n:04x}" for n in range(N)]
LATENCY = [10.0, 20.0, 30.0]


def test_that_an_application_log_completes_the_access_log(tmp_path: Path) -> None:
    write(tmp_path, "access.jsonl", rows(IDS, status=[200, 200, 500], latency_ms=LATENCY))
    write(tmp_path, "application.jsonl", rows(IDS, later_s=[0.1], prediction=["yes", "no"], age=[30, 40, 50]))
    plan = discover(tmp_path, SilentJob())
    assert halves_of(plan) == {"application": "access"}
    why = next(stream.why for stream in plan.streams if stream.name == "application")
    assert why.endswith("the same request ids as access: one event for both")
    ws = Workspace.open(tmp_path / "w.duckdb", folder=None)
    load_folder(plan, ws, SilentJob())
    try:
        assert (ws.totals().rows_loaded, ws.totals().events) == (2 * N, N)
        assert ws.execute_readonly("SELECT count(*), count(prediction), count(latency_ms), count(failed) FROM events "
                                   "WHERE stream = 'access'") == [(N, N, N, N)]
    finally:
        ws.close()


def test_that_the_outer_of_two_servers_is_the_main_one(tmp_path: Path) -> None:
    write(tmp_path, "alpha.jsonl", rows(IDS, status=[200], latency_ms=[46.0, 40.0]))
    write(tmp_path, "beta.jsonl", rows(IDS, later_s=[0.05], status=[200], latency_s=[0.052, 0.05]))
    assert found(tmp_path) == {"alpha": "beta"}


def test_that_three_servers_complete_the_outermost(tmp_path: Path) -> None:
    write(tmp_path, "a.jsonl", rows(IDS, status=[200], latency_ms=[10.0]))
    write(tmp_path, "b.jsonl", rows(IDS, status=[200], latency_ms=[30.0]))
    write(tmp_path, "c.jsonl", rows(IDS[: N // 2], prediction=["yes"]))
    assert set(found(tmp_path)) == {"a", "c"}


NOT_THE_SAME = {
    "other ids": (rows(IDS, status=[200]), rows([f"other-{n}" for n in range(N)], prediction=["x"])),
    "few ids in common": (rows(IDS, status=[200]), rows(IDS[:10] + [f"o-{n}" for n in range(30)], prediction=["x"])),
    "counters of two models on other days": (
        rows([str(n) for n in range(N)], status=[200]),
        rows([str(n) for n in range(N)], later_s=[3 * 3600.0], prediction=["x"])),
    "a shadow with a version of its own": (rows(IDS, model_version=["v1"], latency_ms=LATENCY, prediction=["a"]),
                                           rows(IDS, model_version=["v2"], prediction=["a"])),
    "two models that answer differently": (rows(IDS, prediction=["a", "b"], latency_ms=LATENCY),
                                           rows(IDS, prediction=["b", "a"])),
    "months apart": (rows(IDS, status=[200]), rows(IDS, later_s=[90 * 86_400.0], prediction=["x"])),
}


@pytest.mark.parametrize("one, other", NOT_THE_SAME.values(), ids=NOT_THE_SAME)
def test_that_streams_are_left_apart_where_it_is_not_sure(tmp_path: Path, one: list[dict[str, object]],
                                                          other: list[dict[str, object]]) -> None:
    write(tmp_path, "one.jsonl", one)
    write(tmp_path, "other.jsonl", other)
    assert found(tmp_path) == {}


def test_that_counted_ids_at_the_same_times_are_the_same_requests(tmp_path: Path) -> None:
    numbers = [str(n) for n in range(N)]
    write(tmp_path, "one.jsonl", rows(numbers, status=[200], latency_ms=LATENCY))
    write(tmp_path, "other.jsonl", rows(numbers, later_s=[0.2], prediction=["x"]))
    assert found(tmp_path) == {"other": "one"}


def test_that_the_user_has_the_last_word(tmp_path: Path) -> None:
    write(tmp_path, "one.jsonl", rows(IDS, status=[200], latency_ms=LATENCY))
    write(tmp_path, "other.jsonl", rows(IDS, prediction=["x"]))
    write(tmp_path, "third.jsonl", rows([f"t-{n}" for n in range(N)], prediction=["x"], later_s=[0.1]))
    (tmp_path / "pilothouse.toml").write_text('[streams.other]\nhalf_of = ""\n[streams.third]\nhalf_of = "one"\n')
    plan = discover(tmp_path, SilentJob())
    assert {stream.name: (stream.half_of, stream.half_chosen) for stream in plan.streams} == {
        "one": ("", False), "other": ("", True), "third": ("one", True)}


def test_that_a_stream_that_is_not_there_is_named(tmp_path: Path) -> None:
    write(tmp_path, "one.jsonl", rows(IDS, status=[200], latency_ms=LATENCY))
    (tmp_path / "pilothouse.toml").write_text('[streams.one]\nhalf_of = "proxy"\n')
    assert "one should complete proxy, but there is no such stream" in discover(tmp_path, SilentJob()).notes


def test_that_the_setting_is_kept_and_checked() -> None:
    said = config.parse('[streams.a]\nhalf_of = ""\n[streams.b]\nhalf_of = "a"\n')
    assert config.parse(config.as_text(said)) == said
    assert (said.streams["a"].half_of, said.streams["b"].half_of) == ("", "a")
    assert config.over(said, config.FolderSettings()) == said
    with pytest.raises(BadSettings) as wrong:
        config.parse('[streams.a]\nkind = "requests"\nhalf_of = 3\n')
    assert "line 3" in wrong.value.where and "must be text in quotes" in wrong.value.what


@pytest.mark.parametrize("appeared", [False, True])
def test_that_a_log_that_appears_while_following_completes_the_one_that_is_there(
        tmp_path: Path, appeared: bool) -> None:
    """appeared: the main one came while following too."""
    folder = tmp_path / "logs"
    folder.mkdir()
    write(folder, "first.jsonl", rows([f"other-{n}" for n in range(N)], status=[200], latency_ms=LATENCY))
    access = rows(IDS, status=[200, 200, 500], latency_ms=LATENCY, route=["a"])
    if not appeared:
        write(folder, "access.jsonl", access)
    plan = discover(folder, SilentJob())
    ws = Workspace.open(tmp_path / "w.duckdb", folder=folder)
    load_folder(plan, ws, SilentJob(), live_s=0)
    follower = Follower(folder, ws, plan, rest_s=0)
    try:
        follower.poll(SilentJob())
        write(folder, "access.jsonl", access)
        follower.poll(SilentJob())
        write(folder, "application.jsonl", rows(IDS, later_s=[0.1], prediction=["yes", "no"], age=[30, 40, 50]))
        write(folder, "strange.jsonl", rows([f"strange-{n}" for n in range(N)], prediction=["x"], height=[1, 2, 3]))
        for _ in range(4):
            follower.poll(SilentJob())
        assert {info.name: info.half_of for info in ws.streams()} == {
            "first": "", "access": "", "application": "access", "strange": ""}
        assert ws.execute_readonly("SELECT count(*), count(prediction), count(latency_ms) FROM events "
                                   "WHERE stream = 'access'") == [(N, N, N)]
        assert ws.totals().events == 3 * N
    finally:
        follower.close()
        ws.close()
