"""Rules in `pilothouse.toml` and in files of their own."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.alarms.rules import (
    PAGE_FACTORS,
    TICKET_FACTORS,
    Band,
    BurnRate,
    Factor,
    NoData,
    Op,
    Rule,
    Severity,
    Side,
    Threshold,
    length,
    seconds,
)
from console.alarms.written import as_toml, read_toml, rules_from, tables_of
from console.errors import BadSettings
from console.logs import config
from console.roles import SERIES_ROLES, Role

FILE = '''
zone = "Europe/Berlin"

[streams."requests".columns."t"]
role = "latency"
unit = "s"

[[alarm]]
name = "slow"
metric = "latency_p95"
by = "model_version"
when = "> 250"
clear = 200
over = "5m"
for = "1h30m"
keep_firing_for = "10m"
min_samples = 20
severity = "page"
sentence = "p95 is $value"
no_data = "keep"

[[alarm]]
name = "usual traffic"
metric = "throughput"
band = { width = 4, side = "below", median = [10, 20], scale = [1, 2.5], period = "1d" }
where = { host = "serve-1" }

[[alarm]]
name = "budget"
metric = "error_rate"
objective = 0.999
'''


def test_that_a_file_says_what_it_says() -> None:
    slow, traffic, budget = rules_from(config.parse(FILE).alarm)
    assert slow == Rule("slow", "latency_p95", Threshold(Op.GREATER, 250.0, 200.0), Role.MODEL_VERSION, {}, 300, 60, 0,
                        5400.0, 600.0, 20, NoData.KEEP, severity=Severity.PAGE, sentence="p95 is $value")
    assert traffic.condition == Band(86400, 4.0, Side.BELOW, (10.0, 20.0), (1.0, 2.5))
    assert traffic.where == {Role.HOST: "serve-1"}
    assert budget.condition == BurnRate(0.999, PAGE_FACTORS)


def test_that_rules_written_into_a_folder_leave_all_else_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "pilothouse.toml").write_text(FILE, encoding="utf-8")
    before = config.read(tmp_path)
    slow = rules_from(before.alarm)[0]
    import msgspec

    config.write(tmp_path, msgspec.structs.replace(before, alarm=tables_of([slow])))
    after = config.read(tmp_path)
    assert (after.zone, after.streams) == (before.zone, before.streams)
    assert rules_from(after.alarm) == (slow,)


def test_that_correcting_a_column_keeps_the_rules(tmp_path: Path) -> None:
    before = config.parse(FILE)
    after = config.parse(config.as_text(config.with_columns(before, "requests", {"t": (Role.LATENCY, "ms")})))
    assert after.alarm == before.alarm


names = st.text(min_size=1, max_size=20).filter(lambda text: bool(text.strip()) and text.isprintable())
numbers = st.floats(allow_nan=False, allow_infinity=False, width=32)
conditions = st.one_of(
    st.builds(Threshold, st.sampled_from(Op), numbers),
    st.builds(lambda pairs, width, side: Band(len(pairs) * 3600, width, side, tuple(a for a, _ in pairs),
                                              tuple(abs(b) for _, b in pairs)),
              st.lists(st.tuples(numbers, numbers), min_size=1, max_size=5), st.floats(0.1, 10), st.sampled_from(Side)),
    st.builds(BurnRate, st.sampled_from([0.9, 0.999]),
              st.sampled_from([PAGE_FACTORS, TICKET_FACTORS, (Factor(2.5, 90, 30),)]), st.sampled_from([3600, 86400])))


@given(names, names, conditions, st.sampled_from([None, *SERIES_ROLES]), st.integers(1, 5), st.integers(0, 10**6),
       st.sampled_from(NoData), names)
def test_that_what_is_written_is_read_again(name, metric, condition, by, steps, wait_ms, no_data, label) -> None:
    rule = Rule(name, metric, condition, by, {}, steps * 20, 20, 0, wait_ms / 1000, 60.0, 3, no_data, 90.0, 4,
                Severity.INFO, name, metric, {"team": label}, False, True)
    settings = config.parse(config.as_text(config.FolderSettings(alarm=tables_of([rule]))))
    assert rules_from(settings.alarm) == (rule,)


def test_that_a_file_of_rules_is_read(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    rules = (Rule("a", "ctr", Threshold(Op.LESS, 0.02)), Rule("b", "cpu", Threshold(Op.GREATER, 90.0)))
    path.write_text(as_toml(rules), encoding="utf-8")
    assert read_toml(path) == rules


@pytest.mark.parametrize("line, said", [
    ('when = "> 1"\nwhenn = 3', "There is no setting `whenn` of an alarm"),
    ('when = "more than 3"', "is no comparison with a number"),
    ('when = "> 1"\nfor = "5 minutes"', "`5 minutes` is no length of time"),
    ('when = "> 1"\nmin_samples = "many"', "`min_samples` cannot be 'many'"),
    ('when = "> 1"\nseverity = "urgent"', "`severity` cannot be 'urgent'"),
    ('when = "> 1"\nby = "user_id"', "There is no split by 'user_id'"),
    ('when = "> 1"\nclear = 2', "The clear level 2 lies beyond the threshold 1"),
    ('when = "> 1"\nevery = "1s"', "`every` is 1s"),
    ('when = "> 1"\nover = "90s"', "`over` is 1m30s, which is no whole number of 1m"),
    ('when = "> 1"\nobjective = 0.9', "not when and objective"),
    ("", "One of `when`, `band` and `objective` must say what is bad"),
    ("objective = 99.9", "An objective is a share between 0 and 1"),
    ('when = "> 1"\nfactors = []', "belong to an `objective`"),
    ("band = { width = 4, median = [1, 2], scale = [1] }", "as many scales as medians"),
    ("band = { width = 4, median = [1], scale = [1], colour = 1 }", "`band` cannot be"),
])
def test_that_a_wrong_word_names_file_rule_key_and_what_is_allowed(line: str, said: str) -> None:
    with pytest.raises(BadSettings) as caught:
        rules_from(config.parse(f'[[alarm]]\nname = "slow"\nmetric = "ctr"\n{line}').alarm)
    assert said in caught.value.what
    assert caught.value.where == "pilothouse.toml, alarm `slow`"
    assert caught.value.do


def test_that_names_are_given_once() -> None:
    one = '[[alarm]]\nname = "slow"\nmetric = "ctr"\nwhen = "> 1"\n'
    with pytest.raises(BadSettings, match="Two alarms have this name"):
        rules_from(config.parse(one + one).alarm)
    with pytest.raises(BadSettings, match="`metric` is not given"):
        rules_from(config.parse('[[alarm]]\nname = "slow"').alarm)


def test_that_alarms_are_tables() -> None:
    with pytest.raises(BadSettings, match="list of tables"):
        config.parse("alarm = 3")


@pytest.mark.parametrize("text, value", [
    ("0", 0), ("5m", 300), ("1h30m", 5400), ("1w", 604800), ("1y", 31536000), ("250ms", 0.25), ("1d2h3m4s5ms",
                                                                                                93784.005)])
def test_that_times_are_read_as_prometheus_writes_them(text: str, value: float) -> None:
    assert seconds(text) == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize("text", ["", "5", "m", "30m1h", "-5m", "1.5h", "5 m", "5mm"])
def test_that_other_times_are_refused(text: str) -> None:
    with pytest.raises(BadSettings, match="no length of time"):
        seconds(text)


@given(st.integers(0, 10**10))
def test_that_times_are_written_as_they_are_read(ms: int) -> None:
    assert math.isclose(seconds(length(ms / 1000)), ms / 1000, abs_tol=1e-6)


def test_that_times_are_written_as_prometheus_does() -> None:        # model/time.go, String
    assert [length(each) for each in (0, 0.001, 3600, 5400, 86400 * 7, 86400 * 8, 31536000)] == [
        "0s", "1ms", "1h", "1h30m", "1w", "8d", "1y"]
