"""A workspace of which only some rows are meant: those with a value in a column, or those without it.

It answers what `console.metrics` asks for, and nothing more. By what rollups keep apart (model, version, host) they are
asked for some of their series; by any other column the rows are read, in stretches that a job can stop.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from console.errors import BadSettings
from console.jobs import Job
from console.roles import SERIES_ROLES, ColumnType, Role, StreamKind
from console.store import outcomes, reading, splits
from console.store.derived import text_sql
from console.store.grid import OTHER, Grid, Sums
from console.store.model import ColumnInfo, Floats, Moments, PercentileSeries, StreamInfo
from console.store.names import literal, quoted
from console.store.rows import RowFilter
from console.store.scans import Scan, stretches
from console.store.splits import Split
from console.window import Window

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from console.store.workspace import Workspace

COLUMN = "column:"
"""A column that is known by its stored name; what rollups keep apart is known by its role, in every stream."""
OTHERS = "\x1fothers"
"""The part of the rows that are not meant; no value of a log."""
PICKABLE = (StreamKind.REQUESTS, StreamKind.SAMPLES)


@dataclass(frozen=True, slots=True)
class Pick:
    """Only rows with that value, or (`out`) all others.

    key    a role that rollups keep apart ("host"), or COLUMN and a stored name
    value  as text; None: missing
    """

    key: str
    value: str | None
    out: bool = False

    @property
    def role(self) -> Role | None:
        """Of what rollups keep apart."""
        return None if self.key.startswith(COLUMN) else Role(self.key)

    def column(self, stream: StreamInfo) -> ColumnInfo | None:
        """Where a stream has it."""
        if self.role is not None:
            return stream.column(self.role)
        stored = self.key.removeprefix(COLUMN)
        return next((one for one in stream.columns if one.stored == stored), None)

    def sql(self, stream: StreamInfo) -> str:
        """Whether a row of that stream is meant. Of requests that have no such column none has the value; what is
        sampled is about all requests then, and is meant whole."""
        column = self.column(stream)
        if column is None:
            return str(self.out or stream.kind is not StreamKind.REQUESTS).lower()
        number = column.kept is ColumnType.NUMBER
        name = quoted(column.stored)
        return self._sql(name if number else f"{name}::VARCHAR", name, number=number)

    def rows_of(self, stream: StreamInfo) -> StreamInfo:
        """The stream with these rows only, for questions that read them."""
        return replace(stream, table=f"(SELECT * FROM {stream.rows_sql} WHERE {self.sql(stream)})", half_of="")

    def series_sql(self, stream: StreamInfo) -> str:
        """The same of a row of the table `series`."""
        column = self.column(stream)
        if column is None:
            return self.sql(stream)
        assert self.role is not None
        number = column.kept is ColumnType.NUMBER
        return self._sql(f"TRY_CAST({self.role.value} AS DOUBLE)" if number else self.role.value, self.role.value,
                         number=number)

    def _sql(self, value: str, text: str, *, number: bool) -> str:
        differs = "IS DISTINCT FROM" if self.out else "IS NOT DISTINCT FROM"
        if self.value is None:
            return f"{text} {differs} NULL"
        if not number:
            return f"{value} {differs} {literal(self.value)}"
        meant = _number(self.value)
        return f"{value} {differs} {meant!r}::DOUBLE" if meant is not None else str(self.out).lower()

    def row_filter(self, stream: StreamInfo) -> RowFilter | None:
        """The same for pages of rows; None where the stream has no such column."""
        column = self.column(stream)
        if column is None:
            return None
        if self.value is None:
            return RowFilter(column.stored, "is there" if self.out else "is missing")
        return RowFilter(column.stored, "is not" if self.out else "is", self.value)


def picked(streams: Iterable[StreamInfo], name: str, value: str | None, *, out: bool = False) -> Pick:
    """By the name of a role or of a column, in the log or stored. Raises BadSettings and lists the columns."""
    known = [stream for stream in streams if stream.kind in PICKABLE]
    for role in SERIES_ROLES[:3]:
        if any((one := stream.column(role)) is not None and name in (role.value, one.name, one.stored)
               for stream in known):
            return Pick(role.value, value, out)
    names = {column.stored: column.name for stream in known for column in stream.columns}
    stored = next((one for one, said in names.items() if name in (one, said)), None)
    if stored is None:
        raise BadSettings(f"There is no column `{name}`", do="Choose one of " + (", ".join(sorted(names)) or "none"))
    return Pick(COLUMN + stored, value, out)


@dataclass(frozen=True, slots=True)
class _Within(Split):
    """The parts that a split makes of the rows that are meant; OTHERS for the rest."""

    picks: tuple[Pick, ...] = ()
    by: Role | Split | None = None

    def sql(self, stream: StreamInfo) -> str:
        """See Split."""
        meant = " AND ".join(f"({pick.sql(stream)})" for pick in self.picks)
        return f"CASE WHEN {meant} THEN {self._part(stream)} ELSE {literal(OTHERS)} END"

    def _part(self, stream: StreamInfo) -> str:
        if isinstance(self.by, Split):
            return self.by.sql(stream)
        column = stream.column(self.by) if self.by is not None else None
        return f"coalesce({text_sql(column)}, '')" if column is not None else "''"


class Picked:
    """Stands in for the workspace where a `Reading` is made.

    told     whether any numbers that were asked for are of the rows that are meant: those of a stream that has none of
             the columns are of all rows, and so are waits for outcomes
    scanned  whether rows were read for them
    """

    def __init__(self, workspace: Workspace, picks: Sequence[Pick], job: Job | None = None) -> None:
        self._workspace, self._picks, self._job = workspace, tuple(picks), job
        self._con: DuckDBPyConnection = workspace.cursor()
        self._streams = {one.stream_id: one for one in workspace.streams()}
        self._some = {number: self._filtered(stream) for number, stream in self._streams.items()}
        self._by_series: dict[int, str] = {}
        self.told = self.scanned = False

    def __getattr__(self, name: str) -> Any:
        """All else is the workspace's."""
        return getattr(self._workspace, name)

    def streams(self) -> tuple[StreamInfo, ...]:
        """See Workspace.streams; counts and spans are those of all rows."""
        return tuple(self._some.values())

    def moments(self, stream_id: int, stored: Sequence[str], window: Window, bucket_s: float, *,
                by: Role | Split | None = None, job: Job | None = None) -> list[Moments]:
        """See Workspace.moments."""
        if not self._note(stream_id):
            return self._workspace.moments(stream_id, stored, window, bucket_s, by=by, job=job)
        series = self._series_sql(stream_id)
        return reading.moments(self._con, self._some[stream_id], stored, window, bucket_s, by, raw=not series,
                               series=series, job=job or self._job)

    def percentiles(self, stream_id: int, stored: str, window: Window, bucket_s: float, qs: Sequence[float], *,
                    by: Role | Split | None = None, job: Job | None = None) -> list[PercentileSeries]:
        """See Workspace.percentiles."""
        if not self._note(stream_id):
            return self._workspace.percentiles(stream_id, stored, window, bucket_s, qs, by=by, job=job)
        series = self._series_sql(stream_id)
        return reading.percentiles(self._con, self._some[stream_id], stored, window, bucket_s, qs, by, raw=not series,
                                   series=series, job=job or self._job)

    def outcome_moments(self, window: Window, bucket_s: float, *, by: Role | Split | None = None) -> list[Moments]:
        """See Workspace.outcome_moments. An outcome still goes to the latest request of its id, whether that is meant
        or not: joined first, picked then."""
        self.told = True
        grid = Grid.over(window, bucket_s)
        if by is None and (added := self._outcomes_of_roles(grid, window, bucket_s)) is not None:
            return added
        self.scanned = True
        split = _Within("", (), self._picks, by)
        found: dict[str, Sums] = {}
        largest = max((one for one in self._streams.values() if one.kind is StreamKind.REQUESTS),
                      key=lambda one: one.rows, default=None)
        parts = [grid] if largest is None else stretches(self._con, largest, grid, self._job)
        for part in parts:
            at = np.arange(part.count) + (part.first_us - grid.first_us) // grid.step_us
            inside = Window.from_epoch(part.first_us / 1e6, (part.first_us + part.count * part.step_us) / 1e6)
            for one in outcomes.moments(self._con, self._streams, inside, bucket_s, split):
                if one.series != OTHERS:
                    _add(found.setdefault(one.series, Sums(grid)), at, one)
        names = {name for sums in found.values() for name in sums.columns}
        for sums in found.values():
            for name in names:
                sums.column(name)
        return [found[key].finish(key) for key in sorted(found)]

    def outcome_waits(self, window: Window, bucket_s: float, qs: Sequence[float]) -> PercentileSeries:
        """See Workspace.outcome_waits: of all requests."""
        return self._workspace.outcome_waits(window, bucket_s, qs)

    def scan(self, stream_id: int, window: Window, bucket_s: float, job: Job | None = None) -> Scan:
        """See Workspace.scan."""
        if not self._note(stream_id):
            return self._workspace.scan(stream_id, window, bucket_s, job)
        self.scanned = True
        return Scan(self._con, self._some[stream_id], Grid.over(window, bucket_s), None, job or self._job, some=True)

    def split_by(self, name: str, window: Window, job: Job | None = None) -> Split:
        """See Workspace.split_by."""
        return splits.by_column(self._con, self._some.values(), name, window, job or self._job)

    def narrowed(self, source: str) -> str:
        """See Workspace.narrowed."""
        kind = {"events": StreamKind.REQUESTS, "samples": StreamKind.SAMPLES}.get(source)
        meant = [f"SELECT {literal(one.name)}, _file, _record FROM {one.rows_sql}"
                 for number, one in self._some.items() if one.kind is kind]
        if not any(self._touches(one) for one in self._streams.values() if one.kind is kind):
            return source
        return f"(SELECT * FROM {source} WHERE (stream, file, record) IN ({' UNION ALL '.join(meant)}))"

    # ---- inside --------------------------------------------------------------------------------------------

    def _filtered(self, stream: StreamInfo) -> StreamInfo:
        if not self._touches(stream):
            return stream
        where = " AND ".join(f"({pick.sql(stream)})" for pick in self._picks)
        return replace(stream, table=f"(SELECT * FROM {stream.table} WHERE {where})")

    def _touches(self, stream: StreamInfo) -> bool:
        """Whether any row of it may not be meant."""
        return stream.kind is StreamKind.REQUESTS or (
            stream.kind is StreamKind.SAMPLES and any(pick.column(stream) is not None for pick in self._picks))

    def _note(self, stream_id: int) -> bool:
        touched = self._touches(self._streams[stream_id])
        self.told = self.told or touched
        return touched

    def _series_sql(self, stream_id: int) -> str:
        """Which series of the rollups are meant; "" where they do not tell."""
        if stream_id not in self._by_series:
            stream = self._streams[stream_id]
            self._by_series[stream_id] = self._of_series(stream)
            self.scanned = self.scanned or not self._by_series[stream_id]
        return self._by_series[stream_id]

    def _of_series(self, stream: StreamInfo) -> str:
        if any(pick.role is None and pick.column(stream) is not None for pick in self._picks):
            return ""
        if self._con.execute(f"SELECT 1 FROM rollup_{stream.stream_id} WHERE series = 0 LIMIT 1").fetchall():
            return ""       # too many series to be told apart
        where = " AND ".join(f"({pick.series_sql(stream)})" for pick in self._picks)
        return f"SELECT series FROM series WHERE stream_id = {stream.stream_id} AND {where}"

    def _outcomes_of_roles(self, grid: Grid, window: Window, bucket_s: float) -> list[Moments] | None:
        """Of values of one role, from the rollups of each value; None where that does not tell."""
        role = self._picks[0].role
        if role is None or any(pick.role is not role for pick in self._picks):
            return None
        if any(column.kept is ColumnType.NUMBER for one in self._streams.values()
               if (column := one.column(role)) is not None):
            return None         # 2 and 2.0 are the same version
        total = Sums(grid)
        for one in self._workspace.outcome_moments(window, bucket_s, by=role):
            if one.series == OTHER:
                return None
            if all((one.series == (pick.value or "")) != pick.out for pick in self._picks):
                _add(total, np.arange(grid.count), one)
            else:
                for name in one.columns:
                    total.column(name)
        return [total.finish("")]


def _add(sums: Sums, at: Any, part: Moments) -> None:
    sums.add_rows(at, part.rows)
    for name, cells in part.columns.items():
        values: Mapping[str, Floats] = {"n": cells.n, "sum": cells.sum, "sumsq": cells.sumsq, "min": cells.min,
                                        "max": cells.max}
        sums.add(name, at, values)


def _number(text: str) -> float | None:
    try:
        found = float(text.replace(",", ""))
    except ValueError:
        return None
    return found if math.isfinite(found) else None
