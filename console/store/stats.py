"""Counts and spans of streams, asked once a generation."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from console.roles import StreamKind
from console.store.asking import one
from console.store.model import StreamInfo, Totals
from console.store.queries import sql
from console.store.rolled import ON_TIME_AXIS
from console.store.rollups import USABLE
from console.window import Window, from_epoch

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

STEP_SAMPLE = 20_000
"""Rows that the typical distance of neighbours is told from."""

TOUCH_S, TOUCH_STEPS = 60.0, 5.0
"""Files touch when no more than a minute, or five typical distances of rows, lies between them."""

AHEAD = timedelta(days=1)
"""Rows later than now by more are told of: no zone makes that much, and a clock that is a little fast is no news."""

AFTER = timedelta(microseconds=1)
"""Windows are half-open and times have microseconds: so much behind the last row."""


@dataclass(frozen=True, slots=True)
class _Counted:
    """Rows of a stream; the first and last of their times, microseconds since 1970; the greatest number of a row."""

    rows: int
    first: int | None
    last: int | None
    row: int


class Stats:
    """Remembers, because these are asked for with every frame."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._generation = 0
        self._streams: tuple[StreamInfo, ...] = ()
        self._steps: dict[int, tuple[int, float]] = {}
        self._known: dict[int, tuple[StreamInfo, _Counted]] = {}
        self._touched: set[int] = set()

    def touch(self, stream_ids: Collection[int] | None) -> None:
        """These have other rows by what was committed just now; None: any stream may, in any way."""
        with self._lock:
            if stream_ids is None:
                self._known.clear()
            else:
                self._touched.update(stream_ids)

    def streams(self, con: DuckDBPyConnection, catalog: Mapping[int, StreamInfo],
                generation: int) -> tuple[StreamInfo, ...]:
        """The catalog with rows, first, last and step."""
        with self._lock:
            if generation != self._generation:
                self._streams = tuple(self._with_counts(con, stream, self._touched) for stream in catalog.values())
                self._touched.clear()       # not before: a count may be interrupted
                self._generation = generation
            return self._streams

    def _with_counts(self, con: DuckDBPyConnection, stream: StreamInfo, touched: Collection[int]) -> StreamInfo:
        asked, counted = self._known.get(stream.stream_id, (None, None))
        if asked != stream:
            counted = None
        if counted is None or stream.stream_id in touched:
            counted = _grown(con, stream, counted) if counted is not None else None
            counted = counted or _counted(con, stream)
            self._known[stream.stream_id] = stream, counted
        rows, first, last = counted.rows, counted.first, counted.last
        if first is None or last is None:
            return replace(stream, rows=rows)
        rows_then, step = self._steps.get(stream.stream_id, (0, 0.0))
        if rows > 2 * rows_then or not step:
            step = _step(con, stream)
            self._steps[stream.stream_id] = (rows, step)
        return replace(stream, rows=rows, first=from_epoch(first / 1e6), last=from_epoch(last / 1e6), step_s=step)

    def totals(self, sums: Totals, streams: tuple[StreamInfo, ...]) -> Totals:
        """The ledger's sums with the rows of each kind."""
        rows = dict.fromkeys(StreamKind, 0)
        for stream in streams:
            rows[stream.kind] += stream.rows
        span = self.span(streams)
        return replace(sums, events=rows[StreamKind.REQUESTS], outcomes=rows[StreamKind.OUTCOMES],
                       samples=rows[StreamKind.SAMPLES], reference=rows[StreamKind.REFERENCE],
                       first=span.start if span else None, last=span.end - AFTER if span else None)

    def span(self, streams: tuple[StreamInfo, ...]) -> Window | None:
        """Of requests and samples; a reference counts only if its times overlap theirs, or if there is nothing else.

        A lone scrape, whose time is often that of its file, does not stretch the axis of what has a course.
        """
        on_axis = [stream for stream in streams if stream.kind in ON_TIME_AXIS]
        live = (_around(stream for stream in on_axis if stream.kind is not StreamKind.SAMPLES
                        or stream.first != stream.last) or _around(on_axis))
        for stream in streams:
            own = _around([stream]) if stream.kind is StreamKind.REFERENCE else None
            if own is not None and live is not None and own.overlaps(live):
                live = Window(min(own.start, live.start), max(own.end, live.end))
        return live

    def ahead(self, con: DuckDBPyConnection, streams: tuple[StreamInfo, ...], now: datetime) -> tuple[str, ...]:
        """A sentence for each stream with rows more than AHEAD later than now."""
        found = []
        for stream in streams:
            if stream.kind not in ON_TIME_AXIS or stream.relative or stream.last is None or stream.last <= now + AHEAD:
                continue
            from_then = (now + AHEAD).replace(tzinfo=None)
            rows = one(con, f"SELECT count(*) FROM {stream.table} WHERE _ts > ?", [from_then])[0]
            lie = "row lies" if rows == 1 else "rows lie"
            found.append(f"{rows:,} {lie} in the future in {stream.name}, the last on {stream.last.day} "
                         f"{stream.last:%b %Y}. They are kept and shown; if the clock of the server was right, set the "
                         "zone or the time format under Columns")
        return tuple(found)

    def coverage(self, con: DuckDBPyConnection, streams: tuple[StreamInfo, ...]) -> tuple[Window, ...]:
        """First to last row of each file of requests and samples, merged where they touch."""
        steps = {stream.stream_id: stream.step_s for stream in streams if stream.kind in ON_TIME_AXIS}
        found = []
        for stream_id, first, last in con.execute(sql("store/file_spans")).fetchall():
            if stream_id in steps:
                found.append((first / 1e6, last / 1e6, max(TOUCH_S, TOUCH_STEPS * steps[stream_id])))
        found.sort()
        merged: list[list[float]] = []
        for first, last, touch in found:
            if merged and first <= merged[-1][1] + max(touch, merged[-1][2]):
                merged[-1] = [merged[-1][0], max(merged[-1][1], last), max(touch, merged[-1][2])]
            else:
                merged.append([first, last, touch])
        return tuple(Window(from_epoch(first), from_epoch(last) + AFTER) for first, last, _ in merged)


def relative(streams: Iterable[StreamInfo]) -> bool:
    """Whether all streams on the time axis, and there are some, count from an unnamed start."""
    found = [stream.relative for stream in streams if stream.kind in ON_TIME_AXIS]
    return bool(found) and all(found)


def _around(streams: Iterable[StreamInfo]) -> Window | None:
    spans = [(stream.first, stream.last) for stream in streams
             if stream.first is not None and stream.last is not None]
    if not spans:
        return None
    return Window(min(first for first, _ in spans), max(last for _, last in spans) + AFTER)


def _counted(con: DuckDBPyConnection, stream: StreamInfo) -> _Counted:
    row = "max(rowid)" if stream.rows_sql == stream.table else "NULL"
    rows, first, last, row = one(con, f"SELECT count(*), epoch_us(min(_ts)), epoch_us(max(_ts)), {row} "
                                      f"FROM {stream.rows_sql}")
    return _Counted(rows, first, last, -1 if row is None else row)


def _grown(con: DuckDBPyConnection, stream: StreamInfo, before: _Counted) -> _Counted | None:
    """The counts of a stream that has only got more rows since, from these alone; None when it may have lost some.

    Row numbers move when the database packs a table that lost rows; then there are fewer behind the last one."""
    if stream.rows_sql != stream.table:
        return None
    rows, new, first, last, row = one(
        con, f"SELECT (SELECT count(*) FROM {stream.table}), count(*), epoch_us(min(_ts)), epoch_us(max(_ts)), "
             f"max(rowid) FROM {stream.table} WHERE rowid > {before.row}")
    if rows != before.rows + new:
        return None
    firsts = [at for at in (before.first, first) if at is not None]
    lasts = [at for at in (before.last, last) if at is not None]
    return _Counted(rows, min(firsts, default=None), max(lasts, default=None), before.row if row is None else row)


def _step(con: DuckDBPyConnection, stream: StreamInfo) -> float:
    """The median distance of neighbours among the distinct times of some rows that lie together."""
    import numpy as np

    found = con.execute(f"SELECT epoch_us(_ts) AS t FROM (SELECT _ts FROM {stream.rows_sql} WHERE {USABLE} "
                        f"LIMIT {STEP_SAMPLE})").fetchnumpy()
    distinct = np.unique(np.asarray(found["t"]))
    return float(np.median(np.diff(distinct))) / 1e6 if len(distinct) > 1 else 0.0

