"""Cuts lines by a SELECT: each serving tool's form is a query over lines, and all of them share this loop.

The lines of a block go as one column of text through a database in memory, outside the interpreter lock. A query may
give several records for a line (a batch, an export of many spans), none of them lost: what it does not speak of is
quarantined, what it calls no record is counted with its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from console.logs.jsonlines import JsonCutter, shared_connection
from console.logs.records import BLANK, COMMENT, LINE_BYTES, Bad, Cut, newlines, shown
from console.roles import ColumnType

Ints = NDArray[np.int64]

FAULTS_OF_OURS = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)
"""The query itself is wrong: no line is to blame."""


class SqlCutter:
    """Cuts blocks by a query.

    select   over `lines` (i BIGINT, l VARCHAR; with `json` only lines that are valid JSON); or a function that gives
             one for a block, so that no expression is planned without need. Its columns:
               i        the line
               k        (if a line may give several records) their order in it, BIGINT
               ignored  NULL for a row, else why it is none: counted, not kept
               bad      (optional) NULL, else why the record is set aside
               half     (optional) TINYINT, see `_half`
             and then either the fields, as VARCHAR under the names in `columns`, or `o`: a JSON object as text whose
             keys become fields, however many and whenever they come
    columns  the fields in their order; None with `o`
    keys     with `o`: keys that are expected
    no_line  why a line is set aside that the query does not speak of
    """

    def __init__(self, select: str | Callable[[bytes], str], columns: Sequence[str] | None = None, *, json: bool,
                 keys: Sequence[str] = (), no_line: str = "no line of this form", setup: Sequence[str] = ()) -> None:
        self._choose = select
        self._select = select if isinstance(select, str) else ""
        self._json = json
        self._no_line = no_line
        self._columns = tuple(columns) if columns is not None else None
        self._open = JsonCutter(keys) if columns is None else None
        self._con: duckdb.DuckDBPyConnection = shared_connection().cursor()
        for statement in setup:
            self._con.execute(statement)

    @property
    def keys(self) -> Sequence[str]:
        """The fields of a row."""
        if self._open is not None:
            return self._open.keys
        assert self._columns is not None
        return self._columns

    def met(self) -> Mapping[str, ColumnType]:
        """See Cutter."""
        return self._open.met() if self._open is not None else {}

    def close(self) -> None:
        """See Cutter."""
        self._con.close()
        if self._open is not None:
            self._open.close()

    def cut(self, block: bytes, *, final: bool) -> Cut:
        """See Cutter."""
        end = len(block) if final else block.rfind(b"\n") + 1
        cut = Cut(consumed=end)
        if not end:
            return cut
        text = block[:end] if end < len(block) else block
        if not text.endswith(b"\n"):
            text += b"\n"
        ends = newlines(text)
        cut.lines = len(ends)
        if callable(self._choose):
            self._select = self._choose(text)
        lines = _lines(text, ends)
        wrong = self._wrong(lines)
        if wrong:
            lines = lines.filter(pa.array(~np.isin(lines["i"].to_numpy(), list(wrong))))
        found = self._ask(lines, wrong)
        self._gather(cut, lines, found, wrong, text, ends)
        return cut

    def _wrong(self, lines: pa.Table) -> dict[int, str]:
        """Lines that the query is not asked about, with what they are."""
        self._con.register("lines", lines)
        json = "OR NOT json_valid(l)" if self._json else ""
        asked = self._con.execute(
            f"SELECT i, trim(l, ' \t\r\n' || chr(0)), strlen(l) > {LINE_BYTES} FROM lines "
            f"WHERE strlen(l) > {LINE_BYTES} OR NOT regexp_matches(l, '[^ \\t\\r\\n\\x00]') {json}").fetchall()
        return {int(i): f"longer than {LINE_BYTES >> 20} MB" if long else BLANK if not bare else
                COMMENT if bare.startswith("#") and self._json else "not valid JSON" for i, bare, long in asked}

    def _ask(self, lines: pa.Table, wrong: dict[int, str]) -> pa.Table:
        """What the query gives. A line that it cannot bear is found by halves and set aside alone."""
        self._con.register("lines", lines)
        try:
            return _in_order(self._con.sql(self._select).to_arrow_table())
        except duckdb.Error as error:
            if isinstance(error, FAULTS_OF_OURS):
                raise
            if lines.num_rows == 1:
                wrong[lines["i"][0].as_py()] = f"it cannot be opened ({str(error).splitlines()[0][:120]})"
                return self._ask(lines.slice(0, 0), wrong)
        finally:
            self._con.unregister("lines")
        middle = lines.num_rows // 2
        return pa.concat_tables([self._ask(lines.slice(0, middle), wrong), self._ask(lines.slice(middle), wrong)])

    def _gather(self, cut: Cut, lines: pa.Table, found: pa.Table, wrong: Mapping[int, str], text: bytes,
                ends: Ints) -> None:
        """Numbers all records in the order of their lines, and sorts them into rows, bad and ignored."""
        at = found["i"].to_numpy().astype(np.int64)
        silent = np.setdiff1d(lines["i"].to_numpy(), at)
        whys = {**{int(i): self._no_line for i in silent}, **wrong}
        others = np.array(sorted(whys), np.int64)
        starts = np.concatenate((at, others))
        order = np.argsort(starts, kind="stable")
        number = np.empty(len(order), np.int64)
        number[order] = np.arange(len(order))
        cut.records = len(order)
        cut.starts = [starts[order]]
        for place, line in enumerate(others.tolist()):
            if whys[line] in (BLANK, COMMENT):
                cut.ignored[whys[line]] += 1
            else:
                cut.bad.append(Bad(int(number[len(at) + place]), line, whys[line], _raw(text, ends, line)))
        ignored = found["ignored"]
        for reason, count in _counts(ignored):
            cut.ignored[reason] += count
        row = np.array(ignored.is_null().to_numpy(zero_copy_only=False), bool)
        if "bad" in found.column_names:
            for place in np.flatnonzero(found["bad"].is_valid().to_numpy(zero_copy_only=False) & row).tolist():
                row[place] = False
                line = int(at[place])
                cut.bad.append(Bad(int(number[place]), line, found["bad"][place].as_py(), _raw(text, ends, line)))
        if row.any():
            rows = found if row.all() else found.filter(pa.array(row))
            numbers = number[: len(at)][row]
            table = (self._plain(rows, numbers) if self._open is None
                     else self._opened(cut, rows, numbers, text, ends))
            if table is not None and table.num_rows:
                cut.tables = [table]
        cut.bad.sort(key=lambda bad: bad.record)

    def _plain(self, rows: pa.Table, numbers: Ints) -> pa.Table:
        assert self._columns is not None
        arrays = [rows[name].cast(pa.string()) for name in self._columns]
        names = [str(place) for place in range(len(arrays))]
        if "half" in rows.column_names:
            arrays.append(rows["half"].cast(pa.int8()))
            names.append("_half")
        return pa.table([*arrays, pa.array(numbers)], names=[*names, "_record"])

    def _opened(self, cut: Cut, rows: pa.Table, numbers: Ints, text: bytes, ends: Ints) -> pa.Table | None:
        """The keys of the objects as fields. A record whose object cannot be opened is set aside with its line."""
        assert self._open is not None
        table, bad = self._open.open(pa.table({"i": pa.array(numbers), "l": rows["o"].cast(pa.string())}))
        for each in bad:
            line = cut.line_of(each.record)
            cut.bad.append(Bad(each.record, line, each.reason, _raw(text, ends, line)))
        if table is not None and "half" in rows.column_names:
            halves = rows["half"].cast(pa.int8()).to_numpy(zero_copy_only=False)
            kept = halves[np.searchsorted(numbers, table["_record"].to_numpy())]
            table = table.add_column(table.num_columns - 1, "_half", pa.array(kept, pa.int8(), from_pandas=True))
        return table


def _in_order(found: pa.Table) -> pa.Table:
    """By line, and within it by `k`. Most queries keep the order; sorting all their text would cost as much as they."""
    lines = found["i"].to_numpy()
    if "k" in found.column_names:
        order = np.lexsort((found["k"].to_numpy(), lines))
    elif bool((lines[1:] >= lines[:-1]).all()):
        return found
    else:
        order = np.argsort(lines, kind="stable")
    return found if bool((order[1:] > order[:-1]).all()) else found.take(pa.array(order))


def _lines(text: bytes, ends: Ints) -> pa.Table:
    offsets = np.concatenate(([0], ends + 1))
    kind = pa.large_string() if len(text) >= 2**31 else pa.string()
    buffers = (len(ends), pa.py_buffer(offsets.astype(np.int64 if len(text) >= 2**31 else np.int32)),
               pa.py_buffer(text))
    array = (pa.LargeStringArray if kind == pa.large_string() else pa.StringArray).from_buffers(*buffers)
    return pa.table({"i": pa.array(np.arange(len(ends))), "l": array})


def _raw(text: bytes, ends: Ints, line: int) -> str:
    start = int(ends[line - 1]) + 1 if line else 0
    return shown(text[start : int(ends[line])].rstrip(b"\r"))


def _counts(reasons: pa.ChunkedArray) -> list[tuple[str, int]]:
    found = reasons.drop_null().value_counts()
    return [(str(each["values"]), int(each["counts"])) for each in found.to_pylist()]
