"""Loading fast leaves what loading carefully leaves: the same rows, the same quarantine, the same ledger.

The careful way here is the one of following a file: all cells as text, JSON lines looked at one by one, pieces gathered
before they are written.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.errors import NoLogs
from console.jobs import JobStopped, SilentJob
from console.logs import bulk, load, reading
from console.logs.again import MOST_LOST, Items
from console.logs.arrow_csv import ArrowCsv
from console.logs.bulk import side_by_side
from console.logs.discover import discover
from console.logs.identity import FileState, Identity
from console.logs.json_alike import Alike
from console.logs.jsonlines import JsonCutter
from console.logs.load import load_folder
from console.logs.pieces import Piece
from console.logs.plan import Compression, FileFormat, FilePlan
from console.logs.reading import TextFile
from console.logs.records import CsvCutter
from console.logs.unopened import Shape, has_flags, has_no_other_keys
from console.logs.writing import Counts, Streams, put_pieces
from console.store import Workspace, Writer
from tests.console.logs.bulk_folders import (
    COUNT,
    CSV,
    FAST,
    FOLDERS,
    HEADER,
    LATE,
    LINES,
    SLOW_IN_PART,
    UNOPENED,
    a_csv,
    a_jsonl,
    at,
    clock,
    csv_row,
    json_row,
)
from tests.tiers import examples

MAKE_LOGS = Path(__file__).parents[1] / "make_logs.py"


class CarefulBatch:
    """Takes the pieces of a transaction as `Batch` does, and writes them as following does."""

    def __init__(self, w: Writer, streams: Streams) -> None:
        self._w, self._streams = w, streams
        self._pieces: list[tuple[FileState, Piece]] = []
        self.rows = 0

    def __enter__(self) -> CarefulBatch:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._pieces = []

    def put(self, state: FileState, piece: Piece) -> None:
        self._pieces.append((state, piece))
        self.rows += piece.cut.rows

    def finish(self) -> Counts:
        return put_pieces(self._w, self._streams, self._pieces, None)


class Spy:
    """How many blocks were read fast, how many were not, and how many INSERTs took rows as they came."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.fast = self.slow = self.streamed = self.statements = 0
        self.unopened = self.lost = 0
        parse, fields, append = ArrowCsv.parse, Alike.fields, bulk._Insert._append
        shape, lost = Alike.shape, Items.lost

        def parsed(arrow: ArrowCsv, block: bytes, *, quoted: bool) -> tuple[pa.Table, list[Any], bool]:
            found = parse(arrow, block, quoted=quoted)
            self._count(found[2])
            return found

        def opened(alike: Alike, *arguments: Any) -> pa.Table | None:
            found = fields(alike, *arguments)
            self._count(found is not None)
            return found

        def shaped(alike: Alike, *arguments: Any) -> Shape | None:
            found = shape(alike, *arguments)
            self.unopened += found is not None
            self.fast += found is not None
            return found

        def once_more(items: Items, *arguments: Any) -> None:
            self.lost += 1
            lost(items, *arguments)

        def appended(insert: bulk._Insert, rows: pa.Table | pa.RecordBatchReader) -> Any:
            self.statements += 1
            self.streamed += isinstance(rows, pa.RecordBatchReader)
            return append(insert, rows)

        patch.setattr(ArrowCsv, "parse", parsed)
        patch.setattr(Alike, "fields", opened)
        patch.setattr(Alike, "shape", shaped)
        patch.setattr(Items, "lost", once_more)
        patch.setattr(bulk._Insert, "_append", appended)

    def _count(self, fast: bool) -> None:
        self.fast += fast
        self.slow += not fast


def small_steps(patch: pytest.MonkeyPatch) -> None:
    """Blocks, statements and transactions so small that a little folder has many of each."""
    patch.setattr(reading, "CHUNK_BYTES", 5000)
    patch.setattr(bulk, "GATHERED_ROWS", 20)
    patch.setattr(load, "FIRST_ROWS", 50)
    patch.setattr(load, "BATCH_ROWS", 500)


def carefully(patch: pytest.MonkeyPatch) -> None:
    init = ArrowCsv.__init__
    patch.setattr(load, "Batch", CarefulBatch)
    patch.setattr(Alike, "fields", lambda *_: None)
    patch.setattr(Alike, "shape", lambda *_: None)
    patch.setattr(ArrowCsv, "__init__", lambda self, columns, delimiter, numbers: init(self, columns, delimiter, ()))


def load_both(folder: Path, place: Path, *, rolled: bool = True) -> tuple[Spy, Path, Path]:
    """Fast and carefully, into a workspace each; what was fast. rolled: with rollups, which are half of the work."""
    fast, careful = place / "fast.pilot", place / "careful.pilot"
    with pytest.MonkeyPatch.context() as patch:
        small_steps(patch)
        if not rolled:
            patch.setattr(load._Loading, "_refresh", lambda self, last=False: None)
        spy = Spy(patch)
        load_into(folder, fast)
    with pytest.MonkeyPatch.context() as patch:
        small_steps(patch)
        if not rolled:
            patch.setattr(load._Loading, "_refresh", lambda self, last=False: None)
        carefully(patch)
        load_into(folder, careful)
    return spy, fast, careful


def load_into(folder: Path, path: Path) -> None:
    ws = Workspace.open(path, folder=folder)
    try:
        load_folder(discover(folder, SilentJob()), ws, SilentJob(), live_s=0.0)
    except NoLogs:
        pass
    finally:
        ws.close()


def assert_same(fast: Path, careful: Path) -> dict[str, int]:
    """The two workspaces hold the same; gives the number of rows of each table."""
    with duckdb.connect() as con:
        con.execute(f"ATTACH '{fast}' AS a (READ_ONLY); ATTACH '{careful}' AS b (READ_ONLY)")
        tables = [row[0] for row in con.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = 'a' AND (table_name LIKE 'raw_%' "
            "OR table_name IN ('quarantine', 'files', 'columns', 'streams')) ORDER BY 1").fetchall()]
        counts = {}
        for table in tables:
            names = [row[0] for row in con.execute(f"DESCRIBE a.{table}").fetchall()]
            assert names == [row[0] for row in con.execute(f"DESCRIBE b.{table}").fetchall()]
            for one, other in (("a", "b"), ("b", "a")):
                more = con.execute(f"SELECT * FROM {one}.{table} EXCEPT ALL SELECT * FROM {other}.{table}").fetchall()
                assert not more, (table, one, more[:3])
            counts[table] = con.execute(f"SELECT count(*) FROM a.{table}").fetchall()[0][0]
        rolled = [row[0] for row in con.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = 'a' AND table_name LIKE 'rollup_%'"
        ).fetchall()]
        for table in rolled:
            if table != "rollup_outcomes":
                sums = [con.execute(f"SELECT level_s, sum(n) FROM {each}.{table} GROUP BY 1 ORDER BY 1").fetchall()
                        for each in ("a", "b")]
                assert sums[0] == sums[1]
        return counts


ROLLED = ("csv", "csv with odd numbers", "lines", "lines with late numbers", "many small files")
"""Folders whose rollups are made and compared too; those of the same rows are the same."""


OFTEN = (*ROLLED, "csv with quotes", "csv with a torn quote", "csv with missing words", "csv with text for numbers",
         "csv with carriage returns", "csv with a byte order mark", "csv in utf-16", "csv with NULs",
         "csv without a last newline", "lines with sparse keys", "lines with numbers in text", "lines with nulls",
         "lines with values within", "lines with a key twice", "lines that are no objects", "lines without a time",
         "packed files", "files with other columns")
"""One folder of each kind; the others are their neighbours."""


@pytest.mark.parametrize("name", [pytest.param(name, marks=() if name in OFTEN else pytest.mark.long)
                                  for name in FOLDERS])
def test_that_fast_and_careful_leave_the_same(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    FOLDERS[name](folder)
    spy, fast, careful = load_both(folder, tmp_path, rolled=name in ROLLED)
    counts = assert_same(fast, careful)
    assert sum(rows for table, rows in counts.items() if table.startswith("raw_")) >= 90
    if name in FAST:
        assert spy.fast and not spy.slow
        assert spy.streamed
        assert spy.unopened or name not in UNOPENED
        assert not spy.lost
    if name in SLOW_IN_PART:
        assert spy.slow or spy.lost


@pytest.mark.parametrize("kind, flat, options", [
    ("csv", False, ["--dirty", "40", "--scenario", "schema-change", "--late", "0.02", "--dup", "0.01"]),
    pytest.param("jsonl", True, [], marks=pytest.mark.long),
    pytest.param("csv", True, [], marks=pytest.mark.long),
    pytest.param("jsonl", False, ["--dirty", "40", "--scenario", "schema-change", "--late", "0.02", "--dup", "0.01"],
                 marks=pytest.mark.long)])
def test_that_whole_folders_come_out_the_same(tmp_path: Path, kind: str, flat: bool, options: list[str]) -> None:
    folder = tmp_path / "logs"
    shape = ["--flat"] if flat else []
    subprocess.run([sys.executable, str(MAKE_LOGS), str(folder), "--quiet", "--rows", "1000", "--days", "1",
                    "--format", kind, *shape, *options], check=True)
    spy, fast, careful = load_both(folder, tmp_path)
    counts = assert_same(fast, careful)
    truth = json.loads(Path(f"{folder}.truth.json").read_text())
    written = truth["rows"] + truth.get("duplicate_rows", 0)
    if flat:
        assert sum(rows for table, rows in counts.items() if table.startswith("raw_")) == written
    assert spy.fast and spy.streamed


CELLS = st.one_of(
    st.integers(-10**6, 10**6).map(str), st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(["", "NA", "null", "-", "nan", "inf", "1e400", "9007199254740993", "+1", " 2 ", "true", "x", '"3"',
                     '"a,b"', '"a\nb"', "2026-03-02T00:00:00Z", "é", '""', "0x10", "1_0", "\\N"]))


@examples(4, 12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=20), place=st.integers(LATE, COUNT))
def test_that_any_csv_comes_out_the_same(tmp_path_factory: pytest.TempPathFactory,
                                         cells: list[tuple[str, str, str]], place: int) -> None:
    where = tmp_path_factory.mktemp("csv")
    (where / "logs").mkdir()
    odd = [csv_row(900 + n, latency_ms=one, model=two, status=three) for n, (one, two, three) in enumerate(cells)]
    a_csv(at(CSV, place, *odd))(where / "logs")
    _, fast, careful = load_both(where / "logs", where)
    assert_same(fast, careful)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2**65, 2**65) | st.floats() | st.text(max_size=5)
    | st.sampled_from(["NA", "12", "1e5", ""]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2), max_leaves=3)


@examples(4, 12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.dictionaries(st.sampled_from(["latency_ms", "status", "model", "other", "ts", "Model"]), JSON,
                                       max_size=4), min_size=1, max_size=20), place=st.integers(LATE, COUNT))
def test_that_any_lines_come_out_the_same(tmp_path_factory: pytest.TempPathFactory, values: list[dict[str, Any]],
                                          place: int) -> None:
    where = tmp_path_factory.mktemp("lines")
    (where / "logs").mkdir()
    a_jsonl(at(LINES, place, *(json_row(900 + n, **more) for n, more in enumerate(values))))(where / "logs")
    _, fast, careful = load_both(where / "logs", where)
    assert_same(fast, careful)


@pytest.fixture(scope="module")
def plain() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database with nothing in it."""
    with duckdb.connect() as con:
        yield con


@settings(max_examples=300, deadline=None)
@given(cells=st.lists(st.one_of(st.floats().map(repr), st.integers().map(str), st.decimals().map(str),
                          st.from_regex(r"\A[-+ ]?[0-9]{0,25}\.?[0-9]{0,25}([eE][-+]?[0-9]{1,3})? ?\Z"),
                          st.sampled_from(["NA", "nan", "inf", "-", "?", "1e-400", "0x1", "1_0", "."])),
                min_size=1, max_size=5))
def test_that_a_number_is_taken_from_arrow_only_if_its_text_gives_the_same(plain: duckdb.DuckDBPyConnection,
                                                                           cells: list[str]) -> None:
    block = "".join(f"a,{cell}\n" for cell in cells).encode()
    table, misshapen, numbers = ArrowCsv(["x", "n"], ",", ["n"]).parse(block, quoted=False)
    assert not misshapen
    if not numbers:
        assert table["1"].to_pylist() == [cell or None for cell in cells]
        return
    for cell, found in zip(cells, table["1"].to_pylist(), strict=True):
        wanted, fits = plain.execute("SELECT TRY_CAST($1 AS DOUBLE), TRY_CAST($1 AS DOUBLE) IS NOT NULL OR "
                                     "regexp_full_match($1, '\\s*(?i:|na|nan|null|-|\\?)\\s*')", [cell]).fetchall()[0]
        assert fits, cell
        assert str(number_of(found)) == str(number_of(wanted)), cell


def number_of(cell: float | None) -> float | None:
    """As the store keeps it: NaN is missing."""
    return None if cell is None or math.isnan(cell) else cell


def test_that_a_file_that_grows_meanwhile_is_read_once(tmp_path: Path) -> None:
    """Lines are added while it is loaded; what comes later is there after loading again."""
    folder = tmp_path / "logs"
    folder.mkdir()
    path = folder / "a.csv"
    path.write_text("\n".join([HEADER, *CSV]) + "\n")
    grown = [0]

    class Growing:
        def report(self, done: int, total: int, note: str) -> None:
            if grown[0] < 50:
                with path.open("a") as stream:
                    stream.write(csv_row(3000 + grown[0]) + "\n" + ("torn" if grown[0] == 49 else ""))
                grown[0] += 1

        def stop_if_asked(self) -> None:
            pass

    with pytest.MonkeyPatch.context() as patch:
        small_steps(patch)
        ws = Workspace.open(tmp_path / "w.pilot", folder=folder)
        load_folder(discover(folder, SilentJob()), ws, Growing())
        with path.open("a") as stream:
            stream.write(csv_row(4000)[4:] + "\n" + csv_row(4001) + "\n")
        load_folder(discover(folder, SilentJob()), ws, SilentJob(), live_s=0.0)
    written = [f"r{number}" for number in (*range(COUNT), *range(3000, 3000 + grown[0]), 4001)]
    (table,) = [info.table for info in ws.streams()]
    found = ws.cursor().execute(f"SELECT request_id, _record FROM {table} ORDER BY _record").fetchall()
    assert [row[0] for row in found] == written
    assert len({row[1] for row in found}) == len(found)
    ws.close()


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_that_a_stop_between_pieces_keeps_what_was_committed(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    FOLDERS["csv" if kind == "csv" else "lines"](folder)

    class Stopping(SilentJob):
        def __init__(self, asks: int) -> None:
            self.left = asks

        def stop_if_asked(self) -> None:
            self.left -= 1
            if not self.left:
                raise JobStopped

    ws = Workspace.open(tmp_path / "w.pilot", folder=folder)
    kept = []
    with pytest.MonkeyPatch.context() as patch:
        small_steps(patch)
        plan = discover(folder, SilentJob())
        for asks in (3, 5, 4):
            with pytest.raises(JobStopped):
                load_folder(plan, ws, Stopping(asks), live_s=0.0)
            (entry,) = ws.ledger()
            kept.append(entry.rows_loaded)
            assert ws.cursor().execute("SELECT count(*), count(DISTINCT _record) FROM raw_1").fetchall() == [
                (entry.rows_loaded, entry.rows_loaded)]
        assert kept == sorted(set(kept))
        assert kept[0] > 0
        load_folder(plan, ws, SilentJob(), live_s=0.0)
    assert ws.ledger()[0].rows_loaded == COUNT
    ws.close()


def test_that_an_insert_that_fails_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    FOLDERS["csv"](folder)
    ws = Workspace.open(tmp_path / "w.pilot", folder=folder)
    with pytest.MonkeyPatch.context() as patch:
        small_steps(patch)
        append = bulk._Insert._append

        def fails(insert: bulk._Insert, rows: pa.Table | pa.RecordBatchReader) -> Any:
            if isinstance(rows, pa.RecordBatchReader):
                next(iter(rows))
                raise duckdb.IOException("No space left on device")
            return append(insert, rows)

        patch.setattr(bulk._Insert, "_append", fails)
        with pytest.raises(Exception, match="could not be written"):
            load_folder(discover(folder, SilentJob()), ws, SilentJob(), live_s=0.0)
    held = sum(entry.rows_loaded for entry in ws.ledger())
    assert ws.cursor().execute("SELECT count(*) FROM raw_1").fetchall() == [(held,)]
    load_folder(discover(folder, SilentJob()), ws, SilentJob(), live_s=0.0)
    assert ws.ledger()[0].rows_loaded == COUNT
    ws.close()


def state_of(path: str, stream: str, size: int, *, copied: bool = False) -> FileState:
    plan = FilePlan(path, FileFormat.CSV, Compression.NONE, size, 0, ("ts",))
    return FileState(plan, stream, Identity(0, 0, size, 0), copied=copied)


def test_that_files_of_a_stream_lie_side_by_side_within_a_stretch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "SIDE_BY_SIDE", 60)
    monkeypatch.setattr(bulk, "FIRST_SIDE_BY_SIDE", 25)
    files = [state_of(f"{stream}{number}", stream, 10) for number in range(5) for stream in ("b", "a")]
    files.append(state_of("a9", "a", 10, copied=True))
    names = [file.plan.path for file in side_by_side(files)]
    assert names == ["b0", "a0", "b1", "b2", "b3", "a1", "a2", "a3", "b4", "a4", "a9"]
    assert [file.plan.path for file in side_by_side([state_of("big", "a", 1000), *files])][:4] == [
        "big", "a0", "a1", "a2"]


def test_that_streams_whose_files_take_turns_are_written_in_few_statements(tmp_path: Path) -> None:
    """Twenty files of two streams: at most one gathered statement and one or two streamed ones for each."""
    folder = tmp_path / "logs"
    for name, rows in (("requests", CSV), ("hosts", None)):
        (folder / name).mkdir(parents=True)
        for number in range(10):
            text = [HEADER, *CSV[number * 50:number * 50 + 50]] if rows else ["ts,host,cpu_pct", *(
                f"2026-03-02T{clock(number * 50 + row)}Z,h{row % 3},{row}.5" for row in range(50))]
            (folder / name / f"{name}-{number:02d}.csv").write_text("\n".join(text) + "\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk, "GATHERED_ROWS", 100)
        spy = Spy(patch)
        load_into(folder, tmp_path / "w.pilot")
    assert spy.statements <= 6
    with duckdb.connect(str(tmp_path / "w.pilot")) as con:
        assert con.execute("SELECT sum(rows_loaded) FROM files").fetchall() == [(1000,)]


def test_that_bytes_which_were_let_go_are_read_again(tmp_path: Path) -> None:
    """A row without a time stands in quarantine as the file has it, though its bytes were not kept meanwhile."""
    path = tmp_path / "a.csv"
    path.write_text("\n".join([HEADER, *at(CSV, 400, csv_row(900, ts="soon"))]) + "\n")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    plan = discover(tmp_path, SilentJob()).streams[0].files[0]
    file = TextFile(path, plan)
    pieces = list(file.pieces(final=True))
    file.close()
    rows = pieces[-1]
    rows.forget()
    assert rows.raw == b""
    assert rows.text(400) == csv_row(900, ts="soon")
    text = path.read_text()
    assert rows.place(400) == (402, text.index(csv_row(900, ts="soon")))


def test_that_both_cutters_read_numbers_only_when_asked() -> None:
    csv = CsvCutter(["a", "n"], numbers=["n"]).cut(b"x,1\ny,2.5\n", final=True).tables[0]
    lines = JsonCutter(["a", "n"], ["n"]).cut(b'{"a":"x","n":1}\n{"a":"y","n":2.5}\n', final=True).tables[0]
    for table in (csv, lines):
        assert table["1"].type == pa.float64()
        assert table["1"].to_pylist() == [1.0, 2.5]
    assert CsvCutter(["a", "n"]).cut(b"x,1\ny,2.5\n", final=True).tables[0]["1"].to_pylist() == ["1", "2.5"]


OTHERWISE = {
    "a key by another name": json_row(900).replace('"latency_ms"', '"latency"'),
    "text for a number": json_row(900, latency_ms="slow"),
    "a flag for a number": json_row(900, latency_ms=True),
    "a long number": json_row(900, latency_ms=2**53 + 1),
    "a line without its end": json_row(900)[:-1],
    "a number that is none": json_row(900, latency_ms=float("nan")),
}
"""Lines that nothing but opening them tells from their neighbours: as many keys, or the last brace missing."""

ORDINARY = (("a key by another name", LATE), ("a long number", LATE), ("text for a number", COUNT),
            ("a line without its end", COUNT))
"""The ordinary run has each way of being unlike in one place; `long` has all in both."""


@pytest.mark.parametrize("line, place", [
    pytest.param(line, place, id=f"{name}, {where}", marks=() if (name, place) in ORDINARY else pytest.mark.long)
    for where, place in {"in the midst": LATE, "at the end": COUNT}.items() for name, line in OTHERWISE.items()])
def test_that_a_line_unlike_the_others_costs_its_transaction_and_nothing_else(tmp_path: Path, line: str,
                                                                              place: int) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    for name in ("app-2026-03-01", "app-2026-03-02"):
        (folder / f"{name}.jsonl").write_text("\n".join(at(LINES, place, line) if name == "app-2026-03-01" else (
            row.replace('"r', '"s') for row in LINES)) + "\n")
        os.utime(folder / f"{name}.jsonl", (1_700_000_000, 1_700_000_000))
    spy, fast, careful = load_both(folder, tmp_path)
    assert spy.unopened
    assert 1 <= spy.lost <= MOST_LOST
    assert_same(fast, careful)
    whole = line.endswith("}")
    with duckdb.connect(str(fast)) as con:
        assert con.execute("SELECT sum(rows_loaded), sum(rows_quarantined) FROM files").fetchall() == [
            (2 * COUNT + whole, 1 - whole)]
        assert con.execute("SELECT count(*), count(DISTINCT (_file, _record)) FROM raw_1").fetchall() == [
            (2 * COUNT + whole, 2 * COUNT + whole)]


def test_that_a_stream_which_is_never_alike_is_soon_opened_beforehand(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    for number in range(MOST_LOST + 2):
        rows = at([row.replace('"r', f'"r{number}-') for row in LINES], LATE, json_row(900, latency_ms="slow"))
        path = folder / f"app-2026-03-{number + 1:02d}.jsonl"
        path.write_text("\n".join(rows) + "\n")
        os.utime(path, (1_700_000_000, 1_700_000_000))
    spy, fast, careful = load_both(folder, tmp_path)
    assert spy.lost == MOST_LOST
    assert_same(fast, careful)


def test_that_a_file_which_changes_before_it_is_read_again_is_no_mixture(tmp_path: Path) -> None:
    """Its lines were cut; when they are to be opened one by one they are gone, and the ledger says so."""
    folder = tmp_path / "logs"
    folder.mkdir()
    path = folder / "a.jsonl"
    path.write_text("\n".join(at(LINES, LATE, json_row(900, latency_ms="slow"))) + "\n")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    lost = Items.lost

    def cut_off(items: Items, *arguments: Any) -> None:
        os.truncate(path, 100)
        lost(items, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        small_steps(patch)
        patch.setattr(Items, "lost", cut_off)
        load_into(folder, tmp_path / "w.pilot")
    with duckdb.connect(str(tmp_path / "w.pilot")) as con:
        [(rows, state, reason)] = con.execute("SELECT rows_loaded, state, reason FROM files").fetchall()
        assert (state, reason) == ("loaded", "It has changed while it was read")
        assert con.execute("SELECT count(*) FROM raw_1").fetchall() == [(rows,)]
        assert 0 < rows < LATE


KEYED = st.dictionaries(st.text(max_size=4), st.none() | st.booleans() | st.integers() | st.text(max_size=6),
                        min_size=2, max_size=2)


@settings(max_examples=300, deadline=None)
@given(rows=st.lists(KEYED, min_size=1, max_size=8), more=st.booleans(),
       separators=st.sampled_from([(",", ":"), (", ", ": "), (" ,", " : "), (",\t", "\t:"), (",", "\r:\t")]))
def test_that_a_further_key_is_never_overlooked(rows: list[dict[str, Any]], more: bool,
                                                separators: tuple[str, str]) -> None:
    if more:
        rows[-1] = {**rows[-1], "a key more": 1}
    lines = [json.dumps(row, separators=separators, ensure_ascii=False) for row in rows]
    text = "\n".join(lines).encode("utf-8", "replace")
    if more:
        assert not has_no_other_keys(text, 2 * len(rows))
    elif not any('"' in part or ":" in part for row in rows for part in (*row, *map(str, row.values()))):
        assert has_no_other_keys(text, 2 * len(rows))
    assert has_flags(text) or not any(isinstance(value, bool) for row in rows for value in row.values())
