"""A folder that is followed in a test: rows known by their ids, a clock that moves when told, sums of the files.

The ids that must be there are said by each test; the number of records is counted from the bytes on the disk.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from console.jobs import SilentJob
from console.logs.discover import discover
from console.logs.follow import Change, Follower
from console.logs.load import load_folder
from console.logs.memory import kept_streams
from console.logs.refusals import NothingToLoad
from console.store import Workspace

NEVER = 1e9     # seconds
COLUMNS = ("ts", "request_id", "latency_ms", "status")


class World:
    """`kind` is the ending of its files: csv or jsonl. It begins with rows 0 to 19 in `app.<kind>`, read."""

    def __init__(self, place: Path, kind: str = "csv", *, rest_s: float = NEVER, rows: int = 20,
                 look_s: float = 0.0) -> None:
        """look_s: as the follower has it; then a tenth of a second passes with each look"""
        self.kind, self._rest_s, self._look_s = kind, rest_s, look_s
        self.path = place / "logs"
        self.path.mkdir()
        self.workspace = place / "w.pilot"
        self.log = self.path / f"app.{kind}"
        self.now = 1000.0
        if rows:
            self.log.write_text(self.header + self.rows(0, rows), newline="")
        self.start()

    # ------------------------------------------------------------------ what stands in the files
    @property
    def header(self) -> str:
        """Of each file; none for JSON lines."""
        return ",".join(COLUMNS) + "\n" if self.kind == "csv" else ""

    def row(self, number: int, *, latency: str | None = None, status: str = "200", ident: str | None = None) -> str:
        """One line with its newline. `latency` is written as it is given."""
        stamp = f"2026-03-02T{number // 3600 % 24:02d}:{number // 60 % 60:02d}:{number % 60:02d}Z"
        latency = latency or f"{number}.5"
        ident = ident or f"r{number}"
        if self.kind == "csv":
            return f"{stamp},{ident},{latency},{status}\n"
        return f'{{"ts":"{stamp}","request_id":{json.dumps(ident, ensure_ascii=False)},"latency_ms":{latency},' \
               f'"status":"{status}"}}\n'

    def rows(self, first: int, end: int) -> str:
        """Lines `first` to `end`, the last not included."""
        return "".join(self.row(number) for number in range(first, end))

    def file(self, name: str, text: str | bytes) -> Path:
        """Writes a whole file, its header included in the text. The ending is added when the name has none."""
        path = self.place(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def add(self, text: str | bytes, name: str = "app") -> None:
        """Appends, as an application does."""
        with self.place(name).open("ab") as log:
            log.write(text.encode() if isinstance(text, str) else text)

    def place(self, name: str) -> Path:
        """Of a file of the folder."""
        return self.path / (name if "." in name.rpartition("/")[2] else f"{name}.{self.kind}")

    # ------------------------------------------------------------------ the program
    def start(self, *, live_s: float = NEVER) -> None:
        """Opens the workspace, loads, and follows."""
        self.ws = Workspace.open(self.workspace, folder=self.path)
        known = kept_streams(self.ws.streams(), self.ws.ledger())
        try:
            plan = discover(self.path, SilentJob(), known=known)
            load_folder(plan, self.ws, SilentJob(), live_s=live_s)
        except NothingToLoad as nothing:
            plan = nothing.plan
        self.follower = Follower(self.path, self.ws, plan, rest_s=self._rest_s, clock=lambda: self.now,
                                 look_s=self._look_s)
        self.follower.poll(SilentJob())

    def stop(self) -> None:
        """Lets go of files and workspace."""
        self.follower.close()
        self.ws.close()

    def restart(self, *, live_s: float = NEVER) -> None:
        """As a user does it."""
        self.stop()
        self.start(live_s=live_s)

    def poll(self) -> Change:
        """One look."""
        if self._look_s:
            self.now += 0.1
        return self.follower.poll(SilentJob())

    def settle(self, *, wait_s: float = 0.0) -> None:
        """Looks until nothing comes; `wait_s` passes between."""
        quiet = 0
        for _ in range(500):
            change = self.poll()
            quiet = 0 if change.rows or change.quarantined or change.more else quiet + 1
            self.now += wait_s
            if quiet == 3:
                return
        raise AssertionError("It does not come to rest")

    # ------------------------------------------------------------------ what must hold
    def ids(self) -> Counter[str]:
        """Of all rows of all streams."""
        found: Counter[str] = Counter()
        for info in self.ws.streams():
            if any(column.stored == "request_id" for column in info.columns):
                found.update(row[0] for row in self.ws.cursor().execute(
                    f"SELECT request_id FROM {info.table}").fetchall())
        return found

    def cells(self, ident: str, column: str = "latency_ms") -> list[object]:
        """A column of the rows with that id."""
        return [row[0] for info in self.ws.streams() for row in self.ws.cursor().execute(
            f"SELECT {column} FROM {info.table} WHERE request_id = ?", [ident]).fetchall()]

    def reasons(self) -> dict[str, int]:
        """Of the quarantine."""
        return dict(self.ws.quarantine_reasons())

    def holds(self, *parts: tuple[int, int] | str, quarantined: int = 0) -> None:
        """Asserts that these rows (numbers from, to; or an id) are there once each, none else, and the sums."""
        wanted: Counter[str] = Counter()
        for part in parts:
            wanted.update([part] if isinstance(part, str) else (f"r{number}" for number in range(*part)))
        found = self.ids()
        assert found == wanted, f"lost {sorted(wanted - found)[:20]}, too many {sorted(found - wanted)[:20]}"
        accounts(self.ws)
        assert self.ws.totals().rows_quarantined == quarantined, self.reasons()

    def state(self, name: str) -> tuple[str, str]:
        """(state, note) of a file, as Sources shows it."""
        path = self.place(name).relative_to(self.path).as_posix()
        return next(((file.state, file.note) for file in self.ws.files() if file.path == path), ("", ""))


def accounts(ws: Workspace) -> None:
    """Records = rows + quarantined + ignored for every file; and the tables hold what the ledger says."""
    rows: Counter[int] = Counter()
    for info in ws.streams():
        for file_id, count, records in ws.cursor().execute(
                f"SELECT _file, count(*), count(DISTINCT _record) FROM {info.table} GROUP BY _file").fetchall():
            assert count == records, f"file {file_id} has a record twice"
            rows[file_id] += count
    aside = dict(ws.cursor().execute("SELECT file_id, count(*) FROM quarantine GROUP BY file_id").fetchall())
    for entry in ws.ledger():
        assert entry.records == entry.rows_loaded + entry.rows_quarantined + entry.rows_ignored, entry
        assert entry.rows_ignored == sum(entry.ignored.values()), entry
        assert entry.rows_loaded == rows[entry.file_id], entry
        assert entry.rows_quarantined == aside.get(entry.file_id, 0), entry


def records_on_disk(paths: Iterable[Path], header: str) -> int:
    """Lines of plain files without their headers, counted from the bytes."""
    return sum(path.read_bytes().count(b"\n") - path.read_bytes().startswith(header.encode() or b"\0")
               for path in paths)
