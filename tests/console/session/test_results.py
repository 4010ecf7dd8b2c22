"""Results attached to incidents: kept as they were seen, taken back as edits are, and told in the report."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from console.jobs import SilentJob
from console.reports.arrange import arrange
from console.reports.data import data_of
from console.reports.redaction import How, Redacted, Redactor
from console.reports.results import Result, ResultColumn, ResultKind, ResultTable
from console.session import Session, results
from console.session.result_words import redacted_result, results_texts
from console.session.results_of import result_of
from console.session.sides import Reference
from console.store.rollouts import KeptEvent, KeptRollout
from console.window import Window
from tests.console.folders import MakeFolder

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
MADE = Result("", ResultKind.ADVICE, "Advice", AT, AT, None, ("A shock.", "Fall back: a rule: device is phone."),
              "pilothouse advise LOG --json", (ResultTable("responses", "Cost", (
                  ResultColumn("title", "What", number=False), ResultColumn("cost", "Cost, 95 %")),
                  (("device", (1.5, 1.25, 1.75)), ("A rule: device is phone", (float("nan"),) * 3))),),
              facts=(("cause", "shock"),))


@pytest.fixture
def session(log_folder: MakeFolder, tmp_path: Path) -> Session:
    one = Session.open(log_folder("bad-canary", rows=3_000, days=1, seed=31), workspace=tmp_path / "w.duckdb")
    one.load(SilentJob())
    return one


def test_that_a_result_is_attached_as_an_edit_and_is_what_it_was(session: Session) -> None:
    try:
        made = session.create_incident("One")
        kept = session.attach_result(made.incident_id, MADE)
        (one,) = kept.results
        (read,) = results.of_incident(session.store, kept)
        assert (one.title, one.sentence, one.kind) == ("Advice", "A shock.", "advice")
        assert repr(replace(read, result_id="", made=AT)) == repr(MADE)
        again = results.keep(session.store, MADE)       # the same question once more: the attached one stays
        assert {found.result_id for found in session.store.kept_results()} == {one.result_id, again.result_id}
        newer = results.keep(session.store, MADE)
        assert {found.result_id for found in session.store.kept_results()} == {one.result_id, newer.result_id}
        assert session.undo_incident(made.incident_id).results == ()
        assert session.redo_incident(made.incident_id).results == (one,)
        assert session.detach_result(made.incident_id, one.result_id).results == ()
        assert session.undo_incident(made.incident_id).results == (one,)
        assert "a shock." in session.incidents()[0].words
    finally:
        session.close()


def test_that_drift_over_time_and_a_replay_come_into_the_report_with_their_numbers(session: Session) -> None:
    try:
        made = session.create_incident("Two")
        courses = session.drift_over_time(SilentJob())
        session.attach_answer(made.incident_id, courses)
        kept = KeptRollout(0, "replay", "careful", "", "randomised", "plan", 7, "ctr-v1", "ctr-v2",
                           round(AT.timestamp() * 1e6), round((AT + timedelta(hours=1)).timestamp() * 1e6), "aborted",
                           round((AT + timedelta(minutes=9)).timestamp() * 1e6), 310, 120, 12.5, None,
                           '{"why": "Errors rose.", "harm": "identical"}')
        number = session.store.keep_rollout(kept, [KeptEvent(1, round(AT.timestamp() * 1e6), "rule", "start", "Go.",
                                                             "{}")])
        session.attach_rollout(made.incident_id, number)
        session.look_into(made.incident_id, SilentJob())             # what is found leaves them where they are
        view = session.report(made.incident_id, SilentJob())
        data = data_of(view, arrange(view))
        drift, rollout = data["results"]
        (table,) = drift["tables"]
        moved = [row for row in courses.rows if row.moved]
        if moved:
            assert [row["size"] for row in table["rows"]] == [None if np.isnan(row.size) else row.size for row in moved]
        assert rollout["tables"][0]["rows"] == [{"ending": "aborted", "ended": "2026-03-02T12:09:00Z", "requests": 310,
                                                 "users": 120, "excess_errors": 12.5, "clicks_lost": None}]
        assert "--candidate ctr-v2 --stable ctr-v1" in rollout["command"] and "Errors rose." in rollout["sentences"]
        assert str(session.folder) not in json.dumps(data["results"])        # no path leaves the house
        assert {one["what"] for one in data["reproduce"]} >= {drift["title"], rollout["title"]}
    finally:
        session.close()


def test_that_a_text_that_may_tell_a_value_of_a_redacted_column_goes_and_its_name_stays() -> None:
    told = redacted_result(MADE, Redactor((Redacted("device", How.MASKED, "asked"),), b"key"))
    assert told.sentences == ("A shock.", "About device; its values are redacted.")
    (first, second) = told.tables[0].rows
    assert first == ("device", (1.5, 1.25, 1.75)) and second[0] == "About device; its values are redacted."
    assert not any("phone" in text for text in results_texts([told]))


@pytest.mark.long
def test_that_every_answer_of_drift_makes_a_result_that_is_kept_whole(session: Session) -> None:
    try:
        made = session.create_incident("Three")
        span = session.store.span()
        assert span is not None
        middle = span.start + (span.end - span.start) / 2
        before, after = Reference(Window(span.start, middle)), Window(middle, span.end)
        for view in (session.outcomes(SilentJob(), before, after), session.together(SilentJob(), before, after),
                     session.training(SilentJob(), before, after)):
            session.attach_answer(made.incident_id, view)
            assert result_of(view, relative=False).command == view.command
        kept = results.of_incident(session.store, session.incident(made.incident_id))
        assert [one.kind for one in kept] == [ResultKind.OUTCOMES, ResultKind.TOGETHER, ResultKind.TRAINING]
        assert all(row for one in kept for table in one.tables[:1] for row in table.rows)
    finally:
        session.close()
