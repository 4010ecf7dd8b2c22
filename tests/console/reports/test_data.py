"""JSON of a report under its published schema, and the tables made from it."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from console.reports import write_json
from console.reports.arrange import arrange
from console.reports.csv_tables import csv_text, tables
from console.reports.data import data_of, schema_text
from tests.console.reports.sample import FORMULA, SCRIPT, TURNED, sample_report


@pytest.fixture(scope="module")
def text() -> str:
    return write_json(sample_report())


@pytest.fixture(scope="module")
def data(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text)
    return found


def test_that_the_report_is_valid_under_the_published_schema(data: dict[str, Any]) -> None:
    schema = json.loads(schema_text())
    Draft202012Validator.check_schema(schema)
    assert [error.message for error in Draft202012Validator(schema).iter_errors(data)] == []


def test_that_the_schema_refuses_a_report_with_a_wrong_number(data: dict[str, Any]) -> None:
    wrong = {**data, "requests": "many"}
    assert list(Draft202012Validator(json.loads(schema_text())).iter_errors(wrong))


def test_that_every_part_of_a_report_is_described(data: dict[str, Any]) -> None:
    assert set(data) == set(json.loads(schema_text())["properties"])


def test_that_numbers_are_those_of_the_view_in_full(data: dict[str, Any]) -> None:
    view = sample_report()
    for found, impact in zip(data["impact"], view.impacts, strict=True):
        for name in ("before", "during", "peak"):
            value = getattr(impact, name)
            assert found[name] == (None if math.isnan(value) else value)
    chart = view.figures[1].chart
    assert data["figures"][1]["series"][2]["values"][:50] == chart.series[2].values[:50].tolist()
    assert data["figures"][1]["series"][0]["values"][101] is None


def test_that_the_file_hides_no_character(text: str) -> None:
    assert text.isascii() and "\\u202e" in text
    assert TURNED in [row["column"] for row in json.loads(text)["drift"]["columns"]]


@pytest.mark.parametrize(("cell", "written"), [
    ("=1+1", "'=1+1"), ("+cmd", "'+cmd"), ("@SUM(1)", "'@SUM(1)"), ("-2+3", "'-2+3"), ("  =1", "'  =1"),
    ("＝1+1", "'＝1+1"), ("＠x", "'＠x"), ("－1", "'－1"), ("−1", "'−1"),
    ("-12.5", "-12.5"), ("+3e-4", "+3e-4"),
    ("plain", "plain"), (-12.5, "-12.5"), (3, "3"), (None, ""), (True, "yes"), ("a=b", "a=b"),
])
def test_that_what_a_spreadsheet_would_run_is_defused_and_numbers_stay(cell: Any, written: str) -> None:
    rows = list(csv.reader(io.StringIO(csv_text(["x", "y"], [[cell, 1]]))))
    assert rows[1] == [written, "1"]


def test_that_a_control_character_begins_no_cell() -> None:
    (_, row) = csv.reader(io.StringIO(csv_text(["x"], [["\t=1\r\n"]])))
    assert row == ["\\x09=1\\x0d\\x0a"]


def test_that_tables_hold_hostile_names_as_text_in_their_own_cells() -> None:
    view = sample_report()
    found = tables(data_of(view, arrange(view)))
    rows = list(csv.DictReader(io.StringIO(found["segments.csv"])))
    assert [row["value"] for row in rows] == ["v42", "v41", SCRIPT, view.segments[3].value, f"'{FORMULA}"]
    assert [float(row["requests"]) for row in rows] == [one.requests for one in view.segments]
