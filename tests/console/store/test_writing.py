"""What becomes of a batch: rows, cells that do not fit, rows without a time, and the ledger."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from console.logs.plan import Compression, FileFormat, FilePlan
from console.roles import Role, StreamKind
from console.store import Workspace, writer
from tests.console.store.made import FLAG, NUMBER, REQUESTS, TEXT, TIME, column, put, stream, whole

T0 = "2026-03-02T00:00:00Z"
NAMES = ["select", 'say "hi"', "<script>alert(1)</script>", "ünï çødé", "'; DROP TABLE files; --", "{x}", "a\nb", "t1",
         "w1", "x" * 10_000, "%s", "rowid", "level_s", "n"]


@pytest.fixture(autouse=True, params=[writer.MANY_NUMBERS, 0], ids=["few", "many"])
def many_numbers(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is said here holds whether a table has few columns of numbers or many."""
    monkeypatch.setattr(writer, "MANY_NUMBERS", request.param)


def test_that_a_cell_that_does_not_fit_never_costs_the_row(ws: Workspace) -> None:
    plan = stream("s", column("ts", TIME, Role.TIMESTAMP), column("n", NUMBER), column("f", FLAG),
                  column("when", TIME), column("text", TEXT))
    put(ws, plan, {"ts": [T0] * 3, "n": ["1", "oops", "3"], "f": ["true", "maybe", "0"],
                   "when": ["2026-01-01", "soon", "NaT"], "text": ["a", "", "b"]})
    rows = ws.execute_readonly('SELECT n, f, "when", text, _misfit FROM raw_1 ORDER BY _record')
    assert rows[0] == (1.0, True, datetime(2026, 1, 1), "a", None)
    assert rows[1][:4] == (None, None, None, None)
    assert json.loads(rows[1][4]) == {"n": "oops", "f": "maybe", "when": "soon"}
    assert rows[2] == (3.0, False, None, "b", None)


@pytest.mark.parametrize("word", ["", " ", "NA", "n/a", "N/A", "null", "NULL", "None", "nan", "NaN", "-", "?", "\\N",
                                  None])
def test_that_words_for_missing_are_missing_and_no_misfit(ws: Workspace, word: str | None) -> None:
    plan = stream("s", column("ts", TIME, Role.TIMESTAMP), column("n", NUMBER), column("f", FLAG), column("t", TIME))
    put(ws, plan, {"ts": [T0], "n": [word], "f": [word], "t": [word]})
    assert ws.execute_readonly("SELECT n, f, t, _misfit FROM raw_1") == [(None, None, None, None)]


@pytest.mark.parametrize("cell, kept", [("inf", float("inf")), ("-Infinity", float("-inf")), (" 7 ", 7.0), ("1e3", 1e3),
                                        ("-0.0", 0.0), ("9007199254740992", 2.0**53)])
def test_that_numbers_are_kept_as_numbers(ws: Workspace, cell: str, kept: float) -> None:
    put(ws, stream("s", column("ts", TIME, Role.TIMESTAMP), column("n")), {"ts": [T0], "n": [cell]})
    assert ws.execute_readonly("SELECT n, _misfit FROM raw_1") == [(kept, None)]


def test_that_an_integer_that_loses_digits_keeps_them_as_text(ws: Workspace) -> None:
    put(ws, stream("s", column("ts", TIME, Role.TIMESTAMP), column("n")), {"ts": [T0], "n": ["9007199254740993"]})
    assert ws.execute_readonly("SELECT n, _misfit FROM raw_1") == [(2.0**53, '{"n":"9007199254740993"}')]


def test_that_rows_without_a_usable_time_come_back_with_their_reason(ws: Workspace) -> None:
    info, appended = put(ws, REQUESTS, {
        "ts": [T0, "tomorrow", "", "1901-01-01", "2300-01-01T00:00:00Z", T0],
        "latency": ["1", "2", "x", "4", "5", "6"]})
    assert appended.rows == 2
    assert [(record, reason) for record, reason, _ in appended.quarantined] == [
        (1, "the time could not be read"), (2, "the row has no time"),
        (3, "the time is before 1971 or after 2199"), (4, "the time is before 1971 or after 2199")]
    assert json.loads(appended.quarantined[0][2])["ts"] == "tomorrow"
    assert json.loads(appended.quarantined[1][2])["latency"] == "x"
    assert ws.execute_readonly("SELECT _record FROM raw_1 ORDER BY 1") == [(0,), (5,)]
    assert ws.streams()[0].rows == 2
    assert ws.ledger()[0].rows_loaded == 2
    ws.refresh()
    assert ws.moments(info.stream_id, [], whole(ws), 60)[0].rows.sum() == 2


def test_that_a_reference_needs_no_times(ws: Workspace) -> None:
    plan = stream("reference", column("age"), kind=StreamKind.REFERENCE)
    info, appended = put(ws, plan, {"age": ["1", "2", "-"]})
    assert appended.rows == 3
    assert sorted(ws.column_values(info.stream_id, "age", None))[:2] == [1.0, 2.0]
    assert ws.span() is None
    assert ws.totals().reference == 3


@pytest.mark.parametrize("name", NAMES)
def test_that_every_name_is_legal(ws: Workspace, name: str) -> None:
    plan = stream(name, column("ts", TIME, Role.TIMESTAMP), column(name, NUMBER, Role.FEATURE),
                  column(name + "2", TEXT, Role.MODEL_VERSION))
    info, _ = put(ws, plan, {"ts": [T0, T0], name: ["1", "oops"], name + "2": [name, name]}, path=name)
    ws.refresh()
    (found,) = ws.moments(info.stream_id, [name], whole(ws), 60, by=Role.MODEL_VERSION)
    assert found.series == name
    assert found.columns[name].sum.tolist() == [1.0]
    ((misfit,),) = ws.execute_readonly("SELECT _misfit FROM raw_1 WHERE _misfit IS NOT NULL")
    assert json.loads(misfit) == {name: "oops"}
    assert ws.execute_readonly("SELECT stream, model_version FROM events")[0] == (name, name)
    assert ws.files()[0].path == name
    assert ws.category_counts(info.stream_id, name + "2", None) == {name: 2}


def test_that_typed_columns_are_taken_as_they_are(ws: Workspace) -> None:
    plan = stream("s", column("ts", TIME, Role.TIMESTAMP), column("n"), column("big"), column("f", FLAG),
                  column("id", TEXT), column("list", TEXT))
    info = ws.ensure_stream(plan)
    table = pa.table({
        "_record": pa.array([0, 1], pa.int64()),
        "ts": pa.array([datetime(2026, 3, 2, tzinfo=UTC)] * 2, pa.timestamp("us", "Europe/Berlin")),
        "n": pa.array([float("nan"), 1.5]), "big": pa.array([2**53 + 1, 5], pa.int64()),
        "f": pa.array([1, None], pa.int8()),
        "id": pa.array([7, 2**62], pa.int64()), "list": pa.array([[1, 2], None], pa.list_(pa.int64()))})
    with ws.writing() as w:
        file_id = w.file("a.parquet", info.stream_id)
        w.connection.register("batch", table)
        w.append(info.stream_id, file_id, "batch", text=False, columns={name: name for name in table.column_names[1:]},
                 arrived=None, constants={})
        w.connection.unregister("batch")
    rows = ws.execute_readonly("SELECT epoch_us(_ts), n, big, f, id, list, _misfit FROM raw_1 ORDER BY _record")
    at = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp() * 1e6)
    assert rows == [(at, None, 2.0**53, True, "7", "[1,2]", '{"big":"9007199254740993"}'),
                    (at, 1.5, 5.0, None, str(2**62), None, None)]


def test_that_several_files_go_in_with_one_statement(ws: Workspace) -> None:
    info = ws.ensure_stream(REQUESTS)
    with ws.writing() as w:
        one, two = w.file("a.csv", info.stream_id), w.file("b.csv", info.stream_id)
        w.connection.register("batch", pa.table({
            "_record": pa.array([0, 1, 0], pa.int64()), "_file": pa.array([one, one, two], pa.int32()),
            "t": [T0, "never", T0]}))
        appended = w.append(info.stream_id, None, "batch", text=True, columns={"ts": "t"}, arrived=None, constants={})
        w.connection.unregister("batch")
    assert appended.rows == 2
    assert appended.files == {one: 1, two: 1}
    assert appended.quarantined_in == [one]
    assert [entry.rows_loaded for entry in ws.ledger()] == [1, 1]


def test_that_constants_from_the_path_fill_every_row(ws: Workspace) -> None:
    info = ws.ensure_stream(REQUESTS)
    with ws.writing() as w:
        w.connection.register("batch", pa.table({"_record": pa.array([0], pa.int64()), "t": [T0]}))
        w.append(info.stream_id, w.file("a.csv", info.stream_id), "batch", text=True, columns={"ts": "t"}, arrived=None,
                 constants={"version": "v'9", "age": "41"})
        w.connection.unregister("batch")
    assert ws.execute_readonly("SELECT version, age FROM raw_1") == [("v'9", 41.0)]


def test_that_arrival_is_when_it_was_seen_else_when_the_outcome_came(ws: Workspace) -> None:
    plan = stream("s", column("ts", TIME, Role.TIMESTAMP), column("told", TIME, Role.OUTCOME_TIME))
    put(ws, plan, {"ts": [T0, T0], "told": ["2026-03-02T01:00:00Z", ""]})
    put(ws, plan, {"ts": [T0], "told": [""]}, first=2, arrived=datetime(2026, 3, 2, 5, tzinfo=UTC))
    rows = ws.execute_readonly("SELECT strftime(_arrived, '%H') FROM raw_1 ORDER BY _record")
    assert rows == [("01",), ("00",), ("05",)]


def test_that_the_ledger_keeps_what_a_file_is_known_by(ws: Workspace) -> None:
    info = ws.ensure_stream(REQUESTS)
    plan = FilePlan("d/a.csv", FileFormat.CSV, Compression.GZIP, 123, 456, ("ts",))
    with ws.writing() as w:
        file_id = w.file(plan, info.stream_id, device=2**63, inode=2**64 + 5, anchor="ab")
        w.quarantine(file_id, [(3, 17, "torn", "x" * 9999), (4, None, "torn", "\ud800 \0")])
        w.update_file(file_id, offset=99, records=7, next_record=7, prefix_digest="p", state="loaded",
                      ignored={"header": 1, "blank": 2})
    with ws.writing() as w:
        assert w.file("d/a.csv", None) == file_id
    (entry,) = ws.ledger()
    assert (entry.path, entry.stream_id, entry.format, entry.compression) == ("d/a.csv", info.stream_id, "csv", "gz")
    assert (entry.device, entry.inode, entry.size, entry.mtime_ns) == (2**63, 2**64 + 5, 123, 456)
    assert (entry.offset, entry.records, entry.next_record, entry.anchor) == (99, 7, 7, "ab")
    assert (entry.rows_quarantined, entry.rows_ignored, entry.ignored) == (2, 3, {"header": 1, "blank": 2})
    assert ws.quarantine_reasons() == (("torn", 2),)
    assert [(view.line, view.byte_offset, len(view.raw) <= 4000) for view in ws.quarantine(10)] == [
        (3, 17, True), (4, None, True)]
    assert ws.quarantine(1, 1)[0].line == 4
    (view,) = ws.files()
    assert (view.records, view.rows_loaded + view.rows_quarantined + view.rows_ignored) == (7, 5)  # two lost: seen
    assert "2 ignored: blank" in view.note
    totals = ws.totals()
    assert (totals.files, totals.rows_read, totals.rows_loaded) == (1, 7, 0)


def test_that_refused_files_are_named_and_not_counted(ws: Workspace) -> None:
    ws.refuse("x.bin", "it is a picture", False)
    ws.refuse("y.csv", "it cannot be read", True)
    ws.refuse("y.csv", "it is empty", True)
    assert [(one.path, one.reason) for one in ws.rejected()] == [("y.csv", "it is empty")]
    assert [(view.path, view.state) for view in ws.files()] == [("x.bin", "left alone"), ("y.csv", "rejected")]
    assert ws.totals().files == 0


def test_that_a_field_that_no_file_has_is_a_mistake_of_ours(ws: Workspace) -> None:
    with pytest.raises(TypeError, match="offsett"), ws.writing() as w:
        w.update_file(w.file("a", None), offsett=3)


def test_that_coverage_joins_files_that_touch_and_shows_the_gap(ws: Workspace) -> None:
    def minutes(start: int, count: int) -> dict[str, list[str | None]]:
        return {"ts": [f"2026-03-02T{(start + i) // 60:02d}:{(start + i) % 60:02d}:00Z" for i in range(count)]}

    for name, start in (("a", 0), ("b", 60), ("c", 300)):
        put(ws, REQUESTS, minutes(start, 60), path=name)
    first, second = ws.coverage()
    assert (first.start_s % 86400, round(first.end_s % 86400)) == (0, 119 * 60)
    assert (second.start_s % 86400, round(second.end_s % 86400)) == (300 * 60, 359 * 60)
    assert ws.streams()[0].step_s == 60.0


def test_that_misfits_among_many_columns_are_found_each_by_its_name(ws: Workspace) -> None:
    names = [f"c{number}" for number in range(300)]
    plan = stream("s", column("ts", TIME, Role.TIMESTAMP), column("f", FLAG), *(column(name) for name in names))
    odd = {"c0": "x", "c7": "9007199254740993", "c150": "1,5", "c299": "{}"}
    put(ws, plan, {"ts": [T0] * 2, "f": ["true", "maybe"], **{name: ["1", odd.get(name, "-")] for name in names}})
    assert [row and json.loads(row) for (row,) in ws.execute_readonly("SELECT _misfit FROM raw_1 ORDER BY _record")] \
        == [None, {"f": "maybe", **odd}]
