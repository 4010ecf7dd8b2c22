"""Values from the path in rows that were loaded before anybody asked for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.logs import config, said
from console.roles import Role
from console.store.corrections import values_by_file

if TYPE_CHECKING:
    from console.logs.config import FolderSettings
    from console.store import ColumnInfo, StreamInfo, Workspace


def fill(store: Workspace, stream: StreamInfo, settings: FolderSettings) -> bool:
    """Gives the rows of each file the values that its path has; True when something had to change."""
    changed = False
    for role, where in settings.streams.get(stream.name, config.StreamSettings()).path.items():
        column = next((each for each in stream.columns if each.name == said.path_name(Role(role))), None)
        if column is not None:
            changed |= _fill(store, stream, column, where)
    return changed


def _fill(store: Workspace, stream: StreamInfo, column: ColumnInfo, where: str) -> bool:
    rows = values_by_file(store.cursor(), stream, column.stored)
    values = config.path_values(where, [path for _, path, _, _ in rows])
    if all(one and found == value for (_, _, found, one), value in zip(rows, values, strict=True)):
        return False
    with store.correcting() as corrections:
        corrections.fill(stream.stream_id, column.stored, {
            row[0]: value for row, value in zip(rows, values, strict=True) if value is not None})
    return True
