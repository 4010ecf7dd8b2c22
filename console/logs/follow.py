"""Follows a folder: the new bytes of files that grow, and files that appear, move, are cut short or copied.

Every poll looks at all names, reads a bounded amount and commits once: rows, quarantine and offsets together, so that
a kill at any moment loses and doubles nothing. Sizes, inodes and the bytes before an offset are trusted, clocks and
native events are not: polling works on network shares too, and a poll in which nothing has changed costs one `stat` a
file. How often to poll is the caller's choice (a tenth of a second while something comes, a second when nothing does;
`Change.more` says that there is more to read at once).

A file that is being written keeps its descriptor, so that what is added under another name, or after its name was
removed, is still read. An unfinished last line waits; one that is whole but for its newline is taken when the file has
been at rest for REST_S, and taken anew should it go on after all. What cannot be read yet (`patience`) is asked again.
When a poll fails, what it read is read again by the next: descriptors stay, and stand where the ledger says.
"""

from __future__ import annotations

import contextlib
import math
import os
import stat
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from console.errors import ConsoleError
from console.jobs import Job
from console.logs import headless
from console.logs.begun import Begun, begin, begin_part, tell_ledger
from console.logs.config import left_out
from console.logs.contents import Broken, Damaged, Item, late_types, put_ranges_or_damaged
from console.logs.copies import Copies
from console.logs.followed import CUT_OFF_S, Followed, is_plain
from console.logs.identity import FileState, Found, Identity, Ledger, OnDisk, is_part, look, repeats
from console.logs.load import writable
from console.logs.opened import Moved
from console.logs.patience import Patience
from console.logs.pieces import Piece
from console.logs.plan import Compression, FileFormat, FilePlan, FolderPlan, Refused, StreamPlan
from console.logs.reading import TextFile
from console.logs.recognise import path_tells_apart, recognise_new, told_apart
from console.logs.unopened import Unlike
from console.logs.walk import walk
from console.logs.writing import (
    Counts,
    Range,
    Streams,
    forget_refusal,
    note_file,
    open_file,
    put_pieces,
    refuse,
)
from console.store import FileEntry, Workspace

FILE_BYTES = 16 << 20           # of one file in one poll
POLL_BYTES = 64 << 20           # of all files in one poll; the rest comes with the next
REST_S = 10.0                   # so long at rest, and a last line that is whole but for its newline counts
GRACE_S = 5.0                   # a descriptor whose name is gone is kept so long after its last byte
MOST_OPEN = 200                 # descriptors kept; beyond, the files that have been at rest longest are opened anew
GROWING_S = 2.0                 # a file that grew within so many seconds is one that grows
REFRESH_S = 0.25                # of a poll may go to rollups,
REFRESH_REST = 0.5              # which then rest this many times as long as they took: rows come first
UNREADABLE = "It may not be read. Give this user the right to read it"


@dataclass(frozen=True, slots=True)
class Change:
    """What one poll brought."""

    rows: int = 0
    quarantined: int = 0
    new_files: int = 0
    more: bool = False          # files have more to read than one poll is allowed to: poll again at once
    behind: bool = False        # rollups do not hold all rows yet; a poll soon brings them up to date
    refreshed: bool = False     # rollups have changed


class Follower:
    """One folder, polled. Not for several threads at once."""

    def __init__(self, folder: Path, ws: Workspace, plan: FolderPlan, *, rest_s: float = REST_S,
                 skip: Collection[str] = (), clock: Callable[[], float] = time.monotonic, look_s: float = 0.0) -> None:
        """Nothing is read yet.

        look_s  while files grow, all names are looked at so often; 0: with every poll
        skip   paths of files that are not read now, because whoever stopped the load does not want them yet
        clock  seconds, never going back
        """
        self._folder, self._ws, self._rest_s, self._clock = Path(folder), ws, rest_s, clock
        self._plans: dict[str, tuple[str, FilePlan]] = {
            file.path: (stream.name, file) for stream in plan.streams for file in stream.files}
        self._streams: Streams | None = None
        self._first = plan.streams
        self._settings = plan.settings
        self._skip = frozenset(skip)
        self._unwanted: dict[str, bool] = {}
        self._files: dict[tuple[int, int], Followed] = {}
        self._seen: dict[str, OnDisk] = {}      # by the last look
        self._look_s, self._looked_at = look_s, -math.inf
        self._patience = Patience(clock)
        self._copies = Copies(clock)
        self._told = {refused.path: refused.reason for refused in plan.refused}
        self._by_id: dict[int, tuple[str, FilePlan]] = {}       # of files that were let go of
        for refused in plan.refused:
            self._asked_by_discovery(refused.path)
        self._before: dict[int, tuple[FileState, FileState]] = {}       # states as they were when the poll began
        self._turn = 0
        self._generation = ws.generation
        self._behind = False        # rollups
        self._unseen = False        # something was written that nobody was told of yet
        self._refresh_at = -math.inf

    def close(self) -> None:
        """Lets go of all files."""
        for followed in self._files.values():
            followed.let_go()
        self._files = {}

    def poll(self, job: Job) -> Change:
        """Reads what is new, up to a bound, and commits it at once.

        Raises NoSuchFolder while the folder is away, CannotWrite when the workspace cannot be written: nothing is lost
        by either, and the next poll goes on.
        """
        self._turn += 1
        with writable(self._ws):
            if self._streams is None:
                self._streams = Streams(self._ws, self._first)
            if self._ws.generation != self._generation:
                self._learn(self._streams)
            try:
                change, refreshed = self._read_and_refresh(self._streams, job)
            finally:
                if self._unseen:        # rows and their rollups at once: between them a board would be drawn in vain
                    self._ws.show()
                    self._unseen = False
            self._generation = self._ws.generation
            return replace(change, behind=self._behind, refreshed=refreshed)

    def _read_and_refresh(self, streams: Streams, job: Job) -> tuple[Change, bool]:
        """What came, and whether rollups changed."""
        change = self._read_once(streams, job)
        self._behind = self._behind or change.rows > 0
        if not self._behind or (change.rows and self._clock() < self._refresh_at):
            return change, False
        began = self._clock()
        self._behind = refreshed = self._ws.refresh(job, limit_s=REFRESH_S)
        ended = self._clock()
        self._refresh_at = ended + REFRESH_REST * (ended - began)
        return change, refreshed

    def _read_once(self, streams: Streams, job: Job) -> Change:
        """One look and one transaction; when it fails, nothing has happened."""
        self._before = {}
        try:
            return self._poll(streams, job)
        except Unlike:          # a column was corrected between reading and writing
            self._undo()
            self._learn(streams)
            return self._read_once(streams, job)
        except Damaged as damaged:
            self._undo()
            return self._damaged(damaged)
        except BaseException:
            self._undo()
            raise

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

    def _asked_by_discovery(self, path: str) -> None:
        """What it refused for its content is asked again when it has changed; what it could not open, always."""
        place = self._folder / path
        try:
            about = place.stat()
        except OSError:
            return
        if stat.S_ISREG(about.st_mode) and _readable(place):
            self._patience.only_when_changed(OnDisk(path, place, Identity.from_stat(about)))

    # ------------------------------------------------------------------ one poll
    def _poll(self, streams: Streams, job: Job) -> Change:
        here = self._glance() or self._look(job)
        arrived = datetime.now(UTC)
        notes: list[Begun] = []
        self._watch_known(here, notes)
        new_files = 0
        for begun in self._meet(streams, here):
            new_files += begun.state.file_id is None and not begun.state.ignored
            notes.append(begun)
            self._touch(begun.state)
            followed = Followed(begun.state, grown=self._clock(), seen=begun.state.identity, more=begun.read)
            self._files[begun.state.identity.node] = followed
        self._hold(notes)
        items = list(self._read_all(job))
        for state, what in items:
            types = late_types(streams, state, what)
            if types:
                streams.extend(state.stream, types)
        more = any(followed.more for followed in self._files.values())
        if not items and not any(each.note or each.replaced for each in notes):
            return Change(new_files=new_files, more=more)
        counts = Counts()
        with self._ws.writing(seen=False) as w:
            self._unseen = True
            tell_ledger(w, streams, notes)
            pieces = [(state, what) for state, what in items if isinstance(what, Piece)]
            counts.add(put_pieces(w, streams, pieces, arrived))
            for state, what in items:
                if isinstance(what, Range):
                    counts.add(put_ranges_or_damaged(w, streams, self._folder, [(state, what)], arrived))
                elif not isinstance(what, Piece):
                    open_file(w, streams, state)
                    note_file(w, state)
        self._keep_few()
        self._patience.hurry()
        return Change(counts.rows, counts.quarantined, new_files, more)

    def _glance(self) -> list[OnDisk]:
        """What the last look saw, where that is not long ago and something grows: those files alone are asked anew.
        Nothing when all names must be looked at: hundreds of them ten times a second are a tenth of following."""
        now = self._clock()
        growing = [followed for followed in self._files.values()
                   if followed.text is not None and now - followed.grown < GROWING_S]
        if now - self._looked_at >= self._look_s or not growing:
            return []
        seen = dict(self._seen)
        for followed in growing:
            known = seen.get(followed.state.plan.path)
            try:
                identity = Identity.from_stat(known.path.stat()) if known is not None else None
            except OSError:
                return []
            if known is None or identity is None or identity.node != known.identity.node:
                return []
            seen[known.name] = OnDisk(known.name, known.path, identity)
        self._seen = seen
        return list(seen.values())

    def _look(self, job: Job) -> list[OnDisk]:
        """All files that are there now; what is in the way of others is told."""
        self._looked_at = self._clock()
        files, refused = walk(self._folder, job)
        before, self._seen = self._seen, {}
        for found in files:
            if self._wants(found.path):
                known, identity = before.get(found.path), Identity.from_stat(found.about)
                if known is None or known.identity != identity:
                    known = OnDisk(found.path, found.place, identity)
                self._seen[found.path] = known
        names = {file.path for file in files}
        for each in refused:
            self._tell(each)
            names.add(each.path)
        for path in self._told.keys() - names:
            forget_refusal(self._ws, path)
            del self._told[path]
        self._patience.keep(names)
        return list(self._seen.values())

    def _undo(self) -> None:
        """The poll failed: all files stand again where the ledger has them."""
        for state, before in self._before.values():
            for name in ("plan", "identity", "file_id", "mark", "rows_loaded", "rows_quarantined", "ignored", "state",
                         "reason"):
                setattr(state, name, getattr(before, name))
        for node, followed in list(self._files.items()):
            if id(followed.state) not in self._before:
                continue
            text = followed.text
            if followed.state.file_id is None or text is None or text.plan.compression is not Compression.NONE:
                followed.let_go()
                del self._files[node]       # met again
                continue
            try:
                text.rewind(followed.state.mark)
                followed.more = True
            except (ConsoleError, OSError):
                followed.let_go()
                del self._files[node]

    def _touch(self, state: FileState) -> None:
        """Remembers what a file was before this poll changed it."""
        self._before.setdefault(id(state), (state, replace(state, ignored=state.ignored.copy())))

    def _damaged(self, damaged: Damaged) -> Change:
        path = damaged.state.plan.path
        self._tell(Refused(path, f"It is damaged ({damaged.reason}). Copy it again, or leave it out"))
        followed = self._files.pop(damaged.state.identity.node, None)
        if followed is not None:
            followed.let_go()
        self._patience.only_when_changed(OnDisk(path, self._folder / path, damaged.state.identity))
        return Change(more=True)

    def _learn(self, streams: Streams) -> None:
        """What others did to the workspace since the last poll: corrections, records read again, files left out."""
        streams.renew()
        entries = {entry.file_id: entry for entry in self._ws.ledger()}
        for node, followed in list(self._files.items()):
            state = followed.state
            entry = entries.get(state.file_id) if state.file_id is not None else None
            if entry is None:
                continue
            if entry.state == "left out":
                followed.let_go()
                del self._files[node]
                self._unwanted[entry.path] = True
                continue
            state.rows_loaded, state.rows_quarantined = entry.rows_loaded, entry.rows_quarantined
            state.ignored.clear()
            state.ignored.update(entry.ignored)

    # ------------------------------------------------------------------ files that are followed
    def _watch_known(self, here: Sequence[OnDisk], notes: list[Begun]) -> None:
        """What became of the files that are followed: other names, other content, no name any more."""
        by_node = {file.identity.node: file for file in here}
        for node, followed in list(self._files.items()):
            file = by_node.get(node)
            state = followed.state
            followed.gone, followed.seen = file is None, file.identity if file else None
            if not followed.is_same(file):
                self._drop(followed)        # grown, cut short or written anew: met again, by what the ledger says
                self._patience.hurry()
            elif file is not None and file.name != state.plan.path:
                self._touch(state)
                state.plan = replace(state.plan, path=file.name)
                self._plans[file.name] = (state.stream, state.plan)
                notes.append(Begun(state, note=state.file_id is not None))

    def _read_all(self, job: Job) -> Iterator[Item]:
        """New records of all files, those first that have waited longest for their turn."""
        left = POLL_BYTES
        now = self._clock()
        due = [followed for followed in self._files.values() if followed.is_due(now, self._rest_s)]
        due.sort(key=lambda each: (each.turn, each.state.identity.mtime_ns))
        for followed in due:
            job.stop_if_asked()
            if left <= 0:
                followed.more = True
                continue
            items = self._read(followed, min(FILE_BYTES, left))
            for item in items:
                if isinstance(item[1], Piece):
                    left -= len(item[1].raw)
                elif isinstance(item[1], Range):
                    left = 0
                followed.turn = self._turn
                yield item
            # Only when all that was read of it is committed: nobody could read it again.
            if followed.gone and not followed.more and not items and self._clock() - followed.grown > GRACE_S:
                self._drop(followed)

    def _read(self, followed: Followed, limit: int) -> list[Item]:
        """New records of one file."""
        state = followed.state
        self._touch(state)
        rest_s = min(self._rest_s, GRACE_S) if followed.gone else self._rest_s      # its last line is read before
        try:
            items = followed.read(self._folder, limit, self._clock(), rest_s, self._fields(state))
        except Moved:
            self._drop(followed)
            return []
        except (ConsoleError, OSError) as error:
            return self._broken(followed, error)
        state.reason = "" if state.reason == UNREADABLE else state.reason
        if is_plain(state):
            for _, what in items:
                if isinstance(what, Piece):
                    self._copies.read(state, what)
        return items

    def _fields(self, state: FileState) -> Mapping[str, bool]:
        return self._streams.known(state.stream) if self._streams is not None else {}

    def _broken(self, followed: Followed, error: Exception) -> list[Item]:
        """A file that cannot be read on now: said once, and asked again."""
        state = followed.state
        reason = error.what if isinstance(error, ConsoleError) else str(error)
        told = self._told.get(state.plan.path) == reason
        self._told[state.plan.path] = reason
        state.state, state.reason = "loaded" if state.mark.records else "rejected", reason
        self._drop(followed)
        self._patience.wait(OnDisk(state.plan.path, self._folder / state.plan.path, followed.seen or state.identity))
        return [] if told else [(state, Broken(reason))]

    def _drop(self, followed: Followed) -> None:
        state = followed.state
        if followed.text is not None and is_plain(state):
            self._copies.cut_short(state, followed.text)
        if state.file_id is not None:
            self._by_id[state.file_id] = (state.stream, state.plan)
        followed.let_go()
        if self._files.get(state.identity.node) is followed:
            del self._files[state.identity.node]

    def _hold(self, met: Sequence[Begun]) -> None:
        """Opens files that were met with nothing new in them, the newest first: who removes one may write before."""
        room = MOST_OPEN - sum(followed.text is not None for followed in self._files.values())
        rest = [begun.state for begun in met if not begun.read and not begun.state.copied]
        rest.sort(key=lambda state: -state.identity.mtime_ns)
        for state in rest[: max(0, room)]:
            followed = self._files.get(state.identity.node)
            if followed is not None and followed.text is None and is_plain(state):
                with contextlib.suppress(ConsoleError, OSError):
                    followed.more = followed.open(self._folder, self._fields(state)).waiting > 0

    def _keep_few(self) -> None:
        held = [followed for followed in self._files.values() if followed.text is not None and not followed.gone
                and not followed.more]
        held.sort(key=lambda followed: followed.grown)
        for followed in held[: max(0, len(held) - MOST_OPEN)]:
            followed.set_aside(self._clock(), self._rest_s)

    # ------------------------------------------------------------------ files that are met
    def _meet(self, streams: Streams, here: Sequence[OnDisk]) -> Iterator[Begun]:
        """Files that are not followed yet, as the ledger knows them or as discovery recognises them."""
        fresh = []
        for file in here:
            if file.identity.node in self._files or not self._patience.is_due(file):
                continue
            if _readable(file.path):
                fresh.append(file)
            else:
                self._tell(Refused(file.name, UNREADABLE))
                self._patience.wait(file)
        if not fresh:
            return
        held = {followed.state.file_id for followed in self._files.values() if followed.state.file_id is not None}
        began = self._clock()
        ledger = Ledger(self._ws.ledger(), streams.repeating(), told_apart(streams))
        found = ledger.find(fresh, held)
        cost = (self._clock() - began) / len(found)
        found.sort(key=lambda each: (each[1] in (Found.COPY, Found.PART), each[0].path.suffix in (".gz", ".zst")))
        self._copies.new_poll()
        read = [(followed.state, followed.text) for followed in self._files.values()
                if followed.text is not None and not followed.gone and not repeats(followed.state.plan)]
        for file, how, entry in found:
            if how in (Found.NEW, Found.REPLACED) and self._copies.is_twin(file):
                continue            # known better once the other is read
            begun = self._begun(streams, file, how, entry, ledger.parts.get(file.name), read)
            if begun is None:
                self._patience.wait(file, cost_s=cost)
                continue
            self._patience.over(file.name)
            self._told.pop(file.name, None)
            yield begun

    def _begun(self, streams: Streams, file: OnDisk, how: Found, entry: FileEntry | None, own: FileEntry | None,
               read: Sequence[tuple[FileState, TextFile]]) -> Begun | None:
        """Where to read it from; None to ask again later."""
        if how is Found.UNFINISHED:
            if self._patience.unchanged_s(file) <= CUT_OFF_S:
                return None
            if entry is not None:
                self._tell(Refused(file.name, f"It ends too early; what it has was read as {entry.path}. Copy it "
                                              "again, or leave it out"))
                return None
            how = Found.NEW
        if how is Found.COPY and entry is not None and self._is_behind(entry):
            return None             # the original has bytes that were not read yet: the copy may have them too
        if how in (Found.NEW, Found.REPLACED) or own is not None or (entry is not None and is_part(entry)):
            original = self._copies.original_of(file, [each for each in read if not path_tells_apart(
                streams.plan(each[0].stream), file.name, each[0].plan.path)])
            if original is not None:
                begun = begin_part(original.stream, replace(original.plan, path=file.name), file, original.plan.path)
                own = own or (entry if entry is not None and is_part(entry) else None)
                begun.state.file_id = own.file_id if own is not None else None
                return begun if begun.note else None
            if how is not Found.NEW and self._copies.may_be_rewritten(file):
                return None
        known = self._known(file, how, entry) or self._recognised(streams, file, self._plans.get(file.name))
        if known is None:
            return None
        known = known[0], replace(known[1], path=file.name)
        self._plans[file.name] = known
        return begin(*known, file, how, entry, own)

    def _known(self, file: OnDisk, how: Found, entry: FileEntry | None) -> tuple[str, FilePlan] | None:
        """Stream and plan of a file whose records the ledger has."""
        if how in (Found.NEW, Found.REPLACED) or entry is None:
            return None
        known = self._plan_of(entry.file_id)
        if how is Found.COPY and known is not None:
            compression = look(file.path)[0]
            return known[0], replace(known[1], compression=compression, size=file.identity.size)
        known = known or self._plans.get(file.name)
        if known is not None and (known[1].format, known[1].compression) != (entry.format, entry.compression):
            return None
        return known

    def _plan_of(self, file_id: int) -> tuple[str, FilePlan] | None:
        """Stream and plan under which a file was read in this run."""
        for followed in self._files.values():
            if followed.state.file_id == file_id:
                return followed.state.stream, followed.state.plan
        return self._by_id.get(file_id)

    def _is_behind(self, entry: FileEntry) -> bool:
        """Whether the file that this one repeats is held, and not read to its end yet."""
        for followed in self._files.values():
            if followed.state.file_id == entry.file_id:
                if followed.more or (followed.text is not None and followed.text.waiting):
                    return True
                return followed.text is not None and followed.text.size > followed.text.read_to
        return False

    def _recognised(self, streams: Streams, file: OnDisk,
                    before: tuple[str, FilePlan] | None) -> tuple[str, FilePlan] | None:
        """The stream of a new file. `before`: what was last read under its name."""
        given_up = self._patience.unchanged_s(file) > CUT_OFF_S
        found = recognise_new(self._folder, streams.plans, file.name, self._settings, given_up=given_up,
                              read=self._plans.values())
        if not isinstance(found, tuple) or not found[1].has_header:
            like = before or self._like(file.name)
            known = headless.go_on_like(found, file.path, like) if like is not None else None
            if known is not None:
                return known
        if found is None:
            return None             # empty or not whole yet: asked again when it has changed
        if isinstance(found, Refused):
            self._tell(found)
            return None
        stream, plan = found
        streams.ensure(stream.with_files(()))
        return stream.name, plan

    def _like(self, name: str) -> tuple[str, FilePlan] | None:
        """A table that the same log left."""
        wanted = headless.kin_of(name)
        return next((known for path, known in self._plans.items() if known[1].format is FileFormat.CSV
                     and headless.kin_of(path) == wanted), None)

    def _tell(self, refused: Refused) -> None:
        """Notes in the ledger why something is not read; the same words once only."""
        if self._told.get(refused.path) != refused.reason:
            refuse(self._ws, self._folder, refused)
            self._told[refused.path] = refused.reason


def _readable(path: Path) -> bool:
    """Whether a regular file may be read. Asked by opening it: permissions are not all that is in the way."""
    try:
        os.close(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)))
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
