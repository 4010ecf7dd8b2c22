"""Follows a folder as an ordinary user, for whom the rights of files hold; says what it saw. Run by test_permissions.

It loads a folder as it was started first, so that all it needs is there before it becomes another user.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import tempfile
from pathlib import Path

from console.errors import CannotWrite
from console.jobs import SilentJob
from console.roles import Role
from console.session import Session
from tests.console.logs.following.world import World, accounts

NOBODY = 65534


def main(kind: str, place: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        warm = World(Path(folder), kind)
        warm.file("new", warm.header + warm.rows(30, 32))
        warm.settle()
        warm.stop()
    if os.getuid() == 0:
        os.setuid(NOBODY)
    os.umask(0o022)
    permission(place / "a", kind)
    folder_without_rights(place / "b", kind)
    read_only_logs(place / "c", kind)
    read_only_workspace(place / "d", kind)
    print("all well")


def permission(place: Path, kind: str) -> None:
    """A new file that may not be read, one that loses its rights, both granted later."""
    place.mkdir()
    world = World(place, kind)
    secret = world.file("secret", world.header + world.rows(100, 105))
    secret.chmod(0)
    world.settle()
    world.holds((0, 20))
    [told] = world.ws.rejected()
    assert told.path == secret.name and "may not be read" in told.reason, told
    before = world.ws.generation
    for _ in range(12):
        world.poll()
        world.now += 3.0
    assert world.ws.generation == before, "it was told again and again"
    secret.chmod(0o644)
    world.settle(wait_s=31.0)
    world.holds((0, 20), (100, 105))
    assert not world.ws.rejected() and world.state("secret")[1] == "", world.state("secret")
    world.log.chmod(0)
    world.restart()
    world.settle()
    world.holds((0, 20), (100, 105))
    assert "may not be read" in world.state("app")[1], world.state("app")
    world.log.chmod(0o644)
    world.add(world.rows(20, 22))
    world.settle(wait_s=31.0)
    world.holds((0, 22), (100, 105))
    assert "may not be read" not in world.state("app")[1], world.state("app")
    world.stop()


def folder_without_rights(place: Path, kind: str) -> None:
    """A sub-folder that may not be looked into."""
    place.mkdir()
    world = World(place, kind)
    world.file("sub/app", world.header + world.rows(30, 32))
    (world.path / "sub").chmod(0)
    world.settle()
    world.holds((0, 20))
    [told] = world.ws.rejected()
    assert told.path == "sub" and "could not be read" in told.reason, told
    (world.path / "sub").chmod(0o755)
    world.settle(wait_s=31.0)
    world.holds((0, 20), (30, 32))
    assert not world.ws.rejected(), world.ws.rejected()
    world.stop()


def read_only_logs(place: Path, kind: str) -> None:
    """A folder of logs that nothing can be written into: it is loaded, followed and corrected."""
    place.mkdir()
    world = World(place, kind)
    world.stop()
    world.path.chmod(0o555)
    with contextlib.closing(Session.open(world.path, workspace=place / "other.pilot")) as session:
        session.load(SilentJob())
        with world.log.open("a") as log:
            log.write(world.rows(20, 22))
        assert session.poll(SilentJob())
        [stream] = session.store.streams()
        session.set_columns(stream.name, {"latency_ms": (Role.LATENCY, "s")}, None, SilentJob())
        assert session.store.totals().events == 22
        accounts(session.store)
    world.path.chmod(0o755)


def read_only_workspace(place: Path, kind: str) -> None:
    """A place for the workspace that nothing can be written into: said with what to do."""
    place.mkdir()
    world = World(place, kind)
    world.stop()
    shut = place / "shut"
    shut.mkdir()
    shut.chmod(stat.S_IRUSR | stat.S_IXUSR)
    for path in (shut / "w.pilot", shut / "deeper" / "w.pilot"):
        try:
            Session.open(world.path, workspace=path)
        except CannotWrite as error:
            assert error.where.startswith(str(shut)) and error.do, error
        else:
            raise AssertionError("it was opened")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
