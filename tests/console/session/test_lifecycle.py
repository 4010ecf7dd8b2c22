"""The lifecycle of the versions of a made log, against what was put into it; and advice that is kept."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from console.advice.lifecycle import Happened, Stage
from console.commands.main import app
from console.jobs import SilentJob
from console.reports.results import ResultKind
from console.session import Session, results, results_of
from tests.console.folders import MakeFolder, truth_of


@pytest.fixture
def session(log_folder: MakeFolder, tmp_path: Path) -> Session:
    one = Session.open(log_folder("bad-canary", rows=6_000, days=1, seed=31), workspace=tmp_path / "w.duckdb")
    one.load(SilentJob())
    return one


def test_that_a_bad_canary_is_told_from_its_first_request_to_its_rollback(session: Session, log_folder: MakeFolder
                                                                          ) -> None:
    (bad,) = truth_of(log_folder("bad-canary", rows=6_000, days=1, seed=31))["injections"]
    start, end = (datetime.fromisoformat(bad[name].replace("Z", "+00:00")) for name in ("start", "end"))
    made = session.create_incident("Canary")
    try:
        view = session.lifecycle(SilentJob())
        old, new = view.versions
        assert (old.version, new.version, new.serving) == ("ctr-v1", "ctr-v2", False)
        assert 0 <= (new.first - start).total_seconds() < 1800 and abs((new.last - end).total_seconds()) < 1800
        what = [one.what for one in new.events]
        assert what[0] is Happened.FIRST_SEEN and Happened.RAMPED in what and Happened.ROLLED_BACK in what
        steps = [one for one in new.events if one.what is Happened.RAMPED]
        assert "At 50 %" in steps[-1].sentence
        assert new.stage is None and old.stage in (Stage.MONITOR, Stage.DATA)
        assert [one.reference for one in old.events if one.what is Happened.REPORTED] == [made.incident_id]
        counted = session.store.versions()
        assert {one.version: one.requests for one in view.versions} == {name: n for name, n, *_ in counted}
    finally:
        session.close()


def test_that_advice_is_kept_once_for_a_question_and_stands_in_the_line_of_time(session: Session) -> None:
    try:
        span = session.store.span()
        assert span is not None
        moment = span.start + (span.end - span.start) / 2
        view = session.advise(SilentJob(), moment, training=False)
        results.keep(session.store, results_of.of_advice(view, span))           # asked once more
        ((kept, whole),) = results.all_of(session.store, ResultKind.ADVICE)
        assert whole is not None and kept.command == view.command and whole.fact("cause") == view.shock.cause.value
        (table,) = [one for one in whole.tables if one.name == "responses"]
        assert view.response is not None
        assert [row[1] for row in table.rows] == [(one.mean, one.mean_low, one.mean_high)
                                                  for one in view.response.lines]
        assert whole.figures[0].chart.series[0].values.tolist() == pytest.approx(
            view.response.lines[0].costs.tolist(), nan_ok=True)
        life = session.lifecycle(SilentJob()).versions[0]
        (advised,) = [one for one in life.events if one.what is Happened.ADVISED]
        assert (advised.at, advised.reference) == (moment, kept.result_id)
        assert view.shock.sentence in advised.sentence
        session.store.cursor().execute("UPDATE results SET content = 'damaged'::BLOB")
        assert results.read(session.store, kept.result_id) is None
    finally:
        session.close()


@pytest.mark.long
def test_that_the_command_tells_it(log_folder: MakeFolder) -> None:
    folder = log_folder("bad-canary", rows=6_000, days=1, seed=31)
    done = CliRunner().invoke(app, ["advise", str(folder), "--lifecycle", "--json", "--fresh"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)["lifecycle"]
    assert [one["version"] for one in told["versions"]] == ["ctr-v1", "ctr-v2"]
    assert told["versions"][1]["next"]["stage"] is None and len(told["buckets"]) == len(told["versions"][0]["shares"])
    assert {"at", "until", "what", "sentence", "known", "place", "reference"} == set(told["versions"][1]["events"][0])
