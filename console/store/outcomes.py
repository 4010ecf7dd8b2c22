"""Outcomes, counted at the time of their request.

Requests and outcomes meet by id and span of time: nothing is updated, and no index over ids is kept. An outcome goes to
the latest request of its id that is not after it (without a time of its own: to the latest of all), over all streams of
requests, so that a proxy and its replica that log the same id count once. Either side may come first: what is new on
one side makes the buckets of its requests dirty, and a dirty bucket is joined again whole: unless it is known that only
outcomes came whose requests are there (`outcomes_added`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from console.roles import SERIES_ROLES, Role, StreamKind
from console.store import reading
from console.store.asking import one
from console.store.derived import QUALITIES
from console.store.derived import named as derived_named
from console.store.grid import OTHER, Grid, Sums, by_series, plain
from console.store.model import Floats, Moments, PercentileSeries, StreamInfo
from console.store.names import FINEST_S, literal
from console.store.outcomes_added import WAITS, LooseOutcomes, add
from console.store.pairing import (
    FIELDS,
    MERGED,
    ROLES,
    SOON_S,
    id_of,
    outcomes_sql,
    pair,
    quality,
    requests_sql,
    sides,
    sums_sql,
)
from console.store.ranks import rank_of, value_of_bin
from console.store.refreshing import Fresh
from console.store.rolled import has_moments
from console.store.rollups import (
    LEVELS_S,
    SECONDS_FOR_S,
    USABLE,
    floor_sql,
    series_join,
)
from console.store.splits import Split
from console.store.tracks import ALWAYS, Source
from console.window import Window

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from console.store.resident import Resident

ALL_AGAIN_SHARE = 0.1
"""When more than this share of all outcomes is new, joining everything costs less than looking for its buckets."""

RETRY_S = 3600
"""Requests of one id are expected within so many seconds of each other: when one comes, the others are joined again."""


def is_dirty(con: DuckDBPyConnection) -> bool:
    """Whether something waits to be joined."""
    return bool(con.execute("SELECT 1 FROM dirty_outcomes UNION ALL SELECT 1 FROM new_outcomes LIMIT 1").fetchall())


def refresh(con: DuckDBPyConnection, streams: Mapping[int, StreamInfo], grown: Mapping[int, Fresh] | None = None,
            loose: LooseOutcomes | None = None) -> int | None:
    """Join what is new; from which time on (microseconds) rollups changed, None when they did not. Within a
    transaction of the caller.

    grown  what was appended to requests since this was last done, by stream, if that is known
    loose  of which buckets the caller will pack the rows; without it there is one for each series
    """
    requests, told = sides(streams)
    if not requests or not told:
        con.execute("DELETE FROM dirty_outcomes")
        if not told:
            con.execute("DELETE FROM new_outcomes")
        return None
    whole = _all_again(con, told)
    if not whole and not _can_meet(con, told):
        con.execute("DELETE FROM dirty_outcomes")
        return None
    finest = _finest(con, requests)
    if not whole and grown is not None and loose is not None:
        since = add(con, requests, told, grown, finest, loose)
        if since is not False:
            con.execute("DELETE FROM dirty_outcomes")
            con.execute("DELETE FROM new_outcomes")
            _forget(con)
            return since
    if not whole:
        _find_buckets(con, requests, told)
    _pairs(con, requests, told, None if whole else "_again")
    _write(con, finest, whole)
    con.execute("DELETE FROM dirty_outcomes")
    con.execute("DELETE FROM new_outcomes")
    first = None if whole else one(con, "SELECT epoch_us(min(bucket)) FROM _again")[0]
    _forget(con)
    return ALWAYS if first is None else int(first)


def _forget(con: DuckDBPyConnection) -> None:
    """What was joined is as large as its rows, and each connection would keep it until it joins again."""
    for table in ("_pairs", "_new", "_again", "_found", "_met", "_told", "_waited"):
        con.execute(f"DROP TABLE IF EXISTS temp.{table}")


def taken_back(con: DuckDBPyConnection, streams: Mapping[int, StreamInfo], stream: StreamInfo, file_id: int,
               record: int) -> None:
    """An outcome is about to be taken out of its stream: the requests of its id are joined again without it."""
    requests, told = sides(streams)
    if requests and stream in told:
        con.execute(f"INSERT INTO dirty_outcomes SELECT DISTINCT {floor_sql('ts', FINEST_S)} FROM "
                    f"({requests_sql(requests)}) WHERE id IN (SELECT {id_of(stream)} FROM {stream.table} "
                    "WHERE _file = ? AND _record = ?)", [file_id, record])


def _all_again(con: DuckDBPyConnection, told: list[StreamInfo]) -> bool:
    empty, asked, new, rows = one(
        con, "SELECT (SELECT count(*) = 0 FROM rollup_outcomes), "
        "(SELECT coalesce(bool_or(bucket IS NULL), false) FROM dirty_outcomes), "
        "(SELECT coalesce(sum(last_record - first_record + 1), 0) FROM new_outcomes), "
        f"{' + '.join(f'(SELECT count(*) FROM {stream.table})' for stream in told)}")
    return bool(empty or asked or new > ALL_AGAIN_SHARE * rows)


def _can_meet(con: DuckDBPyConnection, told: list[StreamInfo]) -> bool:
    """Whether what is new may change any pair: requests that are later than all outcomes have none yet, and take none
    from others."""
    new, low = one(con, "SELECT (SELECT count(*) FROM new_outcomes), "
                        "(SELECT epoch_us(min(bucket)) FROM dirty_outcomes)")
    later = f"_ts IS NULL OR _ts >= make_timestamp({low})"
    return bool(new) or low is None or any(
        con.execute(f"SELECT 1 FROM {stream.table} WHERE {later} LIMIT 1").fetchall() for stream in told)


def _find_buckets(con: DuckDBPyConnection, requests: list[StreamInfo], told: list[StreamInfo]) -> None:
    """Fill `_again` with the buckets to be joined anew."""
    new = " UNION ALL ".join(
        f"SELECT {id_of(stream)} AS id, _ts AS ots FROM {stream.table} JOIN (SELECT file_id AS _f, first_record AS _a, "
        f"last_record AS _z FROM new_outcomes WHERE stream_id = {stream.stream_id}) ON _file = _f AND "
        f"_record BETWEEN _a AND _z WHERE {id_of(stream)} IS NOT NULL" for stream in told)
    con.execute(f"CREATE OR REPLACE TEMP TABLE _new AS {new}")
    con.execute("CREATE OR REPLACE TEMP TABLE _again AS SELECT DISTINCT bucket FROM dirty_outcomes")
    first, latest = one(con, "SELECT epoch_us(min(ots)), epoch_us(max(coalesce(ots, TIMESTAMP '2200-01-01'))) "
                             "FROM _new")
    if latest is not None:
        until = f"_ts <= make_timestamp({latest})"
        if first is not None:           # an outcome goes to the latest request: where that is found, others are not
            _meet(con, requests, f"{until} AND _ts >= make_timestamp({first - SOON_S * 10**6})", "n.ots IS NOT NULL")
            con.execute("DELETE FROM _new WHERE (id, ots) IN (SELECT id, ots FROM _met)")
        if con.execute("SELECT 1 FROM _new LIMIT 1").fetchall():
            _meet(con, requests, until, "true")
    low, high = one(con, "SELECT epoch_us(min(bucket)), epoch_us(max(bucket)) FROM dirty_outcomes")
    if low is not None and _dirty_have_outcomes(con, requests, told, low, high):
        near = (f"_ts >= make_timestamp({low - RETRY_S * 10**6}) AND "
                f"_ts < make_timestamp({high + (RETRY_S + FINEST_S) * 10**6})")
        inside = f"{floor_sql('ts', FINEST_S)} IN (SELECT bucket FROM dirty_outcomes)"
        con.execute(f"INSERT INTO _again WITH near AS ({requests_sql(requests, near)}) "
                    f"SELECT DISTINCT {floor_sql('ts', FINEST_S)} FROM near WHERE NOT ({inside}) AND id IN "
                    f"(SELECT id FROM near WHERE {inside})")
    con.execute("CREATE OR REPLACE TEMP TABLE _again AS SELECT DISTINCT bucket FROM _again")


def _meet(con: DuckDBPyConnection, requests: list[StreamInfo], where: str, which: str) -> None:
    """Put the buckets of requests that outcomes in `_new` may go to into `_again`, and those outcomes into `_met`."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE _found AS SELECT n.id, n.ots, {floor_sql('r.ts', FINEST_S)} AS bucket "
                f"FROM ({requests_sql(requests, where)}) r JOIN _new n ON n.id = r.id "
                f"WHERE (n.ots IS NULL OR r.ts <= n.ots) AND {which}")
    con.execute("INSERT INTO _again SELECT DISTINCT bucket FROM _found")
    con.execute("CREATE OR REPLACE TEMP TABLE _met AS SELECT DISTINCT id, ots FROM _found")


def _dirty_have_outcomes(con: DuckDBPyConnection, requests: list[StreamInfo], told: list[StreamInfo], low: int,
                         high: int) -> bool:
    """Whether any request in a dirty bucket has an outcome that was not before it: only then it may take one from
    another request of its id, or lose one to it."""
    inside = (f"_ts >= make_timestamp({low}) AND _ts < make_timestamp({high + FINEST_S * 10**6}) AND "
              f"{floor_sql('_ts', FINEST_S)} IN (SELECT bucket FROM dirty_outcomes)")
    later = f"(_ts IS NULL OR _ts >= make_timestamp({low}))"
    return bool(con.execute(f"SELECT 1 FROM ({requests_sql(requests, inside)}) r SEMI JOIN "
                            f"({outcomes_sql(told, later)}) o ON o.id = r.id LIMIT 1").fetchall())


def _pairs(con: DuckDBPyConnection, requests: list[StreamInfo], told: list[StreamInfo], again: str | None,
           within: str = "true", later: str = "true", split: Split | None = None) -> None:
    """Fill `_pairs` with each outcome and the one request that it goes to: of some buckets, or of all.

    within, later  conditions on the `_ts` of requests and of outcomes
    split          a column of requests whose values are carried along
    """
    asked = within
    if again is not None:
        low, high = one(con, f"SELECT coalesce(epoch_us(min(bucket)), 0), coalesce(epoch_us(max(bucket)), 0) "
                             f"FROM {again}")
        asked = (f"_ts >= make_timestamp({low}) AND _ts < make_timestamp({high + FINEST_S * 10**6}) AND "
                 f"{floor_sql('_ts', FINEST_S)} IN (SELECT bucket FROM {again})")
        later = f"(_ts IS NULL OR _ts >= make_timestamp({low}))"
    pair(con, requests, told, outcomes_sql(told, later), requests_sql(requests, asked, split),
         split=split is not None)
    if asked != "true":
        _drop_those_of_others(con, requests)


def _drop_those_of_others(con: DuckDBPyConnection, requests: list[StreamInfo]) -> None:
    """Take pairs out whose outcome goes to a later request of its id that was not asked for: there it is counted."""
    low, high = one(con, "SELECT epoch_us(min(ts)), epoch_us(max(coalesce(ots, TIMESTAMP '2200-01-01'))) FROM _pairs")
    if low is None or low >= high:
        return
    later = requests_sql(requests, f"_ts > make_timestamp({low}) AND _ts <= make_timestamp({high})")
    con.execute(f"DELETE FROM _pairs WHERE o IN (SELECT p.o FROM _pairs p JOIN ({later}) r ON r.id = p.id "
                "AND r.ts > p.ts AND (p.ots IS NULL OR r.ts <= p.ots))")


def _finest(con: DuckDBPyConnection, requests: list[StreamInfo]) -> int:
    times = " UNION ALL ".join(f"SELECT min(_ts) AS a, max(_ts) AS z FROM {stream.rows_sql} WHERE {USABLE}"
                               for stream in requests)
    seconds = one(con, f"SELECT epoch(max(z)) - epoch(min(a)) FROM ({times})")[0]
    if seconds is not None and seconds < SECONDS_FOR_S:
        return 1
    con.execute("DELETE FROM rollup_outcomes WHERE level_s = 1")
    return FINEST_S


def _write(con: DuckDBPyConnection, finest: int, whole: bool) -> None:
    if whole:
        con.execute("DELETE FROM rollup_outcomes")

    def stale(level: int) -> str:
        """Buckets of a level that are made again."""
        return "true" if whole else (f"{floor_sql('bucket', max(level, FINEST_S))} IN "
                                     f"(SELECT {floor_sql('bucket', max(level, FINEST_S))} FROM _again)")

    con.execute(f"DELETE FROM outcome_waits WHERE {stale(FINEST_S)}")
    con.execute(WAITS)
    below = None
    for level in LEVELS_S:
        if level < finest:
            continue
        if not whole:
            con.execute(f"DELETE FROM rollup_outcomes WHERE level_s = {level} AND {stale(level)}")
        if below is None:
            con.execute(f"INSERT INTO rollup_outcomes SELECT {level}, bucket, stream, coalesce(s.series, 0), "
                        f"{', '.join(FIELDS)} FROM (SELECT {sums_sql(floor_sql('ts', level) + ' AS bucket')} FROM "
                        f"_pairs GROUP BY ALL) r {series_join('r', 'r.stream')}")
        else:
            con.execute(f"INSERT INTO rollup_outcomes SELECT {level}, {floor_sql('bucket', level)} AS up, stream_id, "
                        f"series, {MERGED} FROM rollup_outcomes WHERE level_s = {below} AND {stale(level)} "
                        "GROUP BY up, stream_id, series")
        below = level


def wait(con: DuckDBPyConnection, q: float) -> float | None:
    """See Workspace.outcome_wait."""
    found = con.execute("SELECT bin, sum(n)::DOUBLE AS n FROM outcome_waits GROUP BY bin ORDER BY bin").fetchnumpy()
    running = np.cumsum(np.asarray(found["n"], dtype=np.float64))
    if not len(running):
        return None
    place = np.searchsorted(running, rank_of(q, running[-1:])[0])
    return float(value_of_bin(np.asarray(found["bin"], dtype=np.float64)[place]))


def waits(con: DuckDBPyConnection, window: Window, bucket_s: float, qs: Sequence[float], *,
          phase_s: float = 0.0) -> PercentileSeries:
    """See Workspace.outcome_waits. Bins are kept by FINEST_S; where buckets are no multiple of it, those they begin
    in count."""
    grid = Grid.over(window, bucket_s, phase_s)
    rows = con.execute(f"SELECT {grid.index_sql('bucket')} AS i, bin, sum(n)::DOUBLE AS n FROM outcome_waits "
                       f"WHERE {grid.within_sql('bucket')} GROUP BY ALL ORDER BY i, bin").fetchnumpy()
    n, values = reading.ranked_bins(grid, np.asarray(rows["i"]).astype(np.int64), plain(rows["bin"], 0.0),
                                    plain(rows["n"], 0.0), qs)
    return PercentileSeries("", grid.times, n, values)


def moments(con: DuckDBPyConnection, streams: Mapping[int, StreamInfo], window: Window, bucket_s: float,
            by: Role | Split | None, resident: Resident | None = None, *, phase_s: float = 0.0,
            some: Mapping[int, StreamInfo] | None = None) -> list[Moments]:
    """See Workspace.outcome_moments. A column of the requests themselves wins over outcomes of other streams.

    some  streams of which only some rows are meant (see `seen`): heeded where the requests themselves have the outcome
    """
    grid = Grid.over(window, bucket_s, phase_s)
    requests, told = sides(streams)
    found: dict[str, Sums] = {}
    inline: set[tuple[int, str]] = set()
    for stream in streams.values():
        if stream.kind is not StreamKind.REQUESTS:
            continue
        columns = {name: column.stored for name, role in ROLES.items()
                   if (column := stream.column(role)) is not None and has_moments(column)}
        columns |= {name: each for name, each in QUALITIES.items() if derived_named(stream, each) is not None}
        inline |= {(stream.stream_id, name) for name in columns}
        if not columns and not (told and stream in requests):
            continue
        key = by if isinstance(by, Split) or (by is not None and stream.column(by) is not None) else None
        for part in reading.moments(con, some[stream.stream_id] if some else stream, list(columns.values()), window,
                                    bucket_s, key, resident, phase_s=phase_s, raw=bool(some)):
            sums = found.setdefault(part.series, Sums(grid))
            sums.rows += part.rows
            for name, stored in columns.items():
                sums.add_moments(name, part.columns[stored])
    names = [name for name, role in ROLES.items() if any(stream.column(role) for stream in told)]
    names += [name for name, value in quality(requests, told).items() if value != "NULL::DOUBLE"]
    if names and requests:
        held = _held_joined(con, requests, grid, names, inline, resident) if by is None and resident else None
        if held is None and by is None and resident and reading.level_for(con, "rollup_outcomes", grid,
                                                                          resident) is None:
            _add_recent(con, streams, grid, names, inline, found, resident)
        elif held is None:
            _add_joined(con, streams, grid, by, names, inline, found)
        else:
            sums = found.setdefault("", Sums(grid))
            for name, parts in held:
                sums.add(name, np.arange(grid.count), parts)
    have = {name for sums in found.values() for name in sums.columns} | set(names if requests else ())
    for sums in found.values():
        for name in have:
            sums.column(name)
    return [found[series].finish(series) for series in sorted(found)]


def _held_joined(con: DuckDBPyConnection, requests: list[StreamInfo], grid: Grid, names: list[str],
                 inline: set[tuple[int, str]], resident: Resident) -> list[tuple[str, dict[str, Floats]]] | None:
    """Joined outcomes from memory, column by column and stream by stream; None when they are not all there."""
    level = grid.level()
    if level is None or level < FINEST_S:
        return None
    found = []
    for stream in requests:
        wanted = [(name, True) for name in names if (stream.stream_id, name) not in inline]
        source = Source("rollup_outcomes", level, f"stream_id = {stream.stream_id}")
        held = resident.moments(con, source, wanted, grid)
        if held is None:
            return None
        found += [(name, held[1][name, full]) for name, full in wanted]
    return found


def _add_recent(con: DuckDBPyConnection, streams: Mapping[int, StreamInfo], grid: Grid, names: list[str],
                inline: set[tuple[int, str]], found: dict[str, Sums], resident: Resident) -> None:
    """Joined from the rows; of buckets that were joined before, from what they gave then."""

    def read(part: Grid) -> dict[str, Floats]:
        joined = {"": Sums(part)}
        _add_joined(con, streams, part, None, names, inline, joined)
        return joined[""].flat(names)

    tables = ["rollup_outcomes", *(f"rollup_{stream.stream_id}" for stream in sides(streams)[0])]
    values = resident.recent.over(("outcomes", tuple(names), tuple(sorted(inline))), tables, grid, read)
    sums = found.setdefault("", Sums(grid))
    for name, parts in Sums.of_flat(grid, values).columns.items():
        sums.add(name, np.arange(grid.count), parts)


def _pairs_on(con: DuckDBPyConnection, requests: list[StreamInfo], told: list[StreamInfo], grid: Grid,
              split: Split | None = None) -> None:
    """Fill `_pairs` for the requests on a grid. Outcomes are looked for within SOON_S of the last of them first:
    when rollups count as many, those are all, and the rest of the log is not read."""
    step = FINEST_S * 10**6
    first, last = grid.first_us // step * step, -(-(grid.first_us + grid.count * grid.step_us) // step) * step
    asked = f"_ts >= make_timestamp({first}) AND _ts < make_timestamp({last})"
    soon = f"(_ts >= make_timestamp({first}) AND _ts < make_timestamp({last + SOON_S * 10**6}))"
    _pairs(con, requests, told, None, asked, soon, split)
    none = -1 if is_dirty(con) else 0
    same = one(con, f"SELECT (SELECT count(*) FROM _pairs) = coalesce(sum(n), {none}) FROM rollup_outcomes WHERE "
                    f"level_s = {FINEST_S} AND bucket >= make_timestamp({first}) AND "
                    f"bucket < make_timestamp({last})")[0]
    if not same:
        _pairs(con, requests, told, None, grid.within_sql("_ts"), split=split)


def _add_joined(con: DuckDBPyConnection, streams: Mapping[int, StreamInfo], grid: Grid, by: Role | Split | None,
                names: list[str], inline: set[tuple[int, str]], found: dict[str, Sums]) -> None:
    requests, told = sides(streams)
    split = by if isinstance(by, Split) else None
    level = reading.level_for(con, "rollup_outcomes", grid) if split is None else None
    parts = ", ".join(f"sum(n_{name}) AS n_{name}, sum(sum_{name}) AS sum_{name}, sum(sq_{name}) AS sq_{name}, "
                      f"min(min_{name}) AS min_{name}, max(max_{name}) AS max_{name}" for name in names)
    if level is None:
        _pairs_on(con, requests, told, grid, split)
        # By the buckets of the grid at once: a million pairs, each in a group of its own, were half a gigabyte.
        start = f"make_timestamp({grid.first_us} + ({grid.index_sql('ts')}) * {grid.step_us})"
        bucket = f"{start} AS bucket, split" if split is not None else f"{start} AS bucket"
        source = ("(SELECT coalesce(s.series, 0) AS series, stream AS stream_id, r.* FROM "
                  f"(SELECT {sums_sql(bucket)} FROM _pairs WHERE {grid.within_sql('ts')} GROUP BY ALL) r "
                  f"{series_join('r', 'r.stream')})")
        where = "true"
    else:
        source, where = "rollup_outcomes", f"r.level_s = {level}"
    key, join = "''", ""
    if split is not None:
        key = "r.split"
    elif by in SERIES_ROLES and isinstance(by, Role):
        join = "LEFT JOIN series s ON s.stream_id = r.stream_id AND s.series = r.series"
        with_role = [stream.stream_id for stream in requests if stream.column(by) is not None] or [-1]
        key = (f"CASE WHEN r.stream_id NOT IN ({', '.join(map(str, with_role))}) THEN '' WHEN r.series = 0 THEN "
               f"{literal(OTHER)} ELSE coalesce(s.{by.value}, '') END")
    rows = con.execute(
        f"SELECT {grid.index_sql('r.bucket')} AS i, r.stream_id AS stream, {key} AS key, {parts} "
        f"FROM {source} r {join} WHERE {where} AND {grid.within_sql('r.bucket')} GROUP BY ALL").fetchnumpy()
    _forget(con)
    for series, place in by_series(rows).items():
        sums = found.setdefault(series, Sums(grid))
        at = np.asarray(rows["i"])[place].astype(np.int64)
        streams_of = np.asarray(rows["stream"])[place]
        for name in names:
            own = np.isin(streams_of, [stream_id for stream_id, inlined in inline if inlined == name])
            sums.add(name, at[~own], {
                part: plain(rows[f"{column}_{name}"][place], missing)[~own]
                for part, column, missing in (("n", "n", 0.0), ("sum", "sum", 0.0), ("sumsq", "sq", 0.0),
                                              ("min", "min", np.nan), ("max", "max", np.nan))})


