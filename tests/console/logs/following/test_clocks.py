"""Clocks that lie: the time stamps of files, and the times in their rows."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path

from tests.console.logs.following.world import World


def test_that_a_kept_time_stamp_hides_no_row(world: World) -> None:
    about = world.log.stat()
    world.add(world.rows(20, 22))
    os.utime(world.log, ns=(about.st_atime_ns, about.st_mtime_ns))
    world.settle()
    world.holds((0, 22))
    world.stop()
    world.add(world.rows(22, 24))
    os.utime(world.log, ns=(about.st_atime_ns, about.st_mtime_ns))
    world.start()
    world.holds((0, 24))


def test_that_a_clock_that_is_ahead_or_behind_changes_nothing(world: World) -> None:
    for shift in (-400_000_000, 7200):
        now = time.time() + shift
        first = 20 if shift < 0 else 30
        world.add(world.rows(first, first + 10))
        os.utime(world.log, (now, now))
        world.settle()
    world.holds((0, 40))


def test_that_loading_a_file_from_the_future_ends(tmp_path: Path, kind: str) -> None:
    world = World(tmp_path, kind)
    world.add(world.row(20).rstrip("\n"))
    ahead = time.time() + 7200
    os.utime(world.log, (ahead, ahead))
    started = time.monotonic()
    world.restart(live_s=0.2)
    assert time.monotonic() - started < 20
    world.holds((0, 21))
    world.stop()


def test_that_rows_out_of_order_count_in_their_buckets(world: World) -> None:
    world.add(world.rows(3600, 3620))
    world.settle()
    world.add(world.rows(1800, 1810) + world.rows(3620, 3621))
    world.settle()
    world.holds((0, 20), (1800, 1810), (3600, 3621))
    world.ws.refresh()
    span = world.ws.span()
    assert span is not None
    [info] = world.ws.streams()
    counts: Counter[int] = Counter()
    for series in world.ws.moments(info.stream_id, ["latency_ms"], span, 60.0):
        for at, rows in zip(series.times, series.rows, strict=True):
            counts[round(float(at) / 60) % 1440] += int(rows)
    assert {minute: n for minute, n in counts.items() if n} == {0: 20, 30: 10, 60: 21}
