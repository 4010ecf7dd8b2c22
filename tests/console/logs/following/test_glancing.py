"""While files grow, all names are looked at now and then only; what happens to the files that grow is seen at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from console.logs import follow
from tests.console.logs.following.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, look_s=0.35)
    yield made
    made.stop()


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """An element for each look at all names."""
    found: list[int] = []
    walk = follow.walk

    def counted(*how: object) -> object:
        found.append(1)
        return walk(*how)       # type: ignore[arg-type]

    monkeypatch.setattr(follow, "walk", counted)
    return found


def grow(world: World, number: int) -> None:
    world.add(world.row(number))
    world.poll()


def test_that_what_grows_is_read_with_each_poll_and_names_are_looked_at_now_and_then(
        world: World, looks: list[int]) -> None:
    for number in range(20, 32):
        grow(world, number)
        world.holds((0, number + 1))
    assert len(looks) == 3          # twelve polls are 1.2 s


def test_that_a_file_that_appears_beside_one_that_grows_is_soon_read(world: World) -> None:
    grow(world, 20)
    world.file("other", world.header + world.row(100))
    for number in range(21, 26):
        grow(world, number)
    world.holds((0, 26), "r100")


def test_that_a_file_that_grows_and_is_renamed_is_followed_with_its_successor(world: World) -> None:
    grow(world, 20)
    world.log.rename(world.place("app-1"))
    world.file("app", world.header + world.rows(21, 23))
    world.poll()
    world.holds((0, 23))


def test_that_a_quiet_folder_is_looked_at_each_time(world: World, looks: list[int]) -> None:
    world.now += 60
    looks.clear()
    for _ in range(5):
        world.poll()
    assert len(looks) == 5
