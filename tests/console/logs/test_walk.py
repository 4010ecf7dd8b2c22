"""What is found in a folder, without opening anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.jobs import SilentJob
from console.logs import walk


def test_that_files_beyond_the_most_are_named_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "MOST_FILES", 3)
    for number in range(9):
        (tmp_path / f"{number}.csv").write_text("ts,latency_ms\n")
    found, refused = walk.walk(tmp_path, SilentJob())
    assert [file.path for file in found] == ["0.csv", "1.csv", "2.csv"]
    assert [each.path for each in refused] == ["3.csv"]
    assert "more than 3 files: this one and all that come after it" in refused[0].reason
