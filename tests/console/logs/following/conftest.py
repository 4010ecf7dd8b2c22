"""The world that these tests act in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console.logs.following.world import World

FORMS = ("csv", "jsonl")


@pytest.fixture(params=FORMS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """Followed, with rows 0 to 19 read; once for CSV, once for JSON lines."""
    made = World(tmp_path, request.param)
    yield made
    made.stop()


@pytest.fixture
def table(tmp_path: Path) -> Iterator[World]:
    """The same, for what only CSV has."""
    made = World(tmp_path, "csv")
    yield made
    made.stop()


@pytest.fixture(params=FORMS)
def kind(request: pytest.FixtureRequest) -> str:
    """For worlds that a test makes itself."""
    return str(request.param)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In the ordinary run each case has one of the two forms, by turns; `long` has the other."""
    here = Path(__file__).parent
    in_both = [item for item in items if here in item.path.parents and _form(item) is not None]
    turn = {case: FORMS[place % 2] for place, case in enumerate(dict.fromkeys(_case(item) for item in in_both))}
    for item in in_both:
        if _form(item) != turn[_case(item)]:
            item.add_marker(pytest.mark.long)


def _form(item: pytest.Item) -> str | None:
    given = getattr(item, "callspec", None)
    return next((given.params[name] for name in ("world", "kind") if name in given.params), None) if given else None


def _case(item: pytest.Item) -> str:
    return f"{item.path}::{getattr(item, 'originalname', item.name)}"
