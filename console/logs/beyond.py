"""Fields beyond the number of columns that a stream may have: no cell is lost, none gets a column of its own.

A log may bring another key with every line. Tables of very many columns are slow in every respect, long before they are
of use to anybody. So the cells of such fields are kept as text, by the name of the field, in `_misfit` of their row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa

from console.logs.jsonlines import shared_connection
from console.logs.limits import MOST_COLUMNS
from console.store.names import MORE, literal

AT_ONCE = 100           # fields in one query: longer ones take longer to plan than they save

NOTE = f"It has fields beyond the {MOST_COLUMNS:,} columns that a stream may have: their cells are kept as text"


def with_more(rows: pa.Table, keys: Sequence[str], fields: Mapping[str, int]) -> pa.Table:
    """Rows with a column `_more` if fields of theirs that have no column have cells; else as they are.

    keys    names of the fields, by position; the columns of `rows` are named by it
    fields  stored name -> position of those that have a column
    """
    placed = set(fields.values())
    left = [at for at in range(len(keys)) if at not in placed and rows[str(at)].null_count < rows.num_rows]
    if not left:
        return rows
    names = dict(zip(left, unique_names([keys[at] for at in left]), strict=True))
    con = shared_connection().cursor()
    try:
        found = rows[MORE] if MORE in rows.column_names else pa.nulls(rows.num_rows, pa.string())
        for begin in range(0, len(left), AT_ONCE):
            part = left[begin : begin + AT_ONCE]
            con.register("rows", pa.table([*(rows[str(at)] for at in part), found, pa.array(range(rows.num_rows))],
                                          names=[*map(str, part), MORE, "i"]))
            found = con.sql(f"SELECT {more_sql([(names[at], str(at)) for at in part], MORE)} AS {MORE} FROM rows "
                            "ORDER BY i").to_arrow_table()[MORE]
    finally:
        con.close()
    if MORE in rows.column_names:
        return rows.set_column(rows.column_names.index(MORE), MORE, found)
    return rows.add_column(rows.num_columns - 1, MORE, found)


def unique_names(names: Iterable[str]) -> list[str]:
    """The second of a name gets a number: an object has each once."""
    used: set[str] = set()
    found: list[str] = []
    for name in names:
        choice, again = name, 2
        while choice in used:
            choice, again = f"{name}_{again}", again + 1
        used.add(choice)
        found.append(choice)
    return found


def more_sql(cells: Iterable[tuple[str, str]], before: str = "NULL") -> str:
    """JSON of cells as text: each (name of the field, name of its column); joined to what was there; NULL for none."""
    pairs = ", ".join(f'{literal(name)}, nullif("{column}"::VARCHAR, \'\')' for name, column in cells)
    return f"nullif(json_merge_patch(coalesce({before}, '{{}}')::JSON, json_object({pairs}))::VARCHAR, '{{}}')"
