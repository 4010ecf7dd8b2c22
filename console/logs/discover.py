"""What a folder holds: files put into streams, columns with their roles, and what is left out with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from console.jobs import Job
from console.logs import config, halves, headless, memory, said, streams
from console.logs.config import FolderSettings
from console.logs.group import Group, folders_of, grouped
from console.logs.names import folder_shape
from console.logs.plan import FileFormat, FolderPlan, Refused, StreamPlan
from console.logs.refusals import no_logs, no_time, other_axis
from console.logs.sniff import HEAD_BYTES, Head, Incomplete, sniff
from console.logs.times import checked_zone
from console.logs.walk import Found, walk
from console.roles import RELATIVE, TIME_ROLES, Role, StreamKind

DEEP_ROWS, DEEP_BYTES = 20_000, 4 * 1024 * 1024
"""Read of the newest and the oldest file when a column is empty in all samples: labels may come late in a file."""

SAMPLE_ROWS = 400
SAMPLE_FILES = 4
"""Read of some files of a stream for types and roles: the first, the last, some between, and each new shape."""

ENOUGH_HEADS = 8
"""Files of a serving tool in folders of one shape whose heads are cut, to tell their fields."""

SAYS_NOTHING = {"", "data", "all", "log", "logs", "output", "out", "file", "export", "table", "part", "parts"}
"""Stems and folders after which no stream is named: the next folder above has the better name."""

NEEDS_TIME = (StreamKind.REQUESTS, StreamKind.SAMPLES)


def discover(folder: Path, job: Job, *, zone: str | None = None, known: tuple[StreamPlan, ...] = (),
             settings: FolderSettings | None = None) -> FolderPlan:
    """The plan of a folder. Only heads of files are read, and nothing is run or written.

    zone   of times that have none; before what `pilothouse.toml` says. None of both: UTC, marked as assumed
    known  the streams of an earlier time: names, stored names, types and the user's choices stay as they were
    settings  instead of what `pilothouse.toml` says
    Raises NoSuchFolder, NoLogs, BadSettings, JobStopped.
    """
    folder = Path(folder)
    zone = checked_zone(zone, where="--zone") if zone else None
    found, refused = walk(folder, job)
    settings = config.read(folder) if settings is None else settings
    patterns = {each.path: config.left_out(each.path, settings.leave_out) for each in found}
    found = [each for each in found if patterns[each.path] is None]
    heads = headless.named_like(_heads(found, refused, job), known)
    places = {each.path: each.place for each in found}
    more = headless.rescued(refused, heads, places)
    heads += more.values()
    refused = [each for each in refused if each.path not in more]
    groups = grouped(heads)
    drafts = [_draft(group, name, places, job, settings)
              for group, name in named(groups, folder.name, known)]
    streams.settle_forms(drafts)
    streams.settle_outcomes(drafts)
    halves.settle_halves(drafts, settings)
    plans: list[StreamPlan] = []
    unplaced: list[StreamPlan] = []
    for draft in drafts:
        plan = memory.remembered(_said(streams.plan(draft, settings, zone), settings), known, settings, zone)
        if plan.kind in NEEDS_TIME and plan.column(Role.TIMESTAMP) is None:
            refused.extend(no_time(plan, draft.facts))
            unplaced.append(plan)
        else:
            plans.append(plan)
    plans, strange = one_axis(plans)
    unplaced += strange
    refused.extend(file for plan in strange for file in other_axis(plan))
    plans = [streams.like_requests(plan, plans) if plan.kind is StreamKind.REFERENCE else plan for plan in plans]
    plans.sort(key=lambda plan: list(StreamKind).index(plan.kind))     # requests first: they make the first charts
    refused.sort(key=lambda each: each.path)
    left_out = tuple((path, pattern) for path, pattern in patterns.items() if pattern is not None)
    whole = FolderPlan(str(folder), tuple(plans), tuple(refused), (), settings, left_out, tuple(unplaced))
    if not plans:
        raise no_logs(whole)
    kept = {plan.name for plan in plans}
    notes = [note for draft in drafts if draft.name in kept for note in draft.notes]
    return replace(whole, notes=(*notes, *_notes(plans)))


def one_axis(plans: Sequence[StreamPlan]) -> tuple[list[StreamPlan], list[StreamPlan]]:
    """What can be shown on one time axis, and what cannot: counts from unnamed starts, where other streams have dates.

    Outcomes keep their place beside dated requests, without their own times.
    """
    dated = any(plan.kind in NEEDS_TIME and not plan.relative for plan in plans)
    strange = [plan for plan in plans if dated and plan.relative and plan.kind in NEEDS_TIME]
    kept = [replace(plan, columns=tuple(
        replace(column, role=None, time_format=None, why="Counts from a start that the log does not name")
        if column.role in TIME_ROLES and column.time_format in RELATIVE else column for column in plan.columns))
        if dated and plan.relative else plan for plan in plans if plan not in strange]
    return kept, strange


def _said(plan: StreamPlan, settings: FolderSettings) -> StreamPlan:
    return said.with_feature_names(said.with_path(plan, settings), settings)


def _heads(found: Sequence[Found], refused: list[Refused], job: Job) -> list[Head]:
    heads: list[Head] = []
    forms = _Told()
    for number, each in enumerate(found):
        job.stop_if_asked()
        if number % 50 == 0:
            job.report(number, len(found), "Looking at files")
        try:
            head = sniff(each.place, each.path, told=forms.of(each.path))
        except Incomplete as why:
            head = Refused(each.path, f"{why}. It is read when rows come", rejected=each.place.suffix.lower() == ".gz")
        if isinstance(head, Refused):
            refused.append(head)
        else:
            heads.append(head)
            forms.add(head)
    return heads


class _Told:
    """The fields of a serving tool's files in folders of one shape, once ENOUGH_HEADS of them were cut.

    Cutting takes longer than all else, and there may be thousands. What a later file has beside comes while loading.
    """

    def __init__(self) -> None:
        self._cut: dict[tuple[str, ...], dict[str, list[tuple[str, ...]]]] = {}
        self._told: dict[tuple[str, ...], dict[str, tuple[str, ...]]] = {}

    def of(self, path: str) -> Mapping[str, tuple[str, ...]]:
        """Form -> fields, for a file at this path."""
        return self._told.get(folder_shape(folders_of(path)), {})

    def add(self, head: Head) -> None:
        """One more was looked at."""
        shape, form = folder_shape(folders_of(head.file.path)), head.file.dialect
        if not form or not head.rows or form in self._told.get(shape, {}):
            return
        cut = self._cut.setdefault(shape, {}).setdefault(form, [])
        cut.append(head.file.columns)
        if len(cut) >= ENOUGH_HEADS:
            self._told.setdefault(shape, {})[form] = tuple(dict.fromkeys(name for names in cut for name in names))


def _draft(group: Group, name: str, places: dict[str, Path], job: Job, settings: FolderSettings) -> streams.Draft:
    """A first look at a stream, and a deeper one where some column was empty all along, or its dates in doubt."""
    sampled = [said.named_head(head, name, settings) for head in _sampled(group, places, job)]
    said.with_names(group, name, settings)
    own = settings.streams.get(name, streams.NOTHING_SAID)
    first = streams.draft(group, name, sampled, places, own)
    if group.dialect or group.format is FileFormat.PARQUET or all(
            facts.texts and not facts.in_doubt for facts in first.facts):
        return first
    ends = {sampled[0].file.path, sampled[-1].file.path}
    sampled = [_again(head, group, places, job, DEEP_ROWS, DEEP_BYTES) if head.file.path in ends else head
               for head in sampled]
    sampled = [said.named_head(head, name, settings) for head in sampled]
    said.with_names(group, name, settings)
    return streams.draft(group, name, sampled, places, own)


def _sampled(group: Group, places: dict[str, Path], job: Job) -> list[Head]:
    """The heads of some files, read further: newest and oldest, two between, and one for each set of columns."""
    ordered = group.newest_first()[::-1]
    count = len(ordered)
    wanted = {0, count - 1, *(count * step // (SAMPLE_FILES - 1) for step in range(1, SAMPLE_FILES - 1))}
    shapes: set[frozenset[str]] = set()
    for index, head in enumerate(ordered):
        shape = frozenset(head.file.columns)
        if shape not in shapes and len(shapes) < 50:
            shapes.add(shape)
            wanted.add(index)
    if group.by_stem and count <= 50:
        wanted |= set(range(count))
    return [_again(ordered[index], group, places, job, SAMPLE_ROWS, HEAD_BYTES) for index in sorted(wanted)]


def _again(head: Head, group: Group, places: dict[str, Path], job: Job, rows: int, head_bytes: int) -> Head:
    """A head with more rows, put in the place of the shorter one: JSON lines may show more keys."""
    job.stop_if_asked()
    path = head.file.path
    try:
        longer = sniff(places[path], path, rows, head_bytes)
    except Incomplete:
        return head              # it was truncated meanwhile
    if not isinstance(longer, Head) or (longer.file.format, longer.file.dialect) != (head.file.format,
                                                                                    head.file.dialect):
        return head
    if not longer.file.has_header and len(longer.file.columns) == len(head.file.columns):
        longer = replace(longer, file=replace(longer.file, columns=head.file.columns))     # names found for it
    group.heads = [longer if each.file.path == path else each for each in group.heads]
    return longer


def named(groups: Iterable[Group], folder: str, known: Sequence[StreamPlan] = ()) -> list[tuple[Group, str]]:
    """Each group with a name that is unique, short, and the one that it had before."""
    taken: set[str] = set()
    result: list[tuple[Group, str]] = []
    for group in groups:
        old = memory.known_name(group, known)
        if old is not None and old not in taken:
            taken.add(old)
            result.append((group, old))
            continue
        fixed = [] if group.dialect else [part for part in group.shape if "*" not in part]
        speaking = [part for part in fixed if part.lower() not in SAYS_NOTHING]
        above = speaking[-1] if speaking else folder
        first = (above if group.by_stem or group.stem.lower() in SAYS_NOTHING else group.stem) or "log"
        choices = [first, "/".join([*fixed, first]) if fixed and fixed[-1] != first else first,
                   f"{first}.{group.format}"]
        reserved = taken | {each.name for each in known}
        name = next((choice for choice in choices if choice not in reserved), None)
        number = 2
        while name is None:
            if f"{choices[1]}-{number}" not in reserved:
                name = f"{choices[1]}-{number}"
            number += 1
        taken.add(name)
        result.append((group, name))
    return result


def _notes(plans: Sequence[StreamPlan]) -> list[str]:
    notes: list[str] = []
    assumed = [plan.name for plan in plans if plan.zone_assumed]
    if assumed:
        notes.append(f"Times in {_some(assumed)} name no zone and are read as UTC. "
                     "Set the zone under Columns if that is wrong")
    headless = [file.path for plan in plans for file in plan.files if not file.has_header]
    if headless:
        notes.append(f"{_some(headless)} has no header: columns are named by their place. "
                     "Give them roles under Columns")
    return notes


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
