"""Rules and alarms in words, and the view of a history."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from console.alarms.history import Alarm, AlarmHistory, Latest, Span
from console.alarms.machine import Alert, RuleState, State
from console.alarms.rules import (
    TICKET_FACTORS,
    Band,
    BurnRate,
    Op,
    Rule,
    Severity,
    Side,
    Threshold,
    fingerprint,
    labels_from,
)
from console.alarms.view import Silenced, view_of
from console.alarms.words import sentence, threshold_text, value_text
from console.roles import Role
from console.window import Window, from_epoch

SLOW = Rule("slow", "latency_p95", Threshold(Op.GREATER, 250.0, 200.0), by=Role.HOST, for_s=300, severity=Severity.PAGE)
WEEK = Band(604800, 4.0, Side.BELOW, (10.0,) * 168, (1.0,) * 168)


@pytest.mark.parametrize("rule, text", [
    (SLOW, "above 250 ms until 200 ms for 5m"),
    (Rule("r", "latency_p95", Threshold(Op.GREATER, 150.0, 149.8)), "above 150 ms"),     # the same when rounded
    (Rule("e", "error_rate", Threshold(Op.AT_LEAST, 0.025)), "at or above 2.50 %"),
    (Rule("t", "throughput", WEEK), "below the usual of the time of week by 4 times its spread"),
    (Rule("t", "throughput", Band(0, 3.0, Side.BOTH, (1.0,), (1.0,))), "outside of the usual by 3 times its spread"),
    (Rule("b", "error_rate", BurnRate(0.999, TICKET_FACTORS)),
     "budget of 0.100 % used faster than 1 times over 3d and 6h"),
    (Rule("x", "sampled:queue", Threshold(Op.UNEQUAL, 0.0)), "other than 0"),
    (Rule("x", "no such metric", Threshold(Op.LESS, 2.0)), "below 2"),
])
def test_that_a_condition_is_said(rule: Rule, text: str) -> None:
    assert threshold_text(rule) == text


def test_that_a_sentence_is_filled_in_and_labels_stay_data() -> None:
    labels = labels_from({"host": "<b>$value</b>"})
    assert sentence(SLOW, labels, 312.0) == ("Latency p95 of <b>$value</b> is 312 ms: above 250 ms until 200 ms for 5m")
    assert sentence(replace(SLOW, labels={"team": "a"}), labels_from({"host": "h", "team": "a"}), 312.0).startswith(
        "Latency p95 of h is 312 ms")
    own = replace(SLOW, sentence="$labels.host takes $value")
    assert sentence(own, labels, 312.0) == "<b>$value</b> takes 312 ms"
    assert value_text(Rule("b", "error_rate", BurnRate(0.99)), 14.4) == "14.4 × budget"


def test_that_an_identity_is_name_and_labels() -> None:
    assert fingerprint("slow", ()) == "slow"
    assert fingerprint("slow", labels_from({"host": 'a"b\\c\n', "empty": "", "a": "1"})) == (
        'slow{a="1",host="a\\"b\\\\c\\n"}')


def at(seconds: float) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC).replace(minute=int(seconds // 60), second=int(seconds % 60))


def test_that_a_view_has_the_worst_first_and_says_who_is_silenced() -> None:
    info = Rule("info", "cpu", Threshold(Op.GREATER, 90.0), severity=Severity.INFO)
    low = Rule("low", "throughput", Threshold(Op.LESS, 1.0), by=Role.HOST)
    a, b = labels_from({"host": "a"}), labels_from({"host": "b"})
    found = AlarmHistory(
        (info, SLOW, low), (Alarm("slow", a, Severity.PAGE, 60, 120, 180, 400.0, 100.0, "resolved"),
                            Alarm("slow", a, Severity.PAGE, 240, 300, None, 350.0, 300.0)),
        (Span("slow", a, State.FIRING, 120, 180), Span("slow", a, State.FIRING, 300, None),
         Span("low", (), State.NO_DATA, 60, 120, True)),
        {"info": RuleState({(): Alert((), State.FIRING, 60, 95.0, 99.0, 99.0, 60)}, 360),
         "slow": RuleState({a: Alert(a, State.FIRING, 240, 300.0, 350.0, 350.0, 300),
                            b: Alert(b, State.PENDING, 330, 260.0, 260.0, 260.0)}, 360),
         "low": RuleState({}, 360, State.NO_DATA)},
        {"low": (Latest(a, 5.0, 9), Latest(b, 0.5, 2)), "slow": (Latest(a, 300.0, 9), Latest(b, 260.0, 9))},
        60, 360, 18)
    silenced = Silenced(1, "slow", a, Window(at(300), at(900)), "deploy")
    over = Silenced(2, "", (), Window(at(0), at(360)), "ended at the last instant")
    view = view_of(found, Window(at(150), at(330)), {("slow", a, 300): "seen"}, (silenced, over))
    assert [(row.rule, row.labels_text, row.state) for row in view.rows] == [
        ("slow", "host a", State.FIRING), ("slow", "host b", State.PENDING), ("info", "", State.FIRING)]
    assert [row.silenced_until for row in view.rows] == [at(900), None, None]
    assert [row.acknowledged for row in view.rows] == ["seen", None, None]
    assert view.firing == 1
    assert [(row.start, row.end, row.peak) for row in view.past] == [(at(120), at(180), "400 ms")]
    rows = {row.rule.name: row for row in view.rules}
    assert [(span.start, span.end) for span in rows["slow"].spans] == [(at(150), at(180)), (at(300), at(330))]
    assert rows["low"].spans == ()
    assert (rows["low"].value, rows["low"].health, rows["low"].state) == ("0.500 req/s", "no data", State.NO_DATA)
    assert (rows["slow"].value, rows["slow"].fired, rows["slow"].last) == ("300 ms", 2, at(300))
    assert view.judged == (from_epoch(60), from_epoch(360))
