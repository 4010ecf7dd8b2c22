"""What every test stands on: no screen, no real home folder, and the log folders beside the checkout."""

from __future__ import annotations

import contextlib
import gc
import getpass
import itertools
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import duckdb
import hypothesis
import pytest
from pytestqt.qtbot import QtBot

from console.store import Workspace, opening
from tests import tiers

hypothesis.settings.register_profile("ours", deadline=None)     # speed is for benchmarks: machines are shared
hypothesis.settings.load_profile("ours")

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_LOGGING_RULES", "qt.qpa.fonts=false")
os.environ["MPLBACKEND"] = "agg"
if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
    # Hundreds of tests start the program; without byte code each of them compiles all of it again.
    os.environ["PYTHONPYCACHEPREFIX"] = str(Path(tempfile.gettempdir(), f"pilothouse-tests-{getpass.getuser()}"))

WAIT_MS = 30_000
"""What a person waits for comes at once on a quiet machine; a busy one may take its time."""
for wait in (QtBot.waitUntil, QtBot.waitSignal, QtBot.waitSignals):
    wait.__kwdefaults__["timeout"] = WAIT_MS

MOST_WORKERS = 8
"""Each has a Qt and databases of its own."""


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """All tests: a process for each processor. Some, named on the command line: this process, with no wait for others.
    """
    if config.args_source is pytest.Config.ArgsSource.ARGS or config.option.collectonly or config.option.usepdb:
        config.option.dist = "no"
        return 0
    workers = min(os.cpu_count() or 1, MOST_WORKERS)
    if workers < 2:
        config.option.dist = "no"
        return 0
    return workers


IN_MEMORY = Path("/dev/shm")
ROOM_BYTES = 6 << 30
"""What the databases of a run may take for a while. A container often has only 64 MB there."""


def pytest_configure(config: pytest.Config) -> None:
    """Before any test is read: how many examples `tests.tiers` gives them, and where their files go.

    Thousands of small databases wait for the disk with each commit; in memory they don't, where there is room for them.
    """
    tiers.THOROUGH = config.option.markexpr != "not long"
    with contextlib.suppress(OSError):
        if IN_MEMORY.is_dir() and os.access(IN_MEMORY, os.W_OK) and shutil.disk_usage(IN_MEMORY).free >= ROOM_BYTES:
            os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(IN_MEMORY))


ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def repo_root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared_logs() -> Path:
    """Real log folders, kept beside the checkout and not in it; without them the test is skipped."""
    folder = ROOT.parent / "shared" / "data" / "logs"
    if not folder.is_dir():
        pytest.skip("the shared log folders are not on this machine")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Workspaces, recent folders, settings and program logs of tests go nowhere near those of the user.

    For fixtures that outlive a test; each test gets a home of its own below, in this folder.
    """
    homes = tmp_path_factory.mktemp("homes")
    with pytest.MonkeyPatch.context() as patch:
        _move_home(patch, homes / "shared")
        yield homes


_really_connect = opening._connect


@pytest.fixture(scope="session", autouse=True)
def _empty_workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A new workspace begins as a copy of an empty one: to make its tables takes longer than most tests do.

    Tests about the making ask for `made_anew`; what is run as a program makes them anyway.
    """
    empty = tmp_path_factory.mktemp("empty") / "empty.duckdb"
    Workspace.open(empty, folder=None).close()

    def connect(path: Path) -> duckdb.DuckDBPyConnection:
        if not path.exists():
            try:
                shutil.copyfile(empty, path)
            except OSError:
                with contextlib.suppress(OSError):
                    path.unlink()
        return _really_connect(path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "_connect", connect)
        yield


@pytest.fixture
def made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each workspace with tables of its own making."""
    monkeypatch.setattr(opening, "_connect", _really_connect)


_TESTS, _HOMES = itertools.count(1), itertools.count(1)


@pytest.fixture(autouse=True)
def _tidy_between_tests() -> Iterator[None]:
    """Cycles are collected between tests: never while a widget is painted, as in the program (`bridge.tidying`).

    What is still there after a thorough look (modules, mostly: a million objects) is not looked at again for a while,
    or looking would take longer than most tests do.
    """
    gc.disable()
    yield
    number = next(_TESTS)
    if number % 500 == 0:
        gc.unfreeze()
    gc.collect(2 if number % 25 == 0 else 1)
    if number % 25 == 0:
        gc.freeze()


@pytest.fixture(autouse=True)
def _own_home(_homes: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What one test keeps, the next does not find."""
    home = _homes / str(next(_HOMES))       # `mktemp` would look through all that were before
    home.mkdir()
    _move_home(monkeypatch, home)
    yield
    shutil.rmtree(home, ignore_errors=True)


def _move_home(patch: pytest.MonkeyPatch, home: Path) -> None:
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "LOCALAPPDATA", "APPDATA"):
        patch.setenv(name, str(home / name.lower()))
    patch.setenv("PILOTHOUSE_HOME", str(home))


@pytest.fixture(autouse=True)
def _no_thread_left_over() -> Iterator[None]:
    """A thread that outlives its test fails it: the next test would have to live with what it does."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        if not thread.daemon:
            thread.join(timeout=30)
    left = [thread.name for thread in set(threading.enumerate()) - before if thread.is_alive() and not thread.daemon]
    assert not left, f"threads left over: {', '.join(left)}"
