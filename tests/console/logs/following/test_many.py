"""Bursts, a thousand files, and none of them starved; what a poll costs when nothing has changed."""

from __future__ import annotations

import builtins
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.logs import follow
from tests.console.logs.following.world import World, accounts, records_on_disk


@pytest.fixture(scope="module")
def thousand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A thousand files of one stream, ten rows each, read."""
    world = World(tmp_path_factory.mktemp("thousand"), "jsonl", rows=0)
    for at in range(1000):
        world.file(f"host-{at % 10}/app-{at:04d}", world.rows(10 * at, 10 * at + 10))
    world.restart()
    world.holds((0, 10_000))
    yield world
    world.stop()


def test_that_a_thousand_files_are_followed(thousand: World) -> None:
    for at in range(0, 1000, 7):
        thousand.add(thousand.row(20_000 + at), f"host-{at % 10}/app-{at:04d}")
    thousand.settle()
    accounts(thousand.ws)
    files = list(thousand.path.rglob("*.jsonl"))
    assert thousand.ws.totals().rows_loaded == records_on_disk(files, "") == 10_000 + 143


def test_that_a_poll_of_a_thousand_idle_files_opens_none(thousand: World, monkeypatch: pytest.MonkeyPatch) -> None:
    thousand.settle()
    opened: list[str] = []

    def refuse(path: object, *_: object, **__: object) -> None:
        opened.append(str(path))
        raise AssertionError(f"{path} was opened")

    generation = thousand.ws.generation
    monkeypatch.setattr(os, "open", refuse)
    monkeypatch.setattr(builtins, "open", refuse)
    began = time.process_time()
    for _ in range(10):
        thousand.poll()
    spent = (time.process_time() - began) / 10
    monkeypatch.undo()
    assert not opened and thousand.ws.generation == generation
    assert spent < 0.1, f"{1000 * spent:.0f} ms of processor time a poll"


def test_that_a_poll_reads_a_bounded_amount_and_starves_no_file(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "FILE_BYTES", 8_000)
    monkeypatch.setattr(follow, "POLL_BYTES", 20_000)
    for at in range(8):
        world.file(f"burst-{at}", world.header + world.rows(1000 * (at + 1), 1000 * (at + 1) + 400))
    met: dict[int, int] = {}
    for turn in range(100):
        change = world.poll()
        assert change.rows * len(world.row(1000)) < 20_000 + 8_000 + 4096
        for number in {int(ident[1:]) // 1000 for ident in world.ids()}:
            met.setdefault(number, turn)
        if not change.more and not change.rows and len(met) == 9:
            break
    assert max(met.values()) <= 5, "a file waited while others were read for the second time"
    assert turn > 8 * 13_700 // 28_000
    world.settle()
    world.holds((0, 20), *((1000 * (at + 1), 1000 * (at + 1) + 400) for at in range(8)))


def test_that_a_burst_in_one_file_does_not_hold_up_another(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "FILE_BYTES", 20_000)
    monkeypatch.setattr(follow, "POLL_BYTES", 40_000)
    world.file("quiet", world.header + world.rows(50, 52))
    world.settle()
    world.add(world.rows(1000, 4000))
    world.poll()
    world.add(world.row(60), "quiet")
    change = world.poll()
    assert change.more and world.ids()["r60"] == 1
    world.settle()
    world.holds((0, 20), (50, 52), (60, 61), (1000, 4000))


def test_that_more_files_than_descriptors_are_followed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "MOST_OPEN", 5)
    for at in range(20):
        world.file(f"app-{at}", world.header + world.row(100 + at))
    world.settle()
    for turn in range(3):
        for at in range(20):
            world.add(world.row(1000 * (turn + 1) + at), f"app-{at}")
        world.settle()
    held = [path for path in (os.readlink(f"/proc/self/fd/{each}") for each in os.listdir("/proc/self/fd")
                              if os.path.lexists(f"/proc/self/fd/{each}")) if str(world.path) in path]
    assert len(held) <= 5
    world.holds((0, 20), (100, 120), (1000, 1020), (2000, 2020), (3000, 3020))


def test_that_last_lines_without_end_are_read_of_more_files_than_descriptors(
        tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "MOST_OPEN", 2)
    world = World(tmp_path, kind, rest_s=10.0)
    for at in range(6):
        world.file(f"app-{at}", world.header + world.row(100 + at))
    world.settle()
    for at in range(6):
        world.add(world.row(200 + at).rstrip("\n"), f"app-{at}")
    world.settle()
    world.holds((0, 20), (100, 106))
    world.settle(wait_s=11.0)
    world.holds((0, 20), (100, 106), (200, 206))
    for at in range(6):
        world.add("\n" + world.row(300 + at), f"app-{at}")
    world.settle(wait_s=11.0)
    world.holds((0, 20), (100, 106), (200, 206), (300, 306))
    world.stop()
