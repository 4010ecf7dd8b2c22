"""Cutting records: the same whatever the chunks, every record once, neighbours of a broken one untouched."""

from __future__ import annotations

import csv
import gc
import io
import json
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.logs.jsonlines import JsonCutter
from console.logs.records import RECORD_LINES, CsvCutter, Cut
from console.roles import ColumnType

COLUMNS = ("a", "b", "c")


def rows(cut: Cut) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for table in cut.tables for row in table.to_pylist()]


def places(cut: Cut) -> list[tuple[Any, ...]]:
    return sorted((bad.record, bad.line, bad.reason, bad.raw) for bad in cut.bad)


def in_pieces(cutter: Any, data: bytes, sizes: list[int]) -> Cut:
    """Feeds the cutter as a loader does: what was not consumed comes again with the next piece."""
    done, waiting, at = Cut(), b"", 0
    for size in [*sizes, len(data) + 1]:
        waiting += data[at : at + size]
        at += size
        last = at >= len(data)
        cut = cutter.cut(waiting, final=last)
        waiting = waiting[cut.consumed :]
        done.then(cut)
        if last:
            break
    assert not waiting
    return done


def everything(cut: Cut) -> tuple[Any, ...]:
    return rows(cut), places(cut), dict(cut.ignored), cut.records, cut.consumed, cut.lines


FRAGMENTS = st.sampled_from(["1", "22", "", "x", '"', '""', '"q"', '"a,b"', '"two\nlines"', ",", ",", ",", "\n", "\n",
                             "\r\n", "é", "#", "a,b,c\n", "1,2,3\n", '1,"2",3\n', '1,"2\n2",3\n', "\0", "\r", "\n\n"])


@settings(max_examples=300, deadline=None)
@given(st.lists(FRAGMENTS, max_size=60), st.lists(st.integers(1, 40), max_size=12))
def test_that_csv_records_do_not_depend_on_the_chunks(fragments: list[str], sizes: list[int]) -> None:
    data = "".join(fragments).encode()
    whole = CsvCutter(COLUMNS).cut(data, final=True)
    assert whole.rows + len(whole.bad) + sum(whole.ignored.values()) == whole.records
    assert whole.consumed == len(data)
    assert everything(in_pieces(CsvCutter(COLUMNS), data, sizes)) == everything(whole)


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\x1a"), max_size=6)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=20), st.lists(st.integers(1, 60), max_size=8),
       st.sampled_from(["\n", "\r\n"]))
def test_that_well_formed_csv_reads_as_the_standard_library_reads_it(
        cells: list[tuple[str, str, str]], sizes: list[int], end: str) -> None:
    cells = [row for row in cells if row != COLUMNS and "".join(row).strip() and not row[0].startswith("#")]
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(cells)
    cut = in_pieces(CsvCutter(COLUMNS), out.getvalue().encode(), sizes)
    assert [row[:3] for row in rows(cut)] == cells
    assert not cut.bad and not cut.ignored


JSON_FRAGMENTS = st.sampled_from(['{"a":1}\n', '{"a":"x","b":null}\n', '{"B":[1,2]}\n', "{\n", "}", "\n", "[1]\n", "\0",
                                  '{"a":1,"a":2}\n', "# c\n", '{"a":', '"é"', "1", "\r\n", "{}\n", '{"":1}\n'])


@settings(max_examples=60, deadline=None)
@given(st.lists(JSON_FRAGMENTS, max_size=30), st.lists(st.integers(1, 40), max_size=6))
def test_that_json_records_do_not_depend_on_the_chunks(fragments: list[str], sizes: list[int]) -> None:
    data = "".join(fragments).encode()
    one, many = JsonCutter(["a"]), JsonCutter(["a"])
    whole = one.cut(data, final=True)
    assert whole.rows + len(whole.bad) + sum(whole.ignored.values()) == whole.records
    assert whole.records == data.count(b"\n") + (not data.endswith(b"\n") and bool(data))
    pieces = in_pieces(many, data, sizes)
    assert places(pieces) == places(whole) and pieces.ignored == whole.ignored and pieces.records == whole.records
    assert one.keys == many.keys
    short = [{k: v for k, v in row.items() if v is not None} for table in pieces.tables for row in table.to_pylist()]
    full = [{k: v for k, v in row.items() if v is not None} for table in whole.tables for row in table.to_pylist()]
    assert short == full
    one.close()
    many.close()


def test_that_a_torn_quote_costs_its_own_line_only() -> None:
    data = b'1,2,3\n4,"torn,6\n7,8,9\n"ten",11,12\n'
    cut = CsvCutter(COLUMNS).cut(data, final=True)
    assert rows(cut) == [("1", "2", "3", 0), ("7", "8", "9", 2), ("ten", "11", "12", 3)]
    assert places(cut) == [(1, 1, "a quote is never closed", '4,"torn,6')]


def test_that_a_torn_quote_among_many_lines_waits_no_longer_than_the_limit() -> None:
    data = b'1,"torn,3\n' + b"1,2,3\n" * (RECORD_LINES + 5)
    cut = CsvCutter(COLUMNS).cut(data, final=False)
    assert (cut.rows, len(cut.bad), cut.consumed) == (RECORD_LINES + 5, 1, len(data))


def test_that_a_wrong_number_of_fields_is_told_with_its_line() -> None:
    cut = CsvCutter(COLUMNS).cut(b"1,2,3\n\n4,5\n# said by a tool\n\0\0\0\n6,7,8,9\na,b,c\n1,2,3\n", final=True)
    assert [(bad.line, bad.reason) for bad in sorted(cut.bad, key=lambda bad: bad.line)] == [
        (2, "2 fields, 3 expected"), (4, "nothing but NUL bytes"), (5, "4 fields, 3 expected")]
    assert cut.ignored == {"blank line": 1, "comment": 1, "repeated header": 1}
    assert [row[3] for row in rows(cut)] == [0, 7]


def test_that_a_hole_of_nuls_before_a_record_is_no_part_of_it() -> None:
    assert rows(CsvCutter(COLUMNS).cut(b"\0\0\0001,2,3\n", final=True)) == [("1", "2", "3", 0)]
    assert rows(JsonCutter(["a"]).cut(b'\0\0{"a":1}\n', final=True)) == [("1", 0)]


def test_that_a_quoted_newline_is_kept_and_counts_as_one_record() -> None:
    cut = CsvCutter(COLUMNS).cut(b'1,"two\nlines, ""quoted""",3\n4,5,6\n7\n', final=True)
    assert rows(cut) == [("1", 'two\nlines, "quoted"', "3", 0), ("4", "5", "6", 1)]
    assert places(cut) == [(2, 3, "1 field, 3 expected", "7")]
    assert [cut.line_of(record) for record in range(3)] == [0, 2, 3]


def test_that_a_json_key_first_met_late_is_a_column_with_a_type() -> None:
    cutter = JsonCutter(["a"])
    late = b'{"a":1,"late":2.5,"id":12345678901234567890,"x":{"y":[1]},"ok":true}\n'
    cut = cutter.cut(b'{"a":1}\n' * 1000 + late, final=True)
    assert rows(cut)[-1] == ("1", "2.5", "12345678901234567890", '{"y":[1]}', "true", 1000)
    assert cutter.types == {"late": ColumnType.NUMBER, "id": ColumnType.TEXT, "x": ColumnType.TEXT,
                            "ok": ColumnType.FLAG}


@pytest.mark.parametrize("line, reason", [
    pytest.param("{", "not valid JSON", id="torn"), pytest.param("[1]", "no JSON object", id="a list"),
    pytest.param("3", "no JSON object", id="a number"),
    pytest.param('{"a":1,"a":2}', "the same key twice", id="a key twice"),
    pytest.param('{"a":"\\ud800"}', "not valid JSON", id="half a character"),
    pytest.param("\0", "nothing but NUL bytes", id="NUL")])
def test_that_a_broken_json_line_is_quarantined_alone(line: str, reason: str) -> None:
    good = json.dumps({"a": "fine"})
    cut = JsonCutter(["a"]).cut(f"{good}\n{line}\n{good}\n".encode(), final=True)
    assert rows(cut) == [("fine", 0), ("fine", 2)]
    assert [(bad.line, bad.reason) for bad in cut.bad] == [(1, reason)]


def test_that_a_record_longer_than_the_first_window_ends_the_search() -> None:
    """A quote that is open for longer than what is looked at first, in lines so short that it may still close."""
    torn = b'1,"open,2\n' + b"3,4,5\n" * 20_000
    cut = CsvCutter(("a", "b", "c")).cut(torn, final=False)
    assert cut.records == 20_001 and len(cut.bad) == 1
    hole = b"\0" * 300_000 + b"1,2,3\n" + b"4,5,6\n" * 3
    cut = CsvCutter(("a", "b", "c")).cut(hole, final=False)
    assert (cut.rows, cut.bad) == (4, [])


@pytest.mark.parametrize("lines", [b'{"a": 1, "b": "x"}\n', b'{"a": 1}\n{"b": "x"}\n', b'{"a": 1}\nno json\n'],
                         ids=["alike", "of two shapes", "with bad lines"])
def test_that_json_lines_are_let_go_of_when_they_are_cut(lines: bytes) -> None:
    block = lines * 50
    cutter = JsonCutter(["a", "b"], ["a"])
    held = sys.getrefcount(block)
    assert cutter.cut(block, final=False).records == block.count(b"\n")
    gc.collect()
    assert sys.getrefcount(block) == held
    cutter.close()
