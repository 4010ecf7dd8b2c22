"""Every folder loads with exactly the counts of its truth, whatever its format and story."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from console.jobs import SilentJob
from console.session import Session
from tests.console.folders import MakeFolder, truth_of
from tests.console.make_logs import SCENARIOS
from tests.tiers import once

FORMATS = ("parquet", "jsonl", "csv")
EACH_ONCE = [(scenario, FORMATS[number % 3]) for number, scenario in enumerate(SCENARIOS)]
THE_REST = [(scenario, form) for scenario in SCENARIOS for form in FORMATS if (scenario, form) not in EACH_ONCE]
PACKED = once(("csv", "gz"), ("jsonl", "zst"), ("parquet", "zst"), ("csv", "zst"), ("jsonl", "gz"), first=3)


@contextmanager
def loaded(folder: Path, tmp_path: Path) -> Iterator[Session]:
    session = Session.open(folder, workspace=tmp_path / "workspace.duckdb")
    try:
        session.load(SilentJob())
        yield session
    finally:
        session.close()


def check(session: Session, truth: dict[str, Any]) -> None:
    totals = session.store.totals()
    assert totals.events == truth["rows"] + truth["duplicate_rows"]
    assert totals.outcomes == truth["label_rows"]
    assert totals.reference == truth.get("reference_rows", 0)
    assert totals.rows_quarantined + totals.rows_ignored == truth["dirty_lines"]
    assert totals.rows_read == totals.rows_loaded + totals.rows_quarantined + totals.rows_ignored
    assert session.store.rejected() == ()
    for file in session.sources().files:
        assert file.records == file.rows_loaded + file.rows_quarantined + file.rows_ignored
    assert totals.first is not None
    assert totals.last is not None
    assert round(totals.first.timestamp() * 1e6) <= truth["first_ts_us"]
    each = [f"SELECT count(_misfit) FROM {stream.table}" for stream in session.store.streams()]
    misfits = session.store.cursor().execute(" UNION ALL ".join(each)).fetchall()
    assert sum(row[0] for row in misfits) == 0


@pytest.mark.parametrize(("scenario", "form"), once(*EACH_ONCE, first=6))
def test_that_each_story_loads_whole(scenario: str, form: str, log_folder: MakeFolder, tmp_path: Path) -> None:
    folder = log_folder(scenario, form, rows=1500)
    with loaded(folder, tmp_path) as session:
        check(session, truth_of(folder))


@pytest.mark.long
@pytest.mark.parametrize(("scenario", "form"), THE_REST)
def test_that_each_story_loads_whole_in_each_format(scenario: str, form: str, log_folder: MakeFolder,
                                                   tmp_path: Path) -> None:
    folder = log_folder(scenario, form, rows=3000)
    with loaded(folder, tmp_path) as session:
        check(session, truth_of(folder))


@pytest.mark.parametrize(("form", "compress"), PACKED)
def test_that_packed_folders_load_whole(form: str, compress: str, log_folder: MakeFolder, tmp_path: Path) -> None:
    folder = log_folder("healthy", form, rows=1500, compress=compress, names="alt", system=True)
    with loaded(folder, tmp_path) as session:
        check(session, truth_of(folder))


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_that_dirty_lines_are_put_aside_and_late_and_doubled_rows_are_kept(form: str, log_folder: MakeFolder,
                                                                          tmp_path: Path) -> None:
    folder = log_folder("healthy", form, rows=4000, dirty=4, late=0.05, dup=0.02, rotate="rows:1000")
    truth = truth_of(folder)
    assert truth["duplicate_rows"] > 0
    assert truth["late_rows"] > 0
    with loaded(folder, tmp_path) as session:
        check(session, truth)
        shown = session.sources().quarantine
        assert shown
        for row in shown:
            assert row.path.startswith("predictions/")
            assert row.line >= 1
            assert row.reason


def test_that_loading_again_adds_nothing(log_folder: MakeFolder, tmp_path: Path) -> None:
    folder = log_folder("healthy", "csv", rows=3000)
    with loaded(folder, tmp_path) as session:
        before = session.store.totals()
    with loaded(folder, tmp_path) as session:
        assert session.store.totals() == before
