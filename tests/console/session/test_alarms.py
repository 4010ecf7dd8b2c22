"""Alarms of an open folder: rules in its file, judged while it grows, and what people say of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from console.alarms.machine import State
from console.alarms.rules import Op, Rule, Severity, Threshold
from console.errors import BadSettings
from console.jobs import SilentJob
from console.logs import config
from console.session import Session
from console.window import Window

START = datetime(2026, 3, 2, 6, tzinfo=UTC)
RULE = Rule("errors", "error_rate", Threshold(Op.GREATER, 0.5), for_s=60, severity=Severity.PAGE, runbook="call Ada")
HEAD = "timestamp,request_id,latency_ms,status\n"


def lines(first: int, count: int, status: int) -> str:
    """A request every ten seconds."""
    return "".join(f"{(START + timedelta(seconds=10 * number)).isoformat()},r{number},12.5,{status}\n"
                   for number in range(first, first + count))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ten good minutes, five bad ones, five good ones."""
    log = tmp_path / "log"
    log.mkdir()
    (log / "requests.csv").write_text(HEAD + lines(0, 60, 200) + lines(60, 30, 500) + lines(90, 30, 200),
                                      encoding="utf-8")
    return log


@pytest.fixture
def session(folder: Path, tmp_path: Path):
    session = Session.open(folder, workspace=tmp_path / "w.duckdb")
    session.load(SilentJob())
    yield session
    session.close()


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def test_that_rules_are_kept_in_the_folder_and_judged_over_the_whole_log(session: Session, folder: Path) -> None:
    assert session.alarms().rules == ()
    session.set_rules([RULE])
    assert config.read(folder).alarm[0]["when"] == "> 0.5"
    view = session.alarms()
    (past,) = view.past
    # bad from minute 10 on: the first bad minute is judged at 11, `for` is over at 12; good again at 16
    assert (past.since, past.start, past.end) == (at(11), at(12), at(16))
    assert (past.ended, past.severity, past.runbook, past.peak) == ("resolved", Severity.PAGE, "call Ada", "100 %")
    assert past.threshold == "above 50 % for 1m"
    assert past.sentence == "Error rate is 100 %: above 50 % for 1m"
    assert (view.rows, view.firing, view.error) == ((), 0, "")
    (rule,) = view.rules
    assert [(span.state, span.start, span.end) for span in rule.spans] == [
        (State.PENDING, at(11), at(12)), (State.FIRING, at(12), at(16))]
    assert (rule.fired, rule.last, rule.health, rule.value) == (1, at(12), "ok", "0 %")
    assert view.judged == (at(1), at(19))


def test_that_timelines_are_of_the_visible_time(session: Session) -> None:
    session.set_rules([RULE])
    session.look_at(Window(at(13), at(15)))
    (rule,) = session.alarms().rules
    assert [(span.state, span.start, span.end) for span in rule.spans] == [(State.FIRING, at(13), at(15))]


def test_that_an_alarm_begins_and_ends_while_the_log_grows(session: Session, folder: Path) -> None:
    session.set_rules([RULE])
    assert session.alarms().rows == ()

    def grow(text: str) -> None:
        with (folder / "requests.csv").open("a", encoding="utf-8") as file:
            file.write(text)
        wanted = session.store.totals().rows_loaded + text.count("\n")
        for _ in range(200):
            session.poll(SilentJob())
            if session.store.totals().rows_loaded == wanted and session.store.rolled_up:
                return
        raise AssertionError("not all was read")

    grow(lines(120, 20, 500))
    (row,) = session.alarms().rows
    assert (row.state, row.since, row.start, row.value) == (State.FIRING, at(21), at(22), "100 %")
    assert session.store.saved_alarms()[-1].last_us is None
    session.acknowledge(row.rule, row.labels, at(22), "on it")
    session.silence(row.rule, (), Window(at(20), at(60)), "known")
    (row,) = session.alarms().rows
    assert (row.acknowledged, row.silenced_until) == ("on it", at(60))
    assert session.alarms().firing == 0
    grow(lines(140, 20, 200))
    view = session.alarms()
    assert view.rows == ()
    assert (view.past[0].start, view.past[0].end, view.past[0].acknowledged) == (at(22), at(24), "on it")
    assert [row.last_us is None for row in session.store.saved_alarms()] == [False, False]


def test_that_silences_name_their_reason_and_can_be_ended(session: Session) -> None:
    with pytest.raises(BadSettings, match="reason"):
        session.silence("errors", (), Window(at(0), at(5)), "  ")
    number = session.silence("", (("host", "a"),), Window(at(0), at(50)), "deploy")
    session.end_silence(number, at(4))
    (silence,) = session.alarms().silences
    assert silence.window == Window(at(0), at(4))
    assert silence.holds("any", (("host", "a"), ("version", "1")), at(3))
    assert not silence.holds("any", (("host", "b"),), at(3))
    assert not silence.holds("any", (("host", "a"),), at(4))


def test_that_a_wrong_rule_is_told_and_stops_nobody_from_reading(folder: Path, tmp_path: Path) -> None:
    (folder / "pilothouse.toml").write_text('[[alarm]]\nname = "a"\nmetric = "error_rate"\nwhen = "often"\n',
                                            encoding="utf-8")
    session = Session.open(folder, workspace=tmp_path / "w.duckdb")
    try:
        session.load(SilentJob())
        view = session.alarms()
        assert "alarm `a`" in view.error
        assert view.rules == ()
        with pytest.raises(BadSettings):
            session.rules()
        session.set_rules([RULE, replace(RULE, name="unknown", metric="no_such"), replace(RULE, name="off",
                                                                                          enabled=False)])
        view = session.alarms()
        assert (view.error, [row.health for row in view.rules]) == ("", ["ok", "error", "off"])
        assert "no metric `no_such`" in view.rules[1].error
    finally:
        session.close()


def test_that_correcting_a_column_judges_anew(session: Session) -> None:
    session.set_rules([Rule("slow", "latency_p95", Threshold(Op.GREATER, 1000.0))])
    assert session.alarms().past == session.alarms().rows == ()
    stream = session.sources().streams[0].name
    from console.roles import Role

    session.set_columns(stream, {"latency_ms": (Role.LATENCY, "s")}, None, SilentJob())
    (row,) = session.alarms().rows
    assert row.start == at(1)


def test_that_a_workspace_by_itself_has_the_rules_of_its_folder_and_keeps_its_own(session: Session, folder: Path,
                                                                                  tmp_path: Path) -> None:
    session.set_rules([RULE])
    path = session.store.path
    session.close()
    before = (folder / "pilothouse.toml").read_text(encoding="utf-8")
    alone = Session.open(path)
    try:
        assert alone.rules() == (RULE,)
        assert len(alone.alarms().past) == 1
        alone.set_rules([RULE, replace(RULE, name="more")])
    finally:
        alone.close()
    assert (folder / "pilothouse.toml").read_text(encoding="utf-8") == before
    again = Session.open(path)
    try:
        assert [rule.name for rule in again.rules()] == ["errors", "more"]
    finally:
        again.close()
