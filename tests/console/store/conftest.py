"""A workspace of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from console.store import Workspace


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    """Empty."""
    store = Workspace.open(tmp_path / "w.duckdb", folder=None)
    yield store
    store.close()
