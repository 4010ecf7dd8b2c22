"""Killed at any moment, started again: every row of the files once, none twice."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from console.jobs import SilentJob
from console.logs.discover import discover
from console.logs.load import load_folder
from console.store import Workspace

ROOT = Path(__file__).parents[3]


class Application:
    """Writes a log as applications do: bit by bit, in torn lines, turning it over under other names."""

    def __init__(self, folder: Path, seed: int, ending: str) -> None:
        self.random = random.Random(seed)
        self.folder, self.ending = folder, ending
        self.written: list[str] = []
        self.torn = ""
        self.file = None
        self.path = folder / f"app.{ending}"
        self.turned = 0
        self.late: list[Path] = []
        self._open()

    def _open(self) -> None:
        self.file = self.path.open("ab", buffering=0)
        if self.ending == "csv":
            self.file.write(b"ts,request_id,latency_ms,status\n")

    def _line(self) -> str:
        number = len(self.written)
        name = f"id-{number}"
        self.written.append(name)
        stamp = f"2026-03-02T{number // 3600 % 24:02d}:{number // 60 % 60:02d}:{number % 60:02d}.{number % 997:03d}Z"
        if self.ending == "csv":
            return f"{stamp},{name},{number % 90}.5,200\n"
        return f'{{"ts":"{stamp}","request_id":"{name}","latency_ms":{number % 90}.5,"status":200}}\n'

    def write(self) -> None:
        """One thing that an application does."""
        assert self.file is not None
        self.finish()
        what = self.random.random()
        if what < 0.1:
            self._turn()
        elif what < 0.15 and self.late:
            with self.random.choice(self.late).open("ab") as late:
                late.write(self._line().encode())
        elif what < 0.2:
            sub = self.folder / f"host-{self.random.randrange(3)}"
            sub.mkdir(exist_ok=True)
            fresh = sub / f"app-{len(self.written)}.{self.ending}"
            header = "ts,request_id,latency_ms,status\n" if self.ending == "csv" else ""
            fresh.write_text(header + "".join(self._line() for _ in range(self.random.randrange(1, 40))))
        else:
            text = "".join(self._line() for _ in range(self.random.randrange(1, 60)))
            cut = self.random.randrange(1, len(text))
            self.file.write(text[:cut].encode())
            self.torn = text[cut:]

    def finish(self) -> None:
        """The rest of what was written in part."""
        assert self.file is not None
        self.file.write(self.torn.encode())
        self.torn = ""

    def _turn(self) -> None:
        assert self.file is not None
        self.turned += 1
        aside = self.folder / f"app-{self.turned:03d}.{self.ending}"
        self.path.rename(aside)
        self.file.write(self._line().encode())      # late, to the file that was renamed
        self.file.close()
        self.late.append(aside)
        self._open()


@pytest.mark.parametrize("kills", [pytest.param(3, id="3 kills"),
                                   pytest.param(50, id="50 kills", marks=pytest.mark.long)])
@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_that_a_kill_at_any_moment_loses_and_doubles_nothing(tmp_path: Path, ending: str, kills: int) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    folder = tmp_path / "logs"
    folder.mkdir()
    application = Application(folder, seed, ending)
    for _ in range(20):
        application.write()
    for _ in range(kills):
        command = [sys.executable, "-m", "tests.console.logs.killed", str(folder), str(tmp_path / "w.pilot")]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True)
        assert child.stdout is not None
        for _ in range(application.random.randrange(1, 90)):
            line = child.stdout.readline()
            assert line, f"it ended by itself with {child.wait()}"
            application.write()
        child.send_signal(signal.SIGKILL)
        child.stdout.close()
        child.wait()
    application.finish()
    ws = Workspace.open(tmp_path / "w.pilot", folder=folder)
    load_folder(discover(folder, SilentJob()), ws, SilentJob(), live_s=0)
    found: Counter[str] = Counter()
    for info in ws.streams():
        found.update(row[0] for row in ws.cursor().execute(f"SELECT request_id FROM {info.table}").fetchall())
    assert found == Counter(application.written)
    totals = ws.totals()
    assert (totals.events, totals.rows_quarantined) == (len(application.written), 0)
    for file in ws.files():
        assert file.records == file.rows_loaded + file.rows_quarantined + file.rows_ignored, file
    ws.close()
