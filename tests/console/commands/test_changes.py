"""`pilothouse changes` as a script would use it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.console.commands.test_command_line import document, run
from tests.console.folders import MakeFolder, truth_of


@pytest.fixture(scope="module")
def folder(log_folder: MakeFolder) -> Path:
    return log_folder("null-burst", "jsonl", rows=12_000, days=1, seed=4)


def test_that_it_names_what_broke_in_words_and_as_json(folder: Path, tmp_path: Path) -> None:
    since = truth_of(folder)["injections"][0]["start"]
    found = document(run("changes", folder, "--since", since, "--json", home=tmp_path))
    assert {row["name"] for row in found["changes"][:2]} <= {"age", "user_ctr_7d", "null_responses"}
    first = found["changes"][0]
    assert first["weak"] is False and first["onset_from"] <= first["onset"] <= first["onset_to"]
    assert found["command"] == f"pilothouse changes {folder} --since {since.replace('+00:00', 'Z')} --json"
    told = run("changes", folder, "--since", since, home=tmp_path)
    assert told.returncode == 0
    assert first["sentence"] in told.stdout
    assert found["sentence"] in told.stderr


def test_that_a_time_outside_of_the_log_is_wrong_use(folder: Path, tmp_path: Path) -> None:
    result = run("changes", folder, "--since", "2031-01-01", home=tmp_path)
    assert result.returncode == 2
    assert "is not in this log" in result.stderr
    assert result.stdout == ""
