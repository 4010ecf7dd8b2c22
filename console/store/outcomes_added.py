"""Adds outcomes that came to their rollups: what a log that is followed brings with each look.

To join whole buckets again costs by what they hold and not by what came: labels that come half an hour later were
seconds of work and a gigabyte with each look. Where requests have only grown (`refreshing.Fresh`), and none of the new
ones is a second try of one that has an outcome, all pairs there are stay as they are, and each outcome that is new, or
was known and waited for its request, adds one.
Its numbers are appended beside what is there, for whoever reads adds up; `LooseOutcomes` packs them when they are many.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.store.asking import one
from console.store.model import StreamInfo
from console.store.names import FINEST_S
from console.store.pairing import FIELDS, MERGED, SOON_S, outcomes_sql, pair, requests_sql, sums_sql
from console.store.refreshing import Fresh
from console.store.rollups import LEVELS_S, bin_sql, floor_sql, series_join

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MOST_LOOSE = 200
"""Looks whose numbers lie beside one another before they are packed."""


@dataclass(slots=True)
class LooseOutcomes:
    """Buckets that have more rows than they need: first, last (microseconds), looks."""

    low_us: int = 0
    high_us: int = 0
    looks: int = 0

    def note(self, low_us: int, high_us: int) -> None:
        """One look has added rows from low to high."""
        self.low_us = min(self.low_us, low_us) if self.looks else low_us
        self.high_us = max(self.high_us, high_us) if self.looks else high_us
        self.looks += 1

    @property
    def many(self) -> bool:
        """Whether it is time to pack them."""
        return self.looks >= MOST_LOOSE

    def pack(self, con: DuckDBPyConnection) -> None:
        """One row for each bucket and series again; within a transaction of the caller. Numbers stay what they are."""
        if not self.looks:
            return
        top = LEVELS_S[-1] * 10**6
        within = f"bucket >= make_timestamp({self.low_us // top * top}) AND bucket <= make_timestamp({self.high_us})"
        self.looks = 0
        for table, keys, merged in (("rollup_outcomes", "level_s, bucket, stream_id, series", MERGED),
                                    ("outcome_waits", "stream_id, bucket, bin", "sum(n) AS n")):
            con.execute(f"CREATE OR REPLACE TEMP TABLE _packed AS SELECT {keys}, {merged} FROM {table} WHERE {within} "
                        f"GROUP BY {keys}")
            con.execute(f"DELETE FROM {table} WHERE {within}")
            con.execute(f"INSERT INTO {table} SELECT * FROM _packed")
        con.execute("DROP TABLE _packed")


def add(con: DuckDBPyConnection, requests: list[StreamInfo], told: list[StreamInfo], grown: Mapping[int, Fresh],
        finest: int, loose: LooseOutcomes) -> int | bool | None:
    """Append what new outcomes add. From which time on (microseconds) rollups changed, None when they did not; False,
    and nothing done, when more than that has happened.

    grown   what was appended to requests since outcomes were joined, by stream
    finest  the level below all others
    """
    if not _only_grew(con, requests, grown):
        return False
    _take_new(con, told)
    if _retried(con, requests, told, grown):
        return False
    first, latest = one(con, "SELECT epoch_us(min(ots)), epoch_us(max(coalesce(ots, TIMESTAMP '2200-01-01'))) "
                             "FROM _told")
    if latest is None:
        return None
    until, since = f"_ts <= make_timestamp({latest})", (first or 0) - SOON_S * 10**6
    with_time = "SELECT * FROM _told WHERE ots IS NOT NULL"
    pair(con, requests, told, with_time, requests_sql(requests, f"{until} AND _ts >= make_timestamp({since})"))
    low = _append(con, finest, loose)
    con.execute("DELETE FROM _told WHERE o IN (SELECT o FROM _pairs)")
    if one(con, "SELECT count(*) FROM _told")[0]:
        pair(con, requests, told, "SELECT * FROM _told", requests_sql(requests, until))
        far = _append(con, finest, loose)
        low = far if low is None else low if far is None else min(low, far)
    if loose.many:
        loose.pack(con)
    return low


def _only_grew(con: DuckDBPyConnection, requests: list[StreamInfo], grown: Mapping[int, Fresh]) -> bool:
    """Whether nothing but `grown` made buckets dirty."""
    known = {stream.stream_id: stream for stream in requests}
    if one(con, "SELECT count(*) FROM dirty_outcomes")[0] != sum(fresh.buckets for fresh in grown.values()):
        return False
    return all(stream_id in known and known[stream_id].rows_sql == known[stream_id].table and one(
        con, f"SELECT count(*) FROM {known[stream_id].table} WHERE rowid > {fresh.after}")[0] == fresh.rows
        for stream_id, fresh in grown.items())


def _take_new(con: DuckDBPyConnection, told: list[StreamInfo]) -> None:
    """Fill `_told` with the outcomes that no rollup knows."""
    parts = []
    for stream in told:
        low, high = one(con, "SELECT coalesce(min(first_record), 0), coalesce(max(last_record), -1) FROM new_outcomes "
                             f"WHERE stream_id = {stream.stream_id}")
        among = (f"_record BETWEEN {low} AND {high} AND rowid IN (SELECT s.rowid FROM {stream.table} s JOIN "
                 f"new_outcomes n ON n.stream_id = {stream.stream_id} AND s._file = n.file_id AND s._record BETWEEN "
                 f"n.first_record AND n.last_record WHERE s._record BETWEEN {low} AND {high})")
        parts.append(outcomes_sql([stream], among))
    con.execute(f"CREATE OR REPLACE TEMP TABLE _told AS {' UNION ALL '.join(parts)}")


def _retried(con: DuckDBPyConnection, requests: list[StreamInfo], told: list[StreamInfo],
             grown: Mapping[int, Fresh]) -> bool:
    """Whether one of the new requests may take an outcome from another. Outcomes that were known before and waited for
    one of them alone go into `_told`."""
    known = {stream.stream_id: stream for stream in requests}
    fresh = " UNION ALL ".join(requests_sql([known[stream_id]], f"rowid > {since.after}")
                               for stream_id, since in grown.items())
    low = one(con, f"SELECT epoch_us(min(ts)) FROM ({fresh})")[0] if fresh else None
    if low is None:
        return False
    later = f"(_ts IS NULL OR _ts >= make_timestamp({low}))"
    meets = "r.id = o.id AND (o.ots IS NULL OR r.ts <= o.ots)"
    con.execute(f"CREATE OR REPLACE TEMP TABLE _waited AS SELECT * FROM ({outcomes_sql(told, later)}) o WHERE o NOT IN "
                f"(SELECT o FROM _told) AND EXISTS (SELECT 1 FROM ({fresh}) r WHERE {meets})")
    if not con.execute("SELECT 1 FROM _waited LIMIT 1").fetchall():
        return False
    before = " UNION ALL ".join(
        requests_sql([stream], f"rowid <= {grown[stream.stream_id].after}" if stream.stream_id in grown else "true")
        for stream in requests)
    if con.execute(f"SELECT 1 FROM ({before}) r JOIN _waited o ON {meets} LIMIT 1").fetchall():
        return True
    con.execute("INSERT INTO _told SELECT * FROM _waited")
    return False


def _append(con: DuckDBPyConnection, finest: int, loose: LooseOutcomes) -> int | None:
    """Add `_pairs` to every level; the first bucket of requests that they are of."""
    low, high = one(con, f"SELECT epoch_us(min({floor_sql('ts', FINEST_S)})), epoch_us(max(ts)) FROM _pairs")
    if low is None:
        return None
    for level in LEVELS_S:
        if level >= finest:
            con.execute(f"INSERT INTO rollup_outcomes SELECT {level}, bucket, stream, coalesce(s.series, 0), "
                        f"{', '.join(FIELDS)} FROM (SELECT {sums_sql(floor_sql('ts', level) + ' AS bucket')} FROM "
                        f"_pairs GROUP BY ALL) r {series_join('r', 'r.stream')}")
    con.execute(WAITS)
    loose.note(low, high)
    return int(low)


WAITS = (f"INSERT INTO outcome_waits SELECT stream, bucket, bin, count(*) FROM (SELECT stream, "
         f"{floor_sql('ts', FINEST_S)} AS bucket, {bin_sql('wait_s')} AS bin FROM (SELECT stream, ts, "
         "(epoch_us(ots) - epoch_us(ts)) / 1e6 AS wait_s FROM _pairs WHERE ots IS NOT NULL)) GROUP BY ALL")
"""From `_pairs`, how long they took."""
