"""Half rows: what one request left in several records becomes one event, while the raw cells stay what was read.

A stream completes another one (a replica its proxy, a monitor its access log), or the halves of a request stand in one
stream (a request and its response), told apart by `_half`. By request id, the empty cells of the main row take those of
its halves; a merged half is no event of its own any more. A half goes to the latest main row not after it, else to the
nearest after it, at most APART_S away. Of several halves the earliest has the first word.

Which cells were filled is written in the row (`_filled`), so that each merge begins from the cells that were read: the
order in which rows come does not matter, and a correction undoes it. `_filled` is NULL for a row that nothing was
merged into, else

    [+|!] [how many halves] "," and, each followed by a comma, the numbers of the columns that were filled

where + says that the response is among them, and ! that it should be and is not: the request failed.

Decisions
- Physical cells and not a view over a join: rollups, windows and users' own SQL read one table at the speed of a table,
  and following costs what is new. A million rows are merged in about two seconds, a tail in milliseconds.
- What is new finds its partners around itself, an hour or NEAR_ROWS to each side; farther away, up to APART_S or
  FAR_ROWS, among the rows that lack one. So when an id comes again farther away than the near reach, it does not take
  a half away from the one before, and a second response is no half any more.
- A response is waited for by rows that were seen arriving (GRACE_S). Rows of archives wait for nothing: a response that
  is loaded later takes the failure back.
- Streams whose halves lie elsewhere twice removed (a monitor of a replica of a proxy) all complete the first of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from console.roles import INPUT_ROLES, ColumnType, Role, StreamKind
from console.store import catalog, views
from console.store.model import ColumnInfo, StreamInfo
from console.store.names import FINEST_S, quoted
from console.store.rollups import floor_sql

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SEVERAL = (*INPUT_ROLES, Role.CPU, Role.MEMORY, Role.GPU, Role.LOAD, Role.METRIC_VALUE, Role.OUTPUT_TOKENS)
"""Roles that a stream may have more than once."""

ANSWERED = (ColumnInfo("status", "status", ColumnType.TEXT, Role.STATUS, why="whether the response came",
                       kept=ColumnType.TEXT),
            ColumnInfo("latency_ms", "latency_ms", ColumnType.NUMBER, Role.LATENCY, "ms",
                       why="from the request to its response", kept=ColumnType.NUMBER))
"""What requests have that wait for their response, where the log has no such columns."""

STAY = (Role.REQUEST_ID, Role.TIMESTAMP, Role.IGNORED)
"""Columns of a half that its main row has no use for."""


@dataclass(frozen=True, slots=True)
class Family:
    """A stream and what completes it.

    own     its own rows may be halves of each other
    others  streams all of whose rows are second halves
    """

    main: StreamInfo
    own: bool
    others: tuple[StreamInfo, ...]

    @property
    def members(self) -> tuple[StreamInfo, ...]:
        """All its streams."""
        return (self.main, *self.others)

    @property
    def sources(self) -> tuple[StreamInfo, ...]:
        """Streams that hold second halves."""
        return (self.main, *self.others) if self.own else self.others

    @property
    def awaits(self) -> bool:
        """Whether a request without its other half failed."""
        return any(stream.answers for stream in self.sources)

    @property
    def shape(self) -> tuple[object, ...]:
        """What must be the same for merged rows to stay merged."""
        return self.own, self.awaits, _numbers(self.others)


def families(streams: Mapping[int, StreamInfo]) -> dict[int, Family]:
    """By the number of the main stream."""
    by_name = {stream.name: stream for stream in streams.values()}
    others: dict[int, list[StreamInfo]] = {}
    for stream in streams.values():
        main = _main_of(stream, by_name)
        if main is not None and _joinable(stream):
            others.setdefault(main.stream_id, []).append(stream)
    return {number: Family(streams[number], streams[number].half_of == streams[number].name,
                           tuple(each for each in found if each.stream_id != number))
            for number, found in others.items()}


def _joinable(stream: StreamInfo) -> bool:
    return stream.kind is StreamKind.REQUESTS and stream.column(Role.REQUEST_ID) is not None


def _main_of(stream: StreamInfo, by_name: Mapping[str, StreamInfo]) -> StreamInfo | None:
    """The stream that its rows complete at last; None when there is none (yet), or only a circle."""
    seen = {stream.name}
    at = stream
    while at.half_of and at.half_of != at.name:
        found = by_name.get(at.half_of)
        if found is None or found.name in seen or not _joinable(found):
            return None
        seen.add(found.name)
        at = found
    return at if at is not stream or stream.half_of else None

def settle(con: DuckDBPyConnection, streams: catalog.Catalog, before: Mapping[int, Family], *,
           again: AbstractSet[int] = frozenset()) -> None:
    """After streams were made or changed: columns for the cells of halves, and rows that now belong together.

    before  the families that there were
    again   streams that were corrected: what they have a part in was undone, and is to be merged anew
    """
    after = families(streams)
    for number, family in before.items():
        now = after.get(number)
        if now is None or now.own != family.own or not _numbers(family.others) <= _numbers(now.others):
            undo(con, family)
    for number, family in after.items():
        _fit_columns(con, streams, family)
        if number not in before or before[number].shape != family.shape or again & _numbers(family.members):
            enlist(con, family)
    members = [number for family in after.values() for number in _numbers(family.members)]
    con.execute("DELETE FROM new_halves WHERE NOT list_contains(?::INTEGER[], stream_id)", [members])
    streams.update(flagged(streams))
    views.rebuild(con, streams)


def undo_with(con: DuckDBPyConnection, before: Mapping[int, Family], stream_id: int) -> None:
    """Undo what a stream has a part in, before it is corrected."""
    for family in before.values():
        if stream_id in _numbers(family.members):
            undo(con, family)


def _numbers(streams: Iterable[StreamInfo]) -> set[int]:
    return {stream.stream_id for stream in streams}


def flagged(streams: Mapping[int, StreamInfo]) -> catalog.Catalog:
    """The streams with `joins` and `awaits` as their families have it."""
    found = families(streams)
    members = {stream.stream_id for family in found.values() for stream in family.members}
    return {number: replace(stream, joins=number in members, awaits=number in found and found[number].awaits)
            for number, stream in streams.items()}


def enlist(con: DuckDBPyConnection, family: Family) -> None:
    """All rows of a family are to be merged anew."""
    for stream in family.members:
        con.execute("DELETE FROM new_halves WHERE stream_id = ?", [stream.stream_id])
        con.execute(f"INSERT INTO new_halves SELECT {stream.stream_id}, _file, min(_record), max(_record), min(_ts), "
                    f"max(_ts), NULL FROM {stream.table} GROUP BY _file")
    con.execute("DELETE FROM unanswered WHERE stream_id = ?", [family.main.stream_id])


def undo(con: DuckDBPyConnection, family: Family) -> None:
    """Give all rows of a family the cells that were read; each is an event of its own again."""
    main = family.main
    mark(con, main.stream_id, "_ts", f"FROM {main.table} WHERE _filled IS NOT NULL")
    filled = filled_numbers(con, f"FROM {main.table}")
    cells = [f"{quoted(column.stored)} = {own_cell(column)}" for column in main.columns if column.number in filled]
    con.execute(f"UPDATE {main.table} SET {', '.join([*cells, '_filled = NULL'])} WHERE _filled IS NOT NULL")
    for stream in family.sources:
        mark(con, stream.stream_id, "_ts", f"FROM {stream.table} WHERE _half = 2")
        con.execute(f"UPDATE {stream.table} SET _half = {1 if stream is main else 'NULL'} WHERE _half = 2")


def filled_numbers(con: DuckDBPyConnection, rows: str) -> set[int]:
    """The columns that were filled in some row."""
    found = con.execute(f"SELECT DISTINCT _filled {rows} WHERE _filled IS NOT NULL").fetchall()
    return {int(number) for (text,) in found for number in text.split(",")[1:] if number}


def own_cell(column: ColumnInfo) -> str:
    """The cell that was read."""
    name = quoted(column.stored)
    return f"CASE WHEN contains(_filled, ',{column.number},') THEN NULL ELSE {name} END"


def mark(con: DuckDBPyConnection, stream_id: int, time: str, rows: str) -> None:
    """Rollups of these rows are to be made again."""
    buckets = f"SELECT DISTINCT {stream_id}, {floor_sql(time, FINEST_S)} AS b {rows}"
    con.execute(f"INSERT INTO dirty SELECT * FROM ({buckets}) WHERE b IS NOT NULL")     # a time corrected wrongly: none


def _fit_columns(con: DuckDBPyConnection, streams: catalog.Catalog, family: Family) -> None:
    """Where each cell of a half goes: to the column of its role, else to that of its name, else to one of its own."""
    number = family.main.stream_id
    known = {(half, stored): (target, added) for half, stored, target, added in con.execute(
        "SELECT half_id, half_stored, main_stored, added FROM half_columns WHERE main_id = ?", [number]).fetchall()}
    for stream in family.others:
        main = streams[number]
        new: list[ColumnInfo] = []
        for column in stream.columns:
            target, added = known.get((stream.stream_id, column.stored), ("", False))
            wanted = "" if _stays(column) else _like(main, column)
            is_new = not wanted and not _stays(column)
            if added or (target and target == wanted):
                continue
            if is_new:
                new.append(_new_column(column, main, new, f"from {stream.name}, by request id"))
                wanted = new[-1].stored
            if target:
                con.execute("DELETE FROM half_columns WHERE main_id = ? AND half_id = ? AND half_stored = ?",
                            [number, stream.stream_id, column.stored])
            if wanted:
                con.execute("INSERT INTO half_columns VALUES (?, ?, ?, ?, ?)",
                            [number, stream.stream_id, column.stored, wanted, is_new])
        if new:
            catalog.extend(con, streams, main, new)
        _follow_roles(con, streams, number, stream, known)
    if family.awaits:
        main = streams[number]
        missing = [_new_column(column, main, [], column.why) for column in ANSWERED
                   if column.role is not None and main.column(column.role) is None]
        if missing:
            catalog.extend(con, streams, main, missing)


def _stays(column: ColumnInfo) -> bool:
    return column.role in STAY


def _like(main: StreamInfo, column: ColumnInfo) -> str:
    """The column of the main stream that means the same; "" when there is none."""
    if column.role is not None and column.role not in SEVERAL:
        same = main.column(column.role)
        return same.stored if same is not None else ""
    named = next((each for each in main.columns if each.stored.casefold() == column.stored.casefold()), None)
    return named.stored if named is not None and not _stays(named) else ""


def _new_column(column: ColumnInfo, main: StreamInfo, new: Iterable[ColumnInfo], why: str) -> ColumnInfo:
    taken = {each.stored.casefold() for each in (*main.columns, *new)}
    stored, again = column.stored, 2
    while stored.casefold() in taken:
        stored, again = f"{column.stored}_{again}", again + 1
    return replace(column, stored=stored, why=why, chosen=False, naive=False)


def _follow_roles(con: DuckDBPyConnection, streams: catalog.Catalog, number: int, stream: StreamInfo,
                  known: Mapping[tuple[int, str], tuple[str, bool]]) -> None:
    """What the user says of a column of halves holds for the one it became, unless something was said of that."""
    main = streams[number]
    changed = []
    for column in stream.columns:
        target, added = known.get((stream.stream_id, column.stored), ("", False))
        there = next((each for each in main.columns if each.stored == target), None) if added else None
        if there is None or there.chosen or (there.role, there.unit, there.type) == (
                column.role, column.unit, column.type):
            continue
        role = column.role
        if role is not None and role not in SEVERAL and main.column(role) not in (None, there):
            role = None
        changed.append(replace(there, role=role, unit=column.unit, type=column.type, time_format=column.time_format))
    if changed:
        catalog.correct(con, streams, main, {column.stored: column for column in changed})
