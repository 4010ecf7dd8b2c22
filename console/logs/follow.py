"""Follows a folder: the new bytes of files that grow, and files that appear, move, are cut short or copied.

Every poll looks at all names, reads a bounded amount and commits once: rows, quarantine and offsets together, so that
a kill at any moment loses and doubles nothing. Sizes, inodes and the bytes before an offset are trusted, clocks and
native events are not. A file that is being written keeps its descriptor, so that what is added under another name, or
after its name was removed, is still read. An unfinished last line waits; one that is whole but for its newline is
taken when the file has been at rest for REST_S.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from console.errors import ConsoleError
from console.jobs import Job
from console.logs import parquet
from console.logs.begun import Begun, begin, tell_ledger
from console.logs.config import left_out
from console.logs.contents import Broken, Damaged, Ended, Item, late_types, put_ranges_or_damaged
from console.logs.identity import FileState, Found, Identity, Ledger, OnDisk, look, parquet_digest, repeats
from console.logs.load import writable
from console.logs.parquet_lines import ParquetLines
from console.logs.plan import Compression, FileFormat, FilePlan, FolderPlan, Refused, StreamPlan
from console.logs.reading import Mark, Moved, Piece, TextFile
from console.logs.recognise import recognise_new
from console.logs.records import split_fields
from console.logs.walk import walk
from console.logs.writing import Counts, Range, Streams, is_parquet, note_file, open_file, put_pieces, refuse
from console.store import FileEntry, Workspace

FILE_BYTES = 16 << 20           # of one file in one poll
POLL_BYTES = 64 << 20           # of all files in one poll; the rest comes with the next
REST_S = 10.0                   # so long at rest, and a last line that is whole but for its newline counts
GRACE_S = 5.0                   # a descriptor whose name is gone is kept so long after its last byte
MOST_OPEN = 200                 # descriptors kept; beyond, the files that have been at rest longest are opened anew
REFRESH_S = 0.25                # of a poll may go to rollups


@dataclass(frozen=True, slots=True)
class Change:
    """What one poll brought. `newest` is the time of the newest row of the workspace, when rows came."""

    rows: int = 0
    quarantined: int = 0
    new_files: int = 0
    newest: datetime | None = None


@dataclass(slots=True)
class _Followed:
    """A file that is followed. `grown` is when its last byte came, by our own clock."""

    state: FileState
    text: TextFile | None = None
    grown: float = 0.0
    gone: bool = False
    seen: Identity | None = None    # as the last look at all names found it
    more: bool = False          # there is more to read than the last poll was allowed to


class Follower:
    """One folder, polled. Not for several threads at once."""

    def __init__(self, folder: Path, ws: Workspace, plan: FolderPlan, *, rest_s: float = REST_S,
                 skip: Collection[str] = ()) -> None:
        """skip: paths of files that are not read now, because whoever stopped the load does not want them yet."""
        self._folder, self._ws, self._rest_s = Path(folder), ws, rest_s
        self._plans: dict[str, tuple[str, FilePlan]] = {
            file.path: (stream.name, file) for stream in plan.streams for file in stream.files}
        self._refused: dict[str, tuple[int, int]] = {}
        for refused in plan.refused:
            self._refuse(refused.path)
        self._streams: Streams | None = None
        self._first = plan.streams
        self._settings = plan.settings
        self._skip = frozenset(skip)
        self._unwanted: dict[str, bool] = {}
        self._files: dict[tuple[int, int], _Followed] = {}
        self._behind = False        # rollups

    def close(self) -> None:
        """Lets go of all files."""
        for followed in self._files.values():
            _let_go(followed)
        self._files = {}

    def poll(self, job: Job) -> Change:
        """Reads what is new, up to a bound, and commits it at once. Raises CannotWrite when that is not possible."""
        with writable(self._ws):
            if self._streams is None:
                self._streams = Streams(self._ws, self._first)
            try:
                change = self._poll(self._streams, job)
            except Damaged as damaged:
                self.close()
                path = damaged.state.plan.path
                what = f"It is damaged ({damaged.reason}). Copy it again, or leave it out"
                refuse(self._ws, self._folder, Refused(path, what))
                self._refuse(path)
                return Change()
            except BaseException:
                self.close()        # the ledger says where to go on: what was read and not committed is read again
                raise
            if change.rows or self._behind:
                self._behind = self._ws.refresh(job, limit_s=REFRESH_S) and bool(change.rows)
            return change

    @property
    def streams(self) -> tuple[StreamPlan, ...]:
        """As they are now, with what came while following."""
        return self._streams.plans if self._streams is not None else self._first

    @property
    def plans(self) -> Mapping[str, tuple[str, FilePlan]]:
        """Path -> stream and plan of all files that were met."""
        return self._plans

    def _wants(self, path: str) -> bool:
        if path not in self._unwanted:
            patterns = self._settings.leave_out if self._settings is not None else ()
            self._unwanted[path] = path in self._skip or left_out(path, patterns) is not None
        return not self._unwanted[path]

    # ------------------------------------------------------------------ one poll
    def _poll(self, streams: Streams, job: Job) -> Change:
        files, _ = walk(self._folder, job)
        here: list[OnDisk] = []
        for each in files:
            if not self._wants(each.path):
                continue
            try:
                here.append(OnDisk(each.path, each.place, Identity.of(each.place)))
            except OSError:
                continue            # it went away just now
        arrived = datetime.now(UTC)
        notes: list[Begun] = []
        refused: list[Refused] = []
        self._watch_known(here, notes)
        items = list(self._read_known(job))
        new_files = 0
        for begun in self._meet(streams, here, refused):
            new_files += begun.state.file_id is None and not begun.state.ignored
            notes.append(begun)
            if begun.read:
                followed = _Followed(begun.state, grown=time.monotonic())
                self._files[_node(begun.state.identity)] = followed
                items += self._read(followed, FILE_BYTES)
        for state, what in items:
            types = late_types(streams, state, what)
            if types:
                streams.extend(state.stream, types)
        if not items and not any(each.note or each.replaced for each in notes):
            self._tell_refused(refused)
            return Change(new_files=new_files)
        counts = Counts()
        with self._ws.writing() as w:
            tell_ledger(w, streams, notes)
            pieces = [(state, what) for state, what in items if isinstance(what, Piece)]
            counts.add(put_pieces(w, streams, pieces, arrived))
            for state, what in items:
                if isinstance(what, Range):
                    counts.add(put_ranges_or_damaged(w, streams, self._folder, [(state, what)], arrived))
                elif not isinstance(what, Piece):
                    open_file(w, streams, state)
                    note_file(w, state)
        self._tell_refused(refused)
        self._keep_few()
        newest = max((info.last for info in self._ws.streams() if info.last is not None), default=None)
        return Change(counts.rows, counts.quarantined, new_files, newest if counts.rows else None)

    # ------------------------------------------------------------------ files that are followed
    def _watch_known(self, here: Sequence[OnDisk], notes: list[Begun]) -> None:
        """What became of the files that are followed: other names, other content, no name any more."""
        by_node = {_node(file.identity): file for file in here}
        for node, followed in list(self._files.items()):
            file = by_node.get(node)
            state = followed.state
            followed.gone, followed.seen = file is None, file.identity if file else None
            same = followed.text.continues() if followed.text is not None else (
                file is not None and file.identity == state.identity)
            if not same:
                _let_go(followed)
                del self._files[node]       # grown, cut short or written anew: met again, by what the ledger says
            elif file is not None and file.name != state.plan.path:
                state.plan = _named(state.plan, file.name)
                self._plans[file.name] = (state.stream, state.plan)
                notes.append(Begun(state, note=state.file_id is not None))

    def _read_known(self, job: Job) -> Iterator[Item]:
        left = POLL_BYTES
        order = sorted(self._files.items(), key=lambda item: item[1].state.identity.mtime_ns)
        for node, followed in order:
            job.stop_if_asked()
            if left <= 0:
                followed.more = True
                continue
            if followed.text is None:
                continue
            for item in self._read(followed, min(FILE_BYTES, left)):
                if isinstance(item[1], Piece):
                    left -= len(item[1].raw)
                yield item
            if followed.gone and not followed.more and time.monotonic() - followed.grown > GRACE_S:
                _let_go(followed)
                del self._files[node]

    def _read(self, followed: _Followed, limit: int) -> list[Item]:
        """New records of one file."""
        state = followed.state
        items: list[Item] = []
        path = self._folder / state.plan.path
        followed.more = False
        try:
            if is_parquet(state):
                shape = parquet.shape_of(path, state.plan.path)
                items = [(state, Range(shape, part)) for part in parquet.parts(shape, state.mark.offset)]
                state.state = "loaded"
                state.mark = Mark(shape.rows, shape.rows, parquet_digest(path), "")
                return [*items, (state, Ended())]
            if state.plan.format is FileFormat.PARQUET:
                rows = ParquetLines(path, state.plan, state.mark if state.mark.offset else None)
                items = [(state, piece) for piece in rows.pieces()]
                rows.close()
                state.state = "loaded"
                return [*items, (state, Ended())]
            if followed.text is None:
                followed.text = TextFile(path, state.plan, state.mark if state.mark.offset else None,
                                         state.identity.node)
            text = followed.text
            before = text.read_to
            plain = state.plan.compression is Compression.NONE
            for piece in text.pieces(final=not plain, limit=limit):
                items.append((state, piece))
            if text.read_to != before:
                followed.grown = time.monotonic()
                followed.more = text.read_to - before >= limit
            if plain and text.waiting and time.monotonic() - followed.grown > self._rest_s and text.ends_whole():
                items += [(state, piece) for piece in text.pieces(final=True)]
            if not followed.gone:
                state.identity = followed.seen or state.identity
            state.state = "waiting" if text.waiting else "following" if plain else "loaded"
            if not plain and not followed.more:
                state.reason = text.damage
                items.append((state, Ended(text.damage)))
                _let_go(followed)
        except Moved:
            self._files.pop(_node(state.identity), None)
        except (ConsoleError, OSError) as error:
            state.state = "loaded" if state.mark.records else "rejected"
            state.reason = error.what if isinstance(error, ConsoleError) else str(error)
            _let_go(followed)
            items.append((state, Broken(state.reason)))
        return items

    def _keep_few(self) -> None:
        held = [followed for followed in self._files.values() if followed.text is not None and not followed.gone]
        held.sort(key=lambda followed: followed.grown)
        for followed in held[: max(0, len(held) - MOST_OPEN)]:
            if not followed.more:
                _let_go(followed)

    # ------------------------------------------------------------------ files that are met
    def _meet(self, streams: Streams, here: Sequence[OnDisk], refused: list[Refused]) -> Iterator[Begun]:
        """Files that are not followed yet, as the ledger knows them or as discovery recognises them."""
        fresh = [file for file in here if _node(file.identity) not in self._files
                 and self._refused.get(file.name) != (file.identity.size, file.identity.mtime_ns)]
        if not fresh:
            return
        held = {followed.state.file_id for followed in self._files.values() if followed.state.file_id is not None}
        found = Ledger(self._ws.ledger(), streams.repeating()).find(fresh, held)
        found.sort(key=lambda each: each[1] is Found.COPY)      # after their originals, which may have grown
        for file, how, entry in found:
            if self._is_copy_of_read(file, how, entry):
                continue            # it is read under its own name; until that is cut short the copy has nothing new
            known = self._plans.get(file.name)
            if known is None or how in (Found.REPLACED, Found.NEW):
                known = (_gone_on(file, known) if how is Found.REPLACED else None) or self._recognised(
                    streams, file, refused)
            if known is None:
                continue
            stream, plan = known
            begun = begin(stream, plan, file.identity, how, entry)
            if not begun.read:
                self._files[_node(file.identity)] = _Followed(begun.state)
            yield begun

    def _is_copy_of_read(self, file: OnDisk, how: Found, entry: FileEntry | None) -> bool:
        """Whether a file repeats one that is being read, and not known as a whole yet: perhaps half copied."""
        for followed in self._files.values():
            if followed.text is None or followed.gone or repeats(followed.state.plan):
                continue
            if how is Found.COPY and entry is not None and followed.state.file_id == entry.file_id:
                return followed.state.mark.offset != file.identity.size
            if how in (Found.NEW, Found.REPLACED) and followed.text.begins_as(file.path, file.identity.size):
                return True
        return False

    def _recognised(self, streams: Streams, file: OnDisk, refused: list[Refused]) -> tuple[str, FilePlan] | None:
        found = recognise_new(self._folder, streams.plans, file.name, self._settings)
        if found is None:
            return None             # empty or not whole yet: asked again when it has changed
        if isinstance(found, Refused):
            self._refused[file.name] = (file.identity.size, file.identity.mtime_ns)
            refused.append(found)
            return None
        stream, plan = found
        streams.ensure(_without_files(stream))
        self._plans[file.name] = (stream.name, plan)
        return stream.name, plan

    def _refuse(self, path: str) -> None:
        try:
            identity = Identity.of(self._folder / path)
            self._refused[path] = (identity.size, identity.mtime_ns)
        except OSError:
            return

    def _tell_refused(self, refused: Sequence[Refused]) -> None:
        for each in refused:
            refuse(self._ws, self._folder, each)


def _node(identity: Identity) -> tuple[int, int]:
    return identity.device, identity.inode


def _let_go(followed: _Followed) -> None:
    if followed.text is not None:
        followed.text.close()
        followed.text = None


def _named(plan: FilePlan, path: str) -> FilePlan:
    return replace(plan, path=path)


def _gone_on(file: OnDisk, before: tuple[str, FilePlan] | None) -> tuple[str, FilePlan] | None:
    """For a file cut short whose writer went on without a header: what it was before. Else it is recognised anew."""
    if before is None:
        return None
    stream, plan = before
    _, head = look(file.path)
    first = head.lstrip(b"\0").partition(b"\n")[0].removesuffix(b"\r")
    if plan.format is FileFormat.JSON_LINES:
        return before if first.startswith(b"{") else None
    fields, closed, _ = split_fields(first, plan.delimiter.encode())
    if plan.format is not FileFormat.CSV or not closed or len(fields) != len(plan.columns):
        return None
    names = tuple(field or "" for field in fields)
    return None if names == plan.columns or not plan.has_header else (stream, replace(plan, has_header=False))


def _without_files(stream: StreamPlan) -> StreamPlan:
    return stream.with_files(())
