"""JSON lines that are all alike, opened in one go.

Most files have the same keys in every line. Then no line needs to be looked at more than twice: by a cast that
refuses a line without one of these keys, twice with one, or with text where a number is kept; and by counting its
keys, which shows that there are no others. Whatever is not like that is left to `JsonCutter`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from console.logs.arrow_csv import are_exact
from console.logs.unopened import Shape, has_no_other_keys, pointer
from console.store.names import literal

GIVE_UP = 2             # blocks that were not alike, after which a file is not tried again


class Alike:
    """Opens blocks of one file. numbers: keys whose values may come as DOUBLE where that loses nothing."""

    def __init__(self, con: duckdb.DuckDBPyConnection, numbers: Collection[str]) -> None:
        self._con = con
        self._numbers = set(numbers)
        self._failed = 0

    def shape(self, lines: pa.Table, text: bytes, known: set[str]) -> Shape | None:
        """What all lines look like that can be opened by the INSERT; None when they are not alike.

        text  of all lines; for all else see `fields`
        """
        if not lines.num_rows:
            return None
        keys = _keys(lines)
        if keys is None or not known.issuperset(keys) or not has_no_other_keys(text, len(keys) * lines.num_rows):
            return None
        return Shape(tuple(keys), tuple(key for key in keys if key in self._numbers))

    def fields(self, lines: pa.Table, text: bytes, positions: Mapping[str, int], known: set[str]) -> pa.Table | None:
        """The values of all lines under the positions of their keys, and `_record`; None when they are not alike.

        lines      (i, l), registered as `lines`: records and their text
        text       of all of them
        positions  of all keys of the file that are known
        known      those among them whose type needs no more looking at
        """
        if self._failed >= GIVE_UP or not lines.num_rows:
            return None
        keys = _keys(lines)
        if keys is None or not known.issuperset(keys):
            self._failed += 1
            return None
        for numbers in ([key for key in keys if key in self._numbers], []):
            try:
                table = self._open(keys, numbers)
            except (duckdb.InvalidInputException, UnicodeDecodeError):     # a message that is cut within a letter
                table = None
            if table is not None and self._is_right(table, text, keys, numbers):
                return self._placed(table, keys, positions)
            if not numbers:
                break
            self._numbers -= set(numbers)       # text in a column of numbers: it is kept beside, so it is needed
        self._failed += 1
        return None

    def _open(self, keys: list[str], numbers: Collection[str]) -> pa.Table:
        """Raises InvalidInputException for a line that lacks a key or has text for a number."""
        shape = json.dumps({key: "DOUBLE" if key in numbers else "VARCHAR" for key in keys})
        found = self._con.sql(
            f"SELECT json_transform_strict(l, {literal(shape)}) AS j, i AS _record, len(json_keys(l)) = {len(keys)} "
            "AS same FROM lines").to_arrow_table()
        opened = found["j"].flatten()       # here and not there: an expression a key takes longer to plan than to do
        names = [*map(str, range(len(keys))), "_record", "same"]
        return pa.table([*opened, found["_record"], found["same"]], names=names)

    def _is_right(self, table: pa.Table, text: bytes, keys: list[str], numbers: Collection[str]) -> bool:
        columns = [str(keys.index(key)) for key in numbers]
        if not pc.all(table["same"]).as_py() or not are_exact(table, columns):
            return False
        suspect = [keys[int(at)] for at in columns if _may_be_flags(table[at])]
        if not suspect or not (b"true" in text or b"false" in text):
            return True
        # The cast takes true for 1, while the column keeps it as text that is no number.
        asked = ", ".join(literal(pointer(key)) for key in suspect)
        return not self._con.execute(
            "SELECT 1 FROM lines WHERE (contains(l, 'true') OR contains(l, 'false')) "
            f"AND list_contains(json_type(l, [{asked}]), 'BOOLEAN') LIMIT 1").fetchall()

    def _placed(self, table: pa.Table, keys: list[str], positions: Mapping[str, int]) -> pa.Table:
        """All keys of the file as columns; those that these lines lack are empty."""
        names = {str(positions[key]): table[str(at)] for at, key in enumerate(keys)}
        nothing = pa.nulls(table.num_rows, pa.string())
        columns = {str(at): names.get(str(at), nothing) for at in positions.values()}
        return pa.table({**columns, "_record": table["_record"]})


def _keys(lines: pa.Table) -> list[str] | None:
    """Of the first line; None when the lines cannot be alike."""
    try:
        first = json.loads(lines["l"][0].as_py())
        if not isinstance(first, dict) or not first or "" in first:
            return None
        "".join(first).encode()
    except ValueError:
        return None
    return list(first) if len({key.lower() for key in first}) == len(first) else None


def _may_be_flags(column: pa.ChunkedArray) -> bool:
    return bool(pc.any(pc.or_(pc.equal(column, 0.0), pc.equal(column, 1.0))).as_py())
