"""Where the program keeps what is its own: workspaces, recent folders, its log.

`PILOTHOUSE_HOME` puts all of it under one folder: for tests, and for people who carry it on a stick.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

HOME_VARIABLE = "PILOTHOUSE_HOME"


def data_folder() -> Path:
    """The folder for workspaces and the list of recent folders; made when it is not there."""
    home = os.environ.get(HOME_VARIABLE)
    if home:
        folder = Path(home) / "data"
    else:
        import platformdirs

        folder = Path(platformdirs.user_data_dir("pilothouse", appauthor=False))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def config_folder() -> Path:
    """The folder for what the user arranged and may edit or copy; it may not be there yet."""
    home = os.environ.get(HOME_VARIABLE)
    if home:
        return Path(home) / "config"
    import platformdirs

    return Path(platformdirs.user_config_dir("pilothouse", appauthor=False))


def layout_for(target: Path) -> Path:
    """The board's layout for a log folder, or for a workspace that is looked at without one."""
    return config_folder() / "layouts" / f"{_known_as(target)}.toml"


def workspace_for(folder: Path) -> Path:
    """The workspace of a log folder: never inside it, for it may be read-only and is followed for new files."""
    workspaces = data_folder() / "workspaces"
    workspaces.mkdir(parents=True, exist_ok=True)
    return workspaces / f"{_known_as(folder)}.duckdb"


def _known_as(folder: Path) -> str:
    """A name for files about a folder: readable, and no other folder has it."""
    resolved = str(folder.resolve())
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", folder.resolve().name)[:40] or "folder"
    digest = hashlib.sha256(resolved.encode("utf-8", "surrogateescape")).hexdigest()[:12]
    return f"{name}-{digest}"
