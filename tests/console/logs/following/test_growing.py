"""A file that grows: whole records only, however the writes were cut; a last line that has no end."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.console.logs.following.world import World, records_on_disk


def test_that_appended_rows_come_once(world: World) -> None:
    world.add(world.rows(20, 25))
    assert world.poll().rows == 5
    world.add(world.rows(25, 26))
    assert world.poll().rows == 1
    assert world.poll().rows == 0
    world.holds((0, 26))
    assert world.ws.totals().rows_read == records_on_disk([world.log], world.header)


def test_that_bytes_written_one_at_a_time_make_the_same_rows(world: World) -> None:
    for byte in world.rows(20, 23).encode():
        world.add(bytes([byte]))
        world.poll()
    world.holds((0, 23))


def test_that_half_a_line_waits(world: World) -> None:
    whole = world.row(20)
    world.add(whole[:-9])
    for _ in range(4):
        assert world.poll().rows == 0
        world.now += 60
    world.holds((0, 20))
    world.add(whole[-9:])
    assert world.poll().rows == 1
    world.holds((0, 21))
    assert world.cells("r20") == [20.5]


def test_that_a_number_cut_by_a_write_is_never_taken_for_a_smaller_one(table: World) -> None:
    table.add("2026-03-02T00:00:20Z,r20,0,12")
    table.settle()
    table.holds((0, 20))
    table.add("34\n")
    table.settle()
    table.holds((0, 21))
    assert table.cells("r20", "status") == ["1234"] or table.cells("r20", "status") == [1234.0]


def test_that_half_a_line_waits_over_a_restart(world: World) -> None:
    whole = world.row(20)
    world.add(whole[:-9])
    world.poll()
    world.restart()
    world.holds((0, 20))
    world.add(whole[-9:])
    world.settle()
    world.holds((0, 21))
    world.restart()
    world.holds((0, 21))


def test_that_a_line_without_its_end_is_loaded_from_a_file_at_rest(tmp_path: Path, kind: str) -> None:
    world = World(tmp_path, kind, rows=0)
    world.file("app", world.header + world.rows(0, 3).rstrip("\n"))
    world.restart(live_s=0.0)
    world.holds((0, 3))
    world.stop()


def test_that_a_line_without_its_end_is_held_while_the_file_is_live(tmp_path: Path, kind: str) -> None:
    world = World(tmp_path, kind, rest_s=10.0)
    world.add(world.row(20).rstrip("\n"))
    world.poll()
    world.now += 9.0
    world.poll()
    world.holds((0, 20))
    world.now += 2.0
    world.poll()
    world.holds((0, 21))
    world.add("\n" + world.rows(21, 23))
    world.settle()
    world.holds((0, 23))
    world.stop()


def test_that_a_record_taken_without_its_end_is_taken_anew_when_it_goes_on(tmp_path: Path) -> None:
    world = World(tmp_path, "csv", rest_s=10.0)
    world.add("2026-03-02T00:00:20Z,r20,20.5,2")
    world.poll()
    world.now += 11.0
    world.poll()
    world.holds((0, 21))
    assert [str(cell)[0] for cell in world.cells("r20", "status")] == ["2"]
    world.add("00\n" + world.rows(21, 22))
    world.settle()
    world.holds((0, 22))
    assert {float(str(cell)) for cell in world.cells("r20", "status")} == {200.0}
    world.stop()


@pytest.mark.parametrize("missing", [1, 5])
def test_that_a_record_loaded_without_its_end_is_taken_anew_after_a_restart(tmp_path: Path, kind: str,
                                                                            missing: int) -> None:
    world = World(tmp_path, kind, rows=0)
    whole = world.row(3)
    world.file("app", world.header + world.rows(0, 3) + whole[:-missing])
    world.restart(live_s=0.0)
    assert world.ws.totals().rows_read == 4
    world.add(whole[-missing:] + world.rows(4, 6))
    world.restart(live_s=0.0)
    world.holds((0, 6))
    assert world.cells("r3") == [3.5]
    assert world.cells("r3", "status") in (["200"], [200.0])
    world.stop()


def test_that_a_letter_cut_in_its_middle_is_whole_in_the_end(world: World) -> None:
    for byte in (world.row(20, ident="zażółć-日本-🦊") + world.row(21)).encode():
        world.add(bytes([byte]))
        world.poll()
    world.holds((0, 20), (21, 22), "zażółć-日本-🦊")


def test_that_line_ends_of_two_bytes_may_be_cut(world: World) -> None:
    for byte in world.rows(20, 22).replace("\n", "\r\n").encode():
        world.add(bytes([byte]))
        world.poll()
    world.holds((0, 22))
    assert world.cells("r21", "status") in (["200"], [200.0])


def test_that_a_newline_in_quotes_cut_by_a_write_is_no_end(table: World) -> None:
    for byte in b'2026-03-02T00:00:20Z,"r\n""20,\n",20.5,200\n' + table.row(21).encode():
        table.add(bytes([byte]))
        table.poll()
    table.holds((0, 20), 'r\n"20,\n', (21, 22))


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_that_utf_16_may_be_cut_anywhere(tmp_path: Path, kind: str, encoding: str) -> None:
    world = World(tmp_path, kind, rows=0)
    world.file("app", ("\ufeff" + world.header + world.rows(0, 5)).encode(encoding))
    world.restart()
    world.holds((0, 5))
    for byte in (world.row(5, ident="Ċऊ日") + world.rows(6, 7)).encode(encoding):
        world.add(bytes([byte]))
        world.poll()
    world.holds((0, 5), "Ċऊ日", (6, 7))
    world.restart()
    world.add(world.rows(7, 9).encode(encoding))
    world.settle()
    world.holds((0, 5), "Ċऊ日", (6, 9))
    world.stop()


def test_that_the_same_row_twice_is_two_rows(world: World) -> None:
    world.add(world.row(20) * 3)
    world.settle()
    world.restart()
    world.holds((0, 21), "r20", "r20")


def test_that_rows_carry_the_time_they_were_read(world: World) -> None:
    world.add(world.row(20))
    before = time.time()
    world.poll()
    [arrived] = world.cells("r20", "epoch_us(_arrived) / 1e6")
    assert before - 1 <= float(str(arrived)) <= time.time() + 1


def test_that_nothing_new_commits_nothing(world: World) -> None:
    before = world.ws.generation
    world.poll()
    assert world.ws.generation == before


def test_that_a_key_that_comes_while_following_is_kept_and_its_torn_neighbour_is_told(tmp_path: Path) -> None:
    world = World(tmp_path, "jsonl")
    world.add('{"ts":"2026-03-02T00:00:20Z","request_id":"r20","latency_ms":1,"depth":4.5}\n{torn\n' + world.row(21))
    world.settle()
    world.holds((0, 22), quarantined=1)
    assert world.cells("r20", "depth") == [4.5]
    [torn] = world.ws.quarantine(10)
    assert (torn.path, torn.line, torn.reason, torn.raw) == ("app.jsonl", 22, "not valid JSON", "{torn")
    world.stop()
