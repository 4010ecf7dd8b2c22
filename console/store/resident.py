"""Which rollups are held in memory, and until when they may be believed.

A commit that changes rollups says from which time on; what is held is right before that time, and read again behind it
when it is next asked for. While such a commit is under way nothing new is taken in: what was read beside it may be
older than what it leaves.

A track is read from its beginning by a thread of its own, when it is asked for the second time: a command that asks
once does without. Until it is there, and whenever something else stands in the way, the answer is None, and the one
who asked asks SQL.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import duckdb

from console.store.grid import Grid
from console.store.model import Floats
from console.store.recent import Recent
from console.store.tracks import ALWAYS, Column, Ranks, Source, Sums, fetch_ranks, fetch_sums

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LIMIT_BYTES = 128 * 1024**2
"""Of all that is held; what was not asked for the longest goes first."""

SHARE = 0.05
"""Of the time may go to reading a track from its beginning: during a load that goes back in time SQL is better."""

REFUSED_S = 60.0
"""A level that was too large is not tried again for so long."""

TAIL = 2000
"""Buckets at the end that are read again without thinking about it: about what a query would read."""

Change = tuple[str, int]
"""A rollup table ("" for all of them), and from which time on (microseconds since 1970) it differs."""


Fetch = Callable[["DuckDBPyConnection", Sums | Ranks | None], Sums | Ranks | None]
"""Reads a track, given what is held of it."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Place:
    """One track, or that it is not held."""

    track: Sums | Ranks | None = None
    asked: bool = False
    busy: bool = False
    not_before: float = 0.0


class Resident:
    """Tracks of a workspace. Safe to use from several threads."""

    def __init__(self, limit: int = LIMIT_BYTES, share: float = SHARE) -> None:
        self._limit = limit
        self._share = share
        self._lock = threading.Lock()
        self._places: OrderedDict[Source, _Place] = OrderedDict()
        self._version = 0
        self._under_way = 0
        self._closed = False
        self._reader: DuckDBPyConnection | None = None
        self._thread: threading.Thread | None = None
        self.recent = Recent()

    @property
    def nbytes(self) -> int:
        """Memory that is held."""
        with self._lock:
            return sum(place.track.nbytes for place in self._places.values() if place.track is not None)

    def close(self) -> None:
        """Forget everything, and stop reading."""
        self.recent.close()
        with self._lock:
            self._closed = True
            self._places.clear()
            self._version += 1
            if self._reader is not None:
                self._reader.interrupt()
        self.wait()

    def wait(self) -> None:
        """Until nothing is being read from its beginning."""
        thread = self._thread
        if thread is not None:
            thread.join()

    # ---- change --------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """A commit may begin that changes rollups."""
        self.recent.begin()
        with self._lock:
            self._under_way += 1
            self._version += 1

    def end(self, changes: Sequence[Change]) -> None:
        """It is done, and has changed this; nothing when it was undone."""
        self.recent.end(changes)
        with self._lock:
            self._under_way -= 1
            self._version += 1
            for table, since_us in changes:
                for source, place in self._places.items():
                    track = place.track
                    if track is not None and table in ("", source.table):
                        until = min(track.until, since_us // source.level_us)
                        place.track = None if since_us <= ALWAYS else replace(track, until=until)

    # ---- reading -------------------------------------------------------------------------------------------

    def moments(self, con: DuckDBPyConnection, source: Source, columns: Sequence[Column],
                grid: Grid) -> tuple[Floats, dict[Column, dict[str, Floats]]] | None:
        """Rows and moments over the grid; None when they are not held and now is not the time to read them."""

        def good(track: Sums | Ranks | None) -> bool:
            return isinstance(track, Sums) and all(column in track.columns for column in columns)

        def fetch(own: DuckDBPyConnection, held: Sums | Ranks | None) -> Sums | None:
            return fetch_sums(own, source, columns, held if isinstance(held, Sums) else None)

        track = self._track(con, source, grid, good, fetch)
        return track.over(grid, columns) if isinstance(track, Sums) else None

    def ranks(self, con: DuckDBPyConnection, source: Source, grid: Grid,
              qs: Sequence[float]) -> tuple[Floats, dict[float, Floats]] | None:
        """Counts and nearest ranks over the grid; None as above."""
        track = self._track(con, source, grid, lambda track: isinstance(track, Ranks),
                            lambda own, held: fetch_ranks(own, source, held if isinstance(held, Ranks) else None))
        return track.over(grid, qs) if isinstance(track, Ranks) else None

    def spread(self, con: DuckDBPyConnection, source: Source, grid: Grid) -> tuple[Floats, Floats] | None:
        """Bins, and rows in them bucket by bucket; None as above."""
        track = self._track(con, source, grid, lambda track: isinstance(track, Ranks),
                            lambda own, held: fetch_ranks(own, source, held if isinstance(held, Ranks) else None))
        return track.spread(grid) if isinstance(track, Ranks) else None

    def _track(self, con: DuckDBPyConnection, source: Source, grid: Grid, good: Callable[[Sums | Ranks | None], bool],
               fetch: Fetch) -> Sums | Ranks | None:
        end = (grid.first_us + grid.count * grid.step_us) // source.level_us
        with self._lock:
            place = self._places.setdefault(source, _Place())
            self._places.move_to_end(source)
            held = place.track
            if held is not None and end <= held.until and good(held):
                return held
            short = held is not None and good(held) and _tail(held) <= TAIL
            first, place.asked = not place.asked, True
            if self._closed or place.busy or self._under_way:
                return None
            if not short and (first or self._reader is not None or time.monotonic() < place.not_before):
                return None
            place.busy = True
            version = self._version
            if not short:
                self._reader = con.cursor()
                self._thread = threading.Thread(target=self._read_whole, name="resident", daemon=True,
                                                args=(self._reader, source, place, version, fetch))
                self._thread.start()
                return None
        found = None
        try:
            found = fetch(con, held)
        finally:
            with self._lock:
                place.busy = False
                same = self._keep(source, place, found, version)
        return found if same else None

    def _read_whole(self, con: DuckDBPyConnection, source: Source, place: _Place, version: int, fetch: Fetch) -> None:
        started = time.monotonic()
        found = None
        try:
            found = fetch(con, place.track)
        except (duckdb.Error, MemoryError) as error:
            _log.debug("Rollups could not be held in memory: %s", error)
        finally:
            took = time.monotonic() - started
            with self._lock:
                place.busy = False
                place.not_before = started + (took / self._share if found is not None else REFUSED_S)
                self._keep(source, place, found, version)
                self._reader = None
            con.close()

    def _keep(self, source: Source, place: _Place, found: Sums | Ranks | None, version: int) -> bool:
        """Take in what was read, unless a commit went on meanwhile."""
        if version != self._version or self._under_way:
            return False
        place.track = found
        self._make_room(source)
        return True

    def _make_room(self, newest: Source) -> None:
        held = sum(place.track.nbytes for place in self._places.values() if place.track is not None)
        for source, place in self._places.items():
            if held <= self._limit:
                return
            if place.track is not None and source != newest:
                held -= place.track.nbytes
                place.track = None


def _tail(track: Sums | Ranks) -> int:
    """Buckets that are held and no longer right."""
    return len(track.at) - int(track.at.searchsorted(track.until))
