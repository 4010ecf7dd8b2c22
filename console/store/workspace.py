"""The workspace: one DuckDB file, one connection, one writer at a time, any number of readers."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from console import clock
from console.jobs import Job, JobStopped
from console.roles import Role, StreamKind
from console.store import (
    adding,
    alarms,
    answered,
    arrivals,
    catalog,
    cells,
    early,
    halves,
    incident_rows,
    incidents,
    ledger,
    merging,
    opening,
    outcomes,
    outcomes_added,
    quarantine,
    reading,
    refreshing,
    results,
    rollout_rows,
    rollouts,
    rollups,
    splits,
    trouble,
    values,
    views,
    whole_rows,
)
from console.store.arrivals import NEVER, Arrival
from console.store.corrections import Corrections, Misfit, misfits
from console.store.every_kth import rows_in
from console.store.expressions import Compiled
from console.store.grid import Grid
from console.store.incidents import Edit, Frozen, Kept
from console.store.model import (
    AnsweredRows,
    ColumnInfo,
    FileEntry,
    Floats,
    Moments,
    PercentileSeries,
    StreamInfo,
    Totals,
)
from console.store.moved import Moved
from console.store.own import OwnMetrics
from console.store.planned import PlannedColumn, PlannedStream
from console.store.resident import Change, Resident
from console.store.rollout_rows import RolloutRows
from console.store.sampled import SampledSeries, Told
from console.store.scans import Scan
from console.store.seen import Seen
from console.store.shown import FileView, QuarantineView, RefusedView
from console.store.splits import Split
from console.store.stats import Stats, relative
from console.store.tracks import ALWAYS
from console.store.writer import Writer
from console.window import Window, from_epoch

EVERYTHING: tuple[Change, ...] = (("", ALWAYS),)
"""What a transaction does to rollups unless it says otherwise."""


REST_OF_JOINS = 4.0

LIVE_LOG_BYTES = 128 << 20
"""Of what was committed lie in memory beside the log of the database, twice as large there, until they are moved. While
they are, some seconds in a large log, no row can be added: with a quarter as many, that was a quarter of the time."""

WATCH = "watch"
WATCH_S = 0.1
"""How often a long statement is asked how far it is, and whether it is still wanted."""

QUIET_LOG_BYTES, QUIET_S = 24 << 20, 120.0
"""A log that grows slowly is moved sooner, but not more often: a checkpoint of so little takes a tenth of a second."""

HELD_BYTES, LET_GO_S = 64 << 20, 15.0
"""Of the blocks of tables stay in memory between, looked at so often: what live charts read of them is less."""


class _Lent:
    """A connection of one thread, which another one gets when it has ended: to Python each job of a pool is a thread
    of its own, and there are ten a second."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, free: deque[duckdb.DuckDBPyConnection]) -> None:
        self.cursor = cursor
        self._free = free

    def __del__(self) -> None:
        self._free.append(self.cursor)


class Workspace:
    """What an open log folder is kept in. Safe to use from several threads; close it when all of them are done."""

    def __init__(self, con: duckdb.DuckDBPyConnection, path: Path, folder: Path | None) -> None:
        """Use Workspace.open."""
        self.path = path
        self.folder = folder
        self._con = con
        self._lock = threading.RLock()
        self._handing_out = threading.Lock()
        self._join_again_at = 0.0
        self._depth = 0
        self._writer = opening.tells_progress(con.cursor())
        self._here = threading.local()
        self._cursors: list[duckdb.DuckDBPyConnection] = []
        self._free: deque[duckdb.DuckDBPyConnection] = deque()     # of threads that have ended
        self._streams: catalog.Catalog = halves.flagged(catalog.read(con))
        self._shown: catalog.Catalog = dict(self._streams)     # what is committed: readers go by it, not by `_streams`
        self._generation = 1
        self._stats = Stats()
        self._told = Told()
        self._resident = Resident()
        self._changes: list[Change] = []
        self.moved = Moved()
        self._fresh: dict[int, refreshing.Fresh] = {}      # appended since the rollups of a stream were complete
        self._loose = adding.Loose()
        self._grown: dict[int, refreshing.Fresh] = {}      # appended to requests since outcomes were joined
        self._loose_outcomes = outcomes_added.LooseOutcomes()
        self._moved_at = self._let_go_at = time.monotonic()
        self._waits: dict[float, float | None] = {}
        self._annotated: tuple[tuple[datetime, str, str], ...] | None = None
        self._closed = False
        self._early: dict[tuple[int, datetime, float, tuple[str, ...]], dict[str, early.Stretches]] = {}
        self.own = OwnMetrics()

    @classmethod
    def open(cls, path: Path, *, folder: Path | None, fresh: bool = False) -> Workspace:
        """Open or make a workspace. Raises WorkspaceBusy, WorkspaceTooNew, CannotWrite, BadSettings.

        folder  the log folder that it belongs to; None when only the workspace is looked at
        fresh   begin anew: over the old file, or beside it while somebody has it open (see `path`)
        """
        con, path = opening.connect(path, fresh=fresh)
        try:
            return cls(con, path, opening.remember_folder(con, folder, path))
        except BaseException:
            con.close()
            opening.release(path)
            raise

    def close(self) -> None:
        """Give up the file. What is being written ends first; reads that go on are interrupted."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._resident.close()
            for cursor in (*self._cursors, self._writer, self._con):
                cursor.close()
            opening.release(self.path)

    @property
    def generation(self) -> int:
        """Grows with each committed change of rows, rollups or roles."""
        return self._generation

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """This thread's connection for reading; it sees what is committed."""
        lent: _Lent | None = getattr(self._here, "lent", None)
        if lent is None:
            with self._handing_out:     # not the writer's lock: readers never wait for a load
                try:
                    cursor = self._free.pop()
                except IndexError:
                    cursor = self._con.cursor()
                    self._cursors.append(cursor)
            lent = self._here.lent = _Lent(cursor, self._free)
        return lent.cursor

    # ---- writing -------------------------------------------------------------------------------------------

    @contextmanager
    def _transaction(self, changes: Sequence[Change] = EVERYTHING, *, seen: bool = True,
                     rows: Collection[int] | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
        """One writer at a time. Inside another transaction of the same thread it is part of that one.

        changes  what it does to rollups; may be filled while it goes on
        seen     views of the data differ by it
        rows     the streams that get other rows by it, may be filled while it goes on; None: any of them
        """
        with self._lock:
            if self._depth:
                try:
                    yield self._writer
                finally:
                    self._changes += changes
                return
            before = dict(self._streams)
            self._depth, self._changes = 1, []
            try:
                self._writer.begin()
                yield self._writer
                self._changes += changes
                self._commit()
            except BaseException as error:
                self._streams.clear()
                self._streams.update(before)
                _roll_back(self._writer)
                if isinstance(error, duckdb.Error) and trouble.is_of_disk(error):
                    raise trouble.cannot_write(error, self.path) from error
                raise
            finally:
                self._depth = 0
            self._shown = dict(self._streams)
            self._stats.touch(rows)
            if rows is None:
                self._annotated = None
            if any(table in ("", "rollup_outcomes") for table, _ in self._changes):
                self._waits = {}
            self._generation += seen

    def _commit(self) -> None:
        """Numbers in memory are no longer believed from the moment that others can see new ones."""
        if not self._changes:
            self._writer.commit()
            return
        self._resident.begin()
        try:
            self._writer.commit()
        finally:
            self._resident.end(self._changes)
            self.moved.note(self._changes)

    @contextmanager
    def writing(self, *, seen: bool = True) -> Iterator[Writer]:
        """One transaction of rows, quarantine, ledger and dirty buckets: kept when the block ends, else undone.

        seen  views follow at once; else when the caller says so (`show`): what shows rows then comes with their rollups
        """
        with self._lock:
            alone = not self._depth
            touched: set[int] = set()
            with self._transaction((), seen=seen, rows=touched) as con:
                writer = Writer(con, self._streams, touched)
                yield writer
                writer.flush()
            if alone:
                for stream_id, fresh in writer.fresh.items():
                    before = self._fresh.get(stream_id)
                    self._fresh[stream_id] = fresh if before is None else before.then(fresh)

    def show(self) -> None:
        """What was written unseen is to be seen from now on."""
        with self._lock:
            self._generation += 1

    def ensure_stream(self, plan: PlannedStream) -> StreamInfo:
        """The stream of that name, made if need be; new columns are added, roles that the user chose stay."""
        known = next((stream for stream in self._streams.values() if stream.name == plan.name), None)
        if known is not None and not catalog.changes(known, plan):
            return known
        with self._transaction() as con:
            before = halves.families(self._streams)
            info = catalog.ensure(con, self._streams, plan)
            halves.settle(con, self._streams, before)
            return self._streams[info.stream_id]

    def ensure_streams(self, plans: Sequence[PlannedStream]) -> None:
        """The same for many, in one transaction: each of them alone costs as much as there are streams."""
        known = {stream.name: stream for stream in self._streams.values()}
        new = [plan for plan in plans if plan.name not in known or catalog.changes(known[plan.name], plan)]
        if len(new) > 1:
            with self._transaction() as con, views.once(con, self._streams):
                for plan in new:
                    self.ensure_stream(plan)

    def set_columns(self, stream_id: int, changes: Mapping[str, PlannedColumn], *, zone: str | None = None,
                    kind: StreamKind | None = None) -> None:
        """Correct roles, units, time formats (by stored name), the zone or the kind. Rows stay as they were read;
        `_ts`, views and rollups follow (rollups with the next `refresh`)."""
        with self._transaction() as con:
            before = halves.families(self._streams)
            halves.undo_with(con, before, stream_id)
            catalog.correct(con, self._streams, self._streams[stream_id], changes, zone=zone, kind=kind)
            halves.settle(con, self._streams, before, again={stream_id})

    @contextmanager
    def correcting(self) -> Iterator[Corrections]:
        """One transaction of corrections; rollups follow with the next `refresh`."""
        with self._transaction() as con:
            before = halves.families(self._streams)
            corrections = Corrections(con, self._streams)
            yield corrections
            halves.settle(con, self._streams, before, again=corrections.touched)

    def refuse(self, path: str, reason: str, rejected: bool) -> None:
        """Note a file that is not loaded: rejected (should be a log) or left alone (is none)."""
        self.refuse_all([(path, reason, rejected)])

    def refuse_all(self, files: Iterable[tuple[str, str, bool]]) -> None:
        """The same for many: (path, reason, rejected)."""
        with self._transaction(()) as con:
            ledger.refuse(con, files)

    def set_notes(self, notes: Sequence[str]) -> None:
        """What is said once about the folder; replaces what was said before."""
        with self._transaction(()) as con:
            con.execute("DELETE FROM meta WHERE key = 'note'")
            for note in notes:
                con.execute("INSERT INTO meta VALUES ('note', ?)", [note])

    @property
    def rolled_up(self) -> bool:
        """Whether rollups hold all rows: if not, numbers of the newest buckets are yet to come."""
        return not rollups.dirty_streams(self.cursor())

    def refresh(self, job: Job | None = None, *, limit_s: float | None = None) -> bool:
        """Bring rollups up to the rows. True when something changed.

        job      whose stop is heeded; while there is one, outcomes may wait until they have been left alone for
                 REST_OF_JOINS times as long as joining them took: during a load each join begins from nearly nothing
        limit_s  do not begin another stream after so many seconds; the rest stays dirty for the next call
        """
        started = time.monotonic()
        changed = self._merge_halves(job)
        for stream_id in rollups.dirty_streams(self.cursor()):
            if job is not None:
                job.stop_if_asked()
            if limit_s is not None and changed and time.monotonic() - started > limit_s:
                return True
            changes: list[Change] = []
            with self._lock:
                with self._transaction(changes, rows=()) as con:
                    if stream_id not in rollups.dirty_streams(con):
                        continue        # another thread has just done it
                    first = rollups.first_dirty(con, stream_id)
                    self._streams[stream_id] = refreshing.refresh(con, self._streams[stream_id],
                                                                  self._fresh.get(stream_id), self._loose,
                                                                  self._grown)
                    changes += [(f"rollup_{stream_id}", first), (f"bins_{stream_id}", first)]
                self._fresh.pop(stream_id, None)
            changed = True
        if outcomes.is_dirty(self.cursor()) and not (job is not None and time.monotonic() < self._join_again_at):
            if job is not None:
                job.stop_if_asked()
            joining = time.monotonic()
            changes = []
            with self._transaction(changes, rows=()) as con:
                grown, self._grown = self._grown, {}
                since = outcomes.refresh(con, self._streams, grown, self._loose_outcomes)
                if since is not None:
                    changes.append(("rollup_outcomes", since))
                    changed = True
            self._join_again_at = time.monotonic() + REST_OF_JOINS * (time.monotonic() - joining)
        return changed

    def _merge_halves(self, job: Job | None) -> bool:
        """Make one event of the half rows that came. Whether rows changed; their buckets are dirty then."""
        changed, at = False, clock.now()
        if not merging.waits(self.cursor(), at):
            return False
        with self._lock:        # no row may come between the parts, for the list of what is new goes with the last
            for family in halves.families(self._streams).values():
                parts = merging.parts(self.cursor(), family, at)
                for part in parts:
                    if job is not None:
                        job.stop_if_asked()
                    with self._transaction(()) as con:
                        changed |= merging.merge(con, family, part, at)
                        if part is parts[-1]:
                            merging.done(con, family, at)
        return changed

    def checkpoint(self) -> bool:
        """Move what was committed from the log of the database into its file; for idle moments. Never fails; whether it
        was done."""
        with self._lock:
            if self._depth or not trouble.has_room(self.path):
                return False
            try:
                self._writer.execute("CHECKPOINT")
            except duckdb.Error:
                return False    # somebody reads; the next idle moment will do
            return True

    def spare(self) -> None:
        """While text is loaded, which takes memory of its own: the database holds less of what is in its file. To be
        said again when tables have become wider."""
        opening.spare(self._con, max((len(stream.columns) for stream in self._streams.values()), default=0))

    def spare_no_more(self) -> None:
        """It is loaded."""
        opening.spare_no_more(self._con)

    @contextmanager
    def giving_way(self, job: Job, tell: Callable[[float], None]) -> Iterator[None]:
        """Within a transaction: its long statements tell how far they are (0 to 1), and end when the job is stopped.
        Raises JobStopped then, outside of which the transaction is undone."""
        ended = threading.Event()
        stopped: JobStopped | None = None

        def watch() -> None:
            nonlocal stopped
            while not ended.wait(WATCH_S):
                try:
                    job.stop_if_asked()
                except JobStopped as stop:
                    stopped = stop
                    self._writer.interrupt()
                    continue
                done = self._writer.query_progress()
                if done > 0:
                    tell(min(done, 100.0) / 100)

        thread = threading.Thread(target=watch, name=WATCH, daemon=True)
        thread.start()
        try:
            yield
        except duckdb.InterruptException:
            if stopped is None:
                raise
            raise stopped from None
        finally:
            ended.set()
            thread.join()

    def keep_small(self) -> None:
        """For whoever follows a log for days: what was committed stays in memory until it is moved into the file, and
        what was moved or read stays there too. Does nothing most of the time; else it takes some tenths of a second,
        in which nothing can be written and all can be read."""
        try:
            log_bytes = Path(f"{self.path}.wal").stat().st_size
        except OSError:
            log_bytes = 0
        at = time.monotonic()
        if log_bytes > (QUIET_LOG_BYTES if at - self._moved_at > QUIET_S else LIVE_LOG_BYTES):
            self._pack()
            with self._lock:
                if self.checkpoint() and not self._closed:
                    self._moved_at = time.monotonic()
                    opening.let_go_of_all(self._writer)
        elif at - self._let_go_at > LET_GO_S:
            self._let_go_at = at
            with self._lock:
                if not self._depth and not self._closed:
                    opening.let_go(self._writer, HELD_BYTES)

    def _pack(self) -> None:
        """Rollups of a stream that has many loose rows hold one for each bucket and series again."""
        with self._lock:
            if self._depth or self._closed:
                return
            with self._transaction((), seen=False, rows=()) as con:
                for stream_id in [one for one in self._loose.spans if self._loose.many(one)]:
                    self._loose.pack(con, self._streams[stream_id])
                self._loose_outcomes.pack(con)

    # ---- what there is -------------------------------------------------------------------------------------

    def streams(self) -> tuple[StreamInfo, ...]:
        """All streams with their counts and spans."""
        return self._stats.streams(self.cursor(), dict(self._shown), self._generation)

    def stream(self, stream_id: int) -> StreamInfo:
        """One of them, without counts."""
        return self._shown[stream_id]

    def ledger(self) -> tuple[FileEntry, ...]:
        """All files, in the order in which they were first seen."""
        return ledger.entries(self.cursor())

    def files_between(self, windows: Sequence[Window]) -> tuple[FileEntry, ...]:
        """Those of the ledger that have rows in one of these windows."""
        wanted = ledger.between(self.cursor(), windows)
        return tuple(entry for entry in self.ledger() if entry.file_id in wanted)

    def totals(self) -> Totals:
        """Sums over the workspace."""
        return self._stats.totals(ledger.sums(self.cursor()), self.streams())

    @property
    def relative(self) -> bool:
        """Whether the time axis counts from a start that the log does not name (see `console.window`)."""
        return relative(self._shown.values())

    def span(self) -> Window | None:
        """From the first to just after the last row on the time axis; None when there is none."""
        return self._stats.span(self.streams())

    def coverage(self) -> tuple[Window, ...]:
        """The stretches of time that files cover."""
        return self._stats.coverage(self.cursor(), self.streams())

    def files(self) -> tuple[FileView, ...]:
        """The ledger as Sources shows it."""
        return ledger.shown(self.cursor())

    def rejected(self) -> tuple[RefusedView, ...]:
        """Files that should be logs but could not be read."""
        return ledger.rejected(self.cursor())

    def quarantine(self, limit: int, offset: int = 0, reason: str | None = None,
                   file: str | None = None) -> tuple[QuarantineView, ...]:
        """A page of the records that could not be read; of one reason or file (its path) when they are named."""
        return quarantine.page(self.cursor(), limit, offset, reason, file)

    def quarantine_reasons(self, file: str | None = None) -> tuple[tuple[str, int], ...]:
        """(reason, count), most frequent first."""
        return quarantine.reasons(self.cursor(), file)

    def annotate(self, origin: str, notes: Sequence[tuple[datetime, str]]) -> None:
        """The annotations of that origin: (when in UTC, text); those there were go."""
        with self._transaction((), rows=()) as con:
            con.execute("DELETE FROM annotations WHERE origin = ?", [origin])
            for number, (at, text) in enumerate(notes):
                con.execute("INSERT INTO annotations VALUES ($1, make_timestamp($2), make_timestamp($2), $3, $4)",
                            [f"{origin}-{number}", round(at.timestamp() * 1e6), text, origin])
        self._annotated = None

    def misfits(self, stream_id: int) -> dict[str, Misfit]:
        """Stored name -> the cells of that column that did not fit it."""
        return misfits(self.cursor(), self._shown[stream_id])

    def annotations(self) -> tuple[tuple[datetime, str, str], ...]:
        """(when in UTC, text, origin), in order."""
        known = self._annotated
        if known is None:
            at_generation = self._generation
            known = tuple((from_epoch(at / 1e6), text, origin) for at, text, origin in self.cursor().execute(
                "SELECT epoch_us(first_ts), text, origin FROM annotations ORDER BY first_ts, text").fetchall())
            if at_generation == self._generation:
                self._annotated = known
        return known

    def remembered(self, key: str) -> str | None:
        """A text that was left in `meta`."""
        found = self.cursor().execute("SELECT value FROM meta WHERE key = ?", [key]).fetchall()
        return str(found[0][0]) if found else None

    def remember(self, key: str, value: str | None) -> None:
        """Keep a text in `meta`, or no more: what people chose, of which no number depends."""
        with self._transaction((), seen=False, rows=()) as con:
            con.execute("DELETE FROM meta WHERE key = ?", [key])
            if value is not None:
                con.execute("INSERT INTO meta VALUES (?, ?)", [key, value])

    def notes(self) -> tuple[str, ...]:
        """What was noted about the folder, and what its rows give cause to say."""
        noted = self.cursor().execute("SELECT value FROM meta WHERE key = 'note'").fetchall()
        return (*(row[0] for row in noted), *self._stats.ahead(self.cursor(), self.streams(), clock.now()))

    # ---- numbers -------------------------------------------------------------------------------------------

    def moments(self, stream_id: int, stored: Sequence[str], window: Window, bucket_s: float, *,
                by: Role | Split | None = None, job: Job | None = None) -> list[Moments]:
        """Counts and sums of columns per bucket. Buckets are whole ones: the first holds the window's start.

        job  may stop what is read from rows, as every split by a column is
        """
        return reading.moments(self.cursor(), self._shown[stream_id], stored, window, bucket_s, by,
                               self._resident, job=job)

    def percentiles(self, stream_id: int, stored: str, window: Window, bucket_s: float, qs: Sequence[float], *,
                    by: Role | Split | None = None, job: Job | None = None) -> list[PercentileSeries]:
        """Nearest-rank percentiles per bucket, within 1 %; from raw rows, and exact, where that is quick."""
        return reading.percentiles(self.cursor(), self._shown[stream_id], stored, window, bucket_s, qs, by,
                                   self._resident, job=job)

    def sampled(self, stream_id: int) -> tuple[SampledSeries, ...]:
        """The series that the samples of a stream make, by name."""
        stream = next(one for one in self.streams() if one.stream_id == stream_id)
        return self._told.of(self.cursor(), stream)

    def outcome_moments(self, window: Window, bucket_s: float, *, by: Role | Split | None = None) -> list[Moments]:
        """Outcomes at the time of their request: columns `clicked`, `label`, `churned`, and how good the answer was:
        `correct`, `abs_error`, `log_loss` (see `derived`); rows are requests."""
        return outcomes.moments(self.cursor(), dict(self._shown), window, bucket_s, by,
                                self._resident)

    def outcome_wait(self, q: float) -> float | None:
        """How many seconds a share q of the outcomes came within of their request, within 1 %; None when no outcome
        that joined a request says when it came. Outcomes that are still to come are not in it."""
        known = self._waits         # another one when outcomes were joined meanwhile
        if q not in known:
            known[q] = outcomes.wait(self.cursor(), q)
        return known[q]

    def outcome_waits(self, window: Window, bucket_s: float, qs: Sequence[float]) -> PercentileSeries:
        """How long the outcomes of each bucket's requests took to come, in seconds, within 1 %."""
        return outcomes.waits(self.cursor(), window, bucket_s, qs)

    def scan(self, stream_id: int, window: Window, bucket_s: float, job: Job | None = None) -> Scan:
        """Questions that no rollup answers; the rows of the window are read."""
        return Scan(self.cursor(), self._shown[stream_id], Grid.over(window, bucket_s), self._resident, job)

    def split_by(self, name: str, window: Window, job: Job | None = None) -> Split:
        """By the values of a column that occur most in the window. Raises BadSettings and lists the columns."""
        return splits.by_column(self.cursor(), self._shown.values(), name, window, job)

    def early(self, stream_id: int, stored: Sequence[str]) -> dict[str, early.Stretches]:
        """How columns behaved on the first day of a stream; what is known of it is kept until the day is another."""
        stream = next(one for one in self.streams() if one.stream_id == stream_id)
        if stream.first is None or stream.last is None:
            return {}
        hours = min((stream.last - stream.first).total_seconds(), early.DAY_S) // 3600
        key = (stream_id, stream.first, hours, tuple(stored))
        if key not in self._early:
            self._early = {one: found for one, found in self._early.items() if one[0] != stream_id}
            self._early[key] = early.stretches(self.cursor(), stream, stored)
        return self._early[key]

    def known_values(self, stream_id: int, stored: str, window: Window | None) -> frozenset[str] | None:
        """The values of a column; None where they are too many to be categories."""
        return values.known_values(self.cursor(), self._shown[stream_id], stored, window)

    def extremes(self, stream_id: int, stored: Sequence[str], window: Window | None) -> dict[str, tuple[float, float]]:
        """The least and the greatest number of columns, in the canonical unit; without those that have none."""
        return values.extremes(self.cursor(), self._shown[stream_id], stored, window)

    def seen(self, *, phase_s: float = 0.0, come_by_us: int = NEVER) -> Seen:
        """The same numbers for windows that begin `phase_s` later than is said, or of what had come by a moment."""
        return Seen(self, dict(self._shown), self.cursor(), self._resident, phase_s, come_by_us)

    def arrivals(self, upto: Mapping[int, int] | None = None) -> tuple[list[Arrival], dict[int, int]]:
        """In what order rows on the time axis came, and how far was looked (see `console.store.arrivals`)."""
        return arrivals.arrivals(self.cursor(), dict(self._shown).values(), upto)

    def late(self, closed: Mapping[int, int]) -> Sequence[tuple[int, int]]:
        """Which rows of some arrivals came after their time had been judged."""
        return arrivals.late(self.cursor(), dict(self._shown).values(), closed)

    def column_values(self, stream_id: int, stored: str, window: Window | None) -> Any:
        """All cells of a column: floats in the canonical unit (NaN missing), or text and None."""
        return values.column_values(self.cursor(), self._shown[stream_id], stored, window)

    def category_counts(self, stream_id: int, stored: str, window: Window | None) -> dict[str | None, int]:
        """How often each value occurs, as text."""
        return values.category_counts(self.cursor(), self._shown[stream_id], stored, window)

    def count_cells(self, stream_id: int, columns: Sequence[cells.Cells], grid: Grid, job: Job | None) -> Any:
        """Rows by bucket of time and by cell of each column (see `console.store.cells`). Raises JobStopped."""
        return cells.count_cells(self.cursor(), self._shown[stream_id], columns, grid, job)

    def some_values(self, stream_id: int, stored: Sequence[str], window: Window | None, most: int) -> dict[str, Floats]:
        """About so many numbers of each column, in the unit of the log; NaN missing."""
        return cells.some_values(self.cursor(), self._shown[stream_id], stored, window, most)

    def frequent_values(self, stream_id: int, stored: str, most: int, rows: int) -> dict[str, int] | None:
        """How often texts come in about so many rows; None where there are `most` different ones or more."""
        return cells.frequent_values(self.cursor(), self._shown[stream_id], stored, most, rows)

    def outcome_column(self, stream_id: int) -> ColumnInfo | None:
        """The column that says what came true for the requests of a stream, its own or one of those that join it."""
        return answered.outcome_column(self._shown[stream_id], self._shown)

    def answered_rows(self, stream_id: int, window: Window | None, *, each: int = 1,
                      version: str | None = None, stored: Sequence[str] = (),
                      expression: Compiled | None = None) -> AnsweredRows:
        """Requests with answers and outcomes; only every `each`-th, and only of that model version. Beside them the
        cells of columns, and what an expression over the stream comes to."""
        stream = self._shown[stream_id]
        return answered.answered_rows(self.cursor(), dict(self._shown), stream, window, each, version,
                                      [stream.named(name) for name in stored], expression)

    def rows_in(self, stream_id: int, window: Window | None) -> int:
        """How many rows a stream has there."""
        return rows_in(self.cursor(), self._shown[stream_id], window)

    def whole_rows(self, stream_id: int, stored: Sequence[str], window: Window | None, *, each: int = 1,
                   version: str | None = None, keys: Sequence[str] | None = None) -> tuple[Any, Mapping[str, Any]]:
        """Request ids, and cells of columns by name, of the same rows (see `console.store.whole_rows`)."""
        stream = self._shown[stream_id]
        return whole_rows.whole_rows(self.cursor(), stream, [stream.named(name) for name in stored], window, each=each,
                                     version=version, keys=keys)

    def hours_of_day(self, stream_id: int, window: Window | None, each: int = 1) -> Any:
        """Hours of the day of a stream's rows, 0 to 24 UTC."""
        return whole_rows.hours_of_day(self.cursor(), self._shown[stream_id], window, each)

    def narrowed(self, source: str) -> str:
        """What stands after FROM for a view, where only some of its rows are meant (see `picked`): here all are."""
        return source

    def execute_readonly(self, query: str,
                         params: Sequence[Any] | Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """The rows of a query that cannot write."""
        cursor = self._con.cursor()
        try:
            cursor.execute("BEGIN TRANSACTION READ ONLY")
            return cursor.execute(query, params).fetchall()
        finally:
            cursor.close()

    # ---- alarms --------------------------------------------------------------------------------------------

    def save_alarms(self, found: Sequence[alarms.AlarmRow], states: Sequence[alarms.StateRow], judged_us: int) -> None:
        """Keep what was judged, in place of what was there. Views of the data stay as they are."""
        with self._transaction((), seen=False) as con:
            alarms.save(con, found, states, judged_us)

    def saved_alarms(self) -> list[alarms.AlarmRow]:
        """As they were judged last."""
        return alarms.saved(self.cursor())

    def acknowledge(self, ack: alarms.Acknowledged) -> None:
        """Keep that somebody has seen an alarm."""
        with self._transaction((), seen=False) as con:
            alarms.acknowledge(con, ack)

    def acknowledged(self) -> list[alarms.Acknowledged]:
        """What was seen by somebody."""
        return alarms.acknowledged(self.cursor())

    def silence(self, said: alarms.Silence) -> int:
        """Keep a silence; its number."""
        with self._transaction((), seen=False) as con:
            return alarms.silence(con, said)

    def end_silence(self, silence_id: int, at_us: int) -> None:
        """It ends then."""
        with self._transaction((), seen=False) as con:
            alarms.end_silence(con, silence_id, at_us)

    def silences(self) -> list[alarms.Silence]:
        """All silences."""
        return alarms.silences(self.cursor())

    # ---- rollouts ------------------------------------------------------------------------------------------

    def wrong_share(self) -> float | None:
        """Of the answers that can be held against a label; None where there is none. Reads the rows."""
        return rollout_rows.wrong_share(self.cursor(), dict(self._shown))

    def rollout_rows(self, window: Window | None, *, stable: str, candidate: str,
                     wanted: Collection[str] | None = None) -> RolloutRows | None:
        """The requests as arrays; None where there are none. Reads the rows; for a worker."""
        return rollout_rows.read(self.cursor(), dict(self._shown), window, stable=stable, candidate=candidate,
                                 wanted=wanted)

    def versions(self, window: Window | None = None) -> list[tuple[str, int, float, float]]:
        """(version, requests, first and last in seconds since 1970). Reads the rows; for a worker."""
        if not any(stream.kind is StreamKind.REQUESTS for stream in self.streams()):
            return []           # nor is there a view `events` yet
        return rollout_rows.versions(self.cursor(), dict(self._shown), window)

    def keep_rollout(self, kept: rollouts.KeptRollout, events: Sequence[rollouts.KeptEvent]) -> int:
        """Keep a rehearsal; its number."""
        with self._transaction((), seen=False) as con:
            return rollouts.keep(con, kept, events)

    def kept_rollouts(self) -> list[tuple[int, rollouts.KeptRollout]]:
        """All rehearsals, the latest first."""
        return rollouts.kept(self.cursor())

    def rollout_events(self, rollout_id: int) -> list[rollouts.KeptEvent]:
        """The audit log of one."""
        return rollouts.events(self.cursor(), rollout_id)

    # ---- incidents -----------------------------------------------------------------------------------------

    def save_incident(self, kept: Kept, did: str) -> None:
        """Keep an incident under its id, in place of what was there; what was done is noted."""
        with self._transaction((), seen=False) as con:
            incidents.save(con, kept, did, round(clock.now().timestamp() * 1e6))

    def incidents(self) -> list[str]:
        """All that are kept, as JSON."""
        return incidents.all_of(self.cursor())

    def incident(self, incident_id: str) -> str | None:
        """One, as JSON."""
        return incidents.read(self.cursor(), incident_id)

    def incident_edits(self, incident_id: str) -> list[Edit]:
        """All that was done to one, in order."""
        return incidents.edits(self.cursor(), incident_id)

    def last_deleted_incident(self) -> str | None:
        """The id of the one that was taken out last and is not back."""
        return incidents.last_deleted(self.cursor())

    def delete_incident(self, incident_id: str) -> None:
        """Take one out; its edits stay."""
        with self._transaction((), seen=False) as con:
            incidents.delete(con, incident_id, round(clock.now().timestamp() * 1e6))

    def freeze_incident(self, frozen: Frozen) -> None:
        """Keep what was counted about one, unless something is kept for the same windows."""
        with self._transaction((), seen=False) as con:
            incidents.freeze(con, frozen)

    def frozen_incident(self, incident_id: str, windows_us: tuple[int, int, int, int]) -> Frozen | None:
        """What is kept for these windows of it."""
        return incidents.frozen_of(self.cursor(), incident_id, windows_us)

    # ---- results -------------------------------------------------------------------------------------------

    def keep_result(self, kept: results.KeptResult) -> None:
        """Keep it as it was seen; one of the same command that no incident has goes."""
        with self._transaction((), seen=False) as con:
            results.keep(con, kept)

    def kept_results(self, kind: str = "") -> list[results.KeptResult]:
        """All of a kind, or all there are, the latest first; without their content."""
        return results.all_of(self.cursor(), kind)

    def kept_result(self, result_id: str) -> results.KeptResult | None:
        """One, whole."""
        return results.read(self.cursor(), result_id)

    def incident_rows_sql(self, windows: Sequence[Window], columns: Sequence[str], mature: datetime | None) -> str:
        """What the rows of an incident are selected by (see `console.store.incident_rows`); "" without requests."""
        return incident_rows.definition(dict(self._shown), windows, columns, mature=mature)


def _roll_back(con: duckdb.DuckDBPyConnection) -> None:
    try:
        con.rollback()
    except duckdb.Error:
        return      # an error has ended the transaction already


