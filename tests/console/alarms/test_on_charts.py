"""What charts show of rules and alarms: which chart, which lines, which stretches; and rules that are set by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from console.alarms.by_hand import moved_by_hand
from console.alarms.firings import Firings
from console.alarms.machine import State
from console.alarms.on_charts import Course, Stretch, chart_of, on_charts, shades_of
from console.alarms.rules import Band, BurnRate, Op, Rule, Severity, Side, Threshold
from console.alarms.view import AlarmRow, RuleRow, StateSpan
from console.alarms.words import often_text, threshold_text, title_of

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NOON_S = NOON.timestamp()
P95 = Rule("slow", "latency_p95", Threshold(Op.GREATER, 250.0, 200.0), severity=Severity.PAGE)


def row(rule: Rule, *spans: tuple[State, float, float], labels: str = "", whole: bool = False) -> RuleRow:
    """Spans in minutes after noon."""
    made = tuple(StateSpan(labels, state, NOON + timedelta(minutes=start), NOON + timedelta(minutes=end), whole)
                 for state, start, end in spans)
    return RuleRow(rule, State.INACTIVE, "ok", "", title_of(rule), threshold_text(rule), "", 0, None, made)


def fired(rule: Rule, start_min: float) -> AlarmRow:
    at = NOON + timedelta(minutes=start_min)
    return AlarmRow(rule.name, rule.name, (), "host a", State.FIRING, rule.severity, rule.metric, at, at, None,
                    "300 ms", "300 ms", "", "Latency is 300 ms", "")


@pytest.mark.parametrize("metric, chart", [
    ("latency_p95", "latency"), ("error_rate", "error_rate"), ("sampled:queue_size", "sampled:queue_size"),
    ("nobody_knows_it", "nobody_knows_it")])
def test_that_a_rule_stands_on_the_chart_that_draws_its_metric(metric, chart):
    assert chart_of(metric) == chart


def test_that_a_threshold_is_a_line_with_its_words_a_band_two_edges_and_a_burn_rate_one_a_factor():
    band = Rule("odd", "latency_p50", Band(86400, 3.0, Side.BOTH, (100.0, 200.0), (10.0, 20.0)), over_s=600)
    shown = on_charts([row(P95), row(band), row(Rule("off", "latency_p99", Threshold(Op.GREATER, 1.0), enabled=False)),
                       row(Rule("budget", "error_rate", BurnRate(0.999)))], [])
    latency = shown.of("latency")
    (line,) = latency.lines
    assert (line.rule, line.value, line.clear, line.text, line.upwards) == ("slow", 250.0, 200.0, "250 ms", True)
    assert "slow: Latency p95 above 250 ms until 200 ms" in latency.described()
    (edges,) = latency.edges
    morning, evening = NOON_S - 3 * 3600, NOON_S + 3 * 3600
    low, high = edges.limits(np.array([morning, evening]))
    assert low.tolist() == [70.0, 140.0] and high.tolist() == [130.0, 260.0]
    # SRE workbook, table 5-8: of a budget of 0.1 % a page at 14.4 times over an hour, and at 6 times over six
    assert [(one.value, one.text, one.fixed) for one in shown.of("error_rate").lines] == [
        (0.0144, "14.4 × budget over 1h", True), (0.006, "6 × budget over 6h", True)]
    assert shown.of("throughput").described() == ""


def test_that_a_band_is_dragged_by_the_end_of_an_edge_and_becomes_wider_as_a_whole():
    band = Rule("odd", "latency_p50", Band(86400, 3.0, Side.BOTH, (100.0, 200.0), (10.0, 20.0), 2.0), over_s=600)
    (edges,) = on_charts([row(band)], []).of("latency").edges
    evening = NOON_S + 3 * 3600
    upper, lower = edges.ends_at(evening, 0.0, 1000.0), edges.ends_at(evening, 0.0, 250.0)
    assert (upper.value, upper.upwards, lower.value, lower.upwards) == (260.0, True, 140.0, False)
    assert (upper.text, upper.number(300.0), upper.level(5.0)) == ("3 × its spread", 5.0, 300.0)
    assert (lower.number(100.0), lower.level(5.0)) == (5.0, 100.0)
    wider = moved_by_hand(band, 6.0).condition
    assert isinstance(wider, Band) and (wider.width, wider.clear_width) == (6.0, 4.0)


def test_that_stretches_of_all_rules_are_shaded_once_and_firing_wins():
    shown = on_charts([row(P95, (State.PENDING, 0, 10), (State.FIRING, 10, 20), (State.KEPT, 20, 25)),
                       row(Rule("slower", "latency_p99", Threshold(Op.GREATER, 400.0)), (State.PENDING, 5, 30),
                           (State.NO_DATA, 40, 50))], [])
    course = shown.of("latency").course
    minutes = [((start - NOON_S) / 60, (end - NOON_S) / 60, fires) for start, end, fires in course.shades]
    assert minutes == [(0, 10, False), (10, 25, True), (25, 30, False)]
    assert course.said_at(NOON_S + 12 * 60, 0).splitlines() == [
        "slower: pending 2 Mar 2026 12:05 - 12:30 UTC", "slow: firing 2 Mar 2026 12:10 - 12:20 UTC"]
    assert course.between(NOON_S + 26 * 60, NOON_S + 900 * 60) == course.shades[2:]
    assert course.between(NOON_S - 60, NOON_S) == ()
    assert shown.course.shades == course.shades


def test_that_the_whole_rule_is_not_counted_beside_its_alarms():
    by_host = [row(P95, (State.FIRING, 0, 5), labels="host a"), row(P95, (State.FIRING, 0, 9), whole=True)]
    course = on_charts(by_host, []).of("latency").course
    assert [one.whose for one in course.stretches] == ["host a"]


def test_that_begins_are_told_in_their_order():
    shown = on_charts([row(P95)], [fired(P95, 30), fired(P95, 10)])
    assert [(at - NOON_S) / 60 for _, at in shown.starts] == [10, 30]
    assert shown.starts[0][0] == "slow (host a) began to fire 2 Mar 2026 12:10 UTC"


def test_that_nothing_is_shaded_twice_whatever_overlaps():
    random = np.random.default_rng(5)
    ends = np.sort(random.integers(0, 200, (60, 2)), axis=1)
    made = [Stretch(float(a), float(b), State.FIRING if fires else State.PENDING, "r", "")
            for (a, b), fires in zip(ends.tolist(), random.random(60) < 0.3, strict=True)]
    shades = shades_of(made)
    for at in np.arange(200) + 0.5:
        here = {one.state for one in made if one.start_s < at < one.end_s}
        wanted = [State.FIRING in here] if here else []
        assert [fires for start, end, fires in shades if start < at < end] == wanted
    assert Course((), shades).between(-1, 201) == shades


@pytest.mark.parametrize("spans, total, text", [
    ((), 0.0, "Never in this log"),
    (((0.0, 720.0),), 720.0, "Once, 12 min, 12:00"),
    (((0.0, 60.0), (7500.0, 11760.0)), 4320.0, "2 times, 1 h 12 min in all, last 14:05"),
    (((-86400.0 * 3, -86400.0 * 3 + 60),), 60.0, "Once, 1 min, 27 Feb 12:00"),
    (((0.0, 20000.0),), 20000.0, "Once, 5 h 33 min, 12:00, fires still")])
def test_that_it_is_said_how_often_how_long_and_when_last(spans, total, text):
    found = Firings(len(spans), total, tuple((NOON_S + a, NOON_S + b) for a, b in spans))
    assert often_text(found, NOON_S + 20000) == text


def test_that_a_rule_moved_by_hand_is_ones_own_and_names_its_old_level_no_more():
    said = "Latency p95 is $value, above 250 ms. It was below that in 99.9 % of the stretches."
    proposed = Rule("slow", "latency_p95", Threshold(Op.GREATER, 250.0, 200.0), proposed=True, sentence=said)
    moved = moved_by_hand(proposed, 300.0)
    assert moved.condition == Threshold(Op.GREATER, 300.0, 250.0)
    assert (moved.proposed, moved.sentence, moved.name) == (False, "", "slow")
    own = Rule("slow", "latency_p95", Threshold(Op.GREATER, 250.0), sentence="Call the team")
    assert moved_by_hand(own, 300.0).sentence == "Call the team"
