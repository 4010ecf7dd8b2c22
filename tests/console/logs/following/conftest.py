"""The world that these tests act in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console.logs.following.world import World


@pytest.fixture(params=["csv", "jsonl"])
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


@pytest.fixture(params=["csv", "jsonl"])
def kind(request: pytest.FixtureRequest) -> str:
    """For worlds that a test makes itself."""
    return str(request.param)
