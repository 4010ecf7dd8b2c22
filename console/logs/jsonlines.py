"""Cuts JSON lines: every key kept, no line lost, no work per row in Python.

The lines go as one column of text through DuckDB's JSON functions in a database of their own in memory, so that the
keys are known before anything is written. Every value comes out as text: digits of long numbers survive, nested values
stay JSON. A key that first shows up in the last line of the last file is kept like any other.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from console.logs.arrays import from_whole_numbers, same_flag, whole_numbers
from console.logs.json_alike import Alike
from console.logs.limits import MOST_COLUMNS
from console.logs.records import BLANK, COMMENT, LINE_BYTES, Bad, Cut, newlines, shown
from console.logs.unopened import has_flags, pointer
from console.roles import ColumnType
from console.store.names import MORE, literal

MAX_KEYS = MOST_COLUMNS         # fields of one file; keys that a line brings beyond are kept together, in `_more`
WHOLE = {"BIGINT", "UBIGINT"}   # what the database calls whole numbers in JSON
NOT_JSON = (duckdb.InvalidInputException, UnicodeDecodeError)
"""What a query raises for a line that is no JSON: the message quotes it, and may cut it within a letter."""

EXACT = 2**53                   # beyond, a DOUBLE loses digits: such a column is text


class JsonCutter:
    """Cuts blocks of JSON lines. `keys` grows as keys are met; field n of a row is the value of `keys[n]`.

    Values of keys beyond MAX_KEYS stand in a column `_more`, as one JSON object of texts a row.
    """

    def __init__(self, keys: Iterable[str] = (), numbers: Collection[str] = (), *, opens: bool = True) -> None:
        """What to expect, and how the rows are to come.

        numbers  keys that are kept as numbers; where that loses nothing their values come as DOUBLE, not text
        opens    else lines that are all alike come as they are: see `unopened`
        """
        self.keys: list[str] = list(dict.fromkeys(keys))
        self.types: dict[str, ColumnType] = {}      # of keys not given at first, as their values say
        self._seen: set[str] = set()                # of those, the ones that had a value already
        self._con = shared_connection().cursor()
        self._alike = Alike(self._con, numbers)
        self._opens = opens
        self._beyond = False                        # whether the lines at hand have keys that are no fields

    def met(self) -> dict[str, ColumnType]:
        """Keys that were not given at first and had a value, with the type that all their values so far allow."""
        return {key: found for key, found in self.types.items() if key in self._seen}

    def close(self) -> None:
        """Gives the memory back."""
        self._con.close()

    def cut(self, block: bytes, *, final: bool) -> Cut:
        """The records of a block; `final` when nothing follows, so that the last line is whole without its newline."""
        end = len(block) if final else block.rfind(b"\n") + 1
        cut = Cut(consumed=end)
        if not end:
            return cut
        text = block[:end] if end < len(block) else block
        if not text.endswith(b"\n"):
            text += b"\n"
        if b"\0" in text:
            text = _without_holes(text)
        ends = newlines(text)
        cut.records = cut.lines = len(ends)
        cut.starts = [np.arange(len(ends))]
        offsets = np.concatenate(([0], ends + 1)).astype(np.int32)
        lines = pa.table({
            "i": whole_numbers(np.arange(len(ends))),
            "l": pa.StringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(text))})
        full = np.diff(offsets) > 1         # millions of empty lines would cost as much as millions of broken ones
        if not full.all():
            cut.ignored[BLANK] += len(full) - int(np.count_nonzero(full))
            lines = lines.filter(pa.array(full))
            if not lines.num_rows:
                return cut
        lines = _in_batches(lines)
        long = np.flatnonzero(np.diff(offsets) > LINE_BYTES)
        if not self._opens and not len(long):
            shape = self._alike.shape(lines, text, self._settled())
            if shape is not None:
                flags = same_flag(bool(shape.numbers) and has_flags(text), lines.num_rows)
                cut.tables = [pa.table({"l": lines["l"], "_flags": flags, "_record": lines["i"]})]
                cut.shape = shape
                return cut
        self._con.register("lines", lines)
        try:
            if not len(long):
                alike = self._alike.fields(lines, text, {key: at for at, key in enumerate(self.keys)}, self._settled())
                if alike is not None:
                    cut.tables = [alike]
                    return cut
            good = self._keys_of(lines, cut, {int(at): f"longer than {LINE_BYTES >> 20} MB" for at in long})
            if good.num_rows:
                cut.tables = [self._fields(good)]
            return cut
        finally:
            self._con.unregister("lines")       # else the last block of each file that is followed stays in memory

    def open(self, objects: pa.Table) -> tuple[pa.Table | None, list[Bad]]:
        """Objects that did not stand in lines of their own: (i, l) with i their record number. Rows, and what is wrong.

        A record that is set aside has its number as its line too.
        """
        cut = Cut()
        good = self._keys_of(objects, cut, {})
        return (self._fields(good) if good.num_rows else None), cut.bad

    def _keys_of(self, lines: pa.Table, cut: Cut, wrong: dict[int, str]) -> pa.Table:
        """The lines that are objects, their keys noted; the others are set aside in `cut`."""
        self._con.register("lines", lines)
        lines = self._without(lines, wrong, cut)
        try:
            shapes = self._shapes()
        except NOT_JSON:
            invalid = self._con.execute("SELECT i, l FROM lines WHERE NOT json_valid(l) ORDER BY i").fetchall()
            lines = self._without(lines, {at: _not_valid(text) for at, text in invalid}, cut)
            shapes = self._shapes()
        known = set(self.keys)
        fresh: list[str] = []
        suspect = self._beyond = False
        for keys, _ in shapes:
            if not keys or len(set(keys)) != len(keys):
                suspect = True
                continue
            new = [key for key in keys if key not in known]
            room = max(0, MAX_KEYS - len(known))
            self._beyond |= len(new) > room
            fresh += new[:room]
            known.update(new[:room])
        self.keys += fresh
        if suspect:
            lines = self._without(lines, self._odd(), cut)
        for key in fresh:
            self.types[key] = ColumnType.FLAG
        self._note_types([key for key, found in self.types.items()
                          if key not in self._seen or found is not ColumnType.TEXT])
        return lines

    def _shapes(self) -> list[tuple[list[str], int]]:
        """Each list of keys, and its first line. Raises InvalidInputException for text that is no JSON."""
        return self._con.execute(
            "SELECT k, min(i) FROM (SELECT i, json_keys(l) AS k FROM lines) GROUP BY k ORDER BY 2").fetchall()

    def _settled(self) -> set[str]:
        """Keys whose type is known, whatever comes."""
        return {key for key in self.keys
                if key not in self.types or (key in self._seen and self.types[key] is ColumnType.TEXT)}

    def _odd(self) -> dict[int, str]:
        """Lines that are JSON, yet no row: no object, or a key twice."""
        rows = self._con.execute(
            """SELECT i, json_type(l), k FROM (SELECT i, l, json_keys(l) AS k FROM lines)
               WHERE len(k) = 0 OR len(k) <> len(list_distinct(k))""")
        wrong: dict[int, str] = {}
        for i, kind, keys in rows.fetchall():
            if kind != "OBJECT":
                wrong[i] = "no JSON object"
            elif len(set(keys)) != len(keys):
                wrong[i] = "the same key twice"
        return wrong

    def _without(self, lines: pa.Table, wrong: dict[int, str], cut: Cut) -> pa.Table:
        if not wrong:
            return lines
        out = np.isin(from_whole_numbers(lines["i"]), list(wrong))
        for i, text in zip(*lines.filter(pa.array(out)).to_pydict().values(), strict=True):
            if wrong[i] in (BLANK, COMMENT):
                cut.ignored[wrong[i]] += 1
            else:
                cut.bad.append(Bad(i, i, wrong[i], shown(text.rstrip("\r\n").encode())))
        lines = lines.filter(pa.array(~out))
        self._con.register("lines", lines)
        return lines

    def _note_types(self, keys: Sequence[str]) -> None:
        """What keys that were not expected hold: numbers, flags, or else text. Nulls say nothing."""
        kinds: dict[str, set[str]] = {key: set() for key in keys}
        for key, kind in self._ask_of(keys, "json_type", "value"):
            kinds[key].add(kind)
        whole = [key for key, found in kinds.items() if found - {"NULL"} and found <= WHOLE | {"NULL"}]
        long = {key for key, widest in self._ask_of(whole, "json_extract_string", "max(abs(TRY_CAST(value AS DOUBLE)))")
                if widest >= EXACT}
        for key, with_nulls in kinds.items():
            if not (seen := with_nulls - {"NULL"}):
                continue
            if seen <= WHOLE | {"DOUBLE"}:
                found = ColumnType.TEXT if key in long else ColumnType.NUMBER
            else:
                found = ColumnType.FLAG if seen == {"BOOLEAN"} else ColumnType.TEXT
            self.types[key] = found if key not in self._seen or self.types[key] is found else ColumnType.TEXT
            self._seen.add(key)

    def _ask_of(self, keys: Sequence[str], function: str, asked: str) -> list[tuple[str, Any]]:
        """Something of all values of each key, in one query; keys without a value are left out."""
        if not keys:
            return []
        paths = ", ".join(literal(pointer(key)) for key in keys)
        values = f"unnest(range({len(keys)})) AS place, unnest({function}(l, [{paths}])) AS value"
        return [(keys[place], found) for place, found in self._con.execute(
            f"SELECT place, {asked} FROM (SELECT {values} FROM lines) WHERE value IS NOT NULL GROUP BY ALL").fetchall()
            if found is not None]

    def _fields(self, lines: pa.Table) -> pa.Table:
        """Every value as text. Names that differ by case only cannot share a STRUCT: the later ones are asked alone.

        The STRUCT is taken apart here: an expression a key costs seconds where there are thousands of keys.
        """
        shape: dict[str, str] = {}
        places: dict[str, int] = {}
        alone = {}
        lower: set[str] = set()
        for position, key in enumerate(self.keys):
            if not key or key.lower() in lower:
                alone[position] = f'json_extract_string(l, {literal(pointer(key))}) AS "{position}"'
            else:
                lower.add(key.lower())
                shape[key] = "VARCHAR"
                places[key] = position
        whole = [f"json_transform(l, {literal(json.dumps(shape))}) AS j"] if shape else []
        self._con.register("lines", lines)
        found = self._con.sql(f"SELECT {', '.join([*whole, *alone.values(), 'i AS _record'])} "
                              "FROM lines").to_arrow_table()
        fields = {position: found[str(position)] for position in alone}
        if shape:
            opened = found["j"].flatten()
            fields |= {places[found.schema.field("j").type.field(at).name]: opened[at] for at in range(len(opened))}
        table = pa.table([*(fields[position] for position in range(len(self.keys))), found["_record"]],
                         names=[*map(str, range(len(self.keys))), "_record"])
        if self._beyond:
            table = table.add_column(table.num_columns - 1, MORE, self._more(table["_record"]))
        self._con.unregister("lines")
        return table


    def _more(self, records: pa.ChunkedArray) -> pa.ChunkedArray:
        """For each of these records JSON of the values whose keys are no fields, as text; NULL where there are none."""
        self._con.register("fields", pa.table({"key": pa.array(self.keys, pa.string())}))
        found = self._con.sql("""
            WITH maps AS (SELECT i, json_transform(l, '"MAP(VARCHAR, VARCHAR)"') AS map FROM lines),
                 cells AS (SELECT i, unnest(map_entries(map), recursive := true) FROM maps)
            SELECT i, to_json(map_from_entries(list({'key': key, 'value': value} ORDER BY key)))::VARCHAR AS more
            FROM cells ANTI JOIN fields USING (key) GROUP BY i""").to_arrow_table()
        self._con.unregister("fields")
        return found["more"].take(pc.index_in(records, found["i"].combine_chunks()))


@cache
def shared_connection() -> duckdb.DuckDBPyConnection:
    """One database in memory for all files: each has a connection of its own, none has threads of its own."""
    return duckdb.connect(":memory:", config={"threads": 2})


def _not_valid(text: str) -> str:
    bare = text.strip()
    if not bare:
        return BLANK
    if bare.startswith("#"):
        return COMMENT
    return "not valid JSON" if bare.strip("\0") else "nothing but NUL bytes"


def _in_batches(lines: pa.Table) -> pa.Table:
    """In parts that several cores can take."""
    return pa.Table.from_batches(lines.to_batches(max_chunksize=max(2048, lines.num_rows // 4 + 1)), lines.schema)


def _without_holes(text: bytes) -> bytes:
    """Lines without the NULs before them: the hole a writer leaves who goes on after a truncation."""
    lines = text.split(b"\n")
    return b"\n".join(line.lstrip(b"\0") or line if line.startswith(b"\0") else line for line in lines)
