"""What a file is that appeared while following: part of a stream that is known, or a stream of its own."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from console.errors import BadSettings
from console.logs import config, halves, roles, said, streams
from console.logs.cells import look_at
from console.logs.discover import NEEDS_TIME, SAMPLE_ROWS, named, one_axis
from console.logs.group import (
    SAME_SHAPE,
    age_of,
    folders_of,
    grouped,
    is_reference,
    overlap,
    stem_of,
    unnumbered,
    values_at,
)
from console.logs.limits import MOST_COLUMNS
from console.logs.names import folder_shape, hive_value, is_passed_over, stored_names
from console.logs.plan import FileFormat, FilePlan, Refused, StreamPlan
from console.logs.refusals import no_time, other_axis
from console.logs.sniff import Head, Incomplete, sniff
from console.roles import Role, StreamKind

if TYPE_CHECKING:
    from console.logs.writing import Streams
    from console.store import FileEntry


def recognise_new(folder: Path, known: Sequence[StreamPlan], path: str | Path,
                  settings: config.FolderSettings | None = None, *,
                  given_up: bool = False,
                  read: Iterable[tuple[str, FilePlan]] = ()) -> tuple[StreamPlan, FilePlan] | Refused | None:
    """The stream of one new file and its plan; a refusal; or None as long as it is empty or cut: ask again later.

    The stream returned has the file in front of its others, and columns at its end (before those from the path) when
    the file brings new ones. Only the head of this one file is read.
    settings  instead of what `pilothouse.toml` says
    given_up  it has been cut for so long that it is refused as damaged
    read      files that are read already, with their streams: a new stream may log the requests of one of them
    """
    folder = Path(folder)
    place = folder / path
    name = Path(os.path.relpath(place, folder)).as_posix()
    if any(is_passed_over(part) for part in name.split("/")):
        return Refused(name, "It is hidden, or still being written under another name", rejected=False)
    try:
        mode = place.stat().st_mode
    except OSError:
        return None
    if not stat.S_ISREG(mode):
        return Refused(name, "It is no regular file; it is never opened", rejected=False)
    try:
        head = sniff(place, name, SAMPLE_ROWS)
    except Incomplete:
        return None
    if isinstance(head, Refused):
        return None if _may_grow(head) and not given_up else head
    found = join(known, _named(known, head), folder.name)
    if found is None:
        return _new_stream(folder, known, head, settings, read)
    stream, file = found
    if settings is not None and settings.streams.get(stream.name, config.StreamSettings()).path:
        constants = {**dict(file.constants), **said.path_constants(stream, settings, file.path)}
        file = replace(file, constants=tuple(constants.items()))
        stream = stream.with_files((file, *stream.files[1:]))
    return stream, file


def _named(known: Sequence[StreamPlan], head: Head) -> Head:
    """A head without a header under the names that files of its shape have in a known stream."""
    if head.file.has_header:
        return head
    for stream in known:
        like = next((file for file in stream.files if not file.has_header), None)
        if like is not None and like.format is head.file.format and len(like.columns) == len(head.file.columns) and (
                stem_of(like.path) == stem_of(head.file.path) or folders_of(like.path) == folders_of(head.file.path)):
            return replace(head, file=replace(head.file, columns=like.columns))
    return head


def _may_grow(refused: Refused) -> bool:
    """A Parquet file or an archive without its end is one that is still being copied."""
    return "cut short" in refused.reason or "compressed but damaged" in refused.reason


def join(known: Sequence[StreamPlan], head: Head, folder: str) -> tuple[StreamPlan, FilePlan] | None:
    """The known stream that this file continues: the same place and stem, else the same place and all columns.

    A stream that comes without its files is known by its name: the one that this file would give a stream of its own.
    """
    if head.file.dialect:
        return _join_form(known, head)
    names = set(head.file.columns)
    own_name = named(grouped([head]), folder)[0][1]
    best: tuple[float, StreamPlan, dict[str, str]] | None = None
    for stream in known:
        if stream.format is not head.file.format or stream.dialect:
            continue
        if (stream.kind is StreamKind.REFERENCE) != is_reference(head.file.path):
            continue
        values = _values(stream, head.file.path) if stream.files else _values_by_name(stream, head.file.path)
        shared = overlap(names, {column.name for column in stream.columns if column.stored not in stream.path_columns})
        if values is None or shared < SAME_SHAPE:
            continue
        by_stem = any(stem_of(file.path) == stem_of(head.file.path) for file in stream.files[:200]) or (
            not stream.files and stream.name == own_name)
        score = shared + by_stem
        whole = names == {column.name for column in stream.columns if column.stored not in stream.path_columns}
        if whole and not by_stem and _is_numbered(stream, head.file.path, own_name, values):
            by_stem = True
        if (by_stem or (values and whole)) and (best is None or score > best[0]):
            best = score, stream, values
    if best is None:
        return None
    stream = _widened(best[1], head)
    file = replace(head.file, constants=tuple(best[2].items()))
    return stream.with_files((file, *(each for each in stream.files if each.path != file.path))), file


def _is_numbered(stream: StreamPlan, path: str, own_name: str, values: Mapping[str, str]) -> bool:
    """Whether a file has the name of the stream's files but for a number at its end, and is no metric of its own."""
    stem = stem_of(path)
    if stem in values.values():
        return False
    if stream.files:
        return any(unnumbered(stem_of(file.path)) == unnumbered(stem) for file in stream.files[:200])
    return unnumbered(stream.name) == unnumbered(own_name)


def _join_form(known: Sequence[StreamPlan], head: Head) -> tuple[StreamPlan, FilePlan] | None:
    """The stream of this serving tool's files, wherever they lie."""
    stream = next((each for each in known if each.dialect == head.file.dialect), None)
    if stream is None:
        return None
    levels = {level: name for name in stream.path_columns if (level := _level(stream, name)) is not None}
    values = values_at(levels, "", head.file.path)
    file = replace(head.file, constants=tuple(values.items()))
    rest = tuple(each for each in stream.files if each.path != file.path)
    return _widened(stream, head).with_files((file, *rest)), file


def _drafts_of(folder: Path, known: Sequence[StreamPlan], settings: config.FolderSettings,
               read: Iterable[tuple[str, FilePlan]]) -> list[streams.Draft]:
    """A new look at the known streams of requests, from their oldest and newest file: which ids they hold."""
    wanted = {stream.name: [file.path for file in stream.files] for stream in known
              if stream.kind is StreamKind.REQUESTS}
    for name, file in read:
        if name in wanted:
            wanted[name].append(file.path)
    drafts = []
    for name, paths in wanted.items():
        found = [_head_of(folder, path) for path in sorted({min(paths, key=age_of), max(paths, key=age_of)})] \
            if paths else []
        groups = grouped(head for head in found if head is not None)
        if groups:
            heads = groups[0].heads
            drafts.append(streams.draft(groups[0], name, heads, {each.file.path: folder / each.file.path
                                                                 for each in heads},
                                        settings.streams.get(name, streams.NOTHING_SAID)))
    streams.settle_forms(drafts)
    return drafts


def _head_of(folder: Path, path: str) -> Head | None:
    try:
        head = sniff(folder / path, path, SAMPLE_ROWS)
    except Incomplete:
        return None
    return head if isinstance(head, Head) else None


def path_tells_apart(stream: StreamPlan, one: str, other: str) -> bool:
    """Whether two files of a stream would have other values in the columns that stand in paths: a metric a file."""
    if not stream.path_columns:
        return False
    values = [_values(stream, path) if stream.files else _values_by_name(stream, path) for path in (one, other)]
    return None not in values and values[0] != values[1]


def told_apart(loaded: Streams) -> Callable[[str, FileEntry], bool]:
    """The same for a file on disk and one that the ledger has."""
    plans = {loaded.info(plan.name).stream_id: plan for plan in loaded.plans}

    def apart(name: str, entry: FileEntry) -> bool:
        plan = plans.get(entry.stream_id) if entry.stream_id is not None else None
        return plan is not None and path_tells_apart(plan, name, entry.path)

    return apart


def _values(stream: StreamPlan, path: str) -> dict[str, str] | None:
    """Stored name -> value of the path columns for this file; None when it lies elsewhere than the stream's files."""
    model = stream.files[0]
    constants = dict(model.constants)
    levels: dict[int, str] = {}
    by_stem = ""
    for name in stream.path_columns:
        level = _level(stream, name)
        if level is not None:
            levels[level] = name
        elif constants.get(name) == stem_of(model.path):
            by_stem = name
    ours, theirs = folder_shape(folders_of(path)), folder_shape(folders_of(model.path))
    if len(ours) != len(theirs):
        return None
    if any(left != right for level, (left, right) in enumerate(zip(ours, theirs, strict=True)) if level not in levels):
        return None
    return values_at(levels, by_stem, path)


def _values_by_name(stream: StreamPlan, path: str) -> dict[str, str] | None:
    """The same for a stream without files to compare with; None when a path column cannot be placed."""
    folders = folders_of(path)
    hive = dict(value for folder in folders if (value := hive_value(folder)))
    plain = [part for part, shape in zip(folders, folder_shape(folders), strict=True) if "*" not in shape]
    values: dict[str, str] = {}
    for name in stream.path_columns:
        role = next((column.role for column in stream.columns if column.stored == name), None)
        if name in hive:
            values[name] = hive[name]
        elif role is Role.METRIC_NAME:
            values[name] = stem_of(path)
        elif len(plain) == 1:
            values[name] = plain[0]
        else:
            return None
    return values


def _level(stream: StreamPlan, name: str) -> int | None:
    """The folder level from which a path column was taken: there its values stand in all files."""
    files = [file for file in stream.files[:50] if dict(file.constants).get(name) is not None]
    depths = min((len(folders_of(file.path)) for file in files), default=0)
    for level in range(depths):
        if all(_folder_value(folders_of(file.path)[level]) == dict(file.constants)[name] for file in files):
            return level
    return None


def _folder_value(part: str) -> str:
    hive = hive_value(part)
    return hive[1] if hive else part


def _widened(stream: StreamPlan, head: Head) -> StreamPlan:
    """The stream with the columns that only this file has. They take no role that another column holds."""
    seen: dict[str, int] = {}
    for column in stream.columns:
        seen[column.name] = seen.get(column.name, 0) + 1
        if column.name not in head.file.columns:        # named by the user: the file knows it by its first name
            seen.setdefault(column.stored, 1)
    keys = streams.keys_of(head.file.columns)
    room = max(0, MOST_COLUMNS - len(stream.columns))
    new = [place for place, (name, again) in enumerate(keys) if again >= seen.get(name, 0)][:room]
    if not new:
        return stream
    facts = [look_at(head.file.columns[place], [row[place] for row in head.rows]) for place in new]
    taken = {column.role for column in stream.columns} - roles.MANY
    guesses = [None if guess is not None and guess.role in taken else guess for guess in roles.guess(facts)]
    stored = stored_names([each.name for each in facts], [column.stored for column in stream.columns])
    columns = [column for column in stream.columns if column.stored not in stream.path_columns]
    columns += roles.planned(stored, facts, guesses, stream.kind)
    columns += [column for column in stream.columns if column.stored in stream.path_columns]
    return replace(stream, columns=tuple(columns))


def _new_stream(folder: Path, known: Sequence[StreamPlan], head: Head, settings: config.FolderSettings | None,
                read: Iterable[tuple[str, FilePlan]]) -> tuple[StreamPlan, FilePlan] | Refused | None:
    try:
        settings = config.read(folder) if settings is None else settings
    except BadSettings:           # said when the folder was opened; it does not stop following
        settings = config.FolderSettings()
    group, name = named(grouped([head]), folder.name, known)[0]
    draft = streams.draft(group, name, [head], {head.file.path: folder / head.file.path},
                          settings.streams.get(name, streams.NOTHING_SAID))
    streams.settle_forms([draft])
    if draft.kind is StreamKind.REQUESTS and draft.place(Role.REQUEST_ID) is not None:
        halves.settle_halves([*_drafts_of(folder, known, settings, read), draft], settings)
    plan = streams.plan(draft, settings, None)
    said = [stream for stream in known if not stream.zone_assumed]
    if plan.zone_assumed and said:
        plan = replace(plan, zone=said[0].zone, zone_assumed=False)
    if plan.kind in NEEDS_TIME and plan.column(Role.TIMESTAMP) is None:
        text = head.file.format is not FileFormat.PARQUET
        return None if text and len(head.rows) < 2 else no_time(plan, draft.facts)[0]
    plan = one_axis([plan, *known])[0][0] if plan.kind not in NEEDS_TIME else plan
    there = [stream.relative for stream in known if stream.kind in NEEDS_TIME]
    if plan.kind in NEEDS_TIME and plan.relative and not all(there):
        return other_axis(plan)[0]
    if plan.kind in NEEDS_TIME and not plan.relative and there and all(there):
        return Refused(name, "It has dates, and the log that is open counts from a start that it does not name. "
                             "Open it in a folder of its own")
    if plan.kind is StreamKind.REFERENCE:
        plan = streams.like_requests(plan, known)
    return plan, plan.files[0]
