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
from console.reports.arrange import all_charts, arrange
from console.reports.csv_tables import csv_text, tables
from console.reports.data import data_of, schema_text
from console.reports.html import html_of
from console.reports.markdown import markdown_of
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


def test_that_a_result_is_told_in_full_with_its_intervals_its_command_and_a_table_of_its_own(data: dict[str, Any]
                                                                                               ) -> None:
    (result,) = data["results"]
    (table,) = result["tables"]
    model, rule, formula = table["rows"]
    assert (model["per_hour"], model["per_hour_low"], model["per_hour_high"]) == (41.53, 39.17, 43.89)
    assert model["difference"] is None and model["difference_low"] is None and rule["difference_high"] == -21.57
    assert (table["marked"], result["facts"]["recommended"], result["kind"]) == (1, "stump", "advice")
    assert model["since"] == "2026-03-02T14:00:00Z" and formula["right"] is None
    assert result["command"] == result["figures"][0]["command"] == "pilothouse advise prod-ranker --json"
    rows = list(csv.DictReader(io.StringIO(tables(data)["result-1-responses.csv"])))
    assert [row["per_hour"] for row in rows] == ["41.53", "17.29", ""] and rows[2]["title"] == f"'{FORMULA}"


def test_that_all_formats_show_a_result_with_the_same_numbers() -> None:
    view = sample_report()
    page, text = html_of(arrange(view)), markdown_of(arrange(view), charts="charts")
    for shown in ("41.5 (39.2 to 43.9)", "-24.2 (-26.9 to -21.6)", "81.2 %", "7,231", "Kept on 2 Mar 2026 16:00 UTC"):
        assert shown in page and shown in text.replace("\\", "")
    assert "recommended" in text and "10-advice_costs.svg" in text      # nine charts stand before it
    assert [chart.csv_name for chart in all_charts(arrange(view))][-1] == "advice_costs.csv"
