"""Rules before they are kept: what can be judged, how often they would have fired, files that are partly understood."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from console.alarms.rules import Band, BurnRate, Factor, Op, Rule, Side, Threshold
from console.errors import BadSettings
from console.jobs import SilentJob
from console.session import Session
from console.session.rule_making import about
from console.window import Window

START = datetime(2026, 3, 2, 6, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


@pytest.fixture
def session(tmp_path: Path):
    """Two hours, a request every ten seconds that takes 10 to 19 ms; all fail in minutes 30 to 35 and 60 to 62."""
    log = tmp_path / "log"
    log.mkdir()
    rows = ["timestamp,request_id,latency_ms,status,host"]
    for number in range(720):
        bad = 180 <= number < 210 or 360 <= number < 372
        rows.append(f"{(START + timedelta(seconds=10 * number)).isoformat()},r{number},{10 + number % 10},"
                    f"{500 if bad else 200},{'ab'[number % 2]}")
    (log / "requests.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    session = Session.open(log, workspace=tmp_path / "w.duckdb")
    session.load(SilentJob())
    yield session
    session.close()


def test_that_what_can_be_judged_is_what_the_log_has(session: Session) -> None:
    choices = session.rule_making.choices()
    names = {one.name: one for one in choices.metrics}
    assert {"throughput", "latency_p95", "error_rate"} <= names.keys()
    assert not {"ctr", "gpu", "latency_heat"} & names.keys()
    assert (names["latency_p95"].title, names["latency_p95"].unit, names["latency_p95"].better) == (
        "Latency p95", "ms", "lower")
    assert choices.splits == (("host", "host"),)
    making = session.rule_making
    assert making.metric_of("latency", choices) == "latency_p95"
    assert making.metric_of("error_rate", choices) == "error_rate"
    assert making.metric_of("latency_map", choices) == "latency_p95"       # a map has no single number
    assert making.metric_of("", choices) == choices.metrics[0].name
    with pytest.raises(BadSettings, match="no number"):
        making.metric_of("ctr", choices)


def test_that_firings_are_counted_over_the_whole_log_also_of_an_objective(session: Session) -> None:
    rule = Rule("errors", "error_rate", Threshold(Op.GREATER, 0.5))
    found, words = session.rule_making.often(rule, SilentJob())
    # judged each minute over the minute before: bad at 31 to 35, good at 36; bad at 61 and 62, good at 63
    assert [(start - START.timestamp()) / 60 for start, _ in found.spans] == [31, 61]
    assert (found.count, found.total_s) == (2, 7 * 60)
    assert words == "2 times, 7 min in all, last 07:01"
    never = Rule("slow", "latency_p95", Threshold(Op.GREATER, 1000.0))
    assert session.rule_making.often(never, SilentJob())[1] == "Never in this log"
    burn = Rule("budget", "error_rate", BurnRate(0.99, (Factor(20.0, 600, 60),), 86400 * 30))
    count = session.rule_making.often(burn, SilentJob())[0].count
    session.set_rules([burn])
    assert count == len(session.alarms().past) > 0


def test_that_an_offered_rule_says_how_often_and_whose_place_it_takes(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text('[[alarm]]\nname = "errors"\nmetric = "error_rate"\nwhen = "> 50%"\n\n'
                    '[[alarm]]\nname = "other"\nmetric = "no_such_metric"\nwhen = "> 1"\n', encoding="utf-8")
    offer = session.rule_making.import_file(path, ["errors"], SilentJob())
    errors, other = offer.rules
    assert (errors.metric, errors.threshold, errors.count, errors.replaces) == ("Error rate", "above 50 %", 2, True)
    assert not other.replaces and "no_such_metric" in other.wrong
    assert session.rules() == ()            # nothing is kept before somebody accepts it


def test_that_a_file_of_prometheus_is_read_as_far_as_it_is_understood(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "rules.yml"
    path.write_text("""groups:
- name: web
  rules:
  - alert: Errors
    expr: error_rate > 0.5
    for: 1m
  - alert: Odd
    expr: rate(a[5m]) / rate(b[5m]) > 2
  - record: job:requests
    expr: sum(requests)
""", encoding="utf-8")
    offer = session.rule_making.import_file(path, (), SilentJob())
    assert [(one.rule.name, one.rule.for_s, one.count) for one in offer.rules] == [("Errors", 60.0, 2)]
    assert len(offer.refused) == 2
    assert "`Odd`" in offer.refused[0] and "`job:requests`" in offer.refused[1]
    path.write_text("groups: 3\n", encoding="utf-8")
    with pytest.raises(BadSettings, match="list"):
        session.rule_making.import_file(path, (), SilentJob())


def test_that_what_is_usual_is_learned_or_said_to_be_too_little(session: Session) -> None:
    rule = Rule("x", "latency_p50", Threshold(Op.GREATER, 0.0), over_s=60)
    band = session.rule_making.learned(rule, Window(at(0), at(120)))
    assert isinstance(band, Band)
    assert (band.period_s, band.side, len(band.median)) == (0, Side.ABOVE, 1)
    assert 12 <= band.median[0] <= 17           # six of 10 ... 19 in each minute
    with pytest.raises(BadSettings, match="too little"):
        session.rule_making.learned(rule, Window(at(0), at(20)))


def test_that_a_first_level_lies_above_what_was_seen_and_has_a_free_name(session: Session) -> None:
    rule = session.rule_making.level("latency_p95", Window(at(0), at(120)), ["latency_p95 high"])
    assert rule.name == "latency_p95 high 2"
    assert isinstance(rule.condition, Threshold)
    assert rule.condition.op is Op.GREATER and 18 <= rule.condition.value <= 19.5


def test_that_the_healthy_stretch_is_the_first_half(session: Session) -> None:
    window = session.rule_making.healthy_window()
    assert window is not None
    assert (window.start, round(window.seconds / 60)) == (START, 60)


def test_that_what_a_sentence_says_of_healthy_times_stands_without_its_value() -> None:
    said = "CPU is $value, above 90 %. It was below that in 99.5 % of the hours; the highest was 88 %."
    assert about(Rule("a", "cpu", Threshold(Op.GREATER, 90.0), sentence=said)) == (
        "It was below that in 99.5 % of the hours; the highest was 88 %.")
    assert about(Rule("a", "cpu", Threshold(Op.GREATER, 90.0))) == ""


def test_that_changes_of_rules_are_taken_back_one_by_one(session: Session) -> None:
    first = Rule("errors", "error_rate", Threshold(Op.GREATER, 0.5))
    second = Rule("slow", "latency_p95", Threshold(Op.GREATER, 100.0))
    assert not session.alarms().undo
    session.change_rules(lambda rules: [*rules, first])
    session.change_rules(lambda rules: [*rules, second])
    session.change_rules(lambda rules: [one for one in rules if one.name != "errors"])
    seen = []
    while session.alarms().undo:
        session.undo_rules()
        seen.append([one.name for one in session.rules()])
    assert seen == [["errors", "slow"], ["errors"], []]
    with pytest.raises(BadSettings, match="take back"):
        session.undo_rules()
