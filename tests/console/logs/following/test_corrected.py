"""A column that is corrected while its log is followed: what comes is kept as the column is then."""

from __future__ import annotations

from typing import Any

import pytest

from console.logs import follow
from console.logs.follow import Follower
from console.logs.identity import FileState
from console.logs.unopened import Unlike
from console.logs.writing import Counts
from console.store import Workspace
from tests.console.logs.following.world import World


def texts(world: World) -> dict[str, str]:
    """Id -> what the column of latencies says, for the rows that came after the first twenty."""
    [stream] = world.ws.streams()
    return dict(world.ws.cursor().execute(
        f"SELECT request_id, latency_ms FROM {stream.table} WHERE _record >= 20 ORDER BY _record").fetchall())


def keep_text(ws: Workspace) -> None:
    """Corrects the column of latencies."""
    [stream] = ws.streams()
    with ws.correcting() as corrections:
        corrections.keep_as_text(stream.stream_id, "latency_ms")


def test_that_numbers_of_a_column_that_is_text_by_now_are_kept_as_text(world: World) -> None:
    world.add(world.row(20, latency="7"))
    world.settle()
    keep_text(world.ws)
    world.add(world.row(21, latency="7"))
    world.settle()
    assert texts(world) == {"r20": "7", "r21": "7"}
    assert sum(world.ids().values()) == 22


def test_that_a_correction_between_reading_and_writing_loses_nothing(
        world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.add(world.row(20, latency="1"))
    world.settle()
    read, corrected = Follower._read_all, []

    def read_then_corrected(self: Follower, job: object) -> list[tuple[FileState, object]]:
        items = list(read(self, job))   # type: ignore[arg-type]
        if items and not corrected:
            corrected.append(True)
            keep_text(world.ws)
        return items                    # type: ignore[return-value]

    monkeypatch.setattr(Follower, "_read_all", read_then_corrected)
    world.add(world.rows(21, 23) + world.row(23, latency="7"))
    world.settle()
    assert corrected
    assert texts(world) == {"r20": "1", "r21": "21.5", "r22": "22.5", "r23": "7"}
    assert set(world.ids().values()) == {1} and sum(world.ids().values()) == 24


def test_that_what_is_read_again_after_a_correction_is_not_lost_when_it_cannot_be_written(
        world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    put, failures = follow.put_pieces, [Unlike("app"), RuntimeError("the disk is gone")]

    def fails_twice(*arguments: Any) -> Counts:
        if failures:
            raise failures.pop(0)
        return put(*arguments)

    monkeypatch.setattr(follow, "put_pieces", fails_twice)
    world.add(world.rows(20, 23))
    with pytest.raises(RuntimeError):
        world.poll()
    world.settle()
    assert not failures
    assert set(world.ids().values()) == {1} and sum(world.ids().values()) == 23
