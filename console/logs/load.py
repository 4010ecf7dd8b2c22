"""Loads a folder: newest files first, exactly once, and on from where an earlier run stopped.

One path for text, for bulk and for following (the design had DuckDB's readers for whole files): bytes cut at whole
records in `reading`, handed over as Arrow, committed with their offset. So a file that grows meanwhile is never half
counted, offsets and lines are exact, work can be stopped between pieces, and a crash in mid-file resumes there. It is
no slower: Arrow takes half the processor time of DuckDB's CSV reader, and records are numbered where they are cut,
while `row_number()` would run on one core.
One thread reads and cuts (in Arrow and DuckDB, outside the interpreter lock), one writes (`bulk`), this one keeps the
books. A transaction holds a batch of about BATCH_ROWS rows: small ones cost twice the time.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from console.errors import NoLogs
from console.jobs import Job, JobStopped
from console.logs.again import Items, Taken
from console.logs.begun import begin, tell_ledger
from console.logs.bulk import Batch, side_by_side
from console.logs.contents import Broken, Damaged, Ended, Item, late_types, put_ranges_or_damaged, read_ahead
from console.logs.identity import FileState, Found, Identity, Ledger, OnDisk
from console.logs.pieces import Piece
from console.logs.plan import Compression, FileFormat, FilePlan, FolderPlan, Refused
from console.logs.recognise import told_apart
from console.logs.unopened import Unlike
from console.logs.writing import Counts, Range, Streams, age_s, note_file, open_file, refuse, refuse_all
from console.roles import ColumnType, StreamKind
from console.store import Workspace, Writer, trouble

FIRST_ROWS = 200_000            # in the first transaction, so that there is something to see soon
BATCH_ROWS = 2_000_000
BATCH_RANGE_ROWS = 4_000_000    # of Parquet, whose statements can be ended and tell how far they are
BATCH_BYTES = 1 << 30           # of text
BATCH_BAD = 200_000             # records for the quarantine, of which each takes as much memory as many rows
REFRESH_S = 1.0                 # rollups are brought up to date at most so often while loading,
REFRESH_SHARE = 0.1             # and take about so much of the time until the last one
LIVE_S = 2.0                    # a file written less long ago may still get the end of its last line
MOST_WAIT_S = 60.0              # nobody waits longer than so for the end of a line: it is left to following
KIND_ORDER = (StreamKind.REQUESTS, StreamKind.OUTCOMES, StreamKind.SAMPLES, StreamKind.REFERENCE,
              StreamKind.UNTIMED)


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What the workspace holds after loading; `seconds` and `files_rejected` are of this run and its folder."""

    files: int
    rows_read: int
    rows_loaded: int
    rows_quarantined: int
    rows_ignored: int
    events: int
    outcomes: int
    samples: int
    reference: int
    files_rejected: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Progress:
    """How far loading is."""

    files_done: int = 0
    files_total: int = 0
    bytes_done: int = 0
    bytes_total: int = 0
    rows: int = 0
    rows_per_second: float = 0.0
    quarantined: int = 0
    note: str = ""


def load_folder(plan: FolderPlan, ws: Workspace, job: Job, *, on_change: Callable[[], None] | None = None,
                live_s: float = LIVE_S) -> LoadReport:
    """Brings the workspace up to date with the files of the plan. What the ledger knows is not loaded again.

    Raises JobStopped between batches (all before stays), NoLogs when there is nothing to show, CannotWrite when the
    workspace cannot be written (it stays as it was after the last batch).
    """
    with writable(ws):
        return _Loading(plan, ws, job, on_change, live_s).run()


@contextlib.contextmanager
def writable(ws: Workspace) -> Iterator[None]:
    """Turns what the database says about a full or lost disk into a sentence."""
    try:
        yield
    except (duckdb.Error, OSError) as error:
        if not trouble.is_of_disk(error):
            raise
        raise trouble.cannot_write(error, ws.path) from error


class _Loading:
    """One run over a folder."""

    def __init__(self, plan: FolderPlan, ws: Workspace, job: Job, on_change: Callable[[], None] | None,
                 live_s: float) -> None:
        self._plan, self._ws, self._job, self._on_change, self._live_s = plan, ws, job, on_change, live_s
        self._folder = Path(plan.folder)
        self._streams = Streams(ws, plan.streams)
        self._counts = Counts()
        self._bytes_done = 0
        self._bytes_total = 0
        self._files_done = 0
        self._files: list[FileState] = []
        self._done_of: dict[int, int] = {}
        self._many_bad = False      # of the last transaction
        self._given_up: set[int] = set()        # states of files that broke: what follows behind is not read
        self._refresh_at = 0.0
        self._spares = False        # memory, since most of it is text
        self._started = time.monotonic()
        self.progress = Progress()

    def run(self) -> LoadReport:
        refuse_all(self._ws, self._folder, self._plan.refused)
        self._files = self._to_do()
        self._bytes_total = sum(state.identity.size for state in self._files)
        text = sum(state.identity.size for state in self._files if state.plan.format is not FileFormat.PARQUET)
        self._spares = 2 * text > self._bytes_total
        try:
            if self._spares:
                self._ws.spare()
            held = self._load(self._files, wait=False)
            if held:
                held = self._load(self._settled(held), wait=True)
            self._refresh(last=True)
            self._ws.checkpoint()
        finally:
            if self._spares:
                self._ws.spare_no_more()
        return self._report()

    # ------------------------------------------------------------------ what there is to do
    def _to_do(self) -> list[FileState]:
        """The files that have something new, newest first (by stretches); the ledger is told what moved."""
        plans: list[tuple[float, int, str, FilePlan]] = []
        for stream in self._plan.streams:
            for at, file in enumerate(stream.files):
                plans.append((at / len(stream.files), KIND_ORDER.index(stream.kind), stream.name, file))
        plans.sort(key=lambda each: each[:2])
        there: dict[str, tuple[str, FilePlan]] = {}
        files: list[OnDisk] = []
        for _, _, name, plan in plans:
            path = self._folder / plan.path
            try:
                files.append(OnDisk(plan.path, path, Identity.of(path)))
                there[plan.path] = (name, plan)
            except OSError as error:
                refuse(self._ws, self._folder, Refused(plan.path, f"It cannot be opened ({error.strerror})"))
        ledger = Ledger(self._ws.ledger(), self._streams.repeating(), told_apart(self._streams))
        begun = []
        for found, how, entry in ledger.find(files):
            if how is Found.UNFINISHED and entry is not None:
                refuse(self._ws, self._folder, Refused(found.name, f"It ends too early; what it has was read as "
                                                                   f"{entry.path}. Copy it again, or leave it out"))
                continue
            begun.append(begin(*there[found.name], found, how, entry, ledger.parts.get(found.name)))
        begun.sort(key=lambda each: each.state.copied)      # a copy after its original, which may have grown
        if any(each.note or each.replaced for each in begun):
            with self._ws.writing() as w:
                tell_ledger(w, self._streams, begun)
        return side_by_side([each.state for each in begun if each.read])

    def _settled(self, held: Sequence[FileState]) -> list[FileState]:
        """Files whose last line has no end, once they have been at rest; those that grow are left to following."""
        if self._live_s > MOST_WAIT_S:
            return []
        until = time.monotonic() + self._live_s     # for all of them, and by our own clock: a file's may be ahead
        while time.monotonic() < until and any(self._is_young(state) for state in held):
            time.sleep(min(0.05, self._live_s))
            self._job.stop_if_asked()
        return [state for state in held if self._size_of(state) == state.identity.size]

    def _is_young(self, state: FileState) -> bool:
        try:
            about = Identity.of(self._folder / state.plan.path)
        except OSError:
            return False
        return about.size == state.identity.size and age_s(about.mtime_ns) < self._live_s

    def _size_of(self, state: FileState) -> int:
        try:
            return Identity.of(self._folder / state.plan.path).size
        except OSError:
            return -1

    # ------------------------------------------------------------------ reading here, writing there
    def _load(self, files: Sequence[FileState], *, wait: bool) -> list[FileState]:
        """Reads and writes these files; gives those with an unfinished last line.

        wait  it was waited for their last lines: they have come to rest
        """
        held: list[FileState] = []
        at_rest_s = -math.inf if wait else self._live_s
        items = Items(self._streams)
        with read_ahead(self._folder, files, at_rest_s, self._streams, items.opens) as ahead:
            items.read_from(ahead)
            item = next(items, None)
            first = True
            while item is not None:
                self._make_room(item)
                item = self._batch(item, items, held, FIRST_ROWS if first or self._many_bad else BATCH_ROWS)
                while item is not None and id(item[0]) in self._given_up:
                    item = next(items, None)
                first = False
                self._refresh()
                self._job.stop_if_asked()
        return held

    def _batch(self, item: Item | None, items: Items, held: list[FileState], rows: int) -> Item | None:
        """One transaction; gives the item that comes next, which is the same when the transaction was lost."""
        if item is not None and isinstance(item[1], Range):
            return self._ranges(item, items, held, rows)
        taken = Taken()
        size = bad = 0
        ends: list[Item] = []
        stopped: JobStopped | None = None
        try:
            with self._ws.writing() as w, Batch(w, self._streams) as batch:
                while item is not None:
                    taken.add(item)
                    state, what = item
                    if isinstance(what, Piece):
                        batch.put(state, what)
                        size += what.mark.offset - what.offset
                        bad += len(what.cut.bad)
                    else:
                        ends.append(item)
                    self._tell(state, what, Counts(batch.rows))
                    item = next(items, None)
                    try:
                        self._job.stop_if_asked()
                    except JobStopped as stop:
                        stopped = stop
                    if (stopped is not None or item is None or isinstance(item[1], Range) or self._needs_room(item)
                            or batch.rows >= rows or size >= BATCH_BYTES or bad >= BATCH_BAD):
                        break
                counts = batch.finish()
                for state, what in ends:
                    self._end(w, state, what, held)
        except Unlike as unlike:
            was_taken = item is None or item is taken.items[-1][0]
            items.lost(unlike.stream, taken, None if was_taken else item)
            if stopped is not None:
                raise stopped from None
            return next(items, None)
        self._counts.add(counts)
        self._many_bad = 4 * counts.quarantined > counts.rows
        if stopped is not None:
            self._refresh(last=True)
            raise stopped
        return item

    def _ranges(self, item: Item | None, items: Iterator[Item], held: list[FileState], rows: int) -> Item | None:
        """The same for Parquet, where a batch is only a list until it is written, so that it can be written again."""
        batch: list[Item] = []
        size = 0
        while item is not None and not isinstance(item[1], Piece) and not (batch and self._needs_room(item)):
            batch.append(item)
            size += item[1].part.end - item[1].part.first if isinstance(item[1], Range) else 0
            item = next(items, None)
            if size >= (BATCH_RANGE_ROWS if rows == BATCH_ROWS else rows):
                break
        try:
            self._write(batch, held)
        except Damaged:
            for state in {id(state): state for state, _ in batch}.values():
                alone = [each for each in batch if each[0] is state]
                try:
                    self._write(alone, held)
                except Damaged:
                    self._up_to_the_damage(state, alone, held)
        return item

    def _up_to_the_damage(self, state: FileState, items: Sequence[Item], held: list[FileState]) -> None:
        """What can be read of a file that is damaged further behind, part by part."""
        for item in items:
            try:
                self._write([item], held)
            except Damaged as damaged:
                broken = Broken(f"It is damaged ({damaged.reason}). Copy it again, or leave it out")
                self._given_up.add(id(state))
                self._write([(state, broken)], held)
                return

    def _write(self, batch: Sequence[Item], held: list[FileState]) -> None:
        """One transaction of Parquet; when it fails the files are as before."""
        before = [(state, replace(state, ignored=state.ignored.copy())) for state, _ in batch]
        counts = Counts()
        total = sum(state.identity.size for state, what in batch if isinstance(what, Range) and what.whole)

        furthest = 0.0

        def tell(share: float) -> None:
            nonlocal furthest       # each statement begins at nothing
            furthest = max(furthest, share)
            self._job.report(round(self._bytes_done + furthest * total), self._bytes_total, batch[0][0].plan.path)

        try:
            with self._ws.writing() as w, self._ws.giving_way(self._job, tell):
                counts.add(put_ranges_or_damaged(w, self._streams, self._folder, batch, None))
                for state, what in batch:
                    if not isinstance(what, Piece | Range):
                        self._end(w, state, what, held)
        except (Damaged, JobStopped):
            for state, was in reversed(before):
                state.file_id, state.mark, state.rows_loaded = was.file_id, was.mark, was.rows_loaded
                state.rows_quarantined, state.state, state.reason = was.rows_quarantined, was.state, was.reason
            raise
        self._counts.add(counts)
        for state, what in batch:
            self._tell(state, what, Counts())

    def _end(self, w: Writer, state: FileState, what: object, held: list[FileState]) -> Counts:
        """The end of a file, in the ledger."""
        open_file(w, self._streams, state)
        if isinstance(what, Ended):
            state.reason = what.damage or ("" if state.state == "waiting" else state.reason)
            state.state = "following" if what.held else "loaded"
            if what.held:
                held.append(state)
        elif isinstance(what, Broken):
            on = "waiting" if state.plan.format is FileFormat.PARQUET else "loaded"     # gone on with once it is whole
            state.state = on if state.mark.records else "rejected"
            state.reason = what.reason
        note_file(w, state)
        self._files_done += 1
        return Counts()

    # ------------------------------------------------------------------ fields that come late
    def _needs_room(self, item: Item) -> bool:
        return bool(self._late_types(item))

    def _make_room(self, item: Item) -> None:
        """Adds columns before the transaction that fills them: a table cannot change beside its writer."""
        types = self._late_types(item)
        if types:
            self._streams.extend(item[0].stream, types)
            if self._spares:
                self._ws.spare()

    def _late_types(self, item: Item) -> dict[str, ColumnType]:
        return late_types(self._streams, *item)

    # ------------------------------------------------------------------ telling
    def _tell(self, state: FileState, what: Piece | Range | Ended | Broken, counts: Counts) -> None:
        size = state.identity.size
        if isinstance(what, Piece):
            here = min(size, what.mark.offset) if state.plan.compression is Compression.NONE else 0
        elif isinstance(what, Range):
            here = int(size * what.part.end / max(1, what.shape.rows))
        else:
            here = size
        self._bytes_done += here - self._done_of.get(id(state), 0)
        self._done_of[id(state)] = here
        rows = self._counts.rows + counts.rows
        spent = max(1e-6, time.monotonic() - self._started)
        self.progress = Progress(self._files_done, len(self._files), self._bytes_done, self._bytes_total, rows,
                                 rows / spent, self._counts.quarantined + counts.quarantined, state.plan.path)
        count = getattr(self._job, "count", None)
        if count is not None:
            count(self._files_done, len(self._files), rows, self.progress.quarantined)
        self._job.report(self._bytes_done, self._bytes_total, state.plan.path)

    def _refresh(self, *, last: bool = False) -> None:
        """Brings the rollups up to date, and tells."""
        began = time.monotonic()
        if not last and began < self._refresh_at:
            return
        changed = self._ws.refresh(self._job if not last else None)
        ended = time.monotonic()
        self._refresh_at = ended + max(REFRESH_S, (ended - began) / REFRESH_SHARE)
        if self._on_change is not None and (changed or last):
            self._on_change()

    def _report(self) -> LoadReport:
        totals = self._ws.totals()
        files = self._ws.files()
        rejected = [file for file in files if file.state == "rejected"]
        if not totals.rows_loaded:
            reasons = "; ".join(f"{file.path}: {file.note}" for file in rejected[:5])
            raise NoLogs("Nothing in this folder could be loaded" + (f" ({reasons})" if reasons else ""),
                         where=self._plan.folder, do="Choose a folder with CSV, JSON lines or Parquet files")
        return LoadReport(totals.files, totals.rows_read, totals.rows_loaded, totals.rows_quarantined,
                          totals.rows_ignored, totals.events, totals.outcomes, totals.samples, totals.reference,
                          len(rejected), time.monotonic() - self._started)
