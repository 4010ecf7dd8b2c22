"""A split by any column: which of its values are kept apart. Read from the rows, for rollups do not know of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.store.derived import text_sql
from console.store.grid import OTHER
from console.store.model import StreamInfo
from console.store.names import literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MOST_VALUES = 8
"""More curves than that cannot be told apart; the rest is one more."""

CHUNK_ROWS = 500_000
"""A scan goes on in stretches of about so many rows, and can be stopped between them."""


@dataclass(frozen=True, slots=True)
class Split:
    """The values of one column, by its stored name, that are kept apart; all others are OTHER, none is ""."""

    stored: str
    values: tuple[str, ...]

    def sql(self, stream: StreamInfo) -> str:
        """The part that a row of this stream belongs to; "" where it has no such column."""
        column = next((one for one in stream.columns if one.stored == self.stored), None)
        if column is None:
            return "''"
        text = text_sql(column)
        kept = ", ".join(literal(value) for value in self.values) or "NULL"
        return f"CASE WHEN {text} IS NULL THEN '' WHEN {text} IN ({kept}) THEN {text} ELSE {literal(OTHER)} END"


def most_frequent(con: DuckDBPyConnection, stream: StreamInfo, stored: str, within: str,
                  most: int = MOST_VALUES) -> dict[str, int]:
    """The values that occur most, with their counts; `within` is a condition on rows."""
    text = text_sql(stream.named(stored))
    found = con.execute(f"SELECT v, count(*) AS n FROM (SELECT {text} AS v FROM {stream.rows_sql} WHERE {within}) "
                        f"WHERE v IS NOT NULL GROUP BY v ORDER BY n DESC, v LIMIT {most}").fetchall()
    return {str(value): int(count) for value, count in found}
