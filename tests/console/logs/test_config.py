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
from console.roles import ColumnType, Role, StreamKind

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
    ('\nzones = "UTC"\n', 2, "no setting `zones`", "zone, streams"),
    ('[streams.a]\nkind = "request"\n', 2, "no kind 'request'", "requests, outcomes, samples, reference"),
    ('[streams.a.columns.b]\nunit = "ms"\nrole = "latensy"\n', 3, "no role 'latensy'", "latency"),
    ('[streams.a.columns.b]\ntype = "float"\n', 2, "no type 'float'", "number, text, time, flag"),
    ('[streams.a.columns]\nb = "latency"\n', 2, "`b` must be a table", '[streams."name".columns."column"]'),
    ('[streams.a.columns.b]\nrole = 3\n', 2, "must be text in quotes", "timestamp"),
    ('[streams.a]\ncolumn = 1\n', 2, "no setting `column`", "kind, zone, columns"),
    ('[streams.a]\nkind = "samples"\n[streams.b]\nkind = "sample"\n', 4, "no kind 'sample'", "samples"),
    ("streams = 1\n", 1, "`streams` must be a table", "[streams"),
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


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
columns = st.builds(ColumnSettings, role=st.none() | st.sampled_from([*map(str, Role), "none"]), unit=st.none() | names,
                    type=st.none() | st.sampled_from(ColumnType))
streams = st.builds(StreamSettings, kind=st.none() | st.sampled_from(StreamKind),
                    zone=st.none() | st.just("Asia/Tokyo"), columns=st.dictionaries(names, columns, max_size=4))


@given(st.builds(FolderSettings, zone=st.none() | st.just("UTC"), streams=st.dictionaries(names, streams, max_size=3)))
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
