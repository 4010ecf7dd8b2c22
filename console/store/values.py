"""Whole columns, for drift and for distributions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from console.roles import ColumnType
from console.store import catalog
from console.store.asking import one
from console.store.casting import stored_number
from console.store.derived import NUMBERS, named, text_sql
from console.store.grid import plain
from console.store.model import ColumnInfo, StreamInfo
from console.store.names import quoted
from console.window import Window

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


MOST_KNOWN = 1000
"""A column of more different values is text or a key, and new ones in it tell nothing."""


def within(window: Window | None) -> str:
    """The WHERE clause of a window; none for all rows, those without a time too."""
    if window is None:
        return ""
    start, end = round(window.start_s * 1e6), round(window.end_s * 1e6)
    return f" WHERE _ts >= make_timestamp({start}) AND _ts < make_timestamp({end})"


def column_values(con: DuckDBPyConnection, stream: StreamInfo, stored: str, window: Window | None) -> Any:
    """Floats in the canonical unit (NaN missing; times in seconds since 1970), or an object array of text and None."""
    where = within(window)
    if stored in NUMBERS:
        made = named(stream, stored)
        value = made.value if made is not None else "NULL::DOUBLE"
        return plain(con.execute(f"SELECT {value} AS v FROM {stream.rows_sql}{where}").fetchnumpy()["v"], np.nan)
    column = stream.named(stored)
    if column.type is ColumnType.TEXT:
        return _texts(con, stream, column, where)
    value = stored_number(stored, column.kept)
    if column.type is ColumnType.TIME:
        value = f"epoch_us({catalog.utc_sql(stream, column)}) / 1e6"
    rows = con.execute(f"SELECT {value} AS v FROM {stream.rows_sql}{where}").fetchnumpy()
    found = plain(rows["v"], np.nan)
    return found if column.scale == 1 else found * column.scale


def _texts(con: DuckDBPyConnection, stream: StreamInfo, column: ColumnInfo, where: str) -> Any:
    rows = con.execute(f"SELECT {quoted(column.stored)}::VARCHAR AS v FROM {stream.rows_sql}{where}").fetchnumpy()
    cells = np.ma.asarray(rows["v"])
    found = np.array(cells.data, dtype=object)
    found[np.ma.getmaskarray(cells)] = None
    return found


def known_values(con: DuckDBPyConnection, stream: StreamInfo, stored: str,
                 window: Window | None) -> frozenset[str] | None:
    """See Workspace.known_values."""
    rows = con.execute(f"SELECT DISTINCT v FROM (SELECT {text_sql(stream.named(stored))} AS v FROM {stream.rows_sql}"
                       f"{within(window)}) WHERE v IS NOT NULL LIMIT {MOST_KNOWN + 1}").fetchall()
    return None if len(rows) > MOST_KNOWN else frozenset(str(value) for (value,) in rows)


def extremes(con: DuckDBPyConnection, stream: StreamInfo, stored: Sequence[str],
             window: Window | None) -> dict[str, tuple[float, float]]:
    """See Workspace.extremes."""
    columns = [stream.named(name) for name in stored]
    if not columns:
        return {}
    numbers = [stored_number(column.stored, column.kept) for column in columns]
    asked = ", ".join(f"min({number}), max({number})" for number in numbers)
    row = one(con, f"SELECT {asked} FROM {stream.rows_sql}{within(window)}")
    return {column.stored: (row[2 * number] * column.scale, row[2 * number + 1] * column.scale)
            for number, column in enumerate(columns) if row[2 * number] is not None}


def category_counts(con: DuckDBPyConnection, stream: StreamInfo, stored: str,
                    window: Window | None) -> dict[str | None, int]:
    """How often each value occurs, as text; the most frequent first."""
    name = quoted(stream.named(stored).stored)
    rows = con.execute(f"SELECT {name}::VARCHAR AS v, count(*) AS n FROM {stream.rows_sql}{within(window)} "
                       "GROUP BY v ORDER BY n DESC, v").fetchall()
    return {value: int(n) for value, n in rows}
