"""Cells of several columns from the same rows, for questions about columns together and about the same requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from console.roles import ColumnType, Role
from console.store.answered import cell_sql, texts_of, version_is
from console.store.grid import plain
from console.store.model import ColumnInfo, StreamInfo
from console.store.names import ROW_NUMBER, quoted
from console.store.values import within
from console.window import Window

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def whole_rows(con: DuckDBPyConnection, stream: StreamInfo, columns: Sequence[ColumnInfo], window: Window | None, *,
               each: int = 1, version: str | None = None, keys: Sequence[str] | None = None
               ) -> tuple[Any, Mapping[str, Any]]:
    """The request ids (None without), and column name -> cells: floats in the canonical unit, or text and None.

    each  only every so many-th row;  keys  only the rows with these request ids
    """
    by_id = stream.column(Role.REQUEST_ID)
    key = f"{quoted(by_id.stored)}::VARCHAR" if by_id is not None else "NULL::VARCHAR"
    where = within(window)
    more = [f"{ROW_NUMBER} % {each} = 0"] if each > 1 else []
    more += version_is(stream, version)
    if keys is not None:
        more.append(f"{key} IN (SELECT unnest($keys))")
    for one in more:
        where += f" {'AND' if where else 'WHERE'} {one}"
    cells = "".join(f", {cell_sql(stream, column)} AS v{number}" for number, column in enumerate(columns))
    found = con.execute(f"SELECT {key} AS id{cells} FROM {stream.rows_sql}{where}",
                        {"keys": list(keys)} if keys is not None else None).fetchnumpy()
    read = {column.name: texts_of(found[f"v{number}"]) if column.type is ColumnType.TEXT
            else plain(found[f"v{number}"], np.nan) * (column.scale if column.type is ColumnType.NUMBER else 1.0)
            for number, column in enumerate(columns)}
    return texts_of(found["id"]), read


def hours_of_day(con: DuckDBPyConnection, stream: StreamInfo, window: Window | None, each: int) -> Any:
    """The hour of the day of rows that have a time, 0 to 24 UTC."""
    where = within(window) or " WHERE _ts IS NOT NULL"
    every = f" AND {ROW_NUMBER} % {each} = 0" if each > 1 else ""
    found = con.execute(f"SELECT epoch_us(_ts) / 3.6e9 % 24 AS v FROM {stream.rows_sql}{where}{every}").fetchnumpy()
    return plain(found["v"], np.nan)
