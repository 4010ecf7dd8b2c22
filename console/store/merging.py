"""The merge of half rows (see `halves`): which rows belong together, and what their cells become."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from console.roles import ColumnType, Role
from console.store import catalog
from console.store.asking import one
from console.store.casting import RAW_TYPES, stored_number, to_clock
from console.store.derived import text_sql
from console.store.halves import STAY, Family, filled_numbers, mark, own_cell
from console.store.model import ColumnInfo, StreamInfo
from console.store.names import FINEST_S, NO_RESPONSE, literal, quoted
from console.store.rollups import floor_sql, id_sql

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

APART_S = 86_400
"""The halves of one request lie at most so far apart: more than any request lasts, and than a zone set wrongly."""

GRACE_S = 60
"""So long a request that was seen arriving may be without its response before it counts as failed."""

FAR_ROWS = 5_000_000
"""How far what found no partner is looked for: APART_S, or so many rows."""

MOST_AT_ONCE = 1_000_000
"""New rows that are merged in one transaction: what it holds in memory is some 300 MB."""

NEAR_S, LEAST_NEAR_S, NEAR_ROWS = 3600, 60, 500_000
"""How far around itself what is new is looked for first: an hour, or less where that is more than so many rows."""

WHOLE_SHARE = 0.1
"""When more than this share of the rows is new, all are joined: looking for the few costs more."""


def waits(con: DuckDBPyConnection, now: datetime) -> bool:
    """Whether something is to be merged, or has waited long enough."""
    return bool(con.execute("SELECT 1 FROM new_halves UNION ALL SELECT 1 FROM unanswered WHERE due <= ? LIMIT 1",
                            [now.replace(tzinfo=None)]).fetchall())


@dataclass(frozen=True, slots=True)
class Part:
    """What is merged in one transaction. Times in microseconds since 1970, both ends included.

    new    the stretch of new rows that it takes; None for none of them
    due    where responses have been waited for long enough; None when nowhere
    whole  all rows there are
    """

    new: tuple[int, int] | None
    due: tuple[int, int] | None
    rows: int
    whole: bool = False

    @property
    def low(self) -> int:
        """Where it begins."""
        return min(span[0] for span in (self.new, self.due) if span is not None)

    @property
    def high(self) -> int:
        """Where it ends."""
        return max(span[1] for span in (self.new, self.due) if span is not None)


def parts(con: DuckDBPyConnection, family: Family, now: datetime) -> list[Part]:
    """What is to be merged in a family, in pieces that memory is sure to hold; none when nothing is new."""
    ids = _ids_of(family)
    low, high, rows = one(con, "SELECT epoch_us(min(first_ts)), epoch_us(max(last_ts)), coalesce(sum(last_record - "
                               f"first_record + 1), 0) FROM new_halves WHERE stream_id IN ({ids})")
    due_low, due_high = one(con, "SELECT epoch_us(min(bucket)), epoch_us(max(bucket)) FROM unanswered "
                                 f"WHERE stream_id = {family.main.stream_id} AND due <= ?", [now.replace(tzinfo=None)])
    new = (int(low or 0), int(high or 0)) if rows else None
    due = None if due_low is None else (int(due_low), int(due_high) + FINEST_S * 10**6)
    if new is None or rows <= MOST_AT_ONCE:
        there = sum(int(one(con, f"SELECT count(*) FROM {stream.table}")[0]) for stream in family.members)
        return [Part(new, due, int(rows), rows > WHOLE_SHARE * there)] if new or due else []
    found = [] if due is None else [Part(None, due, 0)]
    times = " UNION ALL ".join(_new_sql(stream, "_ts", new) for stream in family.members)
    first, count = new[0], 0
    for minute, n in con.execute(f"SELECT epoch_us(_ts) // 60000000 AS m, count(*) FROM ({times}) GROUP BY m "
                                 "ORDER BY m").fetchall():
        if count and count + n > MOST_AT_ONCE:
            found.append(Part((first, minute * 60_000_000 - 1), None, count))
            first, count = minute * 60_000_000, 0
        count += n
    return [*found, Part((first, new[1]), None, count)]


def merge(con: DuckDBPyConnection, family: Family, part: Part, now: datetime) -> bool:
    """Merge a part; buckets whose rows changed become dirty. Within a transaction of the caller.

    now  for responses that are waited for, in UTC
    Returns whether a row changed.
    """
    return _Merge(con, family, part, now.replace(tzinfo=None)).run()


def done(con: DuckDBPyConnection, family: Family, now: datetime) -> None:
    """All parts of a family are merged. No row may have come since they were asked for."""
    con.execute(f"DELETE FROM new_halves WHERE stream_id IN ({_ids_of(family)})")
    con.execute(f"DELETE FROM unanswered WHERE stream_id = {family.main.stream_id} AND due <= ?",
                [now.replace(tzinfo=None)])


def _ids_of(family: Family) -> str:
    return ", ".join(str(stream.stream_id) for stream in family.members)


def _new_sql(stream: StreamInfo, what: str, span: tuple[int, int]) -> str:
    """Something of the new rows of a stream."""
    return (f"SELECT {what} FROM {stream.table} JOIN (SELECT file_id AS _f, first_record AS _a, last_record AS _z FROM "
            f"new_halves WHERE stream_id = {stream.stream_id}) ON _file = _f AND _record BETWEEN _a AND _z "
            f"WHERE {_between('_ts', *span)}")


class _Merge:
    """One family, one transaction. Temporary tables, each with the rows that the next step needs:

    _ids    ids of what is new               _mains   main rows of these ids     _halves  second halves of them
    _pairs  each half and its main row       _cells   what halves have to give, by main row
    _after  main rows that change, as they will be
    """

    def __init__(self, con: DuckDBPyConnection, family: Family, part: Part, now: datetime) -> None:
        self.con = con
        self.family = family
        self.main = family.main
        self.part = part
        self.cut = f"TIMESTAMP '{now - timedelta(seconds=GRACE_S):%Y-%m-%d %H:%M:%S.%f}'"
        self.reach_us, self.far_us = self._reaches()

    def run(self) -> bool:
        """Whether a row changed."""
        self._find_new()
        self._find_rows()
        self._pair()
        if not self.part.whole:
            while self._find_more():
                self._pair()
        changed = self._merge()
        self._wait()
        return changed

    # ---- which rows ---------------------------------------------------------------------------------------

    def _find_new(self) -> None:
        """Fill `_ids`."""
        part, new = self.part, ["SELECT NULL AS id"]
        if part.new is not None and not part.whole:
            low, high = part.new
            new.append(f"SELECT id FROM new_halves WHERE stream_id IN ({_ids_of(self.family)}) AND id IS NOT NULL "
                       f"AND {_between('first_ts', low, high)}")
            new += [_new_sql(stream, f"{id_sql(stream)} AS id", part.new) for stream in self.family.members]
        if part.due is not None and not part.whole:
            new.append(f"SELECT {id_sql(self.main)} AS id FROM {self.main.table} WHERE {self._is_main()} AND "
                       f"{_between('_ts', *part.due)} AND _arrived <= {self.cut} AND "
                       "(_filled IS NULL OR NOT (starts_with(_filled, '+') OR starts_with(_filled, '!')))")
        self.con.execute("CREATE OR REPLACE TEMP TABLE _ids AS SELECT DISTINCT id FROM "
                         f"({' UNION ALL '.join(new)}) WHERE id IS NOT NULL")

    def _reaches(self) -> tuple[int, int]:
        """How near and how far, in microseconds: less where many rows lie there."""
        part = self.part
        by_hour = part.rows * 3600 * 10**6 / max(part.high - part.low, 3600 * 10**6)
        for stream in self.family.members:
            by_hour += float(one(
                self.con, f"SELECT coalesce(max(n), 0) FROM (SELECT sum(n) AS n FROM rollup_{stream.stream_id} WHERE "
                f"level_s = 3600 AND {_between('bucket', part.low - 2 * 3600 * 10**6, part.high)} GROUP BY bucket)")[0])
        by_second = max(by_hour, 1.0) / 3600
        near = min(NEAR_S, max(LEAST_NEAR_S, NEAR_ROWS / by_second))
        return int(near * 10**6), int(min(APART_S, max(near, FAR_ROWS / by_second)) * 10**6)

    def _is_main(self) -> str:
        return "coalesce(_half, 0) = 0" if self.family.own else "true"

    def _mains_sql(self, where: str) -> str:
        return (f"SELECT rowid AS r, {id_sql(self.main)} AS id, _ts AS ts, _file AS f, _record AS rec, _arrived AS "
                f"arrived, _filled AS filled FROM {self.main.table} WHERE {self._is_main()} AND "
                f"{id_sql(self.main)} IS NOT NULL AND {where}")

    def _halves_sql(self, where: Callable[[StreamInfo], str]) -> str:
        return " UNION ALL ".join(
            f"SELECT {stream.stream_id} AS s, rowid AS r, {id_sql(stream)} AS id, _ts AS ts, _file AS f, "
            f"_record AS rec, coalesce(_half = 2, false) AS merged FROM {stream.table} WHERE "
            f"{'coalesce(_half, 0) > 0' if stream is self.main else 'true'} AND {id_sql(stream)} IS NOT NULL "
            f"AND {where(stream)}" for stream in self.family.sources)

    def _find_rows(self) -> None:
        """Fill `_mains` and `_halves`: around what is new, then, for what has no partner there, farther away."""
        con = self.con
        con.execute(f"CREATE OR REPLACE TEMP TABLE _mains AS {self._mains_sql(self._near(self.main))}")
        con.execute(f"CREATE OR REPLACE TEMP TABLE _halves AS {self._halves_sql(self._near)}")
        if self.part.whole:
            return
        con.execute("CREATE OR REPLACE TEMP TABLE _lonely AS SELECT id FROM _ids WHERE id NOT IN (SELECT id FROM "
                    "_mains)")
        if self._has_lonely():
            count = len(self.family.sources)
            full = " OR ".join(f"starts_with(_filled, '{mark}{count},')" for mark in ("", "+", "!"))
            con.execute("INSERT INTO _mains "
                        f"{self._mains_sql(f'NOT coalesce({full}, false) AND {self._far(self.main)}')}")
        con.execute("CREATE OR REPLACE TEMP TABLE _lonely AS SELECT id FROM _ids WHERE id IN (SELECT id FROM _mains)")
        if self._has_lonely():
            where = self._halves_sql(lambda stream: f"_half IS DISTINCT FROM 2 AND {self._far(stream)}")
            con.execute(f"INSERT INTO _halves {where}")

    def _has_lonely(self) -> bool:
        return bool(one(self.con, "SELECT count(*) > 0 FROM _lonely")[0])

    def _near(self, stream: StreamInfo) -> str:
        """Rows of the new ids, around what is new."""
        if self.part.whole:
            return "true"
        return (f"{self._around(self.reach_us)} "
                f"AND {id_sql(stream)} IN (SELECT id FROM _ids)")

    def _far(self, stream: StreamInfo) -> str:
        """Rows of the lonely ids that are not near."""
        return (f"{self._around(self.far_us)} AND NOT ({self._around(self.reach_us)}) "
                f"AND {id_sql(stream)} IN (SELECT id FROM _lonely)")

    def _around(self, reach_us: int) -> str:
        return _between("_ts", self.part.low - reach_us, self.part.high + reach_us)

    def _find_more(self) -> bool:
        """Rows that were merged before with rows that are not here: all of them are needed. Whether any came."""
        con = self.con
        had = "coalesce(TRY_CAST(regexp_extract(m.filled, '^[+!]?([0-9]+)', 1) AS INTEGER), 0)"
        con.execute(f"CREATE OR REPLACE TEMP TABLE _lonely AS SELECT DISTINCT m.id FROM _mains m LEFT JOIN (SELECT mr, "
                    f"count(*) AS n FROM _pairs GROUP BY mr) p ON p.mr = m.r WHERE {had} > coalesce(p.n, 0) "
                    "UNION SELECT DISTINCT h.id FROM _halves h WHERE h.merged AND NOT EXISTS "
                    f"(SELECT 1 FROM _mains m WHERE m.id = h.id AND {had} > 0)")
        rows = "SELECT (SELECT count(*) FROM _mains) + (SELECT count(*) FROM _halves)"
        if not self._has_lonely():
            return False
        before = one(con, rows)[0]
        con.execute(f"INSERT INTO _mains {self._mains_sql(self._far(self.main))} AND rowid NOT IN "
                    "(SELECT r FROM _mains)")
        con.execute(f"INSERT INTO _halves SELECT * FROM ({self._halves_sql(self._far)}) x WHERE NOT EXISTS "
                    "(SELECT 1 FROM _halves h WHERE h.s = x.s AND h.r = x.r)")
        return bool(one(con, rows)[0] > before)

    def _pair(self) -> None:
        """Fill `_pairs`: each half with the one main row that it goes to."""
        con = self.con
        con.execute("CREATE OR REPLACE TEMP TABLE _pairs AS SELECT h.s, h.r AS hr, h.ts AS hts, h.f AS hf, h.rec AS "
                    "hrec, h.merged, m.r AS mr, m.ts AS mts, m.f AS mf, m.rec AS mrec FROM _halves h JOIN _mains m ON "
                    f"m.id = h.id AND abs(epoch_us(h.ts) - epoch_us(m.ts)) <= {APART_S * 10**6}")
        if one(con, "SELECT count(*) > count(DISTINCT hr * 65536 + s) FROM _pairs")[0]:
            con.execute("CREATE OR REPLACE TEMP TABLE _pairs AS SELECT * FROM _pairs QUALIFY row_number() OVER ("
                        "PARTITION BY s, hr ORDER BY mts <= hts DESC, abs(epoch_us(hts) - epoch_us(mts)), mf DESC, "
                        "mrec DESC) = 1")

    # ---- their cells --------------------------------------------------------------------------------------

    def _merge(self) -> bool:
        """Bring main rows to what they and their halves say, and take the halves from the events."""
        con, main = self.con, self.main
        given = self._cells()
        low, high, mains = one(con, "SELECT epoch_us(min(ts)), epoch_us(max(ts)), count(*) FROM _mains")
        changed = 0
        if mains and low is not None:       # a wrong choice of the time column leaves them without any
            columns = self._after(given, low, high)
            changes = ", ".join([*(f"{quoted(column.stored)} = a.n{column.number}" for column in columns),
                                 "_filled = a.filled"])
            con.execute(f"UPDATE {main.table} SET {changes} FROM _after a WHERE {main.table}.rowid = a.r "
                        f"AND {_between('_ts', low, high)}")
            mark(con, main.stream_id, "ts", "FROM _after")
            changed = one(con, "SELECT count(*) FROM _after")[0]
        # A half without a main row is one whose main row was taken back.
        con.execute("CREATE OR REPLACE TEMP TABLE _moved AS SELECT s, r, ts, 2 AS half FROM (SELECT s, hr AS r, hts AS "
                    "ts FROM _pairs WHERE NOT merged) UNION ALL SELECT h.s, h.r, h.ts, 1 FROM _halves h WHERE h.merged "
                    "AND NOT EXISTS (SELECT 1 FROM _pairs p WHERE p.s = h.s AND p.hr = h.r)")
        moved = one(con, "SELECT count(*) FROM _moved")[0]
        for stream in self.family.sources if moved else ():
            rows = f"FROM _moved p WHERE p.s = {stream.stream_id}"
            con.execute(f"UPDATE {stream.table} SET _half = p.half {rows} AND {stream.table}.rowid = p.r")
            mark(con, stream.stream_id, "p.ts", rows)
        return bool(moved or changed)

    def _after(self, given: set[int], low: int, high: int) -> list[ColumnInfo]:
        """Fill `_after`; the columns that it holds.

        o: the cell that was read, w: the cell as it is now, g: what halves give
        """
        main = self.main
        reset = filled_numbers(self.con, "FROM (SELECT filled AS _filled FROM _mains)")
        columns = [column for column in main.columns if column.number in given | reset
                   or (self.family.awaits and column in (main.column(Role.STATUS), main.column(Role.LATENCY)))]
        cells, values, filled, new = [], [], ["head"], []
        differs = ["filled IS DISTINCT FROM _filled"]
        for column in columns:
            number, name = column.number, quoted(column.stored)
            cells.append(f", {own_cell(column) if number in reset else name} AS o{number}, {name} AS w{number}")
            values.append(f", o{number}, w{number}, {self._value(column, number in given)} AS g{number}")
            filled.append(f"CASE WHEN o{number} IS NULL AND g{number} IS NOT NULL THEN '{number},' ELSE '' END")
            new.append(f", coalesce(o{number}, g{number}) AS n{number}")
            differs.append(f"n{number} IS DISTINCT FROM w{number}")
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE _after AS SELECT *{''.join(new)} FROM (SELECT *, CASE WHEN head IS NOT NULL "
            f"THEN concat({', '.join(filled)}) END AS filled FROM (SELECT x.r, x.ts, m._filled, {self._head_sql()} AS "
            f"head{''.join(values)} FROM _mains x JOIN (SELECT rowid AS _r, _filled{''.join(cells)} FROM {main.table} "
            f"WHERE {_between('_ts', low, high)}) m ON m._r = x.r LEFT JOIN _cells c ON c.mr = x.r)) "
            f"WHERE {' OR '.join(differs)}")
        return columns

    def _cells(self) -> set[int]:
        """Fill `_cells`: for each main row how many halves it has, when it was answered, and the first of each cell.

        Returns the numbers of the columns in which there is any.
        """
        con = self.con
        types = {column.number: _raw_type(column) for column in self.main.columns}
        given = {stream.stream_id: self._given(stream) for stream in self.family.sources}
        numbers = sorted({number for cells in given.values() for number in cells})
        low, high = one(con, "SELECT coalesce(epoch_us(min(hts)), 0), coalesce(epoch_us(max(hts)), 0) FROM _pairs")
        parts = []
        for stream in self.family.sources:
            cells = given[stream.stream_id]
            values = "".join(f", {cells.get(number, 'NULL')}::{types[number]} AS v{number}" for number in numbers)
            took = "".join(f", t.v{number}" for number in numbers)
            answers = "true" if stream.answers else "false"
            parts.append(f"SELECT p.*, 1 AS n, {answers} AS answered, CASE WHEN {answers} AND p.hts >= p.mts THEN "
                         f"p.hts END AS ats{took} FROM _pairs p JOIN (SELECT rowid AS _r{values} FROM "
                         f"{stream.table} WHERE {_between('_ts', low, high)}) t ON t._r = p.hr "
                         f"WHERE p.s = {stream.stream_id}")
        con.execute(f"CREATE OR REPLACE TEMP TABLE _cells AS {' UNION ALL '.join(parts)}")
        if one(con, "SELECT count(*) > count(DISTINCT mr) FROM _pairs")[0]:
            firsts = "".join(f", arg_min(v{number}, k) FILTER (v{number} IS NOT NULL) AS v{number}"
                             for number in numbers)
            con.execute("CREATE OR REPLACE TEMP TABLE _cells AS SELECT mr, count(*) AS n, bool_or(answered) AS "
                        f"answered, min(ats) AS ats{firsts} FROM (SELECT *, row_number() OVER (PARTITION BY mr "
                        "ORDER BY hts, s, hf, hrec) AS k FROM _cells) GROUP BY mr")
        if not numbers:
            return set()
        counts = one(con, f"SELECT {', '.join(f'count(v{number})' for number in numbers)} FROM _cells")
        return {number for number, count in zip(numbers, counts, strict=True) if count}

    def _given(self, stream: StreamInfo) -> dict[int, str]:
        """What a row of this stream has to give, by the number of the main stream's column."""
        if stream is self.main:
            return {column.number: quoted(column.stored) for column in stream.columns if column.role not in STAY}
        targets = {column.stored: column for column in self.main.columns}
        found: dict[int, str] = {}
        for stored, target in self.con.execute(
                "SELECT half_stored, main_stored FROM half_columns WHERE main_id = ? AND half_id = ?",
                [self.main.stream_id, stream.stream_id]).fetchall():
            column = next((each for each in stream.columns if each.stored == stored), None)
            if column is not None and target in targets:
                value = carried(column, stream, targets[target], self.main)
                number = targets[target].number
                found[number] = f"coalesce({found[number]}, {value})" if number in found else value
        return found

    def _head_sql(self) -> str:
        """The beginning of `_filled`; NULL for a row that nothing is known of."""
        count = "CASE WHEN c.n IS NOT NULL THEN c.n || ',' END"
        if not self.family.awaits:
            return count
        return (f"CASE WHEN c.answered THEN '+' || c.n || ',' WHEN x.arrived <= {self.cut} THEN '!' || "
                f"coalesce(c.n, 0) || ',' ELSE {count} END")

    def _value(self, column: ColumnInfo, given: bool) -> str:
        """What the halves say of a cell, or what their coming and not coming says."""
        values = [f"c.v{column.number}"] if given else []
        if self.family.awaits and column == self.main.column(Role.LATENCY):
            wait = f"(epoch_us(c.ats) - epoch_us(x.ts)) / {1000 * column.scale!r}"
            values.append(f"TRY_CAST({wait} AS {_raw_type(column)})")
        if self.family.awaits and column == self.main.column(Role.STATUS) and column.kept is ColumnType.TEXT:
            values.append(f"CASE WHEN c.answered IS NOT TRUE AND x.arrived <= {self.cut} "
                          f"THEN {literal(NO_RESPONSE)} END")
        values.append(f"NULL::{_raw_type(column)}")
        return f"coalesce({', '.join(values)})"

    def _wait(self) -> None:
        """Note where responses are still waited for."""
        if self.family.awaits:
            self.con.execute(
                f"INSERT INTO unanswered SELECT {self.main.stream_id}, {floor_sql('x.ts', FINEST_S)} AS b, "
                f"max(x.arrived) + INTERVAL {GRACE_S} SECOND FROM _mains x LEFT JOIN _cells c ON c.mr = x.r "
                f"WHERE c.answered IS NOT TRUE AND x.arrived > {self.cut} GROUP BY b")


def carried(column: ColumnInfo, stream: StreamInfo, target: ColumnInfo, main: StreamInfo) -> str:
    """A cell of one stream as the cell of another: in its type, unit and zone; NULL where it cannot be."""
    name = quoted(column.stored)
    match target.kept:
        case ColumnType.TEXT:
            return f"{catalog.utc_sql(stream, column)}::VARCHAR" if column.kept is ColumnType.TIME else text_sql(column)
        case ColumnType.NUMBER:
            number = stored_number(column.stored, column.kept)
            return number if column.scale == target.scale else f"({number}) * {column.scale / target.scale!r}"
        case ColumnType.FLAG:
            if column.kept is ColumnType.NUMBER:
                return f"CASE {name} WHEN 0 THEN false WHEN 1 THEN true END"
            return f"TRY_CAST({name} AS BOOLEAN)" if column.kept is not ColumnType.TIME else "NULL::BOOLEAN"
        case ColumnType.TIME:
            utc = catalog.utc_sql(stream, column)
            return to_clock(utc, main.zone) if target.naive else utc


def _raw_type(column: ColumnInfo) -> str:
    return RAW_TYPES[column.kept]


def _between(time: str, low: int, high: int) -> str:
    return f"{time} >= make_timestamp({low}) AND {time} <= make_timestamp({high})"
