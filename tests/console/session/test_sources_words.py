"""What Sources says of streams whose rows are halves of events, and of columns nobody counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.jobs import SilentJob
from console.logs.view import StreamView
from console.session import Session


def streams(folder: Path, workspace: Path) -> dict[str, StreamView]:
    session = Session.open(folder, workspace=workspace)
    session.load(SilentJob())
    found = {one.name: one for one in session.sources().streams}
    session.close()
    return found


def test_that_rows_that_complete_another_stream_are_counted_and_explained(shared_logs: Path, tmp_path: Path) -> None:
    """Ray Serve's proxy and replica both log the 1,736 requests."""
    found = streams(shared_logs / "format-ray-serve", tmp_path / "w.duckdb")
    replica = found["ray-replica"]
    assert (replica.rows, replica.merged) == (0, 1736)
    assert replica.why.startswith("One event with ray-proxy, by request id: 1,736 rows complete one there.")
    assert (found["ray-proxy"].rows, found["ray-proxy"].merged) == (1736, 0)


def test_that_halves_in_one_stream_are_told_as_events(shared_logs: Path, tmp_path: Path) -> None:
    """KServe logs 1,200 requests, 12 of them without a response."""
    one = streams(shared_logs / "format-kserve-cloudevents", tmp_path / "w.duckdb")["kserve-cloudevents"]
    assert (one.rows, one.merged) == (1200, 1188)
    assert one.why.startswith("2,388 rows are 1,200 events: ")


@pytest.mark.parametrize(("column", "share"), [("status", 0.0), ("timestamp", 0.0), ("age", 0.5), ("note", None)])
def test_that_missing_cells_are_told_of_what_was_counted_only(tmp_path: Path, column: str, share: float | None) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    rows = [f"2026-03-02T10:{number:02d}:00Z,200,{number if number % 2 else ''}," for number in range(60)]
    (folder / "log.csv").write_text("\n".join(["timestamp,status,age,note", *rows]) + "\n")
    (one,) = streams(folder, tmp_path / "w.duckdb").values()
    view = next(view for view in one.columns if view.name == column)
    assert (view.n_missing / view.n if view.n else None) == share
