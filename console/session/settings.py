"""What the user said about the folder: in `pilothouse.toml`, or in the workspace where the folder cannot be written."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from console.errors import CannotWrite
from console.logs import config
from console.logs.config import FolderSettings

if TYPE_CHECKING:
    from console.store import Workspace

log = logging.getLogger(__name__)

KEPT = "settings"
"""The key in `meta` of settings that the folder would not take, as the text of the file."""


def read(store: Workspace, folder: Path | None) -> FolderSettings:
    """Both; what the workspace keeps wins, since it was said later. Raises BadSettings."""
    kept = store.remembered(KEPT)
    said = config.read(folder) if folder is not None else FolderSettings()
    return config.over(said, config.parse(kept)) if kept else said


def keep(store: Workspace, folder: Path | None, settings: FolderSettings) -> bool:
    """Keep them all, in the folder if it can be written; False when only the workspace has them."""
    if folder is None:
        return False
    try:
        config.write(folder, settings)
    except CannotWrite as error:
        log.warning("The correction is kept in the workspace only: %s", error)
        with store.correcting() as corrections:
            corrections.remember(KEPT, config.as_text(settings))
        return False
    if store.remembered(KEPT) is not None:
        with store.correcting() as corrections:
            corrections.remember(KEPT, None)
    return True
