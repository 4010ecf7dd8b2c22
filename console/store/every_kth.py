"""Questions that only rows can answer, of a large stretch put to every k-th row: what values stand in a column and
when, and how outcomes go along with scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from console.roles import Role
from console.store.casting import stored_number
from console.store.derived import text_sql
from console.store.grid import plain
from console.store.model import ColumnInfo, Floats, StreamInfo
from console.store.names import ROW_NUMBER, quoted
from console.store.rollups import id_sql
from console.store.values import within
from console.store.views import number_sql
from console.window import Window

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def rows_in(con: DuckDBPyConnection, stream: StreamInfo, window: Window | None) -> int:
    """How many rows the stream has there."""
    return int(con.execute(f"SELECT count(*) FROM {stream.rows_sql}{within(window)}").fetchall()[0][0])


def value_buckets(con: DuckDBPyConnection, stream: StreamInfo, column: ColumnInfo, window: Window, bucket_s: int,
                  each: int, most: int) -> dict[str, Floats] | None:
    """Value -> how often it came in each bucket from the start of the window on; None where there are more than `most`.

    each  only every so many-th row counts
    """
    start = round(window.start_s * 1e6)
    size = round(window.seconds / bucket_s)
    at = f"(epoch_us(_ts) - {start}) // {bucket_s * 1_000_000}"
    found = con.execute(
        f"SELECT v, i, n FROM (SELECT {text_sql(column)} AS v, {at} AS i, count(*) AS n FROM {stream.rows_sql}"
        f"{within(window)}{_every(each)} GROUP BY ALL) WHERE v IS NOT NULL "
        f"QUALIFY dense_rank() OVER (ORDER BY v) <= {most + 1}").fetchnumpy()
    bucket, n = np.asarray(found["i"]).astype(np.int64), np.asarray(found["n"], dtype=np.float64)
    names, which = np.unique(np.asarray(found["v"], dtype=str), return_inverse=True)
    if len(names) > most:
        return None
    table = np.zeros((len(names), size))
    inside = (bucket >= 0) & (bucket < size)
    np.add.at(table, (which[inside], bucket[inside]), n[inside])
    return {str(name): table[number] for number, name in enumerate(names)}


def some_numbers(con: DuckDBPyConnection, stream: StreamInfo, column: ColumnInfo, window: Window | None,
                 each: int) -> Floats:
    """Cells of a column of numbers, in its canonical unit, NaN where missing."""
    found = con.execute(f"SELECT {stored_number(column.stored, column.kept)} AS v FROM {stream.rows_sql}"
                        f"{within(window)}{_every(each, first=window is None)}").fetchnumpy()
    return plain(found["v"], np.nan) * column.scale


def some_counts(con: DuckDBPyConnection, stream: StreamInfo, column: ColumnInfo, window: Window | None,
                each: int) -> dict[str | None, int]:
    """How often each value of a column came, as text."""
    found = con.execute(f"SELECT {text_sql(column)} AS v, count(*) AS n FROM {stream.rows_sql}"
                        f"{within(window)}{_every(each, first=window is None)} "
                        "GROUP BY v ORDER BY n DESC, v").fetchall()
    return {value: int(n) for value, n in found}


def values_in_text(con: DuckDBPyConnection, stream: StreamInfo, column: ColumnInfo, window: Window, text: str,
                   least: int) -> list[str]:
    """Which values of a column, of so many characters at least, stand in a text, whatever their case."""
    cells = f"SELECT {text_sql(column)} AS v FROM {stream.rows_sql}{within(window)}"
    found = con.execute(f"SELECT DISTINCT v FROM ({cells}) WHERE length(v) >= $2 AND contains(lower($1), lower(v)) "
                        "ORDER BY v", [text, least]).fetchall()
    return [str(value) for (value,) in found]


def inputs_and_outcomes(con: DuckDBPyConnection, stream: StreamInfo, columns: Sequence[ColumnInfo], role: Role,
                        window: Window, wait_s: float | None) -> tuple[Any, Floats, dict[str, Floats]]:
    """Of every row of a stream whose outcome is known: its time (microseconds since 1970), the outcome, and the numbers
    in these columns by stored name (NaN missing). The score has the name "", which no column has: it is the prediction
    where that is a number and no score is told.

    role    CLICKED or LABEL: stands in the row itself, or comes with an outcome of the same request id
    wait_s  outcomes that come so long after the window are not read, of ten million it is most; None: all are
    """
    cells = "".join(f", {stored_number(column.stored, column.kept)} AS v{column.number}" for column in columns)
    score = number_sql(stream, Role.SCORE)
    if stream.column(Role.SCORE) is None and (answer := stream.column(Role.PREDICTION)) is not None:
        score = f"TRY_CAST({text_sql(answer)} AS DOUBLE)"
    by_id = stream.column(Role.REQUEST_ID) is not None
    own = (f"SELECT _ts AS ts, {id_sql(stream) if by_id else 'NULL::VARCHAR'} AS id, {score} AS s, "
           f"{number_sql(stream, role)} AS y{cells} FROM {stream.rows_sql}{within(window)}")
    names = "".join(f", e.v{column.number}" for column in columns)
    told, last = "y", ""
    if by_id:
        start, end = round(window.start_s * 1e6), round((window.end_s + (wait_s or 0.0)) * 1e6)
        near = (f"AND (ts IS NULL OR (ts >= make_timestamp({start}) AND ts < make_timestamp({end})))"
                if wait_s is not None else "")
        name = quoted(role.value)
        told, last = "coalesce(e.y, o.y)", (
            f"LEFT JOIN (SELECT request_id, arg_max({name}, told) AS y, max(told) AS last "
            f"FROM (SELECT request_id, {name}, coalesce(ts, TIMESTAMP '2200-01-01') AS told FROM outcomes "
            f"WHERE request_id IS NOT NULL {near}) GROUP BY request_id) o ON o.request_id = e.id AND o.last >= e.ts")
    found = con.execute(f"SELECT epoch_us(e.ts) AS t, e.s, {told} AS y{names} FROM ({own}) e {last} "
                        f"WHERE {told} IS NOT NULL").fetchnumpy()
    numbers = {column.stored: plain(found[f"v{column.number}"], np.nan) for column in columns}
    return (np.asarray(found["t"]).astype(np.int64), plain(found["y"], np.nan),
            {"": plain(found["s"], np.nan)} | numbers)


def _every(each: int, *, first: bool = False) -> str:
    return f" {'WHERE' if first else 'AND'} {ROW_NUMBER} % {each} = 0" if each > 1 else ""
