"""What the user said about a stream beyond its columns, put into its plan: names, and values in the path."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from console.errors import BadSettings
from console.logs import config
from console.logs.config import FolderSettings, StreamSettings
from console.logs.group import Group
from console.logs.names import SETTINGS, stored_names
from console.logs.plan import ColumnPlan, FilePlan, StreamPlan
from console.logs.sniff import Head
from console.roles import ColumnType, Role


def with_names(group: Group, name: str, settings: FolderSettings) -> Group:
    """The files without a header get the names that the user gave; raises BadSettings when they are not as many."""
    names = settings.streams.get(name, StreamSettings()).names
    if names:
        for head in group.heads:
            width = len(head.file.columns)
            if not head.file.has_header and width != len(names):
                raise BadSettings(f"`names` of `{name}` are {len(names)}, {head.file.path} has {width} columns",
                                  where=SETTINGS, do="Give one name for each column")
        group.heads = [named_head(head, name, settings) for head in group.heads]
    return group


def named_head(head: Head, name: str, settings: FolderSettings) -> Head:
    """A head without a header under the names that the user gave its stream; any other as it is."""
    names = settings.streams.get(name, StreamSettings()).names
    if head.file.has_header or len(head.file.columns) != len(names):
        return head
    return replace(head, file=replace(head.file, columns=tuple(names)))


def with_feature_names(plan: StreamPlan, settings: FolderSettings) -> StreamPlan:
    """The columns of a body without names (SageMaker's CSV) under those that the user gave, where they are as many."""
    names = settings.streams.get(plan.name, StreamSettings()).names
    unnamed = feature_columns(plan.columns) if plan.dialect else ()
    if not names or len(names) != len(unnamed):
        return plan
    named = dict(zip(unnamed, names, strict=True))
    return replace(plan, columns=tuple(replace(column, name=named.get(column.stored, column.name))
                                       for column in plan.columns))


class Stored(Protocol):
    """A column of a plan or of the workspace."""

    @property
    def stored(self) -> str: ...


def feature_columns(columns: Sequence[Stored]) -> tuple[str, ...]:
    """The stored names of columns that a form had to number, in their order."""
    found = [column.stored for column in columns if re.fullmatch(r"feature_[0-9]{1,4}", column.stored)]
    return tuple(sorted(found, key=lambda stored: int(stored.rpartition("_")[2])))


def with_path(plan: StreamPlan, settings: FolderSettings) -> StreamPlan:
    """A column for each role that stands in the path, constant in each file."""
    for role, where in settings.streams.get(plan.name, StreamSettings()).path.items():
        plan = _with_place(plan, Role(role), where)
    return plan


def path_constants(plan: StreamPlan, settings: FolderSettings, path: str) -> dict[str, str]:
    """Stored name -> value of those columns for one file."""
    found = {}
    for role, where in settings.streams.get(plan.name, StreamSettings()).path.items():
        column = next((each for each in plan.columns if each.name == path_name(Role(role))), None)
        value = config.path_values(where, [path])[0]
        if column is not None and value is not None:
            found[column.stored] = value
    return found


def path_name(role: Role) -> str:
    """The name of a column whose values stand in the path."""
    return f"{role.value} (path)"


def _with_place(plan: StreamPlan, role: Role, where: str) -> StreamPlan:
    name = path_name(role)
    there = next((column for column in plan.columns if column.name == name), None)
    stored = there.stored if there else stored_names([name], [column.stored for column in plan.columns])[0]
    values = config.path_values(where, [file.path for file in plan.files])
    samples = tuple(dict.fromkeys(value for value in values if value))[:3]
    mine = ColumnPlan(name, stored, ColumnType.TEXT, role, why=f"from the path ({where})", samples=samples, chosen=True)
    others = tuple(replace(column, role=None, why="The path was chosen for its role") if column.role is role else column
                   for column in plan.columns if column.stored != stored)
    files = tuple(_with_constant(file, stored, value) for file, value in zip(plan.files, values, strict=True))
    paths = (*(each for each in plan.path_columns if each != stored), stored)
    return replace(plan, columns=(*others, mine), files=files, path_columns=paths)


def _with_constant(file: FilePlan, stored: str, value: str | None) -> FilePlan:
    rest = tuple(pair for pair in file.constants if pair[0] != stored)
    return replace(file, constants=(*rest, (stored, value)) if value is not None else rest)
