"""Bytes that are no text, lines that are too long, and lines torn by several writers: neighbours are kept."""

from __future__ import annotations

import random
from pathlib import Path

from tests.console.logs.following.world import World, records_on_disk


def test_that_bytes_that_are_no_utf_8_cost_no_row(world: World) -> None:
    world.add(world.row(20, ident="caf\xe9").encode("latin-1") + world.row(21).encode())
    world.settle()
    world.holds((0, 20), "café", (21, 22))


def test_that_lone_surrogates_and_cut_letters_cost_no_neighbour(world: World) -> None:
    line = world.row(20, ident="x").encode()
    world.add(line.replace(b"x", b"\xed\xa0\x80") + line.replace(b"x", b"\xf0\x9f\xa6") + world.row(21).encode())
    world.settle()
    found = world.ids()
    assert found["r21"] == 1
    totals = world.ws.totals()
    assert totals.rows_loaded + totals.rows_quarantined == 23
    world.restart()


def test_that_nuls_within_a_line_cost_no_neighbour(world: World) -> None:
    world.add(world.row(20).encode() + b"\0" * 100 + world.row(21).encode() + world.row(22).encode()
              + b"a\0b\n" + world.row(23).encode())
    world.settle()
    world.holds((0, 24), quarantined=1)


def test_that_a_mark_at_the_beginning_is_no_part_of_the_first_name(world: World) -> None:
    world.file("marked", b"\xef\xbb\xbf" + (world.header + world.rows(50, 52)).encode())
    world.settle()
    world.add(world.rows(52, 53), "marked")
    world.settle()
    world.holds((0, 20), (50, 53))
    world.restart()
    world.holds((0, 20), (50, 53))


def test_that_a_line_without_end_is_set_aside_and_its_neighbours_are_kept(world: World) -> None:
    long = b"x" * (1 << 20)
    world.add(world.row(20))
    for _ in range(12):
        world.add(long)
        world.poll()
    world.add(b"\n" + world.row(21).encode())
    world.settle()
    world.holds((0, 22), quarantined=1)
    [reason] = world.reasons()
    assert reason == "longer than 8 MB"
    [line] = world.ws.quarantine(5)
    assert line.line == 22 + (world.kind == "csv") and len(line.raw) < 5000
    world.restart()
    world.add(world.row(22))
    world.settle()
    world.holds((0, 23), quarantined=1)


def test_that_lines_torn_by_two_writers_cost_only_themselves(world: World) -> None:
    rng = random.Random(5)
    kept = []
    for number in range(20, 90):
        line = world.row(number)
        if rng.random() < 0.2:
            other = world.row(1000 + number)
            cut = rng.randrange(8, len(line) - 8)
            world.add(line[:cut] + other + line[cut:])       # written between two parts of the other's line
        else:
            kept.append(f"r{number}")
            world.add(line)
        if rng.random() < 0.3:
            world.poll()
    world.settle()
    found = world.ids()
    assert all(found[ident] == 1 for ident in kept)
    assert set(found.values()) == {1}
    totals = world.ws.totals()
    assert totals.rows_read == records_on_disk([world.log], world.header)


def test_that_a_torn_quote_costs_only_its_line(table: World) -> None:
    table.add('2026-03-02T00:00:20Z,"torn,1,200\n' + table.rows(21, 24))
    table.settle()
    table.add(table.rows(24, 1100))
    table.settle()
    table.holds((0, 20), (21, 1100), quarantined=1)


def test_that_a_torn_quote_does_not_hold_up_the_few_lines_behind_it(tmp_path: Path) -> None:
    table = World(tmp_path, "csv", rest_s=10.0)
    table.add('2026-03-02T00:00:20Z,"torn,1,200\n' + table.row(21))
    table.poll()
    for number in range(22, 30):
        table.add(table.row(number))
        table.now += 2.0
        table.poll()
    table.add('2026-03-02T00:00:40Z,"r\n40",1,200\n' + table.row(41)[:-3])
    table.settle()
    table.holds((0, 20), (21, 30), "r\n40", quarantined=1)
    table.add(table.row(41)[-3:])
    table.settle()
    table.holds((0, 20), (21, 30), "r\n40", (41, 42), quarantined=1)
    table.stop()
