"""Charts' numbers: from rollups where a level adds up to the buckets asked for, else from raw rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from console.jobs import Job
from console.roles import SERIES_ROLES, Role
from console.store.asking import one
from console.store.casting import stored_number
from console.store.derived import WAITED_S, named
from console.store.grid import OTHER, Grid, Sums, by_series, plain
from console.store.model import ColumnMoments, Floats, Moments, PercentileSeries, StreamInfo
from console.store.names import FINEST_S, literal, quoted
from console.store.ranks import Ranked, rank_of, value_of_bin
from console.store.rolled import has_moments
from console.store.rollups import BIN_LEVELS_S
from console.store.scans import stretches
from console.store.splits import Split
from console.store.tracks import Source
from console.window import Window

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from console.store.resident import Resident

EXACT_ROWS = 200_000
"""Up to so many rows in the window percentiles are read from the rows themselves."""


def moments(con: DuckDBPyConnection, stream: StreamInfo, stored: Sequence[str], window: Window, bucket_s: float,
            by: Role | Split | None, resident: Resident | None = None, *, phase_s: float = 0.0,
            raw: bool = False, series: str = "", job: Job | None = None) -> list[Moments]:
    """See Workspace.moments. Without a split, numbers that are held in memory are taken from there.

    raw     from the rows whatever there is: the stream's table is only some of them
    series  a SELECT of the numbers of the series that are meant: the stream's table is only their rows
    """
    grid = Grid.over(window, bucket_s, phase_s)
    wanted = _Wanted(stream, stored)
    key = _key_sql(stream, by)
    raw = raw or isinstance(by, Split) or not wanted.rolled
    level = level_for(con, f"rollup_{stream.stream_id}", grid, resident) if not raw else None
    if (key or series) and level is not None and level < stream.split_s:
        level = None
    if not key and not series and level is not None and resident is not None:
        held = _from_memory(con, stream, wanted, grid, level, resident)
        if held is not None:
            return [held]
    found: dict[str, Sums] = {}
    if level is None and not key and not series and not raw and resident is not None:
        return _recent(con, stream, wanted, grid, resident, job)
    if level is None:
        for part in stretches(con, stream, grid, job):
            _add(found, wanted, grid, con.execute(_from_raw(stream, wanted, grid, part, key)).fetchnumpy())
    else:
        query = _from_rollups(stream, wanted, grid, level, by if key and isinstance(by, Role) else None, series)
        _add(found, wanted, grid, con.execute(query).fetchnumpy())
    return [sums.finish(series) for series, sums in sorted(found.items())]


def _recent(con: DuckDBPyConnection, stream: StreamInfo, wanted: _Wanted, grid: Grid, resident: Resident,
            job: Job | None) -> list[Moments]:
    """From the rows; of buckets that were read before, from what they gave then."""

    def read(part: Grid) -> dict[str, Floats]:
        found = {"": Sums(part)}
        for stretch in stretches(con, stream, part, job):
            _add(found, wanted, part, con.execute(_from_raw(stream, wanted, part, stretch, "")).fetchnumpy())
        return found[""].flat([name for name, *_ in wanted.columns])

    values = resident.recent.over(("moments", stream.stream_id, tuple(wanted.columns)),
                                  [f"rollup_{stream.stream_id}"], grid, read)
    return [Sums.of_flat(grid, values).finish("")]


def _add(found: dict[str, Sums], wanted: _Wanted, grid: Grid, rows: Any) -> None:
    """Rows of an answer to what there is of each series."""
    for series, place in by_series(rows).items():
        sums = found.setdefault(series, Sums(grid))
        at = np.asarray(rows["i"])[place].astype(np.int64)
        sums.add_rows(at, plain(rows["n"][place], 0.0))
        for name, number, full, scale in wanted.columns:
            parts = {"n": plain(rows[f"n_{number}"][place], 0.0)}
            if full:
                parts |= {"sum": plain(rows[f"sum_{number}"][place], 0.0),
                          "sumsq": plain(rows[f"sq_{number}"][place], 0.0),
                          "min": plain(rows[f"min_{number}"][place], np.nan),
                          "max": plain(rows[f"max_{number}"][place], np.nan)}
            sums.add(name, at, parts, scale)


def _key_sql(stream: StreamInfo, by: Role | Split | None) -> str:
    """The part that a raw row belongs to; "" where all are one."""
    if isinstance(by, Split):
        return by.sql(stream)
    column = stream.column(by) if by is not None else None
    return f"coalesce({quoted(column.stored)}::VARCHAR, '')" if column is not None else ""


def _from_memory(con: DuckDBPyConnection, stream: StreamInfo, wanted: _Wanted, grid: Grid, level: int,
                 resident: Resident) -> Moments | None:
    columns = [(str(number), full) for _, number, full, _ in wanted.columns]
    found = (resident.moments(con, Source(f"rollup_{stream.stream_id}", level), columns, grid)
             if level >= FINEST_S else None)
    if found is None:
        return None
    rows, parts = found
    return Moments("", grid.times, rows, {
        name: _scaled(parts[column], rows, scale)
        for column, (name, _, _, scale) in zip(columns, wanted.columns, strict=True)})


def _scaled(part: dict[str, Floats], rows: Floats, scale: float) -> ColumnMoments:
    """As handed out; of a column that is only counted there are no sums."""
    n = part["n"]
    if "sum" not in part:
        none = np.full(len(n), np.nan)
        return ColumnMoments(n, rows - n, np.zeros(len(n)), np.zeros(len(n)), none, none)
    return ColumnMoments(n, rows - n, part["sum"] * scale, part["sumsq"] * (scale * scale), part["min"] * scale,
                         part["max"] * scale)


def level_for(con: DuckDBPyConnection, table: str, grid: Grid, resident: Resident | None = None) -> int | None:
    """The level to read, if the table has it: that of one second is kept for short logs only."""
    level = grid.level()
    if level != 1:
        return level

    def has_seconds() -> bool:
        return bool(con.execute(f"SELECT 1 FROM {table} WHERE level_s = 1 LIMIT 1").fetchall())

    there = has_seconds() if resident is None else resident.recent.once(("seconds", table), has_seconds)
    return 1 if there else None


class _Wanted:
    """The columns asked for: (name, number, whether it has moments, scale)."""

    def __init__(self, stream: StreamInfo, stored: Sequence[str]) -> None:
        self.columns: list[tuple[str, int, bool, float]] = []
        self.values: dict[int, str] = {}
        self.rolled = True
        for name in dict.fromkeys(stored):
            made = named(stream, name)
            if made is not None:
                self.columns.append((name, made.number, True, 1.0))
                self.values[made.number] = made.value
                self.rolled = self.rolled and made.name != WAITED_S
                continue
            column = stream.named(name)
            full = has_moments(column)
            self.columns.append((name, column.number, full, column.scale))
            self.values[column.number] = stored_number(name, column.kept) if full else quoted(name)
            self.rolled = self.rolled and column.rolled


def _key_of_series(stream: StreamInfo, by: Role | None) -> tuple[str, str]:
    """The column of the series table as `key`, and the join that brings it."""
    if by not in SERIES_ROLES:
        raise ValueError(f"Rows are not kept apart by {by}")
    join = f"LEFT JOIN series s ON s.stream_id = {stream.stream_id} AND s.series = r.series"
    return f"CASE WHEN r.series = 0 THEN {literal(OTHER)} ELSE coalesce(s.{by.value}, '') END", join


def _from_rollups(stream: StreamInfo, wanted: _Wanted, grid: Grid, level: int, by: Role | None, series: str) -> str:
    key, join = _key_of_series(stream, by) if by is not None else ("", "")
    sums = ["sum(r.n) AS n"]
    for _, number, full, _ in wanted.columns:
        sums.append(f"sum(r.n_{number}) AS n_{number}")
        if full:
            sums += [f"sum(r.sum_{number}) AS sum_{number}", f"sum(r.sq_{number}) AS sq_{number}",
                     f"min(r.min_{number}) AS min_{number}", f"max(r.max_{number}) AS max_{number}"]
    return (f"SELECT {grid.index_sql('r.bucket')} AS i{f', {key} AS key' if key else ''}, {', '.join(sums)} "
            f"FROM rollup_{stream.stream_id} r {join} WHERE r.level_s = {level} AND {grid.within_sql('r.bucket')} "
            f"{_among(series)}GROUP BY i{', key' if key else ''}")


def _among(series: str) -> str:
    return f"AND r.series IN ({series}) " if series else ""


def _from_raw(stream: StreamInfo, wanted: _Wanted, grid: Grid, part: Grid, by: str) -> str:
    """part: the stretch of the grid whose rows are read"""
    key = f", {by} AS key" if by else ""
    values = "".join(f", {value} AS v{number}" for number, value in wanted.values.items())
    sums = ["count(*) AS n"]
    for _, number, full, _ in wanted.columns:
        value = f"v{number}"
        sums.append(f"count({value}) AS n_{number}")
        if full:
            sums += [f"sum({value}) AS sum_{number}", f"sum({value} * {value}) AS sq_{number}",
                     f"min({value}) AS min_{number}", f"max({value}) AS max_{number}"]
    return (f"SELECT i{', key' if key else ''}, {', '.join(sums)} FROM "
            f"(SELECT {grid.index_sql('_ts')} AS i{key}{values} FROM {stream.rows_sql} "
            f"WHERE {part.within_sql('_ts')}) GROUP BY i{', key' if key else ''}")


def percentiles(con: DuckDBPyConnection, stream: StreamInfo, stored: str, window: Window, bucket_s: float,
                qs: Sequence[float], by: Role | Split | None, resident: Resident | None = None, *, phase_s: float = 0.0,
                raw: bool = False, series: str = "", exact_rows: int | None = None,
                job: Job | None = None) -> list[PercentileSeries]:
    """See Workspace.percentiles, and `moments`.

    exact_rows  up to so many rows in the window the rows are read, and not the bins; EXACT_ROWS where it is not said
    """
    exact_rows = EXACT_ROWS if exact_rows is None else exact_rows
    grid = Grid.over(window, bucket_s, phase_s)
    ranked = Ranked.of(stream, stored)
    key = _key_sql(stream, by)
    level = grid.level()
    if (raw or isinstance(by, Split) or level not in BIN_LEVELS_S or not ranked.binned
            or ((key or series) and level < stream.bins_s)
            or (exact_rows and rows_on(con, stream, grid, resident) <= exact_rows)):
        if key or raw or series or resident is None:
            return _exact(con, stream, ranked, grid, qs, key, job)
        return _recently_exact(con, stream, ranked, grid, qs, resident, job)
    source = Source(f"bins_{stream.stream_id}", level, f"number = {ranked.number}")
    held = resident.ranks(con, source, grid, qs) if not key and not series and resident is not None else None
    if held is not None and held[0].any():
        return [PercentileSeries("", grid.times, held[0], {q: v * ranked.scale for q, v in held[1].items()})]
    if level >= stream.bins_s or con.execute(f"SELECT 1 {source.sql(None)} LIMIT 1").fetchall():
        return _from_bins(con, stream, ranked, grid, level, qs, by if key and isinstance(by, Role) else None, series)
    return _exact(con, stream, ranked, grid, qs, key)


def rows_on(con: DuckDBPyConnection, stream: StreamInfo, grid: Grid, resident: Resident | None) -> int:
    """Rows of the hours that begin on the grid or up to an hour before it."""
    hour = 3600 * 10**6
    first, last = -(-grid.first_us // hour) - 1, -(-(grid.first_us + grid.count * grid.step_us) // hour)
    hours = Grid(first * hour, hour, last - first)
    source = Source(f"rollup_{stream.stream_id}", 3600)
    held = resident.moments(con, source, (), hours) if resident is not None else None
    if held is not None:
        return int(held[0].sum())
    return int(one(con, f"SELECT coalesce(sum(n), 0) FROM rollup_{stream.stream_id} WHERE level_s = 3600 AND "
                        f"bucket >= make_timestamp({grid.first_us} - 3600000000) AND "
                        f"bucket < make_timestamp({grid.first_us + grid.count * grid.step_us})")[0])


def _recently_exact(con: DuckDBPyConnection, stream: StreamInfo, ranked: Ranked, grid: Grid, qs: Sequence[float],
                    resident: Resident, job: Job | None) -> list[PercentileSeries]:
    """`_exact`; of buckets that were read before, from what they gave then."""

    def read(part: Grid) -> dict[str, Floats]:
        (found,) = _exact(con, stream, ranked, part, qs, "", job)
        return {"n": found.n, **{repr(q): found.values[q] for q in qs}}

    values = resident.recent.over(("percentiles", stream.stream_id, ranked, tuple(qs)),
                                  [f"rollup_{stream.stream_id}"], grid, read)
    return [PercentileSeries("", grid.times, values["n"], {q: values[repr(q)] for q in qs})]


def _exact(con: DuckDBPyConnection, stream: StreamInfo, ranked: Ranked, grid: Grid, qs: Sequence[float],
           key: str, job: Job | None = None) -> list[PercentileSeries]:
    """quantile_disc is the nearest rank: the smallest value that at least a share q of the rows does not exceed."""
    name = f", {key} AS key" if key else ""
    ranks = ", ".join(repr(float(q)) for q in qs)
    take = "".join(f", found[{place}] AS q{place - 1}" for place in range(1, len(qs) + 1))
    found: dict[str, PercentileSeries] = {}
    for part in stretches(con, stream, grid, job):
        rows = con.execute(
            f"SELECT * EXCLUDE (found){take} FROM (SELECT i{', key' if key else ''}, count(*) AS n, "
            f"quantile_disc(v, [{ranks}]) AS found FROM "
            f"(SELECT {grid.index_sql('_ts')} AS i{name}, {ranked.value} AS v "
            f"FROM {stream.rows_sql} WHERE {part.within_sql('_ts')}) WHERE v IS NOT NULL "
            f"GROUP BY i{', key' if key else ''})").fetchnumpy()
        for series, place in by_series(rows).items():
            if series not in found:
                found[series] = PercentileSeries(series, grid.times, np.zeros(grid.count),
                                                 {q: np.full(grid.count, np.nan) for q in qs})
            at = np.asarray(rows["i"])[place].astype(np.int64)
            found[series].n[at] = plain(rows["n"][place], 0.0)
            for number, q in enumerate(qs):
                found[series].values[q][at] = plain(rows[f"q{number}"][place], np.nan) * ranked.scale
    return [found[series] for series in sorted(found)]


def _from_bins(con: DuckDBPyConnection, stream: StreamInfo, ranked: Ranked, grid: Grid, level: int,
               qs: Sequence[float], by: Role | None, series: str) -> list[PercentileSeries]:
    key, join = _key_of_series(stream, by) if by is not None else ("", "")
    order = "key, i, bin" if key else "i, bin"
    rows = con.execute(
        f"SELECT {grid.index_sql('r.bucket')} AS i{f', {key} AS key' if key else ''}, r.bin AS bin, sum(r.n) AS n "
        f"FROM bins_{stream.stream_id} r {join} WHERE r.level_s = {level} AND r.number = {ranked.number} "
        f"AND {grid.within_sql('r.bucket')} {_among(series)}GROUP BY {order} ORDER BY {order}").fetchnumpy()
    found = []
    for series, place in by_series(rows).items():
        n, values = ranked_bins(grid, np.asarray(rows["i"])[place].astype(np.int64), plain(rows["bin"][place], 0.0),
                            plain(rows["n"][place], 0.0), qs)
        found.append(PercentileSeries(series, grid.times, n, {q: v * ranked.scale for q, v in values.items()}))
    return found


def ranked_bins(grid: Grid, at: Any, bins: Floats, counts: Floats,
            qs: Sequence[float]) -> tuple[Floats, dict[float, Floats]]:
    """Nearest ranks in bins that come sorted by bucket and bin: one running count over all buckets."""
    n: Floats = np.bincount(at, weights=counts, minlength=grid.count).astype(np.float64)
    running = np.cumsum(counts)
    before = np.concatenate([[0.0], np.cumsum(n)[:-1]])
    filled = np.flatnonzero(n)
    middles = value_of_bin(bins)
    values: dict[float, Floats] = {}
    for q in qs:
        rank = rank_of(q, n[filled])
        values[q] = np.full(grid.count, np.nan)
        values[q][filled] = middles[np.searchsorted(running, before[filled] + rank)]
    return n, values
