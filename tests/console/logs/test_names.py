"""Names of columns as they lie in the workspace."""

from __future__ import annotations

from pathlib import Path

from console.jobs import SilentJob
from console.logs.discover import discover
from console.logs.load import load_folder
from console.logs.names import stored_names
from console.store import Workspace


def test_that_no_column_hides_the_numbers_of_the_rows(tmp_path: Path) -> None:
    assert stored_names(["rowid", "RowID", "rowids"]) == ["rowid_2", "RowID_3", "rowids"]
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "a.csv").write_text("rowid,timestamp,latency_ms\n" + "".join(
        f"x{90 - n},2026-03-02T10:00:{n:02d}Z,{n}\n" for n in range(50)))
    ws = Workspace.open(tmp_path / "w.duckdb", folder=None)
    try:
        load_folder(discover(folder, SilentJob()), ws, SilentJob())
        assert ws.totals().events == 50
        assert ws.category_counts(1, "rowid_2", None)["x90"] == 1
        assert [column.name for column in ws.streams()[0].columns] == ["rowid", "timestamp", "latency_ms"]
    finally:
        ws.close()
