"""Rule files of Prometheus and tests of rules in promtool's form."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from console.alarms.prometheus import load_yaml, parse, read_rules, rules_of
from console.alarms.rule_tests import expanded, run
from console.alarms.rules import NoData, Op, Rule, Severity, Threshold
from console.alarms.templates import expand, go_number, humanize, humanize_duration, humanize_percentage
from console.errors import BadSettings
from console.roles import Role

RULES = '''
groups:
  - name: serving
    interval: 30s
    limit: 5
    query_offset: 25s
    labels: {team: search}
    rules:
      - alert: errors
        expr: avg_over_time(error_rate{host="a"}[5m]) > 0.02
        for: 1m30s
        keep_firing_for: 5m
        labels: {severity: critical}
        annotations:
          summary: "{{ $labels.host }} fails {{ $value | humanizePercentage }} of its requests"
          runbook_url: https://example.org/errors
      - alert: errors
        expr: error_rate > 0.01
        labels: {severity: info}
      - {alert: silent, expr: absent(throughput), for: 2m}
'''


def test_that_a_file_is_read() -> None:
    errors, ticket, silent = (each.rule for each in rules_of(load_yaml(RULES, "r.yml"), "r.yml"))
    assert errors == Rule(
        "errors", "error_rate", Threshold(Op.GREATER, 0.02), None, {Role.HOST: "a"}, 300, 30, 15, 90.0, 300.0, 0,
        NoData.OK, 0.0, 5, Severity.PAGE, "{{ $labels.host }} fails {{ $value | humanizePercentage }} of its requests",
        "https://example.org/errors", {"team": "search", "severity": "critical"})
    assert (ticket.name, ticket.severity, ticket.over_s) == ("errors #2", Severity.INFO, 30)
    assert (silent.no_data, silent.metric, silent.for_s) == (NoData.FIRING, "throughput", 120.0)


@pytest.mark.parametrize("expr, metric, op, value, over, by", [
    ("latency_p95 >= 250", "latency_p95", Op.AT_LEAST, 250.0, 0, None),
    ("p95_over_time(latency_ms[5m]) > 250", "latency_p95", Op.GREATER, 250.0, 300, None),
    ("quantile_over_time(0.99, latency_ms[1h]) > 1e3", "latency_p99", Op.GREATER, 1000.0, 3600, None),
    ("rate(requests_total[5m]) < 1", "throughput", Op.LESS, 1.0, 300, None),
    ("null_rate(prediction[10m]) != 0", "null_responses", Op.UNEQUAL, 0.0, 600, None),
    ("0.02 < error_rate", "error_rate", Op.GREATER, 0.02, 0, None),
    ("avg by (host) (avg_over_time(cpu[5m])) > 90", "cpu", Op.GREATER, 90.0, 300, Role.HOST),
    ("nv_gpu_utilization == -1", "sampled:nv_gpu_utilization", Op.EQUAL, -1.0, 0, None),
    ("(ctr) <= .5", "ctr", Op.AT_MOST, 0.5, 0, None),
])
def test_that_expressions_are_read(expr: str, metric: str, op: Op, value: float, over: int, by: Role | None) -> None:
    found = parse(expr)
    assert (found.metric, found.condition, found.over_s, found.by) == (metric, Threshold(op, value), over, by)


@pytest.mark.parametrize("expr, part", [
    ("error_rate > 0.1 and latency_p95 > 3", "`and latency_p95 > 3`"),
    ("error_rate / 2 > 1", "`/`"),
    ("error_rate", "`no comparison`"),
    ('error_rate{host=~"a.*"} > 1', "`host=~\"a.*\"`"),
    ('error_rate{job="x"} > 1', '`job="x"`'),
    ("deriv(error_rate[5m]) > 1", "`deriv(error_rate[...])`"),
    ("p95_over_time(cpu[5m]) > 1", "`p95_over_time(cpu[...])`"),
    ("sum(error_rate) > 1", "`sum(error_rate)`"),
    ("error_rate > error_rate", "`error_rate`"),
    ("avg_over_time(error_rate[5m:1m]) > 1", "`[5m:1m]`"),
    ("error_rate offset 5m > 1", "`5m > 1`"),
    ("error_rate > 1 # x", "`# x`"),
    ("(" * 3000, "brackets"),
    ("", "`nothing`"),
])
def test_that_what_is_not_understood_is_quoted(expr: str, part: str) -> None:
    with pytest.raises(BadSettings) as caught:
        parse(expr)
    assert part in caught.value.what


@pytest.mark.parametrize("text, where, what", [
    ("groups:\n- name: g\n  rulez: []", "r.yml, group 1", "There is no `rulez` here"),
    ("groups:\n- name: g\n  rules:\n  - alert: a\n    expr: cpu > 1\n    fro: 5m", "r.yml, group `g`, rule `a`",
     "There is no `fro` here"),
    ("groups:\n- name: g\n  rules:\n  - alert: a\n    expr: cpu > x", "r.yml, group `g`, rule `a`", "`x`"),
    ("groups:\n- name: g\n  rules:\n  - record: a\n    expr: cpu", "r.yml, group `g`, rule `a`", "Recording rules"),
    ("groups:\n- name: g\n  rules:\n  - alert: a\n    expr: cpu > 1\n    for: 5 min", "r.yml, group `g`, rule `a`",
     "`for`"),
    ("groups:\n- name: g\n  interval: 1s\n  rules:\n  - {alert: a, expr: cpu > 1}", "r.yml, group `g`, rule `a`",
     "too short"),
    ("groups:\n- {name: g, rules: [{alert: a}]}", "r.yml, group `g`, rule `a`", "`expr` is not given"),
    ("groups: [", "r.yml, line 1", "not valid YAML"),
    ("a: &x [1]\nb: *x", "r.yml", "alias"),
    ("groups: !!python/object/apply:os.system [ls]", "r.yml, line 1", "not valid YAML"),
    ("- 1", "r.yml", "must be a mapping"),
])
def test_that_errors_name_group_rule_and_part(text: str, where: str, what: str) -> None:
    with pytest.raises(BadSettings) as caught:
        rules_of(load_yaml(text, "r.yml"), "r.yml")
    assert caught.value.where == where
    assert what in caught.value.what


# Numbers of prometheus/template/template_test.go
@pytest.mark.parametrize("value, text", [(0.0, "0"), (1.0, "1"), (1234567.0, "1.235M"), (0.12, "120m"),
                                         (-1500.0, "-1.5k"), (math.inf, "+Inf"), (math.nan, "NaN")])
def test_humanize(value: float, text: str) -> None:
    assert humanize(value) == text


@pytest.mark.parametrize("value, text", [(0.0, "0s"), (1.0, "1s"), (60.0, "1m 0s"), (3600.0, "1h 0m 0s"),
                                         (86400.0, "1d 0h 0m 0s"), (86400.0 + 3600, "1d 1h 0m 0s"),
                                         (-(86400.0 * 2 + 3600 * 3 + 60 * 4 + 5), "-2d 3h 4m 5s"),
                                         (899.99, "14m 59s"), (0.1, "100ms"), (0.0001, "100us"), (1.2345, "1.234s")])
def test_humanize_duration(value: float, text: str) -> None:
    assert humanize_duration(value) == text


@pytest.mark.parametrize("value, text", [(0.0, "0%"), (1.0, "100%"), (0.0234567, "2.346%")])
def test_humanize_percentage(value: float, text: str) -> None:
    assert humanize_percentage(value) == text


def test_that_a_template_that_is_not_understood_is_text() -> None:
    def show(value: float) -> str:
        return f"{value} ms"

    labels = {"host": "{{ $value }}"}
    assert expand("$value at $labels.host, $labels.none", labels, 2.5, show) == "2.5 ms at {{ $value }}, "
    assert expand('{{ $value | printf "%.2f" }} {{printf "%.1f" $value}}', {}, 2.5, show) == "2.50 2.5"
    assert expand("{{ query `up` }}", {}, 2.5, show) == "<template not understood: query `up`>"
    assert expand("{{ $value | reverse }}", {}, 1.0, show) == "<template not understood: $value | reverse>"
    assert [go_number(each) for each in (1.0, 0.5, 1e21, -math.inf)] == ["1", "0.5", "1e+21", "-Inf"]


def test_that_values_are_expanded_as_promtool_does() -> None:     # docs/configuration/unit_testing_rules.md
    assert expanded("-2+4x3 1-2x4 1x4") == [-2, 2, 6, 10, 1, -1, -3, -5, -7, 1, 1, 1, 1, 1]
    found = expanded("1 _x3 stale 2")
    assert [math.isnan(each) for each in found] == [False, True, True, True, True, False]
    for wrong in ("1y3", "a", "1x", "1x99999999999", "{{schema:1}}"):
        with pytest.raises(BadSettings):
            expanded(wrong)


TESTS = '''
rule_files: [rules.yml]
evaluation_interval: 30s
tests:
  - interval: 30s
    name: errors
    input_series:
      - series: 'error_rate{host="a"}'
        values: '0.01x9 0.5x20 0x40'
      - series: 'error_rate{host="b"}'
        values: '0x69'
    alert_rule_test:
      # the mean of five minutes is above 0.02 from 5:00 on (one sample of ten); `for` is over at 6:30
      - {eval_time: 6m, alertname: errors, exp_alerts: [{exp_labels: {host: a, severity: info, team: search}}]}
      - eval_time: 6m30s
        alertname: errors
        exp_alerts:
          - exp_labels: {host: a, severity: critical, team: search}
            exp_annotations:
              summary: a fails 20.6% of its requests
              runbook_url: https://example.org/errors
          - exp_labels: {host: a, severity: info, team: search}
      # the last 0.5 (at 15:00) leaves the window at 20:00, and for less than five minutes it is kept
      - {eval_time: 24m30s, alertname: errors, exp_alerts: [{exp_labels: {host: a, severity: critical, team: search}}]}
      - {eval_time: 25m, alertname: errors, exp_alerts: []}
'''


def test_that_rules_are_tested(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(RULES, encoding="utf-8")
    (tmp_path / "tests.yml").write_text(TESTS, encoding="utf-8")
    (outcome,) = run(tmp_path / "tests.yml")
    assert outcome.wrong == ()
    (tmp_path / "tests.yml").write_text(TESTS.replace("eval_time: 6m,", "eval_time: 4m,"), encoding="utf-8")
    (outcome,) = run(tmp_path / "tests.yml")
    assert outcome.wrong == (
        'errors at 240 s: {host="a", severity="info", team="search"} should fire and does not',)


def test_that_rules_in_toml_are_tested_too(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text('[[alarm]]\nname = "slow"\nmetric = "latency_p95"\nwhen = "> 100"\n'
                                         'clear = 80\nfor = "2m"\nby = "host"\n', encoding="utf-8")
    (tmp_path / "t.yml").write_text('''
rule_files: [rules.toml]
tests:
  - interval: 1m
    input_series: [{series: 'latency_p95{host="a",model="m"}', values: '150x2 90 150x4 90x2 70'}]
    alert_rule_test:
      - {eval_time: 2m, alertname: slow, exp_alerts: [{exp_labels: {host: a}}]}
      - {eval_time: 3m, alertname: slow}
      - {eval_time: 4m, alertname: slow}
      - {eval_time: 9m, alertname: slow, exp_alerts: [{exp_labels: {host: a}}]}
      - {eval_time: 12m, alertname: slow}
''', encoding="utf-8")
    (outcome,) = run(tmp_path / "t.yml")
    # after the first firing at 2 the value 90 is above the clear level: it goes on, and ends at 12 only
    assert outcome.wrong == ('slow at 180 s: {host="a"} fires and should not',
                             'slow at 240 s: {host="a"} fires and should not')


def test_that_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="could not be read"):
        read_rules(tmp_path / "none.yml")
