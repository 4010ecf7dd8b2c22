"""Compressed rotations and archives that are still being copied; Parquet met while following."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from console.logs import parquet
from tests.console.logs.following.world import World


def pack(data: bytes, ending: str) -> bytes:
    return gzip.compress(data) if ending == "gz" else pa.Codec("zstd").compress(data, asbytes=True)


@pytest.fixture(params=["gz", "zst"])
def ending(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_that_a_packed_rotation_is_read_once(world: World, ending: str) -> None:
    world.add(world.rows(20, 22))
    packed = pack(world.log.read_bytes(), ending)
    world.log.unlink()
    world.file(f"app-1.{world.kind}.{ending}", packed)
    world.file("app", world.header + world.rows(22, 23))
    world.settle()
    world.holds((0, 23))
    world.restart()
    world.holds((0, 23))


def test_that_a_rotated_file_packed_later_is_read_once(world: World, ending: str) -> None:
    world.add(world.rows(20, 500))
    world.settle()
    aside = world.place("app-1")
    world.log.rename(aside)
    world.file("app", world.header + world.rows(500, 502))
    world.settle()
    packed = pack(aside.read_bytes(), ending)
    target = world.place(f"app-1.{world.kind}.{ending}")
    for end in (1, 9, len(packed) // 3, len(packed) // 2, len(packed) - 1, len(packed)):
        target.write_bytes(packed[:end])
        world.settle()
    aside.unlink()
    world.settle()
    world.holds((0, 502))
    world.restart()
    world.settle()
    world.holds((0, 502))


def test_that_rows_that_only_the_packed_file_has_are_read(world: World, ending: str) -> None:
    world.add(world.rows(20, 22))
    world.stop()
    world.add(world.rows(22, 30))
    packed = pack(world.log.read_bytes(), ending)
    world.log.unlink()
    world.file(f"app-1.{world.kind}.{ending}", packed)
    world.file("app", world.header + world.rows(30, 31))
    world.start()
    world.settle()
    world.holds((0, 31))


def test_that_an_archive_copied_slowly_is_read_when_it_is_whole(world: World, ending: str) -> None:
    whole = pack((world.header + world.rows(100, 2100)).encode(), ending)
    target = world.place(f"old.{world.kind}.{ending}")
    for end in (1, 5, 20, len(whole) // 4, len(whole) // 2, len(whole) * 3 // 4, len(whole) - 1):
        target.write_bytes(whole[:end])
        world.settle(wait_s=0.1)
        assert world.ws.totals().rows_quarantined == 0
        assert "damaged" not in world.state(target.name)[1]
    target.write_bytes(whole)
    world.settle(wait_s=1.0)
    world.holds((0, 20), (100, 2100))
    world.restart()
    world.holds((0, 20), (100, 2100))


def test_that_an_archive_that_stays_cut_off_is_named_and_gives_what_it_has(world: World, ending: str) -> None:
    whole = pack((world.header + world.rows(100, 50_100)).encode(), ending)
    name = f"old.{world.kind}.{ending}"
    world.file(name, whole[: len(whole) * 3 // 4])
    world.settle()
    assert "damaged" not in world.state(name)[1]
    world.now += 3600
    world.settle(wait_s=100)
    assert "damaged" in world.state(name)[1]
    found = world.ids()
    assert 100 < len(found) < 50_000 and set(found.values()) == {1}
    world.file(name, whole)
    world.settle(wait_s=100)
    assert world.ids().keys() >= {f"r{number}" for number in range(100, 50_100)}
    assert set(world.ids().values()) == {1}


def part(path: Path, first: int, end: int) -> bytes:
    pd.DataFrame({"ts": pd.date_range("2026-03-02", periods=end - first, freq="s", tz="UTC"), "latency_ms": 1.0,
                  "request_id": [f"r{i}" for i in range(first, end)]}).to_parquet(path, row_group_size=100)
    return path.read_bytes()


def test_that_parquet_renamed_into_place_is_loaded(table: World) -> None:
    part(table.path / ".p-1.tmp", 100, 110)
    table.settle()
    (table.path / ".p-1.tmp").rename(table.path / "p-1.parquet")
    table.settle()
    table.holds((0, 20), (100, 110))


def test_that_parquet_copied_slowly_is_loaded_when_it_is_whole(table: World) -> None:
    whole = part(table.path.parent / "made", 100, 1100)
    target = table.path / "p-1.parquet"
    for end in (2, 4, 100, len(whole) // 2, len(whole) - 4, len(whole) - 1):
        target.write_bytes(whole[:end])
        table.settle(wait_s=1.0)
        assert not table.ws.rejected()
    target.write_bytes(whole)
    table.settle(wait_s=1.0)
    table.holds((0, 20), (100, 1100))
    target.rename(table.path / "p-2.parquet")
    table.restart()
    table.holds((0, 20), (100, 1100))


def test_that_a_large_parquet_file_comes_in_parts(table: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "RANGE_ROWS", 400)
    part(table.path / "p-1.parquet", 100, 1100)
    sizes = []
    for _ in range(6):
        change = table.poll()
        sizes.append(change.rows)
        assert change.more == (sum(sizes) < 1000)
    assert sizes == [400, 400, 200, 0, 0, 0]
    table.holds((0, 20), (100, 1100))


def test_that_a_large_parquet_file_is_read_on_after_a_restart(table: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "RANGE_ROWS", 400)
    part(table.path / "p-1.parquet", 100, 1100)
    table.poll()
    table.restart()
    table.settle()
    table.holds((0, 20), (100, 1100))


def test_that_parquet_written_anew_is_loaded_anew(table: World) -> None:
    part(table.path / "p-1.parquet", 100, 110)
    table.settle()
    part(table.path / "p-1.parquet", 200, 220)
    table.settle()
    table.holds((0, 20), (100, 110), (200, 220))
