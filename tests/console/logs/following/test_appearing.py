"""What appears and disappears: files, folders, names of files under way, links, deletion with an unread tail."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from console.logs import follow
from tests.console.logs.following.world import World


def test_that_new_files_and_folders_are_found(world: World) -> None:
    world.file("host-b/app", world.header + world.rows(40, 42))
    world.file("deep/er/and/deeper/app", world.header + world.rows(42, 44))
    world.settle()
    world.holds((0, 20), (40, 44))


def test_that_files_under_way_are_left_until_they_have_their_name(world: World) -> None:
    under_way = [".app.csv.swp", "app-2.csv.part", "app-3.csv.tmp", "app-4.csv~", ".hidden.csv", "app.csv.swp"]
    for at, name in enumerate(under_way):
        world.file(name, world.header + world.rows(60 + 2 * at, 62 + 2 * at))
    world.settle()
    world.holds((0, 20))
    world.place("app-2.csv.part").rename(world.place("app-2"))
    world.settle()
    world.holds((0, 20), (62, 64))


def test_that_an_empty_file_is_read_when_something_is_in_it(world: World) -> None:
    world.file("late", "")
    world.settle()
    world.add((world.header + world.row(70))[:12], "late")
    world.settle()
    world.add((world.header + world.row(70))[12:] + world.row(71), "late")
    world.settle()
    world.holds((0, 20), (70, 72))


def test_that_a_folder_without_rows_yet_is_followed(tmp_path: Path, kind: str) -> None:
    world = World(tmp_path, kind, rows=0)
    world.settle()
    world.file("app", world.header + world.rows(0, 3))
    world.settle()
    world.holds((0, 3))
    world.stop()


def test_that_the_unread_end_of_a_removed_file_is_read(world: World) -> None:
    world.add(world.row(20))
    world.poll()
    world.add(world.rows(21, 24))
    world.log.unlink()
    world.settle()
    world.holds((0, 24))
    world.restart()
    world.holds((0, 24))


def test_that_the_last_line_of_a_removed_file_counts_without_its_newline(world: World) -> None:
    world.poll()
    world.add(world.rows(20, 22) + world.row(22).rstrip("\n"))
    world.log.unlink()
    world.settle(wait_s=2.0)
    world.holds((0, 23))


def test_that_the_torn_last_line_of_a_removed_file_is_set_aside(world: World) -> None:
    world.poll()
    world.add(world.row(20) + world.row(21)[:15])
    world.poll()
    world.log.unlink()
    world.settle(wait_s=6.0)
    world.holds((0, 21), quarantined=1)


def test_that_a_removed_file_is_held_until_its_end_is_committed(
        world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.poll()
    world.add(world.rows(20, 22) + world.row(22).rstrip("\n"))
    world.log.unlink()
    world.poll()
    world.now += 60.0
    with monkeypatch.context() as broken:
        def fails(*_: object) -> None:
            raise RuntimeError("no")

        broken.setattr(follow, "put_pieces", fails)
        with pytest.raises(RuntimeError):
            world.poll()
    world.settle(wait_s=2.0)
    world.holds((0, 23))


def test_that_a_removed_folder_costs_no_row_that_was_read(world: World) -> None:
    world.file("host-b/app", world.header + world.rows(40, 42))
    world.settle()
    shutil.rmtree(world.path / "host-b")
    world.settle()
    world.restart()
    world.settle()
    world.holds((0, 20), (40, 42))


def test_that_names_of_one_file_are_one_file(world: World) -> None:
    world.place("alias").symlink_to(world.log)
    os.link(world.log, world.place("hard"))
    world.add(world.rows(20, 22))
    world.settle()
    world.holds((0, 22))
    world.log.unlink()
    world.add(world.rows(22, 23), "hard")
    world.settle()
    world.holds((0, 23))
    world.restart()
    world.holds((0, 23))


def test_that_a_link_that_moves_on_is_followed_to_the_next_file(world: World) -> None:
    outside = world.path.parent / "outside"
    outside.mkdir()
    current = world.place("current")
    for turn in range(3):
        target = outside / f"day-{turn}.{world.kind}"
        target.write_text(world.header + world.rows(100 + 10 * turn, 105 + 10 * turn))
        current.unlink(missing_ok=True)
        current.symlink_to(target)
        world.settle()
        with target.open("a") as log:
            log.write(world.rows(105 + 10 * turn, 107 + 10 * turn))
        world.settle()
    world.holds((0, 20), (100, 107), (110, 117), (120, 127))
    world.restart()
    world.holds((0, 20), (100, 107), (110, 117), (120, 127))


def test_that_a_link_within_the_folder_adds_nothing_wherever_it_points(world: World) -> None:
    for turn in range(3):
        day = world.file(f"day-{turn}", world.header + world.rows(100 + turn, 101 + turn))
        link = world.place("current")
        link.unlink(missing_ok=True)
        link.symlink_to(day.name)
        world.settle()
    world.holds((0, 20), (100, 103))


def test_that_a_link_to_nothing_is_read_once_there_is_something(world: World) -> None:
    target = world.path.parent / "later"
    world.place("dangling").symlink_to(target)
    world.settle()
    target.write_text(world.header + world.rows(80, 82))
    world.settle()
    world.holds((0, 20), (80, 82))
    target.unlink()
    world.settle()
    world.holds((0, 20), (80, 82))


def test_that_links_in_a_circle_end(world: World) -> None:
    (world.path / "self").symlink_to(world.path)
    (world.path / "a").symlink_to(world.path / "b")
    (world.path / "b").symlink_to(world.path / "a")
    sub = world.path / "sub"
    sub.mkdir()
    (sub / "up").symlink_to(world.path)
    world.add(world.row(20))
    world.settle()
    world.holds((0, 21))


def test_that_pipes_and_sockets_are_never_opened(world: World) -> None:
    os.mkfifo(world.place("pipe"))
    (world.path / f"folder.{world.kind}").mkdir()
    world.add(world.row(20))
    world.settle()
    world.holds((0, 21))
