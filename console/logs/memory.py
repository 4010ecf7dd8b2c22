"""What was settled at an earlier time stays: names of streams, stored names and types of columns, choices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from console.logs.config import FolderSettings, StreamSettings
from console.logs.group import Group, folders_of, overlap, stem_of
from console.logs.names import folder_shape, stored_names
from console.logs.plan import ColumnPlan, Compression, FileFormat, FilePlan, StreamPlan
from console.roles import Role

if TYPE_CHECKING:
    from console.store import ColumnInfo, FileEntry, StreamInfo


def known_name(group: Group, known: Sequence[StreamPlan]) -> str | None:
    """The name that these files had before: by shared paths, else by shape, stem and columns."""
    paths = {head.file.path for head in group.heads}
    if group.dialect:
        return next((stream.name for stream in known if stream.dialect == group.dialect), None)
    known = [stream for stream in known if not stream.dialect]
    for stream in known:
        if stream.format is group.format and any(file.path in paths for file in stream.files):
            return stream.name
    for stream in known:
        if stream.format is not group.format or not stream.files:
            continue
        file = stream.files[0]
        same = (len(folder_shape(folders_of(file.path))) == len(group.shape) and stem_of(file.path) == group.stem
                and any(folder_shape(folders_of(head.file.path)) == folder_shape(folders_of(file.path))
                        for head in group.heads))
        if same and overlap({column.name for column in stream.columns}, group.names) >= 0.5:
            return stream.name
    return None


def kept_streams(infos: Sequence[StreamInfo], ledger: Sequence[FileEntry]) -> tuple[StreamPlan, ...]:
    """The streams of a workspace as an earlier time settled them, for `discover`."""
    files: dict[int, list[FilePlan]] = {}
    for entry in ledger:
        if entry.stream_id is not None and entry.format in tuple(FileFormat):
            files.setdefault(entry.stream_id, []).append(
                FilePlan(entry.path, FileFormat(entry.format), Compression(entry.compression), entry.size,
                         entry.mtime_ns, ()))
    return tuple(
        as_kept(StreamPlan(info.name, info.kind, FileFormat(info.format), info.why, (),
                           tuple(files.get(info.stream_id, ())), dialect=info.dialect, half_of=info.half_of,
                           answers=info.answers), info)
        for info in infos if info.format in tuple(FileFormat))


def as_kept(plan: StreamPlan, info: StreamInfo) -> StreamPlan:
    """A plan with what the workspace says of its columns: corrections of the user, fields that came late."""
    known = {column.stored: column for column in info.columns}
    columns = [_kept(column, known[column.stored]) if column.stored in known else column for column in plan.columns]
    there = {column.stored for column in columns}
    late = [_kept(ColumnPlan(each.name, each.stored, each.type), each) for each in info.columns
            if each.stored not in there]
    at = len(columns) - len(plan.path_columns)
    return replace(plan, kind=info.kind, zone=info.zone, zone_assumed=info.zone_assumed,
                   columns=(*columns[:at], *late, *columns[at:]))


def _kept(column: ColumnPlan, info: ColumnInfo) -> ColumnPlan:
    return replace(column, name=info.name, type=info.type, role=info.role, unit=info.unit,
                   time_format=info.time_format, why=info.why, samples=info.samples or column.samples,
                   chosen=info.chosen)


def remembered(plan: StreamPlan, known: Sequence[StreamPlan], settings: FolderSettings, zone: str | None) -> StreamPlan:
    """A new plan with what an earlier one had settled; `pilothouse.toml` still wins over it.

    Columns that no file has any more are kept: their rows are in the workspace.
    """
    old = next((stream for stream in known if stream.name == plan.name), None)
    if old is None:
        return plan
    said = settings.streams.get(plan.name, StreamSettings())
    before: dict[tuple[str, int], ColumnPlan] = {}
    for column in old.columns:
        before[_numbered(column.name, before)] = column
    fresh: dict[tuple[str, int], ColumnPlan] = {}
    for column in plan.columns:
        fresh[_numbered(column.name, fresh)] = column
    for key, column in list(before.items()):        # named by the user: the files know it by its first name
        first = (column.stored, 0)
        if key not in fresh and first in fresh and first not in before:
            before[first] = before.pop(key)
    new_keys = [key for key in fresh if key not in before]
    stored = dict(zip(new_keys, stored_names([fresh[key].stored for key in new_keys],
                                             [column.stored for column in old.columns]), strict=True))
    taken = {column.role for column in old.columns if column.role is not None and column.role not in _SHARED}
    renamed: dict[str, str] = {}
    columns: list[ColumnPlan] = []
    for key, column in fresh.items():
        earlier = before.get(key)
        if earlier is None:
            role = None if column.role in taken and not column.chosen else column.role
            kept = replace(column, stored=stored[key], role=role)
        elif column.chosen:
            kept = replace(column, stored=earlier.stored)
        else:
            kept = replace(earlier, samples=column.samples or earlier.samples)
        renamed[column.stored] = kept.stored
        columns.append(kept)
    columns += [column for key, column in before.items() if key not in fresh]
    paths = tuple(renamed[name] for name in plan.path_columns)
    columns.sort(key=lambda column: column.stored in paths)     # stable: path columns to the end
    files = tuple(replace(file, constants=tuple((renamed[name], value) for name, value in file.constants))
                  for file in plan.files)
    kind = plan.kind if said.kind else old.kind
    has_zone = zone or said.zone or settings.zone
    own_zone = (plan.zone, plan.zone_assumed) if has_zone or old.zone_assumed else (old.zone, old.zone_assumed)
    return replace(plan, kind=kind, why=plan.why if said.kind or old.kind is plan.kind else old.why,
                   columns=tuple(columns), files=files, path_columns=paths, zone=own_zone[0], zone_assumed=own_zone[1])


_SHARED = {Role.FEATURE, Role.CPU, Role.MEMORY, Role.GPU, Role.LOAD, Role.METRIC_VALUE, Role.IGNORED}


def _numbered(name: str, taken: dict[tuple[str, int], ColumnPlan]) -> tuple[str, int]:
    again = 0
    while (name, again) in taken:
        again += 1
    return name, again
