"""Rows behind a chart: every row once whatever the order, found in its file, and safe in a spreadsheet."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
import pytest

from console.errors import BadSettings
from console.jobs import JobStopped, SilentJob
from console.session import Session
from console.session.rows_view import RawLine, defused_text
from console.store import rows as row_pages
from console.store.rows import RowFilter, RowsPage, RowsQuery
from console.window import Window

START = datetime(2026, 3, 2, tzinfo=UTC)
ROWS = 1000
FORMULAS = ("=1+1", "+cmd", "-x", "@SUM(A1)", "plain")


def said(number: int) -> dict[str, str]:
    """What stands in the file for a row."""
    words = FORMULAS[number % 5]
    note = f"{words}\nsecond line, {number}" if number % 7 == 0 else words
    latency = "" if number % 11 == 0 else "slow" if number == 13 else str((number * 37) % 501 / 2)
    return {"timestamp": (START + timedelta(seconds=number // 3 * 30)).isoformat(), "request_id": f"r{number:04}",
            "latency_ms": latency, "status": "500" if number % 50 == 0 else "200", "model_version": f"v{number % 2}",
            "note": note}


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    folder = tmp_path_factory.mktemp("logs")
    with (folder / "requests.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(said(0)))
        writer.writeheader()
        writer.writerows(said(number) for number in range(ROWS))
    opened = Session.open(folder, workspace=tmp_path_factory.mktemp("home") / "workspace.duckdb")
    opened.load(SilentJob())
    yield opened
    opened.close()


def all_pages(session: Session, query: RowsQuery, limit: int = 70) -> list[dict[str, str | None]]:
    """Page after page, as a person scrolls."""
    found: list[dict[str, str | None]] = []
    page: RowsPage = session.rows(query, limit=limit)
    while True:
        names = [column.name for column in page.columns]
        found += [dict(zip(names, row.cells, strict=True)) for row in page.rows]
        if not page.more:
            return found
        page = session.rows(query, page.rows[-1].key, limit)


def ids(rows: list[dict[str, str | None]]) -> list[str | None]:
    return [row["request_id"] for row in rows]


def test_that_the_rows_behind_a_chart_are_those_of_the_requests(session):
    assert [query.stream for query in session.rows_behind("latency")] == ["requests"]


def test_that_pages_in_the_order_of_time_hold_every_row_once(session):
    rows = all_pages(session, RowsQuery("requests"))
    assert ids(rows) == [f"r{number:04}" for number in range(ROWS)]
    assert ids(all_pages(session, RowsQuery("requests", descending=True))) == ids(rows)[::-1]


@pytest.mark.parametrize("descending", [False, True])
def test_that_pages_sorted_by_a_column_hold_every_row_once_with_missing_ones_last(session, descending):
    rows = all_pages(session, RowsQuery("requests", sort="latency_ms", descending=descending))
    numbers = [(number * 37) % 501 / 2 for number in range(ROWS) if number % 11 and number != 13]
    values = [row["latency_ms"] for row in rows]
    assert sorted(ids(rows)) == [f"r{number:04}" for number in range(ROWS)]
    assert [float(value) for value in values[:len(numbers)]] == sorted(numbers, reverse=descending)
    assert set(values[len(numbers):]) == {None, "slow"}


def test_that_text_is_sorted_and_equal_values_are_told_apart_by_their_place(session):
    rows = all_pages(session, RowsQuery("requests", sort="model_version", descending=True), limit=33)
    assert [row["model_version"] for row in rows] == ["v1"] * 500 + ["v0"] * 500
    assert len(set(ids(rows))) == ROWS


def test_that_a_cell_that_did_not_fit_is_shown_as_it_was_written(session):
    rows = all_pages(session, RowsQuery("requests", filters=(RowFilter("request_id", "is", "r0013"),)))
    assert rows[0]["latency_ms"] == "slow"


@pytest.mark.parametrize(("asked", "holds"), [
    (RowFilter("status", "is", "500"), lambda n: n % 50 == 0),
    (RowFilter("status", "is not", "200"), lambda n: n % 50 == 0),
    (RowFilter("latency_ms", ">=", "200"), lambda n: n % 11 and n != 13 and (n * 37) % 501 / 2 >= 200),
    (RowFilter("latency_ms", "is missing"), lambda n: n % 11 == 0 or n == 13),
    (RowFilter("latency_ms", "is not", "37"), lambda n: n % 11 == 0 or n == 13 or (n * 37) % 501 / 2 != 37),
    (RowFilter("note", "contains", "SECOND LINE"), lambda n: n % 7 == 0),
    (RowFilter("note", "is", "'; DROP TABLE files; --"), lambda n: False),
])
def test_that_a_filter_keeps_what_it_says(session, asked, holds):
    rows = all_pages(session, RowsQuery("requests", filters=(asked,)))
    assert ids(rows) == [f"r{number:04}" for number in range(ROWS) if holds(number)]


def test_that_a_window_and_filters_hold_together_and_are_counted(session):
    window = Window(START + timedelta(minutes=10), START + timedelta(minutes=20))
    query = RowsQuery("requests", window, (RowFilter("model_version", "is", "v1"),))
    expected = [f"r{number:04}" for number in range(60, 120) if number % 2]
    assert ids(all_pages(session, query, limit=7)) == expected
    count = session.count_rows(query)
    assert (count.count, count.exact) == (len(expected), True)


def test_that_a_count_that_would_take_long_says_at_least(session, monkeypatch):
    store = session.store
    monkeypatch.setattr(row_pages, "SLICED_ROWS", 50)
    query = RowsQuery("requests", filters=(RowFilter("status", "is", "200"),))
    count = row_pages.count(store.cursor(), store.streams()[0], query, limit_s=-1)
    assert not count.exact
    assert count.count < 980


def test_that_what_cannot_be_compared_is_said(session):
    with pytest.raises(BadSettings, match="“fast” is no number"):
        session.rows(RowsQuery("requests", filters=(RowFilter("latency_ms", "<", "fast"),)))
    with pytest.raises(BadSettings, match="no column"):
        session.rows(RowsQuery("requests", sort='"; DROP TABLE files'))
    with pytest.raises(BadSettings, match="no stream"):
        session.rows(RowsQuery("nowhere"))


def lines_of(path: Path) -> dict[str, int]:
    """Request id -> its line in the file, by Python's own reader."""
    found, before = {}, 0
    with path.open(newline="") as file:
        reader = csv.reader(file)
        for fields in reader:
            found[fields[1]] = before + 1
            before = reader.line_num
    return found


def raw(session: Session, request_id: str, stream: str = "requests") -> RawLine:
    (row,) = session.rows(RowsQuery(stream, filters=(RowFilter("request_id", "is", request_id),))).rows
    return session.raw_line(row, SilentJob())


@pytest.mark.parametrize("number", [0, 1, 8, 13, 500, 999])
def test_that_a_row_leads_to_its_line_also_behind_fields_of_several_lines(session, number):
    lines = lines_of(session.folder / "requests.csv")
    found = raw(session, f"r{number:04}")
    assert found.place == f"requests.csv:{lines[f'r{number:04}']}"
    (fields,) = csv.reader([found.text], strict=True) if "\n" not in found.text else [next(csv.reader(
        found.text.splitlines(keepends=True)))]
    assert fields == list(said(number).values())


@pytest.mark.parametrize("form", ["jsonl", "jsonl.gz", "parquet"])
def test_that_a_row_of_other_forms_leads_to_its_line(tmp_path, form):
    folder = tmp_path / "logs"
    folder.mkdir()
    lines = [json.dumps({"ts": (START + timedelta(seconds=n)).isoformat(), "request_id": f"r{n}", "latency_ms": n / 2})
             for n in range(300)]
    if form == "parquet":
        import pyarrow as pa

        pq.write_table(pa.Table.from_pylist([json.loads(line) for line in lines]), folder / "r.parquet",
                       row_group_size=100)
    elif form == "jsonl.gz":
        (folder / "r.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    else:
        (folder / "r.jsonl").write_text("\n".join(lines))
    session = Session.open(folder, workspace=tmp_path / "w.duckdb")
    try:
        session.load(SilentJob())
        stream = session.store.streams()[0].name
        for number in (0, 157, 299, 3):
            found = raw(session, f"r{number}", stream)
            assert found.line == number + 1
            assert json.loads(found.text)["request_id"] == f"r{number}"
    finally:
        session.close()


def test_that_a_file_that_is_gone_is_said_and_not_guessed(tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "a.csv").write_text("timestamp,request_id,latency_ms\n" + "".join(
        f"2026-03-02T00:00:{n:02}Z,r{n},5\n" for n in range(40)))
    session = Session.open(folder, workspace=tmp_path / "w.duckdb")
    try:
        session.load(SilentJob())
        (folder / "a.csv").unlink()
        found = raw(session, "r3", session.store.streams()[0].name)
        assert (found.text, found.place) == ("", "a.csv")
        assert "not there any more" in found.note
    finally:
        session.close()


def test_that_exported_rows_are_all_there_and_no_cell_is_a_formula(session, tmp_path):
    path = tmp_path / "rows.csv"
    assert session.export_rows(RowsQuery("requests", sort="request_id", descending=True), path, SilentJob()) == ROWS
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["request_id"] for row in rows] == [f"r{number:04}" for number in reversed(range(ROWS))]
    for row in rows:
        number = int(row["request_id"][1:])
        expected = said(number)["note"]
        assert row["note"] == (expected if expected.startswith("plain") else f"'{expected}")
        assert (row["file"], int(row["record"])) == ("requests.csv", int(row["record"]))
    assert not list(tmp_path.glob("*.part"))


def test_that_parquet_keeps_text_as_it_is(session, tmp_path):
    path = tmp_path / "rows.parquet"
    query = RowsQuery("requests", filters=(RowFilter("status", "is", "500"),))
    assert session.export_rows(query, path, SilentJob()) == 20
    assert pq.read_table(path)["note"].to_pylist() == [said(number)["note"] for number in range(0, ROWS, 50)]


def test_that_a_stopped_export_leaves_no_file(session, tmp_path):
    class Impatient(SilentJob):
        def stop_if_asked(self) -> None:
            raise JobStopped

    with pytest.raises(JobStopped):
        session.export_rows(RowsQuery("requests"), tmp_path / "rows.csv", Impatient())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("text", "safe"), [("=A1", "'=A1"), ("-5", "-5"), ("-5x", "'-5x"), ("+4.5e3", "+4.5e3"),
                                            ("@x", "'@x"), ("a=b", "a=b"), ("", "")])
def test_that_copied_cells_run_nothing(text, safe):
    assert defused_text(text) == safe


def test_that_numbers_are_written_as_numbers(session, tmp_path):
    path = tmp_path / "rows.csv"
    session.export_rows(RowsQuery("requests"), path, SilentJob())
    options = arrow_csv.ParseOptions(newlines_in_values=True)
    assert str(arrow_csv.read_csv(path, parse_options=options)["latency_ms"].type) == "double"
