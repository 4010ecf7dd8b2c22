"""Rights lost and granted, places that cannot be written: as an ordinary user, for whom rights hold."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A folder that every user may write into, unlike those of pytest."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o777)
        yield Path(place)


def test_that_rights_hold_and_are_asked_for_again(kind: str, open_to_all: Path) -> None:
    command = [sys.executable, "-m", "tests.console.logs.following.as_user", kind, str(open_to_all)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.endswith("all well\n"), done.stderr[-4000:]
