"""The plan of the open folder: chosen, changed, fitted to the log, judged, kept in files."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.errors import BadSettings, CannotWrite
from console.rollout import edits
from console.rollout.outcomes import HARMS
from console.rollout.plan import SetWeight
from console.rollout.ready import ready_plan
from console.session import Session
from console.session.rollout_log import candidates
from tests.console.folders import MakeFolder


class Quiet:
    def report(self, done: int, total: int, note: str) -> None:
        pass

    def stop_if_asked(self) -> None:
        pass


def test_that_a_plan_is_fitted_to_the_log_judged_and_kept(log_folder: MakeFolder, tmp_path: Path) -> None:
    session = Session.open(log_folder("healthy", "parquet", rows=3000, days=1), workspace=tmp_path / "a.duckdb")
    try:
        session.load(Quiet())
        editor = session.plan_editor
        view = editor.view()
        assert view.source == "careful canary" and view.remarks is None and not view.undo
        judged = editor.judge(Quiet())
        assert editor.traffic is not None
        assert editor.traffic.requests_per_s == pytest.approx(3000 / 86400, rel=0.05)
        assert judged.remarks and judged.verdict.startswith(("1 error", "2 errors", "No error"))
        editor.fit(Quiet())
        assert not any(remark.rule == "not-in-the-log" for remark in editor.judge(Quiet()).remarks or ())
        editor.change(lambda plan: edits.changed_step(plan, 0, "weight = 2"))
        assert editor.plan.steps[0] == SetWeight(2) and editor.view().changed
        with pytest.raises(BadSettings):
            editor.change(lambda plan: edits.changed_step(plan, 0, "weight = x"))
        kept = editor.plan
        editor.save(tmp_path / "own.toml")
        assert not editor.view().changed and editor.view().source == "own.toml"
        editor.choose("fast canary")
        editor.open(tmp_path / "own.toml")
        assert editor.plan == kept
        assert editor.undo() and editor.plan.name == "fast canary"
        assert editor.redo() and editor.plan == kept
        editor.save(tmp_path / "own.yaml")
        assert "kind: Rollout" in (tmp_path / "own.yaml").read_text()
        with pytest.raises(CannotWrite):
            editor.save(tmp_path / "none" / "own.toml")
    finally:
        session.close()


@pytest.mark.long
def test_that_plans_are_tried_out_on_what_the_log_shows(log_folder: MakeFolder, tmp_path: Path) -> None:
    session = Session.open(log_folder("healthy", "parquet", rows=3000, days=1), workspace=tmp_path / "a.duckdb")
    try:
        session.load(Quiet())
        found = session.rehearsing.try_out([ready_plan("fast canary")], 2, Quiet())
        assert found.runs == 2 and "identical" in found.candidates
        assert all(row.plan == "fast canary" and 0 <= row.share <= 1 for row in found.rows)
    finally:
        session.close()


def test_that_a_plan_is_judged_by_itself_while_no_request_is_read(tmp_path: Path) -> None:
    """The place may be opened as soon as the folder is: `events` is not there before the first request."""
    (tmp_path / "logs").mkdir()
    session = Session.open(tmp_path / "logs", workspace=tmp_path / "a.duckdb")
    try:
        judged = session.plan_editor.judge(Quiet())
        assert judged.remarks is not None and session.plan_editor.traffic is None
        assert candidates(session.store) == tuple(harm.name for harm in HARMS)
    finally:
        session.close()
