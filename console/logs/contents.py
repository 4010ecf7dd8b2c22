"""The contents of files, one after the other: pieces of text, ranges of Parquet, and how each file ended."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from console.errors import ConsoleError, UnreadableLog
from console.logs import parquet
from console.logs.formats import Cutter
from console.logs.identity import FileState, look, repeats, same_bytes
from console.logs.limits import BAD_SHARE, MOST_BAD, NO_FURTHER
from console.logs.opened import HEAD_BYTES, Mark, Moved, digest, known_again
from console.logs.parquet_lines import ParquetLines
from console.logs.pieces import Piece
from console.logs.plan import Compression, FileFormat, FilePlan
from console.logs.reading import TextFile, cutter_of
from console.logs.together import Together
from console.logs.writing import Counts, Range, Streams, age_s, is_parquet, put_ranges
from console.roles import ColumnType

if TYPE_CHECKING:
    from datetime import datetime

    from console.store import Writer


@dataclass(frozen=True, slots=True)
class Ended:
    """A file was read to its end; `held` when an unfinished line was left for later."""

    damage: str = ""
    held: bool = False


@dataclass(frozen=True, slots=True)
class Broken:
    """A file that could not be read on."""

    reason: str


AHEAD_BYTES = 24 << 20          # of rows that were read and not yet written
BAD_BYTES = 300                 # that a record for the quarantine takes besides its text

OF_DAMAGE = (duckdb.InvalidInputException, duckdb.IOException, duckdb.InternalException,
             duckdb.SerializationException)
"""What the database says of a Parquet file that is damaged; or, of a damaged page, an error without a kind."""

Item = tuple[FileState, Piece | Range | Ended | Broken]


class Damaged(Exception):
    """A Parquet file broke while its rows were read."""

    def __init__(self, state: FileState, reason: str) -> None:
        super().__init__(reason)
        self.state = state
        self.reason = reason


def put_ranges_or_damaged(w: Writer, streams: Streams, folder: Path, batch: Sequence[Item],
                          arrived: datetime | None) -> Counts:
    """Rows of Parquet files; raises Damaged, after which the transaction is lost."""
    ranges = [(state, what) for state, what in batch if isinstance(what, Range)]
    try:
        return put_ranges(w, streams, folder, ranges, arrived) if ranges else Counts()
    except duckdb.Error as error:
        if (not isinstance(error, OF_DAMAGE) and type(error) is not duckdb.Error) or "No space" in str(error):
            raise
        raise Damaged(ranges[0][0], str(error).splitlines()[0][:200]) from error


def late_types(streams: Streams, state: FileState, what: object) -> dict[str, ColumnType]:
    """Fields of an item that its stream has no column for yet, and how to keep them."""
    if isinstance(what, Piece):
        missing = streams.missing(state.stream, what.keys)
        if state.plan.format is not FileFormat.CSV:
            return {key: what.types[key] for key in missing if key in what.types}
        return dict.fromkeys(missing, ColumnType.TEXT)
    if isinstance(what, Range):
        missing = streams.missing(state.stream, what.shape.names)
        by_name = dict(zip(what.shape.names, what.shape.types, strict=True))
        return {key: by_name[key] for key in missing}
    return {}


class _Ahead:
    """Items between the thread that reads and the one that writes, so many bytes of rows at most."""

    def __init__(self) -> None:
        self._items: deque[tuple[Item | BaseException | None, int]] = deque()
        self._bytes = 0
        self._changed = threading.Condition()
        self.stopped = False

    def put(self, item: Item | BaseException | None, size: int = 0) -> None:
        """Waits while there is enough; does nothing once nobody reads any more."""
        with self._changed:
            self._changed.wait_for(lambda: self.stopped or self._bytes + size <= AHEAD_BYTES or not self._items)
            self._items.append((item, size))
            self._bytes += size
            self._changed.notify_all()

    def get(self) -> Item | BaseException | None:
        """Waits for the next one."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._items))
            item, size = self._items.popleft()
            self._bytes -= size
            self._changed.notify_all()
            return item

    def stop(self) -> None:
        """Nobody reads any more."""
        with self._changed:
            self.stopped = True
            self._changed.notify_all()


@contextlib.contextmanager
def read_ahead(folder: Path, files: Sequence[FileState], live_s: float, streams: Streams,
               opens: Callable[[str], bool]) -> Iterator[Iterator[Item]]:
    """The contents of files in order, read ahead by a thread of its own; it ends with the block.

    opens  whether the lines of a stream are to be opened here; see `JsonCutter`
    """
    ahead = _Ahead()

    def read() -> None:
        copies = _Copies(folder)
        together = Together(folder, files)
        try:
            for at, state in enumerate(files):
                copies.begin(state)
                known = streams.known(state.stream)
                cutter = together.cutter(at)
                if cutter is None and is_plain_json(state.plan):
                    cutter = cutter_of(state.plan, known, opens=opens(state.stream))
                for what in contents(folder, state, live_s, known, cutter):
                    size = 0
                    if isinstance(what, Piece):
                        copies.seen(what)
                        what.forget()
                        size = sum(table.nbytes for table in what.cut.tables) + sum(
                            BAD_BYTES + len(bad.raw) for bad in what.cut.bad)
                    ahead.put((state, what), size)
                    if ahead.stopped:
                        return
            ahead.put(None)
        except BaseException as bug:
            ahead.put(bug)

    def taken() -> Iterator[Item]:
        while True:
            item = ahead.get()
            if isinstance(item, BaseException):
                raise item
            if item is None:
                return
            yield item

    thread = threading.Thread(target=read, name="log-reader", daemon=True)
    thread.start()
    try:
        yield taken()
    finally:
        ahead.stop()
        thread.join()


def is_plain_json(plan: FilePlan) -> bool:
    """Whether each line of a file is a row of its own, whose keys are its fields."""
    return plan.format is FileFormat.JSON_LINES and not plan.dialect


class _Copies:
    """Files of one run that repeat one another: a copy beside its original is read from where that one ends.

    The ledger finds copies of what earlier runs read; this finds those among files that this run reads.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[tuple[object, ...], list[tuple[FileState, Mark]]] = {}
        self._now: tuple[tuple[object, ...], FileState] | None = None
        self._mark = Mark()

    def begin(self, state: FileState) -> None:
        """Moves the start of a file that repeats one which was read."""
        if self._now is not None and self._mark.records:
            self._read.setdefault(self._now[0], []).append((self._now[1], self._mark))
        self._now = None
        self._mark = state.mark
        if state.plan.format is FileFormat.PARQUET or repeats(state.plan):
            return
        path = self._folder / state.plan.path
        compression, head, _ = look(path)
        key = (state.stream, state.plan.constants, digest(head))
        self._now = (key, state)
        if state.mark.offset and not state.copied:
            return
        for original, mark in self._read.get(key, []):
            if known_again(path, compression, mark):
                self._goes_on(state, original, mark)
            elif compression is Compression.NONE and self._is_beginning(path, state, original, mark):
                self._goes_on(state, original, replace(mark, offset=state.identity.size, records=0))

    def seen(self, what: object) -> None:
        """How far the file is."""
        if isinstance(what, Piece):
            self._mark = what.mark

    def _goes_on(self, state: FileState, original: FileState, mark: Mark) -> None:
        if mark.offset > state.mark.offset:
            state.mark = self._mark = mark
            state.ignored = Counter({f"read as {original.plan.path}": mark.records} if mark.records else {})
            state.reason = f"Its beginning was read as {original.plan.path}"

    def _is_beginning(self, path: Path, state: FileState, original: FileState, mark: Mark) -> bool:
        """Whether a file is no more than the first bytes of one that was read further."""
        size = state.identity.size
        if original.plan.compression is not Compression.NONE or not 0 < size <= mark.offset or size < HEAD_BYTES:
            return False
        return same_bytes(path, self._folder / original.plan.path, size)


def _is_hopeless(state: FileState) -> bool:
    """Whether nearly all of what was written of an archive went into quarantine."""
    bad = state.rows_quarantined
    return bad > MOST_BAD and bad > BAD_SHARE * (state.rows_loaded + bad + sum(state.ignored.values()))


def contents(folder: Path, state: FileState, live_s: float,
             known: Mapping[str, bool] | None = None,
             cutter: Cutter | None = None) -> Iterator[Piece | Range | Ended | Broken]:
    """One file from its mark on: its pieces, and how it ended. known, cutter: see `TextFile`."""
    path = folder / state.plan.path
    try:
        if is_parquet(state):
            shape = parquet.shape_of(path, state.plan.path)
            for part in parquet.parts(shape, state.mark.offset):
                yield Range(shape, part)
            yield Ended()
            return
        if state.plan.format is FileFormat.PARQUET:
            rows = ParquetLines(path, state.plan, state.mark if state.mark.offset else None)
            try:
                yield from rows.pieces()
                yield Ended()
            finally:
                rows.close()
            return
        file = TextFile(path, state.plan, state.mark if state.mark.offset else None, state.identity.node, known,
                        cutter)
        try:
            packed = state.plan.compression is not Compression.NONE
            for piece in file.pieces(final=packed or age_s(state.identity.mtime_ns) > live_s):
                yield piece
                if packed and _is_hopeless(state):
                    records = state.rows_loaded + state.rows_quarantined + sum(state.ignored.values())
                    yield Ended(NO_FURTHER.format(bad=state.rows_quarantined, records=records))
                    return
            yield Ended(file.damage, held=file.waiting > 0)
        finally:
            file.close()
    except Moved:
        return          # following, or the next load, meets it under its new name
    except (ConsoleError, OSError) as error:
        yield Broken(error.what if isinstance(error, UnreadableLog) else str(error))
