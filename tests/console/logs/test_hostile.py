"""Folders of hostile files are loaded or refused in bounded time and memory, as root and as an ordinary user.

A process of its own (hostile_child) loads each, looks at every sum and place, and says what it took. Its time is
bounded from here in seconds of the processor, which other work on the machine does not lengthen: a limit that the
system keeps ends who computes for ever, and who waits for ever is known by using none at all, and is ended here.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.console.logs import hostile

ROOT = Path(__file__).parents[3]
NOBODY = 65534

MEMORY_MB = 1200        # most that may be in use for 45 files; the program itself is 250 of it
MEMORY_LONG_MB = 2500   # for 500 files, with some twenty archives of 400 MB unpacked each among them
SECONDS = 600           # of the processor, for 45 files: several times what they take
SECONDS_LONG = 3000     # for 500 files
STILL_SECONDS = 240     # without using the processor at all: it waits for what never comes


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every user may write into, unlike those of pytest; files in it may have lost all rights."""
    with tempfile.TemporaryDirectory(prefix="hostile-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)
        for inside, folders, _ in os.walk(folder):
            for name in folders:
                if not (Path(inside) / name).is_symlink():
                    (Path(inside) / name).chmod(0o700)


def loaded(place: Path, count: int, seed: int, user: int, *, seconds: int) -> dict[str, Any]:
    """What the child says of a folder of so many files."""
    hostile.write(place / "logs", count, seed)
    (place / "own").mkdir()
    for open_to_all in (place, place / "own"):
        open_to_all.chmod(0o777)
    home = {name: str(place / "own" / name) for name in os.environ if name.startswith("XDG_")}
    child = subprocess.Popen(
        [sys.executable, "-X", "faulthandler", "-m", "tests.console.logs.hostile_child", str(place), str(user),
         str(seconds)],
        cwd=ROOT, env={**os.environ, **home, "PILOTHOUSE_HOME": str(place / "own")}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    out, err = _ended(child)
    assert child.returncode == 0 and "Traceback" not in err, err[-6000:]
    said: dict[str, Any] = json.loads(out)
    print(json.dumps(said, indent=1))
    assert said["user"] == user and said["threads"] == ["MainThread"], said
    ran = [where for where, folders, names in os.walk(place) if "ran" in [*folders, *names]]
    assert not ran, f"something was executed: {ran}"
    assert not (ROOT / "ran").exists()
    return said


def _ended(child: subprocess.Popen[str]) -> tuple[str, str]:
    """What it wrote, once it has ended. It is looked at so often that its figure of the processor must grow between."""
    used = 0.0
    while True:
        try:
            return child.communicate(timeout=STILL_SECONDS)     # an open pipe as its input: who reads it never ends
        except subprocess.TimeoutExpired:
            process = psutil.Process(child.pid)
            spent = process.cpu_times()
            if spent.user + spent.system > used or process.status() == psutil.STATUS_STOPPED:   # by somebody, to wait
                used = spent.user + spent.system
                continue
            os.killpg(child.pid, signal.SIGABRT)        # says where each thread is
            _, err = child.communicate()
            raise AssertionError(f"it waits for ever after {used} s\n{err[-6000:]}") from None


def users() -> list[int]:
    """Root and an ordinary user; who is no root can be nobody else."""
    return [0, NOBODY] if os.getuid() == 0 else [os.getuid()]


@pytest.mark.parametrize("user", users()[-1:])
def test_that_some_hostile_files_are_loaded_or_refused(place: Path, user: int) -> None:
    said = loaded(place, 18, 1, user, seconds=SECONDS)
    assert said["rows"] > 500 and said["quarantined"] > 20 and said["states"]["rejected"] > 1, said
    assert said["peak_mb"] < MEMORY_MB, said


@pytest.mark.long
@pytest.mark.parametrize("user", users()[-1:])
def test_that_hostile_files_of_every_kind_are_loaded_or_refused(place: Path, user: int) -> None:
    said = loaded(place, 45, 1, user, seconds=SECONDS)
    assert said["rows"] > 1000 and said["quarantined"] > 50 and said["states"]["rejected"] > 5, said
    assert said["peak_mb"] < MEMORY_MB, said


@pytest.mark.long
@pytest.mark.parametrize("user", users())
@pytest.mark.parametrize("seed", range(2, 6))
def test_that_500_hostile_files_are_loaded_or_refused(place: Path, user: int, seed: int) -> None:
    said = loaded(place, 500, seed, user, seconds=SECONDS_LONG)
    assert said["rows"] > 10_000 and said["quarantined"] > 1000 and said["states"]["rejected"] > 50, said
    assert said["peak_mb"] < MEMORY_LONG_MB, said
