"""Payload logs in tests: lines cut by a form, folders loaded, and what the maker of a folder says is in it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from console.jobs import SilentJob
from console.logs import formats
from console.logs.discover import discover
from console.logs.follow import Follower
from console.logs.load import LoadReport, load_folder
from console.logs.plan import Compression, FileFormat, FilePlan
from console.logs.records import Cut
from console.store import Workspace

FEATURES = ("age", "price", "days_since_last", "session_depth", "user_ctr_7d", "device", "country", "category",
            "seq_len")
"""In the order in which the maker writes them."""

LONG = "<b>&amp;'; DROP TABLE lines; --\\\"</b>" + "x" * 10_000

Row = dict[str, Any]


def cut(form: str, *records: object, path: str = "a.jsonl") -> tuple[list[Row], Cut]:
    """Rows by name, without what is missing, and the cut. A record that is text is a line as it stands."""
    lines = [record if isinstance(record, str) else json.dumps(record) for record in records]
    file = FilePlan(path, FileFormat.JSON_LINES, Compression.NONE, 0, 0, (), dialect=form)
    cutter = formats.named(form).cutter(file)
    try:
        found = cutter.cut(("\n".join(lines) + "\n").encode(), final=True)
        assert found.records == found.rows + len(found.bad) + found.ignored.total()
        names = list(cutter.keys)
        rows = [row for table in found.tables for row in table.to_pylist()]
        return [{names[int(key)] if key.isdigit() else key: value for key, value in row.items()
                 if value is not None and key != "_record"} for row in rows], found
    finally:
        cutter.close()


def known_as(*records: object, path: str = "a.jsonl") -> str:
    """The form that lines are taken for; "" for none."""
    text = "\n".join(record if isinstance(record, str) else json.dumps(record) for record in records) + "\n"
    found = formats.recognise(formats.look_at_text(path, text, whole=True))
    return found[0].name if found else ""


def write(path: Path, records: Iterable[object]) -> Path:
    """Lines of JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


class Loaded:
    """A folder in a workspace, closed when the test ends."""

    def __init__(self, folder: Path, workspace: Path, *, rest_s: float = 1e9) -> None:
        self.rest_s = rest_s
        self.folder = folder
        self.workspace = workspace
        self.open()

    def open(self) -> None:
        """Loads what is not loaded yet; a second time as after a restart."""
        self.ws = Workspace.open(self.workspace, folder=self.folder)
        plan = discover(self.folder, SilentJob())
        self.report: LoadReport = load_folder(plan, self.ws, SilentJob(), live_s=1e9)
        self.follower = Follower(self.folder, self.ws, plan, rest_s=self.rest_s)

    def poll(self) -> int:
        """How many rows following brought."""
        return self.follower.poll(SilentJob()).rows

    def close(self) -> None:
        """Lets go of it."""
        self.follower.close()
        self.ws.close()

    def again(self) -> None:
        """As after the program was closed and opened."""
        self.close()
        self.open()

    def ask(self, query: str, stream: str) -> list[tuple[Any, ...]]:
        """Rows of a query over `raw`, the table of a stream."""
        table = next(each.table for each in self.ws.streams() if each.name == stream)
        found: list[tuple[Any, ...]] = self.ws.cursor().execute(query.replace("raw", table, 1)).fetchall()
        return found

    def roles(self, stream: str) -> dict[str, str]:
        """Role -> column, features left out."""
        info = next(each for each in self.ws.streams() if each.name == stream)
        return {str(each.role): each.name for each in info.columns if each.role and each.role != "feature"}

    def features(self, stream: str) -> set[str]:
        """Columns that went into the model."""
        info = next(each for each in self.ws.streams() if each.name == stream)
        return {each.name for each in info.columns if each.role in ("feature", "feature_length")}


def made(shared_logs: Path, form: str, out: Path, seed: int, rows: int = 800) -> dict[str, Any]:
    """A folder by the maker of formats, and what it says of it. Skips where the maker is absent."""
    maker = shared_logs.parents[1] / "make_formats.py"
    if not maker.exists():
        pytest.skip("the maker of formats is not here")
    subprocess.run([sys.executable, str(maker), form, str(out), "--rows", str(rows), "--seed", str(seed)], check=True,
                   stdout=subprocess.DEVNULL)
    truth: dict[str, Any] = json.loads(Path(f"{out}.truth.json").read_text())
    return truth["as_logged"]       # type: ignore[no-any-return]


def truth_of(shared_logs: Path, name: str) -> dict[str, Any]:
    """What is known of a folder that lies there."""
    truth: dict[str, Any] = json.loads((shared_logs.parent / "truth.json").read_text())[name]
    return truth["as_logged"]       # type: ignore[no-any-return]


def check_features(loaded: Loaded, stream: str, truth: Mapping[str, Any], columns: Mapping[str, str],
                   where: str = "true") -> None:
    """Missing values and means of the features are those of the maker. `columns`: its name -> that in the log."""
    for feature, nulls in truth["feature_nulls"].items():
        (found,) = loaded.ask(f'SELECT count(*) - count("{columns[feature]}") FROM raw WHERE {where}', stream)
        assert (feature, found[0]) == (feature, nulls)
    for feature, mean in truth["feature_means"].items():
        (found,) = loaded.ask(f'SELECT avg("{columns[feature]}") FROM raw WHERE {where}', stream)
        assert found[0] == pytest.approx(mean, abs=2e-6), feature
