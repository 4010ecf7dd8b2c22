"""Logs turned over: by renaming, by copying and cutting, with late writes, and several times between two looks."""

from __future__ import annotations

import gzip
import os
import shutil

import pytest

from tests.console.logs.following.world import World, records_on_disk


def test_that_late_writes_to_a_renamed_file_are_read(world: World) -> None:
    writer = world.log.open("a")
    world.add(world.rows(20, 22))
    world.log.rename(world.place("app-1"))
    world.file("app", world.header + world.rows(30, 33))
    writer.write(world.rows(22, 24))
    writer.close()
    world.settle()
    world.holds((0, 24), (30, 33))
    world.add(world.row(24), "app-1")
    world.add(world.row(33))
    world.settle()
    world.holds((0, 25), (30, 34))
    assert world.ws.totals().rows_read == records_on_disk([world.log, world.place("app-1")], world.header)
    assert {file.path for file in world.ws.files()} == {world.log.name, world.place("app-1").name}


def test_that_late_writes_to_a_file_renamed_out_of_the_folder_are_read(world: World) -> None:
    writer = world.log.open("a")
    world.log.rename(world.path.parent / "elsewhere")
    world.file("app", world.header + world.rows(30, 33))
    world.settle()
    writer.write(world.rows(20, 22))
    writer.flush()
    world.now += 4.0
    world.settle()
    writer.write(world.rows(22, 23))
    writer.close()
    world.now += 4.0
    world.settle()
    world.now += 60.0
    world.settle()
    world.holds((0, 23), (30, 33))
    open_now = {os.readlink(f"/proc/self/fd/{each}") for each in os.listdir("/proc/self/fd")
                if os.path.exists(f"/proc/self/fd/{each}")}
    assert str(world.path.parent / "elsewhere") not in open_now


def test_that_a_rotation_in_the_midst_of_a_line_tears_no_line(world: World) -> None:
    line = world.row(20)
    writer = world.log.open("a")
    writer.write(line[:15])
    writer.flush()
    world.poll()
    world.log.rename(world.place("app-1"))
    world.file("app", world.header + world.rows(30, 31))
    world.poll()
    writer.write(line[15:] + world.row(21))
    writer.close()
    world.settle()
    world.holds((0, 22), (30, 31))


def test_that_several_rotations_between_two_looks_are_read_once(world: World) -> None:
    for turn in range(4):
        world.add(world.row(20 + 2 * turn))
        for number in range(turn, 0, -1):
            world.place(f"app-{number}").rename(world.place(f"app-{number + 1}"))
        world.log.rename(world.place("app-1"))
        world.file("app", world.header + world.row(21 + 2 * turn))
    world.settle()
    world.holds((0, 28))
    world.restart()
    world.holds((0, 28))


def test_that_numbered_names_move_up_at_each_turn(world: World) -> None:
    """logrotate: app.1 becomes app.2, the log becomes app.1, each time all names lead to other files."""
    for turn in range(6):
        for number in range(turn, 0, -1):
            world.place(f"app.{number}").rename(world.place(f"app.{number + 1}"))
        world.log.rename(world.place("app.1"))
        world.file("app", world.header + world.rows(20 + 3 * turn, 23 + 3 * turn))
        if turn % 2:
            world.settle()
    world.settle()
    world.holds((0, 38))
    world.restart()
    world.holds((0, 38))


def test_that_a_name_that_comes_back_to_an_older_file_reads_nothing_twice(world: World) -> None:
    aside = world.place("app-1")
    world.log.rename(aside)
    world.file("app", world.header + world.rows(20, 22))
    world.settle()
    swap = world.path.parent / "swap"
    world.log.rename(swap)
    aside.rename(world.log)
    swap.rename(aside)
    world.add(world.row(40))
    world.add(world.row(50), "app-1")
    world.settle()
    world.holds((0, 22), "r40", "r50")


def test_that_copying_and_cutting_is_read_once(world: World) -> None:
    world.add(world.rows(20, 22))
    shutil.copyfile(world.log, world.place("app-1"))
    os.truncate(world.log, 0)
    world.poll()
    world.add(world.rows(22, 25))
    world.settle()
    world.holds((0, 25))
    world.restart()
    world.add(world.rows(25, 26))
    world.settle()
    world.holds((0, 26))


def test_that_copying_and_cutting_many_times_is_read_once(world: World) -> None:
    for turn in range(5):
        first = 20 + 10 * turn
        world.add(world.rows(first, first + 4))
        if turn != 2:
            world.poll()
        world.add(world.rows(first + 4, first + 8))
        shutil.copyfile(world.log, world.place(f"app-{turn}"))
        os.truncate(world.log, 0)
        if turn != 3:
            world.poll()
        world.add(world.rows(first + 8, first + 10))
        world.settle()
    world.holds((0, 70))
    world.restart()
    world.holds((0, 70))


def test_that_a_copy_under_way_is_waited_for(world: World) -> None:
    world.add(world.rows(20, 400))
    world.poll()
    whole = world.log.read_bytes()
    copy = world.place("app-1")
    for end in (1, 17, 300, len(whole) // 2, len(whole) - 3, len(whole)):
        copy.write_bytes(whole[:end])
        world.poll()
    world.holds((0, 400))
    os.truncate(world.log, 0)
    world.add(world.rows(400, 402))
    world.settle()
    world.holds((0, 402))
    world.restart()
    world.holds((0, 402))


def test_that_a_copy_smaller_than_what_was_read_adds_nothing(world: World) -> None:
    """Lines that came after the copy was made, were read, and then cut away with the rest."""
    world.add(world.rows(20, 200))
    world.poll()
    whole = world.log.read_bytes()
    world.add(world.rows(200, 205))
    world.poll()
    os.truncate(world.log, 0)
    world.place("app-1").write_bytes(whole)
    world.settle()
    world.holds((0, 205))
    world.add(world.rows(205, 208))
    world.settle()
    world.holds((0, 208))
    world.restart()
    world.holds((0, 208))


def test_that_a_copy_that_ends_in_the_midst_of_a_line_adds_nothing(world: World) -> None:
    world.add(world.rows(20, 200))
    whole = world.log.read_bytes()[:-11]
    world.poll()
    os.truncate(world.log, 0)
    world.poll()
    world.place("app-1").write_bytes(whole)
    world.settle()
    world.holds((0, 200))


def test_that_a_copy_beside_a_log_that_goes_on_adds_nothing(world: World) -> None:
    world.add(world.rows(20, 22))
    shutil.copyfile(world.log, world.place("app-1"))
    world.poll()
    world.add(world.rows(22, 24))
    world.settle()
    world.holds((0, 24))
    world.restart()
    world.holds((0, 24))


def test_that_a_copy_that_was_cut_off_from_is_read_on_from_where_the_log_was(world: World) -> None:
    """The log had lines that no look has seen when it was copied and cut."""
    world.add(world.rows(20, 22))
    world.poll()
    world.add(world.rows(22, 30))
    shutil.copyfile(world.log, world.place("app-1"))
    os.truncate(world.log, 0)
    world.add(world.rows(30, 60))
    world.settle()
    world.holds((0, 60))


def test_that_a_rotation_while_nobody_looks_is_read_once(world: World) -> None:
    world.add(world.rows(20, 22))
    world.poll()
    world.stop()
    world.add(world.rows(22, 25))
    world.log.rename(world.place("app-1"))
    world.file("app", world.header + world.rows(25, 26))
    world.start()
    world.holds((0, 26))


def test_that_copying_and_cutting_while_nobody_looks_is_read_once(world: World) -> None:
    world.stop()
    world.add(world.rows(20, 25))
    shutil.copyfile(world.log, world.place("app-1"))
    os.truncate(world.log, 0)
    world.add(world.rows(25, 28))
    world.start()
    world.settle()
    world.holds((0, 28))
    world.add(world.rows(28, 30))
    world.settle()
    world.holds((0, 30))


def test_that_a_log_left_without_its_header_is_known_however_few_lines_it_has(table: World) -> None:
    """Copied aside and cut, a table goes on without a header: one line says little by itself."""
    shutil.copyfile(table.log, table.place("app-1"))
    os.truncate(table.log, 0)
    table.settle()
    table.stop()
    table.add(table.row(20))
    table.start()
    table.settle()
    table.holds((0, 21))
    table.log.rename(table.place("app-2"))
    table.file("app", table.row(21))
    table.file("app-3", table.rows(22, 25))
    table.settle()
    table.holds((0, 25))
    table.file("app-4.csv.gz", gzip.compress(table.row(25).encode()))
    table.settle()
    table.stop()
    table.file("app-5.csv.gz", gzip.compress(table.row(26).encode()))
    table.start()
    table.holds((0, 27))


@pytest.mark.parametrize("left", ["", "not a table\n", "ts,requ"])
def test_that_a_name_refused_for_now_does_not_forget_the_file_that_had_it(world: World, left: str) -> None:
    world.stop()
    world.log.rename(world.place("app-1"))
    world.file("app", left)
    world.start()
    world.holds((0, 20))
    world.file("app", world.header + world.rows(20, 22))
    world.add(world.row(22), "app-1")
    world.settle()
    world.holds((0, 23))
    world.restart()
    world.holds((0, 23))


def test_that_a_bad_line_of_a_renamed_file_is_counted_from_the_start_of_that_file(world: World) -> None:
    world.restart()
    world.log.rename(world.place("app-1"))
    world.file("app", world.header + world.rows(30, 31))
    world.add(world.row(20) + "torn\n" + world.row(21) + "torn again\n", "app-1")
    world.settle()
    world.holds((0, 22), (30, 31), quarantined=2)
    header = int(bool(world.header))
    assert [(line.path, line.line, line.raw) for line in world.ws.quarantine(10)] == [
        (world.place("app-1").name, header + 22, "torn"), (world.place("app-1").name, header + 24, "torn again")]
    for line in world.ws.quarantine(10):
        with world.place("app-1").open("rb") as file:
            file.seek(line.byte_offset or 0)
            assert file.readline().decode().rstrip("\n") == line.raw
