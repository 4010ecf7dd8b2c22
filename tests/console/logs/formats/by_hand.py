"""Forms of serving tools in tests: text cut as the loader does, and small folders loaded whole."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pyarrow as pa

from console.jobs import SilentJob
from console.logs import formats
from console.logs.discover import discover
from console.logs.follow import Follower
from console.logs.load import LoadReport, load_folder
from console.logs.plan import Compression, FileFormat, FilePlan
from console.logs.records import Cut
from console.store import Workspace

Row = dict[str, str | None]


def cut(form: str, text: str | bytes, *, final: bool = True, kind: FileFormat | None = None,
        mtime_ns: int = 0, columns: tuple[str, ...] = ()) -> tuple[list[Row], Cut]:
    """The rows of a text, by column, and all else that was found in it."""
    log_format = formats.named(form)
    plan = FilePlan("x.log", kind or log_format.formats[0], Compression.NONE, 0, mtime_ns, columns, dialect=form)
    cutter = log_format.cutter(plan)
    try:
        found = cutter.cut(text if isinstance(text, bytes) else text.encode(), final=final)
        keys = list(cutter.keys)
    finally:
        cutter.close()
    rows: list[Row] = []
    for table in found.tables:
        rows += [{keys[int(name)] if name.isdigit() else name: value for name, value in row.items()
                  if name != "_record"} for row in table.to_pylist()]
    n_rows = pa.concat_tables(found.tables).num_rows if found.tables else 0
    assert found.records == n_rows + len(found.bad) + sum(found.ignored.values())
    return rows, found


def cells(row: Row, *names: str) -> list[str | None]:
    """Those cells of a row."""
    return [row[name] for name in names]


def known_as(text: str, name: str = "x.log") -> str:
    """The form that a head is recognised as; "" for none."""
    known = formats.recognise(formats.look_at_text(name, text, whole=True))
    return known[0].name if known else ""


def loaded(folder: Path, workspace: Path) -> tuple[Workspace, LoadReport]:
    """A folder, loaded whole. The sum of its records is looked at."""
    ws = Workspace.open(workspace, folder=folder)
    report = load_folder(discover(folder, SilentJob()), ws, SilentJob())
    assert report.rows_read == report.rows_loaded + report.rows_quarantined + report.rows_ignored
    return ws, report


def column(ws: Workspace, stream: str, name: str) -> list[Any]:
    """All cells of a raw column."""
    info = next(info for info in ws.streams() if info.name == stream)
    stored = next(each.stored for each in info.columns if each.name == name)
    return [row[0] for row in ws.cursor().execute(f'SELECT "{stored}" FROM {info.table}').fetchall()]


def roles(ws: Workspace, stream: str) -> dict[str, str]:
    """Role by column name."""
    info = next(info for info in ws.streams() if info.name == stream)
    return {each.name: each.role.value for each in info.columns if each.role is not None}


class Followed:
    """A folder of one file that grows. Lines that were there when it began are loaded first."""

    def __init__(self, path: Path, name: str, text: str) -> None:
        self.folder = path / "logs"
        self.folder.mkdir()
        self.log = self.folder / name
        self.log.write_text(text)
        self.workspace = path / "w.pilot"
        self._start()

    def _start(self) -> None:
        self.ws = Workspace.open(self.workspace, folder=self.folder)
        plan = discover(self.folder, SilentJob())
        load_folder(plan, self.ws, SilentJob(), live_s=1e9)
        self.follower = Follower(self.folder, self.ws, plan, rest_s=1e9)
        self.follower.poll(SilentJob())

    def again(self) -> None:
        """As after the program was closed and opened. The last line must be whole, else loading waits for its rest."""
        self.stop()
        self._start()

    def add(self, text: str) -> int:
        """Appends, and gives how many rows came of it."""
        with self.log.open("a", newline="") as log:
            log.write(text)
            log.flush()
            os.fsync(log.fileno())
        return self.follower.poll(SilentJob()).rows

    def stop(self) -> None:
        """Lets go of the workspace."""
        self.follower.close()
        self.ws.close()
