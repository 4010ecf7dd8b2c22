"""From what was read to the workspace: which field is which column, and the ledger beside the rows."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from console.logs import parquet
from console.logs.arrays import same_number
from console.logs.beyond import NOTE, more_sql, unique_names, with_more
from console.logs.identity import FileState, Identity, parquet_digest, repeats
from console.logs.limits import MOST_COLUMNS
from console.logs.opened import Mark
from console.logs.parquet import Part, Shape
from console.logs.pieces import Piece
from console.logs.plan import ColumnPlan, FileFormat, Refused, StreamPlan
from console.logs.reading import cutter_of
from console.logs.unopened import Unlike
from console.roles import ColumnType, Role, StreamKind
from console.store.ledger import LEFT_ALONE, REJECTED
from console.store.names import MORE

if TYPE_CHECKING:
    from console.store import Appended, FileEntry, StreamInfo, Workspace, Writer

PIECES = "_pieces"              # the name under which the rows of pieces are registered
READ = "state NOT IN ('rejected', 'left alone', 'left out')"
SQL_TYPES = {pa.float64(): "DOUBLE", pa.int64(): "BIGINT", pa.int32(): "INTEGER", pa.int8(): "TINYINT"}
LATE_WHY = "a field that first showed up while the rows were read"


@dataclass(slots=True)
class Counts:
    """What one call added."""

    rows: int = 0
    quarantined: int = 0
    ignored: int = 0

    def add(self, other: Counts) -> None:
        """Sums up."""
        self.rows += other.rows
        self.quarantined += other.quarantined
        self.ignored += other.ignored


class Streams:
    """The streams of the folder as the workspace has them; extended when a file brings a field of its own."""

    def __init__(self, ws: Workspace, plans: Sequence[StreamPlan]) -> None:
        self._ws = ws
        self._plans: dict[str, StreamPlan] = {}
        self._infos: dict[str, StreamInfo] = {}
        self._maps: dict[tuple[str, tuple[str, ...]], dict[str, int]] = {}
        ws.ensure_streams(plans)
        for plan in plans:
            self.ensure(plan)

    @property
    def plans(self) -> tuple[StreamPlan, ...]:
        """As they are now, with the fields that came late."""
        return tuple(self._plans.values())

    def repeating(self) -> set[int]:
        """The streams whose files may have the same content and are no copies."""
        return {self._infos[plan.name].stream_id for plan in self._plans.values() if repeats(plan)}

    def plan(self, name: str) -> StreamPlan:
        """Of one stream."""
        return self._plans[name]

    def info(self, name: str) -> StreamInfo:
        """Of one stream, as it was when its table last changed."""
        return self._infos[name]

    def ensure(self, plan: StreamPlan) -> None:
        """Makes the stream, or adds the columns that it lacks."""
        before = self._plans.get(plan.name)
        if before is not None:
            known = {column.stored.lower() for column in before.columns}
            fresh = tuple(column for column in plan.columns if column.stored.lower() not in known)
            plan = replace(before, columns=before.columns + fresh, files=plan.files)
        self._plans[plan.name] = plan
        self._infos[plan.name] = self._ws.ensure_stream(plan)
        self._maps = {key: value for key, value in self._maps.items() if key[0] != plan.name}

    def renew(self) -> None:
        """Asks the workspace again what its streams are: the user may have corrected them."""
        self._infos = {name: self._ws.stream(info.stream_id) for name, info in self._infos.items()}
        self._maps = {}

    def fields(self, stream: str, keys: tuple[str, ...]) -> dict[str, int]:
        """Stored column -> position among a file's fields. A name met twice takes the columns of that name in turn."""
        known = self._maps.get((stream, keys))
        if known is None:
            known = self._maps[stream, keys] = self._match(stream, keys)
        return known

    def known(self, stream: str) -> dict[str, bool]:
        """Its fields that are read from files, and whether all columns of that name are numbers."""
        from_path = set(self._plans[stream].path_columns)
        found: dict[str, bool] = {}
        for column in self._infos[stream].columns:
            if column.stored not in from_path:
                found[column.name] = found.get(column.name, True) and column.kept is ColumnType.NUMBER
        return found

    def missing(self, stream: str, keys: tuple[str, ...]) -> list[str]:
        """Fields of a file for which the stream has no column, and may get one: it has room for so many."""
        taken = set(self.fields(stream, keys).values())
        room = max(0, MOST_COLUMNS - len(self._infos[stream].columns))
        return [key for position, key in enumerate(keys) if position not in taken][:room]

    def extend(self, stream: str, types: Mapping[str, ColumnType]) -> None:
        """Adds columns for fields that came late."""
        plan = self._plans[stream]
        used = {column.stored.lower() for column in self._infos[stream].columns}
        used |= {column.stored.lower() for column in plan.columns}
        fresh = []
        for name, type_ in types.items():
            stored = _free_name(name, used)
            role = Role.FEATURE if plan.kind in (StreamKind.REQUESTS, StreamKind.REFERENCE) and (
                type_ is ColumnType.NUMBER) else None
            fresh.append(ColumnPlan(name, stored, type_, role, why=LATE_WHY))
        at = len(plan.columns) - len(plan.path_columns)
        wider = replace(plan, columns=(*plan.columns[:at], *fresh, *plan.columns[at:]))
        self._infos[stream] = self._ws.ensure_stream(self._unsaid(wider))   # it may fail: then nothing has changed here
        self._plans[stream] = wider
        self._maps = {key: value for key, value in self._maps.items() if key[0] != stream}

    def _unsaid(self, plan: StreamPlan) -> StreamPlan:
        """Without what was chosen when it was planned: the user may have corrected it since."""
        kept = self._ws.stream(self._infos[plan.name].stream_id)
        columns = tuple(replace(column, chosen=False) for column in plan.columns)
        return replace(plan, columns=columns, kind=kept.kind, zone_assumed=True, half_chosen=False)

    def _match(self, stream: str, keys: tuple[str, ...]) -> dict[str, int]:
        from_path = set(self._plans[stream].path_columns)
        by_name: dict[str, list[str]] = {}
        for column in self._infos[stream].columns:
            if column.stored not in from_path:
                by_name.setdefault(column.name, []).append(column.stored)
        found: dict[str, int] = {}
        for position, key in enumerate(keys):
            if by_name.get(key):
                found[by_name[key].pop(0)] = position
        for column in self._infos[stream].columns:      # named by the user: the file knows it by its first name
            if column.stored not in found and column.name not in keys and column.stored in keys:
                at = keys.index(column.stored)
                if at not in found.values():
                    found[column.stored] = at
        return found


def _free_name(name: str, used: set[str]) -> str:
    """A stored name of its own; `used` holds lower-case names and gets the new one."""
    base = name.lstrip("_") or "column"
    stored, number = base, 2
    while stored.lower() in used:
        stored, number = f"{base}_{number}", number + 1
    used.add(stored.lower())
    return stored


def refuse(ws: Workspace, folder: Path, refused: Refused) -> None:
    """Notes a file that is not loaded. One of which rows were read stays what it is, and its name may be another's."""
    try:
        node = Identity.of(folder / refused.path).node
    except OSError as error:
        shown_otherwise = "\\x" in refused.path         # its name is no text, so that it is not found by this one
        if isinstance(error, FileNotFoundError) and not (shown_otherwise or (folder / refused.path).is_symlink()):
            return
        node = (0, 0)
    with ws.writing() as w:
        known = w.connection.execute("SELECT file_id FROM files WHERE path = ? AND device = ? AND inode = ? AND "
                                     f"{READ}", [refused.path, *node]).fetchall()
        if known:
            w.update_file(known[-1][0], reason=refused.reason)
            return
        w.free(refused.path)
        ws.refuse(refused.path, refused.reason, refused.rejected)


def refuse_all(ws: Workspace, folder: Path, refused: Sequence[Refused]) -> None:
    """The same for all that was met in a folder, in one transaction; what was said before is not said again."""
    known: dict[str, list[FileEntry]] = {}
    for entry in ws.ledger():
        known.setdefault(entry.path, []).append(entry)
    new = []
    for each in refused:
        state = REJECTED if each.rejected else LEFT_ALONE
        there = known.get(each.path, [])
        if any(entry.state not in (REJECTED, LEFT_ALONE) for entry in there):
            refuse(ws, folder, each)
        elif not any((entry.state, entry.reason) == (state, each.reason) for entry in there) and (
                "\\x" in each.path or os.path.lexists(folder / each.path)):
            new.append((each.path, each.reason, each.rejected))
    if new:
        ws.refuse_all(new)


def forget_refusal(ws: Workspace, path: str) -> None:
    """What was said of a file or folder that is not there any more; of files that were read nothing is forgotten."""
    with ws.writing() as w:
        w.connection.execute("DELETE FROM files WHERE path = ? AND state IN ('rejected', 'left alone')", [path])


def open_file(w: Writer, streams: Streams, state: FileState) -> int:
    """The file's row in the ledger, made when it is not there yet."""
    if state.file_id is None:
        w.free(state.plan.path)
        state.file_id = w.file(state.plan, streams.info(state.stream).stream_id, device=state.identity.device,
                               inode=state.identity.inode, size=state.identity.size,
                               mtime_ns=state.identity.mtime_ns)
    return state.file_id


def put_pieces(w: Writer, streams: Streams, pieces: Sequence[tuple[FileState, Piece]],
               arrived: datetime | None) -> Counts:
    """Rows, quarantine and ledger of pieces, within the writer's transaction. Raises Unlike when a column whose numbers
    were read as such is text by now.

    Rows of one shape go in one statement whatever their files: many small ones would cost several times the time.
    """
    groups: dict[tuple[object, ...], list[tuple[FileState, Piece, pa.Table]]] = {}
    counts = Counts()
    by_file: dict[int, list[tuple[FileState, Piece]]] = {}
    for state, piece in pieces:
        file_id = open_file(w, streams, state)
        by_file.setdefault(file_id, []).append((state, piece))
        if piece.anew is not None:
            take_back(w, streams, file_id, state, piece.first_record, piece.anew)
        quarantine_bad(w, file_id, state, piece, counts)
        rows = piece.rows()
        if rows is not None:
            fields = streams.fields(state.stream, piece.keys)
            rows = with_more(rows, piece.keys, fields)
            if MORE in rows.column_names:
                state.reason = state.reason or NOTE
            rows = rows.append_column("_file", same_number(file_id, rows.num_rows))
            key = (state.stream, tuple(fields.items()), rows.schema, state.plan.constants)
            groups.setdefault(key, []).append((state, piece, rows))
    for group in groups.values():
        _append_group(w, streams, group, by_file, arrived, counts)
    for each in by_file.values():
        state, piece = each[-1]
        state.mark = piece.mark
        note_file(w, state)
    return counts


def take_back(w: Writer, streams: Streams, file_id: int, state: FileState, record: int, begun: bytes) -> None:
    """A record that was taken when it had no end yet, and comes again whole."""
    was = w.take_back(streams.info(state.stream).stream_id, file_id, record)
    if was == "row":
        state.rows_loaded -= 1
    elif was == "quarantine":
        state.rows_quarantined -= 1
    else:
        cutter = cutter_of(state.plan)
        state.ignored -= cutter.cut(begun, final=True).ignored
        cutter.close()


def quarantine_bad(w: Writer, file_id: int, state: FileState, piece: Piece, counts: Counts) -> None:
    """Records of a piece that are no rows."""
    state.ignored += piece.cut.ignored
    counts.ignored += sum(piece.cut.ignored.values())
    if piece.cut.bad:
        w.quarantine(file_id, [(*piece.line_place(bad.line), bad.reason, bad.raw) for bad in piece.cut.bad],
                     [piece.first_record + bad.record for bad in piece.cut.bad])
        state.rows_quarantined += len(piece.cut.bad)
        counts.quarantined += len(piece.cut.bad)


def _append_group(w: Writer, streams: Streams, group: Sequence[tuple[FileState, Piece, pa.Table]],
                  by_file: Mapping[int, Sequence[tuple[FileState, Piece]]], arrived: datetime | None,
                  counts: Counts) -> None:
    first, piece, _ = group[0]
    columns = {stored: str(position) for stored, position in streams.fields(first.stream, piece.keys).items()}
    rows = pa.concat_tables([rows for _, _, rows in group])
    stream_id = streams.info(first.stream).stream_id
    numbers = {name for name, kind in zip(rows.column_names, rows.schema.types, strict=True) if kind == pa.float64()}
    kept = w.kept(stream_id) if numbers else {}
    if any(position in numbers and kept[stored] is not ColumnType.NUMBER for stored, position in columns.items()):
        raise Unlike(first.stream)          # corrected since it was cut: as text it says more
    w.connection.register(PIECES, rows)
    appended = w.append(stream_id, None, PIECES, text=not numbers, columns=columns, arrived=arrived,
                        constants=dict(first.plan.constants), more=MORE in rows.column_names,
                        finite=not any(_has_nan(rows[name]) for name in numbers), types=_types(rows))
    w.connection.unregister(PIECES)
    set_aside(w, appended, by_file, counts)


def _types(rows: pa.Table) -> dict[str, str]:
    """As the database calls them; all that is not a number of ours is text."""
    kinds = zip(rows.column_names, rows.schema.types, strict=True)
    return {name: SQL_TYPES.get(kind, "VARCHAR") for name, kind in kinds}


def _has_nan(column: pa.ChunkedArray) -> bool:
    return bool(pc.any(pc.is_nan(column)).as_py())


def set_aside(w: Writer, appended: Appended, by_file: Mapping[int, Sequence[tuple[FileState, Piece]]],
              counts: Counts) -> None:
    """Counts the rows that were appended, and puts those without a usable time into quarantine."""
    counts.rows += appended.rows
    counts.quarantined += len(appended.quarantined)
    for file_id, rows in appended.files.items():
        by_file[file_id][0][0].rows_loaded += rows
    timeless: dict[int, dict[int, tuple[int, int | None, str, str]]] = {}
    for file_id, (record, reason, _) in zip(appended.quarantined_in, appended.quarantined, strict=True):
        holder = next(piece for _, piece in by_file[file_id] if record < piece.first_record + piece.cut.records)
        timeless.setdefault(file_id, {})[record] = (*holder.place(record), reason, holder.text(record))
    for file_id, rows_ in timeless.items():
        w.quarantine(file_id, list(rows_.values()), list(rows_))
        by_file[file_id][0][0].rows_quarantined += len(rows_)


@dataclass(frozen=True, slots=True)
class Range:
    """Rows of a Parquet file, to be read by the writer itself."""

    shape: Shape
    part: Part

    @property
    def whole(self) -> bool:
        """Whether it is all of the file."""
        return self.part.first == 0 and self.part.end == self.shape.rows


def put_ranges(w: Writer, streams: Streams, folder: Path, ranges: Sequence[tuple[FileState, Range]],
               arrived: datetime | None) -> Counts:
    """Rows and ledger of ranges of Parquet files. Whole files of one shape go in one statement, on all cores."""
    groups: dict[tuple[object, ...], list[tuple[FileState, Range]]] = {}
    for at, (state, each) in enumerate(ranges):
        key = (state.stream, each.shape.schema, state.plan.constants, -1 if each.whole else at)
        groups.setdefault(key, []).append((state, each))
    counts = Counts()
    for group in groups.values():
        counts.add(_put_group(w, streams, folder, group, arrived))
    return counts


def _put_group(w: Writer, streams: Streams, folder: Path, group: Sequence[tuple[FileState, Range]],
               arrived: datetime | None) -> Counts:
    first, one = group[0]
    states = {open_file(w, streams, state): state for state, _ in group}
    fields = streams.fields(first.stream, one.shape.names)
    chosen = "".join(f'"{position}", ' for position in fields.values())
    left = sorted(set(range(len(one.shape.names))) - set(fields.values()))
    if left:
        names = unique_names(one.shape.names[position] for position in left)
        chosen += f"{more_sql(zip(names, map(str, left), strict=True))} AS {MORE}, "
    numbers = ", ".join(str(file_id) for file_id in states)
    within = "" if one.whole else (
        f" WHERE file_row_number >= {one.part.first} AND file_row_number < {one.part.end}")
    source = (f"(SELECT {chosen}[{numbers}][file_index::BIGINT + 1]::INTEGER AS _file, file_row_number AS _record "
              f"FROM {parquet.relation([folder / state.plan.path for state, _ in group], one.shape)}{within})")
    appended = w.append(streams.info(first.stream).stream_id, None, source, text=False,
                        columns={stored: str(position) for stored, position in fields.items()},
                        arrived=arrived, constants=dict(first.plan.constants), more=bool(left))
    bad: dict[int, dict[int, tuple[int, int | None, str, str]]] = {}
    for file_id, (record, reason, raw) in zip(appended.quarantined_in, appended.quarantined, strict=True):
        bad.setdefault(file_id, {})[record] = (record + 1, None, reason, raw)
    total = Counts()
    for (file_id, state), (_, each) in zip(states.items(), group, strict=True):
        if file_id in bad:
            w.quarantine(file_id, list(bad[file_id].values()), list(bad[file_id]))
        counts = Counts(appended.files.get(file_id, 0), len(bad.get(file_id, {})))
        path = folder / state.plan.path
        _note(w, state, Mark(each.part.end, each.part.end, parquet_digest(path), ""), counts)
        total.add(counts)
    return total


def _note(w: Writer, state: FileState, mark: Mark, counts: Counts) -> None:
    state.mark = mark
    state.rows_loaded += counts.rows
    state.rows_quarantined += counts.quarantined
    note_file(w, state)


def note_file(w: Writer, state: FileState) -> None:
    """The file's row in the ledger as it is now."""
    assert state.file_id is not None
    w.update_file(
        state.file_id, path=state.plan.path, device=state.identity.device, inode=state.identity.inode,
        size=state.identity.size, mtime_ns=state.identity.mtime_ns, offset=state.mark.offset,
        records=state.mark.records, next_record=state.mark.records, prefix_digest=state.mark.known_by,
        anchor=state.mark.anchor, state=state.state, reason=state.reason, rows_loaded=state.rows_loaded,
        rows_quarantined=state.rows_quarantined, rows_ignored=sum(state.ignored.values()),
        ignored=dict(state.ignored))


def is_parquet(state: FileState) -> bool:
    """Whether DuckDB reads it itself."""
    return state.plan.format is FileFormat.PARQUET and not state.plan.dialect


def age_s(mtime_ns: int) -> float:
    """Seconds since a file was last written, by its own time stamp."""
    return time.time() - mtime_ns / 1e9
