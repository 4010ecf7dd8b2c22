"""`pilothouse.toml`: what was written comes back, and what is wrong is said with its line."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.errors import BadSettings, CannotWrite
from console.logs import config
from console.logs.config import ColumnSettings, FolderSettings, StreamSettings
from console.roles import ColumnType, Role, StreamKind, TimeFormat

WHOLE = """\
zone = "Europe/Berlin"

[streams.predictions]
kind = "requests"
zone = "UTC"

[streams.predictions.columns."took (ms)"]
role = "latency"
unit = "ms"
type = "number"

[streams."a/b".columns.x]
role = "none"
"""


def test_that_a_whole_file_is_read() -> None:
    found = config.parse(WHOLE)
    assert found.zone == "Europe/Berlin"
    assert found.streams["predictions"].kind is StreamKind.REQUESTS
    assert found.streams["predictions"].columns["took (ms)"] == ColumnSettings("latency", "ms", ColumnType.NUMBER)
    assert found.streams["a/b"].columns["x"].role == "none"


def test_that_a_folder_without_the_file_has_no_settings(tmp_path: Path) -> None:
    assert config.read(tmp_path) == FolderSettings()


WRONG = [  # text, line, what is said, what is allowed
    ("zone = \n", 1, "not valid TOML", ""),
    ('zone = "UTC"\n[streams.a\n', 2, "not valid TOML", ""),
    ('zone = "Mars/Olympus"\n', 1, "no time zone 'Mars/Olympus'", "Europe/Berlin"),
    ('\nzones = "UTC"\n', 2, "no setting `zones`", "zone, leave_out, streams"),
    ('[streams.a]\nkind = "request"\n', 2, "no kind 'request'", "requests, outcomes, samples, reference"),
    ('[streams.a.columns.b]\nunit = "ms"\nrole = "latensy"\n', 3, "no role 'latensy'", "latency"),
    ('[streams.a.columns.b]\ntype = "float"\n', 2, "no type 'float'", "number, text, time, flag"),
    ('[streams.a.columns]\nb = "latency"\n', 2, "`b` must be a table", '[streams."name".columns."column"]'),
    ('[streams.a.columns.b]\nrole = 3\n', 2, "must be text in quotes", "timestamp"),
    ('[streams.a]\ncolumn = 1\n', 2, "no setting `column`", "kind, zone, names, half_of, path, columns"),
    ('[streams.a]\nkind = "samples"\n[streams.b]\nkind = "sample"\n', 4, "no kind 'sample'", "samples"),
    ("streams = 1\n", 1, "`streams` must be a table", "[streams"),
    ('zone = "UTC"\nleave_out = "old"\n', 2, "`leave_out` must be a list", '["old/*", "*.bak"]'),
    ('[streams.a]\nnames = [1, 2]\n', 2, "`names` must be a list", '["age", "price"]'),
    ('[streams.a.path]\nlatency = "level:1"\n', 2, "no setting `latency`", "model, model_version, host"),
    ('[streams.a.path]\nhost = "level:0"\n', 2, "says no place in a path", "level:1"),
    ('[streams.a.path]\nhost = "regex:(["\n', 2, "no expression with a group", "regex:"),
    ('[streams.a.path]\nhost = "regex:v1"\n', 2, "no expression with a group", "one group"),
    ('[streams.a.columns.b]\ntime_format = "unix"\n', 2, "no time_format 'unix'", "epoch_ms"),
]


@pytest.mark.parametrize(("text", "line", "what", "allowed"), WRONG)
def test_that_a_mistake_is_said_with_its_line_and_what_is_allowed(text: str, line: int, what: str,
                                                                  allowed: str) -> None:
    with pytest.raises(BadSettings) as error:
        config.parse(text)
    assert error.value.where == f"pilothouse.toml, line {line}"
    assert what in error.value.what
    assert allowed in error.value.do and error.value.do


def test_that_bytes_which_are_no_text_are_said(tmp_path: Path) -> None:
    (tmp_path / "pilothouse.toml").write_bytes(b"zone = '\xff\xfe'")
    with pytest.raises(BadSettings, match="not UTF-8"):
        config.read(tmp_path)


PLACES = ("level:1", "level:3", "regex:.*/(v\\d+)/", 'regex:"(.*)"')
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
columns = st.builds(ColumnSettings, role=st.none() | st.sampled_from([*map(str, Role), "none"]), unit=st.none() | names,
                    type=st.none() | st.sampled_from(ColumnType), time_format=st.none() | st.sampled_from(TimeFormat))
streams = st.builds(StreamSettings, kind=st.none() | st.sampled_from(StreamKind),
                    zone=st.none() | st.just("Asia/Tokyo"), names=st.lists(names, max_size=3).map(tuple),
                    path=st.dictionaries(st.sampled_from(config.PATH_ROLES), st.sampled_from(PLACES), max_size=2),
                    columns=st.dictionaries(names, columns, max_size=4))


@given(st.builds(FolderSettings, zone=st.none() | st.just("UTC"), leave_out=st.lists(names, max_size=3).map(tuple),
                 streams=st.dictionaries(names, streams, max_size=3)))
def test_that_what_is_written_comes_back_whatever_the_names(settings: FolderSettings) -> None:
    assert config.parse(config.as_text(settings)) == settings


def test_that_a_name_cannot_break_out_of_its_quotes() -> None:
    evil = 'a"]\nzone = "Asia/Tokyo"\n[streams."b'
    text = config.as_text(FolderSettings(streams={evil: StreamSettings(kind=StreamKind.SAMPLES)}))
    assert tomllib.loads(text) == {"streams": {evil: {"kind": "samples"}}}


def test_that_the_file_is_written_in_a_fixed_order_with_a_word_at_its_top(tmp_path: Path) -> None:
    settings = config.with_columns(FolderSettings(), "b", {"z": (Role.LATENCY, "s"), "a": (None, "")}, zone="UTC")
    settings = config.with_columns(settings, "a", {"x": (Role.SCORE, "")})
    config.write(tmp_path, settings)
    text = (tmp_path / "pilothouse.toml").read_text()
    assert text.startswith("# What Pilothouse was told about this folder")
    assert [line for line in text.splitlines() if line.startswith("[")] == [
        '[streams."a"]', '[streams."a".columns."x"]', '[streams."b"]', '[streams."b".columns."a"]',
        '[streams."b".columns."z"]']
    assert config.read(tmp_path) == settings
    assert os.listdir(tmp_path) == ["pilothouse.toml"]


def test_that_a_later_choice_keeps_what_was_said_before() -> None:
    before = config.parse(WHOLE)
    after = config.with_columns(before, "predictions", {"took (ms)": (Role.TIME_TO_FIRST_TOKEN, "s")})
    assert after.streams["predictions"].columns["took (ms)"] == ColumnSettings("time_to_first_token", "s",
                                                                               ColumnType.NUMBER)
    assert after.streams["predictions"].kind is StreamKind.REQUESTS
    assert after.streams["a/b"] == before.streams["a/b"] and after.zone == "Europe/Berlin"


def test_that_a_folder_which_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "pilothouse.toml").mkdir()       # stands in for a read-only folder: replacing it fails for every user
    with pytest.raises(CannotWrite, match="could not be written"):
        config.write(tmp_path, FolderSettings(zone="UTC"))
    assert os.listdir(tmp_path) == ["pilothouse.toml"]


PATHS = ["v1/eu/a.csv", "v22/us/b.csv", "c.csv"]


@pytest.mark.parametrize(("where", "values"), [
    ("level:1", ["v1", "v22", None]), ("level:2", ["eu", "us", None]), ("level:3", [None, None, None]),
    ("regex:^v(\\d+)/", ["1", "22", None]), ("regex:([a-z])\\.csv$", ["a", "b", "c"])])
def test_that_a_value_is_found_in_the_path(where: str, values: list[str | None]) -> None:
    assert config.path_values(where, PATHS) == values
    assert config.path_values(where, []) == []


def test_that_an_expression_cannot_run_away() -> None:
    """Backtracking would try 2^40 ways to split these letters."""
    assert config.path_values("regex:^(a+)+$", ["a" * 40 + "b"]) == [None]


@pytest.mark.parametrize(("path", "patterns", "found"), [
    ("old/deep/a.csv", ("*.bak", "old/*"), "old/*"), ("a.csv", ("b*",), None), ("A.csv", ("a*",), None),
    ("x/[1].csv", ("x/[[]1].csv",), "x/[[]1].csv")])
def test_that_a_file_is_left_out_by_a_pattern_of_its_path(path: str, patterns: tuple[str, ...], found: str) -> None:
    assert config.left_out(path, patterns) == found


def test_that_what_the_workspace_keeps_wins_over_the_file() -> None:
    file = config.parse(WHOLE)
    kept = config.parse('leave_out = ["x*"]\n[streams.predictions]\nzone = "Asia/Tokyo"\n'
                        '[streams.predictions.columns.y]\nrole = "score"\n')
    both = config.over(file, kept)
    assert both.zone == "Europe/Berlin" and both.leave_out == ("x*",)
    assert both.streams["predictions"].zone == "Asia/Tokyo"
    assert set(both.streams["predictions"].columns) == {"took (ms)", "y"} and "a/b" in both.streams
