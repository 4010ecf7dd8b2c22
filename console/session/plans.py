"""Plans of rollouts as files: the only place that reads and writes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from console.alarms.written import text_of
from console.errors import BadSettings, CannotWrite
from console.rollout.argo import Imported
from console.rollout.reading import read_any
from console.rollout.ready import NAMES, ready_plan


def find_plan(plan: str, templates: Sequence[Path] = (), name: str = "") -> Imported:
    """A ready plan by its name, or the plan of a file. Raises BadSettings."""
    path = Path(plan)
    if plan in NAMES and not path.is_file():
        return Imported(ready_plan(plan))
    if not path.is_file():
        raise BadSettings("There is no such plan", where=plan, do=f"Give a file, or one of {', '.join(NAMES)}")
    return read_plan_file(path, templates, name)


def read_plan_file(path: Path, templates: Sequence[Path] = (), name: str = "") -> Imported:
    """The plan of a file, TOML or YAML. Raises BadSettings."""
    return read_any(text_of(path), file=path.name, more=[(each.name, text_of(each)) for each in templates], name=name)


def write_text(path: Path, text: str) -> None:
    """Raises CannotWrite."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CannotWrite(f"The plan could not be written ({error.strerror or error})", where=str(path),
                          do="Choose another place") from error
