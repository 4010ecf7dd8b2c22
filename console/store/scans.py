"""Numbers per bucket that no rollup has: read from the rows, in stretches, so that it can be stopped between them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from console.errors import BadSettings
from console.jobs import Job
from console.roles import Role
from console.store.asking import one
from console.store.casting import stored_number
from console.store.derived import text_sql
from console.store.expressions import Compiled
from console.store.grid import Grid, plain
from console.store.model import Floats, StreamInfo
from console.store.names import literal, quoted
from console.store.ranks import Ranked, value_of_bin
from console.store.rollups import BIN_LEVELS_S, GAMMA, bin_sql
from console.store.splits import CHUNK_ROWS
from console.store.tracks import Source

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from console.store.resident import Resident


MOST_RUNS = 8
"""Each stretch is a question of its own: from so many on one question over all of them is quicker."""


@dataclass(frozen=True, slots=True, eq=False)
class Distribution:
    """How many rows lie where. counts: shape (buckets of time, bins); bins are rising, each known to 1 %.

    lower, upper  ends of each bin in the canonical unit; the same for what is exactly zero
    """

    times: Floats
    lower: Floats
    upper: Floats
    counts: Floats


def stretches(con: DuckDBPyConnection, stream: StreamInfo, grid: Grid, job: Job | None) -> Iterator[Grid]:
    """The grid in parts of whole buckets with about CHUNK_ROWS rows each; asks the job before each."""
    if job is None:
        yield grid
        return
    rows = int(one(con, f"SELECT count(*) FROM {stream.rows_sql} WHERE {grid.within_sql('_ts')}")[0])
    parts = min(max(1, -(-rows // CHUNK_ROWS)), grid.count)
    ends = [grid.count * number // parts for number in range(parts + 1)]
    for number, (first, last) in enumerate(itertools.pairwise(ends)):
        job.stop_if_asked()
        job.report(number, parts, "Reading rows")
        yield Grid(grid.first_us + first * grid.step_us, grid.step_us, last - first)


def per_bucket(con: DuckDBPyConnection, stream: StreamInfo, grid: Grid, inner: Mapping[str, str],
               outer: Mapping[str, str], job: Job | None, where: str = "true") -> dict[str, NDArray[Any]]:
    """Aggregates of each bucket: objects, None where a bucket has no rows.

    inner  name -> SQL over a row;  outer  name -> aggregate over those names
    """
    found = {name: np.full(grid.count, None, dtype=object) for name in outer}
    fields = "".join(f", {value} AS {quoted(name)}" for name, value in inner.items())
    sums = "".join(f", {value} AS {quoted(name)}" for name, value in outer.items())
    for part in stretches(con, stream, grid, job):
        rows = con.execute(f"SELECT i{sums} FROM (SELECT {grid.index_sql('_ts')} AS i{fields} FROM {stream.rows_sql} "
                           f"WHERE {part.within_sql('_ts')} AND ({where})) GROUP BY i").fetchall()
        for at, *values in rows:
            for name, value in zip(outer, values, strict=True):
                found[name][int(at)] = value
    return found


def floats(values: NDArray[Any], missing: float = 0.0) -> Floats:
    """Objects as numbers."""
    return np.array([missing if value is None else float(value) for value in values], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Scan:
    """Questions about one stream on one grid. Made by Workspace.scan. Raise JobStopped when the job is stopped.

    some  the stream's table is only some of its rows: bins are of all of them
    """

    con: DuckDBPyConnection
    stream: StreamInfo
    grid: Grid
    resident: Resident | None
    job: Job | None
    some: bool = False

    def outside(self, ranges: Mapping[str, tuple[float, float]], suspects: NDArray[np.bool_]) -> Floats:
        """How many cells of columns lie outside of their ranges (in the log's unit), bucket by bucket.

        suspects  buckets that may have some; no other is read
        """
        total = np.zeros(self.grid.count)
        inner = {f"c{number}": _beyond(self.stream, stored, *ends) for number, (stored, ends)
                 in enumerate(ranges.items())}
        outer = {"n": " + ".join(f"count(*) FILTER ({name})" for name in inner)}
        for first, last in _runs(suspects):
            part = Grid(self.grid.first_us + first * self.grid.step_us, self.grid.step_us, last - first)
            found = per_bucket(self.con, self.stream, part, inner, outer, self.job)
            total[first:last] = floats(found["n"])
        return total

    def unseen(self, known: Mapping[str, frozenset[str]]) -> tuple[Floats, Floats]:
        """Cells of columns that hold a value not among the known ones, and cells that hold one at all."""
        inner = {f"c{number}": text_sql(self.stream.named(stored)) for number, stored in enumerate(known)}
        strange = []
        for name, values in zip(inner, known.values(), strict=True):
            among = ", ".join(literal(value) for value in sorted(values))
            strange.append(f"count(*) FILTER ({name} NOT IN ({among}))" if values else f"count({name})")
        outer = {"new": " + ".join(strange), "n": " + ".join(f"count({name})" for name in inner)}
        found = per_bucket(self.con, self.stream, self.grid, inner, outer, self.job)
        return floats(found["new"]), floats(found["n"])

    def extremes(self, stored: str) -> tuple[NDArray[Any], NDArray[Any]]:
        """The first and the last value of a column in each bucket, as texts sort; None without any."""
        found = per_bucket(self.con, self.stream, self.grid, {"v": text_sql(self.stream.named(stored))},
                           {"a": "min(v)", "z": "max(v)"}, self.job)
        return found["a"], found["z"]

    def gone_users(self, within_s: float) -> tuple[Floats, Floats]:
        """Users of each bucket who made no request within so many seconds of its end, and all users of it."""
        return _gone_users(self.con, self.stream, self.grid, within_s, self.job)

    def expression(self, one: Compiled) -> tuple[Floats, Floats]:
        """An aggregate of the user's, and the rows behind it. Raises BadSettings where it cannot be computed."""
        inner = {f"u{number}": quoted(stored) for number, stored in enumerate(one.columns)}
        try:
            found = per_bucket(self.con, self.stream, self.grid, inner,
                               {"v": f"TRY_CAST({one.sql} AS DOUBLE)", "n": "count(*)"}, self.job)
        except duckdb.Error as error:
            raise BadSettings(f"It cannot be computed ({str(error).splitlines()[0][:200]})", where="[[metric]]",
                              do="Mend its expression") from error
        values = floats(found["v"], np.nan)
        return np.where(np.isfinite(values), values, np.nan), floats(found["n"])

    def distribution(self, stored: str) -> Distribution:
        """Logarithmic bins of a column: from bins where they are kept, else from the rows."""
        ranked = Ranked.of(self.stream, stored)
        grid, level = self.grid, self.grid.level()
        source = Source(f"bins_{self.stream.stream_id}", level or 0, f"number = {ranked.number}")
        if level in BIN_LEVELS_S and ranked.binned and not self.some:
            held = self.resident.spread(self.con, source, grid) if self.resident is not None else None
            if held is not None and held[1].any():
                return _spread(grid, *held, ranked.scale)
            if level >= self.stream.bins_s > 0 or self.con.execute(f"SELECT 1 {source.sql(None)} LIMIT 1").fetchall():
                rows = self.con.execute(
                    f"SELECT {grid.index_sql('bucket')} AS i, bin, sum(n)::DOUBLE AS n {source.sql(None)} AND "
                    f"{grid.within_sql('bucket')} GROUP BY ALL").fetchnumpy()
                return _laid(grid, [rows], ranked.scale)
        parts = [self.con.execute(
            f"SELECT i, bin, count(*)::DOUBLE AS n FROM (SELECT {grid.index_sql('_ts')} AS i, {bin_sql('v')} AS bin "
            f"FROM (SELECT _ts, {ranked.value} AS v FROM {self.stream.rows_sql} WHERE {part.within_sql('_ts')}) "
            "WHERE v IS NOT NULL) GROUP BY ALL").fetchnumpy()
            for part in stretches(self.con, self.stream, grid, self.job)]
        return _laid(grid, parts, ranked.scale)


def _beyond(stream: StreamInfo, stored: str, low: float, high: float) -> str:
    value = stored_number(stored, stream.named(stored).kept)
    return f"({value} < {low!r}::DOUBLE OR {value} > {high!r}::DOUBLE)"


def _runs(marked: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and behind the last of each stretch that is marked; of many stretches one around all of them."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], marked.astype(np.int8), [0]])))
    if len(edges) > 2 * MOST_RUNS:
        return [(int(edges[0]), int(edges[-1]))]
    return [(int(first), int(last)) for first, last in zip(edges[::2], edges[1::2], strict=True)]


def _gone_users(con: DuckDBPyConnection, stream: StreamInfo, grid: Grid, within_s: float,
               job: Job | None) -> tuple[Floats, Floats]:
    user = stream.column(Role.USER_ID)
    assert user is not None
    longer = -(-round(within_s * 1e6) // grid.step_us)
    wide = Grid(grid.first_us, grid.step_us, grid.count + int(longer))
    con.execute("CREATE OR REPLACE TEMP TABLE _seen_users (u VARCHAR, i BIGINT, first_us BIGINT)")
    try:
        for part in stretches(con, stream, wide, job):
            con.execute(f"INSERT INTO _seen_users SELECT {quoted(user.stored)}::VARCHAR AS u, "
                        f"{wide.index_sql('_ts')} AS i, min(epoch_us(_ts)) FROM {stream.rows_sql} "
                        f"WHERE {part.within_sql('_ts')} AND {quoted(user.stored)} IS NOT NULL GROUP BY ALL")
        if job is not None:
            job.stop_if_asked()
        end = f"{grid.first_us} + (i + 1) * {grid.step_us}"
        rows = con.execute(
            f"SELECT i, count(*) FILTER (again IS NULL OR again >= {end} + {round(within_s * 1e6)})::DOUBLE AS gone, "
            "count(*)::DOUBLE AS n FROM (SELECT i, lead(first_us) OVER (PARTITION BY u ORDER BY i) AS again "
            f"FROM _seen_users) WHERE i < {grid.count} GROUP BY i").fetchnumpy()
    finally:
        con.execute("DROP TABLE IF EXISTS _seen_users")
    gone, users = np.zeros(grid.count), np.zeros(grid.count)
    at = np.asarray(rows["i"]).astype(np.int64)
    gone[at], users[at] = plain(rows["gone"], 0.0), plain(rows["n"], 0.0)
    return gone, users


def _laid(grid: Grid, parts: Sequence[Mapping[str, Any]], scale: float) -> Distribution:
    at = np.concatenate([np.asarray(part["i"]).astype(np.int64) for part in parts])
    bins, place = np.unique(np.concatenate([plain(part["bin"], 0.0) for part in parts]), return_inverse=True)
    n = np.concatenate([plain(part["n"], 0.0) for part in parts])
    counts = np.zeros((grid.count, len(bins)))
    np.add.at(counts, (at, place), n)
    return _spread(grid, bins, counts, scale)


def _spread(grid: Grid, bins: Floats, counts: Floats, scale: float) -> Distribution:
    """A bin k > 0 holds gamma^(k-1) to gamma^k: its middle, as percentiles say it, times (gamma + 1) / 2 and less."""
    far = value_of_bin(bins) * (GAMMA + 1) / 2
    near = far / GAMMA
    lower, upper = np.minimum(near, far), np.maximum(near, far)
    return Distribution(grid.times, lower * scale, upper * scale, np.asarray(counts, dtype=np.float64))

