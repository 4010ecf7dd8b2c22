"""Puts files of one shape together, and finds columns that stand in their paths."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from console.logs import formats
from console.logs.names import HOST, folder_shape, hive_value, stem_and_age, words
from console.logs.plan import FileFormat
from console.logs.sniff import Head

REFERENCE_WORDS = {"reference", "ref", "training", "train", "trainset", "validation", "valid", "val", "baseline",
                   "holdout"}
"""A file or a folder with one of these words holds data from before the model went live."""

SAME_SHAPE = 0.5
"""Files of one name belong together when they share this part of the columns of the smaller one."""

SIBLING_SHAPE = 0.8
"""Files of one name in folders beside each other need more: `labels/part-0` and `predictions/part-0` differ."""


MACHINES = {"host", "hostname", "host_name", "pod", "pod_name", "node", "node_name", "instance", "instance_id",
            "machine", "server", "worker", "replica", "container"}
"""What a column is called that says where a metric was measured."""


@dataclass(slots=True)
class Group:
    """Files of one shape. `shape` is the folders above, `*` where they differ or hold a date.

    levels   places in the path whose folder is the value of a column, with that column's name
    by_stem  the file name's stem is the value of a column: a metric a file
    dialect  the form of a serving tool that its files have; "" for plain tables
    """

    shape: tuple[str, ...]
    stem: str
    format: FileFormat
    reference: bool
    heads: list[Head] = field(default_factory=list)
    levels: dict[int, str] = field(default_factory=dict)
    by_stem: str = ""
    dialect: str = ""

    @property
    def names(self) -> set[str]:
        """All column names of its files."""
        return {name for head in self.heads for name in head.file.columns}

    def newest_first(self) -> list[Head]:
        """Its heads, the newest file first, as far as names tell."""
        return sorted(self.heads, key=lambda head: age_of(head.file.path), reverse=True)


def folders_of(path: str) -> tuple[str, ...]:
    """The folders above a file."""
    return tuple(path.split("/")[:-1])


def stem_of(path: str) -> str:
    """The part of the file name that its rotations share."""
    return stem_and_age(path.rsplit("/", 1)[-1])[0]


def age_of(path: str) -> tuple[object, ...]:
    """Sorts newer files higher: by dates in the folders, then by the file's own rotation, then by name."""
    dated = re.sub(r"\D", "", "".join(part for part, shape in zip(folders_of(path), folder_shape(folders_of(path)),
                                                                  strict=True) if "*" in shape))
    return dated, stem_and_age(path.rsplit("/", 1)[-1])[1], path


def is_reference(path: str) -> bool:
    """Whether a word of the path says that this is reference data."""
    *folders, name = path.split("/")
    parts = [words(folder) for folder in folders] + [words(stem_and_age(name)[0])]
    return any(part and (part[0] in REFERENCE_WORDS or part[-1] in REFERENCE_WORDS) for part in parts)


def grouped(heads: Iterable[Head]) -> list[Group]:
    """Streams to be: rotations together, then sibling folders, then metrics of one shape."""
    buckets: dict[tuple[tuple[str, ...], str, FileFormat, bool], list[Group]] = defaultdict(list)
    forms: dict[str, Group] = {}
    for head in sorted(heads, key=lambda each: each.file.path):
        path = head.file.path
        if head.file.dialect:
            form = head.file.dialect
            forms.setdefault(form, Group((), form, head.file.format, False, dialect=form)).heads.append(head)
            continue
        key = (folder_shape(folders_of(path)), stem_of(path), head.file.format, is_reference(path))
        names = set(head.file.columns)
        home = next((group for group in buckets[key] if overlap(group.names, names) >= SAME_SHAPE), None)
        if home is None:
            home = Group(*key)
            buckets[key].append(home)
        home.heads.append(head)
    groups = [group for bucket in buckets.values() for group in bucket]
    for group in groups:
        _hive_levels(group)
    groups = _numbered(_metrics(_siblings(groups)))
    for group in forms.values():
        _form_levels(group)
    return [*groups, *forms.values()]


def _form_levels(group: Group) -> None:
    """Files of one serving tool in folders of different names, no dates: the folder is a column."""
    paths = [folders_of(head.file.path) for head in group.heads]
    if formats.named(group.dialect).own_path or len({len(path) for path in paths}) != 1:
        return
    shapes = [folder_shape(path) for path in paths]
    group.shape = tuple(parts[0] if len(set(parts)) == 1 else "*" for parts in zip(*shapes, strict=True))
    for level, parts in enumerate(zip(*shapes, strict=True)):
        if parts[0].endswith("=*") and len(set(parts)) == 1:
            if parts[0][:-2] not in group.names:
                group.levels[level] = parts[0][:-2]
        elif len(set(parts)) > 1 and "*" not in parts:
            name = _level_name(set(parts), {*group.names, *group.levels.values()})
            if name:
                group.levels[level] = name


def overlap(left: set[str], right: set[str]) -> float:
    """The shared part of the smaller set."""
    return len(left & right) / min(len(left), len(right)) if left and right else 0.0


def jaccard(left: set[str], right: set[str]) -> float:
    """The shared part of both sets."""
    return len(left & right) / len(left | right) if left | right else 0.0


def _hive_levels(group: Group) -> None:
    for level, part in enumerate(group.shape):
        if part.endswith("=*") and part[:-2] not in group.names:
            group.levels[level] = part[:-2]


def _siblings(groups: list[Group]) -> list[Group]:
    """Joins groups of one stem and one shape whose paths differ in one folder: that folder becomes a column."""
    deepest = max((len(group.shape) for group in groups), default=0)
    for level in reversed(range(deepest)):
        rest: list[Group] = []
        alike: dict[tuple[tuple[str, ...], str, FileFormat, bool], list[Group]] = defaultdict(list)
        for group in groups:
            if len(group.shape) <= level or "*" in group.shape[level]:
                rest.append(group)
                continue
            shape = (*group.shape[:level], "*", *group.shape[level + 1:])
            alike[shape, group.stem, group.format, group.reference].append(group)
        for (shape, *_), members in alike.items():
            while members:
                first = members.pop(0)
                near = [each for each in members if jaccard(first.names, each.names) >= SIBLING_SHAPE]
                if near:
                    members = [each for each in members if each not in near]
                    first = _joined(first, near, shape, level)
                rest.append(first)
        groups = rest
    return groups


def _joined(first: Group, others: Sequence[Group], shape: tuple[str, ...], level: int) -> Group:
    values = {group.shape[level] for group in (first, *others)}
    heads = [head for group in (first, *others) for head in group.heads]
    joined = replace(first, shape=shape, heads=heads, levels=dict(first.levels))
    name = _level_name(values, {*joined.names, *joined.levels.values()})
    if name:
        joined.levels[level] = name
    return joined


def _level_name(values: set[str], names: set[str]) -> str:
    """What a column is called whose values are these folders; "" when they say nothing."""
    taken = {name.lower() for name in names}
    name = "host" if all(HOST.fullmatch(value) for value in values) else \
        "policy" if {"propensity_score", "pscore", "propensity"} & taken else "variant"
    if all(re.fullmatch(r"(part|shard|partition|chunk)?[-_]?\d+", value) for value in values):
        return ""       # shards
    while name in taken:
        name = f"folder_{name}"
    return name


def _metrics(groups: list[Group]) -> list[Group]:
    """Joins files of one folder that hold a time and a number: a metric a file, its name that of the file.

    A column that names the machine may stand beside them, as dumps of infrastructure have it.
    """
    rest: list[Group] = []
    alike: dict[tuple[object, ...], Group] = {}
    for group in groups:
        names = tuple(group.heads[0].file.columns)
        own = [name for name in names if "_".join(words(name)) not in MACHINES]
        if len(own) != 2 or len(names) > 3 or not group.stem or group.reference or not _is_long_value(names):
            rest.append(group)
            continue
        key = (group.shape, group.format, names)
        if key in alike:
            alike[key].heads.extend(group.heads)
        else:
            alike[key] = replace(group, by_stem="metric" if "metric" not in names else "series")
            rest.append(alike[key])
    return rest


def _numbered(groups: list[Group]) -> list[Group]:
    """Joins tables of one name that end with a number and have all columns in common: `scores.csv`, `scores-2.csv`."""
    rest: list[Group] = []
    alike: dict[tuple[object, ...], Group] = {}
    for group in groups:
        key = (group.shape, unnumbered(group.stem), group.format, group.reference, frozenset(group.names),
               tuple(group.levels.items()))
        if group.by_stem:
            rest.append(group)
        elif key in alike:
            alike[key].heads.extend(group.heads)
            alike[key].stem = unnumbered(group.stem)
        else:
            alike[key] = group
            rest.append(group)
    return rest


def unnumbered(stem: str) -> str:
    """Without a short number at its end: `scores-2` and `scores_10` are both `scores`."""
    return re.sub(r"[-_ ]\d{1,3}$", "", stem)


def _is_long_value(names: tuple[str, ...]) -> bool:
    """A column called only `value` or the like does not say which metric it is: the file's name does."""
    return bool({name.lower() for name in names} & {"value", "y", "val", "reading", "metric_value", "count"})


def path_values(group: Group, path: str) -> dict[str, str]:
    """The values of the path columns of a group for one of its files."""
    return values_at(group.levels, group.by_stem, path)


def values_at(levels: dict[int, str], by_stem: str, path: str) -> dict[str, str]:
    """Column -> value, read from the folders at these levels and from the stem."""
    folders = folders_of(path)
    values: dict[str, str] = {}
    for level, name in sorted(levels.items()):
        if level < len(folders):
            hive = hive_value(folders[level])
            values[name] = hive[1] if hive else folders[level]
    if by_stem:
        values[by_stem] = stem_of(path)
    return values
