"""Files cut short and written anew, in place and by replacing; holes; inodes used again; heads that many share."""

from __future__ import annotations

import os
import re

import pytest

from tests.console.logs.following.world import World
from tests.tiers import once


def test_that_a_file_cut_short_and_grown_longer_is_new(world: World) -> None:
    world.log.write_text(world.header + world.rows(100, 160))
    world.settle()
    world.holds((0, 20), (100, 160))
    world.restart()
    world.holds((0, 20), (100, 160))


def test_that_a_file_cut_short_and_grown_to_the_same_size_is_new(world: World) -> None:
    size = world.log.stat().st_size
    text = world.header + re.sub(r"r(\d)", r"s\1", world.rows(0, 20))
    with world.log.open("r+") as log:
        log.truncate(0)
        log.write(text)
    assert world.log.stat().st_size == size
    world.settle()
    assert set(world.ids().values()) == {1}
    assert sorted(world.ids()) == sorted(f"{letter}{number}" for letter in "rs" for number in range(20))


def test_that_the_same_size_is_seen_after_a_restart_too(world: World) -> None:
    about = world.log.stat()
    world.stop()
    with world.log.open("r+") as log:
        log.truncate(0)
        log.write(world.header + re.sub(r"r(\d)", r"s\1", world.rows(0, 20)))
    os.utime(world.log, ns=(about.st_atime_ns, about.st_mtime_ns))
    world.start()
    world.settle()
    assert len(world.ids()) == 40


def test_that_a_file_emptied_and_left_empty_loses_nothing(world: World) -> None:
    os.truncate(world.log, 0)
    world.settle()
    world.restart()
    world.settle()
    world.holds((0, 20))
    world.add(world.header + world.rows(20, 22))
    world.settle()
    world.holds((0, 22))


@pytest.mark.parametrize("size", once(700, 12 << 20, 5_000, 100_000, first=2))
def test_that_a_hole_of_nuls_is_no_row(world: World, size: int) -> None:
    """A writer without O_APPEND goes on where it stood after the file was emptied."""
    for turn in range(2):
        with world.log.open("r+b") as log:
            log.truncate(0)
            log.seek(size)
            log.write(world.rows(50 + 10 * turn, 52 + 10 * turn).encode())
            log.flush()
            world.settle()
            log.write(world.row(52 + 10 * turn).encode())
        world.settle()
    world.holds((0, 20), (50, 53), (60, 63))
    for info in world.ws.streams():
        assert world.ws.cursor().execute(
            f"SELECT count(*) FROM {info.table} WHERE contains(request_id, chr(0))").fetchall() == [(0,)]
    world.restart()
    world.settle()
    world.holds((0, 20), (50, 53), (60, 63))
    world.add(world.row(70))
    world.settle()
    world.restart()
    world.add(world.row(71))
    world.restart()
    world.holds((0, 20), (50, 53), (60, 63), (70, 72))


def test_that_a_file_replaced_by_one_with_the_same_beginning_gives_its_new_rows(world: World) -> None:
    fresh = world.file("fresh.tmp", world.header + world.rows(0, 25))
    fresh.replace(world.log)
    world.settle()
    world.holds((0, 25))
    world.add(world.rows(25, 26))
    world.settle()
    world.restart()
    world.holds((0, 26))


def test_that_a_file_written_anew_in_place_with_the_same_beginning_gives_its_new_rows(world: World) -> None:
    world.log.write_text(world.header + world.rows(0, 25))
    world.settle()
    world.holds((0, 25))


def test_that_a_look_in_the_midst_of_writing_anew_doubles_nothing(world: World) -> None:
    whole = (world.header + world.rows(0, 25)).encode()
    with world.log.open("wb", buffering=0) as log:
        for end in (0, 10, len(whole) // 2, len(whole) - 5):
            log.seek(0)
            log.write(whole[:end])
            world.poll()
        log.seek(0)
        log.write(whole)
    world.settle()
    world.holds((0, 25))


@pytest.mark.parametrize("name", ["app", "other"])
def test_that_an_inode_that_comes_back_is_another_file(world: World, name: str) -> None:
    world.follower.close()          # nothing holds the inode
    inode = world.log.stat().st_ino
    world.log.unlink()
    for _ in range(200):
        if world.file(name, world.header + world.rows(30, 60)).stat().st_ino == inode:
            break
        world.place(name).rename(world.path.parent / f"kept-{_}")
    else:
        pytest.skip("this file system does not use inodes again soon")
    world.settle()
    world.holds((0, 20), (30, 60))
    world.restart()
    world.holds((0, 20), (30, 60))


@pytest.mark.parametrize("name", ["app-1", "app"])
def test_that_an_inode_that_comes_back_with_what_was_read_since_doubles_nothing(world: World, name: str) -> None:
    """A log is written anew by replacing it, and read further; then a copy of it gets the inode that the first had."""
    inode = world.log.stat().st_ino
    whole = world.header + world.rows(0, 40)
    world.file("fresh.tmp", whole).replace(world.log)
    world.poll()
    world.now += 40.0
    world.settle()                  # what was replaced is let go of
    world.holds((0, 40))
    for attempt in range(200):
        copy = world.file("copy.tmp", whole + (world.rows(40, 45) if name == "app" else ""))
        if copy.stat().st_ino == inode:
            break
        copy.rename(world.path.parent / f"kept-{attempt}")
    else:
        pytest.skip("this file system does not use inodes again soon")
    copy.replace(world.place(name))
    world.settle()
    world.now += 40.0
    world.settle()
    end = 45 if name == "app" else 40
    world.holds((0, end))
    world.restart()
    world.holds((0, end))


def test_that_small_files_with_a_long_shared_head_are_each_read(table: World) -> None:
    """The names of its columns are longer than what files are known by."""
    names = ["ts", "request_id", "latency_ms", *(f"a_{'very_' * 20}long_name_of_a_feature_{n}" for n in range(40))]
    header = ",".join(names) + "\n"
    assert len(header) > 4096

    def row(number: int) -> str:
        return f"2026-03-02T00:01:{number % 60:02d}Z,r{number},1" + ",5" * 40 + "\n"

    for number in range(100, 106):
        table.file(f"wide-{number}", header + row(number))
    table.settle()
    table.holds((0, 20), (100, 106))
    for number in range(100, 106):
        table.add(row(number + 50), f"wide-{number}")
    table.settle()
    table.holds((0, 20), (100, 106), (150, 156))
    table.restart()
    table.holds((0, 20), (100, 106), (150, 156))


def test_that_files_of_one_line_are_each_read(world: World) -> None:
    for number in range(100, 110):
        world.file(f"job-{number}/app", world.header + world.row(number))
    world.settle()
    world.holds((0, 20), (100, 110))
