"""Cuts lines by a SELECT: each serving tool's form is a query over lines, and all of them share this loop.

The lines of a block go as one column of text through a database in memory, outside the interpreter lock. A query may
give several records for a line (a batch, an export of many spans), none of them lost: what it does not speak of is
quarantined, what it calls no record is counted with its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from console.logs.jsonlines import JsonCutter, shared_connection
from console.logs.records import BLANK, COMMENT, LINE_BYTES, Bad, Cut, count_lines, newlines, shown
from console.roles import ColumnType

Ints = NDArray[np.int64]

COPIED_BYTES = 1 << 20          # of lines whose rows may be copied once more

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
    line_bytes  a longer line is set aside
    """

    def __init__(self, select: str | Callable[[bytes], str], columns: Sequence[str] | None = None, *, json: bool,
                 keys: Sequence[str] = (), no_line: str = "no line of this form", setup: Sequence[str] = (),
                 line_bytes: int = LINE_BYTES) -> None:
        self._choose = select
        self._select = select if isinstance(select, str) else ""
        self._json = json
        self._no_line = no_line
        self._line_bytes = line_bytes
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
        self._cut(cut, text)
        return cut

    def select_for(self, text: bytes) -> str:
        """The query that such a block is cut by: blocks of one query may be cut in one go."""
        return self._choose(text) if callable(self._choose) else self._choose

    def cut_together(self, blocks: Sequence[bytes]) -> list[Cut]:
        """Of each block, which must end with a line, what `cut` would give: planning the query costs more than a
        small file. Blocks of one query only.
        """
        whole = Cut()
        left_out = self._cut(whole, b"".join(blocks))
        return _parted(whole, left_out, blocks)

    def _cut(self, cut: Cut, text: bytes) -> _LeftOut:
        """Cuts whole lines; gives the records that were ignored."""
        ends = newlines(text)
        cut.lines = len(ends)
        self._select = self.select_for(text)
        lines = _lines(text, ends)
        wrong = self._wrong(lines)
        if wrong:
            lines = lines.filter(pa.array(~np.isin(lines["i"].to_numpy(), list(wrong))))
        found = self._ask(lines, wrong)
        return self._gather(cut, lines, found, wrong, text, ends)

    def _wrong(self, lines: pa.Table) -> dict[int, str]:
        """Lines that the query is not asked about, with what they are."""
        self._con.register("lines", lines)
        json = "OR NOT json_valid(l)" if self._json else ""
        asked = self._con.execute(
            f"SELECT i, trim(l, ' \t\r\n' || chr(0)), strlen(l) > {self._line_bytes} FROM lines "
            f"WHERE strlen(l) > {self._line_bytes} OR NOT regexp_matches(l, '[^ \\t\\r\\n\\x00]') {json}").fetchall()
        return {int(i): f"longer than {self._line_bytes >> 20} MB" if long else BLANK if not bare else
                COMMENT if bare.startswith("#") and self._json else "not valid JSON" for i, bare, long in asked}

    def _ask(self, lines: pa.Table, wrong: dict[int, str]) -> pa.Table:
        """What the query gives. A line that it cannot bear is found by halves and set aside alone."""
        self._con.register("lines", lines)
        try:
            return _in_order(self._answer(lines.nbytes))
        except (duckdb.Error, UnicodeDecodeError) as error:     # a message may quote a line and cut it within a letter
            if isinstance(error, FAULTS_OF_OURS):
                raise
            if lines.num_rows == 1:
                wrong[lines["i"][0].as_py()] = f"it cannot be opened ({str(error).splitlines()[0][:120]})"
                return self._ask(lines.slice(0, 0), wrong)
        finally:
            self._con.unregister("lines")
        middle = lines.num_rows // 2
        return pa.concat_tables([self._ask(lines.slice(0, middle), wrong), self._ask(lines.slice(middle), wrong)])

    def _answer(self, size: int) -> pa.Table:
        """What the query gives.

        A relation is planned twice, which takes most of the time for a small block: there it goes by way of a table.
        """
        if size > COPIED_BYTES:
            return self._con.sql(self._select).to_arrow_table()
        self._con.execute(f"CREATE OR REPLACE TEMP TABLE answer AS {self._select}")
        return self._con.sql("SELECT * FROM answer").to_arrow_table()

    def _gather(self, cut: Cut, lines: pa.Table, found: pa.Table, wrong: Mapping[int, str], text: bytes,
                ends: Ints) -> _LeftOut:
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
        return _LeftOut(at, ignored, {line: why for line, why in whys.items() if why in (BLANK, COMMENT)})

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


@dataclass(frozen=True, slots=True)
class _LeftOut:
    """Of all records that the query spoke of: their lines, in order, and why they were ignored (NULL: they were not);
    and the lines that it was not asked about.
    """

    at: Ints
    reasons: pa.ChunkedArray
    lines: Mapping[int, str]


def _parted(whole: Cut, left_out: _LeftOut, blocks: Sequence[bytes]) -> list[Cut]:
    """What was cut in one go, block by block."""
    starts = whole.starts[0] if whole.starts else np.empty(0, np.int64)
    firsts = np.cumsum([0, *(count_lines(block) for block in blocks)])
    records = np.searchsorted(starts, firsts)
    asked = np.searchsorted(left_out.at, firsts)
    tables = []
    for table in whole.tables:
        numbers = table["_record"].to_numpy()
        if not bool((numbers[1:] > numbers[:-1]).all()):
            table = table.take(pa.array(np.argsort(numbers)))
            numbers = table["_record"].to_numpy()
        tables.append((table, numbers, np.searchsorted(numbers, records)))
    parts = []
    for at, block in enumerate(blocks):
        first, end = int(firsts[at]), int(firsts[at + 1])
        record = int(records[at])
        part = Cut(records=int(records[at + 1]) - record, consumed=len(block), lines=end - first)
        part.starts = [starts[record : int(records[at + 1])] - first]
        for table, numbers, rows in tables:
            begin, count = int(rows[at]), int(rows[at + 1] - rows[at])
            if count:
                own = pa.array(numbers[begin : begin + count] - record)
                part.tables.append(table.slice(begin, count).set_column(table.num_columns - 1, "_record", own))
        part.ignored.update(dict(_counts(left_out.reasons.slice(int(asked[at]), int(asked[at + 1] - asked[at])))))
        parts.append(part)
    for line, why in left_out.lines.items():
        parts[int(np.searchsorted(firsts, line, side="right")) - 1].ignored[why] += 1
    for bad in whole.bad:
        at = int(np.searchsorted(firsts, bad.line, side="right")) - 1
        parts[at].bad.append(Bad(bad.record - int(records[at]), bad.line - int(firsts[at]), bad.reason, bad.raw))
    return parts


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
