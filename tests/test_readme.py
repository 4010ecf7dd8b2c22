"""The README names what the program has, and nothing that it has not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from console.commands import app
from console.logs.formats import FORMATS, LogFormat
from console.logs.limits import MOST_COLUMNS
from console.logs.records import LINE_BYTES, RECORD_LINES
from console.metrics.catalogue import CATALOGUE, FAMILIES, MORE
from console.roles import Role, StreamKind
from widgets.actions import ACTIONS

README = (Path(__file__).resolve().parent.parent / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("metric", [
    *(metric.name for metric in (*CATALOGUE, *MORE)), *(f"{family}:COLUMN" for family in FAMILIES)])
def test_that_each_metric_is_named(metric: str) -> None:
    assert f"`{metric}`" in README


@pytest.mark.parametrize("word", [*Role, *StreamKind])
def test_that_each_role_and_kind_is_named(word: str) -> None:
    assert re.search(rf"\b{word}\b", README)


@pytest.mark.parametrize("action", ACTIONS, ids=[action.name for action in ACTIONS])
def test_that_each_command_of_the_window_stands_with_its_keys(action) -> None:
    start = f"| {action.menu} | {action.text.rstrip('…')} |"
    row = next(line for line in README.splitlines() if line.startswith(start))
    for key in action.keys:
        assert f"`{key}`" in row


@pytest.mark.parametrize("form", FORMATS, ids=[form.name for form in FORMATS])
def test_that_each_form_that_is_read_stands_in_the_table(form: LogFormat) -> None:
    assert f"\n| {form.title} |" in section("What it reads")


def test_that_the_limits_are_those_of_the_code() -> None:
    said = " ".join(section("What it reads").split())
    longest = max(form.line_bytes for form in FORMATS)
    assert f"a line of up to {LINE_BYTES >> 20} MB (an export of OpenTelemetry: {longest >> 20} MB)" in said
    assert f"a quoted CSV record of up to {RECORD_LINES:,} lines, {MOST_COLUMNS:,} columns a stream" in said


def section(title: str) -> str:
    """The text under a heading."""
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_that_each_command_of_the_command_line_is_shown() -> None:
    for command in app.registered_commands:
        name = str(command.name)
        assert re.search(rf"^    pilothouse \[?{name}\b", README, re.MULTILINE), name


def test_that_pictures_of_the_readme_are_there() -> None:
    pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", README)
    assert pictures
    for picture in pictures:
        assert (Path(__file__).resolve().parent.parent / picture).is_file(), picture
