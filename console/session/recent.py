"""Folders opened before, newest first.

Read before the first window is painted: so plain `json`, which is there anyway.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from console.session.places import data_folder
from console.session.view import RecentFolder

MOST = 12


@dataclass(frozen=True, slots=True)
class _Entry:
    path: str
    opened: datetime
    rows: int


def recent_folders() -> tuple[RecentFolder, ...]:
    """The folders opened before, with their state now. A list that cannot be read is an empty one."""
    return tuple(RecentFolder(entry.path, Path(entry.path).name, entry.opened, entry.rows,
                              "ready" if Path(entry.path).is_dir() else "missing") for entry in _read())


def remember_folder(folder: Path, rows: int) -> None:
    """Put the folder first. Losing this list must never stop anybody's work."""
    path = str(folder.resolve())
    others = [entry for entry in _read() if entry.path != path]
    _write([_Entry(path, datetime.now(UTC), rows), *others][:MOST])


def forget_folder(path: str) -> None:
    """Take the folder off the list; its workspace stays."""
    _write([entry for entry in _read() if entry.path != path])


def _file() -> Path:
    return data_folder() / "recent.json"


def _read() -> list[_Entry]:
    try:
        return [_Entry(str(one["path"]), datetime.fromisoformat(one["opened"]), int(one["rows"]))
                for one in json.loads(_file().read_text(encoding="utf-8"))]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _write(entries: list[_Entry]) -> None:
    try:
        draft = _file().with_suffix(".part")
        rows = [{"path": one.path, "opened": one.opened.isoformat(), "rows": one.rows} for one in entries]
        draft.write_text(json.dumps(rows, indent=1), encoding="utf-8")
        draft.replace(_file())
    except OSError:
        return
