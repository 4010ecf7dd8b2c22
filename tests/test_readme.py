"""The README names what the program has, and nothing that it has not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from console.commands import app
from console.metrics.catalogue import CATALOGUE
from console.roles import Role, StreamKind
from widgets.actions import ACTIONS

README = (Path(__file__).resolve().parent.parent / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("metric", [metric.name for metric in CATALOGUE])
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


def test_that_each_command_of_the_command_line_is_shown() -> None:
    for command in app.registered_commands:
        name = str(command.name)
        assert re.search(rf"^    pilothouse \[?{name}\b", README, re.MULTILINE), name


def test_that_pictures_of_the_readme_are_there() -> None:
    pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", README)
    assert pictures
    for picture in pictures:
        assert (Path(__file__).resolve().parent.parent / picture).is_file(), picture
