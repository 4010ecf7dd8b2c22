"""Files that begin with a hole: who goes on where it stood before a truncation leaves gigabytes that are not there."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from console.jobs import SilentJob
from console.logs import headless, sniff
from console.logs.discover import discover
from console.logs.plan import Compression, FileFormat, FilePlan
from console.logs.refusals import NothingToLoad

HOLE = 1 << 36
ROWS = b"2026-03-02T00:00:00Z,1\n2026-03-02T00:00:01Z,2\n"

pytestmark = pytest.mark.skipif(not hasattr(os, "SEEK_DATA"), reason="The system does not tell holes")


class Counting(io.FileIO):
    """Counts the bytes that are read of it."""

    count = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """As a file does."""
        found = super().read(-1 if size is None else size) or b""
        self.count += len(found)
        return found


def hole(path: Path, behind: bytes) -> Path:
    """A file of 64 GB that takes nothing on the disk."""
    with path.open("wb") as file:
        file.truncate(HOLE)
        file.seek(HOLE)
        file.write(behind)
    return path


@pytest.mark.parametrize("behind", [b"", b"ts,ms\n" + ROWS])
def test_that_a_head_behind_a_hole_is_found_without_reading_the_hole(tmp_path: Path, behind: bytes) -> None:
    with Counting(hole(tmp_path / "a.csv", behind)) as file:
        assert sniff._first_bytes(file, 1000).lstrip(b"\0") == behind
        assert file.count < 64 << 20


def test_that_a_line_behind_a_hole_is_known_by_the_table_that_it_goes_on(tmp_path: Path) -> None:
    plan = FilePlan("a.csv", FileFormat.CSV, Compression.NONE, 0, 0, ("ts", "ms"))
    found = headless.gone_on(hole(tmp_path / "a.csv", ROWS), ("requests", plan))
    assert found is not None and not found[1].has_header


def test_that_a_file_of_nothing_but_a_hole_is_left_until_something_comes(tmp_path: Path) -> None:
    hole(tmp_path / "a.csv", b"")
    with pytest.raises(NothingToLoad) as nothing:
        discover(tmp_path, SilentJob())
    assert "read when rows come" in nothing.value.plan.refused[0].reason
