"""Which series the samples of a stream make: their names, what their numbers are, how far apart they lie."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.roles import ColumnType, Role
from console.store.asking import one
from console.store.counters import COUNTER, DELTA, GAUGE, TIMES
from console.store.names import literal, quoted
from console.store.rolled import has_moments
from console.store.rollups import USABLE

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from console.store.model import StreamInfo

NEWEST = 100_000
"""So many of the last rows tell how far apart the samples of a series lie."""


@dataclass(frozen=True, slots=True)
class SampledSeries:
    """All samples of one name, whatever their labels.

    name     in a METRIC_NAME column; where there is none, the column that holds the values
    stored   the column of the values
    kind     gauge, counter or delta
    step_s   typical distance of neighbouring samples with the same labels; 0 where none has a neighbour
    """

    name: str
    stored: str
    kind: str
    step_s: float


class Told:
    """Remembers what was found until there are new series or twice the rows: boards ask with every frame."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[int, tuple[object, int, tuple[SampledSeries, ...]]] = {}

    def of(self, con: DuckDBPyConnection, stream: StreamInfo) -> tuple[SampledSeries, ...]:
        """The series of a stream of samples, by name. `stream` comes with its counts."""
        interned = one(con, "SELECT count(*) FROM series WHERE stream_id = ?", [stream.stream_id])[0]
        mark = (interned, tuple((column.stored, column.role, column.kept) for column in stream.columns))
        with self._lock:
            had = self._known.get(stream.stream_id)
            if had is None or had[0] != mark or stream.rows > 2 * had[1]:
                had = self._known[stream.stream_id] = (mark, stream.rows, _series(con, stream))
            return had[2]


def _series(con: DuckDBPyConnection, stream: StreamInfo) -> tuple[SampledSeries, ...]:
    named, kind = stream.column(Role.METRIC_NAME), stream.column(Role.METRIC_KIND)
    if named is None:
        step = _steps(con, stream, "''", None).get("", 0.0)
        return tuple(SampledSeries(column.stored, column.stored, GAUGE, step)
                     for column in stream.columns_of(Role.METRIC_VALUE) if has_moments(column))
    value = stream.column(Role.METRIC_VALUE)
    if value is None or not has_moments(value):
        return ()
    name = f"coalesce({quoted(named.stored)}::VARCHAR, '')"
    said = f"lower(trim({quoted(kind.stored)}::VARCHAR))" if kind is not None else "''"
    # A name that is a counter here and a gauge there is a counter: its increases are what adds up.
    kinds = con.execute(
        f"SELECT name, min(CASE k WHEN {literal(COUNTER)} THEN 1 WHEN {literal(DELTA)} THEN 2 ELSE 3 END) FROM "
        f"(SELECT DISTINCT {name} AS name, {said} AS k FROM {stream.table} WHERE {USABLE}) GROUP BY name").fetchall()
    steps = _steps(con, stream, name, named.stored)
    counted = stream.column(Role.METRIC_INCREASE) is not None
    return tuple(sorted((SampledSeries(str(one_name), value.stored, (COUNTER, DELTA, GAUGE)[word - 1] if counted
                                       else GAUGE, steps.get(str(one_name), 0.0))
                         for one_name, word in kinds), key=lambda series: series.name))


def _steps(con: DuckDBPyConnection, stream: StreamInfo, name: str, named: str | None) -> dict[str, float]:
    """Median distance in seconds of the samples that share a name and all labels."""
    labels = [quoted(column.stored) for column in stream.columns
              if column.kept is ColumnType.TEXT and column.role not in TIMES and column.stored != named]
    last = one(con, f"SELECT max(rowid) FROM {stream.table}")[0] or 0
    keys = ", ".join(["name", *(f"l{number}" for number in range(len(labels)))])
    texts = "".join(f", {label} AS l{number}" for number, label in enumerate(labels))
    return {str(key): float(step) / 1e6 for key, step in con.execute(
        f"SELECT name, median(d) FROM (SELECT name, t - lag(t) OVER (PARTITION BY {keys} ORDER BY t) AS d FROM "
        f"(SELECT {name} AS name, epoch_us(_ts) AS t{texts} FROM {stream.table} "
        f"WHERE rowid > {int(last) - NEWEST} AND {USABLE})) WHERE d > 0 GROUP BY name").fetchall()}
