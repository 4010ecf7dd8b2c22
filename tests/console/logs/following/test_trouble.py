"""What is in the way of the program itself: a disk that is full, folders that are away. It is said, and it goes on."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from console.errors import CannotWrite, ConsoleError, NoSuchFolder
from console.jobs import JobStopped, SilentJob
from console.logs import opened
from console.session import Session
from console.store.writer import Writer
from tests.console.logs.following.world import World, accounts

ROOT = Path(__file__).parents[4]


def test_that_a_log_folder_that_is_away_is_said_and_read_on_when_it_is_back(world: World) -> None:
    away = world.path.parent / "away"
    world.path.rename(away)
    for _ in range(3):
        with pytest.raises(NoSuchFolder) as raised:
            world.poll()
        assert str(world.path) in str(raised.value) and raised.value.do
    with (away / world.log.name).open("a") as log:
        log.write(world.rows(20, 22))
    away.rename(world.path)
    world.settle()
    world.holds((0, 22))
    world.add(world.row(22))
    world.settle()
    world.holds((0, 23))


def test_that_a_sub_folder_that_is_away_doubles_nothing_when_it_is_back(world: World) -> None:
    world.file("host/app", world.header + world.rows(30, 40))
    world.settle()
    (world.path / "host").rename(world.path.parent / "away")
    world.settle()
    world.now += 3600
    world.settle()
    (world.path.parent / "away").rename(world.path / "host")
    world.add(world.row(40), "host/app")
    world.settle()
    world.holds((0, 20), (30, 41))


def test_that_a_disk_error_in_a_log_is_named_and_the_log_is_read_when_it_has_passed(
        world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a share that has gone: reading fails, names are still there."""
    class Fails(io.RawIOBase):
        def __init__(self, file: BinaryIO) -> None:
            self.file = file

        def read(self, size: int = -1) -> bytes:
            raise OSError(errno.ESTALE, "Stale file handle")

        def seek(self, *where: int) -> int:
            return self.file.seek(*where)

        def fileno(self) -> int:
            return self.file.fileno()

        def close(self) -> None:
            self.file.close()

    world.add(world.row(20))
    world.settle()
    world.add(world.rows(21, 23))
    real = opened.unpacked
    [followed] = world.follower._files.values()
    assert followed.text is not None
    with monkeypatch.context() as broken:
        broken.setattr(followed.text, "_stream", Fails(followed.text._stream))
        broken.setattr(opened, "unpacked", lambda raw, packed: cast(BinaryIO, Fails(real(raw, packed))))
        for _ in range(4):
            assert world.poll().rows == 0
            world.now += 5.0
    world.settle(wait_s=31.0)
    world.holds((0, 23))
    assert "Stale" not in world.state("app")[1]


def test_that_a_share_that_is_away_is_said(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    world.add(world.row(20))
    with monkeypatch.context() as broken:
        broken.setattr(os, "scandir", away)
        with pytest.raises(NoSuchFolder) as raised:
            world.poll()
        assert "Input/output error" in raised.value.what
    world.settle()
    world.holds((0, 21))


def test_that_the_session_says_it_in_the_status_and_goes_on(world: World, tmp_path: Path) -> None:
    world.stop()
    session = Session.open(world.path, workspace=tmp_path / "other.pilot")
    with contextlib.closing(session):
        session.load(SilentJob())
        away = world.path.parent / "away"
        world.path.rename(away)
        with pytest.raises(ConsoleError):
            session.poll(SilentJob())
        assert str(world.path) in session.status().message
        away.rename(world.path)
        world.add(world.row(20))
        assert session.poll(SilentJob())
        assert session.status().message == ""
        assert session.store.totals().events == 21
    world.start()


def test_that_a_poll_that_is_stopped_or_breaks_loses_and_doubles_nothing(
        world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of a file that has no name any more: only its descriptor still has the rows."""

    class Stops(SilentJob):
        def stop_if_asked(self) -> None:
            raise JobStopped

    def breaks(_: Writer) -> None:
        raise OSError(28, "No space left on device")

    world.add(world.row(20))
    world.poll()
    world.add(world.rows(21, 24))
    world.log.unlink()
    world.file("app", world.header + world.rows(30, 33))
    with pytest.raises(JobStopped):
        world.follower.poll(Stops())
    with monkeypatch.context() as broken:
        broken.setattr(Writer, "flush", breaks)
        for _ in range(3):
            with pytest.raises(CannotWrite) as raised:
                world.poll()
            assert raised.value.where == str(world.workspace) and "No space" in raised.value.what and raised.value.do
    world.holds((0, 21))
    world.settle()
    world.holds((0, 24), (30, 33))
    world.restart()
    world.holds((0, 24), (30, 33))


def test_that_a_full_disk_while_a_column_is_added_adds_it_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(tmp_path, "jsonl")
    world.add('{"ts":"2026-03-02T00:00:20Z","request_id":"r20","latency_ms":1,"depth":4.5}\n')

    def breaks(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(world.ws, "ensure_stream", breaks)
        for _ in range(3):
            with pytest.raises(CannotWrite):
                world.poll()
    world.settle()
    world.holds((0, 21))
    [info] = world.ws.streams()
    assert [column.stored for column in info.columns if column.stored.startswith("depth")] == ["depth"]
    assert world.cells("r20", "depth") == [4.5]
    world.stop()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MB that can be made larger."""
    if os.getuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount")
    place = tmp_path / "disk"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(place)], check=False).returncode:
        pytest.skip("nothing can be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_that_a_full_disk_is_said_and_reading_goes_on_when_there_is_room(world: World, small_disk: Path) -> None:
    world.stop()
    session = Session.open(world.path, workspace=small_disk / "w.pilot")
    ballast = small_disk / "ballast"
    with contextlib.closing(session):
        session.load(SilentJob())
        with ballast.open("wb") as file, contextlib.suppress(OSError):
            while True:
                file.write(b"\1" * (1 << 20))
        errors = 0
        for turn in range(6):
            world.add(world.rows(1000 * (turn + 1), 1000 * (turn + 2)))
            try:
                session.poll(SilentJob())
                session.store.checkpoint()
            except CannotWrite as error:
                errors += 1
                assert error.where == str(small_disk / "w.pilot") and error.do and "No space" in error.what
                assert session.status().message
        assert errors >= 3
        assert session.store.totals().rows_loaded < 6020
        accounts(session.store)
        ballast.unlink()
        while session.poll(SilentJob()):
            pass
        assert session.status().message == ""
        assert session.store.totals().rows_loaded == 6020
        accounts(session.store)
        assert session.store.totals().events == 6020
    again = Session.open(world.path, workspace=small_disk / "w.pilot")
    with contextlib.closing(again):
        again.load(SilentJob())
        assert again.store.totals().rows_loaded == 6020
    world.start()


def test_that_a_disk_that_fills_while_loading_keeps_what_is_whole(world: World, small_disk: Path) -> None:
    world.stop()
    world.add(world.rows(1000, 90_000))
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"\1" * (19 << 20))
    session = Session.open(world.path, workspace=small_disk / "w.pilot")
    with contextlib.closing(session):
        with pytest.raises(CannotWrite) as raised:
            session.load(SilentJob())
        assert raised.value.where == str(small_disk / "w.pilot") and raised.value.do
        accounts(session.store)
        ballast.unlink()
        subprocess.run(["mount", "-o", "remount,size=400m", str(small_disk)], check=True)
        session.load(SilentJob())
        accounts(session.store)
        assert session.store.totals().rows_loaded == 20 + 89_000
    world.start()


def test_that_a_limit_on_file_sizes_is_said_and_reading_goes_on(tmp_path: Path, kind: str) -> None:
    """The same without root: in a child, since the limit is the process's."""
    code = f"from tests.console.logs.following import test_trouble; test_trouble.limited({str(tmp_path)!r}, {kind!r})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120,
                          check=False)
    assert done.stdout.endswith("all well\n"), done.stderr[-4000:]


def limited(place: str, kind: str) -> None:
    """Follows while no file may grow beyond what the workspace has."""
    world = World(Path(place), kind)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    world.add(world.rows(1000, 12_000))
    log = Path(f"{world.workspace}.wal")
    size = max(path.stat().st_size for path in (world.workspace, log) if path.exists())
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100_000, hard))
    for _ in range(3):
        try:
            world.poll()
        except CannotWrite as error:
            assert error.where == str(world.workspace) and error.do, error
        else:
            raise AssertionError("it was written")
    accounts(world.ws)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    world.settle()
    world.holds((0, 20), (1000, 12_000))
    world.stop()
    print("all well")
