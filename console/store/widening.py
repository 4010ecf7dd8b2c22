"""More columns for a table.

The database keeps a version of the table for each column that is added until the transaction ends: 900 columns were
250 MB for a table of a hundred rows, twice that with its rollups. So a short table is made anew. A long one is not:
writing all of it again costs more than the versions do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from console.store.asking import one
from console.store.names import quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MANY = 32                   # columns from which on a short table is made anew
SHORT_CELLS = 5_000_000     # it has with the new columns; writing them takes a quarter of a second


def widen(con: DuckDBPyConnection, table: str, fields: Sequence[str]) -> None:
    """Columns behind those it has, empty in all rows. fields: name and type, as they stand in a CREATE TABLE."""
    if len(fields) < MANY or not _is_short(con, table, len(fields)):
        for field in fields:
            con.execute(f"ALTER TABLE {table} ADD COLUMN {field}")
        return
    there = con.execute(f"SELECT column_name, column_type FROM (DESCRIBE {table})").fetchall()
    names = ", ".join(quoted(name) for name, _ in there)
    kept = [f"{quoted(name)} {kind}" for name, kind in there]
    con.execute(f"CREATE TABLE {table}_wider ({', '.join([*kept, *fields])})")
    con.execute(f"INSERT INTO {table}_wider ({names}) SELECT {names} FROM {table}")
    con.execute(f"DROP TABLE {table}")
    con.execute(f"ALTER TABLE {table}_wider RENAME TO {table}")


def _is_short(con: DuckDBPyConnection, table: str, more: int) -> bool:
    [rows] = one(con, f"SELECT count(*) FROM {table}")
    [columns] = one(con, f"SELECT count(*) FROM (DESCRIBE {table})")
    return int(rows) * (int(columns) + more) <= SHORT_CELLS
