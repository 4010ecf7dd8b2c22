"""A file of further columns, joined to the rows that advice learns from: by an id that the log has, or by time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from console.drift.words import quoted
from console.errors import BadSettings
from console.logs.names import SETTINGS
from console.metrics.format import format_value
from console.roles import Role
from console.store.joined import JoinedColumns, OuterFile, joined_by_key, joined_by_time, outer_file

if TYPE_CHECKING:
    from console.drift.result import Floats
    from console.logs.config import FolderSettings
    from console.store import ColumnInfo, StreamInfo

WHERE = f"{SETTINGS}, [advice] join"


@dataclass(frozen=True, slots=True)
class Join:
    """A file and the column of it that is the key."""

    file: Path
    key: str


def join_of(said: FolderSettings, folder: Path | None, *, trusted: bool) -> tuple[Join | None, str]:
    """What the folder asks to be joined; None with the reason where it is not done. A file elsewhere than in the folder
    is read once the folder is trusted: settings are a stranger's. Raises BadSettings."""
    value = said.advice.get("join")
    if value is None:
        return None, ""
    if not isinstance(value, Mapping) or set(value) != {"file", "key"} or not all(
            isinstance(part, str) and part for part in value.values()):
        raise BadSettings("`join` must name a file and its key", where=WHERE,
                          do='Write join = {file = "weather.csv", key = "time"}')
    if folder is None:
        return None, "The file to join is not read: the log folder is not open."
    home = folder.resolve()
    path = (home / value["file"]).resolve()
    if not path.is_relative_to(home) and not trusted:
        return None, ("The file to join is not read: it lies outside of the folder, which is not trusted "
                      "(`pilothouse trust`).")
    return Join(path, value["key"]), ""


def looked_at(join: Join, stream: StreamInfo) -> tuple[OuterFile, ColumnInfo | None]:
    """The file, and the column of the log that its key is matched with; None: it is matched by time.

    Raises BadSettings.
    """
    file = outer_file(join.file)
    if join.key not in file.columns:
        raise BadSettings(f"The file to join has no column `{join.key}`", where=str(join.file),
                          do="Columns are " + ", ".join(list(file.columns)[:40]))
    column = next((one for one in stream.columns if one.name == join.key), None)
    if file.is_time(join.key) or (column is not None and column.role is Role.TIMESTAMP):
        if stream.relative:
            raise BadSettings("The log names no dates, so nothing can be joined by time", where=str(join.file),
                              do="Join by an id of requests or users")
        return file, None
    if column is None:
        raise BadSettings(f"The log has no column `{join.key}` to join by", where=str(join.file),
                          do="Name the key as the log names its ids, or give a key that is a time")
    return file, column


def joined(join: Join, file: OuterFile, keys: Any, at_s: Floats, outcome: str, taken: Mapping[str, Any]
           ) -> tuple[dict[str, Any], str]:
    """Columns under the file's name and theirs, and one sentence with how many rows matched.

    keys     cells of the key of each row; None: by time
    outcome  a column of that name is left out: it is what is to be learned
    taken    names that there are already
    """
    found: JoinedColumns = joined_by_time(file, join.key, at_s) if keys is None else \
        joined_by_key(file, join.key, _texts(keys))
    cells: dict[str, Any] = {}
    for name, values in found.cells.items():
        shown = f"{join.file.stem}.{name}"
        if name != outcome and shown not in taken:
            cells[shown] = values
    n = len(at_s)
    share = format_value(found.matched / n if n else 0.0, "share")
    how = f"the last one up to the request, by {quoted(join.key)}" if keys is None else f"by {quoted(join.key)}"
    columns = "1 column" if len(cells) == 1 else f"{len(cells)} columns"
    said = f"{join.file.name} was joined {how}: {share} of {n:,} rows matched, {columns}."
    if keys is not None:
        said += " Since when its values were known it does not tell: see that none is of later than the request."
    if found.twice:
        said += f" {found.twice:,} rows of it have a key of another; the last one counts."
    if outcome in found.cells:
        said += f" Its column {quoted(outcome)} is left out: it has the name of the outcome."
    if found.left_out:
        said += f" {len(found.left_out)} columns are neither numbers nor texts, or too many."
    return cells, said


def _texts(keys: Any) -> list[str | None]:
    if keys.dtype.kind == "O":
        return [None if one is None else str(one) for one in keys.tolist()]
    return [None if not np.isfinite(one) else str(int(one)) if float(one).is_integer() else f"{one:.15g}"
            for one in keys.tolist()]
