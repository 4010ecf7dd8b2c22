"""The user's own metrics and what else a folder says about numbers; and whether the folder is trusted to say it.

Expressions are checked part by part before they are run (`console.store.expressions`). A folder may still come from
somebody else, and what runs over one's rows is for oneself to decide: so the user says once that a folder is trusted.
That is kept among the program's own files, under the folder's path; nothing in the folder or its workspace can say it.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from console.errors import BadSettings, CannotWrite
from console.logs.names import SETTINGS
from console.metrics.catalogue import CATALOGUE, MORE
from console.session import settings
from console.session.advice_settings import fallback_of
from console.session.places import data_folder
from console.store.own import CHURN_DAYS, OwnMetric, OwnMetrics

if TYPE_CHECKING:
    from console.logs.config import FolderSettings
    from console.store import Workspace

log = logging.getLogger(__name__)

KEYS = ("name", "expression", "unit", "group", "step", "better", "sentence")
GROUPS = ("software", "input", "output")
BETTER = ("lower", "higher", "neither")
NAME = re.compile(r"[^\W\d][\w.-]{0,59}")
LONGEST = 200
MOST = 50


def take(store: Workspace, folder: Path | None) -> None:
    """Give the workspace what the folder says. Raises BadSettings; then it has what it had."""
    store.own = own_of(settings.read(store, folder), trusted=is_trusted(store, folder))


def own_of(said: FolderSettings, *, trusted: bool) -> OwnMetrics:
    """The settings as the store takes them. Raises BadSettings that names the table and the key."""
    if len(said.metric) > MOST:
        raise BadSettings(f"There are more than {MOST} metrics", where=SETTINGS, do="Leave some out")
    metrics: list[OwnMetric] = []
    for number, table in enumerate(said.metric, 1):
        one = _metric(table, f"{SETTINGS}, [[metric]] {number}")
        if any(one.name == other.name for other in metrics):
            raise BadSettings(f"Two metrics are named `{one.name}`", where=f"{SETTINGS}, [[metric]] {number}",
                              do="Give one of them another name")
        metrics.append(one)
    return OwnMetrics(tuple(metrics), trusted, CHURN_DAYS if said.churn_days is None else said.churn_days,
                      said.prices.get("input"), said.prices.get("output"), fallback_of(said))


def _metric(table: Mapping[str, Any], where: str) -> OwnMetric:
    for key, value in table.items():
        if key not in KEYS:
            raise BadSettings(f"There is no setting `{key}` here", where=where, do=f"Allowed are {', '.join(KEYS)}")
        if not isinstance(value, str) or (len(value) > LONGEST and key != "expression"):
            raise BadSettings(f"`{key}` must be text of at most {LONGEST} letters", where=where,
                              do="Write it in quotes")
    for key in ("name", "expression"):
        if not table.get(key):
            raise BadSettings(f"It has no `{key}`", where=where, do='Write name = "spend", expression = "sum(price)"')
    name = str(table["name"])
    if not NAME.fullmatch(name):
        raise BadSettings(f"`{name[:60]}` is no name for a metric", where=where,
                          do="Begin with a letter; letters, digits, `_`, `-` and `.` may follow, 60 at most")
    if name in {word for metric in (*CATALOGUE, *MORE) for word in (metric.name, metric.chart)}:
        raise BadSettings(f"There is a metric `{name}` already", where=where, do="Give it another name")
    for key, allowed in (("group", GROUPS), ("better", BETTER)):
        if table.get(key, allowed[-1]) not in allowed:
            raise BadSettings(f"There is no {key} {table[key]!r}", where=where, do=f"Allowed: {', '.join(allowed)}")
    return OwnMetric(**dict(table))


# ---- trust -------------------------------------------------------------------------------------------------


def is_trusted(store: Workspace, folder: Path | None) -> bool:
    """Whether the user has said so of this folder; of a workspace without its folder, of that file."""
    return _key(store, folder) in _read()


def trust(store: Workspace, folder: Path | None, *, yes: bool = True) -> None:
    """Say it, or take it back. Raises CannotWrite."""
    kept = [path for path in _read() if path != _key(store, folder)]
    try:
        draft = _file().with_suffix(".part")
        draft.write_text(json.dumps([*kept, _key(store, folder)] if yes else kept, indent=1), encoding="utf-8")
        draft.replace(_file())
    except OSError as error:
        raise CannotWrite(f"That could not be noted ({error.strerror or error})", where=str(_file()),
                          do="Give this user the right to write there") from error


def _key(store: Workspace, folder: Path | None) -> str:
    return str(folder.resolve() if folder is not None else store.path)


def _file() -> Path:
    return data_folder() / "trusted.json"


def _read() -> list[str]:
    """The paths of trusted folders. A list that cannot be read is an empty one."""
    try:
        found = json.loads(_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [path for path in found if isinstance(path, str)] if isinstance(found, list) else []
