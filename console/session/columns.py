"""What the user corrects: roles, units, types and time formats of columns, zone and kind of a stream, names of columns
without a header, values from the path, files left out. Each correction can be taken back, and made again.

A correction is kept first (`settings`), then the workspace follows. To take one back is to put both in the state they
had before; what cannot be put back is said where it is done (cells that became text stay text).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from console.errors import BadSettings
from console.jobs import Job
from console.logs import config, kinds, memory, roles
from console.logs.cells import look_at
from console.logs.config import Answer, ColumnAnswer, FolderSettings
from console.logs.names import stored_names
from console.logs.plan import ColumnPlan, StreamPlan, TimeFormat
from console.logs.said import path_name
from console.logs.times import checked_zone, epoch_format
from console.roles import MANY_COLUMNS, ColumnType, Role, StreamKind
from console.session import paths, settings
from console.store.corrections import sample_texts
from console.store.rolled import ON_TIME_AXIS

if TYPE_CHECKING:
    from console.store import ColumnInfo, StreamInfo, Workspace

TIMES = (Role.TIMESTAMP, Role.OUTCOME_TIME, Role.ARRIVAL_TIME)

SAMPLED = 400
"""Cells of a column that its role is guessed from."""

MOST_STEPS = 50
"""Corrections that can be taken back."""


@dataclass(frozen=True, slots=True)
class State:
    """Everything that corrections change. `title` says what the correction after it does."""

    title: str
    settings: FolderSettings
    streams: tuple[StreamInfo, ...]


class Corrector:
    """Corrections of one open folder, with the way back."""

    def __init__(self, store: Workspace, folder: Path | None) -> None:
        self._store, self._folder = store, folder
        self._done: list[State] = []
        self._undone: list[State] = []

    @property
    def undo_title(self) -> str:
        """What would be taken back; "" when there is nothing."""
        return self._done[-1].title if self._done else ""

    @property
    def redo_title(self) -> str:
        """What would be made again; "" when there is nothing."""
        return self._undone[-1].title if self._undone else ""

    # ---- corrections ---------------------------------------------------------------------------------------

    def set_columns(self, name: str, changes: Mapping[str, Answer], zone: str | None, kind: StreamKind | None,
                    job: Job) -> None:
        """Give columns (by stored name) a role, a unit, a type, a time format; the rest of the program follows.

        Raises BadSettings for a stream or column that is not there, a zone that nobody knows, and for two columns with
        a role that only one may have.
        """
        stream = self._stream(name)
        zone = checked_zone(zone) if zone else None
        planned = {stored: _changed(self._column(stream, stored), ColumnAnswer(*answer))
                   for stored, answer in changes.items()}
        _refuse_doubles(stream, planned)
        kind = kind or _kind_with_time(stream, planned)
        names = {column.stored: column.name for column in stream.columns}
        answers = {names[stored]: ColumnAnswer(*answer) for stored, answer in changes.items()}
        said = config.with_columns(self._settings(), name, answers, zone=zone, kind=kind)
        self._begin(f"columns of {name}", said, job)
        texts = [stored for stored, plan in planned.items() if plan.type is ColumnType.TEXT
                 and self._column(stream, stored).kept is not ColumnType.TEXT]
        with self._store.correcting() as corrections:
            for stored in texts:
                corrections.keep_as_text(stream.stream_id, stored)
            self._store.set_columns(stream.stream_id, planned, zone=zone, kind=kind)
            corrections.relapse(stream.stream_id)
        self._store.refresh(job)

    def say_only(self, plan: StreamPlan, changes: Mapping[str, Answer], zone: str | None, kind: StreamKind | None,
                 job: Job) -> None:
        """For a stream of which nothing is loaded yet: the answers are kept, and heeded by the `load` that follows."""
        names = {column.stored: column.name for column in plan.columns}
        unknown = [stored for stored in changes if stored not in names]
        if unknown:
            raise BadSettings(f"There is no column `{unknown[0]}` in `{plan.name}`")
        answers = {names[stored]: ColumnAnswer(*answer) for stored, answer in changes.items()}
        said = config.with_columns(self._settings(), plan.name, answers, zone=checked_zone(zone) if zone else None,
                                   kind=kind)
        self._begin(f"columns of {plan.name}", said, job)

    def name_columns(self, name: str, stored: Iterable[str], names: Iterable[str], job: Job) -> None:
        """Names for the columns of files without a header, in the order of the file; roles are guessed from them."""
        stream, stored, names = self._stream(name), tuple(stored), tuple(each.strip() for each in names)
        if len(stored) != len(names):
            raise BadSettings(f"These are {len(names)} names for {len(stored)} columns", where=name,
                              do="Give one name for each column, with commas between them")
        if not all(names) or len(set(names)) != len(names):
            raise BadSettings("Each column needs a name of its own", where=name, do="Mend the list of names")
        self._begin(f"names in {name}", config.with_stream(self._settings(), name, names=names), job)
        columns = [self._column(stream, each) for each in stored]
        facts = [look_at(new, self._values(stream, column)) for new, column in zip(names, columns, strict=True)]
        taken = {column.role for column in stream.columns if column.chosen} - set(MANY_COLUMNS)
        planned = {}
        found = roles.guess(facts)
        kind = stream.kind
        if not stream.dialect and kind is not StreamKind.REFERENCE and kind is not StreamKind.OUTCOMES:
            kind = kinds.kind_of(facts, found, reference=False, long_shape=False)[0]
        guesses = roles.planned(list(stored), facts, found, kind)
        for column, new, guess in zip(columns, names, guesses, strict=True):
            if stream.dialect or column.chosen:
                continue        # a form knows what its columns are
            if guess.role not in taken and guess.role != column.role and (
                    guess.role not in TIMES or stream.column(Role.TIMESTAMP) is None):
                planned[column.stored] = replace(guess, name=new, stored=column.stored, type=column.type,
                                                 time_format=guess.time_format or column.time_format)
        with self._store.correcting() as corrections:
            corrections.rename(stream.stream_id, dict(zip(stored, names, strict=True)))
            self._store.set_columns(stream.stream_id, planned, kind=kind)
        self._store.refresh(job)

    def from_path(self, name: str, role: Role, where: str, job: Job) -> None:
        """A role whose values stand in the path of each file ("level:1", "regex:..."); "" takes it away."""
        stream = self._stream(name)
        if role.value not in config.PATH_ROLES:
            raise BadSettings(f"{role.value} cannot be taken from the path",
                              do=f"Allowed are {', '.join(config.PATH_ROLES)}")
        before = self._settings().streams.get(name, config.StreamSettings()).path
        if where:
            config.path_values(where, [])
        others = {key: one for key, one in before.items() if key != role.value}
        said = {**others, role.value: where} if where else others
        self._begin(f"{role.value.replace('_', ' ')} of {name} from the path",
                    config.with_stream(self._settings(), name, path=said), job)
        own = path_name(role)
        planned = {column.stored: _plan(column, role=None, why="The path was chosen for its role")
                   for column in stream.columns if where and column.role is role and column.name != own}
        mine = next((column for column in stream.columns if column.name == own), None)
        if mine is not None:
            planned[mine.stored] = _plan(mine, role=role if where else None, why=f"from the path ({where})")
        self._store.set_columns(stream.stream_id, planned)
        if where and mine is None:
            fresh = ColumnPlan(own, _free(own, stream), ColumnType.TEXT, role, chosen=True,
                               why=f"from the path ({where})")
            (plan,) = memory.kept_streams([self._stream(name)], ())
            self._store.ensure_stream(replace(plan, columns=(*plan.columns, fresh)))
        paths.fill(self._store, self._stream(name), self._settings())
        self._store.refresh(job)

    def leave_out(self, patterns: tuple[str, ...], job: Job) -> None:
        """Files whose paths fit one of these are not loaded, and what is loaded of them goes; `load` must follow."""
        said = msgspec.structs.replace(self._settings(), leave_out=patterns)
        self._begin("files left out", said, job)

    # ---- the way back --------------------------------------------------------------------------------------

    def undo(self, job: Job) -> bool:
        """Take the last correction back; whether a `load` must follow. Raises BadSettings when there is none."""
        return self._go(self._done, self._undone, "take back", job)

    def redo(self, job: Job) -> bool:
        """Make the correction again that was taken back last; whether a `load` must follow."""
        return self._go(self._undone, self._done, "make again", job)

    def _go(self, taken: list[State], given: list[State], word: str, job: Job) -> bool:
        if not taken:
            raise BadSettings(f"There is no correction to {word}")
        state = taken.pop()
        now = self._settings()
        given.append(State(state.title, now, self._store.streams()))
        job.report(0, 0, "Putting it back")
        settings.keep(self._store, self._folder, state.settings)
        there = {stream.stream_id for stream in self._store.streams()}
        with self._store.correcting() as corrections:
            for stream in state.streams:
                if stream.stream_id in there:
                    corrections.restore(stream.stream_id, stream.columns, stream.zone, stream.zone_assumed, stream.kind)
        for stream in self._store.streams():
            paths.fill(self._store, stream, state.settings)
        self._store.refresh(job)
        return state.settings != now and (state.settings.leave_out != now.leave_out
                                          or bool(set(now.streams) - {stream.name for stream in state.streams}))

    def _begin(self, title: str, after: FolderSettings, job: Job) -> None:
        """Remember how it is, keep what is said."""
        job.report(0, 0, "Keeping the correction")
        state = State(title, self._settings(), self._store.streams())
        settings.keep(self._store, self._folder, after)
        self._done = [*self._done, state][-MOST_STEPS:]
        self._undone.clear()
        job.report(0, 0, "Rebuilding the charts")

    # ---- inside --------------------------------------------------------------------------------------------

    def _settings(self) -> FolderSettings:
        return settings.read(self._store, self._folder)

    def _stream(self, name: str) -> StreamInfo:
        stream = next((one for one in self._store.streams() if one.name == name), None)
        if stream is None:
            raise BadSettings(f"There is no stream `{name}`", do="Open Sources to see those there are")
        return stream

    def _column(self, stream: StreamInfo, stored: str) -> ColumnInfo:
        column = next((one for one in stream.columns if one.stored == stored), None)
        if column is None:
            raise BadSettings(f"There is no column `{stored}` in `{stream.name}`")
        return column

    def _values(self, stream: StreamInfo, column: ColumnInfo) -> list[object]:
        return list(sample_texts(self._store.cursor(), stream, column.stored, SAMPLED))


def _free(name: str, stream: StreamInfo) -> str:
    return stored_names([name], [column.stored for column in stream.columns])[0]


def _plan(column: ColumnInfo, *, role: Role | None, why: str) -> ColumnPlan:
    return ColumnPlan(column.name, column.stored, column.type, role, column.unit, column.time_format, why,
                      column.samples, chosen=True)


def _changed(column: ColumnInfo, answer: ColumnAnswer) -> ColumnPlan:
    kind = answer.type or column.type
    time_format = answer.time_format or column.time_format
    if answer.role in TIMES and time_format is None:
        time_format = _time_format(column)
    return ColumnPlan(column.name, column.stored, kind, answer.role, answer.unit, time_format, "chosen by you",
                      column.samples, chosen=True)


def _time_format(column: ColumnInfo) -> TimeFormat:
    """How a column that becomes a time is written."""
    if column.type is ColumnType.TIME:
        return TimeFormat.TYPED
    if column.type is ColumnType.TEXT:
        return TimeFormat.ISO
    try:
        found = epoch_format([float(sample) for sample in column.samples])
    except ValueError:
        found = None
    if found is None:
        raise BadSettings(f"`{column.name}` does not hold times", do="Choose another column for the timestamp")
    return found


def _kind_with_time(stream: StreamInfo, planned: Mapping[str, ColumnPlan]) -> StreamKind | None:
    """Requests that told no time have one now."""
    if stream.kind is StreamKind.UNTIMED and any(plan.role is Role.TIMESTAMP for plan in planned.values()):
        return StreamKind.REQUESTS
    return None


def _refuse_doubles(stream: StreamInfo, planned: Mapping[str, ColumnPlan]) -> None:
    taken: dict[Role, str] = {}
    for column in stream.columns:
        role = planned[column.stored].role if column.stored in planned else column.role
        if role is None or role in MANY_COLUMNS:
            continue
        if role in taken:
            raise BadSettings(f"`{taken[role]}` and `{column.name}` both have the role {role.value}",
                              where=stream.name, do="Give it to one of them")
        taken[role] = column.name
    if stream.kind in ON_TIME_AXIS and Role.TIMESTAMP not in taken:
        raise BadSettings("No column would be the timestamp", where=stream.name,
                          do="Give the role timestamp to one, or choose another kind for the stream")
