"""One row of an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def one(con: DuckDBPyConnection, query: str,
        params: Sequence[Any] | Mapping[str, Any] | None = None) -> tuple[Any, ...]:
    """The first row; () when there is none.

    Everything is fetched: with `fetchone` the connection stays busy with the rest, and refuses to register a relation.
    """
    rows = con.execute(query, params).fetchall()
    return rows[0] if rows else ()
