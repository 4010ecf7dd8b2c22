"""Makes the dirty buckets of a stream again: from raw rows at the fine levels, by addition above them.

A bucket that still fills is not read from its beginning each time: where it is known that a stream has only grown since
its rollups were complete, and by which rows (`Fresh`), only these are read and added to what the buckets have. Anything
else that makes a bucket dirty, and whatever was not seen by this process, makes it anew.

How fine series are kept apart depends on how dense the log is, told when the first rollups are made. With few rows in
a bucket of one series a rollup is hardly smaller than its rows: then series are kept apart from a minute on, and bins
from ten minutes on, and whoever wants them finer reads the few rows of that short window themselves.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from console.roles import Role
from console.store import adding, counters
from console.store.adding import Loose
from console.store.asking import one
from console.store.casting import stored_number
from console.store.derived import derived
from console.store.model import StreamInfo
from console.store.names import FINEST_S, quoted
from console.store.rolled import has_moments, is_binned, rolled_columns
from console.store.rollups import (
    ALL_SERIES,
    BIN_LEVELS_S,
    KEYS,
    LEVELS_S,
    MOST_SERIES,
    SECONDS_FOR_S,
    USABLE,
    all_parts,
    bin_sql,
    floor_sql,
    key_sql,
    series_join,
)

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

DENSE_FOR_SPLIT = 100.0
"""Rows in a bucket of the finest level and of one series, from which on series are kept apart at that level."""

DENSE_FOR_BINS = 2000.0
"""Rows in a minute of one series, from which on bins are kept by the minute."""

DENSE_FOR_MINUTES = 400.0
"""Rows in a minute of all series together, from which on bins that do not keep them apart are kept by the minute. With
fewer, what is drawn in minutes (500 points of up to five) has less than a million rows, which are read quickly."""

SPARSE_SPLIT_S, SPARSE_BINS_S = 60, 600

MANY_FRESH = 100_000
"""Rows from which on their buckets are made anew, though the stream has only grown: a load brings whole hours, whose
buckets hold nothing yet, and to merge them with nothing costs more than to read again the few rows at their edges."""

DENSE_DIRT = 0.5
"""Share of a span that is dirty, from which on all of it is made anew: to tell its buckets apart would cost more."""


@dataclass(frozen=True, slots=True)
class Fresh:
    """What transactions have appended to a stream: all its rows with greater numbers than `after`.

    rows     how many they were: as many must be there still
    buckets  entries of the list of dirty buckets that they made: there must be no others
    """

    after: int
    rows: int
    buckets: int

    def then(self, later: Fresh) -> Fresh:
        """Both, one after the other."""
        return Fresh(self.after, self.rows + later.rows, self.buckets + later.buckets)


def refresh(con: DuckDBPyConnection, stream: StreamInfo, fresh: Fresh | None = None,
            loose: Loose | None = None, grown: dict[int, Fresh] | None = None) -> StreamInfo:
    """Bring the rollups of one stream up to its rows; within a transaction of the caller. The stream as it is then.

    fresh  what was appended since they were complete, if that is known
    loose  of which buckets the caller will pack the rows; without it there is one for each series
    grown  gets what was appended, and how many dirty buckets of outcomes that made, if nothing else has happened
    """
    few = fresh is not None and fresh.rows < MANY_FRESH
    after = fresh.after if fresh is not None and few and _only_grew(con, stream, fresh) else None
    counters.fill(con, stream)
    work = _Refresh(con, stream, after)
    if loose is not None and loose.many(stream.stream_id):
        loose.pack(con, work.stream)
    if not (loose is not None and fresh is not None and work.adds(fresh.rows, loose)):
        work.moments()
        work.bins()
    [(told,)] = con.execute("INSERT INTO dirty_outcomes SELECT bucket FROM _dirty WHERE ?",
                            [work.joins_outcomes()]).fetchall()
    if grown is not None and fresh is not None and work.after is not None and told:
        here = Fresh(fresh.after, fresh.rows, int(told))
        before = grown.get(stream.stream_id)
        grown[stream.stream_id] = here if before is None else before.then(here)
    con.execute("DELETE FROM dirty WHERE stream_id = ?", [stream.stream_id])
    return work.stream


def _only_grew(con: DuckDBPyConnection, stream: StreamInfo, fresh: Fresh) -> bool:
    """Whether nothing but `fresh` happened to the stream. Row numbers move when the database packs a table that lost
    rows; then there are fewer behind `after`."""
    if stream.rows_sql != stream.table or stream.column(Role.METRIC_INCREASE) is not None or not stream.split_s:
        return False
    rows, buckets = one(con, f"SELECT (SELECT count(*) FROM {stream.table} WHERE rowid > {fresh.after}), "
                             f"(SELECT count(*) FROM dirty WHERE stream_id = {stream.stream_id})")
    return bool((rows, buckets) == (fresh.rows, fresh.buckets))


class _Refresh:
    """One stream, one transaction."""

    def __init__(self, con: DuckDBPyConnection, stream: StreamInfo, after: int | None = None) -> None:
        """after: only rows with greater numbers are new, and are added to what there is; None: buckets are made anew"""
        self.con = con
        self.after = after
        self.stream = stream
        self.table = f"rollup_{stream.stream_id}"
        con.execute(f"CREATE OR REPLACE TEMP TABLE _dirty AS SELECT DISTINCT bucket FROM dirty "
                    f"WHERE stream_id = {stream.stream_id}")
        self.whole = not con.execute(f"SELECT 1 FROM {self.table} LIMIT 1").fetchall()
        if self.whole:
            self.after = None
        self._low, self._high, dirty = one(
            con, "SELECT epoch_us(min(bucket)), epoch_us(max(bucket)), count(*) FROM _dirty")
        span = (self._high - self._low) // (FINEST_S * 10**6) + 1 if dirty else 1
        self._all_of_span = self.whole or dirty >= DENSE_DIRT * span
        self.finest = self._finest()
        if not stream.split_s:
            self._choose_levels()

    def _finest(self) -> int:
        """Level one while the log is short; rows of it are dropped when the log outgrows it."""
        if not self.whole and not self.con.execute(f"SELECT 1 FROM {self.table} WHERE level_s = 1 LIMIT 1").fetchall():
            return FINEST_S
        seconds = one(self.con, f"SELECT epoch(max(_ts)) - epoch(min(_ts)) FROM {self.stream.rows_sql} "
                                f"WHERE {USABLE}")[0]
        if seconds is not None and seconds < SECONDS_FOR_S and self.stream.split_s in (0, 1, SPARSE_SPLIT_S):
            return 1
        if not self.whole:
            self.con.execute(f"DELETE FROM {self.table} WHERE level_s = 1")
        return FINEST_S

    def _choose_levels(self) -> None:
        """How fine series and bins are kept, from the rows that are there now."""
        keys = ", ".join(KEYS)
        rows, minutes, series = one(
            self.con, f"SELECT count(*), count(DISTINCT b), greatest(count(DISTINCT ({keys})), 1) FROM (SELECT "
            f"epoch_us(_ts) // 60000000 AS b, {', '.join(key_sql(self.stream))} FROM {self.stream.rows_sql} "
            f"WHERE {self._in_dirty('_ts', FINEST_S)} LIMIT 1000000)")
        by_minute = rows / max(minutes, 1) / series
        split = self.finest if by_minute * self.finest / 60 >= DENSE_FOR_SPLIT else SPARSE_SPLIT_S
        bins = BIN_LEVELS_S[0] if by_minute >= DENSE_FOR_BINS else SPARSE_BINS_S
        self.stream = replace(self.stream, split_s=split, bins_s=bins)
        self.con.execute("UPDATE streams SET split_s = ?, bins_s = ? WHERE stream_id = ?",
                         [split, bins, self.stream.stream_id])

    def joins_outcomes(self) -> bool:
        """Whether its dirty requests may have outcomes in another stream that are known by now: none that came before
        them. The first outcomes that come are joined with everything."""
        if self.stream.column(Role.REQUEST_ID) is None or self._low is None:
            return False
        tables = self.con.execute("SELECT \"table\" FROM streams WHERE kind = 'outcomes'").fetchall()
        later = f"_ts IS NULL OR _ts >= make_timestamp({self._low})"
        return any(self.con.execute(f"SELECT 1 FROM {table} WHERE {later} LIMIT 1").fetchall() for (table,) in tables)

    def _in_dirty(self, time: str, level_s: int) -> str:
        """Rows in dirty buckets of a level: a span for the zone maps, and the buckets themselves. All buckets of the
        span where most of them are dirty: who makes some of them needlessly anew gets what was there."""
        buckets = f"SELECT {floor_sql('bucket', level_s)} AS bucket FROM _dirty"
        step = level_s * 10**6
        low, high = self._low // step * step, self._high // step * step + step
        within = f"{time} >= make_timestamp({low}) AND {time} < make_timestamp({high})"
        return within if self._all_of_span else f"{within} AND {floor_sql(time, level_s)} IN ({buckets})"

    def _rows(self, level_s: int) -> str:
        """Rows to be read for a level: those of its dirty buckets, or of these only what is new."""
        return self._in_dirty("_ts", level_s) if self.after is None else f"rowid > {self.after}"

    def _add(self, table: str, level: int, fresh: str, keys: Sequence[str], merged: str, names: str,
             where: str = "true") -> None:
        """Add new numbers to what a level has of their buckets.

        fresh   the new ones: bucket, keys and names      merged  names, each as it merges
        where   which of what is there is meant
        """
        by = ", ".join(("bucket", *keys))
        there = f"level_s = {level} AND {self._in_dirty('bucket', max(level, FINEST_S))} AND {where}"
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE _added AS SELECT {by}, {merged} FROM ({fresh} UNION ALL "
                         f"SELECT {by}, {names} FROM {table} WHERE {there}) GROUP BY {by}")
        self.con.execute(f"DELETE FROM {table} WHERE {there}")
        self.con.execute(f"INSERT INTO {table} (level_s, {by}, {names}) SELECT {level}, * FROM _added")
        self.con.execute("DROP TABLE _added")

    def adds(self, rows: int, loose: Loose) -> bool:
        """Append what a few new rows add, if that is all there is to do."""
        if self.after is None or rows > adding.MOST_ROWS:
            return False
        finest = BIN_LEVELS_S[0]
        minutes = self.stream.bins_s > finest and self._keeps_minutes(f"bins_{self.stream.stream_id}", finest)
        if not adding.add(self.con, self.stream, self.after, self.finest, minutes=minutes):
            return False
        loose.note(self.stream.stream_id, self._low, self._high + FINEST_S * 10**6)
        return True

    # ---- moments -------------------------------------------------------------------------------------------

    def moments(self) -> None:
        """The rollup table: fine levels from raw rows, then each from the one below."""
        split = max(self.stream.split_s, self.finest)
        self._from_raw(split, self.finest if split > self.finest else None)
        if split > self.finest:
            self._add_up_moments([level for level in LEVELS_S if self.finest < level < split], self.finest)
        self._add_up_moments([level for level in LEVELS_S if level > split], split)
        self.con.execute("DROP TABLE _rolled")      # tens of megabytes, which nobody needs until the next time

    def _from_raw(self, split: int, together: int | None) -> None:
        """Levels from raw rows: one that keeps series apart, and where it is not the finest, a finer one that does not.

        Both in one statement, which reads the rows once.
        """
        stream, con = self.stream, self.con
        values = {column.number: stored_number(column.stored, column.kept) for column in rolled_columns(stream)
                  if has_moments(column)}
        made = derived(stream)
        values |= {each.number: each.value for each in made}
        dirty = max(split, FINEST_S)
        # The inner SELECT names each value once, so that five aggregates share one computation.
        inner = [f"epoch_us(_ts) // {split}000000 AS b", *key_sql(stream),
                 *((f"epoch_us(_ts) // {together}000000 AS f",) if together else ()),
                 *(f"{value} AS v{number}" for number, value in values.items()),
                 *(f"{quoted(column.stored)} AS v{column.number}" for column in rolled_columns(stream)
                   if column.number not in values)]
        sums = ["count(*) AS n"]
        for number in (*(each.number for each in made), *(column.number for column in rolled_columns(stream))):
            sums += _aggregates(number, number in values)
        keys = ", ".join(("b", *KEYS))
        groups = f"GROUPING SETS (({keys}), (f))" if together else keys
        apart = ["f", "grouping(f) = 0 AS is_fine"] if together else []
        con.execute(f"CREATE OR REPLACE TEMP TABLE _rolled AS SELECT {', '.join([keys, *apart, *sums])} FROM "
                    f"(SELECT {', '.join(inner)} FROM {stream.rows_sql} WHERE {self._rows(dirty)}) GROUP BY {groups}")
        self._intern("NOT is_fine" if together else "true")
        if together:
            self._put_moments(together, dirty, "f", str(ALL_SERIES), "WHERE is_fine")
        self._put_moments(split, dirty, "b", "coalesce(s.series, 0)",
                          series_join("r", str(stream.stream_id)) + (" WHERE NOT is_fine" if together else ""))

    def _put_moments(self, level: int, dirty: int, bucket: str, series: str, which: str) -> None:
        """A level from `_rolled`; `dirty` is the level at which whole buckets are made again."""
        if not self.whole and self.after is None:
            self.con.execute(f"DELETE FROM {self.table} WHERE level_s = {level} AND {self._in_dirty('bucket', dirty)}")
        names = ", ".join(name for name, _, _ in all_parts(self.stream))
        at = f"make_timestamp({bucket} * {level}000000)"
        if self.after is not None:
            merged = ", ".join(f"{how}({name}) AS {name}" for name, _, how in all_parts(self.stream))
            self._add(self.table, level, f"SELECT {at} AS bucket, {series} AS series, {names} FROM _rolled r {which}",
                      ["series"], merged, names)
            return
        self.con.execute(f"INSERT INTO {self.table} (level_s, bucket, series, {names}) "
                         f"SELECT {level}, {at}, {series}, {names} FROM _rolled r {which}")

    def _add_up_moments(self, levels: list[int], below: int) -> None:
        """All these levels from one below them, in one statement: planning it costs more than adding up."""
        if not levels:
            return
        names = ", ".join(name for name, _, _ in all_parts(self.stream))
        merged = ", ".join(f"{how}({name})" for name, _, how in all_parts(self.stream))
        step = levels[-1] * 10**6
        low, high = self._low // step * step, self._high // step * step + step
        within = f"bucket >= make_timestamp({low}) AND bucket < make_timestamp({high})"
        up = "make_timestamp(epoch_us(bucket) // up_us * up_us)"
        each = f"(SELECT unnest({[level * 10**6 for level in levels]}) AS up_us)"
        wanted = "true"             # of a table that was empty all buckets are dirty
        if not self.whole:
            wanted = "(l, b) IN (SELECT level_s, bucket FROM _up)"
            self.con.execute("CREATE OR REPLACE TEMP TABLE _up AS SELECT DISTINCT (up_us // 1000000)::INTEGER AS "
                             f"level_s, {up} AS bucket FROM _dirty, {each}")
            self.con.execute(f"DELETE FROM {self.table} WHERE {within} AND level_s IN ({', '.join(map(str, levels))}) "
                             "AND (level_s, bucket) IN (SELECT level_s, bucket FROM _up)")
        self.con.execute(
            f"INSERT INTO {self.table} (level_s, bucket, series, {names}) SELECT l, b, series, {merged} FROM "
            f"(SELECT * EXCLUDE (level_s, bucket), (up_us // 1000000)::INTEGER AS l, {up} AS b "
            f"FROM {self.table}, {each} WHERE level_s = {below} AND {within}) "
            f"WHERE {wanted} GROUP BY l, b, series")

    def _add_up(self, table: str, level: int, below: int, names: str, merged: str, keys: str) -> None:
        if not self.whole:
            self.con.execute(f"DELETE FROM {table} WHERE level_s = {level} AND {self._in_dirty('bucket', level)}")
        self.con.execute(f"INSERT INTO {table} (level_s, bucket, {names}) "
                         f"SELECT {level}, {floor_sql('bucket', level)} AS up, {merged} FROM {table} "
                         f"WHERE level_s = {below} AND {self._in_dirty('bucket', level)} GROUP BY up, {keys}")

    def _intern(self, which: str) -> None:
        """Number the combinations that are new, the most frequent first, while there is room.

        which  rows of `_rolled` that keep series apart
        """
        stream_id, keys = self.stream.stream_id, ", ".join(KEYS)
        room = MOST_SERIES - int(one(self.con, "SELECT count(*) FROM series WHERE stream_id = ?", [stream_id])[0])
        if room <= 0:
            return
        order = f"sum(n) DESC, {', '.join(f'{key} NULLS FIRST' for key in KEYS)}"
        self.con.execute(
            f"INSERT INTO series SELECT {stream_id}, {MOST_SERIES - room} + row_number() OVER (ORDER BY {order}), "
            f"{keys} FROM (SELECT r.n, {', '.join('r.' + key for key in KEYS)} FROM _rolled r "
            f"{series_join('r', str(stream_id))} WHERE s.series IS NULL AND {which}) GROUP BY {keys} "
            f"ORDER BY {order} LIMIT {room}")

    # ---- percentiles ---------------------------------------------------------------------------------------

    def bins(self) -> None:
        """Logarithmic bins of what is read as percentiles: from raw rows at the finest level, then by addition."""
        table = f"bins_{self.stream.stream_id}"
        binned = [(column.number, stored_number(column.stored, column.kept)) for column in rolled_columns(self.stream)
                  if is_binned(column)]
        if not binned:
            return
        lowest = self.stream.bins_s
        if not self.whole and self.after is None:
            self.con.execute(f"DELETE FROM {table} WHERE level_s = {lowest} AND {self._in_dirty('bucket', lowest)}")
        for number, value in binned:
            self._bins_of(number, value, table, lowest)
        finest = BIN_LEVELS_S[0]
        if lowest > finest and self._keeps_minutes(table, finest):
            if not self.whole and self.after is None:
                self.con.execute(f"DELETE FROM {table} WHERE level_s = {finest} AND {self._in_dirty('bucket', finest)}")
            for number, value in binned:
                self._bins_together(number, value, table, finest)
        for below, level in itertools.pairwise(level for level in BIN_LEVELS_S if level >= lowest):
            self._add_up(table, level, below, "series, number, bin, n", "series, number, bin, sum(n)",
                         "series, number, bin")

    def _keeps_minutes(self, table: str, level: int) -> bool:
        if not self.whole:
            return bool(self.con.execute(f"SELECT 1 FROM {table} WHERE level_s = {level} LIMIT 1").fetchall())
        rows, minutes = one(
            self.con, f"SELECT count(*), count(DISTINCT b) FROM (SELECT epoch_us(_ts) // {level}000000 AS b "
            f"FROM {self.stream.rows_sql} WHERE {self._in_dirty('_ts', FINEST_S)} LIMIT 1000000)")
        return bool(rows >= DENSE_FOR_MINUTES * minutes)

    def _bins_together(self, number: int, value: str, table: str, level: int) -> None:
        self._put_bins(table, level, number, (
            f"SELECT make_timestamp(b * {level}000000) AS bucket, {ALL_SERIES} AS series, {number} AS number, bin, n "
            f"FROM (SELECT b, {bin_sql('v')} AS bin, count(*) AS n FROM "
            f"(SELECT epoch_us(_ts) // {level}000000 AS b, {value} AS v "
            f"FROM {self.stream.rows_sql} WHERE {self._rows(level)}) WHERE v IS NOT NULL GROUP BY ALL)"))

    def _bins_of(self, number: int, value: str, table: str, level: int) -> None:
        self._put_bins(table, level, number, (
            f"SELECT make_timestamp(b * {level}000000) AS bucket, coalesce(s.series, 0) AS series, "
            f"{number} AS number, r.bin, r.n FROM (SELECT b, {', '.join(KEYS)}, {bin_sql('v')} AS bin, count(*) AS n "
            f"FROM (SELECT epoch_us(_ts) // {level}000000 AS b, {', '.join(key_sql(self.stream))}, {value} AS v "
            f"FROM {self.stream.rows_sql} WHERE {self._rows(level)}) WHERE v IS NOT NULL "
            f"GROUP BY ALL) r {series_join('r', str(self.stream.stream_id))}"))

    def _put_bins(self, table: str, level: int, number: int, found: str) -> None:
        """found: SELECT of bucket, series, number, bin, n"""
        if self.after is None:
            self.con.execute(f"INSERT INTO {table} SELECT {level}, * FROM ({found})")
        else:
            self._add(table, level, found, ["series", "number", "bin"], "sum(n) AS n", "n", f"number = {number}")


def _aggregates(number: int, moments: bool) -> list[str]:
    value = f"v{number}"
    count = f"count({value}) AS n_{number}"
    if not moments:
        return [count]
    return [count, f"sum({value}) AS sum_{number}", f"sum({value} * {value}) AS sq_{number}",
            f"min({value}) AS min_{number}", f"max({value}) AS max_{number}"]
