"""Questions that only rows can answer, of a large stretch put to every k-th row: what values stand in a column and
when, and how outcomes go along with scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from console.store.casting import stored_number
from console.store.derived import text_sql
from console.store.grid import plain
from console.store.model import ColumnInfo, Floats, StreamInfo
from console.store.names import ROW_NUMBER, literal, quoted
from console.store.values import within
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


def inputs_and_outcomes(con: DuckDBPyConnection, stream: StreamInfo, columns: Sequence[ColumnInfo], outcome: str,
                        window: Window) -> tuple[Any, Floats, dict[str, Floats]]:
    """Of every event of a stream whose outcome is known: its time (microseconds since 1970), the outcome, and the
    numbers in these columns by stored name (NaN missing). The score has the name "", which no column has.

    outcome  `clicked` or `label`, a column of `events`. The score is the prediction where that is a number and no score
    is told.
    """
    score = "coalesce(score, TRY_CAST(prediction AS DOUBLE))"
    cells = "".join(f", {stored_number(column.stored, column.kept)} AS v{column.number}" for column in columns)
    known = (f"SELECT ts, file, record, {score} AS s, {quoted(outcome)}::DOUBLE AS y FROM events"
             f"{within(window).replace('_ts', 'ts')} AND stream = {literal(stream.name)} "
             f"AND {quoted(outcome)} IS NOT NULL")
    beside = (f"JOIN (SELECT _file, _record{cells} FROM {stream.rows_sql}{within(window)}) r "
              "ON r._file = e.file AND r._record = e.record") if columns else ""
    names = "".join(f", r.v{column.number}" for column in columns)
    found = con.execute(f"SELECT epoch_us(e.ts) AS t, e.s, e.y{names} FROM ({known}) e {beside}").fetchnumpy()
    numbers = {column.stored: plain(found[f"v{column.number}"], np.nan) for column in columns}
    return (np.asarray(found["t"]).astype(np.int64), plain(found["y"], np.nan),
            {"": plain(found["s"], np.nan)} | numbers)


def _every(each: int, *, first: bool = False) -> str:
    return f" {'WHERE' if first else 'AND'} {ROW_NUMBER} % {each} = 0" if each > 1 else ""
