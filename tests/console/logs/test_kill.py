"""Killed at any moment, started again: every row of the files once, none twice."""

from __future__ import annotations

import contextlib
import gzip
import os
import random
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import IO

import pytest

from console.jobs import SilentJob
from console.logs.discover import discover
from console.logs.load import load_folder
from console.logs.memory import kept_streams
from console.store import Workspace
from tests.console.logs.following.world import accounts

ROOT = Path(__file__).parents[3]


class Application:
    """Writes a log as applications do: bit by bit, in torn lines; and turns it over in each of the usual ways."""

    def __init__(self, folder: Path, seed: int, ending: str) -> None:
        self.random = random.Random(seed)
        self.folder, self.ending = folder, ending
        self.written: list[str] = []
        self.torn = ""
        self.path = folder / f"app.{ending}"
        self.turned = 0
        self.aside: list[Path] = []         # files turned over, not packed yet
        self.packing: tuple[Path, bytes] | None = None
        self.file = self._open()

    @property
    def _header(self) -> str:
        return "ts,request_id,latency_ms,status\n" if self.ending == "csv" else ""

    def _open(self) -> IO[bytes]:
        file = self.path.open("ab", buffering=0)
        file.write(self._header.encode())
        return file

    def _line(self) -> str:
        number = len(self.written)
        name = f"id-{number}"
        self.written.append(name)
        stamp = f"2026-03-02T{number // 3600 % 24:02d}:{number // 60 % 60:02d}:{number % 60:02d}.{number % 997:03d}Z"
        if self.ending == "csv":
            return f"{stamp},{name},{number % 90}.5,200\n"
        return f'{{"ts":"{stamp}","request_id":"{name}","latency_ms":{number % 90}.5,"status":200}}\n'

    def _lines(self, most: int) -> str:
        return "".join(self._line() for _ in range(self.random.randrange(1, most)))

    def write(self) -> None:
        """One thing that an application does."""
        self.finish()
        what = self.random.random()
        if what < 0.08:
            self._rename()
        elif what < 0.14:
            self._copy_and_cut()
        elif what < 0.19 and self.aside:
            with self.random.choice(self.aside).open("ab") as late:
                late.write(self._line().encode())
        elif what < 0.25 and self.aside:
            self._pack()
        elif what < 0.3:
            sub = self.folder / f"host-{self.random.randrange(3)}"
            sub.mkdir(exist_ok=True)
            (sub / f"app-{len(self.written):05d}.{self.ending}").write_text(self._header + self._lines(40))
        else:
            text = self._lines(60)
            cut = self.random.randrange(1, len(text))
            self.file.write(text[:cut].encode())
            self.torn = text[cut:]

    def finish(self) -> None:
        """The rest of what was done in part."""
        self.file.write(self.torn.encode())
        self.torn = ""
        if self.packing is not None:
            path, rest = self.packing
            with Path(f"{path}.gz").open("ab") as packed:
                packed.write(rest)
            path.unlink()
            self.packing = None

    def _next_aside(self) -> Path:
        self.turned += 1
        return self.folder / f"app-{self.turned:03d}.{self.ending}"

    def _rename(self) -> None:
        aside = self._next_aside()
        self.path.rename(aside)
        self.file.write(self._line().encode())      # late, to the file that was renamed
        self.file.close()
        self.aside.append(aside)
        self.file = self._open()

    def _copy_and_cut(self) -> None:
        if not self.path.stat().st_size:
            return
        shutil.copyfile(self.path, self._next_aside())      # nothing is written to the copy later
        self.file.truncate(0)

    def _pack(self) -> None:
        """As gzip does it: bit by bit beside the file, which goes when it is whole."""
        path = self.aside.pop(0)
        packed = gzip.compress(path.read_bytes())
        cut = self.random.randrange(len(packed))
        Path(f"{path}.gz").write_bytes(packed[:cut])
        self.packing = path, packed[cut:]


class Lives:
    """The loader, life after life."""

    def __init__(self, folder: Path, workspace: Path) -> None:
        command = [sys.executable, "-m", "tests.console.logs.killed", str(folder), str(workspace)]
        self._nursery = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True)

    def live(self, application: Application) -> None:
        """One life, beside the application: killed after some steps, or after some time."""
        assert self._nursery.stdin is not None
        rng = application.random
        after_us = rng.randrange(1, 400_000) if rng.random() < 0.5 else 0
        self._nursery.stdin.write(f"{after_us}\n")
        self._nursery.stdin.flush()
        steps = rng.randrange(1, 60)
        pid = 0
        while (said := self._says()) != "dead":
            if said.startswith("life"):
                pid = int(said.split()[1])
            steps -= 1
            if steps > 0 or after_us:
                application.write()
            if steps <= 0 and pid and not after_us:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def _says(self) -> str:
        assert self._nursery.stdout is not None
        line = self._nursery.stdout.readline()
        assert line, f"it ended by itself with {self._nursery.wait()}"
        return line.strip()

    def end(self) -> None:
        """No more of them."""
        for pipe in (self._nursery.stdin, self._nursery.stdout):
            assert pipe is not None
            pipe.close()
        self._nursery.wait()


@pytest.mark.parametrize("kills", [pytest.param(10, id="10 kills"),
                                   pytest.param(150, id="150 kills", marks=pytest.mark.long)])
@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_that_a_kill_at_any_moment_loses_and_doubles_nothing(tmp_path: Path, ending: str, kills: int) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    folder = tmp_path / "logs"
    folder.mkdir()
    application = Application(folder, seed, ending)
    for _ in range(20):
        application.write()
    lives = Lives(folder, tmp_path / "w.pilot")
    for _ in range(kills):
        lives.live(application)
    lives.end()
    application.finish()
    application.file.close()
    ws = Workspace.open(tmp_path / "w.pilot", folder=folder)
    known = kept_streams(ws.streams(), ws.ledger())
    load_folder(discover(folder, SilentJob(), known=known), ws, SilentJob(), live_s=0)
    found: Counter[str] = Counter()
    for info in ws.streams():
        found.update(row[0] for row in ws.cursor().execute(f"SELECT request_id FROM {info.table}").fetchall())
    wanted = Counter(application.written)
    assert found == wanted, f"lost {sorted(wanted - found)[:20]}, too many {sorted(found - wanted)[:20]}"
    totals = ws.totals()
    assert (totals.events, totals.rows_quarantined) == (len(application.written), 0)
    accounts(ws)
    ws.close()
