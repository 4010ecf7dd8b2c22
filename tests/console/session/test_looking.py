"""What the log has to say about an incident: moments with how each is known, and what is not known and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from console.alarms.rules import BurnRate, Op, Rule, Severity, Threshold
from console.errors import BadSettings
from console.jobs import SilentJob
from console.reports.view import Method, Milestone, Moment, RolloutEvent
from console.session import Session, alarms
from console.window import Window

START = datetime(2026, 3, 2, 6, tzinfo=UTC)
BAD_FROM, BAD_TO, END = 60, 80, 120
"""Minutes: a request a second. In the bad ones a third of those of host a fails."""

RULE = Rule("errors", "error_rate", Threshold(Op.GREATER, 0.2), for_s=60, severity=Severity.PAGE)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def lines() -> str:
    """Every third request of the bad time fails, and one in 97 of the rest; host b has no bad time."""
    rows = ["timestamp,request_id,user_id,host,latency_ms,status,age"]
    for number in range(END * 60):
        minute, host = number / 60, "ab"[number % 2]
        failed = number % 97 == 0 or (BAD_FROM <= minute < BAD_TO and host == "a" and number % 3 == 0)
        rows.append(f"{(START + timedelta(seconds=number)).isoformat()},r{number},u{number % 500},{host},"
                    f"{10 + number % 7},{500 if failed else 200},{20 + number % 50}")
    return "\n".join(rows) + "\n"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    root = tmp_path_factory.mktemp("looking")
    (root / "log").mkdir()
    (root / "log" / "requests.csv").write_text(lines(), encoding="utf-8")
    opened = Session.open(root / "log", workspace=root / "w.duckdb")
    opened.load(SilentJob())
    yield opened
    opened.close()


@pytest.fixture
def session(loaded: Session) -> Session:
    """Without rules; incidents of other tests are in it."""
    loaded.set_rules([])
    return loaded


def test_that_an_alarm_becomes_an_incident_from_the_onset_to_where_all_was_over(session: Session,
                                                                                monkeypatch: pytest.MonkeyPatch,
                                                                                ) -> None:
    session.set_rules([replace(RULE, condition=Threshold(Op.GREATER, 0.1))])
    (row,) = session.alarms().past
    # bad from minute 60 on: the first bad minute is judged at 61, `for` is over at 62, the first good one ends at 81
    assert (row.since, row.start, row.end) == (at(61), at(62), at(81))
    monkeypatch.setattr(alarms, "now", lambda: at(70))
    assert row.start is not None
    session.acknowledge(row.rule, row.labels, row.start, "rolling back")
    made = session.incident_from_alarm(row)
    assert (made.window, made.severity, made.title) == (Window(at(61), at(81)), "high", row.sentence)
    found = session.look_into(made.incident_id, SilentJob())
    onset, detected, acknowledged, _mitigated, recovered = found.milestones
    assert onset.method is Method.DATA and onset.at is not None and abs(onset.at - at(60)) <= timedelta(seconds=30)
    assert (detected.at, detected.method) == (at(62), Method.RULE) and "“errors”" in detected.source
    assert (acknowledged.at, acknowledged.method) == (at(70), Method.PERSON)
    assert "rolling back" in acknowledged.source
    assert recovered.method is Method.DATA and recovered.at is not None
    assert abs(recovered.at - at(80)) <= timedelta(seconds=60)
    assert found.window == Window(onset.at, at(81)) and found.reference.end <= onset.at
    assert found.times.detect_s == (at(62) - onset.at).total_seconds()
    assert found.times.acknowledge_s == 8 * 60
    (alarm,) = found.alarms
    assert (alarm.acknowledged, alarm.said, alarm.end) == (at(70), "rolling back", at(81))
    again = session.look_into(made.incident_id, SilentJob())
    assert (again.window, again.milestones) == (found.window, found.milestones)


def test_that_what_is_read_of_an_old_log_is_no_acknowledgement_of_its_time(session: Session) -> None:
    session.set_rules([replace(RULE, condition=Threshold(Op.GREATER, 0.1))])
    (row,) = session.alarms().past
    assert row.start is not None
    session.acknowledge(row.rule, row.labels, row.start)
    made = session.incident_from_alarm(row)
    acknowledged = session.look_into(made.incident_id, SilentJob()).milestone(Moment.ACKNOWLEDGED)
    assert (acknowledged.at, acknowledged.method) == (None, Method.NONE)
    assert "long after the log ends" in acknowledged.source


@pytest.mark.parametrize(("rules", "said"), [([], "There are no alarm rules."),
                                             ([RULE], "No rule fired in this time.")])
def test_that_a_brushed_window_stays_and_says_what_is_not_known_and_why(session: Session, rules: list[Rule],
                                                                        said: str) -> None:
    session.set_rules(rules)
    brushed = Window(at(65), at(75))
    made = session.create_incident(window=brushed)
    found = session.look_into(made.incident_id, SilentJob())
    assert found.window == brushed
    onset = found.milestone(Moment.ONSET)
    assert onset.at is not None and abs(onset.at - at(60)) <= timedelta(seconds=60)     # brushed late, begun before
    assert found.reference.end <= onset.at
    assert found.milestone(Moment.DETECTED) == Milestone(Moment.DETECTED, source=said)
    assert found.milestone(Moment.ACKNOWLEDGED).at is None


def test_that_a_quiet_time_has_no_onset_and_nothing_is_guessed(session: Session) -> None:
    made = session.create_incident(window=Window(at(20), at(40)))
    found = session.look_into(made.incident_id, SilentJob())
    assert [one.at for one in found.milestones] == [None] * 5
    assert all(one.source for one in found.milestones)
    assert found.changes == () and found.window == made.window


def test_that_a_time_that_lasts_is_not_over(session: Session) -> None:
    made = session.create_incident(window=Window(at(60), at(79)))
    store_end = session.store.span()
    assert store_end is not None
    found = session.look_into(made.incident_id, SilentJob())
    assert found.milestone(Moment.RECOVERED).at is not None
    short = session.create_incident(window=Window(at(60), at(62)))
    lasting = session.look_into(short.incident_id, SilentJob())      # four times its length: until minute 70
    assert lasting.milestone(Moment.RECOVERED).at is None
    assert "not back by" in lasting.milestone(Moment.RECOVERED).source


def test_that_a_reference_that_was_chosen_stays(session: Session) -> None:
    chosen = Window(at(5), at(15))
    made = session.create_incident(window=Window(at(60), at(80)), reference=chosen)
    assert session.look_into(made.incident_id, SilentJob()).reference == chosen


def test_that_an_objective_tells_how_much_of_its_budget_was_used(session: Session) -> None:
    session.set_rules([Rule("slo", "error_rate", BurnRate(0.99, period_s=3600))])
    made = session.create_incident(window=Window(at(60), at(80)), reference=Window(at(0), at(60)))
    report = session.report_for_incident(made.incident_id, SilentJob())
    (budget,) = report.budgets
    failed = sum(number % 97 == 0 or (number % 2 == 0 and number % 3 == 0) for number in range(3600, 4800))
    # the hour up to minute 80 is covered by the log: 3,600 requests, of which 36 may fail
    assert (budget.bad, budget.total, budget.expected, budget.assumed) == (failed, 1200, 3600, False)
    assert budget.used == pytest.approx(failed / 36) and budget.burn == pytest.approx(failed / 1200 / 0.01)
    assert report.segments[0].column == "host" and report.segments[0].value == "a"
    assert [entry[1] for entry in report.timeline if entry[1].startswith("Onset")]


def test_that_without_an_objective_it_says_so(session: Session) -> None:
    made = session.create_incident(window=Window(at(60), at(80)))
    report = session.report_for_incident(made.incident_id, SilentJob())
    assert report.budgets == () and "No objective is set" in report.no_budget


def test_that_a_rollback_stands_in_the_timeline(session: Session) -> None:
    made = session.incident_from_rollback(Window(at(60), at(80)), Window(at(0), at(60)),
                                          [RolloutEvent(at(78), "rollback", "gate", "error rate")])
    report = session.report_for_incident(made.incident_id, SilentJob())
    assert (at(78), "rollback: error rate", "rollout, gate") in report.timeline


def test_that_all_of_a_log_is_no_window_and_its_last_quarter_is_taken(session: Session) -> None:
    made = session.create_incident()
    whole = session.selection().whole
    assert whole is not None and made.window.end == whole.end
    assert made.window.seconds == pytest.approx(whole.seconds / 4, rel=0.1)
    with pytest.raises(BadSettings):
        session.incident("INC-none")
